//! A saved plan, held against a fresh snapshot of its tenant and passed through the guards again.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::clock_check::today;
use super::connect::TargetChoice;
use super::error::Failure;
use super::mapped_reading::text_of;
use super::open_target::{ClockRule, OpenRequest, OpenTarget};
use super::pending_run::{PendingRun, left_out};
use super::run::Session;
use super::run_reason::{RunReason, RunReasonCode};
use super::run_state::RunState;
use crate::diagnostic::{Note, NoteCode};
use crate::directory::{Attribute, roles};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Confirmation, Edit, Object, Plan, drift, resolve};
use crate::store::Staged;
use crate::target::{Priority, SnapshotScope};

/// The largest difference between the clock that made a plan and the clock that applies it.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

const NO_COPY: &str = "this state folder has no copy of the plan (it was made elsewhere, or applied already), so the guards source, feed, held \
     and missing cannot be counted again and the plan needs an approval";

/// Reads the tenant of a saved plan, and leaves out the changes that no longer fit it.
///
/// `approve` is the fingerprint that the caller approves.
pub(crate) async fn plan(
    session: &Session<'_>,
    path: &Path,
    graph_url: Option<&str>,
    approve: Option<&str>,
) -> Result<PendingRun, Failure> {
    let settings = session.settings;
    let saved = load(path, settings.config.plan.max_age)?;
    session.learn(|facts| facts.planned(&saved));
    let policy = settings.policy();
    let choice = TargetChoice::of_plan(settings, graph_url, &saved.target)?;
    let scope = scope(&saved, &policy.protect_groups);
    let open = OpenRequest {
        choice: &choice,
        made_for: Some(&saved.target),
        scope: &scope,
        priority: Priority::Normal,
        clock: ClockRule::Refuse,
    };
    let target = OpenTarget::open(session, settings.store()?, open).await?;
    let ledger = target.ledger(&saved.source.feed, today())?;
    let staged = target.store.staged(&target.snapshot.tenant, &saved.fingerprint)?;
    // In the state folder of the plan its accounts are known; elsewhere they are looked up again.
    let aside = staged.as_ref().map(|staged| staged.aside.clone()).unwrap_or_default();
    let mut saved = resolve(saved.with_aside(aside), &target.snapshot, &ledger);
    // The week's budget is counted by the day of the plan, which the document alone does not prove.
    if let Some(staged) = &staged {
        saved.as_of.clone_from(&staged.counted.as_of);
    }
    let approved =
        approve.map(str::trim) == Some(saved.fingerprint.as_str()) || ledger.approves(&saved.fingerprint, policy.two_people);
    let made_at = staged.as_ref().map_or(&saved.created_at, |staged| &staged.made_at);
    let overtaken = target.store.read_since(&target.snapshot.tenant, &saved.source.feed, made_at)?;
    let confirmation = Confirmation { overtaken, ..confirmation(staged.as_ref(), approved) };
    let (plan, drifted) = drift(&saved, &target.snapshot, &ledger, &policy, &confirmation);
    let mut notes = left_out(&drifted);
    if staged.is_none() {
        notes.push(Note::new(NoteCode::NoPlanCopy, NO_COPY));
    }
    Ok(PendingRun { matching: matching(&plan), plan, drifted, notes, state: RunState::Staged(staged), target })
}

/// A saved plan, unaltered and not too old.
pub(crate) fn load(path: &Path, max_age: SignedDuration) -> Result<Plan, Failure> {
    const RENEW: &str = "make it again with `hrpush plan --out`";
    let refuse = |problem: String, fact: &str| {
        let reason = RunReason::new(RunReasonCode::SavedPlan, format!("{}: {fact}", path.display()));
        Failure::usage(format!("{}{problem}", path.display())).because(reason)
    };
    let plan: Plan = serde_json::from_str(&text_of(path)?).map_err(|error| {
        let problem = format!(
            ", line {}, column {}: not a plan of hrpush: {error}\n  hint: `hrpush plan --out FILE` saves one",
            error.line(),
            error.column()
        );
        refuse(problem, "not a plan of hrpush")
    })?;
    if plan.seal.is_empty() {
        return Err(refuse(format!(": the plan has no `seal`\n  hint: {RENEW}"), "the plan has no `seal`"));
    }
    if !plan.verify() {
        let problem = "the plan was altered: its seal or its fingerprint does not fit";
        return Err(refuse(format!(": {problem}\n  hint: {RENEW}; a saved plan is never edited"), problem));
    }
    let made: Timestamp = plan
        .created_at
        .parse()
        .map_err(|_| refuse(": `createdAt` is not a point in time".to_owned(), "`createdAt` is not a point in time"))?;
    let age = Timestamp::now().duration_since(made);
    if age < -CLOCK_TOLERANCE {
        let problem = format!("`createdAt` is {made}, which is ahead of this machine's clock");
        return Err(refuse(format!(": {problem}\n  hint: correct the clock, or {RENEW}"), &problem));
    }
    if age > max_age {
        let problem = format!("the plan was made at {made}, too long ago");
        return Err(refuse(format!(": {problem}\n  hint: {RENEW}, or set max_age in [plan]"), &problem));
    }
    Ok(plan)
}

/// What the state folder knows of the plan.
fn confirmation(staged: Option<&Staged>, approved: bool) -> Confirmation {
    let people = staged.into_iter().flat_map(|staged| &staged.people);
    Confirmation {
        guards: staged.map(|staged| staged.counted.guards.clone()),
        accounts: people.filter_map(|(key, id, _)| Some((key.clone(), id.clone()?))).collect(),
        approved,
        overtaken: false,
    }
}

/// The attribute by which a created account is found again.
///
/// The plan does not name the mapping's first match, so the key is used where every create has it. A mail address proves nothing,
/// because a namesake may have the same.
fn matching(plan: &Plan) -> Option<Attribute> {
    let mut creates = plan.changes.iter().filter(|change| change.object == Object::User && change.action == Action::Create);
    let has_key = |change: &Change| change.attributes.iter().any(|edit| edit.name == roles::EMPLOYEE_ID);
    creates.all(has_key).then(|| Attribute::find(roles::EMPLOYEE_ID)).flatten()
}

/// The part of the tenant that must be read to see whether a plan still fits.
pub(crate) fn scope(plan: &Plan, protect_groups: &[String]) -> SnapshotScope {
    let edits = || plan.changes.iter().flat_map(|change| &change.attributes);
    let mut attributes: BTreeSet<Attribute> = edits().filter_map(Edit::attribute).collect();
    attributes.extend(Attribute::find(roles::EMPLOYEE_ID));
    let then = |action| plan.changes.iter().any(|change| change.then.contains(&action));
    let groups = || plan.changes.iter().filter(|change| change.object == Object::Group);
    SnapshotScope {
        attributes,
        manager: edits().any(|edit| edit.name == roles::MANAGER) || then(LeaveAction::ClearManager),
        groups: groups().next().is_some() || then(LeaveAction::RemoveFromManagedGroups),
        licenses: then(LeaveAction::RemoveLicenses),
        group_members: groups().filter_map(|change| Some(change.id.as_ref()?.to_string())).collect(),
        protected_groups: protect_groups.iter().cloned().collect(),
    }
}
