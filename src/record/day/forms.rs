//! The forms that need no format: ISO 8601 and its relatives, milliseconds since 1970, `/Date(…)/`, and Entra's own text.

use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::{Moment, since_1970};

pub(super) fn moment(text: &str) -> Option<Moment> {
    match text.as_bytes() {
        [b'/', ..] => odata(text),
        [_, _, _, _, b'-', ..] => iso(text),
        _ => millis(text).or_else(|| entra(text)),
    }
}

/// A moment of UTC by its milliseconds since 1970.
pub(super) fn epoch(millis: i64) -> Option<Moment> {
    let utc = since_1970(SignedDuration::from_millis(millis))?;
    Some(Moment { date: utc.date(), time: utc.time(), offset: Some(Offset::UTC) })
}

/// Milliseconds since 1970 that nothing declares: 12 to 15 digits, which no other form of a date has. 14 digits may be a year with
/// its day and time.
fn millis(text: &str) -> Option<Moment> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !(12..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() == 14 && Date::strptime("%Y%m%d", &digits[..8]).is_ok() {
        return None;
    }
    epoch(text.parse().ok()?)
}

/// `/Date(1583107200000+0060)/`: milliseconds in UTC, and by how many minutes the day of the service is ahead.
fn odata(text: &str) -> Option<Moment> {
    let inside = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign = inside.char_indices().skip(1).find(|(_, character)| matches!(character, '+' | '-'));
    let Some((at, sign)) = sign else { return epoch(inside.parse().ok()?) };
    let minutes: i64 = inside[at + 1..].parse().ok().filter(|minutes| (0..24 * 60).contains(minutes))?;
    let utc: i64 = inside[..at].parse().ok()?;
    let ahead = minutes * if sign == '-' { -1 } else { 1 };
    let local = since_1970(SignedDuration::from_millis(utc))?.checked_add(SignedDuration::from_mins(ahead)).ok()?;
    let offset = Offset::from_seconds(i32::try_from(ahead * 60).ok()?).ok()?;
    Some(Moment { date: local.date(), time: local.time(), offset: Some(offset) })
}

/// A `/Date(…)/` as ISO 8601; nothing for every other text.
///
/// ```
/// # use hrpush::record::plain_moment;
/// assert_eq!(plain_moment("/Date(1580688000000)/").as_deref(), Some("2020-02-03"));
/// assert_eq!(plain_moment("/Date(1618796144000)/").as_deref(), Some("2021-04-19T01:35:44Z"));
/// assert_eq!(plain_moment("2020-02-03"), None);
/// ```
pub fn plain_moment(text: &str) -> Option<String> {
    let Moment { date, time, offset } = odata(text.trim())?;
    if time == Time::midnight() {
        return Some(date.to_string());
    }
    // The moment is the same; only days keep their own zone.
    let utc = date.to_datetime(time).checked_sub(SignedDuration::from_secs(offset?.seconds().into())).ok()?;
    Some(utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// `2026-12-20`, alone, with a zone (Workday: `2026-12-20-07:00`), or with a time of day.
fn iso(text: &str) -> Option<Moment> {
    let mut reader = Reader { rest: text };
    let date = reader.iso_day()?;
    if reader.rest.is_empty() {
        return Some(Moment::whole_day(date));
    }
    if let Some(offset) = zone(reader.rest.trim_start()) {
        return Some(Moment { date, time: Time::midnight(), offset: Some(offset) });
    }
    if reader.eat('T').is_none() && reader.eat('t').is_none() {
        reader.eat(' ')?;
    }
    reader.rest = reader.rest.trim_start();
    let time = reader.time()?;
    let rest = reader.rest.trim_start();
    let offset = if rest.is_empty() { None } else { Some(zone(rest)?) };
    Some(Moment { date, time, offset })
}

/// `2026-12-20` and nothing else.
pub(super) fn iso_day(text: &str) -> Option<Date> {
    let mut reader = Reader { rest: text };
    let date = reader.iso_day()?;
    reader.rest.is_empty().then_some(date)
}

/// `1/31/2026 12:00:00 AM`, the text of a date in Entra's expressions, which is a moment of UTC.
fn entra(text: &str) -> Option<Moment> {
    let mut reader = Reader { rest: text };
    let month = reader.digits(1, 2)?;
    reader.eat('/')?;
    let day = reader.digits(1, 2)?;
    reader.eat('/')?;
    let year = reader.digits(4, 4)?;
    reader.eat(' ')?;
    let date = civil(year, month, day)?;
    let (clock, half) = reader.rest.rsplit_once(' ')?;
    if !matches!(half.to_ascii_uppercase().as_str(), "AM" | "PM") || clock.matches(':').count() != 2 {
        return None;
    }
    let time = reader.time()?;
    reader.rest.is_empty().then_some(Moment { date, time, offset: Some(Offset::UTC) })
}

/// `Z`, `UTC`, `+02`, `+0200`, `+02:00`, each with the name of a zone in brackets behind it if need be.
fn zone(text: &str) -> Option<Offset> {
    let text = match text.split_once('[') {
        Some((offset, name)) if name.ends_with(']') => offset,
        Some(_) => return None,
        None => text,
    };
    if ["Z", "UTC", "GMT"].iter().any(|name| name.eq_ignore_ascii_case(text)) {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let mut reader = Reader { rest };
    let hours = reader.digits(2, 2).filter(|hours| *hours < 24)?;
    let mut seconds = hours * 3_600;
    for each in [60, 1] {
        if reader.rest.is_empty() {
            break;
        }
        let _ = reader.eat(':');
        seconds += reader.digits(2, 2).filter(|part| *part < 60)? * each;
    }
    if reader.rest.is_empty() { Offset::from_seconds(sign * seconds).ok() } else { None }
}

fn civil(year: i32, month: i32, day: i32) -> Option<Date> {
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }

    /// The number of at least and at most so many digits; it takes as many as there are.
    fn digits(&mut self, least: usize, most: usize) -> Option<i32> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return None;
        }
        let number = self.rest[..count].parse().ok()?;
        self.rest = &self.rest[count..];
        Some(number)
    }

    fn iso_day(&mut self) -> Option<Date> {
        let year = self.digits(4, 4)?;
        self.eat('-')?;
        let month = self.digits(1, 2)?;
        self.eat('-')?;
        let day = self.digits(1, 2)?;
        civil(year, month, day)
    }

    /// `00:00`, `8:00:00`, `08:00:00.123`, `12:00:00 AM`.
    fn time(&mut self) -> Option<Time> {
        let mut hour = self.digits(1, 2)?;
        self.eat(':')?;
        let minute = self.digits(2, 2)?;
        let (mut second, mut nanosecond) = (0, 0);
        if self.eat(':').is_some() {
            second = self.digits(2, 2)?;
            if self.eat('.').is_some() || self.eat(',').is_some() {
                nanosecond = self.fraction()?;
            }
        }
        let half = self.rest.trim_start().get(..2).map(str::to_ascii_uppercase);
        if let Some("AM" | "PM") = half.as_deref() {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half.as_deref() == Some("PM") { 12 } else { 0 };
            self.rest = &self.rest.trim_start()[2..];
        }
        Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, nanosecond).ok()
    }

    /// The decimal places of a second as nanoseconds; places beyond those are cut off.
    fn fraction(&mut self) -> Option<i32> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return None;
        }
        let padded: String = self.rest[..count].chars().chain("000000000".chars()).take(9).collect();
        self.rest = &self.rest[count..];
        padded.parse().ok()
    }
}
