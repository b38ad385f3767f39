//! The property rules of users and groups, from the embedded trimmed copy of the documentation.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::clock;
use super::object::Kind;
use super::reply::Problem;

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
    let stored = match value {
        Value::Null => cleared(rule),
        _ if rule.collection => several(rule, value),
        _ => single(rule, value),
    };
    stored.ok_or_else(|| Problem::value(property, kind.name()))
}

/// What null leaves behind; nothing where the property cannot be cleared.
fn cleared(rule: &Rule) -> Option<Value> {
    let empty = if rule.collection { Value::Array(vec![]) } else { Value::Null };
    (!rule.kept && !rule.required).then_some(empty)
}

fn several(rule: &Rule, value: &Value) -> Option<Value> {
    let items = value.as_array()?;
    let taken = |item: &Value| {
        let Some(text) = item.as_str() else { return false };
        fits(text, rule.item_max_length) && (rule.allowed.is_empty() || rule.allowed.iter().any(|allowed| allowed == text))
    };
    let few = rule.max_items.is_none_or(|max| items.len() <= max);
    (few && (rule.kind != "String" || items.iter().all(taken))).then(|| value.clone())
}

fn single(rule: &Rule, value: &Value) -> Option<Value> {
    let fitting = match rule.kind.as_str() {
        "String" => value.as_str().is_some_and(|text| {
            let known = |allowed: &String| allowed.eq_ignore_ascii_case(text);
            fits(text, rule.max_length) && (rule.allowed.is_empty() || rule.allowed.iter().any(known))
        }),
        "Boolean" => value.is_boolean(),
        "Int32" => value.is_i64(),
        "DateTimeOffset" => return value.as_str()?.parse().ok().map(|moment: Timestamp| Value::String(clock::text(moment))),
        "employeeOrgData" => return parts(value, &["costCenter", "division"], 1024, true),
        "onPremisesExtensionAttributes" => {
            let names: Vec<String> = (1..=15).map(|n| format!("extensionAttribute{n}")).collect();
            return parts(value, &names.iter().map(String::as_str).collect::<Vec<_>>(), 1024, false);
        }
        _ => value.is_object(),
    };
    fitting.then(|| value.clone())
}

/// Whether a text is neither empty nor too long.
fn fits(text: &str, most: Option<usize>) -> bool {
    !text.is_empty() && most.is_none_or(|most| length(text) <= most)
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
        let fits = part.is_null() || part.as_str().is_some_and(|text| fits(text, Some(max)));
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
