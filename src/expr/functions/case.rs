//! Upper and lower case, letter by letter as .NET changes it.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

use super::text::{each, through};
use crate::expr::args::Args;
use crate::expr::evaluate::{Eval, fault};

pub(crate) fn to_lower<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    case(args, false)
}

pub(crate) fn to_upper<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    case(args, true)
}

fn case<'r>(args: &mut Args<'_, 'r>, upper: bool) -> Eval<'r> {
    let culture = args.text(1)?.filter(|culture| !culture.is_empty());
    if let Some(culture) = &culture
        && !is_culture(culture)
    {
        return Err(fault(args.place(1), "bad-argument", "this is no name of a culture, such as `tr-TR`"));
    }
    let culture = culture.as_deref();
    Ok(each(args.take(0), |text| {
        through(text, |text| {
            let same = culture.is_none()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii() && if upper { !byte.is_ascii_lowercase() } else { !byte.is_ascii_uppercase() });
            if same { Cow::Borrowed(text) } else { Cow::Owned(change_case(text, culture, upper)) }
        })
    }))
}

/// Whether this can be the name of a culture, such as `tr-TR`.
pub(crate) fn is_culture(name: &str) -> bool {
    let mut parts = name.split(['-', '_']);
    parts
        .next()
        .is_some_and(|language| (2..=8).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic()))
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

pub(crate) fn pcase<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let separators = args.text(1)?.filter(|separators| !separators.is_empty());
    Ok(each(args.take(0), |text| Cow::Owned(title_case(&text, separators.as_deref()))))
}

/// Upper-cases the first letter of each word and lower-cases the rest; without separators every character that is no letter, digit
/// or mark starts a word.
pub(crate) fn title_case(text: &str, separators: Option<&str>) -> String {
    let separates = |letter: char| match separators {
        Some(separators) => separators.contains(letter),
        None => {
            !(letter.is_alphanumeric()
                || is_combining_mark(letter)
                || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
        }
    };
    let mut starts = true;
    text.chars()
        .map(|letter| {
            let mapped = match letter {
                'ı' | 'İ' => letter,
                _ if starts => simple(letter, letter.to_uppercase()),
                _ => simple(letter, letter.to_lowercase()),
            };
            starts = separates(letter);
            mapped
        })
        .collect()
}

/// Changes case letter by letter, as .NET does: no letter becomes two.
pub(super) fn change_case(text: &str, culture: Option<&str>, upper: bool) -> String {
    let turkish = turkish(culture);
    text.chars()
        .map(|letter| match (letter, upper, turkish) {
            ('i', true, true) => 'İ',
            ('ı', true, true) => 'I',
            ('I', false, true) => 'ı',
            ('İ', false, true) => 'i',
            ('ı', true, false) | ('İ', false, false) => letter,
            (_, true, _) => simple(letter, letter.to_uppercase()),
            (_, false, _) => simple(letter, letter.to_lowercase()),
        })
        .collect()
}

/// The letters of a culture that differ from the invariant ones.
fn turkish(culture: Option<&str>) -> bool {
    culture.is_some_and(|culture| {
        let language = culture.split(['-', '_']).next().unwrap_or_default();
        language.eq_ignore_ascii_case("tr") || language.eq_ignore_ascii_case("az")
    })
}

/// The letter that another becomes, unless it would become several.
fn simple(letter: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}
