//! How many PATCH requests a second the SCIM server stores, each answered once it is on the disk.
//!
//! `taskset -c 0 cargo bench --bench endpoint` prints the figure of one core, which the clients share with the server.
//! `HRPUSH_BENCH_PEOPLE=10000` takes another number of people, `HRPUSH_BENCH_CLIENTS=64` of clients, `HRPUSH_BENCH_PATCHES=20000` of requests.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use hrpush::endpoint::{Endpoint, Options};
use hrpush::store::pushed::PushStore;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::watch;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(measured());
}

async fn measured() {
    let people: usize = setting("HRPUSH_BENCH_PEOPLE", 2_000);
    let clients: usize = setting("HRPUSH_BENCH_CLIENTS", 64);
    let patches: usize = setting("HRPUSH_BENCH_PATCHES", 20_000);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let token = PushStore::open(folder.path()).and_then(|mut store| store.add_token("bench", None)).expect("a token can be made");
    let options = Options {
        listen: "127.0.0.1:0".parse().expect("it is an address"),
        max_body: 1_000_000,
        behind_proxy: Vec::new(),
        tls: None,
        metrics: None,
        federation: None,
        state: folder.path().to_owned(),
    };
    let endpoint = Endpoint::bind(options).await.expect("the server listens");
    let (_stop, stopped) = watch::channel(false);
    let sender = Sender { url: endpoint.url(), token: token.secret, client: Client::new() };
    tokio::spawn(endpoint.serve(stopped));
    let ids = Arc::new(sender.push(people).await);
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks: Vec<_> =
        (0..clients).map(|_| tokio::spawn(sender.clone().patch(Arc::clone(&ids), Arc::clone(&next), patches))).collect();
    for task in tasks {
        task.await.expect("a client ends well");
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "the number of requests is small")]
    let rate = patches as f64 / seconds;
    println!("{patches} PATCH of {people} people by {clients} clients: {seconds:.1} s, {rate:.0} a second, each on the disk");
}

#[derive(Clone)]
struct Sender {
    url: String,
    token: String,
    client: Client,
}

impl Sender {
    /// Pushes the people, and returns the paths of their resources.
    async fn push(&self, people: usize) -> Vec<String> {
        let mut paths = Vec::with_capacity(people);
        let numbers: Vec<usize> = (0..people).collect();
        for part in numbers.chunks(500) {
            let operations: Vec<Value> = part
                .iter()
                .map(
                    |number| json!({ "method": "POST", "bulkId": number.to_string(), "path": "/Users", "data": person(*number) }),
                )
                .collect();
            let request = self.client.post(format!("{}/Bulk", self.url));
            let done = self.answered(request, &json!({ "Operations": operations })).await;
            let results = done["Operations"].as_array().expect("a bulk answer lists its operations");
            paths.extend(results.iter().map(|result| result["location"].as_str().expect("each was created").to_owned()));
        }
        paths
    }

    /// Sends its share of the requests, one after the other.
    async fn patch(self, paths: Arc<Vec<String>>, next: Arc<AtomicUsize>, most: usize) {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= most {
                return;
            }
            let operation = json!({ "op": "Replace", "path": "title", "value": format!("Title {number}") });
            let request = self.client.patch(&paths[number * 7_919 % paths.len()]);
            self.answered(request, &json!({ "Operations": [operation] })).await;
        }
    }

    async fn answered(&self, request: RequestBuilder, body: &Value) -> Value {
        let request = request.bearer_auth(&self.token).header("content-type", "application/scim+json").body(body.to_string());
        let answer = request.send().await.expect("the server answers");
        assert_eq!(answer.status().as_u16(), 200);
        let bytes = answer.bytes().await.expect("the answer is whole");
        serde_json::from_slice(&bytes).expect("the answer is JSON")
    }
}

fn person(number: usize) -> Value {
    json!({
        "externalId": format!("E-{number:06}"), "userName": format!("p{number}@contoso.example"), "active": true,
        "displayName": format!("Given{number} Family{number}"), "title": "Clerk",
        "name": { "familyName": format!("Family{number}"), "givenName": format!("Given{number}") },
        "emails": [{ "primary": true, "type": "work", "value": format!("p{number}@contoso.example") }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Claims", "employeeNumber": number.to_string() },
    })
}

fn setting<T: FromStr>(name: &str, default: T) -> T {
    let Ok(text) = std::env::var(name) else { return default };
    text.trim().parse().unwrap_or_else(|_| panic!("{name}: `{text}` is no number"))
}
