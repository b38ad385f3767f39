//! What a run remembers of a target's rate limit for the next run.

use serde::{Deserialize, Serialize};

/// How full the quota was at some moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateLevel {
    /// The moment, in milliseconds since 1970.
    pub at: i64,
    /// Writes left; below zero while in debt.
    pub writes: f64,
    /// Resource units left. An older hrpush did not store them: then as many as there may be.
    #[serde(default = "unlimited")]
    pub units: f64,
    /// When writes may be sent again after they were throttled, in milliseconds since 1970.
    pub shut_until: Option<i64>,
}

const fn unlimited() -> f64 {
    f64::MAX
}

/// Stores the level of the quota between runs.
pub trait QuotaLevel: Send + Sync {
    /// Returns what the last run left, if that is known.
    fn load(&self) -> Option<RateLevel>;
    /// Stores what this run leaves.
    fn save(&self, level: &RateLevel);
}

/// Until when each scope is throttled, in milliseconds since 1970.
///
/// These are stored as soon as they are received, unlike the level of the quota, which a killed run may lose by a second: a wait that is
/// not obeyed makes the next one longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stops {
    /// When they were received.
    pub at: i64,
    /// When writes may be sent again, if a 429 stopped them.
    pub writes: Option<i64>,
    /// When reads may be sent again, if a 429 stopped them.
    pub reads: Option<i64>,
    /// Everything that costs resource units.
    pub units: Option<i64>,
}

/// Stores the stops of one target.
pub trait StopsKeeper: Send + Sync {
    /// Returns what an earlier run received, if that is known.
    fn load(&self) -> Option<Stops>;
    /// Stores what was just received.
    fn save(&self, stops: &Stops);
}

impl Stops {
    /// Whether any scope is throttled for longer than in `other`.
    pub fn outlast(&self, other: &Self) -> bool {
        self.writes > other.writes || self.reads > other.reads || self.units > other.units
    }
}
