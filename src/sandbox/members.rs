//! Members and owners of groups: the kinds of objects that a group takes, and the groups that an app can write at all.

use serde_json::{Value, json};

use super::deletion::delete_user;
use super::listing::page_size;
use super::memberships::wants_index;
use super::object::{Kind, Object};
use super::object_view::{cast, typed};
use super::query_options::{Scope, Select, opened, token};
use super::reply::{Answer, Problem, Reply};
use super::request::{Request, referenced};
use super::server::State;
use super::users::reference;

/// What is written on a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Properties,
    Members,
    Owners,
    Deletion,
}

/// Refuses what no app, or not this one, may write on a group.
pub(super) fn may_write(state: &State, group: &Object, write: Write) -> Result<(), Problem> {
    if group.is("mailEnabled") && !group.has_group_type("Unified") {
        return Err(Problem::new(
            403,
            "Authorization_RequestDenied",
            "Cannot Update a mail-enabled security groups and or distribution list.",
        ));
    }
    if group.is_synced() {
        return Err(Problem::synced());
    }
    if group.is("isAssignableToRole") && !state.app.assigns_roles() {
        return Err(Problem::denied());
    }
    if write == Write::Members && group.has_group_type("DynamicMembership") {
        return Err(Problem::denied());
    }
    Ok(())
}

fn relation_of(name: &str) -> Write {
    if name == "owners" { Write::Owners } else { Write::Members }
}

/// Routes what comes after a group's `members`, `owners` or `transitiveMembers`.
pub(super) fn route(state: &mut State, request: &Request, key: &str, relation: &str, tail: &[&str]) -> Answer {
    match (request.method.as_str(), tail) {
        ("GET", ["$count"]) => {
            let count = related(state, state.group(key)?, relation).len();
            if request.eventual() { Ok(Reply::count(count)) } else { Err(wants_index()) }
        }
        ("GET", []) => page(state, request, key, relation, None),
        ("GET", ["$ref"]) => {
            let found = related(state, state.group(key)?, relation);
            let links: Vec<Value> = found
                .iter()
                .map(|object| json!({ "@odata.id": format!("{}/directoryObjects/{}", state.base, object.id) }))
                .collect();
            Ok(Reply::ok(json!({ "value": links })))
        }
        ("GET", [name]) if cast(name).is_some() => page(state, request, key, relation, cast(name)),
        ("GET", ["microsoft.graph.directoryRole" | "microsoft.graph.administrativeUnit"]) => {
            Ok(Reply::ok(json!({ "value": [] })))
        }
        ("POST", ["$ref"]) if relation != "transitiveMembers" => {
            let group = state.group(key)?.clone();
            may_write(state, &group, relation_of(relation))?;
            let id = reference(state, request)?;
            let link = json!(format!("{}/directoryObjects/{id}", state.base));
            let group = added(state, group, &[link], relation)?;
            state.tenant.put(group);
            Ok(Reply::none())
        }
        ("DELETE", [id, "$ref"]) if relation != "transitiveMembers" => remove(state, key, relation, id),
        // What Graph does when the `/$ref` is forgotten.
        ("DELETE", [id]) if relation != "transitiveMembers" => {
            let found = related(state, state.group(key)?, relation);
            if !found.iter().any(|object| object.id.eq_ignore_ascii_case(id)) {
                return Err(Problem::absent(id));
            }
            state.app.demand("users.delete")?;
            delete_user(state, id)
        }
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

/// The group with all these members, or the reason why none of them is added.
pub(super) fn added(state: &State, mut group: Object, links: &[Value], relation: &str) -> Result<Object, Problem> {
    let at = state.tenant.next_change();
    for link in links {
        let id = referenced(link, &state.base)?;
        let target = state.tenant.live(&id).or_else(|| state.tenant.user(&id)).ok_or_else(|| Problem::absent(&id))?;
        if !state.visible(target) || !state.visible(&group) {
            return Err(Problem::bad("The source resource object or one of the objects being referenced don't exist."));
        }
        if target.kind == Kind::Group {
            let users_only = group.has_group_type("Unified") || group.has_group_type("DynamicMembership") || relation == "owners";
            if users_only || target.has_group_type("Unified") || target.id == group.id || group.is("isAssignableToRole") {
                return Err(Problem::bad("Unsupported reference of type 'Group' for the specified property."));
            }
        }
        let (list, removed) = if relation == "owners" {
            (&mut group.owners, &mut group.removed_owners)
        } else {
            (&mut group.members, &mut group.removed)
        };
        if list.insert(target.id.clone(), at).is_some() {
            return Err(Problem::bad(format!(
                "One or more added object references already exist for the following modified properties: '{relation}'."
            )));
        }
        removed.remove(&target.id);
    }
    Ok(group)
}

fn remove(state: &mut State, key: &str, relation: &str, id: &str) -> Answer {
    let mut group = state.group(key)?.clone();
    may_write(state, &group, relation_of(relation))?;
    let id = id.to_lowercase();
    if relation == "owners" && group.owners.len() == 1 && group.owners.contains_key(&id) {
        return Err(Problem::bad("The group must have at least one owner, hence this owner cannot be removed."));
    }
    let (list, removed) = if relation == "owners" {
        (&mut group.owners, &mut group.removed_owners)
    } else {
        (&mut group.members, &mut group.removed)
    };
    if list.remove(&id).is_none() {
        return Err(Problem::absent(&id));
    }
    removed.insert(id, state.tenant.next_change());
    state.tenant.put(group);
    Ok(Reply::none())
}

/// The live objects of a relation, in the order of their ids.
fn related<'a>(state: &'a State, group: &'a Object, relation: &str) -> Vec<&'a Object> {
    let direct = |group: &'a Object| group.members.keys().filter_map(|id| state.tenant.live(id));
    match relation {
        "owners" => group.owners.keys().filter_map(|id| state.tenant.live(id)).collect(),
        "members" => direct(group).collect(),
        _ => {
            let mut found = std::collections::BTreeMap::new();
            let mut open = vec![group];
            while let Some(group) = open.pop() {
                for object in direct(group) {
                    if found.insert(object.id.as_str(), object).is_none() {
                        open.push(object);
                    }
                }
            }
            found.into_values().collect()
        }
    }
}

fn page(state: &State, request: &Request, key: &str, relation: &str, of: Option<Kind>) -> Answer {
    let group = state.group(key)?;
    let kind = of.unwrap_or(Kind::User);
    let select = mixed_select(state, request.query("$select"), kind, of.is_none())?;
    let top = request.query("$top").map_or(Ok(100), |top| page_size(top, 999))?;
    let after = request.query("$skiptoken").and_then(opened).and_then(|token| token["after"].as_str().map(str::to_owned));
    let after = after.unwrap_or_default();
    let mut found = related(state, group, relation);
    found.retain(|object| of.is_none_or(|kind| object.kind == kind));
    let count = found.len();
    found.retain(|object| object.id > after);
    let more = found.len() > top;
    found.truncate(top);
    let value: Vec<Value> = found.iter().map(|object| typed(object, &select)).collect();
    let mut body = json!({ "@odata.context": format!("{}/$metadata#directoryObjects", state.base), "value": value });
    if request.advanced() && after.is_empty() {
        body["@odata.count"] = json!(count);
    }
    if more && let Some(last) = found.last() {
        body["@odata.nextLink"] = json!(request.link(&state.base, "$skiptoken", &token(&json!({ "after": last.id }))));
    }
    Ok(Reply::ok(body))
}

/// Without a cast, properties of users and of groups can be selected.
fn mixed_select(state: &State, text: Option<&str>, kind: Kind, mixed: bool) -> Result<Select, Problem> {
    let text = text.filter(|text| !text.is_empty());
    if !mixed {
        return Select::parse(state, text, kind, Scope::One);
    }
    let mut names = Vec::new();
    for name in text.into_iter().flat_map(|text| text.split(',')) {
        let of = |kind| Select::parse(state, Some(name), kind, Scope::One);
        match of(Kind::User).or_else(|_| of(Kind::Group))? {
            Select::Named(found) => names.extend(found),
            Select::Default => return Ok(Select::Default),
        }
    }
    Ok(if text.is_some() { Select::Named(names) } else { Select::Default })
}
