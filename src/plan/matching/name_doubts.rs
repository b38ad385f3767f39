//! The people whose values of the last run the matching needs, because the names of record and account differ.

use crate::directory::Users;
use crate::plan::ledger::Ledger;
use crate::plan::matching::likeness::{Likeness, PersonNames};
use crate::plan::records::{Kind, People, PersonRow};

/// The keys, of today and of before, that lead to an account of an earlier run whose names are not those of the record. Whether HR wanted
/// one of the names for that account before distinguishes a drift of the tenant from a key that was given to another person.
pub fn keys_with_other_names<'p>(people: &'p People, users: &'p Users, ledger: &Ledger) -> Vec<&'p str> {
    let has_other_names = |row: &PersonRow<'p>, key: &&'p str| {
        let Some(known) = ledger.people.get(*key) else { return false };
        let agrees = |number| {
            let names = || Likeness::of(PersonNames::of_record(*row, users), PersonNames::of_account(&users.at(number)));
            row.is_as(number) || names().both_agree()
        };
        !users.number(&known.id).is_some_and(agrees)
    };
    // The names of most records are those of the user with their key, which the row shows without a look at the ledger.
    let desired = people.rows().filter(|row| matches!(row.kind, Kind::Desired) && !row.is_settled());
    let keys = |row: PersonRow<'p>| {
        let keys = [row.key(), row.previous_key()].into_iter().flatten();
        keys.filter(move |key| has_other_names(&row, key)).collect::<Vec<_>>()
    };
    desired.flat_map(keys).collect()
}
