//! What the calling app may do: its Graph permissions, by the table in `permissions.json`, and its directory roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::object::Kind;
use super::reply::Problem;
use super::request::Request;
use super::schema::find;

#[derive(Deserialize)]
struct Table {
    default: BTreeSet<String>,
    /// For each operation the sets of permissions that suffice.
    operations: BTreeMap<String, Vec<Vec<String>>>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| serde_json::from_str(include_str!("permissions.json")).expect("the embedded table is part of the program"));

/// Directory roles that may reset passwords of users without roles.
const RESETS: [&str; 4] =
    ["user administrator", "authentication administrator", "privileged authentication administrator", "global administrator"];
/// Directory roles that may act on administrators.
const HIGHEST: [&str; 2] = ["privileged authentication administrator", "global administrator"];
/// What the basic profile of a user has.
const BASIC: [&str; 8] =
    ["id", "displayName", "givenName", "surname", "mail", "userPrincipalName", "photo", "securityIdentifier"];

/// Whether any request that the sandbox covers asks for this Graph permission.
pub fn is_permission(name: &str) -> bool {
    TABLE.default.contains(name) || TABLE.operations.values().flatten().flatten().any(|permission| permission == name)
}

/// What a token says about the app that calls.
#[derive(Debug, Default)]
pub(super) struct Caller {
    /// The id of the app, where the token has one.
    pub(super) app: Option<String>,
    /// The permissions that the token lists; without them the app has those of the sandbox.
    pub(super) permissions: Option<BTreeSet<String>>,
}

/// The app of a token without an id.
const UNNAMED: &str = "00000000-0000-0000-0000-0000000000aa";

/// The calling app with its permissions and directory roles.
#[derive(Debug, Clone)]
pub(super) struct App {
    id: String,
    /// The permissions of a caller whose token lists none.
    granted: Arc<BTreeSet<String>>,
    permissions: Arc<BTreeSet<String>>,
    /// Names of directory roles in lower case.
    roles: BTreeSet<String>,
}

impl App {
    /// An app with these permissions, else with those that hrpush asks for, and with these directory roles.
    pub(super) fn new(permissions: Option<&BTreeSet<String>>, roles: &[String]) -> Self {
        let granted = Arc::new(permissions.unwrap_or(&TABLE.default).clone());
        Self {
            id: UNNAMED.to_owned(),
            permissions: Arc::clone(&granted),
            granted,
            roles: roles.iter().map(|role| role.to_lowercase()).collect(),
        }
    }

    /// Becomes the app of a token. The directory roles are those of the sandbox, whatever the token says.
    pub(super) fn act_for(&mut self, caller: Caller) {
        self.id = caller.app.unwrap_or_else(|| UNNAMED.to_owned());
        self.permissions = caller.permissions.map_or_else(|| Arc::clone(&self.granted), Arc::new);
    }

    /// The id by which the quota counts the app.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The permissions of the sandbox as the `roles` claim of a token has them.
    pub(super) fn granted(&self) -> impl Iterator<Item = &str> {
        self.granted.iter().map(String::as_str)
    }

    /// Whether it may write role-assignable groups.
    pub(super) fn assigns_roles(&self) -> bool {
        self.permissions.contains("RoleManagement.ReadWrite.Directory")
    }

    pub(super) fn resets_passwords(&self) -> bool {
        RESETS.iter().any(|role| self.roles.contains(*role))
    }

    pub(super) fn acts_on_administrators(&self) -> bool {
        HIGHEST.iter().any(|role| self.roles.contains(*role))
    }

    fn may(&self, operation: &str) -> bool {
        let Some(sets) = TABLE.operations.get(operation) else { return true };
        sets.iter().any(|set| set.iter().all(|permission| self.permissions.contains(permission)))
    }

    /// Refuses an operation for which a permission is missing.
    pub(super) fn demand(&self, operation: &str) -> Result<(), Problem> {
        if self.may(operation) { Ok(()) } else { Err(Problem::denied()) }
    }

    /// Refuses a request for which a permission is missing.
    pub(super) fn check(&self, request: &Request) -> Result<(), Problem> {
        if operations(request).iter().all(|operation| self.may(operation)) { Ok(()) } else { Err(Problem::denied()) }
    }
}

/// The operations of the table that a request consists of.
fn operations(request: &Request) -> Vec<&'static str> {
    let parts = request.parts();
    match (request.method.as_str(), &parts[..]) {
        ("PATCH", ["users", _]) => request.body.as_ref().and_then(Value::as_object).map(updates).unwrap_or_default(),
        ("GET", ["users"] | ["users", "$count" | _]) if parts.get(1) != Some(&"delta") => vec![reading(request)],
        (method, ["users", rest @ ..]) => of_users(method, rest),
        (method, ["groups", rest @ ..]) => of_groups(method, rest),
        (method, rest) => of_directory(method, rest),
    }
}

fn reading(request: &Request) -> &'static str {
    let names: Vec<&str> = request.query("$select").map(|names| names.split(',').map(str::trim).collect()).unwrap_or_default();
    if names.iter().any(|name| name.eq_ignore_ascii_case("signInActivity")) {
        return "users.signInActivity.read";
    }
    let basic = |name: &&str| BASIC.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !names.is_empty() && names.iter().all(basic) { "users.list.basic" } else { "users.list" }
}

fn of_users(method: &str, rest: &[&str]) -> Vec<&'static str> {
    vec![match (method, rest) {
        ("GET", ["delta"]) => "users.delta",
        ("POST", []) => "users.create",
        ("DELETE", [_]) => "users.delete",
        ("GET", [_, "manager", ..]) => "users.manager.read",
        ("PUT" | "DELETE", [_, "manager", "$ref"]) => "users.manager.write",
        ("GET", [_, "directReports", ..]) => "users.directReports.read",
        ("GET", [_, "memberOf", ..])
        | ("POST", [_, "getMemberGroups" | "checkMemberGroups" | "getMemberObjects" | "checkMemberObjects"]) => {
            "users.memberOf.read"
        }
        ("GET", [_, "transitiveMemberOf", ..]) => "users.transitiveMemberOf.read",
        ("GET", [_, "licenseDetails"]) => "users.licenseDetails.read",
        ("POST", [_, "revokeSignInSessions"]) => "users.revokeSessions",
        ("POST", [_, "assignLicense"]) => "licences.assign.user",
        ("POST", [_, "authentication", ..]) => "tap.create",
        ("GET", [_, "authentication", ..]) => "tap.list",
        ("DELETE", [_, "authentication", ..]) => "tap.delete",
        _ => return Vec::new(),
    }]
}

fn of_groups(method: &str, rest: &[&str]) -> Vec<&'static str> {
    vec![match (method, rest) {
        ("GET", ["delta"]) => "groups.delta",
        ("GET", [] | [_]) => "groups.list",
        ("POST", []) => "groups.create",
        ("DELETE", [_]) => "groups.delete",
        ("GET", [_, "members" | "transitiveMembers" | "memberOf", ..]) => "groups.members.read",
        ("GET", [_, "owners", ..]) => "groups.owners.read",
        ("POST" | "DELETE", [_, "members", .., "$ref"]) => "groups.members.write",
        ("POST" | "DELETE", [_, "owners", .., "$ref"]) => "groups.owners.write",
        _ => return Vec::new(),
    }]
}

fn of_directory(method: &str, parts: &[&str]) -> Vec<&'static str> {
    vec![match (method, parts) {
        ("GET", ["directory", "deletedItems", "microsoft.graph.group"]) => "groups.deleted.list",
        ("GET", ["directory", "deletedItems", ..]) => "users.deleted.list",
        ("GET", ["domains", ..]) => "tenant.domains.read",
        ("GET", ["organization", ..]) => "tenant.organization.read",
        ("GET", ["subscribedSkus", ..]) => "licences.skus.read",
        ("GET", ["roleManagement", "directory", "roleAssignments" | "roleDefinitions", ..] | ["directoryRoles", ..]) => {
            "roles.assignments.read"
        }
        ("GET", ["roleManagement", "directory", ..]) => "roles.eligibility.read",
        ("GET", ["policies", "authenticationMethodsPolicy", ..]) => "tap.policy.read",
        ("POST", ["servicePrincipals", _, "synchronization", "jobs", _, "bulkUpload"]) => "provisioning.bulkUpload",
        ("GET", ["servicePrincipals", _, "synchronization", "jobs", ..]) => "provisioning.job.read",
        ("GET", ["auditLogs", "provisioning", ..]) => "audit.provisioning.read",
        ("POST", ["directoryObjects", "getByIds"]) => "users.resolveIds",
        ("POST", ["directoryObjects", "getAvailableExtensionProperties"]) => "extensions.available.read",
        _ => return Vec::new(),
    }]
}

/// The operations that an update of a user consists of, by its properties.
fn updates(body: &Map<String, Value>) -> Vec<&'static str> {
    let of = |name: &String| match find(Kind::User, name).map_or(name.as_str(), |(name, _)| name) {
        "accountEnabled" => "users.update.accountEnabled",
        "businessPhones" | "mobilePhone" => "users.update.phones",
        "otherMails" => "users.update.otherMails",
        "passwordProfile" => "users.update.passwordProfile",
        "identities" => "users.update.identities",
        "employeeLeaveDateTime" => "users.update.employeeLeaveDateTime",
        "customSecurityAttributes" => "users.update.customSecurityAttributes",
        "userPrincipalName" => "users.update.userPrincipalName",
        _ => "users.update.ordinary",
    };
    body.keys().filter(|name| !name.starts_with('@')).map(of).collect()
}

/// The operation by which a group is changed or created, and the one for its members.
pub(super) fn of_group_update(body: &Map<String, Value>) -> &'static str {
    let members = body.keys().all(|name| name.eq_ignore_ascii_case("members@odata.bind"));
    if members { "groups.members.write" } else { "groups.update" }
}
