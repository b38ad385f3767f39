//! The records that the last run of each feed held because their account is in doubt.
//!
//! `hrpush decide` takes from here what a decision is bound to. So the line that a held entry ends with needs neither the file nor the tenant
//! a second time, also after the file has been moved away.

use std::collections::BTreeSet;

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, now};
use crate::directory::TenantId;
use crate::mapping::HeldCode;
use crate::plan::Candidate;
use crate::record::EmployeeId;

/// How many records of a feed are kept: no person decides about more by hand.
const MOST: usize = 10_000;

/// A held record about whose account a person may decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRecord {
    /// The person's key in HR.
    pub key: EmployeeId,
    /// The given name of the record, without case and diacritics.
    pub given_name: String,
    /// The surname of the record, without case and diacritics.
    pub surname: String,
    /// Why it is held.
    pub code: HeldCode,
    /// The accounts that may be meant.
    pub candidates: Vec<Candidate>,
    /// The live accounts that carry the key.
    pub carriers: Vec<Candidate>,
}

/// What one feed held in one tenant.
#[derive(Serialize, Deserialize)]
struct HeldOfFeed {
    tenant: TenantId,
    at: String,
    records: Vec<HeldRecord>,
}

fn name(tenant: &TenantId, feed: &str) -> String {
    format!("held:{tenant}:{feed}")
}

impl Store {
    /// Keeps what a run held, in place of what the run of the feed before held. A run of a few people leaves the others as they were.
    pub fn keep_held_records(
        &mut self,
        tenant: &TenantId,
        feed: &str,
        mut records: Vec<HeldRecord>,
        only: Option<&BTreeSet<EmployeeId>>,
    ) -> Result<(), StoreError> {
        let name = name(tenant, feed);
        let before = self.meta(&name)?.and_then(|text| serde_json::from_str::<HeldOfFeed>(&text).ok());
        match (before, only) {
            (Some(before), Some(only)) => {
                records.extend(before.records.into_iter().filter(|record| !only.contains(&record.key)));
            }
            (None, _) if records.is_empty() => return Ok(()),
            _ => {}
        }
        records.truncate(MOST);
        if records.is_empty() {
            self.database.execute("delete from meta where name = ?1", params![name])?;
            return Ok(());
        }
        let held = HeldOfFeed { tenant: tenant.clone(), at: now(), records };
        self.set_meta(&name, &serde_json::to_string(&held)?)
    }

    /// The record of a key as the last run that held it knew it, in each tenant.
    pub fn held_records(&self, key: &EmployeeId) -> Result<Vec<(TenantId, HeldRecord)>, StoreError> {
        let mut select = self.database.prepare("select value from meta where name >= 'held:' and name < 'held;'")?;
        let mut rows = select.query([])?;
        let mut found: Vec<(String, TenantId, HeldRecord)> = Vec::new();
        while let Some(row) = rows.next()? {
            let Ok(held) = serde_json::from_str::<HeldOfFeed>(row.get_ref(0)?.as_str().unwrap_or_default()) else { continue };
            let record = held.records.into_iter().find(|record| record.key == *key);
            found.extend(record.map(|record| (held.at, held.tenant, record)));
        }
        found.sort_by(|left, right| (&left.1, &right.0).cmp(&(&right.1, &left.0)));
        found.dedup_by(|younger, older| younger.1 == older.1);
        Ok(found.into_iter().map(|(_, tenant, record)| (tenant, record)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ObjectId;

    fn key(text: &str) -> EmployeeId {
        EmployeeId::new(text).unwrap()
    }

    fn record(text: &str, account: &str) -> HeldRecord {
        let candidate = Candidate { id: ObjectId::new(account).unwrap(), user_principal_name: format!("{account}@contoso.com") };
        HeldRecord {
            key: key(text),
            given_name: "ann".into(),
            surname: "lee".into(),
            code: HeldCode::PossibleDuplicate,
            candidates: vec![candidate],
            carriers: Vec::new(),
        }
    }

    #[test]
    fn the_last_run_of_a_feed_counts_and_a_run_of_a_few_replaces_these_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let (one, other) = (TenantId("t1".into()), TenantId("t2".into()));
        let accounts = |store: &Store, text: &str| {
            let found = store.held_records(&key(text)).unwrap();
            found.into_iter().map(|(tenant, held)| (tenant.0, held.candidates[0].id.to_string())).collect::<Vec<_>>()
        };
        let text = |tenant: &str, id: &str| (tenant.to_owned(), id.to_owned());
        store.keep_held_records(&one, "HR", vec![record("1", "a"), record("2", "b")], None).unwrap();
        store.keep_held_records(&other, "HR", vec![record("1", "c")], None).unwrap();
        assert_eq!(accounts(&store, "1"), [text("t1", "a"), text("t2", "c")]);
        store.keep_held_records(&one, "Other", vec![record("1", "d")], None).unwrap();
        assert_eq!(accounts(&store, "1"), [text("t1", "d"), text("t2", "c")], "the younger of two feeds");
        store.keep_held_records(&one, "HR", Vec::new(), Some(&BTreeSet::from([key("1")]))).unwrap();
        assert_eq!((accounts(&store, "1").len(), accounts(&store, "2")), (2, vec![text("t1", "b")]));
        for feed in ["HR", "Other", "never held anything"] {
            store.keep_held_records(&one, feed, Vec::new(), None).unwrap();
        }
        assert_eq!((accounts(&store, "1"), accounts(&store, "2")), (vec![text("t2", "c")], vec![]));
    }
}
