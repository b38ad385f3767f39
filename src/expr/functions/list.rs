//! The functions of several values: joining, splitting, choosing.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::expr::args::Args;
use crate::expr::evaluate::{Eval, LARGEST, fault, too_large};
use crate::expr::value::Value;

pub(crate) fn join<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let separator = args.text(0)?.unwrap_or_default();
    let size: usize = args.values[1..].iter().map(|value| value.size() + separator.len()).sum();
    let mut joined = String::with_capacity(size.min(LARGEST));
    let (mut present, mut first) = (false, true);
    for at in 1..args.len() {
        let value = args.take(at);
        present |= value != Value::Null;
        let mut add = |text: &str| {
            if text.is_empty() {
                return true;
            }
            if !first {
                joined.push_str(&separator);
            }
            first = false;
            joined.push_str(text);
            joined.len() <= LARGEST
        };
        let fits = match &value {
            Value::Text(text) => add(text),
            Value::List(items) => items.iter().all(|item| add(item)),
            other => other.to_text().is_none_or(|text| add(&text)),
        };
        if !fits {
            return Err(too_large(args.span));
        }
    }
    Ok(if present { Value::owned(joined) } else { Value::Null })
}

pub(crate) fn split<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let delimiter = args.text(1)?.unwrap_or_default();
    let Some(items) = args.list(0)? else { return Ok(Value::Null) };
    if delimiter.is_empty() {
        return Ok(Value::List(items.into_iter().filter(|item| !item.is_empty()).collect()));
    }
    let mut parts: Vec<Cow<'r, str>> = Vec::new();
    for item in items {
        match item {
            Cow::Borrowed(item) => parts.extend(item.split(&*delimiter).filter(|part| !part.is_empty()).map(Cow::Borrowed)),
            Cow::Owned(item) => {
                parts.extend(item.split(&*delimiter).filter(|part| !part.is_empty()).map(|part| Cow::Owned(part.to_owned())));
            }
        }
    }
    Ok(Value::List(parts))
}

pub(crate) fn item<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let index = args.required_number(1)?;
    let Some(items) = args.list(0)? else { return Ok(Value::Null) };
    let count = items.len();
    usize::try_from(index)
        .ok()
        .and_then(|index| index.checked_sub(1))
        .and_then(|index| items.into_iter().nth(index))
        .map(Value::Text)
        .ok_or_else(|| {
            fault(args.place(1), "out-of-range", format!("there is no value {index}: the first is 1, and there are {count}"))
        })
}

pub(crate) fn count<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(Value::Number(match args.take(0) {
        Value::Null => 0,
        Value::List(items) => i64::try_from(items.len()).unwrap_or(i64::MAX),
        _ => 1,
    }))
}

pub(crate) fn remove_duplicates<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(items) = args.list(0)? else { return Ok(Value::Null) };
    let mut seen = HashSet::with_capacity(items.len());
    Ok(Value::List(items.into_iter().filter(|item| seen.insert(item.clone())).collect()))
}
