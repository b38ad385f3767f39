//! Undo: the inverse of an earlier run, as a plan like any other.

use serde_json::Value;

use crate::world::World;

const HEADER: &str = "EmployeeID,FirstName,LastName,Email,Department,Manager,Status,End\n";
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
displayName = 'Join(" ", [FirstName], [LastName])'
department = "[Department]"
usageLocation = { constant = "AT", when = "create" }
userPrincipalName = { when = "create", expression = "[Email]" }
[manager]
key = "[Manager]"
[lifecycle]
status = "[Status]"
end = "[End]"
left = ["Left"]
on_leave = ["revoke-sessions", "remove-from-managed-groups", "clear-manager"]
delete_after = "10d"
[[groups]]
key = "[Department]"
name = 'Join(" ", "Dept", [Department])'
when = 'IIF(IsNullOrEmpty([Department]), "False", "True")'
"#;

/// All guards off: these stories move many people at a time.
const GUARDS: &str = "[guard]\nupdate = \"off\"\nclear = \"off\"\ndisable = \"off\"\nenable = \"off\"\ndelete = \"off\"\n\
                      removeMembers = \"off\"\n";

struct Story {
    world: World,
}

/// Key, department, manager, status and end of one person.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

impl Story {
    fn new() -> Self {
        let world = World::new();
        world.write("hrpush.toml", GUARDS);
        world.write("map.toml", MAPPING);
        Self { world }
    }

    fn import(&self, rows: &[Row<'_>], more: &[&str]) -> Value {
        let row = |(key, department, manager, status, end): &Row<'_>| {
            format!("{key},First{key},Last{key},p{key}@contoso.onmicrosoft.com,{department},{manager},{status},{end}\n")
        };
        self.world.write("hr.csv", HEADER.to_owned() + &rows.iter().map(row).collect::<String>());
        let arguments = ["import", "hr.csv", "--mapping", "map.toml", "--format", "json"];
        self.world.run(arguments.iter().chain(more)).ends_with(0).json()
    }

    fn undo(&self, run: &Value, more: &[&str]) -> Value {
        let arguments = ["undo", run["run"].as_str().unwrap(), "--format", "json"];
        self.world.run(arguments.iter().chain(more)).ends_with(0).json()
    }

    /// What the next import would do, by key and attribute.
    fn pending(&self, rows: &[Row<'_>]) -> Vec<String> {
        let plan = self.import(rows, &["--dry-run"]);
        let line = |change: &Value| {
            let names = change["attributes"].as_array().unwrap().iter().map(|edit| edit["name"].as_str().unwrap().to_owned());
            let members = |of: &str| {
                let members = change["members"][of].as_array().map_or(0, Vec::len);
                (members > 0).then(|| format!("{of} {members}"))
            };
            let all: Vec<String> = names.chain(members("add")).chain(members("remove")).collect();
            format!("{} {}: {}", change["action"].as_str().unwrap(), change["key"].as_str().unwrap(), all.join(", "))
        };
        plan["changes"].as_array().unwrap().iter().map(line).collect()
    }
}

const BEFORE: [Row<'static>; 4] = [
    ("1", "Sales", "", "Active", ""),
    ("2", "Sales", "1", "Active", ""),
    ("3", "Sales", "1", "Active", ""),
    ("4", "Ops", "1", "Active", ""),
];
const AFTER: [Row<'static>; 5] = [
    ("1", "Sales", "", "Active", ""),
    ("2", "Ops", "4", "Active", ""),
    ("3", "Sales", "1", "Left", ""),
    ("4", "Ops", "", "Active", ""),
    ("5", "Sales", "1", "Active", ""),
];

#[test]
fn values_enablement_managers_and_memberships_come_back_and_a_create_is_disabled() {
    let story = Story::new();
    story.import(&BEFORE, &[]);
    assert!(story.pending(&BEFORE).is_empty());
    let run = story.import(&AFTER, &[]);
    let plan = story.undo(&run, &["--dry-run"]);
    let changes = plan["changes"].as_array().unwrap();
    let of = |key: &str| changes.iter().find(|change| change["key"] == key && change["object"] == "user").unwrap();
    assert_eq!((of("3")["action"].as_str(), of("5")["action"].as_str()), (Some("enable"), Some("disable")));
    let skipped = plan["skipped"].as_array().unwrap();
    assert!(skipped.iter().any(|entry| entry["key"] == "3" && entry["message"].as_str().unwrap().contains("sessions")));
    assert!(skipped.iter().any(|entry| entry["key"] == "5" && entry["message"].as_str().unwrap().contains("password")));

    let undone = story.undo(&run, &[]);
    assert_eq!(undone["failed"].as_array().unwrap().len(), 0);
    // All that is left of the run is the account that it made, which is disabled.
    assert!(story.pending(&BEFORE).is_empty(), "{:?}", story.pending(&BEFORE));
    // A second time there is nothing to do.
    let twice = story.undo(&run, &[]);
    assert_eq!(twice["applied"], 0, "{twice}");
    // HR still says otherwise, and the next import is a plan like any.
    assert!(!story.pending(&AFTER).is_empty());
    // An undo is undone like any run.
    story.undo(&undone, &[]);
    assert!(story.pending(&AFTER).is_empty(), "{:?}", story.pending(&AFTER));
}

#[test]
fn what_changed_since_is_left_alone_and_told() {
    let story = Story::new();
    story.import(&BEFORE, &[]);
    let mut moved = BEFORE;
    moved[1].1 = "Ops";
    moved[2].1 = "Ops";
    let run = story.import(&moved, &[]);
    moved[1].1 = "Board";
    story.import(&moved, &[]);
    let undone = story.undo(&run, &[]);
    let drifted = undone["drifted"].as_array().unwrap();
    assert!(drifted.iter().any(|moved| moved["key"] == "2" && moved["message"].as_str().unwrap().contains("department")));
    let mut wanted = BEFORE;
    wanted[1].1 = "Board";
    assert!(drifted.iter().any(|moved| moved["message"].as_str().unwrap().contains("2 has moved on")), "{undone}");
    // What was changed since is kept, the value and the membership; the other person is back in the group.
    assert!(story.pending(&wanted).is_empty(), "{:?}", story.pending(&wanted));
}

#[test]
fn an_undo_of_overwritten_changes_says_what_it_left_alone() {
    let story = Story::new();
    story.import(&BEFORE, &[]);
    let mut moved = BEFORE;
    moved[1].2 = "4";
    let run = story.import(&moved, &[]);
    let text = || story.world.run(["undo", run["run"].as_str().unwrap(), "--dry-run"]);
    assert!(!text().out.contains("No changes"), "the manager comes back");
    moved[1].2 = "3";
    story.import(&moved, &[]);
    let ended = text();
    assert!(ended.out.contains("No changes: 1 change is left alone, because"), "{}", ended.out);
    assert!(ended.err.contains("manager was changed since"), "{}", ended.err);
    assert!(!ended.out.contains("agrees"), "{}", ended.out);
    // Undone already: that is another headline, and HR was not asked either.
    story.import(&BEFORE, &[]);
    let ended = text();
    assert!(ended.out.contains("Nothing to do: every change is in place already"), "{}", ended.out);
}

#[test]
fn a_deleted_account_comes_back_from_the_recycle_bin() {
    let story = Story::new();
    story.import(&BEFORE, &[]);
    let mut left = BEFORE;
    left[2].3 = "Left";
    left[2].4 = "2020-01-01";
    story.import(&left, &["--as-of", "2026-11-01"]);
    let run = story.import(&left, &["--as-of", "2026-11-20"]);
    let action = |value: &Value| value["changes"][0]["action"].as_str().map(str::to_owned);
    assert_eq!(run["summary"]["delete"], 1, "{run}");
    let plan = story.undo(&run, &["--dry-run"]);
    assert_eq!(action(&plan).as_deref(), Some("restore"));
    assert_eq!(story.undo(&run, &[])["applied"], 1);
    assert_eq!(story.undo(&run, &[])["applied"], 0);
}

#[test]
fn an_undo_passes_the_guards() {
    let story = Story::new();
    let rows: Vec<String> = (1..=30).map(|number| number.to_string()).collect();
    let people =
        |department: &'static str| rows.iter().map(move |key| (key.as_str(), department, "", "Active", "")).collect::<Vec<_>>();
    let run = story.import(&people("Sales"), &[]);
    story.world.write("hrpush.toml", "");
    let stopped = story.world.run(["undo", run["run"].as_str().unwrap(), "--format", "json"]).ends_with(3);
    assert!(stopped.err.contains("disable"), "{}", stopped.err);
    let fingerprint = stopped.json()["fingerprint"].as_str().unwrap().to_owned();
    let done =
        story.world.run(["undo", run["run"].as_str().unwrap(), "--approve", &fingerprint, "--format", "json"]).ends_with(0);
    assert!(done.json()["applied"].as_u64().unwrap() >= 30);
    let elsewhere = story.world.run(["undo", run["run"].as_str().unwrap(), "--graph-url", "http://127.0.0.1:9"]).ends_with(2);
    assert!(elsewhere.err.contains("not the target"), "{}", elsewhere.err);
}
