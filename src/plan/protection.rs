//! Accounts that are never changed, and accounts that are shielded.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use crate::directory::{Group, ObjectId, Snapshot, User, UserNo, UserRow, UserType, roles};
use crate::plan::inputs::Policy;

/// What hrpush may do to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WriteAccess {
    /// Everything that HR asks for.
    Free,
    /// Ordinary attributes only; why.
    Shielded(String),
    /// Nothing: named by `[protect]`.
    Protected,
    /// Nothing: mastered on-premises.
    Synced,
    /// Nothing: an invited guest, and the mapping does not include guests.
    Guest,
}

/// Attributes that are left alone on shielded accounts.
pub(super) const SHIELDED: &[&str] =
    &[roles::USER_PRINCIPAL_NAME, roles::MOBILE_PHONE, roles::BUSINESS_PHONES, roles::OTHER_MAILS, roles::ACCOUNT_ENABLED];

/// The protected and shielded accounts of a tenant.
pub(super) struct Protection<'a> {
    names: HashSet<String>,
    groups: HashSet<String>,
    members: HashSet<&'a ObjectId>,
    snapshot: &'a Snapshot,
    guests: bool,
    watched: OnceCell<BTreeSet<UserNo>>,
}

impl<'a> Protection<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, policy: &Policy, guests: bool) -> Self {
        let names = policy.protect_users.iter().map(|name| name.trim().to_lowercase()).collect();
        let groups: HashSet<String> = policy.protect_groups.iter().map(|name| name.trim().to_lowercase()).collect();
        let mut protection = Self { names, groups, members: HashSet::new(), snapshot, guests, watched: OnceCell::new() };
        let chosen = snapshot.groups.values().filter(|group| protection.is_protected_group(group));
        protection.members = chosen.flat_map(|group| &group.members).collect();
        protection
    }

    /// Whether all members of this group are protected.
    pub(super) fn is_protected_group(&self, group: &Group) -> bool {
        names_of(group).any(|name| self.groups.contains(&name.to_lowercase()))
    }

    /// Entries of `[protect]` that match no object of the tenant, so that they protect no account.
    pub(super) fn idle(&self) -> Vec<String> {
        let mut users = self.names.clone();
        for user in self.snapshot.users.rows().filter(|_| !self.names.is_empty()) {
            users.remove(&user.upn().to_lowercase());
            users.remove(&user.id().to_string().to_lowercase());
        }
        let mut groups = self.groups.clone();
        for name in self.snapshot.groups.values().filter(|_| !self.groups.is_empty()).flat_map(names_of) {
            groups.remove(&name.to_lowercase());
        }
        let mut idle: Vec<String> = users.into_iter().chain(groups).collect();
        idle.sort();
        idle
    }

    /// The entry of `[protect]` for a person of a target that knows people by their HR keys.
    pub(super) fn of_key(&self, key: &str) -> Option<String> {
        let id = ObjectId::of_key(key)?.to_string().to_lowercase();
        self.names.contains(&id).then_some(id)
    }

    fn protected(&self, user: &User) -> bool {
        (!self.members.is_empty() && self.members.contains(&user.id))
            || (!self.names.is_empty()
                && (self.names.contains(&user.upn.folded()) || self.names.contains(&user.id.to_string().to_lowercase())))
    }

    fn shield(&self, user: &User) -> Option<String> {
        if let Some(why) = self.snapshot.privileged.principals.get(&user.id) {
            return Some(why.clone());
        }
        user.restricted.then(|| "is in a restricted management administrative unit".into())
    }

    /// What may be done to this account.
    pub(super) fn touch(&self, user: &User) -> WriteAccess {
        if self.protected(user) {
            return WriteAccess::Protected;
        }
        if user.synced {
            return WriteAccess::Synced;
        }
        if user.user_type == UserType::Guest && !self.guests {
            return WriteAccess::Guest;
        }
        self.shield(user).map_or(WriteAccess::Free, WriteAccess::Shielded)
    }

    /// The accounts that an impostor would want to look like.
    pub(super) fn sensitive(&self) -> impl Iterator<Item = User> + '_ {
        self.watched()
            .iter()
            .map(|number| self.snapshot.users.at(*number).to_user())
            .filter(|user| self.protected(user) || self.shield(user).is_some())
    }

    /// Whether hrpush may write everything that HR asks for, judged by the row alone.
    pub(super) fn is_free(&self, user: &UserRow<'_>) -> bool {
        !user.synced()
            && !user.restricted()
            && (self.guests || user.user_type() == UserType::Member)
            && !self.watched().contains(&user.number())
    }

    /// The live users that are protected or shielded for any reason.
    fn watched(&self) -> &BTreeSet<UserNo> {
        self.watched.get_or_init(|| {
            let users = &self.snapshot.users;
            let named = users.rows().filter(|_| !self.names.is_empty()).filter(|user| {
                self.names.contains(&user.upn().to_lowercase()) || self.names.contains(&user.id().to_string().to_lowercase())
            });
            let restricted = users.rows().filter(UserRow::restricted);
            let known = self.members.iter().copied().chain(self.snapshot.privileged.principals.keys());
            let numbers = named.chain(restricted).map(|user| user.number());
            numbers.chain(known.filter_map(|id| users.number(id))).collect()
        })
    }
}

/// Why hrpush leaves an account alone, wholly or in part; nothing where it may do all that HR asks for.
pub fn protection(snapshot: &Snapshot, policy: &Policy, guests: bool, user: &User) -> Option<String> {
    match Protection::new(snapshot, policy, guests).touch(user) {
        WriteAccess::Free => None,
        WriteAccess::Shielded(why) => Some(format!("shielded: {why}")),
        WriteAccess::Protected => Some("protected: named by [protect], or in a group of it".into()),
        WriteAccess::Synced => Some("synced: mastered on-premises".into()),
        WriteAccess::Guest => Some("guest: invited, and the mapping leaves guests alone".into()),
    }
}

/// What a configuration may call a group by.
fn names_of(group: &Group) -> impl Iterator<Item = String> {
    [group.id.to_string(), group.name.clone()].into_iter().chain(group.unique_name.clone())
}
