use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format, Workbook};

use crate::record::{At, Cell, is_error};
use crate::source::*;

fn saved(folder: &Path, book: &mut Workbook) -> PathBuf {
    let path = folder.join("w.xlsx");
    book.save(&path).unwrap();
    path
}

fn read(path: &Path, settings: SheetSettings) -> Result<Reading, String> {
    let settings = FileSettings { sheet: settings, ..FileSettings::default() };
    read_files(&[path.to_path_buf()], &settings).map_err(|errors| errors.to_string())
}

#[test]
fn a_sheet_gives_dates_and_numbers_as_they_are_shown() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let format = |code: &str| Format::new().set_num_format(code);
    sheet.write_row(0, 0, ["Id", "Name", "Start", "End", "Long", "Padded", "Part", "On"]).unwrap();
    sheet.write_string(1, 0, "007").unwrap();
    sheet.write_string(1, 1, "Ada").unwrap();
    sheet.write_number_with_format(1, 2, 45306.5, &format("dd.mm.yyyy")).unwrap();
    sheet.write_number_with_format(1, 3, 45306.5, &format("yyyy-mm-dd hh:mm")).unwrap();
    sheet.write_number(1, 4, 4_021_010_000_007.0).unwrap();
    sheet.write_number_with_format(1, 5, 123.0, &format("00000")).unwrap();
    sheet.write_number(1, 6, 0.75).unwrap();
    sheet.write_boolean(1, 7, true).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &mut book);
    let reading = read(&path, SheetSettings::default()).unwrap();
    let records = reading.records.held().unwrap();
    let cells: Vec<_> = records[0].cells().map(|(_, cell)| cell).collect();
    let wanted = ["007", "Ada", "2024-01-15", "2024-01-15T12:00:00", "4021010000007", "00123", "0.75", "TRUE"];
    assert_eq!(cells, wanted.map(Cell::Text));
    assert_eq!(header_of(&path, &FileSettings::default()).unwrap()[..2], ["Id", "Name"]);
}

#[test]
fn the_first_sheet_that_is_not_hidden_is_read_unless_one_is_named() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Codes").unwrap().set_hidden(true).write_string(0, 0, "Code").unwrap();
    for name in ["Staff", "Old"] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        // The sheet in front cannot be hidden.
        sheet.set_active(name == "Staff");
        sheet.write_string(0, 0, "Id").unwrap();
        sheet.write_string(1, 0, name).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &mut book);
    let first = read(&path, SheetSettings::default()).unwrap();
    assert_eq!(first.records.held().unwrap()[0].get("Id"), Some(Cell::Text("Staff")));
    assert_eq!(first.notes[0].text(), "w.xlsx: sheet `Staff`, not read: `Codes`, `Old`");
    let named = |name: &str| SheetSettings { sheet: Some(name.into()), ..SheetSettings::default() };
    assert_eq!(read(&path, named("old")).unwrap().records.held().unwrap()[0].get("Id"), Some(Cell::Text("Old")));
    let error = read(&path, named("New")).unwrap_err();
    assert!(error.contains("no sheet `New`; there are: Codes, Staff, Old"), "{error}");
}

#[test]
fn a_table_may_begin_anywhere_and_its_lines_stay_those_of_the_sheet() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "List of staff, with a title that is wider than the table").unwrap();
    sheet.write_row(3, 2, ["Id", "Name"]).unwrap();
    sheet.write_row(5, 2, ["1", "Ann"]).unwrap();
    sheet.write_string(9, 2, "2").unwrap();
    sheet.write_string(10, 2, "Total 2").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &mut book);
    let settings = SheetSettings { skip_lines: 1, skip_footer: 1, ..SheetSettings::default() };
    let reading = read(&path, settings).unwrap();
    let lines: Vec<_> = reading.records.held().unwrap().iter().map(|record| record.place().at.clone()).collect();
    assert_eq!(lines, [At::Line(6), At::Line(10)]);
    assert_eq!(reading.records.held().unwrap()[1].get("Name"), Some(Cell::Text("")));
}

#[test]
fn a_value_beside_the_table_is_refused_with_its_place() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["Id", "Name"]).unwrap();
    sheet.write_row(1, 0, ["1", "Ann"]).unwrap();
    sheet.write_string(1, 4, "a note").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &mut book);
    let error = read(&path, SheetSettings::default()).unwrap_err();
    assert!(error.contains("w.xlsx, line 2, column 5: a value stands in a column that has no name (cell E2)"), "{error}");
}

#[test]
fn an_error_reads_as_the_sheet_shows_it_and_an_unknown_one_never_as_empty() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["Id", "Name"]).unwrap();
    sheet.write_string(1, 0, "1").unwrap();
    sheet.write_formula(1, 1, rust_xlsxwriter::Formula::new("=NA()").set_result("#N/A")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &mut book);
    let reading = read(&path, SheetSettings::default()).unwrap();
    assert_eq!(reading.records.held().unwrap()[0].get("Name"), Some(Cell::Text("#N/A")));
    assert!(reading.notes[0].text().contains("1 cells hold errors"), "{:?}", reading.notes);
    rewrite(&path, "#N/A", "#SPILL!");
    let error = read(&path, SheetSettings::default()).unwrap_err();
    assert!(error.contains("sheet `Sheet1`, row 2 or the next, has a cell with the error #SPILL!"), "{error}");
}

/// Changes a text in the first sheet of a saved workbook.
fn rewrite(path: &Path, from: &str, to: &str) {
    use std::io::{Read as _, Write as _};
    let mut old = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut new = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut member = old.by_index(index).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        if member.name().ends_with("sheet1.xml") {
            bytes = String::from_utf8(bytes).unwrap().replace(from, to).into_bytes();
        }
        new.start_file(member.name(), zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(&bytes).unwrap();
    }
    std::fs::write(path, new.finish().unwrap().into_inner()).unwrap();
}

#[test]
fn a_stray_cell_at_the_far_corner_takes_no_memory() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["Id", "Name"]).unwrap();
    sheet.write_row(1, 0, ["1", "Ann"]).unwrap();
    sheet.write_string(1_048_575, 16_383, "x").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &mut book);
    let error = read(&path, SheetSettings::default()).unwrap_err();
    assert!(error.contains("line 1048576, column 16384"), "{error}");
}

/// The table of three people with one sheet, changed by `change`.
fn staff(change: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> (tempfile::TempDir, PathBuf) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Staff").unwrap();
    sheet.write_row(0, 0, ["Id", "Name", "Dept", "End"]).unwrap();
    for (row, name) in (1..).zip(["Ann", "Bob", "Cem"]) {
        sheet.write_row(row, 0, [&*format!("100{row}"), name, "IT", ""]).unwrap();
    }
    change(sheet);
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &mut book);
    (folder, path)
}

#[test]
fn a_formula_without_a_stored_result_is_refused_with_its_cell() {
    let (_folder, path) = staff(|sheet| {
        sheet.write_formula(2, 3, rust_xlsxwriter::Formula::new("=TODAY()").set_result("46000")).unwrap();
        sheet.write_formula(3, 3, rust_xlsxwriter::Formula::new("=TODAY()").set_result("46000")).unwrap();
    });
    assert_eq!(read(&path, SheetSettings::default()).unwrap().records.len(), 3);
    rewrite(&path, "<v>46000</v>", "");
    let error = read(&path, SheetSettings::default()).unwrap_err();
    assert!(error.contains("line 3, column 4: sheet `Staff`, cell D3: the formula has no stored result (and 1 more)"), "{error}");
    let skipped = SheetSettings { skip_lines: 4, ..SheetSettings::default() };
    assert!(!read(&path, skipped).unwrap_err().contains("formula"), "rows above the header are not used");
}

#[test]
fn cells_that_are_merged_below_the_header_are_refused_with_their_range() {
    let plain = Format::new();
    let merged = |first: (u32, u16), last: (u32, u16)| {
        let (_folder, path) = staff(|sheet| {
            sheet.merge_range(first.0, first.1, last.0, last.1, "2026-10-31", &plain).unwrap();
        });
        read(&path, SheetSettings::default())
    };
    let error = merged((1, 3), (3, 3)).unwrap_err();
    assert!(error.contains("sheet `Staff`: the cells D2:D4 are merged"), "{error}");
    assert!(merged((2, 1), (2, 2)).unwrap_err().contains("B3:C3"), "two columns of one person");
    assert!(merged((0, 3), (1, 3)).unwrap_err().contains("D1:D2"), "a header of two rows");
    let (_folder, path) = staff(|sheet| {
        sheet.merge_range(4, 0, 4, 3, "Total: 3", &plain).unwrap();
        sheet.merge_range(8, 6, 9, 7, "", &plain).unwrap();
    });
    let footer = SheetSettings { skip_footer: 1, ..SheetSettings::default() };
    assert_eq!(read(&path, footer).unwrap().records.len(), 3, "a footer may be merged");
}

#[test]
fn a_sheet_is_checked_for_rows_that_are_no_records_like_text() {
    let with = |row: [&str; 4], skip_footer| {
        let (_folder, path) = staff(|sheet| {
            sheet.write_row(4, 0, row).unwrap();
        });
        read(&path, SheetSettings { skip_footer, ..SheetSettings::default() })
    };
    for (row, wanted) in [
        (["ID", " name", "Dept", "END"], "line 5: the header appears again"),
        (["----", "---", "--", "-"], "line 5: this row consists of dashes"),
        (["Total", "", "", "3"], "line 5: this row is a total"),
        (["1004", "Dan", "IT,\nOps, Berlin", ""], ""),
        (["1004", "Dan", "IT", "x\n1005,Eve,IT,"], "other rows"),
    ] {
        let error = with(row, 0).err().unwrap_or_default();
        assert!(error.contains(wanted) && error.is_empty() == wanted.is_empty(), "{row:?}: {error}");
    }
    let error = with(["1004", "Dan", "IT", ""], 1).unwrap_err();
    assert!(error.contains("line 5: this row looks like a record, and `skip_footer = 1` would drop it"), "{error}");
    assert_eq!(with(["Total: 3", "", "", ""], 1).unwrap().records.len(), 3);
}

#[test]
fn a_number_that_lost_its_last_digits_is_no_number() {
    let (_folder, path) = staff(|sheet| {
        sheet.write_number(1, 3, 12_345_678_901_234_568.0).unwrap();
        sheet.write_number(2, 3, 999_999_999_999_999.0).unwrap();
        sheet.write_number_with_format(3, 3, 1e15, &Format::new().set_num_format("0")).unwrap();
    });
    let reading = read(&path, SheetSettings::default()).unwrap();
    let ends: Vec<Cell<'_>> = reading
        .records
        .held()
        .unwrap()
        .iter()
        .map(|record| record.get("End").unwrap())
        .map(|cell| match cell {
            Cell::Text(text) => Cell::Text(Box::leak(text.to_owned().into_boxed_str())),
            _ => Cell::Null,
        })
        .collect();
    assert_eq!(ends, ["#DIGITS!", "999999999999999", "#DIGITS!"].map(Cell::Text));
    assert!(is_error("#DIGITS!"), "whoever has it in a column that is used is held");
    assert!(
        reading.notes[0].text().contains("2 numbers of 16 and more digits") && reading.notes[0].text().contains("cell D2"),
        "{:?}",
        reading.notes
    );
}

#[test]
fn hidden_rows_are_read_and_counted() {
    let (_folder, path) = staff(|sheet| {
        sheet.set_row_hidden(2).unwrap();
    });
    let reading = read(&path, SheetSettings::default()).unwrap();
    assert_eq!(reading.records.len(), 3);
    assert!(reading.notes[0].text().contains("1 rows are hidden"), "{:?}", reading.notes);
}

#[test]
fn a_reference_that_no_sheet_has_is_refused_before_anything_is_laid_out() {
    for reference in ["ZZZZZZ2", "XFE3", "D1048577", "ZZZZZZZZ99999999999"] {
        let (_folder, path) = staff(|sheet| {
            sheet.write_string(1, 3, "x").unwrap();
        });
        rewrite(&path, "\"D2\"", &format!("\"{reference}\""));
        let error = read(&path, SheetSettings::default()).unwrap_err();
        assert!(error.contains(&format!("the cell `{reference}` lies outside a sheet")), "{error}");
    }
}

#[test]
fn doubled_names_in_a_sheet_are_corrected_in_the_sheet() {
    let (_folder, path) = staff(|sheet| {
        sheet.write_string(0, 2, "Name").unwrap();
    });
    let error = read(&path, SheetSettings::default()).unwrap_err();
    assert!(error.contains("rename one of them in the sheet") && !error.contains("header = "), "{error}");
}

/// An `.ods` workbook with these rows.
fn ods(rows: &str) -> Result<Reading, String> {
    use std::io::Write as _;
    let mut file = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"Staff\">{rows}</table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", &content),
    ] {
        file.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.ods");
    std::fs::write(&path, file.finish().unwrap().into_inner()).unwrap();
    read(&path, SheetSettings::default())
}

#[test]
fn an_opendocument_sheet_is_refused_for_the_same_reasons() {
    let cell = |text: &str, more: &str| {
        format!("<table:table-cell office:value-type=\"string\" {more}><text:p>{text}</text:p></table:table-cell>")
    };
    let row = |cells: &str| format!("<table:table-row>{cells}</table:table-row>");
    let header = row(&(cell("Id", "") + &cell("Dept", "")));
    let sound = format!("{header}{}", row(&(cell("1", "") + &cell("IT", ""))));
    assert_eq!(ods(&sound).unwrap().records.len(), 1);
    let merged = format!("{header}{}", row(&(cell("1", "") + &cell("IT", "table:number-rows-spanned=\"2\""))));
    let merged = format!("{merged}{}", row(&(cell("2", "") + "<table:covered-table-cell/>")));
    assert!(ods(&merged).unwrap_err().contains("sheet `Staff`: the cells B2:B3 are merged"));
    let formula = format!("{header}{}", row(&(cell("1", "") + "<table:table-cell table:formula=\"of:=[.A1]\"/>")));
    assert!(ods(&formula).unwrap_err().contains("cell B2: the formula has no stored result"));
    let far = "<table:table-cell table:number-columns-repeated=\"16000\"/>".to_owned() + &cell("x", "");
    let rows = format!("<table:table-row table:number-rows-repeated=\"20000\">{}</table:table-row>", cell("1", ""));
    let error = ods(&format!("{header}{}{rows}", row(&(cell("1", "") + &far)))).unwrap_err();
    assert!(error.contains("hardly any cell has a value"), "{error}");
    assert!(
        ods(&format!("{sound}{}", row(&(cell("id", "") + &cell("dept", ""))))).unwrap_err().contains("the header appears again")
    );
    let beside = format!("{header}{}", row(&(cell("1", "") + &cell("IT", "") + "<table:table-cell/>" + &cell("x", ""))));
    assert!(ods(&beside).unwrap_err().contains("(cell D2)"));
}

#[test]
fn what_is_no_workbook_is_told_by_its_bytes_and_not_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        read(&path, SheetSettings::default())
    };
    assert_eq!(file("csv.xls", b"Id\tName\n1\tAnn\n").unwrap().records.len(), 1);
    assert!(file("page.xls", b"<html><table><tr><td>Id</td></tr></table>").unwrap_err().contains("a web page"));
    assert!(file("old.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 broken").unwrap_err().contains("save it again"));
    assert!(file("cut.xlsx", b"PK\x03\x04 cut").unwrap_err().contains("damaged"));
    assert!(file("empty.xlsx", b"").unwrap_err().contains("the file is empty"));
}

#[test]
fn a_day_in_a_cell_is_that_day_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let formats = ["dd.mm.yyyy", "m/d/yy", "yyyy-mm-dd hh:mm:ss", "d-mmm-yy", "[$-407]d. mmmm yyyy"];
    sheet.write_row(0, 0, formats).unwrap();
    let first = jiff::civil::date(1930, 1, 1);
    // The number of that day in a workbook.
    let serial = 10_959.0;
    let days: Vec<i32> = (0..57_000).step_by(211).collect();
    for (row, days) in (1..).zip(&days) {
        for (column, format) in (0..).zip(formats) {
            let format = Format::new().set_num_format(format);
            sheet.write_number_with_format(row, column, serial + f64::from(*days), &format).unwrap();
        }
    }
    let reading = read(&saved(folder.path(), &mut book), SheetSettings::default()).unwrap();
    for (record, days) in reading.records.held().unwrap().iter().zip(days) {
        let day = first.checked_add(jiff::Span::new().days(days)).unwrap();
        for (_, cell) in record.cells() {
            let Cell::Text(text) = cell else { panic!("{day}") };
            assert_eq!(crate::record::day_of(text, &jiff::tz::TimeZone::UTC), Some(day), "{text}");
        }
    }
}

/// The workbook of the real exports beside the truth that it was made from.
#[test]
fn the_workbook_equals_its_twin_record_for_record() {
    let Some(shared) = std::env::var_os("HRPUSH_SHARED").map(PathBuf::from) else { return };
    let folder = shared.join("data/synthetic-european-csv");
    let people: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(folder.join("people.json")).unwrap()).unwrap();
    let reading = read(&folder.join("workers.xlsx"), SheetSettings::default()).unwrap();
    assert_eq!(reading.records.len(), people.len());
    for (record, person) in reading.records.held().unwrap().iter().zip(&people) {
        let Some(Cell::Text(id)) = record.get("Employee ID") else { panic!("{:?}", record.place()) };
        assert_eq!(format!("{id:0>8}"), person["id"].as_str().unwrap());
        for (column, key) in [
            ("Last Name", "last"),
            ("First Name", "first"),
            ("Department", "dept"),
            ("Manager ID", "manager"),
            ("End Date", "end"),
        ] {
            assert_eq!(
                record.get(column),
                Some(Cell::Text(person[key].as_str().unwrap_or_default())),
                "{column}: {:?}",
                record.place()
            );
        }
        let hired = person["hire"].as_str().unwrap();
        let day: jiff::civil::Date = hired.parse().unwrap();
        let written = [hired.to_owned(), day.strftime("%d.%m.%Y").to_string()];
        assert!(written.iter().any(|form| record.get("Hire Date") == Some(Cell::Text(form))), "{:?}", record.place());
        assert_eq!(record.get("Active"), Some(Cell::Text(if person["end"].is_null() { "TRUE" } else { "FALSE" })));
    }
}
