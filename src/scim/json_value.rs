//! Questions about one JSON value that the whole room asks.

use serde_json::{Map, Value};

/// The value under a name, in any case.
pub(super) fn get<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| object.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Whether a value is there: null, empty text, and empty lists and objects are not (RFC 7643, section 2.5).
pub(super) fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_assigned),
        Value::Object(parts) => parts.values().any(is_assigned),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A boolean that a sender wrote as text.
pub(super) fn flag_of(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A text as it is compared without case.
///
/// ```
/// assert_eq!(hrpush::scim::fold("ADA@Contoso.example"), "ada@contoso.example");
/// ```
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}
