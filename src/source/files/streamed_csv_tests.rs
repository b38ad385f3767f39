//! What stays on disk is read as if it were in memory, whatever the window shows of it at once.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::file_handle::Opened;
use super::source_file::Content;
use super::{cells, streamed_csv};
use crate::record::Record;
use crate::source::*;

/// A reading as far as it can be compared.
type Told = (Vec<String>, Vec<Record>, String, Vec<String>);

fn opened(path: &Path) -> Arc<Opened> {
    Arc::new(Opened::new(path, &std::fs::metadata(path).unwrap(), SystemTime::now()).unwrap())
}

fn on_disk(path: &Path, settings: &CsvSettings, window: usize) -> Option<Told> {
    let streamed_csv::Proven { records, sha256, notes } = streamed_csv::prove("f.csv", &opened(path), settings, None, window)?;
    let names = records.header().names().map(str::to_owned).collect();
    let records = Records::from(records);
    let held = records.held().unwrap().into_owned();
    assert_eq!((held.len(), &held), (records.len(), &records.into_held().unwrap()), "they can be asked for again");
    Some((names, held, sha256, vec![notes]))
}

/// What the text is when it is read in memory; nothing where it is refused or is no UTF-8.
fn in_memory(text: &[u8], settings: &CsvSettings) -> Option<Told> {
    let reading = read_csv_bytes("f.csv", text, settings).ok()?;
    let utf8 = reading.notes[0].text().contains("encoding utf-8");
    let names = reading.header.names().map(str::to_owned).collect();
    utf8.then(|| {
        (names, reading.records.into_held().unwrap(), reading.sha256, reading.notes.iter().map(ToString::to_string).collect())
    })
}

fn compare(text: &[u8], settings: &CsvSettings, windows: &[usize]) -> Option<Told> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let wanted = in_memory(text, settings);
    for &window in windows {
        let shown = String::from_utf8_lossy(text);
        assert_eq!(on_disk(file.path(), settings, window), wanted, "{shown:?} through a window of {window} bytes, {settings:?}");
        let names = streamed_csv::header("f.csv", &opened(file.path()), settings, window);
        assert!(wanted.is_none() || names == wanted.as_ref().map(|notes| notes.0.clone()), "{shown:?}: {names:?}");
    }
    wanted
}

const WINDOWS: [usize; 8] = [1, 2, 3, 5, 8, 13, 64, 1 << 16];

#[test]
fn every_kind_of_text_is_read_through_any_window() {
    let plain = CsvSettings::default();
    for text in [
        "Id;Name\r\n007; O'Brien \r\n\"a\r\nb\";x\r\n",
        "a,b\n\n,\n1,2\n\n\"x\n\",4\n5,6",
        "\u{feff} Id \u{a0},\"Name \"\n1,x",
        "sep=;\na;b,c\n1;2,3",
        "SEP=;\r\na;b,c\r\n1;2,3\r\n",
        "\"sep=;\"\na;b,c\n1;2,3",
        "Id;Name;\n1;a;\n2;b;",
        "Id\n1\n2\n\u{1a}",
        "Id\n1\n2\u{1a}\r\n \n",
        "Id\r1\r2\r",
        "Id\r\n1\r2\n\n\r3",
        "Id,Name\n1,\"a \"\"b\"\" c\"\n2,\"\"\"\"\n3,\"\"\n4,\"x\" \n",
        "Id,Name\n1,5\" disk\n",
        "Id\tName\nÄ\tÜ€𝄞\n",
        "id\n1\n2\n",
    ] {
        assert!(compare(text.as_bytes(), &plain, &WINDOWS).is_some(), "{text:?}");
    }
    let footer = CsvSettings { skip_lines: 2, skip_footer: 2, ..CsvSettings::default() };
    let text = "Staff\nAs of: today;;\n\nId;Name;Dept\n1;a;x\n2;b;y\n3;c;z\nSum;3\n\nEnd\n";
    assert_eq!(compare(text.as_bytes(), &footer, &WINDOWS).unwrap().1.len(), 3);
    let headless = CsvSettings { header: Some(vec!["Id".into(), "Name".into()]), ..CsvSettings::default() };
    assert!(compare(b"1\tAda\n2\tBob\n", &headless, &WINDOWS).is_some());
    let named = CsvSettings { encoding: Some("UTF8".into()), delimiter: Some('#'), ..CsvSettings::default() };
    assert!(compare("a#b\n1#ü\n".as_bytes(), &named, &WINDOWS).is_some());
}

#[test]
fn whatever_is_doubtful_goes_into_memory() {
    let plain = CsvSettings::default();
    for text in [
        "",
        "\n \n",
        "a,b\n\n,\n",
        ",,\n1,2,3",
        "a,b,c\n1,2,3\n1,2\n",
        "Id,Name, Name\n1,a,b",
        "Id;Name;\n1;a;x\n",
        "a,b\n1,2\n3,\"x\n4,5\n",
        "a,b\n\"x\"y,2\n",
        "a\nb\0c\n",
        "<html><body>no</body></html>\n",
        "[{\"a\": 1}]\n",
        "PK\u{3}\u{4}\na\n",
        "PK\u{5}\u{6}\na\n",
    ] {
        assert!(compare(text.as_bytes(), &plain, &WINDOWS).is_none(), "{text:?}");
    }
    assert!(compare(b"Name\nM\xFCller\n", &plain, &WINDOWS).is_none());
    assert!(compare(b"Name\nM\xC3", &plain, &WINDOWS).is_none(), "a character that is cut off");
    assert!(compare(b"\xFF\xFEa\0\n\0b\0", &plain, &WINDOWS).is_none());
    let latin = CsvSettings { encoding: Some("latin-1".into()), ..CsvSettings::default() };
    assert!(compare(b"a\nb\n", &latin, &WINDOWS).is_none());
    let letters = CsvSettings { delimiter: Some('x'), ..CsvSettings::default() };
    assert!(compare(b"axb\n1x2\n", &letters, &WINDOWS).is_none());
}

#[test]
fn a_blank_row_that_no_window_is_sure_to_hold_goes_into_memory() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let blank = "\u{3000}".repeat(cells::LONGEST_ROW / 3 + 1);
    write!(file, "Id\n1\n\"{blank}\"\n2\n").unwrap();
    assert!(streamed_csv::prove("f.csv", &opened(file.path()), &CsvSettings::default(), None, 1 << 25).is_none());
}

#[test]
fn the_guess_of_a_delimiter_waits_for_enough_rows() {
    // The first rows speak for the comma, a hundred of them for the semicolon.
    let text = "a,b;c\n1,2;3\n4,5;6\n".to_owned() + &"x;y\n".repeat(120);
    let notes = compare(text.as_bytes(), &CsvSettings::default(), &[4, 10, 1 << 16]);
    assert!(notes.is_some_and(|notes| notes.0 == ["a,b", "c"]));
}

#[test]
fn a_file_that_changes_after_it_was_proven_gives_no_half_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hr.csv");
    let proven = || {
        std::fs::write(&path, "Id,Name\n1,a\n2,b\n3,c\n").unwrap();
        Records::from(streamed_csv::prove("hr.csv", &opened(&path), &CsvSettings::default(), None, 8).unwrap().records)
    };
    for change in ["", "Id,Name\n1,a\n", "Id,Name\n1,a\n2,b\n3,c\n4,d\n", "Id,Name\n1,a\n2,b,x\n3\n"] {
        let records = proven();
        std::fs::write(&path, change).unwrap();
        let later = std::time::SystemTime::now() + std::time::Duration::from_mins(1);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        let errors = records.each(drop).unwrap_err();
        assert_eq!((&errors.faults[0].kind, errors.exit_code()), (&FaultKind::Changed, 2), "{change:?}");
        assert!(errors.to_string().contains("the file changed while it was being read"), "{errors}");
    }
    let records = proven();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(records.held().unwrap().len(), 3, "it is still open, and whole");
}

#[test]
fn a_file_that_was_just_written_is_held_against_its_sum() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hr.csv");
    let text = "Id,Name\n1,a\n2,b\n\n \n\u{1a} ";
    std::fs::write(&path, text).unwrap();
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let after = |seconds| written + std::time::Duration::from_secs(seconds);
    let proven = |now: SystemTime| {
        std::fs::write(&path, text).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        let file = Arc::new(Opened::new(&path, &std::fs::metadata(&path).unwrap(), now).unwrap());
        Records::from(streamed_csv::prove("hr.csv", &file, &CsvSettings::default(), None, 4).unwrap().records)
    };
    // As long, and within the same tick of the clock: one person has the number of another.
    let rewrite = |text: &str| {
        std::fs::write(&path, text).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    };
    for now in [after(0), after(2), SystemTime::UNIX_EPOCH] {
        let records = proven(now);
        assert_eq!(records.held().unwrap().len(), 2);
        for change in ["Id,Name\n1,a\n3,b\n\n \n\u{1a} ", "Od,Name\n1,a\n2,b\n\n \n\u{1a} "] {
            rewrite(change);
            assert_eq!(records.each(drop).unwrap_err().faults[0].kind, FaultKind::Changed, "{change:?}");
        }
        rewrite(text);
        assert_eq!(records.held().unwrap().len(), 2);
    }
    assert_eq!(proven(after(4)).held().unwrap().len(), 2, "its time speaks for it");
}

#[test]
fn a_large_file_stays_on_disk_and_several_are_one_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let note = "x".repeat(2_000);
    let rows: String = (0..2_500).map(|n| format!("{n};Grün;{note}\r\n")).collect();
    let large = path("large.csv", &format!("Id;Name;Note\r\n{rows}"));
    let small = path("small.csv", "Name,Note,Id\nBlau,y,a\n");
    let fetched = open(std::slice::from_ref(&large), &Arrival::default(), u64::MAX, SystemTime::UNIX_EPOCH).unwrap();
    assert!(matches!(fetched[0].content, Content::Opened(_)));
    assert_eq!(header_in(&fetched[0], &FileSettings::default()).unwrap(), ["Id", "Name", "Note"]);
    let bytes = std::fs::read(&large).unwrap();
    let one = read_csv(std::slice::from_ref(&large), &CsvSettings::default()).unwrap();
    let same = read_csv_bytes("large.csv", &bytes, &CsvSettings::default()).unwrap();
    assert_eq!((one.sha256, one.notes), (same.sha256, same.notes));
    assert_eq!(one.records.held().unwrap(), same.records.held().unwrap());
    let both = read_csv(&[large.clone(), small], &CsvSettings::default()).unwrap();
    assert_eq!(both.records.len(), 2_501);
    assert_eq!(both.records.held().unwrap()[2_500].get("Id"), Some(crate::record::Cell::Text("a")));
    // A fault in the middle is named as in a small file.
    let broken = path("broken.csv", &format!("Id;Name;Note\r\n{rows}1;2\r\n{rows}"));
    let error = read_csv(&[broken], &CsvSettings::default()).unwrap_err().to_string();
    assert!(error.starts_with("broken.csv, line 2502, column 3: the row has 2 cells, the header has 3"), "{error}");
}

fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "1", "é", "€", "𝄞", ",", ",", ",", ";", "\t", "|", "\n", "\n", "\n", "\r\n", "\r", "\"", "\"\"", "\",\"", " ",
        "\u{1a}", "\u{feff}", "sep=;", "<html", "\0",
    ]);
    let wild = prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat());
    // Texts that are tables, but for a piece somewhere.
    let cells = prop::sample::select(vec!["a", "é", "", "\"x\"", "\"x,\ny\"", "\"\"\"\"", " ", "𝄞𝄞𝄞"]);
    let rows =
        prop::collection::vec((cells.clone(), cells, prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n", "\n,\n"])), 1..20);
    let table = rows.prop_map(|rows| rows.iter().map(|(a, b, end)| format!("{a},{b}{end}")).collect::<String>());
    let table =
        (table, any::<bool>()).prop_map(|(rows, marked)| format!("{}Id,Name\n{rows}", if marked { "\u{feff}" } else { "" }));
    prop_oneof![wild.clone(), table.clone(), (table, wild).prop_map(|(table, wild)| table + &wild)]
}

fn rules() -> impl Strategy<Value = CsvSettings> {
    let header = prop_oneof![3 => Just(None), 1 => Just(Some(vec!["A".to_owned(), "B".to_owned()]))];
    let delimiter = prop_oneof![2 => Just(None), 1 => Just(Some(',')), 1 => Just(Some(';'))];
    (prop_oneof![3 => Just(0_u64), 1 => 1..4_u64], prop_oneof![2 => Just(0_u64), 1 => 1..4_u64], header, delimiter).prop_map(
        |(skip_lines, skip_footer, header, delimiter)| CsvSettings { delimiter, encoding: None, skip_lines, skip_footer, header },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_through_any_window_is_the_same_records_or_none(text in texts(), rules in rules(), window in 1..40_usize) {
        compare(text.as_bytes(), &rules, &[window]);
    }
}
