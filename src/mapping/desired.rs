//! What a person should look like, by HR and the mapping.

use std::fmt;

use jiff::civil::Date;

use crate::directory::{Attribute, ObjectId, Value};
use crate::record::{EmployeeId, Place};

/// What became of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// A person with everything that HR wants for them.
    Desired(Desired),
    /// A record that could not be mapped; the person, where one is known, is left exactly as they are.
    Held(Held),
    /// A record outside `[[scope]]`, or dropped by `IgnoreObjectFlow`: present, but not served.
    OutOfScope {
        /// The person.
        key: EmployeeId,
        /// The key this person had before a conversion.
        previous_key: Option<EmployeeId>,
        /// Where the record stands.
        place: Place,
    },
}

/// What one person should look like.
#[derive(Clone, PartialEq)]
pub struct Desired {
    /// The person's key.
    pub key: EmployeeId,
    /// The key this person had before a conversion.
    pub previous_key: Option<EmployeeId>,
    /// Where the record stands.
    pub place: Place,
    /// Where the person stands in the life cycle on the day of the plan.
    pub stage: Stage,
    /// The mapped attributes, in the order of their names. What an expression leaves alone is not in it.
    pub attributes: Vec<Wanted>,
    /// What HR says of the manager.
    pub manager: ManagerWanted,
    /// The groups that this person belongs in.
    pub groups: Vec<GroupWanted>,
}

/// Shows the key and the place alone.
impl fmt::Debug for Desired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desired").field("key", &self.key).field("place", &self.place).finish_non_exhaustive()
    }
}

/// One attribute that the mapping owns for this person.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Which.
    pub attribute: Attribute,
    /// What it should be.
    pub flow: Flow,
    /// When it is written.
    pub when: When,
    /// The expression that asked for it, as the mapping writes it (constants in quotes).
    pub expression: std::sync::Arc<str>,
}

/// What an expression yielded for the target.
#[derive(Clone, Debug, PartialEq)]
pub enum Flow {
    /// This value, already canonical and accepted by the catalogue.
    Set(Value),
    /// No value.
    Clear,
    /// The first of these that is free; canonical and accepted. Never empty.
    FirstFree(Vec<Value>),
}

/// When a mapped attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Only when the account is created.
    Create,
}

/// What HR says of a person's manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerWanted {
    /// The mapping does not own the manager.
    Leave,
    /// The cell is empty: no manager.
    Clear,
    /// This person.
    Key(EmployeeId),
}

/// A group that a rule of the mapping asks for, and that the person belongs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupWanted {
    /// Which `[[groups]]` rule, counted from 0.
    pub rule: usize,
    /// The group's identity, kept when its name changes.
    pub key: String,
    /// The name it should have.
    pub name: String,
}

/// Where a person stands in the life cycle, by the dates and the status of the record alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before start − `create_before`: nothing happens yet.
    Upcoming {
        /// The first working day.
        start: Date,
    },
    /// From `create_before` on until the day before the start.
    PreHire {
        /// The first working day.
        start: Date,
    },
    /// Works here, or the mapping has no life cycle.
    Active {
        /// The first working day, where the mapping names one. A pre-hire who has reached it is enabled.
        start: Option<Date>,
    },
    /// Gone, by status or by date.
    Left {
        /// The last working day, where it is known.
        end: Option<Date>,
    },
}

/// A record or a person that is held: left exactly as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The person, where the record has a key.
    pub key: Option<EmployeeId>,
    /// The key this person had before a conversion: under it, too, nobody is missing.
    pub previous_key: Option<EmployeeId>,
    /// Where the record stands; none for a person known from the journal alone.
    pub place: Option<Place>,
    /// Why, for programs.
    pub code: HeldCode,
    /// Why, for people: names attributes and places, in a sentence without its period.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Whether status or dates say that this person has left: the account stays enabled until a person acts.
    pub left: bool,
    /// The accounts that may be meant.
    pub candidates: Vec<ObjectId>,
}

/// Why a record or a person is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldCode {
    /// The same key stands in several records.
    DuplicateKey,
    /// The record has no key.
    NoKey,
    /// The status is empty or named nowhere.
    NoStatus,
    /// Several users match.
    AmbiguousMatch,
    /// Several records match one user.
    TwoRecordsOneUser,
    /// The matched user carries another key.
    ClaimedByOtherKey,
    /// A live account without a key looks like this person.
    PossibleDuplicate,
    /// Matched by a later attribute, but the surname differs.
    DoubtfulMatch,
    /// A value that Graph would refuse, or that could not be computed.
    InvalidValue,
    /// No candidate for a unique value is free.
    NameTaken,
    /// A group of that name exists that hrpush did not make.
    GroupNameTaken,
    /// Somebody else deleted the account.
    DeletedElsewhere,
    /// The end lies before the start.
    EndBeforeStart,
    /// The name looks like that of a protected or shielded person.
    LookAlike,
    /// An earlier request for this person has no known outcome.
    UnknownOutcome,
}

impl HeldCode {
    /// The code as documents show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateKey => "duplicate-key",
            Self::NoKey => "no-key",
            Self::NoStatus => "no-status",
            Self::AmbiguousMatch => "ambiguous-match",
            Self::TwoRecordsOneUser => "two-records-one-user",
            Self::ClaimedByOtherKey => "claimed-by-other-key",
            Self::PossibleDuplicate => "possible-duplicate",
            Self::DoubtfulMatch => "doubtful-match",
            Self::InvalidValue => "invalid-value",
            Self::NameTaken => "name-taken",
            Self::GroupNameTaken => "group-name-taken",
            Self::DeletedElsewhere => "deleted-elsewhere",
            Self::EndBeforeStart => "end-before-start",
            Self::LookAlike => "look-alike",
            Self::UnknownOutcome => "unknown-outcome",
        }
    }
}
