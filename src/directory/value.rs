//! Values of attributes, canonical so that equal ones compare equal.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::record::{code_point, day_of};

/// The value of one attribute. An attribute that is not set is `Option::None`, never an empty value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A boolean, such as accountEnabled.
    Flag(bool),
    /// Text; a date is text of the form `YYYY-MM-DDTHH:MM:SSZ`.
    Text(Box<str>),
    /// Several texts. Their order carries no meaning.
    List(Box<[Box<str>]>),
}

impl Value {
    /// Text from anything that is text.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The text, where the value is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

/// Shows the kind alone: values are personal data.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag(_) => "Flag(…)",
            Self::Text(_) => "Text(…)",
            Self::List(_) => "List(…)",
        })
    }
}

/// Why Graph would refuse a value. Never shows the value itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueFault {
    /// More characters than the attribute holds.
    #[error("is {length} characters long, Graph takes at most {most}")]
    TooLong {
        /// Its length in characters.
        length: usize,
        /// The longest that Graph takes.
        most: usize,
    },
    /// More items than the collection holds.
    #[error("has {count} values, Graph takes at most {most}")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many Graph takes.
        most: usize,
    },
    /// A character that Graph refuses.
    #[error("holds {character:?}, which Graph does not take here")]
    Character {
        /// The first such character.
        character: char,
    },
    /// A character that turns the direction of the text around it, so that it shows other letters than it has.
    #[error("holds {}, which turns the direction of the text around it", code_point(*character))]
    Direction {
        /// The first such character.
        character: char,
    },
    /// Not of the form that the attribute wants.
    #[error("is not {wanted}")]
    Form {
        /// What is wanted, with its article.
        wanted: &'static str,
    },
}

/// A calendar day as Graph takes it: midnight, never moved by a zone.
///
/// ```
/// # use hrpush::directory::at_midnight;
/// assert_eq!(at_midnight(jiff::civil::date(2026, 11, 20)), "2026-11-20T00:00:00Z");
/// ```
pub fn at_midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

/// The day of a text as Graph takes it; a time of day that is not midnight counts in UTC.
///
/// ```
/// # use hrpush::directory::calendar_date;
/// assert_eq!(calendar_date("2026-11-20").as_deref(), Some("2026-11-20T00:00:00Z"));
/// assert_eq!(calendar_date("2026-11-20T00:00:00+02:00").as_deref(), Some("2026-11-20T00:00:00Z"));
/// assert_eq!(calendar_date("2026-11-20T08:30:00Z").as_deref(), Some("2026-11-20T00:00:00Z"));
/// assert_eq!(calendar_date("20.11.2026"), None);
/// ```
pub fn calendar_date(text: &str) -> Option<String> {
    day_of(text, &TimeZone::UTC).map(at_midnight)
}

/// A date of the tenant in one form, its time of day included: other tools may set one, and an undo restores it.
///
/// ```
/// # use hrpush::directory::canonical_date;
/// assert_eq!(canonical_date("2026-11-20T00:00:00.0000000Z").as_deref(), Some("2026-11-20T00:00:00Z"));
/// assert_eq!(canonical_date("2026-11-20T01:30:00+02:00").as_deref(), Some("2026-11-19T23:30:00Z"));
/// assert_eq!(canonical_date("20.11.2026"), None);
/// ```
pub fn canonical_date(text: &str) -> Option<String> {
    let text = text.trim();
    match text.parse::<jiff::Timestamp>() {
        Ok(moment) => Some(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        Err(_) => calendar_date(text),
    }
}
