//! Approvals that were given before the run that they are for. Each is used by one run.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use super::columns::{packed, unpacked};
use super::{Operator, Store, StoreError, now, text};
use crate::apply::RunId;
use crate::directory::TenantId;
use crate::plan::Change;

/// A guard that an approval overrides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardCount {
    /// The name of the guard, such as `disable`.
    pub name: String,
    /// The number of changes that the guard counted.
    pub count: u64,
    /// The number of people that the share refers to.
    pub of: u64,
}

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
    pub guards: Vec<GuardCount>,
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

const ROW: &str = "select approval, tenant, feed, decision, fingerprint, reading, guards, covered, left_out, note, user, host, principal, \
     given_at, expires_at, nonce, signature, used_by from approvals";

impl Store {
    /// Keeps an approval; its number. A nonce that was accepted before is refused.
    pub fn keep_approval(&mut self, approval: &Approval) -> Result<i64, StoreError> {
        if let Some(nonce) = &approval.nonce
            && self.database.prepare("select 1 from approvals where nonce = ?1")?.exists([nonce])?
        {
            return Err(StoreError::NonceUsed);
        }
        self.database.execute(
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
        Ok(self.database.last_insert_rowid())
    }

    /// All approvals for a tenant, newest first.
    pub fn approvals(&self, tenant: &TenantId) -> Result<Vec<ApprovalRow>, StoreError> {
        self.approval_rows(&format!("{ROW} where tenant = ?1 order by approval desc"), [tenant.0.as_str()])
    }

    /// The approvals for a feed that no run has used and that are valid at a moment, oldest first.
    pub fn valid_approvals(&self, tenant: &TenantId, feed: &str, at: Timestamp) -> Result<Vec<ApprovalRow>, StoreError> {
        let select = format!(
            "{ROW} where tenant = ?1 and feed = ?2 and used_by is null and decision = 'approve' and given_at <= ?3 and expires_at > ?3 \
             order by approval"
        );
        self.approval_rows(&select, params![tenant.0, feed, text(at)])
    }

    /// Records that a run used an approval; whether it was there to be used.
    pub fn use_approval(&mut self, number: i64, run: &RunId) -> Result<bool, StoreError> {
        let update = "update approvals set used_by = ?2, used_at = ?3 where approval = ?1 and used_by is null";
        Ok(self.database.execute(update, params![number, run.0, now()])? > 0)
    }

    fn approval_rows(&self, select: &str, of: impl rusqlite::Params) -> Result<Vec<ApprovalRow>, StoreError> {
        let mut select = self.database.prepare(select)?;
        let mut rows = select.query(of)?;
        let mut approvals = Vec::new();
        while let Some(row) = rows.next()? {
            approvals.push(approval_row(row)?);
        }
        Ok(approvals)
    }

    /// The fingerprints of plans of this folder that begin with these digits, each once: of journaled runs, saved plans and runs that stopped.
    pub fn fingerprints(&self, tenant: Option<&TenantId>, prefix: &str) -> Result<Vec<String>, StoreError> {
        let prefix = format!("sha256:{}", prefix.trim_start_matches("sha256:"));
        let mut select = self.database.prepare(
            "select fingerprint from (select fingerprint, tenant from runs union select fingerprint, tenant from staged) \
             where substr(fingerprint, 1, length(?1)) = ?1 and (?2 is null or tenant = ?2) group by fingerprint order by fingerprint",
        )?;
        let rows = select.query_map(params![prefix, tenant.map(|tenant| &tenant.0)], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The decision of the youngest approval or rejection of a plan that is valid at a moment.
    pub fn decided(&self, tenant: &TenantId, fingerprint: &str, at: Timestamp) -> Result<Option<bool>, StoreError> {
        let select = "select decision = 'approve' from approvals where tenant = ?1 and fingerprint = ?2 and expires_at > ?3 \
                      order by approval desc limit 1";
        Ok(self.database.query_row(select, params![tenant.0, fingerprint, text(at)], |row| row.get(0)).optional()?)
    }
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
