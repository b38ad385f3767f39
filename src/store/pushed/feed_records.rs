//! The people of a feed, as a run reads them.

use std::collections::HashMap;

use rusqlite::params;
use serde_json::{Map, Value};

use super::PushStore;
use crate::store::StoreError;

/// One pushed person. A deleted one is a leaver.
#[derive(Clone, Debug, PartialEq)]
pub struct PushedPerson {
    /// The id of the resource.
    pub id: String,
    /// The attributes as they were pushed.
    pub body: Map<String, Value>,
    /// Whether a DELETE has come.
    pub is_deleted: bool,
    /// The externalIds of the person's groups, else their names.
    pub groups: Vec<String>,
    /// The externalId of the manager, where the manager was pushed as well.
    pub manager: Option<String>,
    /// Where each value came from.
    pub arrivals: Vec<PushedArrival>,
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
    /// Everybody of a feed, tombstones included, as of one moment.
    pub fn people(&self, feed: &str) -> Result<Vec<PushedPerson>, StoreError> {
        // One transaction: a group is not read after a change that its members were read before.
        let transaction = self.database.unchecked_transaction()?;
        let people = self.read_people(feed)?;
        transaction.finish()?;
        Ok(people)
    }

    fn read_people(&self, feed: &str) -> Result<Vec<PushedPerson>, StoreError> {
        let mut groups = self.groups_by_member(feed)?;
        let keys = self.external_ids(feed)?;
        let mut select = self.database.prepare(
            "select id, body, deleted_at is not null, arrivals from resources where feed = ?1 and kind = 0 order by number",
        )?;
        let mut rows = select.query([feed])?;
        let mut people = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let body: Map<String, Value> = serde_json::from_str(&row.get::<_, String>(1)?)?;
            let manager = body.get(crate::scim::ENTERPRISE).and_then(|extension| extension["manager"]["value"].as_str());
            let manager = manager.and_then(|id| keys.get(id).cloned());
            let groups = groups.remove(&id).unwrap_or_default();
            let arrivals: Map<String, Value> = serde_json::from_str(&row.get::<_, String>(3)?)?;
            let arrival = |(path, value): (String, Value)| PushedArrival {
                path,
                at: value[0].as_str().unwrap_or_default().to_owned(),
                token: value[1].as_str().unwrap_or_default().to_owned(),
            };
            let arrivals = arrivals.into_iter().map(arrival).collect();
            people.push(PushedPerson { id, body, is_deleted: row.get(2)?, groups, manager, arrivals });
        }
        Ok(people)
    }

    fn groups_by_member(&self, feed: &str) -> Result<HashMap<String, Vec<String>>, StoreError> {
        let mut select = self.database.prepare(
            "select m.member, coalesce(r.external_id, json_extract(r.body, '$.displayName')) from members m \
             join resources r on r.number = m.group_number where r.feed = ?1 and r.deleted_at is null order by r.number",
        )?;
        let mut rows = select.query(params![feed])?;
        let mut groups: HashMap<String, Vec<String>> = HashMap::new();
        while let Some(row) = rows.next()? {
            groups.entry(row.get(0)?).or_default().push(row.get(1)?);
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
}
