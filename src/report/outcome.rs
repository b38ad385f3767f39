//! The outcome of a run, and the list of runs, as text.

use std::fmt::Write as _;

use crate::apply::{Failed, Outcome};
use crate::diagnostic::escape::Shown;

/// How many unconfirmed people are named.
const UNCONFIRMED: usize = 10;

/// The outcome of a run in a few lines, failures first and counts last.
pub fn outcome(outcome: &Outcome) -> String {
    let mut text = String::from("\n");
    // The message contains the step, the property and the owner.
    for Failed { seq: _, key, action, status, code, message, request_id, step: _, property: _, owner: _ } in &outcome.failed {
        let status = status.map(|status| format!("{status} ")).unwrap_or_default();
        let action = action.as_str();
        let _ = writeln!(text, "failed: {action} {}: {status}{}: {}", Shown(key), Shown(code), Shown(message));
        if let Some(id) = request_id {
            let _ = writeln!(text, "    request id {}", Shown(id));
        }
    }
    if !outcome.unconfirmed.is_empty() {
        let keys: Vec<String> = outcome.unconfirmed.iter().take(UNCONFIRMED).map(|key| Shown(key).to_string()).collect();
        let more = outcome.unconfirmed.len().saturating_sub(UNCONFIRMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "unconfirmed: {}{more}; the next run asks the target for them first", keys.join(", "));
    }
    for refused in outcome.skipped.iter().filter(|skipped| skipped.code.is_refused_attribute()) {
        let _ = writeln!(text, "not written: {}", Shown(&refused.message));
    }
    for moved in &outcome.drifted {
        let _ = writeln!(text, "drifted: {}: {}", Shown(&moved.key), Shown(&moved.message));
    }
    let requests = &outcome.requests;
    let _ = writeln!(text, "run {}", Shown(&outcome.run));
    let _ = writeln!(
        text,
        "Done: {} applied, {} failed{}, {} drifted; {} writes in {} requests, {} throttled, {:.1} s.",
        outcome.applied,
        outcome.failed_changes(),
        if outcome.unconfirmed.is_empty() { String::new() } else { format!(", {} unconfirmed", outcome.unconfirmed.len()) },
        outcome.drifted.len(),
        requests.writes,
        requests.sent,
        requests.throttled,
        std::time::Duration::from_millis(outcome.duration_ms).as_secs_f64()
    );
    text
}
