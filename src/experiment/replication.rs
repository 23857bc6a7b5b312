//! One replication: configuration and draws in, observations and their price out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::analysis::{Ended, Mark, MarkKind, Observations};
use crate::analysis::{phase, windows};
use crate::cost::{Bill, per_device, per_month};
use crate::kernel::draws::Draws;
use crate::kernel::executive::{Report, Stop};
use crate::kernel::trace::{Tracing, Trail};
use crate::metrics::{Component, MeasureKey, Parts, Quantity, Usage};
use crate::model::event::simulate;
use crate::model::observation::is_sampled;
use crate::model::stamp::hub::StampConfig;
use crate::model::world::{Change, Outcome};
use crate::scenario::Scenario;
use crate::theory::md1_table::Md1Table;
use crate::units::{Money, SimDuration, SimTime};

/// A replication that is whole, and what its bill advises.
pub struct Replication {
    /// What was observed.
    pub observations: Observations,
    /// Doubts about the bill: missing prices, prices of another region.
    pub advice: Vec<String>,
    /// Checkpoints of its events, and their log where one was asked for.
    pub trail: Trail,
}

/// Most checkpoints of one replication, and of all replications of a scenario: what a run folder and the memory take.
const CHECKPOINTS_MAX: (u32, u32) = (1_024, 1 << 15);
/// Checkpoints of a replication where there are very many.
const CHECKPOINTS_MIN: u32 = 16;

/// What every replication of a scenario keeps of its events.
pub fn checkpoints_max(replications: u32) -> usize {
    let (each, all) = CHECKPOINTS_MAX;
    let share = (all / replications.max(1)).clamp(CHECKPOINTS_MIN, each);
    share.next_multiple_of(2) as usize
}

/// Runs one replication. An invariant that breaks is an error with its message.
pub fn replicate(
    scenario: &Scenario,
    md1: &Md1Table,
    replication: u32,
    stop: &dyn Fn() -> bool,
) -> Result<Replication, String> {
    replicate_logged(scenario, md1, replication, (0, 0), stop)
}

/// Runs one replication and logs its events from one count of events up to another.
pub fn replicate_logged(
    scenario: &Scenario,
    md1: &Md1Table,
    replication: u32,
    log: (u64, u64),
    stop: &dyn Fn() -> bool,
) -> Result<Replication, String> {
    let tracing = Tracing { checkpoints_max: checkpoints_max(scenario.replications), log };
    let draws = Draws::new(scenario.seed, replication);
    let run = AssertUnwindSafe(|| simulate(&scenario.model, md1, draws, tracing, stop));
    let (mut report, outcome) = catch_unwind(run).map_err(|panic| message(panic.as_ref()))?;
    let trail = std::mem::take(&mut report.trail);
    let (observations, advice) = observe(scenario, replication, &report, outcome);
    Ok(Replication { observations, advice, trail })
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "broken invariant".into())
}

fn observe(
    scenario: &Scenario,
    replication: u32,
    report: &Report,
    mut outcome: Outcome,
) -> (Observations, Vec<String>) {
    let marks = marks(scenario, &outcome);
    let recorded = std::mem::take(&mut outcome.recorded);
    let (mut values, parts) = (recorded.values, recorded.parts);
    values.extend(phase::figures(&marks, &parts));
    let mut histograms = recorded.histograms;
    if scenario.model.windows.is_some() {
        let renews = scenario.model.renews();
        windows::put_in_place(&mut values, &mut histograms, (&marks, &parts), |key| is_sampled(key, renews));
    }
    let mut series = recorded.series;
    let costs = Costs { scenario, stamps: &outcome.stamps };
    let length = report.ended.since_start();
    let advice = costs.whole(&outcome, length, &mut values);
    costs.by_retirement(&outcome, &marks, length, &mut values);
    costs.windows(&outcome, length, &mut values, &mut series);
    values.insert(MeasureKey::new("model_events"), report.events as f64);
    let observations = Observations {
        replication,
        order_hash: report.order,
        events: report.events,
        ended: ended(report),
        values,
        histograms,
        series,
        marks,
        parts: if scenario.steady.is_some() { parts } else { Parts::default() },
    };
    (observations, advice)
}

fn ended(report: &Report) -> Ended {
    match report.stop {
        Stop::Horizon => Ended::Horizon,
        Stop::Budget => Ended::EventBudget(report.ended),
        Stop::Asked => Ended::Interrupted,
    }
}

fn marks(scenario: &Scenario, outcome: &Outcome) -> Vec<Mark> {
    let horizon = SimTime::ZERO + scenario.model.horizon;
    let faults = outcome.occurrences.iter().map(|o| Mark {
        kind: MarkKind::Fault,
        label: scenario.model.faults[o.fault].name.clone(),
        from: o.from,
        until: o.until.min(horizon),
    });
    let moves = outcome.moves.iter().map(|(label, from, until)| Mark {
        kind: MarkKind::Move,
        label: label.clone(),
        from: *from,
        until: *until,
    });
    let pauses = outcome.pauses.iter().map(|(label, from, until)| Mark {
        kind: MarkKind::MovePaused,
        label: format!("{label} paused"),
        from: *from,
        until: *until,
    });
    let stamps = outcome.added_at.iter().map(|(stamp, at)| Mark {
        kind: MarkKind::StampAdded,
        label: outcome.stamps[stamp.index()].name.clone(),
        from: *at,
        until: *at,
    });
    let changes = outcome.changes.iter().map(|(stamp, at, change)| Mark {
        kind: match change {
            Change::Resized | Change::Servers => MarkKind::StampResized,
            Change::Retired => MarkKind::StampRetired,
            Change::Allocation => MarkKind::AllocationChanged,
        },
        label: outcome.stamps[stamp.index()].name.clone(),
        from: *at,
        until: *at,
    });
    let retirements = outcome.retirements.iter().map(|(label, from, until)| Mark {
        kind: MarkKind::Retirement,
        label: label.clone(),
        from: *from,
        until: *until,
    });
    let windows = outcome.windows.iter().flatten().map(|span| Mark {
        kind: MarkKind::Window,
        label: span.sample.label().to_owned(),
        from: span.from,
        until: span.until,
    });
    faults.chain(moves).chain(stamps).chain(changes).chain(pauses).chain(retirements).chain(windows).collect()
}

/// Prices the usage of a replication.
pub(super) struct Costs<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) stamps: &'a [StampConfig],
}

/// Cost per device-month and its floor [USD].
pub(super) struct PerDevice {
    pub(super) registered: Option<f64>,
    connected: Option<f64>,
    pub(super) floor: Option<f64>,
}

type Values = std::collections::BTreeMap<MeasureKey, f64>;
type SeriesMap = std::collections::BTreeMap<MeasureKey, Vec<f64>>;

impl Costs<'_> {
    pub(super) fn bill(&self, usage: &Usage, length: SimDuration) -> Bill {
        let regions = &self.scenario.model.regions.names;
        let home = self.stamps.first().map_or(0, |s| s.region.index());
        Bill::new(usage, &self.scenario.prices, length, |stamp| {
            let region = stamp.map_or(home, |s| self.stamps[usize::from(s)].region.index());
            &regions[region]
        })
    }

    /// Figures over the whole run; gives the advice of the bill.
    fn whole(&self, outcome: &Outcome, length: SimDuration, values: &mut Values) -> Vec<String> {
        let mut usage = Usage::new();
        outcome.usage.iter().for_each(|w| usage.merge(w));
        let bill = self.bill(&usage, length);
        bill.check();
        let hours = self.scenario.prices.hours_per_month();
        if !length.is_zero() {
            values.insert(MeasureKey::new("cost_usd_per_month"), per_month(bill.total, length, hours).to_f64());
            for (component, amount) in bill.by_label() {
                let key = MeasureKey::new("cost_usd_per_month").with("component", component);
                values.insert(key, per_month(amount, length, hours).to_f64());
            }
        }
        self.by_generation(&bill, &outcome.generations, length, values);
        let capacity = outcome.capacity_time.iter().sum();
        if let Some(spare) = self.spare_cost(&bill).filter(|_| !length.is_zero()) {
            let key = MeasureKey::new("spare_cost_usd_per_month");
            values.insert(key, per_month(spare, length, hours).to_f64());
        }
        let cost = self.per_device(&bill, capacity, outcome.device_time.last().copied().unwrap_or_default());
        insert(values, "registered", cost.registered);
        insert(values, "connected", cost.connected);
        insert(values, "floor", cost.floor);
        if let (Some(cost), Some(floor)) = (cost.registered, cost.floor.filter(|f| *f > 0.0)) {
            values.insert(MeasureKey::new("cost_premium_ratio"), cost / floor);
        }
        let missing = bill.missing.iter().map(ToString::to_string);
        missing.chain(bill.advice.iter().map(ToString::to_string)).collect()
    }

    /// What stamps that are kept for a fault cost by time; nothing where there are none.
    fn spare_cost(&self, bill: &Bill) -> Option<Money> {
        let spares: Vec<u16> =
            self.scenario.model.remedies().filter_map(|plan| plan.spare).map(|stamp| stamp.0).collect();
        let kept =
            bill.lines.iter().filter(|line| line.fixed && line.stamp.is_some_and(|stamp| spares.contains(&stamp)));
        (!spares.is_empty()).then(|| kept.map(|line| line.amount).sum())
    }

    /// Cost per device in each window, and how far the cost lies from the plan.
    fn windows(&self, outcome: &Outcome, length: SimDuration, values: &mut Values, series: &mut SeriesMap) {
        let window = self.scenario.model.window;
        let mut before = (0, 0);
        let mut columns: [Vec<f64>; 3] = Default::default();
        let mut deviation = Deviation::default();
        let held = outcome.usage.iter().zip(&outcome.device_time).zip(&outcome.capacity_time);
        for (i, ((usage, after), capacity)) in held.enumerate() {
            let long = SimDuration(length.0.saturating_sub(i as u64 * window.0).min(window.0));
            let (bill, devices) = (self.bill(usage, long), after.0 - before.0);
            let cost = self.per_device(&bill, *capacity, (devices, after.1 - before.1));
            let months =
                devices as f64 / (SimDuration::HOUR * u64::from(self.scenario.prices.hours_per_month())).0 as f64;
            deviation.add(bill.total.to_f64(), months * self.scenario.planned_cost.unwrap_or(0.0));
            for (column, value) in columns.iter_mut().zip([cost.registered, cost.connected, cost.floor]) {
                column.push(value.unwrap_or(f64::NAN));
            }
            before = *after;
        }
        for (column, per) in columns.into_iter().zip(["registered", "connected", "floor"]) {
            series.insert(MeasureKey::new("cost_per_device_usd_per_month").with("per", per), column);
        }
        deviation.report(values);
    }

    /// The floor is the cost were every stamp exactly full: fixed cost over capacity, everything else over the devices.
    pub(super) fn per_device(&self, bill: &Bill, capacity: u128, (registered, connected): (u128, u128)) -> PerDevice {
        let hours = self.scenario.prices.hours_per_month();
        let fixed: Money = bill.lines.iter().filter(|l| l.is_capacity_of_stamp()).map(|l| l.amount).sum();
        let rest = bill.total - fixed;
        let full = per_device(fixed, capacity, hours);
        PerDevice {
            registered: per_device(bill.total, registered, hours),
            connected: per_device(bill.total, connected, hours),
            floor: full.zip(per_device(rest, registered, hours)).map(|(a, b)| a + b),
        }
    }

    /// Planned capacity that a usage held over time, for stamps that keep their size [device x us].
    pub(super) fn capacity_time(&self, usage: &Usage) -> u128 {
        let hubs = usage.iter().filter(|(key, _)| key.component == Component::Hub);
        hubs.map(|(key, quantity)| match (key.stamp, quantity) {
            (Some(stamp), Quantity::UnitMicros(held)) => {
                let stamp = &self.stamps[usize::from(stamp)];
                held / u128::from(stamp.units) * u128::from(stamp.capacity)
            }
            _ => 0,
        })
        .sum()
    }
}

/// Cost against plan, window by window [USD].
#[derive(Debug, Default)]
struct Deviation {
    off: f64,
    planned: f64,
    worst: f64,
}

impl Deviation {
    fn add(&mut self, cost: f64, planned: f64) {
        if planned > 0.0 {
            let off = (cost - planned).abs();
            (self.off, self.planned) = (self.off + off, self.planned + planned);
            self.worst = self.worst.max(off / planned);
        }
    }

    fn report(&self, values: &mut Values) {
        if self.planned > 0.0 {
            let key = |stat| MeasureKey::new("cost_deviation_ratio").with("stat", stat);
            values.insert(key("mean"), self.off / self.planned);
            values.insert(key("max_window"), self.worst);
        }
    }
}

fn insert(values: &mut Values, per: &'static str, value: Option<f64>) {
    if let Some(value) = value {
        values.insert(MeasureKey::new("cost_per_device_usd_per_month").with("per", per), value);
    }
}
