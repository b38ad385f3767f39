//! What the targets of a schema are called in Graph.

use crate::directory::all_attributes;

/// What a target of the schema is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This attribute of a user.
    Attribute(String),
    /// The reference to the manager, which the mapping sets by `[manager]`.
    Manager,
    /// Whether the account is enabled; the text of the value that blocks it.
    Enabled { blocked: &'static [&'static str], free: &'static [&'static str] },
    /// The pseudo target that drops a record.
    ObjectFilter,
    /// The target has no counterpart here; the text gives the reason for the report.
    Nothing(&'static str),
}

/// Names of the provisioning service, of on-premises AD and of common apps, beside those of Graph.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("sn", "surname"),
    ("l", "city"),
    ("st", "state"),
    ("co", "country"),
    ("c", "usageLocation"),
    ("title", "jobTitle"),
    ("company", "companyName"),
    ("employeeNumber", "employeeId"),
    ("physicalDeliveryOfficeName", "officeLocation"),
    ("telephoneNumber", "businessPhones"),
    ("mobile", "mobilePhone"),
    ("facsimileTelephoneNumber", "faxNumber"),
    ("street", "streetAddress"),
    ("immutableId", "onPremisesImmutableId"),
    ("division", "employeeOrgData.division"),
    ("costCenter", "employeeOrgData.costCenter"),
    ("employeeOrgDataCostCenter", "employeeOrgData.costCenter"),
    ("employeeOrgDataDivision", "employeeOrgData.division"),
    ("hireDate", "employeeHireDate"),
    ("username", "userPrincipalName"),
    ("alias", "mailNickname"),
    ("email", "mail"),
    ("firstName", "givenName"),
    ("lastName", "surname"),
    ("name.givenName", "givenName"),
    ("name.familyName", "surname"),
    ("emails[type eq \"work\"].value", "mail"),
];

const ON_PREMISES: &str = "exists only in on-premises AD";

/// Targets without a counterpart, and why.
const NOWHERE: &[(&str, &str)] = &[
    ("parentDistinguishedName", ON_PREMISES),
    ("accountExpires", "exists only in on-premises AD: [lifecycle] end blocks the account after the last day"),
    ("sAMAccountName", ON_PREMISES),
    ("cn", ON_PREMISES),
    ("name", ON_PREMISES),
    ("initials", ON_PREMISES),
    ("info", ON_PREMISES),
    ("description", ON_PREMISES),
    ("distinguishedName", ON_PREMISES),
    ("userAccountControl", ON_PREMISES),
    ("pwdLastSet", ON_PREMISES),
    ("unicodePwd", "hrpush creates first passwords itself; no mapping sets them"),
    ("objectGUID", ON_PREMISES),
    ("objectSid", ON_PREMISES),
    ("objectId", "Entra sets it"),
    ("passwordProfile.password", "hrpush creates first passwords itself; no mapping sets them"),
    ("password", "hrpush creates first passwords itself; no mapping sets them"),
    ("isSoftDeleted", "deletion follows [lifecycle] delete_after"),
    ("proxyAddresses", "Exchange sets it"),
];

/// The meaning of a target's name.
pub(super) fn meaning(name: &str) -> Meaning {
    let name = name.trim();
    let same = |known: &str| known.eq_ignore_ascii_case(name);
    if same("manager") {
        return Meaning::Manager;
    }
    if same("objectFilter") {
        return Meaning::ObjectFilter;
    }
    if ["accountEnabled", "active", "isActive"].into_iter().any(same) {
        return Meaning::Enabled { blocked: &["False", "0"], free: &["True", "1"] };
    }
    if ["accountDisabled", "isDisabled"].into_iter().any(same) {
        return Meaning::Enabled { blocked: &["True", "1"], free: &["False", "0"] };
    }
    if let Some((_, reason)) = NOWHERE.iter().find(|(known, _)| same(known)) {
        return Meaning::Nothing(reason);
    }
    if let Some(attribute) = all_attributes().find(|attribute| same(attribute.name)) {
        return if attribute.read_only {
            Meaning::Nothing("Entra or an action of its own sets it")
        } else {
            Meaning::Attribute(attribute.name.to_owned())
        };
    }
    let last = name.rsplit(['.', ':']).next().unwrap_or(name).to_ascii_lowercase();
    if let Some(number) = last.strip_prefix("extensionattribute") {
        return Meaning::Attribute(format!("onPremisesExtensionAttributes.extensionAttribute{number}"));
    }
    if name.starts_with("extension_") {
        return Meaning::Attribute(name.to_owned());
    }
    match OTHER_NAMES.iter().find(|(known, _)| same(known)) {
        Some((_, name)) => Meaning::Attribute((*name).to_owned()),
        None if name.to_ascii_lowercase().starts_with("msexch") => Meaning::Nothing("belongs to on-premises Exchange"),
        None => Meaning::Nothing("a user in Graph has no such attribute that hrpush writes"),
    }
}
