//! Several records with one key.

use super::*;

#[test]
fn records_of_one_key_that_all_call_the_person_gone_are_one_leaver() {
    let mut world = World::settled(vec![ada()]);
    let second = || ada().left().with("department", "Ops").managed_by("2");
    world.hr(vec![ada().left().with("city", "Graz"), second().with("city", "Graz")]);
    let plan = world.plan();
    assert_eq!(plan.changes.len(), 1, "{}", text(&plan));
    assert!(text(&plan).starts_with("disable 1 accountEnabled:true>false city:->Graz then"), "{}", text(&plan));
    assert!(plan.held.is_empty());
    settles(&mut world);
}

#[test]
fn of_records_with_one_key_the_one_that_calls_the_person_gone_heads_the_report() {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().left(), ada()]);
    let plan = world.plan();
    assert_eq!(text(&plan), "held 1 duplicate-key\nheld 1 duplicate-key");
    assert_eq!(plan.held.iter().map(|held| held.left).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn the_later_end_date_of_several_records_decides_about_deleting() {
    let end = |day| ada().stage(Stage::Left { end: Some(day) });
    let mut world = left_ada();
    world.known("1").disabled_on = Some(date(2026, 1, 1));
    world.lifecycle().delete_after = Some(30);
    world.hr(vec![end(date(2026, 1, 1)), end(date(2026, 11, 1))]);
    assert_eq!(world.text(), "");
    world.hr(vec![end(date(2026, 1, 1)), end(date(2026, 1, 2))]);
    assert!(world.text().starts_with("delete 1 "), "{}", world.text());
}

#[test]
fn a_record_outside_the_scope_is_no_duplicate() {
    let out =
        |stage| Mapped::OutOfScope { key: Some(key("1")), previous_key: None, place: ada().place, stage, damaged_key: false };
    let mut world = World::settled(vec![ada()]);
    for stage in [None, Some(Stage::Left { end: None }), Some(Stage::Active { start: None })] {
        world.mapped = vec![out(stage), Mapped::Desired(ada())];
        assert_eq!(world.text(), "");
        world.mapped = vec![Mapped::Desired(ada().left()), out(stage)];
        assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    }
}

// Decisions.
