//! Attempts of a person with bad intent, or with bad luck.

use jiff::civil::date;

use super::world::*;
use crate::directory::Value;
use crate::mapping::{Desired, Held, HeldCode, LeaveAction, Mapped, Stage, When};
use crate::plan::{Action, Cause, GuardName, SkippedCode};

fn ada() -> Desired {
    worker("1", "Ada", "Lovelace")
}

fn bob() -> Desired {
    worker("2", "Bob", "Boss")
}

fn set(world: &mut World, number: &str, name: &str, text: &str) {
    world.user(number).attributes.insert(attribute(name), Value::text(text));
}

fn held(desired: &Desired, code: HeldCode) -> Mapped {
    let (key, place) = (Some(desired.key.clone()), Some(desired.place.clone()));
    Mapped::Held(Held {
        key,
        previous_key: desired.previous_key.clone(),
        place,
        code,
        message: "no".into(),
        help: "do".into(),
        left: false,
        candidates: Vec::new(),
        marks: Vec::new(),
        shown: Vec::new(),
    })
}

#[test]
fn a_converted_person_who_is_held_or_out_of_scope_is_not_missing() {
    let mut world = World::settled(vec![ada(), bob()]);
    world.lifecycle().disable_missing = true;
    let converted = worker("E1", "Ada", "Lovelace").once("1");
    world.hr(vec![bob()]);
    world.mapped.push(held(&converted, HeldCode::InvalidValue));
    assert_eq!(world.text(), "held E1 invalid-value");
    world.hr(vec![bob()]);
    let (key, previous_key) = (converted.key.clone(), converted.previous_key.clone());
    world.mapped.push(Mapped::OutOfScope {
        key: Some(key),
        previous_key,
        place: converted.place,
        stage: Some(Stage::Active { start: None }),
        damaged_key: false,
    });
    assert_eq!(world.text(), "skipped E1 OutOfScope");
}

#[test]
fn a_leaver_with_an_account_of_their_own_is_disabled_though_a_new_record_names_the_old_key() {
    let mut world = World::settled(vec![ada(), worker("E1", "Ada", "Lovelace")]);
    world.hr(vec![ada().left(), worker("E1", "Ada", "Lovelace").once("1")]);
    assert!(world.text().starts_with("disable 1 "), "{}", world.text());
}

#[test]
fn both_records_of_a_conversion_may_leave_and_a_circle_is_held() {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().left(), worker("E1", "Ada", "Lovelace").once("1")]);
    world.apply();
    world.hr(vec![ada().left(), worker("E1", "Ada", "Lovelace").once("1").left()]);
    assert!(world.text().starts_with("disable E1 "), "{}", world.text());
    world.apply();
    assert_eq!(world.text(), "");
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().once("E1").left(), worker("E1", "Ada", "Lovelace").once("1").left()]);
    assert_eq!(world.text(), "held 1 two-records-one-user\nheld E1 two-records-one-user");
}

#[test]
fn two_people_whose_keys_were_exchanged_are_held() {
    let mut world = World::settled(vec![ada(), bob(), worker("3", "Eve", "Stone")]);
    world.hr(vec![worker("2", "Ada", "Lovelace"), worker("1", "Bob", "Boss"), worker("3", "Eve", "Wood")]);
    assert_eq!(
        world.text(),
        "update 3 displayName:Eve Stone>Eve Wood surname:Stone>Wood (HR changed displayName, surname)\n\
         held 1 ambiguous-match\nheld 2 ambiguous-match"
    );
}

#[test]
fn two_people_whose_keys_were_exchanged_are_held_though_names_are_written_once() {
    let once = |mut person: Desired| {
        for wanted in &mut person.attributes {
            if ["givenName", "surname", "displayName"].contains(&wanted.attribute.name) {
                wanted.when = When::Create;
            }
        }
        person
    };
    let mut world = World::settled(vec![once(ada()), once(bob())]);
    world.hr(vec![once(worker("2", "Ada", "Lovelace")), once(worker("1", "Bob", "Boss"))]);
    assert_eq!(world.text(), "held 1 ambiguous-match\nheld 2 ambiguous-match");
}

#[test]
fn a_value_that_a_crowd_shares_is_told_in_a_line() {
    let mut world = World::new(vec![ada()]);
    for number in 0..30 {
        world.stranger(&format!("someone{number:02}")).attributes.insert(attribute("employeeId"), Value::text("1"));
    }
    let plan = world.plan();
    let names: Vec<String> = (0..10).map(|number| format!("someone{number:02}")).collect();
    assert_eq!(plan.held[0].message, format!("30 users have the same employeeId: {} and 20 more", names.join(", ")));
}

#[test]
fn the_identity_guard_counts_who_becomes_somebody_else() {
    let people = |shift: usize| {
        let names = ["Stone", "Wood", "Lake", "Hill", "Ford", "Moor", "Park", "Rose", "Vale", "West", "York", "Zell"];
        let given = ["Ada", "Bob", "Cid", "Dan", "Eve", "Fay", "Gil", "Hal", "Ida", "Jon", "Kay", "Lea"];
        let person = |at: usize| worker(&format!("{at}"), given[(at + shift) % 12], names[(at + shift) % 12]);
        (0..6).map(person).collect::<Vec<_>>()
    };
    let mut world = World::settled(people(0));
    world.policy.guards.insert(GuardName::Update, crate::plan::Limit { off: true, ..Default::default() });
    world.hr(people(6));
    assert_eq!(world.text().lines().last(), Some("tripped identity 6 of 6"));
    // Where the names are those of the next person, nobody is asked for a yes.
    world.hr(people(1));
    let held = world.plan().held.into_iter().map(|held| held.code).collect::<Vec<_>>();
    assert_eq!(held, [HeldCode::KeyReused; 6], "{}", world.text());
}

#[test]
fn an_address_that_is_somebodys_goes_to_nobody_else() {
    let mut world = World::settled(vec![ada()]);
    set(&mut world, "1", "mail", "ada@contoso.com");
    world.hr(vec![ada(), worker("5", "Ada", "Stone").with("mail", "ADA@contoso.com")]);
    assert!(world.text().ends_with("held 5 claimed-by-other-key"), "{}", world.text());
    world.user("1").attributes.remove(&attribute("mail"));
    world.user("1").proxy_addresses = vec!["smtp:ada@contoso.com".into()];
    assert!(world.text().ends_with("held 5 name-taken"), "{}", world.text());
    world.user("1").proxy_addresses.clear();
    let until = date(2026, 1, 1);
    world.ledger.addresses.push(crate::plan::FormerAddress { address: "ada@contoso.com".into(), key: key("9"), until });
    assert!(world.text().ends_with("held 5 name-taken"), "{}", world.text());
    world.today = date(2027, 1, 2);
    assert!(world.text().starts_with("create 5"), "{}", world.text());
}

#[test]
fn an_account_without_a_key_that_an_administrator_deleted_stays_deleted() {
    let mut world = World::new(vec![ada().with("mail", "ada@contoso.com")]);
    let mut user = crate::directory::User::new(id("old"), crate::directory::Upn::new("ada@contoso.com"));
    user.attributes.insert(attribute("mail"), Value::text("ada@contoso.com"));
    world.snapshot.deleted.insert(id("old"), crate::directory::DeletedUser { user, deleted_at: None });
    assert_eq!(world.text(), "held 1 deleted-elsewhere");
    let old = &mut world.snapshot.deleted.get_mut(&id("old")).unwrap().user;
    old.attributes.insert(attribute("employeeId"), Value::text("77"));
    assert_eq!(world.text(), "held 1 name-taken", "the account was another person's, and so is the address");
}

#[test]
fn people_of_another_feed_do_not_fall_out_of_this_scope() {
    let mut world = World::settled(vec![ada()]);
    world.lifecycle().disable_out_of_scope = true;
    let out = |one: Desired| Mapped::OutOfScope {
        key: Some(one.key),
        previous_key: None,
        place: one.place,
        stage: None,
        damaged_key: false,
    };
    world.mapped = vec![out(ada())];
    assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    world.known("1").feed = "other".into();
    assert_eq!(world.text(), "");
}

#[test]
fn somebody_missing_is_no_leaver_while_missing_is_only_reported() {
    let mut world = World::settled(vec![ada()]);
    world.policy.protect_users = vec!["ada.lovelace@contoso.com".into()];
    world.hr(Vec::new());
    assert_eq!(world.text(), "skipped 1 Missing");
    world.lifecycle().disable_missing = true;
    assert_eq!(world.text(), "skipped 1 Protected LEFT");
}

#[test]
fn the_missing_whom_somebody_disabled_by_hand_are_signed_out_too() {
    let mut world = World::settled(vec![ada()]);
    world.lifecycle().disable_missing = true;
    world.user("1").enabled = Some(false);
    world.hr(Vec::new());
    assert_eq!(world.text(), "update 1 then RevokeSessions (missing from HR)");
    world.apply();
    assert_eq!(world.text(), "");
}

#[test]
fn one_missing_person_can_be_planned_alone() {
    let mut world = World::settled(vec![ada(), bob()]);
    world.lifecycle().disable_missing = true;
    world.hr(Vec::new());
    world.only = Some([key("2")].into());
    assert!(world.text().starts_with("disable 2 ") && !world.text().contains("disable 1"), "{}", world.text());
    world.only = Some([key("nobody")].into());
    assert!(world.survey().notes.iter().any(|note| note.text().contains("--only nobody")));
}

#[test]
fn a_shielded_pre_hire_is_not_enabled_and_one_disabled_by_hand_is_told() {
    let start = date(2026, 12, 1);
    let mut world = World::settled(vec![ada().stage(Stage::PreHire { start })]);
    world.lifecycle().enable_on_create = true;
    world.snapshot.privileged.principals.insert(id("id-1"), "Global Administrator".into());
    assert_eq!(world.text(), "skipped 1 Shielded");
    world.snapshot.privileged.principals.clear();
    assert!(world.text().starts_with("enable 1 "), "{}", world.text());
    world.known("1").pre_hire = false;
    assert_eq!(world.text(), "skipped 1 DisabledElsewhere");
}

#[test]
fn letters_that_cannot_be_seen_make_no_namesake() {
    let mut world = World::settled(vec![ada()]);
    world.snapshot.privileged.principals.insert(id("id-1"), "Global Administrator".into());
    for fake in ["Ada\u{200b} Lovelace", "Ada  Lovelace", "\u{410}da Lovelace", "Ada Love\u{ad}lace", "Ada Loveiace\u{2060}"] {
        world.hr(vec![ada(), worker("2", "Ada", "Lovelace").with("displayName", fake)]);
        let expected = !fake.contains("Loveiace");
        assert_eq!(world.text().contains("held 2 look-alike"), expected, "{fake:?}: {}", world.text());
    }
}

#[test]
fn a_protected_group_is_known_by_any_of_its_names_and_an_idle_entry_is_told() {
    let mut world = World::settled(vec![ada()]);
    let mut admins = group("hrpush-x", "Break Glass");
    admins.members.insert(id("id-1"));
    world.snapshot.groups.insert(admins.id.clone(), admins);
    world.hr(vec![ada().left()]);
    for name in ["break glass", "HRPUSH-X"] {
        world.policy.protect_groups = vec![name.into()];
        assert_eq!(world.plan().skipped[0].code, SkippedCode::Protected, "{name}");
    }
    world.policy.protect_groups = vec!["Brake Glass".into()];
    assert!(world.survey().notes.iter().any(|note| note.text().contains("brake glass")));
}

#[test]
fn a_manager_is_found_by_the_key_of_before() {
    let mut world = World::settled(vec![ada().managed_by("2"), bob()]);
    world.hr(vec![ada().managed_by("2"), worker("B2", "Bob", "Boss").once("2")]);
    world.apply();
    world.ledger.people.remove(&key("2"));
    assert_eq!(world.text(), "");
}

#[test]
fn what_was_let_through_counts_again_with_other_values() {
    let people = |n: usize| (1..=n).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}"))).collect::<Vec<_>>();
    let mut world = World::settled(people(10));
    let moved = |to: &str| people(10).into_iter().map(|person| person.with("department", to)).collect::<Vec<_>>();
    world.hr(moved("Ops"));
    assert_eq!(world.text().lines().last(), Some("tripped update 10 of 10"));
    world.ledger.let_through = world.plan().changes;
    assert!(world.plan().approve(None).is_ok());
    world.hr(moved("Legal"));
    assert_eq!(world.text().lines().last(), Some("tripped update 10 of 10"));
}

#[test]
fn the_manager_that_is_left_of_a_create_is_not_counted_again() {
    let people = || (1..=12).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}")).managed_by("01")).collect::<Vec<_>>();
    let mut world = World::new(people());
    let first = world.apply();
    world.ledger.let_through = first.changes;
    world.snapshot.users.change(|_| true, |user| user.manager = None);
    let plan = world.plan();
    assert_eq!((plan.changes.len(), plan.guards.iter().find(|guard| guard.name == GuardName::Update).unwrap().count), (11, 0));
    world.ledger.let_through.clear();
    assert!(world.plan().approve(None).is_err());
}

#[test]
fn records_without_a_key_are_known_again_though_their_lines_move() {
    let mut world = World::new((1..=20).map(|n| worker(&format!("{n:02}"), "Ada", &format!("L{n}"))).collect());
    world.apply();
    let keyless = |line| {
        let mut one = ada();
        one.place.at = crate::record::At::Line(line);
        let mapped = held(&one, HeldCode::NoKey);
        let Mapped::Held(held) = mapped else { unreachable!() };
        Mapped::Held(Held { key: None, ..held })
    };
    world.mapped.extend((30..34).map(keyless));
    assert_eq!(world.text().lines().last(), Some("tripped held 4 of 24"));
    world.ledger.last_reading = Some(world.survey().reading);
    world.mapped.truncate(20);
    world.mapped.extend((130..134).map(keyless));
    assert!(world.plan().approve(None).is_ok());
}

#[test]
fn each_line_says_who_moved() {
    let mut world = World::settled(vec![ada()]);
    set(&mut world, "1", "surname", "Drift");
    world.hr(vec![ada().with("department", "Ops").left()]);
    let plan = world.plan();
    let causes: Vec<_> = plan.changes[0]
        .attributes
        .iter()
        .map(|edit| (edit.name.as_str(), plan.changes[0].cause.get(&edit.name).copied()))
        .collect();
    assert_eq!(causes, [("accountEnabled", None), ("department", Some(Cause::Hr)), ("surname", Some(Cause::Tenant))]);
}

#[test]
fn a_saved_plan_still_knows_who_has_left() {
    let mut world = World::settled(vec![ada(), bob()]);
    world.policy.protect_users = vec!["ada.lovelace@contoso.com".into(), "bob.boss@contoso.com".into()];
    world.hr(vec![ada().left(), bob()]);
    let plan = world.plan();
    let mut read: crate::plan::Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    // The names of people are for reports and no part of the document.
    read.people.clone_from(&plan.people);
    assert_eq!(read, plan);
    assert_eq!(read.skipped.iter().filter(|skipped| skipped.left).count(), 1);
}

#[test]
fn a_refused_attribute_is_tried_on_one_person_and_the_others_are_counted() {
    let mut world = World::settled(vec![ada(), bob(), worker("3", "Cleo", "Conti")]);
    world.ledger.refused = [("city", &[][..]), ("mobilePhone", &["1"][..])]
        .map(|(name, tried)| (name.to_owned(), tried.iter().map(|key| (*key).to_owned()).collect()))
        .into();
    let moved = |who: Desired| who.with("city", "Graz").with("mobilePhone", "+43 1");
    world.hr(vec![moved(ada()), moved(bob()), moved(worker("3", "Cleo", "Conti"))]);
    let plan = world.plan();
    let tried: Vec<(&str, Vec<&str>)> = plan
        .changes
        .iter()
        .map(|change| (change.key.as_str(), change.attributes.iter().map(|edit| edit.name.as_str()).collect()))
        .collect();
    // The phone was tried on Ada before, so it is the next person's turn; a value that waits changes no person alone.
    assert_eq!(tried, [("1", vec!["city"]), ("2", vec!["mobilePhone"])]);
    let waiting: Vec<&str> = plan.skipped.iter().map(|skipped| skipped.message.split("; hint").next().unwrap()).collect();
    assert_eq!(
        waiting,
        [
            "city: Graph refuses it to this app, so it is not written for 2 people",
            "mobilePhone: Graph refuses it to this app, so it is not written for 2 people"
        ]
    );
    assert!(plan.skipped.iter().all(|skipped| skipped.code == crate::plan::SkippedCode::RefusedByGraph));
    world.ledger.refused.clear();
    assert_eq!(world.plan().changes.len(), 3, "a refusal that is over leaves nobody out");
}

#[test]
fn two_keys_of_one_account_that_are_both_missing_are_one_change() {
    let mut world = World::settled(vec![ada()]);
    world.lifecycle().disable_missing = true;
    let known = world.known("1").clone();
    world.ledger.people.insert(key("E1"), known);
    world.hr(Vec::new());
    assert_eq!(world.plan().changes.iter().filter(|change| change.action == Action::Disable).count(), 1);
}

#[test]
fn licences_and_managers_of_a_leaver_go_even_where_the_guard_on_clearing_watches() {
    let people = |left: bool| {
        let person = |n: usize| worker(&format!("{n:02}"), "Ada", &format!("L{n}")).managed_by("99");
        let boss = std::iter::once(worker("99", "Bob", "Boss"));
        let all = (1..=30).map(|n| if left && n <= 4 { person(n).left() } else { person(n) });
        all.chain(boss).collect::<Vec<_>>()
    };
    let mut world = World::settled(people(false));
    world.lifecycle().on_leave = vec![LeaveAction::ClearManager];
    world.policy.guards.insert(GuardName::Disable, crate::plan::Limit { off: true, ..Default::default() });
    world.hr(people(true));
    assert_eq!(world.text().lines().last(), Some("tripped clear 4 of 31"));
}
