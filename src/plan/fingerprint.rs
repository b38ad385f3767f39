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
    value.sort_all_objects();
    value.to_string()
}
