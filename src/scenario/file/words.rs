//! Lengths of time that may be one word instead.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::units::SimDuration;

/// Defines a duration that may be one word instead, such as "never".
macro_rules! duration_or_word {
    ($(#[$meta:meta])* $name:ident, $given:ident, $word:literal => $instead:ident, $about:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            /// This long.
            $given(SimDuration),
            #[doc = concat!("`\"", $word, "\"`")]
            $instead,
        }

        impl $name {
            /// The length, when there is one.
            pub fn length(self) -> Option<SimDuration> {
                match self {
                    Self::$given(length) => Some(length),
                    Self::$instead => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::$given(length) => length.fmt(f),
                    Self::$instead => f.write_str($word),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Words;
                impl Visitor<'_> for Words {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a duration such as \"5 min\", or \"", $word, "\""))
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        if text.trim() == $word {
                            return Ok($name::$instead);
                        }
                        let alike = strsim::normalized_damerau_levenshtein(text, $word) >= 0.5;
                        text.parse().map($name::$given).map_err(|error| {
                            if alike {
                                return E::custom(format_args!("unknown word {text:?}; did you mean {:?}?", $word));
                            }
                            E::custom(format_args!("{error}, or {:?}", $word))
                        })
                    }
                }
                deserializer.deserialize_any(Words)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $about })
            }
        }
    };
}

duration_or_word!(
    /// A length of time, or "never".
    OrNever, After, "never" => Never, "A duration such as \"5 min\", or \"never\"."
);

duration_or_word!(
    /// The length of a fault, or `"never_ends"`.
    Lasts, Of, "never_ends" => NeverEnds, "A duration such as \"45 min\", or \"never_ends\"."
);
