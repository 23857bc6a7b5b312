//! `schema`: the JSON Schema of a scenario file, for editors and checkers.

use clap::Args;

use super::terminal::Terminal;

const EXAMPLES: &str = "Examples:
  stampsim schema > scenario.schema.json
  stampsim schema | jq '.definitions | keys'";

/// JSON Schema (draft-07) of a scenario file
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Schema {}

/// Prints the schema.
pub(super) fn schema(terminal: &Terminal, _: &Schema) {
    let text = crate::scenario::schema::scenario_text();
    terminal.document(text.trim_end());
    terminal.document("\n");
}
