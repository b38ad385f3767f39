//! The people of a reading as a run leaves them in the ledger.

use super::records::{People, PersonNo};
use super::wishes::Wishes;
use crate::directory::Users;

/// A person of the reading, as a run leaves them in the ledger.
pub struct CarriedPerson<'p> {
    /// The person's key.
    pub key: &'p str,
    /// Whether HR calls the person gone.
    pub gone: bool,
    /// What HR wants for them.
    pub wishes: Wishes<'p>,
}

impl People {
    /// The person of a record; none where the record is held or out of scope. The people were packed against these users.
    pub fn carried<'p>(&'p self, number: PersonNo, users: &'p Users) -> Option<CarriedPerson<'p>> {
        let row = self.row(number);
        let (gone, digest) = row.gone_and_digest()?;
        Some(CarriedPerson { key: row.key()?, gone, wishes: Wishes::packed(digest, self, number.index(), users) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::WishDigest;
    use super::super::change_origin::wanted;
    use super::super::tests::world::{Tell as _, World, worker};
    use crate::mapping::Mapped;

    #[test]
    fn the_digest_of_a_packed_row_is_that_of_its_values() {
        let mut world = World::settled(vec![worker("1", "Ada", "Lovelace").managed_by("2"), worker("2", "Bob", "Byron")]);
        world.hr(vec![
            worker("1", "Ada", "Lovelace").with("department", "Other").managed_by("2"),
            worker("2", "Bob", "Byron").without("city").managed_by("").left(),
            worker("3", "Cem", "Can").once("9"),
        ]);
        let (people, users) = (world.people(), &world.snapshot.users);
        let mut gone = Vec::new();
        for number in people.numbers() {
            let carried = people.carried(number, users).unwrap();
            let Mapped::Desired(desired) = people.mapped(number, users) else { panic!() };
            assert_eq!(carried.wishes.digest(), WishDigest::of(&wanted(&desired)), "{}", carried.key);
            assert_eq!(carried.wishes.values(), wanted(&desired));
            let mut each = BTreeMap::new();
            let carried = people.carried(number, users).unwrap();
            carried.wishes.each(|name, value| _ = each.insert(name.to_owned(), value.map(|value| value.to_value())));
            assert_eq!(each, wanted(&desired));
            gone.push(carried.gone);
        }
        assert_eq!(gone, [false, true, false]);
    }
}
