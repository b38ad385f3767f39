//! Time and memory of `hrpush plan` at size, against what reading the same CSV file alone takes with the csv crate.
//!
//!     cargo bench --bench plan -- 100000
//!
//! A stand-in for Graph serves as many users as there are records, made up as they are asked for. The first plan reads them in full and
//! keeps them; the second one, which is measured, takes them from the cache with one batch of reads. Nothing differs, so the plan is empty.
//! The target at 1,000,000 is 8 times the csv crate at most, in 512 MB at most.
//!
//! The memory is reached, the time is not. Measured with `cargo bench` on two cores: 1,000,000 people 406 to 414 MB, and 11 to 13 times the
//! file alone (0.44 to 0.49 s; 8.4 to 11 times what `records()` of the crate takes), of which the first look through the file and the cache
//! take a quarter and the rest is mapped and planned. One HTTP request with 6 reads at 100,000 and at 1,000,000, and the token's where one is
//! asked for. Planning on all cores was tried and gained nothing that could be measured.
//!
//! What is left, by a profile: every value that is mapped has a place of its own until it is packed; the mapping itself, which takes half of
//! the time of both cores; no file is looked through while the cache is loaded.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

mod company;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use company::{COLUMNS, MAPPING, csv_alone, export, serve};

/// One plan: how long it took, and the most memory it held, in MB (0 where the system does not tell).
fn plan(folder: &Path, export: &Path, base: &str) -> (Duration, u64) {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hrpush"))
        .current_dir(folder)
        .env("HRPUSH_ACCESS_TOKEN", "bench")
        .args(["plan", export.to_str().unwrap(), "--mapping", "bench.toml", "--graph-url", base, "--detailed-exitcode", "-v"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "the plan is not empty: {status}");
    (started.elapsed(), peak / 1024)
}

fn main() {
    let people = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("people.csv");
    export(&file, people, None);
    std::fs::write(folder.path().join("bench.toml"), MAPPING).unwrap();
    let [alone, records] = csv_alone(&file);
    let graph = serve(people);
    let asked = || [0, 1].map(|which| graph.asked[which].swap(0, Ordering::Relaxed));
    let (full, full_peak) = plan(folder.path(), &file, &graph.base);
    let [full_sent, full_reads] = asked();
    let (cached, peak) = plan(folder.path(), &file, &graph.base);
    let [sent, reads] = asked();
    let ratio = |took: Duration| [alone, records].map(|alone| took.as_secs_f64() / alone.as_secs_f64());
    let mut text = String::new();
    writeln!(text, "{people} records x {} columns, {} MB", COLUMNS.len(), std::fs::metadata(&file).unwrap().len() >> 20).unwrap();
    writeln!(text, "csv crate alone    {:8.3} s, its records() {:.3} s", alone.as_secs_f64(), records.as_secs_f64()).unwrap();
    let plans = [("full list", full, full_peak, full_sent, full_reads), ("cached", cached, peak, sent, reads)];
    for (name, took, peak, sent, reads) in plans {
        let ([bytes, records], seconds) = (ratio(took), took.as_secs_f64());
        let times = format!("{bytes:.1} x and {records:.1} x");
        writeln!(text, "plan, {name:9}    {seconds:8.3} s, {times}, {peak} MB, {sent} HTTP requests, {reads} reads").unwrap();
    }
    let cache = std::fs::metadata(folder.path().join(".hrpush/tenant.db")).map_or(0, |data| data.len() >> 20);
    writeln!(text, "cache on disk      {cache} MB").unwrap();
    print!("{text}");
}
