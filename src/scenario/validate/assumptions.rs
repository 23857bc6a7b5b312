//! What a scenario takes for granted: every figure that no public source confirms, and every simplification it uses.

use crate::cost::{Confidence, PriceSheet};
use crate::kernel::law::{DurationForm, DurationLaw, LogNormalSpread};
use crate::model::condition::Condition;
use crate::model::config::ModelConfig;
use crate::model::dps::allocation::AllocationPolicy;
use crate::model::dps::topology::Role;
use crate::model::fault::remediation::{Learns, Plan};
use crate::model::fault::{RemedyConfig, Schedule};
use crate::model::limit::Shaping;
use crate::model::movement::pacing::LOOK;
use crate::model::movement::wave::MoveConfig;
use crate::model::population::cohort::OnBoot;
use crate::model::population::traffic::{Fidelity, Popularity};
use crate::model::stamp::path::PathConfig;
use crate::scenario::file::File;

/// A line for each assumption, with its value; in a fixed order.
pub(super) fn of(file: &File, model: &ModelConfig, prices: &PriceSheet) -> Vec<String> {
    let mut lines = Vec::new();
    limits(model, &mut lines);
    provisioning(model, &mut lines);
    topology(model, &mut lines);
    devices(file, model, &mut lines);
    gateway(model, &mut lines);
    happenings(model, &mut lines);
    users(file, model, &mut lines);
    windows(model, &mut lines);
    money(model, prices, &mut lines);
    lines
}

fn shaping(what: &str, shaping: Shaping) -> String {
    if let Some(window) = shaping.window {
        return format!("{what}: counted in fixed windows of {window}, nothing kept and nothing waiting");
    }
    format!(
        "{what}: burst credit of {} of the limit, backlog of {}, time-out {} (Azure documents the stages, not the sizes)",
        shaping.credit, shaping.backlog, shaping.backlog_timeout
    )
}

fn limits(model: &ModelConfig, lines: &mut Vec<String>) {
    for stamp in &model.stamps {
        let parts = [
            ("new connections", stamp.connect_shaping),
            ("sends", stamp.send_shaping),
            ("registry operations", stamp.registry_shaping),
            ("direct methods", stamp.method_shaping),
        ];
        for (what, parameters) in parts {
            once(lines, shaping(&format!("shaping of {what} at hubs"), parameters));
        }
        once(
            lines,
            format!("a hub answers after {} beside the network (no published distribution)", law(&stamp.answer)),
        );
    }
    lines.push("refused attempts consume nothing of a throttle (not documented)".to_owned());
    if model.stamps.iter().all(|stamp| stamp.path.quota_enforced) {
        lines.push("a message or call that would exceed the daily quota is refused (403002) and not sent again; the counter begins anew at 00:00 UTC".to_owned());
    } else {
        lines.push("the daily message quota is metered and reported, not enforced".to_owned());
    }
    lines.push("the registry of a hub ends at its soft cap, which only support raises".to_owned());
    if model.stamps.iter().any(|stamp| stamp.path.ingress.is_none()) {
        lines.push("the throughput of the routing endpoint is billed and not limited".to_owned());
    }
    model.stamps.iter().for_each(|stamp| path(&stamp.path, lines));
}

/// What is carried out of a stamp's path.
fn path(path: &PathConfig, lines: &mut Vec<String>) {
    if path.is_on() {
        let after = path.sustained;
        once(
            lines,
            format!(
                "refusals by a hub's throttle carry 429001 once it was over its limit for {after} (not documented), before that 429002 or 429003"
            ),
        );
        let every = path.checkpoint.map_or_else(|| "with each message".to_owned(), |every| format!("each {every}"));
        once(lines, format!("processing saves its position {every}; a restart reads again from there, in order"));
    }
    let Some(ingress) = &path.ingress else { return };
    once(
        lines,
        format!(
            "a throughput unit takes {} events and {} in a second, with {} of it as credit; what meets ServerBusy waits in the hub for up to {} and is sent again in order as soon as it is taken (how the hub retries is not documented)",
            ingress.events, ingress.bytes, ingress.credit, ingress.retention
        ),
    );
    if let Some(inflation) = ingress.inflation {
        once(
            lines,
            format!(
                "auto-inflate adds {} throughput units {} after ServerBusy, again and again up to {}, lowers none, and is billed by time (its rule is not documented)",
                inflation.step, inflation.delay, inflation.units_max
            ),
        );
    }
}

fn provisioning(model: &ModelConfig, lines: &mut Vec<String>) {
    let dps = &model.dps;
    for service in &dps.services {
        let who = if dps.named { service.name.as_str() } else { "DPS" };
        once(
            lines,
            format!(
                "{who} accepts {} registrations and {} service operations (sources name 200/min and 1000/min; support raises them)",
                service.registrations, service.operations
            ),
        );
    }
    once(lines, shaping("shaping of DPS registrations", dps.registration_shaping));
    once(lines, shaping("shaping of DPS operations", dps.operation_shaping));
    lines.push(format!(
        "DPS works {} on an assignment and {} on a status request (no published distribution)",
        law(&dps.assignment),
        law(&dps.status)
    ));
    lines.push(format!(
        "a request that DPS refuses is repeated after {} (the value of Retry-After is not documented)",
        dps.retry_after
    ));
    lines.push(format!("a device whose registration failed asks again after {}", dps.failed_retry));
    let draws = if dps.draws_on_registry { "draws" } else { "does not draw" };
    lines.push(format!("the work of DPS {draws} on the registry throttles of the hubs (not documented)"));
    lines.push("a look-up of a registration state counts as one service operation".to_owned());
    if model.cohorts.iter().any(|cohort| cohort.twins.is_some()) {
        lines.push(
            "operations on twins come at random while a device is connected; one that is refused is not tried again"
                .to_owned(),
        );
    }
    if model.cohorts.iter().any(|cohort| cohort.on_boot == OnBoot::Query) {
        let draws = if dps.lookup_counts { "draws" } else { "does not draw" };
        lines.push(format!(
            "a device that asks DPS for its hub {draws} on the limit of registrations (sources disagree), and is not billed"
        ));
    }
    if matches!(dps.allocation, AllocationPolicy::Hashed(_) | AllocationPolicy::CapacityAware(_)) {
        lines.push("hashed allocation is weighted rendezvous hashing of the registration ID, without a load term (the hash is not documented, and one older page mentions load)".to_owned());
    }
    if matches!(dps.allocation, AllocationPolicy::CostAware(_)) {
        lines.push("one device more costs a stamp's month of fixed prices over its planned capacity, since a full stamp calls for another".to_owned());
    }
    if matches!(dps.allocation, AllocationPolicy::GeoLatency(_)) {
        lines
            .push("the latency between regions follows from their distance (Azure uses a table of its own)".to_owned());
    }
    if let Some(hook) = dps.allocation.entry().webhook() {
        lines.push(format!(
            "the webhook of the custom allocation answers after {}, fails {} of its calls, is waited for {} and called again {} time(s); then the registration fails (none of it documented)",
            law(&hook.latency),
            hook.failures,
            hook.timeout,
            hook.retries
        ));
    }
    lines.push(format!("what policies see is up to {} old", dps.view_period));
    let detection = dps.detection.map_or_else(|| "never".to_owned(), |after| format!("{after} after an outage begins"));
    lines.push(format!("a dead hub leaves allocation: {detection}"));
    lines.push("a migration from a hub that is down is carried out as a reset (not documented)".to_owned());
}

/// What is taken for granted of several instances and of what stands before them.
fn topology(model: &ModelConfig, lines: &mut Vec<String>) {
    let dps = &model.dps;
    if !dps.is_followed() {
        return;
    }
    for service in &dps.services {
        let most = service.registrations_max.map_or_else(|| "any number of".to_owned(), |most| most.to_string());
        lines.push(format!(
            "{} holds {most} registrations; one more fails (a soft limit, which support raises)",
            service.name
        ));
    }
    if let Some(api) = dps.topology.entry().api() {
        let limit = api.limit.map_or_else(|| "without a limit".to_owned(), |limit| format!("up to {limit}"));
        lines.push(format!(
            "the provisioning API answers devices after {}, {limit}; it is your own, so nothing of it is documented",
            law(&api.round_trip)
        ));
        lines.push(match api.sends_elsewhere {
            Some(after) => format!("the provisioning API sends devices to other instances {after} after one went down; an assignment by another instance is new: the device's old registration and identity are removed, and its twin is reset"),
            None => "the provisioning API keeps each device at its instance, even while that is down".to_owned(),
        });
        match api.role {
            Role::HandsOut { ask_again_after } => lines.push(format!("a device keeps its ID scope and asks the API again after {ask_again_after} requests that nobody answered")),
            Role::StandsBefore { to_dps, store } => lines.push(format!("the provisioning API reaches DPS after {}, its store answers look-ups after {} and knows each assignment at once", law(&to_dps), law(&store))),
        }
    }
    if dps.topology.entry().factory().is_some() {
        lines.push("a new device registers at the factory DPS, which keeps its registration, and then at the instance of its owner (how it is redirected is not documented); later registrations go there".to_owned());
    }
    if let Some((people, time)) = dps.topology.entry().installers() {
        lines.push(format!(
            "{people} installers work around the clock, {} for each new device, in order of arrival",
            law(&time)
        ));
    }
}

fn devices(file: &File, model: &ModelConfig, lines: &mut Vec<String>) {
    let network = &model.network;
    lines.push(format!(
        "round trips of devices: {} to a hub, {} to DPS (no published distribution)",
        law(&network.device_to_hub),
        law(&network.device_to_dps)
    ));
    if network.distance {
        lines.push("distance between regions adds 1 ms to a round trip for each 66.7 km of great circle".to_owned());
    }
    for cohort in &file.cohorts {
        let keep_alive = cohort.keep_alive.map(|length| length.to_string()).unwrap_or_default();
        lines.push(format!(
            "{}: back-off `{}`, first attempt after {}, notices within {} that it must register, keep-alive {keep_alive}",
            cohort.name,
            cohort.retry.key(),
            law(&cohort.first_attempt),
            law(&cohort.registration_delay),
        ));
    }
    let telemetry = model.cohorts.iter().any(|cohort| cohort.telemetry.is_some());
    match model.fidelity {
        Fidelity::Flow if telemetry => lines.push(format!(
            "telemetry is counted in ticks of {}; a message that a throttle refuses is lost",
            model.tick
        )),
        Fidelity::Superposed if telemetry => lines.push(format!(
            "telemetry is superposed in ticks of {}: who is connected changes between them; a message that a throttle refuses is lost",
            model.tick
        )),
        _ => {}
    }
    if model
        .cohorts
        .iter()
        .any(|cohort| matches!(&cohort.calls, Some(calls) if calls.popularity == Popularity::Uniform))
    {
        lines.push("calls are spread evenly over the devices of a cohort with `uniform` popularity".to_owned());
    }
}

fn gateway(model: &ModelConfig, lines: &mut Vec<String>) {
    let Some(gateway) = &model.gateway else { return };
    lines.push(format!(
        "round trips of the gateway: {} to the cache, {} to DPS, {} to a hub (no published distribution)",
        law(&gateway.to_cache),
        law(&gateway.to_dps),
        law(&gateway.to_hub)
    ));
    lines.push(format!("a call to a device is a direct method that is given up after {}", gateway.call_timeout));
    if let Some(learnt) = gateway.learnt {
        let refresh = learnt
            .refresh
            .map_or_else(|| "never learns it anew".to_owned(), |each| format!("learns all anew each {each}"));
        lines.push(format!(
            "the application calls the hub that it learnt when a device was first assigned, and {refresh}"
        ));
    }
    if gateway.cache.is_some() {
        lines.push("the throughput of the cache is not limited".to_owned());
    }
}

/// What closed forms stand for between windows of observation.
fn windows(model: &ModelConfig, lines: &mut Vec<String>) {
    let Some(windows) = &model.windows else { return };
    let (n, length, warm_up) = (windows.regular.len(), windows.length, windows.warm_up);
    lines.push(format!(
        "calls, the cache and renewals are looked at in {n} regular windows of {length} after a warm-up of {warm_up}, and around edges; {} % of a limit opens a window, {} % lets it close",
        windows.opens_at * 100.0,
        windows.closes_at * 100.0
    ));
    if model.cohorts.iter().any(|cohort| cohort.calls.is_some()) {
        lines.push("closed form between windows: calls at their mean rate use messages of the daily quota and direct methods of the hubs that hold their devices".to_owned());
        let called = (0..model.cohorts.len()).filter(|c| model.cohorts[*c].calls.is_some());
        let fleet: u64 = called.map(|c| u64::from(model.devices_max(c))).sum();
        let misses = match model.gateway.as_ref().and_then(|gateway| gateway.cache.as_ref()) {
            None => "each call is a look-up at DPS",
            Some(cache) if u64::from(cache.capacity) < fleet => {
                "look-ups at DPS by the characteristic time of the cache while the fleet is larger than it (an approximation); at an opening it holds who was called last"
            }
            Some(cache) if cache.ttl.is_none() => "the first call of a device is a look-up at DPS",
            Some(_) => "1 / (1 + L T) of the calls are look-ups at DPS, at a rate L of a device and a time to live T",
        };
        lines.push(format!("closed form between windows: {misses}"));
    }
    if model.renews() {
        lines.push("closed form between windows: renewals by the phase of each device's last connection use the connect throttle, and each takes the mean time of a reconnection; states of devices do not show them".to_owned());
    }
}

fn happenings(model: &ModelConfig, lines: &mut Vec<String>) {
    for fault in &model.faults {
        if let Schedule::Drawn { gap, repair } = &fault.schedule {
            lines.push(format!("{}: again after {}, repaired after {}", fault.name, law(gap), law(repair)));
        }
        if let Schedule::Once { length, .. } = &fault.schedule {
            let length = if length.is_zero() { "a moment".to_owned() } else { law(length) };
            lines.push(format!("{}: lasts {length}", fault.name));
        }
        fault.effects.iter().for_each(|effect| condition(&fault.name, &effect.condition, lines));
        if let Some(common) = &fault.common {
            let (share, others) = (common.share.get() * 100.0, common.targets);
            lines.push(format!(
                "{}: {share} % of its occurrences strike {others} other target(s) at the same time, for the same time",
                fault.name
            ));
        }
        if let Some(RemedyConfig { plan: Some(plan), .. }) = &fault.remedy {
            remedy(&fault.name, plan, lines);
        }
    }
    model.moves.iter().for_each(|plan| control(plan, lines));
    if model.scaling.policy.entry().adds() {
        lines.push(format!("a new stamp takes devices {} after the decision", model.scaling.lead_time));
    }
    let policy = model.scaling.policy.entry();
    if let Some(rule) = policy.scale_up() {
        lines.push(format!("another size of a hub takes effect {} after the call (not documented)", rule.delay));
        lines.push("burst credit and backlog keep their share of a limit that changes (not documented)".to_owned());
    }
    if model.stamps.iter().any(|stamp| stamp.processing.scaling.is_some()) {
        for rule in model.stamps.iter().filter_map(|stamp| stamp.processing.scaling) {
            once(
                lines,
                format!("a server of processing works {} after it was ordered, and is never taken away", rule.delay),
            );
        }
    }
    for retirement in &model.retirements {
        lines.push(format!(
            "{}: stamps of no other generation take no device any more, not even their own anew",
            retirement.name
        ));
    }
    if model.features.iter().any(|feature| feature.breaks) {
        lines.push(
            "errors of a feature fail connection attempts and calls, and break no connection that stands".to_owned(),
        );
    }
    if policy.drains() {
        lines.push(match model.scaling.drain_pace {
            Some(pace) => format!("a drained stamp is emptied by evictions, {pace}"),
            None => "a drained stamp empties only as devices register again by themselves".to_owned(),
        });
    }
}

/// What a condition of a fault takes for granted.
fn condition(fault: &str, condition: &Condition, lines: &mut Vec<String>) {
    match condition {
        Condition::FailingOver(loses) => lines.push(format!(
            "{fault}: the paired region lacks the registrations of the last {} before it (documented: 0 to 5 min, its distribution is not), and messages that were not read; twins and jobs are not simulated",
            law(loses)
        )),
        Condition::NoProvisioning => lines.push(format!(
            "{fault}: a registration that keeps its hub succeeds, one that would enter or leave the hub fails (not documented)"
        )),
        Condition::Reboots(wave) => {
            let when = wave.batches.map_or_else(|| "at times of their own".to_owned(), |n| format!("in {n} batches"));
            lines.push(format!("{fault}: devices restart {when}, and are off for {}", law(&wave.reboot)));
        }
        Condition::Breaks(share, ..) => {
            lines.push(format!("{fault}: {:.0} % of the connections break (a zone's share is not documented)", share.get() * 100.0));
        }
        _ => {}
    }
}

/// What a remedy takes for granted.
fn remedy(fault: &str, plan: &Plan, lines: &mut Vec<String>) {
    let learns = match plan.learns {
        Learns::Concierge => "a service beside the hubs tells each device at its turn",
        Learns::ByItself => "devices learn of it only by asking DPS",
    };
    lines.push(format!(
        "{fault}: the operator notices after {} and moves devices, {}; {learns}; a dead hub gives up their identities at once",
        plan.detection, plan.pace
    ));
    if let Some(back) = plan.back {
        lines.push(format!("{fault}: {} after its end devices are moved back, {}", back.after, back.pace));
    }
}

/// What an operator knows and does in a move.
fn control(plan: &MoveConfig, lines: &mut Vec<String>) {
    let name = &plan.name;
    if plan.pacing.entry().watches() {
        lines.push(format!("{name}: what others use of the throttles is looked at each {LOOK}"));
    }
    if plan.prewarm.identities {
        lines.push(format!(
            "{name}: an import job has made the identities when the move begins, and draws on no throttle (its length is not documented)"
        ));
    }
    if let Some(guard) = &plan.guard {
        lines.push(format!(
            "{name}: its guard looks each {} at calls of {} and at devices down for {}; a failed call is any that was not delivered",
            guard.check_every, guard.window, guard.down_for
        ));
    }
}

fn users(file: &File, model: &ModelConfig, lines: &mut Vec<String>) {
    for (table, users) in file.users.iter().zip(&model.users) {
        let probing = &users.probing;
        lines.push(format!(
            "{}: {} probes each {} from {} location(s), fails after {}, tolerates {} failure(s); a front end that refuses fails at once, a good probe brings it back",
            users.name, table.routing.key(), probing.interval, probing.locations, probing.timeout, probing.tolerated_failures
        ));
        match &users.answers {
            Some(answers) => lines.push(format!(
                "{}: every answer is kept for {} and renewed when it runs out, its age uniform at the start; resolvers keep {} % of the users' answers for longer (the default of 60 s is unconfirmed)",
                users.name,
                answers.ttl,
                answers.resolvers.iter().map(|resolver| resolver.share.get() * 100.0).sum::<f64>()
            )),
            None => lines.push(format!("{}: figures of the proxy are unconfirmed", users.name)),
        }
        if !users.weights.is_empty() {
            lines.push(format!("{}: each user keeps the endpoint that weights gave it while that works", users.name));
        }
        if users.bill.is_some() {
            lines.push(format!("{}: each user is a resolver of its own, whose every query is billed", users.name));
        }
        if let Some(session) = users.holding() {
            lines.push(format!(
                "{}: sessions last {} on average (exponential); a silent one is given up after {}",
                users.name, session.mean, session.notice
            ));
        }
    }
}

fn money(model: &ModelConfig, prices: &PriceSheet, lines: &mut Vec<String>) {
    lines.push(format!(
        "a month is billed as {} h, and parts of it by time (the rule for parts is not documented)",
        prices.hours_per_month()
    ));
    let fixed = model.stamps.iter().flat_map(|stamp| {
        let fixed = stamp.fixed_prices.iter().map(|price| price.price.clone());
        fixed.chain([stamp.edition.unit_price.clone()])
    });
    for id in fixed.chain(["dps.operations_1k".to_owned()]) {
        for price in prices.prices_of(&id).filter(|price| price.confidence != Confidence::Confirmed) {
            let others: Vec<String> = price.alternatives.iter().map(ToString::to_string).collect();
            let amount = price.tiers.first().map(|tier| tier.amount.to_string()).unwrap_or_default();
            let why = match price.confidence {
                Confidence::Conflict => format!("sources disagree; others say {}", others.join(", ")),
                _ => "a ratio read in another currency".to_owned(),
            };
            once(lines, format!("price `{id}` is {amount} {} ({why})", prices.currency()));
        }
    }
}

/// A law in words.
fn law(law: &DurationLaw) -> String {
    match law.form() {
        DurationForm::Constant(value) => value.to_string(),
        DurationForm::Uniform { low, high } => format!("{low} to {high} (uniform)"),
        DurationForm::Exponential { mean } => format!("{mean} on average (exponential)"),
        DurationForm::LogNormal { median, spread: LogNormalSpread::P99(p99) } => {
            format!("{median} (lognormal median, 99 % below {p99})")
        }
        DurationForm::LogNormal { median, spread: LogNormalSpread::Sigma(sigma) } => {
            format!("{median} (lognormal median, sigma {sigma})")
        }
        _ => law.to_string(),
    }
}

fn once(lines: &mut Vec<String>, line: String) {
    if !lines.contains(&line) {
        lines.push(line);
    }
}
