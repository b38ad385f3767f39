//! Work that ends when the user or the system asks for it.

use std::future::Future;

use tokio::sync::watch;

use super::error::{Ended, Failure};

/// Runs a future to its end, or until the user interrupts; the future learns of that by the receiver as well.
pub(crate) fn block_on<F, W>(work: W) -> Result<Ended, Failure>
where
    W: FnOnce(watch::Receiver<bool>) -> F,
    F: Future<Output = Result<Ended, Failure>>,
{
    let runtime = tokio::runtime::Runtime::new().map_err(|fault| Failure::cannot(&fault))?;
    runtime.block_on(async {
        let (tell, cancelled) = watch::channel(false);
        tokio::spawn(async move {
            interrupted().await;
            tracing::warn!("interrupted: the requests in flight are finished");
            let _ = tell.send(true);
            // Kept open: a dropped sender would end the waiting of those who listen.
            std::future::pending::<()>().await;
        });
        work(cancelled).await
    })
}

/// Ends when the user or the system asks the process to stop.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The work, unless an interrupt comes first. Only for what writes nothing.
pub(crate) async fn unless_interrupted<T>(
    cancelled: &watch::Receiver<bool>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut cancelled = cancelled.clone();
    tokio::select! {
        biased;
        _ = cancelled.wait_for(|stop| *stop) => Err(Failure::Interrupted),
        done = work => done,
    }
}
