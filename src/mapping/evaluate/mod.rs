//! A mapping held against the columns of a reading: from a record to what the person should look like.

use std::sync::Arc;

use self::record::{Run, Values};
use crate::directory::{Attribute, Value};
use crate::expr::{Bound, Context, EvalError, Outcome};
use crate::mapping::desired::{Desired, Flow, Held, HeldCode, LeftOut, Mapped, RecordPart, Stage, Wanted};
use crate::mapping::formula::Slot;
use crate::mapping::lifecycle::{Standing, fold};
use crate::mapping::model::Inner;
use crate::mapping::spreadsheet_damage::spreadsheet_damage;
use crate::mapping::tally::Fate;
use crate::record::{Doubt, EmployeeId, Place, Record, code_point, hidden_in_key, trimmed};

mod days;
mod record;

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
    part: RecordPart,
    code: HeldCode,
    message: String,
    help: String,
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
    ///
    /// The stage is judged before any value: the bad values of a leaver are left out, and those of everybody else hold the record. The
    /// scope is judged before the key: a record that it leaves out is never held for the key.
    pub fn map(&self, record: &Record, context: &Context) -> Mapped {
        let emptied = self.cleaned(record);
        let record = emptied.as_ref().unwrap_or(record);
        let key = self.key(record, context);
        let mut run = Run::new(self, record, context, key.as_ref().map_or("", EmployeeId::as_str));
        let in_scope = run.in_scope();
        let unscoped = std::mem::take(&mut run.problems);
        let standing = run.standing();
        let left = standing.as_ref().is_some_and(|standing| matches!(standing.stage, Stage::Left { .. }));
        let previous_key = run.previous_key();
        let place = record.place().clone();
        if unscoped.is_empty() && !in_scope {
            let stage = standing.map(|standing| standing.stage);
            return Mapped::OutOfScope { key: key.ok(), previous_key, place, stage };
        }
        let Values { attributes, manager, groups, mut problems } = run.values(&self.shown);
        let hold = |key: Option<EmployeeId>, previous_key, problems: &[Problem]| {
            let held = held(key, previous_key, record.place(), left, problems);
            Mapped::Held(Held { marks: marks(&attributes), ..held })
        };
        let key = match key {
            Err(problem) => return hold(None, previous_key, &[problem]),
            Ok(key) if !unscoped.is_empty() => return hold(Some(key), previous_key, &unscoped),
            Ok(key) => key,
        };
        problems.extend(record.doubt().map(doubtful));
        let Some(Standing { stage, new_stage, status_word, end_ignored }) = standing.filter(|_| left || problems.is_empty())
        else {
            return hold(Some(key), previous_key, &problems);
        };
        let left_out = problems.into_iter().map(LeftOut::from).collect();
        Mapped::Desired(Desired {
            key,
            previous_key,
            place,
            stage,
            new_stage,
            status_word,
            end_ignored,
            left_out,
            attributes,
            manager,
            groups,
        })
    }

    /// Whose record it is.
    fn key(&self, record: &Record, context: &Context) -> Result<EmployeeId, Problem> {
        let slot = self.inner.key;
        let text = self.one_text(slot, RecordPart::Key, self.bounds[slot.0].evaluate(record, context, ""))?;
        let no_key = |message: String, help: &str| Problem {
            part: RecordPart::Key,
            code: HeldCode::NoKey,
            message,
            help: help.to_owned(),
        };
        let Some(key) = text.as_deref().and_then(EmployeeId::new) else {
            let message = format!("the record has no key ({} is empty)", self.columns(slot));
            return Err(no_key(message, "enter the personnel number in HR"));
        };
        if let Some(damage) = spreadsheet_damage(key.as_str()) {
            // Whose number it was cannot be told: as with an empty one, it could be anyone's.
            let message = format!("the key ({}) is damaged: {damage}", self.columns(slot));
            return Err(no_key(message, "export the column as text, or mend it in `[source] key` of the mapping with Replace"));
        }
        self.check_visible(slot, RecordPart::Key, key)
    }

    /// The key, unless a character stands in it that nobody sees: it looks like another key, and whose it is cannot be known.
    fn check_visible(&self, slot: Slot, part: RecordPart, key: EmployeeId) -> Result<EmployeeId, Problem> {
        let Some(hidden) = hidden_in_key(key.as_str()) else { return Ok(key) };
        let message = format!("the {part} ({}) holds the invisible character {}", self.columns(slot), code_point(hidden));
        let help = "type the number in HR again instead of copying it".to_owned();
        Err(Problem { part, code: HeldCode::InvisibleCharacter, message, help })
    }

    /// What becomes of each attribute and the manager for a record; one without a key is mapped as if it had one.
    pub(super) fn fates(&self, record: &Record, context: &Context) -> Vec<(String, Fate)> {
        let emptied = self.cleaned(record);
        let record = emptied.as_ref().unwrap_or(record);
        let key = self.key(record, context).ok();
        let mut run = Run::new(self, record, context, key.as_ref().map_or("-", EmployeeId::as_str));
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

    /// The record without blanks and invisible characters at the ends of its cells, and with every spelling of `[source] nothing` absent;
    /// nothing where all cells stay as they are. Every expression reads its cells from here.
    pub(super) fn cleaned(&self, record: &Record) -> Option<Record> {
        let nothing = &self.inner.nothing;
        record.narrowed(|text| {
            let text = trimmed(text);
            (nothing.is_empty() || text.is_empty() || !nothing.contains(&fold(text))).then_some(text)
        })
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

    /// The text that an expression yielded, without what is cut from its ends; nothing where it is empty or left alone.
    fn one_text(&self, slot: Slot, part: RecordPart, outcome: Result<Outcome<'_>, EvalError>) -> Result<Option<String>, Problem> {
        match outcome {
            Ok(Outcome::Value(value)) if value.is_empty() => Ok(None),
            Ok(Outcome::Value(value)) => match value.to_text() {
                Some(text) if crate::source::is_error(&text) => {
                    Err(self.invalid(slot, part, &format!("holds the error {} of a spreadsheet", text.trim())))
                }
                Some(text) => Ok(Some(trimmed(&text).to_owned()).filter(|text| !text.is_empty())),
                None => Err(self.invalid(slot, part, "has several values where one is wanted")),
            },
            Ok(Outcome::IgnoreAttribute | Outcome::IgnoreObject) => Ok(None),
            Ok(Outcome::Candidates(candidates)) => Ok(candidates.values.into_iter().next()),
            Err(error) => Err(self.failed(slot, part, &error)),
        }
    }

    fn failed(&self, slot: Slot, part: RecordPart, error: &EvalError) -> Problem {
        self.invalid(slot, part, &format!("could not be computed: {}", error.message))
    }

    fn invalid(&self, slot: Slot, part: RecordPart, fault: &str) -> Problem {
        let columns = self.columns(slot);
        let message = match part {
            RecordPart::Key | RecordPart::PreviousKey | RecordPart::JoinKey | RecordPart::Scope => format!("{columns} {fault}"),
            named => format!("`{named}` {fault} ({columns})"),
        };
        let help = "correct the value in HR, or translate it in the mapping".to_owned();
        Problem { part, code: HeldCode::InvalidValue, message, help }
    }
}

impl From<Problem> for LeftOut {
    fn from(Problem { part, code, message, help }: Problem) -> Self {
        Self { part, code, message, help }
    }
}

/// The cells of another file may be missing from the record.
fn doubtful(doubt: &Doubt) -> Problem {
    let Doubt::JoinKey { source, column, character } = doubt;
    let character = code_point(*character);
    Problem {
        part: RecordPart::JoinKey,
        code: HeldCode::InvisibleCharacter,
        message: format!("the key by which {source} is joined (column `{column}`) holds the invisible character {character}"),
        help: "type the number in HR again instead of copying it".to_owned(),
    }
}

fn held(key: Option<EmployeeId>, previous_key: Option<EmployeeId>, place: &Place, left: bool, problems: &[Problem]) -> Held {
    let code = problems.iter().map(|problem| problem.code).min().unwrap_or(HeldCode::InvalidValue);
    let mut helps: Vec<&str> = Vec::new();
    for problem in problems {
        if !helps.contains(&problem.help.as_str()) {
            helps.push(&problem.help);
        }
    }
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let (message, help) = (messages.join("; "), helps.join("; "));
    let (candidates, marks) = (Vec::new(), Vec::new());
    Held { key, previous_key, place: Some(place.clone()), left, code, message, help, candidates, marks }
}

/// The texts of a record that is held although most of its values could be mapped.
fn marks(attributes: &[Wanted]) -> Vec<(Attribute, Box<str>)> {
    let text = |wanted: &Wanted| match &wanted.flow {
        Flow::Set(value) => value.as_text().map(Box::from),
        Flow::FirstFree(candidates) => candidates.first().and_then(Value::as_text).map(Box::from),
        Flow::Clear => None,
    };
    attributes.iter().filter_map(|wanted| Some((wanted.attribute, text(wanted)?))).collect()
}
