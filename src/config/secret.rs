//! Secrets: named by the configuration, read when they are used, never printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use secrecy::SecretString;

use crate::diagnostic::mask::is_plain_name;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// In an environment variable.
    Env(String),
    /// In a file that only its owner may read. Below `$CREDENTIALS_DIRECTORY` it is a credential that systemd loaded for the unit.
    File(PathBuf),
    /// Printed by a program with these arguments, which no shell reads.
    Command(PathBuf, Vec<String>),
}

/// The folder in which systemd puts the credentials of a unit (`LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// How long a program may take to print a secret. A password store that waits for a person must not hold up the night.
const PATIENCE: Duration = Duration::from_mins(1);

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
    /// A credential of systemd is asked for outside a unit that loads one.
    #[error(
        "the credential `{}` is not loaded: systemd sets `{CREDENTIALS}` only for a unit with `LoadCredential=`\n  hint: give it the name of \
         the credential and the path of the file, as contrib/systemd/hrpush.service shows",
        shown_name(path)
    )]
    NoCredentials {
        /// The path as the configuration has it.
        path: PathBuf,
    },
    /// A program printed no secret.
    #[error("the program {} printed no secret: {why}", shown_path(program))]
    NoOutput {
        /// The program of `secret_command`.
        program: PathBuf,
        /// The way in which it ended, without its arguments.
        why: String,
    },
    /// The file is empty.
    #[error("{}: the file holds no secret", path.display())]
    Empty {
        /// The file, in which only white space was found.
        path: PathBuf,
    },
}

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

/// The name of a credential as messages show it.
fn shown_name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).filter(|name| is_plain_name(name)).unwrap_or("NAME").to_owned()
}

impl SecretFrom {
    /// Reads the secret; the line end behind it is not part of it.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(secret) if !secret.trim().is_empty() => Ok(secret.trim_end_matches(['\n', '\r']).into()),
                _ => Err(SecretError::Unset(name.clone())),
            },
            Self::File(path) => match credential(path) {
                Some(name) => {
                    let folder =
                        std::env::var_os(CREDENTIALS).ok_or_else(|| SecretError::NoCredentials { path: path.clone() })?;
                    // systemd lets the user of the unit in by an access list, which the mode shows as a group that may read.
                    text_of(&Path::new(&folder).join(name))
                }
                None => {
                    let about = std::fs::metadata(path);
                    refuse_exposed(path, &about.map_err(|error| SecretError::Unreadable { path: path.clone(), error })?)?;
                    text_of(path)
                }
            },
            Self::Command(program, arguments) => {
                let found = output(program, arguments, PATIENCE);
                found.map(Into::into).map_err(|why| SecretError::NoOutput { program: program.clone(), why })
            }
        }
    }
}

/// What comes after `$CREDENTIALS_DIRECTORY` in a path.
fn credential(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    parts.find(|part| part.as_os_str().to_str().and_then(|part| part.strip_prefix('$')) == Some(CREDENTIALS))?;
    Some(parts.as_path().to_path_buf())
}

fn text_of(path: &Path) -> Result<SecretString, SecretError> {
    let text = std::fs::read_to_string(path).map_err(|error| SecretError::Unreadable { path: path.to_path_buf(), error })?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.trim().is_empty() { Err(SecretError::Empty { path: path.to_path_buf() }) } else { Ok(secret.into()) }
}

/// What a program prints on stdout. Its stderr goes where that of hrpush goes, so that it can say itself what is wrong.
fn output(program: &Path, arguments: &[String], patience: Duration) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    // The other secrets of hrpush are none of its business.
    for (variable, _) in std::env::vars_os().filter(|(variable, _)| variable.to_string_lossy().starts_with("HRPUSH_")) {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut stdout = child.stdout.take().ok_or("it has no output")?;
    let (send, printed) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::Read::read_to_string(&mut stdout, &mut text);
        // The receiver is gone once the time is over.
        let _late = send.send(read.map(|_| text));
    });
    let Ok(text) = printed.recv_timeout(patience) else {
        let _gone = child.kill();
        let _ended = child.wait();
        return Err(format!("it took longer than {} s", patience.as_secs()));
    };
    let ended = child.wait().map_err(|error| error.to_string())?;
    if !ended.success() {
        return Err(ended.code().map_or_else(|| "a signal ended it".to_owned(), |code| format!("it ended with {code}")));
    }
    let text = text.map_err(|error| error.to_string())?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.trim().is_empty() { Err("its output is empty".to_owned()) } else { Ok(secret.to_owned()) }
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
    fn a_path_below_the_credentials_directory_is_a_credential() {
        for (path, name) in [
            ("/etc/hrpush/$CREDENTIALS_DIRECTORY/hr-secret", Some("hr-secret")),
            ("$CREDENTIALS_DIRECTORY/a/b", Some("a/b")),
            ("/etc/hrpush/secret", None),
            ("/etc/CREDENTIALS_DIRECTORY/secret", None),
        ] {
            assert_eq!(credential(Path::new(path)), name.map(PathBuf::from), "{path}");
        }
        let error = SecretFrom::File("/etc/hrpush/$CREDENTIALS_DIRECTORY/hr-secret".into()).read();
        // The test runs outside a unit, where the variable is not set.
        if std::env::var_os(CREDENTIALS).is_none() {
            assert!(error.unwrap_err().to_string().contains("the credential `hr-secret` is not loaded"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_prints_the_secret_or_says_why_not() {
        let run = |script: &str| SecretFrom::Command("/bin/sh".into(), vec!["-c".into(), script.into()]).read();
        assert_eq!(run("echo s3cret").unwrap().expose_secret(), "s3cret");
        for (script, why) in [("exit 3", "it ended with 3"), ("echo", "its output is empty"), ("kill -9 $$", "a signal ended it")]
        {
            let error = run(script).unwrap_err().to_string();
            assert!(error.contains("the program /bin/sh printed no secret") && error.contains(why), "{error}");
            assert!(!error.contains(script), "an argument may be a secret: {error}");
        }
        let missing = SecretFrom::Command("/nowhere/hunter2IsMySecret99x".into(), Vec::new()).read().unwrap_err().to_string();
        assert!(!missing.contains("hunter2"), "{missing}");
        let slow = output(Path::new("/bin/sh"), &["-c".into(), "exec sleep 600".into()], Duration::ZERO);
        assert!(slow.unwrap_err().starts_with("it took longer"));
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

    #[test]
    fn an_unset_variable_is_named() {
        let error = SecretFrom::Env("HRPUSH_TEST_IS_NEVER_SET".into()).read().unwrap_err();
        assert!(error.to_string().contains("`HRPUSH_TEST_IS_NEVER_SET`"));
        let error = SecretFrom::Env("hunter2IsMySecret".into()).read().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
