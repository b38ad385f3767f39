//! Held records of active people, by both names and the match attributes: one of them may be the current record of a leaver.

use std::collections::HashMap;

use crate::directory::{Attribute, UserRow};
use crate::mapping::{Desired, Held};
use crate::plan::matching::likeness::{BothNames, PersonNames};
use crate::plan::records::text_index::{TextOf, fold};
use crate::plan::records::wanted_texts::first_text;

/// A held record of an active person.
struct Namesake {
    /// What a message calls it.
    shown: String,
    /// Its values of the match attributes, as Entra compares them.
    values: Vec<(Attribute, String)>,
}

/// The held records of active people.
pub(super) struct Namesakes(HashMap<BothNames, Vec<Namesake>>);

impl Namesakes {
    /// Of records that could be mapped, and of those that could not in every value.
    pub(super) fn new<'h>(
        matching: &[Attribute],
        records: impl Iterator<Item = Desired>,
        held: impl Iterator<Item = &'h Held>,
    ) -> Self {
        let mut namesakes = Self(HashMap::new());
        for record in records {
            let shown = format!("record {}", record.key);
            namesakes.insert(matching, shown, |name| first_text(&record, name));
        }
        for Held { key, place, marks, .. } in held.filter(|held| !held.left) {
            let shown = match (key, place) {
                (Some(key), _) => format!("record {key}"),
                (None, Some(place)) => format!("record at {place}"),
                (None, None) => continue,
            };
            let text = |name: &str| marks.iter().find(|(attribute, _)| attribute.name == name).map(|(_, text)| &**text);
            namesakes.insert(matching, shown, text);
        }
        namesakes
    }

    fn insert<'t>(&mut self, matching: &[Attribute], shown: String, text: impl Fn(&str) -> Option<&'t str>) {
        let known = |name: &str| text(name).filter(|text| !text.trim().is_empty());
        let Some(names) = PersonNames::of_texts(known).both() else { return };
        let value = |attribute: &Attribute| Some((*attribute, fold(*attribute, known(attribute.name)?).into_owned()));
        let values = matching.iter().filter_map(value).collect();
        self.0.entry(names).or_default().push(Namesake { shown, values });
    }

    /// The record that has both names of this user and the same value of a match attribute.
    pub(super) fn find(&self, user: &UserRow<'_>) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let has_value = |(attribute, value): &(Attribute, String)| {
            user.text_of(*attribute).is_some_and(|text| *value == fold(*attribute, text))
        };
        let same = self.0.get(&PersonNames::of_account(user).both()?)?;
        same.iter().find(|one| one.values.iter().any(has_value)).map(|one| one.shown.as_str())
    }
}
