//! The journal: every request before it is sent and after it is answered, and with the answer what it means for the ledger.
//!
//! A step is one transaction. What was sent stays in memory until it is answered, so that an answer needs no look-up.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::columns::{IdColumn, StoredId, UuidText, kind_number, kind_of, leave_bits, micros, packed, signed};
use super::effects::{Context, Done, RunPlan};
use super::endings::EndKind;
use super::ledger::GuardCounts;
use super::runs::journaled;
use super::{Store, StoreError, approvals, names, now};
use crate::apply::{Answered, Entry, Journal, JournalError, Open, Outcome, RequestKind, RunId, Sent, Settled};
use crate::directory::{Attribute, ObjectId, TenantId, Upn};
use crate::plan::{ApprovedPlan, Object, Plan};

/// The exit codes of a run that has carried its plan out.
const DONE: u8 = 0;
const ATTENTION: u8 = 4;

impl Journal for Store {
    fn begin(&mut self, plan: &ApprovedPlan) -> Result<RunId, JournalError> {
        self.begin_run(plan.plan(), plan.used()).map_err(journal_error)
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

/// The run that goes on, with its requests that have no answer yet.
pub(super) struct Begun {
    plan: RunPlan,
    in_flight: HashMap<u64, InFlight>,
    /// The numbers of texts that its requests share.
    names: HashMap<String, i64>,
}

impl Begun {
    fn new(plan: RunPlan) -> Self {
        Self { plan, in_flight: HashMap::new(), names: HashMap::new() }
    }
}

/// What must be known of a request once it is answered.
struct InFlight {
    seq: u64,
    kind: RequestKind,
    enabled: Option<bool>,
    attributes: String,
}

impl Store {
    /// Keeps the plan before anything of it is sent: in the row of the run that was opened, else in a new one.
    /// With it the approvals are used up that let the plan through.
    pub(super) fn begin_run(&mut self, plan: &Plan, used: &[i64]) -> Result<RunId, StoreError> {
        let run = match &self.opened {
            Some(run) => run.clone(),
            None => self.new_run(None)?,
        };
        let transaction = self.database.transaction()?;
        transaction.execute(
            "update runs set tenant = ?2, feed = ?3, source = ?4, fingerprint = ?5, plan = ?6, aside = ?7, counted = ?8, summary = ?9, \
             changes = ?10 where run = ?1",
            params![
                run.0,
                plan.target.tenant_id,
                plan.source.feed,
                plan.source.name,
                plan.fingerprint,
                packed(&serde_json::to_string(plan)?)?,
                packed(&serde_json::to_string(&plan.change_asides())?)?,
                serde_json::to_string(&GuardCounts::of(plan))?,
                serde_json::to_string(&plan.summary)?,
                signed(plan.changes.len() as u64),
            ],
        )?;
        let number: i64 = transaction.query_row("select number from runs where run = ?1", [&run.0], |row| row.get(0))?;
        {
            let mut insert = transaction.prepare_cached("insert into changes (run, seq, key, object) values (?1, ?2, ?3, ?4)")?;
            for change in &plan.changes {
                insert.execute(params![number, signed(change.seq), change.key, change.object == Object::User])?;
            }
        }
        approvals::use_up(&transaction, used, &run)?;
        transaction.commit()?;
        self.begun = Some(Begun::new(RunPlan { run: run.clone(), number, plan: plan.clone() }));
        Ok(run)
    }

    pub(super) fn keep_entry(&mut self, run: &RunId, entry: &Entry) -> Result<(), StoreError> {
        let mut begun = match self.begun.take().filter(|begun| begun.plan.run == *run) {
            Some(begun) => begun,
            None => Begun::new(self.plan_of(run)?),
        };
        let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let transaction = self.database.transaction()?;
        {
            let context = Context::new(&transaction, &begun.plan, today)?;
            let at = micros(Timestamp::now());
            for answer in &entry.answered {
                let sent = match begun.in_flight.remove(&answer.request) {
                    Some(sent) => sent,
                    None => sent_before(&context, answer.request)?,
                };
                keep_answer(&context, answer, &sent, at)?;
            }
            for seq in &entry.completed {
                context.complete(*seq)?;
            }
            for sent in &entry.sent {
                keep_sent(&context, sent, at, &mut begun.names)?;
                let Sent { request, seq, kind, enabled, .. } = *sent;
                begun.in_flight.insert(request, InFlight { seq, kind, enabled, attributes: sent.attributes.join(" ") });
            }
        }
        transaction.commit()?;
        self.begun = Some(begun);
        Ok(())
    }

    fn finish_run(&mut self, run: &RunId, outcome: &Outcome, exit_code: u8) -> Result<(), StoreError> {
        self.database.execute(
            "update runs set finished_at = ?2, outcome = ?3, applied = ?4, failed = ?5, exit_code = ?6, ended = ?7, duration_ms = ?8 \
             where run = ?1",
            params![
                run.0,
                now(),
                packed(&serde_json::to_string(outcome)?)?,
                signed(outcome.applied),
                signed(outcome.failed_changes()),
                exit_code,
                EndKind::of_outcome(outcome, exit_code).as_str(),
                signed(outcome.duration_ms),
            ],
        )?;
        if matches!(exit_code, DONE | ATTENTION) {
            // There is nothing left to approve. After an interrupt, a person may still reject the rest.
            let answered =
                "delete from proposals where (tenant, fingerprint) in (select tenant, fingerprint from runs where run = ?1)";
            self.database.execute(answered, [&run.0])?;
        }
        self.begun = None;
        // An opened run gets its link when the caller ends it: until then its row may change.
        if self.opened.is_some() { Ok(()) } else { self.seal_runs() }
    }

    /// A run with its plan, as it was journaled.
    pub(super) fn plan_of(&self, run: &RunId) -> Result<RunPlan, StoreError> {
        let select = "select number, plan, aside from runs where run = ?1 and plan is not null and aside is not null";
        let found: Option<(i64, Vec<u8>, Vec<u8>)> =
            self.database.query_row(select, [&run.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let (number, plan, aside) = found.ok_or_else(|| StoreError::NoRun(run.0.clone()))?;
        Ok(RunPlan { run: run.clone(), number, plan: journaled(&plan, &aside)? })
    }

    /// Requests of earlier runs against this tenant that were never answered.
    pub fn open_requests(&self, tenant: &TenantId) -> Result<Vec<Open>, StoreError> {
        let mut select = self.database.prepare(
            "select r.run, q.request, q.seq, coalesce(q.key, c.key, ''), q.kind, q.upn, n.name, q.value from requests q \
             join runs r on r.number = q.run left join changes c on c.run = q.run and c.seq = q.seq \
             left join names n on n.number = q.matching where q.answered is null and r.tenant = ?1 order by q.run, q.request",
        )?;
        let mut plans: BTreeMap<String, RunPlan> = BTreeMap::new();
        let mut rows = select.query([&tenant.0])?;
        let mut open = Vec::new();
        while let Some(row) = rows.next()? {
            let (run, seq): (String, i64) = (row.get(0)?, row.get(2)?);
            let (key, kind): (String, RequestKind) = (row.get(3)?, kind_of(row.get(4)?));
            let mut upn: Option<String> = row.get(5)?;
            if kind == RequestKind::CreateUser && upn.is_none() {
                if !plans.contains_key(&run) {
                    plans.insert(run.clone(), self.plan_of(&RunId(run.clone()))?);
                }
                upn = plans[&run].change(seq.unsigned_abs()).and_then(|change| change.user_principal_name.clone());
            }
            let matching: Option<String> = row.get(6)?;
            let value: String = row.get::<_, Option<String>>(7)?.unwrap_or_else(|| key.clone());
            open.push(Open {
                run: RunId(run),
                request: row.get::<_, i64>(1)?.unsigned_abs(),
                seq: seq.unsigned_abs(),
                key,
                kind,
                upn: upn.filter(|upn| !upn.is_empty()).map(Upn::new),
                matching: matching.as_deref().and_then(Attribute::find).map(|attribute| (attribute, value)),
            });
        }
        Ok(open)
    }

    /// Accounts that were made or brought back since then, and when: a replica that is behind may not show them yet.
    pub fn made_since(&self, tenant: &TenantId, since: Timestamp) -> Result<BTreeMap<ObjectId, Timestamp>, StoreError> {
        let mut select = self.database.prepare(
            // By the runs that ended since, or never did: their requests are neighbours, those of years before are not read.
            "select coalesce(id, object), max(sent_at + answered) from requests where run in \
             (select number from runs where tenant = ?1 and (finished_at is null or finished_at > ?2)) \
             and kind in (?4, ?5) and done and sent_at + answered > ?3 group by 1",
        )?;
        let (create, restore) = (kind_number(RequestKind::CreateUser), kind_number(RequestKind::RestoreUser));
        let rows = select.query_map(params![tenant.0, super::text(since), micros(since), create, restore], |row| {
            let at = Timestamp::from_microsecond(row.get(1)?).ok();
            Ok(row.get::<_, StoredId>(0)?.0.zip(at))
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

/// Keeps a request that is about to be sent. What its change in the plan says as well is not kept twice.
fn keep_sent(context: &Context<'_>, sent: &Sent, at: i64, names: &mut HashMap<String, i64>) -> Result<(), StoreError> {
    let change = context.change(sent.seq);
    let key = Some(sent.key.as_str()).filter(|key| change.is_none_or(|change| change.key != *key));
    let upn = sent.upn.as_ref().map(Upn::as_str);
    let upn = match (sent.kind, change.and_then(|change| change.user_principal_name.as_deref())) {
        (RequestKind::CreateUser, planned) if planned == upn => None,
        // An empty text: there is none, although the plan has one.
        (RequestKind::CreateUser, _) => Some(upn.unwrap_or_default()),
        _ => upn,
    };
    let mut name = |name: &str| {
        if let Some(number) = names.get(name) {
            return Ok(*number);
        }
        let number = names::number_of(context.transaction, name)?;
        names.insert(name.to_owned(), number);
        Ok::<_, StoreError>(number)
    };
    let (matching, value) = match &sent.matching {
        Some((attribute, value)) => (Some(name(attribute.name)?), Some(value).filter(|value| **value != sent.key)),
        None => (None, None),
    };
    let attributes = (!sent.attributes.is_empty()).then(|| name(&sent.attributes.join(" "))).transpose()?;
    context
        .transaction
        .prepare_cached(
            "insert into requests (run, request, seq, kind, key, object, upn, matching, value, attributes, enabled, leave, sent_at) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            context.run.number,
            signed(sent.request),
            signed(sent.seq),
            kind_number(sent.kind),
            key,
            sent.object.as_ref().map(IdColumn),
            upn,
            matching,
            value,
            attributes,
            sent.enabled,
            sent.leave.map(|leave| leave_bits([&leave])),
            at,
        ])?;
    Ok(())
}

fn keep_answer(context: &Context<'_>, answer: &Answered, sent: &InFlight, at: i64) -> Result<(), StoreError> {
    context
        .transaction
        .prepare_cached(
            "update requests set answered = max(0, ?3 - sent_at), done = ?4, id = ?5, status = ?6, code = ?7, message = ?8, \
             request_id = ?9 where run = ?1 and request = ?2",
        )?
        .execute(params![
            context.run.number,
            signed(answer.request),
            at,
            answer.done,
            answer.id.as_ref().map(IdColumn),
            answer.status,
            answer.code,
            answer.message,
            answer.request_id.as_deref().map(UuidText),
        ])?;
    if let Some(change) = context.change(sent.seq) {
        if answer.done {
            let InFlight { kind, enabled, attributes, .. } = sent;
            let done = Done { kind: *kind, enabled: *enabled, attributes, id: answer.id.as_ref() };
            context.effect(change, &done)?;
        }
        if let Some(leave) = answer.leave {
            context.left(change, &[leave])?;
        }
    }
    if answer.completes { context.complete(sent.seq) } else { Ok(()) }
}

/// What the journal has of a request that was sent by another process.
fn sent_before(context: &Context<'_>, request: u64) -> Result<InFlight, StoreError> {
    let select = "select q.seq, q.kind, q.enabled, n.name from requests q left join names n on n.number = q.attributes \
                  where q.run = ?1 and q.request = ?2";
    let mut select = context.transaction.prepare_cached(select)?;
    Ok(select.query_row(params![context.run.number, signed(request)], |row| {
        Ok(InFlight {
            seq: row.get::<_, i64>(0)?.unsigned_abs(),
            kind: kind_of(row.get(1)?),
            enabled: row.get(2)?,
            attributes: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        })
    })?)
}
