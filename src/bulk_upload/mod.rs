//! API-driven inbound provisioning behind the port of [`crate::target`]: records go to a provisioning job of Microsoft Entra, which writes
//! them to Entra ID or, through its agent, to an on-premises Active Directory.
//!
//! The job cannot be read. The snapshot is what the job accepted, as the store keeps it; the provisioning log says later what became of
//! each record. A write carries the whole record of a person, 50 of them in a call. A response of 202 means that they are queued.
//!
//! The connection and the token are those of [`crate::graph`]. The limits are those of the job.

mod attribute_place;
mod call_quota;
mod connection;
mod job;
mod log_entry;
mod polling;
mod reader;
mod record_body;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

pub use attribute_place::{AttributePlace, PlaceFault, place_of};
pub use connection::BulkUploadConnection;
pub use job::JobFault;
pub use settings::{CAPABILITIES, Settings};
