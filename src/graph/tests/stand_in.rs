//! Other servers than our sandbox: each answers by a script, as a gateway or another Graph-compatible service might.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use crate::directory::ObjectId;
use crate::graph::http::batch::BatchItem;
use crate::graph::{Client, Credential, GraphUrl, Reader, Settings, Writer};
use crate::target::{Answer, Cause, Operation, Outcome, QuotaLevel, RateLevel, Refusal, Stops, StopsKeeper};

/// What was asked: `POST /$batch`, and the body.
type Asked = (String, Json);

/// Does the work while each turn of the runtime takes a millisecond of its clock, whatever it takes on ours.
pub(in crate::graph) fn fly<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let _pilot = tokio::spawn(async {
            loop {
                tokio::time::advance(Duration::from_millis(1)).await;
                tokio::task::yield_now().await;
            }
        });
        work.await
    })
}

/// Serves by a script, which gets the number of earlier requests.
pub(in crate::graph) async fn serve(
    script: impl Fn(&str, &Json, usize) -> Response + Send + Sync + 'static,
) -> (Arc<Client>, Arc<std::sync::Mutex<Vec<Asked>>>) {
    let log: Arc<std::sync::Mutex<Vec<Asked>>> = Arc::default();
    let (kept, script) = (Arc::clone(&log), Arc::new(script));
    let answer = move |method: axum::http::Method, uri: axum::http::Uri, body: String| async move {
        let asked = format!("{method} {}", uri.path().trim_start_matches("/v1.0"));
        let body: Json = serde_json::from_str(&body).unwrap_or_default();
        let mut log = kept.lock().unwrap();
        log.push((asked.clone(), body.clone()));
        script(&asked, &body, log.len() - 1)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    let settings = Settings::new(GraphUrl::new(&url).unwrap());
    (Arc::new(Client::connect(settings, Credential::token(SecretString::from("t"))).unwrap()), log)
}

pub(in crate::graph) fn respond(status: u16, headers: &[(&'static str, &'static str)], body: &Json) -> Response {
    let headers: HeaderMap = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    (StatusCode::from_u16(status).unwrap(), headers, axum::Json(body.clone())).into_response()
}

fn id(text: &str) -> ObjectId {
    ObjectId::new(text).unwrap()
}

#[tokio::test]
async fn a_batch_that_is_refused_whole_says_nothing_of_what_is_in_it() {
    for status in [400, 404, 405, 413] {
        let (client, log) = serve(move |asked, _, _| match asked {
            "POST /$batch" => {
                respond(status, &[], &json!({ "error": { "code": "BadRequest", "message": "No such thing here." } }))
            }
            _ => respond(204, &[], &Json::Null),
        })
        .await;
        let answers = Writer::new(client)
            .send(vec![Operation::DeleteUser { id: id("a") }, Operation::RevokeSessions { user: id("b") }])
            .await;
        assert!(answers.iter().all(Answer::is_done), "{status}: {answers:?}");
        let asked: Vec<String> = log.lock().unwrap().iter().map(|(asked, _)| asked.clone()).collect();
        assert_eq!(asked, ["POST /$batch", "DELETE /users/a", "POST /users/b/revokeSignInSessions"], "{status}");
    }
}

#[tokio::test]
async fn a_service_that_takes_no_batches_is_not_asked_for_one_for_ever() {
    for (taken, wanted) in [(None, 3), (Some(2), 5)] {
        let (client, log) = serve(move |asked, _, before| match asked {
            "POST /$batch" if Some(before) == taken => respond(200, &[], &json!({ "responses": [{ "id": "0", "status": 204 }] })),
            "POST /$batch" => respond(405, &[], &Json::Null),
            _ => respond(204, &[], &Json::Null),
        })
        .await;
        let writer = Writer::new(client);
        for _ in 0..6 {
            let answers = writer.send(vec![Operation::RevokeSessions { user: id("a") }]).await;
            assert!(answers[0].is_done());
        }
        let batches = log.lock().unwrap().iter().filter(|(asked, _)| asked == "POST /$batch").count();
        assert_eq!(batches, wanted, "one taken: {taken:?}");
    }
}

#[tokio::test]
async fn batches_that_were_in_flight_together_are_refused_once() {
    let (client, log) = serve(move |asked, _, before| match asked {
        "POST /$batch" if before < 8 => respond(405, &[], &Json::Null),
        "POST /$batch" => respond(200, &[], &json!({ "responses": [{ "id": "0", "status": 204 }] })),
        _ => respond(204, &[], &Json::Null),
    })
    .await;
    let writer = Writer::new(client);
    let one = || writer.send(vec![Operation::RevokeSessions { user: id("a") }]);
    futures::future::join_all((0..8).map(|_| one())).await;
    one().await;
    let batches = log.lock().unwrap().iter().filter(|(asked, _)| asked == "POST /$batch").count();
    assert_eq!(batches, 9);
}

#[test]
fn a_batch_is_tried_again_in_a_while() {
    fly(async {
        let (client, log) = serve(move |asked, _, _| match asked {
            "POST /$batch" => respond(405, &[], &Json::Null),
            _ => respond(204, &[], &Json::Null),
        })
        .await;
        let writer = Writer::new(client);
        let mut batches = Vec::new();
        for wait in [0, 0, 0, 0, 70, 0] {
            tokio::time::sleep(Duration::from_secs(wait)).await;
            writer.send(vec![Operation::RevokeSessions { user: id("a") }]).await;
            batches.push(log.lock().unwrap().iter().filter(|(asked, _)| asked == "POST /$batch").count());
        }
        assert_eq!(batches, [1, 2, 3, 3, 4, 4]);
    });
}

#[tokio::test]
async fn a_gateway_that_dislikes_one_body_keeps_nothing_else_back() {
    for status in [403, 405] {
        let (client, _) = serve(move |asked, body, _| match (asked, body.to_string().contains("<script")) {
            (_, true) => (StatusCode::from_u16(status).unwrap(), "<h1>Blocked</h1>").into_response(),
            ("POST /$batch", false) => respond(200, &[], &json!({ "responses": [] })),
            (_, false) => respond(204, &[], &Json::Null),
        })
        .await;
        let city = crate::directory::Attribute::find("city").unwrap();
        let edits = [(city, Some(crate::directory::Value::text("<script")))].into();
        let update = Operation::UpdateUser { id: id("b"), edits };
        let leaver = || Operation::RevokeSessions { user: id("a") };
        let answers = Writer::new(client).send(vec![leaver(), update, leaver()]).await;
        let outcomes: Vec<Outcome> = answers.into_iter().map(|answer| answer.outcome).collect();
        let refused = if status == 403 { Refusal::Barred } else { Refusal::Other };
        assert_eq!(outcomes, [Outcome::Done, Outcome::Refused(refused), Outcome::Done], "{status}");
    }
}

#[tokio::test]
async fn a_gateway_that_knows_no_such_page_says_nothing_of_the_object() {
    for (body, gone) in [("<h1>Not Found</h1>", false), (r#"{"error":{"code":"Request_ResourceNotFound"}}"#, true)] {
        let (client, _) = serve(move |asked, _, _| match asked {
            "POST /$batch" => respond(405, &[], &Json::Null),
            _ => (StatusCode::NOT_FOUND, body).into_response(),
        })
        .await;
        let restore = Operation::RestoreUser { id: id("b"), upn: None };
        let answers = Writer::new(Arc::clone(&client)).send(vec![Operation::DeleteUser { id: id("a") }, restore]).await;
        for answer in &answers {
            assert_eq!((answer.is_absent(), answer.refusal().is_some()), (gone, gone), "{answer:?}");
        }
        let is_misrouted = matches!(answers[1].outcome, Outcome::Unknown(Cause::Misrouted));
        assert_eq!(is_misrouted, !gone, "what cannot be repeated is looked up");
        assert_eq!(answers[0].is_faulty(), !gone);
        assert_eq!(Reader::new(client).is_deleted(&id("a")).await.ok(), gone.then_some(false));
    }
}

#[tokio::test]
async fn a_gateway_that_lets_nothing_pass_says_nothing_of_permissions() {
    let denied = json!({ "error": { "code": "Authorization_RequestDenied", "message": "Insufficient privileges." } });
    for (outer, body, forbidden) in
        [(403, &denied, true), (403, &Json::Null, false), (200, &Json::Null, false), (200, &denied, true)]
    {
        let body = body.clone();
        let (client, _) = serve(move |_, _, _| match outer {
            200 => respond(200, &[], &json!({ "responses": [{ "id": "0", "status": 403, "body": body }] })),
            _ => respond(outer, &[], &body),
        })
        .await;
        let answer = Writer::new(client).send(vec![Operation::RevokeSessions { user: id("a") }]).await.remove(0);
        assert_eq!((answer.refusal().is_some(), answer.transcript.status), (true, Some(403)));
        assert_eq!(answer.is_forbidden(), forbidden, "{outer} {answer:?}");
    }
}

#[tokio::test]
async fn items_are_found_by_their_id_and_one_that_is_missing_is_unknown() {
    let (client, _) = serve(|_, _, _| {
        let responses = json!([{ "id": "2", "status": 404 }, { "id": "0", "status": 204 }]);
        respond(200, &[], &json!({ "responses": responses }))
    })
    .await;
    let answers = Writer::new(client).send(["a", "b", "c"].map(|user| Operation::DeleteUser { id: id(user) }).into()).await;
    assert_eq!(
        answers.into_iter().map(|answer| answer.outcome).collect::<Vec<_>>(),
        [Outcome::Done, Outcome::Unknown(Cause::Transport), Outcome::Refused(Refusal::Absent)]
    );
}

#[tokio::test]
async fn a_page_that_breaks_off_is_read_again_and_never_taken_for_the_end() {
    let (client, log) = serve(|asked, _, before| match (asked, before) {
        (_, 0) => (StatusCode::OK, r#"{"value":[{"id":"a"},{"id":"b"#).into_response(),
        _ => respond(200, &[], &json!({ "value": [{ "id": "a" }, { "id": "b" }] })),
    })
    .await;
    assert_eq!(Reader::new(client).members(&id("g")).await.unwrap().len(), 2);
    assert_eq!(log.lock().unwrap().len(), 2);
    let (client, _) = serve(|_, _, _| (StatusCode::OK, r#"{"value":[{"id":"a"},{"id":"b"#).into_response()).await;
    assert!(Reader::new(client).members(&id("g")).await.is_err());
}

#[test]
fn a_reading_that_may_be_tried_again_at_once_waits_nevertheless() {
    fly(async {
        let (client, log) = serve(|_, _, before| match before {
            0..5 => respond(503, &[("retry-after", "0")], &Json::Null),
            _ => respond(200, &[], &json!({ "value": [] })),
        })
        .await;
        let started = tokio::time::Instant::now();
        assert!(Reader::new(client).members(&id("g")).await.unwrap().is_empty());
        assert_eq!(log.lock().unwrap().len(), 6);
        assert!(started.elapsed() > Duration::from_secs(15), "{:?}", started.elapsed());
    });
}

#[tokio::test]
async fn a_plain_server_on_this_machine_needs_no_roles_but_none_may_be_forbidden() {
    for (status, readable) in [(400, true), (404, true), (501, true), (403, false), (500, false)] {
        let (client, _) = serve(move |asked, body, _| {
            let answer = |request: &Json| {
                let url = request["url"].as_str().unwrap();
                let error = json!({ "error": { "code": "BadRequest", "message": "Resource not found for the segment 'roleManagement'." } });
                match url.split(['?', '/']).nth(1).unwrap() {
                    "roleManagement" => json!({ "id": request["id"], "status": status, "body": error }),
                    "organization" => {
                        let organization = json!({ "id": "t", "verifiedDomains": [{ "name": "c.com", "isDefault": true }] });
                        json!({ "id": request["id"], "status": 200, "body": { "value": [organization] } })
                    }
                    _ => json!({ "id": request["id"], "status": 200, "body": { "value": [] } }),
                }
            };
            match (asked, body["requests"].as_array()) {
                (_, Some(requests)) => respond(200, &[], &json!({ "responses": requests.iter().map(answer).collect::<Vec<_>>() })),
                (_, None) => respond(501, &[], &Json::Null),
            }
        })
        .await;
        let read = Reader::new(client).snapshot(&crate::target::SnapshotScope::default()).await;
        // A 500 is asked for once more alone, and this server then says that it knows no such thing.
        assert_eq!(read.is_ok(), readable || status == 500, "{status}");
    }
}

/// A level as it was kept, whole or damaged.
struct LastLevel(RateLevel);

impl QuotaLevel for LastLevel {
    fn load(&self) -> Option<RateLevel> {
        Some(self.0.clone())
    }

    fn save(&self, _: &RateLevel) {}
}

#[tokio::test]
async fn a_clock_that_was_set_back_or_a_damaged_level_shuts_no_tenant_for_long() {
    const YEAR: i64 = 365 * 86_400_000;
    let now = jiff::Timestamp::now().as_millisecond();
    let day = 86_400;
    for (at, shut_until, writes, most, least) in [
        (now, Some(now + 600_000), 100.0, 600, 500),
        (now - 300_000, Some(now + 300_000), 100.0, 300, 200),
        (now + YEAR, Some(now + YEAR + 600_000), 100.0, 600, 500),
        (now, Some(now + YEAR), 100.0, day, day - 100),
        (i64::MIN, Some(i64::MAX), 100.0, day, day - 100),
        (i64::MAX, Some(i64::MAX), 100.0, 0, 0),
        (now, None, f64::MIN, 3_100, 0),
    ] {
        let (client, _) = serve(|_, _, _| respond(501, &[], &Json::Null)).await;
        client.restore(&LastLevel(RateLevel { at, writes, units: writes, shut_until }));
        let wait = client.forecast(1).0.as_secs();
        assert!((least..=most).contains(&wait), "{at} {shut_until:?} {writes}: {wait} s");
    }
}

/// Stops as another process would find them.
#[derive(Default)]
struct CacheEntry(std::sync::Mutex<Option<Stops>>);

impl StopsKeeper for CacheEntry {
    fn load(&self) -> Option<Stops> {
        *self.0.lock().unwrap()
    }

    fn save(&self, stops: &Stops) {
        *self.0.lock().unwrap() = Some(*stops);
    }
}

#[test]
fn a_wait_that_a_killed_run_heard_is_obeyed_by_the_next() {
    let ask = |what: &str| if what == "delete" { BatchItem::write("DELETE", "/users/a", None) } else { BatchItem::get("/users") };
    let scope = |scope: &'static str| vec![("retry-after", "30"), ("x-ms-throttle-scope", scope)];
    for (headers, heard, asked) in [
        (scope("Tenant_Application/Write/app/tenant"), "delete", "delete"),
        (scope("Tenant_Application/Read/app/tenant"), "get", "get"),
        (scope("Tenant_Application/ReadWrite/app/tenant"), "get", "delete"),
        (vec![("retry-after", "30")], "delete", "delete"),
        (vec![("retry-after", "30"), ("x-ms-throttle-information", "ResourceUnitLimitExceeded")], "get", "get"),
    ] {
        fly(async move {
            let shelf = Arc::new(CacheEntry::default());
            let (client, _) = serve(move |_, _, _| respond(429, &headers, &Json::Null)).await;
            client.keep_stops(Arc::<CacheEntry>::clone(&shelf));
            client.single(&ask(heard)).await.unwrap();
            // Nothing else is said before the process is gone.
            drop(client);
            let (client, log) = serve(|_, _, _| respond(204, &[], &Json::Null)).await;
            client.keep_stops(shelf);
            let started = tokio::time::Instant::now();
            client.single(&ask(asked)).await.unwrap();
            let waited = started.elapsed();
            assert!(waited > Duration::from_secs(29) && waited < Duration::from_secs(32), "{waited:?}");
            assert_eq!(log.lock().unwrap().len(), 1);
        });
    }
}

#[tokio::test]
async fn a_wait_that_was_kept_long_ago_or_is_damaged_shuts_no_target_for_long() {
    let now = jiff::Timestamp::now().as_millisecond();
    for (at, until, open) in
        [(now - 60_000, now - 1, true), (now, now + 60_000, false), (i64::MAX, i64::MAX, true), (now, i64::MIN, true)]
    {
        let shelf = Arc::new(CacheEntry::default());
        shelf.save(&Stops { at, writes: Some(until), reads: Some(until), units: Some(until) });
        let (client, _) = serve(|_, _, _| respond(204, &[], &Json::Null)).await;
        client.keep_stops(shelf);
        let wait = client.forecast(1).0;
        assert_eq!(wait.is_zero(), open, "{at} {until}: {wait:?}");
        assert!(wait <= Duration::from_mins(1));
    }
}

#[tokio::test]
async fn a_stop_of_reads_does_not_stop_writes_nor_the_other_way_round() {
    const SCOPES: [&str; 2] = ["Tenant_Application/Read/app/tenant", "Tenant_Application/write/app/tenant"];
    for (stopped, scope) in SCOPES.into_iter().enumerate() {
        let (client, _) = serve(move |_, body, before| match (before, body.is_null()) {
            (0, _) => respond(429, &[("retry-after", "3600"), ("x-ms-throttle-scope", scope)], &Json::Null),
            (_, true) => respond(200, &[], &json!({ "value": [{ "id": "a" }] })),
            (_, false) => respond(200, &[], &json!({ "responses": [{ "id": "0", "status": 204 }] })),
        })
        .await;
        let (reader, writer) = (Reader::new(Arc::clone(&client)), Writer::new(Arc::clone(&client)));
        let delete = || vec![Operation::DeleteUser { id: id("a") }];
        let goes_on = async {
            if stopped == 0 {
                assert_eq!(client.single(&BatchItem::get("/users")).await.unwrap().status, 429);
                writer.send(delete()).await.remove(0).is_done()
            } else {
                assert!(!writer.send(delete()).await.remove(0).is_done());
                reader.members(&id("g")).await.is_ok()
            }
        };
        // It would wait for an hour.
        assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(30), goes_on).await, Ok(true), "{scope}");
    }
}
