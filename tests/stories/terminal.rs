//! The binary on a terminal: a Python script makes one.
#![cfg(unix)]

use std::process::{Command, Stdio};

use crate::world::{Ended, World, project};

/// Runs hrpush on a terminal and types the input once it shows the prompt. stdout and stderr are what the terminal shows. None where Python
/// is not installed.
pub(crate) fn on_terminal(world: &World, arguments: &[&str], (prompt, input): (&str, &str)) -> Option<Ended> {
    if Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: python3 is not installed");
        return None;
    }
    let output = Command::new("python3")
        .arg(project("tests/clients/terminal.py"))
        .args([prompt, input, env!("CARGO_BIN_EXE_hrpush")])
        .args(arguments)
        .current_dir(world.path(""))
        .env_remove("HRPUSH_ACCESS_TOKEN")
        .envs([("PAGER", "cat"), ("COLUMNS", "200")])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(Ended { code: output.status.code().unwrap_or(-1), out: shown.clone(), err: shown })
}
