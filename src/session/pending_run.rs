//! A computed plan on its way through preview, decision and execution.

use super::error::Failure;
use super::open_target::OpenTarget;
use super::preview::Preview;
use super::run::Session;
use super::run_state::RunState;
use crate::config::Deliver;
use crate::diagnostic::mask;
use crate::directory::Attribute;
use crate::plan::{self, Action, Object, Plan};
use crate::report;

/// The note for `deliver = "tap"` without a recipient.
pub(crate) const UNDELIVERED_PASSES: &str =
    "Temporary Access Passes are created but not delivered to anyone; set `recipient` and `path` in [password] to deliver them";

/// A plan with the target that it was made for, and with what the next run must know.
pub(crate) struct PendingRun {
    pub(crate) plan: Plan,
    /// The changes of a saved plan or of an undo that were left out.
    pub(crate) drifted: Vec<plan::Drifted>,
    pub(crate) notes: Vec<String>,
    /// The first match attribute, by which a created account is found again.
    pub(crate) matching: Option<Attribute>,
    pub(crate) state: RunState,
    pub(crate) target: OpenTarget,
}

impl PendingRun {
    /// The first step: the plan with everything that must be seen beside it.
    pub(crate) fn preview(&self, session: &Session<'_>) -> Preview {
        session.learn(|facts| facts.planned(&self.plan));
        let mut notes: Vec<String> = self.notes.iter().chain(&self.target.notes).map(|note| mask::message(note)).collect();
        let undelivered = matches!(session.settings.config.password.deliver, Deliver::Tap(None));
        if undelivered && gives_access(&self.plan) {
            notes.push(UNDELIVERED_PASSES.to_owned());
        }
        let is_earlier = matches!(self.state, RunState::Nothing | RunState::Staged(_));
        Preview::new(&self.plan, is_earlier.then(|| self.drifted.clone()), notes)
    }

    /// The saved plan, sealed, as `hrpush apply` takes it.
    pub(crate) fn document(&self) -> Result<String, Failure> {
        Ok(report::json(&self.plan.clone().sealed())?)
    }

    /// Stores in the state folder what `hrpush apply` needs beside the document.
    pub(crate) fn stage(&mut self) -> Result<(), Failure> {
        self.state.stage(&mut self.target, &self.plan)
    }
}

/// A note for each change that was left out.
pub(crate) fn left_out(drifted: &[plan::Drifted]) -> Vec<String> {
    drifted.iter().map(|drifted| format!("left out, {}: {}", drifted.key, drifted.message)).collect()
}

/// Whether the plan may need a first password or an access pass.
pub(crate) fn gives_access(plan: &Plan) -> bool {
    let gives = |action| matches!(action, Action::Create | Action::Enable | Action::Restore);
    plan.changes.iter().any(|change| change.object == Object::User && gives(change.action))
}
