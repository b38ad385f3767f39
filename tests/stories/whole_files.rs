//! Files that only look whole: refused with 2 and a place, on every path by which files arrive, and nothing is written.

use std::io::Write as _;

use crate::world::{World, project};

const HEADER: &str = "EmployeeID,FirstName,LastName,Email,Department,JobTitle,CostCentre,Country,Mobile,ManagerID,HireDate,\
                      TerminationDate,Status,WorkerType,Remarks";

/// As many people as an export has, each on a line of its own.
fn rows(keys: std::ops::Range<u64>) -> Vec<String> {
    keys.map(|key| format!("{key},Ann{key},Lee{key},a{key}@contoso.com,IT,Dev,1,DE,,,2020-01-01,,Active,Employee,")).collect()
}

fn text(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// Files with 40 people of which some would be lost, and what is said of them.
fn broken() -> Vec<(&'static str, String, &'static [&'static str])> {
    let swallowed = |column: fn(&str) -> (String, String)| {
        let mut rows = rows(1001..1041);
        (rows[3], rows[5]) = (column(&rows[3]).0, column(&rows[5]).1);
        text(&rows)
    };
    let last = swallowed(|row| (format!("{row}\"prefers mail"), format!("{row}ask Petra\"")));
    let mut neighbours = rows(1001..1041);
    (neighbours[3], neighbours[4]) = (neighbours[3].replace("Dev", "\"Dev"), neighbours[4].replace("Dev", "Dev\""));
    let again = format!("{}{}", text(&rows(1001..1021)), text(&rows(1021..1041)));
    let dashes: Vec<String> = std::iter::once(["---"; 15].join(",")).chain(rows(1001..1041)).collect();
    let mut total = rows(1001..1041);
    total.push(format!("Total: 40{}", ",".repeat(14)));
    let mut cut = text(&rows(1001..1041));
    cut.truncate(cut.len() - 40);
    vec![
        ("last.csv", last, &["line 5, column", "its cell holds other rows (2 found)", "hint:"]),
        ("neighbours.csv", text(&neighbours), &["line 5, column", "its cell holds other rows"]),
        ("again.csv", again, &["line 22: the header appears again", "two files in one"]),
        ("dashes.csv", text(&dashes), &["line 2: this row consists of dashes"]),
        ("total.csv", text(&total), &["line 42: this row is a total", "let the export leave the totals out"]),
        ("cut.csv", cut, &["line 41", "cut off"]),
    ]
}

#[test]
fn what_would_lose_people_is_refused_by_every_command() {
    let world = World::new();
    world.import(&world.write("first.csv", text(&rows(1001..1041))), &[]).ends_with(0);
    let mapping = project("mappings/generic-csv.toml");
    for (name, text, wanted) in broken() {
        let file = world.write(name, text);
        let path = file.to_str().unwrap();
        for command in [
            &["import", path, "--dry-run"][..],
            &["plan", path],
            &["records", path],
            &["quality", path],
            &["explain", "1002", path],
            &["mapping", "check", mapping.to_str().unwrap(), "--against", path],
        ] {
            let ended = world.run(command).ends_with(2);
            assert!(ended.out.is_empty(), "{command:?}: {}", ended.out);
            for words in wanted {
                assert!(ended.err.contains(words), "{command:?} lacks `{words}`:\n{}", ended.err);
            }
        }
    }
    world.import(&world.path("first.csv"), &["--dry-run", "--detailed-exitcode"]).ends_with(0);
}

#[test]
fn packed_and_joined_files_are_refused_alike() {
    let mut swallowed = rows(1001..1041);
    (swallowed[3], swallowed[5]) = (format!("{}\"mail", swallowed[3]), format!("{}x\"", swallowed[5]));
    let swallowed = text(&swallowed);
    let world = World::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(swallowed.as_bytes()).unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("hr.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(swallowed.as_bytes()).unwrap();
    let utf16: Vec<u8> = format!("\u{feff}{swallowed}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [
        ("hr.csv.gz", gzip.finish().unwrap()),
        ("hr.zip", zip.finish().unwrap().into_inner()),
        ("utf16.csv", utf16),
        ("crlf.csv", swallowed.replace('\n', "\r\n").into_bytes()),
        ("semicolons.csv", swallowed.replace(',', ";").into_bytes()),
        // Large enough to stay on disk.
        ("large.csv", text(&rows(10_000..80_000)).replacen(HEADER, swallowed.trim_end(), 1).into_bytes()),
    ] {
        let ended = world.import(&world.write(name, bytes), &[]).ends_with(2);
        assert!(ended.err.contains("line 5, column") && ended.err.contains("other rows"), "{name}: {}", ended.err);
    }
    world.write("persons.csv", "Code,Name\nE1,Ann\nE2,Bob\nE3,Cem\n");
    let keys = "path = \"persons.csv\"\n[[source.join]]\npath = \"contracts.csv\"\nkey = \"Code\"\n";
    world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\n{keys}[source.rows]\nkey = \"Code\"\nfrom = \"Start\"\n"));
    for (contracts, wanted) in [
        (
            "Code,Start,Unit,Note\nE1,2020-01-01,IT,\"x\nE2,2020-01-01,IT,\nE3,2020-01-01,IT,y\"\n",
            "contracts.csv, line 2, column 18",
        ),
        (
            "Code,Start,Unit,Note\nE1,2020-01-01,IT,\nCODE,START,UNIT,NOTE\nE2,2020-01-01,IT,\n",
            "contracts.csv, line 3: the header",
        ),
        ("Code,Start,Unit,Note\nE1,2020-01-01,IT,\n-,-,-,-\nE2,2020-01-01,IT,\n", "contracts.csv, line 3: this row consists"),
    ] {
        world.write("contracts.csv", contracts);
        let ended = world.run(["records", "--source"]).ends_with(2);
        assert!(ended.err.contains(wanted), "{}", ended.err);
    }
}

#[test]
fn remarks_of_several_lines_go_in() {
    let world = World::new();
    let remarks = [
        "\"Main St 1, Apt 4\n10115 Berlin, Germany\"",
        "\"speaks: German, French,\n\nEnglish, Czech, Polish, and Dutch\"",
        "\"he said:\n\"\"yes\"\", then left\"",
        "\"a;b;c\n1;2;3\"",
    ];
    let rows: Vec<String> =
        rows(1001..1041).iter().zip(remarks.iter().cycle()).map(|(row, remark)| format!("{row}{remark}")).collect();
    let file = world.write("hr.csv", text(&rows));
    world.import(&file, &[]).ends_with(0);
    world.import(&file, &["--dry-run", "--detailed-exitcode"]).ends_with(0);
}

#[test]
fn what_init_writes_drops_nobody_when_the_footer_stays_away() {
    let world = World::new();
    let table = "empNo;firstName;lastName;department\n1;Ann;Lee;IT\n2;Bob;Ray;IT\n3;Cem;Su;IT\n";
    let file = world.write("hr.csv", format!("{table}Total: 3\n"));
    world.run(["init", file.to_str().unwrap()]).ends_with(0);
    world.run(["records", "--source", "--format", "json"]).ends_with(0);
    world.write("hr.csv", table);
    let ended = world.run(["import", "hr.csv"]).ends_with(2);
    assert!(ended.err.contains("line 4: this row looks like a record, and `skip_footer = 1` would drop it"), "{}", ended.err);
    // A file that was cut off makes no footer of the person in its last row.
    let world = World::new();
    let file = world.write("hr.csv", format!("{table}4;Dan"));
    assert!(world.run(["init", file.to_str().unwrap()]).ends_with(2).err.contains("cut off"));
}

#[test]
fn a_wrong_guess_of_the_encoding_is_refused_and_a_doubtful_one_is_noted() {
    let world = World::new();
    let file = |name: &str, bytes: &[u8]| world.write(name, [b"Id,Name\n1,", bytes, b"\n"].concat());
    for bytes in [&b"J\x81rgen Gro\xE1"[..], b"Fran\x8Dois", b"M\x81ller"] {
        let ended = world.run(["records", file("dos.csv", bytes).to_str().unwrap()]).ends_with(2);
        assert!(ended.err.contains("dos.csv, line 2") && ended.err.contains("dos-850"), "{}", ended.err);
    }
    let mac = file("mac.csv", b"Hans Gro\xA7\n2,Anna Wei\xA7\n3,Ute Ru\xA7mann");
    let message = world.run(["records", mac.to_str().unwrap()]).ends_with(0);
    assert!(message.out.contains("stands within a word"), "{}", message.out);
}

#[test]
fn the_first_reading_names_the_columns_without_a_value() {
    let world = World::new();
    let file = world.write("hr.csv", text(&rows(1001..1041)));
    let first = world.import(&file, &[]).ends_with(0);
    assert!(first.err.contains("first reading of this feed: no record has a value in"), "{}", first.err);
    assert!(
        first.err.contains("`TerminationDate`") && !first.err.contains("`Remarks`"),
        "only what the mapping uses: {}",
        first.err
    );
    let second = world.import(&file, &[]).ends_with(0);
    assert!(!second.err.contains("first reading"), "{}", second.err);
}
