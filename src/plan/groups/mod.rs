//! Groups that the mapping asks for, and who belongs in them.

mod asked;
mod identity;
mod members;
mod names;
mod orphans;
mod spellings;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::directory::{Group, GroupKind, ObjectId, Value};
use crate::mapping::{GroupRule, Held, HeldCode, LeaveAction, RecordPart, Stage};
use crate::plan::groups::asked::Case;
use crate::plan::groups::identity::PREFIX;
#[cfg(test)]
pub(super) use crate::plan::groups::identity::former_unique_name;
pub use crate::plan::groups::identity::unique_name;
use crate::plan::groups::members::{Moves, Waiting};
use crate::plan::groups::names::{GroupNames, is_renamed};
use crate::plan::matching::{Account, Person};
use crate::plan::model::{Action, Change, Edit, Object, Skipped, SkippedCode};
use crate::plan::person::lifecycle::{Planner, Slot};
use crate::plan::person::managers::Directory;
use crate::plan::protection::Touch;
use crate::plan::reason::{Reason, Why};
use crate::record::EmployeeId;

/// Whether hrpush manages this group: it made it, or a rule names it by its id.
pub(super) fn is_ours(group: &Group, rules: &[GroupRule]) -> bool {
    group.unique_name.as_ref().is_some_and(|name| name.starts_with(PREFIX))
        || rules.iter().any(|rule| rule.id.as_ref() == Some(&group.id))
}

/// Whether hrpush manages this group and may write its members.
pub(super) fn serves(group: &Group, rules: &[GroupRule]) -> bool {
    is_ours(group, rules) && refuse("", group).is_ok()
}

/// Whether the members of a group may be changed for a person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Joins what HR asks for, leaves the rest.
    Serves,
    /// Stays where HR asks for it, joins nothing.
    Leaves,
    /// Stays as it is.
    Untouched,
}

/// The people of the reading, as groups see them.
struct Crowd<'a, 's> {
    directory: Directory<'a, 's>,
    standing: BTreeMap<&'a str, Standing>,
    by_account: HashMap<ObjectId, &'a str>,
    managed: HashSet<ObjectId>,
    /// The restored accounts that become members of a group again, by the group: no list of members shows them yet.
    returning: HashMap<&'a ObjectId, Vec<(&'a str, &'a ObjectId)>>,
}

impl<'a> Crowd<'a, '_> {
    /// The people of the reading who are members of a group or become members again, with their accounts.
    fn members_of<'g>(&'g self, group: &'g Group) -> impl Iterator<Item = (&'a str, &'g ObjectId)> {
        let live = group.members.iter().filter_map(|id| Some((*self.by_account.get(id)?, id)));
        live.chain(self.returning.get(&group.id).into_iter().flatten().copied())
    }
}

/// The changes of groups.
///
/// Every group is judged before the members of any are compared: a person whose wanted group is held keeps the group of before.
pub(super) fn plan(planner: &mut Planner<'_>, slots: &[Slot]) -> Vec<Change> {
    if planner.inputs.rules.groups.is_empty() {
        orphans::report(planner, &BTreeSet::new());
        return Vec::new();
    }
    let crowd = crowd(planner, slots);
    let cases = asked::cases(planner, &crowd);
    let (waiting, mut drafts) = judge(planner, &crowd, &cases);
    let mut changes = Vec::new();
    for (at, draft) in &mut drafts {
        let case = &cases[*at];
        changes.extend(with_members(planner, &crowd, case, draft, &waiting));
        changes.extend(leave_twins(planner, &crowd, case, &waiting));
        report_spellings(planner, case);
    }
    let groups = cases.iter().flat_map(|case| case.present.iter().chain(&case.twins));
    let served: BTreeSet<&ObjectId> = groups.map(|group| &group.id).collect();
    if planner.inputs.only.is_none() && planner.inputs.whole {
        changes.extend(orphans::empty(planner, &crowd, &served, &waiting));
        orphans::report(planner, &served);
    }
    changes
}

/// The edits of a group, without its members.
struct Draft {
    reason: Reason,
    edits: Vec<Edit>,
    ids: BTreeMap<String, ObjectId>,
}

/// Holds the groups that hrpush cannot serve, with the people who wait for them; gives back what becomes of the others.
fn judge<'a>(planner: &mut Planner<'a>, crowd: &Crowd<'a, '_>, cases: &[Case<'a>]) -> (Waiting<'a>, Vec<(usize, Draft)>) {
    let mut names = GroupNames::new(planner, cases);
    let (mut waiting, mut drafts) = (Waiting::new(), Vec::new());
    for (at, case) in cases.iter().enumerate() {
        match draft(planner, &mut names, case) {
            Ok(draft) => drafts.push((at, draft)),
            Err(mut held) => {
                let serves = |person: &&&str| crowd.standing.get(**person) == Some(&Standing::Serves);
                let mut count = 0;
                for person in case.asked.people.iter().filter(serves) {
                    waiting.entry(*person).or_default().extend(&case.asked.rules);
                    count += 1;
                }
                if count > 0 {
                    held.message = format!("{}; people who belong in it keep their present groups ({count})", held.message);
                }
                planner.held.push(*held);
            }
        }
    }
    (waiting, drafts)
}

fn draft<'a>(planner: &Planner<'a>, names: &mut GroupNames<'a>, case: &Case<'a>) -> Result<Draft, Box<Held>> {
    let rule = &planner.inputs.rules.groups[case.rule];
    let (key, name) = (case.key.as_str(), case.name.as_str());
    let mut draft = Draft { reason: Reason::MembersWanted, edits: Vec::new(), ids: BTreeMap::new() };
    let Some(group) = case.present else {
        if let Some(id) = &rule.id {
            let message = format!("no group has the id {id}, which the rule of `{key}` names");
            return Err(hold(key, HeldCode::GroupNameTaken, message, "correct the id in the mapping"));
        }
        draft.reason = Reason::GroupWanted;
        describe(planner, case, &mut draft)?;
        names.give(key, name, None)?;
        return Ok(draft);
    };
    refuse(key, group)?;
    // With `--only`, people are planned, and not the names of groups.
    if !case.by_id && planner.inputs.only.is_none() && is_renamed(group, name) {
        names.give(key, name, Some(group))?;
        draft.reason = Reason::GroupRenamed;
        draft.edits.push(edit("displayName", Some(&group.name), name));
    }
    Ok(draft)
}

/// The change of a group with the members that join and leave; nothing where nothing differs.
fn with_members<'a>(
    planner: &mut Planner<'a>,
    crowd: &Crowd<'a, '_>,
    case: &Case<'a>,
    draft: &mut Draft,
    waiting: &Waiting<'_>,
) -> Option<Change> {
    let exact = planner.inputs.rules.groups[case.rule].exact;
    let mut moves = members::joining(planner, crowd, &case.asked, case.present);
    if let Some(group) = case.present {
        if exact {
            members::add_leaving(crowd, &case.asked, group, waiting, &mut moves);
        }
        report_others(planner, crowd, &case.key, group, exact);
    }
    let mut change = members_change(case.key.clone(), case.present, moves, &draft.reason);
    change.attributes = std::mem::take(&mut draft.edits);
    change.ids.append(&mut draft.ids);
    (case.present.is_none() || change.members.is_some() || !change.attributes.is_empty()).then_some(change)
}

/// Groups that an earlier version made for other spellings of a key lose those who do not belong in any of them, and gain nobody.
fn leave_twins(planner: &mut Planner<'_>, crowd: &Crowd<'_, '_>, case: &Case<'_>, waiting: &Waiting<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for twin in case.twins.iter().copied() {
        let unique = twin.unique_name.clone().unwrap_or_default();
        let message = format!(
            "the group {} was made for another spelling of `{}`; its members stay, and new ones join {} alone; \
             hint: give the other group the same access, then this one is not needed",
            twin.name,
            case.key,
            case.present.map_or("the other group", |group| &group.name)
        );
        let (key, id) = (Some(unique.clone()), Some(twin.id.clone()));
        planner.skipped.push(Skipped { key, id, code: SkippedCode::GroupSpelling, message, left: false });
        if planner.inputs.rules.groups[case.rule].exact && refuse("", twin).is_ok() {
            let mut moves = Moves::default();
            members::add_leaving(crowd, &case.asked, twin, waiting, &mut moves);
            let change = members_change(unique, Some(twin), moves, &Reason::MembersWanted);
            changes.extend(Some(change).filter(|change| change.members.is_some()));
        }
    }
    changes
}

/// A change of a group's members.
fn members_change(key: String, present: Option<&Group>, (members, ids): Moves, reason: &Reason) -> Change {
    Change {
        seq: 0,
        action: if present.is_some() { Action::Update } else { Action::Create },
        object: Object::Group,
        key,
        id: present.map(|group| group.id.clone()),
        user_principal_name: None,
        reason: reason.to_string(),
        why: Why::from(reason),
        cause: BTreeMap::new(),
        attributes: Vec::new(),
        members: (!members.add.is_empty() || !members.remove.is_empty()).then_some(members),
        then: Vec::new(),
        record: None,
        ids,
    }
}

fn crowd<'a, 's>(planner: &Planner<'a>, slots: &'s [Slot]) -> Crowd<'a, 's> {
    let lifecycle = planner.inputs.rules.lifecycle.as_ref();
    let leave_all = lifecycle.is_some_and(|lifecycle| lifecycle.on_leave.contains(&LeaveAction::RemoveFromManagedGroups));
    let directory = Directory::new(planner, slots);
    let mut crowd = Crowd {
        directory,
        standing: BTreeMap::new(),
        by_account: HashMap::new(),
        managed: HashSet::new(),
        returning: HashMap::new(),
    };
    let users = &planner.inputs.snapshot.users;
    crowd.managed.extend(users.rows().filter(|user| planner.matching.is_claimed(user.number())).map(|user| user.id()));
    crowd.managed.extend(planner.inputs.ledger.people.values().map(|person| person.id.clone()));
    for (person, slot) in planner.matching.people.iter().zip(slots) {
        let key = planner.matching.key(person);
        if let Account::Live(user, _) = person.account {
            let user = users.at(user);
            crowd.by_account.insert(user.id(), key);
            if !planner.protection.is_free(&user)
                && matches!(planner.protection.touch(&user.to_user()), Touch::Protected | Touch::Synced | Touch::Guest)
            {
                crowd.standing.insert(key, Standing::Untouched);
                continue;
            }
        }
        if let (Account::Deleted(deleted), Slot::Change(change)) = (person.account, slot)
            && change.action == Action::Restore
        {
            for group in former_groups(planner, person, &deleted.user.id) {
                crowd.returning.entry(group).or_default().push((key, &deleted.user.id));
            }
        }
        let row = planner.matching.row(person);
        let unknown_group = row.left_out().iter().any(|left_out| matches!(left_out.part, RecordPart::Group(_)));
        let standing = match (stage_of_membership(planner, person, slot), slot) {
            // Nobody can say which group it would be, so the present memberships stay.
            _ if unknown_group => Standing::Untouched,
            (_, Slot::Closed) | (Stage::Upcoming { .. }, _) => Standing::Untouched,
            // What follows a disable takes these memberships away.
            (Stage::Left { .. }, _) if leave_all => Standing::Untouched,
            (_, Slot::Change(change)) if change.action == Action::Delete => Standing::Untouched,
            (Stage::Left { .. }, _) => Standing::Leaves,
            (Stage::Active { .. } | Stage::PreHire { .. }, _) => Standing::Serves,
        };
        crowd.standing.insert(key, standing);
    }
    crowd
}

/// The groups to which a restore adds an account again.
fn former_groups<'a>(planner: &Planner<'a>, person: &Person<'a>, account: &ObjectId) -> impl Iterator<Item = &'a ObjectId> {
    let people = &planner.inputs.ledger.people;
    let keys = [Some(planner.matching.key(person)), planner.matching.row(person).previous_key()];
    let known = keys.into_iter().flatten().filter_map(|key| people.get(key)).find(|known| known.id == *account);
    known.into_iter().flat_map(|known| &known.groups_when_deleted)
}

/// The stage that decides about groups. An account that is made for a new start has nothing to do with the leave before it.
fn stage_of_membership(planner: &Planner<'_>, person: &Person<'_>, slot: &Slot) -> Stage {
    let (stage, new_stage) = planner.matching.stages(person);
    let Some(new_stage) = new_stage else { return stage };
    let is_created = matches!(slot, Slot::Change(change) if matches!(change.action, Action::Create | Action::Restore));
    let is_closed = matches!(slot, Slot::Change(change) if change.action == Action::Disable);
    let known = planner.inputs.ledger.people.get(planner.matching.key(person));
    if is_created || (known.is_some_and(|known| known.pre_hire) && !is_closed) { new_stage } else { stage }
}

fn hold(key: &str, code: HeldCode, message: String, help: &str) -> Box<Held> {
    Box::new(Held {
        key: EmployeeId::new(key),
        previous_key: None,
        place: None,
        code,
        message,
        help: help.into(),
        left: false,
        candidates: Vec::new(),
        marks: Vec::new(),
    })
}

/// Groups that hrpush does not fill.
pub(super) fn refuse(key: &str, group: &Group) -> Result<(), Box<Held>> {
    let why = if group.dynamic {
        "is filled by a rule of its own"
    } else if group.synced {
        "is synced from on-premises"
    } else if group.role_assignable {
        "can be assigned to roles"
    } else if group.kind == GroupKind::MailEnabled {
        "is mail-enabled and not a Microsoft 365 group"
    } else {
        return Ok(());
    };
    let message = format!("the group {} {why}", group.name);
    Err(hold(key, HeldCode::GroupNameTaken, message, "let the rule name another group"))
}

fn edit(name: &str, before: Option<&str>, after: &str) -> Edit {
    Edit { name: name.into(), before: before.map(Value::text), after: Some(Value::text(after)), expression: None }
}

/// The name, the kind, the unique name and the owners of a new group.
fn describe(planner: &Planner<'_>, case: &Case<'_>, draft: &mut Draft) -> Result<(), Box<Held>> {
    let rule = &planner.inputs.rules.groups[case.rule];
    draft.edits.push(edit("displayName", None, &case.name));
    draft.edits.push(edit("kind", None, if rule.microsoft365 { "microsoft365" } else { "security" }));
    draft.edits.push(edit("uniqueName", None, &unique_name(&case.key)));
    if rule.owners.is_empty() {
        return Ok(());
    }
    for owner in &rule.owners {
        let wanted = owner.to_lowercase();
        let found = planner.inputs.snapshot.users.rows().find(|user| user.upn().to_lowercase() == wanted);
        let Some(user) = found else {
            let message = format!("no user of the tenant is called {owner}, which the rule names as an owner of the group");
            return Err(hold(&case.key, HeldCode::InvalidValue, message, "correct `owners` in the mapping"));
        };
        draft.ids.insert(owner.clone(), user.id());
    }
    let owners: Box<[Box<str>]> = rule.owners.iter().map(|owner| owner.as_str().into()).collect();
    let after = Some(Value::List(owners));
    draft.edits.push(Edit { name: "owners".into(), before: None, after, expression: None });
    draft.edits.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(())
}

/// Lists the spellings of a name, or else of a key, that the group does not show.
fn report_spellings(planner: &mut Planner<'_>, case: &Case<'_>) {
    const LISTED: usize = 5;
    if case.by_id {
        return;
    }
    let shown = match case.present {
        Some(group) if !is_renamed(group, &case.name) => group.name.as_str(),
        _ => case.name.as_str(),
    };
    let mut others: Vec<&str> = case.asked.names.all().filter(|name| *name != shown).collect();
    if others.is_empty() {
        others = case.asked.keys.all().filter(|key| *key != case.key).collect();
    }
    if others.is_empty() {
        return;
    }
    let more = others.len().saturating_sub(LISTED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let quoted: Vec<String> = others.iter().take(LISTED).map(|other| format!("\"{other}\"")).collect();
    let message = format!(
        "the group \"{shown}\" is spelled {}{more} in HR, too; all of them are this group; hint: use one spelling in HR",
        quoted.join(", ")
    );
    let (key, id) = (Some(case.key.clone()), case.present.map(|group| group.id.clone()));
    planner.skipped.push(Skipped { key, id, code: SkippedCode::GroupSpelling, message, left: false });
}

/// Members of an exact group whom hrpush does not manage.
fn report_others(planner: &mut Planner<'_>, crowd: &Crowd<'_, '_>, key: &str, group: &Group, exact: bool) {
    let others = group.members.iter().filter(|id| !crowd.managed.contains(id)).count();
    if exact && others > 0 {
        let message = format!(
            "the group {} has {others} members whom hrpush does not manage; they stay; \
             hint: nothing to do where they were added by hand",
            group.name
        );
        let (key, id) = (Some(key.to_owned()), Some(group.id.clone()));
        let code = SkippedCode::GroupMembers;
        planner.skipped.push(Skipped { key, id, code, message, left: false });
    }
}
