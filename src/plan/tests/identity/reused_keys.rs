//! Keys that lead to another person.

use super::*;

#[test]
fn a_leavers_key_with_another_persons_names_is_held_with_the_line_to_type() {
    for mut world in [left_ada(), deleted_ada()] {
        world.hr(vec![zoe()]);
        let plan = world.plan();
        assert_eq!(text(&plan), "held 1 key-reused");
        let held = &plan.held[0];
        assert_eq!((held.candidates.len(), held.candidates[0].id.clone(), held.left), (1, id("id-1"), false));
        assert!(held.help.contains("`hrpush decide 1 --same id-1`"), "{}", held.help);
        assert!(held.help.contains("the next run gives the account to the record"), "{}", held.help);
        // `--new` is refused while a live account carries the key.
        let is_live = world.snapshot.users.contains_key(&id("id-1"));
        assert_eq!(held.help.ends_with("`hrpush decide 1 --new`"), !is_live, "{}", held.help);
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
fn a_number_moved_onto_somebody_hands_no_account_over() {
    let (bo, cleo) = (|number| worker(number, "Bo", "Brandt"), |number| worker(number, "Cleo", "Conti"));
    let ada = |number| worker(number, "Ada", "Adler");
    let two = "held 2 key-reused";
    let cases: [(&str, Vec<Desired>, &str); 9] = [
        ("while a stranger gets the number of before", vec![ada("2"), zoe(), cleo("3")], "held 1 key-reused\nheld 2 key-reused"),
        ("in a chain behind a leaver", vec![ada("2").left(), bo("3")], "held 2 key-reused\nheld 3 key-reused"),
        ("the number alone", vec![ada("2"), cleo("3")], two),
        ("with another address", vec![ada("2").with("mail", "ada@fabrikam.com"), cleo("3")], two),
        ("with the key of before and a new surname", vec![worker("2", "Ada", "Miller").once("1"), cleo("3")], two),
        ("as a leaver", vec![ada("2").left(), cleo("3")], two),
        ("in a chain", vec![ada("2"), bo("3")], "held 2 key-reused\nheld 3 key-reused"),
        ("in a circle", vec![ada("2"), bo("3"), cleo("1")], "held 1 key-reused\nheld 2 key-reused\nheld 3 key-reused"),
        ("twice in one file", vec![ada("2"), ada("3")], "held 2 key-reused\nheld 3 key-reused"),
    ];
    for (case, records, held) in cases {
        for disable in [true, false] {
            let mut world = World::settled(vec![ada("1"), bo("2"), cleo("3")]);
            world.lifecycle().disable_missing = disable;
            world.hr(records.clone());
            assert_eq!(world.text(), held, "{case}");
            let plan = world.apply();
            assert_eq!(plan.held[0].left, case.contains("a leaver"));
            assert!(!plan.held[0].candidates.is_empty() && !plan.held[0].help.contains("--new"), "{}", plan.held[0].help);
            assert_eq!(world.text(), held, "{case}: the hold outlives the night");
        }
    }
}

#[test]
fn a_renaming_that_leads_to_nobody_else_goes_on() {
    let bo = || worker("2", "Bo", "Brandt");
    let cases: [(&str, Vec<Desired>); 3] = [
        ("a marriage", vec![ada(), worker("2", "Bo", "Adler")]),
        ("a namesake who is here", vec![ada(), worker("2", "Ada", "Adler")]),
        ("a conversion", vec![worker("E1", "Ada", "Adler").once("1"), worker("2", "Bo", "Miller")]),
    ];
    for (case, records) in cases {
        let mut world = World::settled(vec![ada(), bo()]);
        world.hr(records);
        assert!(world.text().contains("update 2 ") && world.plan().held.is_empty(), "{case}: {}", world.text());
        settles(&mut world);
    }
    // HR calls each leaver the same.
    let former = |number| worker(number, "Former", "Employee").left();
    let mut world = World::settled(vec![ada(), bo()]);
    world.hr(vec![former("1"), bo()]);
    world.apply();
    world.hr(vec![former("2")]);
    assert!(world.text().starts_with("disable 2 "), "{}", world.text());
}

#[test]
fn an_empty_hire_date_does_not_hide_that_a_key_was_given_out_again() {
    let hired = || {
        let mut world = World::settled(vec![ada()]);
        world.rules.attributes.push(attribute("employeeHireDate"));
        set(&mut world, "1", "employeeHireDate", "2020-01-01T00:00:00Z");
        world
    };
    for start in [None, Some(date(2026, 11, 1))] {
        let mut world = hired();
        world.hr(vec![zoe().stage(Stage::Active { start })]);
        assert_eq!(world.text(), "held 1 key-reused", "{start:?}");
        world.hr(vec![worker("1", "Ada", "Zander").stage(Stage::Active { start })]);
        assert!(world.text().starts_with("update 1 "), "{}", world.text());
        world.hr(vec![zoe().left()]);
        assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    }
    let mut unmapped = hired();
    unmapped.rules.attributes.retain(|attribute| attribute.name != "employeeHireDate");
    unmapped.hr(vec![zoe()]);
    assert!(unmapped.text().starts_with("update 1 "), "{}", unmapped.text());
}

#[test]
fn a_leavers_key_without_any_name_comes_back_by_another_witness_only() {
    let nameless = |record: Desired| ["givenName", "surname", "displayName"].into_iter().fold(record, Desired::without);
    let (own, other) = ("ada@contoso.com", "zoe@contoso.com");
    let cases =
        [(Some(own), None, false), (Some(other), None, true), (None, None, true), (Some(own), Some(date(2026, 11, 1)), true)];
    for (mail, start, held) in cases {
        let mut world = World::settled(vec![ada().with("mail", own)]);
        world.hr(vec![ada().with("mail", own).left()]);
        world.apply();
        set(&mut world, "1", "employeeHireDate", "2020-01-01T00:00:00Z");
        let record = nameless(ada()).stage(Stage::Active { start });
        world.hr(vec![mail.map_or(record.clone(), |mail| record.with("mail", mail))]);
        let plan = world.plan();
        assert_eq!(text(&plan).contains("held 1 key-reused"), held, "{mail:?} {start:?}: {}", text(&plan));
        assert_eq!(plan.changes.is_empty(), held);
        if held {
            assert!(plan.held[0].message.contains("the record has no name"), "{}", plan.held[0].message);
        }
    }
}

#[test]
fn a_previous_key_does_not_lead_to_another_persons_account() {
    let record = || worker("E1", "Zoe", "Zander").once("1");
    let mut live = World::settled(vec![ada()]);
    live.hr(vec![record()]);
    assert_eq!(live.text(), "held E1 key-reused");
    let held = &live.plan().held[0];
    assert!(held.message.starts_with("the key 1 leads to"), "{}", held.message);
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

// Creates that resemble an existing person.

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
