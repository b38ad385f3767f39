//! Throwaway database servers: a folder, a free port, and a process that ends with the tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A running server. Its process reads a pipe that the tests hold: when they end, however they end, so does the server.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    /// Holds the pipe.
    _process: std::process::Child,
}

/// The account that runs a server: the user of the tests, or the user `nobody` in place of root, which servers refuse.
#[derive(Clone, Copy)]
pub(crate) struct Account(Option<u32>);

const NOBODY: u32 = 65_534;

impl Account {
    pub(crate) fn unprivileged() -> Self {
        let id = Command::new("id").arg("-u").output().unwrap().stdout;
        Self((id.trim_ascii() == b"0").then_some(NOBODY))
    }

    /// A folder that this account owns.
    pub(crate) fn folder(self) -> TempDir {
        let folder = TempDir::new().unwrap();
        self.own(folder.path());
        folder
    }

    pub(crate) fn own(self, path: &Path) {
        if let Some(id) = self.0 {
            std::os::unix::fs::chown(path, Some(id), Some(id)).unwrap();
        }
    }

    pub(crate) fn command(self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(program);
        if let Some(id) = self.0 {
            command.uid(id).gid(id);
        }
        command.current_dir("/");
        command
    }
}

/// The folder with a server's programs: where the variable says, else where Debian and others put them.
pub(crate) fn programs(variable: &str, program: &str, places: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        let folder = PathBuf::from(named);
        assert!(folder.join(program).exists(), "{variable}: there is no {program} in {}", folder.display());
        return Some(folder);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = places.iter().map(PathBuf::from).chain(std::env::split_paths(&path)).find(|folder| folder.join(program).exists());
    if found.is_none() {
        // Not by a macro: those lines are kept back where a test passes.
        let _ = writeln!(std::io::stderr(), "skipped: no {program} on this machine; {variable} names its folder");
    }
    found
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs a program to its end.
pub(crate) fn run(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Starts a server and waits until a line of its log holds these words.
pub(crate) fn start(account: Account, folder: TempDir, port: u16, ready: &str, program: &Path, arguments: &[String]) -> Server {
    let script = r#"folder="$1"; shift; "$0" "$@" & server=$!; read -r _; kill -QUIT "$server"; wait; rm -rf "$folder""#;
    let mut command = account.command(Path::new("/bin/sh"));
    command.arg("-c").arg(script).arg(program).arg(folder.path()).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut seen = Vec::new();
    loop {
        let line = log.next().unwrap_or_else(|| panic!("{} did not start: {}", program.display(), seen.join("\n"))).unwrap();
        if line.contains(ready) {
            break;
        }
        seen.push(line);
    }
    // Read on, or the server would wait for a reader of its log.
    std::thread::spawn(move || log.for_each(drop));
    Server { port, folder, _process: child }
}
