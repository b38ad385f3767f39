//! The attribute catalogue: what Graph says of each attribute of a user.
//!
//! Source: the property tables of the Graph v1.0 user resource and the user update page.

use super::pattern::Pattern;
use super::spec::{Kind, Spec, Vocabulary};

/// A text of at most so many characters; 0 is no limit.
pub(super) const fn text(name: &'static str, max_length: usize) -> Spec {
    Spec {
        name,
        vocabulary: Vocabulary::Graph,
        kind: Kind::Text,
        max_length: if max_length == 0 { None } else { Some(max_length) },
        max_items: None,
        clearable: true,
        read_only: false,
        sensitive: false,
        permission: "User.ReadWrite.All",
        pattern: Pattern::Free,
    }
}

const fn read_only(name: &'static str) -> Spec {
    Spec { read_only: true, ..text(name, 0) }
}

const fn extension(name: &'static str) -> Spec {
    text(name, 1024)
}

const MINORS: &[&str] = &["Minor", "NotAdult", "Adult"];
const CONSENTS: &[&str] = &["Granted", "Denied", "NotRequired"];
const POLICIES: &[&str] =
    &["DisableStrongPassword", "DisablePasswordExpiration", "DisablePasswordExpiration, DisableStrongPassword"];

/// All attributes that a mapping may name: the writable ones first, then those that are only read.
pub(super) static CATALOGUE: &[Spec] = &[
    Spec {
        kind: Kind::Flag,
        sensitive: true,
        clearable: false,
        permission: "User.EnableDisableAccount.All",
        ..text("accountEnabled", 0)
    },
    Spec { pattern: Pattern::OneOf(MINORS), ..text("ageGroup", 0) },
    Spec {
        kind: Kind::List,
        max_length: Some(64),
        max_items: Some(1),
        sensitive: true,
        permission: "User-Phone.ReadWrite.All",
        ..text("businessPhones", 64)
    },
    text("city", 128),
    text("companyName", 64),
    Spec { pattern: Pattern::OneOf(CONSENTS), ..text("consentProvidedForMinor", 0) },
    text("country", 128),
    text("department", 64),
    Spec { clearable: false, ..text("displayName", 256) },
    Spec { kind: Kind::Date, ..text("employeeHireDate", 0) },
    text("employeeId", 16),
    Spec { kind: Kind::Date, permission: "User-LifeCycleInfo.ReadWrite.All", ..text("employeeLeaveDateTime", 0) },
    text("employeeOrgData.costCenter", 0),
    text("employeeOrgData.division", 0),
    text("employeeType", 0),
    text("faxNumber", 0),
    text("givenName", 64),
    text("jobTitle", 128),
    Spec { kind: Kind::Name, clearable: false, pattern: Pattern::Address, ..text("mail", 256) },
    Spec { kind: Kind::Name, clearable: false, pattern: Pattern::Nickname, ..text("mailNickname", 64) },
    Spec { sensitive: true, permission: "User-Phone.ReadWrite.All", ..text("mobilePhone", 64) },
    text("officeLocation", 128),
    extension("onPremisesExtensionAttributes.extensionAttribute1"),
    extension("onPremisesExtensionAttributes.extensionAttribute10"),
    extension("onPremisesExtensionAttributes.extensionAttribute11"),
    extension("onPremisesExtensionAttributes.extensionAttribute12"),
    extension("onPremisesExtensionAttributes.extensionAttribute13"),
    extension("onPremisesExtensionAttributes.extensionAttribute14"),
    extension("onPremisesExtensionAttributes.extensionAttribute15"),
    extension("onPremisesExtensionAttributes.extensionAttribute2"),
    extension("onPremisesExtensionAttributes.extensionAttribute3"),
    extension("onPremisesExtensionAttributes.extensionAttribute4"),
    extension("onPremisesExtensionAttributes.extensionAttribute5"),
    extension("onPremisesExtensionAttributes.extensionAttribute6"),
    extension("onPremisesExtensionAttributes.extensionAttribute7"),
    extension("onPremisesExtensionAttributes.extensionAttribute8"),
    extension("onPremisesExtensionAttributes.extensionAttribute9"),
    Spec { sensitive: true, pattern: Pattern::ImmutableId, ..text("onPremisesImmutableId", 0) },
    Spec {
        kind: Kind::List,
        max_items: Some(250),
        sensitive: true,
        pattern: Pattern::Address,
        permission: "User-Mail.ReadWrite.All",
        ..text("otherMails", 250)
    },
    Spec { pattern: Pattern::OneOf(POLICIES), ..text("passwordPolicies", 0) },
    text("postalCode", 40),
    Spec { pattern: Pattern::Language, ..text("preferredLanguage", 0) },
    text("state", 128),
    text("streetAddress", 1024),
    text("surname", 64),
    Spec { clearable: false, pattern: Pattern::Country, ..text("usageLocation", 2) },
    Spec { kind: Kind::Name, sensitive: true, clearable: false, pattern: Pattern::Upn, ..text("userPrincipalName", 113) },
    Spec { clearable: false, pattern: Pattern::OneOf(&["Member", "Guest"]), ..text("userType", 0) },
    read_only("aboutMe"),
    read_only("assignedLicenses"),
    read_only("assignedPlans"),
    read_only("birthday"),
    read_only("createdDateTime"),
    read_only("creationType"),
    read_only("externalUserState"),
    read_only("externalUserStateChangeDateTime"),
    read_only("hireDate"),
    read_only("id"),
    read_only("identities"),
    read_only("imAddresses"),
    read_only("isManagementRestricted"),
    read_only("lastPasswordChangeDateTime"),
    read_only("legalAgeGroupClassification"),
    read_only("licenseAssignmentStates"),
    read_only("mailboxSettings"),
    read_only("onPremisesDistinguishedName"),
    read_only("onPremisesDomainName"),
    read_only("onPremisesLastSyncDateTime"),
    read_only("onPremisesProvisioningErrors"),
    read_only("onPremisesSamAccountName"),
    read_only("onPremisesSecurityIdentifier"),
    read_only("onPremisesSyncEnabled"),
    read_only("onPremisesUserPrincipalName"),
    read_only("passwordProfile"),
    read_only("provisionedPlans"),
    read_only("proxyAddresses"),
    read_only("securityIdentifier"),
    read_only("serviceProvisioningErrors"),
    read_only("signInActivity"),
    read_only("signInSessionsValidFromDateTime"),
];
