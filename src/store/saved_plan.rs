//! What a saved plan will leave in the ledger once it is applied, set aside under its fingerprint.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::columns::StoredId;
use super::ledger::GuardCounts;
use super::{Store, StoreError, names};
use crate::directory::{ObjectId, TenantId};
use crate::plan::{Aside, Guard, LastReading, Plan, Presence, WishMap, Wishes};
use crate::record::EmployeeId;

/// How many saved plans of a tenant are known; older ones can still be applied, but leave less.
const KEPT: i64 = 10;

/// A person of a reading.
pub struct FeedMembership<'w> {
    /// The person's key.
    pub key: EmployeeId,
    /// The account, where there is one already.
    pub account: Option<ObjectId>,
    /// What HR wants for it.
    pub wanted: Wishes<'w>,
}

/// A person who was set aside: the key, the account where there was one already, and what HR wants for it.
pub type StagedPerson = (EmployeeId, Option<ObjectId>, WishMap);

/// What only the reading could count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// The day for which the plan was made: the week's budget goes by it.
    pub as_of: String,
    /// The guards of the plan.
    pub guards: Vec<Guard>,
    /// The people of the feed who vanished or came back.
    pub presence: Presence,
}

/// What was set aside with a saved plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Staged {
    /// The feed of the plan.
    pub feed: String,
    /// The reading as the next one is compared with it; none where it is no measure.
    pub reading: Option<LastReading>,
    /// What is kept beside the plan's document.
    pub aside: Aside,
    /// The guards of the plan as they were counted, and the people who vanished or came back.
    pub counted: Counted,
    /// When the plan was saved.
    pub made_at: String,
    /// The people of whom the ledger has something else: the others need not be set aside.
    pub people: Vec<StagedPerson>,
}

impl Store {
    /// Sets aside what the plan with this fingerprint leaves when it is applied. Nothing of it is believed before.
    pub fn stage<'w>(
        &mut self,
        tenant: &TenantId,
        plan: &Plan,
        reading: Option<&LastReading>,
        presence: &Presence,
        people: impl Iterator<Item = FeedMembership<'w>>,
    ) -> Result<(), StoreError> {
        let (fingerprint, feed) = (plan.fingerprint.as_str(), plan.source.feed.as_str());
        let counted = Counted { as_of: plan.as_of.clone(), guards: plan.guards.clone(), presence: presence.clone() };
        self.unstage(tenant, fingerprint)?;
        let transaction = self.database.transaction()?;
        {
            let (number, of_feed) = (names::find(&transaction, &tenant.0)?, names::find(&transaction, feed)?);
            let mut known = transaction.prepare("select id, feed, wishes from people where tenant = ?1 and key = ?2")?;
            let mut insert = transaction.prepare("insert or replace into staged_people values (?1, ?2, ?3, ?4, ?5)")?;
            for FeedMembership { key, account, wanted } in people {
                let same = known
                    .query_row(params![number, key.as_str()], |row| {
                        let wishes = row.get_ref(2)?.as_blob_or_null()?;
                        let same = wishes == Some(&wanted.digest().bytes()[..]) && row.get::<_, Option<i64>>(1)? == of_feed;
                        Ok(same && account.is_some() && row.get::<_, StoredId>(0)?.0 == account)
                    })
                    .optional()?;
                if same != Some(true) {
                    let (id, wanted) = (account.as_ref().map(ToString::to_string), serde_json::to_string(&wanted.values())?);
                    insert.execute(params![tenant.0, fingerprint, key.as_str(), id, wanted])?;
                }
            }
        }
        let reading = reading.map(serde_json::to_string).transpose()?;
        transaction.execute(
            "insert into staged (tenant, fingerprint, feed, reading, aside, made_at, guards) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                tenant.0,
                fingerprint,
                feed,
                reading,
                serde_json::to_string(&plan.aside())?,
                super::now(),
                serde_json::to_string(&counted)?
            ],
        )?;
        let old = "select fingerprint from staged where tenant = ?1 order by made_at desc limit -1 offset ?2";
        transaction.execute(
            &format!("delete from staged_people where tenant = ?1 and fingerprint in ({old})"),
            params![tenant.0, KEPT],
        )?;
        transaction
            .execute(&format!("delete from staged where tenant = ?1 and fingerprint in ({old})"), params![tenant.0, KEPT])?;
        transaction.commit()?;
        Ok(())
    }

    /// What was set aside with the plan of this fingerprint.
    pub fn staged(&self, tenant: &TenantId, fingerprint: &str) -> Result<Option<Staged>, StoreError> {
        let select = "select feed, reading, aside, made_at, guards from staged where tenant = ?1 and fingerprint = ?2";
        let of = [tenant.0.as_str(), fingerprint];
        let found: Option<(String, Option<String>, String, String, String)> = self
            .database
            .query_row(select, of, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .optional()?;
        let Some((feed, reading, aside, made_at, counted)) = found else { return Ok(None) };
        let aside = serde_json::from_str(&aside)?;
        // An earlier version kept no counts: then the plan needs an approval.
        let Ok(counted) = serde_json::from_str(&counted) else { return Ok(None) };
        let reading = reading.as_deref().map(serde_json::from_str).transpose()?;
        let mut select = self
            .database
            .prepare("select key, id, wanted from staged_people where tenant = ?1 and fingerprint = ?2 order by key")?;
        let mut rows = select.query(of)?;
        let mut people = Vec::new();
        while let Some(row) = rows.next()? {
            let (key, id): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let wanted = serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or("{}"))?;
            if let Some(key) = EmployeeId::new(&key) {
                people.push((key, id.as_deref().and_then(ObjectId::new), wanted));
            }
        }
        Ok(Some(Staged { feed, reading, aside, counted, made_at, people }))
    }

    /// Forgets what was set aside with a plan.
    pub fn unstage(&mut self, tenant: &TenantId, fingerprint: &str) -> Result<(), StoreError> {
        let transaction = self.database.transaction()?;
        for table in ["staged_people", "staged"] {
            let delete = format!("delete from {table} where tenant = ?1 and fingerprint = ?2");
            transaction.execute(&delete, [tenant.0.as_str(), fingerprint])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The run in which an approval of this plan was used: an approval lets a plan through once.
    pub fn approval_used(&self, tenant: &TenantId, fingerprint: &str) -> Result<Option<crate::apply::RunId>, StoreError> {
        // Plans without changes share a fingerprint unless a guard on the reading tripped, so an approved one says nothing of the next.
        let select = "select run, counted from runs where tenant = ?1 and fingerprint = ?2 and changes > 0 and counted is not null \
                      order by number";
        let mut select = self.database.prepare(select)?;
        let mut rows = select.query([tenant.0.as_str(), fingerprint])?;
        while let Some(row) = rows.next()? {
            let counted: GuardCounts = serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or_default())?;
            if counted.guards.iter().any(|guard| guard.tripped) {
                return Ok(Some(crate::apply::RunId(row.get(0)?)));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::directory::Value;

    #[test]
    fn a_plan_leaves_what_was_set_aside_and_only_the_newest_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let tenant = TenantId("t1".into());
        let ann = || {
            let wanted = BTreeMap::from([("city".to_owned(), Some(Value::text("Graz"))), ("mail".to_owned(), None)]);
            (EmployeeId::new("1").unwrap(), ObjectId::new("u1"), wanted)
        };
        let carried = |(key, account, wanted): StagedPerson| FeedMembership { key, account, wanted: Wishes::of(wanted) };
        let reading = LastReading { records: 7, ..LastReading::default() };
        let named = |fingerprint: &str| Plan { fingerprint: fingerprint.into(), ..crate::apply::fake::plan(Vec::new()) };
        let mut change = crate::apply::fake::joiner("1", Some("2"));
        change.aside.accounts.insert("2".into(), ObjectId::new("u2").unwrap());
        change.aside.new_password = true;
        let mut plan = Plan { fingerprint: "f".into(), ..crate::apply::fake::plan(vec![change]) };
        let names = BTreeMap::from([("userPrincipalName".to_owned(), vec![Value::text("ann2@contoso.com")])]);
        plan.candidates = BTreeMap::from([(1, names)]);
        let presence = Presence { missing: vec![EmployeeId::new("9").unwrap()], ..Presence::default() };
        store.stage(&tenant, &plan, Some(&reading), &presence, std::iter::once(carried(ann()))).unwrap();
        let staged = store.staged(&tenant, "f").unwrap().unwrap();
        assert_eq!((staged.feed.as_str(), &staged.aside, &staged.people), ("HR", &plan.aside(), &vec![ann()]));
        assert_eq!((staged.reading, staged.counted.presence), (Some(reading), presence));
        assert_eq!(store.staged(&TenantId("t2".into()), "f").unwrap(), None);
        // Whom the ledger knows like that already need not be set aside.
        let (key, id, wanted) = ann();
        store.remember(&tenant, "HR", std::iter::once((key, id.unwrap(), wanted))).unwrap();
        store.stage(&tenant, &named("f"), None, &Presence::default(), std::iter::once(carried(ann()))).unwrap();
        assert_eq!(store.staged(&tenant, "f").unwrap().unwrap().people, vec![]);
        for number in 0..KEPT {
            store.stage(&tenant, &named(&format!("g{number}")), None, &Presence::default(), std::iter::empty()).unwrap();
        }
        assert_eq!(store.staged(&tenant, "f").unwrap(), None);
        assert!(store.staged(&tenant, "g0").unwrap().is_some());
    }
}
