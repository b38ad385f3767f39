//! Secrets: named by the configuration, read when they are used, never printed.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use secrecy::SecretString;

use crate::diagnostic::mask::is_plain_name;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// In an environment variable.
    Env(String),
    /// In a file that only its owner may read.
    File(PathBuf),
    /// In what a program prints, such as the client of a vault.
    Command(Vec<String>),
}

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or empty, or no text.
    #[error(
        "the environment variable `{}` holds no secret\n  hint: set it where hrpush is started, for cron in the crontab's own environment",
        shown_variable(.0)
    )]
    Unset(String),
    /// The file cannot be read.
    #[error("{}: cannot be read: {error}", shown_path(path))]
    Unreadable {
        /// The file that was named for the secret.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// Others may read the file.
    #[error("{}: others may read this file\n  hint: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file with permissions for other users.
        path: PathBuf,
    },
    /// The file is empty.
    #[error("{}: the file holds no secret", path.display())]
    Empty {
        /// The file, in which only white space was found.
        path: PathBuf,
    },
    /// The program printed no secret. What it printed is not shown.
    #[error(
        "`{program}` printed no secret: it {why}\n  hint: run it as the user that runs hrpush, without variables that begin with HRPUSH_"
    )]
    NotPrinted {
        /// The name of the program.
        program: String,
        /// What the program did instead.
        why: String,
    },
}

/// How long a program may take to print a secret.
const PROGRAM_TIME: Duration = Duration::from_secs(30);

/// The name of a variable as messages show it. One that is not written as such names are may be the secret itself.
fn shown_variable(name: &str) -> String {
    let usual = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let words = name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if usual || words { name.to_owned() } else { "*".repeat(name.chars().count()) }
}

/// The path of a file as messages show it. A part of it that does not exist and is not written as names of files are may be the secret
/// itself.
fn shown_path(path: &Path) -> String {
    let Some(there) = path.ancestors().find(|part| part.exists()) else { return "*".repeat(8) };
    let Ok(rest) = path.strip_prefix(there) else { return path.display().to_string() };
    let is_name = |part: std::path::Component<'_>| part.as_os_str().to_str().is_some_and(is_plain_name);
    if rest.components().all(is_name) { path.display().to_string() } else { there.join("*".repeat(8)).display().to_string() }
}

impl SecretFrom {
    /// Reads the secret; the line end behind it is not part of it.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(secret) if !secret.trim().is_empty() => Ok(secret.trim_end_matches(['\n', '\r']).into()),
                _ => Err(SecretError::Unset(name.clone())),
            },
            Self::File(path) => {
                let unreadable = |error| SecretError::Unreadable { path: path.clone(), error };
                refuse_exposed(path, &std::fs::metadata(path).map_err(unreadable)?)?;
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                let secret = text.trim_end_matches(['\n', '\r']);
                if secret.trim().is_empty() {
                    return Err(SecretError::Empty { path: path.clone() });
                }
                Ok(secret.into())
            }
            Self::Command(program) => printed(program),
        }
    }
}

/// The first line that a program prints. It is started without a shell and without the secrets of hrpush.
fn printed(program: &[String]) -> Result<SecretString, SecretError> {
    let name = program.first().cloned().unwrap_or_default();
    let failed = |why: String| SecretError::NotPrinted { program: name.clone(), why };
    let mut command = Command::new(&name);
    command.args(program.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    for (variable, _) in std::env::vars_os().filter(|(variable, _)| variable.to_string_lossy().starts_with("HRPUSH_")) {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(|error| failed(format!("cannot be started: {error}")))?;
    let (send, receive) = std::sync::mpsc::channel();
    let stdout = child.stdout.take();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.map(|stdout| stdout.take(64 * 1024).read_to_string(&mut text));
        // The receiver is gone where the program was too slow.
        let _ = send.send(read.and_then(Result::ok).map(|_| text));
    });
    let Ok(text) = receive.recv_timeout(PROGRAM_TIME) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(format!("did not end within {} s", PROGRAM_TIME.as_secs())));
    };
    let status = child.wait().map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    if !status.success() {
        return Err(failed(format!("ended with {status}")));
    }
    match text.as_deref().and_then(|text| text.lines().next()).map(str::trim) {
        Some(secret) if !secret.is_empty() => Ok(secret.into()),
        _ => Err(failed("printed nothing, or no text".to_owned())),
    }
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, about: &std::fs::Metadata) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;
    let others = about.permissions().mode() & 0o077;
    if others == 0 { Ok(()) } else { Err(SecretError::Exposed { path: path.to_path_buf() }) }
}

/// Elsewhere a user's files are closed to others by the folder they are in.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail where files have modes")]
fn refuse_exposed(_: &Path, _: &std::fs::Metadata) -> Result<(), SecretError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n").unwrap();
        let from = SecretFrom::File(file.path().to_path_buf());
        assert_eq!(from.read().unwrap().expose_secret(), "s3cret");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(from.read(), Err(SecretError::Exposed { .. })));
    }

    #[test]
    fn a_secret_in_place_of_a_path_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let said = |name: &str| SecretFrom::File(folder.path().join(name)).read().unwrap_err().to_string();
        for secret in ["eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.x5", "hunter2IsMySecret99x", "ab12/Zz9+k3=="] {
            assert!(said(secret).contains("/********: cannot be read"), "{}", said(secret));
        }
        for name in ["token", "hr-token.txt", "secrets/hr_token"] {
            assert!(said(name).contains(&format!("/{name}: cannot be read")), "{}", said(name));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_prints_a_secret_and_gets_none() {
        let shell = |script: &str| SecretFrom::Command(vec!["/bin/sh".into(), "-c".into(), script.into()]).read();
        assert_eq!(shell("echo s3cret; echo more").unwrap().expose_secret(), "s3cret");
        for script in ["exit 3", "echo", "echo hunter2; exit 1"] {
            let error = shell(script).unwrap_err().to_string();
            assert!(error.contains("`/bin/sh` printed no secret") && !error.contains("hunter2"), "{error}");
        }
        let missing = SecretFrom::Command(vec!["/nowhere/vault".into()]).read().unwrap_err().to_string();
        assert!(missing.contains("cannot be started"), "{missing}");
    }

    #[test]
    fn an_unset_variable_is_named() {
        let error = SecretFrom::Env("HRPUSH_TEST_IS_NEVER_SET".into()).read().unwrap_err();
        assert!(error.to_string().contains("`HRPUSH_TEST_IS_NEVER_SET`"));
        let error = SecretFrom::Env("hunter2IsMySecret".into()).read().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
