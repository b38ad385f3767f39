//! The objects of the tenant with their relations, as Graph returned them. A snapshot is made from them.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Group, ObjectId, Snapshot, UserRow, Users};
use crate::target::SnapshotScope;

/// Users and groups with all relations that Graph returned, including those to objects that were deleted since.
///
/// Graph shows no relation to a deleted object, and shows it again once the object is restored. So relations are stored as they were returned, and
/// [`TenantState::into_snapshot`] leaves out those that lead nowhere.
#[derive(Default)]
pub(in crate::graph) struct TenantState {
    pub(in crate::graph) users: Users,
    /// With direct members and owners, where they were read.
    pub(in crate::graph) groups: BTreeMap<ObjectId, Group>,
    /// The groups with members that were read to the end; of role-assignable ones the owners, too.
    pub(in crate::graph) read: BTreeSet<ObjectId>,
    /// What was deleted since the full list.
    pub(in crate::graph) gone: BTreeSet<ObjectId>,
}

impl TenantState {
    /// The groups that need their members and do not have them yet.
    pub(in crate::graph) fn unread(&self, wanted: &SnapshotScope) -> BTreeSet<ObjectId> {
        let mut needed = self.direct(wanted);
        needed.extend(self.reachable(&self.protected(wanted)));
        needed.retain(|id| self.groups.contains_key(id) && !self.read.contains(id));
        needed
    }

    /// The whole of it. What is already known of the tenant comes in, users and groups are filled in here.
    pub(in crate::graph) fn into_snapshot(mut self, wanted: &SnapshotScope, mut snapshot: Snapshot) -> Snapshot {
        let absent: BTreeSet<ObjectId> =
            self.gone.iter().chain(snapshot.deleted.keys()).filter(|id| !self.users.contains_key(id)).cloned().collect();
        if !absent.is_empty() {
            let led_away = |user: &UserRow<'_>| user.manager().is_some_and(|manager| absent.contains(&manager.to_id()));
            self.users.change(led_away, |user| user.manager = None);
            for group in self.groups.values_mut() {
                group.members.retain(|id| !absent.contains(id));
                group.owners.retain(|id| !absent.contains(id));
            }
        }
        let protected = self.protected(wanted);
        let through: BTreeMap<ObjectId, BTreeSet<ObjectId>> =
            protected.iter().map(|id| (id.clone(), self.reachable(&BTreeSet::from([id.clone()])))).collect();
        let mut needed = self.direct(wanted);
        needed.extend(self.reachable(&protected));
        for (id, group) in &mut self.groups {
            if !needed.contains(id) {
                group.members.clear();
                group.owners.clear();
            }
            if let Some(all) = through.get(id) {
                group.members.clone_from(all);
            }
        }
        for group in self.groups.values().filter(|group| group.role_assignable) {
            for id in group.members.iter().chain(&group.owners) {
                let why = format!("member or owner of the role-assignable group `{}`", group.name);
                snapshot.privileged.principals.entry(id.clone()).or_insert(why);
            }
        }
        Snapshot { users: self.users, groups: self.groups, ..snapshot }
    }

    /// The groups that are protected together with all their members.
    fn protected(&self, wanted: &SnapshotScope) -> BTreeSet<ObjectId> {
        let named = self.groups.values().filter(|group| is_named(group, &wanted.protected_groups));
        named.map(|group| group.id.clone()).collect()
    }

    /// The groups that hrpush made or that were asked for, role-assignable ones, and protected ones.
    fn direct(&self, wanted: &SnapshotScope) -> BTreeSet<ObjectId> {
        let direct = |group: &&Group| {
            (wanted.groups && group.is_managed())
                || group.role_assignable
                || is_named(group, &wanted.group_members)
                || is_named(group, &wanted.protected_groups)
        };
        self.groups.values().filter(direct).map(|group| group.id.clone()).collect()
    }

    /// Everything that can be reached from these groups through what was read.
    fn reachable(&self, from: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&ObjectId> = from.iter().collect();
        while let Some(id) = open.pop() {
            let group = self.groups.get(id).filter(|_| self.read.contains(id));
            for member in group.iter().flat_map(|group| &group.members) {
                if found.insert(member.clone()) {
                    open.push(member);
                }
            }
        }
        found
    }
}

fn is_named(group: &Group, names: &BTreeSet<String>) -> bool {
    // Compares names as the plan does: a protected group would have no effect if its members were not read.
    let called = |text: &str| names.iter().any(|name| name.trim().to_lowercase() == text.to_lowercase());
    called(&group.id.to_string()) || called(&group.name) || group.unique_name.as_deref().is_some_and(called)
}
