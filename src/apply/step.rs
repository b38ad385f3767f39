//! The steps of a run: one operation each, with its place among the others.

use std::collections::BTreeMap;

use super::outcome::StepName;
use crate::directory::{Attribute, ObjectId, Upn, Value, roles};
use crate::mapping::LeaveAction;

/// The attributes that one update sets or clears.
pub(super) type Edits = BTreeMap<Attribute, Option<Value>>;

/// Attributes that are sent alone once the account exists: a target may refuse them to apps, or require a permission of their own.
pub(super) const ALONE: [&str; 2] = [roles::EMPLOYEE_HIRE_DATE, roles::EMPLOYEE_LEAVE_DATE_TIME];

/// An object that a request names: one that exists, or one that an earlier step of the same run creates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ObjectRef {
    Id(ObjectId),
    NewUser(String),
    NewGroup(String),
    /// A key without an account.
    Nobody(String),
}

/// What a step does, before the ids of new objects are known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StepAction {
    CreateUser {
        attributes: BTreeMap<Attribute, Value>,
    },
    /// The whole record of a person, for a target that takes nothing less.
    PutUser {
        id: ObjectId,
        attributes: Edits,
        manager: Option<ObjectId>,
        /// Whether the person is new to the target.
        is_new: bool,
    },
    Update {
        user: ObjectRef,
        edits: Edits,
    },
    SetManager {
        user: ObjectRef,
        manager: ObjectRef,
    },
    ClearManager {
        user: ObjectRef,
    },
    /// A new random password for an account that exists.
    SetPassword {
        user: ObjectRef,
    },
    RevokeSessions {
        user: ObjectRef,
    },
    RemoveLicenses {
        user: ObjectRef,
        skus: Vec<String>,
    },
    DeleteUser {
        id: ObjectId,
    },
    RestoreUser {
        id: ObjectId,
        upn: Option<Upn>,
    },
    CreateGroup {
        unique_name: String,
        name: String,
        microsoft365: bool,
        owners: Vec<ObjectRef>,
    },
    RenameGroup {
        group: ObjectRef,
        name: String,
    },
    AddMembers {
        group: ObjectRef,
        members: Vec<(String, ObjectRef)>,
    },
    RemoveMember {
        group: ObjectRef,
        member: ObjectRef,
    },
    CreateTap {
        user: ObjectRef,
        start: Option<String>,
    },
    /// Cannot be sent: the step fails at once, for this reason.
    Impossible(String),
}

/// A request with its place in the run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// Position of the change in the plan.
    pub(super) change: usize,
    pub(super) phase: Phase,
    pub(super) act: StepAction,
    pub(super) leave: Option<LeaveAction>,
    /// The steps that must succeed first, by position.
    pub(super) needs: Vec<usize>,
    /// The steps that must end first, successfully or not.
    pub(super) follows: Vec<usize>,
    /// The steps that add the removed member to other groups. Unless all of them succeed, nothing is removed.
    pub(super) instead: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Close,
    Revoke,
    Leave,
    Appear,
    Update,
    Manager,
    Group,
    Add,
    Remove,
    Delete,
}

impl StepAction {
    /// The object that is written: never two requests to one in flight.
    pub(super) fn written(&self) -> Option<&ObjectRef> {
        match self {
            Self::Update { user, .. }
            | Self::SetManager { user, .. }
            | Self::ClearManager { user }
            | Self::SetPassword { user }
            | Self::RevokeSessions { user }
            | Self::RemoveLicenses { user, .. }
            | Self::CreateTap { user, .. } => Some(user),
            Self::RenameGroup { group, .. } | Self::AddMembers { group, .. } | Self::RemoveMember { group, .. } => Some(group),
            Self::CreateUser { .. }
            | Self::PutUser { .. }
            | Self::CreateGroup { .. }
            | Self::DeleteUser { .. }
            | Self::RestoreUser { .. }
            | Self::Impossible(_) => None,
        }
    }

    /// What the step makes of accountEnabled, where it does nothing else.
    pub(super) fn enables(&self) -> Option<bool> {
        let Self::Update { edits, .. } = self else { return None };
        match edits.iter().next() {
            Some((name, Some(Value::Flag(flag)))) if name.name == roles::ACCOUNT_ENABLED => Some(*flag),
            _ => None,
        }
    }

    /// The other objects that must exist.
    pub(super) fn named(&self) -> Option<&ObjectRef> {
        match self {
            Self::SetManager { manager, .. } => Some(manager),
            Self::RemoveMember { member, .. } => Some(member),
            _ => None,
        }
    }
}

impl StepAction {
    /// The step as a failure names it.
    pub(super) fn name(&self) -> StepName {
        match self {
            Self::CreateUser { .. } | Self::CreateGroup { .. } | Self::PutUser { is_new: true, .. } => StepName::Create,
            Self::Update { .. } => match self.enables() {
                Some(true) => StepName::Enable,
                Some(false) => StepName::Disable,
                None => StepName::Update,
            },
            Self::PutUser { .. } | Self::RenameGroup { .. } | Self::Impossible(_) => StepName::Update,
            Self::SetManager { .. } | Self::ClearManager { .. } => StepName::Manager,
            Self::SetPassword { .. } => StepName::Password,
            Self::RevokeSessions { .. } => StepName::RevokeSessions,
            Self::RemoveLicenses { .. } => StepName::RemoveLicenses,
            Self::DeleteUser { .. } => StepName::Delete,
            Self::RestoreUser { .. } => StepName::Restore,
            Self::AddMembers { .. } | Self::RemoveMember { .. } => StepName::Members,
            Self::CreateTap { .. } => StepName::Tap,
        }
    }
}
