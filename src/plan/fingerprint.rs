//! The fingerprint of a plan: what an approval names, and what shows that a saved plan was altered.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::change::{Change, Plan};

/// The fingerprint over the tenant's id and the changes, without `record` and `reason`.
pub fn fingerprint(plan: &Plan) -> String {
    let mut hash = Sha256::new();
    hash.update(b"{\"changes\":[");
    for (at, change) in plan.changes.iter().enumerate() {
        if at > 0 {
            hash.update(b",");
        }
        hash.update(canonical_change(change).as_bytes());
    }
    hash.update(b"],\"tenantId\":");
    hash.update(Value::from(plan.target.tenant_id.as_str()).to_string().as_bytes());
    hash.update(b"}");
    let mut text = String::from("sha256:");
    text.push_str(&hex(&hash.finalize()));
    text
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn canonical_change(change: &Change) -> String {
    let mut value = serde_json::to_value(change).expect("a change has only text keys");
    if let Value::Object(members) = &mut value {
        members.remove("record");
        members.remove("reason");
    }
    let mut text = String::new();
    write_canonical(&value, &mut text);
    text
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            text.push('{');
            for (at, name) in names.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(&members[name], text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}
