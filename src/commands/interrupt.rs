//! Interrupts by the user or the system.

use tokio::sync::watch;

use super::logging;
use crate::session::error::{Ended, Failure};

/// Runs work to its end. The receiver becomes true when the user or the system asks the process to stop.
pub(super) fn block_on<W>(work: W) -> Result<Ended, Failure>
where
    W: AsyncFnOnce(watch::Receiver<bool>) -> Result<Ended, Failure>,
{
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        tokio::spawn(logging::reopen_on_hangup());
        let (stop, cancelled) = watch::channel(false);
        tokio::spawn(async move {
            interrupted().await;
            tracing::warn!("interrupted: finishing the requests in flight");
            let _ = stop.send(true);
            // The sender stays alive: dropping it would end the waiting of every receiver.
            std::future::pending::<()>().await;
        });
        work(cancelled).await
    })
}

/// Ends when the user or the system asks the process to stop.
pub(super) async fn interrupted() {
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
