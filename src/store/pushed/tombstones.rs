//! The end of tombstones: a run needs their records until the accounts are disabled, and `explain` some time more.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::PushStore;
use crate::store::{StoreError, text};

/// How long a tombstone stays after its account is disabled.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The share of a feed that may go at once, and the number below which the share does not count. More would look like a broken feed.
const SHARE: i64 = 50;
const FEWEST: i64 = 3;

impl PushStore {
    /// Notes which tombstones of a feed have no enabled account any more, and drops those for which that is long so. Returns how many
    /// went.
    ///
    /// `closed` has the ids of all resources without an enabled account. An account that is enabled again starts the time anew.
    pub fn settle(&self, feed: &str, closed: &BTreeSet<&str>, now: Timestamp) -> Result<usize, StoreError> {
        let transaction = rusqlite::Transaction::new_unchecked(&self.database, rusqlite::TransactionBehavior::Immediate)?;
        let tombstones: Vec<(i64, String, bool)> = {
            let mut select = transaction
                .prepare("select number, id, settled_at is not null from resources where feed = ?1 and deleted_at is not null")?;
            let rows = select.query_map([feed], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        for (number, id, is_settled) in tombstones {
            let is_closed = closed.contains(id.as_str());
            if is_closed != is_settled {
                let at = is_closed.then(|| text(now));
                transaction.execute("update resources set settled_at = ?2 where number = ?1", params![number, at])?;
            }
        }
        let gone = transaction.execute(
            "delete from resources where number in (select number from resources where feed = ?1 and settled_at <= ?2 \
             order by number limit max(?3, (select count(*) from resources where feed = ?1 and kind = 0) / ?4))",
            params![feed, text(now - KEPT), FEWEST, SHARE],
        )?;
        transaction.commit()?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::ResourceKind;
    use crate::store::pushed::StoredResource;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn pushed(store: &PushStore, key: &str) -> StoredResource {
        let body = json!({ "userName": key, "externalId": key, "active": true });
        let mut resource = StoredResource::new(ResourceKind::User, body.as_object().unwrap().clone());
        store.insert("HR", &mut resource, "tk").unwrap();
        resource
    }

    #[test]
    fn a_tombstone_stays_until_its_account_is_disabled_and_400_days_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = PushStore::open(folder.path()).unwrap();
        let (ada, eve) = (pushed(&store, "ada"), pushed(&store, "eve"));
        store.bury("HR", &ada, "tk").unwrap();
        let now = Timestamp::now();
        let (none, closed) = (BTreeSet::new(), BTreeSet::from([ada.id.as_str(), eve.id.as_str()]));
        let settle = |closed: &BTreeSet<&str>, days: i32| store.settle("HR", closed, now + DAY * days).unwrap();
        assert_eq!(settle(&none, 0) + settle(&none, 1_000), 0, "the account is still enabled");
        assert_eq!(settle(&closed, 1_000) + settle(&closed, 1_399), 0);
        assert_eq!(settle(&none, 1_399), 0, "enabled again: the time starts anew");
        assert_eq!(settle(&closed, 1_400) + settle(&closed, 1_799), 0);
        assert_eq!(store.settle("Other", &closed, now + DAY * 5_000).unwrap(), 0);
        assert_eq!(settle(&closed, 1_800), 1);
        let left = store.feed("HR").unwrap().people;
        assert!(left.len() == 1 && left[0].id == eve.id, "a live user without an account stays");
    }

    #[test]
    fn many_tombstones_go_in_small_steps() {
        let folder = tempfile::tempdir().unwrap();
        let store = PushStore::open(folder.path()).unwrap();
        let all: Vec<StoredResource> = (0..10).map(|number| pushed(&store, &number.to_string())).collect();
        for one in &all {
            store.bury("HR", one, "tk").unwrap();
        }
        let closed = all.iter().map(|one| one.id.as_str()).collect();
        let now = Timestamp::now();
        assert_eq!(store.settle("HR", &closed, now).unwrap(), 0);
        let steps: Vec<usize> = (0..5).map(|_| store.settle("HR", &closed, now + KEPT).unwrap()).collect();
        assert_eq!(steps, [3, 3, 3, 1, 0]);
    }
}
