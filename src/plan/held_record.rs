//! The entry of a record that is not acted on.

use crate::mapping::{Desired, Held, HeldCode, Stage};

/// Holds a record, with the reason and what to do.
pub(in crate::plan) fn hold(desired: &Desired, code: HeldCode, message: String, help: &str) -> Box<Held> {
    let (key, place) = (Some(desired.key.clone()), Some(desired.place.clone()));
    let (previous_key, left) = (desired.previous_key.clone(), matches!(desired.stage, Stage::Left { .. }));
    Box::new(Held {
        key,
        previous_key,
        place,
        code,
        message,
        help: help.into(),
        left,
        candidates: Vec::new(),
        marks: Vec::new(),
        shown: Vec::new(),
    })
}
