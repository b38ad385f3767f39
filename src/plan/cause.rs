//! Who moved since the last run: HR, or the tenant.
//!
//! The document has no key for it, so it stands in the reason of a change, written and read back here alone.

use std::collections::{BTreeMap, HashMap};

use super::change::{Action, Change, Object, Plan};
use super::ledger::Ledger;
use super::lifecycle::join;
use super::people::Kind;
use super::people::{People, PersonNo};
use crate::directory::{Users, Value};
use crate::mapping::{Desired, Flow, ManagerWanted};

/// Who moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// HR wants something else than at the last run.
    Hr,
    /// HR wants the same; somebody changed the tenant.
    Tenant,
}

const HR: &str = "HR changed ";
const TENANT: &str = "tenant drifted in ";

/// Who moved, for one attribute of a change; nothing where no earlier run knows.
pub fn cause_of(change: &Change, attribute: &str) -> Option<Cause> {
    change.reason.split("; ").find_map(|part| {
        let (names, cause) = match part.strip_prefix(HR) {
            Some(names) => (names, Cause::Hr),
            None => (part.strip_prefix(TENANT)?, Cause::Tenant),
        };
        names.split(", ").any(|name| name == attribute).then_some(cause)
    })
}

/// The changes of a plan that have a cause, each with the record of the person.
fn subjects(plan: &Plan, people: &People) -> Vec<(usize, PersonNo)> {
    let has_cause = |change: &Change| change.object == Object::User && change.action != Action::Create && change.record.is_some();
    let changes = plan.changes.iter().enumerate().filter(|(_, change)| has_cause(change));
    let places: HashMap<&str, usize> = changes.map(|(at, change)| (change.key.as_str(), at)).collect();
    if places.is_empty() {
        return Vec::new();
    }
    let wanted = people.rows().filter(|row| matches!(row.kind, Kind::Desired));
    wanted.filter_map(|row| Some((*places.get(row.key()?)?, row.number))).collect()
}

/// The keys, of today and of before, under which the ledger must know what HR wanted for [`tell_causes`].
pub fn keys_with_causes<'p>(plan: &Plan, people: &'p People) -> Vec<&'p str> {
    let keys = |(_, person)| [people.key(person), people.previous_key(person)];
    subjects(plan, people).into_iter().flat_map(keys).flatten().collect()
}

/// Tells in the reasons who moved. People that were packed against these users.
pub fn tell_causes(plan: &mut Plan, people: &People, users: &Users, ledger: &Ledger) {
    for (at, person) in subjects(plan, people) {
        let change = &mut plan.changes[at];
        change.reason = join(&change.reason, &told(ledger, &people.row(person).desired(users), change));
    }
}

/// Who moved, for all attributes that differ, as the reason tells it.
fn told(ledger: &Ledger, desired: &Desired, change: &Change) -> String {
    let differing: Vec<&str> =
        change.attributes.iter().map(|edit| edit.name.as_str()).filter(|name| *name != "accountEnabled").collect();
    if differing.is_empty() {
        return String::new();
    }
    let mut keys = std::iter::once(&desired.key).chain(&desired.previous_key);
    let Some(known) = keys.find_map(|key| ledger.people.get(key)).filter(|known| !known.wanted.is_empty()) else {
        return "mapped".into();
    };
    let now = wanted(desired);
    let (mut changed, mut drifted) = (Vec::new(), Vec::new());
    for name in differing {
        match (known.wanted.get(name), now.get(name)) {
            (Some(before), Some(now)) if before == now => drifted.push(name),
            (Some(_), Some(_)) => changed.push(name),
            _ => {}
        }
    }
    let parts = [(HR, changed), (TENANT, drifted)];
    let parts =
        parts.into_iter().filter(|(_, names)| !names.is_empty()).map(|(word, names)| format!("{word}{}", names.join(", ")));
    let told = parts.collect::<Vec<_>>().join("; ");
    if told.is_empty() { "mapped".into() } else { told }
}

/// What HR wants of a person, as the ledger keeps it.
pub fn wanted(desired: &Desired) -> BTreeMap<String, Option<Value>> {
    let mut wanted: BTreeMap<String, Option<Value>> = desired
        .attributes
        .iter()
        .map(|wanted| {
            let value = match &wanted.flow {
                Flow::Set(value) => Some(value.clone()),
                Flow::Clear => None,
                Flow::FirstFree(candidates) => candidates.first().cloned(),
            };
            (wanted.attribute.name.to_owned(), value)
        })
        .collect();
    match &desired.manager {
        ManagerWanted::Leave => {}
        ManagerWanted::Clear => drop(wanted.insert("manager".into(), None)),
        ManagerWanted::Key(key) => drop(wanted.insert("manager".into(), Some(Value::text(key.as_str())))),
    }
    wanted
}
