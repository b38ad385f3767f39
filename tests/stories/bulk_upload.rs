//! hrpush and a provisioning job: the records go to `bulkUpload`, and the provisioning log says what became of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hrpush::sandbox::{Fault, Faults, JobState, Options, ProvisioningJob, ProvisioningSettings, Quota, Sandbox};
use serde_json::{Value, json};

use crate::world::{Ended, World, project};

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "any");

const MAPPING: &str = r#"
version = 1
name = "people"
[source]
key = "[Key]"
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[Key]"
givenName = "[First]"
surname = "[Last]"
displayName = 'Join(" ", [First], [Last])'
userPrincipalName = 'Join("@", [Key], "contoso.com")'
department = "[Department]"
city = "[City]"
"urn:contoso:employee:JobCode" = "[Department]"
[manager]
key = "[Boss]"
[lifecycle]
status = "[Status]"
left = ["Left"]
active = ["Active"]
"#;

/// hrpush beside a tenant with a provisioning job.
struct Desk {
    world: World,
    tenant: Sandbox,
    _runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn open(more: &str, provisioning: ProvisioningSettings) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = Options { quota: Quota::scaled(1_000.0), provisioning, ..Options::default() };
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let tenant = runtime.block_on(Sandbox::start(listen, options)).unwrap();
        let world = World::new();
        world.write("map.toml", MAPPING);
        let ProvisioningJob { service_principal, id } = ProvisioningJob::default();
        world.write(
            "hrpush.toml",
            format!(
                "[target]\nkind = \"bulk-upload\"\nservice_principal = \"{service_principal}\"\njob = \"{id}\"\n{more}\n[quota]\nscale = 1000\n"
            ),
        );
        Self { world, tenant, _runtime: runtime }
    }

    /// Writes HR's file: people of whom every tenth one is the manager of the next nine; those that `change` returns are changed.
    fn hr(&self, people: usize, change: impl Fn(usize) -> Option<&'static str>) {
        let row = |number: usize| {
            let boss = if number.is_multiple_of(10) { String::new() } else { format!("P{:03}", number / 10 * 10) };
            let rest = change(number).unwrap_or("Tax,Graz,Active");
            format!("P{number:03},Given{number},Family{number},{boss},{rest}\n")
        };
        let rows: String = (0..people).map(row).collect();
        self.world.write("hr.csv", format!("Key,First,Last,Boss,Department,City,Status\n{rows}"));
    }

    fn run(&self, more: &[&str]) -> Ended {
        let url = self.tenant.url();
        let mut arguments = vec!["import", "hr.csv", "--mapping", "map.toml", "--graph-url", &url, "--format", "json", "--yes"];
        arguments.extend(more);
        self.world.run_with(&[TOKEN], arguments)
    }

    /// A run that is killed once the tenant falls silent; one that ends before is over.
    fn killed(&self, more: &[&str]) {
        let url = self.tenant.url();
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_hrpush"))
            .current_dir(self.world.path(""))
            .env(TOKEN.0, TOKEN.1)
            .args(["import", "hr.csv", "--mapping", "map.toml", "--graph-url", &url, "--yes", "-q"])
            .args(more)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !self.tenant.is_halted() && process.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = process.kill();
        process.wait().unwrap();
    }

    /// The first run, which stops, and then the same with its approval.
    fn first(&self, code: i32) -> Value {
        let stopped = self.run(&[]).ends_with(3).json();
        let fingerprint = stopped["fingerprint"].as_str().unwrap().to_owned();
        self.run(&["--approve", &fingerprint]).ends_with(code).json()
    }

    #[track_caller]
    fn changes_nothing(&self) {
        let calls = self.calls();
        let outcome = self.run(&[]).ends_with(0).json();
        assert_eq!(outcome["applied"], json!(0), "{outcome}");
        assert_eq!(self.calls(), calls, "nothing is uploaded");
    }

    fn calls(&self) -> usize {
        self.tenant.log().iter().filter(|line| line.starts_with("POST") && line.contains("bulkUpload")).count()
    }

    fn person(&self, number: usize) -> Value {
        let key = format!("P{number:03}");
        let users = self.tenant.users();
        users.as_array().unwrap().iter().find(|user| user["employeeId"] == key).cloned().unwrap_or_default()
    }

    fn people(&self) -> usize {
        self.tenant.users().as_array().unwrap().len()
    }

    fn fail(&self, faults: &str) {
        self.tenant.trouble(Faults::parse(faults).unwrap());
    }
}

fn unconfirmed(outcome: &Value) -> usize {
    outcome["unconfirmed"].as_array().map_or(0, Vec::len)
}

#[test]
fn two_hundred_people_go_up_in_four_calls_and_the_second_run_is_empty() {
    let desk = Desk::open("", ProvisioningSettings::default());
    desk.hr(200, |_| None);
    let outcome = desk.first(0);
    assert_eq!((&outcome["applied"], desk.calls(), desk.people()), (&json!(200), 4, 200));
    // The managers come before their reports, so that each of them is known.
    assert_eq!(desk.person(9)["manager"], desk.person(0)["id"]);
    assert_eq!(desk.person(199)["manager"], desk.person(190)["id"]);
    desk.changes_nothing();

    // Only the person whose record changed goes up, and with the whole record.
    desk.hr(200, |number| (number == 7).then_some("Audit,Wien,Active"));
    let outcome = desk.run(&[]).ends_with(0).json();
    assert_eq!((&outcome["applied"], &outcome["requests"]["writes"], desk.calls()), (&json!(1), &json!(1), 5));
    let moved = desk.person(7);
    assert_eq!(
        (&moved["city"], &moved["givenName"], &moved["manager"]),
        (&json!("Wien"), &json!("Given7"), &desk.person(0)["id"])
    );
    desk.changes_nothing();

    // A leaver, and a record of which a value is gone: null is sent, and the job keeps the value.
    desk.hr(200, |number| match number {
        7 => Some("Audit,Wien,Left"),
        8 => Some("Tax,,Active"),
        _ => None,
    });
    let outcome = desk.run(&[]).ends_with(0).json();
    assert_eq!(outcome["applied"], json!(2));
    let codes: Vec<&Value> = outcome["skipped"].as_array().unwrap().iter().map(|entry| &entry["code"]).collect();
    assert!(codes.contains(&&json!("cannot-be-cleared")), "{outcome}");
    assert_eq!((&desk.person(7)["accountEnabled"], &desk.person(8)["city"]), (&json!(false), &json!("Graz")));
    assert_eq!(desk.person(8)["accountEnabled"], json!(true), "every record has `active`");
    desk.changes_nothing();
}

#[test]
fn failed_and_skipped_people_are_named_and_a_skipped_leaver_is_tried_again() {
    let desk = Desk::open("", ProvisioningSettings::default());
    desk.hr(20, |_| None);
    desk.fail("fail=P003:InvalidThing,skip=P004");
    let outcome = desk.first(4);
    let failed: Vec<(&str, &str)> = outcome["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| (failed["key"].as_str().unwrap(), failed["code"].as_str().unwrap()))
        .collect();
    assert_eq!((&outcome["applied"], failed), (&json!(18), vec![("P003", "InvalidThing"), ("P004", "skipped")]));
    let message = outcome["failed"][0]["message"].as_str().unwrap();
    assert!(message.contains("Recommended action: Correct the record in the source."), "{message}");

    // What failed is sent again; what was skipped is not, until its record changes.
    desk.fail("");
    let outcome = desk.run(&[]).ends_with(0).json();
    assert_eq!((&outcome["applied"], desk.people()), (&json!(1), 19));
    desk.changes_nothing();

    desk.fail("skip=P005");
    desk.hr(20, |number| (number == 5).then_some("Tax,Graz,Left"));
    let outcome = desk.run(&[]).ends_with(4).json();
    assert_eq!((&outcome["failed"][0]["code"], &desk.person(5)["accountEnabled"]), (&json!("skipped"), &json!(true)));
    desk.fail("");
    assert_eq!(desk.run(&[]).ends_with(0).json()["applied"], json!(1), "a leaver who keeps access is not forgotten");
    assert_eq!(desk.person(5)["accountEnabled"], json!(false));
    desk.changes_nothing();
}

#[test]
fn people_without_a_log_entry_are_asked_for_first_by_the_next_run() {
    let lag = Duration::from_mins(5);
    let provisioning = ProvisioningSettings { lag, ..ProvisioningSettings::default() };
    let desk = Desk::open("wait = \"0min\"", provisioning);
    desk.hr(3, |_| None);
    let outcome = desk.first(0);
    assert_eq!((&outcome["applied"], unconfirmed(&outcome), desk.people()), (&json!(0), 3, 0));
    // Nothing is known yet, and nothing is sent twice.
    desk.changes_nothing();
    desk.tenant.advance(lag);
    let before = desk.tenant.log().len();
    desk.changes_nothing();
    let asked: Vec<String> = desk.tenant.log().split_off(before);
    assert!(asked.iter().any(|line| line.contains("auditLogs/provisioning")), "{asked:#?}");
    assert_eq!(desk.people(), 3);
    let before = desk.tenant.log().len();
    desk.changes_nothing();
    let asked: Vec<String> = desk.tenant.log().split_off(before);
    assert!(!asked.iter().any(|line| line.contains("auditLogs")), "all is known by now: {asked:#?}");
}

#[test]
fn a_failure_that_the_log_shows_later_is_planned_again() {
    let lag = Duration::from_mins(5);
    let provisioning = ProvisioningSettings { lag, ..ProvisioningSettings::default() };
    let desk = Desk::open("wait = \"0min\"", provisioning);
    desk.hr(3, |_| None);
    desk.fail("fail=P001:InvalidThing");
    assert_eq!(unconfirmed(&desk.first(0)), 3);
    desk.changes_nothing();
    desk.tenant.advance(lag);
    // The job works its queue off.
    desk.tenant.users();
    desk.fail("");
    let outcome = desk.run(&[]).ends_with(0).json();
    assert_eq!((unconfirmed(&outcome), desk.calls()), (1, 2), "P001 alone is sent again: {outcome}");
    desk.tenant.advance(lag);
    desk.changes_nothing();
    assert_eq!(desk.people(), 3);
}

#[test]
fn the_calls_of_the_day_are_counted_over_the_runs() {
    let desk = Desk::open("calls_per_day = 2", ProvisioningSettings::default());
    desk.hr(120, |_| None);
    let outcome = desk.first(4);
    assert_eq!((&outcome["applied"], desk.calls()), (&json!(100), 2));
    let failed = outcome["failed"].as_array().unwrap();
    assert_eq!((failed.len(), &failed[0]["code"]), (20, &json!("calls-per-day")));
    let outcome = desk.run(&[]).ends_with(4).json();
    assert_eq!((&outcome["applied"], desk.calls()), (&json!(0), 2), "the count is in the state folder");
}

#[test]
fn a_throttled_call_is_repeated_and_counts_for_the_day() {
    let desk = Desk::open("calls_per_day = 3", ProvisioningSettings::default());
    desk.hr(60, |_| None);
    desk.fail("429@4");
    let stopped = desk.run(&[]).ends_with(3).json();
    let fingerprint = stopped["fingerprint"].as_str().unwrap().to_owned();
    desk.tenant.trouble(Faults::none().at(Fault::Status(429), 3));
    let outcome = desk.run(&["--approve", &fingerprint]).ends_with(0).json();
    assert_eq!((&outcome["applied"], desk.calls()), (&json!(60), 3), "{outcome}");
    desk.hr(60, |number| (number == 1).then_some("Audit,Graz,Active"));
    assert_eq!(desk.run(&[]).ends_with(4).json()["failed"][0]["code"], json!("calls-per-day"));
}

#[test]
fn a_job_that_does_not_run_ends_the_run_before_anything_is_sent() {
    let desk = Desk::open("", ProvisioningSettings::default());
    desk.hr(3, |_| None);
    for (state, word) in [(JobState::Quarantine, "quarantine"), (JobState::Paused, "stopped")] {
        desk.tenant.trouble(Faults { job: state, ..Faults::none() });
        let ended = desk.run(&[]).ends_with(1);
        assert!(ended.err.contains(word), "{}", ended.err);
    }
    assert_eq!(desk.calls(), 0);
    desk.tenant.trouble(Faults::none());
    desk.first(0);
    desk.changes_nothing();
}

#[test]
fn a_run_that_dies_half_way_leaves_no_double_effect() {
    for fault in [Fault::HaltBefore, Fault::HaltAfter, Fault::ResetAfter] {
        let desk = Desk::open("", ProvisioningSettings::default());
        desk.hr(120, |_| None);
        let stopped = desk.run(&[]).ends_with(3).json();
        let fingerprint = stopped["fingerprint"].as_str().unwrap().to_owned();
        // The second upload, or what comes after the reading of organization, job and first upload.
        let occasion = if fault == Fault::ResetAfter { 4 } else { 2 };
        desk.tenant.trouble(Faults::none().at(fault, occasion));
        desk.killed(&["--approve", &fingerprint]);
        desk.tenant.trouble(Faults::none());
        let ended = desk.run(&["--approve", &fingerprint]);
        if ended.code == 3 {
            let fingerprint = ended.json()["fingerprint"].as_str().unwrap().to_owned();
            desk.run(&["--approve", &fingerprint]).ends_with(0);
        }
        assert_eq!(desk.people(), 120, "{fault:?}");
        desk.changes_nothing();
    }
}

#[test]
fn what_the_job_cannot_do_is_an_error_of_plan_and_mapping_check_alike() {
    let desk = Desk::open("extension = \"urn:contoso:employee\"", ProvisioningSettings::default());
    desk.hr(3, |_| None);
    let unable = [
        ("[lifecycle]", "[lifecycle]\ndelete_after = \"30d\"", "delete_after"),
        ("[lifecycle]", "[[groups]]\nkey = \"[Department]\"\nname = \"[Department]\"\n[lifecycle]", "[[groups]]"),
        ("[lifecycle]", "[lifecycle]\nreenable = \"always\"", "reenable"),
        ("city = \"[City]\"", "city = 'SelectUniqueValue([City], [Key])'", "SelectUniqueValue"),
        ("city = \"[City]\"", "otherMails = \"[City]\"", "otherMails"),
    ];
    let url = desk.tenant.url();
    for (from, to, word) in unable {
        desk.world.write("map.toml", MAPPING.replace(from, to));
        let plan = desk.world.run_with(&[TOKEN], ["plan", "hr.csv", "--mapping", "map.toml", "--graph-url", &url]).ends_with(2);
        let check = desk.world.run(["mapping", "check", "map.toml"]).ends_with(2);
        for ended in [plan, check] {
            assert!(ended.err.contains(word), "{word}: {}", ended.err);
        }
    }
    desk.world.write("map.toml", MAPPING);
    desk.world.run(["mapping", "check", "map.toml"]).ends_with(0);
    assert_eq!(desk.calls(), 0);
}

#[test]
fn protection_is_by_hr_key_and_the_headline_says_so() {
    let desk = Desk::open("\n[protect]\nusers = [\"P001\"]", ProvisioningSettings::default());
    desk.hr(3, |_| None);
    let url = desk.tenant.url();
    let plan = ["plan", "hr.csv", "--mapping", "map.toml", "--graph-url", &url];
    let shown = desk.world.run_with(&[TOKEN], plan);
    assert!(shown.out.contains("the target cannot be read: only the HR keys"), "{}\n{}", shown.out, shown.err);
    let outcome = desk.first(0);
    assert_eq!((&outcome["applied"], desk.people()), (&json!(2), 2));
    assert_eq!(desk.person(1), Value::Null);
    // A protected leaver keeps access, which every run reports.
    desk.hr(3, |number| (number == 1).then_some("Tax,Graz,Left"));
    let outcome = desk.run(&[]).ends_with(4).json();
    assert_eq!((&outcome["applied"], desk.calls()), (&json!(0), 1));
}

/// The example of `docs/bulk-upload.md`: its files, in the order in which the page shows them.
fn example() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(project("docs/bulk-upload.md")).unwrap();
    let mut files = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("`").and_then(|rest| rest.strip_suffix("`:")) else { continue };
        let body: Vec<&str> = lines.by_ref().skip(2).take_while(|line| !line.starts_with("```")).collect();
        files.push((name.to_owned(), format!("{}\n", body.join("\n"))));
    }
    files
}

#[test]
fn the_example_of_the_page_runs_against_the_embedded_sandbox() {
    let world = World::new();
    let files = example();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["hrpush.toml", "people.csv", "people.mapping.toml"]);
    for (name, text) in &files {
        world.write(name, text);
    }
    world.run(["mapping", "check", "people.mapping.toml"]).ends_with(0);
    let import = |more: &[&str]| {
        let mut arguments = vec!["import", "people.csv", "--yes", "--format", "json"];
        arguments.extend(more);
        world.run(arguments)
    };
    let stopped = import(&[]).ends_with(3).json();
    let fingerprint = stopped["fingerprint"].as_str().unwrap().to_owned();
    let outcome = import(&["--approve", &fingerprint]).ends_with(0).json();
    assert_eq!((&outcome["applied"], unconfirmed(&outcome)), (&json!(3), 0));
    assert_eq!(import(&[]).ends_with(0).json()["applied"], json!(0));
}
