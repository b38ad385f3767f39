//! A mapping held against the columns of a reading: from a record to what the person should look like.

use std::sync::Arc;

use super::damage::spreadsheet_damage;
use super::desired::{Desired, Flow, GroupWanted, Held, HeldCode, ManagerWanted, Mapped, Stage, Wanted};
use super::formula::Slot;
use super::lifecycle::{Facts, fold};
use super::model::{GroupFormulas, Inner, Origin, Target};
use super::parse_lifecycle::date_slots;
use super::survey::Fate;
use crate::directory::{Attribute, Kind, Value, ValueFault};
use crate::expr::{self, Bound, Context, EvalError, Outcome};
use crate::record::{Cell, EmployeeId, Record, trimmed};

/// A mapping whose columns are resolved: maps one record at a time.
#[derive(Clone, Debug)]
pub struct BoundMapping {
    pub(super) inner: Arc<Inner>,
    pub(super) bounds: Vec<Bound>,
    /// The expressions of the targets as the file writes them, in their order.
    shown: Vec<Arc<str>>,
}

/// What is wrong with one record.
struct Problem {
    code: HeldCode,
    message: String,
    help: String,
}

/// Why one value has no further use.
enum Stop {
    /// The record is dropped by `IgnoreObjectFlow`.
    Drop,
    /// The record is held.
    Hold(Problem),
}

impl BoundMapping {
    pub(super) fn new(inner: Arc<Inner>, bounds: Vec<Bound>) -> Self {
        let shown = inner.targets.iter().map(|target| Arc::from(&*target.shown)).collect();
        Self { inner, bounds, shown }
    }

    /// The same for another thread: what it hands out shares no counter with what this one does, which would make each wait for the other.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(Arc::clone(&self.inner), self.bounds.clone())
    }

    /// What the person of a record should look like on the context's day, or why nobody can say.
    pub fn map(&self, record: &Record, context: &Context) -> Mapped {
        let emptied = self.without_nothings(record);
        let record = emptied.as_ref().unwrap_or(record);
        let key = match self.one_text(self.inner.key, record, context, "") {
            Ok(text) => text.as_deref().and_then(EmployeeId::new),
            Err(Stop::Hold(problem)) => return held(record, None, None, &[problem]),
            Err(Stop::Drop) => None,
        };
        let Some(key) = key else {
            let problem = Problem {
                code: HeldCode::NoKey,
                message: format!("the record has no key ({} is empty)", self.columns(self.inner.key)),
                help: "enter the personnel number in HR".to_owned(),
            };
            return held(record, None, None, &[problem]);
        };
        if let Some(damage) = spreadsheet_damage(key.as_str()) {
            // Whose number it was cannot be told: as with an empty one, it could be anyone's.
            let problem = Problem {
                code: HeldCode::NoKey,
                message: format!("the key ({}) is damaged: {damage}", self.columns(self.inner.key)),
                help: "export the column as text, or mend it in `[source] key` of the mapping with Replace".to_owned(),
            };
            return held(record, None, None, &[problem]);
        }
        let mut run = Run { bound: self, record, context, key: &key, problems: Vec::new(), dropped: false };
        let in_scope = run.in_scope();
        if run.problems.is_empty() && !in_scope {
            return self.out_of_scope(key, record, context);
        }
        let previous_key = self.inner.previous_key.and_then(|slot| run.text(slot)).and_then(|text| EmployeeId::new(&text));
        let stage = run.stage();
        // As much room as is needed: a list that grows by itself would keep half as much again for each of a million people.
        let mut attributes: Vec<Wanted> = Vec::with_capacity(self.inner.targets.len());
        for (target, shown) in self.inner.targets.iter().zip(&self.shown) {
            if let Some(wanted) = run.wanted(target, shown) {
                attributes.push(wanted);
            }
        }
        let manager = run.manager();
        let rules = self.inner.groups.iter().enumerate();
        let groups = rules.filter_map(|(rule, formulas)| run.group(rule, formulas)).collect();
        let Run { problems, dropped, .. } = run;
        if dropped {
            return self.out_of_scope(key, record, context);
        }
        match stage {
            Some(stage) if problems.is_empty() => {
                let place = record.place().clone();
                Mapped::Desired(Desired { key, previous_key, place, stage, attributes, manager, groups })
            }
            _ => held(record, Some(key), previous_key, &problems),
        }
    }

    fn out_of_scope(&self, key: EmployeeId, record: &Record, context: &Context) -> Mapped {
        let previous = self.inner.previous_key.and_then(|slot| self.one_text(slot, record, context, key.as_str()).ok().flatten());
        let previous_key = previous.as_deref().and_then(EmployeeId::new);
        Mapped::OutOfScope { key, previous_key, place: record.place().clone() }
    }

    /// What becomes of each attribute and the manager for a record; one without a key is mapped as if it had one.
    pub(super) fn fates(&self, record: &Record, context: &Context) -> Vec<(String, Fate)> {
        let emptied = self.without_nothings(record);
        let record = emptied.as_ref().unwrap_or(record);
        let key = self.one_text(self.inner.key, record, context, "").ok().flatten();
        let Some(key) = key.as_deref().and_then(EmployeeId::new).or_else(|| EmployeeId::new("-")) else { return Vec::new() };
        let mut run = Run { bound: self, record, context, key: &key, problems: Vec::new(), dropped: false };
        let mut fates = Vec::new();
        for (target, shown) in self.inner.targets.iter().zip(&self.shown) {
            let before = run.problems.len();
            let wanted = run.wanted(target, shown);
            let failed = run.problems.len() > before;
            fates.push((target.attribute.name.to_owned(), Fate::of_flow(wanted.as_ref().map(|wanted| &wanted.flow), failed)));
        }
        if self.inner.manager.is_some() {
            let before = run.problems.len();
            let manager = run.manager();
            fates.push(("manager".to_owned(), Fate::of_manager(&manager, run.problems.len() > before)));
        }
        fates
    }

    /// The record with every spelling of `[source] nothing` emptied; nothing where the mapping lists none.
    pub(super) fn without_nothings(&self, record: &Record) -> Option<Record> {
        let nothing = &self.inner.nothing;
        if nothing.is_empty() {
            return None;
        }
        let values = record.cells().map(|(_, cell)| match cell {
            Cell::Text(text) if nothing.contains(&fold(text)) => crate::record::Value::text(""),
            Cell::Text(text) => crate::record::Value::text(text),
            Cell::Null => crate::record::Value::Null,
            Cell::Flag(flag) => crate::record::Value::Flag(flag),
            Cell::List(items) => crate::record::Value::List(items.into()),
        });
        Some(Record::from_values(Arc::clone(record.header()), record.place().clone(), values.collect()))
    }

    /// The columns of an expression, for messages.
    fn columns(&self, slot: Slot) -> String {
        let columns: Vec<String> =
            self.inner.formulas[slot.0].expression.columns().map(|(name, _)| format!("`{name}`")).collect();
        match columns.as_slice() {
            [] => "no column".to_owned(),
            [only] => format!("column {only}"),
            several => format!("columns {}", several.join(", ")),
        }
    }

    fn outcome<'r>(&'r self, slot: Slot, record: &'r Record, context: &Context, seed: &str) -> Result<Outcome<'r>, EvalError> {
        self.bounds[slot.0].evaluate(record, context, seed)
    }

    /// The trimmed text of an expression; nothing where it is empty or left alone.
    fn one_text(&self, slot: Slot, record: &Record, context: &Context, seed: &str) -> Result<Option<String>, Stop> {
        match self.outcome(slot, record, context, seed) {
            Ok(Outcome::Value(value)) if value.is_empty() => Ok(None),
            Ok(Outcome::Value(value)) => match value.to_text() {
                Some(text) if crate::source::is_error(&text) => {
                    Err(Stop::Hold(self.invalid(slot, None, &format!("holds the error {} of a spreadsheet", text.trim()))))
                }
                Some(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
                None => Err(Stop::Hold(self.invalid(slot, None, "has several values where one is wanted"))),
            },
            Ok(Outcome::IgnoreAttribute) => Ok(None),
            Ok(Outcome::IgnoreObject) => Err(Stop::Drop),
            Ok(Outcome::Candidates(candidates)) => Ok(candidates.values.into_iter().next()),
            Err(error) => Err(Stop::Hold(self.failed(slot, None, &error))),
        }
    }

    fn failed(&self, slot: Slot, name: Option<&str>, error: &EvalError) -> Problem {
        self.invalid(slot, name, &format!("could not be computed: {}", error.message))
    }

    fn invalid(&self, slot: Slot, name: Option<&str>, fault: &str) -> Problem {
        let columns = self.columns(slot);
        let message = match name {
            Some(name) => format!("`{name}` {fault} ({columns})"),
            None => format!("{columns} {fault}"),
        };
        Problem {
            code: HeldCode::InvalidValue,
            message,
            help: "correct the value in HR, or translate it in the mapping".to_owned(),
        }
    }
}

fn held(record: &Record, key: Option<EmployeeId>, previous_key: Option<EmployeeId>, problems: &[Problem]) -> Mapped {
    let code = problems.iter().map(|problem| problem.code).min().unwrap_or(HeldCode::InvalidValue);
    let mut helps: Vec<&str> = Vec::new();
    for problem in problems {
        if !helps.contains(&problem.help.as_str()) {
            helps.push(&problem.help);
        }
    }
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let (place, message, help) = (Some(record.place().clone()), messages.join("; "), helps.join("; "));
    Mapped::Held(Held { key, previous_key, place, code, message, help })
}

/// The way of one record through the mapping.
struct Run<'m> {
    bound: &'m BoundMapping,
    record: &'m Record,
    context: &'m Context,
    key: &'m EmployeeId,
    problems: Vec<Problem>,
    dropped: bool,
}

impl<'m> Run<'m> {
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

    fn text(&mut self, slot: Slot) -> Option<String> {
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

    fn in_scope(&mut self) -> bool {
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

    fn stage(&mut self) -> Option<Stage> {
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

    fn wanted(&mut self, target: &Target, shown: &Arc<str>) -> Option<Wanted> {
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

    fn manager(&mut self) -> ManagerWanted {
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

    fn group(&mut self, rule: usize, formulas: &GroupFormulas) -> Option<GroupWanted> {
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
