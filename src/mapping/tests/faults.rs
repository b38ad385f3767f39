//! The faults of a mapping file.

use super::*;

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
        "the mapping needs `name`",
        "must be 1",
        "unknown key `nmae`",
        "needs `key`",
        "not a format of a date",
        "no time zone",
        "`mail` is matched but not mapped",
        "`userPrincipalName` is matched, but",
        "no attribute `employeId`",
        "`id` is read-only",
        "Jion",
        "cannot be `sometimes`",
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
    assert!(shown.starts_with("test.toml, line 10, column 1: no attribute `departmnt`"), "{shown}");
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
fn groups_of_the_feed_have_their_own_names_and_need_a_feed_with_groups() {
    let rule = |text: &str| parse(&format!("[attributes]\nemployeeId = \"[Id]\"\n[[groups]]\nfrom = \"feed\"\n{text}\n"));
    for wrong in
        ["name = \"[Dept]\"", "key = \"[Dept]\"", "id = \"3f8f2d1e-0000-0000-0000-000000000000\"", "kind = \"microsoft365\""]
    {
        rule(wrong).unwrap_err();
    }
    let mapping = rule("membership = \"add-only\"").unwrap();
    assert!(mapping.rules().groups[0].from_feed && mapping.columns().contains("groups.display"));
    let fault = mapping.bind(&Header::new(["Id"]).unwrap()).unwrap_err().to_string();
    assert!(fault.contains("the reading has no groups of its own") && fault.contains("pushed by SCIM"), "{fault}");
    let header = Header::new(["Id", "groups", "groups.display"]).unwrap();
    mapping.bind(&header).unwrap();
}

#[test]
fn a_word_of_two_lists_is_a_fault_with_both_places() {
    let lists = |text: &str| {
        let lifecycle = format!("[attributes]\nemployeeId = \"[Id]\"\n[lifecycle]\nstatus = \"[Status]\"\n{text}\n");
        parse(&lifecycle)
            .map(|_| ())
            .map_err(|errors| errors.faults.into_iter().map(|fault| (fault.line, fault.message)).collect::<Vec<_>>())
    };
    for (text, first, second, line) in [
        ("left = [\"Gone\"]\nactive = [\"GONE\"]", "left", "active", 13),
        ("left = [\"On leave\"]\n[lifecycle.states]\n\"on\u{a0}leave\" = \"active\"", "left", "states", 14),
        ("active = [\"Part time\"]\nstates = { \"Part  time\u{200b}\" = \"active\" }", "active", "states", 13),
        ("left = [\"Gone\", \"gone\"]", "left", "left", 12),
    ] {
        let faults = lists(text).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].0 == line && faults[0].1.contains(&format!("`{first}` names on line 12")), "{faults:?}");
        assert!(faults[0].1.starts_with(&format!("`{second}` names the status")), "{faults:?}");
    }
    assert!(lists("active = [\" \"]").unwrap_err()[0].1.contains("an empty status"));
    lists("left = [\"Gone\"]\nactive = [\"Active\", \"Part time\"]").unwrap();
    let without = parse("[attributes]\nemployeeId = \"[Id]\"\n[lifecycle]\nactive = [\"Active\"]\n").unwrap_err();
    assert!(without.to_string().contains("`active` is given without `status`"), "{without}");
}
