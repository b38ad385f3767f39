//! The lines that a person must see: the record or account, the reason, and what to do.

use std::collections::BTreeMap;

use super::person_line::{Person, Room};
use crate::diagnostic::escape::{Shown, shown};
use crate::plan::{Concern, HeldAccess, HeldEntry, Plan, Skipped};

/// The most lines for one kind of concern. Leavers with access are always listed.
const MOST: usize = 10;

/// Everything that keeps a run from ending with 0, one or two lines each, leavers first.
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
    listed(plan.attention(), Cells::Hidden)
}

/// The same for a terminal that a person watches: with the cells that could not be read. stderr may be a log elsewhere.
///
/// ```
/// # use hrpush::plan::Plan;
/// fn explain_on_a_terminal(plan: &Plan) {
///     for line in hrpush::report::concerns_on_terminal(plan) {
///         eprintln!("{line}");
///     }
/// }
/// ```
pub fn concerns_on_terminal(plan: &Plan) -> Vec<String> {
    listed(plan.attention(), Cells::Shown)
}

/// Whether the cells of a held record that could not be read are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cells {
    Shown,
    Hidden,
}

fn listed(concerns: Vec<Concern<'_>>, cells: Cells) -> Vec<String> {
    let mut lines = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for concern in concerns {
        let count = counts.entry(kind(&concern)).or_default();
        *count += 1;
        if concern.is_leaver() || *count <= MOST {
            lines.push(line(&concern, cells));
        }
    }
    let leaver = kind_of_leavers();
    let more = counts.into_iter().filter(|(kind, count)| *kind != leaver && *count > MOST);
    lines.extend(more.map(|(kind, count)| format!("{kind}: {} more", count - MOST)));
    lines
}

/// The same beside a plan that is shown: held records are named by key and code in one line, since the plan has their reasons.
///
/// ```
/// # use hrpush::plan::Plan;
/// fn explain_shown(plan: &Plan) {
///     for line in hrpush::report::concerns_in_short(plan) {
///         eprintln!("{line}");
///     }
/// }
/// ```
pub fn concerns_in_short(plan: &Plan) -> Vec<String> {
    let (leavers, others): (Vec<_>, Vec<_>) = plan.attention().into_iter().partition(Concern::is_leaver);
    let others = others.into_iter().filter(|concern| !matches!(concern, Concern::Held(_))).collect();
    let mut lines = listed(leavers, Cells::Hidden);
    lines.extend(held_in_short(plan));
    lines.extend(listed(others, Cells::Hidden));
    lines
}

/// The held records by code, with their first keys, in one line.
fn held_in_short(plan: &Plan) -> Option<String> {
    let mut codes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in plan.held.iter().filter(|entry| !entry.left) {
        let key = entry.key.as_ref().map_or("(no key)", |key| key.as_str());
        codes.entry(entry.code.as_str()).or_default().push(shown(key));
    }
    let held: Vec<String> = codes.into_iter().map(|(code, keys)| format!("{} [{code}]", first_of(&keys))).collect();
    (!held.is_empty()).then(|| format!("held {}: see the plan for the reasons", held.join("; ")))
}

/// The first keys of a list, and how many follow.
fn first_of(keys: &[String]) -> String {
    let first = keys.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if keys.len() > MOST { format!("{first} and {} more", keys.len() - MOST) } else { first }
}

/// A leaver with an account that hrpush does not disable.
pub(super) struct Leaver {
    /// The person by name, department, manager and key.
    pub(super) person: String,
    /// What the person still has, and why.
    pub(super) why: String,
    /// What an administrator can do about it.
    pub(super) hint: Option<String>,
}

/// The leavers with an account that hrpush does not disable, by name. An account that this plan closes for another record is no alarm.
pub(super) fn leavers(plan: &Plan) -> Vec<Leaver> {
    let named = |concern: &Concern<'_>| match concern {
        Concern::HeldLeaver(entry) | Concern::Held(entry) => {
            let place = entry.record.as_ref().map(|place| format!(", {}", Shown(&place.to_string()))).unwrap_or_default();
            Leaver {
                person: format!("{}{place}", Person::of_held(entry).line(Room::Wide)),
                why: format!("{}: {}", state(entry), explained(entry)),
                hint: Some(shown(&entry.help)).filter(|hint| !hint.is_empty()),
            }
        }
        Concern::OpenAccount(entry) | Concern::LeftAlone(entry) => {
            let id = entry.id.as_ref().map(ToString::to_string);
            let person = Person::of_skipped(entry, id.as_deref(), plan).line(Room::Wide);
            Leaver { person, why: format!("{} [{}]", Shown(&entry.message), entry.code.as_str()), hint: None }
        }
    };
    plan.attention().iter().filter(|concern| concern.keeps_access()).map(named).collect()
}

/// What a held leaver still has.
fn state(entry: &HeldEntry) -> &'static str {
    match entry.access {
        HeldAccess::Open => "has left; the account stays enabled",
        HeldAccess::Closed => "has left; no enabled account was found",
        HeldAccess::Closing => "has left; another record of this plan closes the account",
    }
}

fn kind_of_leavers() -> String {
    "gone".to_owned()
}

fn kind(concern: &Concern<'_>) -> String {
    match concern {
        Concern::HeldLeaver(_) | Concern::OpenAccount(_) => kind_of_leavers(),
        Concern::Held(_) => "held".to_owned(),
        Concern::LeftAlone(entry) => entry.code.as_str().to_owned(),
    }
}

fn line(concern: &Concern<'_>, cells: Cells) -> String {
    match concern {
        Concern::HeldLeaver(entry) => {
            format!("{} {}: {}{}{}", key_and_place(entry), state(entry), explained(entry), unread(entry, cells), hint(entry))
        }
        Concern::Held(entry) => {
            format!("held {}: {}{}{}", key_and_place(entry), explained(entry), unread(entry, cells), hint(entry))
        }
        Concern::OpenAccount(entry) | Concern::LeftAlone(entry) => {
            format!("{}: {} [{}]", who(entry), Shown(&entry.message), entry.code.as_str())
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
    format!("{}{} [{}]", Shown(&entry.message), Shown(&accounts), entry.code.as_str())
}

/// The cells that could not be read.
fn unread(entry: &HeldEntry, cells: Cells) -> String {
    match cells {
        Cells::Hidden => String::new(),
        Cells::Shown => entry.shown.iter().map(|cell| format!(", the cell has \"{}\"", Shown(cell))).collect(),
    }
}

fn hint(entry: &HeldEntry) -> String {
    if entry.help.is_empty() { String::new() } else { format!("\n  hint: {}", Shown(&entry.help)) }
}

/// The key or id of a skipped entry.
fn who(entry: &Skipped) -> String {
    let key = entry.key.clone().or_else(|| Some(entry.id.as_ref()?.to_string()));
    shown(key.as_deref().unwrap_or("(all)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Value;
    use crate::mapping::{Desired, Held, HeldCode, Mapped};
    use crate::plan::Plan;
    use crate::plan::tests::world::{Tell as _, World, attribute, worker};
    use crate::report::{View, html, preview as text};

    fn preview(plan: &Plan) -> String {
        text(plan, &View::default())
    }

    fn world() -> World {
        World::settled(vec![worker("1", "Ada", "Lovelace"), worker("2", "Bob", "Boss")])
    }

    #[test]
    fn a_leaver_whose_account_is_in_doubt_heads_every_page_and_nothing_agrees() {
        let mut world = world();
        world.stranger("twin").attributes.insert(attribute("employeeId"), Value::text("1"));
        world.hr(vec![worker("1", "Ada", "Lovelace").left(), worker("2", "Bob", "Boss")]);
        let plan = world.plan();
        let lines = concerns(&plan);
        for page in [&preview(&plan), &html(&plan, &View::default()), &lines[0]] {
            assert!(page.contains("has left; the account stays enabled"), "{page}");
            assert!(page.contains("hint: ") || page.contains("What to do: "), "{page}");
            assert!(!page.contains("agrees with HR"), "{page}");
        }
    }

    #[test]
    fn a_held_leaver_without_an_enabled_account_is_listed_without_an_alarm() {
        let mut world = world();
        world.user("1").enabled = Some(false);
        let Desired { key, place, .. } = worker("1", "Ada", "Lovelace");
        let entry = Held {
            key: Some(key),
            previous_key: None,
            place: Some(place),
            left: true,
            code: HeldCode::InvalidValue,
            message: "no".into(),
            help: "do".into(),
            candidates: Vec::new(),
            marks: Vec::new(),
            shown: Vec::new(),
        };
        world.mapped[0] = Mapped::Held(entry);
        let plan = world.plan();
        assert!(concerns(&plan)[0].contains("has left; no enabled account was found"), "{:?}", concerns(&plan));
        assert!(!preview(&plan).contains("stays enabled"), "{}", preview(&plan));
    }

    #[test]
    fn the_word_of_a_code_is_that_of_the_document() {
        fn word<T: serde::Serialize>(code: T) -> String {
            serde_json::to_value(code).unwrap().as_str().unwrap().to_owned()
        }
        use crate::mapping::LeaveAction as Step;
        use crate::plan::{Action, SkippedCode as Code};
        for action in [Action::Create, Action::Update, Action::Enable, Action::Disable, Action::Restore, Action::Delete] {
            assert_eq!(action.as_str(), word(action));
        }
        for step in [Step::RevokeSessions, Step::RemoveFromManagedGroups, Step::RemoveLicenses, Step::ClearManager] {
            assert_eq!(step.as_str(), word(step));
        }
        for code in [Code::Protected, Code::Shielded, Code::Synced, Code::Guest, Code::DisabledElsewhere, Code::StartsLater]
            .into_iter()
            .chain([
                Code::Upcoming,
                Code::Missing,
                Code::OutOfScope,
                Code::ManagerUnknown,
                Code::NotClearable,
                Code::CannotBeCleared,
                Code::RefusedByGraph,
                Code::RefusedByTarget,
            ])
            .chain([
                Code::NewStatus,
                Code::EndDateIgnored,
                Code::InvalidValue,
                Code::OtherFeed,
                Code::Rejected,
                Code::NotConfirmed,
            ])
        {
            assert_eq!(code.as_str(), word(code));
        }
    }

    #[test]
    fn ten_lines_of_a_kind_are_shown_and_the_rest_is_counted_but_every_leaver_has_a_line() {
        let people = |left: bool| {
            let person = |n: usize| {
                let person = worker(&format!("{n:02}"), "Ada", &format!("L{n}"));
                if left { person.left() } else { person }
            };
            (1..=14).flat_map(|n| [person(n), person(n).with("city", "Graz")]).collect::<Vec<_>>()
        };
        let lines = concerns(&World::new(people(false)).plan());
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (11, Some("held: 18 more")));
        let mut world = World::settled((1..=14).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}"))).collect());
        world.policy.protect_users = world.snapshot.users.rows().map(|user| user.upn().to_owned()).collect();
        world.hr(people(true));
        assert_eq!(concerns(&world.plan()).len(), 14);
    }
}
