//! Bad input: a clear message with its place, the right exit code, and nothing written.

use crate::world::{World, project};

const HEADER: &str = "EmployeeID,FirstName,LastName,Status";

#[test]
fn files_that_cannot_be_read_whole_are_refused() {
    let world = World::new();
    let cases: &[(&str, &[u8])] = &[
        ("empty.csv", b""),
        ("header.csv", b"EmployeeID,FirstName,LastName,Status\n"),
        ("nul.csv", b"EmployeeID,FirstName,LastName,Status\n1,A\0,B,Active\n"),
        ("doubled.csv", b"EmployeeID,FirstName,FirstName,Status\n1,A,B,Active\n"),
        ("ragged.csv", b"EmployeeID,FirstName,LastName,Status\n1,A,B,Active\n2,A,B\n"),
        ("quote.csv", b"EmployeeID,FirstName,LastName,Status\n1,A,B,Active\n2,\"A,B,Active\n"),
        ("column.csv", b"EmployeeID,FirstName,Surname,Status\n1,A,B,Active\n"),
    ];
    for (name, bytes) in cases {
        let file = world.write(name, bytes);
        let ended = world.import(&file, &[]).ends_with(2);
        assert!(ended.out.is_empty(), "{name}: {}", ended.out);
        assert!(!ended.err.contains("panicked"), "{name}: {}", ended.err);
    }
    let missing = world.import(&world.path("nowhere.csv"), &[]).ends_with(2);
    assert!(missing.err.contains("nowhere.csv"));
}

#[test]
fn a_ragged_row_is_told_with_its_line() {
    let world = World::new();
    let file = world.write("ragged.csv", format!("{HEADER}\n1,Ann,Lee,Active\n2,Bob,Ray\n"));
    let ended = world.import(&file, &[]).ends_with(2);
    assert!(ended.err.contains("ragged.csv") && ended.err.contains('3'), "{}", ended.err);
}

#[test]
fn a_wrong_mapping_is_told_with_a_caret() {
    let world = World::new();
    let mapping = world.write(
        "wrong.toml",
        "version = 1\nname = \"x\"\n[source]\nkey = \"[EmployeeID]\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
         employeeId = \"[EmployeeID]\"\ndisplayName = 'Jion(\" \", [FirstName])'\nid = \"[EmployeeID]\"\n",
    );
    let ended = world.run(["mapping", "check", mapping.to_str().unwrap()]).ends_with(2);
    assert!(ended.err.contains("wrong.toml:9:") && ended.err.contains("Join") && ended.err.contains('^'), "{}", ended.err);
    assert!(ended.err.contains("wrong.toml:10:"), "{}", ended.err);
    let file = world.write("employees.csv", format!("{HEADER}\n1,Ann,Lee,Active\n"));
    world.import(&file, &["--mapping", mapping.to_str().unwrap()]).ends_with(2);
}

#[test]
fn duplicate_keys_are_held_and_the_others_go() {
    let world = World::new();
    let mapping = project("mappings/generic-csv.toml");
    let text = std::fs::read_to_string(project("samples/employees.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let first = rows.lines().next().unwrap();
    let file = world.write("twice.csv", format!("{header}\n{rows}{first}\n"));
    let outcome = world.import(&file, &["--mapping", mapping.to_str().unwrap(), "--format", "json"]).ends_with(4).json();
    assert!(outcome["applied"].as_u64().unwrap() > 40);
    assert!(outcome["held"].as_array().unwrap().iter().all(|held| held["code"] == "duplicate-key"));
}

#[test]
fn one_expression_is_tried_from_the_command_line() {
    let world = World::new();
    let eval = |arguments: &[&str]| world.run(["mapping", "eval"].iter().chain(arguments));
    assert_eq!(eval(&["ToUpper([A])", "--record", r#"{"A":"ann"}"#, "--format", "json"]).ends_with(0).out.trim(), "\"ANN\"");
    let fault = eval(&["Nope([A])", "--format", "json"]).ends_with(2).json();
    assert!(fault["error"]["code"].is_string() && fault["error"]["span"].is_array());
}
