//! The main job: HR rows in, a diff shown, people in a tenant, and nothing left to do.

use serde_json::Value;

use crate::served::Served;
use crate::world::{World, keys, project};

#[test]
fn the_sample_goes_in_once_and_then_nothing_is_left_to_do() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let first = world.import(&sample, &["--format", "json"]).ends_with(0).json();
    assert_eq!(first["format"], "hrpush.outcome/1");
    assert!(first["applied"].as_u64().unwrap() > 40);
    assert_eq!(first["failed"].as_array().unwrap().len(), 0);

    let second = world.import(&sample, &["--format", "json"]).ends_with(0).json();
    assert_eq!(second["applied"], 0);
    assert_eq!(second["requests"]["writes"], 0);
    assert!(world.import(&sample, &[]).ends_with(0).out.contains("Nothing to do"));
}

#[test]
fn the_next_month_creates_updates_disables_and_moves_people_to_another_manager() {
    let world = World::new();
    world.import(&project("samples/employees.csv"), &[]).ends_with(0);
    let next = project("samples/employees-next-month.csv");
    let plan = world.import(&next, &["--dry-run", "--format", "json"]).ends_with(0).json();
    let has = |action: &str| plan["changes"].as_array().unwrap().iter().any(|change| change["action"] == action);
    assert!(has("create") && has("update") && has("disable"));
    let manager = |change: &Value| change["attributes"].as_array().unwrap().iter().any(|edit| edit["name"] == "manager");
    assert!(plan["changes"].as_array().unwrap().iter().any(|change| change["action"] == "update" && manager(change)));
    let moved = plan["changes"].as_array().unwrap().iter().find(|change| change["key"] == "10012").unwrap();
    assert_eq!(moved["reason"], "HR changed department, employeeOrgData.costCenter, jobTitle, manager");

    world.import(&next, &[]).ends_with(0);
    let after = world.import(&next, &["--dry-run", "--format", "json"]).ends_with(0).json();
    assert_eq!(after["changes"].as_array().unwrap().len(), 0);
}

#[test]
fn a_dry_run_prints_the_plan_key_for_key_and_leaves_the_tenant_empty() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let plan = world.import(&sample, &["--dry-run", "--format", "json"]).ends_with(0).json();
    let expected = [
        "asOf",
        "changes",
        "createdAt",
        "fingerprint",
        "format",
        "guards",
        "held",
        "match",
        "seal",
        "skipped",
        "source",
        "summary",
        "target",
    ];
    assert_eq!(keys(&plan), expected);
    let records = &plan["summary"]["records"];
    let parts = ["changed", "unchanged", "held", "upcoming", "gone", "outOfScope", "leftAlone"];
    let sum: u64 = parts.iter().map(|part| records[part].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), records["total"].as_u64(), "{records}");
    assert_eq!(keys(&plan["target"]), ["graphUrl", "sandbox", "tenantId"]);
    assert_eq!(keys(&plan["source"]), ["feed", "name", "records", "sha256"]);
    assert_eq!(keys(&plan["guards"][0]), ["columns", "count", "limit", "name", "of", "tripped"]);
    let again = world.import(&sample, &["--dry-run", "--format", "json"]).ends_with(0).json();
    assert_eq!(plan["fingerprint"], again["fingerprint"]);
    assert_eq!(plan["target"]["tenantId"], again["target"]["tenantId"]);
    world.import(&sample, &["--dry-run", "--detailed-exitcode"]).ends_with(5);
}

#[test]
fn the_outcome_has_exactly_its_keys() {
    let world = World::new();
    let outcome = world.import(&project("samples/employees.csv"), &["--format", "json"]).ends_with(0).json();
    let expected = [
        "applied",
        "drifted",
        "durationMs",
        "failed",
        "fingerprint",
        "format",
        "guards",
        "held",
        "link",
        "requests",
        "run",
        "skipped",
        "summary",
    ];
    assert_eq!(keys(&outcome), expected);
    assert_eq!(keys(&outcome["requests"]), ["batches", "resourceUnits", "retried", "sent", "throttled", "writes"]);
    let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
    let expected = [
        "applied",
        "approvedBy",
        "dryRun",
        "durationMs",
        "ended",
        "exitCode",
        "failed",
        "fingerprint",
        "host",
        "reason",
        "reasonCode",
        "run",
        "source",
        "startedAt",
        "summary",
        "user",
    ];
    assert_eq!(keys(&runs[0]), expected);
    assert_eq!((&runs[0]["ended"], &runs[0]["summary"]["create"]), (&"done".into(), &outcome["summary"]["create"]));
    assert_eq!(runs[0]["run"], outcome["run"]);
    let shown = world.run(["runs", "show", runs[0]["run"].as_str().unwrap()]).ends_with(0);
    assert!(shown.out.contains("create"));
}

#[test]
fn a_night_with_nothing_to_do_is_a_run_too() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    world.import(&sample, &[]).ends_with(0);
    let night = world.import(&sample, &["--format", "json"]).ends_with(0).json();
    world.import(&sample, &["--dry-run"]).ends_with(0);
    let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
    let ended: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["ended"].as_str().unwrap()).collect();
    assert_eq!(ended, ["planned", "nothing-to-do", "done"]);
    assert_eq!(runs[1]["run"], night["run"]);
    assert_eq!((runs[1]["applied"].as_u64(), runs[1]["exitCode"].as_u64()), (Some(0), Some(0)));
    let run = night["run"].as_str().unwrap();
    world.run(["runs", "show", run]).ends_with(0);
    let undone = world.run(["undo", run]).ends_with(0);
    assert!(undone.err.contains("nothing to undo"), "{}", undone.err);
}

#[test]
fn a_saved_plan_is_applied_and_an_altered_one_is_refused() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let saved = world.path("plan.json");
    world.run(["plan", sample.to_str().unwrap(), "--out", saved.to_str().unwrap()]).ends_with(0);
    let text = std::fs::read_to_string(&saved).unwrap();
    let altered = world.write("altered.json", text.replacen("\"Research\"", "\"Board\"", 1));
    world.run(["apply", altered.to_str().unwrap()]).ends_with(2);
    let outcome = world.run(["apply", saved.to_str().unwrap(), "--format", "json"]).ends_with(0).json();
    assert!(outcome["applied"].as_u64().unwrap() > 40);
    let again = world.run(["apply", saved.to_str().unwrap(), "--format", "json"]).ends_with(0).json();
    assert_eq!(again["applied"], 0);
    assert!(again["drifted"].as_array().unwrap().len() > 40);
}

#[test]
fn a_mass_leave_is_stopped_by_the_guard_and_goes_with_its_fingerprint_alone() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    world.import(&sample, &[]).ends_with(0);
    let text = std::fs::read_to_string(&sample).unwrap().replace(",Active,", ",Terminated,");
    let gone = world.write("employees.csv", text);
    let stopped = world.import(&gone, &["--format", "json"]).ends_with(3);
    assert!(stopped.err.contains("disable"));
    let plan = stopped.json();
    world.import(&gone, &["--approve", "sha256:0000"]).ends_with(3);
    let outcome =
        world.import(&gone, &["--approve", plan["fingerprint"].as_str().unwrap(), "--format", "json"]).ends_with(0).json();
    assert!(outcome["applied"].as_u64().unwrap() > 40);
}

#[test]
fn one_person_is_explained() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let message = world.run(["explain", "10047", sample.to_str().unwrap()]).ends_with(0);
    let (_, rest) = message.out.split_once("  userPrincipalName: ").unwrap();
    assert!(rest.lines().next().unwrap().contains('@'), "{rest}");
    assert!(rest.lines().nth(1).unwrap().contains("by SelectUniqueValue("), "{rest}");
    world.run(["explain", "no-such-key", sample.to_str().unwrap()]).ends_with(2);
}

#[test]
fn another_graph_needs_a_token_and_then_a_yes() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    world.import(&sample, &["--graph-url", "http://graph.example.com"]).ends_with(2);
    world.import(&sample, &["--graph-url", "http://127.0.0.1:9/v1.0"]).ends_with(1);
    world.run(["sync"]).ends_with(2);
    let served = Served::start(&world, &[]);
    let import = |more: &[&str]| {
        let arguments = ["import", sample.to_str().unwrap(), "--format", "json", "--graph-url", &served.url];
        world.run_with(&[("HRPUSH_ACCESS_TOKEN", "any")], arguments.iter().chain(more))
    };
    world.import(&sample, &["--graph-url", &served.url]).ends_with(1);
    let pending = import(&[]).ends_with(5);
    assert!(pending.err.contains("not confirmed") && !served.log().contains("POST /users"), "{}", pending.err);
    let changes = pending.json()["changes"].as_array().unwrap().len() as u64;
    assert_eq!(import(&["--yes"]).ends_with(0).json()["applied"].as_u64(), Some(changes));
    assert_eq!(import(&["--yes"]).ends_with(0).json()["applied"], 0);
}

#[test]
fn a_run_is_undone_by_its_name() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    world.import(&sample, &[]).ends_with(0);
    let next = project("samples/employees-next-month.csv");
    let plan = world.import(&next, &["--dry-run", "--format", "json"]).ends_with(0).json();
    let creates = plan["changes"].as_array().unwrap().iter().filter(|change| change["action"] == "create");
    let created: Vec<String> = creates.map(|change| change["key"].as_str().unwrap().to_owned()).collect();
    world.import(&next, &[]).ends_with(0);
    let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
    let run = runs[0]["run"].as_str().unwrap();
    let plan = world.run(["undo", run, "--dry-run", "--format", "json"]).json();
    assert!(plan["changes"].as_array().unwrap().len() > 5);
    world.run(["undo", "no-such-run"]).ends_with(2);
    let approved = ["undo", run, "--approve", plan["fingerprint"].as_str().unwrap(), "--format", "json"];
    let undone = world.run(approved).ends_with(0).json();
    assert_eq!(undone["applied"].as_u64(), Some(plan["changes"].as_array().unwrap().len() as u64));
    assert_eq!(undone["failed"].as_array().unwrap().len(), 0);
    // The tenant is as it was before the run, but for an account that the run created: a create is undone by disabling.
    let left = world.run(["plan", sample.to_str().unwrap(), "--format", "json"]).ends_with(0).json();
    let left: Vec<&str> = left["changes"].as_array().unwrap().iter().map(|change| change["key"].as_str().unwrap()).collect();
    assert!(left.iter().all(|key| created.contains(&(*key).to_owned())), "{left:?} {created:?}");
    assert_eq!(world.run(["undo", run, "--format", "json"]).ends_with(0).json()["applied"], 0, "a second time");
}
