//! Users of a full list, read from the text of a page without a tree of its values: a first reading has a million of them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{Hash as _, Hasher};
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::pages::ItemReader;
use crate::directory::{Attribute, Attributes, Kind, ObjectId, RowWriter, Upn, User, UserType, Value, canonical_date};

/// Reads users as [`parse::user`](super::parse::user) does, property by property. What is not asked for is stepped over.
pub(in crate::graph) struct UserItems {
    attributes: Arc<[Attribute]>,
    /// The place of each property that is read.
    properties: HashMap<&'static str, usize>,
    /// The property of each attribute, and the part of it that the attribute is.
    places: Vec<(usize, Option<&'static str>)>,
}

/// The properties beside the attributes. The places in [`Properties`] follow this order.
const FIXED: [&str; 10] = [
    "id",
    "userPrincipalName",
    "accountEnabled",
    "userType",
    "onPremisesSyncEnabled",
    "isManagementRestricted",
    "manager",
    "proxyAddresses",
    "licenseAssignmentStates",
    "assignedLicenses",
];

impl UserItems {
    /// A reader of users with these attributes.
    pub(in crate::graph) fn new(attributes: &Arc<[Attribute]>) -> Self {
        let mut properties: HashMap<&'static str, usize> = FIXED.into_iter().zip(0..).collect();
        let place = |attribute: &Attribute| {
            let (whole, part) = match attribute.name.split_once('.') {
                Some((whole, part)) => (whole, Some(part)),
                None => (attribute.name, None),
            };
            let next = properties.len();
            (*properties.entry(whole).or_insert(next), part)
        };
        let places = attributes.iter().map(place).collect();
        Self { attributes: Arc::clone(attributes), properties, places }
    }

    fn user(&self, properties: &[Property<'_>]) -> Result<User, String> {
        let [id, name, enabled, kind, synced, restricted, manager, proxies, states, licenses, ..] = properties else {
            return Err("Graph returned an object without its properties".into());
        };
        let id = id.text().and_then(ObjectId::new).ok_or_else(|| String::from("Graph returned an object without an id"))?;
        let Some(name) = name.text() else {
            return Err(format!("Graph returned the user {id} without its userPrincipalName"));
        };
        let mut user = User::new(id, Upn::new(name));
        user.enabled = enabled.flag();
        user.user_type = if kind.text() == Some("Guest") { UserType::Guest } else { UserType::Member };
        user.synced = synced.flag() == Some(true);
        user.restricted = restricted.flag() == Some(true);
        user.manager = manager.part("id").text().and_then(ObjectId::new);
        user.proxy_addresses = proxies.items().iter().filter_map(Property::text).map(Into::into).collect();
        let mut places = self.places.iter();
        user.attributes = Attributes::write(&self.attributes, |attribute, row| {
            let found = places.next().map_or(&Property::Null, |(place, part)| match part {
                Some(part) => properties[*place].part(part),
                None => &properties[*place],
            });
            put(attribute, found, row);
        });
        user.licenses = direct_licenses(states, licenses);
        Ok(user)
    }
}

impl ItemReader for &UserItems {
    type Item = Result<User, String>;

    fn read<'de, D: Deserializer<'de>>(self, item: D) -> Result<Self::Item, D::Error> {
        Ok(self.user(&PropertiesOf(self).deserialize(item)?))
    }

    /// By the account: no list has a user twice, so that no other page begins and ends with the same two.
    fn mark(user: &Self::Item, hasher: &mut impl Hasher) {
        if let Ok(user) = user {
            user.id.hash(hasher);
            user.upn.as_str().hash(hasher);
        }
    }
}

/// The value of an attribute as [`parse::value`](super::parse::value) returns it, into the row.
fn put(attribute: Attribute, found: &Property<'_>, row: &mut RowWriter) {
    match (attribute.kind, found) {
        (_, Property::Flag(flag)) if attribute.is_extension() => row.text_value(if *flag { "true" } else { "false" }),
        (_, Property::Flag(flag)) => row.value(Some(&Value::Flag(*flag))),
        (Kind::Date, Property::Text(text)) => match canonical_date(text) {
            Some(date) => row.text_value(&date),
            None => row.text_value(text),
        },
        (Kind::List, Property::Text(text)) => row.value(Some(&Value::List([text.as_ref().into()].into()))),
        (_, Property::Text(text)) if !text.is_empty() => row.text_value(text),
        (_, Property::Number(number)) => row.text_value(&number.to_string()),
        (_, Property::List(items)) => {
            let mut items: Vec<Box<str>> = items.iter().filter_map(Property::text).map(Into::into).collect();
            items.sort();
            row.value((!items.is_empty()).then(|| Value::List(items.into())).as_ref());
        }
        _ => row.value(None),
    }
}

/// The skus that are assigned directly, as [`parse::user`](super::parse::user) finds them.
fn direct_licenses(states: &Property<'_>, licenses: &Property<'_>) -> Vec<Box<str>> {
    let (listed, direct) = if states.items().is_empty() { (licenses, false) } else { (states, true) };
    let listed = listed.items().iter().filter(|license| !direct || matches!(license.part("assignedByGroup"), Property::Null));
    let skus: BTreeSet<&str> = listed.filter_map(|license| license.part("skuId").text()).collect();
    skus.into_iter().map(Into::into).collect()
}

/// A value of JSON that borrows its texts from the page where it can.
#[derive(Clone)]
enum Property<'a> {
    Null,
    Flag(bool),
    Number(serde_json::Number),
    Text(Cow<'a, str>),
    List(Vec<Property<'a>>),
    Object(Vec<(Cow<'a, str>, Property<'a>)>),
}

impl Property<'_> {
    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn flag(&self) -> Option<bool> {
        if let Self::Flag(flag) = self { Some(*flag) } else { None }
    }

    fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// A part of an object; of two with one name the later one, as in a tree of values.
    fn part(&self, name: &str) -> &Self {
        let Self::Object(parts) = self else { return &Self::Null };
        parts.iter().rfind(|(known, _)| known == name).map_or(&Self::Null, |(_, part)| part)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Property<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PropertyVisitor)
    }
}

struct PropertyVisitor;

impl<'de> Visitor<'de> for PropertyVisitor {
    type Value = Property<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Property<'de>, E> {
        Ok(Property::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Property<'de>, E> {
        Ok(Property::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Property<'de>, E> {
        Ok(Property::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Property<'de>, E> {
        Ok(Property::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Property<'de>, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Property::Null, Property::Number))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Property<'de>, E> {
        Ok(Property::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Property<'de>, E> {
        Ok(Property::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Property<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Property::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Property<'de>, A::Error> {
        let mut object = Vec::new();
        while let Some(Name(name)) = parts.next_key()? {
            object.push((name, parts.next_value()?));
        }
        Ok(Property::Object(object))
    }
}

/// A name of a property, borrowed where nothing in it is escaped.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Property::deserialize(deserializer)? {
            Property::Text(text) => Ok(Self(text)),
            _ => Err(de::Error::custom("a name is no text")),
        }
    }
}

/// The properties of one user, by their places.
struct PropertiesOf<'r>(&'r UserItems);

impl<'de> DeserializeSeed<'de> for PropertiesOf<'_> {
    type Value = Vec<Property<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PropertiesOf<'_> {
    type Value = Vec<Property<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut user: A) -> Result<Self::Value, A::Error> {
        let mut properties = vec![Property::Null; self.0.properties.len()];
        while let Some(Name(name)) = user.next_key()? {
            match self.0.properties.get(&*name) {
                Some(place) => properties[*place] = user.next_value()?,
                None => drop(user.next_value::<IgnoredAny>()?),
            }
        }
        Ok(properties)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::graph::read::parse;

    const NAMES: [&str; 9] = [
        "userPrincipalName",
        "mail",
        "employeeOrgData.division",
        "employeeOrgData.costCenter",
        "onPremisesExtensionAttributes.extensionAttribute1",
        "businessPhones",
        "employeeHireDate",
        "displayName",
        "extension_b71a38f55d934d0a8c5b5e4c1f2d6a7e_badge",
    ];

    fn value() -> impl Strategy<Value = Json> {
        let text = prop_oneof![
            Just(String::new()),
            Just("2026-01-01T00:00:00.0000000Z".to_owned()),
            Just("Guest".to_owned()),
            "[a-zä\"\\\\\n😀 ]{0,6}"
        ];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            (-1e9..1e9).prop_map(Json::from),
            text.prop_map(Json::from)
        ];
        let names = prop_oneof![
            Just("id"),
            Just("division"),
            Just("costCenter"),
            Just("extensionAttribute1"),
            Just("skuId"),
            Just("assignedByGroup")
        ];
        leaf.prop_recursive(2, 12, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..4)
                    .prop_map(|parts| Json::Object(parts.into_iter().collect()))
            ]
        })
    }

    /// A user of which most properties are as they may be.
    fn item() -> impl Strategy<Value = Json> {
        let whole = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let names: Vec<String> = FIXED.into_iter().chain(NAMES).map(whole).chain(["other".to_owned()]).collect();
        let all = prop::collection::btree_map(prop::sample::select(names), value(), 0..16);
        (all, any::<bool>()).prop_map(|(mut all, named)| {
            if named {
                all.insert("id".into(), json!("6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0"));
                all.insert("userPrincipalName".into(), json!("ada@contoso.com"));
            }
            Json::Object(all.into_iter().collect())
        })
    }

    proptest! {
        #[test]
        fn a_user_is_read_as_from_a_tree_of_values(item in item()) {
            let attributes: Arc<[Attribute]> = NAMES.iter().map(|name| Attribute::find(name).unwrap()).collect();
            let text = item.to_string();
            let read = (&UserItems::new(&attributes)).read(&mut serde_json::Deserializer::from_str(&text)).unwrap();
            let tree: Json = serde_json::from_str(&text).unwrap();
            let by_tree = parse::user(&tree, &attributes);
            prop_assert_eq!(read.as_ref().err(), by_tree.as_ref().err());
            if let (Ok(read), Ok(by_tree)) = (read, by_tree) {
                prop_assert!(read == by_tree);
                prop_assert_eq!(read.upn.as_str(), by_tree.upn.as_str());
            }
        }
    }

    #[test]
    fn of_two_properties_with_one_name_the_later_one_counts() {
        let attributes: Arc<[Attribute]> = ["mail", "employeeOrgData.division"].map(|name| Attribute::find(name).unwrap()).into();
        let text = r#"{"id":"u","mail":"a@b.c","userPrincipalName":"x@y.z","mail":null,
            "employeeOrgData":{"division":"A","division":"B"},"userPrincipalName":"ada@contoso.com"}"#;
        let read = (&UserItems::new(&attributes)).read(&mut serde_json::Deserializer::from_str(text)).unwrap().unwrap();
        assert_eq!((read.upn.as_str(), read.text("mail")), ("ada@contoso.com", None));
        assert_eq!(read.text("employeeOrgData.division"), Some("B"));
    }
}
