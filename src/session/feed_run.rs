//! `hrpush import`, `hrpush sync` and `hrpush plan`: from HR's records to a plan, and as far as it may go from there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use super::connect::Aim;
use super::delivered_files;
use super::error::{Ended, Failure};
use super::execute::{Consent, Ready, carry_out};
use super::held_records;
use super::interrupt::{block_on, unless_interrupted};
use super::load_source::{self, Read};
use super::output::write_private;
use super::plan::{Question, answer, wanted};
use super::run_state::Memory;
use super::settings::{self, Settings};
use super::tenant::Scene;
use crate::commands::cli::{Common, Import, MapArgs, OnlyArgs, PlanArgs, StopArgs, Sync, TargetArgs};
use crate::graph::Priority;
use crate::record::EmployeeId;
use crate::report;

/// What tells these three commands apart.
struct Request<'a> {
    files: &'a [PathBuf],
    graph_url: Option<&'a str>,
    stop: &'a StopArgs,
    map: &'a MapArgs,
    only: &'a [String],
    partial: bool,
    consent: Consent,
    priority: Priority,
    /// Whether no person sees the plan before it is applied.
    unattended: bool,
    out: Option<&'a Path>,
}

impl<'a> Request<'a> {
    /// A whole reading of the configured source that writes nothing.
    fn new(target: &'a TargetArgs, stop: &'a StopArgs, map: &'a MapArgs, only: &'a OnlyArgs) -> Self {
        Self {
            files: &[],
            graph_url: target.graph_url.as_deref(),
            stop,
            map,
            only: &only.only,
            partial: false,
            consent: Consent::Never,
            priority: Priority::Normal,
            unattended: false,
            out: None,
        }
    }
}

pub(crate) fn import(common: &Common, args: &Import) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let request = Request {
        files: &args.files,
        partial: args.partial.partial,
        consent: Consent::by(&args.stop, &args.yes),
        ..Request::new(&args.target, &args.stop, &args.map, &args.only)
    };
    block_on(|cancelled| go(common, &settings, request, cancelled))
}

pub(crate) fn sync(common: &Common, args: &Sync) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let graph_url = args.target.graph_url.as_deref();
    if let Aim::Embedded = Aim::of_run(&settings, graph_url)? {
        return Err(Failure::usage(
            "sync has no tenant: there is no [tenant] here, no --graph-url and no HRPUSH_ACCESS_TOKEN\n  hint: is this the right folder? --config names the configuration",
        ));
    }
    let request = Request {
        consent: if args.stop.dry_run { Consent::Never } else { Consent::Given },
        priority: Priority::Low,
        unattended: true,
        ..Request::new(&args.target, &args.stop, &args.map, &args.only)
    };
    block_on(|cancelled| go(common, &settings, request, cancelled))
}

pub(crate) fn plan(common: &Common, args: &PlanArgs) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let request = Request {
        files: &args.files,
        partial: args.partial.partial,
        out: args.out.as_deref(),
        ..Request::new(&args.target, &args.stop, &args.map, &args.only)
    };
    block_on(|cancelled| go(common, &settings, request, cancelled))
}

async fn go(
    common: &Common,
    settings: &Settings,
    request: Request<'_>,
    cancelled: watch::Receiver<bool>,
) -> Result<Ended, Failure> {
    let aim = Aim::of_run(settings, request.graph_url)?;
    let only = only(request.only)?;
    let read = unless_interrupted(&cancelled, load_source::read(settings, request.files, request.map)).await?;
    let policy = settings.policy();
    let wanted = wanted(&read, &policy.protect_groups);
    let mut scene = Scene::open(settings, settings.store()?, &aim, None, &wanted, request.priority, &cancelled).await?;
    let question =
        Question { read: &read, policy: &policy, as_of: request.map.as_of, only: only.as_ref(), whole: !request.partial };
    let answer = answer(&question, &scene)?;
    held_records::keep(&mut scene, &read, &answer, only.as_ref())?;
    let rules = read.mapping.rules();
    let mut survey = answer.survey;
    let told = repeated(&read, &scene, request.consent)?;
    survey.notes.extend(told);
    survey.notes.splice(0..0, read.reading.told.iter().cloned());
    if request.unattended && request.stop.approve.is_none() {
        survey.reading.forget_new_statuses(answer.ledger.last_reading.as_ref());
    }
    let memory = Memory::Read {
        feed: rules.feed.clone(),
        reading: answer.measure.then_some(survey.reading),
        presence: survey.presence,
        matched: survey.matched,
        people: answer.people,
        only,
        delivery: read.delivery,
    };
    if let Some(path) = request.out {
        let document = report::json(&survey.plan.clone().sealed()).map_err(|fault| Failure::cannot(&fault))?;
        write_private(path, &document)?;
        memory.stage(&mut scene.store, &scene.snapshot, &survey.plan)?;
    }
    let matching = rules.matching.first().copied();
    let ready = Ready {
        common,
        settings,
        stop: request.stop,
        consent: request.consent,
        plan: survey.plan,
        drifted: Vec::new(),
        notes: survey.notes,
        matching,
        memory,
        cancelled,
    };
    carry_out(ready, &mut scene).await
}

/// Says or refuses that the last good run has read the same bytes.
fn repeated(read: &Read, scene: &Scene, consent: Consent) -> Result<Option<String>, Failure> {
    if read.asked {
        return Ok(None);
    }
    let feed = &read.mapping.rules().feed;
    let before = delivered_files::read_before(&scene.store, &scene.snapshot.tenant, feed, &read.reading.sha256)?;
    let name = &read.reading.name;
    match before {
        Some(day) if read.refuse_repeated && consent != Consent::Never => Err(Failure::usage(format!(
            "{name}: the good run of {day} read the same file\n  hint: `repeated = \"say\"` in [source] lets it through"
        ))),
        Some(day) => Ok(Some(format!("{name}: the same file as in the good run of {day}"))),
        None => Ok(None),
    }
}

/// The people of `--only`.
fn only(keys: &[String]) -> Result<Option<BTreeSet<EmployeeId>>, Failure> {
    let keys: Option<BTreeSet<EmployeeId>> = keys.iter().map(|key| EmployeeId::new(key)).collect();
    let keys = keys.ok_or_else(|| Failure::usage("--only needs a key that is not empty"))?;
    Ok((!keys.is_empty()).then_some(keys))
}
