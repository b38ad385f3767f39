//! Whether a filter holds for a resource or for an element of a list.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::error::{ScimError, quoted};
use super::filter::{AttributePath, Filter, Operand, Operator};
use super::json_value::{flag_of, fold, get, is_assigned};
use super::schema::{Attribute, ENTERPRISE, ResourceKind, Type, extension_attribute, find};

/// Where the names of a filter are looked up.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    Resource(ResourceKind),
    Element(&'static [Attribute]),
}

impl Scope {
    pub(super) fn attribute(self, path: &AttributePath) -> Option<&'static Attribute> {
        match (self, &path.urn) {
            (Self::Resource(_), Some(urn)) => extension_attribute(urn, &path.name),
            (Self::Resource(kind), None) => kind.attribute(&path.name).or_else(|| kind.extended(&path.name)),
            (Self::Element(parts), _) => find(parts, &path.name),
        }
    }
}

impl Scope {
    /// The extension that has the attribute. Senders write `manager` for that of the enterprise extension.
    pub(super) fn urn(self, path: &AttributePath) -> Option<&str> {
        match (self, &path.urn) {
            (_, Some(urn)) => Some(urn),
            (Self::Resource(kind), None) => {
                let is_extended = kind.attribute(&path.name).is_none() && kind.extended(&path.name).is_some();
                is_extended.then_some(ENTERPRISE)
            }
            (Self::Element(_), None) => None,
        }
    }
}

impl Filter {
    /// Refuses a filter that can hold for no resource of the kind: an unknown core attribute, or an order of booleans.
    ///
    /// # Errors
    /// `invalidFilter`.
    pub fn check(&self, kind: ResourceKind) -> Result<(), ScimError> {
        check(self, Scope::Resource(kind))
    }

    /// Whether the filter holds for a resource as it is answered.
    pub fn holds(&self, kind: ResourceKind, resource: &Map<String, Value>) -> bool {
        holds(self, Scope::Resource(kind), resource)
    }
}

fn check(filter: &Filter, scope: Scope) -> Result<(), ScimError> {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().try_for_each(|term| check(term, scope)),
        Filter::Not(term) => check(term, scope),
        Filter::Present(path) | Filter::Element(path) => check_path(path, scope).map(drop),
        Filter::Compare { path, operator, operand } => {
            let compared = check_path(path, scope)?;
            let Some(attribute) = compared else { return Ok(()) };
            if operator.is_order() && matches!(attribute.kind, Type::Flag | Type::Binary) {
                return Err(ScimError::filter(format!("the values of `{}` have no order", attribute.name)));
            }
            match operand {
                Operand::Text(text) if attribute.kind == Type::Moment && moment(text).is_none() => {
                    Err(ScimError::filter(format!("`{}` is compared with moments such as 2026-11-20T08:00:00Z", attribute.name)))
                }
                _ => Ok(()),
            }
        }
    }
}

/// The attribute that a path compares, where its schema is known.
fn check_path(path: &AttributePath, scope: Scope) -> Result<Option<&'static Attribute>, ScimError> {
    let attribute = scope.attribute(path);
    if let (None, None, Scope::Resource(kind)) = (attribute, &path.urn, scope) {
        return Err(ScimError::filter(format!("a {} has no attribute `{}`", kind.name(), quoted(&path.name))));
    }
    if let (Some(filter), Some(attribute)) = (&path.filter, attribute) {
        check(filter, Scope::Element(attribute.parts))?;
    }
    let part = path.part.as_deref().or(Some("value").filter(|_| attribute.is_some_and(|it| it.kind == Type::Complex)));
    Ok(match (attribute, part) {
        (Some(attribute), Some(part)) => find(attribute.parts, part),
        (attribute, _) => attribute,
    })
}

pub(super) fn holds(filter: &Filter, scope: Scope, object: &Map<String, Value>) -> bool {
    match filter {
        Filter::And(terms) => terms.iter().all(|term| holds(term, scope, object)),
        Filter::Or(terms) => terms.iter().any(|term| holds(term, scope, object)),
        Filter::Not(term) => !holds(term, scope, object),
        Filter::Present(path) | Filter::Element(path) => values(path, scope, object).iter().any(|value| is_assigned(value)),
        Filter::Compare { path, operator, operand } => {
            let (found, attribute) = (values(path, scope, object), compared(path, scope));
            let assigned: Vec<&Value> = found.into_iter().filter(|value| is_assigned(value)).collect();
            match (operator, operand) {
                (Operator::Eq, Operand::Null) => assigned.is_empty(),
                (Operator::Ne, Operand::Null) => !assigned.is_empty(),
                (Operator::Ne, _) if assigned.is_empty() => true,
                _ => assigned.iter().any(|value| compares(value, *operator, operand, attribute)),
            }
        }
    }
}

/// The attribute whose values a path ends in.
fn compared(path: &AttributePath, scope: Scope) -> Option<&'static Attribute> {
    let attribute = scope.attribute(path)?;
    match &path.part {
        Some(part) => find(attribute.parts, part),
        None if attribute.kind == Type::Complex => find(attribute.parts, "value"),
        None => Some(attribute),
    }
}

/// The values at a path. An object stands for its `value`, so that `members eq "id"` works.
pub(super) fn values<'v>(path: &AttributePath, scope: Scope, object: &'v Map<String, Value>) -> Vec<&'v Value> {
    let extension = scope.urn(path).map(|urn| get(object, urn).and_then(Value::as_object));
    let Some(holder) = extension.unwrap_or(Some(object)) else { return Vec::new() };
    let Some(found) = get(holder, &path.name) else { return Vec::new() };
    let parts = scope.attribute(path).map_or(&[][..], |attribute| attribute.parts);
    let elements: Vec<&Value> = match found {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    };
    let meets = |element: &&Value| match (&path.filter, element) {
        (None, _) => true,
        (Some(filter), Value::Object(element)) => holds(filter, Scope::Element(parts), element),
        (Some(_), _) => false,
    };
    let value = |element: &'v Value| match (&path.part, element) {
        (Some(part), Value::Object(element)) => get(element, part),
        (Some(_), _) => None,
        (None, Value::Object(inner)) if path.filter.is_none() => get(inner, "value").or(Some(element)),
        (None, element) => Some(element),
    };
    elements.into_iter().filter(meets).filter_map(value).collect()
}

fn compares(value: &Value, operator: Operator, operand: &Operand, attribute: Option<&Attribute>) -> bool {
    let is_exact = attribute.is_some_and(|attribute| attribute.is_exact);
    match (value, operand) {
        (Value::Bool(flag), Operand::Flag(other)) => same(operator, flag == other),
        (Value::Bool(flag), Operand::Text(text)) => flag_of(text).is_some_and(|other| same(operator, *flag == other)),
        (Value::Number(number), Operand::Number(other)) => match (number.as_f64(), other.as_f64()) {
            (Some(number), Some(other)) => ordered(operator, number.partial_cmp(&other)),
            _ => false,
        },
        (Value::String(text), Operand::Text(other)) if attribute.is_some_and(|attribute| attribute.kind == Type::Moment) => {
            ordered(operator, moment(text).partial_cmp(&moment(other)))
        }
        (Value::String(text), operand) => {
            let other = match operand {
                Operand::Text(other) => other.to_string(),
                other => other.to_string(),
            };
            if is_exact { texts(text, operator, &other) } else { texts(&fold(text), operator, &fold(&other)) }
        }
        _ => operator == Operator::Ne,
    }
}

fn moment(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

fn same(operator: Operator, are_equal: bool) -> bool {
    match operator {
        Operator::Eq => are_equal,
        Operator::Ne => !are_equal,
        _ => false,
    }
}

fn ordered(operator: Operator, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return false };
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

fn texts(text: &str, operator: Operator, other: &str) -> bool {
    match operator {
        Operator::Co => text.contains(other),
        Operator::Sw => text.starts_with(other),
        Operator::Ew => text.ends_with(other),
        _ => ordered(operator, Some(text.cmp(other))),
    }
}
