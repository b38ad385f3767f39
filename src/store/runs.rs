//! The runs as `hrpush runs` lists and shows them and `hrpush undo` takes them.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

use super::columns::{IdColumn, StoredText, kind_of, moment, unpacked};
use super::endings::EndKind;
use super::{Store, StoreError};
use crate::apply::{Outcome, RunId};
use crate::directory::{ObjectId, TenantId};
use crate::plan::{Plan, Summary};
use crate::record::EmployeeId;

/// One line of `hrpush runs`. What does not apply is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    /// The id of the run.
    pub run: RunId,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// The name of the file or source.
    pub source: Option<String>,
    /// The plan's fingerprint.
    pub fingerprint: Option<String>,
    /// Changes that were carried out whole.
    pub applied: u64,
    /// Changes that were not.
    pub failed: u64,
    /// The exit code; none where it broke off.
    pub exit_code: Option<u8>,
    /// How it ended; none while it goes on.
    pub ended: Option<EndKind>,
    /// Why, in one line without a personal value.
    pub reason: Option<String>,
    /// The kind of the reason, for programs.
    pub reason_code: Option<String>,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// The tenant, once the run had read it.
    #[serde(skip)]
    pub tenant: Option<TenantId>,
    /// The feed, once the mapping was known.
    #[serde(skip)]
    pub feed: Option<String>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// The counts of the plan.
    pub summary: Option<Summary>,
    /// The host on which the run took place.
    pub host: Option<String>,
    /// The account on the machine.
    pub user: Option<String>,
    /// The people who let it through.
    pub approved_by: Option<serde_json::Value>,
}

/// One request of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    /// Its number within the run.
    pub request: u64,
    /// The change that it belongs to.
    pub seq: u64,
    /// The kind of the request, such as `create-user`.
    pub kind: String,
    /// The person's or the group's key.
    pub key: String,
    /// The object, where it was known.
    pub object: Option<String>,
    /// The attributes that it carried.
    pub attributes: Vec<String>,
    /// When it was sent.
    pub sent_at: String,
    /// When it was answered; none where it never was.
    pub answered_at: Option<String>,
    /// Whether the tenant was then as it wanted; none without an answer.
    pub done: Option<bool>,
    /// The id of what it made.
    pub id: Option<String>,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// Graph's error code.
    pub code: Option<String>,
    /// The message of Graph's refusal.
    pub message: Option<String>,
    /// Graph's request-id.
    pub request_id: Option<String>,
}

/// A request with the run that sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Write {
    /// The run that sent the request.
    pub run: RunId,
    /// The request with its answer.
    #[serde(flatten)]
    pub request: RequestRow,
}

/// A run with its plan, its requests and its outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The run as the list of runs shows it.
    #[serde(flatten)]
    pub row: RunRow,
    /// When it ended; none where it broke off.
    pub finished_at: Option<String>,
    /// The plan, as it was approved.
    pub plan: Plan,
    /// The outcome; none where it broke off.
    pub outcome: Option<Outcome>,
    /// The numbers of the changes that were carried out whole.
    pub done: Vec<u64>,
    /// Every request that was sent.
    pub requests: Vec<RequestRow>,
}

/// The word for the last run.
const LAST: &str = "last";

const ROW: &str = "select run, started_at, source, fingerprint, \
    case when exit_code is null and pruned_at is null \
        then (select count(*) from changes c where c.run = runs.number and done = 1) else applied end, \
    failed, exit_code, ended, reason, dry_run, feed, duration_ms, summary, host, user, approved_by, tenant, reason_code from runs";

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?.unwrap_or("null"));
    Ok(RunRow {
        run: RunId(row.get(0)?),
        started_at: row.get(1)?,
        source: row.get(2)?,
        fingerprint: row.get(3)?,
        applied: row.get::<_, i64>(4)?.unsigned_abs(),
        failed: row.get::<_, i64>(5)?.unsigned_abs(),
        exit_code: row.get(6)?,
        ended: row.get_ref(7)?.as_str_or_null()?.and_then(EndKind::named),
        reason: row.get(8)?,
        reason_code: row.get(17)?,
        dry_run: row.get(9)?,
        tenant: row.get::<_, Option<String>>(16)?.map(TenantId),
        feed: row.get(10)?,
        duration_ms: row.get::<_, Option<i64>>(11)?.map(i64::unsigned_abs),
        summary: serde_json::from_str(text(12)?).unwrap_or_default(),
        host: row.get(13)?,
        user: row.get(14)?,
        approved_by: serde_json::from_str(text(15)?).unwrap_or_default(),
    })
}

/// The columns of a request, of `requests q` with its `changes c`, attributes `n` and run `r`.
pub(super) const REQUEST: &str = "select q.request, q.seq, q.kind, coalesce(q.key, c.key, ''), q.object, n.name, q.sent_at, q.answered, q.done, \
    q.id, q.status, q.code, q.message, q.request_id, r.run from requests q join runs r on r.number = q.run \
    left join changes c on c.run = q.run and c.seq = q.seq left join names n on n.number = q.attributes";

pub(super) fn request_row(row: &Row<'_>) -> rusqlite::Result<RequestRow> {
    let (sent_at, answered): (i64, Option<i64>) = (row.get(6)?, row.get(7)?);
    let attributes = row.get_ref(5)?.as_str_or_null()?.unwrap_or_default();
    Ok(RequestRow {
        request: row.get::<_, i64>(0)?.unsigned_abs(),
        seq: row.get::<_, i64>(1)?.unsigned_abs(),
        kind: kind_of(row.get(2)?).as_str().to_owned(),
        key: row.get(3)?,
        object: row.get::<_, StoredText>(4)?.0,
        attributes: attributes.split_whitespace().map(str::to_owned).collect(),
        sent_at: moment(sent_at),
        answered_at: answered.map(|answered| moment(sent_at.saturating_add(answered))),
        done: row.get(8)?,
        id: row.get::<_, StoredText>(9)?.0,
        status: row.get(10)?,
        code: row.get(11)?,
        message: row.get(12)?,
        request_id: row.get::<_, StoredText>(13)?.0,
    })
}

/// The plan of a run, from its columns `plan` and `aside`.
pub(super) fn journaled(plan: &[u8], aside: &[u8]) -> Result<Plan, StoreError> {
    let plan: Plan = serde_json::from_str(&unpacked(plan)?)?;
    Ok(plan.with_change_asides(serde_json::from_str(&unpacked(aside)?)?))
}

impl Store {
    /// All runs, newest first, however they ended.
    pub fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        let mut select = self.database.prepare(&format!("{ROW} order by started_at desc, number desc"))?;
        let rows = select.query_map([], run_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The run that was journaled last in this folder, and when it began by the clock of its machine. A run that ended before is no measure:
    /// it may have been refused for its clock.
    pub fn last_start(&self) -> Result<Option<(RunId, Timestamp)>, StoreError> {
        let select = "select run, started_at from runs where run is not ?1 and counted is not null order by number desc limit 1";
        let open = self.opened.as_ref().map(|run| &run.0);
        let row: Option<(String, String)> =
            self.database.query_row(select, [open], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(row.and_then(|(run, began)| Some((RunId(run), began.parse().ok()?))))
    }

    /// The name of a run by the beginning of it.
    fn run_named(&self, name: &str) -> Result<String, StoreError> {
        let select = "select run from runs where run = ?1 or substr(run, 1, length(?1)) = ?1 order by run = ?1 desc";
        let mut find = self.database.prepare(select)?;
        let names: Vec<String> = find.query_map([name], |row| row.get(0))?.collect::<Result<_, _>>()?;
        match names.as_slice() {
            [] => Err(StoreError::NoRun(name.to_owned())),
            [first, ..] if first == name => Ok(first.clone()),
            [only] => Ok(only.clone()),
            _ => Err(StoreError::ManyRuns(name.to_owned())),
        }
    }

    /// The run that began last, of those that the condition lets through.
    fn last_run(&self, condition: &str) -> Result<String, StoreError> {
        let select = format!("select run from runs where {condition} order by number desc limit 1");
        let last: Option<String> = self.database.query_row(&select, [], |row| row.get(0)).optional()?;
        last.ok_or_else(|| StoreError::NoRun(LAST.to_owned()))
    }

    /// The line of one run by its name or the beginning of it; `last` is the run that began last.
    pub fn run_line(&self, name: &str) -> Result<RunRow, StoreError> {
        let run = if name == LAST { self.last_run("true")? } else { self.run_named(name)? };
        Ok(self.database.query_row(&format!("{ROW} where run = ?1"), [run], run_row)?)
    }

    /// One run with its plan, by its name or the beginning of it; `last` is the last run that was to write.
    pub fn run(&self, name: &str) -> Result<Recorded, StoreError> {
        type Columns = (i64, Option<String>, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);
        let row = if name == LAST { self.run_line(&self.last_run("plan is not null")?)? } else { self.run_line(name)? };
        let run = &row.run.0;
        let select = "select number, finished_at, plan, outcome, aside from runs where run = ?1";
        let (number, finished_at, plan, outcome, aside): Columns = self
            .database
            .query_row(select, [run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        let (Some(plan), Some(aside)) = (plan, aside) else { return Err(StoreError::NoPlan(run.clone())) };
        let mut done = self.database.prepare("select seq from changes where run = ?1 and done = 1 order by seq")?;
        let done = done.query_map([number], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?.collect::<Result<_, _>>()?;
        Ok(Recorded {
            finished_at,
            plan: journaled(&plan, &aside)?,
            outcome: outcome.map(|outcome| self.outcome(&row.run, &outcome)).transpose()?,
            done,
            requests: self.requests(number)?,
            row,
        })
    }

    /// The outcome of a run as it was printed: its link was made after it was kept.
    fn outcome(&self, run: &RunId, kept: &[u8]) -> Result<Outcome, StoreError> {
        let outcome: Outcome = serde_json::from_str(&unpacked(kept)?)?;
        Ok(Outcome { link: self.link_of(run)?, ..outcome })
    }

    pub(super) fn requests(&self, run: i64) -> Result<Vec<RequestRow>, StoreError> {
        let mut select = self.database.prepare(&format!("{REQUEST} where q.run = ?1 order by q.request"))?;
        let rows = select.query_map([run], request_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The last requests that concern a person or their account, newest first, each with its run.
    pub fn last_writes(
        &self,
        tenant: &TenantId,
        key: &EmployeeId,
        account: Option<&ObjectId>,
        most: u32,
    ) -> Result<Vec<Write>, StoreError> {
        let mut select = self.database.prepare(&format!(
            "{REQUEST} where r.tenant = ?1 and (coalesce(q.key, c.key) = ?2 or q.object = ?3 or q.id = ?3) \
             order by q.sent_at desc, q.request desc limit ?4"
        ))?;
        let rows = select.query_map(params![tenant.0, key.as_str(), account.map(IdColumn), most], |row| {
            Ok(Write { run: RunId(row.get(14)?), request: request_row(row)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
