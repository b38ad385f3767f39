//! What a run reports while it works. The command line prints and logs it; a service may stream it.

use std::time::Duration;

use super::preview::Preview;
use super::run_end::RunEnd;
use crate::apply::Outcome;
use crate::diagnostic::wait::LongWait;

/// Receives the events of a run, in their order. It must not block: requests wait for it.
pub(crate) trait Observer: Sync {
    /// Receives the next event of the run.
    fn event(&self, event: Event<'_>);
}

/// One event of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    /// The run has its line in the list of runs, under this id.
    Listed(&'a str),
    /// An earlier run of the state folder, with this id, did not end. Its line says `crashed` by now.
    Crashed(&'a str),
    /// Something was done that an operator may want to know.
    Note(&'a str),
    /// The run is about to reach a tenant that the configuration does not name.
    Target(&'a str),
    /// An answer of the network has been outstanding for a long time.
    Waiting(&'a LongWait),
    /// The plan is computed. The preview has its notes and concerns.
    Planned(&'a Preview),
    /// The execution has gone on.
    Progress(Progress),
    /// The plan was carried out, wholly or in part.
    Applied(&'a Outcome),
    /// The run has ended. This is the last event of every run.
    Ended(&'a RunEnd),
}

/// How far the execution of a plan is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Progress {
    /// The first request is about to be sent.
    Started {
        /// How many writes the plan needs where nothing is sent twice.
        writes: u64,
    },
    /// Some requests were sent.
    Advanced {
        sent: u64,
        /// What the quota's model expects: an average of the past would promise the pace of the first burst for hours.
        left: Duration,
        /// How many writes a second the target accepts at present.
        rate: f64,
    },
    /// The last answer has come.
    Finished,
}
