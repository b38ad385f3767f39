//! Reads what the job accepted, after asking the log for what was open.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::job::{self, JobFault};
use super::shared::Shared;
use crate::directory::{Attribute, ObjectId, Snapshot, Upn, User, Value, roles};
use crate::graph::Organization;
use crate::target::{
    Found, Owner, SnapshotCache, SnapshotScope, TargetError, TargetErrorKind, TargetReader, Upload, UploadState, UploadsError,
};

/// A record that was accepted and that the log does not know after this time is sent again: a job that was restarted has lost it, and a
/// whole record may be sent twice without harm.
const LOST_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Reads the accepted records of a job.
pub(super) struct AcceptedRecords(pub(super) Arc<Shared>);

impl From<UploadsError> for TargetError {
    fn from(error: UploadsError) -> Self {
        Self::new(TargetErrorKind::Target, "the uploaded records cannot be read or stored", error)
    }
}

impl From<JobFault> for TargetError {
    fn from(fault: JobFault) -> Self {
        Self::new(TargetErrorKind::Target, fault.facts(), fault)
    }
}

impl AcceptedRecords {
    /// Asks the log what became of the uploads that are open.
    async fn settle(&self) -> Result<Vec<Upload>, TargetError> {
        let shared = &self.0;
        let mut uploads = shared.uploads.all()?;
        let open: Vec<Upload> = uploads.iter().filter(|upload| upload.is_open()).cloned().collect();
        if open.is_empty() {
            return Ok(uploads);
        }
        let entries = shared.look_up(&open).await?;
        let lost_before = Timestamp::now().checked_sub(LOST_AFTER).unwrap_or(Timestamp::MIN);
        let mut changed = Vec::new();
        for upload in uploads.iter_mut().filter(|upload| upload.is_open()) {
            match entries.get(&upload.id) {
                Some(entry) => *upload = entry.judged(upload),
                None if upload.state == UploadState::Accepted && upload.sent_at < lost_before => upload.state = UploadState::Sent,
                None => continue,
            }
            changed.push(upload.clone());
        }
        tracing::info!(open = open.len(), known = entries.len(), "asked the provisioning log for records of an earlier run");
        shared.uploads.keep(&changed)?;
        Ok(uploads)
    }
}

#[async_trait]
impl TargetReader for AcceptedRecords {
    async fn snapshot(&self, _: &SnapshotScope, _: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        let Organization { tenant, domains, default_domain, .. } = self.0.graph.organization().await?;
        job::judge(&self.0.job().await?)?;
        let mut snapshot = Snapshot { domains, default_domain, ..Snapshot::empty(tenant, "") };
        let uploads = self.settle().await?;
        let users: Vec<User> = uploads.iter().filter_map(user).collect();
        snapshot.users = users.iter().collect();
        Ok(snapshot)
    }

    async fn find_user(&self, _: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        let Some((attribute, text)) = key else { return Ok(Found::Nobody) };
        let uploads = self.0.uploads.all()?;
        let has_key = |upload: &&Upload| {
            let value = upload.baseline().and_then(|record| record.attributes.get(&attribute));
            value.and_then(Value::as_text) == Some(text)
        };
        Ok(uploads.iter().find(has_key).map_or(Found::Nobody, |upload| Found::Ours(upload.id.clone())))
    }

    async fn find_group(&self, _: &str) -> Result<Option<ObjectId>, TargetError> {
        Ok(None)
    }

    async fn find_owner(&self, _: &str) -> Option<Owner> {
        None
    }

    fn is_consistent(&self) -> bool {
        true
    }
}

/// The person as the next plan compares with it.
fn user(upload: &Upload) -> Option<User> {
    let record = upload.baseline()?;
    let upn = Attribute::find(roles::USER_PRINCIPAL_NAME).and_then(|name| record.attributes.get(&name));
    let upn = upn.and_then(Value::as_text).unwrap_or_default();
    let mut user = User::new(upload.id.clone(), Upn::new(upn));
    user.enabled = Some(record.enabled);
    user.manager.clone_from(&record.manager);
    user.attributes = record.attributes.clone().into_iter().collect();
    Some(user)
}
