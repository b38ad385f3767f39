//! Of several rows of one person, the one that counts: by date, by a rule of preference, then by the latest start.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::list::truncated::goes_on;
use super::shape::dates::{self, DateForm};
use super::shape::path::{Condition, Path};
use crate::record::{is_error, is_no_end, unspaced};

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
    /// People with several rows that cannot be ranked, which all stay.
    pub(super) unclear: u64,
}

/// Where a row lies on a day. The order is that of preference: in force, ahead, over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    Over,
    Ahead,
    InForce,
}

impl Pick {
    /// Leaves one row in the record where the rule says so. Rows that cannot be ranked make a record each, so that the person is held.
    pub(super) fn apply(&self, mut record: Value, day: Date, zone: &TimeZone, notes: &mut Selection) -> Vec<Value> {
        let Some(at) = &self.at else { return vec![record] };
        let mut stay = Vec::new();
        at.replace(&mut record, |rows| {
            let list = rows.as_array().or_else(|| rows.get("results")?.as_array()).or_else(|| rows.get("items")?.as_array())?;
            // Of a part of the rows none is chosen: the list stays what it is, and is found to be needed.
            if !goes_on(rows) {
                let chosen = self.choose(&list.iter().collect::<Vec<_>>(), day, zone, notes);
                stay.extend(chosen.into_iter().map(|index| list[index].clone()));
            }
            None
        });
        if stay.is_empty() {
            return vec![record];
        }
        let with = |row: Value| {
            let mut record = record.clone();
            at.replace(&mut record, |_| Some(Value::Array(vec![row])));
            record
        };
        stay.into_iter().map(with).collect()
    }

    /// The position of the row that counts; of rows that cannot be ranked, all positions.
    pub(super) fn choose(&self, rows: &[&Value], day: Date, zone: &TimeZone, notes: &mut Selection) -> Vec<usize> {
        if rows.len() < 2 {
            return (0..rows.len()).collect();
        }
        notes.chosen += 1;
        let Some(mut equal) = self.best(rows, day, zone) else {
            notes.unclear += 1;
            return (0..rows.len()).collect();
        };
        if equal.iter().any(|index| rows[*index] != rows[equal[0]]) {
            notes.ties += 1;
        }
        // Whatever the order of the answer, the same row is taken.
        equal.sort_by_cached_key(|index| rows[*index].to_string());
        equal.truncate(1);
        equal
    }

    /// The positions of the best rows; `None` where a value by which they are ranked cannot be read.
    fn best(&self, rows: &[&Value], day: Date, zone: &TimeZone) -> Option<Vec<usize>> {
        let is_error_at =
            |path: &Option<Path>, row| path.as_ref().and_then(|path| path.text(row)).is_some_and(|text| is_error(&text));
        if rows.iter().any(|row| is_error_at(&self.from, row) || is_error_at(&self.to, row)) {
            return None;
        }
        let ranks: Vec<Rank> = rows.iter().map(|row| self.rank(row, day, zone)).collect();
        let mut best: Vec<usize> = (0..rows.len()).collect();
        // A row in force hides one that is over, whatever is preferred: a secondary job keeps its holder here.
        keep_best(&mut best, |index| ranks[index].when);
        if best.len() > 1 && self.prefer.iter().any(|condition| best.iter().any(|index| condition.meets_error(rows[*index]))) {
            return None;
        }
        keep_best(&mut best, |index| usize::MAX - self.preference(rows[index]));
        keep_best(&mut best, |index| (ranks[index].near, ranks[index].from));
        let Some(sequence) = self.sequence.as_ref().filter(|_| best.len() > 1) else { return Some(best) };
        let mut numbers = vec![None; rows.len()];
        for &index in &best {
            let text = sequence.text(rows[index]);
            let text = text.as_deref().map(unspaced).filter(|text| !text.is_empty());
            numbers[index] = text.map(|text| text.parse::<i64>()).transpose().ok()?;
        }
        keep_best(&mut best, |index| numbers[index]);
        Some(best)
    }

    /// The number of the first condition that holds.
    fn preference(&self, row: &Value) -> usize {
        self.prefer.iter().position(|condition| condition.holds(row)).unwrap_or(self.prefer.len())
    }

    fn rank(&self, row: &Value, day: Date, zone: &TimeZone) -> Rank {
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
        // Of the rows ahead the nearest start comes first, of all others the latest; of those that are over the latest end.
        let near = match when {
            When::Ahead => from.map(|from| -days(from)),
            When::InForce => from.map(days),
            When::Over => to.map(days),
        };
        Rank { when, near, from: from.map(days) }
    }
}

/// A row by its dates.
struct Rank {
    when: When,
    near: Option<i64>,
    from: Option<i64>,
}

fn keep_best<T: Ord>(rows: &mut Vec<usize>, rank: impl Fn(usize) -> T) {
    let best = rows.iter().map(|row| rank(*row)).max();
    rows.retain(|row| Some(rank(*row)) == best);
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
        all_chosen(rows, day).join(",")
    }

    fn all_chosen(rows: &Value, day: &str) -> Vec<String> {
        let pick = Pick {
            at: Some(path("jobs")),
            by: None,
            from: Some(path("from")),
            to: Some(path("to")),
            date: DateForm::Iso,
            prefer: vec![Condition::parse("primary=true").unwrap()],
            sequence: Some(path("seq")),
        };
        let record = json!({ "jobs": rows });
        let records = pick.apply(record, day.parse().unwrap(), &TimeZone::UTC, &mut Selection::default());
        records.iter().map(|record| record["jobs"][0]["n"].to_string()).collect()
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

    #[test]
    fn what_cannot_be_seen_ranks_no_row_and_what_cannot_be_read_leaves_all() {
        let two = |main: Value, seq: Value| {
            let from = "2020-01-01";
            json!([{"n": 1, "from": from, "primary": main, "seq": seq}, {"n": 2, "from": from, "primary": "false", "seq": 9}])
        };
        let on = "2026-01-01";
        for main in ["true", "tr\u{ad}ue", " true\u{200b}"] {
            assert_eq!(chosen(&two(json!(main), json!(1)), on), "1", "{main:?}");
        }
        assert_eq!(chosen(&two(json!("#N/A"), json!(1)), on), "1,2");
        assert_eq!(chosen(&two(json!("false"), json!("10\u{200b}")), on), "1");
        for seq in ["#N/A", "ten", "1.000"] {
            assert_eq!(chosen(&two(json!("false"), json!(seq)), on), "1,2", "{seq:?}");
        }
        let dates = json!([{"n": 1, "from": "2020-01-01", "to": "#N/A"}, {"n": 2, "from": "2019-01-01"}]);
        assert_eq!(chosen(&dates, on), "1,2");
    }
}
