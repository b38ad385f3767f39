//! The accounts at which records point that have no account of their own.

use std::collections::HashSet;

use crate::directory::{Attribute, UserRow, roles};
use crate::mapping::{Desired, Held};
use crate::plan::matching::likeness::{BothNames, PersonNames};
use crate::plan::matching::name_folding::plain;
use crate::plan::person::names::addresses;
use crate::plan::records::text_index::{TextOf, fold};
use crate::plan::records::wanted_texts::first_text;

/// The values of records without an account of their own. A user with one of them may be the account of the record, so the owner
/// does not count as missing.
pub(super) struct Pointers {
    values: Vec<(Attribute, HashSet<String>)>,
    addresses: HashSet<String>,
    names: HashSet<BothNames>,
}

impl Pointers {
    /// Of records that could be mapped, and of those that could not in every value.
    pub(super) fn new<'h>(
        matching: &[Attribute],
        records: impl Iterator<Item = Desired>,
        held: impl Iterator<Item = &'h Held>,
    ) -> Self {
        let values = matching.iter().map(|attribute| (*attribute, HashSet::new())).collect();
        let mut pointers = Self { values, addresses: HashSet::new(), names: HashSet::new() };
        for record in records {
            pointers.insert(|name| first_text(&record, name));
        }
        for Held { marks, .. } in held {
            pointers.insert(|name| marks.iter().find(|(attribute, _)| attribute.name == name).map(|(_, text)| &**text));
        }
        pointers
    }

    fn insert<'t>(&mut self, text: impl Fn(&str) -> Option<&'t str>) {
        let text = |name: &str| text(name).filter(|text| !text.trim().is_empty());
        for (attribute, values) in &mut self.values {
            values.extend(text(attribute.name).map(|text| fold(*attribute, text).into_owned()));
        }
        let addresses = [roles::USER_PRINCIPAL_NAME, roles::MAIL].into_iter().filter_map(text);
        self.addresses.extend(addresses.map(str::to_lowercase));
        let names = text(roles::GIVEN_NAME).zip(text(roles::SURNAME));
        self.names.extend(names.map(|(given, surname)| (plain(given), plain(surname))));
    }

    /// Whether one of the records points at this user.
    pub(super) fn point_at(&self, user: &UserRow<'_>) -> bool {
        let has_value = |(attribute, values): &(Attribute, HashSet<String>)| {
            !values.is_empty() && user.text_of(*attribute).is_some_and(|text| values.contains(&*fold(*attribute, text)))
        };
        let has_address = || addresses(user).any(|address| self.addresses.contains(&address.to_lowercase()));
        let has_names = || PersonNames::of_account(user).both().is_some_and(|names| self.names.contains(&names));
        self.values.iter().any(has_value) || has_address() || has_names()
    }
}
