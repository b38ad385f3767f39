//! Leavers as a night meets them: no value of a record keeps an account open, and what stays open is said first.

use serde_json::Value;

use crate::world::{Ended, World, project};

const HEADER: &str = "EmployeeID,FirstName,LastName,Email,Department,JobTitle,CostCentre,Country,Mobile,ManagerID,HireDate,TerminationDate,Status,WorkerType,Office,Postcode";

/// The row of a person, with other cells than the usual ones.
fn row(number: usize, cells: &[(&str, &str)]) -> String {
    let key = format!("1000{number}");
    let columns: Vec<&str> = HEADER.split(',').collect();
    let mail = format!("p{number}@contoso.com");
    let (first, last) = (format!("Given{number}"), format!("Family{number}"));
    let usual: [&str; 16] =
        [&key, &first, &last, &mail, "IT", "Clerk", "1", "DE", "", "", "2020-01-01", "", "Active", "Employee", "Graz", "8010"];
    let cell = |(column, usual): (&&str, &str)| {
        let found = cells.iter().find(|(name, _)| name == column);
        format!("\"{}\"", found.map_or(usual, |(_, cell)| cell))
    };
    columns.iter().zip(usual).map(cell).collect::<Vec<_>>().join(",")
}

fn file(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// A company of twelve in the tenant, by the shipped mapping with two more attributes.
fn company() -> World {
    let world = World::new();
    let mapping = std::fs::read_to_string(project("mappings/generic-csv.toml")).unwrap();
    let more = "officeLocation = \"[Office]\"\npostalCode = \"[Postcode]\"\n\n[manager]";
    world.write("map.toml", mapping.replace("\n[manager]", &format!("\n{more}")));
    night(&world, &everybody()).ends_with(0);
    world
}

fn everybody() -> Vec<String> {
    (1..=12).map(|number| row(number, &[])).collect()
}

fn run(world: &World, rows: &[String], options: &[&str]) -> Ended {
    let path = world.write("hr.csv", file(rows));
    world.import(&path, &[&["--mapping", "map.toml"], options].concat())
}

fn night(world: &World, rows: &[String]) -> Ended {
    run(world, rows, &[])
}

/// The company with other rows for the first person.
fn with_first(first: &[Vec<(&str, &str)>]) -> Vec<String> {
    let mut rows = everybody();
    rows.splice(0..1, first.iter().map(|cells| row(1, cells)));
    rows
}

/// What the first person's account is after a night, by the plan that an active record would get.
fn is_disabled(world: &World) -> bool {
    let plan = run(world, &everybody(), &["--dry-run", "--format", "json"]).json();
    plan["changes"].as_array().unwrap().iter().any(|change| change["key"] == "10001" && change["action"] == "enable")
}

/// Whether the report disables the person with the key 10001.
fn disables_first(report: &str) -> bool {
    report.lines().any(|line| line.starts_with("! disable ") && line.contains("(10001"))
}

fn codes(document: &Value, list: &str) -> Vec<String> {
    document[list].as_array().unwrap().iter().map(|entry| entry["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_value_of_the_record_keeps_a_leavers_account_open() {
    let (long, title, phone) = ("x".repeat(70), "Left the company ".repeat(9), "1".repeat(80));
    let bad: [(&str, &str); 12] = [
        ("Department", &long),
        ("JobTitle", &title),
        ("Mobile", &phone),
        ("Country", "Germany"),
        ("Email", "n/a"),
        ("Email", "ida.b\u{e9}rg@contoso.com"),
        ("Email", "p2@contoso.com"),
        ("HireDate", "31/02/2020"),
        ("TerminationDate", "n/a"),
        ("Postcode", &long),
        ("Office", &title),
        ("WorkerType", "a\u{1}b"),
    ];
    for (column, value) in bad {
        let world = company();
        let rows = with_first(&[vec![("Status", "Terminated"), (column, value)]]);
        let ended = night(&world, &rows).ends_with(4);
        assert!(disables_first(&ended.out), "{column}: {}", ended.out);
        assert!(!ended.out.contains("agrees with HR"), "{column}: {}", ended.out);
        assert!(
            ended.err.contains("10001: ") && ended.err.contains("[invalid-value]") && ended.err.contains("hint: "),
            "{}",
            ended.err
        );
        let again = run(&world, &rows, &["--dry-run", "--format", "json"]).ends_with(4).json();
        assert_eq!((again["changes"].as_array().unwrap().len(), codes(&again, "held").len()), (0, 0), "{column}");
        assert!(is_disabled(&world), "{column}");
    }
}

#[test]
fn quiet_runs_say_what_was_left_out_too() {
    let world = company();
    let rows = with_first(&[vec![("Status", "Terminated"), ("Country", "Germany")]]);
    let ended = run(&world, &rows, &["-q"]).ends_with(4);
    assert!(ended.err.contains("usageLocation") && ended.err.contains("hr.csv, line 2"), "{}", ended.err);
}

#[test]
fn the_order_of_the_dates_and_an_unknown_status_hold_no_leaver() {
    let gone: [&[(&str, &str)]; 4] = [
        &[("Status", "Terminated"), ("HireDate", "2026-01-01"), ("TerminationDate", "2025-01-01")],
        &[("Status", "Resigned (vol.)"), ("TerminationDate", "2025-01-01")],
        &[("Status", ""), ("TerminationDate", "2025-01-01")],
        &[("HireDate", "2099-01-01"), ("TerminationDate", "2025-01-01")],
    ];
    for cells in gone {
        let world = company();
        let ended = night(&world, &with_first(&[cells.to_vec()]));
        assert!(disables_first(&ended.out), "{cells:?}: {}\n{}", ended.out, ended.err);
    }
}

#[test]
fn two_contracts_that_both_ended_are_one_leaver() {
    let world = company();
    let gone = |dept| vec![("Status", "Terminated"), ("Department", dept)];
    let rows = with_first(&[gone("IT"), gone("Sales")]);
    let plan = run(&world, &rows, &["--dry-run", "--format", "json"]).ends_with(4).json();
    assert_eq!(plan["summary"]["disable"], 1, "{plan}");
    assert_eq!((codes(&plan, "held"), codes(&plan, "skipped")), (vec![], vec!["invalid-value".to_owned()]));
    let records = plan["summary"]["records"].as_object().unwrap();
    let sum: u64 = records.iter().filter(|(name, _)| *name != "total").map(|(_, count)| count.as_u64().unwrap()).sum();
    assert_eq!((records["total"].as_u64(), records["changed"].as_u64(), sum), (Some(13), Some(2), 13));
    night(&world, &rows).ends_with(4);
    let same = with_first(&[gone("IT"), gone("IT")]);
    let plan = run(&company(), &same, &["--dry-run", "--format", "json"]).ends_with(0).json();
    assert_eq!((plan["summary"]["disable"].as_u64(), codes(&plan, "skipped").len()), (Some(1), 0));
}

#[test]
fn a_leaver_with_one_active_record_is_held_and_nothing_agrees() {
    let world = company();
    let ended = night(&world, &with_first(&[vec![("Status", "Terminated")], vec![]])).ends_with(4);
    assert!(ended.out.contains("[duplicate-key]") && !ended.out.contains("agrees with HR"), "{}", ended.out);
}

#[test]
fn a_leaver_whose_account_is_in_doubt_heads_text_html_and_stderr() {
    for key in ["1000\u{200b}1", ""] {
        let world = company();
        let rows = with_first(&[vec![("Status", "Terminated"), ("EmployeeID", key)]]);
        let ended = run(&world, &rows, &["--html", "plan.html"]).ends_with(4);
        let html = std::fs::read_to_string(world.path("plan.html")).unwrap();
        for page in [&ended.out, &ended.err, &html] {
            assert!(page.contains("has left; the account stays enabled"), "{key:?}: {page}");
            assert!(!page.contains("agrees with HR"), "{key:?}: {page}");
        }
        let plan = run(&world, &rows, &["--dry-run", "--format", "json"]).ends_with(4).json();
        assert_eq!((&plan["held"][0]["left"], &plan["summary"]["heldLeavers"]), (&Value::Bool(true), &Value::from(1)));
    }
}

#[test]
fn a_leaver_who_falls_out_of_the_scope_in_the_same_file_is_disabled() {
    let scope =
        "[[scope]]\nall = [{ attribute = \"[WorkerType]\", operator = \"EQUALS\", value = \"Employee\" }]\n\n[attributes]";
    let gone: [&[(&str, &str)]; 3] = [
        &[("Status", "Terminated"), ("WorkerType", "Former")],
        &[("TerminationDate", "2025-01-01"), ("WorkerType", "")],
        &[("Status", "Terminated"), ("WorkerType", "Former"), ("Email", "n/a"), ("HireDate", "?")],
    ];
    for cells in gone {
        let world = company();
        let mapping = std::fs::read_to_string(world.path("map.toml")).unwrap();
        world.write("map.toml", mapping.replacen("[attributes]", scope, 1));
        let rows = with_first(&[cells.to_vec()]);
        let ended = night(&world, &rows).ends_with(0);
        assert!(disables_first(&ended.out), "{cells:?}: {}", ended.out);
        assert!(is_disabled(&world));
        let still = with_first(&[vec![("WorkerType", "Former")]]);
        let plan = run(&company_in_scope(scope), &still, &["--dry-run", "--format", "json"]).ends_with(0).json();
        assert_eq!((plan["summary"]["disable"].as_u64(), codes(&plan, "skipped")), (Some(0), vec!["out-of-scope".to_owned()]));
    }
}

fn company_in_scope(scope: &str) -> World {
    let world = company();
    let mapping = std::fs::read_to_string(world.path("map.toml")).unwrap();
    world.write("map.toml", mapping.replacen("[attributes]", scope, 1));
    world
}

#[test]
fn a_missing_person_ends_each_night_with_4_while_the_account_is_enabled() {
    let world = company();
    for _ in 0..2 {
        let ended = night(&world, &everybody()[1..]).ends_with(4);
        assert!(ended.err.contains("10001: missing from HR") && ended.err.contains("hint: "), "{}", ended.err);
        assert!(!ended.out.contains("agrees with HR"), "{}", ended.out);
    }
    night(&world, &everybody()).ends_with(0);
}

#[test]
fn nobody_is_disabled_as_missing_beside_a_record_without_a_key() {
    let world = company();
    let mapping = std::fs::read_to_string(world.path("map.toml")).unwrap();
    world.write("map.toml", mapping.replace("on_missing = \"report\"", "on_missing = \"disable\""));
    let keys = ["", "10001\u{200b}2"];
    for key in keys {
        // The damaged record points at its own account by mail and names; the one after it is in no record.
        let mut rows = with_first(&[vec![("EmployeeID", key)]]);
        rows.remove(1);
        let ended = night(&world, &rows).ends_with(4);
        assert!(!ended.out.contains("! disable"), "{key:?}: {}", ended.out);
        assert!(
            ended.out.contains("(10002") && ended.out.contains(": missing from HR") && ended.out.contains("[missing]"),
            "{key:?}: {}",
            ended.out
        );
    }
    let ended = night(&world, &everybody()[1..]).ends_with(0);
    assert!(disables_first(&ended.out), "{}", ended.out);
}

#[test]
fn a_new_status_is_listed_once_and_learnt_by_a_confirmed_run() {
    let world = company();
    let mapping = std::fs::read_to_string(world.path("map.toml")).unwrap();
    let (start, rest) = mapping.split_once("\nactive = [").unwrap();
    let (_, rest) = rest.split_once("]\n").unwrap();
    world.write("map.toml", format!("{start}\n{rest}"));
    night(&world, &everybody());
    let rows = with_first(&[vec![("Status", "Terminated (vol.)")]]);
    for _ in 0..2 {
        let ended = run(&world, &rows, &["--dry-run"]).ends_with(4);
        assert!(ended.err.contains("Terminated (vol.)") && ended.err.contains("[new-status]"), "{}", ended.err);
    }
    night(&world, &rows).ends_with(4);
    night(&world, &rows).ends_with(0);
}

#[test]
fn a_second_record_of_a_leaver_whose_account_is_disabled_raises_no_alarm() {
    let world = company();
    let mut rows = with_first(&[vec![("Status", "Terminated")], vec![("Status", "Terminated"), ("EmployeeID", "99")]]);
    let ended = run(&world, &rows, &["--dry-run"]);
    assert!(ended.out.contains("! disable Given1 Family1 (10001"), "{}", ended.out);
    assert!(!ended.out.contains("keeps access"), "{}", ended.out);
    assert!(!ended.out.contains("stays enabled") && !ended.err.contains("stays enabled"), "{}\n{}", ended.out, ended.err);
    assert!(!ended.out.contains("hrpush does not disable their accounts"), "{}", ended.out);
    assert!(ended.err.contains("another record of this plan closes the account"), "{}", ended.err);
    // A neighbour: where no record closes the account, the alarm stays.
    rows.remove(0);
    let ended = run(&world, &rows, &["--dry-run"]);
    assert!(ended.out.contains("stays enabled"), "{}\n{}", ended.out, ended.err);
}
