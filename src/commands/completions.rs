//! `hrpush completions` and `hrpush man`: print the arguments for shells and for readers.

use std::fmt::Write as _;

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
