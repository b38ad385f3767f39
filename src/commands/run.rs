//! The way that every run takes: settle, read the tenant, plan, show, guard, confirm, apply, remember.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use jiff::civil::Date;
use tokio::sync::watch;

use super::cli::{Common, Format, StopArgs};
use super::delivery;
use super::exit::{Code, Ended, Failure};
use super::files::{print, write_private};
use super::reading::Delivery;
use super::settings::Settings;
use super::target::Connection;
use crate::apply::{self, Applied, Drifted, Journal as _, Live, Outcome};
use crate::directory::{Attribute, ObjectId, Snapshot, TenantId, Value};
use crate::graph::{Reader, Wanted, Writer};
use crate::plan::{ApprovedPlan, LastReading, Plan};
use crate::record::EmployeeId;
use crate::report;
use crate::store::Store;

/// Runs a future to its end, or until the user interrupts; the future learns of that by the receiver as well.
pub(super) fn block_on<F, W>(work: W) -> Result<Ended, Failure>
where
    W: FnOnce(watch::Receiver<bool>) -> F,
    F: Future<Output = Result<Ended, Failure>>,
{
    let runtime = tokio::runtime::Runtime::new().map_err(|fault| Failure::cannot(&fault))?;
    runtime.block_on(async {
        let (tell, cancelled) = watch::channel(false);
        tokio::spawn(async move {
            interrupted().await;
            tracing::warn!("interrupted: the requests in flight are finished");
            let _ = tell.send(true);
            // Kept open: a dropped sender would end the waiting of those who listen.
            std::future::pending::<()>().await;
        });
        work(cancelled).await
    })
}

/// Ends when the user or the system asks the process to stop.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The work, unless an interrupt comes first. Only for what writes nothing.
pub(super) async fn unless_interrupted<T>(
    cancelled: &watch::Receiver<bool>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut cancelled = cancelled.clone();
    tokio::select! {
        biased;
        _ = cancelled.wait_for(|stop| *stop) => Err(Failure::Interrupted),
        done = work => done,
    }
}

/// The tenant at this moment, with the ledger and the journal brought up to it.
pub(super) async fn read_tenant(
    store: &mut Store,
    connection: &Connection,
    reader: &Reader,
    wanted: &Wanted,
) -> Result<(Snapshot, BTreeMap<String, String>), Failure> {
    let read = async || reader.snapshot(wanted).await.map_err(|fault| Failure::cannot(&fault));
    let mut snapshot = read().await?;
    connection.check(&snapshot)?;
    let level = store.level(&snapshot.tenant).map_err(|fault| Failure::cannot(&fault))?;
    connection.client.restore(&level);
    let open = store.open_requests(&snapshot.tenant).map_err(|fault| Failure::cannot(&fault))?;
    let settled = apply::settle(reader, &open).await;
    store.settled(&settled).map_err(|fault| Failure::cannot(&fault))?;
    if !open.is_empty() {
        // What was found out may be younger than the first reading.
        snapshot = read().await?;
    }
    store.reconcile(&snapshot, today()).map_err(|fault| Failure::cannot(&fault))?;
    Ok((snapshot, settled.unsettled))
}

/// The day in UTC, for what concerns the tenant and not the people.
pub(super) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Who may say yes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// It was given by `--yes`, by cron, or the tenant is the sandbox.
    Given,
    /// Somebody must be asked.
    Ask,
    /// Nothing is ever written.
    Never,
}

/// A computed plan on its way through preview, guards and confirmation.
pub(super) struct Ready<'a> {
    pub(super) common: &'a Common,
    pub(super) settings: &'a Settings,
    pub(super) stop: &'a StopArgs,
    pub(super) consent: Consent,
    pub(super) connection: &'a Connection,
    pub(super) snapshot: &'a Snapshot,
    pub(super) plan: Plan,
    /// The changes of a saved plan that were left out.
    pub(super) drifted: Vec<Drifted>,
    pub(super) notes: Vec<String>,
    /// The first match attribute.
    pub(super) matching: Option<Attribute>,
    /// What the next run must know of the reading.
    pub(super) memory: Option<Memory>,
    pub(super) cancelled: watch::Receiver<bool>,
}

/// What a run leaves in the ledger.
pub(super) struct Memory {
    pub(super) feed: String,
    /// None after a reading that is no measure for the next.
    pub(super) reading: Option<LastReading>,
    pub(super) matched: Vec<(EmployeeId, ObjectId)>,
    pub(super) wanted: BTreeMap<EmployeeId, BTreeMap<String, Option<Value>>>,
    /// The sum of what was read.
    pub(super) sha256: String,
    /// The files that move away after a good run.
    pub(super) delivery: Option<Delivery>,
}

/// Shows the plan and carries it out, as far as guards and consent go.
pub(super) async fn carry_out(ready: Ready<'_>, store: &mut Store) -> Result<Ended, Failure> {
    let json = ready.common.format == Format::Json;
    if let Some(path) = &ready.stop.html {
        write_private(path, &report::html(&ready.plan))?;
    }
    if !json {
        print(&report::preview(&ready.plan))?;
    }
    if !ready.common.quiet {
        for note in &ready.notes {
            anstream::eprintln!("note: {}", report::shown(note));
        }
    }
    let mut why = concerns(&ready.plan);
    let pending = !ready.plan.changes.is_empty();
    let stopped = stopped_by(&ready.plan, ready.stop.approve.as_deref());
    if !stopped.is_empty() {
        why.splice(0..0, stopped);
        return shown(json, &ready.plan, Ended::with(Code::Guard, why));
    }
    if ready.consent == Consent::Never {
        if pending && ready.stop.detailed_exitcode {
            why.insert(0, format!("{} changes are pending", ready.plan.changes.len()));
            return shown(json, &ready.plan, Ended::with(Code::Pending, why));
        }
        let ended = attention(why);
        return shown(json, &ready.plan, ended);
    }
    if pending && ready.consent == Consent::Ask && !confirmed(&ready)? {
        why.insert(
            0,
            "nothing was written: the changes were not confirmed\n  hint: --yes applies them without a question".to_owned(),
        );
        return shown(json, &ready.plan, Ended::with(Code::Pending, why));
    }
    execute(ready, store, why).await
}

/// The plan on stdout, where it is the document of this run.
fn shown(json: bool, plan: &Plan, ended: Ended) -> Result<Ended, Failure> {
    if json {
        print(&document(plan)?)?;
    }
    Ok(ended)
}

fn document<T: serde::Serialize>(document: &T) -> Result<String, Failure> {
    report::json(document).map_err(|fault| Failure::cannot(&fault))
}

/// The guards that stop this plan, and an approval that is for another one; a line each.
fn stopped_by(plan: &Plan, approval: Option<&str>) -> Vec<String> {
    let approved = approval.map(str::trim) == Some(plan.fingerprint.as_str());
    let mut lines = Vec::new();
    if !approved {
        for guard in plan.guards.iter().filter(|guard| guard.tripped) {
            let limit = guard.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
            lines.push(format!("stopped by the guard `{}`: {} of {}, the limit is {limit}", guard.name, guard.count, guard.of));
        }
    }
    if approval.is_some() && !approved && !plan.changes.is_empty() {
        lines.push("the approval is for another plan: HR or the tenant has moved since".to_owned());
    }
    if !lines.is_empty() {
        lines.push(format!(
            "nothing was written\n  hint: look at the plan; --approve {} lets exactly this one through",
            plan.fingerprint
        ));
    }
    lines
}

/// What keeps a run from ending with 0 although it is done, a line each.
fn concerns(plan: &Plan) -> Vec<String> {
    let mut why = Vec::new();
    for line in report::leavers_to_see(plan) {
        why.push(format!("has left by HR, and only you can end the access: {line}"));
    }
    for held in plan.held.iter().take(10) {
        let key = held.key.as_ref().map_or("(no key)", EmployeeId::as_str);
        let place = held.record.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        why.push(report::shown(&format!("held {key}{place}: {} [{}]", held.message, held.code.as_str())));
    }
    if plan.held.len() > 10 {
        why.push(format!("held: {} more", plan.held.len() - 10));
    }
    why
}

fn attention(why: Vec<String>) -> Ended {
    let code = if why.is_empty() { Code::Done } else { Code::Attention };
    Ended::with(code, why)
}

/// Asks on the terminal; without one nobody has confirmed.
fn confirmed(ready: &Ready<'_>) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let count = ready.plan.changes.len();
    anstream::eprint!("Apply these {count} changes to {}? [y/N] ", report::shown(&ready.plan.target.tenant_id));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(|fault| Failure::cannot(&fault))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn execute(ready: Ready<'_>, store: &mut Store, mut why: Vec<String>) -> Result<Ended, Failure> {
    let Ready { common, settings, stop, connection, snapshot, plan, drifted, matching, memory, cancelled, .. } = ready;
    let tenant = TenantId(plan.target.tenant_id.clone());
    let nothing = plan.changes.is_empty();
    let approved = plan.approve(stop.approve.as_deref()).map_err(|stopped| Failure::CannotRun(stopped.to_string()))?;
    let tap = settings.policy().tap;
    let mut applied = if nothing {
        untouched(&approved, connection)
    } else {
        let writer = Writer::new(std::sync::Arc::clone(&connection.client));
        let reader = connection.reader();
        let live = Live { writer: &writer, reader: &reader };
        let run = store.begin(&approved).map_err(|fault| Failure::cannot(&fault))?;
        let options = apply::Options { run, snapshot, matching, tap, cancel: cancelled };
        apply::apply(&approved, &live, store, options).await.map_err(|fault| Failure::cannot(&fault))?
    };
    applied.outcome.drifted = drifted;
    let plan = approved.plan();
    for failed in applied.outcome.failed.iter().take(20) {
        why.push(report::shown(&format!("failed {}: {} [{}]", failed.key, failed.message, failed.code)));
    }
    if applied.outcome.failed.len() > 20 {
        why.push(format!("failed: {} more", applied.outcome.failed.len() - 20));
    }
    let mut ended = if applied.interrupted {
        why.insert(0, "interrupted: what was written is in the journal, the next run goes on from there".to_owned());
        Ended::with(Code::Interrupted, why)
    } else if applied.gave_up {
        why.insert(0, "error: the tenant answered no more; what was written is in the journal".to_owned());
        Ended::with(Code::CannotRun, why)
    } else {
        attention(why)
    };
    store.absorb(plan, &applied, today()).map_err(|fault| Failure::cannot(&fault))?;
    if let Some(memory) = memory {
        let left = remember(store, &tenant, memory, &applied, &ended)?;
        if !left.is_empty() {
            ended.code = Code::Attention;
            ended.why.extend(left);
        }
    }
    let level = store.level(&tenant).map_err(|fault| Failure::cannot(&fault))?;
    connection.client.remember(&level);
    if !nothing {
        let run = apply::RunId(applied.outcome.run.clone());
        store.finish(&run, &applied.outcome, ended.code.number()).map_err(|fault| Failure::cannot(&fault))?;
    }
    if common.format == Format::Json {
        print(&document(&applied.outcome)?)?;
    } else if !nothing {
        print(&report::outcome(&applied.outcome))?;
    }
    Ok(ended)
}

/// What a plan without changes leaves behind: an outcome, and no run.
fn untouched(approved: &ApprovedPlan, connection: &Connection) -> Applied {
    let mut outcome = Outcome::of(approved.plan(), None);
    let counted = connection.client.requests();
    outcome.requests = apply::RequestCounts {
        sent: counted.sent,
        batches: counted.batches,
        writes: counted.writes,
        resource_units: counted.resource_units,
        throttled: counted.throttled,
        retried: counted.retried,
    };
    Applied {
        outcome,
        results: Vec::new(),
        created: BTreeMap::new(),
        passes: BTreeMap::new(),
        refused: BTreeSet::new(),
        interrupted: false,
        gave_up: false,
    }
}

/// Keeps what the next run must know and puts the delivered files away; gives back what could not be put away.
fn remember(
    store: &mut Store,
    tenant: &TenantId,
    memory: Memory,
    applied: &Applied,
    ended: &Ended,
) -> Result<Vec<String>, Failure> {
    let Memory { feed, reading, matched, wanted, sha256, delivery } = memory;
    let created = applied.created.iter().filter_map(|(key, id)| Some((EmployeeId::new(key)?, id.clone())));
    let people = matched.into_iter().chain(created).filter_map(|(key, id)| {
        let wanted = wanted.get(&key)?.clone();
        Some((key, id, wanted))
    });
    store.remember(tenant, &feed, people).map_err(|fault| Failure::cannot(&fault))?;
    if let Some(reading) = reading
        && matches!(ended.code, Code::Done | Code::Attention)
    {
        store.good_reading(tenant, &feed, &reading).map_err(|fault| Failure::cannot(&fault))?;
        // What failed must find its file again.
        if applied.outcome.failed.is_empty() {
            delivery::keep(store, tenant, &feed, sha256, today().to_string())?;
            return Ok(delivery.as_ref().map(delivery::move_away).unwrap_or_default());
        }
    }
    Ok(Vec::new())
}
