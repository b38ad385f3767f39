//! The attributes that a user has set, held tightly: a tenant may have a million users.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attribute::Attribute;
use super::row_codec::{RowReader, RowWriter, ValueRef};
use super::value::Value;

/// Attributes with their values, of which most users of a tenant have the same.
///
/// The names are shared among all users that were read together; the values stand in one row, in the order of the names.
#[derive(Clone, Default)]
pub struct Attributes {
    names: Arc<[Attribute]>,
    /// For each name its value, or that there is none.
    row: Box<[u8]>,
}

impl Attributes {
    /// The values that `of` finds for these names.
    pub fn gather(names: &Arc<[Attribute]>, mut of: impl FnMut(Attribute) -> Option<Value>) -> Self {
        Self::write(names, |name, row| row.value(of(name).as_ref()))
    }

    /// The values that `put` writes: for each of these names one, or that there is none.
    pub fn write(names: &Arc<[Attribute]>, mut put: impl FnMut(Attribute, &mut RowWriter)) -> Self {
        let mut row = RowWriter::from(Vec::with_capacity(16 * names.len()));
        names.iter().for_each(|name| put(*name, &mut row));
        Self { names: Arc::clone(names), row: row.into_bytes().into() }
    }

    /// The value of each name, in their order.
    pub(super) fn values(&self) -> impl Iterator<Item = Option<ValueRef<'_>>> {
        let mut row = RowReader(&self.row);
        self.names.iter().map(move |_| row.value().flatten())
    }

    /// The names that were asked for, set or not.
    pub fn names(&self) -> &Arc<[Attribute]> {
        &self.names
    }

    /// A value as it stands.
    pub fn lent(&self, attribute: &Attribute) -> Option<ValueRef<'_>> {
        let mut row = RowReader(&self.row);
        for name in self.names.iter() {
            if name == attribute {
                return row.value().flatten();
            }
            row.skip()?;
        }
        None
    }

    /// A value by itself.
    pub fn get(&self, attribute: &Attribute) -> Option<Value> {
        self.lent(attribute).map(|value| value.to_value())
    }

    /// A value that is text.
    pub fn text(&self, attribute: &Attribute) -> Option<&str> {
        self.lent(attribute)?.as_text()
    }

    /// Whether there is a value.
    pub fn contains_key(&self, attribute: &Attribute) -> bool {
        self.lent(attribute).is_some()
    }

    /// Sets a value; gives back the former one.
    pub fn insert(&mut self, attribute: Attribute, value: Value) -> Option<Value> {
        let before = self.get(&attribute);
        if self.names.contains(&attribute) {
            let names = Arc::clone(&self.names);
            *self = Self::gather(&names, |name| if name == attribute { Some(value.clone()) } else { self.get(&name) });
        } else {
            *self = self.iter().chain([(attribute, value)]).collect();
        }
        before
    }

    /// Takes a value away and gives it back.
    pub fn remove(&mut self, attribute: &Attribute) -> Option<Value> {
        let before = self.get(attribute)?;
        let names = Arc::clone(&self.names);
        *self = Self::gather(&names, |name| if name == *attribute { None } else { self.get(&name) });
        Some(before)
    }

    /// All that are set.
    pub fn iter(&self) -> impl Iterator<Item = (Attribute, Value)> {
        let mut row = RowReader(&self.row);
        self.names.iter().filter_map(move |name| Some((*name, row.value().flatten()?.to_value())))
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// In the order of their names; of two with the same name the last stays.
impl FromIterator<(Attribute, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (Attribute, Value)>>(values: I) -> Self {
        let mut values: BTreeMap<Attribute, Value> = values.into_iter().collect();
        let names: Arc<[Attribute]> = values.keys().copied().collect();
        Self::gather(&names, |name| values.remove(&name))
    }
}

/// Equal where the same attributes are set to the same values, whatever was asked for.
impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.names, &other.names) {
            return self.row == other.row;
        }
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(&name) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str) -> Attribute {
        Attribute::find(name).unwrap()
    }

    fn names() -> Arc<[Attribute]> {
        ["accountEnabled", "businessPhones", "city", "department"].map(attribute).into()
    }

    fn some() -> Attributes {
        Attributes::gather(&names(), |name| match name.name {
            "accountEnabled" => Some(Value::Flag(true)),
            "businessPhones" => Some(Value::List([Box::from("+43"), Box::from("")].into())),
            "department" => Some(Value::text("Ä".repeat(200))),
            _ => None,
        })
    }

    #[test]
    fn values_come_back_as_they_were() {
        let some = some();
        assert_eq!(some.len(), 3);
        assert_eq!(some.get(&attribute("accountEnabled")), Some(Value::Flag(true)));
        assert_eq!(some.get(&attribute("businessPhones")), Some(Value::List([Box::from("+43"), Box::from("")].into())));
        assert_eq!(some.text(&attribute("department")).map(str::len), Some(400));
        assert_eq!((some.get(&attribute("city")), some.get(&attribute("mail"))), (None, None));
    }

    #[test]
    fn what_is_set_and_taken_away_leaves_the_rest_as_it_is() {
        let mut changed = some();
        assert_eq!(changed.insert(attribute("city"), Value::text("Graz")), None);
        assert_eq!(changed.insert(attribute("mail"), Value::text("a@b.c")), None);
        assert_eq!(changed.insert(attribute("city"), Value::text("Wien")), Some(Value::text("Graz")));
        let set: Vec<&str> = changed.iter().map(|(name, _)| name.name).collect();
        assert_eq!(set, ["accountEnabled", "businessPhones", "city", "department", "mail"]);
        assert_eq!(changed.remove(&attribute("city")), Some(Value::text("Wien")));
        assert_eq!(changed.remove(&attribute("mail")), Some(Value::text("a@b.c")));
        assert_eq!(changed.remove(&attribute("surname")), None);
        assert!(changed == some());
    }
}
