//! The meaning of a response: done, to be repeated, refused or unknown.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::target::Cause;

/// What a response refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::graph) enum About {
    /// This very request and the objects that it names.
    #[default]
    Request,
    /// The way to the service: a gateway's page, or the refusal of a whole batch. It implies nothing about any object.
    Transport,
    /// The app, which is refused whatever it requests: its token is refused, or a condition of Entra is not met.
    App,
}

/// The facts about one response that decide what it means.
#[derive(Clone, Copy, Debug)]
pub(in crate::graph) struct ResponseFacts<'a> {
    /// The HTTP status, which decides most of the meaning.
    pub(in crate::graph) status: u16,
    /// What the response refers to.
    pub(in crate::graph) about: About,
    /// Graph's error code, where there is one.
    pub(in crate::graph) code: &'a str,
    /// Graph's error text, where there is one.
    pub(in crate::graph) message: &'a str,
    /// The wait that the response asks for.
    pub(in crate::graph) retry_after: Option<Duration>,
    /// Whether sending the same request twice is harmless.
    pub(in crate::graph) repeatable: bool,
    /// Whether the request names an object that was created moments ago and that not every replica has yet.
    pub(in crate::graph) recent: bool,
}

/// The meaning of a response, without a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) enum Judgement {
    /// The request was carried out.
    Done,
    /// Not done; to be sent again after this long.
    After(Duration),
    /// Not done, and no repetition would change that.
    Final,
    /// It is unknown whether the request was carried out.
    Unknown,
}

/// The wait where the response names none.
const WAIT: Duration = Duration::from_secs(2);
/// The wait where the response of a throttled service names none.
const THROTTLED: Duration = Duration::from_secs(10);

/// A day is more than any service asks for; a longer wait is a fault of the answer.
pub(in crate::graph) const LONGEST: Duration = Duration::from_hours(24);

/// Judges a response. It is pure, so that one test holds the whole table.
pub(in crate::graph) fn judge(heard: ResponseFacts<'_>) -> Judgement {
    let wait = heard.retry_after.unwrap_or(WAIT);
    match heard.status {
        200..=299 => Judgement::Done,
        429 => Judgement::After(heard.retry_after.unwrap_or(THROTTLED)),
        404 if heard.recent => Judgement::After(wait),
        // The service itself would have named what does not exist, so it was not reached.
        404 if heard.about == About::Transport && heard.repeatable => Judgement::After(wait),
        404 if heard.about == About::Transport => Judgement::Unknown,
        400 if heard.recent && is_unreplicated(heard) => Judgement::After(wait),
        409 if heard.code == "Directory_ConcurrencyViolation" => Judgement::After(wait),
        // 423 means locked. An older batch gives 424 to items that it did not look at.
        423 | 424 => Judgement::After(wait),
        501 | 505 | 507 => Judgement::Final,
        408 | 500..=599 if heard.repeatable => Judgement::After(wait),
        // The write may have happened before its answer was lost.
        408 | 500..=599 => Judgement::Unknown,
        _ => Judgement::Final,
    }
}

/// Why the request was not done, or why that is unknown.
pub(in crate::graph) const fn cause(status: u16, about: About) -> Cause {
    match (status, about) {
        (429, _) => Cause::Throttled,
        (404, About::Transport) => Cause::Misrouted,
        (_, About::Transport) => Cause::Transport,
        (500.., _) => Cause::Failing,
        _ => Cause::Busy,
    }
}

/// Up to a quarter longer, so that requests that were throttled together do not return at the same moment.
pub(in crate::graph) fn jittered(wait: Duration) -> Duration {
    let draw = getrandom::u32().unwrap_or(u32::MAX / 2);
    wait.mul_f64(1.0 + 0.25 * f64::from(draw) / f64::from(u32::MAX))
}

fn is_unreplicated(heard: ResponseFacts<'_>) -> bool {
    heard.code == "Request_ResourceNotFound" || heard.message.contains("objects being referenced don't exist")
}

/// `Retry-After` in seconds, which may be a decimal, or as a date, which proxies in between send. Such a date is counted from the answer's
/// own `date`, as far as it names one: our clock may be ahead.
pub(in crate::graph) fn retry_after(text: &str, date: Option<&str>) -> Option<Duration> {
    let server_time = date.and_then(|date| rfc2822::parse(date.trim()).ok()).map(|date| date.timestamp());
    retry_after_at(text.trim(), server_time.unwrap_or_else(Timestamp::now))
}

fn retry_after_at(text: &str, now: Timestamp) -> Option<Duration> {
    let seconds: f64 = match text.parse() {
        Ok(seconds) => seconds,
        Err(_) => rfc2822::parse(text).ok()?.timestamp().duration_since(now).as_secs_f64().max(0.0),
    };
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(status: u16) -> ResponseFacts<'static> {
        ResponseFacts {
            status,
            about: About::Request,
            code: "",
            message: "",
            retry_after: None,
            repeatable: false,
            recent: false,
        }
    }

    #[test]
    fn the_whole_table() {
        use Judgement::{After, Done, Final, Unknown};
        let asked = Some(Duration::from_millis(2_128));
        let recent = |status| ResponseFacts { recent: true, ..heard(status) };
        let repeatable = |status| ResponseFacts { repeatable: true, ..heard(status) };
        let table = [
            (heard(200), Done),
            (heard(201), Done),
            (heard(204), Done),
            (heard(400), Final),
            (recent(400), Final),
            (ResponseFacts { message: "one of the objects being referenced don't exist.", ..recent(400) }, After(WAIT)),
            (ResponseFacts { message: "one of the objects being referenced don't exist.", ..heard(400) }, Final),
            (heard(401), Final),
            (heard(403), Final),
            (heard(404), Final),
            (recent(404), After(WAIT)),
            (ResponseFacts { about: About::Transport, ..heard(404) }, Unknown),
            (ResponseFacts { about: About::Transport, ..repeatable(404) }, After(WAIT)),
            (heard(409), Final),
            (ResponseFacts { code: "Directory_ConcurrencyViolation", ..heard(409) }, After(WAIT)),
            (heard(412), Final),
            (heard(423), After(WAIT)),
            (heard(424), After(WAIT)),
            (heard(429), After(THROTTLED)),
            (ResponseFacts { retry_after: asked, ..heard(429) }, After(Duration::from_millis(2_128))),
            (heard(500), Unknown),
            (heard(503), Unknown),
            (repeatable(500), After(WAIT)),
            (ResponseFacts { retry_after: asked, ..repeatable(503) }, After(Duration::from_millis(2_128))),
            (repeatable(501), Final),
            (heard(301), Final),
        ];
        for (heard, wanted) in table {
            assert_eq!(judge(heard), wanted, "{heard:?}");
        }
    }

    #[test]
    fn a_wait_may_be_a_decimal() {
        assert_eq!(retry_after(" 2.5 ", None), Some(Duration::from_millis(2_500)));
        assert_eq!(retry_after("-1", None), None);
        assert_eq!(retry_after("NaN", None), None);
        assert_eq!(retry_after("soon", None), None);
        assert_eq!(retry_after("1e300", None), Some(Duration::from_hours(24)));
    }

    #[test]
    fn a_wait_may_be_a_date() {
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        assert_eq!(retry_after_at("Fri, 20 Nov 2026 10:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after_at("Fri, 20 Nov 2026 09:00:00 GMT", now), Some(Duration::ZERO));
        let slow_clock = Some("Wed, 20 Nov 2024 10:00:00 GMT");
        assert_eq!(retry_after("Wed, 20 Nov 2024 10:00:30 GMT", slow_clock), Some(Duration::from_secs(30)));
    }
}
