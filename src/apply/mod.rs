//! Carries out an approved plan. Every choice about people was made in the plan; this room orders, repeats and journals requests.
//!
//! Only the guards can make an [`ApprovedPlan`]. Each change becomes operations of the port [`crate::target`] (`steps`). The scheduler sends
//! them in batches, several in flight, never two to one object. The [`Journal`] records each before it is sent and after it is answered.
//! [`settle`] looks up the requests that an earlier run left without an answer, before the next plan is made.

mod credential_delivery;
#[cfg(test)]
pub(crate) mod fake;
mod journal;
mod options;
mod outcome;
mod owners;
mod password;
mod private_file;
mod record_steps;
mod recovery;
mod run_id;
mod scheduler;
mod sealing;
mod step;
mod step_order;
mod steps;

pub use credential_delivery::{AgeFile, CredentialDelivery, DeliveryError};
pub use journal::{Answered, Entry, Journal, JournalError, RequestKind, Sent};
pub use options::{ApplyError, Options};
pub use outcome::{Applied, ChangeResult, ChangeState, Drifted, Failed, Outcome, StepName};
pub use password::{NoRandomness, first_password};
pub use private_file::write_private;
pub use recovery::{Open, Settled, settle};
pub use run_id::RunId;
pub use sealing::{SealError, is_recipient};

use crate::directory::Snapshot;
use crate::plan::{ApprovedPlan, Plan};
use crate::target::{Capabilities, TargetWriter};

/// The number of writes that the plan takes if nothing is sent twice.
pub fn writes(plan: &Plan, snapshot: &Snapshot, tap: bool, capabilities: &Capabilities) -> u64 {
    steps::steps(plan, snapshot, tap, capabilities).len() as u64
}

/// Carries out the plan. A change that fails does not stop the others; an interrupt finishes the requests in flight.
///
/// # Errors
/// The journal cannot be written, or the machine has no random numbers. Completed writes are in the journal.
pub async fn apply(
    plan: &ApprovedPlan,
    target: &dyn TargetWriter,
    journal: &mut dyn Journal,
    options: Options<'_>,
) -> Result<Applied, ApplyError> {
    scheduler::run(plan.plan(), target, journal, options).await
}

/// Carries out a plan that no guard has checked, for the tests of this room and of the store.
#[cfg(test)]
pub(crate) async fn carry_out_for_tests(
    plan: &Plan,
    target: &dyn TargetWriter,
    journal: &mut dyn Journal,
    options: Options<'_>,
) -> Result<Applied, ApplyError> {
    scheduler::run(plan, target, journal, options).await
}
