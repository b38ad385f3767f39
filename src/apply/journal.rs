//! The port to the journal: `apply` records every write before it is sent and after it is answered.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::outcome::Outcome;
use super::run_id::RunId;
use crate::directory::{Attribute, ObjectId, Upn};
use crate::mapping::LeaveAction;
use crate::plan::ApprovedPlan;

/// What kind of request a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestKind {
    /// A user is made.
    CreateUser,
    /// Attributes of a user change.
    UpdateUser,
    /// The manager is set.
    SetManager,
    /// The manager is cleared.
    ClearManager,
    /// Sessions and refresh tokens end.
    RevokeSessions,
    /// Licences are taken back.
    RemoveLicenses,
    /// A user is deleted softly.
    DeleteUser,
    /// A user comes back from the recycle bin.
    RestoreUser,
    /// A group is made, or found by its unique name.
    CreateGroup,
    /// A group is renamed.
    UpdateGroup,
    /// Members join a group.
    AddMembers,
    /// A member leaves a group.
    RemoveMember,
    /// A Temporary Access Pass is made.
    CreateTap,
    /// An existing account gets a new password.
    SetPassword,
}

impl RequestKind {
    /// The kind as the trail shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateUser => "create-user",
            Self::UpdateUser => "update-user",
            Self::SetManager => "set-manager",
            Self::ClearManager => "clear-manager",
            Self::RevokeSessions => "revoke-sessions",
            Self::RemoveLicenses => "remove-licenses",
            Self::DeleteUser => "delete-user",
            Self::RestoreUser => "restore-user",
            Self::CreateGroup => "create-group",
            Self::UpdateGroup => "update-group",
            Self::AddMembers => "add-members",
            Self::RemoveMember => "remove-member",
            Self::CreateTap => "create-tap",
            Self::SetPassword => "set-password",
        }
    }
}

/// A write that is about to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Its number within the run, from 1. A repetition is a request of its own.
    pub request: u64,
    /// The change of the plan that it belongs to.
    pub seq: u64,
    /// The kind of the request, such as the creation of a user.
    pub kind: RequestKind,
    /// The person's key in HR, or the group's key.
    pub key: String,
    /// The object that is written; none where it does not exist yet.
    pub object: Option<ObjectId>,
    /// For a create: the name that Graph keeps unique, by which the account is found again.
    pub upn: Option<Upn>,
    /// For a create: the first match attribute and its value.
    pub matching: Option<(Attribute, String)>,
    /// For an update: the attributes that it carries, by name, in their order.
    pub attributes: Vec<String>,
    /// For an update that flips accountEnabled: to what.
    pub enabled: Option<bool>,
    /// What follows a disable and is done by this request.
    pub leave: Option<LeaveAction>,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The number that [`Sent::request`] gave.
    pub request: u64,
    /// Whether the tenant is now as the request wanted it.
    pub done: bool,
    /// The id of a created object.
    pub id: Option<ObjectId>,
    /// The HTTP status; absent where no response came.
    pub status: Option<u16>,
    /// Graph's error code.
    pub code: Option<String>,
    /// Graph's error message; absent on success.
    pub message: Option<String>,
    /// Graph's request-id.
    pub request_id: Option<String>,
    /// Whether the change that the request belongs to is complete with it.
    pub completes: bool,
    /// What follows a disable and is complete with it.
    pub leave: Option<LeaveAction>,
}

/// One step of a run. All of it is kept or nothing, and in one go: the disk's patience, not Graph's, would limit the run otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// What was answered since the last step.
    pub answered: Vec<Answered>,
    /// The numbers of changes that needed no request (any more) and are complete.
    pub completed: Vec<u64>,
    /// What is about to be sent.
    pub sent: Vec<Sent>,
}

impl Entry {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.answered.is_empty() && self.completed.is_empty() && self.sent.is_empty()
    }
}

/// Why the trail could not be kept. Nothing is sent that is not journaled, so this ends the run.
#[derive(Debug, Error)]
#[error("the journal cannot be written: {0}")]
pub struct JournalError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The trail of a run.
pub trait Journal: Send {
    /// Keeps the whole plan; what it returns names the run.
    fn begin(&mut self, plan: &ApprovedPlan) -> Result<RunId, JournalError>;
    /// Keeps one step of a run; returns once it is on disk.
    fn keep(&mut self, run: &RunId, entry: &Entry) -> Result<(), JournalError>;
    /// The run is over.
    fn finish(&mut self, run: &RunId, outcome: &Outcome, exit_code: u8) -> Result<(), JournalError>;
}
