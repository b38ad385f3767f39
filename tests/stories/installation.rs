//! What an installation relies on: the state folder apart from the configuration, secrets that systemd or a program hands over, and the
//! pages of the manual.

use crate::world::World;

const PEOPLE: &str = "EmployeeID,FirstName,LastName,Email,Status\n1,Ada,Lee,ada@contoso.onmicrosoft.com,Active\n";
const MAPPING: &str = r#"
version = 1
name = "people"
[source]
key = "[EmployeeID]"
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[EmployeeID]"
displayName = 'Join(" ", [FirstName], [LastName])'
userPrincipalName = { when = "create", expression = "[Email]" }
"#;

fn world() -> World {
    let world = World::new();
    world.write("hr.csv", PEOPLE);
    world.write("map.toml", MAPPING);
    world
}

const IMPORT: [&str; 5] = ["import", "hr.csv", "--mapping", "map.toml", "--yes"];

#[test]
fn a_variable_names_the_state_folder_and_the_option_wins() {
    let world = world();
    world.run_with(&[("HRPUSH_STATE", "by-variable")], IMPORT).ends_with(0);
    assert!(world.path("by-variable").is_dir() && !world.path(".hrpush").exists());
    let again = world.run_with(&[("HRPUSH_STATE", "by-variable")], IMPORT).ends_with(0);
    assert!(again.out.contains("Nothing to do"), "{}", again.out);
    let options = IMPORT.iter().chain(&["--state", "by-option"]);
    world.run_with(&[("HRPUSH_STATE", "by-variable")], options).ends_with(0);
    assert!(world.path("by-option").is_dir());
}

#[test]
fn the_state_lies_apart_from_the_configuration() {
    let world = world();
    std::fs::create_dir(world.path("etc")).unwrap();
    world.write("etc/hrpush.toml", "[guard]\ncreate = \"off\"\n");
    let options = IMPORT.iter().chain(&["--config", "etc/hrpush.toml", "--state", "var"]);
    world.run(options).ends_with(0);
    assert!(world.path("var").is_dir() && !world.path("etc/.hrpush").exists());
}

/// A run against a tenant that needs a client secret. No token service listens at the authority.
fn with_secret(world: &World, secret: &str, variables: &[(&str, &str)]) -> String {
    let auth = format!("auth = {{ method = \"client-secret\", client_id = \"app\", {secret} }}");
    world.write("hrpush.toml", format!("[tenant]\nid = \"contoso.com\"\n{auth}\n"));
    let authority = [("AZURE_AUTHORITY_HOST", "https://127.0.0.1:9")];
    let variables: Vec<(&str, &str)> = authority.iter().chain(variables).copied().collect();
    let arguments = ["plan", "hr.csv", "--mapping", "map.toml", "--out", "plan.json", "--graph-url", "http://127.0.0.1:9/v1.0"];
    let ended = world.run_with(&variables, arguments);
    assert_ne!(ended.code, 0);
    ended.err
}

#[cfg(unix)]
#[test]
fn systemd_and_programs_hand_secrets_over() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    let credential = "secret_file = \"$CREDENTIALS_DIRECTORY/tenant-secret\"";
    let outside = with_secret(&world, credential, &[]);
    assert!(outside.contains("the credential `tenant-secret` is not loaded"), "{outside}");
    std::fs::create_dir(world.path("credentials")).unwrap();
    let file = world.write("credentials/tenant-secret", "s3cret-of-the-unit\n");
    // An access list of systemd shows as a group that may read.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
    let folder = world.path("credentials");
    let inside = with_secret(&world, credential, &[("CREDENTIALS_DIRECTORY", folder.to_str().unwrap())]);
    for word in ["LoadCredential", "others may read", "cannot be read", "s3cret"] {
        assert!(!inside.contains(word), "{inside}");
    }
    let printed = with_secret(&world, "secret_command = [\"/bin/echo\", \"s3cret-of-a-program\"]", &[]);
    assert!(!printed.contains("printed no secret") && !printed.contains("s3cret"), "{printed}");
    let refused = with_secret(&world, "secret_command = [\"/bin/false\"]", &[]);
    assert!(refused.contains("the program /bin/false printed no secret: it ended with 1"), "{refused}");
}

#[test]
fn a_secret_has_one_place() {
    let world = world();
    let both = with_secret(&world, "secret_env = \"S\", secret_command = [\"/bin/true\"]", &[]);
    assert!(both.contains("`secret_env` and `secret_command` exclude each other"), "{both}");
    let none = with_secret(&world, "secret_command = []", &[]);
    assert!(none.contains("`secret_command` names no program"), "{none}");
}

#[test]
fn each_subcommand_has_a_page_in_the_folder() {
    let world = World::new();
    world.run(["man", "--to", "man1"]).ends_with(0);
    for name in ["hrpush", "hrpush-import", "hrpush-runs-show", "hrpush-mapping-eval"] {
        let page = std::fs::read_to_string(world.path("man1").join(format!("{name}.1"))).unwrap();
        assert!(page.contains("EXAMPLES") && page.contains("HRPUSH_STATE"), "{name}:\n{page}");
    }
}
