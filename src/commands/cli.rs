//! The arguments: every subcommand with its options, as clap reads them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Makes a Microsoft Entra tenant agree with what HR says.
#[derive(Debug, Parser)]
#[command(name = "hrpush", version, about, propagate_version = true, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes, the first that applies:
  130  interrupted; what was written is in the journal
    2  usage, configuration, mapping or input file
    1  could not run: network, credential, permission, state, HR system
    3  stopped by a guard, nothing written
    5  changes pending: no confirmation, or a dry run with --detailed-exitcode
    4  done, but records were held, changes failed, or somebody untouchable has left
    0  done, or nothing to do";

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The configuration [default: ./hrpush.toml where there is one]
    #[arg(long, global = true, help_heading = "On every command", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The state folder [default: .hrpush beside the configuration, else in the working folder]
    #[arg(long, global = true, help_heading = "On every command", value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// What stdout carries
    #[arg(long, global = true, help_heading = "On every command", value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// When to colour
    #[arg(long, global = true, help_heading = "On every command", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Tell more on stderr; twice for all
    #[arg(short, long, global = true, help_heading = "On every command", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Tell nothing on stderr but why a run does not end with 0
    #[arg(short, long, global = true, help_heading = "On every command", conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// The form of the log
    #[arg(long, global = true, help_heading = "On every command", value_enum, default_value_t = Format::Text)]
    pub(crate) log_format: Format,
    /// Write the log here instead of to stderr
    #[arg(long, global = true, help_heading = "On every command", value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read these files, show the plan, apply it once confirmed
    Import(Import),
    /// The same from the source in hrpush.toml, unattended: what cron runs
    Sync(Sync),
    /// Compute a plan and save it
    Plan(PlanArgs),
    /// Carry out a saved plan and nothing else
    Apply(Apply),
    /// Plan the inverse of an earlier run, shown and applied like any plan
    Undo(Undo),
    /// One person: the record, each expression with its inputs and result, the match, the decision
    Explain(Explain),
    /// Settle one held, missing or rejected person by hand
    Decide(Decide),
    /// What was done, when, by which plan
    Runs(Runs),
    /// Look at a mapping
    #[command(subcommand)]
    Mapping(Mapping),
    /// Look at the configuration, the credential and the tenant
    Doctor(Doctor),
    /// Serve the sandbox tenant on loopback until interrupted
    ///
    /// A tenant as strict as Graph v1.0: types, lengths, operators of $filter, permissions, kinds of groups, seats of licences. It covers users,
    /// groups, managers, members and owners, licences, Temporary Access Passes, deleted items, delta, $batch, directory roles, domains, the
    /// organization, and the token service. It does not cover administrative units, sponsors, invitations, subscriptions, applications, service
    /// principals, devices, mail and audit logs: each request for those answers 501. docs/sandbox.md lists both.
    Sandbox(Sandbox),
    /// Show what was read, before any mapping
    Records(Records),
    /// What HR should correct, by row, in HR's words: to send back to HR
    Quality(Quality),
    /// Write hrpush.toml and a mapping guessed from the file's header
    Init(Init),
    /// List the HR systems that `init --preset` knows
    Presets,
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TargetArgs {
    /// Another Graph than that of the configured cloud; plain http for loopback alone
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
    /// A dry run with changes pending ends with 5
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Also write the plan as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct YesArgs {
    /// Apply without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct MapArgs {
    /// The mapping file [default: the configured one, else the built-in one that fits the header]
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Plan for this day (YYYY-MM-DD) instead of today
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<jiff::civil::Date>,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OnlyArgs {
    /// Plan for this person alone; everything is read (repeatable)
    #[arg(long, value_name = "KEY")]
    pub(crate) only: Vec<String>,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PartialArgs {
    /// The files are not everybody: who is absent from them means nothing
    #[arg(long)]
    pub(crate) partial: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The HR files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stop: StopArgs,
    #[command(flatten)]
    pub(crate) yes: YesArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
    #[command(flatten)]
    pub(crate) only: OnlyArgs,
    #[command(flatten)]
    pub(crate) partial: PartialArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stop: StopArgs,
    #[command(flatten)]
    pub(crate) yes: YesArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
    #[command(flatten)]
    pub(crate) only: OnlyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Save the plan here, also when a guard trips
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stop: StopArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
    #[command(flatten)]
    pub(crate) only: OnlyArgs,
    #[command(flatten)]
    pub(crate) partial: PartialArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The saved plan
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stop: StopArgs,
    #[command(flatten)]
    pub(crate) yes: YesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// The run, as `hrpush runs` names it; its first letters are enough
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stop: StopArgs,
    #[command(flatten)]
    pub(crate) yes: YesArgs,
}

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

const DECIDE_EXAMPLES: &str = "Examples:
  hrpush decide 10042 --same ann.lee@contoso.com --note 'asked HR'   the record and this account are one person
  hrpush decide 10042 --new                                          the record is another person
  hrpush decide 10042 --keep                                         a missing person stays as is
  hrpush decide 10042 --same 6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0 employees.csv
  hrpush decide 10042 --forget                                       end the decision
  hrpush decide --list                                               the decisions that hold
  hrpush decide 10042 --list                                         all that was ever decided about one person

A decision is bound to the key, the account and both names of the record, and holds until one of them changes or it is forgotten. Nothing is
written to the tenant: the next run acts on it, and the guards count what it leads to.";

/// Settles one person by hand. The record is taken from the last run that held it; with a file or --mapping, or where that run left nothing,
/// the source and the tenant are read.
#[derive(Debug, Args)]
#[command(after_help = DECIDE_EXAMPLES)]
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
    /// Show the decisions that hold; with KEY all that were made about this person
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    pub(crate) show: Option<RunsShow>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsShow {
    /// One run with its changes
    Show {
        /// The run's id
        run: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    /// Check a mapping whole and tell every fault
    Check {
        /// The mapping file
        file: PathBuf,
        /// Also tell which columns of this HR file are unused or missing, and how many records set, clear, leave or hold each attribute
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Run the cases in `FILE.tests.toml` and tell which branches no case reached
    Test {
        /// The mapping file
        file: PathBuf,
        /// Write down what the mapping yields as what is expected; comments stay
        #[arg(long)]
        update: bool,
    },
    /// Turn an exported Entra synchronization schema into a mapping file, and tell what could not come along
    Convert {
        /// The schema (JSON), as the portal downloads it or Graph answers it
        schema: PathBuf,
        /// Write the mapping file here [default: print it]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Convert the object mapping of this name [default: the first that writes users into Entra]
        #[arg(long, value_name = "NAME")]
        object_mapping: Option<String>,
    },
    /// Print what one expression yields
    Eval {
        /// The expression
        #[arg(allow_negative_numbers = true)]
        expression: String,
        /// The record as a JSON object
        #[arg(long, value_name = "JSON", default_value = "{}")]
        record: String,
        /// The moment that `Now` gives
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
        /// A value already in use (repeatable)
        #[arg(long, value_name = "VALUE")]
        taken: Vec<String>,
        /// The tenant's default domain
        #[arg(long, value_name = "DOMAIN")]
        default_domain: Option<String>,
    },
    /// Print the manual of the functions
    Functions {
        /// One function
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Where to listen: a loopback address, port 0 for any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Write the port here once it listens
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    /// Keep the tenant in this file [default: in memory]
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,
    /// Fill an empty tenant from this JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Run the quota this many times faster than Graph's
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) quota_scale: f64,
    /// How the quota counts: bucket, window or off
    #[arg(long, value_name = "KIND", default_value = "bucket")]
    pub(crate) quota_kind: String,
    /// Faults to switch on, such as `503=0.05,reset-after@7,seed=7`: name=rate, or name@n for the n-th occasion
    ///
    /// 429, 500, 502, 503, 504, slow (for slow-ms=2000), truncate, reset-before and reset-after (the commit), half-batch, duplicate-page,
    /// expired-delta (400), reset-delta (410), foreign-link, halt-before and halt-after (the tenant falls silent); refuse=mobilePhone:403[:silent][:USER] refuses a property of
    /// users; seed=N draws otherwise.
    #[arg(long, value_name = "LIST")]
    pub(crate) faults: Option<String>,
    /// For how long new objects are not found and delta tells no change: `3` requests, `500ms` or `2s`
    #[arg(long, value_name = "LAG")]
    pub(crate) lag: Option<String>,
    /// Start the tenant's clock so much ahead, such as `40d` or `12h`, or behind, such as `-3h`: tokens and deleted items have aged, and a run
    /// of hrpush whose clock differs by more than two hours is refused
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) clock: Option<String>,
    /// Write a line for each request here
    #[arg(long, value_name = "FILE")]
    pub(crate) request_log: Option<PathBuf>,
    /// The Graph permissions of the calling app, such as `User.ReadWrite.All,Group.Read.All` [default: all that hrpush asks for]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) roles: Option<Vec<String>>,
    /// The directory roles of the calling app: without `User Administrator` it resets no passwords
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) directory_roles: Vec<String>,
    /// Points on which Microsoft's sources disagree, to be read leniently: hire-date, null-collections, deleted-names, delta-410,
    /// select-undefined
    ///
    /// Strict is: an app cannot update employeeHireDate (403); null clears no collection (400); a deleted user's name gets its id before it; a
    /// delta token of seven days answers 400 syncStateNotFound; $select of an extension that nobody defined answers 400.
    #[arg(long, value_name = "LIST")]
    pub(crate) lenient: Option<String>,
    /// The root of all links, such as `https://graph.example.com/v1.0` [default: the host of each request]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Serve https with this certificate chain in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Records {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE", conflicts_with = "source")]
    pub(crate) files: Vec<PathBuf>,
    /// Read the configured source, which is also the default
    #[arg(long)]
    pub(crate) source: bool,
    /// Show so many records, 0 for all [default: 20 as a table, all as JSON]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Choose rows by this day (YYYY-MM-DD) instead of today
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Quality {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE", conflicts_with = "source")]
    pub(crate) files: Vec<PathBuf>,
    /// Read the configured source, which is also the default
    #[arg(long)]
    pub(crate) source: bool,
    /// Also write the report for a spreadsheet
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The HR file whose header is guessed from
    #[arg(required_unless_present = "preset")]
    pub(crate) file: Option<PathBuf>,
    /// The column of the person's key, where its name does not say so
    #[arg(long, value_name = "COLUMN", conflicts_with = "preset")]
    pub(crate) key: Option<String>,
    /// Start from this HR system instead; `hrpush presets` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub(crate) preset: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn options_stand_on_the_subcommands_that_have_a_use_for_them() {
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
