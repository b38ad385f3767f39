//! A feed that is pushed by SCIM as a source: every attribute path is a column.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::Reading;
use crate::diagnostic::{Note, NoteCode};
use crate::record::{At, Header, Place, Record, Value, hex};
use crate::scim::{AttributePath, ENTERPRISE, USUAL_COLUMNS, flat_paths, is_column, is_list_path, values_at};

/// The most columns besides the usual ones and those of the mapping.
const MAX_COLUMNS: usize = 200;

/// Everybody who was pushed to a feed.
#[derive(Clone, Debug, Default)]
pub struct PushedFeed {
    /// The name of the feed.
    pub name: String,
    /// The people, in the order in which they were pushed.
    pub people: Vec<PushedRecord>,
    /// The columns that the mapping names. Each that is a path exists, also before a value was pushed.
    pub columns: BTreeSet<String>,
}

/// One person of a pushed feed.
#[derive(Clone, Debug, Default)]
pub struct PushedRecord {
    /// The id of the resource.
    pub id: String,
    /// The attributes as they were pushed.
    pub body: Map<String, Json>,
    /// Whether the person was deleted. The record is then one of a leaver.
    pub is_deleted: bool,
    /// The person's groups.
    pub groups: Vec<PushedMembership>,
    /// The externalId of the manager, where it is known.
    pub manager: Option<String>,
}

/// A pushed group of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PushedMembership {
    /// The externalId of the group, else its name. It is the value of `[groups]`.
    pub key: String,
    /// The name of the group. It is the value of `[groups.display]`, in the same order.
    pub name: String,
}

impl PushedFeed {
    /// The feed as a reading. A feed without people is a reading of 0 records: no person is missing because nothing was pushed yet.
    ///
    /// # Panics
    /// Never: each column is taken once.
    ///
    /// ```
    /// # use hrpush::source::{PushedFeed, PushedRecord};
    /// let body = serde_json::json!({ "userName": "ada", "active": false }).as_object().unwrap().clone();
    /// let feed = PushedFeed { name: "HR".into(), people: vec![PushedRecord { body, ..PushedRecord::default() }], ..PushedFeed::default() };
    /// let records = feed.reading().records.into_held().unwrap();
    /// assert_eq!(records[0].get("active"), Some(hrpush::record::Cell::Text("False")));
    /// ```
    pub fn reading(self) -> Reading {
        let columns = self.column_paths();
        let names = columns.iter().map(|(name, _)| name.as_str());
        let header = Arc::new(Header::new(names).expect("each column was taken once"));
        let source: Arc<str> = self.name.as_str().into();
        let mut digest = Sha256::new();
        let mut records = Vec::with_capacity(self.people.len());
        for person in &self.people {
            let state = (&person.id, &person.body, person.is_deleted, &person.groups, &person.manager);
            digest.update(serde_json::to_vec(&state).unwrap_or_default());
            let cells = columns.iter().map(|(_, path)| person.cell(path)).collect();
            let at = At::Pointer(format!("/Users/{}", person.id).into());
            records.push(Record::from_values(Arc::clone(&header), Place { source: Arc::clone(&source), at }, cells));
        }
        let gone = self.people.iter().filter(|person| person.is_deleted).count();
        let text = format!("{gone} of the pushed people were deleted by the sender");
        let notes = if gone > 0 { vec![Note::new(NoteCode::DeletedPeople, text).count(gone).at(&self.name)] } else { Vec::new() };
        Reading { name: self.name, header, records: records.into(), sha256: hex(&digest.finalize()), notes }
    }

    /// The columns with their paths: the usual ones, those of the mapping, and those with a value.
    fn column_paths(&self) -> Vec<(String, AttributePath)> {
        let mut names: Vec<String> = USUAL_COLUMNS.iter().map(ToString::to_string).collect();
        names.extend(self.columns.iter().map(|name| crate::record::trimmed(name).to_owned()).filter(|name| is_column(name)));
        let mut seen = BTreeSet::new();
        for person in &self.people {
            for (path, _) in flat_paths(&person.body) {
                if seen.len() < MAX_COLUMNS && is_column(&path) {
                    seen.insert(path);
                }
            }
        }
        names.extend(seen);
        let mut taken = BTreeSet::new();
        names.retain(|name| taken.insert(name.clone()));
        names.into_iter().filter_map(|name| name.parse().ok().map(|path| (name, path))).collect()
    }
}

impl PushedRecord {
    fn cell(&self, path: &AttributePath) -> Value {
        if path.is_core("active") {
            let is_active = !self.is_deleted && self.body.get("active") != Some(&Json::Bool(false));
            return Value::text(if is_active { "True" } else { "False" });
        }
        if path.is_core("id") {
            return Value::text(self.id.as_str());
        }
        if path.urn.is_none() && path.name.eq_ignore_ascii_case("groups") {
            let of = |group: &PushedMembership| -> Option<Box<str>> {
                match path.part.as_deref() {
                    None => Some(group.key.as_str().into()),
                    Some(part) if part.eq_ignore_ascii_case("value") => Some(group.key.as_str().into()),
                    Some(part) if part.eq_ignore_ascii_case("display") => Some(group.name.as_str().into()),
                    Some(_) => None,
                }
            };
            return list(self.groups.iter().filter_map(of).collect());
        }
        if let Some(manager) = self.manager.as_ref().filter(|_| is_manager(path)) {
            return Value::text(manager.as_str());
        }
        let found: Vec<Box<str>> = values_at(path, &self.body).into_iter().filter_map(text).collect();
        match <[Box<str>; 1]>::try_from(found) {
            Ok([one]) if !is_list_path(path) => Value::Text(one),
            Ok([one]) => list(vec![one]),
            Err(found) => list(found),
        }
    }
}

fn list(items: Vec<Box<str>>) -> Value {
    if items.is_empty() { Value::Null } else { Value::List(items.into()) }
}

fn is_manager(path: &AttributePath) -> bool {
    let is_enterprise = path.urn.as_ref().is_none_or(|urn| urn.eq_ignore_ascii_case(ENTERPRISE));
    let is_value = path.part.as_ref().is_none_or(|part| part.eq_ignore_ascii_case("value"));
    is_enterprise && is_value && path.name.eq_ignore_ascii_case("manager")
}

/// A value as text; booleans as Entra writes them.
fn text(value: &Json) -> Option<Box<str>> {
    match value {
        Json::Null => None,
        Json::Bool(true) => Some("True".into()),
        Json::Bool(false) => Some("False".into()),
        Json::String(text) => Some(text.as_str().into()),
        other => Some(other.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::Cell;

    fn person() -> PushedRecord {
        let body = json!({
            "externalId": "E-1", "userName": "ada", "active": true, "emails": [{ "type": "work", "value": "a@x" }, { "type": "home", "value": "b@x" }],
            ENTERPRISE: { "department": "Tax", "manager": { "value": "id-7" } }, "urn:contoso:employee": { "JobCode": "T3", "level": 4 },
        });
        PushedRecord { id: "id-1".into(), body: body.as_object().unwrap().clone(), ..PushedRecord::default() }
    }

    fn cell(person: PushedRecord, column: &str) -> Value {
        let feed = PushedFeed { name: "HR".into(), people: vec![person], columns: BTreeSet::from([column.to_owned()]) };
        let records = feed.reading().records.into_held().unwrap();
        records[0].get(column).unwrap_or_else(|| panic!("no column {column}")).into()
    }

    #[test]
    fn every_path_is_a_column() {
        for (column, wanted) in [
            ("externalId", "E-1"),
            ("id", "id-1"),
            (r#"emails[type eq "work"].value"#, "a@x"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "Tax"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", "id-7"),
            ("urn:contoso:employee:JobCode", "T3"),
            ("urn:contoso:employee:level", "4"),
        ] {
            assert_eq!(cell(person(), column), Value::text(wanted), "{column}");
        }
        assert_eq!(cell(person(), "urn:contoso:employee:Never"), Value::Null);
        assert_eq!(cell(person(), "emails.value"), Value::List(["a@x".into(), "b@x".into()].into()));
        let known = PushedRecord {
            manager: Some("E-7".into()),
            groups: vec![PushedMembership { key: "g1".into(), name: "Claims".into() }],
            ..person()
        };
        assert_eq!(
            cell(known.clone(), "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
            Value::text("E-7")
        );
        assert_eq!(cell(known.clone(), "groups"), Value::List(["g1".into()].into()));
        assert_eq!(cell(known, "groups.display"), Value::List(["Claims".into()].into()));
    }

    #[test]
    fn a_tombstone_reads_as_inactive_and_an_empty_feed_has_columns() {
        assert_eq!(cell(person(), "active"), Value::text("True"));
        assert_eq!(cell(PushedRecord { is_deleted: true, ..person() }, "active"), Value::text("False"));
        let empty = PushedFeed { name: "HR".into(), columns: BTreeSet::from(["EmployeeID".to_owned()]), ..PushedFeed::default() }
            .reading();
        assert!(
            empty.records.is_empty()
                && empty.header.position("userName").is_some()
                && empty.header.position("EmployeeID").is_none()
        );
    }

    #[test]
    fn an_own_column_is_read_without_its_place() {
        let feed = PushedFeed { name: "HR".into(), people: vec![person()], ..PushedFeed::default() };
        let records = feed.reading().records.into_held().unwrap();
        assert_eq!(records[0].get("urn:contoso:employee:JobCode"), Some(Cell::Text("T3")));
        assert_eq!(records[0].place().to_string(), "HR at /Users/id-1");
    }
}
