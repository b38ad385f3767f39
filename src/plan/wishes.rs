//! What HR wants for a person, by attribute name, and a digest by which two nights are compared.
//!
//! Most nights HR wants of nearly everybody what it wanted the night before. So a run computes a digest for each person straight from the
//! packed row, and builds the values of those whose digest is new.

use std::collections::BTreeMap;
use std::fmt;

use crate::directory::{RowWriter, Value, ValueRef};
use crate::mapping::Stage;
use crate::record::quick_digest;

/// What HR wants for one person, by attribute name; none where it wants no value.
pub type WishMap = BTreeMap<String, Option<Value>>;

/// Sixteen bytes that are the same where HR wants the same values of the same attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WishDigest([u8; 16]);

impl WishDigest {
    /// The digest of these values.
    ///
    /// ```
    /// # use hrpush::plan::{WishDigest, WishMap};
    /// let none = WishDigest::of(&WishMap::new());
    /// assert_ne!(none, WishDigest::of(&WishMap::from([("department".to_owned(), None)])));
    /// ```
    pub fn of(wishes: &WishMap) -> Self {
        Self::of_sorted(wishes.iter().map(|(name, value)| (name.as_str(), value.as_ref().map(lent))))
    }

    /// The digest of values that come in the order of their names.
    pub(super) fn of_sorted<'v>(wishes: impl Iterator<Item = (&'v str, Option<ValueRef<'v>>)>) -> Self {
        let mut row = RowWriter::from(Vec::with_capacity(512));
        for (name, value) in wishes {
            row.text(name);
            match value {
                None => row.byte(0),
                Some(ValueRef::Flag(flag)) => row.byte(1 + u8::from(flag)),
                Some(ValueRef::List(items)) => {
                    row.byte(3);
                    row.texts(&items);
                }
                // It begins with a number above 3.
                Some(ValueRef::Text(text)) => row.text_value(text),
            }
        }
        Self(quick_digest(row.since(0)))
    }

    /// The bytes, as a store keeps them.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for WishDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WishDigest({:032x})", u128::from_be_bytes(self.0))
    }
}

fn lent(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Flag(flag) => ValueRef::Flag(*flag),
        Value::Text(text) => ValueRef::Text(text),
        Value::List(items) => ValueRef::List(items.iter().map(AsRef::as_ref).collect()),
    }
}

/// What HR wants for a person: the digest now, and the values when they are asked for.
pub struct Wishes<'w> {
    digest: WishDigest,
    values: Box<dyn FnOnce() -> WishMap + 'w>,
}

impl<'w> Wishes<'w> {
    /// Of values that are there.
    pub fn of(values: WishMap) -> Self {
        Self { digest: WishDigest::of(&values), values: Box::new(|| values) }
    }

    /// Of values that have this digest and are made when they are asked for.
    pub fn lazy(digest: WishDigest, values: impl FnOnce() -> WishMap + 'w) -> Self {
        Self { digest, values: Box::new(values) }
    }

    /// The digest of the values: equal digests mean that nothing changed in HR.
    pub fn digest(&self) -> WishDigest {
        self.digest
    }

    /// The values by attribute name, computed only when they are asked for.
    pub fn values(self) -> WishMap {
        (self.values)()
    }
}

/// Whether a person in this stage is gone.
pub(super) fn is_gone(stage: Stage) -> bool {
    matches!(stage, Stage::Left { .. })
}
