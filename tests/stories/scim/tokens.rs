//! Who may push, and how the server listens.

use serde_json::{Value, json};

use super::server::{Server, person};
use crate::world::World;

#[test]
fn a_token_pushes_to_its_feed_until_it_is_revoked() {
    let server = Server::start();
    let list = || server.world.run(["serve", "token", "list", "--format", "json"]).ends_with(0).json();
    let row = list()[0].clone();
    assert_eq!((row["feed"].as_str(), row["expiresAt"].as_str()), (Some("scim-push"), None), "{row}");
    assert!(!list().to_string().contains(&server.token));
    server.get("/Users").is(200);
    server.world.run(["serve", "token", "revoke", row["id"].as_str().unwrap()]).ends_with(0);
    let refused = server.get("/Users").is(401);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(list(), json!([]));
    server.world.run(["serve", "token", "revoke", "tk-00000000"]).ends_with(2);
}

#[test]
fn a_feed_that_no_mapping_has_gets_no_token() {
    let world = World::new();
    let ended = world.run(["serve", "token", "new", "--feed", "HR"]).ends_with(2);
    assert!(ended.err.contains("no mapping is configured"), "{}", ended.err);
    world.run(["init", "--preset", "scim-push"]).ends_with(0);
    let ended = world.run(["serve", "token", "new", "--feed", "HR"]).ends_with(2);
    assert!(ended.err.contains("`HR`") && ended.err.contains("`scim-push`") && ended.out.is_empty(), "{}", ended.err);
    world.run(["serve", "token", "new", "--feed", "scim-push", "--expires", "soon"]).ends_with(2);
    let token = world.run(["serve", "token", "new", "--feed", "scim-push", "--expires", "180d"]).ends_with(0).out;
    assert!(token.starts_with("hrpush_") && token.trim().len() == 50, "the token alone is on stdout");
}

#[test]
fn wrong_tokens_are_slowed_down_and_a_right_one_never_is() {
    let server = Server::start();
    let wrong = |token: Option<&str>| server.raw("GET", "/Users", token, None).unwrap().status;
    assert_eq!((wrong(None), wrong(Some("")), wrong(Some("hrpush_x"))), (401, 401, 401));
    let statuses: Vec<u16> = (0..40).map(|at| wrong(Some(&format!("hrpush_{at}")))).collect();
    assert!(statuses.contains(&401) && statuses.contains(&429), "{statuses:?}");
    server.get("/Users").is(200);
    let limited = (0..40).map(|_| server.raw("POST", "/Users", Some("x"), None).unwrap()).find(|answer| answer.status == 429);
    assert_eq!(limited.unwrap().header("retry-after"), "60");
    server.post("/Users", &person(1)).is(201);
}

#[test]
fn tokens_never_cross_a_network_in_the_clear() {
    let world = World::new();
    world.run(["init", "--preset", "scim-push"]).ends_with(0);
    let ended = world.run(["serve", "--listen", "0.0.0.0:0"]).ends_with(2);
    assert!(ended.err.contains("in the clear") && ended.err.contains("behind_proxy"), "{}", ended.err);
}

#[test]
fn the_log_has_no_value_of_a_request() {
    let mut server = Server::start();
    let mut secret = person(1);
    secret["password"] = json!("Tr0ub4dor");
    let created = server.post("/Users", &secret).is(201);
    server.find("/Users", r#"userName eq "p1@contoso.example""#).is(200);
    server
        .patch(&format!("/Users/{}", created.id()), &json!([{ "op": "replace", "path": "password", "value": "Tr0ub4dor" }]))
        .is(200);
    server
        .patch(&format!("/Users/{}", created.id()), &json!([{ "op": "replace", "path": "title", "value": ["Given1"] }]))
        .is(400);
    assert!(!created.body.to_string().contains("Tr0ub4dor"));
    server.kill();
    let log = std::fs::read_to_string(server.world.path("serve.log")).unwrap();
    assert!(log.contains("answered POST Users with 201") && log.contains("tk-"), "{log}");
    for value in ["contoso.example", "Given1", "Tr0ub4dor", "E-0001", server.token.as_str(), created.id().as_str()] {
        assert!(!log.contains(value), "{value} is in the log: {log}");
    }
    for file in std::fs::read_dir(server.world.path(".hrpush")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"Tr0ub4dor"), "a password was stored");
    }
}

#[test]
fn a_feed_does_not_see_another() {
    let server = Server::start();
    server.person(1);
    let mapping = std::fs::read_to_string(server.world.path("scim-push.toml")).unwrap();
    server.world.write("scim-push.toml", mapping.replace("name    = \"scim-push\"", "name    = \"other\""));
    let other = server.world.run(["serve", "token", "new", "--feed", "other"]).ends_with(0).out;
    let list = |token: &str| server.raw("GET", "/Users", Some(token), None).unwrap().is(200).body["totalResults"].clone();
    assert_eq!((list(&server.token), list(other.trim())), (json!(1), json!(0)));
    let posted = server.raw("POST", "/Users", Some(other.trim()), Some(("application/json", person(1).to_string().into_bytes())));
    posted.unwrap().is(201);
}

#[cfg(unix)]
#[test]
fn the_server_ends_well_when_it_is_asked_to() {
    let mut server = Server::start();
    let path = server.person(1);
    assert_eq!(server.raw("GET", "/../../healthz", None, None).unwrap().status, 200);
    assert!(server.terminate());
    server.restart_after_end();
    server.get(&path).is(200);
}

#[test]
fn discovery_describes_what_is_there() {
    let server = Server::start();
    let config = server.get("/ServiceProviderConfig").is(200).body;
    assert_eq!(
        (&config["patch"]["supported"], &config["bulk"]["supported"], &config["etag"]["supported"]),
        (&json!(true), &json!(true), &json!(true))
    );
    let schemas = server.get("/Schemas").is(200).body;
    assert_eq!(schemas["totalResults"], 3);
    assert!(!schemas.to_string().contains("null") && !schemas.to_string().contains("password"));
    let types = server.get("/ResourceTypes").is(200).body;
    assert_eq!(types["Resources"][0]["endpoint"], "/Users");
    server.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").is(200);
    server.get("/Schemas/urn:none").is(404);
    server.get("/Schemas?filter=id+eq+%22x%22").is(403);
    server.get("/Bulk").is(405);
    server.get("/Me").is(501);
    server.get("/Nothing").is(404);
    let not_allowed = server.send("PUT", "/Users", &Value::Null).is(405);
    assert_eq!(not_allowed.header("allow"), "GET, POST");
    assert_eq!(server.raw("GET", "/Schemas", None, None).unwrap().status, 401);
}

#[cfg(unix)]
#[test]
fn a_monitor_has_an_address_of_its_own() {
    let mut server = Server::talking("metrics = \"127.0.0.1:0\"");
    server.person(1);
    let note = server.wait_for("a monitor finds ");
    let url = note.rsplit(' ').next().unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = |url: String| runtime.block_on(async { client.get(url).send().await.unwrap().text().await.unwrap() });
    let metrics = text(url.clone());
    assert!(metrics.contains("endpoint=\"Users\",status=\"201\"} 1") && metrics.contains("changes_total 1"), "{metrics}");
    assert_eq!(text(url.replace("/metrics", "/readyz")), "ready\n");
    assert_eq!(server.raw("GET", "/../../metrics", Some(&server.token), None).unwrap().status, 404);
}
