//! The accounts at which records point that have no account of their own.

use std::collections::{HashMap, HashSet};

use crate::directory::{Attribute, UserRow, roles};
use crate::mapping::{Desired, Held};
use crate::plan::matching::key_forms;
use crate::plan::matching::likeness::{BothNames, PersonNames, shares_a_word};
use crate::plan::matching::name_folding::plain;
use crate::plan::person::names::addresses;
use crate::plan::records::text_index::{TextOf, fold};
use crate::plan::records::wanted_texts::first_text;
use crate::record::EmployeeId;

/// The values of records without an account of their own. A user with one of them may be the account of the record, so the owner
/// does not count as missing.
pub(super) struct Pointers {
    values: Vec<(Attribute, HashSet<String>)>,
    addresses: HashSet<String>,
    names: HashSet<BothNames>,
    /// By the numbers in their keys, the words of the names of each record.
    numbers: HashMap<String, Vec<Vec<String>>>,
}

impl Pointers {
    /// Of records that could be mapped, and of those that could not in every value.
    pub(super) fn new<'h>(
        matching: &[Attribute],
        records: impl Iterator<Item = Desired>,
        held: impl Iterator<Item = &'h Held>,
    ) -> Self {
        let values = matching.iter().map(|attribute| (*attribute, HashSet::new())).collect();
        let mut pointers = Self { values, addresses: HashSet::new(), names: HashSet::new(), numbers: HashMap::new() };
        for record in records {
            pointers.insert(Some(&record.key), |name| first_text(&record, name));
        }
        for Held { key, marks, .. } in held {
            pointers
                .insert(key.as_ref(), |name| marks.iter().find(|(attribute, _)| attribute.name == name).map(|(_, text)| &**text));
        }
        pointers
    }

    fn insert<'t>(&mut self, key: Option<&EmployeeId>, text: impl Fn(&str) -> Option<&'t str>) {
        let text = |name: &str| text(name).filter(|text| !text.trim().is_empty());
        for (attribute, values) in &mut self.values {
            values.extend(text(attribute.name).map(|text| fold(*attribute, text).into_owned()));
        }
        let addresses = [roles::USER_PRINCIPAL_NAME, roles::MAIL].into_iter().filter_map(text);
        self.addresses.extend(addresses.map(str::to_lowercase));
        let words = PersonNames::of_texts(text).words();
        for form in key.into_iter().flat_map(|key| key_forms::numbers(key.as_str())) {
            self.numbers.entry(form).or_default().push(words.clone());
        }
        let names = text(roles::GIVEN_NAME).zip(text(roles::SURNAME));
        self.names.extend(names.map(|(given, surname)| (plain(given), plain(surname))));
    }

    /// Whether one of the records points at this user, whose owner had this key.
    pub(super) fn point_at(&self, key: &str, user: &UserRow<'_>) -> bool {
        let has_value = |(attribute, values): &(Attribute, HashSet<String>)| {
            !values.is_empty() && user.text_of(*attribute).is_some_and(|text| values.contains(&*fold(*attribute, text)))
        };
        let has_address = || addresses(user).any(|address| self.addresses.contains(&address.to_lowercase()));
        let has_names = || PersonNames::of_account(user).both().is_some_and(|names| self.names.contains(&names));
        self.values.iter().any(has_value) || has_address() || has_names() || self.has_number(key, user)
    }

    /// Whether a record has this key in another form, and no name speaks against it.
    fn has_number(&self, key: &str, user: &UserRow<'_>) -> bool {
        let records = key_forms::numbers(key).into_iter().filter_map(|form| self.numbers.get(&form)).flatten();
        let words = PersonNames::of_account(user).words();
        records.into_iter().any(|of_record| shares_a_word(of_record, &words))
    }
}
