//! Reading a text that has exactly the form of a format.

use jiff::SignedDuration;
use jiff::civil::{Date, Time, Weekday};

use super::piece::{Moment, Piece};
use super::styles::Styles;
use crate::expr::date_text::{DAYS, MONTHS, is_in_range};
use crate::record::full_year;

/// What was read so far, and what is left of the text.
#[derive(Default)]
pub(super) struct Reading<'t> {
    rest: &'t str,
    year: Option<i32>,
    month: Option<i32>,
    day: Option<i32>,
    weekday: Option<i8>,
    hour: Option<i32>,
    twelve: Option<i32>,
    minute: Option<i32>,
    second: Option<i32>,
    nanosecond: Option<i32>,
    afternoon: Option<bool>,
    offset: Option<i64>,
}

impl<'t> Reading<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { rest: text, ..Self::default() }
    }

    /// Reads one piece of a format; `next` is the one after it, `inner` allows blanks before each.
    pub(super) fn piece(&mut self, piece: &Piece, next: Option<&Piece>, inner: bool) -> Option<()> {
        if inner {
            self.rest = self.rest.trim_start();
        }
        match piece {
            Piece::Literal(literal) => self.literal(literal, inner, next),
            Piece::Field(letter, count) => self.field(*letter, *count),
        }
    }

    fn literal(&mut self, literal: &str, inner: bool, next: Option<&Piece>) -> Option<()> {
        let mut letters = literal.chars().peekable();
        while let Some(letter) = letters.next() {
            if inner && letter == ' ' {
                self.rest = self.rest.trim_start();
                continue;
            }
            // A point before a fraction that may be missing may be missing too.
            if letter == '.'
                && letters.peek().is_none()
                && matches!(next, Some(Piece::Field('F', _)))
                && !self.rest.starts_with('.')
            {
                continue;
            }
            self.rest = self.rest.strip_prefix(letter)?;
            if letter == 'Z' {
                keep(0, &mut self.offset)?;
            }
        }
        Some(())
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<i32> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count().min(most);
        if count < least {
            return None;
        }
        let number = self.rest[..count].parse().ok()?;
        self.rest = &self.rest[count..];
        Some(number)
    }

    /// One letter takes one or two digits, more letters exactly two.
    fn pair(&mut self, count: usize) -> Option<i32> {
        self.digits(count.min(2), 2)
    }

    /// The place of a name among these, in any case.
    fn name(&mut self, names: &[&str], short: bool) -> Option<i8> {
        let found = names.iter().position(|name| {
            let name = if short { &name[..3] } else { name };
            self.rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        })?;
        let length = if short { 3 } else { names[found].len() };
        self.rest = &self.rest[length..];
        i8::try_from(found).ok()
    }

    /// One field of a format. The names of days and months are those of .NET's invariant culture.
    fn field(&mut self, letter: char, count: usize) -> Option<()> {
        match letter {
            'y' => keep(self.full_year(count)?, &mut self.year),
            'M' if count <= 2 => keep(self.pair(count)?, &mut self.month),
            'M' => keep(i32::from(self.name(&MONTHS, count == 3)?) + 1, &mut self.month),
            'd' if count <= 2 => keep(self.pair(count)?, &mut self.day),
            'd' => keep(self.name(&DAYS, count == 3)?, &mut self.weekday),
            'H' => keep(self.pair(count)?, &mut self.hour),
            'h' => keep(self.pair(count)?, &mut self.twelve),
            'm' => keep(self.pair(count)?, &mut self.minute),
            's' => keep(self.pair(count)?, &mut self.second),
            'f' => keep(self.fraction(count, count)?, &mut self.nanosecond),
            'F' => keep(self.fraction(0, count)?, &mut self.nanosecond),
            't' => keep(self.half(count)?, &mut self.afternoon),
            // A date without a zone may have no zone in its text.
            'K' if !self.rest.starts_with(['Z', '+', '-']) => Some(()),
            'z' | 'K' => keep(self.zone()?, &mut self.offset),
            _ => {
                self.rest = self.rest.strip_prefix("A.D.").or_else(|| self.rest.strip_prefix("AD"))?;
                Some(())
            }
        }
    }

    /// A year of at most two digits is completed as everywhere in hrpush.
    fn full_year(&mut self, count: usize) -> Option<i32> {
        if count > 2 {
            return self.digits(count.min(4), count.max(4));
        }
        let year = self.digits(count, 2)?;
        Some(full_year(u8::try_from(year).ok()?).into())
    }

    /// The decimal places of a second, as nanoseconds.
    fn fraction(&mut self, least: usize, most: usize) -> Option<i32> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count().min(most);
        if digits < least {
            return None;
        }
        let padded: String = self.rest[..digits].chars().chain("000000000".chars()).take(9).collect();
        self.rest = &self.rest[digits..];
        padded.parse().ok()
    }

    /// Whether it is the afternoon.
    fn half(&mut self, count: usize) -> Option<bool> {
        let length = count.min(2);
        let found = self.rest.get(..length)?.to_ascii_uppercase();
        self.rest = &self.rest[length..];
        match found.as_str() {
            "A" | "AM" => Some(false),
            "P" | "PM" => Some(true),
            _ => None,
        }
    }

    /// By how many minutes a zone is ahead of UTC.
    fn zone(&mut self) -> Option<i64> {
        let sign = match self.rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            'Z' => {
                self.rest = &self.rest[1..];
                return Some(0);
            }
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.digits(1, 2)?;
        let colon = self.rest.strip_prefix(':');
        let minutes = if colon.is_some() || self.rest.starts_with(|next: char| next.is_ascii_digit()) {
            self.rest = colon.unwrap_or(self.rest);
            self.digits(2, 2)?
        } else {
            0
        };
        (hours <= 14 && minutes <= 59).then(|| sign * i64::from(hours * 60 + minutes))
    }

    /// The moment that was read whole; what the format lacks comes from `today`.
    pub(super) fn moment(&self, styles: Styles, today: Date) -> Option<Moment> {
        if !self.rest.is_empty() {
            return None;
        }
        let date = self.date(styles, today)?;
        if self.weekday.is_some_and(|weekday| Weekday::from_sunday_zero_offset(weekday).ok() != Some(date.weekday())) {
            return None;
        }
        let at = date.to_datetime(self.time()?).checked_sub(SignedDuration::from_mins(self.offset.unwrap_or(0))).ok()?;
        is_in_range(at).then_some(Moment { at, zoned: self.offset.is_some() })
    }

    fn date(&self, styles: Styles, today: Date) -> Option<Date> {
        if self.year.is_none() && self.month.is_none() && self.day.is_none() {
            return Some(if styles.has(Styles::NO_CURRENT) { Date::constant(1, 1, 1) } else { today });
        }
        let year = self.year.unwrap_or(if styles.has(Styles::NO_CURRENT) { 1 } else { today.year().into() });
        Date::new(year.try_into().ok()?, self.month.unwrap_or(1).try_into().ok()?, self.day.unwrap_or(1).try_into().ok()?).ok()
    }

    fn time(&self) -> Option<Time> {
        Time::new(
            self.hour_of_day()?.try_into().ok()?,
            self.minute.unwrap_or(0).try_into().ok()?,
            self.second.unwrap_or(0).try_into().ok()?,
            self.nanosecond.unwrap_or(0),
        )
        .ok()
    }

    fn hour_of_day(&self) -> Option<i32> {
        match (self.hour, self.twelve, self.afternoon) {
            (Some(hour), None, half) => half.is_none_or(|afternoon| (hour >= 12) == afternoon).then_some(hour),
            (None, Some(hour), Some(afternoon)) => (1..=12).contains(&hour).then_some(hour % 12 + if afternoon { 12 } else { 0 }),
            (None, Some(hour), None) => Some(hour),
            (None, None, Some(true)) => Some(12),
            (None, None, _) => Some(0),
            (Some(hour), Some(twelve), _) => (hour % 12 == twelve % 12).then_some(hour),
        }
    }
}

/// Keeps a field; the same field twice must say the same.
fn keep<T: PartialEq>(value: T, field: &mut Option<T>) -> Option<()> {
    match field {
        Some(known) if *known != value => None,
        _ => {
            *field = Some(value);
            Some(())
        }
    }
}
