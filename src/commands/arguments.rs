//! The arguments of each subcommand, as clap reads them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCandidates;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::completion_values;
use super::examples;
use super::format::Format;
use crate::config;
use crate::session::decision::Consent;
use crate::session::mapped_reading::ReadOptions;
use crate::store::EndKind;

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
    pub(super) fn consent(&self, yes: &YesArgs) -> Consent {
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

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The HR files to read, instead of the configured source
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
    #[command(flatten)]
    pub(crate) metrics: MetricsArgs,
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
    #[command(flatten)]
    pub(crate) metrics: MetricsArgs,
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
    /// The plan to apply, as `hrpush plan --out` saved it
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stop: StopArgs,
    #[command(flatten)]
    pub(crate) yes: YesArgs,
    #[command(flatten)]
    pub(crate) metrics: MetricsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// The run, as `hrpush runs` lists it, its first characters, or `last`
    #[arg(add = ArgValueCandidates::new(completion_values::runs))]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) stop: StopArgs,
    #[command(flatten)]
    pub(crate) yes: YesArgs,
    #[command(flatten)]
    pub(crate) metrics: MetricsArgs,
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

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SigningArgs {
    /// Sign with this private key of OpenSSH
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,
    /// Write the statement to FILE and its signature to FILE.sig instead of recording it here
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Approves a plan before the run that carries it out. The approval covers the changes of the plan: the next run counts them as let through,
/// and its guards judge the others. It is used once.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The fingerprint of the plan, at least 12 of its digits, or `last` for the plan of the last run
    #[arg(required_unless_present_any = ["plan", "accept"], conflicts_with_all = ["plan", "accept"])]
    pub(crate) fingerprint: Option<String>,
    /// Approve the plan of this file, on another machine than that of its state folder
    #[arg(long, value_name = "FILE", requires = "output", conflicts_with = "accept")]
    pub(crate) plan: Option<PathBuf>,
    /// Take a signed approval into this state folder; its signature is in FILE.sig
    #[arg(long, value_name = "FILE", conflicts_with_all = ["except", "note", "sign", "output"])]
    pub(crate) accept: Option<PathBuf>,
    /// Leave this person out: the changes are rejected until HR's record changes (repeatable)
    #[arg(long, value_name = "KEY")]
    pub(crate) except: Vec<String>,
    /// The reason, kept with the approval
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) signing: SigningArgs,
}

/// Rejects a plan. Its changes are skipped until HR's record of the person changes, or until `hrpush decide KEY --forget`.
#[derive(Debug, Args)]
pub(crate) struct Reject {
    /// The fingerprint of the plan, at least 12 of its digits, or `last` for the plan of the last run
    pub(crate) fingerprint: String,
    /// The reason, kept with the rejection
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: String,
    #[command(flatten)]
    pub(crate) signing: SigningArgs,
}

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

#[derive(Debug, Args)]
pub(crate) struct Forecast {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The number of weeks to look ahead
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=104))]
    pub(crate) weeks: u16,
    /// The format of stdout
    #[arg(long, id = "format", value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

fn duration(text: &str) -> Result<SignedDuration, &'static str> {
    config::exact_duration(text).ok_or("such as 30min, 26h, 7d or 2w")
}

fn ending(text: &str) -> Result<EndKind, &'static str> {
    EndKind::named(text).ok_or("an ending as `hrpush runs` shows it, such as stopped")
}

/// A day as options write it.
fn civil_day(text: &str) -> Result<jiff::civil::Date, String> {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let has_form = parts.len() == 3 && parts.iter().all(|part| digits(part)) && parts[0].len() == 4;
    let why = if has_form { "there is no such day; " } else { "" };
    text.parse().map_err(|_| format!("{why}a day is written as YYYY-MM-DD, such as 2026-12-31"))
}

fn day(text: &str) -> Result<Timestamp, String> {
    let midnight = civil_day(text)?.to_zoned(TimeZone::UTC).map_err(|fault| fault.to_string())?;
    Ok(midnight.timestamp())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    /// Check a mapping and report every fault
    #[command(after_help = examples::MAPPING_CHECK)]
    Check {
        /// The mapping file to check
        file: PathBuf,
        /// Also report the unused and missing columns of this HR file, and how many records set, clear, leave or hold each attribute
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Run the cases in `FILE.tests.toml` and list the branches that no case reached
    #[command(after_help = examples::MAPPING_TEST)]
    Test {
        /// The mapping file with cases in `FILE.tests.toml`
        file: PathBuf,
        /// Save the present results as the expected ones; comments stay
        #[arg(long)]
        update: bool,
    },
    /// Convert an exported Entra synchronization schema into a mapping file, and list what could not be converted
    #[command(after_help = examples::MAPPING_CONVERT)]
    Convert {
        /// The schema (JSON), as downloaded from the portal or returned by Graph
        schema: PathBuf,
        /// Write the mapping file here [default: print it]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Convert the object mapping of this name [default: the first that writes users into Entra]
        #[arg(long, value_name = "NAME")]
        object_mapping: Option<String>,
    },
    /// Print the result of one expression
    #[command(after_help = examples::MAPPING_EVAL)]
    Eval {
        /// The expression to evaluate, as in a mapping file
        #[arg(allow_negative_numbers = true)]
        expression: String,
        /// The record as a JSON object
        #[arg(long, value_name = "JSON", default_value = "{}")]
        record: String,
        /// The time that `Now()` returns
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
        /// A value that is already in use (repeatable)
        #[arg(long, value_name = "VALUE")]
        taken: Vec<String>,
        /// The tenant's default domain
        #[arg(long, value_name = "DOMAIN")]
        default_domain: Option<String>,
    },
    /// Print the manual of the functions
    #[command(after_help = examples::MAPPING_FUNCTIONS)]
    Functions {
        /// Print only the manual of this function
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Instead of checking, print the commands that register the app with exactly the permissions that this configuration needs
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with = "graph_url")]
    pub(crate) grant: Option<Grant>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// The tool that the commands of `doctor --grant` are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grant {
    /// The commands of Azure CLI, `az`
    Az,
    /// The commands of Microsoft Graph PowerShell
    Powershell,
    /// CLI for Microsoft 365
    M365,
    /// Resources of Terraform's `azuread` provider
    Terraform,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Serve {
    /// The address to listen on, instead of the one in [serve]; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Write the port to this file once the server listens
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Make, list and revoke the tokens of senders
    #[command(subcommand, after_help = examples::SERVE_TOKEN)]
    Token(Token),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token or an OAuth client for a feed and print it; it is shown this once
    #[command(after_help = examples::SERVE_TOKEN_NEW)]
    New {
        /// The feed that the token pushes to: the `name` of the configured mapping
        #[arg(long, value_name = "NAME")]
        feed: String,
        /// Let the token end after this time, such as 180d [default: it ends when it is revoked]
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// Make a client id and a secret, with which the sender gets tokens of an hour at /oauth/token
        #[arg(long)]
        oauth: bool,
    },
    /// List the tokens and OAuth clients with their last use
    #[command(after_help = examples::SERVE_TOKEN_LIST)]
    List,
    /// End a token at once
    #[command(after_help = examples::SERVE_TOKEN_REVOKE)]
    Revoke {
        /// The id of the token, as `list` shows it
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// The loopback address to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Write the port to this file once the sandbox listens
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
    /// How the quota is counted: bucket, window or off
    #[arg(long, value_name = "KIND", default_value = "bucket")]
    pub(crate) quota_kind: String,
    /// Faults to inject, such as `503=0.05,reset-after@7,seed=7`: name=rate, or name@n for the n-th occasion
    ///
    /// 429, 500, 502, 503, 504, slow (for slow-ms=2000), truncate, reset-before and reset-after (the commit), half-batch, duplicate-page,
    /// expired-delta (400), reset-delta (410), foreign-link, halt-before and halt-after (the tenant stops answering);
    /// refuse=mobilePhone:403[:silent][:USER] refuses a property of users; seed=N changes the random sequence.
    #[arg(long, value_name = "LIST")]
    pub(crate) faults: Option<String>,
    /// The replica lag, during which new objects are not found and delta has no changes: `3` requests, `500ms` or `2s`
    #[arg(long, value_name = "LAG")]
    pub(crate) lag: Option<String>,
    /// Start the tenant's clock ahead, such as `40d` or `12h`, or behind, such as `-3h`. Tokens and deleted items age
    /// accordingly, and hrpush refuses to run if its clock differs by more than two hours
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) clock: Option<String>,
    /// Write a line for each request to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) request_log: Option<PathBuf>,
    /// The Graph permissions of the calling app, such as `User.ReadWrite.All,Group.Read.All` [default: all that hrpush asks for]
    ///
    /// They are those of a token that is any text. A token that is a JWT has the permissions that it lists.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) roles: Option<Vec<String>>,
    /// The directory roles of the calling app: without `User Administrator` it resets no passwords
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) directory_roles: Vec<String>,
    /// The points on which Microsoft's sources disagree and that are read leniently: hire-date, null-collections, deleted-names,
    /// delta-410, select-undefined; and token-roles
    ///
    /// The strict reading is: an app cannot update employeeHireDate (403); null clears no collection (400); the name of a deleted user gets
    /// its id as a prefix; a delta token of seven days answers 400 syncStateNotFound; $select of an undefined extension answers 400.
    /// With token-roles, a token that is a JWT without `roles` and `scp` has the permissions of --roles; without it, it has none.
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
    /// Read the configured source (the default)
    #[arg(long)]
    pub(crate) source: bool,
    /// The number of records to show, 0 for all [default: 20 as a table, all as JSON]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Choose rows by this day (YYYY-MM-DD) instead of today
    #[arg(long, value_name = "DATE", value_parser = civil_day)]
    pub(crate) as_of: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Quality {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE", conflicts_with = "source")]
    pub(crate) files: Vec<PathBuf>,
    /// Read the configured source (the default)
    #[arg(long)]
    pub(crate) source: bool,
    /// Also write the report as CSV for a spreadsheet
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The HR file to guess the mapping from
    #[arg(required_unless_present = "preset")]
    pub(crate) file: Option<PathBuf>,
    /// The column of the person's key, if its name is not a common one
    #[arg(long, value_name = "COLUMN", conflicts_with = "preset")]
    pub(crate) key: Option<String>,
    /// Start from this HR system instead; `hrpush presets` lists the known ones
    #[arg(long, value_name = "NAME", conflicts_with = "file", add = ArgValueCandidates::new(completion_values::presets))]
    pub(crate) preset: Option<String>,
    /// Replace hrpush.toml and the mapping if they exist
    #[arg(long)]
    pub(crate) force: bool,
}
