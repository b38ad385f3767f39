//! What a night asks of the tenant.

use assert_cmd::Command;
use hrpush::sandbox::{Lag, Options, Quota, Sandbox};
use serde_json::{Value, json};

use crate::world::World;

/// A tenant with so many people, as an earlier run left it, and HR's file of them.
struct Night {
    world: World,
    sandbox: Sandbox,
    _runtime: tokio::runtime::Runtime,
}

impl Night {
    fn of(people: usize) -> Self {
        let world = World::new();
        let user = |n: usize| {
            json!({ "id": format!("00000000-0000-0000-0000-{n:012}"), "displayName": format!("P {n}"), "givenName": "P",
                "surname": n.to_string(), "mailNickname": format!("p{n}"), "accountEnabled": true, "employeeId": n.to_string(),
                "userPrincipalName": format!("p{n}@sandbox.example"), "department": "Claims",
                "manager": (n > 0).then_some("00000000-0000-0000-0000-000000000000"), "createdDateTime": "2020-01-01T00:00:00Z" })
        };
        let seed = json!({ "domains": ["sandbox.example"], "users": (0..people).map(user).collect::<Vec<_>>() });
        let options =
            Options { seed: Some(world.write("seed.json", seed.to_string())), quota: Quota::off(), ..Options::default() };
        world.write(
            "map.toml",
            "version = 1\nname = \"Night\"\n[source]\nkey = \"[Id]\"\ntime_zone = \"UTC\"\n[[match]]\ntarget = \"employeeId\"\n\
             [attributes]\nemployeeId = \"[Id]\"\ndepartment = \"[Dept]\"\n[manager]\nkey = \"[Boss]\"\n\
             [[groups]]\nname = 'Join(\" \", \"Dept\", [Dept])'\nkind = \"security\"\n",
        );
        world.write("people.csv", Self::rows(people, "Claims"));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::start("127.0.0.1:0".parse().unwrap(), options)).unwrap();
        Self { world, sandbox, _runtime: runtime }
    }

    fn rows(people: usize, first: &str) -> String {
        let row = |n: usize| format!("{n},{},{}\n", if n == 0 { first } else { "Claims" }, if n == 0 { "" } else { "0" });
        format!("Id,Dept,Boss\n{}", (0..people).map(row).collect::<String>())
    }

    /// A run, and the requests that it took, each line of a batch apart.
    fn run(&self, command: &str, options: &[&str]) -> (Value, u64, Vec<String>) {
        let (sent, lines) = (self.sandbox.requests().requests, self.sandbox.log().len());
        let output = Command::new(env!("CARGO_BIN_EXE_hrpush"))
            .current_dir(self.world.path("."))
            .env("HRPUSH_ACCESS_TOKEN", "night")
            .args([command, "people.csv", "--mapping", "map.toml", "--graph-url", &self.sandbox.url(), "--format", "json"])
            .args(options)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let log = self.sandbox.log().split_off(lines);
        (serde_json::from_slice(&output.stdout).unwrap(), self.sandbox.requests().requests - sent, log)
    }
}

#[test]
fn a_night_without_changes_asks_once_and_writes_nothing() {
    let night = Night::of(1_100);
    let (first, _, _) = night.run("import", &["--yes"]);
    assert_eq!(first["summary"]["createGroup"], 1);
    night.run("import", &["--yes"]);
    let (outcome, sent, log) = night.run("import", &["--yes"]);
    assert_eq!(outcome["applied"], 0);
    // With a credential that fetches its token, that is the second request.
    assert_eq!((sent, outcome["requests"]["sent"].as_u64()), (1, Some(1)), "{log:#?}");
    let reads = log.iter().filter(|line| line.starts_with("GET ")).count();
    assert!(reads <= 6 && log.len() == reads + 1, "{log:#?}");
    assert!(outcome["requests"]["resourceUnits"].as_u64().unwrap() <= 6);
}

#[test]
fn a_dry_run_sends_reads_alone_and_saves_the_next_run_a_full_list() {
    let night = Night::of(20);
    let (plan, _, log) = night.run("plan", &[]);
    assert_eq!(plan["summary"]["createGroup"], 1);
    assert!(log.iter().all(|line| line.starts_with("GET ") || line == "POST /$batch"), "{log:#?}");
    let (_, sent, log) = night.run("plan", &[]);
    assert_eq!(sent, 1, "{log:#?}");
}

#[test]
fn what_somebody_changes_by_hand_is_seen_the_next_night() {
    let night = Night::of(20);
    night.run("import", &["--yes"]);
    night.run("import", &["--yes"]);
    night.world.write("people.csv", Night::rows(20, "Audit"));
    night.run("import", &["--yes"]);
    let (plan, _, _) = night.run("plan", &[]);
    assert_eq!(plan["changes"], json!([]));
    // Cleaned up by HR again: delta returns what the last run wrote, and so it is undone.
    night.world.write("people.csv", Night::rows(20, "Claims"));
    let (plan, sent, _) = night.run("plan", &[]);
    assert_eq!((plan["summary"]["update"].as_u64(), sent), (Some(1), 1), "{plan:#}");
}

#[test]
fn whom_a_replica_does_not_show_yet_is_not_made_again_under_another_name() {
    let world = World::new();
    // The account is made by the ninth request, and the six reads of the next run know nothing of it.
    let options = Options { lag: Some(Lag::Requests(7)), quota: Quota::off(), ..Options::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start("127.0.0.1:0".parse().unwrap(), options)).unwrap();
    world.write(
        "map.toml",
        "version = 1\nname = \"Night\"\n[source]\nkey = \"[Id]\"\ntime_zone = \"UTC\"\n[[match]]\ntarget = \"employeeId\"\n\
         [attributes]\nemployeeId = \"[Id]\"\ndisplayName = \"[Name]\"\n\
         userPrincipalName = { when = \"create\", expression = 'Join(\"@\", [Name], \"contoso.onmicrosoft.com\")' }\n",
    );
    let import = |name: &str| {
        let file = world.write("people.csv", format!("Id,Name\n1,{name}\n"));
        let token = [("HRPUSH_ACCESS_TOKEN", "night")];
        let (file, url) = (file.to_str().unwrap().to_owned(), sandbox.url());
        let arguments = ["import", &file, "--mapping", "map.toml", "--graph-url", &url, "--yes", "--format", "json"];
        world.run_with(&token, arguments).ends_with(0).json()
    };
    assert_eq!(import("ada")["summary"]["create"], 1);
    assert_eq!(sandbox.requests().reads, 8, "else the lag of this test must be another one");
    let second = import("ann");
    assert_eq!((second["summary"]["create"].as_u64(), second["summary"]["update"].as_u64()), (Some(0), Some(1)), "{second:#}");
    let users = sandbox.users();
    assert_eq!((users.as_array().unwrap().len(), &users[0]["displayName"]), (1, &json!("ann")));
}
