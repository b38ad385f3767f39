//! The functions of one text: its ends, its parts, what is found in it.

use std::borrow::Cow;

use super::case::change_case;
use super::diacritics;
use crate::expr::args::Args;
use crate::expr::evaluate::{Eval, LARGEST, fault, too_large};
use crate::expr::value::Value;

pub(crate) fn append<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    affix(args, 0, 1, false)
}

pub(crate) fn prepend<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    affix(args, 1, 0, true)
}

fn affix<'r>(args: &mut Args<'_, 'r>, source: usize, affix: usize, before: bool) -> Eval<'r> {
    let Some(affix) = args.text(affix)? else { return Ok(args.take(source)) };
    let source = args.take(source);
    let count = if let Value::List(items) = &source { items.len() } else { 1 };
    if affix.len().saturating_mul(count) > LARGEST {
        return Err(too_large(args.span));
    }
    Ok(each(source, |text| {
        let (one, two) = if before { (&*affix, &*text) } else { (&*text, &*affix) };
        let mut both = String::with_capacity(one.len() + two.len());
        both.push_str(one);
        both.push_str(two);
        Cow::Owned(both)
    }))
}

pub(crate) fn left<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let count = args.required_number(1)?;
    let Some(text) = args.text(0)? else { return Ok(Value::lent("")) };
    let Ok(count) = usize::try_from(count) else { return Ok(Value::Text(text)) };
    let end = units(&text, count);
    Ok(Value::Text(slice(text, 0, end)))
}

pub(crate) fn len<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let count = args.text(0)?.map_or(0, |text| text.encode_utf16().count());
    Ok(Value::Number(i64::try_from(count).unwrap_or(i64::MAX)))
}

pub(crate) fn mid<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let start = args.required_number(1)?;
    let length = args.required_number(2)?;
    let start = from_one(args, 1, start)?;
    let length = usize::try_from(length).map_err(|_| fault(args.place(2), "bad-argument", "a length cannot be negative"))?;
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let start = units(&text, start);
    let end = start + units(&text[start..], length);
    Ok(Value::Text(slice(text, start, end)))
}

pub(crate) fn in_str<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let start = args.number(2)?.unwrap_or(1);
    let start = from_one(args, 2, start)?;
    let ignore_case = match args.number(3)?.unwrap_or(0) {
        0 => false,
        1 => true,
        _ => return Err(fault(args.place(3), "bad-argument", "the comparison is vbTextCompare or vbBinaryCompare")),
    };
    let (Some(text), Some(wanted)) = (args.text(0)?, args.text(1)?) else { return Ok(Value::Number(0)) };
    let (text, wanted) = if ignore_case {
        (Cow::Owned(change_case(&text, None, false)), Cow::Owned(change_case(&wanted, None, false)))
    } else {
        (text, wanted)
    };
    if start >= text.encode_utf16().count() {
        return Ok(Value::Number(0));
    }
    let from = units(&text, start);
    let found = text[from..].find(&*wanted).filter(|_| !text.is_empty());
    Ok(Value::Number(found.map_or(0, |found| {
        let before = text[..from + found].encode_utf16().count();
        i64::try_from(before + 1).unwrap_or(i64::MAX)
    })))
}

/// How many characters stand before a place that counts from 1.
fn from_one<'r>(args: &Args<'_, 'r>, at: usize, place: i64) -> Eval<'r, usize> {
    usize::try_from(place)
        .ok()
        .and_then(|place| place.checked_sub(1))
        .ok_or_else(|| fault(args.place(at), "bad-argument", "the first character is 1"))
}

/// The byte where a text reaches a number of UTF-16 units; a pair is never split.
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

fn slice(text: Cow<'_, str>, start: usize, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.drain(..start);
            Cow::Owned(text)
        }
    }
}

pub(crate) fn strip_spaces<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(each(args.take(0), |text| {
        if !text.as_bytes().contains(&b' ') {
            return text;
        }
        let mut text = text.into_owned();
        text.retain(|letter| letter != ' ');
        Cow::Owned(text)
    }))
}

pub(crate) fn trim<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(each(args.take(0), |text| through(text, |text| Cow::Borrowed(text.trim()))))
}

pub(crate) fn normalize_diacritics<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(each(args.take(0), |text| through(text, diacritics::normalize)))
}

pub(crate) fn word<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let number = args.required_number(1)?;
    let delimiters = args.text(2)?.unwrap_or_default();
    let Some(text) = args.text(0)? else { return Ok(Value::lent("")) };
    let Some(skip) = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)) else { return Ok(Value::lent("")) };
    let found = text.split(|letter| delimiters.contains(letter)).filter(|word| !word.is_empty()).nth(skip).unwrap_or_default();
    Ok(Value::owned(found))
}

/// The value of the n-th component of a distinguished name, from the left.
pub(crate) fn dn_component<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let number = args.required_number(1)?;
    let Some(dn) = args.text(0)? else { return Ok(Value::Null) };
    let mut components = vec![String::new()];
    let mut letters = dn.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' => components.push(String::new()),
            '\\' => components.last_mut().into_iter().for_each(|last| last.extend(letters.next())),
            _ => components.last_mut().into_iter().for_each(|last| last.push(letter)),
        }
    }
    let component = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).and_then(|at| components.get(at));
    Ok(component.map_or(Value::Null, |component| {
        let value = component.split_once('=').map_or(component.as_str(), |(_, value)| value);
        Value::owned(value.trim())
    }))
}

pub(crate) fn cstr<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(args.text(0)?.map_or(Value::Null, Value::Text))
}

pub(crate) fn same<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(args.take(0))
}

pub(crate) fn default_domain<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    match &args.env.context.default_domain {
        Some(domain) => Ok(Value::owned(domain)),
        None => Err(args.fault("no-default-domain", "the tenant's default domain is not known")),
    }
}

/// Applies a function to the text, or to each of several.
pub(super) fn each<'r>(value: Value<'r>, apply: impl Fn(Cow<'r, str>) -> Cow<'r, str>) -> Value<'r> {
    match value {
        Value::Null => Value::Null,
        Value::List(items) => Value::List(items.into_iter().map(apply).collect()),
        Value::Text(text) => Value::Text(apply(text)),
        other => {
            other.to_text().map_or(Value::Null, |text| Value::Text(Cow::Owned(apply(Cow::Owned(text.into_owned())).into_owned())))
        }
    }
}

/// Changes a text through a function of `&str`, keeping the loan where nothing changes.
pub(super) fn through(text: Cow<'_, str>, change: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => match change(&text) {
            // A part of the same length is the whole.
            Cow::Borrowed(part) if part.len() == text.len() => Cow::Owned(text),
            changed => Cow::Owned(changed.into_owned()),
        },
    }
}
