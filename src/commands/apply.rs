//! `hrpush apply`: a saved plan, against a fresh reading of the tenant and through the guards again.

use std::collections::BTreeSet;
use std::path::Path;

use tokio::sync::watch;

use super::cli::{Apply, Common};
use super::exit::{Ended, Failure};
use super::interrupt::block_on;
use super::memory::Memory;
use super::reading::text_of;
use super::run::{self, Consent, Ready, carry_out};
use super::scene::Scene;
use super::settings::{self, Settings};
use super::target::Aim;
use crate::directory::Attribute;
use crate::graph::Priority;
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Confirmation, Object, Plan, drift, resolve};
use crate::store::Staged;
use crate::target::SnapshotScope;

pub(super) fn apply(common: &Common, args: &Apply) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let plan = load(&args.plan, settings.config.plan.max_age)?;
    block_on(|cancelled| go(common, &settings, args, plan, cancelled))
}

/// A saved plan, unaltered and not too old.
fn load(path: &Path, max_age: jiff::SignedDuration) -> Result<Plan, Failure> {
    let place = path.display();
    let plan: Plan = serde_json::from_str(&text_of(path)?).map_err(|fault| {
        Failure::usage(format!("{place}, line {}, column {}: not a plan of hrpush: {fault}", fault.line(), fault.column()))
    })?;
    if plan.seal.is_empty() {
        return Err(Failure::usage(format!("{place}: the plan has no `seal`\n  hint: make it anew with `hrpush plan --out`")));
    }
    if !plan.verify() {
        let hint = "make it anew with `hrpush plan --out`; a saved plan is never edited";
        return Err(Failure::usage(format!(
            "{place}: the plan was altered: its seal or its fingerprint does not fit\n  hint: {hint}"
        )));
    }
    let made: jiff::Timestamp =
        plan.created_at.parse().map_err(|_| Failure::usage(format!("{place}: `createdAt` is no point in time")))?;
    let age = jiff::Timestamp::now().duration_since(made);
    if age < -CLOCKS_DIFFER {
        return Err(Failure::usage(format!(
            "{place}: `createdAt` is {made}, which lies ahead of this machine's clock\n  hint: correct the clock, or make the plan anew"
        )));
    }
    if age > max_age {
        return Err(Failure::usage(format!(
            "{place}: the plan was made at {made}, too long ago\n  hint: make a new one, or set max_age in [plan]"
        )));
    }
    Ok(plan)
}

/// How far the clocks of two machines may differ, of which one makes the plan and the other applies it.
const CLOCKS_DIFFER: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

async fn go(
    common: &Common,
    settings: &Settings,
    args: &Apply,
    saved: Plan,
    cancelled: watch::Receiver<bool>,
) -> Result<Ended, Failure> {
    let policy = settings.policy();
    let aim = Aim::of_plan(settings, args.target.graph_url.as_deref(), &saved.target)?;
    let wanted = wanted(&saved, &policy.protect_groups);
    let made_for = Some(&saved.target);
    let mut scene = Scene::open(settings, settings.store()?, &aim, made_for, &wanted, Priority::Normal, &cancelled).await?;
    let ledger = scene.ledger(&saved.source.feed, run::today())?;
    let staged = scene.store.staged(&scene.snapshot.tenant, &saved.fingerprint).map_err(|fault| Failure::cannot(&fault))?;
    // In the state folder of the plan its accounts are known; elsewhere they are found anew.
    let aside = staged.as_ref().map(|staged| staged.aside.clone()).unwrap_or_default();
    let mut saved = resolve(saved.with_aside(aside), &scene.snapshot, &ledger);
    // The week's budget goes by the day of the plan, which the document alone does not prove.
    if let Some(staged) = &staged {
        saved.as_of.clone_from(&staged.counted.as_of);
    }
    let approved = args.stop.approve.as_deref().map(str::trim) == Some(saved.fingerprint.as_str());
    let (plan, moved) = drift(&saved, &scene.snapshot, &ledger, &policy, &confirmation(staged.as_ref(), approved));
    let mut notes = run::left_out(&moved);
    if staged.is_none() {
        notes.push(NO_COPY.to_owned());
    }
    let ready = Ready {
        common,
        settings,
        stop: &args.stop,
        consent: Consent::by(&args.stop, &args.yes),
        matching: matching(&plan),
        plan,
        notes,
        drifted: moved,
        memory: Memory::Staged(staged),
        cancelled,
    };
    carry_out(ready, &mut scene).await
}

const NO_COPY: &str = "this state folder has no copy of the plan, so the guards source, feed, held and missing cannot be counted again and the \
     plan needs an approval";

/// What the state folder knows of the plan.
fn confirmation(staged: Option<&Staged>, approved: bool) -> Confirmation {
    let people = staged.into_iter().flat_map(|staged| &staged.people);
    Confirmation {
        guards: staged.map(|staged| staged.counted.guards.clone()),
        accounts: people.filter_map(|(key, id, _)| Some((key.clone(), id.clone()?))).collect(),
        approved,
    }
}

/// By what a created account is found again: the plan does not name the mapping's first match, so the person's key where every create
/// carries it. A mail address proves nothing, since a namesake's may be the same.
fn matching(plan: &Plan) -> Option<Attribute> {
    let mut creates = plan.changes.iter().filter(|change| change.object == Object::User && change.action == Action::Create);
    let carried = |change: &Change| change.attributes.iter().any(|edit| edit.name == "employeeId");
    creates.all(carried).then(|| Attribute::find("employeeId")).flatten()
}

/// What must be read to see whether the plan still holds.
pub(super) fn wanted(plan: &Plan, protect_groups: &[String]) -> SnapshotScope {
    let edits = || plan.changes.iter().flat_map(|change| &change.attributes);
    let mut attributes: BTreeSet<Attribute> = edits().filter_map(crate::plan::Edit::attribute).collect();
    attributes.extend(Attribute::find("employeeId"));
    let then = |action| plan.changes.iter().any(|change| change.then.contains(&action));
    let groups: BTreeSet<String> = plan
        .changes
        .iter()
        .filter(|change| change.object == Object::Group)
        .filter_map(|change| Some(change.id.as_ref()?.to_string()))
        .collect();
    SnapshotScope {
        attributes,
        manager: edits().any(|edit| edit.name == "manager") || then(LeaveAction::ClearManager),
        groups: plan.changes.iter().any(|change| change.object == Object::Group) || then(LeaveAction::RemoveFromManagedGroups),
        licenses: then(LeaveAction::RemoveLicenses),
        group_members: groups,
        protected_groups: protect_groups.iter().cloned().collect(),
    }
}
