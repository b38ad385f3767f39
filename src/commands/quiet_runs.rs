//! Runs of a pushed feed: once its sender has been quiet for a while, `hrpush sync` is started as a process of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::cli::Common;

/// The longest time from a change to its run, however busy the sender is.
const LONGEST: Duration = Duration::from_mins(30);

/// What is run, and after which time without a change.
pub(super) struct QuietRuns {
    quiet: Duration,
    program: PathBuf,
    arguments: Vec<std::ffi::OsString>,
}

impl QuietRuns {
    /// The `sync` of the same configuration and state folder.
    pub(super) fn new(common: &Common, quiet: Duration) -> std::io::Result<Self> {
        let mut arguments = vec!["sync".into(), "--color".into(), "never".into()];
        for (option, path) in [("--config", &common.config), ("--state", &common.state), ("--log-file", &common.log_file)] {
            if let Some(path) = path {
                arguments.extend([option.into(), path.clone().into_os_string()]);
            }
        }
        Ok(Self { quiet, program: std::env::current_exe()?, arguments })
    }

    /// Starts a run after each burst of changes, for ever. A run that is under way at the end goes on by itself.
    pub(super) async fn follow(self, mut changes: watch::Receiver<u64>) {
        while changes.changed().await.is_ok() {
            let last_moment = Instant::now() + LONGEST;
            loop {
                let due = last_moment.min(Instant::now() + self.quiet);
                tokio::select! {
                    () = sleep_until(due) => break,
                    changed = changes.changed() => if changed.is_err() || Instant::now() >= last_moment { break },
                }
            }
            self.run().await;
        }
    }

    async fn run(&self) {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null());
        match command.status().await {
            Ok(status) if status.success() => tracing::info!("the run after the push ended well"),
            Ok(status) => {
                tracing::warn!("the run after the push ended with {status}: `hrpush status` shows what needs attention");
            }
            Err(fault) => tracing::error!("the run after the push could not be started: {fault}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::commands::cli::Cli;

    #[test]
    fn the_run_has_the_configuration_of_the_server() {
        let cli = Cli::try_parse_from(["hrpush", "serve", "--config", "a.toml", "--state", "s"]).unwrap();
        let runs = QuietRuns::new(&cli.common, Duration::from_mins(1)).unwrap();
        assert_eq!(runs.arguments, ["sync", "--color", "never", "--config", "a.toml", "--state", "s"]);
    }
}
