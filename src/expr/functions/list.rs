//! The functions of several values: joining, splitting, choosing.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::expr::args::Args;
use crate::expr::function::{Form, Function, Implementation, Kind, example, function, repeated, required};
use crate::expr::runtime::{Eval, LARGEST, too_large};
use crate::expr::value::Value;

pub(super) static ROWS: &[Function] = &[
    function(
        "Join(separator, source1, source2, ...)",
        &[required("separator", Kind::Text), repeated("source", Kind::Any)],
        Kind::Text,
        Implementation::Eager(joined),
        "The sources with the separator between them. Absent and empty sources are skipped; several values are joined one by one.",
    )
    .examples(&[
        example(r#"Join(", ", "", [Last], [First])"#, &[("Last", "Doe"), ("First", "John")], r#""Doe, John""#),
        example(r#"Join(" ", [Last], [First])"#, &[], "null"),
    ])
    .takes(2, None)
    .dialect("if all sources are absent, so is the result; if one of them is only empty, it is empty"),
    function(
        "Split(source, delimiter)",
        &[required("source", Kind::Any), required("delimiter", Kind::Text)],
        Kind::List,
        Implementation::Eager(|args| {
            let delimiter = args.text(1)?.unwrap_or_default();
            let Some(items) = args.list(0)? else { return Ok(Value::Null) };
            let mut parts: Vec<Cow<'_, str>> = Vec::new();
            for item in items {
                match item {
                    Cow::Borrowed(item) => parts.extend(split(item, &delimiter).map(Cow::Borrowed)),
                    Cow::Owned(item) => parts.extend(split(&item, &delimiter).map(|part| Cow::Owned(part.to_owned()))),
                }
            }
            Ok(Value::List(parts))
        }),
        "The parts of a text between the delimiters, as several values.",
    )
    .examples(&[
        example(r#"Split("a;b;c", ";")"#, &[], r#"["a","b","c"]"#),
        example(r#"Split("a;;b", ";")"#, &[], r#"["a","b"]"#),
    ])
    .dialect("blanks around the parts are kept; empty parts are dropped; an absent source stays absent"),
    function(
        "Item(attribute, index)",
        &[required("attribute", Kind::Any), required("index", Kind::Number).form(Form::Position).filled()],
        Kind::Text,
        Implementation::Eager(|args| {
            let index = args.required_number(1)?;
            let Some(items) = args.list(0)? else { return Ok(Value::Null) };
            match item(&items, index) {
                Some(found) => Ok(Value::Text(found.clone())),
                None => {
                    let message = format!("there is no value {index}: the first is 1, and there are {}", items.len());
                    Err(args.fault_at(1, "out-of-range", message))
                }
            }
        }),
        "One of several values; the first is 1.",
    )
    .examples(&[
        example(r#"Item(Split("a;b", ";"), 2)"#, &[], r#""b""#),
        example(r#"Item(Split("a;b", ";"), 3)"#, &[], "fault: out-of-range"),
    ])
    .dialect("an index outside is a fault, 0 too; of an absent attribute the item is absent"),
    function(
        "Count(attribute)",
        &[required("attribute", Kind::Any)],
        Kind::Number,
        Implementation::Eager(|args| {
            Ok(Value::count(match args.take(0) {
                Value::Null => 0,
                Value::List(items) => items.len(),
                _ => 1,
            }))
        }),
        "The number of values.",
    )
    .examples(&[example(r#"Count(Split("a;b;c;d", ";"))"#, &[], "4"), example("Count([m])", &[], "0")])
    .dialect("an absent attribute has 0 values, a single one 1"),
    function(
        "RemoveDuplicates(attribute)",
        &[required("attribute", Kind::Any)],
        Kind::List,
        Implementation::Eager(|args| Ok(args.list(0)?.map_or(Value::Null, |items| Value::List(remove_duplicates(items))))),
        "The values without repetitions.",
    )
    .examples(&[example(r#"RemoveDuplicates(Split("a;b;a;A", ";"))"#, &[], r#"["a","b","A"]"#)])
    .dialect("the first of equal values stays in its place; case counts"),
];

/// The texts with the separator between them; empty texts are skipped.
///
/// ```
/// # use hrpush::expr::functions::list::join;
/// assert_eq!(join(", ", ["", "Doe", "John"].into_iter()), "Doe, John");
/// ```
pub fn join<'t>(separator: &str, texts: impl Iterator<Item = &'t str> + Clone) -> String {
    let size = joined_size(separator, texts.clone());
    join_sized(separator, texts, size)
}

fn join_sized<'t>(separator: &str, texts: impl Iterator<Item = &'t str>, size: usize) -> String {
    let mut joined = String::with_capacity(size);
    for text in texts.filter(|text| !text.is_empty()) {
        if !joined.is_empty() {
            joined.push_str(separator);
        }
        joined.push_str(text);
    }
    joined
}

fn joined_size<'t>(separator: &str, texts: impl Iterator<Item = &'t str>) -> usize {
    let size = texts.filter(|text| !text.is_empty()).fold(0usize, |size, text| size.saturating_add(text.len() + separator.len()));
    size.saturating_sub(separator.len())
}

fn joined<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let separator = args.text(0)?.unwrap_or_default();
    let sources = &mut args.values[1..];
    for source in &mut *sources {
        source.spell_out();
    }
    if sources.iter().all(|source| *source == Value::Null) {
        return Ok(Value::Null);
    }
    let texts = sources.iter().flat_map(|source| source.texts().iter().map(|text| &**text));
    let size = joined_size(&separator, texts.clone());
    if size > LARGEST {
        return Err(too_large(&args.site.span));
    }
    Ok(Value::owned(join_sized(&separator, texts, size)))
}

/// The parts of a text between the delimiters, without empty ones. Without a delimiter the text is the only part.
///
/// ```
/// # use hrpush::expr::functions::list::split;
/// assert_eq!(split("a;;b", ";").collect::<Vec<_>>(), ["a", "b"]);
/// assert_eq!(split("a;b", "").collect::<Vec<_>>(), ["a;b"]);
/// ```
pub fn split<'t>(text: &'t str, delimiter: &str) -> impl Iterator<Item = &'t str> {
    let (mut rest, delimiter) = (Some(text), delimiter.to_owned());
    std::iter::from_fn(move || {
        let text = rest?;
        let (part, after) = match text.split_once(&*delimiter).filter(|_| !delimiter.is_empty()) {
            Some((part, after)) => (part, Some(after)),
            None => (text, None),
        };
        rest = after;
        Some(part)
    })
    .filter(|part| !part.is_empty())
}

/// One of several values; the first is 1.
///
/// ```
/// # use hrpush::expr::functions::list::item;
/// assert_eq!(item(&["a", "b"], 2), Some(&"b"));
/// assert_eq!(item(&["a", "b"], 0), None);
/// ```
pub fn item<T>(items: &[T], index: i64) -> Option<&T> {
    items.get(usize::try_from(index).ok()?.checked_sub(1)?)
}

/// The values without repetitions: the first of equal values stays in its place.
///
/// ```
/// # use hrpush::expr::functions::list::remove_duplicates;
/// assert_eq!(remove_duplicates(vec!["a", "b", "a", "A"]), ["a", "b", "A"]);
/// ```
pub fn remove_duplicates<T: Clone + Eq + std::hash::Hash>(items: Vec<T>) -> Vec<T> {
    let mut seen = HashSet::with_capacity(items.len());
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}
