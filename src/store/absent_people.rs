//! The people without a record in scope in the last run of each feed, dry runs included: `hrpush decide --keep` is for them.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
use crate::directory::TenantId;
use crate::record::EmployeeId;

/// How many people of a feed are kept: no person decides about more by hand.
const MOST: usize = 10_000;

/// What one feed lacked in one tenant.
#[derive(Serialize, Deserialize)]
struct AbsentOfFeed {
    tenant: TenantId,
    keys: Vec<EmployeeId>,
}

impl Store {
    /// Keeps who was missing or out of scope in a run, in place of what the run of the feed before found.
    pub fn keep_absent_people(&mut self, tenant: &TenantId, feed: &str, mut keys: Vec<EmployeeId>) -> Result<(), StoreError> {
        let name = format!("absent:{tenant}:{feed}");
        if keys.is_empty() {
            self.database.execute("delete from meta where name = ?1", params![name])?;
            return Ok(());
        }
        keys.truncate(MOST);
        self.set_meta(&name, &serde_json::to_string(&AbsentOfFeed { tenant: tenant.clone(), keys })?)
    }

    /// Whether the last run of some feed found no record in scope of this person.
    pub fn was_absent(&self, tenant: &TenantId, key: &EmployeeId) -> Result<bool, StoreError> {
        let mut select = self.database.prepare("select value from meta where name >= 'absent:' and name < 'absent;'")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let absent = serde_json::from_str::<AbsentOfFeed>(row.get_ref(0)?.as_str().unwrap_or_default());
            if absent.is_ok_and(|absent| absent.tenant == *tenant && absent.keys.contains(key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_of_a_feed_says_who_was_absent() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let (here, there) = (TenantId("t1".into()), TenantId("t2".into()));
        let key = |text: &str| EmployeeId::new(text).unwrap();
        store.keep_absent_people(&here, "HR", vec![key("1"), key("2")]).unwrap();
        store.keep_absent_people(&here, "Other", vec![key("3")]).unwrap();
        let absent = |store: &Store, tenant: &TenantId, text: &str| store.was_absent(tenant, &key(text)).unwrap();
        assert!(absent(&store, &here, "1") && absent(&store, &here, "3") && !absent(&store, &there, "1"));
        store.keep_absent_people(&here, "HR", vec![key("2")]).unwrap();
        assert!(!absent(&store, &here, "1") && absent(&store, &here, "2"));
        store.keep_absent_people(&here, "HR", Vec::new()).unwrap();
        assert!(!absent(&store, &here, "2") && absent(&store, &here, "3"));
    }
}
