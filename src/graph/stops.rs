//! The moments before which Graph does not want to be asked again, remembered beyond this process.
//!
//! They are kept the moment they are heard, unlike the level of the quota, which a killed run may lose by a second: a `Retry-After` that is not
//! obeyed makes the next one longer.

use serde::{Deserialize, Serialize};

/// Until when each scope is shut, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stops {
    /// When they were heard.
    pub at: i64,
    /// Writes.
    pub writes: Option<i64>,
    /// Reads.
    pub reads: Option<i64>,
    /// Everything that costs resource units.
    pub units: Option<i64>,
}

/// Remembers the stops of one target; the store implements it.
pub trait StopsKeeper: Send + Sync {
    /// What an earlier run heard, if anything is known.
    fn load(&self) -> Option<Stops>;
    /// Keeps what was just heard.
    fn save(&self, stops: &Stops);
}

impl Stops {
    /// Whether any scope is shut for longer than these say.
    pub(super) fn outlast(&self, kept: &Self) -> bool {
        self.writes > kept.writes || self.reads > kept.reads || self.units > kept.units
    }
}
