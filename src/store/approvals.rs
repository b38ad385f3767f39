//! Approvals that were given before the run that they are for. Each is used by one run.

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, params};

use super::columns::{packed, unpacked};
use super::rejections::{self, NewRejection, Origin};
use super::{Operator, Store, StoreError, now, text};
use crate::apply::RunId;
use crate::directory::TenantId;
use crate::plan::{ApprovedGuard, Change, RejectedChange};

/// A yes or a no to a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// The tenant of the plan.
    pub tenant: TenantId,
    /// The feed of the plan.
    pub feed: String,
    /// Whether it is a yes.
    pub approves: bool,
    /// The plan's fingerprint.
    pub fingerprint: String,
    /// The hash of the reading that the plan was made from.
    pub reading: Option<String>,
    /// The guards that tripped.
    pub guards: Vec<ApprovedGuard>,
    /// The changes that it covers.
    pub covered: Vec<Change>,
    /// The keys that are left out of it.
    pub left_out: Vec<String>,
    /// The reason that the approver gave.
    pub note: Option<String>,
    /// The operating system's user and host.
    pub by: Operator,
    /// The principal whose key signed it.
    pub principal: Option<String>,
    /// When it was given.
    pub given_at: Timestamp,
    /// The moment after which the approval counts no more.
    pub expires_at: Timestamp,
    /// A number that is used once, of a signed approval.
    pub nonce: Option<String>,
    /// The armored OpenSSH signature of a signed approval.
    pub signature: Option<String>,
}

/// An approval that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalRow {
    /// The number of the approval in this state folder.
    pub number: i64,
    /// The approval as it was given.
    pub approval: Approval,
    /// The run that used it.
    pub used_by: Option<RunId>,
}

impl ApprovalRow {
    /// The approval as the run that used it shows it.
    pub fn named(&self) -> serde_json::Value {
        let Approval { by, principal, given_at, note, .. } = &self.approval;
        serde_json::json!({ "user": by.user, "host": by.host, "principal": principal, "at": given_at.to_string(), "note": note })
    }
}

const ROW: &str = "select approval, tenant, feed, decision, fingerprint, reading, guards, covered, left_out, note, user, host, principal, \
     given_at, expires_at, nonce, signature, used_by from approvals";

impl Store {
    /// Keeps an approval or a rejection with the changes that it rejects; its number. A nonce that was accepted before is refused.
    ///
    /// The younger answer counts: an approval ends the rejections of the same plan; a rejection withdraws its approvals, and takes what it
    /// rejects out of every other approval that is valid.
    pub fn keep_approval(&mut self, approval: &Approval, rejected: &[NewRejection]) -> Result<i64, StoreError> {
        let transaction = self.database.transaction()?;
        if let Some(nonce) = &approval.nonce
            && transaction.prepare("select 1 from approvals where nonce = ?1")?.exists([nonce])?
        {
            return Err(StoreError::NonceUsed);
        }
        narrow_older(&transaction, approval, rejected)?;
        transaction.execute(
            "insert into approvals (tenant, feed, decision, fingerprint, reading, guards, covered, left_out, note, user, host, principal, \
             given_at, expires_at, nonce, signature) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            params![
                approval.tenant.0,
                approval.feed,
                if approval.approves { "approve" } else { "reject" },
                approval.fingerprint,
                approval.reading,
                serde_json::to_string(&approval.guards)?,
                packed(&serde_json::to_string(&approval.covered)?)?,
                serde_json::to_string(&approval.left_out)?,
                approval.note,
                approval.by.user,
                approval.by.host,
                approval.principal,
                text(approval.given_at),
                text(approval.expires_at),
                approval.nonce,
                approval.signature,
            ],
        )?;
        let number = transaction.last_insert_rowid();
        let Approval { tenant, fingerprint, note, by, principal, given_at, .. } = approval;
        let origin = Origin { tenant, fingerprint, note: note.as_deref(), by, principal: principal.as_deref(), at: *given_at };
        rejections::replace(&transaction, &origin, rejected)?;
        transaction.commit()?;
        Ok(number)
    }

    /// Whether an answer with this number was accepted before.
    pub fn has_nonce(&self, nonce: &str) -> Result<bool, StoreError> {
        Ok(self.database.prepare("select 1 from approvals where nonce = ?1")?.exists([nonce])?)
    }

    /// All approvals for a tenant, newest first.
    pub fn approvals(&self, tenant: &TenantId) -> Result<Vec<ApprovalRow>, StoreError> {
        approval_rows(&self.database, &format!("{ROW} where tenant = ?1 order by approval desc"), [tenant.0.as_str()])
    }

    /// The approvals for a feed that are valid at a moment and that no run has used up, oldest first. A run that was killed, interrupted or
    /// cut off from the tenant has not used them up: the next one goes on with its work.
    pub fn valid_approvals(&self, tenant: &TenantId, feed: &str, at: Timestamp) -> Result<Vec<ApprovalRow>, StoreError> {
        valid_rows(&self.database, tenant, feed, at)
    }

    /// Approvals by their numbers.
    pub fn approvals_numbered(&self, numbers: &[i64]) -> Result<Vec<ApprovalRow>, StoreError> {
        let mut rows = Vec::new();
        for number in numbers {
            rows.extend(approval_rows(&self.database, &format!("{ROW} where approval = ?1"), [number])?);
        }
        Ok(rows)
    }

    /// The approvals and rejections of a plan, oldest first.
    pub fn approvals_of(&self, fingerprint: &str) -> Result<Vec<ApprovalRow>, StoreError> {
        approval_rows(&self.database, &format!("{ROW} where fingerprint = ?1 order by approval"), [fingerprint])
    }
}

/// The approvals for a feed that are valid at a moment, oldest first.
fn valid_rows(connection: &Connection, tenant: &TenantId, feed: &str, at: Timestamp) -> Result<Vec<ApprovalRow>, StoreError> {
    let select = format!(
        "{ROW} where tenant = ?1 and feed = ?2 and decision = 'approve' and withdrawn_at is null and expires_at > ?3 and (used_by is null or exists \
         (select 1 from runs where run = used_by and (ended is null or ended in ('crashed', 'interrupted', 'cannot-run')))) \
         order by approval"
    );
    approval_rows(connection, &select, params![tenant.0, feed, text(at)])
}

fn approval_rows(connection: &Connection, select: &str, of: impl rusqlite::Params) -> Result<Vec<ApprovalRow>, StoreError> {
    let mut select = connection.prepare(select)?;
    let mut rows = select.query(of)?;
    let mut approvals = Vec::new();
    while let Some(row) = rows.next()? {
        approvals.push(approval_row(row)?);
    }
    Ok(approvals)
}

/// Takes what a younger answer rejects out of the valid approvals of its feed. A rejection of the plan itself leaves nothing of them.
fn narrow_older(transaction: &Transaction<'_>, younger: &Approval, rejected: &[NewRejection]) -> Result<(), StoreError> {
    let deeds: Vec<RejectedChange> = rejected.iter().map(|rejection| rejection.change.clone()).collect();
    let mut withdraw = transaction.prepare("update approvals set withdrawn_at = ?2 where approval = ?1")?;
    let mut narrow = transaction.prepare("update approvals set covered = ?2 where approval = ?1")?;
    for ApprovalRow { number, approval, .. } in valid_rows(transaction, &younger.tenant, &younger.feed, younger.given_at)? {
        let before = approval.covered.len();
        let covered = RejectedChange::taken_out_of(&deeds, approval.covered.clone());
        let rejects_plan = !younger.approves && approval.fingerprint == younger.fingerprint;
        if rejects_plan || (before > 0 && covered.is_empty()) {
            withdraw.execute(params![number, now()])?;
        } else if covered != approval.covered {
            narrow.execute(params![number, packed(&serde_json::to_string(&covered)?)?])?;
        }
    }
    Ok(())
}

/// Records that a run uses approvals up, in the transaction that journals its plan. A run that is killed shows its approvals as well.
pub(super) fn use_up(transaction: &Transaction<'_>, numbers: &[i64], run: &RunId) -> Result<(), StoreError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::new();
    let mut select = transaction.prepare(&format!("{ROW} where approval = ?1"))?;
    for number in numbers {
        let mut found = select.query([number])?;
        while let Some(row) = found.next()? {
            rows.push(approval_row(row)?.named());
        }
    }
    let named = serde_json::to_string(&rows)?;
    transaction.execute("update runs set approved_by = ?2 where run = ?1", params![run.0, named])?;
    let mut update = transaction.prepare("update approvals set used_by = ?2, used_at = ?3 where approval = ?1")?;
    for number in numbers {
        update.execute(params![number, run.0, now()])?;
    }
    Ok(())
}

fn approval_row(row: &Row<'_>) -> Result<ApprovalRow, StoreError> {
    let text = |column: usize| row.get::<_, String>(column);
    let moment = |column: usize| Ok::<_, rusqlite::Error>(text(column)?.parse().unwrap_or(Timestamp::UNIX_EPOCH));
    let approval = Approval {
        tenant: TenantId(text(1)?),
        feed: text(2)?,
        approves: text(3)? == "approve",
        fingerprint: text(4)?,
        reading: row.get(5)?,
        guards: serde_json::from_str(&text(6)?)?,
        covered: serde_json::from_str(&unpacked(row.get_ref(7)?.as_blob().unwrap_or_default())?)?,
        left_out: serde_json::from_str(&text(8)?)?,
        note: row.get(9)?,
        by: Operator { user: text(10)?, host: text(11)? },
        principal: row.get(12)?,
        given_at: moment(13)?,
        expires_at: moment(14)?,
        nonce: row.get(15)?,
        signature: row.get(16)?,
    };
    Ok(ApprovalRow { number: row.get(0)?, approval, used_by: row.get::<_, Option<String>>(17)?.map(RunId) })
}
