use jiff::civil::date;

use super::world::*;
use crate::directory::Value;
use crate::mapping::{LeaveAction, Stage};
use crate::plan::GuardName;

fn ada() -> crate::mapping::Desired {
    worker("1", "Ada", "Lovelace")
}

#[test]
fn somebody_new_gets_an_account_with_all_that_graph_demands() {
    let world = World::new(vec![ada().managed_by("2"), worker("2", "Bob", "Boss")]);
    let plan = world.plan();
    assert_eq!(text(&plan), "create 1 (new in HR)\ncreate 2 (new in HR)");
    let values: Vec<String> =
        plan.changes[0].attributes.iter().map(|edit| format!("{}={}", edit.name, edit.after.as_ref().unwrap())).collect();
    assert_eq!(
        values.join(" "),
        "accountEnabled=true department=Sales displayName=Ada Lovelace employeeId=1 givenName=Ada mailNickname=ada.lovelace \
         manager=2 surname=Lovelace userPrincipalName=ada.lovelace@contoso.com"
    );
}

#[test]
fn what_was_applied_is_not_planned_again() {
    let mut world = World::settled(vec![ada().managed_by("2").in_group("Sales"), worker("2", "Bob", "Boss").managed_by("1")]);
    assert_eq!(world.text(), "");
    assert_eq!(world.plan().summary.unchanged, 2);
    world.hr(vec![ada().left().in_group("Sales")]);
    world.apply();
    assert_eq!(world.text(), "skipped 2 Missing");
}

#[test]
fn a_mover_is_updated_and_the_plan_says_who_moved() {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().with("department", "Ops")]);
    assert_eq!(world.text(), "update 1 department:Sales>Ops (HR changed department)");
    world.hr(vec![ada()]);
    world.user("1").attributes.insert(attribute("department"), Value::text("Drift"));
    assert_eq!(world.text(), "update 1 department:Drift>Sales (tenant drifted in department)");
}

#[test]
fn managers_are_set_cleared_and_kept_when_nobody_knows_them() {
    let bob = || worker("2", "Bob", "Boss");
    let mut world = World::settled(vec![ada().managed_by("2"), bob()]);
    world.hr(vec![ada().managed_by("9"), bob()]);
    assert_eq!(world.text(), "skipped 1 ManagerUnknown");
    world.hr(vec![ada().managed_by(""), bob()]);
    assert_eq!(world.text(), "update 1 manager:2>- (HR changed manager)");
    world.hr(vec![ada().managed_by("1"), bob()]);
    assert_eq!(world.text(), "skipped 1 ManagerUnknown", "nobody is their own manager");
}

#[test]
fn a_leaver_is_disabled_first_and_values_are_set_but_not_cleared() {
    let mut world = World::settled(vec![ada(), worker("2", "Bob", "Boss")]);
    world.hr(vec![
        ada().left().without("department").with("surname", "King"),
        worker("0", "New", "Comer"),
        worker("2", "Bob", "Boss"),
    ]);
    assert_eq!(
        world.text(),
        "disable 1 accountEnabled:true>false surname:Lovelace>King then RevokeSessions (left on 2026-10-31; HR changed surname)\n\
         create 0 (new in HR)"
    );
}

#[test]
fn what_follows_a_disable_is_pending_until_done() {
    let mut world = World::settled(vec![ada().managed_by("2").in_group("Sales"), worker("2", "Bob", "Boss")]);
    let all = [
        LeaveAction::RevokeSessions,
        LeaveAction::RemoveFromManagedGroups,
        LeaveAction::RemoveLicenses,
        LeaveAction::ClearManager,
    ];
    world.lifecycle().on_leave = all.to_vec();
    world.hr(vec![ada().managed_by("2").in_group("Sales").left(), worker("2", "Bob", "Boss")]);
    world.user("1").enabled = Some(false);
    let group = crate::plan::unique_name("Sales");
    assert_eq!(
        world.text(),
        format!(
            "update 1 +[] -[{group}] then RevokeSessions then RemoveFromManagedGroups then ClearManager (left on 2026-10-31)"
        )
    );
    world.apply();
    assert_eq!(world.text(), "");
}

#[test]
fn a_rehire_is_enabled_only_where_hrpush_disabled() {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().left()]);
    world.apply();
    world.hr(vec![ada()]);
    assert_eq!(world.text(), "enable 1 accountEnabled:false>true (returns; disabled by an earlier run)");
    world.known("1").disabled_on = None;
    assert_eq!(world.text(), "skipped 1 DisabledElsewhere");
    world.lifecycle().reenable_always = true;
    assert_eq!(world.text(), "enable 1 accountEnabled:false>true (active by HR)");
}

#[test]
fn a_starter_is_upcoming_then_made_disabled_then_enabled() {
    let start = date(2026, 12, 1);
    let mut world = World::new(vec![ada().stage(Stage::Upcoming { start })]);
    assert_eq!(world.text(), "skipped 1 Upcoming");
    world.hr(vec![ada().stage(Stage::PreHire { start })]);
    let plan = world.apply();
    assert_eq!(text(&plan), "create 1 (new hire, starts 2026-12-01)");
    assert_eq!(world.user("1").enabled, Some(false));
    assert_eq!(world.text(), "");
    world.hr(vec![ada().stage(Stage::Active { start: Some(start) })]);
    let plan = world.plan();
    assert_eq!(text(&plan), "enable 1 accountEnabled:false>true (first day 2026-12-01)");
    assert_eq!(plan.guards.iter().find(|guard| guard.name == GuardName::Enable).unwrap().count, 0);
}

#[test]
fn a_start_ahead_never_disables_somebody() {
    let mut world = World::settled(vec![ada()]);
    let start = date(2026, 12, 1);
    world.hr(vec![ada().stage(Stage::PreHire { start })]);
    assert_eq!(world.text(), "skipped 1 StartsLater");
    world.hr(vec![ada().stage(Stage::Upcoming { start })]);
    assert_eq!(world.text(), "skipped 1 StartsLater");
}

#[test]
fn the_missing_are_reported_or_disabled_within_their_feed() {
    let mut world = World::settled(vec![ada(), worker("2", "Bob", "Boss")]);
    world.hr(vec![worker("2", "Bob", "Boss")]);
    assert_eq!(world.text(), "skipped 1 Missing");
    world.lifecycle().disable_missing = true;
    assert_eq!(world.text(), "disable 1 accountEnabled:true>false then RevokeSessions (missing from HR)");
    world.whole = false;
    assert_eq!(world.text(), "");
    world.whole = true;
    world.known("1").feed = "other".into();
    assert_eq!(world.text(), "");
}

#[test]
fn the_expired_are_deleted_only_by_the_ledger_and_come_back() {
    let mut world = World::settled(vec![ada()]);
    world.lifecycle().delete_after = Some(30);
    world.hr(vec![ada().left()]);
    assert!(world.text().starts_with("disable 1"));
    world.apply();
    assert_eq!(world.text(), "");
    world.today = date(2026, 12, 20);
    assert_eq!(world.text(), "delete 1 (left on 2026-10-31; to be deleted since 2026-12-20)");
    world.apply();
    assert_eq!(world.text(), "");
    world.hr(vec![ada().with("department", "Ops")]);
    assert_eq!(
        world.text(),
        "restore 1 accountEnabled:false>true department:Sales>Ops (returns; deleted by an earlier run; HR changed department)"
    );
    world.known("1").deleted_on = None;
    assert_eq!(world.text(), "held 1 deleted-elsewhere");
}

#[test]
fn a_restored_person_whose_name_was_taken_gets_the_next_one() {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().left()]);
    world.lifecycle().delete_after = Some(1);
    world.apply();
    world.today = date(2026, 12, 20);
    world.apply();
    world.stranger("ada.lovelace").attributes.insert(attribute("employeeId"), Value::text("99"));
    world.hr(vec![ada()]);
    assert!(world.text().contains("userPrincipalName:ada.lovelace@contoso.com>ada.lovelace2@contoso.com"), "{}", world.text());
}

#[test]
fn nobody_is_disabled_without_a_life_cycle() {
    let mut world = World::settled(vec![ada()]);
    world.rules.lifecycle = None;
    world.hr(vec![ada().left()]);
    assert_eq!(world.text(), "");
}
