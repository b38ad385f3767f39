//! The ledger: what hrpush knows of the people it manages, filled from the journal and from what each snapshot shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::Deserialize;

use super::journal::{Context, Done, GROUPS_WHEN_DELETED, keep_address, kind_of};
use super::{Store, StoreError};
use crate::apply::{Applied, RequestKind, RunId};
use crate::directory::{ObjectId, Snapshot, TenantId, UserRow, Value};
use crate::plan::{Change, FormerAddress, Guard, LastReading, Ledger, Object, Person, Plan, Presence, SkippedCode};
use crate::record::EmployeeId;

/// The rolling budget, in days.
const WEEK: i64 = 7;

/// Run, request, change, kind, object, and what accountEnabled was to be.
type OpenRow = (String, i64, i64, String, Option<String>, Option<bool>);

/// A person of a reading with the account, as a good run leaves it in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The person's key.
    pub key: EmployeeId,
    /// The account.
    pub account: ObjectId,
    /// What HR wants for it, by attribute name.
    pub wanted: BTreeMap<String, Option<Value>>,
    /// Whether hrpush may write to the account.
    pub kind: LinkKind,
    /// Whether HR calls the person gone: the feed that carried them last stays the one that did.
    pub gone: bool,
}

/// What a link between a record and an account rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// hrpush manages the account.
    Managed,
    /// The record matches the account and nothing may be written to it: a guest, a synced or a protected account.
    Seen,
}

/// The part of a plan that the weekly budget looks at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    as_of: String,
    guards: Vec<Guard>,
}

/// The plan of a run, as it was journaled.
struct RunPlan {
    run: String,
    started_at: String,
    plan: String,
}

/// What a run wrote, by key and attribute.
type WrittenValues = BTreeMap<(String, String), Option<Value>>;

impl Store {
    /// The ledger as the plan takes it. `unsettled` is what settling could not find out. What HR wanted at the last run is left out: most of
    /// the ledger by size, and needed of few people; [`Store::add_wishes`] adds it.
    pub fn ledger(
        &self,
        feed: &str,
        tenant: &TenantId,
        today: Date,
        unsettled: &BTreeMap<String, String>,
    ) -> Result<Ledger, StoreError> {
        let settled = |(key, why): (&String, &String)| Some((EmployeeId::new(key)?, why.clone()));
        let since = today.saturating_sub(Span::new().days(WEEK));
        Ok(Ledger {
            people: self.people(tenant)?,
            addresses: self.former_addresses(tenant)?,
            last_reading: self.last_reading(tenant, feed)?,
            week: self.week(tenant, today, since)?,
            let_through: self.let_through(tenant, since)?,
            unsettled: unsettled.iter().filter_map(settled).collect(),
            refused: self.refused(tenant)?,
            feeds: self.feeds(tenant)?,
            decisions: self.standing_decisions(tenant)?,
            written: Vec::new(),
        })
    }

    /// Whether the ledger knows nobody of this tenant: the preview then says that it starts anew.
    pub fn starts_anew(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let known = self.database.query_row("select 1 from people where tenant = ?1 limit 1", [&tenant.0], |_| Ok(()));
        Ok(known.optional()?.is_none())
    }

    fn people(&self, tenant: &TenantId) -> Result<BTreeMap<EmployeeId, Person>, StoreError> {
        let mut select = self.database.prepare(
            "select key, id, feed, disabled_on, pre_hire, deleted_on, leave_done, missing_since, seen, \
             case when deleted_on is not null then wanted end from people where tenant = ?1 order by key",
        )?;
        let mut rows = select.query([&tenant.0])?;
        let mut people = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let (key, id): (String, String) = (row.get(0)?, row.get(1)?);
            let (Some(key), Some(id)) = (EmployeeId::new(&key), ObjectId::new(&id)) else { continue };
            let day = |text: Option<String>| text.and_then(|text| text.parse().ok());
            people.insert(
                key,
                Person {
                    id,
                    feed: row.get(2)?,
                    disabled_on: day(row.get(3)?),
                    pre_hire: row.get(4)?,
                    deleted_on: day(row.get(5)?),
                    groups_when_deleted: former_groups(row.get(9)?)?,
                    missing_since: day(row.get(7)?),
                    seen: row.get(8)?,
                    leave_done: serde_json::from_str(row.get_ref(6)?.as_str().unwrap_or("[]"))?,
                    wanted: BTreeMap::new(),
                },
            );
        }
        Ok(people)
    }

    /// Adds to the ledger what HR wanted of these people at the last run.
    pub fn add_wishes<'k>(
        &self,
        tenant: &TenantId,
        ledger: &mut Ledger,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<(), StoreError> {
        let mut select = self.database.prepare("select wanted from people where tenant = ?1 and key = ?2")?;
        for key in keys {
            let Some(person) = ledger.people.get_mut(key) else { continue };
            let wanted: Option<String> = select.query_row([tenant.0.as_str(), key], |row| row.get(0)).optional()?;
            person.wanted = serde_json::from_str(wanted.as_deref().unwrap_or("{}"))?;
        }
        Ok(())
    }

    /// What the last two runs of the feed wrote to users, newest first. A plan of very many changes is not read again for that.
    pub fn values_of_last_runs(&self, tenant: &TenantId, feed: &str) -> Result<Vec<WrittenValues>, StoreError> {
        let mut select = self.database.prepare(
            "select plan from runs r where tenant = ?1 and feed = ?2 and length(plan) < 4000000 \
             and exists (select 1 from changes c where c.run = r.run and c.done = 1) order by rowid desc limit 2",
        )?;
        let plans = select.query_map([tenant.0.as_str(), feed], |row| row.get::<_, String>(0))?;
        let mut written = Vec::new();
        for plan in plans {
            let plan: Plan = serde_json::from_str(&plan?)?;
            let users = plan.changes.into_iter().filter(|change| change.object == Object::User);
            let edits = users.flat_map(|change| {
                let key = change.key;
                change.attributes.into_iter().map(move |edit| ((key.clone(), edit.name), edit.after))
            });
            written.push(edits.collect());
        }
        Ok(written)
    }

    fn former_addresses(&self, tenant: &TenantId) -> Result<Vec<FormerAddress>, StoreError> {
        let mut select =
            self.database.prepare("select address, key, until from addresses where tenant = ?1 order by address, key")?;
        let rows = select
            .query_map([&tenant.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
        let mut addresses = Vec::new();
        for row in rows {
            let (address, key, until) = row?;
            if let (Some(key), Ok(until)) = (EmployeeId::new(&key), until.parse()) {
                addresses.push(FormerAddress { address, key, until });
            }
        }
        Ok(addresses)
    }

    fn last_reading(&self, tenant: &TenantId, feed: &str) -> Result<Option<LastReading>, StoreError> {
        let select = "select reading from readings where tenant = ?1 and feed = ?2";
        let reading: Option<String> = self.database.query_row(select, [tenant.0.as_str(), feed], |row| row.get(0)).optional()?;
        Ok(reading.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// The UTC day of each feed's last good reading. A state folder of an earlier version does not know it.
    fn feeds(&self, tenant: &TenantId) -> Result<BTreeMap<String, Date>, StoreError> {
        let mut select = self
            .database
            .prepare("select feed, substr(read_at, 1, 10) from readings where tenant = ?1 and read_at is not null")?;
        let rows = select.query_map([&tenant.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut feeds = BTreeMap::new();
        for row in rows {
            let (feed, day) = row?;
            if let Ok(day) = day.parse() {
                feeds.insert(feed, day);
            }
        }
        Ok(feeds)
    }

    /// Keeps a reading to compare the next one with: only after a run that was applied or had nothing to do.
    pub fn good_reading(&mut self, tenant: &TenantId, feed: &str, reading: &LastReading) -> Result<(), StoreError> {
        self.database.execute(
            "insert into readings (tenant, feed, reading, read_at) values (?1, ?2, ?3, ?4) \
             on conflict (tenant, feed) do update set reading = excluded.reading, read_at = excluded.read_at",
            params![tenant.0, feed, serde_json::to_string(reading)?, super::now()],
        )?;
        Ok(())
    }

    /// Keeps the possible duplicates of a reading whose run is about to write. It does not become the last good reading by that.
    pub fn keep_possible_duplicates(&mut self, tenant: &TenantId, feed: &str, reading: &LastReading) -> Result<(), StoreError> {
        let Some(mut last) = self.last_reading(tenant, feed)? else { return Ok(()) };
        last.keep_possible_duplicates(reading);
        let update = "update readings set reading = ?3 where tenant = ?1 and feed = ?2";
        self.database.execute(update, params![tenant.0, feed, serde_json::to_string(&last)?])?;
        Ok(())
    }

    /// Whether a good reading of the feed is younger than this moment, as the state writes it.
    pub fn read_since(&self, tenant: &TenantId, feed: &str, moment: &str) -> Result<bool, StoreError> {
        let select = "select 1 from readings where tenant = ?1 and feed = ?2 and read_at > ?3";
        Ok(self.database.query_row(select, [tenant.0.as_str(), feed, moment], |_| Ok(())).optional()?.is_some())
    }

    /// Records who vanished from a good reading of a feed, and who came back. A decision to keep a person ends once the person is there.
    pub fn note_presence(&mut self, tenant: &TenantId, presence: &Presence, today: Date) -> Result<(), StoreError> {
        let transaction = self.database.transaction()?;
        {
            let mut update = transaction.prepare("update people set missing_since = ?3 where tenant = ?1 and key = ?2")?;
            for key in &presence.missing {
                update.execute(params![tenant.0, key.as_str(), today.to_string()])?;
            }
            for key in &presence.returned {
                update.execute(params![tenant.0, key.as_str(), None::<String>])?;
            }
            let mut forget = transaction.prepare(
                "update decisions set forgotten_at = ?3, forgotten_by = 'hrpush' \
                 where tenant = ?1 and key = ?2 and verdict = 'keep' and forgotten_at is null",
            )?;
            for key in &presence.not_kept {
                forget.execute(params![tenant.0, key.as_str(), super::now()])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Counts of runs that their guards let through, for the days since.
    ///
    /// A run counts by the day of its plan and by the day on which it was carried out. Otherwise `--as-of` with a past day would keep its
    /// changes out of the week's budget. Only a rehearsal of past days, one after another, goes by the days of the plans alone.
    fn week(&self, tenant: &TenantId, today: Date, since: Date) -> Result<BTreeMap<String, u64>, StoreError> {
        let is_past = today < utc_today().saturating_sub(Span::new().days(1));
        let mut week = BTreeMap::new();
        for RunPlan { started_at, plan, .. } in self.plans(tenant, since, false)? {
            let counted: Counted = serde_json::from_str(&plan)?;
            let started = started_at.get(..10).unwrap_or_default();
            if !is_since(&counted.as_of, since) && (is_past || !is_since(started, since)) {
                continue;
            }
            // Neither what was approved nor what no guard watched.
            for guard in counted.guards.into_iter().filter(|guard| !guard.tripped && guard.limit.is_some()) {
                *week.entry(guard.name).or_default() += guard.count;
            }
        }
        Ok(week)
    }

    /// Who was let through and is not done: their changes are not counted again.
    fn let_through(&self, tenant: &TenantId, since: Date) -> Result<Vec<Change>, StoreError> {
        let mut undone = self.database.prepare(
            "select seq from changes c where run = ?1 and done = 0 and not exists (select 1 from changes d join runs r on r.run = d.run \
             where d.key = c.key and d.object = c.object and d.done = 1 and r.tenant = ?2 \
             and r.rowid > (select rowid from runs where run = ?1))",
        )?;
        let mut through = Vec::new();
        for RunPlan { run, plan, .. } in self.plans(tenant, since, true)? {
            let plan: Plan = serde_json::from_str(&plan)?;
            if !is_since(&plan.as_of, since) {
                continue;
            }
            let rows = undone.query_map([run.as_str(), tenant.0.as_str()], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?;
            let undone: BTreeSet<u64> = rows.collect::<Result<_, _>>()?;
            through.extend(plan.changes.into_iter().filter(|change| undone.contains(&change.seq)));
        }
        Ok(through)
    }

    /// Plans with changes of the runs since about that day, or only of those that left something undone. The day of a run is that of its plan.
    fn plans(&self, tenant: &TenantId, since: Date, undone: bool) -> Result<Vec<RunPlan>, StoreError> {
        let left = if undone { "and c.done = 0" } else { "" };
        // A run may have been made with another day than its own: the plan's day decides, and this only spares reading old plans.
        let from = utc_today().min(since).saturating_sub(Span::new().days(WEEK));
        let mut select = self.database.prepare(&format!(
            "select run, started_at, plan from runs r where tenant = ?1 and started_at >= ?2 \
                 and exists (select 1 from changes c where c.run = r.run {left}) order by rowid"
        ))?;
        let run = |row: &rusqlite::Row<'_>| Ok(RunPlan { run: row.get(0)?, started_at: row.get(1)?, plan: row.get(2)? });
        let rows = select.query_map([tenant.0.as_str(), &from.to_string()], run)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The attributes that Graph refused to this app, each with the people on whom that was tried in vain since.
    pub fn refused(&self, tenant: &TenantId) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        let tried = self.meta(&tried_of(tenant))?;
        let mut tried: BTreeMap<String, BTreeSet<String>> = serde_json::from_str(tried.as_deref().unwrap_or("{}"))?;
        let mut select = self.database.prepare("select attribute from refused where tenant = ?1")?;
        let rows = select.query_map([&tenant.0], |row| row.get::<_, String>(0))?;
        let mut refused = BTreeMap::new();
        for attribute in rows {
            let attribute = attribute?;
            let tried = tried.remove(&attribute).unwrap_or_default();
            refused.insert(attribute, tried);
        }
        Ok(refused)
    }

    /// After a run: what Graph refused to this app, and what it does not refuse any more. What each answer meant for people is in the ledger
    /// already.
    ///
    /// An attribute stays refused until a value of it goes through. Each plan tries it on one person; where others wait for that, the next
    /// plan tries somebody else, until everybody had a turn.
    pub fn absorb(&mut self, plan: &Plan, applied: &Applied, today: Date) -> Result<(), StoreError> {
        let tenant = TenantId(plan.target.tenant_id.clone());
        let before = self.refused(&tenant)?;
        let others_wait = plan.skipped.iter().any(|skipped| skipped.code == SkippedCode::RefusedByGraph);
        let mut tried: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (attribute, people) in &applied.refused {
            if let Some(earlier) = before.get(attribute.name).filter(|_| others_wait) {
                tried.insert(attribute.name.to_owned(), earlier.union(people).cloned().collect());
            }
        }
        for failed in applied.outcome.failed.iter().filter(|failed| failed.status == Some(403) && others_wait) {
            let known = failed.property.as_deref().and_then(|name| before.get_key_value(name));
            if let Some((name, earlier)) = known {
                let of = tried.entry(name.clone()).or_insert_with(|| earlier.clone());
                of.insert(failed.key.clone());
            }
        }
        let transaction = self.database.transaction()?;
        for attribute in applied.refused.keys() {
            transaction.execute(
                "insert into refused values (?1, ?2, ?3) on conflict (tenant, attribute) do update set day = excluded.day",
                params![tenant.0, attribute.name, today.to_string()],
            )?;
        }
        for attribute in &applied.written {
            transaction.execute("delete from refused where tenant = ?1 and attribute = ?2", params![tenant.0, attribute.name])?;
        }
        transaction.commit()?;
        if before.values().all(BTreeSet::is_empty) && tried.is_empty() {
            return Ok(());
        }
        self.set_meta(&tried_of(&tenant), &serde_json::to_string(&tried)?)
    }

    /// Keeps who is carried by a feed, with the account that hrpush manages and what HR wants for it.
    pub fn remember(
        &mut self,
        tenant: &TenantId,
        feed: &str,
        people: impl Iterator<Item = (EmployeeId, ObjectId, BTreeMap<String, Option<Value>>)>,
    ) -> Result<(), StoreError> {
        let managed = |(key, account, wanted)| Link { key, account, wanted, kind: LinkKind::Managed, gone: false };
        self.remember_links(tenant, feed, people.map(managed))
    }

    /// Keeps the people of a good run who have an account. Only rows that differ are written.
    pub fn remember_links(&mut self, tenant: &TenantId, feed: &str, links: impl Iterator<Item = Link>) -> Result<(), StoreError> {
        let transaction = self.database.transaction()?;
        {
            let mut select = transaction.prepare("select id, feed, wanted, seen from people where tenant = ?1 and key = ?2")?;
            for link in links {
                let known: Option<(String, String, String, bool)> = select
                    .query_row([tenant.0.as_str(), link.key.as_str()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })
                    .optional()?;
                let wanted = serde_json::to_string(&link.wanted)?;
                let Some((had, was, wish, seen)) = known else {
                    new_person(&transaction, tenant, &link, feed, &wanted)?;
                    continue;
                };
                // A feed carries a person by a record that does not call them gone.
                let row = PersonRow {
                    id: link.account.to_string(),
                    feed: if link.gone { was.clone() } else { feed.to_owned() },
                    seen: match link.kind {
                        LinkKind::Managed => false,
                        LinkKind::Seen if had != link.account.to_string() => true,
                        // A version before schema 3 kept no difference; a link that was written to before stays one.
                        LinkKind::Seen => seen || !is_written(&transaction, tenant, &link.key)?,
                    },
                    wanted,
                };
                let other = had != row.id;
                if other || was != row.feed || wish != row.wanted || seen != row.seen {
                    update_person(&transaction, tenant, &link.key, &row, other)?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Whether the ledger has this person.
    pub fn knows(&self, tenant: &TenantId, key: &EmployeeId) -> Result<bool, StoreError> {
        let select = "select 1 from people where tenant = ?1 and key = ?2";
        Ok(self.database.prepare_cached(select)?.exists([tenant.0.as_str(), key.as_str()])?)
    }

    /// Brings the ledger up to what the tenant shows, before a plan is made: addresses that are no longer in use become former ones,
    /// and requests that were never answered are judged by what they left. Only for who holds the [`super::Lock`]: another run's
    /// requests may be under way.
    pub fn reconcile(&mut self, snapshot: &Snapshot, today: Date) -> Result<(), StoreError> {
        self.judge_open(snapshot, today)?;
        let tenant = &snapshot.tenant;
        let seen = format!("seen:{tenant}");
        let last_seen = self.meta(&seen)?.unwrap_or_else(|| today.to_string());
        let transaction = self.database.transaction()?;
        {
            let mut select = transaction.prepare("select key, id, addresses from people where tenant = ?1")?;
            let mut rows = select.query([&tenant.0])?;
            let mut update = transaction.prepare("update people set addresses = ?3 where tenant = ?1 and key = ?2")?;
            while let Some(row) = rows.next()? {
                let (key, id): (String, String) = (row.get(0)?, row.get(1)?);
                let before: Vec<String> = serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or("[]"))?;
                let live = ObjectId::new(&id).and_then(|id| snapshot.users.row(&id));
                let now = live.map(|user| addresses_of(&user)).unwrap_or_default();
                for gone in before.iter().filter(|address| !now.contains(*address)) {
                    keep_address(&transaction, &tenant.0, &key, gone, &last_seen)?;
                }
                if !now.iter().eq(before.iter()) {
                    update.execute(params![tenant.0, key, serde_json::to_string(&now)?])?;
                }
            }
        }
        transaction.commit()?;
        self.set_meta(&seen, &today.to_string())
    }

    /// Ends what the tenant shows to be over: «disabled by hrpush» when the account is enabled, «deleted by hrpush» when it is back.
    ///
    /// The plan of a run needs none of it, and a replica that lags may show the account as it was a moment ago. So it is kept only when a
    /// run goes ahead: where it is wrong, that run does the thing again, and the ledger knows it again.
    pub fn observe(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let tenant = &snapshot.tenant;
        let transaction = self.database.transaction()?;
        {
            let mut select = transaction.prepare(
                "select key, id, disabled_on is not null or pre_hire or leave_done <> '[]', deleted_on is not null from people \
                 where tenant = ?1 and (disabled_on is not null or pre_hire or leave_done <> '[]' or deleted_on is not null)",
            )?;
            let mut rows = select.query([&tenant.0])?;
            let mut enabled = transaction.prepare(
                "update people set disabled_on = null, pre_hire = 0, leave_done = '[]' where tenant = ?1 and key = ?2",
            )?;
            let mut back = transaction.prepare("update people set deleted_on = null where tenant = ?1 and key = ?2")?;
            while let Some(row) = rows.next()? {
                let (key, id): (String, String) = (row.get(0)?, row.get(1)?);
                let (disabled, deleted): (bool, bool) = (row.get(2)?, row.get(3)?);
                let Some(user) = ObjectId::new(&id).and_then(|id| snapshot.users.get(&id)) else { continue };
                if disabled && user.enabled == Some(true) {
                    enabled.execute(params![tenant.0, key])?;
                }
                if deleted {
                    back.execute(params![tenant.0, key])?;
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
                "select q.run, q.request, q.seq, q.kind, q.object, q.enabled from requests q join runs r on r.run = q.run \
                 where q.answered_at is null and q.kind <> 'create-user' and r.tenant = ?1 order by r.rowid, q.request",
            )?;
            let rows = select.query_map([&snapshot.tenant.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        if open.is_empty() {
            return Ok(());
        }
        let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
        for (run, ..) in &open {
            if !plans.contains_key(run) {
                let plan: String = self.database.query_row("select plan from runs where run = ?1", [run], |row| row.get(0))?;
                plans.insert(run.clone(), serde_json::from_str(&plan)?);
            }
        }
        let transaction = self.database.transaction()?;
        for (run, request, seq, kind, object, enabled) in open {
            let live = object.as_deref().and_then(ObjectId::new).and_then(|id| snapshot.users.row(&id));
            let kind = kind_of(&kind);
            let done = match kind {
                RequestKind::UpdateUser => enabled.is_some() && live.is_some_and(|user| user.enabled() == enabled),
                RequestKind::DeleteUser => live.is_none(),
                RequestKind::RestoreUser => live.is_some(),
                _ => false,
            };
            transaction.execute(
                "update requests set answered_at = ?3, done = ?4, code = 'settled' where run = ?1 and request = ?2",
                params![run, request, super::now(), done],
            )?;
            let plan = &plans[&run];
            let change = plan.changes.iter().find(|change| change.seq == seq.unsigned_abs());
            if let (true, Some(change)) = (done, change) {
                let run = RunId(run);
                let context = Context { run: &run, plan, today: plan.as_of.parse().unwrap_or(today), at: super::now() };
                let done = Done { kind, enabled, attributes: "", id: None };
                context.effect(&transaction, change, &done)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// What changes in the row of a person who is known.
struct PersonRow {
    id: String,
    feed: String,
    wanted: String,
    seen: bool,
}

fn update_person(
    transaction: &Transaction<'_>,
    tenant: &TenantId,
    key: &EmployeeId,
    row: &PersonRow,
    other: bool,
) -> Result<(), StoreError> {
    let PersonRow { id, feed, wanted, seen } = row;
    if other {
        // Another account: what was done to the former one says nothing of it.
        transaction.execute(
            "update people set disabled_on = null, pre_hire = 0, deleted_on = null, leave_done = '[]' where tenant = ?1 and key = ?2",
            params![tenant.0, key.as_str()],
        )?;
    }
    transaction.execute(
        "update people set id = ?3, feed = ?4, wanted = ?5, seen = ?6 where tenant = ?1 and key = ?2",
        params![tenant.0, key.as_str(), id, feed, wanted, seen],
    )?;
    Ok(())
}

/// A person who is new to the ledger; one known under a previous key takes what was done along.
///
/// A row names a feed, so a leaver whom no feed carried before gets the one that names them.
fn new_person(transaction: &Transaction<'_>, tenant: &TenantId, link: &Link, feed: &str, wanted: &str) -> Result<(), StoreError> {
    let (id, key) = (link.account.to_string(), link.key.as_str());
    let (managed, carried) = (link.kind == LinkKind::Managed, (!link.gone).then_some(feed));
    let moved = transaction.execute(
        "update people set key = ?3, feed = coalesce(?4, feed), wanted = ?5, seen = seen and not ?6 where tenant = ?1 and key = \
         (select min(key) from people where tenant = ?1 and id = ?2)",
        params![tenant.0, id, key, carried, wanted, managed],
    )?;
    if moved == 0 {
        transaction.execute(
            "insert into people (tenant, key, id, feed, wanted, seen) values (?1, ?2, ?3, ?4, ?5, ?6)",
            params![tenant.0, key, id, feed, wanted, !managed],
        )?;
    }
    Ok(())
}

/// Whether an earlier run had a change for this person.
fn is_written(transaction: &Transaction<'_>, tenant: &TenantId, key: &EmployeeId) -> Result<bool, StoreError> {
    let select = "select 1 from changes c join runs r on r.run = c.run where c.key = ?1 and c.object = 'user' and r.tenant = ?2";
    Ok(transaction.prepare_cached(select)?.exists([key.as_str(), tenant.0.as_str()])?)
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

/// The groups of a deleted account, out of what its row keeps.
fn former_groups(wanted: Option<String>) -> Result<BTreeSet<ObjectId>, StoreError> {
    let Some(wanted) = wanted else { return Ok(BTreeSet::new()) };
    let mut wanted: BTreeMap<String, Option<Value>> = serde_json::from_str(&wanted)?;
    let Some(Some(Value::List(groups))) = wanted.remove(GROUPS_WHEN_DELETED) else { return Ok(BTreeSet::new()) };
    Ok(groups.iter().filter_map(|id| ObjectId::new(id)).collect())
}

/// Under which name the people are kept on whom refused attributes were tried.
fn tried_of(tenant: &TenantId) -> String {
    format!("refused:{tenant}")
}

fn utc_today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn is_since(day: &str, since: Date) -> bool {
    day.parse::<Date>().is_ok_and(|day| day > since)
}
