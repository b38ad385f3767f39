//! Stands in for signatures in a build without them: every use is refused with the name of the feature.

use std::path::Path;

use jiff::Timestamp;

use super::super::error::Failure;
use crate::plan::Approver;

/// The question for the passphrase of a key.
pub(crate) type AskPassphrase<'a> = &'a dyn Fn(&Path) -> Result<String, Failure>;

fn missing() -> Failure {
    Failure::usage(
        "this build has no support for signed approvals: it lacks the feature `signatures`\n  hint: released binaries have it; build your own with `cargo build --release --features signatures`, or `--features full` for all",
    )
}

/// Signs nothing in this build.
pub(crate) fn sign(_: &Path, _: &str, _: AskPassphrase<'_>) -> Result<String, Failure> {
    Err(missing())
}

/// Reads no keys in this build.
pub(crate) fn check_signers(_: &Path) -> Result<usize, Failure> {
    Err(missing())
}

/// Verifies nothing in this build.
pub(crate) fn verify(_: &Path, _: &str, _: &str, _: &[Timestamp]) -> Result<Approver, Failure> {
    Err(missing())
}
