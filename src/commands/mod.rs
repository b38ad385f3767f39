//! The commands: one file for each subcommand, which wires rooms together and holds a rule of none.
//!
//! In come arguments and settings, out go a result on stdout, everything else on stderr, and an exit code. Only here is a
//! clock read, a question asked and a file chosen.

pub(crate) mod cli;
mod completions;
mod init;
mod init_preset;
mod logging;
mod mapping;
mod mapping_check;
mod mapping_convert;
mod mapping_test;
mod presets;
pub(crate) mod progress;
mod records;
pub(crate) mod runs;
mod sandbox;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::session::error::{self, Ended, Failure};
use crate::session::{decide, doctor, explain, feed_run, quality, saved_plan, undo};
use cli::{Cli, Color, Command};

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
    error::conclude(logging::start(&cli.common).and_then(|()| dispatch(&cli)))
}

fn dispatch(cli: &Cli) -> Result<Ended, Failure> {
    let common = &cli.common;
    match &cli.command {
        Command::Import(args) => feed_run::import(common, args),
        Command::Sync(args) => feed_run::sync(common, args),
        Command::Plan(args) => feed_run::plan(common, args),
        Command::Apply(args) => saved_plan::apply(common, args),
        Command::Undo(args) => undo::undo(common, args),
        Command::Explain(args) => explain::explain(common, args),
        Command::Decide(args) => decide::decide(common, args),
        Command::Runs(args) => runs::runs(common, args),
        Command::Mapping(command) => mapping::mapping(common, command),
        Command::Doctor(args) => doctor::doctor(common, args),
        Command::Sandbox(args) => sandbox::sandbox(args),
        Command::Records(args) => records::records(common, args),
        Command::Quality(args) => quality::quality(common, args),
        Command::Init(args) => init::init(common, args),
        Command::Presets => presets::presets(common),
        Command::Completions { shell } => completions::print_for(*shell),
        Command::Man => completions::manual(),
    }
}
