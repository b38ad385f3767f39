//! The attributes that Graph refuses to this app.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::params;

use super::{Store, StoreError};
use crate::apply::Applied;
use crate::directory::{Attribute, TenantId};
use crate::plan::Plan;

impl Store {
    /// The attributes that Graph refused to this app, each with the people on whom that was tried in vain since.
    pub fn refused(&self, tenant: &TenantId) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        let tried = self.meta(&tried_of(tenant))?;
        let mut tried: BTreeMap<String, BTreeSet<String>> = serde_json::from_str(tried.as_deref().unwrap_or("{}"))?;
        let mut select = self.database.prepare("select attribute from refused where tenant = ?1")?;
        let rows = select.query_map([&tenant.0], |row| row.get::<_, String>(0))?;
        let mut refused = BTreeMap::new();
        for attribute in rows {
            let attribute = attribute?;
            let tried = tried.remove(&attribute).unwrap_or_default();
            refused.insert(attribute, tried);
        }
        Ok(refused)
    }

    /// The attributes of which an update wrote a value since Graph last refused them to this app. A refusal of one person says nothing about
    /// the app then.
    pub fn accepted(&self, tenant: &TenantId) -> Result<BTreeSet<Attribute>, StoreError> {
        let mut select = self.database.prepare("select attribute from accepted where tenant = ?1")?;
        let names = select.query_map([&tenant.0], |row| row.get::<_, String>(0))?;
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        Ok(names.iter().filter_map(|name| Attribute::find(name)).collect())
    }

    /// After a run: what Graph refused to this app, and what it does not refuse any more. What each answer meant for people is in the ledger
    /// already.
    ///
    /// An attribute stays refused until a value of it goes through. Each plan tries it on one person; where others wait for that, the next
    /// plan tries somebody else, until everybody had a turn.
    pub fn record_outcome(&mut self, plan: &Plan, applied: &Applied, today: Date) -> Result<(), StoreError> {
        let tenant = TenantId(plan.target.tenant_id.clone());
        let before = self.refused(&tenant)?;
        let others_wait = plan.skipped.iter().any(|skipped| skipped.code.is_refused_attribute());
        let mut tried: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (attribute, people) in &applied.refused {
            if let Some(earlier) = before.get(attribute.name).filter(|_| others_wait) {
                tried.insert(attribute.name.to_owned(), earlier.union(people).cloned().collect());
            }
        }
        for failed in applied.outcome.failed.iter().filter(|failed| failed.status == Some(403) && others_wait) {
            let known = failed.property.as_deref().and_then(|name| before.get_key_value(name));
            if let Some((name, earlier)) = known {
                let of = tried.entry(name.clone()).or_insert_with(|| earlier.clone());
                of.insert(failed.key.clone());
            }
        }
        let transaction = self.database.transaction()?;
        for attribute in applied.refused.keys() {
            transaction.execute(
                "insert into refused values (?1, ?2, ?3) on conflict (tenant, attribute) do update set day = excluded.day",
                params![tenant.0, attribute.name, today.to_string()],
            )?;
            transaction
                .execute("delete from accepted where tenant = ?1 and attribute = ?2", params![tenant.0, attribute.name])?;
        }
        for attribute in &applied.written {
            transaction.execute("delete from refused where tenant = ?1 and attribute = ?2", params![tenant.0, attribute.name])?;
        }
        for attribute in &applied.updated {
            transaction.execute("insert or ignore into accepted values (?1, ?2)", params![tenant.0, attribute.name])?;
        }
        transaction.commit()?;
        if before.values().all(BTreeSet::is_empty) && tried.is_empty() {
            return Ok(());
        }
        self.set_meta(&tried_of(&tenant), &serde_json::to_string(&tried)?)
    }
}

/// The name under which the people are kept on whom refused attributes were tried.
fn tried_of(tenant: &TenantId) -> String {
    format!("refused:{tenant}")
}
