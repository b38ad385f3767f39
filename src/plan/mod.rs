//! The plan: what must change so that the tenant agrees with HR. Pure: no I/O, no clock.

mod change;
mod ledger;

pub use change::{
    Action, Change, Edit, Guard, HeldEntry, Members, Object, Plan, Skipped, SkippedCode, SourceInfo, Summary, Target,
};
pub use ledger::{FormerAddress, LastReading, Ledger, Person};
