//! Records that come on two pages of one reading: the list moved while it was read, and another record slipped between the pages.

use std::collections::HashMap;
use std::hash::{Hash as _, Hasher};

use serde_json::Value;

use super::{Origin, Raw};
use crate::record::{Place, quick_digest, trimmed};
use crate::source::rest::error::RestError;
use crate::source::rest::shape::path::Path;

/// The records of a reading by what identifies them, each with the page on which it came first.
#[derive(Default)]
pub(in crate::source::rest) struct Listed {
    first: HashMap<Box<[u8]>, (Origin, Place)>,
}

impl Listed {
    /// Takes a record down. Two records on one page are no sign of a list that moved: a person may have two contracts.
    ///
    /// # Errors
    /// Where it came before, on another page or in another list.
    pub(in crate::source::rest) fn take(&mut self, identity: Box<[u8]>, origin: Origin, place: &Place) -> Result<(), RestError> {
        let Some((first, before)) = self.first.get(&identity) else {
            self.first.insert(identity, (origin, place.clone()));
            return Ok(());
        };
        let places = || (before.clone(), place.clone());
        if first.list != origin.list {
            let (first, second) = places();
            return Err(RestError::InTwoLists { first, second });
        }
        if first.page != origin.page {
            let (first, second) = places();
            return Err(RestError::Repeated { first, second });
        }
        Ok(())
    }

    /// The same, by the whole record.
    pub(in crate::source::rest) fn take_whole(&mut self, raw: &Raw) -> Result<(), RestError> {
        self.take(whole(&raw.json), raw.origin, &raw.place)
    }

    /// The same, by the values at these paths; a record without any is identified by nothing.
    pub(in crate::source::rest) fn take_by(&mut self, paths: &[&Path], raw: &Raw) -> Result<(), RestError> {
        let texts: Vec<String> = paths.iter().map(|path| path.text(&raw.json).unwrap_or_default()).collect();
        identity(texts.iter().map(String::as_str)).map_or(Ok(()), |identity| self.take(identity, raw.origin, &raw.place))
    }
}

/// What these texts identify; nothing where all are blank.
pub(in crate::source::rest) fn identity<'t>(texts: impl Iterator<Item = &'t str>) -> Option<Box<[u8]>> {
    let texts: Vec<&str> = texts.map(trimmed).collect();
    texts.iter().any(|text| !text.is_empty()).then(|| texts.join("\0").into_bytes().into())
}

fn whole(record: &Value) -> Box<[u8]> {
    let mut content = ContentDigest::default();
    content.add(record);
    content.digest().into()
}

/// A digest of values of JSON, taken from the values as they are: nothing is written as text for it.
#[derive(Default)]
pub(in crate::source::rest) struct ContentDigest(Vec<u8>);

impl ContentDigest {
    /// Adds one more value to the digest.
    pub(in crate::source::rest) fn add(&mut self, value: &Value) {
        value.hash(self);
    }

    /// The digest of the values in their order.
    pub(in crate::source::rest) fn digest(self) -> [u8; 16] {
        quick_digest(&self.0)
    }
}

/// Gathers what the values write, in which kinds and lengths are told apart.
impl Hasher for ContentDigest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Never asked for: 64 bits would not keep records apart.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::At;

    fn raw(list: usize, page: u64, json: Value) -> Raw {
        let place = Place { source: format!("hr, page {page}").into(), at: At::Pointer("/0".into()) };
        Raw { place, json, origin: Origin { list, page }, doubt: None }
    }

    #[test]
    fn a_record_on_two_pages_is_told_with_both() {
        let mut listed = Listed::default();
        listed.take_whole(&raw(0, 1, json!({"id": 1}))).unwrap();
        listed.take_whole(&raw(0, 1, json!({"id": 1}))).unwrap();
        listed.take_whole(&raw(0, 2, json!({"id": 2}))).unwrap();
        let fault = listed.take_whole(&raw(0, 2, json!({"id": 1}))).unwrap_err();
        assert!(fault.moved());
        let notes = fault.to_string();
        assert!(notes.starts_with("the record hr, page 2 at /0 was listed before as hr, page 1 at /0"), "{notes}");
        assert!(matches!(listed.take_whole(&raw(1, 1, json!({"id": 1}))), Err(RestError::InTwoLists { .. })));
    }

    #[test]
    fn a_record_that_changed_between_two_pages_is_known_by_its_key() {
        let (id, from) = (Path::parse("id").unwrap(), Path::parse("from").unwrap());
        let mut listed = Listed::default();
        let by = [&id, &from];
        listed.take_by(&by, &raw(0, 1, json!({"id": " 7", "from": "2020", "n": 1}))).unwrap();
        listed.take_by(&by, &raw(0, 2, json!({"id": 7, "from": "2021"}))).unwrap();
        assert!(listed.take_by(&by, &raw(0, 2, json!({"id": 7, "from": "2020", "n": 2}))).is_err());
        for page in [1, 2] {
            listed.take_by(&by, &raw(0, page, json!({"id": "", "from": null}))).unwrap();
        }
    }

    proptest::proptest! {
        #[test]
        fn only_a_record_on_a_second_page_is_a_repeat(sizes in proptest::collection::vec(1_usize..6, 2..6), pick in 0_usize..1000) {
            let mut listed = Listed::default();
            let mut id = 0;
            for (page, size) in (1..).zip(&sizes) {
                for _ in 0..*size {
                    id += 1;
                    let first = listed.take_whole(&raw(0, page, json!({ "id": id })));
                    proptest::prop_assert!(first.is_ok());
                }
            }
            let next = sizes.len() as u64 + 1;
            let again = listed.take_whole(&raw(0, next, json!({ "id": pick % id + 1 })));
            let other = listed.take_whole(&raw(0, next, json!({ "id": id + 1 })));
            proptest::prop_assert!(again.is_err() && other.is_ok());
        }
    }
}
