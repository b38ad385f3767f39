//! What a run shows of its plan: the headline, quiet nights, the target, and the page.

use serde_json::Value;

use crate::served::Served;
use crate::world::{World, project};

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");

fn sample() -> String {
    project("samples/employees.csv").to_str().unwrap().to_owned()
}

fn next() -> String {
    project("samples/employees-next-month.csv").to_str().unwrap().to_owned()
}

/// A folder with the sample as its source.
fn configured() -> World {
    let world = World::new();
    world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\npath = '{}'\n", sample()));
    world
}

#[test]
fn the_headline_is_the_first_line_and_the_counts_are_the_last() {
    let world = World::new();
    let first = world.import(sample().as_ref(), &["--dry-run"]).ends_with(0).out;
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!(lines[0], "52 people join: nothing is written until you approve");
    assert!(lines.last().unwrap().starts_with("Plan: 52 to create, 0 to update, 0 to disable"), "{first}");
    assert_eq!(first.matches("Plan: 52 to create").count(), 2, "{first}");
    let done = world.import(sample().as_ref(), &[]).ends_with(0).out;
    assert!(done.starts_with("52 people join: the sandbox applies it without a question\n"), "{done}");
    let again = world.import(sample().as_ref(), &[]).ends_with(0).out;
    assert!(again.starts_with("Nothing to do: the tenant agrees with HR\n"), "{again}");
    let later = world.import(next().as_ref(), &["--dry-run"]).ends_with(0).out;
    assert!(later.starts_with("2 people lose access, 5 join, 9 change: nothing is written until you approve\n"), "{later}");
    let karl = later.lines().find(|line| line.starts_with("! disable ")).unwrap();
    assert!(karl.contains("Karl Bauer (10048, ") && karl.contains("reports to ") && karl.contains("left on"), "{karl}");
}

#[test]
fn a_stopped_plan_says_so_first_and_how_to_approve_it() {
    let world = World::new();
    world.import(sample().as_ref(), &[]).ends_with(0);
    let gone = std::fs::read_to_string(sample()).unwrap().replace(",Active,", ",Terminated,");
    let gone = world.write("gone.csv", gone);
    let stopped = world.import(&gone, &["--html", "plan.html"]).ends_with(3);
    let headline = stopped.out.lines().next().unwrap();
    assert!(headline.starts_with("Stopped: ") && headline.contains("accounts would be disabled"), "{headline}");
    assert!(stopped.err.contains("stopped by the guard `disable`: "), "{}", stopped.err);
    let plan = world.import(&gone, &["--dry-run", "--format", "json"]).ends_with(3).json();
    let fingerprint = plan["fingerprint"].as_str().unwrap();
    assert!(stopped.out.contains(&format!("hrpush approve {fingerprint}")), "{}", stopped.out);
    let page = std::fs::read_to_string(world.path("plan.html")).unwrap();
    assert!(page.contains(&format!("hrpush approve {fingerprint}")) && page.contains("class=\"alarm\">Stopped: "), "{page}");
    let approved = world.import(&gone, &["--approve", fingerprint]).ends_with(0).out;
    let headline = approved.lines().next().unwrap();
    assert!(!approved.contains("stops the run") && headline.contains("approved although disable"), "{approved}");
}

#[test]
fn a_held_record_is_explained_once() {
    let world = World::new();
    let text = std::fs::read_to_string(sample()).unwrap();
    let first = text.lines().nth(1).unwrap();
    let file = world.write("employees.csv", format!("{text}{first}\n"));
    let plan = world.import(&file, &["--dry-run", "--format", "json"]).ends_with(4).json();
    let message = plan["held"][0]["message"].as_str().unwrap();
    let entries = plan["held"].as_array().unwrap().iter().filter(|entry| entry["message"] == plan["held"][0]["message"]).count();
    for options in [&["--dry-run"][..], &["--dry-run", "-q"], &["--dry-run", "--summary"]] {
        let ended = world.import(&file, options).ends_with(4);
        let both = format!("{}{}", ended.out, ended.err);
        assert_eq!(both.matches(message).count(), entries, "{options:?}: {both}");
        assert!(ended.err.contains("held ") && ended.err.contains("[duplicate-key]"), "{}", ended.err);
    }
}

#[test]
fn long_plans_fold_and_can_be_unfolded_or_summed_up() {
    let world = World::new();
    let lines = |options: &[&str]| {
        let mut all = vec!["--dry-run"];
        all.extend(options);
        world.import(sample().as_ref(), &all).ends_with(0).out
    };
    let (folded, full, summary) = (lines(&[]), lines(&["--full"]), lines(&["--summary"]));
    assert_eq!(folded.lines().filter(|line| line.starts_with("+ create ")).count(), 52, "{folded}");
    assert!(folded.lines().count() < 90 && folded.contains("--full"), "{folded}");
    assert!(full.lines().count() > 600 && full.contains("    usageLocation: "), "{full}");
    assert!(summary.lines().count() < 12 && summary.contains("Plan: 52 to create") && !summary.contains("+ create"), "{summary}");
    assert!(world.import(sample().as_ref(), &["--full", "--summary"]).ends_with(2).out.is_empty());
    // Each record is in one count.
    let plan = world.import(sample().as_ref(), &["--dry-run", "--format", "json"]).ends_with(0).json();
    let records = plan["summary"]["records"].as_object().unwrap();
    let sum: u64 = records.iter().filter(|(name, _)| *name != "total").map(|(_, count)| count.as_u64().unwrap()).sum();
    assert_eq!(Some(sum), records["total"].as_u64());
    assert!(folded.contains("Records: 60 = 52 changed + "), "{folded}");
}

#[test]
fn lines_fit_the_width_that_is_named() {
    let world = World::new();
    for width in ["80", "120", "200"] {
        let shown = world.run_with(&[("COLUMNS", width)], ["import", &sample(), "--dry-run", "--full"]).ends_with(0).out;
        let most: usize = width.parse().unwrap();
        assert!(shown.lines().all(|line| line.chars().count() <= most), "{width}: {shown}");
    }
}

#[test]
fn quiet_silences_text_and_never_a_document() {
    let world = configured();
    let server = Served::start(&world, &[]);
    let url = server.url.as_str();
    let with = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--graph-url", url]);
        world.run_with(&[TOKEN], all)
    };
    let file = sample();
    for command in [&["plan", "--out", "plan.json"][..], &["import", &file, "--dry-run"], &["apply", "plan.json", "--dry-run"]] {
        let mut quiet = command.to_vec();
        quiet.push("-q");
        assert_eq!(with(&quiet).ends_with(0).out, "", "{command:?}");
        quiet.extend(["--format", "json"]);
        assert_eq!(with(&quiet).ends_with(0).json()["format"], "hrpush.plan/1", "{command:?}");
    }
    let done = with(&["sync", "-q"]).ends_with(0);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("", ""));
    assert_eq!(with(&["undo", "last", "-q", "--dry-run"]).code, 3);
    assert_eq!(with(&["undo", "last", "-q", "--dry-run"]).out, "");
}

#[test]
fn a_night_with_nothing_to_do_prints_nothing_at_all() {
    let world = configured();
    let server = Served::start(&world, &[]);
    let sync = |options: &[&str]| {
        let mut all = vec!["sync", "--graph-url", server.url.as_str()];
        all.extend(options);
        world.run_with(&[TOKEN], all)
    };
    let first = sync(&[]).ends_with(0);
    assert!(first.out.starts_with("52 people join: applied now") && first.out.contains("Done: "), "{}", first.out);
    for options in [&[][..], &["--dry-run"], &["--log-file", "night.log"]] {
        let night = sync(options).ends_with(0);
        assert_eq!((night.out.as_str(), night.err.as_str()), ("", ""), "{options:?}");
    }
    let log = std::fs::read_to_string(world.path("night.log")).unwrap();
    assert!(log.contains("notes=3") && log.contains("the target is http://127.0.0.1"), "{log}");
    let shown_text = sync(&["-v"]).ends_with(0);
    assert!(
        shown_text.out.starts_with("Nothing to do") && shown_text.err.contains("the target is http://127.0.0.1"),
        "{}",
        shown_text.err
    );
    let document = sync(&["--format", "json"]).ends_with(0);
    assert_eq!((document.json()["applied"].as_u64(), document.err.is_empty()), (Some(0), false));
    // A night that has something to say says all of it.
    let text = std::fs::read_to_string(sample()).unwrap();
    let twice = world.write("twice.csv", format!("{text}{}\n", text.lines().nth(1).unwrap()));
    world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\npath = '{}'\n", twice.display()));
    let held = sync(&[]).ends_with(4);
    assert!(held.out.starts_with("No changes: ") && held.err.contains("the target is "), "{}{}", held.out, held.err);
}

#[test]
fn a_target_that_is_not_configured_is_named_before_the_first_request() {
    let world = World::new();
    let server = Served::start(&world, &[]);
    let named = format!("note: the target is {}, named by --graph-url", server.url);
    for command in ["import", "plan", "explain"] {
        let mut arguments = vec![command];
        let file = sample();
        arguments.extend(if command == "explain" { vec!["10042", &file] } else { vec![&*file] });
        arguments.extend(["--graph-url", &server.url]);
        arguments.extend((command == "import").then_some("--dry-run"));
        let ended = world.run_with(&[TOKEN], arguments);
        assert_eq!(ended.err.lines().next(), Some(named.as_str()), "{command}: {}", ended.err);
    }
    // The embedded sandbox is no other target.
    assert!(!world.import(sample().as_ref(), &["--dry-run"]).ends_with(0).err.contains("the target is"));
}

#[test]
fn an_hr_system_that_refuses_the_connection_is_named_with_what_to_check() {
    let world = World::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.write(
        "hrpush.toml",
        format!("[source]\nkind = \"rest\"\nbase_url = \"http://{closed}\"\npath = \"/people\"\nattempts = 1\nauth = {{ method = \"none\" }}\n"),
    );
    let ended = world.run(["plan"]).ends_with(1);
    assert!(ended.err.contains(&format!("{closed} refuses the connection")), "{}", ended.err);
    assert!(ended.err.contains("hint: check the host and the port"), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn on_a_terminal_the_users_pager_shows_the_plan() {
    let world = World::new();
    let hrpush = env!("CARGO_BIN_EXE_hrpush");
    // `script` of util-linux gives the command a terminal.
    let on_terminal = |options: &str| {
        let line = format!("'{hrpush}' import '{}' --dry-run {options}", sample());
        let output = std::process::Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .current_dir(world.path(""))
            .env_remove("COLUMNS")
            .envs([("HRPUSH_PAGER", "sed 's/^/paged: /'"), ("PAGER", "false")])
            .stdin(std::process::Stdio::null())
            .output();
        output.ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(paged) = on_terminal("") else { return eprintln!("skipped: `script` is not installed") };
    assert!(paged.contains("paged: ") && paged.contains("52 people join"), "{paged}");
    let plain = on_terminal("--no-pager").unwrap();
    assert!(!plain.contains("paged: ") && plain.contains("52 people join"), "{plain}");
}

#[test]
fn the_page_shows_no_markup_of_a_name() {
    let world = World::new();
    let text = std::fs::read_to_string(sample()).unwrap();
    let name = text.lines().nth(1).unwrap().split(',').nth(1).unwrap().to_owned();
    let evil = world.write("employees.csv", text.replacen(&format!(",{name},"), ",<script>alert(1)</script>,", 1));
    world.import(&evil, &["--dry-run", "--html", "plan.html"]);
    let page = std::fs::read_to_string(world.path("plan.html")).unwrap();
    assert!(page.contains("&#60;script&#62;alert(1)") && page.matches("<script").count() == 1, "{page}");
    let plan: Value = world.import(&evil, &["--dry-run", "--format", "json"]).json();
    assert_eq!(page.matches("<article").count() > 0, !plan["changes"].as_array().unwrap().is_empty());
}
