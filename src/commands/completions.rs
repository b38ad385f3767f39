//! `hrpush completions`: prints the arguments for a shell.

use clap::CommandFactory as _;

use super::cli::Cli;
use super::output::print;
use crate::session::error::{Ended, Failure};

pub(super) fn print_for(shell: clap_complete::Shell) -> Result<Ended, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hrpush", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ended::done())
}
