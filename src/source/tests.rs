use super::*;
use crate::record::{At, Cell};

fn read(text: &str, settings: &CsvSettings) -> Result<Reading, String> {
    read_csv_bytes("f.csv", text.as_bytes(), settings).map_err(|errors| errors.to_string())
}

fn plain(text: &str) -> Result<Reading, String> {
    read(text, &CsvSettings::default())
}

#[test]
fn text_stays_text() {
    let reading = plain("Id;Name\r\n007; O'Brien \r\n\"a\r\nb\";x\r\n").unwrap();
    assert_eq!(reading.records.held().unwrap()[0].get("Id"), Some(Cell::Text("007")));
    assert_eq!(reading.records.held().unwrap()[0].get("Name"), Some(Cell::Text(" O'Brien ")));
    assert_eq!(reading.records.held().unwrap()[1].get("Id"), Some(Cell::Text("a\r\nb")));
    assert_eq!(reading.notes[0].text(), "f.csv: delimiter `;`, encoding utf-8, line ends CRLF");
    assert_eq!(reading.sha256.len(), 64);
}

#[test]
fn blank_rows_are_passed_over_and_lines_stay_true() {
    let reading = plain("a,b\n\n,\n1,2\n\n\"x\n\",4\n5,6").unwrap();
    let lines: Vec<_> = reading.records.held().unwrap().iter().map(|record| record.place().at.clone()).collect();
    assert_eq!(lines, [At::Line(4), At::Line(6), At::Line(8)]);
}

#[test]
fn names_are_trimmed() {
    let reading = plain("\u{feff} Id \u{a0},\"Name \"\n1,x").unwrap();
    assert_eq!(reading.header.names().collect::<Vec<_>>(), ["Id", "Name"]);
}

#[test]
fn an_instruction_for_excel_is_no_header() {
    let reading = plain("sep=;\na;b,c\n1;2,3").unwrap();
    assert_eq!(reading.header.names().collect::<Vec<_>>(), ["a", "b,c"]);
    assert_eq!(reading.records.held().unwrap()[0].place().at, At::Line(3));
}

#[test]
fn titles_and_totals_are_skipped_only_where_the_settings_say_so() {
    let text = "Staff\nAs of: today;;\n\nId;Name;Dept\n1;a;x\n2;b;y\n3;c;z\nSum;3\n\nEnd\n";
    let error = plain(text).unwrap_err();
    assert!(error.contains("f.csv, line 2") && error.contains("skip_lines = "), "{error}");
    let settings = CsvSettings { skip_lines: 2, ..CsvSettings::default() };
    let error = read(text, &settings).unwrap_err();
    assert!(error.contains("f.csv, line 8") && error.contains("skip_footer = 2"), "{error}");
    let reading = read(text, &CsvSettings { skip_footer: 2, ..settings }).unwrap();
    assert_eq!(reading.records.len(), 3);
}

#[test]
fn a_footer_as_wide_as_the_data_is_cut_off_too() {
    let settings = CsvSettings { skip_footer: 1, ..CsvSettings::default() };
    assert_eq!(read("a,b\n1,2\nSum,1\n", &settings).unwrap().records.len(), 1);
    assert!(read("a,b\nSum,1\n", &settings).unwrap_err().contains("no records"));
}

/// Fourteen columns, as many exports have them.
const WIDE: &str =
    "EmployeeID,FirstName,LastName,Email,Department,JobTitle,CostCentre,Country,Mobile,ManagerID,HireDate,End,Status,Note\n";

fn person(key: u64, note: &str) -> String {
    format!("{key},Anna,Berg,a.b@contoso.com,IT,Dev,1,DE,,,2020-01-01,,Active,{note}\n")
}

#[test]
fn a_stray_quote_that_swallows_people_is_refused_where_it_opens() {
    let four = |first: &str, last: &str| {
        format!("{WIDE}{}{}{}{}", person(1001, first), person(1002, ""), person(1003, last), person(1004, "x"))
    };
    let error = plain(&four("\"prefers mail", "ask Petra\"")).unwrap_err();
    assert!(
        error.starts_with("f.csv, line 2, column 65: a quote opens here, and its cell holds other rows (2 found)"),
        "{error}"
    );
    // The quotes of two neighbours, in a column in the middle.
    let middle = format!(
        "{WIDE}{}{}{}",
        person(1001, "").replace("Dev", "\"Dev"),
        person(1002, "").replace("Dev", "Dev\""),
        person(1003, "")
    );
    assert!(plain(&middle).unwrap_err().contains("line 2, column 35: a quote opens here"), "{:?}", plain(&middle));
    // No footer excuses it, not even where the row is the last one.
    let footer = CsvSettings { skip_footer: 1, ..CsvSettings::default() };
    assert!(
        read(&four("", "").replace(",x\n", ",\"x\n1005,B,C,b@c,IT,Dev,1,DE,,,2020,,Active,\"\n"), &footer)
            .unwrap_err()
            .contains("other rows")
    );
    // In the header too.
    let header = "Id,Name,Dept,City,\"Note\n1,Ann,IT,Graz,x\n2,Bob,IT,Graz,y\"\n3,Cem,IT,Graz,z\n";
    assert!(plain(header).unwrap_err().starts_with("f.csv, line 1: a quote opens here"));
    let notes = plain(&four("\"Main St 1, Apt 2,\n10115 Berlin,\nGermany, EU\"", "\"says \"\"hi\"\", often\"")).unwrap();
    assert_eq!(notes.records.len(), 4);
}

#[test]
fn the_header_again_and_rules_of_dashes_are_refused_with_their_line() {
    let header = WIDE.to_uppercase().replace("NOTE", "\"note \"");
    let error = plain(&format!("{WIDE}{}{header}{}", person(1, ""), person(2, ""))).unwrap_err();
    assert!(error.starts_with("f.csv, line 3: the header appears again in this row: two files in one?"), "{error}");
    let marked = format!("{WIDE}{}\u{feff}{WIDE}{}", person(1, ""), person(2, ""));
    assert!(plain(&marked).unwrap_err().starts_with("f.csv, line 3: the header appears again"));
    let named = CsvSettings { header: Some(vec!["Id".into(), "Name".into()]), ..CsvSettings::default() };
    assert!(read("Id,Name\n1,Ann\n", &named).unwrap_err().starts_with("f.csv, line 1: the header appears again"));
    for text in [
        "id,name,dept\n--,----,----\n1,Ann,IT\n",
        " id | name | dept\n----+------+-----\n 1 | Ann | IT\n",
        "id;name;dept\n1;Ann;IT\n==;====;====\n2;Bob;IT\n",
    ] {
        assert!(plain(text).unwrap_err().contains("consists of dashes"), "{text}: {:?}", plain(text));
    }
    assert!(
        plain("+----+------+\n| id | name |\n+----+------+\n| 1 | Ann |\n")
            .unwrap_err()
            .starts_with("f.csv, line 1: this row consists of dashes")
    );
}

#[test]
fn a_footer_that_stays_away_leaves_no_person_out() {
    let footer = |skip_footer| CsvSettings { skip_footer, ..CsvSettings::default() };
    let rows = |end: &str| format!("{WIDE}{}{}{end}", person(1039, ""), person(1040, ""));
    let error = read(&rows(""), &footer(1)).unwrap_err();
    assert!(error.starts_with("f.csv, line 3: this row looks like a record, and `skip_footer = 1` would drop it"), "{error}");
    assert!(read(&rows("Total: 40\n"), &footer(2)).unwrap_err().starts_with("f.csv, line 3: this row looks like a record"));
    assert!(read("Id,Name\n1,Ann\n", &footer(1)).unwrap_err().contains("line 2: this row looks like a record"));
    // A new joiner with hardly any values, and a row that was cut off.
    for end in ["1041,Tess,Corn,,,,,,,,,,Active,\n", "E1041,Tess,Corn,,,,,,,,,,Active,\n", "1041,Tess,Co", "1041"] {
        let error = read(&rows(end), &footer(1)).unwrap_err();
        assert!(error.contains("line 4: this row looks like a record"), "{end}: {error}");
    }
    assert!(read(&rows("1041,Tess,Co"), &footer(1)).unwrap_err().contains("cut off"));
    for end in [
        "Total: 40\n",
        "Total,40\n",
        "Total,,,,,,,,,,,,,40\n",
        "Exported by Petra,2026-11-30\n",
        "(40 rows affected)\n",
        "Confidential\n",
        // It has a number where a key is, and as many rows as there are.
        "99,2,20261130,,,,,,,,,,,\n",
    ] {
        assert_eq!(read(&rows(end), &footer(1)).unwrap().records.len(), 2, "{end}");
    }
}

#[test]
fn rows_that_end_the_report_are_refused_with_their_line() {
    let table = "empNo;firstName;lastName;department\n1001;Ann;Lee;IT\n1002;Bob;Ray;IT\n";
    for last in [
        "IT total;1;;",
        "Subtotal IT;1;1;",
        "TRAILER;2;;",
        "T;2;;",
        "99;2;20261130;",
        "Page 1;of;1;",
        "End;of;file;",
        "Sent by Petra;;;",
    ] {
        let error = plain(&format!("{table}{last}\n")).unwrap_err();
        assert!(error.contains("line 4: this row ") && error.contains("let the export leave "), "{last}: {error}");
    }
    for between in ["IT total;1;;", "Subtotal IT;1;1;", "Page 1;of;1;"] {
        let error = plain(&format!("{table}{between}\n1003;Cem;Su;IT\n")).unwrap_err();
        assert!(error.contains("line 4: this row is a total") && !error.contains("skip_footer"), "{between}: {error}");
    }
}

#[test]
fn a_total_is_called_one_and_a_hint_makes_no_person_a_header_or_a_footer() {
    let table = "empNo;firstName;lastName;department\n1;Ann;Lee;IT\n2;Bob;Ray;IT\n";
    let error = plain(&format!("{table}Total:;40 employees;Date 2026-11-30;\n")).unwrap_err();
    assert!(error.contains("line 4: this row is a total") && error.contains("`skip_footer = 1`"), "{error}");
    let error = plain(&format!("{table}Subtotal;;;2\n3;Cem;Su;IT\n")).unwrap_err();
    assert!(error.contains("line 4: this row is a total") && !error.contains("skip_footer"), "{error}");
    for (text, wanted) in [
        ("Id;Name;Dept\n1;Ann;IT;\n2;Bob;IT;\n", "one more delimiter than the header"),
        ("Id,Name\n1001, \"Smith, Ann\"\n1002, \"Ray, Bob\"\n", "a blank stands before a quote"),
        ("Id,Name,Dept\n1,Ann,IT\n2,Bo", "probably cut off"),
        ("Id,Name,Dept\n1,Ann,IT\n2,Bob\n", "probably cut off"),
        ("Id,Name,Dept\n1,Ann,IT\n2,Ray, Bob,IT\n", "must stand in quotes"),
        ("Staff\nAnn;Lee;Graz\nBob;Ray;Linz\n", "must stand in quotes"),
        ("Staff\n1;Ann;Graz\n2;Bob;Linz\nId;Name;City\n", "must stand in quotes"),
    ] {
        let error = plain(text).unwrap_err();
        assert!(error.contains(wanted) && !error.contains("skip_"), "{text}: {error}");
    }
    assert!(plain("Staff list;;\nId;Name;City\n1;Ann;Graz\n2;Bob;\n").unwrap_err().contains("`skip_lines = 1`"));
}

#[test]
fn an_instruction_for_excel_is_understood_after_a_program_saved_it() {
    for text in
        ["sep=;;;;;\na;b;c\n1;2;3\n", "\"sep=;\",,,\na,b,c\n1,2,3\n", "sep=,,,\na,b,c\n1,2,3\n", "\"sep=;\"\na;b;c\n1;2;3\n"]
    {
        let reading = plain(text).unwrap();
        assert_eq!(reading.header.names().collect::<Vec<_>>(), ["a", "b", "c"], "{text}");
    }
}

#[test]
fn ragged_rows_are_refused_with_their_place() {
    let error = plain("a,b,c\n1,2,3\n1,2\n1,2,3,4\n7,8,9\n").unwrap_err();
    assert!(
        error.starts_with("f.csv, line 3, column 3: the row has 2 cells, the header has 3\nf.csv, line 4, column 7:"),
        "{error}"
    );
}

#[test]
fn at_most_twenty_faults_are_listed() {
    let mut text = "a,b,c\n".to_owned() + &"1,2,3\n".repeat(60);
    text.push_str(&"1,2\n".repeat(25));
    let errors = read_csv_bytes("f.csv", text.as_bytes(), &CsvSettings::default()).unwrap_err();
    assert_eq!((errors.faults.len(), errors.more), (20, 5));
}

#[test]
fn doubled_and_nameless_columns_are_refused() {
    assert!(plain("Id,Name, Name\n1,a,b").unwrap_err().contains("f.csv, line 1: the header names the column `Name` twice"));
    assert!(plain("Id,,,Name\n1,a,b,c").unwrap_err().contains("no name to column 2 and to column 3"));
    let reading = plain("Id;Name;\n1;a;\n2;b;").unwrap();
    assert_eq!(reading.header.len(), 2);
    assert!(
        plain("Id;Name;\n1;a;x\n").unwrap_err().contains("f.csv, line 2, column 5: a value stands in a column that has no name")
    );
}

#[test]
fn what_holds_nothing_is_refused() {
    assert!(plain("").unwrap_err().contains("empty"));
    assert!(plain("\n \n").unwrap_err().contains("empty"));
    assert!(plain("a,b\n\n,\n").unwrap_err().contains("no records"));
    assert!(plain(",,\n1,2,3").unwrap_err().contains("header"), "an empty row is no header, and the next one has no records");
}

#[test]
fn a_cut_file_is_refused_where_the_quote_opens() {
    let error = plain("a,b\n1,2\n3,\"x\n4,5\n").unwrap_err();
    assert!(error.starts_with("f.csv, line 3, column 3: a quote opens here and never closes"), "{error}");
    assert!(plain("a,b\n\"x\"y,2\n").unwrap_err().starts_with("f.csv, line 2, column 4: text follows a closing quote"));
    let error = plain("a,b\n\"\"y,\n1,2\n").unwrap_err();
    assert!(error.starts_with("f.csv, line 2, column 3: text follows a closing quote"), "an empty cell is no blank row: {error}");
}

#[test]
fn a_file_without_header_takes_the_configured_names() {
    let settings = CsvSettings { header: Some(vec!["Id".into(), "Name".into()]), ..CsvSettings::default() };
    let reading = read("1\tAda\n2\tBob\n", &settings).unwrap();
    assert_eq!(reading.records.held().unwrap()[0].get("Name"), Some(Cell::Text("Ada")));
}

#[test]
fn several_files_are_one_reading_when_their_columns_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (a, b, c) = (path("a.csv", "Id,Name\n1,x\n"), path("b.csv", "Name;Id\ny;2\n"), path("c.csv", "Id,Mail\n3,z\n"));
    let reading = read_csv(&[a.clone(), b], &CsvSettings::default()).unwrap();
    assert_eq!(reading.name, "a.csv+b.csv");
    assert_eq!(reading.records.held().unwrap()[1].get("Id"), Some(Cell::Text("2")));
    assert_eq!(&*reading.records.held().unwrap()[1].place().source, "b.csv");
    let error = read_csv(&[a, c], &CsvSettings::default()).unwrap_err().to_string();
    assert!(error.contains("c.csv, line 1: the columns differ from those of a.csv: `Name` missing, `Mail` only here"), "{error}");
}

#[test]
fn a_star_takes_the_newest_match() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, age: u64| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("Id\n{name}\n")).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000 - age);
        std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    write("hr-1.csv", 10);
    write("hr-2.csv", 5);
    write("hr-3.csv", 20);
    let reading = read_csv(&[folder.path().join("hr-*.csv")], &CsvSettings::default()).unwrap();
    assert_eq!(reading.name, "hr-2.csv");
    let error = read_csv(&[folder.path().join("none-*.csv")], &CsvSettings::default()).unwrap_err();
    assert_eq!(error.faults[0].kind, FaultKind::NotFound);
}

#[test]
fn a_profile_counts_empty_cells_and_distinct_values() {
    let reading = plain("Id,Dept\n1,a\n2, \n3,a\n").unwrap();
    let profile = profile::profile(&reading).unwrap();
    assert_eq!((profile[0].empty, profile[0].distinct), (0, 3));
    assert_eq!((profile[1].empty, profile[1].distinct), (1, 1));
}

/// The real exports, where an environment variable says where they are.
#[test]
fn real_exports_are_read_or_refused_as_they_should() {
    let Some(shared) = std::env::var_os("HRPUSH_SHARED").map(PathBuf::from) else { return };
    let refused = [
        ("duplicate-headers-and-ids.csv", "line 1: the header names the column `Name` twice"),
        ("empty.csv", "the file is empty"),
        ("header-only.csv", "there are no records"),
        ("mixed-encoding.csv", "line 3, column 6: the file mixes encodings"),
        ("mixed-newlines-and-nul.csv", "a NUL byte"),
        ("ragged-and-blank-rows.csv", "line 4"),
        ("truncated-in-quoted-field.csv", "a quote opens here and never closes"),
        ("de-preamble-footer-cp1252.csv", "skip_lines = 4"),
        ("Employee.csv", "the header gives no name to column"),
        ("de-placeholders-and-total.csv", "line 68: this row is a total"),
        ("EmployeeDepartmentHistory.csv", "the header names the column `1` twice"),
    ];
    let mut seen = 0;
    let pattern = shared.join("data/*/**/*.*").display().to_string();
    for path in glob::glob(&pattern).unwrap().flatten() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let wanted = [".csv", ".xlsx", "utf16le.txt", "crlf.txt"].iter().any(|ending| name.ends_with(ending));
        if !wanted {
            continue;
        }
        seen += 1;
        let result = read_files(std::slice::from_ref(&path), &FileSettings::default());
        match (&result, refused.iter().find(|(file, _)| *file == name)) {
            (Ok(reading), None) => println!("{}: {} records; {:?}", path.display(), reading.records.len(), reading.notes),
            (Err(errors), Some((_, why))) => assert!(errors.to_string().contains(why), "{name}: {errors}"),
            (Err(errors), None) => panic!("{}: {errors}", path.display()),
            (Ok(_), Some((_, why))) => panic!("{name} was read, though {why}"),
        }
    }
    assert!(seen > 20);
}
