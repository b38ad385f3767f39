//! Users and groups as Graph writes them.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::directory::{Attribute, DeletedUser, Group, GroupKind, Kind, ObjectId, Upn, User, UserType, Value, canonical_date};

/// The value of an attribute, dotted names included; null, absent and empty are all «not set».
pub(super) fn value(object: &Json, attribute: Attribute) -> Option<Value> {
    let found = match attribute.name.split_once('.') {
        Some((whole, part)) => &object[whole][part],
        None => &object[attribute.name],
    };
    match (attribute.kind, found) {
        (_, Json::Bool(flag)) => Some(Value::Flag(*flag)),
        (Kind::Date, Json::String(text)) => Some(Value::text(canonical_date(text).unwrap_or_else(|| text.clone()))),
        (Kind::List, Json::String(text)) => Some(Value::List([text.as_str().into()].into())),
        (_, Json::String(text)) if !text.is_empty() => Some(Value::text(text.as_str())),
        (_, Json::Number(number)) => Some(Value::text(number.to_string())),
        (_, Json::Array(items)) => {
            let mut items: Vec<Box<str>> = items.iter().filter_map(Json::as_str).map(Into::into).collect();
            items.sort();
            (!items.is_empty()).then(|| Value::List(items.into()))
        }
        _ => None,
    }
}

fn texts(found: &Json) -> impl Iterator<Item = &str> {
    found.as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// The id of any object.
pub(super) fn id(object: &Json) -> Result<ObjectId, String> {
    object["id"].as_str().and_then(ObjectId::new).ok_or_else(|| String::from("Graph answered an object without an id"))
}

/// A live user with these attributes.
pub(super) fn user(object: &Json, attributes: &[Attribute]) -> Result<User, String> {
    let id = id(object)?;
    let Some(name) = object["userPrincipalName"].as_str() else {
        return Err(format!("Graph answered the user {id} without its userPrincipalName"));
    };
    let mut user = User::new(id, Upn::new(name));
    user.enabled = object["accountEnabled"].as_bool();
    user.user_type = if object["userType"].as_str() == Some("Guest") { UserType::Guest } else { UserType::Member };
    user.synced = object["onPremisesSyncEnabled"].as_bool() == Some(true);
    user.restricted = object["isManagementRestricted"].as_bool() == Some(true);
    user.manager = object["manager"]["id"].as_str().and_then(ObjectId::new);
    user.proxy_addresses = texts(&object["proxyAddresses"]).map(Into::into).collect();
    user.attributes = attributes.iter().filter_map(|attribute| Some((*attribute, value(object, *attribute)?))).collect();
    user.licenses = licenses(object);
    Ok(user)
}

/// Directly assigned licences. The states tell which ones came by a group, and those are not ours to take.
fn licenses(object: &Json) -> Vec<Box<str>> {
    let sku = |license: &Json| license["skuId"].as_str().map(Box::from);
    let direct: BTreeSet<Box<str>> = match object["licenseAssignmentStates"].as_array() {
        Some(states) => states.iter().filter(|state| state["assignedByGroup"].is_null()).filter_map(sku).collect(),
        None => object["assignedLicenses"].as_array().into_iter().flatten().filter_map(sku).collect(),
    };
    direct.into_iter().collect()
}

/// A user in the recycle bin: the id without hyphens stands before its name there, and is taken off.
pub(super) fn deleted_user(object: &Json, attributes: &[Attribute]) -> Result<DeletedUser, String> {
    let mut user = user(object, attributes)?;
    let prefix = user.id.as_str().replace('-', "");
    let name = user.upn.as_str();
    let prefixed = name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
    if prefixed && !name[prefix.len()..].starts_with('@') {
        let name = name[prefix.len()..].to_owned();
        if let Some(attribute) = Attribute::find("userPrincipalName") {
            user.attributes.entry(attribute).and_modify(|value| *value = Value::text(name.as_str()));
        }
        user.upn = Upn::new(name);
    }
    Ok(DeletedUser { user, deleted_at: object["deletedDateTime"].as_str().map(str::to_owned) })
}

/// A live group, its members not yet known.
pub(super) fn group(object: &Json) -> Result<Group, String> {
    let has_type = |wanted: &str| texts(&object["groupTypes"]).any(|kind| kind == wanted);
    let flag = |name: &str| object[name].as_bool() == Some(true);
    let kind = match (has_type("Unified"), flag("mailEnabled")) {
        (true, _) => GroupKind::Microsoft365,
        (false, true) => GroupKind::MailEnabled,
        (false, false) => GroupKind::Security,
    };
    Ok(Group {
        id: id(object)?,
        name: object["displayName"].as_str().unwrap_or_default().to_owned(),
        unique_name: object["uniqueName"].as_str().map(str::to_owned),
        kind,
        dynamic: has_type("DynamicMembership"),
        synced: flag("onPremisesSyncEnabled"),
        role_assignable: flag("isAssignableToRole"),
        members: BTreeSet::new(),
        owners: BTreeSet::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attributes(names: &[&str]) -> Vec<Attribute> {
        names.iter().map(|name| Attribute::find(name).unwrap()).collect()
    }

    #[test]
    fn nulls_and_parts_of_complex_values_are_read() {
        let object = json!({ "id": "u", "userPrincipalName": "ada@contoso.com", "accountEnabled": null, "employeeOrgData": null,
            "onPremisesExtensionAttributes": { "extensionAttribute1": "x", "extensionAttribute2": null }, "businessPhones": [],
            "employeeHireDate": "2026-01-01T00:00:00.0000000Z", "manager": { "@odata.type": "#microsoft.graph.user", "id": "m" } });
        let names = [
            "userPrincipalName",
            "employeeOrgData.division",
            "onPremisesExtensionAttributes.extensionAttribute1",
            "onPremisesExtensionAttributes.extensionAttribute2",
            "businessPhones",
            "employeeHireDate",
        ];
        let user = user(&object, &attributes(&names)).unwrap();
        assert_eq!(user.enabled, None);
        assert_eq!(user.manager, ObjectId::new("m"));
        assert_eq!(user.text("onPremisesExtensionAttributes.extensionAttribute1"), Some("x"));
        assert_eq!(user.text("employeeHireDate"), Some("2026-01-01T00:00:00Z"));
        assert_eq!(user.attributes.len(), 3);
    }

    #[test]
    fn a_deleted_user_has_its_old_name_back() {
        let object = json!({ "id": "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0", "deletedDateTime": "2026-11-01T00:00:00Z",
            "userPrincipalName": "6ea91a8de32e41a1b7bdd2d185eed0e0ada@contoso.com" });
        let deleted = deleted_user(&object, &attributes(&["userPrincipalName"])).unwrap();
        assert_eq!(deleted.user.upn.as_str(), "ada@contoso.com");
        assert_eq!(deleted.user.text("userPrincipalName"), Some("ada@contoso.com"));
    }

    #[test]
    fn licences_by_a_group_are_not_ours() {
        let object = json!({ "id": "u", "userPrincipalName": "a@b", "assignedLicenses": [{ "skuId": "1" }, { "skuId": "2" }],
            "licenseAssignmentStates": [{ "skuId": "1", "assignedByGroup": null }, { "skuId": "2", "assignedByGroup": "g" }] });
        assert_eq!(user(&object, &[]).unwrap().licenses, [Box::from("1")]);
    }
}
