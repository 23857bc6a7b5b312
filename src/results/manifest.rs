//! `manifest.json`: what was run, with what, how far it came, and the digest that says whether it can be repeated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest;
use crate::analysis::{Observations, Study};
use crate::units::SimDuration;

/// Version of everything in a run folder.
pub const FORMAT: u64 = 1;

/// What the command line knows of a run and the observations do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// Hash of the resolved inputs, hexadecimal.
    pub inputs_hash: String,
    /// Seed of the run.
    pub seed: u64,
    /// Replications that were asked for.
    pub replications_asked: u32,
    /// Why the run is not whole; nothing when it is.
    pub partial: Option<String>,
    /// What the run answers, in a sentence.
    pub answer: Option<String>,
    /// Assumptions that entered, a sentence each.
    pub assumptions: Vec<String>,
    /// The command line, program first.
    pub command_line: Vec<String>,
    /// Names of the catalogues, by kind: `limits`, `prices`.
    pub catalog: BTreeMap<String, String>,
    /// Doubts about the results, such as prices that are missing.
    pub advice: Vec<String>,
}

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the folder's format.
    pub format: u64,
    /// Version of the program that wrote it.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// The question it answers.
    pub question: String,
    /// What the run answers, where the scenario has a sentence for it.
    #[serde(default)]
    pub answer: Option<String>,
    /// Hash of the resolved inputs, hexadecimal.
    pub inputs_hash: String,
    /// Seed of the run.
    pub seed: u64,
    /// Simulated start, RFC 3339 in UTC.
    pub start: String,
    /// Simulated length.
    pub horizon: SimDuration,
    /// Length of a window of the series.
    pub window: SimDuration,
    /// Replications that were asked for.
    pub replications_asked: u32,
    /// Replications that are whole; only these are in the folder.
    pub replications_done: u32,
    /// Whether all of them are whole.
    pub complete: bool,
    /// Why the run is not complete.
    pub partial: Option<String>,
    /// Replications that used up their event budget before the horizon: repeatable, but shorter.
    pub out_of_events: u32,
    /// Digest of the results; nothing for a run that is not complete.
    pub digest: Option<String>,
    /// Hash over the events of each whole replication in the order they were carried out, hexadecimal.
    pub order_hashes: Vec<String>,
    /// Assumptions that entered, a sentence each.
    pub assumptions: Vec<String>,
    /// Names of the catalogues, by kind.
    pub catalog: BTreeMap<String, String>,
    /// Doubts about the results, such as prices that are missing.
    pub advice: Vec<String>,
    /// The command line, program first.
    pub command_line: Vec<String>,
}

impl Manifest {
    /// The manifest of a run: complete, and with a digest, only when every replication asked for is whole.
    pub fn of(facts: RunFacts, study: &Study, runs: &[Observations]) -> Self {
        let whole = whole(runs);
        let complete = facts.partial.is_none() && whole.len() == facts.replications_asked as usize;
        let counted = || format!("{} of {} replications are whole", whole.len(), facts.replications_asked);
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: study.scenario.clone(),
            question: study.question.clone(),
            answer: facts.answer,
            digest: complete.then(|| digest(&facts.inputs_hash, runs)),
            seed: facts.seed,
            start: study.start.clone(),
            horizon: study.horizon,
            window: study.window,
            replications_asked: facts.replications_asked,
            replications_done: whole.len() as u32,
            complete,
            partial: if complete { None } else { Some(facts.partial.unwrap_or_else(counted)) },
            out_of_events: whole.iter().filter(|run| run.ended != crate::analysis::Ended::Horizon).count() as u32,
            order_hashes: whole.iter().map(|run| format!("{:016x}", run.order_hash)).collect(),
            inputs_hash: facts.inputs_hash,
            assumptions: facts.assumptions,
            catalog: facts.catalog,
            advice: facts.advice,
            command_line: facts.command_line,
        }
    }
}

/// The replications that are whole, by their number.
pub(super) fn whole(runs: &[Observations]) -> Vec<&Observations> {
    let mut whole: Vec<_> = runs.iter().filter(|run| run.is_whole()).collect();
    whole.sort_by_key(|run| run.replication);
    whole
}

#[cfg(test)]
mod tests {
    use super::super::sample::{facts, run, study};
    use super::*;
    use crate::analysis::Ended;

    #[test]
    fn only_a_complete_run_has_a_digest() {
        let mut runs: Vec<_> = (0..3).map(|i| run(i, 1.0)).collect();
        let manifest = Manifest::of(facts(), &study("a", &runs), &runs);
        assert!(manifest.complete && manifest.partial.is_none());
        assert_eq!(manifest.digest, Some(digest("0123456789abcdef", &runs)));
        runs[1].ended = Ended::Interrupted;
        let manifest = Manifest::of(facts(), &study("a", &runs), &runs);
        assert_eq!((manifest.complete, manifest.replications_done, manifest.digest), (false, 2, None));
        assert_eq!(manifest.partial.as_deref(), Some("2 of 3 replications are whole"));
        assert_eq!(manifest.order_hashes, ["deadbeef00000000", "deadbeef00000002"]);
    }

    #[test]
    fn a_stated_reason_is_kept_and_takes_the_digest() {
        let runs: Vec<_> = (0..3).map(|i| run(i, 1.0)).collect();
        let facts = RunFacts { partial: Some("interrupted".into()), ..facts() };
        let manifest = Manifest::of(facts, &study("a", &runs), &runs);
        assert_eq!((manifest.complete, manifest.partial.as_deref()), (false, Some("interrupted")));
        assert_eq!(manifest.digest, None);
    }

    #[test]
    fn it_reads_back_equal() {
        let runs: Vec<_> = (0..3).map(|i| run(i, 1.0)).collect();
        let manifest = Manifest::of(facts(), &study("a", &runs), &runs);
        let text = serde_json::to_string(&manifest).expect("plain data");
        assert_eq!(serde_json::from_str::<Manifest>(&text).expect("what was written"), manifest);
    }
}
