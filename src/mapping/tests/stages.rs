//! Stages, leavers and the scope.

use super::*;

#[test]
fn the_status_and_the_dates_give_the_stage() {
    let mapping = parse(
        r#"
[attributes]
employeeId = "[Id]"
[lifecycle]
start = "[From]"
end = "[To]"
status = "[Status]"
left = ["Terminated"]
create_before = "2w"
[lifecycle.states]
"On leave" = "active"
Active = "active"
"#,
    )
    .unwrap();
    let person = |from, to, status| map(&mapping, &[("Id", "7"), ("From", from), ("To", to), ("Status", status)]);
    assert_eq!(desired(person("2020-01-01", "", "terminated")).stage, Stage::Left { end: None });
    let pre_hire = Stage::PreHire { start: date(2026, 12, 4) };
    assert_eq!(desired(person("2026-12-04", "", "Active")).stage, pre_hire);
    assert_eq!(desired(person("2026-12-05", "", "Active")).stage, Stage::Upcoming { start: date(2026, 12, 5) });
    assert_eq!(held(person("2020-01-01", "", "Sabbatical")).code, HeldCode::NoStatus);
    assert_eq!(held(person("2020-01-01", "", "")).code, HeldCode::NoStatus);
    assert_eq!(desired(person("2020-01-01", "2019-12-31", "Active")).stage, Stage::Active { start: Some(date(2020, 1, 1)) });
    assert_eq!(desired(person("2020-01-01", "2025-12-31", "Active")).end_ignored, Some(date(2025, 12, 31)));
    assert_eq!(desired(person("2020-01-01", "2025-12-31", "")).stage, Stage::Left { end: Some(date(2025, 12, 31)) });
}

#[test]
fn a_leaver_keeps_no_access_for_a_value_that_cannot_be_believed() {
    let mapping = everything();
    let long = "x".repeat(300);
    let bad = [
        ("Title", long.as_str(), "jobTitle"),
        ("Title", "Ann\u{202e}gpj.exe", "jobTitle"),
        ("Title", "#N/A", "jobTitle"),
        ("Country", "Germany", "usageLocation"),
        ("Mail", "n/a", "mail"),
        ("Dept", long.as_str(), "department"),
        ("Upn", "\u{e9}", "userPrincipalName"),
        ("Boss", "8\u{200b}9", "manager"),
        ("Boss", "#REF!", "manager"),
        ("Former", "6\u{ad}6", "previous_key"),
        ("Former", "#VALUE!", "previous_key"),
        ("Start", "31/02/2020", "lifecycle.start"),
        ("End", "n/a", "lifecycle.end"),
    ];
    for (column, text, part) in bad {
        let active = held(map(&mapping, &cells(&[(column, text)])));
        assert!(!active.left && active.key.is_some(), "{column}");
        let person = desired(map(&mapping, &cells(&[(column, text), ("Status", "Terminated")])));
        assert_eq!(person.stage, Stage::Left { end: None }, "{column}");
        assert!(person.left_out.iter().any(|left_out| left_out.part.to_string() == part), "{column}: {:?}", person.left_out);
        assert_eq!(flow(&person, part), None, "{column}");
        if column != "End" {
            let by_date = desired(map(&mapping, &cells(&[(column, text), ("End", "2026-11-19")])));
            assert!(matches!(by_date.stage, Stage::Left { .. }) && !by_date.left_out.is_empty(), "{column}");
        }
    }
    assert!(desired(map(&mapping, &cells(&[("Status", "Terminated")]))).left_out.is_empty());
}

#[test]
fn a_leaver_whose_key_is_in_doubt_is_held_as_one_who_has_left() {
    let mapping = everything();
    for (key, code) in [("", HeldCode::NoKey), ("'007", HeldCode::NoKey), ("7\u{200b}7", HeldCode::InvisibleCharacter)] {
        for (status, end, left) in
            [("Terminated", "", true), ("Active", "2026-01-31", true), ("", "2026-01-31", true), ("Active", "", false)]
        {
            let record = cells(&[("Id", key), ("Status", status), ("End", end), ("Former", "6"), ("Title", "#N/A")]);
            let held = held(map(&mapping, &record));
            assert_eq!((held.code, held.key, held.left), (code, None, left), "{key:?} {status:?} {end:?}");
            assert_eq!(held.previous_key.unwrap().as_str(), "6");
        }
    }
}

#[test]
fn what_the_scope_leaves_out_has_no_say() {
    let scope = "[[scope]]\nall = [{ attribute = \"[Id]\", operator = \"IS NOT NULL\" }, { attribute = \"[Title]\", operator = \
                 \"NOT EQUALS\", value = \"Vacant\" }]\n[attributes]";
    let mapping = Mapping::parse(&EVERYTHING.replace("[attributes]", scope), Path::new("test.toml")).unwrap();
    let out = |other: &[(&str, &str)]| match map(&mapping, &cells(other)) {
        Mapped::OutOfScope { key, stage, .. } => (key.map(String::from), stage),
        other => panic!("{other:?}"),
    };
    let active = Some(Stage::Active { start: Some(date(2020, 1, 1)) });
    assert_eq!(out(&[("Id", "")]), (None, active));
    assert_eq!(out(&[("Id", " \u{200b}")]), (None, active));
    assert_eq!(out(&[("Title", "Vacant"), ("Id", "1\u{200b}2")]), (None, active));
    assert_eq!(out(&[("Title", "Vacant"), ("Country", "Germany"), ("Boss", "#N/A")]), (Some("7".to_owned()), active));
    let left = Some(Stage::Left { end: None });
    assert_eq!(out(&[("Title", "Vacant"), ("Status", "terminated"), ("Start", "?")]), (Some("7".to_owned()), left));
    assert_eq!(out(&[("Title", "Vacant"), ("Status", "?")]).1, None);
    assert_eq!(held(map(&mapping, &cells(&[("Id", "4,02101E+12")]))).code, HeldCode::NoKey);
}

#[test]
fn a_scope_that_cannot_be_evaluated_holds_the_record_and_tells_leavers() {
    let scope = "[[scope]]\nall = [{ attribute = 'CDate([Title])', operator = \"IS NOT NULL\" }]\n[attributes]";
    let mapping = Mapping::parse(&EVERYTHING.replace("[attributes]", scope), Path::new("test.toml")).unwrap();
    let status = |status| held(map(&mapping, &cells(&[("Status", status), ("Former", "6")])));
    assert!(!status("Active").left && status("Terminated").left);
    assert_eq!(status("Terminated").previous_key.unwrap().as_str(), "6");
}

#[test]
fn records_outside_the_scope_are_not_served() {
    let mapping = parse(
        r#"
[[scope]]
all = [{ attribute = "[Kind]", operator = "EQUALS", value = "Employee" }, { attribute = "[City]", operator = "IS NOT NULL" }]
[[scope]]
all = [{ attribute = "[Kind]", operator = "EQUALS", value = "Intern" }]
[attributes]
employeeId = "[Id]"
"#,
    )
    .unwrap();
    let served = |kind, city| matches!(map(&mapping, &[("Id", "7"), ("Kind", kind), ("City", city)]), Mapped::Desired(_));
    assert!(served("Employee", "Bonn"));
    assert!(!served("Employee", ""));
    assert!(served("Intern", ""));
    assert!(!served("Contractor", "Bonn"));
}

#[test]
fn a_damaged_previous_key_holds_the_record_but_not_the_leaver() {
    let mapping = Mapping::parse(EVERYTHING, Path::new("test.toml")).unwrap();
    for former in ["6.0", "'6", "=\"6\"", "1,002E+3", "#N/A", "#DIGITS!"] {
        // A worse problem does not hide that anybody may be this person.
        for country in ["DE", "Germany"] {
            let held = held(map(&mapping, &cells(&[("Former", former), ("Country", country)])));
            assert_eq!((held.code, held.previous_key.is_none()), (HeldCode::NoKey, true), "{former} {}", held.message);
            assert_eq!(held.key.unwrap().as_str(), "7", "{former}");
        }
        let person = desired(map(&mapping, &cells(&[("Former", former), ("Status", "Terminated")])));
        assert_eq!(person.left_out.len(), 1, "{former}");
    }
    let hidden = held(map(&mapping, &cells(&[("Former", "1\u{200b}2"), ("Country", "Germany")])));
    assert_eq!(hidden.code, HeldCode::InvisibleCharacter);
    assert_eq!(desired(map(&mapping, &cells(&[("Former", "006")]))).previous_key.unwrap().as_str(), "006");
}

#[test]
fn a_damaged_cell_that_decides_the_scope_holds_the_record() {
    let scope = "[[scope]]\nall = [{ attribute = 'Trim([Title])', operator = \"NOT EQUALS\", value = \"Vacant\" }, { attribute = \
                 \"[Country]\", operator = \"EQUALS\", value = \"DE\" }]\n[[scope]]\nall = [{ attribute = \"[Boss]\", operator = \
                 \"EQUALS\", value = \"1\" }]\n[attributes]";
    let mapping = Mapping::parse(&EVERYTHING.replace("[attributes]", scope), Path::new("test.toml")).unwrap();
    let is_out = |other: &[(&str, &str)]| match map(&mapping, &cells(other)) {
        Mapped::OutOfScope { damaged_key, .. } => Some(damaged_key),
        Mapped::Held(held) if held.message.contains("scope") => None,
        other => panic!("{other:?}"),
    };
    for damaged in ["#N/A", "#REF!", "=\"DE\"", "'01", "7.0", "1,0E+3"] {
        assert_eq!(is_out(&[("Country", damaged), ("Boss", "2")]), None, "{damaged}");
        assert_eq!(is_out(&[("Title", damaged), ("Boss", "2")]), None, "{damaged}");
    }
    assert_eq!(is_out(&[("Country", "#N/A"), ("Title", "Vacant"), ("Boss", "2")]), Some(false), "another clause decides");
    assert_eq!(is_out(&[("Country", "'s-Hertogenbosch"), ("Boss", "2")]), Some(false), "a name");
    assert!(
        matches!(map(&mapping, &cells(&[("Title", "#N/A"), ("Boss", "1")])), Mapped::Held(held) if !held.message.contains("scope"))
    );
    let left = map(&mapping, &cells(&[("Country", "#N/A"), ("Boss", "2"), ("Status", "Terminated")]));
    assert!(matches!(left, Mapped::OutOfScope { stage: Some(Stage::Left { .. }), .. }), "a leaver leaves in scope and out of it");
    let out = |key, former| is_out(&[("Title", "Vacant"), ("Boss", "2"), ("Id", key), ("Former", former)]);
    for damaged in ["1\u{200b}2", "7.0", "#N/A", "4,02101E+12"] {
        assert_eq!(out(damaged, ""), Some(true), "{damaged}");
        assert_eq!(out("7", damaged), Some(true), "{damaged}");
    }
    assert_eq!((out("", ""), out("7", "6")), (Some(false), Some(false)));
}
