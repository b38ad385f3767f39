//! `hrpush completions` and `hrpush man`: what clap knows of the arguments, for shells and for readers.

use clap::CommandFactory as _;

use super::cli::Cli;
use super::exit::{Ended, Failure};
use super::files::print;

pub(super) fn print_for(shell: clap_complete::Shell) -> Result<Ended, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hrpush", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ended::done())
}

pub(super) fn manual() -> Result<Ended, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|fault| Failure::CannotRun(format!("cannot write the manual: {fault}")))?;
    print(&String::from_utf8_lossy(&page))?;
    Ok(Ended::done())
}
