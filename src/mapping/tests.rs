//! The mapping as a whole: faults, and records through it.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;

use super::*;
use crate::directory::Value;
use crate::expr::Context;
use crate::record::{At, Header, Place, Record};

const BASE: &str = r#"
version = 1
name = "Test"
[source]
key = "[Id]"
[[match]]
target = "employeeId"
"#;

fn parse(rest: &str) -> Result<Mapping, MappingErrors> {
    Mapping::parse(&format!("{BASE}{rest}"), Path::new("test.toml"))
}

fn faults(text: &str) -> Vec<String> {
    let errors = Mapping::parse(text, Path::new("test.toml")).unwrap_err();
    errors.faults.into_iter().map(|fault| fault.message).collect()
}

fn map(mapping: &Mapping, cells: &[(&str, &str)]) -> Mapped {
    let header = Arc::new(Header::new(cells.iter().map(|(name, _)| *name)).unwrap());
    let place = Place { source: "hr.csv".into(), at: At::Line(7) };
    let record = Record::from_text(Arc::clone(&header), place, cells.iter().map(|(_, text)| *text));
    let bound = mapping.bind(&header).unwrap_or_else(|errors| panic!("{errors}"));
    bound.map(&record, &Context::on(date(2026, 11, 20), None))
}

fn desired(mapped: Mapped) -> Desired {
    match mapped {
        Mapped::Desired(desired) => desired,
        Mapped::Held(held) => panic!("held: {}", held.message),
        Mapped::OutOfScope { .. } => panic!("out of scope"),
    }
}

fn held(mapped: Mapped) -> Held {
    match mapped {
        Mapped::Held(held) => held,
        _ => panic!("not held"),
    }
}

fn flow(desired: &Desired, name: &str) -> Option<Flow> {
    desired.attributes.iter().find(|wanted| wanted.attribute.name == name).map(|wanted| wanted.flow.clone())
}

#[test]
fn all_faults_come_at_once_in_the_order_of_their_places() {
    let found = faults(
        r#"
version = 2
nmae = "Test"
[source]
dates = ["dd.mm.yyyy"]
time_zone = "Europe/Berln"
[[match]]
target = "mail"
[[match]]
target = "userPrincipalName"
[attributes]
employeId = "[Id]"
id = "[Id]"
department = "Jion([A])"
displayName = { expression = "[Name]", when = "sometimes" }
usageLocation = { constant = "UK" }
mailNickname = 'SelectUniqueValue("a", "b")'
userPrincipalName = 'SelectUniqueValue("a@b.c", "d@b.c")'
accountEnabled = { constant = true }
[lifecycle]
create_before = "14 days"
on_leave = ["revoke-session"]
"#,
    );
    for wanted in [
        "lacks `name`",
        "must be 1",
        "unknown key `nmae`",
        "lacks `key`",
        "no format of a date",
        "no time zone",
        "`mail` is matched but not mapped",
        "`userPrincipalName` is matched, but",
        "no attribute `employeId`",
        "`id` is read-only",
        "Jion",
        "cannot be \"sometimes\"",
        "for `usageLocation` is not",
        "needs when",
        "`accountEnabled` is set by [lifecycle]",
        "`create_before` cannot be",
        "`on_leave` cannot be",
    ] {
        assert!(found.iter().any(|message| message.contains(wanted)), "{wanted}: {found:#?}");
    }
}

#[test]
fn a_fault_shows_the_line_with_a_caret_and_a_hint() {
    let errors = parse("[attributes]\nemployeeId = \"[Id]\"\ndepartmnt = \"[Dept]\"\n").unwrap_err();
    let shown = errors.to_string();
    assert!(shown.starts_with("test.toml:10:1: no attribute `departmnt`"), "{shown}");
    assert!(shown.contains("\n  10 | departmnt = \"[Dept]\"\n     | ^^^^^^^^^\n"), "{shown}");
    assert!(shown.contains("hint: did you mean `department`?"), "{shown}");
}

#[test]
fn a_fault_within_a_text_of_several_lines_is_found_there() {
    let text = "[attributes]\nemployeeId = \"[Id]\"\ndepartment = '''\n  Join(\" \",\n    Jion([A], [B]))'''\n";
    let errors = parse(text).unwrap_err();
    assert_eq!((errors.faults[0].line, errors.faults[0].column), (12, 5), "{errors}");
}

#[test]
fn a_doubled_key_is_a_fault_with_its_place() {
    let errors = parse("[attributes]\nemployeeId = \"[Id]\"\nemployeeId = \"[Id]\"\n").unwrap_err();
    assert_eq!(errors.faults[0].line, 10, "{errors}");
}

#[test]
fn missing_columns_come_all_at_once() {
    let mapping = parse("[attributes]\nemployeeId = \"[Id]\"\ndepartment = \"[Departmnt]\"\ncity = \"[City]\"\n").unwrap();
    let errors = mapping.bind(&Header::new(["Id", "Department"]).unwrap()).unwrap_err();
    assert_eq!(errors.faults.len(), 2, "{errors}");
    assert!(errors.to_string().contains("did you mean `Department`?"), "{errors}");
}

#[test]
fn empty_cells_clear_are_kept_or_take_the_default() {
    let mapping = parse(
        r#"
[attributes]
employeeId = "[Id]"
city = "[City]"
mobilePhone = { expression = "[Mobile]", on_empty = "keep" }
department = { expression = "[Dept]", default = "Unassigned" }
"#,
    )
    .unwrap();
    let person = desired(map(&mapping, &[("Id", " 7 "), ("City", "  "), ("Mobile", ""), ("Dept", "")]));
    assert_eq!(person.key.as_str(), "7");
    assert_eq!(flow(&person, "city"), Some(Flow::Clear));
    assert_eq!(flow(&person, "mobilePhone"), None);
    assert_eq!(flow(&person, "department"), Some(Flow::Set(Value::text("Unassigned"))));
    assert_eq!(person.stage, Stage::Active { start: None });
}

#[test]
fn values_are_trimmed_and_dates_read_by_the_formats_of_the_source() {
    let text = r#"
version = 1
name = "Test"
[source]
key = "[Id]"
dates = ["%d.%m.%Y"]
nothing = ["-", "00.00.0000"]
no_end = ["31.12.9999"]
[[match]]
target = "employeeId"
[attributes]
employeeId = "[Id]"
state = "[State]"
employeeHireDate = "[Start]"
city = "[City]"
[lifecycle]
start = "[Start]"
end = "[End]"
"#;
    let mapping = Mapping::parse(text, Path::new("test.toml")).unwrap_or_else(|errors| panic!("{errors}"));
    let cells = [("Id", "7"), ("State", "WA "), ("Start", "1.2.2020"), ("End", "31.12.9999"), ("City", "-")];
    let person = desired(map(&mapping, &cells));
    assert_eq!(flow(&person, "state"), Some(Flow::Set(Value::text("WA"))));
    assert_eq!(flow(&person, "employeeHireDate"), Some(Flow::Set(Value::text("2020-02-01T00:00:00Z"))));
    assert_eq!(flow(&person, "city"), Some(Flow::Clear));
    assert_eq!(person.stage, Stage::Active { start: Some(date(2020, 2, 1)) });
    let cells = [("Id", "7"), ("State", ""), ("Start", "soon"), ("End", "00.00.0000"), ("City", "")];
    let held = held(map(&mapping, &cells));
    assert_eq!(held.code, HeldCode::InvalidValue);
    assert!(held.message.contains("`Start`") && !held.message.contains("soon"), "{}", held.message);
    assert_eq!(held.place.unwrap().to_string(), "hr.csv, line 7");
}

#[test]
fn a_value_that_graph_would_refuse_holds_the_record() {
    let mapping = parse("[attributes]\nemployeeId = \"[Id]\"\nusageLocation = \"[Land]\"\ndepartment = \"[Dept]\"\n").unwrap();
    let long = "x".repeat(65);
    let held = held(map(&mapping, &[("Id", "7"), ("Land", "UK"), ("Dept", &long)]));
    assert_eq!((held.code, held.key.unwrap().as_str()), (HeldCode::InvalidValue, "7"));
    assert!(held.message.contains("`usageLocation`") && held.message.contains("`department` is 65"), "{}", held.message);
}

#[test]
fn a_record_without_a_key_is_held() {
    let mapping = parse("[attributes]\nemployeeId = \"[Id]\"\n").unwrap();
    assert_eq!(held(map(&mapping, &[("Id", "  ")])).code, HeldCode::NoKey);
}

#[test]
fn a_key_that_a_spreadsheet_damaged_is_nobodys() {
    let mapping = parse("[attributes]\nemployeeId = \"[Id]\"\n").unwrap();
    for id in ["=\"00123\"", "'00123", "4,02101E+12"] {
        let held = held(map(&mapping, &[("Id", id)]));
        assert_eq!((held.code, &held.key), (HeldCode::NoKey, &None), "{}", held.message);
        assert!(held.message.contains("a spreadsheet"), "{}", held.message);
    }
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
fn candidates_that_graph_would_refuse_are_left_out() {
    let mapping = parse(
        r#"
[attributes]
employeeId = "[Id]"
userPrincipalName = 'SelectUniqueValue(Join("@", [Name], "contoso.com"), Join("@", [Id], "contoso.com"))'
"#,
    )
    .unwrap();
    let person = desired(map(&mapping, &[("Id", "7"), ("Name", "李明")]));
    assert_eq!(flow(&person, "userPrincipalName"), Some(Flow::FirstFree(vec![Value::text("7@contoso.com")])));
    assert_eq!(person.attributes[1].when, When::Create);
}

#[test]
fn manager_and_groups_follow_the_record() {
    let mapping = parse(
        r#"
[attributes]
employeeId = "[Id]"
[manager]
key = "[Boss]"
[[groups]]
key = "[Dept]"
name = 'Join(" ", "Dept", [Dept])'
when = 'IIF(IsNullOrEmpty([Dept]), "False", "True")'
"#,
    )
    .unwrap();
    let person = desired(map(&mapping, &[("Id", "7"), ("Boss", " 8 "), ("Dept", "Sales")]));
    assert!(matches!(&person.manager, ManagerWanted::Key(key) if key.as_str() == "8"));
    assert_eq!(person.groups, [GroupWanted { rule: 0, key: "Sales".to_owned(), name: "Dept Sales".to_owned() }]);
    let person = desired(map(&mapping, &[("Id", "7"), ("Boss", ""), ("Dept", "")]));
    assert_eq!(person.manager, ManagerWanted::Clear);
    assert!(person.groups.is_empty());
}

#[test]
fn two_group_rules_with_one_key_and_two_names_are_refused() {
    let rules = |second: &str| {
        parse(&format!(
            "[attributes]\nemployeeId = \"[Id]\"\n[[groups]]\nkey = \"[Dept]\"\nname = \"[Dept]\"\n[[groups]]\n{second}\n"
        ))
    };
    let faults = rules("key = \"[Dept]\"\nname = 'Append([Dept], \" team\")'").unwrap_err().to_string();
    assert!(faults.contains("another rule has the same `key`"), "{faults}");
    rules("name = \"[Dept]\"\nkind = \"microsoft365\"\nowners = [\"it@contoso.com\"]").unwrap_err();
    // Two ways into one group are none.
    rules("name = \"[Dept]\"\nkind = \"security\"\nwhen = '\"True\"'").unwrap();
    rules("key = 'Append([Dept], \"-team\")'\nname = 'Append([Dept], \" team\")'").unwrap();
}

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
fn the_error_of_a_spreadsheet_is_no_value() {
    let mapping = parse("[attributes]\nemployeeId = \"[Id]\"\ndepartment = \"[Dept]\"\n").unwrap();
    let person = held(map(&mapping, &[("Id", "7"), ("Dept", "#N/A")]));
    assert_eq!(person.code, HeldCode::InvalidValue);
    assert!(person.message.contains("`department` holds the error #N/A"), "{}", person.message);
    assert_eq!(held(map(&mapping, &[("Id", "#REF!"), ("Dept", "IT")])).code, HeldCode::InvalidValue);
    assert!(matches!(map(&mapping, &[("Id", "7"), ("Dept", "#NAME")]), Mapped::Desired(_)), "a text is a text");
}
