//! Why: one person, from the record to the decision.

use serde_json::Value;

use crate::world::{World, keys, project};

#[test]
fn a_person_is_explained_from_the_record_to_the_last_write() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let sample = sample.to_str().unwrap();
    let message = world.run(["explain", "10047", sample, "--format", "json"]).ends_with(0).json();
    let expected = [
        "account",
        "asOf",
        "changes",
        "decision",
        "held",
        "key",
        "known",
        "matches",
        "protection",
        "records",
        "skipped",
        "writes",
    ];
    assert_eq!(keys(&message), expected);
    assert_eq!(message["records"][0]["cells"]["EmployeeID"], "10047");
    let expressions = message["records"][0]["expressions"].as_array().unwrap();
    let upn = expressions.iter().find(|message| message["target"] == "userPrincipalName").unwrap();
    assert!(upn["inputs"].is_object() && upn["result"].is_array());
    assert_eq!(message["matches"][0]["attribute"], "employeeId");
    assert_eq!(message["matches"][0]["accounts"].as_array().unwrap().len(), 0);
    assert_eq!((&message["account"], &message["known"]), (&Value::Null, &Value::Null));
    assert_eq!(message["changes"][0]["action"], "create");

    world.import(&project("samples/employees.csv"), &[]).ends_with(0);
    let message = world.run(["explain", "10047", sample, "--format", "json"]).ends_with(0).json();
    assert_eq!(message["changes"].as_array().unwrap().len(), 0);
    assert_eq!(message["matches"][0]["accounts"][0]["id"], message["account"]["id"]);
    assert_eq!(message["known"]["id"], message["account"]["id"]);
    let create = message["writes"].as_array().unwrap().iter().find(|write| write["kind"] == "create-user").unwrap();
    assert!(create["requestId"].is_string() && create["run"].is_string());
    let text = world.run(["explain", "10047", sample]).ends_with(0).out;
    for part in ["Expressions", "Life cycle", "active", "Match", "Earlier runs", "Decision", "Last writes", "request id"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn a_key_that_hr_does_not_name_is_explained_by_the_ledger_and_the_tenant() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    world.import(&sample, &[]).ends_with(0);
    let text = std::fs::read_to_string(&sample).unwrap();
    let without: String = text.lines().filter(|line| !line.starts_with("10047,")).map(|line| format!("{line}\n")).collect();
    let gone = world.write("employees.csv", without);
    let gone = gone.to_str().unwrap();
    let message = world.run(["explain", "10047", gone, "--format", "json"]).ends_with(0).json();
    assert_eq!(message["records"].as_array().unwrap().len(), 0);
    assert_eq!(message["known"]["id"], message["account"]["id"]);
    assert_eq!(message["skipped"][0]["code"], "missing");
    assert!(world.run(["explain", "10047", gone]).ends_with(0).out.contains("no HR record has this key"));
    world.run(["explain", "nobody", gone]).ends_with(2);
    // A ledger that was lost: the tenant still knows the key.
    let account = message["account"]["id"].clone();
    std::fs::remove_file(world.path(".hrpush/state.db")).unwrap();
    let message = world.run(["explain", "10047", gone, "--format", "json"]).ends_with(0).json();
    assert_eq!((&message["known"], &message["account"]["id"]), (&Value::Null, &account));
    assert_eq!(message["matches"][0]["accounts"][0]["id"], account);
}

#[test]
fn a_held_record_and_an_upcoming_one_say_why() {
    let world = World::new();
    let sample = project("samples/employees.csv");
    let text = std::fs::read_to_string(&sample).unwrap();
    let first = text.lines().nth(1).unwrap();
    let key = first.split(',').next().unwrap();
    let twice = world.write("twice.csv", format!("{text}{first}\n"));
    let message = world.run(["explain", key, twice.to_str().unwrap(), "--format", "json"]).ends_with(0).json();
    assert_eq!(message["records"].as_array().unwrap().len(), 2);
    assert_eq!(message["held"][0]["code"], "duplicate-key");
    let past = world.run(["explain", key, sample.to_str().unwrap(), "--as-of", "1980-01-01"]).ends_with(0);
    assert!(past.out.contains("starts on"), "{}", past.out);
}
