//! PATCH requests: all operations are applied, or none (RFC 7644, section 3.5.2).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::editor::{Editor, Mode, named};
use super::error::{ErrorKind, ScimError, quoted};
use super::filter::{AttributePath, split};
use super::json::is_password;
use super::json_value::get;
use super::schema::{self, ResourceKind, after_known_urn, canonical_urn, is_core_urn};

/// The most operations of one request.
pub const MAX_OPERATIONS: usize = 1_000;

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Put(Mode),
    Remove,
}

/// One operation of a request.
#[derive(Clone, Debug)]
struct Operation {
    verb: Verb,
    path: Option<String>,
    value: Option<Value>,
}

/// The operations of a request, in their order.
#[derive(Clone, Debug)]
pub struct Patch(Vec<Operation>);

impl Patch {
    /// Reads the operations of a body.
    ///
    /// # Errors
    /// `invalidSyntax` where the body has none, too many, or one that is no add, replace or remove.
    pub fn parse(body: Value) -> Result<Self, ScimError> {
        let Value::Object(body) = body else { return Err(ScimError::syntax("the body is no object")) };
        let operations = get(&body, "Operations").and_then(Value::as_array).filter(|operations| !operations.is_empty());
        let operations = operations.ok_or_else(|| ScimError::syntax("`Operations` is missing or empty"))?;
        if operations.len() > MAX_OPERATIONS {
            return Err(ScimError::new(ErrorKind::TooMany, format!("a request has at most {MAX_OPERATIONS} operations")));
        }
        operations
            .iter()
            .enumerate()
            .map(|(at, operation)| parsed(operation).map_err(|error| numbered(at, &error)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether an operation may change the list with this name.
    pub fn touches(&self, name: &str) -> bool {
        let wanted = name.to_ascii_lowercase();
        let names = |text: &str| text.to_ascii_lowercase().contains(&wanted);
        // The value may have the attribute within its schema: {"urn:…:Group": {"members": []}}.
        let within = |value: &Value| value.as_object().is_some_and(|inner| inner.keys().any(|key| names(key)));
        self.0.iter().any(|operation| {
            let value = operation.value.as_ref().and_then(Value::as_object);
            operation.path.as_deref().is_some_and(names)
                || value.is_some_and(|value| value.iter().any(|(key, value)| names(key) || within(value)))
        })
    }

    /// The resource after all operations.
    ///
    /// # Errors
    /// That of the first operation that cannot be applied. The resource is then as it was.
    ///
    /// ```
    /// # use hrpush::scim::{Patch, ResourceKind, parse_json};
    /// let ada = parse_json(br#"{"userName":"ada","active":true}"#).unwrap();
    /// let patch = parse_json(br#"{"Operations":[{"op":"Replace","path":"active","value":"False"}]}"#).unwrap();
    /// let changed = Patch::parse(patch).unwrap().apply(ResourceKind::User, ada.as_object().unwrap()).unwrap();
    /// assert_eq!(changed["active"], false);
    /// ```
    pub fn apply(&self, kind: ResourceKind, resource: &Map<String, Value>) -> Result<Map<String, Value>, ScimError> {
        let mut editor = Editor::new(kind, resource.clone());
        for (at, operation) in self.0.iter().enumerate() {
            apply(&mut editor, operation).map_err(|error| numbered(at, &error))?;
        }
        // A PATCH may name a resource anew, but never leave it without a name.
        named(kind, &editor.body)?;
        Ok(editor.body)
    }
}

fn numbered(at: usize, error: &ScimError) -> ScimError {
    ScimError { detail: format!("operation {}: {}", at + 1, error.detail), ..error.clone() }
}

fn parsed(operation: &Value) -> Result<Operation, ScimError> {
    let fields = operation.as_object().ok_or_else(|| ScimError::syntax("it is no object"))?;
    let op = get(fields, "op").and_then(Value::as_str).ok_or_else(|| ScimError::syntax("`op` is missing"))?;
    let verb = match op.to_ascii_lowercase().as_str() {
        "add" => Verb::Put(Mode::Add),
        "replace" => Verb::Put(Mode::Replace),
        "remove" => Verb::Remove,
        _ => return Err(ScimError::syntax(format!("`op` is add, replace or remove, not `{}`", quoted(op)))),
    };
    let path = match get(fields, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.trim().is_empty() => None,
        Some(Value::String(path)) => Some(path.trim().to_owned()),
        Some(_) => return Err(ScimError::path("`path` is text")),
    };
    let value = get(fields, "value").cloned();
    if verb != Verb::Remove && value.is_none() && path.as_deref().is_none_or(|path| !is_password(path)) {
        return Err(ScimError::value("`value` is missing"));
    }
    Ok(Operation { verb, path, value })
}

fn apply(editor: &mut Editor, operation: &Operation) -> Result<(), ScimError> {
    let value = operation.value.clone().unwrap_or(Value::Null);
    match (&operation.path, operation.verb) {
        // A password is taken and dropped.
        (Some(path), _) if is_password(path) => Ok(()),
        (Some(path), Verb::Put(mode)) => put(editor, path, value, mode),
        (Some(path), Verb::Remove) => {
            if is_core_urn(path) {
                return Err(ScimError::new(ErrorKind::Mutability, "the core schema cannot be removed"));
            }
            if is_whole_extension(editor, path, &value) {
                editor.remove_extension(path);
                return Ok(());
            }
            editor.remove(&path.parse()?, operation.value.clone().filter(|value| !value.is_null()))
        }
        (None, Verb::Put(mode)) => match value {
            Value::Object(values) => put_each(editor, values, mode, &mut Unknown::Refused),
            _ => Err(ScimError::value("without `path`, `value` is an object")),
        },
        (None, Verb::Remove) => Err(ScimError::new(ErrorKind::NoTarget, "`remove` needs a path")),
    }
}

/// Whether a path is the URN of an extension and nothing more.
fn is_whole_extension(editor: &Editor, path: &str, value: &Value) -> bool {
    match after_known_urn(path) {
        Some((_, rest)) => rest.is_empty(),
        None => {
            path.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
                && (value.is_object() || editor.has_extension(path))
        }
    }
}

fn put(editor: &mut Editor, path: &str, value: Value, mode: Mode) -> Result<(), ScimError> {
    if !is_whole_extension(editor, path, &value) {
        return editor.put(&path.parse()?, value, mode);
    }
    match value {
        Value::Object(values) => put_extension(editor, path, values, mode, &mut Unknown::Refused),
        _ => Err(ScimError::value("an extension takes an object")),
    }
}

/// What becomes of attributes that no schema has.
pub(super) enum Unknown {
    /// They are refused: a success would say that they were applied.
    Refused,
    /// They are left out, and listed.
    Ignored(Vec<String>),
}

/// Puts every entry of an object whose names are paths. The server's own attributes are left out: senders echo them.
pub(super) fn put_each(
    editor: &mut Editor,
    values: Map<String, Value>,
    mode: Mode,
    unknown: &mut Unknown,
) -> Result<(), ScimError> {
    refuse_doubles(&values)?;
    for (name, value) in values {
        let is_own = ["id", "schemas", "meta"].iter().any(|own| own.eq_ignore_ascii_case(&name))
            || (editor.kind == ResourceKind::User && name.eq_ignore_ascii_case("groups"));
        if is_own || is_password(&name) {
            continue;
        }
        match value {
            Value::Object(values) if is_whole_extension(editor, &name, &Value::Object(Map::new())) => {
                put_extension(editor, &name, values, mode, unknown)?;
            }
            // An extension that is null has no value to put.
            Value::Null if canonical_urn(&name) == schema::ENTERPRISE => {}
            value => put_named(editor, &name, value, mode, unknown)?,
        }
    }
    Ok(())
}

/// Refuses an object in which two names are one attribute, such as `active` and `urn:…:User:active`: either value could be meant.
fn refuse_doubles(values: &Map<String, Value>) -> Result<(), ScimError> {
    fn add<'v>(values: &'v Map<String, Value>, seen: &mut HashSet<String>) -> Result<(), &'v str> {
        for (name, value) in values {
            if let (Value::Object(inner), true) = (value, is_core_urn(name)) {
                add(inner, seen)?;
                continue;
            }
            let path = name.parse::<AttributePath>().map_or_else(|_| name.clone(), |path| path.to_string());
            if !seen.insert(path.to_ascii_lowercase()) {
                return Err(name);
            }
        }
        Ok(())
    }
    let doubled = add(values, &mut HashSet::new());
    doubled.map_err(|name| ScimError::syntax(format!("`{}` occurs twice, in two spellings", quoted(name))))
}

fn put_named(editor: &mut Editor, name: &str, value: Value, mode: Mode, unknown: &mut Unknown) -> Result<(), ScimError> {
    let path = name.parse::<AttributePath>().and_then(|path| editor.attribute(&path).map(|_| path));
    match (path, unknown) {
        (Ok(path), _) => editor.put(&path, value, mode),
        (Err(_), Unknown::Ignored(names)) => {
            names.push(quoted(name));
            Ok(())
        }
        (Err(error), Unknown::Refused) => Err(error),
    }
}

fn put_extension(
    editor: &mut Editor,
    urn: &str,
    values: Map<String, Value>,
    mode: Mode,
    unknown: &mut Unknown,
) -> Result<(), ScimError> {
    let urn = canonical_urn(urn);
    if is_core_urn(urn) {
        return put_each(editor, values, mode, unknown);
    }
    for (name, value) in values {
        let plain = split(&name).filter(|path| path.urn.is_none());
        let path = plain.map(|path| AttributePath { urn: Some(urn.into()), ..path });
        match path {
            Some(path) => editor.put(&path, value, mode)?,
            None => return Err(ScimError::path(format!("`{}` is no name of an attribute", quoted(&name)))),
        }
    }
    Ok(())
}
