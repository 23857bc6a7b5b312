//! `estimate`: what follows from a scenario without simulating it.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::figures::{Reading, count, many};
use super::options::Overrides;
use super::sources;
use super::table::{Sheet, Tone};
use super::terminal::Terminal;
use crate::experiment::estimate::{
    Added, Assumed, Cost, Crowd, Hub, Limit, LimitUse, Outlook, Use, estimate as work_out, first_to_bind,
};
use crate::scenario::Scenario;
use crate::units::{Ratio, SimDuration, SimTime};

const EXAMPLES: &str = "Examples:
  stampsim estimate growth.toml                      stamps, units, floors, cost and the limit that binds first
  stampsim estimate growth.toml --set stamps.0.hub.units=2
  stampsim estimate scenarios/ --message-format json";

/// Most stamps that are listed by name.
const ADDED_SHOWN_MAX: usize = 12;

/// Closed forms only: stamps, units, floors, cost and the limit that binds first, without a simulation
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Estimate {
    /// Scenario files, or folders: every *.toml below, except in catalog/
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Share of time that a stamp is down, for the blast radius
    #[arg(long, value_name = "SHARE", default_value = "0.1 %")]
    unavailability: Ratio,
    /// Share of that in which all stamps are down together
    #[arg(long, value_name = "SHARE", default_value = "50 %")]
    common_cause: Ratio,
    #[command(flatten)]
    overrides: Overrides,
}

/// Works out every scenario and prints it.
pub(super) fn estimate(terminal: &Terminal, options: &Estimate) -> Result<(), Failure> {
    let assumed = Assumed { unavailability: options.unavailability, common_share: options.common_cause };
    for scenario in sources::load(terminal, &options.files, &options.overrides)? {
        let outlook = work_out(&scenario, &assumed);
        terminal.message("estimate", json_of(&scenario, &outlook));
        terminal.data(&text_of(&scenario, &outlook, &assumed, terminal.colors_data()));
        tell_doubts(terminal, &scenario, &outlook);
    }
    Ok(())
}

/// What closed forms leave out of a scenario.
fn tell_doubts(terminal: &Terminal, scenario: &Scenario, outlook: &Outlook) {
    let model = &scenario.model;
    if !model.faults.is_empty() || !model.moves.is_empty() {
        terminal.say(&format!("{}: faults and moves are not in these figures; `run` simulates them", scenario.name));
    }
    if outlook.added.iter().any(|added| !added.planned) {
        terminal.say(&format!("{}: stamps that are due are in no figure here; no policy adds them", scenario.name));
    }
}

fn text_of(scenario: &Scenario, outlook: &Outlook, assumed: &Assumed, colors: bool) -> String {
    let mut lines =
        vec![format!("{}: {}", scenario.name, Tone::Aside.paint(&scenario.question, colors)), String::new()];
    lines.extend(fleet_lines(scenario, outlook));
    lines.extend(outlook.hubs.iter().flat_map(hub_lines));
    lines.push(line("registration", &crowd(&outlook.registration, "all devices register anew")));
    lines.extend(gateway_line(outlook));
    lines.extend(cost_lines(outlook));
    lines.push(line("blast radius", &blast(outlook, assumed)));
    lines.push(String::new());
    let table = limits_table(scenario, &outlook.limits, colors).text();
    format!("{}\n{table}{}\n\n", lines.join("\n"), line("binds first", &binding(scenario, outlook)))
}

fn line(head: &str, text: &str) -> String {
    format!("{head:<13} {text}")
}

/// A moment of the run, such as `day 212 (2026-07-31)`.
fn moment(scenario: &Scenario, at: SimTime) -> String {
    let day = at.since_start().0 / SimDuration::DAY.0;
    let date = date(&scenario.start, at).map_or_else(String::new, |date| format!(" ({date})"));
    if scenario.model.horizon < SimDuration::DAY * 2 {
        return at.since_start().to_string();
    }
    format!("day {day}{date}")
}

/// The date of a moment.
fn date(start: &str, at: SimTime) -> Option<String> {
    let start: jiff::Timestamp = start.parse().ok()?;
    let length = jiff::SignedDuration::from_micros(i64::try_from(at.0).ok()?);
    Some(start.checked_add(length).ok()?.strftime("%Y-%m-%d").to_string())
}

fn fleet_lines(scenario: &Scenario, outlook: &Outlook) -> Vec<String> {
    let (from, to) = outlook.devices;
    let horizon = scenario.model.horizon;
    let due = outlook.added.iter().filter(|added| !added.planned).count();
    let (first, last) = outlook.stamps;
    let due = if due == 0 { String::new() } else { format!(", {due} more due") };
    let mut lines = vec![
        line("devices", &format!("{} at the start, {} after {horizon}", count(from), count(to))),
        line("stamps", &format!("{first} at the start, {last} at the end{due}")),
    ];
    lines.extend(outlook.added.iter().take(ADDED_SHOWN_MAX).map(|added| added_line(scenario, added)));
    if outlook.added.len() > ADDED_SHOWN_MAX {
        lines.push(format!("  and {} more", outlook.added.len() - ADDED_SHOWN_MAX));
    }
    lines
}

fn added_line(scenario: &Scenario, added: &Added) -> String {
    let sign = if added.planned { "+" } else { "!" };
    let (ready, ordered) = (moment(scenario, added.ready), moment(scenario, added.ordered));
    let words = if added.planned { "ordered" } else { "due; order by" };
    format!("  {sign} {} {ready}, {words} {ordered}", added.stamp.name)
}

fn hub_lines(hub: &Hub) -> [String; 2] {
    let Hub { first, alike, edition, units, devices, needs, cheapest, .. } = hub;
    let needs = match needs {
        Some((needed, limit)) => format!("{} by the {}", many(u64::from(*needed), "unit"), limit.name()),
        None => "more than this edition has".to_owned(),
    };
    let cheapest = cheapest.as_ref().map_or_else(String::new, |(edition, units, price)| {
        format!("; cheapest by list: {edition} x {units} at ${} a month", count(*price))
    });
    let alike = if *alike == 1 { first.clone() } else { format!("{alike} like {first}") };
    [
        line(
            "hub",
            &format!("{alike}: {edition} x {units} with {} devices; needs {needs}{cheapest}", count(devices.max(0.0))),
        ),
        line("  reconnect", &crowd(&hub.reconnect, "spread first attempts over that")),
    ]
}

/// "50,000 devices through 240/s take 208 s".
fn crowd(crowd: &Crowd, advice: &str) -> String {
    let seconds = |s: f64| SimDuration::from_secs_f64(s.round()).to_string();
    let rate = per_second(crowd.rate_per_s);
    let (devices, drain) = (count(crowd.devices), seconds(crowd.drain_s));
    format!(
        "{devices} devices through {rate} take {drain} (floor with saved credit {}); {advice}",
        seconds(crowd.floor_s)
    )
}

fn per_second(rate: f64) -> String {
    format!("{}/s", Reading::of("imbalance_ratio").alone(rate))
}

fn gateway_line(outlook: &Outlook) -> Option<String> {
    let misses = outlook.misses?;
    let share = |ratio: f64| Reading::of("cache_miss_ratio").alone(ratio);
    let text = format!(
        "{} of calls miss when warm, {} over the run; DPS gets {} of {}, and {} when the cache is empty",
        share(misses.steady),
        share(misses.over_run),
        per_second(misses.steady * misses.calls_per_s),
        per_second(outlook.look_ups_limit),
        per_second(misses.calls_per_s),
    );
    Some(line("cache", &text))
}

fn cost_lines(outlook: &Outlook) -> Vec<String> {
    let heads = ["cost at start", "cost at end", "cost of run"];
    let costs = heads.into_iter().zip(outlook.cost).filter_map(|(head, cost)| Some((head, cost?)));
    costs.map(|(head, cost)| line(head, &money(&cost))).collect()
}

fn money(cost: &Cost) -> String {
    let per = |usd: f64| Reading::of("cost_per_device_usd_per_month").alone(usd);
    format!(
        "${} a month; by device {} (floor {}, premium {:.2})",
        count(cost.usd_per_month),
        per(cost.per_device),
        per(cost.floor_per_device),
        cost.premium()
    )
}

fn blast(outlook: &Outlook, assumed: &Assumed) -> String {
    let share = |ratio: f64| Reading::of("blast_radius_ratio").alone(ratio);
    let blast = &outlook.blast;
    format!(
        "one stamp holds {}; down on average {} ± {} (sd), with stamps down {} of the time, {} of it together",
        share(blast.largest_share),
        share(blast.expected_share),
        share(blast.sd_share),
        share(assumed.unavailability.get()),
        share(assumed.common_share.get()),
    )
}

fn limits_table(scenario: &Scenario, limits: &[LimitUse], colors: bool) -> Sheet {
    let mut sheet =
        Sheet::new(&["limit", "at the start", "at the end", "of", "share", "reached", "at devices"], colors);
    sheet.right([1, 2, 3, 4, 6]);
    for LimitUse { limit, start, end, share_max, reached, devices } in limits {
        let number = |value: f64| Reading::of("imbalance_ratio").alone(value);
        let share = Reading::of("quota_used_ratio").alone(end.share());
        let when = reached.map_or_else(|| "not in the run".to_owned(), |at| moment(scenario, at));
        let tone = if *share_max > 1.0 { Tone::Bad } else { Tone::Plain };
        let cells = [
            limit.name().to_owned(),
            number(start.used),
            number(end.used),
            room(*limit, end.room),
            share,
            when,
            devices.map_or_else(|| "-".to_owned(), count),
        ];
        sheet.row(cells.iter().map(|cell| (cell.as_str(), tone)));
    }
    sheet
}

fn room(limit: Limit, room: f64) -> String {
    match limit.unit() {
        "1/s" => per_second(room),
        unit => format!("{} {unit}", count(room)),
    }
}

fn binding(scenario: &Scenario, outlook: &Outlook) -> String {
    let Some(LimitUse { limit, end, reached, devices, .. }) = first_to_bind(&outlook.limits) else {
        return "nothing: no limit is used".to_owned();
    };
    let name = limit.name();
    match (reached, devices) {
        (Some(at), _) => format!("{name}, {}", moment(scenario, *at)),
        (None, Some(devices)) => {
            let share = Reading::of("quota_used_ratio").alone(end.share());
            format!("{name}, at {} devices with the stamps of the end; now {share}, so not in the run", count(*devices))
        }
        (None, None) => format!("{name}, not in the run"),
    }
}

fn json_of(scenario: &Scenario, outlook: &Outlook) -> Value {
    let added: Vec<Value> = (outlook.added.iter())
        .map(|a| {
            json!({ "stamp": a.stamp.name, "ordered_s": a.ordered.secs(), "ready_s": a.ready.secs(), "planned": a.planned,
                "ready": date(&scenario.start, a.ready) })
        })
        .collect();
    let hubs: Vec<Value> = (outlook.hubs.iter())
        .map(|hub| {
            let needs = hub.needs.map(|(units, limit)| json!({ "units": units, "limit": limit.name() }));
            let cheapest = hub.cheapest.as_ref().map(|(edition, units, usd)| json!({ "edition": edition, "units": units, "usd_per_month": usd }));
            json!({ "first": hub.first, "alike": hub.alike, "edition": hub.edition, "units": hub.units, "devices": hub.devices,
                "needs": needs, "cheapest": cheapest, "reconnect": crowd_json(&hub.reconnect) })
        })
        .collect();
    let limits: Vec<Value> = outlook.limits.iter().map(limit_json).collect();
    let [start, end, run] = outlook.cost.map(|cost| cost.map(cost_json));
    let misses = outlook.misses.map(|m| {
        json!({ "steady_ratio": m.steady, "over_run_ratio": m.over_run, "calls_per_s": m.calls_per_s,
            "look_ups_per_s": m.steady * m.calls_per_s, "limit_per_s": outlook.look_ups_limit })
    });
    let blast = &outlook.blast;
    json!({
        "scenario": scenario.name, "devices": { "start": outlook.devices.0, "end": outlook.devices.1 },
        "stamps": { "start": outlook.stamps.0, "end": outlook.stamps.1, "added": added }, "hubs": hubs,
        "registration": crowd_json(&outlook.registration), "cache": misses, "cost": { "start": start, "end": end, "run": run },
        "blast_radius": { "largest_share": blast.largest_share, "effective_stamps": blast.effective_stamps,
            "expected_share": blast.expected_share, "sd_share": blast.sd_share },
        "limits": limits, "binds_first": first_to_bind(&outlook.limits).map(limit_json),
    })
}

fn crowd_json(crowd: &Crowd) -> Value {
    json!({ "devices": crowd.devices, "rate_per_s": crowd.rate_per_s, "drain_s": crowd.drain_s, "floor_s": crowd.floor_s })
}

fn cost_json(cost: Cost) -> Value {
    json!({ "usd_per_month": cost.usd_per_month, "per_device_usd_per_month": cost.per_device,
        "floor_usd_per_month": cost.floor_per_device, "premium_ratio": cost.premium() })
}

fn limit_json(limit: &LimitUse) -> Value {
    let usage = |usage: Use| json!({ "used": usage.used, "limit": usage.room, "share": usage.share() });
    json!({ "limit": limit.limit.name(), "unit": limit.limit.unit(), "hard": limit.limit.is_hard(), "start": usage(limit.start),
        "end": usage(limit.end), "share_max": limit.share_max, "reached_s": limit.reached.map(SimTime::secs), "at_devices": limit.devices })
}
