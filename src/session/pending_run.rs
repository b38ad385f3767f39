//! A computed plan on its way through preview, decision and execution.

use super::error::Failure;
use super::open_target::OpenTarget;
use super::preview::Preview;
use super::run::Session;
use super::run_state::RunState;
use crate::config::Deliver;
use crate::diagnostic::mask;
use crate::diagnostic::{Note, NoteCode};
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
    pub(crate) notes: Vec<Note>,
    /// The first match attribute, by which a created account is found again.
    pub(crate) matching: Option<Attribute>,
    pub(crate) state: RunState,
    pub(crate) target: OpenTarget,
}

impl PendingRun {
    /// The first step: the plan with everything that must be seen beside it.
    pub(crate) fn preview(&self, session: &Session<'_>) -> Preview {
        session.learn(|facts| facts.planned(&self.plan));
        let all = self.notes.iter().chain(&self.target.notes).cloned();
        let mut notes: Vec<Note> = all.map(|note| note.with_text(mask::message)).collect();
        let undelivered = matches!(session.settings.config.password.deliver, Deliver::Tap(None));
        if undelivered && gives_access(&self.plan) {
            notes.push(Note::new(NoteCode::UndeliveredPasses, UNDELIVERED_PASSES).at("[password]"));
        }
        Preview::new(&self.plan, notes)
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

/// The most changes that are listed one by one.
const LISTED: usize = 10;

/// Notes about the changes that were left out: how many there are, and the first of them.
pub(crate) fn left_out(drifted: &[plan::Drifted]) -> Vec<Note> {
    let one = |drifted: &plan::Drifted| format!("left out, {}: {}", drifted.key, drifted.message);
    let mut notes: Vec<Note> = drifted.iter().take(LISTED).map(|drifted| Note::new(NoteCode::LeftOut, one(drifted))).collect();
    if drifted.len() > LISTED {
        let more = drifted.len() - LISTED;
        notes.push(Note::new(NoteCode::LeftOut, format!("left out: {more} more")).count(more));
    }
    if !drifted.is_empty() {
        let text = format!(
            "{} changes no longer fit the tenant and are left out; `hrpush plan` makes a plan of what is still to do",
            drifted.len()
        );
        notes.push(Note::new(NoteCode::LeftOut, text).count(drifted.len()));
    }
    notes
}

/// Whether the plan may need a first password or an access pass.
pub(crate) fn gives_access(plan: &Plan) -> bool {
    let gives = |action| matches!(action, Action::Create | Action::Enable | Action::Restore);
    plan.changes.iter().any(|change| change.object == Object::User && gives(change.action))
}
