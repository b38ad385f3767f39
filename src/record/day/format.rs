//! Formats of `strptime` in which each year has exactly the digits that the format names.

use std::fmt::Write as _;

use jiff::civil::{Date, Time, date};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;

use super::{Moment, forms};

/// The year that two digits mean: 69 to 99 are 1969 to 1999, and 00 to 68 are 2000 to 2068.
///
/// It is the rule of `strptime`, and the only one: `%y` of a mapping and `yy` of `FormatDateTime` follow it alike. .NET reads 50 to 68 as
/// 1950 to 1968. In HR data such a year is the end of a contract at retirement rather than a past day. An end that is read a
/// century too early would disable the account.
///
/// ```
/// # use hrpush::record::full_year;
/// assert_eq!((full_year(68), full_year(69)), (2068, 1969));
/// ```
pub fn full_year(two_digits: u8) -> i16 {
    let year = i16::from(two_digits % 100);
    if year <= 68 { year + 2000 } else { year + 1900 }
}

/// A format of `strptime` that reads a day.
///
/// `%Y` takes exactly four digits. `%y` takes exactly two, with the century of [`full_year`]. A format may name a time of day and
/// an
/// offset.
///
/// ```
/// # use hrpush::record::{DayFormat, DayReader};
/// # use jiff::{civil::date, tz::TimeZone};
/// let reader = |format| DayReader::new(vec![DayFormat::new(format).unwrap()], TimeZone::UTC);
/// assert_eq!(reader("%d.%m.%Y").day("31.12.27"), None);
/// assert_eq!(reader("%d.%m.%y").day("31.12.27"), Some(date(2027, 12, 31)));
/// assert_eq!(reader("%b %d, %Y %I:%M %p").day("Dec 31, 2027 5:00 PM"), Some(date(2027, 12, 31)));
/// assert!(DayFormat::new("%d.%m.").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayFormat {
    source: Box<str>,
    pieces: Vec<Piece>,
    pattern: Box<str>,
}

/// One part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    LongYear,
    ShortYear,
    Other(Box<str>),
}

impl DayFormat {
    /// A format by which a day that is written is the same day when it is read again.
    pub fn new(source: &str) -> Option<Self> {
        let pieces = pieces(source);
        let pattern = pieces.iter().map(Piece::directive).collect::<String>().into();
        let format = Self { source: source.into(), pieces, pattern };
        let sample = date(2026, 12, 31).at(23, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?;
        let written = strtime::format(&*format.pattern, &sample).ok()?;
        (format.moment(&written)?.date == sample.date()).then_some(format)
    }

    /// The format as the mapping writes it.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The same format with years of two digits, where it has years of four.
    pub fn with_short_years(&self) -> Option<Self> {
        if !self.pieces.contains(&Piece::LongYear) {
            return None;
        }
        let short = self.pieces.iter().map(|piece| if *piece == Piece::LongYear { &Piece::ShortYear } else { piece });
        Self::new(&short.map(Piece::directive).collect::<String>())
    }

    /// The day of a text by this format alone; a moment is a day of the zone.
    pub fn day(&self, text: &str, zone: &TimeZone) -> Option<Date> {
        self.moment(text.trim()).map(|moment| moment.day_in(zone))
    }

    /// Whether it reads the text.
    pub fn reads(&self, text: &str) -> bool {
        self.moment(text).is_some()
    }

    pub(super) fn moment(&self, text: &str) -> Option<Moment> {
        if &*self.source == "%Y-%m-%d" {
            // What most files have is read without going through the format.
            return forms::iso_day(text).map(Moment::whole_day);
        }
        let read = BrokenDownTime::parse(&*self.pattern, text).ok()?;
        let date = read.to_date().ok()?;
        // `strptime` takes fewer digits too. A year from 1000 on had four of them.
        let is_exact = date.year() >= 1000 && !self.pieces.contains(&Piece::ShortYear);
        if !is_exact && !self.has_year(date.year(), text) {
            return None;
        }
        Some(Moment { date, time: read.to_time().unwrap_or(Time::midnight()), offset: read.offset() })
    }

    /// Whether the year stands in the text with all of its digits.
    fn has_year(&self, year: i16, text: &str) -> bool {
        let mut pattern = String::new();
        for piece in &self.pieces {
            // A String takes everything that is written to it.
            let _ = match piece {
                Piece::LongYear => write!(pattern, "{year:04}"),
                Piece::ShortYear => write!(pattern, "{:02}", year.rem_euclid(100)),
                Piece::Other(text) => write!(pattern, "{text}"),
            };
        }
        BrokenDownTime::parse(&pattern, text).is_ok()
    }
}

impl Piece {
    fn directive(&self) -> &str {
        match self {
            Self::LongYear => "%Y",
            Self::ShortYear => "%y",
            Self::Other(text) => text,
        }
    }
}

/// The parts of a format, with those that stand for several taken apart.
fn pieces(source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut other = String::new();
    let mut rest = source;
    while let Some(at) = rest.find('%') {
        other.push_str(&rest[..at]);
        let directive = &rest[at..];
        // Flags and a width may stand before the letter: `%-d`.
        let letter =
            directive[1..].find(|next: char| !matches!(next, '-' | '_' | '^' | '#' | ':' | '.') && !next.is_ascii_digit());
        let Some(letter) = letter.map(|letter| letter + 1) else { break };
        let end = letter + directive[letter..].chars().next().map_or(0, char::len_utf8);
        let year = match &directive[letter..end] {
            "Y" => Some((Piece::LongYear, "")),
            "y" => Some((Piece::ShortYear, "")),
            "F" => Some((Piece::LongYear, "-%m-%d")),
            "D" => {
                other.push_str("%m/%d/");
                Some((Piece::ShortYear, ""))
            }
            _ => None,
        };
        match year {
            Some((year, after)) => {
                if !other.is_empty() {
                    pieces.push(Piece::Other(std::mem::take(&mut other).into()));
                }
                pieces.push(year);
                other.push_str(after);
            }
            None => other.push_str(&directive[..end]),
        }
        rest = &directive[end..];
    }
    other.push_str(rest);
    if !other.is_empty() {
        pieces.push(Piece::Other(other.into()));
    }
    pieces
}
