//! Files as they arrive: packed, joined, by day, not before they are complete, and put away afterwards.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use crate::served::Served;
use crate::world::{Ended, World, project};

const MAPPING: &str = "version = 1\nname = \"t\"\n[source]\nkey = \"[Code]\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
    employeeId = \"[Code]\"\ndisplayName = \"[Name]\"\ndepartment = \"[Unit]\"\n\
    userPrincipalName = { when = \"create\", expression = 'Join(\"@\", [Code], DefaultDomain())' }\n";

/// A configured source of these keys.
fn configured(keys: &str) -> World {
    let world = World::new();
    world.write("m.toml", MAPPING);
    world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\nmapping = \"m.toml\"\n{keys}"));
    world
}

fn plan(world: &World, options: &[&str]) -> Ended {
    world.run(["plan", "--format", "json"].iter().chain(options))
}

fn age(world: &World, name: &str, seconds_ago: u64) {
    let time = SystemTime::now() - Duration::from_secs(seconds_ago);
    std::fs::File::options().write(true).open(world.path(name)).unwrap().set_modified(time).unwrap();
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_packed_export_is_the_same_feed_as_a_plain_one() {
    let world = World::new();
    let sample = std::fs::read_to_string(project("samples/employees.csv")).unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("out/employees.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(sample.as_bytes()).unwrap();
    let zip = world.write("employees.zip", zip.finish().unwrap().into_inner());
    let packed = world.write("employees.csv.gz", gzip(&sample));
    world.import(&packed, &[]).ends_with(0);
    let again = world.import(&zip, &["--format", "json"]).ends_with(0).json();
    assert_eq!(again["applied"], 0);
}

#[test]
fn persons_and_contracts_are_joined_and_the_contract_in_force_counts() {
    let world = configured(
        "path = \"persons.csv\"\n[[source.join]]\npath = \"contracts.csv\"\nkey = \"Code\"\nother_key = \"Person\"\n\
         [source.rows]\nkey = \"Code\"\nfrom = \"Start\"\nuntil = \"End\"\ndates = [\"%d-%m-%Y\"]\n",
    );
    world.write("persons.csv", "Code;Name\nE1;Ann\nE2;Bob\n");
    world.write("contracts.csv", "Person,Start,End,Unit\nE1,01-01-2020,31-12-2025,Old\nE1,01-01-2026,,New\nE2,01-01-2020,,IT\n");
    let unit = |day: &str| {
        let plan = plan(&world, &["--as-of", day]).ends_with(0).json();
        assert_eq!(plan["summary"]["create"], 2);
        assert_eq!(plan["source"]["name"], "persons.csv+contracts.csv");
        let text = plan["changes"].to_string();
        (text.contains("\"Old\""), text.contains("\"New\""))
    };
    assert_eq!(unit("2025-12-31"), (true, false));
    assert_eq!(unit("2026-01-01"), (false, true));
}

#[test]
fn a_damaged_join_key_gives_no_leaver_their_access_back() {
    let world = configured("path = \"persons.csv\"\n[[source.join]]\npath = \"contracts.csv\"\nkey = \"Code\"\n");
    world.write("m.toml", format!("{MAPPING}[lifecycle]\nend = \"[End]\"\n"));
    world.write("persons.csv", "Code;Name\n1001;Ann\n1002;Bob\n");
    let contracts = |bob: &str| world.write("contracts.csv", format!("Code,Unit,End\n1001,IT,\n{bob}\n"));
    for (end, change) in [("", "create"), ("2020-10-31", "disable")] {
        contracts(&format!("1002,IT,{end}"));
        assert_ne!(plan(&world, &["--out", "plan.json"]).ends_with(0).json()["summary"][change], 0);
        world.run(["apply", "plan.json", "--yes"]).ends_with(0);
    }
    for key in ["1002.0", "'1002", "01002", "#N/A", "\"1,002E+3\"", "", "10\u{200b}02"] {
        contracts(&format!("{key},IT,2020-10-31"));
        let plan = plan(&world, &[]).ends_with(4).json();
        assert_eq!((&plan["summary"]["enable"], &plan["held"][0]["key"]), (&0.into(), &"1002".into()), "{key}: {plan}");
    }
}

#[test]
fn a_delivery_is_not_read_before_it_is_complete() {
    let world = configured("path = \"in/hr-*.csv\"\ndone_file = \"{stem}.done\"\nmin_age = \"10min\"\n");
    std::fs::create_dir(world.path("in")).unwrap();
    world.write("in/hr-1.csv", "Code,Name,Unit\n1,Ann,IT\n");
    let early = plan(&world, &[]).ends_with(2);
    assert!(early.err.contains("`hr-1.done` is not there"), "{}", early.err);
    world.write("in/hr-1.done", "");
    let early = plan(&world, &[]).ends_with(2);
    assert!(early.err.contains("`min_age` requires 600 s"), "{}", early.err);
    age(&world, "in/hr-1.csv", 3_600);
    plan(&world, &[]).ends_with(0);
    age(&world, "in/hr-1.done", 7_200);
    assert!(plan(&world, &[]).ends_with(2).err.contains("older than the file"));
    let named = world.path("in/hr-1.csv");
    world.run(["plan", named.to_str().unwrap()]).ends_with(0);
}

#[test]
fn after_a_good_run_the_files_move_away_and_a_dry_run_moves_nothing() {
    let world = configured("path = \"hr.csv\"\nafter = { move = \"done\" }\n");
    world.write("hr.csv", "Code,Name,Unit\n1,Ann,IT\n");
    world.run(["import", world.path("hr.csv").to_str().unwrap()]).ends_with(0);
    assert!(world.path("hr.csv").exists(), "a file that is named on the command line stays where it is");
    let tenant = Served::start(&world, &[]);
    let sync = |options: &[&str]| {
        let fixed = ["sync", "--graph-url", &tenant.url, "--state", "served"];
        world.run_with(&[("HRPUSH_ACCESS_TOKEN", "a.b.c")], fixed.iter().chain(options))
    };
    sync(&["--dry-run"]).ends_with(0);
    assert!(world.path("hr.csv").exists());
    sync(&[]).ends_with(0);
    assert!(!world.path("hr.csv").exists() && world.path("done/hr.csv").exists());
    sync(&[]).ends_with(2);
}

#[test]
fn the_same_delivery_twice_is_refused_where_the_settings_say_so() {
    let world = configured("path = \"hr.csv\"\nrepeated = \"refuse\"\n");
    world.write("hr.csv", "Code,Name,Unit\n1,Ann,IT\n");
    let tenant = Served::start(&world, &[]);
    let sync = || {
        let arguments = ["sync", "--graph-url", &tenant.url, "--state", "served"];
        world.run_with(&[("HRPUSH_ACCESS_TOKEN", "a.b.c")], arguments)
    };
    sync().ends_with(0);
    assert!(sync().ends_with(2).err.contains("read the same file"));
    world.write("hr.csv", "Code,Name,Unit\n1,Ann,HR\n");
    sync().ends_with(0);
}

#[test]
fn the_same_file_a_second_time_is_said() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let first = world.import(&sample, &[]).ends_with(0);
    assert!(!first.err.contains("the same file as"), "{}", first.err);
    let second = world.import(&sample, &[]).ends_with(0);
    assert!(second.err.contains("employees.csv: the same file as in the good run of"), "{}", second.err);
}

#[test]
fn unknown_keys_of_a_source_are_refused_with_their_place() {
    for (keys, wanted) in [
        ("path = \"a.csv\"\ndelimeter = \";\"\n", "did you mean `delimiter`?"),
        ("path = \"a.csv\"\nafter = { mvoe = \"x\" }\n", "unknown key `mvoe`"),
        ("path = \"a.csv\"\nencoding = \"ebcdic\"\n", "unknown encoding"),
        ("path = \"a.csv\"\nmin_age = \"soon\"\n", "`min_age` cannot be"),
        ("path = \"a.csv\"\n[[source.join]]\nkey = \"A\"\n", "needs `path`"),
        ("path = \"a.csv\"\n[source.rows]\nfrom = \"A\"\n", "needs `key`"),
        ("path = \"a.csv\"\n[source.rows]\nkey = \"A\"\ndates = [\"dd.mm.yyyy\"]\n", "not a form of a date"),
        ("path = \"a.csv\"\nsheet = \"x\"\n", "unknown key `sheet`"),
        ("path = []\n", "is an empty list"),
    ] {
        let ended = plan(&configured(keys), &[]).ends_with(2);
        assert!(ended.err.contains(wanted) && ended.err.contains("hrpush.toml"), "{keys}: {}", ended.err);
    }
}

#[test]
fn the_first_look_needs_no_mapping() {
    let world = World::new();
    let file = world.write("odd.csv", "Was;Wer\n1;J\u{1b}[31mörg\n2;Zoë\n3;Ann\n");
    let shown = world.run(["records", file.to_str().unwrap(), "--limit", "2"]).ends_with(0);
    assert!(shown.out.contains("3 records, 2 columns") && shown.out.contains("delimiter `;`"), "{}", shown.out);
    assert!(shown.out.contains("1 more") && !shown.out.contains('\u{1b}'), "{}", shown.out);
    let json = world.run(["records", file.to_str().unwrap(), "--format", "json"]).ends_with(0).json();
    assert_eq!(json["records"][1]["cells"]["Wer"], "Zoë");
    assert_eq!(json["records"][1]["record"]["line"], 3);
    assert_eq!(json["columns"][0]["distinct"], 3);
    world.run(["records"]).ends_with(2);
}
