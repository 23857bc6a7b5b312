//! The one macro behind every list where a single line registers an entry.
//!
//! A registry line is *key* => *type*, *one sentence*. From it come the word that scenario files accept, the
//! listing of `stampsim list`, the "expected one of" of a message and the contract tests. Nothing else needs
//! to know that the entry exists.

/// What a registry says of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The word that scenario files use.
    pub key: &'static str,
    /// One sentence for people: what it does and when it suits.
    pub about: &'static str,
}

/// Declares an externally tagged enum from lines `Variant("key", "sentence")`, with its list of [`Entry`].
///
/// `enum Name: Trait { ... }`: every variant holds the parameter struct of the same name, which must implement
/// `Trait`, `Deserialize`, `Serialize`, `JsonSchema`, `Clone`, `Debug` and `PartialEq`. In a scenario file the entry is a table named after its key.
/// A list of variants with a newtype around a struct, and no unit variant, keeps the place of every mistake.
#[macro_export]
macro_rules! registry {
    ($(#[$meta:meta])* $vis:vis enum $name:ident : $contract:ident { $($variant:ident($key:literal, $about:literal)),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        $vis enum $name {
            $(#[doc = $about] #[serde(rename = $key)] $variant($variant)),+
        }

        impl $name {
            /// Every registered entry, in the order of the list.
            pub const ENTRIES: &'static [$crate::registry::Entry] =
                &[$($crate::registry::Entry { key: $key, about: $about }),+];

            /// The entry's parameters, as what they can do.
            pub fn entry(&self) -> &dyn $contract {
                match self { $(Self::$variant(parameters) => parameters),+ }
            }

            /// The entry's parameters, to be completed while a scenario is loaded.
            pub fn entry_mut(&mut self) -> &mut dyn $contract {
                match self { $(Self::$variant(parameters) => parameters),+ }
            }

            /// The word that scenario files use for this entry.
            pub fn key(&self) -> &'static str {
                match self { $(Self::$variant(_) => $key),+ }
            }
        }
    };
}
