//! The checks of a configuration before its first night: the HR source, the credential, the tenant, the permissions and the clock.
//!
//! A check that fails does not stop the others. Nothing is written to the tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::connect::{self, Connection, TargetChoice};
use super::error::Failure;
use super::load_source;
use super::mapped_reading::{ReadOptions, load};
use super::pending_run::UNDELIVERED_PASSES;
use super::run::Session;
use super::settings::Settings;
use crate::config::{Deliver, SourceKind, TargetConfig};
use crate::diagnostic::mask;
use crate::directory::{Snapshot, TenantId};
use crate::graph::{Deed, Reader, Work, missing, needed, needed_for_uploads, superfluous};
use crate::mapping::{LeaveAction, Mapping};
use crate::store::Store;
use crate::target::{Priority, SnapshotScope};

/// The largest clock difference without a warning, in seconds: tokens and signatures are valid for minutes.
const SKEW: i64 = 120;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// The check found nothing to correct.
    Ok,
    /// A run works, but not as it should.
    Warning,
    /// A run cannot work.
    Fail,
}

impl Verdict {
    /// The word at the start of the line, and in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fail => "fail",
        }
    }
}

/// One line of the result.
pub(crate) struct Check {
    /// What was looked at, such as `source` or `clock`.
    pub(crate) subject: &'static str,
    pub(crate) verdict: Verdict,
    /// What was found, and what to do about it.
    pub(crate) found: String,
}

/// The result of all checks, in the order of the checks.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) checks: Vec<Check>,
    pub(crate) config: Option<String>,
    /// The kind of the source: `files`, `rest`, `sql` or `scim`.
    pub(crate) source: Option<&'static str>,
    /// The number of records, where the source could be read.
    pub(crate) records: Option<usize>,
    /// The name of the mapping.
    pub(crate) mapping: Option<String>,
    /// The tenant, where it was reached.
    pub(crate) tenant: Option<TenantFindings>,
}

/// What the tenant answered.
pub(crate) struct TenantFindings {
    pub(crate) url: String,
    pub(crate) id: String,
    pub(crate) sandbox: bool,
    pub(crate) domains: BTreeSet<String>,
    /// `None` if the token does not list its permissions.
    pub(crate) granted: Option<BTreeSet<String>>,
    pub(crate) missing: BTreeMap<&'static str, String>,
    /// Writes that go without waiting.
    pub(crate) writes: f64,
    /// By how many seconds this machine's clock is ahead of the tenant's.
    pub(crate) skew: Option<i64>,
}

impl Findings {
    /// The worst verdict of all checks.
    pub(crate) fn verdict(&self) -> Verdict {
        self.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok)
    }

    fn note(&mut self, subject: &'static str, verdict: Verdict, found: impl Into<String>) {
        self.checks.push(Check { subject, verdict, found: mask::message(&found.into()) });
    }

    /// Notes a failure of a check; only an interrupt ends the command.
    fn failed(&mut self, subject: &'static str, failure: Failure) -> Result<(), Failure> {
        match failure {
            Failure::Interrupted => Err(failure),
            other => {
                self.note(subject, Verdict::Fail, other.to_string());
                Ok(())
            }
        }
    }
}

/// Makes every check.
///
/// # Errors
/// Only an interrupt: whatever else fails is a finding.
pub(crate) async fn check(session: &Session<'_>, graph_url: Option<&str>) -> Result<Findings, Failure> {
    let settings = session.settings;
    let mut findings = Findings { config: settings.config.path.as_deref().map(shown_path), ..Findings::default() };
    let config =
        findings.config.clone().unwrap_or_else(|| "none: the embedded sandbox, and the files that a command names".to_owned());
    findings.note("configuration", Verdict::Ok, config);
    let mapping = check_mapping(&mut findings, settings);
    check_source(&mut findings, session).await?;
    check_secrets(&mut findings, settings);
    if let Err(failure) = check_tenant(&mut findings, session, graph_url, mapping.as_ref()).await {
        findings.failed("tenant", failure)?;
    }
    Ok(findings)
}

/// The permissions that this configuration needs, each with its purpose.
///
/// # Errors
/// A mapping that cannot be read: its attributes decide.
pub(crate) fn permissions(settings: &Settings) -> Result<BTreeMap<&'static str, String>, Failure> {
    let mapping = settings.mapping().map(load).transpose()?;
    Ok(needed_by(settings, &work(settings, mapping.as_ref())))
}

/// The permissions that the configured target asks for.
fn needed_by(settings: &Settings, work: &Work) -> BTreeMap<&'static str, String> {
    match settings.config.target {
        TargetConfig::Graph => needed(work),
        TargetConfig::BulkUpload(_) => needed_for_uploads(),
    }
}

fn check_mapping(findings: &mut Findings, settings: &Settings) -> Option<Mapping> {
    match settings.mapping().map(load) {
        Some(Ok(mapping)) => {
            findings.mapping = Some(mapping.name().to_owned());
            findings.note("mapping", Verdict::Ok, mapping.name().to_owned());
            return Some(mapping);
        }
        Some(Err(failure)) => findings.note("mapping", Verdict::Fail, failure.to_string()),
        None => findings.note("mapping", Verdict::Ok, "none configured: the built-in mapping that fits the columns is used"),
    }
    None
}

/// Reads the whole source, as a run would: a source that answers its first question may still refuse the second.
async fn check_source(findings: &mut Findings, session: &Session<'_>) -> Result<(), Failure> {
    let Some(source) = &session.settings.config.source else {
        findings.note("source", Verdict::Ok, "none configured: a command names its files");
        return Ok(());
    };
    let kind = kind(&source.kind);
    findings.source = Some(kind);
    let options = ReadOptions::default();
    match session.unless_interrupted(load_source::read(session, &[], &options)).await {
        Ok(read) => {
            let records = read.reading.records.len();
            findings.records = Some(records);
            let verdict = if records == 0 { Verdict::Warning } else { Verdict::Ok };
            findings.note("source", verdict, format!("{kind}, {} with {records} records", read.reading.name));
            Ok(())
        }
        Err(failure) => findings.failed("source", failure),
    }
}

fn check_secrets(findings: &mut Findings, settings: &Settings) {
    if matches!(settings.config.password.deliver, Deliver::Tap(None)) {
        findings.note("passwords", Verdict::Warning, UNDELIVERED_PASSES);
    }
}

async fn check_tenant(
    findings: &mut Findings,
    session: &Session<'_>,
    graph_url: Option<&str>,
    mapping: Option<&Mapping>,
) -> Result<(), Failure> {
    let settings = session.settings;
    let choice = TargetChoice::of_run(settings, graph_url)?;
    let mut store = settings.store()?;
    let connecting = connect::connect_graph(settings, &mut store, &choice, Priority::Normal);
    let (client, connection) = session.unless_interrupted(connecting).await?;
    let reader = Reader::new(Arc::clone(&client));
    let organization = session.unless_interrupted(async { Ok(reader.organization().await?) }).await?;
    let granted = session.unless_interrupted(async { Ok(client.granted().await?) }).await?;
    let work = work(settings, mapping);
    let needed = needed_by(settings, &work);
    let missing = granted.as_ref().map(|granted| missing(&needed, granted)).unwrap_or_default();
    client.restore(&store.level(&TenantId(organization.tenant.0.clone()))?);
    let tenant = TenantFindings {
        url: connection.url.clone(),
        id: organization.tenant.0,
        sandbox: connection.sandbox.is_some(),
        domains: organization.domains,
        missing,
        granted,
        writes: client.level().writes,
        skew: client.skew(),
    };
    note_tenant(findings, &tenant, &needed);
    findings.tenant = Some(tenant);
    if let TargetConfig::BulkUpload(_) = settings.config.target {
        return check_job(findings, session, &mut store, &choice).await;
    }
    let snapshot = session.unless_interrupted(async { Ok(reader.snapshot(&scope(&work)).await?) }).await;
    match snapshot.and_then(|snapshot| connection.check(&snapshot).map(|()| snapshot)) {
        Ok(snapshot) => note_accounts(findings, settings, &snapshot, &connection),
        Err(failure) => findings.failed("accounts", failure)?,
    }
    Ok(())
}

/// Reads the provisioning job and what it accepted.
async fn check_job(
    findings: &mut Findings,
    session: &Session<'_>,
    store: &mut Store,
    choice: &TargetChoice,
) -> Result<(), Failure> {
    let connection = connect::connect(session.settings, store, choice, Priority::Normal).await?;
    let (reader, cache, scope) = (connection.link.reader(), store.readings(&connection.place()), SnapshotScope::default());
    let reading = session.unless_interrupted(async { Ok(reader.snapshot(&scope, &cache).await?) }).await;
    match reading.and_then(|snapshot| connection.check(&snapshot).map(|()| snapshot)) {
        Ok(snapshot) => {
            findings.note("provisioning job", Verdict::Ok, format!("running, {} records accepted so far", snapshot.users.len()));
            if session.settings.config.protect.users.is_empty() {
                let found = "nobody is protected: the job cannot be read, so name the HR keys of people in [protect] `users`";
                findings.note("protected people", Verdict::Warning, found);
            }
            Ok(())
        }
        Err(failure) => findings.failed("provisioning job", failure),
    }
}

fn note_tenant(findings: &mut Findings, tenant: &TenantFindings, needed: &BTreeMap<&'static str, String>) {
    let sandbox = if tenant.sandbox { " (the embedded sandbox)" } else { "" };
    findings.note("tenant", Verdict::Ok, format!("{} at {}{sandbox}", tenant.id, tenant.url));
    let domains: Vec<&str> = tenant.domains.iter().map(String::as_str).collect();
    findings.note("domains", Verdict::Ok, domains.join(", "));
    match &tenant.granted {
        Some(granted) => {
            let names: Vec<&str> = granted.iter().map(String::as_str).collect();
            findings.note("permissions granted", Verdict::Ok, names.join(", "));
            for (name, risk) in superfluous(needed, granted) {
                let verdict = if risk.is_some() { Verdict::Warning } else { Verdict::Ok };
                let why = risk.map(|risk| format!(": {risk}; take it away")).unwrap_or_default();
                findings.note("permission not needed", verdict, format!("{name}{why}"));
            }
        }
        None => findings.note("permissions granted", Verdict::Ok, "not listed in the token"),
    }
    for (name, purpose) in &tenant.missing {
        findings.note("permission missing", Verdict::Warning, format!("{name}, for {purpose}: grant it, with admin consent"));
    }
    findings.note("quota", Verdict::Ok, format!("{} writes without waiting", tenant.writes.floor()));
    match tenant.skew {
        Some(seconds) if seconds.abs() > SKEW => findings.note(
            "clock",
            Verdict::Warning,
            format!(
                "this machine's clock differs by {seconds} s from the tenant's: correct it, tokens may be rejected and dates may be wrong"
            ),
        ),
        Some(seconds) => findings.note("clock", Verdict::Ok, format!("{seconds} s from the tenant's")),
        None => findings.note("clock", Verdict::Ok, "unknown, the tenant sent no `Date` header"),
    }
}

/// What the accounts of the tenant show: that they can be read, and that the protected ones exist.
fn note_accounts(findings: &mut Findings, settings: &Settings, snapshot: &Snapshot, connection: &Connection) {
    findings.note("accounts", Verdict::Ok, format!("{} read", snapshot.users.len()));
    if let Some(why) = &snapshot.privileged.eligibility_unread {
        let found = format!("eligible roles cannot be read: {why}; only holders of active roles are shielded");
        findings.note("roles", Verdict::Warning, found);
    }
    let users = &settings.config.protect.users;
    if users.is_empty() && connection.sandbox.is_none() {
        let found = "no account is protected: name the break-glass accounts of the tenant in [protect] `users`";
        findings.note("break-glass accounts", Verdict::Warning, found);
    }
    for name in users {
        let exists = snapshot.users.rows().any(|user| user.upn().eq_ignore_ascii_case(name) || user.id().to_string() == *name);
        if !exists {
            let found = format!("`{name}` of [protect] is no account of this tenant: correct it, or it protects nothing");
            findings.note("break-glass accounts", Verdict::Warning, found);
        }
    }
}

fn scope(work: &Work) -> SnapshotScope {
    let done = |deed| work.deeds.contains(&deed);
    SnapshotScope { manager: true, groups: done(Deed::Group), licenses: done(Deed::License), ..SnapshotScope::default() }
}

fn shown_path(path: &Path) -> String {
    path.display().to_string()
}

fn kind(kind: &SourceKind) -> &'static str {
    match kind {
        SourceKind::Files(_) => "files",
        SourceKind::Rest(_) => "rest",
        SourceKind::Sql(_) => "sql",
        SourceKind::Scim(_) => "scim",
    }
}

/// The work that the configured mapping needs from Graph. Without a mapping, the work of any mapping.
fn work(settings: &Settings, mapping: Option<&Mapping>) -> Work {
    let lifecycle = mapping.and_then(|mapping| mapping.rules().lifecycle.as_ref());
    let leave = |action| lifecycle.is_some_and(|lifecycle| lifecycle.on_leave.contains(&action));
    let groups = mapping.is_some_and(|mapping| !mapping.rules().groups.is_empty());
    let deeds = [
        (Deed::Enable, mapping.is_none() || lifecycle.is_some()),
        (Deed::Revoke, leave(LeaveAction::RevokeSessions)),
        (Deed::Delete, lifecycle.is_some_and(|lifecycle| lifecycle.delete_after.is_some())),
        (Deed::License, leave(LeaveAction::RemoveLicenses)),
        (Deed::Group, groups || leave(LeaveAction::RemoveFromManagedGroups)),
        (Deed::Pass, matches!(settings.config.password.deliver, Deliver::Tap(_))),
    ];
    Work {
        attributes: mapping.map(|mapping| mapping.rules().attributes.iter().copied().collect()).unwrap_or_default(),
        deeds: deeds.into_iter().filter(|(_, done)| *done).map(|(deed, _)| deed).collect(),
    }
}
