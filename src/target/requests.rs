//! How much was sent to a target.

use serde::{Deserialize, Serialize};

/// The requests of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestCounts {
    /// Requests over the network, each batch counted once.
    pub sent: u64,
    /// How many of the requests sent were batches.
    pub batches: u64,
    /// Writes, each part of a batch counted.
    pub writes: u64,
    /// Resource units, where the target prices its requests.
    pub resource_units: u64,
    /// Answers that the rate limit refused, each part of a batch counted.
    pub throttled: u64,
    /// Requests that were sent again.
    pub retried: u64,
}
