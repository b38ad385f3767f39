//! What outlives a run: runs and their journal, the ledger of people, the last good readings, the snapshot cache, the quota level.
//!
//! One SQLite file in the state folder, which nobody else may read. What concerns a tenant is kept under its id, so that a ledger
//! never serves another tenant. The journal is synced before anything is sent, and the ledger moves in the transaction of the answer that
//! moved it: a process killed at any moment leaves both as true as they were. Secrets are never here.

mod absent_people;
mod decisions;
mod held_records;
mod journal;
mod ledger;
mod quota_level;
mod runs;
mod saved_plan;
mod snapshot_cache;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use thiserror::Error;

pub use decisions::{DecisionRow, KnownAccount, Operator};
pub use held_records::HeldRecord;
pub use ledger::{Link, LinkKind};
pub use quota_level::{SavedLevel, SavedStops};
pub use runs::{Recorded, RequestRow, RunRow, Write};
pub use saved_plan::{Carried, Counted, Staged};
pub use snapshot_cache::Readings;

use crate::directory::TenantId;
use crate::plan::Plan;

const FILE: &str = "state.db";
const SCHEMA: &str = include_str!("schema.sql");
const FROM_2_TO_3: &str = include_str!("from_2_to_3.sql");
const VERSION: i64 = 3;

/// Why the state cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The folder cannot be made or read.
    #[error("the state folder {folder} cannot be used: {error}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another run has it.
    #[error("another run uses the state folder {folder}, hint: wait for it to end; the lock {} ends with that process", lock.display())]
    Locked {
        /// Which.
        folder: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
    },
    /// Made by a later hrpush.
    #[error("{file} was made by a later version of hrpush (schema {found}, this one knows {VERSION})")]
    Later {
        /// Which.
        file: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// There is no such run.
    #[error("there is no run {0}, hint: `hrpush runs` lists them")]
    NoRun(String),
    /// Several runs begin like that.
    #[error("several runs begin with {0}, hint: `hrpush runs` lists them")]
    ManyRuns(String),
    /// The database failed.
    #[error("the state cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// What it holds is not what was written.
    #[error("the state holds something that cannot be read: {0}")]
    Content(#[from] serde_json::Error),
}

/// The state of a folder. One process at a time writes; see [`Store::lock`].
pub struct Store {
    folder: PathBuf,
    database: Connection,
    /// The plan of the run that is going on.
    begun: Option<Plan>,
}

/// Held while a run goes on; ends with the process, however that ends.
#[derive(Debug)]
#[must_use = "the lock ends when it is dropped"]
pub struct Lock {
    _file: File,
}

impl Store {
    /// Opens the state of a folder; both are made where they do not exist, for this user alone.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let broken = |error| StoreError::Folder { folder: folder.to_owned(), error };
        private_folder(folder).map_err(broken)?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(broken)?;
        }
        let file = folder.join(FILE);
        private_file(&file).map_err(broken)?;
        let database = Connection::open(&file)?;
        database.busy_timeout(std::time::Duration::from_secs(10))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        // 32 MB of log before it is folded into the file: a long run should seldom wait for that.
        database.pragma_update(None, "wal_autocheckpoint", 8_000)?;
        database.pragma_update(None, "foreign_keys", true)?;
        let mut store = Self { folder: folder.to_owned(), database, begun: None };
        store.migrate(&file)?;
        Ok(store)
    }

    fn migrate(&mut self, file: &Path) -> Result<(), StoreError> {
        let transaction = self.database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match found {
            0 => {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            1 | 2 => {
                if found == 1 {
                    keep_accounts_beside(&transaction)?;
                }
                transaction.execute_batch(FROM_2_TO_3)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            VERSION => {}
            found => return Err(StoreError::Later { file: file.to_owned(), found }),
        }
        transaction.commit()?;
        Ok(())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in the folder for somebody else's use, made for this user alone.
    pub fn private_file(&self, name: &str) -> Result<PathBuf, StoreError> {
        let file = self.folder.join(name);
        private_file(&file).map_err(|error| StoreError::Folder { folder: self.folder.clone(), error })?;
        Ok(file)
    }

    /// Keeps other runs out of the folder until it is dropped.
    pub fn lock(&self) -> Result<Lock, StoreError> {
        let lock = self.folder.join("lock");
        let broken = |error| StoreError::Folder { folder: self.folder.clone(), error };
        private_file(&lock).map_err(broken)?;
        let file = File::options().write(true).open(&lock).map_err(broken)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { folder: self.folder.clone(), lock }),
            Err(TryLockError::Error(error)) => Err(broken(error)),
        }
    }

    /// The id of the embedded sandbox tenant: drawn once, then kept.
    pub fn tenant_of_sandbox(&mut self) -> Result<TenantId, StoreError> {
        let drawn = uuid::Uuid::new_v4().to_string();
        self.database.execute("insert into meta values ('sandbox-tenant', ?1) on conflict do nothing", [drawn])?;
        Ok(TenantId(self.meta("sandbox-tenant")?.unwrap_or_default()))
    }

    fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        let value = self.database.query_row("select value from meta where name = ?1", [name], |row| row.get(0));
        Ok(value.optional()?)
    }

    fn set_meta(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let upsert = "insert into meta values (?1, ?2) on conflict (name) do update set value = excluded.value";
        self.database.execute(upsert, [name, value])?;
        Ok(())
    }

    /// What was kept for the tenant under a name, such as the cached snapshot or a delta token.
    pub fn cached(&self, tenant: &TenantId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.database.query_row(
            "select value from cache where tenant = ?1 and name = ?2",
            [tenant.0.as_str(), name],
            |row| row.get(0),
        );
        Ok(value.optional()?)
    }

    /// Keeps something for the tenant under a name; nothing takes it away.
    pub fn cache(&mut self, tenant: &TenantId, name: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        match value {
            Some(value) => self.database.execute(
                "insert into cache values (?1, ?2, ?3) on conflict (tenant, name) do update set value = excluded.value",
                params![tenant.0, name, value],
            )?,
            None => self.database.execute("delete from cache where tenant = ?1 and name = ?2", params![tenant.0, name])?,
        };
        Ok(())
    }
}

/// From schema 1 to 2: the accounts behind a plan's keys, which stood in each change, stand beside the plan.
fn keep_accounts_beside(transaction: &rusqlite::Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(
        "alter table runs add column ids text not null default '{}'; alter table staged add column ids text not null default '{}';",
    )?;
    let mut select = transaction.prepare("select run, plan from runs")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (run, plan): (String, String) = (row.get(0)?, row.get(1)?);
        let mut plan: serde_json::Value = serde_json::from_str(&plan)?;
        let mut accounts = serde_json::Map::new();
        for change in plan["changes"].as_array_mut().into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
            if let (Some(ids), Some(seq)) = (change.remove("ids"), change.get("seq")) {
                accounts.insert(seq.to_string(), ids);
            }
        }
        let values = params![run, plan.to_string(), serde_json::Value::from(accounts).to_string()];
        transaction.execute("update runs set plan = ?2, ids = ?3 where run = ?1", values)?;
    }
    Ok(())
}

/// Now, as the state writes it: whole microseconds, so that texts sort as moments do.
fn now() -> String {
    text(Timestamp::now())
}

/// A moment as the store keeps it: texts compare as the moments do.
fn text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the file for this user alone, or narrows it to them; SQLite gives new files beside it the same rights, and those of an earlier run
/// are narrowed as well.
fn private_file(file: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(file)?);
    narrow(file)?;
    for beside in ["-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(beside);
        narrow(Path::new(&name))?;
    }
    Ok(())
}

/// Takes the rights of everybody else away from a file, where there is one. By its path: to open and close a database file once more would
/// end the locks that SQLite holds on it in this process.
#[cfg(unix)]
fn narrow(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::symlink_metadata(file) {
        Ok(about) if about.is_file() && about.permissions().mode() & 0o077 != 0 => {
            fs::set_permissions(file, fs::Permissions::from_mode(0o600))
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Elsewhere a user's files are closed to others by the folder they are in.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail where files have modes")]
fn narrow(_: &Path) -> std::io::Result<()> {
    Ok(())
}
