//! Rules of scaling beyond a policy's own: sizes of hubs, dates, and what a drain would leave.

use std::sync::Arc;

use crate::cost::{Bill, PriceSheet};
use crate::metrics::{Component, Usage};
use crate::model::dps::reprovisioning::Reprovision;
use crate::model::ids::StampId;
use crate::model::stamp::edition::Edition;
use crate::model::stamp::hub::{Rung, StampConfig};
use crate::model::stamp::scaling::{DatedDrain, ScaleUp, ScalingPolicy, Step};
use crate::scenario::catalog::Limits;
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::File;
use crate::scenario::tree::steps;
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::{Moment, SimDuration, SimTime};

/// Limits and prices of the catalogues.
#[derive(Clone, Copy)]
pub(super) struct Books<'a> {
    pub(super) limits: &'a Limits,
    pub(super) prices: &'a PriceSheet,
}

impl Build<'_> {
    /// What the capacity of stamps costs, and the sizes that they can have.
    pub(super) fn ladders(&mut self, file: &File, names: &Names, stamps: &mut [StampConfig], books: Books<'_>) {
        for (s, stamp) in stamps.iter_mut().enumerate() {
            let region = &file.stamps[names.group_of(s)].region;
            stamp.device_month = device_month(&stamp.rung(), region, books.prices);
        }
        let Some(scaling) = &file.scaling else { return };
        let Some(rule) = scaling.policy.entry().scale_up() else { return };
        let group = scaling.template.as_ref().or(file.stamps.first().map(|group| &group.name));
        let ring = group.and_then(|name| file.stamps.iter().find(|g| g.name == *name)).map(|g| g.ring.clone());
        for group in 0..file.stamps.len() {
            let of_group = usize::from(names.groups[group])..usize::from(names.groups[group + 1]);
            let scaled = Some(&file.stamps[group].ring) == ring.as_ref();
            let Some(first) = stamps.get(of_group.start).filter(|_| scaled).cloned() else { continue };
            let ladder: Arc<[Rung]> = self.ladder(&first, &file.stamps[group].region, rule, books).into();
            stamps[of_group].iter_mut().for_each(|stamp| stamp.ladder = Arc::clone(&ladder));
        }
    }

    /// The sizes of a stamp, from the one it begins as; says which step is none.
    fn ladder(&mut self, stamp: &StampConfig, region: &str, rule: &ScaleUp, books: Books<'_>) -> Vec<Rung> {
        let at = self.policy_path("scale_up");
        let most = rule.units_max.unwrap_or(stamp.edition.units_max);
        if most > stamp.edition.units_max {
            let finding = Finding::new(format!("{most} units of {}", stamp.edition_name));
            let finding = finding.expected(format!("at most {}", stamp.edition.units_max));
            self.say(&format!("{at}/units_max"), finding.help("more units come only through support"));
        } else if rule.steps.is_empty() && most <= stamp.units {
            let finding =
                Finding::new(format!("`{}` has {} units already; none can be added", stamp.name, stamp.units));
            self.say_key(&at, finding.help("list `steps` with a larger edition, or begin with fewer units"));
        }
        let by_unit = (stamp.units + 1..=most.min(stamp.edition.units_max)).map(|units| Step {
            units,
            edition: None,
            capacity: None,
            throughput_units: None,
            processing: None,
        });
        let steps: Vec<Step> = if rule.steps.is_empty() { by_unit.collect() } else { rule.steps.clone() };
        let mut ladder = vec![stamp.rung()];
        for (i, step) in steps.iter().enumerate() {
            let before = ladder.last().expect("a first rung").clone();
            let place = format!("{at}/steps/{i}");
            let Some(mut rung) = self.rung(&place, step, &before, books.limits, rule) else { continue };
            rung.device_month = device_month(&rung, region, books.prices);
            ladder.push(rung);
        }
        // By units alone a stamp never plans for more than the registry holds.
        if !rule.looks_at_use() {
            ladder.dedup_by_key(|rung| rung.capacity);
        }
        ladder
    }

    /// One step up from another size.
    fn rung(&mut self, at: &str, step: &Step, before: &Rung, limits: &Limits, rule: &ScaleUp) -> Option<Rung> {
        let name = step.edition.as_ref().unwrap_or(&before.edition_name);
        let Some(edition) = limits.editions.get(name) else {
            self.say(&format!("{at}/edition"), unknown("edition", name, &limits.names()));
            return None;
        };
        if let Some(problem) = edition_change(&before.edition_name, &before.edition, name, edition) {
            self.say(
                &format!("{at}/edition"),
                Finding::new(problem).help("a hub is upgraded, never downgraded to basic"),
            );
        }
        self.require((1..=edition.units_max).contains(&step.units), &format!("{at}/units"), || {
            let finding = Finding::new(format!("{} units of {name}", step.units));
            finding.expected(format!("1 to {}", edition.units_max)).help("more units come only through support")
        });
        let proportional = u64::from(before.capacity) * u64::from(step.units) / u64::from(before.units.max(1));
        let same = *name == before.edition_name;
        let capacity = match step.capacity {
            Some(capacity) => capacity,
            None if same => proportional.min(u64::from(edition.devices_max)) as u32,
            None => {
                let finding = Finding::new(format!("a step to {name} without a capacity"));
                self.say(at, finding.expected("`capacity`, the devices that the stamp is planned for at this size"));
                return None;
            }
        };
        let by_hand = !at.is_empty() && step.capacity.is_some();
        self.require(capacity <= edition.devices_max, &format!("{at}/capacity"), || {
            let finding = Finding::new(format!("a capacity of {capacity} devices"));
            finding
                .expected(format!("at most {}, the registry's cap", edition.devices_max))
                .help("add stamps beyond it")
        });
        let place = if by_hand { format!("{at}/capacity") } else { format!("{at}/units") };
        let quota = |edition: &Edition, units: u32| edition.messages_per_day * u64::from(units);
        let by_use = rule.looks_at_use() && quota(edition, step.units) > quota(&before.edition, before.units);
        let larger = capacity > before.capacity || by_use || (step.capacity.is_none() && step.units > before.units);
        self.require(larger, &place, || {
            let finding = Finding::new(format!("a step to {capacity} devices after one of {}", before.capacity));
            finding.expected("steps that grow").help("to take capacity away, drain a stamp")
        });
        let mut fixed_prices = before.fixed_prices.clone();
        for price in &mut fixed_prices {
            let quantity = if price.routing { step.throughput_units } else { step.processing };
            price.quantity = quantity.unwrap_or(price.quantity);
        }
        let pays = |routing: bool| before.fixed_prices.iter().any(|price| price.routing == routing);
        self.require(step.throughput_units != Some(0), &format!("{at}/throughput_units"), || {
            Finding::new("a routing endpoint without a throughput unit").expected("at least 1")
        });
        self.require(step.processing.is_none() || pays(false), &format!("{at}/processing"), || {
            Finding::new("the stamp has no price of processing").expected("`processing.price` in the group of stamps")
        });
        self.require(step.throughput_units.is_none() || pays(true), &format!("{at}/throughput_units"), || {
            Finding::new("the stamp has no routing endpoint").help("its tier is none")
        });
        let (edition_name, edition, units) = (name.clone(), edition.clone(), step.units);
        Some(Rung { edition_name, edition, units, capacity, fixed_prices, device_month: 0.0 })
    }

    /// Where the file writes a policy: by itself or in a mixture.
    fn policy_path(&self, key: &str) -> String {
        let mixed = (0..16).map(|i| format!("scaling/policy/mixed/policies/{i}/{key}"));
        let mut places = std::iter::once(format!("scaling/policy/{key}")).chain(mixed);
        places.find(|path| self.tree.at(&steps(path)).is_some()).unwrap_or_else(|| "scaling/policy".to_owned())
    }

    /// Resolves dates and names of a schedule; what lies after the end is a warning.
    pub(super) fn dates(&mut self, file: &File, policy: &mut ScalingPolicy, names: &Names, frame: Option<Frame>) {
        let Some(schedule) = policy.entry().schedule().cloned() else { return };
        let at = self.policy_path("schedule");
        let lead = file.scaling.as_ref().map_or(SimDuration::ZERO, |scaling| scaling.lead_time);
        let mut adds = Vec::new();
        for (i, add) in schedule.add.iter().enumerate() {
            let path = format!("{at}/add/{i}");
            let order = self.date(&format!("{path}/at"), file, add.at, frame, "order");
            self.require(add.count > 0, &format!("{path}/count"), || {
                Finding::new("an order of no stamps").expected("a count of at least 1")
            });
            if let (Some(order), Some(frame)) = (order, frame)
                && order < frame.horizon
                && (order + lead) >= frame.horizon
            {
                let ready = order + lead;
                let finding = Finding::warning(format!(
                    "the stamp takes devices at {ready}, after the horizon of {}",
                    frame.horizon
                ));
                self.say(&format!("{path}/at"), finding.help("it is paid for and never used; order it earlier"));
            }
            adds.push(SimTime::ZERO + order.unwrap_or(SimDuration::MAX));
        }
        let mut drains = Vec::new();
        for (i, drain) in schedule.drain.iter().enumerate() {
            let path = format!("{at}/drain/{i}");
            let when = self.date(&format!("{path}/at"), file, drain.at, frame, "drain");
            let stamp = names.stamps.iter().position(|name| *name == drain.stamp);
            if stamp.is_none() && !self.lost.items("stamps") {
                let known: Vec<&str> = names.stamps.iter().map(String::as_str).collect();
                self.say(&format!("{path}/stamp"), unknown("stamp", &drain.stamp, &known));
            }
            let stamp = StampId(stamp.unwrap_or(0) as u16);
            drains.push((SimTime::ZERO + when.unwrap_or(SimDuration::MAX), stamp));
        }
        self.last_stamp(&at, file, names, &schedule.drain, policy);
        if let Some(resolved) = policy.entry_mut().schedule_mut() {
            resolved.resolve_adds(&adds);
            resolved.resolve_drains(&drains);
        }
    }

    /// The time of a date; nothing for one before the start.
    fn date(&mut self, path: &str, file: &File, at: Moment, frame: Option<Frame>, what: &str) -> Option<SimDuration> {
        let Some(time) = at.since(file.run.start.0) else {
            let finding = Finding::new(format!("{at} lies before the start of the run, {}", file.run.start));
            self.say(path, finding.expected("a date after it"));
            return None;
        };
        if let Some(frame) = frame.filter(|frame| time >= frame.horizon) {
            let finding = Finding::warning(format!("the {what} at {time} lies after the horizon of {}", frame.horizon));
            self.say(path, finding.help("it never happens in this run"));
        }
        Some(time)
    }

    /// Whether a drain leaves the devices a stamp.
    fn last_stamp(&mut self, at: &str, file: &File, names: &Names, drains: &[DatedDrain], policy: &ScalingPolicy) {
        if self.lost.items("stamps") || names.shaky {
            return;
        }
        let ring = |stamp: usize| file.stamps[names.group_of(stamp)].ring.as_str();
        let drained = |stamp: usize| drains.iter().any(|drain| drain.stamp == names.stamps[stamp]);
        for (i, drain) in drains.iter().enumerate() {
            let path = format!("{at}/drain/{i}/stamp");
            let Some(stamp) = names.stamps.iter().position(|name| *name == drain.stamp) else { continue };
            if drains[..i].iter().any(|earlier| earlier.stamp == drain.stamp) {
                self.say(&path, Finding::new(format!("`{}` is drained twice", drain.stamp)));
            }
            let stays = (0..names.stamps.len()).any(|other| ring(other) == ring(stamp) && !drained(other));
            if !stays && !policy.entry().adds() {
                let finding =
                    Finding::new(format!("draining `{}` leaves no stamp in the ring `{}`", drain.stamp, ring(stamp)));
                self.say(
                    &path,
                    finding.help("the last stamp of a ring cannot be drained: its devices would have nowhere to go"),
                );
            }
            if file.dps.allocation.entry().stamps().contains(&drain.stamp.as_str()) {
                let finding = Finding::new(format!("the allocation `static` sends every device to `{}`", drain.stamp));
                self.say(&path, finding.help("its devices would have nowhere to go"));
            }
        }
    }

    /// Whether what drains can work at all.
    pub(super) fn drains(&mut self, file: &File, policy: &ScalingPolicy) {
        if policy.entry().drains() && file.dps.reprovision == Reprovision::Never {
            let finding = Finding::new("reprovisioning `never` keeps every device on the stamp it has");
            self.say("dps/reprovision", finding.help("a drained stamp would never become empty"));
        }
        let pace = file.scaling.as_ref().and_then(|scaling| scaling.drain.as_ref()).map(|drain| drain.pace);
        self.require(pace.is_none_or(|pace| !pace.is_zero()), "scaling/drain/pace", || {
            Finding::new("a pace of zero").expected("a rate above zero, such as \"600/min\"")
        });
    }
}

/// What keeps a hub from becoming another edition.
fn edition_change(from: &str, before: &Edition, to: &str, after: &Edition) -> Option<String> {
    let basic = |edition: &Edition| edition.methods.is_none();
    if from == to {
        None
    } else if from == "F1" {
        Some("a free hub cannot be upgraded".to_owned())
    } else if to == "F1" {
        Some("no hub can become a free one".to_owned())
    } else {
        (basic(after) && !basic(before))
            .then(|| format!("{from} is a standard edition and cannot become {to}, a basic one"))
    }
}

/// What the capacity that one device takes up costs [USD/month]; what has no price counts as nothing, and is said elsewhere.
fn device_month(rung: &Rung, region: &str, prices: &PriceSheet) -> f64 {
    let month = SimDuration::HOUR * u64::from(prices.hours_per_month());
    let mut usage = Usage::new();
    usage.add_time(Component::Hub, Some(0), &rung.edition.unit_price, u64::from(rung.units), month);
    for fixed in &rung.fixed_prices {
        usage.add_time(Component::Other, Some(0), &fixed.price, u64::from(fixed.quantity), month);
    }
    Bill::new(&usage, prices, month, |_| region).total.to_f64() / f64::from(rung.capacity.max(1))
}
