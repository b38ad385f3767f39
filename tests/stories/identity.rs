//! A key is no proof of identity: numbers that are given out again, change their form, or lead to a mailbox without an owner.

use serde_json::{Value, json};

use crate::company::{Company, Row, codes, column, people, person};

fn set(row: &mut Row, name: &str, value: &str) {
    row[column(name)] = value.into();
}

/// Zoe Zander under a number.
fn zoe(number: usize) -> Row {
    let mut row = person(number);
    for (name, value) in [("First", "Zoe"), ("Last", "Zander"), ("Mail", "zoe.zander@contoso.com")] {
        set(&mut row, name, value);
    }
    row
}

/// Two dozen people, and a tenant that agrees with them.
fn settled(company: Company) -> (Company, Vec<Row>) {
    let rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    (company, rows)
}

fn held_message(document: &Value) -> String {
    let held = &document["held"][0];
    format!("{} hint: {}", held["message"].as_str().unwrap(), held["help"].as_str().unwrap())
}

#[test]
fn a_leavers_number_that_another_person_gets_opens_no_account() {
    let (company, mut rows) = settled(Company::served(&json!({})));
    set(&mut rows[9], "Status", "Terminated");
    company.hr(&rows);
    company.night(0);
    rows[9] = zoe(10);
    company.hr(&rows);
    let night = company.night(4);
    assert_eq!(codes(&night, "held"), ["10 key-reused"]);
    let account = company.user("Given10.Family10@contoso.com");
    assert_eq!((&account["accountEnabled"], &account["surname"]), (&json!(false), &json!("Family10")));
    assert_eq!(night["held"][0]["candidates"][0]["id"], account["id"]);
    let output = held_message(&night);
    assert!(output.contains("`hrpush decide 10 --same ") && !output.contains("--new"), "a live account has the key: {output}");
    // The person of before comes back without a word.
    rows[9] = person(10);
    set(&mut rows[9], "Last", "Newname");
    company.hr(&rows);
    assert_eq!(company.night(0)["summary"]["enable"], 1);
}

#[test]
fn a_previous_key_of_a_leaver_with_other_names_opens_no_account() {
    let company = Company::served(&json!({})).mapped("key = \"[ID]\"", "key = \"[ID]\"\nprevious_key = \"[Phone]\"");
    let (company, mut rows) = settled(company);
    set(&mut rows[9], "Status", "Terminated");
    company.hr(&rows);
    company.night(0);
    let mut new = zoe(25);
    set(&mut new, "Phone", "10");
    rows[9] = new;
    company.hr(&rows);
    assert_eq!(codes(&company.night(4), "held"), ["25 key-reused"]);
    assert_eq!(company.user("Given10.Family10@contoso.com")["accountEnabled"], json!(false));
}

#[test]
fn a_second_entity_with_the_same_numbers_takes_nobodys_account() {
    let (company, rows) = settled(Company::served(&json!({})));
    let mapping = crate::company::MAPPING.replace("name = \"employees\"", "name = \"entity B\"");
    company.world.write("b.toml", mapping);
    company.export("b.csv", &[zoe(10)]);
    assert_eq!(codes(&company.night_of("b.csv", "b.toml", 4), "held"), ["10 key-reused"]);
    let account = company.user("Given10.Family10@contoso.com");
    assert_eq!((&account["accountEnabled"], &account["surname"]), (&json!(true), &json!("Family10")));
    company.hr(&rows);
    assert_eq!(company.night(0)["applied"], 0);
}

#[test]
fn a_damaged_number_disables_nobody_and_makes_no_second_account() {
    for by_mail in [true, false] {
        let company = Company::served(&json!({}));
        let company = if by_mail { company } else { company.mapped("[[match]]\ntarget = \"mail\"\n", "") };
        let (company, good) = settled(company);
        for number in ["010", "E10", "1O", "10X", "10-1"] {
            for fault in [("Phone", ""), ("Department", &*"D".repeat(70)), ("Status", ""), ("Mail", "p10@")] {
                let mut rows = good.clone();
                set(&mut rows[9], "ID", number);
                set(&mut rows[9], fault.0, fault.1);
                company.hr(&rows);
                let plan = company.plan(4);
                assert_eq!(plan["changes"], json!([]), "{number} {fault:?}: {plan:#}");
                assert_eq!(plan["summary"]["held"], 1, "{number} {fault:?}");
            }
        }
    }
}

#[test]
fn numbers_that_lose_their_zeros_make_no_second_accounts() {
    let company =
        Company::served(&json!({})).mapped("[[match]]\ntarget = \"mail\"\n", "").mapped("on_missing = \"disable\"\n", "");
    let mut rows = people(1..=24);
    for row in &mut rows[20..] {
        let padded = format!("000{}", row[0]);
        set(row, "ID", &padded);
    }
    company.hr(&rows);
    company.night(0);
    for row in &mut rows[21..] {
        let bare = row[0].trim_start_matches('0').to_owned();
        set(row, "ID", &bare);
    }
    company.hr(&rows);
    let night = company.night(4);
    assert_eq!(codes(&night, "held"), ["22 possible-duplicate", "23 possible-duplicate", "24 possible-duplicate"]);
    assert_eq!(company.count_of_users(), 24);
    assert!(held_message(&night).contains("its key 00022 is in no record any more"), "{}", held_message(&night));
}

#[test]
fn a_shared_mailbox_is_neither_taken_over_nor_closed() {
    let user = |name: &str| {
        json!({ "userPrincipalName": format!("{name}@contoso.com"), "mail": format!("{name}@contoso.com"), "displayName": name,
                "accountEnabled": true, "mailNickname": name })
    };
    let (company, mut rows) = settled(Company::served(&json!({ "users": [user("reception"), user("svc-backup")] })));
    for mailbox in ["reception", "svc-backup"] {
        for status in ["Active", "Terminated"] {
            let mut row = zoe(25);
            set(&mut row, "Mail", &format!("{mailbox}@contoso.com"));
            set(&mut row, "Status", status);
            rows.truncate(24);
            rows.push(row);
            company.hr(&rows);
            let night = company.night(4);
            assert_eq!(codes(&night, "held"), ["25 doubtful-match"], "{mailbox} {status}");
            let account = company.user(&format!("{mailbox}@contoso.com"));
            assert_eq!(
                (&account["accountEnabled"], &account["surname"], &account["employeeId"]),
                (&json!(true), &Value::Null, &Value::Null)
            );
        }
    }
}

#[test]
fn a_guest_who_was_matched_once_does_not_stand_for_the_person_for_ever() {
    let guest = json!({ "userPrincipalName": "zoe_fabrikam.example#EXT#@contoso.com", "mail": "zoe@fabrikam.example", "displayName": "Zoe Zander",
                        "userType": "Guest", "accountEnabled": true, "mailNickname": "zoe_fabrikam" });
    let (company, mut rows) = settled(Company::served(&json!({ "users": [guest] })));
    let mut row = zoe(25);
    set(&mut row, "Mail", "zoe@fabrikam.example");
    rows.push(row);
    company.hr(&rows);
    let night = company.night(4);
    assert_eq!((codes(&night, "skipped"), night["applied"].as_u64()), (vec!["25 guest".to_owned()], Some(0)));
    rows[24] = zoe(25);
    company.hr(&rows);
    assert_eq!(company.night(0)["summary"]["create"], 1);
    assert_eq!(company.user("Zoe.Zander@contoso.com")["employeeId"], "25");
}

#[test]
fn a_new_number_without_a_previous_key_holds_the_leaver_and_the_new_record() {
    let (company, mut rows) = settled(Company::served(&json!({})));
    let mut new = person(10);
    set(&mut new, "ID", "E10");
    set(&mut rows[9], "Status", "Terminated");
    rows.push(new);
    company.hr(&rows);
    let night = company.night(4);
    assert_eq!(codes(&night, "held"), ["10 claimed-by-other-key", "E10 claimed-by-other-key"]);
    assert_eq!((&night["held"][0]["left"], &night["summary"]["heldLeavers"]), (&json!(true), &json!(1)));
    // An address alone does not save a leaver.
    set(&mut rows[24], "First", "Other");
    company.hr(&rows);
    let night = company.night(4);
    assert_eq!((codes(&night, "held"), &night["summary"]["disable"]), (vec!["E10 claimed-by-other-key".to_owned()], &json!(1)));
    assert_eq!(company.user("Given10.Family10@contoso.com")["accountEnabled"], json!(false));
}
