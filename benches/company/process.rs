//! What a process takes, as the system counts it.

use std::process::{Command, Stdio};
use std::time::Duration;

/// What a process took.
pub(crate) struct Took {
    /// Seconds of CPU, of the process and the system for it.
    pub(crate) cpu: f64,
    /// The most memory that it held, in MB.
    pub(crate) peak: u64,
}

/// Runs a process to its end. Linux returns what it took; elsewhere the figures are 0.
pub(crate) fn measured(command: &mut Command) -> Took {
    let before = cpu_of_children();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{command:?}: {status}");
    let cpu = cpu_of_children().zip(before).map_or(0.0, |(after, before)| after - before);
    Took { cpu, peak: peak / 1024 }
}

/// Runs a command three times and returns the one with the median of CPU.
pub(crate) fn median(mut command: impl FnMut() -> Command) -> Took {
    let mut took: Vec<Took> = (0..3).map(|_| measured(&mut command())).collect();
    took.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    took.swap_remove(1)
}

/// A script for Python with its arguments; nothing where there is no Python.
pub(crate) fn python(code: &str, arguments: &[&str]) -> Option<Took> {
    let version = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let command = || {
        let mut command = Command::new("python3");
        command.args(["-c", code]).args(arguments);
        command
    };
    version.is_ok_and(|status| status.success()).then(|| median(command))
}

/// CPU seconds of the processes that have ended. The kernel counts a hundred ticks a second.
fn cpu_of_children() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / 100.0)
}
