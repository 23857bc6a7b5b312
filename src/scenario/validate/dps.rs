//! The instances of DPS: how many there are, what each may hold, which hubs are linked to it, and the way that leads to it.

use std::collections::BTreeSet;

use crate::cost::PriceSheet;
use crate::kernel::draws::stable_name;
use crate::model::dps::service::{Links, ServiceConfig};
use crate::model::dps::topology::TopologyPolicy;
use crate::model::ids::{ServiceId, StampId};
use crate::scenario::catalog::DpsLimits;
use crate::scenario::diagnostic::{Finding, listed, unknown};
use crate::scenario::file::{Cohort, File, PriceTable, Service};
use crate::scenario::tree::steps;
use crate::scenario::validate::stamps::name_problem;
use crate::scenario::validate::{Build, Names};

/// Most instances that anybody may ask for.
const INSTANCES_MAX: u16 = 1_000;
/// What raises a limit of DPS.
const RAISE: &str = "support raises it: write the raised limit as";

impl Build<'_> {
    /// Every instance; fills in how many there are and what each may hold.
    pub(super) fn instances(&mut self, file: &mut File, names: &Names, limits: &DpsLimits) -> Vec<ServiceConfig> {
        self.number_of_instances(file, limits);
        if file.dps.services.is_empty() {
            file.dps.instances.get_or_insert(1);
        }
        let home = file.stamps.first().map(|group| group.region.clone()).unwrap_or_default();
        for service in &mut file.dps.services {
            service.region.get_or_insert_with(|| home.clone());
            service.registrations_max.get_or_insert(limits.registrations_max);
        }
        self.service_rules(file);
        let named = |i: usize| file.dps.services.get(i);
        let links: Vec<Links> = (0..names.services.len()).map(|i| self.links(i, named(i), file, names)).collect();
        let most = file.dps.linked_hubs_max.unwrap_or(limits.linked_hubs_max);
        for (i, links) in links.iter().enumerate() {
            // Without names all instances are linked alike.
            if named(i).is_some() || i == 0 {
                self.linked_hubs(i, links, file, most);
            }
        }
        let dps = &file.dps;
        let config = |(i, (name, links)): (usize, (&String, Links))| {
            let service = named(i);
            let region = service.and_then(|service| service.region.clone()).unwrap_or_else(|| home.clone());
            ServiceConfig {
                name: name.clone(),
                key: stable_name(name),
                region: names.region_id(&region),
                registrations: service.and_then(|service| service.registrations).unwrap_or(dps.registrations),
                operations: service.and_then(|service| service.operations).unwrap_or(dps.operations),
                registrations_max: service.and_then(|service| service.registrations_max),
                links,
            }
        };
        names.services.iter().zip(links).enumerate().map(config).collect()
    }

    /// How many instances there are, said once and within the limit of a subscription.
    fn number_of_instances(&mut self, file: &File, limits: &DpsLimits) {
        let dps = &file.dps;
        if let (Some(_), false) = (dps.instances, dps.services.is_empty()) {
            let finding = Finding::new("both `instances` and `services` are given").expected("one of the two");
            self.say_key("dps/instances", finding.help("the instances are those of [[dps.services]]"));
        }
        for (key, most) in [("instances_max", dps.instances_max), ("linked_hubs_max", dps.linked_hubs_max)] {
            self.require(most != Some(0), &format!("dps/{key}"), || {
                Finding::new("a limit of zero").expected("at least 1")
            });
        }
        let most = dps.instances_max.unwrap_or(limits.instances_max).min(INSTANCES_MAX);
        let (count, at) = match (dps.services.len(), dps.instances) {
            (0, count) => (usize::from(count.unwrap_or(1)), "dps/instances".to_owned()),
            (count, _) => (count, format!("dps/services/{}", usize::from(most).min(count - 1))),
        };
        self.require((1..=usize::from(most)).contains(&count), &at, || {
            let finding = Finding::new(format!("{count} instances of DPS")).expected(format!("1 to {most}"));
            if count > usize::from(INSTANCES_MAX) || count == 0 {
                return finding;
            }
            finding.help(format!("{RAISE} instances_max = {count} in [dps]"))
        });
    }

    /// The rules of each instance by itself.
    fn service_rules(&mut self, file: &File) {
        let mut seen = BTreeSet::new();
        for (i, service) in file.dps.services.iter().enumerate() {
            let at = format!("dps/services/{i}");
            if let Some(finding) = name_problem(&service.name, false) {
                self.say(&format!("{at}/name"), finding);
            }
            if !seen.insert(&service.name) {
                let finding = Finding::new(format!("a second DPS instance `{}`", service.name));
                self.say(&format!("{at}/name"), finding.expected("names that differ"));
            }
            for (key, rate) in [("registrations", service.registrations), ("operations", service.operations)] {
                self.require(!rate.is_some_and(crate::units::Rate::is_zero), &format!("{at}/{key}"), || {
                    Finding::new("a limit of zero").expected("a rate above zero, such as \"1000/min\"")
                });
            }
            self.require(service.registrations_max != Some(0), &format!("{at}/registrations_max"), || {
                Finding::new("an instance that holds no registration").expected("at least 1")
            });
        }
    }

    /// The stamps that are linked to an instance; says which name is none.
    fn links(&mut self, i: usize, service: Option<&Service>, file: &File, names: &Names) -> Links {
        let Some(service) = service.filter(|service| !service.stamps.is_empty()) else { return Links::All };
        let mut stamps: Vec<StampId> = Vec::new();
        for (n, name) in service.stamps.iter().enumerate() {
            let found = names.stamps_of(file, name);
            if found.is_empty() && !self.lost.items("stamps") && !self.lost.key("stamps", "count") {
                let groups = file.stamps.iter().map(|group| group.name.as_str()).filter(|name| name.contains("{n}"));
                let known: Vec<&str> = names.stamps.iter().map(String::as_str).chain(groups).collect();
                self.say(&format!("dps/services/{i}/stamps/{n}"), unknown("stamp", name, &known));
            }
            stamps.extend(found);
        }
        stamps.sort_unstable();
        stamps.dedup();
        let template = file.scaling.as_ref().and_then(|scaling| scaling.template.as_ref());
        Links::Listed { stamps, added: template.is_some_and(|template| service.stamps.contains(template)) }
    }

    /// Hubs that are linked to one instance, those that the fleet may grow to included.
    fn linked_hubs(&mut self, i: usize, links: &Links, file: &File, most: u16) {
        let at_start: u32 = file.stamps.iter().map(|group| group.count).fold(0, u32::saturating_add);
        let grows = file.scaling.as_ref().filter(|scaling| scaling.policy.entry().adds());
        let grown = grows.map_or(at_start, |scaling| u32::from(scaling.stamps_max).max(at_start));
        let linked = match links {
            Links::All => grown,
            Links::Listed { stamps, added } => stamps.len() as u32 + if *added { grown - at_start } else { 0 },
        };
        if linked <= u32::from(most) {
            return;
        }
        let listed = matches!(links, Links::Listed { .. });
        let largest = (0..file.stamps.len()).max_by_key(|group| file.stamps[*group].count).unwrap_or(0);
        let by_growth = grown > at_start && at_start <= u32::from(most);
        let place = match (listed, by_growth) {
            (true, _) => format!("dps/services/{i}/stamps"),
            (false, true) => "scaling/stamps_max".to_owned(),
            (false, false) => format!("stamps/{largest}/count"),
        };
        let who = file.dps.services.get(i).map_or_else(|| "a DPS instance".to_owned(), |s| format!("`{}`", s.name));
        let finding = Finding::new(format!("{linked} hubs linked to {who}")).expected(format!("at most {most}"));
        let raise = format!("{RAISE} linked_hubs_max = {linked} in [dps], or link some to other instances by `stamps`");
        self.say(&place, finding.help(raise));
    }

    /// The way from a device to an instance, with the instances that it names.
    pub(super) fn topology(&mut self, file: &File, names: &Names, prices: &PriceSheet) -> TopologyPolicy {
        let Some(mut policy) = file.dps.topology.clone() else { return TopologyPolicy::default() };
        let at = format!("dps/topology/{}", policy.key());
        let mut services = Vec::new();
        for name in policy.entry().services() {
            if let Some(service) = names.services.iter().position(|service| service == name) {
                services.push(ServiceId(service as u16));
            } else {
                let known: Vec<&str> = names.services.iter().map(String::as_str).collect();
                self.say(&format!("{at}/service"), unknown("DPS instance", name, &known));
            }
        }
        policy.entry_mut().resolve(&services);
        for (key, message) in policy.entry().problems() {
            self.say(&format!("{at}/{key}"), Finding::from_message(&message));
        }
        if policy.entry().factory().is_some() && names.services.len() < 2 {
            let finding = Finding::new("a factory DPS with no instance to send devices to");
            self.say(&format!("{at}/service"), finding.expected("a second instance in [[dps.services]]"));
            // Nothing behind this door may meet a factory alone.
            return TopologyPolicy::default();
        }
        self.api_prices(&at, &policy, prices);
        policy
    }

    fn api_prices(&mut self, at: &str, policy: &TopologyPolicy, prices: &PriceSheet) {
        let (by_time, by_request) = policy.entry().prices();
        if let Some(price) = by_time {
            let table = PriceTable { name: price.name.clone(), quantity: price.quantity };
            self.price(&format!("{at}/price"), &table, prices);
        }
        let Some(name) = by_request else { return };
        let counted = |price: &crate::cost::Price| !price.per.is_capacity();
        let path = format!("{at}/request_price");
        match prices.prices_of(name).next() {
            None => {
                let known: Vec<&str> = prices.prices().filter(|p| counted(p)).map(|p| p.id.as_str()).collect();
                self.say(&path, unknown("price", name, &known));
            }
            Some(price) if !counted(price) => {
                let finding = Finding::new(format!("`{name}` is a price by {}", price.per.unit));
                self.say(&path, finding.expected("a price by the number of requests"));
            }
            Some(_) => {}
        }
    }

    /// Cohorts whose devices some instance cannot assign, since it is linked to none of their stamps: Azure accepts that, and the
    /// registrations fail.
    pub(super) fn unlinked(
        &mut self,
        file: &File,
        names: &Names,
        services: &[ServiceConfig],
        topology: &TopologyPolicy,
    ) {
        let factory = topology.entry().factory();
        for cohort in &file.cohorts {
            let stamps = stamps_of(cohort, file, names);
            let serves = |service: &ServiceConfig| stamps.iter().any(|s| service.links.has(*s, names.stamps.len()));
            let targets = services.iter().enumerate().filter(|(i, _)| factory != Some(ServiceId(*i as u16)));
            let (some, none): (Vec<_>, Vec<_>) = targets.partition(|(_, service)| serves(service));
            // An API looks for an instance that can.
            let spares = topology.entry().api().is_some() && !some.is_empty();
            let Some((first, _)) = none.first().filter(|_| !stamps.is_empty() && !spares) else { continue };
            let all = some.len() + none.len();
            let who = listed(none.iter().map(|(_, service)| service.name.as_str()));
            let finding = Finding::warning(format!(
                "{} of {all} instances ({who}) are linked to no stamp of cohort `{}`; registrations there will fail",
                none.len(),
                cohort.name
            ));
            let at = format!("dps/services/{first}");
            let place =
                if self.tree.at(&steps(&format!("{at}/stamps"))).is_some() { format!("{at}/stamps") } else { at };
            self.say(&place, finding.help("link a stamp of the ring, or send devices by [dps.topology.web_api]"));
        }
    }
}

/// The stamps that a cohort's devices may be assigned to.
pub(super) fn stamps_of(cohort: &Cohort, file: &File, names: &Names) -> Vec<StampId> {
    let own: Vec<StampId> = cohort.enrollment.stamps.iter().flat_map(|name| names.stamps_of(file, name)).collect();
    let of_ring = |s: &StampId| {
        let group = &file.stamps[names.group_of(s.index())];
        group.ring == cohort.ring && group.hub.takes_devices && group.serves(cohort.generation)
    };
    let all = (0..names.stamps.len() as u16).map(StampId);
    all.filter(|s| of_ring(s) && (own.is_empty() || own.contains(s))).collect()
}
