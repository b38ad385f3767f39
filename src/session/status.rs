//! How the runs of a state folder are doing: what a monitor asks. Nothing here needs the network.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::error::{Code, Ended, Failure};
use super::notification::second;
use super::operator::operator;
use super::settings::Settings;
use crate::directory::TenantId;
use crate::notify::{Event, Message};
use crate::store::{EndKind, GoodRun, RunRow};
use crate::target::QuotaLevel as _;

/// A feed that had no run for so long was retired: it is not waited for, as long as another one runs.
const RETIRED: SignedDuration = SignedDuration::from_hours(30 * 24);

const NO_RUN: &str = "no run of this state folder has reached a tenant yet";

/// The runs of a state folder at one moment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// By the start of their last run, newest first.
    pub(crate) feeds: Vec<FeedStatus>,
    /// The last run that ended before its feed was known, if no run came after it.
    pub(crate) last_failure: Option<RunRow>,
    /// The size of the state folder.
    pub(crate) state_bytes: u64,
}

/// The runs of one feed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeedStatus {
    pub(crate) tenant_id: TenantId,
    pub(crate) feed: String,
    pub(crate) last_good_run: Option<GoodRun>,
    /// The age of the last good run in seconds.
    pub(crate) age_seconds: Option<i64>,
    pub(crate) last_run: RunRow,
    /// The records that the last run held.
    pub(crate) held: u64,
    /// The writes that the quota's model lets through at once.
    pub(crate) quota_writes: Option<f64>,
}

/// Reads the status of the state folder.
pub(crate) fn status(settings: &Settings, now: Timestamp) -> Result<Status, Failure> {
    let store = settings.store()?;
    let good = store.last_good_runs()?;
    let mut rows: Vec<RunRow> = store.runs()?.into_iter().filter(|row| !row.dry_run).collect();
    // A run without an end that holds no lock any more was killed; the next run will list it so.
    if rows.iter().any(|row| row.ended.is_none()) && !store.is_running()? {
        let dead = rows.iter_mut().filter(|row| row.ended.is_none());
        dead.for_each(|row| row.ended = Some(EndKind::Crashed));
    }
    let last_failure = rows.first().filter(|row| row.feed.is_none() && is_bad(row)).cloned();
    let mut seen = BTreeSet::new();
    let mut feeds = Vec::new();
    for row in rows {
        let (Some(tenant), Some(feed)) = (row.tenant.clone(), row.feed.clone()) else { continue };
        if seen.insert((tenant.0.clone(), feed.clone())) {
            let last_good = good.iter().find(|run| run.tenant_id == tenant && run.feed == feed).cloned();
            let quota_writes = store.level(&tenant)?.load().map(|level| level.writes);
            feeds.push(FeedStatus { quota_writes, ..FeedStatus::new(tenant, feed, row, last_good, now) });
        }
    }
    let began = |feed: &FeedStatus| feed.last_run.started_at.parse::<Timestamp>().ok();
    let newest = feeds.iter().filter_map(began).max();
    feeds.retain(|feed| began(feed).zip(newest).is_none_or(|(began, newest)| newest.duration_since(began) < RETIRED));
    Ok(Status { feeds, last_failure, state_bytes: bytes(store.folder()) })
}

impl Status {
    /// How `hrpush status` ends: all well, something to look at, or no good run for too long.
    pub(crate) fn ended(&self, max_age: SignedDuration) -> Ended {
        let late: Vec<String> = self.feeds.iter().filter_map(|feed| feed.late(max_age)).collect();
        if self.feeds.is_empty() {
            return Ended::with(Code::CannotRun, vec![NO_RUN.to_owned()]);
        }
        if !late.is_empty() {
            return Ended::with(Code::CannotRun, late);
        }
        let mut why: Vec<String> = self.feeds.iter().flat_map(FeedStatus::attention).collect();
        why.extend(self.last_failure.as_ref().map(ended_line));
        Ended::attention(why)
    }
}

impl Status {
    /// The message `late` of each feed without a good run for so long. A state folder without any run has one of its own.
    pub(crate) fn late_messages(&self, max_age: SignedDuration, now: Timestamp) -> Vec<Message> {
        let message = |reason: String| Message {
            reason: Some(reason),
            exit_code: Some(Code::CannotRun.number()),
            host: operator().host,
            ..Message::new(Event::Late, &second(now))
        };
        if self.feeds.is_empty() {
            return vec![message(NO_RUN.to_owned())];
        }
        let late = self.feeds.iter().filter_map(|feed| Some((feed, feed.late(max_age)?)));
        let late = late.map(|(feed, reason)| Message {
            run: Some(feed.last_run.run.0.clone()),
            feed: Some(feed.feed.clone()),
            tenant_id: Some(feed.tenant_id.0.clone()),
            ended: feed.last_run.ended.map(|ended| ended.as_str().to_owned()),
            summary: feed.last_run.summary.as_ref().and_then(|summary| serde_json::to_value(summary).ok()),
            fingerprint: feed.last_run.fingerprint.clone(),
            ..message(reason)
        });
        late.collect()
    }
}

impl FeedStatus {
    fn new(tenant_id: TenantId, feed: String, last_run: RunRow, last_good_run: Option<GoodRun>, now: Timestamp) -> Self {
        let finished = last_good_run.as_ref().and_then(|run| run.finished_at.parse::<Timestamp>().ok());
        Self {
            age_seconds: finished.map(|finished| now.duration_since(finished).as_secs()),
            held: last_run.summary.as_ref().map_or(0, |summary| summary.held),
            quota_writes: None,
            tenant_id,
            feed,
            last_good_run,
            last_run,
        }
    }

    fn late(&self, max_age: SignedDuration) -> Option<String> {
        let feed = &self.feed;
        match self.age_seconds {
            None => Some(format!("{feed}: no good run yet")),
            Some(age) if age > max_age.as_secs() => Some(format!("{feed}: the last good run is {} h old", age / 3_600)),
            Some(_) => None,
        }
    }

    fn attention(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if is_bad(&self.last_run) {
            lines.push(format!("{}: {}", self.feed, ended_line(&self.last_run)));
        }
        if self.held > 0 {
            lines.push(format!("{}: {} records are held", self.feed, self.held));
        }
        if self.last_run.failed > 0 {
            lines.push(format!("{}: {} changes of the last run failed", self.feed, self.last_run.failed));
        }
        lines
    }
}

fn is_bad(row: &RunRow) -> bool {
    !matches!(row.ended, Some(EndKind::Done | EndKind::NothingToDo | EndKind::Planned) | None)
}

fn ended_line(row: &RunRow) -> String {
    let ended = row.ended.map_or("unfinished", EndKind::as_str);
    let reason = row.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("the last run {} ended `{ended}`{reason}", row.run)
}

/// The size of the files of a folder; 0 for what cannot be read.
fn bytes(folder: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).filter(std::fs::Metadata::is_file).map(|file| file.len()).sum()
}
