//! SQLite: a file that is opened to be read and nothing else.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use super::rows::{Row, Rows, binary};
use super::{Binary, Location, SqlSettings, failure};
use crate::record::hex;
use crate::source::Reading;
use crate::source::error::{Fault, FaultKind, SourceErrors};

pub(super) async fn read(settings: &SqlSettings) -> Result<Reading, SourceErrors> {
    let settings = settings.clone();
    let name = settings.name.clone();
    let (stop, stopped) = mpsc::channel();
    // Dropped with this future, so that a query without a waiting caller does not keep the process alive.
    let _guard = Stop(stop.clone());
    let read = tokio::task::spawn_blocking(move || read_file(&settings, Stop(stop), stopped));
    read.await.unwrap_or_else(|error| Err(Fault::of_file(&name, FaultKind::System(error.to_string())).into()))
}

/// Ends the query when it is dropped.
struct Stop(mpsc::Sender<()>);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

fn read_file(settings: &SqlSettings, done: Stop, stopped: mpsc::Receiver<()>) -> Result<Reading, SourceErrors> {
    let Location::File(path) = &settings.location else {
        return Err(settings.system("a SQLite database is a file").into());
    };
    let connection = open(settings, path)?;
    let (handle, limit) = (connection.get_interrupt_handle(), settings.timeout);
    let watch = std::thread::spawn(move || {
        // The query timed out, ended, or lost its caller; where none is running, this does nothing.
        let _ = stopped.recv_timeout(limit);
        handle.interrupt();
    });
    let read = query(settings, &connection);
    drop(done);
    let _ = watch.join();
    read
}

fn open(settings: &SqlSettings, path: &Path) -> Result<Connection, Fault> {
    let shown = path.display().to_string();
    if !path.exists() {
        return Err(Fault::of_file(&shown, FaultKind::NotFound));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| settings.system(words(&error)))?;
    let wait = connection.busy_timeout(Duration::from_secs(10));
    wait.and_then(|()| connection.pragma_update(None, "query_only", true)).map_err(|error| settings.system(words(&error)))?;
    Ok(connection)
}

fn query(settings: &SqlSettings, connection: &Connection) -> Result<Reading, SourceErrors> {
    let mut statement = connection.prepare(&settings.query).map_err(|error| judge(settings, 0, &error))?;
    if !statement.readonly() {
        return Err(settings.query_fault("this statement would write").into());
    }
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = Rows::new(settings, names.iter().map(String::as_str))?;
    let mut found = statement.query([]).map_err(|error| judge(settings, 0, &error))?;
    let mut row = Row::default();
    while let Some(next) = found.next().map_err(|error| judge(settings, rows.count(), &error))? {
        row.clear();
        for (position, name) in names.iter().enumerate() {
            let value = next.get_ref(position).map_err(|error| judge(settings, rows.count(), &error))?;
            cell(settings, name, rows.count() + 1, value, &mut row)?;
        }
        rows.push(settings, row.cells())?;
    }
    rows.finish(settings, format!("{}: read from SQLite", settings.name))
}

fn cell(settings: &SqlSettings, name: &str, number: u64, value: ValueRef<'_>, row: &mut Row) -> Result<(), Fault> {
    match value {
        ValueRef::Null => row.null(),
        ValueRef::Integer(number) => row.push_text(&number.to_string()),
        // As SQLite itself shows it: 1.0, never 1.
        ValueRef::Real(number) => row.push_text(&format!("{number:?}")),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| settings.query_fault(format!("row {number}, column `{name}`: the text is not UTF-8")))?;
            row.push_text(text);
        }
        ValueRef::Blob(_) if settings.binary == Binary::Refuse => return Err(binary(settings, name, "a blob")),
        ValueRef::Blob(bytes) => row.push_text(&hex(bytes)),
    }
    Ok(())
}

fn judge(settings: &SqlSettings, rows: u64, error: &Error) -> Fault {
    match error {
        Error::SqliteFailure(failure, _) if failure.code == ErrorCode::OperationInterrupted => failure::too_long(settings),
        Error::SqlInputError { msg, offset, .. } => match usize::try_from(*offset) {
            Ok(offset) => {
                let characters = settings.query.get(..offset).map_or(0, |before| before.chars().count()) + 1;
                settings.query_fault(format!("{msg}: {}", failure::spot(&settings.query, characters)))
            }
            Err(_) => settings.query_fault(msg.clone()),
        },
        Error::MultipleStatement => settings.query_fault("the query holds more than one statement"),
        Error::SqliteFailure(failure, Some(text)) if failure.code == ErrorCode::Unknown && rows == 0 => {
            settings.query_fault(text.clone())
        }
        _ if rows > 0 => failure::broke_off(settings, rows, &words(error)),
        Error::SqliteFailure(failure, _) if failure.code == ErrorCode::NotADatabase => {
            let shown = settings.place();
            Fault::of_file(&shown, FaultKind::Unreadable("this is not a SQLite database".into()))
        }
        _ => settings.system(words(error)),
    }
}

fn words(error: &Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(text)) => text.clone(),
        _ => failure::chain(error),
    }
}
