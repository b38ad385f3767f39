//! A run of a feed, as `import`, `sync` and `plan` start it: from the source to a pending run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::connect::TargetChoice;
use super::delivered_files;
use super::error::Failure;
use super::held_records;
use super::load_source;
use super::mapped_reading::{MappedReading, ReadOptions};
use super::open_target::{ClockRule, OpenRequest, OpenTarget};
use super::parallel_map::Extent;
use super::pending_run::PendingRun;
use super::plan::{PlanRequest, PlanResult, compute, scope};
use super::run::Session;
use super::run_reason::{RunReason, RunReasonCode};
use super::run_state::RunState;
use super::target_limits;
use crate::diagnostic::{Note, NoteCode};
use crate::record::EmployeeId;
use crate::target::Priority;

/// What is read, and how it is planned.
#[derive(Clone, Debug, Default)]
pub(crate) struct FeedRequest {
    /// The files, instead of the configured source.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) options: ReadOptions,
    /// Another Graph than that of the configured cloud.
    pub(crate) graph_url: Option<String>,
    /// The keys of the people that are planned. Empty for all.
    pub(crate) only: Vec<String>,
    /// Whether the files are a partial export.
    pub(crate) partial: bool,
    /// Whether the run may write once its plan is decided.
    pub(crate) may_write: bool,
    pub(crate) attendance: Attendance,
}

/// Whether a person sees the plan before it is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Attendance {
    #[default]
    Attended,
    Unattended {
        /// Whether a person has approved a plan by its fingerprint.
        approved: bool,
    },
}

/// Reads the source and the tenant, and computes the plan.
pub(crate) async fn plan(session: &Session<'_>, request: &FeedRequest) -> Result<PendingRun, Failure> {
    let settings = session.settings;
    session.learn(|facts| (facts.dry_run, facts.in_part) = (!request.may_write, request.partial || !request.only.is_empty()));
    let choice = TargetChoice::of_run(settings, request.graph_url.as_deref())?;
    let unattended = request.attendance != Attendance::Attended;
    if unattended && matches!(choice, TargetChoice::Embedded) {
        return Err(Failure::usage(
            "sync has no tenant: [tenant], --graph-url and HRPUSH_ACCESS_TOKEN are all missing\n  hint: is this the right folder? --config names the configuration",
        )
        .because(RunReason::new(RunReasonCode::Configuration, "sync has no tenant")));
    }
    let only = only(&request.only)?;
    let read = session.unless_interrupted(load_source::read(session, &request.files, &request.options)).await?;
    session.learn(|facts| facts.feed = Some(read.mapping.name().to_owned()));
    target_limits::check(settings, &read.mapping)?;
    let policy = settings.policy();
    let scope = scope(&read, &policy.protect_groups);
    let priority = if unattended { Priority::Low } else { Priority::Normal };
    let open = OpenRequest { choice: &choice, made_for: None, scope: &scope, priority, clock: ClockRule::Refuse };
    let mut target = OpenTarget::open(session, settings.store()?, open).await?;
    let plan_request = PlanRequest {
        source: &read,
        policy: &policy,
        as_of: request.options.as_of,
        only: only.as_ref(),
        whole: !request.partial,
        extent: Extent::ForPlan,
    };
    let mut result = compute(&plan_request, &target)?;
    held_records::store(&mut target, &read, &result, only.as_ref())?;
    if only.is_none() && !request.partial {
        held_records::store_absent(&mut target, &read.mapping.rules().feed, &result.survey.plan)?;
    }
    result.survey.notes.extend(repeated(&read, &target, request.may_write)?);
    let approved_before = result.ledger.approves(&result.survey.plan.fingerprint, policy.two_people);
    if request.attendance == (Attendance::Unattended { approved: false }) && !approved_before {
        result.survey.reading.forget_new_statuses(result.ledger.last_reading.as_ref());
    }
    Ok(pending(read, result, only, target))
}

fn pending(read: MappedReading, result: PlanResult, only: Option<BTreeSet<EmployeeId>>, target: OpenTarget) -> PendingRun {
    let PlanResult { survey, people, is_baseline, .. } = result;
    let rules = read.mapping.rules();
    let notes = read.reading.notes.iter().cloned().chain(survey.notes).collect();
    let state = RunState::Read {
        feed: rules.feed.clone(),
        reading: is_baseline.then_some(survey.reading),
        presence: survey.presence,
        matched: survey.matched,
        people,
        only,
        delivered: read.delivered,
    };
    let matching = rules.matching.first().copied();
    PendingRun { plan: survey.plan, drifted: Vec::new(), notes, matching, state, target }
}

/// A note that the last good run has read the same bytes. Where the configuration asks for it, this is refused.
fn repeated(read: &MappedReading, target: &OpenTarget, may_write: bool) -> Result<Option<Note>, Failure> {
    if read.queried {
        return Ok(None);
    }
    let feed = &read.mapping.rules().feed;
    let before = delivered_files::read_before(&target.store, &target.snapshot.tenant, feed, &read.reading.sha256)?;
    let name = &read.reading.name;
    match before {
        Some(day) if read.refuse_repeated && may_write => Err(Failure::usage(format!(
            "{name}: the good run of {day} read the same file\n  hint: set `repeated = \"say\"` in [source] to allow it"
        ))
        .because(RunReason::new(RunReasonCode::Source, format!("{name}: the good run of {day} read the same file")))),
        Some(day) => {
            let text = format!("{name}: the same file as in the good run of {day}");
            Ok(Some(Note::new(NoteCode::RepeatedFile, text).at(name)))
        }
        None => Ok(None),
    }
}

/// The people of `--only`.
fn only(keys: &[String]) -> Result<Option<BTreeSet<EmployeeId>>, Failure> {
    let keys: Option<BTreeSet<EmployeeId>> = keys.iter().map(|key| EmployeeId::new(key)).collect();
    let keys = keys.ok_or_else(|| {
        Failure::usage("--only needs a key that is not empty")
            .because(RunReason::new(RunReasonCode::Arguments, "--only needs a key that is not empty"))
    })?;
    Ok((!keys.is_empty()).then_some(keys))
}
