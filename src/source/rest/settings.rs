//! What a configuration says of a service, checked: nothing here is read or sent.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use super::error::RestError;
use super::row_selection::Pick;
use super::shape::flatten::Column;
use super::shape::path::{Condition, Path};
use super::shape::template::{Shape, Template};

/// A secret that is read when it is used; the configuration knows where it is.
pub trait Secret: fmt::Debug + Send + Sync {
    /// Reads it.
    ///
    /// # Errors
    /// Why it cannot be had, with a hint.
    fn read(&self) -> Result<SecretString, String>;
}

/// A secret that several requests share; it is read only when it is used.
pub type SecretRef = Arc<dyn Secret>;

/// A service and how its records are read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name by which places call it.
    pub name: String,
    /// The columns that the mapping's key is made of: records that agree in all of them are one person. Without them a record is known
    /// by all of its values.
    pub key: Vec<String>,
    /// What the mapping takes for an empty cell, folded.
    pub nothing: Vec<String>,
    /// The charset of all answers without a byte order mark, where the service names a wrong one or none.
    pub encoding: Option<String>,
    /// Where it is: https, or plain http on loopback. The only origin that ever gets the credential.
    pub base: Url,
    /// The values of the named parts of templates.
    pub values: BTreeMap<String, String>,
    /// How to sign in.
    pub auth: Auth,
    /// Headers of each request.
    pub headers: Vec<(String, Template)>,
    /// Headers that are secrets.
    pub secret_headers: Vec<(String, SecretRef)>,
    /// A client certificate with its key, as PEM.
    pub client_certificate: Option<SecretRef>,
    /// A certificate authority to trust beside those of the machine, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether cookies of the service are sent back while a reading lasts.
    pub session: bool,
    /// The list of people.
    pub list: Request,
    /// More lists of people.
    pub also: Vec<Also>,
    /// What belongs to a person and is asked for elsewhere.
    pub joins: Vec<Join>,
    /// Of several rows, the one that counts.
    pub picks: Vec<Pick>,
    /// The columns; without them each value becomes one.
    pub columns: Vec<Column>,
    /// Whether the service writes `false` for empty values.
    pub false_is_nothing: bool,
    /// The zone in which a moment is a day; that of the mapping where the configuration names none.
    pub zone: Option<TimeZone>,
    /// Reading only what has changed.
    pub changes: Option<Changes>,
    /// Limits on the size and duration of a reading.
    pub limits: Limits,
}

impl Settings {
    /// The zone in which a moment is a day.
    pub(super) fn zone(&self) -> &TimeZone {
        static UTC: TimeZone = TimeZone::UTC;
        self.zone.as_ref().unwrap_or(&UTC)
    }
}

/// One request and what comes back.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whether the method is POST instead of GET.
    pub post: bool,
    /// Below the base URL.
    pub path: Template,
    /// In their order; a name may occur twice.
    pub query: Vec<(String, Template)>,
    /// The body of a POST; absent for a GET.
    pub body: Option<Body>,
    /// Where the records are in an answer.
    pub records: Path,
    /// The format of the answer; without one its content type decides.
    pub format: Option<Format>,
    /// How the list goes on.
    pub paging: Paging,
}

impl Request {
    /// Whether it contains a named part.
    pub fn mentions(&self, name: &str) -> bool {
        let in_body = match &self.body {
            None => false,
            Some(Body::Json(shape)) => shape.names(name),
            Some(Body::Form(fields)) => fields.iter().any(|(_, template)| template.names(name)),
        };
        in_body || self.path.names(name) || self.query.iter().any(|(_, template)| template.names(name))
    }
}

/// The body of a request, which decides its content type.
#[derive(Clone, Debug)]
pub enum Body {
    /// A JSON document with templates in its texts.
    Json(Shape),
    /// An HTML form, URL-encoded, in the order of its fields.
    Form(Vec<(String, Template)>),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, with the records in an array.
    Json,
    /// XML, with the records as elements of one name.
    Xml,
    /// Delimited text with a header.
    Csv,
    /// A JSON value on each line.
    Lines,
}

/// How a list goes on after its first page, and how its end is known.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// How the next page is asked for.
    pub kind: PagingKind,
    /// Where the answer says how many records there are.
    pub total: Option<Path>,
    /// Where the answer says how many pages there are.
    pub total_pages: Option<Path>,
    /// The header with the number of records.
    pub total_header: Option<String>,
    /// The header with the number of pages.
    pub pages_header: Option<String>,
    /// Where the answer says whether there is more.
    pub more: Option<Path>,
    /// An answer for which this holds is the last one, with records or without a list.
    pub end: Option<Condition>,
    /// By how many records the total may differ.
    pub slack: u64,
    /// Keys of an answer that look like a word on the rest of the list and are about something else.
    pub ignore: Vec<String>,
    /// The number of records of a page, the value of `{size}`.
    pub size: u64,
}

/// How the next page is asked for.
#[derive(Clone, Debug, Default)]
pub enum PagingKind {
    /// There is one page.
    #[default]
    None,
    /// `{page}` counts pages from this number.
    Page(u64),
    /// `{offset}` counts records from this number.
    Offset(u64),
    /// `{cursor}` is what the answer says there; it is left out of the first request.
    Cursor(Path),
    /// The answer holds the address of the next page.
    Next(Path),
    /// The header `Link` holds it.
    Link,
}

/// Another list of people, such as those that have left.
#[derive(Clone, Debug)]
pub struct Also {
    /// The request that returns the list.
    pub list: Request,
    /// What each of its records gets, because the list says it of all of them.
    pub set: Vec<(String, String)>,
    /// A record is skipped if one of an earlier list has the same value here.
    pub unless: Option<Path>,
}

/// What belongs to a person and is asked for elsewhere.
#[derive(Clone, Debug)]
pub struct Join {
    /// Under this name it becomes a part of the record.
    pub name: String,
    /// A list, or one request for each record if it contains `{on}`.
    pub request: Request,
    /// The value of the record.
    pub on: Path,
    /// The value of the other list that must equal it.
    pub key: Option<Path>,
    /// How many there may be.
    pub take: Take,
    /// Whether a record without one ends the reading.
    pub required: bool,
}

/// How many partners a record may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// One; a second ends the reading.
    One,
    /// The first of them.
    First,
    /// All, as a list.
    Many,
}

/// Reading only what has changed, between readings of everything.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Added to the query; `{since}` is the mark.
    pub query: Vec<(String, Template)>,
    /// How the mark is written.
    pub form: MarkForm,
    /// How far the mark is set before the last reading.
    pub overlap: SignedDuration,
    /// Everything is read when the last time is longer ago.
    pub full_every: SignedDuration,
    /// By which records are known again.
    pub key: Path,
    /// The zone in which the service reads a mark that names none, where it is configured.
    pub zone: Option<TimeZone>,
}

/// How a mark is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkForm {
    /// `2026-11-20T08:00:00Z`.
    Iso,
    /// A day, such as `2026-11-20`.
    Day,
    /// `2026-11-20 08:00:00`.
    Blank,
    /// Whole seconds since 1970 in UTC.
    EpochSeconds,
    /// Whole milliseconds since 1970 in UTC.
    EpochMillis,
}

/// How to sign in.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Not at all, or by the client certificate and secret headers alone.
    None,
    /// A user with a password.
    Basic {
        /// The name of the user, which may be a secret as well.
        user: Word,
        /// The password, which may be a template of public parts.
        password: Word,
    },
    /// A secret in a header: a token, or a key.
    Header {
        /// The name of the header, such as `Authorization`.
        header: String,
        /// The word before the secret, such as `Bearer`.
        scheme: Option<String>,
        /// The token or key that follows the scheme.
        secret: SecretRef,
        /// Whether it is written in base64.
        base64: bool,
    },
    /// A token that is asked for first.
    Token(Box<TokenRequest>),
}

/// A word that may be public or secret.
#[derive(Clone, Debug)]
pub enum Word {
    /// As the configuration says it.
    Plain(Template),
    /// A word that is read from where the secret is kept.
    Secret(SecretRef),
}

/// How a token is asked for.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Where; it may be another origin than the base.
    pub url: Url,
    /// The kind of grant, with what it needs.
    pub grant: Grant,
    /// The client id, where the grant sends one.
    pub client_id: Option<Word>,
    /// The client secret, where the grant sends one.
    pub client_secret: Option<SecretRef>,
    /// How the client identifies itself.
    pub send: SendAs,
    /// More fields, such as the scope.
    pub fields: Vec<(String, Template)>,
    /// Where the token is in the answer.
    pub token: Path,
    /// Where its life in seconds is.
    pub expires: Path,
    /// The word before the token, such as `Bearer`.
    pub scheme: String,
}

/// By what a token is granted.
#[derive(Clone, Debug)]
pub enum Grant {
    /// OAuth2 client credentials: the client's id and secret, by the standard.
    ClientCredentials,
    /// A log-in of the vendor's own make: the client's id and secret, no more.
    Login,
    /// A SAML 2.0 assertion that is signed here.
    Saml(Assertion),
    /// A JSON Web Token that is signed here.
    Jwt(Assertion),
    /// An assertion that another program signed.
    SamlGiven(SecretRef),
}

/// What an assertion says, and the key that signs it.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// The private RSA key as PEM (PKCS#8).
    pub key: SecretRef,
    /// The client that issues the assertion.
    pub issuer: Template,
    /// The user or client that the assertion is about.
    pub subject: Template,
    /// The audience of the assertion.
    pub audience: Template,
}

/// How the client identifies itself when it requests a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAs {
    /// As fields of the form in the body.
    Form,
    /// As user and password of the request.
    Basic,
    /// In a JSON object.
    Json,
}

/// Bounds, so that no service can keep a run for ever or fill the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one answer, until its last byte.
    pub timeout: Duration,
    /// How often a request is sent at most.
    pub attempts: u32,
    /// The first wait before it is sent again; it doubles.
    pub first_wait: Duration,
    /// A longer wait than this is not waited for.
    pub longest_wait: Duration,
    /// So many requests in a minute at most.
    pub per_minute: Option<u64>,
    /// So many requests at once.
    pub concurrency: usize,
    /// So many pages of a list at most.
    pub pages: u64,
    /// So many bytes of an answer at most.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(100),
            attempts: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(10),
            per_minute: None,
            concurrency: 4,
            pages: 20_000,
            bytes: 1 << 30,
        }
    }
}

/// Reads a secret where it is used.
pub(super) fn secret(from: &SecretRef) -> Result<SecretString, RestError> {
    from.read().map_err(RestError::Secret)
}
