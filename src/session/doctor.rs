//! The check of configuration, credential, permissions, quota and clock. Nothing is written to the tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::connect::{self, Connection, TargetChoice};
use super::error::Failure;
use super::mapped_reading::load;
use super::pending_run::UNDELIVERED_PASSES;
use super::run::Session;
use super::settings::Settings;
use crate::config::{Deliver, SourceKind};
use crate::diagnostic::mask;
use crate::directory::TenantId;
use crate::graph::{Deed, Priority, Work, missing, needed};
use crate::mapping::{LeaveAction, Mapping};
use crate::target::SnapshotScope;

/// The largest clock difference without a warning, in seconds: tokens and signatures are valid for minutes.
const SKEW: i64 = 120;

/// The result of the checks.
pub(crate) struct Findings {
    pub(crate) config: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) mapping: Option<String>,
    pub(crate) url: String,
    pub(crate) tenant: String,
    pub(crate) sandbox: bool,
    pub(crate) domains: BTreeSet<String>,
    /// `None` if the token does not list its permissions.
    pub(crate) granted: Option<BTreeSet<String>>,
    pub(crate) missing: BTreeMap<&'static str, String>,
    pub(crate) writes: f64,
    pub(crate) skew: Option<i64>,
    /// Why a run could not read the tenant.
    pub(crate) unreadable: Option<String>,
    pub(crate) trouble: Vec<String>,
}

/// Connects to the tenant and checks it against the configuration.
pub(crate) async fn check(session: &Session<'_>, graph_url: Option<&str>) -> Result<Findings, Failure> {
    let settings = session.settings;
    let mapping = settings.mapping().map(load).transpose()?;
    let choice = TargetChoice::of_run(settings, graph_url)?;
    let mut store = settings.store()?;
    let connecting = connect::connect(settings, &mut store, &choice, Priority::Normal);
    let connection = session.unless_interrupted(connecting).await?;
    let findings = session.unless_interrupted(look(settings, mapping.as_ref(), &connection)).await?;
    connection.client.restore(&store.level(&TenantId(findings.tenant.clone()))?);
    Ok(Findings { writes: connection.client.level().writes, ..findings })
}

async fn look(settings: &Settings, mapping: Option<&Mapping>, connection: &Connection) -> Result<Findings, Failure> {
    let reader = connection.reader();
    let organization = reader.organization().await?;
    let granted = connection.client.granted().await?;
    let work = work(settings, mapping);
    let missing = granted.as_ref().map(|granted| missing(&needed(&work), granted)).unwrap_or_default();
    let done = |deed| work.deeds.contains(&deed);
    let wanted =
        SnapshotScope { manager: true, groups: done(Deed::Group), licenses: done(Deed::License), ..SnapshotScope::default() };
    let mut trouble = Vec::new();
    let unreadable = match reader.snapshot(&wanted).await {
        Ok(snapshot) => {
            connection.check(&snapshot)?;
            let unread = snapshot.privileged.eligibility_unread;
            trouble.extend(
                unread.map(|why| format!("eligible roles cannot be read: {why}; only holders of active roles are shielded")),
            );
            None
        }
        Err(fault) => Some(mask::message(&fault.to_string())),
    };
    let skew = connection.client.skew();
    if let Some(seconds) = skew.filter(|seconds| seconds.abs() > SKEW) {
        trouble.push(format!(
            "this machine's clock differs by {seconds} s from the tenant's; tokens may be rejected and dates may be wrong"
        ));
    }
    if matches!(settings.config.password.deliver, Deliver::Tap(None)) {
        trouble.push(UNDELIVERED_PASSES.to_owned());
    }
    let path = |path: &Path| path.display().to_string();
    Ok(Findings {
        config: settings.config.path.as_deref().map(path),
        source: settings.config.source.as_ref().map(|source| kind(&source.kind).to_owned()),
        mapping: mapping.map(|mapping| mapping.name().to_owned()),
        url: connection.url.clone(),
        tenant: organization.tenant.0,
        sandbox: connection.sandbox.is_some(),
        domains: organization.domains,
        granted,
        missing,
        writes: 0.0,
        skew,
        unreadable,
        trouble,
    })
}

fn kind(kind: &SourceKind) -> &'static str {
    match kind {
        SourceKind::Files(_) => "files",
        SourceKind::Rest(_) => "rest",
        SourceKind::Sql(_) => "sql",
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
