//! Why an expectation could not be judged, in words that say what there is.

use std::fmt;

/// Why there is no figure to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// The catalogue has no such measure.
    Measure {
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The study has no figure of the measure.
    Figure {
        /// The name.
        name: &'static str,
        /// Whether windows of it were asked for, which fewer measures have.
        windows: bool,
    },
    /// The run looks at the measure in windows only, so there is none of the whole.
    OnlyInWindows {
        /// The name.
        name: &'static str,
    },
    /// Too few replications have the figure.
    TooFew {
        /// Replications that have it.
        n: u64,
        /// Replications needed.
        needed: u64,
    },
    /// No figure of the measure has a label of this name.
    Label {
        /// The label.
        label: String,
        /// The label that was probably meant.
        nearest: Option<&'static str>,
        /// The labels there are.
        known: Vec<&'static str>,
    },
    /// No figure of the measure has this value of the label.
    Value {
        /// The label.
        label: String,
        /// The value.
        value: String,
        /// The value that was probably meant.
        nearest: Option<String>,
        /// The values there are.
        known: Vec<String>,
    },
    /// Each label occurs, but not all on one figure.
    Together,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = |f: &mut fmt::Formatter<'_>, nearest: Option<&str>| match nearest {
            Some(word) => write!(f, "; did you mean {word:?}?"),
            None => Ok(()),
        };
        match self {
            Self::Measure { name, nearest } => {
                write!(f, "unknown measure {name:?}")?;
                hint(f, *nearest)
            }
            Self::Figure { name, windows: false } => write!(f, "no replication has a figure of {name}"),
            Self::Figure { name, windows: true } => write!(f, "no replication has a series of {name}"),
            Self::OnlyInWindows { name } => write!(
                f,
                "no replication has a figure of {name} over the whole run, which looks at it in windows; ask for labels = \
                 {{ windows = \"regular\" }}, or for a phase"
            ),
            Self::TooFew { n, needed } => write!(f, "n too small: {n} replications, {needed} are needed"),
            Self::Label { label, nearest, known } => {
                write!(f, "no figure has a label {label:?}; {}", listed(known))?;
                hint(f, *nearest)
            }
            Self::Value { label, value, nearest, known } => {
                write!(f, "no figure has {label} = {value:?}; {}", listed(known))?;
                hint(f, nearest.as_deref())
            }
            Self::Together => f.write_str("no figure has all these labels together"),
        }
    }
}

/// The words there are, at most as many as fit a message.
pub(super) fn listed(words: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = words.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match words.len() {
        0 => "there is none".to_owned(),
        n if n > SHOWN => format!("there are {} and {} more", shown.join(", "), n - SHOWN),
        _ => format!("there is {}", shown.join(", ")),
    }
}
