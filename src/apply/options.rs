//! The settings of one run, and why it may end early.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::journal::JournalError;
use super::password::NoRandomness;
use super::run_id::RunId;
use crate::directory::{Attribute, Snapshot};

/// The settings of one run.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The run that [`super::Journal::begin`] returned.
    pub run: RunId,
    /// The tenant as it was when the plan was made, with the licences and memberships of leavers.
    pub snapshot: &'a Snapshot,
    /// The first `[[match]]` attribute, by which a created account is found again.
    pub matching: Option<Attribute>,
    /// The attributes of which an update wrote a value since the target last refused them to this app.
    pub accepted: BTreeSet<Attribute>,
    /// Whether new accounts get a Temporary Access Pass.
    pub tap: bool,
    /// Becomes true when the run is interrupted.
    pub cancel: watch::Receiver<bool>,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No password can be generated.
    #[error(transparent)]
    Password(#[from] NoRandomness),
}
