//! The types of directory extensions, which only the tenant knows.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::super::value::{ValueFault, canonical_date};

/// What a directory extension holds, by its definition on the app that its name contains. The name is unique over all tenants, so one
/// process never meets two types of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExtensionType {
    /// Text of at most 256 characters.
    String,
    /// `true` or `false`, without regard to case.
    Boolean,
    /// A moment; a day is midnight UTC.
    DateTime,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    LargeInteger,
    /// At most 256 bytes, in base64.
    Binary,
}

const ALL: [ExtensionType; 6] = [
    ExtensionType::String,
    ExtensionType::Boolean,
    ExtensionType::DateTime,
    ExtensionType::Integer,
    ExtensionType::LargeInteger,
    ExtensionType::Binary,
];

impl ExtensionType {
    /// Finds a type by Graph's name.
    ///
    /// ```
    /// # use hrpush::directory::ExtensionType;
    /// assert_eq!(ExtensionType::find("LargeInteger"), Some(ExtensionType::LargeInteger));
    /// assert_eq!(ExtensionType::find("Float"), None);
    /// ```
    pub fn find(name: &str) -> Option<Self> {
        ALL.into_iter().find(|kind| format!("{kind:?}").eq_ignore_ascii_case(name))
    }

    /// The one text for each value of the type, by which values are compared and from which they are written.
    ///
    /// ```
    /// # use hrpush::directory::ExtensionType;
    /// assert_eq!(ExtensionType::Boolean.canonical("True").as_deref(), Ok("true"));
    /// assert_eq!(ExtensionType::Integer.canonical("007").as_deref(), Ok("7"));
    /// assert!(ExtensionType::Integer.canonical("3000000000").is_err());
    /// ```
    ///
    /// # Errors
    /// The text is no value of the type.
    pub fn canonical(self, text: &str) -> Result<String, ValueFault> {
        let form = |wanted| ValueFault::Form { wanted };
        let trimmed = text.trim();
        match self {
            Self::String => Ok(text.to_owned()),
            Self::Boolean => {
                let flag = ["true", "false"].into_iter().find(|flag| trimmed.eq_ignore_ascii_case(flag));
                flag.map(str::to_owned).ok_or(form("`true` or `false`, as this extension is a boolean"))
            }
            Self::DateTime => canonical_date(trimmed).ok_or(form("a date of the form YYYY-MM-DD, as this extension is a date")),
            Self::Integer => trimmed
                .parse::<i32>()
                .map(|number| number.to_string())
                .map_err(|_| form("a whole number of 32 bits, as this extension is an integer")),
            Self::LargeInteger => trimmed
                .parse::<i64>()
                .map(|number| number.to_string())
                .map_err(|_| form("a whole number of 64 bits, as this extension is an integer")),
            Self::Binary => {
                let body = trimmed.trim_end_matches('=');
                let letters = body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
                let whole = trimmed.len().is_multiple_of(4) && trimmed.len() - body.len() <= 2 && body.len() * 3 / 4 <= 256;
                (letters && whole)
                    .then(|| trimmed.to_owned())
                    .ok_or(form("at most 256 bytes in base64, as this extension is binary"))
            }
        }
    }
}

/// The types that tenants reported, by the name of the extension. They are kept apart from the catalogue, which never changes.
static LEARNED: RwLock<BTreeMap<&'static str, ExtensionType>> = RwLock::new(BTreeMap::new());

pub(super) fn learned(name: &str) -> Option<ExtensionType> {
    LEARNED.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}

pub(super) fn learn(name: &'static str, kind: ExtensionType) {
    LEARNED.write().unwrap_or_else(PoisonError::into_inner).insert(name, kind);
}
