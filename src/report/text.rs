//! The preview of a plan as text, shown before the confirmation.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::concerns::{Leaver, leavers};
use super::counts;
use super::edit_groups::{EditGroup, edit_groups};
use super::guard_text::{guard as guard_line, is_near, stops};
use super::headline::headline;
use super::line_width::{columns, cut, fit};
use super::person_line::{Person, Room, attribute, step, value};
use super::view::{Detail, Prospect, View};
use crate::diagnostic::escape::Shown;
use crate::plan::{Action, Cause, Change, Edit, HeldAccess, HeldEntry, Object, Plan, Skipped, SkippedCode};

const ADDED: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const BLOCKED: Style = AnsiColor::Magenta.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const ALARM: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const TITLE: Style = Style::new().bold();

/// A plan or a list with more entries than this is folded.
const LONG: usize = 40;
/// How many examples a folded group has.
const EXAMPLES: usize = 10;

/// A plan as text with colors: the headline, counts and guards first and again last, between them leavers that keep access, every change,
/// and the held and skipped entries with their reasons. Long plans are folded unless the view asks for all of it.
pub fn preview(plan: &Plan, view: &View) -> String {
    let mut text = String::new();
    head(&mut text, plan, view);
    totals(&mut text, plan, view);
    if view.detail != Detail::Summary {
        let mut body = String::new();
        alarms(&mut body, plan);
        changes(&mut body, plan, view);
        held(&mut body, plan, view);
        skipped(&mut body, plan, view);
        approval(&mut body, plan, view);
        if !body.is_empty() {
            let _ = writeln!(text, "\n{}\n", body.trim_matches('\n'));
            totals(&mut text, plan, view);
        }
    }
    fit(&text, view.width)
}

/// The changes, held and skipped entries of a plan, without head, guards and counts: for a plan of one person.
pub(super) fn decisions(plan: &Plan) -> String {
    let view = View { detail: Detail::Full, ..View::default() };
    let mut text = String::new();
    alarms(&mut text, plan);
    changes(&mut text, plan, &view);
    if plan.changes.is_empty() {
        text.push_str("No changes.\n");
    }
    held(&mut text, plan, &view);
    skipped(&mut text, plan, &view);
    text
}

fn head(text: &mut String, plan: &Plan, view: &View) {
    let Plan { source, target, as_of, .. } = plan;
    let style = match view.prospect {
        Prospect::Stopped { .. } | Prospect::WouldStop { .. } => ALARM,
        _ => TITLE,
    };
    let _ = writeln!(text, "{style}{}{style:#}\n", headline(plan, view));
    let _ = writeln!(
        text,
        "{}: {} records, feed \"{}\", as of {}",
        Shown(&source.name),
        source.records,
        Shown(&source.feed),
        Shown(as_of)
    );
    // A provider has no id besides its address.
    if target.tenant_id == target.graph_url {
        let _ = writeln!(text, "into the provider at {}", Shown(&target.graph_url));
        return;
    }
    let kind = if target.sandbox { "the embedded sandbox tenant" } else { "the tenant" };
    let _ = writeln!(text, "into {kind} {} at {}", Shown(&target.tenant_id), Shown(&target.graph_url));
}

/// Guards, records and counts: they stand at the top and are the last lines.
fn totals(text: &mut String, plan: &Plan, view: &View) {
    guards(text, plan, view);
    if let Some(records) = counts::records(&plan.summary) {
        let _ = writeln!(text, "Records: {records}.");
    }
    let _ = writeln!(text, "{TITLE}Plan: {}.{TITLE:#}", counts::deeds(&plan.summary));
}

/// The guards that tripped or are near their limit; the others only where the view asks for them.
fn guards(text: &mut String, plan: &Plan, view: &View) {
    let shown = plan.guards.iter().filter(|guard| view.verbose || is_near(guard));
    for guard in shown {
        let line = guard_line(guard);
        let _ = match (guard.tripped, view.prospect) {
            (true, Prospect::Approved { .. }) => writeln!(text, "Guard {line}: approved"),
            (true, Prospect::Stopped { .. } | Prospect::WouldStop { .. }) if !stops(plan, guard) => {
                writeln!(text, "Guard {line}: approved beforehand, as far as it goes")
            }
            (true, Prospect::Recorded) => writeln!(text, "Guard {line}: over its limit"),
            (true, _) => writeln!(text, "{ALARM}Guard {line}: stops the run{ALARM:#}"),
            (false, _) if is_near(guard) => writeln!(text, "Guard {line}: near its limit"),
            (false, _) => writeln!(text, "Guard {line}"),
        };
    }
    let others = plan.guards.iter().filter(|guard| !is_near(guard)).count();
    if !view.verbose && others > 0 {
        let which = if others == plan.guards.len() { "none" } else { "no other" };
        let _ = writeln!(text, "{FAINT}Guards: {which} is near its limit (-v lists all).{FAINT:#}");
    }
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
        let Leaver { person, why, hint } = line;
        let _ = writeln!(text, "  {ALARM}!{ALARM:#} {person}: {why}");
        if let Some(hint) = hint {
            let _ = writeln!(text, "    hint: {hint}");
        }
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

fn changes(text: &mut String, plan: &Plan, view: &View) {
    if view.detail == Detail::Full || plan.changes.len() <= LONG {
        for change in &plan.changes {
            write_change(text, change, plan);
        }
        return;
    }
    let user = |change: &&Change| change.object == Object::User;
    let lines = |text: &mut String, wanted: &dyn Fn(&&Change) -> bool| {
        for change in plan.changes.iter().filter(wanted) {
            let _ = writeln!(text, "{}", one_line(change, plan, view.width));
        }
    };
    lines(text, &|change| user(change) && !matches!(change.action, Action::Update | Action::Delete));
    for group in edit_groups(plan) {
        write_group(text, &group, plan, view);
    }
    lines(text, &|change| !user(change));
    lines(text, &|change| user(change) && change.action == Action::Delete);
    let _ =
        writeln!(text, "{FAINT}Folded, because the plan has {} changes: --full shows each of them.{FAINT:#}", plan.changes.len());
}

/// A change in one line. Where the terminal is too narrow, the sign-in name, the manager and the department make room for the name and the
/// reason.
fn one_line(change: &Change, plan: &Plan, width: Option<usize>) -> String {
    let (sign, style, verb) = mark(change.action);
    let object = if change.object == Object::Group { " group" } else { "" };
    let person = Person::of_change(change, plan);
    let reason = if change.reason.is_empty() { String::new() } else { format!(": {}", Shown(&change.reason)) };
    let members = change.members.as_ref().filter(|_| change.object == Object::Group);
    let members = members.map(|members| format!(" (+{} -{} members)", members.add.len(), members.remove.len()));
    let tail = format!("{}{reason}", members.unwrap_or_default());
    let sign_in_name = person.sign_in_name().map(|name| format!(" {name}")).unwrap_or_default();
    let forms = [
        format!("{}{sign_in_name}{tail}", person.line(Room::Wide)),
        format!("{}{tail}", person.line(Room::Wide)),
        format!("{}{tail}", person.line(Room::Middle)),
        format!("{}{tail}", person.line(Room::Narrow)),
        person.line(Room::Narrow),
    ];
    let start = format!("{style}{sign} {verb}{object}{style:#} ");
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(columns(&start)));
    let fitting = forms.iter().find(|form| columns(form) <= room);
    format!("{start}{}", fitting.cloned().unwrap_or_else(|| cut(&forms[4], room)))
}

/// A group of edits with its first people.
fn write_group(text: &mut String, group: &EditGroup<'_>, plan: &Plan, view: &View) {
    let EditGroup { name, same, edits } = group;
    let values = match same {
        Some(_) => {
            let edit = edits[0].1;
            format!(" {}", transition(edit, plan))
        }
        None => String::new(),
    };
    let _ = writeln!(text, "{CHANGED}~ {} × {}{CHANGED:#}{values}", edits.len(), attribute(name));
    for (change, edit) in edits.iter().take(EXAMPLES) {
        let person = Person::of_change(change, plan);
        let values = if same.is_some() { String::new() } else { format!(": {}", transition(edit, plan)) };
        let cause = cause_of(change, edit);
        let forms = [Room::Wide, Room::Middle, Room::Narrow].map(|room| format!("    {}{values}{cause}", person.line(room)));
        let room = view.width.unwrap_or(usize::MAX);
        let _ = writeln!(text, "{}", forms.iter().find(|form| columns(form) <= room).unwrap_or(&forms[2]));
    }
    if edits.len() > EXAMPLES {
        let _ = writeln!(text, "    {FAINT}… and {} more{FAINT:#}", edits.len() - EXAMPLES);
    }
}

fn write_change(text: &mut String, change: &Change, plan: &Plan) {
    // Destructured without `..`, so that a new field cannot be forgotten here.
    let Change { seq: _, action: _, object: _, key: _, id: _, user_principal_name: _, reason: _, why: _, cause: _, .. } = change;
    let Change { attributes, members, then, record: _, aside: _, .. } = change;
    let _ = writeln!(text, "{}", one_line(change, plan, None));
    for edit in attributes {
        let name = attribute(&edit.name);
        let _ = writeln!(text, "    {name}: {}{}", transition(edit, plan), cause_of(change, edit));
    }
    if let Some(members) = members {
        for key in &members.add {
            let _ = writeln!(text, "    {ADDED}+ member {}{ADDED:#}", Person::of_key(key, plan).line(Room::Middle));
        }
        for key in &members.remove {
            let _ = writeln!(text, "    {REMOVED}- member {}{REMOVED:#}", Person::of_key(key, plan).line(Room::Middle));
        }
    }
    for action in then {
        let _ = writeln!(text, "    then {}", step(*action));
    }
}

/// The value before and after; of an attribute without a value before, the new one alone.
fn transition(edit: &Edit, plan: &Plan) -> String {
    let (before, after) = (value(edit, edit.before.as_ref(), plan), value(edit, edit.after.as_ref(), plan));
    if edit.before.is_none() {
        format!("{ADDED}{after}{ADDED:#}")
    } else {
        format!("{REMOVED}{before}{REMOVED:#} → {ADDED}{after}{ADDED:#}")
    }
}

fn cause_of(change: &Change, edit: &Edit) -> String {
    match change.cause.get(&edit.name) {
        Some(Cause::Hr) => format!("  {FAINT}HR changed{FAINT:#}"),
        Some(Cause::Tenant) => format!("  {FAINT}the tenant drifted{FAINT:#}"),
        None => String::new(),
    }
}

/// The held records. Those of leavers are among the alarms.
fn held(text: &mut String, plan: &Plan, view: &View) {
    let entries: Vec<&HeldEntry> = plan.held.iter().filter(|entry| !entry.left || entry.access == HeldAccess::Closing).collect();
    if entries.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{TITLE}Held, the accounts are not changed ({}){TITLE:#}", entries.len());
    let code = |entry: &&HeldEntry| entry.code.as_str();
    let line = |text: &mut String, entry: &HeldEntry| {
        let person = Person::of_held(entry).line(Room::Middle);
        let place = entry.record.as_ref().map(|place| format!(", {}", Shown(&place.to_string()))).unwrap_or_default();
        let _ = writeln!(text, "  {CHANGED}?{CHANGED:#} {person}{place}: {} [{}]", Shown(&entry.message), entry.code.as_str());
        for cell in &entry.shown {
            let _ = writeln!(text, "      the cell has \"{}\"", Shown(cell));
        }
        if !entry.help.is_empty() {
            let _ = writeln!(text, "      hint: {}", Shown(&entry.help));
        }
    };
    listed(text, &entries, view, code, line);
}

/// The skipped entries, those that only wait for their day last. Those of leavers are among the alarms.
fn skipped(text: &mut String, plan: &Plan, view: &View) {
    let mut entries: Vec<&Skipped> = plan.skipped.iter().filter(|entry| !entry.left).collect();
    if entries.is_empty() {
        return;
    }
    entries.sort_by_key(|entry| entry.code == SkippedCode::Upcoming);
    let _ = writeln!(text, "\n{TITLE}Skipped ({}){TITLE:#}", entries.len());
    let code = |entry: &&Skipped| entry.code.as_str();
    let line = |text: &mut String, entry: &Skipped| {
        let _ = writeln!(text, "  . {}: {} [{}]", skipped_person(entry, plan), Shown(&entry.message), entry.code.as_str());
    };
    listed(text, &entries, view, code, line);
}

/// The person of a skipped entry in words, or that it is about all.
pub(super) fn skipped_person(entry: &Skipped, plan: &Plan) -> String {
    let id = entry.id.as_ref().map(ToString::to_string);
    if entry.key.is_none() && id.is_none() {
        return "all people".to_owned();
    }
    Person::of_skipped(entry, id.as_deref(), plan).line(Room::Middle)
}

/// The entries of a list; of a long one, some of each code.
fn listed<T>(text: &mut String, entries: &[&T], view: &View, code: impl Fn(&&T) -> &'static str, line: impl Fn(&mut String, &T)) {
    let folds = view.detail != Detail::Full && entries.len() > LONG;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        let count = counts.entry(code(entry)).or_default();
        *count += 1;
        if !folds || *count <= EXAMPLES {
            line(text, entry);
        }
    }
    for (code, count) in counts.into_iter().filter(|(_, count)| folds && *count > EXAMPLES) {
        let _ = writeln!(text, "  {FAINT}… and {} more [{code}]: --full lists them{FAINT:#}", count - EXAMPLES);
    }
}

/// How a stopped plan is approved. Other plans show the fingerprint alone.
fn approval(text: &mut String, plan: &Plan, view: &View) {
    if plan.changes.is_empty() && !view.is_stopped() {
        return;
    }
    let fingerprint = Shown(&plan.fingerprint).to_string();
    let line = |start: &str, rest: &str| command(start, &format!("{fingerprint}{rest}"), view.width);
    let _ = match (view.is_stopped(), view.signed_approvals) {
        (true, true) => {
            writeln!(
                text,
                "\n{TITLE}To approve this plan{TITLE:#} for the next run, with your key:\n{}",
                line("hrpush approve", " --sign KEY")
            )
        }
        (true, false) => writeln!(
            text,
            "\n{TITLE}To approve this plan{TITLE:#} for the next run:\n{}\nTo apply it at once, the same command with:\n{}",
            line("hrpush approve", ""),
            line("--approve", "")
        ),
        (false, _) => writeln!(text, "\n{FAINT}fingerprint {fingerprint}{FAINT:#}"),
    };
}

/// A line to be copied. Where the terminal is too narrow for it, the shell's own sign continues it.
fn command(start: &str, fingerprint: &str, width: Option<usize>) -> String {
    let line = format!("  {start} {fingerprint}");
    match width {
        Some(width) if columns(&line) > width => format!("  {start} \\\n  {fingerprint}"),
        _ => line,
    }
}
