//! Decisions by hand.

use super::*;

#[test]
fn a_conversion_is_settled_by_hand_in_each_way() {
    let with_mail = |record: Desired| record.with("mail", "ada@contoso.com");
    let (old, new) = (|| with_mail(ada()).left(), || with_mail(worker("E1", "Ada", "Adler")));
    let world = || {
        let mut world = World::settled(vec![with_mail(ada())]);
        world.hr(vec![old(), new()]);
        world
    };
    let mut same = world();
    decide(&mut same, &new(), Verdict::Same(id("id-1")));
    assert!(same.text().starts_with("update E1 employeeId:1>E1"), "{}", same.text());
    settles(&mut same);
    assert_eq!(same.text(), "");
    let mut gone = world();
    decide(&mut gone, &old(), Verdict::Same(id("id-1")));
    assert!(gone.text().starts_with("disable 1 ") && gone.text().ends_with("held E1 claimed-by-other-key"), "{}", gone.text());
    let mut other = world();
    decide(&mut other, &new(), Verdict::New);
    assert!(other.text().starts_with("disable 1 "), "{}", other.text());
}

// Two feeds.

#[test]
fn the_same_person_by_hand_returns_with_a_new_password() {
    for mut world in [left_ada(), deleted_ada()] {
        world.hr(vec![zoe()]);
        decide(&mut world, &zoe(), Verdict::Same(id("id-1")));
        let plan = settles(&mut world);
        assert!(matches!(plan.changes[0].action, Action::Enable | Action::Restore), "{}", text(&plan));
        assert!(plan.changes[0].needs_new_password());
    }
    let mut ordinary = left_ada();
    ordinary.hr(vec![worker("1", "Ada", "Zander")]);
    assert!(!ordinary.plan().changes[0].needs_new_password());
}

#[test]
fn a_new_password_is_due_also_where_names_are_written_once_and_in_a_saved_plan() {
    let once = |mut person: Desired| {
        for wanted in &mut person.attributes {
            if wanted.attribute.name != "employeeId" {
                wanted.when = crate::mapping::When::Create;
            }
        }
        person
    };
    let mut world = left_ada();
    world.hr(vec![once(zoe())]);
    decide(&mut world, &zoe(), Verdict::Same(id("id-1")));
    let plan = world.plan();
    let document: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert!(document.with_aside(plan.aside()).changes[0].needs_new_password());
    let mut mapped = left_ada();
    mapped.hr(vec![zoe()]);
    decide(&mut mapped, &zoe(), Verdict::Same(id("id-1")));
    let document: Plan = serde_json::from_str(&serde_json::to_string(&mapped.plan()).unwrap()).unwrap();
    assert!(document.changes[0].needs_new_password(), "the document alone shows it");
}

#[test]
fn a_new_person_by_hand_gets_an_account_unless_a_live_account_carries_the_key() {
    let mut world = left_ada();
    world.hr(vec![zoe()]);
    decide(&mut world, &zoe(), Verdict::New);
    assert_eq!(world.text(), "held 1 key-reused");
    unset(&mut world, "1", "employeeId");
    assert!(world.text().starts_with("create 1 "), "{}", world.text());
    let mut deleted = deleted_ada();
    deleted.hr(vec![zoe()]);
    decide(&mut deleted, &zoe(), Verdict::New);
    assert!(deleted.text().starts_with("create 1 "), "{}", deleted.text());
}

#[test]
fn each_doubt_is_settled_by_hand_in_both_ways() {
    let zoe = || worker("5", "Zoe", "Zander").with("mail", "shared@contoso.com");
    let cases: [(&str, &[(&str, &str)]); 3] = [
        ("doubtful-match", &[("mail", "shared@contoso.com"), ("displayName", "Reception")]),
        ("claimed-by-other-key", &[("mail", "shared@contoso.com"), ("employeeId", "77")]),
        ("possible-duplicate", &[("givenName", "Zoe"), ("surname", "Zander")]),
    ];
    for (code, attributes) in cases {
        let mut world = World::new(vec![zoe()]);
        account(&mut world, "shared", attributes);
        assert_eq!(world.text(), format!("held 5 {code}"));
        let candidates = world.plan().held[0].candidates.clone();
        assert_eq!(candidates.iter().map(|candidate| candidate.id.clone()).collect::<Vec<_>>(), [id("shared")], "{code}");
        decide(&mut world, &zoe(), Verdict::New);
        let text = world.text();
        assert!(text.starts_with("create 5 ") || text == "held 5 name-taken", "{code}: {text}");
        decide(&mut world, &zoe(), Verdict::Same(id("shared")));
        assert!(world.text().starts_with("update 5 ") && world.text().contains("decided by hand"), "{code}: {}", world.text());
        settles(&mut world);
        assert_eq!(world.text(), "", "{code}");
    }
}

#[test]
fn a_decision_ends_when_a_name_changes_and_does_not_reach_another_account() {
    let mut world = left_ada();
    world.hr(vec![zoe()]);
    decide(&mut world, &zoe(), Verdict::Same(id("id-1")));
    world.hr(vec![worker("1", "Zoe", "Young")]);
    assert_eq!(world.text(), "held 1 key-reused");
    world.hr(vec![zoe()]);
    decide(&mut world, &zoe(), Verdict::Same(id("gone")));
    assert_eq!(world.text(), "held 1 key-reused");
    decide(&mut world, &zoe(), Verdict::Keep);
    assert_eq!(world.text(), "held 1 key-reused");
}

#[test]
fn a_decision_does_not_take_an_account_from_its_own_record() {
    let mut world = World::settled(vec![ada(), worker("2", "Bob", "Boss")]);
    let eve = || worker("3", "Eve", "Stone");
    world.hr(vec![ada(), worker("2", "Bob", "Boss"), eve()]);
    decide(&mut world, &eve(), Verdict::Same(id("id-1")));
    assert_eq!(world.text(), "held 1 two-records-one-user\nheld 3 two-records-one-user");
}

// A law.
