//! Approvals and rejections that people give before a run, signed or not.
//!
//! A plan that is shown and not carried out is kept as a proposal. A person approves or rejects it by its fingerprint. A signed answer is a
//! short text, the statement, with a signature by an OpenSSH key, so that it can be given on another machine. The next run of the feed takes
//! the approvals that are valid, and checks their signatures again.

pub(crate) mod answer;
pub(crate) mod proposal;
#[cfg(feature = "signatures")]
pub(crate) mod signature;
#[cfg(not(feature = "signatures"))]
#[path = "no_signatures.rs"]
pub(crate) mod signature;
#[cfg(feature = "signatures")]
mod signers;
pub(crate) mod statement;
pub(crate) mod valid_approvals;
