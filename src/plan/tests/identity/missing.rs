//! Accounts of people that are in no record any more, and the records that may be theirs.

use super::*;

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
fn a_key_in_another_form_with_one_name_in_common_makes_no_second_account() {
    let bob = || worker("20002", "Bob", "Boss");
    let plan = |record: Desired| {
        let mut world = World::settled(vec![worker("10001", "Ada", "Adler"), bob()]);
        world.lifecycle().disable_missing = true;
        world.hr(vec![record, bob()]);
        world.text()
    };
    let forms = ["010001", "E10001", "10 001", "10,001", "10001-A", "10001.00", "1.0001E4", "#10001", "+10001", "\u{661}٠٠٠١"];
    for form in forms {
        let records = [
            worker(form, "Ada Maria", "Adler"),
            worker(form, "Ada", "Miller").with("mail", "ada.miller@contoso.com"),
            worker(form, "Adler", "Ada"),
        ];
        for record in records {
            assert_eq!(plan(record), format!("held {form} possible-duplicate"));
        }
        // Another person: nobody waits, and nobody stays.
        let other = plan(worker(form, "Zoe", "Zander"));
        assert!(other.contains("disable 10001 ") && other.contains(&format!("create {form} ")), "{other}");
    }
    for other in ["1001", "10002", "100010"] {
        let text = plan(worker(other, "Ada", "Miller"));
        assert!(text.contains("disable 10001 ") && text.contains(&format!("create {other} ")), "{text}");
    }
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

// Records that point at an account of a missing person.

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
