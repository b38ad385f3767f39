//! What the requests share: the store for reading and for writing, the tokens that were wrong, and the count of changes.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::Options;
use super::answer::Refusal;
use super::counts::Counts;
use super::sign_in::SignIn;
use crate::record::lock;
use crate::store::StoreError;
use crate::store::pushed::{PushStore, WriteQueue};

/// The connections for reading that are kept open.
const READERS: usize = 8;

/// All that the requests share.
pub(super) struct Service {
    pub(super) queue: WriteQueue,
    readers: Mutex<Vec<PushStore>>,
    pub(super) sign_in: SignIn,
    pub(super) options: Options,
    pub(super) counts: Counts,
    changes: watch::Sender<u64>,
}

impl Service {
    pub(super) fn new(store: PushStore, options: Options) -> Self {
        Self {
            queue: WriteQueue::start(store),
            readers: Mutex::default(),
            sign_in: SignIn::new(),
            options,
            counts: Counts::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// Reads the store on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&PushStore) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let store = service.reader()?;
            let result = work(&store);
            let mut readers = lock(&service.readers);
            if readers.len() < READERS {
                readers.push(store);
            }
            result
        });
        done.await.unwrap_or_else(|_| Err(Refusal::status(500, "the request could not be answered")))
    }

    fn reader(&self) -> Result<PushStore, StoreError> {
        let kept = lock(&self.readers).pop();
        kept.map_or_else(|| PushStore::open(&self.options.state), Ok)
    }

    /// Writes, and returns once the change is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&PushStore) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let not_stored = |_| Refusal::status(503, "the change could not be stored: send it again");
        let result = self.queue.write(work).await.map_err(not_stored)?;
        if result.is_ok() {
            self.changes.send_modify(|count| *count += 1);
        }
        result
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
