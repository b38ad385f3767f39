//! Several records with the key of one leaver.

use jiff::civil::Date;

use crate::directory::{Attribute, Users, Value};
use crate::mapping::{Desired, Flow, HeldCode, LeftOut, ManagerWanted, RecordPart, Stage};
use crate::plan::records::key_index::Start;
use crate::plan::records::{Kind, People, PersonNo};
use crate::record::EmployeeId;

/// The records of one key that all belong to a leaver: the one that represents them, and the others. Which one that is depends on their
/// values alone, so that the order of the rows does not matter.
pub(in crate::plan) fn one_leaver(
    reading: &People,
    users: &Users,
    same: &[(Start, PersonNo)],
) -> Option<(PersonNo, Vec<PersonNo>)> {
    let is_leaver = |(_, number): &(Start, PersonNo)| {
        let row = reading.row(*number);
        matches!(row.kind, Kind::Desired) && matches!(row.stage(), Some(Stage::Left { .. }))
    };
    if !same.iter().all(is_leaver) {
        return None;
    }
    let first = same.iter().map(|(_, number)| *number).max_by_key(|number| Rank::of(reading.row(*number).desired(users)))?;
    Some((first, same.iter().map(|(_, number)| *number).filter(|number| *number != first).collect()))
}

/// The values of a leaver's record, which order the records of one key: the latest end first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    end: Option<Date>,
    /// Each attribute with its value or its candidates.
    attributes: Vec<(Attribute, Vec<Value>)>,
    manager: Option<EmployeeId>,
    groups: Vec<(usize, String, String)>,
    previous_key: Option<EmployeeId>,
}

impl Rank {
    fn of(Desired { stage, attributes, manager, groups, previous_key, .. }: Desired) -> Self {
        let values = |flow| match flow {
            Flow::Set(value) => vec![value],
            Flow::Clear => Vec::new(),
            Flow::FirstFree(candidates) => candidates,
        };
        Self {
            end: if let Stage::Left { end } = stage { end } else { None },
            attributes: attributes.into_iter().map(|wanted| (wanted.attribute, values(wanted.flow))).collect(),
            manager: if let ManagerWanted::Key(key) = manager { Some(key) } else { None },
            groups: groups.into_iter().map(|group| (group.rule, group.key, group.name)).collect(),
            previous_key,
        }
    }
}

/// A leaver with several records: values in which the records differ are left out.
pub(in crate::plan) fn agreed(mut desired: Desired, others: impl Iterator<Item = Desired>) -> Desired {
    let mut differing: Vec<RecordPart> = Vec::new();
    for other in others {
        desired.attributes.retain(|wanted| {
            let found = other.attributes.iter().find(|theirs| theirs.attribute == wanted.attribute);
            let same = found.is_some_and(|theirs| theirs.flow == wanted.flow);
            // Candidates are left out of a record that seems to have an account.
            let left_out = found.is_none() && matches!(wanted.flow, Flow::FirstFree(_));
            if !same && !left_out {
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
