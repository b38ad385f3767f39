//! The plan: what must change so that the tenant agrees with HR. Pure: no I/O, no clock.

mod accounts;
mod approval;
mod attention;
mod bound_names;
mod carried;
mod cause;
mod change;
mod confirm;
mod decision;
mod diff;
mod doubt;
mod drift;
mod duplicates;
mod fingerprint;
mod groups;
mod guards;
mod index;
mod inputs;
mod keys;
mod ledger;
mod lifecycle;
mod likeness;
mod look_alike;
mod managers;
mod matching;
mod missing_doubt;
mod order;
mod people;
mod plain;
mod presence;
mod protect;
mod reason;
mod record_texts;
mod recycle_bin;
mod same_key;
mod survey;
mod swapped;
mod taken_names;
mod undo;
mod unique;
mod wishes;

pub use accounts::resolve;
pub use approval::{ApprovedPlan, Stopped};
pub use attention::Concern;
pub use bound_names::BoundNames;
pub use carried::CarriedPerson;
pub use cause::{Cause, keys_with_causes, tell_causes, wanted};
pub use change::{
    Accounts, Action, Aside, Candidate, Candidates, Change, Edit, Guard, GuardColumn, HeldEntry, Members, Object, Plan,
    RecordCounts, Skipped, SkippedCode, SourceInfo, Summary, Target,
};
pub use confirm::Confirmation;
pub use decision::{Decision, Verdict, folded_name};
pub use drift::{Drifted, drift};
pub use fingerprint::fingerprint;
pub use groups::unique_name;
pub use guards::GUARDS;
pub use inputs::{Inputs, Leavers, Limit, Policy};
pub use ledger::{FeedName, FormerAddress, LastReading, Ledger, Person, PersonState};
pub use people::{Note, Packer, Part, People, PersonNo, UnlistedStatus};
pub use presence::Presence;
pub use protect::protection;
pub use reason::{Reason, ReasonCode, Why};
pub use survey::{Survey, plan, survey};
pub use undo::{UndoInputs, undo};
pub use wishes::{WishDigest, WishMap, Wishes};

/// The format of the plan's document.
pub const FORMAT: &str = "hrpush.plan/1";

#[cfg(test)]
pub(crate) mod tests;
