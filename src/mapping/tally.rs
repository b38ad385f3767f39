//! `hrpush mapping check --against`: the outcomes of all records of a file, counted.

use std::collections::BTreeMap;

use super::desired::{Held, Mapped, ValueOutcome};
use super::evaluate::BoundMapping;
use crate::expr::Context;
use crate::record::Record;

/// The results of a mapping for the records of a reading.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Survey {
    /// The number of records.
    pub records: usize,
    /// The records that are mapped.
    pub mapped: usize,
    /// The records outside the scope.
    pub out_of_scope: usize,
    /// The records that are held, by code.
    pub held: BTreeMap<&'static str, usize>,
    /// The first record that is held under each code.
    pub first_held: Vec<FirstHeld>,
    /// The outcomes of each attribute, in the records within the scope.
    pub attributes: BTreeMap<String, Tally>,
}

/// The first record that is held under a code.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FirstHeld {
    /// The code of the reason, in kebab case.
    pub code: &'static str,
    /// The place of the record.
    pub place: String,
    /// The reason. It quotes no value of the record.
    pub message: String,
}

/// The outcomes of one attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Records that give it a value.
    pub set: usize,
    /// Records that empty it.
    pub clear: usize,
    /// Records that leave it as it is.
    pub leave: usize,
    /// Records that are held because of it. The bad value of a leaver counts under `leave`.
    pub hold: usize,
}

impl Survey {
    /// Counts one more record.
    pub fn count(&mut self, bound: &BoundMapping, record: &Record, context: &Context) {
        self.records += 1;
        let fault = match bound.map(record, context) {
            Mapped::OutOfScope { .. } => {
                self.out_of_scope += 1;
                return;
            }
            Mapped::Held(held) => {
                self.hold(&held);
                ValueOutcome::Hold
            }
            Mapped::Desired(_) => {
                self.mapped += 1;
                ValueOutcome::Leave
            }
        };
        for (name, outcome) in bound.value_outcomes(record, context) {
            let tally = self.attributes.entry(name).or_default();
            match outcome {
                ValueOutcome::Set => tally.set += 1,
                ValueOutcome::Clear => tally.clear += 1,
                ValueOutcome::Leave => tally.leave += 1,
                ValueOutcome::Hold if fault == ValueOutcome::Leave => tally.leave += 1,
                ValueOutcome::Hold => tally.hold += 1,
            }
        }
    }

    fn hold(&mut self, held: &Held) {
        let code = held.code.as_str();
        let count = self.held.entry(code).or_default();
        *count += 1;
        if *count == 1 {
            let place = held.place.as_ref().map(ToString::to_string).unwrap_or_default();
            self.first_held.push(FirstHeld { code, place, message: held.message.clone() });
        }
    }
}
