//! `hrpush completions`: prints the arguments for a shell, and answers a shell that asks.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap_complete::env::{CompleteEnv, Shells};

use super::cli::Cli;
use super::output::print;
use crate::session::error::{Ended, Failure};

/// The name of the command.
const NAME: &str = "hrpush";

/// The variable by which a shell asks for completions. Its name is ours alone: a scheduled run must not be taken for a question.
const ASKED: &str = "HRPUSH_COMPLETE";

/// Prints the script that makes a shell ask hrpush. The binary answers with subcommands, options, files, and the values that only this
/// machine knows.
pub(super) fn print_for(shell: clap_complete::Shell) -> Result<Ended, Failure> {
    let shells = Shells::builtins();
    let name = shell.to_string();
    let completer = shells.completer(&name).ok_or_else(|| Failure::usage(format!("there are no completions for `{name}`")))?;
    let mut script = Vec::new();
    completer.write_registration(ASKED, NAME, NAME, NAME, &mut script)?;
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ended::done())
}

/// Answers a shell that asks for completions. Returns whether one did.
pub(super) fn answer(arguments: &[OsString]) -> clap::error::Result<bool> {
    let folder = std::env::current_dir().ok();
    CompleteEnv::with_factory(Cli::command).var(ASKED).bin(NAME).try_complete(arguments, folder.as_deref())
}
