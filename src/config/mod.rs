//! The settings of `hrpush.toml`: checked values for each room, or every fault with its place.
//!
//! This room reads neither the tenant nor HR. A secret is named by an environment variable or a file, and read only when it is used.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Span};

use crate::diagnostic::Faults;
use crate::graph::{Cloud, Size};
use crate::source::sql::SqlSettings;

mod auth;
mod bulk_upload;
mod connection_url;
#[cfg(test)]
mod documentation_tests;
mod duration;
mod features;
mod files;
mod guards;
mod notify;
mod parse;
mod remote;
mod rest;
mod secret;
mod secret_keys;
mod serve;
mod sql;
mod target;
#[cfg(test)]
mod tests;

pub use bulk_upload::BulkUploadConfig;
pub use files::{FileSource, JoinSource};
pub use guards::{GuardLimit, Guards};
pub use notify::{AddressFrom, Details, MailConfig, NotifyConfig};
pub use remote::PlaceConfig;
pub use rest::{Layer, RestSource, check_rest};
pub use secret::{SecretError, SecretFrom};
pub(crate) use serve::OPEN_HINT;
pub use serve::{ScimSource, Serve};
pub use target::{ScimAuthConfig, ScimTargetConfig, TargetConfig};

/// All settings. The default is that of a folder without `hrpush.toml`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, where there is one.
    pub path: Option<PathBuf>,
    /// The tenant; without one `import`, `plan` and `explain` use the sandbox.
    pub tenant: Option<Tenant>,
    /// The kind of target that plans go to.
    pub target: TargetConfig,
    /// Where HR data comes from in a `sync`.
    pub source: Option<SourceConfig>,
    /// Accounts that are never changed.
    pub protect: Protect,
    /// The limits above which a plan stops.
    pub guard: Guards,
    /// Limits on saved plans, such as their age.
    pub plan: PlanConfig,
    /// Rules for the names of new accounts.
    pub names: Names,
    /// How first passwords are delivered.
    pub password: Password,
    /// How much of Graph's quota is used.
    pub quota: Quota,
    /// How long the journal is kept.
    pub journal: JournalConfig,
    /// Where messages about runs go.
    pub notify: Option<NotifyConfig>,
    /// How approvals are given before a run, and for how long they are valid.
    pub approval: ApprovalConfig,
    /// How the SCIM server listens.
    pub serve: Serve,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: None,
            tenant: None,
            target: TargetConfig::default(),
            source: None,
            protect: Protect::default(),
            guard: Guards::default(),
            plan: PlanConfig { max_age: SignedDuration::from_hours(7 * 24) },
            names: Names { reuse_after: Span::new().months(12) },
            password: Password { deliver: Deliver::Discard },
            quota: Quota { share: 0.9, scale: 1.0 },
            journal: JournalConfig { keep: SignedDuration::from_hours(400 * 24) },
            notify: None,
            approval: ApprovalConfig { valid: SignedDuration::from_hours(3 * 24), signers: None, two_people: false },
            serve: Serve::default(),
        }
    }
}

/// A duration by the clock, as options and keys write it.
///
/// ```
/// # use hrpush::config::exact_duration;
/// assert_eq!(exact_duration("26h").unwrap().as_hours(), 26);
/// assert!(exact_duration("a day").is_none());
/// ```
pub fn exact_duration(text: &str) -> Option<SignedDuration> {
    duration::exact(text)
}

/// The journal in the state folder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JournalConfig {
    /// Runs that are older lose their values, and keep their counts.
    pub keep: SignedDuration,
}

/// Approvals that are given before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalConfig {
    /// How long an approval is valid.
    pub valid: SignedDuration,
    /// The OpenSSH file of the keys that may sign; without one an approval needs no signature.
    pub signers: Option<PathBuf>,
    /// Whether two principals of that file must approve.
    pub two_people: bool,
}

/// The tenant that is made to agree with HR.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id or one of its domains.
    pub id: String,
    /// The cloud it lives in.
    pub cloud: Cloud,
    /// Its size, by which Graph sets the quota.
    pub size: Size,
    /// How to sign in; without it `HRPUSH_ACCESS_TOKEN` must hold a token.
    pub auth: Option<Auth>,
}

/// How to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// An app registration with a secret.
    ClientSecret {
        /// The application's id.
        client_id: String,
        /// Where its secret is.
        secret: SecretFrom,
    },
    /// An app registration with a certificate.
    ClientCertificate {
        /// The application's id.
        client_id: String,
        /// The certificate with its private key, as PEM without a password.
        certificate_file: PathBuf,
    },
    /// The identity that Azure gives to the machine.
    ManagedIdentity {
        /// The client id of a user-assigned identity.
        client_id: Option<String>,
    },
    /// A federated token, as Kubernetes mounts it.
    WorkloadIdentity {
        /// The application's id; else `AZURE_CLIENT_ID`.
        client_id: Option<String>,
        /// The file with the token; else `AZURE_FEDERATED_TOKEN_FILE`.
        token_file: Option<PathBuf>,
    },
    /// The account that is signed in to the Azure CLI.
    AzureCli,
    /// A token that another program requested.
    AccessToken {
        /// The environment variable that holds it.
        token_env: String,
    },
}

/// Where HR data comes from, and the mapping for it.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// The kind of source, with what it needs.
    pub kind: SourceKind,
    /// The mapping file; without one a built-in mapping is chosen by the header.
    pub mapping: Option<PathBuf>,
}

/// The kinds of sources.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// Delimited text or workbooks.
    Files(Box<FileSource>),
    /// The API of a web service.
    Rest(Box<RestSource>),
    /// A query against a database.
    Sql(Box<SqlConfig>),
    /// What was pushed to `hrpush serve`.
    Scim(ScimSource),
}

/// A database as a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlConfig {
    /// Where it is and what to ask.
    pub settings: SqlSettings,
    /// Where the password or token is.
    pub secret: Option<SecretFrom>,
}

/// Accounts that are never changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protect {
    /// User principal names or ids.
    pub users: Vec<String>,
    /// Groups by name or id: all their members are protected.
    pub groups: Vec<String>,
}

/// Limits on saved plans, such as their age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanConfig {
    /// An older plan is refused.
    pub max_age: SignedDuration,
}

/// Rules for the names of new accounts.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// How long the address of a leaver stays reserved.
    pub reuse_after: Span,
}

/// How first passwords are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// What becomes of them.
    pub deliver: Deliver,
}

/// What becomes of a first password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deliver {
    /// It is discarded; the person gets a new one from the help desk.
    Discard,
    /// It is written to an encrypted file.
    File(HandTo),
    /// A Temporary Access Pass is made instead, on the start date, and written to an encrypted file, where one is named.
    Tap(Option<HandTo>),
}

/// Where secrets are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandTo {
    /// The age public key of the recipient.
    pub recipient: String,
    /// The encrypted file to write, beside the configuration where the path is relative.
    pub path: PathBuf,
}

/// How much of Graph's quota is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// The share of it, above 0 and up to 1.
    pub share: f64,
    /// How many times faster than the real one the quota of a loopback target runs.
    pub scale: f64,
}

/// Reads and checks a file.
pub fn load(path: &Path) -> Result<Config, Faults> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Faults::of_file(path, "is not UTF-8 text", Some("save it as UTF-8".to_owned())))?;
    parse(&text, path)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Faults {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => {
            let folder = std::env::current_dir().map(|folder| format!(" (the working folder is {})", folder.display()));
            format!("check the path of --config{}, or let `hrpush init FILE` write a configuration", folder.unwrap_or_default())
        }
        std::io::ErrorKind::PermissionDenied => "let the user that runs hrpush read it".to_owned(),
        _ => "--config names the configuration file".to_owned(),
    };
    Faults::of_file(path, &format!("cannot be read: {error}"), Some(hint))
}

/// Checks the text of a file; relative paths in it are taken from the folder of `path`.
pub fn parse(text: &str, path: &Path) -> Result<Config, Faults> {
    parse::read(text, path)
}
