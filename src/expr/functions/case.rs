//! Upper and lower case, letter by letter as .NET changes it.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

use crate::expr::args::{Args, through};
use crate::expr::function::{Form, Function, Implementation, Kind, Param, example, function, optional, required};
use crate::expr::runtime::Eval;

const EACH: Param = required("source", Kind::Any);
const CULTURE: Param = optional("culture", Kind::Text).form(Form::Culture);

pub(super) static ROWS: &[Function] = &[
    function(
        "ToLower(source, [culture])",
        &[EACH, CULTURE],
        Kind::Same,
        Implementation::Eager(|args| with_culture(args, to_lower)),
        "The text in lower case, by the rules of a culture such as `tr-TR`, else the invariant ones.",
    )
    .examples(&[
        example(r#"ToLower("ÄB")"#, &[], r#""äb""#),
        example(r#"ToLower("TITLE", "tr-TR")"#, &[], r#""tıtle""#),
    ])
    .dialect("an absent source stays absent; no letter becomes two; of several values each is changed"),
    function(
        "ToUpper(source, [culture])",
        &[EACH, CULTURE],
        Kind::Same,
        Implementation::Eager(|args| with_culture(args, to_upper)),
        "The text in upper case, by the rules of a culture such as `tr-TR`, else the invariant ones.",
    )
    .examples(&[
        example(r#"ToUpper("abc-é")"#, &[], r#""ABC-É""#),
        example(r#"ToUpper("straße")"#, &[], r#""STRAßE""#),
    ])
    .dialect("an absent source stays absent; no letter becomes two; of several values each is changed"),
    function(
        "PCase(source, [wordSeparators])",
        &[EACH, optional("wordSeparators", Kind::Text)],
        Kind::Same,
        Implementation::Eager(|args| {
            let separators = args.text(1)?.filter(|separators| !separators.is_empty());
            args.each(0, |text| Ok(Cow::Owned(title_case(&text, separators.as_deref()))))
        }),
        "Each word with its first letter in upper case and the rest in lower case. With separators, only those characters start a word.",
    )
    .examples(&[
        example("PCase([n])", &[("n", "PABLO GONSALVES (SECOND)")], r#""Pablo Gonsalves (Second)""#),
        example(r#"PCase("PINTO-DE'SILVA", " '-")"#, &[], r#""Pinto-De'Silva""#),
    ])
    .dialect("without separators every character that is not a letter, digit or mark starts a word, the apostrophe too; an absent source stays absent"),
];

/// The rules by which a letter changes its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culture {
    /// The rules of no language in particular.
    Invariant,
    /// The rules of Turkish and Azerbaijani, where `i` and `ı` are two letters.
    Turkish,
}

impl Culture {
    /// The rules of a culture with this name, such as `tr-TR`; `None` if it cannot be the name of a culture.
    ///
    /// ```
    /// # use hrpush::expr::functions::case::Culture;
    /// assert_eq!(Culture::named("tr-TR"), Some(Culture::Turkish));
    /// assert_eq!(Culture::named("de-AT"), Some(Culture::Invariant));
    /// assert_eq!(Culture::named("?"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        let mut parts = name.split(['-', '_']);
        let language = parts.next()?;
        let is_name = (2..=8).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_alphabetic())
            && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let is_turkish = ["tr", "az"].iter().any(|turkish| language.eq_ignore_ascii_case(turkish));
        is_name.then_some(if is_turkish { Self::Turkish } else { Self::Invariant })
    }
}

fn with_culture<'r>(args: &mut Args<'_, 'r>, change: fn(&str, Culture) -> Cow<'_, str>) -> Eval<'r> {
    let culture = match args.text(1)?.filter(|name| !name.is_empty()) {
        None => Culture::Invariant,
        Some(name) => Culture::named(&name)
            .ok_or_else(|| args.fault_at(1, "bad-argument", "this is not the name of a culture, such as `tr-TR`"))?,
    };
    args.each(0, |text| Ok(through(text, |text| change(text, culture))))
}

/// The text in lower case. No letter becomes two, so that the length stays.
///
/// ```
/// # use hrpush::expr::functions::case::{Culture, to_lower};
/// assert_eq!(to_lower("ÄB", Culture::Invariant), "äb");
/// assert_eq!(to_lower("TITLE", Culture::Turkish), "tıtle");
/// ```
pub fn to_lower(text: &str, culture: Culture) -> Cow<'_, str> {
    if culture == Culture::Invariant && text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let lower = |letter| match (letter, culture) {
        ('I', Culture::Turkish) => 'ı',
        ('İ', Culture::Turkish) => 'i',
        ('İ', Culture::Invariant) => letter,
        _ => single(letter, letter.to_lowercase()),
    };
    Cow::Owned(text.chars().map(lower).collect())
}

/// The text in upper case. No letter becomes two, so that `ß` stays.
///
/// ```
/// # use hrpush::expr::functions::case::{Culture, to_upper};
/// assert_eq!(to_upper("straße", Culture::Invariant), "STRAßE");
/// assert_eq!(to_upper("izmir", Culture::Turkish), "İZMİR");
/// ```
pub fn to_upper(text: &str, culture: Culture) -> Cow<'_, str> {
    if culture == Culture::Invariant && text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()) {
        return Cow::Borrowed(text);
    }
    let upper = |letter| match (letter, culture) {
        ('i', Culture::Turkish) => 'İ',
        ('ı', Culture::Turkish) => 'I',
        ('ı', Culture::Invariant) => letter,
        _ => single(letter, letter.to_uppercase()),
    };
    Cow::Owned(text.chars().map(upper).collect())
}

/// The text with the first letter of each word in upper case and the rest in lower case.
///
/// Without separators every character that is not a letter, digit or mark starts a word, so that double names and Irish names come
/// out as their owners write them. With separators only those start one.
///
/// ```
/// # use hrpush::expr::functions::case::title_case;
/// assert_eq!(title_case("ANNA-LENA O'BRIEN", None), "Anna-Lena O'Brien");
/// assert_eq!(title_case("ANNA-LENA O'BRIEN", Some(" ")), "Anna-lena O'brien");
/// ```
pub fn title_case(text: &str, separators: Option<&str>) -> String {
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
                _ if starts => single(letter, letter.to_uppercase()),
                _ => single(letter, letter.to_lowercase()),
            };
            starts = separates(letter);
            mapped
        })
        .collect()
}

/// The letter that another becomes, unless it would become several.
fn single(letter: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}
