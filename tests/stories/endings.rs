//! Each way a run can end, seen from everywhere: the exit code, the message, the list of runs, and the log as text and as JSON.

use serde_json::Value;

use crate::served::Served;
use crate::world::{Ended, World, project};

const SAMPLE: &str = "samples/employees.csv";
const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");

/// How a run is to end.
struct Wanted {
    code: i32,
    ended: &'static str,
    level: &'static str,
    reason: Option<&'static str>,
    message: String,
}

impl Wanted {
    fn new(code: i32, ended: &'static str, level: &'static str, reason: Option<&'static str>, message: &str) -> Self {
        Self { code, ended, level, reason, message: message.to_owned() }
    }
}

/// The youngest row of the list of runs.
fn last(world: &World) -> Value {
    world.run(["runs", "-n", "1", "--format", "json"]).ends_with(0).json()[0].clone()
}

/// Does the run with a log in each form, and compares what every reader sees.
fn ends(world: &World, wanted: &Wanted, run: impl Fn(&World, &[&str]) -> Ended) {
    for form in ["text", "json"] {
        let log = format!("{form}.log");
        let _old = std::fs::remove_file(world.path(&log));
        let ended = run(world, &["--log-file", &log, "--log-format", form]).ends_with(wanted.code);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(said.contains(&wanted.message), "`{}` is missing:\n{said}", wanted.message);
        let row = last(world);
        assert_eq!((&row["ended"], row["exitCode"].as_i64()), (&wanted.ended.into(), Some(wanted.code.into())), "{row}");
        assert_eq!((row["reasonCode"].as_str(), row["reason"].is_string()), (wanted.reason, wanted.reason.is_some()), "{row}");
        let table = world.run(["runs", "-n", "1"]).ends_with(0).out;
        assert!(table.contains(wanted.ended), "{table}");
        logged(world, form, wanted, &row);
    }
}

/// The last event of the log is the end of the run, with its fields.
fn logged(world: &World, form: &str, wanted: &Wanted, row: &Value) {
    let text = std::fs::read_to_string(world.path(&format!("{form}.log"))).unwrap();
    let line = text.lines().rfind(|line| line.contains("the run ended")).unwrap_or_else(|| panic!("no end in:\n{text}"));
    assert!(line.contains(wanted.level), "{line}");
    if form == "json" {
        let event: Value = serde_json::from_str(line).unwrap();
        let fields = &event["fields"];
        assert_eq!((&event["level"], &fields["ended"]), (&wanted.level.into(), &wanted.ended.into()), "{line}");
        assert_eq!((fields["reason_code"].as_str(), &fields["run"]), (wanted.reason, &row["run"]), "{line}");
        assert_eq!(fields["reason"], row["reason"], "the log and the list of runs give one reason");
    } else {
        let fields = [format!("ended=\"{}\"", wanted.ended), format!("run=\"{}\"", row["run"].as_str().unwrap())];
        let reason = wanted.reason.map(|reason| format!("reason_code=\"{reason}\""));
        assert!(fields.iter().chain(&reason).all(|field| line.contains(field)), "{line}");
    }
}

fn import(world: &World, file: &std::path::Path, options: &[&str]) -> Ended {
    world.import(file, options)
}

#[test]
fn done_and_nothing_to_do() {
    let sample = std::fs::read_to_string(project(SAMPLE)).unwrap();
    let world = World::new();
    let done = Wanted::new(0, "done", "INFO", None, "applied");
    // Each run has another change to carry out.
    let file = world.path("employees.csv");
    ends(&world, &done, |world, options| {
        let name = if options.contains(&"json") { "Annabel" } else { "Anna" };
        std::fs::write(&file, sample.replacen("Anna", name, 1)).unwrap();
        import(world, &file, options)
    });
    let nothing = Wanted::new(0, "nothing-to-do", "INFO", None, "Nothing to do");
    ends(&world, &nothing, |world, options| import(world, &file, options));
}

#[test]
fn planned() {
    let world = World::new();
    let wanted = Wanted::new(0, "planned", "INFO", None, "52 people join");
    let dry = |world: &World, options: &[&str]| import(world, &project(SAMPLE), &[options, &["--dry-run"]].concat());
    ends(&world, &wanted, dry);
}

#[test]
fn pending() {
    let world = World::new();
    let server = Served::start(&world, &[]);
    let wanted = Wanted::new(5, "pending", "WARN", Some("pending"), "--yes");
    ends(&world, &wanted, |world, options| {
        let arguments = ["import", project(SAMPLE).to_str().unwrap(), "--graph-url", &server.url].map(str::to_owned);
        world.run_with(&[TOKEN], arguments.iter().map(String::as_str).chain(options.iter().copied()))
    });
}

#[test]
fn stopped() {
    let world = World::new();
    import(&world, &project(SAMPLE), &[]).ends_with(0);
    let text = std::fs::read_to_string(project(SAMPLE)).unwrap().replace(",Active,", ",Terminated,");
    let gone = world.write("employees.csv", text);
    let wanted = Wanted::new(3, "stopped", "WARN", Some("guard"), "stopped by the guard `disable`");
    ends(&world, &wanted, |world, options| import(world, &gone, options));
}

#[test]
fn refused() {
    let world = World::new();
    let file = world.write("ragged.csv", "EmployeeID,FirstName\n1,Ann\n2\n");
    let wanted = Wanted::new(2, "refused", "ERROR", Some("source"), "ragged.csv, line 3");
    ends(&world, &wanted, |world, options| import(world, &file, options));
}

/// A source on loopback that is not reached, by the kind of the fault.
#[test]
fn an_hr_system_that_cannot_be_reached_is_cannot_run_with_the_kind_of_the_fault() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // A label of a name has at most 63 characters, so no server is asked for this one.
    let nameless = format!("{}.invalid", "a".repeat(64));
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().map(|address| (silent, address)).unwrap();
    for (url, proxy, message) in [
        (format!("http://{closed}"), None, format!("{closed} refuses the connection")),
        (format!("https://{nameless}"), None, format!("the name of {nameless} cannot be resolved")),
        (format!("https://{closed}.invalid"), Some(closed), format!("the proxy {closed} does not lead there")),
        (format!("https://127.0.0.1:{}", hang_up()), None, "no TLS connection with 127.0.0.1".to_owned()),
        (format!("http://{}", silent.1), None, format!("no answer from {} in time", silent.1)),
    ] {
        let url = url.replace(&format!("{closed}.invalid"), "hr.invalid");
        let world = World::new();
        let config = format!(
            "[source]\nkind = \"rest\"\nbase_url = \"{url}\"\npath = \"/people\"\nattempts = 1\ntimeout = \"1s\"\nauth = {{ method = \"none\" }}\n"
        );
        world.write("hrpush.toml", config);
        let wanted = Wanted::new(1, "cannot-run", "ERROR", Some("hr-system"), &message);
        let proxy = proxy.map(|proxy| format!("http://{proxy}"));
        let variables = proxy.as_deref().map(|proxy| ("HTTPS_PROXY", proxy));
        ends(&world, &wanted, |world, options| {
            let ended = world.run_with(variables.as_slice(), ["plan"].iter().chain(options));
            assert!(ended.err.contains("hint: "), "{}", ended.err);
            ended
        });
        // The list of runs names the host as well.
        let reason = last(&world)["reason"].clone();
        assert!(reason.as_str().unwrap().contains(&message), "{reason}");
    }
}

/// A port that answers a TLS handshake with plain HTTP.
fn hang_up() -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _read = stream.read(&mut [0; 512]);
            let _sent = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    port
}

#[test]
fn a_locked_folder_is_cannot_run() {
    let world = World::new();
    import(&world, &project(SAMPLE), &[]).ends_with(0);
    let lock = std::fs::File::options().write(true).open(world.path(".hrpush/lock")).unwrap();
    lock.lock().unwrap();
    let wanted = Wanted::new(1, "cannot-run", "ERROR", Some("locked"), "another run");
    ends(&world, &wanted, |world, options| import(world, &project(SAMPLE), options));
}

#[cfg(unix)]
mod signals {
    use super::*;
    use crate::interrupt::{signal, started, wait_for};

    /// Starts a run that waits for its quota, and sends it a signal once it has written.
    fn sent(world: &World, server: &Served, name: &str, options: &[&str]) -> Ended {
        let log = world.path("quota.log");
        let _old = std::fs::remove_file(&log);
        let own = options.is_empty().then_some(["--log-file", "quota.log"]);
        let all: Vec<&str> = own.iter().flatten().chain(options).copied().collect();
        let mut run = started(world, server, &all);
        let at = options.iter().position(|option| *option == "--log-file").map_or("quota.log", |at| options[at + 1]);
        wait_for(&mut run, &world.path(at), "judged");
        signal(&run, name);
        let output = run.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[test]
    fn interrupted() {
        // Each run needs a tenant that still has people to create.
        let wanted = Wanted::new(130, "interrupted", "WARN", Some("interrupted"), "interrupted");
        let world = World::new();
        let server = Served::start(&world, &[]);
        ends(&world, &wanted, |world, options| sent(world, &server, "-INT", options));
    }

    #[test]
    fn crashed() {
        for form in ["text", "json"] {
            let world = World::new();
            let server = Served::start(&world, &[]);
            assert_eq!(sent(&world, &server, "-KILL", &[]).code, -1);
            let killed = last(&world);
            assert_eq!((&killed["ended"], &killed["exitCode"]), (&Value::Null, &Value::Null));
            // The next run of the folder finds it, ends it, and tells of it.
            world.write("hrpush.toml", "");
            let dry = ["import", "hr.csv", "--mapping", "map.toml", "--graph-url", &server.url, "--dry-run"];
            let logging = ["--log-file", "next.log", "--log-format", form];
            let next = world.run_with(&[TOKEN], dry.iter().chain(&logging)).ends_with(0);
            let id = killed["run"].as_str().unwrap();
            assert!(next.err.contains(&format!("note: the run {id} did not end")), "{}", next.err);
            let rows = world.run(["runs", "--format", "json"]).ends_with(0).json();
            let row = rows.as_array().unwrap().iter().find(|row| row["run"] == id).unwrap();
            assert_eq!(
                (&row["ended"], &row["exitCode"], &row["reasonCode"]),
                (&"crashed".into(), &Value::Null, &"crashed".into())
            );
            assert!(row["reason"].as_str().unwrap().contains("did not end"), "{row}");
            assert!(world.run(["runs"]).ends_with(0).out.contains("crashed"));
            let log = std::fs::read_to_string(world.path("next.log")).unwrap();
            let line = log.lines().find(|line| line.contains("an earlier run did not end")).unwrap();
            assert!(line.contains("WARN") && line.contains(id), "{line}");
            if form == "json" {
                let event: Value = serde_json::from_str(line).unwrap();
                assert_eq!((&event["fields"]["crashed"], &event["fields"]["ended"]), (&id.into(), &"crashed".into()));
            }
            // It is said once.
            assert!(!world.run_with(&[TOKEN], dry).ends_with(0).err.contains("did not end"));
            world.run(["runs", "verify"]).ends_with(0);
        }
    }
}
