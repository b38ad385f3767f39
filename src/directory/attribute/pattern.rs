//! The rules on the characters of a value.

use super::super::value::ValueFault;
use super::countries::is_country;

/// A rule on the characters of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Any characters are allowed.
    Free,
    /// An address without a name or a scheme: ASCII, one `@`, no dot where none may be, a domain of two labels or more.
    Address,
    /// The characters and lengths that Entra accepts in a userPrincipalName.
    Upn,
    /// The characters that Entra accepts in a mailNickname, which has no domain.
    Nickname,
    /// An ISO 3166 country of two letters.
    Country,
    /// A language tag such as `en`, `en-US`, `zh-Hans-CN` or `es-419`.
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
            Self::Address => accept_address(text),
            Self::Upn => accept_upn(text),
            Self::Nickname => {
                if text.is_empty() {
                    return Err(ValueFault::Form { wanted: "a nickname" });
                }
                refuse(|c| !c.is_ascii_graphic() || "@()\\[]\";:<>,".contains(c))
            }
            Self::Country if is_country(text) => Ok(()),
            Self::Country => Err(ValueFault::Form { wanted: "an ISO 3166 country of two letters" }),
            Self::Language if is_language(text) => Ok(()),
            Self::Language => Err(ValueFault::Form { wanted: "a language such as `en-US`, with its letters in that case" }),
            Self::OneOf(allowed) if allowed.contains(&text) => Ok(()),
            Self::OneOf(_) => Err(ValueFault::Form { wanted: "one of the values that Graph lists for it" }),
            Self::ImmutableId => refuse(|c| matches!(c, '$' | '_')),
        }
    }
}

fn accept_address(text: &str) -> Result<(), ValueFault> {
    let (local, domain) = match text.split('@').collect::<Vec<_>>()[..] {
        [local, domain] if !local.is_empty() && !domain.is_empty() => (local, domain),
        _ => return Err(ValueFault::Form { wanted: "an address with one `@`" }),
    };
    let in_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if let Some(character) = local.chars().find(|c| !in_local(*c)) {
        return Err(ValueFault::Character { character });
    }
    if let Some(character) = domain.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))) {
        return Err(ValueFault::Character { character });
    }
    let dotted = |text: &str| text.split('.').all(|part| !part.is_empty());
    let labels = domain.split('.').all(|label| !label.starts_with('-') && !label.ends_with('-'));
    if dotted(local) && dotted(domain) && labels && domain.contains('.') {
        Ok(())
    } else {
        Err(ValueFault::Form { wanted: "an address such as `ann@contoso.com`, with single dots between its parts" })
    }
}

/// A language of two or three small letters; then a script in title case and a region, where they are named.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-').peekable();
    let is =
        |part: &str, lengths: &[usize], fits: fn(&u8) -> bool| lengths.contains(&part.len()) && part.as_bytes().iter().all(fits);
    if !parts.next().is_some_and(|language| is(language, &[2, 3], u8::is_ascii_lowercase)) {
        return false;
    }
    let is_script = |part: &&str| {
        part.split_at_checked(1)
            .is_some_and(|(first, rest)| is(first, &[1], u8::is_ascii_uppercase) && is(rest, &[3], u8::is_ascii_lowercase))
    };
    parts.next_if(is_script);
    parts.next_if(|region| is(region, &[2], u8::is_ascii_uppercase) || is(region, &[3], u8::is_ascii_digit));
    parts.next().is_none()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_graph_refuses_are_refused() {
        for good in ["ada@contoso.com", "o'brien+x@mail.contoso.co.uk", "a_b-c.d@x-y.org"] {
            assert!(Pattern::Address.accept(good).is_ok(), "{good}");
        }
        let bad = [
            "ada,adler@contoso.com",
            "ada.adler@contoso,com",
            "ada@contoso",
            "<ada@contoso.com>",
            "mailto:ada@contoso.com",
            "ada@contoso.com.",
            "ada@contoso..com",
            "a..b@contoso.com",
            ".ada@contoso.com",
            "ada.@contoso.com",
            "ada@",
            "@contoso.com",
            "a@b@contoso.com",
            "ada adler@contoso.com",
            "ada@-contoso.com",
            "adä@contoso.com",
            "ada@contoso.com;bo@contoso.com",
            "Ada <ada@contoso.com>",
        ];
        for bad in bad {
            assert!(Pattern::Address.accept(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_language_is_spelled_as_graph_wants_it() {
        for good in ["de", "deu", "de-DE", "zh-Hans", "zh-Hans-CN", "es-419"] {
            assert!(Pattern::Language.accept(good).is_ok(), "{good}");
        }
        for bad in ["DE", "de-de", "en-USA", "en_US", "english", "de-", "-DE", "de-DE-x", "zh-hans", "d", "en-US-Latn", ""] {
            assert!(Pattern::Language.accept(bad).is_err(), "{bad}");
        }
    }
}
