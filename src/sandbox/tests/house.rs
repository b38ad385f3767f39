//! A tenant with something of every kind, and calls that answer with what matters.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::*;
use super::{client, start};

pub(super) const APP: &str = "0123456789abcdef0123456789abcdef";
pub(super) const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
pub(super) const F1: &str = "44575883-256e-4a79-9da4-ebe9acabe2b2";
pub(super) const PLAN: &str = "efb87545-963c-4e0d-99df-69c6916d9eb0";

/// The name of an extension of the tenant's app.
pub(super) fn extension(name: &str) -> String {
    format!("extension_{APP}_{name}")
}

/// The id of one of the tenant's objects.
pub(super) fn id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

fn user(number: u32, name: &str) -> Value {
    json!({
        "id": id(number), "userPrincipalName": format!("{name}@contoso.com"), "displayName": name, "mailNickname": name, "usageLocation": "DE",
    })
}

fn group(number: u32, name: &str, more: &Value) -> Value {
    let mut group = json!({
        "id": id(number), "displayName": name, "mailNickname": name, "securityEnabled": true, "mailEnabled": false, "groupTypes": [],
        "members": [id(1)], "owners": [id(1)],
    });
    group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    group
}

/// Users 1 (plain), 2 (plain), 3 (administrator), 4 (synced); groups from 10 on, one of each kind.
pub(super) fn seed() -> Value {
    let mut synced = user(4, "synced");
    synced["onPremisesSyncEnabled"] = json!(true);
    synced["manager"] = json!(id(1));
    let types = ["String", "Boolean", "DateTime", "Integer", "LargeInteger", "Binary"];
    json!({
        "domains": [{ "id": "fed.example", "authenticationType": "Federated", "isVerified": true, "isDefault": false }],
        "users": [user(1, "ada"), user(2, "bo"), user(3, "root"), synced],
        "groups": [
            group(10, "security", &json!({})),
            group(11, "unified", &json!({ "mailEnabled": true, "groupTypes": ["Unified"], "securityEnabled": false })),
            group(12, "mailsecurity", &json!({ "mailEnabled": true })),
            group(13, "distribution", &json!({ "mailEnabled": true, "securityEnabled": false })),
            // The members and owners of such a group count as administrators.
            group(14, "roles", &json!({ "isAssignableToRole": true, "members": [id(3)], "owners": [id(3)] })),
            group(15, "dynamic", &json!({ "groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq \"x\"" })),
            group(16, "onpremises", &json!({ "onPremisesSyncEnabled": true })),
            group(17, "inner", &json!({})),
        ],
        "roleAssignments": [{ "id": "r", "principalId": id(3), "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10" }],
        "deletedItems": [{ "id": id(5), "userPrincipalName": "old@contoso.com", "displayName": "Old", "deletedDateTime": null }],
        "extensionProperties": types.map(|kind| json!({ "name": extension(&kind.to_lowercase()), "dataType": kind })),
        "subscribedSkus": [
            { "skuId": E3, "skuPartNumber": "SPE_E3", "prepaidUnits": { "enabled": 1 },
              "servicePlans": [{ "servicePlanId": PLAN, "servicePlanName": "EXCHANGE" }] },
            { "skuId": F1, "skuPartNumber": "COMPANY", "appliesTo": "Company", "prepaidUnits": { "enabled": 9 } },
        ],
    })
}

/// A tenant of that seed, with more options.
pub(super) async fn house(options: Options) -> Sandbox {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed.json");
    let mut seed = seed();
    seed["deletedItems"][0].as_object_mut().unwrap().remove("deletedDateTime");
    std::fs::write(&path, seed.to_string()).unwrap();
    start(Options { seed: Some(path), ..options }).await
}

/// One request with further headers.
pub(super) async fn ask(
    tenant: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> (u16, Value) {
    let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", tenant.url()) };
    let mut request = client().request(method.parse::<Method>().unwrap(), url).bearer_auth("any");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A read, with its text of a query in plain characters.
pub(super) async fn get(tenant: &Sandbox, path: &str) -> (u16, Value) {
    ask(tenant, "GET", &path.replace(' ', "%20"), &[], None).await
}

/// The same as an advanced query.
pub(super) async fn advanced(tenant: &Sandbox, path: &str) -> (u16, Value) {
    let join = if path.contains('?') { '&' } else { '?' };
    let path = format!("{}{join}$count=true", path.replace(' ', "%20"));
    ask(tenant, "GET", &path, &[("ConsistencyLevel", "eventual")], None).await
}

/// The status and the code of a write.
pub(super) async fn write(tenant: &Sandbox, method: &str, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = ask(tenant, method, path, &[], Some(body)).await;
    (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// The status of a write without a body.
pub(super) async fn bare(tenant: &Sandbox, method: &str, path: &str) -> u16 {
    ask(tenant, method, path, &[], None).await.0
}

/// A reference to an object.
pub(super) fn link(tenant: &Sandbox, number: u32) -> Value {
    json!({ "@odata.id": format!("{}/directoryObjects/{}", tenant.url(), id(number)) })
}
