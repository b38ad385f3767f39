//! The requests that carry out each change of the plan, in order, with the steps that each must wait for.
//!
//! Pure: nothing is sent here. The order is the plan's (DESIGN section 5): accounts are closed, their sessions revoked, and what else
//! follows a leaver; then accounts appear or are opened; then updates, managers, groups, members, removals, deletes. What closes or opens
//! an account shares no request with anything else, so that no refusal of an ordinary attribute can keep it from arriving. A step only ever
//! waits for earlier steps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::record_steps::record_steps;
use super::step::{ALONE, Edits, ObjectRef, Phase, Step, StepAction};
use super::step_order::{Moves, link};
use crate::directory::{Attribute, ObjectId, Snapshot, Upn, Value, roles};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Object, Plan};
use crate::target::{Capabilities, SnapshotKind};

/// The steps of a plan, in the order in which they become due.
pub(super) fn steps(plan: &Plan, snapshot: &Snapshot, tap: bool, capabilities: &Capabilities) -> Vec<Step> {
    if capabilities.snapshot == SnapshotKind::Accepted {
        return record_steps(plan, snapshot);
    }
    let world = World::of(plan, snapshot, *capabilities);
    let tap = tap && capabilities.access_pass;
    let mut steps: Vec<Step> = Vec::with_capacity(plan.changes.len() * 2);
    for (at, change) in plan.changes.iter().enumerate() {
        let mut push = |phase, act, leave| {
            steps.push(Step { change: at, phase, act, leave, needs: Vec::new(), follows: Vec::new(), instead: Vec::new() });
        };
        match change.object {
            Object::User => user_steps(change, &world, tap, &mut push),
            Object::Group => group_steps(change, &world, &mut push),
        }
    }
    steps.sort_by_key(|step| step.phase);
    let moves = Moves::of(plan, &steps);
    // The other removals of a group do not wait behind those that wait for another group.
    steps.sort_by_key(|step| (step.phase, !moves.joins(step).is_empty()));
    link(&mut steps, plan, &moves);
    steps
}

/// The objects that the plan creates, and what the snapshot contains about leavers.
struct World<'a> {
    snapshot: &'a Snapshot,
    capabilities: Capabilities,
    /// The plan's day, `YYYY-MM-DD`.
    day: &'a str,
    new_users: BTreeSet<&'a str>,
    new_groups: BTreeSet<&'a str>,
    /// Memberships that a group's own change ends: group and member.
    ending: BTreeSet<(ObjectId, ObjectId)>,
    managed_groups: HashMap<ObjectId, Vec<ObjectId>>,
}

impl<'a> World<'a> {
    fn of(plan: &'a Plan, snapshot: &'a Snapshot, capabilities: Capabilities) -> Self {
        let made = |object| {
            let new = move |change: &&Change| change.object == object && change.action == Action::Create;
            plan.changes.iter().filter(new).map(|change| change.key.as_str()).collect()
        };
        let mut world = Self {
            snapshot,
            capabilities,
            day: &plan.as_of,
            new_users: made(Object::User),
            new_groups: made(Object::Group),
            ending: BTreeSet::new(),
            managed_groups: HashMap::new(),
        };
        let leaves = |change: &&Change| change.then.contains(&LeaveAction::RemoveFromManagedGroups);
        let gone: BTreeSet<&ObjectId> = plan.changes.iter().filter(leaves).filter_map(|change| change.id.as_ref()).collect();
        for group in snapshot.groups.values().filter(|group| group.is_managed()) {
            for member in group.members.iter().filter(|member| gone.contains(member)) {
                world.managed_groups.entry(member.clone()).or_default().push(group.id.clone());
            }
        }
        for change in plan.changes.iter().filter(|change| change.object == Object::Group) {
            let Some(group) = &change.id else { continue };
            for key in change.members.iter().flat_map(|members| &members.remove) {
                if let ObjectRef::Id(member) = world.user(change, key) {
                    world.ending.insert((group.clone(), member));
                }
            }
        }
        world
    }

    /// The account behind a key of `manager` or `members`.
    fn user(&self, change: &Change, key: &str) -> ObjectRef {
        if let Some(id) = change.aside.accounts.get(key) {
            return ObjectRef::Id(id.clone());
        }
        if self.new_users.contains(key) {
            return ObjectRef::NewUser(key.to_owned());
        }
        match ObjectId::new(key).filter(|id| self.snapshot.users.contains_key(id) || uuid::Uuid::try_parse(key).is_ok()) {
            Some(id) => ObjectRef::Id(id),
            None => ObjectRef::Nobody(key.to_owned()),
        }
    }

    fn object(&self, change: &Change) -> ObjectRef {
        match (&change.id, change.object) {
            (Some(id), _) => ObjectRef::Id(id.clone()),
            (None, Object::User) if self.new_users.contains(change.key.as_str()) => ObjectRef::NewUser(change.key.clone()),
            (None, Object::Group) if self.new_groups.contains(change.key.as_str()) => ObjectRef::NewGroup(change.key.clone()),
            (None, _) => ObjectRef::Nobody(change.key.clone()),
        }
    }
}

fn user_steps(change: &Change, world: &World<'_>, tap: bool, push: &mut impl FnMut(Phase, StepAction, Option<LeaveAction>)) {
    let user = world.object(change);
    let mut edits: Edits = change.attributes.iter().filter_map(|edit| Some((edit.attribute()?, edit.after.clone()))).collect();
    let phase = match change.action {
        Action::Disable => Phase::Leave,
        Action::Update if !change.then.is_empty() => Phase::Leave,
        _ => Phase::Update,
    };
    appear(change, &mut edits, push);
    enablement(change, &user, world, &mut edits, push);
    if change.then.contains(&LeaveAction::RevokeSessions) && world.capabilities.sessions {
        push(Phase::Revoke, StepAction::RevokeSessions { user: user.clone() }, Some(LeaveAction::RevokeSessions));
    }
    update(&user, edits, phase, world, push);
    if let Some(act) = pass(change, &user, world.day).filter(|_| tap) {
        push(Phase::Update, act, None);
    }
    for action in &change.then {
        leave(*action, change, &user, world, push);
    }
    if let Some(edit) = change.attributes.iter().find(|edit| edit.name == roles::MANAGER) {
        let act = match edit.after.as_ref().and_then(Value::as_text) {
            Some(key) => StepAction::SetManager { manager: world.user(change, key), user },
            None if change.action == Action::Create || change.then.contains(&LeaveAction::ClearManager) => return,
            None => StepAction::ClearManager { user },
        };
        push(Phase::Manager, act, None);
    }
}

/// The account is made, brought back or deleted; what that request carries is taken out of the edits.
fn appear(change: &Change, edits: &mut Edits, push: &mut impl FnMut(Phase, StepAction, Option<LeaveAction>)) {
    let act = match (change.action, &change.id) {
        (Action::Create, _) => {
            let attributes = std::mem::take(edits).into_iter().filter_map(|(attribute, value)| Some((attribute, value?)));
            StepAction::CreateUser { attributes: attributes.collect() }
        }
        (Action::Delete, Some(id)) => StepAction::DeleteUser { id: id.clone() },
        (Action::Delete, None) => StepAction::Impossible("the plan names no account to delete".into()),
        (Action::Restore, Some(id)) => {
            let upn = Attribute::find(roles::USER_PRINCIPAL_NAME).and_then(|name| edits.remove(&name)).flatten();
            let upn = upn.as_ref().and_then(Value::as_text).map(Upn::new);
            StepAction::RestoreUser { id: id.clone(), upn }
        }
        (Action::Restore, None) => StepAction::Impossible("the plan names no account to restore".into()),
        (Action::Update | Action::Enable | Action::Disable, _) => return,
    };
    push(if change.action == Action::Delete { Phase::Delete } else { Phase::Appear }, act, None);
}

/// accountEnabled, in a request of its own; before it a new password, where one is due.
fn enablement(
    change: &Change,
    user: &ObjectRef,
    world: &World<'_>,
    edits: &mut Edits,
    push: &mut impl FnMut(Phase, StepAction, Option<LeaveAction>),
) {
    let Some(attribute) = Attribute::find(roles::ACCOUNT_ENABLED) else { return };
    let asked = edits.remove(&attribute).flatten();
    let to = match change.action {
        Action::Disable => Some(Value::Flag(false)),
        Action::Enable => Some(Value::Flag(true)),
        _ => asked,
    };
    let opens = to == Some(Value::Flag(true));
    let has_password = world.capabilities.passwords;
    if has_password && change.needs_new_password() && change.id.is_some() && (opens || change.action == Action::Restore) {
        push(Phase::Appear, StepAction::SetPassword { user: user.clone() }, None);
    }
    if to.is_some() {
        let edits = BTreeMap::from([(attribute, to)]);
        let appears = opens || change.action == Action::Restore;
        push(if appears { Phase::Appear } else { Phase::Close }, StepAction::Update { user: user.clone(), edits }, None);
    }
}

/// The Temporary Access Pass of an account that this change opens: valid from now on, or from the start date on if it is enabled
/// ahead. A pre-hire gets one when the account is enabled.
fn pass(change: &Change, user: &ObjectRef, day: &str) -> Option<StepAction> {
    let after = |name: &str| change.attributes.iter().find(|edit| edit.name == name).and_then(|edit| edit.after.as_ref());
    let start = match change.action {
        Action::Enable => None,
        Action::Create if after(roles::ACCOUNT_ENABLED) == Some(&Value::Flag(true)) => {
            let start = after(roles::EMPLOYEE_HIRE_DATE).and_then(Value::as_text);
            start.filter(|start| start.get(..10).is_some_and(|start| start > day)).map(str::to_owned)
        }
        _ => return None,
    };
    Some(StepAction::CreateTap { user: user.clone(), start })
}

/// The PATCH of the attributes; the dates that Graph may refuse to apps go in one of their own, employeeOrgData always with both halves.
fn update(
    user: &ObjectRef,
    mut edits: Edits,
    phase: Phase,
    world: &World<'_>,
    push: &mut impl FnMut(Phase, StepAction, Option<LeaveAction>),
) {
    let halves = ["employeeOrgData.costCenter", "employeeOrgData.division"].map(Attribute::find);
    if let [Some(one), Some(other)] = halves {
        for (here, there) in [(one, other), (other, one)] {
            if edits.contains_key(&here) && !edits.contains_key(&there) {
                let known = match user {
                    ObjectRef::Id(id) => world.snapshot.users.get(id).and_then(|user| user.value(there)),
                    _ => None,
                };
                if let Some(value) = known {
                    edits.insert(there, Some(value));
                }
            }
        }
    }
    let alone: Edits = edits.extract_if(.., |name, _| ALONE.contains(&name.name)).collect();
    if !edits.is_empty() {
        push(phase, StepAction::Update { user: user.clone(), edits }, None);
    }
    for (name, value) in alone {
        push(phase, StepAction::Update { user: user.clone(), edits: BTreeMap::from([(name, value)]) }, None);
    }
}

fn leave(
    action: LeaveAction,
    change: &Change,
    user: &ObjectRef,
    world: &World<'_>,
    push: &mut impl FnMut(Phase, StepAction, Option<LeaveAction>),
) {
    let known = change.id.as_ref();
    match action {
        // Sent right after the account is closed.
        LeaveAction::RevokeSessions => {}
        LeaveAction::ClearManager => {
            if known.and_then(|id| world.snapshot.users.get(id)).is_none_or(|user| user.manager.is_some()) {
                push(Phase::Leave, StepAction::ClearManager { user: user.clone() }, Some(action));
            }
        }
        LeaveAction::RemoveLicenses if !world.capabilities.licences => {}
        LeaveAction::RemoveLicenses => {
            let skus: Vec<String> = known
                .and_then(|id| world.snapshot.users.get(id))
                .map(|user| user.licenses.iter().map(ToString::to_string).collect())
                .unwrap_or_default();
            if !skus.is_empty() {
                push(Phase::Leave, StepAction::RemoveLicenses { user: user.clone(), skus }, Some(action));
            }
        }
        LeaveAction::RemoveFromManagedGroups => {
            let Some(id) = known else { return };
            let removed_from = change.members.iter().flat_map(|members| &members.remove);
            let removed_from = removed_from.filter_map(|key| ObjectId::new(key));
            let seen = world.managed_groups.get(id).into_iter().flatten().cloned();
            let groups: BTreeSet<ObjectId> = removed_from.chain(seen).collect();
            for group in groups.into_iter().filter(|group| !world.ending.contains(&(group.clone(), id.clone()))) {
                push(Phase::Leave, StepAction::RemoveMember { group: ObjectRef::Id(group), member: user.clone() }, Some(action));
            }
        }
    }
}

fn group_steps(change: &Change, world: &World<'_>, push: &mut impl FnMut(Phase, StepAction, Option<LeaveAction>)) {
    let group = world.object(change);
    let after = |name: &str| change.attributes.iter().find(|edit| edit.name == name).and_then(|edit| edit.after.as_ref());
    let name = after(roles::DISPLAY_NAME).and_then(Value::as_text);
    match change.action {
        Action::Create => {
            let unique_name = after(roles::UNIQUE_NAME).and_then(Value::as_text);
            let microsoft365 = ["groupTypes", "kind"].into_iter().filter_map(after).any(|value| match value {
                Value::List(items) => items.iter().any(|item| &**item == "Unified"),
                Value::Text(text) => matches!(&**text, "Unified" | "microsoft365"),
                Value::Flag(_) => false,
            });
            let owners = match after(roles::OWNERS) {
                Some(Value::List(items)) => items.iter().map(|key| world.user(change, key)).collect(),
                Some(Value::Text(key)) => vec![world.user(change, key)],
                _ => Vec::new(),
            };
            let act = match (unique_name, name) {
                (Some(unique_name), Some(name)) => {
                    StepAction::CreateGroup { unique_name: unique_name.into(), name: name.into(), microsoft365, owners }
                }
                _ => StepAction::Impossible("the plan names no displayName or no uniqueName for the group".into()),
            };
            push(Phase::Group, act, None);
        }
        _ => {
            if let Some(name) = name {
                push(Phase::Group, StepAction::RenameGroup { group: group.clone(), name: name.into() }, None);
            }
        }
    }
    let Some(members) = &change.members else { return };
    let joining: Vec<(String, ObjectRef)> = members.add.iter().map(|key| (key.clone(), world.user(change, key))).collect();
    for some in joining.chunks(world.capabilities.members_per_write.max(1)) {
        push(Phase::Add, StepAction::AddMembers { group: group.clone(), members: some.to_vec() }, None);
    }
    for key in &members.remove {
        push(Phase::Remove, StepAction::RemoveMember { group: group.clone(), member: world.user(change, key) }, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Desired;
    use crate::plan::tests::world::{Tell, World, worker};

    const CAPABLE: Capabilities = Capabilities {
        batch: 20,
        members_per_write: 20,
        soft_delete: true,
        sessions: true,
        licences: true,
        access_pass: true,
        passwords: true,
        verified_domains: true,
        nicknames: true,
        permissions: true,
        asynchronous: false,
        snapshot: SnapshotKind::Whole,
    };

    /// Twenty thousand people in three hundred groups; of each, one in twenty has moved on to another.
    fn company(moved: bool) -> Vec<Desired> {
        let person = |at: usize| {
            let moves = moved && (at + at / 300).is_multiple_of(20);
            let group = if moves { at / 20 % 37 + at + 1 } else { at } % 300;
            worker(&format!("{at:05}"), "Ada", &format!("L{at}")).in_group(&format!("G{group}"))
        };
        (0..20_000).map(person).collect()
    }

    #[test]
    fn a_reorganisation_costs_a_twentieth_of_its_additions_and_its_removals() {
        let mut world = World::settled(company(false));
        world.hr(company(true));
        let plan = world.plan();
        let snapshot = world.snapshot.clone();
        world.apply();
        assert_eq!(world.plan().changes, [], "the second run is empty");
        let members = || plan.changes.iter().filter_map(|change| change.members.as_ref());
        assert_eq!(
            members().map(|members| members.add.len()).sum::<usize>(),
            (0..20_000).filter(|at| (at + at / 300_usize).is_multiple_of(20)).count()
        );
        let most: usize = members().map(|members| members.add.len().div_ceil(20) + members.remove.len()).sum();
        let steps = steps(&plan, &snapshot, false, &CAPABLE);
        let group = |step: &&Step| {
            matches!(
                step.act,
                StepAction::AddMembers { .. }
                    | StepAction::RemoveMember { .. }
                    | StepAction::CreateGroup { .. }
                    | StepAction::RenameGroup { .. }
            )
        };
        assert_eq!((steps.len(), steps.iter().filter(group).count()), (most, most));
        assert!(plan.approve(None).is_ok());
    }
}
