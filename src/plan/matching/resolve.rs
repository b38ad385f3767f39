//! The accounts behind the keys of a saved plan, which names people by their keys alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Attribute, ObjectId, RowId, Snapshot, Value, roles};
use crate::mapping::LeaveAction;
use crate::plan::ledger::Ledger;
use crate::plan::model::{Action, Change, Object, Plan};
use crate::record::EmployeeId;

/// Finds the accounts behind the keys of a saved plan that is applied away from the state folder where it was made.
///
/// The sources are, in this order:
/// - what was saved with the plan, and the accounts that its document contains;
/// - the ledger;
/// - for the owners of groups, the user with that sign-in name;
/// - the single live user with that `employeeId`, if the plan itself shows that its keys are employee numbers.
///
/// A key without an account in any of them stays without one. Its change then drifts or fails and touches no other account.
#[must_use]
pub fn resolve(mut plan: Plan, snapshot: &Snapshot, ledger: &Ledger) -> Plan {
    let users = || plan.changes.iter().filter(|change| change.object == Object::User);
    let new: BTreeSet<String> =
        users().filter(|change| change.action == Action::Create).map(|change| change.key.clone()).collect();
    let planned: BTreeMap<String, ObjectId> =
        users().filter_map(|change| Some((change.key.clone(), change.id.clone()?))).collect();
    let keyed = keys_are_employee_ids(&plan, snapshot);
    let mut known = Known { snapshot, ledger, planned, keyed, by_name: None };
    for change in &mut plan.changes {
        for key in named(change) {
            if !change.aside.accounts.contains_key(&key)
                && !new.contains(&key)
                && let Some(id) = known.account(&key)
            {
                change.aside.accounts.insert(key, id);
            }
        }
        if change.aside.cleared_manager.is_none() && change.then.contains(&LeaveAction::ClearManager) {
            change.aside.cleared_manager = change.id.as_ref().and_then(|id| snapshot.users.row(id)?.manager().map(RowId::to_id));
        }
    }
    plan
}

/// The keys of people that a change names.
fn named(change: &Change) -> Vec<String> {
    let mut keys = Vec::new();
    for edit in &change.attributes {
        let values = [&edit.before, &edit.after].into_iter().flatten();
        match edit.name.as_str() {
            roles::MANAGER => keys.extend(values.filter_map(Value::as_text).map(str::to_owned)),
            roles::OWNERS => keys.extend(values.flat_map(|value| match value {
                Value::List(items) => items.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            })),
            _ => {}
        }
    }
    if change.object == Object::Group {
        keys.extend(change.members.iter().flat_map(|members| members.add.iter().chain(&members.remove)).cloned());
    }
    keys
}

/// Whether the plan's people carry their keys as employeeId, all that say anything: in some tenants it is another system's number.
fn keys_are_employee_ids(plan: &Plan, snapshot: &Snapshot) -> bool {
    let Some(attribute) = Attribute::find(roles::EMPLOYEE_ID) else { return false };
    let users = plan.changes.iter().filter(|change| change.object == Object::User);
    let shown: Vec<bool> = users
        .filter_map(|change| {
            let after = change.attributes.iter().find(|edit| edit.name == attribute.name).and_then(|edit| edit.after.clone());
            let live = || snapshot.users.get(change.id.as_ref()?)?.value(attribute);
            after.or_else(live).map(|value| value.as_text() == Some(change.key.as_str()))
        })
        .collect();
    !shown.is_empty() && shown.into_iter().all(|same| same)
}

struct Known<'a> {
    snapshot: &'a Snapshot,
    ledger: &'a Ledger,
    /// The accounts that stand in the plan.
    planned: BTreeMap<String, ObjectId>,
    /// Whether a key is an employeeId.
    keyed: bool,
    /// Live users by employeeId and by sign-in name; none where several share it.
    by_name: Option<BTreeMap<String, Option<ObjectId>>>,
}

impl Known<'_> {
    fn account(&mut self, key: &str) -> Option<ObjectId> {
        if let Some(id) = self.planned.get(key) {
            return Some(id.clone());
        }
        if let Some(person) = EmployeeId::new(key).and_then(|key| self.ledger.people.get(&key)) {
            return Some(person.id.clone());
        }
        if let Some(id) = ObjectId::new(key).filter(|id| self.snapshot.users.contains_key(id)) {
            return Some(id);
        }
        let snapshot = self.snapshot;
        if !key.contains('@') && !self.keyed {
            return None;
        }
        let names = self.by_name.get_or_insert_with(|| by_name(snapshot));
        names.get(key).or_else(|| names.get(&key.to_lowercase())).cloned().flatten()
    }
}

fn by_name(snapshot: &Snapshot) -> BTreeMap<String, Option<ObjectId>> {
    let key = Attribute::find(roles::EMPLOYEE_ID);
    let mut names = BTreeMap::new();
    for user in snapshot.users.rows() {
        let key = key.and_then(|attribute| user.lent(&attribute)?.as_text().map(str::to_owned));
        for name in key.into_iter().chain([user.upn().to_lowercase()]) {
            names.entry(name).and_modify(|owner| *owner = None).or_insert_with(|| Some(user.id()));
        }
    }
    names
}
