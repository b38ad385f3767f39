//! The recycle bin: soft deletion, restoring, purging.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::lenience::Disputed;
use super::object::{Kind, Object};
use super::object_view::typed;
use super::query_options::Select;
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::State;
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

/// Whether only the highest administrators may touch this user.
pub(super) fn is_privileged(state: &State, id: &str) -> bool {
    let holds = |principal: &str| {
        state.tenant.role_assignments.iter().any(|role| {
            role["principalId"].as_str().is_some_and(|held| held.eq_ignore_ascii_case(principal))
                && role["roleDefinitionId"].as_str().is_none_or(|role| !HARMLESS.contains(&role))
        })
    };
    holds(id)
        || state
            .tenant
            .groups
            .iter()
            .filter_map(|group| state.tenant.objects.get(group))
            .any(|group| group.is("isAssignableToRole") && (group.members.contains_key(id) || group.owners.contains_key(id)))
}

/// Refuses what only the highest administrators may do to this user.
pub(super) fn spare_administrators(state: &State, id: &str) -> Result<(), Problem> {
    if !state.app.acts_on_administrators() && is_privileged(state, id) { Err(Problem::denied()) } else { Ok(()) }
}

/// Moves an object to the deleted items. A user's name gets the id before it, so that it is free for others.
pub(super) fn soft_delete(state: &mut State, mut object: Object) {
    object.deleted = Some(state.clock.stamp());
    if object.kind == Kind::User && !state.lenience.on(Disputed::DeletedNames) {
        let prefix = object.id.replace('-', "");
        if let Some(Value::String(upn)) = object.props.get_mut("userPrincipalName") {
            *upn = format!("{prefix}{upn}");
        }
    }
    state.tenant.put(object);
}

/// Soft-deletes a user; administrators are out of reach, and so are objects mastered on premises.
pub(super) fn delete_user(state: &mut State, key: &str) -> Answer {
    let user = state.user(key)?;
    spare_administrators(state, &user.id)?;
    if user.is_synced() {
        return Err(Problem::synced());
    }
    let user = user.clone();
    soft_delete(state, user);
    Ok(Reply::none())
}

/// Whether an object is in the deleted items, and not for too long.
pub(super) fn restorable(state: &State, object: &Object) -> bool {
    object.deleted.as_deref().and_then(|at| at.parse::<Timestamp>().ok()).is_some_and(|at| {
        let kept = SignedDuration::try_from(KEPT).unwrap_or(SignedDuration::MAX);
        state.clock.now().duration_since(at) < kept
    })
}

/// A deleted object by its id.
pub(super) fn deleted<'a>(state: &'a State, id: &str) -> Result<&'a Object, Problem> {
    state
        .tenant
        .objects
        .get(&id.to_lowercase())
        .filter(|object| !object.gone && restorable(state, object))
        .ok_or_else(|| Problem::absent(id))
}

/// Puts a deleted object back.
pub(super) fn restore(state: &mut State, request: &Request, id: &str) -> Answer {
    let mut object = deleted(state, id)?.clone();
    state.app.demand(if object.kind == Kind::User { "users.restore" } else { "groups.restore" })?;
    let body = request.parameters(&["autoReconcileProxyConflict", "newUserPrincipalName"])?;
    let reconcile = match body.get("autoReconcileProxyConflict") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(given)) => *given,
        Some(_) => return Err(Problem::bad("The parameter 'autoReconcileProxyConflict' has the type 'Edm.Boolean'.")),
    };
    let own = object.id.replace('-', "");
    let old = object.text("userPrincipalName").map(|upn| upn.strip_prefix(own.as_str()).unwrap_or(upn).to_owned());
    let upn = match body.get("newUserPrincipalName") {
        None | Some(Value::Null) => old,
        Some(Value::String(upn)) => {
            validate::user_principal_name(&state.tenant, upn)?;
            Some(upn.clone())
        }
        Some(_) => return Err(Problem::bad("The parameter 'newUserPrincipalName' has the type 'Edm.String'.")),
    };
    if let Some(upn) = upn {
        if state.tenant.upn_holder(&upn).is_some() {
            return Err(Problem::conflict("userPrincipalName"));
        }
        object.props.insert("userPrincipalName".to_owned(), json!(upn));
    }
    free_addresses(state, &mut object, reconcile)?;
    object.deleted = None;
    let shown = typed(&object, &Select::Default);
    state.tenant.put(object);
    Ok(Reply::ok(shown))
}

/// Drops the addresses that another object has by now, where that was asked for.
fn free_addresses(state: &State, object: &mut Object, reconcile: bool) -> Result<(), Problem> {
    let proxies = object.props.get("proxyAddresses").and_then(Value::as_array).cloned().unwrap_or_default();
    let plain = |proxy: &Value| proxy.as_str().map(|text| text.split_once(':').map_or(text, |(_, rest)| rest).to_owned());
    let (taken, free): (Vec<Value>, Vec<Value>) = proxies
        .into_iter()
        .partition(|proxy| plain(proxy).is_some_and(|address| state.tenant.address_holder(&address).is_some()));
    if taken.is_empty() {
        return Ok(());
    }
    if !reconcile {
        return Err(Problem::conflict("proxyAddresses"));
    }
    if object.text("mail").is_some_and(|mail| state.tenant.address_holder(mail).is_some()) {
        object.props.insert("mail".to_owned(), Value::Null);
    }
    object.props.insert("proxyAddresses".to_owned(), json!(free));
    Ok(())
}

/// Deletes a user for good. Apps may not do that to groups.
pub(super) fn purge(state: &mut State, id: &str) -> Answer {
    let mut object = deleted(state, id)?.clone();
    if object.kind == Kind::Group {
        return Err(Problem::denied());
    }
    state.app.demand("users.purge")?;
    let id = object.id.clone();
    for report in state.tenant.reports(&id) {
        if let Some(mut report) = state.tenant.objects.get(&report).cloned() {
            report.manager_was = report.manager.take();
            report.manager_at = state.tenant.next_change();
            state.tenant.put(report);
        }
    }
    let groups: Vec<Object> = state.tenant.groups_of(&id).into_iter().cloned().collect();
    for mut group in groups {
        group.members.remove(&id);
        group.removed.insert(id.clone(), state.tenant.next_change());
        state.tenant.put(group);
    }
    object.gone = true;
    object.props.clear();
    object.manager = None;
    state.tenant.put(object);
    Ok(Reply::none())
}
