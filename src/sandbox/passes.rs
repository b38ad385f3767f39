//! Temporary Access Passes, by the policy of the tenant.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::clock;
use super::deletion::is_privileged;
use super::object::Object;
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::State;

/// Routes what comes after `temporaryAccessPassMethods`.
pub(super) fn route(state: &mut State, request: &Request, key: &str, tail: &[&str]) -> Answer {
    match (request.method.as_str(), tail) {
        ("POST", []) => create(state, request, key),
        ("GET", []) => {
            let shown: Vec<Value> = state.user(key)?.passes.clone();
            Ok(Reply::ok(json!({
                "@odata.context": format!("{}/$metadata#temporaryAccessPassMethods", state.base), "value": shown,
            })))
        }
        ("GET", [id]) => find(state.user(key)?, id).cloned().map(Reply::ok),
        ("DELETE", [id]) => {
            let mut user = state.user(key)?.clone();
            find(&user, id)?;
            user.passes.retain(|pass| pass["id"] != **id);
            state.tenant.put(user);
            Ok(Reply::none())
        }
        (method, _) => Err(Problem::uncovered(&format!("{method} {}", request.path))),
    }
}

fn find<'a>(user: &'a Object, id: &str) -> Result<&'a Value, Problem> {
    user.passes.iter().find(|pass| pass["id"] == id).ok_or_else(|| Problem::absent(id))
}

fn wrong(property: &str) -> Problem {
    Problem::bad(format!("The value of '{property}' is invalid for a Temporary Access Pass.")).detail("InvalidValue", property)
}

fn create(state: &mut State, request: &Request, key: &str) -> Answer {
    let mut user = state.user(key)?.clone();
    if is_privileged(state, &user.id) && !state.app.acts_on_administrators() {
        return Err(Problem::denied());
    }
    let policy = state.tenant.pass_policy.clone();
    if policy["state"] == "disabled" {
        return Err(Problem::bad("Temporary Access Passes are disabled by the policy of the tenant."));
    }
    let body = request.parameters(&["lifetimeInMinutes", "isUsableOnce", "startDateTime"])?;
    let (least, most) = (policy["minimumLifetimeInMinutes"].as_i64(), policy["maximumLifetimeInMinutes"].as_i64());
    let minutes = match body.get("lifetimeInMinutes") {
        None | Some(Value::Null) => policy["defaultLifetimeInMinutes"].as_i64().unwrap_or(60),
        Some(value) => value.as_i64().ok_or_else(|| wrong("lifetimeInMinutes"))?,
    };
    if minutes < least.unwrap_or(10) || minutes > most.unwrap_or(43_200) {
        return Err(wrong("lifetimeInMinutes"));
    }
    let only_once = policy["isUsableOnce"] == true;
    let once = match body.get("isUsableOnce") {
        None | Some(Value::Null) => only_once,
        Some(Value::Bool(once)) if *once || !only_once => *once,
        Some(_) => return Err(wrong("isUsableOnce")),
    };
    let start = match body.get("startDateTime") {
        None | Some(Value::Null) => state.clock.stamp(),
        Some(value) => {
            let moment = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
            clock::text(moment.ok_or_else(|| wrong("startDateTime"))?)
        }
    };
    let pass = json!({
        "id": Uuid::new_v4().to_string(), "temporaryAccessPass": null, "createdDateTime": state.clock.stamp(),
        "startDateTime": start, "lifetimeInMinutes": minutes, "isUsableOnce": once, "isUsable": true,
        "methodUsabilityReason": "EnabledByPolicy",
    });
    user.passes = vec![pass.clone()];
    state.tenant.put(user);
    let mut shown = pass;
    shown["temporaryAccessPass"] = json!(format!("TAP{:08x}", state.faults.chance.next() >> 32));
    Ok(Reply::with(201, shown))
}
