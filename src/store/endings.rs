//! How runs begin and end: each leaves a row, also one that never came to a plan.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

use super::{Operator, Store, StoreError, now};
use crate::apply::{Outcome, RunId};
use crate::directory::TenantId;
use crate::plan::Summary;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndKind {
    /// The run wrote, or tried to write.
    Done,
    /// HR and the tenant agreed already.
    NothingToDo,
    /// A plan that nothing was to be written of: a dry run or `plan`.
    Planned,
    /// Changes that were not confirmed.
    Pending,
    /// A guard tripped: at most the disables were carried out.
    Stopped,
    /// The input, the configuration or the mapping was refused.
    Refused,
    /// The network, a credential, the tenant or the state folder failed.
    CannotRun,
    /// The operator interrupted it.
    Interrupted,
    /// The process ended without a word; the next run of the folder records it.
    Crashed,
}

impl EndKind {
    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NothingToDo => "nothing-to-do",
            Self::Planned => "planned",
            Self::Pending => "pending",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::CannotRun => "cannot-run",
            Self::Interrupted => "interrupted",
            Self::Crashed => "crashed",
        }
    }

    /// The ending of this word.
    pub fn named(word: &str) -> Option<Self> {
        let word: StrDeserializer<'_, serde::de::value::Error> = word.into_deserializer();
        Self::deserialize(word).ok()
    }

    /// How a run ended that came to an outcome.
    pub(super) fn of_outcome(outcome: &Outcome, exit_code: u8) -> Self {
        match exit_code {
            130 => Self::Interrupted,
            1 => Self::CannotRun,
            2 => Self::Refused,
            3 => Self::Stopped,
            5 => Self::Pending,
            _ if outcome.applied > 0 || outcome.requests.writes > 0 => Self::Done,
            _ => Self::NothingToDo,
        }
    }
}

/// A run that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStart {
    /// The subcommand, such as `sync`.
    pub command: String,
    /// Whether nothing may be written.
    pub dry_run: bool,
    /// Whether it reads and plans everybody: without `--only` and `--partial`.
    pub whole: bool,
    /// The moment at which the run began.
    pub at: Timestamp,
    /// The operating system's user and host.
    pub by: Operator,
}

/// What is known at the end of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunResult {
    /// How it ended; none where the outcome has said it.
    pub ended: Option<EndKind>,
    /// The exit code of the process.
    pub exit_code: Option<u8>,
    /// Why, in one line without a personal value.
    pub reason: Option<String>,
    /// The code of that message.
    pub reason_code: Option<String>,
    /// The tenant, where the run came to know it.
    pub tenant: Option<TenantId>,
    /// The feed, where the run came to know it.
    pub feed: Option<String>,
    /// The name of the file or source.
    pub source: Option<String>,
    /// The fingerprint of a plan that was not journaled.
    pub fingerprint: Option<String>,
    /// The counts of that plan.
    pub summary: Option<Summary>,
    /// The approvals that let the plan through, as the row shows them.
    pub approved_by: Vec<serde_json::Value>,
    /// Whether nothing was to be written; none where that did not change since the run began.
    pub dry_run: Option<bool>,
    /// Whether everybody was planned; none where that did not change since the run began.
    pub whole: Option<bool>,
}

/// The reason of a run without an ending.
const CRASHED: &str = "the run did not end: it was killed, or this machine went down";

impl Store {
    /// Opens the row of a run, for the holder of the [`super::Lock`]. A plan that is journaled later goes into the same row. Runs before it
    /// that have no ending crashed.
    pub fn open_run(&mut self, start: &RunStart) -> Result<RunId, StoreError> {
        let run = self.new_run(Some(start))?;
        self.opened = Some(run.clone());
        Ok(run)
    }

    /// Records a run that ended before it held the lock.
    pub fn record_run(&mut self, start: &RunStart, end: &RunResult) -> Result<RunId, StoreError> {
        // At once: another run that begins in between would take it for one that crashed.
        let transaction = self.database.unchecked_transaction()?;
        let run = self.insert_run(Some(start))?;
        self.keep_end(&run, end)?;
        transaction.commit()?;
        Ok(run)
    }

    /// Records how a run ended. What its outcome said before stays where `end` has nothing.
    pub fn end_run(&mut self, run: &RunId, end: &RunResult) -> Result<(), StoreError> {
        self.keep_end(run, end)?;
        (self.begun, self.opened) = (None, None);
        self.seal_runs()
    }

    /// The runs without an ending, oldest first. For the holder of the [`super::Lock`] none of them still works: they crashed.
    pub fn unfinished_runs(&self) -> Result<Vec<RunId>, StoreError> {
        let mut select = self.database.prepare("select run from runs where ended is null order by number")?;
        let runs = select.query_map([], |row| Ok(RunId(row.get(0)?)))?;
        Ok(runs.collect::<Result<_, _>>()?)
    }

    pub(super) fn new_run(&mut self, start: Option<&RunStart>) -> Result<RunId, StoreError> {
        let crashed = "update runs set ended = 'crashed', reason = coalesce(reason, ?1), reason_code = coalesce(reason_code, 'crashed') \
                       where ended is null";
        self.database.execute(crashed, [CRASHED])?;
        self.insert_run(start)
    }

    fn insert_run(&self, start: Option<&RunStart>) -> Result<RunId, StoreError> {
        let mut random = [0_u8; 2];
        // Only tells apart two runs of one second; the folder's lock keeps them from being two at all.
        let _ = getrandom::fill(&mut random);
        let at = start.map_or_else(Timestamp::now, |start| start.at);
        let run = RunId(format!("{}-{:04x}", at.strftime("%Y%m%dT%H%M%S"), u16::from_le_bytes(random)));
        self.database.execute(
            "insert into runs (run, started_at, command, dry_run, whole, host, user) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                run.0,
                super::text(at),
                start.map(|start| &start.command),
                start.is_some_and(|start| start.dry_run),
                start.is_none_or(|start| start.whole),
                start.map(|start| &start.by.host),
                start.map(|start| &start.by.user),
            ],
        )?;
        Ok(run)
    }

    fn keep_end(&self, run: &RunId, end: &RunResult) -> Result<(), StoreError> {
        let approved_by = (!end.approved_by.is_empty()).then(|| serde_json::to_string(&end.approved_by)).transpose()?;
        let at = Timestamp::now();
        let select = "select started_at from runs where run = ?1";
        let began: Option<String> = self.database.query_row(select, [&run.0], |row| row.get(0)).optional()?;
        let began: Option<Timestamp> = began.and_then(|began| began.parse().ok());
        let took = began.map(|began| at.duration_since(began).as_millis()).and_then(|took| i64::try_from(took.max(0)).ok());
        self.database.execute(
            "update runs set ended = coalesce(?2, ended), exit_code = coalesce(?3, exit_code), reason = coalesce(?4, reason), \
             reason_code = coalesce(?5, reason_code), tenant = coalesce(tenant, ?6), feed = coalesce(feed, ?7), \
             source = coalesce(source, ?8), fingerprint = coalesce(fingerprint, ?9), summary = coalesce(summary, ?10), \
             approved_by = coalesce(?11, approved_by), finished_at = coalesce(finished_at, ?12), \
             duration_ms = coalesce(?13, duration_ms), dry_run = coalesce(?14, dry_run), whole = coalesce(?15, whole) where run = ?1 and link is null",
            params![
                run.0,
                end.ended.map(EndKind::as_str),
                end.exit_code,
                end.reason,
                end.reason_code,
                end.tenant.as_ref().map(|tenant| &tenant.0),
                end.feed,
                end.source,
                end.fingerprint,
                end.summary.as_ref().map(serde_json::to_string).transpose()?,
                approved_by,
                now(),
                took,
                end.dry_run,
                end.whole,
            ],
        )?;
        Ok(())
    }

    /// The last good run of each feed, and when it ended: of everybody, not dry, done or with nothing to do.
    pub fn last_good_runs(&self) -> Result<Vec<GoodRun>, StoreError> {
        let mut select = self.database.prepare(
            "select tenant, feed, run, max(number), coalesce(finished_at, started_at) from runs where tenant is not null and feed is not null \
             and whole and not dry_run and coalesce(command, 'sync') in ('sync', 'import') and ended in ('done', 'nothing-to-do') \
             group by tenant, feed order by tenant, feed",
        )?;
        let good = |row: &rusqlite::Row<'_>| {
            let tenant_id = TenantId(row.get(0)?);
            Ok(GoodRun { tenant_id, feed: row.get(1)?, run: RunId(row.get(2)?), finished_at: row.get(4)? })
        };
        let rows = select.query_map([], good)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The last good run of a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GoodRun {
    /// The tenant of the run.
    pub tenant_id: TenantId,
    /// The feed that the run read.
    pub feed: String,
    /// The run, by its id.
    pub run: RunId,
    /// When it ended, RFC 3339.
    pub finished_at: String,
}
