//! The preview of a plan as text, shown before the confirmation.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::concerns::{leavers, who};
use crate::diagnostic::escape::{Shown, shown};
use crate::directory::Value;
use crate::plan::{Action, Cause, Change, Drifted, Edit, Guard, GuardColumn, Object, Plan, Skipped, SkippedCode};

const ADDED: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const BLOCKED: Style = AnsiColor::Magenta.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const ALARM: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const TITLE: Style = Style::new().bold();

/// The whole plan as text with colors: leavers that keep access first, then every change with its attributes, held and skipped entries
/// with their reasons, the guards, and the counts last.
pub fn preview(plan: &Plan) -> String {
    preview_of(plan, nothing_to_do)
}

/// The same for what is left of an earlier plan: of a saved one, or of the inverse of a run. `drifted` are the changes that were left out.
pub fn preview_of_rest(plan: &Plan, drifted: &[Drifted]) -> String {
    preview_of(plan, |_| nothing_is_left(drifted))
}

fn preview_of(plan: &Plan, without_changes: impl FnOnce(&Plan) -> String) -> String {
    let mut text = String::new();
    head(&mut text, plan);
    alarms(&mut text, plan);
    for change in &plan.changes {
        write_change(&mut text, change);
    }
    if plan.changes.is_empty() {
        let _ = writeln!(text, "{}", without_changes(plan));
    }
    held(&mut text, plan);
    skipped(&mut text, plan);
    guards(&mut text, &plan.guards);
    counts(&mut text, plan);
    text
}

/// The line of a plan without changes. It says that the tenant agrees with HR only if nothing needs attention.
fn nothing_to_do(plan: &Plan) -> String {
    let concerns = plan.attention();
    let left = concerns.iter().filter(|concern| concern.is_leaver()).count();
    match (left, concerns.len()) {
        (0, 0) => "Nothing to do: the tenant agrees with HR.".to_owned(),
        (0, _) => format!("No changes. {} held, {} skipped: see below.", plan.held.len(), plan.skipped.len()),
        (left, _) => {
            format!("No changes. {left} people have left according to HR, but hrpush does not disable their accounts: see above.")
        }
    }
}

/// The line of an earlier plan of which no change is left: how many were left alone, and why the first of them were.
fn nothing_is_left(drifted: &[Drifted]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> =
        drifted.iter().take(NAMED).map(|drifted| format!("{}: {}", Shown(&drifted.key), Shown(&drifted.message))).collect();
    let more = if drifted.len() > NAMED { format!("; and {} more", drifted.len() - NAMED) } else { String::new() };
    match drifted.len() {
        0 => "Nothing to do: every change is in place already.".to_owned(),
        1 => format!("No changes. 1 change is left alone: {}", named.join("; ")),
        count => format!("No changes. {count} changes are left alone: {}{more}", named.join("; ")),
    }
}

/// A column that lost its values, with its shares of empty cells and its distinct values.
pub(crate) fn lost_column(column: &GuardColumn) -> String {
    let GuardColumn { name, empty_before, empty_after, distinct_before, distinct_after } = column;
    let percent = |share: f64| share * 100.0;
    format!(
        "column `{}`: {:.0} % empty before, {:.0} % now; {distinct_before} distinct values before, {distinct_after} now",
        Shown(name),
        percent(*empty_before),
        percent(*empty_after)
    )
}

/// The changes, held and skipped entries of a plan, without head, guards and counts: for a plan of one person.
pub(super) fn decisions(plan: &Plan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        write_change(&mut text, change);
    }
    if plan.changes.is_empty() {
        text.push_str("No changes.\n");
    }
    held(&mut text, plan);
    skipped(&mut text, plan);
    text
}

fn head(text: &mut String, plan: &Plan) {
    let Plan { source, target, as_of, .. } = plan;
    let _ = writeln!(
        text,
        "{TITLE}{}{TITLE:#}: {} records, feed \"{}\", as of {}",
        Shown(&source.name),
        source.records,
        Shown(&source.feed),
        Shown(as_of)
    );
    let kind = if target.sandbox { "the embedded sandbox tenant" } else { "the tenant" };
    let _ = writeln!(text, "into {kind} {} at {}\n", Shown(&target.tenant_id), Shown(&target.graph_url));
}

fn alarms(text: &mut String, plan: &Plan) {
    let lines = leavers(plan);
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "{ALARM}These people have left according to HR, but hrpush does not disable their accounts. Handle them manually:{ALARM:#}"
    );
    for line in lines {
        let _ = writeln!(text, "  {ALARM}!{ALARM:#} {}", line.replace('\n', "\n  "));
    }
    text.push('\n');
}

fn mark(action: Action) -> (char, Style, &'static str) {
    match action {
        Action::Create => ('+', ADDED, "create"),
        Action::Update => ('~', CHANGED, "update"),
        Action::Enable => ('~', CHANGED, "enable"),
        Action::Restore => ('~', CHANGED, "restore"),
        Action::Disable => ('!', BLOCKED, "disable"),
        Action::Delete => ('-', REMOVED, "delete"),
    }
}

fn write_change(text: &mut String, change: &Change) {
    // Destructured without `..`, so that a new field cannot be forgotten here.
    let Change { seq: _, action, object, key, id, user_principal_name, reason, why: _, cause, .. } = change;
    let Change { attributes, members, then, record: _, ids: _, .. } = change;
    let (sign, style, verb) = mark(*action);
    let object = match object {
        Object::User => "",
        Object::Group => " group",
    };
    let name = user_principal_name.clone().or_else(|| Some(id.as_ref()?.to_string())).unwrap_or_default();
    let gap = if name.is_empty() { "" } else { " " };
    let _ = writeln!(
        text,
        "{style}{sign} {verb}{object} {}{style:#}{gap}{} {FAINT}({}){FAINT:#}",
        Shown(key),
        Shown(&name),
        Shown(reason)
    );
    for edit in attributes {
        write_edit(text, edit, cause.get(&edit.name).copied());
    }
    if let Some(members) = members {
        for key in &members.add {
            let _ = writeln!(text, "    {ADDED}+ member {}{ADDED:#}", Shown(key));
        }
        for key in &members.remove {
            let _ = writeln!(text, "    {REMOVED}- member {}{REMOVED:#}", Shown(key));
        }
    }
    for step in then {
        let _ = writeln!(text, "    then {}", step.as_str());
    }
}

fn write_edit(text: &mut String, edit: &Edit, cause: Option<Cause>) {
    let name = Shown(&edit.name);
    let _ = match (&edit.before, &edit.after) {
        (None, after) => write!(text, "    {name}: {ADDED}{}{ADDED:#}", value(after.as_ref())),
        (before, after) => {
            write!(text, "    {name}: {REMOVED}{}{REMOVED:#} → {ADDED}{}{ADDED:#}", value(before.as_ref()), value(after.as_ref()))
        }
    };
    let _ = match cause {
        Some(Cause::Hr) => writeln!(text, "  {FAINT}HR changed{FAINT:#}"),
        Some(Cause::Tenant) => writeln!(text, "  {FAINT}the tenant drifted{FAINT:#}"),
        None => writeln!(text),
    };
}

/// A value as text, quoted where its ends would not be visible.
fn value(value: Option<&Value>) -> String {
    let Some(value) = value else { return "(not set)".to_owned() };
    let text = shown(&value.to_string());
    if text.is_empty() || text.trim() != text { format!("\"{text}\"") } else { text }
}

fn held(text: &mut String, plan: &Plan) {
    if plan.held.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{TITLE}Held, the accounts are not changed ({}){TITLE:#}", plan.held.len());
    for entry in &plan.held {
        let who = entry.key.as_ref().map_or("(no key)", |key| key.as_str());
        let place = entry.record.as_ref().map(|place| format!(" ({})", Shown(&place.to_string()))).unwrap_or_default();
        let _ =
            writeln!(text, "  {CHANGED}?{CHANGED:#} {}{place}: {} [{}]", Shown(who), Shown(&entry.message), entry.code.as_str());
        for cell in &entry.shown {
            let _ = writeln!(text, "      the cell has \"{}\"", Shown(cell));
        }
        if !entry.help.is_empty() {
            let _ = writeln!(text, "      hint: {}", Shown(&entry.help));
        }
    }
}

fn skipped(text: &mut String, plan: &Plan) {
    let quiet = |code: SkippedCode| matches!(code, SkippedCode::Upcoming);
    let mut entries: Vec<&Skipped> = plan.skipped.iter().collect();
    if entries.is_empty() {
        return;
    }
    entries.sort_by_key(|entry| quiet(entry.code));
    let _ = writeln!(text, "\n{TITLE}Skipped ({}){TITLE:#}", entries.len());
    for entry in entries {
        let _ = writeln!(text, "  . {}: {} [{}]", who(entry), Shown(&entry.message), entry.code.as_str());
    }
}

fn guards(text: &mut String, guards: &[Guard]) {
    if guards.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{TITLE}Guards{TITLE:#}");
    for guard in guards {
        let Guard { name, count, of, limit, tripped, columns } = guard;
        let limit = limit.map_or("no limit".to_owned(), |limit| format!("limit {limit}"));
        let name = Shown(name);
        let _ = if *tripped {
            writeln!(text, "  {ALARM}{name}: {count} of {of}, {limit}: stops the run{ALARM:#}")
        } else {
            writeln!(text, "  {name}: {count} of {of}, {limit}")
        };
        for column in columns {
            let _ = writeln!(text, "    {}", lost_column(column));
        }
    }
}

fn counts(text: &mut String, plan: &Plan) {
    let s = &plan.summary;
    let counts = [
        (s.create, "to create"),
        (s.update, "to update"),
        (s.enable, "to enable"),
        (s.disable, "to disable"),
        (s.restore, "to restore"),
        (s.delete, "to delete"),
        (s.create_group, "groups to create"),
        (s.update_group, "groups to update"),
        (s.add_members, "members to add"),
        (s.remove_members, "members to remove"),
        (s.unchanged, "unchanged"),
        (s.held, "held"),
        (s.held_leavers, "held leavers"),
        (s.skipped, "skipped"),
        (s.upcoming, "upcoming"),
        (s.missing, "missing"),
        (s.shielded, "shielded"),
    ];
    let shown: Vec<String> = counts
        .iter()
        .enumerate()
        // Create, update, disable and unchanged are shown even if they are 0, because readers look for them.
        .filter(|(at, (count, _))| *count > 0 || matches!(at, 0 | 1 | 3 | 10))
        .map(|(_, (count, word))| format!("{count} {word}"))
        .collect();
    let _ = writeln!(text, "\nfingerprint {}", Shown(&plan.fingerprint));
    let _ = writeln!(text, "{TITLE}Plan: {}.{TITLE:#}", shown.join(", "));
}
