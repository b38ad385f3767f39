//! What was pushed by SCIM: tokens, resources, members, and where each value came from.
//!
//! One SQLite file of its own, `pushed.db`. `hrpush serve` writes it while a run of another process reads it; neither waits for the other.
//! A feed sees only its own rows.

mod feed_records;
mod group_members;
mod oauth_clients;
mod resources;
mod tokens;
mod tombstones;
mod write_queue;

use std::path::Path;

use rusqlite::Connection;

pub use feed_records::{PushedArrival, PushedFeedRows, PushedGroupRow, PushedMembershipRow, PushedPerson};
pub use oauth_clients::{ACCESS_TIME, FEDERATION};
pub use resources::{Lookup, StoredResource};
pub use tokens::{Bearer, NewToken, TokenRow};
pub use write_queue::{NotStored, WriteQueue};

use super::{StoreError, private_file, private_folder};

const FILE: &str = "pushed.db";
/// The steps of the schema; the version of a file is the number of those that it has.
const STEPS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema_2.sql")];

/// A connection to what was pushed.
pub struct PushStore {
    pub(super) database: Connection,
}

impl PushStore {
    /// Opens the file in a state folder; both are made where they do not exist, for this user alone.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let broken = |error| StoreError::Folder { folder: folder.to_owned(), error };
        private_folder(folder).map_err(broken)?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            std::fs::write(&ignore, "*\n").map_err(broken)?;
        }
        let file = folder.join(FILE);
        private_file(&file).map_err(broken)?;
        let database = Connection::open(&file)?;
        database.busy_timeout(std::time::Duration::from_secs(10))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        // A success that was answered survives a power cut.
        database.pragma_update(None, "synchronous", "FULL")?;
        database.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        database.set_prepared_statement_cache_capacity(64);
        let mut store = Self { database };
        store.migrate(&file)?;
        Ok(store)
    }

    /// Opens the file where there is one: before the first token nothing was pushed.
    pub fn open_existing(folder: &Path) -> Result<Option<Self>, StoreError> {
        if folder.join(FILE).is_file() { Self::open(folder).map(Some) } else { Ok(None) }
    }

    /// Does a part of a write. If it fails, nothing of it stays, and the rest of the write goes on.
    pub fn apart<T, E>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<Result<T, E>, StoreError> {
        self.database.execute_batch("savepoint part")?;
        let result = work(self);
        self.database.execute_batch(if result.is_ok() { "release part" } else { "rollback to part; release part" })?;
        Ok(result)
    }

    fn migrate(&mut self, file: &Path) -> Result<(), StoreError> {
        let version = |database: &Connection| database.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let newest = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
        if version(&self.database)? == newest {
            return Ok(());
        }
        let transaction = self.database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        let done = usize::try_from(found).ok().and_then(|done| STEPS.get(done..));
        for step in done.ok_or_else(|| StoreError::Later { file: file.to_owned(), found })? {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", newest)?;
        Ok(transaction.commit()?)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::ResourceKind;

    fn store() -> (tempfile::TempDir, PushStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = PushStore::open(folder.path()).unwrap();
        (folder, store)
    }

    fn user(store: &PushStore, key: &str) -> StoredResource {
        let body = json!({ "userName": format!("{key}@x"), "externalId": key, "active": true });
        let mut resource = StoredResource::new(ResourceKind::User, body.as_object().unwrap().clone());
        store.insert("HR", &mut resource, "tk").unwrap();
        resource
    }

    #[test]
    fn a_token_is_known_by_its_hash_alone_until_it_is_revoked_or_expires() {
        let (folder, mut store) = store();
        let now = jiff::Timestamp::now();
        let token = store.add_token("HR", Some(now + jiff::SignedDuration::from_hours(1))).unwrap();
        assert!(token.secret.starts_with("hrpush_") && token.secret.len() == 7 + 43);
        assert_eq!(store.bearer(&token.secret, now).unwrap().unwrap().feed, "HR");
        assert!(store.bearer("hrpush_x", now).unwrap().is_none());
        assert!(store.bearer(&token.secret, now + jiff::SignedDuration::from_hours(2)).unwrap().is_none());
        assert!(store.revoke_token(&token.id).unwrap() && !store.revoke_token("tk-none").unwrap());
        assert!(store.bearer(&token.secret, now).unwrap().is_none());
        drop(store);
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(token.secret.len()).any(|window| window == token.secret.as_bytes()));
        }
    }

    #[test]
    fn a_deleted_user_leaves_its_groups_and_stays_as_a_record() {
        let (_folder, store) = store();
        let ada = user(&store, "E-1");
        let mut group = StoredResource::new(ResourceKind::Group, json!({ "displayName": "T" }).as_object().unwrap().clone());
        store.insert("HR", &mut group, "tk").unwrap();
        let members = vec![json!({ "value": ada.id }), json!({ "value": "not-yet" })];
        store.set_members(&group, &members, "tk").unwrap();
        assert_eq!(store.members(&group).unwrap().len(), 2);
        assert_eq!(store.groups_of("HR", &ada.id).unwrap().len(), 1);
        store.bury("HR", &ada, "tk").unwrap();
        assert_eq!(store.members(&group).unwrap(), [json!({ "value": "not-yet" })]);
        assert!(store.find("HR", ResourceKind::User, &Lookup::Id(&ada.id)).unwrap().is_empty());
        let people = store.feed("HR").unwrap().people;
        assert!(people.len() == 1 && people[0].is_deleted);
        assert!(store.feed("Other").unwrap().people.is_empty());
    }

    #[test]
    fn a_value_keeps_the_token_that_brought_it() {
        let (_folder, store) = store();
        let mut ada = user(&store, "E-1");
        let body = json!({ "userName": "E-1@x", "externalId": "E-1", "active": false, "title": "x" });
        assert!(store.update("HR", &mut ada, body.as_object().unwrap().clone(), "tk-2").unwrap());
        assert!(!store.update("HR", &mut ada, body.as_object().unwrap().clone(), "tk-3").unwrap(), "nothing differs");
        let arrivals = store.arrivals("HR", &ada.id).unwrap();
        let token = |path: &str| arrivals.iter().find(|arrival| arrival.path == path).map(|arrival| arrival.token.clone());
        assert_eq!((token("userName").as_deref(), token("active").as_deref()), (Some("tk"), Some("tk-2")));
        assert_eq!(token("title").as_deref(), Some("tk-2"));
    }

    #[test]
    fn a_write_that_fails_takes_nothing_of_the_others_with_it() {
        let (folder, store) = store();
        let queue = WriteQueue::start(store);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let write = |key: &'static str, fails: bool| {
            queue.write(move |store| {
                user(store, key);
                if fails { Err("refused") } else { Ok(key) }
            })
        };
        let (good, bad, last) =
            runtime.block_on(async { futures::join!(write("a", false), write("b", true), write("c", false)) });
        assert_eq!((good.unwrap(), bad.unwrap(), last.unwrap()), (Ok("a"), Err("refused"), Ok("c")));
        let people = PushStore::open(folder.path()).unwrap().feed("HR").unwrap().people;
        assert_eq!(people.len(), 2);
    }
}
