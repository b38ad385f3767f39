//! The journal, and what each answer means for the ledger: both in one transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{OptionalExtension, Transaction, params};

use super::{Store, StoreError, now, text};
use crate::apply::{Answered, Entry, Journal, JournalError, Open, Outcome, RequestKind, RunId, Sent, Settled};
use crate::directory::{Attribute, ObjectId, TenantId, Upn, Value};
use crate::mapping::LeaveAction;
use crate::plan::{Action, ApprovedPlan, Change, Object, Plan};

impl Journal for Store {
    fn begin(&mut self, plan: &ApprovedPlan) -> Result<RunId, JournalError> {
        self.begin_run(plan.plan()).map_err(journal_error)
    }

    fn keep(&mut self, run: &RunId, entry: &Entry) -> Result<(), JournalError> {
        self.keep_entry(run, entry).map_err(journal_error)
    }

    fn finish(&mut self, run: &RunId, outcome: &Outcome, exit_code: u8) -> Result<(), JournalError> {
        self.finish_run(run, outcome, exit_code).map_err(journal_error)
    }
}

fn journal_error(error: StoreError) -> JournalError {
    JournalError(Box::new(error))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Store {
    pub(super) fn begin_run(&mut self, plan: &Plan) -> Result<RunId, StoreError> {
        let mut random = [0_u8; 2];
        // Only tells apart two runs of one second; the folder's lock keeps them from being two at all.
        let _ = getrandom::fill(&mut random);
        let run = RunId(format!("{}-{:04x}", Timestamp::now().strftime("%Y%m%dT%H%M%S"), u16::from_le_bytes(random)));
        let transaction = self.database.transaction()?;
        transaction.execute(
            "insert into runs (run, tenant, feed, source, started_at, fingerprint, plan, ids) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                run.0,
                plan.target.tenant_id,
                plan.source.feed,
                plan.source.name,
                now(),
                plan.fingerprint,
                serde_json::to_string(plan)?,
                serde_json::to_string(&plan.accounts())?
            ],
        )?;
        {
            let mut insert = transaction.prepare("insert into changes (run, seq, key, object) values (?1, ?2, ?3, ?4)")?;
            for change in &plan.changes {
                let object = if change.object == Object::User { "user" } else { "group" };
                insert.execute(params![run.0, signed(change.seq), change.key, object])?;
            }
        }
        transaction.commit()?;
        self.begun = Some(plan.clone());
        Ok(run)
    }

    fn keep_entry(&mut self, run: &RunId, entry: &Entry) -> Result<(), StoreError> {
        let plan = self.plan_of(run)?;
        let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let transaction = self.database.transaction()?;
        let context = Context { run, plan: &plan, today: plan.as_of.parse().unwrap_or(today), at: now() };
        for answer in &entry.answered {
            context.keep(&transaction, answer)?;
        }
        for seq in &entry.completed {
            context.complete(&transaction, *seq)?;
        }
        context.keep_sent(&transaction, &entry.sent)?;
        transaction.commit()?;
        self.begun = Some(plan);
        Ok(())
    }

    fn finish_run(&mut self, run: &RunId, outcome: &Outcome, exit_code: u8) -> Result<(), StoreError> {
        self.database.execute(
            "update runs set finished_at = ?2, outcome = ?3, applied = ?4, failed = ?5, exit_code = ?6 where run = ?1",
            params![
                run.0,
                now(),
                serde_json::to_string(outcome)?,
                signed(outcome.applied),
                signed(outcome.failed_changes()),
                exit_code
            ],
        )?;
        self.begun = None;
        Ok(())
    }

    /// The plan of a run: taken out of memory where it is the one that goes on, to be put back.
    fn plan_of(&mut self, run: &RunId) -> Result<Plan, StoreError> {
        let newest: Option<String> =
            self.database.query_row("select run from runs order by rowid desc limit 1", [], |row| row.get(0)).optional()?;
        if newest.as_ref() == Some(&run.0)
            && let Some(plan) = self.begun.take()
        {
            return Ok(plan);
        }
        let plan: Option<String> =
            self.database.query_row("select plan from runs where run = ?1", [&run.0], |row| row.get(0)).optional()?;
        Ok(serde_json::from_str(&plan.ok_or_else(|| StoreError::NoRun(run.0.clone()))?)?)
    }

    /// Requests of earlier runs against this tenant that were never answered.
    pub fn open_requests(&self, tenant: &TenantId) -> Result<Vec<Open>, StoreError> {
        let mut select = self.database.prepare(
            "select q.run, q.request, q.seq, q.key, q.kind, q.upn, q.matching, q.value from requests q \
             join runs r on r.run = q.run where q.answered_at is null and r.tenant = ?1 order by q.run, q.request",
        )?;
        let rows = select.query_map([&tenant.0], |row| {
            let kind: String = row.get(4)?;
            let matching: Option<String> = row.get(6)?;
            let value: Option<String> = row.get(7)?;
            Ok(Open {
                run: RunId(row.get(0)?),
                request: row.get::<_, i64>(1)?.unsigned_abs(),
                seq: row.get::<_, i64>(2)?.unsigned_abs(),
                key: row.get(3)?,
                kind: kind_of(&kind),
                upn: row.get::<_, Option<String>>(5)?.map(Upn::new),
                matching: matching.as_deref().and_then(Attribute::find).zip(value),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Accounts that were made or brought back since then, and when: a replica that is behind may not show them yet.
    pub fn made_since(&self, tenant: &TenantId, since: Timestamp) -> Result<BTreeMap<ObjectId, Timestamp>, StoreError> {
        let mut select = self.database.prepare(
            // By the runs that ended since, or never did: their requests stand together, those of years before are not looked at.
            "select coalesce(id, object), max(answered_at) from requests where run in \
             (select run from runs where tenant = ?1 and (finished_at is null or finished_at > ?2)) \
             and kind in ('create-user', 'restore-user') and done and answered_at > ?2 group by 1",
        )?;
        let rows = select.query_map(params![tenant.0, text(since)], |row| {
            let (id, at): (Option<String>, String) = (row.get(0)?, row.get(1)?);
            Ok(id.and_then(|id| ObjectId::new(&id)).zip(at.parse().ok()))
        })?;
        Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// Keeps what settling found out.
    pub fn settled(&mut self, settled: &Settled) -> Result<(), StoreError> {
        for (run, answered) in &settled.answered {
            self.keep_entry(run, &Entry { answered: vec![answered.clone()], ..Entry::default() })?;
            self.begun = None;
        }
        Ok(())
    }
}

/// A request that was done.
pub(super) struct Done<'a> {
    pub(super) kind: RequestKind,
    /// What it made of accountEnabled.
    pub(super) enabled: Option<bool>,
    /// The attributes that it carried, by name, between blanks.
    pub(super) attributes: &'a str,
    /// The object that it made.
    pub(super) id: Option<&'a str>,
}

/// A run whose steps are being kept.
pub(super) struct Context<'a> {
    pub(super) run: &'a RunId,
    pub(super) plan: &'a Plan,
    pub(super) today: Date,
    /// Now.
    pub(super) at: String,
}

impl Context<'_> {
    fn keep_sent(&self, transaction: &Transaction<'_>, sent: &[Sent]) -> Result<(), StoreError> {
        let mut insert = transaction.prepare_cached(
            "insert into requests (run, request, seq, kind, key, object, upn, matching, value, attributes, enabled, leave, sent_at) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        for sent in sent {
            insert.execute(params![
                self.run.0,
                signed(sent.request),
                signed(sent.seq),
                sent.kind.as_str(),
                sent.key,
                sent.object.as_ref().map(ToString::to_string),
                sent.upn.as_ref().map(Upn::as_str),
                sent.matching.as_ref().map(|(attribute, _)| attribute.name),
                sent.matching.as_ref().map(|(_, value)| value),
                sent.attributes.join(" "),
                sent.enabled,
                sent.leave.map(|leave| serde_json::to_string(&leave)).transpose()?,
                self.at,
            ])?;
        }
        Ok(())
    }

    fn keep(&self, transaction: &Transaction<'_>, answer: &Answered) -> Result<(), StoreError> {
        transaction
            .prepare_cached(
                "update requests set answered_at = ?3, done = ?4, id = ?5, status = ?6, code = ?7, message = ?8, request_id = ?9 \
                 where run = ?1 and request = ?2",
            )?
            .execute(params![
                self.run.0,
                signed(answer.request),
                self.at,
                answer.done,
                answer.id.as_ref().map(ToString::to_string),
                answer.status,
                answer.code,
                answer.message,
                answer.request_id,
            ])?;
        let (seq, kind, enabled, attributes): (i64, String, Option<bool>, String) = transaction
            .prepare_cached("select seq, kind, enabled, attributes from requests where run = ?1 and request = ?2")?
            .query_row(params![self.run.0, signed(answer.request)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<String>>(3)?.unwrap_or_default()))
            })?;
        let seq = seq.unsigned_abs();
        if let Some(change) = self.change(seq) {
            if answer.done {
                let id = answer.id.as_ref().map(ToString::to_string);
                let done = Done { kind: kind_of(&kind), enabled, attributes: &attributes, id: id.as_deref() };
                self.effect(transaction, change, &done)?;
            }
            if let Some(leave) = answer.leave {
                self.left(transaction, change, &[leave])?;
            }
        }
        if answer.completes {
            self.complete(transaction, seq)?;
        }
        Ok(())
    }

    fn change(&self, seq: u64) -> Option<&Change> {
        let at = self.plan.changes.binary_search_by_key(&seq, |change| change.seq).ok();
        at.map(|at| &self.plan.changes[at]).or_else(|| self.plan.changes.iter().find(|change| change.seq == seq))
    }

    fn complete(&self, transaction: &Transaction<'_>, seq: u64) -> Result<(), StoreError> {
        transaction
            .prepare_cached("update changes set done = 1 where run = ?1 and seq = ?2")?
            .execute(params![self.run.0, signed(seq)])?;
        match self.change(seq) {
            Some(change) if !change.then.is_empty() => self.left(transaction, change, &change.then),
            _ => Ok(()),
        }
    }

    /// What a request that was done means for the ledger.
    pub(super) fn effect(&self, transaction: &Transaction<'_>, change: &Change, done: &Done<'_>) -> Result<(), StoreError> {
        let Done { kind, enabled, attributes, id } = *done;
        let tenant = &self.plan.target.tenant_id;
        let today = self.today.to_string();
        if change.object == Object::User {
            let written = "update people set seen = 0 where tenant = ?1 and key = ?2 and seen";
            transaction.prepare_cached(written)?.execute(params![tenant, change.key])?;
        }
        match kind {
            RequestKind::CreateUser => {
                if let Some(id) = id {
                    let pre_hire = enabled == Some(false);
                    transaction.prepare_cached("insert into people (tenant, key, id, feed, pre_hire) values (?1, ?2, ?3, ?4, ?5) on conflict (tenant, key) \
                         do update set id = excluded.id, feed = excluded.feed, pre_hire = excluded.pre_hire, disabled_on = null, \
                         deleted_on = null, leave_done = '[]'")?.execute(params![tenant, change.key, id, self.plan.source.feed, pre_hire])?;
                }
            }
            RequestKind::UpdateUser => {
                match enabled {
                    Some(true) => transaction.prepare_cached("update people set disabled_on = null, pre_hire = 0, leave_done = '[]' where tenant = ?1 and key = ?2")?.execute(params![tenant, change.key])?,
                    Some(false) => {
                        self.known(transaction, change)?;
                        transaction.prepare_cached("update people set disabled_on = ?3 where tenant = ?1 and key = ?2")?.execute(params![tenant, change.key, today])?
                    }
                    None => 0,
                };
                // Only the addresses that this very request replaced: another part of the change may have been refused.
                let replaced = ["userPrincipalName", "mail"];
                let replaced: Vec<&str> = attributes.split(' ').filter(|name| replaced.contains(name)).collect();
                self.former(transaction, change, &replaced)?;
            }
            RequestKind::RestoreUser => {
                self.known(transaction, change)?;
                // Ahead of a start, the account is a pre-hire's: no leave before that start deletes it again.
                transaction
                    .prepare_cached(
                        "update people set deleted_on = null, leave_done = '[]', pre_hire = ?3 where tenant = ?1 and key = ?2",
                    )?
                    .execute(params![tenant, change.key, change.is_ahead_of_start()])?;
            }
            RequestKind::DeleteUser => {
                self.known(transaction, change)?;
                transaction
                    .prepare_cached("update people set deleted_on = ?3 where tenant = ?1 and key = ?2")?
                    .execute(params![tenant, change.key, today])?;
                keep_former_groups(transaction, tenant, change)?;
                if let Some(upn) = &change.user_principal_name {
                    self.address(transaction, &change.key, upn)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes sure that the ledger knows the person: one matched for the first time in this very run.
    fn known(&self, transaction: &Transaction<'_>, change: &Change) -> Result<(), StoreError> {
        if let Some(id) = &change.id {
            transaction
                .prepare_cached("insert into people (tenant, key, id, feed) values (?1, ?2, ?3, ?4) on conflict do nothing")?
                .execute(params![self.plan.target.tenant_id, change.key, id.to_string(), self.plan.source.feed])?;
        }
        Ok(())
    }

    fn former(&self, transaction: &Transaction<'_>, change: &Change, names: &[&str]) -> Result<(), StoreError> {
        if change.action == Action::Create {
            return Ok(());
        }
        let gone = change.attributes.iter().filter(|edit| names.contains(&edit.name.as_str()));
        for address in gone.filter_map(|edit| edit.before.as_ref()?.as_text()) {
            self.address(transaction, &change.key, address)?;
        }
        Ok(())
    }

    fn address(&self, transaction: &Transaction<'_>, key: &str, address: &str) -> Result<(), StoreError> {
        keep_address(transaction, &self.plan.target.tenant_id, key, address, &self.today.to_string())
    }

    fn left(&self, transaction: &Transaction<'_>, change: &Change, done: &[LeaveAction]) -> Result<(), StoreError> {
        self.known(transaction, change)?;
        let tenant = &self.plan.target.tenant_id;
        let select = "select leave_done from people where tenant = ?1 and key = ?2";
        let before: Option<String> =
            transaction.prepare_cached(select)?.query_row(params![tenant, change.key], |row| row.get(0)).optional()?;
        let mut all: std::collections::BTreeSet<LeaveAction> = serde_json::from_str(before.as_deref().unwrap_or("[]"))?;
        all.extend(done);
        transaction.prepare_cached("update people set leave_done = ?3 where tenant = ?1 and key = ?2")?.execute(params![
            tenant,
            change.key,
            serde_json::to_string(&all)?
        ])?;
        Ok(())
    }
}

/// Under which name the row of a deleted person keeps the groups of the account, beside what HR wanted: the next wishes replace it.
pub(super) const GROUPS_WHEN_DELETED: &str = "(groups when deleted)";

/// Keeps the managed groups of an account that was deleted.
fn keep_former_groups(transaction: &Transaction<'_>, tenant: &str, change: &Change) -> Result<(), StoreError> {
    let groups: Box<[Box<str>]> = change.former_groups().map(|id| id.to_string().into()).collect();
    if groups.is_empty() {
        return Ok(());
    }
    let select = "select wanted from people where tenant = ?1 and key = ?2";
    let wanted: Option<String> = transaction.query_row(select, [tenant, &change.key], |row| row.get(0)).optional()?;
    let mut wanted: BTreeMap<String, Option<Value>> = serde_json::from_str(wanted.as_deref().unwrap_or("{}"))?;
    wanted.insert(GROUPS_WHEN_DELETED.to_owned(), Some(Value::List(groups)));
    let update = "update people set wanted = ?3 where tenant = ?1 and key = ?2";
    transaction.execute(update, params![tenant, change.key, serde_json::to_string(&wanted)?])?;
    Ok(())
}

/// Keeps that an address was in use by somebody until a day.
pub(super) fn keep_address(
    transaction: &Transaction<'_>,
    tenant: &str,
    key: &str,
    address: &str,
    until: &str,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "insert into addresses values (?1, ?2, ?3, ?4) on conflict (tenant, address, key) \
             do update set until = max(until, excluded.until)",
        )?
        .execute(params![tenant, address.to_lowercase(), key, until])?;
    Ok(())
}

pub(super) fn kind_of(text: &str) -> RequestKind {
    use RequestKind as K;
    let all = [
        K::CreateUser,
        K::UpdateUser,
        K::SetManager,
        K::ClearManager,
        K::RevokeSessions,
        K::RemoveLicenses,
        K::DeleteUser,
        K::RestoreUser,
        K::CreateGroup,
        K::UpdateGroup,
        K::AddMembers,
        K::RemoveMember,
        K::CreateTap,
        K::SetPassword,
    ];
    all.into_iter().find(|kind| kind.as_str() == text).unwrap_or(K::UpdateUser)
}
