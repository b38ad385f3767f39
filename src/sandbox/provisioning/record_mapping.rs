//! What the job does with a record: its matching pair, its default attribute mapping, and the entry of the log.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::faults::RecordFault;
use super::super::object::{Kind, Object};
use super::super::object_view::complete;
use super::super::server::State;
use super::super::tenant::Tenant;
use super::queue::Upload;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The default mapping: the place in the record and the property of the account.
const MAPPED: [(&[&str], &str); 17] = [
    (&["userName"], "userPrincipalName"),
    (&["displayName"], "displayName"),
    (&["externalId"], "employeeId"),
    (&["title"], "jobTitle"),
    (&["userType"], "employeeType"),
    (&["preferredLanguage"], "preferredLanguage"),
    (&["name", "givenName"], "givenName"),
    (&["name", "familyName"], "surname"),
    (&["emails", "value"], "mail"),
    (&["phoneNumbers", "value"], "businessPhones"),
    (&["addresses", "streetAddress"], "streetAddress"),
    (&["addresses", "locality"], "city"),
    (&["addresses", "region"], "state"),
    (&["addresses", "postalCode"], "postalCode"),
    (&["addresses", "country"], "country"),
    (&[ENTERPRISE, "department"], "department"),
    (&[ENTERPRISE, "organization"], "companyName"),
];

/// What became of a record.
enum Verdict {
    Success(&'static str),
    Skipped(&'static str, &'static str),
    Failure { code: String, reason: String, advice: String },
}

impl Verdict {
    fn failure(code: &str, reason: impl Into<String>, advice: &str) -> Self {
        Self::Failure { code: code.to_owned(), reason: reason.into(), advice: advice.to_owned() }
    }
}

/// Carries out one record; returns the entry of the log, unless it leaves none.
pub(super) fn carry_out(state: &mut State, upload: &Upload) -> Option<Value> {
    let key = upload.data["externalId"].as_str().unwrap_or_default().to_owned();
    let verdict = match state.faults.record(&key) {
        None => apply(state, &upload.data, &key),
        Some(RecordFault::Unlogged) => {
            let _applied = apply(state, &upload.data, &key);
            return None;
        }
        Some(RecordFault::Fail(code)) => {
            Verdict::failure(code, format!("The record was refused: {code}."), "Correct the record in the source.")
        }
        Some(RecordFault::Skip) => Verdict::Skipped("NotEffectivelyEntitled", "The record is not in the scope of the job."),
    };
    let account = found(&state.tenant, &key).map(|account| account.id.clone());
    Some(entry(state, upload, &key, account, &verdict))
}

/// The account of the matching pair.
fn found<'t>(tenant: &'t Tenant, key: &str) -> Option<&'t Object> {
    tenant.users().find(|user| user.text("employeeId") == Some(key))
}

fn apply(state: &mut State, data: &Value, key: &str) -> Verdict {
    if key.is_empty() {
        return Verdict::failure("MissingMatchingAttribute", "The record has no externalId.", "Send the matching attribute.");
    }
    if let Some(list) = ["emails", "phoneNumbers", "addresses"].iter().find(|list| works(&data[**list]).count() > 1) {
        return Verdict::failure("InvalidValue", format!("{list} has several values of type work."), "Send one value.");
    }
    let before = found(&state.tenant, key).cloned();
    let mut account = match &before {
        Some(account) => account.clone(),
        None => Object::new(Uuid::new_v4().to_string(), Kind::User, Map::new()),
    };
    let null_flow = state.provisioning.null_flow;
    for (path, property) in MAPPED {
        match flow(data, path, null_flow) {
            Flow::Value(value) => _ = account.props.insert(property.to_owned(), shaped(property, value)),
            Flow::Clear => _ = account.props.remove(property),
            Flow::Leave => {}
        }
    }
    // A record without `active` disables its account.
    account.props.insert("accountEnabled".to_owned(), json!(data["active"] == true));
    if let Some(refusal) = refusal(&state.tenant, &account) {
        return refusal;
    }
    let manager = data[ENTERPRISE]["manager"]["value"].as_str();
    let boss = manager.and_then(|manager| found(&state.tenant, manager)).map(|boss| boss.id.clone());
    let unresolved = manager.is_some() && boss.is_none();
    match (boss, null_flow && data[ENTERPRISE].is_object()) {
        (Some(boss), _) => account.manager = Some(boss),
        (None, true) => account.manager = None,
        (None, false) => {}
    }
    let action = write(state, before.as_ref(), account);
    match action {
        _ if unresolved => Verdict::failure(
            "MissingManager",
            "The manager of the record is not known to the job.",
            "Send the record of the manager first, then this one again.",
        ),
        Some(action) => Verdict::Success(action),
        None => Verdict::Skipped("RedundantExport", "The account is as the record wants it."),
    }
}

/// Writes the account, where it differs; returns what that was.
fn write(state: &mut State, before: Option<&Object>, mut account: Object) -> Option<&'static str> {
    let enabled = |account: &Object| account.props.get("accountEnabled") == Some(&Value::Bool(true));
    let action = match before {
        None => {
            let nickname = account.text("userPrincipalName").and_then(|upn| upn.split('@').next()).unwrap_or_default().to_owned();
            account.props.insert("mailNickname".to_owned(), json!(nickname));
            complete(&mut account.props, &state.clock.stamp(), &state.tenant.initial_domain());
            "create"
        }
        Some(before) if before.props == account.props && before.manager == account.manager => return None,
        Some(before) if enabled(before) && !enabled(&account) => "disable",
        Some(_) => "update",
    };
    state.tenant.put(account);
    Some(action)
}

/// Why an account cannot be written.
fn refusal(tenant: &Tenant, account: &Object) -> Option<Verdict> {
    let upn = account.text("userPrincipalName").unwrap_or_default();
    let domain = upn.rsplit_once('@').map(|(_, domain)| domain);
    if !domain.is_some_and(|domain| tenant.verified(domain)) {
        return Some(Verdict::failure(
            "AzureActiveDirectoryInvalidUserPrincipalName",
            "The domain of the userPrincipalName does not exist.",
            "Use a verified domain.",
        ));
    }
    let taken = tenant.upn_holder(upn).is_some_and(|holder| *holder != account.id);
    taken.then(|| {
        Verdict::failure(
            "DuplicateTargetEntries",
            "Another account has the userPrincipalName.",
            "Give the record another name: collisions are not resolved.",
        )
    })
}

enum Flow<'d> {
    Value(&'d Value),
    Clear,
    Leave,
}

/// The value that flows to a property. With the gates for nulls open, null and the empty text clear it, and so does a value that is left
/// out of an object that is there.
fn flow<'d>(data: &'d Value, path: &[&str], null_flow: bool) -> Flow<'d> {
    let (container, value) = match path {
        [name] => (Some(data), &data[*name]),
        [list @ ("emails" | "phoneNumbers" | "addresses"), part] => {
            let work = works(&data[*list]).next();
            (work, work.map_or(&Value::Null, |work| &work[*part]))
        }
        [object, part] => (data.get(*object), &data[*object][*part]),
        _ => (None, &Value::Null),
    };
    let empty = value.is_null() || value == "";
    match (empty, null_flow && container.is_some()) {
        (false, _) => Flow::Value(value),
        (true, true) => Flow::Clear,
        (true, false) => Flow::Leave,
    }
}

/// The entries that are read at all.
fn works(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten().filter(|entry| entry["type"] == "work")
}

fn shaped(property: &str, value: &Value) -> Value {
    if property == "businessPhones" { json!([value]) } else { value.clone() }
}

fn entry(state: &State, upload: &Upload, key: &str, account: Option<String>, verdict: &Verdict) -> Value {
    let (action, status) = match verdict {
        Verdict::Success(action) => (*action, "success"),
        Verdict::Skipped(..) => ("other", "skipped"),
        Verdict::Failure { .. } => ("other", "failure"),
    };
    let error = match verdict {
        Verdict::Success(_) => Value::Null,
        Verdict::Skipped(code, reason) => json!({
            "errorCode": code, "reason": reason, "errorCategory": "nonServiceFailure", "recommendedAction": null,
            "additionalDetails": null,
        }),
        Verdict::Failure { code, reason, advice } => json!({
            "errorCode": code, "reason": reason, "errorCategory": "nonServiceFailure", "recommendedAction": advice,
            "additionalDetails": null,
        }),
    };
    json!({
        "id": Uuid::new_v4().to_string(),
        "activityDateTime": state.clock.now().to_string(),
        "tenantId": state.tenant.id,
        "jobId": upload.job,
        "cycleId": "c0a80101-0000-4000-8000-00000000c1c1",
        "changeId": Uuid::new_v4().to_string(),
        "provisioningAction": action,
        "durationInMilliseconds": 5,
        "provisioningStatusInfo": { "status": status, "errorInformation": error },
        "provisioningSteps": [],
        "modifiedProperties": [],
        "sourceSystem": { "id": "API", "displayName": "API", "details": {} },
        "targetSystem": { "id": state.tenant.id, "displayName": "Microsoft Entra ID", "details": {} },
        "sourceIdentity": { "id": key, "displayName": upload.data["displayName"], "identityType": "User", "details": {} },
        "targetIdentity": { "id": account.unwrap_or_default(), "displayName": "", "identityType": "User", "details": {} },
        "servicePrincipal": {
            "id": state.provisioning.jobs.iter().find(|job| job.id == upload.job).map(|job| job.service_principal.as_str()),
            "displayName": "API-driven provisioning",
        },
        "initiatedBy": { "id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system" },
    })
}
