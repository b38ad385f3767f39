//! Records whose keys were exchanged: each would turn the other's account into its own person.

use std::collections::{BTreeMap, HashMap};

use super::diff::hold;
use super::matching::{Account, Index, Person, text_of, wanted_text};
use super::plain::plain;
use crate::directory::{Attribute, User};
use crate::mapping::{Desired, Held, HeldCode};

/// Given name and surname, case and diacritics aside.
type Names = (String, String);

fn names(text: impl Fn(Attribute) -> Option<String>) -> Option<Names> {
    Some((plain(&text(Attribute::find("givenName")?)?), plain(&text(Attribute::find("surname")?)?)))
}

fn names_of(user: &User) -> Option<Names> {
    names(|attribute| text_of(user, attribute).map(str::to_owned))
}

fn names_wanted(desired: &Desired) -> Option<Names> {
    names(|attribute| wanted_text(desired, attribute).map(str::to_owned))
}

/// People who match one user by the first attribute and another one by their names: two users for one record. By position.
///
/// The other user is somebody whose names they bear and who either has their value in a later match attribute, or whose own record
/// bears the names of the user that they match.
pub(super) fn held(people: &[Person<'_>], indexes: &[Index<'_>]) -> BTreeMap<usize, Held> {
    let mut becomes: HashMap<Names, Vec<(usize, &User, Names)>> = HashMap::new();
    for (at, person) in people.iter().enumerate() {
        let Account::Live(user, _) = person.account else { continue };
        if keeps_a_name(person.desired, user) {
            continue;
        }
        let (Some(now), Some(wanted)) = (names_of(user), names_wanted(person.desired)) else { continue };
        if now.0 != wanted.0 && now.1 != wanted.1 {
            becomes.entry(now).or_default().push((at, user, wanted));
        }
    }
    let mut held = BTreeMap::new();
    for (now, replaced) in &becomes {
        for (at, user, wanted) in replaced {
            let desired = people[*at].desired;
            let exchanged =
                becomes.get(wanted).into_iter().flatten().find(|(_, _, names)| names == now).map(|(_, other, _)| *other);
            let other = exchanged.or_else(|| by_a_later_match(desired, user, wanted, indexes));
            if let Some(other) = other {
                let message = format!("the record matches {} by its key, but {} by its names", user.id, other.id);
                let help = "two keys look exchanged: correct the key in HR, or the names of the accounts";
                held.insert(*at, *hold(desired, HeldCode::AmbiguousMatch, message, help));
            }
        }
    }
    held
}

/// The common case, told without looking at the letters.
fn keeps_a_name(desired: &Desired, user: &User) -> bool {
    ["givenName", "surname"].into_iter().filter_map(Attribute::find).any(|name| wanted_text(desired, name) == text_of(user, name))
}

fn by_a_later_match<'a>(desired: &Desired, user: &User, wanted: &Names, indexes: &[Index<'a>]) -> Option<&'a User> {
    let hits = indexes.iter().skip(1).filter_map(|index| Some(index.find(wanted_text(desired, index.attribute)?)));
    hits.flatten().copied().find(|other| other.id != user.id && names_of(other).as_ref() == Some(wanted))
}
