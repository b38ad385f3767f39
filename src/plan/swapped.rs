//! Records whose keys were exchanged: each would turn the other's account into its own person.

use std::collections::{BTreeMap, HashMap};

use super::diff::hold;
use super::index::TextOf;
use super::inputs::Inputs;
use super::likeness::{BothNames, PersonNames};
use super::matching::{Account, How, Person};
use super::people::PersonRow;
use crate::directory::{Attribute, UserNo, Users};
use crate::mapping::{Held, HeldCode};

/// People who match one user by the first attribute and another one by their names: two users for one record. By position.
///
/// The other user is somebody whose names they bear and who either has their value in a later match attribute, or whose own record
/// bears the names of the user that they match.
pub(super) fn held(inputs: &Inputs<'_>, people: &[Person<'_>]) -> BTreeMap<usize, Held> {
    let users = &inputs.snapshot.users;
    let mut becomes: HashMap<BothNames, Vec<(usize, UserNo, BothNames)>> = HashMap::new();
    for (at, person) in people.iter().enumerate() {
        let Account::Live(number, how) = person.account else { continue };
        if how == How::Decision {
            continue;
        }
        let row = inputs.people.row(person.number);
        if row.is_as(number) {
            continue;
        }
        let user = users.at(number);
        if keeps_a_name(row, users, &user) {
            continue;
        }
        let names = (PersonNames::of_account(&user).both(), PersonNames::of_record(row, users).both());
        let (Some(now), Some(wanted)) = names else { continue };
        if now.0 != wanted.0 && now.1 != wanted.1 {
            becomes.entry(now).or_default().push((at, number, wanted));
        }
    }
    let mut held = BTreeMap::new();
    for (now, replaced) in &becomes {
        for (at, user, wanted) in replaced {
            let row = inputs.people.row(people[*at].number);
            let exchanged =
                becomes.get(wanted).into_iter().flatten().find(|(_, _, names)| names == now).map(|(_, other, _)| *other);
            if let Some(other) = exchanged.or_else(|| by_a_later_match(inputs, row, *user, wanted)) {
                let [user, other] = [*user, other].map(|number| users.at(number).id());
                let message = format!("the record matches {user} by its key, but {other} by its names");
                let help = "two keys look exchanged: correct the key in HR, or the names of the accounts";
                held.insert(*at, *hold(&row.desired(users), HeldCode::AmbiguousMatch, message, help));
            }
        }
    }
    held
}

/// The common case, told without looking at the letters.
fn keeps_a_name(row: PersonRow<'_>, users: &Users, user: &impl TextOf) -> bool {
    let names = ["givenName", "surname"].into_iter().filter_map(Attribute::find);
    names.into_iter().any(|name| row.wanted_text(name, users) == user.text_of(name))
}

fn by_a_later_match(inputs: &Inputs<'_>, row: PersonRow<'_>, user: UserNo, wanted: &BothNames) -> Option<UserNo> {
    let users = &inputs.snapshot.users;
    let mut hits = inputs.people.indexes().iter().skip(1).flat_map(|index| {
        let wanted = row.wanted_text(index.attribute, users);
        wanted.map(|text| inputs.people.who_has(index.attribute, text, users)).unwrap_or_default()
    });
    hits.find(|other| *other != user && PersonNames::of_account(&users.at(*other)).both().as_ref() == Some(wanted))
}
