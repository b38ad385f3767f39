//! `bulkUpload`: which calls are accepted.

use serde_json::{Map, Value};

use super::super::reply::{Answer, Problem, Reply};
use super::super::request::Request;
use super::super::server::State;

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The most operations of a call.
const MOST: usize = 50;

/// Puts the records of a call into the queue: 202, which says that they wait.
pub(super) fn accept(state: &mut State, request: &Request, job: &str) -> Answer {
    // The limits are counted first: a refused call counts as well.
    let now = state.clock.elapsed().mul_f64(state.meter.scale());
    let of_day = state.provisioning.calls_of_day.take(state.clock.elapsed());
    let calls = state.provisioning.calls.take(now);
    if of_day.and(calls).is_err() {
        state.counts.throttled += 1;
        let mut problem = Problem::new(429, "TooManyRequests", "Too many requests.");
        problem.inner = Some("429");
        return Err(problem);
    }
    let records = records(request.body.as_ref())?;
    state.provisioning.add(job, records, state.clock.elapsed());
    let location = format!("{}/auditLogs/provisioning?$filter=jobid eq '{job}'", state.base);
    Ok(Reply { status: 202, headers: Vec::new(), body: None, plain: false }.header("Location", location))
}

fn refused(text: &str) -> Problem {
    Problem::new(400, "BadRequest", text)
}

/// The refusal of a body that is no SCIM document.
pub(in crate::sandbox) fn wrong_format() -> Problem {
    refused("Invalid Data Format")
}

/// The data of each operation.
fn records(body: Option<&Value>) -> Result<Vec<Value>, Problem> {
    let body = body.and_then(Value::as_object).ok_or_else(wrong_format)?;
    if !names(body.get("schemas")).any(|name| name == BULK) {
        return Err(refused("The schemas attribute of the request is missing or invalid."));
    }
    if body.get("failOnErrors").is_some_and(|given| !given.is_null()) {
        return Err(refused("failOnErrors is not supported."));
    }
    let operations = body.get("Operations").and_then(Value::as_array).filter(|all| !all.is_empty()).ok_or_else(wrong_format)?;
    if operations.len() > MOST {
        return Err(refused(&format!("The number of operations exceeds the limit of {MOST}.")));
    }
    operations.iter().map(record).collect()
}

fn record(operation: &Value) -> Result<Value, Problem> {
    let text = |name: &str| operation[name].as_str().unwrap_or_default();
    if !text("method").eq_ignore_ascii_case("POST") || text("path") != "/Users" {
        return Err(refused("Only the method POST and the path /Users are supported."));
    }
    if text("bulkId").is_empty() {
        return Err(refused("Each operation needs a bulkId."));
    }
    let data = operation["data"].as_object().ok_or_else(|| refused("Each operation needs its data."))?;
    if !names(data.get("schemas")).any(|name| name == USER) {
        return Err(refused("The schemas attribute of the data is missing or invalid."));
    }
    schemas_are_complete(data)?;
    Ok(Value::Object(data.clone()))
}

/// The extensions of a record are among its schemas.
fn schemas_are_complete(data: &Map<String, Value>) -> Result<(), Problem> {
    let missing = data.keys().find(|key| key.starts_with("urn:") && !names(data.get("schemas")).any(|name| name == *key));
    missing.map_or(Ok(()), |key| Err(refused(&format!("The schema {key} is not declared."))))
}

fn names(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
