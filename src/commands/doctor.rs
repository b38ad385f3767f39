//! `hrpush doctor`: prints the checks of the configuration, the HR source and the tenant, or the registration of the app.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::cli::{Common, Doctor, Format, Grant};
use super::output::print;
use super::run::{run, settings};
use crate::graph::{self, GrantTool};
use crate::report::{self, shown};
use crate::session::doctor::{Check, Findings, Verdict, check, permissions};
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

/// Every check, in the order in which it was made.
fn document(findings: &Findings) -> Json {
    let checks = findings.checks.iter();
    checks
        .map(|check| json!({ "check": check.subject, "state": check.verdict.as_str(), "message": check.found, "help": check.help }))
        .collect()
}

/// One line for each check: the verdict, the subject, what was found, and what to do about it.
fn text(findings: &Findings) -> String {
    let mut text = String::new();
    for check in &findings.checks {
        let _ = writeln!(text, "{:<4} {}", check.verdict.as_str(), line(check));
    }
    text
}

fn line(check: &Check) -> String {
    let help = check.help.as_deref().map(|help| format!("; hint: {}", in_one_line(help))).unwrap_or_default();
    format!("{}: {}{help}", check.subject, in_one_line(&check.found))
}

/// A message of several lines in one.
fn in_one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(shown).collect::<Vec<_>>().join("; ")
}

fn ended(findings: &Findings) -> Ended {
    let troubled = findings.checks.iter().filter(|check| check.verdict != Verdict::Ok);
    let why = troubled.map(|check| format!("{}: {}", check.verdict.as_str(), line(check))).collect();
    let code = match findings.verdict() {
        Verdict::Ok => Code::Done,
        Verdict::Warning => Code::Attention,
        Verdict::Fail => Code::CannotRun,
    };
    Ended::with(code, why)
}
