//! Resources from POST and PUT, in normal form, and as they are answered.

use serde_json::{Map, Value, json};

use super::editor::{Editor, Mode};
use super::error::ScimError;
use super::json_value::{get, is_assigned};
use super::patch::{Unknown, put_each};
use super::schema::ResourceKind;

/// A resource as a sender describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Its attributes in normal form. Extensions are kept as they were sent.
    pub body: Map<String, Value>,
    /// The names that no schema has, which are left out.
    pub ignored: Vec<String>,
}

/// Reads the resource of a POST. A user who is not said to be inactive is active.
///
/// # Errors
/// `invalidValue` for a value of the wrong type and for a missing name.
pub fn created(kind: ResourceKind, body: Value) -> Result<Incoming, ScimError> {
    let mut incoming = read(kind, body)?;
    if kind == ResourceKind::User {
        incoming.body.entry("active").or_insert(Value::Bool(true));
    }
    named(kind, &incoming.body)?;
    Ok(incoming)
}

/// Reads the resource of a PUT, which takes the place of another one.
///
/// Three attributes stay where the body does not have them, since to clear them would hurt people who are not concerned: `active`, the key
/// `externalId`, and the members of a group.
///
/// # Errors
/// As [`created`].
pub fn replaced(kind: ResourceKind, body: Value, old: &Map<String, Value>) -> Result<Incoming, ScimError> {
    let has = |name: &str| {
        let value = body.as_object().and_then(|body| get(body, name));
        // An empty list of members means what it says; null for the other two is how some senders write nothing.
        value.is_some_and(|value| is_assigned(value) || value.is_array())
    };
    let kept: Vec<&str> = ["active", "externalId", "members"].into_iter().filter(|name| !has(name)).collect();
    let mut incoming = read(kind, body)?;
    for name in kept {
        if let Some(value) = old.get(name) {
            incoming.body.insert(name.to_owned(), value.clone());
        }
    }
    named(kind, &incoming.body)?;
    Ok(incoming)
}

fn read(kind: ResourceKind, body: Value) -> Result<Incoming, ScimError> {
    let Value::Object(values) = body else { return Err(ScimError::syntax("the body is no object")) };
    let mut editor = Editor::new(kind, Map::new());
    let mut unknown = Unknown::Ignored(Vec::new());
    // `active` may be null when a user is created, like any other attribute; it counts as missing.
    let values = values.into_iter().filter(|(name, value)| !name.eq_ignore_ascii_case("active") || is_assigned(value));
    put_each(&mut editor, values.collect(), Mode::Replace, &mut unknown)?;
    let ignored = if let Unknown::Ignored(names) = unknown { names } else { Vec::new() };
    Ok(Incoming { body: editor.body, ignored })
}

/// Refuses a resource without the name of its kind.
pub(super) fn named(kind: ResourceKind, body: &Map<String, Value>) -> Result<(), ScimError> {
    let name = kind.name_attribute();
    let is_named = body.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    if is_named { Ok(()) } else { Err(ScimError::value(format!("`{name}` needs a value"))) }
}

/// What the server adds to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The server's id of the resource.
    pub id: String,
    /// When it was created, as RFC 3339 text.
    pub created: String,
    /// When it was last changed.
    pub modified: String,
    /// The number of its changes.
    pub version: u64,
    /// The address of the service, such as `https://hr.example/scim/v2`.
    pub base: String,
}

impl Meta {
    /// The entity tag of this version.
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    /// The address of the resource.
    pub fn location(&self, kind: ResourceKind) -> String {
        format!("{}{}/{}", self.base, kind.endpoint(), self.id)
    }
}

/// The resource as it is answered: with its schemas, id and meta.
pub fn answered(kind: ResourceKind, body: &Map<String, Value>, meta: &Meta) -> Map<String, Value> {
    let mut answer = body.clone();
    let extensions = body.keys().filter(|key| is_urn(key));
    let schemas: Vec<&str> = std::iter::once(kind.urn()).chain(extensions.map(String::as_str)).collect();
    answer.insert("schemas".to_owned(), json!(schemas));
    answer.insert("id".to_owned(), json!(meta.id));
    let about = json!({
        "resourceType": kind.name(),
        "created": meta.created,
        "lastModified": meta.modified,
        "location": meta.location(kind),
        "version": meta.etag(),
    });
    answer.insert("meta".to_owned(), about);
    answer
}

/// Whether a key of a resource is an extension.
pub(super) fn is_urn(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}
