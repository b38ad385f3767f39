//! Date formats of .NET, in the invariant culture: reading exactly, and writing.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, Weekday};

use super::dates::is_in_range;

pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// One piece of a format: a field with the number of its letters, or literal text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Field(char, usize),
    Literal(String),
}

/// A format of .NET.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pieces: Vec<Piece>,
}

/// How a reading treats blanks and zones.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Styles {
    leading: bool,
    trailing: bool,
    inner: bool,
    no_current: bool,
}

impl Default for Styles {
    fn default() -> Self {
        Self { leading: true, trailing: true, inner: false, no_current: false }
    }
}

impl Styles {
    /// The names of .NET's `DateTimeStyles`, separated by commas.
    pub(crate) fn new(names: &str) -> Result<Self, String> {
        let mut styles = Self { leading: false, trailing: false, inner: false, no_current: false };
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "AllowLeadingWhite" => styles.leading = true,
                "AllowTrailingWhite" => styles.trailing = true,
                "AllowInnerWhite" => styles.inner = true,
                "AllowWhiteSpaces" => (styles.leading, styles.trailing, styles.inner) = (true, true, true),
                "NoCurrentDateDefault" => styles.no_current = true,
                "None" | "RoundtripKind" | "AdjustToUniversal" | "AssumeUniversal" | "AssumeLocal" => {}
                _ => return Err(format!("`{name}` is no style of reading dates")),
            }
        }
        Ok(styles)
    }
}

/// A moment in UTC, and whether its text said so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    at: DateTime,
    zoned: bool,
}

/// The custom format that a standard one stands for.
fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        's' => "yyyy-MM-ddTHH:mm:ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy-MM-dd HH:mm:ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

impl Format {
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let mut only = text.chars();
        if let (Some(letter), None) = (only.next(), only.next()) {
            return match standard(letter) {
                Some(custom) => Self::custom(custom),
                None => Err(format!("`{letter}` alone is no date format")),
            };
        }
        if text.is_empty() {
            return Err("the date format is empty".into());
        }
        Self::custom(text)
    }

    fn custom(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut letters = text.chars().peekable();
        let mut literal = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                'd' | 'f' | 'F' | 'g' | 'h' | 'H' | 'K' | 'm' | 'M' | 's' | 't' | 'y' | 'z' => {
                    let mut count = 1;
                    while letter != 'K' && letters.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    if matches!(letter, 'f' | 'F') && count > 7 {
                        return Err("a second has at most seven decimal places".into());
                    }
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Field(letter, count));
                }
                '\'' | '"' => loop {
                    match letters.next() {
                        Some(next) if next == letter => break,
                        Some('\\') => literal.extend(letters.next()),
                        Some(next) => literal.push(next),
                        None => return Err("a quotation in the date format is not closed".into()),
                    }
                },
                '\\' => literal.push(letters.next().ok_or("the date format ends with a lone backslash")?),
                '%' => {
                    if letters.peek().is_none_or(|next| *next == '%') {
                        return Err("a lone `%` is no date format".into());
                    }
                }
                _ => literal.push(letter),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// Why no date can ever be read with this format.
    pub(crate) fn never_reads(&self) -> Option<String> {
        if !self.pieces.iter().any(|piece| matches!(piece, Piece::Field(..))) {
            return Some("this format has no part of a date".into());
        }
        let capital = |piece: &Piece| match piece {
            Piece::Literal(text) => ["YYYY", "YY", "DD", "SS"].into_iter().find(|letters| text.contains(letters)),
            Piece::Field(..) => None,
        };
        if let Some(letters) = self.pieces.iter().find_map(capital) {
            return Some(format!("`{letters}` stands for itself in a date format: years are `yyyy`, days `dd`, seconds `ss`"));
        }
        // Two fields of one kind that must both be filled contradict each other only if they differ; a doubled hour always does.
        let has = |letter: char| self.pieces.iter().any(|piece| matches!(piece, Piece::Field(found, _) if *found == letter));
        (has('h') && has('H')).then(|| "this format has both `h` and `H`".into())
    }

    pub(crate) fn write(&self, moment: &Moment) -> String {
        let at = moment.at;
        let mut out = String::new();
        let twelve = (i32::from(at.hour()) + 11) % 12 + 1;
        for piece in &self.pieces {
            let (letter, count) = match piece {
                Piece::Literal(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Field(letter, count) => (*letter, *count),
            };
            let number = |out: &mut String, value: i32, most: usize| {
                let width = count.min(most);
                let _ = write!(out, "{value:0width$}");
            };
            match letter {
                'y' if count <= 2 => number(&mut out, i32::from(at.year()) % 100, 2),
                'y' => number(&mut out, at.year().into(), count),
                'M' if count <= 2 => number(&mut out, at.month().into(), 2),
                'M' => out.push_str(name(&MONTHS, usize::try_from(at.month() - 1).unwrap_or(0), count)),
                'd' if count <= 2 => number(&mut out, at.day().into(), 2),
                'd' => out.push_str(name(&DAYS, usize::try_from(at.weekday().to_sunday_zero_offset()).unwrap_or(0), count)),
                'H' => number(&mut out, at.hour().into(), 2),
                'h' => number(&mut out, twelve, 2),
                'm' => number(&mut out, at.minute().into(), 2),
                's' => number(&mut out, at.second().into(), 2),
                'f' | 'F' => {
                    let digits = format!("{:09}", at.subsec_nanosecond());
                    let digits = &digits[..count];
                    let digits = if letter == 'F' { digits.trim_end_matches('0') } else { digits };
                    if letter == 'F' && digits.is_empty() && out.ends_with('.') {
                        out.pop();
                    }
                    out.push_str(digits);
                }
                't' => out.push_str(&(if at.hour() < 12 { "AM" } else { "PM" })[..count.min(2)]),
                'z' => out.push_str(match count {
                    1 => "+0",
                    2 => "+00",
                    _ => "+00:00",
                }),
                'K' if moment.zoned => out.push('Z'),
                'g' => out.push_str("A.D."),
                _ => {}
            }
        }
        out
    }

    /// Reads a text that has exactly this form; an offset moves it to UTC. What the format lacks comes from `today`.
    pub(crate) fn read(&self, text: &str, styles: Styles, today: Date) -> Option<Moment> {
        let text = if styles.leading { text.trim_start() } else { text };
        let text = if styles.trailing { text.trim_end() } else { text };
        let mut reading = Reading { rest: text, ..Reading::default() };
        for (at, piece) in self.pieces.iter().enumerate() {
            if styles.inner {
                reading.rest = reading.rest.trim_start();
            }
            match piece {
                Piece::Literal(literal) => reading.literal(literal, styles.inner, self.pieces.get(at + 1))?,
                Piece::Field(letter, count) => reading.field(*letter, *count)?,
            }
        }
        if !reading.rest.is_empty() {
            return None;
        }
        reading.moment(styles, today)
    }
}

fn name<'n>(names: &[&'n str], at: usize, count: usize) -> &'n str {
    let name = names.get(at).copied().unwrap_or_default();
    if count == 3 { &name[..3] } else { name }
}

#[derive(Default)]
struct Reading<'t> {
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

/// Keeps a field; the same field twice must say the same.
fn keep<T: PartialEq + Copy>(field: &mut Option<T>, value: T) -> Option<()> {
    match field {
        Some(known) if *known != value => None,
        _ => {
            *field = Some(value);
            Some(())
        }
    }
}

impl Reading<'_> {
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
                keep(&mut self.offset, 0)?;
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

    fn name(&mut self, names: &[&str], short: bool) -> Option<usize> {
        let found = names.iter().position(|name| {
            let name = if short { &name[..3] } else { name };
            self.rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        })?;
        let length = if short { 3 } else { names[found].len() };
        self.rest = &self.rest[length..];
        Some(found)
    }

    fn field(&mut self, letter: char, count: usize) -> Option<()> {
        match letter {
            'y' => {
                let year = if count <= 2 { self.digits(count, 2)? } else { self.digits(count.min(4), count.max(4))? };
                let year = match (count, year) {
                    (1 | 2, 0..=49) => year + 2000,
                    (1 | 2, _) => year + 1900,
                    _ => year,
                };
                keep(&mut self.year, year)
            }
            'M' if count <= 2 => {
                let month = self.pair(count)?;
                keep(&mut self.month, month)
            }
            'M' => {
                let month = self.name(&MONTHS, count == 3)?;
                keep(&mut self.month, i32::try_from(month).ok()? + 1)
            }
            'd' if count <= 2 => {
                let day = self.pair(count)?;
                keep(&mut self.day, day)
            }
            'd' => {
                let day = self.name(&DAYS, count == 3)?;
                keep(&mut self.weekday, i8::try_from(day).ok()?)
            }
            'H' => {
                let hour = self.pair(count)?;
                keep(&mut self.hour, hour)
            }
            'h' => {
                let hour = self.pair(count)?;
                keep(&mut self.twelve, hour)
            }
            'm' => {
                let minute = self.pair(count)?;
                keep(&mut self.minute, minute)
            }
            's' => {
                let second = self.pair(count)?;
                keep(&mut self.second, second)
            }
            'f' | 'F' => {
                let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count().min(count);
                if letter == 'f' && digits < count {
                    return None;
                }
                let padded: String = self.rest[..digits].chars().chain("000000000".chars()).take(9).collect();
                self.rest = &self.rest[digits..];
                keep(&mut self.nanosecond, padded.parse().ok()?)
            }
            't' => {
                let length = count.min(2);
                let found = self.rest.get(..length)?.to_ascii_uppercase();
                self.rest = &self.rest[length..];
                match found.as_str() {
                    "A" | "AM" => keep(&mut self.afternoon, false),
                    "P" | "PM" => keep(&mut self.afternoon, true),
                    _ => None,
                }
            }
            'z' => self.zone(),
            'K' => {
                if let Some(rest) = self.rest.strip_prefix('Z') {
                    self.rest = rest;
                    return keep(&mut self.offset, 0);
                }
                if self.rest.starts_with(['+', '-']) { self.zone() } else { Some(()) }
            }
            _ => {
                self.rest = self.rest.strip_prefix("A.D.").or_else(|| self.rest.strip_prefix("AD"))?;
                Some(())
            }
        }
    }

    fn zone(&mut self) -> Option<()> {
        let sign = match self.rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            'Z' => {
                self.rest = &self.rest[1..];
                return keep(&mut self.offset, 0);
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
        if hours > 14 || minutes > 59 {
            return None;
        }
        keep(&mut self.offset, sign * i64::from(hours * 60 + minutes))
    }

    fn moment(&self, styles: Styles, today: Date) -> Option<Moment> {
        let hour = match (self.hour, self.twelve, self.afternoon) {
            (Some(hour), None, half) => {
                let consistent = half.is_none_or(|afternoon| (hour >= 12) == afternoon);
                consistent.then_some(hour)?
            }
            (None, Some(hour), Some(afternoon)) => {
                (1..=12).contains(&hour).then_some(hour % 12 + if afternoon { 12 } else { 0 })?
            }
            (None, Some(hour), None) => hour,
            (None, None, Some(true)) => 12,
            (None, None, _) => 0,
            (Some(hour), Some(twelve), _) => (hour % 12 == twelve % 12).then_some(hour)?,
        };
        let time = Time::new(
            hour.try_into().ok()?,
            self.minute.unwrap_or(0).try_into().ok()?,
            self.second.unwrap_or(0).try_into().ok()?,
            self.nanosecond.unwrap_or(0),
        )
        .ok()?;
        let date = if self.year.is_none() && self.month.is_none() && self.day.is_none() {
            if styles.no_current { Date::constant(1, 1, 1) } else { today }
        } else {
            let year = self.year.unwrap_or(if styles.no_current { 1 } else { today.year().into() });
            Date::new(year.try_into().ok()?, self.month.unwrap_or(1).try_into().ok()?, self.day.unwrap_or(1).try_into().ok()?)
                .ok()?
        };
        if self.weekday.is_some_and(|weekday| Weekday::from_sunday_zero_offset(weekday).ok() != Some(date.weekday())) {
            return None;
        }
        let at = date.to_datetime(time).checked_sub(SignedDuration::from_mins(self.offset.unwrap_or(0))).ok()?;
        is_in_range(at).then_some(Moment { at, zoned: self.offset.is_some() })
    }
}
