//! The order of the steps: which of them wait for others.

use std::collections::{BTreeSet, HashMap};

use super::step::{ObjectRef, Phase, Step, StepAction};
use crate::directory::ObjectId;
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Plan};

/// The members that the plan moves from one group to another.
///
/// The plan does not name the rule behind a group, so every group that the member joins counts.
pub(super) struct Moves {
    /// Where each member is added, by position among the steps.
    joins: HashMap<ObjectRef, Vec<usize>>,
}

impl Moves {
    /// Takes the steps in the order of their phases: which removal comes first makes no difference.
    pub(super) fn of(plan: &Plan, steps: &[Step]) -> Self {
        let closes = |change: &&Change| {
            matches!(change.action, Action::Disable | Action::Delete)
                || change.then.contains(&LeaveAction::RemoveFromManagedGroups)
        };
        // The removal of a leaver waits for nothing.
        let leavers: BTreeSet<&ObjectId> = plan.changes.iter().filter(closes).filter_map(|change| change.id.as_ref()).collect();
        let is_leaver = |who: &ObjectRef| matches!(who, ObjectRef::Id(id) if leavers.contains(id));
        let mut joins: HashMap<ObjectRef, Vec<usize>> = HashMap::new();
        for (at, step) in steps.iter().enumerate() {
            let StepAction::AddMembers { members, .. } = &step.act else { continue };
            for (_, who) in members.iter().filter(|(_, who)| !is_leaver(who)) {
                joins.entry(who.clone()).or_default().push(at);
            }
        }
        Self { joins }
    }

    /// The steps that add the member that this step removes.
    pub(super) fn joins(&self, step: &Step) -> &[usize] {
        match &step.act {
            StepAction::RemoveMember { member, .. } if step.phase == Phase::Remove => {
                self.joins.get(member).map_or(&[], Vec::as_slice)
            }
            _ => &[],
        }
    }
}

/// Fills in the steps that each step waits for. The steps are in their final order.
#[expect(clippy::needless_range_loop, reason = "the step is read first and written at the end")]
pub(super) fn link(steps: &mut [Step], plan: &Plan, moves: &Moves) {
    // The step that makes or brings back an object, and the last step so far that writes it.
    let mut maker: HashMap<ObjectRef, usize> = HashMap::new();
    let mut last: HashMap<ObjectRef, usize> = HashMap::new();
    // The step that must succeed before an account is enabled, and before an access pass is useful.
    let mut gate: HashMap<ObjectRef, usize> = HashMap::new();
    for at in 0..steps.len() {
        let step = &steps[at];
        let mut needs = Vec::new();
        let mut follows = Vec::new();
        needs.extend(step.act.written().and_then(|who| maker.get(who)).copied());
        needs.extend(step.act.named().and_then(|who| maker.get(who)).copied());
        match &step.act {
            StepAction::AddMembers { members, .. } => {
                follows.extend(members.iter().filter_map(|(_, who)| maker.get(who)).copied());
            }
            StepAction::CreateGroup { owners, .. } => needs.extend(owners.iter().filter_map(|who| maker.get(who)).copied()),
            _ => {}
        }
        let object = match &step.act {
            StepAction::DeleteUser { id } | StepAction::RestoreUser { id, .. } => Some(ObjectRef::Id(id.clone())),
            other => other.written().cloned(),
        };
        if let Some(object) = &object {
            follows.extend(last.insert(object.clone(), at));
        }
        if let Some(user) = step.act.written() {
            let opens = step.act.enables() == Some(true);
            if opens || matches!(step.act, StepAction::CreateTap { .. }) {
                needs.extend(gate.get(user).copied());
            }
            if opens || matches!(step.act, StepAction::SetPassword { .. }) {
                gate.insert(user.clone(), at);
            }
        }
        let key = || plan.changes[step.change].key.clone();
        match &step.act {
            StepAction::RestoreUser { id, .. } => _ = maker.insert(ObjectRef::Id(id.clone()), at),
            StepAction::CreateUser { .. } => _ = maker.insert(ObjectRef::NewUser(key()), at),
            StepAction::CreateGroup { .. } => _ = maker.insert(ObjectRef::NewGroup(key()), at),
            _ => {}
        }
        let instead = moves.joins(step).to_vec();
        follows.extend(&instead);
        needs.sort_unstable();
        needs.dedup();
        follows.sort_unstable();
        follows.dedup();
        follows.retain(|other| !needs.contains(other));
        steps[at].needs = needs;
        steps[at].follows = follows;
        steps[at].instead = instead;
    }
}
