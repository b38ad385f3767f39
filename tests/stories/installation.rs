//! What an installation relies on: the state folder apart from the configuration, secrets that systemd or a program hands over, and the
//! pages of the manual.

use crate::served::Served;
use crate::world::{Ended, World};

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

/// A plan for a tenant that needs a client secret; the sandbox is the token service, too.
fn with_secret(world: &World, tenant: &Served, secret: &str, variables: &[(&str, &str)]) -> Ended {
    let auth = format!("auth = {{ method = \"client-secret\", client_id = \"app\", {secret} }}");
    world.write("hrpush.toml", format!("[tenant]\nid = \"contoso.onmicrosoft.com\"\n{auth}\n"));
    let authority = [("AZURE_AUTHORITY_HOST", tenant.url.trim_end_matches("/v1.0"))];
    let variables: Vec<(&str, &str)> = authority.iter().chain(variables).copied().collect();
    let arguments = ["plan", "hr.csv", "--mapping", "map.toml", "--out", "plan.json", "--graph-url", &tenant.url];
    world.run_with(&variables, arguments)
}

#[cfg(unix)]
#[test]
fn systemd_and_programs_hand_secrets_over() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    let tenant = Served::start(&world, &[]);
    let credential = "secret_file = \"$CREDENTIALS_DIRECTORY/tenant-secret\"";
    let outside = with_secret(&world, &tenant, credential, &[]).ends_with(1).err;
    assert!(outside.contains("the credential `tenant-secret` is not loaded"), "{outside}");
    std::fs::create_dir(world.path("credentials")).unwrap();
    let file = world.write("credentials/tenant-secret", "s3cret-of-the-unit\n");
    // An access list of systemd shows as a group that may read.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
    let folder = world.path("credentials");
    let inside = with_secret(&world, &tenant, credential, &[("CREDENTIALS_DIRECTORY", folder.to_str().unwrap())]).ends_with(0);
    let printed = with_secret(&world, &tenant, "secret_command = [\"/bin/echo\", \"s3cret-of-a-program\"]", &[]).ends_with(0);
    for ended in [&inside, &printed] {
        assert!(ended.out.contains("1 to create") && !format!("{}{}", ended.out, ended.err).contains("s3cret"), "{}", ended.out);
    }
    let refused = with_secret(&world, &tenant, "secret_command = [\"/bin/false\"]", &[]).ends_with(1).err;
    assert!(refused.contains("the program /bin/false printed no secret: it ended with 1"), "{refused}");
}

#[test]
fn a_secret_has_one_place() {
    let world = world();
    let tenant = Served::start(&world, &[]);
    let both = with_secret(&world, &tenant, "secret_env = \"S\", secret_command = [\"/bin/true\"]", &[]).ends_with(2).err;
    assert!(both.contains("`secret_env` and `secret_command` exclude each other"), "{both}");
    let none = with_secret(&world, &tenant, "secret_command = []", &[]).ends_with(2).err;
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
