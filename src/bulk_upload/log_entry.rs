//! An entry of the provisioning log, and what it means for the upload that it is about.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::target::{Answer, Outcome, Refusal, Transcript, Upload, UploadState};

/// The code of a record that the account agreed with already.
const REDUNDANT: &str = "RedundantExport";
/// The code under which the outcome shows a record that the job skipped.
const SKIPPED: &str = "skipped";
/// By how much an entry may be older than the upload that it is about: both clocks are read in whole seconds.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(2);

/// What the log says of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogEntry {
    pub(super) id: String,
    pub(super) at: Timestamp,
    /// The externalId of the record.
    pub(super) key: String,
    pub(super) verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    Skipped { code: String, text: String },
    Failed { code: String, text: String },
}

impl LogEntry {
    /// Reads an entry; none where it is not about a record.
    pub(super) fn parse(entry: &Json) -> Option<Self> {
        let status = if entry["provisioningStatusInfo"].is_object() { "provisioningStatusInfo" } else { "statusInfo" };
        let (status, error) = (&entry[status]["status"], &entry[status]["errorInformation"]);
        let text = |value: &Json| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let code = text(&error["errorCode"]);
        let reason = text(&error["reason"]).unwrap_or_else(|| "the log gives no reason".to_owned());
        let reason = match text(&error["recommendedAction"]) {
            Some(advice) => format!("{reason} Recommended action: {advice}"),
            None => reason,
        };
        let verdict = match status.as_str()?.to_ascii_lowercase().as_str() {
            "success" | "warning" => Verdict::Done,
            "skipped" if code.as_deref() == Some(REDUNDANT) => Verdict::Done,
            "skipped" => Verdict::Skipped { code: code.unwrap_or_else(|| SKIPPED.to_owned()), text: reason },
            _ => Verdict::Failed { code: code.unwrap_or_else(|| "failure".to_owned()), text: reason },
        };
        Some(Self {
            id: text(&entry["id"])?,
            at: entry["activityDateTime"].as_str()?.parse().ok()?,
            key: text(&entry["sourceIdentity"]["id"])?,
            verdict,
        })
    }

    /// Whether the entry is about this upload and not about an earlier one of the same person.
    pub(super) fn is_about(&self, upload: &Upload, ahead: SignedDuration) -> bool {
        let since = upload.sent_at.checked_sub(TOLERANCE + ahead).unwrap_or(Timestamp::MIN);
        self.at >= since && upload.entry.as_deref() != Some(&self.id)
    }

    /// The upload once the entry is known.
    pub(super) fn judged(&self, upload: &Upload) -> Upload {
        let (state, in_effect) = match &self.verdict {
            Verdict::Done => (UploadState::Done, Some(upload.record.clone())),
            Verdict::Failed { .. } => (UploadState::Failed, upload.in_effect.clone()),
            // A leaver whom the job skips would keep access: the record is sent again.
            Verdict::Skipped { .. } if upload.closes_access() => (UploadState::Skipped, upload.in_effect.clone()),
            Verdict::Skipped { .. } => (UploadState::Skipped, Some(upload.record.clone())),
        };
        Upload { state, in_effect, entry: Some(self.id.clone()), ..upload.clone() }
    }

    /// The answer of the port.
    pub(super) fn answer(&self, upload: &Upload) -> Answer {
        let (outcome, code, message) = match &self.verdict {
            Verdict::Done => (Outcome::Done, None, None),
            Verdict::Failed { code, text } => (Outcome::Refused(Refusal::Other), Some(code.clone()), Some(text.clone())),
            Verdict::Skipped { code, text } => {
                let message = format!("the job skipped the record ({code}): {text}");
                (Outcome::Refused(Refusal::Other), Some(SKIPPED.to_owned()), Some(message))
            }
        };
        let transcript = Transcript { status: None, code, message, request_id: Some(self.id.clone()) };
        Answer { id: Some(upload.id.clone()), ..Answer::of(outcome, transcript) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::directory::ObjectId;
    use crate::target::UserRecord;

    fn entry(status: &str, code: Option<&str>) -> LogEntry {
        let entry = json!({
            "id": "e1", "activityDateTime": "2026-12-01T10:00:00Z", "sourceIdentity": { "id": "E-1" },
            "provisioningStatusInfo": { "status": status, "errorInformation": {
                "errorCode": code, "reason": "Because.", "recommendedAction": "Correct it.",
            } },
        });
        LogEntry::parse(&entry).unwrap()
    }

    fn upload(enabled: bool, was_enabled: bool) -> Upload {
        let record = |enabled| UserRecord { enabled, ..UserRecord::default() };
        Upload {
            id: ObjectId::of_key("E-1").unwrap(),
            record: record(enabled),
            state: UploadState::Accepted,
            sent_at: "2026-12-01T09:55:00Z".parse().unwrap(),
            in_effect: Some(record(was_enabled)),
            entry: None,
        }
    }

    #[test]
    fn a_skipped_leaver_stays_enabled_for_the_next_plan() {
        let skipped = entry("skipped", Some("NotEffectivelyEntitled"));
        let leaver = skipped.judged(&upload(false, true));
        assert!(leaver.baseline().unwrap().enabled, "the next plan disables it again");
        let other = skipped.judged(&upload(true, true));
        assert_eq!(other.baseline(), Some(&other.record), "the same record is not sent every night");
        assert_eq!(skipped.answer(&other).transcript.code.as_deref(), Some("skipped"));
        assert!(!entry("skipped", Some(REDUNDANT)).judged(&upload(false, true)).baseline().unwrap().enabled);
    }

    #[test]
    fn a_failure_has_its_code_and_the_recommended_action() {
        let failed = entry("failure", Some("DuplicateTargetEntries"));
        let transcript = failed.answer(&upload(true, true)).transcript;
        assert_eq!(transcript.code.as_deref(), Some("DuplicateTargetEntries"));
        assert_eq!(transcript.message.as_deref(), Some("Because. Recommended action: Correct it."));
    }

    #[test]
    fn an_entry_of_an_earlier_upload_is_not_taken_for_this_one() {
        let entry = entry("success", None);
        let zero = SignedDuration::ZERO;
        assert!(entry.is_about(&upload(true, true), zero));
        let later = Upload { sent_at: "2026-12-01T10:05:00Z".parse().unwrap(), ..upload(true, true) };
        assert!(!entry.is_about(&later, zero));
        assert!(entry.is_about(&later, SignedDuration::from_mins(6)), "our clock is ahead by six minutes");
        assert!(!entry.is_about(&Upload { entry: Some("e1".into()), ..upload(true, true) }, zero), "it was read before");
    }
}
