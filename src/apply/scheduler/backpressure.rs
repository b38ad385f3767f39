//! When a run pauses or gives up, because the service is unreachable or throttles everything.

use std::time::Duration;

use tokio::time::Instant;

use super::Scheduler;
use super::state::{InFlight, Stop, ThrottlePeriod};
use crate::target::{Answer, Outcome};

/// Batches that fail whole, one after another, before the service counts as unreachable.
const DEAD: u32 = 5;
/// For how long every batch may be throttled before the run gives up: six windows of the quota.
const CLOSED: Duration = Duration::from_mins(15);

impl Scheduler<'_> {
    /// Batches that fail whole, one after another over growing pauses, mean that the service is unreachable or refuses the app.
    pub(super) fn heed_the_dead(&mut self, started: Instant, in_flight: &[InFlight], answers: &[Answer]) {
        if *self.options.cancel.borrow() {
            // What an interrupt kept from being sent says nothing of the service.
            return;
        }
        if !answers.iter().all(Answer::is_faulty) {
            self.dead = 0;
            self.pause = None;
            self.last_alive = Some(Instant::now());
            return self.heed_the_closed(answers);
        }
        if self.are_culprits(in_flight, answers) {
            return;
        }
        // Batches that were in flight together count once.
        if self.last_dead.is_some_and(|last| started < last) {
            return;
        }
        let now = Instant::now();
        self.dead += 1;
        self.last_dead = Some(now);
        self.pause = Some(now + Duration::from_secs(1 << self.dead.min(6)));
        if self.dead >= DEAD && self.stop.is_none() {
            tracing::error!("the service has not answered, or refused the token, {DEAD} times in a row: the run stops");
            self.give_up();
        }
    }

    /// Whether a batch failed over its own objects: the service failed over each of them before, and answered others meanwhile. One object
    /// alone is only taken for that where the service answered anything in this run.
    fn are_culprits(&self, in_flight: &[InFlight], answers: &[Answer]) -> bool {
        let fails = answers.iter().all(Answer::is_failure_of_its_own);
        let Some(alive) = self.last_alive.filter(|_| in_flight.len() == answers.len() && fails) else {
            return false;
        };
        let since = |in_flight: &InFlight| self.live[in_flight.at].first_fault;
        in_flight.iter().all(|one| since(one).is_some_and(|fault| in_flight.len() == 1 || alive >= fault))
    }

    fn give_up(&mut self) {
        self.stop = Some(Stop::GaveUp);
        self.target.stop();
    }

    /// A service that throttles is not dead: it says when to come again. One that lets nothing through at any of those times is.
    fn heed_the_closed(&mut self, answers: &[Answer]) {
        // Among answers of 429, a fault lets nothing through either.
        if !answers.iter().all(|answer| answer.is_throttled() || answer.is_faulty()) {
            self.closed = None;
            return;
        }
        let now = Instant::now();
        let ThrottlePeriod { since, next, times } = self.closed.get_or_insert(ThrottlePeriod { since: now, next: now, times: 0 });
        // However long a batch waited for its quota: it counts if it was answered when the service had said to come again.
        if now >= *next {
            let moments = answers.iter().filter_map(|answer| match answer.outcome {
                Outcome::Retry { not_before, .. } => Some(not_before),
                _ => None,
            });
            (*next, *times) = (moments.min().unwrap_or(now), *times + 1);
        }
        if *times >= DEAD && now.duration_since(*since) >= CLOSED && self.stop.is_none() {
            tracing::error!("the service has throttled every request for a quarter of an hour: the run stops");
            self.give_up();
        }
    }
}
