//! The commands: one file for each subcommand, which parses its arguments, calls `session` and prints the result.
//!
//! Arguments and settings come in. A result on stdout, everything else on stderr, and an exit code go out. Only this room prints, asks
//! questions and listens to signals.

mod apply;
mod arguments;
mod cli;
mod completions;
mod decide;
mod doctor;
mod examples;
mod exit;
mod explain;
mod import;
mod init;
mod interrupt;
mod logging;
mod manual;
mod mapping;
mod mapping_check;
mod mapping_convert;
mod mapping_test;
mod output;
mod plan;
mod presets;
mod quality;
mod records;
mod run;
mod runs;
mod sandbox;
mod screen;
mod status;
mod sync;
mod undo;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::session::error::{Ended, Failure};
use cli::{Cli, Color, Command};

/// Runs the command that the arguments name, and returns its exit code.
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
    exit::conclude(logging::start(&cli.common).and_then(|()| dispatch(&cli)))
}

fn dispatch(cli: &Cli) -> Result<Ended, Failure> {
    let common = &cli.common;
    match &cli.command {
        Command::Import(args) => import::import(common, args),
        Command::Sync(args) => sync::sync(common, args),
        Command::Plan(args) => plan::plan(common, args),
        Command::Apply(args) => apply::apply(common, args),
        Command::Undo(args) => undo::undo(common, args),
        Command::Explain(args) => explain::explain(common, args),
        Command::Decide(args) => decide::decide(common, args),
        Command::Runs(args) => runs::runs(common, args),
        Command::Status(args) => status::show(common, args),
        Command::Mapping(command) => mapping::mapping(common, command),
        Command::Doctor(args) => doctor::doctor(common, args),
        Command::Sandbox(args) => sandbox::sandbox(args),
        Command::Records(args) => records::records(common, args),
        Command::Quality(args) => quality::quality(common, args),
        Command::Init(args) => init::init(common, args),
        Command::Presets => presets::presets(common),
        Command::Completions { shell } => completions::print_for(*shell),
        Command::Man { to: Some(folder) } => manual::write_pages(folder),
        Command::Man { to: None } => manual::print_page(),
    }
}
