//! Occurrences of faults: when the next one begins, how long it lasts, what it strikes, and how often that happened.

use crate::kernel::draws::Purpose;
use crate::kernel::event_list::EventList;
use crate::kernel::executive::Agenda;
use crate::metrics::measure::MeasureKey;
use crate::model::condition::{Condition, Effect};
use crate::model::event::Kind;
use crate::model::fault::Schedule;
use crate::model::world::{NEVER, World};
use crate::units::SimTime;

impl World<'_> {
    /// Start of the next drawn occurrence after a time without the fault.
    pub(super) fn next_drawn(&self, fault: usize, from: SimTime, number: u64) -> SimTime {
        let config = &self.config.faults[fault];
        let Schedule::Drawn { gap, .. } = &config.schedule else { unreachable!("only drawn faults are drawn") };
        from.saturating_add(gap.sample(&mut self.draws.stream(config.key, Purpose::FaultGap, number)))
    }

    /// Occurrences of a fault so far.
    pub(super) fn occurred(&self, fault: usize) -> u64 {
        self.occurrences.iter().filter(|o| o.fault == fault).count() as u64
    }

    pub(super) fn end_of(&self, fault: usize, from: SimTime, number: u64) -> SimTime {
        let config = &self.config.faults[fault];
        match &config.schedule {
            Schedule::At { lasts, .. } => lasts.map_or(NEVER, |length| from + length),
            Schedule::Once { length: law, .. } | Schedule::Drawn { repair: law, .. } => {
                from.saturating_add(law.sample(&mut self.draws.stream(config.key, Purpose::FaultRepair, number)))
            }
            Schedule::Listed(list) => from + list[number as usize].lasts,
        }
    }

    /// What an occurrence does, and how many targets it strikes: those of its row, or with a cause in common the others too.
    pub(super) fn strikes(&self, fault: usize, number: u64) -> (Vec<Effect>, usize) {
        let config = &self.config.faults[fault];
        if let Schedule::Listed(list) = &config.schedule {
            let incident = &list[number as usize];
            return (incident.effects.clone(), incident.targets);
        }
        let mut effects = config.effects.clone();
        let Some(common) = &config.common else { return (effects, 1) };
        if !self.draws.stream(config.key, Purpose::CommonCause, number).chance(common.share.get()) {
            return (effects, 1);
        }
        effects.extend(&common.effects);
        (effects, 1 + common.targets)
    }

    /// The next row of a list begins at its own time, whether or not this one is over then.
    pub(super) fn schedule_next_listed<L: EventList>(&mut self, agenda: &mut Agenda<L>, fault: usize, number: u64) {
        let config = &self.config.faults[fault];
        let Schedule::Listed(list) = &config.schedule else { return };
        if let Some(next) = list.get(number as usize + 1) {
            self.expect_edge(agenda, next.at);
            self.other_event(agenda, next.at, Kind::FaultBegins, config.key, (fault as u32, 0));
        }
    }

    /// How often faults of a list, or with a cause in common, occurred and struck several; what failovers lost.
    pub(super) fn occurrence_figures(&self, out: &mut Vec<(MeasureKey, f64)>) {
        for (f, fault) in self.config.faults.iter().enumerate() {
            let key = |measure| MeasureKey::new(measure).with("fault", &*fault.name);
            let of: Vec<_> = self.occurrences.iter().filter(|occurrence| occurrence.fault == f).collect();
            if fault.common.is_some() || matches!(fault.schedule, Schedule::Listed(_)) {
                out.push((key("fault_occurrences"), of.len() as f64));
                let several = of.iter().filter(|occurrence| occurrence.targets > 1).count();
                if !of.is_empty() {
                    out.push((key("common_cause_ratio"), several as f64 / of.len() as f64));
                }
            }
            if fault.effects.iter().any(|effect| matches!(effect.condition, Condition::FailingOver(_))) {
                let lost: u64 = of.iter().map(|occurrence| occurrence.identities_lost).sum();
                out.push((key("identities_lost"), lost as f64));
            }
        }
    }
}
