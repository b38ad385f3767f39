//! One record during its evaluation: it evaluates single expressions and collects the problems that it meets.

use super::bound_mapping::BoundMapping;
use super::days;
use super::problem::Problem;
use crate::expr::{Context, EvalError, Outcome, SearchBudget};
use crate::mapping::desired::{HeldCode, RecordPart};
use crate::mapping::formula::Slot;
use crate::mapping::lifecycle::Fact;
use crate::record::{Cell, EmployeeId, KeyDamage, Record, trimmed};

/// The evaluation of one record, from its key to its groups.
pub(super) struct RecordEvaluation<'m> {
    pub(super) bound: &'m BoundMapping,
    pub(super) record: &'m Record,
    pub(super) context: &'m Context,
    /// The source of `Guid` and `RandomString`: the person's key.
    pub(super) seed: String,
    /// The work that the regular expressions of this record may do together.
    budget: SearchBudget,
    pub(super) problems: Vec<Problem>,
}

impl<'m> RecordEvaluation<'m> {
    pub(super) fn new(bound: &'m BoundMapping, record: &'m Record, context: &'m Context) -> Self {
        Self { bound, record, context, seed: String::new(), budget: SearchBudget::default(), problems: Vec::new() }
    }

    pub(super) fn evaluate(&self, slot: Slot) -> Result<Outcome<'m>, EvalError> {
        self.bound.bounds[slot.0].evaluate_within(self.record, self.context, &self.seed, &self.budget)
    }

    /// The outcome of an expression; `None` if a fault was noted.
    pub(super) fn outcome(&mut self, slot: Slot, part: RecordPart) -> Option<Outcome<'m>> {
        let outcome = self.evaluate(slot).map_err(|error| Problem::failed(self.bound, slot, part, &error));
        self.note(outcome)
    }

    /// The text of an expression; `None` if it is empty or a fault was noted.
    pub(super) fn text(&mut self, slot: Slot, part: RecordPart) -> Option<String> {
        let text = self.one_text(slot, part);
        self.note(text)?
    }

    /// Adds an error to the problems of the record and returns the value otherwise.
    pub(super) fn note<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    pub(super) fn invalid(&self, slot: Slot, part: RecordPart, fault: &str) -> Problem {
        Problem::invalid(self.bound, slot, part, fault)
    }

    /// The text of an expression, trimmed; `None` if it is empty or leaves its target alone.
    pub(super) fn one_text(&self, slot: Slot, part: RecordPart) -> Result<Option<String>, Problem> {
        match self.evaluate(slot) {
            Ok(Outcome::Value(value)) if value.is_empty() => Ok(None),
            Ok(Outcome::Value(value)) => match value.to_text() {
                Some(text) if crate::record::is_error(&text) => {
                    Err(self.invalid(slot, part, &format!("holds the error {} of a spreadsheet", text.trim())))
                }
                Some(text) => Ok(Some(trimmed(&text).to_owned()).filter(|text| !text.is_empty())),
                None => Err(self.invalid(slot, part, "has several values where one is wanted")),
            },
            Ok(Outcome::IgnoreAttribute | Outcome::IgnoreObject) => Ok(None),
            Ok(Outcome::Candidates(candidates)) => Ok(candidates.values.into_iter().next()),
            Err(error) => Err(Problem::failed(self.bound, slot, part, &error)),
        }
    }

    /// The text of an optional column; a fault is noted.
    pub(super) fn fact(&mut self, slot: Option<Slot>, part: RecordPart) -> Fact<String> {
        let Some(slot) = slot else { return Fact::Absent };
        let text = self.one_text(slot, part);
        match self.note(text) {
            None => Fact::Unreadable,
            Some(None) => Fact::Absent,
            Some(Some(text)) => Fact::Is(text),
        }
    }

    /// The day in an optional column, absent if the end is open; a fault is noted.
    pub(super) fn day(&mut self, slot: Option<Slot>, part: RecordPart) -> Fact<jiff::civil::Date> {
        let (Some(slot), text) = (slot, self.fact(slot, part)) else { return Fact::Absent };
        let text = match text {
            Fact::Is(text) => text,
            Fact::Absent => return Fact::Absent,
            Fact::Unreadable => return Fact::Unreadable,
        };
        let day = days::day(self.bound, slot, part, &text, self.context.today());
        match self.note(day) {
            Some(Some(day)) => Fact::Is(day),
            Some(None) => Fact::Absent,
            None => Fact::Unreadable,
        }
    }

    /// Whether a column of an expression has an error or the damage of a spreadsheet in place of its value.
    pub(super) fn reads_damage(&self, slot: Slot) -> bool {
        // The apostrophe of a spreadsheet stands before a number; others belong to names, such as 's-Hertogenbosch.
        let is_damaged = |text: &str| match KeyDamage::of_spreadsheet(text) {
            Some(KeyDamage::Marks) => text.starts_with('=') || text[1..].starts_with(|next: char| next.is_ascii_digit()),
            damage => damage.is_some(),
        };
        self.bound.inner.formulas[slot.0].expression.columns().any(|(name, _)| match self.record.get(name) {
            Some(Cell::Text(text)) => is_damaged(text),
            Some(Cell::List(items)) => items.iter().any(|item| is_damaged(item)),
            Some(Cell::Null | Cell::Flag(_)) | None => false,
        })
    }

    /// The key, unless it is damaged: the original is unknown, so as with an empty key it could be any person.
    pub(super) fn undamaged(&self, slot: Slot, part: RecordPart, key: EmployeeId) -> Result<EmployeeId, Problem> {
        let Some(damage) = KeyDamage::of(key.as_str()) else { return Ok(key) };
        let columns = self.bound.columns(slot);
        let (code, help) = match damage {
            KeyDamage::Hidden(_) => {
                (HeldCode::InvisibleCharacter, "type the number in HR again instead of copying it".to_owned())
            }
            _ => (
                HeldCode::NoKey,
                format!("deliver the number as text, or mend it in `[source] {part}` of the mapping with Replace"),
            ),
        };
        Err(Problem { part, code, message: format!("the {part} ({columns}) {damage}"), help, shown: None })
    }
}
