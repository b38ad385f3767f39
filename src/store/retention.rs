//! The retention of the journal: older runs lose their values and keep their counts.

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::ledger::WEEK;
use super::{Store, StoreError, now, text};

/// The counts of what a pruning removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many runs lost their values.
    pub runs: u64,
    /// How many requests they had.
    pub requests: u64,
}

impl Store {
    /// Takes plan, outcome, changes and requests from the runs that ended before a moment. Their row with its counts stays, and so do the
    /// hashes of the chain. The ledger is not touched.
    ///
    /// A run stays whole while one of its requests has no answer, and as long as the weekly budget and changes that were let through look
    /// back.
    pub fn prune(&mut self, before: Timestamp) -> Result<Pruned, StoreError> {
        self.seal_runs()?;
        self.prune_approvals(before)?;
        let before = before.min(Timestamp::now() - SignedDuration::from_hours(24 * (2 * WEEK + 1)));
        let transaction = self.database.transaction()?;
        let numbers: Vec<i64> = {
            let mut select = transaction.prepare(
                "select number from runs r where pruned_at is null and link is not null and coalesce(finished_at, started_at) < ?1 \
                 and started_at < ?1 and not exists (select 1 from requests q where q.run = r.number and q.answered is null)",
            )?;
            let rows = select.query_map([text(before)], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        let mut pruned = Pruned::default();
        for number in numbers {
            transaction.execute(
                "update runs set applied = case when exit_code is null \
                 then (select count(*) from changes where run = ?1 and done = 1) else applied end, \
                 plan = null, aside = null, outcome = null, pruned_at = ?2 where number = ?1",
                params![number, now()],
            )?;
            pruned.requests += transaction.execute("delete from requests where run = ?1", [number])? as u64;
            transaction.execute("delete from changes where run = ?1", [number])?;
            pruned.runs += 1;
        }
        transaction.commit()?;
        Ok(pruned)
    }
}
