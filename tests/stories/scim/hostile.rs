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

/// Connects from another address of loopback, which only Linux has without more ado.
#[cfg(target_os = "linux")]
#[test]
fn the_silent_connections_of_one_address_leave_places_for_others() {
    let server = Server::start();
    let address = server.url.trim_start_matches("http://").trim_end_matches("/scim/v2").parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let silent = runtime.block_on(async {
        let mut silent = Vec::new();
        for _ in 0..700 {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
            silent.push(socket.connect(address).await.unwrap());
        }
        silent
    });
    server.post("/Users", &person(1)).is(201);
    assert_eq!(silent.len(), 700);
}
