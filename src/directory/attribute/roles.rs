//! The attributes that rules name, by Graph's spelling.
//!
//! A rule that asks for an attribute uses these constants, so that a misspelt name does not compile.

/// Whether sign-in is allowed.
pub const ACCOUNT_ENABLED: &str = "accountEnabled";
/// The sign-in name.
pub const USER_PRINCIPAL_NAME: &str = "userPrincipalName";
/// The mail alias, which Graph demands on create.
pub const MAIL_NICKNAME: &str = "mailNickname";
/// The primary mail address.
pub const MAIL: &str = "mail";
/// The name that people see.
pub const DISPLAY_NAME: &str = "displayName";
/// The first name. Together with [`SURNAME`] it identifies namesakes.
pub const GIVEN_NAME: &str = "givenName";
/// The family name. Together with [`GIVEN_NAME`] it identifies namesakes.
pub const SURNAME: &str = "surname";
/// The department. Reports show it beside the name of a person.
pub const DEPARTMENT: &str = "department";
/// The personnel number: the usual first match attribute.
pub const EMPLOYEE_ID: &str = "employeeId";
/// The key of a record at a SCIM service provider.
pub const EXTERNAL_ID: &str = "externalId";
/// The first working day.
pub const EMPLOYEE_HIRE_DATE: &str = "employeeHireDate";
/// The day on which the person leaves.
pub const EMPLOYEE_LEAVE_DATE_TIME: &str = "employeeLeaveDateTime";
/// The mobile phone, by which a password can be reset.
pub const MOBILE_PHONE: &str = "mobilePhone";
/// The phones at work.
pub const BUSINESS_PHONES: &str = "businessPhones";
/// Further mail addresses, by which a password can be reset.
pub const OTHER_MAILS: &str = "otherMails";
/// The link to the user of a federated domain.
pub const ON_PREMISES_IMMUTABLE_ID: &str = "onPremisesImmutableId";
/// The identity of a group, which only its creator gives.
pub const UNIQUE_NAME: &str = "uniqueName";
/// The owners of a group, a reference rather than an attribute of the catalogue.
pub const OWNERS: &str = "owners";
/// The manager, a reference rather than an attribute of the catalogue.
pub const MANAGER: &str = "manager";
