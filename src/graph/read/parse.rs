//! Users and groups as Graph writes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::directory::{
    Attribute, Attributes, DeletedUser, Group, GroupKind, Kind, ObjectId, TenantId, Upn, User, UserType, Value, canonical_date,
};

/// Which tenant it is, and its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The tenant's id.
    pub tenant: TenantId,
    /// The verified domains, in lower case.
    pub domains: BTreeSet<String>,
    /// The domain of new sign-in names; absent where the tenant reports no default.
    pub default_domain: Option<String>,
    /// Those that are federated.
    pub federated_domains: BTreeSet<String>,
}

/// The value of an attribute, dotted names included; null, absent and empty all mean "not set".
pub(in crate::graph) fn value(object: &Json, attribute: Attribute) -> Option<Value> {
    let found = match attribute.name.split_once('.') {
        Some((whole, part)) => &object[whole][part],
        None => &object[attribute.name],
    };
    match (attribute.kind, found) {
        // A mapping makes texts of all its values: an extension of another type is compared as its text.
        (_, Json::Bool(flag)) if attribute.is_extension() => Some(Value::text(flag.to_string())),
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
pub(in crate::graph) fn id(object: &Json) -> Result<ObjectId, String> {
    object["id"].as_str().and_then(ObjectId::new).ok_or_else(|| String::from("Graph returned an object without an id"))
}

/// A live user with these attributes.
pub(in crate::graph) fn user(object: &Json, attributes: &Arc<[Attribute]>) -> Result<User, String> {
    let id = id(object)?;
    let Some(name) = object["userPrincipalName"].as_str() else {
        return Err(format!("Graph returned the user {id} without its userPrincipalName"));
    };
    let mut user = User::new(id, Upn::new(name));
    user.enabled = object["accountEnabled"].as_bool();
    user.user_type = if object["userType"].as_str() == Some("Guest") { UserType::Guest } else { UserType::Member };
    user.synced = object["onPremisesSyncEnabled"].as_bool() == Some(true);
    user.restricted = object["isManagementRestricted"].as_bool() == Some(true);
    user.manager = object["manager"]["id"].as_str().and_then(ObjectId::new);
    user.proxy_addresses = texts(&object["proxyAddresses"]).map(Into::into).collect();
    user.attributes = Attributes::gather(attributes, |attribute| value(object, attribute));
    user.licenses = licenses(object);
    Ok(user)
}

/// Brings a user up to an item of a delta query. What the item does not name is as it was.
///
/// Gives whether the item left no doubt: one half of what belongs together does.
pub(in crate::graph) fn patch(user: &mut User, item: &Json, attributes: &[Attribute]) -> Result<bool, String> {
    let mut sure = true;
    let flag = |name: &str| item.get(name).map(|value| value.as_bool() == Some(true));
    if let Some(name) = item.get("userPrincipalName") {
        let name = name.as_str().filter(|name| !name.is_empty());
        user.upn = Upn::new(name.ok_or_else(|| format!("Graph returned the user {} without its userPrincipalName", user.id))?);
    }
    if let Some(enabled) = item.get("accountEnabled") {
        user.enabled = enabled.as_bool();
    }
    if let Some(kind) = item.get("userType") {
        user.user_type = if kind.as_str() == Some("Guest") { UserType::Guest } else { UserType::Member };
    }
    user.synced = flag("onPremisesSyncEnabled").unwrap_or(user.synced);
    user.restricted = flag("isManagementRestricted").unwrap_or(user.restricted);
    if let Some(addresses) = item.get("proxyAddresses") {
        user.proxy_addresses = texts(addresses).map(Into::into).collect();
    }
    for attribute in attributes {
        let (whole, part) = match attribute.name.split_once('.') {
            Some((whole, part)) => (whole, Some(part)),
            None => (attribute.name, None),
        };
        let Some(found) = item.get(whole) else { continue };
        if part.is_some_and(|part| found.is_object() && found.get(part).is_none()) {
            sure &= !user.attributes.contains_key(attribute);
            continue;
        }
        match value(item, *attribute) {
            Some(value) => user.attributes.insert(*attribute, value),
            None => user.attributes.remove(attribute),
        };
    }
    match (item.get("assignedLicenses").is_some(), item.get("licenseAssignmentStates").is_some()) {
        (true, true) => user.licenses = licenses(item),
        (false, false) => {}
        _ => sure = false,
    }
    sure &= manager(user, item)?;
    Ok(sure)
}

/// What became of a relation of a user or a group: ids that came and ids that went.
pub(in crate::graph) fn relation(item: &Json, name: &str) -> Result<Vec<(ObjectId, ItemState)>, String> {
    let listed = match item.get(name) {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Array(listed)) => listed,
        Some(_) => return Err(format!("Graph returned `{name}`, which is not a list")),
    };
    listed.iter().map(|entry| Ok((id(entry)?, tenant_state(entry)?))).collect()
}

/// Whether an object or a relation is there, by an item of a delta query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) enum ItemState {
    There,
    Gone,
}

/// Whether an item reports a relation as present or as removed.
pub(in crate::graph) fn tenant_state(item: &Json) -> Result<ItemState, String> {
    match item.get("@removed") {
        None => Ok(ItemState::There),
        Some(Json::Object(_)) => Ok(ItemState::Gone),
        Some(_) => Err("Graph returned an `@removed` without a reason".into()),
    }
}

fn manager(user: &mut User, item: &Json) -> Result<bool, String> {
    let entries = relation(item, "manager@delta")?;
    let of = |wanted: ItemState| entries.iter().filter(move |(_, tenant_state)| *tenant_state == wanted).map(|(id, _)| id);
    if let Some(now) = of(ItemState::There).next_back() {
        let sure = of(ItemState::There).all(|id| id == now);
        user.manager = Some(now.clone());
        return Ok(sure);
    }
    let gone = of(ItemState::Gone).next_back().is_some();
    if gone && of(ItemState::Gone).any(|id| user.manager.as_ref() == Some(id)) {
        user.manager = None;
    }
    // Another one than the known manager went: between the two readings there were more changes than delta returned.
    Ok(!gone || user.manager.is_none())
}

/// The addresses of a group.
pub(in crate::graph) fn has_address(item: &Json) -> bool {
    !addresses(item).is_empty()
}

/// Brings a group up to an item of a delta query, its members and owners excepted.
pub(in crate::graph) fn patch_group(group: &mut Group, item: &Json) {
    let flag = |name: &str| item.get(name).map(|value| value.as_bool() == Some(true));
    if let Some(name) = item.get("displayName") {
        name.as_str().unwrap_or_default().clone_into(&mut group.name);
    }
    if let Some(name) = item.get("uniqueName") {
        group.unique_name = name.as_str().map(str::to_owned);
    }
    let has_type = |wanted: &str| item.get("groupTypes").map(|kinds| texts(kinds).any(|kind| kind == wanted));
    group.dynamic = has_type("DynamicMembership").unwrap_or(group.dynamic);
    let unified = has_type("Unified").unwrap_or(group.kind == GroupKind::Microsoft365);
    let mail = flag("mailEnabled").unwrap_or(group.kind != GroupKind::Security);
    group.kind = kind(unified, mail);
    // Either one alone may be returned; the addresses are only ever extended or returned anew.
    let (mail, proxies) = (item.get("mail"), item.get("proxyAddresses"));
    if proxies.is_some() {
        group.addresses = addresses(item);
    } else if mail.is_some() {
        group.addresses.extend(addresses(item));
    }
    group.synced = flag("onPremisesSyncEnabled").unwrap_or(group.synced);
    group.role_assignable = flag("isAssignableToRole").unwrap_or(group.role_assignable);
}

const fn kind(unified: bool, mail_enabled: bool) -> GroupKind {
    match (unified, mail_enabled) {
        (true, _) => GroupKind::Microsoft365,
        (false, true) => GroupKind::MailEnabled,
        (false, false) => GroupKind::Security,
    }
}

/// Directly assigned licences. The states show which ones came by a group, and those are not ours to take; a service that keeps no
/// states has no such groups.
fn licenses(object: &Json) -> Vec<Box<str>> {
    let sku = |license: &Json| license["skuId"].as_str().map(Box::from);
    let direct: BTreeSet<Box<str>> = match object["licenseAssignmentStates"].as_array().filter(|states| !states.is_empty()) {
        Some(states) => states.iter().filter(|state| state["assignedByGroup"].is_null()).filter_map(sku).collect(),
        None => object["assignedLicenses"].as_array().into_iter().flatten().filter_map(sku).collect(),
    };
    direct.into_iter().collect()
}

/// A user in the recycle bin: its name there begins with the id without hyphens, which is removed.
pub(in crate::graph) fn deleted_user(object: &Json, attributes: &Arc<[Attribute]>) -> Result<DeletedUser, String> {
    let mut user = user(object, attributes)?;
    let prefix = user.id.to_string().replace('-', "");
    let name = user.upn.as_str();
    let prefixed = name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
    if prefixed && !name[prefix.len()..].starts_with('@') {
        let name = name[prefix.len()..].to_owned();
        if let Some(attribute) = Attribute::find("userPrincipalName").filter(|name| user.attributes.contains_key(name)) {
            user.attributes.insert(attribute, Value::text(name.as_str()));
        }
        user.upn = Upn::new(name);
    }
    Ok(DeletedUser { user, deleted_at: object["deletedDateTime"].as_str().map(str::to_owned) })
}

/// The mail and the proxy addresses of an object, folded and without their scheme.
fn addresses(object: &Json) -> BTreeSet<Box<str>> {
    let mail = object["mail"].as_str();
    let proxies = texts(&object["proxyAddresses"]).filter_map(|address| {
        let (scheme, address) = address.split_once(':')?;
        scheme.eq_ignore_ascii_case("smtp").then_some(address)
    });
    proxies.chain(mail).filter(|address| !address.is_empty()).map(|address| address.to_lowercase().into()).collect()
}

/// A live group, its members not yet known.
pub(in crate::graph) fn group(object: &Json) -> Result<Group, String> {
    let has_type = |wanted: &str| texts(&object["groupTypes"]).any(|kind| kind == wanted);
    let flag = |name: &str| object[name].as_bool() == Some(true);
    Ok(Group {
        id: id(object)?,
        name: object["displayName"].as_str().unwrap_or_default().to_owned(),
        unique_name: object["uniqueName"].as_str().map(str::to_owned),
        kind: kind(has_type("Unified"), flag("mailEnabled")),
        dynamic: has_type("DynamicMembership"),
        synced: flag("onPremisesSyncEnabled"),
        role_assignable: flag("isAssignableToRole"),
        addresses: addresses(object),
        members: BTreeSet::new(),
        owners: BTreeSet::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attributes(names: &[&str]) -> Arc<[Attribute]> {
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
    fn a_group_has_all_its_addresses() {
        let object = json!({ "id": "g", "displayName": "Forward", "mailEnabled": true, "mail": "Ida.Berg@contoso.com",
            "proxyAddresses": ["SMTP:Ida.Berg@contoso.com", "smtp:ib@contoso.com", "X500:/o=x"] });
        let mut group = group(&object).unwrap();
        let texts = |group: &Group| group.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts(&group), ["ib@contoso.com", "ida.berg@contoso.com"]);
        patch_group(&mut group, &json!({ "id": "g", "mail": "new@contoso.com" }));
        assert_eq!(texts(&group), ["ib@contoso.com", "ida.berg@contoso.com", "new@contoso.com"]);
        patch_group(&mut group, &json!({ "id": "g", "proxyAddresses": [], "mail": null }));
        assert_eq!(texts(&group), [""; 0]);
    }

    #[test]
    fn licences_by_a_group_are_not_ours() {
        let object = json!({ "id": "u", "userPrincipalName": "a@b", "assignedLicenses": [{ "skuId": "1" }, { "skuId": "2" }],
            "licenseAssignmentStates": [{ "skuId": "1", "assignedByGroup": null }, { "skuId": "2", "assignedByGroup": "g" }] });
        assert_eq!(user(&object, &attributes(&[])).unwrap().licenses, [Box::from("1")]);
    }
}
