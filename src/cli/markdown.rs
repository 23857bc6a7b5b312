//! `summary.md` of a run folder: the question, the key figures, the expectations, and where the rest is.

use std::fmt::Write;

use super::expectations::Judged;
use super::figures::{Reading, key_figures};
use super::limits;
use crate::analysis::Study;
use crate::results::{Floors, Manifest};

/// The summary of one run, as markdown.
pub(super) fn summary(
    manifest: &Manifest,
    study: &Study,
    floors: &Floors,
    judged: &[Judged],
    charts: &[(String, Vec<u8>)],
) -> String {
    let mut text = format!("# {}\n\n{}\n\n", cell(&study.scenario), cell(&study.question));
    let whole = format!("{} of {} replications", manifest.replications_done, manifest.replications_asked);
    line(&mut text, &format!("{} from {}, {whole}, seed {}.", study.horizon, study.start, manifest.seed));
    if let Some(why) = &manifest.partial {
        line(&mut text, &format!("\n**Not complete:** {}.", cell(why)));
    }
    line(&mut text, "\n| figure | mean and 95 % interval |\n|---|---|");
    for figure in key_figures(study, floors) {
        line(&mut text, &format!("| {} | {} |", figure.heading, cell(&figure.text)));
    }
    if let Some(order) = limits::in_order(study) {
        line(&mut text, &format!("\nLimits that bound, the first one first: {}.", cell(&order)));
    }
    if !floors.is_empty() {
        line(&mut text, "\n| figure | simulated | floor: what the limits alone allow |\n|---|---|---|");
    }
    for (key, floor) in floors {
        let reading = Reading::of(key.name);
        let simulated = study.estimates.get(key).map_or_else(String::new, |estimate| reading.with_interval(estimate));
        line(&mut text, &format!("| {} | {simulated} | {} |", cell(&key.to_string()), reading.alone(*floor)));
    }
    if !judged.is_empty() {
        line(&mut text, "\n| expectation | result | found |\n|---|---|---|");
    }
    for judged in judged {
        line(&mut text, &format!("| {} | {} | {} |", cell(&judged.expected()), judged.word(), cell(&judged.found())));
    }
    for (name, _) in charts.iter().filter(|(name, _)| has_extension(name, "svg")) {
        line(&mut text, &format!("\n![{0}](charts/{0})", cell(name)));
    }
    line(&mut text, "\nEvery figure: `summary.csv`. Over time: `series/`. Distributions: `histograms/`.");
    if let Some(digest) = &manifest.digest {
        line(
            &mut text,
            &format!("\nDigest `{digest}`, inputs `{}`, stampsim {}.", manifest.inputs_hash, manifest.version),
        );
    }
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("memory takes everything");
}

/// Text that breaks no table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn has_extension(name: &str, extension: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{StudyMeta, summarise};
    use crate::results::RunFacts;
    use crate::units::SimDuration;

    #[test]
    fn the_summary_says_what_is_missing_and_breaks_no_table() {
        let meta = StudyMeta {
            scenario: "out|age".into(),
            question: "Who\nnotices?".into(),
            start: "2026-03-02T00:00:00Z".into(),
            horizon: SimDuration::HOUR,
            window: SimDuration::HOUR,
        };
        let study = summarise(meta, &[]);
        let facts =
            RunFacts { replications_asked: 3, partial: Some("interrupted".into()), seed: 7, ..RunFacts::default() };
        let manifest = Manifest::of(facts, &study, &[]);
        let charts = [("latency.svg".to_owned(), Vec::new()), ("latency.png".to_owned(), Vec::new())];
        let text = summary(&manifest, &study, &Floors::new(), &[], &charts);
        assert!(text.starts_with(
            "# out\\|age\n\nWho notices?\n\n1 h from 2026-03-02T00:00:00Z, 0 of 3 replications, seed 7.\n"
        ));
        assert!(text.contains("\n**Not complete:** interrupted.\n"));
        assert!(text.contains("| devices | - |") && text.contains("![latency.svg](charts/latency.svg)"));
        assert!(!text.contains("latency.png") && !text.contains("Digest") && !text.contains("| expectation |"));
    }
}
