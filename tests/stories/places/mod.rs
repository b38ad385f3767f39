//! Files that are fetched: from an SFTP server and from object stores, on loopback.

mod object_server;
mod objects;
mod sftp_server;

use std::path::Path;

use russh::keys::ssh_key::LineEnding;

use self::sftp_server::{Files, Server, new_key};
use crate::world::{Ended, World, project};

fn samples() -> Files {
    let bytes = |name: &str| std::fs::read(project(name)).unwrap();
    Files::from([
        ("/out/employees-1.csv", (1_000, b"EmployeeID\nold\n".to_vec())),
        ("/out/employees-2.csv", (2_000, bytes("samples/employees.csv"))),
        ("/out/other.csv", (9_000, b"x\n".to_vec())),
    ])
}

/// A file that only its owner can read.
fn private(world: &World, name: &str, text: &str) {
    let path = world.write(name, text);
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let _: &Path = name.as_ref();
}

fn planned(world: &World) -> Ended {
    world.run(["plan", "--out", "plan.json", "--format", "json"])
}

fn by_password(server: &Server, file: &str, more: &str) -> World {
    let world = World::new();
    private(&world, "secret", "correct horse\n");
    let path = format!("sftp://hr@127.0.0.1:{}/out/{file}", server.port);
    world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\npath = \"{path}\"\npassword_file = \"secret\"\n{more}"));
    world
}

#[test]
fn the_newest_file_of_an_sftp_server_goes_in_and_then_nothing_is_left_to_do() {
    let server = Server::start(samples(), None, u32::MAX);
    let world = by_password(&server, "employees-*.csv", &format!("host_key = \"{}\"\n", server.fingerprint()));
    let by_file = world.import(&project("samples/employees.csv"), &["--dry-run", "--format", "json"]).ends_with(0).json();
    let plan = planned(&world).ends_with(0).json();
    assert_eq!(plan["source"]["name"], "employees-2.csv");
    assert_eq!(plan["source"]["sha256"], by_file["source"]["sha256"]);
    assert_eq!(plan["fingerprint"], by_file["fingerprint"]);
    world.run(["apply", "plan.json"]).ends_with(0);
    assert_eq!(planned(&world).ends_with(0).json()["changes"].as_array().unwrap().len(), 0);
}

#[test]
fn a_key_opens_the_server_that_known_hosts_knows() {
    let key = new_key();
    let server = Server::start(samples(), Some(key.public_key().clone()), u32::MAX);
    let world = World::new();
    private(&world, "id", &key.to_openssh(LineEnding::LF).unwrap());
    let line = format!("[127.0.0.1]:{} {}\n", server.port, server.host_key.to_openssh().unwrap());
    world.write("known_hosts", line);
    let path = format!("sftp://hr@127.0.0.1:{}/out/employees-2.csv", server.port);
    let config = format!("[source]\nkind = \"csv\"\npath = \"{path}\"\nkey_file = \"id\"\nknown_hosts = \"known_hosts\"\n");
    world.write("hrpush.toml", &config);
    planned(&world).ends_with(0);

    // Another key of ours is not let in, and another key of the server's is not spoken to.
    private(&world, "id", &new_key().to_openssh(LineEnding::LF).unwrap());
    let ended = planned(&world).ends_with(1);
    assert!(ended.err.contains("refused the sign-in of `hr`"), "{}", ended.err);
    world.write("known_hosts", format!("[127.0.0.1]:{} {}\n", server.port, new_key().public_key().to_openssh().unwrap()));
    let ended = planned(&world).ends_with(1);
    assert!(ended.err.contains(&server.fingerprint()) && ended.err.contains("nothing was sent to it"), "{}", ended.err);
    world.write("known_hosts", "");
    let ended = planned(&world).ends_with(1);
    assert!(ended.err.contains("has no key of 127.0.0.1"), "{}", ended.err);
}

#[test]
fn what_goes_wrong_on_the_way_is_told_and_nothing_is_planned() {
    let server = Server::start(samples(), None, 0);
    let pinned = format!("host_key = \"{}\"\n", server.fingerprint());
    let message = |world: &World, code: i32| {
        let ended = planned(world).ends_with(code);
        assert!(!world.path("plan.json").exists() && !ended.err.contains("horse"), "{}", ended.err);
        ended.err
    };
    let broken = message(&by_password(&server, "employees-2.csv", &pinned), 1);
    assert!(broken.contains("the transfer broke off"), "{broken}");
    let absent = message(&by_password(&server, "leavers-*.csv", &pinned), 2);
    assert!(absent.contains("there is no such file") && absent.contains("no file fits the pattern"), "{absent}");
    let big = message(&by_password(&server, "employees-2.csv", &format!("{pinned}max_mb = 0\n")), 2);
    assert!(big.contains("employees-2.csv: "), "{big}");
    let other = message(&by_password(&server, "employees-2.csv", &format!("host_key = \"SHA256:{}\"\n", "A".repeat(43))), 1);
    assert!(other.contains("which is not the one in `host_key`"), "{other}");
    let world = by_password(&server, "employees-2.csv", &pinned);
    private(&world, "secret", "wrong horse");
    assert!(message(&world, 1).contains("refused the sign-in of `hr`"));
}

#[test]
fn a_place_is_checked_before_anything_is_fetched() {
    let refused = |lines: &str| {
        let world = World::new();
        world.write("hrpush.toml", format!("[source]\nkind = \"csv\"\n{lines}\n"));
        planned(&world).ends_with(2).err
    };
    for (lines, message) in [
        ("path = \"sftp://hr:hunter2@host/a.csv\"", "line 3, column 8: this address contains a password"),
        ("path = \"sftp://hr@host/a.csv\"\npassword_env = \"X\"", "the host key of the server is not configured"),
        ("path = \"sftp://hr@host/a.csv\"\nhost_key = \"SHA256:x\"", "the sign-in is not configured"),
        ("path = \"sftp://hr@host/a.csv\"\nhost_key = \"MD5:x\"\nkey_file = \"id\"", "`host_key` is not a fingerprint"),
        ("path = \"sftp://hr@host/*/a.csv\"\nhost_key = \"SHA256:x\"\nkey_file = \"id\"", "`*` in the folder is not supported"),
        ("path = \"ftp://host/a.csv\"", "files are not fetched by `ftp`"),
        ("path = \"s3://bucket/\"", "`path` has no file name"),
        ("path = \"s3://bucket/a.csv\"\naccess_key_id = \"x\"", "the credential is incomplete"),
        ("path = \"s3://bucket/a.csv\"\nendpoint = \"http://minio.example.com\"", "`endpoint` must be an https address"),
        ("path = \"s3://bucket/a.csv\"\nhost_key = \"x\"", "unknown key `host_key`"),
        ("path = \"s3://bucket/a.csv\"\nafter = { move = \"done/\" }", "`after` can move files on this machine only"),
        ("path = [\"a.csv\", \"s3://bucket/a.csv\"]", "a file on a server cannot be one of several"),
    ] {
        let found = refused(lines);
        assert!(found.contains(message) && !found.contains("hunter2"), "{lines}: {found}");
    }
}
