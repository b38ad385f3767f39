//! Several records with one key.

use std::borrow::Cow;

use crate::mapping::{Held, HeldCode, Stage};
use crate::plan::records::key_index::Start;
use crate::plan::records::{Kind, People, PersonNo, PersonRow};
use crate::record::EmployeeId;

/// The records of one key that the scope takes in, or one that it leaves out: that is no duplicate of the others. Of several that are out,
/// one with a previous key: whether the person is gone is judged from all of them.
pub(super) fn within_scope<'s>(reading: &People, same: &'s [(Start, PersonNo)]) -> Cow<'s, [(Start, PersonNo)]> {
    let is_within = |(_, number): &&(Start, PersonNo)| !matches!(reading.row(*number).kind, Kind::OutOfScope);
    if same.len() == 1 {
        return Cow::Borrowed(same);
    }
    let within: Vec<(Start, PersonNo)> = same.iter().filter(is_within).copied().collect();
    if !within.is_empty() {
        return Cow::Owned(within);
    }
    Cow::Owned(vec![*same.iter().find(|(_, number)| reading.row(*number).previous_key().is_some()).unwrap_or(&same[0])])
}

/// A record that shares its key. Where only some of the records call the person gone, none is believed: a record that does heads the report,
/// since the key may be a colleague's and the leaver's account still open.
pub(super) fn duplicate(row: PersonRow<'_>, count: usize) -> Held {
    let key = row.key().unwrap_or_default();
    Held {
        key: EmployeeId::new(key),
        previous_key: row.previous_key().and_then(EmployeeId::new),
        place: row.place(),
        left: matches!(row.stage(), Some(Stage::Left { .. })),
        code: HeldCode::DuplicateKey,
        message: format!("{count} records have the key {key}"),
        help: "keep one record for each person, or give the others keys of their own".into(),
        candidates: Vec::new(),
        marks: if let Kind::Held(held) = row.kind { held.marks.clone() } else { Vec::new() },
        shown: Vec::new(),
    }
}
