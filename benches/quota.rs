//! How close a first import comes to the quota's own time, with the quota of a sandbox running a hundred times as fast.
//!
//! `cargo bench --bench quota` prints, for each size and both ways of counting, the time of carrying out over the floor, the answers of 429 and
//! the CPU seconds that 1,000 writes cost on both sides. `HRPUSH_BENCH_WRITES=100000` adds a size.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SCALE: f64 = 100.0;
const SIZES: &[u32] = &[500, 3_000, 10_000, 20_000];

fn main() {
    let more = std::env::var("HRPUSH_BENCH_WRITES").ok().and_then(|text| text.parse().ok());
    for kind in ["bucket", "window"] {
        for writes in SIZES.iter().copied().chain(more) {
            println!("{}", measured(kind, writes));
        }
    }
}

/// One import of people with managers, two writes for each, into an empty sandbox.
fn measured(kind: &str, writes: u32) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("hr.csv"), rows(writes / 2)).expect("the rows can be written");
    let config = format!("[quota]\nscale = {SCALE}\nshare = 1.0\n");
    fs::write(folder.path().join("hrpush.toml"), config).expect("the settings can be written");
    let before = cpu_of_children();
    let sandbox = Sandbox::start(folder.path(), kind);
    let output = hrpush(folder.path())
        .args(["import", "hr.csv", "--yes", "--format", "json", "--graph-url", &sandbox.url])
        .env("HRPUSH_ACCESS_TOKEN", "bench")
        .output()
        .expect("hrpush runs");
    drop(sandbox);
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("no outcome: {}", String::from_utf8_lossy(&output.stderr));
    });
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or(f64::NAN);
    let (sent, throttled) = (number(&outcome["requests"]["writes"]), number(&outcome["requests"]["throttled"]));
    let took = number(&outcome["durationMs"]) / 1_000.0;
    let floor = floor(kind, f64::from(writes / 2 * 2 - 1));
    let ratio = if floor > 0.0 { format!("{:.3} of the floor", took / floor) } else { "not paced".to_owned() };
    let cpu = cpu_of_children()
        .zip(before)
        .map_or_else(String::new, |(after, before)| format!(", {:.3} CPU s per 1,000 writes", (after - before) / sent * 1_000.0));
    format!("{kind:6} {sent:>6} writes: {took:6.2} s, floor {floor:6.2} s, {ratio}, {throttled} answers of 429{cpu}")
}

/// The quota's own minimum: beyond 3,000 the refill paces; counted by window, nothing passes before the first 3,000 are 150 s old.
fn floor(kind: &str, writes: f64) -> f64 {
    let beyond = (writes - 3_000.0).max(0.0);
    let window = if kind == "window" && beyond > 0.0 { 150.0 } else { 0.0 };
    (beyond / 20.0 + window) / SCALE
}

fn rows(people: u32) -> String {
    let mut rows = String::from(
        "EmployeeID,FirstName,LastName,Email,Department,JobTitle,CostCentre,Country,Mobile,ManagerID,HireDate,TerminationDate,Status,WorkerType\n",
    );
    for at in 0..people {
        let boss = if at == 0 { String::new() } else { format!("{:06}", (at - 1) / 10 + 1) };
        let _ = writeln!(rows, "{:06},First{at},Last{at},,Claims,Clerk,C1,AT,,{boss},2015-01-01,,Active,Employee", at + 1);
    }
    rows
}

fn hrpush(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hrpush"));
    command.current_dir(folder).stdin(Stdio::null());
    command
}

struct Sandbox {
    process: Child,
    url: String,
}

impl Sandbox {
    fn start(folder: &Path, kind: &str) -> Self {
        let scale = SCALE.to_string();
        let process = hrpush(folder)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--port-file", "port", "--quota-kind", kind, "--quota-scale", &scale])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the sandbox starts");
        let mut port = String::new();
        while port.trim().is_empty() {
            std::thread::sleep(Duration::from_millis(20));
            port = fs::read_to_string(folder.join("port")).unwrap_or_default();
        }
        Self { process, url: format!("http://127.0.0.1:{}/v1.0", port.trim()) }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _waited = self.process.wait();
    }
}

/// CPU seconds of the processes that have ended, where the system tells them.
fn cpu_of_children() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    // The kernel counts a hundred ticks a second.
    Some((ticks(13)? + ticks(14)?) / 100.0)
}
