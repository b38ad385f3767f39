//! The metrics file of a state folder: the figures of every feed after a run.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::error::Failure;
use super::run_end::RunEnd;
use super::settings::Settings;
use crate::apply::RunId;
use crate::plan::Summary;
use crate::report::{self, FeedFigures};
use crate::store::{FeedMetrics, GoodRun, RunRow, Store};

/// Counts the requests of a run, and writes the metrics file where one is named.
pub(crate) fn keep(settings: &Settings, end: &RunEnd) -> Result<(), Failure> {
    if !end.kind.plans() {
        return Ok(());
    }
    let facts = &end.facts;
    let known = facts.feed.as_ref().zip(facts.run.as_ref()).filter(|_| facts.summary.is_some() && !facts.dry_run);
    if known.is_none() && settings.metrics_file.is_none() {
        return Ok(());
    }
    let mut store = settings.store()?;
    if let Some((feed, run)) = known {
        store.count_run(feed, &RunId(run.clone()), facts.findings.requests.unwrap_or_default(), &facts.findings.guards)?;
    }
    match &settings.metrics_file {
        Some(file) => write(file, &report::metrics(&figures(&store)?)),
        None => Ok(()),
    }
}

/// The figures of every feed by its last run that was to write. A run without a feed counts while it is the last one.
pub(super) fn figures(store: &Store) -> Result<Vec<FeedFigures>, Failure> {
    let good = store.last_good_runs()?;
    let counters = store.feed_metrics()?;
    let mut feeds: BTreeMap<String, FeedFigures> = BTreeMap::new();
    for (at, row) in store.runs()?.into_iter().filter(|row| !row.dry_run && row.ended.is_some()).enumerate() {
        let Some(feed) = row.feed.clone().or_else(|| (at == 0).then(String::new)) else { continue };
        feeds.entry(feed).or_insert_with_key(|feed| of_feed(feed, &row, &good, &counters));
    }
    Ok(feeds.into_values().collect())
}

fn of_feed(feed: &str, row: &RunRow, good: &[GoodRun], counters: &[FeedMetrics]) -> FeedFigures {
    let seconds = |moment: Timestamp| moment.as_duration().as_secs_f64();
    let took = row.duration_ms.map(|took| std::time::Duration::from_millis(took).as_secs_f64());
    let began = row.started_at.parse().ok().map(seconds);
    let finished = good.iter().filter(|run| run.feed == feed).filter_map(|run| run.finished_at.parse::<Timestamp>().ok());
    let counters = counters.iter().find(|counters| counters.feed == feed);
    // The guards of an earlier run say nothing about this one.
    let guards =
        counters.filter(|counters| counters.run == row.run).map(|counters| counters.guards.as_slice()).unwrap_or_default();
    FeedFigures {
        feed: feed.to_owned(),
        last_run: began.map(|began| began + took.unwrap_or_default()),
        last_good_run: finished.max().map(seconds),
        duration: took,
        exit_code: row.exit_code,
        changes: row.summary.as_ref().map(changes).unwrap_or_default(),
        held: row.summary.as_ref().map(|summary| summary.held),
        guards: guards.iter().map(|guard| (guard.name, guard.tripped)).collect(),
        writes: counters.map_or(0, |counters| counters.writes),
        throttled: counters.map_or(0, |counters| counters.throttled),
    }
}

fn changes(summary: &Summary) -> Vec<(&'static str, u64)> {
    vec![
        ("create", summary.create),
        ("update", summary.update),
        ("enable", summary.enable),
        ("disable", summary.disable),
        ("restore", summary.restore),
        ("delete", summary.delete),
        ("createGroup", summary.create_group),
        ("updateGroup", summary.update_group),
        ("addMembers", summary.add_members),
        ("removeMembers", summary.remove_members),
    ]
}

/// Replaces the file at once, so that the collector never reads half of it. Its group may read it: it has counts, and no personal value.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    crate::apply::write_private(file, text.as_bytes()).map_err(|fault| Failure::file("write", file, &fault))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.is_file() {
            let mode = std::fs::Permissions::from_mode(0o640);
            std::fs::set_permissions(file, mode).map_err(|fault| Failure::file("write", file, &fault))?;
        }
    }
    Ok(())
}
