//! Reads the tenant: whole, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::batch::{Inner, MOST, Reply};
use super::client::{Client, Lost};
use super::error::GraphError;
use super::filter::Filter;
use super::parse;
use super::url::{group_by_name, with_query};
use super::verdict::{Heard, Judgement, judge, retry_after};
use super::writer::jittered;
use crate::directory::{Attribute, Group, ObjectId, Privileged, Snapshot, TenantId, Upn, User};

/// How often a read is tried against 5xx and broken connections.
const ATTEMPTS: u32 = 7;
/// How often it is tried against 429, whose waits Graph names itself.
const THROTTLED_ATTEMPTS: u32 = 60;
/// Groups that hrpush made carry this before their uniqueName.
const OURS: &str = "hrpush-";
/// What is read of every user, whatever the mapping needs.
const ALWAYS: [&str; 13] = [
    "id",
    "userPrincipalName",
    "mail",
    "accountEnabled",
    "userType",
    "onPremisesSyncEnabled",
    "isManagementRestricted",
    "proxyAddresses",
    "displayName",
    "givenName",
    "surname",
    "employeeId",
    "createdDateTime",
];
const GROUP_PROPERTIES: &str =
    "id,displayName,uniqueName,groupTypes,mailEnabled,securityEnabled,onPremisesSyncEnabled,isAssignableToRole";

/// What a snapshot is wanted for: nothing else is asked of Graph.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The attributes of users, beyond those that every plan needs.
    pub attributes: BTreeSet<Attribute>,
    /// Managers.
    pub manager: bool,
    /// All groups, with the members of those that hrpush made.
    pub groups: bool,
    /// Directly assigned licences.
    pub licenses: bool,
    /// Further groups whose direct members are wanted, by id, uniqueName or name.
    pub group_members: BTreeSet<String>,
    /// Groups whose members are wanted through all nested groups, by id, uniqueName or name.
    pub protected_groups: BTreeSet<String>,
}

impl Wanted {
    fn all_groups(&self) -> bool {
        self.groups || !self.group_members.is_empty() || !self.protected_groups.is_empty()
    }
}

/// Which tenant it is, and its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The tenant's id.
    pub tenant: TenantId,
    /// The verified domains, in lower case.
    pub domains: BTreeSet<String>,
    /// The default one.
    pub default_domain: Option<String>,
}

/// Reads from the tenant; it cannot write.
#[derive(Clone)]
pub struct Reader {
    client: Arc<Client>,
}

/// One read: what it is, for errors; the request; the permission that would help.
struct Ask {
    what: &'static str,
    request: Inner,
    permission: &'static str,
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    value: Vec<Json>,
}

const USERS: &str = "User.Read.All";
const GROUPS: &str = "Group.Read.All";
const ROLES: &str = "RoleManagement.Read.Directory";

impl Reader {
    /// A reader over a connection.
    pub const fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// The connection.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

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

    /// Which tenant this is.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn organization(&self) -> Result<Organization, GraphError> {
        let ask = organization();
        let reply = self.read(&ask).await?;
        self.parse_organization(&ask, reply).await
    }

    /// The live user with this name, else the one with this value in the attribute that matches people.
    ///
    /// Plain queries, which read no index and so see what was created a moment ago as soon as anything does.
    ///
    /// # Errors
    /// Where the look-up itself fails.
    ///
    /// # Panics
    /// Never: the catalogue has the userPrincipalName.
    pub async fn find_user(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Option<User>, GraphError> {
        let attributes = attributes(&key.iter().map(|(attribute, _)| *attribute).collect());
        let name = Attribute::find("userPrincipalName").expect("it is in the catalogue");
        let mut filters = vec![Filter::equals(name, upn.as_str())];
        filters.extend(key.map(|(attribute, value)| Filter::equals(attribute, value)));
        for filter in filters {
            let url = with_query("/users", &[("$select", &select(&attributes, &[])), ("$filter", filter.as_str())]);
            let ask = Ask { what: "look up a user", request: Inner::get(url), permission: USERS };
            if let Some(user) = self.list(&ask).await?.first() {
                return parse::user(user, &attributes).map(Some).map_err(|problem| ask.answer(problem));
            }
        }
        Ok(None)
    }

    /// The live user with this id, its manager included.
    ///
    /// # Errors
    /// Where the look-up itself fails.
    pub async fn user(&self, id: &ObjectId, wanted: &BTreeSet<Attribute>) -> Result<Option<User>, GraphError> {
        let attributes = attributes(wanted);
        let parameters = [("$select", &*select(&attributes, &[])), ("$expand", "manager($select=id)")];
        let request = Inner::get(with_query(&format!("/users/{id}"), &parameters));
        let ask = Ask { what: "look up a user", request, permission: USERS };
        match self.read(&ask).await {
            Ok(reply) => {
                let user = reply.json().ok_or_else(|| ask.answer("the answer is no JSON".into()))?;
                parse::user(&user, &attributes).map(Some).map_err(|problem| ask.answer(problem))
            }
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the recycle bin holds this user.
    ///
    /// # Errors
    /// Where the look-up itself fails.
    pub async fn is_deleted(&self, id: &ObjectId) -> Result<bool, GraphError> {
        let request = Inner::get(format!("/directory/deletedItems/{id}?$select=id"));
        match self.read(&Ask { what: "look into the recycle bin", request, permission: USERS }).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The live group with this uniqueName, its members included.
    ///
    /// # Errors
    /// Where the look-up itself fails.
    pub async fn find_group(&self, unique_name: &str) -> Result<Option<Group>, GraphError> {
        let request = Inner::get(with_query(&group_by_name(unique_name), &[("$select", GROUP_PROPERTIES)]));
        let ask = Ask { what: "look up a group", request, permission: GROUPS };
        let reply = match self.read(&ask).await {
            Ok(reply) => reply,
            Err(error) if error.status() == Some(404) => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = reply.json().ok_or_else(|| ask.answer("the answer is no JSON".into()))?;
        let mut group = parse::group(&found).map_err(|problem| ask.answer(problem))?;
        group.members = self.members(&group.id).await?;
        Ok(Some(group))
    }

    /// The direct members of a group.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub async fn members(&self, group: &ObjectId) -> Result<BTreeSet<ObjectId>, GraphError> {
        let ask = relation(group, "members");
        self.list(&ask).await?.iter().map(|item| parse::id(item).map_err(|problem| ask.answer(problem))).collect()
    }

    async fn list(&self, ask: &Ask) -> Result<Vec<Json>, GraphError> {
        let first = self.read(ask).await?;
        let mut items = Vec::new();
        self.each(ask, first, |item| {
            items.push(item.clone());
            Ok(())
        })
        .await?;
        Ok(items)
    }

    /// Hands over every item of every page; links are followed to their end.
    async fn each(&self, ask: &Ask, first: Reply, mut take: impl FnMut(&Json) -> Result<(), String>) -> Result<(), GraphError> {
        let mut reply = first;
        let mut seen = BTreeSet::new();
        loop {
            let page: Page = serde_json::from_str(&reply.body)
                .map_err(|error| ask.answer(format!("the answer is no list ({:?})", error.classify())))?;
            page.value.iter().try_for_each(&mut take).map_err(|problem| ask.answer(problem))?;
            let Some(link) = page.next else { return Ok(()) };
            if !seen.insert(link.clone()) {
                return Err(ask.answer("its pages lead in a circle".into()));
            }
            let path =
                self.client.base().follow(&link).map_err(|source| GraphError::Link { operation: ask.what.into(), source })?;
            // Headers are not carried over by the link.
            let request = Inner { url: path, ..ask.request.clone() };
            reply = self.read(&Ask { request, ..*ask }).await?;
        }
    }

    /// One page; throttling, faults of the service and broken connections are sat out.
    async fn read(&self, ask: &Ask) -> Result<Reply, GraphError> {
        let reply = self.try_read(ask).await?;
        if reply.is_success() { Ok(reply) } else { Err(ask.refused(&reply)) }
    }

    async fn try_read(&self, ask: &Ask) -> Result<Reply, GraphError> {
        let mut attempt: u32 = 0;
        loop {
            attempt += 1;
            let backoff = jittered(Duration::from_millis(250 << attempt.min(7)));
            let wait = match self.client.single(&ask.request).await {
                Ok(reply) => match judged(&reply) {
                    Judgement::After(_) if reply.status == 429 && attempt < THROTTLED_ATTEMPTS => Duration::ZERO,
                    Judgement::After(wait) if attempt < ATTEMPTS => match reply.header("retry-after") {
                        Some(_) => jittered(wait),
                        None => backoff,
                    },
                    _ => return Ok(reply),
                },
                Err(Lost::Token(error)) => return Err(error.into()),
                Err(Lost::Unsent(_) | Lost::Cut(_)) if attempt < ATTEMPTS => backoff,
                Err(Lost::Unsent(reason) | Lost::Cut(reason)) => {
                    return Err(GraphError::Unreachable { operation: ask.what.into(), reason, attempts: attempt });
                }
            };
            self.client.count_retries(1);
            // After a 429 the door of the quota is shut until its time, so nothing more is waited for here.
            tokio::time::sleep(wait).await;
        }
    }

    /// The first pages of several reads in as few batches as may be; what the batch did not bring is read alone.
    async fn first_pages(&self, asks: &[Ask]) -> Result<Vec<Reply>, GraphError> {
        let mut replies = Vec::with_capacity(asks.len());
        for chunk in asks.chunks(MOST) {
            let requests: Vec<&Inner> = chunk.iter().map(|ask| &ask.request).collect();
            let batch = match self.client.batch(&requests).await {
                Ok(Ok(batch)) => batch,
                Err(Lost::Token(error)) => return Err(error.into()),
                Ok(Err(_)) | Err(_) => vec![None; chunk.len()],
            };
            let renew = batch.iter().flatten().any(|reply| reply.status == 401) && self.client.renew().await;
            for (ask, reply) in chunk.iter().zip(batch) {
                let again = |reply: &Reply| matches!(judged(reply), Judgement::After(_)) || (renew && reply.status == 401);
                replies.push(if let Some(reply) = reply.filter(|reply| !again(reply)) {
                    reply
                } else {
                    self.client.count_retries(1);
                    self.try_read(ask).await?
                });
            }
        }
        Ok(replies)
    }

    async fn parse_organization(&self, ask: &Ask, reply: Reply) -> Result<Organization, GraphError> {
        if !reply.is_success() {
            return Err(ask.refused(&reply));
        }
        let body = reply.json().unwrap_or_default();
        let organization = &body["value"][0];
        let Some(tenant) = organization["id"].as_str() else {
            return Err(ask.answer("the answer names no tenant".into()));
        };
        let tenant = TenantId(tenant.to_owned());
        let listed;
        let (domains, name) = match organization["verifiedDomains"].as_array() {
            Some(domains) if !domains.is_empty() => (domains, "name"),
            _ => {
                let request = Inner::get("/domains");
                listed = self.list(&Ask { what: "read the domains", request, permission: "Domain.Read.All" }).await?;
                (&listed, "id")
            }
        };
        let verified = |domain: &&Json| domain["isVerified"].as_bool() != Some(false);
        let text = |domain: &Json| domain[name].as_str().map(str::to_lowercase);
        let default = domains.iter().find(|domain| domain["isDefault"].as_bool() == Some(true));
        Ok(Organization {
            tenant,
            domains: domains.iter().filter(verified).filter_map(text).collect(),
            default_domain: default.and_then(text),
        })
    }

    async fn roles(&self, ask: &Ask, reply: Reply, privileged: &mut Privileged) -> Result<(), GraphError> {
        if self.client.base().is_loopback() && matches!(reply.status, 404 | 501) {
            // A plain stand-in for Graph on this machine knows no roles, so nobody holds one.
            return Ok(());
        }
        if !reply.is_success() {
            return Err(ask.refused(&reply));
        }
        self.each(ask, reply, |item| {
            note(privileged, item, "holds a directory role");
            Ok(())
        })
        .await
    }

    async fn eligible(&self, ask: &Ask, reply: Reply, privileged: &mut Privileged) -> Result<(), GraphError> {
        let mut found = Privileged::default();
        let read = if reply.is_success() {
            self.each(ask, reply, |item| {
                note(&mut found, item, "is eligible for a directory role");
                Ok(())
            })
            .await
        } else {
            Err(ask.refused(&reply))
        };
        // Without the licence that eligible roles come with, the tenant refuses.
        if let Err(error) = read {
            let GraphError::Refused { .. } = error else { return Err(error) };
            privileged.eligibility_unread = Some(error.to_string());
        }
        for (id, why) in found.principals {
            privileged.principals.entry(id).or_insert(why);
        }
        Ok(())
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

impl Ask {
    fn answer(&self, problem: String) -> GraphError {
        GraphError::Answer { operation: self.what.into(), problem }
    }

    fn refused(&self, reply: &Reply) -> GraphError {
        let fault = reply.fault();
        GraphError::Refused {
            operation: self.what.into(),
            status: reply.status,
            code: fault.code,
            message: fault.message,
            request_id: fault.request_id,
            hint: (reply.status == 403).then_some(self.permission),
        }
    }
}

fn judged(reply: &Reply) -> Judgement {
    let fault = reply.fault();
    judge(Heard {
        status: reply.status,
        code: fault.code.as_deref().unwrap_or_default(),
        message: fault.message.as_deref().unwrap_or_default(),
        retry_after: reply.header("retry-after").and_then(retry_after),
        repeatable: true,
        young: false,
    })
}

fn note(privileged: &mut Privileged, item: &Json, why: &str) {
    if let Some(id) = item["principalId"].as_str().and_then(ObjectId::new) {
        privileged.principals.entry(id).or_insert_with(|| why.to_owned());
    }
}

/// The attributes to read: those wanted, and those of the catalogue that every plan needs.
fn attributes(wanted: &BTreeSet<Attribute>) -> Vec<Attribute> {
    let needless = ["id", "accountEnabled", "proxyAddresses", "onPremisesSyncEnabled", "isManagementRestricted"];
    let always = ALWAYS.iter().filter(|name| !needless.contains(name)).filter_map(|name| Attribute::find(name));
    let all: BTreeSet<Attribute> =
        always.chain(wanted.iter().copied().filter(|wanted| wanted.name != "accountEnabled")).collect();
    all.into_iter().collect()
}

fn select(attributes: &[Attribute], further: &[&str]) -> String {
    let whole = |attribute: &'static str| attribute.split('.').next().unwrap_or(attribute);
    let mut names: Vec<&str> = ALWAYS.to_vec();
    for name in attributes.iter().map(|attribute| whole(attribute.name)).chain(further.iter().copied()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(",")
}

fn organization() -> Ask {
    let request = Inner::get(with_query("/organization", &[("$select", "id,displayName,verifiedDomains")]));
    Ask { what: "read the organization", request, permission: "Organization.Read.All" }
}

fn relation(group: &ObjectId, name: &'static str) -> Ask {
    let request = Inner::get(with_query(&format!("/groups/{group}/{name}"), &[("$select", "id"), ("$top", "999")]));
    let what = if name == "owners" { "read the owners of a group" } else { "read the members of a group" };
    Ask { what, request, permission: GROUPS }
}

/// The six reads of a snapshot, in the order in which [`Reader::snapshot`] takes their answers.
fn asks(wanted: &Wanted, attributes: &[Attribute]) -> [Ask; 6] {
    let licenses: &[&str] = if wanted.licenses { &["assignedLicenses", "licenseAssignmentStates"] } else { &[] };
    let properties = select(attributes, licenses);
    let mut parameters = vec![("$select", properties.as_str()), ("$top", "999")];
    if wanted.manager {
        parameters.push(("$expand", "manager($select=id)"));
    }
    let bin = select(attributes, &["deletedDateTime"]);
    let groups = if wanted.all_groups() {
        Inner::get(with_query("/groups", &[("$select", GROUP_PROPERTIES), ("$top", "999")]))
    } else {
        let filter =
            [("$filter", "isAssignableToRole eq true"), ("$count", "true"), ("$select", GROUP_PROPERTIES), ("$top", "999")];
        Inner::get_eventual(with_query("/groups", &filter))
    };
    let deleted = with_query("/directory/deletedItems/microsoft.graph.user", &[("$select", &bin), ("$top", "999")]);
    let ask = |what, request, permission| Ask { what, request, permission };
    [
        ask("read the users", Inner::get(with_query("/users", &parameters)), USERS),
        ask("read the deleted users", Inner::get(deleted), USERS),
        organization(),
        ask("read who holds a directory role", Inner::get("/roleManagement/directory/roleAssignments"), ROLES),
        ask(
            "read who is eligible for a directory role",
            Inner::get("/roleManagement/directory/roleEligibilitySchedules"),
            "RoleEligibilitySchedule.Read.Directory",
        ),
        ask("read the groups", groups, GROUPS),
    ]
}
