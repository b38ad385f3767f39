//! The held records that a person can settle. A run stores them for `hrpush decide`.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Failure;
use super::mapped_reading::MappedReading;
use super::open_target::OpenTarget;
use super::plan::PlanResult;
use crate::directory::{Snapshot, Users};
use crate::mapping::{Desired, HeldCode, Mapped};
use crate::plan::{BoundNames, Candidate, HeldEntry, Plan, ReasonCode, SkippedCode};
use crate::record::EmployeeId;
use crate::store::HeldRecord;

/// Stores the records that this run held for a doubt about the account.
pub(crate) fn store(
    target: &mut OpenTarget,
    read: &MappedReading,
    result: &PlanResult,
    only: Option<&BTreeSet<EmployeeId>>,
) -> Result<(), Failure> {
    let held = &result.survey.plan.held;
    let in_doubt = held.iter().filter(|entry| is_in_doubt(entry)).filter_map(|entry| Some((entry.key.as_ref()?.as_str(), entry)));
    let in_doubt: BTreeMap<&str, &HeldEntry> = in_doubt.collect();
    let numbers = result.people.numbers().filter(|_| !in_doubt.is_empty());
    let records = numbers.filter_map(|person| {
        let entry = in_doubt.get(result.people.key(person)?)?;
        let Mapped::Desired(desired) = result.people.mapped(person, &target.snapshot.users) else { return None };
        let BoundNames { given_name, surname } = BoundNames::of(&desired);
        Some(HeldRecord {
            given_name,
            surname,
            code: entry.code,
            candidates: entry.candidates.clone(),
            carriers: carriers(result, &target.snapshot, Some(&desired), &desired.key),
            key: desired.key,
        })
    });
    let records: Vec<HeldRecord> = records.collect();
    let (tenant, feed) = (&target.snapshot.tenant, &read.mapping.rules().feed);
    Ok(target.store.keep_held_records(tenant, feed, records, only)?)
}

/// Stores who was missing or out of scope in this run. A run of a few people, or of a part of the reading, says nothing about the others.
pub(crate) fn store_absent(target: &mut OpenTarget, feed: &str, plan: &Plan) -> Result<(), Failure> {
    let listed = plan.skipped.iter().filter(|entry| matches!(entry.code, SkippedCode::Missing | SkippedCode::OutOfScope));
    let closed = plan.changes.iter().filter(|change| matches!(change.why.code, ReasonCode::Missing | ReasonCode::OutOfScope));
    let keys = listed.filter_map(|entry| entry.key.as_deref()).chain(closed.map(|change| change.key.as_str()));
    let absent = keys.filter_map(EmployeeId::new);
    let absent = absent.collect();
    Ok(target.store.keep_absent_people(&target.snapshot.tenant, feed, absent)?)
}

/// Whether a decision can settle it.
fn is_in_doubt(entry: &HeldEntry) -> bool {
    let by_code = matches!(
        entry.code,
        HeldCode::KeyReused | HeldCode::DoubtfulMatch | HeldCode::PossibleDuplicate | HeldCode::ClaimedByOtherKey
    );
    by_code || !entry.candidates.is_empty()
}

/// The live accounts with a key: by the record's value of the first match attribute, else by the key itself.
pub(crate) fn carriers(result: &PlanResult, snapshot: &Snapshot, desired: Option<&Desired>, key: &EmployeeId) -> Vec<Candidate> {
    let users = &snapshot.users;
    result.people.carriers(desired, key.as_str(), users).into_iter().map(|user| candidate(users, user)).collect()
}

fn candidate(users: &Users, user: crate::directory::UserNo) -> Candidate {
    let user = users.at(user);
    Candidate { id: user.id(), user_principal_name: user.upn().to_owned() }
}
