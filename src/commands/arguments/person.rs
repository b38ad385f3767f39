//! The arguments of the subcommands about one person: explain and decide.

use std::path::PathBuf;

use clap::Args;

use super::shared_options::{MapArgs, TargetArgs};
use crate::commands::examples;

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The person's key in HR
    pub(crate) key: String,
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

/// Settles one person by hand. The record is taken from the last run that held it; with a file or --mapping, or where that run left nothing,
/// the source and the tenant are read.
#[derive(Debug, Args)]
#[command(after_help = examples::DECIDE)]
pub(crate) struct Decide {
    /// The person's key in HR
    #[arg(required_unless_present = "list")]
    pub(crate) key: Option<String>,
    /// HR files to read the record from
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) action: DecideAction,
    /// The reason, kept with the decision
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["forget", "list"])]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "clap sets one of a group, each by its own flag")]
pub(crate) struct DecideAction {
    /// The record and this account are one person
    #[arg(long, value_name = "ID|UPN")]
    pub(crate) same: Option<String>,
    /// The record is another person than the accounts that it resembles
    #[arg(long)]
    pub(crate) new: bool,
    /// A missing, out-of-scope or rejected person stays as is
    #[arg(long)]
    pub(crate) keep: bool,
    /// End the decision about this person
    #[arg(long)]
    pub(crate) forget: bool,
    /// List the decisions in force; with KEY all decisions ever made about this person
    #[arg(long)]
    pub(crate) list: bool,
}
