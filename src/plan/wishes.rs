//! What HR wants for a person, by attribute name, and a digest by which two nights are compared.
//!
//! Most nights HR wants of nearly everybody what it wanted the night before. So a run computes a digest for each person straight from the
//! packed row, and builds the values of those whose digest is new.

use std::collections::BTreeMap;
use std::fmt;

use crate::directory::{RowWriter, Users, Value, ValueRef, roles};
use crate::mapping::{DesiredValue, Flow, ManagerWanted, Stage, When};
use crate::record::quick_digest;

/// What HR wants for one person, by attribute name; none where it wants no value.
pub type WishMap = BTreeMap<String, Option<Value>>;

/// Sixteen bytes that are the same where HR wants the same values of the same attributes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
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

    /// The digest of what HR wants of a person, as [`WishDigest::of`] makes it of [`wanted`](crate::plan::wanted). It does not depend on
    /// the user. `by_name` has the places of the attributes in the order of their names.
    pub(super) fn of_desired(attributes: &[DesiredValue], by_name: &[u16], manager: &ManagerWanted) -> Self {
        let manager = match manager {
            ManagerWanted::Leave => None,
            ManagerWanted::Clear => Some((roles::MANAGER, None)),
            ManagerWanted::Key(key) => Some((roles::MANAGER, Some(ValueRef::Text(key.as_str())))),
        };
        let wish = |at: &u16| {
            let DesiredValue { attribute, flow, when, .. } = attributes.get(usize::from(*at))?;
            let value = match flow {
                Flow::FirstFree(_) if *when == When::Create => return None,
                Flow::FirstFree(candidates) => candidates.first(),
                Flow::Set(value) => Some(value),
                Flow::Clear => None,
            };
            Some((attribute.name, value.map(lent)))
        };
        let before = |at: &&u16| attributes.get(usize::from(**at)).is_some_and(|wanted| wanted.attribute.name < roles::MANAGER);
        let split = by_name.iter().take_while(before).count();
        let (before, behind) = by_name.split_at(split);
        Self::of_sorted(before.iter().filter_map(wish).chain(manager).chain(behind.iter().filter_map(wish)))
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
    values: WishValues<'w>,
}

/// Packed records that can be asked for what HR wants of a person.
pub(super) trait PackedWishes {
    /// Hands over each value of the person at this place, in the order of the names. The records were packed against these users.
    fn each_wish(&self, person: usize, users: &Users, take: &mut dyn FnMut(&str, Option<ValueRef<'_>>));
}

/// Where the values come from.
enum WishValues<'w> {
    There(WishMap),
    Made(Box<dyn FnOnce() -> WishMap + 'w>),
    Packed { records: &'w dyn PackedWishes, person: usize, users: &'w Users },
}

impl<'w> Wishes<'w> {
    /// Of values that are there.
    pub fn of(values: WishMap) -> Self {
        Self { digest: WishDigest::of(&values), values: WishValues::There(values) }
    }

    /// Of values that have this digest and are made when they are asked for.
    pub fn lazy(digest: WishDigest, values: impl FnOnce() -> WishMap + 'w) -> Self {
        Self { digest, values: WishValues::Made(Box::new(values)) }
    }

    /// Of the person at a place of records that were packed against these users.
    pub(super) fn packed(digest: WishDigest, records: &'w dyn PackedWishes, person: usize, users: &'w Users) -> Self {
        Self { digest, values: WishValues::Packed { records, person, users } }
    }

    /// The digest of the values: equal digests mean that nothing changed in HR.
    pub fn digest(&self) -> WishDigest {
        self.digest
    }

    /// The values by attribute name, computed only when they are asked for.
    pub fn values(self) -> WishMap {
        match self.values {
            WishValues::There(values) => values,
            WishValues::Made(values) => values(),
            WishValues::Packed { records, person, users } => {
                let mut values = WishMap::new();
                records.each_wish(person, users, &mut |name, value| {
                    values.insert(name.to_owned(), value.map(|value| value.to_value()));
                });
                values
            }
        }
    }

    /// Hands over each value with the name of its attribute, in the order of the names.
    ///
    /// ```
    /// # use hrpush::directory::Value;
    /// # use hrpush::plan::{WishMap, Wishes};
    /// let mut texts = Vec::new();
    /// let wishes = Wishes::of(WishMap::from([("city".to_owned(), Some(Value::text("Graz")))]));
    /// wishes.each(|name, value| texts.push(format!("{name}: {}", value.and_then(|value| value.as_text()).unwrap_or_default())));
    /// assert_eq!(texts, ["city: Graz"]);
    /// ```
    pub fn each(self, mut take: impl FnMut(&str, Option<ValueRef<'_>>)) {
        match self.values {
            WishValues::Packed { records, person, users } => records.each_wish(person, users, &mut take),
            values => {
                let values = Self { values, ..self }.values();
                for (name, value) in &values {
                    take(name, value.as_ref().map(lent));
                }
            }
        }
    }
}

/// Whether a person in this stage is gone.
pub(super) fn is_gone(stage: Stage) -> bool {
    matches!(stage, Stage::Left { .. })
}
