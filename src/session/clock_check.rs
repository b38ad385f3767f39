//! The day of a run, checked before anything is planned.
//!
//! With a wrong day leavers are enabled again, and new starters get access too early.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::Failure;
use super::run_reason::{RunReason, RunReasonCode};
use crate::apply::RunId;
use crate::diagnostic::{Note, NoteCode};

/// Today in UTC, for dates about the tenant. Dates about people use the mapping's time zone.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// The largest difference that imprecise clocks explain. Both are read in UTC, so time zones do not matter.
const MOST: SignedDuration = SignedDuration::from_hours(2);

/// Refuses a clock that differs from the tenant's. `ahead` is the difference in seconds at the last response.
///
/// # Errors
/// If the difference is more than two hours; the message has both times.
pub(crate) fn against_tenant(now: Timestamp, ahead: Option<i64>) -> Result<(), Failure> {
    let Some(ahead) = ahead.map(SignedDuration::from_secs).filter(|ahead| ahead.abs() > MOST) else { return Ok(()) };
    let tenant = now.checked_sub(ahead).unwrap_or(if ahead.is_negative() { Timestamp::MAX } else { Timestamp::MIN });
    let (difference, side) = (in_words(ahead.abs()), if ahead.is_negative() { "behind" } else { "ahead" });
    Err(Failure::cannot_run(format!(
        "this machine's clock is at {}, the tenant's at {}: {difference} {side}; starts and leaves would be judged by the wrong day, so nothing was planned\n  \
         hint: correct this machine's clock and run again; --as-of plans for another day",
        shown(now),
        shown(tenant)
    ))
    .because(RunReason::new(RunReasonCode::Clock, format!("this machine's clock is {difference} {side} of the tenant's"))))
}

/// The note for a tenant that sends no `Date` header to compare with.
pub(crate) fn note(ahead: Option<i64>) -> Option<Note> {
    let unchecked = "the tenant's responses have no `Date` header, so this machine's clock was not checked against it";
    ahead.is_none().then(|| Note::new(NoteCode::ClockUnchecked, unchecked))
}

/// Refuses a run that starts before the last one did.
///
/// # Errors
/// If the difference is more than two hours; the message has both times.
pub(crate) fn against_last_run(now: Timestamp, last: Option<(RunId, Timestamp)>) -> Result<(), Failure> {
    let Some((run, began)) = last else { return Ok(()) };
    let difference = began.duration_since(now);
    if difference <= MOST {
        return Ok(());
    }
    Err(Failure::cannot_run(format!(
        "this machine's clock is at {}, but the last run in this state folder ({}) started at {}, {} later; starts and leaves would be judged by the \
         wrong day, so nothing was planned\n  hint: correct this machine's clock and run again; for a rehearsal, use another folder with --state",
        shown(now),
        run.0,
        shown(began),
        in_words(difference)
    ))
    .because(RunReason::new(RunReasonCode::Clock, format!("the last run began {} later by this machine's clock", in_words(difference)))))
}

fn shown(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A duration in its two largest units.
fn in_words(time: SignedDuration) -> String {
    let (days, hours, minutes) = (time.as_hours() / 24, time.as_hours() % 24, time.as_mins() % 60);
    if days > 0 { format!("{days} d {hours} h") } else { format!("{hours} h {minutes} min") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn clocks_may_differ_by_two_hours_and_no_more() {
        let now = at("2026-11-30T12:00:00Z");
        for ahead in [None, Some(0), Some(7_200), Some(-7_200)] {
            assert!(against_tenant(now, ahead).is_ok(), "{ahead:?}");
        }
        for (ahead, words) in [
            (7_201, "the tenant's at 2026-11-30 09:59:59 UTC: 2 h 0 min ahead"),
            (-7_201, "the tenant's at 2026-11-30 14:00:01 UTC: 2 h 0 min behind"),
            (10_800, "2026-11-30 09:00:00 UTC: 3 h 0 min ahead"),
            (-34_560_000, "2028-01-04 12:00:00 UTC: 400 d 0 h behind"),
            (i64::MIN / 2, "behind"),
            (i64::MAX / 2, "ahead"),
        ] {
            let output = against_tenant(now, Some(ahead)).unwrap_err().to_string();
            assert!(
                output.contains(words) && output.contains("clock is at 2026-11-30 12:00:00 UTC") && output.contains("hint: "),
                "{output}"
            );
        }
        assert!(note(None).is_some() && note(Some(0)).is_none());
    }

    #[test]
    fn a_run_does_not_begin_before_the_last_one() {
        let last = |moment: &str| Some((RunId("20261130-1".into()), at(moment)));
        let now = at("2026-11-30T12:00:00Z");
        for fine in [None, last("2026-11-30T11:00:00Z"), last("2020-01-01T00:00:00Z"), last("2026-11-30T14:00:00Z")] {
            assert!(against_last_run(now, fine).is_ok());
        }
        for (wrong, words) in [("2026-11-30T14:00:01Z", "2 h 0 min later"), ("2026-12-20T12:00:00Z", "20 d 0 h later")] {
            let output = against_last_run(now, last(wrong)).unwrap_err().to_string();
            assert!(output.contains(words) && output.contains("20261130-1") && output.contains("hint: "), "{output}");
        }
    }
}
