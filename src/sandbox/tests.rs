//! The tenant seen through its wire.

use std::path::Path;
use std::sync::LazyLock;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::*;

mod callers;
mod effects;
mod group_writes;
mod house;
mod properties;
mod provisioning;
mod queries;
mod writes;

/// One client for all tests, as making one is slow. It keeps no connection, because each test has a runtime of its own.
fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::builder().pool_max_idle_per_host(0).no_proxy().build().unwrap());
    &CLIENT
}

async fn start(options: Options) -> Sandbox {
    Sandbox::start("127.0.0.1:0".parse().unwrap(), options).await.unwrap()
}

async fn call(tenant: &Sandbox, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", tenant.url()) };
    let mut request = client().request(method.parse::<Method>().unwrap(), url).bearer_auth("any");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn person(name: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": name, "mailNickname": name, "userPrincipalName": format!("{name}@contoso.com"),
        "employeeId": name, "mail": format!("{name}@adventure-works.com"),
        "passwordProfile": { "password": "Correct-Horse-9", "forceChangePasswordNextSignIn": true },
    })
}

async fn make(tenant: &Sandbox, name: &str) -> String {
    let (status, body) = call(tenant, "POST", "/users", Some(person(name))).await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

fn target(body: &Value) -> (&str, &str) {
    let detail = &body["error"]["details"][0];
    (detail["code"].as_str().unwrap_or(""), detail["target"].as_str().unwrap_or(""))
}

#[tokio::test]
async fn a_user_is_made_read_changed_and_deleted() {
    let tenant = start(Options::default()).await;
    let id = make(&tenant, "ada").await;
    let (status, body) =
        call(&tenant, "GET", "/users/ADA@contoso.com?$select=id,employeeId,proxyAddresses,passwordProfile", None).await;
    assert_eq!(status, 200);
    assert_eq!(body["id"], json!(id));
    assert_eq!(body["proxyAddresses"], json!(["SMTP:ada@adventure-works.com"]));
    assert_eq!(body["passwordProfile"], Value::Null);
    let change = json!({ "department": "Research", "employeeOrgData": { "division": "North" }, "mail": "ada.l@example.com" });
    assert_eq!(call(&tenant, "PATCH", &format!("/users/{id}"), Some(change)).await.0, 204);
    let (_, body) = call(&tenant, "GET", &format!("/users/{id}?$select=employeeOrgData,proxyAddresses"), None).await;
    assert_eq!(body["employeeOrgData"], json!({ "division": "North", "costCenter": null }));
    assert_eq!(body["proxyAddresses"], json!(["SMTP:ada.l@example.com", "smtp:ada@adventure-works.com"]));
    assert_eq!(call(&tenant, "DELETE", &format!("/users/{id}"), None).await.0, 204);
    assert_eq!(call(&tenant, "GET", &format!("/users/{id}"), None).await.0, 404);
    let (_, body) = call(&tenant, "GET", "/directory/deletedItems/microsoft.graph.user?$select=id,employeeId", None).await;
    assert_eq!(body["value"][0]["id"], json!(id));
    assert_eq!(call(&tenant, "POST", &format!("/directory/deletedItems/{id}/restore"), Some(json!({}))).await.0, 200);
    assert_eq!(tenant.users()[0]["employeeId"], json!("ada"));
}

#[tokio::test]
async fn values_graph_refuses_are_refused_with_the_property() {
    let tenant = start(Options::default()).await;
    make(&tenant, "ada").await;
    let with = |property: &str, value: Value| {
        let mut body = person("bob");
        body[property] = value;
        body
    };
    let cases = [
        ("userPrincipalName", json!("ADA@contoso.com"), "ObjectConflict", "userPrincipalName"),
        ("mail", json!("ada@adventure-works.com"), "ObjectConflict", "proxyAddresses"),
        ("userPrincipalName", json!("jürgen@contoso.com"), "InvalidValue", "userPrincipalName"),
        ("userPrincipalName", json!("bob@unknown.example"), "InvalidValue", "userPrincipalName"),
        ("employeeId", json!("12345678901234567"), "InvalidValue", "employeeId"),
        ("usageLocation", json!("XX"), "InvalidValue", "usageLocation"),
        ("businessPhones", json!(["1", "2"]), "InvalidValue", "businessPhones"),
        ("displayName", Value::Null, "MissingValue", "displayName"),
        ("shoeSize", json!("44"), "InvalidProperty", "shoeSize"),
        ("createdDateTime", json!("2020-01-01T00:00:00Z"), "ReadOnlyProperty", "createdDateTime"),
        ("passwordProfile", json!({ "password": "weak" }), "PasswordComplexity", "passwordProfile"),
    ];
    for (property, value, code, at) in cases {
        let (status, body) = call(&tenant, "POST", "/users", Some(with(property, value))).await;
        assert_eq!((status.as_u16(), target(&body)), (400, (code, at)), "{property}: {body}");
        assert_eq!(body["error"]["code"], json!("Request_BadRequest"));
    }
    let (status, _) = call(&tenant, "PATCH", "/users/ada@contoso.com", Some(json!({ "mail": null }))).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn lists_come_in_pages_filtered_and_expanded() {
    let tenant = start(Options::default()).await;
    let boss = make(&tenant, "boss").await;
    for n in 0..7 {
        let id = make(&tenant, &format!("p{n}")).await;
        let link = json!({ "@odata.id": format!("{}/users/{boss}", tenant.url()) });
        assert_eq!(call(&tenant, "PUT", &format!("/users/{id}/manager/$ref"), Some(link)).await.0, 204);
    }
    let mut next = format!("{}/users?$select=id,employeeId&$top=3&$expand=manager($select=id)", tenant.url());
    let (mut seen, mut managed) = (0, 0);
    loop {
        let (status, page) = call(&tenant, "GET", &next, None).await;
        assert_eq!(status, 200, "{page}");
        for user in page["value"].as_array().unwrap() {
            seen += 1;
            managed += usize::from(user["manager"]["id"] == json!(boss));
        }
        match page["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    assert_eq!((seen, managed), (8, 7));
    for (filter, count) in [
        ("employeeId eq 'P3'", 1),
        ("displayName in ('p1','p2','nobody')", 2),
        ("startsWith(displayName,'p') and accountEnabled eq true", 7),
        ("employeeId eq 'p1' or (employeeId eq 'p2' and accountEnabled eq false)", 1),
    ] {
        let (status, page) = call(&tenant, "GET", &format!("/users?$filter={}", filter.replace(' ', "%20")), None).await;
        assert_eq!((status.as_u16(), page["value"].as_array().map_or(0, Vec::len)), (200, count), "{filter}: {page}");
    }
    let (status, body) = call(&tenant, "GET", "/users?$filter=employeeId%20ne%20'p1'", None).await;
    assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (400, Some("Request_UnsupportedQuery")));
}

#[tokio::test]
async fn a_batch_answers_each_request_on_its_own() {
    let tenant = start(Options::default()).await;
    let json_type = json!({ "Content-Type": "application/json" });
    let batch = json!({ "requests": [
        { "id": "1", "method": "POST", "url": "/users", "headers": json_type, "body": person("ada") },
        { "id": "2", "method": "POST", "url": "/users", "headers": json_type, "body": person("ada") },
        { "id": "3", "method": "GET", "url": "/users/nobody", "dependsOn": ["2"] },
        { "id": "4", "method": "GET", "url": "users?$select=id" },
    ] });
    let (status, body) = call(&tenant, "POST", "/$batch", Some(batch)).await;
    assert_eq!(status, 200);
    let mut statuses: Vec<(String, u64)> = body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| (answer["id"].as_str().unwrap().to_owned(), answer["status"].as_u64().unwrap()))
        .collect();
    statuses.sort();
    let expected = [("1", 201), ("2", 400), ("3", 424), ("4", 200)].map(|(id, status)| (id.to_owned(), status));
    assert_eq!(statuses, expected);
    let bare = json!({ "requests": [{ "id": "1", "method": "POST", "url": "/users", "body": {} }] });
    assert_eq!(call(&tenant, "POST", "/$batch", Some(bare)).await.0, 400);
    let twins =
        json!({ "requests": [{ "id": "a", "method": "GET", "url": "/users" }, { "id": "A", "method": "GET", "url": "/users" }] });
    assert_eq!(call(&tenant, "POST", "/$batch", Some(twins)).await.0, 400);
    assert_eq!(tenant.requests().writes, 2);
}

#[tokio::test]
async fn writes_beyond_the_bucket_are_throttled_until_it_refills() {
    let quota = Quota { writes: 2.0, refill: 0.01, ..Quota::default() };
    let tenant = start(Options { quota, ..Options::default() }).await;
    make(&tenant, "a").await;
    make(&tenant, "b").await;
    let answer = Client::new().post(format!("{}/users", tenant.url())).bearer_auth("x").json(&person("c")).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(answer.headers()["x-ms-throttle-scope"].to_str().unwrap().starts_with("Tenant_Application/Write/"));
    assert_eq!(answer.headers()["x-ms-throttle-information"], "WriteLimitExceeded");
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1, "whole seconds");
    assert_eq!(call(&tenant, "GET", "/users", None).await.0, 200);
    tenant.advance(Duration::from_mins(5));
    make(&tenant, "c").await;
    assert_eq!(tenant.requests().throttled, 1);
}

#[tokio::test]
async fn a_tenant_kept_in_a_file_survives_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { db: Some(folder.path().join("tenant.db")), ..Options::default() };
    let first = start(options.clone()).await;
    let id = make(&first, "ada").await;
    let tenant_id = first.tenant_id();
    drop(first);
    let second = start(options).await;
    assert_eq!(second.tenant_id(), tenant_id);
    assert_eq!(second.users()[0]["id"], json!(id));
    assert_eq!(call(&second, "POST", "/users", Some(person("ada"))).await.0, 400);
}

fn seeded(folder: &Path, seed: &Value) -> Options {
    let path = folder.join("seed.json");
    std::fs::write(&path, seed.to_string()).unwrap();
    Options { seed: Some(path), ..Options::default() }
}

#[tokio::test]
async fn a_seed_brings_domains_managers_roles_and_synced_users() {
    let folder = tempfile::tempdir().unwrap();
    let seed = json!({
        "domains": ["fabrikam.com"],
        "users": [
            { "userPrincipalName": "boss@fabrikam.com", "displayName": "Boss" },
            { "userPrincipalName": "sync@fabrikam.com", "displayName": "Sync", "onPremisesSyncEnabled": true, "manager": "boss@fabrikam.com" },
        ],
        "groups": [{ "displayName": "All", "securityEnabled": true, "mailEnabled": false, "members": ["boss@fabrikam.com"] }],
        "roleAssignments": [{ "id": "r", "principalId": "boss@fabrikam.com", "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10" }],
        "deletedItems": [{ "userPrincipalName": "old@fabrikam.com", "displayName": "Old" }],
    });
    let tenant = start(seeded(folder.path(), &seed)).await;
    let (status, body) = call(&tenant, "PATCH", "/users/sync@fabrikam.com", Some(json!({ "department": "X" }))).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("on-premises mastered"));
    let (status, _) = call(&tenant, "PATCH", "/users/boss@fabrikam.com", Some(json!({ "accountEnabled": false }))).await;
    assert_eq!(status, 403);
    assert_eq!(call(&tenant, "PATCH", "/users/boss@fabrikam.com", Some(json!({ "department": "X" }))).await.0, 204);
    let (_, body) = call(&tenant, "GET", "/users/sync@fabrikam.com/manager", None).await;
    assert_eq!(body["userPrincipalName"], json!("boss@fabrikam.com"));
    let (_, body) = call(&tenant, "GET", "/directory/deletedItems/microsoft.graph.user", None).await;
    assert_eq!(body["value"][0]["displayName"], json!("Old"));
}

#[tokio::test]
async fn delta_tells_changes_once_and_expires() {
    let tenant = start(Options::default()).await;
    let (a, b) = (make(&tenant, "a").await, make(&tenant, "b").await);
    let (_, page) = call(&tenant, "GET", "/users/delta?$select=displayName,manager", None).await;
    assert_eq!(page["value"].as_array().unwrap().len(), 2);
    let link = page["@odata.deltaLink"].as_str().unwrap().to_owned();
    let (_, page) = call(&tenant, "GET", &link, None).await;
    assert_eq!(page["value"], json!([]));
    call(&tenant, "PATCH", &format!("/users/{a}"), Some(json!({ "city": "Bonn" }))).await;
    let (_, page) = call(&tenant, "GET", &link, None).await;
    assert_eq!(page["value"], json!([]), "a city is not tracked");
    let body = json!({ "@odata.id": format!("{}/users/{a}", tenant.url()) });
    call(&tenant, "PUT", &format!("/users/{b}/manager/$ref"), Some(body)).await;
    call(&tenant, "DELETE", &format!("/users/{a}"), None).await;
    let (_, page) = call(&tenant, "GET", &link, None).await;
    assert_eq!(page["value"][0]["manager@delta"][0]["id"], json!(a));
    assert_eq!(page["value"][1], json!({ "id": a, "@removed": { "reason": "changed" } }));
    tenant.advance(Duration::from_hours(8 * 24));
    assert_eq!(call(&tenant, "GET", &link, None).await.0, 400);
}

#[tokio::test]
async fn members_are_added_all_or_none_and_the_ref_protects_the_person() {
    let tenant = start(Options::default()).await;
    let (a, b) = (make(&tenant, "a").await, make(&tenant, "b").await);
    let group = json!({ "displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true });
    let prefer = Client::new()
        .patch(format!("{}/groups(uniqueName='hr-g')", tenant.url()))
        .bearer_auth("x")
        .header("Prefer", "create-if-missing")
        .json(&group)
        .send()
        .await
        .unwrap();
    assert_eq!(prefer.status(), 201);
    let id = prefer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let bind = |ids: &[&str]| json!({ "members@odata.bind": ids.iter().map(|id| format!("{}/directoryObjects/{id}", tenant.url())).collect::<Vec<_>>() });
    assert_eq!(call(&tenant, "PATCH", &format!("/groups/{id}"), Some(bind(&[&a]))).await.0, 204);
    assert_eq!(call(&tenant, "PATCH", &format!("/groups/{id}"), Some(bind(&[&b, &a]))).await.0, 400);
    let (_, body) = call(&tenant, "GET", &format!("/groups/{id}/members"), None).await;
    assert_eq!(body["value"].as_array().unwrap().len(), 1);
    assert_eq!(call(&tenant, "DELETE", &format!("/groups/{id}/members/{a}/$ref"), None).await.0, 204);
    assert_eq!(call(&tenant, "GET", &format!("/users/{a}"), None).await.0, 200);
    assert_eq!(call(&tenant, "DELETE", &format!("/groups/{id}/members/{b}"), None).await.0, 404, "no member");
    assert_eq!(call(&tenant, "PATCH", &format!("/groups/{id}"), Some(bind(&[&b]))).await.0, 204);
    assert_eq!(call(&tenant, "DELETE", &format!("/groups/{id}/members/{b}"), None).await.0, 204);
    assert_eq!(call(&tenant, "GET", &format!("/users/{b}"), None).await.0, 404);
}

#[tokio::test]
async fn a_reset_before_the_commit_does_nothing_and_one_after_it_all() {
    let faults = Faults::none().at(Fault::ResetBefore, 1).at(Fault::ResetAfter, 1);
    let tenant = start(Options { faults, ..Options::default() }).await;
    let send = || Client::new().post(format!("{}/users", tenant.url())).bearer_auth("x").json(&person("ada")).send();
    assert!(send().await.is_err());
    assert_eq!(tenant.users(), json!([]));
    assert!(send().await.is_err());
    assert_eq!(tenant.users().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_truncated_answer_breaks_off_and_a_reset_answers_410() {
    let faults = Faults::none().at(Fault::Truncate, 1).at(Fault::ResetDelta, 1);
    let tenant = start(Options { faults, ..Options::default() }).await;
    let answer = Client::new().get(format!("{}/users", tenant.url())).bearer_auth("x").send().await;
    let broken = match answer {
        Ok(answer) => answer.text().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    let (_, page) = call(&tenant, "GET", "/users/delta?$deltatoken=latest", None).await;
    assert_eq!(page["value"], json!([]));
    let link = page["@odata.deltaLink"].as_str().unwrap();
    assert_eq!(call(&tenant, "GET", link, None).await.0, 410);
}

#[tokio::test]
async fn a_new_object_is_found_once_the_lag_is_over() {
    let tenant = start(Options { lag: Some(Lag::Requests(2)), ..Options::default() }).await;
    let id = make(&tenant, "ada").await;
    let path = format!("/users/{id}");
    assert_eq!(call(&tenant, "GET", &path, None).await.0, 404);
    assert_eq!(call(&tenant, "GET", &path, None).await.0, 200);
}

#[tokio::test]
async fn delta_tells_a_change_once_it_has_arrived_and_loses_none() {
    let tenant = start(Options { lag: Some(Lag::Requests(4)), ..Options::default() }).await;
    let (a, b) = (make(&tenant, "a").await, make(&tenant, "b").await);
    for _ in 0..4 {
        call(&tenant, "GET", "/organization", None).await;
    }
    let (_, page) = call(&tenant, "GET", "/users/delta?$select=city,department,manager&$deltatoken=latest", None).await;
    let mut link = page["@odata.deltaLink"].as_str().unwrap().to_owned();
    let boss = json!({ "@odata.id": format!("{}/users/{a}", tenant.url()) });
    call(&tenant, "PUT", &format!("/users/{b}/manager/$ref"), Some(boss)).await;
    call(&tenant, "PATCH", &format!("/users/{b}"), Some(json!({ "city": "Bonn" }))).await;
    // The manager has arrived at the third reading, the city, of the same person, at the fourth.
    let mut output = Vec::new();
    for _ in 0..5 {
        let (_, page) = call(&tenant, "GET", &link, None).await;
        link = page["@odata.deltaLink"].as_str().unwrap().to_owned();
        output.push(page["value"].clone());
    }
    assert_eq!((&output[0], &output[1], &output[4]), (&json!([]), &json!([]), &json!([])));
    assert_eq!(output[2][0]["manager@delta"][0]["id"], json!(a));
    assert_eq!(output[3][0]["city"], json!("Bonn"));
}

#[tokio::test]
async fn only_the_configured_token_is_let_in() {
    let tenant = start(Options { token: Some("secret".into()), ..Options::default() }).await;
    assert_eq!(call(&tenant, "GET", "/users", None).await.0, 401);
    let answer = Client::new()
        .post(tenant.url().replace("/v1.0", "/contoso/oauth2/v2.0/token"))
        .form(&[
            ("grant_type", "client_credentials"),
            ("client_id", "app"),
            ("client_secret", "x"),
            ("scope", "https://graph.microsoft.com/.default"),
        ])
        .send()
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap();
    assert_eq!(answer["access_token"], json!("secret"));
}

#[tokio::test]
async fn a_thousand_people_land_in_fifty_batches() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = start(Options { db: Some(folder.path().join("t.db")), quota: Quota::off(), ..Options::default() }).await;
    let client = Client::new();
    for batch in 0..50 {
        let requests: Vec<Value> = (0..20)
            .map(|n| {
                let body = person(&format!("p{batch}-{n}"));
                json!({ "id": n.to_string(), "method": "POST", "url": "/users", "headers": { "Content-Type": "application/json" }, "body": body })
            })
            .collect();
        let url = format!("{}/$batch", tenant.url());
        let answer = client.post(url).bearer_auth("x").json(&json!({ "requests": requests })).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(tenant.users().as_array().unwrap().len(), 1000);
    assert_eq!(tenant.requests().throttled, 0);
}

#[tokio::test]
async fn addresses_and_languages_that_graph_refuses_are_refused() {
    let tenant = start(Options::default()).await;
    let id = make(&tenant, "ada").await;
    let path = format!("/users/{id}");
    let bad = [
        "a,b@contoso.com",
        "a@contoso,com",
        "a@contoso",
        "<a@contoso.com>",
        "mailto:a@contoso.com",
        "a@contoso.com.",
        "a@b..com",
        "a..b@c.de",
    ];
    for address in bad {
        let (status, body) = call(&tenant, "PATCH", &path, Some(json!({ "mail": address }))).await;
        assert_eq!((status.as_u16(), target(&body)), (400, ("InvalidValue", "mail")), "{address}");
        let (status, body) = call(&tenant, "PATCH", &path, Some(json!({ "otherMails": ["good@contoso.com", address] }))).await;
        assert_eq!((status.as_u16(), target(&body)), (400, ("InvalidValue", "otherMails")), "{address}");
    }
    for language in ["DE", "de-de", "en-USA", "en_US", "english"] {
        let (status, body) = call(&tenant, "PATCH", &path, Some(json!({ "preferredLanguage": language }))).await;
        assert_eq!((status.as_u16(), target(&body)), (400, ("InvalidValue", "preferredLanguage")), "{language}");
    }
    let good = json!({ "mail": "o'brien@contoso.com", "otherMails": ["a+b@c.de"], "preferredLanguage": "zh-Hans-CN" });
    assert_eq!(call(&tenant, "PATCH", &path, Some(good)).await.0, 204);
}

#[tokio::test]
async fn what_is_refused_on_demand_is_refused_to_whom_it_says() {
    let tenant = start(Options::default()).await;
    let (ada, bo) = (make(&tenant, "ada").await, make(&tenant, "bo").await);
    tenant.trouble(Faults::parse("refuse=department:403,refuse=city:409:silent:BO,refuse=division:400").unwrap());
    let patch = async |id: &str, body: Value| {
        let (status, body) = call(&tenant, "PATCH", &format!("/users/{id}"), Some(body)).await;
        (status.as_u16(), target(&body).1.to_owned())
    };
    assert_eq!(patch(&ada, json!({ "department": "x", "jobTitle": "y" })).await, (403, "department".into()));
    assert_eq!(patch(&ada, json!({ "city": "x" })).await.0, 204);
    assert_eq!(patch(&bo, json!({ "city": "x" })).await, (409, String::new()));
    assert_eq!(patch(&bo, json!({ "employeeOrgData": { "division": "x" } })).await, (400, "division".into()));
    let mut joiner = person("cleo");
    joiner["department"] = json!("x");
    assert_eq!(call(&tenant, "POST", "/users", Some(joiner)).await.0, 403);
    for bad in ["refuse=city", "refuse=city:500", "refuse=:403", "refuse=city:403:silent:a:b"] {
        assert!(Faults::parse(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn extensions_have_types_and_federated_users_an_immutable_id() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.json");
    let name = |name: &str| format!("extension_0123456789abcdef0123456789abcdef_{name}");
    let extensions = [("flag", "Boolean"), ("day", "DateTime"), ("number", "Integer")];
    let extensions: Vec<Value> =
        extensions.iter().map(|(short, kind)| json!({ "name": name(short), "dataType": kind })).collect();
    let domain = json!({ "id": "fed.example", "authenticationType": "Federated", "isVerified": true, "isDefault": false });
    std::fs::write(&seed, json!({ "extensionProperties": extensions, "domains": [domain] }).to_string()).unwrap();
    let tenant = start(Options { seed: Some(seed), ..Options::default() }).await;
    let (_, body) = call(&tenant, "POST", "/directoryObjects/getAvailableExtensionProperties", Some(json!({}))).await;
    assert_eq!(body["value"].as_array().unwrap().len(), 3);
    let path = format!("/users/{}", make(&tenant, "ada").await);
    let good = json!({ name("flag"): true, name("day"): "2024-01-31T00:00:00Z", name("number"): 7 });
    assert_eq!(call(&tenant, "PATCH", &path, Some(good)).await.0, 204);
    for (short, bad) in [("flag", json!("true")), ("day", json!("2024-01-31")), ("number", json!("7")), ("none", json!("x"))] {
        assert_eq!(call(&tenant, "PATCH", &path, Some(json!({ name(short): bad }))).await.0, 400, "{short}");
    }
    let mut federated = person("bo");
    federated["userPrincipalName"] = json!("bo@fed.example");
    let (status, body) = call(&tenant, "POST", "/users", Some(federated.clone())).await;
    assert_eq!((status.as_u16(), target(&body).1), (400, "onPremisesImmutableId"));
    federated["onPremisesImmutableId"] = json!("abc");
    assert_eq!(call(&tenant, "POST", "/users", Some(federated)).await.0, 201);
}
