//! Deleted items, domains, the organization and directory roles.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::object::{Kind, Object};
use super::query_options::{Select, list};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::Core;
use super::users::typed;
use super::validate;

/// How long a deleted object can be restored.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Roles whose holders any user administrator may change.
const HARMLESS: [&str; 4] = [
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
    "4a5d8f65-41da-4de4-8968-e035b65339cf",
];

/// Routes all that is neither users nor groups.
pub(super) fn route(core: &mut Core, request: &Request, parts: &[&str]) -> Answer {
    match (request.method.as_str(), parts) {
        ("GET", ["domains"]) => collection(core, "domains", core.tenant.domains.clone()),
        ("GET", ["domains", id]) => core
            .tenant
            .domains
            .iter()
            .find(|domain| domain["id"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)))
            .map(|domain| Reply::ok(domain.clone()))
            .ok_or_else(|| Problem::absent(id)),
        ("GET", ["organization"]) => organization(core),
        ("GET", ["roleManagement", "directory", "roleAssignments"]) => {
            roles(core, request, "roleAssignments", core.tenant.role_assignments.clone())
        }
        ("GET", ["roleManagement", "directory", "roleEligibilitySchedules" | "roleEligibilityScheduleInstances"]) => {
            roles(core, request, "roleEligibilitySchedules", core.tenant.eligibilities.clone())
        }
        ("GET", ["directoryRoles"]) => directory_roles(core),
        ("GET", ["subscribedSkus"]) => collection(core, "subscribedSkus", Vec::new()),
        ("GET", ["directory", "deletedItems", cast]) => {
            let kind = match *cast {
                "microsoft.graph.user" => Kind::User,
                "microsoft.graph.group" => Kind::Group,
                id => {
                    let object = deleted(core, id)?;
                    let select = Select::parse(request.query("$select"), object.kind, false, &[])?;
                    return Ok(Reply::ok(typed(object, &select)));
                }
            };
            list(core, request, kind, move |core, after| {
                let start = (std::ops::Bound::Excluded(after.to_owned()), std::ops::Bound::Unbounded);
                Box::new(
                    core.tenant
                        .deleted
                        .range::<String, _>(start)
                        .filter_map(|id| core.tenant.objects.get(id))
                        .filter(move |object| object.kind == kind && restorable(core, object)),
                )
            })
        }
        ("POST", ["directory", "deletedItems", id, "restore" | "microsoft.graph.restore"]) => restore(core, request, id),
        ("DELETE", ["directory", "deletedItems", id]) => purge(core, id),
        ("POST", ["directoryObjects", "getByIds"]) => by_ids(core, request),
        ("POST", ["directoryObjects", "getAvailableExtensionProperties"]) if !core.tenant.extensions.is_empty() => {
            collection(core, "directoryObjects", core.tenant.extensions.clone())
        }
        _ => Err(Problem::new(
            400,
            "BadRequest",
            format!("Resource not found for the segment '{}'.", parts.first().unwrap_or(&"")),
        )),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the last step of every route that answers a collection"
)]
fn collection(core: &Core, name: &str, value: Vec<Value>) -> Answer {
    Ok(Reply::ok(json!({ "@odata.context": format!("{}/$metadata#{name}", core.base), "value": value })))
}

fn organization(core: &Core) -> Answer {
    let domains: Vec<Value> = core
        .tenant
        .domains
        .iter()
        .map(|domain| {
            json!({ "name": domain["id"], "isDefault": domain["isDefault"], "isInitial": domain["isInitial"], "type": domain["authenticationType"],
                    "capabilities": "Email, OfficeCommunicationsOnline" })
        })
        .collect();
    let organization = json!({
        "id": core.tenant.id,
        "displayName": "Contoso (sandbox)",
        "tenantType": "AAD",
        "countryLetterCode": "DE",
        "onPremisesSyncEnabled": null,
        "verifiedDomains": domains,
    });
    collection(core, "organization", vec![organization])
}

/// Role assignments, filtered by principal or role where asked.
fn roles(core: &Core, request: &Request, name: &str, mut all: Vec<Value>) -> Answer {
    if let Some(filter) = request.query("$filter") {
        let (property, value) = filter.split_once(" eq ").ok_or_else(|| Problem::query("Invalid filter clause."))?;
        if !["principalId", "roleDefinitionId"].contains(&property.trim()) {
            return Err(Problem::query("Invalid filter clause."));
        }
        all.retain(|role| role[property.trim()].as_str() == Some(value.trim().trim_matches('\'')));
    }
    collection(core, &format!("roleManagement/directory/{name}"), all)
}

fn directory_roles(core: &Core) -> Answer {
    let mut ids: Vec<&str> = core.tenant.role_assignments.iter().filter_map(|role| role["roleDefinitionId"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let roles = ids.iter().map(|id| json!({ "id": id, "roleTemplateId": id, "displayName": "Directory role" })).collect();
    collection(core, "directoryRoles", roles)
}

/// Whether only the highest administrators may touch this user.
pub(super) fn is_privileged(core: &Core, id: &str) -> bool {
    let holds = |principal: &str| {
        core.tenant.role_assignments.iter().any(|role| {
            role["principalId"].as_str().is_some_and(|held| held.eq_ignore_ascii_case(principal))
                && role["roleDefinitionId"].as_str().is_none_or(|role| !HARMLESS.contains(&role))
        })
    };
    holds(id)
        || core.tenant.groups.iter().filter_map(|group| core.tenant.objects.get(group)).any(|group| {
            group.props.get("isAssignableToRole") == Some(&Value::Bool(true))
                && (group.members.contains_key(id) || group.owners.contains_key(id))
        })
}

/// Moves an object to the deleted items.
pub(super) fn soft_delete(core: &mut Core, mut object: Object) {
    object.deleted = Some(core.clock.stamp());
    core.tenant.put(object);
}

fn restorable(core: &Core, object: &Object) -> bool {
    object.deleted.as_deref().and_then(|at| at.parse::<Timestamp>().ok()).is_some_and(|at| {
        let kept = SignedDuration::try_from(KEPT).unwrap_or(SignedDuration::MAX);
        core.clock.now().duration_since(at) < kept
    })
}

fn deleted<'a>(core: &'a Core, id: &str) -> Result<&'a Object, Problem> {
    core.tenant
        .objects
        .get(&id.to_lowercase())
        .filter(|object| !object.gone && restorable(core, object))
        .ok_or_else(|| Problem::absent(id))
}

fn restore(core: &mut Core, request: &Request, id: &str) -> Answer {
    let mut object = deleted(core, id)?.clone();
    let body = request.body.clone().unwrap_or_else(|| json!({}));
    if let Some(upn) = body["newUserPrincipalName"].as_str() {
        validate::user_principal_name(&core.tenant, upn)?;
        object.props.insert("userPrincipalName".to_owned(), json!(upn));
    }
    if object.text("userPrincipalName").is_some_and(|upn| core.tenant.upn_holder(upn).is_some()) {
        return Err(Problem::conflict("userPrincipalName"));
    }
    let proxies = object.props.get("proxyAddresses").and_then(Value::as_array).cloned().unwrap_or_default();
    let plain = |proxy: &Value| proxy.as_str().map(|text| text.split_once(':').map_or(text, |(_, rest)| rest).to_owned());
    let (taken, free): (Vec<Value>, Vec<Value>) =
        proxies.into_iter().partition(|proxy| plain(proxy).is_some_and(|address| core.tenant.address_holder(&address).is_some()));
    if !taken.is_empty() {
        if body["autoReconcileProxyConflict"] != json!(true) {
            return Err(Problem::conflict("proxyAddresses"));
        }
        if object.text("mail").is_some_and(|mail| core.tenant.address_holder(mail).is_some()) {
            object.props.insert("mail".to_owned(), Value::Null);
        }
        object.props.insert("proxyAddresses".to_owned(), json!(free));
    }
    object.deleted = None;
    let shown = typed(&object, &Select::Default);
    core.tenant.put(object);
    Ok(Reply::ok(shown))
}

fn purge(core: &mut Core, id: &str) -> Answer {
    let mut object = deleted(core, id)?.clone();
    if object.kind == Kind::Group {
        return Err(Problem::denied());
    }
    let id = object.id.clone();
    for report in core.tenant.reports(&id) {
        if let Some(mut report) = core.tenant.objects.get(&report).cloned() {
            report.manager_was = report.manager.take();
            report.manager_at = core.tenant.next_change();
            core.tenant.put(report);
        }
    }
    let groups: Vec<Object> = core.tenant.groups_of(&id).into_iter().cloned().collect();
    for mut group in groups {
        group.members.remove(&id);
        group.removed.insert(id.clone(), core.tenant.next_change());
        core.tenant.put(group);
    }
    object.gone = true;
    object.props.clear();
    object.manager = None;
    core.tenant.put(object);
    Ok(Reply::none())
}

fn by_ids(core: &mut Core, request: &Request) -> Answer {
    let ids = request.object()?.get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
    if ids.len() > 1000 {
        return Err(Problem::bad("The number of ids exceeds the limit of 1000."));
    }
    let found: Vec<Value> = ids
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|id| core.tenant.live(id))
        .map(|object| typed(object, &Select::Default))
        .collect();
    collection(core, "directoryObjects", found)
}
