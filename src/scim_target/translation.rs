//! Entra's attributes as SCIM paths, and back.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::profile::Profile;
use crate::directory::{Attribute, Kind, Value, canonical_date, roles};
use crate::scim::{AttributePath, values_at};

/// The paths that Entra's own SCIM API documents for its attributes.
const PATHS: &[(&str, &str)] = &[
    (roles::ACCOUNT_ENABLED, "active"),
    (roles::BUSINESS_PHONES, r#"phoneNumbers[type eq "work"].value"#),
    ("city", r#"addresses[type eq "work"].locality"#),
    ("companyName", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization"),
    ("country", r#"addresses[type eq "work"].country"#),
    (roles::DEPARTMENT, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"),
    (roles::DISPLAY_NAME, "displayName"),
    (roles::EMPLOYEE_ID, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber"),
    ("employeeOrgData.costCenter", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter"),
    ("employeeOrgData.division", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division"),
    ("employeeType", "userType"),
    ("faxNumber", r#"phoneNumbers[type eq "fax"].value"#),
    (roles::GIVEN_NAME, "name.givenName"),
    ("jobTitle", "title"),
    (roles::MAIL, r#"emails[type eq "work"].value"#),
    (roles::MOBILE_PHONE, r#"phoneNumbers[type eq "mobile"].value"#),
    (roles::OTHER_MAILS, r#"emails[type eq "other"].value"#),
    ("postalCode", r#"addresses[type eq "work"].postalCode"#),
    ("preferredLanguage", "preferredLanguage"),
    ("state", r#"addresses[type eq "work"].region"#),
    ("streetAddress", r#"addresses[type eq "work"].streetAddress"#),
    (roles::SURNAME, "name.familyName"),
    (roles::USER_PRINCIPAL_NAME, "userName"),
];

/// Why a provider has no such attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeFault {
    /// The attribute and the reason, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// The paths of one provider.
#[derive(Clone, Debug)]
pub struct Translation {
    paths: BTreeMap<Attribute, AttributePath>,
    refused: Vec<String>,
    profile: String,
}

impl Translation {
    /// The usual paths, with those of the profile.
    ///
    /// # Panics
    /// Never: a test reads every usual path.
    pub fn new(profile: &Profile) -> Self {
        let usual = PATHS
            .iter()
            .filter_map(|(name, path)| Some((Attribute::find(name)?, path.parse().expect("the usual paths are well-formed"))));
        let mut paths: BTreeMap<Attribute, AttributePath> = usual.collect();
        paths.extend(profile.paths.iter().map(|(attribute, path)| (*attribute, path.clone())));
        paths.retain(|attribute, _| !profile.refused.contains(attribute.name));
        Self { paths, refused: profile.refused.iter().cloned().collect(), profile: profile.name.clone() }
    }

    /// The path of an attribute; none where the provider has none.
    ///
    /// ```
    /// # use hrpush::directory::Attribute;
    /// # use hrpush::scim_target::{Profile, Translation};
    /// let rfc = Translation::new(&Profile::embedded("rfc").unwrap());
    /// let path = |name: &str| rfc.path(Attribute::find(name).unwrap()).map(|path| path.to_string());
    /// assert_eq!(path("jobTitle").as_deref(), Some("title"));
    /// assert_eq!(path("nickName").as_deref(), Some("nickName"));
    /// assert_eq!(path("usageLocation"), None);
    /// ```
    pub fn path(&self, attribute: Attribute) -> Option<AttributePath> {
        if attribute.is_scim_path() && !self.refused.iter().any(|refused| refused == attribute.name) {
            return attribute.name.parse().ok();
        }
        self.paths.get(&attribute).cloned()
    }

    /// Checks that the provider has these attributes, each at a path of its own.
    ///
    /// # Errors
    /// The first attribute that cannot be written, and why.
    pub fn check(&self, attribute: Attribute, others: &[Attribute]) -> Result<(), AttributeFault> {
        let Some(path) = self.path(attribute) else {
            return Err(AttributeFault {
                message: format!("the profile `{}` has no SCIM path for `{attribute}`", self.profile),
                hint: "leave it out, or name a SCIM path in its place, such as \"urn:contoso:employee:JobCode\"".to_owned(),
            });
        };
        let twin = others.iter().find(|other| **other != attribute && self.path(**other).as_ref() == Some(&path));
        match twin {
            Some(twin) => Err(AttributeFault {
                message: format!("`{attribute}` and `{twin}` are one attribute in SCIM, `{path}`"),
                hint: "leave one of them out".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The paths of the attributes to read, in their order.
    pub(super) fn paths_of(&self, attributes: &[Attribute]) -> Vec<Option<AttributePath>> {
        attributes.iter().map(|attribute| self.path(*attribute)).collect()
    }
}

/// The value of an attribute in a resource; empty values are none.
pub(super) fn read(attribute: Attribute, path: &AttributePath, resource: &Map<String, Json>) -> Option<Value> {
    let values = values_at(path, resource);
    let texts = values.into_iter().filter_map(text).filter(|text| !text.is_empty());
    match attribute.kind {
        Kind::List => {
            let mut items: Vec<Box<str>> = texts.map(Box::from).collect();
            items.sort();
            items.dedup();
            (!items.is_empty()).then(|| Value::List(items.into()))
        }
        Kind::Flag => texts.into_iter().find_map(|text| flag(&text)).map(Value::Flag),
        Kind::Date => texts.into_iter().next().map(|text| Value::text(canonical_date(&text).unwrap_or(text))),
        Kind::Text | Kind::Name => texts.into_iter().next().map(Value::text),
    }
}

/// A value as it is written.
pub(super) fn written(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => (&**text).into(),
        Value::List(items) => items.iter().map(|item| Json::from(&**item)).collect(),
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A boolean, which some providers answer as text in any case.
pub(super) fn flag(text: &str) -> Option<bool> {
    ["true", "false"].into_iter().find(|word| text.eq_ignore_ascii_case(word)).map(|word| word == "true")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attribute(name: &str) -> Attribute {
        Attribute::find(name).unwrap()
    }

    #[test]
    fn every_usual_path_is_read_as_it_is_written() {
        let rfc = Translation::new(&Profile::embedded("rfc").unwrap());
        for (name, path) in PATHS {
            assert_eq!(rfc.path(attribute(name)).unwrap().to_string(), *path);
            assert_eq!(rfc.check(attribute(name), &[attribute(name)]), Ok(()));
        }
    }

    #[test]
    fn two_attributes_cannot_share_a_path() {
        let rfc = Translation::new(&Profile::embedded("rfc").unwrap());
        let fault = rfc.check(attribute("title"), &[attribute("jobTitle"), attribute("title")]).unwrap_err();
        assert_eq!(fault.message, "`title` and `jobTitle` are one attribute in SCIM, `title`");
        assert!(rfc.check(attribute("usageLocation"), &[]).unwrap_err().message.contains("no SCIM path"));
    }

    #[test]
    fn a_profile_adds_and_refuses_attributes() {
        let entra = Translation::new(&Profile::embedded("entra").unwrap());
        assert!(entra.path(attribute("usageLocation")).is_some());
        let aws = Translation::new(&Profile::embedded("aws").unwrap());
        assert!(aws.path(attribute("otherMails")).is_none() && aws.path(attribute("mail")).is_some());
    }

    #[test]
    fn values_are_read_leniently() {
        let resource = json!({
            "active": "False",
            "emails": [{ "type": "work", "value": "a@x.example" }, { "type": "other", "value": "b@x.example" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "employeeNumber": 17 },
            "title": "",
        });
        let rfc = Translation::new(&Profile::embedded("rfc").unwrap());
        let value = |name: &str| read(attribute(name), &rfc.path(attribute(name)).unwrap(), resource.as_object().unwrap());
        assert!(value("accountEnabled") == Some(Value::Flag(false)));
        assert!(value("mail") == Some(Value::text("a@x.example")));
        assert!(value("otherMails") == Some(Value::List(["b@x.example".into()].into())));
        assert!(value("employeeId") == Some(Value::text("17")));
        assert!(value("jobTitle").is_none());
    }
}
