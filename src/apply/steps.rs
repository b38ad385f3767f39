//! From each change of the plan to the requests that carry it out, in order, with what each must wait for.
//!
//! Pure: nothing is sent here. The order is the plan's (DESIGN section 5): accounts are closed, their sessions revoked, and what else
//! follows a leaver; then accounts appear or are opened; then updates, managers, groups, members, removals, deletes. What closes or opens
//! an account shares no request with anything else, so that no refusal of an ordinary attribute can keep it from arriving. A step only ever
//! waits for steps that stand before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::outcome::StepName;
use crate::directory::{Attribute, ObjectId, Snapshot, Upn, Value, roles};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Object, Plan};
use crate::target::Capabilities;

/// The attributes that one PATCH sets or clears.
pub(super) type Edits = BTreeMap<Attribute, Option<Value>>;

/// Attributes that travel alone once the account exists: Graph may refuse them to apps, or asks for a permission of their own.
pub(super) const ALONE: [&str; 2] = ["employeeHireDate", "employeeLeaveDateTime"];

/// An object that a request names: one that exists, or one that an earlier step of the same run makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ObjectRef {
    Id(ObjectId),
    NewUser(String),
    NewGroup(String),
    /// A key that nothing is known of.
    Nobody(String),
}

/// One request in the making.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StepAction {
    CreateUser {
        attributes: BTreeMap<Attribute, Value>,
    },
    Update {
        user: ObjectRef,
        edits: Edits,
    },
    SetManager {
        user: ObjectRef,
        manager: ObjectRef,
    },
    ClearManager {
        user: ObjectRef,
    },
    /// A new random password for an account that exists.
    SetPassword {
        user: ObjectRef,
    },
    RevokeSessions {
        user: ObjectRef,
    },
    RemoveLicenses {
        user: ObjectRef,
        skus: Vec<String>,
    },
    DeleteUser {
        id: ObjectId,
    },
    RestoreUser {
        id: ObjectId,
        upn: Option<Upn>,
    },
    CreateGroup {
        unique_name: String,
        name: String,
        microsoft365: bool,
        owners: Vec<ObjectRef>,
    },
    RenameGroup {
        group: ObjectRef,
        name: String,
    },
    AddMembers {
        group: ObjectRef,
        members: Vec<(String, ObjectRef)>,
    },
    RemoveMember {
        group: ObjectRef,
        member: ObjectRef,
    },
    CreateTap {
        user: ObjectRef,
        start: Option<String>,
    },
    /// Cannot be sent: the step fails at once, for this reason.
    Impossible(String),
}

/// A request with its place in the run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// Position of the change in the plan.
    pub(super) change: usize,
    pub(super) phase: Phase,
    pub(super) act: StepAction,
    pub(super) leave: Option<LeaveAction>,
    /// Steps that must have gone well first, by position.
    pub(super) needs: Vec<usize>,
    /// Steps that must be over first, well or not.
    pub(super) follows: Vec<usize>,
    /// The steps that add the member whom this one removes to other groups. Unless all of them take the member, nothing is removed.
    pub(super) instead: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Close,
    Revoke,
    Leave,
    Appear,
    Update,
    Manager,
    Group,
    Add,
    Remove,
    Delete,
}

/// The steps of a plan, in the order in which they become due.
pub(super) fn steps(plan: &Plan, snapshot: &Snapshot, tap: bool, capabilities: &Capabilities) -> Vec<Step> {
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

/// What the plan makes itself, and what the tenant says of those who leave.
struct World<'a> {
    snapshot: &'a Snapshot,
    capabilities: Capabilities,
    /// The plan's day, `YYYY-MM-DD`.
    day: &'a str,
    new_users: BTreeSet<&'a str>,
    new_groups: BTreeSet<&'a str>,
    /// The changes that give a returning account a new password.
    passwords: &'a BTreeSet<u64>,
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
            passwords: &plan.new_passwords,
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
        if let Some(id) = change.ids.get(key) {
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
    enablement(change, &user, &mut edits, world, push);
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
    if let Some(edit) = change.attributes.iter().find(|edit| edit.name == "manager") {
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
            let upn = Attribute::find("userPrincipalName").and_then(|name| edits.remove(&name)).flatten();
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
    edits: &mut Edits,
    world: &World<'_>,
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
    if world.passwords.contains(&change.seq) && change.id.is_some() && (opens || change.action == Action::Restore) {
        push(Phase::Appear, StepAction::SetPassword { user: user.clone() }, None);
    }
    if to.is_some() {
        let edits = BTreeMap::from([(attribute, to)]);
        let appears = opens || change.action == Action::Restore;
        push(if appears { Phase::Appear } else { Phase::Close }, StepAction::Update { user: user.clone(), edits }, None);
    }
}

/// The Temporary Access Pass of who is let in by this change: good from now on, or from the start date on for who is enabled ahead. A
/// pre-hire gets one when the account is enabled.
fn pass(change: &Change, user: &ObjectRef, day: &str) -> Option<StepAction> {
    let after = |name: &str| change.attributes.iter().find(|edit| edit.name == name).and_then(|edit| edit.after.as_ref());
    let start = match change.action {
        Action::Enable => None,
        Action::Create if after("accountEnabled") == Some(&Value::Flag(true)) => {
            let start = after("employeeHireDate").and_then(Value::as_text);
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
            let told = change.members.iter().flat_map(|members| &members.remove);
            let told = told.filter_map(|key| change.ids.get(key).cloned().or_else(|| ObjectId::new(key)));
            let seen = world.managed_groups.get(id).into_iter().flatten().cloned();
            let groups: BTreeSet<ObjectId> = told.chain(seen).collect();
            for group in groups.into_iter().filter(|group| !world.ending.contains(&(group.clone(), id.clone()))) {
                push(Phase::Leave, StepAction::RemoveMember { group: ObjectRef::Id(group), member: user.clone() }, Some(action));
            }
        }
    }
}

fn group_steps(change: &Change, world: &World<'_>, push: &mut impl FnMut(Phase, StepAction, Option<LeaveAction>)) {
    let group = world.object(change);
    let after = |name: &str| change.attributes.iter().find(|edit| edit.name == name).and_then(|edit| edit.after.as_ref());
    let name = after("displayName").and_then(Value::as_text);
    match change.action {
        Action::Create => {
            let unique_name = after("uniqueName").and_then(Value::as_text);
            let microsoft365 = ["groupTypes", "kind"].into_iter().filter_map(after).any(|value| match value {
                Value::List(items) => items.iter().any(|item| &**item == "Unified"),
                Value::Text(text) => matches!(&**text, "Unified" | "microsoft365"),
                Value::Flag(_) => false,
            });
            let owners = match after("owners") {
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

impl StepAction {
    /// The object that is written: never two requests to one in flight.
    pub(super) fn written(&self) -> Option<&ObjectRef> {
        match self {
            Self::Update { user, .. }
            | Self::SetManager { user, .. }
            | Self::ClearManager { user }
            | Self::SetPassword { user }
            | Self::RevokeSessions { user }
            | Self::RemoveLicenses { user, .. }
            | Self::CreateTap { user, .. } => Some(user),
            Self::RenameGroup { group, .. } | Self::AddMembers { group, .. } | Self::RemoveMember { group, .. } => Some(group),
            Self::CreateUser { .. }
            | Self::CreateGroup { .. }
            | Self::DeleteUser { .. }
            | Self::RestoreUser { .. }
            | Self::Impossible(_) => None,
        }
    }

    /// What the step makes of accountEnabled, where it does nothing else.
    pub(super) fn enables(&self) -> Option<bool> {
        let Self::Update { edits, .. } = self else { return None };
        match edits.iter().next() {
            Some((name, Some(Value::Flag(flag)))) if name.name == roles::ACCOUNT_ENABLED => Some(*flag),
            _ => None,
        }
    }

    /// The other objects that must exist.
    fn named(&self) -> Option<&ObjectRef> {
        match self {
            Self::SetManager { manager, .. } => Some(manager),
            Self::RemoveMember { member, .. } => Some(member),
            _ => None,
        }
    }
}

impl StepAction {
    /// The step as a failure names it.
    pub(super) fn name(&self) -> StepName {
        match self {
            Self::CreateUser { .. } | Self::CreateGroup { .. } => StepName::Create,
            Self::Update { .. } => match self.enables() {
                Some(true) => StepName::Enable,
                Some(false) => StepName::Disable,
                None => StepName::Update,
            },
            Self::RenameGroup { .. } | Self::Impossible(_) => StepName::Update,
            Self::SetManager { .. } | Self::ClearManager { .. } => StepName::Manager,
            Self::SetPassword { .. } => StepName::Password,
            Self::RevokeSessions { .. } => StepName::RevokeSessions,
            Self::RemoveLicenses { .. } => StepName::RemoveLicenses,
            Self::DeleteUser { .. } => StepName::Delete,
            Self::RestoreUser { .. } => StepName::Restore,
            Self::AddMembers { .. } | Self::RemoveMember { .. } => StepName::Members,
            Self::CreateTap { .. } => StepName::Tap,
        }
    }
}

/// The members that the plan moves from one group to another.
///
/// The plan does not name the rule behind a group, so every group that the member joins counts.
struct Moves {
    /// Where each member is added, by position among the steps.
    joins: HashMap<ObjectRef, Vec<usize>>,
}

impl Moves {
    /// Takes the steps in the order of their phases: which removal comes first makes no difference.
    fn of(plan: &Plan, steps: &[Step]) -> Self {
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

    /// The steps that add the member whom this step removes.
    fn joins(&self, step: &Step) -> &[usize] {
        match &step.act {
            StepAction::RemoveMember { member, .. } if step.phase == Phase::Remove => {
                self.joins.get(member).map_or(&[], Vec::as_slice)
            }
            _ => &[],
        }
    }
}

/// Fills in what each step waits for. Steps stand in their final order.
#[expect(clippy::needless_range_loop, reason = "the step is read first and written at the end")]
fn link(steps: &mut [Step], plan: &Plan, moves: &Moves) {
    // The step that makes or brings back an object, and the last step so far that writes it.
    let mut maker: HashMap<ObjectRef, usize> = HashMap::new();
    let mut last: HashMap<ObjectRef, usize> = HashMap::new();
    // The step without which an account is not opened, and without which nobody needs a pass.
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
        asynchronous: false,
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
