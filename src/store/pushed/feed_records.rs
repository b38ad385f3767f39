//! The people and groups of a feed, as a run reads them.

use std::collections::HashMap;

use rusqlite::params;
use serde_json::{Map, Value, json};

use super::PushStore;
use crate::store::StoreError;

/// A feed at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushedFeedRows {
    /// Everybody, tombstones included, in the order in which they were pushed.
    pub people: Vec<PushedPerson>,
    /// The groups, in the same order.
    pub groups: Vec<PushedGroupRow>,
}

/// One pushed person. A deleted one is a leaver.
#[derive(Clone, Debug, PartialEq)]
pub struct PushedPerson {
    /// The id of the resource.
    pub id: String,
    /// The attributes as they were pushed.
    pub body: Map<String, Value>,
    /// Whether a DELETE has come.
    pub is_deleted: bool,
    /// The groups of the person.
    pub groups: Vec<PushedMembershipRow>,
    /// The externalId of the manager, where the manager was pushed as well.
    pub manager: Option<String>,
}

/// A pushed group as its members have it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PushedMembershipRow {
    /// The externalId of the group, else its name.
    pub key: String,
    /// The name of the group.
    pub name: String,
}

/// A pushed group, with the members that have no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedGroupRow {
    /// The externalId of the group, else its name.
    pub key: String,
    /// The name of the group.
    pub name: String,
    /// The ids of members that were not pushed themselves.
    pub pending: Vec<String>,
    /// The number of its members that are groups.
    pub nested: u64,
}

/// When a value arrived, and by which token.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PushedArrival {
    /// The path of the value.
    pub path: String,
    /// The moment, as RFC 3339 text.
    pub at: String,
    /// The id of the token.
    pub token: String,
}

impl PushStore {
    /// The people and groups of a feed as of one moment.
    pub fn feed(&self, feed: &str) -> Result<PushedFeedRows, StoreError> {
        // One transaction: a group is not read after a change that its members were read before.
        let transaction = self.database.unchecked_transaction()?;
        let rows = PushedFeedRows { people: self.read_people(feed)?, groups: self.read_groups(feed)? };
        transaction.finish()?;
        Ok(rows)
    }

    fn read_people(&self, feed: &str) -> Result<Vec<PushedPerson>, StoreError> {
        let mut groups = self.groups_by_member(feed)?;
        let keys = self.external_ids(feed)?;
        let mut select = self
            .database
            .prepare("select id, body, deleted_at is not null from resources where feed = ?1 and kind = 0 order by number")?;
        let mut rows = select.query([feed])?;
        let mut people = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let body: Map<String, Value> = serde_json::from_str(&row.get::<_, String>(1)?)?;
            let manager = body.get(crate::scim::ENTERPRISE).and_then(|extension| extension["manager"]["value"].as_str());
            let manager = manager.and_then(|id| keys.get(id).cloned());
            let groups = groups.remove(&id).unwrap_or_default();
            people.push(PushedPerson { id, body, is_deleted: row.get(2)?, groups, manager });
        }
        Ok(people)
    }

    fn read_groups(&self, feed: &str) -> Result<Vec<PushedGroupRow>, StoreError> {
        let mut select = self.database.prepare(
            "select g.number, coalesce(g.external_id, json_extract(g.body, '$.displayName')), json_extract(g.body, '$.displayName') \
             from resources g where g.feed = ?1 and g.kind = 1 and g.deleted_at is null order by g.number",
        )?;
        let mut others = self.database.prepare(
            "select m.member, r.kind from members m left join resources r on r.id = m.member and r.feed = ?2 \
             where m.group_number = ?1 and (r.kind is null or r.kind = 1) order by m.member",
        )?;
        let mut rows = select.query([feed])?;
        let mut groups = Vec::new();
        while let Some(row) = rows.next()? {
            let mut group = PushedGroupRow { key: row.get(1)?, name: row.get(2)?, pending: Vec::new(), nested: 0 };
            let mut members = others.query(params![row.get::<_, i64>(0)?, feed])?;
            while let Some(member) = members.next()? {
                match member.get::<_, Option<i64>>(1)? {
                    None => group.pending.push(member.get(0)?),
                    Some(_) => group.nested += 1,
                }
            }
            groups.push(group);
        }
        Ok(groups)
    }

    fn groups_by_member(&self, feed: &str) -> Result<HashMap<String, Vec<PushedMembershipRow>>, StoreError> {
        let mut select = self.database.prepare(
            "select m.member, coalesce(r.external_id, json_extract(r.body, '$.displayName')), json_extract(r.body, '$.displayName') \
             from members m join resources r on r.number = m.group_number \
             where r.feed = ?1 and r.deleted_at is null order by r.number",
        )?;
        let mut rows = select.query(params![feed])?;
        let mut groups: HashMap<String, Vec<PushedMembershipRow>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let group = PushedMembershipRow { key: row.get(1)?, name: row.get(2)? };
            groups.entry(row.get(0)?).or_default().push(group);
        }
        Ok(groups)
    }

    /// The externalId of each user, by the server's id. Deleted managers are still managers until their reports get another one.
    fn external_ids(&self, feed: &str) -> Result<HashMap<String, String>, StoreError> {
        let mut select = self
            .database
            .prepare("select id, external_id from resources where feed = ?1 and kind = 0 and external_id is not null")?;
        let rows = select.query_map(params![feed], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When each value of a user arrived, and by which token; memberships are listed by the keys of their groups.
    pub fn arrivals(&self, feed: &str, id: &str) -> Result<Vec<PushedArrival>, StoreError> {
        let mut select = self
            .database
            .prepare("select arrivals, deleted_at, deleted_by from resources where feed = ?1 and kind = 0 and id = ?2")?;
        let mut found = Vec::new();
        let mut rows = select.query(params![feed, id])?;
        while let Some(row) = rows.next()? {
            let mut arrivals: Map<String, Value> = serde_json::from_str(&row.get::<_, String>(0)?)?;
            // A tombstone reads as inactive since its DELETE.
            if let Some(at) = row.get::<_, Option<String>>(1)? {
                arrivals.insert("active".to_owned(), json!([at, row.get::<_, Option<String>>(2)?]));
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            found.extend(arrivals.into_iter().map(|(path, value)| PushedArrival {
                path,
                at: text(&value[0]),
                token: text(&value[1]),
            }));
        }
        let mut select = self.database.prepare(
            "select coalesce(r.external_id, json_extract(r.body, '$.displayName')), m.arrived_at, m.token \
             from members m join resources r on r.number = m.group_number \
             where r.feed = ?1 and r.deleted_at is null and m.member = ?2 order by r.number",
        )?;
        let rows = select.query_map(params![feed, id], |row| {
            Ok(PushedArrival { path: format!("groups[{}]", row.get::<_, String>(0)?), at: row.get(1)?, token: row.get(2)? })
        })?;
        for row in rows {
            found.push(row?);
        }
        Ok(found)
    }
}
