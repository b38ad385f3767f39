//! Reads back what was written, where a success that was not applied would hurt.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often it is read back before the change counts as not applied.
const ATTEMPTS: u32 = 5;
/// The wait between two readings: a replica may lag.
const WAIT: Duration = Duration::from_secs(2);

/// Which kinds of writes were read back in this run.
#[derive(Default)]
pub(super) struct ReadBack {
    added: AtomicBool,
    removed: AtomicBool,
}

impl ReadBack {
    /// Whether this is the first change of members of its kind. One sample shows whether the provider applies them.
    pub(super) fn is_first(&self, added: bool) -> bool {
        let seen = if added { &self.added } else { &self.removed };
        !seen.swap(true, Ordering::Relaxed)
    }

    /// Whether the change shows within a few readings.
    pub(super) async fn until<F: Future<Output = bool>>(&self, holds: impl Fn() -> F) -> bool {
        for attempt in 1..=ATTEMPTS {
            if holds().await {
                return true;
            }
            if attempt < ATTEMPTS {
                tokio::time::sleep(WAIT).await;
            }
        }
        false
    }
}
