//! A sandbox tenant of its own process, as any Graph-compatible server: reached by `--graph-url`.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::world::World;

pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
    log: PathBuf,
}

impl Served {
    /// Starts it with more options; returns once it listens.
    pub(crate) fn start(world: &World, options: &[&str]) -> Self {
        let log = world.path("requests.log");
        let mut process = Command::new(env!("CARGO_BIN_EXE_hrpush"))
            .args(["sandbox", "--request-log", log.to_str().unwrap()])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It prints its address when it listens.
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned(), log }
    }

    /// A line for each request so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
