//! The application permissions that Graph asks for, by what is to be done.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::Attribute;

/// What a connector will ask of Graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The attributes that are written.
    pub attributes: BTreeSet<Attribute>,
    /// What is done besides.
    pub deeds: BTreeSet<Deed>,
}

/// What is done besides reading people and writing their attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Accounts are enabled and disabled.
    Enable,
    /// The sessions of users are ended.
    Revoke,
    /// Accounts are deleted or restored.
    Delete,
    /// Licences are taken back.
    License,
    /// Groups are created, renamed, and their members changed.
    Group,
    /// Temporary Access Passes are made.
    Pass,
}

/// Permissions that include a lesser one.
const INCLUDED: [(&str, &[&str]); 8] = [
    ("User.ReadWrite.All", &["Directory.ReadWrite.All"]),
    ("User.DeleteRestore.All", &["User.ReadWrite.All", "Directory.ReadWrite.All"]),
    ("Group.Read.All", &["Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]),
    ("Group.ReadWrite.All", &["Directory.ReadWrite.All"]),
    ("Domain.Read.All", &["Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]),
    ("Organization.Read.All", &["Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]),
    (
        "RoleManagement.Read.Directory",
        &["RoleManagement.ReadWrite.Directory", "RoleManagement.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    ),
    ("RoleEligibilitySchedule.Read.Directory", &["RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.Read.Directory"]),
];

/// The least permissions for the work, each with what it is for.
pub fn needed(work: &Work) -> BTreeMap<&'static str, String> {
    let mut needed = BTreeMap::from([
        ("User.ReadWrite.All", "reading users, creating them, their attributes and managers".to_owned()),
        ("Group.Read.All", "reading role-assignable groups, to shield their members".to_owned()),
        ("RoleManagement.Read.Directory", "reading the holders of directory roles, to shield them".to_owned()),
        ("RoleEligibilitySchedule.Read.Directory", "reading eligible role assignments, to shield their holders".to_owned()),
        ("Domain.Read.All", "reading the verified domains".to_owned()),
        ("Organization.Read.All", "reading the id of the tenant".to_owned()),
    ]);
    needed.extend(work.deeds.iter().map(|deed| match deed {
        Deed::Enable => ("User.EnableDisableAccount.All", "enabling and disabling accounts".to_owned()),
        Deed::Revoke => ("User.RevokeSessions.All", "ending the sessions of leavers".to_owned()),
        Deed::Delete => ("User.DeleteRestore.All", "deleting and restoring accounts".to_owned()),
        Deed::License => ("LicenseAssignment.ReadWrite.All", "taking licences back".to_owned()),
        Deed::Group => ("Group.ReadWrite.All", "groups and their members".to_owned()),
        Deed::Pass => ("UserAuthMethod-TAP.ReadWrite.All", "Temporary Access Passes".to_owned()),
    }));
    let mut own: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for attribute in work.attributes.iter().filter(|attribute| attribute.name != "accountEnabled") {
        own.entry(attribute.permission).or_default().push(attribute.name);
    }
    for (permission, names) in own {
        needed.entry(permission).or_insert_with(|| names.join(", "));
    }
    needed
}

/// Which of them the token does not carry.
pub fn missing(needed: &BTreeMap<&'static str, String>, granted: &BTreeSet<String>) -> BTreeMap<&'static str, String> {
    let included = |name: &str| {
        let greater = INCLUDED.iter().find(|(lesser, _)| *lesser == name).map_or(&[][..], |(_, greater)| greater);
        greater.iter().any(|greater| granted.contains(*greater))
    };
    let lacking = needed.iter().filter(|(name, _)| !granted.contains(**name) && !included(name));
    lacking.map(|(name, purpose)| (*name, purpose.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_work_names_its_permission_and_a_greater_one_will_do() {
        let phone = Attribute::find("mobilePhone").unwrap();
        let work = Work { attributes: [phone].into(), deeds: [Deed::Revoke, Deed::Group].into() };
        let needed = needed(&work);
        assert_eq!(needed["User-Phone.ReadWrite.All"], "mobilePhone");
        assert!(needed.contains_key("User.RevokeSessions.All") && !needed.contains_key("LicenseAssignment.ReadWrite.All"));
        let granted = ["Directory.ReadWrite.All", "User.RevokeSessions.All", "RoleManagement.Read.Directory"];
        let granted = granted.map(str::to_owned).into();
        let missing: Vec<&str> = missing(&needed, &granted).into_keys().collect();
        assert_eq!(missing, ["User-Phone.ReadWrite.All"]);
    }
}
