//! The operations of a PATCH: one for each attribute, each with its path.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::translation::{Translation, written};
use crate::directory::{Attribute, Kind, Value, roles};
use crate::scim::{AttributePath, ENTERPRISE, Operand, ResourceKind, values_at};

/// The new values of attributes; `None` clears one.
pub(super) type Edits = BTreeMap<Attribute, Option<Value>>;

/// The body of a PATCH.
pub(super) fn patch_body(operations: &[Json]) -> Json {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// The `schemas` of a resource: that of its kind and those of its extensions.
pub(super) fn schemas(kind: ResourceKind, body: &Map<String, Json>) -> Json {
    let extensions = body.keys().filter(|key| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")));
    std::iter::once(kind.urn()).chain(extensions.map(String::as_str)).collect()
}

/// Whether the resource must be read before these edits can be written: an element of a list is replaced where it exists, else added.
pub(super) fn needs_current(edits: &Edits, translation: &Translation) -> bool {
    edits.keys().any(|attribute| translation.path(*attribute).is_some_and(|path| path.filter.is_some()))
}

/// The operations for edits of a user, `active` before all others. Attributes without a path are left out.
pub(super) fn of_edits(edits: &Edits, translation: &Translation, current: &Map<String, Json>) -> Vec<Json> {
    let mut operations = Vec::new();
    let mut elements: Vec<ElementEdits> = Vec::new();
    let first = |attribute: &Attribute| attribute.name != roles::ACCOUNT_ENABLED;
    let mut ordered: Vec<(&Attribute, &Option<Value>)> = edits.iter().collect();
    ordered.sort_by_key(|(attribute, _)| first(attribute));
    for (attribute, value) in ordered {
        let Some(path) = translation.path(*attribute) else { continue };
        match (path.filter.is_some(), attribute.kind) {
            (false, _) => operations.push(plain(&path, value.as_ref())),
            (true, Kind::List) => operations.extend(of_list(&path, value.as_ref(), current)),
            (true, _) => ElementEdits::gather(&mut elements, path, value.as_ref()),
        }
    }
    operations.extend(elements.iter().flat_map(|element| element.operations(current)));
    operations
}

/// Sets or clears the manager.
pub(super) fn of_manager(manager: Option<&str>) -> Vec<Json> {
    let path = format!("{ENTERPRISE}:manager");
    vec![match manager {
        Some(id) => json!({ "op": "replace", "path": path, "value": { "value": id } }),
        None => json!({ "op": "remove", "path": path }),
    }]
}

/// Adds members to a group.
pub(super) fn of_new_members<'m>(members: impl Iterator<Item = &'m str>) -> Vec<Json> {
    let values: Vec<Json> = members.map(|id| json!({ "value": id, "type": "User" })).collect();
    vec![json!({ "op": "add", "path": "members", "value": values })]
}

/// Removes one member from a group.
pub(super) fn of_former_member(member: &str) -> Vec<Json> {
    vec![json!({ "op": "remove", "path": format!("members[value eq {}]", Json::from(member)) })]
}

fn plain(path: &AttributePath, value: Option<&Value>) -> Json {
    match value {
        Some(value) => json!({ "op": "replace", "path": path.to_string(), "value": written(value) }),
        None => json!({ "op": "remove", "path": path.to_string() }),
    }
}

/// The edits of one element of a list, such as the address at work.
struct ElementEdits {
    element: AttributePath,
    parts: Vec<(Box<str>, Option<Json>)>,
}

impl ElementEdits {
    fn gather(elements: &mut Vec<Self>, path: AttributePath, value: Option<&Value>) {
        let part = path.part.clone().unwrap_or_else(|| "value".into());
        let element = AttributePath { part: None, ..path };
        let edit = (part, value.map(written));
        match elements.iter_mut().find(|known| known.element == element) {
            Some(known) => known.parts.push(edit),
            None => elements.push(Self { element, parts: vec![edit] }),
        }
    }

    fn operations(&self, current: &Map<String, Json>) -> Vec<Json> {
        let existing: Vec<&Map<String, Json>> =
            values_at(&self.element, current).into_iter().filter_map(Json::as_object).collect();
        let set = self.parts.iter().any(|(_, value)| value.is_some());
        let Some(element) = existing.first() else {
            return if set { vec![self.added(current)] } else { Vec::new() };
        };
        let describes = |name: &str| matches!(name, "type" | "primary" | "display" | "formatted");
        let stays = element.keys().any(|name| !describes(name) && !self.parts.iter().any(|(part, _)| **part == **name));
        if !set && !stays {
            return vec![json!({ "op": "remove", "path": self.element.to_string() })];
        }
        let path = |part: &str| AttributePath { part: Some(part.into()), ..self.element.clone() }.to_string();
        let operation = |(part, value): &(Box<str>, Option<Json>)| match value {
            Some(value) => json!({ "op": "replace", "path": path(part), "value": value }),
            None => json!({ "op": "remove", "path": path(part) }),
        };
        let changes = self.parts.iter().filter(|(part, value)| value.is_some() || element.contains_key(&**part));
        changes.map(operation).collect()
    }

    /// The element, made from the filter of its path. The first address of a user becomes the primary one.
    fn added(&self, current: &Map<String, Json>) -> Json {
        let mut element = conditions(&self.element);
        for (part, value) in &self.parts {
            element.extend(value.clone().map(|value| (part.to_string(), value)));
        }
        if &*self.element.name == "emails" && !has_primary(&self.element.name, current) {
            element.insert("primary".to_owned(), true.into());
        }
        json!({ "op": "add", "path": self.element.name, "value": [element] })
    }
}

/// The elements that a filtered path has several of, such as further addresses.
fn of_list(path: &AttributePath, value: Option<&Value>, current: &Map<String, Json>) -> Vec<Json> {
    let part = path.part.as_deref().unwrap_or("value");
    let element = AttributePath { part: None, ..path.clone() };
    let before: Vec<&str> = values_at(path, current).into_iter().filter_map(Json::as_str).collect();
    let after: Vec<&str> = match value {
        Some(Value::List(items)) => items.iter().map(|item| &**item).collect(),
        Some(Value::Text(text)) => vec![text],
        _ => Vec::new(),
    };
    let mut operations = Vec::new();
    let gone = before.iter().any(|item| !after.contains(item));
    // Removed as a whole and added again: not every provider compares two attributes of one element.
    if gone {
        operations.push(json!({ "op": "remove", "path": element.to_string() }));
    }
    let added = after.into_iter().filter(|item| gone || !before.contains(item)).map(|item| {
        let mut element = conditions(&element);
        element.insert(part.to_owned(), item.into());
        Json::Object(element)
    });
    let added: Vec<Json> = added.collect();
    if !added.is_empty() {
        operations.push(json!({ "op": "add", "path": element.name, "value": added }));
    }
    operations
}

/// The attributes that the filter of a path demands.
fn conditions(path: &AttributePath) -> Map<String, Json> {
    let terms = path.filter.as_ref().and_then(|filter| filter.conjunction()).unwrap_or_default();
    let value = |operand: &Operand| match operand {
        Operand::Text(text) => Json::from(&**text),
        Operand::Flag(flag) => (*flag).into(),
        Operand::Number(number) => Json::Number(number.clone()),
        Operand::Null => Json::Null,
    };
    terms.into_iter().map(|(path, _, operand)| (path.name.to_string(), value(operand))).collect()
}

fn has_primary(name: &str, current: &Map<String, Json>) -> bool {
    let items = current.get(name).and_then(Json::as_array);
    items.into_iter().flatten().any(|item| item["primary"].as_bool() == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::Patch;
    use crate::scim_target::profile::Profile;

    fn rfc() -> Translation {
        Translation::new(&Profile::embedded("rfc").unwrap())
    }

    fn edits(values: &[(&str, Option<Value>)]) -> Edits {
        values.iter().map(|(name, value)| (Attribute::find(name).unwrap(), value.clone())).collect()
    }

    fn lines(operations: &[Json]) -> Vec<String> {
        let line = |operation: &Json| {
            let value = operation.get("value").map(|value| format!(" {value}")).unwrap_or_default();
            format!("{} {}{value}", operation["op"].as_str().unwrap(), operation["path"].as_str().unwrap())
        };
        operations.iter().map(line).collect()
    }

    #[test]
    fn an_element_is_replaced_where_it_exists_and_added_where_not() {
        let edits = edits(&[
            ("mail", Some(Value::text("ada@x.example"))),
            ("city", Some(Value::text("Graz"))),
            ("postalCode", None),
            ("accountEnabled", Some(Value::Flag(false))),
        ]);
        assert!(needs_current(&edits, &rfc()));
        assert_eq!(
            lines(&of_edits(&edits, &rfc(), &Map::new())),
            [
                "replace active false",
                r#"add addresses [{"locality":"Graz","type":"work"}]"#,
                r#"add emails [{"primary":true,"type":"work","value":"ada@x.example"}]"#,
            ]
        );
        let current = json!({
            "emails": [{ "type": "work", "value": "old@x.example" }],
            "addresses": [{ "type": "work", "postalCode": "8010", "country": "AT" }],
        });
        assert_eq!(
            lines(&of_edits(&edits, &rfc(), current.as_object().unwrap())),
            [
                "replace active false",
                r#"replace addresses[type eq "work"].locality "Graz""#,
                r#"remove addresses[type eq "work"].postalCode"#,
                r#"replace emails[type eq "work"].value "ada@x.example""#,
            ]
        );
    }

    #[test]
    fn an_element_without_any_value_is_removed_whole() {
        let current = json!({ "phoneNumbers": [{ "type": "mobile", "value": "+43", "primary": true }] });
        let operations = of_edits(&edits(&[("mobilePhone", None)]), &rfc(), current.as_object().unwrap());
        assert_eq!(lines(&operations), [r#"remove phoneNumbers[type eq "mobile"]"#]);
        assert!(of_edits(&edits(&[("mobilePhone", None)]), &rfc(), &Map::new()).is_empty());
    }

    #[test]
    fn a_list_loses_what_is_gone_and_gains_what_is_new() {
        let current =
            json!({ "emails": [{ "type": "other", "value": "a@x.example" }, { "type": "other", "value": "b@x.example" }] });
        let list = |items: &[&str]| Some(Value::List(items.iter().map(|item| Box::from(*item)).collect()));
        let to = |value| lines(&of_edits(&edits(&[("otherMails", value)]), &rfc(), current.as_object().unwrap()));
        assert_eq!(
            to(list(&["b@x.example", "c@x.example"])),
            [
                r#"remove emails[type eq "other"]"#,
                r#"add emails [{"type":"other","value":"b@x.example"},{"type":"other","value":"c@x.example"}]"#,
            ]
        );
        assert_eq!(
            to(list(&["a@x.example", "b@x.example", "c@x.example"])),
            [r#"add emails [{"type":"other","value":"c@x.example"}]"#]
        );
        assert_eq!(to(None), [r#"remove emails[type eq "other"]"#]);
    }

    /// What is written is read back: on an empty resource and on one that has everything.
    #[test]
    fn operations_bring_about_what_they_are_made_from() {
        let text = |text: &str| Some(Value::text(text));
        let full = edits(&[
            ("userPrincipalName", text("ada@x.example")),
            ("givenName", text("Ada")),
            ("mail", text("ada@x.example")),
            ("city", text("Graz")),
            ("department", text("Tax")),
            ("nickName", text("Ada")),
            ("otherMails", Some(Value::List(["o@x.example".into()].into()))),
            ("urn:contoso:employee:JobCode", text("T3")),
        ]);
        let apply = |edits: &Edits, current: &Map<String, Json>| {
            let operations = of_edits(edits, &rfc(), current);
            Patch::parse(patch_body(&operations)).unwrap().apply(ResourceKind::User, current).unwrap()
        };
        let mut resource = apply(&full, &Map::new());
        for round in 0..2 {
            for (attribute, value) in &full {
                let path = rfc().path(*attribute).unwrap();
                assert!(crate::scim_target::translation::read(*attribute, &path, &resource) == *value, "{attribute} {round}");
            }
            resource = apply(&full, &resource);
        }
        let cleared: Edits = full
            .keys()
            .map(|attribute| (*attribute, None))
            .filter(|(attribute, _)| attribute.name != roles::USER_PRINCIPAL_NAME)
            .collect();
        let resource = apply(&cleared, &resource);
        for attribute in cleared.keys() {
            let path = rfc().path(*attribute).unwrap();
            assert!(crate::scim_target::translation::read(*attribute, &path, &resource).is_none(), "{attribute}");
        }
    }

    #[test]
    fn a_member_is_removed_by_its_id_alone() {
        assert_eq!(lines(&of_former_member("u\"1")), [r#"remove members[value eq "u\"1"]"#]);
    }
}
