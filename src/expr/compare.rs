//! Comparisons: dates as moments, numbers as numbers, everything else as text.

use std::cmp::Ordering;
use std::ops::Range;

use jiff::civil::DateTime;

use super::ast::{By, Comparison};
use super::date_text;
use super::runtime::{Eval, fault};
use super::value::Value;

/// One side of a comparison: a single value and its place in the expression.
pub(crate) type Side<'s, 'r> = (&'s Value<'r>, &'s Range<usize>);

/// Compares two single values. An absent value equals no other.
///
/// If a function on one side yields a date, both are read as dates. Otherwise two numbers compare as numbers and two dates as dates.
/// The order of a date or a number in a doubtful form is a fault, because the order of the texts means nothing.
pub(crate) fn compare(sign: Comparison, by: By, one: Side<'_, '_>, two: Side<'_, '_>) -> Eval<'static, bool> {
    let (Some(left), Some(right)) = (one.0.to_text(), two.0.to_text()) else { return Ok(sign == Comparison::NotEqual) };
    let typed = matches!(one.0, Value::Number(_)) || matches!(two.0, Value::Number(_));
    let order = match (by, sign) {
        (By::Date, _) => as_dates((&left, one.1), (&right, two.1))?,
        (By::Value, Comparison::Equal | Comparison::NotEqual) => Some(equality(&left, &right, typed)),
        (By::Value, _) => order((&left, one.1), (&right, two.1), typed)?,
    };
    Ok(order.map_or(sign == Comparison::NotEqual, |order| sign.holds(order)))
}

type Text<'t> = (&'t str, &'t Range<usize>);

/// The order of two moments of UTC; `None` if one is blank.
fn as_dates(left: Text<'_>, right: Text<'_>) -> Eval<'static, Option<Ordering>> {
    let read = |(text, span): Text<'_>| -> Eval<'static, Option<DateTime>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let message = "this is not a date that can be compared: read it with FormatDateTime first";
        date_text::read(text).map(Some).ok_or_else(|| fault(span, "bad-date", message))
    };
    let (left, right) = (read(left)?, read(right)?);
    Ok(left.zip(right).map(|(left, right)| left.cmp(&right)))
}

/// Whether two values are the same: texts exactly, but a typed number and two decimals by their value, and two dates by their moment.
fn equality(left: &str, right: &str, typed: bool) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    if typed {
        return numbers(left, right).unwrap_or_else(|| left.cmp(right));
    }
    if let (Some(left), Some(right)) = (date(left), date(right)) {
        return left.cmp(&right);
    }
    match (decimal(left), decimal(right)) {
        (Some(one), Some(two)) if one == two => Ordering::Equal,
        _ => left.cmp(right),
    }
}

/// The sign, the whole part and the decimals of a decimal number, without zeros at its end.
///
/// A text without decimals, or with a zero before its digits, may be an identifier such as `007` and is not a decimal.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, part) = unsigned.split_once(['.', ','])?;
    if whole.len() > 1 && whole.starts_with('0') || number(text).is_none() {
        return None;
    }
    Some((text.starts_with('-'), whole, part.trim_end_matches('0')))
}

/// The form of a text, for a comparison by order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Looks {
    Blank,
    Number,
    Date(DateTime),
    /// A date with day and month in doubt, or a number with a comma that could mean two things.
    Doubtful,
    Text,
}

fn order(left: Text<'_>, right: Text<'_>, typed: bool) -> Eval<'static, Option<Ordering>> {
    let ((one, one_span), (two, two_span)) = (left, right);
    match (looks(one), looks(two)) {
        (Looks::Number, Looks::Number) => Ok(numbers(one, two)),
        (Looks::Date(one), Looks::Date(two)) => Ok(Some(one.cmp(&two))),
        (Looks::Blank, Looks::Number | Looks::Date(_) | Looks::Doubtful)
        | (Looks::Number | Looks::Date(_) | Looks::Doubtful, Looks::Blank) => Ok(None),
        (Looks::Number, Looks::Text) if typed => {
            Err(fault(two_span, "not-a-number", "this is compared with a number, but is not one"))
        }
        (Looks::Text, Looks::Number) if typed => {
            Err(fault(one_span, "not-a-number", "this is compared with a number, but is not one"))
        }
        (Looks::Blank | Looks::Number | Looks::Text, Looks::Blank | Looks::Number | Looks::Text) => Ok(Some(one.cmp(two))),
        _ => {
            let message = "these values have no certain order: compare dates with DateDiff (FormatDateTime reads any form), and numbers \
                           without separators";
            Err(fault(&(one_span.start.min(two_span.start)..one_span.end.max(two_span.end)), "doubtful-comparison", message))
        }
    }
}

fn looks(text: &str) -> Looks {
    let text = text.trim();
    if text.is_empty() {
        return Looks::Blank;
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+')) {
        return Looks::Text;
    }
    if number(text).is_some() {
        return Looks::Number;
    }
    match date(text) {
        Some(date) => Looks::Date(date),
        None if is_doubtful(text) => Looks::Doubtful,
        None => Looks::Text,
    }
}

/// The moment of a date that begins with its year, or has the form that `CDate` yields: no other form names the month for certain.
fn date(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let year_first =
        matches!(text.as_bytes(), [a, b, c, d, b'-' | b'/', ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()));
    let entra = text.matches('/').count() == 2 && text.matches(':').count() == 2 && text.ends_with(['M', 'm']);
    if year_first || entra { date_text::read(text) } else { None }
}

/// Three groups of digits that may be a day, a month and a year, or a number with separators.
fn is_doubtful(text: &str) -> bool {
    let day = text.split([' ', 'T', 't']).next().unwrap_or_default();
    let groups: Vec<&str> = day.split(['.', '/', '-']).collect();
    let digits = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    if let [day, month, year] = groups.as_slice() {
        return groups.iter().all(digits) && day.len() <= 2 && month.len() <= 2 && matches!(year.len(), 2 | 4);
    }
    text.contains(',') && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+'))
}

/// A number with or without decimals, as digits with a point; a comma is one where it cannot part thousands.
fn number(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, part) = match unsigned.split_once(['.', ',']) {
        Some((whole, part)) => (whole, Some(part)),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !part.is_none_or(digits) {
        return None;
    }
    let thousands = part.is_some_and(|part| part.len() == 3) && unsigned.contains(',') && whole != "0";
    (!thousands).then(|| text.replace(',', "."))
}

/// The order of two numbers; `None` if one text is not a number.
fn numbers(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (left.trim(), right.trim());
    if let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) {
        return Some(left.cmp(&right));
    }
    let value = |text: &str| number(text)?.parse::<f64>().ok();
    value(left)?.partial_cmp(&value(right)?)
}

/// Whether a constant can be compared with a number.
pub(crate) fn is_number(text: &str) -> bool {
    number(text.trim()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn less(left: &str, right: &str) -> Result<bool, &'static str> {
        let (left, right) = (Value::borrowed(left), Value::borrowed(right));
        compare(Comparison::Less, By::Value, (&left, &(0..1)), (&right, &(2..3))).map_err(|stop| match *stop {
            super::super::runtime::Stop::Fault(error) => error.code,
            _ => "stop",
        })
    }

    #[test]
    fn dates_and_numbers_have_their_own_order() {
        for (left, right, is_less) in [
            ("9.5", "10.5", true),
            ("9,5", "10", true),
            ("0,875", "1", true),
            ("-2", "1", true),
            ("10", "9", false),
            ("007", "8", true),
            ("2026-12-20", "2027-01-31", true),
            ("2027-01-31T08:00:00Z", "12/31/2026 12:00:00 AM", false),
            ("12/31/2026 12:00:00 AM", "1/1/2027 12:00:00 AM", true),
            ("2026/2/1", "2026/10/1", true),
            ("", "2026-01-01", false),
            (" ", "5", false),
            ("E5", "E7", true),
            ("abc", "abd", true),
            ("5", "E", true),
            ("1e5", "2", true),
        ] {
            assert_eq!(less(left, right), Ok(is_less), "{left} < {right}");
        }
    }

    #[test]
    fn an_order_without_a_sure_meaning_is_a_fault() {
        for (left, right) in [
            ("31.12.2026", "2026-12-01"),
            ("01/02/2026", "03/01/2026"),
            ("31.12.26", "01.01.27"),
            ("2026-12-01", "offen"),
            ("2026-12-01", "20261201"),
            ("1,000", "5"),
            ("1.234,56", "5"),
        ] {
            assert_eq!(less(left, right), Err("doubtful-comparison"), "{left} < {right}");
            assert_eq!(less(right, left), Err("doubtful-comparison"), "{right} < {left}");
        }
    }
}
