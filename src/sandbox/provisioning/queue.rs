//! The queue of uploaded records and the log of those that were worked off, both kept in the tenant's file.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call_limits::Window;
use super::job::ProvisioningJob;

/// An uploaded record that waits for the job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct Upload {
    pub(super) number: u64,
    pub(super) job: String,
    pub(super) data: Value,
    /// When the job takes it up, by the time since the server started; at once after a restart.
    #[serde(skip)]
    due: Duration,
}

/// A row of the tenant's file: an upload that waits, or an entry of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::sandbox) enum Row {
    /// The upload waits for the job.
    Waits(Upload),
    /// It was worked off; an upload may leave no entry.
    Logged(Option<Value>),
}

/// How the jobs of a tenant behave.
#[derive(Debug, Clone)]
pub struct ProvisioningSettings {
    /// The jobs; one with fixed ids without any.
    pub jobs: Vec<ProvisioningJob>,
    /// How many calls are taken in 24 hours.
    pub calls_per_day: usize,
    /// How long a record waits in the queue before the job takes it up and logs it.
    pub lag: Duration,
    /// Whether null, an empty text and a value that is left out clear the attribute.
    pub null_flow: bool,
}

impl Default for ProvisioningSettings {
    fn default() -> Self {
        Self { jobs: Vec::new(), calls_per_day: 2_000, lag: Duration::ZERO, null_flow: false }
    }
}

/// The jobs of a tenant, with their queue and log.
#[derive(Debug)]
pub(in crate::sandbox) struct Provisioning {
    pub(super) jobs: Vec<ProvisioningJob>,
    /// Whether the gates for nulls are open.
    pub(super) null_flow: bool,
    pub(super) calls: Window,
    pub(super) calls_of_day: Window,
    pub(super) readings: Window,
    queue: VecDeque<Upload>,
    /// The entries in the order in which they were made.
    pub(super) entries: Vec<Value>,
    next: u64,
    /// The rows that the file does not have yet.
    dirty: Vec<(u64, Row)>,
    lag: Duration,
}

impl Provisioning {
    /// The jobs with what their file holds, in the order of its rows.
    pub(in crate::sandbox) fn open(settings: ProvisioningSettings, rows: Vec<(u64, Row)>) -> Self {
        let ProvisioningSettings { jobs, calls_per_day, lag, null_flow } = settings;
        let jobs = if jobs.is_empty() { vec![ProvisioningJob::default()] } else { jobs };
        let mut opened = Self {
            jobs,
            null_flow,
            calls: Window::new(40, Duration::from_secs(5)),
            calls_of_day: Window::new(calls_per_day, Duration::from_hours(24)),
            readings: Window::new(5, Duration::from_secs(10)),
            queue: VecDeque::new(),
            entries: Vec::new(),
            next: 1,
            dirty: Vec::new(),
            lag,
        };
        for (number, row) in rows {
            opened.next = opened.next.max(number + 1);
            match row {
                Row::Waits(upload) => opened.queue.push_back(upload),
                Row::Logged(entry) => opened.entries.extend(entry),
            }
        }
        opened.entries.sort_by_key(moment);
        opened
    }

    /// Adds the records of a call.
    pub(super) fn add(&mut self, job: &str, records: Vec<Value>, now: Duration) {
        for data in records {
            let upload = Upload { number: self.next, job: job.to_owned(), data, due: now + self.lag };
            self.next += 1;
            self.dirty.push((upload.number, Row::Waits(upload.clone())));
            self.queue.push_back(upload);
        }
    }

    /// The next record, where its time has come.
    pub(super) fn due(&mut self, now: Duration) -> Option<Upload> {
        self.queue.pop_front_if(|upload| upload.due <= now)
    }

    /// Logs what became of a record.
    pub(super) fn log(&mut self, upload: &Upload, entry: Option<Value>) {
        self.dirty.push((upload.number, Row::Logged(entry.clone())));
        self.entries.extend(entry);
    }

    /// The rows to be written to the file, in their order.
    pub(in crate::sandbox) fn changed(&mut self) -> Vec<(u64, Row)> {
        std::mem::take(&mut self.dirty)
    }
}

/// The moment of an entry.
pub(super) fn moment(entry: &Value) -> Option<Timestamp> {
    entry["activityDateTime"].as_str()?.parse().ok()
}
