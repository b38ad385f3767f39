//! The inverse of an earlier run, as a pending run like any other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::clock_check::today;
use super::connect::TargetChoice;
use super::error::Failure;
use super::open_target::{ClockRule, OpenRequest, OpenTarget};
use super::pending_run::{PendingRun, left_out};
use super::run::Session;
use super::run_state::RunState;
use super::saved_plan::scope;
use crate::apply::RequestKind;
use crate::diagnostic::{Note, NoteCode};
use crate::directory::ObjectId;
use crate::plan::{self, UndoInputs};
use crate::store::Recorded;
use crate::target::Priority;

/// Reads the tenant of a run, and plans its inverse.
pub(crate) async fn plan(session: &Session<'_>, run: &str, graph_url: Option<&str>) -> Result<PendingRun, Failure> {
    let settings = session.settings;
    let store = settings.store()?;
    // Only for its target: its requests may still have to be settled, which opening the target does.
    let before = store.run(run)?;
    let policy = settings.policy();
    let made_for = &before.plan.target;
    let choice = TargetChoice::of_plan(settings, graph_url, made_for)?;
    let scope = scope(&before.plan, &policy.protect_groups);
    let open = OpenRequest {
        choice: &choice,
        made_for: Some(made_for),
        scope: &scope,
        priority: Priority::Normal,
        clock: ClockRule::Refuse,
    };
    let target = OpenTarget::open(session, store, open).await?;
    let run = target.store.run(&before.row.run.0)?;
    let ledger = target.ledger(&run.plan.source.feed, today())?;
    let (plan, drifted) = plan::undo(&UndoInputs {
        plan: &run.plan,
        run: &run.row.run.0,
        done: &done(&run),
        created: &created(&run),
        snapshot: &target.snapshot,
        ledger: &ledger,
        policy: &policy,
        today: today(),
        created_at: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    let mut notes = left_out(&drifted);
    if run.plan.changes.is_empty() {
        let text = format!("the run {} changed nothing, so there is nothing to undo", run.row.run);
        notes.push(Note::new(NoteCode::NothingToUndo, text));
    }
    // An undo creates no account, so none has to be found again.
    Ok(PendingRun { plan, drifted, notes, matching: None, state: RunState::Nothing, target })
}

/// The changes of which any part was done, also those that the run did not complete.
fn done(run: &Recorded) -> BTreeSet<u64> {
    let parts = run.requests.iter().filter(|request| request.done == Some(true)).map(|request| request.seq);
    run.done.iter().copied().chain(parts).collect()
}

/// The objects that the run created, by key.
fn created(run: &Recorded) -> BTreeMap<String, ObjectId> {
    let creates = [RequestKind::CreateUser, RequestKind::CreateGroup].map(RequestKind::as_str);
    let created = run.requests.iter().filter(|request| request.done == Some(true) && creates.contains(&request.kind.as_str()));
    created.filter_map(|request| Some((request.key.clone(), ObjectId::new(request.id.as_deref()?)?))).collect()
}
