//! The read requests for a snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::directory::{Attribute, ObjectId, roles};
use crate::graph::http::batch::{BatchItem, Reply};
use crate::graph::http::error::GraphError;
use crate::graph::http::response::About;
use crate::graph::http::url::with_query;
use crate::target::SnapshotScope;

/// What is read of every user, whatever the mapping needs.
pub(in crate::graph) const ALWAYS: [&str; 13] = [
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
pub(in crate::graph) const GROUP_PROPERTIES: &str = "id,displayName,uniqueName,groupTypes,mailEnabled,securityEnabled,onPremisesSyncEnabled,isAssignableToRole,mail,proxyAddresses";

const LICENSES: [&str; 2] = ["assignedLicenses", "licenseAssignmentStates"];

/// One read: what it is, for errors; the request; the permission that would help.
pub(in crate::graph) struct ReadRequest {
    pub(in crate::graph) what: &'static str,
    pub(in crate::graph) request: BatchItem,
    pub(in crate::graph) permission: &'static str,
}

pub(in crate::graph) const USERS: &str = "User.Read.All";
pub(in crate::graph) const GROUPS: &str = "Group.Read.All";
pub(in crate::graph) const ROLES: &str = "RoleManagement.Read.Directory";

impl ReadRequest {
    pub(in crate::graph) fn answer(&self, problem: String) -> GraphError {
        GraphError::Answer { operation: self.what.into(), problem }
    }

    pub(in crate::graph) fn refused(&self, reply: &Reply) -> GraphError {
        let fault = reply.fault();
        GraphError::Refused {
            operation: self.what.into(),
            status: reply.status,
            code: fault.code,
            message: fault.message,
            request_id: fault.request_id,
            hint: (reply.status == 403 && fault.about != About::App).then_some(self.permission),
        }
    }
}

/// The attributes to read: those wanted, and those of the catalogue that every plan needs.
pub(in crate::graph) fn attributes(wanted: &BTreeSet<Attribute>) -> Arc<[Attribute]> {
    let needless = ["id", "accountEnabled", "proxyAddresses", "onPremisesSyncEnabled", "isManagementRestricted"];
    let always = ALWAYS.iter().filter(|name| !needless.contains(name)).filter_map(|name| Attribute::find(name));
    let all: BTreeSet<Attribute> =
        always.chain(wanted.iter().copied().filter(|wanted| wanted.name != roles::ACCOUNT_ENABLED)).collect();
    all.into_iter().collect()
}

pub(in crate::graph) fn select(attributes: &[Attribute], further: &[&str]) -> String {
    let whole = |attribute: &'static str| attribute.split('.').next().unwrap_or(attribute);
    let mut names: Vec<&str> = ALWAYS.to_vec();
    for name in attributes.iter().map(|attribute| whole(attribute.name)).chain(further.iter().copied()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(",")
}

pub(in crate::graph) fn organization() -> ReadRequest {
    let request = BatchItem::get(with_query("/organization", &[("$select", "id,displayName,verifiedDomains")]));
    ReadRequest { what: "read the organization", request, permission: "Organization.Read.All" }
}

/// The directory extensions of all apps, with their types. A POST that reads.
pub(in crate::graph) fn extensions() -> ReadRequest {
    let request = BatchItem::write("POST", EXTENSIONS_PATH, Some(serde_json::json!({})));
    ReadRequest { what: "read the directory extensions", request, permission: "Directory.Read.All" }
}

/// The path of that read.
pub(in crate::graph) const EXTENSIONS_PATH: &str = "/directoryObjects/getAvailableExtensionProperties";

pub(in crate::graph) fn relation(group: &ObjectId, name: &'static str) -> ReadRequest {
    let request = BatchItem::get(with_query(&format!("/groups/{group}/{name}"), &[("$select", "id"), ("$top", "999")]));
    let what = if name == "owners" { "read the owners of a group" } else { "read the members of a group" };
    ReadRequest { what, request, permission: GROUPS }
}

/// Everything that is read of a user, the manager included.
pub(in crate::graph) fn select_users(wanted: &SnapshotScope, attributes: &[Attribute]) -> String {
    let mut names = listed(wanted, attributes);
    if wanted.manager {
        names.push_str(",manager");
    }
    names
}

/// Where delta of users begins: from now on.
pub(in crate::graph) fn users_since(wanted: &SnapshotScope, attributes: &[Attribute]) -> ReadRequest {
    let properties = select_users(wanted, attributes);
    let request = BatchItem::get(with_query("/users/delta", &[("$select", &properties), ("$deltatoken", "latest")]));
    ReadRequest { what: "read the changes of users", request, permission: USERS }
}

/// Where delta of groups begins: from now on. Members of all groups are returned; those that matter are selected.
pub(in crate::graph) fn groups_since() -> ReadRequest {
    let properties = format!("{GROUP_PROPERTIES},createdDateTime,members,owners");
    let request = BatchItem::get(with_query("/groups/delta", &[("$select", &properties), ("$deltatoken", "latest")]));
    ReadRequest { what: "read the changes of groups", request, permission: GROUPS }
}

/// The same from where the last round ended. A link brings its parameters with it.
pub(in crate::graph) fn since(ask: &ReadRequest, link: &str) -> ReadRequest {
    ReadRequest { request: BatchItem::get(link), ..*ask }
}

/// One user with all properties of a list.
pub(in crate::graph) fn one_user(id: &ObjectId, wanted: &SnapshotScope, attributes: &[Attribute]) -> ReadRequest {
    let request = BatchItem::get(with_query(&format!("/users/{id}"), &as_listed(wanted, &listed(wanted, attributes))));
    ReadRequest { what: "look up a user", request, permission: USERS }
}

fn listed(wanted: &SnapshotScope, attributes: &[Attribute]) -> String {
    select(attributes, if wanted.licenses { &LICENSES } else { &[] })
}

fn as_listed<'a>(wanted: &SnapshotScope, properties: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut parameters = vec![("$select", properties)];
    if wanted.manager {
        parameters.push(("$expand", "manager($select=id)"));
    }
    parameters
}

/// The six reads of a snapshot, in the order in which [`Reader::snapshot`] takes their answers.
pub(in crate::graph) fn asks(wanted: &SnapshotScope, attributes: &[Attribute]) -> [ReadRequest; 6] {
    let properties = listed(wanted, attributes);
    let mut parameters = as_listed(wanted, &properties);
    parameters.push(("$top", "999"));
    let bin = select(attributes, &["deletedDateTime"]);
    let groups = BatchItem::get(with_query("/groups", &[("$select", GROUP_PROPERTIES), ("$top", "999")]));
    let deleted = with_query("/directory/deletedItems/microsoft.graph.user", &[("$select", &bin), ("$top", "999")]);
    let ask = |what, request, permission| ReadRequest { what, request, permission };
    [
        ask("read the users", BatchItem::get(with_query("/users", &parameters)), USERS),
        ask("read the deleted users", BatchItem::get(deleted), USERS),
        organization(),
        ask("read the active role assignments", BatchItem::get("/roleManagement/directory/roleAssignments"), ROLES),
        ask(
            "read the eligible role assignments",
            BatchItem::get("/roleManagement/directory/roleEligibilitySchedules"),
            "RoleEligibilitySchedule.Read.Directory",
        ),
        ask("read the groups", groups, GROUPS),
    ]
}
