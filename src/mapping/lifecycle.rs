//! Where a person stands, by the dates and the status of the record.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::desired::{HeldCode, Stage};
use super::formula::Slot;
use crate::directory::canonical_date;

/// The part of `[lifecycle]` that reads the record.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle {
    pub(super) start: Option<Slot>,
    pub(super) end: Option<Slot>,
    pub(super) status: Option<Slot>,
    /// The status values that mean gone, folded.
    pub(super) left: BTreeSet<String>,
    /// Other status values, folded; without them everything that is not in `left` is active.
    pub(super) states: Option<BTreeMap<String, State>>,
    /// `create_before`, in days.
    pub(super) create_before: i64,
}

/// What a status value of `[lifecycle.states]` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Active,
    Left,
}

/// What the record says.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) start: Option<Date>,
    pub(super) end: Option<Date>,
    /// The status as it stands; read only where the mapping names one.
    pub(super) status: String,
}

/// Why nobody can say where the person stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unclear {
    pub(super) code: HeldCode,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// A status as it is compared.
pub(super) fn fold(status: &str) -> String {
    caseless::default_case_fold_str(status.trim())
}

impl Cycle {
    /// The stage on a day.
    pub(super) fn stage(&self, facts: &Facts, today: Date) -> Result<Stage, Unclear> {
        let Facts { start, end, status } = facts;
        if start.zip(*end).is_some_and(|(start, end)| end < start) {
            return Err(Unclear {
                code: HeldCode::EndBeforeStart,
                message: "the last working day lies before the first".to_owned(),
                help: "correct the start or the end date in HR",
            });
        }
        let state = self.state(status)?;
        let ended = end.is_some_and(|end| end < today);
        if state == Some(State::Left) || (ended && state.is_none()) {
            return Ok(Stage::Left { end: *end });
        }
        Ok(match *start {
            Some(start) if today < opening(start, self.create_before) => Stage::Upcoming { start },
            Some(start) if today < start => Stage::PreHire { start },
            _ => Stage::Active { start: *start },
        })
    }

    /// What the status says; nothing where it names no state and none must be named.
    fn state(&self, status: &str) -> Result<Option<State>, Unclear> {
        if self.status.is_none() {
            return Ok(None);
        }
        let folded = fold(status);
        if folded.is_empty() {
            return Err(Unclear {
                code: HeldCode::NoStatus,
                message: "the status is empty".to_owned(),
                help: "enter the status in HR",
            });
        }
        if self.left.contains(&folded) {
            return Ok(Some(State::Left));
        }
        let Some(named) = &self.states else { return Ok(None) };
        match named.get(&folded) {
            Some(state) => Ok(Some(*state)),
            None => Err(Unclear {
                code: HeldCode::NoStatus,
                message: format!("the mapping does not say what the status {:?} means", status.trim()),
                help: "name the status in `left` or in `[lifecycle.states]` of the mapping",
            }),
        }
    }
}

/// The first day on which the account may exist.
fn opening(start: Date, days: i64) -> Date {
    start.checked_sub(days.days()).unwrap_or(Date::MIN)
}

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

/// A duration in whole days: `14d`, `2w`.
pub(super) fn days(text: &str) -> Option<i64> {
    let text = text.trim();
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (0..=36_500).contains(number))?;
    match unit {
        "d" => Some(number),
        "w" => Some(number * 7),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn cycle() -> Cycle {
        Cycle {
            start: Some(Slot(0)),
            end: Some(Slot(1)),
            status: Some(Slot(2)),
            left: BTreeSet::from([fold("Terminated")]),
            states: None,
            create_before: 14,
        }
    }

    fn facts(start: Option<Date>, end: Option<Date>, status: &str) -> Facts {
        Facts { start, end, status: status.to_owned() }
    }

    #[test]
    fn the_stage_follows_the_dates() {
        let start = date(2026, 3, 15);
        let end = date(2026, 6, 30);
        let stage = |today| cycle().stage(&facts(Some(start), Some(end), "Active"), today).unwrap();
        assert_eq!(stage(date(2026, 2, 28)), Stage::Upcoming { start });
        assert_eq!(stage(date(2026, 3, 1)), Stage::PreHire { start });
        assert_eq!(stage(date(2026, 3, 14)), Stage::PreHire { start });
        assert_eq!(stage(start), Stage::Active { start: Some(start) });
        assert_eq!(stage(end), Stage::Active { start: Some(start) });
        assert_eq!(stage(date(2026, 7, 1)), Stage::Left { end: Some(end) });
    }

    #[test]
    fn a_status_in_left_wins_over_the_dates() {
        let stage = cycle().stage(&facts(Some(date(2099, 1, 1)), None, " TERMINATED "), date(2026, 1, 1));
        assert_eq!(stage, Ok(Stage::Left { end: None }));
    }

    #[test]
    fn a_named_state_outlives_the_end_date_and_an_unnamed_one_holds() {
        let states = BTreeMap::from([(fold("On leave"), State::Active)]);
        let cycle = Cycle { states: Some(states), ..cycle() };
        let past = Some(date(2020, 1, 1));
        let today = date(2026, 1, 1);
        assert_eq!(cycle.stage(&facts(None, past, "on LEAVE"), today), Ok(Stage::Active { start: None }));
        assert_eq!(cycle.stage(&facts(None, past, "Active"), today).unwrap_err().code, HeldCode::NoStatus);
        assert_eq!(cycle.stage(&facts(None, past, "  "), today).unwrap_err().code, HeldCode::NoStatus);
    }

    #[test]
    fn an_end_before_the_start_holds() {
        let facts = facts(Some(date(2026, 1, 2)), Some(date(2026, 1, 1)), "Active");
        assert_eq!(cycle().stage(&facts, date(2026, 1, 1)).unwrap_err().code, HeldCode::EndBeforeStart);
    }

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

    #[test]
    fn durations_are_whole_days() {
        assert_eq!((days("14d"), days("2w"), days("0d")), (Some(14), Some(14), Some(0)));
        assert_eq!((days("14"), days("-1d"), days("d"), days("3 h"), days("")), (None, None, None, None, None));
    }
}
