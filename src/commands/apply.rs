//! `hrpush apply`: a saved plan, against a fresh reading of the tenant and through the guards again.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::cli::{Apply, Common, StopArgs, YesArgs};
use super::exit::{Ended, Failure};
use super::reading::text_of;
use super::run::{self, Consent, Ready, block_on, carry_out, unless_interrupted};
use super::settings::{self, Settings};
use super::target;
use crate::apply::Drifted;
use crate::directory::Attribute;
use crate::graph::{Priority, Wanted};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Object, Plan, drift};

pub(super) fn apply(common: &Common, args: &Apply) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let place = args.plan.display();
    let plan: Plan = serde_json::from_str(&text_of(&args.plan)?).map_err(|fault| {
        Failure::usage(format!("{place}, line {}, column {}: not a plan of hrpush: {fault}", fault.line(), fault.column()))
    })?;
    if !plan.verify() {
        return Err(Failure::usage(format!("{place}: the plan was altered: its fingerprint does not fit its changes")));
    }
    let made: jiff::Timestamp =
        plan.created_at.parse().map_err(|_| Failure::usage(format!("{place}: `createdAt` is no point in time")))?;
    if jiff::Timestamp::now().duration_since(made) > settings.config.plan.max_age {
        return Err(Failure::usage(format!(
            "{place}: the plan was made at {made}, too long ago\n  hint: make a new one, or set max_age in [plan]"
        )));
    }
    block_on(|cancelled| go(common, &settings, args, plan, cancelled))
}

async fn go(
    common: &Common,
    settings: &Settings,
    args: &Apply,
    plan: Plan,
    cancelled: watch::Receiver<bool>,
) -> Result<Ended, Failure> {
    let mut store = settings.store()?;
    let _lock = store.lock().map_err(|fault| Failure::cannot(&fault))?;
    let graph_url = args.target.graph_url.as_deref();
    if target::is_embedded(settings, graph_url) != plan.target.sandbox {
        return Err(Failure::usage(other_target(&plan)));
    }
    let connection = unless_interrupted(&cancelled, target::connect(settings, &mut store, graph_url, Priority::Normal)).await?;
    if connection.url != plan.target.graph_url {
        return Err(Failure::usage(other_target(&plan)));
    }
    let reader = connection.reader();
    let wanted = wanted(&plan, &settings.policy().protect_groups);
    let (snapshot, unsettled) =
        unless_interrupted(&cancelled, run::read_tenant(&mut store, &connection, &reader, &wanted)).await?;
    if snapshot.tenant.0 != plan.target.tenant_id {
        return Err(Failure::usage(other_target(&plan)));
    }
    let day = run::today();
    let ledger = store.ledger(&plan.source.feed, &snapshot.tenant, day, &unsettled).map_err(|fault| Failure::cannot(&fault))?;
    let (plan, moved) = drift(&plan, &snapshot, &ledger, &settings.policy());
    let drifted: Vec<Drifted> = moved
        .into_iter()
        .map(|moved| Drifted { seq: moved.seq, key: moved.key, action: moved.action, message: moved.message })
        .collect();
    let notes = drifted.iter().map(|moved| format!("left out, {}: {}", moved.key, moved.message)).collect();
    let consent = consent(&args.stop, &args.yes, connection.sandbox.is_some());
    let matching = matching(&plan);
    let ready = Ready {
        common,
        settings,
        stop: &args.stop,
        consent,
        connection: &connection,
        snapshot: &snapshot,
        plan,
        drifted,
        notes,
        matching,
        memory: None,
        cancelled,
    };
    carry_out(ready, &mut store).await
}

/// By what a created account is found again: the plan does not name the mapping's first match, so the first that every create carries.
pub(super) fn matching(plan: &Plan) -> Option<Attribute> {
    let creates = || plan.changes.iter().filter(|change| change.object == Object::User && change.action == Action::Create);
    let carried = |name: &str| creates().all(|change| change.attributes.iter().any(|edit| edit.name == name));
    ["employeeId", "mail"].into_iter().find(|name| carried(name)).and_then(Attribute::find)
}

/// Who must say yes to a plan of this target.
pub(super) fn consent(stop: &StopArgs, yes: &YesArgs, sandbox: bool) -> Consent {
    match (stop.dry_run, yes.yes || sandbox) {
        (true, _) => Consent::Never,
        (false, true) => Consent::Given,
        (false, false) => Consent::Ask,
    }
}

pub(super) fn other_target(plan: &Plan) -> String {
    let kind = if plan.target.sandbox { "the embedded sandbox" } else { "the tenant" };
    format!(
        "the plan is for {kind} {} at {}, which is not the target here",
        crate::report::shown(&plan.target.tenant_id),
        crate::report::shown(&plan.target.graph_url)
    )
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
