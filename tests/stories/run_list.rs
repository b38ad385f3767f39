//! The list of runs: each run has a line however it ended, and the journal is looked after.

use rusqlite::Connection;
use serde_json::Value;

use crate::world::{World, project};

fn import(world: &World, file: &str, options: &[&str]) -> crate::world::Ended {
    world.import(&project(file), options)
}

const SAMPLE: &str = "samples/employees.csv";

/// The sample with everybody gone, which no guard lets through.
fn all_gone(world: &World) -> std::path::PathBuf {
    let text = std::fs::read_to_string(project(SAMPLE)).unwrap();
    world.write("employees.csv", text.replace(",Active,", ",Terminated,"))
}

fn listed(world: &World, options: &[&str]) -> Vec<Value> {
    let arguments = ["runs", "--format", "json"].iter().chain(options);
    world.run(arguments).ends_with(0).json().as_array().unwrap().clone()
}

fn endings(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["ended"].as_str().unwrap_or("unfinished")).collect()
}

#[test]
fn every_run_has_a_line_however_it_ended() {
    let world = World::new();
    world.run(["import", "nowhere.csv"]).ends_with(2);
    import(&world, SAMPLE, &["--dry-run"]).ends_with(0);
    import(&world, SAMPLE, &[]).ends_with(0);
    import(&world, SAMPLE, &[]).ends_with(0);
    let gone = all_gone(&world);
    world.import(&gone, &["-q"]).ends_with(3);
    let lock = std::fs::File::options().write(true).open(world.path(".hrpush/lock")).unwrap();
    lock.lock().unwrap();
    import(&world, SAMPLE, &[]).ends_with(1);
    drop(lock);
    // What plans nothing leaves no line.
    world.run(["explain", "10042", project(SAMPLE).to_str().unwrap()]).ends_with(0);
    let rows = listed(&world, &[]);
    assert_eq!(endings(&rows), ["cannot-run", "stopped", "nothing-to-do", "done", "planned", "refused"]);
    let codes: Vec<i64> = rows.iter().map(|row| row["exitCode"].as_i64().unwrap()).collect();
    assert_eq!(codes, [1, 3, 0, 0, 0, 2]);
    let reason = |at: usize| rows[at]["reason"].as_str().unwrap_or_default();
    assert!(reason(0).contains("another run uses the state folder") && !reason(0).contains('\n'), "{}", reason(0));
    assert!(reason(1).contains("stopped by the guard"), "{}", reason(1));
    assert!(reason(5).contains("nowhere.csv"), "{}", reason(5));
    assert_eq!((reason(2), reason(3), reason(4)), ("", "", ""));
    assert!(rows.iter().all(|row| row["user"].is_string() && row["host"].is_string() && row["durationMs"].is_u64()), "{rows:?}");
    assert_eq!(rows.iter().map(|row| row["dryRun"] == true).collect::<Vec<_>>(), [false, false, false, false, true, false]);
    assert!(rows[1]["summary"]["disable"].as_u64().unwrap() > 10 && rows[1]["fingerprint"].is_string());
    assert_eq!(endings(&listed(&world, &["--ended", "stopped", "--since", "1h"])), ["stopped"]);
    assert_eq!(listed(&world, &["-n", "2"]).len(), 2);
    let table = world.run(["runs", "-n", "2"]).ends_with(0).out;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("RUN ") && lines[2].contains("stopped by the guard"), "{table}");
    world.run(["runs", "--ended", "happy"]).ends_with(2);
}

#[test]
fn the_last_run_is_shown_and_the_last_writes_are_undone() {
    let world = World::new();
    world.run(["runs", "show", "last"]).ends_with(2);
    import(&world, SAMPLE, &[]).ends_with(0);
    world.run(["import", "nowhere.csv"]).ends_with(2);
    let shown = world.run(["runs", "show", "last"]).ends_with(0).out;
    assert!(shown.contains("refused") && shown.contains("nowhere.csv"), "{shown}");
    let whole = world.run(["runs", "show", "last", "--format", "json"]).ends_with(0).json();
    assert_eq!((&whole["ended"], &whole["plan"]), (&"refused".into(), &Value::Null));
    let created = listed(&world, &["--ended", "done"])[0]["summary"]["create"].clone();
    let undo = world.run(["undo", "last", "--dry-run", "--approve", "sha256:0", "--format", "json"]);
    assert_eq!(undo.json()["summary"]["disable"], created, "{}", undo.err);
    assert_eq!(endings(&listed(&world, &["-n", "1"])), ["stopped"]);
}

#[test]
fn an_approved_run_names_its_approver() {
    let world = World::new();
    import(&world, SAMPLE, &[]).ends_with(0);
    let gone = all_gone(&world);
    let plan = world.import(&gone, &["--dry-run", "--format", "json"]).ends_with(3).json();
    world.import(&gone, &["--approve", plan["fingerprint"].as_str().unwrap()]).ends_with(0);
    let rows = listed(&world, &[]);
    assert_eq!(endings(&rows), ["done", "stopped", "done"]);
    assert!(rows[0]["approvedBy"][0]["user"].is_string() && rows[1]["approvedBy"].is_null(), "{rows:?}");
    assert!(world.run(["runs", "show", "last"]).ends_with(0).out.contains("approved by "));
}

#[test]
fn an_old_run_keeps_its_line_and_its_link() {
    let world = World::new();
    for _ in 0..2 {
        import(&world, SAMPLE, &[]).ends_with(0);
    }
    let before = listed(&world, &[]);
    let whole = world.run(["runs", "verify", "--format", "json"]).ends_with(0).json();
    assert_eq!((&whole["runs"], &whole["pruned"]), (&2.into(), &0.into()));
    let old = "update runs set finished_at = '2026-01-02T00:00:00.000000Z' where number = 1";
    let state = || Connection::open(world.path(".hrpush/state.db")).unwrap();
    state().execute("update runs set started_at = '2026-01-01T00:00:00.000000Z' where number = 1", []).unwrap();
    state().execute(old, []).unwrap();
    assert!(world.run(["runs", "verify"]).ends_with(1).err.contains(before[1]["run"].as_str().unwrap()));
    let pruned = world.run(["runs", "prune", "--keep", "30d", "--format", "json"]).ends_with(0).json();
    assert!(pruned["runs"] == 1 && pruned["requests"].as_u64().unwrap() > 40, "{pruned}");
    let after = listed(&world, &[]);
    for name in ["run", "ended", "applied", "failed", "summary", "fingerprint", "exitCode"] {
        assert_eq!(after[1][name], before[1][name], "{name}");
    }
    let chain = world.run(["runs", "verify", "--format", "json"]).ends_with(0).json();
    assert_eq!((&chain["head"], &chain["pruned"]), (&whole["head"], &1.into()));
    let exported = world.run(["runs", "export", "--since", "2020-01-01"]).ends_with(0).out;
    let links: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(links.len() == 2 && links[1]["link"] == chain["head"], "{exported}");
    // The ledger knows everybody still, and `keep` prunes by itself.
    world.write("hrpush.toml", "[journal]\nkeep = \"30d\"\n");
    assert_eq!(import(&world, SAMPLE, &["--format", "json"]).ends_with(0).json()["applied"], 0);
    world.run(["undo", before[1]["run"].as_str().unwrap()]).ends_with(2);
}

#[test]
fn the_status_is_that_of_the_last_good_run_and_of_what_came_after_it() {
    let world = World::new();
    assert!(world.run(["status"]).ends_with(1).err.contains("no run"));
    import(&world, SAMPLE, &[]).ends_with(0);
    let well = world.run(["status", "--format", "json"]).ends_with(0).json();
    let feed = &well["feeds"][0];
    assert_eq!((&feed["lastRun"]["ended"], &feed["held"]), (&"done".into(), &0.into()));
    assert!(feed["lastGoodRun"]["run"].is_string() && well["stateBytes"].as_u64().unwrap() > 10_000);
    let gone = all_gone(&world);
    world.import(&gone, &["--dry-run"]).ends_with(3);
    world.run(["status"]).ends_with(0);
    world.import(&gone, &[]).ends_with(3);
    assert!(world.run(["status"]).ends_with(4).err.contains("stopped by the guard"));
    import(&world, SAMPLE, &[]).ends_with(0);
    world.run(["status"]).ends_with(0);
    world.run(["import", "nowhere.csv"]).ends_with(2);
    assert!(world.run(["status"]).ends_with(4).err.contains("refused"));
    let old = "update runs set finished_at = '2026-01-02T00:00:00.000000Z'";
    Connection::open(world.path(".hrpush/state.db")).unwrap().execute(old, []).unwrap();
    assert!(world.run(["status", "--max-age", "2d"]).ends_with(1).err.contains("h old"));
}
