//! Records by their keys, and in the order of their keys.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::plan::records::{People, PersonNo};

/// Records by their keys; of several with one key, one.
#[derive(Default)]
pub(in crate::plan) struct Keys {
    numbers: HashTable<PersonNo>,
    hasher: DefaultHashBuilder,
}

impl Keys {
    /// None yet, with room for so many.
    pub(in crate::plan) fn with_capacity(count: usize) -> Self {
        Self { numbers: HashTable::with_capacity(count), hasher: DefaultHashBuilder::default() }
    }

    pub(in crate::plan) fn insert(&mut self, reading: &People, number: PersonNo, key: &str) {
        let Self { numbers, hasher } = self;
        numbers
            .insert_unique(hasher.hash_one(key), number, |other| hasher.hash_one(reading.row(*other).key().unwrap_or_default()));
    }

    pub(in crate::plan) fn find(&self, reading: &People, key: &str) -> Option<PersonNo> {
        self.numbers.find(self.hasher.hash_one(key), |number| reading.row(*number).key() == Some(key)).copied()
    }
}

/// The first bytes of a key: they distinguish most keys without a look at the row.
pub(in crate::plan) type Start = u64;

/// The records in the order of their keys, those without one first, and records with one key in the order of their places.
pub(in crate::plan) fn by_key(reading: &People) -> Vec<(Start, PersonNo)> {
    let start = |key: Option<&str>| {
        let mut bytes = [0; 8];
        let key = key.unwrap_or_default().as_bytes();
        let length = key.len().min(8);
        bytes[..length].copy_from_slice(&key[..length]);
        Start::from_be_bytes(bytes)
    };
    let mut order: Vec<(Start, PersonNo)> = reading.rows().map(|row| (start(row.key()), row.number)).collect();
    order.sort_by(|(left, one), (right, other)| {
        left.cmp(right).then_with(|| {
            let (one, other) = (reading.row(*one), reading.row(*other));
            one.key().cmp(&other.key()).then_with(|| one.place().cmp(&other.place()))
        })
    });
    order
}

/// Whether two records have the same key.
pub(in crate::plan) fn same_key(reading: &People, left: &(Start, PersonNo), right: &(Start, PersonNo)) -> bool {
    left.0 == right.0 && {
        let key = reading.row(left.1).key();
        key.is_some() && key == reading.row(right.1).key()
    }
}
