//! The gate between a plan and the writer: only guards make an [`ApprovedPlan`].

use super::change::Plan;
use super::fingerprint::fingerprint;

/// A plan that the guards let pass, or that somebody approved by its fingerprint.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovedPlan {
    plan: Plan,
    overruled: bool,
}

impl ApprovedPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether a guard had tripped and somebody approved the plan nevertheless.
    pub fn overruled(&self) -> bool {
        self.overruled
    }

    /// The plan, given away.
    pub fn into_plan(self) -> Plan {
        self.plan
    }
}

/// A plan that guards stopped: nothing may be written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("stopped by the guards: {}", tripped.join(", "))]
pub struct Stopped {
    /// The plan, to be shown.
    pub plan: Plan,
    /// The names of the guards that tripped.
    pub tripped: Vec<String>,
}

impl Plan {
    /// Lets the plan through when no guard tripped, or when the approval names exactly this plan.
    ///
    /// # Errors
    /// The plan with the guards that tripped.
    pub fn approve(self, approval: Option<&str>) -> Result<ApprovedPlan, Box<Stopped>> {
        let mut tripped: Vec<String> = self.guards.iter().filter(|guard| guard.tripped).map(|guard| guard.name.clone()).collect();
        tripped.dedup();
        let overruled = !tripped.is_empty();
        if overruled && approval.map(str::trim) != Some(self.fingerprint.as_str()) {
            return Err(Box::new(Stopped { plan: self, tripped }));
        }
        Ok(ApprovedPlan { plan: self, overruled })
    }

    /// Whether the fingerprint fits: a saved plan that was altered does not.
    pub fn verify(&self) -> bool {
        self.format == super::FORMAT && self.fingerprint == fingerprint(self)
    }
}
