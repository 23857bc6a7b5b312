//! Naming figures on a command line: a measure, and labels that narrow it down.

use std::fmt;

use crate::analysis::{phase, suggest};
use crate::metrics::Measure;
use crate::metrics::measure::find;
use crate::results::Figure;

/// All figures of a measure that have these labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The measure.
    pub measure: &'static Measure,
    /// Labels that a figure must have, as `name=value`.
    labels: Vec<String>,
}

/// A measure that is not in the catalogue, or labels that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickError {
    /// No such measure.
    Measure {
        /// The name.
        found: String,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Something in the place of a label.
    Label {
        /// What was found.
        found: String,
    },
}

impl fmt::Display for PickError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measure { found, nearest: Some(nearest) } => {
                write!(f, "unknown measure {found:?}; did you mean {nearest:?}?")
            }
            Self::Measure { found, nearest: None } => {
                write!(f, "unknown measure {found:?}; `stampsim list measures` names them all")
            }
            Self::Label { found } => write!(f, "{found:?} is no label; expected name=value, such as quantile=0.99"),
        }
    }
}

impl std::error::Error for PickError {}

impl Pick {
    /// Reads `measure`, or `measure{label=value other=value}` as figures are printed.
    pub fn parse(text: &str) -> Result<Self, PickError> {
        let text = text.trim();
        let (name, labels) = match text.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}').unwrap_or(rest)),
            None => (text, ""),
        };
        let measure =
            find(name).ok_or_else(|| PickError::Measure { found: name.to_owned(), nearest: suggest(name) })?;
        Ok(Self { measure, labels: pairs(labels)? })
    }

    /// The same with more labels, such as `per=registered`.
    pub fn with_labels(mut self, labels: &str) -> Result<Self, PickError> {
        self.labels.extend(pairs(labels)?);
        Ok(self)
    }

    /// Whether a figure is meant; one of a phase is only where a phase is asked for.
    pub fn takes(&self, figure: &Figure) -> bool {
        let asked = self.labels.iter().any(|pair| is_of_a_phase(pair));
        (asked || !is_of_a_phase(&figure.labels))
            && self.measure.name == figure.measure
            && self.labels.iter().all(|pair| has(&figure.labels, pair))
    }
}

impl fmt::Display for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.measure.name)?;
        if self.labels.is_empty() { Ok(()) } else { write!(f, "{{{}}}", self.labels.join(" ")) }
    }
}

/// Whether printed labels are those of a phase, which is a part of the whole.
pub(super) fn is_of_a_phase(labels: &str) -> bool {
    format!(" {labels}").contains(&format!(" {}=", phase::LABEL))
}

/// Whether printed labels hold a pair. Values may hold spaces, so whole pairs are looked for and nothing is split.
pub(super) fn has(labels: &str, pair: &str) -> bool {
    format!(" {labels} ").contains(&format!(" {pair} "))
}

/// Pairs as they are printed: a word without a sign belongs to the value before it ("share=99 %").
fn pairs(text: &str) -> Result<Vec<String>, PickError> {
    let mut pairs: Vec<String> = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        match (word.contains('='), pairs.last_mut()) {
            (true, _) => pairs.push(word.to_owned()),
            (false, Some(last)) => {
                last.push(' ');
                last.push_str(word);
            }
            (false, None) => return Err(PickError::Label { found: word.to_owned() }),
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(measure: &str, labels: &str) -> Figure {
        Figure { measure: measure.into(), labels: labels.into() }
    }

    #[test]
    fn a_printed_figure_is_read_back() {
        let printed = "time_to_recover_s{fault=weu-2 outage share=99 %}";
        let pick = Pick::parse(printed).expect("as printed");
        assert_eq!(pick.to_string(), printed);
        assert!(pick.takes(&figure("time_to_recover_s", "fault=weu-2 outage share=99 %")));
        assert!(!pick.takes(&figure("time_to_recover_s", "fault=weu-2 outage share=9 %")));
        assert!(!pick.takes(&figure("wait_ms", "fault=weu-2 outage share=99 %")));
    }

    #[test]
    fn a_measure_alone_takes_all_its_figures() {
        let pick = Pick::parse("throttle_rejected_ratio").expect("a measure");
        assert!(pick.takes(&figure("throttle_rejected_ratio", "throttle=connect")));
        let narrow = pick.with_labels("throttle=send").expect("a label");
        assert!(!narrow.takes(&figure("throttle_rejected_ratio", "throttle=connect")));
    }

    #[test]
    fn slips_are_said_with_what_was_meant() {
        let message = |text: &str| Pick::parse(text).expect_err(text).to_string();
        assert_eq!(
            message("comand_latency_ms"),
            "unknown measure \"comand_latency_ms\"; did you mean \"command_latency_ms\"?"
        );
        assert!(message("speed").contains("stampsim list measures"));
        assert!(message("wait_ms{registry}").contains("expected name=value"));
    }
}
