//! Durations as people write them: `24h`, `7d`, `2w`, `12mo`, `1y`.

use jiff::{SignedDuration, Span};

use crate::diagnostic::toml::{Reader, Table};

/// The number and the unit of a duration.
fn split(text: &str) -> Option<(i64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    // A thousand years are enough, and no addition of them fails.
    let number = text[..digits].parse().ok().filter(|number| (0..=12_000).contains(number))?;
    Some((number, text[digits..].trim()))
}

/// A duration by the calendar.
pub(super) fn span(text: &str) -> Option<Span> {
    let (number, unit) = split(text)?;
    Some(match unit {
        "min" => Span::new().minutes(number),
        "h" => Span::new().hours(number),
        "d" => Span::new().days(number),
        "w" => Span::new().weeks(number),
        "mo" => Span::new().months(number),
        "y" if number <= 1_000 => Span::new().years(number),
        _ => return None,
    })
}

/// A duration by the clock; a day has 24 hours.
pub(super) fn exact(text: &str) -> Option<SignedDuration> {
    let (number, unit) = split(text)?;
    Some(match unit {
        "s" => SignedDuration::from_secs(number),
        "min" => SignedDuration::from_mins(number),
        "h" => SignedDuration::from_hours(number),
        "d" => SignedDuration::from_hours(number * 24),
        "w" => SignedDuration::from_hours(number * 24 * 7),
        _ => return None,
    })
}

/// Reads a duration in the form that `parse` accepts.
pub(super) fn timed<T>(
    reader: &mut Reader<'_>,
    fields: &Table<'_, '_>,
    key: &'static str,
    hint: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let found = reader.string(fields, key)?;
    let value = parse(&found.value);
    if value.is_none() {
        reader.fault(&found.span, format!("`{key}` cannot be `{}`", found.value), hint);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(exact("7d"), Some(SignedDuration::from_hours(168)));
        assert_eq!(exact("90s"), Some(SignedDuration::from_secs(90)));
        assert_eq!(exact("24h"), Some(SignedDuration::from_hours(24)));
        assert_eq!(exact("2w"), Some(SignedDuration::from_hours(336)));
        assert_eq!(span("12mo").map(|span| span.get_months()), Some(12));
        for wrong in ["7", "d", "-7d", "7 days", "1.5d", "", "99999999999999999999d"] {
            assert_eq!(exact(wrong), None, "{wrong}");
        }
    }
}
