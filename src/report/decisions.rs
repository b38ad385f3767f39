//! Decisions by hand, as text.

use std::fmt::Write as _;

use crate::diagnostic::escape::{Shown, shown};
use crate::store::{DecisionKind, DecisionRow};

/// A decision that was just recorded.
pub fn decided(row: &DecisionRow) -> String {
    let mut text = decision(row);
    let _ = writeln!(text, "The next run uses it; the tenant was not changed. `hrpush decide KEY --forget` ends it.");
    text
}

/// A decision that was just ended.
pub fn forgotten(row: &DecisionRow) -> String {
    let mut text = decision(row);
    let _ = writeln!(text, "It is forgotten. The next run judges the record again; the tenant was not changed.");
    text
}

/// Decisions as a list.
pub fn decision_list(rows: &[DecisionRow]) -> String {
    if rows.is_empty() {
        return "There are no decisions.\n".to_owned();
    }
    rows.iter().map(decision).collect()
}

/// One decision: its content, what it is bound to, and its author.
pub fn decision(row: &DecisionRow) -> String {
    let DecisionRow { key, tenant_id, given_name, surname, .. } = row;
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}", Shown(key.as_str()), verdict(row));
    if row.verdict == DecisionKind::Reject {
        let _ = writeln!(text, "    until HR's record of the person changes, in the tenant {}", Shown(&tenant_id.0));
        write_author(&mut text, row);
        return text;
    }
    let names =
        [given_name, surname].map(|name| if name.is_empty() { "(none)".to_owned() } else { format!("`{}`", Shown(name)) });
    let _ = writeln!(
        text,
        "    bound to the given name {} and the surname {}, in the tenant {}",
        names[0],
        names[1],
        Shown(&tenant_id.0)
    );
    write_author(&mut text, row);
    text
}

fn write_author(text: &mut String, row: &DecisionRow) {
    let DecisionRow { note, user, host, decided_at, forgotten_at, forgotten_by, .. } = row;
    let _ = writeln!(text, "    by {} on {} at {}", Shown(user), Shown(host), Shown(decided_at));
    if let Some(note) = note {
        let _ = writeln!(text, "    note: {}", Shown(note));
    }
    if let Some(at) = forgotten_at {
        let by = forgotten_by.as_deref().map(|by| format!(" by {}", Shown(by))).unwrap_or_default();
        let _ = writeln!(text, "    forgotten at {}{by}", Shown(at));
    }
}

fn verdict(row: &DecisionRow) -> String {
    let account = row.account.as_ref().map(|id| shown(&id.to_string()));
    match (row.verdict, account) {
        (DecisionKind::Same, Some(id)) => format!("the record and the account {id} are one person (--same)"),
        (DecisionKind::Reject, Some(id)) => format!("changes of {id} were rejected (hrpush reject, or approve --except)"),
        (DecisionKind::Reject, None) => "a new account was rejected (hrpush reject, or approve --except)".to_owned(),
        (DecisionKind::New, Some(id)) => format!("the record is another person than that of the account {id} (--new)"),
        (DecisionKind::New, None) => {
            "the record is another person than that of every account that it resembles (--new)".to_owned()
        }
        (DecisionKind::Keep, Some(id)) => format!("the person of the account {id} stays as is (--keep)"),
        (DecisionKind::Same | DecisionKind::Keep, None) => "the person stays as is (--keep)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{ObjectId, TenantId};
    use crate::record::EmployeeId;

    #[test]
    fn a_decision_is_shown_with_what_it_is_bound_to_and_who_made_it() {
        let mut row = DecisionRow {
            key: EmployeeId::new("1").unwrap(),
            tenant_id: TenantId("t1".into()),
            verdict: DecisionKind::Same,
            account: ObjectId::new("u1"),
            given_name: "ann".into(),
            surname: String::new(),
            note: Some("by phone\u{1b}[2J".into()),
            user: "eve".into(),
            host: "desk".into(),
            decided_at: "2026-11-20T03:00:00Z".into(),
            forgotten_at: None,
            forgotten_by: None,
        };
        let text = decided(&row);
        for part in
            ["u1 are one person", "`ann`", "(none)", "by eve on desk at 2026-11-20", r"by phone\u{1b}[2J", "next run uses"]
        {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        assert!(!text.contains("forgotten"));
        row.forgotten_at = Some("2026-11-21T03:00:00Z".into());
        row.forgotten_by = Some("bob@lap".into());
        assert!(forgotten(&row).contains("forgotten at 2026-11-21T03:00:00Z by bob@lap"));
        (row.verdict, row.account) = (DecisionKind::New, None);
        assert!(decision_list(&[row]).contains("every account that it resembles"));
        assert_eq!(decision_list(&[]), "There are no decisions.\n");
    }
}
