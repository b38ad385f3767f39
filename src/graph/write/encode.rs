//! The writes that hrpush knows, and how Graph spells them.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json, json};

use crate::directory::{Attribute, ExtensionType, ObjectId, Upn, Value};
use crate::graph::http::batch::Inner;
use crate::graph::http::url::{GraphUrl, MemberRef, group_by_name};

/// One write. There is no other way to change the tenant.
#[derive(Clone)]
pub enum Operation {
    /// Creates a user; accountEnabled, displayName, mailNickname and userPrincipalName must be among the attributes.
    CreateUser {
        /// Everything but the password and the manager.
        attributes: BTreeMap<Attribute, Value>,
        /// The first password, to be changed at the first sign-in.
        password: SecretString,
    },
    /// Sets and clears attributes of a user, each with its new value.
    UpdateUser {
        /// Whom.
        id: ObjectId,
        /// `None` clears. employeeHireDate goes in a request of its own, see [`Operation::split`].
        edits: BTreeMap<Attribute, Option<Value>>,
    },
    /// Sets or replaces the manager.
    SetManager {
        /// Whose.
        user: ObjectId,
        /// Who.
        manager: ObjectId,
    },
    /// Takes the manager away.
    ClearManager {
        /// Whose.
        user: ObjectId,
    },
    /// Gives an account a new password, to be changed at the next sign-in.
    SetPassword {
        /// Whose.
        user: ObjectId,
        /// The password.
        password: SecretString,
    },
    /// Signs a user out everywhere.
    RevokeSessions {
        /// Whom.
        user: ObjectId,
    },
    /// Takes directly assigned licences away.
    RemoveLicenses {
        /// From whom.
        user: ObjectId,
        /// Which.
        skus: Vec<Box<str>>,
    },
    /// Moves a user to the recycle bin.
    DeleteUser {
        /// Whom.
        id: ObjectId,
    },
    /// Brings a user back from the recycle bin.
    RestoreUser {
        /// Whom.
        id: ObjectId,
        /// A new name, where the old one is taken by now.
        upn: Option<Upn>,
    },
    /// Creates a group, or finds the one that has this uniqueName already.
    CreateGroup {
        /// uniqueName, which makes the request repeatable.
        unique_name: String,
        /// displayName.
        name: String,
        /// A Microsoft 365 group, else a security group.
        microsoft365: bool,
        /// Users who own it.
        owners: Vec<ObjectId>,
    },
    /// Renames a group.
    UpdateGroup {
        /// Which.
        id: ObjectId,
        /// The new displayName.
        name: String,
    },
    /// Adds up to twenty members, all or none.
    AddMembers {
        /// To which group.
        group: ObjectId,
        /// Whom.
        members: Vec<ObjectId>,
    },
    /// Takes one member out of a group.
    RemoveMember {
        /// Out of which group.
        group: ObjectId,
        /// Whom.
        member: ObjectId,
    },
    /// Creates a Temporary Access Pass, which replaces the one that is there.
    CreateTap {
        /// For whom.
        user: ObjectId,
        /// From when on, as Graph writes dates; none means from now.
        start: Option<String>,
    },
}

/// Attributes of which Graph keeps both halves or nothing.
pub(in crate::graph) const HALVES: [&str; 2] = ["employeeOrgData.costCenter", "employeeOrgData.division"];
const HIRE_DATE: &str = "employeeHireDate";

impl Operation {
    /// A name for logs and errors that shows nobody.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateUser { .. } => "create user",
            Self::UpdateUser { .. } => "update user",
            Self::SetManager { .. } => "set manager",
            Self::ClearManager { .. } => "clear manager",
            Self::SetPassword { .. } => "set password",
            Self::RevokeSessions { .. } => "revoke sessions",
            Self::RemoveLicenses { .. } => "remove licenses",
            Self::DeleteUser { .. } => "delete user",
            Self::RestoreUser { .. } => "restore user",
            Self::CreateGroup { .. } => "create group",
            Self::UpdateGroup { .. } => "update group",
            Self::AddMembers { .. } => "add members",
            Self::RemoveMember { .. } => "remove member",
            Self::CreateTap { .. } => "create access pass",
        }
    }

    /// Whether sending the same request twice leaves the tenant as sending it once does.
    ///
    /// A second delete or removal answers that the object is gone; [`crate::graph::Answer::is_absent`] tells. A group is looked for first: its upsert
    /// carries properties that are read-only once the group exists.
    pub const fn repeatable(&self) -> bool {
        !matches!(self, Self::CreateUser { .. } | Self::RestoreUser { .. } | Self::CreateGroup { .. })
    }

    /// The objects that the request names: one of them may be so young that Graph does not know it everywhere.
    pub(in crate::graph) fn objects(&self) -> Vec<&ObjectId> {
        match self {
            Self::CreateUser { .. } => Vec::new(),
            Self::UpdateUser { id, .. }
            | Self::DeleteUser { id }
            | Self::RestoreUser { id, .. }
            | Self::UpdateGroup { id, .. } => vec![id],
            Self::SetManager { user, manager } => vec![user, manager],
            Self::ClearManager { user }
            | Self::SetPassword { user, .. }
            | Self::RevokeSessions { user }
            | Self::RemoveLicenses { user, .. }
            | Self::CreateTap { user, .. } => vec![user],
            Self::CreateGroup { owners, .. } => owners.iter().collect(),
            Self::AddMembers { group, members } => std::iter::once(group).chain(members).collect(),
            Self::RemoveMember { group, member } => vec![group, member],
        }
    }

    /// Takes employeeHireDate out of an update into one of its own: Graph may refuse it to apps, and then the rest must still land.
    #[must_use]
    pub fn split(self) -> Vec<Self> {
        match self {
            Self::UpdateUser { id, mut edits } if edits.len() > 1 => {
                let alone: BTreeMap<_, _> = edits.extract_if(.., |attribute, _| attribute.name == HIRE_DATE).collect();
                let rest = Self::UpdateUser { id: id.clone(), edits };
                if alone.is_empty() { vec![rest] } else { vec![rest, Self::UpdateUser { id, edits: alone }] }
            }
            whole => vec![whole],
        }
    }

    /// The other half of employeeOrgData, where an update names only one and Graph would clear the other.
    pub(in crate::graph) fn missing_half(&self) -> Option<(&ObjectId, &'static str)> {
        let Self::UpdateUser { id, edits } = self else { return None };
        let has = |name: &str| edits.keys().any(|attribute| attribute.name == name);
        match (has(HALVES[0]), has(HALVES[1])) {
            (true, false) => Some((id, HALVES[1])),
            (false, true) => Some((id, HALVES[0])),
            _ => None,
        }
    }

    /// How Graph spells it.
    pub(in crate::graph) fn request(&self, base: &GraphUrl) -> Inner {
        match self {
            Self::CreateUser { attributes, password } => Inner::write("POST", "/users", Some(new_user(attributes, password))),
            Self::UpdateUser { id, edits } => {
                Inner::write("PATCH", format!("/users/{id}"), Some(nested(edits.iter().map(|(a, v)| (*a, v.as_ref())))))
            }
            Self::SetManager { user, manager } => {
                let body = json!({ "@odata.id": base.absolute(&format!("/users/{manager}")) });
                Inner::write("PUT", format!("/users/{user}/manager/$ref"), Some(body))
            }
            Self::ClearManager { user } => Inner::write("DELETE", format!("/users/{user}/manager/$ref"), None),
            Self::SetPassword { user, password } => {
                Inner::write("PATCH", format!("/users/{user}"), Some(json!({ "passwordProfile": profile(password) })))
            }
            // An action without a payload wants an empty object within a batch.
            Self::RevokeSessions { user } => Inner::write("POST", format!("/users/{user}/revokeSignInSessions"), Some(json!({}))),
            Self::RemoveLicenses { user, skus } => {
                let body = json!({ "addLicenses": [], "removeLicenses": skus });
                Inner::write("POST", format!("/users/{user}/assignLicense"), Some(body))
            }
            Self::DeleteUser { id } => Inner::write("DELETE", format!("/users/{id}"), None),
            Self::RestoreUser { id, upn } => {
                let mut body = Map::new();
                if let Some(upn) = upn {
                    body.insert("newUserPrincipalName".into(), upn.as_str().into());
                }
                Inner::write("POST", format!("/directory/deletedItems/{id}/restore"), Some(body.into()))
            }
            Self::CreateGroup { unique_name, name, microsoft365, owners } => {
                let url = group_by_name(unique_name);
                Inner::write("PATCH", url, Some(new_group(base, unique_name, name, *microsoft365, owners)))
                    .with_header("Prefer", "create-if-missing")
            }
            Self::UpdateGroup { id, name } => {
                Inner::write("PATCH", format!("/groups/{id}"), Some(json!({ "displayName": name })))
            }
            Self::AddMembers { group, members } => {
                let links: Vec<String> = members.iter().map(|id| base.absolute(&format!("/directoryObjects/{id}"))).collect();
                Inner::write("PATCH", format!("/groups/{group}"), Some(json!({ "members@odata.bind": links })))
            }
            Self::RemoveMember { group, member } => Inner::write("DELETE", MemberRef::new(group, member).to_string(), None),
            Self::CreateTap { user, start } => {
                let mut body = json!({ "isUsableOnce": false });
                if let Some(start) = start {
                    body["startDateTime"] = start.as_str().into();
                }
                Inner::write("POST", format!("/users/{user}/authentication/temporaryAccessPassMethods"), Some(body))
            }
        }
    }
}

/// Shows the kind alone: the rest is personal data or a secret.
impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operation({})", self.name())
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
        let request = Operation::UpdateUser { id: id("u"), edits }.request(&base());
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
            let body = Operation::UpdateUser { id: id("u"), edits }.request(&base()).body.unwrap();
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
        let parts = Operation::UpdateUser { id: id("u"), edits }.split();
        let keys: Vec<Vec<String>> =
            parts.iter().map(|part| part.request(&base()).body.unwrap().as_object().unwrap().keys().cloned().collect()).collect();
        assert_eq!(keys, [vec!["city"], vec!["employeeHireDate"]]);
    }

    #[test]
    fn half_of_the_organisation_asks_for_the_other() {
        let edits = BTreeMap::from([(attribute("employeeOrgData.division"), Some(Value::text("EMEA")))]);
        let user = id("u");
        assert_eq!(Operation::UpdateUser { id: user.clone(), edits }.missing_half(), Some((&user, "employeeOrgData.costCenter")));
    }

    #[test]
    fn members_and_managers_are_named_by_whole_addresses() {
        let add = Operation::AddMembers { group: id("g"), members: vec![id("a")] }.request(&base());
        assert_eq!(add.body.unwrap()["members@odata.bind"][0], "https://graph.microsoft.com/v1.0/directoryObjects/a");
        let remove = Operation::RemoveMember { group: id("g"), member: id("a") }.request(&base());
        assert_eq!((remove.method, remove.url.as_str()), ("DELETE", "/groups/g/members/a/$ref"));
    }

    #[test]
    fn a_new_user_must_change_the_password() {
        let create = Operation::CreateUser { attributes: BTreeMap::new(), password: SecretString::from("secret") };
        assert_eq!(create.request(&base()).body.unwrap()["passwordProfile"]["forceChangePasswordNextSignIn"], true);
        assert!(!format!("{create:?}").contains("secret"));
        assert!(!create.repeatable());
    }
}
