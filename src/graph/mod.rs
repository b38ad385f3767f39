//! Microsoft Graph: the only room that knows its addresses.
//!
//! A [`Client`] holds the connection, the token and the quota. A [`Reader`] makes a whole [`crate::directory::Snapshot`] or an error;
//! a [`Writer`] sends [`Operation`]s in batches and judges each answer alone. A dry run never makes a writer. Neither knows HR or plans.

mod asks;
mod batch;
mod challenge;
mod client;
mod cloud;
mod credential;
mod current;
mod error;
mod filter;
mod kept;
mod late;
mod merge;
mod operation;
mod pages;
mod parse;
mod permissions;
mod price;
mod quota;
mod reader;
mod small;
mod stops;
#[cfg(test)]
mod tests;
mod told;
mod transport;
mod url;
mod verdict;
mod whole;
mod writer;

pub use asks::Wanted;
pub use client::{Client, Priority, Requests, Settings};
pub use cloud::Cloud;
pub use credential::{Auth, Credential, CredentialError};
pub use error::GraphError;
pub use kept::Cache;
pub use operation::Operation;
pub use permissions::{Deed, Work, missing, needed};
pub use quota::{Level, QuotaLevel, Size};
pub use reader::Reader;
pub use small::Organization;
pub use stops::{Stops, StopsKeeper};
pub use url::{GraphUrl, MemberRef, UrlFault};
pub use verdict::{About, Answer, Heard, Judgement, Verdict, judge};
pub use writer::Writer;
