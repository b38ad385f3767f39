//! Whether a user or group may be made or changed as asked.

use serde_json::{Map, Value, json};

use super::object::{Kind, Object};
use super::reply::Problem;
use super::schema::{checked, is_country, is_extension, rule, rules};
use super::tenant::Tenant;

/// The refusal of a change to an object that lives on premises.
const SYNCED: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently \
                      undergoing migration.";

/// The properties of a new object as asked, checked one by one and against each other.
pub(super) fn create(tenant: &Tenant, kind: Kind, body: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    for (name, rule) in rules(kind) {
        if rule.required && body.get(name).is_none_or(Value::is_null) {
            return Err(Problem::bad(format!("A value is required for property '{name}' of resource '{}'.", kind.name()))
                .detail("MissingValue", name));
        }
    }
    let props = properties(tenant, kind, body, None)?;
    together(tenant, kind, &props, None)?;
    Ok(props)
}

/// The changed properties of an object, checked.
pub(super) fn update(tenant: &Tenant, object: &Object, body: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    let synced = object.props.get("onPremisesSyncEnabled") == Some(&Value::Bool(true));
    if synced && body.keys().any(|name| !name.starts_with('@') && name != "usageLocation") {
        return Err(Problem::bad(SYNCED));
    }
    let kind = object.kind;
    let alone = body.keys().filter(|name| rule(kind, name).is_some_and(|rule| rule.alone)).count();
    if alone > 0 && alone < body.len() {
        return Err(Problem::bad("One or more properties contains invalid values.").detail("InvalidValue", "properties"));
    }
    if kind == Kind::User && body.len() > 1 && body.contains_key("employeeHireDate") {
        return Err(Problem::denied().detail("Authorization_RequestDenied", "employeeHireDate"));
    }
    let props = properties(tenant, kind, body, Some(object))?;
    together(tenant, kind, &props, Some(object))?;
    Ok(props)
}

fn properties(
    tenant: &Tenant,
    kind: Kind,
    body: &Map<String, Value>,
    object: Option<&Object>,
) -> Result<Map<String, Value>, Problem> {
    let mut props = Map::new();
    for (name, value) in body {
        if name.starts_with('@') || name.contains("@odata.") {
            continue;
        }
        let Some(rule) = rule(kind, name) else {
            if is_extension(name) {
                props.insert(name.clone(), extension(tenant, name, value)?);
                continue;
            }
            return Err(Problem::bad(format!("Property '{name}' does not exist as a declared property or extension property."))
                .detail("InvalidProperty", name));
        };
        if rule.read_only || name == "id" {
            return Err(
                Problem::bad(format!("Property '{name}' is read-only and cannot be set.")).detail("ReadOnlyProperty", name)
            );
        }
        let settled = rule.immutable
            && object.is_some_and(|object| object.props.get(name).is_some_and(|old| !old.is_null() && old != value));
        if settled || (rule.update_only && object.is_none()) {
            return Err(Problem::value(name, kind.name()));
        }
        let checked = checked(kind, name, rule, value)?;
        shape(kind, name, &checked)?;
        props.insert(name.clone(), checked);
    }
    Ok(props)
}

/// Rules of single properties that no table holds.
fn shape(kind: Kind, name: &str, value: &Value) -> Result<(), Problem> {
    let refuse = || Err(Problem::value(name, kind.name()));
    if value.is_null() {
        return Ok(());
    }
    let text = value.as_str().unwrap_or_default();
    let fine = match name {
        "mail" => address(text),
        "otherMails" => value.as_array().into_iter().flatten().filter_map(Value::as_str).all(address),
        "mailNickname" => text.bytes().all(|b| (0x21..0x7f).contains(&b) && !br#"@()\[]";:<>,"#.contains(&b)),
        "usageLocation" => is_country(text),
        "onPremisesImmutableId" => !text.contains(['$', '_']),
        "preferredLanguage" => language(text),
        _ => true,
    };
    if fine { Ok(()) } else { refuse() }
}

/// An address by itself: no name, no scheme, no list, and a domain that has a dot.
fn address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let parts = |text: &str, taken: &[u8]| {
        text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || taken.contains(&b)))
    };
    parts(local, b"!#$%&'*+-/=?^_`{|}~") && parts(domain, b"-") && domain.contains('.')
}

/// `en`, `en-US`, `zh-Hans-CN` or `es-419`, with its letters in that case.
fn language(text: &str) -> bool {
    let parts: Vec<&[u8]> = text.split('-').map(str::as_bytes).collect();
    let is_language = |part: &[u8]| matches!(part.len(), 2 | 3) && part.iter().all(u8::is_ascii_lowercase);
    let is_script = |part: &[u8]| part.len() == 4 && part[0].is_ascii_uppercase() && part[1..].iter().all(u8::is_ascii_lowercase);
    let is_region = |part: &[u8]| match part.len() {
        2 => part.iter().all(u8::is_ascii_uppercase),
        3 => part.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    match parts[..] {
        [language] => is_language(language),
        [language, other] => is_language(language) && (is_script(other) || is_region(other)),
        [language, script, region] => is_language(language) && is_script(script) && is_region(region),
        _ => false,
    }
}

/// A value of a directory extension: by its type where the tenant knows the extension, else text.
fn extension(tenant: &Tenant, name: &str, value: &Value) -> Result<Value, Problem> {
    let definition =
        tenant.extensions.iter().find(|known| known["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name)));
    if definition.is_none() && !tenant.extensions.is_empty() {
        return Err(Problem::bad(format!("Could not find a property named '{name}' on type 'microsoft.graph.user'."))
            .detail("InvalidProperty", name));
    }
    let kind = definition.and_then(|known| known["dataType"].as_str()).unwrap_or("String");
    let stored = match (kind, value) {
        (_, Value::Null) => Some(Value::Null),
        ("Boolean", Value::Bool(_)) => Some(value.clone()),
        ("Integer", Value::Number(number)) => number.as_i64().and_then(|n| i32::try_from(n).ok()).map(|_| value.clone()),
        ("LargeInteger", Value::Number(number)) => number.as_i64().map(|_| value.clone()),
        ("DateTime", Value::String(text)) => text.parse::<jiff::Timestamp>().ok().map(|at| json!(super::clock::text(at))),
        ("String" | "Binary", Value::String(text)) => (text.encode_utf16().count() <= 256).then(|| value.clone()),
        _ => None,
    };
    stored.ok_or_else(|| {
        Problem::bad(format!("Cannot convert the value of '{name}' to the expected type 'Edm.{kind}'."))
            .detail("InvalidValue", name)
    })
}

/// Rules across properties and across objects.
fn together(tenant: &Tenant, kind: Kind, props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    let own = object.map(|object| object.id.as_str());
    let taken = |holder: Option<&String>| holder.is_some_and(|holder| Some(holder.as_str()) != own);
    match kind {
        Kind::User => {
            if let Some(upn) = props.get("userPrincipalName").and_then(Value::as_str) {
                user_principal_name(tenant, upn)?;
                let immutable = |props: &Map<String, Value>| props.get("onPremisesImmutableId").is_some_and(|id| !id.is_null());
                if tenant.federated(upn) && !immutable(props) && !object.is_some_and(|object| immutable(&object.props)) {
                    return Err(Problem::bad("One or more properties contains invalid values.")
                        .detail("InvalidValue", "onPremisesImmutableId"));
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
                && tenant
                    .users()
                    .any(|user| user.text("onPremisesImmutableId") == Some(immutable) && Some(user.id.as_str()) != own)
            {
                return Err(Problem::conflict("onPremisesImmutableId"));
            }
            password(props, object)
        }
        Kind::Group => group(tenant, props, object),
    }
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

/// A new password must be strong, unless the policy lets it be weak.
fn password(props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    let Some(profile) = props.get("passwordProfile").filter(|profile| !profile.is_null()) else { return Ok(()) };
    let refuse = || Problem::value("passwordProfile", "User");
    for name in profile.as_object().ok_or_else(refuse)?.keys() {
        if !["password", "forceChangePasswordNextSignIn", "forceChangePasswordNextSignInWithMfa"].contains(&name.as_str())
            && !name.starts_with('@')
        {
            return Err(refuse());
        }
    }
    let Some(password) = profile.get("password").and_then(Value::as_str) else {
        return if object.is_none() {
            Err(Problem::bad("A password must be specified to create a new user.").detail("MissingValue", "password"))
        } else {
            Ok(())
        };
    };
    let policies = props
        .get("passwordPolicies")
        .and_then(Value::as_str)
        .or_else(|| object.and_then(|object| object.text("passwordPolicies")))
        .unwrap_or_default();
    let kinds = [
        password.chars().any(|c| c.is_ascii_lowercase()),
        password.chars().any(|c| c.is_ascii_uppercase()),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    let strong = kinds.iter().filter(|kind| **kind).count() >= 3 || policies.contains("DisableStrongPassword");
    if !(8..=256).contains(&password.chars().count()) || !strong {
        return Err(Problem::bad(
            "The specified password does not comply with password complexity requirements. Please provide a different password.",
        )
        .detail("PasswordComplexity", "passwordProfile"));
    }
    Ok(())
}

fn group(tenant: &Tenant, props: &Map<String, Value>, object: Option<&Object>) -> Result<(), Problem> {
    let own = object.map(|object| object.id.as_str());
    let others =
        || tenant.groups.iter().filter_map(|id| tenant.objects.get(id)).filter(move |group| Some(group.id.as_str()) != own);
    let now =
        |name: &str| props.get(name).or_else(|| object.and_then(|object| object.props.get(name))).cloned().unwrap_or(Value::Null);
    let unified = now("groupTypes").as_array().is_some_and(|types| types.contains(&json!("Unified")));
    if unified != (now("mailEnabled") == json!(true)) {
        return Err(Problem::value("mailEnabled", "Group"));
    }
    if !unified && now("securityEnabled") != json!(true) {
        return Err(Problem::value("securityEnabled", "Group"));
    }
    if now("isAssignableToRole") == json!(true) && now("securityEnabled") != json!(true) {
        return Err(Problem::value("isAssignableToRole", "Group"));
    }
    if let Some(unique) = props.get("uniqueName").and_then(Value::as_str)
        && others().any(|group| group.text("uniqueName") == Some(unique))
    {
        return Err(Problem::conflict("uniqueName"));
    }
    if unified
        && let Some(nick) = props.get("mailNickname").and_then(Value::as_str)
        && others().any(|group| {
            group.props.get("mailEnabled") == Some(&json!(true))
                && group.text("mailNickname").is_some_and(|other| other.eq_ignore_ascii_case(nick))
        })
    {
        return Err(Problem::conflict("mailNickname"));
    }
    Ok(())
}
