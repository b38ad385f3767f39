//! First passwords: discarded, or handed over to one recipient; never anywhere else.

use std::path::Path;

use crate::served::Served;
use crate::world::World;

const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");
const HEADER: &str = "EmployeeID,FirstName,LastName,Email,Start,Status\n";
const MAPPING: &str = r#"
version = 1
name = "people"
[source]
key = "[EmployeeID]"
time_zone = "Europe/Vienna"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[EmployeeID]"
displayName = 'Join(" ", [FirstName], [LastName])'
employeeHireDate = "[Start]"
userPrincipalName = { when = "create", expression = "[Email]" }
[lifecycle]
start = "[Start]"
status = "[Status]"
left = ["Left"]
create_before = "30d"
"#;

fn row(number: u32, start: &str) -> String {
    format!("{number},First{number},Last{number},p{number}@contoso.onmicrosoft.com,{start},Active\n")
}

/// A world with this `[password]` table and so many people; the key that opens what is handed over.
fn world(password: &str, people: &[(u32, &str)]) -> (World, age::x25519::Identity) {
    let world = World::new();
    let identity = age::x25519::Identity::generate();
    let password = password.replace("RECIPIENT", &identity.to_public().to_string());
    world.write("hrpush.toml", format!("[password]\n{password}\n"));
    world.write("map.toml", MAPPING);
    hire(&world, people);
    (world, identity)
}

fn hire(world: &World, people: &[(u32, &str)]) {
    world.write("hr.csv", HEADER.to_owned() + &people.iter().map(|(number, start)| row(*number, start)).collect::<String>());
}

fn opened(path: &Path, identity: &age::x25519::Identity) -> Vec<Vec<String>> {
    let text = String::from_utf8(age::decrypt(identity, &std::fs::read(path).unwrap()).unwrap()).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("userPrincipalName,kind,secret"));
    lines.map(|line| line.splitn(3, ',').map(str::to_owned).collect()).collect()
}

/// Every file of the world as bytes, but for those that are meant to hold a secret.
fn others(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            others(&path, found);
        } else if path.extension().is_none_or(|ending| ending != "age") {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

const FILE: &str = "deliver = \"file\"\nrecipient = \"RECIPIENT\"\npath = \"first.age\"";
const IMPORT: [&str; 6] = ["import", "hr.csv", "--mapping", "map.toml", "--partial", "-vv"];

#[test]
fn each_password_reaches_the_recipient_and_nobody_else() {
    let (world, identity) = world(FILE, &[(1, "2020-01-01"), (2, "2020-01-01")]);
    let ended = world.run(IMPORT).ends_with(0);
    let message = opened(&world.path("first.age"), &identity);
    let names: Vec<&str> = message.iter().map(|line| line[0].as_str()).collect();
    assert_eq!(names, ["p1@contoso.onmicrosoft.com", "p2@contoso.onmicrosoft.com"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(world.path("first.age")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
    let shown = world.run(["runs", "show", world.run(["runs", "--format", "json"]).json()[0]["run"].as_str().unwrap()]);
    let mut all = vec![("stdout".to_owned(), ended.out.into_bytes()), ("stderr".to_owned(), ended.err.into_bytes())];
    all.push(("runs".to_owned(), shown.out.into_bytes()));
    others(&world.path(""), &mut all);
    for line in &message {
        let secret = line[2].as_bytes();
        assert!(secret.len() >= 40 && line[1] == "password");
        for (name, bytes) in &all {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{name} holds a password");
        }
    }
    // Without new people nothing is written; with a new person, earlier deliveries stay.
    world.run(IMPORT).ends_with(0);
    assert_eq!(opened(&world.path("first.age"), &identity), message);
    assert!(!world.path("first.1.age").exists());
    hire(&world, &[(1, "2020-01-01"), (2, "2020-01-01"), (3, "2020-01-01")]);
    world.run(IMPORT).ends_with(0);
    assert_eq!(opened(&world.path("first.1.age"), &identity), message);
    let newest = opened(&world.path("first.age"), &identity);
    assert_eq!((newest.len(), newest[0][0].as_str()), (1, "p3@contoso.onmicrosoft.com"));
}

#[test]
fn nobody_gets_an_account_whose_password_cannot_be_handed_over() {
    let (world, _) = world(&FILE.replace("first.age", "nowhere/first.age"), &[(1, "2020-01-01")]);
    let ended = world.run(IMPORT).ends_with(1);
    assert!(ended.err.contains("first passwords"), "{}", ended.err);
    let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
    assert_eq!((&runs[0]["ended"], &runs[0]["applied"]), (&"cannot-run".into(), &0.into()));
}

#[test]
fn an_answer_that_is_lost_leaves_the_password_that_counts() {
    let (world, identity) = world(FILE, &[(1, "2020-01-01"), (2, "2020-01-01"), (3, "2020-01-01")]);
    let server = Served::start(&world, &["--faults", "reset-after@3,503@5"]);
    let arguments = IMPORT.into_iter().chain(["--yes", "--graph-url", &server.url]);
    let ended = world.run_with(&[TOKEN], arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let message = opened(&world.path("first.age"), &identity);
    assert_eq!(message.len(), 3, "one line for each account, however often it was asked for");
}

#[test]
fn a_pass_is_made_for_who_starts_and_on_the_day_for_who_starts_later() {
    let ahead = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(10));
    let ahead = ahead.to_string();
    let tap = FILE.replace("\"file\"", "\"tap\"");
    let (world, identity) = world(&tap, &[(1, "2020-01-01"), (2, &ahead)]);
    let server = Served::start(&world, &[]);
    let go = |more: &[&str]| {
        let arguments = IMPORT.iter().copied().chain(["--yes", "--graph-url", &server.url]).chain(more.iter().copied());
        world.run_with(&[TOKEN], arguments.collect::<Vec<_>>()).ends_with(0)
    };
    go(&[]);
    let message = opened(&world.path("first.age"), &identity);
    assert_eq!(
        (message.len(), message[0][0].as_str(), message[0][1].as_str()),
        (1, "p1@contoso.onmicrosoft.com", "temporary-access-pass")
    );
    go(&["--as-of", &ahead]);
    let message = opened(&world.path("first.age"), &identity);
    assert_eq!((message.len(), message[0][0].as_str()), (1, "p2@contoso.onmicrosoft.com"));
    let again = go(&["--as-of", &ahead, "--format", "json"]).json();
    assert_eq!(again["requests"]["writes"], 0);
}
