//! The tenant at one moment.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ids::{ObjectId, TenantId};
use super::user::User;
use super::user_table::Users;

/// A user in the recycle bin, where it stays 30 days.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletedUser {
    /// The user as it was. Graph puts the id before the name of a deleted user; here the name is as it was before.
    pub user: User,
    /// When it was deleted, as Graph reports it.
    pub deleted_at: Option<String>,
}

/// Which kind a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupKind {
    /// A security group without mail.
    Security,
    /// A Microsoft 365 group.
    Microsoft365,
    /// Mail-enabled and not Microsoft 365: Graph cannot write it.
    MailEnabled,
}

/// A group that is not deleted, as the tenant has it at the moment of the snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The object id, which never changes.
    pub id: ObjectId,
    /// The displayName, which need not be unique.
    pub name: String,
    /// uniqueName, set once by the app or the person that made the group.
    pub unique_name: Option<String>,
    /// Whether it is a security group, a Microsoft 365 group or mail-enabled.
    pub kind: GroupKind,
    /// Filled by a rule.
    pub dynamic: bool,
    /// Mastered on-premises: the members cannot be changed through Graph.
    pub synced: bool,
    /// Whether directory roles can be assigned to it: then its owners control these roles.
    pub role_assignable: bool,
    /// Its mail and proxy addresses, folded and without their scheme.
    #[serde(default)]
    pub addresses: BTreeSet<Box<str>>,
    /// Ids of the members, where they were read (managed and role-assignable groups).
    pub members: BTreeSet<ObjectId>,
    /// Ids of the owners, where they were read.
    pub owners: BTreeSet<ObjectId>,
}

/// The prefix of the unique name of every group that hrpush creates.
pub const MANAGED_GROUP_PREFIX: &str = "hrpush-";

impl Group {
    /// Whether hrpush created the group.
    pub fn is_managed(&self) -> bool {
        self.unique_name.as_ref().is_some_and(|name| name.starts_with(MANAGED_GROUP_PREFIX))
    }
}

/// The holders of directory roles, and how completely they could be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Privileged {
    /// Principals with an active or eligible assignment, members and owners of role-assignable groups.
    pub principals: BTreeMap<ObjectId, String>,
    /// Why eligible assignments could not be read, where they could not.
    pub eligibility_unread: Option<String>,
}

/// The tenant at one moment: whole, or it does not exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The tenant that was read. A plan for another tenant is refused.
    pub tenant: TenantId,
    /// The verified domains, in lower case.
    pub domains: BTreeSet<String>,
    /// The domain of new sign-in names where a mapping names none; absent where the tenant reports no default.
    pub default_domain: Option<String>,
    /// The verified domains with federated sign-in, in lower case. Graph demands an onPremisesImmutableId of new users in them.
    pub federated_domains: BTreeSet<String>,
    /// The users that are not deleted.
    pub users: Users,
    /// The users in the recycle bin, from which they can be restored for 30 days.
    pub deleted: BTreeMap<ObjectId, DeletedUser>,
    /// All groups; members only where asked for.
    pub groups: BTreeMap<ObjectId, Group>,
    /// The privileged principals by their ids, with the reason for each.
    pub privileged: Privileged,
}

impl Snapshot {
    /// An empty tenant with one domain, the default.
    pub fn empty(tenant: TenantId, domain: &str) -> Self {
        Self {
            tenant,
            domains: BTreeSet::from([domain.to_lowercase()]),
            default_domain: Some(domain.to_lowercase()),
            federated_domains: BTreeSet::new(),
            users: Users::default(),
            deleted: BTreeMap::new(),
            groups: BTreeMap::new(),
            privileged: Privileged::default(),
        }
    }
}
