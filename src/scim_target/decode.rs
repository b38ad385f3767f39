//! Resources of a provider as users and groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::listing::{Resource, id_of};
use super::profile::Profile;
use super::translation::{Translation, flag, read};
use crate::directory::{Attribute, Attributes, Group, GroupKind, ObjectId, Upn, User, roles};
use crate::scim::{AttributePath, ENTERPRISE, fold, values_at};

/// The attributes that every plan needs.
const ALWAYS: [&str; 5] = [roles::DISPLAY_NAME, roles::GIVEN_NAME, roles::MAIL, roles::SURNAME, roles::USER_PRINCIPAL_NAME];

/// Reads users with the wanted attributes.
pub(super) struct UserDecoder {
    names: Arc<[Attribute]>,
    paths: Vec<Option<AttributePath>>,
    manager: AttributePath,
}

impl UserDecoder {
    pub(super) fn new(wanted: &BTreeSet<Attribute>, translation: &Translation) -> Self {
        let always = ALWAYS.iter().chain([&roles::EXTERNAL_ID]).filter_map(|name| Attribute::find(name));
        let all: BTreeSet<Attribute> =
            always.chain(wanted.iter().copied().filter(|wanted| wanted.name != roles::ACCOUNT_ENABLED)).collect();
        let names: Arc<[Attribute]> = all.into_iter().collect();
        let paths = translation.paths_of(&names);
        Self { paths, names, manager: manager_path() }
    }

    /// The user of a resource.
    ///
    /// # Errors
    /// What is missing or cannot be used. The text contains no value but the id.
    pub(super) fn user(&self, resource: &Resource) -> Result<User, String> {
        let id = object_id(resource)?;
        let name = text(resource, "userName").ok_or_else(|| format!("the user with the id {id} has no `userName`"))?;
        let mut user = User::new(id, Upn::new(name));
        user.enabled = match resource.get("active") {
            Some(Json::Bool(flag)) => Some(*flag),
            Some(Json::String(text)) => flag(text),
            _ => None,
        };
        let mut paths = self.paths.iter();
        user.attributes = Attributes::gather(&self.names, |attribute| {
            let path = paths.next()?.as_ref()?;
            read(attribute, path, resource)
        });
        let manager = values_at(&self.manager, resource).into_iter().find_map(Json::as_str);
        user.manager = manager.and_then(ObjectId::new);
        Ok(user)
    }
}

fn manager_path() -> AttributePath {
    AttributePath { urn: Some(ENTERPRISE.into()), name: "manager".into(), filter: None, part: Some("value".into()) }
}

/// The group of a resource, with its direct members.
///
/// # Errors
/// What is missing or cannot be used.
pub(super) fn group(resource: &Resource, profile: &Profile) -> Result<Group, String> {
    let id = object_id(resource)?;
    let name = text(resource, "displayName").ok_or_else(|| format!("the group with the id {id} has no `displayName`"))?;
    let unique_name = at(resource, &profile.group_key).map(str::to_owned);
    Ok(Group {
        id,
        name: name.to_owned(),
        unique_name,
        kind: GroupKind::Security,
        dynamic: false,
        synced: false,
        role_assignable: false,
        addresses: BTreeSet::new(),
        members: members(resource),
        owners: BTreeSet::new(),
    })
}

/// The ids of the members that a group lists, without those that it calls groups.
pub(super) fn members(resource: &Resource) -> BTreeSet<ObjectId> {
    listed_members(resource, false)
}

/// The ids of the members that a group calls groups.
pub(super) fn nested_groups(resource: &Resource) -> BTreeSet<ObjectId> {
    listed_members(resource, true)
}

fn listed_members(resource: &Resource, are_groups: bool) -> BTreeSet<ObjectId> {
    let items = resource.get("members").and_then(Json::as_array).into_iter().flatten();
    let is_group = |item: &&Json| item["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("group"));
    let fitting = items.filter(|item| is_group(item) == are_groups);
    fitting.filter_map(|item| ObjectId::new(item["value"].as_str()?)).collect()
}

/// The text at a path of a group, which is none of a user's.
pub(super) fn at<'r>(resource: &'r Resource, path: &AttributePath) -> Option<&'r str> {
    let within = match &path.urn {
        Some(urn) => resource.iter().find(|(name, _)| name.eq_ignore_ascii_case(urn))?.1.as_object()?,
        None => resource,
    };
    text(within, &path.name)
}

/// Whether a resource has this text at an attribute: userName without regard to case, externalId exactly.
pub(super) fn has(resource: &Resource, attribute: &str, wanted: &str) -> bool {
    let same = |found: &str| if attribute == roles::EXTERNAL_ID { found == wanted } else { fold(found) == fold(wanted) };
    text(resource, attribute).is_some_and(same)
}

pub(super) fn object_id(resource: &Resource) -> Result<ObjectId, String> {
    let id = id_of(resource).ok_or_else(|| "a resource has no `id`".to_owned())?;
    ObjectId::new(id).ok_or_else(|| {
        let shown: String = id.chars().take(60).map(|letter| if letter.is_control() { '?' } else { letter }).collect();
        format!("the id `{shown}` cannot be a part of an address")
    })
}

fn text<'r>(resource: &'r Resource, name: &str) -> Option<&'r str> {
    let found =
        resource.get(name).or_else(|| resource.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| v));
    found?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::directory::Value;

    fn resource(value: Json) -> Resource {
        match value {
            Json::Object(resource) => resource,
            _ => panic!("no object"),
        }
    }

    fn profile() -> Profile {
        Profile::embedded("rfc").unwrap()
    }

    #[test]
    fn a_user_is_read_with_what_every_plan_needs() {
        let translation = Translation::new(&profile());
        let wanted = ["department", "nickName"].map(|name| Attribute::find(name).unwrap()).into();
        let decoder = UserDecoder::new(&wanted, &translation);
        let user = decoder.user(&resource(json!({
            "id": "U-1", "userName": "ada@x.example", "externalId": "E-1", "active": "TRUE", "nickName": "Ada",
            "name": { "givenName": "Ada" },
            ENTERPRISE: { "department": "Tax", "manager": { "value": "U-2" } },
        })));
        let user = user.unwrap();
        assert_eq!((user.id.to_string().as_str(), user.enabled), ("U-1", Some(true)));
        assert_eq!(user.manager.as_ref().map(ToString::to_string).as_deref(), Some("U-2"));
        let text = |name: &str| user.value(Attribute::find(name).unwrap());
        assert!(text("department") == Some(Value::text("Tax")) && text("givenName") == Some(Value::text("Ada")));
        assert!(text("externalId") == Some(Value::text("E-1")) && text("nickName") == Some(Value::text("Ada")));
        assert!(text("userPrincipalName") == Some(Value::text("ada@x.example")));
    }

    #[test]
    fn what_cannot_be_used_is_named_without_a_value() {
        let decoder = UserDecoder::new(&BTreeSet::new(), &Translation::new(&profile()));
        let fault = |value| decoder.user(&resource(value)).unwrap_err();
        assert_eq!(fault(json!({ "id": "1" })), "the user with the id 1 has no `userName`");
        assert_eq!(fault(json!({ "id": "a/b", "userName": "x" })), "the id `a/b` cannot be a part of an address");
    }

    #[test]
    fn a_group_keeps_its_unique_name_where_the_profile_puts_it() {
        let urn = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:Group";
        let body = json!({ "id": "g", "displayName": "Tax", "externalId": "hrpush-1", "members": [{ "value": "u" }],
                           urn: { "mailNickname": "hrpush-2" } });
        let rfc = group(&resource(body.clone()), &profile()).unwrap();
        assert_eq!((rfc.unique_name.as_deref(), rfc.members.len(), rfc.is_managed()), (Some("hrpush-1"), 1, true));
        let entra = group(&resource(body), &Profile::embedded("entra").unwrap()).unwrap();
        assert_eq!(entra.unique_name.as_deref(), Some("hrpush-2"));
    }
}
