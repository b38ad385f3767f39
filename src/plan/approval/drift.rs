//! Checks a saved plan against the current tenant: a change is left out once its *before* no longer holds.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use jiff::civil::Date;

use crate::directory::{ObjectId, Snapshot, User, UserNo, Value, roles};
use crate::plan::approval::confirmation::{Accounts, Confirmation};
use crate::plan::approval::guards::{self, Bases};
use crate::plan::group_rules::refuse;
use crate::plan::guard_name::GuardName;
use crate::plan::inputs::Policy;
use crate::plan::label_sources::add_labels;
use crate::plan::ledger::Ledger;
use crate::plan::model::{Action, Change, Object, Plan};
use crate::plan::person::diff::same;
use crate::plan::person::names::{NameRequest, Names};
use crate::plan::person::rejections;
use crate::plan::planner::summarise;
use crate::plan::protection::{Protection, SHIELDED, WriteAccess};
use crate::record::EmployeeId;

/// A change that was left out, since the tenant had moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drifted {
    /// Its number in the plan.
    pub seq: u64,
    /// The person's or the group's key.
    pub key: String,
    /// What should have happened.
    pub action: Action,
    /// What is different now.
    pub message: String,
}

impl Drifted {
    pub(in crate::plan) fn of(change: &Change, message: String) -> Self {
        Self { seq: change.seq, key: change.key.clone(), action: change.action, message }
    }
}

/// Takes the changes that no longer fit out of a saved plan, and counts the guards anew.
///
/// The numbers and the fingerprint stay those of the saved plan: an approval of the whole covers what is left of it. Verify the saved
/// plan before.
pub fn drift(
    saved: &Plan,
    snapshot: &Snapshot,
    ledger: &Ledger,
    policy: &Policy,
    confirmation: &Confirmation,
) -> (Plan, Vec<Drifted>) {
    // Whether guests are served is the mapping's to say, which it did when the plan was made.
    let protection = Protection::new(snapshot, policy, true);
    // Former addresses were judged when the plan was made.
    let mut names = Names::new(snapshot, ledger, Date::MAX);
    let numbers = Numbers::default();
    let (mut plan, mut drifted) = (saved.clone(), Vec::new());
    plan.changes.clear();
    let mut unplaced = HashSet::new();
    let accounts = Accounts::new(saved, snapshot, ledger, confirmation);
    for change in &saved.changes {
        let mut change = change.clone();
        if let Some(skipped) = rejections::of_saved(&mut change, ledger) {
            plan.skipped.extend(skipped);
            continue;
        }
        let (confirmed, skipped) = accounts.check(&mut change);
        plan.skipped.extend(skipped);
        if !confirmed {
            unplaced.extend(waiting_for(&change, snapshot));
            continue;
        }
        let moved = match change.object {
            Object::User if change.action == Action::Create => taken(&change, snapshot, ledger, &mut names, &numbers),
            Object::User => user_moved(&change, snapshot, ledger, &protection),
            Object::Group => group_moved(&mut change, snapshot, &protection),
        };
        match moved {
            Some(message) => {
                unplaced.extend(waiting_for(&change, snapshot));
                drifted.push(Drifted::of(&change, message));
            }
            None => plan.changes.push(change),
        }
    }
    keep_present_groups(&mut plan.changes, &mut drifted, &unplaced);
    count_again(&mut plan, &accounts, saved.summary.unchanged, policy);
    add_labels(&mut plan, snapshot);
    (plan, drifted)
}

/// Counts the deeds again. The bases are those of the copy in the state folder, as far as the tenant has so many accounts; without a copy they
/// are what the ledger and the plan's own accounts show.
fn count_again(plan: &mut Plan, accounts: &Accounts<'_>, unchanged: u64, policy: &Policy) {
    let Accounts { snapshot, ledger, confirmation, .. } = accounts;
    let touched: HashSet<UserNo> = plan.changes.iter().filter_map(|change| snapshot.users.number(change.id.as_ref()?)).collect();
    let mut bases = Bases::new(snapshot, ledger, |user| touched.contains(&user), &[]);
    if let Some(of) = confirmation.base(GuardName::Update) {
        bases.managed = of.min(snapshot.users.rows().filter(|user| user.enabled() != Some(false)).count() as u64);
    }
    let memberships = plan.changes.iter().filter_map(|change| snapshot.groups.get(change.id.as_ref()?));
    let all = snapshot.groups.values().map(|group| group.members.len() as u64).sum();
    bases.memberships = match confirmation.base(GuardName::RemoveMembers) {
        Some(of) => of.min(all),
        None => memberships.map(|group| group.members.len() as u64).sum(),
    };
    let counted = guards::on_changes(&plan.changes, ledger, policy, bases);
    for guard in &mut plan.guards {
        if let Some(now) = counted.iter().find(|now| now.name == guard.name) {
            *guard = now.clone();
        }
    }
    confirmation.count_reading(&mut plan.guards, plan.changes.is_empty());
    let mut seen = BTreeSet::new();
    plan.guards.retain(|guard| seen.insert(guard.name));
    plan.guards.extend(counted.into_iter().filter(|guard| seen.insert(guard.name)));
    plan.guards.extend(guards::on_groups(&plan.changes, snapshot, ledger, policy));
    plan.judge_rest(ledger, policy, |rest| guards::on_deeds(rest, snapshot, ledger, policy, bases));
    if confirmation.guards.is_none() {
        plan.judge_uncounted(confirmation.approved);
    }
    let counts = summarise(&plan.changes, &plan.held, &plan.skipped);
    plan.summary = crate::plan::Summary { unchanged, records: plan.summary.records, ..counts };
}

/// Why a person is not created any more: there is an account under that key, name or address by now, live or deleted.
fn taken(change: &Change, snapshot: &Snapshot, ledger: &Ledger, names: &mut Names<'_>, numbers: &Numbers) -> Option<String> {
    let Some(key) = EmployeeId::new(&change.key) else { return Some("the plan does not name the account".into()) };
    if let Some(why) = ledger.unsettled.get(&key) {
        return Some(format!("an earlier request for this person has no known outcome: {why}"));
    }
    if ledger
        .people
        .get(&key)
        .is_some_and(|person| snapshot.users.contains_key(&person.id) || snapshot.deleted.contains_key(&person.id))
    {
        return Some("the person has an account by now".into());
    }
    let asker = NameRequest { key: &key, previous: None, own: None };
    change.attributes.iter().find_map(|edit| {
        let value = edit.after.as_ref()?;
        let free = match edit.name.as_str() {
            roles::USER_PRINCIPAL_NAME | roles::MAIL => names.free(edit.attribute()?, value, asker),
            // Where it is the key: other numbers may be shared.
            roles::EMPLOYEE_ID => value.as_text() != Some(key.as_str()) || !numbers.has(snapshot, &key),
            _ => true,
        };
        (!free).then(|| format!("the {} is taken by now", edit.name))
    })
}

/// The employeeIds of the tenant, gathered at the first look-up. Case counts, as when a plan is made.
#[derive(Default)]
struct Numbers(OnceCell<HashSet<String>>);

impl Numbers {
    fn has(&self, snapshot: &Snapshot, key: &EmployeeId) -> bool {
        let all = self.0.get_or_init(|| {
            let live = snapshot.users.rows().filter_map(|user| user.text(roles::EMPLOYEE_ID).map(str::to_owned));
            let deleted =
                snapshot.deleted.values().filter_map(|deleted| deleted.user.text(roles::EMPLOYEE_ID).map(str::to_owned));
            live.chain(deleted).collect()
        });
        all.contains(key.as_str())
    }
}

fn user_moved(change: &Change, snapshot: &Snapshot, ledger: &Ledger, protection: &Protection<'_>) -> Option<String> {
    let Some(id) = &change.id else { return Some("the plan does not name the account".into()) };
    let found = match change.action {
        Action::Restore => {
            snapshot.deleted.get(id).map(|deleted| deleted.user.clone()).ok_or("is not in the recycle bin any more")
        }
        _ => snapshot.users.get(id).ok_or("does not exist any more"),
    };
    let user = match found {
        Ok(ref user) => user,
        Err(gone) => return Some(format!("the account {gone}")),
    };
    match protection.touch(user) {
        WriteAccess::Free => {}
        WriteAccess::Shielded(_)
            if change.action == Action::Update
                && change.then.is_empty()
                && !change.attributes.iter().any(|edit| SHIELDED.contains(&edit.name.as_str())) => {}
        WriteAccess::Shielded(why) => return Some(format!("the account is privileged by now ({why})")),
        WriteAccess::Protected => return Some("the account is protected by now".into()),
        WriteAccess::Synced => return Some("the account is synced from on-premises by now".into()),
        WriteAccess::Guest => return Some("the account belongs to a guest by now".into()),
    }
    if change.action == Action::Restore {
        return None;
    }
    if change.action == Action::Delete && user.enabled != Some(false) {
        return Some("the account is enabled by now".into());
    }
    moved_attribute(change, user, ledger, false).map(|name| format!("{name} has changed since the plan was made"))
}

/// The first attribute that is not as it was before the change (or, backwards, as it was after).
pub(in crate::plan) fn moved_attribute(change: &Change, user: &User, ledger: &Ledger, backwards: bool) -> Option<String> {
    let holds = |edit: &&crate::plan::model::Edit| {
        let expected = if backwards { edit.after.as_ref() } else { edit.before.as_ref() };
        holds(change, &edit.name, expected, user, ledger)
    };
    change.attributes.iter().find(|edit| !holds(edit)).map(|edit| edit.name.clone())
}

/// Whether an attribute of the account, or its manager, is what the plan says.
pub(in crate::plan) fn holds(change: &Change, name: &str, expected: Option<&Value>, user: &User, ledger: &Ledger) -> bool {
    if name == roles::MANAGER {
        return match (expected.and_then(Value::as_text), &user.manager) {
            (None, None) => true,
            (Some(key), Some(present)) => account_of(change, key, ledger).as_ref() == Some(present),
            _ => false,
        };
    }
    let Some(attribute) = crate::directory::Attribute::find(name) else { return true };
    same(attribute, expected, user.value(attribute).as_ref())
}

/// The account behind a key of a change.
pub(in crate::plan) fn account_of(change: &Change, key: &str, ledger: &Ledger) -> Option<ObjectId> {
    let known = || Some(ledger.people.get(&EmployeeId::new(key)?)?.id.clone());
    change.aside.accounts.get(key).cloned().or_else(known).or_else(|| ObjectId::new(key))
}

fn group_moved(change: &mut Change, snapshot: &Snapshot, protection: &Protection<'_>) -> Option<String> {
    let had_members = change.members.is_some();
    leave_alone(change, snapshot, protection);
    let text = |name: &str| {
        let edit = change.attributes.iter().find(|edit| edit.name == name);
        edit.and_then(|edit| edit.after.as_ref()?.as_text()).map(str::to_owned)
    };
    let Some(id) = &change.id else {
        let unique = text(roles::UNIQUE_NAME);
        let exists = snapshot.groups.values().any(|group| group.unique_name == unique);
        return exists.then(|| "the group exists by now".into());
    };
    let Some(group) = snapshot.groups.get(id) else { return Some("the group does not exist any more".into()) };
    if let Err(held) = refuse(&change.key, group) {
        return Some(format!("{} by now", held.message));
    }
    let renamed = change.attributes.iter().any(|edit| {
        edit.name == roles::DISPLAY_NAME && edit.before.as_ref().and_then(Value::as_text) != Some(group.name.as_str())
    });
    if renamed {
        return Some("the group has another name by now".into());
    }
    if let Some(members) = &mut change.members {
        let is_member = |key: &String| change.aside.accounts.get(key).is_some_and(|id| group.members.contains(id));
        let known = |key: &String| change.aside.accounts.contains_key(key);
        members.add.retain(|key| !is_member(key));
        // A restored account becomes a member of its former groups again.
        let returns = |key: &String| change.aside.accounts.get(key).is_some_and(|id| snapshot.deleted.contains_key(id));
        members.remove.retain(|key| !known(key) || is_member(key) || returns(key));
        if members.add.is_empty() && members.remove.is_empty() {
            change.members = None;
        }
    }
    (had_members && change.members.is_none() && change.attributes.is_empty()).then(|| "the members are as planned already".into())
}

/// The people that a left-out group should have taken, by key.
fn waiting_for(change: &Change, snapshot: &Snapshot) -> Vec<String> {
    let unique = change.attributes.iter().find(|edit| edit.name == roles::UNIQUE_NAME).and_then(|edit| edit.after.as_ref());
    let by_name = || {
        let unique = unique.and_then(Value::as_text)?;
        snapshot.groups.values().find(|group| group.unique_name.as_deref() == Some(unique))
    };
    let group = change.id.as_ref().and_then(|id| snapshot.groups.get(id)).or_else(by_name);
    let is_member = |key: &String| {
        let account = change.aside.accounts.get(key);
        account.is_some_and(|id| group.is_some_and(|group| group.members.contains(id)))
    };
    let members = change.members.iter().filter(|_| change.object == Object::Group);
    members.flat_map(|members| &members.add).filter(|key| !is_member(key)).cloned().collect()
}

/// A person that the wanted group does not take keeps the present groups.
fn keep_present_groups(changes: &mut Vec<Change>, drifted: &mut Vec<Drifted>, unplaced: &HashSet<String>) {
    if unplaced.is_empty() {
        return;
    }
    changes.retain_mut(|change| {
        let Some(members) = change.members.as_mut().filter(|_| change.object == Object::Group) else { return true };
        let before = members.remove.len();
        members.remove.retain(|key| !unplaced.contains(key));
        let kept = before - members.remove.len();
        if kept == 0 || !members.remove.is_empty() || !members.add.is_empty() {
            return true;
        }
        change.members = None;
        if change.attributes.is_empty() {
            let message = "the members stay, since the group to which they move is left out".to_owned();
            drifted.push(Drifted::of(change, message));
        }
        !change.attributes.is_empty()
    });
}

/// Removes members from a group's change if hrpush must not touch their accounts.
pub(in crate::plan) fn leave_alone(change: &mut Change, snapshot: &Snapshot, protection: &Protection<'_>) {
    let Change { members, aside, .. } = change;
    let Some(members) = members else { return };
    let free = |key: &String| {
        let user = aside.accounts.get(key).and_then(|id| snapshot.users.get(id));
        user.is_none_or(|user| matches!(protection.touch(&user), WriteAccess::Free | WriteAccess::Shielded(_)))
    };
    members.add.retain(free);
    members.remove.retain(free);
}
