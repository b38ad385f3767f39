//! What moved since the last run: HR, or the tenant.

use std::collections::{BTreeMap, HashMap};

use crate::directory::{Users, Value, roles};
use crate::mapping::{Desired, DesiredValue, Flow, ManagerWanted, When};
use crate::plan::approval::fingerprint::fingerprint;
use crate::plan::ledger::Ledger;
use crate::plan::model::{Action, Cause, Change, Edit, Object, Plan};
use crate::plan::reason::{ReasonCode, join};
use crate::plan::records::Kind;
use crate::plan::records::{People, PersonNo};

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

/// The keys, of today and of before, under which the ledger must know what HR wanted for [`annotate_causes`].
pub fn keys_with_causes<'p>(plan: &Plan, people: &'p People) -> Vec<&'p str> {
    let keys = |(_, person)| [people.key(person), people.previous_key(person)];
    subjects(plan, people).into_iter().flat_map(keys).flatten().collect()
}

/// Adds to each change which side moved, and renews the fingerprint, which covers the codes. The people were packed against these users.
pub fn annotate_causes(plan: &mut Plan, people: &People, users: &Users, ledger: &Ledger) {
    for (at, person) in subjects(plan, people) {
        add_cause(&mut plan.changes[at], ledger, &people.row(person).desired(users));
    }
    plan.fingerprint = fingerprint(plan);
}

/// Compares what HR wants now with what it wanted at the last run.
fn add_cause(change: &mut Change, ledger: &Ledger, desired: &Desired) {
    let differing: Vec<&str> =
        change.attributes.iter().map(|edit| edit.name.as_str()).filter(|name| *name != roles::ACCOUNT_ENABLED).collect();
    if differing.is_empty() {
        return;
    }
    let mut keys = std::iter::once(&desired.key).chain(&desired.previous_key);
    if let Some(known) = keys.find_map(|key| ledger.people.get(key)).filter(|known| !known.wanted.is_empty()) {
        let now = wanted(desired);
        for name in differing {
            let cause = match (known.wanted.get(name), now.get(name)) {
                (Some(before), Some(now)) if before == now => Cause::Tenant,
                (Some(_), Some(_)) => Cause::Hr,
                _ => continue,
            };
            change.cause.insert(name.to_owned(), cause);
        }
    }
    let all_drifted = !change.cause.is_empty() && change.cause.values().all(|cause| *cause == Cause::Tenant);
    if all_drifted && change.action == Action::Update && change.why.code == ReasonCode::HrChanged {
        change.why.code = ReasonCode::Drifted;
    }
    let again: Vec<&str> =
        change.attributes.iter().filter(|edit| is_written_again(change, edit, ledger)).map(|edit| &*edit.name).collect();
    let mut reason = join(&change.reason, &sentence(&change.cause));
    if !again.is_empty() {
        let hint = "for the third run in a row; Graph may not keep the value, or a person or another app changes it back";
        reason = join(&reason, &format!("{} {hint}", again.join(", ")));
    }
    change.reason = reason;
}

/// Whether the last two runs wrote the same value, and the tenant does not show it.
fn is_written_again(change: &Change, edit: &Edit, ledger: &Ledger) -> bool {
    const RUNS: usize = 2;
    let name = (change.key.clone(), edit.name.clone());
    change.cause.get(&edit.name) == Some(&Cause::Tenant)
        && ledger.written.len() == RUNS
        && ledger.written.iter().all(|run| run.get(&name) == Some(&edit.after))
}

/// Which attributes HR changed and in which the tenant drifted.
fn sentence(causes: &BTreeMap<String, Cause>) -> String {
    let part = |of: Cause, start: &str| {
        let names: Vec<&str> = causes.iter().filter(|(_, cause)| **cause == of).map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { String::new() } else { format!("{start} {}", names.join(", ")) }
    };
    let sentence = join(&part(Cause::Hr, "HR changed"), &part(Cause::Tenant, "tenant drifted in"));
    if sentence.is_empty() { "mapped".into() } else { sentence }
}

/// What HR wants of a person, as the ledger keeps it. Candidates for a new account are not among it.
pub fn wanted(desired: &Desired) -> BTreeMap<String, Option<Value>> {
    let is_kept = |wanted: &&DesiredValue| wanted.when == When::Always || !matches!(wanted.flow, Flow::FirstFree(_));
    let mut wanted: BTreeMap<String, Option<Value>> = desired
        .attributes
        .iter()
        .filter(is_kept)
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
        ManagerWanted::Clear => drop(wanted.insert(roles::MANAGER.into(), None)),
        ManagerWanted::Key(key) => drop(wanted.insert(roles::MANAGER.into(), Some(Value::text(key.as_str())))),
    }
    wanted
}
