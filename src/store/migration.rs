//! Brings a state folder of an earlier version up to the present schema, in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::Deserialize;

use super::columns::{IdColumn, UuidText, kind_named, kind_number, leave_bits, micros, packed, signed};
use super::effects::RunPlan;
use super::endings::EndKind;
use super::ledger::GuardCounts;
use super::wanted::WishWriter;
use super::{StoreError, names};
use crate::apply::{Outcome, RunId};
use crate::directory::ObjectId;
use crate::mapping::LeaveAction;
use crate::plan::{Aside, Candidates, ChangeAside, ChangeAsides, Plan, WishMap, Wishes};

/// The version of the schema that this build reads and writes.
pub(super) const VERSION: i64 = 5;

/// Schema 3 kept the groups of a deleted account under this name among the wanted values.
const GROUPS_WHEN_DELETED: &str = "(groups when deleted)";

// Schema 4, to which version 5 adds tables and changes none.
const SCHEMA: &str = include_str!("schema.sql");
const FROM_2_TO_3: &str = include_str!("from_2_to_3.sql");
const FROM_3_TO_4: &str = include_str!("from_3_to_4.sql");
const FROM_3_TO_4_REST: &str = include_str!("from_3_to_4_rest.sql");
const FROM_4_TO_5: &str = include_str!("from_4_to_5.sql");

/// Makes the tables of a new file, or changes those of an earlier version.
pub(super) fn migrate(database: &mut Connection, file: &Path) -> Result<(), StoreError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        0 => transaction.execute_batch(SCHEMA)?,
        4 => {}
        VERSION => return Ok(()),
        1..VERSION => {
            if found == 1 {
                keep_accounts_beside(&transaction)?;
            }
            if found < 3 {
                transaction.execute_batch(FROM_2_TO_3)?;
            }
            from_3_to_4(&transaction)?;
        }
        found => return Err(StoreError::Later { file: file.to_owned(), found }),
    }
    transaction.execute_batch(FROM_4_TO_5)?;
    // The first run of an earlier version, else now: approvals that were signed before are not accepted.
    transaction.execute(
        "insert into meta (name, value) values ('created-at', coalesce((select min(started_at) from runs), ?1)) on conflict do nothing",
        [super::now()],
    )?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// From schema 1 to 2: the accounts behind a plan's keys, which stood in each change, stand beside the plan.
fn keep_accounts_beside(transaction: &rusqlite::Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(
        "alter table runs add column ids text not null default '{}'; alter table staged add column ids text not null default '{}';",
    )?;
    let mut select = transaction.prepare("select run, plan from runs")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (run, plan): (String, String) = (row.get(0)?, row.get(1)?);
        let mut plan: serde_json::Value = serde_json::from_str(&plan)?;
        let mut accounts = serde_json::Map::new();
        for change in plan["changes"].as_array_mut().into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
            if let (Some(ids), Some(seq)) = (change.remove("ids"), change.get("seq")) {
                accounts.insert(seq.to_string(), ids);
            }
        }
        let values = params![run, plan.to_string(), serde_json::Value::from(accounts).to_string()];
        transaction.execute("update runs set plan = ?2, ids = ?3 where run = ?1", values)?;
    }
    Ok(())
}

/// From schema 3 to 4: texts that many rows share get numbers, ids become bytes, documents are compressed, and what a nightly run does not
/// look at moves to tables of its own.
fn from_3_to_4(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(FROM_3_TO_4)?;
    transaction.execute_batch(SCHEMA)?;
    let mut select = transaction.prepare(
        "select run, tenant, feed, source, started_at, finished_at, fingerprint, plan, ids, outcome, applied, failed, exit_code, rowid \
         from old_runs order by rowid",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        keep_run(transaction, row)?;
    }
    drop(rows);
    drop(select);
    keep_people(transaction)?;
    keep_staged(transaction)?;
    transaction.execute_batch(FROM_3_TO_4_REST)?;
    Ok(())
}

/// The accounts beside changes as schema 3 kept them. Names in brackets were no keys of people.
type FormerAccounts = BTreeMap<u64, BTreeMap<String, ObjectId>>;

/// What schema 3 kept beside a saved plan, from its last builds on; before them, the accounts alone.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FormerAside {
    accounts: FormerAccounts,
    candidates: Candidates,
    new_passwords: BTreeSet<u64>,
}

/// The fields of today for what schema 3 kept in one map.
fn typed_asides(accounts: FormerAccounts) -> ChangeAsides {
    const CLEARED_MANAGER: &str = "(cleared manager)";
    const NEW_PASSWORD: &str = "(new password)";
    const FORMER_GROUP: &str = "(group when deleted) ";
    let typed = |mut accounts: BTreeMap<String, ObjectId>| {
        let cleared_manager = accounts.remove(CLEARED_MANAGER);
        let new_password = accounts.remove(NEW_PASSWORD).is_some();
        let former_groups = accounts.extract_if(.., |name, _| name.starts_with(FORMER_GROUP)).map(|(_, group)| group).collect();
        ChangeAside { accounts, cleared_manager, former_groups, new_password }
    };
    accounts.into_iter().map(|(seq, accounts)| (seq, typed(accounts))).collect()
}

/// What is kept beside a plan today, from the text of schema 3.
fn typed_aside(text: &str) -> Result<Aside, StoreError> {
    if let Ok(accounts) = serde_json::from_str(text) {
        return Ok(Aside { changes: typed_asides(accounts), ..Aside::default() });
    }
    let FormerAside { accounts, candidates, new_passwords } = serde_json::from_str(text)?;
    let mut changes = typed_asides(accounts);
    for seq in new_passwords {
        changes.entry(seq).or_default().new_password = true;
    }
    Ok(Aside { changes, candidates })
}

/// The saved plans, with what is kept beside them.
fn keep_staged(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let mut select = transaction.prepare("select rowid, ids from old_staged")?;
    let mut update = transaction.prepare("update old_staged set ids = ?2 where rowid = ?1")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    for (row, ids) in rows {
        update.execute(params![row, serde_json::to_string(&typed_aside(&ids)?)?])?;
    }
    transaction
        .execute_batch("insert into staged select tenant, fingerprint, feed, reading, ids, made_at, guards from old_staged;")?;
    Ok(())
}

fn keep_run(transaction: &Transaction<'_>, row: &rusqlite::Row<'_>) -> Result<(), StoreError> {
    let text = |column: usize| row.get::<_, Option<String>>(column);
    let (run, plan_text) = (text(0)?.unwrap_or_default(), text(7)?.unwrap_or_default());
    let plan: Plan = serde_json::from_str(&plan_text)?;
    let (outcome, exit_code) = (text(9)?, row.get::<_, Option<u8>>(12)?);
    let known: Option<Outcome> = outcome.as_deref().map(serde_json::from_str).transpose()?;
    let ended = known.as_ref().zip(exit_code).map_or(EndKind::Crashed, |(outcome, code)| EndKind::of_outcome(outcome, code));
    transaction.execute(
        "insert into runs (number, run, tenant, feed, source, started_at, finished_at, ended, exit_code, duration_ms, fingerprint, plan, aside, \
         outcome, counted, summary, changes, applied, failed) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        params![
            row.get::<_, i64>(13)?,
            run,
            text(1)?,
            text(2)?,
            text(3)?,
            text(4)?,
            text(5)?,
            ended.as_str(),
            exit_code,
            known.map(|outcome| signed(outcome.duration_ms)),
            text(6)?,
            packed(&plan_text)?,
            packed(&serde_json::to_string(&typed_aside(text(8)?.as_deref().unwrap_or("{}"))?.changes)?)?,
            outcome.as_deref().map(packed).transpose()?,
            serde_json::to_string(&GuardCounts::of(&plan))?,
            serde_json::to_string(&plan.summary)?,
            signed(plan.changes.len() as u64),
            row.get::<_, i64>(10)?,
            row.get::<_, i64>(11)?,
        ],
    )?;
    keep_requests(transaction, &RunPlan { run: RunId(run), number: row.get(13)?, plan })
}

/// The requests of a run. What the plan says as well is dropped, as for new ones; a sign-in name only where the request has its answer or
/// the plan has the same.
fn keep_requests(transaction: &Transaction<'_>, run: &RunPlan) -> Result<(), StoreError> {
    let mut select = transaction.prepare_cached(
        "select request, seq, kind, key, object, upn, matching, value, attributes, enabled, leave, sent_at, done, id, status, code, message, \
         request_id, answered_at from old_requests where run = ?1 order by request",
    )?;
    let mut insert = transaction.prepare_cached(
        "insert into requests values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
    )?;
    let mut rows = select.query([&run.run.0])?;
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get::<_, Option<String>>(column);
        let id = |column: usize| Ok::<_, rusqlite::Error>(text(column)?.as_deref().and_then(ObjectId::new));
        let at = |column: usize| Ok::<_, rusqlite::Error>(text(column)?.and_then(|at| at.parse().ok()).map(micros));
        let kind = kind_named(&text(2)?.unwrap_or_default());
        let change = run.change(row.get::<_, i64>(1)?.unsigned_abs());
        let key = text(3)?;
        let value = text(7)?.filter(|value| key.as_ref() != Some(value));
        let key = key.filter(|key| change.is_none_or(|change| change.key != *key));
        let planned = change.and_then(|change| change.user_principal_name.as_deref());
        let upn = match (kind, text(5)?) {
            (crate::apply::RequestKind::CreateUser, None) if planned.is_some() => Some(String::new()),
            (_, upn) => upn.filter(|upn| planned != Some(upn)),
        };
        let number = |name: Option<String>| {
            name.filter(|name| !name.is_empty()).map(|name| names::number_of(transaction, &name)).transpose()
        };
        let leave: Option<LeaveAction> = text(10)?.as_deref().map(serde_json::from_str).transpose()?;
        let sent_at: i64 = at(11)?.unwrap_or_default();
        insert.execute(params![
            run.number,
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            kind_number(kind),
            key,
            id(4)?.as_ref().map(IdColumn),
            upn,
            number(text(6)?)?,
            value,
            number(text(8)?)?,
            row.get::<_, Option<i64>>(9)?,
            leave.map(|leave| leave_bits([&leave])),
            sent_at,
            at(18)?.map(|answered| (answered - sent_at).max(0)),
            row.get::<_, Option<i64>>(12)?,
            id(13)?.as_ref().map(IdColumn),
            row.get::<_, Option<i64>>(14)?,
            text(15)?,
            text(16)?,
            text(17)?.as_deref().map(UuidText),
        ])?;
    }
    Ok(())
}

fn keep_people(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let mut select = transaction.prepare(
        "select tenant, key, id, feed, wanted, addresses, seen, pre_hire, leave_done, disabled_on, deleted_on, missing_since \
         from old_people order by tenant, key",
    )?;
    let mut insert = transaction.prepare(
        "insert into people (tenant, key, id, feed, wishes, seen, pre_hire, leave_done, disabled_on, deleted_on, missing_since, \
         former_groups) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let mut addresses = transaction.prepare("insert into live_addresses values (?1, ?2, ?3)")?;
    let mut written = WishWriter::default();
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get::<_, String>(column);
        let (tenant, key) = (names::number_of(transaction, &text(0)?)?, text(1)?);
        let Some(id) = ObjectId::new(&text(2)?) else { continue };
        let mut wishes: WishMap = serde_json::from_str(&text(4)?)?;
        let former_groups =
            wishes.remove(GROUPS_WHEN_DELETED).flatten().map(|groups| serde_json::to_string(&groups)).transpose()?;
        let leave_done: Vec<LeaveAction> = serde_json::from_str(&text(8)?)?;
        let is_known = !wishes.is_empty();
        let wishes = Wishes::of(wishes);
        let digest = is_known.then(|| wishes.digest());
        insert.execute(params![
            tenant,
            key,
            IdColumn(&id),
            names::number_of(transaction, &text(3)?)?,
            digest.as_ref().map(|digest| &digest.bytes()[..]),
            row.get::<_, bool>(6)?,
            row.get::<_, bool>(7)?,
            leave_bits(&leave_done),
            row.get::<_, Option<String>>(9)?,
            row.get::<_, Option<String>>(10)?,
            row.get::<_, Option<String>>(11)?,
            former_groups,
        ])?;
        if is_known {
            written.keep(transaction, tenant, &key, wishes)?;
        }
        if text(5)? != "[]" {
            addresses.execute(params![tenant, key, text(5)?])?;
        }
    }
    Ok(())
}
