//! The state of a folder: runs and their journal, the ledger of people, the last good readings, approvals, the snapshot cache, the quota
//! level.
//!
//! One SQLite file holds all but the snapshot cache, for this user alone. Rows of a tenant are kept under its id, so that a ledger never
//! serves another tenant. The journal is synced before anything is sent, and the ledger changes in the transaction of the answer that
//! changed it: a process killed at any moment leaves both consistent. Secrets are never here.
//!
//! A nightly run that finds nothing to do writes no row of a person. The tables that it scans hold a digest of what HR wanted and of the
//! account's addresses; the values are in tables of their own and are read for the people who differ.

mod absent_people;
mod approvals;
mod chain;
mod columns;
mod decisions;
mod effects;
mod endings;
mod feed_metrics;
mod held_records;
mod journal;
mod ledger;
mod links;
mod messages;
mod migration;
mod names;
mod people;
mod proposals;
pub mod pushed;
mod quota_level;
mod reconcile;
mod refused_attributes;
mod rejections;
mod retention;
mod runs;
mod saved_plan;
mod snapshot_cache;
#[cfg(test)]
mod tests;
mod uploads;
mod wanted;

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use thiserror::Error;

pub use approvals::{Approval, ApprovalRow};
pub use chain::{ChainReport, ExportedRun};
pub use decisions::{DecisionKind, DecisionRow, KnownAccount, Operator};
pub use endings::{EndKind, GoodRun, RunResult, RunStart};
pub use feed_metrics::FeedMetrics;
pub use held_records::HeldRecord;
pub use links::{Link, LinkKind};
pub use messages::{LastMessage, Subject, Unsent};
pub use proposals::Proposal;
pub use quota_level::{SavedLevel, SavedStops};
pub use rejections::NewRejection;
pub use retention::Pruned;
pub use runs::{Recorded, RequestRow, RunRow, Write};
pub use saved_plan::{Counted, FeedMembership, Staged, StagedPerson};
pub use snapshot_cache::SnapshotCacheTable;
pub use uploads::UploadTable;

use crate::apply::RunId;
use crate::directory::TenantId;

const FILE: &str = "state.db";
/// How often a taken lock is tried, and how long it is waited for in between.
const LOCK_ATTEMPTS: u32 = 5;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// Why the state cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The folder cannot be made or read.
    #[error("{}", unusable(folder, error))]
    Folder {
        /// The path that was opened.
        folder: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The file is no database any more.
    #[error(
        "the state file {} is damaged: {error}\n  \
         hint: put a backup of the state folder in its place, or move {file} away. Then hrpush starts anew: the journal with `undo`, decisions, \
         approvals and what is known of each person are lost, and the first run reports no missing people",
        file.display()
    )]
    Damaged {
        /// The path of the file.
        file: PathBuf,
        /// The error of SQLite.
        error: rusqlite::Error,
    },
    /// Another run has it.
    #[error("another run uses the state folder {folder}, hint: wait for it to end; the lock {} ends with that process", lock.display())]
    Locked {
        /// The path that was opened.
        folder: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
    },
    /// Made by a later hrpush.
    #[error("{file} was made by a later version of hrpush (schema {found}, this one knows {known})\n  hint: use that version, or a backup of the state folder from before it", known = migration::VERSION)]
    Later {
        /// The path that was opened.
        file: PathBuf,
        /// The version of the schema that the file has.
        found: i64,
    },
    /// There is no such run.
    #[error("there is no run {0}, hint: `hrpush runs` lists them")]
    NoRun(String),
    /// Several runs begin like that.
    #[error("several runs begin with {0}, hint: `hrpush runs` lists them")]
    ManyRuns(String),
    /// The run has no plan.
    #[error("the run {0} has no plan: it ended before one was made, or `hrpush runs prune` has taken it away")]
    NoPlan(String),
    /// The approval was accepted before.
    #[error("this approval was accepted before: each is used once")]
    NonceUsed,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// SQLite failed to read or write.
    #[error("the state cannot be read or written: {0}\n  hint: check the free space and the permissions of the state folder")]
    Database(#[from] rusqlite::Error),
    /// A compressed document is damaged.
    #[error("the state holds a document that cannot be read: {0}\n  hint: `hrpush runs verify` names the run that was changed")]
    Compressed(std::io::Error),
    /// What it holds is not what was written.
    #[error(
        "the state holds something that cannot be read: {0}\n  hint: was the folder used by a later version of hrpush? `hrpush runs verify` names a run that was changed"
    )]
    Content(#[from] serde_json::Error),
}

/// The state of a folder. One process at a time writes; see [`Store::lock`].
pub struct Store {
    folder: PathBuf,
    database: Connection,
    /// The run whose plan was journaled and which goes on.
    begun: Option<journal::Begun>,
    /// The run whose row was opened before it had a plan.
    opened: Option<RunId>,
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
        let database = open_database(&file).map_err(|error| damaged(&file, error))?;
        let store = Self { folder: folder.to_owned(), database, begun: None, opened: None };
        Ok(store)
    }

    /// The folder that holds the state.
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
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                // `is_running` holds the lock for a moment, which must not keep a run out.
                Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { folder: self.folder.clone(), lock }),
                Err(TryLockError::Error(error)) => return Err(broken(error)),
            }
        }
        Ok(Lock { _file: file })
    }

    /// Whether a run holds the folder at this moment.
    pub fn is_running(&self) -> Result<bool, StoreError> {
        let broken = |error| StoreError::Folder { folder: self.folder.clone(), error };
        let file = match File::open(self.folder.join("lock")) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(broken(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
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

/// Opens the database, and makes or changes its tables.
fn open_database(file: &Path) -> Result<Connection, StoreError> {
    let mut database = Connection::open(file)?;
    database.busy_timeout(std::time::Duration::from_secs(10))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    // 32 MB of log before it is folded into the file: a long run should seldom wait for that.
    database.pragma_update(None, "wal_autocheckpoint", 8_000)?;
    database.pragma_update(None, "foreign_keys", true)?;
    // What a batch of answers and a look through the ledger touch stays in 16 MB of pages; nothing is mapped, since mapped pages count
    // towards the memory of the run.
    database.pragma_update(None, "cache_size", -16_384)?;
    database.pragma_update(None, "temp_store", "MEMORY")?;
    database.set_prepared_statement_cache_capacity(64);
    migration::migrate(&mut database, file)?;
    Ok(database)
}

/// The error of a file that is no database any more.
fn damaged(file: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Database(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)) =>
        {
            StoreError::Damaged { file: file.canonicalize().unwrap_or_else(|_| file.to_owned()), error }
        }
        error => error,
    }
}

/// Why a state folder cannot be used, with its whole path and what to do.
fn unusable(folder: &Path, error: &std::io::Error) -> String {
    let path = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let user = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
    let hint = match error.kind() {
        ErrorKind::PermissionDenied => format!("let the user `{user}` own it, or name another folder with --state"),
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => "a file has this name; name a folder with --state".to_owned(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full: make room, or name another folder with --state".to_owned()
        }
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only; name a folder that can be written with --state".to_owned()
        }
        _ => "name another folder with --state".to_owned(),
    };
    format!("the state folder {} cannot be used by the user `{user}`: {error}\n  hint: {hint}", path.display())
}

/// Now, as the state writes it: whole microseconds, so that texts sort as moments do.
fn now() -> String {
    text(Timestamp::now())
}

/// A moment as the store keeps it: texts compare as the moments do.
fn text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// A moment of the store to the second, for people.
fn second(moment: &str) -> String {
    moment.parse::<Timestamp>().map_or_else(|_| moment.to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
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
