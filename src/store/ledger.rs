//! The ledger: what earlier runs recorded of the people of a tenant, put together for a plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::columns::unpacked;
use super::{Store, StoreError};
use crate::directory::{TenantId, Value};
use crate::plan::{Change, FormerAddress, Guard, GuardName, LastReading, Ledger, Object, Plan};
use crate::record::EmployeeId;

/// The rolling budget, in days.
pub(super) const WEEK: i64 = 7;

/// The values that a run wrote to users, by key and attribute.
type WrittenValues = BTreeMap<(String, String), Option<Value>>;

/// The part of a plan that the weekly budget looks at: kept beside the plan, which is compressed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuardCounts {
    pub(super) as_of: String,
    pub(super) guards: Vec<Guard>,
}

impl GuardCounts {
    pub(super) fn of(plan: &Plan) -> Self {
        Self { as_of: plan.as_of.clone(), guards: plan.judged_guards().to_vec() }
    }
}

impl Store {
    /// The ledger as the plan takes it. `unsettled` is what settling could not find out. What HR wanted at the last run is left out: most of
    /// the ledger by size, and needed of few people; [`Store::add_wishes`] adds it, before and after the plan is made.
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
            // Their signatures are checked by the caller.
            approvals: Vec::new(),
            rejections: self.rejections(tenant)?,
            written: Vec::new(),
        })
    }

    /// What the last two runs of the feed wrote to users, newest first. A plan of very many changes is not read again for that.
    pub fn values_of_last_runs(&self, tenant: &TenantId, feed: &str) -> Result<Vec<WrittenValues>, StoreError> {
        const MOST: i64 = 3_000;
        let mut select = self.database.prepare(
            "select plan from runs r where tenant = ?1 and feed = ?2 and plan is not null and changes between 1 and ?3 \
             and exists (select 1 from changes c where c.run = r.number and c.done = 1) order by number desc limit 2",
        )?;
        let plans = select.query_map(params![tenant.0, feed, MOST], |row| row.get::<_, Vec<u8>>(0))?;
        let mut written = Vec::new();
        for plan in plans {
            let plan: Plan = serde_json::from_str(&unpacked(&plan?)?)?;
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
        let select = "select address, key, until from addresses where tenant = ?1 order by address, key";
        let mut select = self.database.prepare(select)?;
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
        let select = "select feed, substr(read_at, 1, 10) from readings where tenant = ?1 and read_at is not null";
        let mut select = self.database.prepare(select)?;
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
        // A saved plan knows its second alone. A reading of that second counts as younger: then the plan opens nothing.
        let moment = moment.parse().map_or_else(|_| moment.to_owned(), super::text);
        let select = "select 1 from readings where tenant = ?1 and feed = ?2 and read_at > ?3";
        Ok(self.database.query_row(select, [tenant.0.as_str(), feed, moment.as_str()], |_| Ok(())).optional()?.is_some())
    }

    /// Counts of runs that their guards let through, for the days since.
    ///
    /// A run counts by the day of its plan and by the day on which it was carried out. Otherwise `--as-of` with a past day would keep its
    /// changes out of the week's budget. Only a rehearsal of past days, one after another, goes by the days of the plans alone.
    fn week(&self, tenant: &TenantId, today: Date, since: Date) -> Result<BTreeMap<GuardName, u64>, StoreError> {
        let is_past = today < utc_today().saturating_sub(Span::new().days(1));
        let select = "select counted, substr(started_at, 1, 10) from runs where tenant = ?1 and started_at >= ?2 and changes > 0 and counted is not null order by number";
        let mut select = self.database.prepare(select)?;
        let mut rows = select.query(params![tenant.0, about(since)])?;
        let mut week = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let counted: GuardCounts = serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or_default())?;
            let started = row.get_ref(1)?.as_str().unwrap_or_default();
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

    /// The changes that were let through and are not done: they are not counted again.
    fn let_through(&self, tenant: &TenantId, since: Date) -> Result<Vec<Change>, StoreError> {
        let mut undone = self.database.prepare(
            "select seq from changes c where run = ?1 and done = 0 and not exists (select 1 from changes d join runs r on r.number = d.run \
             where d.key = c.key and d.object = c.object and d.done = 1 and r.tenant = ?2 and r.number > ?1)",
        )?;
        let mut select = self.database.prepare(
            "select number, plan from runs r where tenant = ?1 and started_at >= ?2 and plan is not null \
             and exists (select 1 from changes c where c.run = r.number and c.done = 0) order by number",
        )?;
        let mut runs = select.query(params![tenant.0, about(since)])?;
        let mut through = Vec::new();
        while let Some(run) = runs.next()? {
            let plan: Plan = serde_json::from_str(&unpacked(run.get_ref(1)?.as_blob().unwrap_or_default())?)?;
            if !is_since(&plan.as_of, since) {
                continue;
            }
            let rows =
                undone.query_map(params![run.get::<_, i64>(0)?, tenant.0], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?;
            let undone: BTreeSet<u64> = rows.collect::<Result<_, _>>()?;
            through.extend(plan.changes.into_iter().filter(|change| undone.contains(&change.seq)));
        }
        Ok(through)
    }
}

/// A day before which no run needs to be looked at. A run may have been made with another day than its own: the plan's day decides, and this
/// only spares reading old plans.
fn about(since: Date) -> String {
    utc_today().min(since).saturating_sub(Span::new().days(WEEK)).to_string()
}

fn utc_today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn is_since(day: &str, since: Date) -> bool {
    day.parse::<Date>().is_ok_and(|day| day > since)
}
