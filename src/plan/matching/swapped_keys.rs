//! Records with exchanged keys: each would write one person's names to another person's account.

use std::collections::BTreeMap;

use crate::directory::{Attribute, UserNo, Users, roles};
use crate::mapping::{Held, HeldCode};
use crate::plan::inputs::Inputs;
use crate::plan::matching::claim::{Account, How, Person};
use crate::plan::matching::doubt::Doubt;
use crate::plan::matching::likeness::{BothNames, PersonNames};
use crate::plan::records::PersonRow;
use crate::plan::records::text_index::TextOf;

/// A record that matches a user by its key and would replace both names of that user.
pub(super) struct Replacement {
    /// The position among the people.
    pub(super) at: usize,
    pub(super) user: UserNo,
    pub(super) wanted: BothNames,
}

/// The records that would replace both names of their user, by the names of that user.
pub(super) type Replacements = BTreeMap<BothNames, Vec<Replacement>>;

/// Holds the records with keys that look exchanged, by position: one record by its key and another by its names match the same
/// user.
///
/// The user found by its names either has the record's value of a later match attribute, or its own record has the names of the first user.
/// That user's own record is held as well where it would replace both names. A record that was held for this stays held as long as it
/// differs in both names, since the names that the hold was based on may be gone by the next reading.
pub(super) fn held(inputs: &Inputs<'_>, people: &[Person<'_>], replacements: &Replacements) -> BTreeMap<usize, Held> {
    let exchanges = Exchanges { inputs, users: &inputs.snapshot.users, people, replacements };
    let mut held = BTreeMap::new();
    for (now, replacement) in exchanges.all() {
        if let Some(other) = exchanges.other(now, replacement) {
            held.insert(replacement.at, exchanges.hold(replacement, Some(other)));
            for counterpart in exchanges.all().map(|(_, one)| one).filter(|one| one.user == other) {
                held.entry(counterpart.at).or_insert_with(|| exchanges.hold(counterpart, Some(replacement.user)));
            }
        }
    }
    for (_, replacement) in exchanges.all().filter(|(_, replacement)| exchanges.was_held(replacement)) {
        held.entry(replacement.at).or_insert_with(|| exchanges.hold(replacement, None));
    }
    held
}

/// The records that would replace both names of their user, by the names of that user.
pub(super) fn replacements(inputs: &Inputs<'_>, people: &[Person<'_>]) -> Replacements {
    let users = &inputs.snapshot.users;
    let mut replacements = Replacements::new();
    for (at, person) in people.iter().enumerate() {
        let Account::Live(number, how) = person.account else { continue };
        let row = inputs.people.row(person.number);
        if how == How::Decision || row.is_as(number) {
            continue;
        }
        let user = users.at(number);
        if keeps_a_name(row, users, &user) {
            continue;
        }
        let names = (PersonNames::of_account(&user).both(), PersonNames::of_record(row, users).both());
        let (Some(now), Some(wanted)) = names else { continue };
        if now.0 != wanted.0 && now.1 != wanted.1 {
            replacements.entry(now).or_default().push(Replacement { at, user: number, wanted });
        }
    }
    replacements
}

struct Exchanges<'a> {
    inputs: &'a Inputs<'a>,
    users: &'a Users,
    people: &'a [Person<'a>],
    replacements: &'a Replacements,
}

impl<'a> Exchanges<'a> {
    fn all(&self) -> impl Iterator<Item = (&BothNames, &Replacement)> {
        self.replacements.iter().flat_map(|(now, all)| all.iter().map(move |one| (now, one)))
    }

    fn row(&self, replacement: &Replacement) -> PersonRow<'a> {
        self.inputs.people.row(self.people[replacement.at].number)
    }

    /// The user that a record matches by its names.
    fn other(&self, now: &BothNames, replacement: &Replacement) -> Option<UserNo> {
        let back = self.replacements.get(&replacement.wanted).into_iter().flatten().find(|other| other.wanted == *now);
        back.map(|other| other.user).or_else(|| self.by_a_later_match(replacement))
    }

    fn by_a_later_match(&self, replacement: &Replacement) -> Option<UserNo> {
        let row = self.row(replacement);
        let mut hits = self.inputs.people.indexes().iter().skip(1).flat_map(|index| {
            let wanted = row.wanted_text(index.attribute, self.users);
            wanted.map(|text| self.inputs.people.who_has(index.attribute, text, self.users)).unwrap_or_default()
        });
        let names = |user: UserNo| PersonNames::of_account(&self.users.at(user)).both();
        hits.find(|other| *other != replacement.user && names(*other).as_ref() == Some(&replacement.wanted))
    }

    /// Whether the last good reading held the record for an ambiguous match.
    fn was_held(&self, replacement: &Replacement) -> bool {
        let (Some(last), Some(key)) = (&self.inputs.ledger.last_reading, self.row(replacement).key()) else { return false };
        !last.held.is_empty() && last.held.contains(&(key.to_owned(), HeldCode::AmbiguousMatch))
    }

    fn hold(&self, replacement: &Replacement, other: Option<UserNo>) -> Held {
        let user = self.users.at(replacement.user).id();
        let other = other.map(|other| self.users.at(other).id());
        let message = match &other {
            Some(other) => format!("the record matches {user} by its key, but two keys look exchanged with those of {other}"),
            None => format!("the record matches {user} by its key, but has two other names since its key looked exchanged"),
        };
        let doubt = Doubt {
            code: HeldCode::AmbiguousMatch,
            message,
            help: "correct the key in HR, or the names of the accounts".into(),
            accounts: other.into_iter().chain([user]).collect(),
        };
        *doubt.held(&self.row(replacement).desired(self.users), self.inputs.people, self.users)
    }
}

/// The common case, without folding the names.
fn keeps_a_name(row: PersonRow<'_>, users: &Users, user: &impl TextOf) -> bool {
    let names = [roles::GIVEN_NAME, roles::SURNAME].into_iter().filter_map(Attribute::find);
    names.into_iter().any(|name| row.wanted_text(name, users) == user.text_of(name))
}
