//! Exit codes: documented constants, and which of several findings is told.
//!
//! A finding is never 1 or 2, which every shell, `make` and container tool uses for its own mishaps.

/// All is well; expectations hold; compared runs are no worse.
pub const FINE: u8 = 0;
/// Something that should not happen.
pub const UNEXPECTED: u8 = 1;
/// The command line was not understood.
pub const USAGE: u8 = 2;
/// A scenario, price or catalogue file is invalid; nothing was run.
pub const INVALID: u8 = 10;
/// The model stopped: a limit was reached or an invariant broke; what is whole is kept.
pub const STOPPED: u8 = 11;
/// A result could not be written.
pub const NOT_WRITTEN: u8 = 12;
/// An expectation failed.
pub const EXPECTATION: u8 = 20;
/// The candidate is worse than the base.
pub const REGRESSION: u8 = 21;
/// The replications do not decide it; only where that was asked to fail.
pub const INCONCLUSIVE: u8 = 22;
/// The base is missing, or the two runs cannot be compared.
pub const NOT_COMPARABLE: u8 = 23;
/// A golden result differs.
pub const GOLDEN: u8 = 24;
/// A rerun does not reproduce its manifest.
pub const NOT_REPRODUCED: u8 = 25;
/// The plan belongs to another version.
pub const OTHER_PLAN: u8 = 64;
/// A stored result differs from a new one.
pub const STORED_DIFFERS: u8 = 65;
/// Interrupted; may be tried again.
pub const TRY_AGAIN: u8 = 75;
/// Interrupted by the user; what is whole is kept.
pub const INTERRUPTED: u8 = 130;

/// Who wins where several apply: first whatever left the results incomplete, then the findings.
const PRECEDENCE: &[u8] = &[
    INTERRUPTED,
    UNEXPECTED,
    USAGE,
    INVALID,
    NOT_WRITTEN,
    STOPPED,
    OTHER_PLAN,
    STORED_DIFFERS,
    TRY_AGAIN,
    NOT_COMPARABLE,
    REGRESSION,
    EXPECTATION,
    GOLDEN,
    NOT_REPRODUCED,
    INCONCLUSIVE,
];

/// A code for people: what it means, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// The code.
    pub code: u8,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub help: &'static str,
}

const fn explained(code: u8, meaning: &'static str, help: &'static str) -> Explained {
    Explained { code, meaning, help }
}

/// Every code, in order.
pub const CODES: [Explained; 16] = [
    explained(FINE, "Fine: expectations hold; compared runs are no worse.", "Nothing."),
    explained(
        UNEXPECTED,
        "Something that should not happen; also what a shell says when it cannot start the program.",
        "Run it again with -v and -j 1, and report what it says.",
    ),
    explained(
        USAGE,
        "The command line was not understood. Under `make` every failure becomes 2.",
        "`stampsim COMMAND --help` opens with examples. In CI call the program and not `make`, so that codes stay apart.",
    ),
    explained(
        INVALID,
        "A scenario, price or catalogue file is invalid; nothing was run.",
        "Each problem is told with file, line and column; `stampsim check FILE` tells all of them, `stampsim explain KEY` \
         what a key means.",
    ),
    explained(
        STOPPED,
        "The model stopped: a limit of events or of real time was reached, or an invariant broke. What is whole is kept.",
        "Raise run.event_budget or --max-wall, or shorten run.horizon; report a broken invariant.",
    ),
    explained(
        NOT_WRITTEN,
        "A result could not be written.",
        "Check the disk and the rights, or write elsewhere with --out DIR.",
    ),
    explained(
        EXPECTATION,
        "An expectation failed: a bound of an [[expect]] does not hold, or there is no figure to hold against it.",
        "The line that begins with `fail` or `missing` names figure and bound; summary.md and junit.xml of the run folder \
         keep them.",
    ),
    explained(
        REGRESSION,
        "The candidate is worse than the base: the interval of a paired difference lies wholly beyond the tolerance on the \
         bad side.",
        "Look at the rows that say `regressed`. If the change is meant, allow it with --tolerance, or take the candidate as \
         the new base.",
    ),
    explained(
        INCONCLUSIVE,
        "The replications do not decide it; only with --fail-on inconclusive.",
        "More replications decide it: the comparison says about how many. A tolerance decides more differences too.",
    ),
    explained(
        NOT_COMPARABLE,
        "The base is missing, or the two runs cannot be compared: another seed, horizon, start or number of replications, \
         or a run that is not whole.",
        "Run both with the same horizon, --seed and --replications, to the end.",
    ),
    explained(
        GOLDEN,
        "A golden result differs.",
        "If the change is meant, accept it by name and say so in the change; if not, find the change that moved it.",
    ),
    explained(
        NOT_REPRODUCED,
        "A rerun does not reproduce its manifest.",
        "Compare the versions of the program and the hashes of the inputs in both manifests.",
    ),
    explained(OTHER_PLAN, "The plan belongs to another version.", "Make the plan anew with this version."),
    explained(
        STORED_DIFFERS,
        "A stored result differs from a new one of the same inputs.",
        "Find out which version wrote it; a result is a function of inputs, seed and version.",
    ),
    explained(TRY_AGAIN, "Interrupted by the system.", "Try again; what is whole is kept."),
    explained(
        INTERRUPTED,
        "Interrupted by the user. What is whole is kept, without a digest.",
        "Run it again to the end before it is compared.",
    ),
];

/// Whether a code says what was found, and not that something could not be done.
pub fn is_verdict(code: u8) -> bool {
    matches!(code, EXPECTATION | REGRESSION | INCONCLUSIVE | GOLDEN | NOT_REPRODUCED)
}

/// The codes that apply, each once, the one that the program ends with first; fine where none does.
pub fn ranked(codes: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let codes: Vec<u8> = codes.into_iter().collect();
    let mut ranked: Vec<u8> = PRECEDENCE.iter().copied().filter(|code| codes.contains(code)).collect();
    if ranked.is_empty() {
        ranked.push(FINE);
    }
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_rank_as_documented() {
        let findings = [INCONCLUSIVE, NOT_REPRODUCED, GOLDEN, EXPECTATION, REGRESSION, NOT_COMPARABLE];
        assert_eq!(ranked(findings), [23, 21, 20, 24, 25, 22]);
        assert_eq!(ranked([EXPECTATION, FINE, EXPECTATION]), [20]);
        assert_eq!(ranked([FINE]), [FINE]);
        assert_eq!(ranked([]), [FINE]);
    }

    #[test]
    fn every_code_is_explained_once_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(PRECEDENCE.iter().all(|code| CODES.iter().any(|explained| explained.code == *code)));
        assert!(CODES.iter().all(|code| code.meaning.ends_with('.') && code.help.ends_with('.')));
    }

    #[test]
    fn what_left_the_results_incomplete_is_told_before_any_finding() {
        assert_eq!(ranked([EXPECTATION, STOPPED])[0], STOPPED);
        assert_eq!(ranked([STOPPED, NOT_WRITTEN])[0], NOT_WRITTEN);
        assert_eq!(ranked([STOPPED, INTERRUPTED, REGRESSION])[0], INTERRUPTED);
    }
}
