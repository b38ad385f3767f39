//! Changes that an administrator rejected: left out of the plan until HR's record changes.

use std::collections::BTreeMap;

use crate::directory::Users;
use crate::plan::decision::Verdict;
use crate::plan::ledger::Ledger;
use crate::plan::matching::doubt::shell_word;
use crate::plan::model::{Action, Change, Object, Skipped, SkippedCode};
use crate::plan::person::context::{PersonDecision, PersonPlanner};
use crate::plan::reason::ReasonCode;
use crate::plan::records::{People, RecordState};
use crate::plan::rejection::Rejection;

impl PersonPlanner<'_> {
    /// Closes the people with a rejected change. They get no manager and keep their groups.
    pub(in crate::plan) fn close_rejected(&mut self, decisions: &mut [PersonDecision]) {
        if self.inputs.ledger.rejections.is_empty() {
            return;
        }
        for decision in decisions {
            if let PersonDecision::Change(change) = decision
                && self.is_rejected(change)
            {
                *decision = PersonDecision::Closed;
            }
        }
    }

    /// Takes the rejected changes out of those of absent people.
    pub(in crate::plan) fn leave_out_rejected(&mut self, mut changes: Vec<Change>) -> Vec<Change> {
        changes.retain(|change| !self.is_rejected(change));
        changes
    }

    /// Takes what was rejected out of the changes of groups: single members, or a whole group that was to be made.
    pub(in crate::plan) fn leave_out_rejected_members(&mut self, changes: Vec<Change>) -> Vec<Change> {
        let ledger = self.inputs.ledger;
        if ledger.rejections.is_empty() {
            return changes;
        }
        let in_force: Vec<&Rejection> = ledger.rejections.iter().filter(|rejection| self.is_in_force(rejection)).collect();
        let mut kept = Vec::new();
        for mut change in changes {
            let taken = in_force.iter().filter(|rejection| rejection.change.take_out_of(&mut change)).count();
            if taken > 0 && change.is_spent() {
                let message = "changes of this group were rejected; hint: `hrpush decide --list` names them".to_owned();
                let (key, id) = (Some(change.key), change.id);
                self.skipped.push(Skipped { key, id, code: SkippedCode::Rejected, message, left: false, disabled: false });
            } else {
                kept.push(change);
            }
        }
        kept
    }

    /// Whether a change was rejected; if so, it is listed.
    fn is_rejected(&mut self, change: &Change) -> bool {
        let ledger = self.inputs.ledger;
        let mut same = ledger.rejections.iter().filter(|rejection| rejection.change.is(change));
        let Some(rejection) = same.find(|rejection| self.is_in_force(rejection)) else { return false };
        let records = self.rejected_records.get();
        let gone = records.and_then(|records| records.get(&change.key)).is_some_and(|record| record.gone);
        let account = change.id.as_ref().and_then(|id| self.inputs.snapshot.users.row(id));
        let disabled = account.is_some_and(|account| account.to_user().enabled == Some(false));
        self.skipped.push(Skipped { disabled, ..skipped(change, rejection, gone) });
        true
    }

    /// Whether HR's record is as it was when the change was rejected, or a decision keeps the person as is whatever HR changes.
    fn is_in_force(&self, rejection: &Rejection) -> bool {
        let inputs = self.inputs;
        let records = self.rejected_records.get_or_init(|| {
            let keys = inputs.ledger.rejections.iter().map(|rejection| rejection.key.as_str()).collect();
            inputs.people.record_digests(&keys, &inputs.snapshot.users)
        });
        stands(rejection, records, inputs.ledger)
    }
}

/// The numbers of the rejections that are over: HR's record of the person is another one in this reading, which must be whole.
pub fn ended_rejections(people: &People, users: &Users, ledger: &Ledger) -> Vec<i64> {
    if ledger.rejections.is_empty() {
        return Vec::new();
    }
    let keys = ledger.rejections.iter().map(|rejection| rejection.key.as_str()).collect();
    let records = people.record_digests(&keys, users);
    let over = ledger.rejections.iter().filter(|rejection| !stands(rejection, &records, ledger));
    over.map(|rejection| rejection.number).collect()
}

/// Whether HR's record is as it was when the change was rejected, or a decision keeps the person as is whatever HR changes.
fn stands(rejection: &Rejection, records: &BTreeMap<String, RecordState>, ledger: &Ledger) -> bool {
    let key = rejection.key.as_str();
    let record = records.get(key);
    if record.map(|record| &record.digest) == rejection.record.as_ref() {
        return true;
    }
    ledger.decisions.get(key).is_some_and(|decision| {
        let names = record.and_then(|record| record.names.as_ref());
        decision.verdict == Verdict::Keep
            && decision.account == rejection.change.id
            && names.is_none_or(|names| names.are_of(decision))
    })
}

/// What is listed instead of a change of a saved plan; none where the change goes on, perhaps without single members.
///
/// Without the reading it is not known whether HR's record has changed since, so what was rejected stays rejected.
pub(in crate::plan) fn of_saved(change: &mut Change, ledger: &Ledger) -> Option<Vec<Skipped>> {
    if change.object == Object::User {
        let rejection = ledger.rejections.iter().find(|rejection| rejection.change.is(change))?;
        return Some(vec![skipped(change, rejection, false)]);
    }
    let taken = ledger.rejections.iter().filter(|rejection| rejection.change.take_out_of(change)).count();
    (taken > 0 && change.is_spent()).then(Vec::new)
}

/// The entry of a rejected change.
fn skipped(change: &Change, rejection: &Rejection, gone: bool) -> Skipped {
    let gone = gone || matches!(change.why.code, ReasonCode::LeftOnDate | ReasonCode::LeftByStatus | ReasonCode::Expired);
    let closes = change.object == Object::User && change.action == Action::Disable;
    let account = change.user_principal_name.as_deref().unwrap_or("the account");
    let (by, key) = (&rejection.by, shell_word(&change.key));
    let message = if closes {
        let why = match change.why.code {
            ReasonCode::Missing => "MISSING from HR",
            ReasonCode::OutOfScope => "OUT OF SCOPE by HR",
            _ => "HAS LEFT by HR",
        };
        format!(
            "{why}, but disabling {account} was rejected by {by}, so it stays enabled; hint: `hrpush decide {key} --forget` ends that"
        )
    } else {
        let action = change.action.as_str();
        let gone = if gone { "HAS LEFT by HR; " } else { "" };
        format!("{gone}the {action} of {account} was rejected by {by}; hint: `hrpush decide {key} --forget` ends that")
    };
    let (key, id) = (Some(change.key.clone()), change.id.clone());
    // Only a disabled account is deleted.
    let disabled = change.action == Action::Delete;
    Skipped { key, id, code: SkippedCode::Rejected, message, left: gone || closes, disabled }
}
