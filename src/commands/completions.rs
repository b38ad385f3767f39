//! `hrpush completions` and `hrpush man`: print the arguments for shells and for readers.

use std::ffi::OsString;
use std::fmt::Write as _;

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

/// One page: the command itself, then each subcommand with its options.
pub(super) fn manual() -> Result<Ended, Failure> {
    let mut command = Cli::command();
    command.build();
    let page = page(&command).map_err(|fault| Failure::cannot_run(format!("cannot write the manual: {fault}")))?;
    print(&page)?;
    Ok(Ended::done())
}

fn page(command: &clap::Command) -> std::io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let (mut about, mut options) = (Vec::new(), Vec::new());
        let man = clap_mangen::Man::new(own_options(sub));
        man.render_synopsis_section(&mut about)?;
        man.render_description_section(&mut about)?;
        man.render_options_section(&mut options)?;
        let _ = writeln!(text, ".SH {}", sub.get_name().to_uppercase());
        text.push_str(&String::from_utf8_lossy(&[about, options].concat()).replace(".SH ", ".SS "));
    }
    Ok(text)
}

/// The command without the global options, which the page lists once at the top.
fn own_options(command: &clap::Command) -> clap::Command {
    let mut own = command.clone();
    let global: Vec<clap::Id> =
        command.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| arg.get_id().clone()).collect();
    for id in global {
        own = own.mut_arg(id, |arg| arg.hide(true));
    }
    own
}
