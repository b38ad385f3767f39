//! The problems of a record, and the held record that they make.

use super::bound_mapping::BoundMapping;
use crate::directory::{Attribute, Value};
use crate::expr::EvalError;
use crate::mapping::desired::{Flow, Held, HeldCode, LeftOut, RecordPart, Wanted};
use crate::mapping::formula::Slot;
use crate::record::{Doubt, EmployeeId, Place, code_point};

/// A problem of one part of a record.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) part: RecordPart,
    pub(super) code: HeldCode,
    pub(super) message: String,
    pub(super) help: String,
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
        Self { part, code: HeldCode::InvalidValue, message, help }
    }

    /// A record from which the cells of another file may be missing.
    pub(super) fn doubtful(doubt: &Doubt) -> Self {
        let Doubt::JoinKey { source, column, character } = doubt;
        let character = code_point(*character);
        Self {
            part: RecordPart::JoinKey,
            code: HeldCode::InvisibleCharacter,
            message: format!("the key by which {source} is joined (column `{column}`) holds the invisible character {character}"),
            help: "type the number in HR again instead of copying it".to_owned(),
        }
    }
}

impl From<Problem> for LeftOut {
    fn from(Problem { part, code, message, help }: Problem) -> Self {
        Self { part, code, message, help }
    }
}

/// The held record of all its problems: the gravest code, and every message and help once.
pub(super) fn held(
    key: Option<EmployeeId>,
    previous_key: Option<EmployeeId>,
    place: &Place,
    left: bool,
    problems: &[Problem],
) -> Held {
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

/// The texts of a held record, by which it still points at an account.
pub(super) fn marks(attributes: &[Wanted]) -> Vec<(Attribute, Box<str>)> {
    let text = |wanted: &Wanted| match &wanted.flow {
        Flow::Set(value) => value.as_text().map(Box::from),
        Flow::FirstFree(candidates) => candidates.first().and_then(Value::as_text).map(Box::from),
        Flow::Clear => None,
    };
    attributes.iter().filter_map(|wanted| Some((wanted.attribute, text(wanted)?))).collect()
}
