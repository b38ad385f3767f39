//! The reason of a run, as the list of runs and the log repeat it: one line with places and counts, and no value of HR.

use rusqlite::Connection;
use serde_json::Value;

use crate::served::Served;
use crate::world::{Ended, World, project};

/// A value of HR that only the person at the terminal may see.
const VALUE: &str = "Zephyrine";

const HEADER: &str = "EmployeeID,FirstName,LastName,Email,Status,HireDate";

fn listed(world: &World) -> Vec<Value> {
    world.run(["runs", "--format", "json"]).ends_with(0).json().as_array().unwrap().clone()
}

/// The sample with another text in a cell of its first record.
fn sample_with(world: &World, column: &str, text: &str) -> std::path::PathBuf {
    let sample = std::fs::read_to_string(project("samples/employees.csv")).unwrap();
    let mut lines: Vec<String> = sample.lines().map(str::to_owned).collect();
    let at = lines[0].split(',').position(|name| name == column).unwrap();
    let mut cells: Vec<&str> = lines[1].split(',').collect();
    cells[at] = text;
    lines[1] = cells.join(",");
    world.write("hr.csv", lines.join("\n"))
}

/// Runs an import with a log in each form. Returns both ends, and checks that nothing that others read has the value.
fn import(world: &World, file: &std::path::Path, options: &[&str], code: i32) -> [Ended; 2] {
    ["text", "json"].map(|form| {
        let log = format!("{form}.log");
        let logging = ["--log-file", &log, "--log-format", form];
        let all: Vec<&str> = options.iter().chain(&logging).copied().collect();
        let ended = world.import(file, &all).ends_with(code);
        assert_private(world);
        ended
    })
}

fn log(world: &World, form: &str) -> String {
    std::fs::read_to_string(world.path(&format!("{form}.log"))).unwrap_or_default()
}

/// The fields of each event of the log in JSON.
fn events(world: &World) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    log(world, "json").lines().map(line).collect()
}

fn assert_private(world: &World) {
    let table = world.run(["runs"]).ends_with(0).out;
    let rows = serde_json::to_string(&listed(world)).unwrap();
    let state = Connection::open(world.path(".hrpush/state.db")).unwrap();
    // The plan and the outcome hold values on purpose; they are in columns of their own, and are pruned.
    let select = "select coalesce(group_concat(json_array(run, tenant, feed, source, command, ended, reason, reason_code, host, user, \
                  fingerprint, counted, summary, approved_by)), '') from runs";
    let columns: String = state.query_row(select, [], |row| row.get(0)).unwrap();
    for (place, text) in [("runs", table), ("runs in JSON", rows), ("state.db", columns)] {
        assert!(!text.contains(VALUE), "{place}: {text}");
    }
    for form in ["text", "json"] {
        let log = log(world, form);
        assert!(!log.contains(VALUE), "{form}: {log}");
    }
}

#[test]
fn a_refused_file_is_listed_by_its_place_without_its_values() {
    let bad: [(&str, String, &str); 6] = [
        ("ragged.csv", format!("{HEADER}\n1,Ann,Lee,a@x.com,Active,\n2,{VALUE}\n"), "ragged.csv, line 3"),
        ("after.csv", format!("{HEADER}\n1,\"{VALUE}\"x,Lee,a@x.com,Active,\n"), "after.csv, line 2"),
        ("open.csv", format!("{HEADER}\n1,\"{VALUE},Lee,a@x.com,Active,\n"), "open.csv, line 2"),
        ("twice.csv", format!("1,{VALUE},{VALUE},a@x.com,Active,x\n2,Bob,Ray,b@x.com,Active,y\n"), "columns 2 and 3"),
        ("headless.csv", format!("1,{VALUE},Lee,a@x.com,Active,x\n2,Bob,Ray,b@x.com,Active,y\n"), "headless.csv"),
        ("placeholder.csv", format!("{HEADER}\n{VALUE},{VALUE},{VALUE},{VALUE},{VALUE},{VALUE}\n"), "placeholder.csv"),
    ];
    for (name, text, place) in bad {
        let world = World::new();
        let file = world.write(name, text);
        let [ended, _] = import(&world, &file, &[], 2);
        assert!(!ended.err.is_empty());
        for row in listed(&world) {
            let reason = row["reason"].as_str().unwrap();
            assert!(reason.contains(place) && !reason.contains('\n'), "{name}: {reason}");
            assert_eq!((&row["ended"], &row["reasonCode"]), (&"refused".into(), &"source".into()), "{name}");
        }
        let event = events(&world).into_iter().find(|event| event["level"] == "ERROR").unwrap();
        assert_eq!(event["fields"]["reason_code"], "source", "{event}");
        let text = log(&world, "text");
        assert!(text.contains("ERROR") && text.contains("reason_code=\"source\"") && text.contains(place), "{text}");
    }
}

#[test]
fn a_source_without_the_columns_of_its_mapping_shows_none_of_its_own() {
    let world = World::new();
    let file = world.write("headless.csv", format!("1,{VALUE},Lee,a@x.com,Active,x\n2,Bob,Ray,b@x.com,Active,y\n"));
    let mapping = project("mappings/generic-csv.toml");
    import(&world, &file, &["--mapping", mapping.to_str().unwrap()], 2);
    assert!(listed(&world).iter().all(|row| row["ended"] == "refused" && row["reason"].is_string()));
}

#[test]
fn an_unknown_person_and_an_altered_plan_are_refused_without_their_values() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    import(&world, &sample, &["--only", VALUE], 2);
    assert_eq!((&listed(&world)[0]["ended"], &listed(&world)[0]["reasonCode"]), (&"refused".into(), &"arguments".into()));
    world.run(["plan", sample.to_str().unwrap(), "--out", "plan.json"]).ends_with(0);
    let plan = std::fs::read_to_string(world.path("plan.json")).unwrap();
    world.write("plan.json", plan.replacen("Active", VALUE, 1).replacen("Anna", VALUE, 1));
    world.run(["apply", "plan.json", "--log-file", "json.log", "--log-format", "json"]).ends_with(2);
    assert_private(&world);
    assert_eq!(listed(&world)[0]["reasonCode"], "saved-plan");
}

#[test]
fn a_fault_of_the_configuration_is_logged_by_its_place() {
    let world = World::new();
    world.write("hrpush.toml", format!("[protect]\nuserss = [\"{VALUE}@contoso.com\"]\n"));
    let options = ["import", "hr.csv", "--log-file", "json.log", "--log-format", "json"];
    let ended = world.run(options).ends_with(2);
    assert!(ended.err.contains("userss"), "{}", ended.err);
    let log = log(&world, "json");
    assert!(!log.contains(VALUE) && log.contains("hrpush.toml, line 2, column 1") && log.contains("ERROR"), "{log}");
}

#[test]
fn a_held_record_is_a_count_by_its_code() {
    let world = World::new();
    let file = sample_with(&world, "HireDate", VALUE);
    import(&world, &file, &["--dry-run"], 4);
    let row = &listed(&world)[0];
    assert_eq!((&row["ended"], &row["reasonCode"]), (&"planned".into(), &"attention".into()));
    assert!(row["reason"].as_str().unwrap().contains("1 entry needs attention"), "{row}");
    let held = events(&world).into_iter().find(|event| event["fields"]["held"].is_string()).unwrap();
    assert_eq!((&held["level"], &held["fields"]["count"]), (&"WARN".into(), &1.into()), "{held}");
    assert_eq!(held["fields"]["run"], row["run"]);
    import(&world, &file, &[], 4);
    assert_eq!(listed(&world)[0]["reasonCode"], "attention");
}

#[test]
fn a_tripped_guard_is_an_event_with_its_counts() {
    let world = World::new();
    world.import(&project("samples/employees.csv"), &[]).ends_with(0);
    let text = std::fs::read_to_string(project("samples/employees.csv")).unwrap();
    let gone = world.write("employees.csv", text.replace(",Active,", ",Terminated,").replace("Anna", VALUE));
    let [ended, _] = import(&world, &gone, &[], 3);
    assert!(!ended.err.contains("WARN"), "the terminal has it once: {}", ended.err);
    let row = &listed(&world)[0];
    assert_eq!((&row["ended"], &row["reasonCode"]), (&"stopped".into(), &"guard".into()));
    assert!(row["reason"].as_str().unwrap().starts_with("stopped by the guard"), "{row}");
    let all = events(&world);
    let guard = all.iter().find(|event| event["fields"]["guard"] == "disable").unwrap();
    let fields = &guard["fields"];
    assert!(guard["level"] == "WARN" && fields["count"].as_u64() > fields["limit"].as_u64(), "{guard}");
    assert!(fields["of"].is_u64() && fields["run"] == row["run"], "{guard}");
    let text = log(&world, "text");
    let line = text.lines().find(|line| line.contains("guard=\"disable\"")).unwrap();
    assert!([" count=", " of=", " limit=", " run="].iter().all(|field| line.contains(field)), "{line}");
    // On the terminal the events come with a log for programs alone.
    let quiet = world.import(&gone, &["--dry-run"]).ends_with(3);
    assert!(!quiet.err.contains("guard="), "{}", quiet.err);
    let spoken = world.import(&gone, &["--dry-run", "--log-format", "json"]).ends_with(3);
    assert!(spoken.err.contains("\"guard\":\"disable\""), "{}", spoken.err);
}

#[test]
fn done_nothing_to_do_pending_and_locked_have_their_reasons() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let reason = |world: &World| {
        let row = &listed(world)[0];
        (row["ended"].as_str().unwrap().to_owned(), row["reasonCode"].as_str().map(str::to_owned), row["reason"].is_null())
    };
    world.import(&sample, &[]).ends_with(0);
    assert_eq!(reason(&world), ("done".into(), None, true));
    import(&world, &sample, &[], 0);
    assert_eq!(reason(&world), ("nothing-to-do".into(), None, true));
    assert!(events(&world).iter().any(|event| event["fields"]["ended"] == "nothing-to-do" && event["level"] == "INFO"));
    let lock = std::fs::File::options().write(true).open(world.path(".hrpush/lock")).unwrap();
    lock.lock().unwrap();
    import(&world, &sample, &[], 1);
    drop(lock);
    assert_eq!(reason(&world), ("cannot-run".into(), Some("locked".into()), false));
    let other = World::new();
    let server = Served::start(&other, &[]);
    let token = [("HRPUSH_ACCESS_TOKEN", "a.b.c")];
    let asked =
        ["import", sample.to_str().unwrap(), "--graph-url", &server.url, "--log-file", "json.log", "--log-format", "json"];
    other.run_with(&token, asked).ends_with(5);
    assert_eq!(reason(&other), ("pending".into(), Some("pending".into()), false));
    assert!(events(&other).iter().any(|event| event["fields"]["ended"] == "pending" && event["level"] == "WARN"));
}

#[test]
fn a_change_that_fails_is_an_event_without_the_person() {
    let world = World::new();
    let file = sample_with(&world, "FirstName", VALUE);
    let server = Served::start(&world, &["--faults", "refuse=mobilePhone:400"]);
    let token = [("HRPUSH_ACCESS_TOKEN", "a.b.c")];
    for form in ["text", "json"] {
        let log = format!("{form}.log");
        let arguments =
            ["import", file.to_str().unwrap(), "--graph-url", &server.url, "--yes", "--log-file", &log, "--log-format", form];
        world.run_with(&token, arguments).ends_with(4);
    }
    assert_private(&world);
    let failed = events(&world).into_iter().find(|event| event["fields"]["action"].is_string()).unwrap();
    assert!(failed["level"] == "WARN" && failed["fields"]["property"] == "mobilePhone", "{failed}");
    assert!(failed["fields"]["seq"].is_u64() && failed["fields"]["run"].is_string(), "{failed}");
}

#[test]
fn a_note_is_an_event_with_its_code_count_and_place_and_names_nobody() {
    let world = World::new();
    let sample = std::fs::read_to_string(project("samples/employees.csv")).unwrap();
    let file = world.write("hr.csv", &sample);
    let mapping = std::fs::read_to_string(project("mappings/generic-csv.toml")).unwrap();
    world.write("map.toml", mapping.replace("time_zone", "# time_zone"));
    world.write("hrpush.toml", format!("[protect]\nusers = [\"{VALUE}@contoso.com\"]\n"));
    let [ended, _] = import(&world, &file, &["--mapping", "map.toml", "--dry-run"], 0);
    // Entries are compared without case, and shown so.
    let name = VALUE.to_lowercase();
    assert!(ended.err.contains(&name), "the person at the terminal sees the name: {}", ended.err);
    assert!(["text", "json"].iter().all(|form| !log(&world, form).contains(&name)), "the log names nobody");
    let all = events(&world);
    let note = |code: &str| {
        let found = all.iter().find(|event| event["fields"]["note"] == code);
        found.unwrap_or_else(|| panic!("{code} is missing in {all:?}"))
    };
    let form = note("file-form");
    assert_eq!((&form["level"], &form["fields"]["place"]), (&"INFO".into(), &"hr.csv".into()));
    assert!(form["fields"]["run"].is_string(), "{form}");
    assert_eq!(note("idle-protection")["fields"]["place"], "[protect]");
    assert!(note("first-run")["fields"]["message"].as_str().unwrap().contains("first run"), "{all:?}");
    let text = log(&world, "text");
    assert!(text.lines().any(|line| line.contains("INFO") && line.contains("note=\"idle-protection\"")), "{text}");
}
