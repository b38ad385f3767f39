//! The outcome of a run, and the list of runs, as text.

use std::fmt::Write as _;

use crate::apply::{Failed, Outcome};
use crate::diagnostic::escape::{Shown, shown};
use crate::plan::SkippedCode;
use crate::store::{Recorded, RunRow};

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
    for refused in outcome.skipped.iter().filter(|skipped| skipped.code == SkippedCode::RefusedByGraph) {
        let _ = writeln!(text, "not written: {}", Shown(&refused.message));
    }
    for moved in &outcome.drifted {
        let _ = writeln!(text, "drifted: {}: {}", Shown(&moved.key), Shown(&moved.message));
    }
    let requests = &outcome.requests;
    let _ = writeln!(text, "run {}", Shown(&outcome.run));
    let _ = writeln!(
        text,
        "Done: {} applied, {} failed, {} drifted; {} writes in {} requests, {} throttled, {:.1} s.",
        outcome.applied,
        outcome.failed_changes(),
        outcome.drifted.len(),
        requests.writes,
        requests.sent,
        requests.throttled,
        std::time::Duration::from_millis(outcome.duration_ms).as_secs_f64()
    );
    text
}

/// The runs as a list, newest first.
pub fn runs(rows: &[RunRow]) -> String {
    let mut text = String::new();
    for row in rows {
        let RunRow { run, started_at, source, fingerprint, applied, failed, exit_code } = row;
        let end = exit_code.map_or("did not end".to_owned(), |code| format!("exit code {code}"));
        let _ = writeln!(
            text,
            "{run}  {}  {}: {applied} applied, {failed} failed, {end}\n    plan {}",
            Shown(started_at),
            Shown(source),
            Shown(fingerprint)
        );
    }
    if rows.is_empty() {
        text.push_str("There are no runs yet.\n");
    }
    text
}

/// One run: its plan, each request, and its outcome.
pub fn run(recorded: &Recorded) -> String {
    let mut text = runs(std::slice::from_ref(&recorded.row));
    text.push('\n');
    text.push_str(&super::preview(&recorded.plan));
    text.push_str("\nRequests\n");
    for request in &recorded.requests {
        let end = match (request.done, request.status) {
            (None, _) => "no answer".to_owned(),
            (Some(true), _) => "done".to_owned(),
            (Some(false), Some(status)) => format!("{status} {}", shown(request.message.as_deref().unwrap_or_default())),
            (Some(false), None) => shown(request.message.as_deref().unwrap_or("not done")),
        };
        let _ = writeln!(text, "  {} {} {}: {end}", request.request, Shown(&request.kind), Shown(&request.key));
    }
    if let Some(done) = &recorded.outcome {
        text.push_str(&outcome(done));
    }
    text
}
