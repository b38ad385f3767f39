//! How a run ended, and what was known about it by then.

use jiff::Timestamp;

use super::error::{Code, Ended};
use super::findings::Findings;
use super::operator::operator;
use super::run_reason::RunReason;
use crate::apply::Outcome;
use crate::directory::TenantId;
use crate::plan::{Plan, Summary};
use crate::store::{EndKind, RunResult};

/// The command that a run belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunKind {
    Import,
    Sync,
    Plan,
    Apply,
    Undo,
    Explain,
    Decide,
    Doctor,
    Records,
    Quality,
    Forecast,
}

impl RunKind {
    /// The name of the subcommand.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Sync => "sync",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Undo => "undo",
            Self::Explain => "explain",
            Self::Decide => "decide",
            Self::Doctor => "doctor",
            Self::Records => "records",
            Self::Quality => "quality",
            Self::Forecast => "forecast",
        }
    }

    /// Whether the run plans for the whole tenant, so that an operator looks for it in the list of runs.
    pub(crate) fn plans(self) -> bool {
        matches!(self, Self::Import | Self::Sync | Self::Plan | Self::Apply | Self::Undo)
    }
}

/// What a run found out on its way. A run that ends early has learned less.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunFacts {
    /// The tenant, once it was read.
    pub(crate) tenant: Option<TenantId>,
    /// The feed, once the mapping is known.
    pub(crate) feed: Option<String>,
    /// The fingerprint of the plan.
    pub(crate) fingerprint: Option<String>,
    /// The counts of the plan.
    pub(crate) summary: Option<Summary>,
    /// How many changes the plan has.
    pub(crate) changes: usize,
    /// How many entries of the plan need attention.
    pub(crate) attention: usize,
    /// The name of the file or source.
    pub(crate) source: Option<String>,
    /// Whether nothing may be written, by the options of the run.
    pub(crate) dry_run: bool,
    /// Whether only some of the people are planned.
    pub(crate) in_part: bool,
    /// Whether `--approve` has let the plan pass a guard.
    pub(crate) approved: bool,
    /// The approvals of before that the plan was carried out by.
    pub(crate) approved_by: Vec<serde_json::Value>,
    /// The link of this run in the chain of the journal.
    pub(crate) link: Option<String>,
    /// The id in the list of runs, once the state folder was locked.
    pub(crate) run: Option<String>,
    /// How many changes were carried out.
    pub(crate) applied: u64,
    /// How many steps failed.
    pub(crate) failed: usize,
    /// What messages and metrics are about.
    pub(crate) findings: Findings,
}

impl RunFacts {
    /// The plan was computed.
    pub(crate) fn planned(&mut self, plan: &Plan) {
        self.tenant = Some(TenantId(plan.target.tenant_id.clone()));
        self.feed = Some(plan.source.feed.clone());
        self.fingerprint = Some(plan.fingerprint.clone());
        self.summary = Some(plan.summary.clone());
        (self.changes, self.attention) = (plan.changes.len(), plan.attention().len());
        self.source = Some(plan.source.name.clone());
        self.findings.planned(plan);
    }

    /// The plan was carried out, wholly or in part.
    pub(crate) fn applied(&mut self, outcome: &Outcome) {
        self.run = Some(outcome.run.clone());
        self.applied = outcome.applied;
        self.failed = outcome.failed.len();
        self.findings.applied(outcome);
    }
}

/// The end of a run: every run has exactly one, whatever happened.
#[derive(Clone, Debug)]
pub(crate) struct RunEnd {
    pub(crate) kind: RunKind,
    pub(crate) end: EndKind,
    pub(crate) started: Timestamp,
    pub(crate) finished: Timestamp,
    /// The exit code with its lines. A crash has none.
    pub(crate) ended: Option<Ended>,
    pub(crate) facts: RunFacts,
}

impl RunEnd {
    /// The duration in milliseconds. A clock that was set back in between yields 0.
    pub(crate) fn duration_ms(&self) -> u64 {
        u64::try_from(self.finished.duration_since(self.started).as_millis()).unwrap_or_default()
    }

    /// Why the run did not end with 0, without a value of a person. The lines of the terminal are fewer than the entries where the plan
    /// lists them already, so that the plan's own count is given.
    pub(crate) fn reason(&self) -> Option<RunReason> {
        let ended = self.ended.as_ref()?;
        let counted = self.facts.attention + self.facts.failed;
        if ended.code == Code::Attention && counted > 0 {
            return Some(RunReason::attention(counted));
        }
        ended.reason.clone()
    }

    /// The end as the list of runs has it.
    pub(crate) fn result(&self) -> RunResult {
        let RunFacts { tenant, feed, source, fingerprint, summary, dry_run, in_part, approved, mut approved_by, .. } =
            self.facts.clone();
        if approved {
            approved_by.push(approval(self.started));
        }
        RunResult {
            ended: Some(self.end),
            exit_code: self.ended.as_ref().map(|ended| ended.code.number()),
            reason: self.reason().map(|reason| reason.to_string()),
            reason_code: self.reason().map(|reason| reason.code().as_str().to_owned()),
            tenant,
            feed,
            source,
            fingerprint,
            summary,
            approved_by,
            dry_run: Some(dry_run),
            whole: Some(!in_part),
        }
    }
}

/// Who let the plan pass its guards by `--approve`.
fn approval(at: Timestamp) -> serde_json::Value {
    let by = operator();
    serde_json::json!({ "user": by.user, "host": by.host, "principal": null, "at": at.to_string(), "note": null })
}
