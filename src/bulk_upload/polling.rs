//! The provisioning log: what became of the records that the job accepted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::log_entry::LogEntry;
use super::shared::Shared;
use crate::directory::ObjectId;
use crate::graph::{GraphError, Question, quoted};
use crate::target::Upload;

/// Up to so many people are asked for one by one.
const ONE_BY_ONE: usize = 5;

impl Shared {
    /// The entry about each of these uploads, where the log has one by now.
    pub(super) async fn look_up(&self, open: &[Upload]) -> Result<BTreeMap<ObjectId, LogEntry>, GraphError> {
        let Some(since) = open.iter().map(|upload| upload.sent_at).min() else { return Ok(BTreeMap::new()) };
        let ahead = SignedDuration::from_secs(self.client.skew().unwrap_or(0).max(0));
        let since = since.checked_sub(ahead + SignedDuration::from_secs(2)).unwrap_or(since);
        let mut entries = Vec::new();
        if open.len() <= ONE_BY_ONE {
            for upload in open {
                let of_person = format!(" and sourceIdentity/id eq {}", quoted(&upload.id.key()));
                entries.extend(self.entries(since, &of_person).await?);
            }
        } else {
            entries = self.entries(since, "").await?;
        }
        let by_key: BTreeMap<String, &Upload> = open.iter().map(|upload| (upload.id.key(), upload)).collect();
        let mut found: BTreeMap<ObjectId, LogEntry> = BTreeMap::new();
        for entry in entries {
            let Some(upload) = by_key.get(&entry.key).filter(|upload| entry.is_about(upload, ahead)) else { continue };
            // Of several the last one counts.
            if found.get(&upload.id).is_none_or(|known| known.at <= entry.at) {
                found.insert(upload.id.clone(), entry);
            }
        }
        Ok(found)
    }

    async fn entries(&self, since: Timestamp, more: &str) -> Result<Vec<LogEntry>, GraphError> {
        self.readings.pass().await;
        let filter = format!("jobid eq {} and activityDateTime ge {since}{more}", quoted(&self.settings.job));
        let question = Question {
            what: "read the provisioning log",
            path: "/auditLogs/provisioning",
            permission: "ProvisioningLog.Read.All",
        };
        let found = self.graph.objects(question, &[("$filter", &filter), ("$top", "500")]).await?;
        Ok(found.iter().filter_map(LogEntry::parse).collect())
    }
}
