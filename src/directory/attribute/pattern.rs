//! The rules on the characters of a value.

use super::super::countries::is_country;
use super::super::value::ValueFault;

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

impl Pattern {
    pub(super) fn accept(self, text: &str) -> Result<(), ValueFault> {
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
