//! The people of a feed that vanish from its readings, and those that come back.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::plan::decision::Verdict;
use crate::plan::inputs::Inputs;
use crate::plan::matching::Matching;
use crate::record::EmployeeId;

/// What a good reading changes in the ledger: the people that are in no record of it any more, and those that are in one again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// People of the feed that the last good reading contained and this one does not.
    pub missing: Vec<EmployeeId>,
    /// People of the feed that the last good reading did not contain and this one does.
    pub returned: Vec<EmployeeId>,
    /// People with a record in scope and a decision to keep them. The decision ends here, so that it hides no later absence.
    #[serde(default)]
    pub not_kept: Vec<EmployeeId>,
}

impl Presence {
    /// Compares the ledger with the whole reading.
    pub(super) fn new(inputs: &Inputs<'_>, matching: &Matching<'_>) -> Self {
        let mut presence = Self::default();
        let of_feed = inputs.ledger.people.iter().filter(|(_, known)| known.feed == inputs.rules.feed);
        for (key, known) in of_feed {
            match (matching.names(key), known.missing_since) {
                (false, None) => presence.missing.push(key.clone()),
                // A record that may be another person's does not bring the missing one back, or its hold would end with the next run.
                (true, Some(_)) if !matching.in_doubt.contains(key) => presence.returned.push(key.clone()),
                _ => {}
            }
        }
        let kept = inputs.ledger.decisions.iter().filter(|(_, decision)| decision.verdict == Verdict::Keep).map(|(key, _)| key);
        let out = |key: &EmployeeId| {
            matching.out_of_scope.iter().any(|(one, before)| [Some(*one), *before].contains(&Some(key.as_str())))
        };
        presence.not_kept = kept.filter(|key| matching.names(key) && !out(key)).cloned().collect();
        presence
    }

    /// How many enabled accounts lose their record. Several keys of one account are one person. An account does not count as
    /// missing while a record of the reading points at it.
    pub(super) fn vanished(&self, inputs: &Inputs<'_>, matching: &Matching<'_>) -> u64 {
        let accounts = self.missing.iter().filter_map(|key| {
            let user = inputs.snapshot.users.row(&inputs.ledger.people.get(key)?.id)?;
            (user.enabled() != Some(false) && !matching.is_claimed(user.number())).then(|| user.number())
        });
        accounts.collect::<HashSet<_>>().len() as u64
    }
}
