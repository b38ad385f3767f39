//! Rehearsals against a sandbox as strict as Graph: what would fail at night fails here, with a message that names what to change.

use serde_json::{Value, json};

use crate::served::Served;
use crate::world::{Ended, World};

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "any");
const BADGE: &str = "extension_0123456789abcdef0123456789abcdef_badge";

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
userPrincipalName = { when = "create", expression = 'Join("@", Join(".", [First], [Last]), "contoso.com")' }
[lifecycle]
status = "[Status]"
left = ["Left"]
active = ["Active"]
"#;

/// A file of joiners, whose badges are texts.
fn joiners(count: usize) -> String {
    let row = |n: usize| format!("{n:05},Given{n},Family{n},B-{n},Active\n");
    format!("Key,First,Last,Badge,Status\n{}", (1..=count).map(row).collect::<String>())
}

fn import(world: &World, tenant: &Served) -> Ended {
    let file = world.path("people.csv");
    let arguments = ["import", file.to_str().unwrap(), "--mapping", "map.toml", "--graph-url", &tenant.url, "--yes"];
    world.run_with(&[TOKEN], arguments)
}

#[track_caller]
fn changes_nothing(ended: &Ended) {
    assert!(
        ended.code == 0 && ended.out.contains("Plan: 0 to create, 0 to update, 0 to disable"),
        "{}\n{}",
        ended.out,
        ended.err
    );
}

/// A token that lists the permissions of the app, as the sandbox issues it.
fn token(tenant: &Served) -> String {
    let url = tenant.url.replace("/v1.0", "/contoso/oauth2/v2.0/token");
    let scope = ("scope", "https://graph.microsoft.com/.default");
    let form = [("grant_type", "client_credentials"), ("client_id", "app"), ("client_secret", "any"), scope];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer: Value = runtime.block_on(async {
        let reply = reqwest::Client::new().post(url).form(&form).send().await.unwrap();
        serde_json::from_str(&reply.text().await.unwrap()).unwrap()
    });
    answer["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn people_matched_by_an_indexed_attribute_are_looked_up_by_advanced_queries() {
    let name = "onPremisesExtensionAttributes.extensionAttribute1";
    let mapping = MAPPING.replace("target = \"employeeId\"", &format!("target = \"{name}\""));
    let world = World::new();
    world.write("map.toml", mapping.replace("[attributes]", &format!("[attributes]\n\"{name}\" = \"[Key]\"")));
    world.write("people.csv", joiners(30));
    let tenant = Served::start(&world, &["--faults", "504=0.15,seed=1", "--quota-scale", "1000"]);
    import(&world, &tenant).ends_with(0);
    let log = tenant.log();
    let lookups: Vec<&str> = log.lines().filter(|line| line.contains("extensionAttribute1") && line.contains("eq")).collect();
    assert!(!lookups.is_empty(), "no create was in doubt");
    assert!(lookups.iter().all(|line| line.contains("count=true")), "{lookups:#?}");
    assert!(lookups.iter().all(|line| !line.contains("\"status\":400")), "{lookups:#?}");
    changes_nothing(&import(&world, &tenant));
}

#[test]
fn a_day_or_a_flag_is_no_attribute_to_match_by() {
    let world = World::new();
    let mapping = MAPPING.replace("target = \"employeeId\"", "target = \"employeeHireDate\"");
    world.write("map.toml", mapping.replace("[attributes]", "[attributes]\nemployeeHireDate = \"[Key]\""));
    world.write("people.csv", joiners(1));
    let ended = world.import(&world.path("people.csv"), &["--mapping", "map.toml", "--dry-run"]).ends_with(2);
    assert!(ended.err.contains("map.toml, line 8, column 10") && ended.err.contains("cannot match people"), "{}", ended.err);
}

#[test]
fn an_extension_that_nobody_defined_ends_the_rehearsal() {
    let world = World::new();
    world.write("map.toml", MAPPING.replace("[attributes]", &format!("[attributes]\n{BADGE} = \"[Badge]\"")));
    world.write("people.csv", joiners(10));
    let tenant = Served::start(&world, &[]);
    let ended = import(&world, &tenant).ends_with(1);
    let output = "register the extension on the app";
    assert!(ended.err.contains(BADGE) && ended.err.contains(output), "{}", ended.err);
    assert!(!tenant.log().contains("\"method\":\"POST\",\"status\":201"), "nobody was created");
}

#[test]
fn an_extension_of_another_type_holds_the_people_with_a_message() {
    let world = World::new();
    let definitions = json!({ "extensionProperties": [{ "name": BADGE, "dataType": "Integer" }] });
    let seed = world.write("seed.json", definitions.to_string());
    world.write("map.toml", MAPPING.replace("[attributes]", &format!("[attributes]\n{BADGE} = \"[Badge]\"")));
    world.write("people.csv", joiners(10));
    let tenant = Served::start(&world, &["--seed", seed.to_str().unwrap()]);
    let ended = import(&world, &tenant);
    assert!(matches!(ended.code, 3 | 4), "{}\n{}", ended.out, ended.err);
    let output = "a whole number of 32 bits, as this extension is an integer";
    assert!(ended.err.contains(output) || ended.out.contains(output), "{}\n{}", ended.out, ended.err);
}

#[test]
fn a_changed_day_of_hire_is_refused_alone_and_taken_where_apps_may_write_it() {
    for (options, code) in [(&[][..], 4), (&["--lenient", "hire-date"], 0)] {
        let world = World::new();
        let mapping = MAPPING.replace("[attributes]", "[attributes]\nemployeeHireDate = \"[Start]\"\ndepartment = \"[Unit]\"");
        world.write("map.toml", mapping);
        let tenant = Served::start(&world, options);
        let row = |start: &str, unit: &str| format!("Key,First,Last,Start,Unit,Status\n1,Ada,Lee,{start},{unit},Active\n");
        world.write("people.csv", row("2026-01-01", "Claims"));
        import(&world, &tenant).ends_with(0);
        world.write("people.csv", row("2026-02-01", "Audit"));
        let ended = import(&world, &tenant).ends_with(code);
        let refused = ended.out.contains("not written: employeeHireDate: Graph refuses it to this app");
        assert_eq!(refused, code == 4, "{}\n{}", ended.out, ended.err);
        assert_eq!(ended.out.contains("when = \"create\""), refused, "{}", ended.out);
        world.write("people.csv", row("2026-01-01", "Audit"));
        let later = import(&world, &tenant);
        assert!(!later.out.contains("department:"), "the department was written: {}", later.out);
    }
}

#[test]
fn a_missing_permission_is_named() {
    let world = World::new();
    world.write("map.toml", MAPPING);
    world.write("people.csv", joiners(3));
    let reading = "User.Read.All,Group.Read.All,RoleManagement.Read.Directory,Domain.Read.All,Organization.Read.All";
    let blind = Served::start(&world, &["--roles", "User.ReadWrite.All,Organization.Read.All,Domain.Read.All"]);
    let ended = import(&world, &blind).ends_with(1);
    assert!(ended.err.contains("permission"), "{}", ended.err);
    assert!(ended.err.contains("Group.Read.All") || ended.err.contains("RoleManagement.Read.Directory"), "{}", ended.err);
    drop(blind);
    let world = World::new();
    world.write("map.toml", MAPPING);
    world.write("people.csv", joiners(3));
    let mute = Served::start(&world, &["--roles", reading]);
    let ended = import(&world, &mute);
    assert!(matches!(ended.code, 1 | 4), "{}\n{}", ended.out, ended.err);
    assert!(ended.out.contains("403 Authorization_RequestDenied"), "{}\n{}", ended.out, ended.err);
    let listed = token(&mute);
    let doctor = world.run_with(&[("HRPUSH_ACCESS_TOKEN", &listed)], ["doctor", "--graph-url", &mute.url]).ends_with(4);
    assert!(doctor.out.contains("permission missing: User.ReadWrite.All"), "{}\n{}", doctor.out, doctor.err);
    drop(mute);
    let able = Served::start(&world, &["--roles", &format!("{reading},User.ReadWrite.All")]);
    std::fs::remove_dir_all(world.path(".hrpush")).unwrap();
    import(&world, &able).ends_with(0);
    changes_nothing(&import(&world, &able));
}

#[test]
fn the_help_lists_what_the_sandbox_covers_and_what_it_does_not() {
    let help = World::new().run(["sandbox", "--help"]).ends_with(0).out;
    for part in ["It covers", "does not cover", "501", "docs/sandbox.md", "--lenient", "--roles", "--public-url", "--tls-cert"] {
        assert!(help.contains(part), "{part} is missing:\n{help}");
    }
}

#[test]
fn a_permission_or_a_point_with_a_wrong_name_is_a_fault_of_usage() {
    let world = World::new();
    let ended = world.run(["sandbox", "--roles", "User.Everything"]).ends_with(2);
    assert!(ended.err.contains("User.Everything"), "{}", ended.err);
    let ended = world.run(["sandbox", "--lenient", "everything"]).ends_with(2);
    assert!(ended.err.contains("hire-date"), "{}", ended.err);
}
