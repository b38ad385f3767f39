//! What a hostile or broken sender may do: the right status, bounded work, nothing lost.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::server::{Server, person};

#[test]
fn bodies_and_filters_without_measure_are_refused() {
    let server = Server::start();
    let path = server.person(1);
    let post =
        |body: Vec<u8>| server.raw("POST", "/Users", Some(&server.token), Some(("application/json", body))).map(|it| it.status);
    let large = json!({ "userName": "x".repeat(10_000_000) }).to_string().into_bytes();
    // The server may hang up before all of it is sent.
    assert!(matches!(post(large), Ok(413) | Err(_)));
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(post(format!("{{\"userName\":\"x\",\"title\":{deep}}}").into_bytes()), Ok(400));
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"userName\":\"a\",\"userName\":\"b\"}",
        "{\"userName\":\"a\",\"USERNAME\":\"b\"}",
        "{\"userName\":\"\\ud800\"}",
    ] {
        assert_eq!(post(body.into()), Ok(400), "{body}");
    }
    assert_eq!(post(vec![0xff, 0xfe]), Ok(400));
    let many = vec!["title eq \"x\""; 10_000].join(" or ");
    let searched = server.post("/Users/.search", &json!({ "filter": many })).is(400);
    assert_eq!(searched.kind(), "invalidFilter");
    let nested = format!("{}title pr{}", "(".repeat(1_000), ")".repeat(1_000));
    assert_eq!(server.find("/Users", &nested).is(400).kind(), "invalidFilter");
    let operations = vec![json!({ "op": "replace", "path": "title", "value": "x" }); 1_001];
    assert_eq!(server.patch(&path, &json!(operations)).is(400).kind(), "tooMany");
    assert_eq!(server.get(&path).body["title"], "Clerk");
}

#[test]
fn a_doubled_active_is_ambiguous_and_refused() {
    let server = Server::start();
    let path = server.person(1);
    let body = br#"{"Operations":[{"op":"replace","value":{"active":false,"Active":true}}]}"#.to_vec();
    let refused = server.raw("PATCH", &path, Some(&server.token), Some(("application/json", body))).unwrap().is(400);
    assert_eq!(refused.kind(), "invalidSyntax");
}

#[test]
fn a_success_is_answered_for_nothing_that_was_not_applied() {
    let server = Server::start();
    let path = server.person(1);
    let group =
        format!("/Groups/{}", server.post("/Groups", &json!({ "displayName": "T", "members": [{ "value": "a" }] })).is(201).id());
    let core = "urn:ietf:params:scim:schemas:core:2.0:Group";
    server.patch(&group, &json!([{ "op": "add", "value": { core: { "members": [{ "value": "b" }] } } }])).is(204);
    server.patch(&group, &json!([{ "op": "add", "path": core, "value": { "members": [{ "value": "c" }] } }])).is(204);
    server.patch(&group, &json!([{ "op": "add", "path": "members", "value": [{ "$ref": "../Users/d" }] }])).is(204);
    let members = |path: &str| server.get(path).is(200).body["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members(&group), 4);
    for value in [json!([{ "display": "Ada" }]), json!([{ "value": "e" }, { "type": "User" }])] {
        let refused = server.patch(&group, &json!([{ "op": "add", "path": "members", "value": value }])).is(400);
        assert_eq!(refused.kind(), "invalidValue");
    }
    server.post("/Groups", &json!({ "displayName": "U", "members": [{ "display": "Ada" }] })).is(400);
    assert_eq!(members(&group), 4);
    let ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    for operation in [
        json!({ "op": "replace", "path": format!("{ent}:active"), "value": false }),
        json!({ "op": "replace", "value": { "active": true, "urn:ietf:params:scim:schemas:core:2.0:User:active": false } }),
        json!({ "op": "remove", "path": "active[value eq true]" }),
        json!({ "op": "replace", "path": "emails[type eq \"none\" or type eq \"work\" and value eq \"x\"].value", "value": "y" }),
        json!({ "op": "replace", "path": "userName", "value": " " }),
        json!({ "op": "replace", "path": "active", "value": ["False"] }),
        json!({ "op": "replace", "path": "active" }),
    ] {
        server.patch(&path, &json!([operation])).is(400);
    }
    assert_eq!(server.get(&path).is(200).body["active"], true);
    server.patch(&path, &json!([{ "op": "replace", "path": "active", "value": false }])).is(200);
    let whole = json!({ "userName": "p1@contoso.example", "active": [] });
    assert_eq!(server.send("PUT", &path, &whole).is(200).body["active"], false, "nothing is no way back in");
    let whole = json!({ "userName": "p1@contoso.example", "urn:ietf:params:scim:schemas:core:2.0:User:active": true });
    assert_eq!(server.send("PUT", &path, &whole).is(200).body["active"], true);
}

#[test]
fn the_key_of_a_deleted_person_that_another_one_takes_makes_one_record() {
    let server = Server::start();
    server.delete(&server.person(1)).is(204);
    let mut returned = person(2);
    returned["externalId"] = json!(null);
    let path = format!("/Users/{}", server.post("/Users", &returned).is(201).id());
    server.patch(&path, &json!([{ "op": "Add", "path": "externalId", "value": "E-0001" }])).is(200);
    let records = server.world.run(["records", "--format", "json"]).ends_with(0).json();
    let keys: Vec<&Value> = records["records"].as_array().unwrap().iter().map(|record| &record["cells"]["externalId"]).collect();
    assert_eq!(keys, [&json!("E-0001")]);
}

#[cfg(target_os = "linux")]
#[test]
fn large_bodies_of_many_senders_take_bounded_memory() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (known, unknown) = (vec![b' '; 10_000_000], vec![b' '; 900_000]);
    let requests = (0..40).map(|at| {
        let (token, body) = if at % 2 == 0 { (server.token.as_str(), known.clone()) } else { ("wrong", unknown.clone()) };
        client
            .post(format!("{}/Users", server.url))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(body)
            .send()
    });
    let answers = runtime.block_on(futures::future::join_all(requests));
    assert!(answers.into_iter().flatten().all(|answer| [401, 413, 429].contains(&answer.status().as_u16())));
    server.person(1);
    assert!(server.peak_memory() < 300_000, "{} kB", server.peak_memory());
}

/// The beginning of an answer to bytes that are no request of a client.
fn answered(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    // The server may have closed the connection by now.
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn broken_requests_hinder_no_other() {
    let server = Server::start();
    let address = server.url.trim_start_matches("http://").trim_end_matches("/scim/v2").to_owned();
    assert!(answered(&address, b"\x16\x03\x01\x00\xff nonsense\r\n\r\n").contains("400"));
    assert!(
        answered(&address, format!("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(200_000)).as_bytes())
            .starts_with("HTTP/1.1 4")
    );
    server.post("/Users", &person(1)).is(201);
    let unread = server.raw("POST", "/Users", Some("wrong"), Some(("application/json", vec![b' '; 900_000])));
    assert!(matches!(unread.map(|answer| answer.status), Ok(401) | Err(_)));
    server.get("/Users").is(200);
}

#[test]
fn odd_paths_and_values_are_stored_as_text_and_nothing_more() {
    let server = Server::start();
    for path in
        ["/Users/..%2f..%2fetc", "/Users/'; drop table resources; --", "/Users/%00", "/Users/a/b/c", "/Groups/%F0%9F%92%A3"]
    {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let mut odd = person(1);
    odd["title"] = json!("\u{1b}[2J\u{202e}'; drop table resources; --\u{0}");
    odd["urn:x\u{1b}y:z"] = json!({ "a": 1 });
    let created = server.post("/Users", &odd);
    if created.status == 201 {
        assert_eq!(server.get(&format!("/Users/{}", created.id())).is(200).body["title"], odd["title"]);
    } else {
        created.is(400);
    }
    let shown = server.world.run(["records"]).ends_with(0).out;
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert_ne!(server.get("/Users").is(200).body["totalResults"], Value::Null);
}
