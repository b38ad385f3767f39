//! Resources from POST and PUT, in normal form, and as they are answered.

use serde_json::{Map, Value, json};

use super::editor::{Editor, Mode, named};
use super::error::ScimError;
use super::filter::AttributePath;
use super::json_value::is_assigned;
use super::patch::{Unknown, put_each};
use super::schema::{ResourceKind, is_core_urn};

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
    // An empty list of members means what it says.
    let empties_members = body.as_object().is_some_and(has_members);
    let mut incoming = read(kind, body)?;
    for name in ["active", "externalId", "members"] {
        if !(name == "members" && empties_members)
            && let Some(value) = old.get(name)
        {
            incoming.body.entry(name).or_insert_with(|| value.clone());
        }
    }
    named(kind, &incoming.body)?;
    Ok(incoming)
}

/// Whether a body has a list of members, under its own name or within the core schema.
fn has_members(body: &Map<String, Value>) -> bool {
    body.iter().any(|(name, value)| match value {
        Value::Object(inner) if is_core_urn(name) => has_members(inner),
        value => value.is_array() && name.parse::<AttributePath>().is_ok_and(|path| path.is_core("members")),
    })
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
