//! Schemas of the shapes that jobs have.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::*;
use crate::expr::Context;
use crate::mapping::desired::{Flow, Mapped};
use crate::mapping::model::Mapping;
use crate::mapping::scope::OPERATORS;

fn source(expression: &str, kind: &str) -> Json {
    json!({ "expression": expression, "name": "x", "type": kind, "parameters": [] })
}

fn mapped(target: &str, expression: &str) -> Json {
    json!({ "targetAttributeName": target, "source": source(expression, "Function"), "flowType": "Always",
            "flowBehavior": "FlowWhenChanged", "matchingPriority": 0, "defaultValue": null, "exportMissingReferences": false })
}

fn with(mut mapping: Json, field: &str, value: Json) -> Json {
    mapping[field] = value;
    mapping
}

/// A job of Workday as an administrator downloads it.
fn workday() -> Json {
    let attributes = [
        with(mapped("employeeId", "[WorkerID]"), "matchingPriority", json!(1)),
        mapped("accountEnabled", r#"Switch([Active], , "1", "True", "0", "False")"#),
        mapped("displayName", r#"Join(" ", [PreferredFirstName], [PreferredLastName])"#),
        with(mapped("jobTitle", "[BusinessTitle]"), "defaultValue", json!("None given")),
        mapped("manager", "[ManagerReference]"),
        with(
            mapped(
                "userPrincipalName",
                "SelectUniqueValue(\n Join(\"@\", [FirstName], \"contoso.com\"),\n Join(\"@\", [WorkerID], \"contoso.com\"))",
            ),
            "flowType",
            json!("ObjectAddOnly"),
        ),
        with(mapped("usageLocation", "\"DE\""), "source", source("\"DE\"", "Constant")),
        mapped("telephoneNumber", r#"Replace([Phone], , "[()\\s-]+", , "", , )"#),
        mapped("city", r#"[addresses[type eq "work"].locality]"#),
        mapped("department", "[urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department]"),
        mapped("sAMAccountName", "[UserID]"),
        mapped("parentDistinguishedName", r#"Switch([City], "OU=Default", "Bonn", "OU=Bonn")"#),
        mapped("postalCode", "Nonsense([Zip]"),
        mapped("mobile", "SingleAppRoleAssignment([appRoleAssignments])"),
        json!({ "targetAttributeName": "preferredLanguage", "source": null, "defaultValue": "en-US", "matchingPriority": 0 }),
        with(mapped("extensionAttribute3", "[CostCenter]"), "flowNullValues", json!(true)),
    ];
    json!({
        "id": "Workday2AAD.1",
        "directories": [{ "name": "Workday", "objects": [{ "name": "Worker", "attributes": [
            { "name": "WorkerID", "anchor": true, "type": "String", "apiExpressions": ["wd:Worker/wd:ID[@wd:type=\"Employee_ID\"]/text()"] },
            { "name": "CostCenter", "flowNullValues": true },
            { "name": "ManagerReference", "type": "Reference", "referencedObjects": [{ "referencedObjectName": "Worker" }] },
        ]}]}],
        "synchronizationRules": [
            { "name": "AAD_WRITEBACK", "priority": 2, "sourceDirectoryName": "Azure Active Directory", "targetDirectoryName": "Workday",
              "objectMappings": [{ "name": "Writeback", "enabled": true, "targetObjectName": "Worker", "attributeMappings": [mapped("Email", "[mail]")] }] },
            { "name": "WORKDAY_TO_AAD", "priority": 1, "sourceDirectoryName": "Workday", "targetDirectoryName": "Azure Active Directory",
              "groupFilter": { "includedGroups": ["x"] },
              "objectMappings": [
                { "name": "Old", "enabled": false, "targetObjectName": "User", "attributeMappings": [] },
                { "name": "Workers", "enabled": true, "flowTypes": "Add, Update, Delete", "sourceObjectName": "Worker",
                  "targetObjectName": "User", "metadata": [{ "key": "Disposition", "value": "\"Normal\"" }],
                  "scope": { "groups": [{ "name": "Employees\n[x]", "clauses": [
                    { "sourceOperandName": "WorkerType", "operatorName": "EQUALS", "targetOperand": { "values": ["Employee"] } },
                    { "sourceOperandName": "Active", "operatorName": "IS TRUE", "targetOperand": { "values": [] } } ] }] },
                  "attributeMappings": attributes },
              ] },
        ],
    })
}

fn parsed(converted: &Converted) -> Mapping {
    Mapping::parse(&converted.text, Path::new("converted.toml")).unwrap_or_else(|errors| panic!("{errors}\n{}", converted.text))
}

fn lost(converted: &Converted, what: &str) -> String {
    let found = converted.not_carried.iter().find(|lost| lost.what.contains(what));
    found.unwrap_or_else(|| panic!("{what} is not reported: {:?}", converted.not_carried)).why.clone()
}

#[test]
fn a_job_of_workday_becomes_a_mapping_that_checks_clean() {
    let converted = convert(&workday().to_string(), None).unwrap();
    let mapping = parsed(&converted);
    assert_eq!(mapping.name(), "Workers");
    assert_eq!(mapping.rules().matching.iter().map(|attribute| attribute.name).collect::<Vec<_>>(), ["employeeId"]);
    for target in
        ["employeeId", "displayName", "jobTitle", "manager", "userPrincipalName", "usageLocation", "businessPhones", "city"]
    {
        assert!(converted.carried.iter().any(|name| name == target), "{target}: {:?}", converted.carried);
    }
    let text = &converted.text;
    for line in [
        r#"key = "[WorkerID]""#,
        r#"{ attribute = "[WorkerType]", operator = "EQUALS", value = "Employee" },"#,
        r#"{ attribute = "[Active]", operator = "IS TRUE" },"#,
        r#"jobTitle = { expression = "[BusinessTitle]", default = "None given" }"#,
        r#"usageLocation = { constant = "DE" }"#,
        r#"preferredLanguage = { constant = "en-US", when = "create" }"#,
        r#"department = { expression = "[urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department]", on_empty = "keep" }"#,
        r#""onPremisesExtensionAttributes.extensionAttribute3" = "[CostCenter]""#,
        r#"key = "[ManagerReference]""#,
        r#"left = ["False", "0"]"#,
        r#"out_of_scope = "disable""#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    for what in ["Writeback", "Old", "sAMAccountName", "parentDistinguishedName", "postalCode", "groupFilter", "metadata"] {
        lost(&converted, what);
    }
    assert!(lost(&converted, "attribute mobile").contains("Entra"), "{:?}", converted.not_carried);
}

#[test]
fn the_converted_mapping_yields_what_the_job_yields() {
    let mapping = parsed(&convert(&workday().to_string(), None).unwrap());
    let record = json!({ "WorkerID": "7", "Active": "1", "PreferredFirstName": "Ann", "PreferredLastName": "Lee", "BusinessTitle": "",
        "ManagerReference": "8", "FirstName": "ann", "Phone": "(0) 1-2", "CostCenter": "", "WorkerType": "Employee",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "", "addresses[type eq \"work\"].locality": "Bonn" });
    let record = |active: &str| {
        let mut record = record.clone();
        record["Active"] = json!(active);
        crate::mapping::tools::record_of(record.as_object().unwrap()).unwrap()
    };
    // The clause IS TRUE reads true and false, the status reads 1 and 0.
    let scoped = record("true");
    let bound = mapping.bind_loosely(scoped.header());
    let context = Context::on(jiff::civil::date(2026, 1, 1), None);
    assert!(matches!(bound.map(&scoped, &context), Mapped::Held(_)));
    assert!(matches!(bound.map(&record("1"), &context), Mapped::OutOfScope { .. }));
    let mut open = workday();
    open["synchronizationRules"][1]["objectMappings"][1]["scope"] = Json::Null;
    let mapping = parsed(&convert(&open.to_string(), None).unwrap());
    let bound = mapping.bind_loosely(scoped.header());
    let Mapped::Desired(desired) = bound.map(&record("1"), &context) else { panic!("active") };
    let flow =
        |name: &str| desired.attributes.iter().find(|wanted| wanted.attribute.name == name).map(|wanted| wanted.flow.clone());
    assert_eq!(flow("jobTitle"), Some(Flow::Set(crate::directory::Value::text("None given"))));
    assert_eq!(flow("department"), None);
    assert_eq!(flow("onPremisesExtensionAttributes.extensionAttribute3"), Some(Flow::Clear));
    assert_eq!(flow("city"), Some(Flow::Set(crate::directory::Value::text("Bonn"))));
    let left = bound.map(&record("0"), &context);
    assert!(matches!(left, Mapped::Desired(desired) if matches!(desired.stage, crate::mapping::desired::Stage::Left { .. })));
}

#[test]
fn every_operator_comes_along_and_what_does_not_lets_nobody_in() {
    let clause = |operator: &str, values: Json| json!({ "sourceOperandName": "Level", "operatorName": operator, "targetOperand": { "values": values } });
    let mut clauses: Vec<Json> = OPERATORS
        .iter()
        .map(|operator| {
            clause(operator, if operator.starts_with("IS ") || *operator == "PRESENT" { json!([]) } else { json!(["1"]) })
        })
        .collect();
    clauses.push(clause("Present", json!([""])));
    clauses.push(clause("EQUALS", json!(["a.b", "c"])));
    clauses.push(clause("REGEX MATCH", json!([r".*\@domain.com"])));
    let mut schema = workday();
    let scope = &mut schema["synchronizationRules"][1]["objectMappings"][1]["scope"];
    *scope = json!({ "groups": [{ "name": "all", "clauses": clauses }], "inputFilterGroups": [], "categoryFilterGroups": null });
    let converted = convert(&schema.to_string(), None).unwrap();
    parsed(&converted);
    assert!(!converted.not_carried.iter().any(|lost| lost.what.starts_with("scope")), "{:?}", converted.not_carried);
    assert!(converted.text.contains(r"\A(?:a\.b|c)\z"));

    schema["synchronizationRules"][1]["objectMappings"][1]["scope"]["groups"][0]["clauses"] =
        json!([clause("Valid Cert Match", json!(["x"])), clause("EQUALS", json!(["x"]))]);
    let converted = convert(&schema.to_string(), None).unwrap();
    parsed(&converted);
    assert!(lost(&converted, "Valid Cert Match").contains("no person passes"));
    assert!(converted.text.contains("IS NOT NULL") && converted.text.contains("out_of_scope = \"report\""), "{}", converted.text);
}

#[test]
fn a_schema_without_a_usable_match_is_matched_by_its_key() {
    let mut schema = workday();
    let attributes = &mut schema["synchronizationRules"][1]["objectMappings"][1]["attributeMappings"];
    *attributes = json!([with(mapped("sAMAccountName", "[UserID]"), "matchingPriority", json!(1)), mapped("title", "[Title]")]);
    let converted = convert(&schema.to_string(), None).unwrap();
    let mapping = parsed(&converted);
    assert_eq!(mapping.rules().matching[0].name, "employeeId");
    assert!(converted.text.contains("employeeId = \"[UserID]\""), "{}", converted.text);
    lost(&converted, "matching");
}

#[test]
fn whatever_stands_in_a_schema_the_file_stays_ours() {
    let evil = "x\"\n[attributes]\ncity = \"[Evil]\"\n'''\u{0}";
    let mut schema = workday();
    schema["synchronizationRules"][1]["objectMappings"][1]["name"] = json!(evil);
    schema["synchronizationRules"][1]["sourceDirectoryName"] = json!(evil);
    let attributes = &mut schema["synchronizationRules"][1]["objectMappings"][1]["attributeMappings"];
    attributes.as_array_mut().unwrap().extend([
        mapped(evil, evil),
        mapped("surname", evil),
        with(mapped("state", "[S]"), "defaultValue", json!(evil)),
    ]);
    let converted = convert(&schema.to_string(), Some(evil)).unwrap();
    let mapping = parsed(&converted);
    assert!(!mapping.columns().contains("Evil"));
}

#[test]
fn a_text_that_is_no_schema_says_so() {
    assert!(matches!(convert("7", None), Err(ConvertError::NoSchema(_))));
    assert!(matches!(convert("{}", None), Err(ConvertError::Empty)));
    assert!(matches!(convert(&workday().to_string(), Some("Nobody")), Err(ConvertError::Unknown { .. })));
    let upper = workday()
        .to_string()
        .replace("\"synchronizationRules\"", "\"SynchronizationRules\"")
        .replace("\"objectMappings\"", "\"ObjectMappings\"");
    assert!(convert(&format!("\u{feff}{upper}"), None).is_ok());
}

/// Runs only where the published sample is at hand: it is not part of the project.
#[test]
fn the_published_sample_converts() {
    let Ok(shared) = std::env::var("HRPUSH_SHARED") else { return };
    let text = std::fs::read_to_string(Path::new(&shared).join("reference/samples/synchronization-schema.json")).unwrap();
    let converted = convert(&text, None).unwrap();
    parsed(&converted);
    assert!(lost(&converted, "ProfileName").contains("out of Entra"), "{:?}", converted.not_carried);
}
