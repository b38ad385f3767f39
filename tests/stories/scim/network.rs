//! TLS, reverse proxies, and connections that only take up room.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::server::{Server, person};
use crate::world::World;

/// A certificate for this machine and its key, as PEM.
fn certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// The status of a request by a client that trusts this certificate alone; none without a connection.
fn status(server: &Server, trusted: &str) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let trusted = reqwest::Certificate::from_pem(trusted.as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let request = client.get(format!("{}/Users", server.url)).bearer_auth(&server.token);
    runtime.block_on(request.send()).ok().map(|answer| answer.status().as_u16())
}

#[test]
fn a_renewed_certificate_counts_from_the_next_connection_on() {
    let world = World::new();
    let ((first, first_key), (second, second_key)) = (certificate(), certificate());
    world.write("server.pem", &first);
    world.write("server.key", &first_key);
    let server = Server::start_in(world, "tls = { cert = \"server.pem\", key = \"server.key\" }");
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    assert_eq!((status(&server, &first), status(&server, &second)), (Some(200), None));
    // Between both files the pair does not fit: the old one goes on.
    server.world.write("server.pem", &second);
    assert_eq!(status(&server, &first), Some(200));
    server.world.write("server.key", &second_key);
    assert_eq!((status(&server, &first), status(&server, &second)), (None, Some(200)));
    server.world.write("server.pem", "broken");
    assert_eq!(status(&server, &second), Some(200));
}

#[test]
fn a_server_with_a_broken_certificate_does_not_start() {
    let world = World::new();
    world.run(["init", "--preset", "scim-push"]).ends_with(0);
    let config = std::fs::read_to_string(world.path("hrpush.toml")).unwrap();
    world.write("hrpush.toml", config.replace("\n[serve]\n", "\n[serve]\ntls = { cert = \"no.pem\", key = \"no.key\" }\n"));
    let ended = world.run(["serve", "--listen", "127.0.0.1:0"]);
    assert!(ended.code != 0 && ended.err.contains("no.pem"), "{}: {}", ended.code, ended.err);
}

#[test]
fn only_a_proxy_says_whose_request_it_passes_on() {
    let server = Server::with("behind_proxy = [\"127.0.0.0/8\"]");
    let guess = |from: &str| server.get_with("/Users", "hrpush_x", &[("x-forwarded-for", from)]).status;
    // A client of the proxy cannot choose its address: what it sends is before the part that the proxy adds.
    let statuses: Vec<u16> = (0..40).map(|at| guess(&format!("198.51.100.{at}, 192.0.2.1"))).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(guess("192.0.2.2"), 401, "another client of the proxy");
    let headers = [("x-forwarded-host", "hr.contoso.example"), ("x-forwarded-proto", "https"), ("x-forwarded-for", "192.0.2.1")];
    server.post("/Users", &person(1)).is(201);
    let list = server.get_with("/Users", &server.token, &headers).is(200).body;
    let location = list["Resources"][0]["meta"]["location"].as_str().unwrap();
    assert!(location.starts_with("https://hr.contoso.example/scim/v2/Users/"), "{location}");
    let plain = Server::start();
    let guess = |at: usize| plain.get_with("/Users", "hrpush_x", &[("x-forwarded-for", &format!("192.0.2.{at}"))]).status;
    let statuses: Vec<u16> = (0..40).map(guess).collect();
    assert!(statuses.contains(&429), "without behind_proxy the header is only text: {statuses:?}");
    let list = plain.get_with("/Schemas", &plain.token, &headers).is(200).body;
    assert!(list["Resources"][0]["meta"]["location"].as_str().unwrap().starts_with(&plain.url));
}

/// Connects from addresses of loopback, which only Linux has without more ado.
#[cfg(target_os = "linux")]
#[test]
fn a_thousand_connections_leave_room_for_a_sender() {
    let server = Server::start();
    let address = server.address().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let strangers = runtime.block_on(async {
        let mut strangers = Vec::new();
        for at in 0..1_000 {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(format!("127.0.1.{}:0", 1 + at / 150).parse().unwrap()).unwrap();
            strangers.push(socket.connect(address).await.unwrap());
        }
        strangers
    });
    (1..=20).for_each(|number| drop(server.person(number)));
    assert_eq!(server.get("/Users?count=0").is(200).body["totalResults"], 20);
    assert_eq!(strangers.len(), 1_000);
    assert!(server.peak_memory() < 300_000, "{} kB", server.peak_memory());
}

#[test]
fn slow_clients_hinder_no_other_and_an_unfinished_request_changes_nothing() {
    let server = Server::start();
    let body = person(1).to_string();
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        server.token,
        body.len()
    );
    let parts = [&head[..30], head.as_str(), &format!("{head}{}", &body[..body.len() - 1])];
    let slow: Vec<TcpStream> = (0..60)
        .map(|at| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.write_all(parts[at % 3].as_bytes()).unwrap();
            stream
        })
        .collect();
    server.person(2);
    assert_eq!(server.get("/Users").is(200).body["totalResults"], 1);
    // One of them ends its request after all; the others break off.
    let mut slow = slow;
    let mut last = slow.swap_remove(2);
    last.write_all(&body.as_bytes()[body.len() - 1..]).unwrap();
    let mut answer = [0; 12];
    last.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
    drop(slow);
    assert_eq!(server.get("/Users").is(200).body["totalResults"], 2);
}
