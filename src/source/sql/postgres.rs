//! PostgreSQL: prepared to learn its columns, then read as the text that the server itself writes.

use futures::StreamExt as _;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{ErrorPosition, SqlState};
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage, SimpleQueryRow, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::rows::{Row, Rows};
use super::{Binary, CONNECT, Location, SqlSettings, Tls, failure, forms, tls};
use crate::source::Reading;
use crate::source::error::{Fault, SourceErrors};

/// How the text of a column becomes a cell.
#[derive(Clone, Copy)]
enum Form {
    AsIs,
    Flag,
    Moment,
    Bytes,
}

pub(super) async fn read(settings: &SqlSettings, secret: Option<&SecretString>) -> Result<Reading, SourceErrors> {
    let client = match tokio::time::timeout(CONNECT, connect(settings, secret)).await {
        Ok(client) => client?,
        Err(_) => return Err(failure::no_answer(settings).into()),
    };
    let notes = |error: &Error| judge(settings, error);
    client.batch_execute(&session(settings)).await.map_err(|error| notes(&error))?;
    let statement = client.prepare(&settings.query).await.map_err(|error| notes(&error))?;
    let forms = forms(settings, &statement)?;
    let mut rows = Rows::new(settings, statement.columns().iter().map(tokio_postgres::Column::name))?;
    drop(statement);

    let stream = client.simple_query_raw(&settings.query).await.map_err(|error| notes(&error))?;
    let mut stream = std::pin::pin!(stream);
    let mut row = Row::default();
    let mut complete = None;
    while let Some(message) = stream.next().await {
        let broken = |why: &str| SourceErrors::from(failure::broke_off(settings, rows.count(), why));
        match message {
            Ok(SimpleQueryMessage::Row(found)) => {
                fill(settings, &forms, &found, &mut row)?;
                rows.push(settings, row.cells())?;
            }
            Ok(SimpleQueryMessage::CommandComplete(count)) => complete = Some(count),
            Ok(_) => {}
            Err(error) if rows.count() > 0 && error.code() != Some(&SqlState::QUERY_CANCELED) => {
                return Err(broken(&words(&error)));
            }
            Err(error) => return Err(notes(&error).into()),
        }
    }
    if complete != Some(rows.count()) {
        return Err(failure::broke_off(settings, rows.count(), "the server did not say that this was the last row").into());
    }
    let _ = client.batch_execute("ROLLBACK").await;
    rows.finish(settings, format!("{}: read from PostgreSQL at {}", settings.name, settings.place()))
}

/// One transaction that cannot write. Everything in it is local to it, so that a pooler hands on a clean connection.
fn session(settings: &SqlSettings) -> String {
    format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = '60s'; SET LOCAL DateStyle = 'ISO'; \
         SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; \
         SET LOCAL extra_float_digits = 1; SET LOCAL standard_conforming_strings = on; SET LOCAL lc_monetary = 'C'",
        settings.timeout.as_millis()
    )
}

async fn connect(settings: &SqlSettings, secret: Option<&SecretString>) -> Result<Client, Fault> {
    let mut config = Config::new();
    match &settings.location {
        Location::Tcp { host, port } => {
            config.host(host).port(*port);
        }
        #[cfg(unix)]
        Location::Socket(folder) => {
            config.host_path(folder);
        }
        _ => return Err(settings.system("PostgreSQL cannot be reached this way on this system")),
    }
    config.application_name("hrpush").connect_timeout(CONNECT);
    if let Some(user) = &settings.user {
        config.user(user);
    }
    if let Some(database) = &settings.database {
        config.dbname(database);
    }
    if let Some(secret) = secret {
        config.password(secret.expose_secret());
    }
    let refused = |error: Error| failure::unreachable(settings, &error);
    if settings.tls == Tls::Off {
        config.ssl_mode(SslMode::Disable);
        let (client, connection) = config.connect(NoTls).await.map_err(refused)?;
        tokio::spawn(connection);
        return Ok(client);
    }
    config.ssl_mode(SslMode::Require);
    let tls = MakeRustlsConnect::new(tls::client(settings)?);
    let (client, connection) = config.connect(tls).await.map_err(refused)?;
    tokio::spawn(connection);
    Ok(client)
}

fn forms(settings: &SqlSettings, statement: &Statement) -> Result<Vec<Form>, SourceErrors> {
    let mut forms = Vec::new();
    for column in statement.columns() {
        let mut kind = column.type_();
        while let Kind::Domain(inner) = kind.kind() {
            kind = inner;
        }
        forms.push(match *kind {
            Type::BOOL => Form::Flag,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Form::Moment,
            Type::BYTEA if settings.binary == Binary::Refuse => {
                return Err(super::rows::binary(settings, column.name(), "bytea").into());
            }
            Type::BYTEA => Form::Bytes,
            _ => Form::AsIs,
        });
    }
    Ok(forms)
}

fn fill(settings: &SqlSettings, forms: &[Form], found: &SimpleQueryRow, row: &mut Row) -> Result<(), SourceErrors> {
    row.clear();
    for (position, form) in forms.iter().enumerate() {
        let text = found.try_get(position).map_err(|error| settings.system(failure::chain(&error)))?;
        let Some(text) = text else {
            row.null();
            continue;
        };
        match form {
            Form::AsIs => row.push_text(text),
            Form::Flag => row.flag(text == "t"),
            Form::Moment => {
                forms::moment(text, &mut row.text);
                row.written();
            }
            Form::Bytes => row.push_text(text.trim_start_matches("\\x")),
        }
    }
    Ok(())
}

/// What an error means: the query's fault, which the user can correct, or the system's.
fn judge(settings: &SqlSettings, error: &Error) -> Fault {
    let Some(db) = error.as_db_error() else {
        return settings.system(failure::chain(error));
    };
    if *db.code() == SqlState::QUERY_CANCELED && db.message().contains("statement timeout") {
        return failure::too_long(settings);
    }
    let text = words(error);
    // Class 42: the query is wrong, or asks for what this user may not see.
    let wrong = db.code().code().starts_with("42") || *db.code() == SqlState::READ_ONLY_SQL_TRANSACTION;
    if !wrong || *db.code() == SqlState::INSUFFICIENT_PRIVILEGE {
        return settings.system(text);
    }
    match db.position() {
        Some(ErrorPosition::Original(at)) => {
            settings.query_fault(format!("{text}: {}", failure::spot(&settings.query, *at as usize)))
        }
        _ => settings.query_fault(text),
    }
}

fn words(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => db.message().to_owned(),
        None => failure::chain(error),
    }
}
