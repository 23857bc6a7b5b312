//! Stamps, and how more of them come to be.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cost::PriceSheet;
use crate::kernel::draws::stable_name;
use crate::model::config::ScalingConfig;
use crate::model::ids::RingId;
use crate::model::limit::Shaping;
use crate::model::stamp::edition::Edition;
use crate::model::stamp::endpoint::{Inflation, IngressConfig};
use crate::model::stamp::hub::{FixedPrice, StampConfig};
use crate::model::stamp::path::PathConfig;
use crate::model::stamp::pipeline::ProcessingConfig;
use crate::model::stamp::scaling::Reach;
use crate::model::stamp::servers::ServerScaling;
use crate::scenario::catalog::Limits;
use crate::scenario::diagnostic::{Finding, listed, unknown};
use crate::scenario::file::{
    File, HubTable, PriceTable, Processing, QuotaRule, RoutingTier, Scaling, ShapingTable, Stamps,
};
use crate::scenario::validate::names::{STAMPS_MAX, stamp_name};
use crate::scenario::validate::{Build, Frame, Names};
use crate::units::{Bytes, SimDuration};

/// Longest name [characters].
const NAME_MAX: usize = 80;

/// What is wrong with a name that tables, labels and file names will carry.
pub(super) fn name_problem(name: &str, pattern: bool) -> Option<Finding> {
    let bare = if pattern { name.replace("{n}", "1") } else { name.to_owned() };
    let odd = bare.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')')));
    let expected = "letters, digits, `-`, `_` and `.`";
    if name.is_empty() {
        Some(Finding::new("the name is empty").expected(expected))
    } else if bare.chars().count() > NAME_MAX {
        Some(
            Finding::new(format!("a name of {} characters", bare.chars().count()))
                .expected(format!("at most {NAME_MAX}")),
        )
    } else {
        odd.map(|c| Finding::new(format!("the name `{name}` contains `{c}`")).expected(expected))
    }
}

impl Build<'_> {
    /// Every stamp at the start; nothing when there are too many to number.
    pub(super) fn stamps(
        &mut self,
        file: &mut File,
        names: &Names,
        limits: &Limits,
        prices: &PriceSheet,
    ) -> Option<Vec<StampConfig>> {
        let all: u64 = file.stamps.iter().map(|group| u64::from(group.count)).sum();
        if all > STAMPS_MAX {
            let largest = (0..file.stamps.len()).max_by_key(|i| file.stamps[*i].count).unwrap_or(0);
            let finding = Finding::new(format!("{all} stamps")).expected(format!("at most {STAMPS_MAX}"));
            self.say(&format!("stamps/{largest}/count"), finding);
            return None;
        }
        let payload = file.cohorts.iter().filter_map(|c| c.commands.as_ref().map(|calls| calls.request)).max();
        let (mut stamps, mut seen) = (Vec::new(), BTreeSet::new());
        for (i, group) in file.stamps.iter_mut().enumerate() {
            let at = format!("stamps/{i}");
            self.group(&at, group, &mut seen);
            let edition = self.edition(&at, group, limits, prices);
            let fixed_prices = self.fixed_prices(&at, group, prices);
            group.hub.method_payload.get_or_insert(payload.unwrap_or(Bytes::KB));
            fill(group);
            let Some(edition) = edition else { continue };
            stamps.extend((1..=group.count).map(|n| stamp(group, n, names, &edition, &fixed_prices)));
        }
        (stamps.len() == names.stamps.len()).then_some(stamps)
    }

    /// The rules of a group by itself.
    fn group(&mut self, at: &str, group: &Stamps, seen: &mut BTreeSet<String>) {
        self.windows(at, &group.hub);
        if let Some(finding) = name_problem(&group.name, true) {
            self.say(&format!("{at}/name"), finding);
        }
        if let Some(finding) = name_problem(&group.ring, false) {
            self.say(&format!("{at}/ring"), finding);
        }
        self.require(group.count > 0, &format!("{at}/count"), || {
            Finding::new("a group of no stamps").expected("a count of at least 1")
        });
        let numbered = group.name.contains("{n}");
        self.require(numbered || group.count <= 1, &format!("{at}/name"), || {
            let finding = Finding::new(format!("{} stamps would all be called `{}`", group.count, group.name));
            finding.expected("`{n}` in the name").help(format!("did you mean `{}-{{n}}`?", group.name))
        });
        let twice = (1..=if numbered { group.count } else { 1 }).map(|n| stamp_name(&group.name, n));
        if let Some(name) = twice.into_iter().find(|name| !seen.insert(name.clone())) {
            let finding = Finding::new(format!("a second stamp `{name}`")).expected("names that differ");
            self.say(&format!("{at}/name"), finding);
        }
        self.require(group.capacity > 0, &format!("{at}/capacity"), || {
            Finding::new("a capacity of zero").expected("the number of devices that one stamp is planned for")
        });
        self.require(group.processing.servers > 0, &format!("{at}/processing/servers"), || {
            Finding::new("processing without a server").expected("at least 1")
        });
        self.require(
            group.routing.throughput_units > 0 || group.routing.tier == RoutingTier::None,
            &format!("{at}/routing/throughput_units"),
            || Finding::new("a routing endpoint without a throughput unit").expected("at least 1, or tier = \"none\""),
        );
        self.servers(&format!("{at}/processing/scale"), &group.processing);
        self.path(at, group);
    }

    /// The rules of servers that are added.
    fn servers(&mut self, at: &str, processing: &Processing) {
        let Some(scale) = &processing.scale else { return };
        let none = |what: &str| Finding::new(format!("{what} of zero")).expected("one above zero");
        self.require(scale.servers_max > processing.servers, &format!("{at}/servers_max"), || {
            let finding =
                Finding::new(format!("at most {} servers, {} at the start", scale.servers_max, processing.servers));
            finding.expected(format!("more than {}", processing.servers))
        });
        self.require(scale.step > 0, &format!("{at}/step"), || none("a step"));
        self.require(!scale.check_every.is_zero(), &format!("{at}/check_every"), || none("a length"));
        self.require(scale.utilisation.is_some() || scale.lag.is_some(), at, || {
            Finding::new("servers that nothing adds")
                .expected("`utilisation`, such as \"80 %\", or `lag`, such as \"30 s\"")
        });
        let never = scale.utilisation.is_some_and(|bound| bound.get() <= 0.0);
        self.require(!never, &format!("{at}/utilisation"), || none("a threshold"));
        self.require(scale.lag != Some(SimDuration::ZERO), &format!("{at}/lag"), || none("a threshold"));
        self.require(!processing.service.is_zero(), at, || {
            let finding = Finding::new("processing that takes no time needs no more servers");
            finding.expected("`processing.service`, such as \"20 ms\"")
        });
    }

    /// The rules of what a group carries out of its path.
    fn path(&mut self, at: &str, group: &Stamps) {
        let none = |what: &str| Finding::new(format!("{what} of zero")).expected("one above zero");
        self.require(
            group.hub.sustained_after != Some(SimDuration::ZERO),
            &format!("{at}/hub/sustained_after"),
            || none("a length"),
        );
        let every = group.processing.checkpoint_every;
        self.require(every != Some(SimDuration::ZERO), &format!("{at}/processing/checkpoint_every"), || {
            none("a length").help("leave it out for a position that is saved with each message")
        });
        let Some(ingress) = &group.routing.ingress else { return };
        let at = format!("{at}/routing/ingress");
        self.require(group.routing.tier != RoutingTier::None, &at, || {
            Finding::new("limits of a routing endpoint that there is not").expected("tier = \"standard\" or \"basic\"")
        });
        self.require(!ingress.events_per_unit.is_zero(), &format!("{at}/events_per_unit"), || none("a limit"));
        self.require(ingress.bytes_per_unit.0 > 0, &format!("{at}/bytes_per_unit"), || none("a limit"));
        self.require(!ingress.retention.is_zero(), &format!("{at}/retention"), || none("a length"));
        self.require(!ingress.credit.is_zero(), &format!("{at}/credit"), || none("a length"));
        let Some(inflate) = ingress.inflate else { return };
        let units = group.routing.throughput_units;
        self.require(inflate.units_max >= units, &format!("{at}/inflate/units_max"), || {
            let finding =
                Finding::new(format!("at most {} throughput units, but {units} at the start", inflate.units_max));
            finding.expected(format!("at least {units}"))
        });
        self.require(inflate.step > 0, &format!("{at}/inflate/step"), || none("a step"));
        self.require(!inflate.delay.is_zero(), &format!("{at}/inflate/delay"), || none("a length"));
    }

    /// The limits of a group's hub.
    fn edition(&mut self, at: &str, group: &Stamps, limits: &Limits, prices: &PriceSheet) -> Option<Edition> {
        let hub = &group.hub;
        self.require((1..=1_000).contains(&hub.weight), &format!("{at}/hub/weight"), || {
            Finding::new(format!("an allocation weight of {}", hub.weight)).expected("1 to 1000")
        });
        self.require(
            hub.method_payload.is_none_or(|size| size.0 <= 128 << 10),
            &format!("{at}/hub/method_payload"),
            || Finding::new("a direct-method payload above 128 KB").expected("at most \"128 KB\""),
        );
        let Some(mut edition) = limits.editions.get(&hub.edition).cloned() else {
            self.say(&format!("{at}/hub/edition"), unknown("edition", &hub.edition, &limits.names()));
            return None;
        };
        edition.devices_max = hub.devices_max.unwrap_or(edition.devices_max);
        self.require(edition.devices_max > 0, &format!("{at}/hub/devices_max"), || {
            Finding::new("a registry that holds nobody").expected("at least 1")
        });
        self.require(hub.units > 0, &format!("{at}/hub/units"), || {
            Finding::new("a hub of no units").expected("at least 1")
        });
        self.require(hub.units <= edition.units_max, &format!("{at}/hub/units"), || {
            let finding = Finding::new(format!("{} units of {}", hub.units, hub.edition));
            finding.expected(format!("at most {}", edition.units_max)).help("more units come only through support")
        });
        self.require(group.capacity <= edition.devices_max, &format!("{at}/capacity"), || {
            let finding = Finding::new(format!("a capacity of {} devices", group.capacity));
            finding
                .expected(format!("at most {}, the registry's cap", edition.devices_max))
                .help("plan for more stamps")
        });
        if prices.price(&edition.unit_price, &group.region).is_none() {
            let finding = Finding::warning(format!("the price book has no `{}`", edition.unit_price));
            self.say(&format!("{at}/hub/edition"), finding.help("the bill will lack the hubs of this group"));
        }
        Some(edition)
    }

    /// Prices of a stamp beside its hub's units.
    fn fixed_prices(&mut self, at: &str, group: &Stamps, prices: &PriceSheet) -> Vec<FixedPrice> {
        let tier = match group.routing.tier {
            RoutingTier::Standard => Some("standard"),
            RoutingTier::Basic => Some("basic"),
            RoutingTier::None => None,
        };
        let routing = tier.map(|tier| FixedPrice {
            price: format!("eventhubs.{tier}.tu_hour"),
            quantity: group.routing.throughput_units,
            routing: true,
        });
        let processing = group.processing.price.as_ref().map(|price| {
            self.price(&format!("{at}/processing/price"), price, prices);
            FixedPrice { price: price.name.clone(), quantity: price.quantity, routing: false }
        });
        routing.into_iter().chain(processing).collect()
    }

    /// A price that is paid while something exists must be known, and by time.
    pub(super) fn price(&mut self, at: &str, table: &PriceTable, prices: &PriceSheet) {
        let mut of_meter = prices.prices_of(&table.name).peekable();
        let time = |price: &crate::cost::Price| price.per.is_capacity();
        if of_meter.peek().is_none() {
            let known: Vec<&str> = prices.prices().filter(|price| time(price)).map(|price| price.id.as_str()).collect();
            self.say(&format!("{at}/name"), unknown("price", &table.name, &known));
        } else if let Some(price) = of_meter.find(|price| !time(price)) {
            let finding = Finding::new(format!("`{}` is a price by {}", table.name, price.per.unit));
            self.say(&format!("{at}/name"), finding.expected("a price by hour, day or month"));
        }
    }

    /// When stamps are added; checks the template and fills it in.
    pub(super) fn scaling(
        &mut self,
        file: &mut File,
        names: &Names,
        stamps: Option<&[StampConfig]>,
        frame: Option<Frame>,
    ) -> ScalingConfig {
        let only = match file.stamps.as_slice() {
            [group] => Some(group.name.clone()),
            _ => None,
        };
        let never = Scaling::default();
        let at_start: u32 = file.stamps.iter().map(|group| group.count).fold(0, u32::saturating_add);
        let scaling = file.scaling.as_mut();
        let adds = scaling.as_ref().is_some_and(|scaling| scaling.policy.entry().adds());
        let acts = scaling.as_ref().is_some_and(|scaling| scaling.policy.entry().reach() != Reach::Nothing);
        if let Some(scaling) = scaling {
            if let Some(problem) = scaling.policy.entry().problem() {
                self.say_key(&format!("scaling/policy/{}", scaling.policy.key()), Finding::new(problem));
            }
            if adds && u32::from(scaling.stamps_max) < at_start && !self.lost.items("stamps") {
                let finding =
                    Finding::new(format!("at most {} stamps, but {at_start} at the start", scaling.stamps_max));
                self.say("scaling/stamps_max", finding.expected(format!("at least {at_start}")));
            }
            if acts && scaling.template.is_none() {
                scaling.template = only;
            }
        }
        let scaling = file.scaling.clone().unwrap_or(never);
        let group = scaling
            .template
            .as_ref()
            .filter(|_| acts)
            .and_then(|name| file.stamps.iter().position(|g| g.name == *name));
        if acts && group.is_none() {
            self.no_template(file, scaling.template.as_deref());
        }
        let mut policy = scaling.policy.clone();
        self.dates(file, &mut policy, names, frame);
        self.drains(file, &policy);
        let drain = scaling.drain.unwrap_or_default();
        let mut config = ScalingConfig {
            policy,
            ring: group.map_or(RingId(0), |group| names.ring_id(&file.stamps[group].ring)),
            drain_pace: drain.evict.then_some(drain.pace),
            template: None,
            name_pattern: String::new(),
            first_number: 1,
            lead_time: scaling.lead_time,
            stamps_max: scaling.stamps_max,
        };
        if let Some(group) = group.map(|index| &file.stamps[index]) {
            self.require(group.name.contains("{n}") || !adds, "scaling/template", || {
                let finding = Finding::new(format!("new stamps would all be called `{}`", group.name));
                finding.expected("a group with `{n}` in its name")
            });
            let first = stamp_name(&group.name, 1);
            config.template = stamps.into_iter().flatten().find(|stamp| stamp.name == first).cloned();
            config.name_pattern.clone_from(&group.name);
            config.first_number = group.count + 1;
        }
        config
    }

    fn no_template(&mut self, file: &File, template: Option<&str>) {
        if self.lost.items("stamps") {
            return;
        }
        let known: Vec<&str> = file.stamps.iter().map(|group| group.name.as_str()).collect();
        if let Some(name) = template {
            return self.say("scaling/template", unknown("group of stamps", name, &known));
        }
        let finding = Finding::new("`template` is missing in [scaling]").expected(listed(known.iter().copied()));
        self.say_key("scaling", finding.help("it names the group of stamps that new ones are like"));
    }
}

impl Build<'_> {
    /// Windows of the hub's throttles.
    fn windows(&mut self, at: &str, hub: &HubTable) {
        let tables = [
            ("connects", &hub.connects, true),
            ("methods", &hub.methods, true),
            ("sends", &hub.sends, false),
            ("registry", &hub.registry, false),
        ];
        for (key, table, counts) in tables {
            self.window_of(&format!("{at}/hub/{key}"), table, counts);
        }
    }

    /// A window counts single operations; flows, and DPS that paces itself, need a bucket.
    pub(super) fn window_of(&mut self, at: &str, table: &ShapingTable, counts: bool) {
        let Some(window) = table.window else { return };
        let path = format!("{at}/window");
        self.require(!window.is_zero(), &path, || {
            Finding::new("a window of zero").expected("a length above zero, such as \"1 s\"")
        });
        self.require(counts, &path, || {
            let finding = Finding::new("this limit is no window: what it passes is a flow, or paces itself");
            finding.expected("a bucket").help("new connections, direct methods and DPS may be counted in windows")
        });
    }
}

/// Fills in what is not said of a group.
fn fill(group: &mut Stamps) {
    let hub = &mut group.hub;
    for shaping in [&mut hub.connects, &mut hub.sends, &mut hub.registry, &mut hub.methods] {
        *shaping = ShapingTable::from(shaping.over(Shaping::default()));
    }
}

fn path(group: &Stamps) -> PathConfig {
    let ingress = group.routing.ingress.map(|ingress| IngressConfig {
        units: group.routing.throughput_units,
        events: ingress.events_per_unit,
        bytes: ingress.bytes_per_unit,
        credit: ingress.credit,
        retention: ingress.retention,
        inflation: ingress.inflate.map(|inflate| Inflation {
            units_max: inflate.units_max,
            step: inflate.step,
            delay: inflate.delay,
        }),
    });
    PathConfig {
        quota_enforced: group.hub.quota == QuotaRule::Enforced,
        ingress,
        checkpoint: group.processing.checkpoint_every,
        sustained: group.hub.sustained_after.unwrap_or(PathConfig::OFF.sustained),
    }
}

fn processing(table: &Processing) -> ProcessingConfig {
    let scaling = table.scale.as_ref().map(|scale| ServerScaling {
        servers_max: scale.servers_max,
        step: scale.step,
        utilisation: scale.utilisation,
        lag: scale.lag,
        check_every: scale.check_every,
        delay: scale.delay,
    });
    ProcessingConfig { servers: table.servers, service: table.service, scaling }
}

fn stamp(group: &Stamps, number: u32, names: &Names, edition: &Edition, fixed_prices: &[FixedPrice]) -> StampConfig {
    let name = stamp_name(&group.name, number);
    let (hub, default) = (&group.hub, Shaping::default());
    StampConfig {
        key: stable_name(&name),
        name,
        region: names.region_id(&group.region),
        ring: names.ring_id(&group.ring),
        generations: group.generations.clone(),
        capacity: group.capacity,
        edition_name: hub.edition.clone(),
        edition: edition.clone(),
        units: hub.units,
        weight: hub.weight,
        takes_devices: hub.takes_devices,
        connect_shaping: hub.connects.over(default),
        send_shaping: hub.sends.over(default),
        registry_shaping: hub.registry.over(default),
        method_shaping: hub.methods.over(default),
        method_payload: hub.method_payload.unwrap_or(Bytes::KB),
        processing: processing(&group.processing),
        path: path(group),
        answer: hub.answer,
        fixed_prices: fixed_prices.to_vec(),
        bills_ingress: group.routing.tier != RoutingTier::None,
        device_month: 0.0,
        ladder: Arc::from([]),
    }
}
