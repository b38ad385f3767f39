//! A database: the keys of `[source]` with `kind = "sql"`.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::connection_url::{PASSWORD, TOKEN, decoded, holds_password, secret};
use super::features::Feature;
use super::{SecretFrom, SqlConfig, duration};
use crate::diagnostic::is_loopback;
use crate::diagnostic::toml::{At, Reader, Table};
use crate::source::sql::{self, Binary, Driver, Location, SignIn, SqlSettings, Tls};

const DRIVERS: [(&str, Driver); 7] = [
    ("postgres", Driver::Postgres),
    ("mysql", Driver::Mysql),
    ("sqlite", Driver::Sqlite),
    ("mssql", Driver::Mssql),
    ("postgresql", Driver::Postgres),
    ("mariadb", Driver::Mysql),
    ("sqlserver", Driver::Mssql),
];

/// The longest time for a query, unless the configuration has one.
const TIMEOUT: Duration = Duration::from_mins(10);
/// The longest time that can be configured.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads the keys; which of them belong to it depends on the driver.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<SqlConfig> {
    let named = reader.choice(fields, "driver", &DRIVERS);
    if named.is_none() && fields.holds("driver") {
        return None;
    }
    refuse_plain_secrets(reader, fields);
    let url = reader.string(fields, "url");
    if let Some(url) = &url
        && holds_password(reader, url)
    {
        return None;
    }
    let driver = driver(reader, fields, named, url.as_ref())?;
    let target =
        if driver == Driver::Sqlite { file(reader, fields, url.as_ref()) } else { server(reader, fields, driver, url.as_ref()) };
    let query = query(reader, fields, driver);
    let timeout = timeout(reader, fields);
    let binary = reader.choice(fields, "binary", &[("refuse", Binary::Refuse), ("hex", Binary::Hex)]).unwrap_or_default();
    let name = reader.string(fields, "name").map(|name| name.value);
    reader.finish(fields);
    let (target, query) = (target?, query?);
    let name = name.unwrap_or_else(|| target.name());
    let Target { location, database, user, tls, secret, sign_in } = target;
    let settings = SqlSettings { name, driver, location, database, user, sign_in, tls, query, timeout: timeout?, binary };
    Some(SqlConfig { settings, secret })
}

/// Where the database is and how to sign in.
struct Target {
    location: Location,
    database: Option<String>,
    user: Option<String>,
    tls: Tls,
    secret: Option<SecretFrom>,
    sign_in: SignIn,
}

impl Target {
    /// The name of the source, unless the configuration has one.
    fn name(&self) -> String {
        match (&self.database, &self.location) {
            (Some(database), _) => database.clone(),
            (None, Location::Tcp { host, .. }) => host.clone(),
            (None, Location::Socket(path) | Location::File(path)) => {
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
        }
    }
}

/// The driver by its key or by the scheme of the URL, which must not contradict each other.
fn driver(reader: &mut Reader<'_>, fields: &Table<'_, '_>, named: Option<Driver>, url: Option<&At<String>>) -> Option<Driver> {
    let names = "one of postgres, mysql, sqlite, mssql";
    let scheme = url.and_then(|url| url.value.split_once(':')).map(|(scheme, _)| scheme.to_ascii_lowercase());
    let by_url = scheme.as_deref().and_then(|scheme| DRIVERS.iter().find(|(name, _)| *name == scheme)).map(|(_, driver)| *driver);
    match (named, by_url, url) {
        (Some(named), Some(by_url), Some(url)) if named != by_url => {
            reader.fault(&url.span, format!("`url` is one of {}, `driver` says {}", by_url.name(), named.name()), None);
            None
        }
        (Some(driver), _, _) | (None, Some(driver), _) => {
            let span = url.map_or_else(|| fields.span(), |url| url.span.clone());
            (driver == Driver::Sqlite || Feature::Sql.is_built(reader, &span)).then_some(driver)
        }
        (None, None, Some(url)) => {
            reader.fault(&url.span, "the kind of database is not known from `url`", "postgres://user@host/database, for example");
            None
        }
        (None, None, None) => {
            reader.fault(&fields.span(), "[source] needs `driver`", names);
            None
        }
    }
}

/// Secrets that stand in the file itself get a message of their own, which does not show them.
fn refuse_plain_secrets(reader: &mut Reader<'_>, fields: &Table<'_, '_>) {
    for key in ["password", "token", "secret"] {
        if fields.holds(key) {
            reader.plain_secret(fields, key);
        }
    }
}

fn file(reader: &mut Reader<'_>, fields: &Table<'_, '_>, url: Option<&At<String>>) -> Option<Target> {
    let path = match (fields.has("path"), url) {
        (true, Some(url)) => {
            reader.fault(&url.span, "`url` and `path` exclude each other", None);
            return None;
        }
        (true, None) => reader.path(fields, "path")?,
        (false, Some(url)) => {
            let bare = url.value.strip_prefix("sqlite:").unwrap_or(&url.value);
            reader.beside(bare.strip_prefix("//").unwrap_or(bare))
        }
        (false, None) => {
            reader.fault(&fields.span(), "[source] needs `path`", "such as path = \"hr.db\"");
            return None;
        }
    };
    let location = Location::File(path);
    Some(Target { location, database: None, user: None, tls: Tls::Off, secret: None, sign_in: SignIn::Nothing })
}

fn server(reader: &mut Reader<'_>, fields: &Table<'_, '_>, driver: Driver, url: Option<&At<String>>) -> Option<Target> {
    let ca_file = reader.path(fields, "ca_file");
    let tls = reader.choice(fields, "tls", &[("verify", true), ("off", false)]);
    let tls_span = fields.get("tls").map(toml::Spanned::span);
    let socket = if driver == Driver::Mssql { None } else { reader.path(fields, "socket") };
    let (secret, sign_in) = sign_in(reader, fields, driver)?;
    let Some(found) = url else {
        reader.fault(&fields.span(), "[source] needs `url`", example(driver));
        return None;
    };
    let parts = parts(reader, found, driver, socket.is_some())?;
    let here = socket.is_some() || parts.host.as_deref().is_some_and(is_loopback);
    if tls == Some(false) && !here {
        let span = tls_span.unwrap_or(found.span.clone());
        reader.fault(&span, "TLS can be off for this machine alone", "for a company's own authority: `ca_file = \"…\"`");
        return None;
    }
    let tls = if tls.unwrap_or(!here) { Tls::Verify(ca_file) } else { Tls::Off };
    if driver == Driver::Mssql && (secret.is_none() || (parts.user.is_none() && sign_in == SignIn::Password)) {
        let hint = "a user in `url` with `password_env` or `password_file`, or `token_env` or `token_file` for Entra ID";
        reader.fault(&found.span, "SQL Server needs a sign-in", hint);
        return None;
    }
    let location = match (socket, parts.host) {
        (Some(path), _) => Location::Socket(path),
        (None, Some(host)) => Location::Tcp { host, port: parts.port },
        (None, None) => return None,
    };
    Some(Target { location, database: parts.database, user: parts.user, tls, secret, sign_in })
}

/// The parts of a URL.
struct Parts {
    host: Option<String>,
    port: u16,
    database: Option<String>,
    user: Option<String>,
}

fn parts(reader: &mut Reader<'_>, found: &At<String>, driver: Driver, socket: bool) -> Option<Parts> {
    let Ok(url) = Url::parse(&found.value) else {
        reader.fault(&found.span, "`url` is not a URL", example(driver));
        return None;
    };
    if url.query().is_some() || url.fragment().is_some() {
        let hint = "socket, tls, ca_file and timeout are keys of [source]";
        reader.fault(&found.span, "`url` takes no parameters", hint);
        return None;
    }
    let host = url.host_str().filter(|host| !host.is_empty()).map(|host| host.trim_matches(['[', ']']).to_owned());
    if host.is_some() == socket {
        let message = if socket { "`url` has a host, but `socket` is on this machine" } else { "`url` has no host" };
        reader.fault(&found.span, message, example(driver));
        return None;
    }
    let port = url.port().unwrap_or(match driver {
        Driver::Postgres => 5432,
        Driver::Mysql => 3306,
        _ => 1433,
    });
    let database = url.path().trim_start_matches('/');
    if database.contains('/') {
        reader.fault(&found.span, "`url` has more than a database behind the host", example(driver));
        return None;
    }
    let text = |part: &str| (!part.is_empty()).then(|| decoded(part));
    Some(Parts { host, port, database: text(database), user: text(url.username()) })
}

fn example(driver: Driver) -> &'static str {
    match driver {
        Driver::Postgres => "such as postgres://user@host:5432/database, or postgres://user@/database with `socket`",
        Driver::Mysql => "such as mysql://user@host:3306/database, or mysql://user@/database with `socket`",
        Driver::Mssql => "such as sqlserver://user@host:1433/database",
        Driver::Sqlite => "such as sqlite:hr.db",
    }
}

fn sign_in(reader: &mut Reader<'_>, fields: &Table<'_, '_>, driver: Driver) -> Option<(Option<SecretFrom>, SignIn)> {
    let password = secret(reader, fields, &PASSWORD).ok()?;
    if driver != Driver::Mssql {
        let sign_in = if password.is_some() { SignIn::Password } else { SignIn::Nothing };
        return Some((password, sign_in));
    }
    match (password, secret(reader, fields, &TOKEN).ok()?) {
        (Some(_), Some(_)) => {
            reader.fault(&fields.span(), "a password and a token exclude each other", None);
            None
        }
        (None, Some(token)) => Some((Some(token), SignIn::Token)),
        (password, None) => Some((password, SignIn::Password)),
    }
}

fn query(reader: &mut Reader<'_>, fields: &Table<'_, '_>, driver: Driver) -> Option<String> {
    let (found, in_file) = match (fields.has("query"), fields.has("query_file")) {
        (true, true) => {
            reader.fault(&fields.span(), "`query` and `query_file` exclude each other", None);
            return None;
        }
        (true, false) => (reader.string(fields, "query")?, None),
        (false, true) => {
            let named = reader.string(fields, "query_file")?;
            let path = reader.beside(&named.value);
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => {
                    reader.fault(&named.span, format!("{}: cannot be read: {error}", path.display()), None);
                    return None;
                }
            };
            (At { value: text, span: named.span }, Some(path))
        }
        (false, false) => {
            reader.fault(
                &fields.span(),
                "[source] needs `query` or `query_file`",
                "one SELECT that yields a row for each person",
            );
            return None;
        }
    };
    match sql::check(driver, &found.value) {
        Ok(()) => Some(found.value),
        Err(fault) => {
            refuse_query(reader, &found, in_file, &fault);
            None
        }
    }
}

fn refuse_query(reader: &mut Reader<'_>, found: &At<String>, in_file: Option<PathBuf>, fault: &sql::StatementFault) {
    let hint = "a source is only read: one statement that begins with SELECT or WITH";
    let before = &found.value[..fault.at()];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    if let Some(path) = in_file {
        reader.fault(&found.span, format!("{}, line {line}, column {column}: {fault}", path.display()), hint);
        return;
    }
    // If the file has the query without escapes, a place in the query is a place in the file.
    match reader.within(&found.span, &found.value) {
        Some(start) => {
            let at: Range<usize> = start + fault.at()..start + fault.at() + 1;
            reader.fault(&at, fault.to_string(), hint);
        }
        None => reader.fault(&found.span, format!("{fault}, at line {line}, column {column} of the query"), hint),
    }
}

fn timeout(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<Duration> {
    let Some(found) = reader.string(fields, "timeout") else {
        return (!fields.holds("timeout")).then_some(TIMEOUT);
    };
    let time = duration::exact(&found.value).and_then(|time| Duration::try_from(time).ok());
    let fits = time.filter(|time| !time.is_zero() && *time <= LONGEST);
    if fits.is_none() {
        reader.fault(&found.span, format!("`timeout` cannot be `{}`", found.value), "such as 30s, 10min or 2h, at most 24h");
    }
    fits
}
