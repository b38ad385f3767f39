//! What goes wrong with a write, and the answers of the target in memory.

use std::time::Duration;

use tokio::time::Instant;

use crate::directory::Attribute;
use crate::target::{Answer, Cause, Culprits, NameConflict, Outcome, Refusal, TakenName, Transcript};

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not done, and no answer comes.
    LostBefore,
    /// Done, and no answer comes.
    LostAfter,
    /// Refused with 429; nothing is done.
    Throttled,
    /// Too much, but a fault for one of twenty.
    Mixed,
    /// The service fails without having done it.
    Unavailable,
    /// The object is locked, and it may be asked again at once.
    Locked,
    /// No connection at all.
    Unreachable,
    /// The token is refused, and so is a new one.
    LockedOut,
    /// A gateway's page says that there is no such thing.
    Page,
    /// A gateway lets nothing pass.
    Barred,
    /// The process dies: no answer ever.
    Killed,
}

impl Fault {
    /// The answer; none where the process dies.
    pub(super) fn answer(self, wait: Duration) -> Option<Answer> {
        let later = |wait, cause| Outcome::Retry { not_before: Instant::now() + wait, cause };
        let moment = Duration::from_secs(2);
        Some(match self {
            Self::LostBefore | Self::LostAfter => Answer { transcript: text(None, "connection reset"), ..Answer::unanswered() },
            Self::Throttled | Self::Mixed => Answer::of(later(wait, Cause::Throttled), text(Some(429), "slow down")),
            Self::Unavailable => Answer::of(later(moment, Cause::Failing), text(Some(503), "no")),
            Self::Locked => Answer::of(later(Duration::ZERO, Cause::Busy), text(Some(423), "locked")),
            Self::Unreachable => {
                Answer::of(Outcome::Refused(Refusal::Unsent), Transcript::ours("unreachable", "connection refused"))
            }
            Self::Page => Answer::of(later(moment, Cause::Misrouted), text(Some(404), "")),
            Self::Barred => Answer::of(Outcome::Refused(Refusal::Barred), text(Some(403), "")),
            Self::LockedOut => refused(Refusal::LockedOut, 401, "Access token validation failure."),
            Self::Killed => return None,
        })
    }
}

/// A property that is refused.
#[derive(Clone, Debug)]
pub(crate) struct RefusedProperty {
    pub(crate) property: &'static str,
    pub(crate) status: u16,
    pub(crate) naming: Naming,
    /// The id of the only user, or the name of the only new user, for which the property is refused.
    pub(crate) only: Option<&'static str>,
}

/// Whether a refusal names its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    Property,
    /// It names another one, wrongly.
    Wrong(&'static str),
    Nothing,
}

impl RefusedProperty {
    pub(crate) fn of(property: &'static str, status: u16, naming: Naming) -> Self {
        Self { property, status, naming, only: None }
    }

    pub(super) fn answer(&self, present: &[Attribute]) -> Answer {
        let named = match self.naming {
            Naming::Property => Some(self.property),
            Naming::Wrong(property) => Some(property),
            Naming::Nothing => None,
        };
        let attributes = present.iter().copied().filter(|attribute| Some(attribute.name) == named).collect();
        let reason = if self.status == 403 { Refusal::Forbidden } else { Refusal::Invalid };
        let culprits = Culprits { attributes, property: named.map(str::to_owned), ..Culprits::default() };
        Answer { culprits, ..refused(reason, self.status, "One or more properties contains invalid values.") }
    }
}

pub(super) fn text(status: Option<u16>, message: &str) -> Transcript {
    Transcript {
        status,
        code: status.filter(|status| *status >= 400).map(|_| "Request_BadRequest".to_owned()),
        message: Some(message.to_owned()).filter(|text| !text.is_empty()),
        request_id: Some("r".into()),
    }
}

pub(super) fn done() -> Answer {
    Answer::of(Outcome::Done, text(Some(204), ""))
}

pub(super) fn refused(refusal: Refusal, status: u16, message: &str) -> Answer {
    Answer::of(Outcome::Refused(refusal), text(Some(status), message))
}

pub(super) fn absent() -> Answer {
    refused(Refusal::Absent, 404, "Resource does not exist.")
}

pub(super) fn denied() -> Answer {
    refused(Refusal::Forbidden, 403, "Insufficient privileges to complete the operation.")
}

pub(super) fn taken(name: TakenName) -> Answer {
    let property = match name {
        TakenName::SignIn => Some("userPrincipalName"),
        TakenName::Nickname => Some("mailNickname"),
        TakenName::Mail => Some("mail"),
        TakenName::Address => Some("proxyAddresses"),
        TakenName::Unnamed => None,
    };
    let message = match property {
        Some(property) => format!("Another object with the same value for property {property} already exists."),
        None => "A conflicting object is present in the directory.".to_owned(),
    };
    let culprits = Culprits { property: property.map(str::to_owned), ..Culprits::default() };
    let conflict = NameConflict { names: [name].into(), owner: None };
    Answer { culprits, ..refused(Refusal::NameTaken(conflict), 400, &message) }
}

pub(super) fn failing(status: u16, message: &str) -> Answer {
    let not_before = Instant::now() + Duration::from_secs(2);
    Answer::of(Outcome::Retry { not_before, cause: Cause::Failing }, text(Some(status), message))
}
