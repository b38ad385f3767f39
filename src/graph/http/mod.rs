//! HTTP towards Graph and Entra: addresses, tokens, the rate limit, batches, and what an answer means.

pub(in crate::graph) mod batch;
mod claims_challenge;
pub(in crate::graph) mod client;
pub(in crate::graph) mod cloud;
pub(in crate::graph) mod credential;
mod culprits;
pub(in crate::graph) mod error;
pub(in crate::graph) mod filter;
pub(in crate::graph) mod rate_limiter;
pub(in crate::graph) mod refusal;
pub(in crate::graph) mod request_cost;
pub(in crate::graph) mod response;
mod transport;
pub(in crate::graph) mod url;
