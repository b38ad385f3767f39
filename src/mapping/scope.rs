//! Scoping filters: the records that a feed manages.

use std::sync::Arc;

use super::formula::Slot;
use crate::expr::{Pattern, Value};
use crate::record::unspaced;

/// One clause of a scoping filter.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) attribute: Slot,
    pub(super) test: Test,
}

/// The test of a clause.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Equals(String),
    NotEquals(String),
    IsTrue,
    IsFalse,
    IsNull,
    IsNotNull,
    Matches(Arc<Pattern>),
    MatchesNot(Arc<Pattern>),
    GreaterThan(i128),
    AtLeast(i128),
    Includes(String),
    IncludesNot(String),
    EndsWith(String),
}

/// The operators of Entra, as its portal writes them.
pub(super) const OPERATORS: &[&str] = &[
    "EQUALS",
    "NOT EQUALS",
    "IS TRUE",
    "IS FALSE",
    "IS NULL",
    "IS NOT NULL",
    "PRESENT",
    "REGEX MATCH",
    "NOT REGEX MATCH",
    "Greater_Than",
    "Greater_Than_OR_EQUALS",
    "Includes",
    "ENDS_WITH",
    "&",
    "!&",
];

/// The reason for which an operator and its value are not a test.
pub(super) enum Refused {
    Operator,
    NeedsValue,
    TakesNoValue,
    NotANumber,
    Regex(String),
}

impl Test {
    /// The test that an operator and its value make.
    pub(super) fn new(operator: &str, value: Option<&str>) -> Result<Self, Refused> {
        let name = operator.trim().to_ascii_uppercase().replace('_', " ");
        let unary = match name.as_str() {
            "IS TRUE" => Some(Self::IsTrue),
            "IS FALSE" => Some(Self::IsFalse),
            "IS NULL" => Some(Self::IsNull),
            "IS NOT NULL" | "PRESENT" => Some(Self::IsNotNull),
            _ => None,
        };
        if let Some(test) = unary {
            return if value.is_none() { Ok(test) } else { Err(Refused::TakesNoValue) };
        }
        if !OPERATORS.iter().any(|known| known.to_ascii_uppercase().replace('_', " ") == name) {
            return Err(Refused::Operator);
        }
        let value = value.ok_or(Refused::NeedsValue)?;
        let number = || value.trim().parse().map_err(|_| Refused::NotANumber);
        let regex = || Pattern::new(value).map(Arc::new).map_err(Refused::Regex);
        let text = unspaced(value).into_owned();
        match name.as_str() {
            "EQUALS" => Ok(Self::Equals(text)),
            "NOT EQUALS" => Ok(Self::NotEquals(text)),
            "REGEX MATCH" => Ok(Self::Matches(regex()?)),
            "NOT REGEX MATCH" => Ok(Self::MatchesNot(regex()?)),
            "GREATER THAN" => Ok(Self::GreaterThan(number()?)),
            "GREATER THAN OR EQUALS" => Ok(Self::AtLeast(number()?)),
            "ENDS WITH" => Ok(Self::EndsWith(text)),
            "!&" => Ok(Self::IncludesNot(text)),
            _ => Ok(Self::Includes(text)),
        }
    }

    /// Whether a value passes. An absent or empty one passes `IS NULL` alone. Values compare without invisible characters, each run of
    /// blanks as one space: an invisible character must not take a person out of the scope.
    pub(super) fn passes(&self, value: &Value<'_>) -> bool {
        let text = match value {
            Value::List(items) => items.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(";"),
            one => one.to_text().unwrap_or_default().into_owned(),
        };
        let text = &*unspaced(&text);
        if text.is_empty() {
            return matches!(self, Self::IsNull);
        }
        let number = || text.parse::<i128>().ok();
        match self {
            Self::IsNull => false,
            Self::IsNotNull => true,
            Self::IsTrue => text.eq_ignore_ascii_case("true"),
            Self::IsFalse => text.eq_ignore_ascii_case("false"),
            Self::Equals(wanted) => text == wanted,
            Self::NotEquals(wanted) => text != wanted,
            // A pattern that gives up on a text has not matched it, and has not shown that it does not match.
            Self::Matches(regex) => regex.is_match(text).unwrap_or(false),
            Self::MatchesNot(regex) => regex.is_match(text).is_some_and(|matched| !matched),
            Self::GreaterThan(least) => number().is_some_and(|number| number > *least),
            Self::AtLeast(least) => number().is_some_and(|number| number >= *least),
            Self::Includes(part) => text.contains(part.as_str()),
            Self::IncludesNot(part) => !text.contains(part.as_str()),
            Self::EndsWith(part) => text.ends_with(part.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(operator: &str, wanted: Option<&str>, text: &str) -> bool {
        let clause = Test::new(operator, wanted).unwrap_or_else(|_| panic!("{operator} is an operator"));
        clause.passes(&Value::Text(text.into()))
    }

    #[test]
    fn every_operator_of_entra_is_known() {
        for operator in OPERATORS {
            let unary = operator.starts_with("IS ") || *operator == "PRESENT";
            let value = (!unary).then_some("1");
            assert!(Test::new(operator, value).is_ok(), "{operator}");
        }
        assert!(matches!(Test::new("LIKE", Some("x")), Err(Refused::Operator)));
        assert!(matches!(Test::new("IS NULL", Some("x")), Err(Refused::TakesNoValue)));
        assert!(matches!(Test::new("EQUALS", None), Err(Refused::NeedsValue)));
        assert!(matches!(Test::new("REGEX MATCH", Some("(")), Err(Refused::Regex(_))));
    }

    #[test]
    fn comparisons_mind_the_case() {
        assert!(passes("EQUALS", Some("Employee"), "Employee"));
        assert!(!passes("EQUALS", Some("Employee"), "employee"));
        assert!(passes("NOT EQUALS", Some("Employee"), "Intern"));
        assert!(passes("REGEX MATCH", Some("^(A|B)$"), "B"));
        assert!(passes("NOT REGEX MATCH", Some("^(A|B)$"), "C"));
        assert!(passes("Greater_Than", Some("9"), "10"));
        assert!(!passes("Greater_Than_OR_EQUALS", Some("9"), "nine"));
        assert!(passes("Includes", Some("mplo"), "Employee"));
        assert!(passes("ENDS_WITH", Some("yee"), "Employee"));
        assert!(passes("!&", Some("x"), "Employee"));
        assert!(passes("IS TRUE", None, "true"));
        assert!(passes("IS FALSE", None, "False"));
    }

    #[test]
    fn invisible_characters_make_no_difference() {
        for text in ["Full time", "\u{feff}Full time\u{200b}", "Fu\u{ad}ll time", "Full\u{a0}time", "Full  time "] {
            assert!(passes("EQUALS", Some("Full time"), text), "{text:?}");
            assert!(!passes("NOT EQUALS", Some("Full time"), text), "{text:?}");
            assert!(passes("REGEX MATCH", Some("^Full time$"), text), "{text:?}");
            assert!(passes("Includes", Some("ull t"), text) && passes("ENDS_WITH", Some("l time"), text), "{text:?}");
        }
        assert!(passes("EQUALS", Some("Full\u{a0}time"), "Full time"));
        assert!(passes("IS NULL", None, "\u{200b}") && !passes("IS NOT NULL", None, " \u{a0}"));
        assert!(passes("IS TRUE", None, "tr\u{2060}ue") && passes("Greater_Than", Some("9"), "\u{200e}10"));
    }

    #[test]
    fn an_empty_value_passes_is_null_alone() {
        for operator in ["NOT EQUALS", "NOT REGEX MATCH", "!&", "ENDS_WITH"] {
            assert!(!passes(operator, Some("x"), ""), "{operator}");
        }
        assert!(passes("IS NULL", None, ""));
        assert!(!passes("IS NOT NULL", None, ""));
    }
}
