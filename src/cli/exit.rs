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
    fn what_left_the_results_incomplete_is_told_before_any_finding() {
        assert_eq!(ranked([EXPECTATION, STOPPED])[0], STOPPED);
        assert_eq!(ranked([STOPPED, NOT_WRITTEN])[0], NOT_WRITTEN);
        assert_eq!(ranked([STOPPED, INTERRUPTED, REGRESSION])[0], INTERRUPTED);
    }
}
