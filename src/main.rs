//! Parses, runs, turns the outcome into an exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    stampsim::cli::main(std::env::args_os())
}
