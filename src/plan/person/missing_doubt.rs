//! What a reading with doubtful keys means for missing people.

use std::collections::HashSet;
use std::fmt;

use crate::mapping::HeldCode;
use crate::plan::records::{Kind, People};
use crate::record::At;

/// Why a missing person is not disabled after this reading: a record of an unknown person may be theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum MissingDoubt {
    /// A record has no key.
    NoKey,
    /// A key or a previous key is damaged.
    DamagedKey,
    /// A character that cannot be seen is in a key.
    InvisibleCharacter,
    /// A list returned one record twice, so it may have moved while it was read, and another record may be in no page.
    ReadTwice,
}

impl fmt::Display for MissingDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "a record of this reading has no key and may be this person's",
            Self::DamagedKey => "a key of this reading is damaged and may be this person's",
            Self::InvisibleCharacter => "a key of this reading contains an invisible character and may be this person's",
            Self::ReadTwice => "the list returned a record twice, so other records may be missing from it",
        })
    }
}

impl MissingDoubt {
    /// The first doubt that the records raise. Out of scope, a damaged key raises one, but not an empty one: a vacant post has no key.
    pub(in crate::plan) fn of(reading: &People) -> Option<Self> {
        let mut listed = HashSet::new();
        let by_row = reading.rows().filter_map(|row| match row.kind {
            Kind::OutOfScope => row.damaged_key.then_some(Self::DamagedKey),
            Kind::Held(held) if held.code == HeldCode::InvisibleCharacter => Some(Self::InvisibleCharacter),
            // With a key of its own, it is the previous key that cannot be read.
            Kind::Held(held) if held.code == HeldCode::NoKey && row.key().is_some() => Some(Self::DamagedKey),
            Kind::Held(_) | Kind::Desired => match row.key() {
                None => Some(Self::NoKey),
                Some(key) => {
                    let from_list = row.place().is_some_and(|place| matches!(place.at, At::Pointer(_)));
                    (from_list && !listed.insert(key)).then_some(Self::ReadTwice)
                }
            },
        });
        by_row.min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Held, Mapped};
    use crate::plan::Packer;
    use crate::plan::tests::world::{World, worker};
    use crate::record::{EmployeeId, Place};

    fn doubt(rows: Vec<Mapped>) -> Option<MissingDoubt> {
        let world = World::new(Vec::new());
        MissingDoubt::of(&Packer::new(&world.snapshot, &world.rules).gather(rows))
    }

    #[test]
    fn a_record_twice_raises_a_doubt_only_where_it_came_from_a_list() {
        let row = |key: &str, at: At| {
            let mut person = worker(key, "Ada", "Stone");
            person.place = Place { source: "hr".into(), at };
            Mapped::Desired(person)
        };
        let listed = |key: &str, at: &str| row(key, At::Pointer(at.into()));
        assert_eq!(doubt(vec![listed("1", "/0"), listed("2", "/1")]), None);
        assert_eq!(doubt(vec![listed("1", "/0"), listed("1", "/1")]), Some(MissingDoubt::ReadTwice));
        assert_eq!(doubt(vec![row("1", At::Line(2)), row("1", At::Line(3))]), None);
    }

    #[test]
    fn a_damaged_key_raises_a_doubt_in_and_out_of_scope_and_an_empty_one_in_scope_alone() {
        let place = || Place { source: "hr".into(), at: At::Line(2) };
        let key = || EmployeeId::new("7");
        let out = |key, damaged_key| Mapped::OutOfScope { key, previous_key: None, place: place(), stage: None, damaged_key };
        assert_eq!(doubt(vec![out(None, true)]), Some(MissingDoubt::DamagedKey));
        assert_eq!(doubt(vec![out(key(), true)]), Some(MissingDoubt::DamagedKey));
        assert_eq!(doubt(vec![out(None, false), out(key(), false)]), None);
        let held = |key, code| Mapped::Held(held_record(key, Some(place()), code));
        assert_eq!(doubt(vec![held(key(), HeldCode::NoKey)]), Some(MissingDoubt::DamagedKey));
        assert_eq!(doubt(vec![held(None, HeldCode::NoKey)]), Some(MissingDoubt::NoKey));
        assert_eq!(doubt(vec![held(key(), HeldCode::InvalidValue)]), None);
    }

    fn held_record(key: Option<EmployeeId>, place: Option<Place>, code: HeldCode) -> Held {
        let (message, help) = ("no".to_owned(), "do".to_owned());
        Held {
            key,
            previous_key: None,
            place,
            left: false,
            code,
            message,
            help,
            candidates: Vec::new(),
            marks: Vec::new(),
            shown: Vec::new(),
        }
    }
}
