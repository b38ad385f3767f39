//! `hrpush import`, `hrpush sync` and `hrpush plan`: from HR's records to a plan, and as far as it may go from there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use super::cli::{Common, Import, MapArgs, PlanArgs, StopArgs, Sync};
use super::delivery;
use super::exit::{Ended, Failure};
use super::files::write_private;
use super::reading::{self, Read};
use super::run::{self, Consent, Memory, Ready, block_on, carry_out, unless_interrupted};
use super::settings::{self, Settings};
use super::target;
use crate::expr::Context;
use crate::graph::{Priority, Wanted};
use crate::mapping::{LeaveAction, Mapped};
use crate::plan::{self, Inputs, SourceInfo};
use crate::record::EmployeeId;
use crate::report;
use crate::source;

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
    out: Option<&'a Path>,
}

pub(super) fn import(common: &Common, args: &Import) -> Result<Ended, Failure> {
    let consent = match (args.stop.dry_run, args.yes.yes) {
        (true, _) => Consent::Never,
        (false, true) => Consent::Given,
        (false, false) => Consent::Ask,
    };
    let request = Request {
        files: &args.files,
        graph_url: args.target.graph_url.as_deref(),
        stop: &args.stop,
        map: &args.map,
        only: &args.only.only,
        partial: args.partial.partial,
        consent,
        priority: Priority::Normal,
        out: None,
    };
    let settings = settings::load(common)?;
    block_on(|cancelled| go(common, &settings, request, cancelled))
}

pub(super) fn sync(common: &Common, args: &Sync) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let graph_url = args.target.graph_url.as_deref();
    if target::is_embedded(&settings, graph_url) {
        return Err(Failure::usage(
            "sync has no tenant: there is no [tenant] here, no --graph-url and no HRPUSH_ACCESS_TOKEN\n  hint: is this the right folder? --config names the configuration",
        ));
    }
    let request = Request {
        files: &[],
        graph_url,
        stop: &args.stop,
        map: &args.map,
        only: &args.only.only,
        partial: false,
        consent: if args.stop.dry_run { Consent::Never } else { Consent::Given },
        priority: Priority::Low,
        out: None,
    };
    block_on(|cancelled| go(common, &settings, request, cancelled))
}

pub(super) fn plan(common: &Common, args: &PlanArgs) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    let request = Request {
        files: &args.files,
        graph_url: args.target.graph_url.as_deref(),
        stop: &args.stop,
        map: &args.map,
        only: &args.only.only,
        partial: args.partial.partial,
        consent: Consent::Never,
        priority: Priority::Normal,
        out: args.out.as_deref(),
    };
    block_on(|cancelled| go(common, &settings, request, cancelled))
}

async fn go(
    common: &Common,
    settings: &Settings,
    request: Request<'_>,
    cancelled: watch::Receiver<bool>,
) -> Result<Ended, Failure> {
    let read = reading::read(settings, request.files, request.map)?;
    let only = only(request.only)?;
    let mut store = settings.store()?;
    let _lock = store.lock().map_err(|fault| Failure::cannot(&fault))?;
    let connection =
        unless_interrupted(&cancelled, target::connect(settings, &mut store, request.graph_url, request.priority)).await?;
    let reader = connection.reader();
    let policy = settings.policy();
    let wanted = wanted(&read, &policy.protect_groups);
    let (snapshot, unsettled) =
        unless_interrupted(&cancelled, run::read_tenant(&mut store, &connection, &reader, &wanted)).await?;

    let rules = read.mapping.rules();
    let now = jiff::Timestamp::now();
    let day = request.map.as_of.unwrap_or_else(|| now.to_zoned(read.mapping.time_zone().clone()).date());
    let ledger = store.ledger(&rules.feed, &snapshot.tenant, day, &unsettled).map_err(|fault| Failure::cannot(&fault))?;
    let anew = store.starts_anew(&snapshot.tenant).map_err(|fault| Failure::cannot(&fault))?;
    let context = Context::on(day, snapshot.default_domain.clone());
    let mapped: Vec<Mapped> = read.reading.records.iter().map(|record| read.bound.map(record, &context)).collect();
    let desired = mapped.iter().filter_map(|mapped| match mapped {
        Mapped::Desired(desired) => Some((desired.key.clone(), plan::wanted(desired))),
        _ => None,
    });
    let wishes: BTreeMap<_, _> = desired.collect();
    let whole = !request.partial;
    let measure = whole && only.is_none();
    let survey = plan::survey(&Inputs {
        source: source_info(&read),
        target: connection.target(&snapshot.tenant),
        mapped,
        whole,
        only,
        snapshot: &snapshot,
        ledger: &ledger,
        rules,
        policy: &policy,
        today: day,
        created_at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        columns: measure.then(|| columns(&read)),
    });
    let mut notes = survey.notes;
    if let Some(day) = delivery::read_before(&store, &snapshot.tenant, &rules.feed, &read.reading.sha256)? {
        if read.refuse_repeated && request.consent != Consent::Never {
            let name = &read.reading.name;
            return Err(Failure::usage(format!(
                "{name}: the good run of {day} read the same file\n  hint: `repeated = \"say\"` in [source] lets it through"
            )));
        }
        notes.push(format!("{}: the same file as in the good run of {day}", read.reading.name));
    }
    if anew && !snapshot.users.is_empty() {
        notes.push("the state folder knows nobody of this tenant: hrpush starts anew".to_owned());
    }
    if !read.mapping.time_zone_given() {
        notes.push("the mapping names no time zone: days begin by UTC".to_owned());
    }
    if let Some(path) = request.out {
        let document = report::json(&survey.plan).map_err(|fault| Failure::cannot(&fault))?;
        write_private(path, &document)?;
    }
    let sandbox = connection.sandbox.is_some();
    let ready = Ready {
        common,
        settings,
        stop: request.stop,
        consent: if sandbox && request.consent == Consent::Ask { Consent::Given } else { request.consent },
        connection: &connection,
        snapshot: &snapshot,
        plan: survey.plan,
        drifted: Vec::new(),
        notes,
        matching: rules.matching.first().copied(),
        memory: Some(Memory {
            feed: rules.feed.clone(),
            reading: measure.then_some(survey.reading),
            matched: survey.matched,
            wanted: wishes,
            sha256: read.reading.sha256.clone(),
            delivery: read.delivery,
        }),
        cancelled,
    };
    carry_out(ready, &mut store).await
}

/// The people of `--only`.
fn only(keys: &[String]) -> Result<Option<BTreeSet<EmployeeId>>, Failure> {
    let keys: Option<BTreeSet<EmployeeId>> = keys.iter().map(|key| EmployeeId::new(key)).collect();
    let keys = keys.ok_or_else(|| Failure::usage("--only needs a key that is not empty"))?;
    Ok((!keys.is_empty()).then_some(keys))
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
fn columns(read: &Read) -> BTreeMap<String, (u64, u64)> {
    let used = read.mapping.columns();
    let records = (read.reading.records.len() as u64).max(1);
    source::profile(&read.reading)
        .into_iter()
        .filter(|profile| used.contains(&profile.column))
        .map(|profile| (profile.column, (profile.empty * 1000 / records, profile.distinct)))
        .collect()
}
