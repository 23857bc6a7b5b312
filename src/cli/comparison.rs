//! How a comparison is said: a table for each candidate, the verdict, and who may be the best.

use serde_json::{Value, json};

use super::figures::{Reading, count};
use super::table::{Sheet, Tone};
use super::terminal::Terminal;
use crate::analysis::Verdict;
use crate::analysis::best::AgainstBest;
use crate::experiment::compare::{Against, Comparison, Judged, OneSided, Standing, Tally};

/// The figures of one candidate and what follows from them; with its name where there are several.
pub(super) fn tell(terminal: &Terminal, against: &Against, name: Option<&String>) {
    if against.same_digest {
        return;
    }
    let headings = ["figure", "base", "candidate", "difference, 95 % interval", "verdict"];
    let details = ["correlation", "variance ratio"];
    let shown = if terminal.is_verbose() { details.as_slice() } else { &[] };
    let mut sheet = Sheet::new(&[&headings[..4], shown, &headings[4..]].concat(), terminal.colors_data());
    sheet.right(1..4 + shown.len());
    for judged in &against.judged {
        let cells = cells(judged, terminal.is_verbose());
        sheet.row(cells.iter().map(|cell| (cell.as_str(), Tone::Plain)).chain([(judged.word(), tone(judged))]));
        terminal.message("difference", row_json(judged, name));
    }
    for OneSided { figure, verdict, .. } in &against.one_sided {
        let (text, why) = (figure.to_string(), verdict.to_string());
        let empty = vec![("", Tone::Plain); 3 + shown.len()];
        sheet.row([(text.as_str(), Tone::Plain)].into_iter().chain(empty).chain([(why.as_str(), Tone::Doubt)]));
        let fields = json!({
            "name": name, "measure": figure.measure, "labels": figure.labels, "verdict": verdict.word(), "why": why,
        });
        terminal.message("difference", fields);
    }
    terminal.data(&sheet.text());
    tell_below(terminal, against);
}

fn cells(judged: &Judged, verbose: bool) -> Vec<String> {
    let d = &judged.difference;
    let reading = Reading::of(&d.key.measure);
    let range = if d.identical { "0".to_owned() } else { reading.range(d.low, d.high) };
    let mut cells = vec![d.key.to_string(), reading.alone(d.base), reading.alone(d.candidate), range];
    if verbose {
        cells.extend([ratio(d.correlation), ratio(d.variance_ratio)]);
    }
    cells
}

/// Variance ratios beyond this only say that pairing removed nearly all noise.
const RATIO_MAX: f64 = 10_000.0;

fn ratio(value: f64) -> String {
    match value {
        value if value.is_nan() => "-".to_owned(),
        value if value.is_infinite() => "infinite".to_owned(),
        value if value >= RATIO_MAX => format!("> {}", count(RATIO_MAX)),
        value => format!("{value:.2}"),
    }
}

/// What is not in the table: what is hidden, what pairing gained, what more replications would do.
fn tell_below(terminal: &Terminal, against: &Against) {
    if against.hidden > 0 {
        terminal.say(&format!("{} further figures changed; --all shows them", against.hidden));
    }
    if let Some(gain) = against.gain() {
        let (least, of) = (ratio(gain.least.0), &gain.least.1);
        terminal.detail(&format!(
            "pairing: variance ratio {} in the median of {} figures, {least} at least ({of})",
            ratio(gain.median),
            gain.figures
        ));
        if gain.below_one > 0 {
            terminal.warn(&format!(
                "pairing widened {} of {} intervals (variance ratio below 1, {least} for {of}); -v shows which",
                gain.below_one, gain.figures
            ));
        }
    }
    if let Some(n) = against.replications_to_decide() {
        terminal.say(&format!("about {n} replications would decide what is inconclusive"));
    }
}

fn row_json(judged: &Judged, name: Option<&String>) -> Value {
    let (d, j) = (&judged.difference, &judged.judgement);
    json!({
        "name": name, "measure": d.key.measure, "labels": d.key.labels, "base": d.base, "candidate": d.candidate,
        "difference": d.difference, "low": d.low, "high": d.high, "confidence": d.confidence, "n": d.n,
        "correlation": d.correlation, "variance_ratio": d.variance_ratio, "tolerance": j.margin,
        "p": j.chance, "p_adjusted": j.adjusted, "replications_to_decide": j.replications_to_decide,
        "better": d.better, "verdict": j.verdict.word(), "why": j.verdict.to_string(),
    })
}

fn tone(judged: &Judged) -> Tone {
    match judged.judgement.verdict {
        Verdict::Improved => Tone::Good,
        Verdict::Regressed => Tone::Bad,
        Verdict::Inconclusive { .. } if judged.has_direction() => Tone::Doubt,
        _ => Tone::Plain,
    }
}

/// Says the verdict over all figures and returns it.
pub(super) fn conclude(terminal: &Terminal, against: &Against, name: Option<&String>) -> Tally {
    let tally = against.tally();
    let Tally { verdict, regressed, improved, open, figures } = tally;
    let fields = json!({
        "name": name, "verdict": verdict, "regressed": regressed, "improved": improved, "inconclusive": open,
        "replications_to_decide": against.replications_to_decide(),
    });
    terminal.message("verdict", fields);
    if against.same_digest {
        terminal.data("identical: it has the digest of the base\n");
    } else {
        terminal.data(&format!("{verdict}: {regressed} worse, {improved} better, {open} open, of {figures} figures\n"));
    }
    tally
}

/// For each figure: the sides that may be the best, which cannot be told apart, and the best mean.
pub(super) fn tell_standings(terminal: &Terminal, comparison: &Comparison, names: &[String]) {
    if comparison.standings.is_empty() {
        return;
    }
    let headings = ["figure", "best mean", "may be the best", "cannot be"];
    let mut sheet = Sheet::new(&headings, terminal.colors_data());
    for standing in &comparison.standings {
        let (may, cannot): (Vec<_>, Vec<_>) = standing.sides.iter().zip(names).partition(|(side, _)| side.may_be_best);
        let listed = |sides: &[(&AgainstBest, &String)]| {
            sides.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let reading = Reading::of(&standing.figure.measure);
        let best =
            standing.best().map_or_else(String::new, |best| format!("{} {}", reading.alone(best.1), names[best.0]));
        let together = if may.len() > 1 { ": not told apart" } else { "" };
        let cells = [standing.figure.to_string(), best, format!("{}{together}", listed(&may)), listed(&cannot)];
        sheet.row(cells.iter().map(|cell| (cell.as_str(), Tone::Plain)));
        terminal.message("standing", standing_json(standing, names));
    }
    terminal.data(&sheet.text());
    terminal.say("the lists hold for all figures together with 95 % confidence (multiple comparisons with the best)");
}

fn standing_json(standing: &Standing, names: &[String]) -> Value {
    let side = |(side, name): (&AgainstBest, &String)| json!({ "name": name, "mean": side.mean, "low": side.low, "high": side.high, "may_be_best": side.may_be_best });
    let sides: Vec<Value> = standing.sides.iter().zip(names).map(side).collect();
    json!({ "measure": standing.figure.measure, "labels": standing.figure.labels, "sides": sides })
}
