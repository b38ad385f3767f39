//! `/users` and what hangs on a user.

use std::ops::Bound;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::deletion::{delete_user, spare_administrators};
use super::listing::{count, list};
use super::object::{Kind, Object};
use super::object_view::{complete, follow_mail, show, typed};
use super::query_options::{Expand, Scope, Select};
use super::reply::{Answer, Problem, Reply};
use super::request::{Request, referenced};
use super::schema::find;
use super::server::State;
use super::{licenses, memberships, passes, validate};

/// Routes what comes after `/users`.
pub(super) fn route(state: &mut State, request: &Request, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(state, request, Kind::User, |state, after| {
            let start = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
            let objects = state.tenant.objects.range::<String, _>(start).map(|(_, object)| object);
            Box::new(objects.filter(|object| object.kind == Kind::User && object.live()))
        }),
        ("GET", ["$count"]) => count(state, request, Kind::User, Box::new(state.tenant.users())),
        ("POST", []) => create(state, request),
        ("GET", [key]) => {
            let select = Select::parse(state, request.query("$select"), Kind::User, Scope::One)?;
            let expand = Expand::parse(state, request.query("$expand"), Kind::User, false)?;
            show(state, state.user(key)?, &select, expand.as_ref(), "users")
        }
        ("PATCH", [key]) => update(state, request, key),
        ("DELETE", [key]) => delete_user(state, key),
        ("GET", [key, "manager"]) => {
            let select = Select::parse(state, request.query("$select"), Kind::User, Scope::One)?;
            show(state, manager(state, key)?, &select, None, "directoryObjects")
        }
        ("GET", [key, "manager", "$ref"]) => {
            let id = manager(state, key)?.id.clone();
            Ok(Reply::ok(json!({ "@odata.id": format!("{}/users/{id}", state.base) })))
        }
        ("PUT", [key, "manager", "$ref"]) => set_manager(state, request, key),
        ("DELETE", [key, "manager", "$ref"]) => clear_manager(state, key),
        ("GET", [key, "directReports"]) => direct_reports(state, request, key),
        ("GET", [key, relation @ ("memberOf" | "transitiveMemberOf"), tail @ ..]) => {
            let id = state.user(key)?.id.clone();
            memberships::list(state, request, &id, *relation == "transitiveMemberOf", tail)
        }
        ("POST", [key, action @ ("getMemberGroups" | "checkMemberGroups" | "getMemberObjects" | "checkMemberObjects")]) => {
            let id = state.user(key)?.id.clone();
            memberships::action(state, request, &id, action)
        }
        ("GET", [key, "licenseDetails"]) => licenses::details(state, key),
        ("POST", [key, "revokeSignInSessions"]) => revoke_sessions(state, request, key),
        ("POST", [key, "assignLicense"]) => licenses::assign(state, request, key),
        (_, [key, "authentication", "temporaryAccessPassMethods", tail @ ..]) => passes::route(state, request, key, tail),
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

fn create(state: &mut State, request: &Request) -> Answer {
    let body = request.object()?;
    if body.keys().any(|name| name.eq_ignore_ascii_case("manager@odata.bind") || name.eq_ignore_ascii_case("manager")) {
        return Err(Problem::bad("Unable to set a manager when a user is created.").detail("InvalidProperty", "manager"));
    }
    let named = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let names = [named("userPrincipalName"), named("employeeId")];
    state.faults.refusal(written(body).into_iter(), &names)?;
    let mut props = validate::create(state, Kind::User, body, &[])?;
    complete(&mut props, &state.clock.stamp(), &state.tenant.initial_domain());
    let mut user = Object::new(Uuid::new_v4().to_string(), Kind::User, props);
    state.born(&mut user);
    let location = format!("{}/users/{}", state.base, user.id);
    let reply = show(state, &user, &Select::Default, None, "users")?;
    state.tenant.put(user);
    Ok(Reply { status: 201, ..reply }.header("Location", location))
}

/// The properties that a body writes: of complex values the parts, too.
fn written(body: &Map<String, Value>) -> Vec<&str> {
    let parts = body.values().filter_map(Value::as_object).flat_map(Map::keys);
    body.keys().chain(parts).map(String::as_str).collect()
}

fn update(state: &mut State, request: &Request, key: &str) -> Answer {
    let body = request.object()?;
    let user = state.user(key)?;
    state.faults.refusal(written(body).into_iter(), &user.names())?;
    let changed = validate::update(state, user, body, &[])?;
    if changed.keys().any(|name| find(Kind::User, name).is_some_and(|(_, rule)| rule.sensitive)) {
        spare_administrators(state, &user.id)?;
    }
    if changed.contains_key("passwordProfile") && !state.app.resets_passwords() {
        return Err(Problem::denied());
    }
    let mut user = user.clone();
    let now = state.clock.stamp();
    for (name, value) in changed {
        match name.as_str() {
            "passwordProfile" => {
                user.props.insert("lastPasswordChangeDateTime".to_owned(), json!(now));
            }
            "onPremisesExtensionAttributes" => merge(&mut user.props, &name, value),
            _ => {
                user.props.insert(name, value);
            }
        }
    }
    follow_mail(&mut user.props);
    let upn = user.props.get("userPrincipalName").cloned().unwrap_or(Value::Null);
    if let Some(identities) = user.props.get_mut("identities").and_then(Value::as_array_mut) {
        for identity in identities.iter_mut().filter(|identity| identity["signInType"] == "userPrincipalName") {
            identity["issuerAssignedId"] = upn.clone();
        }
    }
    state.tenant.put(user);
    Ok(Reply::none())
}

/// The parts given replace their like; the others stay.
fn merge(props: &mut Map<String, Value>, name: &str, value: Value) {
    let old = props.entry(name).or_insert_with(|| json!({}));
    match (old.as_object_mut(), value) {
        (Some(old), Value::Object(new)) => old.extend(new),
        (_, value) => *old = value,
    }
}

fn manager<'a>(state: &'a State, key: &str) -> Result<&'a Object, Problem> {
    let user = state.user(key)?;
    user.manager.as_deref().and_then(|id| state.tenant.live(id)).ok_or_else(|| Problem::absent("manager"))
}

/// The one reference in a body, which has nothing else.
pub(super) fn reference(state: &State, request: &Request) -> Result<String, Problem> {
    let body = request.object()?;
    let link = body.get("@odata.id").ok_or_else(|| Problem::bad("The body has no '@odata.id'."))?;
    if let Some(other) = body.keys().find(|name| *name != "@odata.id") {
        return Err(Problem::bad(format!("The property '{other}' is not supported in a reference.")));
    }
    referenced(link, &state.base)
}

fn set_manager(state: &mut State, request: &Request, key: &str) -> Answer {
    let target = reference(state, request)?;
    let mut user = state.user(key)?.clone();
    if user.is_synced() {
        return Err(Problem::synced());
    }
    let target = state.user(&target)?.id.clone();
    if target == user.id {
        return Err(Problem::bad("A user cannot be the own manager.").detail("InvalidValue", "manager"));
    }
    if user.manager.as_ref() != Some(&target) {
        user.manager_was = user.manager.replace(target);
        user.manager_at = state.tenant.next_change();
        state.tenant.put(user);
    }
    Ok(Reply::none())
}

fn clear_manager(state: &mut State, key: &str) -> Answer {
    let mut user = state.user(key)?.clone();
    if user.is_synced() {
        return Err(Problem::synced());
    }
    if user.manager.is_none() {
        return Err(Problem::absent("manager"));
    }
    user.manager_was = user.manager.take();
    user.manager_at = state.tenant.next_change();
    state.tenant.put(user);
    Ok(Reply::none())
}

fn direct_reports(state: &State, request: &Request, key: &str) -> Answer {
    let select = Select::parse(state, request.query("$select"), Kind::User, Scope::One)?;
    let reports = state.tenant.reports(&state.user(key)?.id);
    let shown: Vec<Value> = reports.iter().filter_map(|id| state.tenant.live(id)).map(|user| typed(user, &select)).collect();
    Ok(Reply::ok(json!({ "@odata.context": format!("{}/$metadata#directoryObjects", state.base), "value": shown })))
}

fn revoke_sessions(state: &mut State, request: &Request, key: &str) -> Answer {
    request.parameters(&[])?;
    let mut user = state.user(key)?.clone();
    user.props.insert("signInSessionsValidFromDateTime".to_owned(), json!(state.clock.stamp()));
    state.tenant.put(user);
    Ok(Reply::ok(json!({ "@odata.context": format!("{}/$metadata#Edm.Boolean", state.base), "value": true })))
}
