//! The rows of the senders' differences, and the laws of filters and PATCH.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use ResourceKind::{Group, User};

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn ada() -> Map<String, Value> {
    let body = json!({
        "userName": "ada@contoso.example", "externalId": "E-1", "title": "Tax adviser",
        "name": { "givenName": "Ada", "familyName": "Brandt" },
        "emails": [{ "type": "work", "value": "ada@contoso.example", "primary": true }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Tax", "manager": { "value": "m1", "displayName": "Jo" } },
    });
    created(User, body).unwrap().body
}

fn team() -> Map<String, Value> {
    created(Group, json!({ "displayName": "Team", "members": ["a", "b", "c"] })).unwrap().body
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes the operations for this call")]
fn patched(kind: ResourceKind, body: &Map<String, Value>, operations: Value) -> Result<Map<String, Value>, ScimError> {
    Patch::parse(json!({ "Operations": operations })).and_then(|patch| patch.apply(kind, body))
}

fn user(operations: Value) -> Map<String, Value> {
    patched(User, &ada(), operations).unwrap()
}

fn refusal(operations: Value) -> &'static str {
    patched(User, &ada(), operations).unwrap_err().kind.map_or("", ErrorKind::as_str)
}

fn members(operations: Value) -> Vec<String> {
    let group = patched(Group, &team(), operations).unwrap();
    group
        .get("members")
        .into_iter()
        .flat_map(|members| members.as_array().unwrap())
        .map(|m| m["value"].as_str().unwrap().to_owned())
        .collect()
}

const ENT: &str = ENTERPRISE;

#[test]
fn active_is_read_in_every_form_that_senders_use() {
    let no = [
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        json!([{ "op": "replace", "path": "active", "value": false }]),
        json!([{ "op": "Add", "path": "ACTIVE", "value": "false" }]),
        json!([{ "op": "replace", "value": { "active": false } }]),
        json!([{ "op": "Replace", "value": { "active": "FALSE" } }]),
        json!([{ "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": "False" }]),
        json!([{ "op": "replace", "value": { "urn:ietf:params:scim:schemas:core:2.0:User:active": false } }]),
        json!([{ "op": "replace", "value": { "urn:ietf:params:scim:schemas:core:2.0:User": { "active": false } } }]),
    ];
    for operations in no {
        assert_eq!(user(operations.clone())["active"], false, "{operations}");
    }
    for value in [json!("0"), json!("no"), json!(1), json!(null), json!(""), json!([]), json!({ "value": false })] {
        assert_eq!(refusal(json!([{ "op": "replace", "path": "active", "value": value }])), "invalidValue", "{value}");
    }
    assert_eq!(refusal(json!([{ "op": "remove", "path": "active" }])), "mutability");
}

#[test]
fn the_word_of_an_operation_has_any_case_and_no_other_is_taken() {
    assert_eq!(user(json!([{ "op": "REPLACE", "path": "title", "value": "x" }]))["title"], "x");
    assert_eq!(refusal(json!([{ "op": "delete", "path": "title" }])), "invalidSyntax");
    for body in [json!({}), json!({ "Operations": [] }), json!([]), json!({ "Operations": [{ "path": "title" }] })] {
        assert_eq!(Patch::parse(body).unwrap_err().kind, Some(ErrorKind::InvalidSyntax));
    }
    assert!(Patch::parse(json!({ "operations": [{ "op": "Remove", "path": "title" }] })).is_ok());
}

#[test]
fn names_of_a_value_without_path_are_paths() {
    let changed = user(json!([{ "op": "replace", "value": {
        "displayName": "A", "name.familyName": "C", format!("{ENT}:department"): "Audit", format!("{ENT}:employeeNumber"): 77,
        r#"emails[type eq "work"].value"#: "new@contoso.example", "id": "x", "schemas": [], "meta": {}, "groups": [],
        ENT: { "costCenter": "CC7" }, "urn:contoso:employee": { "JobCode": "T3" },
    } }]));
    assert_eq!(changed["name"], json!({ "givenName": "Ada", "familyName": "C" }));
    assert_eq!(
        changed[ENT],
        json!({ "department": "Audit", "employeeNumber": "77", "costCenter": "CC7", "manager": { "value": "m1", "displayName": "Jo" } })
    );
    assert_eq!(changed["emails"][0]["value"], "new@contoso.example");
    assert_eq!(changed["urn:contoso:employee"], json!({ "JobCode": "T3" }));
    assert!(!changed.contains_key("id") && !changed.contains_key("groups"));
}

#[test]
fn what_the_server_sets_is_refused_by_path() {
    for path in ["id", "meta.created", "groups", "groups[value eq \"a\"]"] {
        assert_eq!(refusal(json!([{ "op": "replace", "path": path, "value": "x" }])), "mutability", "{path}");
    }
    assert_eq!(refusal(json!([{ "op": "remove", "path": "userName" }])), "mutability");
    assert_eq!(refusal(json!([{ "op": "remove" }])), "noTarget");
    assert_eq!(refusal(json!([{ "op": "replace", "path": "shoeSize", "value": 3 }])), "invalidPath");
    assert_eq!(refusal(json!([{ "op": "replace", "path": "name.firstName", "value": "x" }])), "invalidPath");
    assert_eq!(refusal(json!([{ "op": "replace", "path": "emails[type eq", "value": "x" }])), "invalidPath");
    assert_eq!(refusal(json!([{ "op": "replace", "value": { "shoeSize": 3 } }])), "invalidPath");
}

#[test]
fn a_filtered_path_creates_the_element_that_it_describes() {
    let work = r#"phoneNumbers[type eq "work"].value"#;
    for op in ["Add", "Replace"] {
        let changed = user(json!([{ "op": op, "path": work, "value": "+49 1" }]));
        assert_eq!(changed["phoneNumbers"], json!([{ "type": "work", "value": "+49 1" }]));
    }
    let address =
        |part: &str, value: &str| json!({ "op": "Add", "path": format!("addresses[type eq \"work\"].{part}"), "value": value });
    let changed = user(json!([address("locality", "Berlin"), address("country", "DE")]));
    assert_eq!(changed["addresses"], json!([{ "type": "work", "locality": "Berlin", "country": "DE" }]));
    let changed = user(json!([{ "op": "Add", "path": r#"roles[primary eq "True"].value"#, "value": "admin" }]));
    assert_eq!(changed["roles"], json!([{ "primary": true, "value": "admin" }]));
    let both = r#"emails[type eq "work" and primary eq true].value"#;
    assert_eq!(user(json!([{ "op": "replace", "path": both, "value": "x@y" }]))["emails"][0]["value"], "x@y");
    for filter in [r#"type co "wo""#, r#"type eq "home" or type eq "fax""#, r#"not (type eq "work")"#, r#"type ne "work""#] {
        let path = format!("phoneNumbers[{filter}].value");
        assert_eq!(refusal(json!([{ "op": "replace", "path": path, "value": "1" }])), "noTarget", "{filter}");
    }
}

#[test]
fn a_manager_comes_in_every_shape_and_is_cleared_by_every_nothing() {
    let manager =
        |path: &str, value: Value| user(json!([{ "op": "Add", "path": path, "value": value }]))[ENT].get("manager").cloned();
    let (urn, dot) = (format!("{ENT}:manager"), format!("{ENT}.manager"));
    for value in [json!("m2"), json!({ "value": "m2" }), json!([{ "value": "m2" }])] {
        assert_eq!(manager(&urn, value.clone()), Some(json!({ "value": "m2" })), "{value}");
        assert_eq!(manager(&dot, value), Some(json!({ "value": "m2" })));
    }
    for value in [json!(""), json!({ "value": "" }), json!(null), json!([])] {
        assert_eq!(manager(&urn, value.clone()), None, "{value}");
    }
    let removed = user(json!([{ "op": "Remove", "path": urn }]));
    assert_eq!(removed[ENT].get("manager"), None);
    let moved = user(json!([{ "op": "replace", "path": format!("{ENT}:manager.value"), "value": "m3" }]));
    assert_eq!(moved[ENT]["manager"], json!({ "value": "m3" }));
}

#[test]
fn a_plain_manager_is_that_of_the_enterprise_extension() {
    let value = json!([{ "$ref": "https://host/scim/v2/Users/8f2", "value": "8f2" }]);
    let changed = user(json!([{ "op": "Add", "path": "manager", "value": value }]));
    assert_eq!(changed[ENT]["manager"]["value"], "8f2");
    assert!(user(json!([{ "op": "Remove", "path": "manager" }]))[ENT].get("manager").is_none());
}

#[test]
fn empty_values_clear_and_objects_are_merged() {
    for value in [json!(null), json!("")] {
        assert!(!user(json!([{ "op": "replace", "path": "title", "value": value }])).contains_key("title"));
    }
    assert_eq!(user(json!([{ "op": "replace", "path": "name", "value": { "familyName": "C" } }]))["name"]["givenName"], "Ada");
    let removed = user(json!([{ "op": "remove", "path": "nickName" }]));
    assert_eq!(removed, ada());
    assert!(!user(json!([{ "op": "remove", "path": r#"emails[type eq "work"].value"# }])).contains_key("emails"));
    assert!(!user(json!([{ "op": "replace", "path": "emails", "value": [] }])).contains_key("emails"));
}

#[test]
fn an_extension_is_kept_as_it_is_sent() {
    let custom = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User";
    let changed = user(json!([
        { "op": "Add", "path": format!("{custom}:tag"), "value": "blue" },
        { "op": "Add", "path": format!("{custom}:levels"), "value": [1, 2] },
    ]));
    assert_eq!(changed[custom], json!({ "tag": "blue", "levels": [1, 2] }));
    let cleared =
        patched(User, &changed, json!([{ "op": "Remove", "path": format!("{custom}:tag") }, { "op": "remove", "path": custom }]));
    assert!(!cleared.unwrap().contains_key(custom));
    let whole = user(json!([{ "op": "replace", "path": ENT, "value": { "department": "Audit" } }]));
    assert_eq!(whole[ENT]["department"], "Audit");
}

#[test]
fn one_element_is_primary_and_each_is_there_once() {
    let changed =
        user(json!([{ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "h@x", "primary": "True" }] }]));
    assert_eq!(changed["emails"][0]["primary"], false);
    assert_eq!(changed["emails"][1]["primary"], true);
    let role = json!({ "op": "Add", "path": "roles", "value": "{\"id\":\"1\",\"value\":\"admin\",\"displayName\":\"Admin\"}" });
    assert_eq!(user(json!([role.clone(), role]))["roles"].as_array().unwrap().len(), 1);
    let two = created(
        User,
        json!({ "userName": "x", "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }),
    );
    assert_eq!(two.unwrap().body["emails"][1]["primary"], false);
}

#[test]
fn an_operation_that_fails_changes_nothing() {
    let before = ada();
    let valid = json!({ "op": "replace", "path": "title", "value": "x" });
    let error = patched(User, &before, json!([valid, { "op": "replace", "path": "nonsense", "value": "x" }])).unwrap_err();
    assert!(error.detail.starts_with("operation 2: "), "{error}");
    assert_eq!(before, ada());
}

#[test]
fn members_are_added_and_removed_in_every_shape() {
    let all = ["a", "b", "c"];
    for value in
        [json!([{ "$ref": null, "value": "d" }]), json!({ "value": "d" }), json!("d"), json!([{ "value": "d", "type": "User" }])]
    {
        assert_eq!(members(json!([{ "op": "Add", "path": "members", "value": value }])), ["a", "b", "c", "d"]);
    }
    assert_eq!(members(json!([{ "op": "Add", "path": "members", "value": ["a", "b"] }])), all);
    assert_eq!(members(json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "b" }] }])), ["a", "c"]);
    assert_eq!(members(json!([{ "op": "remove", "path": r#"members[value eq "b"]"# }])), ["a", "c"]);
    assert_eq!(members(json!([{ "op": "remove", "path": r#"members[value eq "z"]"# }])), all);
    assert_eq!(members(json!([{ "op": "remove", "path": "members", "value": [{ "value": "z" }] }])), all);
    assert_eq!(members(json!([{ "op": "remove", "path": "members", "value": [] }])), all);
    assert!(members(json!([{ "op": "remove", "path": "members" }])).is_empty());
    assert!(members(json!([{ "op": "replace", "path": "members", "value": [] }])).is_empty());
    assert_eq!(members(json!([{ "op": "replace", "value": { "members": [{ "value": "z" }] } }])), ["z"]);
    assert_eq!(members(json!([{ "op": "replace", "value": { "id": "1", "displayName": "T2" } }])), all);
    let both = json!([{ "op": "add", "path": "members", "value": [{ "value": "z" }] }, { "op": "remove", "path": r#"members[value eq "z"]"# }]);
    assert_eq!(members(both), all);
}

#[test]
fn a_put_keeps_what_would_hurt_if_it_went() {
    let old = object(json!({ "userName": "ada", "active": false, "externalId": "E-1", "title": "x" }));
    let new = replaced(User, json!({ "userName": "ada" }), &old).unwrap().body;
    assert_eq!(Value::Object(new), json!({ "userName": "ada", "active": false, "externalId": "E-1" }));
    let nulls =
        replaced(User, json!({ "userName": "ada", "active": null, "externalId": null, "title": null }), &old).unwrap().body;
    assert_eq!(Value::Object(nulls), json!({ "userName": "ada", "active": false, "externalId": "E-1" }));
    let group = replaced(Group, json!({ "displayName": "T" }), &team()).unwrap().body;
    assert_eq!(group["members"], team()["members"]);
    assert!(!replaced(Group, json!({ "displayName": "T", "members": [] }), &team()).unwrap().body.contains_key("members"));
}

#[test]
fn a_put_reads_active_in_every_spelling_and_takes_no_nothing_for_it() {
    let inactive = object(json!({ "userName": "ada", "active": false }));
    let active = object(json!({ "userName": "ada", "active": true }));
    let put = |body: Value, old: &Map<String, Value>| replaced(User, body, old).map(|incoming| incoming.body["active"].clone());
    for body in [
        json!({ "userName": "ada", (format!("{USER}:active")): false }),
        json!({ "userName": "ada", (USER): { "active": "False" } }),
        json!({ "userName": "ada", "urn:scim:schemas:core:1.0:active": false }),
        json!({ "userName": "ada", "urn:scim:schemas:core:1.0": { "active": false } }),
        json!({ "userName": "ada", "ACTIVE": "FALSE" }),
    ] {
        assert_eq!(put(body.clone(), &active), Ok(json!(false)), "{body}");
    }
    for nothing in [json!([]), json!(null), json!(""), json!({})] {
        assert_eq!(put(json!({ "userName": "ada", "active": nothing }), &inactive), Ok(json!(false)), "{nothing}");
    }
    let group = object(json!({ "displayName": "T", "members": [{ "value": "a" }] }));
    let emptied = replaced(Group, json!({ "displayName": "T", (GROUP): { "members": [] } }), &group).unwrap();
    assert!(!emptied.body.contains_key("members"));
}

#[test]
fn one_attribute_in_two_spellings_is_ambiguous() {
    let core = format!("{USER}:active");
    for value in [
        json!({ "active": true, (core.clone()): false }),
        json!({ "active": true, (USER): { "active": false } }),
        json!({ "active": true, "urn:scim:schemas:core:1.0:active": false }),
        json!({ "name.familyName": "a", "NAME.FAMILYNAME ": "b" }),
    ] {
        assert_eq!(refusal(json!([{ "op": "replace", "value": value }])), "invalidSyntax", "{value}");
    }
    let both = json!({ "userName": "x", "active": true, (core): false });
    assert_eq!(created(User, both).unwrap_err().kind, Some(ErrorKind::InvalidSyntax));
}

#[test]
fn what_would_be_stored_where_nothing_reads_it_is_refused() {
    assert_eq!(refusal(json!([{ "op": "replace", "path": format!("{ENT}:active"), "value": false }])), "invalidPath");
    assert_eq!(refusal(json!([{ "op": "replace", "value": { (ENT): { "active": false } } }])), "invalidPath");
    assert_eq!(refusal(json!([{ "op": "remove", "path": "active[value eq true]" }])), "invalidPath");
    assert_eq!(refusal(json!([{ "op": "remove", "path": "title[value eq \"x\"]" }])), "invalidPath");
    assert_eq!(refusal(json!([{ "op": "replace", "path": "userName", "value": "  " }])), "invalidValue");
    for core in [USER, GROUP, "urn:scim:schemas:core:1.0"] {
        assert_eq!(refusal(json!([{ "op": "remove", "path": core }])), "mutability", "{core}");
    }
    let old = json!([{ "op": "replace", "path": "urn:scim:schemas:core:1.0:active", "value": "False" }]);
    assert_eq!(user(old)["active"], false);
    let custom = json!([{ "op": "add", "path": "urn:contoso:employee:active", "value": false }]);
    assert_eq!(user(custom)["urn:contoso:employee"], json!({ "active": false }), "an extension of the sender's own");
    let patch = |operation: Value| Patch::parse(json!({ "Operations": [operation] })).unwrap();
    let within = json!({ "op": "add", "value": { (GROUP): { "members": [{ "value": "d" }] } } });
    assert!(
        patch(within.clone()).touches("members")
            && patch(json!({ "op": "add", "path": GROUP, "value": { "members": [] } })).touches("members")
    );
    assert!(!patch(json!({ "op": "add", "path": "displayName", "value": "x" })).touches("members"));
    assert_eq!(members(json!([within])), ["a", "b", "c", "d"]);
}

#[test]
fn a_reference_is_named_by_its_address_too() {
    let reference = json!([{ "$ref": "https://host/scim/v2/Users/d" }]);
    assert_eq!(members(json!([{ "op": "add", "path": "members", "value": reference }])), ["a", "b", "c", "d"]);
    assert_eq!(members(json!([{ "op": "remove", "path": "members", "value": [{ "$ref": "../Users/b" }] }])), ["a", "c"]);
    let boss = user(json!([{ "op": "add", "path": "manager", "value": { "$ref": "https://host/scim/v2/Users/m9" } }]));
    assert_eq!(boss[ENT]["manager"]["value"], "m9");
    let cleared = user(json!([{ "op": "replace", "path": "manager", "value": { "value": "", "$ref": "../Users/m9" } }]));
    assert!(cleared[ENT].get("manager").is_none());
}

#[test]
fn large_groups_and_many_names_cost_no_more_than_they_must() {
    let names: Vec<String> = (0..20_000).map(|at| format!("m{at}")).collect();
    let group = created(Group, json!({ "displayName": "T", "members": names.clone() })).unwrap().body;
    let emptied = patched(Group, &group, json!([{ "op": "remove", "path": "members", "value": names }])).unwrap();
    assert!(!emptied.contains_key("members"));
    let one_each: Vec<Value> =
        (0..200).map(|at| json!({ "op": "add", "path": "members", "value": [{ "value": format!("n{at}") }] })).collect();
    let grown = patched(Group, &group, json!(one_each)).unwrap();
    assert_eq!(grown["members"].as_array().unwrap().len(), 20_200);
    let many: Map<String, Value> = (0..30_000).map(|at| (format!("a{at}"), json!(1))).collect();
    let error = created(User, json!({ "userName": "x", "urn:contoso:employee": many })).unwrap_err();
    assert_eq!(error.kind, Some(ErrorKind::TooMany));
    let mails: Vec<Value> = (0..20_000).map(|at| json!({ "type": format!("t{at}"), "value": "x" })).collect();
    let flat = created(User, json!({ "userName": "x", "emails": mails })).unwrap().body;
    assert!(flat_paths(&flat).len() > 20_000);
}

#[test]
fn a_new_user_has_a_name_and_the_nothings_of_entra_are_survived() {
    let body = json!({
        "schemas": [USER, ENT], "externalId": "m", "userName": "m@x", "active": true, "addresses": null, "roles": [],
        "meta": { "resourceType": "User" }, "id": "own", "shoeSize": 3, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User": { "department": "D" },
    });
    let incoming = created(User, body).unwrap();
    assert_eq!(
        Value::Object(incoming.body),
        json!({ "externalId": "m", "userName": "m@x", "active": true, ENT: { "department": "D" } })
    );
    assert_eq!(incoming.ignored, ["shoeSize"]);
    for name in [json!(null), json!(""), json!(" "), json!({}), json!([])] {
        assert_eq!(created(User, json!({ "userName": name })).unwrap_err().kind, Some(ErrorKind::InvalidValue), "{name}");
    }
    assert_eq!(created(User, json!({ "userName": "x", "active": null })).unwrap().body["active"], true);
    assert_eq!(created(User, json!({ "userName": "x", "active": "False" })).unwrap().body["active"], false);
}

fn finds(filter: &str) -> bool {
    let meta = Meta {
        id: "id1".into(),
        created: "2026-11-20T08:00:00Z".into(),
        modified: "2026-11-20T08:00:00Z".into(),
        version: 1,
        base: "http://h/scim/v2".into(),
    };
    let filter: Filter = filter.parse().unwrap_or_else(|error| panic!("{filter}: {error}"));
    filter.check(User).unwrap();
    filter.holds(User, &answered(User, &ada(), &meta))
}

#[test]
fn filters_of_the_senders_find_what_they_mean() {
    for filter in [
        r#"userName eq "ADA@contoso.EXAMPLE""#,
        "externalId eq E-1",
        r#"emails[type eq "work"].value eq "ada@contoso.example""#,
        r#"id eq "id1" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "m1""#,
        r#"manager eq "m1" and id eq "id1""#,
        "active eq True",
        r#"active eq "true""#,
        r#"ACTIVE EQ true AND (META.LASTMODIFIED ge "2026-11-20T09:00:00+01:00" and meta.lastModified le "2026-11-21T00:00:00Z")"#,
        r#"emails[type eq "work" and value sw "ada"]"#,
        "title pr and not (nickName pr)",
        r#"nickName ne "x" and nickName eq null"#,
        r#"userName co "da@" or userName eq "no""#,
    ] {
        assert!(finds(filter), "{filter}");
    }
    for filter in
        [r#"externalId eq "e-1""#, r#"userName eq "x""#, r#"emails[type eq "home"] or nickName eq "x""#, "active eq false"]
    {
        assert!(!finds(filter), "{filter}");
    }
}

#[test]
fn a_filter_is_refused_with_a_reason_and_never_crashes() {
    let deep = format!("{}title pr{}", "(".repeat(5_000), ")".repeat(5_000));
    let long = vec!["a pr"; 10_000].join(" or ");
    let many = vec!["a pr"; 300].join(" or ");
    for filter in [
        "",
        "title",
        "title xx 1",
        "title eq",
        "title eq \"x",
        "title eq \"a\" \"b\"",
        "(title pr",
        "emails[type eq",
        &deep,
        &long,
        &many,
        "title eq 'x'",
        "[a]",
    ] {
        let error = filter.parse::<Filter>().unwrap_err();
        assert_eq!(error.kind, Some(ErrorKind::InvalidFilter), "{filter}");
    }
    for filter in ["active gt true", "shoeSize eq 3", "meta.created gt \"yesterday\""] {
        assert_eq!(filter.parse::<Filter>().unwrap().check(User).unwrap_err().kind, Some(ErrorKind::InvalidFilter), "{filter}");
    }
}

#[test]
fn a_projection_keeps_what_is_always_returned() {
    let meta = Meta { id: "id1".into(), created: "c".into(), modified: "m".into(), version: 1, base: String::new() };
    let whole = answered(User, &ada(), &meta);
    let keys = |attributes, excluded| {
        Projection::parse(attributes, excluded).unwrap().of(whole.clone()).keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(Some("id"), None), ["id", "schemas"]);
    assert_eq!(keys(Some("NAME.givenName, userName"), None), ["id", "name", "schemas", "userName"]);
    assert!(!keys(None, Some("title,id,schemas")).contains(&"title".to_owned()));
    assert!(keys(None, Some("title,id,schemas")).contains(&"id".to_owned()));
    assert_eq!(keys(Some(ENT), None), ["id", "schemas", ENT]);
    assert!(Projection::parse(Some("id"), Some("title")).is_err());
}

#[test]
fn a_request_cannot_make_the_server_compare_for_minutes() {
    let names: Vec<String> = (0..4_000).map(|at| format!("m{at}")).collect();
    let group = created(Group, json!({ "displayName": "T", "members": names })).unwrap().body;
    let filter = vec![r#"value eq "x""#; 150].join(" or ");
    let operations = vec![json!({ "op": "remove", "path": format!("members[{filter}]") }); 500];
    assert_eq!(patched(Group, &group, json!(operations)).unwrap_err().kind, Some(ErrorKind::TooMany));
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,8}"
        .prop_filter("words of the grammar", |name| !["not", "and", "or", "pr"].contains(&name.to_lowercase().as_str()))
}

fn path(with_filter: bool) -> BoxedStrategy<AttributePath> {
    let urn =
        prop::option::of(prop_oneof![Just(ENTERPRISE.to_owned()), "urn:[a-z]{1,5}:[a-z]{1,5}:2[.]0:User".prop_map(String::from)]);
    let filter = if with_filter { prop::option::of(filter(false)).boxed() } else { Just(None).boxed() };
    (urn, name(), filter, prop::option::of(name()))
        .prop_map(|(urn, name, filter, part)| AttributePath {
            urn: urn.map(Into::into),
            name: name.into(),
            filter: filter.map(Box::new),
            part: part.map(Into::into),
        })
        .boxed()
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        any::<String>().prop_map(|text| Operand::Text(text.into())),
        any::<bool>().prop_map(Operand::Flag),
        any::<i64>().prop_map(|number| Operand::Number(number.into())),
        Just(Operand::Null),
    ]
}

fn filter(with_filter: bool) -> BoxedStrategy<Filter> {
    let operator = prop::sample::select(Operator::NAMES.map(|(_, operator)| operator).to_vec());
    let compare = (path(with_filter), operator, operand()).prop_map(|(path, operator, operand)| Filter::Compare {
        path,
        operator,
        operand,
    });
    let present = path(with_filter).prop_map(Filter::Present);
    let leaf = prop_oneof![compare, present];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_is_parsed_as_it_is_displayed(filter in filter(true)) {
        prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }

    #[test]
    fn a_path_is_parsed_as_it_is_displayed(path in path(true)) {
        prop_assert_eq!(path.to_string().parse::<AttributePath>().unwrap(), path);
    }

    #[test]
    fn no_text_makes_the_parser_crash(text in any::<String>()) {
        let _parsed = text.parse::<Filter>();
        let _parsed = text.parse::<AttributePath>();
    }

    #[test]
    fn what_a_patch_replaces_is_read_back(value in "[^\\x00]{1,20}", path in prop::sample::select(vec![
        "title", "name.givenName", r#"emails[type eq "work"].value"#, r#"phoneNumbers[type eq "mobile"].value"#,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "urn:contoso:employee:JobCode",
    ])) {
        let changed = user(json!([{ "op": "replace", "path": path, "value": value }]));
        let wanted = Value::from(value.clone());
        prop_assert_eq!(values_at(&path.parse().unwrap(), &changed), vec![&wanted]);
        let again = patched(User, &changed, json!([{ "op": "replace", "path": path, "value": value }])).unwrap();
        prop_assert_eq!(again, changed);
    }

    #[test]
    fn a_filter_finds_what_was_put(value in any::<String>().prop_filter("assigned", |value| !value.is_empty())) {
        let changed = user(json!([{ "op": "add", "path": "nickName", "value": value }]));
        let filter = format!("nickName eq {}", Value::from(value.clone()));
        prop_assert!(filter.parse::<Filter>().unwrap().holds(User, &changed));
    }
}
