//! The plan as one HTML file without external parts, to be mailed to its approver.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::attribute_words::words;
use super::concerns::{Leaver, leavers};
use super::counts;
use super::guard_text::{guard as guard_line, is_near, stops};
use super::headline::headline;
use super::person_line::{Person, Room, step, value};
use super::text::skipped_person;
use super::view::{Prospect, View};
use crate::diagnostic::escape::shown;
use crate::directory::roles;
use crate::plan::{Action, Change, Edit, HeldEntry, Object, Plan, Skipped};

/// The filter of the page. Without it everything is open and readable.
const SCRIPT: &str = include_str!("plan.js");
const STYLE: &str = include_str!("plan.css");

/// The template `plan.html` beside this file. Every inserted value is escaped.
#[derive(Template)]
#[template(path = "plan.html")]
struct Page<'a> {
    plan: &'a Plan,
    headline: String,
    /// Whether the headline is an alarm.
    stopped: bool,
    /// Whether an approval must be signed.
    signed: bool,
    tiles: Vec<Tile>,
    records: Option<String>,
    guards: Vec<GuardLine>,
    leavers: Vec<Entry>,
    sections: Vec<Section>,
    held: Vec<Entry>,
    skipped: Vec<Entry>,
    style: &'static str,
    style_hash: String,
    script: &'static str,
    /// The hash that lets this script run, and no other.
    script_hash: String,
}

/// A person that is not changed, and why.
struct Entry {
    person: String,
    why: String,
    hint: Option<String>,
}

/// A count with its words.
struct Tile {
    count: u64,
    words: &'static str,
}

/// A guard in words.
struct GuardLine {
    text: String,
    state: &'static str,
    tripped: bool,
}

/// The changes of one kind.
struct Section {
    title: String,
    kind: &'static str,
    cards: Vec<Card>,
}

/// One person or group with what happens.
struct Card {
    heading: String,
    /// The key and the department.
    about: String,
    manager: Option<String>,
    sign_in_name: Option<String>,
    reason: String,
    lines: Vec<EditLine>,
    then: Vec<String>,
    added: Vec<String>,
    removed: Vec<String>,
}

/// One attribute with its values.
struct EditLine {
    attribute: String,
    /// Graph's name, where the words do not contain it.
    graph_name: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// The whole plan as a self-contained document: the headline, counts and guards in words, a section for each kind of change, leavers first,
/// and how to approve the plan.
///
/// # Panics
/// Never: it is written into a string.
pub fn html(plan: &Plan, view: &View) -> String {
    let page = Page {
        plan,
        headline: headline(plan, view),
        stopped: view.is_stopped(),
        signed: view.signed_approvals,
        tiles: tiles(plan),
        records: counts::records(&plan.summary),
        guards: guards(plan, view),
        leavers: leavers(plan).into_iter().map(entry).collect(),
        sections: sections(plan),
        held: held(plan),
        skipped: skipped(plan),
        style: STYLE,
        style_hash: hash(STYLE),
        script: SCRIPT,
        script_hash: hash(SCRIPT),
    };
    page.render().expect("writing into a string cannot fail")
}

/// The hash by which a content security policy knows an inline element.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn entry(leaver: Leaver) -> Entry {
    let Leaver { person, why, hint } = leaver;
    Entry { person, why, hint }
}

/// The held records. Those of leavers are a list of their own.
fn held(plan: &Plan) -> Vec<Entry> {
    let entry = |entry: &HeldEntry| {
        let place = entry.record.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        Entry {
            person: Person::of_held(entry).line(Room::Wide),
            why: format!("{place}{} [{}]", entry.message, entry.code.as_str()),
            hint: Some(entry.help.clone()).filter(|hint| !hint.is_empty()),
        }
    };
    plan.held.iter().filter(|entry| !entry.left).map(entry).collect()
}

/// The skipped entries. Those of leavers are a list of their own.
fn skipped(plan: &Plan) -> Vec<Entry> {
    let entry = |entry: &Skipped| Entry {
        person: skipped_person(entry, plan),
        why: format!("{} [{}]", entry.message, entry.code.as_str()),
        hint: None,
    };
    plan.skipped.iter().filter(|entry| !entry.left).map(entry).collect()
}

fn tiles(plan: &Plan) -> Vec<Tile> {
    let s = &plan.summary;
    let tiles = [
        (s.disable, "lose access"),
        (s.delete, "accounts deleted"),
        (s.create, "join"),
        (s.enable, "gain access"),
        (s.restore, "restored"),
        (s.update, "change"),
        (s.create_group + s.update_group, "groups change"),
        (s.add_members, "memberships begin"),
        (s.remove_members, "memberships end"),
        (s.held, "held"),
        (s.missing, "missing"),
        (s.unchanged, "unchanged"),
    ];
    let always = ["lose access", "join", "change"];
    let shown = tiles.into_iter().filter(|(count, words)| *count > 0 || always.contains(words));
    shown.map(|(count, words)| Tile { count, words }).collect()
}

fn guards(plan: &Plan, view: &View) -> Vec<GuardLine> {
    let approved = matches!(view.prospect, Prospect::Approved { .. });
    let line = |guard| {
        let state = match (is_near(guard), guard.tripped) {
            (_, true) if approved => "over its limit, approved",
            (_, true) if !stops(plan, guard) => "over its limit, approved beforehand",
            (_, true) => "over its limit: it stops the run",
            (true, false) => "near its limit",
            (false, false) => "within its limit",
        };
        GuardLine { text: guard_line(guard), state, tripped: guard.tripped }
    };
    let mut lines: Vec<GuardLine> = plan.guards.iter().map(line).collect();
    lines.sort_by_key(|line| (!line.tripped, line.state == "within its limit"));
    lines
}

/// The sections in the order of their weight, lost access first.
fn sections(plan: &Plan) -> Vec<Section> {
    let kinds: [(&str, &str, Object, Action); 6] = [
        ("disable", "Lose access", Object::User, Action::Disable),
        ("delete", "Accounts to be deleted", Object::User, Action::Delete),
        ("create", "Join", Object::User, Action::Create),
        ("restore", "Restored from the recycle bin", Object::User, Action::Restore),
        ("enable", "Gain access", Object::User, Action::Enable),
        ("update", "Change", Object::User, Action::Update),
    ];
    let section = |kind, title: &str, changes: Vec<&Change>| {
        let cards: Vec<Card> = changes.into_iter().map(|change| card(change, plan)).collect();
        (!cards.is_empty()).then(|| Section { title: format!("{title} ({})", cards.len()), kind, cards })
    };
    let people = kinds.into_iter().filter_map(|(kind, title, object, action)| {
        let changes = plan.changes.iter().filter(|change| change.object == object && change.action == action);
        section(kind, title, changes.collect())
    });
    let groups = plan.changes.iter().filter(|change| change.object == Object::Group).collect();
    people.chain(section("group", "Groups", groups)).collect()
}

fn card(change: &Change, plan: &Plan) -> Card {
    let person = Person::of_change(change, plan);
    let heading = match (change.object, change.action) {
        (Object::Group, action) => format!("{} group {}", capital(action.as_str()), person.name()),
        (Object::User, action) => format!("{} {}", capital(action.as_str()), person.name()),
    };
    let member = |key: &String| Person::of_key(key, plan).line(Room::Middle);
    let members = change.members.as_ref();
    Card {
        heading,
        about: person.about(Room::Middle).join(", "),
        manager: person.manager(),
        sign_in_name: person.sign_in_name(),
        reason: shown(&change.reason),
        lines: change.attributes.iter().filter(|edit| is_worth_a_line(edit, change)).map(|edit| line(edit, plan)).collect(),
        then: change.then.iter().map(|action| step(*action).to_owned()).collect(),
        added: members.map(|members| members.add.iter().map(member).collect()).unwrap_or_default(),
        removed: members.map(|members| members.remove.iter().map(member).collect()).unwrap_or_default(),
    }
}

/// Whether an attribute is shown: the heading of a new account has its names already.
fn is_worth_a_line(edit: &Edit, change: &Change) -> bool {
    let in_heading = [roles::DISPLAY_NAME, roles::MAIL_NICKNAME, roles::EMPLOYEE_ID, roles::USER_PRINCIPAL_NAME];
    change.action != Action::Create || change.object == Object::Group || !in_heading.contains(&edit.name.as_str())
}

fn line(edit: &Edit, plan: &Plan) -> EditLine {
    let text = |side: &Option<_>| side.as_ref().map(|side| value(edit, Some(side), plan));
    let attribute = words(&edit.name);
    let is_spelled = attribute.replace(' ', "").eq_ignore_ascii_case(edit.name.rsplit('.').next().unwrap_or_default());
    EditLine {
        graph_name: (!is_spelled).then(|| shown(&edit.name)),
        attribute,
        before: text(&edit.before),
        after: text(&edit.after),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

mod filters {
    #![expect(
        unreachable_pub,
        clippy::inline_always,
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the attribute makes it so"
    )]

    use std::fmt;

    use crate::report;

    /// Spells out characters that would change the reading direction of the page.
    #[askama::filter_fn]
    pub(super) fn shown(text: impl fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(report::shown(&text.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::world::{Tell as _, World, worker};

    #[test]
    fn a_name_cannot_leave_its_element_or_turn_the_page() {
        let world = World::new(vec![worker("1", "<script>alert(1)</script>", "St\u{202e}one")]);
        let page = html(&world.plan(), &View::default());
        assert!(page.contains("&#60;script&#62;alert(1)"), "{page}");
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert!(page.contains(r"St\u{202e}one"), "{page}");
        assert!(page.trim_end().ends_with("</html>"));
    }

    #[test]
    fn the_policy_of_the_page_lets_its_own_script_run_and_no_other() {
        let page = html(&World::new(vec![worker("1", "Ada", "Lovelace")]).plan(), &View::default());
        let script = page.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
        let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
        assert!(page.contains(&format!("script-src 'sha256-{hash}'")), "{page}");
        assert!(!page.contains("http://") || page.matches("http://127.0.0.1").count() == page.matches("http://").count());
        assert!(!page.contains("src=\"") && !page.contains("<link"));
    }

    #[test]
    fn leavers_come_first_and_each_person_is_an_article_with_a_heading() {
        let people = || (1..=30).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}")));
        let mut world = World::settled(people().collect());
        let mut next: Vec<_> = people().collect();
        next[0] = next[0].clone().left();
        next[1] = next[1].clone().with("department", "Audit");
        next.push(worker("31", "New", "One"));
        world.hr(next);
        let plan = world.plan();
        let page = html(&plan, &View::default());
        assert_eq!(page.matches("<article").count(), plan.changes.len());
        assert_eq!(page.matches("<article").count(), page.matches("<h3>").count());
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing: {page}"));
        assert!(at("Disable Ada L1") < at("Create New One") && at("Create New One") < at("Update Ada L2"));
        assert!(page.contains("<h1>1 person loses access, 1 joins, 1 changes: nothing is written until you approve</h1>"));
        assert!(page.contains("<del>") && page.contains("<ins>") && page.contains("To approve this plan"));
        assert!(page.contains(&format!("hrpush approve {}", plan.fingerprint)));
    }

    #[test]
    fn the_page_of_a_thousand_changes_stays_below_a_megabyte() {
        let people = (1..=1_000).map(|n| {
            let person = worker(&format!("{n:05}"), "Maximiliana", &format!("Großmann-Lüdenscheidt{n}"));
            let person = person.with("jobTitle", "Senior Specialist for Claims").with("officeLocation", "Building 7, floor 3");
            person.with("city", "Ludwigshafen").with("mobilePhone", "+49 621 5551234").with("companyName", "Contoso Insurance")
        });
        let page = html(&World::new(people.collect()).plan(), &View::default());
        assert!(page.matches("<article").count() == 1_000 && page.len() < 1_000_000, "{} bytes", page.len());
    }
}
