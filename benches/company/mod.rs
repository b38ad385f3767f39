//! A company for the benchmarks: its export, its mapping, and a stand-in for Graph that makes its users up as they are asked for.

pub(crate) mod process;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};

pub(crate) const COLUMNS: [&str; 25] = [
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

pub(crate) const MAPPING: &str = r#"
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
pub(crate) fn person(n: usize) -> [String; 25] {
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
pub(crate) struct Graph {
    pub(crate) base: String,
    people: usize,
    /// HTTP requests, and what was asked in them.
    pub(crate) asked: Arc<[AtomicU64; 2]>,
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
        if request["method"] == "PATCH" {
            return json!({ "id": request["id"], "status": 204, "headers": {}, "body": null });
        }
        json!({ "id": request["id"], "status": 200, "headers": {}, "body": answer(&graph, request["url"].as_str().unwrap()) })
    });
    let responses: Vec<Value> = responses.collect();
    graph.asked[0].fetch_add(1, Ordering::Relaxed);
    graph.asked[1].fetch_add(responses.len() as u64, Ordering::Relaxed);
    ([(CONTENT_TYPE, "application/json")], json!({ "responses": responses }).to_string())
}

pub(crate) fn serve(people: usize) -> Graph {
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

/// Writes the export. Every so many-th person, where that is asked for, has another department than the tenant.
pub(crate) fn export(path: &Path, people: usize, moved: Option<usize>) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "{}", COLUMNS.join(",")).unwrap();
    for n in 0..people {
        let mut cells = person(n);
        if moved.is_some_and(|every| n % every == 0) {
            cells[4].push_str(" (moved)");
        }
        writeln!(file, "{}", cells.join(",")).unwrap();
    }
    file.flush().unwrap();
}

/// Reads a file with Python's csv module.
pub(crate) const PYTHON: &str = "import csv, sys\nfor row in csv.reader(open(sys.argv[1], newline='')): pass";

/// This program, to read a file alone.
pub(crate) fn alone(file: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("HRPUSH_BENCH_READ", file);
    command
}

/// Reads a file with the csv crate, into one record.
pub(crate) fn read_alone(path: &Path) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap() {
        std::hint::black_box(record.len());
    }
}
