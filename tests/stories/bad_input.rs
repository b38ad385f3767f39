//! Bad input: a clear message with its place, the right exit code, and nothing written.

use crate::world::{World, project};

const HEADER: &str = "EmployeeID,FirstName,LastName,Status";

#[test]
fn a_ragged_row_is_told_with_its_line() {
    let world = World::new();
    let file = world.write("ragged.csv", format!("{HEADER}\n1,Ann,Lee,Active\n2,Bob,Ray\n"));
    let ended = world.import(&file, &[]).ends_with(2);
    assert!(ended.err.contains("ragged.csv, line 3"), "{}", ended.err);
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
    assert!(
        ended.err.contains("wrong.toml, line 9, column 16: ") && ended.err.contains("Join") && ended.err.contains('^'),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("wrong.toml, line 10, column 1: "), "{}", ended.err);
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

/// Files that must be refused with 2: their bytes, and what is said of them.
const REFUSED: &[(&str, &[u8], &[&str])] = &[
    ("empty.csv", b"", &["empty.csv: the file is empty"]),
    ("blank.csv", b"\r\n \r\n", &["the file is empty"]),
    ("mark-alone.csv", b"\xEF\xBB\xBF", &["the file is empty"]),
    ("header.csv", b"EmployeeID,FirstName,LastName,Status\n", &["line 1: there are no records"]),
    ("nul.csv", b"EmployeeID,FirstName\n1,A\0B\n", &["line 2, column 4: a NUL byte"]),
    ("doubled.csv", b"EmployeeID,Name, Name \n1,A,B\n", &["line 1: the header names the column `Name` twice"]),
    ("quote.csv", b"EmployeeID,Name\n1,A\n2,\"B,\n3,C\n", &["line 3, column 3: a quote opens here and never closes"]),
    ("behind.csv", b"EmployeeID,Name\n1,\"A\"B\n", &["line 2, column 6: text follows a closing quote"]),
    (
        "ragged.csv",
        b"EmployeeID,Name,City\r\n1,A,x\r2,B\n3,C,y,z\n\"4\n\",D\n5,E,w\n6,F,v\n",
        &[
            "line 3, column 3: the row has 2 cells, the header has 3",
            "line 4, column 7: the row has 4",
            "line 6, column 3: the row has 2",
        ],
    ),
    ("mixed.csv", b"EmployeeID,Name\n1,M\xC3\xBCller\n2,Sch\xE4fer\n", &["line 3, column 6: the file mixes encodings"]),
    ("binary.csv", b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0", &["binary.csv"]),
    ("page.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>", &["a web page"]),
    ("answer.csv", b"{\"error\": \"unauthorized\"}", &["JSON"]),
    ("document.csv", b"%PDF-1.7 \n", &["a PDF document"]),
    ("cut.csv.gz", b"\x1F\x8B\x08\0\0\0\0\0\0\x03KLJ", &["damaged"]),
    ("cut.xlsx", b"PK\x03\x04 broken", &["damaged"]),
    ("odd-utf16.csv", b"\xFF\xFEa\0b\0c", &["cannot be decoded as utf-16le"]),
];

#[test]
fn every_broken_file_is_refused_with_its_place() {
    let world = World::new();
    for (name, bytes, wanted) in REFUSED {
        let file = world.write(name, bytes);
        let ended = world.import(&file, &[]).ends_with(2);
        assert!(ended.out.is_empty() && ended.err.contains(name), "{name}: {}", ended.err);
        for words in *wanted {
            assert!(ended.err.contains(words), "{name} lacks `{words}`:\n{}", ended.err);
        }
    }
}

#[test]
fn a_column_that_the_mapping_needs_is_named() {
    let world = World::new();
    let mapping = project("mappings/generic-csv.toml");
    let text = std::fs::read_to_string(project("samples/employees.csv")).unwrap().replacen("LastName", "Lastname", 1);
    let file = world.write("hr.csv", text);
    let ended = world.import(&file, &["--mapping", mapping.to_str().unwrap()]).ends_with(2);
    assert!(ended.err.contains("`LastName`") && ended.err.contains("did you mean `Lastname`?"), "{}", ended.err);
}

#[test]
fn what_is_no_regular_file_is_refused_and_never_waited_for() {
    let world = World::new();
    let missing = world.import(&world.path("nowhere.csv"), &[]).ends_with(2);
    assert!(missing.err.contains("nowhere.csv"), "{}", missing.err);
    let folder = world.import(&world.path("."), &[]).ends_with(2);
    assert!(folder.err.contains("a folder, not a file"), "{}", folder.err);
    let nothing = world.import(&world.path("in/*.csv"), &[]).ends_with(2);
    assert!(nothing.err.contains("no file fits the pattern"), "{}", nothing.err);
    #[cfg(unix)]
    {
        let pipe = world.path("pipe.csv");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let ended = world.import(&pipe, &[]).ends_with(2);
        assert!(ended.err.contains("not a regular file"), "{}", ended.err);
        world.import(std::path::Path::new("/dev/zero"), &[]).ends_with(2);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let file = world.write("hr.csv", format!("{HEADER}\n1,Ann,Lee,Active\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    // A user that may read everything, such as root in a container, has no such trouble.
    if std::fs::read(&file).is_err() {
        assert!(world.import(&file, &[]).ends_with(2).err.contains("hr.csv"));
    }
}

#[test]
fn line_ends_of_any_kind_and_every_common_encoding_are_read() {
    let world = World::new();
    let rows = ["EmployeeID,FirstName,LastName,Status", "1,Jörg,Müller,Active", "2,Zoë,\"O\"\"Neil, jr\",Active"];
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let latin = |text: &str| text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect::<Vec<u8>>();
    let text = rows.join("\r\n");
    let marked = format!("\u{feff}{text}");
    let files: [(&str, Vec<u8>); 9] = [
        ("crlf.csv", text.clone().into_bytes()),
        ("lf.csv", rows.join("\n").into_bytes()),
        ("cr.csv", rows.join("\r").into_bytes()),
        ("mixed.csv", format!("{}\r{}\r\n{}\n\x1A", rows[0], rows[1], rows[2]).into_bytes()),
        ("marked.csv", marked.clone().into_bytes()),
        ("utf16le.csv", utf16(&marked, u16::to_le_bytes)),
        ("utf16be.csv", utf16(&marked, u16::to_be_bytes)),
        ("unmarked.csv", utf16(&text, u16::to_le_bytes)),
        ("western.csv", latin(&text)),
    ];
    for (name, bytes) in files {
        let file = world.write(name, bytes);
        let read = world.run(["records", file.to_str().unwrap(), "--format", "json"]).ends_with(0).json();
        assert_eq!(read["records"][0]["cells"]["FirstName"], "Jörg", "{name}");
        assert_eq!(read["records"][1]["cells"]["LastName"], "O\"Neil, jr", "{name}");
    }
}

#[test]
fn a_code_page_is_read_by_its_name() {
    let world = World::new();
    for (encoding, bytes, wanted) in [
        ("windows-1250", &b"Dvo\xF8\xE1k"[..], "Dvořák"),
        ("1250", b"Wa\xB3\xEAsa", "Wałęsa"),
        ("latin-1", b"M\xFCller", "Müller"),
        ("iso-8859-15", b"\xA4", "€"),
        ("dos-850", b"M\x81ller", "Müller"),
        ("cp437", b"M\x81ller \xE1", "Müller ß"),
    ] {
        world.write("hr.csv", [b"Id,Name\n1,", bytes, b"\n"].concat());
        world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\npath = \"hr.csv\"\nencoding = \"{encoding}\"\n"));
        let read = world.run(["records", "--source", "--format", "json"]).ends_with(0).json();
        assert_eq!(read["records"][0]["cells"]["Name"], wanted, "{encoding}");
    }
}

#[test]
fn a_value_that_is_too_long_holds_its_record_and_the_others_go() {
    let world = World::new();
    let mapping = project("mappings/generic-csv.toml");
    let text = std::fs::read_to_string(project("samples/employees.csv")).unwrap();
    let department = text.lines().nth(1).unwrap().to_owned();
    let long = department.replacen(",Active,", &format!(",{},", "Active"), 1);
    let names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let column = names.iter().position(|name| *name == "Department").unwrap();
    let mut cells: Vec<String> = long.split(',').map(str::to_owned).collect();
    cells[column] = "x".repeat(65);
    let file = world.write("hr.csv", text.replacen(&department, &cells.join(","), 1));
    let outcome = world.import(&file, &["--mapping", mapping.to_str().unwrap(), "--format", "json"]).ends_with(4).json();
    assert!(outcome["applied"].as_u64().unwrap() > 40);
    assert_eq!(outcome["held"][0]["code"], "invalid-value");
    assert_eq!(outcome["held"][0]["record"]["line"], 2);
}

#[test]
fn a_cell_without_end_is_refused_and_not_kept() {
    let world = World::new();
    let mut text = format!("{HEADER}\n1,Ann,\"").into_bytes();
    text.resize(17 << 20, b'x');
    text.extend_from_slice(b"\",Active\n2,Bob,Ray,Active\n");
    let file = world.write("hr.csv", text);
    let ended = world.run(["records", file.to_str().unwrap()]).ends_with(2);
    assert!(ended.err.contains("hr.csv, line 2, column 7: the row is longer than 16 MiB"), "{}", ended.err);
}

#[test]
fn a_column_name_cannot_speak_to_the_terminal() {
    let world = World::new();
    let file = world.write("hr.csv", "\"a\u{1b}[2J\nerror: fine\",\"a\u{1b}[2J\nerror: fine\"\n1,2\n");
    let ended = world.import(&file, &[]).ends_with(2);
    assert!(!ended.err.contains('\u{1b}') && !ended.err.lines().any(|line| line.starts_with("error: fine")), "{}", ended.err);
}
