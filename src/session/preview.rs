//! The first of three steps: what a plan would do, as a value. Decision and execution follow.

use crate::plan::{Drifted, Plan};
use crate::report;

/// A plan as a person or a page must see it before anything is written.
#[derive(Clone, Debug)]
pub(crate) struct Preview {
    pub(crate) plan: Plan,
    /// Remarks about the reading, the tenant and the configuration.
    pub(crate) notes: Vec<String>,
    /// The changes that were left out of an earlier plan; `None` where the plan compares the tenant with HR.
    pub(crate) drifted: Option<Vec<Drifted>>,
    /// What keeps the run from ending with 0, leavers first.
    pub(crate) concerns: Vec<String>,
}

impl Preview {
    pub(crate) fn new(plan: &Plan, drifted: Option<Vec<Drifted>>, notes: Vec<String>) -> Self {
        Self { concerns: report::concerns(plan), plan: plan.clone(), drifted, notes }
    }

    /// The plan as text.
    pub(crate) fn text(&self) -> String {
        match &self.drifted {
            Some(drifted) => report::preview_of_rest(&self.plan, drifted),
            None => report::preview(&self.plan),
        }
    }

    /// How many guards stop this plan.
    pub(crate) fn tripped(&self) -> usize {
        self.plan.guards.iter().filter(|guard| guard.tripped).count()
    }
}
