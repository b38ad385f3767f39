//! The third of three steps: an approved plan is carried out and recorded. This is the only file that makes a writer.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::approval::proposal;
use super::clock_check::today;
use super::decision::Approval;
use super::error::{Code, Ended, Failure};
use super::observer::{Event, Progress};
use super::open_target::OpenTarget;
use super::pending_run::{PendingRun, gives_access};
use super::run::Session;
use super::run_reason::{RunReason, RunReasonCode};
use super::run_state::RunState;
use super::settings::Settings;
use crate::apply::{self, AgeFile, Applied, ChangeState, CredentialDelivery, Drifted, Journal as _, Outcome, RunId};
use crate::config::{Deliver, TargetConfig};
use crate::directory::Attribute;
use crate::plan::{self, ApprovedPlan, Plan, Skipped};
use crate::report;
use crate::store::ApprovalRow;
use crate::target::{TargetConnection, TargetWriter};

/// How many failures are listed one by one.
const LISTED: usize = 20;

/// A plan that was carried out, wholly or in part.
pub(crate) struct Executed {
    pub(crate) outcome: Outcome,
    pub(crate) ended: Ended,
    /// Whether the plan had changes.
    pub(crate) had_changes: bool,
}

/// Carries out the approved plan and records what the next run must know.
pub(crate) async fn execute(session: &Session<'_>, pending: PendingRun, approval: Box<Approval>) -> Result<Executed, Failure> {
    let Approval { plan: approved, stopped, mut why } = *approval;
    let mut pending = pending;
    if stopped.is_some() {
        proposal::keep(session, &mut pending);
    }
    let PendingRun { drifted, matching, state, mut target, .. } = pending;
    let rows = target.store.approvals_numbered(approved.used())?;
    session.learn(|facts| facts.approved_by = rows.iter().map(ApprovalRow::named).collect());
    // The reading of a stopped plan is no baseline for the next one.
    let state = if stopped.is_some() { RunState::Nothing } else { state };
    target.store.observe(&target.snapshot)?;
    let mut applied = if approved.plan().changes.is_empty() {
        without_changes(&approved, &mut target)?
    } else {
        if stopped.is_none() {
            state.record_missing(&mut target)?;
        }
        write(session, &approved, &mut target, matching).await?
    };
    applied.outcome.drifted = drifted.into_iter().map(drifted_entry).collect();
    applied.outcome.stopped = stopped.is_some();
    session.learn(|facts| facts.applied(&applied.outcome));
    let plan = approved.plan();
    why.extend(failures(&applied.outcome));
    why.extend(unconfirmed(&applied.outcome, session.settings));
    // The refusals that the plan itself left out are among its concerns.
    why.extend(refusals(applied.outcome.skipped.iter().filter(|skipped| !plan.skipped.contains(skipped))));
    let ended = remember(state, &mut target, plan, &applied, ending(&applied, stopped, why))?;
    applied.outcome.link = session.conclude(&mut target.store, &ended)?;
    session.observer.event(Event::Applied(&applied.outcome));
    Ok(Executed { had_changes: !plan.changes.is_empty(), outcome: applied.outcome, ended })
}

/// Records the run in the ledger, the quota's level and the journal. The exit code may change, if delivered files cannot be moved.
fn remember(
    state: RunState,
    target: &mut OpenTarget,
    plan: &Plan,
    applied: &Applied,
    mut ended: Ended,
) -> Result<Ended, Failure> {
    target.store.record_outcome(plan, applied, today())?;
    let left = state.record(target, plan, applied, ended.code)?;
    if !left.is_empty() {
        ended.code = Code::Attention;
        ended.why.extend(left);
        ended.reason = Some(RunReason::attention(ended.why.len()));
    }
    let level = target.store.level(&target.snapshot.tenant)?;
    target.connection.link.remember(&level);
    target.store.finish(&RunId(applied.outcome.run.clone()), &applied.outcome, ended.code.number())?;
    Ok(ended)
}

/// Journals the plan and sends its requests.
async fn write(
    session: &Session<'_>,
    approved: &ApprovedPlan,
    target: &mut OpenTarget,
    matching: Option<Attribute>,
) -> Result<Applied, Failure> {
    let OpenTarget { store, connection, snapshot, .. } = target;
    let level = store.level(&snapshot.tenant)?;
    let live = connection.link.writer(&level);
    let deliver = &session.settings.config.password.deliver;
    let file = match deliver {
        Deliver::File(to) | Deliver::Tap(Some(to)) if gives_access(approved.plan()) => {
            Some(AgeFile::new(&to.path, &to.recipient))
        }
        _ => None,
    };
    let file = file.transpose()?;
    let handing = match (&file, deliver) {
        (Some(file), Deliver::Tap(_)) => Some(CredentialDelivery::passes(&*live, file, snapshot)),
        (Some(file), _) => Some(CredentialDelivery::passwords(&*live, file, snapshot)),
        (None, _) => None,
    };
    let tenant = handing.as_ref().map_or(&*live as &dyn TargetWriter, |handing| handing);
    let run = store.begin(approved)?;
    let link = Arc::clone(&connection.link);
    let mut stop = session.cancelled();
    let stopping = tokio::spawn(async move {
        if stop.wait_for(|stop| *stop).await.is_ok() {
            link.stop();
        }
    });
    let tap = session.settings.policy().tap;
    let accepted = store.accepted(&snapshot.tenant)?;
    let options = apply::Options { run, snapshot, matching, accepted, tap, cancel: session.cancelled() };
    let writes = apply::writes(approved.plan(), snapshot, tap, tenant.capabilities());
    let work = apply::apply(approved, tenant, store, options);
    let applied = observed(session, &*connection.link, writes, work).await;
    stopping.abort();
    Ok(applied?)
}

/// Does the work, and reports its progress four times a second.
async fn observed<T>(session: &Session<'_>, link: &dyn TargetConnection, writes: u64, work: impl Future<Output = T>) -> T {
    let report = |progress| session.observer.event(Event::Progress(progress));
    report(Progress::Started { writes });
    let before = link.requests().writes;
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                report(Progress::Finished);
                return done;
            }
            _ = tick.tick() => {
                let sent = link.requests().writes.saturating_sub(before).min(writes);
                let (left, rate) = link.forecast(writes - sent);
                report(Progress::Advanced { sent, left, rate });
            }
        }
    }
}

/// The trace of a plan without changes: an entry in the journal and an outcome.
fn without_changes(approved: &ApprovedPlan, target: &mut OpenTarget) -> Result<Applied, Failure> {
    let run = target.store.begin(approved)?;
    let mut outcome = Outcome::of(approved.plan(), Some(&run));
    outcome.requests = target.connection.link.requests();
    Ok(Applied {
        outcome,
        results: Vec::new(),
        created: BTreeMap::new(),
        passes: BTreeMap::new(),
        refused: BTreeMap::new(),
        written: BTreeSet::new(),
        updated: BTreeSet::new(),
        interrupted: false,
        gave_up: false,
    })
}

fn drifted_entry(entry: plan::Drifted) -> Drifted {
    let plan::Drifted { seq, key, action, message } = entry;
    Drifted { seq, key, action, message }
}

/// A line for each failure.
fn failures(outcome: &Outcome) -> Vec<String> {
    let line = |failed: &apply::Failed| report::shown(&format!("failed {}: {} [{}]", failed.key, failed.message, failed.code));
    let mut lines: Vec<String> = outcome.failed.iter().take(LISTED).map(line).collect();
    if outcome.failed.len() > LISTED {
        lines.push(format!("failed: {} more", outcome.failed.len() - LISTED));
    }
    lines
}

/// A line for the people of whom the target said nothing, although the run waited for it.
fn unconfirmed(outcome: &Outcome, settings: &Settings) -> Option<String> {
    let waited = match &settings.config.target {
        TargetConfig::Graph | TargetConfig::Scim(_) => false,
        TargetConfig::BulkUpload(config) => !config.wait.is_zero(),
    };
    let count = outcome.unconfirmed.len();
    (waited && count > 0).then(|| {
        format!("unconfirmed: the provisioning log has no entry yet for {count} of the accepted records; the next run asks first")
    })
}

/// A line for each attribute that the target refuses to this app.
fn refusals<'s>(skipped: impl Iterator<Item = &'s Skipped>) -> Vec<String> {
    let refused = skipped.filter(|skipped| skipped.code.is_refused_attribute());
    refused.map(|skipped| report::shown(&format!("not written {}", skipped.message))).collect()
}

fn ending(applied: &Applied, stopped: Option<RunReason>, mut why: Vec<String>) -> Ended {
    if applied.interrupted {
        why.insert(0, "interrupted: completed changes are recorded in the journal; the next run continues from there".to_owned());
        return Ended::with(Code::Interrupted, why).because(RunReasonCode::Interrupted);
    }
    if applied.gave_up {
        let left = applied.results.iter().filter(|result| result.state != ChangeState::Done).count();
        let all = applied.results.len();
        let facts = format!(
            "the tenant is unreachable, throttles every request, or rejects the token; {left} of {all} changes were not applied"
        );
        why.insert(
            0,
            format!(
                "error: stopped: {facts}\n  \
                 hint: completed changes are recorded in the journal; the next run continues from there"
            ),
        );
        return Ended::with(Code::CannotRun, why).because(RunReason::new(RunReasonCode::Tenant, facts));
    }
    match stopped {
        Some(reason) => Ended::with(Code::Guard, why).because(reason),
        None => Ended::attention(why),
    }
}
