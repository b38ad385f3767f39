//! `Replace` in its five modes.

use std::borrow::Cow;
use std::sync::Arc;

use crate::expr::args::{Args, try_through};
use crate::expr::function::{Function, Implementation, Kind, example, function, optional, required};
use crate::expr::regex::{Pattern, SearchBudget};
use crate::expr::runtime::{Eval, LARGEST, Stop, fault, too_large};
use crate::expr::value::Value;

pub(super) static ROWS: &[Function] = &[function(
    "Replace(source, [oldValue], [regexPattern], [regexGroupName], [replacementValue], [replacementAttributeName], [template])",
    &[
        required("source", Kind::Any),
        optional("oldValue", Kind::Text),
        optional("regexPattern", Kind::Text),
        optional("regexGroupName", Kind::Text),
        optional("replacementValue", Kind::Text),
        optional("replacementAttributeName", Kind::Text),
        optional("template", Kind::Text),
    ],
    Kind::Same,
    Implementation::Eager(by_mode),
    "Replaces text. The arguments that are given choose the mode: oldValue + replacementValue: every occurrence; oldValue + template: every occurrence in the template becomes the source; regexPattern + replacementValue: every match, with $1 and ${name}; regexPattern + regexGroupName + replacementValue: what the group matched; regexPattern + regexGroupName + replacementAttributeName: if the source is empty, what the group finds in the other attribute. Regular expressions are those of .NET.",
)
.examples(&[
    example(r#"Replace("Product Developer", "Developer", , , "Engineer", , )"#, &[], r#""Product Engineer""#),
    example(r#"Replace([Login], "@id", , , , , "user-@id-x")"#, &[("Login", "7")], r#""user-7-x""#),
    example(r#"Replace("john_doe72", , "[a-zA-Z_]*", , "", , )"#, &[], r#""72""#),
    example(r#"Replace("49-123", , "(?<cc>\\d+)-(?<num>\\d+)", "cc", "X", , )"#, &[], r#""X-123""#),
    example(r#"Replace([a], , "(?<n>\\d+)", "n", , [b], )"#, &[("b", "room 12")], r#""12""#),
])
.takes(7, Some(7))
.dialect("an absent source stays absent; text of a match outside the group survives; if the group finds nothing in the other attribute, the result is absent")];

const SOURCE: usize = 0;
const OLD: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const NEW: usize = 4;
const OTHER: usize = 5;
const TEMPLATE: usize = 6;

/// A text with every occurrence of another replaced; `None` if the result would be larger than 1 MiB.
///
/// ```
/// # use hrpush::expr::functions::replace::replace;
/// assert_eq!(replace("Product Developer", "Developer", "Engineer").as_deref(), Some("Product Engineer"));
/// ```
pub fn replace<'t>(text: &'t str, old: &str, new: &str) -> Option<Cow<'t, str>> {
    let count = if old.is_empty() { 0 } else { text.matches(old).count() };
    if count == 0 {
        return Some(Cow::Borrowed(text));
    }
    let size = text.len() - count * old.len() + count.saturating_mul(new.len());
    (size <= LARGEST).then(|| Cow::Owned(text.replace(old, new)))
}

/// A text with every match of a regular expression of .NET replaced; `None` if the result would be larger than 1 MiB.
///
/// # Errors
/// The search takes more work than the budget allows.
///
/// ```
/// # use hrpush::expr::{Pattern, SearchBudget, functions::replace::replace_matches};
/// let digits = Pattern::new("[0-9]+").unwrap();
/// let replaced = replace_matches("john72", &digits, None, "<$0>", &SearchBudget::default());
/// assert_eq!(replaced.unwrap().as_deref(), Some("john<72>"));
/// ```
pub fn replace_matches<'t>(
    text: &'t str,
    pattern: &Pattern,
    group: Option<usize>,
    new: &str,
    budget: &SearchBudget,
) -> Result<Option<Cow<'t, str>>, String> {
    let mut out = String::new();
    let (mut copied, mut from) = (0, 0);
    let mut changed = false;
    while from <= text.len() {
        let Some(found) = pattern.find(text, from, budget)? else { break };
        let Some(whole) = found.group(0) else { break };
        let part = group.map_or_else(|| Some(whole.clone()), |group| found.group(group));
        if let Some(part) = part.filter(|part| part.start >= copied) {
            changed = true;
            out.push_str(&text[copied..part.start]);
            pattern.expand(new, &found, text, &mut out);
            copied = part.end;
            if out.len() > LARGEST {
                return Ok(None);
            }
        }
        // As in .NET, an empty match moves one character on.
        let next = || text[whole.end..].chars().next().map_or(text.len() + 1, |letter| whole.end + letter.len_utf8());
        from = if whole.is_empty() { next() } else { whole.end };
    }
    if !changed {
        return Ok(Some(Cow::Borrowed(text)));
    }
    out.push_str(&text[copied..]);
    Ok(Some(Cow::Owned(out)))
}

fn by_mode<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    if args.given(PATTERN) {
        return by_pattern(args);
    }
    let site = args.site;
    let replaced = |text: Cow<'r, str>, old: &str, new: &str| -> Eval<'r, Cow<'r, str>> {
        try_through(text, |text| replace(text, old, new).ok_or_else(|| too_large(&site.span)))
    };
    let old = args.text(OLD)?.unwrap_or_default();
    if args.given(TEMPLATE) {
        let (Some(source), Some(template)) = (args.text(SOURCE)?, args.text(TEMPLATE)?) else { return Ok(Value::Null) };
        return replaced(template, &old, &source).map(Value::Text);
    }
    let new = if args.given(NEW) { args.text(NEW)? } else { args.text(OTHER)? }.unwrap_or_default();
    args.each(SOURCE, |text| replaced(text, &old, &new))
}

fn by_pattern<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let (site, env) = (args.site, args.env);
    let place = args.place(PATTERN);
    let pattern = if let Some(pattern) = &site.regex {
        Arc::clone(pattern)
    } else {
        let Some(source) = args.text(PATTERN)? else { return Ok(args.take(SOURCE)) };
        Arc::new(Pattern::new(&source).map_err(|error| args.fault_at(PATTERN, "regex", error))?)
    };
    let group = if args.given(GROUP) {
        let name = args.text(GROUP)?.unwrap_or_default();
        // If the pattern comes from the record, the name that the mapping writes out is not at fault.
        let at = if site.regex.is_some() { GROUP } else { PATTERN };
        let no_group = || args.fault_at(at, "regex", "the regular expression has no group of this name");
        Some(pattern.group(&name).ok_or_else(no_group)?)
    } else {
        None
    };
    let too_hard = |error: String| -> Box<Stop> { fault(place, "regex-too-hard", error) };
    if args.given(OTHER) && !args.given(NEW) {
        // The source if it has a value, else what the group (or the whole pattern) finds in the other attribute.
        if let Some(source) = args.text(SOURCE)?.filter(|source| !source.is_empty()) {
            return Ok(Value::Text(source));
        }
        let Some(other) = args.text(OTHER)? else { return Ok(Value::Null) };
        let found = pattern.find(&other, 0, env.budget.searches).map_err(too_hard)?;
        let part = found.and_then(|found| found.group(group.unwrap_or(0)));
        return Ok(part.map_or(Value::Null, |part| Value::owned(&other[part])));
    }
    let new = args.text(NEW)?.unwrap_or_default();
    args.each(SOURCE, |text| {
        try_through(text, |text| {
            let replaced = replace_matches(text, &pattern, group, &new, env.budget.searches).map_err(too_hard)?;
            replaced.ok_or_else(|| too_large(&site.span))
        })
    })
}
