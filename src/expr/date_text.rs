//! The texts of dates that expressions read and write: ISO 8601, English dates, and Entra's own form.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

pub(crate) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(crate) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Whether .NET has a date for a moment: the years 1 to 9999.
pub(crate) fn is_in_range(moment: DateTime) -> bool {
    (1..=9999).contains(&moment.year())
}

/// A moment in Entra's own form, `M/d/yyyy h:mm:ss tt`.
pub(crate) fn write(moment: DateTime) -> String {
    let hour = i32::from(moment.hour());
    let half = if hour < 12 { "AM" } else { "PM" };
    let twelve = (hour + 11) % 12 + 1;
    format!(
        "{}/{}/{:04} {twelve}:{:02}:{:02} {half}",
        moment.month(),
        moment.day(),
        moment.year(),
        moment.minute(),
        moment.second()
    )
}

/// Reads the dates that `CDate` takes, as UTC: ISO 8601 with or without time and offset, month-first dates with slashes, and dates
/// with an English month.
pub(crate) fn read(text: &str) -> Option<DateTime> {
    let mut reader = Reader { rest: text.trim() };
    let date = reader.date()?;
    let mut moment = date.at(0, 0, 0, 0);
    let before = reader.rest;
    let separated = reader.eat("T") || reader.eat("t") || {
        reader.blanks();
        before.len() != reader.rest.len()
    };
    if separated && reader.rest.starts_with(|next: char| next.is_ascii_digit()) {
        moment = reader.time(date)?;
        reader.blanks();
    }
    let shifted = moment.checked_sub(SignedDuration::from_mins(reader.offset()?)).ok()?;
    (reader.rest.is_empty() && is_in_range(shifted)).then_some(shifted)
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(wanted) else { return false };
        self.rest = rest;
        true
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// A number of `least` to `most` digits, and its number of digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<(i32, usize)> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if count < least || count > most {
            return None;
        }
        let number = self.rest[..count].parse().ok()?;
        self.rest = &self.rest[count..];
        Some((number, count))
    }

    /// The position of the name, or of its first three letters, that comes next.
    fn name(&mut self, names: &[&str]) -> Option<usize> {
        let count = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = &self.rest[..count];
        let fits = |name: &&str| name.eq_ignore_ascii_case(word) || count == 3 && name[..3].eq_ignore_ascii_case(word);
        let at = names.iter().position(fits)?;
        self.rest = &self.rest[count..];
        Some(at)
    }

    /// Reads `5 January 2021`, `05-Jan-2021` and `Jan 5, 2021`, each with or without the day of the week before it.
    fn worded(&mut self) -> Option<Date> {
        let weekday = self.name(&DAYS);
        if weekday.is_some() {
            self.eat(",");
            self.blanks();
        }
        let (month, day);
        if let Some(at) = self.name(&MONTHS) {
            self.blanks();
            (month, day) = (at, self.digits(1, 2)?.0);
            self.eat(",");
            self.blanks();
        } else {
            day = self.digits(1, 2)?.0;
            let dash = self.eat("-");
            self.blanks();
            month = self.name(&MONTHS)?;
            if dash != self.eat("-") {
                return None;
            }
            self.blanks();
        }
        let (year, _) = self.digits(4, 4)?;
        let date = Date::new(year.try_into().ok()?, i8::try_from(month).ok()? + 1, day.try_into().ok()?).ok()?;
        let named = weekday.is_none_or(|at| usize::try_from(date.weekday().to_sunday_zero_offset()) == Ok(at));
        (date.year() >= 1 && named).then_some(date)
    }

    fn date(&mut self) -> Option<Date> {
        if self.rest.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            let whole = self.rest;
            if let Some(date) = self.worded() {
                return Some(date);
            }
            self.rest = whole;
        }
        let (first, count) = self.digits(1, 4)?;
        let separator = if self.eat("-") {
            "-"
        } else if self.eat("/") {
            "/"
        } else {
            return None;
        };
        let (second, _) = self.digits(1, 2)?;
        if !self.eat(separator) {
            return None;
        }
        let (year, month, day) = if count == 4 {
            (first, second, self.digits(1, 2)?.0)
        } else if count <= 2 {
            (self.digits(4, 4)?.0, first, second)
        } else {
            return None;
        };
        Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok().filter(|date| date.year() >= 1)
    }

    fn time(&mut self, date: Date) -> Option<DateTime> {
        let mut hour = self.digits(1, 2)?.0;
        let (mut minute, mut second, mut nanosecond) = (0, 0, 0);
        let mut has_minutes = false;
        if self.eat(":") {
            has_minutes = true;
            minute = self.digits(2, 2)?.0;
            if self.eat(":") {
                second = self.digits(2, 2)?.0;
                if self.eat(".") {
                    let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                    if count == 0 {
                        return None;
                    }
                    let padded: String = self.rest[..count].chars().chain("000000000".chars()).take(9).collect();
                    nanosecond = padded.parse().ok()?;
                    self.rest = &self.rest[count..];
                }
            }
        }
        self.blanks();
        let half = self.rest.get(..2).map(str::to_ascii_uppercase);
        if let Some("AM" | "PM") = half.as_deref() {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half.as_deref() == Some("PM") { 12 } else { 0 };
            self.rest = &self.rest[2..];
        } else if !has_minutes {
            return None;
        }
        if hour == 24 && minute == 0 && second == 0 {
            return date.tomorrow().ok().map(|next| next.at(0, 0, 0, 0));
        }
        let time =
            jiff::civil::Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, nanosecond).ok()?;
        Some(date.to_datetime(time))
    }

    /// Minutes east of UTC, 0 if there is no offset; `None` if the rest of the text is not an offset.
    fn offset(&mut self) -> Option<i64> {
        self.blanks();
        if self.rest.is_empty() {
            return Some(0);
        }
        if self.eat("Z") || self.eat("z") || self.eat("GMT") {
            return Some(0);
        }
        let sign = if self.eat("+") {
            1
        } else if self.eat("-") {
            -1
        } else {
            return None;
        };
        let (first, count) = self.digits(1, 4)?;
        let (hours, minutes) = match count {
            1 | 2 if self.eat(":") => (first, self.digits(2, 2)?.0),
            1 | 2 => (first, 0),
            4 => (first / 100, first % 100),
            _ => return None,
        };
        (hours <= 14 && minutes < 60).then_some(sign * i64::from(hours * 60 + minutes))
    }
}
