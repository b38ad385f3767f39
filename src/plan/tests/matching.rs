use super::world::*;
use crate::directory::{UserType, Value};
use crate::mapping::{Held, HeldCode, Mapped};

#[test]
fn a_key_that_stands_twice_holds_all_its_rows_and_the_account_stays() {
    let mut world = World::settled(vec![worker("1", "Ada", "Lovelace")]);
    world.lifecycle().disable_missing = true;
    world.hr(vec![worker("1", "Ada", "Lovelace"), worker("1", "Ada", "King"), worker("2", "Bob", "Boss").managed_by("1")]);
    assert_eq!(world.text(), "create 2 (new in HR)\nheld 1 duplicate-key\nheld 1 duplicate-key");
    assert_eq!(world.plan().changes[0].aside.accounts[&"1".to_owned()], id("id-1"));
}

#[test]
fn two_records_of_one_user_are_held() {
    let mut world = World::new(vec![
        worker("1", "Ada", "Lovelace").with("mail", "ada@contoso.com"),
        worker("2", "Ada", "Lovelace").with("mail", "ADA@contoso.com"),
    ]);
    let mut user = world.stranger("ada");
    user.attributes.insert(attribute("mail"), Value::text("Ada@contoso.com"));
    user.attributes.insert(attribute("surname"), Value::text("Lovelace"));
    drop(user);
    assert_eq!(world.text(), "held 1 two-records-one-user\nheld 2 two-records-one-user");
}

#[test]
fn two_users_of_one_record_are_held() {
    let mut world = World::new(vec![worker("1", "Ada", "Lovelace")]);
    for name in ["a", "b"] {
        world.stranger(name).attributes.insert(attribute("employeeId"), Value::text("1"));
    }
    assert_eq!(world.text(), "held 1 ambiguous-match");
}

#[test]
fn an_account_with_another_key_belongs_to_somebody_else() {
    let mut world = World::new(vec![worker("1", "Ada", "Lovelace").with("mail", "ada@contoso.com")]);
    let mut user = world.stranger("ada");
    user.attributes.insert(attribute("mail"), Value::text("ada@contoso.com"));
    user.attributes.insert(attribute("employeeId"), Value::text("77"));
    drop(user);
    assert_eq!(world.text(), "held 1 claimed-by-other-key");
    world.hr(vec![worker("1", "Ada", "Lovelace").with("mail", "ada@contoso.com").once("77")]);
    assert!(world.text().starts_with("update 1"), "{}", world.text());
}

#[test]
fn a_later_match_with_another_surname_is_doubtful_else_adopted() {
    let mut world = World::new(vec![worker("1", "Ada", "Lovelace").with("mail", "ada@contoso.com")]);
    let mut user = world.stranger("ada");
    user.attributes.insert(attribute("mail"), Value::text("ada@contoso.com"));
    user.attributes.insert(attribute("surname"), Value::text("Smith"));
    drop(user);
    assert_eq!(world.text(), "held 1 doubtful-match");
    world.stranger("ada").attributes.insert(attribute("surname"), Value::text("LOVELACE"));
    assert!(world.text().contains("adopted (matched by mail)"), "{}", world.text());
}

#[test]
fn a_tenant_without_keys_does_not_get_everybody_twice() {
    let people = || (1..=12).map(|n| worker(&n.to_string(), "Ada", &format!("L{n}"))).collect::<Vec<_>>();
    let mut world = World::settled(people());
    world.ledger = crate::plan::Ledger::default();
    world.snapshot.users.change(|_| true, |user| drop(user.attributes.remove(&attribute("employeeId"))));
    let plan = world.plan();
    assert!(plan.changes.is_empty());
    assert!(plan.held.iter().all(|held| held.code == HeldCode::PossibleDuplicate) && plan.held.len() == 12);
    assert!(plan.approve(None).is_err());
}

#[test]
fn names_are_unique_in_the_order_of_the_keys() {
    let mut world =
        World::new(vec![worker("2", "Anna", "Schmidt"), worker("1", "Anna", "Schmidt"), worker("3", "Anna", "Schmidt")]);
    let names: Vec<_> = world.plan().changes.iter().map(|c| c.user_principal_name.clone().unwrap()).collect();
    assert_eq!(names, ["anna.schmidt@contoso.com", "anna.schmidt2@contoso.com"]);
    assert!(world.text().ends_with("held 3 name-taken"));
    let until = jiff::civil::date(2026, 6, 1);
    world.ledger.addresses.push(crate::plan::FormerAddress { address: "anna.schmidt@contoso.com".into(), key: key("9"), until });
    assert_eq!(world.plan().changes[0].user_principal_name.as_deref(), Some("anna.schmidt2@contoso.com"));
}

#[test]
fn an_unverified_domain_holds_the_record() {
    let mut world = World::new(vec![worker("1", "Ada", "Lovelace")]);
    world.snapshot.domains = ["fabrikam.com".to_owned()].into();
    assert_eq!(world.text(), "held 1 invalid-value");
}

#[test]
fn the_protected_and_synced_and_guests_are_untouched_and_listed() {
    let ada = || worker("1", "Ada", "Lovelace");
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().left()]);
    world.policy.protect_users = vec!["ADA.lovelace@contoso.com".into()];
    assert_eq!(world.text(), "skipped 1 Protected LEFT");
    world.policy.protect_users.clear();
    world.user("1").synced = true;
    assert_eq!(world.text(), "skipped 1 Synced LEFT");
    assert!(world.plan().skipped[0].message.ends_with("hint: disable it in Active Directory"));
    world.user("1").synced = false;
    world.user("1").user_type = UserType::Guest;
    assert_eq!(world.text(), "skipped 1 Guest LEFT");
    world.user("1").enabled = Some(false);
    assert_eq!(world.text(), "");
    world.user("1").enabled = Some(true);
    world.rules.guests = true;
    assert!(world.text().starts_with("disable 1"));
}

#[test]
fn a_shielded_leaver_is_shouted_about_and_keeps_the_account() {
    let ada = || worker("1", "Ada", "Lovelace").with("mobilePhone", "+49 1");
    let mut world = World::settled(vec![ada()]);
    world.snapshot.privileged.principals.insert(id("id-1"), "Global Administrator".into());
    world.hr(vec![ada().left().with("department", "Ops").with("mobilePhone", "+49 2")]);
    assert_eq!(world.text(), "update 1 department:Sales>Ops (HR changed department)\nskipped 1 Shielded LEFT");
    world.hr(vec![ada()]);
    assert_eq!(world.text(), "skipped 1 Shielded");
}

#[test]
fn a_look_alike_of_an_administrator_is_held_and_a_namesake_is_not() {
    let mut world = World::settled(vec![worker("1", "Ada", "Lovelace")]);
    world.snapshot.privileged.principals.insert(id("id-1"), "Global Administrator".into());
    let fake = worker("2", "Ada", "Lovelace").with("displayName", "\u{410}da Lovelace");
    world.hr(vec![worker("1", "Ada", "Lovelace"), fake]);
    assert!(world.text().contains("held 2 look-alike"), "{}", world.text());
    world.hr(vec![worker("1", "Ada", "Lovelace"), worker("2", "Ada", "Lovelace")]);
    assert!(world.text().contains("create 2"), "{}", world.text());
}

#[test]
fn after_a_record_without_a_key_missing_people_are_listed_and_not_disabled() {
    let mut world = World::settled(vec![worker("1", "Ada", "Lovelace")]);
    world.lifecycle().disable_missing = true;
    world.mapped = vec![Mapped::Held(Held {
        key: None,
        previous_key: None,
        place: Some(worker("1", "A", "B").place),
        left: false,
        code: HeldCode::NoKey,
        message: "no key".into(),
        help: "give it one".into(),
        candidates: Vec::new(),
        marks: Vec::new(),
        shown: Vec::new(),
    })];
    assert_eq!(world.text(), "held - no-key\nskipped 1 Missing");
}

#[test]
fn somebody_whose_request_has_no_outcome_is_held() {
    let mut world = World::new(vec![worker("1", "Ada", "Lovelace")]);
    world.ledger.unsettled.insert(key("1"), "timeout".into());
    assert_eq!(world.text(), "held 1 unknown-outcome");
}

#[test]
fn a_conversion_keeps_the_account() {
    let mut world = World::settled(vec![worker("1", "Ada", "Lovelace")]);
    world.hr(vec![worker("1", "Ada", "Lovelace").left(), worker("E1", "Ada", "Lovelace").once("1")]);
    world.lifecycle().disable_missing = true;
    assert!(world.text().starts_with("update E1 employeeId:1>E1"), "{}", world.text());
    world.apply();
    assert_eq!(world.text(), "");
}

#[test]
fn only_some_are_planned() {
    let mut world =
        World::new(vec![worker("1", "Ada", "Lovelace").in_group("Sales"), worker("2", "Bob", "Boss").in_group("Sales")]);
    world.only = Some([key("2")].into());
    assert_eq!(world.plan().changes.iter().filter(|c| c.key == "1").count(), 0);
    assert!(world.text().contains("+[2]"), "{}", world.text());
}
