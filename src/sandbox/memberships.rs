//! What an object is a member of: `memberOf`, and the actions that ask for groups.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::object::{Kind, Object};
use super::object_view::{cast, typed};
use super::query_options::{Scope, Select};
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::roles;
use super::server::State;

/// `memberOf` and `transitiveMemberOf`, with a cast, `$count` or `$ref` behind them.
pub(super) fn list(state: &State, request: &Request, id: &str, transitive: bool, tail: &[&str]) -> Answer {
    let select = Select::parse(state, request.query("$select"), Kind::Group, Scope::One)?;
    let groups = if transitive { transitive_groups(state, id) } else { state.tenant.groups_of(id) };
    let groups = groups.into_iter().map(|group| typed(group, &select));
    let (tail, counted) = match tail {
        [tail @ .., "$count"] => (tail, true),
        tail => (tail, false),
    };
    let shown: Vec<Value> = match tail {
        [] => groups.chain(roles::held(state, id)).collect(),
        ["microsoft.graph.directoryRole"] => roles::held(state, id),
        ["microsoft.graph.administrativeUnit"] => Vec::new(),
        ["$ref"] => groups
            .map(|group| json!({ "@odata.id": format!("{}/directoryObjects/{}", state.base, text(&group["id"])) }))
            .collect(),
        [name] if cast(name) == Some(Kind::Group) => groups.collect(),
        _ => return Err(Problem::uncovered(&format!("GET {}", request.path))),
    };
    if counted {
        return if request.eventual() { Ok(Reply::count(shown.len())) } else { Err(wants_index()) };
    }
    Ok(Reply::ok(json!({ "@odata.context": format!("{}/$metadata#directoryObjects", state.base), "value": shown })))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The refusal of a count without the index store.
pub(super) fn wants_index() -> Problem {
    Problem::query("Request with $count is only supported with the header ConsistencyLevel: eventual.")
}

/// The groups of an object, and the groups of those.
fn transitive_groups<'a>(state: &'a State, id: &str) -> Vec<&'a Object> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut open = vec![id.to_owned()];
    while let Some(id) = open.pop() {
        for group in state.tenant.groups_of(&id) {
            if seen.insert(group.id.clone()) {
                open.push(group.id.clone());
                found.push(group);
            }
        }
    }
    found
}

/// The actions that answer with ids.
pub(super) fn action(state: &State, request: &Request, id: &str, action: &str) -> Answer {
    let groups = transitive_groups(state, id);
    let ids: Vec<String> = if action.starts_with("get") {
        let body = request.parameters(&["securityEnabledOnly"])?;
        let secure = body.get("securityEnabledOnly").and_then(Value::as_bool);
        let secure = secure.ok_or_else(|| Problem::bad("A value is required for parameter 'securityEnabledOnly'."))?;
        groups.iter().filter(|group| !secure || group.is("securityEnabled")).map(|group| group.id.clone()).collect()
    } else {
        let name = if action == "checkMemberGroups" { "groupIds" } else { "ids" };
        let body = request.parameters(&[name])?;
        let asked = body.get(name).and_then(Value::as_array).filter(|ids| ids.len() <= 20 && ids.iter().all(Value::is_string));
        let asked = asked.ok_or_else(|| Problem::bad(format!("The parameter '{name}' takes up to 20 ids.")))?;
        let member = |id: &&str| groups.iter().any(|group| group.id.eq_ignore_ascii_case(id));
        asked.iter().filter_map(Value::as_str).filter(member).map(str::to_owned).collect()
    };
    Ok(Reply::ok(json!({ "@odata.context": format!("{}/$metadata#Collection(Edm.String)", state.base), "value": ids })))
}
