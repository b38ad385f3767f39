//! The whole tenant, by full lists.

use std::collections::{BTreeMap, BTreeSet};

use super::asks::{Ask, OURS, Wanted, asks, attributes, relation};
use super::error::GraphError;
use super::parse;
use super::reader::Reader;
use crate::directory::{Group, ObjectId, Privileged, Snapshot};

impl Reader {
    /// The whole tenant as far as it is wanted. The first pages come in one batch of six reads.
    ///
    /// # Errors
    /// Whatever could not be read to its end, except eligible role assignments, which the snapshot then says.
    ///
    /// # Panics
    /// Never: there are as many answers as reads.
    pub async fn snapshot(&self, wanted: &Wanted) -> Result<Snapshot, GraphError> {
        let attributes = attributes(&wanted.attributes);
        let asks = asks(wanted, &attributes);
        let mut first = self.first_pages(&asks).await?.into_iter();
        let mut next = || first.next().expect("there is a first page for each ask");
        let (users, deleted, organization, roles, eligible, groups) = (next(), next(), next(), next(), next(), next());

        let organization = self.parse_organization(&asks[2], organization).await?;
        let mut snapshot = Snapshot {
            tenant: organization.tenant,
            domains: organization.domains,
            default_domain: organization.default_domain,
            users: BTreeMap::new(),
            deleted: BTreeMap::new(),
            groups: BTreeMap::new(),
            privileged: Privileged::default(),
        };
        self.each(&asks[0], users, |item| {
            let user = parse::user(item, &attributes)?;
            snapshot.users.insert(user.id.clone(), user);
            Ok(())
        })
        .await?;
        self.each(&asks[1], deleted, |item| {
            let deleted = parse::deleted_user(item, &attributes)?;
            snapshot.deleted.insert(deleted.user.id.clone(), deleted);
            Ok(())
        })
        .await?;
        self.each(&asks[5], groups, |item| {
            let group = parse::group(item)?;
            snapshot.groups.insert(group.id.clone(), group);
            Ok(())
        })
        .await?;
        self.roles(&asks[3], roles, &mut snapshot.privileged).await?;
        self.eligible(&asks[4], eligible, &mut snapshot.privileged).await?;
        self.memberships(wanted, &mut snapshot).await?;
        for group in snapshot.groups.values().filter(|group| group.role_assignable) {
            for id in group.members.iter().chain(&group.owners) {
                let why = format!("member or owner of the role-assignable group `{}`", group.name);
                snapshot.privileged.principals.entry(id.clone()).or_insert(why);
            }
        }
        Ok(snapshot)
    }

    /// Members of the groups that hrpush made or that were asked for; members and owners of role-assignable ones.
    async fn memberships(&self, wanted: &Wanted, snapshot: &mut Snapshot) -> Result<(), GraphError> {
        let named = |group: &Group, names: &BTreeSet<String>| {
            names.contains(group.id.as_str())
                || names.contains(&group.name)
                || group.unique_name.as_ref().is_some_and(|name| names.contains(name))
        };
        let ours = |group: &Group| group.unique_name.as_ref().is_some_and(|name| name.starts_with(OURS));
        let protected: BTreeSet<ObjectId> = snapshot
            .groups
            .values()
            .filter(|group| named(group, &wanted.protected_groups))
            .map(|group| group.id.clone())
            .collect();
        let direct = |group: &&Group| {
            (wanted.groups && ours(group))
                || group.role_assignable
                || named(group, &wanted.group_members)
                || protected.contains(&group.id)
        };
        let mut open: BTreeSet<ObjectId> = snapshot.groups.values().filter(direct).map(|group| group.id.clone()).collect();
        let owned = snapshot.groups.values().filter(|group| group.role_assignable).map(|group| group.id.clone()).collect();
        for (id, owners) in self.relations(&owned, "owners").await? {
            snapshot.groups.entry(id).and_modify(|group| group.owners = owners);
        }
        let mut read: BTreeMap<ObjectId, BTreeSet<ObjectId>> = BTreeMap::new();
        while !open.is_empty() {
            read.extend(self.relations(&open, "members").await?);
            open = reachable(&protected, &read)
                .into_iter()
                .filter(|id| snapshot.groups.contains_key(id) && !read.contains_key(id))
                .collect();
        }
        for (id, members) in &read {
            let all = if protected.contains(id) { reachable(&BTreeSet::from([id.clone()]), &read) } else { members.clone() };
            snapshot.groups.entry(id.clone()).and_modify(|group| group.members = all);
        }
        Ok(())
    }

    async fn relations(
        &self,
        groups: &BTreeSet<ObjectId>,
        name: &'static str,
    ) -> Result<BTreeMap<ObjectId, BTreeSet<ObjectId>>, GraphError> {
        let asks: Vec<Ask> = groups.iter().map(|group| relation(group, name)).collect();
        let first = self.first_pages(&asks).await?;
        let mut all = BTreeMap::new();
        for ((group, ask), reply) in groups.iter().zip(&asks).zip(first) {
            if !reply.is_success() {
                return Err(ask.refused(&reply));
            }
            let mut ids = BTreeSet::new();
            self.each(ask, reply, |item| {
                ids.insert(parse::id(item)?);
                Ok(())
            })
            .await?;
            all.insert(group.clone(), ids);
        }
        Ok(all)
    }
}

/// Everything that can be reached from these groups through what was read.
fn reachable(from: &BTreeSet<ObjectId>, read: &BTreeMap<ObjectId, BTreeSet<ObjectId>>) -> BTreeSet<ObjectId> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&ObjectId> = from.iter().collect();
    while let Some(id) = open.pop() {
        for member in read.get(id).into_iter().flatten() {
            if found.insert(member.clone()) {
                open.push(member);
            }
        }
    }
    found
}
