//! How objects are shown: with which properties, and with what the service adds to them.

use serde_json::{Map, Value, json};

use super::object::{Kind, Object};
use super::query_options::{Expand, Select};
use super::reply::{Answer, Reply};
use super::server::State;

/// An object with its type, as collections of directory objects have it.
pub(super) fn typed(object: &Object, select: &Select) -> Value {
    let mut shown = Map::from_iter([("@odata.type".to_owned(), json!(object.kind.odata()))]);
    shown.extend(select.show(object));
    shown.entry("id").or_insert_with(|| json!(object.id));
    Value::Object(shown)
}

/// One object as the answer of a GET.
#[expect(clippy::unnecessary_wraps, reason = "the last step of every route that answers one object")]
pub(super) fn show(state: &State, object: &Object, select: &Select, expand: Option<&Expand>, set: &str) -> Answer {
    let mut shown = Map::from_iter([("@odata.context".to_owned(), json!(format!("{}/$metadata#{set}/$entity", state.base)))]);
    if set == "directoryObjects" {
        shown.insert("@odata.type".to_owned(), json!(object.kind.odata()));
    }
    shown.extend(select.show(object));
    if let Some(expand) = expand {
        expand.apply(state, object, &mut shown);
    }
    Ok(Reply::ok(Value::Object(shown)))
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
    add("identities", json!([]));
    add("lastPasswordChangeDateTime", json!(now));
    add("signInSessionsValidFromDateTime", json!(now));
    if let Some(identities) = props.get_mut("identities").and_then(Value::as_array_mut)
        && !identities.iter().any(|identity| identity["signInType"] == "userPrincipalName")
    {
        identities.push(json!({ "signInType": "userPrincipalName", "issuer": issuer, "issuerAssignedId": upn }));
    }
    if let Some(licenses) = props.get("assignedLicenses").and_then(Value::as_array) {
        let states = licenses.iter().map(direct_license).collect();
        props.entry("licenseAssignmentStates").or_insert(states);
    }
    props.remove("passwordProfile");
    follow_mail(props);
}

/// How a licence is held that no group brought.
pub(super) fn direct_license(license: &Value) -> Value {
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

/// A collection of plain values, reduced to the properties of `$select`.
pub(super) fn reduced(mut values: Vec<Value>, select: Option<&str>) -> Vec<Value> {
    let Some(select) = select else { return values };
    let names: Vec<&str> = select.split(',').map(str::trim).collect();
    for value in values.iter_mut().filter_map(Value::as_object_mut) {
        value.retain(|name, _| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
    }
    values
}

/// The kind that a cast such as `microsoft.graph.user` asks for.
pub(super) fn cast(name: &str) -> Option<Kind> {
    match name {
        "microsoft.graph.user" => Some(Kind::User),
        "microsoft.graph.group" => Some(Kind::Group),
        _ => None,
    }
}
