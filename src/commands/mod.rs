//! The commands: one file for each subcommand, which wires rooms together and holds a rule of none.
//!
//! In come arguments and settings, out go a result on stdout, everything else on stderr, and an exit code. Only here is a
//! clock read, a question asked and a file chosen.

mod cli;
mod completions;
mod exit;
mod files;
mod logging;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Color, Command};
use exit::{Ended, Failure};

/// Runs the command that the arguments name and tells how it ended.
pub fn main<I: IntoIterator<Item = OsString>>(arguments: I) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(fault) => fault.exit(),
    };
    match cli.common.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::AlwaysAnsi,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    exit::conclude(logging::start(&cli.common).and_then(|()| dispatch(cli)))
}

fn dispatch(cli: Cli) -> Result<Ended, Failure> {
    match cli.command {
        Command::Completions { shell } => completions::print_for(shell),
        Command::Man => completions::manual(),
        _ => Err(Failure::usage("not built yet")),
    }
}
