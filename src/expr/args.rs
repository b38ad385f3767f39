//! The evaluated arguments of a call, and how a function reads them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::regex::Pattern;
use super::runtime::{Env, Eval, Stop, fault};
use super::value::{Value, flag_text};

/// Where a call and its arguments are in the expression.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallSite {
    pub(crate) span: Range<usize>,
    pub(crate) arguments: Vec<ArgumentSite>,
    /// The compiled regular expression of the call, if it is a constant.
    pub(crate) regex: Option<Arc<Pattern>>,
}

/// Where one argument is.
#[derive(Clone, Debug)]
pub(crate) struct ArgumentSite {
    pub(crate) span: Range<usize>,
    /// False for the place of an argument that was left out.
    pub(crate) written: bool,
}

/// The arguments that a function is called with.
pub(crate) struct Args<'a, 'r> {
    pub(crate) site: &'r CallSite,
    pub(crate) values: &'a mut [Value<'r>],
    pub(crate) env: &'a Env<'a>,
}

impl<'r> Args<'_, 'r> {
    /// A fault of the whole call.
    pub(crate) fn fault(&self, code: &'static str, message: impl Into<String>) -> Box<Stop> {
        fault(&self.site.span, code, message)
    }

    /// A fault of one argument.
    pub(crate) fn fault_at(&self, at: usize, code: &'static str, message: impl Into<String>) -> Box<Stop> {
        fault(self.place(at), code, message)
    }

    /// The place of an argument.
    pub(crate) fn place(&self, at: usize) -> &'r Range<usize> {
        self.site.arguments.get(at).map_or(&self.site.span, |argument| &argument.span)
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the argument was written.
    pub(crate) fn given(&self, at: usize) -> bool {
        self.site.arguments.get(at).is_some_and(|argument| argument.written)
    }

    /// The value of an argument; a second call returns null.
    pub(crate) fn take(&mut self, at: usize) -> Value<'r> {
        self.values.get_mut(at).map(std::mem::take).unwrap_or_default()
    }

    /// The text of an argument; `None` if it is absent.
    pub(crate) fn text(&mut self, at: usize) -> Eval<'r, Option<Cow<'r, str>>> {
        let value = self.take(at);
        into_text(value, self.place(at))
    }

    /// The text of an argument; `None` if it is absent or blank.
    pub(crate) fn filled(&mut self, at: usize) -> Eval<'r, Option<Cow<'r, str>>> {
        Ok(self.text(at)?.filter(|text| !text.trim().is_empty()))
    }

    /// The whole number of an argument; `None` if it is absent or blank.
    pub(crate) fn number(&mut self, at: usize) -> Eval<'r, Option<i64>> {
        match self.take(at) {
            Value::Number(number) => Ok(Some(number)),
            other => {
                let Some(text) = into_text(other, self.place(at))? else { return Ok(None) };
                let text = text.trim();
                if text.is_empty() {
                    return Ok(None);
                }
                whole_number(text).map(Some).ok_or_else(|| self.fault_at(at, "not-a-number", "this is not a whole number"))
            }
        }
    }

    /// The whole number of an argument that cannot be left out.
    pub(crate) fn required_number(&mut self, at: usize) -> Eval<'r, i64> {
        self.number(at)?.ok_or_else(|| self.fault_at(at, "not-a-number", "a number is missing here"))
    }

    /// The values of an argument: none, one or several.
    pub(crate) fn list(&mut self, at: usize) -> Eval<'r, Option<Vec<Cow<'r, str>>>> {
        match self.take(at) {
            Value::Null => Ok(None),
            Value::List(items) => Ok(Some(items)),
            other => Ok(into_text(other, self.place(at))?.map(|text| vec![text])),
        }
    }

    /// Applies a function to the text of an argument, or to each of its values. An absent argument stays absent.
    pub(crate) fn each(&mut self, at: usize, mut apply: impl FnMut(Cow<'r, str>) -> Eval<'r, Cow<'r, str>>) -> Eval<'r> {
        match self.take(at) {
            Value::List(items) => Ok(Value::List(items.into_iter().map(apply).collect::<Result<_, _>>()?)),
            other => into_text(other, self.place(at))?.map_or(Ok(Value::Null), |text| apply(text).map(Value::Text)),
        }
    }
}

/// Changes a text by a function of `&str`. A part of a text of the record is borrowed from it, so that it costs no allocation.
pub(crate) fn through(text: Cow<'_, str>, change: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => match change(&text) {
            // A part of the same length is the whole.
            Cow::Borrowed(part) if part.len() == text.len() => Cow::Owned(text),
            changed => Cow::Owned(changed.into_owned()),
        },
    }
}

/// Does the same by a function that can fail.
pub(crate) fn try_through(
    text: Cow<'_, str>,
    change: impl FnOnce(&str) -> Result<Cow<'_, str>, Box<Stop>>,
) -> Result<Cow<'_, str>, Box<Stop>> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => Ok(match change(&text)? {
            // A part of the same length is the whole.
            Cow::Borrowed(part) if part.len() == text.len() => Cow::Owned(text),
            changed => Cow::Owned(changed.into_owned()),
        }),
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

/// The one text of a value; `None` if it is absent.
///
/// # Errors
/// A fault if there are several values.
pub(crate) fn into_text<'r>(value: Value<'r>, span: &Range<usize>) -> Eval<'r, Option<Cow<'r, str>>> {
    match value {
        Value::Text(text) => Ok(Some(text)),
        Value::List(mut items) => {
            if items.len() > 1 {
                return Err(fault(span, "several-values", "there are several values where one is needed"));
            }
            Ok(items.pop())
        }
        Value::Null => Ok(None),
        Value::Flag(flag) => Ok(Some(Cow::Borrowed(flag_text(flag)))),
        Value::Number(number) => Ok(Some(Cow::Owned(number.to_string()))),
    }
}
