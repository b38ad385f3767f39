//! The meaning of a provider's answer to a write: done, to be repeated, refused or unknown.

use std::time::Duration;

use crate::target::{Cause, NameConflict, Refusal, TakenName};

/// The facts about one answer that decide what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerFacts<'a> {
    /// The HTTP status of the answer.
    pub(super) status: u16,
    /// The keyword of the refusal.
    pub(super) scim_type: Option<&'a str>,
    /// Whether the body is a SCIM message or empty; a gateway answers with a page of its own.
    pub(super) is_scim: bool,
    /// The wait that the answer asks for.
    pub(super) retry_after: Option<Duration>,
    /// Whether sending the same request twice is harmless.
    pub(super) repeatable: bool,
}

/// The meaning of an answer, without a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The request was carried out.
    Done,
    /// It was not carried out; to be sent again after this long.
    After(Duration, Cause),
    /// It may have been carried out or not.
    Unknown(Cause),
    /// It was refused for good.
    Refused(Refusal),
    /// The provider has no such method: another one may do.
    NoMethod,
}

/// The wait where the answer names none.
const WAIT: Duration = Duration::from_secs(2);
/// The wait where the answer of a throttled provider names none.
const THROTTLED: Duration = Duration::from_secs(10);

/// Judges an answer. It is pure, so that one test holds the whole table.
pub(super) fn judge(facts: AnswerFacts<'_>) -> Verdict {
    let wait = facts.retry_after.unwrap_or(WAIT);
    match facts.status {
        200..=299 => Verdict::Done,
        400 if facts.scim_type == Some("uniqueness") => taken(),
        400 | 413 | 422 => Verdict::Refused(Refusal::Invalid),
        401 => Verdict::Refused(Refusal::LockedOut),
        403 => Verdict::Refused(Refusal::Forbidden),
        404 if facts.is_scim => Verdict::Refused(Refusal::Absent),
        404 if facts.repeatable => Verdict::After(wait, Cause::Misrouted),
        404 => Verdict::Unknown(Cause::Misrouted),
        405 | 501 => Verdict::NoMethod,
        409 => taken(),
        // Another change came between; the resource is read anew.
        412 | 423 => Verdict::After(wait, Cause::Busy),
        429 => Verdict::After(facts.retry_after.unwrap_or(THROTTLED), Cause::Throttled),
        // A service that names a wait has not begun.
        503 if facts.retry_after.is_some() => Verdict::After(wait, Cause::Throttled),
        408 | 500 | 502..=599 if facts.repeatable => Verdict::After(wait, failing(facts)),
        // The write may have happened before its answer was lost.
        408 | 500 | 502..=599 => Verdict::Unknown(failing(facts)),
        _ => Verdict::Refused(Refusal::Other),
    }
}

fn taken() -> Verdict {
    Verdict::Refused(Refusal::NameTaken(NameConflict { names: [TakenName::Unnamed].into(), owner: None }))
}

const fn failing(facts: AnswerFacts<'_>) -> Cause {
    if facts.is_scim { Cause::Failing } else { Cause::Transport }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        let of = |status| AnswerFacts { status, scim_type: None, is_scim: true, retry_after: None, repeatable: false };
        let again = |status| AnswerFacts { repeatable: true, ..of(status) };
        let page = |facts| AnswerFacts { is_scim: false, ..facts };
        let asked = |facts| AnswerFacts { retry_after: Some(Duration::from_secs(7)), ..facts };
        let seven = Duration::from_secs(7);
        let refused = Verdict::Refused;
        let table = [
            (of(200), Verdict::Done),
            (of(201), Verdict::Done),
            (of(204), Verdict::Done),
            (of(302), refused(Refusal::Other)),
            (of(400), refused(Refusal::Invalid)),
            (AnswerFacts { scim_type: Some("uniqueness"), ..of(400) }, taken()),
            (of(401), refused(Refusal::LockedOut)),
            (of(403), refused(Refusal::Forbidden)),
            (of(404), refused(Refusal::Absent)),
            (page(of(404)), Verdict::Unknown(Cause::Misrouted)),
            (page(again(404)), Verdict::After(WAIT, Cause::Misrouted)),
            (of(405), Verdict::NoMethod),
            (of(501), Verdict::NoMethod),
            (of(409), taken()),
            (of(412), Verdict::After(WAIT, Cause::Busy)),
            (of(413), refused(Refusal::Invalid)),
            (of(415), refused(Refusal::Other)),
            (of(429), Verdict::After(THROTTLED, Cause::Throttled)),
            (asked(of(429)), Verdict::After(seven, Cause::Throttled)),
            (asked(of(503)), Verdict::After(seven, Cause::Throttled)),
            (of(503), Verdict::Unknown(Cause::Failing)),
            (again(503), Verdict::After(WAIT, Cause::Failing)),
            (page(of(502)), Verdict::Unknown(Cause::Transport)),
            (again(500), Verdict::After(WAIT, Cause::Failing)),
            (of(500), Verdict::Unknown(Cause::Failing)),
        ];
        for (facts, wanted) in table {
            assert_eq!(judge(facts), wanted, "{facts:?}");
        }
    }
}
