//! The members of pushed groups, including those that were not pushed themselves yet.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::params;
use serde_json::{Value, json};

use super::PushStore;
use super::resources::StoredResource;
use crate::store::{StoreError, text};

impl PushStore {
    /// The members of a group, in the order of their ids.
    pub fn members(&self, group: &StoredResource) -> Result<Vec<Value>, StoreError> {
        let mut select = self.database.prepare_cached("select body from members where group_number = ?1 order by member")?;
        let mut rows = select.query([group.number])?;
        let mut members = Vec::new();
        while let Some(row) = rows.next()? {
            members.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
        }
        Ok(members)
    }

    /// Makes these the members of a group. Only rows that differ are written; returns whether there was one.
    pub fn set_members(&self, group: &StoredResource, members: &[Value], token: &str) -> Result<bool, StoreError> {
        let id = |member: &Value| member["value"].as_str().unwrap_or_default().to_owned();
        let old: BTreeMap<String, Value> = self.members(group)?.into_iter().map(|member| (id(&member), member)).collect();
        let mut insert = self.database.prepare_cached(
            "insert into members values (?1, ?2, ?3, ?4, ?5) on conflict (group_number, member) do update set body = excluded.body",
        )?;
        let mut delete = self.database.prepare_cached("delete from members where group_number = ?1 and member = ?2")?;
        let now = text(Timestamp::now());
        let (mut new, mut differs) = (BTreeSet::new(), false);
        for member in members {
            let key = id(member);
            if old.get(&key) != Some(member) {
                insert.execute(params![group.number, key, member.to_string(), now, token])?;
                differs = true;
            }
            new.insert(key);
        }
        for gone in old.keys().filter(|key| !new.contains(*key)) {
            delete.execute(params![group.number, gone])?;
            differs = true;
        }
        Ok(differs)
    }

    /// The groups of a user: id and name of each.
    pub fn groups_of(&self, feed: &str, user: &str) -> Result<Vec<(String, String)>, StoreError> {
        let mut select = self.database.prepare_cached(
            "select r.id, json_extract(r.body, '$.displayName') from members m join resources r on r.number = m.group_number \
             where m.member = ?1 and r.feed = ?2 and r.deleted_at is null order by r.number",
        )?;
        let rows = select
            .query_map(params![user, feed], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default())))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The same as the attribute `groups` of a user.
    pub fn groups_attribute(&self, feed: &str, user: &str, base: &str) -> Result<Vec<Value>, StoreError> {
        let groups = self.groups_of(feed, user)?;
        let shown = |(id, name): (String, String)| json!({ "value": id, "display": name, "$ref": format!("{base}/Groups/{id}"), "type": "direct" });
        Ok(groups.into_iter().map(shown).collect())
    }
}
