//! Decisions by hand: made by the line that a held entry ends with, shown, forgotten, and ended by a changed name.

use serde_json::{Value, json};

use crate::company::{Company, Row, codes, column, people};
use crate::world::World;

const READ: [&str; 3] = ["hr.csv", "--mapping", "map.toml"];

/// A tenant with an account without a key that has the names of the fifth person, and another one.
fn namesake() -> (Company, Vec<Row>) {
    let user = |first: &str, last: &str| {
        json!({
            "userPrincipalName": format!("{first}.{last}@contoso.com"), "displayName": format!("{first} {last}"), "givenName": first,
            "surname": last, "accountEnabled": true, "mailNickname": first,
        })
    };
    let company = Company::served(&json!({ "users": [user("Given5", "Family5"), user("Zoe", "Zander")] }));
    let rows = people(1..=24);
    company.hr(&rows);
    company.night(4);
    (company, rows)
}

fn json_of(company: &Company, arguments: &[&str], at_tenant: bool) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
    company.hrpush(&arguments, at_tenant).ends_with(0).json()
}

/// What `explain` shows of the decision about a person.
fn explained(company: &Company, key: &str) -> Value {
    let arguments: Vec<&str> = ["explain", key].into_iter().chain(READ).collect();
    json_of(company, &arguments, true)["decision"].clone()
}

#[test]
fn the_line_of_a_held_entry_needs_neither_the_file_nor_the_tenant() {
    let (company, _) = namesake();
    std::fs::rename(company.world.path("hr.csv"), company.world.path("moved-away.csv")).unwrap();
    let row = json_of(&company, &["decide", "5", "--new", "--note", "two people, says HR"], false);
    let of = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
    assert_eq!([of("key"), of("verdict"), of("givenName"), of("surname")], ["5", "new", "given5", "family5"]);
    assert_eq!(of("note"), "two people, says HR");
    assert_eq!([of("user"), of("host")], [whoami::username().unwrap(), whoami::hostname().unwrap()]);
    assert!(of("decidedAt").parse::<jiff::Timestamp>().is_ok() && row["forgottenAt"].is_null());

    let listed = json_of(&company, &["decide", "--list"], false);
    assert_eq!(listed, json!([row]));
    let text = company.hrpush(&["decide", "--list"], false).ends_with(0).out;
    for part in ["5: ", "--new", "`given5`", "`family5`", &of("user"), &of("host"), "two people, says HR"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn a_decision_is_replaced_forgotten_and_never_erased() {
    let (company, _) = namesake();
    json_of(&company, &["decide", "5", "--new"], false);
    let id = company.user("Given5.Family5@contoso.com")["id"].clone();
    let same: Vec<&str> = ["decide", "5", "--same", "given5.family5@CONTOSO.com"].into_iter().chain(READ).collect();
    let row = json_of(&company, &same, true);
    assert_eq!([&row["verdict"], &row["account"]], [&json!("same"), &id]);
    assert_eq!(json_of(&company, &["decide", "--list"], false), json!([row]), "one at a time");
    let shown = explained(&company, "5");
    assert_eq!([&shown["verdict"], &shown["applies"]], [&json!("same"), &json!(true)]);

    let forgotten = json_of(&company, &["decide", "5", "--forget"], false);
    assert!(forgotten["forgottenAt"].is_string() && forgotten["forgottenBy"].as_str().unwrap().contains('@'));
    assert_eq!(json_of(&company, &["decide", "--list"], false), json!([]));
    assert_eq!(explained(&company, "5"), Value::Null);
    let history = json_of(&company, &["decide", "5", "--list"], false);
    let history: Vec<&str> = history.as_array().unwrap().iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(history, ["same", "new"]);
    assert!(company.hrpush(&["decide", "5", "--forget"], false).ends_with(2).err.contains("no decision about `5`"));
}

#[test]
fn a_decision_ends_when_a_name_or_the_account_changes() {
    let (company, rows) = namesake();
    let same: Vec<&str> = ["decide", "5", "--same", "Given5.Family5@contoso.com"].into_iter().chain(READ).collect();
    json_of(&company, &same, true);
    for (name, value, applies) in [("First", "GIVEN5", true), ("First", "Eve", false), ("Last", "Other", false)] {
        let mut changed = rows.clone();
        changed[4][column(name)] = value.into();
        company.hr(&changed);
        assert_eq!(explained(&company, "5")["applies"], applies, "{name} {value}");
    }
    company.hr(&rows);
    assert_eq!(explained(&company, "5")["applies"], true);
    let text = company.hrpush(&["explain", "5", "hr.csv", "--mapping", "map.toml"], true).ends_with(0).out;
    assert!(text.contains("Decided by hand") && !text.contains("does not apply"), "{text}");
    let id = company.user("Given5.Family5@contoso.com")["id"].as_str().unwrap().to_owned();
    company.admin("DELETE", &format!("/users/{id}"), None);
    company.admin("DELETE", &format!("/directory/deletedItems/{id}"), None);
    assert_eq!(explained(&company, "5")["applies"], false, "the account is gone");
}

#[test]
fn what_cannot_be_decided_is_refused_with_the_way_out() {
    let (company, mut rows) = namesake();
    let refused = |arguments: &[&str], read: bool, parts: &[&str]| {
        let files = READ.into_iter().filter(|_| read);
        let arguments: Vec<&str> = ["decide"].into_iter().chain(arguments.iter().copied()).chain(files).collect();
        let message = company.hrpush(&arguments, read).ends_with(2).err;
        for part in parts.iter().chain(&["error: "]) {
            assert!(message.contains(part), "{part} is missing for {arguments:?}:\n{message}");
        }
    };
    refused(&["nobody", "--new"], false, &["no earlier run has recorded the key `nobody`", "hrpush decide nobody --new FILE"]);
    refused(&["nobody", "--new"], true, &["no person with the HR key `nobody`"]);
    refused(&["5", "--keep"], false, &["5 is held", "--same ID or --new"]);
    refused(
        &["5", "--same", "zoe.zander@contoso.com"],
        false,
        &["none of the candidate accounts", "hrpush decide 5 --same zoe.zander@contoso.com FILE"],
    );
    refused(&["5", "--same", "zoe.zandr@contoso.com"], true, &["no user `zoe.zandr@contoso.com`", "Zoe.Zander@contoso.com"]);
    refused(&["1", "--new"], true, &["has the key 1", "hrpush decide 1 --same"]);
    refused(&["1", "--new"], false, &["the last run held no record of `1`", "FILE"]);
    rows[6][column("Start")] = "31/02/2020".into();
    rows.remove(8);
    company.hr(&rows);
    refused(&["7", "--same", "zoe.zander@contoso.com"], true, &["is held for its content", "`lifecycle.start` is not a date"]);
    refused(&["9", "--same", "zoe.zander@contoso.com"], true, &["no record has the key `9`", "hrpush decide 9 --keep"]);
    assert_eq!(json_of(&company, &["decide", "--list"], false), json!([]));
}

#[test]
fn a_missing_person_is_kept_without_any_reading() {
    let company = Company::new();
    let mut rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    company.hrpush(&["decide", "9", "--keep"], true).ends_with(2);
    rows.remove(8);
    company.hr(&rows);
    company.night(0);
    let known = json_of(&company, &["explain", "9", "hr.csv", "--mapping", "map.toml"], true)["known"]["id"].clone();
    for name in ["hr.csv", "map.toml"] {
        std::fs::rename(company.world.path(name), company.world.path(&format!("{name}.old"))).unwrap();
    }
    let row = json_of(&company, &["decide", "9", "--keep"], true);
    assert_eq!([&row["verdict"], &row["account"]], [&json!("keep"), &known]);
    assert_eq!([&row["givenName"], &row["surname"]], [&json!("given9"), &json!("family9")]);
    let text = company.hrpush(&["decide", "9", "--keep"], true).ends_with(0).out;
    assert!(text.contains("stays as is") && text.contains("The next run uses it"), "{text}");
    company.hrpush(&["decide", "99", "--keep"], true).ends_with(2);
}

#[test]
fn a_configured_source_is_read_where_the_last_run_left_nothing() {
    let (company, _) = namesake();
    company.world.write("hrpush.toml", "[source]\nkind = \"csv\"\npath = \"hr.csv\"\nmapping = \"map.toml\"\n");
    let id = company.user("Zoe.Zander@contoso.com")["id"].clone();
    let row = json_of(&company, &["decide", "5", "--same", "zoe.zander@contoso.com"], true);
    assert_eq!([&row["account"], &row["surname"]], [&id, &json!("family5")]);
    let message = company.hrpush(&["decide", "1", "--new"], true).ends_with(2).err;
    assert!(message.contains("has the key 1"), "{message}");
}

#[test]
fn a_decision_waits_for_no_run_and_needs_the_folder_to_itself() {
    let (company, _) = namesake();
    let lock = std::fs::File::options().write(true).open(company.world.path(".hrpush/lock")).unwrap();
    lock.lock().unwrap();
    for arguments in [&["decide", "5", "--new"][..], &["decide", "1", "--keep"], &["decide", "5", "--forget"]] {
        assert!(company.hrpush(arguments, false).ends_with(1).err.contains("another run uses the state folder"));
    }
    company.hrpush(&["decide", "--list"], false).ends_with(0);
}

#[test]
fn decide_is_explained_by_its_help() {
    let help = World::new().run(["decide", "--help"]).ends_with(0).out;
    for part in
        ["--same <ID|UPN>", "--new", "--keep", "--forget", "--note", "Examples:", "bound to the key, the account and both names"]
    {
        assert!(help.contains(part), "{part} is missing:\n{help}");
    }
    World::new().run(["decide", "1"]).ends_with(2);
    World::new().run(["decide", "1", "--keep", "--new"]).ends_with(2);
}

#[test]
fn a_possible_duplicate_is_settled_both_ways() {
    for (choice, count, surname) in [("--new", 26, "Family5"), ("--same", 25, "Family5")] {
        let (company, rows) = namesake();
        let before = company.user("Given5.Family5@contoso.com");
        let id = before["id"].as_str().unwrap();
        let decide: Vec<&str> = ["decide", "5", choice].into_iter().chain((choice == "--same").then_some(id)).collect();
        company.hrpush(&decide, false).ends_with(0);
        company.night(0);
        assert_eq!(company.count_of_users(), count, "{choice}");
        let after = company.user("Given5.Family5@contoso.com");
        assert_eq!((&after["id"], &after["surname"]), (&before["id"], &json!(surname)));
        assert_eq!(after["employeeId"], if choice == "--same" { json!("5") } else { Value::Null });
        company.hr(&rows);
        company.night(0);
    }
}

#[test]
fn a_forgotten_decision_holds_the_record_again() {
    let (company, mut rows) = namesake();
    company.hrpush(&["decide", "5", "--new"], false).ends_with(0);
    assert_eq!(codes(&company.plan(0), "held"), Vec::<String>::new());
    rows[4][column("Last")] = "Zander".into();
    rows[4][column("First")] = "Zoe".into();
    company.hr(&rows);
    assert_eq!(codes(&company.plan(4), "held"), ["5 possible-duplicate"], "another name");
    company.hr(&people(1..=24));
    company.hrpush(&["decide", "5", "--forget"], false).ends_with(0);
    assert_eq!(codes(&company.plan(4), "held"), ["5 possible-duplicate"]);
}

#[test]
fn a_missing_person_who_is_kept_stays_enabled_and_quiet() {
    let company = Company::new();
    let mut rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    let keep = || ["decide", "9", "--keep"].into_iter().chain(READ).collect::<Vec<_>>();
    let message = company.hrpush(&keep(), true).ends_with(2).err;
    assert!(message.contains("has a record in scope"), "{message}");
    let whole = rows.clone();
    rows.remove(8);
    company.hr(&rows);
    // A dry run found the person missing: the line of its hint needs no file.
    company.hrpush(&["decide", "9", "--keep"], false).ends_with(2);
    assert_eq!(company.plan(0)["summary"]["disable"], 1);
    company.hrpush(&["decide", "9", "--keep"], false).ends_with(0);
    company.hrpush(&["decide", "9", "--forget"], false).ends_with(0);
    company.hrpush(&keep(), true).ends_with(0);
    let plan = company.plan(0);
    assert_eq!((&plan["changes"], &plan["skipped"]), (&json!([]), &json!([])));
    company.night(0);
    // The decision ends once the person is in HR again.
    company.hr(&whole);
    company.night(0);
    assert_eq!(json_of(&company, &["decide", "--list"], false), json!([]));
    company.hr(&rows);
    assert_eq!(company.plan(0)["summary"]["disable"], 1);
    company.hrpush(&keep(), true).ends_with(0);
    assert_eq!(company.plan(0)["summary"]["disable"], 0);
    company.hrpush(&["decide", "9", "--forget"], true).ends_with(0);
    assert_eq!(company.plan(0)["summary"]["disable"], 1);
}

#[test]
fn a_feed_that_calls_a_person_gone_takes_nobody_from_the_feed_that_carries_them() {
    let company = Company::new().mapped("on_missing = \"disable\"\n", "");
    let map = std::fs::read_to_string(company.world.path("map.toml")).unwrap();
    company.world.write("payroll.toml", map.replace("name = \"employees\"", "name = \"payroll\""));
    let rows = people(1..=24);
    company.hr(&rows);
    company.night(0);
    let feed = || {
        let message = json_of(&company, &["explain", "5", "hr.csv", "--mapping", "map.toml"], true);
        message["known"]["feed"].as_str().unwrap().to_owned()
    };
    let mut gone = rows.clone();
    gone[4][column("Status")] = "Terminated".into();
    company.export("payroll.csv", &gone);
    let import = ["import", "payroll.csv", "--mapping", "payroll.toml", "--yes"];
    let ended = company.hrpush(&import, true);
    assert!([0, 4].contains(&ended.code), "{}", ended.err);
    assert_eq!(feed(), "employees");
    company.export("payroll.csv", &rows);
    company.hrpush(&import, true).ends_with(0);
    assert_eq!(feed(), "payroll");
}

#[test]
fn an_account_that_hrpush_may_not_write_to_is_known_as_seen() {
    let account = |key: &str, extra: &[(&str, Value)]| {
        let mut user = json!({
            "userPrincipalName": format!("p{key}@contoso.com"), "displayName": format!("Given{key} Family{key}"), "givenName": format!("Given{key}"),
            "surname": format!("Family{key}"), "accountEnabled": true, "mailNickname": format!("p{key}"), "employeeId": key,
        });
        for (name, value) in extra {
            user[*name] = value.clone();
        }
        user
    };
    let guest = account("2", &[("userType", json!("Guest"))]);
    let synced = account("3", &[("onPremisesSyncEnabled", json!(true))]);
    let company = Company::served(&json!({ "users": [account("1", &[]), guest, synced, account("4", &[])] }));
    company.world.write("hrpush.toml", "[protect]\nusers = [\"p4@contoso.com\"]\n");
    company.hr(&people(1..=4));
    let import = || {
        let ended = company.hrpush(&["import", "hr.csv", "--mapping", "map.toml", "--yes"], true);
        assert!([0, 4].contains(&ended.code), "{}", ended.err);
    };
    import();
    let seen = |key: &str| {
        let message = json_of(&company, &["explain", key, "hr.csv", "--mapping", "map.toml"], true);
        message["known"]["seen"].as_bool().unwrap()
    };
    assert_eq!(["1", "2", "3", "4"].map(seen), [false, true, true, true]);
    company.world.write("hrpush.toml", "");
    import();
    assert_eq!(["1", "2", "3", "4"].map(seen), [false, true, true, false]);
}
