//! Users by the value of one attribute.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::directory::{Attribute, Kind, User, UserNo, UserRow, Users, ValueRef, roles};

/// The users by the value of one attribute. It holds their numbers alone, and is asked together with them.
pub(in crate::plan) struct Index {
    pub(in crate::plan) attribute: Attribute,
    /// The first user of each value.
    firsts: HashTable<UserNo>,
    /// All users with a shared value, by the first of them.
    shared: HashMap<UserNo, Vec<UserNo>>,
    hasher: DefaultHashBuilder,
}

/// The users with a value.
pub(in crate::plan) enum Found<'i> {
    Nobody,
    One(UserNo),
    /// In the order of their ids.
    Several(&'i [UserNo]),
}

impl Index {
    pub(in crate::plan) fn new(attribute: Attribute, users: &Users) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut firsts = HashTable::with_capacity(users.len());
        let mut shared: HashMap<UserNo, Vec<UserNo>> = HashMap::new();
        let hash = |value: &str| hasher.hash_one(value);
        for user in users.rows() {
            let Some(value) = value_of(attribute, &user) else { continue };
            let same = |first: &UserNo| value_of(attribute, &users.at(*first)).is_some_and(|other| other == value);
            let again = |first: &UserNo| value_of(attribute, &users.at(*first)).map_or(0, |other| hash(&other));
            match firsts.entry(hash(&value), same, again) {
                Entry::Vacant(place) => {
                    place.insert(user.number());
                }
                Entry::Occupied(first) => {
                    shared.entry(*first.get()).or_insert_with(|| vec![*first.get()]).push(user.number());
                }
            }
        }
        for all in shared.values_mut() {
            all.sort_by_key(|number| users.at(*number).row_id());
        }
        Self { attribute, firsts, shared, hasher }
    }

    /// Finds the users with this value, as Entra compares it.
    pub(in crate::plan) fn find(&self, users: &Users, text: &str) -> Found<'_> {
        let wanted = fold(self.attribute, text);
        let has = |number: &UserNo| value_of(self.attribute, &users.at(*number)).is_some_and(|value| value == wanted);
        match self.firsts.find(self.hasher.hash_one(&*wanted), has) {
            None => Found::Nobody,
            Some(first) => self.shared.get(first).map_or(Found::One(*first), |all| Found::Several(all)),
        }
    }
}

fn value_of<'u>(attribute: Attribute, user: &UserRow<'u>) -> Option<Cow<'u, str>> {
    text_in(*user, attribute).map(|text| fold(attribute, text))
}

/// The text as Entra compares it.
pub(in crate::plan) fn fold(attribute: Attribute, text: &str) -> Cow<'_, str> {
    if attribute.kind == Kind::Name && text.chars().any(char::is_uppercase) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A user with its values.
pub(in crate::plan) trait TextOf {
    /// The text of an attribute by which accounts are matched; an empty one is none.
    fn text_of(&self, attribute: Attribute) -> Option<&str>;
}

impl TextOf for User {
    fn text_of(&self, attribute: Attribute) -> Option<&str> {
        let text = match attribute.name {
            roles::USER_PRINCIPAL_NAME => Some(self.upn.as_str()),
            _ => self.attributes.text(&attribute),
        };
        text.filter(|text| !text.trim().is_empty())
    }
}

impl TextOf for UserRow<'_> {
    fn text_of(&self, attribute: Attribute) -> Option<&str> {
        text_in(*self, attribute)
    }
}

fn text_in(user: UserRow<'_>, attribute: Attribute) -> Option<&str> {
    let text = match attribute.name {
        roles::USER_PRINCIPAL_NAME => Some(user.upn()),
        _ => user.lent(&attribute).as_ref().and_then(ValueRef::as_text),
    };
    text.filter(|text| !text.trim().is_empty())
}
