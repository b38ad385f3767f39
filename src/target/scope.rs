//! How much of a tenant a run needs.

use std::collections::BTreeSet;

use crate::directory::{Attribute, Group};

/// How much of a tenant is read: nothing else is requested.
#[derive(Clone, Debug, Default)]
pub struct SnapshotScope {
    /// The attributes of users, beyond those that every plan needs.
    pub attributes: BTreeSet<Attribute>,
    /// Whether the manager of each user is read.
    pub manager: bool,
    /// All groups, with the members of those that hrpush created.
    pub groups: bool,
    /// Whether the directly assigned licences of each user are read.
    pub licenses: bool,
    /// Further groups to read with their direct members, by id, unique name or name.
    pub group_members: BTreeSet<String>,
    /// Groups to read with the members of all nested groups, by id, unique name or name.
    pub protected_groups: BTreeSet<String>,
}

impl SnapshotScope {
    /// Whether every group is needed.
    pub fn all_groups(&self) -> bool {
        self.groups || !self.group_members.is_empty() || !self.protected_groups.is_empty()
    }

    /// Whether a listed group is kept. Without rules for groups, only those that shield people or have addresses are.
    pub fn keeps(&self, group: &Group) -> bool {
        self.all_groups() || group.role_assignable || !group.addresses.is_empty()
    }
}
