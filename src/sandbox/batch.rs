//! `$batch`: up to twenty requests in one, each paid and answered on its own.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::faults::Fault;
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::{Core, broken};

/// Runs a batch; only a malformed one is refused as a whole.
pub(super) fn run(core: &mut Core, outer: &Request) -> Answer {
    let malformed = |message: &str| Problem::new(400, "BadRequest", message);
    let body = outer.object()?;
    let items = body.get("requests").and_then(Value::as_array).ok_or_else(|| malformed("Invalid batch payload format."))?;
    if items.is_empty() || items.len() > 20 {
        return Err(malformed("Number of batch request steps has to be between 1 and 20."));
    }
    let mut seen = HashSet::new();
    for item in items {
        let id = item["id"].as_str().filter(|id| !id.is_empty()).ok_or_else(|| malformed("A batch request step has no id."))?;
        if !seen.insert(id.to_lowercase()) {
            return Err(malformed("Request Id has to be unique in a batch."));
        }
        if item["method"].as_str().is_none() || item["url"].as_str().is_none() {
            return Err(malformed("A batch request step has no method or url."));
        }
        if item.get("body").is_some_and(|body| !body.is_null()) && !has_content_type(item) {
            return Err(malformed("Write request with a body has to have a Content-Type header."));
        }
    }
    let half = core.trouble.strikes(Fault::HalfBatch);
    let mut done: BTreeMap<String, u16> = BTreeMap::new();
    let mut answers = Vec::with_capacity(items.len());
    let mut waiting: Vec<(usize, &Value)> = items.iter().enumerate().collect();
    while !waiting.is_empty() {
        let (ready, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, item)| needs(item).iter().all(|id| done.contains_key(id) || !seen.contains(id)));
        if ready.is_empty() {
            return Err(malformed("The dependencies of the batch go round in a circle."));
        }
        for (position, item) in ready {
            let failed = needs(item).iter().any(|id| done.get(id).is_none_or(|status| *status >= 400));
            let reply = if failed {
                Problem::new(424, "FailedDependency", "A request this one depends on failed.").reply(&core.clock.stamp(), None)
            } else if half && position % 2 == 1 {
                broken(503).reply(&core.clock.stamp(), None)
            } else {
                inner(core, item)
            };
            let id = item["id"].as_str().unwrap_or_default();
            done.insert(id.to_lowercase(), reply.status);
            answers.push(answer(id, reply));
        }
        waiting = later;
    }
    core.trouble.chance.shuffle(&mut answers);
    Ok(Reply::ok(json!({ "responses": answers })))
}

fn needs(item: &Value) -> Vec<String> {
    item["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect()
}

fn has_content_type(item: &Value) -> bool {
    item["headers"].as_object().is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")))
}

fn inner(core: &mut Core, item: &Value) -> Reply {
    let method = item["method"].as_str().unwrap_or_default().to_ascii_uppercase();
    let url = item["url"].as_str().unwrap_or_default();
    let url = format!("/{}", url.trim_start_matches('/'));
    let headers: HashMap<String, String> = item["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned())))
        .collect();
    core.note(&method, &url);
    let body = item.get("body").filter(|body| !body.is_null()).cloned();
    let reply = core.one(&Request::new(&method, &url, headers, body));
    core.write_log(&method, &format!("/v1.0/$batch{url}"), reply.status);
    reply
}

fn answer(id: &str, reply: Reply) -> Value {
    let mut headers: Map<String, Value> = reply.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let mut answer = json!({ "id": id, "status": reply.status });
    if let Some(body) = reply.body {
        headers.insert("Content-Type".to_owned(), json!("application/json"));
        answer["body"] = body;
    }
    answer["headers"] = headers.into();
    answer
}
