//! The log, on stderr or in a file, as text or as JSON. No room logs personal data above the debug level.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::cli::{Common, Format};
use super::screen::SHOWN;
use crate::diagnostic::mask;
use crate::record::lock;
use crate::session::error::Failure;
use crate::session::output::append_private;

/// Starts the log on stderr, or in the log file if one is given.
pub(super) fn start(common: &Common) -> Result<(), Failure> {
    // `-q` applies to stderr only. A log file keeps a trace of each run.
    let quiet = common.quiet && common.log_file.is_none();
    let level = match common.verbose {
        0 if common.log_file.is_some() => LevelFilter::INFO,
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Debug lines of other crates may contain whole requests.
    let mut filter = format!("warn,hrpush={level}");
    // The terminal has these already, unless a program reads the log or more of it is asked for.
    if common.log_file.is_none() && common.verbose == 0 && common.log_format == Format::Text {
        let _ = write!(filter, ",{SHOWN}=off");
    }
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let filter = if quiet { tracing_subscriber::EnvFilter::new("off") } else { filter };
    let writer = match &common.log_file {
        None => BoxMakeWriter::new(|| Masked(io::stderr())),
        Some(path) => {
            let file = append_private(path).map_err(|fault| Failure::file("open the log", path, &fault))?;
            let log =
                FILE.get_or_init(|| LogFile { path: path.clone(), file: Mutex::new(file), is_broken: AtomicBool::new(false) });
            BoxMakeWriter::new(move || Masked(log))
        }
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).with_target(false);
    // A full disk behind stderr must not end the run: the subscriber would panic over its own complaint.
    let log = log.log_internal_errors(false);
    // A second start in one process (tests) keeps the first log.
    let _ = match common.log_format {
        Format::Text => log.try_init(),
        Format::Json => log.json().try_init(),
    };
    Ok(())
}

/// A writer of whole log lines that masks secrets in addresses and headers.
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) => self.0.write_all(mask::message(text).as_bytes())?,
            Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The log file of the process, for all threads.
static FILE: OnceLock<LogFile> = OnceLock::new();

struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
    /// Whether it was said that it cannot be written.
    is_broken: AtomicBool,
}

impl LogFile {
    /// Opens the file again by its path, which a rotation has given to a new file.
    fn reopen(&self) -> io::Result<()> {
        let file = append_private(&self.path)?;
        *lock(&self.file) = file;
        Ok(())
    }
}

impl Write for &LogFile {
    /// A full disk does not end the run, whose journal is elsewhere. It is reported once.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = lock(&self.file).write_all(bytes);
        if let Err(fault) = written
            && !self.is_broken.swap(true, Ordering::Relaxed)
        {
            let path = crate::report::shown(&self.path.display().to_string());
            super::output::complain(&format!(
                "error: the log {path} cannot be written, and the run goes on: {fault}\n  hint: free space on its disk"
            ));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        lock(&self.file).flush()
    }
}

/// Opens the log file again at each SIGHUP, as log rotation expects. Without a log file the signal keeps its effect, and this ends at once.
#[cfg(unix)]
pub(super) async fn reopen_on_hangup() {
    use tokio::signal::unix::{SignalKind, signal};
    let Some(log) = FILE.get() else { return };
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match log.reopen() {
            Ok(()) => tracing::info!("the log file was opened again"),
            Err(error) => tracing::error!(%error, "the log file cannot be opened again, so the former one is written on"),
        }
    }
}

/// There is no such signal.
#[cfg(not(unix))]
pub(super) async fn reopen_on_hangup() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_does_not_reach_the_log() {
        let mut log = Masked(Vec::new());
        log.write_all(b"WARN no answer from https://hr:hunter2@host/x?key=hunter2 via Bearer hunter2hunter2\n").unwrap();
        let text = String::from_utf8(log.0).unwrap();
        assert!(!text.contains("hunter2") && text.contains("@host/x"), "{text}");
    }
}
