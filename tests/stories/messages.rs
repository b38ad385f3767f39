//! Messages about runs: which are sent, what they contain, and what happens where a receiver is down.

use rusqlite::Connection;
use serde_json::Value;

use crate::receivers::Hook;
use crate::world::{Ended, World, keys, project};

const SAMPLE: &str = "samples/employees.csv";

pub(crate) fn sample() -> String {
    std::fs::read_to_string(project(SAMPLE)).unwrap()
}

/// A world whose runs report to a webhook by the variable `HOOK`.
fn world(hook: &Hook, more: &str) -> (World, String) {
    let world = World::new();
    world.write("hrpush.toml", format!("[notify]\nwebhook_env = \"HOOK\"\nformat = \"json\"\n{more}"));
    (world, hook.url())
}

fn import(world: &World, url: &str, text: &str, options: &[&str]) -> Ended {
    let file = world.write("employees.csv", text);
    let mut arguments = vec!["import", file.to_str().unwrap(), "--yes"];
    arguments.extend(options);
    world.run_with(&[("HOOK", url)], arguments)
}

/// The sample with a second record of a person, which holds both.
fn with_a_double(text: &str, key: &str) -> String {
    let row = text.lines().find(|line| line.starts_with(&format!("{key},"))).unwrap();
    format!("{text}{row}\n")
}

/// The sample with everybody gone, which no guard lets through.
pub(crate) fn all_gone() -> String {
    sample().replace(",Active,", ",Terminated,")
}

/// The keys of the sample that no message may contain, and a name.
fn has_personal_value(text: &str) -> bool {
    let people: Vec<String> =
        sample().lines().skip(1).flat_map(|line| line.split(',').take(3).map(str::to_owned).collect::<Vec<_>>()).collect();
    people.iter().any(|value| value.len() > 3 && text.contains(&format!("\"{value}")))
}

fn first_key() -> String {
    sample().lines().nth(1).unwrap().split(',').next().unwrap().to_owned()
}

#[test]
fn held_people_are_a_message_once_and_again_after_a_week_or_a_good_run() {
    let hook = Hook::start(&[]);
    let (world, url) = world(&hook, "");
    import(&world, &url, &sample(), &[]).ends_with(0);
    assert!(hook.take().is_empty(), "nothing happened that is worth a message");
    let key = first_key();
    let held = with_a_double(&sample(), &key);
    import(&world, &url, &held, &[]).ends_with(4);
    let bodies = hook.bodies();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(
        keys(&bodies[0]),
        [
            "at",
            "ended",
            "event",
            "exitCode",
            "feed",
            "fingerprint",
            "format",
            "guards",
            "host",
            "reason",
            "run",
            "summary",
            "tenantId"
        ]
    );
    assert_eq!(
        (&bodies[0]["event"], &bodies[0]["exitCode"], &bodies[0]["summary"]["held"]),
        (&"held".into(), &4.into(), &2.into())
    );
    assert!(!has_personal_value(&bodies[0].to_string()), "{}", bodies[0]);
    // The same people are no news, also by another run.
    import(&world, &url, &held, &[]).ends_with(4);
    assert!(hook.take().is_empty());
    // One more person is.
    let second = sample().lines().nth(2).unwrap().split(',').next().unwrap().to_owned();
    import(&world, &url, &with_a_double(&held, &second), &[]).ends_with(4);
    assert_eq!(hook.events(), ["held"]);
    // After a week the same people are named again.
    let week = "update messages set sent_at = '2026-01-01T00:00:00.000000Z'";
    assert_eq!(Connection::open(world.path(".hrpush/state.db")).unwrap().execute(week, []).unwrap(), 1);
    import(&world, &url, &with_a_double(&held, &second), &[]).ends_with(4);
    assert_eq!(hook.events(), ["held"]);
    // Once all is well the same people are news when they come back.
    import(&world, &url, &sample(), &[]).ends_with(0);
    import(&world, &url, &with_a_double(&held, &second), &[]).ends_with(4);
    assert_eq!(hook.events(), ["held"]);
}

#[test]
fn a_stopped_run_names_its_guards_and_no_person_unless_names_are_configured() {
    let hook = Hook::start(&[]);
    let (world, url) = world(&hook, "");
    import(&world, &url, &sample(), &[]).ends_with(0);
    for _ in 0..2 {
        import(&world, &url, &all_gone(), &[]).ends_with(3);
        let bodies = hook.bodies();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        let body = &bodies[0];
        assert_eq!((&body["event"], &body["ended"], &body["exitCode"]), (&"stopped".into(), &"stopped".into(), &3.into()));
        let guard = &body["guards"][0];
        assert!(guard["name"] == "disable" && guard["count"].as_u64() > guard["limit"].as_u64(), "{body}");
        assert!(body["fingerprint"].as_str().unwrap().starts_with("sha256:"));
        assert!(body["reason"].as_str().unwrap().starts_with("stopped by the guards `disable`: 50 of 52"), "{body}");
        assert!(!has_personal_value(&body.to_string()), "{body}");
    }
    // A dry run and a part of the people are no news.
    import(&world, &url, &all_gone(), &["--dry-run"]).ends_with(3);
    world.write("hrpush.toml", "[notify]\nwebhook_env = \"HOOK\"\nformat = \"json\"\ndetails = \"names\"\n");
    let key = first_key();
    import(&world, &url, &with_a_double(&sample(), &key), &["--only", &key]).ends_with(4);
    assert!(hook.take().is_empty());
    import(&world, &url, &with_a_double(&sample(), &key), &[]).ends_with(4);
    let bodies = hook.bodies();
    assert_eq!(bodies[0]["people"][0]["key"], key.as_str());
    assert_eq!(bodies[0]["people"][0]["code"], "duplicate-key");
}

#[test]
fn a_run_that_refuses_its_input_is_a_message_and_carries_no_value_of_it() {
    let hook = Hook::start(&[]);
    let (world, url) = world(&hook, "on = [\"failed\", \"changed\"]\n");
    import(&world, &url, &sample(), &[]).ends_with(0);
    let bodies = hook.bodies();
    assert_eq!((bodies.len(), &bodies[0]["event"], &bodies[0]["ended"]), (1, &"changed".into(), &"done".into()));
    let broken = format!("{}Zaphod Beeblebrox,one cell too few\n", sample());
    import(&world, &url, &broken, &[]).ends_with(2);
    let bodies = hook.bodies();
    assert_eq!(
        (&bodies[0]["event"], &bodies[0]["ended"], &bodies[0]["summary"]),
        (&"failed".into(), &"refused".into(), &Value::Null)
    );
    assert!(!bodies[0].to_string().contains("Beeblebrox"), "{}", bodies[0]);
    // The next night fails alike, which is no news until a run has reached its feed.
    import(&world, &url, &broken, &[]).ends_with(2);
    assert!(hook.take().is_empty());
    import(&world, &url, &sample(), &[]).ends_with(0);
    import(&world, &url, &broken, &[]).ends_with(2);
    assert_eq!(hook.events(), ["failed"]);
}

#[test]
fn a_receiver_that_is_down_changes_no_exit_code_and_is_tried_once_more() {
    let hook = Hook::start(&[503, 503, 503]);
    let (world, url) = world(&hook, "");
    import(&world, &url, &sample(), &[]).ends_with(0);
    let held = with_a_double(&sample(), &first_key());
    let ended = import(&world, &url, &held, &[]).ends_with(4);
    assert!(ended.err.contains("a message was not sent: the receiver answered 503"), "{}", ended.err);
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    assert_eq!(hook.events(), ["held"]);
    // The second attempt fails as well. That message is given up, and what it was about is news again.
    let ended = import(&world, &url, &held, &[]).ends_with(4);
    assert!(ended.err.contains("a message of an earlier run was not sent again"), "{}", ended.err);
    assert_eq!(hook.events().len(), 1, "a receiver that is down is asked once in a run");
    import(&world, &url, &held, &[]).ends_with(4);
    assert_eq!(hook.events(), ["held"]);
    // The receiver is back: one message, and then silence.
    import(&world, &url, &held, &[]).ends_with(4);
    assert_eq!(hook.events(), ["held"]);
    import(&world, &url, &held, &[]).ends_with(4);
    assert!(hook.take().is_empty());
    // Nothing listens at all: the exit code is the same.
    let ended = world.run_with(&[("HOOK", "http://127.0.0.1:9/hunter2")], ["import", "nowhere.csv"]).ends_with(2);
    assert!(ended.err.contains("a message was not sent") && !ended.err.contains("hunter2"), "{}", ended.err);
    // And so it is without the variable.
    let ended = world.run(["import", "nowhere.csv"]).ends_with(2);
    assert!(ended.err.contains("`HOOK` holds no secret"), "{}", ended.err);
}

#[test]
fn the_heartbeat_is_called_after_good_runs_only() {
    let hook = Hook::start(&[]);
    let world = World::new();
    world.write("hrpush.toml", "[notify]\nheartbeat_env = \"HOOK\"\n");
    let url = hook.url();
    import(&world, &url, &sample(), &["--dry-run"]).ends_with(0);
    import(&world, &url, &sample(), &["--only", &first_key()]).ends_with(0);
    assert!(hook.take().is_empty());
    for _ in 0..2 {
        import(&world, &url, &sample(), &[]).ends_with(0);
        let requests = hook.take();
        assert!(requests.len() == 1 && requests[0].starts_with("GET /hook/hunter2?sig=hunter2 "), "{requests:?}");
    }
    import(&world, &url, &sample(), &["--partial"]).ends_with(0);
    import(&world, &url, &all_gone(), &[]).ends_with(3);
    assert!(hook.take().is_empty());
    let tested = world.run_with(&[("HOOK", &url)], ["notify", "test"]).ends_with(0).out;
    assert!(tested.contains("ok   heartbeat: ") && hook.take().is_empty(), "{tested}");
}

#[cfg(unix)]
#[test]
fn a_program_gets_the_message_and_no_secret_of_hrpush() {
    let world = World::new();
    let script = "cat > message.json; env > variables.txt";
    world.write("hrpush.toml", format!("[notify]\non = [\"stopped\"]\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n"));
    import(&world, "", &sample(), &[]).ends_with(0);
    assert!(!world.path("message.json").exists());
    let file = world.write("employees.csv", all_gone());
    let secrets = [("HRPUSH_CLIENT_SECRET", "hunter2"), ("LANG", "C")];
    world.run_with(&secrets, ["import", file.to_str().unwrap(), "--yes"]).ends_with(3);
    let message: Value = serde_json::from_str(&std::fs::read_to_string(world.path("message.json")).unwrap()).unwrap();
    assert_eq!((&message["format"], &message["event"]), (&"hrpush.message/1".into(), &"stopped".into()));
    let variables = std::fs::read_to_string(world.path("variables.txt")).unwrap();
    assert!(variables.contains("LANG=C") && !variables.contains("HRPUSH_"), "{variables}");
}

#[test]
fn a_test_message_goes_to_every_receiver() {
    let hook = Hook::start(&[]);
    let (world, url) = world(&hook, "command = [\"/nowhere/page\"]\n");
    let ended = world.run_with(&[("HOOK", &url)], ["notify", "test"]).ends_with(1);
    assert!(ended.out.contains("ok   webhook: the test message was sent"), "{}", ended.out);
    assert!(ended.err.contains("fail command: `/nowhere/page` cannot be started"), "{}", ended.err);
    assert_eq!(hook.events(), ["test"]);
    let (world, url) = self::world(&hook, "");
    for format in ["teams", "slack", "json"] {
        world.write("hrpush.toml", format!("[notify]\nwebhook_env = \"HOOK\"\nformat = \"{format}\"\n"));
        let tested = world.run_with(&[("HOOK", &url)], ["notify", "test", "--format", "json"]).ends_with(0).json();
        assert_eq!(tested[0], serde_json::json!({ "channel": "webhook", "state": "ok", "message": "the test message was sent" }));
    }
    let bodies = hook.bodies();
    assert_eq!(bodies[0]["attachments"][0]["content"]["version"], "1.4");
    assert_eq!(bodies[1]["text"], "hrpush: Test message");
    assert_eq!(bodies[2]["format"], "hrpush.message/1");
    world.write("hrpush.toml", "");
    assert!(world.run(["notify", "test"]).ends_with(2).err.contains("[notify] is missing"));
}

#[test]
fn a_timer_hears_of_a_feed_without_a_good_run() {
    let hook = Hook::start(&[]);
    let (world, url) = world(&hook, "");
    let status = |options: &[&str]| {
        let arguments = ["status", "--notify"].iter().chain(options);
        world.run_with(&[("HOOK", &url)], arguments)
    };
    status(&[]).ends_with(1);
    assert_eq!(hook.events(), ["late"]);
    import(&world, &url, &sample(), &[]).ends_with(0);
    status(&[]).ends_with(0);
    assert!(hook.take().is_empty());
    let old = "update runs set finished_at = '2026-01-02T00:00:00.000000Z'";
    Connection::open(world.path(".hrpush/state.db")).unwrap().execute(old, []).unwrap();
    status(&["--max-age", "2d"]).ends_with(1);
    let body = &hook.bodies()[0];
    assert_eq!((&body["event"], &body["ended"], &body["exitCode"]), (&"late".into(), &"done".into(), &1.into()));
    assert!(body["reason"].as_str().unwrap().contains("h old") && body["feed"].is_string(), "{body}");
}

#[test]
fn an_address_in_the_file_is_refused_where_it_is_a_secret() {
    let world = World::new();
    for url in [
        "https://chat.example.com/services/hunter2",
        "https://alerts.example.com/?key=hunter2",
        "https://bot:hunter2@alerts.example.com/",
        "http://alerts.example.com/plain",
    ] {
        world.write("hrpush.toml", format!("[notify]\nwebhook = \"{url}\"\nformat = \"json\"\n"));
        let err = world.run(["runs"]).ends_with(2).err;
        assert!(err.contains("`webhook`") && err.contains("line 2") && !err.contains("hunter2"), "{err}");
    }
    world.write("hrpush.toml", "[notify]\nwebhook = \"https://alerts.example.com/hrpush\"\nformat = \"json\"\n");
    world.run(["runs"]).ends_with(0);
    for (table, fault) in [
        ("", "[notify] names no receiver"),
        ("webhook_env = \"A\"", "[notify] needs `format`"),
        ("webhook_env = \"A\"\nwebhook_file = \"b\"\nformat = \"json\"", "exclude each other"),
        ("command = []", "`command` names no program"),
        ("command = [\"a\"]\non = [\"heldd\"]", "did you mean `held`"),
        ("command = [\"a\"]\ntimeout = \"1h\"", "at most 10min"),
    ] {
        world.write("hrpush.toml", format!("[notify]\n{table}\n"));
        let err = world.run(["runs"]).ends_with(2).err;
        assert!(err.contains(fault), "{err}");
    }
}
