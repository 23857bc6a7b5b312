//! What DPS knows of each registration: assigned hub and status. Dense columns by registration ID.

use std::collections::BTreeMap;

use crate::model::ids::{RegistrationId, StampId};

/// Status of a registration as DPS reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Never registered, or its registration failed.
    Unassigned,
    /// DPS works on it; the device may be on no hub.
    Assigning,
    /// Assigned to this stamp.
    Assigned(StampId),
}

/// The registration records of one or several DPS instances.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Enrollments {
    assigned: Vec<StampId>,
    assigning: Vec<bool>,
    pinned: BTreeMap<RegistrationId, StampId>,
}

impl Enrollments {
    /// Room for this many registrations, none of them assigned.
    pub fn new(registrations: usize) -> Self {
        Self {
            assigned: vec![StampId::NONE; registrations],
            assigning: vec![false; registrations],
            pinned: BTreeMap::new(),
        }
    }

    /// What a status request is answered.
    pub fn status(&self, id: RegistrationId) -> Status {
        let i = id.0 as usize;
        match (self.assigning[i], self.assigned[i].some()) {
            (true, _) => Status::Assigning,
            (false, Some(stamp)) => Status::Assigned(stamp),
            (false, None) => Status::Unassigned,
        }
    }

    /// The stamp of the last finished assignment.
    pub fn assigned(&self, id: RegistrationId) -> Option<StampId> {
        self.assigned[id.0 as usize].some()
    }

    /// DPS begins to work on a registration.
    pub fn begin(&mut self, id: RegistrationId) {
        self.assigning[id.0 as usize] = true;
    }

    /// The work ends, with an assignment or without one.
    pub fn finish(&mut self, id: RegistrationId, stamp: Option<StampId>) {
        self.assigning[id.0 as usize] = false;
        if let Some(stamp) = stamp {
            self.assigned[id.0 as usize] = stamp;
        }
    }

    /// Forgets a registration.
    pub fn remove(&mut self, id: RegistrationId) {
        self.assigning[id.0 as usize] = false;
        self.assigned[id.0 as usize] = StampId::NONE;
    }

    /// Sets the enrollment's own hub for one registration, as a rebalance does.
    pub fn pin(&mut self, id: RegistrationId, stamp: StampId) {
        self.pinned.insert(id, stamp);
    }

    /// The enrollment's own hub, if it has one.
    pub fn pinned(&self, id: RegistrationId) -> Option<StampId> {
        self.pinned.get(&id).copied()
    }
}
