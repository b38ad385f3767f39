//! `hrpush doctor`: prints the checks of the configuration, the credential and the tenant.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::cli::{Common, Doctor, Format};
use super::output::print;
use super::run::{run, settings};
use crate::report::{self, shown};
use crate::session::doctor::{Findings, check};
use crate::session::error::{Code, Ended, Failure};
use crate::session::run_end::RunKind;

pub(super) fn doctor(common: &Common, args: &Doctor) -> Result<Ended, Failure> {
    run(common, RunKind::Doctor, &settings(common)?, async |session| {
        let findings = check(session, args.target.graph_url.as_deref()).await?;
        print(&match common.format {
            Format::Json => report::json(&document(&findings))?,
            Format::Text => text(&findings),
        })?;
        Ok(ended(&findings))
    })
}

fn document(findings: &Findings) -> Json {
    let missing: Vec<Json> = findings.missing.iter().map(|(name, purpose)| json!({ "name": name, "for": purpose })).collect();
    json!({
        "config": findings.config, "source": findings.source, "mapping": findings.mapping,
        "target": { "graphUrl": findings.url, "tenantId": findings.tenant, "sandbox": findings.sandbox },
        "domains": findings.domains,
        "permissions": { "granted": findings.granted, "missing": missing },
        "quota": { "writes": findings.writes.floor() },
        "clockSkewSeconds": findings.skew,
        "trouble": findings.unreadable.iter().chain(&findings.trouble).collect::<Vec<_>>(),
    })
}

fn text(findings: &Findings) -> String {
    let none = || "none".to_owned();
    let list = |names: &BTreeSet<String>| shown(&names.iter().cloned().collect::<Vec<_>>().join(", "));
    let mut text = format!("configuration: {}\n", findings.config.clone().unwrap_or_else(none));
    let _ = writeln!(text, "source: {}", findings.source.clone().unwrap_or_else(none));
    let _ = writeln!(text, "mapping: {}", findings.mapping.as_deref().map_or_else(none, shown));
    let sandbox = if findings.sandbox { " (the embedded sandbox)" } else { "" };
    let _ = writeln!(text, "tenant: {} at {}{sandbox}", shown(&findings.tenant), shown(&findings.url));
    let _ = writeln!(text, "domains: {}", list(&findings.domains));
    let granted = findings.granted.as_ref().map_or_else(|| "not listed in the token".to_owned(), list);
    let _ = writeln!(text, "permissions granted: {granted}");
    for (name, purpose) in &findings.missing {
        let _ = writeln!(text, "permission missing: {name}, for {purpose}");
    }
    let _ = writeln!(text, "quota: {} writes without waiting", findings.writes.floor());
    let skew =
        findings.skew.map_or_else(|| "unknown, the tenant sent no `Date` header".to_owned(), |seconds| format!("{seconds} s"));
    let _ = writeln!(text, "clock difference: {skew}");
    text
}

fn ended(findings: &Findings) -> Ended {
    let mut why: Vec<String> = findings.unreadable.iter().map(|line| format!("error: {line}")).collect();
    why.extend(findings.missing.keys().map(|name| format!("the app has no permission {name}: grant it, with admin consent")));
    why.extend(findings.trouble.iter().map(|line| shown(line)));
    let code = match (&findings.unreadable, why.is_empty()) {
        (Some(_), _) => Code::CannotRun,
        (None, false) => Code::Attention,
        (None, true) => Code::Done,
    };
    Ended::with(code, why)
}
