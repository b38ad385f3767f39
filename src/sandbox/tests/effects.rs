//! What answers contain, and what other clients of Graph need.

use base64::Engine as _;
use reqwest::Client;
use serde_json::json;

use super::super::*;
use super::call;
use super::house::*;

#[tokio::test]
async fn an_expired_delta_token_and_a_reset_lead_to_a_new_start() {
    let tenant = house(Options::default()).await;
    let link = |body: &Value| body["@odata.deltaLink"].as_str().unwrap().to_owned();
    let first = link(&get(&tenant, "/users/delta?$select=displayName").await.1);
    tenant.advance(Duration::from_hours(8 * 24));
    let (status, body) = get(&tenant, &first).await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("syncStateNotFound")));
    let (status, body) = get(&tenant, "/users/delta?$deltatoken=").await;
    assert_eq!((status, body["value"].as_array().unwrap().len()), (200, 4));
    tenant.trouble(Faults::none().at(Fault::ResetDelta, 1));
    let answer = Client::new().get(link(&body)).bearer_auth("x").send().await.unwrap();
    assert_eq!(answer.status(), 410);
    let anew = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], json!("resyncRequired"));
    assert_eq!(get(&tenant, &anew).await.1["value"].as_array().unwrap().len(), 4);
    let lenient = house(Options { lenience: Lenience::of([Disputed::Delta410]), ..Options::default() }).await;
    let first = link(&get(&lenient, "/users/delta").await.1);
    lenient.advance(Duration::from_hours(8 * 24));
    assert_eq!(get(&lenient, &first).await.0, 410);
}

#[tokio::test]
async fn deleted_objects_are_found_by_their_day_and_have_other_names() {
    let tenant = house(Options::default()).await;
    bare(&tenant, "DELETE", &format!("/users/{}", id(1))).await;
    bare(&tenant, "DELETE", &format!("/groups/{}", id(10))).await;
    let (_, body) =
        get(&tenant, "/directory/deletedItems/microsoft.graph.user?$filter=deletedDateTime ge 2020-01-01T00:00:00Z").await;
    assert_eq!(body["value"].as_array().unwrap().len(), 2);
    let (_, body) = get(&tenant, "/directory/deletedItems/graph.user?$filter=deletedDateTime ge 2999-01-01T00:00:00Z").await;
    assert_eq!(body["value"], json!([]));
    let (_, body) = get(&tenant, &format!("/directory/deletedItems/{}", id(1))).await;
    assert_eq!(body["userPrincipalName"], json!(format!("{}ada@contoso.com", id(1).replace('-', ""))));
    let (_, body) = get(&tenant, "/directory/deletedItems/microsoft.graph.group").await;
    assert_eq!(body["value"][0]["securityEnabled"], json!(false));
    let restore = format!("/directory/deletedItems/{}/restore", id(1));
    assert_eq!(call(&tenant, "POST", &restore, Some(json!({}))).await.1["userPrincipalName"], json!("ada@contoso.com"));
    let lenient = house(Options { lenience: Lenience::of([Disputed::DeletedNames]), ..Options::default() }).await;
    bare(&lenient, "DELETE", &format!("/users/{}", id(1))).await;
    let (_, body) = get(&lenient, &format!("/directory/deletedItems/{}", id(1))).await;
    assert_eq!(body["userPrincipalName"], json!("ada@contoso.com"));
}

#[tokio::test]
async fn directory_objects_have_their_type() {
    let tenant = house(Options::default()).await;
    call(&tenant, "PUT", &format!("/users/{}/manager/$ref", id(1)), Some(link(&tenant, 3))).await;
    let (_, manager) = get(&tenant, &format!("/users/{}/manager", id(1))).await;
    assert_eq!((&manager["@odata.type"], &manager["displayName"]), (&json!("#microsoft.graph.user"), &json!("root")));
    assert_eq!(get(&tenant, &format!("/directoryObjects/{}", id(10))).await.1["@odata.type"], json!("#microsoft.graph.group"));
    let (_, roles) = get(&tenant, &format!("/users/{}/memberOf", id(3))).await;
    let names: Vec<&Value> = roles["value"].as_array().unwrap().iter().map(|object| &object["displayName"]).collect();
    assert_eq!(names, ["roles", "Global Administrator"]);
    let (_, roles) = get(&tenant, "/directoryRoles").await;
    let role = &roles["value"][0];
    let (own, template) = (role["id"].as_str().unwrap(), role["roleTemplateId"].as_str().unwrap());
    assert_ne!(own, template, "the id of a template is no id of a role");
    for key in [format!("/{own}"), format!("(roleTemplateId='{template}')"), format!("/roleTemplateId={template}")] {
        assert_eq!(get(&tenant, &format!("/directoryRoles{key}")).await.1["displayName"], json!("Global Administrator"), "{key}");
        let (_, members) = get(&tenant, &format!("/directoryRoles{key}/members")).await;
        assert_eq!(members["value"][0]["id"], json!(id(3)), "{key}");
    }
    assert_eq!(get(&tenant, &format!("/directoryRoles/{template}")).await.0, 404);
    let (_, found) = get(&tenant, &format!("/directoryRoles?$filter=roleTemplateId eq '{template}'")).await;
    assert_eq!(found["value"][0]["id"], json!(own));
    let again = house(Options { tenant_id: Some(tenant.tenant_id()), ..Options::default() }).await;
    assert_eq!(get(&again, "/directoryRoles").await.1["value"][0]["id"], json!(own), "the tenant keeps its ids");
    let (_, found) = get(&tenant, "/roleManagement/directory/roleAssignments?$expand=principal").await;
    assert_eq!(found["value"][0]["principal"]["displayName"], json!("root"));
}

#[tokio::test]
async fn one_request_has_one_id_and_the_clients_own_is_echoed() {
    let tenant = house(Options::default()).await;
    let url = format!("{}/users/nobody", tenant.url());
    let answer = Client::new().get(url).bearer_auth("x").header("client-request-id", "mine").send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (request, client) = (header("request-id"), header("client-request-id"));
    let inner = answer.json::<Value>().await.unwrap()["error"]["innerError"].clone();
    assert_eq!((inner["request-id"].as_str(), inner["client-request-id"].as_str()), (Some(request.as_str()), Some("mine")));
    assert_eq!(client, "mine");
}

#[tokio::test]
async fn links_have_the_root_that_was_asked() {
    let tenant = house(Options::default()).await;
    let (_, page) = ask(&tenant, "GET", "/users?$top=1", &[("Host", "graph.example.com")], None).await;
    assert!(page["@odata.nextLink"].as_str().unwrap().starts_with("http://graph.example.com/v1.0/users?"));
    assert!(page["@odata.context"].as_str().unwrap().starts_with("http://graph.example.com/v1.0/$metadata"));
    let public = house(Options { public_url: Some("https://graph.example.com/v1.0/".into()), ..Options::default() }).await;
    let (_, page) = get(&public, "/users/delta").await;
    assert!(page["@odata.deltaLink"].as_str().unwrap().starts_with("https://graph.example.com/v1.0/users/delta?"));
}

#[tokio::test]
async fn https_is_served_with_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    let tenant = house(Options { tls: Some(files), ..Options::default() }).await;
    let root = tenant.url().replace("127.0.0.1", "localhost");
    assert!(root.starts_with("https://localhost:"));
    let trusted = reqwest::Certificate::from_pem(certificate.pem().as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([trusted]).no_proxy().build().unwrap();
    let page = client.get(format!("{root}/users?$top=1")).bearer_auth("x").send().await.unwrap().json::<Value>().await.unwrap();
    assert!(page["@odata.nextLink"].as_str().unwrap().starts_with(&root), "{page}");
}

#[tokio::test]
async fn names_come_in_any_case() {
    let tenant = house(Options::default()).await;
    let body = json!({ "mailNickName": "cleo", "surName": "C", "DisplayName": "Cleo", "accountenabled": true,
        "userPrincipalName": "cleo@contoso.com", "passwordProfile": { "Password": "Correct-Horse-9" } });
    let (status, made) = call(&tenant, "POST", "/Users", Some(body)).await;
    assert_eq!((status.as_u16(), &made["surname"]), (201, &json!("C")));
    assert_eq!(get(&tenant, "/USERS?$select=Id&$filter=SURNAME eq 'c'").await.1["value"][0]["id"], made["id"]);
    let owners = format!("/groups/{}/Owners/graph.user", id(10));
    assert_eq!(get(&tenant, &owners).await.1["value"].as_array().unwrap().len(), 1);
    let members = format!("/groups/{}/members", id(10));
    assert_eq!(get(&tenant, &format!("{members}/microsoft.graph.group")).await.1["value"], json!([]));
    assert_eq!(advanced(&tenant, &format!("{members}/$count")).await, (200, json!(1)));
    assert_eq!(get(&tenant, &format!("{members}/$ref")).await.1["value"].as_array().unwrap().len(), 1);
    assert_eq!(get(&tenant, "/users/microsoft.graph.delta()").await.0, 200);
    let asked = json!({ "securityEnabledOnly": true });
    let (_, groups) = call(&tenant, "POST", &format!("/users/{}/getMemberGroups", id(1)), Some(asked)).await;
    assert!(groups["value"].as_array().unwrap().contains(&json!(id(10))));
}

#[tokio::test]
async fn collections_honour_their_options() {
    let tenant = house(Options::default()).await;
    let ids = json!({ "ids": [id(1), id(10)], "types": ["group"] });
    let (_, body) = call(&tenant, "POST", "/directoryObjects/getByIds?$select=displayName", Some(ids)).await;
    assert_eq!(body["value"], json!([{ "@odata.type": "#microsoft.graph.group", "displayName": "security", "id": id(10) }]));
    assert_eq!(get(&tenant, "/domains?$select=id").await.1["value"][1], json!({ "id": "contoso.com" }));
    let (_, body) = get(&tenant, "/organization?$select=id").await;
    assert_eq!(body["value"], json!([{ "id": tenant.tenant_id() }]));
}

#[tokio::test]
async fn what_is_not_covered_says_so() {
    let tenant = house(Options::default()).await;
    let paths = [
        "/directory/administrativeUnits",
        "/invitations",
        "/subscriptions",
        "/servicePrincipals",
        "/applications",
        "/auditLogs/signIns",
        "/me",
    ];
    for path in paths {
        let (status, body) = get(&tenant, path).await;
        assert_eq!(status, 501, "{path}");
        assert!(body["error"]["message"].as_str().unwrap().contains("The sandbox covers users, groups"), "{path}");
    }
    for path in
        [format!("/users/{}/sponsors", id(1)), format!("/users/{}/ownedObjects", id(1)), format!("/groups/{}/sites", id(10))]
    {
        assert_eq!(get(&tenant, &path).await.0, 501, "{path}");
    }
    assert_eq!(get(&tenant, &tenant.url().replace("v1.0", "beta/users")).await.0, 501);
}

#[tokio::test]
async fn a_segment_that_graph_does_not_have_is_a_bad_request() {
    let tenant = house(Options::default()).await;
    for (path, segment) in [
        ("/user".to_owned(), "user"),
        (format!("/users/{}/boss", id(1)), "boss"),
        (format!("/groups/{}/people", id(10)), "people"),
        ("/directory/deleted".to_owned(), "deleted"),
    ] {
        let (status, body) = get(&tenant, &path).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("BadRequest")), "{path}");
        assert_eq!(body["error"]["message"], json!(format!("Resource not found for the segment '{segment}'.")));
    }
    assert_eq!(get(&tenant, &format!("/users/{}", id(99))).await.0, 404, "an id is no segment");
    for root in ["v2.0/users", "users"] {
        let (status, body) = get(&tenant, &tenant.url().replace("v1.0", root)).await;
        assert_eq!((status, &body["error"]["message"]), (400, &json!("Invalid version.")), "{root}");
    }
}

#[tokio::test]
async fn tokens_need_credentials_and_list_the_permissions() {
    let permissions = Some(["User.Read.All".to_owned()].into());
    let tenant = house(Options { permissions, ..Options::default() }).await;
    let token = async |form: &[(&str, &str)]| {
        let url = tenant.url().replace("/v1.0", "/contoso/oauth2/v2.0/token");
        let answer = Client::new().post(url).form(form).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (grant, client) = (("grant_type", "client_credentials"), ("client_id", "app"));
    let scope = ("scope", "https://graph.microsoft.com/.default");
    assert_eq!(token(&[]).await.0, 400);
    assert_eq!(token(&[grant, client, scope]).await.0, 401);
    assert_eq!(token(&[grant, client, ("client_secret", "x"), ("scope", "User.Read")]).await.0, 400);
    let (status, body) = token(&[grant, client, ("client_secret", "x"), scope]).await;
    assert_eq!(status, 200);
    let claims = body["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value =
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["roles"], json!(["User.Read.All"]));
}

#[tokio::test]
async fn each_request_needs_its_permission() {
    let with = async |names: &[&str]| {
        let permissions = Some(names.iter().map(|name| (*name).to_owned()).collect());
        house(Options { permissions, ..Options::default() }).await
    };
    let ada = format!("/users/{}", id(1));
    let readers = with(&["User.ReadBasic.All"]).await;
    assert_eq!(get(&readers, "/users?$select=id,displayName").await.0, 200);
    assert_eq!(get(&readers, "/users").await.0, 403);
    assert_eq!(get(&readers, "/groups").await.0, 403);
    let closers = with(&["User.EnableDisableAccount.All"]).await;
    assert_eq!(write(&closers, "PATCH", &ada, json!({ "accountEnabled": false })).await.0, 403, "reading is needed besides");
    let closers = with(&["User.EnableDisableAccount.All", "User.Read.All"]).await;
    assert_eq!(write(&closers, "PATCH", &ada, json!({ "accountEnabled": false })).await.0, 204);
    assert_eq!(write(&closers, "PATCH", &ada, json!({ "department": "x" })).await, (403, "Authorization_RequestDenied".into()));
    assert_eq!(write(&closers, "PATCH", &ada, json!({ "accountEnabled": false, "mobilePhone": "1" })).await.0, 403);
    let broad = with(&["Directory.ReadWrite.All"]).await;
    assert_eq!(bare(&broad, "DELETE", &ada).await, 403, "it does not delete users");
    assert_eq!(write(&broad, "PATCH", &ada, json!({ "department": "x" })).await.0, 204);
    let members = with(&["GroupMember.ReadWrite.All"]).await;
    assert_eq!(write(&members, "POST", &format!("/groups/{}/members/$ref", id(10)), link(&members, 2)).await.0, 204);
    assert_eq!(write(&members, "PATCH", &format!("/groups/{}", id(10)), json!({ "description": "x" })).await.0, 403);
    assert_eq!(get(&members, "/groups").await.0, 403, "writing does not imply reading");
    assert!(is_permission("User.ReadWrite.All") && !is_permission("User.Everything"));
}

#[tokio::test]
async fn the_quota_follows_the_size_of_the_tenant() {
    for (users, batches, throttled) in [(0, 40, true), (49, 40, true), (50, 40, false), (500, 60, true), (501, 60, false)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seed.json");
        let user = |n: u32| json!({ "userPrincipalName": format!("u{n}@contoso.com"), "displayName": n.to_string() });
        std::fs::write(&path, json!({ "users": (0..users).map(user).collect::<Vec<_>>() }).to_string()).unwrap();
        let quota = Quota { scale: 0.001, ..Quota::default() };
        let tenant = super::start(Options { seed: Some(path), quota, ..Options::default() }).await;
        // Each lists transitive members of a group that is not there, for five units: a hundred in a batch.
        let step = |n: u32| json!({ "id": n.to_string(), "method": "GET", "url": "/groups/x/transitiveMembers" });
        let steps: Vec<Value> = (0..20).map(step).collect();
        for _ in 0..batches {
            call(&tenant, "POST", "/$batch", Some(json!({ "requests": steps }))).await;
        }
        assert_eq!(tenant.requests().throttled > 0, throttled, "{users} users, {batches} batches");
    }
}

#[tokio::test]
async fn what_was_never_set_is_absent_or_null_as_in_graph() {
    let tenant = house(Options::default()).await;
    let (_, user) = get(&tenant, &format!("/users/{}?$select=id,signInActivity,department,{}", id(1), extension("string"))).await;
    let names: BTreeSet<&str> =
        user.as_object().unwrap().keys().map(String::as_str).filter(|name| !name.starts_with('@')).collect();
    assert_eq!((names, &user["department"]), (BTreeSet::from(["department", "id"]), &Value::Null));
}
