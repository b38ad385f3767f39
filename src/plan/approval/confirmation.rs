//! What confirms the accounts and the counts of a saved plan, so that its document alone is never believed.

use std::collections::BTreeMap;

use crate::directory::{Attribute, ObjectId, Snapshot, roles};
use crate::plan::guard_name::GuardName;
use crate::plan::ledger::Ledger;
use crate::plan::model::{Action, Change, Guard, Object, Plan, Skipped, SkippedCode};
use crate::record::EmployeeId;

/// What is known of a saved plan apart from its document.
#[derive(Clone, Debug, Default)]
pub struct Confirmation {
    /// The guards as they were counted when the plan was made; none in a state folder without a copy of the plan.
    pub guards: Option<Vec<Guard>>,
    /// The accounts of people that the ledger does not contain.
    pub accounts: BTreeMap<EmployeeId, ObjectId>,
    /// Whether an administrator approved the plan by its fingerprint.
    pub approved: bool,
    /// Whether the feed had a good reading after the plan was made. The plan opens no account then, approved or not: by the newer reading the
    /// person may have left.
    pub overtaken: bool,
}

impl Confirmation {
    /// Takes the guards on the reading from the copy in the state folder. Without a copy they count as tripped where something is left to do:
    /// the plan needs an approval.
    pub(in crate::plan) fn count_reading(&self, guards: &mut [Guard], nothing_to_do: bool) {
        for guard in guards.iter_mut().filter(|guard| guard.name.is_of_reading()) {
            match self.guards.as_ref().map(|copy| copy.iter().find(|counted| counted.name == guard.name)) {
                Some(Some(counted)) => *guard = counted.clone(),
                Some(None) | None => guard.tripped = !nothing_to_do,
            }
        }
    }

    /// The base of a guard, as the copy counted it; none without a copy.
    pub(in crate::plan) fn base(&self, name: GuardName) -> Option<u64> {
        let guards = self.guards.as_ref()?;
        guards.iter().find(|guard| guard.name == name).map(|guard| guard.of)
    }
}

/// Checks the accounts that a saved plan names.
pub(in crate::plan) struct Accounts<'a> {
    pub(in crate::plan) snapshot: &'a Snapshot,
    pub(in crate::plan) ledger: &'a Ledger,
    pub(in crate::plan) confirmation: &'a Confirmation,
    first: Option<Attribute>,
}

impl<'a> Accounts<'a> {
    pub(in crate::plan) fn new(saved: &Plan, snapshot: &'a Snapshot, ledger: &'a Ledger, confirmation: &'a Confirmation) -> Self {
        let first = saved.matching.first().and_then(|name| Attribute::find(name));
        Self { snapshot, ledger, confirmation, first }
    }

    /// Whether the ledger, the copy in the state folder or the first match attribute ties the account to the key.
    fn confirms(&self, key: &str, id: &ObjectId) -> bool {
        let Some(employee) = EmployeeId::new(key) else { return false };
        let known = self.ledger.people.get(&employee).map(|known| &known.id);
        known == Some(id)
            || self.confirmation.accounts.get(&employee) == Some(id)
            || self.first.is_some_and(|first| self.carries(id, first, key))
    }

    fn carries(&self, id: &ObjectId, first: Attribute, key: &str) -> bool {
        let user = self.snapshot.users.get(id).or_else(|| self.snapshot.deleted.get(id).map(|deleted| deleted.user.clone()));
        user.and_then(|user| user.value(first)).is_some_and(|value| value.as_text() == Some(key))
    }

    /// Takes out of a change what nothing confirms. Returns an entry for each account; a change of an unconfirmed account is
    /// taken out whole.
    pub(in crate::plan) fn check(&self, change: &mut Change) -> (bool, Vec<Skipped>) {
        if self.confirmation.overtaken
            && let Some(id) = change.id.as_ref().filter(|_| change.opens())
        {
            return (false, vec![overtaken(change, id)]);
        }
        if self.confirmation.approved {
            return (true, Vec::new());
        }
        if change.object == Object::User
            && let Some(id) = &change.id
            && !self.confirms(&change.key, id)
        {
            return (false, vec![unconfirmed(&change.key, id)]);
        }
        let mut skipped = Vec::new();
        let Change { aside, attributes, members, object, .. } = change;
        let mut stays = |key: &str| match aside.accounts.get(key) {
            Some(id) if !self.confirms(key, id) => {
                skipped.push(unconfirmed(key, id));
                false
            }
            _ => true,
        };
        attributes.retain(|edit| {
            edit.name != roles::MANAGER || edit.after.as_ref().and_then(|value| value.as_text()).is_none_or(&mut stays)
        });
        // The members of a leaver's change are groups.
        if let Some(members) = members.as_mut().filter(|_| *object == Object::Group) {
            members.add.retain(|key| stays(key));
            members.remove.retain(|key| stays(key));
        }
        let empty = change.members.as_ref().is_none_or(|members| members.add.is_empty() && members.remove.is_empty())
            && change.attributes.is_empty()
            && change.then.is_empty();
        (skipped.is_empty() || !empty, skipped)
    }
}

fn overtaken(change: &Change, id: &ObjectId) -> Skipped {
    let action = if change.action == Action::Restore { "restored" } else { "enabled" };
    let message = format!(
        "the account {} is not {action}: the plan is older than the last good reading of its feed, by which the person may have left; \
         hint: make the plan anew",
        change.user_principal_name.as_deref().unwrap_or_default()
    );
    Skipped { key: Some(change.key.clone()), id: Some(id.clone()), code: SkippedCode::NotConfirmed, message, left: false }
}

fn unconfirmed(key: &str, id: &ObjectId) -> Skipped {
    let message = format!(
        "neither the ledger, nor a copy of the plan in the state folder, nor the first match attribute ties the account {id} to this \
         person; hint: make the plan anew here, or approve it by its fingerprint"
    );
    Skipped { key: Some(key.to_owned()), id: Some(id.clone()), code: SkippedCode::NotConfirmed, message, left: false }
}
