//! The quota's level, remembered between runs.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::{FILE, Store, StoreError};
use crate::directory::TenantId;
use crate::graph::{Level, QuotaLevel};

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

impl SavedLevel {
    fn open(file: &Path, tenant: &TenantId) -> Result<Self, StoreError> {
        let database = Connection::open(file)?;
        database.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(Self { database: Mutex::new(database), tenant: tenant.clone() })
    }
}

impl QuotaLevel for SavedLevel {
    fn load(&self) -> Option<Level> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let select = "select value from cache where tenant = ?1 and name = 'quota'";
        let value: Option<Vec<u8>> = database.query_row(select, [&self.tenant.0], |row| row.get(0)).optional().ok()?;
        serde_json::from_slice(&value?).ok()
    }

    fn save(&self, level: &Level) {
        let Ok(value) = serde_json::to_vec(level) else { return };
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let upsert = "insert into cache values (?1, 'quota', ?2) on conflict (tenant, name) do update set value = excluded.value";
        if let Err(error) = database.execute(upsert, rusqlite::params![self.tenant.0, value]) {
            tracing::warn!(%error, "the quota's level is not remembered");
        }
    }
}
