//! Lenient in, strict out: what senders do differently, each with its right answer.

use serde_json::{Value, json};

use super::server::{ENT, Server, person};

#[test]
fn active_false_disables_in_every_form_and_nothing_else_is_taken_for_it() {
    let server = Server::start();
    let path = server.person(1);
    let no = [
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        json!([{ "op": "replace", "path": "active", "value": false }]),
        json!([{ "op": "Add", "path": "active", "value": "false" }]),
        json!([{ "op": "replace", "value": { "active": false } }]),
        json!([{ "op": "Replace", "value": { "active": "FALSE" } }]),
        json!([{ "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": false }]),
    ];
    for operations in no {
        server.patch(&path, &json!([{ "op": "replace", "path": "active", "value": true }])).is(200);
        let answer = server.patch(&path, &operations).is(200);
        assert_eq!(answer.body["active"], false, "{operations}");
        assert_eq!(server.get(&path).body["active"], false, "{operations}");
    }
    for value in [json!("0"), json!("no"), json!(1), json!(null), json!("")] {
        let answer = server.patch(&path, &json!([{ "op": "replace", "path": "active", "value": value }])).is(400);
        assert_eq!(answer.kind(), "invalidValue");
    }
    let unknown = json!([{ "op": "replace", "path": "active", "value": false }]);
    server.patch("/Users/8f2f4c2e-0000-0000-0000-000000000000", &unknown).is(404);
}

#[test]
fn a_patch_with_one_bad_operation_changes_nothing() {
    let server = Server::start();
    let path = server.person(1);
    let before = server.get(&path).body;
    let operations =
        json!([{ "op": "replace", "path": "active", "value": false }, { "op": "replace", "path": "shoeSize", "value": 1 }]);
    let refused = server.patch(&path, &operations).is(400);
    assert_eq!(refused.kind(), "invalidPath");
    assert_eq!(server.get(&path).body, before);
    let same = server.patch(&path, &json!([{ "op": "replace", "path": "title", "value": "Clerk" }])).is(200);
    assert_eq!(same.body["meta"], before["meta"], "a request that changes nothing leaves lastModified alone");
}

#[test]
fn names_are_unique_in_any_case_and_a_key_belongs_to_one_person() {
    let server = Server::start();
    server.person(1);
    let mut other = person(2);
    other["userName"] = json!("P1@CONTOSO.example");
    assert_eq!(server.post("/Users", &other).is(409).kind(), "uniqueness");
    let mut other = person(2);
    other["externalId"] = json!("E-0001");
    assert_eq!(server.post("/Users", &other).is(409).kind(), "uniqueness");
    for name in [json!(""), json!(null)] {
        let mut nameless = person(3);
        nameless["userName"] = name;
        assert_eq!(server.post("/Users", &nameless).is(400).kind(), "invalidValue");
    }
    let second = server.person(2);
    server.patch(&second, &json!([{ "op": "replace", "path": "userName", "value": "p1@contoso.example" }])).is(409);
    server.post("/Groups", &json!({ "displayName": "Team" })).is(201);
    server.post("/Groups", &json!({ "displayName": "TEAM" })).is(409);
}

#[test]
fn a_put_replaces_the_record_and_keeps_what_would_hurt() {
    let server = Server::start();
    let path = server.person(1);
    server.patch(&path, &json!([{ "op": "replace", "path": "active", "value": false }])).is(200);
    let answer = server.send("PUT", &path, &json!({ "userName": "p1@contoso.example" })).is(200).body;
    assert_eq!((&answer["active"], &answer["externalId"], &answer["title"]), (&json!(false), &json!("E-0001"), &Value::Null));
    assert!(answer.get(ENT).is_none());
    let group = server.post("/Groups", &json!({ "displayName": "T", "members": [{ "value": "m" }] })).is(201).id();
    let group = format!("/Groups/{group}");
    let kept = server.send("PUT", &group, &json!({ "displayName": "T2" })).is(200).body;
    assert_eq!(kept["members"][0]["value"], "m");
    let emptied = server.send("PUT", &group, &json!({ "displayName": "T2", "members": [] })).is(200).body;
    assert!(emptied.get("members").is_none());
}

#[test]
fn members_may_come_before_their_users_and_leave_with_them() {
    let server = Server::start();
    let group = server.post("/Groups", &json!({ "displayName": "T", "members": [] })).is(201).id();
    let group = format!("/Groups/{group}");
    let add = |value: &Value| server.patch(&group, &json!([{ "op": "Add", "path": "members", "value": value }])).is(204);
    let ada = server.person(1);
    let id = ada.rsplit('/').next().unwrap().to_owned();
    add(&json!([{ "$ref": null, "value": id }]));
    add(&json!([{ "value": "not-pushed-yet" }]));
    add(&json!([{ "value": id }]));
    let members = || server.get(&group).body["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members(), 2);
    assert_eq!(server.get(&ada).body["groups"][0]["display"], "T");
    assert_eq!(server.find("/Groups", &format!("members eq \"{id}\"")).body["totalResults"], 1);
    assert!(server.get(&format!("{group}?excludedAttributes=members")).body.get("members").is_none());
    server.delete(&ada).is(204);
    assert_eq!(members(), 1);
    server.delete(&ada).is(404);
    server.get(&ada).is(404);
    server.delete(&group).is(204);
}

#[test]
fn pages_and_projections_follow_the_protocol() {
    let server = Server::start();
    (1..=7).for_each(|number| drop(server.person(number)));
    let page = |query: &str| server.get(&format!("/Users?{query}")).is(200).body;
    let first = page("startIndex=0&count=3");
    assert_eq!((&first["totalResults"], &first["startIndex"], &first["itemsPerPage"]), (&json!(7), &json!(1), &json!(3)));
    assert_eq!(page("startIndex=6&count=3")["itemsPerPage"], 2);
    let none = page("startIndex=99999");
    assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(7), &json!([])));
    assert_eq!(page("count=-1")["itemsPerPage"], 0);
    let only = page("attributes=id&count=1");
    assert_eq!(crate::world::keys(&only["Resources"][0]), ["id", "schemas"]);
    server.get("/Users?attributes=id&excludedAttributes=title").is(400);
    server.get("/Users?count=many").is(400);
    let searched =
        server.post("/Users/.search", &json!({ "filter": "title eq \"Clerk\"", "count": 2, "attributes": ["userName"] })).is(200);
    assert_eq!((&searched.body["totalResults"], &searched.body["itemsPerPage"]), (&json!(7), &json!(2)));
}

#[test]
fn versions_guard_against_lost_updates() {
    let server = Server::start();
    let path = server.person(1);
    let etag = server.get(&path).header("etag").to_owned();
    let conditional = |name: &str, value: &str, method: &str, body: &Value| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = request.request(method.parse().unwrap(), format!("{}{path}", server.url)).bearer_auth(&server.token);
        let request = request.header(name, value).header("content-type", "application/json");
        let request = if *body == Value::Null { request } else { request.body(body.to_string()) };
        runtime.block_on(request.send()).unwrap().status().as_u16()
    };
    let patch = json!({ "Operations": [{ "op": "replace", "path": "title", "value": "Judge" }] });
    assert_eq!(conditional("if-none-match", &etag, "GET", &Value::Null), 304);
    assert_eq!(conditional("if-match", &etag, "PATCH", &patch), 200);
    assert_eq!(conditional("if-match", &etag, "PATCH", &patch), 412);
    assert_eq!(conditional("if-match", &etag, "DELETE", &Value::Null), 412);
}

#[test]
fn content_types_are_read_as_senders_write_them() {
    let server = Server::start();
    let post = |number: usize, kind: &str| {
        server.raw("POST", "/Users", Some(&server.token), Some((kind, person(number).to_string().into_bytes()))).unwrap()
    };
    let created = post(1, "application/json; charset=utf-8").is(201);
    assert_eq!(created.header("content-type"), "application/scim+json");
    assert_eq!(created.header("location"), created.body["meta"]["location"].as_str().unwrap());
    post(2, "application/scim+json;charset=UTF-8").is(201);
    post(3, "text/plain").is(415);
}
