//! The application permissions that Graph asks for, by what is to be done.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Attribute, roles};

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
const INCLUDED: [(&str, &[&str]); 11] = [
    ("SynchronizationData-User.Upload", &["SynchronizationData-User.Upload.OwnedBy"]),
    ("ProvisioningLog.Read.All", &["AuditLog.Read.All", "Directory.Read.All"]),
    ("Synchronization.Read.All", &["Synchronization.ReadWrite.All", "Application.ReadWrite.OwnedBy"]),
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
    for attribute in work.attributes.iter().filter(|attribute| attribute.name != roles::ACCOUNT_ENABLED) {
        own.entry(attribute.permission).or_default().push(attribute.name);
    }
    for (permission, names) in own {
        needed.entry(permission).or_insert_with(|| names.join(", "));
    }
    needed
}

/// The least permissions for uploads to a provisioning job, each with what it is for.
pub fn needed_for_uploads() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("SynchronizationData-User.Upload", "uploading records to the provisioning job".to_owned()),
        ("ProvisioningLog.Read.All", "reading what became of the records".to_owned()),
        ("Synchronization.Read.All", "reading whether the provisioning job runs".to_owned()),
        ("Organization.Read.All", "reading the id of the tenant".to_owned()),
    ])
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

/// The ids of the application permissions (app roles of Microsoft Graph), as Microsoft's list of permissions has them.
const ROLES: [(&str, &str); 15] = [
    ("Domain.Read.All", "dbb9058a-0e50-45d7-ae91-66909b5d4664"),
    ("Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b"),
    ("Group.ReadWrite.All", "62a82d76-70ea-41e2-9197-370581804d09"),
    ("LicenseAssignment.ReadWrite.All", "5facf0c1-8979-4e95-abcf-ff3d079771c0"),
    ("Organization.Read.All", "498476ce-e0fe-48b0-b801-37ba7e2685c6"),
    ("RoleEligibilitySchedule.Read.Directory", "ff278e11-4a33-4d0c-83d2-d01dc58929a5"),
    ("RoleManagement.Read.Directory", "483bed4a-2ad3-4361-a73b-c83ccdbdc53c"),
    ("User-LifeCycleInfo.ReadWrite.All", "925f1248-0f97-47b9-8ec8-538c54e01325"),
    ("User-Mail.ReadWrite.All", "280d0935-0796-47d1-8d26-273470a3f17a"),
    ("User-Phone.ReadWrite.All", "86ceff06-c822-49ff-989a-d912845ffe69"),
    ("User.DeleteRestore.All", "eccc023d-eccf-4e7b-9683-8813ab36cecc"),
    ("User.EnableDisableAccount.All", "3011c876-62b7-4ada-afa2-506cbbecc68c"),
    ("User.ReadWrite.All", "741f803b-c850-494e-b5df-cde7c675a1ca"),
    ("User.RevokeSessions.All", "77f3a031-c388-4f99-b373-dc68676a979e"),
    ("UserAuthMethod-TAP.ReadWrite.All", "627169a8-8c15-451c-861a-5b80e383de5c"),
];

/// The ids of the further permissions of a provisioning job.
const UPLOAD_ROLES: [(&str, &str); 3] = [
    ("ProvisioningLog.Read.All", "091937d3-3e38-47a1-8649-b2f99d3035f1"),
    ("Synchronization.Read.All", "5ba43d2f-fa88-4db2-bd1c-a67c5f0fb1ce"),
    ("SynchronizationData-User.Upload", "db31e92a-b9ea-4d87-bf6a-75a37a9ca35a"),
];

/// Permissions that give far more than hrpush ever uses, and what they allow.
const BROAD: [(&str, &str); 9] = [
    ("Application.ReadWrite.All", "it can add credentials to any application"),
    ("AppRoleAssignment.ReadWrite.All", "it can grant any permission to any application"),
    ("Directory.ReadWrite.All", "it is broad, and each operation has a narrower permission"),
    ("Domain.ReadWrite.All", "reading domains is enough"),
    ("Organization.ReadWrite.All", "reading the organization is enough"),
    ("Policy.ReadWrite.AuthenticationMethod", "reading policies is enough"),
    ("RoleAssignmentSchedule.ReadWrite.Directory", "it can make any account an administrator"),
    ("RoleManagement.ReadWrite.Directory", "it can make any account an administrator"),
    ("UserAuthenticationMethod.ReadWrite.All", "it changes the sign-in methods of every user"),
];

/// The id of an application permission in the manifest of an app registration.
pub(super) fn app_role_id(permission: &str) -> Option<&'static str> {
    ROLES.iter().chain(&UPLOAD_ROLES).find(|(name, _)| *name == permission).map(|(_, id)| *id)
}

/// The granted permissions that the work does not need, each with its risk where it gives far more. A greater permission that stands for a
/// needed one is needed, unless it is one of the broad ones.
pub fn superfluous<'g>(
    needed: &BTreeMap<&'static str, String>,
    granted: &'g BTreeSet<String>,
) -> Vec<(&'g str, Option<&'static str>)> {
    let stands_for = |greater: &str| {
        let lesser = INCLUDED.iter().filter(|(_, greaters)| greaters.contains(&greater)).map(|(lesser, _)| *lesser);
        lesser.into_iter().any(|lesser| needed.contains_key(lesser) && !granted.contains(lesser))
    };
    let risk = |name: &str| BROAD.iter().find(|(broad, _)| *broad == name).map(|(_, risk)| *risk);
    let names = granted.iter().map(String::as_str).filter(|name| !needed.contains_key(name));
    names.map(|name| (name, risk(name))).filter(|(name, risk)| risk.is_some() || !stands_for(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_that_can_be_needed_has_its_id() {
        let deeds = [Deed::Enable, Deed::Revoke, Deed::Delete, Deed::License, Deed::Group, Deed::Pass];
        let work = Work { attributes: crate::directory::all_attributes().collect(), deeds: deeds.into() };
        let without: Vec<&str> = needed(&work).into_keys().filter(|name| app_role_id(name).is_none()).collect();
        assert_eq!(without, [""; 0]);
        assert!(needed_for_uploads().into_keys().all(|name| app_role_id(name).is_some()));
    }

    #[test]
    fn the_page_of_the_first_tenant_lists_exactly_what_the_doctor_may_ask_for() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/first-tenant.md");
        let page = std::fs::read_to_string(page).unwrap();
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let listed: BTreeSet<&str> =
            rows.map(|(name, _)| name).filter(|name| name.contains('.') && !name.contains(' ')).collect();
        let known: BTreeSet<&str> = ROLES.iter().map(|(name, _)| *name).collect();
        // A dot alone makes no permission: file names stand in tables too.
        let listed: BTreeSet<&str> =
            listed.into_iter().filter(|name| name.ends_with(".All") || name.ends_with(".Directory")).collect();
        assert_eq!(listed.symmetric_difference(&known).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn a_permission_that_stands_for_a_needed_one_is_not_superfluous_unless_it_is_broad() {
        let needed = needed(&Work::default());
        let granted =
            ["Group.ReadWrite.All", "Directory.ReadWrite.All", "Mail.Send", "User.ReadWrite.All"].map(str::to_owned).into();
        let names: Vec<(&str, bool)> =
            superfluous(&needed, &granted).into_iter().map(|(name, risk)| (name, risk.is_some())).collect();
        assert_eq!(names, [("Directory.ReadWrite.All", true), ("Mail.Send", false)]);
    }

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
