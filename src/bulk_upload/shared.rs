//! What the reader and the writer of a connection share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::call_quota::Window;
use super::settings::Settings;
use crate::graph::{Client, GraphError, Question, Reader};
use crate::target::{RequestCounts, Uploads};

/// One open job with its limits and counts.
pub(super) struct Shared {
    pub(super) client: Arc<Client>,
    pub(super) graph: Reader,
    pub(super) settings: Settings,
    pub(super) uploads: Arc<dyn Uploads>,
    /// 40 calls in 5 seconds.
    pub(super) calls: Window,
    /// Readings of the log: 5 in 10 seconds.
    pub(super) readings: Window,
    pub(super) counts: Counts,
    pub(super) stopping: watch::Sender<bool>,
}

/// What was uploaded so far.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) calls: AtomicU64,
    pub(super) records: AtomicU64,
    pub(super) throttled: AtomicU64,
}

impl Shared {
    pub(super) fn new(client: Arc<Client>, settings: Settings, uploads: Arc<dyn Uploads>) -> Self {
        let (calls, readings) = (settings.scaled(Duration::from_secs(5)), settings.scaled(Duration::from_secs(10)));
        Self {
            graph: Reader::new(Arc::clone(&client)),
            client,
            settings,
            uploads,
            calls: Window::new(40, calls),
            readings: Window::new(5, readings),
            counts: Counts::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// The job as the service shows it.
    pub(super) async fn job(&self) -> Result<serde_json::Value, GraphError> {
        let path = self.settings.path();
        let question = Question { what: "read the provisioning job", path: &path, permission: "Synchronization.Read.All" };
        self.graph.object(question).await
    }

    pub(super) fn requests(&self) -> RequestCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let of_graph = self.client.requests();
        RequestCounts {
            batches: read(&self.counts.calls),
            writes: read(&self.counts.records),
            throttled: of_graph.throttled + read(&self.counts.throttled),
            ..of_graph
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
        self.client.stop();
    }
}
