//! The stage of a person, by the dates and the status of the record.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::desired::Stage;
use super::formula::Slot;
use crate::record::unspaced;

/// The part of `[lifecycle]` that reads the record.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle {
    pub(super) start: Option<Slot>,
    pub(super) end: Option<Slot>,
    pub(super) status: Option<Slot>,
    /// The status values that mean gone, folded.
    pub(super) left: BTreeSet<String>,
    /// The status values that mean working here while the dates agree, folded.
    pub(super) active: Option<BTreeSet<String>>,
    /// The status values that count more than the dates, folded.
    pub(super) states: Option<BTreeMap<String, State>>,
    /// How many days before the start an account is created: `create_before`.
    pub(super) create_before: i64,
}

/// The meaning of a status value of `[lifecycle.states]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Active,
    Left,
}

/// One fact of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Fact<T> {
    /// The cell is empty, or the mapping names no such column.
    #[default]
    Absent,
    Is(T),
    /// The cell has a value that the mapping cannot read.
    Unreadable,
}

impl<T> Fact<T> {
    pub(super) fn known(&self) -> Option<&T> {
        match self {
            Self::Is(fact) => Some(fact),
            Self::Absent | Self::Unreadable => None,
        }
    }

    fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }
}

/// The facts of a record about the life cycle.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) start: Fact<Date>,
    pub(super) end: Fact<Date>,
    /// Absent also where the mapping names no status.
    pub(super) status: Fact<String>,
}

/// The stage of a person, with the facts behind it that the plan reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) stage: Stage,
    /// The stage of a person without an account, where it differs.
    pub(super) new_stage: Option<Stage>,
    /// The status, where it is in no list.
    pub(super) status_word: Option<Box<str>>,
    /// The past end date that a status of `[lifecycle.states]` outlives.
    pub(super) end_ignored: Option<Date>,
}

impl Standing {
    pub(super) fn of(stage: Stage) -> Self {
        Self { stage, new_stage: None, status_word: None, end_ignored: None }
    }
}

/// The reason for which the stage is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// A fact that matters cannot be read; the fault is noted with the fact.
    Unreadable,
    /// The status is empty.
    NoStatus,
    /// This status is in none of the mapping's lists.
    UnknownStatus(String),
}

/// What the lists of the mapping say of a status.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The mapping names no status column.
    Unmapped,
    Unreadable,
    Empty,
    Left,
    /// In `active`: the dates decide.
    Active,
    /// In `states` as active: counts more than a past end date.
    Outlives,
    Unlisted,
}

/// A status as it is compared: without case and invisible characters, each run of blanks as one space.
///
/// ```
/// # use hrpush::mapping::fold_status;
/// assert_eq!(fold_status(" On\u{a0}LEAVE\u{200b}"), fold_status("on leave"));
/// ```
pub fn fold(status: &str) -> String {
    caseless::default_case_fold_str(&unspaced(status))
}

impl Cycle {
    /// The stage on a day. If the readable facts say that a person has left, unreadable ones do not change that.
    pub(super) fn standing(&self, facts: &Facts, today: Date) -> Result<Standing, Unclear> {
        let word = self.word(&facts.status);
        let (start, end) = (facts.start.known().copied(), facts.end.known().copied());
        let status_word = || Some(unspaced(facts.status.known()?).into()).filter(|_| word == Word::Unlisted);
        if word == Word::Left {
            return Ok(Standing::of(Stage::Left { end }));
        }
        // An end before the start is that of an earlier employment: the person comes back on the start.
        let returns = start.zip(end).filter(|(start, end)| end < start).map(|(start, _)| start);
        let gone = end.filter(|end| *end < today && returns.is_none_or(|start| today < start));
        if gone.is_some() && word != Word::Outlives {
            let named = self.check_named(word, facts).is_ok();
            let new_stage = returns.filter(|_| named).map(|start| self.by_start(Some(start), today));
            return Ok(Standing { new_stage, status_word: status_word(), ..Standing::of(Stage::Left { end }) });
        }
        if facts.start.is_unreadable() || facts.end.is_unreadable() {
            return Err(Unclear::Unreadable);
        }
        self.check_named(word, facts)?;
        let by_start = self.by_start(start, today);
        let before_the_leave = word != Word::Outlives && returns.is_some() && end.is_some_and(|end| today <= end);
        let stage = if before_the_leave { Stage::Active { start: None } } else { by_start };
        Ok(Standing {
            stage,
            new_stage: Some(by_start).filter(|by_start| *by_start != stage),
            status_word: status_word(),
            end_ignored: gone,
        })
    }

    /// The stage by the first working day alone.
    fn by_start(&self, start: Option<Date>, today: Date) -> Stage {
        match start {
            Some(start) if today < opening(start, self.create_before) => Stage::Upcoming { start },
            Some(start) if today < start => Stage::PreHire { start },
            start => Stage::Active { start },
        }
    }

    fn word(&self, status: &Fact<String>) -> Word {
        if self.status.is_none() {
            return Word::Unmapped;
        }
        let status = match status {
            Fact::Unreadable => return Word::Unreadable,
            Fact::Absent => return Word::Empty,
            Fact::Is(status) => fold(status),
        };
        if status.is_empty() {
            return Word::Empty;
        }
        match self.states.as_ref().and_then(|states| states.get(&status)) {
            Some(State::Left) => Word::Left,
            Some(State::Active) => Word::Outlives,
            None if self.left.contains(&status) => Word::Left,
            None if self.active.as_ref().is_some_and(|active| active.contains(&status)) => Word::Active,
            None => Word::Unlisted,
        }
    }

    /// Whether the mapping lists the words that it knows, so that another one is a fault of the record.
    pub(super) fn is_strict(&self) -> bool {
        self.active.is_some() || self.states.is_some()
    }

    /// Whether a status, not empty, is in none of the lists.
    pub(super) fn is_unlisted(&self, status: &str) -> bool {
        self.word(&Fact::Is(status.to_owned())) == Word::Unlisted
    }

    fn check_named(&self, word: Word, facts: &Facts) -> Result<(), Unclear> {
        match word {
            Word::Unreadable => Err(Unclear::Unreadable),
            Word::Empty => Err(Unclear::NoStatus),
            Word::Unlisted if self.is_strict() => {
                Err(Unclear::UnknownStatus(unspaced(facts.status.known().map_or("", String::as_str)).into_owned()))
            }
            Word::Unmapped | Word::Left | Word::Active | Word::Outlives | Word::Unlisted => Ok(()),
        }
    }
}

/// The first day on which the account may exist.
fn opening(start: Date, days: i64) -> Date {
    start.checked_sub(days.days()).unwrap_or(Date::MIN)
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
            create_before: 14,
            ..Cycle::default()
        }
    }

    fn facts(start: Option<Date>, end: Option<Date>, status: &str) -> Facts {
        let fact = |day: Option<Date>| day.map_or(Fact::Absent, Fact::Is);
        Facts { start: fact(start), end: fact(end), status: Fact::Is(status.to_owned()) }
    }

    fn stage(cycle: &Cycle, facts: &Facts, today: Date) -> Stage {
        cycle.standing(facts, today).unwrap().stage
    }

    #[test]
    fn the_stage_follows_the_dates() {
        let start = date(2026, 3, 15);
        let end = date(2026, 6, 30);
        let stage = |today| stage(&cycle(), &facts(Some(start), Some(end), "Active"), today);
        assert_eq!(stage(date(2026, 2, 28)), Stage::Upcoming { start });
        assert_eq!(stage(date(2026, 3, 1)), Stage::PreHire { start });
        assert_eq!(stage(date(2026, 3, 14)), Stage::PreHire { start });
        assert_eq!(stage(start), Stage::Active { start: Some(start) });
        assert_eq!(stage(end), Stage::Active { start: Some(start) });
        assert_eq!(stage(date(2026, 7, 1)), Stage::Left { end: Some(end) });
    }

    #[test]
    fn a_status_in_left_wins_over_all_dates() {
        let today = date(2026, 1, 1);
        for status in [" TERMINATED ", "Terminated\u{200b}", "Termi\u{ad}nated", "\u{feff}terminated\u{a0}"] {
            for (start, end) in [(Some(date(2099, 1, 1)), None), (Some(date(2027, 1, 1)), Some(date(2025, 1, 1))), (None, None)] {
                assert_eq!(stage(&cycle(), &facts(start, end, status), today), Stage::Left { end }, "{status:?}");
            }
        }
        let unreadable = Facts { start: Fact::Unreadable, end: Fact::Unreadable, status: Fact::Is("terminated".to_owned()) };
        assert_eq!(stage(&cycle(), &unreadable, today), Stage::Left { end: None });
    }

    #[test]
    fn an_end_that_has_passed_makes_a_leaver_whatever_else_cannot_be_read() {
        let (today, end) = (date(2026, 1, 1), date(2025, 12, 31));
        let strict = Cycle { active: Some(BTreeSet::from([fold("Active")])), ..cycle() };
        let statuses = [Fact::Absent, Fact::Unreadable, Fact::Is("\u{200b} ".to_owned()), Fact::Is("Sabbatical".to_owned())];
        for status in statuses {
            for start in [Fact::Absent, Fact::Unreadable, Fact::Is(date(2020, 1, 1))] {
                let facts = Facts { start, end: Fact::Is(end), status: status.clone() };
                assert_eq!(stage(&cycle(), &facts, today), Stage::Left { end: Some(end) }, "{facts:?}");
                assert_eq!(stage(&strict, &facts, today), Stage::Left { end: Some(end) }, "{facts:?}");
            }
        }
    }

    #[test]
    fn a_word_in_active_leaves_the_decision_to_the_dates() {
        let cycle = Cycle { active: Some(BTreeSet::from([fold("Part time")])), ..cycle() };
        let today = date(2026, 1, 1);
        assert_eq!(stage(&cycle, &facts(None, None, "PART\u{a0}time"), today), Stage::Active { start: None });
        let past = Some(date(2020, 1, 1));
        assert_eq!(stage(&cycle, &facts(None, past, "Part time"), today), Stage::Left { end: past });
    }

    #[test]
    fn a_word_in_states_outlives_the_end_date_which_is_listed() {
        let states = BTreeMap::from([(fold("On leave"), State::Active), (fold("Dismissed"), State::Left)]);
        let cycle = Cycle { states: Some(states), ..cycle() };
        let (past, today) = (Some(date(2020, 1, 1)), date(2026, 1, 1));
        let kept = cycle.standing(&facts(None, past, "on LEAVE"), today).unwrap();
        assert_eq!((kept.stage, kept.end_ignored), (Stage::Active { start: None }, past));
        let ahead = cycle.standing(&facts(None, Some(date(2027, 1, 1)), "On leave"), today).unwrap();
        assert_eq!(ahead.end_ignored, None);
        assert_eq!(stage(&cycle, &facts(None, None, "dismissed"), today), Stage::Left { end: None });
        let rehired = cycle.standing(&facts(Some(date(2021, 1, 1)), past, "On leave"), today).unwrap();
        assert_eq!(rehired.end_ignored, None, "the dates alone keep a rehire");
    }

    #[test]
    fn a_word_in_no_list_holds_beside_a_list_and_is_shown_without_one() {
        let lists = [Cycle { active: Some(BTreeSet::new()), ..cycle() }, Cycle { states: Some(BTreeMap::new()), ..cycle() }];
        let today = date(2026, 1, 1);
        for cycle in lists {
            let unclear = cycle.standing(&facts(None, None, "Terminated (vol.)"), today).unwrap_err();
            assert_eq!(unclear, Unclear::UnknownStatus("Terminated (vol.)".to_owned()));
            let left = cycle.standing(&facts(None, Some(date(2020, 1, 1)), " Garden leave"), today).unwrap();
            assert_eq!(left.status_word.as_deref(), Some("Garden leave"));
        }
        let open = cycle().standing(&facts(None, None, "Terminated (vol.)\u{200b}"), today).unwrap();
        assert_eq!((open.stage, open.status_word.as_deref()), (Stage::Active { start: None }, Some("Terminated (vol.)")));
        assert_eq!(cycle().standing(&facts(None, None, "\u{a0}"), today).unwrap_err(), Unclear::NoStatus);
    }

    #[test]
    fn an_end_before_the_start_is_the_gap_of_a_rehire() {
        let (end, start) = (date(2026, 3, 31), date(2026, 7, 1));
        let facts = facts(Some(start), Some(end), "Active");
        let on = |month, day| {
            let standing = cycle().standing(&facts, date(2026, month, day)).unwrap();
            (standing.stage, standing.new_stage)
        };
        let upcoming = Some(Stage::Upcoming { start });
        assert_eq!(on(3, 31), (Stage::Active { start: None }, upcoming));
        assert_eq!(on(4, 1), (Stage::Left { end: Some(end) }, upcoming));
        assert_eq!(on(6, 20), (Stage::Left { end: Some(end) }, Some(Stage::PreHire { start })));
        assert_eq!(on(6, 30), (Stage::Left { end: Some(end) }, Some(Stage::PreHire { start })));
        assert_eq!(on(7, 1), (Stage::Active { start: Some(start) }, None));
    }

    #[test]
    fn a_rehire_without_a_gap_is_never_gone() {
        let (end, start) = (date(2026, 3, 31), date(2026, 4, 1));
        let facts = facts(Some(start), Some(end), "Active");
        for today in [end, start] {
            assert!(matches!(stage(&cycle(), &facts, today), Stage::Active { .. }), "{today}");
        }
    }

    #[test]
    fn nobody_gets_an_account_in_the_gap_by_a_status_that_is_unknown() {
        let cycle = Cycle { active: Some(BTreeSet::new()), ..cycle() };
        let facts = facts(Some(date(2026, 7, 1)), Some(date(2026, 3, 31)), "?");
        assert_eq!(cycle.standing(&facts, date(2026, 6, 30)).unwrap().new_stage, None);
        assert!(cycle.standing(&facts, date(2026, 7, 1)).is_err());
    }

    #[test]
    fn a_start_that_cannot_be_read_holds_somebody_who_is_not_gone() {
        for (start, end) in [(Fact::Unreadable, Fact::Absent), (Fact::Is(date(2020, 1, 1)), Fact::Unreadable)] {
            let facts = Facts { start, end, status: Fact::Is("Active".to_owned()) };
            assert_eq!(cycle().standing(&facts, date(2026, 1, 1)), Err(Unclear::Unreadable));
        }
    }

    #[test]
    fn durations_are_whole_days() {
        assert_eq!((days("14d"), days("2w"), days("0d")), (Some(14), Some(14), Some(0)));
        assert_eq!((days("14"), days("-1d"), days("d"), days("3 h"), days("")), (None, None, None, None, None));
    }
}
