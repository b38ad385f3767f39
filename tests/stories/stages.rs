//! What a record says of a person's place in the life cycle, whatever else is wrong with it.

use serde_json::{Value, json};

use crate::company::{Company, Row, column, people};

fn set(rows: &mut [Row], number: usize, name: &str, value: &str) {
    rows[number - 1][column(name)] = value.into();
}

/// A company of 24 that the tenant agrees with.
fn settled(company: Company) -> (Company, Vec<Row>) {
    let rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    (company, rows)
}

/// The preview of a night; another test checks whether it asks for a look (4).
fn planned(company: &Company, rows: &[Row]) -> Value {
    company.hr(rows);
    let options = ["import", "hr.csv", "--mapping", "map.toml", "--format", "json", "--dry-run"];
    let ended = company.world.run(options);
    assert!([0, 4].contains(&ended.code), "{}\n{}", ended.code, ended.err);
    ended.json()
}

/// Each change as its action and key.
fn changes(plan: &Value) -> Vec<String> {
    let line = |change: &Value| format!("{} {}", change["action"].as_str().unwrap(), change["key"].as_str().unwrap());
    plan["changes"].as_array().unwrap().iter().map(line).collect()
}

fn held(plan: &Value) -> Vec<&str> {
    plan["held"].as_array().unwrap().iter().map(|held| held["code"].as_str().unwrap()).collect()
}

#[test]
fn a_leaver_is_disabled_whatever_else_stands_in_the_record() {
    let (company, rows) = settled(Company::new());
    let long = "x".repeat(300);
    let bad = [
        ("Mail", "n/a"),
        ("Department", long.as_str()),
        ("First", "Ann\u{202e}gpj.exe"),
        ("Manager", "#N/A"),
        ("Manager", "1\u{200b}1"),
        ("Start", "31/02/2020"),
    ];
    for (name, value) in bad {
        for (sign, said) in [("Status", "Terminated"), ("End", "31/10/2020")] {
            let mut rows = rows.clone();
            set(&mut rows, 5, name, value);
            set(&mut rows, 5, sign, said);
            let plan = planned(&company, &rows);
            assert_eq!((changes(&plan), held(&plan)), (vec!["disable 5".to_owned()], vec![]), "{name} {sign}");
        }
        let mut rows = rows.clone();
        set(&mut rows, 5, name, value);
        let plan = planned(&company, &rows);
        assert_eq!((changes(&plan).len(), held(&plan).len()), (0, 1), "{name}");
    }
}

#[test]
fn characters_that_nobody_sees_decide_nothing() {
    let (company, rows) = settled(Company::new());
    let mut around = rows.clone();
    for cell in around.iter_mut().flatten() {
        *cell = format!("\u{feff}{cell}\u{200b}\u{a0}");
    }
    assert_eq!(planned(&company, &around)["changes"], json!([]));
    for status in ["Terminated\u{200b}", "Termi\u{ad}nated", "\u{200e}TERMINATED\u{2060}"] {
        let mut rows = rows.clone();
        set(&mut rows, 5, "Status", status);
        assert_eq!(changes(&planned(&company, &rows)), ["disable 5"], "{status:?}");
    }
}

#[test]
fn a_key_with_an_invisible_character_is_nobodys_and_then_nobody_is_missing() {
    let (company, rows) = settled(Company::new());
    for key in ["1\u{200b}2", "1\u{ad}2", "1\u{a0}2"] {
        let mut rows = rows.clone();
        set(&mut rows, 12, "ID", key);
        rows.remove(4);
        let plan = planned(&company, &rows);
        assert_eq!((changes(&plan), held(&plan)), (vec![], vec!["invisible-character"]), "{key:?}");
        assert!(plan["held"][0]["message"].as_str().unwrap().contains("U+"), "{plan}");
    }
}

#[test]
fn rows_outside_the_scope_hold_nobody_and_hide_nobody_who_is_missing() {
    let scope = "[[scope]]\nall = [{ attribute = \"[ID]\", operator = \"IS NOT NULL\" }, { attribute = \"[Type]\", operator = \"EQUALS\", \
                 value = \"Employee\" }]\n[attributes]";
    let (company, mut rows) = settled(Company::new().mapped("[attributes]", scope));
    let mut vacant = rows[0].clone();
    vacant[column("ID")] = String::new();
    let mut second = rows[4].clone();
    second[column("Type")] = "Honorary".into();
    second[column("Mail")] = "n/a".into();
    rows.remove(8);
    rows.extend([vacant.clone(), vacant, second]);
    let plan = planned(&company, &rows);
    assert_eq!((changes(&plan), held(&plan)), (vec!["disable 9".to_owned()], vec![]));
}

#[test]
fn somebody_who_starts_again_is_gone_in_between() {
    let (company, mut rows) = settled(Company::new());
    set(&mut rows, 5, "Start", "01/07/2099");
    set(&mut rows, 5, "End", "31/12/2025");
    let plan = planned(&company, &rows);
    assert_eq!((changes(&plan), held(&plan)), (vec!["disable 5".to_owned()], vec![]));
    set(&mut rows, 5, "Start", "01/02/2026");
    let plan = planned(&company, &rows);
    assert_eq!((changes(&plan), held(&plan)), (vec![], vec![]));
}
