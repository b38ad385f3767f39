//! Dates: reading, VB arithmetic, FILETIME, and the formats of .NET.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use crate::expr::args::Args;
use crate::expr::date_text::{self, is_in_range};
use crate::expr::dotnet_dates::{Format, Styles};
use crate::expr::function::{Form, Function, Implementation, Kind, Param, example, function, optional, required};
use crate::expr::runtime::{Eval, Stop};
use crate::expr::value::Value;

const READ: &str = "ISO dates and timestamps, month-first dates with slashes and dates with an English month (`5 Jan 2021`) are read; without an offset they are UTC; an absent, empty or blank date gives an absent result";
const INTERVAL: Param = required("interval", Kind::Text).form(Form::Interval);

pub(super) static ROWS: &[Function] = &[
    function(
        "CDate(text)",
        &[required("text", Kind::Date)],
        Kind::Date,
        Implementation::Eager(|args| Ok(args.date(0)?.map_or(Value::Null, date_value))),
        "The date of a text in UTC, as M/d/yyyy h:mm:ss tt.",
    )
    .examples(&[
        example(r#"CDate("2021-06-30+08:00")"#, &[], r#""6/29/2021 4:00:00 PM""#),
        example(r#"CDate("2020-03-16")"#, &[], r#""3/16/2020 12:00:00 AM""#),
    ])
    .dialect(READ),
    function(
        "Now()",
        &[],
        Kind::Date,
        Implementation::Eager(|args| Ok(date_value(args.now()))),
        "The current moment in UTC, as M/d/yyyy h:mm:ss tt. It is the same in a whole run.",
    )
    .examples(&[example("Now()", &[], r#""7/30/2025 12:00:00 AM""#)]),
    function(
        "DateAdd(interval, value, dateTime)",
        &[INTERVAL, required("value", Kind::Number), required("dateTime", Kind::Date)],
        Kind::Date,
        Implementation::Eager(|args| {
            let interval = interval(args)?;
            let value = args.number(1)?;
            let (Some(value), Some(moment)) = (value, args.date(2)?) else { return Ok(Value::Null) };
            date_add(interval, value, moment)
                .map(date_value)
                .ok_or_else(|| args.fault("out-of-range", "the date leaves the years 1 to 9999"))
        }),
        "A date moved by a number of intervals: yyyy, m, d, ww, h, n (minute), s.",
    )
    .examples(&[
        example(r#"DateAdd("d", -3, "2025-01-02")"#, &[], r#""12/30/2024 12:00:00 AM""#),
        example(r#"DateAdd("m", 1, CDate("2025-01-31"))"#, &[], r#""2/28/2025 12:00:00 AM""#),
    ])
    .dialect("a day that the month lacks becomes its last; an absent or blank number or date gives an absent result"),
    function(
        "DateDiff(interval, date1, date2)",
        &[INTERVAL, required("date1", Kind::Date), required("date2", Kind::Date)],
        Kind::Number,
        Implementation::Eager(|args| {
            let interval = interval(args)?;
            let (one, two) = (args.date(1)?, args.date(2)?);
            let (Some(one), Some(two)) = (one, two) else { return Ok(Value::Null) };
            Ok(Value::Number(date_diff(interval, one, two)))
        }),
        "The number of intervals by which the second date is later: yyyy, m, d, ww, h, n (minute), s.",
    )
    .examples(&[
        example(r#"DateDiff("d", "2021-08-18", "2021-08-31")"#, &[], "13"),
        example(r#"DateDiff("ww", "8/25/2021 5:41:18 PM", "2012-03-16-07:00")"#, &[], "-493"),
    ])
    .dialect("d, h, n, s cut the elapsed time to whole ones; ww counts Sundays; m and yyyy subtract calendar fields; an absent or blank date gives an absent result"),
    function(
        "DateFromNum(value)",
        &[required("value", Kind::Number)],
        Kind::Date,
        Implementation::Eager(|args| {
            let Some(ticks) = args.number(0)? else { return Ok(Value::Null) };
            date_from_num(ticks)
                .map(date_value)
                .ok_or_else(|| args.fault_at(0, "out-of-range", "these ticks are not a date between 1601 and 9999"))
        }),
        "The date of a FILETIME: 100 nanoseconds since 1601 in UTC.",
    )
    .examples(&[example("DateFromNum(129699324000000000)", &[], r#""1/1/2012 11:00:00 PM""#)]),
    function(
        "NumFromDate(value)",
        &[required("value", Kind::Date)],
        Kind::Number,
        Implementation::Eager(|args| {
            let Some(moment) = args.date(0)? else { return Ok(Value::Null) };
            let before_1601 = || args.fault_at(0, "out-of-range", "dates before 1601 have no ticks");
            num_from_date(moment).map(Value::Number).ok_or_else(before_1601)
        }),
        "The FILETIME of a date: 100 nanoseconds since 1601 in UTC.",
    )
    .examples(&[example(r#"NumFromDate("2012-01-01 23:00:00")"#, &[], "129699324000000000")])
    .dialect(READ),
    function(
        "FormatDateTime(source, [dateTimeStyles], inputFormat, outputFormat)",
        &[
            required("source", Kind::Date),
            optional("dateTimeStyles", Kind::Text),
            required("inputFormat", Kind::Text),
            required("outputFormat", Kind::Text),
        ],
        Kind::Text,
        Implementation::Eager(formatted),
        "A date read with one .NET format and written with another. With three arguments the styles are left out.",
    )
    .examples(&[
        example(r#"FormatDateTime("20150123105347.1Z", "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")"#, &[], r#""2015-01-23""#),
        example(r#"FormatDateTime([d], , "d.M.yyyy", "yyyy-MM-dd")"#, &[("d", "7.3.2025")], r#""2025-03-07""#),
        example(r#"FormatDateTime([d], "32", "d.M.yyyy", "yyyy-MM-dd")"#, &[("d", "")], "null"),
        example(r#"FormatDateTime([d], , "yyyy-MM-dd", "dd")"#, &[("d", "2025-3-7")], "fault: bad-date"),
    ])
    .takes(3, Some(4))
    .dialect("an offset in the source (zzz, Z) moves the date to UTC; an absent, empty or blank source is absent; styles are names or the sum of their .NET numbers; two-digit years (yy) are 1969 to 2068, as those of `dates` in a mapping; unknown letters stand for themselves"),
];

impl<'r> Args<'_, 'r> {
    /// The date of an argument; `None` if it is absent or blank.
    fn date(&mut self, at: usize) -> Eval<'r, Option<DateTime>> {
        let Some(text) = self.filled(at)? else { return Ok(None) };
        date_text::read(&text).map(Some).ok_or_else(|| self.fault_at(at, "bad-date", "this is not a date that can be read"))
    }

    fn now(&self) -> DateTime {
        self.env.context.now.to_zoned(TimeZone::UTC).datetime()
    }
}

fn date_value(moment: DateTime) -> Value<'static> {
    Value::owned(date_text::write(moment))
}

/// An interval of VB.
///
/// ```
/// # use hrpush::expr::functions::date::Interval;
/// assert_eq!(Interval::named("n"), Some(Interval::Minute));
/// assert_eq!(Interval::named("M"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// Years, written `yyyy` in an expression.
    Year,
    /// Calendar months, written `m` in an expression.
    Month,
    /// Days, written `d` in an expression.
    Day,
    /// Weeks of seven days, written `ww` in an expression.
    Week,
    /// Hours of 60 minutes, written `h` in an expression.
    Hour,
    /// Minutes, written `n` in an expression, since `m` means months.
    Minute,
    /// Seconds, written `s` in an expression.
    Second,
}

impl Interval {
    /// The interval with a name of VB, which is case-sensitive.
    pub fn named(name: &str) -> Option<Self> {
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
    let message = "the intervals are yyyy, m, d, ww, h, n (minute) and s";
    Interval::named(&name).ok_or_else(|| args.fault_at(0, "bad-interval", message))
}

/// A moment moved by a number of intervals; `None` if it leaves the years 1 to 9999.
///
/// ```
/// # use hrpush::expr::functions::date::{Interval, date_add};
/// let end_of_january = jiff::civil::date(2025, 1, 31).at(0, 0, 0, 0);
/// let end_of_february = jiff::civil::date(2025, 2, 28).at(0, 0, 0, 0);
/// assert_eq!(date_add(Interval::Month, 1, end_of_january), Some(end_of_february));
/// ```
pub fn date_add(interval: Interval, value: i64, moment: DateTime) -> Option<DateTime> {
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

/// The number of intervals by which `two` is later than `one`, counted as VB counts them.
///
/// Days and smaller intervals cut the elapsed time to whole ones, weeks count Sundays, months and years subtract calendar fields.
///
/// ```
/// # use hrpush::expr::functions::date::{Interval, date_diff};
/// let (one, two) = (jiff::civil::date(2025, 12, 31).at(23, 0, 0, 0), jiff::civil::date(2026, 1, 1).at(1, 0, 0, 0));
/// assert_eq!(date_diff(Interval::Year, one, two), 1);
/// assert_eq!(date_diff(Interval::Day, one, two), 0);
/// ```
pub fn date_diff(interval: Interval, one: DateTime, two: DateTime) -> i64 {
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

/// Day 0 of FILETIME.
const FILETIME: DateTime = DateTime::constant(1601, 1, 1, 0, 0, 0, 0);
/// Ticks of FILETIME in a second.
const TICKS: i64 = 10_000_000;

/// The moment of a FILETIME; `None` if it is before 1601 or after 9999.
///
/// ```
/// # use hrpush::expr::functions::date::date_from_num;
/// assert_eq!(date_from_num(129_699_324_000_000_000), Some(jiff::civil::date(2012, 1, 1).at(23, 0, 0, 0)));
/// assert_eq!(date_from_num(-1), None);
/// ```
pub fn date_from_num(ticks: i64) -> Option<DateTime> {
    let nanoseconds = i32::try_from(ticks % TICKS * 100).ok()?;
    let moment = FILETIME.checked_add(SignedDuration::new(ticks / TICKS, nanoseconds)).ok()?;
    (ticks >= 0 && is_in_range(moment)).then_some(moment)
}

/// The FILETIME of a moment; `None` if it is before 1601.
///
/// ```
/// # use hrpush::expr::functions::date::num_from_date;
/// assert_eq!(num_from_date(jiff::civil::date(2012, 1, 1).at(23, 0, 0, 0)), Some(129_699_324_000_000_000));
/// ```
pub fn num_from_date(moment: DateTime) -> Option<i64> {
    let elapsed = FILETIME.duration_until(moment);
    (moment >= FILETIME).then(|| elapsed.as_secs() * TICKS + i64::from(elapsed.subsec_nanos()) / 100)
}

/// The text of a date, read by one format of .NET and written by another. `today` fills what the first format lacks.
///
/// # Errors
/// A format that is not one, or `Ok(None)` if the text does not have the form of the first.
///
/// ```
/// # use hrpush::expr::functions::date::format_date_time;
/// let today = jiff::civil::date(2026, 11, 20);
/// let read = |text| format_date_time(text, "d.M.yy", "yyyy-MM-dd", today);
/// assert_eq!(read("7.3.25"), Ok(Some("2025-03-07".to_owned())));
/// assert_eq!(read("soon"), Ok(None));
/// ```
pub fn format_date_time(text: &str, input: &str, output: &str, today: Date) -> Result<Option<String>, String> {
    let (input, output) = (Format::new(input)?, Format::new(output)?);
    Ok(input.read(text, Styles::default(), today).map(|moment| output.write(&moment)))
}

fn formatted<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let (input, output) = if args.len() == 3 { (1, 2) } else { (2, 3) };
    let format = |args: &mut Args<'_, 'r>, at: usize| -> Eval<'r, Format> {
        let text = args.text(at)?.unwrap_or_default();
        Format::new(&text).map_err(|error| args.fault_at(at, "date-format", error))
    };
    let reads = format(args, input)?;
    let writes = format(args, output)?;
    let styles = if args.len() == 4 && args.given(1) {
        let names = args.text(1)?.unwrap_or_default();
        Styles::new(&names).map_err(|error| args.fault_at(1, "date-style", error))?
    } else {
        Styles::default()
    };
    let Some(text) = args.filled(0)? else { return Ok(Value::Null) };
    let moment = reads
        .read(&text, styles, args.now().date())
        .ok_or_else(|| args.fault_at(0, "bad-date", "this does not have the form of the input format"))?;
    Ok(Value::owned(writes.write(&moment)))
}
