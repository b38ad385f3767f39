//! Users by the value of one attribute.

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::directory::{Attribute, Kind, Lent, User, UserNo, UserRow, Users};

/// The users by the value of one attribute. It holds their numbers alone, and is asked together with them.
pub(super) struct Index {
    pub(super) attribute: Attribute,
    numbers: HashTable<UserNo>,
    hasher: DefaultHashBuilder,
}

/// Who has a value.
pub(super) enum Found {
    Nobody,
    One(UserNo),
    /// In the order of their ids.
    Several(Vec<UserNo>),
}

impl Index {
    pub(super) fn new(attribute: Attribute, users: &Users) -> Self {
        let mut index = Self { attribute, numbers: HashTable::with_capacity(users.len()), hasher: DefaultHashBuilder::default() };
        let Self { numbers, hasher, .. } = &mut index;
        let hash = |user: &UserRow<'_>| Some(hasher.hash_one(&*fold(attribute, user.text_of(attribute)?)));
        for user in users.rows() {
            if let Some(own) = hash(&user) {
                numbers.insert_unique(own, user.number(), |other| hash(&users.at(*other)).unwrap_or_default());
            }
        }
        index
    }

    /// Who has this value, as Entra compares it.
    pub(super) fn find(&self, users: &Users, text: &str) -> Found {
        let wanted = fold(self.attribute, text);
        let has = |number: &&UserNo| {
            users.at(**number).text_of(self.attribute).is_some_and(|text| fold(self.attribute, text) == wanted)
        };
        let mut hits = self.numbers.iter_hash(self.hasher.hash_one(&*wanted)).filter(has).copied();
        match (hits.next(), hits.next()) {
            (None, _) => Found::Nobody,
            (Some(only), None) => Found::One(only),
            (Some(one), Some(other)) => {
                let mut several: Vec<UserNo> = [one, other].into_iter().chain(hits).collect();
                several.sort_by_key(|number| users.at(*number).row_id());
                Found::Several(several)
            }
        }
    }
}

/// The text as Entra compares it.
pub(super) fn fold(attribute: Attribute, text: &str) -> Cow<'_, str> {
    if attribute.kind == Kind::Name && text.chars().any(char::is_uppercase) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A user with its values.
pub(super) trait TextOf {
    /// The text of an attribute by which accounts are matched; an empty one is none.
    fn text_of(&self, attribute: Attribute) -> Option<&str>;
}

impl TextOf for User {
    fn text_of(&self, attribute: Attribute) -> Option<&str> {
        let text = match attribute.name {
            "userPrincipalName" => Some(self.upn.as_str()),
            _ => self.attributes.text(&attribute),
        };
        text.filter(|text| !text.trim().is_empty())
    }
}

impl TextOf for UserRow<'_> {
    fn text_of(&self, attribute: Attribute) -> Option<&str> {
        let text = match attribute.name {
            "userPrincipalName" => Some(self.upn()),
            _ => self.lent(&attribute).as_ref().and_then(Lent::as_text),
        };
        text.filter(|text| !text.trim().is_empty())
    }
}
