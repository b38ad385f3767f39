//! The example of docs/scim-endpoint.md, as a reader would try it.

use std::collections::VecDeque;

use serde_json::Value;

use super::server::Server;
use crate::world::{World, project};

/// The commands of the page's first blocks of a shell, in their order, without their comments.
fn commands(page: &str) -> VecDeque<String> {
    let mut blocks = page.split("\n```sh\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0);
    let both = format!("{}\n{}", blocks.next().unwrap(), blocks.next().unwrap()).replace("\\\n", "");
    both.lines().map(|line| line.split("  #").next().unwrap().trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn words(command: &str) -> Vec<&str> {
    command.split_whitespace().skip(1).collect()
}

#[test]
fn the_example_of_the_page_brings_its_person_into_a_plan() {
    let page = std::fs::read_to_string(project("docs/scim-endpoint.md")).unwrap();
    let mut commands = commands(&page);
    let mut next = |begins: &str| {
        let command = commands.pop_front().unwrap();
        assert!(command.starts_with(begins), "the page has `{command}` where `{begins}` is expected");
        command
    };
    let world = World::new();
    let init = next("hrpush init --preset scim-push");
    let token = next("hrpush serve token new --feed scim-push");
    next("hrpush serve");
    world.run(words(&init)).ends_with(0);
    world.run(words(&token)).ends_with(0);
    let server = Server::start_again_in(world);
    let curl = next("curl ");
    assert!(curl.contains("http://127.0.0.1:8443/scim/v2/Users") && curl.contains("Authorization: Bearer $TOKEN"), "{curl}");
    let body: Value = serde_json::from_str(curl.split("-d '").nth(1).unwrap().trim_end_matches('\'')).unwrap();
    server.post("/Users", &body).is(201);
    let records = server.world.run(words(&next("hrpush records"))).ends_with(0);
    assert!(records.out.contains("E-1"), "{}", records.out);
    let plan = server.world.run(words(&next("hrpush plan"))).ends_with(0);
    assert!(plan.out.contains("Ada Brandt"), "{}", plan.out);
    next("hrpush sync");
    assert!(commands.is_empty(), "{commands:?}");
}
