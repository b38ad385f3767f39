//! The tenant as it was last read, in a file of its own: losing it costs one full list and nothing else.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Store, private_file};
use crate::record::lock;
use crate::target::SnapshotCache;

const FILE: &str = "tenant.db";
/// Readings of one target that are kept: as many mappings can take turns.
const READINGS: u32 = 4;
const SCHEMA: &str = "
create table if not exists reading (
    id      integer primary key,
    target  text not null,
    reading text not null,
    used    text not null,
    head    blob not null,
    unique (target, reading)
) strict;
create table if not exists object (
    reading integer not null,
    key     text not null,
    value   blob not null,
    primary key (reading, key)
) strict, without rowid;";

/// Keeps the readings of one target. A file that cannot be used is made anew; failing that, nothing is kept.
pub struct SnapshotCacheTable {
    database: Mutex<Option<Connection>>,
    target: String,
}

impl Store {
    /// Where readings of a target are kept: the tenant that a URL and a configuration lead to.
    pub fn readings(&self, target: &str) -> SnapshotCacheTable {
        let file = self.folder().join(FILE);
        let opened = open(&file).or_else(|error| {
            tracing::warn!(%error, "the cached tenant cannot be used and is made anew");
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(PathBuf::from(format!("{}{end}", file.display())));
            }
            open(&file)
        });
        let database = opened.inspect_err(|error| tracing::warn!(%error, "the tenant cannot be cached")).ok();
        SnapshotCacheTable { database: Mutex::new(database), target: target.to_owned() }
    }
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    private_file(file).map_err(|_| rusqlite::Error::InvalidPath(file.to_owned()))?;
    let database = Connection::open(file)?;
    database.busy_timeout(std::time::Duration::from_secs(10))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    // A crash may lose the last transaction, never a part of one.
    database.pragma_update(None, "synchronous", "NORMAL")?;
    // A reading is looked through once and in order: a larger page cache would only add to the memory of the run.
    database.pragma_update(None, "cache_size", -2_048)?;
    database.execute_batch(SCHEMA)?;
    Ok(database)
}

impl SnapshotCacheTable {
    /// Works in one transaction; what fails leaves everything as it was.
    fn within<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Option<T> {
        let mut database = lock(&self.database);
        let worked = (|| {
            let Some(database) = database.as_mut() else { return Ok(None) };
            let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(Some(done))
        })();
        worked.unwrap_or_else(|error: rusqlite::Error| {
            tracing::warn!(%error, "the cached tenant cannot be read or written");
            None
        })
    }

    fn find(&self, transaction: &Transaction<'_>, reading: &str) -> rusqlite::Result<Option<(i64, Vec<u8>)>> {
        let select = "select id, head from reading where target = ?1 and reading = ?2";
        transaction.query_row(select, [&self.target, reading], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// Makes room for a new reading: the eldest go.
    fn clear(&self, transaction: &Transaction<'_>, reading: &str, keep: u32) -> rusqlite::Result<()> {
        let gone = "select id from reading where target = ?1 and (reading = ?2 or id not in
            (select id from reading where target = ?1 and reading <> ?2 order by used desc limit ?3))";
        transaction.execute(&format!("delete from object where reading in ({gone})"), params![self.target, reading, keep])?;
        transaction.execute(&format!("delete from reading where id in ({gone})"), params![self.target, reading, keep])?;
        Ok(())
    }
}

impl SnapshotCache for SnapshotCacheTable {
    fn load(&self, reading: &str, wanted: &mut dyn FnMut(&[u8]) -> bool, row: &mut dyn FnMut(&str, &[u8])) -> bool {
        let loaded = self.within(|transaction| {
            let Some((id, head)) = self.find(transaction, reading)? else { return Ok(false) };
            if !wanted(&head) {
                return Ok(false);
            }
            let mut select = transaction.prepare_cached("select key, value from object where reading = ?1 order by key")?;
            let mut rows = select.query([id])?;
            while let Some(found) = rows.next()? {
                row(found.get_ref(0)?.as_str()?, found.get_ref(1)?.as_blob()?);
            }
            Ok(true)
        });
        loaded.unwrap_or(false)
    }

    fn replace(&self, reading: &str, head: &[u8], rows: &mut dyn Iterator<Item = (String, Vec<u8>)>) {
        self.within(|transaction| {
            self.clear(transaction, reading, READINGS - 1)?;
            let insert = "insert into reading (target, reading, used, head) values (?1, ?2, ?3, ?4)";
            transaction.execute(insert, params![self.target, reading, super::now(), head])?;
            let id = transaction.last_insert_rowid();
            let mut insert = transaction.prepare("insert into object (reading, key, value) values (?1, ?2, ?3)")?;
            for (key, value) in rows {
                insert.execute(params![id, key, value])?;
            }
            Ok(())
        });
    }

    fn advance(&self, reading: &str, former: &[u8], head: &[u8], rows: &mut dyn Iterator<Item = (String, Option<Vec<u8>>)>) {
        self.within(|transaction| {
            // Another run may have moved it on meanwhile.
            let Some((id, _)) = self.find(transaction, reading)?.filter(|(_, found)| found == former) else { return Ok(()) };
            transaction.execute("update reading set head = ?2, used = ?3 where id = ?1", params![id, head, super::now()])?;
            let mut put = transaction.prepare("insert or replace into object (reading, key, value) values (?1, ?2, ?3)")?;
            let mut drop = transaction.prepare("delete from object where reading = ?1 and key = ?2")?;
            for (key, value) in rows {
                match value {
                    Some(value) => put.execute(params![id, key, value])?,
                    None => drop.execute(params![id, key])?,
                };
            }
            Ok(())
        });
    }

    fn forget(&self, reading: &str) {
        self.within(|transaction| self.clear(transaction, reading, READINGS));
    }
}
