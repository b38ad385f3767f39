//! The limits on calls of `bulkUpload` and on readings of the log, each over a sliding window.

use std::collections::VecDeque;
use std::time::Duration;

/// How many calls a window takes.
#[derive(Debug)]
pub(super) struct Window {
    most: usize,
    length: Duration,
    calls: VecDeque<Duration>,
}

impl Window {
    pub(super) fn new(most: usize, length: Duration) -> Self {
        Self { most, length, calls: VecDeque::new() }
    }

    /// Counts a call at this moment, also a refused one. Returns the time until one fits again, where it is refused.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        while self.calls.front().is_some_and(|at| *at + self.length <= now) {
            self.calls.pop_front();
        }
        self.calls.push_back(now);
        if self.calls.len() <= self.most {
            return Ok(());
        }
        let frees = self.calls[self.calls.len() - 1 - self.most] + self.length;
        Err(frees.saturating_sub(now))
    }
}
