//! The problems of a record, and the held record that they make.

use super::bound_mapping::BoundMapping;
use crate::directory::{Attribute, Value};
use crate::expr::EvalError;
use crate::mapping::desired::{DesiredValue, Flow, Held, HeldCode, LeftOut, RecordPart};
use crate::mapping::formula::Slot;
use crate::record::{Doubt, EmployeeId, JoinFault, KeyDamage, Place};

/// A problem of one part of a record.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) part: RecordPart,
    pub(super) code: HeldCode,
    pub(super) message: String,
    pub(super) help: String,
    /// The cell that could not be read, for the screen alone.
    pub(super) shown: Option<String>,
}

impl Problem {
    /// An expression that cannot be computed for the record.
    pub(super) fn failed(bound: &BoundMapping, slot: Slot, part: RecordPart, error: &EvalError) -> Self {
        Self::invalid(bound, slot, part, &format!("could not be computed: {}", error.message))
    }

    /// A value that is not valid.
    pub(super) fn invalid(bound: &BoundMapping, slot: Slot, part: RecordPart, fault: &str) -> Self {
        let columns = bound.columns(slot);
        let message = match part {
            RecordPart::Key | RecordPart::PreviousKey | RecordPart::JoinKey | RecordPart::Scope => format!("{columns} {fault}"),
            named => format!("`{named}` {fault} ({columns})"),
        };
        let help = "correct the value in HR, or translate it in the mapping".to_owned();
        Self { part, code: HeldCode::InvalidValue, message, help, shown: None }
    }

    /// A record from which the cells of another file may be missing.
    pub(super) fn doubtful(doubt: &Doubt) -> Self {
        let Doubt::JoinKey { source, column, fault } = doubt;
        let (code, help) = match fault {
            JoinFault::Damage(KeyDamage::Hidden(_)) => {
                (HeldCode::InvisibleCharacter, "type the number in HR again instead of copying it")
            }
            JoinFault::Damage(_) => (HeldCode::InvalidValue, "deliver the column as text"),
            JoinFault::Zeros => (HeldCode::InvalidValue, "write the key with the same zeros in both lists"),
            JoinFault::NoKey => (HeldCode::InvalidValue, "enter the key in this row, or remove the row"),
        };
        let message = format!("the key by which {source} is joined (column `{column}`) {fault}");
        Self { part: RecordPart::JoinKey, code, message, help: help.to_owned(), shown: None }
    }
}

impl From<Problem> for LeftOut {
    fn from(Problem { part, code, message, help, shown: _ }: Problem) -> Self {
        Self { part, code, message, help }
    }
}

/// The held record of all its problems: the gravest code, and every message and help once. A problem of a key counts before all others,
/// because no person can be missing then.
pub(super) fn held(
    key: Option<EmployeeId>,
    previous_key: Option<EmployeeId>,
    place: &Place,
    left: bool,
    problems: &[Problem],
) -> Held {
    let is_key = |problem: &&Problem| matches!(problem.part, RecordPart::Key | RecordPart::PreviousKey);
    let code_of = |problem: &Problem| problem.code;
    let code = problems.iter().filter(is_key).map(code_of).min().or_else(|| problems.iter().map(code_of).min());
    let code = code.unwrap_or(HeldCode::InvalidValue);
    let mut helps: Vec<&str> = Vec::new();
    for problem in problems {
        if !helps.contains(&problem.help.as_str()) {
            helps.push(&problem.help);
        }
    }
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let (message, help) = (messages.join("; "), helps.join("; "));
    let shown = problems.iter().filter_map(|problem| problem.shown.clone()).collect();
    let (candidates, marks) = (Vec::new(), Vec::new());
    Held { key, previous_key, place: Some(place.clone()), left, code, message, help, candidates, marks, shown }
}

/// The texts of a held record, by which it still points at an account.
pub(super) fn marks(attributes: &[DesiredValue]) -> Vec<(Attribute, Box<str>)> {
    let text = |wanted: &DesiredValue| match &wanted.flow {
        Flow::Set(value) => value.as_text().map(Box::from),
        Flow::FirstFree(candidates) => candidates.first().and_then(Value::as_text).map(Box::from),
        Flow::Clear => None,
    };
    attributes.iter().filter_map(|wanted| Some((wanted.attribute, text(wanted)?))).collect()
}
