//! Dates: the engine's own text form, VB arithmetic, FILETIME.

use std::ops::Range;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use crate::expr::args::Args;
use crate::expr::dotnet_dates::{DAYS, Format, MONTHS, Styles};
use crate::expr::evaluate::{Eval, Stop, fault};
use crate::expr::value::Value;

/// The days that .NET knows.
pub(crate) fn is_in_range(moment: DateTime) -> bool {
    (1..=9999).contains(&moment.year())
}

/// The engine's own text of a date: `M/d/yyyy h:mm:ss tt`.
pub(crate) fn text(moment: DateTime) -> String {
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
/// whose month is an English name.
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
    let shifted = match reader.offset()? {
        Some(minutes) => moment.checked_sub(SignedDuration::from_mins(minutes)).ok()?,
        None => moment,
    };
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

    /// A number of at least and at most so many digits, and how many there were.
    fn digits(&mut self, least: usize, most: usize) -> Option<(i32, usize)> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if count < least || count > most {
            return None;
        }
        let number = self.rest[..count].parse().ok()?;
        self.rest = &self.rest[count..];
        Some((number, count))
    }

    /// Letters that start one of the names, or are one of them.
    fn name(&mut self, names: &[&str]) -> Option<usize> {
        let count = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = &self.rest[..count];
        let fits = |name: &&str| name.eq_ignore_ascii_case(word) || count == 3 && name[..3].eq_ignore_ascii_case(word);
        let at = names.iter().position(fits)?;
        self.rest = &self.rest[count..];
        Some(at)
    }

    /// `5 January 2021`, `05-Jan-2021`, `Jan 5, 2021`, each with the day of the week before it if you like. The name says which
    /// number is the month, so that nothing is left to guess.
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

    /// Minutes east of UTC; nothing where there is no offset. The outer nothing means that it is no offset.
    #[allow(clippy::option_option)]
    fn offset(&mut self) -> Option<Option<i64>> {
        self.blanks();
        if self.rest.is_empty() {
            return Some(None);
        }
        if self.eat("Z") || self.eat("z") || self.eat("GMT") {
            return Some(Some(0));
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
        (hours <= 14 && minutes < 60).then_some(Some(sign * i64::from(hours * 60 + minutes)))
    }
}

impl<'r> Args<'_, 'r> {
    /// The date of an argument; nothing if it is absent or blank.
    fn date(&mut self, at: usize) -> Eval<'r, Option<DateTime>> {
        let Some(text) = self.filled(at)? else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| fault(self.place(at), "bad-date", "this is no date that can be read"))
    }

    fn now(&self) -> DateTime {
        self.env.context.now.to_zoned(TimeZone::UTC).datetime()
    }
}

pub(crate) fn cdate<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(args.date(0)?.map_or(Value::Null, |moment| Value::owned(text(moment))))
}

pub(crate) fn now<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(Value::owned(text(args.now())))
}

/// An interval of VB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    Year,
    Month,
    Day,
    Week,
    Hour,
    Minute,
    Second,
}

impl Interval {
    pub(crate) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "yyyy" => Self::Year,
            "m" => Self::Month,
            "d" => Self::Day,
            "ww" => Self::Week,
            "h" => Self::Hour,
            "n" => Self::Minute,
            "s" => Self::Second,
            _ => return None,
        })
    }
}

fn interval(args: &mut Args<'_, '_>) -> Result<Interval, Box<Stop>> {
    let name = args.text(0)?.unwrap_or_default();
    Interval::find(&name)
        .ok_or_else(|| fault(args.place(0), "bad-interval", "the intervals are yyyy, m, d, ww, h, n (minute) and s"))
}

fn add(interval: Interval, value: i64, moment: DateTime) -> Option<DateTime> {
    let seconds = |each: i64| value.checked_mul(each).map(SignedDuration::from_secs);
    let sum = match interval {
        Interval::Year => moment.checked_add(1.year().checked_mul(value).ok()?),
        Interval::Month => moment.checked_add(1.month().checked_mul(value).ok()?),
        Interval::Day => moment.checked_add(1.day().checked_mul(value).ok()?),
        Interval::Week => moment.checked_add(1.week().checked_mul(value).ok()?),
        Interval::Hour => moment.checked_add(seconds(3600)?),
        Interval::Minute => moment.checked_add(seconds(60)?),
        Interval::Second => moment.checked_add(seconds(1)?),
    };
    sum.ok().filter(|sum| is_in_range(*sum))
}

fn difference(interval: Interval, one: DateTime, two: DateTime) -> i64 {
    let elapsed = one.duration_until(two).as_secs();
    match interval {
        Interval::Year => i64::from(two.year()) - i64::from(one.year()),
        Interval::Month => (i64::from(two.year()) - i64::from(one.year())) * 12 + i64::from(two.month()) - i64::from(one.month()),
        Interval::Day => elapsed / 86_400,
        Interval::Hour => elapsed / 3600,
        Interval::Minute => elapsed / 60,
        Interval::Second => elapsed,
        Interval::Week => {
            let sunday = |date: Date| {
                let epoch = Date::constant(1, 1, 1).duration_until(date).as_secs() / 86_400;
                epoch - i64::from(date.weekday().since(Weekday::Sunday))
            };
            (sunday(two.date()) - sunday(one.date())) / 7
        }
    }
}

pub(crate) fn date_add<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let interval = interval(args)?;
    let value = args.number(1)?;
    let (Some(value), Some(moment)) = (value, args.date(2)?) else { return Ok(Value::Null) };
    add(interval, value, moment)
        .map(|sum| Value::owned(text(sum)))
        .ok_or_else(|| args.fault("out-of-range", "the date leaves the years 1 to 9999"))
}

pub(crate) fn date_diff<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let interval = interval(args)?;
    let (one, two) = (args.date(1)?, args.date(2)?);
    let (Some(one), Some(two)) = (one, two) else { return Ok(Value::Null) };
    Ok(Value::Number(difference(interval, one, two)))
}

/// Day 0 of FILETIME.
const FILETIME: DateTime = DateTime::constant(1601, 1, 1, 0, 0, 0, 0);
const TICKS: i64 = 10_000_000;

pub(crate) fn date_from_num<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(ticks) = args.number(0)? else { return Ok(Value::Null) };
    let nanoseconds = i32::try_from(ticks % TICKS * 100).unwrap_or(0);
    let moment = FILETIME
        .checked_add(SignedDuration::new(ticks / TICKS, nanoseconds))
        .ok()
        .filter(|moment| ticks >= 0 && is_in_range(*moment));
    moment
        .map(|moment| Value::owned(text(moment)))
        .ok_or_else(|| fault(args.place(0), "out-of-range", "these ticks are no date between 1601 and 9999"))
}

pub(crate) fn num_from_date<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(moment) = args.date(0)? else { return Ok(Value::Null) };
    if moment < FILETIME {
        return Err(fault(args.place(0), "out-of-range", "dates before 1601 have no ticks"));
    }
    let elapsed = FILETIME.duration_until(moment);
    Ok(Value::Number(elapsed.as_secs() * TICKS + i64::from(elapsed.subsec_nanos()) / 100))
}

pub(crate) fn format_date_time<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let (input, output) = if args.len() == 3 { (1, 2) } else { (2, 3) };
    let format = |args: &mut Args<'_, 'r>, at: usize, span: &Range<usize>| -> Eval<'r, Format> {
        let text = args.text(at)?.unwrap_or_default();
        Format::new(&text).map_err(|error| fault(span, "date-format", error))
    };
    let place = args.place(input);
    let reading = format(args, input, place)?;
    let place = args.place(output);
    let writing = format(args, output, place)?;
    let styles = if args.len() == 4 && args.given(1) {
        let names = args.text(1)?.unwrap_or_default();
        Styles::new(&names).map_err(|error| fault(args.place(1), "date-style", error))?
    } else {
        Styles::default()
    };
    let Some(text) = args.filled(0)? else { return Ok(Value::Null) };
    let moment = reading
        .read(&text, styles, args.now().date())
        .ok_or_else(|| fault(args.place(0), "bad-date", "this does not have the form of the input format"))?;
    Ok(Value::owned(writing.write(&moment)))
}
