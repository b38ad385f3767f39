//! The tenant's clock, which a test may move ahead.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Time since the start and the time of day, both moved by the same amount. The first is tokio's, so that quotas refill and replicas catch
/// up with a test whose time flies.
#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
    moved_ms: AtomicU64,
    /// How far the time of day is behind this machine's.
    behind: Duration,
}

impl Clock {
    pub(super) fn new(behind: Duration) -> Self {
        Self { origin: Instant::now(), moved_ms: AtomicU64::new(0), behind }
    }

    /// Moves the clock ahead.
    pub(super) fn advance(&self, by: Duration) {
        self.moved_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn moved(&self) -> Duration {
        Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    /// Time since the server started.
    pub(super) fn elapsed(&self) -> Duration {
        self.origin.elapsed() + self.moved()
    }

    /// The time of day.
    pub(super) fn now(&self) -> Timestamp {
        let moved = SignedDuration::try_from(self.moved()).unwrap_or(SignedDuration::ZERO);
        let behind = SignedDuration::try_from(self.behind).unwrap_or(SignedDuration::ZERO);
        let now = Timestamp::now().checked_add(moved).unwrap_or(Timestamp::MAX);
        now.checked_sub(behind).unwrap_or(Timestamp::MIN)
    }

    /// The time of day as Graph writes it, in whole seconds.
    pub(super) fn stamp(&self) -> String {
        text(self.now())
    }
}

/// A moment as the header `Date` has it.
pub(super) fn http_date(moment: Timestamp) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A moment as Graph writes it.
pub(super) fn text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
