//! Where an attribute stands in the record of a person.

use crate::directory::{Attribute, Kind, roles};
use crate::scim::{AttributePath, ENTERPRISE, Operand, Operator};

/// The place of an attribute in a SCIM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributePlace {
    /// An attribute of the core schema.
    Core(String),
    /// A part of an object of the core schema, such as `name` and `givenName`.
    Part(String, String),
    /// A part of the only entry of type work in a list.
    Work(String, String),
    /// An attribute of an extension.
    Extension(String, String),
    /// It is not sent: the job has no use for it.
    Unsent,
}

/// Why an attribute cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceFault {
    /// SCIM has no such attribute, and no extension is named.
    #[error(
        "has no place in a SCIM record, hint: name the job's own schema, such as extension = \"urn:contoso:employee\" in [target]"
    )]
    NoExtension,
    /// The job takes single values alone.
    #[error("has several values, and the job takes single values alone, hint: leave it out of the mapping")]
    List,
    /// The job reads entries of the type work alone.
    #[error("is an entry that the job does not read, hint: the type of an entry must be work")]
    NotWork,
}

/// The place of an attribute; `extension` is the schema of the job's own attributes.
///
/// ```
/// use hrpush::bulk_upload::{AttributePlace, place_of};
/// use hrpush::directory::Attribute;
///
/// let city = Attribute::find("city").unwrap();
/// assert_eq!(place_of(city, None), Ok(AttributePlace::Work("addresses".into(), "locality".into())));
/// assert!(place_of(Attribute::find("officeLocation").unwrap(), None).is_err());
/// ```
///
/// # Errors
/// An attribute that cannot be sent.
pub fn place_of(attribute: Attribute, extension: Option<&str>) -> Result<AttributePlace, PlaceFault> {
    if attribute.is_scim_path() {
        return attribute.name.parse().map_err(|_| PlaceFault::NotWork).and_then(|path| of_path(&path));
    }
    let core = |name: &str| Ok(AttributePlace::Core(name.to_owned()));
    let part = |object: &str, name: &str| Ok(AttributePlace::Part(object.to_owned(), name.to_owned()));
    let work = |list: &str, name: &str| Ok(AttributePlace::Work(list.to_owned(), name.to_owned()));
    let enterprise = |name: &str| Ok(AttributePlace::Extension(ENTERPRISE.to_owned(), name.to_owned()));
    match attribute.name {
        roles::ACCOUNT_ENABLED => core("active"),
        roles::USER_PRINCIPAL_NAME => core("userName"),
        "displayName" | "preferredLanguage" => core(attribute.name),
        "jobTitle" => core("title"),
        "employeeType" => core("userType"),
        "givenName" => part("name", "givenName"),
        "surname" => part("name", "familyName"),
        "mail" => work("emails", "value"),
        "businessPhones" => work("phoneNumbers", "value"),
        "streetAddress" | "postalCode" | "country" => work("addresses", attribute.name),
        "city" => work("addresses", "locality"),
        "state" => work("addresses", "region"),
        "employeeId" => enterprise("employeeNumber"),
        "department" => enterprise("department"),
        "companyName" => enterprise("organization"),
        "employeeOrgData.division" => enterprise("division"),
        "employeeOrgData.costCenter" => enterprise("costCenter"),
        // Made by hrpush where the mapping has none: the job's own mapping makes one.
        roles::MAIL_NICKNAME => Ok(AttributePlace::Unsent),
        _ if attribute.kind == Kind::List => Err(PlaceFault::List),
        name => {
            let extension = extension.ok_or(PlaceFault::NoExtension)?;
            let name = name.rsplit('.').next().unwrap_or(name);
            Ok(AttributePlace::Extension(extension.to_owned(), name.to_owned()))
        }
    }
}

fn of_path(path: &AttributePath) -> Result<AttributePlace, PlaceFault> {
    let name = path.name.to_string();
    match (&path.urn, &path.filter, &path.part) {
        (Some(urn), None, _) => Ok(AttributePlace::Extension(urn.to_string(), name)),
        (None, None, None) => Ok(AttributePlace::Core(name)),
        (None, None, Some(part)) => Ok(AttributePlace::Part(name, part.to_string())),
        (_, Some(filter), part) => {
            let terms = filter.conjunction().unwrap_or_default();
            let is_work = |(path, operator, operand): &(&AttributePath, Operator, &Operand)| {
                &*path.name == "type" && *operator == Operator::Eq && **operand == Operand::Text("work".into())
            };
            let read = ["emails", "phoneNumbers", "addresses"].contains(&name.as_str());
            match (part, &terms[..]) {
                (Some(part), [term]) if read && is_work(term) => Ok(AttributePlace::Work(name, part.to_string())),
                _ => Err(PlaceFault::NotWork),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, extension: Option<&str>) -> Result<AttributePlace, PlaceFault> {
        place_of(Attribute::find(name).unwrap(), extension)
    }

    #[test]
    fn each_attribute_has_one_place_or_a_reason() {
        let ours = Some("urn:contoso:employee");
        let extension = |urn: &str, name: &str| Ok(AttributePlace::Extension(urn.to_owned(), name.to_owned()));
        assert_eq!(place("employeeHireDate", ours), extension("urn:contoso:employee", "employeeHireDate"));
        assert_eq!(
            place("onPremisesExtensionAttributes.extensionAttribute3", ours),
            extension("urn:contoso:employee", "extensionAttribute3")
        );
        assert_eq!(place("mobilePhone", None), Err(PlaceFault::NoExtension), "entries of type mobile are not read");
        assert_eq!(place("otherMails", ours), Err(PlaceFault::List));
        assert_eq!(place("urn:contoso:employee:JobCode", None), extension("urn:contoso:employee", "JobCode"));
        assert_eq!(place("nickName", None), Ok(AttributePlace::Core("nickName".into())));
        assert_eq!(place("name.middleName", None), Ok(AttributePlace::Part("name".into(), "middleName".into())));
        let work = AttributePlace::Work("addresses".into(), "formatted".into());
        assert_eq!(place(r#"addresses[type eq "work"].formatted"#, None), Ok(work));
        assert_eq!(place(r#"emails[type eq "home"].value"#, None), Err(PlaceFault::NotWork));
        assert_eq!(place("mailNickname", None), Ok(AttributePlace::Unsent));
    }
}
