//! Brings the ledger up to what the tenant shows. Only the rows of people whose account differs are written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::columns::{StoredId, kind_number, kind_of};
use super::effects::{Context, Done, keep_address};
use super::{Store, StoreError, names};
use crate::apply::{RequestKind, RunId};
use crate::directory::{Attribute, ObjectId, RowWriter, Snapshot, UserRow, roles};
use crate::record::quick_digest;

/// How many people are compared at once.
const COMPARED: i64 = 4_096;

/// The run and its number, request, change, kind, object, and what accountEnabled was to be.
type OpenRow = (String, i64, i64, i64, i64, StoredId, Option<bool>);

impl Store {
    /// Brings the ledger up to what the tenant shows, before a plan is made: addresses that are no longer in use become former ones,
    /// and requests that were never answered are judged by what they left. Only for the holder of the [`super::Lock`]: another run's
    /// requests may be under way.
    pub fn reconcile(&mut self, snapshot: &Snapshot, today: Date) -> Result<(), StoreError> {
        self.judge_open(snapshot, today)?;
        let tenant = &snapshot.tenant;
        let seen = format!("seen:{tenant}");
        let last_seen = self.meta(&seen)?;
        let transaction = self.database.transaction()?;
        if let Some(number) = names::find(&transaction, &tenant.0)? {
            let until = last_seen.clone().unwrap_or_else(|| today.to_string());
            let addresses = Addresses { transaction: &transaction, snapshot, number, until };
            let mut after = String::new();
            while let Some(last) = addresses.compare_after(&after)? {
                after = last;
            }
        }
        transaction.commit()?;
        let today = today.to_string();
        if last_seen.as_ref() != Some(&today) {
            self.set_meta(&seen, &today)?;
        }
        Ok(())
    }

    /// Ends what the tenant shows to be over: that hrpush disabled an account which is enabled, or deleted one which is back.
    ///
    /// The plan of a run needs none of it, and a replica that lags may show the account as it was a moment ago. So it is kept only when a
    /// run goes ahead: where it is wrong, that run does the thing again, and the ledger knows it again.
    pub fn observe(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let tenant = self.tenant_number(&snapshot.tenant)?;
        let transaction = self.database.transaction()?;
        {
            let mut select = transaction.prepare_cached(
                "select key, id, disabled_on is not null or pre_hire or leave_done, deleted_on is not null \
                 from people indexed by people_with_a_state where tenant = ?1 and (disabled_on is not null or pre_hire or leave_done or deleted_on is not null)",
            )?;
            let mut rows = select.query([tenant])?;
            let mut ended: Vec<(String, bool, bool)> = Vec::new();
            while let Some(row) = rows.next()? {
                let (disabled, deleted): (bool, bool) = (row.get(2)?, row.get(3)?);
                let Some(user) = row.get::<_, StoredId>(1)?.0.and_then(|id| snapshot.users.row(&id)) else { continue };
                ended.push((row.get(0)?, disabled && user.enabled() == Some(true), deleted));
            }
            let enabled = "update people set disabled_on = null, pre_hire = 0, leave_done = 0 where tenant = ?1 and key = ?2";
            let back = "update people set deleted_on = null, former_groups = null where tenant = ?1 and key = ?2";
            for (key, is_enabled, is_back) in ended {
                for update in [is_enabled.then_some(enabled), is_back.then_some(back)].into_iter().flatten() {
                    transaction.prepare_cached(update)?.execute(params![tenant, key])?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Requests without an answer, but for creates: done where the snapshot shows what they wanted, else as if never sent.
    fn judge_open(&mut self, snapshot: &Snapshot, today: Date) -> Result<(), StoreError> {
        let open: Vec<OpenRow> = {
            let mut select = self.database.prepare(
                "select r.run, q.run, q.request, q.seq, q.kind, q.object, q.enabled from requests q join runs r on r.number = q.run \
                 where q.answered is null and q.kind <> ?2 and r.tenant = ?1 order by q.run, q.request",
            )?;
            let rows = select.query_map(params![snapshot.tenant.0, kind_number(RequestKind::CreateUser)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        let mut runs = BTreeMap::new();
        for (run, number, ..) in &open {
            if !runs.contains_key(number) {
                runs.insert(*number, self.plan_of(&RunId(run.clone()))?);
            }
        }
        let transaction = self.database.transaction()?;
        for (_, number, request, seq, kind, object, enabled) in open {
            let kind = kind_of(kind);
            let done = shows(snapshot, kind, object.0.as_ref(), enabled);
            transaction
                .prepare_cached(
                    "update requests set answered = max(0, ?3 - sent_at), done = ?4, code = 'settled' where run = ?1 and request = ?2",
                )?
                .execute(params![number, request, super::columns::micros(jiff::Timestamp::now()), done])?;
            let context = Context::new(&transaction, &runs[&number], today)?;
            if let (true, Some(change)) = (done, context.change(seq.unsigned_abs())) {
                context.effect(change, &Done { kind, enabled, attributes: "", id: None })?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Whether the tenant shows what a request wanted.
fn shows(snapshot: &Snapshot, kind: RequestKind, object: Option<&ObjectId>, enabled: Option<bool>) -> bool {
    let live = object.and_then(|id| snapshot.users.row(id));
    match kind {
        RequestKind::UpdateUser => enabled.is_some() && live.is_some_and(|user| user.enabled() == enabled),
        RequestKind::DeleteUser => live.is_none(),
        RequestKind::RestoreUser => live.is_some(),
        _ => false,
    }
}

/// The addresses of the people of one tenant, on their way into the ledger.
struct Addresses<'a> {
    transaction: &'a Transaction<'a>,
    snapshot: &'a Snapshot,
    number: i64,
    /// The last day on which an address that is gone was seen in use.
    until: String,
}

impl Addresses<'_> {
    /// Compares some people, those with the least keys after this one; the last of them, unless there was none.
    fn compare_after(&self, after: &str) -> Result<Option<String>, StoreError> {
        let mut differing = Vec::new();
        let mut last = None;
        let (mut names, mail) = (RowWriter::default(), Attribute::find(roles::MAIL));
        {
            let select = "select key, id, addresses from people where tenant = ?1 and key > ?2 order by key limit ?3";
            let mut select = self.transaction.prepare_cached(select)?;
            let mut rows = select.query(params![self.number, after, COMPARED])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                count += 1;
                let user = row.get::<_, StoredId>(1)?.0.and_then(|id| self.snapshot.users.row(&id));
                let digest = digest(user.as_ref(), mail, &mut names);
                if row.get_ref(2)?.as_blob_or_null().ok().flatten() != Some(&digest[..]) {
                    differing.push((row.get::<_, String>(0)?, user, digest));
                }
                if count == COMPARED {
                    last = Some(row.get(0)?);
                }
            }
        }
        for (key, user, digest) in differing {
            self.keep(&key, user.as_ref(), &digest)?;
        }
        Ok(last)
    }

    fn keep(&self, key: &str, user: Option<&UserRow<'_>>, digest: &[u8; 16]) -> Result<(), StoreError> {
        let select = "select addresses from live_addresses where tenant = ?1 and key = ?2";
        let mut select = self.transaction.prepare_cached(select)?;
        let before: Option<String> = select.query_row(params![self.number, key], |row| row.get(0)).optional()?;
        let before: BTreeSet<String> = before.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let now = user.map(addresses_of).unwrap_or_default();
        for gone in before.difference(&now) {
            keep_address(self.transaction, &self.snapshot.tenant.0, key, gone, &self.until)?;
        }
        if now != before {
            let upsert =
                "insert into live_addresses values (?1, ?2, ?3) on conflict do update set addresses = excluded.addresses";
            self.transaction.prepare_cached(upsert)?.execute(params![self.number, key, serde_json::to_string(&now)?])?;
        }
        let update = "update people set addresses = ?3 where tenant = ?1 and key = ?2";
        self.transaction.prepare_cached(update)?.execute(params![self.number, key, &digest[..]])?;
        Ok(())
    }
}

/// A digest of the names by which an account can be reached, unfolded: another case or order only costs a comparison.
/// `row` is room for them.
fn digest(user: Option<&UserRow<'_>>, mail: Option<Attribute>, row: &mut RowWriter) -> [u8; 16] {
    row.truncate(0);
    if let Some(user) = user {
        row.text(user.upn());
        row.text(mail.and_then(|mail| user.lent(&mail)?.as_text()).unwrap_or_default());
        row.texts(&user.proxy_addresses());
    }
    quick_digest(row.since(0))
}

/// All addresses that an account answers to, folded, in their order.
fn addresses_of(user: &UserRow<'_>) -> BTreeSet<String> {
    let proxies = user.proxy_addresses().into_iter().filter_map(|address| {
        let (scheme, address) = address.split_once(':')?;
        scheme.eq_ignore_ascii_case("smtp").then_some(address)
    });
    let mail = user.text("mail");
    proxies.chain([user.upn()]).chain(mail).map(str::to_lowercase).collect()
}
