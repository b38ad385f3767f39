//! A resource as columns: each value under the path by which a mapping names it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::evaluation::{Scope, values};
use super::filter::AttributePath;
use super::resource::is_urn;
use super::schema::{ResourceKind, find};

/// The columns that a feed has before anybody is pushed.
pub const USUAL_COLUMNS: &[&str] = &[
    "externalId",
    "id",
    "userName",
    "active",
    "displayName",
    "name.givenName",
    "name.familyName",
    "name.middleName",
    "name.formatted",
    "nickName",
    "title",
    "userType",
    "preferredLanguage",
    "emails[type eq \"work\"].value",
    "phoneNumbers[type eq \"work\"].value",
    "phoneNumbers[type eq \"mobile\"].value",
    "addresses[type eq \"work\"].streetAddress",
    "addresses[type eq \"work\"].locality",
    "addresses[type eq \"work\"].region",
    "addresses[type eq \"work\"].postalCode",
    "addresses[type eq \"work\"].country",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
    "groups",
];

/// Whether a text is a path that a user may have a value at.
///
/// ```
/// # use hrpush::scim::is_column;
/// assert!(is_column("urn:contoso:employee:JobCode") && is_column(r#"emails[type eq "home"].value"#));
/// assert!(!is_column("EmployeeID") && !is_column("name.firstName"));
/// ```
pub fn is_column(text: &str) -> bool {
    let Ok(path) = text.parse::<AttributePath>() else { return false };
    match (Scope::Resource(ResourceKind::User).attribute(&path), &path.urn, &path.part) {
        (Some(attribute), _, Some(part)) => find(attribute.parts, part).is_some(),
        (Some(_), _, None) | (None, Some(_), _) => true,
        (None, None, _) => false,
    }
}

/// The values of a user at a path. A list without a part gives the `value` of each element.
pub fn values_at<'v>(path: &AttributePath, body: &'v Map<String, Value>) -> Vec<&'v Value> {
    values(path, Scope::Resource(ResourceKind::User), body)
}

/// Whether a user may have several values at a path.
pub fn is_list_path(path: &AttributePath) -> bool {
    let attribute = Scope::Resource(ResourceKind::User).attribute(path);
    path.filter.is_none() && attribute.is_some_and(|attribute| attribute.is_list)
}

/// Each value of a resource with its path, in the order of the paths. Members are left out.
pub fn flat_paths(body: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (name, value) in body {
        match value {
            Value::Object(values) if is_urn(name) => {
                values.iter().for_each(|(inner, value)| flatten(&format!("{name}:{inner}"), value, &mut found));
            }
            _ if name == "members" => {}
            value => flatten(name, value, &mut found),
        }
    }
    found
}

fn flatten<'v>(path: &str, value: &'v Value, found: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(parts) => found.extend(parts.iter().map(|(part, value)| (format!("{path}.{part}"), value))),
        Value::Array(items) => {
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for kind in items.iter().filter_map(kind_of) {
                *counts.entry(kind).or_default() += 1;
            }
            // One element of a list has the type, so that the path names it.
            let kind = |item: &'v Value| kind_of(item).filter(|kind| counts.get(kind) == Some(&1));
            for item in items {
                match (item, kind(item)) {
                    (Value::Object(parts), Some(kind)) => {
                        let said = parts.iter().filter(|(part, _)| *part != "type" && *part != "primary");
                        let kind = Value::from(kind);
                        found.extend(said.map(|(part, value)| (format!("{path}[type eq {kind}].{part}"), value)));
                    }
                    _ => found.push((path.to_owned(), item)),
                }
            }
        }
        value => found.push((path.to_owned(), value)),
    }
}

fn kind_of(item: &Value) -> Option<&str> {
    item.get("type").and_then(Value::as_str)
}
