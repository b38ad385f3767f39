//! Which attributes are answered, and pages of lists (RFC 7644, sections 3.4.2.4 and 3.9).

use serde_json::{Map, Value, json};

use super::error::ScimError;
use super::filter::{AttributePath, split};
use super::schema::canonical_urn;

/// The most attributes that a request names.
const MAX_NAMES: usize = 200;

/// The attributes that a request asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Projection {
    /// Every attribute of the resource.
    #[default]
    Whole,
    /// These, besides `id` and `schemas`.
    Only(Vec<Chosen>),
    /// Every attribute but these.
    Except(Vec<Chosen>),
}

/// An attribute of a projection.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// An extension with all its attributes.
    Extension(String),
    /// An attribute or a part of it.
    Attribute(AttributePath),
}

impl Projection {
    /// Reads the two parameters, which exclude each other.
    ///
    /// # Errors
    /// `invalidValue`.
    pub fn parse(attributes: Option<&str>, excluded: Option<&str>) -> Result<Self, ScimError> {
        let is_long = |list: Option<&str>| list.is_some_and(|list| list.split(',').count() > MAX_NAMES);
        if is_long(attributes) || is_long(excluded) {
            return Err(ScimError::value(format!("a request names at most {MAX_NAMES} attributes")));
        }
        match (attributes.and_then(chosen), excluded.and_then(chosen)) {
            (Some(_), Some(_)) => Err(ScimError::value("`attributes` and `excludedAttributes` exclude each other")),
            (Some(names), None) => Ok(Self::Only(names)),
            (None, Some(names)) => Ok(Self::Except(names)),
            (None, None) => Ok(Self::Whole),
        }
    }

    /// Whether the answer may contain the attribute.
    pub fn wants(&self, name: &str) -> bool {
        let names = |chosen: &[Chosen], is_whole: bool| {
            chosen.iter().any(|chosen| match chosen {
                Chosen::Attribute(path) => {
                    path.urn.is_none() && path.name.eq_ignore_ascii_case(name) && (!is_whole || path.part.is_none())
                }
                Chosen::Extension(_) => false,
            })
        };
        match self {
            Self::Whole => true,
            Self::Only(chosen) => names(chosen, false),
            Self::Except(chosen) => !names(chosen, true),
        }
    }

    /// The answer with the wanted attributes; `id` and `schemas` are always there.
    pub fn of(&self, resource: Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::Whole => resource,
            Self::Only(names) => {
                let mut kept = Map::new();
                for name in ["id", "schemas"] {
                    kept.extend(resource.get(name).map(|value| (name.to_owned(), value.clone())));
                }
                for name in names {
                    keep(name, &resource, &mut kept);
                }
                kept
            }
            Self::Except(names) => {
                let mut rest = resource;
                for name in names {
                    leave_out(name, &mut rest);
                }
                rest
            }
        }
    }
}

fn chosen(list: &str) -> Option<Vec<Chosen>> {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<Chosen> = names
        .filter_map(|name| match split(name) {
            Some(path) if !is_extension(&path) => Some(Chosen::Attribute(path)),
            _ if super::resource::is_urn(name) => Some(Chosen::Extension(canonical_urn(name).to_owned())),
            _ => None,
        })
        .collect();
    (!list.trim().is_empty()).then_some(names)
}

/// A URN ends in a name of its own, such as `User`, where no attribute follows.
fn is_extension(path: &AttributePath) -> bool {
    path.urn.is_some() && path.part.is_none() && ["User", "Group"].iter().any(|kind| path.name.eq_ignore_ascii_case(kind))
}

fn key_of<'m>(object: &'m Map<String, Value>, name: &str) -> Option<&'m String> {
    object.keys().find(|key| key.eq_ignore_ascii_case(name))
}

fn keep(chosen: &Chosen, from: &Map<String, Value>, kept: &mut Map<String, Value>) {
    let path = match chosen {
        Chosen::Extension(urn) => {
            if let Some(key) = key_of(from, urn) {
                kept.insert(key.clone(), from[key].clone());
            }
            return;
        }
        Chosen::Attribute(path) => path,
    };
    if let Some(urn) = &path.urn {
        let Some((key, Value::Object(extension))) = key_of(from, urn).map(|key| (key, &from[key])) else { return };
        let mut inner = match kept.remove(key) {
            Some(Value::Object(inner)) => inner,
            _ => Map::new(),
        };
        let plain = AttributePath { urn: None, ..path.clone() };
        keep(&Chosen::Attribute(plain), extension, &mut inner);
        if !inner.is_empty() {
            kept.insert(key.clone(), Value::Object(inner));
        }
        return;
    }
    let Some(key) = key_of(from, &path.name) else { return };
    let Some(part) = &path.part else {
        kept.insert(key.clone(), from[key].clone());
        return;
    };
    let only = |value: &Value, old: Option<&Value>| match value {
        Value::Object(parts) => {
            let mut chosen = old.and_then(Value::as_object).cloned().unwrap_or_default();
            chosen.extend(key_of(parts, part).map(|key| (key.clone(), parts[key].clone())));
            Value::Object(chosen)
        }
        other => other.clone(),
    };
    let narrowed = match &from[key] {
        Value::Array(items) => {
            let old = kept.get(key).and_then(Value::as_array);
            let item = |(at, item)| only(item, old.and_then(|old| old.get(at)));
            Value::Array(items.iter().enumerate().map(item).collect())
        }
        value => only(value, kept.get(key)),
    };
    kept.insert(key.clone(), narrowed);
}

fn leave_out(chosen: &Chosen, from: &mut Map<String, Value>) {
    let path = match chosen {
        Chosen::Extension(urn) => {
            from.retain(|key, _| !key.eq_ignore_ascii_case(urn));
            return;
        }
        Chosen::Attribute(path) => path,
    };
    if ["id", "schemas"].iter().any(|name| path.is_core(name)) {
        return;
    }
    let holder = match &path.urn {
        None => from,
        Some(urn) => match key_of(from, urn).cloned().and_then(|key| from.get_mut(&key)).and_then(Value::as_object_mut) {
            Some(extension) => extension,
            None => return,
        },
    };
    let Some(key) = key_of(holder, &path.name).cloned() else { return };
    let Some(part) = &path.part else {
        holder.remove(&key);
        return;
    };
    let drop_from = |value: &mut Value| {
        if let Some(parts) = value.as_object_mut() {
            parts.retain(|known, _| !known.eq_ignore_ascii_case(part));
        }
    };
    match holder.get_mut(&key) {
        Some(Value::Array(items)) => items.iter_mut().for_each(drop_from),
        Some(value) => drop_from(value),
        None => {}
    }
}

/// The part of a list that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The number of the first resource; the first of all is 1.
    pub start: u64,
    /// How many there are at most.
    pub count: u64,
}

impl Page {
    /// Reads `startIndex` and `count`. A start below 1 is 1, a negative count is 0, and a count above `most` is `most`.
    ///
    /// # Errors
    /// `invalidValue` for text that is no number.
    ///
    /// ```
    /// # use hrpush::scim::Page;
    /// assert_eq!(Page::parse(Some("-5"), Some("9000"), 200).unwrap(), Page { start: 1, count: 200 });
    /// ```
    pub fn parse(start: Option<&str>, count: Option<&str>, most: u64) -> Result<Self, ScimError> {
        let number = |name: &str, text: Option<&str>| {
            let text = text.map(str::trim).filter(|text| !text.is_empty());
            let parsed = text.map(|text| text.parse::<i64>().map_err(|_| ScimError::value(format!("`{name}` is no number"))));
            parsed.transpose()
        };
        let start = number("startIndex", start)?.unwrap_or(1).max(1);
        let count = number("count", count)?.unwrap_or(100).max(0);
        Ok(Self { start: start.unsigned_abs(), count: count.unsigned_abs().min(most) })
    }
}

/// One page of a list.
pub fn list_response(total: u64, page: Page, resources: Vec<Value>) -> Value {
    let mut list = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": page.start,
        "itemsPerPage": resources.len(),
    });
    list["Resources"] = Value::Array(resources);
    list
}
