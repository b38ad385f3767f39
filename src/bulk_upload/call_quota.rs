//! The limits on calls: 40 in 5 seconds, and those of the licence in 24 hours.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::record::lock;
use crate::target::{Uploads, UploadsError};

/// How many calls of a kind pass in a window of time. A call waits until the window has room for it.
#[derive(Debug)]
pub(super) struct Window {
    most: usize,
    length: Duration,
    calls: Mutex<VecDeque<Instant>>,
}

impl Window {
    pub(super) fn new(most: usize, length: Duration) -> Self {
        Self { most, length, calls: Mutex::default() }
    }

    /// Waits until a call may be sent, and counts it.
    pub(super) async fn pass(&self) {
        loop {
            let wait = self.take(Instant::now());
            let Some(wait) = wait else { return };
            tokio::time::sleep_until(wait).await;
        }
    }

    /// Counts a call now, or returns when one may be sent.
    fn take(&self, now: Instant) -> Option<Instant> {
        let mut calls = lock(&self.calls);
        while calls.front().is_some_and(|at| *at + self.length <= now) {
            calls.pop_front();
        }
        match calls.front() {
            Some(first) if calls.len() >= self.most => Some(*first + self.length),
            _ => {
                calls.push_back(now);
                None
            }
        }
    }
}

/// How many of the day's calls are left.
pub(super) fn left_of_day(uploads: &dyn Uploads, calls_per_day: u32, now: Timestamp) -> Result<u32, UploadsError> {
    let since = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    Ok(calls_per_day.saturating_sub(uploads.calls_since(since)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn forty_calls_pass_at_once_and_the_next_one_waits() {
        let window = Window::new(40, Duration::from_secs(5));
        let started = Instant::now();
        for _ in 0..40 {
            window.pass().await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        window.pass().await;
        assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&started.elapsed()));
    }
}
