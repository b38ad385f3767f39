//! What an answer of Graph means, item by item.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::time::Instant;

use crate::directory::ObjectId;

/// What is to be done after an answer, or the lack of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Done,
    /// It was not done; the same request may be sent again, but not before this moment.
    NotBefore(Instant),
    /// It was refused, and asking again would change nothing.
    Final,
    /// It may have been done or not: look before sending it again.
    Unknown,
}

/// Of what an answer speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    /// This very request and the objects that it names.
    #[default]
    Request,
    /// The way to the service: a gateway's page, or the refusal of a whole batch. It says nothing of any object.
    Way,
    /// The app, which is let in no more, whatever it asks: its token is refused, or a condition of Entra is not met.
    App,
}

/// The answer to one write.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// Of what it speaks.
    pub about: About,
    /// The id of the object that was created or restored.
    pub id: Option<ObjectId>,
    /// Graph's id of the request.
    pub request_id: Option<String>,
    /// The HTTP status of this item; none where no answer came.
    pub status: Option<u16>,
    /// Graph's error code.
    pub code: Option<String>,
    /// Graph's error text, or our own where none came. May name a person: for the report, not for logs.
    pub message: Option<String>,
    /// The properties that Graph's error details point at, as (code, target).
    pub details: Vec<(String, String)>,
    /// The Temporary Access Pass, where one was created. Its type cannot be printed.
    pub access_pass: Option<secrecy::SecretString>,
}

impl Answer {
    /// An answer that never came from Graph.
    pub(in crate::graph) fn silent(verdict: Verdict, code: &str, message: impl Into<String>) -> Self {
        Self {
            verdict,
            about: About::Way,
            id: None,
            request_id: None,
            status: None,
            code: Some(code.to_owned()),
            message: Some(message.into()),
            details: Vec::new(),
            access_pass: None,
        }
    }

    fn says(&self, wanted: &str) -> bool {
        self.message.as_deref().is_some_and(|message| message.contains(wanted))
    }

    /// The object is a member already (or the member's kind is not supported: to be checked).
    pub fn is_already_member(&self) -> bool {
        self.status == Some(400) && self.says("added object references already exist")
    }

    /// Another object has this value. Graph tells it in the details, older services in the text alone.
    pub fn is_conflict_on(&self, property: &str) -> bool {
        let conflict =
            |code: &str| code.eq_ignore_ascii_case("ObjectConflict") || code.eq_ignore_ascii_case("ConflictingObjects");
        matches!(self.status, Some(400 | 409))
            && (self.details.iter().any(|(code, target)| conflict(code) && target.eq_ignore_ascii_case(property))
                || self.message.as_deref().is_some_and(|message| {
                    let text = format!("same value for property {property} already exists");
                    message.to_lowercase().contains(&text.to_lowercase())
                }))
    }

    /// Another object has the name or one of the addresses.
    pub fn is_name_taken(&self) -> bool {
        ["userPrincipalName", "proxyAddresses", "mail", "mailNickname"].iter().any(|property| self.is_conflict_on(property))
    }

    /// There is no such object (any more, or yet).
    pub fn is_absent(&self) -> bool {
        self.status == Some(404) && self.about == About::Request
    }

    /// The service says that the app may not do this. A gateway's 403 has no code of Graph's, and says nothing of permissions.
    pub fn is_forbidden(&self) -> bool {
        self.status == Some(403) && self.about == About::Request && self.code.is_some()
    }

    /// The app is let in no more, whatever it asks.
    pub fn is_locked_out(&self) -> bool {
        self.about == About::App
    }
}

/// What was heard about one request.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Of what the answer speaks.
    pub about: About,
    /// Graph's error code, where there is one.
    pub code: &'a str,
    /// Graph's error text, where there is one.
    pub message: &'a str,
    /// The wait that the answer asks for.
    pub retry_after: Option<Duration>,
    /// Whether sending the same request twice is harmless.
    pub repeatable: bool,
    /// Whether the request names an object that was made moments ago and that not every replica knows yet.
    pub young: bool,
}

/// What an answer means, still without a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Done.
    Done,
    /// Not done; to be sent again after this long.
    After(Duration),
    /// Refused for good.
    Final,
    /// Done or not: nobody knows.
    Unknown,
}

/// The wait where the answer names none.
const WAIT: Duration = Duration::from_secs(2);
/// The wait where the answer of a throttled service names none.
const THROTTLED: Duration = Duration::from_secs(10);

/// A day is more than any service asks for; a longer wait is a fault of the answer.
pub(in crate::graph) const LONGEST: Duration = Duration::from_hours(24);

/// Judges an answer. Pure, so that the whole table fits in one test.
pub fn judge(heard: Heard<'_>) -> Judgement {
    let wait = heard.retry_after.unwrap_or(WAIT);
    match heard.status {
        200..=299 => Judgement::Done,
        429 => Judgement::After(heard.retry_after.unwrap_or(THROTTLED)),
        404 if heard.young => Judgement::After(wait),
        // The service itself would have said what is not there: it was not reached.
        404 if heard.about == About::Way && heard.repeatable => Judgement::After(wait),
        404 if heard.about == About::Way => Judgement::Unknown,
        400 if heard.young && is_unreplicated(heard) => Judgement::After(wait),
        409 if heard.code == "Directory_ConcurrencyViolation" => Judgement::After(wait),
        // 423 is locked; 424 is what an older batch gives the items that were not looked at.
        423 | 424 => Judgement::After(wait),
        501 | 505 | 507 => Judgement::Final,
        408 | 500..=599 if heard.repeatable => Judgement::After(wait),
        // The write may have happened before its answer was lost.
        408 | 500..=599 => Judgement::Unknown,
        _ => Judgement::Final,
    }
}

fn is_unreplicated(heard: Heard<'_>) -> bool {
    heard.code == "Request_ResourceNotFound" || heard.message.contains("objects being referenced don't exist")
}

/// `Retry-After` in seconds, which may be a decimal, or as a date, which proxies in between send. Such a date is counted from the answer's
/// own `date`, as far as it names one: our clock may be ahead.
pub(in crate::graph) fn retry_after(text: &str, date: Option<&str>) -> Option<Duration> {
    let told = date.and_then(|date| rfc2822::parse(date.trim()).ok()).map(|date| date.timestamp());
    retry_after_at(text.trim(), told.unwrap_or_else(Timestamp::now))
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

    fn heard(status: u16) -> Heard<'static> {
        Heard { status, about: About::Request, code: "", message: "", retry_after: None, repeatable: false, young: false }
    }

    #[test]
    fn the_whole_table() {
        use Judgement::{After, Done, Final, Unknown};
        let asked = Some(Duration::from_millis(2_128));
        let young = |status| Heard { young: true, ..heard(status) };
        let repeatable = |status| Heard { repeatable: true, ..heard(status) };
        let table = [
            (heard(200), Done),
            (heard(201), Done),
            (heard(204), Done),
            (heard(400), Final),
            (young(400), Final),
            (Heard { message: "one of the objects being referenced don't exist.", ..young(400) }, After(WAIT)),
            (Heard { message: "one of the objects being referenced don't exist.", ..heard(400) }, Final),
            (heard(401), Final),
            (heard(403), Final),
            (heard(404), Final),
            (young(404), After(WAIT)),
            (Heard { about: About::Way, ..heard(404) }, Unknown),
            (Heard { about: About::Way, ..repeatable(404) }, After(WAIT)),
            (heard(409), Final),
            (Heard { code: "Directory_ConcurrencyViolation", ..heard(409) }, After(WAIT)),
            (heard(412), Final),
            (heard(423), After(WAIT)),
            (heard(424), After(WAIT)),
            (heard(429), After(THROTTLED)),
            (Heard { retry_after: asked, ..heard(429) }, After(Duration::from_millis(2_128))),
            (heard(500), Unknown),
            (heard(503), Unknown),
            (repeatable(500), After(WAIT)),
            (Heard { retry_after: asked, ..repeatable(503) }, After(Duration::from_millis(2_128))),
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
