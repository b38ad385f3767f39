//! What is stored of the records that were uploaded to a target that cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::directory::{Attribute, ObjectId, Value};

/// The whole record of a user, as it is uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord {
    /// Whether the account is enabled.
    pub enabled: bool,
    /// The attributes that are set, accountEnabled not.
    pub attributes: BTreeMap<Attribute, Value>,
    /// The attributes that an earlier record had and that are cleared.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub cleared: BTreeSet<Attribute>,
    /// The manager, by the id that the reader gives people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<ObjectId>,
}

/// How far an uploaded record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadState {
    /// It was about to be sent, and no answer is known.
    Sent,
    /// The target accepted it and has not logged what became of it.
    Accepted,
    /// The target carried it out.
    Done,
    /// The target did nothing, on purpose.
    Skipped,
    /// The target refused it.
    Failed,
}

/// The last upload of one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// The person, by the id of the reader.
    pub id: ObjectId,
    /// The record that was sent last.
    pub record: UserRecord,
    /// How far that record is.
    pub state: UploadState,
    /// When it was sent for the first time.
    pub sent_at: Timestamp,
    /// The record that is in effect, as far as is known; none where the person was never accepted.
    pub in_effect: Option<UserRecord>,
    /// The id of the last entry of the target's log that was read.
    pub entry: Option<String>,
}

impl Upload {
    /// Whether it is unknown what became of the record.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, UploadState::Sent | UploadState::Accepted)
    }

    /// Whether the record disables an account that is enabled.
    pub fn closes_access(&self) -> bool {
        !self.record.enabled && self.in_effect.as_ref().is_some_and(|record| record.enabled)
    }

    /// The record that the next plan compares with: the accepted one, unless it came to nothing.
    pub const fn baseline(&self) -> Option<&UserRecord> {
        match self.state {
            UploadState::Accepted => Some(&self.record),
            UploadState::Sent | UploadState::Done | UploadState::Skipped | UploadState::Failed => self.in_effect.as_ref(),
        }
    }
}

/// The uploads cannot be stored or read. Nothing is sent that is not stored.
#[derive(Debug, thiserror::Error)]
#[error("the uploaded records cannot be stored: {0}")]
pub struct UploadsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Stores the uploads of one target. Each call is durable when it returns.
pub trait Uploads: Send + Sync {
    /// The last upload of each person.
    fn all(&self) -> Result<Vec<Upload>, UploadsError>;
    /// The last uploads of these people, as far as there are any.
    fn of(&self, people: &[ObjectId]) -> Result<Vec<Upload>, UploadsError>;
    /// Stores uploads in place of the earlier ones of the same people.
    fn keep(&self, uploads: &[Upload]) -> Result<(), UploadsError>;
    /// Counts a call at this moment.
    fn called(&self, at: Timestamp) -> Result<(), UploadsError>;
    /// The number of calls since a moment.
    fn calls_since(&self, since: Timestamp) -> Result<u32, UploadsError>;
}
