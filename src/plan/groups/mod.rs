//! Groups that the mapping asks for, and their members.

mod group_requests;
mod members;
mod membership;
mod names;
mod orphans;
mod spellings;

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Group, ObjectId, Value, roles};
use crate::mapping::{Held, HeldCode};
use crate::plan::group_rules::{hold, refuse, unique_name};
use crate::plan::groups::group_requests::Case;
use crate::plan::groups::members::{Moves, Waiting};
use crate::plan::groups::membership::{MemberStanding, Membership, membership_of};
use crate::plan::groups::names::{GroupNames, is_renamed};
use crate::plan::model::{Action, Change, ChangeAside, Edit, Object, Skipped, SkippedCode};
use crate::plan::person::context::{PersonDecision, PersonPlanner};
use crate::plan::reason::{Reason, Why};

/// The changes of groups.
///
/// Every group is judged before any members are compared: while a wanted group is held, its people keep the group of before.
pub(super) fn plan(planner: &mut PersonPlanner<'_>, decisions: &[PersonDecision]) -> Vec<Change> {
    if planner.inputs.rules.groups.is_empty() {
        orphans::report(planner, &BTreeSet::new());
        return Vec::new();
    }
    let membership = membership_of(planner, decisions);
    let cases = group_requests::cases(planner, &membership);
    let (waiting, mut drafts) = judge(planner, &membership, &cases);
    let mut changes = Vec::new();
    for (at, draft) in &mut drafts {
        let case = &cases[*at];
        changes.extend(with_members(planner, &membership, case, draft, &waiting));
        changes.extend(leave_twins(planner, &membership, case, &waiting));
        report_spellings(planner, case);
    }
    let groups = cases.iter().flat_map(|case| case.present.iter().chain(&case.twins));
    let served: BTreeSet<&ObjectId> = groups.map(|group| &group.id).collect();
    if planner.inputs.only.is_none() && planner.inputs.whole {
        changes.extend(orphans::empty(planner, &membership, &served, &waiting));
        orphans::report(planner, &served);
    }
    changes
}

/// The edits of a group, without its members.
struct Draft {
    reason: Reason,
    edits: Vec<Edit>,
    accounts: BTreeMap<String, ObjectId>,
}

/// Holds the groups that hrpush cannot serve, with the people that wait for them; returns the drafts of the others.
fn judge<'a>(
    planner: &mut PersonPlanner<'a>,
    membership: &Membership<'a, '_>,
    cases: &[Case<'a>],
) -> (Waiting<'a>, Vec<(usize, Draft)>) {
    let mut names = GroupNames::new(planner, cases);
    let (mut waiting, mut drafts) = (Waiting::new(), Vec::new());
    for (at, case) in cases.iter().enumerate() {
        match draft(planner, &mut names, case) {
            Ok(draft) => drafts.push((at, draft)),
            Err(mut held) => {
                let serves = |person: &&&str| membership.standing.get(**person) == Some(&MemberStanding::Serves);
                let mut count = 0;
                for person in case.asked.people.iter().filter(serves) {
                    waiting.entry(*person).or_default().extend(&case.asked.rules);
                    count += 1;
                }
                if count > 0 {
                    held.message = format!("{}; people that belong in it keep their present groups ({count})", held.message);
                }
                planner.held.push(*held);
            }
        }
    }
    (waiting, drafts)
}

fn draft<'a>(planner: &PersonPlanner<'a>, names: &mut GroupNames<'a>, case: &Case<'a>) -> Result<Draft, Box<Held>> {
    let rule = &planner.inputs.rules.groups[case.rule];
    let (key, name) = (case.key.as_str(), case.name.as_str());
    let mut draft = Draft { reason: Reason::MembersWanted, edits: Vec::new(), accounts: BTreeMap::new() };
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
        draft.edits.push(edit(roles::DISPLAY_NAME, Some(&group.name), name));
    }
    Ok(draft)
}

/// The change of a group with the members that join and leave; nothing where nothing differs.
fn with_members<'a>(
    planner: &mut PersonPlanner<'a>,
    membership: &Membership<'a, '_>,
    case: &Case<'a>,
    draft: &mut Draft,
    waiting: &Waiting<'_>,
) -> Option<Change> {
    let exact = planner.inputs.rules.groups[case.rule].exact;
    let mut moves = members::joining(planner, membership, &case.asked, case.present);
    if let Some(group) = case.present {
        if exact {
            members::add_leaving(membership, &case.asked, group, waiting, &mut moves);
        }
        report_others(planner, membership, &case.key, group, exact);
    }
    let mut change = members_change(case.key.clone(), case.present, moves, &draft.reason);
    change.attributes = std::mem::take(&mut draft.edits);
    change.aside.accounts.append(&mut draft.accounts);
    (case.present.is_none() || change.members.is_some() || !change.attributes.is_empty()).then_some(change)
}

/// Plans for groups that an earlier version made for other spellings of a key: they only lose members that belong in none of
/// them.
fn leave_twins(
    planner: &mut PersonPlanner<'_>,
    membership: &Membership<'_, '_>,
    case: &Case<'_>,
    waiting: &Waiting<'_>,
) -> Vec<Change> {
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
        planner.skipped.push(Skipped { key, id, code: SkippedCode::GroupSpelling, message, left: false, disabled: false });
        if planner.inputs.rules.groups[case.rule].exact && refuse("", twin).is_ok() {
            let mut moves = Moves::default();
            members::add_leaving(membership, &case.asked, twin, waiting, &mut moves);
            let change = members_change(unique, Some(twin), moves, &Reason::MembersWanted);
            changes.extend(Some(change).filter(|change| change.members.is_some()));
        }
    }
    changes
}

/// A change of a group's members.
fn members_change(key: String, present: Option<&Group>, (members, accounts): Moves, reason: &Reason) -> Change {
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
        aside: ChangeAside { accounts, ..ChangeAside::default() },
    }
}

fn edit(name: &str, before: Option<&str>, after: &str) -> Edit {
    Edit { name: name.into(), before: before.map(Value::text), after: Some(Value::text(after)), expression: None }
}

/// The name, the kind, the unique name and the owners of a new group.
fn describe(planner: &PersonPlanner<'_>, case: &Case<'_>, draft: &mut Draft) -> Result<(), Box<Held>> {
    let rule = &planner.inputs.rules.groups[case.rule];
    draft.edits.push(edit(roles::DISPLAY_NAME, None, &case.name));
    draft.edits.push(edit("kind", None, if rule.microsoft365 { "microsoft365" } else { "security" }));
    draft.edits.push(edit(roles::UNIQUE_NAME, None, &unique_name(&case.key)));
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
        draft.accounts.insert(owner.clone(), user.id());
    }
    let owners: Box<[Box<str>]> = rule.owners.iter().map(|owner| owner.as_str().into()).collect();
    let after = Some(Value::List(owners));
    draft.edits.push(Edit { name: roles::OWNERS.into(), before: None, after, expression: None });
    draft.edits.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(())
}

/// Lists the spellings of a name, or else of a key, that the group does not show.
fn report_spellings(planner: &mut PersonPlanner<'_>, case: &Case<'_>) {
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
    planner.skipped.push(Skipped { key, id, code: SkippedCode::GroupSpelling, message, left: false, disabled: false });
}

/// Reports members of an exact group that hrpush does not manage.
fn report_others(planner: &mut PersonPlanner<'_>, membership: &Membership<'_, '_>, key: &str, group: &Group, exact: bool) {
    let others = group.members.iter().filter(|id| !membership.managed.contains(id)).count();
    if exact && others > 0 {
        let message = format!(
            "the group {} has {others} members that hrpush does not manage; they stay; \
             hint: nothing to do if they were added by hand",
            group.name
        );
        let (key, id) = (Some(key.to_owned()), Some(group.id.clone()));
        let code = SkippedCode::GroupMembers;
        planner.skipped.push(Skipped { key, id, code, message, left: false, disabled: false });
    }
}
