//! Web services as a source, by declaration: a new HR system is a file and not a release.
//!
//! In come checked [`Settings`], a day and a clock reading; out goes a whole reading or an error. A page that fails, a total that
//! does not add up, a cursor that repeats: each ends the reading, because a person missing from a list looks exactly like a leaver.
//! The credential goes to the configured origin alone, and redirects are not followed.
//!
//! The way of a record: `http` asks, `list` says whether the list goes on, joins bring what other end points know,
//! `row_selection` chooses the row that counts on the day, `shape` makes columns of what is left.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use url::Url;

use super::error::SourceErrors;
use super::{Reading, Source};
use crate::diagnostic::wait::WaitReporter;

mod error;
mod http;
mod incremental;
mod join;
mod list;
mod pipeline;
mod row_selection;
mod settings;
mod shape;

pub use incremental::Memory;
pub use row_selection::Pick;
pub use settings::{
    Also, Assertion, Auth, Body, Changes, Format, Grant, Join, Limits, MarkForm, Paging, PagingKind, Request, Secret, SecretRef,
    SendAs, Settings, Take, TokenRequest, Word,
};
pub use shape::dates::DateForm;
pub use shape::flatten::{Column, Need};
pub use shape::path::{Condition, Path, PathError};
pub use shape::template::{Shape, Template, TemplateFault};

/// The keys of `[source]` that declare a service; a mapping file may hold them too, which makes it a preset.
pub const KEYS: &[&str] = &[
    "kind",
    "about",
    "base_url",
    "values",
    "auth",
    "headers",
    "secret_headers",
    "client_certificate",
    "ca_file",
    "session",
    "method",
    "path",
    "query",
    "body",
    "form",
    "records",
    "format",
    "encoding",
    "paging",
    "page_size",
    "also",
    "join",
    "pick",
    "columns",
    "false_is_nothing",
    "zone",
    "changes",
    "timeout",
    "attempts",
    "first_wait",
    "longest_wait",
    "per_minute",
    "concurrency",
    "max_pages",
    "max_megabytes",
];

/// A web service as a source.
#[derive(Clone)]
pub struct Rest {
    /// The service and how its records are read, as configured.
    pub settings: Settings,
    /// The day on which the row that counts is in force.
    pub day: Date,
    /// The moment at which the reading begins, from which changes are asked for the next time.
    pub now: Timestamp,
    /// Where the reading before this one is kept, for sources that are asked for changes.
    pub memory: Option<Arc<dyn Memory>>,
    /// Where long waits for the service are reported.
    pub waits: WaitReporter,
}

#[async_trait]
impl Source for Rest {
    async fn read(&self) -> Result<Reading, SourceErrors> {
        pipeline::read(self).await.map_err(|fault| fault.into_fault(&self.settings.name).into())
    }
}

/// Whether credentials may go there: https, or plain http on this machine; a host, and no user or fragment in it.
///
/// # Errors
/// What is wrong with the address.
pub fn address(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| format!("`{text}` is no address"))?;
    let plain = url.scheme() == "http";
    if !(url.scheme() == "https" || plain) || url.host_str().is_none_or(str::is_empty) {
        return Err(format!("`{text}` is not an https address"));
    }
    if plain && !http::transport::is_loopback(&url) {
        return Err(format!("`{text}` is plain http, which would show the credential to the network"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address holds no user and no password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address holds no query here".to_owned());
    }
    Ok(url)
}
