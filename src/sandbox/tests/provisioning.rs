//! The provisioning job through its wire.

use serde_json::{Value, json};

use super::*;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn job() -> String {
    let ProvisioningJob { service_principal, id } = ProvisioningJob::default();
    format!("/servicePrincipals/{service_principal}/synchronization/jobs/{id}")
}

fn record(key: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": key, "userName": format!("{key}@contoso.com"), "active": true, "displayName": key,
        "emails": [{ "type": "work", "primary": true, "value": format!("{key}@contoso.com") }],
        ENTERPRISE: { "department": "Tax" },
    })
}

fn body(records: &[Value]) -> Value {
    let operation = |data: &Value| json!({ "method": "POST", "bulkId": "b", "path": "/Users", "data": data });
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": null,
        "Operations": records.iter().map(operation).collect::<Vec<_>>(),
    })
}

/// The status, the error text and the Location of an upload.
async fn upload_as(tenant: &Sandbox, kind: &str, body: &Value) -> (u16, String, String) {
    let request = client().post(format!("{}{}/bulkUpload", tenant.url(), job())).bearer_auth("any");
    let answer = request.header("content-type", kind).body(body.to_string()).send().await.unwrap();
    let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let status = answer.status().as_u16();
    let text: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
    (status, text["error"]["message"].as_str().unwrap_or_default().to_owned(), location)
}

async fn upload(tenant: &Sandbox, records: &[Value]) -> u16 {
    upload_as(tenant, "application/scim+json", &body(records)).await.0
}

/// Key, action, status and code of the entries for a filter, oldest first.
async fn log(tenant: &Sandbox, filter: &str) -> Vec<(String, String, String, String)> {
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let path = format!("/auditLogs/provisioning?$orderby=activityDateTime%20asc&$top=2&$filter={filter}");
    let mut next = Some(path);
    let mut found = Vec::new();
    while let Some(path) = next {
        let (status, body) = call(tenant, "GET", &path, None).await;
        assert_eq!(status, 200, "{body}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        found.extend(body["value"].as_array().unwrap().iter().map(|entry| {
            let info = &entry["provisioningStatusInfo"];
            let code = text(&info["errorInformation"]["errorCode"]);
            (text(&entry["sourceIdentity"]["id"]), text(&entry["provisioningAction"]), text(&info["status"]), code)
        }));
        next = body["@odata.nextLink"].as_str().map(str::to_owned);
        tenant.advance(Duration::from_secs(10));
    }
    found
}

fn row(key: &str, action: &str, status: &str, code: &str) -> (String, String, String, String) {
    (key.to_owned(), action.to_owned(), status.to_owned(), code.to_owned())
}

#[tokio::test]
async fn records_are_carried_out_and_logged_and_an_omitted_active_disables() {
    let tenant = start(Options::default()).await;
    let mut boss = record("1");
    boss["displayName"] = json!("Boss");
    let mut report = record("2");
    report[ENTERPRISE]["manager"] = json!({ "value": "1" });
    assert_eq!(upload(&tenant, &[boss.clone(), report.clone()]).await, 202);
    assert_eq!(
        log(&tenant, "provisioningAction eq 'create'").await,
        [row("1", "create", "success", ""), row("2", "create", "success", "")]
    );
    let users = tenant.users();
    let of = |key: &str| users.as_array().unwrap().iter().find(|user| user["employeeId"] == key).unwrap().clone();
    assert_eq!((of("2")["manager"].clone(), of("2")["department"].clone()), (of("1")["id"].clone(), json!("Tax")));

    // What is left out stays, but for `active`.
    report.as_object_mut().unwrap().retain(|name, _| name != "active" && name != "displayName");
    assert_eq!(upload(&tenant, &[report, boss]).await, 202);
    let users = tenant.users();
    let second = users.as_array().unwrap().iter().find(|user| user["employeeId"] == "2").unwrap();
    assert_eq!((&second["accountEnabled"], &second["displayName"]), (&json!(false), &json!("2")));
    let since = log(&tenant, "statusInfo/status eq 'skipped'").await;
    assert_eq!(since, [row("1", "other", "skipped", "RedundantExport")]);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused_here() {
    let tenant = start(Options::default()).await;
    let good = body(&[record("1")]);
    let (status, message, location) = upload_as(&tenant, "application/scim+json", &good).await;
    assert_eq!((status, message.as_str()), (202, ""));
    assert!(location.contains("/auditLogs/provisioning?$filter=jobid eq 'API2AAD."), "{location}");
    for kind in ["application/json", "text/plain"] {
        let (status, message, _) = upload_as(&tenant, kind, &good).await;
        assert_eq!((status, message.as_str()), (400, "Invalid Data Format"));
    }
    let many: Vec<Value> = (0..51).map(|number| record(&number.to_string())).collect();
    let without_schema = {
        let mut data = record("1");
        data["urn:contoso:employee"] = json!({ "JobCode": "T3" });
        data
    };
    for refused in [&many[..], &[], &[without_schema]] {
        assert_eq!(upload(&tenant, refused).await, 400);
    }
    let mut put = good.clone();
    put["Operations"][0]["method"] = json!("PUT");
    let mut group = good;
    group["Operations"][0]["path"] = json!("/Groups");
    for refused in [put, group] {
        assert_eq!(upload_as(&tenant, "application/scim+json", &refused).await.0, 400);
    }
    let other = job().replace("API2AAD", "Other");
    assert_eq!(call(&tenant, "GET", &other, None).await.0, 404);
}

#[tokio::test]
async fn records_fail_with_the_codes_of_the_log() {
    let faults = Faults::parse("fail=5:SomeCode,skip=6,unlogged=7").unwrap();
    let tenant = start(Options { faults, ..Options::default() }).await;
    let mut domain = record("1");
    domain["userName"] = json!("1@unknown.example");
    let mut same = record("3");
    same["userName"] = json!("2@contoso.com");
    let mut boss = record("4");
    boss[ENTERPRISE]["manager"] = json!({ "value": "nobody" });
    let mut two = record("8");
    two["emails"] = json!([{ "type": "work", "value": "a@contoso.com" }, { "type": "work", "value": "b@contoso.com" }]);
    let records = [domain, record("2"), same, boss, record("5"), record("6"), record("7"), two];
    assert_eq!(upload(&tenant, &records).await, 202);
    let codes: Vec<(String, String)> = log(&tenant, "jobid ge 'x'".replace("ge", "eq").as_str())
        .await
        .into_iter()
        .map(|(key, _, _, code)| (key, code))
        .collect();
    assert_eq!(codes, [], "another job has no entries");
    let codes: Vec<(String, String)> =
        log(&tenant, "activityDateTime ge 2020-01-01T00:00:00Z").await.into_iter().map(|(key, _, _, code)| (key, code)).collect();
    let wanted = [
        ("1", "AzureActiveDirectoryInvalidUserPrincipalName"),
        ("2", ""),
        ("3", "DuplicateTargetEntries"),
        ("4", "MissingManager"),
        ("5", "SomeCode"),
        ("6", "NotEffectivelyEntitled"),
        ("8", "InvalidValue"),
    ];
    assert_eq!(codes, wanted.map(|(key, code)| (key.to_owned(), code.to_owned())));
    let made: Vec<Value> = tenant.users().as_array().unwrap().iter().map(|user| user["employeeId"].clone()).collect();
    assert!(made.contains(&json!("7")) && !made.contains(&json!("6")), "{made:?}");
}

#[tokio::test]
async fn a_stopped_job_keeps_its_queue_and_a_late_log_comes_later() {
    let lag = Duration::from_mins(5);
    let provisioning = ProvisioningSettings { lag, ..ProvisioningSettings::default() };
    let faults = Faults::parse("job=paused").unwrap();
    let tenant = start(Options { faults, provisioning, ..Options::default() }).await;
    let (_, shown) = call(&tenant, "GET", &job(), None).await;
    assert_eq!((&shown["status"]["code"], &shown["schedule"]["state"]), (&json!("Paused"), &json!("Disabled")));
    assert_eq!(upload(&tenant, &[record("1")]).await, 202);
    tenant.advance(Duration::from_hours(1));
    assert_eq!(log(&tenant, "provisioningAction eq 'create'").await, []);
    tenant.trouble(Faults::none());
    assert_eq!(log(&tenant, "provisioningAction eq 'create'").await.len(), 1);
    assert_eq!(upload(&tenant, &[record("2")]).await, 202);
    assert_eq!(log(&tenant, "provisioningAction eq 'create'").await.len(), 1);
    tenant.advance(lag);
    assert_eq!(log(&tenant, "provisioningAction eq 'create'").await.len(), 2);
    tenant.trouble(Faults::parse("job=quarantine").unwrap());
    let (_, shown) = call(&tenant, "GET", &job(), None).await;
    assert_eq!(shown["status"]["code"], json!("Quarantine"));
    assert!(shown["status"]["quarantine"]["currentBegan"].is_string());
}

#[tokio::test]
async fn calls_and_readings_have_their_limits() {
    let provisioning = ProvisioningSettings { calls_per_day: 45, ..ProvisioningSettings::default() };
    let tenant = start(Options { provisioning, ..Options::default() }).await;
    for _ in 0..40 {
        assert_eq!(upload(&tenant, &[record("1")]).await, 202);
    }
    assert_eq!(upload(&tenant, &[record("1")]).await, 429, "40 calls in 5 seconds");
    tenant.advance(Duration::from_secs(6));
    for _ in 0..4 {
        assert_eq!(upload(&tenant, &[record("1")]).await, 202);
    }
    assert_eq!(upload(&tenant, &[record("1")]).await, 429, "the refused call counts for the day");
    tenant.advance(Duration::from_hours(24));
    assert_eq!(upload(&tenant, &[record("1")]).await, 202);
    for _ in 0..5 {
        assert_eq!(call(&tenant, "GET", "/auditLogs/provisioning", None).await.0, 200);
    }
    assert_eq!(call(&tenant, "GET", "/auditLogs/provisioning", None).await.0, 429, "5 readings in 10 seconds");
}

#[tokio::test]
async fn queue_and_log_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let db = Some(folder.path().join("tenant.db"));
    let options = || Options { db: db.clone(), ..Options::default() };
    let tenant = start(options()).await;
    assert_eq!(upload(&tenant, &[record("1")]).await, 202);
    assert_eq!(log(&tenant, "provisioningAction eq 'create'").await.len(), 1);
    tenant.trouble(Faults::parse("job=paused").unwrap());
    assert_eq!(upload(&tenant, &[record("2")]).await, 202);
    drop(tenant);
    let tenant = start(options()).await;
    assert_eq!(log(&tenant, "provisioningAction eq 'create'").await.len(), 2, "the queue is worked off after the start");
}

#[tokio::test]
async fn open_gates_clear_what_is_null_or_left_out() {
    let provisioning = ProvisioningSettings { null_flow: true, ..ProvisioningSettings::default() };
    let tenant = start(Options { provisioning, ..Options::default() }).await;
    let mut first = record("1");
    first["title"] = json!("Adviser");
    assert_eq!(upload(&tenant, &[first]).await, 202);
    let mut second = record("1");
    second["emails"] = json!([{ "type": "work", "value": null }]);
    second.as_object_mut().unwrap().remove(ENTERPRISE);
    second["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);
    assert_eq!(upload(&tenant, &[second]).await, 202);
    let user = &tenant.users()[0];
    assert_eq!((&user["jobTitle"], &user["mail"]), (&Value::Null, &Value::Null), "left out, and null");
    assert_eq!(user["department"], json!("Tax"), "its object was not sent at all");
}
