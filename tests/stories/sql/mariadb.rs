//! MariaDB as it is: a server of this machine, started for these tests alone.

use std::sync::OnceLock;

use mysql_async::prelude::Queryable as _;

use super::server::{Account, Server, free_port, programs, run, start};
use super::{create_table, inserts, shows};
use crate::world::{Ended, World};

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(begin).as_ref()
}

fn begin() -> Option<Server> {
    let bin = programs("HRPUSH_TEST_MARIADB", "mariadbd", &["/usr/sbin"])?;
    let installer = bin.join("mariadb-install-db");
    let installer = if installer.exists() { installer } else { "/usr/bin/mariadb-install-db".into() };
    let account = Account::unprivileged();
    let folder = account.folder();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut install = account.command(&installer);
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]);
    install.arg(format!("--datadir={}", file("data"))).arg(format!("--tmpdir={}", folder.path().display()));
    run(install);
    let port = free_port();
    let arguments = [
        "--no-defaults".to_owned(),
        format!("--datadir={}", file("data")),
        format!("--tmpdir={}", folder.path().display()),
        format!("--socket={}", file("socket")),
        format!("--pid-file={}", file("pid")),
        format!("--port={port}"),
        "--bind-address=127.0.0.1".into(),
        "--skip-log-bin".into(),
        "--innodb-flush-log-at-trx-commit=0".into(),
        "--innodb-buffer-pool-size=16M".into(),
        "--character-set-server=latin1".into(),
    ];
    let server = start(account, folder, port, "ready for connections", &bin.join("mariadbd"), &arguments);
    Some(server)
}

fn database(server: &Server, name: &str, statements: &[String]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let socket = server.folder.path().join("socket").display().to_string();
        let opts = mysql_async::OptsBuilder::default().socket(Some(socket)).user(Some("root"));
        let mut connection = mysql_async::Conn::new(opts).await.unwrap();
        let user = "GRANT SELECT, INSERT, DELETE, FILE ON *.* TO hr@'127.0.0.1' IDENTIFIED BY 'correct horse'".to_owned();
        let mut all = vec![user, format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"), format!("USE {name}")];
        all.extend_from_slice(statements);
        for statement in all {
            connection.query_drop(statement).await.unwrap();
        }
        connection.disconnect().await.unwrap();
    });
}

fn configured(server: &Server, database: &str, query: &str, more: &str) -> World {
    let world = World::new();
    let secret = world.write("secret", "correct horse");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let url = format!("mariadb://hr@127.0.0.1:{}/{database}", server.port);
    let config =
        format!("[source]\nkind = \"sql\"\nurl = \"{url}\"\npassword_file = \"secret\"\nquery = '''\n{query}'''\n{more}");
    world.write("hrpush.toml", config);
    world
}

fn planned(world: &World) -> Ended {
    world.run(["plan", "--out", "plan.json", "--format", "json"])
}

#[test]
fn people_of_mariadb_go_in_and_then_nothing_is_left_to_do() {
    let Some(server) = server() else { return };
    let mut statements = vec![create_table("person", "`", "date")];
    statements.extend(inserts("person", "samples/employees.csv"));
    database(server, "whole", &statements);
    let world = configured(server, "whole", "SELECT * FROM person ORDER BY EmployeeID", "");
    let by_file = world.import(&crate::world::project("samples/employees.csv"), &["--dry-run", "--format", "json"]);
    let plan = planned(&world).ends_with(0).json();
    assert_eq!(plan["fingerprint"], by_file.ends_with(0).json()["fingerprint"], "a database and its export ask for the same");
    world.run(["apply", "plan.json"]).ends_with(0);
    assert_eq!(planned(&world).ends_with(0).json()["changes"].as_array().unwrap().len(), 0);
}

#[test]
fn every_type_has_one_stable_form() {
    let Some(server) = server() else { return };
    let table =
        "CREATE TABLE t (d date, dt datetime(3), n decimal(30,2), b bit(1), y year, big bigint unsigned, u uuid, j json, z date)";
    let row = "INSERT INTO t VALUES ('2024-02-29', '2024-02-29 08:00:00.125', '12345678901234567890.10', 1, 1999, \
               18446744073709551615, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{\"a\": 1}', NULL)";
    database(server, "forms", &[table.to_owned(), row.to_owned()]);
    let cases = [
        ("d", "2024-02-29"),
        ("dt", "2024-02-29T08:00:00.125"),
        ("n", "12345678901234567890.10"),
        ("b", "True"),
        ("y", "1999"),
        ("big", "18446744073709551615"),
        ("u", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("j", "{\"a\": 1}"),
        ("'Ærøskøbing 東京'", "Ærøskøbing 東京"),
        ("coalesce(z, 'none')", "none"),
    ];
    shows(&cases, |columns| {
        configured(server, "forms", &format!("SELECT 1 AS k, {columns} FROM t"), "mapping = \"shown.toml\"\n")
    });
}

#[test]
fn the_session_cannot_write_and_every_fault_is_told() {
    let Some(server) = server() else { return };
    let statements = ["CREATE TABLE t (id int)", "INSERT INTO t VALUES (1), (2)"].map(str::to_owned);
    database(server, "strict", &statements);
    let cases = [
        ("SELECT id, nme FROM t", "Unknown column 'nme'", 2),
        ("SELECT id FROM nowhere", "Table 'strict.nowhere' doesn't exist", 2),
        ("SELECT id, id FROM t", "the header names the column `id` twice", 2),
        ("SELECT id, x'00ff' AS photo FROM t", "column `photo` holds binary", 2),
        ("SELECT id FROM t WHERE id > 5", "the query yields no rows", 2),
        ("SELECT id FROM t INTO OUTFILE '/tmp/never'", "`INTO` has no place in a query that only reads", 2),
        ("SELECT id FROM t FOR UPDATE", "`UPDATE` has no place in a query that only reads", 2),
        ("SELECT count(*) AS x FROM t WHERE sleep(30) = 0", "the query did not end within 1 s", 1),
    ];
    for (query, words, code) in cases {
        let ended = planned(&configured(server, "strict", query, "timeout = \"1s\"\n")).ends_with(code);
        assert!(ended.err.contains(words), "{query}: {}", ended.err);
    }
}

#[test]
fn a_wrong_password_ends_the_run_and_a_server_without_tls_is_refused() {
    let Some(server) = server() else { return };
    database(server, "door", &[]);
    let world = configured(server, "door", "SELECT 1 AS k", "");
    world.write("secret", "wrong pony");
    let ended = planned(&world).ends_with(1);
    assert!(ended.err.contains("Access denied for user 'hr'") && !ended.err.contains("pony"), "{}", ended.err);
    let ended = planned(&configured(server, "door", "SELECT 1 AS k", "tls = \"verify\"\n")).ends_with(1);
    assert!(ended.err.contains("TLS") || ended.err.contains("SSL"), "{}", ended.err);
}
