//! Runs, as `hrpush runs` lists and shows them and `hrpush undo` takes them.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

use super::{Store, StoreError};
use crate::apply::{Outcome, RunId};
use crate::directory::{ObjectId, TenantId};
use crate::plan::Plan;
use crate::record::EmployeeId;

/// One line of `hrpush runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    /// Its name.
    pub run: RunId,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// The name of the file or source.
    pub source: String,
    /// The plan's fingerprint.
    pub fingerprint: String,
    /// Changes that were carried out whole.
    pub applied: u64,
    /// Changes that were not.
    pub failed: u64,
    /// How it ended; none where it broke off.
    pub exit_code: Option<u8>,
}

/// One request of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    /// Its number within the run.
    pub request: u64,
    /// The change that it belongs to.
    pub seq: u64,
    /// What was asked.
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
    /// The HTTP status.
    pub status: Option<u16>,
    /// Graph's error code.
    pub code: Option<String>,
    /// Graph's message.
    pub message: Option<String>,
    /// Graph's request-id.
    pub request_id: Option<String>,
}

/// A request with the run that sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Write {
    /// The run.
    pub run: RunId,
    /// The request.
    #[serde(flatten)]
    pub request: RequestRow,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Its line.
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

const ROW: &str = "select run, started_at, source, fingerprint, \
    case when exit_code is null then (select count(*) from changes c where c.run = runs.run and done = 1) else applied end, \
    failed, exit_code, finished_at, plan, outcome, ids from runs";

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        run: RunId(row.get(0)?),
        started_at: row.get(1)?,
        source: row.get(2)?,
        fingerprint: row.get(3)?,
        applied: row.get::<_, i64>(4)?.unsigned_abs(),
        failed: row.get::<_, i64>(5)?.unsigned_abs(),
        exit_code: row.get(6)?,
    })
}

const REQUEST: &str =
    "request, seq, kind, key, object, attributes, sent_at, answered_at, done, id, status, code, message, request_id";

fn request_row(row: &Row<'_>) -> rusqlite::Result<RequestRow> {
    Ok(RequestRow {
        request: row.get::<_, i64>(0)?.unsigned_abs(),
        seq: row.get::<_, i64>(1)?.unsigned_abs(),
        kind: row.get(2)?,
        key: row.get(3)?,
        object: row.get(4)?,
        attributes: row.get::<_, String>(5)?.split_whitespace().map(str::to_owned).collect(),
        sent_at: row.get(6)?,
        answered_at: row.get(7)?,
        done: row.get(8)?,
        id: row.get(9)?,
        status: row.get(10)?,
        code: row.get(11)?,
        message: row.get(12)?,
        request_id: row.get(13)?,
    })
}

impl Store {
    /// All runs, newest first.
    pub fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        let mut select = self.database.prepare(&format!("{ROW} order by started_at desc, rowid desc"))?;
        let rows = select.query_map([], run_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The run that began last in this folder, and when by the clock of its machine.
    pub fn last_start(&self) -> Result<Option<(RunId, Timestamp)>, StoreError> {
        let select = "select run, started_at from runs order by rowid desc limit 1";
        let row: Option<(String, String)> =
            self.database.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(row.and_then(|(run, began)| Some((RunId(run), began.parse().ok()?))))
    }

    /// One run by its name or the beginning of it.
    pub fn run(&self, name: &str) -> Result<Recorded, StoreError> {
        let mut find = self
            .database
            .prepare("select run from runs where run = ?1 or substr(run, 1, length(?1)) = ?1 order by run = ?1 desc")?;
        let names: Vec<String> = find.query_map([name], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let run = match names.as_slice() {
            [] => return Err(StoreError::NoRun(name.to_owned())),
            [first, ..] if first == name => first,
            [only] => only,
            _ => return Err(StoreError::ManyRuns(name.to_owned())),
        };
        let (row, finished_at, plan, outcome, ids) = self.database.query_row(&format!("{ROW} where run = ?1"), [run], |row| {
            Ok((
                run_row(row)?,
                row.get(7)?,
                row.get::<_, String>(8)?,
                row.get::<_, Option<String>>(9)?,
                row.get::<_, String>(10)?,
            ))
        })?;
        let mut done = self.database.prepare("select seq from changes where run = ?1 and done = 1 order by seq")?;
        let done = done.query_map([run], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?.collect::<Result<_, _>>()?;
        Ok(Recorded {
            row,
            finished_at,
            plan: serde_json::from_str::<Plan>(&plan)?.with_accounts(serde_json::from_str(&ids)?),
            outcome: outcome.as_deref().map(serde_json::from_str).transpose()?,
            done,
            requests: self.requests(run)?,
        })
    }

    fn requests(&self, run: &str) -> Result<Vec<RequestRow>, StoreError> {
        let mut select = self.database.prepare(&format!("select {REQUEST} from requests where run = ?1 order by request"))?;
        let rows = select.query_map(params![run], request_row)?;
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
            "select {REQUEST}, run from requests where run in (select run from runs where tenant = ?1) \
             and (key = ?2 or object = ?3 or id = ?3) order by sent_at desc, request desc limit ?4"
        ))?;
        let account = account.map(ToString::to_string);
        let rows = select.query_map(params![tenant.0, key.as_str(), account, most], |row| {
            Ok(Write { run: RunId(row.get(14)?), request: request_row(row)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
