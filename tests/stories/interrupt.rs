//! An interrupt: what is under way is finished, the journal is right, and the next run completes the work.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::served::Served;
use crate::world::World;

const PEOPLE: u64 = 200;

const MAPPING: &str = r#"
version = 1
name = "people"
[source]
key = "[EmployeeID]"
time_zone = "Europe/Vienna"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[EmployeeID]"
displayName = "[Name]"
userPrincipalName = { when = "create", expression = "[Email]" }
"#;

fn arguments(url: &str) -> [&str; 12] {
    ["import", "hr.csv", "--mapping", "map.toml", "--yes", "--graph-url", url, "--format", "json", "-vv", "--color", "never"]
}

/// A tenant and a run that has sent its first writes; the quota of the others would come only in an hour.
fn waiting_run(world: &World, server: &Served) -> (Child, BufReader<ChildStderr>) {
    let mut run = started(world, server, &[]);
    let mut message = BufReader::new(run.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("judged") {
        line.clear();
        assert!(message.read_line(&mut line).unwrap() > 0, "the run ended before it wrote");
    }
    (run, message)
}

/// A run of many people with hardly any quota, with more options.
pub(crate) fn started(world: &World, server: &Served, options: &[&str]) -> Child {
    world.write("map.toml", MAPPING);
    let row = |number| format!("{number},Person {number},p{number}@contoso.onmicrosoft.com\n");
    world.write("hr.csv", "EmployeeID,Name,Email\n".to_owned() + &(1..=PEOPLE).map(row).collect::<String>());
    world.write("hrpush.toml", "[quota]\nshare = 0.02\n");
    Command::new(env!("CARGO_BIN_EXE_hrpush"))
        .current_dir(world.path(""))
        .env("HRPUSH_ACCESS_TOKEN", "a.b.c")
        .args(arguments(&server.url))
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) fn signal(run: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &run.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_run_that_waits_for_its_quota_ends_at_once_and_the_next_one_completes_it() {
    let world = World::new();
    let server = Served::start(&world, &[]);
    let (mut run, mut message) = waiting_run(&world, &server);
    signal(&run, "-INT");
    let (mut rest, mut out) = (String::new(), String::new());
    message.read_to_string(&mut rest).unwrap();
    run.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("interrupted"), "{rest}");
    let outcome: Value = serde_json::from_str(&out).unwrap();
    let applied = outcome["applied"].as_u64().unwrap();
    assert!(0 < applied && applied < PEOPLE, "{applied}");
    let failed = outcome["failed"].as_array().unwrap();
    assert_eq!(failed.len() as u64, PEOPLE - applied);
    assert!(failed.iter().all(|failed| failed["code"] == "not-attempted"), "{}", failed[0]);

    let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
    assert_eq!(runs[0]["ended"], "interrupted");
    assert_eq!((&runs[0]["reasonCode"], &runs[0]["reason"]), (&"interrupted".into(), &"interrupted".into()));
    assert_eq!((runs[0]["exitCode"].as_u64(), runs[0]["applied"].as_u64()), (Some(130), outcome["applied"].as_u64()));
    world.write("hrpush.toml", "[quota]\nscale = 1000\n");
    let token = [("HRPUSH_ACCESS_TOKEN", "a.b.c")];
    let second = world.run_with(&token, arguments(&server.url)).ends_with(0).json();
    assert_eq!(second["applied"].as_u64().unwrap(), PEOPLE - applied);
    let third = world.run_with(&token, arguments(&server.url)).ends_with(0).json();
    assert_eq!((third["applied"].as_u64(), third["summary"]["unchanged"].as_u64()), (Some(0), Some(PEOPLE)));
}

#[test]
fn a_run_that_was_killed_is_listed_as_crashed_by_the_next_one() {
    let world = World::new();
    let server = Served::start(&world, &[]);
    let (mut run, _told) = waiting_run(&world, &server);
    let last = || world.run(["status", "--format", "json"]).ends_with(1).json()["feeds"][0]["lastRun"]["ended"].clone();
    assert_eq!(last(), Value::Null, "it still runs");
    signal(&run, "-KILL");
    assert!(!run.wait().unwrap().success());
    assert_eq!(last(), "crashed", "nothing holds the folder any more");
    let listed = || world.run(["runs", "--format", "json"]).ends_with(0).json();
    assert_eq!(listed()[0]["ended"], Value::Null);
    assert!(world.run(["runs"]).ends_with(0).out.contains("unfinished"));
    world.write("hrpush.toml", "[quota]\nscale = 1000\n");
    world.run_with(&[("HRPUSH_ACCESS_TOKEN", "a.b.c")], arguments(&server.url)).ends_with(0);
    let runs = listed();
    assert_eq!((&runs[0]["ended"], &runs[1]["ended"]), (&"done".into(), &"crashed".into()));
    assert_eq!(world.run(["runs", "verify", "--format", "json"]).ends_with(0).json()["runs"], 2);
}

/// Reads the file until it has the text, or the run ends.
pub(crate) fn wait_for(run: &mut Child, file: &std::path::Path, text: &str) {
    while !std::fs::read_to_string(file).unwrap_or_default().contains(text) {
        assert!(run.try_wait().unwrap().is_none(), "the run ended before its log had `{text}`");
        std::thread::yield_now();
    }
}

#[test]
fn a_log_that_was_rotated_is_opened_again_and_the_run_goes_on() {
    let world = World::new();
    let server = Served::start(&world, &[]);
    let mut run = started(&world, &server, &["--log-file", "run.log", "--log-format", "json"]);
    let log = world.path("run.log");
    wait_for(&mut run, &log, "judged");
    std::fs::rename(&log, world.path("run.log.1")).unwrap();
    signal(&run, "-HUP");
    wait_for(&mut run, &log, "the log file was opened again");
    signal(&run, "-INT");
    let ended = run.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let (before, after) = (std::fs::read_to_string(world.path("run.log.1")).unwrap(), std::fs::read_to_string(&log).unwrap());
    assert!(!before.contains("\"ended\":\"interrupted\"") && after.contains("\"ended\":\"interrupted\""), "{after}");
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o077, 0);
}
