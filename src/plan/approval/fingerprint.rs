//! The fingerprint of a plan, which an approval names, and the seal of a saved one.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::plan::model::{Change, Plan};
use crate::record::hex;

/// The fingerprint of a plan: SHA-256 over the canonical JSON (keys sorted, no blanks) of
/// `{ "changes", "feed", "guards", "tenantId" }`.
///
/// The changes go in without `seq`, `record`, `reason` and `cause`, so that the same changes have the same fingerprint tomorrow. The tripped
/// guards on the reading go in with the reading's hash.
pub fn fingerprint(plan: &Plan) -> String {
    let mut hash = Sha256::new();
    hash.update(b"{\"changes\":[");
    for (at, change) in plan.changes.iter().enumerate() {
        if at > 0 {
            hash.update(b",");
        }
        hash.update(canonical_change(change).as_bytes());
    }
    let tripped = plan.guards.iter().filter(|guard| guard.tripped && guard.name.is_of_reading());
    let guards: Vec<Value> = tripped.map(|guard| json!({ "name": guard.name, "sha256": plan.source.sha256 })).collect();
    let rest = json!({ "feed": plan.source.feed, "guards": guards, "tenantId": plan.target.tenant_id });
    hash.update(b"],");
    hash.update(canonical(rest).trim_start_matches('{').as_bytes());
    format!("sha256:{}", hex(&hash.finalize()))
}

/// The hash over a plan's document without its seal.
pub(in crate::plan) fn seal(plan: &Plan) -> String {
    let mut document = serde_json::to_value(plan).expect("a plan has only text keys");
    if let Value::Object(members) = &mut document {
        members.remove("seal");
    }
    format!("sha256:{}", hex(&Sha256::digest(canonical(document).as_bytes())))
}

impl Plan {
    /// The plan as a document: with the seal over everything else.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.seal = seal(&self);
        self
    }
}

/// JSON with sorted keys and without blanks.
fn canonical(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

fn canonical_change(change: &Change) -> String {
    let mut value = serde_json::to_value(change).expect("a change has only text keys");
    if let Value::Object(members) = &mut value {
        for key in ["seq", "record", "reason", "cause"] {
            members.remove(key);
        }
    }
    canonical(value)
}
