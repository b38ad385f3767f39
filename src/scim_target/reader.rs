//! Reads a provider: the whole snapshot with its cross-checks, and look-ups of single resources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::client::{Client, Reply};
use super::decode::{self, UserDecoder, object_id};
use super::error::ScimTargetError;
use super::listing::{self, Resource, equals};
use super::profile::Membership;
use super::translation::Translation;
use crate::directory::{Attribute, Group, ObjectId, Privileged, Snapshot, TenantId, Upn, roles};
use crate::scim::ResourceKind;
use crate::target::{Found, Owner, OwnerKind, SnapshotCache, SnapshotScope, TargetError, TargetReader};

/// How long after its creation a user may be missing from a provider that is asked for it by its id.
const YOUNG: SignedDuration = SignedDuration::from_secs(15);
/// How often a listed user is looked up before the list counts as wrong.
const LOOK_UPS: u32 = 3;
/// The wait between two look-ups of what a lagging replica does not show yet.
const LAG: Duration = Duration::from_secs(2);

/// Reads a SCIM service provider.
pub struct ScimReader {
    pub(super) client: Arc<Client>,
    pub(super) translation: Arc<Translation>,
}

impl ScimReader {
    /// A reader over a connection.
    pub fn new(client: Arc<Client>) -> Self {
        let translation = Arc::new(Translation::new(client.profile()));
        Self { client, translation }
    }

    /// The attributes of the provider.
    pub fn translation(&self) -> &Translation {
        &self.translation
    }

    /// Reads the users and, where the scope asks for them, the groups.
    ///
    /// # Errors
    /// A read that fails, and a list that contradicts itself or a look-up.
    pub async fn current(&self, scope: &SnapshotScope) -> Result<Snapshot, ScimTargetError> {
        let users = listing::all(&self.client, ResourceKind::User, "read the users", &[]).await?;
        self.compare_with_look_ups(&users).await?;
        let decoder = UserDecoder::new(&scope.attributes, &self.translation);
        let read: Result<Vec<_>, String> = users.iter().map(|resource| decoder.user(resource)).collect();
        let read = read.map_err(|problem| malformed("read the users", problem))?;
        let mut snapshot = Snapshot {
            tenant: TenantId(self.client.base_url().to_string()),
            domains: BTreeSet::new(),
            default_domain: None,
            federated_domains: BTreeSet::new(),
            users: read.iter().collect(),
            deleted: BTreeMap::new(),
            groups: BTreeMap::new(),
            privileged: Privileged::default(),
        };
        drop(users);
        if scope.all_groups() {
            snapshot.groups = self.groups(scope, &snapshot).await?;
        }
        Ok(snapshot)
    }

    /// A few listed users are looked up by name: a list of invented objects, and a filter that finds nothing, are noticed before
    /// anything is concluded from either.
    async fn compare_with_look_ups(&self, users: &[Resource]) -> Result<(), ScimTargetError> {
        let sample: BTreeSet<usize> = [0, users.len() / 2, users.len().saturating_sub(1)].into();
        for resource in sample.into_iter().filter_map(|at| users.get(at)) {
            let text = |name: &str| resource.get(name).and_then(|value| value.as_str());
            let known = [roles::EXTERNAL_ID, "userName"]
                .into_iter()
                .find_map(|name| Some((name, text(name)?)).filter(|(name, _)| self.client.profile().finds_users_by(name)));
            let Some((attribute, value)) = known else { continue };
            let id = listing::id_of(resource);
            let filter = equals(attribute, value);
            let mut attempts = LOOK_UPS;
            loop {
                let found = listing::find(&self.client, ResourceKind::User, "look up a user", &filter).await?;
                if found.iter().any(|found| listing::id_of(found) == id) {
                    break;
                }
                attempts -= 1;
                if attempts == 0 {
                    let id = id.unwrap_or_default().to_owned();
                    return Err(ScimTargetError::Contradicted { id, attribute: attribute.to_owned() });
                }
                // The index of the filter may be behind the list.
                tokio::time::sleep(LAG).await;
            }
        }
        Ok(())
    }

    async fn groups(&self, scope: &SnapshotScope, snapshot: &Snapshot) -> Result<BTreeMap<ObjectId, Group>, ScimTargetError> {
        let profile = self.client.profile();
        let listed = listing::all(&self.client, ResourceKind::Group, "read the groups", &[]).await?;
        let mut groups = BTreeMap::new();
        let mut nested = BTreeMap::new();
        for resource in listed {
            let mut group = decode::group(&resource, profile).map_err(|problem| malformed("read the groups", problem))?;
            // The members of any group may be those of a protected one, by nesting.
            let matters = !scope.protected_groups.is_empty()
                || (scope.groups && group.is_managed())
                || is_named(&group, &scope.group_members);
            if matters && profile.membership != Membership::List {
                group.members = self.members_of(&group.id).await?;
            } else if !matters {
                group.members.clear();
            }
            nested.insert(group.id.clone(), decode::nested_groups(&resource));
            groups.insert(group.id.clone(), group);
        }
        for group in groups.values_mut() {
            // An id that is no listed user is that of a nested group, or of a user that is gone.
            let (users, others): (BTreeSet<_>, BTreeSet<_>) =
                std::mem::take(&mut group.members).into_iter().partition(|member| snapshot.users.contains_key(member));
            group.members = users;
            nested.entry(group.id.clone()).or_default().extend(others);
        }
        expand_protected(&mut groups, &nested, scope);
        Ok(groups)
    }

    /// The members of a group, where the list of groups does not have them.
    pub(super) async fn members_of(&self, group: &ObjectId) -> Result<BTreeSet<ObjectId>, ScimTargetError> {
        if self.client.profile().membership == Membership::Users {
            let filter = equals("groups.value", &group.to_string());
            let query = [("filter", filter.as_str())];
            let users = listing::all(&self.client, ResourceKind::User, "read the members of a group", &query).await?;
            let ids: Result<_, String> = users.iter().map(object_id).collect();
            return ids.map_err(|problem| malformed("read the members of a group", problem));
        }
        let resource = self.get(ResourceKind::Group, group).await?;
        Ok(resource.as_ref().map(decode::members).unwrap_or_default())
    }

    /// A resource by its id; none where the provider has none.
    pub(super) async fn get(&self, kind: ResourceKind, id: &ObjectId) -> Result<Option<Resource>, ScimTargetError> {
        let what = match kind {
            ResourceKind::User => "read a user",
            ResourceKind::Group => "read a group",
        };
        let url = self.client.url.below(&format!("{}/{id}", kind.endpoint()), &[]);
        let Reply { status, body, .. } = self.client.read(what, url).await?;
        match body {
            _ if status == 404 => Ok(None),
            Some(body) => Ok(Some(body)),
            None => Err(malformed(what, "the answer is not a JSON object".to_owned())),
        }
    }

    /// The user with this name, else the one with this key.
    pub(super) async fn look_up(&self, name: &str, key: Option<&str>) -> Result<Found, ScimTargetError> {
        let profile = self.client.profile();
        let asked = [("userName", Some(name)), (roles::EXTERNAL_ID, key)];
        for (attribute, wanted) in asked {
            let Some(wanted) = wanted.filter(|_| profile.finds_users_by(attribute)) else { continue };
            let found = listing::find(&self.client, ResourceKind::User, "look up a user", &equals(attribute, wanted)).await?;
            // A provider that ignores the filter answers with everybody.
            let Some(resource) = found.iter().find(|resource| decode::has(resource, attribute, wanted)) else { continue };
            if key.is_some_and(|key| decode::has(resource, roles::EXTERNAL_ID, key)) {
                let id = object_id(resource).map_err(|problem| malformed("look up a user", problem))?;
                return Ok(Found::Ours(id));
            }
            return Ok(Found::Other);
        }
        Ok(Found::Nobody)
    }

    /// The group with this unique name.
    pub(super) async fn look_up_group(&self, unique_name: &str) -> Result<Option<ObjectId>, ScimTargetError> {
        let profile = self.client.profile();
        let key = profile.group_key.to_string();
        let what = "look up a group";
        let groups = if profile.group_filters.contains(&key) {
            listing::find(&self.client, ResourceKind::Group, what, &equals(&key, unique_name)).await?
        } else {
            listing::all(&self.client, ResourceKind::Group, what, &[]).await?
        };
        let found = groups.iter().find(|resource| decode::at(resource, &profile.group_key) == Some(unique_name));
        found.map(object_id).transpose().map_err(|problem| malformed(what, problem))
    }

    /// Whether another group than that of the unique name has this display name.
    pub(super) async fn has_other_group(&self, name: &str, unique_name: &str) -> bool {
        let profile = self.client.profile();
        if !profile.group_filters.contains("displayName") {
            return false;
        }
        let filter = equals("displayName", name);
        let found = listing::find(&self.client, ResourceKind::Group, "look up a group", &filter).await.unwrap_or_default();
        let is_ours = |resource: &Resource| decode::at(resource, &profile.group_key) == Some(unique_name);
        !found.is_empty() && !found.iter().any(is_ours)
    }

    async fn add_recent(
        &self,
        snapshot: &mut Snapshot,
        scope: &SnapshotScope,
        created: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), ScimTargetError> {
        let decoder = UserDecoder::new(&scope.attributes, &self.translation);
        let since = Instant::now();
        let mut missing: Vec<&ObjectId> = created.keys().filter(|id| !snapshot.users.contains_key(id)).collect();
        while !missing.is_empty() {
            tracing::info!(accounts = missing.len(), "recently created accounts are in no list yet: they are looked up");
            let mut absent = Vec::new();
            for id in missing {
                match self.get(ResourceKind::User, id).await? {
                    Some(resource) => {
                        let user = decoder.user(&resource).map_err(|problem| malformed("read a user", problem))?;
                        snapshot.users.insert(&user);
                    }
                    None if Timestamp::now().duration_since(created[id]) < YOUNG => absent.push(id),
                    None => {}
                }
            }
            missing = if since.elapsed() < YOUNG.unsigned_abs() { absent } else { Vec::new() };
            if !missing.is_empty() {
                tokio::time::sleep(LAG).await;
            }
        }
        Ok(())
    }
}

/// Whether a group is among these, by name, id or unique name.
fn is_named(group: &Group, names: &BTreeSet<String>) -> bool {
    let unique = group.unique_name.as_deref();
    names.iter().any(|name| *name == group.name || *name == group.id.to_string() || Some(name.as_str()) == unique)
}

/// The members of nested groups are protected as well.
fn expand_protected(
    groups: &mut BTreeMap<ObjectId, Group>,
    nested: &BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    scope: &SnapshotScope,
) {
    let protected = groups.values().filter(|group| is_named(group, &scope.protected_groups));
    let protected: Vec<ObjectId> = protected.map(|group| group.id.clone()).collect();
    for id in protected {
        let (mut members, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![id.clone()]);
        while let Some(next) = open.pop() {
            if seen.insert(next.clone()) {
                members.extend(groups.get(&next).into_iter().flat_map(|group| group.members.iter().cloned()));
                open.extend(nested.get(&next).into_iter().flatten().cloned());
            }
        }
        if let Some(group) = groups.get_mut(&id) {
            group.members = members;
        }
    }
}

fn malformed(what: &str, problem: String) -> ScimTargetError {
    ScimTargetError::Malformed { what: what.to_owned(), problem }
}

#[async_trait]
impl TargetReader for ScimReader {
    async fn snapshot(&self, scope: &SnapshotScope, _: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        Ok(self.current(scope).await?)
    }

    async fn complete(
        &self,
        snapshot: &mut Snapshot,
        scope: &SnapshotScope,
        created: &BTreeMap<ObjectId, Timestamp>,
    ) -> Result<(), TargetError> {
        Ok(self.add_recent(snapshot, scope, created).await?)
    }

    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        let key = key.filter(|(attribute, _)| attribute.name == roles::EXTERNAL_ID).map(|(_, key)| key);
        Ok(self.look_up(name.as_str(), key).await?)
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        Ok(self.look_up_group(unique_name).await?)
    }

    async fn find_owner(&self, address: &str) -> Option<Owner> {
        if !self.client.profile().finds_users_by("userName") {
            return None;
        }
        let filter = equals("userName", address);
        let found = listing::find(&self.client, ResourceKind::User, "look up the owner of an address", &filter).await.ok()?;
        let resource = found.iter().find(|resource| decode::has(resource, "userName", address))?;
        let name = resource.get("userName")?.as_str()?.to_owned();
        Some(Owner { id: object_id(resource).ok()?, kind: OwnerKind::User, name })
    }
}
