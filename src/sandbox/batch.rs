//! `$batch`: up to twenty requests in one, each paid and answered on its own.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::faults::Fault;
use super::reply::{Answer, Problem, Reply};
use super::request::Request;
use super::server::State;

/// What answers one request of a batch.
pub(super) type Inner<'a> = &'a dyn Fn(&mut State, &Request) -> Reply;

/// Runs a batch; only a malformed one is refused as a whole.
pub(super) fn run(state: &mut State, outer: &Request, inner: Inner<'_>) -> Answer {
    let items = items(outer)?;
    let ids: HashSet<String> = items.iter().map(|item| id_of(item).to_lowercase()).collect();
    let half = state.faults.next_fault(Fault::HalfBatch);
    let mut done: BTreeMap<String, u16> = BTreeMap::new();
    let mut answers = Vec::with_capacity(items.len());
    let mut waiting: Vec<(usize, &Value)> = items.iter().enumerate().collect();
    while !waiting.is_empty() {
        let (ready, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, item)| needs(item).iter().all(|id| done.contains_key(id)));
        if ready.is_empty() {
            return Err(malformed("The dependencies of the batch go round in a circle."));
        }
        for (position, item) in ready {
            let failed = needs(item).iter().any(|id| done.get(id).is_none_or(|status| *status >= 400));
            let stamp = state.stamp(None);
            let reply = if failed {
                Problem::new(424, "FailedDependency", "A request this one depends on failed.").reply(&stamp)
            } else if half && position % 2 == 1 {
                broken(503).reply(&stamp)
            } else {
                step(state, item, inner)
            };
            let id = id_of(item);
            done.insert(id.to_lowercase(), reply.status);
            answers.push(answer(&id, reply));
        }
        waiting = later;
    }
    debug_assert_eq!(done.len(), ids.len(), "each request has its answer");
    state.faults.chance.shuffle(&mut answers);
    Ok(Reply::ok(json!({ "responses": answers })))
}

fn malformed(message: &str) -> Problem {
    Problem::new(400, "BadRequest", message)
}

/// The id of a step. The documentation asks for text; Graph reads a number as its text, which widely used clients rely on.
fn id_of(item: &Value) -> String {
    text(&item["id"]).unwrap_or_default()
}

fn text(id: &Value) -> Option<String> {
    match id {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) if id.is_i64() || id.is_u64() => Some(id.to_string()),
        _ => None,
    }
}

/// The requests of a batch that has the right form.
fn items(outer: &Request) -> Result<&Vec<Value>, Problem> {
    let body = outer.object()?;
    let items = body.get("requests").and_then(Value::as_array).ok_or_else(|| malformed("Invalid batch payload format."))?;
    if items.is_empty() || items.len() > 20 {
        return Err(malformed("Number of batch request steps has to be between 1 and 20."));
    }
    let mut seen = HashSet::new();
    for item in items {
        let id = text(&item["id"]).ok_or_else(|| malformed("A batch request step has no id."))?;
        if !seen.insert(id.to_lowercase()) {
            return Err(malformed("Request Id has to be unique in a batch."));
        }
        if item["method"].as_str().is_none() || item["url"].as_str().is_none() {
            return Err(malformed("A batch request step has no method or url."));
        }
        if item.get("body").is_some_and(|body| !body.is_null()) && !has_content_type(item) {
            return Err(malformed("Write request with a body has to have a Content-Type header."));
        }
        let method = item["method"].as_str().unwrap_or_default().to_ascii_uppercase();
        if matches!(method.as_str(), "PATCH" | "POST" | "PUT") && item.get("body").is_none_or(Value::is_null) {
            return Err(malformed("Write request does not contain Content-Type header or body."));
        }
        if item.get("dependsOn").is_some_and(|needs| !is_list_of_texts(needs)) {
            return Err(malformed("The dependsOn of a batch request step has to be an array of ids."));
        }
    }
    if items.iter().flat_map(needs).any(|id| !seen.contains(&id)) {
        return Err(malformed("A batch request step depends on an id that the batch does not have."));
    }
    Ok(items)
}

fn is_list_of_texts(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
}

fn needs(item: &Value) -> Vec<String> {
    item["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect()
}

fn has_content_type(item: &Value) -> bool {
    item["headers"].as_object().is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")))
}

fn step(state: &mut State, item: &Value, inner: Inner<'_>) -> Reply {
    let method = item["method"].as_str().unwrap_or_default().to_ascii_uppercase();
    let url = item["url"].as_str().unwrap_or_default();
    let url = format!("/{}", url.trim_start_matches('/'));
    let headers: HashMap<String, String> = item["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned())))
        .collect();
    state.note(&method, &url);
    let body = item.get("body").filter(|body| !body.is_null()).cloned();
    let reply = inner(state, &Request::new(&method, &url, headers, body));
    state.write_log(&method, &format!("/v1.0/$batch{url}"), reply.status);
    reply
}

fn answer(id: &str, reply: Reply) -> Value {
    let mut headers: Map<String, Value> = reply.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let mut answer = json!({ "id": id, "status": reply.status });
    if let Some(body) = reply.body {
        headers.insert("Content-Type".to_owned(), json!(if reply.plain { "text/plain" } else { "application/json" }));
        answer["body"] = body;
    }
    answer["headers"] = headers.into();
    answer
}

/// The service's own failure.
pub(super) fn broken(status: u16) -> Problem {
    let (code, message) = match status {
        502 => ("BadGateway", "Bad gateway."),
        503 => ("ServiceUnavailable", "The service is temporarily unavailable."),
        504 => ("GatewayTimeout", "The gateway timed out."),
        _ => ("InternalServerError", "An internal server error occurred."),
    };
    let problem = Problem::new(status, code, message);
    if status == 503 { problem.header("Retry-After", "0.1") } else { problem }
}
