//! The functions of one text: its ends, its parts, and what it contains.

use std::borrow::Cow;

use super::case::{Culture, to_lower};
use crate::expr::args::{Args, through};
use crate::expr::function::{Form, Function, Implementation, Kind, Param, example, function, optional, required};
use crate::expr::runtime::{Eval, LARGEST, too_large};
use crate::expr::value::Value;

const SOURCE: Param = required("source", Kind::Text);
const EACH: Param = required("source", Kind::Any);
const NUMBER: Kind = Kind::Number;

pub(super) static ROWS: &[Function] = &[
    function(
        "Append(source, suffix)",
        &[EACH, required("suffix", Kind::Text)],
        Kind::Same,
        Implementation::Eager(|args| affixed(args, 0, 1, append)),
        "The source followed by the suffix.",
    )
    .examples(&[
        example(r#"Append([Login], "@contoso.com")"#, &[("Login", "ann")], r#""ann@contoso.com""#),
        example(r#"Append([Login], "-x")"#, &[], "null"),
    ])
    .dialect("an absent source stays absent; an absent suffix adds nothing; of several values each gets the suffix"),
    function(
        "Prepend(prefix, source)",
        &[required("prefix", Kind::Text), EACH],
        Kind::Any,
        Implementation::Eager(|args| affixed(args, 1, 0, |source, prefix| prepend(prefix, source))),
        "The prefix followed by the source. A legacy function.",
    )
    .examples(&[example(r#"Prepend("x-", [mail])"#, &[("mail", "a@contoso.com")], r#""x-a@contoso.com""#)])
    .dialect("an absent source stays absent"),
    function(
        "Left(String, NumChars)",
        &[required("String", Kind::Text), required("NumChars", NUMBER).filled()],
        Kind::Text,
        Implementation::Eager(|args| {
            let count = args.required_number(1)?;
            let Some(text) = args.text(0)? else { return Ok(Value::borrowed("")) };
            let Ok(count) = usize::try_from(count) else { return Ok(Value::Text(text)) };
            Ok(Value::Text(through(text, |text| Cow::Borrowed(left(text, count)))))
        }),
        "The first characters of a text. A number that is too large or negative gives the whole text.",
    )
    .examples(&[
        example(r#"Left("John Doe", 3)"#, &[], r#""Joh""#),
        example("Left([Name], 3)", &[], r#""""#),
        example(r#"Left("John", -1)"#, &[], r#""John""#),
    ])
    .dialect("characters are counted as .NET counts them (UTF-16), but none is split"),
    function(
        "Len(source)",
        &[SOURCE],
        NUMBER,
        Implementation::Eager(|args| Ok(Value::count(args.text(0)?.map_or(0, |text| len(&text))))),
        "The number of characters of a text.",
    )
    .examples(&[
        example(r#"Len("John")"#, &[], "4"),
        example(r#"IIF(Len([Phone]) = "10", "ten", "other")"#, &[("Phone", "0123456789")], r#""ten""#),
        example("Len([Phone])", &[], "0"),
    ])
    .dialect("characters are counted as .NET counts them (UTF-16); an absent text has none"),
    function(
        "Mid(source, start, length)",
        &[SOURCE, required("start", NUMBER).form(Form::Position).filled(), required("length", NUMBER).filled()],
        Kind::Text,
        Implementation::Eager(mid_of),
        "A part of a text; the first character is 1. A length beyond the end is clipped.",
    )
    .examples(&[
        example(r#"Mid("John Doe", 3, 5)"#, &[], r#""hn Do""#),
        example(r#"Mid("John", 9, 5)"#, &[], r#""""#),
        example(r#"Mid("John", 0, 2)"#, &[], "fault: bad-argument"),
    ])
    .dialect("an absent source stays absent; a start beyond the end gives an empty text; a start below 1 is a fault"),
    function(
        "InStr(value1, value2, [start], [compareType])",
        &[
            required("value1", Kind::Text),
            required("value2", Kind::Text),
            optional("start", NUMBER).form(Form::Position),
            optional("compareType", Kind::Any).form(Form::Comparison),
        ],
        NUMBER,
        Implementation::Eager(position_of),
        "The position of the second text in the first: 1 is the first character, 0 means that it does not occur. compareType is vbBinaryCompare or vbTextCompare.",
    )
    .examples(&[
        example(r#"InStr("The quick brown fox", "quick")"#, &[], "5"),
        example(r#"InStr("repEated", "e", 3, vbTextCompare)"#, &[], "4"),
    ])
    .dialect("case counts unless vbTextCompare is given; in an absent text nothing is found"),
    function(
        "StripSpaces(source)",
        &[EACH],
        Kind::Same,
        Implementation::Eager(|args| {
            args.each(0, |text| {
                Ok(match text {
                    Cow::Borrowed(text) => strip_spaces(text),
                    // A text of its own is changed in place.
                    Cow::Owned(mut text) => {
                        text.retain(|letter| letter != ' ');
                        Cow::Owned(text)
                    }
                })
            })
        }),
        "The text without blanks.",
    )
    .examples(&[example(r#"StripSpaces(" Mary Ann ")"#, &[], r#""MaryAnn""#)])
    .dialect("only the plain blank (U+0020) is removed; an absent source stays absent"),
    function(
        "Trim(value)",
        &[EACH],
        Kind::Same,
        Implementation::Eager(|args| args.each(0, |text| Ok(through(text, |text| Cow::Borrowed(trim(text)))))),
        "The text without white space at its ends; of several values each. A function of cloud sync.",
    )
    .examples(&[example(r#"Trim("  Ann ")"#, &[], r#""Ann""#)]),
    function(
        "Word(String, WordNumber, Delimiters)",
        &[required("String", Kind::Text), required("WordNumber", NUMBER).filled(), required("Delimiters", Kind::Text)],
        Kind::Text,
        Implementation::Eager(|args| {
            let number = args.required_number(1)?;
            let delimiters = args.text(2)?.unwrap_or_default();
            let Some(text) = args.text(0)? else { return Ok(Value::borrowed("")) };
            let number = usize::try_from(number).unwrap_or(0);
            Ok(Value::Text(through(text, |text| Cow::Borrowed(word(text, number, &delimiters)))))
        }),
        "The n-th word, from 1; every character of the delimiters separates. Empty if there are too few words.",
    )
    .examples(&[
        example(r#"Word("This,string!has&many separators", 3, ",!&#")"#, &[], r#""has""#),
        example(r#"Word([s], 1, " ")"#, &[], r#""""#),
    ])
    .dialect("adjacent delimiters count as one; a text without delimiters is one word"),
    function(
        "CStr(value)",
        &[required("value", Kind::Any)],
        Kind::Text,
        Implementation::Eager(|args| Ok(args.text(0)?.map_or(Value::Null, Value::Text))),
        "The text of a number or a boolean.",
    )
    .examples(&[example("CStr(42)", &[], r#""42""#), example("CStr(CBool(1))", &[], r#""True""#)])
    .dialect("an absent value stays absent"),
    function(
        "Redact(value)",
        &[required("value", Kind::Any)],
        Kind::Same,
        Implementation::Eager(|args| Ok(args.take(0))),
        "The value, shown as [Redact] in logs.",
    )
    .examples(&[example(r#"Redact("pa55")"#, &[], r#""pa55""#)]),
    function(
        "CRef(value)",
        &[required("value", Kind::Any)],
        Kind::Same,
        Implementation::Eager(|args| Ok(args.take(0))),
        "The value as a reference. A function of cloud sync; here the value itself.",
    )
    .examples(&[example(r#"CRef("CN=Ann")"#, &[], r#""CN=Ann""#)]),
    function(
        "DNComponent(dn, n)",
        &[required("dn", Kind::Text), required("n", NUMBER).filled()],
        Kind::Text,
        Implementation::Eager(|args| {
            let number = usize::try_from(args.required_number(1)?).unwrap_or(0);
            let Some(name) = args.text(0)? else { return Ok(Value::Null) };
            Ok(dn_component(&name, number).map_or(Value::Null, Value::owned))
        }),
        "The value of the n-th component of a distinguished name, from the left. A function of cloud sync.",
    )
    .examples(&[example(r#"DNComponent("CN=Ann,OU=Sales,DC=contoso", 2)"#, &[], r#""Sales""#)])
    .dialect("a component that does not exist is absent"),
    function(
        "DefaultDomain()",
        &[],
        Kind::Text,
        Implementation::Eager(|args| match &args.env.context.default_domain {
            Some(domain) => Ok(Value::owned(domain)),
            None => Err(args.fault("no-default-domain", "the tenant's default domain is not known")),
        }),
        "The default verified domain of the tenant.",
    )
    .examples(&[example(r#"Join("@", "ann", DefaultDomain())"#, &[], r#""ann@contoso.com""#)]),
];

/// The source followed by the suffix.
///
/// ```
/// # use hrpush::expr::functions::text::append;
/// assert_eq!(append("ann", "@contoso.com"), "ann@contoso.com");
/// ```
pub fn append(source: &str, suffix: &str) -> String {
    let mut both = String::with_capacity(source.len() + suffix.len());
    both.push_str(source);
    both.push_str(suffix);
    both
}

/// The prefix followed by the source.
///
/// ```
/// # use hrpush::expr::functions::text::prepend;
/// assert_eq!(prepend("x-", "ann"), "x-ann");
/// ```
pub fn prepend(prefix: &str, source: &str) -> String {
    append(prefix, source)
}

fn affixed<'r>(args: &mut Args<'_, 'r>, source: usize, affix: usize, apply: fn(&str, &str) -> String) -> Eval<'r> {
    let Some(affix) = args.text(affix)? else { return Ok(args.take(source)) };
    let count = if let Value::List(items) = &args.values[source] { items.len() } else { 1 };
    if affix.len().saturating_mul(count) > LARGEST {
        return Err(too_large(&args.site.span));
    }
    args.each(source, |text| Ok(Cow::Owned(apply(&text, &affix))))
}

/// The first `count` characters of a text.
///
/// Characters are UTF-16 units, as .NET counts them, but a pair of units is not split.
///
/// ```
/// # use hrpush::expr::functions::text::left;
/// assert_eq!(left("John Doe", 3), "Joh");
/// assert_eq!(left("Zoë", 9), "Zoë");
/// ```
pub fn left(text: &str, count: usize) -> &str {
    &text[..units(text, count)]
}

/// The number of characters of a text, as .NET counts them: UTF-16 units.
///
/// ```
/// # use hrpush::expr::functions::text::len;
/// assert_eq!(len("Zoë"), 3);
/// assert_eq!(len("😀"), 2);
/// ```
pub fn len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// A part of a text: at most `length` characters after the first `skipped`.
///
/// ```
/// # use hrpush::expr::functions::text::mid;
/// assert_eq!(mid("John Doe", 2, 5), "hn Do");
/// assert_eq!(mid("John", 9, 5), "");
/// ```
pub fn mid(text: &str, skipped: usize, length: usize) -> &str {
    left(&text[units(text, skipped)..], length)
}

fn mid_of<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let start = args.required_number(1)?;
    let length = args.required_number(2)?;
    let skipped = before(args, 1, start)?;
    let length = usize::try_from(length).map_err(|_| args.fault_at(2, "bad-argument", "a length cannot be negative"))?;
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    Ok(Value::Text(through(text, |text| Cow::Borrowed(mid(text, skipped, length)))))
}

/// The position of a text within another after the first `skipped` characters, from 1; 0 if it does not occur.
///
/// ```
/// # use hrpush::expr::functions::text::in_str;
/// assert_eq!(in_str("The quick brown fox", "quick", 0), 5);
/// assert_eq!(in_str("repeated", "e", 2), 4);
/// assert_eq!(in_str("repeated", "x", 0), 0);
/// ```
pub fn in_str(text: &str, wanted: &str, skipped: usize) -> usize {
    if skipped >= len(text) {
        return 0;
    }
    let from = units(text, skipped);
    text[from..].find(wanted).map_or(0, |found| len(&text[..from + found]) + 1)
}

fn position_of<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let start = args.number(2)?.unwrap_or(1);
    let skipped = before(args, 2, start)?;
    let ignores_case = match args.number(3)?.unwrap_or(0) {
        0 => false,
        1 => true,
        _ => return Err(args.fault_at(3, "bad-argument", "the comparison is vbTextCompare or vbBinaryCompare")),
    };
    let (Some(text), Some(wanted)) = (args.text(0)?, args.text(1)?) else { return Ok(Value::Number(0)) };
    Ok(Value::count(if ignores_case {
        in_str(&to_lower(&text, Culture::Invariant), &to_lower(&wanted, Culture::Invariant), skipped)
    } else {
        in_str(&text, &wanted, skipped)
    }))
}

/// The number of characters before a position that counts from 1.
fn before<'r>(args: &Args<'_, 'r>, at: usize, position: i64) -> Eval<'r, usize> {
    usize::try_from(position)
        .ok()
        .and_then(|position| position.checked_sub(1))
        .ok_or_else(|| args.fault_at(at, "bad-argument", "the first character is 1"))
}

/// The byte at which a text reaches a number of UTF-16 units; a pair is never split.
fn units(text: &str, count: usize) -> usize {
    if text.is_ascii() {
        return count.min(text.len());
    }
    let mut left = count;
    for (at, letter) in text.char_indices() {
        let Some(rest) = left.checked_sub(letter.len_utf16()) else { return at };
        left = rest;
    }
    text.len()
}

/// The text without blanks (U+0020).
///
/// ```
/// # use hrpush::expr::functions::text::strip_spaces;
/// assert_eq!(strip_spaces(" Mary Ann "), "MaryAnn");
/// ```
pub fn strip_spaces(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&b' ') { Cow::Owned(text.replace(' ', "")) } else { Cow::Borrowed(text) }
}

/// The text without white space at its ends.
///
/// ```
/// # use hrpush::expr::functions::text::trim;
/// assert_eq!(trim("  Ann "), "Ann");
/// ```
pub fn trim(text: &str) -> &str {
    text.trim()
}

/// The n-th word of a text, from 1, with each of the delimiters between words; empty if there are too few.
///
/// ```
/// # use hrpush::expr::functions::text::word;
/// assert_eq!(word("This,string!has&many separators", 3, ",!&#"), "has");
/// assert_eq!(word("one", 2, " "), "");
/// ```
pub fn word<'t>(text: &'t str, number: usize, delimiters: &str) -> &'t str {
    let Some(skipped) = number.checked_sub(1) else { return "" };
    let words = text.split(|letter| delimiters.contains(letter)).filter(|word| !word.is_empty());
    words.into_iter().nth(skipped).unwrap_or_default()
}

/// The value of the n-th component of a distinguished name, from the left; `None` if there are fewer.
///
/// ```
/// # use hrpush::expr::functions::text::dn_component;
/// assert_eq!(dn_component(r"CN=Doe\, Ann,OU=Sales", 1).as_deref(), Some("Doe, Ann"));
/// assert_eq!(dn_component("CN=Ann", 2), None);
/// ```
pub fn dn_component(name: &str, number: usize) -> Option<String> {
    let mut components = vec![String::new()];
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' => components.push(String::new()),
            '\\' => components.last_mut()?.extend(letters.next()),
            _ => components.last_mut()?.push(letter),
        }
    }
    let component = components.get(number.checked_sub(1)?)?;
    Some(component.split_once('=').map_or(component.as_str(), |(_, value)| value).trim().to_owned())
}
