//! MySQL and MariaDB: prepared to be sure of one statement, then read as the text that the server itself writes.

use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Column, Conn, Error, Opts, OptsBuilder, SslOpts, Value};
use secrecy::{ExposeSecret, SecretString};

use super::rows::{Row, Rows, binary};
use super::{Binary, CONNECT, Location, SqlSettings, Tls, failure, forms, tls};
use crate::record::hex;
use crate::source::Reading;
use crate::source::error::{Fault, SourceErrors};

/// The collation of columns that hold bytes.
const BYTES: u16 = 63;

/// How the text of a column becomes a cell.
#[derive(Clone, Copy)]
enum Form {
    AsIs,
    Moment,
    Bit,
    Bits,
    Bytes,
}

pub(super) async fn read(settings: &SqlSettings, secret: Option<&SecretString>) -> Result<Reading, SourceErrors> {
    let opts = options(settings, secret)?;
    let mut connection = match tokio::time::timeout(CONNECT, Conn::new(opts)).await {
        Ok(connection) => connection.map_err(|error| refused(settings, &error))?,
        Err(_) => return Err(failure::no_answer(settings).into()),
    };
    session(settings, &mut connection).await.map_err(|error| judge(settings, &error))?;
    let statement = connection.prep(&settings.query).await.map_err(|error| judge(settings, &error))?;
    let columns = statement.columns().iter().map(|column| ResultColumn::of(settings, column)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Rows::new(settings, columns.iter().map(|column| column.name.as_str()))?;
    connection.close(statement).await.map_err(|error| judge(settings, &error))?;

    let mut found = connection.query_iter(&settings.query).await.map_err(|error| judge(settings, &error))?;
    let mut row = Row::default();
    loop {
        let next = match found.next().await {
            Ok(Some(next)) => next,
            Ok(None) => break,
            Err(error) if rows.count() > 0 && !is_timeout(&error) => {
                return Err(failure::broke_off(settings, rows.count(), &words(&error)).into());
            }
            Err(error) => return Err(judge(settings, &error).into()),
        };
        row.clear();
        for (position, column) in columns.iter().enumerate() {
            cell(settings, column, next.as_ref(position), rows.count() + 1, &mut row)?;
        }
        rows.push(settings, row.cells())?;
    }
    drop(found);
    let _ = connection.query_drop("ROLLBACK").await;
    let _ = connection.disconnect().await;
    rows.finish(settings, format!("{}: read from MySQL at {}", settings.name, settings.place()))
}

fn options(settings: &SqlSettings, secret: Option<&SecretString>) -> Result<Opts, Fault> {
    let mut opts = OptsBuilder::default()
        .user(settings.user.clone())
        .db_name(settings.database.clone())
        .pass(secret.map(|secret| secret.expose_secret().to_owned()))
        .prefer_socket(false);
    opts = match &settings.location {
        Location::Tcp { host, port } => opts.ip_or_hostname(host).tcp_port(*port),
        Location::Socket(path) | Location::File(path) => opts.socket(Some(path.display().to_string())).prefer_socket(true),
    };
    if settings.tls != Tls::Off {
        let roots = tls::roots(settings)?.into_iter().map(|root| root.to_vec().into()).collect();
        opts = opts.ssl_opts(SslOpts::default().with_disable_built_in_roots(true).with_root_certs(roots));
    }
    Ok(opts.into())
}

/// A session that cannot write, in one transaction, with the time of UTC.
async fn session(settings: &SqlSettings, connection: &mut Conn) -> Result<(), Error> {
    let version: Option<String> = connection.query_first("SELECT VERSION()").await?;
    let limit = if version.is_some_and(|version| version.contains("MariaDB")) {
        format!("SET SESSION max_statement_time = {}", settings.timeout.as_secs_f64())
    } else {
        format!("SET SESSION max_execution_time = {}", settings.timeout.as_millis())
    };
    for statement in [
        limit.as_str(),
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION time_zone = '+00:00'",
        "SET SESSION lock_wait_timeout = 60",
        "START TRANSACTION READ ONLY",
    ] {
        connection.query_drop(statement).await?;
    }
    Ok(())
}

/// A column of the result: its name, and the form in which the server sends its values.
struct ResultColumn {
    name: String,
    form: Form,
}

impl ResultColumn {
    fn of(settings: &SqlSettings, column: &Column) -> Result<Self, SourceErrors> {
        Ok(Self { form: form(settings, column)?, name: column.name_str().into_owned() })
    }
}

fn form(settings: &SqlSettings, column: &Column) -> Result<Form, SourceErrors> {
    use ColumnType::{
        MYSQL_TYPE_BIT, MYSQL_TYPE_BLOB, MYSQL_TYPE_DATETIME, MYSQL_TYPE_GEOMETRY, MYSQL_TYPE_LONG_BLOB, MYSQL_TYPE_MEDIUM_BLOB,
        MYSQL_TYPE_STRING, MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_VAR_STRING, MYSQL_TYPE_VARCHAR,
        MYSQL_TYPE_VECTOR,
    };
    let bytes = column.character_set() == BYTES;
    let form = match column.column_type() {
        MYSQL_TYPE_DATETIME | MYSQL_TYPE_TIMESTAMP => Form::Moment,
        MYSQL_TYPE_BIT if column.column_length() == 1 => Form::Bit,
        MYSQL_TYPE_BIT => Form::Bits,
        MYSQL_TYPE_GEOMETRY | MYSQL_TYPE_VECTOR => Form::Bytes,
        MYSQL_TYPE_TINY_BLOB
        | MYSQL_TYPE_MEDIUM_BLOB
        | MYSQL_TYPE_LONG_BLOB
        | MYSQL_TYPE_BLOB
        | MYSQL_TYPE_STRING
        | MYSQL_TYPE_VAR_STRING
        | MYSQL_TYPE_VARCHAR
            if bytes =>
        {
            Form::Bytes
        }
        _ => Form::AsIs,
    };
    if matches!(form, Form::Bytes) && settings.binary == Binary::Refuse {
        return Err(binary(settings, &column.name_str(), "binary").into());
    }
    Ok(form)
}

fn cell(
    settings: &SqlSettings,
    ResultColumn { name, form }: &ResultColumn,
    value: Option<&Value>,
    number: u64,
    row: &mut Row,
) -> Result<(), SourceErrors> {
    let bytes = match value {
        Some(Value::NULL) => {
            row.null();
            return Ok(());
        }
        Some(Value::Bytes(bytes)) => bytes,
        // The text protocol has no other values.
        _ => return Err(settings.system(format!("row {number}, column `{name}`: not sent as text")).into()),
    };
    match form {
        Form::Bit => row.flag(bytes.iter().any(|byte| *byte != 0)),
        Form::Bits => {
            let number = bytes.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            row.push_text(&number.to_string());
        }
        Form::Bytes => row.push_text(&hex(bytes)),
        Form::AsIs | Form::Moment => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| settings.query_fault(format!("row {number}, column `{name}`: the text is not UTF-8")))?;
            if matches!(form, Form::Moment) {
                forms::moment(text, &mut row.text);
                row.written();
            } else {
                row.push_text(text);
            }
        }
    }
    Ok(())
}

fn refused(settings: &SqlSettings, error: &Error) -> Fault {
    match error {
        Error::Server(server) => failure::unreachable(settings, &ServerMessage(server.message.clone())),
        other => failure::unreachable(settings, other),
    }
}

/// The server's words without the frame that the driver puts around them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ServerMessage(String);

/// What an error means: the query's fault, which the user can correct, or the system's.
fn judge(settings: &SqlSettings, error: &Error) -> Fault {
    match error {
        _ if is_timeout(error) => failure::too_long(settings),
        // Syntax, unknown tables and columns, ambiguous names, functions, grouping, what a read-only transaction refuses.
        Error::Server(server) if matches!(server.code, 1051..=1056 | 1064 | 1065 | 1109 | 1146 | 1305 | 1582 | 1792) => {
            settings.query_fault(server.message.clone())
        }
        _ => settings.system(words(error)),
    }
}

fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::Server(server) if matches!(server.code, 1969 | 3024))
}

fn words(error: &Error) -> String {
    match error {
        Error::Server(server) => server.message.clone(),
        other => failure::chain(other),
    }
}
