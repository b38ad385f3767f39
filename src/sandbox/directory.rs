//! Deleted items, domains, the organization, subscriptions, directory objects.

use std::ops::Bound;

use serde_json::{Value, json};

use super::deletion::{deleted, purge, restorable, restore};
use super::listing::list;
use super::object::Kind;
use super::object_view::{cast, reduced, show, typed};
use super::query_options::{Scope, Select};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::State;
use super::{licenses, roles};

/// Routes all that is neither users nor groups.
pub(super) fn route(state: &mut State, request: &Request, parts: &[&str]) -> Answer {
    match (request.method.as_str(), parts) {
        ("GET", ["domains"]) => Ok(collection(state, request, "domains", state.tenant.domains.clone())),
        ("GET", ["domains", id]) => state
            .tenant
            .domains
            .iter()
            .find(|domain| domain["id"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)))
            .map(|domain| Reply::ok(domain.clone()))
            .ok_or_else(|| Problem::absent(id)),
        ("GET", ["organization"]) => Ok(collection(state, request, "organization", vec![organization(state)])),
        ("GET", ["organization", id]) if id.eq_ignore_ascii_case(&state.tenant.id) => Ok(Reply::ok(organization(state))),
        (_, ["roleManagement", "directory", rest @ ..]) => roles::route(state, request, rest),
        (_, ["directoryRoles", rest @ ..]) => roles::activated(state, request, rest),
        ("GET", ["subscribedSkus"]) => Ok(collection(state, request, "subscribedSkus", licenses::subscriptions(state))),
        (
            "GET",
            [
                "policies",
                "authenticationMethodsPolicy",
                "authenticationMethodConfigurations",
                "temporaryAccessPass" | "TemporaryAccessPass",
            ],
        ) => Ok(Reply::ok(state.tenant.pass_policy.clone())),
        (_, ["directory", "deletedItems", rest @ ..]) => deleted_items(state, request, rest),
        (_, ["directoryObjects", rest @ ..]) => objects(state, request, rest),
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

fn deleted_items(state: &mut State, request: &Request, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", ["microsoft.graph.administrativeUnit"]) => Ok(collection(state, request, "administrativeUnits", Vec::new())),
        ("GET", [name]) => match cast(name) {
            Some(kind) => list(state, request, kind, move |state, after| {
                let start = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
                let objects = state.tenant.deleted.range::<String, _>(start).filter_map(|id| state.tenant.objects.get(id));
                Box::new(objects.filter(move |object| object.kind == kind && restorable(state, object)))
            }),
            None => {
                let object = deleted(state, name)?;
                let select = Select::parse(state, request.query("$select"), object.kind, Scope::One)?;
                Ok(Reply::ok(typed(object, &select)))
            }
        },
        ("POST", [id, "restore"]) => restore(state, request, id),
        ("DELETE", [id]) => purge(state, id),
        ("GET", []) => {
            Err(Problem::new(400, "BadRequest", "The type of the deleted items is required: deletedItems/microsoft.graph.user."))
        }
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

fn objects(state: &State, request: &Request, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("POST", ["getByIds"]) => by_ids(state, request),
        ("POST", ["getAvailableExtensionProperties"]) => {
            let body = request.parameters(&["isSyncedFromOnPremises"])?;
            let synced = body.get("isSyncedFromOnPremises").is_some_and(|given| given == true);
            let found =
                state.tenant.extensions.iter().filter(|definition| !synced || definition["isSyncedFromOnPremises"] == true);
            let shown = found.map(extension).collect();
            Ok(collection(state, request, "directoryObjects", shown))
        }
        ("GET", [id]) => {
            let object = state.tenant.live(id).filter(|object| state.visible(object)).ok_or_else(|| Problem::absent(id))?;
            let select = Select::parse(state, request.query("$select"), object.kind, Scope::One)?;
            show(state, object, &select, None, "directoryObjects")
        }
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

/// The definition of a directory extension with what the seed left out.
fn extension(definition: &Value) -> Value {
    let mut shown = json!({
        "@odata.type": "#microsoft.graph.extensionProperty", "id": definition["name"], "appDisplayName": "", "dataType": "String",
        "isMultiValued": false, "isSyncedFromOnPremises": false, "targetObjects": ["User"],
    });
    if let (Some(shown), Some(given)) = (shown.as_object_mut(), definition.as_object()) {
        shown.extend(given.clone());
    }
    shown
}

fn collection(state: &State, request: &Request, name: &str, value: Vec<Value>) -> Reply {
    let value = reduced(value, request.query("$select"));
    Reply::ok(json!({ "@odata.context": format!("{}/$metadata#{name}", state.base), "value": value }))
}

fn organization(state: &State) -> Value {
    let domains: Vec<Value> = state
        .tenant
        .domains
        .iter()
        .map(|domain| {
            json!({ "name": domain["id"], "isDefault": domain["isDefault"], "isInitial": domain["isInitial"], "type": domain["authenticationType"],
                    "capabilities": "Email, OfficeCommunicationsOnline" })
        })
        .collect();
    json!({
        "id": state.tenant.id,
        "displayName": "Contoso (sandbox)",
        "tenantType": "AAD",
        "countryLetterCode": "DE",
        "onPremisesSyncEnabled": null,
        "verifiedDomains": domains,
    })
}

fn by_ids(state: &State, request: &Request) -> Answer {
    request.object()?;
    let body = request.parameters(&["ids", "types"])?;
    let texts = |name: &str| {
        let list = body.get(name).and_then(Value::as_array).filter(|list| list.iter().all(Value::is_string));
        list.map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>())
    };
    let ids = texts("ids").ok_or_else(|| Problem::bad("A value is required for parameter 'ids'."))?;
    if ids.len() > 1000 {
        return Err(Problem::bad("The number of ids exceeds the limit of 1000."));
    }
    let types = texts("types").unwrap_or_default();
    let wanted = |kind: Kind| {
        let name = if kind == Kind::User { "user" } else { "group" };
        types.is_empty()
            || types.iter().any(|given| given.eq_ignore_ascii_case(name) || given.eq_ignore_ascii_case("directoryObject"))
    };
    let mut found = Vec::new();
    for object in ids.iter().filter_map(|id| state.tenant.live(id)).filter(|object| wanted(object.kind)) {
        // A property of groups alone is absent on users, and the other way round.
        let names: Vec<&str> = request.query("$select").into_iter().flat_map(|text| text.split(',')).collect();
        let known: Vec<&str> =
            names.iter().copied().filter(|name| Select::parse(state, Some(name), object.kind, Scope::One).is_ok()).collect();
        let select = if names.is_empty() {
            Select::Default
        } else {
            Select::parse(state, Some(&known.join(",")), object.kind, Scope::One)?
        };
        found.push(typed(object, &select));
    }
    Ok(Reply::ok(json!({ "@odata.context": format!("{}/$metadata#directoryObjects", state.base), "value": found })))
}
