//! Keeps a plan that was shown and not carried out, so that a person can approve or reject it later.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Failure;
use super::super::pending_run::PendingRun;
use super::super::run::Session;
use super::super::run_state::RunState;
use crate::plan::Plan;

/// A plan that no guard stops and that has more changes is not kept: it needs no approval.
const MOST_UNSTOPPED: usize = 10_000;

/// Keeps the plan of a run that ends without it. Where that fails, the run ends as it would have ended.
pub(crate) fn keep(session: &Session<'_>, pending: &mut PendingRun) {
    if let Err(fault) = propose(session, pending) {
        tracing::warn!("this plan cannot be approved later: {fault}");
    }
}

fn propose(session: &Session<'_>, pending: &mut PendingRun) -> Result<(), Failure> {
    let plan = &pending.plan;
    let is_stopped = plan.guards.iter().any(|guard| guard.tripped);
    if !is_stopped && (plan.changes.is_empty() || plan.changes.len() > MOST_UNSTOPPED) {
        return Ok(());
    }
    let records = match &pending.state {
        RunState::Read { people, .. } => {
            let states = people.record_digests(&people_of(plan), &pending.target.snapshot.users);
            Some(states.into_iter().map(|(key, state)| (key, state.digest)).collect::<BTreeMap<_, _>>())
        }
        RunState::Staged(_) | RunState::Nothing => None,
    };
    Ok(pending.target.store.propose(plan, records.as_ref(), session.run().as_deref())?)
}

/// The keys of everybody whom a plan concerns.
fn people_of(plan: &Plan) -> BTreeSet<&str> {
    let members = plan.changes.iter().flat_map(|change| &change.members);
    let members = members.flat_map(|members| members.add.iter().chain(&members.remove)).map(String::as_str);
    plan.changes.iter().map(|change| change.key.as_str()).chain(members).collect()
}
