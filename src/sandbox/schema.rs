//! The property rules of users and groups, from the embedded trimmed copy of the documentation.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::clock;
use super::reply::Problem;
use super::tenant::Kind;

/// What the documentation says about one property.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the documentation, independent of the others")]
#[derive(Default)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) collection: bool,
    pub(super) read_only: bool,
    pub(super) max_length: Option<usize>,
    pub(super) max_items: Option<usize>,
    pub(super) item_max_length: Option<usize>,
    pub(super) required: bool,
    pub(super) kept: bool,
    #[serde(rename = "default")]
    pub(super) shown: bool,
    pub(super) unlisted: bool,
    pub(super) alone: bool,
    pub(super) read_only_if_synced: bool,
    pub(super) sensitive: bool,
    pub(super) immutable: bool,
    pub(super) update_only: bool,
    pub(super) allowed: Vec<String>,
    pub(super) filter: bool,
    pub(super) starts_with: bool,
}

#[derive(Deserialize)]
struct Schema {
    user: BTreeMap<String, Rule>,
    group: BTreeMap<String, Rule>,
}

static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| serde_json::from_str(include_str!("schema.json")).expect("the embedded schema is part of the program"));

/// The rules of a kind of object.
pub(super) fn rules(kind: Kind) -> &'static BTreeMap<String, Rule> {
    match kind {
        Kind::User => &SCHEMA.user,
        Kind::Group => &SCHEMA.group,
    }
}

/// The rule of a property, unless nobody knows it.
pub(super) fn rule(kind: Kind, property: &str) -> Option<&'static Rule> {
    rules(kind).get(property)
}

/// Whether this is the name of a directory extension.
pub(super) fn is_extension(property: &str) -> bool {
    property
        .strip_prefix("extension_")
        .and_then(|rest| rest.split_once('_'))
        .is_some_and(|(app, name)| app.len() == 32 && app.bytes().all(|b| b.is_ascii_hexdigit()) && !name.is_empty())
}

/// Checks a value against its rule and gives it as it is stored.
pub(super) fn checked(kind: Kind, property: &str, rule: &Rule, value: &Value) -> Result<Value, Problem> {
    let refuse = || Problem::value(property, kind.name());
    if value.is_null() {
        return if rule.kept || rule.required {
            Err(refuse())
        } else {
            Ok(if rule.collection { Value::Array(vec![]) } else { Value::Null })
        };
    }
    if rule.collection {
        let Value::Array(items) = value else { return Err(refuse()) };
        if rule.max_items.is_some_and(|max| items.len() > max) {
            return Err(refuse());
        }
        if rule.kind == "String" {
            for item in items {
                let text = item.as_str().ok_or_else(refuse)?;
                if text.is_empty() || rule.item_max_length.is_some_and(|max| length(text) > max) {
                    return Err(refuse());
                }
                if !rule.allowed.is_empty() && !rule.allowed.iter().any(|allowed| allowed == text) {
                    return Err(refuse());
                }
            }
        }
        return Ok(value.clone());
    }
    match rule.kind.as_str() {
        "String" => {
            let text = value.as_str().ok_or_else(refuse)?;
            if text.is_empty() || rule.max_length.is_some_and(|max| length(text) > max) {
                return Err(refuse());
            }
            if !rule.allowed.is_empty() && !rule.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(text)) {
                return Err(refuse());
            }
            Ok(value.clone())
        }
        "Boolean" => value.is_boolean().then(|| value.clone()).ok_or_else(refuse),
        "Int32" => value.is_i64().then(|| value.clone()).ok_or_else(refuse),
        "DateTimeOffset" => value
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok())
            .map(|moment| Value::String(clock::text(moment)))
            .ok_or_else(refuse),
        "employeeOrgData" => parts(value, &["costCenter", "division"], 1024, true).ok_or_else(refuse),
        "onPremisesExtensionAttributes" => {
            let names: Vec<String> = (1..=15).map(|n| format!("extensionAttribute{n}")).collect();
            parts(value, &names.iter().map(String::as_str).collect::<Vec<_>>(), 1024, false).ok_or_else(refuse)
        }
        _ => value.is_object().then(|| value.clone()).ok_or_else(refuse),
    }
}

/// Lengths count UTF-16 units, as the service does.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A complex value of texts; a whole one gets null for what was left out.
fn parts(value: &Value, names: &[&str], max: usize, whole: bool) -> Option<Value> {
    let given = value.as_object()?;
    let mut out = Map::new();
    for (name, part) in given {
        let known = names.contains(&name.as_str()) || name.starts_with('@');
        let fits = part.is_null() || part.as_str().is_some_and(|text| !text.is_empty() && length(text) <= max);
        if !known || !fits {
            return None;
        }
        if !name.starts_with('@') {
            out.insert(name.clone(), part.clone());
        }
    }
    if whole {
        for name in names {
            out.entry(*name).or_insert(Value::Null);
        }
    }
    Some(Value::Object(out))
}

/// The two-letter codes of ISO 3166.
pub(super) fn is_country(code: &str) -> bool {
    const CODES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ\
DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZ\
LALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW\
SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";
    code.len() == 2 && CODES.as_bytes().chunks(2).any(|known| known.eq_ignore_ascii_case(code.as_bytes()))
}
