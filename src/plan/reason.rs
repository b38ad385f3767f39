//! Why a change is made: typed for the rules, with a sentence for the reader.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The rule behind a change, with what its sentence names.
///
/// ```
/// # use hrpush::plan::{Reason, ReasonCode, Why};
/// let reason = Reason::LeftOnDate(jiff::civil::date(2026, 10, 31));
/// assert_eq!(reason.to_string(), "left on 2026-10-31");
/// assert_eq!(Why::from(&reason).code, ReasonCode::LeftOnDate);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An account for a person that has none, with a first working day that has come or is not known.
    NewHire(Option<Date>),
    /// An account for a person with a first working day ahead.
    NewHireAhead(Date),
    /// A pre-hire reaches the first working day.
    FirstDay(Date),
    /// The mapping enables pre-hires before this first working day.
    EnabledAhead(Date),
    /// A person works here again, and an earlier run disabled the account.
    ReturnsDisabled,
    /// A person works here again, or will from this first working day on, and an earlier run deleted the account.
    ReturnsDeleted(Option<Date>),
    /// The mapping trusts HR about an account that hrpush did not disable.
    ActiveByHr,
    /// The mapping trusts HR about an account that hrpush did not delete; the first working day, where it lies ahead.
    ActiveThoughDeleted(Option<Date>),
    /// The last working day is past.
    LeftOnDate(Date),
    /// The status means gone.
    LeftByStatus,
    /// The retention of a leaver's account ended on `since`.
    Expired {
        /// The last working day, where HR names one.
        left: Option<Date>,
        /// The day from which the account may be deleted.
        since: Date,
    },
    /// No record of a whole reading names the person.
    Missing,
    /// The record is outside `[[scope]]`.
    OutOfScope,
    /// The mapping asks for other values.
    Mapped,
    /// The mapping asks for a group.
    GroupWanted,
    /// The mapping gives the group another name.
    GroupRenamed,
    /// The mapping asks for other members.
    MembersWanted,
    /// No record asks for the group any more.
    GroupUnwanted,
    /// The inverse of a change of an earlier run.
    Undo {
        /// The number of the change.
        change: u64,
        /// The id of the run that made the change.
        run: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewHire(None) => f.write_str("new in HR"),
            Self::NewHire(Some(start)) => write!(f, "new hire, started {start}"),
            Self::NewHireAhead(start) => write!(f, "new hire, starts {start}"),
            Self::FirstDay(start) => write!(f, "first day {start}"),
            Self::EnabledAhead(start) => write!(f, "starts {start}"),
            Self::ReturnsDisabled => f.write_str("returns; disabled by an earlier run"),
            Self::ReturnsDeleted(None) => f.write_str("returns; deleted by an earlier run"),
            Self::ReturnsDeleted(Some(start)) => write!(f, "returns on {start}; deleted by an earlier run"),
            Self::ActiveByHr => f.write_str("active by HR"),
            Self::ActiveThoughDeleted(None) => f.write_str("active by HR; not deleted by hrpush"),
            Self::ActiveThoughDeleted(Some(start)) => write!(f, "starts {start} by HR; not deleted by hrpush"),
            Self::LeftOnDate(end) => write!(f, "left on {end}"),
            Self::LeftByStatus => f.write_str("left by status"),
            Self::Expired { left: Some(left), since } => write!(f, "left on {left}; to be deleted since {since}"),
            Self::Expired { left: None, since } => write!(f, "left by status; to be deleted since {since}"),
            Self::Missing => f.write_str("missing from HR"),
            Self::OutOfScope => f.write_str("out of the mapping's scope"),
            Self::Mapped => f.write_str(""),
            Self::GroupWanted => f.write_str("asked for by the mapping"),
            Self::GroupRenamed => f.write_str("renamed in HR"),
            Self::MembersWanted => f.write_str("membership by HR"),
            Self::GroupUnwanted => f.write_str("no record of this feed asks for this group any more"),
            Self::Undo { change, run } => write!(f, "undo of change {change} of {run}"),
        }
    }
}

/// The code of a [`Reason`], as the plan's document spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of the document, see [`Reason`]")]
pub enum ReasonCode {
    NewHire,
    Adopted,
    HrChanged,
    Drifted,
    LeftOnDate,
    LeftByStatus,
    Missing,
    OutOfScope,
    FirstDay,
    Returns,
    Expired,
    Membership,
    Undo,
}

/// What the document and the rules know of a [`Reason`]: `{ "code": "left-on-date", "on": "2026-10-31" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// The rule that asked for the change, for programs.
    pub code: ReasonCode,
    /// The day that the rule compared with: a start, an end, or the day from which an account may be deleted.
    pub on: Option<Date>,
}

/// Plans that an earlier version journaled have no code.
impl Default for Why {
    fn default() -> Self {
        Self { code: ReasonCode::HrChanged, on: None }
    }
}

impl From<&Reason> for Why {
    fn from(reason: &Reason) -> Self {
        let (code, on) = match reason {
            Reason::NewHire(start) => (ReasonCode::NewHire, *start),
            Reason::NewHireAhead(start) => (ReasonCode::NewHire, Some(*start)),
            Reason::FirstDay(start) => (ReasonCode::FirstDay, Some(*start)),
            Reason::EnabledAhead(start) => (ReasonCode::HrChanged, Some(*start)),
            Reason::ReturnsDisabled | Reason::ActiveByHr => (ReasonCode::Returns, None),
            Reason::ReturnsDeleted(start) | Reason::ActiveThoughDeleted(start) => (ReasonCode::Returns, *start),
            Reason::LeftOnDate(end) => (ReasonCode::LeftOnDate, Some(*end)),
            Reason::LeftByStatus => (ReasonCode::LeftByStatus, None),
            Reason::Expired { since, .. } => (ReasonCode::Expired, Some(*since)),
            Reason::Missing => (ReasonCode::Missing, None),
            Reason::OutOfScope => (ReasonCode::OutOfScope, None),
            Reason::Mapped => (ReasonCode::HrChanged, None),
            Reason::GroupWanted | Reason::GroupRenamed | Reason::MembersWanted | Reason::GroupUnwanted => {
                (ReasonCode::Membership, None)
            }
            Reason::Undo { .. } => (ReasonCode::Undo, None),
        };
        Self { code, on }
    }
}

/// How an account that existed already was matched for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Adoption {
    /// By this match attribute.
    Matched(&'static str),
    /// By the key that the person had before.
    PreviousKey,
    /// By the account of an earlier run.
    EarlierRun,
    /// An administrator named the account with `hrpush decide`.
    Decision,
}

impl fmt::Display for Adoption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matched(attribute) => write!(f, "adopted (matched by {attribute})"),
            Self::PreviousKey => f.write_str("adopted (matched by the previous key)"),
            Self::EarlierRun => f.write_str("adopted (known from an earlier run)"),
            Self::Decision => f.write_str("adopted (decided by hand)"),
        }
    }
}

/// Two sentences in one line.
pub(super) fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        (first, second) => format!("{first}; {second}"),
    }
}
