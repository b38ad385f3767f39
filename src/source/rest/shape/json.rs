//! The plain values of JSON as texts, flags and numbers.

use serde_json::Value;

/// A value as text; an XML element with attributes is its own text.
pub(in crate::source::rest) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => object.get("#text").and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Array(_) => None,
    }
}

/// A word of the service that cannot be taken for one thing or the other; guessed wrong, it would end a list.
pub(in crate::source::rest) struct Unclear;

/// A total; one that is empty or below zero says that the service does not know it.
pub(in crate::source::rest) fn number(value: &Value) -> Result<Option<u64>, Unclear> {
    if *value == Value::Bool(false) {
        return Ok(None);
    }
    let text = scalar(value).ok_or(Unclear)?;
    let text = text.trim();
    let whole = text.strip_suffix(".0").unwrap_or(text);
    match whole.strip_prefix('-') {
        None if whole.is_empty() => Ok(None),
        None => whole.parse().map(Some).map_err(|_| Unclear),
        Some(below) => below.parse::<u64>().map(|_| None).map_err(|_| Unclear),
    }
}

/// A word for yes or no; an empty one says nothing.
pub(in crate::source::rest) fn truth(value: &Value) -> Result<Option<bool>, Unclear> {
    let text = scalar(value).ok_or(Unclear)?.trim().to_lowercase();
    match text.as_str() {
        "" => Ok(None),
        "true" | "yes" | "y" | "1" => Ok(Some(true)),
        "false" | "no" | "n" | "0" => Ok(Some(false)),
        _ => Err(Unclear),
    }
}
