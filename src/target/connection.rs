//! An open connection to a target: what reads it, what writes it, and its pace.

use std::time::Duration;

use super::{Capabilities, QuotaLevel, RequestCounts, TargetReader, TargetWriter};
use crate::diagnostic::wait::WaitReporter;

/// A connection to one target, shared by its reader and its writer.
///
/// Nothing is sent before the reader or the writer is asked for something.
pub trait TargetConnection: Send + Sync {
    /// What the target can do, and how much of it in one request.
    fn capabilities(&self) -> &Capabilities;

    /// What reads this target, over the same connection.
    fn reader(&self) -> Box<dyn TargetReader>;

    /// Writes to the target. The level of its quota is stored in `level` while the run goes on, so that the run after a killed one does
    /// not count on writes that are used up.
    fn writer<'a>(&self, level: &'a dyn QuotaLevel) -> Box<dyn TargetWriter + 'a>;

    /// The requests that were sent so far, those of readers and of writers.
    fn requests(&self) -> RequestCounts;

    /// How long so many writes take by the quota, and how many of them pass in a second once the quota paces them.
    fn forecast(&self, writes: u64) -> (Duration, f64);

    /// Starts from the quota that the last run left.
    fn restore(&self, kept: &dyn QuotaLevel);

    /// Stores the level of the quota for the next run.
    fn remember(&self, kept: &dyn QuotaLevel);

    /// Reports long waits for an answer from now on.
    fn report_waits(&self, waits: WaitReporter);

    /// Seconds by which this machine's clock is ahead of the target's, by its last response; `None` where no response showed its time.
    fn skew(&self) -> Option<i64>;

    /// Ends the run: no write is sent that is not under way yet.
    fn stop(&self);
}

/// How urgent the requests of a run are. It matters only to a target that throttles apps by their urgency, and it changes no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// A nightly run, which can wait.
    Low,
    /// A run that neither can wait nor is waited for.
    #[default]
    Normal,
    /// A run that a person waits for.
    High,
}
