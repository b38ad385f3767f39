//! `/groups` and membership.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::directory::soft_delete;
use super::object::{Kind, Object};
use super::query_options::{Expand, Select, list, opened, token};
use super::reply::{Answer, Problem, Reply};
use super::request::{Request, referenced};
use super::server::Core;
use super::users::{delete, show, typed};
use super::validate;

/// Routes what comes after `/groups`.
pub(super) fn route(core: &mut Core, request: &Request, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(core, request, Kind::Group, |core, after| {
            let start = (std::ops::Bound::Excluded(after.to_owned()), std::ops::Bound::Unbounded);
            Box::new(core.tenant.groups.range::<String, _>(start).filter_map(|id| core.tenant.objects.get(id)))
        }),
        ("POST", []) => {
            let body = request.object()?;
            create(core, body)
        }
        ("GET", [key]) => {
            let select = Select::parse(request.query("$select"), Kind::Group, false, &[])?;
            let expand = Expand::parse(request.query("$expand"), false)?;
            show(core, core.group(key)?, &select, expand.as_ref(), "groups")
        }
        ("PATCH", [key]) => update(core, request, key),
        ("DELETE", [key]) => {
            let group = core.group(key)?.clone();
            soft_delete(core, group);
            Ok(Reply::none())
        }
        ("GET", [key, relation @ ("members" | "owners" | "transitiveMembers")]) => members(core, request, key, relation),
        ("POST", [key, relation @ ("members" | "owners"), "$ref"]) => {
            let link = request.object()?.get("@odata.id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let group = core.group(key)?.clone();
            let group = added(core, group, &[json!(link)], relation)?;
            core.tenant.put(group);
            Ok(Reply::none())
        }
        ("DELETE", [key, relation @ ("members" | "owners"), id, "$ref"]) => remove(core, key, relation, id),
        // What Graph does when the `/$ref` is forgotten.
        ("DELETE", [key, "members" | "owners", id]) => {
            core.group(key)?;
            delete(core, id)
        }
        _ => Err(Problem::new(400, "BadRequest", "Resource not found for the segment or method not allowed.")),
    }
}

fn create(core: &mut Core, body: &Map<String, Value>) -> Answer {
    let mut props = validate::create(&core.tenant, Kind::Group, body)?;
    let unified = props.get("groupTypes").and_then(Value::as_array).is_some_and(|types| types.contains(&json!("Unified")));
    props.insert("createdDateTime".to_owned(), json!(core.clock.stamp()));
    props.insert("renewedDateTime".to_owned(), json!(core.clock.stamp()));
    props.entry("visibility").or_insert_with(|| json!(if unified { "Public" } else { "Private" }));
    if unified {
        let mail =
            format!("{}@{}", props.get("mailNickname").and_then(Value::as_str).unwrap_or_default(), core.tenant.default_domain());
        if core.tenant.address_holder(&mail).is_some() {
            return Err(Problem::conflict("proxyAddresses"));
        }
        props.insert("proxyAddresses".to_owned(), json!([format!("SMTP:{mail}")]));
        props.insert("mail".to_owned(), json!(mail));
    }
    let bound = |name: &str| body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (members, owners) = (bound("members@odata.bind"), bound("owners@odata.bind"));
    if members.len() + owners.len() > 20 {
        return Err(Problem::bad("The number of references in the request exceeds the limit of 20."));
    }
    let mut group = Object::new(Uuid::new_v4().to_string(), Kind::Group, props);
    group = added(core, group, &members, "members")?;
    group = added(core, group, &owners, "owners")?;
    core.born(&mut group);
    let mut shown = Value::Object(Select::Default.show(&group));
    shown["@odata.context"] = json!(format!("{}/$metadata#groups/$entity", core.base));
    let location = format!("{}/groups/{}", core.base, group.id);
    core.tenant.put(group);
    Ok(Reply::created(shown, location))
}

fn update(core: &mut Core, request: &Request, key: &str) -> Answer {
    let body = request.object()?;
    if let Some(name) = key.strip_prefix("uniqueName=")
        && core.tenant.group_named(name).is_none()
        && request.header("prefer").is_some_and(|prefer| prefer.contains("create-if-missing"))
    {
        let mut body = body.clone();
        body.insert("uniqueName".to_owned(), json!(name));
        return create(core, &body);
    }
    let group = core.group(key)?;
    let changed = validate::update(&core.tenant, group, body)?;
    let members = body.get("members@odata.bind").and_then(Value::as_array).cloned().unwrap_or_default();
    if members.len() > 20 {
        return Err(Problem::bad("The number of references in the request exceeds the limit of 20."));
    }
    let mut group = added(core, group.clone(), &members, "members")?;
    group.props.extend(changed);
    core.tenant.put(group);
    Ok(Reply::none())
}

/// The group with all these members, or the reason why none of them is added.
fn added(core: &Core, mut group: Object, links: &[Value], relation: &str) -> Result<Object, Problem> {
    if links.is_empty() {
        return Ok(group);
    }
    let types = group.props.get("groupTypes").cloned().unwrap_or_else(|| json!([]));
    let has = |name: &str| types.as_array().is_some_and(|types| types.contains(&json!(name)));
    if group.props.get("onPremisesSyncEnabled") == Some(&Value::Bool(true)) {
        return Err(Problem::bad(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
        ));
    }
    if has("DynamicMembership") && relation == "members" {
        return Err(Problem::denied());
    }
    let at = core.tenant.next_change();
    for link in links {
        let id = referenced(link.as_str().unwrap_or_default());
        let target = core.tenant.live(&id).or_else(|| core.tenant.user(&id)).ok_or_else(|| Problem::absent(&id))?;
        if !core.visible(target) || !core.visible(&group) {
            return Err(Problem::bad("The source resource object or one of the objects being referenced don't exist."));
        }
        if target.kind == Kind::Group && (has("Unified") || relation == "owners" || target.id == group.id) {
            return Err(Problem::bad("Unsupported reference of type 'Group' for the specified property."));
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

fn remove(core: &mut Core, key: &str, relation: &str, id: &str) -> Answer {
    let mut group = core.group(key)?.clone();
    if group.props.get("onPremisesSyncEnabled") == Some(&Value::Bool(true)) {
        return Err(Problem::bad(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
        ));
    }
    let (list, removed) = if relation == "owners" {
        (&mut group.owners, &mut group.removed_owners)
    } else {
        (&mut group.members, &mut group.removed)
    };
    if list.remove(&id.to_lowercase()).is_none() {
        return Err(Problem::absent(id));
    }
    removed.insert(id.to_lowercase(), core.tenant.next_change());
    core.tenant.put(group);
    Ok(Reply::none())
}

fn members(core: &Core, request: &Request, key: &str, relation: &str) -> Answer {
    let group = core.group(key)?;
    let select =
        Select::parse(request.query("$select"), Kind::User, false, &["members", "description", "groupTypes", "securityEnabled"])?;
    let top = request.query("$top").map_or(Some(100), |top| top.parse().ok().filter(|top| (1..=999).contains(top)));
    let top = top.ok_or_else(|| Problem::query("Invalid page size specified. Must be between 1 and 999 inclusive."))?;
    let after = request.query("$skiptoken").and_then(opened).and_then(|token| token["after"].as_str().map(str::to_owned));
    let after = after.unwrap_or_default();
    let list = if relation == "owners" { &group.owners } else { &group.members };
    let live: Vec<&Object> = list.keys().filter(|id| **id > after).filter_map(|id| core.tenant.live(id)).take(top + 1).collect();
    let more = live.len() > top;
    let page = &live[..live.len().min(top)];
    let value: Vec<Value> = page.iter().map(|object| typed(object, &select)).collect();
    let mut body = json!({ "@odata.context": format!("{}/$metadata#directoryObjects", core.base), "value": value });
    if more && let Some(last) = page.last() {
        body["@odata.nextLink"] = json!(request.link(&core.base, "$skiptoken", &token(&json!({ "after": last.id }))));
    }
    Ok(Reply::ok(body))
}
