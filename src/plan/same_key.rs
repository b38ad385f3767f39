//! Several records with the key of one leaver.

use super::keys::Start;
use super::people::{Kind, People, PersonNo};
use crate::directory::Users;
use crate::mapping::{Desired, HeldCode, LeftOut, ManagerWanted, RecordPart, Stage};

/// The records of one key that all belong to a leaver: the one that represents them, and the others. Which one that is depends on their
/// values alone, so that the order of the rows does not matter.
pub(super) fn one_leaver(reading: &People, users: &Users, same: &[(Start, PersonNo)]) -> Option<(PersonNo, Vec<PersonNo>)> {
    let is_leaver = |(_, number): &(Start, PersonNo)| {
        let row = reading.row(*number);
        matches!(row.kind, Kind::Desired) && matches!(row.stage(), Some(Stage::Left { .. }))
    };
    if !same.iter().all(is_leaver) {
        return None;
    }
    let rank = |number: PersonNo| {
        let Desired { stage, attributes, manager, groups, previous_key, .. } = reading.row(number).desired(users);
        let end = if let Stage::Left { end } = stage { end } else { None };
        (end, format!("{attributes:?} {manager:?} {groups:?} {previous_key:?}"))
    };
    let first = same.iter().map(|(_, number)| *number).max_by_key(|number| rank(*number))?;
    Some((first, same.iter().map(|(_, number)| *number).filter(|number| *number != first).collect()))
}

/// A leaver with several records: values in which the records differ are left out.
pub(super) fn agreed(mut desired: Desired, others: impl Iterator<Item = Desired>) -> Desired {
    let mut differing: Vec<RecordPart> = Vec::new();
    for other in others {
        desired.attributes.retain(|wanted| {
            let found = other.attributes.iter().find(|theirs| theirs.attribute == wanted.attribute);
            let same = found.is_some_and(|theirs| theirs.flow == wanted.flow);
            if !same {
                differing.push(RecordPart::Attribute(wanted.attribute));
            }
            same
        });
        if other.manager != desired.manager && desired.manager != ManagerWanted::Leave {
            desired.manager = ManagerWanted::Leave;
            differing.push(RecordPart::Manager);
        }
        desired
            .left_out
            .extend(other.left_out.into_iter().filter(|left_out| !desired.left_out.contains(left_out)).collect::<Vec<_>>());
    }
    let key = desired.key.clone();
    desired.left_out.extend(differing.into_iter().map(|part| LeftOut {
        part,
        code: HeldCode::DuplicateKey,
        message: format!("`{part}` differs between the records with the key {key}"),
        help: "keep one record for each person in HR".to_owned(),
    }));
    desired
}
