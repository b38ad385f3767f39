//! What a target can do.

use crate::plan::Supported;

/// What a target can do, and how much of it in one request. The plan and the run leave out what it cannot do.
///
/// ```
/// use hrpush::target::Capabilities;
///
/// let plain = Capabilities { sessions: false, licences: false, ..Capabilities::default() };
/// assert!(plain.soft_delete && !plain.sessions);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub struct Capabilities {
    /// How many operations one request carries.
    pub batch: usize,
    /// How many members one operation adds to a group.
    pub members_per_write: usize,
    /// Whether a deleted user can be restored. Where that is not so, no account is deleted: it stays disabled.
    pub soft_delete: bool,
    /// Whether the sessions of a user can be revoked.
    pub sessions: bool,
    /// Whether licences are assigned to users.
    pub licences: bool,
    /// Whether a Temporary Access Pass can be created.
    pub access_pass: bool,
    /// Whether accounts have a password that the app sets.
    pub passwords: bool,
    /// Whether a sign-in name must be in a domain that the target has verified.
    pub verified_domains: bool,
    /// Whether a new account needs a mailNickname.
    pub nicknames: bool,
    /// Whether each attribute has a permission that an administrator can grant to the app.
    pub permissions: bool,
    /// Whether operations are accepted now and carried out later, see [`super::Outcome::Pending`].
    pub asynchronous: bool,
    /// What a snapshot of the target shows.
    pub snapshot: SnapshotKind,
}

/// What a snapshot of a target shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnapshotKind {
    /// All that the target has, as it is now.
    #[default]
    Whole,
    /// The records that the target accepted from hrpush, since the target cannot be read. Each write then carries the whole record of a
    /// person, see [`super::Operation::PutUser`].
    Accepted,
}

impl From<&Capabilities> for Supported {
    fn from(capabilities: &Capabilities) -> Self {
        let Capabilities { soft_delete, sessions, licences, verified_domains, nicknames, permissions, snapshot, .. } =
            *capabilities;
        let readable = snapshot == SnapshotKind::Whole;
        Self { soft_delete, sessions, licences, verified_domains, nicknames, permissions, readable, clears: readable }
    }
}

/// A target that can do everything, one operation at a time.
impl Default for Capabilities {
    fn default() -> Self {
        Self {
            batch: 1,
            members_per_write: 1,
            soft_delete: true,
            sessions: true,
            licences: true,
            access_pass: true,
            passwords: true,
            verified_domains: true,
            nicknames: true,
            permissions: true,
            asynchronous: false,
            snapshot: SnapshotKind::Whole,
        }
    }
}
