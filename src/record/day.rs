//! The one reader of days: from the text of a cell, an answer or a query to a calendar day.
//!
//! Files, REST, SQL, `[lifecycle]` and the attributes that are dates all read through here, so that one text is the same day
//! everywhere. Nothing here reads a clock: where today matters it is an argument.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};
use jiff::tz::{Offset, TimeZone};

use super::trimmed;

pub use self::format::{DayFormat, full_year};
pub use self::forms::plain_moment;

mod format;
mod forms;

/// What a text means where a working day is wanted.
///
/// ```
/// # use hrpush::record::{Day, DayReader};
/// # use jiff::{civil::date, tz::TimeZone};
/// let reader = DayReader::new(Vec::new(), TimeZone::UTC);
/// let today = date(2026, 11, 20);
/// assert_eq!(reader.start("2026-12-20T00:00:00+02:00", today), Day::On(date(2026, 12, 20)));
/// assert_eq!(reader.end("9999-12-31", today), Day::NoEnd);
/// assert!(matches!(reader.end("1449-12-30", today), Day::Impossible(_)));
/// assert_eq!(reader.end("soon", today), Day::Unreadable);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Day {
    /// The end is open: the text stands for "no end".
    NoEnd,
    /// A day on which a person can start or leave.
    On(Date),
    /// A day of the calendar, but none on which anybody starts or leaves today.
    Impossible(Impossible),
    /// No date in any form that is read.
    Unreadable,
}

/// A day before 1930 or more than 60 years ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// The day as it was read.
    pub day: Date,
    /// What may be behind it.
    pub guess: Guess,
    is_past: bool,
}

/// What may be behind an impossible day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// A year of another calendar, by its name.
    Calendar(&'static str),
    /// A year of which the century was lost.
    NoCentury,
    /// A day that stands for "unknown" or "no end".
    Placeholder,
    /// A slip of the keys, or an end that is none.
    Other,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = if self.is_past { "before 1930" } else { "more than 60 years ahead" };
        write!(f, "{} is {bound}", self.day)?;
        match self.guess {
            Guess::Calendar(name) => write!(f, "; {} may be a year of the {name} calendar", self.day.year()),
            Guess::NoCentury => f.write_str("; the year seems to have two digits"),
            Guess::Placeholder => f.write_str("; it looks like a placeholder"),
            Guess::Other => Ok(()),
        }
    }
}

/// Reads texts as calendar days, by the formats of a source and by the forms that databases, services and Entra write.
#[derive(Clone, Debug)]
pub struct DayReader {
    formats: Vec<DayFormat>,
    zone: TimeZone,
}

impl DayReader {
    /// Tries the formats in their order, then the common forms. Moments are days of the zone.
    pub fn new(formats: Vec<DayFormat>, zone: TimeZone) -> Self {
        Self { formats, zone }
    }

    /// The formats, in their order.
    pub fn formats(&self) -> &[DayFormat] {
        &self.formats
    }

    /// The zone in which a moment is a day.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The day of a text, however far away it is.
    pub fn day(&self, text: &str) -> Option<Date> {
        self.read(text).map(|moment| moment.day_in(&self.zone))
    }

    /// A first day at work.
    pub fn start(&self, text: &str, today: Date) -> Day {
        self.day(text).map_or(Day::Unreadable, |day| bounded(day, today))
    }

    /// A last day at work.
    pub fn end(&self, text: &str, today: Date) -> Day {
        self.end_among(text, today, &[])
    }

    /// A last day at work; the listed days mean "no end" as well.
    pub fn end_among(&self, text: &str, today: Date, no_end: &[Date]) -> Day {
        if trimmed(text).eq_ignore_ascii_case("infinity") {
            return Day::NoEnd;
        }
        let Some(moment) = self.read(text) else { return Day::Unreadable };
        let day = moment.day_in(&self.zone);
        // The last second of a year is the next year in some zones, so the day as it is written counts too.
        let is_none = [day, moment.date].into_iter().any(|day| is_no_end(day) || no_end.contains(&day));
        if is_none { Day::NoEnd } else { bounded(day, today) }
    }

    fn read(&self, text: &str) -> Option<Moment> {
        let text = trimmed(text);
        self.formats.iter().find_map(|format| format.moment(text)).or_else(|| forms::moment(text))
    }
}

/// The day of a text in one of the common forms.
///
/// ```
/// # use hrpush::record::day_of;
/// # use jiff::{civil::date, tz::TimeZone};
/// assert_eq!(day_of("2026-12-20T00:00:00+02:00", &TimeZone::UTC), Some(date(2026, 12, 20)));
/// assert_eq!(day_of("2026-12-19T22:00:00Z", &TimeZone::UTC), Some(date(2026, 12, 19)));
/// ```
pub fn day_of(text: &str, zone: &TimeZone) -> Option<Date> {
    forms::moment(trimmed(text)).map(|moment| moment.day_in(zone))
}

/// The day of so many milliseconds since 1970, which a source declares to be that.
pub fn day_of_epoch(millis: i64, zone: &TimeZone) -> Option<Date> {
    forms::epoch(millis).map(|moment| moment.day_in(zone))
}

/// Whether a last day stands for "no end" in every mapping.
pub fn is_no_end(day: Date) -> bool {
    // Databases and spreadsheets make these three days of "no date".
    matches!(day.year(), 9999 | 2999 | 4712 | 2099) || [date(1900, 1, 1), date(1899, 12, 30), date(1, 1, 1)].contains(&day)
}

/// The first day that is believed.
const FIRST: Date = date(1930, 1, 1);
/// How many years ahead a day may lie.
const YEARS_AHEAD: i16 = 60;

/// The day, where it lies within what can be meant.
fn bounded(day: Date, today: Date) -> Day {
    let ahead = (day.year() - YEARS_AHEAD, day.month(), day.day());
    if day >= FIRST && ahead <= (today.year(), today.month(), today.day()) {
        return Day::On(day);
    }
    Day::Impossible(Impossible { day, guess: guess(day, today), is_past: day < FIRST })
}

fn guess(day: Date, today: Date) -> Guess {
    let (year, now) = (i32::from(day.year()), i32::from(today.year()));
    let placeholder = matches!((day.month(), day.day()), (1, 1) | (12, 30 | 31));
    match year {
        1300..=1500 => {
            // A year of the moon is 32/33 of one of the sun.
            let (islamic, persian) = ((now - 622) * 33 / 32, now - 621);
            Guess::Calendar(if (year - persian).abs() < (year - islamic).abs() { "Persian" } else { "Hijri" })
        }
        2440..=2620 => Guess::Calendar("Buddhist"),
        2..=99 => Guess::NoCentury,
        100..=200 => Guess::Calendar("Minguo"),
        _ if placeholder && (year <= 1900 || is_no_end(day)) => Guess::Placeholder,
        _ => Guess::Other,
    }
}

/// A day with its time, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    date: Date,
    time: Time,
    offset: Option<Offset>,
}

impl Moment {
    fn whole_day(date: Date) -> Self {
        Self { date, time: Time::midnight(), offset: None }
    }

    /// Midnight is the day as it is written, wherever that is; so is a time without an offset. Another time is a day of the zone.
    fn day_in(self, zone: &TimeZone) -> Date {
        let Some(offset) = self.offset.filter(|_| self.time != Time::midnight()) else { return self.date };
        // The last moments of the calendar have no day in zones east of them.
        offset.to_timestamp(self.date.to_datetime(self.time)).map_or(self.date, |moment| moment.to_zoned(zone.clone()).date())
    }
}

/// A moment of UTC that lies so far from 1970.
fn since_1970(elapsed: SignedDuration) -> Option<DateTime> {
    date(1970, 1, 1).at(0, 0, 0, 0).checked_add(elapsed).ok()
}

#[cfg(test)]
mod tests;
