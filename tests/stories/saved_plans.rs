//! Saved plans: computed now, carried out later, and nothing else.

use serde_json::Value;
use sha2::Digest as _;

use crate::served::Served;
use crate::world::{World, project};

const HEADER: &str = "EmployeeID,FirstName,LastName,Email,Department,Status\n";
const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");

/// So many people, each with a department.
fn people(count: usize, department: &str, status: &str) -> String {
    let row = |number| format!("{number},First{number},Last{number},p{number}@contoso.com,{department},{status}\n");
    HEADER.to_owned() + &(1..=count).map(row).collect::<String>()
}

const MAPPING: &str = r#"
version = 1
name = "people"
[source]
key = "[EmployeeID]"
required = ["EmployeeID"]
time_zone = "Europe/Vienna"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[EmployeeID]"
givenName = "[FirstName]"
surname = "[LastName]"
displayName = 'Join(" ", [FirstName], [LastName])'
department = "[Department]"
userPrincipalName = { when = "create", expression = "[Email]" }
[lifecycle]
status = "[Status]"
left = ["Left"]
on_missing = "disable"
"#;

struct Saved {
    world: World,
}

impl Saved {
    fn new() -> Self {
        let world = World::new();
        world.write("hrpush.toml", "[source]\nkind = \"csv\"\npath = \"hr.csv\"\nmapping = \"map.toml\"\n");
        world.write("map.toml", MAPPING);
        Self { world }
    }

    fn hr(&self, text: &str) {
        // The sandbox owns no contoso.com; the tenant itself returns its default domain.
        self.world.write("hr.csv", text.replace("@contoso.com", "@contoso.onmicrosoft.com"));
    }

    fn plan(&self, code: i32) -> Value {
        self.world.run(["plan", "--out", "plan.json", "--format", "json"]).ends_with(code).json()
    }

    fn apply(&self, options: &[&str], code: i32) -> Value {
        self.world.run(["apply", "plan.json", "--format", "json"].iter().chain(options)).ends_with(code).json()
    }

    fn import(&self, code: i32) -> Value {
        self.world.run(["import", "hr.csv", "--mapping", "map.toml", "--format", "json"]).ends_with(code).json()
    }
}

/// A plan as an editor leaves it that computes the seal anew.
fn resealed(mut plan: Value) -> String {
    plan.as_object_mut().unwrap().remove("seal");
    plan.sort_all_objects();
    let digest = sha2::Sha256::digest(plan.to_string().as_bytes());
    plan["seal"] = format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()).into();
    plan.to_string()
}

fn count(value: &Value, of: &str) -> usize {
    value[of].as_array().unwrap().len()
}

#[test]
fn an_applied_plan_leaves_what_the_import_would_have_left() {
    let story = Saved::new();
    story.hr(&people(40, "Sales", "Active"));
    assert_eq!(count(&story.plan(0), "changes"), 40);
    assert_eq!(story.apply(&[], 0)["applied"], 40);
    let again = story.import(0);
    assert_eq!((again["applied"].as_u64(), again["requests"]["writes"].as_u64()), (Some(0), Some(0)));

    // The feed's last good reading is that of the applied plan: half of it is too little now.
    let saved = Saved::new();
    saved.hr(&people(40, "Sales", "Active"));
    saved.plan(0);
    saved.apply(&[], 0);
    saved.hr(&people(20, "Sales", "Active"));
    let stopped = saved.plan(3);
    let tripped = |name: &str| {
        let guards = stopped["guards"].as_array().unwrap();
        guards.iter().any(|guard| guard["name"] == name && guard["tripped"] == true)
    };
    assert!(tripped("source"), "{}", stopped["guards"]);
    // And a person absent from it is missing.
    assert!(tripped("disable"), "{}", stopped["guards"]);
}

#[test]
fn a_plan_that_was_only_saved_leaves_nothing() {
    let story = Saved::new();
    story.hr(&people(40, "Sales", "Active"));
    story.plan(0);
    story.hr(&people(12, "Sales", "Active"));
    let plan = story.plan(0);
    assert_eq!(count(&plan, "changes"), 12);
    assert!(plan["guards"].as_array().unwrap().iter().all(|guard| guard["tripped"] == false));
}

#[test]
fn a_plan_older_than_the_last_good_reading_gives_no_access_back() {
    let story = Saved::new();
    let (here, moved) = (people(12, "Sales", "Active"), "p2@contoso.com,Ops,");
    let left = here.replace("p1@contoso.com,Sales,Active", "p1@contoso.com,Sales,Left");
    story.hr(&here);
    story.import(0);
    story.hr(&left);
    story.import(0);
    // A faulty file calls the leaver active.
    story.hr(&here.replace("p2@contoso.com,Sales,", moved));
    let plan = story.plan(0);
    assert_eq!((count(&plan, "changes"), plan["summary"]["enable"].as_u64()), (2, Some(1)));
    // A newer good reading, in which the person has left.
    story.hr(&left.replace("p3@contoso.com,Sales,", "p3@contoso.com,Ops,"));
    assert_eq!(story.import(0)["applied"], 1);
    let fingerprint = plan["fingerprint"].as_str().unwrap();
    for options in [&[][..], &["--approve", fingerprint]] {
        let applied = story.apply(options, 4);
        let skipped: Vec<&str> =
            applied["skipped"].as_array().unwrap().iter().map(|entry| entry["code"].as_str().unwrap()).collect();
        assert!(skipped.contains(&"not-confirmed"), "{applied}");
        story.world.write("hr.csv", left.replace("@contoso.com", "@contoso.onmicrosoft.com"));
        assert_eq!(story.plan(0)["summary"]["disable"], 0, "the leaver has no access");
        story.world.write("plan.json", resealed(plan.clone()));
    }
}

#[test]
fn a_plan_is_saved_when_a_guard_trips_and_goes_with_its_fingerprint_once() {
    let story = Saved::new();
    story.hr(&people(40, "Sales", "Active"));
    story.import(0);
    story.hr(&people(40, "Sales", "Left"));
    let plan = story.plan(3);
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(story.world.path("plan.json")).unwrap()).unwrap();
    assert_eq!(saved, plan);
    let fingerprint = plan["fingerprint"].as_str().unwrap();
    // The guards are asked again, and another approval is none.
    assert_eq!(story.apply(&[], 3)["format"], "hrpush.plan/1");
    story.apply(&["--approve", "sha256:00"], 3);
    assert_eq!(story.apply(&["--approve", fingerprint], 0)["applied"], 40);
    assert_eq!(story.apply(&["--approve", fingerprint], 0)["applied"], 0);

    // An administrator brings all of them back, and the same plan comes again: it needs another yes.
    story.hr(&people(40, "Sales", "Active"));
    let back = story.plan(3);
    story.apply(&["--approve", back["fingerprint"].as_str().unwrap()], 0);
    story.hr(&people(40, "Sales", "Left"));
    let again = story.plan(3);
    if again["fingerprint"] == plan["fingerprint"] {
        let stopped = story.world.run(["apply", "plan.json", "--approve", fingerprint]).ends_with(3);
        assert!(stopped.err.contains("once"), "{}", stopped.err);
    }
}

#[test]
fn what_moved_since_is_left_out_and_told() {
    let story = Saved::new();
    story.hr(&people(12, "Sales", "Active"));
    story.import(0);
    story.hr(&people(2, "Ops", "Active"));
    let partial = ["plan", "hr.csv", "--mapping", "map.toml", "--partial", "--out", "plan.json"];
    story.world.run(partial).ends_with(0);
    // The first of both is changed meanwhile.
    story.hr(&people(1, "Board", "Active"));
    story.world.run(["import", "hr.csv", "--mapping", "map.toml", "--partial"]).ends_with(0);
    let outcome = story.apply(&[], 0);
    assert_eq!(outcome["applied"], 1);
    assert_eq!(count(&outcome, "drifted"), 1);
    assert_eq!(outcome["drifted"][0]["key"], "1");
    assert!(outcome["drifted"][0]["message"].as_str().unwrap().contains("department"));
    let shown = story.world.run(["apply", "plan.json"]).ends_with(0);
    assert!(shown.err.contains("left out"), "{}", shown.err);
}

#[test]
fn an_altered_an_old_and_a_strange_plan_are_refused() {
    let story = Saved::new();
    story.hr(&people(12, "Sales", "Active"));
    story.plan(0);
    let text = std::fs::read_to_string(story.world.path("plan.json")).unwrap();
    let refused = |text: &str| {
        story.world.write("other.json", text);
        story.world.run(["apply", "other.json"]).ends_with(2).err
    };
    assert!(refused(&text.replacen("Sales", "Board", 1)).contains("altered"));
    assert!(refused("{").contains("line 1"));
    let saved: Value = serde_json::from_str(&text).unwrap();
    let made_at = |moment: &str| {
        let mut plan = saved.clone();
        plan["createdAt"] = moment.into();
        refused(&resealed(plan))
    };
    assert!(made_at("1999-01-01T00:00:00Z").contains("too long ago"));
    assert!(made_at("2099-01-01T00:00:00Z").contains("ahead of this machine's clock"));
    for (key, value) in [("asOf", "2020-01-01".into()), ("guards", Value::Array(Vec::new())), ("source", Value::Null)] {
        let mut altered = saved.clone();
        altered[key] = value;
        let output = refused(&altered.to_string());
        assert!(output.contains("altered") || output.contains("not a plan"), "{key}: {output}");
    }
    let mut unsealed = saved.clone();
    unsealed.as_object_mut().unwrap().remove("seal");
    assert!(refused(&unsealed.to_string()).contains("no `seal`"));
    // Another tenant: that of another state folder.
    let other = story.world.run(["apply", "plan.json", "--state", "elsewhere"]).ends_with(2);
    assert!(other.err.contains("not the target"), "{}", other.err);
    let url = story.world.run(["apply", "plan.json", "--graph-url", "http://127.0.0.1:9/v1.0"]).ends_with(2);
    assert!(url.err.contains("not the target"), "{}", url.err);
    assert_eq!(story.apply(&[], 0)["applied"], 12);
}

#[test]
fn a_plan_knows_its_server_and_asks_before_it_writes() {
    let story = Saved::new();
    let server = Served::start(&story.world, &[]);
    story.hr(&people(12, "Sales", "Active"));
    story.world.run_with(&[TOKEN], ["plan", "--out", "plan.json", "--graph-url", &server.url]).ends_with(0);
    assert!(!server.log().contains("201"), "a plan writes nothing");
    let asked = story.world.run_with(&[TOKEN], ["apply", "plan.json", "--format", "json"]).ends_with(5);
    assert_eq!(asked.json()["format"], "hrpush.plan/1");
    let elsewhere = story.world.run_with(&[TOKEN], ["apply", "plan.json", "--yes", "--graph-url", "http://127.0.0.1:9/v1.0"]);
    elsewhere.ends_with(2);
    // The target is that of the plan, also where no option names it.
    let outcome = story.world.run_with(&[TOKEN], ["apply", "plan.json", "--yes", "--format", "json"]).ends_with(0).json();
    assert_eq!(outcome["applied"], 12);
    let stranger = std::fs::read_to_string(story.world.path("plan.json")).unwrap();
    let stranger = stranger.replace(&server.url, "https://graph.example.com/v1.0");
    story.world.write("stranger.json", resealed(serde_json::from_str(&stranger).unwrap()));
    let refused = story.world.run_with(&[TOKEN], ["apply", "stranger.json", "--yes"]).ends_with(2);
    assert!(refused.err.contains("--graph-url"), "{}", refused.err);
}

/// A plan names people by their keys. Where it was made their accounts are known; elsewhere they are found anew.
#[test]
fn a_plan_names_people_by_keys_and_is_carried_out_elsewhere() {
    let story = Saved::new();
    let groups = "[manager]\nkey = \"[ManagerID]\"\n[[groups]]\nname = \"[Department]\"\n";
    story.world.write("map.toml", MAPPING.replace("[lifecycle]", &format!("{groups}[lifecycle]")));
    let hr = |manager: &str, department: &str| {
        let row = |n: u32| {
            let (manager, department) = if n == 7 { (manager, department) } else { ("", "Sales") };
            format!("{n},First{n},Last{n},p{n}@contoso.onmicrosoft.com,{department},Active,{manager}\n")
        };
        let header = HEADER.replace("Status", "Status,ManagerID");
        story.world.write("hr.csv", header + &(1..=12).map(row).collect::<String>());
    };
    let server = Served::start(&story.world, &[]);
    let run = |arguments: &[&str]| {
        let target = ["--graph-url", server.url.as_str(), "--format", "json"];
        story.world.run_with(&[TOKEN], arguments.iter().chain(&target)).ends_with(0).json()
    };
    hr("1", "Sales");
    run(&["sync"]);
    hr("2", "Ops");
    let plan = run(&["plan", "--out", "plan.json"]);
    for change in plan["changes"].as_array().unwrap() {
        let expected = [
            "action",
            "attributes",
            "cause",
            "id",
            "key",
            "members",
            "object",
            "reason",
            "record",
            "seq",
            "then",
            "userPrincipalName",
            "why",
        ];
        assert_eq!(crate::world::keys(change), expected);
    }
    // The manager, the department, a new group, and the group that is left.
    assert_eq!(count(&plan, "changes"), 3);
    // Another state folder cannot count the guards on the reading again: the plan needs an approval there.
    let target = ["apply", "plan.json", "--yes", "--state", "elsewhere", "--graph-url", server.url.as_str()];
    let stopped = story.world.run_with(&[TOKEN], target).ends_with(3);
    assert!(stopped.err.contains("no copy of the plan"), "{}", stopped.err);
    let approval = plan["fingerprint"].as_str().unwrap();
    let elsewhere = run(&["apply", "plan.json", "--yes", "--state", "elsewhere", "--approve", approval]);
    assert_eq!((elsewhere["applied"].as_u64(), count(&elsewhere, "failed")), (Some(3), 0), "{elsewhere}");
    assert_eq!(count(&run(&["sync", "--dry-run"]), "changes"), 0);

    // And back, by the journal of the other folder.
    let undone = run(&["undo", elsewhere["run"].as_str().unwrap(), "--yes", "--state", "elsewhere"]);
    assert_eq!(count(&undone, "failed"), 0);
    let again = run(&["sync", "--dry-run"]);
    assert!(again["changes"].as_array().unwrap().iter().any(|change| change["attributes"].to_string().contains("manager")));
}

#[test]
fn a_saved_plan_is_private() {
    let world = World::new();
    world.run(["plan", project("samples/employees.csv").to_str().unwrap(), "--out", "plan.json"]).ends_with(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(world.path("plan.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

/// A half file still needs a yes although an editor counts its guards as none; and a plan with nothing to do is no measure for
/// the next one.
#[test]
fn an_edited_guard_lets_no_half_file_through() {
    let story = Saved::new();
    story.world.write("map.toml", MAPPING.replace("on_missing = \"disable\"\n", ""));
    story.hr(&people(40, "Sales", "Active"));
    story.import(0);
    story.hr(&people(20, "Ops", "Active"));
    let mut plan = story.plan(3);
    for guard in plan["guards"].as_array_mut().unwrap() {
        guard["count"] = 0.into();
        guard["tripped"] = false.into();
    }
    story.world.write("plan.json", resealed(plan.clone()));
    story.world.run(["apply", "plan.json"]).ends_with(2);
    // With a fingerprint of its own it has no copy in the state folder.
    story.world.write("plan.json", resealed_with_fingerprint(plan));
    let stopped = story.world.run(["apply", "plan.json"]).ends_with(3);
    assert!(stopped.err.contains("`source`") && stopped.err.contains("no copy of the plan"), "{}", stopped.err);
    // The reading of before is still the one that the next is compared with.
    let again = story.plan(3);
    let source = again["guards"].as_array().unwrap().iter().find(|guard| guard["name"] == "source").unwrap().clone();
    assert_eq!((source["count"].as_u64(), source["of"].as_u64()), (Some(20), Some(40)));
}

/// An account that no record ever matched is not disabled by a plan into which an editor wrote it.
#[test]
fn an_account_that_nothing_confirms_is_left_alone() {
    let story = Saved::new();
    story.hr(&people(12, "Sales", "Active"));
    story.import(0);
    let mut left = people(12, "Sales", "Active");
    left = left.replacen("Sales,Active\n12,", "Sales,Left\n12,", 1);
    story.hr(&left);
    let mut plan = story.plan(0);
    assert_eq!(count(&plan, "changes"), 1);
    let victim = plan["changes"][0]["id"].clone();
    plan["changes"][0]["key"] = "999".into();
    story.world.write("plan.json", resealed_with_fingerprint(plan));
    let outcome = story.world.run(["apply", "plan.json", "--format", "json"]).ends_with(4);
    assert_eq!(outcome.json()["skipped"][0]["code"], "not-confirmed", "{}", outcome.out);
    assert_eq!(outcome.json()["skipped"][0]["id"], victim);
    assert_eq!(outcome.json()["applied"], 0);
}

/// As an editor does that knows how the fingerprint is made.
fn resealed_with_fingerprint(mut plan: Value) -> String {
    let mut changes = plan["changes"].clone();
    for change in changes.as_array_mut().unwrap() {
        for key in ["seq", "record", "reason", "cause"] {
            change.as_object_mut().unwrap().remove(key);
        }
    }
    let mut covered = serde_json::json!({
        "changes": changes, "feed": plan["source"]["feed"], "guards": [], "tenantId": plan["target"]["tenantId"]
    });
    covered.sort_all_objects();
    let digest = sha2::Sha256::digest(covered.to_string().as_bytes());
    plan["fingerprint"] = format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()).into();
    resealed(plan)
}

/// `[guard] leavers = "go"`: a guard on something else keeps no leaver's account open.
#[test]
fn leavers_go_where_another_guard_stops_the_rest() {
    let story = Saved::new();
    let go = "[guard]\nleavers = \"go\"\n[source]\nkind = \"csv\"\npath = \"hr.csv\"\nmapping = \"map.toml\"\n";
    story.world.write("hrpush.toml", go);
    story.hr(&people(40, "Sales", "Active"));
    story.import(0);
    story.hr(&people(40, "Ops", "Active").replacen("Ops,Active\n2,", "Ops,Left\n2,", 1));
    let outcome = story.import(3);
    assert_eq!((outcome["format"].as_str(), outcome["stopped"].as_bool()), (Some("hrpush.outcome/1"), Some(true)));
    assert_eq!(outcome["applied"], 1);
    let rest = story.import(3);
    assert_eq!(rest["format"], "hrpush.plan/1", "no leaver is left: {rest}");
    assert!(rest["changes"].as_array().unwrap().iter().all(|change| change["action"] == "update"));
    let approval = rest["fingerprint"].as_str().unwrap();
    story.world.run(["import", "hr.csv", "--mapping", "map.toml", "--approve", approval]).ends_with(0);
    story.import(0);
}
