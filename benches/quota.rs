//! How close a first import comes to the quota's own time, with the quota of a sandbox running many times as fast.
//!
//! `cargo bench --bench quota` prints, for each size and both ways of counting, the time of carrying out over the floor, that of the whole
//! process, the answers of 429, the stops (runs of them without a success in between), the CPU seconds of the client and the size of the
//! state. `HRPUSH_BENCH_WRITES=1000,5000` takes other sizes, `HRPUSH_BENCH_SCALE=20` another speed (a window of 150 s must last longer than
//! 3,000 writes take), `HRPUSH_BENCH_SHARE=0.9` another share, `HRPUSH_BENCH_KIND=window` one way of counting alone.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The sandbox's request log.
const LOG: &str = "requests.log";

/// How fast the quota runs, and how much of it is ours.
#[derive(Clone, Copy)]
struct Pace {
    scale: f64,
    share: f64,
}

fn main() {
    let sizes: Vec<u32> = setting("HRPUSH_BENCH_WRITES", "500,3000,10000,20000").split(',').map(parsed).collect();
    let kinds = setting("HRPUSH_BENCH_KIND", "bucket,window");
    let pace = Pace { scale: parsed(&setting("HRPUSH_BENCH_SCALE", "50")), share: parsed(&setting("HRPUSH_BENCH_SHARE", "1.0")) };
    for kind in kinds.split(',') {
        for writes in &sizes {
            println!("{}", measured(kind, *writes, pace));
        }
    }
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn parsed<T: FromStr>(text: &str) -> T {
    text.trim().parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// One import of people with managers, two writes for each, into an empty sandbox.
fn measured(kind: &str, writes: u32, pace: Pace) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("hr.csv"), rows(writes / 2)).expect("the rows can be written");
    let Pace { scale, share } = pace;
    let config = format!("[quota]\nscale = {scale:?}\nshare = {share:?}\n");
    fs::write(folder.path().join("hrpush.toml"), config).expect("the settings can be written");
    let before = cpu_of_children();
    let sandbox = Sandbox::start(folder.path(), kind, scale);
    let started = Instant::now();
    let output = hrpush(folder.path())
        .args(["import", "hr.csv", "--yes", "--format", "json", "--graph-url", &sandbox.url])
        .env("HRPUSH_ACCESS_TOKEN", "bench")
        .output()
        .expect("hrpush runs");
    let whole = started.elapsed().as_secs_f64();
    // The sandbox still runs, so that only the client has ended.
    let client = cpu_of_children();
    drop(sandbox);
    let stops = stops(folder.path());
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("no outcome: {}", String::from_utf8_lossy(&output.stderr));
    });
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or(f64::NAN);
    let (sent, throttled) = (number(&outcome["requests"]["writes"]), number(&outcome["requests"]["throttled"]));
    let took = number(&outcome["durationMs"]) / 1_000.0;
    let floor = floor(kind, f64::from(writes / 2 * 2 - 1), pace);
    let ratio = if floor > 0.0 { format!("{:.3} of the floor", took / floor) } else { "not paced".to_owned() };
    let cpu = client.zip(before).map_or_else(String::new, |(after, before)| {
        format!(", {:.2} CPU s of the client ({:.3} per 1,000 writes)", after - before, (after - before) / sent * 1_000.0)
    });
    let state = fs::metadata(folder.path().join(".hrpush/state.db")).map_or(0, |file| file.len());
    #[expect(clippy::cast_precision_loss, reason = "a file has far fewer bytes than 2^52")]
    let state = state as f64 / f64::from(1 << 20) / sent * 1_000.0;
    format!(
        "{kind:6} {sent:>6} writes: {took:6.2} s (process {whole:6.2} s), floor {floor:6.2} s, {ratio}, {throttled} answers of 429 in {stops} stops{cpu}, state {state:.2} MB per 1,000 writes"
    )
}

/// The quota's own minimum: beyond 3,000 the refill paces; counted by window, nothing passes before the first 3,000 are 150 s old.
fn floor(kind: &str, writes: f64, Pace { scale, share }: Pace) -> f64 {
    let beyond = (writes - 3_000.0 * share).max(0.0);
    let window = if kind == "window" && beyond > 0.0 { 150.0 } else { 0.0 };
    (beyond / (20.0 * share) + window) / scale
}

/// How often the sandbox let writes through and then refused them, by its request log.
fn stops(folder: &Path) -> usize {
    let log = fs::read_to_string(folder.join(LOG)).expect("the sandbox wrote its log");
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let writes = lines.filter(|line| line["method"] != "GET" && line["url"] != "/v1.0/$batch");
    let refused: Vec<bool> = writes.map(|line| line["status"] == 429).collect();
    std::iter::once(&false).chain(&refused).zip(&refused).filter(|(before, now)| !**before && **now).count()
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
    fn start(folder: &Path, kind: &str, scale: f64) -> Self {
        let scale = scale.to_string();
        let process = hrpush(folder)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--port-file", "port", "--quota-kind", kind])
            .args(["--quota-scale", &scale, "--request-log", LOG])
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
