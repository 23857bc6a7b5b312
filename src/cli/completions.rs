//! `completions`: what a shell needs to complete this command line.

use clap::{Args, Command};
use clap_complete::Shell;

use super::terminal::Terminal;

const EXAMPLES: &str = "Examples:
  stampsim completions bash > ~/.local/share/bash-completion/completions/stampsim
  stampsim completions zsh > ~/.zfunc/_stampsim
  stampsim completions powershell >> $PROFILE";

/// Completions of this command line for a shell
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the shell's script.
pub(super) fn completions(terminal: &Terminal, options: &Completions, mut command: Command) {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "stampsim", &mut script);
    terminal.document(&String::from_utf8_lossy(&script));
}
