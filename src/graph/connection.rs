//! A connection to Microsoft Graph behind the port.

use std::sync::Arc;
use std::time::Duration;

use super::http::client::Client;
use super::read::Reader;
use super::target::{CAPABILITIES, GraphTarget};
use crate::diagnostic::wait::WaitReporter;
use crate::target::{Capabilities, QuotaLevel, RequestCounts, TargetConnection, TargetReader, TargetWriter};

/// A connection to one tenant's Graph, as any run uses it.
pub struct GraphConnection(Arc<Client>);

impl GraphConnection {
    /// The connection of this client.
    pub const fn new(client: Arc<Client>) -> Self {
        Self(client)
    }
}

impl TargetConnection for GraphConnection {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn reader(&self) -> Box<dyn TargetReader> {
        Box::new(Reader::new(Arc::clone(&self.0)))
    }

    fn writer<'a>(&self, level: &'a dyn QuotaLevel) -> Box<dyn TargetWriter + 'a> {
        Box::new(GraphTarget::new(Arc::clone(&self.0), level))
    }

    fn requests(&self) -> RequestCounts {
        self.0.requests()
    }

    fn forecast(&self, writes: u64) -> (Duration, f64) {
        self.0.forecast(writes)
    }

    fn restore(&self, kept: &dyn QuotaLevel) {
        self.0.restore(kept);
    }

    fn remember(&self, kept: &dyn QuotaLevel) {
        self.0.remember(kept);
    }

    fn report_waits(&self, waits: WaitReporter) {
        self.0.report_waits(waits);
    }

    fn skew(&self) -> Option<i64> {
        self.0.skew()
    }

    fn stop(&self) {
        self.0.stop();
    }
}
