//! Options that several subcommands have.

use std::path::PathBuf;

use clap::Args;

use super::value::civil_day;
use crate::session::decision::Consent;
use crate::session::mapped_reading::ReadOptions;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TargetArgs {
    /// Another Graph than that of the configured cloud; plain http only on loopback
    #[arg(long, value_name = "URL")]
    pub(crate) graph_url: Option<String>,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StopArgs {
    /// Show the plan and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Let exactly the plan with this fingerprint pass its guards, once
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) approve: Option<String>,
    /// End a dry run with exit code 5 if changes are pending
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Also write the plan as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

/// How much of the plan is shown. Plans of more than 40 changes are folded.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ShowArgs {
    /// Show every change of a long plan with its attributes
    #[arg(long, conflicts_with = "summary")]
    pub(crate) full: bool,
    /// Show only the counts and the guards of the plan
    #[arg(long)]
    pub(crate) summary: bool,
    /// Print to the terminal directly, without the pager (`HRPUSH_PAGER`, `PAGER` or less)
    #[arg(long)]
    pub(crate) no_pager: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct YesArgs {
    /// Apply the plan without asking for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct MapArgs {
    /// The mapping file [default: the configured one, else the built-in one that fits the header]
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Plan for this day (YYYY-MM-DD) instead of today
    #[arg(long, value_name = "DATE", value_parser = civil_day)]
    pub(crate) as_of: Option<jiff::civil::Date>,
}

impl StopArgs {
    /// The consent of a command that asks unless `--yes` or `--dry-run` is given.
    pub(in crate::commands) fn consent(&self, yes: &YesArgs) -> Consent {
        match (self.dry_run, yes.yes) {
            (true, _) => Consent::Never,
            (false, true) => Consent::Given,
            (false, false) => Consent::Ask,
        }
    }
}

impl From<&MapArgs> for ReadOptions {
    fn from(args: &MapArgs) -> Self {
        Self { mapping: args.mapping.clone(), as_of: args.as_of }
    }
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OnlyArgs {
    /// Plan only for this person, although everything is read (repeatable)
    #[arg(long, value_name = "KEY")]
    pub(crate) only: Vec<String>,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PartialArgs {
    /// The files are a partial export: people missing from them are not treated as leavers
    #[arg(long)]
    pub(crate) partial: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct MetricsArgs {
    /// Replace this file with the figures of all feeds for a monitor (`OpenMetrics` text), at the end of the run
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_file: Option<PathBuf>,
}
