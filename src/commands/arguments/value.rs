//! Values that several options have: durations, days and endings.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config;
use crate::store::EndKind;

pub(super) fn duration(text: &str) -> Result<SignedDuration, &'static str> {
    config::exact_duration(text).ok_or("such as 30min, 26h, 7d or 2w")
}

pub(super) fn ending(text: &str) -> Result<EndKind, &'static str> {
    EndKind::named(text).ok_or("an ending as `hrpush runs` shows it, such as stopped")
}

/// A day as options write it.
pub(super) fn civil_day(text: &str) -> Result<jiff::civil::Date, String> {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let has_form = parts.len() == 3 && parts.iter().all(|part| digits(part)) && parts[0].len() == 4;
    let why = if has_form { "there is no such day; " } else { "" };
    text.parse().map_err(|_| format!("{why}a day is written as YYYY-MM-DD, such as 2026-12-31"))
}

pub(super) fn day(text: &str) -> Result<Timestamp, String> {
    let midnight = civil_day(text)?.to_zoned(TimeZone::UTC).map_err(|fault| fault.to_string())?;
    Ok(midnight.timestamp())
}
