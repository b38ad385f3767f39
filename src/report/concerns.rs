//! What a person must see, in lines: who, why, and what to do.

use std::collections::BTreeMap;

use super::escape::{Shown, shown};
use crate::plan::{Concern, HeldEntry, Plan, Skipped};

/// How many lines one kind of concern gets. Leavers with access are always listed.
const MOST: usize = 10;

/// Everything that keeps a run from ending with 0, a line or two for each, leavers first.
///
/// ```
/// # use hrpush::plan::Plan;
/// fn explain(plan: &Plan) {
///     for line in hrpush::report::concerns(plan) {
///         eprintln!("{line}");
///     }
/// }
/// ```
pub fn concerns(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for concern in plan.attention() {
        let count = counts.entry(kind(&concern)).or_default();
        *count += 1;
        if concern.is_leaver() || *count <= MOST {
            lines.push(line(&concern));
        }
    }
    let leaver = kind_of_leavers();
    let more = counts.into_iter().filter(|(kind, count)| *kind != leaver && *count > MOST);
    lines.extend(more.map(|(kind, count)| format!("{kind}: {} more", count - MOST)));
    lines
}

/// The people who are gone by HR and whose accounts hrpush does not close, a line or two for each.
pub(super) fn leavers(plan: &Plan) -> Vec<String> {
    plan.attention().iter().filter(|concern| concern.is_leaver()).map(line).collect()
}

fn kind_of_leavers() -> String {
    "gone".to_owned()
}

fn kind(concern: &Concern<'_>) -> String {
    match concern {
        Concern::HeldLeaver(_) | Concern::OpenAccount(_) => kind_of_leavers(),
        Concern::Held(_) => "held".to_owned(),
        Concern::LeftAlone(entry) => kebab(&entry.code),
    }
}

fn line(concern: &Concern<'_>) -> String {
    match concern {
        Concern::HeldLeaver(entry) => {
            let headline = if entry.closed { "no enabled account was found" } else { "the account stays enabled" };
            format!("{} has left; {headline}: {}", key_and_place(entry), explained(entry))
        }
        Concern::Held(entry) => format!("held {}: {}", key_and_place(entry), explained(entry)),
        Concern::OpenAccount(entry) | Concern::LeftAlone(entry) => {
            format!("{}: {} [{}]", who(entry), Shown(&entry.message), kebab(&entry.code))
        }
    }
}

fn key_and_place(entry: &HeldEntry) -> String {
    let key = entry.key.as_ref().map_or("(no key)", |key| key.as_str());
    let place = entry.record.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    shown(&format!("{key}{place}"))
}

fn explained(entry: &HeldEntry) -> String {
    let names: Vec<&str> = entry.candidates.iter().map(|candidate| candidate.user_principal_name.as_str()).collect();
    let accounts = if names.is_empty() { String::new() } else { format!(" (account: {})", names.join(", ")) };
    let hint = if entry.help.is_empty() { String::new() } else { format!("\n  hint: {}", Shown(&entry.help)) };
    format!("{}{} [{}]{hint}", Shown(&entry.message), Shown(&accounts), entry.code.as_str())
}

/// The person or thing of a skipped entry.
pub(super) fn who(entry: &Skipped) -> String {
    let key = entry.key.clone().or_else(|| Some(entry.id.as_ref()?.to_string()));
    shown(key.as_deref().unwrap_or("(all)"))
}

/// The documents' own word for a code.
pub(super) fn kebab<T: serde::Serialize>(code: &T) -> String {
    serde_json::to_value(code).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
