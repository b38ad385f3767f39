//! A database as a source: one query, in a session that cannot write.
//!
//! In come settings and a password, out goes a whole reading. What a value means is not decided here: every value becomes text in
//! one stable form for its type, a flag or null. A query that breaks off, takes too long or names a column twice is an error.

#![cfg_attr(
    not(feature = "sql"),
    allow(dead_code, unused_imports, reason = "what only servers need is there for the feature `sql`")
)]

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use super::error_text::one_line;
use super::{Fault, FaultKind, Reading, Source, SourceErrors};

mod failure;
#[cfg(feature = "sql")]
mod forms;
#[cfg(feature = "sql")]
mod mssql;
#[cfg(feature = "sql")]
mod mysql;
#[cfg(feature = "sql")]
mod postgres;
mod rows;
mod sqlite;
mod statement;
#[cfg(feature = "sql")]
mod tls;

pub use statement::{StatementFault, check};

/// The longest time to connect and sign in.
const CONNECT: Duration = Duration::from_secs(30);
/// The client gives up this much later than the server, because the server's own message is better.
const GRACE: Duration = Duration::from_secs(5);

/// The supported databases, each with its own driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// PostgreSQL, and databases with its protocol.
    Postgres,
    /// MySQL, MariaDB, and databases with their protocol.
    Mysql,
    /// A file of SQLite.
    Sqlite,
    /// SQL Server and Azure SQL.
    Mssql,
}

impl Driver {
    /// The name as people know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Sqlite => "SQLite",
            Self::Mssql => "SQL Server",
        }
    }
}

/// The address of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A server that is reached by TCP.
    Tcp {
        /// Its name or address.
        host: String,
        /// The TCP port that the server listens on.
        port: u16,
    },
    /// A server on this machine, by its Unix socket: for PostgreSQL the folder, for MySQL the socket itself.
    Socket(PathBuf),
    /// A database file on this machine, for SQLite.
    File(PathBuf),
}

/// How the connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted, and the server's certificate is checked against the system's authorities and those of this file.
    Verify(Option<PathBuf>),
    /// Not at all: for this machine alone.
    Off,
}

/// How to sign in; the secret itself is given apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Without a secret, such as by the system's user on a socket.
    Nothing,
    /// With a user name and a password.
    Password,
    /// With an access token of Entra ID.
    Token,
}

/// How columns of bytes are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binary {
    /// Such a column is an error: no attribute of a directory takes bytes.
    #[default]
    Refuse,
    /// They become lower-case hexadecimal digits.
    Hex,
}

/// Settings of a database as a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlSettings {
    /// The name by which records are placed.
    pub name: String,
    /// The kind of database.
    pub driver: Driver,
    /// The server, socket or file to connect to.
    pub location: Location,
    /// The database on the server.
    pub database: Option<String>,
    /// The user to sign in as; absent where the sign-in needs none.
    pub user: Option<String>,
    /// How to sign in.
    pub sign_in: SignIn,
    /// How the connection is protected.
    pub tls: Tls,
    /// The only statement that is run: it must begin with SELECT or WITH.
    pub query: String,
    /// The longest time that the query may take.
    pub timeout: Duration,
    /// How columns of bytes are read.
    pub binary: Binary,
}

/// A database as a source.
#[derive(Debug)]
pub struct Database {
    /// The address and the query.
    pub settings: SqlSettings,
    /// The password or token; never printed.
    pub secret: Option<SecretString>,
}

#[async_trait]
impl Source for Database {
    async fn read(&self) -> Result<Reading, SourceErrors> {
        let Self { settings, secret } = self;
        #[cfg(not(feature = "sql"))]
        let _ = secret;
        #[cfg(feature = "sql")]
        let secret = secret.as_ref();
        let limit = settings.timeout + CONNECT + GRACE;
        let reading = async {
            match settings.driver {
                Driver::Sqlite => sqlite::read(settings).await,
                #[cfg(feature = "sql")]
                Driver::Postgres => postgres::read(settings, secret).await,
                #[cfg(feature = "sql")]
                Driver::Mysql => mysql::read(settings, secret).await,
                #[cfg(feature = "sql")]
                Driver::Mssql => mssql::read(settings, secret).await,
                // The configuration has refused them.
                #[cfg(not(feature = "sql"))]
                _ => Err(settings.system("this build lacks the feature `sql`").into()),
            }
        };
        match tokio::time::timeout(limit, reading).await {
            Ok(read) => read,
            Err(_) => Err(failure::too_long(settings).into()),
        }
    }
}

impl SqlSettings {
    /// A fault of the database, by which the run cannot go on.
    fn system(&self, why: impl Into<String>) -> Fault {
        Fault::of_file(&self.name, FaultKind::System(one_line(&why.into())))
    }

    /// A fault of the query, which the user can correct.
    fn query_fault(&self, why: impl Into<String>) -> Fault {
        Fault::of_file(&self.name, FaultKind::Query(one_line(&why.into())))
    }

    /// The server as messages name it.
    fn place(&self) -> String {
        match &self.location {
            Location::Tcp { host, port } => format!("{host}:{port}"),
            Location::Socket(path) | Location::File(path) => path.display().to_string(),
        }
    }
}
