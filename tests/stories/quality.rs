//! `hrpush quality`: a report to send back to HR.

use crate::world::{World, project};

const ROWS: &str = "EmployeeID,FirstName,LastName,Status,ManagerID,HireDate,TerminationDate\n\
    1,Ann,Lee,Active,,2020-01-31,\n2,Bob,Ray,Active,99,2020-02-30,\n2,Cem,Can,Active,1,2020-01-01,2019-01-01\n3,=1+1,Oz,Active,1,2020-01-01,\n";

#[test]
fn what_is_wrong_is_told_by_row_and_in_words_of_hr() {
    let world = World::new();
    let file = world.write("hr.csv", ROWS);
    let mapping = world.write(
        "m.toml",
        "version = 1\nname = \"t\"\n[source]\nkey = \"[EmployeeID]\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
         employeeId = \"[EmployeeID]\"\ngivenName = \"[FirstName]\"\nsurname = \"[LastName]\"\n[manager]\nkey = \"[ManagerID]\"\n\
         [lifecycle]\nstart = \"[HireDate]\"\nend = \"[TerminationDate]\"\nstatus = \"[Status]\"\n",
    );
    let run = |options: &[&str]| {
        let fixed = ["quality", file.to_str().unwrap(), "--mapping", mapping.to_str().unwrap()];
        world.run(fixed.iter().chain(options))
    };
    let message = run(&["--csv", world.path("report.csv").to_str().unwrap()]).ends_with(4);
    for wanted in [
        "hr.csv row 3, number 2, column EmployeeID \"2\": different people have this number",
        "hr.csv row 3, number 2, column HireDate \"2020-02-30\": this is not a date",
        "hr.csv row 4, number 2, column TerminationDate \"2019-01-01\": the last day 2019-01-01 is before the first day 2020-01-01",
        "hr.csv row 3, number 2, column ManagerID \"99\": no person in the list has this number",
    ] {
        assert!(message.out.contains(wanted), "{wanted}\n{}", message.out);
    }
    for word in ["Entra", "Graph", "attribute", "mapping", "givenName", "held"] {
        assert!(!message.out.contains(word), "{word}\n{}", message.out);
    }
    let csv = std::fs::read_to_string(world.path("report.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 5);
    run(&["--csv", world.path("report.csv").to_str().unwrap()]).ends_with(4);
    run(&["--csv", file.to_str().unwrap()]).ends_with(2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), ROWS, "the list itself is never written over");
    let json = run(&["--format", "json"]).ends_with(4).json();
    assert_eq!(json["format"], "hrpush.quality/1");
    assert_eq!(json["summary"]["duplicate-id"], 2);
    assert_eq!(json["findings"].as_array().unwrap().len(), 5);
}

#[test]
fn a_file_without_a_mapping_is_judged_by_the_words_of_its_header() {
    let world = World::new();
    let file = world.write("liste.csv", "Personalnummer;Vorname;Nachname;Eintritt\n1;Ann;Lee;01.02.2020\n1;Bob;Ray;31.02.2020\n");
    let message = world.run(["quality", file.to_str().unwrap()]).ends_with(4);
    assert!(message.out.contains("different people have this number"), "{}", message.out);
}

#[test]
fn a_clean_list_ends_well_and_a_broken_one_is_refused() {
    let world = World::new();
    let file = world.write("hr.csv", "EmployeeID,FirstName,LastName\n1,Ann,Lee\n2,Bob,Ray\n");
    world.run(["quality", file.to_str().unwrap()]).ends_with(0);
    let broken = world.write("broken.csv", "EmployeeID,FirstName\n1,\"Ann\n");
    world.run(["quality", broken.to_str().unwrap()]).ends_with(2);
    let sample = world.run(["quality", project("samples/employees.csv").to_str().unwrap(), "--format", "json"]).json();
    assert_eq!(sample["format"], "hrpush.quality/1");
    let found = sample["findings"].as_array().unwrap().len() as u64;
    let counted: u64 = sample["summary"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(counted, found, "{sample}");
}

#[test]
fn an_empty_end_date_phone_or_manager_is_no_finding_and_an_empty_name_is() {
    let world = World::new();
    let json = world.run(["quality", project("samples/employees.csv").to_str().unwrap(), "--format", "json"]).json();
    let findings = json["findings"].as_array().unwrap();
    let columns: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["code"] == "empty-cell")
        .map(|finding| finding["column"].as_str().unwrap())
        .collect();
    assert!(!columns.iter().any(|column| ["TerminationDate", "Mobile", "ManagerID"].contains(column)), "{columns:?}");
    assert!(findings.len() < 20, "{json}");
    let text = std::fs::read_to_string(project("samples/employees.csv")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut cells: Vec<&str> = lines[1].split(',').collect();
    cells[2] = "";
    lines[1] = cells.join(",");
    let file = world.write("hr.csv", format!("{}\n", lines.join("\n")));
    let json = world.run(["quality", file.to_str().unwrap(), "--format", "json"]).ends_with(4).json();
    let empty = json["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "empty-cell");
    assert!(empty.clone().any(|finding| finding["column"] == "LastName"), "{json}");
}

#[test]
fn each_cell_with_an_invisible_character_is_named() {
    let world = World::new();
    let rows = "1\u{200b},Ann,Lee\n2,B\u{ad}ob,Ray\n3,Cem,C\u{202e}an\n4,D\u{200d}an,Dee\n5,Eve,Fay\u{feff}\n6,Gil,Hay\n";
    let file = world.write("hr.csv", format!("EmployeeID,FirstName,LastName\n{rows}"));
    let json = world.run(["quality", file.to_str().unwrap(), "--format", "json"]).ends_with(4).json();
    assert_eq!(json["summary"]["blanks"], 5, "{json}");
    let problems: Vec<&str> =
        json["findings"].as_array().unwrap().iter().map(|found| found["problem"].as_str().unwrap()).collect();
    for code_point in ["U+200B", "U+00AD", "U+202E", "U+200D", "U+FEFF"] {
        assert!(problems.iter().any(|problem| problem.ends_with(code_point)), "{code_point}: {problems:?}");
    }
}
