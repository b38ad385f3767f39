//! A SCIM 2.0 service provider behind the port of [`crate::target`].
//!
//! A [`Profile`] describes a provider: what it can do, and where it differs from RFC 7644. A [`Client`] holds the connection, the
//! credential and the rate. A [`ScimReader`] returns a whole [`crate::directory::Snapshot`] or an error, and compares the list with
//! look-ups. A [`ScimTarget`] sends one [`crate::target::Operation`] at a time and judges each answer. [`Translation`] gives each
//! attribute of Entra its SCIM path. Nothing here knows HR or plans.

mod answers;
mod client;
mod connection;
mod create;
mod credential;
mod decode;
mod discovery;
mod error;
mod listing;
mod patch_operations;
mod profile;
mod read_back;
mod reader;
mod service_url;
mod translation;
mod verdict;
mod writer;

pub use client::{Client, ScimSettings};
pub use connection::ScimConnection;
pub use credential::ScimAuth;
pub use discovery::{ProviderConfig, provider_config};
pub use error::ScimTargetError;
pub use profile::{DEFAULT_PROFILE, DeleteMeaning, Membership, Paging, Profile, Rate, UpdateMethod};
pub use reader::ScimReader;
pub use service_url::{ServiceUrl, ServiceUrlFault};
pub use translation::{AttributeFault, Translation};
pub use writer::{ScimTarget, capabilities};
