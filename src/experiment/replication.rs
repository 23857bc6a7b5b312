//! One replication: configuration and draws in, observations and their price out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::analysis::phase;
use crate::analysis::{Ended, Mark, MarkKind, Observations};
use crate::cost::{Bill, per_device, per_month};
use crate::kernel::draws::Draws;
use crate::kernel::executive::{Report, Stop};
use crate::metrics::{Component, MeasureKey, Parts, Quantity, Usage};
use crate::model::event::simulate;
use crate::model::stamp::hub::StampConfig;
use crate::model::world::Outcome;
use crate::scenario::Scenario;
use crate::theory::md1_table::Md1Table;
use crate::units::{Money, SimDuration, SimTime};

/// A replication that is whole, and what its bill advises.
pub struct Replication {
    /// What was observed.
    pub observations: Observations,
    /// Doubts about the bill: missing prices, prices of another region.
    pub advice: Vec<String>,
}

/// Runs one replication. An invariant that breaks is an error with its message.
pub fn replicate(
    scenario: &Scenario,
    md1: &Md1Table,
    replication: u32,
    stop: &dyn Fn() -> bool,
) -> Result<Replication, String> {
    let draws = Draws::new(scenario.seed, replication);
    let run = AssertUnwindSafe(|| simulate(&scenario.model, md1, draws, stop));
    let (report, outcome) = catch_unwind(run).map_err(|panic| message(panic.as_ref()))?;
    Ok(observe(scenario, replication, &report, outcome))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "broken invariant".into())
}

fn observe(scenario: &Scenario, replication: u32, report: &Report, outcome: Outcome) -> Replication {
    let marks = marks(scenario, &outcome);
    let mut values = outcome.recorded.values;
    let parts = outcome.recorded.parts;
    values.extend(phase::figures(&marks, &parts));
    let mut series = outcome.recorded.series;
    let costs = Costs { scenario, stamps: &outcome.stamps };
    let length = report.ended.since_start();
    let advice = costs.whole(&outcome.usage, &outcome.device_time, length, &mut values);
    costs.windows(&outcome.usage, &outcome.device_time, length, &mut series);
    values.insert(MeasureKey::new("model_events"), report.events as f64);
    let observations = Observations {
        replication,
        order_hash: report.order,
        events: report.events,
        ended: ended(report),
        values,
        histograms: outcome.recorded.histograms,
        series,
        marks,
        parts: if scenario.steady.is_some() { parts } else { Parts::default() },
    };
    Replication { observations, advice }
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
    let stamps = outcome.added_at.iter().map(|(stamp, at)| Mark {
        kind: MarkKind::StampAdded,
        label: outcome.stamps[stamp.index()].name.clone(),
        from: *at,
        until: *at,
    });
    faults.chain(moves).chain(stamps).collect()
}

/// Prices the usage of a replication.
struct Costs<'a> {
    scenario: &'a Scenario,
    stamps: &'a [StampConfig],
}

/// Cost per device-month and its floor [USD].
struct PerDevice {
    registered: Option<f64>,
    connected: Option<f64>,
    floor: Option<f64>,
}

type Values = std::collections::BTreeMap<MeasureKey, f64>;
type SeriesMap = std::collections::BTreeMap<MeasureKey, Vec<f64>>;

impl Costs<'_> {
    fn bill(&self, usage: &Usage, length: SimDuration) -> Bill {
        let regions = &self.scenario.model.regions.names;
        let home = self.stamps.first().map_or(0, |s| s.region.index());
        Bill::new(usage, &self.scenario.prices, length, |stamp| {
            let region = stamp.map_or(home, |s| self.stamps[usize::from(s)].region.index());
            &regions[region]
        })
    }

    /// Figures over the whole run; gives the advice of the bill.
    fn whole(
        &self,
        windows: &[Usage],
        device_time: &[(u128, u128)],
        length: SimDuration,
        values: &mut Values,
    ) -> Vec<String> {
        let mut usage = Usage::new();
        windows.iter().for_each(|w| usage.merge(w));
        let bill = self.bill(&usage, length);
        bill.check();
        let hours = self.scenario.prices.hours_per_month();
        if !length.is_zero() {
            values.insert(MeasureKey::new("cost_usd_per_month"), per_month(bill.total, length, hours).to_f64());
            for (component, amount) in bill.by_component() {
                let key = MeasureKey::new("cost_usd_per_month").with("component", component.as_str());
                values.insert(key, per_month(amount, length, hours).to_f64());
            }
        }
        let cost = self.per_device(&bill, &usage, device_time.last().copied().unwrap_or_default());
        insert(values, "registered", cost.registered);
        insert(values, "connected", cost.connected);
        insert(values, "floor", cost.floor);
        if let (Some(cost), Some(floor)) = (cost.registered, cost.floor.filter(|f| *f > 0.0)) {
            values.insert(MeasureKey::new("cost_premium_ratio"), cost / floor);
        }
        let missing = bill.missing.iter().map(ToString::to_string);
        missing.chain(bill.advice.iter().map(ToString::to_string)).collect()
    }

    /// Cost per device in each window.
    fn windows(&self, windows: &[Usage], device_time: &[(u128, u128)], length: SimDuration, series: &mut SeriesMap) {
        let window = self.scenario.model.window;
        let mut before = (0, 0);
        let mut columns: [Vec<f64>; 3] = Default::default();
        for (i, (usage, after)) in windows.iter().zip(device_time).enumerate() {
            let long = SimDuration(length.0.saturating_sub(i as u64 * window.0).min(window.0));
            let cost = self.per_device(&self.bill(usage, long), usage, (after.0 - before.0, after.1 - before.1));
            for (column, value) in columns.iter_mut().zip([cost.registered, cost.connected, cost.floor]) {
                column.push(value.unwrap_or(f64::NAN));
            }
            before = *after;
        }
        for (column, per) in columns.into_iter().zip(["registered", "connected", "floor"]) {
            series.insert(MeasureKey::new("cost_per_device_usd_per_month").with("per", per), column);
        }
    }

    /// The floor is the cost were every stamp exactly full: fixed cost over capacity, everything else over the devices.
    fn per_device(&self, bill: &Bill, usage: &Usage, (registered, connected): (u128, u128)) -> PerDevice {
        let hours = self.scenario.prices.hours_per_month();
        let fixed: Money = bill.lines.iter().filter(|l| l.fixed && l.stamp.is_some()).map(|l| l.amount).sum();
        let rest = bill.total - fixed;
        let full = per_device(fixed, self.capacity_time(usage), hours);
        PerDevice {
            registered: per_device(bill.total, registered, hours),
            connected: per_device(bill.total, connected, hours),
            floor: full.zip(per_device(rest, registered, hours)).map(|(a, b)| a + b),
        }
    }

    /// Planned capacity held over time [device x us].
    fn capacity_time(&self, usage: &Usage) -> u128 {
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

fn insert(values: &mut Values, per: &'static str, value: Option<f64>) {
    if let Some(value) = value {
        values.insert(MeasureKey::new("cost_per_device_usd_per_month").with("per", per), value);
    }
}
