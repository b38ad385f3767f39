//! The checks of a configuration before its first night: the HR source, the credential, the tenant, the permissions and the clock.
//!
//! A check that fails does not stop the others. Nothing is written to the tenant.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::approval;
use super::connect::{self, Connection, TargetChoice};
use super::doctor_findings::TenantFindings;
use super::doctor_findings::note_protected;
pub(crate) use super::doctor_findings::{Check, Findings, Verdict};
use super::doctor_provider;
use super::error::Failure;
use super::load_source;
use super::mapped_reading::{ReadOptions, load};
use super::pending_run::UNDELIVERED_PASSES;
use super::run::Session;
use super::settings::Settings;
use super::status::status;
use super::target_fit::fitted;
use crate::config::{Deliver, SourceKind, TargetConfig};
use crate::directory::{Snapshot, TenantId};
use crate::graph::{Deed, Reader, Work, missing, needed, needed_for_uploads, superfluous};
use crate::mapping::{LeaveAction, Mapping};
use crate::store::Store;
use crate::target::{Priority, SnapshotScope};

/// The largest clock difference without a warning, in seconds: tokens and signatures are valid for minutes.
const SKEW: i64 = 120;

/// Makes every check.
///
/// # Errors
/// Only an interrupt: whatever else fails is a finding.
pub(crate) async fn check(session: &Session<'_>, graph_url: Option<&str>) -> Result<Findings, Failure> {
    let settings = session.settings;
    let mut findings = Findings::default();
    let config = settings.config.path.as_deref().map(shown_path);
    let none = "none: the embedded sandbox, and the files that a command names";
    findings.note("configuration", Verdict::Ok, config.unwrap_or_else(|| none.to_owned()));
    let mapping = check_mapping(&mut findings, settings);
    check_source(&mut findings, session).await?;
    check_secrets(&mut findings, settings);
    check_signers(&mut findings, settings);
    if let Err(failure) = check_state(&mut findings, settings) {
        findings.failed("state folder", failure)?;
    }
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
    if matches!(settings.config.target, TargetConfig::Scim(_)) {
        return Err(Failure::usage("[target] names a SCIM provider, which has no permissions of Microsoft Graph"));
    }
    let mapping = settings.mapping().map(load).transpose()?;
    Ok(needed_by(settings, &work(settings, mapping.as_ref())))
}

/// The permissions that the configured target asks for.
fn needed_by(settings: &Settings, work: &Work) -> BTreeMap<&'static str, String> {
    match settings.config.target {
        TargetConfig::Graph | TargetConfig::Scim(_) => needed(work),
        TargetConfig::BulkUpload(_) => needed_for_uploads(),
    }
}

fn check_mapping(findings: &mut Findings, settings: &Settings) -> Option<Mapping> {
    match settings.mapping().map(|path| fitted(settings, load(path)?)) {
        Some(Ok(mapping)) => {
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
    let options = ReadOptions::default();
    match session.unless_interrupted(load_source::read(session, &[], &options)).await {
        Ok(read) => {
            let records = read.reading.records.len();
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

/// Without a readable file of signers, every approval would be refused.
fn check_signers(findings: &mut Findings, settings: &Settings) {
    let Some(signers) = &settings.config.approval.signers else { return };
    match approval::signature::check_signers(signers) {
        Ok(keys) => findings.note("signers", Verdict::Ok, format!("{keys} keys may approve")),
        Err(failure) => findings.note("signers", Verdict::Fail, failure.to_string()),
    }
}

/// The size of the state folder, and the last good run of each feed.
fn check_state(findings: &mut Findings, settings: &Settings) -> Result<(), Failure> {
    let status = status(settings, Timestamp::now())?;
    let megabytes = status.state_bytes / 1_000_000;
    findings.note("state folder", Verdict::Ok, format!("{}, {megabytes} MB", shown_path(&settings.state)));
    for feed in &status.feeds {
        let last = feed.last_good_run.as_ref().map(|run| format!("{}: {} at {}", feed.feed, run.run, run.finished_at));
        findings.note("last good run", Verdict::Ok, last.unwrap_or_else(|| format!("{}: none yet", feed.feed)));
    }
    Ok(())
}

async fn check_tenant(
    findings: &mut Findings,
    session: &Session<'_>,
    graph_url: Option<&str>,
    mapping: Option<&Mapping>,
) -> Result<(), Failure> {
    let settings = session.settings;
    let choice = TargetChoice::of_run(settings, graph_url)?;
    if let TargetConfig::Scim(target) = &settings.config.target {
        return doctor_provider::check(findings, session, target).await;
    }
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
    note_protected(findings, settings, snapshot, connection.sandbox.is_some());
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
