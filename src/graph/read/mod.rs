//! Reads from the tenant: single objects here, the whole of it in [`full`].

mod delta_merge;
mod full;
mod incremental;
mod organization;
mod pages;
pub(in crate::graph) mod parse;
pub(in crate::graph) mod queries;
mod recent_users;
pub(in crate::graph) mod snapshot_cache;
mod tenant_state;
mod user_items;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::directory::{Attribute, Group, ObjectId, Upn, User};
use crate::graph::http::batch::BatchItem;
use crate::graph::http::client::Client;
use crate::graph::http::error::GraphError;
use crate::graph::http::filter::{Filter, needs_index};
use crate::graph::http::url::{group_by_name, with_query};
use parse::Organization;
use queries::{GROUP_PROPERTIES, GROUPS, ReadRequest, USERS, attributes, organization, relation, select};

/// Reads from the tenant; it cannot write.
#[derive(Clone)]
pub struct Reader {
    pub(in crate::graph) client: Arc<Client>,
}

impl Reader {
    /// A reader over a connection.
    pub const fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// The client that sends the requests, shared with the writer.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
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
    /// The name is looked up by a plain query, which sees a user created moments ago as soon as anything does. The attribute is looked up
    /// likewise where Graph allows it, and else by an advanced query, which reads an index that may lag.
    ///
    /// # Errors
    /// Where the look-up itself fails.
    ///
    /// # Panics
    /// Never: the catalogue has the userPrincipalName.
    pub async fn find_user(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Option<User>, GraphError> {
        let attributes = attributes(&key.iter().map(|(attribute, _)| *attribute).collect());
        let name = Attribute::find("userPrincipalName").expect("it is in the catalogue");
        let selected = select(&attributes, &[]);
        for (attribute, value) in std::iter::once((name, upn.as_str())).chain(key) {
            let filter = Filter::equals(attribute, value);
            let mut parameters = vec![("$select", selected.as_str()), ("$filter", filter.as_str())];
            let request = if needs_index(attribute) {
                parameters.push(("$count", "true"));
                BatchItem::get(with_query("/users", &parameters)).with_header("ConsistencyLevel", "eventual")
            } else {
                BatchItem::get(with_query("/users", &parameters))
            };
            let ask = ReadRequest { what: "look up a user", request, permission: USERS };
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
        let request = BatchItem::get(with_query(&format!("/users/{id}"), &parameters));
        let ask = ReadRequest { what: "look up a user", request, permission: USERS };
        match self.read(&ask).await {
            Ok(reply) => {
                let user = reply.json().ok_or_else(|| ask.answer("the answer is not JSON".into()))?;
                parse::user(&user, &attributes).map(Some).map_err(|problem| ask.answer(problem))
            }
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the recycle bin holds this user.
    ///
    /// # Errors
    /// Where the look-up itself fails.
    pub async fn is_deleted(&self, id: &ObjectId) -> Result<bool, GraphError> {
        let request = BatchItem::get(format!("/directory/deletedItems/{id}?$select=id"));
        match self.read(&ReadRequest { what: "look into the recycle bin", request, permission: USERS }).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_absent() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The live group with this uniqueName, its members included.
    ///
    /// # Errors
    /// Where the look-up itself fails.
    pub async fn find_group(&self, unique_name: &str) -> Result<Option<Group>, GraphError> {
        let request = BatchItem::get(with_query(&group_by_name(unique_name), &[("$select", GROUP_PROPERTIES)]));
        let ask = ReadRequest { what: "look up a group", request, permission: GROUPS };
        let reply = match self.read(&ask).await {
            Ok(reply) => reply,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = reply.json().ok_or_else(|| ask.answer("the answer is not JSON".into()))?;
        let mut group = parse::group(&found).map_err(|problem| ask.answer(problem))?;
        group.members = self.members(&group.id).await?;
        Ok(Some(group))
    }

    /// The user or group that has this mail or proxy address: its id, its kind and its name. A query that the service does not take finds
    /// nothing.
    ///
    /// # Errors
    /// Where nothing can be asked at all.
    pub async fn owner(&self, address: &str) -> Result<Option<(ObjectId, &'static str, String)>, GraphError> {
        let sets = [("user", "/users", "userPrincipalName", USERS), ("group", "/groups", "displayName", GROUPS)];
        let filters = [Filter::mail(address), Filter::proxy_address(address)];
        let mut asks = Vec::new();
        let mut kinds = Vec::new();
        for filter in &filters {
            for (kind, path, name, permission) in sets {
                let url = with_query(path, &[("$select", &format!("id,{name}")), ("$filter", filter.as_str())]);
                asks.push(ReadRequest { what: "look up the owner of an address", request: BatchItem::get(url), permission });
                kinds.push((kind, name));
            }
        }
        for ((kind, name), reply) in kinds.into_iter().zip(self.first_pages(&asks).await?) {
            let found = reply.json().filter(|_| reply.is_success());
            let Some(object) = found.as_ref().and_then(|body| body["value"].get(0)) else { continue };
            if let (Ok(id), Some(name)) = (parse::id(object), object[name].as_str()) {
                return Ok(Some((id, kind, name.to_owned())));
            }
        }
        Ok(None)
    }

    /// The direct members of a group.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub async fn members(&self, group: &ObjectId) -> Result<BTreeSet<ObjectId>, GraphError> {
        let ask = relation(group, "members");
        self.list(&ask).await?.iter().map(|item| parse::id(item).map_err(|problem| ask.answer(problem))).collect()
    }
}
