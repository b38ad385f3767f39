//! What the `mapping` commands ask: a check against a file's columns, one expression by itself, one person explained.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::evaluate::BoundMapping;
use super::formula::Slot;
use super::model::{Mapping, ValueSource};
use crate::diagnostic::Fault;
use crate::expr::{self, Context, Expression, Outcome};
use crate::record::{At, Header, Place, Record, Value};

/// What a check of a mapping found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The name of the mapping, where it could be read.
    pub name: Option<String>,
    /// Every fault, missing columns included.
    pub faults: Vec<Fault>,
    /// The columns that the mapping uses.
    pub used: BTreeSet<String>,
    /// The columns of the file that it does not use.
    pub unused: Vec<String>,
}

/// Checks a mapping, against the columns of a file where they are given. A mapping with faults is held against them too.
pub fn check(text: &str, path: &Path, header: Option<&Header>) -> Checked {
    let (mapping, partial) = Mapping::parse_whole(text, path, header);
    let mapping = match mapping {
        Ok(mapping) => mapping,
        Err(errors) => return Checked { faults: errors.faults, used: partial, ..Checked::default() },
    };
    let used = mapping.columns();
    let unused = header.map(|header| {
        let required = mapping.required();
        let idle = header.names().filter(|name| !used.contains(*name) && !required.contains(name));
        idle.map(str::to_owned).collect()
    });
    Checked {
        name: Some(mapping.name().to_owned()),
        faults: header.map(|header| mapping.missing(header)).unwrap_or_default(),
        used,
        unused: unused.unwrap_or_default(),
    }
}

/// What one expression is evaluated with.
#[derive(Clone, Debug, Default)]
pub struct Evaluation<'a> {
    /// The attributes of the record.
    pub record: Map<String, Json>,
    /// The clock; 1970 where it is left out.
    pub now: Timestamp,
    /// Values that are in use already.
    pub taken: &'a [String],
    /// The tenant's default domain.
    pub default_domain: Option<String>,
}

/// Why an expression yielded nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalFault {
    /// What kind of fault it is, in kebab case.
    pub code: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The bytes of the expression it concerns.
    pub span: Range<usize>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl EvalFault {
    /// The document of a fault: `{"error": {"code", "message", "span"}}`.
    pub fn to_json(&self) -> Json {
        let Self { code, message, span, hint: _ } = self;
        json!({ "error": { "code": code, "message": message, "span": [span.start, span.end] } })
    }

    fn of_record(message: String) -> Self {
        Self { code: "record".to_owned(), message, span: 0..0, hint: None }
    }
}

/// Evaluates one expression: the bare value, or `{"ignore": "attribute"}` or `{"ignore": "object"}`.
///
/// # Errors
/// Every fault of the expression, or the one that its evaluation met.
pub fn eval(text: &str, with: &Evaluation<'_>) -> Result<Json, Vec<EvalFault>> {
    let expression = Expression::check(text, &expr::Rules::open()).map_err(|faults| {
        let known = |fault: expr::Fault| EvalFault {
            code: fault.code.to_owned(),
            message: fault.message,
            span: fault.span,
            hint: fault.hint,
        };
        faults.into_iter().map(known).collect::<Vec<_>>()
    })?;
    let record = record_of(&with.record).map_err(|fault| vec![fault])?;
    let context = Context { now: with.now, default_domain: with.default_domain.clone() };
    let bound = expression.bind(record.header());
    let met = |error: expr::EvalError| {
        vec![EvalFault { code: error.code.to_owned(), message: error.message, span: error.span, hint: None }]
    };
    match bound.evaluate(&record, &context, "").map_err(met)? {
        Outcome::Value(value) => Ok(to_json(value)),
        Outcome::IgnoreAttribute => Ok(json!({ "ignore": "attribute" })),
        Outcome::IgnoreObject => Ok(json!({ "ignore": "object" })),
        Outcome::Candidates(candidates) => {
            let used: BTreeSet<String> = with.taken.iter().map(|value| value.to_lowercase()).collect();
            let free = candidates.values.into_iter().find(|value| !used.contains(&value.to_lowercase()));
            match (free, candidates.fault) {
                (Some(value), _) => Ok(Json::from(value)),
                (None, Some(error)) => Err(met(error)),
                (None, None) => Err(vec![EvalFault {
                    code: "no-unique-value".to_owned(),
                    message: "every candidate of SelectUniqueValue is taken".to_owned(),
                    span: 0..text.len(),
                    hint: Some("add a candidate, such as one with the personnel number".to_owned()),
                }]),
            }
        }
    }
}

/// A record from a JSON object of texts, booleans, nulls and arrays; numbers become their text.
pub(super) fn record_of(object: &Map<String, Json>) -> Result<Record, EvalFault> {
    let scalar = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(if *flag { "True" } else { "False" }.to_owned()),
        _ => None,
    };
    let mut values = Vec::new();
    for (name, value) in object {
        values.push(match value {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Flag(*flag),
            Json::Array(items) => {
                let texts: Option<Vec<Box<str>>> = items.iter().map(|item| scalar(item).map(Into::into)).collect();
                let texts = texts.ok_or_else(|| EvalFault::of_record(format!("`{name}` holds more than texts")))?;
                Value::List(texts.into())
            }
            Json::Object(_) => return Err(EvalFault::of_record(format!("`{name}` is an object"))),
            other => Value::text(scalar(other).unwrap_or_default()),
        });
    }
    let header = Header::new(object.keys().map(String::as_str));
    let header = header.map_err(|name| EvalFault::of_record(format!("`{name}` occurs twice")))?;
    Ok(Record::from_values(Arc::new(header), Place { source: "--record".into(), at: At::Line(1) }, values))
}

fn to_json(value: expr::Value<'_>) -> Json {
    match value {
        expr::Value::Null => Json::Null,
        expr::Value::Text(text) => Json::from(text),
        expr::Value::Flag(flag) => Json::from(flag),
        expr::Value::Number(number) => Json::from(number),
        expr::Value::List(items) => Json::from(items.iter().map(AsRef::as_ref).collect::<Vec<&str>>()),
    }
}

/// One expression of a mapping for one record.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Explained {
    /// The target, such as `department`, `manager` or `lifecycle.start`.
    pub target: String,
    /// The expression as the mapping writes it.
    pub expression: String,
    /// The columns that it reads, with their values.
    pub inputs: BTreeMap<String, Json>,
    /// The result, as `mapping eval` shows it; candidates are a list.
    pub result: Json,
}

impl BoundMapping {
    /// Every expression with its inputs and its result, in the order: key, scope, life cycle, manager, attributes, groups.
    pub fn explain(&self, record: &Record, context: &Context) -> Vec<Explained> {
        let emptied = self.cleaned(record);
        let record = emptied.as_ref().unwrap_or(record);
        let inner = &*self.inner;
        let key = self.bounds[inner.key.0].evaluate(record, context, "");
        let seed = match key {
            Ok(Outcome::Value(value)) => value.to_text().unwrap_or_default().trim().to_owned(),
            _ => String::new(),
        };
        let mut slots: Vec<(String, Slot)> = vec![("key".to_owned(), inner.key)];
        slots.extend(inner.previous_key.map(|slot| ("previous_key".to_owned(), slot)));
        slots.extend(inner.filter.map(|slot| ("objectFilter".to_owned(), slot)));
        slots.extend(inner.scope.iter().flatten().map(|clause| ("scope".to_owned(), clause.attribute)));
        if let Some(cycle) = &inner.cycle {
            for (name, slot) in [("start", cycle.start), ("end", cycle.end), ("status", cycle.status)] {
                slots.extend(slot.map(|slot| (format!("lifecycle.{name}"), slot)));
            }
        }
        slots.extend(inner.manager.map(|slot| ("manager".to_owned(), slot)));
        let mut explained: Vec<Explained> =
            slots.into_iter().map(|(target, slot)| self.explain_slot(target, slot, record, context, &seed)).collect();
        for target in &inner.targets {
            let name = target.attribute.name.to_owned();
            explained.push(match &target.origin {
                ValueSource::Formula(slot) => self.explain_slot(name, *slot, record, context, &seed),
                ValueSource::Constant(value) => Explained {
                    target: name,
                    expression: target.shown.to_string(),
                    inputs: BTreeMap::new(),
                    result: serde_json::to_value(value).unwrap_or_default(),
                },
            });
        }
        for (rule, formulas) in inner.groups.iter().enumerate() {
            for (name, slot) in formulas.parts() {
                explained.push(self.explain_slot(format!("groups[{rule}].{name}"), slot, record, context, &seed));
            }
        }
        explained
    }

    fn explain_slot(&self, target: String, slot: Slot, record: &Record, context: &Context, seed: &str) -> Explained {
        let expression = &self.inner.formulas[slot.0].expression;
        let inputs = expression.columns().map(|(name, _)| {
            let cell = record.get(name).map_or(Json::Null, |cell| to_json(cell.into()));
            (name.to_owned(), cell)
        });
        let result = match self.bounds[slot.0].evaluate(record, context, seed) {
            Ok(Outcome::Value(value)) => to_json(value),
            Ok(Outcome::IgnoreAttribute) => json!({ "ignore": "attribute" }),
            Ok(Outcome::IgnoreObject) => json!({ "ignore": "object" }),
            Ok(Outcome::Candidates(candidates)) => Json::from(candidates.values),
            Err(error) => json!({ "error": { "code": error.code, "message": error.message } }),
        };
        Explained { target, expression: expression.text().trim().to_owned(), inputs: inputs.collect(), result }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(record: Json) -> Evaluation<'static> {
        let Json::Object(record) = record else { panic!("a record is an object") };
        Evaluation { record, ..Evaluation::default() }
    }

    #[test]
    fn one_expression_yields_a_bare_value() {
        assert_eq!(eval("[A]", &with(json!({ "A": "x" }))), Ok(json!("x")));
        assert_eq!(eval("[B]", &with(json!({ "A": "x" }))), Ok(Json::Null));
    }

    #[test]
    fn an_unknown_function_is_a_fault_with_its_place() {
        let faults = eval("Jion(\" \", [A])", &with(json!({}))).unwrap_err();
        assert_eq!(faults[0].span.start, 0);
        assert!(faults[0].to_json()["error"]["code"].is_string());
    }
}
