//! A key alone is no proof of identity: who gets an account, who is held, and what settles it.

use jiff::civil::date;
use proptest::prelude::*;

use super::world::*;
use crate::directory::{DeletedUser, UserType, Value};
use crate::mapping::{Desired, Flow, Held, HeldCode, LeaveAction, Mapped, Stage};
use crate::plan::matching::name_folding::plain;
use crate::plan::{Action, Decision, Plan, SkippedCode, Verdict};

fn ada() -> Desired {
    worker("1", "Ada", "Adler")
}

/// Another person under Ada's key.
fn zoe() -> Desired {
    worker("1", "Zoe", "Zander")
}

fn set(world: &mut World, number: &str, name: &str, text: &str) {
    world.user(number).attributes.insert(attribute(name), Value::text(text));
}

fn unset(world: &mut World, number: &str, name: &str) {
    world.user(number).attributes.remove(&attribute(name));
}

/// An account without a record, with these attributes.
fn account(world: &mut World, name: &str, attributes: &[(&str, &str)]) {
    let mut user = world.stranger(name);
    for (name, text) in attributes {
        user.attributes.insert(attribute(name), Value::text(*text));
    }
}

fn decide(world: &mut World, record: &Desired, verdict: Verdict) {
    let name = |name: &str| {
        let wanted = record.attributes.iter().find(|wanted| wanted.attribute.name == name);
        match wanted.map(|wanted| &wanted.flow) {
            Some(crate::mapping::Flow::Set(value)) => plain(value.as_text().unwrap()),
            _ => String::new(),
        }
    };
    let decision = Decision { verdict, account: None, given_name: name("givenName"), surname: name("surname") };
    world.ledger.decisions.insert(record.key.clone(), decision);
}

/// Ada has left, and hrpush disabled the account.
fn left_ada() -> World {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().left()]);
    world.apply();
    assert_eq!(world.known("1").disabled_on, Some(TODAY));
    world
}

/// The same, and the account was deleted later.
fn deleted_ada() -> World {
    let mut world = left_ada();
    let mut user = world.snapshot.users.remove(&id("id-1")).unwrap();
    user.enabled = Some(false);
    world.snapshot.deleted.insert(id("id-1"), DeletedUser { user, deleted_at: None });
    world.known("1").deleted_on = Some(TODAY);
    world
}

/// What happens to a world before a test looks at its plan.
type Happens = fn(&mut World);

#[track_caller]
fn settles(world: &mut World) -> Plan {
    let plan = world.apply();
    assert_eq!(world.plan().changes, [], "a second run finds something to do: {}", world.text());
    plan
}

// Keys that are given out again.

#[test]
fn a_leavers_key_with_another_persons_names_is_held_with_the_line_to_type() {
    for mut world in [left_ada(), deleted_ada()] {
        world.hr(vec![zoe()]);
        let plan = world.plan();
        assert_eq!(text(&plan), "held 1 key-reused");
        let held = &plan.held[0];
        assert_eq!((held.candidates.len(), held.candidates[0].id.clone(), held.left), (1, id("id-1"), false));
        assert!(
            held.help.ends_with("`hrpush decide 1 --new`") && held.help.contains("`hrpush decide 1 --same id-1`"),
            "{}",
            held.help
        );
        assert!(held.message.contains("by hrpush") || held.message.contains("hrpush d"), "{}", held.message);
    }
}

#[test]
fn a_return_that_keeps_one_of_the_names_comes_back() {
    for record in [worker("1", "Ada", "Zander"), worker("1", "Zoe", "Adler"), worker("1", "ADÁ", "adler"), ada()] {
        let mut world = left_ada();
        world.hr(vec![record]);
        assert!(world.text().starts_with("enable 1 "), "{}", world.text());
        settles(&mut world);
    }
}

#[test]
fn a_reused_key_is_held_in_every_form_of_the_leave() {
    let start = Stage::Active { start: Some(date(2026, 11, 1)) };
    let cases: [(&str, Happens); 7] = [
        ("disabled by hrpush, employeeId taken off", |world| {
            world.known("1").disabled_on = Some(TODAY);
            world.user("1").enabled = Some(false);
            unset(world, "1", "employeeId");
        }),
        ("disabled by hand", |world| world.user("1").enabled = Some(false)),
        ("signed out as a leaver", |world| world.known("1").leave_done = [LeaveAction::RevokeSessions].into()),
        ("missing since last week", |world| world.known("1").missing_since = Some(date(2026, 11, 13))),
        ("carried by another feed", |world| world.known("1").feed = "other".into()),
        ("leave date in the tenant", |world| set(world, "1", "employeeLeaveDateTime", "2026-10-31T00:00:00Z")),
        ("hired anew", |world| set(world, "1", "employeeHireDate", "2020-01-01T00:00:00Z")),
    ];
    for (case, happens) in cases {
        let mut world = World::settled(vec![ada()]);
        happens(&mut world);
        world.hr(vec![zoe().stage(start)]);
        assert_eq!(world.text(), "held 1 key-reused", "{case}");
    }
}

#[test]
fn a_live_person_of_this_feed_with_both_names_replaced_is_the_guards_to_judge() {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![zoe()]);
    assert!(world.text().starts_with("update 1 "), "{}", world.text());
}

#[test]
fn a_previous_key_does_not_lead_to_another_persons_account() {
    let record = || worker("E1", "Zoe", "Zander").once("1");
    let mut live = World::settled(vec![ada()]);
    live.hr(vec![record()]);
    assert_eq!(live.text(), "held E1 key-reused");
    live.lifecycle().disable_missing = true;
    assert_eq!(live.text(), "held E1 key-reused", "the previous key is in the reading");
    for mut world in [left_ada(), deleted_ada()] {
        world.hr(vec![record()]);
        assert_eq!(world.text(), "held E1 key-reused");
    }
    let mut kept = left_ada();
    kept.hr(vec![worker("E1", "Ada", "Zander").once("1")]);
    assert!(kept.text().starts_with("enable E1 "), "{}", kept.text());
}

#[test]
fn a_typing_error_in_a_previous_key_does_not_touch_the_person_of_that_key() {
    let mut world = World::settled(vec![ada(), worker("2", "Bob", "Boss")]);
    world.hr(vec![ada().with("department", "Ops"), worker("2", "Bob", "Boss"), worker("3", "Zoe", "Zander").once("1")]);
    assert!(world.text().starts_with("update 1 department"), "{}", world.text());
    assert!(world.text().ends_with("held 3 key-reused"), "{}", world.text());
}

#[test]
fn nobody_gets_the_account_behind_a_reused_key_as_a_manager() {
    let mut world = left_ada();
    world.hr(vec![zoe(), worker("2", "Bob", "Boss").managed_by("1")]);
    let plan = world.plan();
    assert!(plan.skipped.iter().any(|skipped| skipped.code == SkippedCode::ManagerUnknown), "{}", text(&plan));
    assert!(plan.changes.iter().all(|change| change.attributes.iter().all(|edit| edit.name != "manager")));
}

#[test]
fn a_leavers_record_with_other_names_still_closes_the_account() {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![worker("1", "Former", "Employee").left()]);
    assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    world.apply();
    world.lifecycle().delete_after = Some(1);
    world.today = date(2027, 1, 1);
    assert!(world.text().starts_with("delete 1 "), "{}", world.text());
}

// Accounts that the ledger does not know.

#[test]
fn an_unknown_account_with_both_names_of_another_person_is_doubtful_by_any_attribute() {
    let named = [("givenName", "Ada"), ("surname", "Adler")];
    for by in [("employeeId", "1"), ("mail", "zoe@contoso.com")] {
        for stage in [Stage::Active { start: None }, Stage::Left { end: None }] {
            let mut world = World::new(vec![zoe().with("mail", "zoe@contoso.com").stage(stage)]);
            account(&mut world, "ada", &[by, named[0], named[1]]);
            let plan = world.plan();
            assert_eq!(text(&plan), "held 1 doubtful-match", "{by:?}");
            assert_eq!(plan.held[0].left, stage == Stage::Left { end: None });
        }
    }
    let mut world = World::new(vec![zoe()]);
    account(&mut world, "ada", &[("employeeId", "1"), ("givenName", "Ada"), ("surname", "ZANDER")]);
    assert!(world.text().contains("adopted (matched by employeeId)"), "{}", world.text());
}

#[test]
fn a_mailbox_that_is_no_persons_is_never_adopted() {
    let reception = |names: &[(&str, &str)]| {
        let mut world = World::new(vec![zoe().with("mail", "reception@contoso.com")]);
        account(&mut world, "reception", &[&[("mail", "Reception@contoso.com")], names].concat());
        world
    };
    for names in [
        &[("displayName", "Reception")][..],
        &[],
        &[("displayName", "svc-backup")],
        &[("displayName", "Zoe")],
        &[("givenName", "Front")],
    ] {
        let mut world = reception(names);
        assert_eq!(world.text(), "held 1 doubtful-match", "{names:?}");
        world.hr(vec![zoe().with("mail", "reception@contoso.com").left()]);
        assert_eq!(world.text(), "held 1 doubtful-match", "a former receptionist: {names:?}");
    }
    for names in [
        &[("displayName", "Zander, Zoe")][..],
        &[("displayName", "ZOE ZANDER")],
        &[("givenName", "Zoé")],
        &[("surname", "Zander")],
    ] {
        let mut world = reception(names);
        assert!(world.text().contains("adopted (matched by mail)"), "{names:?}: {}", world.text());
        settles(&mut world);
    }
}

#[test]
fn a_mailbox_is_not_adopted_where_the_address_is_the_first_match_attribute() {
    for first in ["mail", "userPrincipalName"] {
        let mut zoe = worker("1", "Zoe", "Zander").with("mail", "reception@contoso.com");
        if first == "userPrincipalName" {
            zoe = zoe.with("userPrincipalName", "reception@contoso.com");
        }
        let mut world = World::new(vec![zoe]);
        world.rules.matching = vec![attribute(first)];
        account(&mut world, "reception", &[("mail", "reception@contoso.com"), ("displayName", "Reception")]);
        assert_eq!(world.text(), "held 1 doubtful-match", "{first}");
        account(&mut world, "reception", &[("givenName", "Zoe")]);
        assert!(world.text().contains("adopted"), "{first}: {}", world.text());
    }
}

#[test]
fn a_link_that_an_earlier_run_wrote_is_a_witness_for_unknown_names() {
    let mut world = World::settled(vec![ada().with("mail", "ada@contoso.com")]);
    for name in ["employeeId", "givenName", "surname", "displayName"] {
        unset(&mut world, "1", name);
    }
    assert!(world.text().starts_with("update 1 "), "{}", world.text());
    set(&mut world, "1", "surname", "Zander");
    assert_eq!(world.text(), "held 1 doubtful-match");
}

// Creates that look like somebody.

#[test]
fn a_key_that_changed_its_form_makes_no_second_account_and_disables_nobody() {
    for key in ["0001", "E1", "1-B", "O1"] {
        for disable in [false, true] {
            let mut world = World::settled(vec![ada(), worker("2", "Bob", "Boss")]);
            world.lifecycle().disable_missing = disable;
            world.hr(vec![worker(key, "Ada", "Adler"), worker("2", "Bob", "Boss")]);
            assert_eq!(world.text(), format!("held {key} possible-duplicate"), "{disable}");
            assert!(world.plan().held[0].message.contains("its key 1 is in no record"));
        }
    }
}

#[test]
fn a_changed_key_is_held_by_each_thing_that_it_shares_with_somebody_missing() {
    let mut world = World::settled(vec![ada().with("mail", "ada@contoso.com")]);
    world.rules.matching = vec![attribute("employeeId")];
    world.lifecycle().disable_missing = true;
    let upn = |record: Desired| record.with("userPrincipalName", "ada.adler@contoso.com");
    for record in [
        worker("9", "ADA", "Ädler".trim_start_matches('Ä')).with("surname", "adler"),
        worker("9", "Zoe", "Zander").with("mail", "Ada@contoso.com"),
        upn(worker("9", "Zoe", "Zander")),
    ] {
        world.hr(vec![record]);
        assert_eq!(world.text(), "held 9 possible-duplicate");
    }
    world.hr(vec![worker("9", "Ada", "Zander")]);
    assert!(world.text().contains("disable 1 ") && world.text().contains("create 9 "), "{}", world.text());
}

#[test]
fn a_key_that_comes_back_for_another_person_stays_held_the_next_night() {
    let mut world = World::settled(vec![worker("1", "Ada", "Adler"), worker("2", "Bob", "Boss")]);
    world.hr(vec![worker("2", "Bob", "Boss")]);
    world.apply();
    world.hr(vec![worker("1", "Zoe", "Zander"), worker("2", "Bob", "Boss")]);
    for night in 1..=3 {
        assert_eq!(world.apply().held.len(), 1, "{night}");
        assert_eq!(world.text(), "held 1 key-reused", "{night}");
    }
    world.hr(vec![worker("1", "Ada", "Adler"), worker("2", "Bob", "Boss")]);
    world.apply();
    assert_eq!(world.known("1").missing_since, None);
}

#[test]
fn an_account_with_one_address_in_three_places_is_named_once() {
    let mut world = World::new(vec![worker("9", "Ada", "Adler").with("mail", "ada@contoso.com")]);
    let mut user = world.stranger("ada");
    user.attributes.insert(attribute("mail"), Value::text("Ada@contoso.com"));
    user.proxy_addresses = ["SMTP:ada@contoso.com".into()].into_iter().collect();
    drop(user);
    let plan = world.plan();
    assert_eq!(plan.held[0].message.matches("ada").count(), 1, "{}", plan.held[0].message);
    assert_eq!(plan.held[0].candidates.len(), 1);
}

#[test]
fn a_leaver_who_vanishes_while_a_namesake_is_hired_is_looked_at_once_and_a_later_namesake_is_not() {
    let mut world = left_ada();
    world.hr(vec![worker("9", "Ada", "Adler")]);
    assert_eq!(world.text(), "held 9 possible-duplicate");
    // The hold outlives the night: the person is missing for good by then.
    world.known("1").missing_since = Some(TODAY);
    world.ledger.last_reading = Some(crate::plan::LastReading::default());
    assert!(world.text().starts_with("create 9 "), "{}", world.text());
    world.ledger.last_reading.as_mut().unwrap().held.insert(("9".into(), HeldCode::PossibleDuplicate));
    assert_eq!(world.text(), "held 9 possible-duplicate");
    // An account that is enabled is looked at on every night.
    world.ledger.last_reading = None;
    world.user("1").enabled = Some(true);
    assert!(world.text().contains("held 9 possible-duplicate"), "{}", world.text());
}

#[test]
fn absent_people_mean_nothing_after_a_partial_reading_or_in_another_feed() {
    let hire = || worker("9", "Ada", "Adler");
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![hire()]);
    world.whole = false;
    assert!(world.text().starts_with("create 9 "), "{}", world.text());
    world.whole = true;
    world.known("1").feed = "other".into();
    assert!(world.text().starts_with("create 9 "), "{}", world.text());
}

// Records that point at an account of somebody who is missing.

#[test]
fn a_held_record_that_points_at_an_account_keeps_its_owner_from_being_missing() {
    let bob = || worker("2", "Bob", "Boss");
    let mail = "ada@contoso.com";
    let cases: [(&str, Vec<Desired>, &str); 5] = [
        ("by a later match attribute", vec![worker("9", "Ada", "Adler").with("mail", mail)], "held 9 claimed-by-other-key"),
        ("by mail alone", vec![worker("9", "Zoe", "Zander").with("mail", "ADA@contoso.com")], "held 9 claimed-by-other-key"),
        ("under Bob's key", vec![bob(), worker("2", "Ada", "Adler")], "held 2 duplicate-key\nheld 2 duplicate-key"),
        (
            "in two records with Bob's address",
            vec![worker("8", "Ada", "Adler").with("mail", mail), worker("8", "Ada", "Adler")],
            "held 8 duplicate-key\nheld 8 duplicate-key",
        ),
        ("with an unsettled request", vec![worker("7", "Ada", "Adler")], "held 7 unknown-outcome"),
    ];
    for (case, records, held) in cases {
        let mut world = World::settled(vec![ada().with("mail", mail), bob()]);
        world.lifecycle().disable_missing = true;
        if held.contains("unknown-outcome") {
            world.ledger.unsettled.insert(key("7"), "timeout".into());
        }
        let mut all = records;
        if !all.iter().any(|record| record.key == key("2")) {
            all.push(bob());
        }
        world.hr(all);
        assert_eq!(world.text(), held, "{case}");
    }
}

#[test]
fn a_missing_person_at_whom_nothing_points_is_disabled_beside_held_records() {
    let mut world = World::settled(vec![ada(), worker("2", "Bob", "Boss")]);
    world.lifecycle().disable_missing = true;
    world.hr(vec![worker("2", "Bob", "Boss"), worker("2", "Eve", "Stone")]);
    assert!(world.text().starts_with("disable 1 "), "{}", world.text());
}

// Conversions without a previous key.

#[test]
fn a_leaver_whose_account_an_active_record_resembles_by_mail_and_names_is_held_with_it() {
    let with_mail = |record: Desired| record.with("mail", "ada@contoso.com");
    let mut world = World::settled(vec![with_mail(ada())]);
    world.hr(vec![with_mail(ada()).left(), with_mail(worker("E1", "ADA", "Adler"))]);
    let plan = world.plan();
    assert_eq!(text(&plan), "held 1 claimed-by-other-key\nheld E1 claimed-by-other-key");
    assert_eq!(plan.held.iter().map(|held| held.left).collect::<Vec<_>>(), [true, false]);
    assert_eq!(plan.summary.held_leavers, 1);
    // The same where the number was taken off the account.
    unset(&mut world, "1", "employeeId");
    assert_eq!(world.text(), "held 1 claimed-by-other-key\nheld E1 claimed-by-other-key");
}

#[test]
fn a_match_by_mail_alone_or_by_names_alone_does_not_save_a_leaver() {
    let with_mail = |record: Desired| record.with("mail", "ada@contoso.com");
    for keyed in [true, false] {
        for other in
            [with_mail(worker("E1", "Eva", "Adler")), with_mail(worker("E1", "Zoe", "Zander")), worker("E1", "Ada", "Adler")]
        {
            let mut world = World::settled(vec![with_mail(ada())]);
            if !keyed {
                unset(&mut world, "1", "employeeId");
            }
            world.hr(vec![with_mail(ada()).left(), other]);
            assert!(world.text().starts_with("disable 1 "), "{keyed}: {}", world.text());
        }
    }
}

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

fn two_feeds() -> World {
    let mut world = World::settled(vec![ada()]);
    world.known("1").feed = "other".into();
    world.ledger.feeds.insert("other".into(), date(2026, 11, 14));
    world
}

#[test]
fn a_leaver_whom_another_feed_carries_stays_until_that_feed_is_silent() {
    let mut world = two_feeds();
    world.hr(vec![ada().left().with("department", "Ops")]);
    assert_eq!(world.text(), "skipped 1 OtherFeed");
    world.today = date(2026, 11, 21);
    assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    world.today = TODAY;
    world.ledger.feeds.clear();
    assert!(world.text().starts_with("disable 1 "), "a feed that was never read: {}", world.text());
}

#[test]
fn a_leaver_whom_the_other_feed_has_lost_or_calls_gone_goes() {
    let lost: fn(&mut World) = |world| world.known("1").missing_since = Some(TODAY);
    let gone: fn(&mut World) = |world| world.known("1").leave_done = [LeaveAction::RevokeSessions].into();
    let ours: fn(&mut World) = |world| world.known("1").feed = "test".into();
    for change in [lost, gone, ours] {
        let mut world = two_feeds();
        change(&mut world);
        world.hr(vec![ada().left()]);
        assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    }
}

#[test]
fn two_feeds_may_carry_one_person_and_not_two() {
    let mut world = two_feeds();
    world.hr(vec![ada().with("department", "Ops")]);
    assert!(world.text().starts_with("update 1 department"), "{}", world.text());
    world.hr(vec![zoe()]);
    assert_eq!(world.text(), "held 1 key-reused");
    world.hr(vec![zoe().left()]);
    assert_eq!(world.plan().held[0].code, HeldCode::KeyReused);
    assert!(world.plan().changes.is_empty());
}

// Links that were made without a write.

fn seen_guest() -> World {
    let mut world = World::settled(vec![ada()]);
    world.known("1").seen = true;
    unset(&mut world, "1", "employeeId");
    for name in ["givenName", "surname"] {
        unset(&mut world, "1", name);
    }
    world.user("1").upn = crate::directory::Upn::new("ada_fabrikam.example#EXT#@contoso.com");
    world.user("1").user_type = UserType::Guest;
    world
}

#[test]
fn an_account_that_was_only_seen_is_asked_for_anew() {
    let mut world = seen_guest();
    assert!(world.text().starts_with("create 1 "), "{}", world.text());
    world.known("1").seen = false;
    assert!(world.text().starts_with("create 1 "), "hrpush never writes to a guest: {}", world.text());
    world.user("1").user_type = UserType::Member;
    world.user("1").synced = true;
    assert!(world.text().starts_with("create 1 "), "nor to a synced account: {}", world.text());
    world.user("1").synced = false;
    assert!(world.text().starts_with("update 1 "), "a link that was written matches: {}", world.text());
    world.known("1").seen = true;
    assert!(world.text().starts_with("create 1 "), "{}", world.text());
}

#[test]
fn a_leaver_whose_account_was_only_seen_heads_the_report() {
    let mut world = seen_guest();
    world.hr(vec![ada().left()]);
    assert_eq!(world.text(), "skipped 1 Guest LEFT");
    world.user("1").user_type = UserType::Member;
    world.user("1").synced = true;
    assert_eq!(world.text(), "skipped 1 Synced LEFT");
    world.user("1").synced = false;
    let plan = world.plan();
    assert_eq!((text(&plan).as_str(), plan.held[0].left), ("held 1 doubtful-match", true));
    world.user("1").enabled = Some(false);
    assert_eq!(world.text(), "");
}

#[test]
fn a_seen_account_counts_for_missing_people() {
    let mut world = seen_guest();
    world.hr(Vec::new());
    assert_eq!(world.text(), "skipped 1 Missing");
}

// Several records of one key.

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
    let out = |stage| Mapped::OutOfScope { key: Some(key("1")), previous_key: None, place: ada().place, stage };
    let mut world = World::settled(vec![ada()]);
    for stage in [None, Some(Stage::Left { end: None }), Some(Stage::Active { start: None })] {
        world.mapped = vec![out(stage), Mapped::Desired(ada())];
        assert_eq!(world.text(), "");
        world.mapped = vec![Mapped::Desired(ada().left()), out(stage)];
        assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    }
}

// Decisions.

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
    assert!(document.with_accounts(plan.accounts()).changes[0].needs_new_password());
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

/// How a cell may be damaged.
#[derive(Clone, Debug)]
enum Damage {
    Key(&'static str),
    KeyOf(usize),
    NamesOf(usize),
    Given(&'static str),
    Surname(&'static str),
    MailOf(usize),
    PreviousKeyOf(usize),
    Held(HeldCode),
    Gone,
}

const PEOPLE: usize = 10;

fn person(number: usize) -> Desired {
    let given = ["Ada", "Bo", "Cleo", "Dana", "Eve"][number % 5];
    worker(&format!("{number:03}"), given, &format!("Stone{number}")).with("mail", &format!("p{number}@contoso.com"))
}

fn named(record: Desired, name: &str, text: &str) -> Desired {
    if text.is_empty() { record.without(name) } else { record.with(name, text) }
}

fn damaged(number: usize, damage: &Damage) -> Mapped {
    let record = person(number);
    let with_key = |mut record: Desired, text: &str| {
        record.key = key(text);
        record.with("employeeId", text)
    };
    Mapped::Desired(match damage {
        Damage::Key(before) => with_key(record, &format!("{before}{number}")),
        Damage::KeyOf(other) => with_key(record, &format!("{other:03}")),
        Damage::NamesOf(other) => {
            let given = ["Ada", "Bo", "Cleo", "Dana", "Eve"][other % 5];
            record.with("givenName", given).with("surname", &format!("Stone{other}"))
        }
        Damage::Given(text) => named(record, "givenName", text),
        Damage::Surname(text) => named(record, "surname", text),
        Damage::MailOf(other) => record.with("mail", &format!("p{other}@contoso.com")),
        Damage::PreviousKeyOf(other) => record.once(&format!("{other:03}")),
        Damage::Gone => return Mapped::OutOfScope { key: None, previous_key: None, place: record.place, stage: None },
        Damage::Held(code) => {
            return Mapped::Held(Held {
                key: Some(record.key),
                previous_key: None,
                place: Some(record.place),
                left: false,
                code: *code,
                message: "no".into(),
                help: "do".into(),
                candidates: Vec::new(),
                marks: Vec::new(),
            });
        }
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        prop_oneof![Just(""), Just("E"), Just("00000"), Just("0O")].prop_map(Damage::Key),
        (0..PEOPLE).prop_map(Damage::KeyOf),
        (0..PEOPLE).prop_map(Damage::NamesOf),
        prop_oneof![Just(""), Just("Zoe"), Just("ADÁ")].prop_map(Damage::Given),
        prop_oneof![Just(""), Just("Zander"), Just("Stone1")].prop_map(Damage::Surname),
        (0..PEOPLE).prop_map(Damage::MailOf),
        (0..PEOPLE).prop_map(Damage::PreviousKeyOf),
        Just(Damage::Held(HeldCode::InvalidValue)),
        Just(Damage::Gone),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damage_to_some_records_never_changes_the_access_of_the_others(
        damages in prop::collection::btree_map(0..PEOPLE, damage(), 1..5),
        missing: bool, always: bool, rehired in 0..PEOPLE,
    ) {
        let mut world = World::settled((0..PEOPLE).map(person).collect());
        world.lifecycle().disable_missing = missing;
        world.lifecycle().reenable_always = always;
        // One has left, and is in the file as before.
        let left = format!("{rehired:03}");
        world.user(&left).enabled = Some(false);
        world.known(&left).disabled_on = Some(date(2026, 1, 1));
        world.known(&left).leave_done = [LeaveAction::RevokeSessions].into();
        let whole = |number: usize| if number == rehired { person(number).left() } else { person(number) };
        let record = |number: usize| damages.get(&number).map_or_else(|| Mapped::Desired(whole(number)), |damage| damaged(number, damage));
        world.mapped = (0..PEOPLE).map(record).collect();
        let plan = world.plan();
        for number in (0..PEOPLE).filter(|number| !damages.contains_key(number)) {
            let account = id(&format!("id-{number:03}"));
            let access = plan.changes.iter().filter(|change| change.id.as_ref() == Some(&account));
            for change in access {
                prop_assert!(matches!(change.action, Action::Update), "{number}: {}", text(&plan));
                let renamed = change.attributes.iter().any(|edit| ["givenName", "surname", "employeeId", "mail"].contains(&edit.name.as_str()));
                prop_assert!(!renamed, "{number}: {}", text(&plan));
            }
        }
    }
}

/// Two steps to a leaver's mailbox: the number's new holder is recorded as gone first, and returns then.
#[test]
fn a_gone_record_of_another_person_never_renames_a_leavers_account() {
    let rob = || worker("1", "Rob", "Newman").with("mail", "rob@contoso.com");
    let mut world = left_ada();
    world.hr(vec![rob().left()]);
    world.apply();
    assert_eq!(world.user("1").attributes.get(&attribute("surname")), Some(Value::text("Adler")));
    world.hr(vec![rob()]);
    assert_eq!(text(&world.plan()), "held 1 key-reused");

    // In one step: the leaver's own record carries the other names already.
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![rob().left()]);
    let plan = world.apply();
    assert_eq!(plan.changes.len(), 1);
    assert!(plan.changes[0].attributes.iter().all(|edit| edit.name == "accountEnabled"), "{}", text(&plan));
    assert!(plan.skipped.iter().any(|entry| entry.code == SkippedCode::InvalidValue), "{}", text(&plan));
    world.hr(vec![rob()]);
    assert_eq!(text(&world.plan()), "held 1 key-reused");
}

#[test]
fn a_reused_key_is_held_where_hr_has_one_name_or_the_display_name_alone() {
    let clear = |mut record: Desired, names: &[&str]| {
        for wanted in record.attributes.iter_mut().filter(|wanted| names.contains(&wanted.attribute.name)) {
            wanted.flow = Flow::Clear;
        }
        record
    };
    let unmapped = |mut record: Desired| {
        record.attributes.retain(|wanted| !["givenName", "surname"].contains(&wanted.attribute.name));
        record
    };
    let rob = || worker("1", "Rob", "Newman");
    for record in [clear(rob(), &["surname"]), clear(rob(), &["givenName"]), unmapped(rob())] {
        for mut world in [left_ada(), deleted_ada()] {
            world.hr(vec![record.clone()]);
            assert_eq!(text(&world.plan()), "held 1 key-reused");
        }
    }
    // A name in common is a witness, also within the display name alone.
    for record in [clear(ada(), &["surname"]), unmapped(ada()), unmapped(worker("1", "Ada", "Married"))] {
        let mut world = left_ada();
        world.hr(vec![record]);
        assert!(world.text().starts_with("enable 1 "), "{}", world.text());
    }
}
