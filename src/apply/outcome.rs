//! The outcome of a plan: the document that `--format json` prints, and what only the ledger needs.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::run_id::RunId;
use crate::directory::{Attribute, ObjectId};
use crate::plan::{Action, Guard, HeldEntry, Plan, Skipped, Summary};
use crate::target::RequestCounts;

/// The document that a run prints with `--format json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outcome {
    /// Always `hrpush.outcome/1`.
    pub format: String,
    /// The run's name; empty where there was nothing to do and so no run.
    pub run: String,
    /// The plan's fingerprint.
    pub fingerprint: String,
    /// How many changes were carried out completely.
    pub applied: u64,
    /// The failures: an entry for each step, and for each property of a person that was refused.
    pub failed: Vec<Failed>,
    /// The keys of people with a change that the target accepted and that it has not confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<String>,
    /// The changes of a saved plan with a *before* that no longer holds.
    pub drifted: Vec<Drifted>,
    /// The held records, as planned.
    pub held: Vec<HeldEntry>,
    /// The people and values that were left alone, as planned, and the attributes that the target refuses to this app.
    pub skipped: Vec<Skipped>,
    /// The guards, as planned.
    pub guards: Vec<Guard>,
    /// The counts, as planned.
    pub summary: Summary,
    /// Whether a guard stopped the plan and only its leavers were disabled, see `[guard] leavers`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// The requests that were sent.
    pub requests: RequestCounts,
    /// The duration of the run.
    pub duration_ms: u64,
    /// The link of the run in the chain of the journal, in hexadecimal digits. It is made after the outcome was kept.
    #[serde(default)]
    pub link: Option<String>,
}

impl Outcome {
    /// The outcome of a plan of which nothing was sent: what a run starts from, and what one with nothing to do prints.
    pub fn of(plan: &Plan, run: Option<&RunId>) -> Self {
        Self {
            format: "hrpush.outcome/1".into(),
            run: run.map(|run| run.0.clone()).unwrap_or_default(),
            fingerprint: plan.fingerprint.clone(),
            applied: 0,
            failed: Vec::new(),
            unconfirmed: Vec::new(),
            drifted: Vec::new(),
            held: plan.held.clone(),
            skipped: plan.skipped.clone(),
            guards: plan.guards.clone(),
            summary: plan.summary.clone(),
            stopped: false,
            requests: RequestCounts::default(),
            duration_ms: 0,
            link: None,
        }
    }

    /// How many changes failed, in whole or in part.
    pub fn failed_changes(&self) -> u64 {
        self.failed.iter().map(|failed| failed.seq).collect::<BTreeSet<u64>>().len() as u64
    }
}

/// A change that was not carried out, or not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failed {
    /// The change's number in the plan.
    pub seq: u64,
    /// The person's or the group's key.
    pub key: String,
    /// What should have happened.
    pub action: Action,
    /// The HTTP status of the answer; none where no answer was the cause.
    pub status: Option<u16>,
    /// The target's error code, or `dependency`, `not-attempted`, `unknown-outcome`.
    pub code: String,
    /// The reason, for people.
    pub message: String,
    /// The target's id of the request, for its support.
    pub request_id: Option<String>,
    /// The step of the change that failed.
    #[serde(default)]
    pub step: Option<StepName>,
    /// The property that the target named, or that was refused alone.
    #[serde(default)]
    pub property: Option<String>,
    /// The object that already has the value, where another object's value was the reason.
    #[serde(default)]
    pub owner: Option<String>,
}

/// One step of a change, as a failure names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of the document")]
pub enum StepName {
    Create,
    Password,
    Enable,
    Disable,
    RevokeSessions,
    Update,
    Manager,
    Members,
    RemoveLicenses,
    Delete,
    Restore,
    Tap,
}

impl StepName {
    /// The name as the document has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Password => "password",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::RevokeSessions => "revoke-sessions",
            Self::Update => "update",
            Self::Manager => "manager",
            Self::Members => "members",
            Self::RemoveLicenses => "remove-licenses",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Tap => "tap",
        }
    }
}

/// A change of a saved plan that was left out, since the tenant had moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Drifted {
    /// The change's number in the saved plan.
    pub seq: u64,
    /// The person's or the group's key.
    pub key: String,
    /// What should have happened.
    pub action: Action,
    /// What is different now.
    pub message: String,
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeState {
    /// All requests of the change succeeded.
    Done,
    /// Refused, at least in part.
    Failed,
    /// Accepted by the target, which carries it out later; the next run asks what became of it.
    Unconfirmed,
    /// The run ended before the first request of the change.
    NotAttempted,
}

/// The result of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeResult {
    /// The change's number in the plan.
    pub seq: u64,
    /// Whether the change was carried out, refused or never tried.
    pub state: ChangeState,
    /// The object, where it is known by now: also that of a create.
    pub id: Option<ObjectId>,
}

/// The result of [`super::apply`].
#[derive(Clone, Debug)]
pub struct Applied {
    /// The document of the result, for the report and the journal.
    pub outcome: Outcome,
    /// The result of each change, in the plan's order.
    pub results: Vec<ChangeResult>,
    /// The accounts of people that were created, by HR key.
    pub created: BTreeMap<String, ObjectId>,
    /// Temporary Access Passes that were made, by HR key. Their type cannot be printed.
    pub passes: BTreeMap<String, SecretString>,
    /// The attributes that the target refuses to this app: no value of them was written in this run. With the people refused, by HR key.
    pub refused: BTreeMap<Attribute, BTreeSet<String>>,
    /// The attributes of which a value went through in this run.
    pub written: BTreeSet<Attribute>,
    /// Those of them that an update wrote. Graph takes some values from an app with a new account alone, such as `employeeHireDate`.
    pub updated: BTreeSet<Attribute>,
    /// Whether the run was interrupted before it was through.
    pub interrupted: bool,
    /// Whether the run gave up because the service was unreachable or throttled everything.
    pub gave_up: bool,
}
