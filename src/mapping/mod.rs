//! The mapping: from a record to what the person should look like.

mod builtin;
mod cases;
mod convert;
mod coverage;
mod dates;
mod desired;
mod evaluate;
mod formula;
mod guess;
mod lifecycle;
mod model;
mod parse;
mod quality;
mod scope;
mod tally;
mod target_fit;
#[cfg(test)]
mod tests;
mod text_damage;
mod tools;
mod walk;

pub use crate::diagnostic::{Fault, Faults};
#[cfg(test)]
pub(crate) use builtin::services;
pub use builtin::{Candidate, ChoiceError, builtin, choose, is_pushed, preset, presets};
pub use cases::{CaseResult, Difference, Tested, test};
pub use convert::{ConvertError, Converted, Lost, convert};
pub use coverage::{Coverage, Unreached};
pub use desired::{
    Desired, DesiredValue, Flow, GroupWanted, Held, HeldCode, LeftOut, ManagerWanted, Mapped, RecordPart, Stage, When,
};
pub use evaluate::BoundMapping;
pub use guess::{Guess, GuessError, guess, looks_like_header};
pub use lifecycle::fold as fold_status;
pub use model::{GroupRule, LeaveAction, Lifecycle, Mapping, Rules};
pub use parse::SOURCE_KEYS;
#[cfg(test)]
pub(crate) use parse::known_keys;
pub use quality::{FINDINGS, Finding};
pub use tally::{FirstHeld, Survey, Tally};
pub use target_fit::UnfitAttribute;
pub use tools::{Checked, EvalFault, Evaluation, Explained, check, eval};
