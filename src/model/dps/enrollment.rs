//! What DPS knows of each registration: assigned hub and status. Columns by registration ID.

use std::collections::BTreeMap;

use crate::model::column::Column;
use crate::model::ids::{RegistrationId, ServiceId, StampId};

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

/// Which instance holds each registration.
#[derive(Debug, Clone)]
enum Holders {
    /// There is one instance: a bit for each registration that it holds.
    One(Vec<u64>),
    /// There are several.
    Several(Column<ServiceId>),
}

/// The registration records of one or several DPS instances.
#[derive(Debug, Clone)]
pub struct Enrollments {
    assigned: Vec<StampId>,
    assigning: Column<bool>,
    holders: Holders,
    pinned: BTreeMap<RegistrationId, StampId>,
}

impl Enrollments {
    /// Room for this many registrations at this many instances, none of them assigned.
    pub fn new(registrations: usize, instances: usize) -> Self {
        Self {
            assigned: vec![StampId::NONE; registrations],
            assigning: Column::new(registrations, false),
            holders: if instances == 1 {
                Holders::One(vec![0; registrations.div_ceil(64)])
            } else {
                Holders::Several(Column::new(registrations, ServiceId::NONE))
            },
            pinned: BTreeMap::new(),
        }
    }

    /// The instance that holds a registration, or [`ServiceId::NONE`].
    pub fn holder(&self, id: RegistrationId) -> ServiceId {
        let i = id.0 as usize;
        match &self.holders {
            Holders::One(bits) if bits[i / 64] >> (i % 64) & 1 == 1 => ServiceId(0),
            Holders::One(_) => ServiceId::NONE,
            Holders::Several(column) => column[i],
        }
    }

    /// An instance holds a registration from now on, or none does; gives the one before.
    pub fn hold(&mut self, id: RegistrationId, service: ServiceId) -> ServiceId {
        let before = self.holder(id);
        let i = id.0 as usize;
        match &mut self.holders {
            Holders::One(bits) if service == ServiceId::NONE => bits[i / 64] &= !(1 << (i % 64)),
            Holders::One(bits) => bits[i / 64] |= 1 << (i % 64),
            Holders::Several(column) => column.set(i, service),
        }
        before
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
        self.assigning.set(id.0 as usize, true);
    }

    /// The work ends, with an assignment or without one.
    pub fn finish(&mut self, id: RegistrationId, stamp: Option<StampId>) {
        self.assigning.set(id.0 as usize, false);
        if let Some(stamp) = stamp {
            self.assigned[id.0 as usize] = stamp;
        }
    }

    /// Forgets a registration.
    pub fn remove(&mut self, id: RegistrationId) {
        self.assigning.set(id.0 as usize, false);
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
