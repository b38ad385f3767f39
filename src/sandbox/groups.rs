//! `/groups`: the groups themselves.

use std::ops::Bound;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::app::of_group_update;
use super::deletion::soft_delete;
use super::listing::{count, list};
use super::members::{self, Write, added, may_write};
use super::memberships;
use super::object::{Kind, Object};
use super::object_view::show;
use super::query_options::{Expand, Scope, Select};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::schema::find;
use super::server::State;
use super::validate::{self, bound};

/// The most references of one request.
const REFERENCES: usize = 20;

/// Routes what comes after `/groups`.
pub(super) fn route(state: &mut State, request: &Request, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(state, request, Kind::Group, |state, after| {
            let start = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
            Box::new(state.tenant.groups.range::<String, _>(start).filter_map(|id| state.tenant.objects.get(id)))
        }),
        ("GET", ["$count"]) => {
            let groups = state.tenant.groups.iter().filter_map(|id| state.tenant.objects.get(id));
            count(state, request, Kind::Group, Box::new(groups))
        }
        ("POST", []) => create(state, request.object()?),
        ("GET", [key]) => {
            let select = Select::parse(state, request.query("$select"), Kind::Group, Scope::One)?;
            let expand = Expand::parse(state, request.query("$expand"), Kind::Group, false)?;
            show(state, state.group(key)?, &select, expand.as_ref(), "groups")
        }
        ("PATCH", [key]) => update(state, request, key),
        ("DELETE", [key]) => {
            let group = state.group(key)?.clone();
            may_write(state, &group, Write::Deletion)?;
            soft_delete(state, group);
            Ok(Reply::none())
        }
        (_, [key, relation @ ("members" | "owners" | "transitiveMembers"), tail @ ..]) => {
            members::route(state, request, key, relation, tail)
        }
        ("GET", [key, relation @ ("memberOf" | "transitiveMemberOf"), tail @ ..]) => {
            let id = state.group(key)?.id.clone();
            memberships::list(state, request, &id, *relation == "transitiveMemberOf", tail)
        }
        ("POST", [key, action @ ("getMemberGroups" | "checkMemberGroups" | "getMemberObjects" | "checkMemberObjects")]) => {
            let id = state.group(key)?.id.clone();
            memberships::action(state, request, &id, action)
        }
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

fn create(state: &mut State, body: &Map<String, Value>) -> Answer {
    let mut props = validate::create(state, Kind::Group, body, &["members", "owners"])?;
    if props.get("isAssignableToRole") == Some(&json!(true)) {
        state.app.demand("groups.create.roleAssignable")?;
    }
    let has = |name: &str| props.get("groupTypes").and_then(Value::as_array).is_some_and(|types| types.contains(&json!(name)));
    let (unified, dynamic) = (has("Unified"), has("DynamicMembership"));
    props.insert("createdDateTime".to_owned(), json!(state.clock.stamp()));
    props.insert("renewedDateTime".to_owned(), json!(state.clock.stamp()));
    props.entry("groupTypes").or_insert_with(|| json!([]));
    props.entry("visibility").or_insert_with(|| json!(if unified { "Public" } else { "Private" }));
    if unified {
        let nick = props.get("mailNickname").and_then(Value::as_str).unwrap_or_default();
        let mail = format!("{nick}@{}", state.tenant.default_domain());
        if state.tenant.address_holder(&mail).is_some() {
            return Err(Problem::conflict("proxyAddresses"));
        }
        props.insert("proxyAddresses".to_owned(), json!([format!("SMTP:{mail}")]));
        props.insert("mail".to_owned(), json!(mail));
    }
    let (members, owners) = (bound(body, "members"), bound(body, "owners"));
    if members.len() + owners.len() > REFERENCES {
        return Err(too_many());
    }
    if dynamic && !members.is_empty() {
        return Err(Problem::denied());
    }
    let mut group = Object::new(Uuid::new_v4().to_string(), Kind::Group, props);
    group = added(state, group, &members, "members")?;
    group = added(state, group, &owners, "owners")?;
    state.born(&mut group);
    let location = format!("{}/groups/{}", state.base, group.id);
    let reply = show(state, &group, &Select::Default, None, "groups")?;
    state.tenant.put(group);
    Ok(Reply { status: 201, ..reply }.header("Location", location))
}

fn too_many() -> Problem {
    Problem::bad(format!("The number of references in the request exceeds the limit of {REFERENCES}."))
}

fn update(state: &mut State, request: &Request, key: &str) -> Answer {
    let body = request.object()?;
    if let Some((property, name)) = key.split_once('=')
        && property.eq_ignore_ascii_case("uniqueName")
        && state.tenant.group_named(name).is_none()
        && request.header("prefer").is_some_and(|prefer| prefer.contains("create-if-missing"))
    {
        state.app.demand("groups.create")?;
        let mut body = body.clone();
        body.insert("uniqueName".to_owned(), json!(name));
        return create(state, &body);
    }
    state.app.demand(of_group_update(body))?;
    let group = state.group(key)?.clone();
    let members = bound(body, "members");
    may_write(state, &group, if members.is_empty() { Write::Properties } else { Write::Members })?;
    let changed = validate::update(state, &group, body, &["members"])?;
    if members.len() > REFERENCES {
        return Err(too_many());
    }
    // Exchange holds these properties, and its answer has another status.
    let held_by_exchange = changed.keys().any(|name| find(Kind::Group, name).is_some_and(|(_, rule)| rule.alone));
    let mut group = added(state, group, &members, "members")?;
    group.props.extend(changed);
    state.tenant.put(group);
    Ok(if held_by_exchange { Reply { status: 200, ..Reply::none() } } else { Reply::none() })
}
