//! A reading and a tenant become a plan. `import`, `sync`, `plan`, `explain` and `decide` share this step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::error::Failure;
use super::mapped_reading::MappedReading;
use super::open_target::OpenTarget;
use super::parallel_map::{Extent, MappedRecords, map_parts, map_records_in_parallel};
use super::run_reason::{RunReason, RunReasonCode};
use crate::diagnostic::{Note, NoteCode};
use crate::directory::{ObjectId, Snapshot};
use crate::expr::Context;
use crate::mapping::{LeaveAction, Mapped};
use crate::plan::{self, Inputs, Ledger, Packer, People, Policy, SourceInfo, Survey};
use crate::record::EmployeeId;
use crate::source::ColumnProfile;
use crate::target::SnapshotScope;

/// A mapped reading, with the options that limit the plan.
pub(crate) struct PlanRequest<'a> {
    pub(crate) source: &'a MappedReading,
    pub(crate) policy: &'a Policy,
    pub(crate) as_of: Option<Date>,
    /// Only these people are planned, although everything is read.
    pub(crate) only: Option<&'a BTreeSet<EmployeeId>>,
    /// Whether the reading is complete, so that absent people count as missing.
    pub(crate) whole: bool,
    /// What is computed for each record: everything where records are shown.
    pub(crate) extent: Extent,
}

/// A plan with everything that it was computed from.
pub(crate) struct PlanResult {
    pub(crate) survey: Survey,
    pub(crate) people: People,
    pub(crate) ledger: Ledger,
    pub(crate) context: Context,
    pub(crate) day: Date,
    /// Whether the next reading is compared with this one.
    pub(crate) is_baseline: bool,
}

/// The note for a state folder that has nothing about the tenant.
const ANEW: &str = "no earlier state for this tenant in the state folder; starting from scratch";

/// Reads the ledger and computes the plan of a mapped reading against the snapshot.
pub(crate) fn compute(request: &PlanRequest<'_>, target: &OpenTarget) -> Result<PlanResult, Failure> {
    let PlanRequest { source: read, policy, as_of, only, whole, extent } = *request;
    let rules = read.mapping.rules();
    let now = jiff::Timestamp::now();
    let day = as_of.unwrap_or_else(|| now.to_zoned(read.mapping.time_zone().clone()).date());
    let mut ledger = target.ledger(&rules.feed, day)?;
    let context = Context::on(day, target.snapshot.default_domain.clone());
    let packer = Packer::new(&target.snapshot, rules);
    let MappedRecords { mut people, columns } = map_records_in_parallel(read, &context, packer, extent)?;
    let doubts = plan::keys_with_other_names(&people, &target.snapshot.users, &ledger);
    target.store.add_wishes(&target.snapshot.tenant, &mut ledger, doubts)?;
    let is_baseline = whole && only.is_none();
    let empty = if ledger.last_reading.is_none() && !read.queried { empty_columns(&columns, read) } else { None };
    let columns = is_baseline.then(|| profiles(columns, read));
    let surveyed = |people: &People| {
        plan::try_survey(&Inputs {
            source: source_info(read),
            target: target.connection.target(&target.snapshot.tenant),
            people,
            whole,
            only: only.cloned(),
            snapshot: &target.snapshot,
            ledger: &ledger,
            rules,
            policy,
            today: day,
            created_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            columns: columns.clone(),
        })
    };
    // Each round makes more people whole, so the rounds end.
    let mut survey = loop {
        match surveyed(&people) {
            Ok(survey) => break survey,
            Err(needed) => {
                let packer = Packer::of(&people, &target.snapshot);
                people = people.with_parts(map_parts(read, &context, &packer, &People::parts_of(&needed))?);
            }
        }
    };
    survey.notes.extend(empty);
    let keys = plan::keys_with_causes(&survey.plan, &people);
    if !keys.is_empty() {
        ledger.written = target.store.values_of_last_runs(&target.snapshot.tenant, &rules.feed)?;
    }
    target.store.add_wishes(&target.snapshot.tenant, &mut ledger, keys)?;
    plan::annotate_causes(&mut survey.plan, &people, &target.snapshot.users, &ledger);
    let anew = target.store.starts_anew(&target.snapshot.tenant)?;
    if anew && !target.snapshot.users.is_empty() {
        survey.notes.push(Note::new(NoteCode::NoEarlierState, ANEW));
    }
    if !read.mapping.time_zone_given() {
        survey.notes.push(Note::new(NoteCode::NoTimeZone, "the mapping sets no `time_zone`; using UTC").at("time_zone"));
    }
    let result = PlanResult { survey, people, ledger, context, day, is_baseline };
    match only.into_iter().flatten().find(|key| !result.knows(key)) {
        Some(key) => Err(unknown_person(key)),
        None => Ok(result),
    }
}

impl PlanResult {
    /// Whether the reading or the ledger contains this person.
    pub(crate) fn knows(&self, key: &EmployeeId) -> bool {
        self.ledger.people.contains_key(key) || self.people.numbers().any(|person| self.people.key(person) == Some(key.as_str()))
    }
}

impl PlanResult {
    /// The account of a person, by the matching of this run, else by an earlier one.
    pub(crate) fn account(&self, key: &str, snapshot: &Snapshot) -> Option<ObjectId> {
        let mut matched = self.survey.matched.iter().filter(|(person, _)| self.people.key(*person) == Some(key));
        let matched = matched.next().map(|(_, user)| snapshot.users.at(*user).id());
        matched.or_else(|| self.ledger.people.get(key).map(|known| known.id.clone()))
    }

    /// The result of the mapping for each record of a person, with the number of the record.
    pub(crate) fn records(&self, key: &EmployeeId, snapshot: &Snapshot) -> Vec<(usize, Mapped)> {
        let mine = self.people.numbers().enumerate().filter(|(_, person)| self.people.key(*person) == Some(key.as_str()));
        mine.map(|(at, person)| (at, self.people.mapped(person, &snapshot.users))).collect()
    }
}

/// The failure for a key that neither the reading nor the ledger contains.
pub(crate) fn unknown_person(key: &EmployeeId) -> Failure {
    let key = crate::report::shown(key.as_str());
    Failure::usage(format!(
        "no person with the HR key `{key}` in the HR data or in the state of earlier runs\n  hint: `hrpush records` lists the keys; `explain` also takes the sign-in name of a managed account"
    ))
    .because(RunReason::new(
        RunReasonCode::Arguments,
        "--only: no such person in the HR data or in the state of earlier runs",
    ))
}

/// The part of the tenant that must be read for this mapping.
pub(crate) fn scope(read: &MappedReading, protect_groups: &[String]) -> SnapshotScope {
    let rules = read.mapping.rules();
    let leave = rules.lifecycle.as_ref().map(|lifecycle| lifecycle.on_leave.as_slice()).unwrap_or_default();
    SnapshotScope {
        attributes: rules.attributes.iter().chain(&rules.matching).copied().collect(),
        manager: rules.manager || leave.contains(&LeaveAction::ClearManager),
        groups: !rules.groups.is_empty() || leave.contains(&LeaveAction::RemoveFromManagedGroups),
        licenses: leave.contains(&LeaveAction::RemoveLicenses),
        group_members: rules.groups.iter().filter_map(|group| Some(group.id.as_ref()?.to_string())).collect(),
        protected_groups: protect_groups.iter().cloned().collect(),
    }
}

fn source_info(read: &MappedReading) -> SourceInfo {
    SourceInfo {
        name: read.reading.name.clone(),
        feed: read.mapping.name().to_owned(),
        records: read.reading.records.len() as u64,
        sha256: read.reading.sha256.clone(),
    }
}

/// The mapped columns in which no record has a value. The first reading of a feed cannot be compared with an earlier one, so no guard
/// reports a column that the export has lost.
fn empty_columns(columns: &[ColumnProfile], read: &MappedReading) -> Option<Note> {
    let (used, records) = (read.mapping.columns(), read.reading.records.len() as u64);
    let empty = columns.iter().filter(|profile| profile.empty == records && used.contains(&profile.column));
    let names: Vec<String> = empty.map(|profile| format!("`{}`", profile.column)).collect();
    let note = || {
        let text = format!("first reading of this feed: no record has a value in {}", names.join(", "));
        Note::new(NoteCode::EmptyColumns, text).count(names.len()).at(names.join(", "))
    };
    (records > 1 && !names.is_empty()).then(note)
}

/// For each mapped column, the share of empty cells in thousandths and the number of distinct values.
fn profiles(columns: Vec<ColumnProfile>, read: &MappedReading) -> BTreeMap<String, (u64, u64)> {
    let used = read.mapping.columns();
    let records = (read.reading.records.len() as u64).max(1);
    let mapped = columns.into_iter().filter(|profile| used.contains(&profile.column));
    mapped.map(|profile| (profile.column, (profile.empty * 1000 / records, profile.distinct))).collect()
}
