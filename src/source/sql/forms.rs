//! Stable forms: one text for one value, whatever the server's locale.

use std::fmt::Write as _;

/// `2024-03-01 08:00:00+00` of a server becomes `2024-03-01T08:00:00Z`; what looks otherwise stays as it is.
pub(super) fn moment(text: &str, into: &mut String) {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes[10] != b' ' || !text.is_char_boundary(11) {
        into.push_str(text);
        return;
    }
    into.push_str(&text[..10]);
    into.push('T');
    let time = &text[11..];
    match time.strip_suffix("+00:00").or_else(|| time.strip_suffix("+00")) {
        Some(utc) => {
            into.push_str(utc);
            into.push('Z');
        }
        None => into.push_str(time),
    }
}

/// A number of whole units and a scale, exact: 1234567 with scale 4 is `123.4567`.
pub(super) fn decimal(value: i128, scale: usize, into: &mut String) {
    let digits = value.unsigned_abs().to_string();
    if value < 0 {
        into.push('-');
    }
    let (whole, part) = digits.split_at(digits.len().saturating_sub(scale));
    into.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let _ = write!(into, ".{part:0>scale$}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut text = String::new();
        write(&mut text);
        text
    }

    #[test]
    fn moments_are_iso() {
        for (from, to) in [
            ("2024-03-01 08:00:00+00", "2024-03-01T08:00:00Z"),
            ("2024-03-01 08:00:00.125+00", "2024-03-01T08:00:00.125Z"),
            ("2024-03-01 08:00:00", "2024-03-01T08:00:00"),
            ("0044-03-15 08:00:00 BC", "0044-03-15T08:00:00 BC"),
            ("infinity", "infinity"),
            ("2024-03-01", "2024-03-01"),
        ] {
            assert_eq!(written(|into| moment(from, into)), to);
        }
    }

    #[test]
    fn a_day_of_every_server_is_that_day() {
        use jiff::civil::date;
        use jiff::tz::TimeZone;
        let zone = TimeZone::get("America/Denver").unwrap();
        for days in (0..57_000).step_by(97) {
            let day = date(1930, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            // PostgreSQL, MySQL, SQL Server (with a blank before the offset in text columns), SQLite.
            for notes in [
                format!("{day}"),
                format!("{day} 00:00:00"),
                format!("{day} 00:00:00+00"),
                format!("{day} 00:00:00.000000"),
                format!("{day}T00:00:00"),
                format!("{day}T00:00:00+01:00"),
                format!("{day} 00:00:00.0000000 -07:00"),
                format!("{day} 14:30:00"),
            ] {
                let text = written(|into| moment(&notes, into));
                assert_eq!(crate::record::day_of(&text, &zone), Some(day), "{notes}: {text}");
            }
        }
    }

    #[test]
    fn decimals_are_exact() {
        for (value, scale, text) in [
            (1_234_567, 4, "123.4567"),
            (-5, 2, "-0.05"),
            (5, 0, "5"),
            (0, 2, "0.00"),
            (100, 2, "1.00"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(written(|into| decimal(value, scale, into)), text);
        }
    }
}
