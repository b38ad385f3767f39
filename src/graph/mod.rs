//! Microsoft Graph behind the port of [`crate::target`]: the only room with its addresses, statuses, error codes and texts.
//!
//! A [`Client`] holds the connection, the token and the rate limit. A [`Reader`] returns a whole [`crate::directory::Snapshot`] or an
//! error. A [`Writer`] sends [`crate::target::Operation`]s in batches and judges each response alone. A dry run never creates a writer.
//! Neither knows HR or plans.

mod connection;
mod grant;
mod http;
mod open_requests;
mod permissions;
mod read;
mod target;
#[cfg(test)]
mod tests;
mod write;

pub use connection::GraphConnection;
pub use grant::{GrantTool, grant};
pub use http::client::{Client, Settings};
pub use http::cloud::Cloud;
pub use http::credential::{Auth, Credential, CredentialError};
pub use http::error::GraphError;
pub use http::rate_limiter::Size;
pub use http::url::{GraphUrl, MemberRef, UrlFault};
pub use open_requests::{NoResponse, PlainResponse, Question, quoted};
pub use permissions::{Deed, Work, missing, needed, needed_for_uploads, superfluous};
pub use read::Reader;
pub use read::parse::Organization;
pub use target::{CAPABILITIES, GraphTarget};
pub use write::Writer;
