//! The requests of each sender, as recorded or documented.

use serde_json::{Value, json};

use super::server::{ENT, Server, person};

#[test]
fn entra_in_legacy_mode() {
    let server = Server::start();
    let tested = server.find("/Users", r#"userName eq "5d4b3a2e-1c0f-4f6e-9d8c-7b6a5f4e3d2c""#).is(200).body;
    assert_eq!((&tested["totalResults"], &tested["Resources"]), (&json!(0), &json!([])));
    let created = server.post("/Users", &person(1)).is(201);
    let (id, path) = (created.id(), format!("/Users/{}", created.id()));
    let boss = server.post("/Users", &person(2)).is(201).id();
    for filter in [
        r#"userName eq "p1@contoso.example""#.to_owned(),
        r#"externalId eq "E-0001""#.to_owned(),
        "externalId eq E-0001".to_owned(),
        r#"emails[type eq "work"].value eq "p1@contoso.example""#.to_owned(),
    ] {
        assert_eq!(server.find("/Users", &filter).is(200).body["Resources"][0]["id"], id.as_str(), "{filter}");
    }
    let changed = server
        .patch(
            &path,
            &json!([
                { "op": "Replace", "path": "active", "value": "False" },
                { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@contoso.example" },
                { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+34 600 555 010" },
                { "op": "Add", "path": "manager", "value": [{ "$ref": format!("{}/Users/{boss}", server.url), "value": boss }] },
                { "op": "Add", "path": format!("{ENT}:department"), "value": "Tax" },
                { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "admin" },
                { "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User:tag", "value": "blue" },
            ]),
        )
        .is(200)
        .body;
    assert_eq!((&changed["active"], &changed["emails"][0]["value"]), (&json!(false), &json!("new@contoso.example")));
    assert_eq!(changed["phoneNumbers"], json!([{ "type": "mobile", "value": "+34 600 555 010" }]));
    assert_eq!((&changed[ENT]["department"], &changed[ENT]["manager"]["value"]), (&json!("Tax"), &json!(boss)));
    assert_eq!(changed["roles"][0]["primary"], true);
    let schemas = changed["schemas"].to_string();
    assert!(schemas.contains(ENT) && schemas.contains("Contoso:2.0:User"), "{schemas}");
    for filter in [format!("id eq \"{id}\" and manager eq \"{boss}\""), format!("manager eq \"{boss}\" and id eq \"{id}\"")] {
        assert_eq!(server.find("/Users", &filter).is(200).body["totalResults"], 1, "{filter}");
    }
    let cleared = server.patch(&path, &json!([{ "op": "Remove", "path": format!("{ENT}:manager") }])).is(200).body;
    assert!(cleared[ENT].get("manager").is_none());
    assert_eq!(server.find("/Users", r#"userName eq "p1@contoso.example""#).body["totalResults"], 1, "inactive users are found");
    server.delete(&path).is(204);
    server.delete(&path).is(404);
}

#[test]
fn entra_pushes_groups_in_legacy_mode() {
    let server = Server::start();
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Claims", "meta": { "resourceType": "Group" },
    });
    let group = format!("/Groups/{}", server.post("/Groups", &body).is(201).id());
    let looked_up = server.get("/Groups?excludedAttributes=members&filter=displayName+eq+%22Claims%22").is(200).body;
    assert_eq!(looked_up["totalResults"], 1);
    let ids: Vec<String> = (1..=3).map(|number| server.post("/Users", &person(number)).is(201).id()).collect();
    let members = |op: &str, ids: &[String]| {
        let value: Vec<Value> = ids.iter().map(|id| json!({ "$ref": null, "value": id })).collect();
        server.patch(&group, &json!([{ "op": op, "path": "members", "value": value }])).is(204);
    };
    members("Add", &ids);
    members("Remove", &ids[..1]);
    let left = server.get(&group).is(200).body["members"].as_array().unwrap().len();
    assert_eq!(left, 2, "a removal with values removes those alone");
    let filter = format!("id eq \"{}\" and members eq \"{}\"", group.rsplit('/').next().unwrap(), ids[1]);
    assert_eq!(server.find("/Groups", &filter).is(200).body["totalResults"], 1);
}

#[test]
fn entra_in_flag_mode() {
    let server = Server::start();
    let path = server.person(1);
    let value = json!({
        "displayName": "Mira C.", "name.familyName": "C.", format!("{ENT}:employeeNumber"): "E-77", "active": false,
        "emails[type eq \"work\"].value": "mira@contoso.example",
    });
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "replace", "value": value }] });
    let changed = server.send("PATCH", &format!("{path}?aadOptscim062020"), &body).is(200).body;
    assert_eq!(changed["name"]["givenName"], "Given1");
    assert_eq!((&changed["name"]["familyName"], &changed[ENT]["employeeNumber"]), (&json!("C."), &json!("E-77")));
    assert_eq!((&changed["active"], &changed["emails"][0]["value"]), (&json!(false), &json!("mira@contoso.example")));
    let group = format!("/Groups/{}", server.post("/Groups", &json!({ "displayName": "T" })).is(201).id());
    server.patch(&group, &json!([{ "op": "add", "path": "members", "value": [{ "value": "a" }, { "value": "b" }] }])).is(204);
    server.patch(&group, &json!([{ "op": "remove", "path": "members[value eq \"a\"]" }])).is(204);
    assert_eq!(server.get(&group).body["members"].as_array().unwrap().len(), 1);
}

#[test]
fn okta() {
    let server = Server::start();
    let tested = server.get("/Users?startIndex=1&count=2").is(200).body;
    assert!(tested["itemsPerPage"].is_u64() && tested["startIndex"].is_u64() && tested["totalResults"].is_u64());
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@contoso.example", "name": { "givenName": "Ada", "familyName": "Brandt" },
        "emails": [{ "primary": true, "value": "ada@contoso.example", "type": "work" }], "displayName": "Ada Brandt", "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true,
    });
    let created = server.post("/Users", &body).is(201);
    assert!(created.body.get("password").is_none() && created.body["id"].is_string());
    server.post("/Users", &body).is(409);
    let path = format!("/Users/{}", created.id());
    let mut whole = server.get(&path).is(200).body;
    whole["active"] = json!(false);
    assert_eq!(server.send("PUT", &path, &whole).is(200).body["active"], false);
    let back = server.patch(&path, &json!([{ "op": "replace", "value": { "active": true } }])).is(200).body;
    assert_eq!(back["active"], true);
    let missing = server.get("/Users/00000000-0000-0000-0000-000000000000").is(404).body;
    assert_eq!(
        (&missing["schemas"][0], &missing["status"]),
        (&json!("urn:ietf:params:scim:api:messages:2.0:Error"), &json!("404"))
    );
    let group = server.post("/Groups", &json!({ "displayName": "Sales", "members": [] })).is(201).id();
    let group_path = format!("/Groups/{group}");
    server.patch(&group_path, &json!([{ "op": "replace", "value": { "id": group, "displayName": "Sales EMEA" } }])).is(204);
    server
        .patch(
            &group_path,
            &json!([{ "op": "add", "path": "members", "value": [{ "value": created.id(), "display": "ada@contoso.example" }] }]),
        )
        .is(204);
    server.patch(&group_path, &json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", created.id()) }])).is(204);
    server.patch(&group_path, &json!([{ "op": "replace", "path": "members", "value": [{ "value": created.id() }] }])).is(204);
    assert_eq!(server.get(&group_path).body["members"][0]["value"], created.id());
    server.patch(&group_path, &json!([{ "op": "replace", "path": "members", "value": [] }])).is(204);
    server.delete(&group_path).is(204);
}

#[test]
fn the_validator_of_microsoft() {
    let server = Server::start();
    server.get("/Schemas").is(200);
    let mut body = person(1);
    body["emails"][0]["primary"] = json!("true");
    body[ENT]["manager"] = json!({ "value": "PWKXTVGZ" });
    let created = server.post("/Users", &body).is(201);
    let path = format!("/Users/{}", created.id());
    assert_eq!(created.body["emails"][0]["primary"], true);
    assert_eq!(server.get("/Users?filter=userName+eq+%22P1@CONTOSO.EXAMPLE%22").is(200).body["totalResults"], 1);
    let last = server.patch(
        &path,
        &json!([{ "op": "replace", "path": "title", "value": "a" }, { "op": "replace", "path": "title", "value": "b" }]),
    );
    assert_eq!(last.is(200).body["title"], "b");
    let removed = server.patch(&path, &json!([{ "op": "remove", "path": "displayName" }])).is(200).body;
    assert!(removed.get("displayName").is_none());
    let manager = server.patch(&path, &json!([{ "op": "add", "path": format!("{ENT}:manager"), "value": "ABCD" }])).is(200).body;
    assert_eq!(manager[ENT]["manager"]["value"], "ABCD");
    let group = server.post("/Groups", &json!({ "displayName": "RANDOM", "externalId": "g" })).is(201).id();
    let group = format!("/Groups/{group}");
    assert_eq!(server.find("/Groups", "displayName eq \"random\"").body["totalResults"], 1);
    let both = json!([
        { "op": "add", "path": "members", "value": [{ "value": created.id() }] },
        { "op": "remove", "path": format!("members[value eq \"{}\"]", created.id()) },
    ]);
    server.patch(&group, &both).is(204);
    assert!(server.get(&group).body.get("members").is_none());
    server.patch(&group, &json!([{ "op": "add", "path": "members", "value": [{ "value": created.id() }] }])).is(204);
    server.delete(&path).is(204);
    server.delete(&path).is(404);
    assert!(server.get(&group).is(200).body.get("members").is_none());
}

#[test]
fn a_bulk_request_does_what_it_can() {
    let server = Server::start();
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": 2, "Operations": [
        { "method": "POST", "bulkId": "ada", "path": "/Users", "data": person(1) },
        { "method": "POST", "bulkId": "team", "path": "/Groups", "data": { "displayName": "T", "members": [{ "value": "bulkId:ada" }] } },
        { "method": "POST", "bulkId": "again", "path": "/Users", "data": person(1) },
        { "method": "PATCH", "path": "/Users/bulkId:ada", "data": { "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] } },
        { "method": "DELETE", "path": "/Users/none" },
        { "method": "POST", "bulkId": "never", "path": "/Users", "data": person(2) },
    ] });
    let answer = server.post("/Bulk", &body).is(200).body;
    let statuses: Vec<&str> =
        answer["Operations"].as_array().unwrap().iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201", "201", "409", "200", "404"]);
    assert_eq!(answer["Operations"][2]["response"]["scimType"], "uniqueness");
    let location = answer["Operations"][0]["location"].as_str().unwrap();
    let ada = server.get(location.strip_prefix(server.url.as_str()).unwrap()).is(200).body;
    assert_eq!((&ada["active"], &ada["groups"][0]["display"]), (&json!(false), &json!("T")));
    assert_eq!(server.get("/Users").body["totalResults"], 1);
    let many = vec![json!({ "method": "DELETE", "path": "/Users/x" }); 1_001];
    server.post("/Bulk", &json!({ "Operations": many })).is(413);
    server.post("/Bulk", &json!({})).is(400);
    let found = server.post("/.search", &json!({ "count": 1 })).is(200).body;
    assert_eq!((&found["totalResults"], &found["itemsPerPage"]), (&json!(2), &json!(1)));
    let team = server.post("/.search", &json!({ "filter": "displayName eq \"T\"" })).is(200).body;
    assert_eq!((&team["totalResults"], &team["Resources"][0]["displayName"]), (&json!(1), &json!("T")));
    server.post("/.search", &json!({ "filter": "shoeSize eq 3" })).is(400);
    let forward = json!({ "Operations": [{ "method": "POST", "path": "/Groups", "data": { "displayName": "G", "members": [{ "value": "bulkId:later" }] } }] });
    assert_eq!(server.post("/Bulk", &forward).is(200).body["Operations"][0]["status"], "400");
}
