//! The disasters of others. Each must end well: no active person loses access, no leaver gets it back, no account is doubled.

use serde_json::{Value, json};

use crate::company::{Company, Row, codes, column, people, person};

fn set(rows: &mut [Row], number: usize, name: &str, value: &str) {
    rows[number - 1][column(name)] = value.into();
}

fn set_all(rows: &mut [Row], name: &str, value: &str) {
    for row in rows {
        row[column(name)] = value.into();
    }
}

/// A company that one night has brought into the tenant.
fn settled(company: Company) -> (Company, Vec<Row>) {
    let rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    (company, rows)
}

#[test]
fn half_the_rows_are_missing() {
    let (company, rows) = settled(Company::new());
    company.hr(&rows[..12]);
    company.stopped_by("source", &rows);
}

#[test]
fn terminated_is_renamed_to_inactive_and_nobody_comes_back() {
    let (company, mut rows) = settled(Company::new().mapped("left =", "states = { Active = \"active\" }\nleft ="));
    for number in 20..=22 {
        set(&mut rows, number, "Status", "Terminated");
    }
    company.hr(&rows);
    company.night(0);
    for number in 20..=22 {
        set(&mut rows, number, "Status", "Inactive");
    }
    company.hr(&rows);
    let outcome = company.night(4);
    assert_eq!((outcome["applied"].as_u64(), codes(&outcome, "held").len()), (Some(0), 3));
}

#[test]
fn terminated_is_renamed_and_the_guard_stops_those_who_would_come_back() {
    let (company, mut rows) = settled(Company::new());
    // Two nights: more than three at once would not pass.
    for numbers in [19..=21, 22..=24] {
        for number in numbers {
            set(&mut rows, number, "Status", "Terminated");
        }
        company.hr(&rows);
        company.night(0);
    }
    let good = rows.clone();
    for number in 19..=24 {
        set(&mut rows, number, "Status", "Inactive");
    }
    company.hr(&rows);
    company.stopped_by("enable", &good);
}

#[test]
fn employee_ids_were_never_filled_and_nobody_is_there_twice() {
    let user = |row: &Row| {
        let [_, first, last, ..] = row;
        json!({
            "userPrincipalName": format!("{first}.{last}@contoso.com"), "displayName": format!("{first} {last}"),
            "givenName": first, "surname": last, "accountEnabled": true, "mailNickname": first,
        })
    };
    let rows = people(1..=24);
    let company = Company::served(&json!({ "users": rows.iter().map(user).collect::<Vec<Value>>() }));
    company.hr(&rows);
    let stopped = company.night(3);
    assert!(codes(&stopped, "held").iter().all(|code| code.ends_with("possible-duplicate")));
    assert_eq!(company.count_of_users(), 24);
}

#[test]
fn a_namesake_is_hired() {
    let (company, mut rows) = settled(Company::served(&json!({})));
    let mut namesake = person(25);
    (namesake[1], namesake[2]) = ("Given7".into(), "Family7".into());
    rows.push(namesake);
    company.hr(&rows);
    assert_eq!(company.night(0)["summary"]["create"], 1);
    assert_eq!(company.user("Given7.Family7@contoso.com")["employeeId"], "7");
    assert_eq!(company.user("Given7.Family7.25@contoso.com")["employeeId"], "25");
}

#[test]
fn employees_and_contractors_come_in_two_files() {
    let (company, rows) = settled(Company::new());
    let mapping = crate::company::MAPPING.replace("name = \"employees\"", "name = \"contractors\"");
    company.world.write("contractors.toml", mapping);
    company.export("contractors.csv", &people(101..=106));
    assert_eq!(company.night_of("contractors.csv", "contractors.toml", 0)["summary"]["create"], 6);
    company.hr(&rows);
    let outcome = company.night(0);
    assert_eq!((outcome["applied"].as_u64(), outcome["summary"]["missing"].as_u64()), (Some(0), Some(0)));
}

#[test]
fn a_contract_end_is_left_over_from_years_ago() {
    let (company, mut rows) = settled(Company::new());
    set(&mut rows, 5, "End", "31/12/2017");
    company.hr(&rows);
    let outcome = company.night(0);
    assert_eq!((outcome["applied"].as_u64(), codes(&outcome, "held")), (Some(0), vec![]), "a rehire keeps the end of before");
}

#[test]
fn an_old_end_counts_less_than_a_status_that_is_named() {
    let (company, mut rows) = settled(Company::new().mapped("left =", "states = { Active = \"active\" }\nleft ="));
    set(&mut rows, 5, "End", "31/12/2021");
    company.hr(&rows);
    let outcome = company.night(4);
    assert_eq!((outcome["applied"].as_u64(), codes(&outcome, "skipped")), (Some(0), vec!["5 end-date-ignored".to_owned()]));
}

#[test]
fn an_account_that_an_administrator_deleted_on_purpose_stays_deleted() {
    let (company, _) = settled(Company::served(&json!({})));
    let id = company.user("Given7.Family7@contoso.com")["id"].as_str().unwrap().to_owned();
    company.admin("DELETE", &format!("/users/{id}"), None);
    let outcome = company.night(4);
    assert_eq!(codes(&outcome, "held"), ["7 deleted-elsewhere"]);
    assert_eq!(company.count_of_users(), 23);
}

#[test]
fn a_future_hire_date_on_somebody_who_works_here() {
    let (company, mut rows) = settled(Company::new());
    set(&mut rows, 7, "Start", "01/03/2079");
    company.hr(&rows);
    let outcome = company.night(0);
    assert_eq!((outcome["applied"].as_u64(), codes(&outcome, "skipped")), (Some(0), vec!["7 starts-later".to_owned()]));
}

#[test]
fn a_column_is_shifted_by_one() {
    let (company, rows) = settled(Company::new());
    let mut shifted = rows.clone();
    for row in &mut shifted {
        row[1..].rotate_left(1);
    }
    company.hr(&shifted);
    company.stopped_by("held", &rows);
    let mut names = rows.clone();
    for row in &mut names {
        row[1..=2].rotate_left(1);
    }
    company.hr(&names);
    company.stopped_by("identity", &rows);
}

#[test]
fn all_statuses_say_terminated() {
    let (company, rows) = settled(Company::new());
    let mut gone = rows.clone();
    set_all(&mut gone, "Status", "Terminated");
    company.hr(&gone);
    company.stopped_by("disable", &rows);
}

#[test]
fn the_export_is_that_of_another_subsidiary() {
    let (company, rows) = settled(Company::new());
    company.hr(&people(501..=524));
    company.stopped_by("disable", &rows);
}

#[test]
fn everyone_is_in_one_department() {
    let (company, rows) = settled(Company::new());
    let mut one = rows.clone();
    set_all(&mut one, "Department", "Dept1");
    company.hr(&one);
    company.stopped_by("feed", &rows);
}

#[test]
fn the_dates_come_in_the_other_order() {
    let (company, rows) = settled(Company::new());
    let mut american = rows.clone();
    for row in &mut american {
        let start = row[column("Start")].clone();
        let parts: Vec<&str> = start.split('/').collect();
        row[column("Start")] = [parts[1], parts[0], parts[2]].join("/");
    }
    company.hr(&american);
    company.stopped_by("held", &rows);
}

#[test]
fn two_people_swapped_their_ids() {
    let (company, mut rows) = settled(Company::served(&json!({})));
    set(&mut rows, 7, "ID", "8");
    set(&mut rows, 8, "ID", "7");
    company.hr(&rows);
    let outcome = company.night(4);
    assert_eq!((outcome["applied"].as_u64(), codes(&outcome, "held").len()), (Some(0), 2));
    assert_eq!(company.user("Given7.Family7@contoso.com")["surname"], "Family7");
}

#[test]
fn the_row_of_an_administrator_says_left() {
    let role = json!({
        "id": "r1", "principalId": "Given7.Family7@contoso.com", "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
        "directoryScopeId": "/", "roleDefinition": { "displayName": "Global Administrator" },
    });
    let admin = json!({
        "userPrincipalName": "Given7.Family7@contoso.com", "displayName": "Given7 Family7", "givenName": "Given7",
        "surname": "Family7", "accountEnabled": true, "mailNickname": "g7", "employeeId": "7", "mail": "p7@contoso.com",
    });
    let company = Company::served(&json!({ "users": [admin], "roleAssignments": [role] }));
    let mut rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    set(&mut rows, 7, "Status", "Terminated");
    company.hr(&rows);
    let outcome = company.night(4);
    assert_eq!(codes(&outcome, "skipped"), ["7 shielded"]);
    assert!(outcome["skipped"][0]["message"].as_str().unwrap().starts_with("HAS LEFT by HR"));
    assert_eq!(company.user("Given7.Family7@contoso.com")["accountEnabled"], true);
}

#[test]
fn the_name_of_a_leaver_is_claimed_by_a_namesake() {
    let (company, mut rows) = settled(Company::served(&json!({})));
    set(&mut rows, 7, "Status", "Terminated");
    company.hr(&rows);
    company.night(0);
    // Gone for good, by hand: the names are free as far as Graph knows.
    let id = company.user("Given7.Family7@contoso.com")["id"].as_str().unwrap().to_owned();
    company.admin("DELETE", &format!("/users/{id}"), None);
    company.admin("DELETE", &format!("/directory/deletedItems/{id}"), None);
    let mut namesake = person(25);
    (namesake[1], namesake[2]) = ("Given7".into(), "Family7".into());
    rows.push(namesake);
    company.hr(&rows);
    company.night(0);
    assert_eq!(company.user("Given7.Family7.25@contoso.com")["employeeId"], "25");
    let mut heir = person(26);
    heir[column("Mail")] = "p7@contoso.com".into();
    rows.push(heir);
    company.hr(&rows);
    assert_eq!(codes(&company.night(4), "held"), ["26 name-taken"]);
}

#[test]
fn a_leaver_gives_back_licences_and_keeps_what_a_group_brings() {
    let [own, by_group] = ["11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"];
    let by = |group: Value| json!({ "skuId": if group.is_null() { own } else { by_group }, "assignedByGroup": group });
    let seed = json!({ "users": [{ "userPrincipalName": "Given2.Family2@contoso.onmicrosoft.com", "displayName": "Given2 Family2",
        "mail": "p2@contoso.com", "usageLocation": "AT", "assignedLicenses": [{ "skuId": own }, { "skuId": by_group }],
        "licenseAssignmentStates": [by(Value::Null), by(json!("g"))] }] });
    let (company, mut rows) = settled(Company::served(&seed).mapped("left =", "on_leave = [\"remove-licenses\"]\nleft ="));
    let licences = |company: &Company| {
        let user = company.admin("GET", "/users/given2.family2@contoso.onmicrosoft.com?$select=assignedLicenses", None);
        user["assignedLicenses"].as_array().unwrap().iter().map(|licence| licence["skuId"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(licences(&company), [own, by_group]);
    set(&mut rows, 2, "Status", "Terminated");
    company.hr(&rows);
    company.night(0);
    assert_eq!(licences(&company), [by_group]);
}
