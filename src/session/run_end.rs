//! How a run ended, and what was known about it by then.

use jiff::Timestamp;

use super::error::Ended;
use crate::apply::Outcome;
use crate::directory::TenantId;
use crate::plan::{Plan, Summary};

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
    /// Whether the run may write, by its options.
    pub(crate) dry_run: bool,
    /// The id in the journal, once the plan was journaled.
    pub(crate) run: Option<String>,
    /// How many changes were carried out.
    pub(crate) applied: u64,
    /// How many steps failed.
    pub(crate) failed: usize,
}

impl RunFacts {
    /// The plan was computed.
    pub(crate) fn planned(&mut self, plan: &Plan) {
        self.tenant = Some(TenantId(plan.target.tenant_id.clone()));
        self.feed = Some(plan.source.feed.clone());
        self.fingerprint = Some(plan.fingerprint.clone());
        self.summary = Some(plan.summary.clone());
    }

    /// The plan was carried out, wholly or in part.
    pub(crate) fn applied(&mut self, outcome: &Outcome) {
        self.run = Some(outcome.run.clone());
        self.applied = outcome.applied;
        self.failed = outcome.failed.len();
    }
}

/// The kind of an ending, as the list of runs shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndKind {
    /// The run carried out changes, or tried to.
    Done,
    NothingToDo,
    /// A dry run or `plan`.
    Planned,
    /// A confirmation is missing.
    Pending,
    /// A guard tripped: at most the disables were carried out.
    Stopped,
    /// Arguments, configuration, mapping or input file.
    Refused,
    /// Network, credential, permission, state or HR system.
    CannotRun,
    Interrupted,
    /// A fault of hrpush itself.
    Crashed,
}

impl EndKind {
    /// The word of the list of runs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NothingToDo => "nothing-to-do",
            Self::Planned => "planned",
            Self::Pending => "pending",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::CannotRun => "cannot-run",
            Self::Interrupted => "interrupted",
            Self::Crashed => "crashed",
        }
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

    /// The first line of the reason, where the run did not end with 0.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.ended.as_ref()?.why.first()?.lines().next()
    }
}
