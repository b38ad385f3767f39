//! People of the feed without any record.

use super::world::*;
use crate::mapping::{Desired, Held, HeldCode, Mapped};
use crate::plan::{Action, Decision, Plan, SkippedCode, Verdict};
use crate::record::{At, Place};

fn ada() -> Desired {
    worker("1", "Ada", "Lovelace")
}

fn bob() -> Desired {
    worker("2", "Bob", "Boss")
}

fn held(key_text: Option<&str>, code: HeldCode) -> Mapped {
    Mapped::Held(Held {
        key: key_text.map(key),
        previous_key: None,
        place: Some(ada().place),
        left: false,
        code,
        message: "no".into(),
        help: "do".into(),
        candidates: Vec::new(),
        marks: Vec::new(),
        shown: Vec::new(),
    })
}

/// Ada is in no record, and missing people are disabled.
fn without_ada(others: Vec<Mapped>) -> World {
    let mut world = World::settled(vec![ada(), bob()]);
    world.lifecycle().disable_missing = true;
    world.mapped = others;
    world.mapped.push(Mapped::Desired(bob()));
    world
}

fn is_disabled(plan: &Plan) -> bool {
    plan.changes.iter().any(|change| change.action == Action::Disable)
}

#[test]
fn nobody_is_disabled_as_missing_after_a_record_that_may_be_theirs() {
    let listed = |at: &str| {
        let mut person = worker("3", "Cem", "Can");
        person.place = Place { source: "hr".into(), at: At::Pointer(at.into()) };
        Mapped::Desired(person)
    };
    let doubtful = [
        (vec![held(None, HeldCode::NoKey)], "no key"),
        (vec![held(None, HeldCode::InvisibleCharacter)], "no key"),
        (vec![held(Some("9"), HeldCode::InvisibleCharacter)], "invisible character"),
        (vec![listed("/0"), listed("/7")], "twice"),
    ];
    for (rows, cause) in doubtful {
        let plan = without_ada(rows).plan();
        assert!(!is_disabled(&plan), "{cause}: {}", text(&plan));
        let listed: Vec<_> = plan.skipped.iter().filter(|skipped| skipped.code == SkippedCode::Missing).collect();
        assert!(matches!(listed[..], [entry] if entry.message.contains(cause) && entry.message.contains("hint: ")), "{listed:?}");
        assert!(!plan.attention().is_empty());
    }
    let certain = [vec![], vec![held(Some("9"), HeldCode::InvalidValue)]];
    for rows in certain {
        assert!(is_disabled(&without_ada(rows).plan()));
    }
}

#[test]
fn what_the_scope_leaves_out_raises_no_doubt() {
    let out = Mapped::OutOfScope { key: None, previous_key: None, place: ada().place, stage: None, damaged_key: false };
    assert!(is_disabled(&without_ada(vec![out]).plan()));
}

#[test]
fn a_missing_person_with_an_enabled_account_ends_the_run_with_4_until_it_is_settled() {
    let mut world = without_ada(Vec::new());
    world.lifecycle().disable_missing = false;
    assert_eq!((world.text(), world.plan().attention().len()), ("skipped 1 Missing".to_owned(), 1));
    let settle: [fn(&mut World); 3] = [
        |world| world.user("1").enabled = Some(false),
        |world| world.mapped.push(Mapped::Desired(ada())),
        |world| {
            let (given_name, surname) = (String::new(), String::new());
            let decision = Decision { verdict: Verdict::Keep, account: Some(id("id-1")), given_name, surname };
            world.ledger.decisions.insert(key("1"), decision);
        },
    ];
    for settle in settle {
        let mut world = without_ada(Vec::new());
        world.lifecycle().disable_missing = false;
        settle(&mut world);
        assert_eq!((world.text(), world.plan().attention().len()), (String::new(), 0));
    }
}

#[test]
fn a_decision_keeps_people_who_are_missing_or_out_of_scope_but_no_other_account() {
    let keep = |world: &mut World, account: Option<&str>| {
        let decision =
            Decision { verdict: Verdict::Keep, account: account.map(id), given_name: String::new(), surname: String::new() };
        world.ledger.decisions.insert(key("1"), decision);
    };
    let mut world = without_ada(Vec::new());
    keep(&mut world, Some("id-1"));
    assert_eq!(world.text(), "");
    assert!(world.survey().notes.iter().any(|note| note.text().contains("keep their accounts")));
    keep(&mut world, Some("another"));
    assert!(is_disabled(&world.plan()));
    keep(&mut world, None);
    world.lifecycle().disable_out_of_scope = true;
    world.mapped.push(Mapped::OutOfScope {
        key: Some(key("1")),
        previous_key: None,
        place: ada().place,
        stage: None,
        damaged_key: false,
    });
    assert_eq!(world.text(), "");
}

#[test]
fn two_keys_of_one_account_are_one_missing_person() {
    let mut world = without_ada(Vec::new());
    let known = world.known("1").clone();
    world.ledger.people.insert(key("E1"), known);
    let plan = world.plan();
    assert_eq!(plan.changes.len(), 1, "{}", text(&plan));
    world.lifecycle().disable_missing = false;
    assert_eq!(world.text(), "skipped 1 Missing");
}

#[test]
fn a_person_seen_on_an_account_that_hrpush_must_not_touch_heads_the_report_when_missing() {
    let mut world = without_ada(Vec::new());
    world.known("1").seen = true;
    world.user("1").synced = true;
    let plan = world.plan();
    assert_eq!(text(&plan), "skipped 1 Synced LEFT");
    assert!(plan.skipped[0].message.starts_with("MISSING from HR"));
}
