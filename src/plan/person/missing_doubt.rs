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
    /// A character that cannot be seen is in a key.
    InvisibleCharacter,
    /// A list returned one record twice, so it may have moved while it was read, and another record may be in no page.
    ReadTwice,
}

impl fmt::Display for MissingDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "a record of this reading has no key and may be this person's",
            Self::InvisibleCharacter => "a key of this reading contains an invisible character and may be this person's",
            Self::ReadTwice => "the list returned a record twice, so other records may be missing from it",
        })
    }
}

impl MissingDoubt {
    /// The first doubt that the records in scope raise.
    pub(in crate::plan) fn of(reading: &People) -> Option<Self> {
        let mut listed = HashSet::new();
        let by_row = reading.rows().filter_map(|row| match row.kind {
            Kind::OutOfScope => None,
            Kind::Held(held) if held.code == HeldCode::InvisibleCharacter => Some(Self::InvisibleCharacter),
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
    use crate::mapping::Mapped;
    use crate::plan::Packer;
    use crate::plan::tests::world::{World, worker};
    use crate::record::Place;

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
}
