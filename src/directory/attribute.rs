//! The attribute catalogue: what Graph says of each attribute of a user.
//!
//! Source: the property tables of the Graph v1.0 user resource and the user update page.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Mutex;

use super::countries::is_country;
use super::value::{Value, ValueFault, canonical_date};

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// One text that compares without regard to case: userPrincipalName, mail, mailNickname.
    Name,
    /// A date, written as midnight UTC.
    Date,
    /// A boolean.
    Flag,
    /// Several texts.
    List,
}

/// A rule on the characters of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// No rule.
    Free,
    /// ASCII letters, digits and what an address may hold; one `@`.
    Address,
    /// A userPrincipalName.
    Upn,
    /// A mailNickname.
    Nickname,
    /// An ISO 3166 country of two letters.
    Country,
    /// A language tag such as `en` or `en-US`.
    Language,
    /// Exactly one of these.
    OneOf(&'static [&'static str]),
    /// No `$` and no `_`.
    ImmutableId,
}

/// One row of the catalogue.
#[derive(Debug)]
pub struct Spec {
    /// Graph's name, with a dot for a part of a complex value.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The most characters (of each item for a list); none documented means no limit.
    pub max_length: Option<usize>,
    /// The most items of a list.
    pub max_items: Option<usize>,
    /// Whether Graph takes null for it.
    pub clearable: bool,
    /// Whether only the service, or an action of its own, writes it.
    pub read_only: bool,
    /// Whether acting on an administrator needs a higher role: see «sensitive actions» of the Graph users page.
    pub sensitive: bool,
    /// The least application permission, where the common `User.ReadWrite.All` is not it.
    pub permission: &'static str,
    /// The rule on its characters.
    pub pattern: Pattern,
}

/// An attribute of a user: a reference into the catalogue, or a directory extension.
#[derive(Clone, Copy)]
pub struct Attribute(&'static Spec);

const fn text(name: &'static str, max_length: usize) -> Spec {
    Spec {
        name,
        kind: Kind::Text,
        max_length: if max_length == 0 { None } else { Some(max_length) },
        max_items: None,
        clearable: true,
        read_only: false,
        sensitive: false,
        permission: "User.ReadWrite.All",
        pattern: Pattern::Free,
    }
}

const fn read_only(name: &'static str) -> Spec {
    Spec { read_only: true, ..text(name, 0) }
}

const fn extension(name: &'static str) -> Spec {
    text(name, 1024)
}

const MINORS: &[&str] = &["Minor", "NotAdult", "Adult"];
const CONSENTS: &[&str] = &["Granted", "Denied", "NotRequired"];
const POLICIES: &[&str] =
    &["DisableStrongPassword", "DisablePasswordExpiration", "DisablePasswordExpiration, DisableStrongPassword"];

static CATALOGUE: &[Spec] = &[
    Spec {
        kind: Kind::Flag,
        sensitive: true,
        clearable: false,
        permission: "User.EnableDisableAccount.All",
        ..text("accountEnabled", 0)
    },
    Spec { pattern: Pattern::OneOf(MINORS), ..text("ageGroup", 0) },
    Spec {
        kind: Kind::List,
        max_length: Some(64),
        max_items: Some(1),
        sensitive: true,
        permission: "User-Phone.ReadWrite.All",
        ..text("businessPhones", 64)
    },
    text("city", 128),
    text("companyName", 64),
    Spec { pattern: Pattern::OneOf(CONSENTS), ..text("consentProvidedForMinor", 0) },
    text("country", 128),
    text("department", 64),
    Spec { clearable: false, ..text("displayName", 256) },
    Spec { kind: Kind::Date, ..text("employeeHireDate", 0) },
    text("employeeId", 16),
    Spec { kind: Kind::Date, permission: "User-LifeCycleInfo.ReadWrite.All", ..text("employeeLeaveDateTime", 0) },
    text("employeeOrgData.costCenter", 0),
    text("employeeOrgData.division", 0),
    text("employeeType", 0),
    text("faxNumber", 0),
    text("givenName", 64),
    text("jobTitle", 128),
    Spec { kind: Kind::Name, clearable: false, pattern: Pattern::Address, ..text("mail", 256) },
    Spec { kind: Kind::Name, clearable: false, pattern: Pattern::Nickname, ..text("mailNickname", 64) },
    Spec { sensitive: true, permission: "User-Phone.ReadWrite.All", ..text("mobilePhone", 64) },
    text("officeLocation", 128),
    extension("onPremisesExtensionAttributes.extensionAttribute1"),
    extension("onPremisesExtensionAttributes.extensionAttribute10"),
    extension("onPremisesExtensionAttributes.extensionAttribute11"),
    extension("onPremisesExtensionAttributes.extensionAttribute12"),
    extension("onPremisesExtensionAttributes.extensionAttribute13"),
    extension("onPremisesExtensionAttributes.extensionAttribute14"),
    extension("onPremisesExtensionAttributes.extensionAttribute15"),
    extension("onPremisesExtensionAttributes.extensionAttribute2"),
    extension("onPremisesExtensionAttributes.extensionAttribute3"),
    extension("onPremisesExtensionAttributes.extensionAttribute4"),
    extension("onPremisesExtensionAttributes.extensionAttribute5"),
    extension("onPremisesExtensionAttributes.extensionAttribute6"),
    extension("onPremisesExtensionAttributes.extensionAttribute7"),
    extension("onPremisesExtensionAttributes.extensionAttribute8"),
    extension("onPremisesExtensionAttributes.extensionAttribute9"),
    Spec { sensitive: true, pattern: Pattern::ImmutableId, ..text("onPremisesImmutableId", 0) },
    Spec {
        kind: Kind::List,
        max_items: Some(250),
        sensitive: true,
        pattern: Pattern::Address,
        permission: "User-Mail.ReadWrite.All",
        ..text("otherMails", 250)
    },
    Spec { pattern: Pattern::OneOf(POLICIES), ..text("passwordPolicies", 0) },
    text("postalCode", 40),
    Spec { pattern: Pattern::Language, ..text("preferredLanguage", 0) },
    text("state", 128),
    text("streetAddress", 1024),
    text("surname", 64),
    Spec { clearable: false, pattern: Pattern::Country, ..text("usageLocation", 2) },
    Spec { kind: Kind::Name, sensitive: true, clearable: false, pattern: Pattern::Upn, ..text("userPrincipalName", 113) },
    Spec { clearable: false, pattern: Pattern::OneOf(&["Member", "Guest"]), ..text("userType", 0) },
    read_only("aboutMe"),
    read_only("assignedLicenses"),
    read_only("assignedPlans"),
    read_only("birthday"),
    read_only("createdDateTime"),
    read_only("creationType"),
    read_only("externalUserState"),
    read_only("externalUserStateChangeDateTime"),
    read_only("hireDate"),
    read_only("id"),
    read_only("identities"),
    read_only("imAddresses"),
    read_only("isManagementRestricted"),
    read_only("lastPasswordChangeDateTime"),
    read_only("legalAgeGroupClassification"),
    read_only("licenseAssignmentStates"),
    read_only("mailboxSettings"),
    read_only("onPremisesDistinguishedName"),
    read_only("onPremisesDomainName"),
    read_only("onPremisesLastSyncDateTime"),
    read_only("onPremisesProvisioningErrors"),
    read_only("onPremisesSamAccountName"),
    read_only("onPremisesSecurityIdentifier"),
    read_only("onPremisesSyncEnabled"),
    read_only("onPremisesUserPrincipalName"),
    read_only("passwordProfile"),
    read_only("provisionedPlans"),
    read_only("proxyAddresses"),
    read_only("securityIdentifier"),
    read_only("serviceProvisioningErrors"),
    read_only("signInActivity"),
    read_only("signInSessionsValidFromDateTime"),
];

/// The whole catalogue, writable attributes first.
pub fn all_attributes() -> impl Iterator<Item = Attribute> {
    CATALOGUE.iter().map(Attribute)
}

impl Attribute {
    /// Finds an attribute by Graph's name. `extension_{appId without hyphens}_{name}` names a directory extension.
    ///
    /// ```
    /// # use hrpush::directory::Attribute;
    /// assert_eq!(Attribute::find("jobTitle").unwrap().max_length, Some(128));
    /// assert!(Attribute::find("JobTitle").is_none());
    /// ```
    pub fn find(name: &str) -> Option<Self> {
        CATALOGUE.iter().find(|spec| spec.name == name).map(Self).or_else(|| is_extension(name).then(|| intern(name)))
    }

    /// Whether this is a directory extension.
    pub fn is_extension(self) -> bool {
        self.name.starts_with("extension_")
    }

    /// Checks a value by the catalogue and brings it to the form in which it is compared and written.
    ///
    /// # Errors
    /// What Graph would refuse.
    pub fn accept(self, value: Value) -> Result<Value, ValueFault> {
        match (self.kind, value) {
            (Kind::Flag, Value::Flag(flag)) => Ok(Value::Flag(flag)),
            (Kind::Flag, Value::Text(text)) => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Value::Flag(true)),
                "false" => Ok(Value::Flag(false)),
                _ => Err(ValueFault::Form { wanted: "a boolean" }),
            },
            (Kind::Date, Value::Text(text)) => {
                canonical_date(&text).map(Value::text).ok_or(ValueFault::Form { wanted: "a date of the form YYYY-MM-DD" })
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
        // Control characters are one byte, or two of which the first is C2.
        let suspicious = text.bytes().any(|byte| byte < b' ' || matches!(byte, 0x7f | 0xc2));
        if suspicious && let Some(character) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(ValueFault::Character { character });
        }
        self.pattern.accept(text)
    }

    /// Whether two values are the same to Entra.
    pub fn same(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        match (left, right) {
            (None, None) => true,
            (Some(Value::Text(left)), Some(Value::Text(right))) if self.kind == Kind::Date => {
                left == right || canonical_date(left).is_some_and(|day| Some(day) == canonical_date(right))
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

impl Pattern {
    fn accept(self, text: &str) -> Result<(), ValueFault> {
        let refuse = |bad: fn(char) -> bool| match text.chars().find(|c| bad(*c)) {
            Some(character) => Err(ValueFault::Character { character }),
            None => Ok(()),
        };
        match self {
            Self::Free => Ok(()),
            Self::Address => {
                refuse(|c| !c.is_ascii() || c.is_whitespace())?;
                let parts: Vec<&str> = text.split('@').collect();
                let whole = parts.len() == 2 && parts.iter().all(|part| !part.is_empty());
                if whole { Ok(()) } else { Err(ValueFault::Form { wanted: "an address with one `@`" }) }
            }
            Self::Upn => accept_upn(text),
            Self::Nickname => {
                if text.is_empty() {
                    return Err(ValueFault::Form { wanted: "a nickname" });
                }
                refuse(|c| !c.is_ascii_graphic() || "@()\\[]\";:<>,".contains(c))
            }
            Self::Country if is_country(text) => Ok(()),
            Self::Country => Err(ValueFault::Form { wanted: "an ISO 3166 country of two letters" }),
            Self::Language => {
                let shape = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
                let good = text.split('-').all(shape) && matches!(text.split('-').next().map(str::len), Some(2 | 3));
                if good { Ok(()) } else { Err(ValueFault::Form { wanted: "a language such as `en-US`" }) }
            }
            Self::OneOf(allowed) if allowed.contains(&text) => Ok(()),
            Self::OneOf(_) => Err(ValueFault::Form { wanted: "one of the values that Graph lists for it" }),
            Self::ImmutableId => refuse(|c| matches!(c, '$' | '_')),
        }
    }
}

/// Local part 1 to 64 of `A-Z a-z 0-9 ' . - _ ! # ^ ~`, no dot right before the `@`, domain at most 48.
fn accept_upn(text: &str) -> Result<(), ValueFault> {
    let Some((local, domain)) = text.split_once('@') else {
        return Err(ValueFault::Form { wanted: "a userPrincipalName with one `@`" });
    };
    if let Some(character) = local.chars().find(|c| !(c.is_ascii_alphanumeric() || "'.-_!#^~".contains(*c))) {
        return Err(ValueFault::Character { character });
    }
    if let Some(character) = domain.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-".contains(*c))) {
        return Err(ValueFault::Character { character });
    }
    if local.is_empty() || domain.is_empty() || local.ends_with('.') || local.starts_with('.') {
        return Err(ValueFault::Form { wanted: "a userPrincipalName: something before and behind the `@`, no dot at its ends" });
    }
    if local.len() > 64 {
        return Err(ValueFault::TooLong { length: local.len(), most: 64 });
    }
    if domain.len() > 48 {
        return Err(ValueFault::TooLong { length: domain.len(), most: 48 });
    }
    Ok(())
}

fn is_extension(name: &str) -> bool {
    let Some((app, rest)) = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_')) else { return false };
    let named = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    app.len() == 32 && app.chars().all(|c| c.is_ascii_hexdigit()) && named
}

/// A mapping names at most a hundred extensions (the most an object holds), each kept once for the life of the process.
fn intern(name: &str) -> Attribute {
    static EXTENSIONS: Mutex<BTreeMap<String, &'static Spec>> = Mutex::new(BTreeMap::new());
    let mut extensions = EXTENSIONS.lock().expect("no holder of this lock panics");
    let spec = extensions.entry(name.to_owned()).or_insert_with(|| {
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        Box::leak(Box::new(text(name, 256)))
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
    fn a_day_is_written_as_midnight_utc() {
        assert!(accept("employeeHireDate", "2026-01-31") == Ok(Value::text("2026-01-31T00:00:00Z")));
    }

    #[test]
    fn extensions_are_attributes_too() {
        let name = "extension_0123456789abcdef0123456789abcdef_badge";
        assert_eq!(Attribute::find(name), Attribute::find(name));
        assert!(Attribute::find("extension_short_badge").is_none());
    }
}
