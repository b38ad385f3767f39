//! The channels against receivers on loopback: willing, refusing, redirecting, silent and absent ones.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const LONG: Duration = Duration::from_secs(20);
/// Long enough for nothing at all: the receiver never answers.
const SHORT: Duration = Duration::from_millis(50);

/// A receiver that answers each request with the next of these heads. Returns its port and the requests.
fn receiver(heads: Vec<String>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, requests) = channel();
    std::thread::spawn(move || {
        for head in heads {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            while !is_whole(&request) {
                let count = socket.read(&mut part).unwrap();
                request.extend_from_slice(&part[..count]);
            }
            socket.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
            send.send(String::from_utf8(request).unwrap()).unwrap();
        }
    });
    (port, requests)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn webhook(port: u16, format: WebhookFormat) -> Channel {
    let address = Address::new(format!("http://127.0.0.1:{port}/s3cret/path?sig=hunter2").into()).unwrap();
    Channel { route: Route::Webhook(address, format), timeout: LONG }
}

fn message() -> Message {
    let guard = GuardFact { name: "disable".into(), count: 9, of: 52, limit: Some(3) };
    Message {
        count: 2,
        run: Some("20261120T030000-00ab".into()),
        feed: Some("HR [click](https://evil.example) <!channel>".into()),
        reason: Some("stopped by the guard `disable`: 9 of 52".into()),
        ended: Some("stopped".into()),
        exit_code: Some(3),
        summary: Some(json!({ "create": 3, "disable": 9, "unchanged": 40, "held": 0 })),
        guards: vec![guard],
        host: "hr1".into(),
        ..Message::new(Event::Stopped, "2026-11-20T03:00:04Z")
    }
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn a_webhook_gets_the_document_with_every_key() {
    let (port, requests) = receiver(vec!["204 No Content".into()]);
    webhook(port, WebhookFormat::Json).send(&message()).await.unwrap();
    let request = requests.recv().unwrap();
    assert!(request.starts_with("POST /s3cret/path?sig=hunter2 HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("\r\ncontent-type: application/json\r\n"), "{request}");
    let mut keys: Vec<String> = body(&request).as_object().unwrap().keys().cloned().collect();
    keys.sort();
    let mut wanted = "format event run feed tenantId ended reason exitCode summary guards fingerprint host at"
        .split(' ')
        .map(str::to_owned)
        .collect::<Vec<_>>();
    wanted.sort();
    assert_eq!(keys, wanted);
    assert_eq!(body(&request)["guards"], json!([{ "name": "disable", "count": 9, "of": 52, "limit": 3 }]));
}

#[test]
fn a_card_for_teams_has_one_attachment_and_no_markup_from_outside() {
    let card = WebhookFormat::Teams.body(&message());
    assert_eq!(card["attachments"].as_array().unwrap().len(), 1);
    let content = &card["attachments"][0]["content"];
    assert_eq!((&content["type"], &content["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    let body = content["body"].as_array().unwrap();
    assert_eq!(body[0]["text"], "hrpush: Stopped by a guard");
    // Only a TextBlock has markup, and its text is hrpush's own.
    assert!(body[1..].iter().all(|block| block["type"] == "RichTextBlock"), "{body:?}");
    let runs = body[1..].iter().map(|block| block["inlines"][1]["text"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(
        runs.contains(&"9 disable, 3 create, 40 unchanged") && runs.contains(&"disable: 9 of 52, the limit is 3"),
        "{runs:?}"
    );
}

#[test]
fn a_block_for_slack_has_no_markup_from_outside_and_fits() {
    let mut message = message();
    message.reason = Some("x".repeat(5_000));
    let blocks = WebhookFormat::Slack.body(&message);
    assert_eq!(blocks["text"], "hrpush: Stopped by a guard");
    for block in blocks["blocks"].as_array().unwrap() {
        assert_eq!(block["text"]["type"], "plain_text");
        assert!(block["text"]["text"].as_str().unwrap().chars().count() <= 3_000);
    }
}

#[test]
fn the_title_counts_in_plain_english() {
    let title = |event, count| Message { count, ..Message::new(event, "") }.title();
    assert_eq!(title(Event::Held, 1), "1 entry needs attention");
    assert_eq!(title(Event::Held, 2), "2 entries need attention");
    assert_eq!(title(Event::Leaver, 1), "1 leaver keeps access");
    assert_eq!(title(Event::Failed, 0), "The run could not be completed");
    assert_eq!(title(Event::Failed, 1), "1 step failed");
    assert_eq!(title(Event::Changed, 7), "7 changes were applied");
}

#[tokio::test]
async fn a_refusal_is_an_error_that_shows_no_address() {
    let (port, _requests) = receiver(vec!["410 Gone".into()]);
    let error = webhook(port, WebhookFormat::Teams).send(&message()).await.unwrap_err();
    assert_eq!(error.to_string(), "the receiver answered 410");
    // Nothing listens there any more.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = webhook(free, WebhookFormat::Json).send(&message()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Connection(_)), "{error:?}");
    let shown = format!("{error} {error:?} {:?}", webhook(free, WebhookFormat::Json));
    assert!(!shown.contains("s3cret") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_no_message() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let target = elsewhere.local_addr().unwrap().port();
    let (port, _requests) = receiver(vec![format!("307 Temporary Redirect\r\nLocation: http://127.0.0.1:{target}/")]);
    let error = webhook(port, WebhookFormat::Json).send(&message()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Redirect(307)), "{error:?}");
    assert!(elsewhere.accept().is_err(), "the other host was contacted");
}

#[tokio::test]
async fn a_redirect_within_the_host_keeps_the_body_or_fails() {
    let (port, requests) = receiver(vec!["308 Permanent Redirect\r\nLocation: /new".into(), "200 OK".into()]);
    webhook(port, WebhookFormat::Json).send(&message()).await.unwrap();
    requests.recv().unwrap();
    let second = requests.recv().unwrap();
    assert!(second.starts_with("POST /new ") && body(&second)["event"] == "stopped", "{second}");
    let (port, _requests) = receiver(vec!["302 Found\r\nLocation: /new".into()]);
    let error = webhook(port, WebhookFormat::Json).send(&message()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Redirect(302)), "{error:?}");
}

#[tokio::test]
async fn a_silent_receiver_costs_the_time_out_and_no_more() {
    // The system accepts the connection, and no answer ever comes.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let slow = Channel { timeout: SHORT, ..webhook(port, WebhookFormat::Json) };
    let error = slow.send(&message()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Slow(_)), "{error:?}");
    let address = Address::new(format!("http://localhost:{port}/ping").into()).unwrap();
    assert!(matches!(heartbeat(&address, SHORT).await, Err(NotifyError::Slow(_))));
    #[cfg(feature = "mail")]
    {
        let mail = Mail {
            host: "127.0.0.1".into(),
            port,
            tls: MailTls::Plain,
            account: None,
            from: "hrpush@example.com".into(),
            to: vec!["it@example.com".into()],
        };
        let slow = Channel { route: Route::Mail(Box::new(mail)), timeout: SHORT };
        assert!(matches!(slow.send(&message()).await, Err(NotifyError::Slow(_))));
    }
}

#[tokio::test]
async fn a_heartbeat_is_one_get() {
    let (port, requests) = receiver(vec!["200 OK".into()]);
    heartbeat(&Address::new(format!("http://127.0.0.1:{port}/ping/9f2c").into()).unwrap(), LONG).await.unwrap();
    assert!(requests.recv().unwrap().starts_with("GET /ping/9f2c HTTP/1.1\r\n"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_takes_the_document_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message.json");
    let run = |script: &str, timeout: Duration| {
        let program = vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()];
        Channel { route: Route::Program(program), timeout }
    };
    run(&format!("cat > {}", file.display()), LONG).send(&message()).await.unwrap();
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written, message().document());
    // A program may end without reading.
    run("exit 0", LONG).send(&message()).await.unwrap();
    let error = run("exit 7", LONG).send(&message()).await.unwrap_err();
    assert!(error.to_string().contains("`/bin/sh` ended with") && error.to_string().contains('7'), "{error}");
    let error = run("while :; do :; done", SHORT).send(&message()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Slow(_)), "{error:?}");
    let missing = Channel { route: Route::Program(vec!["/nowhere/page".into()]), timeout: LONG };
    assert!(missing.send(&message()).await.unwrap_err().to_string().contains("`/nowhere/page` cannot be started"));
}

#[test]
fn an_address_is_https_or_on_loopback() {
    let fault = |url: &str| Address::new(url.into()).err().map(|error| error.to_string());
    assert_eq!(fault("https://chat.example.com/a?sig=1"), None);
    assert_eq!(fault("http://[::1]:8080/a"), None);
    for wrong in ["http://chat.example.com/hunter2", "ftp://chat.example.com/hunter2", "hunter2", "https://"] {
        let fault = fault(wrong).unwrap();
        assert!(fault.starts_with("the address ") && !fault.contains("hunter2"), "{fault}");
    }
}
