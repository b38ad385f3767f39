//! The day of a run: a wrong clock decides about no person.

use rusqlite::Connection;

use crate::served::Served;
use crate::world::World;

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "any");
const MAPPING: &str = r#"
version = 1
name = "hr"
[source]
key = "[EmployeeID]"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[EmployeeID]"
displayName = "[Name]"
userPrincipalName = { when = "create", expression = 'Join("@", [EmployeeID], DefaultDomain())' }
[lifecycle]
end = "[End]"
"#;

/// A world in which one person left lately and another one leaves in a year.
fn people() -> World {
    let world = World::new();
    world.write("map.toml", MAPPING);
    let day = |days: i64| {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        today.checked_add(jiff::Span::new().days(days)).unwrap()
    };
    world.write("hr.csv", format!("EmployeeID,Name,End\n1,Ann,{}\n2,Bob,{}\n", day(-10), day(365)));
    world
}

#[test]
fn a_clock_that_differs_from_the_tenants_ends_every_run() {
    for (clock, words) in [("3h", "behind"), ("-3h", "ahead"), ("400d", "400 d 0 h behind"), ("-400d", "400 d 0 h ahead")] {
        let world = people();
        let served = Served::start(&world, &["--clock", clock]);
        for command in [
            &["import", "hr.csv", "--yes"][..],
            &["import", "hr.csv", "--dry-run"],
            &["import", "hr.csv", "--dry-run", "--as-of", "2030-01-01"],
            &["plan", "hr.csv", "--out", "plan.json"],
        ] {
            let more = ["--mapping", "map.toml", "--graph-url", &served.url];
            let arguments = command.iter().chain(&more);
            let ended = world.run_with(&[TOKEN], arguments).ends_with(1);
            assert!(
                ended.err.contains(words) && ended.err.contains("hint: ") && ended.out.is_empty(),
                "{}{}",
                ended.out,
                ended.err
            );
        }
        assert!(!world.path("plan.json").exists());
        assert!(!served.log().contains("POST /users"), "{}", served.log());
        // To look into it the doctor still works.
        world.run_with(&[TOKEN], ["doctor", "--graph-url", &served.url]).ends_with(4);
    }
}

#[test]
fn explain_goes_on_with_a_note_and_writes_no_day() {
    for (clock, words) in [("3h", "3 h 0 min behind"), ("-400d", "400 d 0 h ahead")] {
        let world = people();
        let served = Served::start(&world, &["--clock", clock]);
        let explain = ["explain", "1", "hr.csv", "--mapping", "map.toml", "--graph-url", &served.url];
        let explained = world.run_with(&[TOKEN], explain).ends_with(0);
        assert!(explained.out.contains("Life cycle"), "{}", explained.out);
        assert!(explained.err.contains("note: this machine's clock") && explained.err.contains(words), "{}", explained.err);
        assert_eq!(world.run_with(&[TOKEN], explain).ends_with(0).out, explained.out);
        let database = Connection::open(world.path(".hrpush/state.db")).unwrap();
        let known: i64 = database.query_row("select count(*) from people", [], |row| row.get(0)).unwrap();
        assert_eq!(known, 0);
    }
}

#[test]
fn saved_plans_and_undo_meet_the_same_clock() {
    let world = people();
    let run = |url: &str, arguments: &[&str]| world.run_with(&[TOKEN], arguments.iter().chain(&["--graph-url", url]));
    let database = world.path("tenant.db");
    let kept = ["--db", database.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let (listen, done) = {
        let served = Served::start(&world, &kept);
        run(&served.url, &["plan", "hr.csv", "--mapping", "map.toml", "--out", "plan.json"]).ends_with(0);
        let done =
            run(&served.url, &["import", "hr.csv", "--mapping", "map.toml", "--yes", "--format", "json"]).ends_with(0).json();
        (served.url.trim_start_matches("http://").trim_end_matches("/v1.0").to_owned(), done)
    };
    let later = ["--db", database.to_str().unwrap(), "--listen", &listen, "--clock", "3h"];
    let served = Served::start(&world, &later);
    let undone = run(&served.url, &["undo", done["run"].as_str().unwrap(), "--yes"]).ends_with(1);
    let applied = run(&served.url, &["apply", "plan.json", "--yes"]).ends_with(1);
    for ended in [undone, applied] {
        assert!(ended.err.contains("3 h 0 min behind"), "{}", ended.err);
    }
}

#[test]
fn an_hour_is_no_difference() {
    for clock in ["1h", "-1h"] {
        let world = people();
        let served = Served::start(&world, &["--clock", clock]);
        let import = ["import", "hr.csv", "--mapping", "map.toml", "--yes", "--format", "json", "--graph-url", &served.url];
        assert_eq!(world.run_with(&[TOKEN], import).ends_with(0).json()["applied"], 1);
        assert_eq!(world.run_with(&[TOKEN], import).ends_with(0).json()["applied"], 0);
    }
}

#[test]
fn a_run_that_begins_before_the_last_one_is_refused() {
    let world = people();
    let import = |more: &[&'static str]| world.run(["import", "hr.csv", "--mapping", "map.toml"].iter().chain(more));
    import(&["--yes"]).ends_with(0);
    let began = |ahead: jiff::SignedDuration| {
        let moment = (jiff::Timestamp::now() + ahead).strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let database = Connection::open(world.path(".hrpush/state.db")).unwrap();
        database.execute("update runs set started_at = ?1", [moment]).unwrap();
    };
    for hours in [3, 20 * 24, 400 * 24] {
        began(jiff::SignedDuration::from_hours(hours));
        for more in [&["--yes"][..], &["--dry-run"], &["--dry-run", "--as-of", "2030-01-01"]] {
            let ended = import(more).ends_with(1);
            assert!(ended.err.contains("the last run in this state folder") && ended.err.contains("hint: "), "{}", ended.err);
        }
    }
    began(jiff::SignedDuration::from_mins(90));
    import(&["--yes"]).ends_with(0);
}

#[test]
fn another_day_by_as_of_is_no_wrong_clock() {
    let world = people();
    for day in ["2030-01-01", "2020-01-01"] {
        let dry = world.run(["import", "hr.csv", "--mapping", "map.toml", "--dry-run", "--as-of", day]).ends_with(0);
        assert!(!dry.err.contains("clock"), "{}", dry.err);
    }
    world.run(["import", "hr.csv", "--mapping", "map.toml", "--yes"]).ends_with(0);
    world.run(["import", "hr.csv", "--mapping", "map.toml", "--yes", "--as-of", "2030-01-01"]).ends_with(0);
    world.run(["import", "hr.csv", "--mapping", "map.toml", "--dry-run"]);
}
