//! The first line of a plan: lost access, new people, held records, and what becomes of the plan.

use super::guard_text::{of_limit, sentence};
use super::view::{Prospect, View};
use crate::directory::{Value, roles};
use crate::plan::{Action, Change, HeldAccess, Object, Plan};

const UNTIL_APPROVED: &str = "nothing is written until you approve";

/// The headline of a plan, without styles.
pub(super) fn headline(plan: &Plan, view: &View) -> String {
    let line = line(plan, view);
    if plan.target.accepted_only && !plan.changes.is_empty() {
        format!("{line} (the target cannot be read: only the HR keys in `users` of [protect] are protected)")
    } else {
        line
    }
}

fn line(plan: &Plan, view: &View) -> String {
    match view.prospect {
        Prospect::Stopped { leavers } => stopped(plan, (leavers, "is disabled", "are disabled")),
        Prospect::WouldStop { leavers } => stopped(plan, (leavers, "would be disabled", "would be disabled")),
        _ if plan.changes.is_empty() => unchanged(plan, view),
        Prospect::Recorded => summary(plan),
        prospect => format!("{}: {}", summary(plan), what_follows(plan, prospect)),
    }
}

/// Why a stopped plan was stopped. Without a tripped guard it was the approval.
fn stopped(plan: &Plan, (leavers, is, are): (usize, &str, &str)) -> String {
    // What approvals of before cover does not stop it.
    let tripped: Vec<String> = plan
        .judged_guards()
        .iter()
        .filter(|guard| guard.tripped)
        .map(|guard| format!("{} ({}{})", sentence(guard), guard.name, of_limit(guard)))
        .collect();
    let why = if tripped.is_empty() { "the approval is not for this plan".to_owned() } else { tripped.join("; ") };
    match leavers {
        0 => format!("Stopped: {why}: {UNTIL_APPROVED}"),
        1 => format!("Stopped: {why}: 1 leaver {is}, nothing else is written until you approve"),
        many => format!("Stopped: {why}: {many} leavers {are}, nothing else is written until you approve"),
    }
}

/// The headline of a plan without changes.
fn unchanged(plan: &Plan, view: &View) -> String {
    let tripped = plan.guards.iter().any(|guard| guard.tripped);
    let at_peace = plan.attention().is_empty() && plan.held.is_empty() && plan.summary.missing == 0 && !tripped;
    match (at_peace, view.left_out) {
        (true, None) => "Nothing to do: the tenant agrees with HR".to_owned(),
        (true, Some(0)) => "Nothing to do: every change is in place already".to_owned(),
        (true, Some(1)) => "No changes: 1 change is left alone, because the tenant or the HR data is different by now".to_owned(),
        (true, Some(many)) => {
            format!("No changes: {many} changes are left alone, because the tenant or the HR data is different by now")
        }
        (false, _) => {
            let parts = concerns(plan);
            let what = if parts.is_empty() { "some entries need attention".to_owned() } else { parts.join(", ") };
            format!("No changes: {what}")
        }
    }
}

fn what_follows(plan: &Plan, prospect: Prospect) -> String {
    match prospect {
        Prospect::Waits | Prospect::Stopped { .. } | Prospect::WouldStop { .. } | Prospect::Recorded => UNTIL_APPROVED.to_owned(),
        Prospect::Rehearses => "a dry run writes nothing, the scheduled run applies it".to_owned(),
        Prospect::Applies => "applied now, without a question".to_owned(),
        Prospect::Sandbox => "the sandbox applies it without a question".to_owned(),
        Prospect::Approved { now } => {
            let names: Vec<&str> = plan.guards.iter().filter(|guard| guard.tripped).map(|guard| guard.name.as_str()).collect();
            let follows = if now { "applied now" } else { "nothing is written yet" };
            format!("approved although {} stopped it, {follows}", names.join(", "))
        }
    }
}

/// How many people and records the plan has of each kind, lost access first.
fn summary(plan: &Plan) -> String {
    let mut people = People { parts: keeps_access(plan), named: false };
    let count = |action: Action| plan.changes.iter().filter(|change| is(change, action)).count();
    let (closed, closed_before): (Vec<&Change>, Vec<&Change>) =
        plan.changes.iter().filter(|change| is(change, Action::Disable)).partition(|change| loses_access(change));
    people.push(closed.len(), "loses access", "lose access");
    people.push(closed_before.len(), "has left and is disabled already", "have left and are disabled already");
    people.push(count(Action::Delete), "is deleted", "are deleted");
    people.push(count(Action::Create), "joins", "join");
    people.push(count(Action::Restore), "is restored", "are restored");
    people.push(count(Action::Enable), "gains access", "gain access");
    people.push(count(Action::Update), "changes", "change");
    let groups = plan.changes.iter().filter(|change| change.object == Object::Group).count();
    if groups > 0 {
        people.parts.push(format!("{groups} {}", if groups == 1 { "group changes" } else { "groups change" }));
    }
    people.parts.extend(held_and_missing(plan));
    people.parts.join(", ")
}

/// What needs attention in a plan without changes.
fn concerns(plan: &Plan) -> Vec<String> {
    let mut parts = keeps_access(plan);
    parts.extend(held_and_missing(plan));
    let counted = |concern: &crate::plan::Concern<'_>| match concern {
        crate::plan::Concern::LeftAlone(entry) => entry.code != crate::plan::SkippedCode::Missing,
        _ => false,
    };
    let others = plan.attention().iter().filter(|concern| counted(concern)).count();
    match others {
        0 => {}
        1 => parts.push("1 entry needs attention".to_owned()),
        many => parts.push(format!("{many} entries need attention")),
    }
    parts
}

/// The leavers with accounts that hrpush does not disable: they come first, whatever else the plan does.
fn keeps_access(plan: &Plan) -> Vec<String> {
    let leavers = plan.attention().iter().filter(|concern| concern.keeps_access()).count();
    match leavers {
        0 => Vec::new(),
        1 => vec!["1 leaver keeps access".to_owned()],
        many => vec![format!("{many} leavers keep access")],
    }
}

fn held_and_missing(plan: &Plan) -> Vec<String> {
    let held = plan.held.iter().filter(|entry| !entry.left || entry.access == HeldAccess::Closing).count();
    let missing = plan.skipped.iter().filter(|entry| entry.code == crate::plan::SkippedCode::Missing && !entry.left).count();
    let parts = [(held, "held"), (missing, "missing")].into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, word)| format!("{count} {word}")).collect()
}

/// The parts of the summary; the first of them names what is counted.
struct People {
    parts: Vec<String>,
    named: bool,
}

impl People {
    fn push(&mut self, count: usize, one: &str, many: &str) {
        let noun = match (self.named, count) {
            (_, 0) => return,
            (true, _) => "",
            (false, 1) => "person ",
            (false, _) => "people ",
        };
        self.named = true;
        self.parts.push(format!("{count} {noun}{}", if count == 1 { one } else { many }));
    }
}

fn is(change: &Change, action: Action) -> bool {
    change.object == Object::User && change.action == action
}

/// Whether a disable closes an account that was not closed before.
fn loses_access(change: &Change) -> bool {
    let edit = change.attributes.iter().find(|edit| edit.name == roles::ACCOUNT_ENABLED);
    edit.is_some_and(|edit| edit.before != Some(Value::Flag(false)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::world::{Tell as _, World, worker};

    fn line(world: &World, prospect: Prospect) -> String {
        headline(&world.plan(), &View { prospect, ..View::default() })
    }

    fn company() -> World {
        World::settled((1..=12).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}"))).collect())
    }

    #[test]
    fn who_loses_access_comes_first_and_each_kind_is_counted_once() {
        let mut world = company();
        let mut people: Vec<_> = (1..=12).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}"))).collect();
        people[0] = people[0].clone().left();
        people[1] = people[1].clone().with("department", "Audit");
        people.extend([worker("20", "New", "One"), worker("21", "New", "Two"), worker("22", "X", "Y"), worker("22", "X", "Z")]);
        world.hr(people);
        let wanted = "1 person loses access, 2 join, 1 changes, 2 held: nothing is written until you approve";
        assert_eq!(line(&world, Prospect::Waits), wanted);
        assert!(line(&world, Prospect::Applies).ends_with(": applied now, without a question"));
        assert!(line(&world, Prospect::Sandbox).ends_with(": the sandbox applies it without a question"));
    }

    #[test]
    fn nothing_to_do_is_said_only_if_nothing_is_held_missing_or_stopped() {
        let mut world = company();
        assert_eq!(line(&world, Prospect::Applies), "Nothing to do: the tenant agrees with HR");
        let left_out = View { left_out: Some(3), ..View::default() };
        assert!(headline(&world.plan(), &left_out).starts_with("No changes: 3 changes are left alone"));
        let in_place = View { left_out: Some(0), ..View::default() };
        assert_eq!(headline(&world.plan(), &in_place), "Nothing to do: every change is in place already");
        let all = world.mapped.clone();
        world.mapped.pop();
        assert_eq!(line(&world, Prospect::Applies), "No changes: 1 missing");
        world.mapped.clone_from(&all);
        world.mapped.push(all[0].clone());
        assert_eq!(line(&world, Prospect::Applies), "No changes: 2 held");
    }

    #[test]
    fn a_stopped_plan_says_what_was_counted() {
        let mut world = company();
        world.hr((1..=12).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}")).left()).collect());
        let text = line(&world, Prospect::Stopped { leavers: 0 });
        assert!(text.starts_with("Stopped: 12 of 12 accounts would be disabled (disable, limit 3)"), "{text}");
        assert!(text.ends_with("nothing is written until you approve"), "{text}");
        let passed = line(&world, Prospect::Approved { now: true });
        assert!(!passed.contains("Stopped:") && passed.contains("approved although disable"), "{passed}");
    }
}
