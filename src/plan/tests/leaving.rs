//! Leavers: nothing in their records keeps an account open, and an account that stays open is reported first.

use std::collections::BTreeMap;

use jiff::civil::date;

use super::world::*;
use crate::directory::{User, UserType, Value};
use crate::mapping::{Desired, Held, HeldCode, LeaveAction, LeftOut, Mapped, RecordPart, Stage};
use crate::plan::{Action, Concern, HeldAccess, LastReading, Plan, ReasonCode, RecordCounts, SkippedCode};

fn ada() -> Desired {
    worker("1", "Ada", "Lovelace")
}

fn bob() -> Desired {
    worker("2", "Bob", "Boss")
}

fn codes(plan: &Plan) -> Vec<SkippedCode> {
    plan.skipped.iter().map(|skipped| skipped.code).collect()
}

fn is_disabled(plan: &Plan, key: &str) -> bool {
    plan.changes.iter().any(|change| change.key == key && change.action == Action::Disable)
}

fn left_out(name: &str) -> LeftOut {
    LeftOut {
        part: RecordPart::Attribute(attribute(name)),
        code: HeldCode::InvalidValue,
        message: format!("`{name}` is too long"),
        help: "shorten it in HR".into(),
    }
}

#[test]
fn what_the_mapping_left_out_is_listed_with_place_and_hint() {
    for name in ["department", "officeLocation", "postalCode", "employeeType"] {
        let mut world = World::settled(vec![ada(), bob()]);
        let mut gone = ada().left();
        gone.left_out = vec![left_out(name)];
        world.hr(vec![gone, bob()]);
        let plan = world.plan();
        assert!(is_disabled(&plan, "1"), "{}", text(&plan));
        assert_eq!(codes(&plan), [SkippedCode::InvalidValue]);
        let message = &plan.skipped[0].message;
        assert!(
            message.contains(name) && message.contains("hr.csv, line 2") && message.contains("hint: shorten it"),
            "{message}"
        );
        assert_eq!(plan.attention().len(), 1, "the run does not end with 0");
    }
}

#[test]
fn a_new_name_or_address_that_is_taken_never_holds_a_leaver() {
    for (name, value) in
        [("mail", "bob@contoso.com"), ("userPrincipalName", "bob.boss@contoso.com"), ("userPrincipalName", "a@evil.com")]
    {
        let mut world = World::settled(vec![ada(), bob()]);
        world.user("2").attributes.insert(attribute("mail"), Value::text("bob@contoso.com"));
        world.hr(vec![ada().left().with(name, value), bob()]);
        let plan = world.apply();
        assert!(is_disabled(&plan, "1"), "{name} {value}: {}", text(&plan));
        assert_eq!((plan.held.len(), codes(&plan)), (0, vec![SkippedCode::InvalidValue]), "{name} {value}");
        assert_eq!(world.plan().changes, []);
    }
}

#[test]
fn a_look_alike_name_never_holds_a_leaver_but_is_not_written() {
    let mut world = World::settled(vec![ada(), bob()]);
    world.snapshot.privileged.principals.insert(id("id-2"), "Global Administrator".into());
    world.hr(vec![ada().left().with("displayName", "B\u{43e}b Boss"), bob()]);
    let plan = world.plan();
    assert!(is_disabled(&plan, "1"), "{}", text(&plan));
    assert!(plan.changes[0].attributes.iter().all(|edit| edit.name != "displayName"));
    world.hr(vec![ada().with("displayName", "B\u{43e}b Boss"), bob()]);
    assert!(world.text().contains("held 1 look-alike"), "{}", world.text());
}

#[test]
fn no_free_candidate_never_holds_a_leaver() {
    let mut world = World::settled(vec![ada(), bob()]);
    let taken = ["bob.boss@contoso.com", "bob.boss2@contoso.com"];
    world.stranger("bob.boss2");
    let mut gone = ada().left();
    for wanted in gone.attributes.iter_mut().filter(|wanted| wanted.attribute.name == "userPrincipalName") {
        wanted.when = crate::mapping::When::Always;
        wanted.flow = crate::mapping::Flow::FirstFree(taken.map(Value::text).to_vec());
    }
    world.hr(vec![gone, bob()]);
    let plan = world.plan();
    assert!(is_disabled(&plan, "1"), "{}", text(&plan));
    assert_eq!(codes(&plan), [SkippedCode::InvalidValue]);
}

#[test]
fn a_leaver_without_an_account_gets_no_value_and_no_line() {
    let mut gone = ada().left();
    gone.left_out = vec![left_out("department")];
    let plan = World::new(vec![gone]).plan();
    assert_eq!((text(&plan), plan.attention().len()), (String::new(), 0));
}

#[test]
fn records_of_one_key_that_all_say_gone_are_one_leaver() {
    let mut world = World::settled(vec![ada(), bob()]);
    let gone = |dept: &str, day| ada().with("department", dept).stage(Stage::Left { end: Some(date(2026, 10, day)) });
    let rows = vec![gone("Ops", 30), gone("Legal", 31), bob()];
    world.hr(rows.clone());
    let plan = world.plan();
    assert_eq!(
        text(&plan),
        "disable 1 accountEnabled:true>false then RevokeSessions (left on 2026-10-31)\nskipped 1 InvalidValue",
        "department differs, so it is left out"
    );
    let RecordCounts { total, changed, unchanged, held, .. } = plan.summary.records;
    assert_eq!((total, changed, unchanged, held), (3, 2, 1, 0));
    world.mapped.reverse();
    assert_eq!(world.plan().changes, plan.changes);
    world.apply();
    assert_eq!(world.plan().changes, []);
    assert_eq!(world.plan().summary.records.held, 0);
}

#[test]
fn records_of_one_key_of_which_one_works_here_are_held() {
    let mut world = World::settled(vec![ada(), bob()]);
    world.hr(vec![ada().left(), ada(), bob()]);
    assert_eq!(world.text(), "held 1 duplicate-key\nheld 1 duplicate-key");
    assert_eq!(world.plan().summary.records.held, 2);
}

#[test]
fn a_leaver_whose_account_is_in_doubt_heads_the_report() {
    let mut world = World::settled(vec![ada(), bob()]);
    world.stranger("twin").attributes.insert(attribute("employeeId"), Value::text("1"));
    world.hr(vec![ada().left(), bob()]);
    let plan = world.plan();
    assert_eq!(text(&plan), "held 1 ambiguous-match");
    assert!(plan.held[0].left);
    assert_eq!(plan.summary.held_leavers, 1);
    assert!(matches!(plan.attention()[..], [Concern::HeldLeaver(entry)] if entry.access == HeldAccess::Open));
}

#[test]
fn a_held_leaver_without_any_enabled_account_raises_no_false_alarm() {
    let held = |world: &mut World| {
        let Desired { key, place, .. } = ada();
        let entry = Held {
            key: Some(key),
            previous_key: None,
            place: Some(place),
            left: true,
            code: HeldCode::InvisibleCharacter,
            message: "no".into(),
            help: "do".into(),
            candidates: Vec::new(),
            marks: Vec::new(),
            shown: Vec::new(),
        };
        world.mapped = vec![Mapped::Held(entry), Mapped::Desired(bob())];
    };
    let mut world = World::settled(vec![ada(), bob()]);
    held(&mut world);
    assert_eq!(world.plan().held[0].access, HeldAccess::Open);
    world.user("1").enabled = Some(false);
    let plan = world.plan();
    assert!(plan.held[0].left && plan.held[0].access == HeldAccess::Closed);
    assert_eq!(plan.attention().len(), 1, "it still ends with 4");
}

#[test]
fn everybody_whom_hrpush_must_not_touch_heads_the_report_when_gone() {
    let touches: [fn(&mut World); 4] = [
        |world| world.policy.protect_users = vec!["ada.lovelace@contoso.com".into()],
        |world| world.user("1").synced = true,
        |world| world.user("1").user_type = UserType::Guest,
        |world| drop(world.snapshot.privileged.principals.insert(id("id-1"), "Global Administrator".into())),
    ];
    for touch in touches {
        let mut world = World::settled(vec![ada(), bob()]);
        touch(&mut world);
        world.hr(vec![ada().left(), bob()]);
        let plan = world.plan();
        assert_eq!(plan.changes, []);
        assert!(matches!(plan.attention()[..], [Concern::OpenAccount(entry)] if entry.message.contains("hint: ")));
        world.user("1").enabled = Some(false);
        assert_eq!(world.plan().attention(), [], "nothing is left to do by hand");
    }
}

#[test]
fn a_person_who_leaves_the_scope_and_the_company_in_one_night_is_a_leaver() {
    let end = Some(date(2026, 10, 31));
    let out = |stage| {
        let Desired { key, previous_key, place, .. } = ada();
        Mapped::OutOfScope { key: Some(key), previous_key, place, stage, damaged_key: false }
    };
    let mut world = World::settled(vec![ada(), bob()]);
    world.hr(vec![bob()]);
    for (stage, code) in [(Stage::Left { end }, ReasonCode::LeftOnDate), (Stage::Left { end: None }, ReasonCode::LeftByStatus)] {
        world.mapped = vec![Mapped::Desired(bob()), out(Some(stage))];
        let plan = world.plan();
        assert!(is_disabled(&plan, "1"), "{}", text(&plan));
        assert_eq!((plan.changes[0].why.code, plan.changes[0].record.is_some()), (code, true));
        assert_eq!(plan.changes[0].then, [LeaveAction::RevokeSessions]);
        let RecordCounts { total, changed, unchanged, out_of_scope, .. } = plan.summary.records;
        assert_eq!((total, changed, unchanged, out_of_scope), (2, 1, 1, 0));
    }
    world.apply();
    let plan = world.plan();
    assert_eq!((text(&plan), plan.summary.records.gone), (String::new(), 1));
    for stays in [Stage::Active { start: None }, Stage::Upcoming { start: date(2027, 1, 1) }] {
        let mut world = World::settled(vec![ada(), bob()]);
        world.mapped = vec![Mapped::Desired(bob()), out(Some(stays))];
        assert_eq!((world.text(), world.plan().attention().len()), ("skipped 1 OutOfScope".to_owned(), 0), "{stays:?}");
    }
    // Neither the status nor the dates can be believed: the person may have left.
    let mut world = World::settled(vec![ada(), bob()]);
    world.mapped = vec![Mapped::Desired(bob()), out(None)];
    let plan = world.plan();
    assert!(
        matches!(plan.attention()[..], [Concern::LeftAlone(entry)] if entry.code == SkippedCode::InvalidValue),
        "{}",
        text(&plan)
    );
    world.user("1").enabled = Some(false);
    assert_eq!(world.text(), "");
}

#[test]
fn a_record_in_scope_keeps_a_person_whose_other_record_is_gone_and_out_of_scope() {
    let gone = Some(Stage::Left { end: None });
    let out = |person: Desired| {
        let Desired { key, previous_key, place, .. } = person;
        Mapped::OutOfScope { key: Some(key), previous_key, place, stage: gone, damaged_key: false }
    };
    let mut world = World::settled(vec![ada(), bob()]);
    // The same key; the key of before; and, of a converted person, the record of before.
    let kept = [
        vec![Mapped::Desired(ada()), out(ada())],
        vec![Mapped::Desired(worker("E1", "Ada", "Lovelace").once("1")), out(ada())],
        vec![Mapped::Desired(ada()), out(worker("E1", "Ada", "Lovelace").once("1"))],
    ];
    for mut rows in kept {
        rows.push(Mapped::Desired(bob()));
        world.mapped = rows;
        let plan = world.plan();
        assert!(plan.changes.iter().all(|change| change.action != Action::Disable), "{}", text(&plan));
        let RecordCounts { total, changed, unchanged, held, out_of_scope, .. } = plan.summary.records;
        assert_eq!((total, changed + unchanged, held, out_of_scope), (3, 2, 0, 1));
    }
}

#[test]
fn one_record_out_of_scope_that_calls_a_person_gone_makes_a_leaver() {
    let out = |stage| {
        let Desired { key, previous_key, place, .. } = ada();
        Mapped::OutOfScope { key: Some(key), previous_key, place, stage, damaged_key: false }
    };
    let gone = |day| Some(Stage::Left { end: Some(date(2026, 10, day)) });
    let ahead = Some(Stage::Upcoming { start: date(2027, 1, 1) });
    for others in [vec![Some(Stage::Active { start: None })], vec![ahead], vec![None], vec![gone(2), None]] {
        let mut world = World::settled(vec![ada()]);
        world.mapped = others.into_iter().chain([gone(20)]).map(out).collect();
        let records = world.mapped.len() as u64;
        for _ in 0..2 {
            assert!(world.text().ends_with("(left on 2026-10-20)"), "{}", world.text());
            assert_eq!(world.plan().summary.records.changed, records);
            world.mapped.reverse();
        }
        world.apply();
        assert_eq!(world.text(), "");
    }
    let mut world = World::settled(vec![ada()]);
    world.mapped = vec![out(None), out(Some(Stage::Active { start: None }))];
    assert_eq!(world.text(), "skipped 1 OutOfScope", "none of them calls the person gone");
}

#[test]
fn a_privileged_leaver_out_of_scope_heads_the_report() {
    let mut world = World::settled(vec![ada()]);
    let Desired { key, previous_key, place, .. } = ada();
    world.mapped = vec![Mapped::OutOfScope {
        key: Some(key),
        previous_key,
        place,
        stage: Some(Stage::Left { end: None }),
        damaged_key: false,
    }];
    world.snapshot.privileged.principals.insert(id("id-1"), "Global Administrator".into());
    let plan = world.plan();
    assert!(matches!(plan.attention()[..], [Concern::OpenAccount(_)]), "{}", text(&plan));
    assert_eq!(plan.summary.records.left_alone, 1);
}

#[test]
fn an_ignored_end_date_is_listed_for_each_person() {
    let mut world = World::settled(vec![ada(), bob()]);
    let mut kept = ada();
    kept.end_ignored = Some(date(2026, 10, 31));
    world.hr(vec![kept, bob()]);
    let plan = world.plan();
    assert_eq!(text(&plan), "skipped 1 EndDateIgnored");
    assert_eq!((plan.attention().len(), plan.summary.records.left_alone, plan.summary.records.unchanged), (1, 1, 1));
}

fn word(mut person: Desired, status: &str) -> Desired {
    person.status_word = Some(status.into());
    person
}

#[test]
fn a_status_that_no_run_had_is_listed_once_for_all_who_have_it() {
    let people =
        |status: &str| (1..=5).map(|n| word(worker(&n.to_string(), "Ada", &format!("L{n}")), status)).collect::<Vec<_>>();
    let mut world = World::settled(people("Active"));
    let survey = world.survey();
    assert_eq!(text(&survey.plan), "", "the first run of a feed lists no status");
    world.ledger.last_reading = Some(survey.reading);
    assert_eq!(world.text(), "");
    world.hr(people("Terminated (vol.)"));
    let survey = world.survey();
    assert_eq!(text(&survey.plan), "skipped - NewStatus");
    let message = &survey.plan.skipped[0].message;
    assert!(
        message.contains("5 records") && message.contains("Terminated (vol.)") && message.contains("(1, 2, 3, …)"),
        "{message}"
    );
    assert_eq!(survey.plan.attention().len(), 1);
    let mut unconfirmed = survey.reading.clone();
    unconfirmed.forget_new_statuses(world.ledger.last_reading.as_ref());
    world.ledger.last_reading = Some(unconfirmed);
    assert_eq!(world.text(), "skipped - NewStatus", "a run that no person confirmed changes nothing");
    world.ledger.last_reading = Some(survey.reading);
    assert_eq!(world.text(), "");
    world.hr(people("ACTIVE"));
    assert_eq!(world.text(), "", "a status is known in any spelling");
}

#[test]
fn a_status_that_only_leavers_have_is_no_news_and_is_not_learnt() {
    let mut world = World::settled(vec![ada(), bob()]);
    world.ledger.last_reading = Some(LastReading::default());
    world.hr(vec![word(ada().left(), "Gone fishing"), bob()]);
    let survey = world.survey();
    assert_eq!(codes(&survey.plan), []);
    world.ledger.last_reading = Some(survey.reading);
    world.hr(vec![ada().left(), word(bob(), "Gone fishing")]);
    assert_eq!(codes(&world.plan()), [SkippedCode::NewStatus]);
}

#[test]
fn a_manager_who_left_stays_while_hr_names_them_and_steps_stay_pending() {
    let mut world = World::settled(vec![ada().managed_by("2"), bob()]);
    world.lifecycle().on_leave = vec![LeaveAction::RevokeSessions, LeaveAction::RemoveLicenses];
    world.hr(vec![ada().managed_by("2"), bob().left()]);
    world.apply();
    assert_eq!(world.snapshot.users.get(&id("id-1")).unwrap().manager, Some(id("id-2")));
    let licence = |user: &mut User| user.licenses = vec!["sku".into()];
    licence(&mut world.user("2"));
    assert_eq!(world.text(), "update 2 then RemoveLicenses (left on 2026-10-31)");
}

#[test]
fn the_gap_of_a_rehire_closes_an_account_and_creates_none_too_early() {
    let start = date(2026, 12, 1);
    let mut back = ada().left();
    back.new_stage = Some(Stage::PreHire { start });
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![back.clone()]);
    assert!(is_disabled(&world.plan(), "1"));
    for on_create in [false, true] {
        let mut world = World::new(vec![back.clone()]);
        world.lifecycle().enable_on_create = on_create;
        assert_eq!(text(&world.apply()), "create 1 (new hire, starts 2026-12-01)");
        assert_eq!(world.user("1").enabled, Some(false), "a leaver's account is not enabled, whatever the mapping says");
        assert_eq!(world.text(), "");
        world.hr(vec![ada().stage(Stage::Active { start: Some(start) })]);
        assert_eq!(world.text(), "enable 1 accountEnabled:false>true (first day 2026-12-01)");
    }
}

#[test]
fn the_counts_of_records_add_up_whatever_is_planned() {
    let mut world = World::settled(vec![ada(), bob(), worker("3", "Cem", "Can")]);
    let Desired { key, previous_key, place, .. } = worker("3", "Cem", "Can");
    world.hr(vec![
        ada().left(),
        ada().left(),
        bob().with("department", "Ops"),
        worker("4", "Dora", "Dahl").stage(Stage::Upcoming { start: date(2027, 6, 1) }),
        worker("5", "Eve", "Ek"),
        worker("5", "Eve", "Ek"),
        worker("6", "Fay", "Fox").left(),
    ]);
    let stage = Some(Stage::Active { start: None });
    world.mapped.push(Mapped::OutOfScope { key: Some(key), previous_key, place, stage, damaged_key: false });
    let counts = |plan: &Plan| {
        let RecordCounts { total, changed, unchanged, held, upcoming, gone, out_of_scope, left_alone } = plan.summary.records;
        assert_eq!(total, changed + unchanged + held + upcoming + gone + out_of_scope + left_alone);
        [changed, unchanged, held, upcoming, gone, out_of_scope, left_alone]
    };
    assert_eq!(counts(&world.plan()), [3, 0, 2, 1, 1, 1, 0]);
    world.whole = false;
    assert_eq!(counts(&world.plan()), [3, 0, 2, 1, 1, 1, 0]);
    world.only = Some([crate::record::EmployeeId::new("2").unwrap()].into());
    assert_eq!(counts(&world.plan()), [1, 0, 2, 1, 3, 1, 0]);
}

/// A record of another key that is held for a value of its own.
fn held_record(key: Option<&str>, person: &Desired, code: HeldCode) -> Mapped {
    let text =
        |name: &str| crate::plan::records::wanted_texts::first_text(person, name).map(|text| (attribute(name), text.into()));
    Mapped::Held(Held {
        key: key.map(crate::plan::tests::world::key),
        previous_key: None,
        place: Some(person.place.clone()),
        left: matches!(person.stage, Stage::Left { .. }),
        code,
        message: "no".into(),
        help: "do".into(),
        candidates: Vec::new(),
        marks: ["givenName", "surname", "mail", "userPrincipalName"].into_iter().filter_map(text).collect(),
        shown: Vec::new(),
    })
}

fn with_mail(person: Desired) -> Desired {
    person.with("mail", "ada@contoso.com")
}

fn held_leavers(plan: &Plan) -> Vec<(&str, HeldCode)> {
    let left = plan.held.iter().filter(|held| held.left);
    left.map(|held| (held.key.as_ref().map_or("-", crate::record::EmployeeId::as_str), held.code)).collect()
}

#[test]
fn a_held_record_saves_a_leaver_out_of_scope_only_by_a_match_attribute_and_both_names() {
    let out = || {
        let Desired { key, previous_key, place, .. } = ada();
        Mapped::OutOfScope { key: Some(key), previous_key, place, stage: Some(Stage::Left { end: None }), damaged_key: false }
    };
    let other = |given, surname| worker("9", given, surname);
    let gone = [
        Mapped::Desired(with_mail(other("Rob", "New"))),
        Mapped::Desired(with_mail(other("Ada", "New"))),
        held_record(Some("9"), &with_mail(other("Rob", "New")), HeldCode::InvalidValue),
        held_record(Some("9"), &other("Ada", "Lovelace"), HeldCode::InvalidValue),
        held_record(None, &with_mail(other("Rob", "New")), HeldCode::NoKey),
        held_record(Some("9"), &with_mail(other("Ada", "Lovelace")).left(), HeldCode::InvalidValue),
    ];
    for row in gone {
        let mut world = World::settled(vec![with_mail(ada()), bob()]);
        world.mapped = vec![Mapped::Desired(bob()), out(), row];
        let plan = world.plan();
        assert!(is_disabled(&plan, "1"), "{}", text(&plan));
    }
    let held = [
        Mapped::Desired(with_mail(other("Ada", "Lovelace"))),
        held_record(Some("9"), &with_mail(other("ADA", "Lovelace")), HeldCode::InvalidValue),
        held_record(None, &with_mail(other("Ada", "Lovelace")), HeldCode::NoKey),
    ];
    for row in held {
        let mut world = World::settled(vec![with_mail(ada()), bob()]);
        world.mapped = vec![Mapped::Desired(bob()), out(), row];
        let plan = world.plan();
        assert!(!is_disabled(&plan, "1"), "{}", text(&plan));
        assert_eq!(held_leavers(&plan), [("1", HeldCode::ClaimedByOtherKey)]);
        let RecordCounts { total, unchanged, held, .. } = plan.summary.records;
        assert_eq!((total, unchanged, held), (3, 1, 2));
        world.user("1").enabled = Some(false);
        assert_eq!(held_leavers(&world.plan()), []);
    }
}

#[test]
fn a_conversion_holds_the_leaver_also_where_the_record_of_today_is_held() {
    let today = || with_mail(worker("9", "Ada", "Lovelace"));
    let held = |key, person: &Desired, code| vec![held_record(key, person, code)];
    let cases = [
        (held(Some("9"), &today(), HeldCode::InvalidValue), true),
        (held(None, &today(), HeldCode::NoKey), true),
        (held(None, &today(), HeldCode::InvisibleCharacter), true),
        (vec![Mapped::Desired(today()), Mapped::Desired(today().with("department", "Ops"))], true),
        (vec![Mapped::Desired(today()), Mapped::Desired(today().left())], true),
        (held(Some("9"), &today().left(), HeldCode::InvalidValue), false),
        (held(Some("9"), &with_mail(worker("9", "Eva", "Lovelace")), HeldCode::InvalidValue), false),
        (held(Some("9"), &worker("9", "Ada", "Lovelace"), HeldCode::InvalidValue), false),
    ];
    for (rows, saved) in cases {
        let mut world = World::settled(vec![with_mail(ada()), bob()]);
        world.mapped = [with_mail(ada()).left(), bob()].map(Mapped::Desired).into_iter().chain(rows).collect();
        let plan = world.plan();
        assert_eq!(is_disabled(&plan, "1"), !saved, "{}", text(&plan));
        let found = held_leavers(&plan).contains(&("1", HeldCode::ClaimedByOtherKey));
        assert_eq!(found, saved, "{}", text(&plan));
    }
}

#[test]
fn the_record_of_before_closes_the_account_until_the_new_start() {
    let start = date(2027, 6, 1);
    for stage in [Stage::Upcoming { start }, Stage::PreHire { start }] {
        for on_create in [false, true] {
            let mut world = World::settled(vec![ada(), bob()]);
            world.lifecycle().enable_on_create = on_create;
            let back = || worker("E9", "Ada", "Lovelace").once("1");
            world.hr(vec![ada().left(), back().stage(stage), bob()]);
            let plan = world.apply();
            assert!(is_disabled(&plan, "E9"), "{stage:?}: {}", text(&plan));
            assert!(plan.changes.iter().all(|change| change.action != Action::Create), "{}", text(&plan));
            assert_eq!(world.text(), "", "{stage:?} {on_create}");
            world.hr(vec![ada().left(), back().stage(Stage::Active { start: Some(start) }), bob()]);
            world.today = start;
            let plan = world.apply();
            assert!(text(&plan).starts_with("enable E9 accountEnabled:false>true"), "{}", text(&plan));
            assert_eq!(world.text(), "");
        }
    }
}

#[test]
fn only_a_record_that_calls_the_person_gone_closes_an_account_before_a_new_start() {
    let ahead = || worker("E9", "Ada", "Lovelace").once("1").stage(Stage::Upcoming { start: date(2027, 6, 1) });
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ahead()]);
    assert_eq!(world.text(), "skipped E9 StartsLater", "no record calls the person gone");
    world.hr(vec![ada(), ahead()]);
    assert!(!world.text().contains("disable"), "{}", world.text());
    // A first account is no leaver's.
    let mut world = World::new(vec![ada().left(), ahead()]);
    assert_eq!(world.text(), "skipped E9 Upcoming");
    world.hr(vec![ada().left(), ahead().stage(Stage::PreHire { start: date(2026, 12, 1) })]);
    world.lifecycle().enable_on_create = true;
    assert_eq!(text(&world.apply()), "create E9 (new hire, starts 2026-12-01)");
    assert_eq!(world.user("E9").enabled, Some(false));
    assert_eq!(world.text(), "");
}

#[test]
fn a_leaver_without_an_account_who_may_be_a_missing_person_heads_the_report() {
    let eve = || worker("00005", "Eve", "Ferber").with("mail", "eve@contoso.com");
    let gone = |key, given, surname| worker(key, given, surname).left();
    let held = [gone("5", "Eve", "Ferber"), gone("E-5", "EVE", "Ferber"), gone("0005", "Eva", "Weber")];
    for record in held {
        let mut world = World::settled(vec![eve(), bob()]);
        let shown = record.key.to_string();
        world.hr(vec![record.clone(), bob()]);
        for _ in 0..2 {
            let plan = world.apply();
            assert_eq!(held_leavers(&plan), [(shown.as_str(), HeldCode::PossibleDuplicate)], "{}", text(&plan));
            assert_eq!(plan.held[0].candidates.len(), 1);
            assert!(plan.held[0].help.contains(&format!("hrpush decide {shown} --same id-00005")), "{}", plan.held[0].help);
            assert!(codes(&plan).iter().all(|code| *code == SkippedCode::Missing), "{}", text(&plan));
        }
        world.user("00005").enabled = Some(false);
        assert_eq!(world.text(), "");
        world.user("00005").enabled = Some(true);
        world.lifecycle().disable_missing = true;
        let plan = world.plan();
        assert!(is_disabled(&plan, "00005"), "{}", text(&plan));
        assert_eq!(held_leavers(&plan), []);
    }
    for record in [gone("6", "Eve", "Weber"), gone("50", "Eva", "Ferber"), gone("6", "", "Ferber")] {
        let mut world = World::settled(vec![eve(), bob()]);
        world.hr(vec![record, bob()]);
        assert_eq!(world.text(), "skipped 00005 Missing");
    }
    let mut world = World::settled(vec![eve(), bob()]);
    world.hr(vec![gone("5", "Eve", "Ferber"), eve(), bob()]);
    assert_eq!(world.text(), "", "a namesake who is in the reading is not missing");
    world.hr(vec![gone("5", "Eve", "Ferber"), bob()]);
    world.whole = false;
    assert_eq!(world.text(), "", "a partial reading makes no person missing");
}

/// A run of one feed, with what the store keeps of it.
fn run_of(world: &mut World, readings: &mut BTreeMap<String, LastReading>, feed: &str, person: Desired) -> Plan {
    world.rules.feed = feed.into();
    world.ledger.last_reading = readings.get(feed).cloned();
    world.hr(vec![person]);
    let reading = world.survey().reading;
    let plan = world.apply();
    readings.insert(feed.into(), reading);
    world.ledger.feeds.insert(feed.into(), world.today);
    plan
}

#[test]
fn two_feeds_that_disagree_about_a_person_do_not_take_turns() {
    // The second feed is read each night, the first one each night or only on some.
    for first_is_read in [[true, true, true, true], [true, false, false, true], [true, false, true, false]] {
        let (mut world, mut readings) = (World::new(Vec::new()), BTreeMap::new());
        for (night, read) in first_is_read.into_iter().enumerate() {
            if read {
                let plan = run_of(&mut world, &mut readings, "first", ada());
                assert!(night == 0 || plan.changes.is_empty(), "{first_is_read:?} {night}: {}", text(&plan));
            }
            let gone = night > 0;
            let plan = run_of(&mut world, &mut readings, "second", if gone { ada().left() } else { ada() });
            assert!(plan.changes.is_empty(), "{first_is_read:?} {night}: {}", text(&plan));
            assert_eq!(codes(&plan), if gone { vec![SkippedCode::OtherFeed] } else { Vec::new() }, "{first_is_read:?} {night}");
            assert_eq!(plan.attention().is_empty(), !gone);
            world.today = world.today.tomorrow().unwrap();
        }
        // The first feed agrees: then the account is closed, and stays so.
        run_of(&mut world, &mut readings, "second", ada().left());
        assert!(is_disabled(&run_of(&mut world, &mut readings, "first", ada().left()), "1"), "{first_is_read:?}");
        let after = run_of(&mut world, &mut readings, "second", ada().left());
        assert!(after.changes.is_empty() && after.attention().is_empty(), "{}", text(&after));
    }
}

#[test]
fn a_feed_that_is_not_read_any_more_protects_a_person_for_seven_days() {
    let (mut world, mut readings) = (World::new(Vec::new()), BTreeMap::new());
    run_of(&mut world, &mut readings, "first", ada());
    run_of(&mut world, &mut readings, "second", ada());
    for night in 1..=7 {
        world.today = world.today.tomorrow().unwrap();
        let plan = run_of(&mut world, &mut readings, "second", ada().left());
        assert_eq!(is_disabled(&plan, "1"), night == 7, "{night}: {}", text(&plan));
    }
}
