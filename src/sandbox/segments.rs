//! The segments of Graph's paths. A name that Graph does not have is refused as a mistake of the caller; a name that Graph has and
//! the sandbox does not serve is answered with 501 by the routes.
//!
//! The lists are those of the metadata of v1.0, as Microsoft's SDK for Python 1.65 has them.

use super::object::Kind;
use super::object_view::cast;
use super::reply::Problem;
use super::schema::find;

/// What comes after the version.
const ROOT: &str = "$batch $metadata admin agreementAcceptances agreements appCatalogs applicationTemplates applications auditLogs \
    authenticationMethodConfigurations authenticationMethodsPolicy certificateBasedAuthConfiguration chats communications compliance \
    connections contacts contracts copilot dataPolicyOperations deviceAppManagement deviceManagement devices directory \
    directoryObjects directoryRoleTemplates directoryRoles domainDnsRecords domains drive drives education employeeExperience \
    external filterOperators functions groupLifecyclePolicies groupSettingTemplates groupSettings groups identity \
    identityGovernance identityProtection identityProviders informationProtection invitations localizations me \
    oauth2PermissionGrants organization permissionGrants places planner policies print privacy reports roleManagement \
    schemaExtensions scopedRoleMemberships search security servicePrincipals shares sites solutions storage subscribedSkus \
    subscriptions teams teamsTemplates teamwork tenantRelationships users";

/// What comes after a user, its properties apart.
const USER: &str = "activities adhocCalls agreementAcceptances appRoleAssignments assignLicense authentication calendar \
    calendarGroups calendarView calendars changePassword chats checkMemberGroups checkMemberObjects cloudClipboard cloudPCs \
    contactFolders contacts createdObjects dataSecurityAndGovernance deviceManagementTroubleshootingEvents directReports drive \
    drives employeeExperience events exportDeviceAndAppManagementData exportPersonalData extensions findMeetingTimes followedSites \
    getMailTips getManagedAppDiagnosticStatuses getManagedAppPolicies getManagedDevicesWithAppFailures getMemberGroups \
    getMemberObjects inferenceClassification insights invitedBy joinedTeams licenseDetails mailFolders mailboxSettings \
    managedAppRegistrations managedDevices manager memberOf messages oauth2PermissionGrants onPremisesSyncBehavior onenote \
    onlineMeetings outlook ownedDevices ownedObjects people permissionGrants photo photos planner presence print registeredDevices \
    reminderView removeAllDevicesFromManagement reprocessLicenseAssignment restore retryServiceProvisioning revokeSignInSessions \
    scopedRoleMemberOf sendMail serviceProvisioningErrors settings solutions sponsorOf sponsors teamwork todo transitiveMemberOf \
    transitiveReports translateExchangeIds wipeManagedAppRegistrationsByDeviceTag";

/// What comes after `authentication` of a user.
const AUTHENTICATION: &str = "emailMethods externalAuthenticationMethods fido2Methods methods microsoftAuthenticatorMethods \
    operations passwordMethods phoneMethods platformCredentialMethods qrCodePinMethod softwareOathMethods \
    temporaryAccessPassMethods windowsHelloForBusinessMethods";

/// What comes after a group, its properties apart.
const GROUP: &str = "acceptedSenders addFavorite appRoleAssignments assignLicense calendar calendarView \
    checkGrantedPermissionsForApp checkMemberGroups checkMemberObjects conversations createdOnBehalfOf drive drives events \
    extensions getMemberGroups getMemberObjects groupLifecyclePolicies memberOf members membersWithLicenseErrors \
    onPremisesSyncBehavior onenote owners permissionGrants photo photos planner rejectedSenders removeFavorite renew \
    resetUnseenCount restore retryServiceProvisioning serviceProvisioningErrors settings sites subscribeByMail team threads \
    transitiveMemberOf transitiveMembers unsubscribeByMail validateProperties";

const DIRECTORY: &str = "administrativeUnits attributeSets customSecurityAttributeDefinitions deletedItems deviceLocalCredentials \
    federationConfigurations onPremisesSynchronization publicKeyInfrastructure recovery remoteTenantGroups subscriptions \
    tenantGovernance";

const ROLE_DIRECTORY: &str = "resourceNamespaces roleAssignmentScheduleInstances roleAssignmentScheduleRequests \
    roleAssignmentSchedules roleAssignments roleDefinitions roleEligibilityScheduleInstances roleEligibilityScheduleRequests \
    roleEligibilitySchedules";

const POLICIES: &str = "activityBasedTimeoutPolicies adminConsentRequestPolicy appManagementPolicies authenticationFlowsPolicy \
    authenticationMethodsPolicy authenticationStrengthPolicies authorizationPolicy claimsMappingPolicies conditionalAccessPolicies \
    crossTenantAccessPolicy defaultAppManagementPolicy deviceRegistrationPolicy featureRolloutPolicies \
    federatedTokenValidationPolicy homeRealmDiscoveryPolicies identitySecurityDefaultsEnforcementPolicy ownerlessGroupPolicy \
    permissionGrantPolicies roleManagementPolicies roleManagementPolicyAssignments tokenIssuancePolicies tokenLifetimePolicies";

/// The version that a path begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Beta,
    /// Graph has none of that name.
    None,
}

/// The version that a path begins with.
pub(super) fn version(path: &str) -> Version {
    let first = path.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default();
    match first {
        first if first.eq_ignore_ascii_case("v1.0") => Version::One,
        first if first.eq_ignore_ascii_case("beta") => Version::Beta,
        _ => Version::None,
    }
}

/// Refuses a path with a segment that Graph does not have.
pub(super) fn check(parts: &[&str]) -> Result<(), Problem> {
    let property = |kind: Kind, name: &str| find(kind, name).is_some();
    let (known, name) = match parts {
        [first, ..] if !among(ROOT, first) => (false, *first),
        ["users", _, "authentication", name, ..] => (among(AUTHENTICATION, name), *name),
        ["users", _, name, ..] => (among(USER, name) || property(Kind::User, name), *name),
        ["groups", _, name, ..] => (among(GROUP, name) || property(Kind::Group, name), *name),
        ["directory", name, ..] => (among(DIRECTORY, name), *name),
        ["roleManagement", "directory", name, ..] => (among(ROLE_DIRECTORY, name), *name),
        ["roleManagement", name, ..] => (among("directory entitlementManagement", name), *name),
        ["policies", name, ..] => (among(POLICIES, name), *name),
        _ => return Ok(()),
    };
    if known || name.starts_with('$') || cast(name).is_some() {
        return Ok(());
    }
    Err(Problem::new(400, "BadRequest", format!("Resource not found for the segment '{name}'.")))
}

fn among(names: &str, name: &str) -> bool {
    names.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_graph_pass_and_others_are_refused_where_they_stand() {
        let passing = [
            "users",
            "users/x",
            "users/x/manager/$ref",
            "users/x/Sponsors",
            "users/x/displayName",
            "users/x/microsoft.graph.user",
            "users/x/authentication/phoneMethods",
            "groups/x/team",
            "groups/$count",
            "directory/administrativeUnits/x/y",
            "invitations",
            "roleManagement/directory/roleAssignmentSchedules",
            "policies/authorizationPolicy",
            "$batch",
        ];
        for path in passing {
            assert!(check(&path.split('/').collect::<Vec<_>>()).is_ok(), "{path}");
        }
        let wrong = [
            ("user", "user"),
            ("v1.0/users", "v1.0"),
            ("users/x/boss", "boss"),
            ("users/x/authentication/passes", "passes"),
            ("groups/x/manager", "manager"),
            ("directory/deleted", "deleted"),
            ("roleManagement/directory/roles", "roles"),
            ("policies/passes", "passes"),
        ];
        for (path, at) in wrong {
            let problem = check(&path.split('/').collect::<Vec<_>>()).unwrap_err();
            assert_eq!((problem.status, problem.code), (400, "BadRequest"));
            assert_eq!(problem.message, format!("Resource not found for the segment '{at}'."));
        }
    }
}
