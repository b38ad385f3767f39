//! The commands, point by point: what they print where, and how they end.

use base64::Engine as _;
use serde_json::Value;

use crate::served::Served;
use crate::world::{World, keys, project};

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");

fn sample() -> String {
    project("samples/employees.csv").to_str().unwrap().to_owned()
}

fn next() -> String {
    project("samples/employees-next-month.csv").to_str().unwrap().to_owned()
}

/// The sample with its first person twice: both rows are held.
fn with_a_double(world: &World) -> String {
    let text = std::fs::read_to_string(sample()).unwrap();
    let first = text.lines().nth(1).unwrap();
    world.write("employees.csv", format!("{text}{first}\n")).to_str().unwrap().to_owned()
}

#[test]
fn the_first_exit_code_that_applies_is_told() {
    let world = World::new();
    let held = with_a_double(&world);
    world.run(["import", &held, "--dry-run"]).ends_with(4);
    let pending = world.run(["import", &held, "--dry-run", "--detailed-exitcode"]).ends_with(5);
    assert!(pending.err.contains("pending") && pending.err.contains("held"), "{}", pending.err);
    let none = world.run(["import", &sample()]).ends_with(0);
    assert!(none.err.lines().all(|line| line.starts_with("note:")), "{}", none.err);
    world.run(["import", &sample(), "--dry-run", "--detailed-exitcode"]).ends_with(0);
    let gone = std::fs::read_to_string(sample()).unwrap().replace(",Active,", ",Terminated,");
    let gone = world.write("gone.csv", gone).to_str().unwrap().to_owned();
    world.run(["import", &gone, "--dry-run", "--detailed-exitcode"]).ends_with(3);
    world.run(["plan", &gone, "--out", "plan.json"]).ends_with(3);
}

#[test]
fn quiet_says_nothing_but_why() {
    let world = World::new();
    let done = world.run(["import", &sample(), "-q"]).ends_with(0);
    assert!(done.err.is_empty() && done.out.is_empty(), "{}{}", done.out, done.err);
    let held = world.run(["import", &with_a_double(&world), "-q", "--format", "json"]).ends_with(4);
    assert!(held.err.contains("held") && held.err.contains("duplicate-key"), "{}", held.err);
    assert_eq!(held.json()["format"], "hrpush.outcome/1");
    assert!(!world.run(["import", "nowhere.csv", "-q"]).ends_with(2).err.is_empty());
}

#[test]
fn without_a_terminal_a_real_tenant_needs_a_yes_and_sync_never_asks() {
    let world = World::new();
    let server = Served::start(&world, &[]);
    let url = server.url.as_str();
    let with = |arguments: &[&str]| world.run_with(&[TOKEN], arguments);
    let asked = with(&["import", &sample(), "--graph-url", url, "--format", "json"]).ends_with(5);
    assert_eq!(asked.json()["format"], "hrpush.plan/1");
    assert!(asked.err.contains("--yes"), "{}", asked.err);
    assert!(!server.log().contains("201"));
    world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\npath = '{}'\n", sample()));
    let done = with(&["sync", "--graph-url", url, "--format", "json"]).ends_with(0).json();
    assert!(done["applied"].as_u64().unwrap() > 40);
    let again = with(&["sync", "--graph-url", url, "--format", "json"]).ends_with(0).json();
    assert_eq!((again["applied"].as_u64(), again["requests"]["writes"].as_u64()), (Some(0), Some(0)));
    // Nothing is pending, so no question is asked.
    with(&["import", &sample(), "--graph-url", url]).ends_with(0);
    world.run(["sync"]).ends_with(2);
}

#[test]
fn options_stand_where_they_have_a_meaning() {
    let world = World::new();
    for wrong in [
        &["plan", "a.csv", "--yes"][..],
        &["sync", "--partial"],
        &["sync", "a.csv"],
        &["apply", "p.json", "--only", "1"],
        &["undo", "r", "--as-of", "2026-01-01"],
        &["explain", "1", "--yes"],
        &["runs", "--graph-url", "http://127.0.0.1:1"],
        &["import", "a.csv", "--as-of", "soon"],
        &["import"],
        &["import", "a.csv", "-q", "-v"],
    ] {
        let ended = world.run(wrong).ends_with(2);
        assert!(ended.out.is_empty(), "{wrong:?}");
    }
    assert!(world.run(["--help"]).ends_with(0).out.contains("130"));
}

#[test]
fn one_person_is_planned_and_a_key_of_nobody_is_an_error() {
    let world = World::new();
    let plan = world.run(["import", &sample(), "--only", "10047", "--dry-run", "--format", "json"]).ends_with(0).json();
    assert!(plan["changes"].as_array().unwrap().iter().all(|change| change["key"] == "10047"));
    assert_eq!(plan["source"]["records"], Value::from(std::fs::read_to_string(sample()).unwrap().lines().count() - 1));
    let nobody = world.run(["import", &sample(), "--only", "4711"]).ends_with(2);
    assert!(nobody.err.contains("4711"), "{}", nobody.err);
    world.run(["import", &sample(), "--only", "10047"]).ends_with(0);
    let all = world.run(["import", &sample(), "--format", "json"]).ends_with(0).json();
    assert!(all["applied"].as_u64().unwrap() > 40);
    assert_eq!(world.run(["import", &sample(), "--format", "json"]).ends_with(0).json()["applied"], 0);
}

#[test]
fn the_page_is_private_and_colour_and_log_go_where_they_are_sent() {
    let world = World::new();
    let options = ["--html", "plan.html", "--color", "always", "--log-file", "run.log", "--log-format", "json", "-v"];
    let shown = world.run(["import", &sample(), "--dry-run"].into_iter().chain(options)).ends_with(0);
    assert!(shown.out.contains("\u{1b}["));
    let page = std::fs::read_to_string(world.path("plan.html")).unwrap();
    assert!(page.contains("<html") && page.contains("Brien"));
    let log = std::fs::read_to_string(world.path("run.log")).unwrap();
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
    assert!(!log.contains("Brien"));
    #[cfg(unix)]
    for name in ["plan.html", "run.log", ".hrpush/state.db", ".hrpush/sandbox.db"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(world.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    let plain = world.run(["import", &sample(), "--dry-run", "--color", "never"]).ends_with(0);
    assert!(!plain.out.contains('\u{1b}'));
}

#[test]
fn the_log_of_a_quiet_night_tells_what_was_done() {
    let world = World::new();
    let quiet = world.run(["import", &sample(), "-q", "--log-file", "run.log", "--log-format", "json"]).ends_with(0);
    assert_eq!(quiet.err, "");
    let log = std::fs::read_to_string(world.path("run.log")).unwrap();
    let message: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let field = |name: &str| message.iter().find_map(|line| line["fields"].get(name)).cloned();
    assert_eq!(
        (field("records"), field("failed"), field("exit_code")),
        (Some(60.into()), Some(0.into()), Some(0.into())),
        "{log}"
    );
    assert!(!log.contains("Brien"));
}

#[test]
fn tomorrow_can_be_seen_today() {
    let world = World::new();
    let early = world.run(["import", &sample(), "--as-of", "1990-01-01", "--dry-run", "--format", "json"]).ends_with(0).json();
    assert_eq!(early["asOf"], "1990-01-01");
    assert!(early["summary"]["upcoming"].as_u64().unwrap() > 20);
}

#[test]
fn without_a_fitting_mapping_the_candidates_are_named() {
    let world = World::new();
    let strange = world.write("strange.csv", "A,B\n1,2\n");
    let ended = world.import(&strange, &[]).ends_with(2);
    assert!(!ended.err.contains("lacks `") && ended.err.contains("--mapping"), "{}", ended.err);
    let near = std::fs::read_to_string(sample()).unwrap().replacen("Status", "Zustand", 1);
    let near = world.write("near.csv", near);
    let ended = world.import(&near, &[]).ends_with(2);
    assert!(ended.err.contains("generic-csv.toml lacks `Status`"), "{}", ended.err);
}

#[test]
fn runs_are_listed_newest_first_and_shown_whole() {
    let world = World::new();
    assert_eq!(world.run(["runs", "--format", "json"]).ends_with(0).json(), Value::Array(Vec::new()));
    world.run(["import", &sample()]).ends_with(0);
    world.run(["import", &next()]).ends_with(0);
    let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert!(runs[0]["startedAt"].as_str() > runs[1]["startedAt"].as_str());
    let shown = world.run(["runs", "show", runs[0]["run"].as_str().unwrap(), "--format", "json"]).ends_with(0).json();
    assert_eq!(shown["plan"]["format"], "hrpush.plan/1");
    assert_eq!(shown["outcome"]["format"], "hrpush.outcome/1");
    assert!(shown["requests"].as_array().unwrap().iter().all(|request| request["requestId"].is_string()));
    assert!(world.run(["runs", "show", "nowhere"]).ends_with(2).err.contains("hrpush runs"));
}

#[test]
fn completions_and_the_manual_are_printed() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(world.run(["completions", shell]).ends_with(0).out.contains("HRPUSH_COMPLETE"), "{shell}");
    }
    let manual = world.run(["man"]).ends_with(0).out;
    for word in [".TH", "import", "undo", "graph\\-url", "detailed\\-exitcode"] {
        assert!(manual.contains(word), "{word}");
    }
}

/// A token that says which permissions it carries.
fn token(roles: &[&str]) -> String {
    let part = |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.x", part(serde_json::json!({})), part(serde_json::json!({ "roles": roles })))
}

#[test]
fn the_doctor_names_what_is_granted_and_what_is_missing() {
    let world = World::new();
    let healthy = world.run(["doctor", "--format", "json"]).ends_with(0).json();
    let checks = healthy.as_array().unwrap();
    assert!(checks.iter().all(|check| keys(check) == ["check", "help", "message", "state"]), "{healthy}");
    let found = |name: &str| checks.iter().find(|check| check["check"] == name).unwrap();
    assert!(found("tenant")["message"].as_str().unwrap().contains("the embedded sandbox"), "{healthy}");
    assert!(found("quota")["message"].as_str().unwrap().contains("writes without waiting"), "{healthy}");
    assert!(checks.iter().all(|check| ["ok", "warn", "fail"].contains(&check["state"].as_str().unwrap())), "{healthy}");

    let server = Served::start(&world, &[]);
    world.write("hrpush.toml", "[source]\nkind = \"csv\"\npath = \"hr.csv\"\nmapping = \"map.toml\"\n");
    std::fs::copy(project("mappings/generic-csv.toml"), world.path("map.toml")).unwrap();
    std::fs::copy(project("samples/employees.csv"), world.path("hr.csv")).unwrap();
    let poor = token(&["User.ReadWrite.All", "Domain.Read.All", "Organization.Read.All", "Group.ReadWrite.All"]);
    let ended = world.run_with(&[("HRPUSH_ACCESS_TOKEN", &poor)], ["doctor", "--graph-url", &server.url]).ends_with(1);
    assert!(ended.out.contains("permission missing: RoleManagement.Read.Directory"), "{}", ended.out);
    assert!(ended.err.contains("User.EnableDisableAccount.All"), "{}", ended.err);
    assert!(!ended.out.contains(&poor) && !ended.err.contains(&poor));
    world.run_with(&[TOKEN], ["doctor", "--graph-url", "http://127.0.0.1:9/v1.0"]).ends_with(1);
}

#[test]
fn the_doctor_reads_the_source_and_goes_on_after_a_failure() {
    let world = World::new();
    world.write("hrpush.toml", "[source]\nkind = \"csv\"\npath = \"hr.csv\"\n[protect]\nusers = [\"nobody@contoso.com\"]\n");
    let ended = world.run(["doctor"]).ends_with(1);
    for part in ["fail source: ", "hr.csv", "ok   tenant: ", "warn break-glass accounts: `nobody@contoso.com`"] {
        assert!(ended.out.contains(part), "{part} is missing:\n{}", ended.out);
    }
    std::fs::copy(project("samples/employees.csv"), world.path("hr.csv")).unwrap();
    world.write("hrpush.toml", "[source]\nkind = \"csv\"\npath = \"hr.csv\"\n");
    let ended = world.run(["doctor"]).ends_with(0);
    assert!(ended.out.contains("ok   source: files, hr.csv with 60 records\n"), "{}", ended.out);
    world.write("hr.csv", "");
    assert!(world.run(["doctor"]).ends_with(1).out.contains("fail source: "));
}

#[test]
fn the_app_is_registered_with_the_permissions_of_the_mapping_alone() {
    let world = World::new();
    let mapping = std::fs::read_to_string(project("mappings/generic-csv.toml")).unwrap();
    world.write("map.toml", mapping);
    world.write("hrpush.toml", "[source]\nkind = \"csv\"\npath = \"hr.csv\"\nmapping = \"map.toml\"\n");
    for (tool, part) in [
        ("az", "az ad app permission add --id \"$app\" --api 00000003-0000-0000-c000-000000000000"),
        ("powershell", "@{ Id = '741f803b-c850-494e-b5df-cde7c675a1ca'; Type = 'Role' } # User.ReadWrite.All: "),
        ("m365", "https://graph.microsoft.com/User.ReadWrite.All"),
        ("terraform", "id   = \"741f803b-c850-494e-b5df-cde7c675a1ca\""),
    ] {
        let ended = world.run(["doctor", "--grant", tool]).ends_with(0);
        assert!(ended.out.contains(part), "{tool}:\n{}", ended.out);
        // No pass is made, so no permission for passes is asked for.
        assert!(!ended.out.contains("627169a8-8c15-451c-861a-5b80e383de5c") && !ended.out.contains("TAP"), "{}", ended.out);
    }
}

#[test]
fn a_configuration_tells_all_its_faults_with_their_places() {
    let world = World::new();
    world.write(
        "hrpush.toml",
        "[tenant]\nid = \"contoso.com\"\nclout = \"global\"\nauth = { method = \"client-certificate\", client_id = \"a\", \
         certificate_file = \"app.pfx\", password_env = \"P\" }\n[gard]\n[guard]\nweek = -1\n[password]\ndeliver = \"file\"\n\
         recipient = \"age1xyz\"\npath = \"p.age\"\n",
    );
    let ended = world.run(["doctor"]).ends_with(2);
    for part in [
        "line 3, column 1: unknown key `clout`",
        "did you mean `cloud`?",
        "  3 | clout = \"global\"",
        "PKCS#12",
        "`password_env`",
        "unknown table or key `gard`",
        "did you mean `guard`?",
        "`week` must be a number above 0",
        "`recipient` is not an age public key",
        "^^^^",
    ] {
        // A build without the feature says so at the table, and does not read the key.
        let part = if cfg!(feature = "passwords") || !part.contains("recipient") { part } else { "the feature `passwords`" };
        assert!(ended.err.contains(part), "{part} is missing:\n{}", ended.err);
    }
    assert!(world.run(["doctor", "--config", "nowhere.toml"]).ends_with(2).err.contains("nowhere.toml"));
}
