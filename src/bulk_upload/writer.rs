//! Uploads records, 50 in a call, and asks the log what became of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

use super::call_quota::left_of_day;
use super::reader::AcceptedRecords;
use super::record_body::body;
use super::settings::CAPABILITIES;
use super::shared::Shared;
use crate::directory::{Attribute, ObjectId, Snapshot, Upn, Value, roles};
use crate::graph::{NoResponse, PlainResponse};
use crate::target::{
    Answer, Capabilities, Cause, Found, Operation, Outcome, Owner, Refusal, RequestCounts, SnapshotCache, SnapshotScope,
    TargetError, TargetReader, TargetWriter, Transcript, Upload, UploadState, UploadsError, UserRecord,
};

/// The wait after 429 where the response names none: the window of the limit.
const THROTTLED: Duration = Duration::from_secs(5);
/// The wait after a failure of the service, which is the one for a full queue.
const FAILING: Duration = Duration::from_mins(5);
/// How often the log is asked. Entries come five to ten minutes after the upload.
const POLL: Duration = Duration::from_secs(20);

/// Writes to a job.
pub(super) struct Uploader {
    shared: Arc<Shared>,
    reader: AcceptedRecords,
}

impl Uploader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { reader: AcceptedRecords(Arc::clone(&shared)), shared }
    }

    /// Uploads records in one call. They are stored before they are sent: what a killed run sent is asked for by the next one.
    async fn upload(&self, records: Vec<(ObjectId, UserRecord)>) -> Result<Answer, UploadsError> {
        let shared = &self.shared;
        if left_of_day(&*shared.uploads, shared.settings.calls_per_day, Timestamp::now())? == 0 {
            return Ok(refused(
                "calls-per-day",
                format!(
                    "not sent: the {} calls of [target] calls_per_day are used up for 24 hours; the next run continues",
                    shared.settings.calls_per_day
                ),
            ));
        }
        let mut stopping = shared.stopping.subscribe();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => return Ok(unsent("the run was interrupted".to_owned())),
            () = shared.calls.pass() => {}
        }
        let people: Vec<ObjectId> = records.iter().map(|(id, _)| id.clone()).collect();
        let before: BTreeMap<ObjectId, Upload> =
            shared.uploads.of(&people)?.into_iter().map(|upload| (upload.id.clone(), upload)).collect();
        let now = Timestamp::now();
        let sent: Vec<Upload> =
            records.into_iter().map(|(id, record)| about_to_be_sent(before.get(&id), id, record, now)).collect();
        shared.uploads.keep(&sent)?;
        shared.uploads.called(now)?;
        let text = body(sent.iter().map(|upload| (&upload.id, &upload.record)), shared.settings.extension.as_deref()).to_string();
        shared.counts.calls.fetch_add(1, Ordering::Relaxed);
        shared.counts.records.fetch_add(sent.len() as u64, Ordering::Relaxed);
        let response = shared.client.post(&format!("{}/bulkUpload", shared.settings.path()), "application/scim+json", text).await;
        let answer = self.judge(response);
        let known: Option<Vec<Upload>> = match answer.outcome {
            Outcome::Pending => Some(sent.into_iter().map(|upload| Upload { state: UploadState::Accepted, ..upload }).collect()),
            Outcome::Refused(_) | Outcome::Retry { cause: Cause::Throttled, .. } => {
                // Nothing of it is in the queue, so the earlier upload is the last one again.
                Some(sent.into_iter().map(|upload| taken_back(before.get(&upload.id), upload)).collect())
            }
            _ => None,
        };
        known.map_or(Ok(()), |known| shared.uploads.keep(&known))?;
        Ok(answer)
    }

    fn judge(&self, response: Result<PlainResponse, NoResponse>) -> Answer {
        let response = match response {
            Ok(response) => response,
            Err(NoResponse::Unsent(reason)) => return unsent(reason),
            Err(NoResponse::Cut(reason)) => {
                return Answer::of(Outcome::Unknown(Cause::Transport), Transcript::ours("no-answer", reason));
            }
        };
        let PlainResponse { status, retry_after, code, message, request_id } = response;
        let after = |wait: Duration| Instant::now() + retry_after.unwrap_or_else(|| self.shared.settings.scaled(wait));
        let outcome = match status {
            202 => Outcome::Pending,
            429 => {
                self.shared.counts.throttled.fetch_add(1, Ordering::Relaxed);
                Outcome::Retry { not_before: after(THROTTLED), cause: Cause::Throttled }
            }
            408 | 500..=599 => Outcome::Retry { not_before: after(FAILING), cause: Cause::Failing },
            401 => Outcome::Refused(Refusal::LockedOut),
            403 => Outcome::Refused(Refusal::Forbidden),
            404 => Outcome::Refused(Refusal::Absent),
            _ => Outcome::Refused(Refusal::Other),
        };
        Answer::of(outcome, Transcript { status: Some(status), code, message, request_id })
    }

    /// Asks the log until it knows all of these, or the time is over.
    async fn wait_for(&self, objects: &[ObjectId]) -> Result<BTreeMap<ObjectId, Answer>, UploadsError> {
        let shared = &self.shared;
        let deadline = Instant::now() + shared.settings.wait;
        let mut answers = BTreeMap::new();
        let mut stopping = shared.stopping.subscribe();
        while !shared.settings.wait.is_zero() && !shared.is_stopping() {
            let left: Vec<ObjectId> = objects.iter().filter(|id| !answers.contains_key(*id)).cloned().collect();
            let mut open = shared.uploads.of(&left)?;
            open.retain(|upload| upload.state == UploadState::Accepted);
            match shared.look_up(&open).await {
                Ok(entries) => {
                    let known = open.iter().filter_map(|upload| Some((upload, entries.get(&upload.id)?)));
                    let judged: Vec<Upload> = known.clone().map(|(upload, entry)| entry.judged(upload)).collect();
                    shared.uploads.keep(&judged)?;
                    answers.extend(known.map(|(upload, entry)| (upload.id.clone(), entry.answer(upload))));
                }
                Err(error) => tracing::warn!(reason = error.facts(), "the provisioning log cannot be read"),
            }
            if answers.len() >= objects.len() || Instant::now() >= deadline {
                break;
            }
            let next = (Instant::now() + shared.settings.scaled(POLL)).min(deadline);
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep_until(next) => {}
            }
        }
        Ok(answers)
    }
}

/// The upload as it is stored before it is sent. One that is sent again unchanged keeps its time: the log may know the first one.
fn about_to_be_sent(before: Option<&Upload>, id: ObjectId, record: UserRecord, now: Timestamp) -> Upload {
    let again = before.filter(|before| before.is_open() && before.record == record);
    Upload {
        id,
        state: UploadState::Sent,
        sent_at: again.map_or(now, |before| before.sent_at),
        in_effect: before.and_then(|before| before.in_effect.clone()),
        entry: before.and_then(|before| before.entry.clone()),
        record,
    }
}

/// The upload after a call that was refused.
fn taken_back(before: Option<&Upload>, sent: Upload) -> Upload {
    before.cloned().unwrap_or(Upload { state: UploadState::Failed, ..sent })
}

fn refused(code: &str, message: String) -> Answer {
    Answer::of(Outcome::Refused(Refusal::Other), Transcript::ours(code, message))
}

fn unsent(reason: String) -> Answer {
    Answer::of(Outcome::Refused(Refusal::Unsent), Transcript::ours("unreachable", reason))
}

/// The record of an operation; none where it is no whole record.
fn record_of(operation: Operation) -> Option<(ObjectId, UserRecord)> {
    let Operation::PutUser { id, mut attributes, manager } = operation else { return None };
    let enabled = Attribute::find(roles::ACCOUNT_ENABLED).and_then(|name| attributes.remove(&name)).flatten();
    let cleared = attributes.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    let attributes = attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    Some((id, UserRecord { enabled: enabled == Some(Value::Flag(true)), attributes, cleared, manager }))
}

#[async_trait]
impl TargetReader for Uploader {
    async fn snapshot(&self, scope: &SnapshotScope, cache: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        self.reader.snapshot(scope, cache).await
    }

    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        self.reader.find_user(name, key).await
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        self.reader.find_group(unique_name).await
    }

    async fn find_owner(&self, address: &str) -> Option<Owner> {
        self.reader.find_owner(address).await
    }

    fn is_consistent(&self) -> bool {
        true
    }
}

#[async_trait]
impl TargetWriter for Uploader {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        let records: Vec<Option<(ObjectId, UserRecord)>> = operations.into_iter().map(record_of).collect();
        let ids: Vec<Option<ObjectId>> = records.iter().map(|record| record.as_ref().map(|(id, _)| id.clone())).collect();
        let sent = self.upload(records.into_iter().flatten().collect()).await;
        let answer = sent.unwrap_or_else(|error| refused("not-stored", error.to_string()));
        let other = || refused("not-supported", "the job takes whole records of people alone".to_owned());
        ids.into_iter().map(|id| id.map_or_else(other, |id| Answer { id: Some(id), ..answer.clone() })).collect()
    }

    async fn confirm(&self, objects: Vec<ObjectId>) -> Vec<Answer> {
        let known = self.wait_for(&objects).await.unwrap_or_else(|error| {
            tracing::error!(%error, "what became of the uploaded records is unknown until the next run");
            BTreeMap::new()
        });
        let pending = || Answer::of(Outcome::Pending, Transcript::default());
        objects.iter().map(|id| known.get(id).cloned().unwrap_or_else(pending)).collect()
    }

    fn requests(&self) -> RequestCounts {
        self.shared.requests()
    }

    fn stop(&self) {
        self.shared.stop();
    }
}
