//! Who manages whom: HR keys resolved in the reading, then the ledger, then the tenant.

use std::collections::HashMap;

use super::change::{Action, Change, Edit, SkippedCode};
use super::lifecycle::{Planner, Slot};
use super::matching::{Account, Matching};
use crate::directory::{ObjectId, User, Value};
use crate::mapping::{Desired, LeaveAction, ManagerWanted, Stage};
use crate::record::EmployeeId;

/// The account behind an HR key.
pub(super) enum Resolved<'a> {
    /// It exists, or is restored in this run.
    Id(&'a ObjectId),
    /// It is created in this run, under this key.
    New(&'a EmployeeId),
}

/// Finds accounts by key and keys by account.
pub(super) struct Directory<'a, 's> {
    matching: &'a Matching<'a>,
    slots: &'s [Slot],
    /// The people of the reading by the keys that they had before.
    before: HashMap<&'a EmployeeId, usize>,
    ledger: HashMap<&'a ObjectId, &'a EmployeeId>,
}

impl<'a, 's> Directory<'a, 's> {
    pub(super) fn new(planner: &Planner<'a>, slots: &'s [Slot]) -> Self {
        let people = &planner.inputs.ledger.people;
        let ledger = people.iter().map(|(key, person)| (&person.id, key)).collect();
        Self { matching: planner.matching, slots, before: before(planner.matching), ledger }
    }

    /// One that finds accounts by key alone.
    pub(super) fn new_bare(matching: &'a Matching<'a>, slots: &'s [Slot]) -> Self {
        Self { matching, slots, before: HashMap::new(), ledger: HashMap::new() }
    }

    /// The HR key of an account, else its id.
    pub(super) fn key_of(&self, id: &ObjectId) -> String {
        let key = self.matching.claimed.get(id).or_else(|| self.ledger.get(id));
        key.map_or_else(|| id.to_string(), ToString::to_string)
    }

    /// The account of a key.
    pub(super) fn resolve(&self, planner: &Planner<'a>, key: &EmployeeId) -> Option<Resolved<'a>> {
        let now = self.matching.people.binary_search_by(|person| person.desired.key.cmp(key)).ok();
        for at in now.into_iter().chain(self.before.get(key).copied()) {
            let appears =
                matches!(&self.slots[at], Slot::Change(change) if matches!(change.action, Action::Create | Action::Restore));
            match self.matching.people[at].account {
                Account::Live(user, _) => return Some(Resolved::Id(&user.id)),
                Account::Deleted(deleted) if appears => return Some(Resolved::Id(&deleted.user.id)),
                Account::None if appears => return Some(Resolved::New(&self.matching.people[at].desired.key)),
                Account::None | Account::Deleted(_) => {}
            }
        }
        if let Some(id) = self.matching.held_accounts.get(key) {
            return Some(Resolved::Id(id));
        }
        let known = planner.inputs.ledger.people.get(key).and_then(|person| planner.inputs.snapshot.users.get(&person.id));
        known.or_else(|| self.matching.by_first(key.as_str())).map(|user| Resolved::Id(&user.id))
    }
}

fn before<'a>(matching: &Matching<'a>) -> HashMap<&'a EmployeeId, usize> {
    let people = matching.people.iter().enumerate();
    people.filter_map(|(at, person)| Some((person.desired.previous_key.as_ref()?, at))).collect()
}

/// The change of a manager: the edit, and the ids behind its keys.
pub(super) type ManagerEdit = (Edit, Vec<(String, ObjectId)>);

impl<'a> Planner<'a> {
    /// What must happen to the manager of one person.
    pub(super) fn manager(
        &mut self,
        directory: &Directory<'a, '_>,
        desired: &'a Desired,
        user: Option<&'a User>,
    ) -> Option<ManagerEdit> {
        let left = matches!(desired.stage, Stage::Left { .. });
        let clears = |lifecycle: &crate::mapping::Lifecycle| lifecycle.on_leave.contains(&LeaveAction::ClearManager);
        if left && self.inputs.rules.lifecycle.as_ref().is_some_and(clears) {
            return None;
        }
        let present = user.and_then(|user| user.manager.as_ref());
        let before = || present.map(|id| Value::text(directory.key_of(id)));
        let edit = |after| Edit { name: "manager".into(), before: before(), after, expression: None };
        let known = || present.map(|id| (directory.key_of(id), id.clone())).into_iter().collect::<Vec<_>>();
        match &desired.manager {
            ManagerWanted::Leave => None,
            ManagerWanted::Clear => (present.is_some() && !left).then(|| (edit(None), known())),
            // Graph refuses it; the head of a company often stands so in HR.
            ManagerWanted::Key(key) if *key == desired.key || desired.previous_key.as_ref() == Some(key) => {
                let message = "HR names this person as their own manager; the present manager stays".to_owned();
                self.skip(desired.key.as_str(), user, SkippedCode::ManagerUnknown, message, false);
                None
            }
            ManagerWanted::Key(key) => match directory.resolve(self, key) {
                Some(Resolved::Id(id)) if Some(id) == present => None,
                Some(Resolved::Id(id)) => {
                    let mut ids = known();
                    ids.push((key.as_str().to_owned(), id.clone()));
                    Some((edit(Some(Value::text(key.as_str()))), ids))
                }
                Some(Resolved::New(key)) => Some((edit(Some(Value::text(key.as_str()))), known())),
                None => {
                    let message = format!("the manager {key} has no account; the present manager stays");
                    self.skip(desired.key.as_str(), user, SkippedCode::ManagerUnknown, message, false);
                    None
                }
            },
        }
    }
}

/// Adds the manager to a change.
pub(super) fn add(change: &mut Change, (edit, ids): ManagerEdit) {
    change.attributes.push(edit);
    change.ids.extend(ids);
}
