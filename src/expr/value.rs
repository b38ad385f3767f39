//! The values of an evaluation.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::record::Cell;

/// A value. Texts and lists of a record are borrowed from it, so that a bare column costs no allocation.
// The tag fills a word, because values are moved for every argument of every call, and a smaller tag would be moved in pieces.
#[derive(Clone, Debug, Default, PartialEq)]
#[repr(u64)]
pub enum Value<'r> {
    /// No value: an empty cell, or a function without a result.
    #[default]
    Null,
    /// One text, borrowed from the record where possible.
    Text(Cow<'r, str>),
    /// `true` or `false`, as comparisons return it.
    Flag(bool),
    /// A whole number of 64 bits, signed.
    Number(i64),
    /// Several texts, in their order.
    List(Vec<Cow<'r, str>>),
}

impl<'r> Value<'r> {
    /// The text of one value: `True` and `False` for booleans, and the value of a list of one. `None` if there is no value, or more
    /// than one.
    ///
    /// ```
    /// # use hrpush::expr::Value;
    /// assert_eq!(Value::Flag(true).to_text().as_deref(), Some("True"));
    /// assert_eq!(Value::List(vec!["a".into(), "b".into()]).to_text(), None);
    /// ```
    pub fn to_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Flag(flag) => Some(Cow::Borrowed(flag_text(*flag))),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::List(items) => match items.as_slice() {
                [only] => Some(Cow::Borrowed(only)),
                _ => None,
            },
        }
    }

    /// Whether the value is absent, an empty text, or a list of empty texts.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Flag(_) | Self::Number(_) => false,
            Self::List(items) => items.iter().all(|item| item.is_empty()),
        }
    }

    /// The value with texts of its own.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Flag(flag) => Value::Flag(flag),
            Self::Number(number) => Value::Number(number),
            Self::List(items) => Value::List(items.into_iter().map(|item| Cow::Owned(item.into_owned())).collect()),
        }
    }

    pub(crate) fn owned(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    pub(crate) fn borrowed(text: &'r str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    pub(crate) fn count(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// Turns a boolean or a number into its text.
    pub(crate) fn spell_out(&mut self) {
        match self {
            Self::Flag(flag) => *self = Self::borrowed(flag_text(*flag)),
            Self::Number(number) => *self = Self::owned(number.to_string()),
            Self::Null | Self::Text(_) | Self::List(_) => {}
        }
    }

    /// The texts of the value: none, one or several.
    pub(crate) fn texts(&self) -> &[Cow<'r, str>] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(items) => items,
            Self::Null | Self::Flag(_) | Self::Number(_) => &[],
        }
    }

    /// The bytes of text in the value.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(items) => items.iter().map(|item| item.len()).sum(),
            _ => 0,
        }
    }
}

impl<'r> From<Cell<'r>> for Value<'r> {
    fn from(cell: Cell<'r>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Text(text) => Self::borrowed(text),
            Cell::Flag(flag) => Self::Flag(flag),
            Cell::List(items) => Self::List(items.iter().map(|item| Cow::Borrowed(&**item)).collect()),
        }
    }
}

/// Shows the value as JSON would.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(&**text)),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::List(items) => write!(f, "{}", serde_json::Value::from(items.iter().map(|item| &**item).collect::<Vec<_>>())),
        }
    }
}

pub(crate) fn flag_text(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

/// The outcome of an expression for one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<'r> {
    /// A value, or [`Value::Null`] if there is none.
    Value(Value<'r>),
    /// Leave this attribute as it is.
    IgnoreAttribute,
    /// Leave the whole object as it is.
    IgnoreObject,
    /// The candidates of `SelectUniqueValue`; the first that is free is taken.
    Candidates(Candidates),
}

/// The candidates of `SelectUniqueValue`, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// The values before the first fault.
    pub values: Vec<String>,
    /// The fault of the first rule that could not be evaluated. It matters only if no value before it is free.
    pub fault: Option<EvalError>,
}

/// A fault that an evaluation met in a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// The kind of fault, in kebab case.
    pub code: &'static str,
    /// The description. It never quotes a value of the record.
    pub message: String,
    /// The bytes of the expression that the fault concerns.
    pub span: Range<usize>,
}
