//! The ways in which the records of a reading spell one key or one name.

use std::collections::BTreeMap;

use crate::plan::group_rules::fold;
use crate::record::unspaced;

/// Texts by what they fold to, each with its spellings.
#[derive(Default)]
pub(super) struct Spellings<'a> {
    texts: BTreeMap<String, BTreeMap<String, Use<'a>>>,
}

/// How often a spelling occurs.
struct Use<'a> {
    count: usize,
    /// The smallest key among the people with this spelling.
    first: &'a str,
}

impl<'a> Spellings<'a> {
    pub(super) fn insert(&mut self, text: &str, person: &'a str) {
        let spelling = unspaced(text);
        let of = self.texts.entry(fold(&spelling).into_owned()).or_default();
        if let Some(known) = of.get_mut(&*spelling) {
            known.count += 1;
            known.first = known.first.min(person);
        } else {
            of.insert(spelling.into_owned(), Use { count: 1, first: person });
        }
    }

    /// The commonest text in its commonest spelling; of equals, the one that folds to `present`, else that of the first key.
    pub(super) fn shown(&self, present: Option<&str>) -> Option<&str> {
        let first = |of: &BTreeMap<String, Use<'a>>| of.values().map(|one| one.first).min();
        let count = |of: &BTreeMap<String, Use<'a>>| of.values().map(|one| one.count).sum::<usize>();
        let is_present = |folded: &str| present == Some(folded);
        let (_, of) = self.texts.iter().max_by(|(left, one), (right, other)| {
            let by_count = (count(one), is_present(left)).cmp(&(count(other), is_present(right)));
            by_count.then_with(|| first(other).cmp(&first(one)))
        })?;
        let commonest = of.iter().max_by(|(_, one), (_, other)| one.count.cmp(&other.count).then(other.first.cmp(one.first)));
        commonest.map(|(spelling, _)| spelling.as_str())
    }

    /// All spellings, in their order.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.texts.values().flat_map(BTreeMap::keys).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[(&str, &'static str)]) -> Spellings<'static> {
        let mut spellings = Spellings::default();
        for (text, person) in texts {
            spellings.insert(text, person);
        }
        spellings
    }

    #[test]
    fn the_commonest_spelling_is_shown() {
        let spellings = of(&[("SALES", "1"), ("Sales", "2"), ("Sales ", "3"), ("sales", "0")]);
        assert_eq!(spellings.shown(None), Some("Sales"));
        assert_eq!(spellings.all().collect::<Vec<_>>(), ["SALES", "Sales", "sales"]);
    }

    #[test]
    fn of_equals_the_spelling_of_the_first_key_is_shown_whatever_the_order_of_the_rows() {
        assert_eq!(of(&[("SALES", "2"), ("Sales", "1")]).shown(None), Some("Sales"));
        assert_eq!(of(&[("Sales", "1"), ("SALES", "2")]).shown(None), Some("Sales"));
    }

    #[test]
    fn two_names_of_one_key_do_not_take_turns() {
        let even = [("Sales", "1"), ("Vertrieb", "2")];
        assert_eq!(of(&even).shown(None), Some("Sales"));
        assert_eq!(of(&even).shown(Some("vertrieb")), Some("Vertrieb"));
        let more = [("Sales", "1"), ("Vertrieb", "2"), ("SALES", "3")];
        assert_eq!(of(&more).shown(Some("vertrieb")), Some("Sales"));
    }
}
