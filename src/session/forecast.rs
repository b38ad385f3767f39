//! The forecast: one reading, planned for each of the coming days.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::connect::TargetChoice;
use super::decision::{Consent, Decision, HeldRecords, Terms, judge};
use super::error::{Ended, Failure};
use super::feed_run::FeedRequest;
use super::load_source;
use super::mapped_reading::MappedReading;
use super::open_target::{ClockRule, OpenRequest, OpenTarget};
use super::parallel_map::Extent;
use super::pending_run::PendingRun;
use super::plan::{PlanRequest, PlanResult, compute, scope};
use super::run::Session;
use super::run_state::RunState;
use crate::diagnostic::Note;
use crate::plan::{Outlook, Plan, Policy};
use crate::report::{ForecastDay, ForecastPerson};
use crate::target::Priority;

/// The coming days, and how a dry run would end today.
pub(crate) struct Forecast {
    pub(crate) days: Vec<ForecastDay>,
    pub(crate) notes: Vec<Note>,
    pub(crate) ended: Ended,
}

/// Reads the source and the tenant once, and plans the reading for each day. Nothing is written and nothing is recorded.
pub(crate) async fn forecast(session: &Session<'_>, request: &FeedRequest, weeks: u16) -> Result<Forecast, Failure> {
    let settings = session.settings;
    let choice = TargetChoice::of_run(settings, request.graph_url.as_deref())?;
    let reading = load_source::read_for_days(session, &request.files, &request.options);
    let (mut read, rows) = session.unless_interrupted(reading).await?;
    let policy = settings.policy();
    let scope = scope(&read, &policy.protect_groups);
    let open = OpenRequest { choice: &choice, made_for: None, scope: &scope, priority: Priority::Low, clock: ClockRule::Refuse };
    let target = OpenTarget::open(session, settings.store()?, open).await?;
    let now = jiff::Timestamp::now().to_zoned(read.mapping.time_zone().clone()).date();
    let first = request.options.as_of.unwrap_or(now);
    let last = first.saturating_add((i64::from(weeks) * 7).days());
    let today = planned(&read, &policy, first, &target)?;
    let mut days = Vec::new();
    let mut before = Outlook::default();
    for day in first.series(1.day()).take_while(|day| *day <= last) {
        session.check_interrupt()?;
        if let Some(rows) = rows.as_ref().filter(|_| day != first) {
            read.reading = rows.clone().in_force(day, read.mapping.time_zone())?;
        }
        let result = if day == first { None } else { Some(planned(&read, &policy, day, &target)?) };
        let result = result.as_ref().unwrap_or(&today);
        let outlook = Outlook::of(&result.survey.plan);
        days.extend(events(day, &outlook, &before, result, &target));
        before = outlook;
    }
    let notes = read.reading.notes.iter().chain(&today.survey.notes).cloned().collect();
    let ended = dry_run(session, today.survey.plan, target)?;
    Ok(Forecast { days, notes, ended })
}

fn planned(read: &MappedReading, policy: &Policy, day: Date, target: &OpenTarget) -> Result<PlanResult, Failure> {
    compute(&PlanRequest { source: read, policy, as_of: Some(day), only: None, whole: true, extent: Extent::ForPlan }, target)
}

/// What a day brings. A day without an event is left out.
fn events(day: Date, outlook: &Outlook, before: &Outlook, result: &PlanResult, target: &OpenTarget) -> Option<ForecastDay> {
    let accounts: BTreeMap<&str, String> = result
        .survey
        .matched
        .iter()
        .filter_map(|(person, user)| {
            let user = target.snapshot.users.at(*user).to_user();
            let name = user.value(crate::directory::Attribute::find(crate::directory::roles::DISPLAY_NAME)?)?;
            Some((result.people.key(*person)?, name.as_text()?.to_owned()))
        })
        .collect();
    let person = |(key, event)| {
        let key: String = key;
        let name = outlook.name_of(&key).map(str::to_owned).or_else(|| accounts.get(key.as_str()).cloned());
        ForecastPerson { display_name: name, key, event }
    };
    let people: Vec<ForecastPerson> = outlook.since(before).into_iter().map(person).collect();
    (!people.is_empty()).then(|| ForecastDay::new(day, people))
}

/// How a dry run of this plan ends.
fn dry_run(session: &Session<'_>, plan: Plan, target: OpenTarget) -> Result<Ended, Failure> {
    let pending = PendingRun { plan, drifted: Vec::new(), notes: Vec::new(), matching: None, state: RunState::Nothing, target };
    let terms = Terms { consent: Consent::Never, approve: None, detailed_exit_code: false, held: HeldRecords::default() };
    match judge(session, &pending, &terms)?.decide(false) {
        Decision::End(ended) => Ok(ended),
        // A forecast never consents.
        Decision::Execute(_) => Ok(Ended::done()),
    }
}
