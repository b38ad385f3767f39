//! `/Bulk`: several operations in one request (RFC 7644, section 3.7). Each stands alone; all are stored with one write to the disk.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::operations::{self, Caller, Expected};
use crate::scim::{ErrorKind, Patch, Projection, ResourceKind, ScimError};
use crate::store::pushed::PushStore;

/// The most operations of one request.
pub(super) const MAX_OPERATIONS: usize = 1_000;

/// What earlier operations of the request have made, by their bulkId.
type Made = HashMap<String, String>;

/// Does the operations in their order, until as many have failed as the sender allows.
pub(super) fn bulk(store: &PushStore, caller: &Caller, body: &Value) -> Result<Answer, Refusal> {
    let syntax = |detail: &str| Refusal::from(ScimError::new(ErrorKind::InvalidSyntax, detail));
    let operations = field(body, "Operations").and_then(Value::as_array).ok_or_else(|| syntax("`Operations` is missing"))?;
    if operations.len() > MAX_OPERATIONS {
        return Err(Refusal::status(413, "a bulk request has at most 1,000 operations"));
    }
    let most_failures = field(body, "failOnErrors").and_then(Value::as_u64).filter(|most| *most > 0);
    let (mut made, mut results, mut failures) = (Made::new(), Vec::new(), 0);
    for operation in operations {
        let result = store.apart(|store| one(store, caller, operation, &made))?;
        if let (Ok((_, id)), Some(bulk_id)) = (&result, text(operation, "bulkId")) {
            made.insert(bulk_id.to_owned(), id.clone());
        }
        failures += u64::from(result.is_err());
        results.push(shown(operation, result.map(|(answer, _)| answer)));
        if most_failures.is_some_and(|most| failures >= most) {
            break;
        }
    }
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"];
    Ok(Answer::ok(json!({ "schemas": schemas, "Operations": results })))
}

/// Does one operation, and returns the id of its resource.
fn one(store: &PushStore, caller: &Caller, operation: &Value, made: &Made) -> Result<(Answer, String), Refusal> {
    let invalid = |detail: &str| Refusal::from(ScimError::new(ErrorKind::InvalidValue, detail));
    let path = text(operation, "path").unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let kind = match parts.next().map(str::to_ascii_lowercase).as_deref() {
        Some("users") => ResourceKind::User,
        Some("groups") => ResourceKind::Group,
        _ => return Err(invalid("`path` begins with /Users or /Groups")),
    };
    let id = parts.next().map(|id| resolved(id, made)).transpose()?;
    let data = linked(field(operation, "data").cloned().unwrap_or(Value::Null), made)?;
    let whole = Projection::Whole;
    let method = text(operation, "method").unwrap_or_default().to_ascii_uppercase();
    let Some(id) = id else {
        if method != "POST" {
            return Err(invalid("`method` is POST where `path` has no id"));
        }
        let answer = operations::create(store, caller, kind, data, &whole)?;
        let id = answer.body.as_ref().and_then(|body| body["id"].as_str()).unwrap_or_default().to_owned();
        return Ok((answer, id));
    };
    let expected = Expected { id: id.clone(), version: text(operation, "version").map(str::to_owned) };
    let answer = match method.as_str() {
        "PUT" => operations::replace(store, caller, kind, &expected, (data, &whole))?,
        "PATCH" => operations::patch(store, caller, kind, &expected, (&Patch::parse(data)?, &whole, false))?,
        "DELETE" => operations::remove(store, caller, kind, &expected)?,
        _ => return Err(invalid("`method` is PUT, PATCH or DELETE where `path` has an id")),
    };
    Ok((answer, id))
}

fn shown(operation: &Value, result: Result<Answer, Refusal>) -> Value {
    let mut shown = Map::new();
    for name in ["method", "bulkId"] {
        shown.extend(field(operation, name).map(|value| (name.to_owned(), value.clone())));
    }
    let answer = result.unwrap_or_else(Answer::refused);
    shown.insert("status".to_owned(), json!(answer.status.to_string()));
    for (name, value) in answer.links() {
        shown.insert(name.to_owned(), json!(value));
    }
    if let Some(body) = answer.body.filter(|_| answer.status >= 400) {
        shown.insert("response".to_owned(), body);
    }
    Value::Object(shown)
}

/// The id of the resource that the operation with the `bulkId` x created.
fn resolved(text: &str, made: &Made) -> Result<String, Refusal> {
    let Some(name) = text.strip_prefix("bulkId:") else { return Ok(text.to_owned()) };
    made.get(name).cloned().ok_or_else(|| {
        Refusal::from(ScimError::new(ErrorKind::InvalidValue, "a bulkId names no earlier operation that was done"))
    })
}

/// A value with the ids in place of their bulkIds.
fn linked(value: Value, made: &Made) -> Result<Value, Refusal> {
    Ok(match value {
        Value::String(text) => Value::String(resolved(&text, made)?),
        Value::Array(items) => items.into_iter().map(|item| linked(item, made)).collect::<Result<_, _>>()?,
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| Ok((name, linked(value, made)?)));
            Value::Object(fields.collect::<Result<_, Refusal>>()?)
        }
        other => other,
    })
}

fn field<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let mut fields = object.as_object()?.iter();
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    field(object, name).and_then(Value::as_str)
}
