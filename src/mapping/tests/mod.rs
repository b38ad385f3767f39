//! The mapping as a whole: records through it.

mod creates;
mod dates;
mod faults;
mod samples;
mod stages;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::date;

use crate::directory::Value;
use crate::expr::Context;
use crate::mapping::*;
use crate::record::{At, Header, KeyDamage, Place, Record};

const BASE: &str = r#"
version = 1
name = "Test"
[source]
key = "[Id]"
[[match]]
target = "employeeId"
"#;

fn parse(rest: &str) -> Result<Mapping, Faults> {
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
        let damage = KeyDamage::of(id).unwrap().to_string();
        assert!(held.message.ends_with(&damage), "{}", held.message);
    }
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
fn the_error_of_a_spreadsheet_is_no_value() {
    let mapping = parse("[attributes]\nemployeeId = \"[Id]\"\ndepartment = \"[Dept]\"\n").unwrap();
    let person = held(map(&mapping, &[("Id", "7"), ("Dept", "#N/A")]));
    assert_eq!(person.code, HeldCode::InvalidValue);
    assert!(person.message.contains("`department` holds the error #N/A"), "{}", person.message);
    assert_eq!(held(map(&mapping, &[("Id", "#REF!"), ("Dept", "IT")])).code, HeldCode::InvalidValue);
    assert!(matches!(map(&mapping, &[("Id", "7"), ("Dept", "#NAME")]), Mapped::Desired(_)), "a text is a text");
}

/// A mapping in which anything may be wrong.
const EVERYTHING: &str = r#"
version = 1
name = "Test"
[source]
key = "[Id]"
previous_key = "[Former]"
dates = ["%Y-%m-%d"]
[[match]]
target = "employeeId"
[attributes]
employeeId = "[Id]"
jobTitle = "[Title]"
usageLocation = "[Country]"
mail = "[Mail]"
employeeHireDate = "[Start]"
department = "[Dept]"
userPrincipalName = 'SelectUniqueValue(Join("@", [Upn], "contoso.com"), Join("@", Append([Upn], "2"), "contoso.com"))'
[manager]
key = "[Boss]"
[lifecycle]
start = "[Start]"
end = "[End]"
status = "[Status]"
left = ["Terminated"]
active = ["Active"]
[[groups]]
name = 'Join(" ", "Dept", [Dept])'
"#;

const CELLS: &[(&str, &str)] = &[
    ("Id", "7"),
    ("Former", ""),
    ("Title", "Clerk"),
    ("Country", "DE"),
    ("Mail", "a@contoso.com"),
    ("Start", "2020-01-01"),
    ("Dept", "Sales"),
    ("Upn", "ann.lee"),
    ("Boss", "8"),
    ("End", ""),
    ("Status", "Active"),
];

fn everything() -> Mapping {
    Mapping::parse(EVERYTHING, Path::new("test.toml")).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The record with some other cells.
fn cells<'c>(other: &[(&'c str, &'c str)]) -> Vec<(&'c str, &'c str)> {
    let text = |name: &str, text| other.iter().find(|(column, _)| *column == name).map_or(text, |(_, text)| *text);
    CELLS.iter().map(|(name, old)| (*name, text(name, *old))).collect()
}

#[test]
fn invisible_characters_are_cut_from_every_cell_and_hold_inside_a_key() {
    let mapping = everything();
    for mark in ["\u{200b}", "\u{feff}", "\u{ad}", "\u{200e}", "\u{2060}", "\u{a0}", "\u{202e}", "\t"] {
        let around = |text: &str| format!("{mark}{text}{mark} ");
        let texts: Vec<(&str, String)> = CELLS.iter().map(|(name, text)| (*name, around(text))).collect();
        let record: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let marked = desired(map(&mapping, &record));
        assert!(marked == desired(map(&mapping, &cells(&[]))), "{mark:?}");
        assert_eq!(marked.groups[0].name, "Dept Sales");
        let key = format!("10{mark}42");
        for column in ["Id", "Former", "Boss"] {
            let held = held(map(&mapping, &cells(&[(column, &key)])));
            assert_eq!(held.code, HeldCode::InvisibleCharacter, "{column} {mark:?}");
            let code_point = format!("U+{:04X}", u32::from(mark.chars().next().unwrap()));
            assert!(held.message.contains(&code_point), "{}", held.message);
        }
        let status = format!("Termi{mark}nated{mark}");
        if !mark.chars().all(char::is_whitespace) {
            assert_eq!(desired(map(&mapping, &cells(&[("Status", &status)]))).stage, Stage::Left { end: None }, "{mark:?}");
        }
    }
}

#[test]
fn a_group_is_one_whatever_blanks_stand_in_the_cell() {
    let mapping = everything();
    for dept in
        ["Real Estate", " Real Estate", "Real  Estate ", "Real\u{a0}Estate", "Real \u{2009}Estate\u{200b}", "Re\u{ad}al Estate"]
    {
        let person = desired(map(&mapping, &cells(&[("Dept", dept)])));
        let wanted = GroupWanted { rule: 0, key: "Dept Real Estate".to_owned(), name: "Dept Real Estate".to_owned() };
        assert_eq!(person.groups, [wanted], "{dept:?}");
    }
}

#[test]
fn a_generated_address_has_no_dots_that_exchange_refuses() {
    let mapping = parse(
        r#"
[attributes]
employeeId = "[Id]"
userPrincipalName = '''SelectUniqueValue(Join("@", Join(".", [First], [Last]), "contoso.com"),
  Join("@", Append([Last], [Id]), "contoso.com"), Join("@", [Id], "contoso.com"))'''
"#,
    )
    .unwrap();
    let upns = |first, last| {
        let person = desired(map(&mapping, &[("Id", "7"), ("First", first), ("Last", last)]));
        match flow(&person, "userPrincipalName") {
            Some(Flow::FirstFree(values)) => values.iter().map(|value| value.as_text().unwrap().to_owned()).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(upns("Ji-hoon", "KimJr."), ["KimJr.7@contoso.com", "7@contoso.com"]);
    assert_eq!(upns("Prof.Dr.", "Maier"), ["Maier7@contoso.com", "7@contoso.com"]);
    assert_eq!(upns(".Ann", "Lee"), ["Lee7@contoso.com", "7@contoso.com"]);
    assert_eq!(upns("Jean", "d\u{2019}Arcy")[0], "Jean.d'Arcy@contoso.com");
    assert_eq!(upns("A\u{200b}nn", "L\u{ad}ee")[0], "Ann.Lee@contoso.com");
}

proptest::proptest! {
    /// Whatever stands in any other cell of a leaver's record, the record is a leaver's.
    #[test]
    fn nothing_in_another_cell_hides_a_leaver(
        column in 0..CELLS.len(),
        text in proptest::prop_oneof!["\\PC*", ".{0,5}", "[\\u{200b}-\\u{200f} #N/A0-9.-]{0,9}", "x{250,300}"],
        by_date in proptest::bool::ANY,
    ) {
        let name = CELLS[column].0;
        let sign = if by_date { ("End", "2026-11-19") } else { ("Status", "Terminated") };
        // By the dates a person is gone only until the next start, and never by another end.
        let other = if by_date { !["Start", "End"].contains(&name) } else { name != "Status" };
        proptest::prop_assume!(other);
        match map(&everything(), &cells(&[(name, text.as_str()), sign])) {
            Mapped::Desired(person) => {
                let left = matches!(person.stage, Stage::Left { .. });
                proptest::prop_assert!(left);
            }
            Mapped::Held(held) => proptest::prop_assert!(held.left && name == "Id"),
            Mapped::OutOfScope { .. } => proptest::prop_assert!(false, "there is no scope"),
        }
    }
}
