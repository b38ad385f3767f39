//! The gate between a plan and the writer: only guards make an [`ApprovedPlan`].

pub(super) mod confirmation;
mod coverage;
pub(super) mod drift;
pub(super) mod fingerprint;
pub(super) mod guards;

use crate::directory::roles;
use crate::plan::approval::fingerprint::{fingerprint, seal};
use crate::plan::guard_name::GuardName;
use crate::plan::model::{Action, Change, Guard, Object, Plan};

/// A plan that the guards let pass, or that was approved: by its fingerprint, or by approvals that were given before.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovedPlan {
    plan: Plan,
    overruled: bool,
    used: Vec<i64>,
}

impl ApprovedPlan {
    /// The plan that passed its guards, or was approved by its fingerprint.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether a guard had tripped and the plan was approved nevertheless.
    pub fn overruled(&self) -> bool {
        self.overruled
    }

    /// The approvals that are used up once the plan is carried out, by their numbers in the state folder.
    pub fn used(&self) -> &[i64] {
        &self.used
    }

    /// The plan, given away.
    pub fn into_plan(self) -> Plan {
        self.plan
    }
}

/// A plan that guards stopped: nothing may be written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("stopped by the guards: {}", joined(tripped))]
pub struct Stopped {
    /// The plan, to be shown.
    pub plan: Plan,
    /// The names of the guards that tripped.
    pub tripped: Vec<GuardName>,
}

/// Whether a tripped guard of this name says nothing against disabling the leavers of a plan.
fn passes_leavers(guard: GuardName) -> bool {
    !guard.is_of_reading() && guard != GuardName::Disable
}

fn joined(guards: &[GuardName]) -> String {
    guards.iter().map(|guard| guard.as_str()).collect::<Vec<_>>().join(", ")
}

impl Stopped {
    /// The disables of the plan with their `on_leave` steps and nothing else, where every guard that tripped counts something else.
    ///
    /// None where the guard on disables tripped or one on the reading did, or where the plan disables no account.
    pub fn leavers(&self) -> Option<ApprovedPlan> {
        if !self.tripped.iter().all(|guard| passes_leavers(*guard)) {
            return None;
        }
        let disables =
            self.plan.changes.iter().filter(|change| change.object == Object::User && change.action == Action::Disable);
        let changes: Vec<Change> = disables.cloned().map(access_alone).collect();
        if changes.is_empty() {
            return None;
        }
        let mut plan = Plan { changes, ..self.plan.clone() };
        let disabled = plan.changes.len() as u64;
        // The week's budget is spent by what is carried out.
        let counted = |guard: &&mut Guard| !guard.tripped && passes_leavers(guard.name);
        for guard in plan.judged_guards_mut().iter_mut().filter(counted) {
            guard.count = if guard.name == GuardName::Update { disabled } else { 0 };
        }
        plan.fingerprint = fingerprint(&plan);
        // A run that stops uses no approval up.
        Some(ApprovedPlan { plan, overruled: false, used: Vec::new() })
    }
}

/// A disable without the other values of the account, which a guard may have stopped.
fn access_alone(mut change: Change) -> Change {
    change.attributes.retain(|edit| edit.name == roles::ACCOUNT_ENABLED);
    change
}

impl Plan {
    /// Lets the plan through when no guard trips over what the approvals of before leave, or when the approval names exactly this plan.
    ///
    /// # Errors
    /// The plan with the guards that tripped.
    pub fn approve(self, approval: Option<&str>) -> Result<ApprovedPlan, Box<Stopped>> {
        let mut tripped: Vec<GuardName> =
            self.judged_guards().iter().filter(|guard| guard.tripped).map(|guard| guard.name).collect();
        tripped.dedup();
        if !tripped.is_empty() && approval.map(str::trim) != Some(self.fingerprint.as_str()) {
            return Err(Box::new(Stopped { plan: self, tripped }));
        }
        let overruled = self.guards.iter().any(|guard| guard.tripped);
        Ok(ApprovedPlan { used: self.judged.used.clone(), plan: self, overruled })
    }

    /// Whether seal and fingerprint fit: those of a saved plan that was altered do not.
    pub fn verify(&self) -> bool {
        self.format == crate::plan::FORMAT && self.fingerprint == fingerprint(self) && self.seal == seal(self)
    }
}
