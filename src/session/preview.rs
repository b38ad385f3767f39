//! The first of three steps: what a plan would do, as a value. Decision and execution follow.

use crate::diagnostic::Note;
use crate::plan::Plan;
use crate::report;

/// A plan as a person or a page must see it before anything is written.
#[derive(Clone, Debug)]
pub(crate) struct Preview {
    pub(crate) plan: Plan,
    /// Remarks about the reading, the tenant and the configuration.
    pub(crate) notes: Vec<Note>,
    /// What keeps the run from ending with 0, leavers first.
    pub(crate) concerns: Vec<String>,
}

impl Preview {
    pub(crate) fn new(plan: &Plan, notes: Vec<Note>) -> Self {
        Self { concerns: report::concerns(plan), plan: plan.clone(), notes }
    }

    /// How many guards stop this plan.
    pub(crate) fn tripped(&self) -> usize {
        self.plan.guards.iter().filter(|guard| guard.tripped).count()
    }
}
