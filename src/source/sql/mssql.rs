//! SQL Server and Azure SQL: a connection with read intent, and a transaction that is rolled back.

use futures::TryStreamExt as _;
use jiff::civil::{Date, DateTime, Time, date};
use jiff::{Span, ToSpan as _};
use secrecy::{ExposeSecret, SecretString};
use tiberius::error::Error;
use tiberius::time as tds;
use tiberius::{AuthMethod, Client, Column, ColumnData, ColumnType, Config, EncryptionLevel, QueryItem};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::rows::{Row, Rows, binary};
use super::{Binary, CONNECT, Location, SignIn, SqlSettings, Tls, failure, forms, tls};
use crate::record::hex;
use crate::source::Reading;
use crate::source::error::{Fault, SourceErrors};

type Connected = Client<Compat<TcpStream>>;

pub(super) async fn read(settings: &SqlSettings, secret: Option<&SecretString>) -> Result<Reading, SourceErrors> {
    let mut client = match tokio::time::timeout(CONNECT, Box::pin(connect(settings, secret))).await {
        Ok(client) => client?,
        Err(_) => return Err(failure::no_answer(settings).into()),
    };
    // The server has no limit of its own to set; a client that goes away ends its query and its transaction.
    match tokio::time::timeout(settings.timeout, query(settings, &mut client)).await {
        Ok(read) => read,
        Err(_) => Err(failure::too_long(settings).into()),
    }
}

async fn query(settings: &SqlSettings, client: &mut Connected) -> Result<Reading, SourceErrors> {
    let notes = |error: Error| judge(settings, &error);
    let session =
        client.simple_query("SET XACT_ABORT ON; SET LOCK_TIMEOUT 60000; SET TEXTSIZE 2147483647").await.map_err(notes)?;
    session.into_results().await.map_err(notes)?;
    client.begin_transaction().await.map_err(notes)?;
    let rows = stream(settings, client).await?;
    let _ = client.rollback_transaction().await;
    rows.finish(settings, format!("{}: read from SQL Server at {}", settings.name, settings.place()))
}

async fn stream(settings: &SqlSettings, client: &mut Connected) -> Result<Rows, SourceErrors> {
    let mut stream = client.simple_query(settings.query.as_str()).await.map_err(|error| judge(settings, &error))?;
    let mut rows: Option<Rows> = None;
    let mut row = Row::default();
    loop {
        let item = match (stream.try_next().await, &rows) {
            (Ok(Some(item)), _) => item,
            (Ok(None), _) => break,
            (Err(error), Some(rows)) if rows.count() > 0 => {
                return Err(failure::broke_off(settings, rows.count(), &words(&error)).into());
            }
            (Err(error), _) => return Err(judge(settings, &error).into()),
        };
        match (item, &mut rows) {
            (QueryItem::Metadata(columns), None) => {
                for column in columns.columns() {
                    refuse_bytes(settings, column)?;
                }
                rows = Some(Rows::new(settings, columns.columns().iter().map(Column::name))?);
            }
            (QueryItem::Metadata(_), Some(_)) => return Err(settings.query_fault("the query yields more than one table").into()),
            (QueryItem::Row(found), Some(rows)) => {
                row.clear();
                for (column, value) in found.cells() {
                    cell(settings, column, value, &mut row)?;
                }
                rows.push(settings, row.cells())?;
            }
            (QueryItem::Row(_), None) => return Err(settings.system("rows came before their columns").into()),
        }
    }
    rows.ok_or_else(|| settings.query_fault("the query yields no columns").into())
}

async fn connect(settings: &SqlSettings, secret: Option<&SecretString>) -> Result<Connected, Fault> {
    let Location::Tcp { host, port } = &settings.location else {
        return Err(settings.system("SQL Server is reached by host and port"));
    };
    let config = config(settings, secret, host, *port)?;
    match Box::pin(open(settings, config, host, *port)).await? {
        Ok(client) => Ok(client),
        // Azure SQL sends its clients on to the machine that holds the database, once. Without TLS a redirect is not followed: what was
        // this machine may not be any more.
        Err(Error::Routing { host, port }) if settings.tls != Tls::Off => {
            let config = self::config(settings, secret, &host, port)?;
            let second = Box::pin(open(settings, config, &host, port)).await?;
            second.map_err(|error| refused(settings, &error))
        }
        Err(error) => Err(refused(settings, &error)),
    }
}

async fn open(settings: &SqlSettings, config: Config, host: &str, port: u16) -> Result<Result<Connected, Error>, Fault> {
    let stream = TcpStream::connect((host, port)).await.map_err(|error| failure::unreachable(settings, &error))?;
    stream.set_nodelay(true).map_err(|error| failure::unreachable(settings, &error))?;
    Ok(Box::pin(Client::connect(config, stream.compat_write())).await)
}

fn config(settings: &SqlSettings, secret: Option<&SecretString>, host: &str, port: u16) -> Result<Config, Fault> {
    let mut config = Config::new();
    config.host(host);
    config.port(port);
    config.application_name("hrpush");
    config.readonly(true);
    config.command_timeout(None);
    if let Some(database) = &settings.database {
        config.database(database);
    }
    let secret = secret.map_or("", ExposeSecret::expose_secret);
    config.authentication(match settings.sign_in {
        SignIn::Token => AuthMethod::aad_token(secret),
        _ => AuthMethod::sql_server(settings.user.as_deref().unwrap_or_default(), secret),
    });
    if settings.tls == Tls::Off {
        config.encryption(EncryptionLevel::NotSupported);
        return Ok(config);
    }
    config.encryption(EncryptionLevel::Required);
    for root in tls::roots(settings)? {
        config.trust_cert_ca_bundle(root.to_vec());
    }
    Ok(config)
}

fn refuse_bytes(settings: &SqlSettings, column: &Column) -> Result<(), Fault> {
    let bytes =
        matches!(column.column_type(), ColumnType::BigVarBin | ColumnType::BigBinary | ColumnType::Image | ColumnType::Udt);
    if bytes && settings.binary == Binary::Refuse {
        return Err(binary(settings, column.name(), "binary"));
    }
    Ok(())
}

fn cell(settings: &SqlSettings, column: &Column, value: &ColumnData<'_>, row: &mut Row) -> Result<(), Fault> {
    if let ColumnData::Bit(Some(flag)) = value {
        row.flag(*flag);
        return Ok(());
    }
    if let (ColumnData::Binary(Some(_)), Binary::Refuse) = (value, settings.binary) {
        return Err(binary(settings, column.name(), "binary"));
    }
    let money = matches!(column.column_type(), ColumnType::Money | ColumnType::Money4);
    match write(value, money, &mut row.text) {
        Some(()) => row.written(),
        None => row.null(),
    }
    Ok(())
}

/// Writes one value in its stable form; `None` where it is null.
fn write(value: &ColumnData<'_>, money: bool, into: &mut String) -> Option<()> {
    use std::fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = match value {
        ColumnData::U8(number) => write!(into, "{}", (*number)?),
        ColumnData::I16(number) => write!(into, "{}", (*number)?),
        ColumnData::I32(number) => write!(into, "{}", (*number)?),
        ColumnData::I64(number) => write!(into, "{}", (*number)?),
        ColumnData::F32(number) => write!(into, "{}", (*number)?),
        ColumnData::F64(number) if money => write!(into, "{:.4}", (*number)?),
        ColumnData::F64(number) => write!(into, "{}", (*number)?),
        ColumnData::Bit(flag) => write!(into, "{}", (*flag)?),
        ColumnData::String(text) => into.write_str(text.as_deref()?),
        ColumnData::Guid(id) => write!(into, "{}", (*id)?),
        ColumnData::Xml(xml) => into.write_str(xml.as_deref()?.as_ref()),
        ColumnData::Binary(bytes) => into.write_str(&hex(bytes.as_deref()?)),
        ColumnData::Numeric(number) => {
            let number = (*number)?;
            forms::decimal(number.value(), number.scale().into(), into);
            Ok(())
        }
        ColumnData::Date(day) => write!(into, "{}", day_one(i64::from((*day)?.days()))?),
        ColumnData::Time(time) => write!(into, "{}", clock((*time)?)?),
        ColumnData::DateTime(moment) => write!(into, "{}", date_time((*moment)?)?),
        ColumnData::SmallDateTime(moment) => {
            let moment = (*moment)?;
            let minutes = i64::from(moment.seconds_fragments()).minutes();
            write!(into, "{}", since_1900(i64::from(moment.days()), minutes)?)
        }
        ColumnData::DateTime2(moment) => write!(into, "{}", date_time2((*moment)?)?),
        ColumnData::DateTimeOffset(moment) => into.write_str(&local((*moment)?)?),
    };
    Some(())
}

fn day_one(days: i64) -> Option<Date> {
    date(1, 1, 1).checked_add(days.days()).ok()
}

fn since_1900(days: i64, time: Span) -> Option<DateTime> {
    date(1900, 1, 1).at(0, 0, 0, 0).checked_add(days.days()).ok()?.checked_add(time).ok()
}

fn clock(time: tds::Time) -> Option<Time> {
    let nanoseconds = time.increments().checked_mul(10_u64.checked_pow(9_u32.checked_sub(time.scale().into())?)?)?;
    Time::midnight().checked_add(i64::try_from(nanoseconds).ok()?.nanoseconds()).ok()
}

/// Three-hundredths of a second, shown as SQL Server does: .000, .003, .007.
fn date_time(moment: tds::DateTime) -> Option<DateTime> {
    let milliseconds = (i64::from(moment.seconds_fragments()) * 10 + 1) / 3;
    since_1900(i64::from(moment.days()), milliseconds.milliseconds())
}

fn date_time2(moment: tds::DateTime2) -> Option<DateTime> {
    Some(day_one(i64::from(moment.date().days()))?.to_datetime(clock(moment.time())?))
}

/// A UTC moment with its offset, written with the local day, which is what HR meant.
fn local(moment: tds::DateTimeOffset) -> Option<String> {
    let offset = i64::from(moment.offset());
    let local = date_time2(moment.datetime2())?.checked_add(offset.minutes()).ok()?;
    let sign = if offset < 0 { '-' } else { '+' };
    Some(format!("{local}{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60))
}

fn refused(settings: &SqlSettings, error: &Error) -> Fault {
    match error {
        Error::Server(notes) => {
            settings.system(format!("cannot connect to {} at {}: {}", settings.driver.name(), settings.place(), notes.message()))
        }
        other => failure::unreachable(settings, other),
    }
}

/// What an error means: the query's fault, which the user can correct, or the system's.
fn judge(settings: &SqlSettings, error: &Error) -> Fault {
    match error {
        // Syntax, unknown names, ambiguous names, types that do not fit.
        Error::Server(notes)
            if matches!(notes.code(), 102 | 105 | 156 | 170 | 195 | 207 | 208 | 209 | 245 | 4104 | 8120 | 8155) =>
        {
            let line = notes.line();
            settings.query_fault(format!("{}: line {line} of the query", notes.message()))
        }
        other => settings.system(words(other)),
    }
}

fn words(error: &Error) -> String {
    match error {
        Error::Server(notes) => notes.message().to_owned(),
        other => failure::chain(other),
    }
}

#[cfg(test)]
mod tests {
    use tiberius::numeric::Numeric;

    use super::*;

    fn text(value: &ColumnData<'_>, money: bool) -> Option<String> {
        let mut text = String::new();
        write(value, money, &mut text).map(|()| text)
    }

    #[test]
    fn values_of_sql_server_have_stable_forms() {
        let cases = [
            (ColumnData::I64(Some(9_007_199_254_740_993)), "9007199254740993"),
            (ColumnData::F64(Some(0.1)), "0.1"),
            (ColumnData::String(Some("007".into())), "007"),
            (ColumnData::Numeric(Some(Numeric::new_with_scale(-5, 2))), "-0.05"),
            (ColumnData::Date(Some(tds::Date::new(738_944))), "2024-02-29"),
            (ColumnData::Time(Some(tds::Time::new(3_600, 0))), "01:00:00"),
            (ColumnData::DateTime(Some(tds::DateTime::new(45_349, 2))), "2024-02-29T00:00:00.007"),
            (ColumnData::SmallDateTime(Some(tds::SmallDateTime::new(45_349, 61))), "2024-02-29T01:01:00"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&value, false).as_deref(), Some(expected));
        }
        assert_eq!(text(&ColumnData::F64(Some(1234.5)), true).as_deref(), Some("1234.5000"));
        assert_eq!(text(&ColumnData::I32(None), false), None);
    }

    #[test]
    fn a_moment_with_an_offset_keeps_its_own_day() {
        // 23:00 UTC of 28 February is midnight of the 29th in Berlin.
        let utc = tds::DateTime2::new(tds::Date::new(738_943), tds::Time::new(23 * 3_600, 0));
        let value = ColumnData::DateTimeOffset(Some(tds::DateTimeOffset::new(utc, 60)));
        assert_eq!(text(&value, false).as_deref(), Some("2024-02-29T00:00:00+01:00"));
    }
}
