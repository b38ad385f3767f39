//! The properties that a `$filter` names: their types, and the operators that they take.

use serde_json::Value;

use super::super::clock;
use super::super::object::Kind;
use super::super::reply::Problem;
use super::super::schema::{self, Rule, Support, is_extension, part};
use super::tokens::{Token, invalid};

/// What a filter is about.
#[derive(Clone, Copy)]
pub(in super::super) struct Terms<'a> {
    pub(in super::super) kind: Kind,
    /// The request has `ConsistencyLevel: eventual` and `$count=true`.
    pub(in super::super) advanced: bool,
    /// The definitions of directory extensions.
    pub(in super::super) extensions: &'a [Value],
}

/// A property, or a part of one, as a filter names it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The path in Graph's spelling; empty for the item of a collection of texts.
    pub(super) path: String,
    /// The type of its values.
    pub(super) kind: String,
    /// Values are found by `any` alone.
    pub(super) collection: bool,
    /// The rule of the property; directory extensions have none.
    rule: Option<&'static Rule>,
}

impl Field {
    /// The property with this name or path.
    pub(super) fn find(word: &str, terms: Terms<'_>) -> Result<Self, Problem> {
        let (property, rest) = word.split_once('/').map_or((word, None), |(property, rest)| (property, Some(rest)));
        if is_extension(property) {
            let known =
                terms.extensions.iter().find(|known| known["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(property)));
            let definition = known.ok_or_else(|| unknown(property, terms.kind))?;
            let path = definition["name"].as_str().unwrap_or(property).to_owned();
            let kind = definition["dataType"].as_str().unwrap_or("String").to_owned();
            return Ok(Self { path, kind, collection: definition["isMultiValued"] == true, rule: None });
        }
        let (name, rule) = schema::find(terms.kind, property).ok_or_else(|| unknown(property, terms.kind))?;
        let whole = Self { path: name.to_owned(), kind: rule.kind.clone(), collection: rule.collection, rule: Some(rule) };
        match rest {
            None => Ok(whole),
            Some(rest) if !rule.collection => whole.part(rest, terms.kind),
            Some(_) => Err(invalid()),
        }
    }

    /// A part of a complex property.
    fn part(self, name: &str, kind: Kind) -> Result<Self, Problem> {
        let (name, part) = part(&self.kind, name).ok_or_else(|| unknown(name, kind))?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) };
        Ok(Self { path, kind: part.kind.clone(), collection: part.collection, rule: self.rule })
    }

    /// What the range variable of an `any` stands for, or a part of it.
    pub(super) fn item(&self, rest: &str, kind: Kind) -> Result<Self, Problem> {
        let item = Self { path: String::new(), collection: false, ..self.clone() };
        match rest.strip_prefix('/') {
            Some(name) => item.part(name, kind),
            None if rest.is_empty() => Ok(item),
            None => Err(invalid()),
        }
    }

    /// Whether the operator is supported in this query.
    pub(super) fn allows(&self, operator: &str, terms: Terms<'_>) -> Result<(), Problem> {
        let support = match self.rule {
            Some(rule) => rule.support(operator),
            None => match operator {
                "eq" | "ge" | "le" | "in" | "startsWith" => Support::Plain,
                "ne" | "not" | "null" => Support::Advanced,
                _ => Support::No,
            },
        };
        match support {
            Support::Plain => Ok(()),
            Support::Advanced if terms.advanced => Ok(()),
            Support::Advanced => Err(wants_index(operator, &self.path)),
            Support::No => Err(Problem::query(format!(
                "Unsupported or invalid query filter clause specified for property '{}' of resource '{}'.",
                self.path,
                terms.kind.name()
            ))),
        }
    }

    /// A literal of the property's type.
    pub(super) fn literal(&self, token: Option<Token>) -> Result<Value, Problem> {
        let mismatch = || {
            Problem::new(
                400,
                "BadRequest",
                format!("Invalid filter clause: a value of '{}' has the type 'Edm.{}'.", self.path, self.kind),
            )
        };
        match (self.kind.as_str(), token.ok_or_else(invalid)?) {
            (_, Token::Word(word)) if word == "null" => Ok(Value::Null),
            ("Boolean", Token::Word(word)) => word.parse().map(Value::Bool).map_err(|_| mismatch()),
            ("DateTimeOffset" | "DateTime", Token::Word(word)) => {
                word.parse().map(|at: jiff::Timestamp| Value::String(clock::text(at))).map_err(|_| mismatch())
            }
            ("Guid", Token::Word(word)) => {
                word.parse::<uuid::Uuid>().map(|id| Value::String(id.to_string())).map_err(|_| mismatch())
            }
            ("Int32" | "Integer" | "LargeInteger", Token::Word(word)) => {
                word.parse::<i64>().map(Value::from).map_err(|_| mismatch())
            }
            ("String" | "Binary", Token::Text(text)) => Ok(Value::String(text)),
            _ => Err(mismatch()),
        }
    }
}

fn unknown(property: &str, kind: Kind) -> Problem {
    Problem::new(
        400,
        "BadRequest",
        format!(
            "Invalid filter clause: Could not find a property named '{property}' on type '{}'.",
            kind.odata().trim_start_matches('#')
        ),
    )
}

/// The refusal of what only the index store can answer.
pub(super) fn wants_index(operator: &str, property: &str) -> Problem {
    Problem::query(format!(
        "Operator '{operator}' is not supported for property '{property}' because the required parameters might be missing. Try adding \
         $count=true query parameter and ConsistencyLevel:eventual header."
    ))
}
