//! What an answer means for the ledger: written in the transaction that keeps the answer.

use jiff::civil::Date;
use rusqlite::{Transaction, params};

use super::columns::{IdColumn, leave_bits, signed};
use super::{StoreError, names};
use crate::apply::{RequestKind, RunId};
use crate::directory::{ObjectId, roles};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Object, Plan};

/// A run with its plan.
pub(super) struct RunPlan {
    pub(super) run: RunId,
    /// The number under which its rows are kept.
    pub(super) number: i64,
    pub(super) plan: Plan,
}

impl RunPlan {
    pub(super) fn change(&self, seq: u64) -> Option<&Change> {
        let changes = &self.plan.changes;
        let at = changes.binary_search_by_key(&seq, |change| change.seq).ok();
        at.map(|at| &changes[at]).or_else(|| changes.iter().find(|change| change.seq == seq))
    }
}

/// A request that was done.
pub(super) struct Done<'a> {
    pub(super) kind: RequestKind,
    /// What it made of accountEnabled.
    pub(super) enabled: Option<bool>,
    /// The attributes that it carried, by name, between blanks.
    pub(super) attributes: &'a str,
    /// The object that it made.
    pub(super) id: Option<&'a ObjectId>,
}

/// A run whose answers are being kept.
pub(super) struct Context<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) run: &'a RunPlan,
    tenant: i64,
    feed: i64,
    /// The day of the plan.
    today: String,
}

impl<'a> Context<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>, run: &'a RunPlan, today: Date) -> Result<Self, StoreError> {
        let tenant = names::number_of(transaction, &run.plan.target.tenant_id)?;
        let feed = names::number_of(transaction, &run.plan.source.feed)?;
        let today = run.plan.as_of.parse().unwrap_or(today).to_string();
        Ok(Self { transaction, run, tenant, feed, today })
    }

    pub(super) fn change(&self, seq: u64) -> Option<&'a Change> {
        self.run.change(seq)
    }

    /// A change needs no more requests.
    pub(super) fn complete(&self, seq: u64) -> Result<(), StoreError> {
        let update = "update changes set done = 1 where run = ?1 and seq = ?2";
        self.transaction.prepare_cached(update)?.execute(params![self.run.number, signed(seq)])?;
        match self.change(seq) {
            Some(change) if !change.then.is_empty() => self.left(change, &change.then),
            _ => Ok(()),
        }
    }

    /// What a request that was done means for the ledger.
    pub(super) fn effect(&self, change: &Change, done: &Done<'_>) -> Result<(), StoreError> {
        if change.object == Object::User && done.kind != RequestKind::CreateUser {
            let written = "update people set seen = 0, written = 1 where tenant = ?1 and key = ?2 and (seen or not written)";
            self.transaction.prepare_cached(written)?.execute(params![self.tenant, change.key])?;
        }
        match done.kind {
            RequestKind::CreateUser => self.created(change, done),
            RequestKind::UpdateUser => self.updated(change, done),
            RequestKind::RestoreUser => {
                self.known(change)?;
                // Ahead of a start, the account is a pre-hire's: no leave before that start deletes it again.
                let update = "update people set deleted_on = null, former_groups = null, leave_done = 0, pre_hire = ?3 \
                              where tenant = ?1 and key = ?2";
                let values = params![self.tenant, change.key, change.is_ahead_of_start()];
                self.transaction.prepare_cached(update)?.execute(values)?;
                Ok(())
            }
            RequestKind::DeleteUser => {
                self.known(change)?;
                let update = "update people set deleted_on = ?3, former_groups = ?4 where tenant = ?1 and key = ?2";
                let values = params![self.tenant, change.key, self.today, former_groups(change)?];
                self.transaction.prepare_cached(update)?.execute(values)?;
                change.user_principal_name.iter().try_for_each(|upn| self.address(&change.key, upn))
            }
            _ => Ok(()),
        }
    }

    fn created(&self, change: &Change, done: &Done<'_>) -> Result<(), StoreError> {
        let Some(id) = done.id else { return Ok(()) };
        let upsert = "insert into people (tenant, key, id, feed, pre_hire, written) values (?1, ?2, ?3, ?4, ?5, 1) on conflict (tenant, key) \
             do update set id = excluded.id, feed = excluded.feed, pre_hire = excluded.pre_hire, disabled_on = null, \
             deleted_on = null, former_groups = null, leave_done = 0, seen = 0, written = 1";
        let values = params![self.tenant, change.key, IdColumn(id), self.feed, done.enabled == Some(false)];
        self.transaction.prepare_cached(upsert)?.execute(values)?;
        Ok(())
    }

    fn updated(&self, change: &Change, done: &Done<'_>) -> Result<(), StoreError> {
        match done.enabled {
            Some(true) => self.update(
                "update people set disabled_on = null, pre_hire = 0, leave_done = 0 where tenant = ?1 and key = ?2",
                change,
            )?,
            Some(false) => {
                self.known(change)?;
                self.update_today("update people set disabled_on = ?3 where tenant = ?1 and key = ?2", change)?;
            }
            None => {}
        }
        if change.action == Action::Create {
            return Ok(());
        }
        // Only the addresses that this very request replaced: another part of the change may have been refused.
        let replaced = |name: &str| {
            [roles::USER_PRINCIPAL_NAME, roles::MAIL].contains(&name) && done.attributes.split(' ').any(|carried| carried == name)
        };
        let gone = change.attributes.iter().filter(|edit| replaced(&edit.name));
        gone.filter_map(|edit| edit.before.as_ref()?.as_text()).try_for_each(|address| self.address(&change.key, address))
    }

    fn update(&self, update: &str, change: &Change) -> Result<(), StoreError> {
        self.transaction.prepare_cached(update)?.execute(params![self.tenant, change.key])?;
        Ok(())
    }

    fn update_today(&self, update: &str, change: &Change) -> Result<(), StoreError> {
        self.transaction.prepare_cached(update)?.execute(params![self.tenant, change.key, self.today])?;
        Ok(())
    }

    /// Makes sure that the ledger knows the person: one matched for the first time in this very run.
    fn known(&self, change: &Change) -> Result<(), StoreError> {
        if let Some(id) = &change.id {
            let insert = "insert into people (tenant, key, id, feed, written) values (?1, ?2, ?3, ?4, 1) on conflict do nothing";
            self.transaction.prepare_cached(insert)?.execute(params![self.tenant, change.key, IdColumn(id), self.feed])?;
        }
        Ok(())
    }

    fn address(&self, key: &str, address: &str) -> Result<(), StoreError> {
        keep_address(self.transaction, &self.run.plan.target.tenant_id, key, address, &self.today)
    }

    /// Actions on leaving are done.
    pub(super) fn left(&self, change: &Change, done: &[LeaveAction]) -> Result<(), StoreError> {
        self.known(change)?;
        let update = "update people set leave_done = leave_done | ?3 where tenant = ?1 and key = ?2";
        self.transaction.prepare_cached(update)?.execute(params![self.tenant, change.key, leave_bits(done)])?;
        Ok(())
    }
}

/// The managed groups of an account that is deleted, as a column has them.
fn former_groups(change: &Change) -> Result<Option<String>, StoreError> {
    let groups: Vec<String> = change.aside.former_groups.iter().map(ToString::to_string).collect();
    Ok((!groups.is_empty()).then(|| serde_json::to_string(&groups)).transpose()?)
}

/// Keeps that an address was in use by a person until a day.
pub(super) fn keep_address(
    transaction: &Transaction<'_>,
    tenant: &str,
    key: &str,
    address: &str,
    until: &str,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "insert into addresses values (?1, ?2, ?3, ?4) on conflict (tenant, address, key) \
             do update set until = max(until, excluded.until)",
        )?
        .execute(params![tenant, address.to_lowercase(), key, until])?;
    Ok(())
}
