//! What Graph refuses in bodies of users, and in actions on them.

use serde_json::{Map, json};

use super::super::*;
use super::house::*;
use super::{call, person};

/// Each of these updates of user 1 is refused with this status.
async fn refused(tenant: &Sandbox, status: u16, bodies: impl IntoIterator<Item = Value>) {
    for body in bodies {
        let (given, code) = write(tenant, "PATCH", &format!("/users/{}", id(1)), body.clone()).await;
        assert_eq!(given, status, "{body}: {code}");
    }
}

#[tokio::test]
async fn extensions_have_to_be_defined_and_have_their_type() {
    let tenant = house(Options::default()).await;
    let with = |kind: &str, value: Value| json!({ extension(kind): value });
    let (status, body) = call(&tenant, "PATCH", &format!("/users/{}", id(1)), Some(with("badge", json!("x")))).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("extension properties are not available"));
    let mut joiner = person("cleo");
    joiner[extension("badge")] = json!("x");
    assert_eq!(write(&tenant, "POST", "/users", joiner).await.0, 400);
    let wrong = [
        ("string", json!(5)),
        ("string", json!(true)),
        ("string", json!(["a"])),
        ("string", json!({ "a": 1 })),
        ("string", json!("")),
        ("string", json!("x".repeat(257))),
        ("integer", json!("7")),
        ("integer", json!(3_000_000_000_u64)),
        ("boolean", json!("true")),
        ("datetime", json!("x")),
        ("binary", json!("not base64!")),
    ];
    refused(&tenant, 400, wrong.map(|(kind, value)| with(kind, value))).await;
    let right = [
        ("string", json!("x")),
        ("integer", json!(7)),
        ("largeinteger", json!(3_000_000_000_u64)),
        ("boolean", json!(true)),
        ("datetime", json!("2024-01-31T00:00:00Z")),
        ("binary", json!("AQID")),
        ("string", Value::Null),
    ];
    for (kind, value) in right {
        assert_eq!(write(&tenant, "PATCH", &format!("/users/{}", id(1)), with(kind, value)).await.0, 204, "{kind}");
    }
    let names = format!("/users/{}?$select={},{}", id(1), extension("string"), extension("integer"));
    let (_, shown) = get(&tenant, &names).await;
    assert_eq!((shown.get(extension("string")), &shown[extension("integer")]), (None, &json!(7)));
}

#[tokio::test]
async fn an_object_has_at_most_a_hundred_extension_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed.json");
    let definitions: Vec<Value> =
        (0..101).map(|n| json!({ "name": extension(&format!("n{n}")), "dataType": "Integer" })).collect();
    std::fs::write(&path, json!({ "extensionProperties": definitions }).to_string()).unwrap();
    let tenant = super::start(Options { seed: Some(path), ..Options::default() }).await;
    let ada = super::make(&tenant, "ada").await;
    let values = |count| Value::Object((0..count).map(|n| (extension(&format!("n{n}")), json!(n))).collect::<Map<_, _>>());
    assert_eq!(write(&tenant, "PATCH", &format!("/users/{ada}"), values(101)).await.0, 400);
    assert_eq!(write(&tenant, "PATCH", &format!("/users/{ada}"), values(100)).await.0, 204);
}

#[tokio::test]
async fn nothing_in_a_body_is_dropped() {
    let tenant = house(Options::default()).await;
    let boss = json!(format!("{}/users/{}", tenant.url(), id(2)));
    let bodies = [
        json!({ "manager@odata.bind": boss }),
        json!({ "x@odata.bind": [boss] }),
        json!({ "@odata.type": "#microsoft.graph.group", "department": "x" }),
        json!({ "@odata.etag": "x", "department": "x" }),
        json!({ "department@odata.type": "#String" }),
        json!({ "shoeSize": 44 }),
        json!({}),
    ];
    refused(&tenant, 400, bodies).await;
    let mut joiner = person("cleo");
    joiner["memberOf@odata.bind"] = json!([boss]);
    assert_eq!(write(&tenant, "POST", "/users", joiner).await.0, 400);
    let group = format!("/groups/{}", id(10));
    assert_eq!(write(&tenant, "PATCH", &group, json!({ "owners@odata.bind": [boss] })).await.0, 400);
    assert_eq!(write(&tenant, "PATCH", &group, json!({ "members@odata.bind": boss })).await.0, 400);
    let typed = json!({ "@odata.type": "#microsoft.graph.user", "businessPhones@odata.type": "#Collection(String)", "businessPhones": ["1"] });
    assert_eq!(write(&tenant, "PATCH", &format!("/users/{}", id(1)), typed).await.0, 204);
}

#[tokio::test]
async fn references_have_the_root_of_the_tenant_or_of_graph() {
    let tenant = house(Options::default()).await;
    let path = format!("/users/{}/manager/$ref", id(1));
    let boss = id(2);
    for bad in [
        format!("https://evil.example/v1.0/users/{boss}"),
        boss.clone(),
        format!("{}/devices/{boss}", tenant.url()),
        format!("{}/users/{boss}/manager", tenant.url()),
    ] {
        assert_eq!(write(&tenant, "PUT", &path, json!({ "@odata.id": bad })).await.0, 400, "{bad}");
    }
    for good in [
        format!("{}/users/{boss}", tenant.url()),
        format!("https://graph.microsoft.com/v1.0/directoryObjects/{boss}"),
        format!("{}/users('{boss}')", tenant.url()),
    ] {
        assert_eq!(write(&tenant, "PUT", &path, json!({ "@odata.id": good })).await.0, 204, "{good}");
    }
}

#[tokio::test]
async fn synced_users_keep_their_manager_and_their_place() {
    let tenant = house(Options::default()).await;
    let path = format!("/users/{}", id(4));
    assert_eq!(write(&tenant, "PATCH", &path, json!({ "department": "x" })).await.0, 400);
    assert_eq!(write(&tenant, "PUT", &format!("{path}/manager/$ref"), link(&tenant, 2)).await.0, 400);
    assert_eq!(bare(&tenant, "DELETE", &format!("{path}/manager/$ref")).await, 400);
    assert_eq!(bare(&tenant, "DELETE", &path).await, 400);
}

#[tokio::test]
async fn a_password_is_reset_only_by_an_app_with_a_directory_role() {
    let body = json!({ "passwordProfile": { "password": "Correct-Horse-9" } });
    let path = format!("/users/{}", id(1));
    let tenant = house(Options::default()).await;
    assert_eq!(write(&tenant, "PATCH", &path, body.clone()).await, (403, "Authorization_RequestDenied".into()));
    let role = |name: &str| Options { directory_roles: vec![name.into()], ..Options::default() };
    let tenant = house(role("User Administrator")).await;
    assert_eq!(write(&tenant, "PATCH", &path, body.clone()).await.0, 204);
    let administrator = format!("/users/{}", id(3));
    assert_eq!(write(&tenant, "PATCH", &administrator, body.clone()).await.0, 403);
    assert_eq!(write(&tenant, "PATCH", &administrator, json!({ "accountEnabled": false })).await.0, 403);
    let tenant = house(role("Privileged Authentication Administrator")).await;
    assert_eq!(write(&tenant, "PATCH", &administrator, body).await.0, 204);
}

#[tokio::test]
async fn what_apps_cannot_write_is_refused() {
    let tenant = house(Options::default()).await;
    let texts = ["aboutMe", "mySite"].map(|name| json!({ name: "x" }));
    let lists = ["interests", "pastProjects", "responsibilities", "schools", "skills"].map(|name| json!({ name: ["x"] }));
    refused(&tenant, 403, texts.into_iter().chain(lists).chain([json!({ "birthday": "2000-01-01T00:00:00Z" })])).await;
    let mut joiner = person("cleo");
    joiner["skills"] = json!(["x"]);
    assert_eq!(write(&tenant, "POST", "/users", joiner).await.0, 403);
    refused(
        &tenant,
        400,
        [json!({ "preferredName": "x" }), json!({ "mailboxSettings": {} }), json!({ "hireDate": "2000-01-01T00:00:00Z" })],
    )
    .await;
    let day = json!({ "employeeHireDate": "2024-01-31T00:00:00Z" });
    refused(&tenant, 403, [day.clone()]).await;
    let mut joiner = person("dan");
    joiner["employeeHireDate"] = json!("2024-01-31T00:00:00Z");
    assert_eq!(write(&tenant, "POST", "/users", joiner).await.0, 201);
    let tenant = house(Options { lenience: Lenience::of([Disputed::HireDate]), ..Options::default() }).await;
    assert_eq!(write(&tenant, "PATCH", &format!("/users/{}", id(1)), day).await.0, 204);
    refused(&tenant, 403, [json!({ "employeeHireDate": "2024-01-31T00:00:00Z", "city": "x" })]).await;
}

#[tokio::test]
async fn complex_values_have_known_parts_of_their_types() {
    let tenant = house(Options { directory_roles: vec!["User Administrator".into()], ..Options::default() }).await;
    let identity =
        |kind: &str, name: &str| json!({ "signInType": kind, "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": name });
    let bodies = [
        json!({ "identities": [1] }),
        json!({ "identities": [] }),
        json!({ "identities": [identity("emailAddress", "a@b.de")] }),
        json!({ "identities": [{ "signInType": "emailAddress", "colour": "red" }] }),
        json!({ "passwordProfile": { "password": 12_345_678 } }),
        json!({ "passwordProfile": { "forceChangePasswordNextSignIn": "yes" } }),
        json!({ "passwordProfile": { "hint": "x" } }),
        json!({ "employeeOrgData": { "division": 1 } }),
        json!({ "employeeOrgData": { "shoeSize": "x" } }),
        json!({ "onPremisesExtensionAttributes": { "extensionAttribute16": "x" } }),
        json!({ "otherMails": null }),
        json!({ "otherMails": ["@"] }),
        json!({ "otherMails": "a@b.de" }),
        json!({ "mail": "a@x" }),
        json!({ "mail": format!("{}@contoso.com", "x".repeat(320)) }),
        json!({ "preferredLanguage": "12-34" }),
        json!({ "preferredLanguage": "x1-y2" }),
        json!({ "preferredLanguage": "de-12345678" }),
    ];
    refused(&tenant, 400, bodies).await;
    let both = json!({ "identities": [identity("userPrincipalName", "ada@contoso.com"), identity("emailAddress", "a@b.de")] });
    assert_eq!(write(&tenant, "PATCH", &format!("/users/{}", id(1)), both).await.0, 204);
    // An enum is stored in Graph's spelling.
    assert_eq!(write(&tenant, "PATCH", &format!("/users/{}", id(1)), json!({ "userType": "guest" })).await.0, 204);
    assert_eq!(get(&tenant, &format!("/users/{}?$select=userType", id(1))).await.1["userType"], json!("Guest"));
    let lenient = house(Options { lenience: Lenience::of([Disputed::NullCollections]), ..Options::default() }).await;
    assert_eq!(write(&lenient, "PATCH", &format!("/users/{}", id(1)), json!({ "otherMails": null })).await.0, 204);
}

#[tokio::test]
async fn licences_need_a_subscription_with_a_seat() {
    let tenant = house(Options::default()).await;
    let path = |number| format!("/users/{}/assignLicense", id(number));
    let add = |sku: Value| json!({ "addLicenses": [sku], "removeLicenses": [] });
    let wrong = [
        add(json!({ "skuId": "00000000-0000-0000-0000-000000000009" })),
        add(json!({ "skuId": "E3" })),
        add(json!({})),
        add(json!({ "skuId": F1 })),
        add(json!({ "skuId": E3, "disabledPlans": ["x"] })),
        add(json!({ "skuId": E3, "disabledPlans": [F1] })),
        add(json!({ "skuId": E3, "colour": "red" })),
        json!({ "addLicenses": [] }),
        json!({ "addLicenses": [], "removeLicenses": [{ "skuId": E3 }] }),
        json!({ "addLicenses": [], "removeLicenses": [E3] }),
        json!({ "addLicenses": [], "removeLicenses": [], "force": true }),
    ];
    for body in wrong {
        assert_eq!(write(&tenant, "POST", &path(1), body.clone()).await.0, 400, "{body}");
    }
    let upper = add(json!({ "skuId": E3.to_uppercase() }));
    assert_eq!(write(&tenant, "POST", &path(1), upper).await.0, 200);
    let (_, skus) = get(&tenant, "/subscribedSkus").await;
    assert_eq!((&skus["value"][0]["consumedUnits"], &skus["value"][0]["skuPartNumber"]), (&json!(1), &json!("SPE_E3")));
    let (_, held) = get(&tenant, &format!("/users/{}?$select=assignedLicenses", id(1))).await;
    assert_eq!(held["assignedLicenses"][0]["skuId"], json!(E3));
    let (_, details) = get(&tenant, &format!("/users/{}/licenseDetails", id(1))).await;
    assert_eq!(details["value"][0]["skuPartNumber"], json!("SPE_E3"));
    assert_eq!(details["value"][0]["servicePlans"][0]["provisioningStatus"], json!("Success"));
    let (status, body) = call(&tenant, "POST", &path(2), Some(add(json!({ "skuId": E3 })))).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("does not have any available licenses"));
    assert_eq!(write(&tenant, "POST", &path(1), json!({ "addLicenses": [], "removeLicenses": [E3] })).await.0, 200);
    assert_eq!(write(&tenant, "POST", &path(2), add(json!({ "skuId": E3 }))).await.0, 200);
}

#[tokio::test]
async fn passes_follow_the_policy() {
    let tenant = house(Options::default()).await;
    let path = format!("/users/{}/authentication/temporaryAccessPassMethods", id(1));
    let wrong = [
        json!({ "lifetimeInMinutes": "60" }),
        json!({ "lifetimeInMinutes": 481 }),
        json!({ "lifetimeInMinutes": 43_200 }),
        json!({ "lifetimeInMinutes": 59 }),
        json!({ "isUsableOnce": "yes" }),
        json!({ "startDateTime": "soon" }),
        json!({ "colour": "red" }),
    ];
    for body in wrong {
        assert_eq!(write(&tenant, "POST", &path, body.clone()).await.0, 400, "{body}");
    }
    assert_eq!(write(&tenant, "POST", &path, json!({ "lifetimeInMinutes": 480 })).await.0, 201);
    let (_, listed) = get(&tenant, &path).await;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    assert_eq!(listed["value"][0]["temporaryAccessPass"], Value::Null);
    let one = listed["value"][0]["id"].as_str().unwrap();
    assert_eq!(bare(&tenant, "DELETE", &format!("{path}/{one}")).await, 204);
    let administrator = format!("/users/{}/authentication/temporaryAccessPassMethods", id(3));
    assert_eq!(write(&tenant, "POST", &administrator, json!({})).await.0, 403);
    let policy = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass";
    assert_eq!(get(&tenant, policy).await.1["maximumLifetimeInMinutes"], json!(480));
}

#[tokio::test]
async fn a_restore_takes_names_that_are_texts() {
    let tenant = house(Options::default()).await;
    let path = format!("/directory/deletedItems/{}/restore", id(5));
    assert_eq!(write(&tenant, "POST", &path, json!({ "newUserPrincipalName": 5 })).await.0, 400);
    assert_eq!(write(&tenant, "POST", &path, json!({ "autoReconcileProxyConflict": "yes" })).await.0, 400);
    assert_eq!(write(&tenant, "POST", &path, json!({ "force": true })).await.0, 400);
    assert_eq!(write(&tenant, "POST", &path, json!({ "newUserPrincipalName": "new@contoso.com" })).await.0, 200);
}

#[tokio::test]
async fn a_federated_user_has_an_immutable_id_and_a_local_account_needs_no_name() {
    let tenant = house(Options::default()).await;
    let mut joiner = person("cleo");
    joiner["userPrincipalName"] = json!("cleo@fed.example");
    assert_eq!(write(&tenant, "POST", "/users", joiner).await.0, 400);
    let local = json!({
        "displayName": "Guest", "passwordProfile": { "password": "Correct-Horse-9" }, "passwordPolicies": "DisablePasswordExpiration",
        "identities": [{ "signInType": "emailAddress", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": "guest@home.example" }],
    });
    let (status, body) = call(&tenant, "POST", "/users", Some(local.clone())).await;
    assert_eq!(status, 201, "{body}");
    assert!(body["userPrincipalName"].as_str().unwrap().ends_with("@contoso.onmicrosoft.com"));
    assert_eq!(write(&tenant, "POST", "/users", local).await.0, 400, "the identity is taken");
}

#[tokio::test]
async fn batches_have_bodies_and_lists_of_ids() {
    let tenant = house(Options::default()).await;
    let step = |more: Value| {
        let mut step = json!({ "id": "1", "method": "GET", "url": "/users" });
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "requests": [step, { "id": "2", "method": "GET", "url": "/groups" }] })
    };
    let wrong = [
        json!({ "method": "PATCH", "url": format!("/users/{}", id(1)) }),
        json!({ "method": "POST", "url": format!("/users/{}/revokeSignInSessions", id(1)) }),
        json!({ "dependsOn": "2" }),
        json!({ "dependsOn": [2] }),
        json!({ "dependsOn": ["9"] }),
        json!({ "id": 2 }),
        json!({ "id": 1.5 }),
        json!({ "id": true }),
    ];
    for more in wrong {
        assert_eq!(write(&tenant, "POST", "/$batch", step(more.clone())).await.0, 400, "{more}");
    }
    assert_eq!(write(&tenant, "POST", "/$batch", step(json!({ "dependsOn": ["2"] }))).await.0, 200);
    let (_, numbered) = call(&tenant, "POST", "/$batch", Some(step(json!({ "id": 7 })))).await;
    assert!(numbered["responses"].as_array().unwrap().iter().any(|answer| answer["id"] == "7"), "{numbered}");
    let (_, versioned) = call(&tenant, "POST", "/$batch", Some(step(json!({ "url": "/v1.0/users" })))).await;
    let answer = versioned["responses"].as_array().unwrap().iter().find(|answer| answer["id"] == "1").unwrap();
    assert_eq!((&answer["status"], &answer["body"]["error"]["code"]), (&json!(400), &json!("BadRequest")));
}
