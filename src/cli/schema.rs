//! `schema`: the JSON Schema of what the program reads and writes, for editors, checkers and programs.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::messages;
use super::terminal::Terminal;
use crate::{cost, results, scenario};

const EXAMPLES: &str = "Examples:
  stampsim schema > scenario.schema.json
  stampsim schema summary                  summary.json of a run folder
  stampsim schema messages                 the lines of --message-format json
  stampsim schema | jq '.definitions | keys'";

/// JSON Schema (draft-07) of files and messages
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Schema {
    /// Of what
    #[arg(value_enum, default_value_t)]
    what: What,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum What {
    /// A scenario file
    #[default]
    Scenario,
    /// A price file
    Prices,
    /// summary.json of a run folder
    Summary,
    /// One line of --message-format json
    Messages,
}

impl What {
    fn schema(self) -> Value {
        match self {
            Self::Scenario => scenario::schema::scenario(),
            Self::Prices => cost::price_sheet::schema(),
            Self::Summary => results::summary_schema(),
            Self::Messages => messages::schema(),
        }
    }
}

/// Prints the schema.
pub(super) fn schema(terminal: &Terminal, options: &Schema) {
    let text = serde_json::to_string_pretty(&options.what.schema()).expect("a schema is plain data");
    terminal.document(&text);
    terminal.document("\n");
}
