//! Directory roles: assignments, definitions, and the holders of each role.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Builder;

use super::object_view::{reduced, typed};
use super::query_options::Select;
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::State;

/// The roles that companies give most, by the id of their template.
const NAMES: [(&str, &str); 16] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator"),
    ("4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator"),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator"),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"),
    ("95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter"),
    ("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", "Message Center Reader"),
    ("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader"),
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
    ("f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
];

fn name(template: &str) -> &str {
    NAMES.iter().find(|(id, _)| id.eq_ignore_ascii_case(template)).map_or("Custom role", |(_, name)| name)
}

fn collection(state: &State, name: &str, value: &[Value]) -> Reply {
    Reply::ok(json!({ "@odata.context": format!("{}/$metadata#{name}", state.base), "value": value }))
}

/// Routes what comes after `/roleManagement/directory`.
pub(super) fn route(state: &State, request: &Request, rest: &[&str]) -> Answer {
    let select = request.query("$select");
    match (request.method.as_str(), rest) {
        ("GET", ["roleAssignments"]) => {
            let mut found = filtered(request, state.tenant.role_assignments.clone())?;
            if let Some(expand) = request.query("$expand") {
                expanded(state, expand, &mut found)?;
            }
            Ok(collection(state, "roleManagement/directory/roleAssignments", &reduced(found, select)))
        }
        ("GET", ["roleEligibilitySchedules" | "roleEligibilityScheduleInstances"]) => {
            let found = filtered(request, state.tenant.eligibilities.clone())?;
            Ok(collection(state, "roleManagement/directory/roleEligibilitySchedules", &reduced(found, select)))
        }
        ("GET", ["roleDefinitions"]) => {
            let all = NAMES.iter().map(|(id, name)| definition(id, name)).collect();
            Ok(collection(state, "roleManagement/directory/roleDefinitions", &reduced(all, select)))
        }
        ("GET", ["roleDefinitions", id]) => {
            let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
            found.map(|(id, name)| Reply::ok(definition(id, name))).ok_or_else(|| Problem::absent(id))
        }
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

fn definition(id: &str, name: &str) -> Value {
    json!({ "id": id, "templateId": id, "displayName": name, "isBuiltIn": true, "isEnabled": true })
}

/// Assignments by principal or role, where asked.
fn filtered(request: &Request, all: Vec<Value>) -> Result<Vec<Value>, Problem> {
    equal(request, &["principalId", "roleDefinitionId"], all)
}

/// The objects that pass a `$filter` by `eq` on one of these properties.
fn equal(request: &Request, properties: &[&str], mut all: Vec<Value>) -> Result<Vec<Value>, Problem> {
    let Some(filter) = request.query("$filter") else { return Ok(all) };
    let invalid = || Problem::query("Invalid filter clause.");
    let (property, value) = filter.split_once(" eq ").ok_or_else(invalid)?;
    let value = value.trim().strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).ok_or_else(invalid)?;
    let property = properties.iter().find(|known| known.eq_ignore_ascii_case(property.trim())).ok_or_else(invalid)?;
    all.retain(|role| role[*property].as_str().is_some_and(|held| held.eq_ignore_ascii_case(value)));
    Ok(all)
}

fn expanded(state: &State, expand: &str, found: &mut [Value]) -> Result<(), Problem> {
    for role in found {
        match expand {
            "principal" => {
                let principal = role["principalId"].as_str().and_then(|id| state.tenant.live(id));
                role["principal"] = principal.map_or(Value::Null, |object| typed(object, &Select::Default));
            }
            "roleDefinition" => {
                let id = role["roleDefinitionId"].as_str().unwrap_or_default().to_owned();
                role["roleDefinition"] = definition(&id, name(&id));
            }
            _ => return Err(Problem::query(format!("'{expand}' cannot be expanded."))),
        }
    }
    Ok(())
}

/// The id of a role in this tenant. Each tenant draws ids of its own when it activates a role; the id of the template is the same in
/// all of them, and is no id of a role.
fn id(state: &State, template: &str) -> String {
    let digest = Sha256::digest(format!("{}/directoryRoles/{}", state.tenant.id, template.to_lowercase()));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A role as directory object collections have it.
fn role(state: &State, template: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.directoryRole", "id": id(state, template), "roleTemplateId": template, "displayName": name(template),
        "description": null, "deletedDateTime": null,
    })
}

/// The roles that an object holds.
pub(super) fn held(state: &State, principal: &str) -> Vec<Value> {
    let mine = |assignment: &&Value| assignment["principalId"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(principal));
    let ids = state.tenant.role_assignments.iter().filter(mine).filter_map(|assignment| assignment["roleDefinitionId"].as_str());
    ids.map(|template| role(state, template)).collect()
}

/// Routes what comes after `/directoryRoles`.
pub(super) fn activated(state: &State, request: &Request, rest: &[&str]) -> Answer {
    let mut templates: Vec<&str> =
        state.tenant.role_assignments.iter().filter_map(|role| role["roleDefinitionId"].as_str()).collect();
    templates.sort_unstable();
    templates.dedup();
    let known = |key: &str| {
        let is = |template: &&&str| match key.split_once('=') {
            Some((property, value)) => {
                property.eq_ignore_ascii_case("roleTemplateId") && template.eq_ignore_ascii_case(value.trim_matches('\''))
            }
            None => id(state, template).eq_ignore_ascii_case(key),
        };
        templates.iter().find(is).copied().ok_or_else(|| Problem::absent(key))
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let roles = templates.iter().map(|template| role(state, template)).collect();
            let found = equal(request, &["roleTemplateId", "displayName"], roles)?;
            Ok(collection(state, "directoryRoles", &reduced(found, request.query("$select"))))
        }
        ("GET", [key]) => known(key).map(|template| Reply::ok(role(state, template))),
        ("GET", [key, "members"]) => {
            let template = known(key)?;
            let holders = state.tenant.role_assignments.iter().filter(|role| role["roleDefinitionId"] == template);
            let members: Vec<Value> = holders
                .filter_map(|role| role["principalId"].as_str().and_then(|id| state.tenant.live(id)))
                .map(|object| typed(object, &Select::Default))
                .collect();
            Ok(collection(state, "directoryObjects", &members))
        }
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}
