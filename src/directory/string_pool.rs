//! Values that many users share, such as departments: written once, and named by their number elsewhere.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::row_codec::{RowReader, RowWriter};

/// A text that is shorter than this takes no more room than its number.
const SHORTEST: usize = 4;
/// So many values of one attribute become words. An attribute with more has a value of its own for most users.
const MOST: u32 = 16_384;

/// The shared values of the users that were read together.
#[derive(Clone, Default)]
pub(super) struct StringPool {
    text: String,
    /// Where each word ends.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The number of strings added for each attribute, by its place. `None` once the pool is read-only.
    made: Option<Vec<u32>>,
}

impl StringPool {
    /// An empty pool for the values of this number of attributes.
    pub(super) fn growing(attributes: usize) -> Self {
        Self { made: Some(vec![0; attributes]), ..Self::default() }
    }

    /// The words that [`StringPool::put`] wrote; no further one is made.
    pub(super) fn read(row: &mut RowReader<'_>) -> Option<Self> {
        let mut words = Self::default();
        for _ in 0..row.number()? {
            words.add(row.text()?);
        }
        Some(words)
    }

    /// Writes the number of words, then each word in the order of its number.
    pub(super) fn put(&self, row: &mut RowWriter) {
        row.number(self.ends.len());
        (0..self.ends.len()).for_each(|number| row.text(self.get(number).unwrap_or_default()));
    }

    /// The word of a number.
    pub(super) fn get(&self, number: usize) -> Option<&str> {
        let start = if number == 0 { 0 } else { *self.ends.get(number - 1)? };
        self.text.get(start..*self.ends.get(number)?)
    }

    /// The number of a text that is a word, or becomes one as a value of the attribute at this place.
    pub(super) fn number(&mut self, place: usize, text: &str) -> Option<usize> {
        if text.len() < SHORTEST {
            return None;
        }
        let known = self.numbers.find(self.hasher.hash_one(text), |number| self.get(*number as usize) == Some(text));
        if let Some(number) = known {
            return Some(*number as usize);
        }
        let made = self.made.as_mut()?.get_mut(place).filter(|made| **made < MOST)?;
        *made += 1;
        self.add(text);
        Some(self.ends.len() - 1)
    }

    fn add(&mut self, text: &str) {
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        self.ends.push(self.text.len());
        let Self { numbers, hasher, text: all, ends, .. } = self;
        let word = |number: &u32| {
            let at = *number as usize;
            let start = if at == 0 { 0 } else { ends[at - 1] };
            hasher.hash_one(&all[start..ends[at]])
        };
        numbers.insert_unique(hasher.hash_one(text), number, word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_a_short_one_none() {
        let mut words = StringPool::growing(2);
        assert_eq!(words.number(0, "Sales"), Some(0));
        assert_eq!(words.number(1, "Österreich"), Some(1));
        assert_eq!(words.number(1, "Sales"), Some(0));
        assert_eq!(words.number(1, "AT"), None);
        assert_eq!((words.get(1), words.get(2)), (Some("Österreich"), None));
    }

    #[test]
    fn an_attribute_makes_only_so_many_words() {
        let mut words = StringPool::growing(2);
        let made = (0..20_000).filter(|n| words.number(0, &format!("P{n:05}")).is_some()).count();
        assert_eq!(made, 16_384);
        assert!(words.number(1, "Sales").is_some());
    }

    #[test]
    fn words_come_back_as_they_were_and_no_more_are_made() {
        let mut words = StringPool::growing(1);
        for word in ["Sales", "Legal"] {
            words.number(0, word);
        }
        let mut row = RowWriter::default();
        words.put(&mut row);
        let mut read = StringPool::read(&mut RowReader(row.since(0))).unwrap();
        assert_eq!((read.get(0), read.get(1)), (Some("Sales"), Some("Legal")));
        assert_eq!((read.number(0, "Legal"), read.number(0, "Claims")), (Some(1), None));
        assert!(StringPool::read(&mut RowReader(&row.since(0)[..5])).is_none());
    }
}
