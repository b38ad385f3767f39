//! Managers: an HR key is looked up in the reading, then in the ledger, then in the tenant.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::{Note, NoteCode};
use crate::directory::{ObjectId, Snapshot, User, UserNo, UserRow, Value, roles};
use crate::mapping::{Desired, LeaveAction, ManagerWanted, Stage};
use crate::plan::inputs::Inputs;
use crate::plan::ledger::Person as Known;
use crate::plan::matching::Matching;
use crate::plan::matching::claim::{Account, Person};
use crate::plan::model::{Action, Change, Edit, SkippedCode};
use crate::plan::person::context::{PersonDecision, PersonPlanner};
use crate::plan::records::{ManagerRow, PersonRow};
use crate::record::EmployeeId;

/// The account behind an HR key.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::plan) enum Resolved<'a> {
    /// A user that is not deleted, by its number.
    Live(UserNo),
    /// It is restored in this run.
    Restored(&'a ObjectId),
    /// It is created in this run, under this key.
    New(&'a str),
}

impl Resolved<'_> {
    /// The id, where there is an account already.
    pub(in crate::plan) fn id(&self, snapshot: &Snapshot) -> Option<ObjectId> {
        match self {
            Self::Live(user) => Some(snapshot.users.at(*user).id()),
            Self::Restored(id) => Some((*id).clone()),
            Self::New(_) => None,
        }
    }
}

/// Finds accounts by key and keys by account.
pub(in crate::plan) struct AccountLookup<'a, 's> {
    matching: &'a Matching<'a>,
    snapshot: &'a Snapshot,
    decisions: &'s [PersonDecision],
    /// The people of the reading by the keys that they had before.
    before: HashMap<&'a str, usize>,
    /// The keys of earlier runs by account, gathered when the first is asked for.
    ledger: OnceCell<HashMap<&'a ObjectId, &'a EmployeeId>>,
    known: &'a BTreeMap<EmployeeId, Known>,
}

impl<'a, 's> AccountLookup<'a, 's> {
    pub(in crate::plan) fn new(planner: &PersonPlanner<'a>, decisions: &'s [PersonDecision]) -> Self {
        let Inputs { ledger, snapshot, .. } = planner.inputs;
        Self {
            matching: planner.matching,
            snapshot,
            decisions,
            before: before(planner.matching),
            ledger: OnceCell::new(),
            known: &ledger.people,
        }
    }

    /// The HR key of an account, else its id.
    pub(in crate::plan) fn key_of(&self, id: &ObjectId) -> String {
        let claimed = self.snapshot.users.number(id).and_then(|user| self.matching.owner(user));
        let known = || self.ledger.get_or_init(|| self.known.iter().map(|(key, person)| (&person.id, key)).collect());
        claimed.or_else(|| known().get(id).map(|key| key.as_str())).map_or_else(|| id.to_string(), str::to_owned)
    }

    /// The account of a key.
    pub(in crate::plan) fn resolve(&self, key: &str) -> Option<Resolved<'a>> {
        let now = self.matching.place_of(key);
        for at in now.into_iter().chain(self.before.get(key).copied()) {
            let appears = matches!(&self.decisions[at], PersonDecision::Change(change) if matches!(change.action, Action::Create | Action::Restore));
            let person = &self.matching.people[at];
            match person.account {
                Account::Live(user, _) => return Some(Resolved::Live(user)),
                Account::Deleted(deleted) if appears => return Some(Resolved::Restored(&deleted.user.id)),
                Account::None if appears => return Some(Resolved::New(self.matching.key(person))),
                Account::None | Account::Deleted(_) => {}
            }
        }
        if self.matching.in_doubt.contains(key) {
            return None;
        }
        if let Some(user) = self.matching.held_accounts.get(key) {
            return Some(Resolved::Live(*user));
        }
        let known = self.known.get(key).and_then(|person| self.snapshot.users.number(&person.id));
        known.or_else(|| self.matching.by_first(key)).map(Resolved::Live)
    }

    /// Whether the user has the manager that HR names, judged by the rows alone. False where the rows do not decide it.
    pub(in crate::plan) fn is_settled(&self, row: &PersonRow<'a>, user: &UserRow<'_>) -> bool {
        match row.facts().manager {
            ManagerRow::Leave => true,
            ManagerRow::Clear => user.manager().is_none(),
            ManagerRow::Key(key) if Some(key) == row.key() || Some(key) == row.previous_key() => false,
            ManagerRow::Key(key) => match self.resolve(key) {
                Some(Resolved::Live(manager)) => user.manager() == Some(self.snapshot.users.at(manager).row_id()),
                _ => false,
            },
        }
    }
}

fn before<'a>(matching: &'a Matching<'a>) -> HashMap<&'a str, usize> {
    let people = matching.people.iter().enumerate();
    people.filter_map(|(at, person)| Some((matching.row(person).previous_key()?, at))).collect()
}

/// The change of a manager: the edit, and the ids behind its keys.
pub(in crate::plan) type ManagerEdit = (Edit, Vec<(String, ObjectId)>);

impl<'a> PersonPlanner<'a> {
    /// What must happen to the manager of one person.
    pub(in crate::plan) fn manager(
        &mut self,
        directory: &AccountLookup<'a, '_>,
        desired: &Desired,
        user: Option<&User>,
    ) -> Option<ManagerEdit> {
        let left = matches!(desired.stage, Stage::Left { .. });
        let clears = |lifecycle: &crate::mapping::Lifecycle| lifecycle.on_leave.contains(&LeaveAction::ClearManager);
        if left && self.inputs.rules.lifecycle.as_ref().is_some_and(clears) {
            return None;
        }
        let present = user.and_then(|user| user.manager.as_ref());
        let before = || present.map(|id| Value::text(directory.key_of(id)));
        let edit = |after| Edit { name: roles::MANAGER.into(), before: before(), after, expression: None };
        let known = || present.map(|id| (directory.key_of(id), id.clone())).into_iter().collect::<Vec<_>>();
        match &desired.manager {
            ManagerWanted::Leave => None,
            ManagerWanted::Clear => (present.is_some() && !left).then(|| (edit(None), known())),
            // Graph refuses it; the head of a company often stands so in HR.
            ManagerWanted::Key(key) if *key == desired.key || desired.previous_key.as_ref() == Some(key) => {
                let message =
                    "HR names this person as their own manager; the present manager stays; hint: correct the manager in HR"
                        .to_owned();
                self.skip(desired.key.as_str(), user, SkippedCode::ManagerUnknown, message, false);
                None
            }
            ManagerWanted::Key(key) => {
                let Some(found) = directory.resolve(key.as_str()) else {
                    let message = format!(
                        "the manager {key} has no account; the present manager stays; \
                         hint: correct the manager in HR, or add the manager's record to the feed"
                    );
                    self.skip(desired.key.as_str(), user, SkippedCode::ManagerUnknown, message, false);
                    return None;
                };
                let id = found.id(self.inputs.snapshot);
                if id.is_some() && id.as_ref() == present {
                    return None;
                }
                let mut ids = known();
                ids.extend(id.map(|id| (key.as_str().to_owned(), id)));
                let name = if let Resolved::New(key) = found { key } else { key.as_str() };
                Some((edit(Some(Value::text(name))), ids))
            }
        }
    }
}

/// Adds the manager to a change.
pub(in crate::plan) fn add(change: &mut Change, (edit, ids): ManagerEdit) {
    change.attributes.push(edit);
    change.aside.accounts.extend(ids);
}

/// A note on each circle of managers among the people of the reading. Graph takes circles, and HR seldom means one.
pub(in crate::plan) fn circles(inputs: &Inputs<'_>, matching: &Matching<'_>) -> Vec<Note> {
    const LISTED: usize = 10;
    let next: Vec<Option<usize>> = matching.people.iter().map(|person| manager_in_reading(matching, person)).collect();
    // 0 where no walk has passed; else the number of the walk that did.
    let mut walks = vec![0; next.len()];
    let mut sentences = Vec::new();
    let mut count = 0_usize;
    for start in 0..next.len() {
        let mut at = Some(start);
        while let Some(person) = at.filter(|person| walks[*person] == 0) {
            walks[person] = start + 1;
            at = next[person];
        }
        let Some(first) = at.filter(|person| walks[*person] == start + 1) else { continue };
        let circle = circle(&next, first);
        let is_planned = |person: &usize| inputs.plans(matching.key(&matching.people[*person]));
        if circle.len() > 1 && circle.iter().any(is_planned) {
            count += 1;
            if sentences.len() < LISTED {
                sentences.push(Note::new(NoteCode::ManagerCircle, sentence(matching, &circle)).count(circle.len()));
            }
        }
    }
    if count > LISTED {
        let text = format!("{} more circles of managers are in HR", count - LISTED);
        sentences.push(Note::new(NoteCode::ManagerCircle, text).count(count - LISTED));
    }
    sentences
}

/// The place of the manager of an active person, if the reading has both.
fn manager_in_reading(matching: &Matching<'_>, person: &Person<'_>) -> Option<usize> {
    let row = matching.row(person);
    match row.facts().manager {
        ManagerRow::Key(key) if !matches!(row.facts().stage, Stage::Left { .. }) => matching.place_of(key),
        _ => None,
    }
}

/// The circle that a person is in, from its smallest place on.
fn circle(next: &[Option<usize>], first: usize) -> Vec<usize> {
    let mut circle = vec![first];
    let mut at = next[first];
    while let Some(person) = at.filter(|person| *person != first) {
        circle.push(person);
        at = next[person];
    }
    let smallest = circle.iter().enumerate().min_by_key(|(_, person)| **person).map_or(0, |(at, _)| at);
    circle.rotate_left(smallest);
    circle
}

fn sentence(matching: &Matching<'_>, circle: &[usize]) -> String {
    const LISTED: usize = 8;
    let keys: Vec<&str> = circle.iter().take(LISTED).map(|person| matching.key(&matching.people[*person])).collect();
    let hint = "the managers are written as HR names them; hint: correct the manager in HR";
    match keys[..] {
        [one, other] => format!("HR names {one} and {other} as each other's managers; {hint}"),
        _ if circle.len() > LISTED => {
            format!("HR names a circle of {} managers, {} and so on; {hint}", circle.len(), keys.join(", "))
        }
        _ => format!("HR names a circle of managers, {}, {}; {hint}", keys.join(", "), keys[0]),
    }
}
