//! `hrpush doctor`: configuration, credential, permissions, quota and clock, looked at without writing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::cli::{Common, Doctor, Format};
use super::exit::{Code, Ended, Failure};
use super::files::print;
use super::interrupt::{block_on, unless_interrupted};
use super::reading;
use super::settings::{self, Settings};
use super::target::{self, Aim, Connection};
use crate::config::{Deliver, SourceKind};
use crate::diagnostic::mask;
use crate::graph::{Deed, Priority, Work, missing, needed};
use crate::mapping::{LeaveAction, Mapping};
use crate::report::{self, shown};
use crate::target::SnapshotScope;

/// By how much the clocks may differ: tokens and signatures are good for minutes.
const SKEW: i64 = 120;

/// What was found.
struct Findings {
    config: Option<String>,
    source: Option<String>,
    mapping: Option<String>,
    url: String,
    tenant: String,
    sandbox: bool,
    domains: BTreeSet<String>,
    /// None where the token does not tell.
    granted: Option<BTreeSet<String>>,
    missing: BTreeMap<&'static str, String>,
    writes: f64,
    skew: Option<i64>,
    /// The tenant could not be read as a run would read it.
    unreadable: Option<String>,
    trouble: Vec<String>,
}

pub(super) fn doctor(common: &Common, args: &Doctor) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    block_on(|cancelled| go(common, &settings, args, cancelled))
}

async fn go(common: &Common, settings: &Settings, args: &Doctor, cancelled: watch::Receiver<bool>) -> Result<Ended, Failure> {
    let mapping = mapping(settings)?;
    let aim = Aim::of_run(settings, args.target.graph_url.as_deref())?;
    let mut store = settings.store()?;
    let connecting = target::connect(settings, &mut store, &aim, Priority::Normal);
    let connection = unless_interrupted(&cancelled, connecting).await?;
    let findings = unless_interrupted(&cancelled, look(settings, mapping.as_ref(), &connection)).await?;
    let level = store.level(&crate::directory::TenantId(findings.tenant.clone())).map_err(|fault| Failure::cannot(&fault))?;
    connection.client.restore(&level);
    let findings = Findings { writes: connection.client.level().writes, ..findings };
    let text = if common.format == Format::Json {
        report::json(&findings.document()).map_err(|fault| Failure::cannot(&fault))?
    } else {
        findings.text()
    };
    print(&text)?;
    Ok(findings.ended())
}

/// The configured mapping, checked whole.
fn mapping(settings: &Settings) -> Result<Option<Mapping>, Failure> {
    let path = settings.config.source.as_ref().and_then(|source| source.mapping.as_deref());
    path.map(reading::load).transpose()
}

async fn look(settings: &Settings, mapping: Option<&Mapping>, connection: &Connection) -> Result<Findings, Failure> {
    let reader = connection.reader();
    let organization = reader.organization().await.map_err(|fault| Failure::cannot(&fault))?;
    let granted = connection.client.granted().await.map_err(|fault| Failure::cannot(&fault))?;
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
            trouble.extend(unread.map(|why| format!("eligible roles cannot be read: {why}; only active ones shield")));
            None
        }
        Err(fault) => Some(mask::message(&fault.to_string())),
    };
    let skew = connection.client.skew();
    if let Some(seconds) = skew.filter(|seconds| seconds.abs() > SKEW) {
        trouble.push(format!(
            "this machine's clock differs by {seconds} s from the tenant's: tokens may be refused, days may be wrong"
        ));
    }
    if matches!(settings.config.password.deliver, Deliver::Tap(None)) {
        trouble.push(super::run::UNTOLD.to_owned());
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

/// What the configured mapping will ask of Graph; without one, what any mapping does.
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

impl Findings {
    fn document(&self) -> Json {
        let missing: Vec<Json> = self.missing.iter().map(|(name, purpose)| json!({ "name": name, "for": purpose })).collect();
        json!({
            "config": self.config, "source": self.source, "mapping": self.mapping,
            "target": { "graphUrl": self.url, "tenantId": self.tenant, "sandbox": self.sandbox },
            "domains": self.domains,
            "permissions": { "granted": self.granted, "missing": missing },
            "quota": { "writes": self.writes.floor() },
            "clockSkewSeconds": self.skew,
            "trouble": self.unreadable.iter().chain(&self.trouble).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let none = || "none".to_owned();
        let list = |names: &BTreeSet<String>| shown(&names.iter().cloned().collect::<Vec<_>>().join(", "));
        let mut text = format!("configuration: {}\n", self.config.clone().unwrap_or_else(none));
        let _ = writeln!(text, "source: {}", self.source.clone().unwrap_or_else(none));
        let _ = writeln!(text, "mapping: {}", self.mapping.as_deref().map_or_else(none, shown));
        let sandbox = if self.sandbox { " (the embedded sandbox)" } else { "" };
        let _ = writeln!(text, "tenant: {} at {}{sandbox}", shown(&self.tenant), shown(&self.url));
        let _ = writeln!(text, "domains: {}", list(&self.domains));
        let granted = self.granted.as_ref().map_or_else(|| "the token does not tell".to_owned(), list);
        let _ = writeln!(text, "permissions granted: {granted}");
        for (name, purpose) in &self.missing {
            let _ = writeln!(text, "permission missing: {name}, for {purpose}");
        }
        let _ = writeln!(text, "quota: {} writes at once", self.writes.floor());
        let skew = self.skew.map_or_else(|| "the tenant tells no time".to_owned(), |seconds| format!("{seconds} s"));
        let _ = writeln!(text, "clock: differs by {skew}");
        text
    }

    fn ended(&self) -> Ended {
        let mut why: Vec<String> = self.unreadable.iter().map(|line| format!("error: {line}")).collect();
        why.extend(self.missing.keys().map(|name| format!("the app has no permission {name}: grant it, with admin consent")));
        why.extend(self.trouble.iter().map(|line| shown(line)));
        let code = match (&self.unreadable, why.is_empty()) {
            (Some(_), _) => Code::CannotRun,
            (None, false) => Code::Attention,
            (None, true) => Code::Done,
        };
        Ended::with(code, why)
    }
}
