//! The days of a record, as the mapping reads them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::directory::canonical_date;

/// How the source writes dates.
#[derive(Clone, Debug)]
pub(super) struct Dates {
    /// Formats for `strptime`, tried in order.
    pub(super) formats: Vec<String>,
    pub(super) zone: TimeZone,
}

impl Dates {
    /// The calendar day that a text means; the text is trimmed and not empty.
    pub(super) fn day(&self, text: &str) -> Option<Date> {
        self.formats
            .iter()
            .find_map(|format| Date::strptime(format, text).ok())
            .or_else(|| Date::strptime("%Y-%m-%d", text).ok())
            .or_else(|| self.day_of_moment(text))
    }

    /// A moment is the local day; midnight, in UTC or in the zone that it names, is that day wherever we are.
    fn day_of_moment(&self, text: &str) -> Option<Date> {
        if let Some((day, time)) = text.split_once(['T', ' '])
            && (time.starts_with("00:00:00") || time.starts_with("00:00Z"))
            && canonical_date(text).is_some()
        {
            return Date::strptime("%Y-%m-%d", day).ok();
        }
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(moment.to_zoned(self.zone.clone()).date());
        }
        let civil = DateTime::strptime("%Y-%m-%dT%H:%M:%S", text);
        if let Ok(civil) = civil.or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M:%S", text)) {
            return Some(civil.date());
        }
        let entra = DateTime::strptime("%m/%d/%Y %I:%M:%S %p", text).ok()?;
        if entra.time() == jiff::civil::Time::midnight() {
            return Some(entra.date());
        }
        let moment = entra.to_zoned(TimeZone::UTC).ok()?;
        Some(moment.with_time_zone(self.zone.clone()).date())
    }

    /// A date as the directory writes it: a day by the source's formats, else a moment as it stands.
    pub(super) fn canonical(&self, text: &str) -> Option<String> {
        let day = self.formats.iter().find_map(|format| Date::strptime(format, text).ok());
        day.map(|day| format!("{day}T00:00:00Z")).or_else(|| canonical_date(text))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn moments_are_local_days_and_midnight_is_never_moved() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let dates = Dates { formats: vec!["%d.%m.%Y".to_owned()], zone };
        assert_eq!(dates.day("31.1.2026"), Some(date(2026, 1, 31)));
        assert_eq!(dates.day("2026-01-31"), Some(date(2026, 1, 31)));
        assert_eq!(dates.day("2026-01-30T23:30:00Z"), Some(date(2026, 1, 31)));
        assert_eq!(dates.day("2026-01-31T00:00:00-05:00"), Some(date(2026, 1, 31)));
        assert_eq!(dates.day("1/31/2026 12:00:00 AM"), Some(date(2026, 1, 31)));
        assert_eq!(dates.day("soon"), None);
    }
}
