//! One record on its way through the mapping, with the problems it meets.

use std::sync::Arc;

use super::super::desired::{Flow, GroupWanted, HeldCode, ManagerWanted, Stage, Wanted};
use super::super::formula::Slot;
use super::super::lifecycle::{Facts, fold};
use super::super::model::{GroupFormulas, Origin, Target};
use super::super::parse_lifecycle::date_slots;
use super::{BoundMapping, Problem, Stop};
use crate::directory::{Attribute, Kind, Value, ValueFault};
use crate::expr::{self, Context, Outcome};
use crate::record::{Cell, EmployeeId, Record, trimmed};

/// The way of one record through the mapping.
pub(super) struct Run<'m> {
    bound: &'m BoundMapping,
    record: &'m Record,
    context: &'m Context,
    key: &'m EmployeeId,
    pub(super) problems: Vec<Problem>,
    pub(super) dropped: bool,
}

impl<'m> Run<'m> {
    pub(super) fn new(bound: &'m BoundMapping, record: &'m Record, context: &'m Context, key: &'m EmployeeId) -> Self {
        Self { bound, record, context, key, problems: Vec::new(), dropped: false }
    }

    /// The outcome of an expression; a fault is noted.
    fn outcome(&mut self, slot: Slot, name: Option<&str>) -> Option<Outcome<'m>> {
        match self.bound.outcome(slot, self.record, self.context, self.key.as_str()) {
            Ok(Outcome::IgnoreObject) => {
                self.dropped = true;
                None
            }
            Ok(outcome) => Some(outcome),
            Err(error) => {
                let problem = self.bound.failed(slot, name, &error);
                self.problems.push(problem);
                None
            }
        }
    }

    pub(super) fn text(&mut self, slot: Slot) -> Option<String> {
        match self.bound.one_text(slot, self.record, self.context, self.key.as_str()) {
            Ok(text) => text,
            Err(Stop::Drop) => {
                self.dropped = true;
                None
            }
            Err(Stop::Hold(problem)) => {
                self.problems.push(problem);
                None
            }
        }
    }

    pub(super) fn in_scope(&mut self) -> bool {
        let inner = &self.bound.inner;
        if let Some(slot) = inner.filter {
            self.outcome(slot, Some("objectFilter"));
            if self.dropped {
                return false;
            }
        }
        if inner.scope.is_empty() {
            return true;
        }
        inner.scope.iter().any(|clauses| {
            clauses.iter().all(|clause| match self.outcome(clause.attribute, None) {
                Some(Outcome::Value(value)) => clause.test.passes(&value),
                _ => false,
            })
        })
    }

    pub(super) fn stage(&mut self) -> Option<Stage> {
        let inner = &self.bound.inner;
        let Some(cycle) = &inner.cycle else { return Some(Stage::Active { start: None }) };
        let before = self.problems.len();
        let [start, end] = date_slots(cycle).map(|(name, slot)| {
            let text = self.text(slot?)?;
            if name == "end" && inner.no_end.contains(&fold(&text)) {
                return None;
            }
            let day = inner.dates.day(&text);
            if day.is_none() {
                let fault = format!("is not a date of the form {}", inner.dates.formats.join(" or "));
                let mut problem = self.bound.invalid(slot?, Some(&format!("lifecycle.{name}")), &fault);
                "correct the date in HR, or add its form to `dates` in the mapping".clone_into(&mut problem.help);
                self.problems.push(problem);
            }
            day
        });
        let status = cycle.status.and_then(|slot| self.text(slot)).unwrap_or_default();
        if self.problems.len() > before {
            return None;
        }
        match cycle.stage(&Facts { start, end, status }, self.context.today()) {
            Ok(stage) => Some(stage),
            Err(unclear) => {
                let place = match unclear.code {
                    HeldCode::NoStatus => cycle.status.map(|slot| format!(" ({})", self.bound.columns(slot))),
                    _ => None,
                };
                let message = unclear.message + &place.unwrap_or_default();
                self.problems.push(Problem { code: unclear.code, message, help: unclear.help.to_owned() });
                None
            }
        }
    }

    pub(super) fn wanted(&mut self, target: &Target, shown: &Arc<str>) -> Option<Wanted> {
        let flow = match &target.origin {
            Origin::Constant(value) => Flow::Set(value.clone()),
            Origin::Formula(slot) => self.flow(target, *slot)?,
        };
        let expression = Arc::clone(shown);
        Some(Wanted { attribute: target.attribute, flow, when: target.when, expression })
    }

    fn flow(&mut self, target: &Target, slot: Slot) -> Option<Flow> {
        let attribute = target.attribute;
        if let Some(Cell::Text(text)) = self.bound.bounds[slot.0].cell(self.record) {
            // The shortest way for what most targets are.
            let text = trimmed(text);
            return if text.is_empty() { when_empty(target) } else { self.set(target, slot, Value::text(text)) };
        }
        let value = match self.outcome(slot, Some(attribute.name))? {
            Outcome::Value(value) => value,
            Outcome::Candidates(candidates) => return self.first_free(target, slot, candidates),
            Outcome::IgnoreAttribute | Outcome::IgnoreObject => return None,
        };
        match directory_value(attribute, value) {
            Some(value) => self.set(target, slot, value),
            None => when_empty(target),
        }
    }

    /// The value, if the directory takes it.
    fn set(&mut self, target: &Target, slot: Slot, value: Value) -> Option<Flow> {
        let attribute = target.attribute;
        if let Value::Text(text) = &value
            && crate::source::is_error(text)
        {
            let mut problem = self.bound.invalid(slot, Some(attribute.name), &format!("holds the error {text} of a spreadsheet"));
            "correct the formula in the file, or list the word in `[source] nothing` of the mapping"
                .clone_into(&mut problem.help);
            self.problems.push(problem);
            return None;
        }
        match self.accept(attribute, value) {
            Ok(value) => Some(Flow::Set(value)),
            Err(fault) => {
                let problem = self.refused(slot, attribute, &fault);
                self.problems.push(problem);
                None
            }
        }
    }

    /// The candidates that Graph would take; the record is held where there is none.
    fn first_free(&mut self, target: &Target, slot: Slot, candidates: expr::Candidates) -> Option<Flow> {
        let attribute = target.attribute;
        let mut accepted: Vec<Value> = Vec::new();
        let mut first_fault = None;
        for text in candidates.values {
            let Some(value) = directory_value(attribute, expr::Value::Text(text.into())) else { continue };
            match self.accept(attribute, value) {
                Ok(value) if accepted.contains(&value) => {}
                Ok(value) => accepted.push(value),
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        if !accepted.is_empty() {
            return Some(Flow::FirstFree(accepted));
        }
        let problem = match (first_fault, candidates.fault) {
            (Some(fault), _) => {
                let mut problem = self.refused(slot, attribute, &fault);
                "correct the value in HR, or add a candidate to SelectUniqueValue, such as one from the key"
                    .clone_into(&mut problem.help);
                problem
            }
            (None, Some(error)) => self.bound.failed(slot, Some(attribute.name), &error),
            (None, None) => return when_empty(target),
        };
        self.problems.push(problem);
        None
    }

    fn accept(&self, attribute: Attribute, value: Value) -> Result<Value, ValueFault> {
        let value = match (attribute.kind, value) {
            (Kind::Date, Value::Text(text)) => match self.bound.inner.dates.canonical(&text) {
                Some(date) => Value::text(date),
                None => return Err(ValueFault::Form { wanted: "a date of a form that `dates` names" }),
            },
            (_, value) => value,
        };
        attribute.accept(value)
    }

    fn refused(&self, slot: Slot, attribute: Attribute, fault: &ValueFault) -> Problem {
        let mut problem = self.bound.invalid(slot, Some(attribute.name), &fault.to_string());
        problem.help = match fault {
            ValueFault::TooLong { most, .. } => format!("shorten it in HR, or in the mapping with Left(…, {most})"),
            ValueFault::TooMany { .. } => "choose one in the mapping with Item(…, 1)".to_owned(),
            ValueFault::Character { .. } => "correct it in HR, or in the mapping with Replace or NormalizeDiacritics".to_owned(),
            ValueFault::Form { .. } => "correct it in HR, or translate it in the mapping with Switch".to_owned(),
        };
        problem
    }

    pub(super) fn manager(&mut self) -> ManagerWanted {
        let Some(slot) = self.bound.inner.manager else { return ManagerWanted::Leave };
        match self.outcome(slot, Some("manager")) {
            Some(Outcome::Value(value)) => match value.to_text().as_deref().and_then(EmployeeId::new) {
                Some(key) if crate::source::is_error(key.as_str()) => {
                    let problem = self.bound.invalid(slot, Some("manager"), &format!("holds the error {key} of a spreadsheet"));
                    self.problems.push(problem);
                    ManagerWanted::Leave
                }
                Some(key) => ManagerWanted::Key(key),
                None if value.is_empty() || value.to_text().is_some() => ManagerWanted::Clear,
                None => {
                    let problem = self.bound.invalid(slot, Some("manager"), "has several values where one is wanted");
                    self.problems.push(problem);
                    ManagerWanted::Leave
                }
            },
            _ => ManagerWanted::Leave,
        }
    }

    pub(super) fn group(&mut self, rule: usize, formulas: &GroupFormulas) -> Option<GroupWanted> {
        if let Some(when) = formulas.when {
            match self.outcome(when, Some("groups.when"))? {
                Outcome::Value(expr::Value::Flag(true)) => {}
                Outcome::Value(value) if value.to_text().is_some_and(|text| text.trim().eq_ignore_ascii_case("true")) => {}
                _ => return None,
            }
        }
        let name = self.text(formulas.name)?;
        let key = match formulas.key {
            Some(slot) => self.text(slot)?,
            None => name.clone(),
        };
        let length = name.encode_utf16().count();
        if length > 256 {
            let fault = ValueFault::TooLong { length, most: 256 }.to_string();
            let problem = self.bound.invalid(formulas.name, Some("groups.name"), &fault);
            self.problems.push(problem);
            return None;
        }
        Some(GroupWanted { rule, key, name })
    }
}

/// What an empty value becomes: the default, nothing, or it is left alone.
fn when_empty(target: &Target) -> Option<Flow> {
    match &target.default {
        Some(value) => Some(Flow::Set(value.clone())),
        None => (!target.keep).then_some(Flow::Clear),
    }
}

/// The value as the directory takes it, trimmed; nothing where it is empty.
fn directory_value(attribute: Attribute, value: expr::Value<'_>) -> Option<Value> {
    let trimmed = |text: &str| Some(trimmed(text)).filter(|text| !text.is_empty()).map(Box::<str>::from);
    match value {
        expr::Value::Null => None,
        expr::Value::Text(text) => trimmed(&text).map(Value::Text),
        expr::Value::Flag(flag) => Some(Value::Flag(flag)),
        expr::Value::Number(number) => Some(Value::text(number.to_string())),
        expr::Value::List(items) => {
            let mut items: Vec<Box<str>> = items.iter().filter_map(|item| trimmed(item)).collect();
            match (items.len(), attribute.kind) {
                (0, _) => None,
                (1, kind) if kind != Kind::List => items.pop().map(Value::Text),
                _ => Some(Value::List(items.into())),
            }
        }
    }
}
