//! A mapping held against the columns of a reading: from a record to what the person should look like.

use std::sync::Arc;

use self::run::Run;
use super::damage::spreadsheet_damage;
use super::desired::{Desired, Held, HeldCode, Mapped, Wanted};
use super::formula::Slot;
use super::lifecycle::fold;
use super::model::Inner;
use super::survey::Fate;
use crate::expr::{Bound, Context, EvalError, Outcome};
use crate::record::{Cell, EmployeeId, Record};

mod run;

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
        let key = match self.key(record, context) {
            Ok(key) => key,
            Err(problem) => return held(record, None, None, &[problem]),
        };
        let mut run = Run::new(self, record, context, &key);
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

    /// Whose record it is.
    fn key(&self, record: &Record, context: &Context) -> Result<EmployeeId, Problem> {
        let slot = self.inner.key;
        let text = match self.one_text(slot, record, context, "") {
            Ok(text) => text,
            Err(Stop::Hold(problem)) => return Err(problem),
            Err(Stop::Drop) => None,
        };
        let no_key = |message: String, help: &str| Problem { code: HeldCode::NoKey, message, help: help.to_owned() };
        let Some(key) = text.as_deref().and_then(EmployeeId::new) else {
            let message = format!("the record has no key ({} is empty)", self.columns(slot));
            return Err(no_key(message, "enter the personnel number in HR"));
        };
        if let Some(damage) = spreadsheet_damage(key.as_str()) {
            // Whose number it was cannot be told: as with an empty one, it could be anyone's.
            let message = format!("the key ({}) is damaged: {damage}", self.columns(slot));
            return Err(no_key(message, "export the column as text, or mend it in `[source] key` of the mapping with Replace"));
        }
        Ok(key)
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
        let mut run = Run::new(self, record, context, &key);
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
    Mapped::Held(Held { key, previous_key, place, code, message, help, left: false, candidates: Vec::new() })
}
