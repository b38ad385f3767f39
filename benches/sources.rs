//! How fast a source is read, and how much memory the reading takes at most, as ratios to the same rows as a CSV file.
//!
//! `cargo bench --bench sources` makes 300,000 rows of 14 columns, puts them into a CSV file, a SQLite file and, where its
//! programs are found, a throwaway PostgreSQL server, serves it in pages of 1,000 on loopback, and reads each in a process of its own,
//! until all its records are in memory. A run does without that where the CSV file is large: then it takes some 4 MB.
//!
//! Reached on two cores, hrpush at opt-level 2 and most dependencies unoptimised: csv 1.2 M records/s and 154 MB; sqlite 2.7 times
//! the time and 1.1 to 1.5 times the memory; postgres 5.6 to 6.1 and 1.1 to 1.3; pages of a web service 29 and 2.3. That was when a CSV
//! file was read once, into memory. Since then, against the csv crate on 1,000,000 rows of 25 columns (processor time, optimised): 1.15 times
//! for the pass that proves the file whole, its sum included, and 1.15 more for the records.

#[cfg(unix)]
#[allow(clippy::unwrap_used, dead_code, reason = "it is written for tests, which use all of it")]
#[path = "../tests/stories/sql/server.rs"]
mod server;

#[allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]
#[path = "company/process.rs"]
mod process;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use hrpush::config::{self, SourceKind};
use hrpush::source::rest::Rest;
use hrpush::source::sql::{Binary, Database, Driver, Location, SignIn, SqlSettings, Tls};
use hrpush::source::{CsvSettings, Reading, Source as _, read_csv};

const ROWS: usize = 300_000;
/// Records on a page of the service.
const PAGE: usize = 1_000;
const COLUMNS: &str = "EmployeeID,FirstName,LastName,Email,Department,JobTitle,CostCentre,Country,Mobile,ManagerID,HireDate,\
                       TerminationDate,Status,WorkerType";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, kind, place, times @ ..] = arguments.as_slice()
        && place != "--bench"
    {
        return measure(kind, place, if times.is_empty() { 3 } else { 1 });
    }
    let folder = tempfile::TempDir::new().expect("a folder for the rows");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    std::fs::write(file("hr.csv"), format!("{COLUMNS}\n{}\n", rows.join("\n"))).expect("the rows as CSV");
    sqlite(Path::new(&file("hr.db")), &rows);
    println!("{ROWS} rows of {} columns", COLUMNS.split(',').count());
    let csv = measured("csv", &file("hr.csv"), None);
    measured("sqlite", &file("hr.db"), Some(csv));
    #[cfg(unix)]
    with_postgres(&rows, csv);
    with_pages(&rows, csv);
}

/// A service on loopback that has the rows as JSON, made beforehand.
fn with_pages(rows: &[String], csv: (f64, f64)) {
    let names: Vec<&str> = COLUMNS.split(',').collect();
    let person = |row: &String| -> serde_json::Value {
        names.iter().zip(row.split(',')).map(|(name, cell)| ((*name).to_owned(), serde_json::Value::from(cell))).collect()
    };
    let page = |rows: &[String]| {
        let people: Vec<serde_json::Value> = rows.iter().map(person).collect();
        serde_json::json!({ "data": people, "meta": { "total": ROWS } }).to_string()
    };
    let pages: std::sync::Arc<Vec<String>> = std::sync::Arc::new(rows.chunks(PAGE).map(page).collect());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let answer = move |uri: axum::http::Uri| {
        let offset = uri.query().and_then(|query| query.strip_prefix("offset=")?.parse::<usize>().ok()).unwrap_or_default();
        let body = pages.get(offset / PAGE).cloned().unwrap_or_else(|| r#"{"data":[]}"#.to_owned());
        async move { ([("content-type", "application/json")], body) }
    };
    let service = axum::Router::new().route("/people", axum::routing::get(answer));
    runtime.spawn(async move { axum::serve(listener, service).await });
    measured("rest", &port.to_string(), Some(csv));
    let this = std::env::current_exe().expect("this program");
    let ours = process::measured(std::process::Command::new(this).args(["rest", &port.to_string(), "once"]));
    if let Some(theirs) = process::python(PYTHON, &[&port.to_string()]) {
        println!(
            "     rest: {:.2} CPU-s and {} MB, {:.2} times the CPU of Python ({:.2} CPU-s and {} MB)",
            ours.cpu,
            ours.peak,
            ours.cpu / theirs.cpu,
            theirs.cpu,
            theirs.peak
        );
    }
}

/// Reads all pages with Python: by httpx, where it is installed.
const PYTHON: &str = r#"
import json, sys
try:
    import httpx
    client = httpx.Client()
    get = lambda url: client.get(url).json()
except ImportError:
    import urllib.request
    get = lambda url: json.load(urllib.request.urlopen(url))
rows = []
while True:
    page = get(f"http://127.0.0.1:{sys.argv[1]}/people?offset={len(rows)}")["data"]
    if not page:
        break
    rows += page
"#;

#[cfg(unix)]
fn with_postgres(rows: &[String], csv: (f64, f64)) {
    let places = ["/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin"];
    if let Some(bin) = server::programs("HRPUSH_TEST_POSTGRES", "initdb", &places) {
        let server = postgres(&bin, rows);
        measured("postgres", &server.port.to_string(), Some(csv));
    }
}

fn row(at: usize) -> String {
    let id = 100_000 + at;
    format!(
        "{id},Given{},Family{at},given.family{at}@contoso.com,Department {},Job {},CC{},DE,+49 171 {id},{},20{:02}-0{}-1{},,Active,Employee",
        at % 5_000,
        at % 300,
        at % 900,
        at % 400,
        100_000 + at / 10,
        at % 26,
        at % 9 + 1,
        at % 10,
    )
}

fn sqlite(path: &Path, rows: &[String]) {
    let mut connection = rusqlite::Connection::open(path).expect("a new database");
    let transaction = connection.transaction().expect("a transaction");
    transaction.execute_batch(&format!("CREATE TABLE person ({COLUMNS})")).expect("a table");
    {
        let marks = vec!["?"; COLUMNS.split(',').count()].join(",");
        let mut insert = transaction.prepare(&format!("INSERT INTO person VALUES ({marks})")).expect("an insert");
        for row in rows {
            insert.execute(rusqlite::params_from_iter(row.split(','))).expect("a row");
        }
    }
    transaction.commit().expect("the rows");
}

#[cfg(unix)]
fn postgres(bin: &Path, rows: &[String]) -> server::Server {
    let account = server::Account::unprivileged();
    let folder = account.folder();
    let data = folder.path().join("data").display().to_string();
    let mut initdb = account.command(&bin.join("initdb"));
    initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=hr", "--auth=trust", "--pgdata", &data]);
    server::run(initdb);
    let port = server::free_port();
    let arguments = ["-D", &data, "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-p", &port.to_string()];
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let server = server::start(account, folder, port, "ready to accept connections", &bin.join("postgres"), &arguments);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(port).user("hr").dbname("postgres");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let columns: Vec<String> = COLUMNS.split(',').map(|name| format!("\"{name}\" text")).collect();
        client.batch_execute(&format!("CREATE TABLE person ({})", columns.join(", "))).await.expect("a table");
        for rows in rows.chunks(5_000) {
            let mut insert = String::from("INSERT INTO person VALUES ");
            for (at, row) in rows.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(insert, "{comma}('{}')", row.replace(',', "','"));
            }
            client.batch_execute(&insert).await.expect("rows");
        }
    });
    server
}

/// Runs the reading in a process of its own and prints its figures; gives back its time and its peak of memory.
fn measured(kind: &str, place: &str, csv: Option<(f64, f64)>) -> (f64, f64) {
    let this = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(this).args([kind, place]).output().expect("the reading");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [seconds, megabytes] = figures[..] else { panic!("{kind}: {text}{}", String::from_utf8_lossy(&output.stderr)) };
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = ROWS as f64 / seconds;
    let ratios = csv.map_or(String::new(), |(time, memory)| {
        format!(", {:.1} times the time and {:.2} times the memory of csv", seconds / time, megabytes / memory)
    });
    println!("{kind:>9}: {rate:>9.0} records/s, {megabytes:>5.0} MB at most{ratios}");
    (seconds, megabytes)
}

/// The child: the best of some readings, and the peak of memory with one reading alive.
fn measure(kind: &str, place: &str, times: usize) {
    let mut best = Duration::MAX;
    for _ in 0..times {
        let start = Instant::now();
        let reading = read(kind, place);
        best = best.min(start.elapsed());
        assert_eq!(reading.records.held().expect("the rows").len(), ROWS);
    }
    println!("{} {}", best.as_secs_f64(), peak());
}

fn read(kind: &str, place: &str) -> Reading {
    if kind == "csv" {
        return read_csv(&[place.into()], &CsvSettings::default()).expect("the rows");
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if kind == "rest" {
        let now = jiff::Timestamp::now();
        let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        return runtime
            .block_on(
                Rest {
                    settings: service(place),
                    day,
                    now,
                    memory: None,
                    waits: hrpush::diagnostic::wait::WaitReporter::default(),
                }
                .read(),
            )
            .expect("the rows");
    }
    let sqlite = kind == "sqlite";
    let port = place.parse().unwrap_or_default();
    let location = if sqlite { Location::File(place.into()) } else { Location::Tcp { host: "127.0.0.1".into(), port } };
    let settings = SqlSettings {
        name: "hr".into(),
        driver: if sqlite { Driver::Sqlite } else { Driver::Postgres },
        location,
        database: Some("postgres".into()),
        user: Some("hr".into()),
        sign_in: SignIn::Nothing,
        tls: Tls::Off,
        query: "SELECT * FROM person".into(),
        timeout: Duration::from_mins(10),
        binary: Binary::Refuse,
    };
    runtime.block_on(Database { settings, secret: None }.read()).expect("the rows")
}

/// The service as a hrpush.toml declares it.
fn service(port: &str) -> hrpush::source::rest::Settings {
    let columns: Vec<String> = COLUMNS.split(',').map(|name| format!("{name} = \"{name}\"")).collect();
    let text = format!(
        "[source]\nkind = \"rest\"\nbase_url = \"http://127.0.0.1:{port}\"\nauth = {{ method = \"none\" }}\npath = \"/people\"\nquery = {{ offset = \"{{offset}}\" }}\n\
         records = \"data\"\npaging = {{ kind = \"offset\", total = \"meta.total\" }}\npage_size = {PAGE}\n[source.columns]\n{}\n",
        columns.join("\n")
    );
    let config = config::parse(&text, Path::new("hrpush.toml")).unwrap_or_else(|faults| panic!("{faults}"));
    let Some(SourceKind::Rest(service)) = config.source.map(|source| source.kind) else { panic!("no service") };
    service.settings("hr", &[]).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The most memory that this process has held, in megabytes; 0 where the system does not tell.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
