//! The calling app: the token of a request, and the limits of each app.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Response};
use serde_json::json;

use super::super::*;
use super::house::*;

fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.x", part(&json!({ "alg": "none" })), part(claims))
}

async fn send(tenant: &Sandbox, token: &str, method: &str, path: &str, body: Option<Value>) -> Response {
    let request = Client::new().request(method.parse().unwrap(), format!("{}{path}", tenant.url())).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    request.send().await.unwrap()
}

async fn listing(tenant: &Sandbox, claims: Value) -> (u16, String) {
    let answer = send(tenant, &jwt(&claims), "GET", "/users", None).await;
    let status = answer.status().as_u16();
    let body = answer.json::<Value>().await.unwrap();
    (status, format!("{} {}", body["error"]["code"].as_str().unwrap_or(""), body["error"]["message"].as_str().unwrap_or("")))
}

#[tokio::test]
async fn a_token_that_has_expired_or_is_for_another_service_is_refused() {
    let tenant = house(Options::default()).await;
    let now = jiff::Timestamp::now().as_second();
    let roles = json!(["User.Read.All"]);
    let with = |name: &str, value: Value| {
        let mut claims =
            json!({ "roles": roles, "exp": now + 3_600, "aud": "https://graph.microsoft.com", "tid": tenant.tenant_id() });
        claims[name] = value;
        claims
    };
    assert_eq!(listing(&tenant, with("ver", json!("1.0"))).await.0, 200);
    for (name, value, message) in [
        ("exp", json!(now - 1), "InvalidAuthenticationToken Lifetime validation failed, the token is expired."),
        (
            "aud",
            json!("https://vault.azure.net"),
            "InvalidAuthenticationToken Access token validation failure. Invalid audience.",
        ),
        ("tid", json!(id(99)), "InvalidAuthenticationToken Access token validation failure. Invalid issuer."),
    ] {
        assert_eq!(listing(&tenant, with(name, value)).await, (401, message.to_owned()));
    }
    let answer = send(&tenant, &jwt(&with("exp", json!(1))), "GET", "/users", None).await;
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn the_sandboxs_own_tokens_expire_by_its_clock() {
    let tenant = house(Options::default()).await;
    let issue = async || {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "app"),
            ("client_secret", "x"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = tenant.url().replace("/v1.0", "/contoso/oauth2/v2.0/token");
        let answer = Client::new().post(url).form(&form).send().await.unwrap().json::<Value>().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let token = issue().await;
    assert_eq!(send(&tenant, &token, "GET", "/users", None).await.status(), 200);
    tenant.advance(Duration::from_hours(2));
    assert_eq!(send(&tenant, &token, "GET", "/users", None).await.status(), 401);
    assert_eq!(send(&tenant, &issue().await, "GET", "/users", None).await.status(), 200);
}

#[tokio::test]
async fn a_jwt_has_the_permissions_it_lists_and_no_others() {
    let tenant = house(Options::default()).await;
    assert_eq!(listing(&tenant, json!({ "roles": ["User.Read.All"] })).await.0, 200);
    assert_eq!(listing(&tenant, json!({ "scp": "User.Read.All" })).await.0, 200);
    assert_eq!(listing(&tenant, json!({ "roles": ["Group.Read.All"] })).await.0, 403);
    assert_eq!(listing(&tenant, json!({})).await.0, 403, "a JWT without permissions has none");
    assert_eq!(get(&tenant, "/users").await.0, 200, "opaque text has those of the sandbox");
    let claims = jwt(&json!({ "roles": ["User.Read.All"] }));
    let step = json!({ "id": "1", "method": "GET", "url": "/groups" });
    let batch = send(&tenant, &claims, "POST", "/$batch", Some(json!({ "requests": [step] }))).await;
    assert_eq!(batch.json::<Value>().await.unwrap()["responses"][0]["status"], json!(403));
    let lenient = house(Options { lenience: Lenience::of([Disputed::TokenRoles]), ..Options::default() }).await;
    assert_eq!(listing(&lenient, json!({})).await.0, 200);
    assert_eq!(listing(&lenient, json!({ "roles": ["Group.Read.All"] })).await.0, 403);
}

/// Makes a change as an app.
async fn change(tenant: &Sandbox, app: &str) -> Response {
    let token = jwt(&json!({ "appid": app, "roles": ["User.ReadWrite.All"] }));
    send(tenant, &token, "PATCH", &format!("/users/{}", id(1)), Some(json!({ "city": "Graz" }))).await
}

#[tokio::test]
async fn each_app_has_its_own_limit_and_all_of_them_one_together() {
    for kind in [QuotaKind::Bucket, QuotaKind::Window] {
        let quota = Quota { kind, writes: 2.0, refill: 0.01, tenant_writes: 3.0, ..Quota::default() };
        let tenant = house(Options { quota, ..Options::default() }).await;
        for app in ["one", "one", "two"] {
            assert_eq!(change(&tenant, app).await.status(), 204, "{app}");
        }
        let scope = |answer: &Response| answer.headers()["x-ms-throttle-scope"].to_str().unwrap().to_owned();
        let own = change(&tenant, "one").await;
        assert_eq!(own.status(), 429);
        assert_eq!(scope(&own), format!("Tenant_Application/Write/one/{}", tenant.tenant_id()));
        let all = change(&tenant, "two").await;
        assert_eq!(all.status(), 429);
        assert_eq!(scope(&all), format!("Tenant/Write/two/{}", tenant.tenant_id()));
        tenant.advance(Duration::from_mins(10));
        assert_eq!(change(&tenant, "two").await.status(), 204);
    }
    assert!((Quota::default().tenant_writes - 18_000.0).abs() < 0.1);
}

#[tokio::test]
async fn access_passes_are_outside_the_quota_of_the_directory() {
    let quota = Quota { writes: 1.0, refill: 0.01, ..Quota::default() };
    let tenant = house(Options { quota, ..Options::default() }).await;
    let path = format!("/users/{}/authentication/temporaryAccessPassMethods", id(1));
    for _ in 0..3 {
        let answer = send(&tenant, "any", "POST", &path, Some(json!({}))).await;
        assert_eq!(answer.status(), 201);
        assert!(!answer.headers().contains_key("x-ms-resource-unit"));
    }
    let user = format!("/users/{}", id(1));
    assert_eq!(write(&tenant, "PATCH", &user, json!({ "city": "Graz" })).await.0, 204, "the passes took no write");
    assert_eq!(write(&tenant, "PATCH", &user, json!({ "city": "Linz" })).await.0, 429);
    assert_eq!(send(&tenant, "any", "POST", &path, Some(json!({}))).await.status(), 201);
}
