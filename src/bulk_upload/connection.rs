//! A connection to a provisioning job behind the port.

use std::sync::Arc;
use std::time::Duration;

use super::reader::AcceptedRecords;
use super::settings::{CAPABILITIES, MOST, Settings};
use super::shared::Shared;
use super::writer::Uploader;
use crate::diagnostic::wait::WaitReporter;
use crate::graph::Client;
use crate::target::{Capabilities, QuotaLevel, RequestCounts, TargetConnection, TargetReader, TargetWriter, Uploads};

/// A connection to one provisioning job, as any run uses it.
pub struct BulkUploadConnection(Arc<Shared>);

impl BulkUploadConnection {
    /// The connection of this client to the job that the settings name. `uploads` stores what was sent to it.
    pub fn new(client: Arc<Client>, settings: Settings, uploads: Arc<dyn Uploads>) -> Self {
        Self(Arc::new(Shared::new(client, settings, uploads)))
    }
}

impl TargetConnection for BulkUploadConnection {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn reader(&self) -> Box<dyn TargetReader> {
        Box::new(AcceptedRecords(Arc::clone(&self.0)))
    }

    fn writer<'a>(&self, _: &'a dyn QuotaLevel) -> Box<dyn TargetWriter + 'a> {
        Box::new(Uploader::new(Arc::clone(&self.0)))
    }

    fn requests(&self) -> RequestCounts {
        self.0.requests()
    }

    fn forecast(&self, writes: u64) -> (Duration, f64) {
        let calls = u32::try_from(writes.div_ceil(MOST as u64)).unwrap_or(u32::MAX);
        let window = self.0.settings.scaled(Duration::from_secs(5));
        (window * (calls / 40), 400.0 * self.0.settings.scale)
    }

    // The calls of the day are counted in the store with each call.
    fn restore(&self, _: &dyn QuotaLevel) {}

    fn remember(&self, _: &dyn QuotaLevel) {}

    fn report_waits(&self, waits: WaitReporter) {
        self.0.client.report_waits(waits);
    }

    fn skew(&self) -> Option<i64> {
        self.0.client.skew()
    }

    fn stop(&self) {
        self.0.stop();
    }
}
