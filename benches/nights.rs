//! CPU, memory and state of nightly runs at size, with a ledger of everybody, against reading the same CSV file alone.
//!
//!     cargo bench --bench nights
//!     HRPUSH_BENCH_PEOPLE=10000,100000,1000000 cargo bench --bench nights
//!
//! The first night reads the tenant in full and fills the ledger. The second one sees the addresses of its people for the first time. The
//! third one is unchanged and is the one that counts. In the fourth one, one person of a hundred has another department.
//!
//! The targets of an unchanged night: 3 times the CPU of Python's csv module on the file at 100,000 people; at 1,000,000 people 6 CPU
//! seconds and 350 MB.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

mod company;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use company::{COLUMNS, MAPPING, csv_alone, export, serve};

/// What a process took.
struct Took {
    /// Seconds of CPU, of the process and the system for it.
    cpu: f64,
    /// The most memory that it held, in MB.
    peak: u64,
}

/// Runs a process to its end. Linux tells what it took; elsewhere the figures are 0.
fn measured(command: &mut Command) -> Took {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut took = Took { cpu: 0.0, peak: 0 };
    let status = loop {
        let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
        let peak =
            of("status").lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        took.peak = took.peak.max(peak.unwrap_or(0) / 1024);
        // Behind the name, which may have blanks, the 12th and 13th field are ticks of a hundredth of a second.
        let stat = of("stat");
        let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        took.cpu = took.cpu.max(ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{command:?}: {status}");
    took
}

fn night(folder: &Path, file: &Path, base: &str) -> Took {
    measured(Command::new(env!("CARGO_BIN_EXE_hrpush")).current_dir(folder).env("HRPUSH_ACCESS_TOKEN", "bench").args([
        "import",
        file.to_str().unwrap(),
        "--mapping",
        "bench.toml",
        "--graph-url",
        base,
        "--yes",
        "-q",
    ]))
}

/// Reading the file with Python's csv module; nothing where there is no Python.
fn python(file: &Path) -> Option<f64> {
    let code = "import csv, sys\nfor row in csv.reader(open(sys.argv[1], newline='')): pass";
    let there = Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    there.then(|| measured(Command::new("python3").args(["-c", code, file.to_str().unwrap()])).cpu)
}

fn megabytes(folder: &Path, name: &str) -> f64 {
    let size = |end: &str| std::fs::metadata(folder.join(format!(".hrpush/{name}{end}"))).map_or(0, |data| data.len());
    #[expect(clippy::cast_precision_loss, reason = "a file has far fewer bytes than 2^52")]
    let size = (size("") + size("-wal")) as f64;
    size / f64::from(1 << 20)
}

fn nights(people: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (file, moved) = (folder.path().join("people.csv"), folder.path().join("moved.csv"));
    export(&file, people, None);
    export(&moved, people, Some(100));
    std::fs::write(folder.path().join("bench.toml"), MAPPING).unwrap();
    std::fs::write(folder.path().join("hrpush.toml"), "[quota]\nscale = 1000\n").unwrap();
    let graph = serve(people);
    let alone = csv_alone(&file)[0].as_secs_f64();
    let python = python(&file);
    println!(
        "{people} people x {} columns: csv crate {alone:.2} s, Python's csv {:.2} CPU-s",
        COLUMNS.len(),
        python.unwrap_or(0.0)
    );
    let runs = [("first, in full", &file), ("second", &file), ("unchanged", &file), ("1 % moved", &moved)];
    for (name, file) in runs {
        let Took { cpu, peak } = night(folder.path(), file, &graph.base);
        let beside = python.map_or_else(String::new, |python| format!(", {:.1} x Python's", cpu / python));
        let state = [megabytes(folder.path(), "state.db"), megabytes(folder.path(), "tenant.db")];
        println!(
            "  {name:14} {cpu:7.2} CPU-s, {:5.1} x the csv crate{beside}, {peak} MB; state.db {:.1} MB, tenant.db {:.1} MB",
            cpu / alone,
            state[0],
            state[1]
        );
    }
}

fn main() {
    let sizes = std::env::var("HRPUSH_BENCH_PEOPLE").unwrap_or_else(|_| "10000,100000".to_owned());
    sizes.split(',').for_each(|people| nights(people.trim().parse().unwrap()));
}
