//! Whether a user or group may be made or changed as asked. Nothing of a body is dropped: what has no effect is refused.

use serde_json::{Map, Value, json};

use super::lenience::Disputed;
use super::object::{Kind, Object};
use super::password;
use super::reply::Problem;
use super::schema::{Rule, find, is_extension, rules};
use super::server::State;
use super::tenant::Tenant;
use super::values::{is_address, is_country, is_language, of_extension, stored};

/// The most values of directory extensions on one object.
const EXTENSIONS: usize = 100;

/// The properties of a new object as asked, checked one by one and against each other.
pub(super) fn create(
    state: &State,
    kind: Kind,
    body: &Map<String, Value>,
    binds: &[&str],
) -> Result<Map<String, Value>, Problem> {
    let body = &spelled(kind, body, binds)?;
    let local = kind == Kind::User && is_local_account(body);
    for (name, rule) in rules(kind) {
        let spared = local && matches!(name.as_str(), "userPrincipalName" | "mailNickname" | "accountEnabled");
        if rule.required && !spared && body.get(name).is_none_or(Value::is_null) {
            return Err(Problem::bad(format!("A value is required for property '{name}' of resource '{}'.", kind.name()))
                .detail("MissingValue", name));
        }
    }
    let mut props = properties(state, kind, body, None)?;
    if local {
        let id = uuid::Uuid::new_v4();
        props.entry("userPrincipalName").or_insert_with(|| json!(format!("{id}@{}", state.tenant.initial_domain())));
        props.entry("mailNickname").or_insert_with(|| json!(id.to_string()));
    }
    together(&state.tenant, kind, &props, None)?;
    Ok(props)
}

/// The changed properties of an object, checked.
pub(super) fn update(
    state: &State,
    object: &Object,
    body: &Map<String, Value>,
    binds: &[&str],
) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        return Err(Problem::new(400, "BadRequest", "Empty Payload. JSON content expected."));
    }
    let kind = object.kind;
    let body = &spelled(kind, body, binds)?;
    if object.is_synced() && body.keys().any(|name| name != "usageLocation") {
        return Err(Problem::synced());
    }
    let alone = body.keys().filter(|name| find(kind, name).is_some_and(|(_, rule)| rule.alone)).count();
    if alone > 0 && alone < body.len() {
        return Err(Problem::bad("One or more properties contains invalid values.").detail("InvalidValue", "properties"));
    }
    let hire_date = kind == Kind::User && body.contains_key("employeeHireDate");
    if hire_date && (body.len() > 1 || !state.lenience.on(Disputed::HireDate)) {
        return Err(Problem::denied().detail("Authorization_RequestDenied", "employeeHireDate"));
    }
    let props = properties(state, kind, body, Some(object))?;
    together(&state.tenant, kind, &props, Some(object))?;
    Ok(props)
}

/// Whether a new user is a local account: it signs in by an identity of its own.
fn is_local_account(body: &Map<String, Value>) -> bool {
    let identities = body.get("identities").and_then(Value::as_array);
    !body.contains_key("userPrincipalName") && identities.is_some_and(|identities| !identities.is_empty())
}

/// The properties of a body in Graph's spelling, without annotations, of which each has to be known.
fn spelled(kind: Kind, body: &Map<String, Value>, binds: &[&str]) -> Result<Map<String, Value>, Problem> {
    let mut out = Map::new();
    for (name, value) in body {
        let Some((of, annotation)) = name.split_once('@') else {
            let name = find(kind, name).map_or(name.as_str(), |(name, _)| name);
            out.insert(name.to_owned(), value.clone());
            continue;
        };
        let known = match annotation {
            "odata.type" if of.is_empty() => {
                value.as_str().is_some_and(|given| given.trim_start_matches('#') == kind.odata().trim_start_matches('#'))
            }
            "odata.type" => body.contains_key(of),
            "odata.bind" => binds.iter().any(|bind| bind.eq_ignore_ascii_case(of)) && value.is_array(),
            _ => false,
        };
        if !known {
            return Err(Problem::bad(format!(
                "The annotation '{name}' is not supported in this request, or its value is invalid."
            ))
            .detail("InvalidProperty", name));
        }
    }
    Ok(out)
}

/// The references of `members@odata.bind` or its like.
pub(super) fn bound(body: &Map<String, Value>, relation: &str) -> Vec<Value> {
    let wanted = format!("{relation}@odata.bind");
    let found = body.iter().find(|(name, _)| name.eq_ignore_ascii_case(&wanted));
    found.and_then(|(_, value)| value.as_array()).cloned().unwrap_or_default()
}

fn properties(
    state: &State,
    kind: Kind,
    body: &Map<String, Value>,
    object: Option<&Object>,
) -> Result<Map<String, Value>, Problem> {
    let mut props = Map::new();
    for (name, value) in body {
        if is_extension(name) {
            let (name, value) = extension(state, kind, name, value)?;
            props.insert(name, value);
            continue;
        }
        let Some((name, rule)) = find(kind, name) else {
            return Err(Problem::bad(format!("Property '{name}' does not exist as a declared property or extension property."))
                .detail("InvalidProperty", name));
        };
        may_write(kind, name, rule, value, object)?;
        let value = match value {
            Value::Null => cleared(state, rule),
            _ => stored(rule, value),
        };
        let value = value
            .filter(|value| has_shape(kind, name, value, object.is_some()))
            .ok_or_else(|| Problem::value(name, kind.name()))?;
        props.insert(name.to_owned(), value);
    }
    let held =
        object.map(|object| &object.props).into_iter().flatten().filter(|(_, value)| !value.is_null()).map(|(name, _)| name);
    let names: std::collections::BTreeSet<&String> = held.chain(props.keys()).filter(|name| is_extension(name)).collect();
    if names.len() > EXTENSIONS {
        return Err(Problem::bad(format!("An object can have at most {EXTENSIONS} extension values.")));
    }
    Ok(props)
}

/// Whether anybody, and an app, may write this property now.
fn may_write(kind: Kind, name: &str, rule: &Rule, value: &Value, object: Option<&Object>) -> Result<(), Problem> {
    if rule.read_only || name == "id" {
        return Err(Problem::bad(format!("Property '{name}' is read-only and cannot be set.")).detail("ReadOnlyProperty", name));
    }
    if rule.delegated {
        return Err(Problem::denied());
    }
    let settled =
        rule.immutable && object.is_some_and(|object| object.props.get(name).is_some_and(|old| !old.is_null() && old != value));
    let untimely = (rule.update_only && object.is_none()) || (rule.create_only && object.is_some());
    if settled || untimely || rule.refused { Err(Problem::value(name, kind.name())) } else { Ok(()) }
}

/// What null leaves behind; nothing where the property cannot be cleared.
fn cleared(state: &State, rule: &Rule) -> Option<Value> {
    if rule.kept || rule.required {
        return None;
    }
    if rule.collection {
        return state.lenience.on(Disputed::NullCollections).then(|| json!([]));
    }
    Some(Value::Null)
}

/// Rules of single properties that no table holds.
fn has_shape(kind: Kind, name: &str, value: &Value, update: bool) -> bool {
    if value.is_null() {
        return true;
    }
    let text = value.as_str().unwrap_or_default();
    match name {
        "mail" => is_address(text),
        "otherMails" => value.as_array().into_iter().flatten().filter_map(Value::as_str).all(is_address),
        "mailNickname" => {
            let dot = kind == Kind::Group && update && text.contains('.');
            !dot && text.bytes().all(|b| (0x21..0x7f).contains(&b) && !br#"@()\[]";:<>,"#.contains(&b))
        }
        "usageLocation" => is_country(text),
        "onPremisesImmutableId" => !text.contains(['$', '_']),
        "preferredLanguage" => is_language(text),
        "identities" => value
            .as_array()
            .into_iter()
            .flatten()
            .all(|identity| ["signInType", "issuer", "issuerAssignedId"].iter().all(|part| identity[*part].is_string())),
        _ => true,
    }
}

/// A value of a directory extension by its definition, with the name in the spelling of that.
fn extension(state: &State, kind: Kind, name: &str, value: &Value) -> Result<(String, Value), Problem> {
    let target = |definition: &&Value| {
        let targets = definition["targetObjects"].as_array();
        targets.is_none_or(|targets| targets.iter().any(|target| target == kind.name()))
    };
    let definition = state.tenant.extension(name).filter(target).ok_or_else(|| {
        Problem::bad(format!("The following extension properties are not available: {name}.")).detail("InvalidProperty", name)
    })?;
    let name = definition["name"].as_str().unwrap_or(name).to_owned();
    let of = definition["dataType"].as_str().unwrap_or("String");
    let stored = match value {
        Value::Null => Some(Value::Null),
        Value::Array(items) if definition["isMultiValued"] == true => items.iter().map(|item| of_extension(of, item)).collect(),
        _ if definition["isMultiValued"] == true => None,
        _ => of_extension(of, value),
    };
    let refused = || {
        Problem::bad(format!("Cannot convert the value of '{name}' to the expected type 'Edm.{of}'."))
            .detail("InvalidValue", &name)
    };
    let stored = stored.ok_or_else(refused)?;
    Ok((name, stored))
}

/// Rules across properties and across objects.
fn together(tenant: &Tenant, kind: Kind, props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    match kind {
        Kind::User => {
            names(tenant, props, object)?;
            identities(tenant, props, object)?;
            password::check(props, object)
        }
        Kind::Group => group(tenant, props, object),
    }
}

/// Names and addresses, each of which one object alone may have.
fn names(tenant: &Tenant, props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    let own = object.map(|object| object.id.as_str());
    let taken = |holder: Option<&String>| holder.is_some_and(|holder| Some(holder.as_str()) != own);
    if let Some(upn) = props.get("userPrincipalName").and_then(Value::as_str) {
        user_principal_name(tenant, upn)?;
        let immutable = |props: &Map<String, Value>| props.get("onPremisesImmutableId").is_some_and(|id| !id.is_null());
        if tenant.federated(upn) && !immutable(props) && !object.is_some_and(|object| immutable(&object.props)) {
            return Err(
                Problem::bad("One or more properties contains invalid values.").detail("InvalidValue", "onPremisesImmutableId")
            );
        }
        if taken(tenant.upn_holder(upn)) {
            return Err(Problem::conflict("userPrincipalName"));
        }
        if taken(tenant.address_holder(upn)) {
            return Err(Problem::conflict("proxyAddresses"));
        }
    }
    if let Some(mail) = props.get("mail").and_then(Value::as_str)
        && taken(tenant.address_holder(mail))
    {
        return Err(Problem::conflict("proxyAddresses"));
    }
    if let Some(immutable) = props.get("onPremisesImmutableId").and_then(Value::as_str)
        && tenant.users().any(|user| user.text("onPremisesImmutableId") == Some(immutable) && Some(user.id.as_str()) != own)
    {
        return Err(Problem::conflict("onPremisesImmutableId"));
    }
    Ok(())
}

/// The sign-in identities: those of an update include the one by userPrincipalName, and each belongs to one user alone.
fn identities(tenant: &Tenant, props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    let Some(given) = props.get("identities").and_then(Value::as_array) else { return Ok(()) };
    if let Some(object) = object {
        let upn = props.get("userPrincipalName").or_else(|| object.props.get("userPrincipalName"));
        let kept = |identity: &Value| identity["signInType"] == "userPrincipalName" && Some(&identity["issuerAssignedId"]) == upn;
        if !given.iter().any(kept) {
            return Err(Problem::value("identities", "User"));
        }
    }
    let other = |user: &&Object| object.is_none_or(|object| object.id != user.id);
    let key = |identity: &Value| {
        let text = |name: &str| identity[name].as_str().unwrap_or_default().to_lowercase();
        (identity["signInType"] != "userPrincipalName").then(|| (text("issuer"), text("issuerAssignedId")))
    };
    let wanted: Vec<_> = given.iter().filter_map(key).collect();
    let held = |user: &Object| {
        let identities = user.props.get("identities").and_then(Value::as_array);
        identities.into_iter().flatten().filter_map(key).any(|held| wanted.contains(&held))
    };
    if !wanted.is_empty() && tenant.users().filter(other).any(held) { Err(Problem::conflict("identities")) } else { Ok(()) }
}

/// The characters, lengths and domain of a userPrincipalName.
pub(super) fn user_principal_name(tenant: &Tenant, upn: &str) -> Result<(), Problem> {
    let refuse = || Problem::value("userPrincipalName", "User");
    let (local, domain) = upn.split_once('@').ok_or_else(refuse)?;
    let characters = local.bytes().all(|b| b.is_ascii_alphanumeric() || b"'.-_!#^~".contains(&b));
    if !characters || local.is_empty() || local.len() > 64 || local.ends_with('.') || domain.len() > 48 || domain.contains('@') {
        return Err(refuse());
    }
    if !tenant.verified(domain) {
        return Err(Problem::bad(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
        )
        .detail("InvalidValue", "userPrincipalName"));
    }
    Ok(())
}

fn group(tenant: &Tenant, props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    let own = object.map(|object| object.id.as_str());
    let others =
        || tenant.groups.iter().filter_map(|id| tenant.objects.get(id)).filter(move |group| Some(group.id.as_str()) != own);
    let now =
        |name: &str| props.get(name).or_else(|| object.and_then(|object| object.props.get(name))).cloned().unwrap_or(Value::Null);
    let has = |name: &str| now("groupTypes").as_array().is_some_and(|types| types.contains(&json!(name)));
    let (unified, dynamic) = (has("Unified"), has("DynamicMembership"));
    let role_assignable = now("isAssignableToRole") == true;
    let hidden = props.get("visibility").is_some_and(|visibility| visibility == "HiddenMembership");
    let faults = [
        ("mailEnabled", unified != (now("mailEnabled") == true)),
        ("securityEnabled", !unified && now("securityEnabled") != true),
        ("isAssignableToRole", role_assignable && (now("securityEnabled") != true || dynamic)),
        ("membershipRule", dynamic == now("membershipRule").is_null()),
        ("visibility", hidden && (!unified || object.is_some())),
        ("visibility", role_assignable && props.get("visibility").is_some_and(|visibility| visibility == "Public")),
    ];
    if let Some((name, _)) = faults.iter().find(|(_, wrong)| *wrong) {
        return Err(Problem::value(name, "Group"));
    }
    if let Some(unique) = props.get("uniqueName").and_then(Value::as_str)
        && others().any(|group| group.text("uniqueName") == Some(unique))
    {
        return Err(Problem::conflict("uniqueName"));
    }
    if unified
        && let Some(nick) = props.get("mailNickname").and_then(Value::as_str)
        && others().any(|group| {
            group.is("mailEnabled") && group.text("mailNickname").is_some_and(|other| other.eq_ignore_ascii_case(nick))
        })
    {
        return Err(Problem::conflict("mailNickname"));
    }
    Ok(())
}
