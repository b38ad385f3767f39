//! The arguments of runs, status and notify.

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCandidates;
use jiff::{SignedDuration, Timestamp};

use super::value::{day, duration, ending};
use crate::commands::{completion_values, examples};
use crate::store::EndKind;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Runs {
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
    /// List at most so many runs, 0 for all [default: 20, all with --format json]
    #[arg(short, long, value_name = "N")]
    pub(crate) number: Option<usize>,
    /// List the runs of this time only, such as 12h or 7d
    #[arg(long, value_name = "AGE", value_parser = duration)]
    pub(crate) since: Option<SignedDuration>,
    /// List the runs with this ending only: done, nothing-to-do, planned, pending, stopped, refused, cannot-run, interrupted, crashed
    #[arg(long, value_name = "ENDING", value_parser = ending)]
    pub(crate) ended: Option<EndKind>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Show one run with its plan and its requests
    #[command(after_help = examples::RUNS_SHOW)]
    Show {
        /// The run, its first characters, or `last`
        #[arg(add = ArgValueCandidates::new(completion_values::runs))]
        run: String,
    },
    /// Drop the values of old runs; their lines, counts and links are kept
    #[command(after_help = examples::RUNS_PRUNE)]
    Prune {
        /// Keep the runs of this time, instead of `keep` in [journal]; never less than 15 days
        #[arg(long, value_name = "AGE", value_parser = duration)]
        keep: Option<SignedDuration>,
    },
    /// Check that no recorded run was changed: exit code 0 whole, 1 broken
    #[command(after_help = examples::RUNS_VERIFY)]
    Verify,
    /// Print the runs as JSON lines, oldest first, with their hashes
    #[command(after_help = examples::RUNS_EXPORT)]
    Export {
        /// The first day, in UTC
        #[arg(long, value_name = "DATE", value_parser = day)]
        since: Timestamp,
    },
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// How old the last good run of each feed may be
    #[arg(long, value_name = "AGE", default_value = "26h", value_parser = duration)]
    pub(crate) max_age: SignedDuration,
    /// Send the message `late` where a feed had no good run for so long
    #[arg(long)]
    pub(crate) notify: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send a test message to every receiver of [notify]
    #[command(after_help = examples::NOTIFY_TEST)]
    Test,
}
