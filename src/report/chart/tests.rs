//! Every chart over a made-up study and over what studies may throw at it: the SVG is well-formed and bounded, the
//! same bytes come out twice, and no text leaves the picture or meets another.

use std::collections::BTreeMap;

use resvg::usvg::roxmltree::{Document, Node};

use super::theme::{Anchor, HEIGHT, LABEL, LABEL_PITCH, WIDTH};
use super::{Picture, pictures, text};
use crate::analysis::{Estimate, Mark, MarkKind, Study};
use crate::metrics::MeasureKey;
use crate::units::{SimDuration, SimTime};

const MINUTE: u64 = 60_000_000;
const DAY: u64 = 1_440 * MINUTE;

/// A number from 0 to 1 that looks random and is the same everywhere.
fn noise(i: usize, salt: u64) -> f64 {
    let mut x = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) as f64 / u64::MAX as f64
}

fn estimate(mean: f64, n: u32) -> Estimate {
    let (low, high) = if n > 1 { (mean * 0.86, mean * 1.16) } else { (f64::NAN, f64::NAN) };
    if n == 0 { Estimate { mean: f64::NAN, low: f64::NAN, high: f64::NAN, n } } else { Estimate { mean, low, high, n } }
}

fn series(count: usize, n: u32, value: impl Fn(usize) -> f64) -> Vec<Estimate> {
    (0..count).map(|i| estimate(value(i), n)).collect()
}

fn mark(kind: MarkKind, label: &str, from: u64, until: u64) -> Mark {
    Mark { kind, label: label.to_owned(), from: SimTime(from), until: SimTime(until) }
}

fn empty(horizon: u64, window: u64) -> Study {
    Study {
        scenario: "outage/one-stamp-down".to_owned(),
        question: "One of four stamps is down for 45 minutes: who notices, and for how long?".to_owned(),
        start: "2026-03-02T00:00:00Z".to_owned(),
        horizon: SimDuration(horizon),
        window: SimDuration(window),
        replications: 3,
        estimates: BTreeMap::new(),
        series: BTreeMap::new(),
        histograms: BTreeMap::new(),
        marks: Vec::new(),
    }
}

/// How strong an outage from window `from` to `until` of windows of five minutes is felt in window `i`.
fn felt(i: usize, from: usize, until: usize) -> f64 {
    let ease = |left: f64| left * left;
    match i {
        i if i < from => 0.0,
        i if i < until => ease(((i - from + 1) as f64 / 3.0).min(1.0)),
        i => ease((1.0 - (i - until) as f64 / 6.0).max(0.0)),
    }
}

/// Six hours with an outage and two moves, windows of five minutes.
fn outage() -> Study {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    study.marks = vec![
        mark(MarkKind::Fault, "weu-2 outage", 60 * MINUTE, 105 * MINUTE),
        mark(MarkKind::Move, "evacuate weu-2", 75 * MINUTE, 150 * MINUTE),
        mark(MarkKind::Move, "return to weu-2", 240 * MINUTE, 290 * MINUTE),
    ];
    add_latency(&mut study, 72, 3);
    add_cache(&mut study, 72, 3);
    add_states(&mut study, 72, 3);
    add_outcomes(&mut study, 72, 3);
    add_load(&mut study, 72, 3);
    add_stamps(&mut study, 72, 3, 4);
    study
}

fn add_latency(study: &mut Study, count: usize, n: u32) {
    let away = |i: usize| felt(i * 72 / count, 12, 21);
    for (quantile, base, peak, salt) in [("0.5", 18.0, 22.0, 1), ("0.95", 52.0, 700.0, 2), ("0.99", 120.0, 4_000.0, 3)]
    {
        let values = series(count, n, |i| base * (0.92 + 0.16 * noise(i, salt)) + (peak - base) * away(i));
        study.series.insert(MeasureKey::new("command_latency_ms").with("quantile", quantile), values);
    }
}

fn add_cache(study: &mut Study, count: usize, n: u32) {
    let at = |i: usize| i * 72 / count;
    let causes: [(&str, &dyn Fn(usize) -> f64); 6] = [
        ("compulsory", &|i| 0.32 / (1.0 + at(i) as f64 * 0.55) + 0.004),
        ("expired", &|i| 0.035 * (at(i) as f64 / 12.0).min(1.0) + 0.006 * noise(i, 5)),
        ("capacity", &|i| 0.03 + 0.008 * noise(i, 4)),
        ("moved", &|i| 0.19 * felt(at(i), 15, 30) + 0.12 * felt(at(i), 48, 58)),
        ("flushed", &|i| if at(i) == 40 { 0.02 } else { 0.0 }),
        ("outage", &|_| 0.0),
    ];
    for (cause, value) in causes {
        study.series.insert(MeasureKey::new("cache_miss_ratio").with("cause", cause), series(count, n, value));
    }
    let total = series(count, n, |i| causes.iter().map(|(_, value)| value(i)).sum());
    study.series.insert(MeasureKey::new("cache_miss_ratio"), total);
}

fn add_states(study: &mut Study, count: usize, n: u32) {
    let at = |i: usize| i * 72 / count;
    let back = |i: usize| 37_500.0 * felt(at(i), 12, 21);
    let connecting = |i: usize| 6_000.0 * felt(at(i), 13, 24);
    let registering = |i: usize| 9_000.0 * felt(at(i), 15, 27);
    let states: [(&str, &dyn Fn(usize) -> f64); 5] = [
        ("connected", &|i| 150_000.0 - back(i) - connecting(i) - registering(i)),
        ("connecting", &connecting),
        ("registering", &registering),
        ("backing_off", &back),
        ("off", &|_| 0.0),
    ];
    for (state, value) in states {
        study.series.insert(MeasureKey::new("devices_in_state").with("state", state), series(count, n, value));
    }
}

fn add_load(study: &mut Study, count: usize, n: u32) {
    let at = |i: usize| i * 72 / count;
    let rate = series(count, n, |i| 14.0 + 3.0 * noise(i, 8) + 160.0 * felt(at(i), 12, 26));
    study.series.insert(MeasureKey::new("dps_lookup_rate_per_s"), rate);
    let throttles =
        [("dps_registrations", 0.05, 1.0), ("hub_connects", 0.02, 0.86), ("hub_cloud_to_device", 0.22, 0.3)];
    for (salt, (throttle, base, peak)) in throttles.into_iter().enumerate() {
        let values = series(count, n, |i| {
            base * (0.9 + 0.2 * noise(i, salt as u64)) + (peak - base) * felt(at(i), 13 + salt * 2, 26)
        });
        study.series.insert(MeasureKey::new("throttle_utilisation_ratio").with("throttle", throttle), values);
    }
}

fn add_outcomes(study: &mut Study, count: usize, n: u32) {
    let at = |i: usize| i * 72 / count;
    let outcomes: [(&str, &dyn Fn(usize) -> f64); 5] = [
        ("failed_dependency", &|i| 0.12 * felt(at(i), 12, 18)),
        ("unreachable_assigning", &|i| 0.03 * felt(at(i), 18, 24)),
        ("offline", &|i| 0.001 * felt(at(i), 12, 18)),
        ("shed", &|_| 0.0),
        ("delivered", &|i| 1.0 - 0.121 * felt(at(i), 12, 18) - 0.03 * felt(at(i), 18, 24)),
    ];
    for (outcome, value) in outcomes {
        study.series.insert(MeasureKey::new("command_outcome_ratio").with("outcome", outcome), series(count, n, value));
    }
}

fn add_stamps(study: &mut Study, count: usize, n: u32, stamps: usize) {
    for stamp in 0..stamps {
        let moved =
            |i: usize| if stamp == 1 { -0.55 } else { 0.55 / stamps as f64 } * (felt(i * 72 / count, 15, 50)).min(1.0);
        let values = series(count, n, |i| 0.62 + 0.05 * stamp as f64 + moved(i));
        let name = format!("weu-{}", stamp + 1);
        study.series.insert(MeasureKey::new("stamp_utilisation_ratio").with("stamp", name), values);
    }
}

/// Eighteen months of growth from one stamp to nine, windows of five days.
fn growth() -> Study {
    let mut study = empty(540 * DAY, 5 * DAY);
    study.scenario = "growth/eighteen-months".to_owned();
    let (count, full) = (108, 60_000.0);
    let devices = |i: usize| 25_000.0 + 4_300.0 * i as f64;
    let stamps = |i: usize| libm::ceil(devices(i) / full);
    let cost = |i: usize| stamps(i) * 6_900.0 / devices(i) + 0.115;
    for (per, share) in [("registered", 1.0), ("connected", 0.93)] {
        study.series.insert(
            MeasureKey::new("cost_per_device_usd_per_month").with("per", per),
            series(count, 3, |i| cost(i) / share),
        );
    }
    let floor = series(count, 3, |_| 6_900.0 / full + 0.115);
    study.series.insert(MeasureKey::new("cost_per_device_usd_per_month").with("per", "floor"), floor);
    for stamp in 0..9_u32 {
        let first = (0..count).find(|i| stamps(*i) > f64::from(stamp));
        let values = (0..count).map(|i| {
            let active = first.is_some_and(|first| i >= first);
            let share = (devices(i) - full * f64::from(stamp)) / full;
            estimate(share.clamp(0.0, 1.0 + 0.04 * noise(stamp as usize, 3)), if active { 3 } else { 0 })
        });
        let values = values.collect();
        study
            .series
            .insert(MeasureKey::new("stamp_utilisation_ratio").with("stamp", format!("weu-{}", stamp + 1)), values);
        if let Some(first) = first.filter(|first| *first > 0) {
            let at = first as u64 * 5 * DAY;
            study.marks.push(mark(MarkKind::StampAdded, &format!("weu-{}", stamp + 1), at, at));
        }
    }
    study
}

/// A text with the box it takes [px].
#[derive(Debug)]
#[expect(dead_code, reason = "the text is read in messages of failed checks")]
struct Written {
    text: String,
    end: bool,
    left: f64,
    right: f64,
    baseline: f64,
    size: f64,
}

impl Written {
    fn of(node: Node) -> Self {
        let number = |name: &str| node.attribute(name).and_then(|value| value.parse::<f64>().ok()).expect("a number");
        let size = number("font-size");
        let width: f64 = node
            .children()
            .map(|part| {
                let bold = node.attribute("font-weight").or(part.attribute("font-weight")).is_some();
                let face = super::theme::Face { size, bold, anchor: Anchor::Start, ..LABEL };
                text::width(part.text().unwrap_or(""), face)
            })
            .sum();
        let left = match node.attribute("text-anchor") {
            None => number("x"),
            Some("middle") => number("x") - width / 2.0,
            Some(_) => number("x") - width,
        };
        let text = node.descendants().filter_map(|part| if part.is_text() { part.text() } else { None }).collect();
        let end = node.attribute("class") == Some("end");
        Self { text, end, left, right: left + width, baseline: number("y"), size }
    }

    /// Letters are about 0.72 of the size high and reach 0.2 below the baseline.
    fn meets(&self, other: &Self) -> bool {
        let (top, bottom) = (self.baseline - self.size * 0.72, self.baseline + self.size * 0.12);
        let (other_top, other_bottom) = (other.baseline - other.size * 0.72, other.baseline + other.size * 0.12);
        self.left < other.right && other.left < self.right && top < other_bottom && other_top < bottom
    }
}

/// Everything that holds for every picture.
fn check(picture: &Picture) {
    let Picture { name, svg, .. } = picture;
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{name}: {error}\n{svg}"));
    for bad in ["NaN", "inf"] {
        assert!(!svg.replace("info", "").contains(bad), "{name} contains {bad}");
    }
    assert!(svg.len() < 64 * 1024, "{name} has {} bytes", svg.len());
    assert!(!picture.title.is_empty() && picture.description.starts_with(&picture.title));
    let texts: Vec<Written> = document
        .descendants()
        .filter(|node| node.has_tag_name("text") && node.attribute("aria-hidden").is_none())
        .map(Written::of)
        .collect();
    for (i, one) in texts.iter().enumerate() {
        assert!(one.left >= 0.0 && one.right <= WIDTH, "{name}: {one:?} leaves the picture sideways");
        assert!(
            one.baseline - one.size >= 0.0 && one.baseline + one.size * 0.25 <= HEIGHT,
            "{name}: {one:?} leaves the picture"
        );
        for other in &texts[i + 1..] {
            assert!(!one.meets(other), "{name}: {one:?} meets {other:?}");
        }
    }
    ends_are_apart(name, &texts);
}

/// Names at the ends of lines begin at one place and are a pitch apart.
fn ends_are_apart(name: &str, texts: &[Written]) {
    let mut ends: Vec<f64> = texts.iter().filter(|t| t.end).map(|t| t.baseline).collect();
    ends.sort_by(f64::total_cmp);
    for pair in ends.windows(2) {
        assert!(pair[1] - pair[0] >= LABEL_PITCH - 1e-6, "{name}: ends at {pair:?}");
    }
}

/// Draws everything twice, checks it, and writes PNG where the variable names a folder.
fn draw(tag: &str, study: &Study) -> Vec<Picture> {
    let drawn = pictures(study);
    assert_eq!(drawn, pictures(study), "{tag}: a second drawing differs");
    drawn.iter().for_each(check);
    if let Ok(folder) = std::env::var("CHART_FOLDER") {
        for picture in &drawn {
            let base = std::path::Path::new(&folder).join(format!("{tag}-{}", picture.name));
            std::fs::write(base.with_extension("png"), picture.png().expect("a picture"))
                .expect("a folder to write to");
            std::fs::write(base.with_extension("dark.png"), dark(picture)).expect("a folder to write to");
            std::fs::write(base.with_extension("svg"), &picture.svg).expect("a folder to write to");
        }
    }
    drawn
}

/// The picture as a page shows it on dark ground: every rule of the style sheet applied.
fn dark(picture: &Picture) -> Vec<u8> {
    let css = super::dark_css();
    let rules = css.split("svg ").filter_map(|rule| rule.split_once("=\"#")?.1.split_once("\"]{"));
    let mut svg = picture.svg.clone();
    for (light, rest) in rules {
        let dark = rest.split_once(":#").map_or("", |(_, dark)| &dark[..6]);
        svg = svg.replace(&format!("=\"#{light}\""), &format!("=\"#{dark}\""));
    }
    Picture { svg, ..picture.clone() }.png().expect("a picture")
}

fn titles(pictures: &[Picture]) -> BTreeMap<&str, &str> {
    pictures.iter().map(|picture| (picture.name, picture.title.as_str())).collect()
}

#[test]
fn an_outage_is_found_in_every_title() {
    let drawn = draw("outage", &outage());
    let expected = [
        ("device_states", "52 k of 150 k devices (35 %) had no connection during weu-2 outage"),
        ("dps_load", "Throttle dps registrations reached its limit during weu-2 outage"),
        ("latency", "p99 command latency rose from 121 ms to 4 s during weu-2 outage"),
        ("miss_ratio", "Cache misses rose from 13 % to 30 % during weu-2 outage, mostly moved devices"),
        ("outcomes", "Up to 12 % of calls failed during weu-2 outage, mostly failed dependency"),
        ("stamp_utilisation", "No stamp exceeds its planned capacity; the fullest reaches 91 % (weu-4)"),
    ];
    assert_eq!(titles(&drawn), BTreeMap::from(expected));
}

#[test]
fn growth_is_drawn_by_the_calendar() {
    let drawn = draw("growth", &growth());
    let expected = [
        ("cost_per_device", "Cost per registered device falls from $0.39 to $0.24 a month while 8 stamps are added"),
        ("stamp_utilisation", "8 of 9 stamps exceed their planned capacity; the fullest reaches 104 % (weu-3)"),
    ];
    assert_eq!(titles(&drawn), BTreeMap::from(expected));
}

/// Names that are markup, or far longer than their places.
fn hostile() -> Study {
    let mut study = outage();
    let long = "production-westeurope-factory-<floor & hall>-stamp-number-";
    study.marks = (0..3)
        .map(|i| {
            mark(
                MarkKind::Fault,
                &format!("{long}{i} is down for \"maintenance\""),
                (60 + 20 * i) * MINUTE,
                (100 + 30 * i) * MINUTE,
            )
        })
        .collect();
    study.series.retain(|key, _| key.labels.get("stamp").is_none() && key.labels.get("throttle").is_none());
    for i in 0..6 {
        let values = series(72, 3, |w| 0.5 + 0.001 * (w + i) as f64);
        study.series.insert(MeasureKey::new("stamp_utilisation_ratio").with("stamp", format!("{long}{i}")), values);
        let values = series(72, 3, |w| 0.2 + 0.0001 * (w + i) as f64);
        study
            .series
            .insert(MeasureKey::new("throttle_utilisation_ratio").with("throttle", format!("{long}{i}")), values);
    }
    study.scenario = format!("{long}{long}{long}");
    study
}

#[test]
fn markup_and_long_names_stay_inside() {
    assert_eq!(draw("hostile", &hostile()).len(), 6);
}

#[test]
fn many_faults_get_numbers_and_the_rest_shades() {
    let mut study = outage();
    study.marks = (0..9)
        .map(|i| mark(MarkKind::Fault, &format!("weu-{i} outage"), (30 + 14 * i) * MINUTE, (80 + 14 * i) * MINUTE))
        .collect();
    let drawn = draw("faults", &study);
    assert!(drawn[0].svg.contains("1 weu-0 outage · 2 weu-1 outage"), "no key of numbers");
    study.marks = (0..300).map(|i| mark(MarkKind::Fault, "storm", i * MINUTE, (i + 90) * MINUTE)).collect();
    assert!(draw("storms", &study)[0].svg.contains("Shaded: 300 faults, 0 moves"));
}

#[test]
fn many_stamps_are_a_heat_map_of_the_fullest() {
    for count in [7, 20, 60, 250] {
        let mut study = empty(360 * MINUTE, 5 * MINUTE);
        for stamp in 0..count {
            let values = series(72, 3, |w| 1.1 * noise(w * 300 + stamp, 9));
            study
                .series
                .insert(MeasureKey::new("stamp_utilisation_ratio").with("stamp", format!("weu-{}", stamp + 1)), values);
        }
        let drawn = draw(&format!("heat{count}"), &study);
        assert!(drawn[0].svg.contains("fullest of 250") == (count == 250));
    }
}

#[test]
fn long_series_are_thinned() {
    let mut study = empty(360 * MINUTE, 21_600_000);
    study.marks = outage().marks;
    add_latency(&mut study, 1_000, 3);
    add_cache(&mut study, 1_000, 3);
    add_states(&mut study, 1_000, 3);
    add_outcomes(&mut study, 1_000, 3);
    add_load(&mut study, 1_000, 3);
    add_stamps(&mut study, 1_000, 3, 9);
    assert_eq!(draw("long", &study).len(), 6);
}

#[test]
fn one_replication_has_no_bands() {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    study.replications = 1;
    add_latency(&mut study, 72, 1);
    add_load(&mut study, 72, 1);
    for picture in draw("single", &study) {
        assert!(!picture.svg.contains("fill-opacity=\".18\"") && !picture.svg.contains("95 %"), "{}", picture.name);
        assert!(picture.svg.contains("One replication"));
    }
}

#[test]
fn one_window_fills_the_plot() {
    let mut study = empty(5 * MINUTE, 5 * MINUTE);
    add_latency(&mut study, 1, 3);
    add_cache(&mut study, 1, 3);
    add_states(&mut study, 1, 3);
    add_outcomes(&mut study, 1, 3);
    add_load(&mut study, 1, 3);
    add_stamps(&mut study, 1, 3, 2);
    assert_eq!(draw("window", &study).len(), 5);
}

#[test]
fn zeros_are_drawn_on_the_floor() {
    let mut study = outage();
    for values in study.series.values_mut() {
        values.fill(Estimate { mean: 0.0, low: 0.0, high: 0.0, n: 3 });
    }
    let drawn = draw("zero", &study);
    assert_eq!(
        titles(&drawn).into_keys().collect::<Vec<_>>(),
        ["device_states", "latency", "miss_ratio", "stamp_utilisation"]
    );
}

#[test]
fn gaps_are_left_out() {
    let mut study = outage();
    for (i, values) in study.series.values_mut().enumerate() {
        for (w, value) in values.iter_mut().enumerate() {
            if (w + i) % 9 < 4 {
                *value = estimate(0.0, 0);
            }
        }
    }
    assert_eq!(draw("gaps", &study).len(), 6);
}

#[test]
fn without_data_there_is_no_picture() {
    let mut study = outage();
    for values in study.series.values_mut() {
        values.fill(estimate(0.0, 0));
    }
    assert!(pictures(&study).is_empty());
    for values in study.series.values_mut() {
        values.clear();
    }
    assert!(pictures(&study).is_empty());
    assert!(pictures(&empty(0, 0)).is_empty());
}

#[test]
fn what_was_never_used_is_not_drawn() {
    let mut study = outage();
    let key = |throttle: &str| MeasureKey::new("throttle_utilisation_ratio").with("throttle", throttle);
    study.series.insert(key("idle"), series(72, 3, |_| 0.0));
    study.series.insert(MeasureKey::new("dps_lookup_rate_per_s"), series(72, 3, |_| 0.0));
    let states = MeasureKey::new("devices_in_state").with("state", "assigned");
    study.series.insert(states, series(72, 3, |i| if i == 14 { 0.35 } else { 0.0 }));
    let drawn = draw("unused", &study);
    let of = |name: &str| drawn.iter().find(|picture| picture.name == name).expect("drawn").svg.clone();
    let (load, states) = (of("dps_load"), of("device_states"));
    assert!(!load.contains(">idle<") && !load.contains("look-ups") && load.contains("; idle at 0 %"));
    assert!(!states.contains(">assigned<") && states.contains("states below 0.5 % left out"));
}

#[test]
fn instances_of_dps_are_lines_against_their_limit() {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    let uses = [("dps-weu", "registrations", 1.2), ("dps-neu", "registrations", 0.4), ("dps-neu", "operations", 3.0)];
    for (dps, limit, most) in uses {
        let key = MeasureKey::new("dps_utilisation_ratio").with("dps", dps).with("limit", limit);
        study.series.insert(key, series(72, 3, |i| most * felt(i, 12, 26)));
    }
    let drawn = draw("instances", &study);
    let title = "Of 2 DPS instances, dps-weu reaches its limit";
    assert_eq!(titles(&drawn), BTreeMap::from([("dps_instances", title)]));
    assert!(drawn[0].description.contains("dps-weu up to 120 %"), "{}", drawn[0].description);
}

#[test]
fn an_axis_ends_at_the_data_where_all_is_far_below_the_limit() {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    let key = MeasureKey::new("dps_utilisation_ratio").with("dps", "dps-weu").with("limit", "registrations");
    study.series.insert(key, series(72, 3, |i| 0.002 + 0.000_01 * i as f64));
    let throttle = MeasureKey::new("throttle_utilisation_ratio").with("throttle", "send");
    study.series.insert(throttle, series(72, 3, |_| 0.11));
    for picture in draw("far-below", &study) {
        let name = picture.name;
        assert!(picture.svg.contains("the axis ends far below it"), "{name}: {}", picture.svg);
        assert!(!picture.svg.contains(">limit<") && !picture.svg.contains(">100 %<"), "{name}");
    }
}

#[test]
fn a_title_does_not_call_latency_steady_where_most_calls_fail() {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    study.marks = vec![mark(MarkKind::Fault, "standstill", 60 * MINUTE, 65 * MINUTE)];
    let latency = MeasureKey::new("command_latency_ms").with("quantile", "0.99");
    let timed_out = MeasureKey::new("command_outcome_ratio").with("outcome", "timed_out");
    study.series.insert(latency.clone(), series(72, 3, |_| 900.0));
    study.series.insert(timed_out.clone(), series(72, 3, |i| if i < 12 { 0.0 } else { 0.97 }));
    let title = |study: &Study| titles(&draw("failing", study))["latency"].to_owned();
    assert_eq!(title(&study), "Up to 97 % of calls fail; p99 command latency is 900 ms");
    // What the fault set off lasts to the end; calm was what there was before it.
    study.series.insert(latency, series(72, 3, |i| if i < 12 { 100.0 } else { 900.0 }));
    let rose = "p99 command latency rose from 100 ms to 900 ms during standstill";
    assert_eq!(title(&study), format!("{rose}; up to 97 % of calls fail"));
    study.series.insert(timed_out, series(72, 3, |_| 0.0));
    assert_eq!(title(&study), rose);
}

#[test]
fn a_fleet_that_grows_does_not_stay() {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    let connected = MeasureKey::new("devices_in_state").with("state", "connected");
    let title = |study: &Study| titles(&draw("fleet", study))["device_states"].to_owned();
    study.series.insert(connected.clone(), series(72, 3, |i| 1_000.0 * (i + 9) as f64));
    assert_eq!(title(&study), "The connected devices grow from 9,000 to 80 k");
    study.series.insert(connected.clone(), series(72, 3, |i| 1_000.0 * (80 - i) as f64));
    assert_eq!(title(&study), "The connected devices fall from 80 k to 9,000");
    study.series.insert(connected, series(72, 3, |_| 80_000.0));
    assert_eq!(title(&study), "80 k devices stay connected");
}

#[test]
fn users_that_leave_a_stamp_and_come_back_are_the_finding() {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    study.marks = vec![mark(MarkKind::Fault, "weu-1 outage", 60 * MINUTE, 120 * MINUTE)];
    for (stamp, here, away) in [("weu-1", 0.8, 0.0), ("neu-1", 0.2, 1.0)] {
        let key = MeasureKey::new("users_on_stamp_ratio").with("stamp", stamp);
        study.series.insert(key, series(72, 3, |i| if (13..26).contains(&i) { away } else { here }));
    }
    let title = titles(&draw("users", &study))["users_by_stamp"].to_owned();
    assert!(
        title.ends_with("% of the users to 100 % during weu-1 outage, 20 % at the end")
            || title.ends_with("% of the users to 0 % during weu-1 outage, 80 % at the end"),
        "{title}"
    );
}

#[test]
fn other_latencies_stand_in_for_commands() {
    let mut study = empty(360 * MINUTE, 5 * MINUTE);
    study.series.insert(MeasureKey::new("connect_latency_s").with("quantile", "0.99"), series(72, 3, |_| 1.5));
    let drawn = draw("connect", &study);
    assert_eq!(drawn[0].title, "p99 time to connect stays at 1.5 s");
}

#[test]
fn png_has_twice_the_pixels() {
    let png = draw("size", &growth())[0].png().expect("a picture");
    assert_eq!(png[16..24], [0, 0, 6, 144, 0, 0, 3, 112], "1680 by 880");
}
