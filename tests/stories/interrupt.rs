//! An interrupt: what is under way is finished, the journal is right, and the next run completes the work.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
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
    world.write("map.toml", MAPPING);
    let row = |number| format!("{number},Person {number},p{number}@contoso.onmicrosoft.com\n");
    world.write("hr.csv", "EmployeeID,Name,Email\n".to_owned() + &(1..=PEOPLE).map(row).collect::<String>());
    world.write("hrpush.toml", "[quota]\nshare = 0.02\n");
    let mut run = Command::new(env!("CARGO_BIN_EXE_hrpush"))
        .current_dir(world.path(""))
        .env("HRPUSH_ACCESS_TOKEN", "a.b.c")
        .args(arguments(&server.url))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(run.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("judged") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the run ended before it wrote");
    }
    (run, told)
}

fn signal(run: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &run.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_run_that_waits_for_its_quota_ends_at_once_and_the_next_one_completes_it() {
    let world = World::new();
    let server = Served::start(&world, &[]);
    let (mut run, mut told) = waiting_run(&world, &server);
    signal(&run, "-INT");
    let (mut rest, mut out) = (String::new(), String::new());
    told.read_to_string(&mut rest).unwrap();
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
    signal(&run, "-KILL");
    assert!(!run.wait().unwrap().success());
    let listed = || world.run(["runs", "--format", "json"]).ends_with(0).json();
    assert_eq!(listed()[0]["ended"], Value::Null);
    assert!(world.run(["runs"]).ends_with(0).out.contains("unfinished"));
    world.write("hrpush.toml", "[quota]\nscale = 1000\n");
    world.run_with(&[("HRPUSH_ACCESS_TOKEN", "a.b.c")], arguments(&server.url)).ends_with(0);
    let runs = listed();
    assert_eq!((&runs[0]["ended"], &runs[1]["ended"]), (&"done".into(), &"crashed".into()));
    assert_eq!(world.run(["runs", "verify", "--format", "json"]).ends_with(0).json()["runs"], 2);
}
