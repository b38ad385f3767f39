//! The whole tenant by full lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Reader;
use super::parse;
use super::queries::{ReadRequest, asks, attributes, extensions, relation};
use super::tenant_state::TenantState;
use super::user_items::UserItems;
use crate::directory::{Attribute, ExtensionType, ObjectId, Privileged, Snapshot, TenantId, Users, UsersBuilder};
use crate::graph::http::batch::Reply;
use crate::graph::http::error::GraphError;
use crate::target::SnapshotScope;

impl Reader {
    /// The whole tenant as far as it is wanted. The first pages come in one batch of six reads.
    ///
    /// # Errors
    /// Whatever could not be read to its end, except eligible role assignments, which the snapshot then says.
    pub async fn snapshot(&self, wanted: &SnapshotScope) -> Result<Snapshot, GraphError> {
        Box::pin(self.extension_types(&wanted.attributes)).await?;
        let (tenant_state, rest) = self.whole(wanted).await?;
        Ok(tenant_state.into_snapshot(wanted, rest))
    }

    /// Reads the types of the directory extensions among these attributes, and returns them. An app that may not read them writes all as
    /// text, as before.
    ///
    /// # Errors
    /// The tenant has no such extension.
    pub(in crate::graph) async fn extension_types(
        &self,
        attributes: &BTreeSet<Attribute>,
    ) -> Result<BTreeMap<String, ExtensionType>, GraphError> {
        let wanted: Vec<Attribute> = attributes.iter().copied().filter(|attribute| attribute.is_extension()).collect();
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ask = extensions();
        let first = self.first_pages(std::slice::from_ref(&ask)).await?.pop().expect("there is a first page for each ask");
        if matches!(first.status, 400 | 403..=405 | 501) {
            tracing::warn!(
                status = first.status,
                "the types of directory extensions cannot be read, so all are written as text; hint: {} lets the app read them",
                ask.permission
            );
            return Ok(BTreeMap::new());
        }
        let mut known: BTreeMap<String, Option<ExtensionType>> = BTreeMap::new();
        self.each(&ask, first, |item| {
            let kind = item["dataType"].as_str().and_then(ExtensionType::find);
            known.extend(item["name"].as_str().map(|name| (name.to_lowercase(), kind)));
            Ok(())
        })
        .await?;
        let mut types = BTreeMap::new();
        for attribute in wanted {
            let Some(kind) = known.get(&attribute.name.to_lowercase()) else {
                return Err(ask.answer(format!(
                    "the tenant has no directory extension `{attribute}`, which the mapping names\n  \
                     hint: correct its name in [attributes], or register the extension on the app in its name"
                )));
            };
            types.extend(kind.map(|kind| (attribute.name.to_owned(), kind)));
        }
        learn(&types);
        Ok(types)
    }

    /// The users and groups, and a snapshot of all the rest.
    pub(in crate::graph) async fn whole(&self, wanted: &SnapshotScope) -> Result<(TenantState, Snapshot), GraphError> {
        let attributes = attributes(&wanted.attributes);
        let asks = asks(wanted, &attributes);
        let [users, rest @ .., groups] = self.six(&asks).await?;
        let rest = self.rest(&asks, rest, &attributes).await?;
        let (mut tenant_state, mut listed) = (TenantState::default(), UsersBuilder::default());
        let items = UserItems::new(&attributes);
        self.each_of(&asks[0], users, &items, |user| {
            listed.push(user.as_ref().map_err(Clone::clone)?);
            Ok(())
        })
        .await?;
        tenant_state.users = listed.finish();
        self.each(&asks[5], groups, |item| {
            let group = parse::group(item)?;
            if wanted.keeps(&group) {
                tenant_state.groups.insert(group.id.clone(), group);
            }
            Ok(())
        })
        .await?;
        self.memberships(wanted, &mut tenant_state).await?;
        Ok((tenant_state, rest))
    }

    /// The first pages of the six reads of a snapshot.
    pub(in crate::graph) async fn six(&self, asks: &[ReadRequest; 6]) -> Result<[Reply; 6], GraphError> {
        let replies = self.first_pages(asks).await?;
        Ok(replies.try_into().expect("there is a first page for each ask"))
    }

    /// All but users and groups: deleted users, the organization, active and eligible role assignments.
    pub(in crate::graph) async fn rest(
        &self,
        asks: &[ReadRequest; 6],
        [deleted, organization, roles, eligible]: [Reply; 4],
        attributes: &Arc<[Attribute]>,
    ) -> Result<Snapshot, GraphError> {
        let organization = self.parse_organization(&asks[2], organization).await?;
        let mut rest = Snapshot {
            domains: organization.domains,
            default_domain: organization.default_domain,
            federated_domains: organization.federated_domains,
            ..empty(organization.tenant)
        };
        self.each(&asks[1], deleted, |item| {
            let deleted = parse::deleted_user(item, attributes)?;
            rest.deleted.insert(deleted.user.id.clone(), deleted);
            Ok(())
        })
        .await?;
        self.roles(&asks[3], roles, &mut rest.privileged).await?;
        self.eligible(&asks[4], eligible, &mut rest.privileged).await?;
        Ok(rest)
    }

    /// Reads the members of all groups in the scope that need them; of role-assignable ones the owners, too.
    pub(in crate::graph) async fn memberships(
        &self,
        wanted: &SnapshotScope,
        tenant_state: &mut TenantState,
    ) -> Result<(), GraphError> {
        loop {
            // What was just read may lead to further groups.
            let open = tenant_state.unread(wanted);
            if open.is_empty() {
                return Ok(());
            }
            let owned = open.iter().filter(|id| tenant_state.groups[*id].role_assignable).cloned().collect();
            for (id, owners) in self.relations(&owned, "owners").await? {
                tenant_state.groups.entry(id).and_modify(|group| group.owners = owners);
            }
            for (id, members) in self.relations(&open, "members").await? {
                tenant_state.groups.entry(id).and_modify(|group| group.members = members);
            }
            tenant_state.read.extend(open);
        }
    }

    async fn relations(
        &self,
        groups: &BTreeSet<ObjectId>,
        name: &'static str,
    ) -> Result<BTreeMap<ObjectId, BTreeSet<ObjectId>>, GraphError> {
        let asks: Vec<ReadRequest> = groups.iter().map(|group| relation(group, name)).collect();
        let first = self.first_pages(&asks).await?;
        let mut all = BTreeMap::new();
        for ((group, ask), reply) in groups.iter().zip(&asks).zip(first) {
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

/// Makes the types of extensions known to the catalogue.
pub(in crate::graph) fn learn(types: &BTreeMap<String, ExtensionType>) {
    for (name, kind) in types {
        if let Some(attribute) = Attribute::find(name) {
            attribute.set_extension_type(*kind);
        }
    }
}

fn empty(tenant: TenantId) -> Snapshot {
    Snapshot {
        tenant,
        domains: BTreeSet::new(),
        default_domain: None,
        federated_domains: BTreeSet::new(),
        users: Users::default(),
        deleted: BTreeMap::new(),
        groups: BTreeMap::new(),
        privileged: Privileged::default(),
    }
}
