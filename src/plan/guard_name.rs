//! The names of the guards, as `[guard]`, plans, approvals and metrics write them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a guard.
///
/// ```
/// use hrpush::plan::GuardName;
///
/// assert_eq!(GuardName::RemoveMembers.to_string(), "removeMembers");
/// assert_eq!(GuardName::named("disable"), Some(GuardName::Disable));
/// assert_eq!(GuardName::named("disables"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GuardName {
    /// Records fewer than in the last good reading.
    Source,
    /// Columns that lost their values.
    Feed,
    /// Accounts to be disabled.
    Disable,
    /// Accounts to be enabled or restored.
    Enable,
    /// Accounts to be deleted.
    Delete,
    /// Accounts to be created.
    Create,
    /// People with any change.
    Update,
    /// People to lose a value or the manager.
    Clear,
    /// People to get another name or sign-in name.
    Identity,
    /// Memberships that the plan ends.
    RemoveMembers,
    /// Records that the last good reading did not hold.
    Held,
    /// People with an account and without a record.
    Missing,
}

impl GuardName {
    /// All guards, in the order in which a plan lists them.
    pub const ALL: [Self; 12] = [
        Self::Source,
        Self::Feed,
        Self::Disable,
        Self::Enable,
        Self::Delete,
        Self::Create,
        Self::Update,
        Self::Clear,
        Self::Identity,
        Self::RemoveMembers,
        Self::Held,
        Self::Missing,
    ];

    /// The name as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Feed => "feed",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
            Self::Create => "create",
            Self::Update => "update",
            Self::Clear => "clear",
            Self::Identity => "identity",
            Self::RemoveMembers => "removeMembers",
            Self::Held => "held",
            Self::Missing => "missing",
        }
    }

    /// The guard of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guard| guard.as_str() == name)
    }

    /// Whether it depends on what was read, and not on the changes. A yes to one broken file is no yes to another.
    pub fn is_of_reading(self) -> bool {
        matches!(self, Self::Source | Self::Feed | Self::Held | Self::Missing)
    }
}

impl fmt::Display for GuardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_the_name_that_the_configuration_has() {
        for guard in GuardName::ALL {
            assert_eq!(serde_json::to_value(guard).unwrap(), guard.as_str());
            assert_eq!(serde_json::from_value::<GuardName>(guard.as_str().into()).unwrap(), guard);
        }
        assert!(serde_json::from_str::<GuardName>("\"groups\"").is_err());
    }
}
