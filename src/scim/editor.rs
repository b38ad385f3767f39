//! Changes to a resource, by path: one value is put or removed at a time.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::{ErrorKind, ScimError, quoted};
use super::evaluation::{Scope, holds};
use super::filter::{AttributePath, Filter, Operand, Operator};
use super::json_value::{get, is_assigned};
use super::normal_form::{appended, elements, has_content, keep_one_primary, normal, object, raw_object, same_by};
use super::schema::{Attribute, ENTERPRISE, ResourceKind, Type, canonical_urn, find};

/// How a value is put where one is already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Lists grow, objects are merged.
    Add,
    /// Lists are replaced, objects are merged.
    Replace,
}

/// The most comparisons of elements that one request may cause.
const MAX_WORK: usize = 2_000_000;

/// A resource that is being changed.
pub(super) struct Editor {
    pub(super) kind: ResourceKind,
    pub(super) body: Map<String, Value>,
    work: usize,
}

impl Editor {
    pub(super) fn new(kind: ResourceKind, body: Map<String, Value>) -> Self {
        Self { kind, body, work: 0 }
    }

    /// Whether the attribute exists; none where its schema is unknown, and its values are kept as they are sent.
    pub(super) fn attribute(&self, path: &AttributePath) -> Result<Option<&'static Attribute>, ScimError> {
        let attribute = Scope::Resource(self.kind).attribute(path);
        match (attribute, &path.urn) {
            (None, None) => Err(ScimError::path(format!("a {} has no attribute `{}`", self.kind.name(), quoted(&path.name)))),
            (Some(attribute), _) if attribute.is_read_only => {
                Err(ScimError::new(ErrorKind::Mutability, format!("`{}` is set by the server", attribute.name)))
            }
            (Some(attribute), _) => {
                let part = path.part.as_deref().filter(|part| find(attribute.parts, part).is_none());
                match part {
                    Some(part) => Err(ScimError::path(format!("`{}` has no part `{}`", attribute.name, quoted(part)))),
                    None => Ok(Some(attribute)),
                }
            }
            // Taken for an attribute of the extension, it would be stored and would disable no account.
            (None, Some(urn)) if &**urn == ENTERPRISE && self.is_required(&path.name) => {
                Err(ScimError::path(format!("`{}` is an attribute of the core schema", quoted(&path.name))))
            }
            (None, Some(_)) => Ok(None),
        }
    }

    fn is_required(&self, name: &str) -> bool {
        self.kind.attribute(name).is_some_and(|attribute| attribute.is_required)
    }

    /// Puts a value at a path.
    pub(super) fn put(&mut self, path: &AttributePath, value: Value, mode: Mode) -> Result<(), ScimError> {
        let attribute = self.attribute(path)?;
        // What schemas a resource has follows from its attributes.
        if path.is_core("schemas") {
            return Ok(());
        }
        let work = self.work_for(path)?;
        let (holder, name) = self.holder(path, attribute);
        match (attribute, &path.filter, &path.part) {
            (Some(attribute), None, None) => put_whole(holder, &name, attribute, value, mode)?,
            (None, None, None) => put_raw(holder, &name, value, mode),
            (attribute, Some(filter), part) => {
                let selected = Selected { attribute, filter, part: part.as_deref() };
                put_selected(holder, &name, &selected, &value, mode)?;
            }
            (attribute, None, Some(part)) => put_part(holder, &name, attribute, part, value)?,
        }
        self.work += work;
        self.drop_empty_extension(path);
        Ok(())
    }

    /// Removes what is at a path; of a list only the named elements, where some are named.
    pub(super) fn remove(&mut self, path: &AttributePath, value: Option<Value>) -> Result<(), ScimError> {
        let attribute = self.attribute(path)?;
        if attribute.is_some_and(|attribute| !attribute.is_list && path.filter.is_some()) {
            return Err(no_list(&path.name));
        }
        if let Some(attribute) = attribute.filter(|attribute| attribute.is_required) {
            return Err(ScimError::new(ErrorKind::Mutability, format!("`{}` cannot be removed", attribute.name)));
        }
        if path.is_core("schemas") {
            return Ok(());
        }
        let work = self.work_for(path)?;
        let (holder, name) = self.holder(path, attribute);
        let parts = attribute.map_or(&[][..], |attribute| attribute.parts);
        let is_meant = |element: &Value| match (&path.filter, element) {
            (None, _) => true,
            (Some(filter), Value::Object(element)) => holds(filter, Scope::Element(parts), element),
            (Some(_), _) => false,
        };
        match (&path.part, value.filter(|_| attribute.is_some_and(|it| it.is_list)), attribute) {
            (Some(part), _, _) => remove_part(holder, &name, part, is_meant),
            (None, Some(named), Some(attribute)) => {
                let named: HashSet<String> = elements(attribute, named)?.iter().map(|one| same_by(attribute, one)).collect();
                retain(holder, &name, |element| !(is_meant(element) && named.contains(&same_by(attribute, element))));
            }
            (None, _, _) if path.filter.is_some() => retain(holder, &name, |element| !is_meant(element)),
            (None, _, _) => {
                holder.remove(&name);
            }
        }
        self.work += work;
        self.drop_empty_extension(path);
        Ok(())
    }

    /// Removes a whole extension.
    pub(super) fn remove_extension(&mut self, urn: &str) {
        let key = self.extension_key(urn);
        self.body.remove(&key);
    }

    /// Whether the resource has this extension, in any case.
    pub(super) fn has_extension(&self, urn: &str) -> bool {
        get(&self.body, urn).is_some_and(Value::is_object)
    }

    fn extension_of(&self, path: &AttributePath) -> Option<String> {
        Scope::Resource(self.kind).urn(path).map(|urn| self.extension_key(urn))
    }

    fn extension_key(&self, urn: &str) -> String {
        let canonical = canonical_urn(urn);
        let known = self.body.keys().find(|key| key.eq_ignore_ascii_case(canonical));
        known.cloned().unwrap_or_else(|| canonical.to_owned())
    }

    /// The object that has the attribute, and the attribute's name in it.
    fn holder(&mut self, path: &AttributePath, attribute: Option<&Attribute>) -> (&mut Map<String, Value>, String) {
        let key = self.extension_of(path);
        let holder = match key {
            None => &mut self.body,
            Some(key) => {
                let extension = self.body.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if !extension.is_object() {
                    *extension = Value::Object(Map::new());
                }
                extension.as_object_mut().expect("it was just made an object")
            }
        };
        let name = attribute.map(|attribute| attribute.name.to_owned());
        let name = name.or_else(|| holder.keys().find(|key| key.eq_ignore_ascii_case(&path.name)).cloned());
        let name = name.unwrap_or_else(|| path.name.to_string());
        (holder, name)
    }

    fn drop_empty_extension(&mut self, path: &AttributePath) {
        if let Some(key) = self.extension_of(path)
            && self.body.get(&key).is_some_and(|extension| !is_assigned(extension))
        {
            self.body.remove(&key);
        }
    }

    /// The comparisons that a path needs: of elements with its filter, and of the names of an extension without a schema.
    fn work_for(&self, path: &AttributePath) -> Result<usize, ScimError> {
        let extension = self.extension_of(path);
        let is_extended = extension.is_some();
        let holder = extension.map_or(Some(&self.body), |key| get(&self.body, &key).and_then(Value::as_object));
        let names = holder.filter(|_| is_extended).map_or(0, Map::len);
        let elements = |holder: &Map<String, Value>| get(holder, &path.name).and_then(Value::as_array).map_or(0, Vec::len);
        let work = match &path.filter {
            Some(filter) => names.saturating_add(holder.map_or(0, elements).saturating_mul(terms(filter))),
            None => names,
        };
        if self.work.saturating_add(work) > MAX_WORK {
            return Err(ScimError::new(
                ErrorKind::TooMany,
                "the operations select from too many elements: send them in several requests",
            ));
        }
        Ok(work)
    }
}

fn terms(filter: &Filter) -> usize {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().map(terms).sum(),
        Filter::Not(term) => terms(term),
        Filter::Present(_) | Filter::Compare { .. } | Filter::Element(_) => 1,
    }
}

/// Refuses a resource without the name of its kind.
pub(super) fn named(kind: ResourceKind, body: &Map<String, Value>) -> Result<(), ScimError> {
    let name = kind.name_attribute();
    let is_named = body.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    if is_named { Ok(()) } else { Err(ScimError::value(format!("`{name}` needs a value"))) }
}

fn no_list(name: &str) -> ScimError {
    ScimError::path(format!("`{}` is no list: a filter in brackets selects nothing from it", quoted(name)))
}

fn required(attribute: &Attribute) -> ScimError {
    ScimError::value(format!("`{}` needs a value", attribute.name))
}

fn put_whole(
    holder: &mut Map<String, Value>,
    name: &str,
    attribute: &Attribute,
    value: Value,
    mode: Mode,
) -> Result<(), ScimError> {
    if attribute.is_list {
        let new = elements(attribute, value)?;
        let items = match (mode, holder.remove(name)) {
            (Mode::Add, Some(Value::Array(items))) => appended(items, new),
            _ => new,
        };
        if !items.is_empty() {
            holder.insert(name.to_owned(), Value::Array(items));
        }
        return Ok(());
    }
    if attribute.kind == Type::Complex {
        return merge(holder, name, attribute, value);
    }
    match normal(attribute, value)? {
        Some(value) => {
            holder.insert(name.to_owned(), value);
        }
        None if attribute.is_required => return Err(required(attribute)),
        None => {
            holder.remove(name);
        }
    }
    Ok(())
}

/// Merges the named parts into an object. Another `value` is another object, such as another manager: its old parts go.
fn merge(holder: &mut Map<String, Value>, name: &str, attribute: &Attribute, value: Value) -> Result<(), ScimError> {
    let is_cleared = !is_assigned(&value);
    let new = raw_object(attribute, value)?;
    let points = find(attribute.parts, "value").is_some();
    let mut parts = match holder.remove(name) {
        Some(Value::Object(parts)) if !is_cleared => parts,
        _ => Map::new(),
    };
    if let Some(value) = get(&new, "value").filter(|_| points) {
        if !is_assigned(value) {
            return Ok(());
        }
        if parts.get("value") != Some(value) {
            parts.clear();
        }
    }
    for (part, value) in new {
        let known = find(attribute.parts, &part);
        let value = match known {
            Some(known) => normal(known, value)?,
            None => Some(value).filter(is_assigned),
        };
        let part = known.map_or(part, |known| known.name.to_owned());
        match value {
            Some(value) => parts.insert(part, value),
            None => parts.remove(&part),
        };
    }
    if !parts.is_empty() {
        holder.insert(name.to_owned(), Value::Object(parts));
    }
    Ok(())
}

/// An attribute of an unknown extension is kept as it is sent.
fn put_raw(holder: &mut Map<String, Value>, name: &str, value: Value, mode: Mode) {
    if !is_assigned(&value) {
        if mode == Mode::Replace || !matches!(value, Value::Array(_)) {
            holder.remove(name);
        }
        return;
    }
    let value = match (mode, holder.remove(name), value) {
        (Mode::Add, Some(Value::Array(items)), Value::Array(new)) => Value::Array(appended(items, new)),
        (_, _, value) => value,
    };
    holder.insert(name.to_owned(), value);
}

/// Puts a part of an object, or of the only element of a list.
fn put_part(
    holder: &mut Map<String, Value>,
    name: &str,
    attribute: Option<&'static Attribute>,
    part: &str,
    value: Value,
) -> Result<(), ScimError> {
    if !attribute.is_some_and(|attribute| attribute.is_list) {
        let Some(attribute) = attribute else {
            let mut parts =
                holder.remove(name).and_then(|parts| if let Value::Object(parts) = parts { Some(parts) } else { None });
            put_raw(parts.get_or_insert_default(), part, value, Mode::Replace);
            if let Some(parts) = parts.filter(|parts| !parts.is_empty()) {
                holder.insert(name.to_owned(), Value::Object(parts));
            }
            return Ok(());
        };
        return merge(holder, name, attribute, Value::Object(Map::from_iter([(part.to_owned(), value)])));
    }
    let items = holder.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    let items = items.as_array_mut().expect("a list in normal form is an array");
    if items.len() > 1 {
        let detail = format!("`{name}` has several elements: name one, as in {name}[type eq \"work\"].{}", quoted(part));
        return Err(ScimError::new(ErrorKind::NoTarget, detail));
    }
    if items.is_empty() {
        items.push(Value::Object(Map::new()));
    }
    set_part(items, 0, attribute, part, value)?;
    tidy(holder, name);
    Ok(())
}

/// What a filtered path selects.
struct Selected<'p> {
    attribute: Option<&'static Attribute>,
    filter: &'p Filter,
    part: Option<&'p str>,
}

fn put_selected(
    holder: &mut Map<String, Value>,
    name: &str,
    selected: &Selected<'_>,
    value: &Value,
    mode: Mode,
) -> Result<(), ScimError> {
    let attribute = selected.attribute;
    let parts = attribute.map_or(&[][..], |attribute| attribute.parts);
    if attribute.is_some_and(|attribute| !attribute.is_list) {
        return Err(no_list(name));
    }
    let mut items = match holder.remove(name) {
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
        None => Vec::new(),
    };
    let meets = |item: &Value| item.as_object().is_some_and(|element| holds(selected.filter, Scope::Element(parts), element));
    let mut found: Vec<usize> = items.iter().enumerate().filter(|(_, item)| meets(item)).map(|(at, _)| at).collect();
    // An empty value for an element that does not exist clears what is not there.
    if found.is_empty() && !is_assigned(value) {
        holder.insert(name.to_owned(), Value::Array(items));
        tidy(holder, name);
        return Ok(());
    }
    if found.is_empty() {
        items.push(Value::Object(described(name, attribute, selected.filter)?));
        found.push(items.len() - 1);
    }
    for at in found {
        match selected.part {
            Some(part) => set_part(&mut items, at, attribute, part, value.clone())?,
            None => set_element(&mut items, at, selected, value.clone(), mode)?,
        }
    }
    holder.insert(name.to_owned(), Value::Array(items));
    tidy(holder, name);
    Ok(())
}

/// The element that a filter of equalities describes. Entra adds a value to an element that does not exist yet.
fn described(name: &str, attribute: Option<&'static Attribute>, filter: &Filter) -> Result<Map<String, Value>, ScimError> {
    let none = || ScimError::new(ErrorKind::NoTarget, format!("no element of `{}` meets the filter", quoted(name)));
    let terms = filter.conjunction().ok_or_else(none)?;
    let mut element = Map::new();
    for (path, operator, operand) in terms {
        if operator != Operator::Eq || path.urn.is_some() || path.part.is_some() || path.filter.is_some() {
            return Err(none());
        }
        let value = match operand {
            Operand::Text(text) => Value::from(&**text),
            Operand::Flag(flag) => Value::from(*flag),
            Operand::Number(number) => Value::Number(number.clone()),
            Operand::Null => continue,
        };
        element.insert(path.name.to_string(), value);
    }
    match attribute {
        Some(attribute) => object(attribute, Value::Object(element)),
        None => Ok(element),
    }
}

fn set_element(items: &mut [Value], at: usize, selected: &Selected<'_>, value: Value, mode: Mode) -> Result<(), ScimError> {
    let new = match selected.attribute {
        Some(attribute) => object(attribute, value)?,
        None => value.as_object().cloned().unwrap_or_default(),
    };
    if new.is_empty() {
        items[at] = Value::Null;
        return Ok(());
    }
    let mut element = match mode {
        Mode::Add => items[at].as_object().cloned().unwrap_or_default(),
        // What the filter says of the element stays true.
        Mode::Replace => described("", selected.attribute, selected.filter).unwrap_or_default(),
    };
    element.extend(new);
    replace_element(items, at, element);
    Ok(())
}

fn set_part(
    items: &mut [Value],
    at: usize,
    attribute: Option<&'static Attribute>,
    part: &str,
    value: Value,
) -> Result<(), ScimError> {
    let known = attribute.and_then(|attribute| find(attribute.parts, part));
    let value = match known {
        Some(known) => normal(known, value)?,
        None => Some(value).filter(is_assigned),
    };
    let mut element = items[at].as_object().cloned().unwrap_or_default();
    let part = known.map_or(part, |known| known.name);
    match value {
        Some(value) => element.insert(part.to_owned(), value),
        None => element.remove(part),
    };
    replace_element(items, at, element);
    Ok(())
}

/// Puts an element in its place. If it is primary, the others are not.
fn replace_element(items: &mut [Value], at: usize, element: Map<String, Value>) {
    if element.get("primary") == Some(&Value::Bool(true)) {
        for other in items.iter_mut().filter(|other| other.get("primary") == Some(&Value::Bool(true))) {
            other["primary"] = false.into();
        }
    }
    items[at] = Value::Object(element);
}

/// Drops elements that say nothing any more, and the list if none is left.
fn tidy(holder: &mut Map<String, Value>, name: &str) {
    let Some(Value::Array(items)) = holder.get_mut(name) else { return };
    items.retain(|item| item.as_object().is_none_or(has_content) && !item.is_null());
    keep_one_primary(items);
    if items.is_empty() {
        holder.remove(name);
    }
}

fn retain(holder: &mut Map<String, Value>, name: &str, keep: impl Fn(&Value) -> bool) {
    if let Some(Value::Array(items)) = holder.get_mut(name) {
        items.retain(keep);
    }
    tidy(holder, name);
}

fn remove_part(holder: &mut Map<String, Value>, name: &str, part: &str, is_meant: impl Fn(&Value) -> bool) {
    let drop_from = |element: &mut Map<String, Value>| element.retain(|known, _| !known.eq_ignore_ascii_case(part));
    match holder.get_mut(name) {
        Some(Value::Array(items)) => {
            for element in items.iter_mut().filter(|element| is_meant(element)).filter_map(Value::as_object_mut) {
                drop_from(element);
            }
        }
        Some(Value::Object(parts)) => drop_from(parts),
        _ => return,
    }
    if holder.get(name).is_some_and(|value| !is_assigned(value)) {
        holder.remove(name);
    }
    tidy(holder, name);
}
