//! From HR's records and the tenant to a plan: what `import`, `sync`, `plan` and `explain` have in common.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::exit::Failure;
use super::reading::Read;
use super::scene::Scene;
use crate::expr::Context;
use crate::graph::Wanted;
use crate::mapping::{LeaveAction, Mapped};
use crate::plan::{self, Inputs, Ledger, Policy, SourceInfo, Survey};
use crate::record::EmployeeId;
use crate::source;

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
    pub(super) mapped: Vec<Mapped>,
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
    let ledger = scene.ledger(&rules.feed, day)?;
    let context = Context::on(day, scene.snapshot.default_domain.clone());
    let mut mapped = Vec::with_capacity(read.reading.records.len());
    read.reading.records.each(|record| mapped.push(read.bound.map(&record, &context))).map_err(Failure::usage)?;
    let measure = whole && only.is_none();
    let inputs = Inputs {
        source: source_info(read),
        target: scene.connection.target(&scene.snapshot.tenant),
        mapped,
        whole,
        only: only.cloned(),
        snapshot: &scene.snapshot,
        ledger: &ledger,
        rules,
        policy,
        today: day,
        created_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        columns: measure.then(|| columns(read)).transpose()?,
    };
    let mut survey = plan::survey(&inputs);
    let mapped = inputs.mapped;
    let anew = scene.store.starts_anew(&scene.snapshot.tenant).map_err(|fault| Failure::cannot(&fault))?;
    if anew && !scene.snapshot.users.is_empty() {
        survey.notes.push("the state folder knows nobody of this tenant: hrpush starts anew".to_owned());
    }
    if !read.mapping.time_zone_given() {
        survey.notes.push("the mapping names no time zone: days begin by UTC".to_owned());
    }
    let answer = Answer { survey, mapped, ledger, context, day, measure };
    match only.into_iter().flatten().find(|key| !answer.knows(key)) {
        Some(key) => Err(nobody(key)),
        None => Ok(answer),
    }
}

impl Answer {
    /// Whether HR or an earlier run names this person.
    pub(super) fn knows(&self, key: &EmployeeId) -> bool {
        self.ledger.people.contains_key(key) || self.mapped.iter().any(|mapped| key_of(mapped) == Some(key))
    }
}

/// Nobody of that name.
pub(super) fn nobody(key: &EmployeeId) -> Failure {
    let key = crate::report::shown(key.as_str());
    Failure::usage(format!("nobody has the key `{key}`, neither in HR nor in what earlier runs left"))
}

pub(super) fn key_of(mapped: &Mapped) -> Option<&EmployeeId> {
    match mapped {
        Mapped::Desired(desired) => Some(&desired.key),
        Mapped::Held(held) => held.key.as_ref(),
        Mapped::OutOfScope { key, .. } => Some(key),
    }
}

/// What must be read of the tenant for this mapping.
pub(super) fn wanted(read: &Read, protect_groups: &[String]) -> Wanted {
    let rules = read.mapping.rules();
    let leave = rules.lifecycle.as_ref().map(|lifecycle| lifecycle.on_leave.as_slice()).unwrap_or_default();
    Wanted {
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

/// Of each mapped column the share of empty cells in thousandths, and the distinct values.
fn columns(read: &Read) -> Result<BTreeMap<String, (u64, u64)>, Failure> {
    let used = read.mapping.columns();
    let records = (read.reading.records.len() as u64).max(1);
    let profiles = source::profile(&read.reading).map_err(Failure::usage)?.into_iter();
    let mapped = profiles.filter(|profile| used.contains(&profile.column));
    Ok(mapped.map(|profile| (profile.column, (profile.empty * 1000 / records, profile.distinct))).collect())
}
