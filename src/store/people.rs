//! The people of the ledger, as a plan takes them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Row, params};

use super::columns::{StoredId, leave_actions};
use super::{Store, StoreError};
use crate::directory::{ObjectId, TenantId};
use crate::plan::{FeedName, Person, PersonState, Presence};
use crate::record::EmployeeId;

const PEOPLE: &str = "select p.key, p.id, p.feed, p.disabled_on, p.pre_hire, p.deleted_on, p.leave_done, p.missing_since, p.seen, p.former_groups \
     from people p where p.tenant = ?1 order by p.key";

impl Store {
    /// Whether the ledger is empty for this tenant: the preview then says that it starts anew.
    pub fn starts_anew(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let select = "select 1 from people where tenant = ?1 limit 1";
        Ok(!self.database.prepare_cached(select)?.exists([self.tenant_number(tenant)?])?)
    }

    /// Whether the ledger has this person.
    pub fn knows(&self, tenant: &TenantId, key: &EmployeeId) -> Result<bool, StoreError> {
        let select = "select 1 from people where tenant = ?1 and key = ?2";
        Ok(self.database.prepare_cached(select)?.exists(params![self.tenant_number(tenant)?, key.as_str()])?)
    }

    /// Everybody of a tenant. The rows come in the order of the keys, so that the map is built without gaps.
    pub(super) fn people(&self, tenant: &TenantId) -> Result<BTreeMap<EmployeeId, Person>, StoreError> {
        let feeds = self.feed_names()?;
        let mut select = self.database.prepare_cached(PEOPLE)?;
        let mut rows = select.query([self.tenant_number(tenant)?])?;
        let mut people = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(key) = EmployeeId::new(row.get_ref(0)?.as_str().unwrap_or_default()) else { continue };
            let (Some(id), Some(feed)) = (row.get::<_, StoredId>(1)?.0, feeds.get(&row.get::<_, i64>(2)?)) else { continue };
            people.push((key, Person::new(id, feed.clone()).with(state(row)?)));
        }
        Ok(people.into_iter().collect())
    }

    /// The names that people have for their feeds, each text once.
    fn feed_names(&self) -> Result<HashMap<i64, FeedName>, StoreError> {
        let mut select = self.database.prepare_cached("select number, name from names")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, FeedName::from(row.get_ref(1)?.as_str()?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Records the people who vanished from a good reading of a feed, and those who came back. A decision to keep a person ends once the
    /// person is there.
    pub fn note_presence(&mut self, tenant: &TenantId, presence: &Presence, today: jiff::civil::Date) -> Result<(), StoreError> {
        let number = self.tenant_number(tenant)?;
        let transaction = self.database.transaction()?;
        {
            let mut update = transaction.prepare_cached("update people set missing_since = ?3 where tenant = ?1 and key = ?2")?;
            for key in &presence.missing {
                update.execute(params![number, key.as_str(), today.to_string()])?;
            }
            for key in &presence.returned {
                update.execute(params![number, key.as_str(), None::<String>])?;
            }
            let mut forget = transaction.prepare_cached(
                "update decisions set forgotten_at = ?3, forgotten_by = 'hrpush' \
                 where tenant = ?1 and key = ?2 and verdict = 'keep' and forgotten_at is null",
            )?;
            for key in &presence.not_kept {
                forget.execute(params![tenant.0, key.as_str(), super::now()])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// The groups of a deleted account. None is read where the column has something else: a restore then plans as if it did not know them.
fn former_groups(ids: Option<&str>) -> BTreeSet<ObjectId> {
    let ids: Vec<String> = ids.and_then(|ids| serde_json::from_str(ids).ok()).unwrap_or_default();
    ids.iter().filter_map(|id| ObjectId::new(id)).collect()
}

/// What few people have; reading it makes no text where there is nothing.
fn state(row: &Row<'_>) -> rusqlite::Result<PersonState> {
    let day = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?.and_then(|day| day.parse().ok()));
    Ok(PersonState {
        disabled_on: day(3)?,
        pre_hire: row.get(4)?,
        deleted_on: day(5)?,
        leave_done: leave_actions(row.get(6)?).collect(),
        missing_since: day(7)?,
        seen: row.get(8)?,
        wanted: BTreeMap::new(),
        groups_when_deleted: former_groups(row.get_ref(9)?.as_str_or_null()?),
    })
}
