//! `Replace` in its five modes.

use std::borrow::Cow;
use std::sync::Arc;

use crate::expr::args::Args;
use crate::expr::evaluate::{Eval, LARGEST, Stop, fault, too_large};
use crate::expr::regex::Pattern;
use crate::expr::value::Value;

const OLD: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const NEW: usize = 4;
const OTHER: usize = 5;
const TEMPLATE: usize = 6;

pub(crate) fn replace<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    if args.given(PATTERN) {
        return with_pattern(args);
    }
    let old = args.text(OLD)?.unwrap_or_default();
    if args.given(TEMPLATE) {
        let source = args.text(0)?;
        let template = args.text(TEMPLATE)?;
        let (Some(source), Some(template)) = (source, template) else { return Ok(Value::Null) };
        return replaced(args, template, &old, &source).map(Value::Text);
    }
    let new = if args.given(NEW) { args.text(NEW)? } else { args.text(OTHER)? }.unwrap_or_default();
    match args.take(0) {
        Value::List(items) => {
            Ok(Value::List(items.into_iter().map(|item| replaced(args, item, &old, &new)).collect::<Result<_, _>>()?))
        }
        Value::Null => Ok(Value::Null),
        other => Ok(crate::expr::args::into_text(other, args.place(0))?
            .map_or(Ok(Value::Null), |text| replaced(args, text, &old, &new).map(Value::Text))?),
    }
}

/// Every occurrence of a text replaced by another.
fn replaced<'r>(args: &Args<'_, 'r>, text: Cow<'r, str>, old: &str, new: &str) -> Eval<'r, Cow<'r, str>> {
    if old.is_empty() {
        return Ok(text);
    }
    let count = text.matches(old).count();
    if count == 0 {
        return Ok(text);
    }
    if text.len() - count * old.len() + count.saturating_mul(new.len()) > LARGEST {
        return Err(too_large(args.span));
    }
    Ok(Cow::Owned(text.replace(old, new)))
}

fn with_pattern<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let pattern = if let Some(pattern) = &args.call.regex {
        Arc::clone(pattern)
    } else {
        let Some(source) = args.text(PATTERN)? else { return Ok(args.take(0)) };
        Arc::new(Pattern::new(&source).map_err(|error| fault(args.place(PATTERN), "regex", error))?)
    };
    let group = if args.given(GROUP) {
        let name = args.text(GROUP)?.unwrap_or_default();
        // Where the record brings the pattern, a name that the mapping writes out is not at fault.
        let at = if args.call.regex.is_some() { GROUP } else { PATTERN };
        let no_group = || fault(args.place(at), "regex", "the regular expression has no group of this name");
        Some(pattern.group(&name).ok_or_else(no_group)?)
    } else {
        None
    };
    if args.given(OTHER) && !args.given(NEW) {
        return from_other(args, &pattern, group);
    }
    let new = args.text(NEW)?.unwrap_or_default();
    match args.take(0) {
        Value::Null => Ok(Value::Null),
        Value::List(items) => {
            Ok(Value::List(items.into_iter().map(|item| search(args, &pattern, group, item, &new)).collect::<Result<_, _>>()?))
        }
        other => match crate::expr::args::into_text(other, args.place(0))? {
            Some(text) => search(args, &pattern, group, text, &new).map(Value::Text),
            None => Ok(Value::Null),
        },
    }
}

/// The source if it has a value, else what the group (or the whole pattern) finds in the other attribute.
fn from_other<'r>(args: &mut Args<'_, 'r>, pattern: &Pattern, group: Option<usize>) -> Eval<'r> {
    if let Some(source) = args.text(0)?.filter(|source| !source.is_empty()) {
        return Ok(Value::Text(source));
    }
    let Some(other) = args.text(OTHER)? else { return Ok(Value::Null) };
    let found = pattern.find(&other, 0, args.env.work).map_err(|error| fault(args.place(PATTERN), "regex-too-hard", error))?;
    let place = found.and_then(|found| found.group(group.unwrap_or(0)));
    Ok(place.map_or(Value::Null, |place| Value::owned(&other[place])))
}

/// Every match replaced, as .NET goes on after a match: an empty match moves one character on.
fn search<'r>(
    args: &Args<'_, 'r>,
    pattern: &Pattern,
    group: Option<usize>,
    text: Cow<'r, str>,
    new: &str,
) -> Eval<'r, Cow<'r, str>> {
    let hard = |error: String| -> Box<Stop> { fault(args.place(PATTERN), "regex-too-hard", error) };
    let mut out = String::new();
    let (mut copied, mut from) = (0, 0);
    let mut changed = false;
    while from <= text.len() {
        let Some(found) = pattern.find(&text, from, args.env.work).map_err(hard)? else { break };
        let Some((start, end)) = found.group(0).map(|whole| (whole.start, whole.end)) else { break };
        let part = match group {
            None => Some((start, end)),
            Some(group) => found.group(group).map(|place| (place.start, place.end)),
        };
        if let Some((part_start, part_end)) = part.filter(|(part_start, _)| *part_start >= copied) {
            changed = true;
            out.push_str(&text[copied..part_start]);
            pattern.expand(new, &found, &text, &mut out);
            copied = part_end;
            if out.len() > LARGEST {
                return Err(too_large(args.span));
            }
        }
        from =
            if end > start { end } else { text[end..].chars().next().map_or(text.len() + 1, |letter| end + letter.len_utf8()) };
    }
    if !changed {
        return Ok(text);
    }
    out.push_str(&text[copied..]);
    Ok(Cow::Owned(out))
}
