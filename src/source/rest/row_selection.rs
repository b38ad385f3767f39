//! Of several rows of one person, the one that counts: by date, by a rule of preference, then by the latest start.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::list::truncated::goes_on;
use super::shape::dates::{self, DateForm};
use super::shape::path::{Condition, Path};
use crate::record::is_no_end;

/// A rule for one repeated object, or for the records themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// The repeated object in a record; none for the records themselves.
    pub at: Option<Path>,
    /// What the rows of one person have in common, for the records themselves.
    pub by: Option<Path>,
    /// The first day of a row.
    pub from: Option<Path>,
    /// The last day of a row; an open one has none.
    pub to: Option<Path>,
    /// How these days are written.
    pub date: DateForm,
    /// Rows for which an earlier one of these holds are preferred.
    pub prefer: Vec<Condition>,
    /// The number of a row among those that start on one day; the highest counts.
    pub sequence: Option<Path>,
}

/// How many people had several rows that differ only in the order of their text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Selection {
    /// People with some rows that were not chosen.
    pub(super) chosen: u64,
    /// People with several equally good rows.
    pub(super) ties: u64,
}

/// Where a row lies on a day. The order is that of preference: in force, ahead, over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    Over,
    Ahead,
    InForce,
}

impl Pick {
    /// Leaves one row in the record where the rule says so.
    pub(super) fn apply(&self, record: &mut Value, day: Date, zone: &TimeZone, told: &mut Selection) {
        let Some(at) = &self.at else { return };
        at.replace(record, |rows| {
            let list = rows.as_array().or_else(|| rows.get("results")?.as_array()).or_else(|| rows.get("items")?.as_array())?;
            // Of a part of the rows none is chosen: the list stays what it is, and is found to be needed.
            if goes_on(rows) {
                return None;
            }
            let index = self.choose(&list.iter().collect::<Vec<_>>(), day, zone, told)?;
            Some(Value::Array(vec![list[index].clone()]))
        });
    }

    /// The position of the row that counts.
    pub(super) fn choose(&self, rows: &[&Value], day: Date, zone: &TimeZone, told: &mut Selection) -> Option<usize> {
        if rows.len() > 1 {
            told.chosen += 1;
        }
        let rank = |row: &Value| {
            let day_of = |path: &Option<Path>| {
                let text = path.as_ref()?.text(row)?;
                dates::day(&text, &self.date, zone)?.parse::<Date>().ok()
            };
            // An end that stands for "no end" ends nothing.
            let (from, to) = (day_of(&self.from), day_of(&self.to).filter(|day| !is_no_end(*day)));
            let when = match (from, to) {
                (_, Some(to)) if to < day => When::Over,
                (Some(from), _) if from > day => When::Ahead,
                _ => When::InForce,
            };
            let preferred = self.prefer.iter().position(|condition| condition.holds(row)).unwrap_or(self.prefer.len());
            let sequence = self.sequence.as_ref().and_then(|path| path.text(row)?.parse::<i64>().ok());
            // Of the rows ahead the nearest start comes first, of all others the latest; of those that are over the latest end.
            let near = match when {
                When::Ahead => from.map(|from| -days(from)),
                When::InForce => from.map(days),
                When::Over => to.map(days),
            };
            // A row in force hides one that is over, whatever is preferred: a secondary job keeps its holder here.
            (when, usize::MAX - preferred, near, from.map(days), sequence)
        };
        let ranks: Vec<_> = rows.iter().map(|row| rank(row)).collect();
        let best = *ranks.iter().max()?;
        let mut equal: Vec<usize> = (0..rows.len()).filter(|index| ranks[*index] == best).collect();
        if equal.len() > 1 && equal.iter().any(|index| rows[*index] != rows[equal[0]]) {
            told.ties += 1;
        }
        // Whatever the order of the answer, the same row is taken.
        equal.sort_by_cached_key(|index| rows[*index].to_string());
        equal.first().copied()
    }
}

fn days(day: Date) -> i64 {
    day.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    fn chosen(rows: &Value, day: &str) -> String {
        let pick = Pick {
            at: Some(path("jobs")),
            by: None,
            from: Some(path("from")),
            to: Some(path("to")),
            date: DateForm::Iso,
            prefer: vec![Condition::parse("primary=true").unwrap()],
            sequence: Some(path("seq")),
        };
        let mut record = json!({ "jobs": rows });
        pick.apply(&mut record, day.parse().unwrap(), &TimeZone::UTC, &mut Selection::default());
        record["jobs"][0]["n"].to_string()
    }

    #[test]
    fn the_row_in_force_counts_and_ahead_of_all_the_nearest() {
        let rows = json!([
            {"n": 1, "from": "2020-01-01", "to": "2024-12-31"},
            {"n": 2, "from": "2025-01-01", "to": "9999-12-31"},
            {"n": 3, "from": "2019-01-01", "to": "2019-12-31"},
        ]);
        assert_eq!(chosen(&rows, "2024-12-31"), "1");
        assert_eq!(chosen(&rows, "2025-01-01"), "2");
        assert_eq!(chosen(&rows, "2018-06-01"), "3");
    }

    #[test]
    fn a_rehire_counts_by_the_new_employment_and_a_leaver_by_the_last() {
        let rows = json!([
            {"n": 1, "from": "2010-01-01", "to": "2015-01-01", "primary": true},
            {"n": 2, "from": "2020-01-01", "to": null, "primary": false},
        ]);
        assert_eq!(chosen(&rows, "2024-01-01"), "2");
        let gone =
            json!([{"n": 1, "from": "2010-01-01", "to": "2015-01-01"}, {"n": 2, "from": "2016-01-01", "to": "2018-01-01"}]);
        assert_eq!(chosen(&gone, "2024-01-01"), "2");
    }

    #[test]
    fn concurrent_employments_go_by_the_rule_then_the_sequence_and_never_by_the_order() {
        let rows = json!([{"n": 1, "from": "2020-01-01", "primary": false}, {"n": 2, "from": "2019-01-01", "primary": true}]);
        assert_eq!(chosen(&rows, "2024-01-01"), "2");
        let rows = json!([{"n": 1, "from": "2020-01-01", "seq": 2}, {"n": 2, "from": "2020-01-01", "seq": "10"}]);
        assert_eq!(chosen(&rows, "2024-01-01"), "2");
        let one = json!([{"n": 1, "x": "b"}, {"n": 2, "x": "a"}]);
        let other = json!([{"n": 2, "x": "a"}, {"n": 1, "x": "b"}]);
        assert_eq!(chosen(&one, "2024-01-01"), chosen(&other, "2024-01-01"));
    }

    #[test]
    fn an_end_that_means_no_end_ends_nothing() {
        for open in ["0001-01-01T00:00:00", "1900-01-01", "/Date(-62135596800000)/", "9999-12-31T23:59:59Z"] {
            let rows = json!([{"n": 1, "from": "2020-01-01", "to": "2024-12-31"}, {"n": 2, "from": "2025-01-01", "to": open}]);
            assert_eq!(chosen(&rows, "2026-01-01"), "2", "{open}");
        }
    }
}
