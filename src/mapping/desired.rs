//! The desired state of a person, by HR and the mapping.

use std::fmt;

use jiff::civil::Date;

use crate::directory::{Attribute, ObjectId, Value};
use crate::record::{EmployeeId, Place};

/// The result of mapping one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// A person with the desired state.
    Desired(Desired),
    /// A record that could not be mapped. The account of its person, if one is known, is not changed.
    Held(Held),
    /// A record outside `[[scope]]`, or dropped by `IgnoreObjectFlow`: its person is present, but not managed.
    OutOfScope {
        /// The person; `None` if the record has no valid key.
        key: Option<EmployeeId>,
        /// The key this person had before a conversion.
        previous_key: Option<EmployeeId>,
        /// The place of the record.
        place: Place,
        /// The stage, if status and dates give one. A person can leave the scope and the company on the same day, and is a leaver then.
        stage: Option<Stage>,
        /// Whether the key or the previous key is damaged: then the record may be that of any person. An empty key is not damaged.
        damaged_key: bool,
    },
}

/// The desired state of one person.
#[derive(Clone, PartialEq)]
pub struct Desired {
    /// The person's key.
    pub key: EmployeeId,
    /// The key this person had before a conversion.
    pub previous_key: Option<EmployeeId>,
    /// The place of the record.
    pub place: Place,
    /// The stage of the person on the day of the plan.
    pub stage: Stage,
    /// The stage of a person without an account, where it differs: an end before the start is that of an earlier employment, so the start
    /// alone decides whether an account is created. See [`Desired::stage_without_account`].
    pub new_stage: Option<Stage>,
    /// The status, if the mapping lists it nowhere.
    pub status_word: Option<Box<str>>,
    /// The end date that has passed although `[lifecycle.states]` keeps the person.
    pub end_ignored: Option<Date>,
    /// The invalid values of a leaver. The fields below leave them out, and their attributes are not cleared. Empty for all other
    /// people, since an invalid value holds their record.
    pub left_out: Vec<LeftOut>,
    /// The mapped attributes, in the order of their names, without those that an expression leaves alone.
    pub attributes: Vec<DesiredValue>,
    /// The manager by HR.
    pub manager: ManagerWanted,
    /// The groups that this person belongs in.
    pub groups: Vec<GroupWanted>,
}

impl Desired {
    /// The stage that decides whether a person without an account gets one.
    pub fn stage_without_account(&self) -> Stage {
        self.new_stage.unwrap_or(self.stage)
    }
}

/// A value of a leaver that is not written, because it cannot be computed or Graph would refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The part that it would have filled.
    pub part: RecordPart,
    /// The reason, for programs.
    pub code: HeldCode,
    /// The reason, for people: a sentence without its period.
    pub message: String,
    /// How to correct it.
    pub help: String,
}

/// A part of a record that the mapping evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordPart {
    /// The key of the person: `[source] key`.
    Key,
    /// The key before a change of keys: `[source] previous_key`.
    PreviousKey,
    /// The key by which another file or list is joined.
    JoinKey,
    /// The filter of records: `[[scope]]` or `objectFilter`.
    Scope,
    /// The first working day: `[lifecycle] start`.
    Start,
    /// The last working day: `[lifecycle] end`.
    End,
    /// The employment status: `[lifecycle] status`.
    Status,
    /// The value of one of the `[attributes]`.
    Attribute(Attribute),
    /// The key of the manager: `[manager] key`.
    Manager,
    /// The `[[groups]]` rule of this number, counted from 0.
    Group(usize),
}

impl fmt::Display for RecordPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("key"),
            Self::PreviousKey => f.write_str("previous_key"),
            Self::JoinKey => f.write_str("join key"),
            Self::Scope => f.write_str("scope"),
            Self::Start => f.write_str("lifecycle.start"),
            Self::End => f.write_str("lifecycle.end"),
            Self::Status => f.write_str("lifecycle.status"),
            Self::Attribute(attribute) => f.write_str(attribute.name),
            Self::Manager => f.write_str("manager"),
            Self::Group(rule) => write!(f, "groups[{rule}]"),
        }
    }
}

/// Shows the key and the place alone.
impl fmt::Debug for Desired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desired").field("key", &self.key).field("place", &self.place).finish_non_exhaustive()
    }
}

/// One attribute that the mapping owns for this person.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredValue {
    /// The attribute of the account that the value is for.
    pub attribute: Attribute,
    /// The value to write, or that there is to be none.
    pub flow: Flow,
    /// When it is written.
    pub when: When,
    /// The expression that asked for it, as the mapping writes it (constants in quotes).
    pub expression: std::sync::Arc<str>,
}

/// The desired value of a target.
#[derive(Clone, Debug, PartialEq)]
pub enum Flow {
    /// This value, already canonical and accepted by the catalogue.
    Set(Value),
    /// The record has no value, so the attribute is cleared.
    Clear,
    /// The first of these that is free; canonical and accepted. Never empty.
    FirstFree(Vec<Value>),
}

/// When a mapped attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Whenever the account has another value.
    Always,
    /// Only when the account is created.
    Create,
}

/// The desired manager of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerWanted {
    /// The mapping does not own the manager.
    Leave,
    /// The cell is empty: no manager.
    Clear,
    /// The account of the person with this key becomes the manager.
    Key(EmployeeId),
}

/// A group that a rule of the mapping asks for, and that the person belongs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupWanted {
    /// The number of the `[[groups]]` rule, counted from 0.
    pub rule: usize,
    /// The group's identity, kept when its name changes.
    pub key: String,
    /// The name it should have.
    pub name: String,
}

/// The outcome of one attribute for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueOutcome {
    Set,
    Clear,
    Leave,
    Hold,
}

impl ValueOutcome {
    pub(super) fn of_flow(flow: Option<&Flow>, failed: bool) -> Self {
        match flow {
            _ if failed => Self::Hold,
            Some(Flow::Set(_) | Flow::FirstFree(_)) => Self::Set,
            Some(Flow::Clear) => Self::Clear,
            None => Self::Leave,
        }
    }

    pub(super) fn of_manager(manager: &ManagerWanted, failed: bool) -> Self {
        match manager {
            _ if failed => Self::Hold,
            ManagerWanted::Key(_) => Self::Set,
            ManagerWanted::Clear => Self::Clear,
            ManagerWanted::Leave => Self::Leave,
        }
    }
}

/// The stage of a person in the life cycle, by the dates and the status of the record alone.
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
    /// The person works here, or the mapping has no life cycle.
    Active {
        /// The first working day, if the mapping names one. A pre-hire is enabled on this day.
        start: Option<Date>,
    },
    /// The person has left, by status or by date. If the start is after the end, the stage lasts from the day after the end to the day before
    /// the start.
    Left {
        /// The last working day, where it is known.
        end: Option<Date>,
    },
}

/// A record or a person that is held: the account is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The person, where the record has a key.
    pub key: Option<EmployeeId>,
    /// The key this person had before a conversion. The person of that key is not missing either.
    pub previous_key: Option<EmployeeId>,
    /// The place of the record; `None` for a person known from the journal alone.
    pub place: Option<Place>,
    /// Whether the person has left by status or dates, so that an account stays open that should be closed.
    pub left: bool,
    /// The reason, for programs.
    pub code: HeldCode,
    /// The reason, for people: attributes and places, in a sentence without its period.
    pub message: String,
    /// How to correct it.
    pub help: String,
    /// The accounts that may be this person's.
    pub candidates: Vec<ObjectId>,
    /// The values that could be mapped, of several candidates the first. They connect a held record with an account, so that its
    /// person does not count as missing.
    pub marks: Vec<(Attribute, Box<str>)>,
    /// The cells that could not be read, for the screen alone: no document, log or journal has them.
    pub shown: Vec<String>,
}

/// The reason for which a record or a person is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldCode {
    /// Several records have the same key.
    DuplicateKey,
    /// The record has no key, or its key or previous key is damaged.
    NoKey,
    /// The status is empty, or in none of the mapping's lists.
    NoStatus,
    /// A match attribute finds several users, and the mapping does not say which one is meant.
    AmbiguousMatch,
    /// Several records match one user.
    TwoRecordsOneUser,
    /// The matched user carries another key.
    ClaimedByOtherKey,
    /// A live account without a key looks like this person.
    PossibleDuplicate,
    /// Matched by a later attribute, but the surname differs.
    DoubtfulMatch,
    /// A date before 1930 or more than 60 years ahead: of another calendar, a placeholder, or mistyped.
    ImpossibleDate,
    /// A value that Graph would refuse, or that could not be computed.
    InvalidValue,
    /// No candidate for a unique value is free.
    NameTaken,
    /// A group of that name exists that hrpush did not make.
    GroupNameTaken,
    /// The account was deleted by other means.
    DeletedElsewhere,
    /// The end is before the start. Only documents of earlier versions have it: such a record is a rehire.
    EndBeforeStart,
    /// The name resembles that of a protected or shielded person.
    LookAlike,
    /// An earlier request for this person has no known outcome.
    UnknownOutcome,
    /// The key of a leaver is in use for a person with other names.
    KeyReused,
    /// A key contains an invisible character.
    InvisibleCharacter,
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
            Self::ImpossibleDate => "impossible-date",
            Self::InvalidValue => "invalid-value",
            Self::NameTaken => "name-taken",
            Self::GroupNameTaken => "group-name-taken",
            Self::DeletedElsewhere => "deleted-elsewhere",
            Self::EndBeforeStart => "end-before-start",
            Self::LookAlike => "look-alike",
            Self::UnknownOutcome => "unknown-outcome",
            Self::KeyReused => "key-reused",
            Self::InvisibleCharacter => "invisible-character",
        }
    }
}
