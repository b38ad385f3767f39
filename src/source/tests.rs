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
    assert_eq!(reading.told, ["f.csv: delimiter `;`, encoding utf-8, line ends CRLF"]);
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
    assert!(plain("Id,,,Name\n1,a,b,c").unwrap_err().contains("column 2 and as column 3"));
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
        ("Employee.csv", "the header names the column `` twice"),
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
            (Ok(reading), None) => println!("{}: {} records; {:?}", path.display(), reading.records.len(), reading.told),
            (Err(errors), Some((_, why))) => assert!(errors.to_string().contains(why), "{name}: {errors}"),
            (Err(errors), None) => panic!("{}: {errors}", path.display()),
            (Ok(_), Some((_, why))) => panic!("{name} was read, though {why}"),
        }
    }
    assert!(seen > 20);
}
