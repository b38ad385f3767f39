//! CPU, memory and state of nightly runs at size, with a ledger of everybody, against reading the same CSV file alone.
//!
//!     cargo bench --bench nights
//!     HRPUSH_BENCH_PEOPLE=1000,10000,100000,1000000 cargo bench --bench nights
//!
//! The first night reads the tenant in full and fills the ledger. The second one sees the addresses of its people for the first time. The
//! third one is unchanged and is the one that counts. In the fourth one, one person of a hundred has another department.
//!
//! The targets of an unchanged night: 3 times the CPU of Python's csv module on the file at 100,000 people; at 1,000,000 people 6 CPU
//! seconds and 350 MB.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

mod company;

use std::path::Path;
use std::process::Command;

use company::process::{Took, measured, median, python};
use company::{COLUMNS, MAPPING, PYTHON, export, serve};

fn night(folder: &Path, file: &Path, base: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hrpush"));
    command.current_dir(folder).env("HRPUSH_ACCESS_TOKEN", "bench").args([
        "import",
        file.to_str().unwrap(),
        "--mapping",
        "bench.toml",
        "--graph-url",
        base,
        "--yes",
        "-q",
    ]);
    command
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
    let alone = median(|| company::alone(&file));
    let python = python(PYTHON, &[file.to_str().unwrap()]);
    println!(
        "{people} people x {} columns: csv crate {:.2} CPU-s, Python's csv {:.2} CPU-s",
        COLUMNS.len(),
        alone.cpu,
        python.as_ref().map_or(0.0, |python| python.cpu)
    );
    let run = |file: &Path| measured(&mut night(folder.path(), file, &graph.base));
    let mut told = |name: &str, Took { cpu, peak }: Took| {
        let beside = python.as_ref().map_or_else(String::new, |python| format!(", {:.1} x Python's", cpu / python.cpu));
        let state = [megabytes(folder.path(), "state.db"), megabytes(folder.path(), "tenant.db")];
        println!(
            "  {name:14} {cpu:7.2} CPU-s, {:5.1} x the csv crate{beside}, {peak} MB; state.db {:.1} MB, tenant.db {:.1} MB",
            cpu / alone.cpu,
            state[0],
            state[1]
        );
    };
    told("first, in full", run(&file));
    told("second", run(&file));
    told("unchanged", median(|| night(folder.path(), &file, &graph.base)));
    told("1 % moved", run(&moved));
}

fn main() {
    if let Ok(file) = std::env::var("HRPUSH_BENCH_READ") {
        return company::read_alone(Path::new(&file));
    }
    let sizes = std::env::var("HRPUSH_BENCH_PEOPLE").unwrap_or_else(|_| "1000,10000,100000".to_owned());
    sizes.split(',').for_each(|people| nights(people.trim().parse().unwrap()));
}
