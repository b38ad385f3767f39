//! From a push to the tenant: the feed goes the way of every other one.

use serde_json::{Value, json};

use super::server::{ENT, Server, person};
use crate::served::Served;
use crate::world::{Ended, World};

/// A server, and the tenant that its runs write to.
struct Company {
    server: Server,
    tenant: Served,
}

impl std::ops::Deref for Company {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Company {
    fn start() -> Self {
        let server = Server::start();
        let tenant = Served::start(&server.world, &["--quota-kind", "off"]);
        Self { server, tenant }
    }

    fn run(&self, command: &str) -> Ended {
        self.world.run_with(&[("HRPUSH_ACCESS_TOKEN", "a.b.c")], [command, "--format", "json", "--graph-url", &self.tenant.url])
    }
}

fn sync(company: &Company) -> Ended {
    company.run("sync")
}

fn records(server: &Server) -> Vec<Value> {
    let document = server.world.run(["records", "--format", "json"]).ends_with(0).json();
    document["records"].as_array().unwrap().iter().map(|record| record["cells"].clone()).collect()
}

/// The changes that a run would make, as action and key.
fn planned(company: &Company) -> Vec<(String, String)> {
    let plan = company.run("plan");
    let plan: Value = serde_json::from_str(&plan.out).unwrap_or_else(|_| panic!("{}\n{}", plan.out, plan.err));
    let text = |change: &Value, name: &str| change[name].as_str().unwrap_or_default().to_owned();
    plan["changes"].as_array().unwrap().iter().map(|change| (text(change, "action"), text(change, "key"))).collect()
}

fn set_active(server: &Server, path: &str, active: bool) {
    server.patch(path, &json!([{ "op": "Replace", "path": "active", "value": if active { "True" } else { "False" } }])).is(200);
}

#[test]
fn nothing_pushed_yet_is_nothing_to_do() {
    let world = World::new();
    world.run(["init", "--preset", "scim-push"]).ends_with(0);
    let tenant = Served::start(&world, &[]);
    let run = || world.run_with(&[("HRPUSH_ACCESS_TOKEN", "a.b.c")], ["sync", "--graph-url", &tenant.url]).ends_with(0);
    run();
    run();
    let shown = world.run(["records"]).ends_with(0);
    assert!(shown.out.contains("0 records"), "{}", shown.out);
}

#[test]
fn two_hundred_people_arrive_leave_and_come_back() {
    let server = Company::start();
    let paths: Vec<String> = (1..=200).map(|number| server.person(number)).collect();
    let first = sync(&server).ends_with(0).json();
    assert_eq!(first["applied"], 200, "{first}");
    let second = sync(&server).ends_with(0).json();
    assert_eq!(second["applied"], 0, "{second}");
    server.patch(&paths[2], &json!([{ "op": "Add", "path": format!("{ENT}:department"), "value": "Audit" }])).is(200);
    set_active(&server, &paths[0], false);
    server.delete(&paths[1]).is(204);
    let mut wanted = planned(&server);
    wanted.sort();
    let change = |action: &str, key: &str| (action.to_owned(), key.to_owned());
    assert_eq!(wanted, [change("disable", "E-0001"), change("disable", "E-0002"), change("update", "E-0003")]);
    assert_eq!(sync(&server).ends_with(0).json()["applied"], 3);
    assert_eq!(sync(&server).ends_with(0).json()["applied"], 0);
    let settled = rusqlite::Connection::open(server.world.path(".hrpush/pushed.db")).unwrap();
    let settled =
        settled.query_row("select count(*) from resources where settled_at is not null", [], |row| row.get::<_, i64>(0));
    assert_eq!(settled.unwrap(), 1, "the account of the tombstone is disabled: its 400 days have begun");
    set_active(&server, &paths[0], true);
    // A rehire under the same externalId takes the place of the tombstone.
    server.post("/Users", &person(2)).is(201);
    let mut wanted = planned(&server);
    wanted.sort();
    assert_eq!(wanted, [change("enable", "E-0001"), change("enable", "E-0002")]);
}

#[test]
fn every_form_of_active_false_disables() {
    let server = Company::start();
    let paths: Vec<String> = (1..=120).map(|number| server.person(number)).collect();
    sync(&server).ends_with(0);
    server.patch(&paths[0], &json!([{ "op": "Replace", "path": "active", "value": "False" }])).is(200);
    server.patch(&paths[1], &json!([{ "op": "replace", "value": { "active": false } }])).is(200);
    let mut whole = server.get(&paths[2]).body;
    whole["active"] = json!("false");
    server.send("PUT", &paths[2], &whole).is(200);
    server.delete(&paths[3]).is(204);
    let actions = planned(&server);
    assert_eq!(actions.len(), 4, "{actions:?}");
    assert!(actions.iter().all(|(action, _)| action == "disable"), "{actions:?}");
    assert_eq!(sync(&server).ends_with(0).json()["applied"], 4);
}

#[test]
fn unassigning_everybody_is_stopped_and_silence_is_no_leaver() {
    let server = Company::start();
    let paths: Vec<String> = (1..=40).map(|number| server.person(number)).collect();
    sync(&server).ends_with(0);
    for path in &paths {
        set_active(&server, path, false);
    }
    sync(&server).ends_with(3);
    assert_eq!(sync(&server).code, 3, "the guard does not tire");
    for path in &paths {
        set_active(&server, path, true);
    }
    assert_eq!(sync(&server).ends_with(0).json()["applied"], 0, "days without a push change nothing");
}

#[test]
fn records_have_the_sender_own_ids_of_managers_and_groups() {
    let server = Company::start();
    let boss = server.person(1);
    let boss_id = boss.rsplit('/').next().unwrap();
    let ada = server.person(2);
    server.patch(&ada, &json!([{ "op": "Add", "path": "manager", "value": boss_id }])).is(200);
    server.post("/Groups", &json!({ "displayName": "Claims", "externalId": "g-1", "members": [{ "value": boss_id }] })).is(201);
    server.post("/Groups", &json!({ "displayName": "No id", "members": [{ "value": boss_id }] })).is(201);
    let records = records(&server);
    assert_eq!(records[1][format!("{ENT}:manager.value")], "E-0001");
    assert_eq!(records[0]["groups"], json!(["g-1", "No id"]));
    assert_eq!(
        (&records[0]["active"], &records[0]["emails[type eq \"work\"].value"]),
        (&json!("True"), &json!("p1@contoso.example"))
    );
    server.delete(&ada).is(204);
    assert_eq!(self::records(&server)[1]["active"], "False");
}

#[test]
fn explain_shows_when_and_by_which_token_a_value_arrived() {
    let server = Company::start();
    let path = server.person(1);
    server.patch(&path, &json!([{ "op": "replace", "path": "title", "value": "Judge" }])).is(200);
    let token = server.world.run(["serve", "token", "list", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let explained = server.world.run(["explain", "E-0001"]).ends_with(0);
    let line = explained.out.lines().find(|line| line.contains("title") && line.contains(&token));
    assert!(line.is_some(), "{}", explained.out);
    let group =
        json!({ "displayName": "Claims", "externalId": "g-1", "members": [{ "value": path.rsplit('/').next().unwrap() }] });
    server.post("/Groups", &group).is(201);
    let shown = server.world.run(["explain", "E-0001"]).ends_with(0).out;
    assert!(shown.contains("groups[g-1]: 20") && shown.contains(&token), "{shown}");
    let fed = server.world.run(["records", "--format", "json"]).ends_with(0).json();
    assert_eq!(fed["records"][0]["cells"]["title"], "Judge", "{fed}");
    server.delete(&path).is(204);
    let deleted = server.world.run(["explain", "E-0001", "--format", "json"]).ends_with(0).json();
    let pushed = deleted["records"][0]["pushed"].as_array().unwrap().clone();
    let active = pushed.iter().find(|arrival| arrival["path"] == "active").unwrap();
    let title = pushed.iter().find(|arrival| arrival["path"] == "title").unwrap();
    assert!(active["token"] == token.as_str() && active["at"].as_str() > title["at"].as_str(), "the DELETE: {deleted}");
}

#[test]
fn a_mapping_of_another_name_is_no_mapping_of_the_feed() {
    let server = Company::start();
    let text = std::fs::read_to_string(server.world.path("hrpush.toml")).unwrap();
    server.world.write("hrpush.toml", text.replace("feed    = \"scim-push\"", "feed    = \"HR\""));
    let ended = server.run("plan").ends_with(2);
    assert!(ended.err.contains("`HR`") && ended.err.contains("`scim-push`"), "{}", ended.err);
    let mapping = std::fs::read_to_string(server.world.path("scim-push.toml")).unwrap();
    server.world.write("hrpush.toml", text);
    server.world.write("scim-push.toml", mapping.replace("[title]", "[titel]"));
    let ended = server.world.run(["plan"]).ends_with(2);
    assert!(ended.err.contains("no column `titel`") && ended.err.contains("title"), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn a_quiet_sender_starts_a_run() {
    let mut server = Server::talking("run_after = \"1s\"");
    server.person(1);
    let message = server.wait_for("the run after the push");
    // Without a tenant it ends at once, and says so in the list of runs.
    assert!(message.contains("ended with exit status: 2"), "{message}");
    let runs = server.world.run(["runs", "--format", "json"]).ends_with(0).json();
    assert!(runs[0]["reason"].as_str().unwrap().starts_with("sync has no tenant"), "{runs}");
}
