//! What HR wanted of each person at the last run: in a table of its own, since a nightly run needs it for few people.
//!
//! The names of the attributes are the same for nearly everybody and are kept once, among the names; a row has the values in their order.

use rusqlite::{Connection, params};

use super::{Store, StoreError, names};
use crate::directory::{TenantId, Value, ValueRef};
use crate::plan::{Ledger, WishMap, Wishes};

/// Writes what HR wants for people, one after the other.
#[derive(Default)]
pub(super) struct WishWriter {
    /// The attributes of the person before, and their number: most people have the same.
    attributes: Vec<String>,
    number: Option<i64>,
    /// The values of one person as JSON.
    values: Vec<u8>,
}

impl WishWriter {
    /// Keeps what HR wants for a person.
    pub(super) fn keep(&mut self, database: &Connection, tenant: i64, key: &str, wishes: Wishes<'_>) -> Result<(), StoreError> {
        let Self { attributes, number, values } = self;
        values.clear();
        let (mut count, mut written) = (0, Ok(()));
        wishes.each(|name, value| {
            if attributes.get(count).is_none_or(|known| known != name) {
                attributes.truncate(count);
                attributes.push(name.to_owned());
                *number = None;
            }
            values.push(if count == 0 { b'[' } else { b',' });
            count += 1;
            let value = json(values, value);
            written = std::mem::replace(&mut written, Ok(())).and(value);
        });
        written?;
        values.extend_from_slice(if count == 0 { b"[]" } else { b"]" });
        if attributes.len() > count {
            attributes.truncate(count);
            *number = None;
        }
        let number = match *number {
            Some(number) => number,
            None => *number.insert(names::number_of(database, &serde_json::to_string(attributes)?)?),
        };
        let values = std::str::from_utf8(values).unwrap_or_default();
        let upsert = "insert into wanted (tenant, key, attributes, wishes) values (?1, ?2, ?3, ?4) \
                      on conflict do update set attributes = excluded.attributes, wishes = excluded.wishes";
        database.prepare_cached(upsert)?.execute(params![tenant, key, number, values])?;
        Ok(())
    }
}

/// Appends a value as JSON, in the form in which [`Value`] is read.
fn json(text: &mut Vec<u8>, value: Option<ValueRef<'_>>) -> serde_json::Result<()> {
    match value {
        None => serde_json::to_writer(text, &()),
        Some(ValueRef::Flag(flag)) => serde_json::to_writer(text, &flag),
        Some(ValueRef::Text(value)) => serde_json::to_writer(text, value),
        Some(ValueRef::List(items)) => serde_json::to_writer(text, &items),
    }
}

/// Gives what was kept for a person to another key.
pub(super) fn rename(database: &Connection, tenant: i64, from: &str, to: &str) -> Result<(), StoreError> {
    for table in ["wanted", "live_addresses"] {
        let update = format!("update or replace {table} set key = ?3 where tenant = ?1 and key = ?2");
        database.prepare_cached(&update)?.execute(params![tenant, from, to])?;
    }
    Ok(())
}

/// What HR wanted for a person at the last run; empty where that is not known.
pub(super) fn of(database: &Connection, tenant: i64, key: &str) -> Result<WishMap, StoreError> {
    let select =
        "select n.name, w.wishes from wanted w join names n on n.number = w.attributes where w.tenant = ?1 and w.key = ?2";
    let mut select = database.prepare_cached(select)?;
    let mut rows = select.query(params![tenant, key])?;
    let Some(row) = rows.next()? else { return Ok(WishMap::new()) };
    let attributes: Vec<String> = serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or_default())?;
    let values: Vec<Option<Value>> = serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or_default())?;
    Ok(attributes.into_iter().zip(values).collect())
}

impl Store {
    /// Adds to the ledger what HR wanted of these people at the last run.
    pub fn add_wishes<'k>(
        &self,
        tenant: &TenantId,
        ledger: &mut Ledger,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<(), StoreError> {
        let tenant = self.tenant_number(tenant)?;
        for key in keys {
            let Some(person) = ledger.people.get_mut(key) else { continue };
            person.wanted = of(&self.database, tenant, key)?;
        }
        Ok(())
    }
}
