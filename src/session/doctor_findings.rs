//! What the checks of `hrpush doctor` found.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Failure;
use super::settings::Settings;
use crate::diagnostic::mask;
use crate::directory::Snapshot;

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
            Self::Warning => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the result.
pub(crate) struct Check {
    /// What was looked at, such as `source` or `clock`.
    pub(crate) subject: &'static str,
    pub(crate) verdict: Verdict,
    /// What the check found, in one sentence.
    pub(crate) found: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

/// The result of all checks, in the order of the checks.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) checks: Vec<Check>,
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

    pub(super) fn note(&mut self, subject: &'static str, verdict: Verdict, found: impl Into<String>) {
        let found = mask::message(&found.into());
        let (found, help) = match found.split_once("\n  hint: ") {
            Some((found, help)) => (found.to_owned(), Some(help.to_owned())),
            None => (found, None),
        };
        self.checks.push(Check { subject, verdict, found, help });
    }

    /// Notes a failure of a check; only an interrupt ends the command.
    pub(super) fn failed(&mut self, subject: &'static str, failure: Failure) -> Result<(), Failure> {
        match failure {
            Failure::Interrupted => Err(failure),
            other => {
                self.note(subject, Verdict::Fail, other.to_string());
                Ok(())
            }
        }
    }
}

/// Whether the protected accounts exist.
pub(super) fn note_protected(findings: &mut Findings, settings: &Settings, snapshot: &Snapshot, is_sandbox: bool) {
    let users = &settings.config.protect.users;
    if users.is_empty() && !is_sandbox {
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
