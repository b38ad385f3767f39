//! The command line as clap reads it: the subcommands, and the options of all of them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use super::arguments::{
    Apply, Approve, Decide, Doctor, Explain, Forecast, Grant, Import, Init, Mapping, MetricsArgs, NotifyCommand, PlanArgs,
    Quality, Records, Reject, Runs, Sandbox, Serve, ServeCommand, StatusArgs, StopArgs, Sync, Token, Undo,
};
use super::examples;
pub(super) use super::format::Format;
use super::format::{ForecastFormat, text_or_json};

/// Makes a Microsoft Entra tenant agree with what HR says.
#[derive(Debug, Parser)]
#[command(name = "hrpush", version, about, propagate_version = true, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Examples:
  hrpush import employees.csv --dry-run                 show what would change
  hrpush import employees.csv                           show it, ask, and apply it
  hrpush sync                                           what cron runs
  hrpush explain 10042 employees.csv                    why a person changes or does not

Exit codes, the first that applies:
  130  interrupted; completed changes are recorded in the journal
    2  fault in the arguments, the configuration, the mapping or an input file
    1  could not run: network, credential, permission, state or HR system
    3  stopped by a guard, nothing written
    5  changes pending: no confirmation, or a dry run with --detailed-exitcode
    4  done, but records were held, changes failed, or a leaver's account is protected and was not disabled
    0  done, or nothing to do";

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The configuration [default: ./hrpush.toml if it exists]
    #[arg(long, global = true, help_heading = "On every command", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The state folder [default: .hrpush beside the configuration, else in the working folder]
    #[arg(long, global = true, env = "HRPUSH_STATE", help_heading = "On every command", value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// The format of stdout
    #[arg(long, global = true, help_heading = "On every command", value_parser = text_or_json(), default_value = "text")]
    format: ForecastFormat,
    /// When to use colors
    #[arg(long, global = true, help_heading = "On every command", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Show more log output (-vv for everything)
    #[arg(short, long, global = true, help_heading = "On every command", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Show only errors: on stderr, the reasons why a run does not end with 0
    #[arg(short, long, global = true, help_heading = "On every command", conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// The format of the log
    #[arg(long, global = true, help_heading = "On every command", value_enum, default_value_t = Format::Text)]
    pub(crate) log_format: Format,
    /// Write the log to this file instead of stderr; SIGHUP opens it again after a rotation
    #[arg(long, global = true, help_heading = "On every command", value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
}

impl Common {
    /// The format of stdout, of every command but the forecast.
    pub(crate) fn format(&self) -> Format {
        match self.format {
            ForecastFormat::Json => Format::Json,
            ForecastFormat::Text | ForecastFormat::Csv => Format::Text,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read HR files, show the plan, apply it once confirmed
    #[command(after_help = examples::IMPORT)]
    Import(Import),
    /// Read the configured source and apply the plan without a question: what cron runs
    #[command(after_help = examples::SYNC)]
    Sync(Sync),
    /// Compute a plan, show it and save it
    #[command(after_help = examples::PLAN)]
    Plan(PlanArgs),
    /// Carry out a saved plan and nothing else
    #[command(after_help = examples::APPLY)]
    Apply(Apply),
    /// Reverse an earlier run: its inverse is shown and applied like any plan
    #[command(after_help = examples::UNDO)]
    Undo(Undo),
    /// Explain one person: the record, each expression with its inputs and result, the match, the decision
    #[command(after_help = examples::EXPLAIN)]
    Explain(Explain),
    /// Settle one held, missing or rejected person by hand
    #[command(after_help = examples::DECIDE)]
    Decide(Decide),
    /// Approve a plan that was shown, so that the next run carries it out
    #[command(after_help = examples::APPROVE)]
    Approve(Approve),
    /// Reject a plan that was shown: its changes are skipped until HR's records change
    #[command(after_help = examples::REJECT)]
    Reject(Reject),
    /// List the runs: what was done, when, by which plan
    #[command(after_help = examples::RUNS)]
    Runs(Runs),
    /// Show for each feed when it last ran well, and what needs attention
    #[command(after_help = examples::STATUS)]
    Status(StatusArgs),
    /// Show day by day who starts, leaves and moves by the dates of the records
    #[command(after_help = examples::FORECAST)]
    Forecast(Forecast),
    /// Try the receivers of messages
    #[command(subcommand, after_help = examples::NOTIFY)]
    Notify(NotifyCommand),
    /// Check, try, test and convert mappings
    #[command(subcommand, after_help = examples::MAPPING)]
    Mapping(Mapping),
    /// Check the configuration, the credential and the tenant
    #[command(after_help = examples::DOCTOR)]
    Doctor(Doctor),
    /// Serve the sandbox tenant on loopback until interrupted
    ///
    /// A tenant as strict as Graph v1.0: types, lengths, operators of $filter, permissions, kinds of groups, seats of licences. It covers users,
    /// groups, managers, members and owners, licences, Temporary Access Passes, deleted items, delta, $batch, directory roles, domains, the
    /// organization, and the token service. It does not cover administrative units, sponsors, invitations, subscriptions, applications, service
    /// principals, devices, mail and audit logs: each request for those answers 501. docs/sandbox.md lists both.
    #[command(after_help = examples::SANDBOX)]
    Sandbox(Sandbox),
    /// Take the people and groups that an HR system or an identity provider pushes by SCIM
    ///
    /// What is pushed is stored as a feed. Nothing of it reaches the tenant before a later `hrpush sync` with kind = "scim" in [source].
    #[command(after_help = examples::SERVE)]
    Serve(Serve),
    /// Show the records of a source before any mapping
    #[command(after_help = examples::RECORDS)]
    Records(Records),
    /// List what HR should correct, row by row, in HR's terms
    #[command(after_help = examples::QUALITY)]
    Quality(Quality),
    /// Write hrpush.toml and a mapping guessed from the file's header
    #[command(after_help = examples::INIT)]
    Init(Init),
    /// List the HR systems that `init --preset` knows
    #[command(after_help = examples::PRESETS)]
    Presets,
    /// Print the completions for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell to complete commands in
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for each subcommand
    #[command(after_help = examples::MAN)]
    Man {
        /// Write hrpush.1 and a page for each subcommand into this folder instead
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_help_has_examples_and_plain_quotes() {
        fn check(command: &mut clap::Command) {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:\n  hrpush "), "{help}");
            assert!(!help.contains(['«', '»', '„', '“']), "{help}");
            command.get_subcommands_mut().filter(|sub| sub.get_name() != "help").for_each(check);
        }
        let mut command = <Cli as clap::CommandFactory>::command();
        command.build();
        check(&mut command);
    }

    #[test]
    fn the_arguments_are_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn options_exist_only_on_subcommands_that_use_them() {
        assert!(Cli::try_parse_from(["hrpush", "plan", "a.csv", "--yes"]).is_err());
        assert!(Cli::try_parse_from(["hrpush", "sync", "--partial"]).is_err());
        assert!(Cli::try_parse_from(["hrpush", "decide", "1"]).is_err());
        assert!(Cli::try_parse_from(["hrpush", "decide", "--keep"]).is_err());
        assert!(Cli::try_parse_from(["hrpush", "decide", "1", "--keep", "--new"]).is_err());
        assert!(Cli::try_parse_from(["hrpush", "decide", "1", "--forget", "--note", "x"]).is_err());
        assert!(Cli::try_parse_from(["hrpush", "decide", "1", "--same", "a@b", "hr.csv", "--note", "x"]).is_ok());
        assert!(Cli::try_parse_from(["hrpush", "apply", "p.json", "--mapping", "m"]).is_err());
        assert!(
            Cli::try_parse_from(["hrpush", "import", "a.csv", "--as-of", "2026-11-20", "--only", "1", "--only", "2"]).is_ok()
        );
    }
}
