//! What a function is called with.

use std::borrow::Cow;
use std::ops::Range;

use super::ast::Call;
use super::evaluate::{Env, Eval, Stop, fault};
use super::value::Value;

/// The evaluated arguments of a call.
pub(crate) struct Args<'a, 'r> {
    pub(crate) call: &'r Call,
    pub(crate) span: &'r Range<usize>,
    pub(crate) values: &'a mut [Value<'r>],
    pub(crate) env: &'a Env<'a>,
}

impl<'r> Args<'_, 'r> {
    pub(crate) fn fault(&self, code: &'static str, message: impl Into<String>) -> Box<Stop> {
        fault(self.span, code, message)
    }

    /// The place of an argument.
    pub(crate) fn place(&self, at: usize) -> &'r Range<usize> {
        self.call.args.get(at).map_or(self.span, |arg| &arg.span)
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the argument was written.
    pub(crate) fn given(&self, at: usize) -> bool {
        self.call.args.get(at).is_some_and(|arg| !arg.is_empty())
    }

    pub(crate) fn take(&mut self, at: usize) -> Value<'r> {
        self.values.get_mut(at).map(std::mem::take).unwrap_or_default()
    }

    /// The text of an argument; nothing if it is absent.
    pub(crate) fn text(&mut self, at: usize) -> Eval<'r, Option<Cow<'r, str>>> {
        let value = self.take(at);
        into_text(value, self.place(at))
    }

    /// The text of an argument; nothing if it is absent or blank.
    pub(crate) fn filled(&mut self, at: usize) -> Eval<'r, Option<Cow<'r, str>>> {
        Ok(self.text(at)?.filter(|text| !text.trim().is_empty()))
    }

    /// The whole number of an argument; nothing if it is absent or empty.
    pub(crate) fn number(&mut self, at: usize) -> Eval<'r, Option<i64>> {
        match self.take(at) {
            Value::Number(number) => Ok(Some(number)),
            other => {
                let Some(text) = into_text(other, self.place(at))? else { return Ok(None) };
                let text = text.trim();
                if text.is_empty() {
                    return Ok(None);
                }
                whole_number(text).map(Some).ok_or_else(|| fault(self.place(at), "not-a-number", "this is not a whole number"))
            }
        }
    }

    /// The whole number of an argument that must be there.
    pub(crate) fn required_number(&mut self, at: usize) -> Eval<'r, i64> {
        self.number(at)?.ok_or_else(|| fault(self.place(at), "not-a-number", "a number is missing here"))
    }

    /// The values of an argument: none, one or several.
    pub(crate) fn list(&mut self, at: usize) -> Eval<'r, Option<Vec<Cow<'r, str>>>> {
        match self.take(at) {
            Value::Null => Ok(None),
            Value::List(items) => Ok(Some(items)),
            other => Ok(into_text(other, self.place(at))?.map(|text| vec![text])),
        }
    }
}

/// The number of a text; stored schemas hold every number as text, `&H` ones too.
pub(crate) fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("&H").or_else(|| text.strip_prefix("&h")) {
        Some(hex) if hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => i64::from_str_radix(hex, 16).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

pub(crate) fn into_text<'r>(value: Value<'r>, span: &Range<usize>) -> Eval<'r, Option<Cow<'r, str>>> {
    match value {
        Value::Text(text) => Ok(Some(text)),
        Value::List(mut items) => {
            if items.len() > 1 {
                return Err(fault(span, "several-values", "several values stand where one is needed"));
            }
            Ok(items.pop())
        }
        Value::Null => Ok(None),
        Value::Flag(flag) => Ok(Some(Cow::Borrowed(super::value::flag_text(flag)))),
        Value::Number(number) => Ok(Some(Cow::Owned(number.to_string()))),
    }
}
