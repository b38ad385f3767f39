//! OAuth clients and workload federation: the token endpoint.

use serde_json::json;

use super::server::{Server, person};

/// Makes a client, and returns its id and secret.
fn client(server: &Server) -> (String, String) {
    let made =
        server.world.run(["serve", "token", "new", "--feed", "scim-push", "--oauth", "--format", "json"]).ends_with(0).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("clientId"), text("clientSecret"))
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[test]
fn a_client_pushes_with_tokens_of_an_hour() {
    let server = Server::start();
    let (id, secret) = client(&server);
    let form = [GRANT, ("client_id", id.as_str()), ("client_secret", secret.as_str()), ("scope", "any")];
    let granted = server.token_request(&form, None).is(200);
    assert_eq!((&granted.body["token_type"], &granted.body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!((granted.header("content-type"), granted.header("cache-control")), ("application/json", "no-store"));
    let token = granted.body["access_token"].as_str().unwrap().to_owned();
    let push = |token: &str, number: usize| {
        server.raw("POST", "/Users", Some(token), Some(("application/json", person(number).to_string().into_bytes()))).unwrap()
    };
    push(&token, 1).is(201);
    let by_header = server.token_request(&[GRANT], Some((&id, &secret))).is(200);
    push(by_header.body["access_token"].as_str().unwrap(), 2).is(201);
    push(&secret, 3).is(401);
    let explained = server.world.run(["explain", "E-0001"]).ends_with(0);
    assert!(explained.out.contains(&format!("by {id}")), "{}", explained.out);
    let list = server.world.run(["serve", "token", "list", "--format", "json"]).ends_with(0).json();
    let row = list.as_array().unwrap().iter().find(|row| row["id"] == id.as_str()).unwrap();
    assert!(row["lastUsedAt"].is_string() && !list.to_string().contains(&secret), "{list}");
    server.world.run(["serve", "token", "revoke", &id]).ends_with(0);
    push(&token, 4).is(401);
    server.token_request(&form, None).is(401);
}

#[test]
fn a_token_outlives_a_restart_of_the_server() {
    let mut server = Server::start();
    let (id, secret) = client(&server);
    let granted = server.token_request(&[GRANT], Some((&id, &secret))).is(200);
    let token = granted.body["access_token"].as_str().unwrap().to_owned();
    server.restart();
    server.raw("GET", "/Users", Some(&token), None).unwrap().is(200);
}

#[test]
fn a_request_for_a_token_is_refused_with_the_words_of_the_protocol() {
    let server = Server::start();
    let (id, secret) = client(&server);
    let error = |form: &[(&str, &str)], basic: Option<(&str, &str)>| {
        let answer = server.token_request(form, basic);
        (answer.status, answer.body["error"].as_str().unwrap_or_default().to_owned())
    };
    let pair = Some((id.as_str(), secret.as_str()));
    assert_eq!(error(&[], pair), (400, "invalid_request".into()));
    assert_eq!(error(&[("grant_type", "password")], pair), (400, "unsupported_grant_type".into()));
    assert_eq!(error(&[GRANT, GRANT], pair), (400, "invalid_request".into()));
    assert_eq!(error(&[GRANT, ("client_secret", &secret)], pair), (400, "invalid_request".into()));
    assert_eq!(error(&[GRANT, ("client_secret", &secret)], None), (400, "invalid_request".into()));
    assert_eq!(error(&[GRANT], None), (401, "invalid_client".into()));
    assert_eq!(error(&[GRANT], Some((&id, "wrong"))), (401, "invalid_client".into()));
    assert_eq!(error(&[GRANT], Some(("cl-00000000", &secret))), (401, "invalid_client".into()));
    assert_eq!(error(&[GRANT], Some((&id, &server.token))), (401, "invalid_client".into()));
    let url = server.url.replace("/scim/v2", "");
    let raw = |method: &str, kind: &str, body: Vec<u8>| {
        server.raw(method, "/../../oauth/token", None, Some((kind, body))).map(|answer| answer.status)
    };
    assert_eq!(raw("GET", "application/x-www-form-urlencoded", Vec::new()), Ok(405), "{url}");
    assert_eq!(raw("POST", "application/json", b"{}".to_vec()), Ok(400));
    assert!(matches!(raw("POST", "application/x-www-form-urlencoded", vec![b'a'; 100_000]), Ok(413) | Err(_)));
}

#[test]
fn guessing_a_secret_is_slowed_down_and_a_right_one_never_is() {
    let server = Server::start();
    let (id, secret) = client(&server);
    let statuses: Vec<u16> =
        (0..40).map(|at| server.token_request(&[GRANT], Some((&id, &format!("hrpush_{at}")))).status).collect();
    assert!(statuses[..20].iter().all(|status| *status == 401) && statuses[20..].contains(&429), "{statuses:?}");
    server.token_request(&[GRANT], Some((&id, &secret))).is(200);
    server.get("/Users").is(200);
}

#[test]
fn an_assertion_counts_only_with_a_federation_and_only_a_signed_one() {
    let assertion = [
        GRANT,
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzIn0."),
    ];
    let plain = Server::start();
    plain.token_request(&assertion, None).is(401);
    let keys = "federation = { feed = \"scim-push\", tenant = \"8f2f4c2e-0000-0000-0000-000000000000\", audience = \"api://x\", subject = \"s\" }";
    let federated = Server::with(keys);
    federated.token_request(&assertion, None).is(401);
    let untyped = federated.token_request(&[GRANT, assertion[2]], None).is(400);
    assert_eq!(untyped.body["error"], "invalid_request");
    let config = std::fs::read_to_string(federated.world.path("hrpush.toml")).unwrap();
    federated.world.write("hrpush.toml", config.replace("feed = \"scim-push\", tenant", "feed = \"HR\", tenant"));
    let ended = federated.world.run(["serve", "--listen", "127.0.0.1:0"]).ends_with(2);
    assert!(ended.err.contains("`HR`"), "{}", ended.err);
}
