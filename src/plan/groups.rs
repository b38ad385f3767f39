//! Groups that the mapping asks for, and who belongs in them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::change::{Action, Change, Edit, Members, Object, SkippedCode};
use super::fingerprint::hex;
use super::lifecycle::{Planner, Slot};
use super::look_alike::LookAlikes;
use super::managers::Directory;
use super::matching::Account;
use super::protect::Touch;
use super::reason::{Reason, Why};
use crate::directory::{Group, GroupKind, ObjectId, Value};
use crate::mapping::{GroupRule, Held, HeldCode, LeaveAction, RecordPart, Stage};
use crate::record::EmployeeId;

/// What the unique names of groups that hrpush made start with.
const PREFIX: &str = "hrpush-";

/// Whether hrpush manages this group: it made it, or a rule names it by its id.
pub(super) fn is_ours(group: &Group, rules: &[GroupRule]) -> bool {
    group.unique_name.as_ref().is_some_and(|name| name.starts_with(PREFIX))
        || rules.iter().any(|rule| rule.id.as_ref() == Some(&group.id))
}

/// Whether hrpush manages this group and may write its members.
pub(super) fn serves(group: &Group, rules: &[GroupRule]) -> bool {
    is_ours(group, rules) && refuse("", group).is_ok()
}

/// The unique name of a group, made from its key: readable, and distinct for distinct keys.
pub fn unique_name(key: &str) -> String {
    let mut slug = String::new();
    for letter in key.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(40);
    let digest = hex(&Sha256::digest(key.as_bytes())[..6]);
    match slug.trim_end_matches('-') {
        "" => format!("{PREFIX}{digest}"),
        slug => format!("{PREFIX}{slug}-{digest}"),
    }
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

/// A group as the reading asks for it.
struct Asked<'a> {
    rule: usize,
    /// A rule that names its group by id has one group, whatever its keys.
    keys: BTreeSet<&'a str>,
    names: BTreeSet<&'a str>,
    people: BTreeSet<&'a str>,
}

/// The people of the reading, as groups see them.
struct Crowd<'a, 's> {
    directory: Directory<'a, 's>,
    standing: BTreeMap<&'a str, Standing>,
    by_account: HashMap<ObjectId, &'a str>,
    managed: HashSet<ObjectId>,
}

/// The changes of groups.
pub(super) fn plan(planner: &mut Planner<'_>, slots: &[Slot]) -> Vec<Change> {
    if planner.inputs.rules.groups.is_empty() {
        report_orphans(planner, &BTreeSet::new());
        return Vec::new();
    }
    let asked = asked(planner);
    let crowd = crowd(planner, slots);
    let by_unique: HashMap<&str, &Group> =
        planner.inputs.snapshot.groups.values().filter_map(|group| Some((group.unique_name.as_deref()?, group))).collect();
    let mut names = GroupNames::new(planner);
    names.leaving = leaving(planner, &asked, &by_unique, &names);
    let mut changes = Vec::new();
    let mut served: BTreeSet<&ObjectId> = BTreeSet::new();
    for ((id, _), asked) in &asked {
        let rule = &planner.inputs.rules.groups[asked.rule];
        let named = id.map(ToString::to_string).unwrap_or_default();
        let key = asked.keys.first().copied().unwrap_or(&named);
        let present = match &rule.id {
            Some(id) => planner.inputs.snapshot.groups.get(id),
            None => by_unique.get(unique_name(key).as_str()).copied(),
        };
        served.extend(present.map(|group| &group.id));
        let outcome = serve(planner, &crowd, &mut names, key, asked, present);
        match outcome {
            Ok(change) => changes.extend(change),
            Err(held) => planner.held.push(*held),
        }
    }
    if planner.inputs.only.is_none() && planner.inputs.whole {
        changes.extend(empty_orphans(planner, &crowd, &served));
        report_orphans(planner, &served);
    }
    changes
}

/// By what a group is told from others: its id where the rule names one, else its key.
type Identity<'a> = (Option<&'a ObjectId>, &'a str);

fn asked<'a>(planner: &Planner<'a>) -> BTreeMap<Identity<'a>, Asked<'a>> {
    let rules = &planner.inputs.rules.groups;
    let nobody = |rule| Asked { rule, keys: BTreeSet::new(), names: BTreeSet::new(), people: BTreeSet::new() };
    // A group that a rule names by its id is asked for even where nobody belongs in it any more.
    let by_id = rules.iter().enumerate().filter_map(|(at, rule)| Some(((Some(rule.id.as_ref()?), ""), nobody(at))));
    let mut groups: BTreeMap<Identity<'a>, Asked<'a>> = by_id.filter(|_| planner.inputs.whole).collect();
    for person in &planner.matching.people {
        for (rule, key, name) in planner.matching.row(person).groups() {
            let identity = match &rules[rule].id {
                Some(id) => (Some(id), ""),
                None => (None, key),
            };
            let asked = groups.entry(identity).or_insert_with(|| nobody(rule));
            asked.rule = asked.rule.min(rule);
            asked.keys.insert(key);
            asked.names.insert(name);
            asked.people.insert(planner.matching.key(person));
        }
    }
    groups
}

fn crowd<'a, 's>(planner: &Planner<'a>, slots: &'s [Slot]) -> Crowd<'a, 's> {
    let lifecycle = planner.inputs.rules.lifecycle.as_ref();
    let leave_all = lifecycle.is_some_and(|lifecycle| lifecycle.on_leave.contains(&LeaveAction::RemoveFromManagedGroups));
    let directory = Directory::new(planner, slots);
    let mut crowd = Crowd { directory, standing: BTreeMap::new(), by_account: HashMap::new(), managed: HashSet::new() };
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
        let row = planner.matching.row(person);
        let unknown_group = row.left_out().iter().any(|left_out| matches!(left_out.part, RecordPart::Group(_)));
        let standing = match (row.facts().stage, slot) {
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

/// The display names that are taken, and those that matter.
struct GroupNames {
    taken: BTreeMap<String, Option<ObjectId>>,
    /// The groups that give their name up in this plan.
    leaving: BTreeSet<ObjectId>,
    looks: LookAlikes,
}

impl GroupNames {
    fn new(planner: &Planner<'_>) -> Self {
        let mut names = Self { taken: BTreeMap::new(), leaving: BTreeSet::new(), looks: LookAlikes::empty() };
        for group in planner.inputs.snapshot.groups.values() {
            names.taken.insert(group.name.to_lowercase(), Some(group.id.clone()));
            if group.role_assignable || planner.protection.is_protected_group(group) {
                names.looks.insert(&group.name);
            }
        }
        names
    }
}

/// The groups that are renamed, each to a name that is free or given up itself: so that two groups can swap their names.
fn leaving(
    planner: &Planner<'_>,
    asked: &BTreeMap<Identity<'_>, Asked<'_>>,
    by_unique: &HashMap<&str, &Group>,
    names: &GroupNames,
) -> BTreeSet<ObjectId> {
    if planner.inputs.only.is_some() {
        return BTreeSet::new();
    }
    let mut renamed: BTreeMap<&ObjectId, String> = BTreeMap::new();
    for ((id, key), asked) in asked {
        let present = by_unique.get(unique_name(key).as_str()).filter(|_| id.is_none());
        if let (Some(group), Some(name)) = (present, asked.names.first())
            && group.name.to_lowercase() != name.to_lowercase()
            && refuse(key, group).is_ok()
            && !names.looks.hit(name, None)
        {
            renamed.insert(&group.id, name.to_lowercase());
        }
    }
    loop {
        let free =
            |name: &String| names.taken.get(name).is_none_or(|owner| owner.as_ref().is_some_and(|id| renamed.contains_key(id)));
        let twice = |name: &String| renamed.values().filter(|other| *other == name).count() > 1;
        let stuck: Vec<&ObjectId> =
            renamed.iter().filter(|(_, name)| !free(name) || twice(name)).map(|(group, _)| *group).collect();
        if stuck.is_empty() {
            return renamed.into_keys().cloned().collect();
        }
        renamed.retain(|group, _| !stuck.contains(group));
    }
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

fn serve<'a>(
    planner: &mut Planner<'a>,
    crowd: &Crowd<'a, '_>,
    names: &mut GroupNames,
    key: &str,
    asked: &Asked<'a>,
    present: Option<&'a Group>,
) -> Result<Option<Change>, Box<Held>> {
    let rule = &planner.inputs.rules.groups[asked.rule];
    let name = *asked.names.first().unwrap_or(&key);
    if let Some(group) = present {
        refuse(key, group)?;
    } else if rule.id.is_some() {
        let message = format!("no group has the id that the rule of `{key}` names");
        return Err(hold(key, HeldCode::GroupNameTaken, message, "correct the id in the mapping"));
    }
    // With `--only`, people are planned, and not the names of groups.
    let renames = rule.id.is_none() && planner.inputs.only.is_none();
    if present.map_or(rule.id.is_none(), |group| renames && group.name != name) {
        check_name(names, key, name, present)?;
    }
    let (members, ids) = members(planner, crowd, asked, rule.exact, present);
    if let Some(group) = present {
        report_others(planner, crowd, key, group, rule.exact);
    }
    let mut change = Change {
        seq: 0,
        action: if present.is_some() { Action::Update } else { Action::Create },
        object: Object::Group,
        key: key.into(),
        id: present.map(|group| group.id.clone()),
        user_principal_name: None,
        reason: String::new(),
        why: Why::from(&Reason::MembersWanted),
        cause: BTreeMap::new(),
        attributes: Vec::new(),
        members: (!members.add.is_empty() || !members.remove.is_empty()).then_some(members),
        then: Vec::new(),
        record: None,
        ids,
    };
    match present {
        Some(group) if renames && group.name != name => {
            change.reason = Reason::GroupRenamed.to_string();
            change.attributes.push(edit("displayName", Some(&group.name), name));
        }
        _ if change.members.is_none() => return Ok(None),
        Some(_) => change.reason = Reason::MembersWanted.to_string(),
        None => {
            change.reason = Reason::GroupWanted.to_string();
            change.attributes.push(edit("displayName", None, name));
            describe(planner, key, rule, &mut change)?;
        }
    }
    Ok(Some(change))
}

fn edit(name: &str, before: Option<&str>, after: &str) -> Edit {
    Edit { name: name.into(), before: before.map(Value::text), after: Some(Value::text(after)), expression: None }
}

/// The kind and the owners of a new group.
fn describe(planner: &Planner<'_>, key: &str, rule: &GroupRule, change: &mut Change) -> Result<(), Box<Held>> {
    change.attributes.push(edit("kind", None, if rule.microsoft365 { "microsoft365" } else { "security" }));
    change.attributes.push(edit("uniqueName", None, &unique_name(key)));
    if rule.owners.is_empty() {
        return Ok(());
    }
    for owner in &rule.owners {
        let wanted = owner.to_lowercase();
        let found = planner.inputs.snapshot.users.rows().find(|user| user.upn().to_lowercase() == wanted);
        let Some(user) = found else {
            let message = format!("the owner {owner} of the group is nobody in the tenant");
            return Err(hold(key, HeldCode::InvalidValue, message, "correct `owners` in the mapping"));
        };
        change.ids.insert(owner.clone(), user.id());
    }
    let owners: Box<[Box<str>]> = rule.owners.iter().map(|owner| owner.as_str().into()).collect();
    let after = Some(Value::List(owners));
    change.attributes.push(Edit { name: "owners".into(), before: None, after, expression: None });
    change.attributes.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(())
}

fn check_name(names: &mut GroupNames, key: &str, name: &str, present: Option<&Group>) -> Result<(), Box<Held>> {
    let folded = name.to_lowercase();
    if name.trim().is_empty() || name.encode_utf16().count() > 256 {
        let message = "the name of the group is empty or longer than 256 characters".into();
        return Err(hold(key, HeldCode::InvalidValue, message, "correct `name` of the rule"));
    }
    let own = present.map(|group| &group.id);
    if let Some(owner) = names.taken.get(&folded)
        && (owner.is_none() || owner.as_ref() != own)
        && !owner.as_ref().is_some_and(|owner| names.leaving.contains(owner))
    {
        let message = format!("another group is called {name}");
        let help = "rename one of them, or let the rule adopt the group by its `id`";
        return Err(hold(key, HeldCode::GroupNameTaken, message, help));
    }
    if names.looks.hit(name, None) {
        let message = format!("the name {name} looks like that of a group that is protected or can be assigned to roles");
        return Err(hold(key, HeldCode::LookAlike, message, "correct the letters in HR"));
    }
    names.taken.insert(folded, own.cloned());
    Ok(())
}

fn members<'a>(
    planner: &Planner<'a>,
    crowd: &Crowd<'a, '_>,
    asked: &Asked<'a>,
    exact: bool,
    present: Option<&'a Group>,
) -> (Members, BTreeMap<String, ObjectId>) {
    let (mut members, mut ids) = (Members::default(), BTreeMap::new());
    for key in asked.people.iter().filter(|key| crowd.standing.get(*key) == Some(&Standing::Serves)) {
        let Some(found) = crowd.directory.resolve(key) else { continue };
        match found.id(planner.inputs.snapshot) {
            Some(id) if present.is_some_and(|group| group.members.contains(&id)) => {}
            Some(id) => {
                members.add.push(key.to_string());
                ids.insert(key.to_string(), id);
            }
            None => members.add.push(key.to_string()),
        }
    }
    for id in present.filter(|_| exact).into_iter().flat_map(|group| &group.members) {
        let Some(key) = crowd.by_account.get(id) else { continue };
        let untouched = crowd.standing.get(key).is_none_or(|standing| *standing == Standing::Untouched);
        if !untouched && !asked.people.contains(key) {
            members.remove.push(key.to_string());
            ids.insert(key.to_string(), id.clone());
        }
    }
    members.remove.sort();
    (members, ids)
}

/// Members of an exact group whom hrpush does not manage.
fn report_others(planner: &mut Planner<'_>, crowd: &Crowd<'_, '_>, key: &str, group: &Group, exact: bool) {
    let others = group.members.iter().filter(|id| !crowd.managed.contains(id)).count();
    if exact && others > 0 {
        let message = format!("the group {} has {others} members whom hrpush does not manage; they stay", group.name);
        let (key, id) = (Some(key.to_owned()), Some(group.id.clone()));
        let code = SkippedCode::OutOfScope;
        planner.skipped.push(super::change::Skipped { key, id, code, message, left: false });
    }
}

/// Groups of hrpush that nobody of this reading belongs in any more lose the members whom this reading carries.
fn empty_orphans(planner: &Planner<'_>, crowd: &Crowd<'_, '_>, served: &BTreeSet<&ObjectId>) -> Vec<Change> {
    if planner.inputs.rules.groups.iter().any(|rule| !rule.exact) {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for group in planner.inputs.snapshot.groups.values().filter(|group| !served.contains(&group.id)) {
        if !group.unique_name.as_ref().is_some_and(|name| name.starts_with(PREFIX)) || refuse("", group).is_err() {
            continue;
        }
        let mut ids = BTreeMap::new();
        for id in &group.members {
            let Some(key) = crowd.by_account.get(id) else { continue };
            // Whoever another feed carried last may belong here by that feed's mapping.
            let known = planner.inputs.ledger.people.get(*key);
            let other_feed = known.is_some_and(|known| known.feed != planner.inputs.rules.feed);
            if !other_feed && crowd.standing.get(key).is_some_and(|standing| *standing != Standing::Untouched) {
                ids.insert(key.to_string(), id.clone());
            }
        }
        if ids.is_empty() {
            continue;
        }
        changes.push(Change {
            seq: 0,
            action: Action::Update,
            object: Object::Group,
            key: group.unique_name.clone().unwrap_or_default(),
            id: Some(group.id.clone()),
            user_principal_name: None,
            reason: Reason::GroupUnwanted.to_string(),
            why: Why::from(&Reason::GroupUnwanted),
            cause: BTreeMap::new(),
            attributes: Vec::new(),
            members: Some(Members { add: Vec::new(), remove: ids.keys().cloned().collect() }),
            then: Vec::new(),
            record: None,
            ids,
        });
    }
    changes
}

/// Groups of hrpush for which no rule asks.
fn report_orphans(planner: &mut Planner<'_>, served: &BTreeSet<&ObjectId>) {
    for group in planner.inputs.snapshot.groups.values().filter(|group| !served.contains(&group.id)) {
        let Some(unique) = group.unique_name.as_ref().filter(|name| name.starts_with(PREFIX)) else { continue };
        let message = format!("no rule asks for the group {} any more; it is not deleted", group.name);
        let (key, id, code) = (Some(unique.clone()), Some(group.id.clone()), SkippedCode::OutOfScope);
        planner.skipped.push(super::change::Skipped { key, id, code, message, left: false });
    }
}
