//! Plans that were shown and not carried out: what an approval or a rejection names.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::columns::{packed, unpacked};
use super::{Store, StoreError, now, text};
use crate::directory::TenantId;
use crate::plan::{Plan, RejectedChange};

/// How many plans of a feed are kept.
const KEPT: i64 = 10;

/// A plan that an administrator can approve or reject.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The plan as it was shown.
    pub plan: Plan,
    /// The digest of HR's record of each person with a change; a person without a record has none.
    pub records: BTreeMap<String, String>,
}

impl Store {
    /// Keeps a plan that was shown, and forgets the oldest of its feed. Without records, a plan that is there already stays as it is.
    pub fn propose(
        &mut self,
        plan: &Plan,
        records: Option<&BTreeMap<String, String>>,
        run: Option<&str>,
    ) -> Result<(), StoreError> {
        let (tenant, feed) = (&plan.target.tenant_id, &plan.source.feed);
        let transaction = self.database.transaction()?;
        let keep = if records.is_some() { "or replace" } else { "or ignore" };
        transaction.execute(
            &format!("insert {keep} into proposals (tenant, fingerprint, feed, run, plan, records, made_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
            params![
                tenant,
                plan.fingerprint,
                feed,
                run,
                packed(&serde_json::to_string(plan)?)?,
                serde_json::to_string(&records.cloned().unwrap_or_default())?,
                now(),
            ],
        )?;
        transaction.execute(
            "update proposals set made_at = ?3, run = ?4 where tenant = ?1 and fingerprint = ?2",
            params![tenant, plan.fingerprint, now(), run],
        )?;
        transaction.execute(
            "delete from proposals where tenant = ?1 and feed = ?2 and fingerprint not in \
             (select fingerprint from proposals where tenant = ?1 and feed = ?2 order by made_at desc limit ?3)",
            params![tenant, feed, KEPT],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// The fingerprints of the plans of this folder that begin with these digits.
    pub fn proposed(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut select = self.database.prepare(
            "select distinct fingerprint from proposals where substr(fingerprint, 1, length(?1)) = ?1 order by fingerprint",
        )?;
        let rows = select.query_map([prefix], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The plan of a fingerprint.
    pub fn proposal(&self, fingerprint: &str) -> Result<Option<Proposal>, StoreError> {
        let select = "select plan, records from proposals where fingerprint = ?1";
        let found: Option<(Vec<u8>, String)> =
            self.database.query_row(select, [fingerprint], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((plan, records)) = found else { return Ok(None) };
        Ok(Some(Proposal { plan: serde_json::from_str(&unpacked(&plan)?)?, records: serde_json::from_str(&records)? }))
    }

    /// What was carried out of a plan's feed since the plan was shown last, the run that showed it included.
    ///
    /// An approval that is given afterwards does not cover these deeds: it would let them through once more.
    pub fn carried_out_since(&self, shown: &Proposal) -> Result<Vec<RejectedChange>, StoreError> {
        let Plan { target, source, fingerprint, .. } = &shown.plan;
        let mut select = self.database.prepare(
            "select run from runs where tenant = ?1 and feed = ?2 and plan is not null and number >= \
             (select r.number from proposals p join runs r on r.run = p.run where p.tenant = ?1 and p.fingerprint = ?3)",
        )?;
        let runs = select.query_map(params![target.tenant_id, source.feed, fingerprint], |row| row.get::<_, String>(0))?;
        let mut done = Vec::new();
        for run in runs {
            let recorded = self.run(&run?)?;
            let changes = recorded.plan.changes.iter().filter(|change| recorded.done.contains(&change.seq)).cloned();
            done.extend(RejectedChange::of(&Plan { changes: changes.collect(), ..recorded.plan.clone() }, None));
        }
        Ok(done.into_iter().map(|(_, deed)| deed).collect())
    }

    /// The tenants that runs of this folder have reached.
    pub fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let mut select = self.database.prepare("select distinct tenant from runs where tenant is not null order by tenant")?;
        let rows = select.query_map([], |row| row.get(0).map(TenantId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When this state folder was made.
    pub fn created_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.meta("created-at")?.and_then(|at| at.parse().ok()))
    }

    /// Takes the values from what was approved, and the plans that were shown, before a moment.
    pub(super) fn prune_approvals(&mut self, before: Timestamp) -> Result<(), StoreError> {
        let before = text(before);
        self.database.execute("delete from proposals where made_at < ?1", [&before])?;
        let nothing = packed("[]")?;
        let update = "update approvals set covered = ?2 where given_at < ?1 and expires_at < ?1 and covered <> ?2";
        self.database.execute(update, params![before, nothing])?;
        Ok(())
    }
}
