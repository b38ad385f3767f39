//! Values in the form in which they are stored: booleans as booleans, lists of objects, and nothing where nothing is meant.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::ScimError;
use super::json_value::{flag_of, fold, get, is_assigned};
use super::schema::{Attribute, Type, find};

/// The value of an attribute as it is stored; none for null, empty text and empty lists.
pub(super) fn normal(attribute: &Attribute, value: Value) -> Result<Option<Value>, ScimError> {
    if attribute.is_list {
        let items = elements(attribute, value)?;
        return Ok((!items.is_empty()).then_some(Value::Array(items)));
    }
    if attribute.kind == Type::Complex {
        let parts = object(attribute, value)?;
        return Ok((!parts.is_empty()).then_some(Value::Object(parts)));
    }
    scalar(attribute, value)
}

/// The elements of a list. A sender may write a single one without brackets, or its value alone.
pub(super) fn elements(attribute: &Attribute, value: Value) -> Result<Vec<Value>, ScimError> {
    let items = match value {
        Value::Array(items) => items,
        single => vec![single],
    };
    let mut normal = Vec::with_capacity(items.len());
    for item in items {
        let element = object(attribute, item)?;
        if !element.is_empty() {
            normal.push(Value::Object(element));
        }
    }
    keep_one_primary(&mut normal);
    Ok(once_each(Vec::new(), normal))
}

/// An object with its parts in normal form. Parts that the schema does not know stay as they were sent.
pub(super) fn object(attribute: &Attribute, value: Value) -> Result<Map<String, Value>, ScimError> {
    let mut parts = Map::new();
    for (name, part) in raw_object(attribute, value)? {
        match find(attribute.parts, &name) {
            Some(known) => {
                if let Some(part) = normal(known, part)? {
                    parts.insert(known.name.to_owned(), part);
                }
            }
            None if is_assigned(&part) => {
                parts.insert(name, part);
            }
            None => {}
        }
    }
    Ok(parts)
}

/// The object that a value means. A reference that has its address alone, `$ref`, names a resource by the end of it.
pub(super) fn raw_object(attribute: &Attribute, value: Value) -> Result<Map<String, Value>, ScimError> {
    let mut parts = shaped(attribute, value)?;
    let is_reference = ["value", "$ref"].iter().all(|part| find(attribute.parts, part).is_some());
    if is_reference
        && get(&parts, "value").is_none()
        && let Some(id) = get(&parts, "$ref").and_then(Value::as_str).and_then(|address| address.rsplit('/').next())
        && !id.is_empty()
    {
        let id = id.to_owned();
        parts.insert("value".to_owned(), id.into());
    }
    Ok(parts)
}

/// An object, the only element of a list, the JSON in a text, or a text as its `value`.
fn shaped(attribute: &Attribute, value: Value) -> Result<Map<String, Value>, ScimError> {
    match value {
        Value::Object(parts) => Ok(parts),
        Value::Null => Ok(Map::new()),
        Value::String(text) if text.is_empty() => Ok(Map::new()),
        // The roles of Entra's provisioning service arrive as JSON within a text.
        Value::String(text) if text.trim_start().starts_with('{') => match super::json::parse_json(text.as_bytes()) {
            Ok(Value::Object(parts)) => Ok(parts),
            _ => Ok(value_alone(text)),
        },
        Value::String(text) if find(attribute.parts, "value").is_some() => Ok(value_alone(text)),
        Value::Number(number) if find(attribute.parts, "value").is_some() => Ok(value_alone(number.to_string())),
        Value::Array(mut items) if !attribute.is_list && items.len() <= 1 => {
            items.pop().map_or_else(|| Ok(Map::new()), |item| shaped(attribute, item))
        }
        _ => Err(ScimError::value(format!("`{}` takes an object", attribute.name))),
    }
}

fn value_alone(text: String) -> Map<String, Value> {
    Map::from_iter([("value".to_owned(), Value::String(text))])
}

fn scalar(attribute: &Attribute, value: Value) -> Result<Option<Value>, ScimError> {
    let name = attribute.name;
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (_, Value::String(text)) if text.is_empty() => Ok(None),
        (Type::Flag, Value::Bool(flag)) => Ok(Some(flag.into())),
        (Type::Flag, Value::String(text)) => match flag_of(&text) {
            Some(flag) => Ok(Some(flag.into())),
            None => Err(ScimError::value(format!("`{name}` is true or false"))),
        },
        (Type::Flag, _) => Err(ScimError::value(format!("`{name}` is true or false"))),
        (_, Value::String(text)) => Ok(Some(text.into())),
        // A personnel number may arrive as a number.
        (Type::Text, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(Some(number.to_string().into())),
        (_, _) => Err(ScimError::value(format!("`{name}` takes text"))),
    }
}

/// At most one element of a list is primary: the first that says so.
pub(super) fn keep_one_primary(items: &mut [Value]) {
    let mut has_primary = false;
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        if item.get("primary") == Some(&Value::Bool(true)) {
            if has_primary {
                item.insert("primary".to_owned(), false.into());
            }
            has_primary = true;
        }
    }
}

/// The elements of both lists, each once. A new primary element takes that mark from the others.
pub(super) fn appended(mut items: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
    let is_primary = |item: &Value| item.get("primary") == Some(&Value::Bool(true));
    // At most one element of a list in normal form is primary.
    if new.iter().any(|item| is_primary(item) && !items.contains(item)) {
        for item in items.iter_mut().filter(|item| is_primary(item)) {
            item["primary"] = false.into();
        }
    }
    once_each(items, new)
}

/// Appends what is not there yet. Two references with one value are the same member.
fn once_each(mut items: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
    // A thousand requests that each add one member to a large group must not hash the whole group a thousand times.
    if new.len() <= FEW {
        for item in new {
            if !items.iter().any(|known| is_same(known, &item)) {
                items.push(item);
            }
        }
        return items;
    }
    let identity = |item: &Value| match reference(item) {
        Some(value) => format!("value {value}"),
        None => item.to_string(),
    };
    let mut seen: HashSet<String> = items.iter().map(identity).collect();
    items.extend(new.into_iter().filter(|item| seen.insert(identity(item))));
    items
}

/// So many elements are compared one by one with those that are there.
const FEW: usize = 8;

/// The id of an element that is a reference and nothing more.
fn reference(item: &Value) -> Option<&str> {
    match (item.get("value"), item.get("type"), item.get("primary")) {
        (Some(Value::String(value)), None, None) => Some(value),
        (Some(Value::String(value)), Some(Value::String(kind)), None) if kind == "User" || kind == "Group" => Some(value),
        _ => None,
    }
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (reference(left), reference(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left == right,
        _ => false,
    }
}

/// Whether an element says anything besides its kind.
pub(super) fn has_content(element: &Map<String, Value>) -> bool {
    element.iter().any(|(name, value)| !["type", "primary", "display"].contains(&name.as_str()) && is_assigned(value))
}

/// What makes two elements the same one: their value, else all that they have.
pub(super) fn same_by(attribute: &Attribute, element: &Value) -> String {
    let is_exact = find(attribute.parts, "value").is_some_and(|part| part.is_exact);
    match element.as_object().and_then(|parts| get(parts, "value")).and_then(Value::as_str) {
        Some(value) if is_exact => format!("value {value}"),
        Some(value) => format!("value {}", fold(value)),
        None => element.to_string(),
    }
}
