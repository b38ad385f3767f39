//! Senders beside Entra and Okta, one test for each, as their documentation and reports of others describe them.

use serde_json::{Value, json};

use super::server::{ENT, Server, person};

fn members(server: &Server, path: &str) -> Vec<String> {
    let members = server.get(path).is(200).body["members"].clone();
    members.as_array().into_iter().flatten().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn jumpcloud_tries_the_connection_with_a_person_and_a_group_of_its_own() {
    let server = Server::start();
    let user = server.post("/Users", &json!({ "userName": "test@jumpcloud.example", "active": true, "emails": [] })).is(201).id();
    let group = json!({ "displayName": "JumpCloud test", "members": [{ "value": user }] });
    let group = format!("/Groups/{}", server.post("/Groups", &group).is(201).id());
    server.patch(&group, &json!([{ "op": "remove", "path": "members", "value": [{ "value": user }] }])).is(204);
    assert!(members(&server, &group).is_empty());
    server.delete(&group).is(204);
    server.delete(&format!("/Users/{user}")).is(204);
    // The test person has no externalId, so that its record is held and reaches no tenant.
    let records = server.world.run(["plan", "--format", "json"]).json();
    assert_eq!(records["changes"], json!([]), "{records}");
}

#[test]
fn onelogin_sends_what_its_template_says_with_the_urns_of_scim_1() {
    let server = Server::start();
    let body = json!({
        "schemas": ["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"],
        "userName": "ada@contoso.example", "externalId": "E-1", "active": true, "name": { "givenName": "Ada", "familyName": "Brandt" },
        "urn:scim:schemas:extension:enterprise:1.0": { "department": "Tax" },
    });
    let created = server.post("/Users", &body).is(201);
    assert_eq!(created.body[ENT]["department"], "Tax");
    let path = format!("/Users/{}", created.id());
    let suspended =
        server.patch(&path, &json!([{ "op": "replace", "path": "urn:scim:schemas:core:1.0:active", "value": false }]));
    assert_eq!(suspended.is(200).body["active"], false);
    let whole = json!({ "schemas": ["urn:scim:schemas:core:1.0"], "userName": "ada@contoso.example", "urn:scim:schemas:core:1.0:active": true });
    assert_eq!(server.send("PUT", &path, &whole).is(200).body["active"], true);
    server.delete(&path).is(204);
}

#[test]
fn sap_identity_provisioning_puts_whole_people() {
    let server = Server::start();
    let path = server.person(1);
    let found = server.find("/Users", r#"emails.value eq "p1@contoso.example""#).is(200).body;
    assert_eq!(found["totalResults"], 1);
    let both = server.find("/Users", r#"userName eq "p1@contoso.example" or externalId eq "E-0001""#).is(200).body;
    assert_eq!(both["totalResults"], 1);
    let mut whole = person(1);
    whole["id"] = json!(path.rsplit('/').next().unwrap());
    whole["title"] = json!("Judge");
    whole["active"] = json!(false);
    let put = server.send("PUT", &path, &whole).is(200).body;
    assert_eq!((&put["title"], &put["active"]), (&json!("Judge"), &json!(false)));
}

#[test]
fn ping_sends_two_primary_addresses() {
    let server = Server::start();
    let emails =
        json!([{ "value": "a@x", "type": "work", "primary": true }, { "value": "b@x", "type": "home", "primary": true }]);
    let created = server.post("/Users", &json!({ "userName": "ping@x", "externalId": "p", "emails": emails })).is(201).body;
    let primary = |body: &Value| body["emails"].as_array().unwrap().iter().filter(|email| email["primary"] == true).count();
    assert_eq!(primary(&created), 1);
    assert_eq!(server.find("/Users", r#"userName eq "PING@x""#).is(200).body["totalResults"], 1);
}

#[test]
fn authentik_replaces_whole_groups_and_adds_one_member_an_operation() {
    let server = Server::start();
    let group = json!({ "displayName": "G", "externalId": "g", "members": [{ "value": "a" }] });
    let path = format!("/Groups/{}", server.post("/Groups", &group).is(201).id());
    let mut whole = server.get(&path).body;
    whole["members"] = json!([{ "value": "b" }]);
    server.patch(&path, &json!([{ "op": "replace", "value": whole }])).is(204);
    assert_eq!(members(&server, &path), ["b"]);
    let add = |id: &str| json!({ "op": "add", "path": "members", "value": [{ "value": id }] });
    server.patch(&path, &json!([add("c"), add("d"), { "op": "remove", "path": "members[value eq \"b\"]" }])).is(204);
    assert_eq!(members(&server, &path), ["c", "d"]);
}

#[test]
fn servicenow_puts_or_patches_by_its_setting() {
    let server = Server::start();
    let path = server.person(1);
    let mut whole = server.get(&path).body;
    whole["nickName"] = json!("Ada");
    assert_eq!(server.send("PUT", &path, &whole).is(200).body["nickName"], "Ada");
    let patched = server.patch(&path, &json!([{ "op": "replace", "value": { "nickName": "A", "active": false } }])).is(200).body;
    assert_eq!((&patched["nickName"], &patched["active"]), (&json!("A"), &json!(false)));
}

#[test]
fn rippling_looks_at_the_description_first() {
    let server = Server::start();
    let described = server.get("/ServiceProviderConfig").is(200).body;
    assert_eq!((&described["patch"]["supported"], &described["filter"]["supported"]), (&json!(true), &json!(true)));
    server.post("/Users", &person(1)).is(201);
}

#[test]
fn the_reader_of_microsoft_asks_for_changes_since_a_moment() {
    let server = Server::start();
    let path = server.person(1);
    let since = |moment: &str| {
        let filter =
            format!(r#"active eq true and (meta.lastModified ge "{moment}" and meta.lastModified le "2099-01-01T00:00:00Z")"#);
        server.find("/Users", &filter).is(200).body["totalResults"].clone()
    };
    assert_eq!((since("2020-01-01T00:00:00Z"), since("2098-01-01T00:00:00Z")), (json!(1), json!(0)));
    assert_eq!(server.get("/Users?startindex=0&COUNT=1").is(200).body["startIndex"], 1);
    let dotted = server.patch(&path, &json!([{ "op": "replace", "path": format!("{ENT}.manager"), "value": "m" }])).is(200).body;
    assert_eq!(dotted[ENT]["manager"]["value"], "m");
}

#[test]
fn the_reference_client_of_microsoft() {
    let server = Server::start();
    let path = server.person(1);
    let group = format!("/Groups/{}", server.post("/Groups", &json!({ "displayName": "G" })).is(201).id());
    // An id beside the operations, a member as bare text, a role as JSON within a text, and a manager that is cleared by nothing.
    let body = json!({ "id": "1", "Operations": [{ "op": "Add", "path": "members", "value": "abc" }] });
    server.send("PATCH", &group, &body).is(204);
    assert_eq!(members(&server, &group), ["abc"]);
    let shown = server.get(&format!("{group}?excludedAttributes=members")).is(200).body;
    assert!(shown.get("members").is_none());
    let role = json!({ "op": "Add", "path": "roles", "value": "{\"id\":\"1\",\"value\":\"admin\",\"displayName\":\"Admin\"}" });
    let roles = server.patch(&path, &json!([role.clone(), role])).is(200).body["roles"].clone();
    assert_eq!((roles.as_array().unwrap().len(), &roles[0]["value"]), (1, &json!("admin")));
    server.patch(&path, &json!([{ "op": "Add", "path": format!("{ENT}:manager"), "value": "m1" }])).is(200);
    let cleared = server.patch(&path, &json!([{ "op": "Replace", "path": format!("{ENT}:manager"), "value": "" }])).is(200).body;
    assert!(cleared[ENT].get("manager").is_none());
}

#[test]
fn okta_puts_whole_groups_and_passes_its_nine_steps() {
    let server = Server::start();
    server.person(1);
    let first = server.get("/Users?count=1&startIndex=1").is(200).body["Resources"][0].clone();
    for attribute in ["id", "userName", "active", "name"] {
        assert!(!first[attribute].is_null(), "{attribute}");
    }
    assert!(first["name"]["familyName"].is_string() && first["emails"][0]["value"].is_string());
    server.get(&format!("/Users/{}", first["id"].as_str().unwrap())).is(200);
    assert_eq!(server.find("/Users", r#"userName eq "none@contoso.example""#).is(200).body["totalResults"], 0);
    let missing = server.get("/Users/010101001010101011001010101011").is(404).body;
    assert!(missing["detail"].is_string() && missing["schemas"][0].as_str().unwrap().ends_with(":Error"));
    let ada = server.raw("POST", "/Users", Some(&server.token), Some(("application/json", person(2).to_string().into_bytes())));
    let ada = ada.unwrap().is(201).id();
    server.get(&format!("/Users/{ada}")).is(200);
    server.post("/Users", &person(2)).is(409);
    assert_eq!(server.find("/Users", r#"userName eq "P2@CONTOSO.EXAMPLE""#).is(200).body["totalResults"], 1);
    assert_eq!(server.get("/Groups").is(200).body["Resources"], json!([]));
    let group = server.post("/Groups", &json!({ "displayName": "Sales", "members": [] })).is(201).id();
    let path = format!("/Groups/{group}");
    let whole = |name: &str, members: Value| json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": group, "displayName": name, "members": members });
    server.send("PUT", &path, &whole("Sales", json!([{ "value": ada, "display": "p2" }]))).is(200);
    assert_eq!(members(&server, &path), [ada]);
    let emptied = server.send("PUT", &path, &whole("Sales EMEA", json!([]))).is(200).body;
    assert_eq!((&emptied["displayName"], emptied.get("members")), (&json!("Sales EMEA"), None));
}
