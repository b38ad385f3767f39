//! The mapping: from a record to what the person should look like.

mod bound;
mod builtin;
mod cases;
mod cases_update;
mod convert;
mod coverage;
mod damage;
mod dates;
mod desired;
mod formula;
mod guess;
mod guess_dates;
mod guess_lifecycle;
mod guess_sheet;
mod guess_text;
mod guess_words;
mod lifecycle;
mod model;
mod parse;
mod parse_groups;
mod parse_lifecycle;
mod parse_targets;
mod quality;
mod scope;
mod slots;
mod survey;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_dates;
#[cfg(test)]
mod tests_samples;
mod tools;
mod walk;

pub use crate::diagnostic::{Fault, Faults};
pub use bound::BoundMapping;
pub use builtin::{Candidate, ChoiceError, builtin, choose, preset, presets};
pub use cases::{CaseResult, Difference, Tested, test};
pub use convert::{ConvertError, Converted, Lost, convert};
pub use coverage::{Coverage, Unreached};
pub use desired::{Desired, Flow, GroupWanted, Held, HeldCode, LeftOut, ManagerWanted, Mapped, RecordPart, Stage, Wanted, When};
pub use guess::{Guess, GuessError, guess, looks_like_header};
pub use lifecycle::fold as fold_status;
pub use model::Mapping;
pub use parse::SOURCE_KEYS;
#[cfg(test)]
pub(crate) use parse::known_keys;
pub use quality::{FINDINGS, Finding};
pub use survey::{FirstHeld, Survey, Tally};
pub use tools::{Checked, EvalFault, Evaluation, Explained, check, eval};

use crate::directory::Attribute;

/// What the plan must know of a mapping besides what it yields: the policy part of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The name of the feed.
    pub feed: String,
    /// `[[match]]`, in order; the first is the person's key in the directory.
    pub matching: Vec<Attribute>,
    /// `[lifecycle]`; without it nobody is ever disabled.
    pub lifecycle: Option<Lifecycle>,
    /// `[source] guests`.
    pub guests: bool,
    /// `[[groups]]`, in order.
    pub groups: Vec<GroupRule>,
    /// The attributes that the mapping owns, to be read from the tenant.
    pub attributes: Vec<Attribute>,
    /// Whether `[manager]` is mapped.
    pub manager: bool,
}

/// The part of `[lifecycle]` that is policy, not dates.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools)]
pub struct Lifecycle {
    /// `enable = "on-create"`: a pre-hire may sign in before the first day.
    pub enable_on_create: bool,
    /// What follows when somebody leaves.
    pub on_leave: Vec<LeaveAction>,
    /// `delete_after`, in whole days.
    pub delete_after: Option<i64>,
    /// `on_missing = "disable"`.
    pub disable_missing: bool,
    /// `out_of_scope = "disable"`.
    pub disable_out_of_scope: bool,
    /// `reenable = "always"`.
    pub reenable_always: bool,
}

/// What follows when somebody leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaveAction {
    /// Refresh tokens and sessions end.
    RevokeSessions,
    /// Memberships in groups that hrpush manages end.
    RemoveFromManagedGroups,
    /// Licences assigned directly are taken back.
    RemoveLicenses,
    /// The manager is cleared.
    ClearManager,
}

/// One `[[groups]]` rule.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRule {
    /// An explicit id adopts an existing group.
    pub id: Option<crate::directory::ObjectId>,
    /// Whether the group is a Microsoft 365 group.
    pub microsoft365: bool,
    /// The owners' userPrincipalNames.
    pub owners: Vec<String>,
    /// `membership = "exact"`; otherwise members are only added.
    pub exact: bool,
}
