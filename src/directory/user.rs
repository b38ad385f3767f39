//! A user as plain fields.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::attribute::{Attribute, roles};
use super::attributes::Attributes;
use super::ids::{ObjectId, Upn};
use super::value::Value;

/// Whether an account belongs to the tenant or was invited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserType {
    /// A member of the tenant.
    #[default]
    Member,
    /// An invited guest. Guests are changed only where the mapping allows it.
    Guest,
}

/// A live user with the attributes that were asked for.
#[derive(Clone, PartialEq)]
pub struct User {
    /// The object id, which never changes.
    pub id: ObjectId,
    /// The sign-in name.
    pub upn: Upn,
    /// accountEnabled; Graph leaves it null for some accounts.
    pub enabled: Option<bool>,
    /// Whether the user is a member or a guest.
    pub user_type: UserType,
    /// onPremisesSyncEnabled is true: mastered elsewhere.
    pub synced: bool,
    /// isManagementRestricted: member of a restricted management administrative unit.
    pub restricted: bool,
    /// The manager's id.
    pub manager: Option<ObjectId>,
    /// All addresses, as Graph lists them (`SMTP:…`, `smtp:…`).
    pub proxy_addresses: Vec<Box<str>>,
    /// The attributes that were asked for and are set, userPrincipalName and mail included, accountEnabled not.
    pub attributes: Attributes,
    /// Skus assigned directly to the user, where they were asked for.
    pub licenses: Vec<Box<str>>,
}

impl User {
    /// A new user with nothing set but the name: what tests and readers start from.
    pub fn new(id: ObjectId, upn: Upn) -> Self {
        Self {
            id,
            upn,
            enabled: Some(true),
            user_type: UserType::Member,
            synced: false,
            restricted: false,
            manager: None,
            proxy_addresses: Vec::new(),
            attributes: Attributes::default(),
            licenses: Vec::new(),
        }
    }

    /// The value of an attribute; accountEnabled and userPrincipalName are answered too.
    pub fn value(&self, attribute: Attribute) -> Option<Value> {
        match attribute.name {
            roles::ACCOUNT_ENABLED => self.enabled.map(Value::Flag),
            roles::USER_PRINCIPAL_NAME => Some(Value::text(self.upn.as_str())),
            _ => self.attributes.get(&attribute),
        }
    }

    /// The text of an attribute by its name, where it is set and text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.text(&Attribute::find(name)?)
    }
}

/// Shows the id alone: a user is personal data.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}
