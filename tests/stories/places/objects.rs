//! Object stores.

use std::collections::BTreeMap;

use super::object_server::Server;
use super::{planned, private};
use crate::world::{World, project};

fn samples() -> BTreeMap<&'static str, Vec<u8>> {
    let sample = std::fs::read(project("samples/employees.csv")).unwrap();
    BTreeMap::from([
        ("out/employees-1.csv", b"EmployeeID\nold\n".to_vec()),
        ("out/employees-2.csv", sample),
        ("out/other.csv", b"x\n".to_vec()),
    ])
}

fn goes_in(server: &Server, lines: &str, secret: &str) {
    let world = World::new();
    private(&world, "secret", secret);
    let config = format!("[source]\nkind = \"csv\"\nendpoint = \"{}\"\nsecret_file = \"secret\"\n{lines}\n", server.url);
    world.write("hrpush.toml", &config);
    let by_file = world.import(&project("samples/employees.csv"), &["--dry-run", "--format", "json"]).ends_with(0).json();
    let plan = planned(&world).ends_with(0).json();
    assert_eq!(plan["source"]["name"], "employees-2.csv");
    assert_eq!(plan["source"]["sha256"], by_file["source"]["sha256"]);
    assert_eq!(plan["fingerprint"], by_file["fingerprint"]);

    world.write("hrpush.toml", config.replace("employees-", "leavers-"));
    assert!(planned(&world).ends_with(2).err.contains("there is no such file"));
}

#[test]
fn the_newest_object_of_s3_goes_in() {
    let server = Server::start(samples(), "AKIAEXAMPLE");
    let lines = "path = \"s3://hr/out/employees-*.csv\"\nregion = \"eu-central-1\"\naccess_key_id = \"AKIAEXAMPLE\"";
    goes_in(&server, lines, "wJalrXUtnFEMI");
    let world = World::new();
    private(&world, "secret", "wJalrXUtnFEMI");
    let other = lines.replace("AKIAEXAMPLE", "AKIAOTHER");
    let config = format!("[source]\nkind = \"csv\"\nendpoint = \"{}\"\nsecret_file = \"secret\"\n{other}\n", server.url);
    world.write("hrpush.toml", config);
    let ended = planned(&world).ends_with(1);
    assert!(ended.err.contains("the object store refused access") && !ended.err.contains("wJalr"), "{}", ended.err);
}

#[test]
fn a_blob_of_azure_goes_in_by_a_key_and_by_a_shared_access_signature() {
    let server = Server::start(samples(), "SharedKey hraccount:");
    let lines = "path = \"az://hr/out/employees-*.csv\"\naccount = \"hraccount\"";
    goes_in(&server, lines, "aHVudGVyMg==");
    let server = Server::start(samples(), "sig=abc");
    goes_in(&server, lines, "sv=2026-01-01&sr=c&sp=rl&sig=abc");
}
