//! Microsoft Graph: the only room that knows its addresses.
//!
//! A [`Client`] holds the connection, the token and the quota. A [`Reader`] makes a whole [`crate::directory::Snapshot`] or an error;
//! a [`Writer`] sends [`Operation`]s in batches and judges each answer alone. A dry run never makes a writer. Neither knows HR or plans.

mod http;
mod permissions;
mod read;
mod stops;
#[cfg(test)]
mod tests;
mod write;

pub use http::client::{Client, Priority, Requests, Settings};
pub use http::cloud::Cloud;
pub use http::credential::{Auth, Credential, CredentialError};
pub use http::error::GraphError;
pub use http::rate_limiter::{Level, QuotaLevel, Size};
pub use http::response::{About, Answer, Heard, Judgement, Verdict, judge};
pub use http::url::{GraphUrl, MemberRef, UrlFault};
pub use permissions::{Deed, Work, missing, needed};
pub use read::Reader;
pub use read::parse::Organization;
pub use read::queries::Wanted;
pub use read::snapshot_cache::Cache;
pub use stops::{Stops, StopsKeeper};
pub use write::Writer;
pub use write::encode::Operation;
