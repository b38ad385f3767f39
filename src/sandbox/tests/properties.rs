//! Every property of users and groups by the embedded table: its type, its length, null, and the operators of `$filter`.

use serde_json::{Value, json};

use super::super::*;
use super::house::*;

fn table() -> Value {
    serde_json::from_str(include_str!("../schema.json")).unwrap()
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
    let tenant = house(Options { lenience: Lenience::of([Disputed::HireDate]), ..Options::default() }).await;
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
    let tenant = house(Options {
        lenience: Lenience::of([Disputed::HireDate]),
        directory_roles: vec!["User Administrator".into()],
        ..Options::default()
    })
    .await;
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
