//! CPU and memory of `hrpush plan` at size, with a ledger of everybody, against what reading the same CSV file alone takes.
//!
//!     cargo bench --bench plan -- 100000
//!
//! A stand-in for Graph serves as many users as there are records, made up as they are asked for. An import reads them in full, keeps them
//! and fills the ledger. The plan, which is measured, takes the users from the cache with one batch of reads. Nothing differs, so the plan
//! is empty.
//!
//! The target at 1,000,000 people: 10 times the csv crate at most, in 512 MB at most.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

mod company;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;

use company::process::{measured, median, python};
use company::{COLUMNS, MAPPING, PYTHON, export, serve};

fn hrpush(folder: &Path, command: &str, export: &Path, base: &str, options: &[&str]) -> Command {
    let mut hrpush = Command::new(env!("CARGO_BIN_EXE_hrpush"));
    hrpush.current_dir(folder).env("HRPUSH_ACCESS_TOKEN", "bench");
    hrpush.args([command, export.to_str().unwrap(), "--mapping", "bench.toml", "--graph-url", base]).args(options);
    hrpush
}

fn main() {
    if let Ok(file) = std::env::var("HRPUSH_BENCH_READ") {
        return company::read_alone(Path::new(&file));
    }
    let people = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("people.csv");
    export(&file, people, None);
    std::fs::write(folder.path().join("bench.toml"), MAPPING).unwrap();
    let graph = serve(people);
    let asked = || [0, 1].map(|which| graph.asked[which].swap(0, Ordering::Relaxed));
    measured(&mut hrpush(folder.path(), "import", &file, &graph.base, &["--yes", "-q"]));
    asked();
    let plan = || hrpush(folder.path(), "plan", &file, &graph.base, &["--detailed-exitcode"]);
    let took = measured(&mut plan());
    let [sent, reads] = asked();
    let took = [took, median(plan)].into_iter().min_by(|one, other| one.cpu.total_cmp(&other.cpu)).unwrap();
    let alone = median(|| company::alone(&file));
    let beside = python(PYTHON, &[file.to_str().unwrap()]);
    let beside =
        beside.map_or_else(String::new, |beside| format!(", {:.1} x Python's csv ({:.2})", took.cpu / beside.cpu, beside.cpu));
    println!("{people} records x {} columns, {} MB", COLUMNS.len(), std::fs::metadata(&file).unwrap().len() >> 20);
    println!(
        "plan, cached    {:.2} CPU-s, {:.1} x the csv crate ({:.2}){beside}, {} MB, {sent} HTTP requests, {reads} reads",
        took.cpu,
        took.cpu / alone.cpu,
        alone.cpu,
        took.peak
    );
}
