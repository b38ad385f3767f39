//! Graph's quota as two token buckets: writes, and resource units.
//!
//! A whole bucket goes out at once, then the refill paces. The buckets count on tokio's clock, so that a test can make an hour pass.
//!
//! The crate `governor` has the same model but does not suffice: it reports the level only while something is taken, and cannot
//! be lowered, shut or left in debt. All of that happens here: the level is remembered between runs, a header
//! lowers it, an answer that cost more than its price leaves a debt, a 429 shuts the door, and 40 writes are kept back.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::record::lock;

/// The size of the tenant by its number of users, which sets its resource units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// A tenant with fewer than 50 users.
    Small,
    /// A tenant with 50 to 500 users.
    Medium,
    /// A tenant with more than 500 users; the default, and Graph's largest quota.
    #[default]
    Large,
}

impl Size {
    /// Resource units in 10 seconds for an app in a tenant.
    const fn units(self) -> f64 {
        match self {
            Self::Small => 3_500.0,
            Self::Medium => 5_000.0,
            Self::Large => 8_000.0,
        }
    }
}

/// Writes that a full bucket holds, and its refill in a second.
const WRITES: f64 = 3_000.0;
const WRITES_PER_SECOND: f64 = 20.0;
/// Once pacing begins, this much of the refill is kept back for requests that overtake others on the way.
const KEPT_BACK: f64 = 40.0;
/// What a bucket holds after a 429: one batch, so that nothing bursts any more.
const AFTER_THROTTLING: f64 = 20.0;
/// How late a timer may wake us: what flows in meanwhile is not lost.
const LATE: f64 = 0.02;

/// A door that counts nothing: reads, which may be refused while writes are not.
#[derive(Default)]
pub(in crate::graph) struct ReadThrottle(Mutex<Option<Instant>>);

impl ReadThrottle {
    /// Waits until it is open.
    pub(in crate::graph) async fn pass(&self) {
        loop {
            let until = *lock(&self.0);
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => return,
            }
        }
    }

    /// A 429: shut until then, which nothing shortens.
    pub(in crate::graph) fn refused(&self, wait: Duration) {
        let mut until = lock(&self.0);
        *until = (*until).max(Some(Instant::now() + wait));
    }

    /// When it opens again, if it is shut.
    pub(in crate::graph) fn shut_until(&self) -> Option<Instant> {
        lock(&self.0).filter(|until| *until > Instant::now())
    }
}

struct Bucket {
    /// The most that the bucket holds, in writes or resource units.
    capacity: f64,
    /// What a full bucket would hold without our share, to read Graph's percentages.
    whole: f64,
    level: f64,
    filled: Instant,
    per_second: f64,
    /// Whether the refill paces by now; over once the bucket is full again.
    paced: bool,
    /// Whether it was refused once: then it paces to the end.
    throttled: bool,
    shut_until: Option<Instant>,
}

/// One limit. Requests pass in the order in which they came, so that a batch of twenty is not starved by single ones.
pub(in crate::graph) struct RateLimiter {
    turn: tokio::sync::Mutex<()>,
    bucket: Mutex<Bucket>,
    /// The refill before anything was refused.
    full_speed: f64,
    kept_back: f64,
}

impl RateLimiter {
    /// The writes of an app in a tenant.
    pub(in crate::graph) fn writes(share: f64, scale: f64) -> Self {
        Self::new(WRITES, share, WRITES_PER_SECOND * share * scale, KEPT_BACK * share)
    }

    /// The resource units of an app in a tenant.
    pub(in crate::graph) fn units(size: Size, share: f64, scale: f64) -> Self {
        Self::new(size.units(), share, size.units() / 10.0 * share * scale, 0.0)
    }

    fn new(whole: f64, share: f64, per_second: f64, kept_back: f64) -> Self {
        let capacity = (whole * share).max(AFTER_THROTTLING);
        let bucket = Bucket {
            capacity,
            whole,
            level: capacity,
            filled: Instant::now(),
            per_second,
            paced: false,
            throttled: false,
            shut_until: None,
        };
        Self { turn: tokio::sync::Mutex::new(()), bucket: Mutex::new(bucket), full_speed: per_second, kept_back }
    }

    /// Waits until this many may pass. Dropped while waiting, it takes nothing.
    pub(in crate::graph) async fn pass(&self, cells: u32) {
        if cells == 0 {
            return;
        }
        let _turn = self.turn.lock().await;
        while let Some(wait) = self.ask(f64::from(cells)) {
            tokio::time::sleep(wait).await;
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut bucket = lock(&self.bucket);
        let now = Instant::now();
        let refill = now.duration_since(bucket.filled).as_secs_f64() * bucket.per_second;
        bucket.level = (bucket.level + refill).min(bucket.capacity);
        bucket.filled = now;
        if bucket.level >= bucket.capacity && !bucket.throttled {
            bucket.paced = false;
        }
        act(&mut bucket)
    }

    /// Takes the cells, or returns how long to wait before the next attempt.
    fn ask(&self, cells: f64) -> Option<Duration> {
        self.with(|bucket| {
            let now = Instant::now();
            if let Some(until) = bucket.shut_until {
                if until > now {
                    return Some(until - now);
                }
                bucket.shut_until = None;
            }
            // A request dearer than the bucket passes when the bucket is full, and leaves a debt.
            let wanted = cells.min(bucket.capacity);
            if bucket.level >= wanted {
                bucket.level -= cells;
                return None;
            }
            if !bucket.paced {
                bucket.paced = true;
                bucket.level -= self.kept_back;
            }
            // A millisecond more than needed, so that rounding does not make it ask twice.
            Some(Duration::from_secs_f64((wanted - bucket.level) / bucket.per_second) + Duration::from_millis(1))
        })
    }

    /// A 429: shut until then, which nothing shortens, and no more bursts.
    ///
    /// From then on it flows a little slower than the refill: where a tenant counts by window, what is held at its beginning and what flows in
    /// while it lasts must fit into it together, or each window would end in a stop.
    pub(in crate::graph) fn refused(&self, wait: Duration) {
        self.with(|bucket| {
            let until = Instant::now() + wait;
            bucket.shut_until = Some(bucket.shut_until.map_or(until, |old| old.max(until)));
            bucket.level = bucket.level.min(0.0);
            bucket.paced = true;
            if !bucket.throttled {
                bucket.throttled = true;
                let held = (AFTER_THROTTLING + LATE * self.full_speed).min(bucket.capacity);
                bucket.per_second = self.full_speed * (1.0 - held / bucket.capacity).max(0.5);
                bucket.capacity = held;
            }
        });
    }

    /// When it opens again, if it is shut.
    pub(in crate::graph) fn shut_until(&self) -> Option<Instant> {
        self.with(|bucket| bucket.shut_until.filter(|until| *until > Instant::now()))
    }

    /// Graph says that this share of its limit is used up: so much less is left of a burst. Once the refill paces, it counts alone: a tenant
    /// that counts by window says 1.0 in each answer then, and would take away again and again what has just flowed in.
    pub(in crate::graph) fn used(&self, percentage: f64) {
        self.with(|bucket| {
            if !bucket.paced {
                bucket.level = bucket.level.min(bucket.whole * (1.0 - percentage).max(0.0));
            }
        });
    }

    /// A request cost so much more than it was priced, or less.
    pub(in crate::graph) fn correct(&self, more: f64) {
        self.with(|bucket| bucket.level = (bucket.level - more).min(bucket.capacity));
    }

    /// How long it takes until so many have passed, if no other app writes and nothing is throttled.
    pub(in crate::graph) fn forecast(&self, cells: f64) -> Duration {
        self.with(|bucket| {
            let shut = bucket.shut_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
            let kept_back = if bucket.paced || cells <= bucket.level { 0.0 } else { self.kept_back };
            let level = (bucket.level + shut.as_secs_f64() * bucket.per_second).min(bucket.capacity);
            let paced = (cells + kept_back - level).max(0.0);
            shut + Duration::from_secs_f64(paced / bucket.per_second)
        })
    }

    /// How many pass in a second while it paces.
    pub(in crate::graph) fn per_second(&self) -> f64 {
        self.with(|bucket| bucket.per_second)
    }

    pub(in crate::graph) fn level(&self) -> f64 {
        self.with(|bucket| bucket.level)
    }

    /// Starts from what an earlier run left `ago`. A debt beyond a whole bucket is none that a run can have left.
    pub(in crate::graph) fn restore(&self, level: f64, ago: Duration, shut_for: Option<Duration>) {
        self.with(|bucket| {
            let level = level.max(-bucket.capacity);
            bucket.level = bucket.level.min(level + ago.as_secs_f64() * bucket.per_second);
            bucket.shut_until = bucket.shut_until.max(shut_for.map(|wait| Instant::now() + wait));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(door: &RateLimiter, writes: u32) -> f64 {
        let start = Instant::now();
        for _ in 0..writes / 20 {
            door.pass(20).await;
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn a_whole_bucket_goes_out_at_once() {
        let door = RateLimiter::writes(1.0, 1.0);
        assert!(send(&door, 3_000).await < 0.001);
    }

    #[tokio::test(start_paused = true)]
    async fn then_the_refill_paces_and_forty_are_kept_back() {
        let door = RateLimiter::writes(1.0, 1.0);
        let took = send(&door, 4_500).await;
        assert!((77.0..77.6).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_and_a_scale_change_the_pace() {
        let door = RateLimiter::writes(0.9, 20.0);
        let took = send(&door, 2_700 + 3_600).await;
        assert!((10.1..10.4).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_429_nothing_passes_before_its_time_and_nothing_bursts() {
        let door = RateLimiter::writes(1.0, 1.0);
        door.refused(Duration::from_secs(30));
        door.refused(Duration::from_secs(5));
        let start = Instant::now();
        door.pass(1).await;
        assert!(start.elapsed() >= Duration::from_secs(30));
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert!(send(&door, 400).await >= 18.9);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_429_no_window_holds_more_than_the_tenant_allows() {
        for scale in [1.0, 50.0] {
            let door = RateLimiter::writes(1.0, scale);
            door.refused(Duration::from_secs_f64(150.0 / scale));
            let mut sent: std::collections::VecDeque<Instant> = std::collections::VecDeque::new();
            for _ in 0..600 {
                door.pass(20).await;
                let now = Instant::now();
                sent.push_back(now);
                while sent.front().is_some_and(|at| (now - *at).as_secs_f64() >= 150.0 / scale) {
                    sent.pop_front();
                }
                assert!(sent.len() * 20 <= 3_000, "{} writes in a window", sent.len() * 20);
            }
            assert!(sent.len() * 20 > 2_900, "{} writes in a window", sent.len() * 20);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_level_of_the_last_run_counts() {
        let door = RateLimiter::writes(1.0, 1.0);
        door.restore(900.0, Duration::from_secs(5), None);
        assert!((door.level() - 1_000.0).abs() < 0.1);
        let took = send(&door, 2_000).await;
        assert!((52.0..52.6).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_shortens_the_burst_and_does_not_slow_the_refill() {
        let door = RateLimiter::writes(1.0, 1.0);
        door.used(0.9);
        assert!((door.level() - 300.0).abs() < 0.1);
        let start = Instant::now();
        for _ in 0..40 {
            door.pass(20).await;
            door.used(1.0);
        }
        assert!(start.elapsed().as_secs_f64() < 44.0, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_forecast_is_what_then_happens() {
        let door = RateLimiter::writes(0.9, 1.0);
        assert_eq!(door.forecast(2_700.0), Duration::ZERO);
        for writes in [3_600, 900, 1_800] {
            let foretold = door.forecast(f64::from(writes)).as_secs_f64();
            let took = send(&door, writes).await;
            assert!((took - foretold).abs() < 0.3, "{writes}: foretold {foretold}, took {took}");
        }
        door.refused(Duration::from_secs(30));
        let foretold = door.forecast(900.0).as_secs_f64();
        let took = send(&door, 900).await;
        assert!((took - foretold).abs() < 0.3 && took > 70.0, "foretold {foretold}, took {took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_of_the_last_run_does_not_shorten_one_that_was_just_heard() {
        let door = RateLimiter::writes(1.0, 1.0);
        door.refused(Duration::from_secs(30));
        door.restore(3_000.0, Duration::ZERO, Some(Duration::from_secs(2)));
        let start = Instant::now();
        door.pass(1).await;
        assert!(start.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_gets_its_turn_among_single_writes() {
        let door = std::sync::Arc::new(RateLimiter::writes(1.0, 1.0));
        door.pass(3_000).await;
        let singles = std::sync::Arc::clone(&door);
        let _background = tokio::spawn(async move {
            loop {
                singles.pass(1).await;
            }
        });
        let start = Instant::now();
        door.pass(20).await;
        assert!(start.elapsed() < Duration::from_secs(6));
    }
}
