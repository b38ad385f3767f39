//! The plan: what must change so that the tenant agrees with HR. Pure: no I/O, no clock.

mod approval;
mod attention;
mod bound_names;
mod carried;
mod change_origin;
mod decision;
mod forecast;
mod given_approval;
mod group_rules;
mod groups;
mod guard_name;
mod held_record;
mod homoglyphs;
mod inputs;
mod label_sources;
mod ledger;
mod matching;
mod model;
mod order;
mod person;
mod person_label;
mod planner;
mod presence;
mod protection;
mod reason;
mod records;
mod rejection;
mod undo;
mod wishes;

pub use approval::confirmation::Confirmation;
pub use approval::drift::{Drifted, drift};
pub use approval::fingerprint::fingerprint;
pub use approval::{ApprovedPlan, Stopped};
pub use attention::Concern;
pub use bound_names::BoundNames;
pub use carried::CarriedPerson;
pub use change_origin::{annotate_causes, keys_with_causes, wanted};
pub use decision::{Decision, Verdict};
pub use forecast::{DayEvent, Outlook};
pub use given_approval::{ApprovedGuard, Approver, GivenApproval};
pub use group_rules::unique_name;
pub use guard_name::GuardName;
pub use inputs::{Inputs, Leavers, Limit, Policy, Supported};
pub use ledger::{FeedName, FormerAddress, LastReading, Ledger, Person, PersonState, TakenOver};
pub use matching::name_doubts::keys_with_other_names;
pub use matching::resolve::resolve;
pub use model::{
    Action, Aside, Candidate, Candidates, Cause, Change, ChangeAside, ChangeAsides, Edit, Guard, GuardColumn, HeldAccess,
    HeldEntry, Judged, Members, Object, Plan, RecordCounts, Skipped, SkippedCode, SourceInfo, Summary, Target,
};
pub use person_label::{PersonLabel, PersonLabels};
pub use planner::{Survey, plan, survey, try_survey};
pub use presence::Presence;
pub use protection::protection;
pub use reason::{Reason, ReasonCode, Why};
pub use records::{Note, Packer, Part, People, PersonNo, RecordState, UnlistedStatus};
pub use rejection::{RejectedChange, Rejection};
pub use undo::{UndoInputs, undo};
pub use wishes::{WishDigest, WishMap, Wishes};

/// The format of the plan's document.
pub const FORMAT: &str = "hrpush.plan/1";

#[cfg(test)]
pub(crate) mod tests;
