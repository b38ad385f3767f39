//! An attribute of a user: what its values may be, and when two are the same.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Mutex;

use self::catalogue::{CATALOGUE, text};
use super::value::{Value, ValueFault, calendar_date};
use crate::record::{is_direction_control, lock};

mod catalogue;
pub(super) mod countries;
mod extension;
mod pattern;
pub mod roles;
mod scim_path;
mod spec;

pub use self::extension::ExtensionType;
pub use self::spec::{Kind, Spec, Vocabulary};

/// An attribute of a user: a reference into the catalogue, or a directory extension.
#[derive(Clone, Copy)]
pub struct Attribute(&'static Spec);

/// The whole catalogue, writable attributes first.
pub fn all_attributes() -> impl Iterator<Item = Attribute> {
    CATALOGUE.iter().map(Attribute)
}

impl Attribute {
    /// Finds an attribute by Graph's name. `extension_{appId without hyphens}_{name}` names a directory extension, and a SCIM path an
    /// attribute that only SCIM has.
    ///
    /// ```
    /// # use hrpush::directory::Attribute;
    /// assert_eq!(Attribute::find("jobTitle").unwrap().max_length, Some(128));
    /// assert!(Attribute::find("JobTitle").is_none());
    /// assert!(Attribute::find("nickName").unwrap().is_scim_path());
    /// ```
    pub fn find(name: &str) -> Option<Self> {
        let known = CATALOGUE.iter().find(|spec| spec.name == name).map(Self);
        known.or_else(|| is_extension(name).then(|| intern(name, |name| text(name, 256)))).or_else(|| {
            let kind = scim_path::kind(name)?;
            let clearable = name != roles::EXTERNAL_ID;
            Some(intern(name, |name| Spec { kind, clearable, vocabulary: Vocabulary::Scim, ..text(name, 0) }))
        })
    }

    /// Whether this is an attribute of SCIM that Entra has not, named by its path.
    pub fn is_scim_path(self) -> bool {
        self.vocabulary == Vocabulary::Scim
    }

    /// Whether this is a directory extension.
    pub fn is_extension(self) -> bool {
        self.name.starts_with("extension_")
    }

    /// The type of a directory extension, where a tenant reported it.
    pub fn extension_type(self) -> Option<ExtensionType> {
        self.is_extension().then(|| extension::learned(self.name)).flatten()
    }

    /// Learns the type of a directory extension from the tenant.
    pub fn set_extension_type(self, kind: ExtensionType) {
        if self.is_extension() {
            extension::learn(self.0.name, kind);
        }
    }

    /// Checks a value by the catalogue and brings it to the form in which it is compared and written.
    ///
    /// # Errors
    /// What Graph would refuse.
    pub fn accept(self, value: Value) -> Result<Value, ValueFault> {
        if let Some(kind) = self.extension_type()
            && kind != ExtensionType::String
        {
            return match &value {
                Value::Text(text) => kind.canonical(text).map(Value::text),
                Value::Flag(flag) => kind.canonical(if *flag { "true" } else { "false" }).map(Value::text),
                Value::List(_) => Err(ValueFault::Form { wanted: "a single value" }),
            };
        }
        match (self.kind, value) {
            (Kind::Flag, Value::Flag(flag)) => Ok(Value::Flag(flag)),
            (Kind::Flag, Value::Text(text)) => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Value::Flag(true)),
                "false" => Ok(Value::Flag(false)),
                _ => Err(ValueFault::Form { wanted: "a boolean" }),
            },
            (Kind::Date, Value::Text(text)) => {
                calendar_date(&text).map(Value::text).ok_or(ValueFault::Form { wanted: "a date of the form YYYY-MM-DD" })
            }
            (Kind::List, Value::Text(text)) => self.accept_list(vec![text]),
            (Kind::List, Value::List(items)) => self.accept_list(items.into_vec()),
            (Kind::Text | Kind::Name, Value::Text(text)) => self.accept_text(&text).map(|()| Value::Text(text)),
            (Kind::Text | Kind::Name, Value::Flag(flag)) => Ok(Value::text(if flag { "True" } else { "False" })),
            (Kind::Text | Kind::Name, _) => Err(ValueFault::Form { wanted: "a single text" }),
            (Kind::Date, _) => Err(ValueFault::Form { wanted: "a date" }),
            (Kind::Flag, _) => Err(ValueFault::Form { wanted: "a boolean" }),
            (Kind::List, Value::Flag(_)) => Err(ValueFault::Form { wanted: "a list of texts" }),
        }
    }

    fn accept_list(self, items: Vec<Box<str>>) -> Result<Value, ValueFault> {
        if let Some(most) = self.max_items.filter(|most| items.len() > *most) {
            return Err(ValueFault::TooMany { count: items.len(), most });
        }
        items.iter().try_for_each(|item| self.accept_text(item))?;
        let mut items = items;
        items.sort();
        items.dedup();
        Ok(Value::List(items.into()))
    }

    fn accept_text(self, text: &str) -> Result<(), ValueFault> {
        // Graph counts UTF-16 units, of which a text never has more than bytes.
        if let Some(most) = self.max_length.filter(|most| text.len() > *most) {
            let length = text.encode_utf16().count();
            if length > most {
                return Err(ValueFault::TooLong { length, most });
            }
        }
        // Control characters are one byte, or two of which the first is C2. Those that turn the direction of a text begin with E2: with
        // one of them a name shows other letters than it has.
        let suspicious = text.bytes().any(|byte| byte < b' ' || matches!(byte, 0x7f | 0xc2 | 0xe2));
        let refused = |c: &char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || is_direction_control(*c);
        match Some(text).filter(|_| suspicious).and_then(|text| text.chars().find(refused)) {
            Some(character) if is_direction_control(character) => return Err(ValueFault::Direction { character }),
            Some(character) => return Err(ValueFault::Character { character }),
            None => {}
        }
        self.pattern.accept(text)
    }

    /// Whether two values are the same to Entra.
    pub fn same(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        match (left, right) {
            (None, None) => true,
            (Some(Value::Text(left)), Some(Value::Text(right))) if self.kind == Kind::Date => {
                left == right || calendar_date(left).is_some_and(|day| Some(day) == calendar_date(right))
            }
            (Some(Value::Text(left)), Some(Value::Text(right))) if self.is_extension() => {
                let canonical = |text: &str| self.extension_type().and_then(|kind| kind.canonical(text).ok());
                left == right || canonical(left).is_some_and(|value| Some(value) == canonical(right))
            }
            (Some(Value::List(left)), Some(Value::List(right))) => {
                let sorted = |items: &[Box<str>]| {
                    let mut items = items.to_vec();
                    items.sort();
                    items
                };
                sorted(left) == sorted(right)
            }
            (Some(left), Some(right)) => left == right,
            _ => false,
        }
    }
}

fn is_extension(name: &str) -> bool {
    let Some((app, rest)) = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_')) else { return false };
    let named = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    app.len() == 32 && app.chars().all(|c| c.is_ascii_hexdigit()) && named
}

/// A mapping names at most a hundred extensions (the most an object holds) and few SCIM paths, each kept once for the life of the process.
fn intern(name: &str, spec: impl FnOnce(&'static str) -> Spec) -> Attribute {
    static INTERNED: Mutex<BTreeMap<String, &'static Spec>> = Mutex::new(BTreeMap::new());
    let mut interned = lock(&INTERNED);
    let spec = interned.entry(name.to_owned()).or_insert_with(|| {
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        Box::leak(Box::new(spec(name)))
    });
    Attribute(spec)
}

impl std::ops::Deref for Attribute {
    type Target = Spec;

    fn deref(&self) -> &Spec {
        self.0
    }
}

impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        // Each name has one place: in the catalogue, or among the extensions.
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Attribute {}

impl PartialOrd for Attribute {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Attribute {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(other.name)
    }
}

impl Hash for Attribute {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl serde::Serialize for Attribute {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> serde::Deserialize<'de> for Attribute {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| serde::de::Error::custom(format!("no attribute `{name}` in the catalogue")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(name: &str, text: &str) -> Result<Value, ValueFault> {
        Attribute::find(name).unwrap().accept(Value::text(text))
    }

    #[test]
    fn what_graph_would_refuse_is_refused_here() {
        assert!(accept("employeeId", "12345678901234567").is_err());
        assert!(accept("usageLocation", "UK").is_err());
        assert!(accept("usageLocation", "GB").is_ok());
        assert!(accept("userPrincipalName", "jürgen@contoso.com").is_err());
        assert!(accept("userPrincipalName", "o'brien@contoso.com").is_ok());
        assert!(accept("userPrincipalName", "a.@contoso.com").is_err());
        assert!(accept("mail", "a@b@c").is_err());
    }

    #[test]
    fn dates_are_days_and_compare_as_days() {
        for name in ["employeeHireDate", "employeeLeaveDateTime"] {
            let attribute = Attribute::find(name).unwrap();
            let wanted = Value::text("2026-12-20T00:00:00Z");
            for text in
                ["2026-12-20", "2026-12-20T00:00:00+02:00", "2026-12-20 00:00:00", "2026-12-20-07:00", "2026-12-20T17:00:00Z"]
            {
                assert_eq!(accept(name, text).as_ref(), Ok(&wanted), "{text}");
                assert!(attribute.same(Some(&wanted), Some(&Value::text(text))), "{text}");
            }
            assert!(!attribute.same(Some(&wanted), Some(&Value::text("2026-12-19T22:00:00Z"))), "an earlier version wrote it so");
            assert!(accept(name, "20.12.2026").is_err() && accept(name, "26-12-20").is_err());
        }
    }

    #[test]
    fn a_text_that_turns_its_direction_is_refused() {
        for mark in ['\u{202a}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2068}'] {
            for name in ["displayName", "surname", "jobTitle", "onPremisesExtensionAttributes.extensionAttribute1"] {
                let fault = accept(name, &format!("Ann{mark}gpj.exe")).unwrap_err();
                assert_eq!(fault, ValueFault::Direction { character: mark });
            }
        }
        for name in ["O\u{2019}Brien \u{2013} \u{20ac}", "\u{645}\u{200c}\u{646}", "\u{5d0}\u{200f}"] {
            assert!(accept("displayName", name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_day_is_written_as_midnight_utc() {
        assert!(accept("employeeHireDate", "2026-01-31") == Ok(Value::text("2026-01-31T00:00:00Z")));
    }

    #[test]
    fn extensions_are_attributes_too() {
        let name = "extension_0123456789abcdef0123456789abcdef_badge";
        assert_eq!(Attribute::find(name), Attribute::find(name));
        assert!(Attribute::find("extension_short_badge").is_none());
    }

    #[test]
    fn values_of_an_extension_are_checked_and_compared_by_its_type() {
        let attribute = Attribute::find("extension_0123456789abcdef0123456789abcdef_typed").unwrap();
        let text = |text: &str| Value::text(text);
        assert!(attribute.accept(text("yes")) == Ok(text("yes")), "a text, as long as nothing else is known");
        assert!(!attribute.same(Some(&text("True")), Some(&text("true"))));
        attribute.set_extension_type(ExtensionType::Boolean);
        assert!(attribute.same(Some(&text("True")), Some(&text("true"))));
        assert!(!attribute.same(Some(&text("True")), Some(&text("false"))));
        assert!(attribute.accept(Value::Flag(true)) == Ok(text("true")));
        assert!(attribute.accept(text("yes")).is_err());
        attribute.set_extension_type(ExtensionType::DateTime);
        assert!(attribute.accept(text("2024-01-31")) == Ok(text("2024-01-31T00:00:00Z")));
        assert!(attribute.same(Some(&text("2024-01-31")), Some(&text("2024-01-31T00:00:00Z"))));
        for (kind, good, bad) in [
            (ExtensionType::Integer, "-12", "12.0"),
            (ExtensionType::LargeInteger, "3000000000", "x"),
            (ExtensionType::Binary, "AQI=", "AQI"),
            (ExtensionType::String, "anything", ""),
        ] {
            attribute.set_extension_type(kind);
            assert!(attribute.accept(text(good)).is_ok(), "{kind:?}");
            assert!(bad.is_empty() || attribute.accept(text(bad)).is_err(), "{kind:?}");
        }
    }
}
