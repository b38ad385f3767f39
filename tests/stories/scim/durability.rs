//! An answer of success is on the disk, whatever happens next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::server::{Server, person};

#[test]
fn killed_at_any_moment_no_acknowledged_write_is_lost() {
    let mut server = Server::start();
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let (next, pid) = (Arc::new(AtomicUsize::new(round * 1_000)), 8 + round * 7);
        let (url, token) = (server.url.clone(), server.token.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        for _ in 0..8 {
            let (next, url, token, sender) = (Arc::clone(&next), url.clone(), token.clone(), sender.clone());
            runtime.spawn(async move {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let request = client.post(format!("{url}/Users")).bearer_auth(&token);
                    let request = request.header("content-type", "application/json").body(person(number).to_string());
                    match request.send().await {
                        Ok(answer) if answer.status().as_u16() == 201 => {
                            if sender.send(number).is_err() {
                                break;
                            }
                        }
                        _ => break,
                    }
                }
            });
        }
        drop(sender);
        // After so many answers it is killed, with others on their way.
        acknowledged.extend(receiver.iter().take(pid));
        server.kill();
        acknowledged.extend(receiver.iter());
        drop(runtime);
        server.restart();
    }
    assert!(acknowledged.len() > 60, "{}", acknowledged.len());
    for number in acknowledged {
        let found = server.find("/Users", &format!("externalId eq \"E-{number:04}\"")).is(200).body;
        assert_eq!(found["totalResults"], 1, "the acknowledged person {number} is lost");
    }
}

#[test]
fn parallel_changes_of_one_group_are_all_applied() {
    let server = Server::start();
    let group = server.post("/Groups", &json!({ "displayName": "T" })).is(201).id();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let patches = (0..40).map(|number| {
        let body = json!({ "Operations": [{ "op": "Add", "path": "members", "value": [{ "value": format!("m{number}") }] }] });
        let request = client.patch(format!("{}/Groups/{group}", server.url)).bearer_auth(&server.token);
        request.header("content-type", "application/json").body(body.to_string()).send()
    });
    let answers = runtime.block_on(futures::future::join_all(patches));
    assert!(answers.into_iter().all(|answer| answer.unwrap().status().as_u16() == 204));
    let members = server.get(&format!("/Groups/{group}")).is(200).body["members"].as_array().unwrap().len();
    assert_eq!(members, 40);
}

#[test]
fn a_run_reads_while_the_server_writes() {
    let server = Server::start();
    (0..20).for_each(|number| drop(server.person(number)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (url, token) = (server.url.clone(), server.token.clone());
    let writes = runtime.spawn(async move {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for number in 20..120 {
            let request = client.post(format!("{url}/Users")).bearer_auth(&token).header("content-type", "application/json");
            let answer = request.body(person(number).to_string()).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 201);
        }
    });
    server.world.run(["plan"]).ends_with(0);
    runtime.block_on(writes).unwrap();
    let plan = server.world.run(["plan", "--format", "json"]).ends_with(0).json();
    assert_eq!(plan["summary"]["create"], 120, "{}", plan["summary"]);
    assert_eq!(server.get("/Users?count=0").body["totalResults"], 120);
}

#[test]
fn killed_or_asked_to_end_no_acknowledged_leaver_is_lost() {
    let mut server = Server::start();
    let paths: Vec<String> = (0..60).map(|number| server.person(number)).collect();
    let team = format!("/Groups/{}", server.post("/Groups", &json!({ "displayName": "T" })).is(201).id());
    for (round, few) in [(0, 6), (1, 11)] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        for client in 0..6 {
            let mine: Vec<String> = paths.iter().skip(round * 30 + client).step_by(6).take(5).cloned().collect();
            let (url, token, team, sender) = (server.url.clone(), server.token.clone(), team.clone(), sender.clone());
            runtime.spawn(async move {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                let patch = |path: String, operation: serde_json::Value| {
                    let request =
                        client.patch(format!("{url}{path}")).bearer_auth(&token).header("content-type", "application/json");
                    request.body(json!({ "Operations": [operation] }).to_string()).send()
                };
                for path in mine {
                    let leaves = json!({ "op": "Replace", "path": "active", "value": "False" });
                    let member =
                        json!({ "op": "Add", "path": "members", "value": [{ "value": path.rsplit('/').next().unwrap() }] });
                    let (left, joined) = (patch(path.clone(), leaves).await, patch(team.clone(), member).await);
                    let done = |answer: &Result<reqwest::Response, reqwest::Error>| {
                        answer.as_ref().is_ok_and(|it| it.status().is_success())
                    };
                    if sender.send((path, done(&left), done(&joined))).is_err() || joined.is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut acknowledged: Vec<(String, bool, bool)> = receiver.iter().take(few).collect();
        if round == 0 {
            server.kill();
        } else {
            server.end();
        }
        acknowledged.extend(receiver.iter());
        drop(runtime);
        server.restart();
        let members = server.get(&team).is(200).body["members"].to_string();
        assert!(acknowledged.iter().filter(|(_, left, _)| *left).count() >= few, "{acknowledged:?}");
        for (path, left, joined) in acknowledged {
            assert!(!left || server.get(&path).is(200).body["active"] == false, "the acknowledged leaver {path} is lost");
            assert!(!joined || members.contains(path.rsplit('/').next().unwrap()), "the acknowledged member {path} is lost");
        }
    }
}
