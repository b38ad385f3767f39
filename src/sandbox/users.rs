//! `/users` and what hangs on a user.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::directory::{is_privileged, soft_delete};
use super::object::{Kind, Object};
use super::query_options::{Expand, Select, list};
use super::reply::{Answer, Problem, Reply};
use super::request::{Request, referenced};
use super::schema::rule;
use super::server::Core;
use super::validate;

/// Routes what comes after `/users`.
pub(super) fn route(core: &mut Core, request: &Request, rest: &[&str]) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(core, request, Kind::User, |core, after| {
            let start = (std::ops::Bound::Excluded(after.to_owned()), std::ops::Bound::Unbounded);
            Box::new(core.tenant.objects.range::<String, _>(start).map(|(_, o)| o).filter(|o| o.kind == Kind::User && o.live()))
        }),
        ("GET", ["$count"]) => Ok(Reply::ok(json!(core.tenant.users().count()))),
        ("POST", []) => create(core, request),
        ("GET", [key]) => {
            let select = Select::parse(request.query("$select"), Kind::User, false, &[])?;
            let expand = Expand::parse(request.query("$expand"), false)?;
            show(core, core.user(key)?, &select, expand.as_ref(), "users")
        }
        ("PATCH", [key]) => update(core, request, key),
        ("DELETE", [key]) => delete(core, key),
        ("GET", [key, "manager"]) => {
            let select = Select::parse(request.query("$select"), Kind::User, false, &[])?;
            show(core, manager(core, key)?, &select, None, "directoryObjects")
        }
        ("GET", [key, "manager", "$ref"]) => {
            let id = manager(core, key)?.id.clone();
            Ok(Reply::ok(json!({ "@odata.id": format!("{}/users/{id}", core.base) })))
        }
        ("PUT", [key, "manager", "$ref"]) => set_manager(core, request, key),
        ("DELETE", [key, "manager", "$ref"]) => clear_manager(core, key),
        ("GET", [key, "directReports"]) => direct_reports(core, key),
        ("GET", [key, "memberOf" | "transitiveMemberOf"]) => groups(core, request, key),
        ("GET", [key, "licenseDetails"]) => license_details(core, key),
        ("POST", [key, "revokeSignInSessions" | "microsoft.graph.revokeSignInSessions"]) => revoke_sessions(core, key),
        ("POST", [key, "assignLicense" | "microsoft.graph.assignLicense"]) => assign_license(core, request, key),
        ("POST", [key, "authentication", "temporaryAccessPassMethods"]) => access_pass(core, request, key),
        _ => Err(Problem::new(400, "BadRequest", "Resource not found for the segment or method not allowed.")),
    }
}

/// An object with its type, as directory object collections have it.
pub(super) fn typed(object: &Object, select: &Select) -> Value {
    let mut shown = select.show(object);
    shown.insert("@odata.type".to_owned(), json!(object.kind.odata()));
    shown.entry("id").or_insert_with(|| json!(object.id));
    Value::Object(shown)
}

/// One object as the answer of a GET.
#[expect(clippy::unnecessary_wraps, reason = "the last step of every route that answers one object")]
pub(super) fn show(core: &Core, object: &Object, select: &Select, expand: Option<&Expand>, set: &str) -> Answer {
    let mut shown = select.show(object);
    shown.insert("@odata.context".to_owned(), json!(format!("{}/$metadata#{set}/$entity", core.base)));
    if let Some(expand) = expand {
        expand.apply(core, object, &mut shown);
    }
    Ok(Reply::ok(Value::Object(shown)))
}

fn create(core: &mut Core, request: &Request) -> Answer {
    let body = request.object()?;
    if body.contains_key("manager@odata.bind") || body.contains_key("manager") {
        return Err(Problem::bad("Unable to set a manager when a user is created.").detail("InvalidProperty", "manager"));
    }
    let named = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let names = [named("userPrincipalName"), named("employeeId")];
    core.trouble.refusal(written(body).into_iter(), &names)?;
    let mut props = validate::create(&core.tenant, Kind::User, body)?;
    complete(&mut props, &core.clock.stamp(), &core.tenant.default_domain());
    let mut user = Object::new(Uuid::new_v4().to_string(), Kind::User, props);
    core.born(&mut user);
    let shown = Select::Default.show(&user);
    let location = format!("{}/users/{}", core.base, user.id);
    core.tenant.put(user);
    let mut shown = Value::Object(shown);
    shown["@odata.context"] = json!(format!("{}/$metadata#users/$entity", core.base));
    Ok(Reply::created(shown, location))
}

/// The properties that a body writes: of complex values the parts, too.
fn written(body: &Map<String, Value>) -> Vec<&str> {
    let parts = body.values().filter_map(Value::as_object).flat_map(Map::keys);
    body.keys().chain(parts).map(String::as_str).collect()
}

fn names_of(user: &Object) -> [&str; 3] {
    [user.id.as_str(), user.text("userPrincipalName").unwrap_or_default(), user.text("employeeId").unwrap_or_default()]
}

/// What the service adds to a new user.
pub(super) fn complete(props: &mut Map<String, Value>, now: &str, issuer: &str) {
    let upn = props.get("userPrincipalName").cloned().unwrap_or(Value::Null);
    let mut add = |name: &str, value: Value| {
        props.entry(name).or_insert(value);
    };
    add("createdDateTime", json!(now));
    add("userType", json!("Member"));
    add("accountEnabled", json!(true));
    add("identities", json!([{ "signInType": "userPrincipalName", "issuer": issuer, "issuerAssignedId": upn }]));
    add("lastPasswordChangeDateTime", json!(now));
    add("signInSessionsValidFromDateTime", json!(now));
    if let Some(licenses) = props.get("assignedLicenses").and_then(Value::as_array) {
        let states = licenses.iter().map(direct_license).collect();
        props.entry("licenseAssignmentStates").or_insert(states);
    }
    props.remove("passwordProfile");
    follow_mail(props);
}

/// How a licence is held that no group brought.
fn direct_license(license: &Value) -> Value {
    json!({ "skuId": license["skuId"], "assignedByGroup": null, "state": "Active", "error": "None" })
}

/// The proxy addresses follow the mail address; the former one stays as an alias.
pub(super) fn follow_mail(props: &mut Map<String, Value>) {
    let Some(mail) = props.get("mail").and_then(Value::as_str).map(str::to_owned) else { return };
    let old = props.get("proxyAddresses").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut proxies = vec![format!("SMTP:{mail}")];
    for address in old.iter().filter_map(Value::as_str) {
        let plain = address.strip_prefix("SMTP:").or_else(|| address.strip_prefix("smtp:"));
        match plain {
            Some(plain) if plain.eq_ignore_ascii_case(&mail) => {}
            Some(plain) => proxies.push(format!("smtp:{plain}")),
            None => proxies.push(address.to_owned()),
        }
    }
    props.insert("proxyAddresses".to_owned(), json!(proxies));
}

fn update(core: &mut Core, request: &Request, key: &str) -> Answer {
    let body = request.object()?;
    let user = core.user(key)?;
    core.trouble.refusal(written(body).into_iter(), &names_of(user))?;
    let changed = validate::update(&core.tenant, user, body)?;
    let sensitive = changed.keys().any(|name| rule(Kind::User, name).is_some_and(|rule| rule.sensitive));
    if sensitive && is_privileged(core, &user.id) {
        return Err(Problem::denied());
    }
    let mut user = user.clone();
    let now = core.clock.stamp();
    for (name, value) in changed {
        match name.as_str() {
            "passwordProfile" => {
                user.props.insert("lastPasswordChangeDateTime".to_owned(), json!(now));
            }
            "onPremisesExtensionAttributes" => merge(&mut user.props, &name, value),
            _ => {
                user.props.insert(name, value);
            }
        }
    }
    follow_mail(&mut user.props);
    let upn = user.props.get("userPrincipalName").cloned().unwrap_or(Value::Null);
    if let Some(identities) = user.props.get_mut("identities").and_then(Value::as_array_mut) {
        for identity in identities.iter_mut().filter(|identity| identity["signInType"] == "userPrincipalName") {
            identity["issuerAssignedId"] = upn.clone();
        }
    }
    core.tenant.put(user);
    Ok(Reply::none())
}

/// The parts given replace their like; the others stay.
fn merge(props: &mut Map<String, Value>, name: &str, value: Value) {
    let old = props.entry(name).or_insert_with(|| json!({}));
    match (old.as_object_mut(), value) {
        (Some(old), Value::Object(new)) => old.extend(new),
        (_, value) => *old = value,
    }
}

/// Soft-deletes a user; administrators are out of reach.
pub(super) fn delete(core: &mut Core, key: &str) -> Answer {
    let user = core.user(key)?;
    if is_privileged(core, &user.id) {
        return Err(Problem::denied());
    }
    let user = user.clone();
    soft_delete(core, user);
    Ok(Reply::none())
}

fn manager<'a>(core: &'a Core, key: &str) -> Result<&'a Object, Problem> {
    let user = core.user(key)?;
    user.manager.as_deref().and_then(|id| core.tenant.live(id)).ok_or_else(|| Problem::absent("manager"))
}

fn set_manager(core: &mut Core, request: &Request, key: &str) -> Answer {
    let body = request.object()?;
    let link = body.get("@odata.id").and_then(Value::as_str).ok_or_else(|| Problem::bad("The body has no '@odata.id'."))?;
    let mut user = core.user(key)?.clone();
    let target = core.user(&referenced(link))?.id.clone();
    if target == user.id {
        return Err(Problem::bad("A user cannot be the own manager.").detail("InvalidValue", "manager"));
    }
    if user.manager.as_ref() != Some(&target) {
        user.manager_was = user.manager.replace(target);
        user.manager_at = core.tenant.next_change();
        core.tenant.put(user);
    }
    Ok(Reply::none())
}

fn clear_manager(core: &mut Core, key: &str) -> Answer {
    let mut user = core.user(key)?.clone();
    if user.manager.is_none() {
        return Err(Problem::absent("manager"));
    }
    user.manager_was = user.manager.take();
    user.manager_at = core.tenant.next_change();
    core.tenant.put(user);
    Ok(Reply::none())
}

fn direct_reports(core: &Core, key: &str) -> Answer {
    let reports = core.tenant.reports(&core.user(key)?.id);
    let shown: Vec<Value> =
        reports.iter().filter_map(|id| core.tenant.live(id)).map(|user| typed(user, &Select::Default)).collect();
    Ok(Reply::ok(json!({ "value": shown })))
}

fn groups(core: &Core, request: &Request, key: &str) -> Answer {
    let select = Select::parse(request.query("$select"), Kind::Group, false, &[])?;
    let groups = core.tenant.groups_of(&core.user(key)?.id);
    let shown: Vec<Value> = groups.iter().map(|group| typed(group, &select)).collect();
    Ok(Reply::ok(json!({ "value": shown })))
}

fn license_details(core: &Core, key: &str) -> Answer {
    let licenses = core.user(key)?.props.get("assignedLicenses").and_then(Value::as_array);
    let details: Vec<Value> = licenses
        .into_iter()
        .flatten()
        .map(|license| json!({ "id": license["skuId"], "skuId": license["skuId"], "servicePlans": [] }))
        .collect();
    Ok(Reply::ok(json!({ "value": details })))
}

fn revoke_sessions(core: &mut Core, key: &str) -> Answer {
    let mut user = core.user(key)?.clone();
    user.props.insert("signInSessionsValidFromDateTime".to_owned(), json!(core.clock.stamp()));
    core.tenant.put(user);
    Ok(Reply::ok(json!({ "value": true })))
}

fn assign_license(core: &mut Core, request: &Request, key: &str) -> Answer {
    let body = request.object()?;
    let list = |name: &str| {
        body.get(name)
            .and_then(Value::as_array)
            .ok_or_else(|| Problem::bad(format!("A value is required for parameter '{name}'.")))
    };
    let (add, remove) = (list("addLicenses")?, list("removeLicenses")?);
    let mut user = core.user(key)?.clone();
    core.trouble.refusal(remove.iter().filter_map(Value::as_str), &names_of(&user))?;
    if !add.is_empty() && user.text("usageLocation").is_none() {
        return Err(Problem::bad("License assignment cannot be done for user with invalid usage location."));
    }
    let held = |user: &Object, name: &str| user.props.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut licenses, mut states) = (held(&user, "assignedLicenses"), held(&user, "licenseAssignmentStates"));
    let inherited = |sku: &Value| states.iter().any(|state| state["skuId"] == *sku && !state["assignedByGroup"].is_null());
    let direct = |sku: &Value| states.iter().any(|state| state["skuId"] == *sku && state["assignedByGroup"].is_null());
    if remove.iter().any(|sku| inherited(sku) && !direct(sku)) {
        return Err(Problem::bad(
            "User license is inherited from a group membership and it cannot be removed directly from the user.",
        ));
    }
    let touched = |sku: &Value| remove.contains(sku) || add.iter().any(|new| new["skuId"] == *sku);
    licenses.retain(|license| !touched(&license["skuId"]) || inherited(&license["skuId"]));
    for license in add.iter().filter(|new| !inherited(&new["skuId"])) {
        let plans = license.get("disabledPlans").cloned().unwrap_or_else(|| json!([]));
        licenses.push(json!({ "skuId": license["skuId"], "disabledPlans": plans }));
    }
    states.retain(|state| !state["assignedByGroup"].is_null() || !touched(&state["skuId"]));
    states.extend(add.iter().map(direct_license));
    user.props.insert("licenseAssignmentStates".to_owned(), json!(states));
    user.props.insert("assignedLicenses".to_owned(), json!(licenses));
    let shown = Select::Default.show(&user);
    core.tenant.put(user);
    Ok(Reply::ok(Value::Object(shown)))
}

fn access_pass(core: &mut Core, request: &Request, key: &str) -> Answer {
    core.user(key)?;
    let body = request.body.clone().unwrap_or_else(|| json!({}));
    let minutes = body["lifetimeInMinutes"].as_i64().unwrap_or(60);
    if !(10..=43_200).contains(&minutes) {
        return Err(Problem::bad("The lifetime of the Temporary Access Pass is out of range.")
            .detail("InvalidValue", "lifetimeInMinutes"));
    }
    let pass = format!("TAP{:08x}", core.trouble.chance.next() >> 32);
    let id = Uuid::new_v4().to_string();
    Ok(Reply::with(
        201,
        json!({
            "id": id,
            "temporaryAccessPass": pass,
            "createdDateTime": core.clock.stamp(),
            "startDateTime": body.get("startDateTime").cloned().unwrap_or_else(|| json!(core.clock.stamp())),
            "lifetimeInMinutes": minutes,
            "isUsableOnce": body["isUsableOnce"].as_bool().unwrap_or(false),
            "isUsable": true,
            "methodUsabilityReason": "EnabledByPolicy",
        }),
    ))
}
