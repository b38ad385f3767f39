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
        /// The person; none where the record has no key that can be used, which matters to nobody else.
        key: Option<EmployeeId>,
        /// The key this person had before a conversion.
        previous_key: Option<EmployeeId>,
        /// Where the record stands.
        place: Place,
        /// The stage, where status and dates give one: a person who leaves the scope and the company in one night is a leaver.
        stage: Option<Stage>,
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
    /// The stage of a person without an account, where it differs: an end before the start is that of an earlier employment, so the start
    /// alone decides whether an account is created. See [`Desired::stage_without_account`].
    pub new_stage: Option<Stage>,
    /// The status, where the mapping names it in no list.
    pub status_word: Option<Box<str>>,
    /// The end date that has passed, where `[lifecycle.states]` keeps the person nevertheless.
    pub end_ignored: Option<Date>,
    /// The values of a leaver that cannot be believed. They are in none of the fields below, and nothing is cleared for them.
    /// Empty for everybody else: a bad value of somebody who has not left holds the record.
    pub left_out: Vec<LeftOut>,
    /// The mapped attributes, in the order of their names. What an expression leaves alone is not in it.
    pub attributes: Vec<Wanted>,
    /// What HR says of the manager.
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
    /// What it would have filled.
    pub part: RecordPart,
    /// Why, for programs.
    pub code: HeldCode,
    /// Why, for people: a sentence without its period.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A part of a record that the mapping evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordPart {
    /// `[source] key`.
    Key,
    /// `[source] previous_key`.
    PreviousKey,
    /// The key by which another file or list is joined.
    JoinKey,
    /// `[[scope]]` or `objectFilter`.
    Scope,
    /// `[lifecycle] start`.
    Start,
    /// `[lifecycle] end`.
    End,
    /// `[lifecycle] status`.
    Status,
    /// One of `[attributes]`.
    Attribute(Attribute),
    /// `[manager] key`.
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
    /// Gone, by status or by date. Where the start lies after the end, this lasts from the day after the end to the day before the start.
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
    /// Whether status or dates call the person gone, so that an account stays open which should be closed.
    pub left: bool,
    /// Why, for programs.
    pub code: HeldCode,
    /// Why, for people: names attributes and places, in a sentence without its period.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The accounts that may be meant.
    pub candidates: Vec<ObjectId>,
    /// The texts that could be mapped, of several candidates the first. By them a held record still points at an account, whose owner is
    /// then not missing.
    pub marks: Vec<(Attribute, Box<str>)>,
}

/// Why a record or a person is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldCode {
    /// The same key stands in several records.
    DuplicateKey,
    /// The record has no key.
    NoKey,
    /// The status is empty, or in none of the mapping's lists.
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
    /// A date before 1930 or more than 60 years ahead: of another calendar, a placeholder, or mistyped.
    ImpossibleDate,
    /// A value that Graph would refuse, or that could not be computed.
    InvalidValue,
    /// No candidate for a unique value is free.
    NameTaken,
    /// A group of that name exists that hrpush did not make.
    GroupNameTaken,
    /// Somebody else deleted the account.
    DeletedElsewhere,
    /// The end lies before the start. Documents of earlier versions have it: such a record is a rehire.
    EndBeforeStart,
    /// The name looks like that of a protected or shielded person.
    LookAlike,
    /// An earlier request for this person has no known outcome.
    UnknownOutcome,
    /// A leaver's key came back with another person's names.
    KeyReused,
    /// A character that cannot be seen stands within a key.
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
