//! `hrpush doctor`: prints the checks of the configuration, the HR source and the tenant, or the registration of the app.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::cli::{Common, Doctor, Format, Grant};
use super::output::print;
use super::run::{run, settings};
use crate::graph::{self, GrantTool};
use crate::report::{self, shown};
use crate::session::doctor::{Findings, TenantFindings, Verdict, check, permissions};
use crate::session::error::{Code, Ended, Failure};
use crate::session::run_end::RunKind;

pub(super) fn doctor(common: &Common, args: &Doctor) -> Result<Ended, Failure> {
    let settings = settings(common)?;
    if let Some(tool) = args.grant {
        print(&graph::grant(tool.into(), &permissions(&settings)?))?;
        return Ok(Ended::done());
    }
    run(common, RunKind::Doctor, &settings, async |session| {
        let findings = check(session, args.target.graph_url.as_deref()).await?;
        print(&match common.format() {
            Format::Json => report::json(&document(&findings))?,
            Format::Text => text(&findings),
        })?;
        Ok(ended(&findings))
    })
}

impl From<Grant> for GrantTool {
    fn from(tool: Grant) -> Self {
        match tool {
            Grant::Az => Self::AzureCli,
            Grant::Powershell => Self::PowerShell,
            Grant::M365 => Self::Microsoft365,
            Grant::Terraform => Self::Terraform,
        }
    }
}

fn document(findings: &Findings) -> Json {
    let tenant = findings.tenant.as_ref();
    let missing = tenant
        .map(|tenant| tenant.missing.iter().map(|(name, purpose)| json!({ "name": name, "for": purpose })).collect::<Vec<_>>());
    let checks = findings.checks.iter();
    let checks = checks.map(|check| json!({ "subject": check.subject, "verdict": check.verdict.as_str(), "found": check.found }));
    let trouble = findings.checks.iter().filter(|check| check.verdict != Verdict::Ok);
    let trouble = trouble.map(|check| format!("{}: {}", check.subject, check.found));
    let target = |tenant: &TenantFindings| json!({ "graphUrl": tenant.url, "tenantId": tenant.id, "sandbox": tenant.sandbox });
    json!({
        "config": findings.config, "source": findings.source, "records": findings.records, "mapping": findings.mapping,
        "target": tenant.map(target),
        "domains": tenant.map(|tenant| &tenant.domains),
        "permissions": { "granted": tenant.map(|tenant| &tenant.granted), "missing": missing },
        "quota": tenant.map(|tenant| json!({ "writes": tenant.writes.floor() })),
        "clockSkewSeconds": tenant.and_then(|tenant| tenant.skew),
        "checks": checks.collect::<Vec<_>>(),
        "trouble": trouble.collect::<Vec<_>>(),
    })
}

/// One line for each check: the verdict, the subject, and what was found.
fn text(findings: &Findings) -> String {
    let mut text = String::new();
    for check in &findings.checks {
        let _ = writeln!(text, "{:<8} {}: {}", check.verdict.as_str(), check.subject, shown(&check.found));
    }
    text
}

fn ended(findings: &Findings) -> Ended {
    let troubled = findings.checks.iter().filter(|check| check.verdict != Verdict::Ok);
    let why = troubled.map(|check| shown(&format!("{}: {}: {}", check.verdict.as_str(), check.subject, check.found))).collect();
    let code = match findings.verdict() {
        Verdict::Ok => Code::Done,
        Verdict::Warning => Code::Attention,
        Verdict::Fail => Code::CannotRun,
    };
    Ended::with(code, why)
}
