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
use crate::graph::{Priority, Wanted};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Object, Plan, drift, resolve};

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
    if !plan.verify() {
        return Err(Failure::usage(format!("{place}: the plan was altered: its fingerprint does not fit its changes")));
    }
    let made: jiff::Timestamp =
        plan.created_at.parse().map_err(|_| Failure::usage(format!("{place}: `createdAt` is no point in time")))?;
    if jiff::Timestamp::now().duration_since(made) > max_age {
        return Err(Failure::usage(format!(
            "{place}: the plan was made at {made}, too long ago\n  hint: make a new one, or set max_age in [plan]"
        )));
    }
    Ok(plan)
}

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
    let accounts = staged.as_ref().map(|staged| staged.accounts.clone()).unwrap_or_default();
    let saved = resolve(saved.with_accounts(accounts), &scene.snapshot, &ledger);
    let (plan, moved) = drift(&saved, &scene.snapshot, &ledger, &policy);
    let ready = Ready {
        common,
        settings,
        stop: &args.stop,
        consent: Consent::by(&args.stop, &args.yes),
        matching: matching(&plan),
        plan,
        notes: run::left_out(&moved),
        drifted: moved,
        memory: Memory::Staged(staged),
        cancelled,
    };
    carry_out(ready, &mut scene).await
}

/// By what a created account is found again: the plan does not name the mapping's first match, so the person's key where every create
/// carries it. A mail address proves nothing, since a namesake's may be the same.
fn matching(plan: &Plan) -> Option<Attribute> {
    let mut creates = plan.changes.iter().filter(|change| change.object == Object::User && change.action == Action::Create);
    let carried = |change: &Change| change.attributes.iter().any(|edit| edit.name == "employeeId");
    creates.all(carried).then(|| Attribute::find("employeeId")).flatten()
}

/// What must be read to see whether the plan still holds.
pub(super) fn wanted(plan: &Plan, protect_groups: &[String]) -> Wanted {
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
    Wanted {
        attributes,
        manager: edits().any(|edit| edit.name == "manager") || then(LeaveAction::ClearManager),
        groups: plan.changes.iter().any(|change| change.object == Object::Group) || then(LeaveAction::RemoveFromManagedGroups),
        licenses: then(LeaveAction::RemoveLicenses),
        group_members: groups,
        protected_groups: protect_groups.iter().cloned().collect(),
    }
}
