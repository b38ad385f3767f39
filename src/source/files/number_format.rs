//! Numbers of a workbook as the text that the sheet shows: `00000` keeps its zeros, a long id its digits.

/// The number without a format: its digits in full, never an exponent, rounded where a sheet rounds.
pub(super) fn general(number: f64) -> String {
    // A sheet shows at most 15 digits that count; more would show 0.30000000000000004.
    let rounded = format!("{number:.14e}").parse().unwrap_or(number);
    let digits: f64 = if number.abs() < 1e15 { rounded } else { number };
    format!("{}", if digits == 0.0 { 0.0 } else { digits })
}

/// The number by a format code of a workbook; separators of thousands are left out. Nothing where the code is not understood or
/// says no more than [`general`].
pub(super) fn by_code(number: f64, code: &str) -> Option<String> {
    let sections = sections(code);
    if number.abs() >= 1e15
        || sections.iter().any(|section| section.starts_with("[<") || section.starts_with("[>") || section.starts_with("[="))
    {
        return None;
    }
    let (section, sign) = match sections.as_slice() {
        [_, negative, ..] if number < 0.0 => (negative, ""),
        [_, _, zero, ..] if number == 0.0 => (zero, ""),
        [only, ..] if number < 0.0 => (only, "-"),
        [only, ..] => (only, ""),
        [] => return None,
    };
    let parts = parts(section)?;
    parts.iter().any(|part| matches!(part, Part::Digit(_))).then(|| format!("{sign}{}", fill(number.abs(), &parts)))
}

/// Whether a format code shows the time of a day.
pub(super) fn shows_time(code: &str) -> bool {
    let plain = parts_text(sections(code).first().map_or("", String::as_str));
    plain.to_ascii_lowercase().contains(['h', 's'])
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// A place for a digit: `0`, `#` or `?`.
    Digit(char),
    Point,
    Percent,
    Literal(char),
}

/// The sections of a code, cut at every semicolon that is none of its texts.
fn sections(code: &str) -> Vec<String> {
    let (mut sections, mut now, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' if !quoted => {
                now.push('\\');
                now.extend(characters.next());
                continue;
            }
            ';' if !quoted => {
                sections.push(std::mem::take(&mut now));
                continue;
            }
            _ => {}
        }
        now.push(character);
    }
    sections.push(now);
    sections
}

/// A section without its quoted, escaped and bracketed texts.
fn parts_text(section: &str) -> String {
    let (mut plain, mut quoted, mut bracket) = (String::new(), false, false);
    let mut characters = section.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '[' if !quoted => bracket = true,
            ']' if bracket => bracket = false,
            '\\' | '_' | '*' if !quoted => {
                characters.next();
            }
            _ if !quoted && !bracket => plain.push(character),
            _ => {}
        }
    }
    plain
}

/// What a section is made of; nothing where it means more than digits and texts.
fn parts(section: &str) -> Option<Vec<Part>> {
    let (mut parts, mut point) = (Vec::new(), false);
    let mut characters = section.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '0' | '#' | '?' => parts.push(Part::Digit(character)),
            '.' if !point => {
                point = true;
                parts.push(Part::Point);
            }
            ',' if matches!(characters.peek(), Some('0' | '#' | '?')) => {}
            '%' => parts.push(Part::Percent),
            '"' => parts.extend(characters.by_ref().take_while(|&inner| inner != '"').map(Part::Literal)),
            '\\' => parts.extend(characters.next().map(Part::Literal)),
            '_' | '*' => {
                characters.next();
            }
            '[' => {
                let inside: String = characters.by_ref().take_while(|&inner| inner != ']').collect();
                if let Some(currency) = inside.strip_prefix('$') {
                    parts.extend(currency.chars().take_while(|&inner| inner != '-').map(Part::Literal));
                }
            }
            // Scaling commas, fractions, exponents, dates and words.
            ',' | '/' | '@' | '.' => return None,
            letter if letter.is_ascii_alphabetic() => return None,
            other => parts.push(Part::Literal(other)),
        }
    }
    Some(parts)
}

fn fill(number: f64, parts: &[Part]) -> String {
    let percent = parts.contains(&Part::Percent);
    let number = if percent { number * 100.0 } else { number };
    let split = parts.iter().position(|part| *part == Part::Point).unwrap_or(parts.len());
    let (whole, fraction) = parts.split_at(split);
    let is_digit = |part: &&Part| matches!(part, Part::Digit(_));
    let places: Vec<&Part> = fraction.iter().filter(is_digit).collect();
    let decimals = places.len();
    let written = format!("{number:.decimals$}");
    let (digits, after) = written.split_once('.').unwrap_or((&written, ""));
    let mut text = whole_part(digits, whole);
    let mut after = after.chars().collect::<Vec<char>>();
    let forced = places.iter().rposition(|part| **part == Part::Digit('0')).map_or(0, |last| last + 1);
    while after.len() > forced && after.last() == Some(&'0') {
        after.pop();
    }
    let mut after = after.into_iter();
    let shows_fraction = after.len() > 0;
    for part in fraction {
        match part {
            Part::Point if shows_fraction => text.push('.'),
            Part::Digit(_) => text.extend(after.next()),
            Part::Percent => text.push('%'),
            Part::Literal(literal) => text.push(*literal),
            Part::Point => {}
        }
    }
    text.trim().to_owned()
}

/// The digits before the point, from the right into their places; those that are left stand before the first place.
fn whole_part(digits: &str, parts: &[Part]) -> String {
    let mut left: Vec<char> = if digits == "0" { Vec::new() } else { digits.chars().collect() };
    let first = parts.iter().position(|part| matches!(part, Part::Digit(_)));
    let mut reversed = Vec::new();
    for (index, part) in parts.iter().enumerate().rev() {
        match part {
            Part::Digit(place) => match left.pop() {
                Some(digit) => reversed.push(digit),
                None if *place == '0' => reversed.push('0'),
                None => {}
            },
            Part::Literal(literal) => reversed.push(*literal),
            Part::Percent => reversed.push('%'),
            Part::Point => {}
        }
        if Some(index) == first {
            while let Some(digit) = left.pop() {
                reversed.push(digit);
            }
        }
    }
    reversed.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_format_keeps_its_digits() {
        assert_eq!(general(4_021_010_000_007.0), "4021010000007");
        assert_eq!(general(9_007_199_254_740_991.0), "9007199254740991");
        assert_eq!(general(0.1 + 0.2), "0.3");
        assert_eq!(general(-0.0), "0");
        assert_eq!(general(1e21), "1000000000000000000000");
    }

    #[test]
    fn a_format_gives_the_text_that_the_sheet_shows() {
        for (number, code, wanted) in [
            (123.0, "00000", Some("00123")),
            (123_456.0, "00000", Some("123456")),
            (0.0, "0000", Some("0000")),
            (42.0, "\"E\"0000", Some("E0042")),
            (42.0, "\\P-000", Some("P-042")),
            (491_234_567.0, "000-000-0000", Some("049-123-4567")),
            (0.75, "0.00", Some("0.75")),
            (1.0, "0.00", Some("1.00")),
            (0.5, "#.##", Some(".5")),
            (3.0, "0.##", Some("3")),
            (1250.0, "#,##0.00\\ [$€-407]", Some("1250.00 €")),
            (0.8, "0%", Some("80%")),
            (-5.0, "0;(0)", Some("(5)")),
            (-5.0, "000", Some("-005")),
            (0.0, "0;-0;\"none\"0", Some("none0")),
            (5.0, "General", None),
            (5.0, "@", None),
            (5.0, "0.00E+00", None),
            (5.0, "# ?/?", None),
            (5_000.0, "0,", None),
            (5.0, "dd.mm.yyyy", None),
            (5.0, "[>3]0;0", None),
        ] {
            assert_eq!(by_code(number, code).as_deref(), wanted, "{number} as {code}");
        }
    }

    #[test]
    fn a_date_format_says_whether_it_shows_the_time() {
        assert!(shows_time("yyyy-mm-dd hh:mm") && shows_time("[h]:mm:ss;@") && shows_time("mm:ss"));
        assert!(
            !shows_time("mm-dd-yy")
                && !shows_time("dd.mm.yyyy;@")
                && !shows_time("yyyy\"hs\"")
                && !shows_time("[$-407]d. mmmm yyyy")
        );
    }
}
