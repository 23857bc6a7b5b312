//! File to validated scenario: read, extend, override, complete, check, and build the model's input.
//!
//! Every problem of a file is reported at once, each at its own line and column. The room reads scenario files and what
//! they name (growth curves, catalogues, prices) and nothing else; it runs nothing.

pub mod catalog;
pub mod diagnostic;
pub mod file;
pub mod footprint;
pub mod intake;
pub mod load;
pub mod schema;
pub mod templates;
mod tree;
pub mod validate;

#[cfg(test)]
mod tests;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use load::{discover, load, load_text, name_of};
pub use validate::{Input, Scenario};
