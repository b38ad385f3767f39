//! From HR's records and the tenant to a plan: what `import`, `sync`, `plan` and `explain` have in common.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::everybody::{Everybody, everybody};
use super::exit::Failure;
use super::reading::Read;
use super::scene::Scene;
use crate::expr::Context;
use crate::mapping::LeaveAction;
use crate::plan::{self, Inputs, Ledger, Packer, People, Policy, SourceInfo, Survey};
use crate::record::EmployeeId;
use crate::source::ColumnProfile;
use crate::target::SnapshotScope;

/// What is planned, and for whom.
pub(super) struct Question<'a> {
    pub(super) read: &'a Read,
    pub(super) policy: &'a Policy,
    pub(super) as_of: Option<Date>,
    /// These people alone, where not everybody is planned.
    pub(super) only: Option<&'a BTreeSet<EmployeeId>>,
    /// Whether the files are everybody.
    pub(super) whole: bool,
}

/// A plan with everything that it was computed from.
pub(super) struct Answer {
    pub(super) survey: Survey,
    pub(super) people: People,
    pub(super) ledger: Ledger,
    pub(super) context: Context,
    pub(super) day: Date,
    /// Whether the next reading is compared with this one.
    pub(super) measure: bool,
}

/// Computes the plan.
pub(super) fn answer(question: &Question<'_>, scene: &Scene) -> Result<Answer, Failure> {
    let Question { read, policy, as_of, only, whole } = *question;
    let rules = read.mapping.rules();
    let now = jiff::Timestamp::now();
    let day = as_of.unwrap_or_else(|| now.to_zoned(read.mapping.time_zone().clone()).date());
    let mut ledger = scene.ledger(&rules.feed, day)?;
    let context = Context::on(day, scene.snapshot.default_domain.clone());
    let Everybody { people, columns } = everybody(read, &context, Packer::new(&scene.snapshot, rules))?;
    let measure = whole && only.is_none();
    let empty = if ledger.last_reading.is_none() && !read.asked { empty_columns(&columns, read) } else { None };
    let mut survey = plan::survey(&Inputs {
        source: source_info(read),
        target: scene.connection.target(&scene.snapshot.tenant),
        people: &people,
        whole,
        only: only.cloned(),
        snapshot: &scene.snapshot,
        ledger: &ledger,
        rules,
        policy,
        today: day,
        created_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        columns: measure.then(|| mapped(columns, read)),
    });
    survey.notes.extend(empty);
    let keys = plan::keys_with_causes(&survey.plan, &people);
    let added = scene.store.add_wishes(&scene.snapshot.tenant, &mut ledger, keys);
    added.map_err(|fault| Failure::cannot(&fault))?;
    plan::tell_causes(&mut survey.plan, &people, &scene.snapshot.users, &ledger);
    let anew = scene.store.starts_anew(&scene.snapshot.tenant).map_err(|fault| Failure::cannot(&fault))?;
    if anew && !scene.snapshot.users.is_empty() {
        survey.notes.push("the state folder knows nobody of this tenant: hrpush starts anew".to_owned());
    }
    if !read.mapping.time_zone_given() {
        survey.notes.push("the mapping names no time zone: days begin by UTC".to_owned());
    }
    let answer = Answer { survey, people, ledger, context, day, measure };
    match only.into_iter().flatten().find(|key| !answer.knows(key)) {
        Some(key) => Err(nobody(key)),
        None => Ok(answer),
    }
}

impl Answer {
    /// Whether HR or an earlier run names this person.
    pub(super) fn knows(&self, key: &EmployeeId) -> bool {
        self.ledger.people.contains_key(key) || self.people.numbers().any(|person| self.people.key(person) == Some(key.as_str()))
    }
}

/// Nobody of that name.
pub(super) fn nobody(key: &EmployeeId) -> Failure {
    let key = crate::report::shown(key.as_str());
    Failure::usage(format!("nobody has the key `{key}`, neither in HR nor in what earlier runs left"))
}

/// What must be read of the tenant for this mapping.
pub(super) fn wanted(read: &Read, protect_groups: &[String]) -> SnapshotScope {
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

fn source_info(read: &Read) -> SourceInfo {
    SourceInfo {
        name: read.reading.name.clone(),
        feed: read.mapping.name().to_owned(),
        records: read.reading.records.len() as u64,
        sha256: read.reading.sha256.clone(),
    }
}

/// The mapped columns in which no record has a value. The first reading of a feed has none before it to be compared with, so a column
/// that the export has lost is named here and by no guard.
fn empty_columns(columns: &[ColumnProfile], read: &Read) -> Option<String> {
    let (used, records) = (read.mapping.columns(), read.reading.records.len() as u64);
    let empty = columns.iter().filter(|profile| profile.empty == records && used.contains(&profile.column));
    let names: Vec<String> = empty.map(|profile| format!("`{}`", profile.column)).collect();
    let note = || format!("first reading of this feed: no record has a value in {}", names.join(", "));
    (records > 1 && !names.is_empty()).then(note)
}

/// Of each mapped column the share of empty cells in thousandths, and the distinct values.
fn mapped(columns: Vec<ColumnProfile>, read: &Read) -> BTreeMap<String, (u64, u64)> {
    let used = read.mapping.columns();
    let records = (read.reading.records.len() as u64).max(1);
    let mapped = columns.into_iter().filter(|profile| used.contains(&profile.column));
    mapped.map(|profile| (profile.column, (profile.empty * 1000 / records, profile.distinct))).collect()
}
