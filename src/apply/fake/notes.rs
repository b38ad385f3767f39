//! A journal in memory, which checks the order of its entries.

use std::collections::BTreeMap;

use crate::apply::{Answered, Entry, Journal, JournalError, Outcome, RunId, Sent};
use crate::plan::ApprovedPlan;

/// A journal that only counts. Nothing may be sent that was not journaled before.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) sent: BTreeMap<u64, Sent>,
    pub(crate) answered: BTreeMap<u64, Answered>,
}

impl Journal for Notes {
    fn begin(&mut self, _: &ApprovedPlan) -> Result<RunId, JournalError> {
        Ok(RunId("r".into()))
    }

    fn keep(&mut self, _: &RunId, entry: &Entry) -> Result<(), JournalError> {
        for answer in &entry.answered {
            assert!(self.sent.contains_key(&answer.request));
            assert!(self.answered.insert(answer.request, answer.clone()).is_none(), "answered twice");
        }
        self.sent.extend(entry.sent.iter().map(|sent| (sent.request, sent.clone())));
        Ok(())
    }

    fn finish(&mut self, _: &RunId, _: &Outcome, _: u8) -> Result<(), JournalError> {
        Ok(())
    }
}
