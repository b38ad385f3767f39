use super::world::*;
use crate::directory::GroupKind;
use crate::mapping::{Desired, GroupRule, GroupWanted};
use crate::plan::group_rules::former_unique_name;
use crate::plan::{FeedGroup, unique_name};

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
    assert!(text.ends_with("skipped Sales GroupMembers"), "{text}");
    world.apply();
    assert_eq!(world.text(), "skipped Sales GroupMembers");
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
    assert_eq!(world.text(), "held Sales group-name-taken\nskipped hrpush-sales-gone GroupSpelling".lines().next().unwrap());
}

#[test]
fn a_group_without_a_rule_is_reported() {
    let mut world = World::settled(two());
    world.rules.groups.clear();
    world.hr(vec![worker("1", "Ada", "Lovelace"), worker("2", "Bob", "Boss")]);
    assert_eq!(world.text(), format!("skipped {} GroupUnused", unique_name("Sales")));
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

/// So many people, the first of them with another spelling of the department.
fn staff(count: usize, department: &str, first: &str) -> Vec<Desired> {
    let person = |number: usize| {
        let of = if number == 1 { first } else { department };
        worker(&number.to_string(), "Given", &format!("Family{number}")).in_group(of)
    };
    (1..=count).map(person).collect()
}

/// Spellings of one department, each with the one that most people have.
const SPELLINGS: [(&str, &str); 14] = [
    ("Sales", "SALES"),
    ("Sales", "sales"),
    ("Sales", " Sales"),
    ("Sales", "Sales  "),
    ("Sales", "\u{a0}Sales\u{2003}"),
    ("Sales", "Sa\u{200b}les"),
    ("Key Account", "Key \u{a0} ACCOUNT"),
    ("Büro", "Bu\u{308}ro"),
    ("Büro", "BÜRO"),
    ("Straße", "STRASSE"),
    ("İzmir", "İZMİR"),
    ("Satış", "SATIŞ"),
    ("Ankara İdari", "ANKARA IDARI"),
    ("Οδος", "ΟΔΟΣ"),
];

#[test]
fn another_spelling_of_a_cell_costs_nobody_the_group() {
    for (common, other) in SPELLINGS {
        let mut world = World::settled(staff(12, common, common));
        world.hr(staff(12, common, other));
        let plan = world.apply();
        assert!(plan.changes.is_empty() && plan.held.is_empty(), "{other:?}: {}", text(&plan));
        // Back again, and all of them in the other spelling: the group is still the same.
        world.hr(staff(12, common, common));
        assert_eq!(world.text(), "", "{other:?}");
        world.hr(staff(12, other, other));
        let plan = world.plan();
        assert!(plan.changes.is_empty() && plan.held.is_empty(), "{other:?}: {}", text(&plan));
    }
}

#[test]
fn a_first_run_makes_one_group_of_all_spellings_under_the_commonest() {
    for (common, other) in SPELLINGS {
        let mut world = World::new(staff(30, common, other));
        let plan = world.apply();
        let groups: Vec<_> = plan.changes.iter().filter(|change| change.members.is_some()).collect();
        assert_eq!(groups.len(), 1, "{other:?}");
        assert_eq!(groups[0].members.as_ref().unwrap().add.len(), 30);
        assert_eq!(world.snapshot.groups.values().next().unwrap().name, format!("Dept {common}"));
        let plan = world.plan();
        assert!(plan.changes.is_empty() && plan.held.is_empty(), "{other:?}: {}", text(&plan));
    }
}

#[test]
fn other_letters_are_another_department() {
    for (common, other) in [("Sales", "Sale s"), ("Sales", "Sales 2"), ("Büro", "Buro"), ("ΟΔΟΣ", "οδός")] {
        let plan = World::new(staff(3, common, other)).plan();
        assert_eq!(plan.summary.create_group, 2, "{other:?}");
    }
}

#[test]
fn the_spellings_that_a_group_does_not_show_are_listed() {
    let mut world = World::settled(staff(12, "Sales", "SALES"));
    let message =
        "the group \"Dept Sales\" is spelled \"Dept SALES\" in HR, too; all of them are this group; hint: use one spelling in HR";
    assert_eq!(world.plan().skipped[0].message, message);
    // All of HR has another spelling by now: it is no other name.
    world.hr(staff(12, "SALES", "SALES"));
    assert_eq!(world.text(), "skipped SALES GroupSpelling");
    assert_eq!(world.plan().skipped[0].message, message);
}

#[test]
fn of_two_equally_common_spellings_that_of_the_first_key_is_shown() {
    let mut people = staff(4, "SALES", "SALES");
    people[0].groups[0] = GroupWanted { rule: 0, key: "Sales".into(), name: "Dept Sales".into() };
    people[2].groups[0] = GroupWanted { rule: 0, key: "Sales".into(), name: "Dept Sales".into() };
    let names = |people: Vec<Desired>| {
        let mut world = World::settled(people);
        let name = world.snapshot.groups.values().next().unwrap().name.clone();
        world.apply();
        name
    };
    assert_eq!(names(people.clone()), "Dept Sales");
    people.reverse();
    assert_eq!(names(people), "Dept Sales");
}

/// Ada moves from Sales to Ops, and the group Ops is as `prepare` leaves it.
fn mover(prepare: impl Fn(&mut World)) -> World {
    let staff = || vec![worker("1", "Ada", "Lovelace").in_group("Sales"), worker("2", "Bob", "Boss").in_group("Sales")];
    let mut world = World::settled(staff());
    prepare(&mut world);
    let mut people = staff();
    people[0].groups.clear();
    world.hr(vec![people.remove(0).in_group("Ops"), people.remove(0)]);
    world
}

fn ops(world: &mut World) -> &mut crate::directory::Group {
    let unique = unique_name("Ops");
    world.snapshot.groups.entry(id(&unique)).or_insert_with(|| group(&unique, "Dept Ops"))
}

#[test]
fn a_person_whose_new_group_is_held_keeps_the_group_of_before() {
    type Prepare = fn(&mut World);
    let reasons: [(&str, Prepare); 9] = [
        ("taken by a group that hrpush did not make", |world| {
            let other = crate::directory::Group { unique_name: None, ..group("other", "DEPT  ops") };
            world.snapshot.groups.insert(id("other"), other);
        }),
        ("looks like a group that can be assigned to roles", |world| {
            let mut admins = group("admins", "Dept \u{41e}ps");
            (admins.unique_name, admins.role_assignable) = (None, true);
            world.snapshot.groups.insert(id("admins"), admins);
        }),
        ("filled by a rule", |world| ops(world).dynamic = true),
        ("synced", |world| ops(world).synced = true),
        ("assignable to roles", |world| ops(world).role_assignable = true),
        ("a distribution list", |world| ops(world).kind = GroupKind::MailEnabled),
        ("an owner whom the tenant does not have", |world| world.rules.groups[0].owners = vec!["it@contoso.com".into()]),
        ("an id that no group has", |world| {
            world.rules.groups.push(GroupRule {
                id: Some(id("no")),
                microsoft365: false,
                owners: Vec::new(),
                exact: true,
                from_feed: false,
            });
        }),
        ("a name that is too long", |_| {}),
    ];
    for (reason, prepare) in reasons {
        let mut world = mover(prepare);
        if reason.contains("too long") {
            world.hr(vec![
                {
                    let mut ada = worker("1", "Ada", "Lovelace");
                    ada.groups.push(GroupWanted { rule: 0, key: "Ops".into(), name: "x".repeat(257) });
                    ada
                },
                worker("2", "Bob", "Boss").in_group("Sales"),
            ]);
        }
        if reason.contains("an id") {
            // The rule without an id asks for nothing of Ada any more, and the one with it waits.
            let mut ada = worker("1", "Ada", "Lovelace").in_group("Sales");
            ada.groups.push(GroupWanted { rule: 1, key: "Ops".into(), name: "Ops".into() });
            world.hr(vec![ada, worker("2", "Bob", "Boss").in_group("Sales")]);
        }
        for _ in 0..2 {
            let plan = world.apply();
            assert_eq!(plan.changes.len(), 0, "{reason}: {}", text(&plan));
            assert_eq!(plan.held.len(), 1, "{reason}: {}", text(&plan));
            let held = &plan.held[0];
            let ends = held.message.ends_with("people that belong in it keep their present groups (1)");
            assert!(ends && !held.help.is_empty(), "{reason}: {}", held.message);
        }
        let sales = &world.snapshot.groups[&id(&unique_name("Sales"))];
        assert_eq!(sales.members.len(), 2, "{reason}");
    }
}

#[test]
fn a_held_group_keeps_nobody_in_the_groups_of_other_rules_and_no_leaver() {
    let rule = || GroupRule { id: None, microsoft365: false, owners: Vec::new(), exact: true, from_feed: false };
    let of = |rule: usize, key: &str| GroupWanted { rule, key: key.into(), name: format!("Dept {key}") };
    let person = |number: &str, groups: Vec<GroupWanted>| Desired { groups, ..worker(number, "Given", &format!("F{number}")) };
    let mut world = World::new(vec![
        person("1", vec![of(0, "Sales"), of(1, "Graz")]),
        person("2", vec![of(0, "Sales"), of(1, "Graz")]),
        person("3", vec![of(0, "Sales"), of(1, "Graz")]),
    ]);
    world.rules.groups.push(rule());
    world.apply();
    ops(&mut world).dynamic = true;
    world.hr(vec![
        person("1", vec![of(0, "Ops"), of(1, "Linz")]),
        person("2", vec![of(0, "Ops"), of(1, "Graz")]).left(),
        person("3", vec![of(0, "Sales"), of(1, "Graz")]),
    ]);
    let text = world.text();
    assert!(text.contains("update Graz +[] -[1] "), "{text}");
    assert!(text.contains("update Sales +[] -[2] "), "{text}");
    assert!(text.contains("create Linz"), "{text}");
}

#[test]
fn the_last_person_of_a_group_keeps_it_while_the_new_one_is_held() {
    let mut world = World::settled(vec![worker("1", "Ada", "Lovelace").in_group("Sales")]);
    ops(&mut world).synced = true;
    world.hr(vec![worker("1", "Ada", "Lovelace").in_group("Ops")]);
    let plan = world.apply();
    assert!(plan.changes.is_empty(), "{}", text(&plan));
    ops(&mut world).synced = false;
    let text = world.text();
    assert!(text.contains("update Ops +[1]") && text.contains("-[1] (no record"), "{text}");
}

/// A tenant as an earlier version left it: each spelling of the key was a group of its own.
fn earlier(groups: &[(&str, &str, &[&str])]) -> World {
    let people = (1..=4).map(|number| worker(&number.to_string(), "Given", &format!("F{number}"))).collect();
    let mut world = World::settled(people);
    for (key, name, members) in groups {
        let unique = former_unique_name(key);
        let mut group = group(&unique, name);
        group.members = members.iter().map(|number| id(&format!("id-{number}"))).collect();
        world.snapshot.groups.insert(id(&unique), group);
    }
    world
}

fn four(key: &str, name: &str) -> Vec<Desired> {
    let wanted = || GroupWanted { rule: 0, key: key.into(), name: name.into() };
    (1..=4)
        .map(|number| Desired { groups: vec![wanted()], ..worker(&number.to_string(), "Given", &format!("F{number}")) })
        .collect()
}

#[test]
fn groups_of_an_earlier_version_are_known_by_each_spelling() {
    let all: &[&str] = &["1", "2", "3", "4"];
    let cases = [
        ("Sales", "Dept Sales", "Sales", "Dept Sales"),
        ("Sales", "Dept Sales", "SALES", "Dept SALES"),
        ("SALES", "Dept SALES", "Sales", "Dept Sales"),
        ("sales", "Dept sales", "Sales", "Dept Sales"),
        ("Key Account", "Key Account", "KEY ACCOUNT", "KEY ACCOUNT"),
        ("Bu\u{308}ro", "Bu\u{308}ro", "Büro", "Büro"),
        // The name was the key, with the blanks of the cell.
        ("Dept  Sales", "Dept  Sales", "Dept Sales", "Dept Sales"),
        ("McDonald team", "McDonald team", "MCDONALD TEAM", "MCDONALD TEAM"),
    ];
    for (made, called, key, name) in cases {
        let mut world = earlier(&[(made, called, all)]);
        world.hr(four(key, name));
        let plan = world.apply();
        assert!(plan.changes.is_empty() && plan.held.is_empty(), "{made:?} {key:?}: {}", text(&plan));
        assert_eq!(world.snapshot.groups.len(), 1, "{made:?}");
    }
}

#[test]
fn a_group_of_an_earlier_version_keeps_its_identity_through_a_new_name() {
    let mut world = earlier(&[("Sales", "Dept Sales", &["1", "2", "3", "4"])]);
    world.hr(four("Sales", "Vertrieb"));
    assert_eq!(world.text(), "update Sales displayName:Dept Sales>Vertrieb (renamed in HR)");
    world.apply();
    assert_eq!(world.text(), "");
}

#[test]
fn two_groups_of_an_earlier_version_for_one_key_lose_nobody_who_belongs_there() {
    let (sales, capitals) = (former_unique_name("Sales"), former_unique_name("SALES"));
    let mut world = earlier(&[("SALES", "Dept SALES", &["1"]), ("Sales", "Dept Sales", &["2", "3", "4"])]);
    let mut people = four("Sales", "Dept Sales");
    people[0].groups[0] = GroupWanted { rule: 0, key: "SALES".into(), name: "Dept SALES".into() };
    world.hr(people.clone());
    let lines = world.text();
    assert!(lines.starts_with("update Sales +[1] -[] (membership by HR)\nskipped"), "{lines}");
    world.apply();
    assert!(world.plan().changes.is_empty());
    // The commonest spelling is another one now: the groups do not change their parts.
    let mut others = four("SALES", "Dept SALES");
    others[3].groups[0] = GroupWanted { rule: 0, key: "Sales".into(), name: "Dept Sales".into() };
    world.hr(others);
    assert!(world.plan().changes.is_empty(), "{}", world.text());
    // A mover leaves both.
    people[0].groups.clear();
    world.hr(people);
    world.apply();
    let members = |unique: &str| world.snapshot.groups[&id(unique)].members.len();
    assert_eq!((members(&sales), members(&capitals)), (3, 0));
    assert!(world.plan().changes.is_empty());
}

#[test]
fn a_group_of_the_feed_is_made_without_members_and_its_pending_ones_are_listed() {
    let of = |key: &str, name: &str| GroupWanted { rule: 0, key: key.into(), name: name.into() };
    let person = |number: &str, groups: Vec<GroupWanted>| Desired { groups, ..worker(number, "Given", &format!("F{number}")) };
    let feed = |name: &str, pending: &[&str]| FeedGroup {
        key: "g-1".into(),
        name: name.into(),
        pending: pending.iter().map(ToString::to_string).collect(),
        nested: 0,
    };
    let mut world = World::new(vec![person("1", vec![]), person("2", vec![])]);
    world.rules.groups[0].from_feed = true;
    world.feed_groups =
        vec![feed("Claims", &["u7"]), FeedGroup { key: "g-2".into(), name: "Parent".into(), nested: 2, ..FeedGroup::default() }];
    let text = world.text();
    assert!(text.contains("create g-1") && text.contains("create g-2"), "{text}");
    assert!(text.contains("skipped g-1 MemberPending") && text.contains("skipped g-2 MemberPending"), "{text}");
    world.apply();
    world.feed_groups = vec![feed("Claims", &[]), FeedGroup { key: "g-2".into(), name: "Parent".into(), ..FeedGroup::default() }];
    assert_eq!(world.text(), "");
    world.feed_groups[0].name = "Claims DE".into();
    world.hr(vec![person("1", vec![of("g-1", "Claims DE")]), person("2", vec![])]);
    let text = world.text();
    assert!(text.contains("update g-1 displayName:Claims>Claims DE +[1]"), "{text}");
    world.only = Some([key("2")].into());
    world.feed_groups.push(feed("New", &["u8"]));
    assert!(!world.text().contains("MemberPending"), "a plan for a few people is about them");
}
