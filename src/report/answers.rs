//! Approvals and rejections, as text.

use std::fmt::Write as _;

use crate::diagnostic::escape::Shown;
use crate::plan::ApprovedGuard;
use crate::store::ApprovalRow;

/// The guards that an approval overrides, with their counts.
pub fn guards(guards: &[ApprovedGuard]) -> String {
    let one = |guard: &ApprovedGuard| format!("{} {} of {}", guard.name, guard.count, guard.of);
    guards.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A line for each answer: `approved by NAME at TIME (note)`.
pub fn answers(rows: &[ApprovalRow]) -> String {
    let mut text = String::new();
    for ApprovalRow { approval, used_by, .. } in rows {
        let word = if approval.approves { "approved" } else { "rejected" };
        let named = approval.principal.clone().unwrap_or_else(|| approval.by.to_string());
        let note = approval.note.as_deref().map(|note| format!(" ({})", Shown(note))).unwrap_or_default();
        let used = used_by.as_ref().map(|run| format!(", used by run {run}")).unwrap_or_default();
        let _ = writeln!(text, "{word} by {} at {}{note}{used}", Shown(&named), approval.given_at);
    }
    text
}
