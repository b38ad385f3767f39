//! The writes that hrpush knows.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::directory::{Attribute, ObjectId, Upn, Value};

/// One write to one object. There is no other way to change a tenant.
#[derive(Clone)]
pub enum Operation {
    /// Creates a user; accountEnabled, displayName, mailNickname and userPrincipalName must be among the attributes.
    CreateUser {
        /// Everything but the password and the manager.
        attributes: BTreeMap<Attribute, Value>,
        /// The first password, to be changed at the first sign-in.
        password: SecretString,
    },
    /// Creates or replaces a user by its whole record: what a target takes that cannot be read.
    PutUser {
        /// The user, by the id that the target's reader gives it.
        id: ObjectId,
        /// Every attribute of the record, accountEnabled among them; `None` clears an attribute that the last record had.
        attributes: BTreeMap<Attribute, Option<Value>>,
        /// The manager of the record.
        manager: Option<ObjectId>,
    },
    /// Sets and clears attributes of a user, each with its new value.
    UpdateUser {
        /// The user to update.
        id: ObjectId,
        /// The new values; `None` clears the attribute.
        edits: BTreeMap<Attribute, Option<Value>>,
    },
    /// Sets or replaces the manager.
    SetManager {
        /// The user to update.
        user: ObjectId,
        /// The user that becomes the manager.
        manager: ObjectId,
    },
    /// Leaves the user without a manager.
    ClearManager {
        /// The user to update.
        user: ObjectId,
    },
    /// Sets a new password, to be changed at the next sign-in.
    SetPassword {
        /// The user to update.
        user: ObjectId,
        /// The password of the next sign-in, which the user must then change.
        password: SecretString,
    },
    /// Signs a user out everywhere.
    RevokeSessions {
        /// The user to sign out.
        user: ObjectId,
    },
    /// Removes directly assigned licences.
    RemoveLicenses {
        /// The user that has them.
        user: ObjectId,
        /// The licences, by sku.
        skus: Vec<Box<str>>,
    },
    /// Deletes a user; with [`super::Capabilities::soft_delete`] the user can be restored for a while.
    DeleteUser {
        /// The user to delete.
        id: ObjectId,
    },
    /// Restores a deleted user.
    RestoreUser {
        /// The user to restore.
        id: ObjectId,
        /// A new sign-in name, where the old one is taken by now.
        upn: Option<Upn>,
    },
    /// Creates a group, or finds the one that has this unique name already.
    CreateGroup {
        /// The unique name, which makes the request repeatable.
        unique_name: String,
        /// The display name, which need not be unique.
        name: String,
        /// A Microsoft 365 group instead of a security group.
        microsoft365: bool,
        /// The users that own it.
        owners: Vec<ObjectId>,
    },
    /// Changes the display name of a group.
    UpdateGroup {
        /// The group to rename.
        id: ObjectId,
        /// The new display name.
        name: String,
    },
    /// Adds members to a group, all or none, at most [`super::Capabilities::members_per_write`].
    AddMembers {
        /// The group to change.
        group: ObjectId,
        /// The users to add to the group.
        members: Vec<ObjectId>,
    },
    /// Removes one member from a group. The member itself stays.
    RemoveMember {
        /// The group to change.
        group: ObjectId,
        /// The member to remove.
        member: ObjectId,
    },
    /// Creates a Temporary Access Pass, which replaces an earlier one.
    CreateTap {
        /// The user to let in.
        user: ObjectId,
        /// When the pass becomes valid, as an RFC 3339 moment; `None` means now.
        start: Option<String>,
    },
}

impl Operation {
    /// A name for logs and errors that contains no personal data.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateUser { .. } => "create user",
            Self::PutUser { .. } => "put user",
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

    /// Whether sending the same operation twice leaves the tenant as sending it once does.
    ///
    /// A second delete or removal is refused as absent. A group is looked up before its creation is repeated, since an upsert carries
    /// properties that are read-only once the group exists.
    pub const fn repeatable(&self) -> bool {
        !matches!(self, Self::CreateUser { .. } | Self::RestoreUser { .. } | Self::CreateGroup { .. })
    }

    /// The objects that the operation names. A replica may not know one of them yet.
    pub fn objects(&self) -> Vec<&ObjectId> {
        match self {
            Self::CreateUser { .. } => Vec::new(),
            Self::PutUser { id, manager, .. } => std::iter::once(id).chain(manager).collect(),
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

    /// The attributes that the operation carries.
    pub fn attributes(&self) -> Vec<Attribute> {
        match self {
            Self::CreateUser { attributes, .. } => attributes.keys().copied().collect(),
            Self::UpdateUser { edits, .. } => edits.keys().copied().collect(),
            Self::PutUser { attributes, .. } => attributes.keys().copied().collect(),
            _ => Vec::new(),
        }
    }
}

/// Shows the kind alone: everything else is personal data or a secret.
impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operation({})", self.name())
    }
}
