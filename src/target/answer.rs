//! The answer to one operation, judged by the room that speaks the target's protocol.

use std::collections::BTreeSet;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::directory::{Attribute, ObjectId};

/// The answer to one operation.
///
/// ```
/// use hrpush::target::{Answer, Outcome, Refusal};
///
/// let answer = Answer { outcome: Outcome::Refused(Refusal::Absent), ..Answer::unanswered() };
/// assert!(answer.is_absent() && !answer.is_faulty());
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    /// What became of the operation.
    pub outcome: Outcome,
    /// The id of the object that was created or restored.
    pub id: Option<ObjectId>,
    /// The Temporary Access Pass, where one was created. Its type cannot be printed.
    pub access_pass: Option<SecretString>,
    /// What a refusal points at.
    pub culprits: Culprits,
    /// What the target said, for people and for the journal. No rule reads it.
    pub transcript: Transcript,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The target has carried out the operation.
    Done,
    /// The target accepted it and carries it out later: its effect is looked up before it is sent again.
    Pending,
    /// It was not done. The same operation may be sent again, but not before this moment.
    Retry {
        /// The earliest moment of the next attempt.
        not_before: Instant,
        /// Why it was not done.
        cause: Cause,
    },
    /// It may have been done or not: look before sending it again.
    Unknown(Cause),
    /// It was refused, and sending it again would change nothing.
    Refused(Refusal),
}

/// Why an operation was not done, or why that is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The target's rate limit was reached; it may name the wait.
    Throttled,
    /// The object is locked, is being changed, or is not on every replica yet. The service itself works.
    Busy,
    /// The service failed over this operation.
    Failing,
    /// No answer of the service came: the connection broke, or a gateway answered in its place.
    Transport,
    /// A gateway answered that it knows no such address, so that nothing was passed on.
    Misrouted,
}

/// Why an operation was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another object has a name or an address.
    NameTaken(NameConflict),
    /// Every member of the operation is in the group.
    AlreadyMember,
    /// The object is as the operation wants it, for a reason other than membership.
    AlreadyDone,
    /// There is no such object, any more or yet.
    Absent,
    /// The app may not do this; [`Culprits::attributes`] names the attributes where the target does.
    Forbidden,
    /// A value or a property is refused; [`Culprits`] names it where the target does.
    Invalid,
    /// The app is refused as a whole, whatever it asks: its token is refused, or a condition is not met.
    LockedOut,
    /// Something between here and the service lets nothing pass.
    Barred,
    /// Nothing was sent: there is no connection, or no token.
    Unsent,
    /// Nothing was sent, or its result is lost, because a credential could not be delivered to its recipient.
    Undelivered,
    /// Any other final refusal.
    Other,
}

/// A name or an address that another object has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConflict {
    /// The names that the target points at.
    pub names: BTreeSet<TakenName>,
    /// The other object, where the target names it.
    pub owner: Option<String>,
}

/// Which of the names of an account is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TakenName {
    /// The sign-in name.
    SignIn,
    /// The mailNickname, which must be unique among mail-enabled objects.
    Nickname,
    /// The primary mail address.
    Mail,
    /// Any of its addresses, the target does not say which.
    Address,
    /// The target says that a value is taken, not which.
    Unnamed,
}

/// The parts of a refused operation that the refusal points at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Culprits {
    /// The attributes among those that the operation carries.
    pub attributes: Vec<Attribute>,
    /// The property as the target spells it, for people.
    pub property: Option<String>,
    /// The objects among those that the operation names.
    pub objects: BTreeSet<ObjectId>,
}

/// What a target said, in its own words: carried into the journal and the report, and read by no rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The status of the response; none where no response came.
    pub status: Option<u16>,
    /// The target's code of the error, such as `Request_ResourceNotFound`.
    pub code: Option<String>,
    /// The error text, or our own where none came. It may name a person: for the report, not for logs.
    pub message: Option<String>,
    /// The target's id of the request, for its support.
    pub request_id: Option<String>,
}

impl Transcript {
    /// A transcript of our own, where the target said nothing.
    pub fn ours(code: &str, message: impl Into<String>) -> Self {
        Self { code: Some(code.to_owned()), message: Some(message.into()), ..Self::default() }
    }
}

impl Answer {
    /// An answer that never came.
    pub fn unanswered() -> Self {
        Self::of(Outcome::Unknown(Cause::Transport), Transcript::default())
    }

    /// An answer without any object.
    pub fn of(outcome: Outcome, transcript: Transcript) -> Self {
        Self { outcome, id: None, access_pass: None, culprits: Culprits::default(), transcript }
    }

    /// Why it was refused, where it was.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match &self.outcome {
            Outcome::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        self.outcome == Outcome::Done
    }

    /// Whether the rate limit kept it back.
    pub const fn is_throttled(&self) -> bool {
        matches!(self.cause(), Some(Cause::Throttled))
    }

    /// Whether there is no such object.
    pub fn is_absent(&self) -> bool {
        self.refusal() == Some(&Refusal::Absent)
    }

    /// Whether the target says that the app may not do this.
    pub fn is_forbidden(&self) -> bool {
        self.refusal() == Some(&Refusal::Forbidden)
    }

    /// Whether nothing was sent.
    pub fn is_unsent(&self) -> bool {
        self.refusal() == Some(&Refusal::Unsent)
    }

    /// Whether the service is unreachable, fails, or lets the app do nothing at all.
    pub const fn is_faulty(&self) -> bool {
        match &self.outcome {
            Outcome::Done | Outcome::Pending => false,
            Outcome::Retry { cause, .. } | Outcome::Unknown(cause) => !matches!(cause, Cause::Throttled | Cause::Busy),
            Outcome::Refused(refusal) => matches!(refusal, Refusal::LockedOut | Refusal::Barred | Refusal::Unsent),
        }
    }

    /// Whether the service failed over this very operation, and not on the way to it.
    pub const fn is_failure_of_its_own(&self) -> bool {
        matches!(self.cause(), Some(Cause::Failing))
    }

    /// Whether what the operation carries is refused, and not the object, the app as a whole, the way or the moment.
    pub const fn is_about_content(&self) -> bool {
        matches!(
            self.refusal(),
            Some(Refusal::NameTaken(_) | Refusal::AlreadyMember | Refusal::AlreadyDone | Refusal::Forbidden | Refusal::Invalid)
        )
    }

    /// The conflict, where another object has a name or an address.
    pub const fn name_conflict(&self) -> Option<&NameConflict> {
        match &self.outcome {
            Outcome::Refused(Refusal::NameTaken(conflict)) => Some(conflict),
            _ => None,
        }
    }

    /// Whether this name is taken.
    pub fn is_taken(&self, name: TakenName) -> bool {
        self.name_conflict().is_some_and(|conflict| conflict.names.contains(&name))
    }

    const fn cause(&self) -> Option<Cause> {
        match &self.outcome {
            Outcome::Retry { cause, .. } | Outcome::Unknown(cause) => Some(*cause),
            _ => None,
        }
    }
}
