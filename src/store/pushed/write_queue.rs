//! The one writer of what is pushed: requests that arrive together are synced together.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::oneshot;

use super::PushStore;

/// The most requests of one transaction. At 1,000 requests a second a transaction has about five.
const BATCH: usize = 256;
/// The most requests that wait; further ones wait where they came in.
const WAITING: usize = 1_024;

/// A write that was not stored. Nothing of it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the change could not be stored")]
pub struct NotStored;

/// What is left to do once a write is on the disk, or is not.
type Finish = Box<dyn FnOnce(Result<(), NotStored>) + Send>;
type Job = Box<dyn FnOnce(&PushStore) -> Done + Send>;

struct Done {
    is_kept: bool,
    finish: Finish,
}

/// A queue of writes to one store. Its thread ends with the last handle.
#[derive(Clone)]
pub struct WriteQueue(SyncSender<Job>);

impl WriteQueue {
    /// Starts the thread that writes.
    pub fn start(store: PushStore) -> Self {
        let (jobs, queue) = sync_channel(WAITING);
        std::thread::spawn(move || work(&store, &queue));
        Self(jobs)
    }

    /// Does the work in a transaction, and returns its result once that is on the disk. Work that fails leaves nothing behind.
    ///
    /// # Errors
    /// If the disk or the database fails.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&PushStore) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, NotStored>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            let result = work(store);
            let is_kept = result.is_ok();
            let finish: Finish = Box::new(move |stored| {
                // A sender that has hung up gets no answer.
                let _gone = sender.send(stored.map(|()| result));
            });
            Done { is_kept, finish }
        });
        let queue = self.0.clone();
        let sent = match queue.try_send(job) {
            Ok(()) => Ok(()),
            Err(std::sync::mpsc::TrySendError::Full(job)) => {
                tokio::task::spawn_blocking(move || queue.send(job).map_err(|_| NotStored)).await.map_err(|_| NotStored)?
            }
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => Err(NotStored),
        };
        sent?;
        receiver.await.map_err(|_| NotStored)?
    }
}

fn work(store: &PushStore, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut finishes = Vec::new();
        let stored = transaction(store, first, queue, &mut finishes);
        if let Err(fault) = &stored {
            tracing::error!("what was pushed cannot be stored: {fault}");
        }
        let stored = stored.map_err(|_| NotStored);
        for finish in finishes {
            finish(stored);
        }
    }
}

fn transaction(store: &PushStore, first: Job, queue: &Receiver<Job>, finishes: &mut Vec<Finish>) -> rusqlite::Result<()> {
    // Dropped without a commit, it is rolled back. A job that never ran drops its sender, and its request is refused.
    let transaction = rusqlite::Transaction::new_unchecked(&store.database, rusqlite::TransactionBehavior::Immediate)?;
    let mut next = Some(first);
    while let Some(job) = next {
        store.database.execute_batch("savepoint one")?;
        // A request that panics is refused, since its sender is dropped, and the queue goes on. Nothing that it has done stays.
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| job(store)));
        let is_kept = done.as_ref().is_ok_and(|done| done.is_kept);
        finishes.extend(done.ok().map(|done| done.finish));
        store.database.execute_batch(if is_kept { "release one" } else { "rollback to one; release one" })?;
        next = if finishes.len() < BATCH { queue.try_recv().ok() } else { None };
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_panics_is_refused_alone_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let queue = WriteQueue::start(PushStore::open(folder.path()).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let token = |panics: bool| {
            queue.write(move |store| {
                let sql =
                    "insert into tokens (id, feed, sha256, created_at) values (hex(randomblob(4)), 'HR', randomblob(4), '')";
                store.database.execute(sql, []).unwrap();
                assert!(!panics, "broken");
                Ok::<_, ()>(())
            })
        };
        let (first, broken, last) = runtime.block_on(async { futures::join!(token(false), token(true), token(false)) });
        assert_eq!((first, broken, last), (Ok(Ok(())), Err(NotStored), Ok(Ok(()))));
        assert_eq!(runtime.block_on(token(false)), Ok(Ok(())));
        assert_eq!(PushStore::open(folder.path()).unwrap().tokens().unwrap().len(), 3);
    }
}
