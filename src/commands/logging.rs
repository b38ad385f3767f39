//! The log: to stderr or to a file, as text or as JSON. Personal data stays below the debug level in every room.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::cli::{Common, Format};
use super::exit::Failure;

/// Starts the log as the options want it.
pub(super) fn start(common: &Common) -> Result<(), Failure> {
    // Quiet is meant for stderr: what cron keeps in a file tells of each run.
    let quiet = common.quiet && common.log_file.is_none();
    let level = match common.verbose {
        0 if common.log_file.is_some() => LevelFilter::INFO,
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Other crates' debug lines may hold whole requests.
    let filter = tracing_subscriber::EnvFilter::new(format!("warn,hrpush={level}"));
    let filter = if quiet { tracing_subscriber::EnvFilter::new("off") } else { filter };
    let (writer, ansi) = match &common.log_file {
        None => (BoxMakeWriter::new(std::io::stderr), false),
        Some(path) => {
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path).map_err(|fault| Failure::file("open the log", path, &fault))?;
            (BoxMakeWriter::new(Mutex::new(file)), false)
        }
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(ansi).with_target(false);
    // A second start in one process (tests) keeps the first log.
    let _ = match common.log_format {
        Format::Text => log.try_init(),
        Format::Json => log.json().try_init(),
    };
    Ok(())
}
