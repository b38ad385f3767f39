//! What the metrics of a feed count over all runs.

use rusqlite::params;

use super::{Store, StoreError};
use crate::apply::RunId;
use crate::plan::Guard;
use crate::target::RequestCounts;

/// The counters of a feed, with the guards of its last run that came to a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedMetrics {
    /// The name of the feed.
    pub feed: String,
    /// The run with these guards.
    pub run: RunId,
    /// The writes of all runs.
    pub writes: u64,
    /// The requests of all runs that the rate limit refused.
    pub throttled: u64,
    /// The guards of that run.
    pub guards: Vec<Guard>,
}

impl Store {
    /// Adds the requests of a run to the counters of its feed, and keeps its guards.
    pub fn count_run(&mut self, feed: &str, run: &RunId, requests: RequestCounts, guards: &[Guard]) -> Result<(), StoreError> {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.database.execute(
            "insert into feed_metrics values (?1, ?2, ?3, ?4, ?5) on conflict (feed) do update set run = excluded.run, \
             writes = writes + excluded.writes, throttled = throttled + excluded.throttled, guards = excluded.guards",
            params![feed, run.0, signed(requests.writes), signed(requests.throttled), serde_json::to_string(guards)?],
        )?;
        Ok(())
    }

    /// The counters of every feed.
    pub fn feed_metrics(&self) -> Result<Vec<FeedMetrics>, StoreError> {
        let mut select = self.database.prepare("select feed, run, writes, throttled, guards from feed_metrics order by feed")?;
        let mut rows = select.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(FeedMetrics {
                feed: row.get(0)?,
                run: RunId(row.get(1)?),
                writes: row.get::<_, i64>(2)?.unsigned_abs(),
                throttled: row.get::<_, i64>(3)?.unsigned_abs(),
                guards: serde_json::from_str(&row.get::<_, String>(4)?)?,
            });
        }
        Ok(all)
    }
}
