//! Conditions and the functions of logic and null.

use std::ops::Range;

use crate::expr::args::Args;
use crate::expr::evaluate::{Eval, Stop, fault};
use crate::expr::value::Value;

/// Whether a condition holds: a boolean, the text of one, or a number other than 0. An absent or empty condition does not hold.
pub(crate) fn condition<'r>(value: &Value<'r>, span: &Range<usize>) -> Eval<'r, bool> {
    match truth(value) {
        Some(truth) => Ok(truth),
        None if value.is_empty() => Ok(false),
        None => Err(fault(span, "not-a-condition", "this is neither true nor false")),
    }
}

/// The boolean that a value means.
fn truth(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(*flag),
        Value::Number(number) => Some(*number != 0),
        Value::Null => None,
        Value::Text(_) | Value::List(_) => {
            let text = value.to_text()?;
            let text = text.trim();
            if text.eq_ignore_ascii_case("true") {
                Some(true)
            } else if text.eq_ignore_ascii_case("false") {
                Some(false)
            } else {
                text.parse::<i64>().ok().map(|number| number != 0)
            }
        }
    }
}

/// One value for a comparison.
pub(crate) fn single<'r>(value: Value<'r>, span: &Range<usize>) -> Eval<'r> {
    match value {
        Value::List(mut items) => match items.len() {
            0 => Ok(Value::Null),
            1 => Ok(items.pop().map_or(Value::Null, Value::Text)),
            _ => Err(fault(span, "several-values", "several values cannot be compared")),
        },
        other => Ok(other),
    }
}

pub(crate) fn not<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let value = args.take(0);
    let text = value.to_text();
    Ok(Value::Flag(!text.is_some_and(|text| text.eq_ignore_ascii_case("true"))))
}

pub(crate) fn is_null<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(Value::Flag(args.values[0] == Value::Null))
}

pub(crate) fn is_null_or_empty<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(Value::Flag(args.values[0].is_empty()))
}

pub(crate) fn is_present<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(Value::Flag(!args.values[0].is_empty()))
}

pub(crate) fn is_string<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(Value::Flag(matches!(args.values[0], Value::Text(_))))
}

pub(crate) fn cbool<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let value = args.take(0);
    match truth(&value) {
        Some(truth) => Ok(Value::Flag(truth)),
        None if value.is_empty() => Ok(Value::Null),
        None => Err(fault(args.place(0), "not-a-condition", "this is neither a boolean nor a number")),
    }
}

pub(crate) fn bit_and<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(match (args.number(0)?, args.number(1)?) {
        (Some(one), Some(two)) => Value::Number(one & two),
        _ => Value::Null,
    })
}

pub(crate) fn ignore_if_empty<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let value = args.take(0);
    if value.is_empty() { Err(Box::new(Stop::IgnoreAttribute)) } else { Ok(value) }
}

pub(crate) fn error<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let text = args.text(0)?.unwrap_or_default();
    Err(args.fault("raised", text.chars().take(500).collect::<String>()))
}
