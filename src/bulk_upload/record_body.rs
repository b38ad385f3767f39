//! The body of a call: one operation for each person, with the whole record.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::attribute_place::{AttributePlace, place_of};
use crate::directory::{Attribute, ObjectId, Value};
use crate::scim::{ENTERPRISE, USER};
use crate::target::UserRecord;

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// The body for these people.
pub(super) fn body<'a>(records: impl Iterator<Item = (&'a ObjectId, &'a UserRecord)>, extension: Option<&str>) -> Json {
    let operations: Vec<Json> = records
        .map(|(id, record)| {
            json!({
                "method": "POST", "bulkId": uuid::Uuid::new_v4().to_string(), "path": "/Users",
                "data": data(id, record, extension),
            })
        })
        .collect();
    json!({ "schemas": [BULK], "Operations": operations, "failOnErrors": null })
}

/// The record as a SCIM user. `active` is always there: a record without it would disable the account.
fn data(id: &ObjectId, record: &UserRecord, extension: Option<&str>) -> Json {
    let mut user = Map::new();
    user.insert("externalId".to_owned(), id.key().into());
    user.insert("active".to_owned(), record.enabled.into());
    for (attribute, value) in &record.attributes {
        put(&mut user, *attribute, json_of(value), extension);
    }
    for attribute in &record.cleared {
        put(&mut user, *attribute, Json::Null, extension);
    }
    if let Some(manager) = &record.manager {
        object(&mut user, ENTERPRISE).insert("manager".to_owned(), json!({ "value": manager.key() }));
    }
    let extensions: BTreeSet<&str> = user.keys().map(String::as_str).filter(|name| name.starts_with("urn:")).collect();
    let schemas: Vec<&str> = std::iter::once(USER).chain(extensions).collect();
    let schemas = json!(schemas);
    user.insert("schemas".to_owned(), schemas);
    Json::Object(user)
}

fn put(user: &mut Map<String, Json>, attribute: Attribute, value: Json, extension: Option<&str>) {
    match place_of(attribute, extension) {
        Ok(AttributePlace::Core(name)) => _ = user.insert(name, value),
        Ok(AttributePlace::Part(whole, name) | AttributePlace::Extension(whole, name)) => {
            object(user, &whole).insert(name, value);
        }
        Ok(AttributePlace::Work(list, name)) => {
            let entries = user.entry(list.clone()).or_insert_with(|| json!([work_entry(&list)]));
            if let Some(entry) = entries.get_mut(0).and_then(Json::as_object_mut) {
                entry.insert(name, value);
            }
        }
        // The configuration refuses what has no place before a run begins.
        Ok(AttributePlace::Unsent) | Err(_) => {}
    }
}

/// The only entry of a list: further ones make the whole record fail.
fn work_entry(list: &str) -> Json {
    if list == "emails" { json!({ "type": "work", "primary": true }) } else { json!({ "type": "work" }) }
}

fn object<'a>(user: &'a mut Map<String, Json>, name: &str) -> &'a mut Map<String, Json> {
    let value = user.entry(name.to_owned()).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it is an object by now")
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => (&**text).into(),
        // businessPhones has one item at most.
        Value::List(items) => items.first().map_or(Json::Null, |item| (&**item).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_whole_and_has_one_work_entry_of_each_list() {
        let text = |name: &str, value: &str| (Attribute::find(name).unwrap(), Value::text(value));
        let attributes = [
            text("userPrincipalName", "ada@contoso.com"),
            text("givenName", "Ada"),
            text("mail", "ada@contoso.com"),
            text("city", "Graz"),
            text("department", "Tax"),
            text("employeeHireDate", "2027-01-04T00:00:00Z"),
            text("mailNickname", "ada"),
        ];
        let record = UserRecord {
            enabled: false,
            attributes: attributes.into(),
            cleared: [Attribute::find("postalCode").unwrap(), Attribute::find("jobTitle").unwrap()].into(),
            manager: ObjectId::of_key("E 7"),
        };
        let id = ObjectId::of_key("E/1").unwrap();
        let body = body([(&id, &record)].into_iter(), Some("urn:contoso:employee"));
        assert_eq!((&body["schemas"], &body["failOnErrors"]), (&json!([BULK]), &Json::Null));
        let operation = &body["Operations"][0];
        assert_eq!((&operation["method"], &operation["path"]), (&json!("POST"), &json!("/Users")));
        let wanted = json!({
            "schemas": [USER, "urn:contoso:employee", ENTERPRISE],
            "externalId": "E/1", "active": false, "userName": "ada@contoso.com", "title": null, "name": { "givenName": "Ada" },
            "emails": [{ "type": "work", "primary": true, "value": "ada@contoso.com" }],
            "addresses": [{ "type": "work", "locality": "Graz", "postalCode": null }],
            ENTERPRISE: { "department": "Tax", "manager": { "value": "E 7" } },
            "urn:contoso:employee": { "employeeHireDate": "2027-01-04T00:00:00Z" },
        });
        assert_eq!(operation["data"], wanted);
    }
}
