//! What the plan lists about the reading as a whole: unlisted statuses and ignored end dates.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::{Stage, fold_status};
use crate::plan::matching::claim::Account;
use crate::plan::model::{Skipped, SkippedCode};
use crate::plan::person::context::PersonPlanner;
use crate::plan::records::Kind;

/// How many people a message names.
const NAMED: usize = 3;

/// A status that the mapping lists nowhere, with the people that have it and have not left.
#[derive(Default)]
struct Word<'a> {
    /// As HR writes it; of several spellings the first.
    shown: BTreeSet<&'a str>,
    keys: BTreeSet<&'a str>,
}

impl<'a> PersonPlanner<'a> {
    /// Lists the statuses that no confirmed run of this feed had, and gives back all that the next run may take for known.
    pub(in crate::plan) fn statuses(&mut self) -> BTreeSet<String> {
        let people = self.inputs.people;
        let all: BTreeSet<String> = people.unlisted_statuses().into_keys().map(fold_status).collect();
        let Some(last) = &self.inputs.ledger.last_reading else { return all };
        let new: BTreeSet<String> = all.difference(&last.statuses).cloned().collect();
        let mut statuses = last.statuses.clone();
        if new.is_empty() {
            return statuses;
        }
        let mut words: BTreeMap<String, Word<'a>> = BTreeMap::new();
        for row in people.rows().filter(|row| matches!(row.kind, Kind::Desired)) {
            let (Some(shown), Some(key)) = (row.status_word(), row.key()) else { continue };
            let folded = fold_status(shown);
            let works = !matches!(row.facts().stage, Stage::Left { .. });
            if works && new.contains(&folded) && self.inputs.plans(key) {
                let word = words.entry(folded).or_default();
                word.shown.insert(shown);
                word.keys.insert(key);
            }
        }
        for (folded, word) in words {
            self.list_new_status(&word);
            statuses.insert(folded);
        }
        statuses
    }

    fn list_new_status(&mut self, word: &Word<'_>) {
        let shown = word.shown.first().copied().unwrap_or_default();
        let count = word.keys.len();
        let named: Vec<&str> = word.keys.iter().copied().take(NAMED).collect();
        let more = if count > NAMED { ", …" } else { "" };
        let records = if count == 1 { "record has" } else { "records have" };
        let message = format!(
            "{count} {records} the status \"{shown}\", which the mapping lists nowhere, so it counts as working here ({}{more}); \
             hint: add it to `left` in [lifecycle] of the mapping if it means gone, or to `active` if it means working here",
            named.join(", ")
        );
        self.skipped.push(Skipped { key: None, id: None, code: SkippedCode::NewStatus, message, left: false, disabled: false });
    }

    /// Lists the people with a past end date that stay active because `[lifecycle.states]` keeps their status.
    pub(in crate::plan) fn ignored_ends(&mut self) {
        let inputs = self.inputs;
        for (number, note) in inputs.people.notes() {
            let Some(end) = note.end_ignored else { continue };
            let Some(key) = inputs.people.row(number).key().filter(|key| inputs.plans(key)) else { continue };
            // A record that is held for its account may be the only sign that the person has left.
            let user = match self.matching.person(number).map(|person| person.account) {
                Some(Account::Live(user, _)) => Some(user),
                Some(Account::None | Account::Deleted(_)) => None,
                None => self.matching.held_accounts.get(key).copied(),
            };
            let user = user.map(|user| inputs.snapshot.users.at(user).to_user());
            let message = format!(
                "the last working day {end} has passed, but the mapping keeps this status in [lifecycle.states]; \
                 hint: correct the end date or the status in HR"
            );
            self.skip(key, user.as_ref(), SkippedCode::EndDateIgnored, message, false);
        }
    }
}
