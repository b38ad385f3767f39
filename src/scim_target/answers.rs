//! Answers of a provider as those of the port.

use std::time::Duration;

use tokio::time::Instant;

use super::client::{Client, Lost, Reply, Request};
use super::error::ScimTargetError;
use super::translation::Translation;
use super::verdict::{AnswerFacts, Verdict, judge};
use crate::directory::Attribute;
use crate::target::{Answer, Cause, Culprits, Operation, Outcome, Refusal, Transcript};

/// Sends a write once. A request without an answer is an answer of the port too.
pub(super) async fn exchange(client: &Client, request: Request<'_>) -> Result<Reply, Answer> {
    client.exchange(&request).await.map_err(|lost| match lost {
        Lost::Unsent(error) => Answer::of(Outcome::Refused(Refusal::Unsent), Transcript::ours("unsent", error.to_string())),
        Lost::Unanswered(why) => Answer::of(Outcome::Unknown(Cause::Transport), Transcript::ours("unanswered", why)),
    })
}

/// A read before a write that failed: nothing was written.
pub(super) fn unread(error: &ScimTargetError) -> Answer {
    let transcript = Transcript::ours("unread", error.to_string());
    let outcome = match error {
        ScimTargetError::NoToken { .. } | ScimTargetError::Refused { status: 401, .. } => Outcome::Refused(Refusal::LockedOut),
        ScimTargetError::Refused { status: 403, .. } => Outcome::Refused(Refusal::Forbidden),
        ScimTargetError::Unreachable { .. } => Outcome::Refused(Refusal::Unsent),
        ScimTargetError::Refused { status: 429, .. } => {
            Outcome::Retry { not_before: Instant::now() + Duration::from_secs(10), cause: Cause::Throttled }
        }
        ScimTargetError::Refused { status: 500.., .. } => {
            Outcome::Retry { not_before: Instant::now() + Duration::from_secs(2), cause: Cause::Failing }
        }
        _ => Outcome::Refused(Refusal::Other),
    };
    Answer::of(outcome, transcript)
}

pub(super) fn verdict(reply: &Reply, repeatable: bool) -> Verdict {
    judge(AnswerFacts {
        status: reply.status,
        scim_type: reply.scim_type(),
        is_scim: reply.is_scim,
        retry_after: reply.retry_after,
        repeatable,
    })
}

/// The answer to an operation.
pub(super) fn judged(reply: &Reply, repeatable: bool, operation: &Operation, translation: &Translation) -> Answer {
    let outcome = match verdict(reply, repeatable) {
        Verdict::Done => Outcome::Done,
        Verdict::After(wait, cause) => Outcome::Retry { not_before: Instant::now() + wait, cause },
        Verdict::Unknown(cause) => Outcome::Unknown(cause),
        Verdict::NoMethod => Outcome::Refused(Refusal::Other),
        Verdict::Refused(Refusal::NameTaken(_)) if matches!(operation, Operation::AddMembers { .. }) => {
            Outcome::Refused(Refusal::AlreadyMember)
        }
        Verdict::Refused(refusal) => Outcome::Refused(refusal),
    };
    let mut answer = Answer::of(outcome, transcript(reply));
    if matches!(answer.outcome, Outcome::Refused(Refusal::Invalid | Refusal::Forbidden)) {
        answer.culprits = culprits(reply, operation, translation);
    }
    answer
}

fn transcript(reply: &Reply) -> Transcript {
    Transcript {
        status: Some(reply.status),
        code: reply.scim_type().map(str::to_owned),
        message: reply.detail(),
        request_id: reply.request_id.clone(),
    }
}

/// The one attribute of the operation that the refusal mentions by its SCIM path.
fn culprits(reply: &Reply, operation: &Operation, translation: &Translation) -> Culprits {
    let Some(detail) = reply.detail() else { return Culprits::default() };
    let words: Vec<&str> = detail.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_named = |attribute: &Attribute| {
        let path = translation.path(*attribute);
        path.is_some_and(|path| words.contains(&path.part.as_deref().filter(|part| *part != "value").unwrap_or(&path.name)))
    };
    let named: Vec<Attribute> = operation.attributes().into_iter().filter(is_named).collect();
    if named.len() == 1 { Culprits { attributes: named, ..Culprits::default() } } else { Culprits::default() }
}
