use super::world::*;
use crate::plan::unique_name;

fn two() -> Vec<crate::mapping::Desired> {
    vec![worker("1", "Ada", "Lovelace").in_group("Sales"), worker("2", "Bob", "Boss").in_group("Sales")]
}

#[test]
fn a_group_is_made_with_its_members() {
    let world = World::new(two());
    let plan = world.plan();
    assert_eq!(
        text(&plan).lines().last().unwrap(),
        format!(
            "create Sales displayName:->Dept Sales kind:->security uniqueName:->{} +[1,2] -[] (asked for by the mapping)",
            unique_name("Sales")
        )
    );
    assert_eq!((plan.summary.create_group, plan.summary.add_members), (1, 2));
}

#[test]
fn a_mover_leaves_one_group_and_joins_another_and_strangers_stay() {
    let mut world = World::settled(two());
    world.stranger("eve");
    world.snapshot.groups.get_mut(&id(&unique_name("Sales"))).unwrap().members.insert(id("eve"));
    world.hr(vec![worker("1", "Ada", "Lovelace").in_group("Ops"), worker("2", "Bob", "Boss").in_group("Sales")]);
    let text = world.text();
    assert!(text.contains("update Sales +[] -[1] (membership by HR)"), "{text}");
    assert!(text.contains("+[1] -[] (asked for by the mapping)"), "{text}");
    assert!(text.ends_with("skipped Sales OutOfScope"), "{text}");
    world.apply();
    assert_eq!(world.text(), "skipped Sales OutOfScope");
}

#[test]
fn a_group_is_known_by_its_key_when_its_name_changes() {
    let mut world = World::settled(two());
    let mut people = two();
    for person in &mut people {
        person.groups[0].name = "Sales & more".into();
    }
    world.hr(people);
    assert_eq!(world.text(), "update Sales displayName:Dept Sales>Sales & more (renamed in HR)");
}

#[test]
fn two_groups_swap_their_names_and_a_chain_moves_on() {
    let staff = |sales: &str, ops: &str| {
        let mut people = vec![worker("1", "Ada", "Lovelace").in_group("Sales"), worker("2", "Bob", "Boss").in_group("Ops")];
        people[0].groups[0].name = sales.into();
        people[1].groups[0].name = ops.into();
        people
    };
    let mut world = World::settled(staff("Alpha", "Beta"));
    world.hr(staff("Beta", "Alpha"));
    let swapped = "update Ops displayName:Beta>Alpha (renamed in HR)\nupdate Sales displayName:Alpha>Beta (renamed in HR)";
    assert_eq!(world.text(), swapped);
    world.apply();
    world.hr(staff("Gamma", "Beta"));
    assert_eq!(
        world.text(),
        "update Ops displayName:Alpha>Beta (renamed in HR)\nupdate Sales displayName:Beta>Gamma (renamed in HR)"
    );
    // A name is given up only where its group gets another one.
    let mut other = group("other", "Gamma");
    other.unique_name = None;
    world.snapshot.groups.insert(id("other"), other);
    assert_eq!(world.text(), "held Ops group-name-taken\nheld Sales group-name-taken");
}

#[test]
fn a_name_that_another_group_has_holds_the_group() {
    let mut world = World::new(two());
    let mut other = group("other", "dept sales");
    other.unique_name = None;
    world.snapshot.groups.insert(id("other"), other);
    assert!(world.text().ends_with("held Sales group-name-taken"), "{}", world.text());
}

#[test]
fn a_group_that_grew_a_rule_of_its_own_is_refused() {
    let mut world = World::settled(two());
    world.snapshot.groups.get_mut(&id(&unique_name("Sales"))).unwrap().dynamic = true;
    assert_eq!(world.text(), "held Sales group-name-taken\nskipped hrpush-sales-gone OutOfScope".lines().next().unwrap());
}

#[test]
fn a_group_without_a_rule_is_reported() {
    let mut world = World::settled(two());
    world.rules.groups.clear();
    world.hr(vec![worker("1", "Ada", "Lovelace"), worker("2", "Bob", "Boss")]);
    assert_eq!(world.text(), format!("skipped {} OutOfScope", unique_name("Sales")));
}

#[test]
fn a_group_named_by_its_id_serves_all_its_people_and_loses_the_last() {
    let mut world = World::settled(vec![worker("1", "Ada", "Lovelace"), worker("2", "Bob", "Boss")]);
    let mut all = group("all", "Everybody");
    all.unique_name = None;
    all.members.insert(id("id-2"));
    world.snapshot.groups.insert(id("all"), all);
    world.rules.groups[0].id = Some(id("all"));
    world.hr(vec![worker("1", "Ada", "Lovelace").in_group("A"), worker("2", "Bob", "Boss").in_group("B")]);
    assert_eq!(world.text(), "update A +[1] -[] (membership by HR)");
    world.apply();
    world.hr(vec![worker("1", "Ada", "Lovelace"), worker("2", "Bob", "Boss")]);
    assert_eq!(world.text(), "update all +[] -[1,2] (membership by HR)");
    world.apply();
    assert_eq!(world.text(), "");
}

#[test]
fn groups_that_refuse_members_are_not_emptied_for_a_leaver() {
    let mut world = World::settled(two());
    world.lifecycle().on_leave = vec![crate::mapping::LeaveAction::RemoveFromManagedGroups];
    world.snapshot.groups.get_mut(&id(&unique_name("Sales"))).unwrap().dynamic = true;
    world.hr(vec![worker("1", "Ada", "Lovelace").left(), worker("2", "Bob", "Boss")]);
    assert!(world.text().starts_with("disable 1 accountEnabled:true>false (left on"), "{}", world.text());
}

#[test]
fn a_group_of_another_feed_keeps_whom_that_feed_carried_last() {
    let mut world = World::settled(two());
    world.known("1").feed = "other".into();
    world.hr(vec![worker("1", "Ada", "Lovelace"), worker("2", "Bob", "Boss")]);
    assert!(world.text().starts_with(&format!("update {} +[] -[2]", unique_name("Sales"))), "{}", world.text());
}

#[test]
fn with_only_some_planned_no_group_is_renamed() {
    let mut world = World::settled(two());
    let mut people = two();
    for person in &mut people {
        person.groups[0].name = "Sales & more".into();
    }
    world.hr(people);
    world.only = Some([key("1")].into());
    assert_eq!(world.text(), "");
}

#[test]
fn a_name_like_that_of_a_privileged_group_is_held() {
    let mut world = World::new(two());
    let mut admins = group("admins", "Dept Salts");
    admins.unique_name = None;
    admins.role_assignable = true;
    world.snapshot.groups.insert(id("admins"), admins);
    assert!(!world.text().contains("look-alike"));
    world.snapshot.groups.get_mut(&id("admins")).unwrap().name = "Dept S\u{430}les".into();
    assert!(world.text().ends_with("held Sales look-alike"), "{}", world.text());
}
