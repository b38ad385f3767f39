//! Groups and addresses: one cell spelled otherwise, groups that hrpush cannot fill, addresses that others have.

use serde_json::{Value, json};

use crate::company::{Company, Row, codes, column, people};

/// So many people of the department Sales.
fn sales(count: usize) -> Vec<Row> {
    let mut rows = people(1..=count);
    for row in &mut rows {
        row[column("Department")] = "Sales".into();
    }
    rows
}

/// The groups of the tenant with how many members they have, by name.
fn groups(company: &Company) -> Vec<(String, usize)> {
    let groups = company.admin("GET", "/groups?$select=id,displayName&$top=999", None);
    let of = |group: &Value| {
        let id = group["id"].as_str().unwrap();
        let members = company.admin("GET", &format!("/groups/{id}/members?$select=id&$top=999"), None);
        (group["displayName"].as_str().unwrap().to_owned(), members["value"].as_array().unwrap().len())
    };
    let mut groups: Vec<_> = groups["value"].as_array().unwrap().iter().map(of).collect();
    groups.sort();
    groups
}

fn group_changes(plan: &Value) -> usize {
    plan["changes"].as_array().unwrap().iter().filter(|change| change["object"] == "group").count()
}

/// A group that hrpush did not make.
fn foreign(name: &str, more: &Value) -> Value {
    let mut group =
        json!({ "displayName": name, "mailNickname": name.replace(' ', ""), "mailEnabled": false, "securityEnabled": true });
    group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    group
}

/// The messages of what is held.
fn messages(document: &Value) -> Vec<&str> {
    document["held"].as_array().unwrap().iter().map(|held| held["message"].as_str().unwrap()).collect()
}

#[test]
fn a_department_in_capitals_or_with_blanks_is_the_same_group() {
    let company = Company::served(&json!({}));
    company.hr(&sales(12));
    company.night(0);
    for spelling in ["SALES", " Sales", "Sales  ", "\u{a0}Sales", "sales\u{200b}", "sAlEs"] {
        let mut rows = sales(12);
        rows[0][column("Department")] = spelling.into();
        company.hr(&rows);
        assert_eq!(group_changes(&company.plan(0)), 0, "{spelling:?}");
        company.night(0);
        assert_eq!(groups(&company), [("Dept Sales".to_owned(), 12)], "{spelling:?}");
    }
}

#[test]
fn one_cell_in_capitals_on_the_first_run_makes_no_group_of_its_own() {
    let company = Company::served(&json!({}));
    let mut rows = sales(30);
    rows[0][column("Department")] = "SALES".into();
    company.hr(&rows);
    company.night(0);
    assert_eq!(groups(&company), [("Dept Sales".to_owned(), 30)]);
    let output = company.plan(0)["skipped"].to_string();
    assert!(output.contains(r#"is spelled \"Dept SALES\" in HR, too"#), "{output}");
}

#[test]
fn letters_in_other_forms_are_the_same_group() {
    for [common, other] in [["Büro", "BU\u{308}RO"], ["Straße", "STRASSE"], ["İzmir", "İZMİR"]] {
        let company = Company::served(&json!({}));
        let mut rows = sales(8);
        for row in &mut rows {
            row[column("Department")] = common.into();
        }
        company.hr(&rows);
        company.night(0);
        rows[3][column("Department")] = other.into();
        company.hr(&rows);
        company.night(0);
        assert_eq!(groups(&company), [(format!("Dept {common}"), 8)], "{other}");
    }
}

#[test]
fn a_mover_whose_new_group_is_held_keeps_the_group_of_before() {
    let company = Company::served(&json!({ "groups": [foreign("dept OPS", &json!({}))] }));
    let mut rows = sales(12);
    company.hr(&rows);
    company.night(0);
    rows[0][column("Department")] = "Ops".into();
    company.hr(&rows);
    let outcome = company.night(4);
    assert_eq!(codes(&outcome, "held"), ["Ops group-name-taken"]);
    assert!(messages(&outcome)[0].contains("taken by the group dept OPS"), "{outcome}");
    assert_eq!(groups(&company), [("Dept Sales".to_owned(), 12), ("dept OPS".to_owned(), 0)]);
    // An administrator renames the other group; the move happens as a whole.
    let id = company.admin("GET", "/groups?$filter=displayName eq 'dept OPS'", None)["value"][0]["id"].clone();
    company.admin("PATCH", &format!("/groups/{}", id.as_str().unwrap()), Some(&json!({ "displayName": "Operators" })));
    company.night(0);
    assert_eq!(groups(&company), [("Dept Ops".to_owned(), 1), ("Dept Sales".to_owned(), 11), ("Operators".to_owned(), 0)]);
}

#[test]
fn a_group_that_an_earlier_version_made_is_used_on() {
    // The unique names of the keys `Sales` and `SALES`, each a key of its own then.
    for unique in ["hrpush-sales-8de4e0ea7370", "hrpush-sales-f6075f134e69"] {
        let made = foreign("Dept Sales", &json!({ "uniqueName": unique }));
        let company = Company::served(&json!({ "groups": [made] }));
        company.hr(&sales(6));
        let plan = company.plan(0);
        assert_eq!(plan["summary"]["createGroup"], 0, "{unique}");
        company.night(0);
        assert_eq!(groups(&company), [("Dept Sales".to_owned(), 6)], "{unique}");
    }
}

#[test]
fn an_address_of_a_group_is_given_to_no_person() {
    let list = |address: &str, name: &str| {
        let addresses = json!({ "mailEnabled": true, "securityEnabled": false, "groupTypes": ["Unified"], "mail": address,
            "proxyAddresses": [format!("SMTP:{address}"), format!("smtp:{name}.alias@contoso.com")] });
        foreign(name, &addresses)
    };
    let seed = json!({ "groups": [list("given2.family2@contoso.com", "forward"), list("p3@contoso.com", "team")] });
    let company = Company::served(&seed);
    let mut rows = sales(12);
    rows[4][column("Mail")] = "Team.Alias@contoso.com".into();
    company.hr(&rows);
    let outcome = company.night(4);
    assert_eq!(codes(&outcome, "held"), ["3 name-taken", "5 name-taken"]);
    assert_eq!(
        messages(&outcome),
        ["mail: p3@contoso.com is taken by the group team", "mail: Team.Alias@contoso.com is taken by the group team"]
    );
    assert_eq!(company.user("Given2.Family2.2@contoso.com")["employeeId"], "2", "the next candidate");
}

#[test]
fn addresses_of_groups_count_also_where_the_mapping_has_no_groups() {
    let list = json!({ "mailEnabled": true, "securityEnabled": false, "mail": "p3@contoso.com",
        "proxyAddresses": ["SMTP:p3@contoso.com", "smtp:Given2.Family2@contoso.com"] });
    let company = Company::served(&json!({ "groups": [foreign("forward", &list)] }));
    let mapping = crate::company::MAPPING;
    company.world.write("map.toml", &mapping[..mapping.find("[[groups]]").unwrap()]);
    company.hr(&sales(12));
    let plan = company.plan(4);
    assert_eq!(messages(&plan), ["mail: p3@contoso.com is taken by the group forward"]);
    company.night(4);
    assert_eq!(company.user("Given2.Family2.2@contoso.com")["employeeId"], "2");
    // A list that comes later is known by the next night.
    let later = json!({ "displayName": "later", "mailNickname": "given13.family13", "mailEnabled": true, "securityEnabled": false,
        "groupTypes": ["Unified"], "owners@odata.bind": [] });
    let made = company.admin("POST", "/groups", Some(&later));
    let mail = made["mail"].as_str().unwrap();
    let mut rows = sales(13);
    rows[12][column("Mail")] = mail.to_uppercase();
    company.hr(&rows);
    let outcome = company.night(4);
    assert!(messages(&outcome).iter().any(|message| message.ends_with("is taken by the group later")), "{outcome}");
}

#[test]
fn a_deleted_account_whose_address_another_user_has_is_held_and_comes_back_once_it_is_free() {
    let company = Company::served(&json!({})).mapped("left =", "reenable = \"always\"\nleft =");
    company.hr(&sales(12));
    company.night(0);
    let id = company.user("Given2.Family2@contoso.com")["id"].as_str().unwrap().to_owned();
    company.admin("DELETE", &format!("/users/{id}"), None);
    let other = json!({ "userPrincipalName": "P2@contoso.com", "displayName": "Desk", "mailNickname": "desk",
        "accountEnabled": true, "passwordProfile": { "password": "Xy12345678!abc" } });
    let desk = company.admin("POST", "/users", Some(&other))["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let outcome = company.night(4);
        assert_eq!(codes(&outcome, "held"), ["2 name-taken"]);
        assert!(
            messages(&outcome)[0].ends_with("its address p2@contoso.com is taken by the user P2@contoso.com by now"),
            "{outcome}"
        );
    }
    company.admin("DELETE", &format!("/users/{desk}"), None);
    company.night(0);
    assert_eq!(company.user("Given2.Family2@contoso.com")["id"], id.as_str());
}

#[test]
fn a_joiner_of_a_federated_domain_is_held_before_the_first_write() {
    let domain = json!({ "id": "fed.example", "authenticationType": "Federated", "isVerified": true, "isDefault": false });
    let seed = json!({ "domains": [domain] });
    let company = Company::served(&seed).mapped("\"contoso.com\"", "IIF([Phone]=\"fed\", \"fed.example\", \"contoso.com\")");
    let mut rows = sales(12);
    rows[1][column("Phone")] = "fed".into();
    company.hr(&rows);
    let outcome = company.night(4);
    assert_eq!(codes(&outcome, "held"), ["2 invalid-value"]);
    assert!(messages(&outcome)[0].contains("the domain `fed.example` is federated"), "{outcome}");
    assert_eq!(company.count_of_users(), 11);
}
