//! Every property of users and groups by the embedded table: its type, its length, null, and the operators of `$filter`.

use serde_json::{Value, json};

use super::super::*;
use super::house::*;

fn table() -> Value {
    serde_json::from_str(include_str!("../schema.json")).unwrap()
}

/// An app with every permission, so that only the body decides.
fn able() -> Options {
    let permissions: Value = serde_json::from_str(include_str!("../permissions.json")).unwrap();
    let operations = permissions["operations"].as_object().unwrap().values().flat_map(|sets| sets.as_array().unwrap());
    let names = operations.flat_map(|set| set.as_array().unwrap()).map(|name| name.as_str().unwrap().to_owned());
    Options {
        permissions: Some(names.collect()),
        lenience: Lenience::of([Disputed::HireDate]),
        directory_roles: vec!["User Administrator".into()],
        ..Options::default()
    }
}

/// The status of an update of user 1 or group 11 that has nothing else.
async fn patch(tenant: &Sandbox, kind: &str, name: &str, value: &Value) -> u16 {
    let path = if kind == "user" { format!("/users/{}", id(1)) } else { format!("/groups/{}", id(11)) };
    write(tenant, "PATCH", &path, json!({ name: value })).await.0
}

/// Values that are not of a type.
fn wrong_types(rule: &Value) -> Vec<Value> {
    let single = match rule["type"].as_str().unwrap() {
        "String" => vec![json!(5), json!(true), json!({}), json!("")],
        "Boolean" => vec![json!("true"), json!(1), json!([])],
        "Int32" => vec![json!("1"), json!(1.5), json!(5_000_000_000_u64)],
        "DateTimeOffset" => vec![json!("2024-01-31"), json!(5), json!("soon")],
        _ => vec![json!("x"), json!(5)],
    };
    if rule["collection"] == true {
        return single.into_iter().map(|value| json!([value])).chain([json!("x"), json!({})]).collect();
    }
    single.into_iter().chain([json!(["x"])]).collect()
}

fn is(rule: &Value, flag: &str) -> bool {
    rule[flag] == true
}

#[tokio::test]
async fn each_property_refuses_other_types_and_longer_texts() {
    let tenant = house(able()).await;
    let mut tried = 0;
    for (kind, rules) in table().as_object().unwrap().iter().filter(|(kind, _)| *kind != "complex") {
        for (name, rule) in rules.as_object().unwrap() {
            let expected = if is(rule, "delegated") { 403 } else { 400 };
            let mut values = wrong_types(rule);
            if let Some(most) = rule["maxLength"].as_u64() {
                values.push(json!("x".repeat(usize::try_from(most).unwrap() + 1)));
            }
            if let Some(most) = rule["maxItems"].as_u64() {
                values.push((0..=most).map(|n| json!(format!("a{n}@b.de"))).collect());
            }
            if !rule["allowed"].is_null() {
                values.push(json!("Nonsense"));
            }
            for value in values {
                assert_eq!(patch(&tenant, kind, name, &value).await, expected, "{kind}.{name}: {value}");
                tried += 1;
            }
        }
    }
    assert!(tried > 400, "the table was not read");
}

#[tokio::test]
async fn null_clears_what_can_be_cleared() {
    let tenant = house(able()).await;
    for (kind, rules) in table().as_object().unwrap().iter().filter(|(kind, _)| *kind != "complex") {
        for (name, rule) in rules.as_object().unwrap() {
            let refused =
                ["readOnly", "required", "kept", "collection", "refused", "createOnly"].iter().any(|flag| is(rule, flag));
            let expected = match (is(rule, "delegated"), refused, is(rule, "alone")) {
                (true, _, _) => 403,
                (_, true, _) => 400,
                (_, _, true) => 200,
                _ => 204,
            };
            assert_eq!(patch(&tenant, kind, name, &Value::Null).await, expected, "{kind}.{name}");
        }
    }
}

/// A clause that uses an operator on a property, with a literal of its type; none where the operator has no such form.
fn clause(name: &str, rule: &Value, operator: &str) -> Option<String> {
    let literal = match rule["type"].as_str().unwrap() {
        "String" => "'x'",
        "Boolean" => "true",
        "DateTimeOffset" => "2024-01-31T00:00:00Z",
        _ => return None,
    };
    let (path, open, close) = if is(rule, "collection") {
        ("x".to_owned(), format!("{name}/any(x:"), ")")
    } else {
        (name.to_owned(), String::new(), "")
    };
    let inner = match operator {
        "startsWith" | "endsWith" if literal.starts_with('\'') => format!("{operator}({path},{literal})"),
        "startsWith" | "endsWith" => return None,
        "in" => format!("{path} in ({literal})"),
        "null" => format!("{path} eq null"),
        _ => format!("{path} {operator} {literal}"),
    };
    Some(format!("{open}{inner}{close}"))
}

#[tokio::test]
async fn each_property_takes_the_operators_of_the_table_and_no_others() {
    let tenant = house(Options { quota: Quota::off(), ..Options::default() }).await;
    let mut tried = 0;
    for (kind, rules) in table().as_object().unwrap().iter().filter(|(kind, _)| *kind != "complex") {
        for (name, rule) in rules.as_object().unwrap() {
            let listed: Vec<&str> = rule["filter"].as_str().unwrap_or_default().split(' ').collect();
            for operator in ["eq", "ne", "ge", "le", "in", "startsWith", "endsWith", "null", "gt", "lt"] {
                let Some(clause) = clause(name, rule, operator) else { continue };
                let plain = listed.contains(&operator) && (operator != "null" || listed.contains(&"eq"));
                let marked = format!("{operator}*");
                // A comparison with null is one by eq as well.
                let by_eq = operator != "null" || listed.iter().any(|entry| entry.trim_end_matches('*') == "eq");
                let advanced_only = listed.contains(&marked.as_str()) && by_eq;
                let path = format!("/{kind}s?$select=id&$filter={clause}");
                let (expected, with_index) = if plain {
                    (200, 200)
                } else if advanced_only {
                    (400, 200)
                } else {
                    (400, 400)
                };
                assert_eq!(get(&tenant, &path).await.0, expected, "{path}");
                assert_eq!(advanced(&tenant, &path).await.0, with_index, "{path} as an advanced query");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "the table was not read");
}

/// Operators that Microsoft's table of `$filter` lists and the page of the resource does not.
const FILTER_TABLE_ALONE: [(&str, &str); 2] = [("passwordPolicies", "eq"), ("showInAddressList", "eq")];

/// The table has the types and lengths of the documented schema, and no operator that its pages do not list.
#[test]
fn the_table_agrees_with_the_documented_schema() {
    let Some(shared) = std::env::var_os("HRPUSH_SHARED") else { return };
    let text = std::fs::read_to_string(std::path::Path::new(&shared).join("reference/graph-schema.json")).unwrap();
    let documented: Value = serde_json::from_str(&text).unwrap();
    let of = |kind: &str| documented["entityTypes"][kind]["properties"].as_object().cloned().unwrap_or_default();
    for (kind, rules) in table().as_object().unwrap().iter().filter(|(kind, _)| *kind != "complex") {
        let mut pages = of("entity");
        pages.extend(of("directoryObject"));
        pages.extend(of(kind));
        assert!(pages.keys().all(|name| rules.get(name).is_some()), "{kind} lacks a property");
        for (name, rule) in rules.as_object().unwrap() {
            let page = pages.get(name).unwrap_or_else(|| panic!("{kind}.{name} is not documented"));
            let bare = |of: &Value| of.as_str().unwrap().rsplit('.').next().unwrap().to_owned();
            assert_eq!(bare(&page["type"]), bare(&rule["type"]), "{kind}.{name}");
            for fact in ["collection", "readOnly"] {
                assert!(page[fact] != true || is(rule, fact), "{kind}.{name}: {fact}");
            }
            for fact in ["maxLength", "maxItems", "itemMaxLength"] {
                assert_eq!(page[fact], rule[fact], "{kind}.{name}: {fact}");
            }
            let listed = page["filter"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let listed: Vec<&str> = listed.map(|entry| entry.split(' ').next().unwrap().trim_start_matches('/')).collect();
            for operator in rule["filter"].as_str().unwrap_or_default().split_whitespace() {
                let plain = operator.trim_end_matches('*');
                let wanted = if plain == "null" { "eqNull" } else { plain };
                let known = listed.contains(&wanted) || FILTER_TABLE_ALONE.contains(&(name.as_str(), plain));
                assert!(known, "{kind}.{name}: {operator} is not documented");
            }
        }
    }
}
