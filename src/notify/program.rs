//! A program that takes the message on its stdin.

use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::error::NotifyError;

/// Starts the program without a shell and writes the document to its stdin. Variables of hrpush may hold its secrets, so the program does not
/// get them.
pub(super) async fn run(program: &[String], document: &Value, timeout: Duration) -> Result<(), NotifyError> {
    let Some((name, arguments)) = program.split_first() else {
        return Err(NotifyError::Program("`command` names no program".to_owned()));
    };
    let failed = |what: &str, error: &std::io::Error| NotifyError::Program(format!("`{name}` {what}: {error}"));
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().to_ascii_uppercase().starts_with("HRPUSH_") {
            command.env_remove(variable);
        }
    }
    let mut child = command.spawn().map_err(|error| failed("cannot be started", &error))?;
    let stdin = child.stdin.take();
    let work = async {
        if let Some(mut stdin) = stdin {
            let written = stdin.write_all(format!("{document}\n").as_bytes()).await;
            // A program may end without reading.
            if let Err(error) = written.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }) {
                return Err(failed("does not take the message", &error));
            }
        }
        child.wait().await.map_err(|error| failed("cannot be waited for", &error))
    };
    // The child is killed when the future is dropped with it.
    let status = tokio::time::timeout(timeout, work).await.map_err(|_| NotifyError::Slow(timeout))??;
    if status.success() { Ok(()) } else { Err(NotifyError::Program(format!("`{name}` ended with {status}"))) }
}
