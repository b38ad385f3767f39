//! The way that every run takes: settle, read the tenant, plan, show, guard, confirm, apply, remember.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use jiff::civil::Date;
use tokio::sync::watch;

use super::cli::{Common, Format, StopArgs, YesArgs};
use super::clock;
use super::exit::{Code, Ended, Failure};
use super::files::{print, write_private};
use super::memory::Memory;
use super::progress;
use super::scene::Scene;
use super::settings::Settings;
use super::target::Connection;
use crate::apply::{self, AgeFile, Applied, CredentialDelivery, Drifted, Journal as _, Outcome};
use crate::config::Deliver;
use crate::diagnostic::mask;
use crate::directory::{Attribute, Snapshot};
use crate::graph::{GraphTarget, Reader, Writer};
use crate::plan::{self, Action, ApprovedPlan, Guard, Leavers, Object, Plan, Skipped, SkippedCode};
use crate::report;
use crate::store::Store;
use crate::target::{SnapshotScope, TargetWriter};

/// What `deliver = "tap"` without a recipient comes to.
pub(super) const UNTOLD: &str =
    "Temporary Access Passes are made, and nobody learns them: `recipient` and `path` in [password] hand them over";

/// The tenant at this moment, with the ledger and the journal brought up to it.
pub(super) async fn read_tenant(
    store: &mut Store,
    connection: &Connection,
    reader: &Reader,
    wanted: &SnapshotScope,
) -> Result<(Snapshot, BTreeMap<String, String>), Failure> {
    let kept = store.readings(&connection.place());
    let read = async || reader.current(wanted, &kept).await.map_err(|fault| Failure::cannot(&fault));
    let mut snapshot = read().await?;
    // Before anything is settled or remembered: what is written of people would have the wrong day.
    clock::against_tenant(jiff::Timestamp::now(), connection.client.skew())?;
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
    // Whoever was made a moment ago is not made again because a replica is behind.
    let lately = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    let made = store.made_since(&snapshot.tenant, lately).map_err(|fault| Failure::cannot(&fault))?;
    reader.complete(&mut snapshot, wanted, &made).await.map_err(|fault| Failure::cannot(&fault))?;
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
    /// It was given by `--yes` or by cron.
    Given,
    /// Somebody must be asked; the sandbox never asks.
    Ask,
    /// Nothing is ever written.
    Never,
}

impl Consent {
    /// What the options say.
    pub(super) fn by(stop: &StopArgs, yes: &YesArgs) -> Self {
        match (stop.dry_run, yes.yes) {
            (true, _) => Self::Never,
            (false, true) => Self::Given,
            (false, false) => Self::Ask,
        }
    }
}

/// A computed plan on its way through preview, guards and confirmation.
pub(super) struct Ready<'a> {
    pub(super) common: &'a Common,
    pub(super) settings: &'a Settings,
    pub(super) stop: &'a StopArgs,
    pub(super) consent: Consent,
    pub(super) plan: Plan,
    /// The changes of a saved plan or of an undo that were left out.
    pub(super) drifted: Vec<plan::Drifted>,
    pub(super) notes: Vec<String>,
    /// The first match attribute.
    pub(super) matching: Option<Attribute>,
    /// What the next run must know.
    pub(super) memory: Memory,
    pub(super) cancelled: watch::Receiver<bool>,
}

/// The changes that are left out, a note for each.
pub(super) fn left_out(moved: &[plan::Drifted]) -> Vec<String> {
    moved.iter().map(|moved| format!("left out, {}: {}", moved.key, moved.message)).collect()
}

/// Shows the plan and carries it out, as far as guards and consent go.
pub(super) async fn carry_out(ready: Ready<'_>, scene: &mut Scene) -> Result<Ended, Failure> {
    let json = ready.common.format == Format::Json;
    log_planned(&ready.plan);
    if let Some(path) = &ready.stop.html {
        write_private(path, &report::html(&ready.plan))?;
    }
    if !json {
        print(&report::preview(&ready.plan))?;
    }
    if !ready.common.quiet {
        for note in ready.notes.iter().chain(&scene.notes) {
            anstream::eprintln!("note: {}", report::shown(&mask::message(note)));
        }
    }
    if matches!(ready.settings.config.password.deliver, Deliver::Tap(None)) && lets_in(&ready.plan) && !ready.common.quiet {
        anstream::eprintln!("note: {UNTOLD}");
    }
    let mut why = report::concerns(&ready.plan);
    let count = ready.plan.changes.len();
    let stopped = stopped_by(&ready.plan, ready.stop.approve.as_deref(), &ready.settings.policy(), scene)?;
    if !stopped.is_empty() {
        return stop_or_disable_leavers(ready, scene, stopped, why).await;
    }
    let stopped = if ready.consent == Consent::Never {
        let told = count > 0 && ready.stop.detailed_exitcode;
        told.then(|| (Code::Pending, vec![format!("{count} changes are pending")]))
    } else if count > 0 && ready.consent == Consent::Ask && scene.connection.sandbox.is_none() && !confirmed(&ready, &ready.plan)?
    {
        let line = "nothing was written: the changes were not confirmed\n  hint: --yes applies them without a question";
        Some((Code::Pending, vec![line.to_owned()]))
    } else {
        None
    };
    if let Some((code, lines)) = stopped {
        why.splice(0..0, lines);
        return shown(json, &ready.plan, Ended::with(code, why));
    }
    if ready.consent == Consent::Never {
        return shown(json, &ready.plan, attention(why));
    }
    let approved = ready.plan.clone().approve(ready.stop.approve.as_deref());
    let approved = approved.map_err(|stopped| Failure::CannotRun(stopped.to_string()))?;
    execute(ready, Approval::Whole(approved), scene, why).await
}

/// A plan that a guard stopped: its leavers are disabled where the configuration asks for it and consent is given.
async fn stop_or_disable_leavers(
    ready: Ready<'_>,
    scene: &mut Scene,
    mut stopped: Vec<String>,
    why: Vec<String>,
) -> Result<Ended, Failure> {
    let leavers = leavers_of_stopped(&ready);
    let count = leavers.as_ref().map_or(0, |leavers| leavers.plan().changes.len());
    let consents = |leavers: &ApprovedPlan| {
        let given = ready.consent == Consent::Given || scene.connection.sandbox.is_some();
        if given { Ok(true) } else { confirmed(&ready, leavers.plan()) }
    };
    let going = match leavers {
        Some(leavers) if consents(&leavers)? => Some(leavers),
        _ => None,
    };
    let written = match &going {
        Some(_) => format!("{count} leavers are disabled, and nothing else is written"),
        None if count > 0 => format!(
            "nothing was written: {count} leavers keep their access until the disables are confirmed\n  hint: --yes disables them without a question"
        ),
        None => "nothing was written".to_owned(),
    };
    if let Some(last) = stopped.last_mut() {
        last.insert_str(0, &written);
    }
    stopped.extend(why);
    match going {
        Some(leavers) => execute(ready, Approval::LeaversOnly(leavers), scene, stopped).await,
        None => shown(ready.common.format == Format::Json, &ready.plan, Ended::with(Code::Guard, stopped)),
    }
}

/// How much of a plan is carried out.
enum Approval {
    /// All of it.
    Whole(ApprovedPlan),
    /// The disables of a plan that a guard stopped, `[guard] leavers = "go"`.
    LeaversOnly(ApprovedPlan),
}

/// The disables that are carried out although a guard stopped the plan.
fn leavers_of_stopped(ready: &Ready<'_>) -> Option<ApprovedPlan> {
    if ready.consent == Consent::Never || ready.settings.policy().leavers == Leavers::Wait {
        return None;
    }
    ready.plan.clone().approve(None).err()?.leavers()
}

/// Counts alone: whose they are stays out of the log.
fn log_planned(plan: &Plan) {
    let tripped = plan.guards.iter().filter(|guard| guard.tripped).count();
    let Plan { source, summary, fingerprint, .. } = plan;
    tracing::info!(
        records = source.records,
        held = summary.held,
        skipped = summary.skipped,
        tripped,
        fingerprint,
        "planned {} changes",
        plan.changes.len()
    );
}

/// Counts alone, as at the start.
fn log_done(outcome: &Outcome) {
    let Outcome { run, applied, failed, requests, duration_ms, .. } = outcome;
    let (failed, writes, throttled) = (failed.len(), requests.writes, requests.throttled);
    tracing::info!(run, failed, writes, throttled, duration_ms, "carried out {applied} changes");
}

/// The plan on stdout, where it is the document of this run.
fn shown(json: bool, plan: &Plan, ended: Ended) -> Result<Ended, Failure> {
    if json {
        print(&document(&plan.clone().sealed())?)?;
    }
    Ok(ended)
}

fn document<T: serde::Serialize>(document: &T) -> Result<String, Failure> {
    report::json(document).map_err(|fault| Failure::cannot(&fault))
}

/// The guards that stop this plan, and an approval that is for another one or was used before; a line each.
fn stopped_by(plan: &Plan, approval: Option<&str>, policy: &plan::Policy, scene: &Scene) -> Result<Vec<String>, Failure> {
    let mut approved = approval.map(str::trim) == Some(plan.fingerprint.as_str());
    let tripped: Vec<&Guard> = plan.guards.iter().filter(|guard| guard.tripped).collect();
    let mut lines = Vec::new();
    let mut spent = false;
    if approval.is_some() && !approved && !plan.changes.is_empty() {
        lines.push("the approval is for another plan: HR or the tenant has moved since".to_owned());
    }
    if approved && !tripped.is_empty() {
        let used =
            scene.store.approval_used(&scene.snapshot.tenant, &plan.fingerprint).map_err(|fault| Failure::cannot(&fault))?;
        if let Some(run) = used {
            lines.push(format!("the approval was used by the run {run}: it lets a plan through once"));
            (approved, spent) = (false, true);
        }
    }
    if !approved {
        for guard in tripped {
            let limit = guard.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
            let (name, count, of) = (report::shown(&guard.name), guard.count, guard.of);
            let weekly = guard.limit < policy.limit(&guard.name).most(guard.of);
            let left = if weekly { ", what is left of the week" } else { "" };
            lines.push(format!("stopped by the guard `{name}`: {count} of {of}, the limit is {limit}{left}"));
            lines.extend(guard.columns.iter().map(|column| format!("  {}", report::lost_column(column))));
        }
    }
    if !lines.is_empty() {
        let way = if spent {
            "the same changes came back; if they are right, raise the limit of that guard in [guard]".to_owned()
        } else {
            format!("look at the plan; --approve {} lets exactly this one through, once", plan.fingerprint)
        };
        lines.push(format!("\n  hint: {way}"));
    }
    Ok(lines)
}

/// The attributes that Graph refuses to this app, a line each.
fn refusals<'s>(skipped: impl Iterator<Item = &'s Skipped>) -> Vec<String> {
    let refused = skipped.filter(|skipped| skipped.code == SkippedCode::RefusedByGraph);
    refused.map(|skipped| report::shown(&format!("not written {}", skipped.message))).collect()
}

fn attention(why: Vec<String>) -> Ended {
    let code = if why.is_empty() { Code::Done } else { Code::Attention };
    Ended::with(code, why)
}

/// Asks on the terminal; without one nobody has confirmed.
fn confirmed(ready: &Ready<'_>, plan: &Plan) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let (count, deeds) =
        (plan.changes.len(), if plan.changes.len() == ready.plan.changes.len() { "changes" } else { "disables" });
    anstream::eprint!("Apply these {count} {deeds} to {}? [y/N] ", report::shown(&plan.target.tenant_id));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(|fault| Failure::cannot(&fault))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn execute(ready: Ready<'_>, approval: Approval, scene: &mut Scene, mut why: Vec<String>) -> Result<Ended, Failure> {
    let Ready { common, settings, drifted, matching, memory, cancelled, .. } = ready;
    let (approved, stopped) = match approval {
        Approval::Whole(approved) => (approved, false),
        Approval::LeaversOnly(leavers) => (leavers, true),
    };
    // The reading of a stopped plan is no measure for the next one.
    let memory = if stopped { Memory::Nothing } else { memory };
    scene.store.observe(&scene.snapshot).map_err(|fault| Failure::cannot(&fault))?;
    let mut applied = if approved.plan().changes.is_empty() {
        untouched(&approved, scene)?
    } else {
        write(&approved, scene, settings, common.quiet, matching, cancelled).await?
    };
    let moved = |plan::Drifted { seq, key, action, message }| Drifted { seq, key, action, message };
    applied.outcome.drifted = drifted.into_iter().map(moved).collect();
    applied.outcome.stopped = stopped;
    why.extend(failures(&applied.outcome));
    // What the plan left out itself stands there already.
    let earlier = &approved.plan().skipped;
    why.extend(refusals(applied.outcome.skipped.iter().filter(|skipped| !earlier.contains(skipped))));
    let mut ended = ending(&applied, why);
    if stopped && matches!(ended.code, Code::Done | Code::Attention) {
        ended.code = Code::Guard;
    }
    let plan = approved.plan();
    scene.store.absorb(plan, &applied, today()).map_err(|fault| Failure::cannot(&fault))?;
    let left = memory.keep(&mut scene.store, &scene.snapshot, &applied, plan, ended.code)?;
    if !left.is_empty() {
        ended.code = Code::Attention;
        ended.why.extend(left);
    }
    let level = scene.store.level(&scene.snapshot.tenant).map_err(|fault| Failure::cannot(&fault))?;
    scene.connection.client.remember(&level);
    let run = apply::RunId(applied.outcome.run.clone());
    scene.store.finish(&run, &applied.outcome, ended.code.number()).map_err(|fault| Failure::cannot(&fault))?;
    log_done(&applied.outcome);
    if common.format == Format::Json {
        print(&document(&applied.outcome)?)?;
    } else if !plan.changes.is_empty() {
        print(&report::outcome(&applied.outcome))?;
    }
    Ok(ended)
}

/// Journals the plan and carries it out: the only place where a writer is made.
async fn write(
    approved: &ApprovedPlan,
    scene: &mut Scene,
    settings: &Settings,
    quiet: bool,
    matching: Option<Attribute>,
    cancel: watch::Receiver<bool>,
) -> Result<Applied, Failure> {
    let Scene { store, connection, snapshot, .. } = scene;
    let writer = Writer::new(std::sync::Arc::clone(&connection.client));
    let reader = connection.reader();
    let level = store.level(&snapshot.tenant).map_err(|fault| Failure::cannot(&fault))?;
    let live = GraphTarget::new(&writer, &reader, &level);
    let deliver = &settings.config.password.deliver;
    let file = match deliver {
        Deliver::File(to) | Deliver::Tap(Some(to)) if lets_in(approved.plan()) => Some(AgeFile::new(&to.path, &to.recipient)),
        _ => None,
    };
    let file = file.transpose().map_err(|fault| Failure::cannot(&fault))?;
    let handing = match (&file, deliver) {
        (Some(file), Deliver::Tap(_)) => Some(CredentialDelivery::passes(&live, file, snapshot)),
        (Some(file), _) => Some(CredentialDelivery::passwords(&live, file, snapshot)),
        (None, _) => None,
    };
    let tenant = handing.as_ref().map_or(&live as &dyn TargetWriter, |handing| handing);
    let run = store.begin(approved).map_err(|fault| Failure::cannot(&fault))?;
    let client = std::sync::Arc::clone(&connection.client);
    let mut stop = cancel.clone();
    let stopping = tokio::spawn(async move {
        if stop.wait_for(|stop| *stop).await.is_ok() {
            client.stop();
        }
    });
    let options = apply::Options { run, snapshot, matching, tap: settings.policy().tap, cancel };
    let writes = apply::writes(approved.plan(), snapshot, options.tap, tenant.capabilities());
    let work = apply::apply(approved, tenant, store, options);
    let applied = progress::shown(quiet, &connection.client, writes, work).await;
    stopping.abort();
    applied.map_err(|fault| Failure::cannot(&fault))
}

/// Whether somebody may need a first password or a pass.
fn lets_in(plan: &Plan) -> bool {
    plan.changes
        .iter()
        .any(|change| change.object == Object::User && matches!(change.action, Action::Create | Action::Enable | Action::Restore))
}

/// What failed, a line each.
fn failures(outcome: &Outcome) -> Vec<String> {
    let told = outcome.failed.iter().take(20);
    let mut lines: Vec<String> =
        told.map(|failed| report::shown(&format!("failed {}: {} [{}]", failed.key, failed.message, failed.code))).collect();
    if outcome.failed.len() > 20 {
        lines.push(format!("failed: {} more", outcome.failed.len() - 20));
    }
    lines
}

fn ending(applied: &Applied, mut why: Vec<String>) -> Ended {
    if applied.interrupted {
        why.insert(0, "interrupted: what was written is in the journal, the next run goes on from there".to_owned());
        Ended::with(Code::Interrupted, why)
    } else if applied.gave_up {
        let left = applied.results.iter().filter(|result| result.state != apply::ChangeState::Done).count();
        let all = applied.results.len();
        why.insert(0, format!("error: the tenant answered no more, lets nothing through, or refuses the token; {left} of {all} changes are left to do\n  hint: what was written is in the journal, and the next run goes on from there"));
        Ended::with(Code::CannotRun, why)
    } else {
        attention(why)
    }
}

/// What a plan without changes leaves behind: that the run took place, and an outcome.
fn untouched(approved: &ApprovedPlan, scene: &mut Scene) -> Result<Applied, Failure> {
    let run = scene.store.begin(approved).map_err(|fault| Failure::cannot(&fault))?;
    let mut outcome = Outcome::of(approved.plan(), Some(&run));
    outcome.requests = scene.connection.client.requests();
    Ok(Applied {
        outcome,
        results: Vec::new(),
        created: BTreeMap::new(),
        passes: BTreeMap::new(),
        refused: BTreeMap::new(),
        written: BTreeSet::new(),
        interrupted: false,
        gave_up: false,
    })
}
