//! What the requests share: the store for reading and for writing, the tokens that were wrong, and the count of changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Options;
use super::answer::Refusal;
use super::counts::Counts;
use super::federation::Assertions;
use super::issuer_keys::OverHttps;
use super::sign_in::SignIn;
use crate::record::lock;
use crate::store::StoreError;
use crate::store::pushed::{PushStore, WriteQueue};

/// The connections for reading that are kept open.
const READERS: usize = 8;
/// The most reads at once. Each has a thread and a connection of its own.
const READS: usize = 128;
/// The most requests of one sender at once.
const REQUESTS: usize = 100;

/// All that the requests share.
pub(super) struct Service {
    pub(super) queue: WriteQueue,
    readers: Mutex<Vec<PushStore>>,
    pub(super) sign_in: SignIn,
    /// The judge of assertions, where the configuration has a federation.
    pub(super) assertions: Option<Assertions>,
    pub(super) options: Options,
    pub(super) counts: Counts,
    changes: watch::Sender<u64>,
    /// How many requests may read the store at once, in all and for each sender.
    reading: Semaphore,
    rooms: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Service {
    pub(super) fn new(store: PushStore, options: Options) -> Self {
        let assertions = options.federation.clone().map(|federation| {
            let keys = OverHttps::new(federation.keys_url());
            Assertions::new(federation, Box::new(keys))
        });
        Self {
            assertions,
            queue: WriteQueue::start(store),
            readers: Mutex::default(),
            sign_in: SignIn::new(),
            options,
            counts: Counts::default(),
            changes: watch::Sender::new(0),
            reading: Semaphore::new(READS),
            rooms: Mutex::default(),
        }
    }

    /// A place for one more request of a sender. It waits while the sender has many under way: their bodies are in memory.
    pub(super) async fn room(&self, token: &str) -> Option<OwnedSemaphorePermit> {
        let room = {
            let mut rooms = lock(&self.rooms);
            Arc::clone(rooms.entry(token.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(REQUESTS))))
        };
        room.acquire_owned().await.ok()
    }

    /// Reads the store on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&PushStore) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = Arc::clone(self);
        let _permit = self.reading.acquire().await;
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
