//! The lines of `--message-format json`: one object a line, its kind in `type`, `start` first and `end` last.
//!
//! The types here are the contract, from which `schema messages` is made; a test holds what the program prints against it.
//! Fields may be added; one that is taken away or changes its meaning raises `format`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde_json::Value;

use crate::metrics::Better;
use crate::scenario::Diagnostic;

/// The JSON Schema (draft-07) of one line. A committed copy is `docs/messages.schema.json`.
pub(super) fn schema() -> Value {
    crate::scenario::schema::draft_07::<Message>()
}

/// One line of `--message-format json`.
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made from it; commands fill the objects where they have the figures")]
enum Message {
    /// The first line: who speaks, and in which version of the format.
    Start {
        /// Always `stampsim`.
        tool: String,
        /// Version of the program.
        version: String,
        /// Version of these lines.
        format: u32,
        /// The command.
        command: String,
    },
    /// The last line.
    End {
        /// The exit code.
        exit: u8,
        /// Every code that applies, the first one first; with `--exit-zero` also those that it takes away.
        applies: Vec<u8>,
    },
    /// A doubt.
    Warning {
        /// What to know.
        message: String,
    },
    /// Why the command could not do what was asked.
    Error {
        /// The exit code that it leads to.
        exit: u8,
        /// What was found, and where.
        message: String,
        /// What to try.
        help: String,
    },
    /// A problem of a file.
    Diagnostic(Diagnostic),
    /// A scenario file without errors, from `check`.
    Checked {
        /// Its name.
        scenario: String,
        /// Devices in all.
        devices: u64,
        /// Stamps at the start.
        stamps: u64,
        /// Replications.
        replications: u32,
        /// About how many events a replication has.
        events_per_replication: Option<f64>,
        /// About how much memory a replication takes [B].
        memory_bytes_per_replication: Option<f64>,
        /// What the figures will rest on, a sentence each.
        assumptions: Vec<String>,
    },
    /// A scenario that was run.
    Scenario {
        /// Its name.
        scenario: String,
        /// Where its results are; null where none were written.
        folder: Option<PathBuf>,
        /// Digest of the results; null for a run that is not complete.
        digest: Option<String>,
        /// The exit code that it leads to.
        exit: u8,
        /// What it falls short of.
        notes: Vec<String>,
        /// Doubts about its figures.
        advice: Vec<String>,
        /// Its key figures.
        figures: Vec<KeyFigure>,
        /// Its expectations, as in `expectations.json`.
        expectations: Vec<Value>,
    },
    /// Whether the expectations of a scenario can fail, with `run --self-check`.
    SelfCheck {
        /// The scenario.
        scenario: String,
        /// How many expectations it has.
        expectations: u32,
        /// Those that can never fail, with the reason.
        broken: Vec<String>,
    },
    /// A compared figure; only measure, labels and verdict for one that a side lacks.
    Difference {
        /// Name of the measure.
        measure: String,
        /// Its labels as `a=b c=d`.
        labels: String,
        /// Mean of the base.
        base: Option<f64>,
        /// Mean of the candidate.
        candidate: Option<f64>,
        /// Mean of the paired differences.
        difference: Option<f64>,
        /// Lower end of its 95 % interval.
        low: Option<f64>,
        /// Upper end of its 95 % interval.
        high: Option<f64>,
        /// Pairs of replications.
        n: Option<u32>,
        /// Which direction is better.
        better: Option<Better>,
        /// The verdict in a word.
        verdict: String,
        /// The verdict with its reason.
        why: Option<String>,
    },
    /// The verdict of `compare` over all figures.
    Verdict {
        /// In a word.
        verdict: String,
        /// The digest of both, where they are identical.
        digest: Option<String>,
        /// Figures that are worse.
        regressed: Option<u32>,
        /// Figures that are better.
        improved: Option<u32>,
        /// Figures that the replications do not decide.
        inconclusive: Option<u32>,
    },
    /// A file that was written.
    Written {
        /// The file.
        file: PathBuf,
        /// The template that it was made from.
        template: Option<String>,
    },
    /// An entry of `list`.
    Entry {
        /// The list.
        kind: String,
        /// The word for scenario files.
        name: String,
        /// What it is.
        about: String,
        /// Where the word stands in a scenario file.
        place: String,
    },
    /// An answer of `explain`.
    Explanation {
        /// What was asked, in full.
        name: String,
        /// What it is: `measure`, `field`, `exit code`, or the list that has it.
        kind: String,
        /// What there is to say: headings and texts, in their order.
        lines: Vec<(String, String)>,
    },
    /// Progress of `run`, on stderr with `--progress json`.
    Progress {
        /// The scenario.
        scenario: String,
        /// Replications that are done.
        done: u32,
        /// Replications in all.
        of: u32,
    },
}

/// A key figure as people read it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema is made from it")]
struct KeyFigure {
    /// What it is.
    figure: String,
    /// The figure with its interval.
    text: String,
}
