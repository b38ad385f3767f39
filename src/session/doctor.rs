//! The checks of a configuration before its first night: the HR source, the credential, the tenant, the permissions and the clock.
//!
//! A check that fails does not stop the others. Nothing is written to the tenant.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::connect::{self, Connection, TargetChoice};
use super::doctor_findings::note_protected;
pub(crate) use super::doctor_findings::{Check, Findings, TenantFindings, Verdict};
use super::doctor_provider;
use super::error::Failure;
use super::load_source;
use super::mapped_reading::{ReadOptions, load};
use super::pending_run::UNDELIVERED_PASSES;
use super::run::Session;
use super::settings::Settings;
use super::target_fit::fitted;
use crate::config::{Deliver, SourceKind, TargetConfig};
use crate::directory::{Snapshot, TenantId};
use crate::graph::{Deed, Reader, Work, missing, needed, superfluous};
use crate::mapping::{LeaveAction, Mapping};
use crate::target::{Priority, SnapshotScope};

/// The largest clock difference without a warning, in seconds: tokens and signatures are valid for minutes.
const SKEW: i64 = 120;

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
    if !matches!(settings.config.target, TargetConfig::Graph) {
        return Err(Failure::usage("[target] names a SCIM provider, which has no permissions of Microsoft Graph"));
    }
    let mapping = settings.mapping().map(load).transpose()?;
    Ok(needed(&work(settings, mapping.as_ref())))
}

fn check_mapping(findings: &mut Findings, settings: &Settings) -> Option<Mapping> {
    match settings.mapping().map(|path| fitted(settings, load(path)?)) {
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
    let needed = needed(&work);
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
    let snapshot = session.unless_interrupted(async { Ok(reader.snapshot(&scope(&work)).await?) }).await;
    match snapshot.and_then(|snapshot| connection.check(&snapshot).map(|()| snapshot)) {
        Ok(snapshot) => note_accounts(findings, settings, &snapshot, &connection),
        Err(failure) => findings.failed("accounts", failure)?,
    }
    Ok(())
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
