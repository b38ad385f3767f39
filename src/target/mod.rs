//! The port to a tenant: what any target system can be asked, and how it answers.
//!
//! `plan` and `apply` know these types and nothing of the protocol behind them. An implementation such as `graph` translates each
//! [`Operation`] into requests and each response into an [`Answer`]: statuses, error codes and English texts are judged there and do not
//! come out as anything but text for people.
//!
//! A target that cannot do something says so in its [`Capabilities`], and the plan then leaves it out.

mod answer;
mod capabilities;
mod connection;
mod error;
mod http_client;
mod operation;
mod rate_level;
mod requests;
mod scope;
mod snapshot_cache;
mod uploads;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

pub use answer::{Answer, Cause, Culprits, NameConflict, Outcome, Refusal, TakenName, Transcript};
pub use capabilities::{Capabilities, SnapshotKind};
pub use connection::{Priority, TargetConnection};
pub use error::{TargetError, TargetErrorKind};
pub(crate) use http_client::http_client;
pub use operation::Operation;
pub use rate_level::{QuotaLevel, RateLevel, Stops, StopsKeeper};
pub use requests::RequestCounts;
pub use scope::SnapshotScope;
pub use snapshot_cache::SnapshotCache;
pub use uploads::{Upload, UploadState, Uploads, UploadsError, UserRecord};

use crate::directory::{Attribute, ObjectId, Snapshot, Upn};

/// Reads a target system.
#[async_trait]
pub trait TargetReader: Send + Sync {
    /// Reads the tenant as far as the scope asks, through the cache of earlier readings where the target supports that.
    async fn snapshot(&self, scope: &SnapshotScope, cache: &dyn SnapshotCache) -> Result<Snapshot, TargetError>;

    /// Adds accounts that were created recently, by id with their time of creation, and that a lagging replica did not list.
    ///
    /// A target that is consistent at once has nothing to add.
    async fn complete(
        &self,
        _snapshot: &mut Snapshot,
        _scope: &SnapshotScope,
        _created: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), TargetError> {
        Ok(())
    }

    /// Finds the account with this sign-in name, and compares it with the value of the first match attribute.
    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError>;

    /// Finds the group with this unique name.
    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError>;

    /// Finds the object that has this mail or proxy address. `None` where no object has it, or where it cannot be looked up.
    async fn find_owner(&self, address: &str) -> Option<Owner>;

    /// Whether a look-up shows each write at once, so that nothing needs to be looked up twice.
    fn is_consistent(&self) -> bool {
        false
    }
}

/// Writes to a target system. A dry run never has one.
#[async_trait]
pub trait TargetWriter: TargetReader {
    /// What the target can do, and how much of it in one request.
    fn capabilities(&self) -> &Capabilities;

    /// Sends at most [`Capabilities::batch`] operations; returns an answer for each, in their order.
    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer>;

    /// Waits until operations that were answered with [`Outcome::Pending`] are carried out, as long as the settings of the target allow.
    /// Returns an answer for each of these objects, in their order: pending again where nothing is known yet.
    async fn confirm(&self, objects: Vec<ObjectId>) -> Vec<Answer> {
        objects.iter().map(|_| Answer::of(Outcome::Pending, Transcript::default())).collect()
    }

    /// The requests that were sent so far.
    fn requests(&self) -> RequestCounts;

    /// Ends the run: operations that still wait for the rate limit are not sent.
    fn stop(&self);
}

/// The result of looking up a sign-in name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No account has that name or that key.
    Nobody,
    /// The account has our key.
    Ours(ObjectId),
    /// The name belongs to another account.
    Other,
}

/// The object that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its id in the target.
    pub id: ObjectId,
    /// A user or a group.
    pub kind: OwnerKind,
    /// The sign-in name of a user, the display name of a group.
    pub name: String,
}

/// The kind of object that has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// A user, possibly one that this run created and that not every replica shows.
    User,
    /// A group of any sort.
    Group,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            OwnerKind::User => "user",
            OwnerKind::Group => "group",
        };
        write!(f, "{kind} {} ({})", self.name, self.id)
    }
}
