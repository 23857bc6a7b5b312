//! What ends a command: exit code, message, and what to try.

use super::exit;
use crate::results::ResultsError;
use crate::scenario::Diagnostic;

/// Why a command could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Exit code.
    pub(super) code: u8,
    /// What was found, and where.
    pub(super) message: String,
    /// What to try.
    pub(super) help: String,
    /// What is wrong with files, each at its place; told already when the failure is.
    pub(super) problems: Vec<Diagnostic>,
}

impl Failure {
    /// A failure with its words.
    pub(super) fn new(code: u8, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into(), problems: Vec::new() }
    }
}

impl From<ResultsError> for Failure {
    fn from(error: ResultsError) -> Self {
        let code = if error.is_write() { exit::NOT_WRITTEN } else { exit::NOT_COMPARABLE };
        Self::new(code, error.to_string(), error.help())
    }
}
