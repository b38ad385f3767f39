//! A connection to a SCIM service provider behind the port.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::reader::ScimReader;
use super::writer::{ScimTarget, capabilities};
use crate::diagnostic::wait::WaitReporter;
use crate::target::{Capabilities, QuotaLevel, RequestCounts, TargetConnection, TargetReader, TargetWriter};

/// A connection to one provider, as any run uses it.
pub struct ScimConnection {
    client: Arc<Client>,
    capabilities: Capabilities,
}

impl ScimConnection {
    /// The connection of this client.
    pub fn new(client: Arc<Client>) -> Self {
        let capabilities = capabilities(client.profile());
        Self { client, capabilities }
    }
}

impl TargetConnection for ScimConnection {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn reader(&self) -> Box<dyn TargetReader> {
        Box::new(ScimReader::new(Arc::clone(&self.client)))
    }

    fn writer<'a>(&self, _: &'a dyn QuotaLevel) -> Box<dyn TargetWriter + 'a> {
        Box::new(ScimTarget::new(Arc::clone(&self.client)))
    }

    fn requests(&self) -> RequestCounts {
        self.client.requests()
    }

    fn forecast(&self, writes: u64) -> (Duration, f64) {
        self.client.forecast(writes)
    }

    /// The rate of a provider is one of seconds or minutes: a run that begins with a full one is throttled at most once.
    fn restore(&self, _: &dyn QuotaLevel) {}

    fn remember(&self, _: &dyn QuotaLevel) {}

    fn report_waits(&self, waits: WaitReporter) {
        self.client.report_waits(waits);
    }

    fn skew(&self) -> Option<i64> {
        self.client.skew()
    }

    fn stop(&self) {
        self.client.stop();
    }
}
