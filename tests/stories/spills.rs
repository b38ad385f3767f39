//! Secrets that were written where they do not belong, and files that others could read.

use crate::world::World;

const CANARY: &str = "hunter2canary";
const MAPPING: &str = "version = 1\nname = \"hr\"\n[source]\nkey = \"[EmployeeID]\"\n[[match]]\ntarget = \"employeeId\"\n\
                       [attributes]\nemployeeId = \"[EmployeeID]\"\ndisplayName = \"[LastName]\"\n\
                       userPrincipalName = { when = \"create\", expression = 'Join(\"@\", [EmployeeID], DefaultDomain())' }\n";

#[test]
fn no_command_shows_a_secret_of_a_configuration_or_mapping() {
    let mapping = |source: &str| {
        format!(
            "version = 1\nname = \"hr\"\n[source]\nkey = \"[id]\"\n{source}\n[[match]]\ntarget = \"employeeId\"\n[attributes]\nemployeeId = \"[id]\"\n"
        )
    };
    let configs = [
        "[source]\nkind = \"rest\"\nbase_url = \"https://u:CANARY@host\"\n",
        "[source]\nkind = \"rest\"\nbase_url = \"https://host?api_key=CANARY\"\n",
        "[source]\nkind = \"rest\"\nbase_url = \"https://host\"\nsecret_headers = { X = \"CANARY\" }\n",
        "[tenant]\nid = \"contoso.com\"\nsecret = \"CANARY\n",
        "[tenant]\nid = \"contoso.com\"\n[tenant.auth]\nclient_secret = CANARY\n",
        "[source]\nkind = \"sql\"\ndriver = \"mssql\"\nurl = \"Server=h;Password=CANARY;\"\n",
        "[source]\nkind = \"csv\"\npath = \"az://c/f.csv\"\naccount = \"AccountKey=CANARY;\"\n",
    ];
    for config in configs {
        let world = World::new();
        world.write("hrpush.toml", config.replace("CANARY", CANARY));
        for arguments in [&["doctor"][..], &["sync"], &["records"], &["import", "x.csv", "-vv"], &["doctor", "--format", "json"]]
        {
            let ended = world.run(arguments);
            assert_ne!(ended.code, 0);
            assert!(!format!("{}{}", ended.out, ended.err).contains("hunter2"), "{config}\n{}{}", ended.out, ended.err);
        }
    }
    for source in [
        "kind = \"rest\"\nbase_url = \"https://u:CANARY@host\"",
        "kind = \"rest\"\nsecret_headers = { X = \"CANARY\" }",
        "password = \"CANARY\"",
        "pasword = \"CANARY\"",
        "token = \"CANARY",
        "x = '''\n-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n''' y",
    ] {
        let world = World::new();
        world.write("map.toml", mapping(source).replace("CANARY", CANARY));
        let ended = world.run(["mapping", "check", "map.toml"]).ends_with(2);
        assert!(!format!("{}{}", ended.out, ended.err).contains("hunter2"), "{source}\n{}{}", ended.out, ended.err);
    }
}

#[test]
fn an_address_on_the_command_line_or_in_the_environment_is_shown_without_its_password() {
    let world = World::new();
    world.write("map.toml", MAPPING);
    world.write("hr.csv", "EmployeeID,FirstName,LastName,Status\n1,Ann,Lee,Active\n");
    for url in
        ["https://u:hunter2@host/v1.0", "http://u:hunter2@graph.example.com", "https://host?key=hunter2", "ftp://u:hunter2@host"]
    {
        let ended = world.run(["import", "hr.csv", "--mapping", "map.toml", "--graph-url", url]).ends_with(2);
        assert!(!format!("{}{}", ended.out, ended.err).contains("hunter2"), "{}{}", ended.out, ended.err);
    }
    let variables = [
        ("HRPUSH_ACCESS_TOKEN", "any"),
        ("HTTPS_PROXY", "http://u:hunter2@127.0.0.1:9"),
        ("HTTP_PROXY", "http://u:hunter2@127.0.0.1:9"),
        ("AZURE_AUTHORITY_HOST", "https://u:hunter2@127.0.0.1:9"),
    ];
    let ended = world
        .run_with(&variables, ["import", "hr.csv", "--mapping", "map.toml", "--graph-url", "https://127.0.0.1:9", "-vvv"])
        .ends_with(1);
    assert!(!format!("{}{}", ended.out, ended.err).contains("hunter2"), "{}{}", ended.out, ended.err);
}

#[cfg(unix)]
#[test]
fn files_that_others_could_read_are_narrowed() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let mode = |name: &str| std::fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
    let open = |name: &str| std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(0o666)).unwrap();
    world.write("hr.csv", "EmployeeID,FirstName,LastName,Status\n1,Ann,Lee,Active\n");
    world.write("map.toml", MAPPING);
    for name in ["run.log", "plan.html", "plan.json", "target.log"] {
        world.write(name, "");
        open(name);
    }
    std::os::unix::fs::symlink(world.path("target.log"), world.path("link.log")).unwrap();
    world
        .run(["import", "hr.csv", "--mapping", "map.toml", "--dry-run", "--log-file", "run.log", "--html", "plan.html"])
        .ends_with(0);
    for name in [".hrpush/state.db", ".hrpush/sandbox.db", ".hrpush/lock"] {
        open(name);
    }
    world.run(["plan", "hr.csv", "--mapping", "map.toml", "--log-file", "link.log", "--out", "plan.json"]).ends_with(0);
    let all = ["run.log", "target.log", "plan.html", "plan.json", ".hrpush/state.db", ".hrpush/sandbox.db", ".hrpush/lock"];
    for name in all {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    for entry in std::fs::read_dir(world.path(".hrpush")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == ".gitignore" || mode(&format!(".hrpush/{name}")) == 0o600, "{name}");
    }
    // What is no file stays as it is.
    world.run(["plan", "hr.csv", "--mapping", "map.toml", "--log-file", "/dev/null"]).ends_with(0);
    assert_ne!(std::fs::metadata("/dev/null").unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn no_output_and_no_log_shows_a_token_at_an_unusual_place() {
    let service = "[source]\nkind = \"rest\"\npath = \"/x\"\nattempts = 1\nauth = { method = \"none\" }\n";
    let configs = [
        "[tenant]\nid = \"contoso.com\"\nsecret =\nCANARY\n".to_owned(),
        "[tenant]\nid = \"contoso.com\"\nsecret\nCANARY\n".to_owned(),
        "[CANARY]\nid = \"contoso.com\"\n".to_owned(),
        "[tenant.CANARY]\nid = \"contoso.com\"\n".to_owned(),
        "[tenant]\nid = \"contoso.com\"\nauth = { method = \"client-secret\", client_id = [\"CANARY\"], secret_env = \"S\" }\n"
            .to_owned(),
        format!("{service}base_url = \"https://host/CANARY#\"\ntimeout = 5\n"),
        format!("{service}base_url = \"https://host/#CANARY\"\n"),
        format!("{service}base_url = https://127.0.0.1:9/CANARY\n"),
        // A right address, which ends with a request that is refused.
        format!("{service}base_url = \"https://127.0.0.1:9/CANARY\"\n"),
    ];
    for config in configs {
        let world = World::new();
        world.write("hrpush.toml", config.replace("CANARY", CANARY));
        world.write("map.toml", MAPPING);
        for arguments in [&["doctor"][..], &["sync"], &["records"], &["sync", "--mapping", "map.toml", "-vv"]] {
            let ended = world.run(arguments.iter().copied().chain(["--log-file", "run.log"]));
            // The doctor does not read the source.
            assert!(ended.code != 0 || arguments == ["doctor"], "{config}{arguments:?}");
            let log = std::fs::read_to_string(world.path("run.log")).unwrap_or_default();
            let shown = format!("{}{}{log}", ended.out, ended.err);
            assert!(!shown.contains("hunter2"), "{config}{arguments:?}\n{shown}");
        }
    }
}
