//! `[[groups]] from = "feed"`: the pushed groups become groups of the tenant.

use serde_json::{Value, json};

use super::server::Server;
use crate::served::Served;
use crate::world::{Ended, World};

const GROUPS: &str = "\n[[groups]]\nfrom = \"feed\"\n";

/// A server whose mapping has the groups of the feed, and the tenant of its runs.
fn company() -> (Server, Served) {
    let server = Server::start();
    let mapping = std::fs::read_to_string(server.world.path("scim-push.toml")).unwrap();
    server.world.write("scim-push.toml", mapping + GROUPS);
    let tenant = Served::start(&server.world, &["--quota-kind", "off"]);
    (server, tenant)
}

fn run(server: &Server, tenant: &Served, command: &str) -> Ended {
    server.world.run_with(&[("HRPUSH_ACCESS_TOKEN", "a.b.c")], [command, "--format", "json", "--graph-url", &tenant.url])
}

fn plan(server: &Server, tenant: &Served) -> Value {
    let ended = run(server, tenant, "plan");
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}\n{}", ended.out, ended.err))
}

fn group<'p>(plan: &'p Value, key: &str) -> &'p Value {
    plan["changes"].as_array().unwrap().iter().find(|change| change["key"] == key).unwrap_or(&Value::Null)
}

#[test]
fn pushed_groups_are_made_renamed_and_filled_by_the_keys_of_their_members() {
    let (server, tenant) = company();
    let ids: Vec<String> = (1..=3).map(|number| server.person(number).rsplit('/').next().unwrap().to_owned()).collect();
    let members = json!([{ "value": ids[0] }, { "value": ids[1] }, { "value": "not-pushed-yet" }]);
    let claims = json!({ "displayName": "Claims", "externalId": "g-1", "members": members });
    let path = format!("/Groups/{}", server.post("/Groups", &claims).is(201).id());
    server.post("/Groups", &json!({ "displayName": "Nobody yet" })).is(201);
    let first = plan(&server, &tenant);
    assert_eq!(group(&first, "g-1")["members"]["add"], json!(["E-0001", "E-0002"]), "{first}");
    assert_eq!(group(&first, "Nobody yet")["action"], "create", "a group without members is a group");
    let pending = |plan: &Value| {
        let skipped = plan["skipped"].as_array().unwrap().iter();
        skipped.filter(|entry| entry["code"] == "member-pending").map(|entry| entry["key"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(pending(&first), [json!("g-1")]);
    run(&server, &tenant, "sync").ends_with(0);
    assert_eq!(plan(&server, &tenant)["changes"], json!([]), "the second run has nothing to do");
    server
        .patch(
            &path,
            &json!([
                { "op": "replace", "path": "displayName", "value": "Claims DE" },
                { "op": "Remove", "path": "members", "value": [{ "value": ids[0] }, { "value": "not-pushed-yet" }] },
                { "op": "Add", "path": "members", "value": [{ "value": ids[2] }] },
            ]),
        )
        .is(204);
    let second = plan(&server, &tenant);
    let change = group(&second, "g-1");
    assert_eq!(change["members"], json!({ "add": ["E-0003"], "remove": ["E-0001"] }), "{change}");
    assert!(change["attributes"].to_string().contains("Claims DE"), "{change}");
    assert!(pending(&second).is_empty());
    run(&server, &tenant, "sync").ends_with(0);
    assert_eq!(plan(&server, &tenant)["changes"], json!([]));
}

#[test]
fn a_deleted_group_loses_its_members_and_a_nested_one_is_named() {
    let (server, tenant) = company();
    let id = server.person(1).rsplit('/').next().unwrap().to_owned();
    let inner = server
        .post("/Groups", &json!({ "displayName": "Inner", "externalId": "g-1", "members": [{ "value": id }] }))
        .is(201)
        .id();
    let nested = json!([{ "value": inner, "type": "Group" }]);
    server.post("/Groups", &json!({ "displayName": "Outer", "externalId": "g-2", "members": nested })).is(201);
    let first = plan(&server, &tenant);
    assert!(first["skipped"].to_string().contains("that are groups"), "{first}");
    run(&server, &tenant, "sync").ends_with(0);
    server.delete(&format!("/Groups/{inner}")).is(204);
    let second = plan(&server, &tenant);
    assert!(second["changes"].to_string().contains("\"remove\":[\"E-0001\"]"), "{second}");
    assert!(second["skipped"].to_string().contains("group-unused"), "{second}");
}

#[test]
fn a_file_has_no_groups_of_its_own() {
    let world = World::new();
    world.write("hr.csv", "EmployeeID,GivenName\n1,Ada\n");
    let mapping = "version = 1\nname = \"HR\"\n[source]\nkey = \"[EmployeeID]\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\nemployeeId = \"[EmployeeID]\"\n";
    world.write("hr.toml", format!("{mapping}{GROUPS}"));
    let ended = world.run(["import", "hr.csv", "--mapping", "hr.toml", "--dry-run"]).ends_with(2);
    assert!(ended.err.contains("no groups of its own") && ended.err.contains("pushed by SCIM"), "{}", ended.err);
}
