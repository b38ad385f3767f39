//! Databases as sources: what the configuration refuses, and SQLite from its file to the tenant.

#[cfg(all(unix, feature = "sql"))]
mod mariadb;
#[cfg(all(unix, feature = "sql"))]
mod postgres;
#[cfg(all(unix, feature = "sql"))]
mod server;
#[cfg(feature = "sql")]
mod unreachable;

use crate::world::{World, project};

/// The columns of the sample and its rows, for a table.
pub(crate) fn sample(name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(project(name)).unwrap();
    let names = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    (names, rows)
}

/// A table of the sample, with dates as dates and nothing as NULL.
pub(crate) fn create_table(name: &str, quote: &str, date: &str) -> String {
    let (columns, _) = sample("samples/employees.csv");
    let columns: Vec<String> = columns
        .iter()
        .map(|column| format!("{quote}{column}{quote} {}", if column.ends_with("Date") { date } else { "VARCHAR(200)" }))
        .collect();
    format!("CREATE TABLE {name} ({})", columns.join(", "))
}

/// The statements that fill it from one of the samples.
pub(crate) fn inserts(table: &str, file: &str) -> Vec<String> {
    let literal = |cell: &String| if cell.is_empty() { "NULL".to_owned() } else { format!("'{}'", cell.replace('\'', "''")) };
    let (_, rows) = sample(file);
    rows.iter()
        .map(|row| format!("INSERT INTO {table} VALUES ({})", row.iter().map(literal).collect::<Vec<_>>().join(", ")))
        .collect()
}

/// The smallest mapping.
#[cfg(all(unix, feature = "sql"))]
pub(crate) const SHOWN: &str = "version = 1\nname = \"types\"\n[source]\nkey = \"[k]\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
    employeeId = \"[k]\"\ndisplayName = \"[v1]\"\nuserPrincipalName = { when = \"create\", expression = 'Join(\"@\", [k], \"contoso.com\")' }\n";

/// Selects an expression of each type, and holds what became of it against its stable form.
#[cfg(all(unix, feature = "sql"))]
pub(crate) fn shows(cases: &[(&str, &str)], world: impl FnOnce(&str) -> World) {
    let columns: Vec<String> = cases.iter().enumerate().map(|(at, (value, _))| format!("{value} AS v{}", at + 1)).collect();
    let world = world(&columns.join(", "));
    let extensions =
        (1..=cases.len()).map(|at| format!("\"onPremisesExtensionAttributes.extensionAttribute{at}\" = \"[v{at}]\"\n"));
    world.write("shown.toml", format!("{SHOWN}{}", extensions.collect::<String>()));
    let plan = world.run(["plan", "--out", "plan.json", "--format", "json"]).ends_with(0).json();
    let edits = plan["changes"][0]["attributes"].as_array().unwrap();
    for (at, (value, expected)) in cases.iter().enumerate() {
        let name = format!("onPremisesExtensionAttributes.extensionAttribute{}", at + 1);
        let edit = edits.iter().find(|edit| edit["name"] == name.as_str());
        assert_eq!(edit.map_or("nothing", |edit| edit["after"].as_str().unwrap()), *expected, "{value}");
    }
}

fn sqlite(world: &World, statements: &[String]) {
    let connection = rusqlite::Connection::open(world.path("hr.db")).unwrap();
    connection.execute_batch(&statements.join(";\n")).unwrap();
}

const CONFIG: &str = "[source]\nkind = \"sql\"\ndriver = \"sqlite\"\npath = \"hr.db\"\nquery = \"SELECT * FROM person\"\n";

#[test]
fn a_database_goes_in_as_its_export_does_and_then_nothing_is_left_to_do() {
    let world = World::new();
    let mut statements = vec![create_table("person", "\"", "TEXT")];
    statements.extend(inserts("person", "samples/employees.csv"));
    sqlite(&world, &statements);
    world.write("hrpush.toml", CONFIG);

    let by_file = world.import(&project("samples/employees.csv"), &["--dry-run", "--format", "json"]).ends_with(0).json();
    let saved = world.run(["plan", "--out", "plan.json", "--format", "json"]).ends_with(0).json();
    assert_eq!(saved["source"]["name"], "hr.db");
    assert_eq!(saved["changes"][0]["record"]["source"], "hr.db");
    assert!(saved["changes"][0]["record"]["row"].is_u64());
    assert_eq!(saved["fingerprint"], by_file["fingerprint"], "a database and its export ask for the same");
    world.run(["apply", "plan.json"]).ends_with(0);
    let after = world.run(["plan", "--out", "second.json", "--format", "json"]).ends_with(0).json();
    assert_eq!(after["changes"].as_array().unwrap().len(), 0);
}

/// What a configuration is refused with.
fn refused(config: &str) -> String {
    let world = World::new();
    sqlite(&world, &["CREATE TABLE person (a, b)".to_owned()]);
    world.write("hrpush.toml", config);
    let ended = world.run(["plan", "--out", "plan.json"]).ends_with(2);
    assert!(!world.path("plan.json").exists());
    ended.err
}

#[test]
fn a_query_that_does_not_only_read_is_refused_with_its_place() {
    let message = refused(&CONFIG.replace("SELECT * FROM person", "DELETE FROM person"));
    assert!(
        message.contains("hrpush.toml, line 5, column 10: a query begins with SELECT or WITH, not with `DELETE`"),
        "{message}"
    );
    let message = refused(&CONFIG.replace("SELECT * FROM person", "SELECT 1; DROP TABLE person"));
    assert!(message.contains("line 5, column 20: the query holds more than one statement"), "{message}");
    // Without words that give it away, SQLite itself finds out.
    let message = refused(&CONFIG.replace("SELECT * FROM person", "WITH a AS (SELECT 1) DELETE FROM person"));
    assert!(message.contains("this statement would write"), "{message}");
}

#[test]
fn what_no_header_can_be_is_refused() {
    let message = refused(&CONFIG.replace("SELECT *", "SELECT a, b, a"));
    assert!(message.contains("the header names the column `a` twice, as column 1 and as column 3"), "{message}");
    let message = refused(CONFIG);
    assert!(message.contains("the query yields no rows"), "{message}");
    let message = refused(&CONFIG.replace("SELECT *", "SELECT a,\\n  c"));
    assert!(message.contains("no such column: c: line 2, column 3 of the query"), "{message}");
}

#[test]
fn bytes_are_refused_unless_asked_for_as_digits() {
    let config = CONFIG.replace("SELECT * FROM person", "SELECT x'00ff' AS EmployeeID");
    assert!(refused(&config).contains("column `EmployeeID` holds a blob"));
    let message = refused(&format!("{config}binary = \"hex\"\n"));
    assert!(!message.contains("blob") && message.contains("mapping"), "{message}");
}

#[test]
fn a_query_without_an_end_is_stopped() {
    let world = World::new();
    sqlite(&world, &["CREATE TABLE person (a)".to_owned()]);
    let query = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";
    world.write("hrpush.toml", format!("{}timeout = \"1s\"\n", CONFIG.replace("SELECT * FROM person", query)));
    let ended = world.run(["plan", "--out", "plan.json"]).ends_with(1);
    assert!(ended.err.contains("the query did not end within 1 s"), "{}", ended.err);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_none_is_made() {
    let world = World::new();
    world.write("hrpush.toml", CONFIG);
    let ended = world.run(["plan", "--out", "plan.json"]).ends_with(2);
    assert!(ended.err.contains("there is no such file") && !world.path("hr.db").exists(), "{}", ended.err);
    world.write("hr.db", "EmployeeID,FirstName\n".repeat(200));
    let ended = world.run(["plan", "--out", "plan.json"]).ends_with(2);
    assert!(ended.err.contains("this is not a SQLite database"), "{}", ended.err);
}

#[test]
fn a_password_in_the_url_is_refused_and_shown_nowhere() {
    for url in ["postgres://hr:hunter2@db/hr", "mysql://hr:hun/ter2@db/hr", "sqlserver://db/hr?password=hunter2"] {
        let message = refused(&format!("[source]\nkind = \"sql\"\nurl = \"{url}\"\nquery = \"SELECT 1\"\n"));
        assert!(message.contains("line 3, column 7: this address contains a password"), "{message}");
        assert!(!message.contains("ter2"), "{message}");
    }
}

#[cfg(feature = "sql")]
#[test]
fn keys_are_checked_in_one_pass() {
    let message = refused(
        "[source]\nkind = \"sql\"\nurl = \"postgres://hr@db.example.com/hr\"\nquerry = \"SELECT 1\"\ntimeout = \"10\"\ntls = \"off\"\npassword = \"hunter2\"\n",
    );
    for part in [
        "unknown key `querry` in [source]",
        "did you mean `query`?",
        "`timeout` cannot be `10`",
        "line 6, column 7: TLS can be off for this machine alone",
        "line 7, column 1: `password` would be a secret in this file",
        "[source] needs `query` or `query_file`",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("hunter2"), "{message}");
}
