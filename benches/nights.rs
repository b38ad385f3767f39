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
//!
//! Seen on two busy cores, a release build without LTO, CPU seconds (times Python's csv) and MB:
//!
//! | people | first, in full | second | unchanged | state.db, tenant.db |
//! |---|---|---|---|---|
//! | 100,000 | 3.4 | 2.2 | 1.6 (3.8), 113 MB | 46, 23 MB |
//! | 1,000,000 | 37, 482 MB | 25 | 17.8 (5.1), 528 MB | 486, 229 MB |
//!
//! Where an unchanged night of 100,000 people spends its time, by a profile with callers: mapping and packing on all cores 34 % (mapping 19,
//! packing 12, of which the digest of what HR wants 4), the cached tenant 7 %, the plan 7 %, the first look through the file 6 %, addresses
//! compared with the ledger 6 %, the ledger 6 %, column profiles 6 %, links compared with the ledger 5 %, the records 4 %. Left to do: one look
//! through the ledger in place of three, its people in rows of bytes, and values that are compared before they get a place of their own.
//!
//! A first night: mapping and packing 20 %, what HR wants written 18 %, the tenant's pages 13 % and its rows 11 %, other rows of the ledger
//! 7 %, the cache 7 %. Left to do: what HR wants takes 330 bytes of JSON a person, most of them texts that many people share.

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
    let message = |name: &str, Took { cpu, peak }: Took| {
        let beside = python.as_ref().map_or_else(String::new, |python| format!(", {:.1} x Python's", cpu / python.cpu));
        let state = [megabytes(folder.path(), "state.db"), megabytes(folder.path(), "tenant.db")];
        println!(
            "  {name:14} {cpu:7.2} CPU-s, {:5.1} x the csv crate{beside}, {peak} MB; state.db {:.1} MB, tenant.db {:.1} MB",
            cpu / alone.cpu,
            state[0],
            state[1]
        );
    };
    message("first, in full", run(&file));
    message("second", run(&file));
    message("unchanged", median(|| night(folder.path(), &file, &graph.base)));
    message("1 % moved", run(&moved));
}

fn main() {
    if let Ok(file) = std::env::var("HRPUSH_BENCH_READ") {
        return company::read_alone(Path::new(&file));
    }
    let sizes = std::env::var("HRPUSH_BENCH_PEOPLE").unwrap_or_else(|_| "1000,10000,100000".to_owned());
    sizes.split(',').for_each(|people| nights(people.trim().parse().unwrap()));
}
