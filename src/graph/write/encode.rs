//! The requests of Graph for the operations of the port.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json, json};

use crate::directory::{Attribute, ExtensionType, ObjectId, Value, roles};
use crate::graph::http::batch::BatchItem;
use crate::graph::http::url::{GraphUrl, MemberRef, group_by_name};
use crate::target::Operation;

/// The attributes of a complex value of which Graph stores both halves or clears the one that is not named.
pub(in crate::graph) const HALVES: [&str; 2] = ["employeeOrgData.costCenter", "employeeOrgData.division"];

/// Moves employeeHireDate from an update into one of its own: Graph may refuse it to apps, and the rest must still be written.
pub(in crate::graph) fn split(operation: Operation) -> Vec<Operation> {
    match operation {
        Operation::UpdateUser { id, mut edits } if edits.len() > 1 => {
            let alone: BTreeMap<_, _> =
                edits.extract_if(.., |attribute, _| attribute.name == roles::EMPLOYEE_HIRE_DATE).collect();
            let rest = Operation::UpdateUser { id: id.clone(), edits };
            if alone.is_empty() { vec![rest] } else { vec![rest, Operation::UpdateUser { id, edits: alone }] }
        }
        whole => vec![whole],
    }
}

/// The other half of employeeOrgData, where an update names only one half and Graph would clear the other.
pub(in crate::graph) fn missing_half(operation: &Operation) -> Option<(&ObjectId, &'static str)> {
    let Operation::UpdateUser { id, edits } = operation else { return None };
    let has = |name: &str| edits.keys().any(|attribute| attribute.name == name);
    match (has(HALVES[0]), has(HALVES[1])) {
        (true, false) => Some((id, HALVES[1])),
        (false, true) => Some((id, HALVES[0])),
        _ => None,
    }
}

/// The request as Graph spells it.
pub(in crate::graph) fn encode(operation: &Operation, base: &GraphUrl) -> BatchItem {
    match operation {
        Operation::CreateUser { attributes, password } => {
            BatchItem::write("POST", "/users", Some(new_user(attributes, password)))
        }
        // Graph's snapshot is whole, so that no plan for it has whole records.
        Operation::UpdateUser { id, edits } | Operation::PutUser { id, attributes: edits, .. } => {
            BatchItem::write("PATCH", format!("/users/{id}"), Some(nested(edits.iter().map(|(a, v)| (*a, v.as_ref())))))
        }
        Operation::SetManager { user, manager } => {
            let body = json!({ "@odata.id": base.absolute(&format!("/users/{manager}")) });
            BatchItem::write("PUT", format!("/users/{user}/manager/$ref"), Some(body))
        }
        Operation::ClearManager { user } => BatchItem::write("DELETE", format!("/users/{user}/manager/$ref"), None),
        Operation::SetPassword { user, password } => {
            BatchItem::write("PATCH", format!("/users/{user}"), Some(json!({ "passwordProfile": profile(password) })))
        }
        // An action without a payload wants an empty object within a batch.
        Operation::RevokeSessions { user } => {
            BatchItem::write("POST", format!("/users/{user}/revokeSignInSessions"), Some(json!({})))
        }
        Operation::RemoveLicenses { user, skus } => {
            let body = json!({ "addLicenses": [], "removeLicenses": skus });
            BatchItem::write("POST", format!("/users/{user}/assignLicense"), Some(body))
        }
        Operation::DeleteUser { id } => BatchItem::write("DELETE", format!("/users/{id}"), None),
        Operation::RestoreUser { id, upn } => {
            let mut body = Map::new();
            if let Some(upn) = upn {
                body.insert("newUserPrincipalName".into(), upn.as_str().into());
            }
            BatchItem::write("POST", format!("/directory/deletedItems/{id}/restore"), Some(body.into()))
        }
        Operation::CreateGroup { unique_name, name, microsoft365, owners } => {
            let url = group_by_name(unique_name);
            BatchItem::write("PATCH", url, Some(new_group(base, unique_name, name, *microsoft365, owners)))
                .with_header("Prefer", "create-if-missing")
        }
        Operation::UpdateGroup { id, name } => {
            BatchItem::write("PATCH", format!("/groups/{id}"), Some(json!({ "displayName": name })))
        }
        Operation::AddMembers { group, members } => {
            let links: Vec<String> = members.iter().map(|id| base.absolute(&format!("/directoryObjects/{id}"))).collect();
            BatchItem::write("PATCH", format!("/groups/{group}"), Some(json!({ "members@odata.bind": links })))
        }
        Operation::RemoveMember { group, member } => BatchItem::write("DELETE", MemberRef::new(group, member).to_string(), None),
        Operation::CreateTap { user, start } => {
            let mut body = json!({ "isUsableOnce": false });
            if let Some(start) = start {
                body["startDateTime"] = start.as_str().into();
            }
            BatchItem::write("POST", format!("/users/{user}/authentication/temporaryAccessPassMethods"), Some(body))
        }
    }
}

fn new_user(attributes: &BTreeMap<Attribute, Value>, password: &SecretString) -> Json {
    let mut body = nested(attributes.iter().map(|(attribute, value)| (*attribute, Some(value))));
    body["passwordProfile"] = profile(password);
    body
}

fn profile(password: &SecretString) -> Json {
    json!({ "password": password.expose_secret(), "forceChangePasswordNextSignIn": true })
}

fn new_group(base: &GraphUrl, unique_name: &str, name: &str, microsoft365: bool, owners: &[ObjectId]) -> Json {
    // A nickname is at most 64 characters of ASCII and unique; the unique name is made for that, but may be longer.
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let nickname: String = unique_name.chars().filter(plain).take(64).collect();
    let mut body = json!({
        "displayName": name,
        "mailNickname": nickname,
        "mailEnabled": microsoft365,
        "securityEnabled": !microsoft365,
        "groupTypes": if microsoft365 { json!(["Unified"]) } else { json!([]) },
    });
    if !owners.is_empty() {
        let links: Vec<String> = owners.iter().map(|id| base.absolute(&format!("/users/{id}"))).collect();
        body["owners@odata.bind"] = json!(links);
    }
    body
}

/// Builds the body of a user: a dotted name becomes a part of a complex value, and both halves of employeeOrgData go together.
fn nested<'a>(values: impl Iterator<Item = (Attribute, Option<&'a Value>)>) -> Json {
    let mut body = Map::new();
    for (attribute, value) in values {
        let value = match value {
            None if attribute.kind == crate::directory::Kind::List => json!([]),
            None => Json::Null,
            Some(value) => typed(attribute, value),
        };
        match attribute.name.split_once('.') {
            None => {
                body.insert(attribute.name.to_owned(), value);
            }
            Some((whole, part)) => {
                let whole = body.entry(whole).or_insert_with(|| Json::Object(Map::new()));
                whole[part] = value;
            }
        }
    }
    Json::Object(body)
}

/// A value as Graph wants it: that of a directory extension by its type.
fn typed(attribute: Attribute, value: &Value) -> Json {
    let extension = value.as_text().zip(attribute.extension_type());
    let fitting = extension.and_then(|(text, kind)| Some((kind.canonical(text).ok()?, kind)));
    match fitting {
        Some((text, ExtensionType::Boolean)) => Json::Bool(text == "true"),
        Some((text, ExtensionType::Integer | ExtensionType::LargeInteger)) => text.parse::<i64>().map_or(Json::Null, Json::from),
        Some((text, ExtensionType::DateTime | ExtensionType::String | ExtensionType::Binary)) => Json::String(text),
        None => serde_json::to_value(value).expect("a value has text keys alone"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ObjectId {
        ObjectId::new(text).unwrap()
    }

    fn base() -> GraphUrl {
        GraphUrl::new("https://graph.microsoft.com").unwrap()
    }

    fn attribute(name: &str) -> Attribute {
        Attribute::find(name).unwrap()
    }

    #[test]
    fn dotted_names_become_nested_objects() {
        let edits = BTreeMap::from([
            (attribute("onPremisesExtensionAttributes.extensionAttribute1"), Some(Value::text("a"))),
            (attribute("onPremisesExtensionAttributes.extensionAttribute2"), None),
            (attribute("businessPhones"), None),
            (attribute("city"), None),
        ]);
        let request = encode(&Operation::UpdateUser { id: id("u"), edits }, &base());
        assert_eq!((request.method, request.url.as_str()), ("PATCH", "/users/u"));
        let wanted = json!({ "businessPhones": [], "city": null,
            "onPremisesExtensionAttributes": { "extensionAttribute1": "a", "extensionAttribute2": null } });
        assert_eq!(request.body, Some(wanted));
    }

    #[test]
    fn an_extension_is_written_by_its_type() {
        let typed = |name: &str, kind: ExtensionType, text: &str| {
            let attribute = attribute(&format!("extension_0123456789abcdef0123456789abcdef_op{name}"));
            attribute.set_extension_type(kind);
            let edits = BTreeMap::from([(attribute, Some(Value::text(text)))]);
            let body = encode(&Operation::UpdateUser { id: id("u"), edits }, &base()).body.unwrap();
            body[attribute.name].clone()
        };
        assert_eq!(typed("flag", ExtensionType::Boolean, "TRUE"), json!(true));
        assert_eq!(typed("int", ExtensionType::Integer, " 007"), json!(7));
        assert_eq!(typed("big", ExtensionType::LargeInteger, "9007199254740993"), json!(9_007_199_254_740_993_i64));
        assert_eq!(typed("day", ExtensionType::DateTime, "2024-01-31"), json!("2024-01-31T00:00:00Z"));
        assert_eq!(typed("text", ExtensionType::String, "007"), json!("007"));
        assert_eq!(typed("bytes", ExtensionType::Binary, "AQI="), json!("AQI="));
    }

    #[test]
    fn the_hire_date_travels_alone() {
        let edits = BTreeMap::from([
            (attribute("city"), Some(Value::text("Graz"))),
            (attribute("employeeHireDate"), Some(Value::text("2026-01-01T00:00:00Z"))),
        ]);
        let parts = split(Operation::UpdateUser { id: id("u"), edits });
        let keys: Vec<Vec<String>> =
            parts.iter().map(|part| encode(part, &base()).body.unwrap().as_object().unwrap().keys().cloned().collect()).collect();
        assert_eq!(keys, [vec!["city"], vec!["employeeHireDate"]]);
    }

    #[test]
    fn half_of_the_organisation_asks_for_the_other() {
        let edits = BTreeMap::from([(attribute("employeeOrgData.division"), Some(Value::text("EMEA")))]);
        let user = id("u");
        assert_eq!(missing_half(&Operation::UpdateUser { id: user.clone(), edits }), Some((&user, "employeeOrgData.costCenter")));
    }

    #[test]
    fn members_and_managers_are_named_by_whole_addresses() {
        let add = encode(&Operation::AddMembers { group: id("g"), members: vec![id("a")] }, &base());
        assert_eq!(add.body.unwrap()["members@odata.bind"][0], "https://graph.microsoft.com/v1.0/directoryObjects/a");
        let remove = encode(&Operation::RemoveMember { group: id("g"), member: id("a") }, &base());
        assert_eq!((remove.method, remove.url.as_str()), ("DELETE", "/groups/g/members/a/$ref"));
    }

    #[test]
    fn a_new_user_must_change_the_password() {
        let create = Operation::CreateUser { attributes: BTreeMap::new(), password: SecretString::from("secret") };
        assert_eq!(encode(&create, &base()).body.unwrap()["passwordProfile"]["forceChangePasswordNextSignIn"], true);
        assert!(!format!("{create:?}").contains("secret"));
        assert!(!create.repeatable());
    }
}
