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
        /// Memory that is available, or that `--memory` allows [B]; null where the system does not tell.
        memory_bytes_available: Option<f64>,
        /// Time of one core that all replications take, an estimate from their events [s].
        cpu_seconds_in_all: Option<f64>,
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
        /// What the run answers; null where the scenario has no sentence for it.
        answer: Option<String>,
        /// The exit code that it leads to.
        exit: u8,
        /// What it falls short of.
        notes: Vec<String>,
        /// Doubts about its figures.
        advice: Vec<String>,
        /// Its key figures.
        figures: Vec<KeyFigure>,
        /// What the limits alone allow, beside the figures that have such a floor.
        floors: std::collections::BTreeMap<String, f64>,
        /// The limits that bound, the first one first; null where none did or no path was followed.
        limits: Option<String>,
        /// Its expectations, as in `expectations.json`.
        expectations: Vec<Value>,
    },
    /// The index of many scenarios, with `index --into` or `--check`.
    Index {
        /// The document.
        file: PathBuf,
        /// Scenarios of the index.
        scenarios: u32,
        /// Whether the document had just this index already.
        is_same: bool,
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
    /// Whether a comparison can fail, with `compare --self-check`.
    GateCheck {
        /// Whether it can.
        passes: bool,
        /// The verdict on the worsened copy.
        verdict: String,
        /// Figures that regress when they are worse.
        sharp: Vec<String>,
        /// Figures that cannot.
        blunt: Vec<String>,
    },
    /// A compared figure; only measure, labels and verdict for one that a side lacks.
    Difference {
        /// The candidate, where there are several.
        name: Option<String>,
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
        /// Confidence of the interval.
        confidence: Option<f64>,
        /// Pairs of replications.
        n: Option<u32>,
        /// Correlation of the two sides.
        correlation: Option<f64>,
        /// Variance of a difference of independent runs against that of the paired one.
        variance_ratio: Option<f64>,
        /// Largest difference that does not count [unit of the measure].
        tolerance: Option<f64>,
        /// Chance of such a difference beyond the tolerance where there is none.
        p: Option<f64>,
        /// The same among all figures that are judged together (Holm).
        p_adjusted: Option<f64>,
        /// Replications in all that would decide it.
        replications_to_decide: Option<u32>,
        /// Which direction is better.
        better: Option<Better>,
        /// The verdict in a word.
        verdict: String,
        /// The verdict with its reason.
        why: Option<String>,
    },
    /// A figure of several candidates: who may be the best.
    Standing {
        /// Name of the measure.
        measure: String,
        /// Its labels as `a=b c=d`.
        labels: String,
        /// Every side, the base first.
        sides: Vec<Value>,
    },
    /// The verdict of `compare` over all figures.
    Verdict {
        /// The candidate, where there are several.
        name: Option<String>,
        /// Replications in all that would decide what is open.
        replications_to_decide: Option<u32>,
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
    /// A baseline that was written.
    Baseline {
        /// The file.
        file: PathBuf,
        /// Digest of the run.
        digest: Option<String>,
        /// How many figures it keeps.
        figures: u64,
        /// Digest of the baseline that was there before.
        before: Option<String>,
    },
    /// A scenario that `rank` drops.
    Dropped {
        /// The scenario.
        scenario: String,
        /// The one that is better for certain.
        by: String,
        /// Replications so far.
        after: u32,
    },
    /// A scenario of `rank`, with its mean.
    Ranked {
        /// The scenario.
        scenario: String,
        /// Mean over its replications.
        mean: Option<f64>,
        /// Lower end of its 95 % interval.
        low: Option<f64>,
        /// Upper end of its 95 % interval.
        high: Option<f64>,
        /// Replications.
        n: u32,
        /// What became of it.
        place: String,
    },
    /// What `rank` selects.
    Selected {
        /// `selected` or `inconclusive`.
        verdict: String,
        /// Those that may be the best.
        best: Vec<String>,
        /// Confidence.
        confidence: f64,
        /// Difference that does not matter [unit of the measure].
        indifference: f64,
        /// Most replications that the selection can take.
        at_most: Option<u32>,
    },
    /// A scenario held against its golden file.
    Golden {
        /// The scenario.
        scenario: String,
        /// Its golden file.
        golden: PathBuf,
        /// What came of it, in a word.
        result: String,
        /// The digest now.
        digest: Option<String>,
        /// Rounded figures that are other than in the file.
        figures: Option<Vec<Value>>,
    },
    /// Whether a run folder was reproduced.
    Rerun {
        /// The scenario.
        scenario: String,
        /// The run folder.
        folder: PathBuf,
        /// Whether everything is the same.
        reproduced: bool,
        /// Replications that were run again.
        replications: u64,
        /// Whether the inputs are those of the manifest.
        inputs: Value,
        /// The stored digest.
        expected: Option<String>,
        /// The digest now.
        digest: Option<String>,
        /// Replications that differ.
        differing: Vec<u32>,
    },
    /// A replication that is other than stored.
    NotReproduced {
        /// Its number.
        replication: u32,
        /// Figures that differ.
        figures: Option<Vec<Value>>,
        /// Why the model stopped.
        failure: Option<String>,
    },
    /// The first event that differs, where the stored run has a log of events.
    FirstEvent {
        /// Number of the replication.
        replication: u32,
        /// Number of the event.
        event: u64,
        /// The event as it is stored.
        stored: Option<Value>,
        /// The event now.
        now: Option<Value>,
    },
    /// The span of events in which two runs part, where there is no log.
    Parting {
        /// Number of the replication.
        replication: u32,
        /// Events that are the same at least.
        same: u64,
        /// Events within which the first one differs.
        by: u64,
        /// The events of that span as they are now.
        now: Vec<Value>,
    },
    /// Closed forms of a scenario, from `estimate`.
    Estimate {
        /// The scenario.
        scenario: String,
        /// Devices at the start and at the end.
        devices: Value,
        /// Stamps at the start and at the end, and those that are added.
        stamps: Value,
        /// Hubs: what they need, the cheapest that would do, how long they take to be reconnected.
        hubs: Vec<Value>,
        /// How long registrations take at least.
        registration: Value,
        /// Misses of the cache and look-ups at DPS.
        cache: Option<Value>,
        /// Cost at the start, at the end and over the run.
        cost: Value,
        /// What one stamp takes with it.
        blast_radius: Value,
        /// Use of every limit.
        limits: Vec<Value>,
        /// The limit that is reached first.
        binds_first: Option<Value>,
    },
    /// A family of `verify --list`.
    Family {
        /// Its name.
        family: String,
        /// Rows.
        rows: u64,
        /// Where the references come from.
        sources: String,
    },
    /// A row of `verify`.
    Row {
        /// Family.
        family: String,
        /// Case.
        case: String,
        /// Figure.
        figure: String,
        /// Reference value.
        reference: f64,
        /// Where it comes from.
        source: String,
        /// What was found.
        estimate: Option<f64>,
        /// Lower end of its 99 % interval.
        low: Option<f64>,
        /// Upper end of its 99 % interval.
        high: Option<f64>,
        /// Whether there is nothing random about it.
        exact: bool,
        /// Replications behind it.
        replications: Option<u32>,
        /// How the margin is meant: `exact`, `relative`, `absolute`.
        margin_kind: String,
        /// The margin.
        margin: f64,
        /// `pass` or `fail`.
        verdict: String,
    },
    /// A reference that the model cannot express.
    NotModelled {
        /// The case.
        case: String,
        /// Rows of the tables that it has.
        rows: u64,
        /// Why.
        reason: String,
    },
    /// Counts of `verify`.
    Summary {
        /// Rows that pass.
        passed: u64,
        /// Rows, failed ones, and those that were not done.
        counts: Value,
        /// Rows and cases that are not modelled.
        not_modelled: u64,
        /// `pass` or `fail`.
        verdict: String,
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
