//! The quota's level, remembered between runs.

use std::path::Path;
use std::sync::Mutex;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{FILE, Store, StoreError};
use crate::directory::TenantId;
use crate::record::lock;
use crate::target::{QuotaLevel, RateLevel, Stops, StopsKeeper};

/// Keeps the level of one tenant, over a connection of its own: the graph's client holds it while the store is in use.
pub struct SavedLevel {
    database: Mutex<Connection>,
    tenant: TenantId,
}

impl Store {
    /// Where the tenant's quota level is kept.
    pub fn level(&self, tenant: &TenantId) -> Result<SavedLevel, StoreError> {
        SavedLevel::open(&self.folder.join(FILE), tenant)
    }
}

/// Keeps the stops of one target: the tenant's id is known only after the first answer, and that one may be a stop.
pub struct SavedStops {
    database: Mutex<Connection>,
    target: String,
}

impl Store {
    /// Where the stops of a target are kept.
    pub fn stops(&self, target: &str) -> Result<SavedStops, StoreError> {
        let database = Connection::open(self.folder.join(FILE))?;
        database.busy_timeout(std::time::Duration::from_secs(10))?;
        // A killed process loses nothing without a sync, and a run that is stopped often need not wait for the disk.
        database.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(SavedStops { database: Mutex::new(database), target: format!("target {target}") })
    }
}

impl StopsKeeper for SavedStops {
    fn load(&self) -> Option<Stops> {
        let database = lock(&self.database);
        let select = "select value from cache where tenant = ?1 and name = 'stops'";
        let value: Option<Vec<u8>> = database.query_row(select, [&self.target], |row| row.get(0)).optional().ok()?;
        serde_json::from_slice(&value?).ok()
    }

    fn save(&self, stops: &Stops) {
        let Ok(value) = serde_json::to_vec(stops) else { return };
        let database = lock(&self.database);
        let upsert = "insert into cache values (?1, 'stops', ?2) on conflict (tenant, name) do update set value = excluded.value";
        if let Err(error) = database.execute(upsert, rusqlite::params![self.target, value]) {
            tracing::warn!(%error, "the stop of a throttled scope is not remembered");
        }
    }
}

impl SavedLevel {
    fn open(file: &Path, tenant: &TenantId) -> Result<Self, StoreError> {
        let database = Connection::open(file)?;
        database.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(Self { database: Mutex::new(database), tenant: tenant.clone() })
    }
}

/// What a run that was killed wrote after it kept its level for the last time, by the journal. Requests that were journaled before and
/// had no answer by then may have been sent later: they count as well, so that the model never has more than the tenant.
fn spent_since(database: &Connection, tenant: &TenantId, at: i64) -> rusqlite::Result<i64> {
    let moment = |millis| super::text(Timestamp::from_millisecond(millis).unwrap_or_default());
    database.query_row(
        "select count(*) from requests where run = (select run from runs where tenant = ?1 order by rowid desc limit 1) \
         and (sent_at > ?2 or (sent_at > ?3 and coalesce(answered_at > ?2, 1)))",
        rusqlite::params![tenant.0, moment(at), moment(at.saturating_sub(150_000))],
        |row| row.get(0),
    )
}

impl QuotaLevel for SavedLevel {
    fn load(&self) -> Option<RateLevel> {
        let database = lock(&self.database);
        let select = "select value from cache where tenant = ?1 and name = 'quota'";
        let value: Option<Vec<u8>> = database.query_row(select, [&self.tenant.0], |row| row.get(0)).optional().ok()?;
        let level: RateLevel = serde_json::from_slice(&value?).ok()?;
        let since = spent_since(&database, &self.tenant, level.at).unwrap_or(0);
        let spent = f64::from(u32::try_from(since).unwrap_or(u32::MAX));
        Some(RateLevel { writes: level.writes - spent, units: level.units - spent, ..level })
    }

    fn save(&self, level: &RateLevel) {
        let Ok(value) = serde_json::to_vec(level) else { return };
        let database = lock(&self.database);
        let upsert = "insert into cache values (?1, 'quota', ?2) on conflict (tenant, name) do update set value = excluded.value";
        if let Err(error) = database.execute(upsert, rusqlite::params![self.tenant.0, value]) {
            tracing::warn!(%error, "the quota's level is not remembered");
        }
    }
}
