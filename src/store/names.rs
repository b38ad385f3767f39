//! Texts that many rows share: each has a number, and the rows have that.

use rusqlite::{Connection, OptionalExtension as _};

use super::{Store, StoreError};
use crate::directory::TenantId;

/// A number that no text has.
const NONE: i64 = -1;

/// The number of a text; it gets one where it has none.
pub(super) fn number_of(database: &Connection, name: &str) -> Result<i64, StoreError> {
    if let Some(number) = find(database, name)? {
        return Ok(number);
    }
    database.prepare_cached("insert into names (name) values (?1)")?.execute([name])?;
    Ok(database.last_insert_rowid())
}

/// The number of a text that has one.
pub(super) fn find(database: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let mut select = database.prepare_cached("select number from names where name = ?1")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

impl Store {
    /// The number of a tenant, for reading; one that fits no row where nothing was kept for it.
    pub(super) fn tenant_number(&self, tenant: &TenantId) -> Result<i64, StoreError> {
        Ok(find(&self.database, &tenant.0)?.unwrap_or(NONE))
    }
}
