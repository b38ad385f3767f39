//! Values of properties: types, lengths, lists of allowed words, and the form in which they are stored.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::clock;
use super::schema::{Part, Rule, complex, part};

/// A value as it is stored, or `None` where the property does not take it. Null is handled by the caller.
pub(super) fn stored(rule: &Rule, value: &Value) -> Option<Value> {
    if !rule.collection {
        return single(&rule.kind, rule.max_length, &rule.allowed, value);
    }
    let items = value.as_array()?;
    if rule.max_items.is_some_and(|most| items.len() > most) {
        return None;
    }
    items.iter().map(|item| single(&rule.kind, rule.item_max_length, &rule.allowed, item)).collect()
}

fn single(kind: &str, most: Option<usize>, allowed: &[String], value: &Value) -> Option<Value> {
    match kind {
        "String" => {
            let text = value.as_str().filter(|text| fits(text, most))?;
            if allowed.is_empty() {
                return Some(value.clone());
            }
            // Graph takes a word in any case and answers with its own spelling.
            allowed.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| Value::String(word.clone()))
        }
        "Boolean" => value.is_boolean().then(|| value.clone()),
        "Int32" => value.as_i64().filter(|number| i32::try_from(*number).is_ok()).map(|_| value.clone()),
        "DateTimeOffset" => value.as_str()?.parse().ok().map(|moment: Timestamp| Value::String(clock::text(moment))),
        "Guid" => value.as_str()?.parse::<uuid::Uuid>().ok().map(|id| Value::String(id.to_string())),
        _ => parts(kind, value),
    }
}

/// A complex value, each part by its own type.
fn parts(kind: &str, value: &Value) -> Option<Value> {
    let given = value.as_object()?;
    let Some(known) = complex(kind) else { return Some(value.clone()) };
    let mut out = Map::new();
    for (name, value) in given {
        if let Some(of) = name.strip_suffix("@odata.type").or_else(|| (name == "@odata.type").then_some("")) {
            if of.is_empty() || part(kind, of).is_some() {
                continue;
            }
            return None;
        }
        let (name, rule) = part(kind, name)?;
        out.insert(name.to_owned(), if value.is_null() { Value::Null } else { of_part(rule, value)? });
    }
    if kind == "employeeOrgData" {
        // A part that the request leaves out becomes null.
        for name in known.keys() {
            out.entry(name).or_insert(Value::Null);
        }
    }
    Some(Value::Object(out))
}

fn of_part(rule: &Part, value: &Value) -> Option<Value> {
    if !rule.collection {
        return single(&rule.kind, rule.max_length.or(Some(1024)), &[], value);
    }
    value.as_array()?.iter().map(|item| single(&rule.kind, rule.max_length, &[], item)).collect()
}

/// Whether a text is neither empty nor too long. Lengths count UTF-16 units, as the service does.
fn fits(text: &str, most: Option<usize>) -> bool {
    !text.is_empty() && most.is_none_or(|most| text.encode_utf16().count() <= most)
}

/// A value of a directory extension by the type of its definition.
pub(super) fn of_extension(kind: &str, value: &Value) -> Option<Value> {
    match (kind, value) {
        ("Boolean", Value::Bool(_)) => Some(value.clone()),
        ("Integer", Value::Number(number)) => number.as_i64().and_then(|n| i32::try_from(n).ok()).map(|_| value.clone()),
        ("LargeInteger", Value::Number(number)) => number.as_i64().map(|_| value.clone()),
        ("DateTime", Value::String(text)) => text.parse().ok().map(|at: Timestamp| Value::String(clock::text(at))),
        ("String", Value::String(text)) => fits(text, Some(256)).then(|| value.clone()),
        ("Binary", Value::String(text)) => {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
            (!bytes.is_empty() && bytes.len() <= 256).then(|| value.clone())
        }
        _ => None,
    }
}

/// An address by itself: no name, no scheme, no list, and a domain that has a dot.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let parts = |text: &str, taken: &[u8]| {
        text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || taken.contains(&b)))
    };
    let lengths = text.len() <= 254 && local.len() <= 64;
    lengths && parts(local, b"!#$%&'*+-/=?^_`{|}~") && parts(domain, b"-") && domain.contains('.')
}

/// `en`, `en-US`, `zh-Hans-CN` or `es-419`, with its letters in that case.
pub(super) fn is_language(text: &str) -> bool {
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

/// The two-letter codes of ISO 3166.
pub(super) fn is_country(code: &str) -> bool {
    const CODES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ\
DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZ\
LALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW\
SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";
    code.len() == 2 && CODES.as_bytes().chunks(2).any(|known| known.eq_ignore_ascii_case(code.as_bytes()))
}
