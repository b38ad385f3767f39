//! Time and memory of `hrpush plan` at size, against what reading the same CSV file alone takes with the csv crate.
//!
//!     cargo bench --bench plan -- 100000
//!
//! A stand-in for Graph serves as many users as there are records, made up as they are asked for. The first plan reads them in full and
//! keeps them; the second one, which is measured, takes them from the cache with one batch of reads. Nothing differs, so the plan is empty.
//! The target at 1,000,000 is 8 times the csv crate at most, in 512 MB at most.
//!
//! The memory is reached, the time is not. Measured with `cargo bench` on two cores: 1,000,000 people 406 to 414 MB, and 11 to 13 times the
//! file alone (0.44 to 0.49 s; 8.4 to 11 times what `records()` of the crate takes), of which the first look through the file and the cache
//! take a quarter and the rest is mapped and planned. One HTTP request with 6 reads at 100,000 and at 1,000,000, and the token's where one is
//! asked for. Planning on all cores was tried and gained nothing that could be measured.
//!
//! What is left, by a profile: every value that is mapped has a place of its own until it is packed; the mapping itself, which takes half of
//! the time of both cores; no file is looked through while the cache is loaded.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};

const COLUMNS: [&str; 25] = [
    "EmployeeID",
    "FirstName",
    "LastName",
    "Email",
    "Department",
    "JobTitle",
    "Company",
    "City",
    "Country",
    "State",
    "Street",
    "Postcode",
    "Mobile",
    "Office",
    "Type",
    "CostCentre",
    "Division",
    "ManagerID",
    "Note1",
    "Note2",
    "Note3",
    "Note4",
    "Note5",
    "HireDate",
    "Grade",
];

const MAPPING: &str = r#"
version = 1
name    = "Bench"
[source]
key      = "[EmployeeID]"
required = ["EmployeeID"]
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId  = "[EmployeeID]"
givenName   = "[FirstName]"
surname     = "[LastName]"
displayName = 'Join(" ", [FirstName], [LastName])'
department  = "[Department]"
jobTitle    = "[JobTitle]"
companyName = "[Company]"
city        = "[City]"
country     = "[Country]"
state       = "[State]"
streetAddress = "[Street]"
postalCode  = "[Postcode]"
mobilePhone = "[Mobile]"
officeLocation = "[Office]"
employeeType = "[Type]"
"employeeOrgData.costCenter" = "[CostCentre]"
"employeeOrgData.division"   = "[Division]"
"onPremisesExtensionAttributes.extensionAttribute1" = "[Note1]"
"onPremisesExtensionAttributes.extensionAttribute2" = "[Note2]"
"onPremisesExtensionAttributes.extensionAttribute3" = "[Note3]"
userPrincipalName = { when = "create", expression = '[Email]' }
[manager]
key = "[ManagerID]"
"#;

/// The cells of a person, in the order of the columns.
fn person(n: usize) -> [String; 25] {
    let of = |what: &str, many: usize| format!("{what} {}", n * 7919 % many);
    [
        format!("{n:07}"),
        of("Given", 4000),
        of("Family", 60_000),
        format!("p{n}@bench.example"),
        of("Department", 300),
        of("Job", 900),
        of("Company", 20),
        of("City", 400),
        of("Country", 60),
        of("State", 100),
        of("Long street with a name", 9000),
        format!("{}", 10_000 + n % 80_000),
        format!("+43 660 {n:07}"),
        of("Office", 700),
        of("Type", 5),
        of("Centre", 2000),
        of("Division", 40),
        manager(n).map_or(String::new(), |m| format!("{m:07}")),
        of("note", 50),
        of("remark", 70),
        of("token", 1000),
        of("unused", 11),
        of("also unused", 13),
        "2020-01-01".to_owned(),
        of("grade", 9),
    ]
}

fn manager(n: usize) -> Option<usize> {
    (n > 0).then_some(n / 12)
}

fn id(n: usize) -> String {
    format!("{n:08x}-0000-4000-8000-{n:012x}")
}

fn user(n: usize) -> Value {
    let p = person(n);
    let mut user = json!({
        "id": id(n), "userPrincipalName": p[3], "mail": p[3], "accountEnabled": true, "userType": "Member", "onPremisesSyncEnabled": null,
        "isManagementRestricted": null, "proxyAddresses": [format!("SMTP:{}", p[3])], "displayName": format!("{} {}", p[1], p[2]),
        "givenName": p[1], "surname": p[2], "employeeId": p[0], "createdDateTime": "2020-01-01T00:00:00Z", "department": p[4], "jobTitle": p[5],
        "companyName": p[6], "city": p[7], "country": p[8], "state": p[9], "streetAddress": p[10], "postalCode": p[11], "mobilePhone": p[12],
        "officeLocation": p[13], "employeeType": p[14], "employeeOrgData": { "costCenter": p[15], "division": p[16] },
        "onPremisesExtensionAttributes": { "extensionAttribute1": p[18], "extensionAttribute2": p[19], "extensionAttribute3": p[20] },
    });
    if let Some(manager) = manager(n) {
        user["manager"] = json!({ "id": id(manager) });
    }
    user
}

#[derive(Clone)]
struct Graph {
    base: String,
    people: usize,
    /// HTTP requests, and reads in them.
    asked: Arc<[AtomicU64; 2]>,
}

fn answer(graph: &Graph, url: &str) -> Value {
    let base = &graph.base;
    if url.contains("/delta?") {
        let path = url.split('?').next().unwrap();
        return json!({ "value": [], "@odata.deltaLink": format!("{base}{path}?$deltatoken=next") });
    }
    if url.starts_with("/users?") {
        let from: usize = url.split("$skiptoken=").nth(1).map_or(0, |token| token.parse().unwrap());
        let to = (from + 999).min(graph.people);
        let mut page = json!({ "value": (from..to).map(user).collect::<Vec<_>>() });
        if to < graph.people {
            page["@odata.nextLink"] = json!(format!("{base}/users?$skiptoken={to}"));
        }
        return page;
    }
    if url.starts_with("/organization") {
        let domains = json!([{ "name": "bench.example", "isDefault": true, "isInitial": true }]);
        return json!({ "value": [{ "id": "00000000-0000-4000-8000-000000000bec", "verifiedDomains": domains }] });
    }
    json!({ "value": [] })
}

async fn one(State(graph): State<Graph>, url: Uri) -> impl IntoResponse {
    let path = url.to_string();
    for count in graph.asked.iter() {
        count.fetch_add(1, Ordering::Relaxed);
    }
    ([(CONTENT_TYPE, "application/json")], answer(&graph, path.strip_prefix("/v1.0").unwrap()).to_string())
}

async fn batch(State(graph): State<Graph>, body: Bytes) -> impl IntoResponse {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let responses = body["requests"].as_array().unwrap().iter().map(|request| {
        json!({ "id": request["id"], "status": 200, "headers": {}, "body": answer(&graph, request["url"].as_str().unwrap()) })
    });
    let responses: Vec<Value> = responses.collect();
    graph.asked[0].fetch_add(1, Ordering::Relaxed);
    graph.asked[1].fetch_add(responses.len() as u64, Ordering::Relaxed);
    ([(CONTENT_TYPE, "application/json")], json!({ "responses": responses }).to_string())
}

fn serve(people: usize) -> Graph {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let base = format!("http://{}/v1.0", listener.local_addr().unwrap());
    let graph = Graph { base, people, asked: Arc::default() };
    let served = graph.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = Router::new().route("/v1.0/$batch", post(batch)).route("/v1.0/{*path}", get(one)).with_state(served);
            axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap();
        });
    });
    graph
}

fn export(path: &Path, people: usize) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "{}", COLUMNS.join(",")).unwrap();
    for n in 0..people {
        writeln!(file, "{}", person(n).join(",")).unwrap();
    }
    file.flush().unwrap();
}

/// The least of three readings of the file with the csv crate: of bytes into one record, and of text, a record for each row.
fn csv_alone(path: &Path) -> [Duration; 2] {
    let timed = |read: &dyn Fn(csv::Reader<std::fs::File>)| {
        let started = Instant::now();
        read(csv::Reader::from_path(path).unwrap());
        started.elapsed()
    };
    let least = |read: &dyn Fn(csv::Reader<std::fs::File>)| (0..3).map(|_| timed(read)).min().unwrap();
    let bytes = |mut reader: csv::Reader<std::fs::File>| {
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).unwrap() {
            std::hint::black_box(record.len());
        }
    };
    let records = |mut reader: csv::Reader<std::fs::File>| {
        for record in reader.records() {
            std::hint::black_box(record.unwrap().len());
        }
    };
    [least(&bytes), least(&records)]
}

/// One plan: how long it took, and the most memory it held, in MB (0 where the system does not tell).
fn plan(folder: &Path, export: &Path, base: &str) -> (Duration, u64) {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hrpush"))
        .current_dir(folder)
        .env("HRPUSH_ACCESS_TOKEN", "bench")
        .args(["plan", export.to_str().unwrap(), "--mapping", "bench.toml", "--graph-url", base, "--detailed-exitcode", "-v"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "the plan is not empty: {status}");
    (started.elapsed(), peak / 1024)
}

fn main() {
    let people = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("people.csv");
    export(&file, people);
    std::fs::write(folder.path().join("bench.toml"), MAPPING).unwrap();
    let [alone, records] = csv_alone(&file);
    let graph = serve(people);
    let asked = || [0, 1].map(|which| graph.asked[which].swap(0, Ordering::Relaxed));
    let (full, full_peak) = plan(folder.path(), &file, &graph.base);
    let [full_sent, full_reads] = asked();
    let (cached, peak) = plan(folder.path(), &file, &graph.base);
    let [sent, reads] = asked();
    let ratio = |took: Duration| [alone, records].map(|alone| took.as_secs_f64() / alone.as_secs_f64());
    let mut text = String::new();
    writeln!(text, "{people} records x {} columns, {} MB", COLUMNS.len(), std::fs::metadata(&file).unwrap().len() >> 20).unwrap();
    writeln!(text, "csv crate alone    {:8.3} s, its records() {:.3} s", alone.as_secs_f64(), records.as_secs_f64()).unwrap();
    let plans = [("full list", full, full_peak, full_sent, full_reads), ("cached", cached, peak, sent, reads)];
    for (name, took, peak, sent, reads) in plans {
        let ([bytes, records], seconds) = (ratio(took), took.as_secs_f64());
        let times = format!("{bytes:.1} x and {records:.1} x");
        writeln!(text, "plan, {name:9}    {seconds:8.3} s, {times}, {peak} MB, {sent} HTTP requests, {reads} reads").unwrap();
    }
    let cache = std::fs::metadata(folder.path().join(".hrpush/tenant.db")).map_or(0, |data| data.len() >> 20);
    writeln!(text, "cache on disk      {cache} MB").unwrap();
    print!("{text}");
}
