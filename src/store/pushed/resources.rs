//! Users and groups in their rows.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value, json};

use super::PushStore;
use crate::scim::{ResourceKind, flat_paths, fold};
use crate::store::StoreError;

/// A user or a group as it is stored. The members of a group are in rows of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredResource {
    /// The number of its row; 0 before it has one.
    pub number: i64,
    /// Whether it is a user or a group.
    pub kind: ResourceKind,
    /// The id by which senders address it.
    pub id: String,
    /// Its attributes in normal form.
    pub body: Map<String, Value>,
    /// The number of its changes.
    pub version: u64,
    /// When it was made.
    pub created: String,
    /// When it was last changed.
    pub modified: String,
    arrivals: Map<String, Value>,
}

/// How a resource is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// By the server's id.
    Id(&'a str),
    /// By userName or displayName, without case.
    Name(&'a str),
    /// By the sender's id.
    ExternalId(&'a str),
    /// The groups with this member.
    Member(&'a str),
}

const COLUMNS: &str = "number, kind, id, body, version, created_at, modified_at, arrivals";

impl StoredResource {
    /// A resource that has no row yet.
    pub fn new(kind: ResourceKind, body: Map<String, Value>) -> Self {
        let now = moment();
        Self {
            number: 0,
            kind,
            id: uuid::Uuid::new_v4().to_string(),
            body,
            version: 1,
            created: now.clone(),
            modified: now,
            arrivals: Map::new(),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// The name that no other live resource of its kind has.
    pub fn name(&self) -> &str {
        self.text(self.kind.name_attribute()).unwrap_or_default()
    }

    /// The sender's id.
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    fn step(&mut self) {
        self.version += 1;
        self.modified = moment();
    }

    fn version_column(&self) -> i64 {
        i64::try_from(self.version).unwrap_or(i64::MAX)
    }

    /// Notes for each value that differs when it arrived, and by which token.
    fn note_arrivals(&mut self, old: &Map<String, Value>, token: &str) {
        let before: HashMap<String, &Value> = flat_paths(old).into_iter().collect();
        let mut arrivals = Map::new();
        for (path, value) in flat_paths(&self.body) {
            let is_same = before.get(&path) == Some(&value);
            let kept = if is_same { self.arrivals.remove(&path) } else { None };
            arrivals.insert(path, kept.unwrap_or_else(|| json!([self.modified, token])));
        }
        self.arrivals = arrivals;
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let object = |column: usize| {
            let text: String = row.get(column)?;
            serde_json::from_str(&text)
                .map_err(|fault| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(fault)))
        };
        Ok(Self {
            number: row.get(0)?,
            kind: if row.get::<_, i64>(1)? == 0 { ResourceKind::User } else { ResourceKind::Group },
            id: row.get(2)?,
            body: object(3)?,
            version: row.get::<_, i64>(4)?.unsigned_abs(),
            created: row.get(5)?,
            modified: row.get(6)?,
            arrivals: object(7)?,
        })
    }
}

fn number_of(kind: ResourceKind) -> i64 {
    i64::from(kind == ResourceKind::Group)
}

/// Now, as SCIM writes it.
fn moment() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl PushStore {
    /// The live resources of a feed that a look-up finds, in the order in which they were pushed.
    pub fn find(&self, feed: &str, kind: ResourceKind, by: &Lookup<'_>) -> Result<Vec<StoredResource>, StoreError> {
        let (condition, value) = match by {
            Lookup::Id(id) => ("id = ?3", (*id).to_owned()),
            Lookup::Name(name) => ("name = ?3", fold(name)),
            Lookup::ExternalId(id) => ("external_id = ?3", (*id).to_owned()),
            Lookup::Member(id) => ("number in (select group_number from members where member = ?3)", (*id).to_owned()),
        };
        let mut select = self.database.prepare_cached(&format!(
            "select {COLUMNS} from resources where feed = ?1 and kind = ?2 and deleted_at is null and {condition} order by number"
        ))?;
        let rows = select.query_map(params![feed, number_of(kind), value], StoredResource::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One live resource by id.
    pub fn resource(&self, feed: &str, kind: ResourceKind, id: &str) -> Result<Option<StoredResource>, StoreError> {
        Ok(self.find(feed, kind, &Lookup::Id(id))?.pop())
    }

    /// How many live resources of a kind a feed has.
    pub fn count(&self, feed: &str, kind: ResourceKind) -> Result<u64, StoreError> {
        let mut select = self
            .database
            .prepare_cached("select count(*) from resources where feed = ?1 and kind = ?2 and deleted_at is null")?;
        Ok(select.query_row(params![feed, number_of(kind)], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Hands over the live resources behind the first `skip`, at most so many, in the order in which they were pushed, until one is refused.
    pub fn walk<E: From<StoreError>>(
        &self,
        feed: &str,
        kind: ResourceKind,
        (skip, most): (u64, u64),
        mut take: impl FnMut(StoredResource) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error: rusqlite::Error| E::from(StoreError::from(error));
        let sql = format!(
            "select {COLUMNS} from resources where feed = ?1 and kind = ?2 and deleted_at is null order by number limit ?3 offset ?4"
        );
        let mut select = self.database.prepare_cached(&sql).map_err(fault)?;
        let (most, skip) = (i64::try_from(most).unwrap_or(i64::MAX), i64::try_from(skip).unwrap_or(i64::MAX));
        let mut rows = select.query(params![feed, number_of(kind), most, skip]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            take(StoredResource::read(row).map_err(fault)?)?;
        }
        Ok(())
    }

    /// Adds a resource. A tombstone with its externalId, or without one with its name, is replaced by it.
    pub fn insert(&self, feed: &str, resource: &mut StoredResource, token: &str) -> Result<(), StoreError> {
        let kind = number_of(resource.kind);
        self.revive(feed, resource)?;
        resource.note_arrivals(&Map::new(), token);
        let mut insert = self.database.prepare_cached(
            "insert into resources (feed, kind, id, name, external_id, version, created_at, modified_at, body, arrivals) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        insert.execute(params![
            feed,
            kind,
            resource.id,
            fold(resource.name()),
            resource.external_id(),
            1,
            resource.created,
            resource.modified,
            serde_json::to_string(&resource.body)?,
            serde_json::to_string(&resource.arrivals)?,
        ])?;
        resource.number = self.database.last_insert_rowid();
        Ok(())
    }

    /// Drops the tombstone of which a resource takes the place: two records with one key would both be held.
    fn revive(&self, feed: &str, resource: &StoredResource) -> Result<(), StoreError> {
        let kind = number_of(resource.kind);
        match resource.external_id() {
            Some(external) => self.database.execute(
                "delete from resources where feed = ?1 and kind = ?2 and external_id = ?3 and deleted_at is not null",
                params![feed, kind, external],
            )?,
            None => self.database.execute(
                "delete from resources where feed = ?1 and kind = ?2 and name = ?3 and external_id is null and deleted_at is not null",
                params![feed, kind, fold(resource.name())],
            )?,
        };
        Ok(())
    }

    /// Replaces the attributes of a resource. Nothing is written, and false returned, where none differs.
    pub fn update(
        &self,
        feed: &str,
        resource: &mut StoredResource,
        body: Map<String, Value>,
        token: &str,
    ) -> Result<bool, StoreError> {
        if resource.body == body {
            return Ok(false);
        }
        let old = std::mem::replace(&mut resource.body, body);
        if old.get("externalId") != resource.body.get("externalId") {
            self.revive(feed, resource)?;
        }
        resource.step();
        resource.note_arrivals(&old, token);
        let mut update = self.database.prepare_cached(
            "update resources set name = ?2, external_id = ?3, body = ?4, arrivals = ?5, version = ?7, modified_at = ?8 \
             where number = ?1 and feed = ?6",
        )?;
        update.execute(params![
            resource.number,
            fold(resource.name()),
            resource.external_id(),
            serde_json::to_string(&resource.body)?,
            serde_json::to_string(&resource.arrivals)?,
            feed,
            resource.version_column(),
            resource.modified,
        ])?;
        Ok(true)
    }

    /// Gives a resource its next version.
    pub fn touch(&self, resource: &mut StoredResource) -> Result<(), StoreError> {
        resource.step();
        let mut update = self.database.prepare_cached("update resources set version = ?2, modified_at = ?3 where number = ?1")?;
        update.execute(params![resource.number, resource.version_column(), resource.modified])?;
        Ok(())
    }

    /// Deletes a resource. Of a user a tombstone stays, and the user leaves its groups.
    pub fn bury(&self, feed: &str, resource: &StoredResource, token: &str) -> Result<(), StoreError> {
        self.database.execute("delete from members where group_number = ?1", [resource.number])?;
        self.database.execute(
            "delete from members where member = ?1 and group_number in (select number from resources where feed = ?2)",
            params![resource.id, feed],
        )?;
        match resource.kind {
            ResourceKind::User => self.database.execute(
                "update resources set deleted_at = ?2, deleted_by = ?3 where number = ?1",
                params![resource.number, moment(), token],
            )?,
            ResourceKind::Group => self.database.execute("delete from resources where number = ?1", [resource.number])?,
        };
        Ok(())
    }

    /// The id of another live resource with this name or externalId.
    pub fn holder(&self, feed: &str, kind: ResourceKind, by: &Lookup<'_>, own: &str) -> Result<Option<String>, StoreError> {
        let (column, value) = match by {
            Lookup::Name(name) => ("name", fold(name)),
            Lookup::ExternalId(id) | Lookup::Id(id) | Lookup::Member(id) => ("external_id", (*id).to_owned()),
        };
        let mut select = self.database.prepare_cached(&format!(
            "select id from resources where feed = ?1 and kind = ?2 and deleted_at is null and {column} = ?3 and id <> ?4 limit 1"
        ))?;
        Ok(select.query_row(params![feed, number_of(kind), value, own], |row| row.get(0)).optional()?)
    }
}
