//! Carries an approved plan out: every choice was made before, here is only order, patience and the trail.
//!
//! [`ApprovedPlan`] is made by the guards alone. Each change becomes requests (`steps`); the scheduler sends them in
//! batches, several in flight, never two to one object; the [`Journal`] knows each before it is sent and after it is answered. What an
//! earlier run left unanswered is found out by [`settle`] before the next plan is made.

mod credential_delivery;
#[cfg(test)]
pub(crate) mod fake;
mod journal;
mod live;
mod outcome;
mod owners;
mod password;
mod private_file;
mod recovery;
mod scheduler;
mod steps;

use async_trait::async_trait;
use tokio::sync::watch;

pub use credential_delivery::{AgeFile, HandingOver, HandoverError};
pub use journal::{Answered, Entry, Journal, JournalError, RequestKind, RunId, Sent};
pub use live::Live;
pub use outcome::{Applied, ChangeResult, ChangeState, Drifted, Failed, Outcome, RequestCounts, StepName};
pub use password::{NoRandomness, first_password};
pub use private_file::write_private;
pub use recovery::{Open, Settled, settle};

use crate::directory::{Attribute, ObjectId, Snapshot, Upn};
use crate::graph::{Answer, Operation};
use crate::plan::{ApprovedPlan, Plan};

/// Looks accounts up: all that settling an earlier run needs.
#[async_trait]
pub trait Finder: Sync {
    /// Looks for the account with that name, and whether it is the person with that value of the first match attribute.
    async fn find(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, String>;
    /// Looks for the group with that uniqueName.
    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, String>;
    /// Looks for the object that has this mail or proxy address, and describes it. None where no object shows it, or it cannot be looked up.
    async fn owner(&self, address: &str) -> Option<Owner>;
}

/// The tenant, as far as `apply` needs it. [`Live`] is the real one; tests have others.
#[async_trait]
pub trait Tenant: Finder {
    /// Sends at most 20 writes; an answer for each, in their order.
    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer>;
    /// What was sent so far.
    fn requests(&self) -> RequestCounts;
    /// The run is over: what still waits for its quota is not sent any more.
    fn stop(&self);
}

/// What a look-up of a sign-in name found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nobody has that name or that key.
    Nobody,
    /// The account carries our key.
    Ours(ObjectId),
    /// The name belongs to somebody else.
    Other,
}

/// The object that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Graph's id.
    pub id: ObjectId,
    /// A user or a group.
    pub kind: OwnerKind,
    /// The userPrincipalName or the displayName.
    pub name: String,
}

/// What kind of object has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// A user, who may be one that this run made and that not every replica shows.
    User,
    /// A group of any sort.
    Group,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            OwnerKind::User => "user",
            OwnerKind::Group => "group",
        };
        write!(f, "{kind} {} ({})", self.name, self.id)
    }
}

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// What [`Journal::begin`] gave.
    pub run: RunId,
    /// The tenant as it was when the plan was made: licences and memberships of those who leave.
    pub snapshot: &'a Snapshot,
    /// The first `[[match]]` attribute, by which a created account is recognised.
    pub matching: Option<Attribute>,
    /// Whether new accounts get a Temporary Access Pass.
    pub tap: bool,
    /// Becomes true when the run is interrupted.
    pub cancel: watch::Receiver<bool>,
}

/// Why a run could not be carried out to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The trail cannot be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No passwords can be made.
    #[error(transparent)]
    Password(#[from] NoRandomness),
}

/// How many writes the plan takes where nothing is sent twice.
pub fn writes(plan: &Plan, snapshot: &Snapshot, tap: bool) -> u64 {
    steps::steps(plan, snapshot, tap).len() as u64
}

/// Carries out the plan. A change that fails never stops the others; an interrupt finishes the requests in flight.
///
/// # Errors
/// The journal cannot be written, or there are no random numbers. What was written until then is in the journal.
pub async fn apply(
    plan: &ApprovedPlan,
    tenant: &dyn Tenant,
    journal: &mut dyn Journal,
    options: Options<'_>,
) -> Result<Applied, ApplyError> {
    scheduler::run(plan.plan(), tenant, journal, options).await
}

/// The same for a plan that no guard has seen: tests of this room and of the store.
#[cfg(test)]
pub(crate) async fn carry_out_for_tests(
    plan: &Plan,
    tenant: &dyn Tenant,
    journal: &mut dyn Journal,
    options: Options<'_>,
) -> Result<Applied, ApplyError> {
    scheduler::run(plan, tenant, journal, options).await
}
