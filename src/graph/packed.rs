//! Users and groups as rows of the cache: short, and read back without a parser.

use crate::directory::Group;

/// A group, and whether its members are known.
pub(super) fn pack_group(group: &Group, read: bool) -> Vec<u8> {
    serde_json::to_vec(&(group, read)).unwrap_or_default()
}

/// The group of a row; `None` where the row is none.
pub(super) fn unpack_group(row: &[u8]) -> Option<(Group, bool)> {
    serde_json::from_slice(row).ok()
}
