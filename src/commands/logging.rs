//! The log, on stderr or in a file, as text or as JSON. No room logs personal data above the debug level.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::cli::{Common, Format};
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
    let filter = tracing_subscriber::EnvFilter::new(format!("warn,hrpush={level}"));
    let filter = if quiet { tracing_subscriber::EnvFilter::new("off") } else { filter };
    let writer = match &common.log_file {
        None => BoxMakeWriter::new(|| Masked(io::stderr())),
        Some(path) => {
            let file = append_private(path).map_err(|fault| Failure::file("open the log", path, &fault))?;
            let file = Shared(Arc::new(Mutex::new(file)));
            BoxMakeWriter::new(move || Masked(file.clone()))
        }
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).with_target(false);
    // A second start in one process (tests) keeps the first log.
    let _ = match common.log_format {
        Format::Text | Format::Csv => log.try_init(),
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

/// One file for all threads.
#[derive(Clone)]
struct Shared(Arc<Mutex<File>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        lock(&self.0).flush()
    }
}

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
