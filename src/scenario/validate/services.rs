//! The Device Provisioning Service and the gateway.

use crate::cost::PriceSheet;
use crate::model::dps::service::DpsConfig;
use crate::model::gateway::cache::CacheConfig;
use crate::model::gateway::call::GatewayConfig;
use crate::model::gateway::fallback::FallbackPolicy;
use crate::model::gateway::learnt::LearntConfig;
use crate::model::ids::StampId;
use crate::model::limit::Shaping;
use crate::model::population::cohort::CohortConfig;
use crate::scenario::catalog::DpsLimits;
use crate::scenario::diagnostic::{Finding, unknown};
use crate::scenario::file::{CacheTable, File, Gateway, ShapingTable};
use crate::scenario::validate::{Build, Names};
use crate::units::SimDuration;

/// Fastest polling of the operation status: 5 in 10 s for each device (DPS limits, 2024-03-06).
const POLL_MIN: SimDuration = SimDuration::from_secs(2);

impl Build<'_> {
    /// The Device Provisioning Service; fills in its instances and its shaping.
    pub(super) fn dps(
        &mut self,
        file: &mut File,
        names: &Names,
        limits: &DpsLimits,
        prices: &PriceSheet,
    ) -> Option<DpsConfig> {
        self.dps_rules(file);
        let services = self.instances(file, names, limits);
        let topology = self.topology(file, names, prices);
        self.unlinked(file, names, &services, &topology);
        let dps = &mut file.dps;
        for shaping in [&mut dps.registration_shaping, &mut dps.operation_shaping] {
            *shaping = ShapingTable::from(shaping.over(Shaping::without_backlog()));
        }
        let allocation = self.allocation(file, names);
        let dps = &file.dps;
        Some(DpsConfig {
            services,
            named: !dps.services.is_empty(),
            topology,
            registration_shaping: dps.registration_shaping.over(Shaping::without_backlog()),
            operation_shaping: dps.operation_shaping.over(Shaping::without_backlog()),
            allocation: allocation?,
            reprovision: dps.reprovision,
            dead_source: dps.dead_source,
            assignment: dps.assignment,
            status: dps.status,
            retry_after: dps.retry_after,
            failed_retry: dps.failed_retry,
            poll: dps.poll,
            request_timeout: dps.request_timeout,
            draws_on_registry: dps.draws_on_registry,
            lookup_counts: dps.status_lookup_counts_as_registration,
            view_period: dps.view_period,
            detection: dps.detection.length(),
        })
    }

    fn dps_rules(&mut self, file: &File) {
        let dps = &file.dps;
        for (key, rate) in [("registrations", dps.registrations), ("operations", dps.operations)] {
            self.require(!rate.is_zero(), &format!("dps/{key}"), || {
                Finding::new("a limit of zero").expected("a rate above zero, such as \"1000/min\"")
            });
        }
        self.require(dps.poll >= POLL_MIN, "dps/poll", || {
            let finding = Finding::new(format!("polling each {}", dps.poll)).expected("at least 2 s");
            finding.help("DPS allows a device 5 polls in 10 s")
        });
        self.window_of("dps/registration_shaping", &dps.registration_shaping, true);
        self.window_of("dps/operation_shaping", &dps.operation_shaping, true);
        let lengths = [
            ("retry_after", dps.retry_after),
            ("failed_retry", dps.failed_retry),
            ("request_timeout", dps.request_timeout),
            ("view_period", dps.view_period),
        ];
        for (key, length) in lengths {
            self.require(!length.is_zero(), &format!("dps/{key}"), || {
                Finding::new("a length of zero").expected("one above zero, such as \"5 s\"")
            });
        }
    }

    /// The allocation policy, with the stamps that it names.
    fn allocation(&mut self, file: &File, names: &Names) -> Option<crate::model::dps::allocation::AllocationPolicy> {
        let mut policy = file.dps.allocation.clone();
        let (mut stamps, mut missing) = (Vec::new(), Vec::new());
        for name in policy.entry().stamps() {
            match names.stamps.iter().position(|stamp| stamp == name) {
                Some(stamp) => stamps.push(StampId(stamp as u16)),
                None => missing.push(name.to_owned()),
            }
        }
        let at = format!("dps/allocation/{}", policy.key());
        let known: Vec<&str> = names.stamps.iter().map(String::as_str).collect();
        for name in &missing {
            if !self.lost.items("stamps") {
                let place = self.place_of_text(&at, name);
                self.mistakes.push((place, unknown("stamp", name, &known)));
            }
        }
        policy.entry_mut().resolve(&stamps);
        if let Err((place, message)) = policy.entry_mut().resolve_names(names) {
            let path = format!("{at}/{place}");
            if message.starts_with("unknown ") || message.starts_with("no device") {
                self.say_name(&path, &message, &["stamps", "cohorts"]);
            } else {
                self.say_key(&path, Finding::from_message(&message));
            }
        }
        missing.is_empty().then_some(policy)
    }

    /// The gateway; none when nobody is called and none is described.
    pub(super) fn gateway(
        &mut self,
        file: &mut File,
        names: &Names,
        cohorts: Option<&[CohortConfig]>,
        prices: &PriceSheet,
    ) -> Option<GatewayConfig> {
        let called = cohorts.into_iter().flatten().any(|cohort| cohort.calls.is_some());
        if file.gateway.is_none() && !called {
            return None;
        }
        let devices = file.cohorts.iter().map(|cohort| cohort.devices).fold(0, u32::saturating_add);
        let first_region = file.stamps.first().map(|group| group.region.clone());
        let gateway = file.gateway.get_or_insert_with(Gateway::default);
        gateway.cache.capacity.get_or_insert(devices.max(1));
        gateway.region = gateway.region.take().or(first_region);
        let gateway = gateway.clone();
        self.gateway_rules(&gateway);
        for (path, price) in [("gateway/price", &gateway.price), ("gateway/cache/price", &gateway.cache.price)] {
            if let Some(price) = price {
                self.price(path, price, prices);
            }
        }
        Some(gateway_config(&gateway, names))
    }

    /// Rules of an application that does not follow its devices.
    fn learning_rules(&mut self, gateway: &Gateway) {
        if let Some(refresh) = gateway.refresh {
            self.require(!refresh.is_zero(), "gateway/refresh", || {
                Finding::new("learning all the time").expected("a length above zero, such as \"1 d\"")
            });
            if gateway.follows {
                let finding = Finding::new("the application follows its devices, so it learns nothing anew");
                self.say_key("gateway/refresh", finding.help("write follows = false for one that does not"));
            }
        }
        let at = "gateway/cache";
        let described = self.tree.at(&crate::scenario::tree::steps(at)).is_some();
        let default = CacheTable { capacity: gateway.cache.capacity, ..CacheTable::default() };
        if !gateway.follows && described && gateway.cache != default {
            let finding = Finding::new("a cache is described, but the application looks nothing up");
            self.say_key(at, finding.expected("one of the two").help("leave out [gateway.cache], or `follows`"));
        }
    }

    fn gateway_rules(&mut self, gateway: &Gateway) {
        self.learning_rules(gateway);
        let none = |what: &str| Finding::new(format!("{what} of zero")).expected("at least 1");
        self.require(gateway.replicas > 0, "gateway/replicas", || none("a number of replicas"));
        self.require(gateway.in_flight_max != Some(0), "gateway/in_flight_max", || none("a bound"));
        self.require(gateway.attempts > 0, "gateway/attempts", || none("a number of attempts"));
        self.require(gateway.attempt_timeout != Some(SimDuration::ZERO), "gateway/attempt_timeout", || {
            Finding::new("a length of zero").expected("one above zero, such as \"1 s\"")
        });
        let patience = gateway.attempt_timeout.unwrap_or(gateway.call_timeout);
        self.require(gateway.attempts == 1 || patience < gateway.call_timeout, "gateway/attempts", || {
            let finding = Finding::warning("an attempt lasts as long as its call, so there is never a second one");
            finding.help("set attempt_timeout below call_timeout")
        });
        self.require(gateway.dps_attempts > 0, "gateway/dps_attempts", || none("a number of attempts"));
        self.require(gateway.cache.capacity != Some(0), "gateway/cache/capacity", || {
            none("a capacity").help("write cached = false in [gateway] for one without a cache")
        });
        self.require(gateway.cache.ttl.length() != Some(SimDuration::ZERO), "gateway/cache/ttl", || {
            Finding::new("a time to live of zero").expected("one above zero, or \"never\"")
        });
        if let FallbackPolicy::Secondary(secondary) = &gateway.fallback {
            self.require(secondary.capacity != Some(0), "gateway/fallback/secondary/capacity", || none("a capacity"));
        }
        let lengths = [
            ("call_timeout", gateway.call_timeout),
            ("cache_timeout", gateway.cache_timeout),
            ("dps_backoff", gateway.dps_backoff),
        ];
        for (key, length) in lengths {
            self.require(!length.is_zero(), &format!("gateway/{key}"), || {
                Finding::new("a length of zero").expected("one above zero, such as \"1 s\"")
            });
        }
        let described = self.tree.at(&crate::scenario::tree::steps("gateway/cache")).is_some();
        let resolved = gateway.cache
            == crate::scenario::file::CacheTable { capacity: gateway.cache.capacity, ..Default::default() };
        if !gateway.cached && described && !resolved {
            let finding = Finding::new("a cache is described, but `cached` is false").expected("one of the two");
            self.say("gateway/cached", finding);
        }
    }

    /// The place of a text somewhere below a path: a parameter of a policy whose own type knows no places.
    pub(super) fn place_of_text(&self, path: &str, text: &str) -> crate::scenario::tree::Span {
        let table = self.tree.at(&crate::scenario::tree::steps(path));
        let key = table.and_then(|table| table.entries().iter().find(|entry| table.text(&entry.key) == Some(text)));
        key.map_or_else(|| self.tree.place_of_key(path), |entry| entry.value.span.clone())
    }
}

fn gateway_config(gateway: &Gateway, names: &Names) -> GatewayConfig {
    let cache = (gateway.cached && gateway.follows).then(|| CacheConfig {
        capacity: gateway.cache.capacity.unwrap_or(1),
        ttl: gateway.cache.ttl.length(),
        eviction: gateway.cache.eviction.clone(),
    });
    let cache_price = gateway.cache.price.as_ref().filter(|_| gateway.cached && gateway.follows);
    let prices = gateway.price.iter().chain(cache_price);
    GatewayConfig {
        replicas: gateway.replicas,
        in_flight_max: gateway.in_flight_max,
        call_timeout: gateway.call_timeout,
        attempts: gateway.attempts,
        attempt_timeout: gateway.attempt_timeout.unwrap_or(gateway.call_timeout),
        late_answers_fill: gateway.late_answers_fill,
        cache,
        learnt: (!gateway.follows).then_some(LearntConfig { refresh: gateway.refresh }),
        fallback: gateway.fallback.clone(),
        dps_attempts: gateway.dps_attempts,
        dps_backoff: gateway.dps_backoff,
        single_flight: gateway.single_flight,
        redirects_max: gateway.redirects_max,
        to_cache: gateway.to_cache,
        to_dps: gateway.to_dps,
        to_hub: gateway.to_hub,
        cache_timeout: gateway.cache_timeout,
        region: names.region_id(gateway.region.as_deref().unwrap_or_default()),
        fixed_prices: prices.map(|price| (price.name.clone(), price.quantity)).collect(),
    }
}
