//! The user and the machine of a command, for the journal.

use crate::store::Operator;

/// The account and the machine, as the operating system names them. What it cannot name is recorded as `unknown`.
pub(crate) fn operator() -> Operator {
    let known = |name: Result<String, whoami::Error>| name.ok().filter(|name| !name.trim().is_empty());
    let unknown = || "unknown".to_owned();
    Operator { user: known(whoami::username()).unwrap_or_else(unknown), host: known(whoami::hostname()).unwrap_or_else(unknown) }
}
