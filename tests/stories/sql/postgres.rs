//! PostgreSQL as it is: a server of this machine, started for these tests alone.

use std::path::Path;
use std::sync::OnceLock;

use super::server::{Account, Server, free_port, programs, run, start};
use super::{SHOWN, create_table, inserts, shows};
use crate::world::{Ended, World};

const PASSWORD: &str = "correct horse";

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(begin).as_ref()
}

fn begin() -> Option<Server> {
    let places = ["/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin"];
    let bin = programs("HRPUSH_TEST_POSTGRES", "initdb", &places)?;
    let account = Account::unprivileged();
    let folder = account.folder();
    let file = |name: &str| folder.path().join(name).display().to_string();
    private(account, Path::new(&file("password")), PASSWORD);
    let (ca, certificate, key) = authority();
    std::fs::write(file("ca.pem"), ca).unwrap();
    private(account, Path::new(&file("server.pem")), &certificate);
    private(account, Path::new(&file("server.key")), &key);

    let mut initdb = account.command(&bin.join("initdb"));
    initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=hr", "--auth-local=trust"]);
    initdb.args(["--auth-host=scram-sha-256", "--pwfile", &file("password"), "--pgdata", &file("data")]);
    run(initdb);
    let port = free_port();
    let mut arguments: Vec<String> = vec!["-D".into(), file("data"), "-k".into(), folder.path().display().to_string()];
    for setting in [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".into(),
        "fsync=off".into(),
        "ssl=on".into(),
        format!("ssl_cert_file={}", file("server.pem")),
        format!("ssl_key_file={}", file("server.key")),
    ] {
        arguments.extend(["-c".into(), setting]);
    }
    let server = start(account, folder, port, "ready to accept connections", &bin.join("postgres"), &arguments);
    Some(server)
}

fn private(account: Account, path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    account.own(path);
}

/// An authority, and a certificate for `localhost` that it signed, with its key.
fn authority() -> (String, String, String) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    (ca.pem(), certificate.pem(), key.serialize_pem())
}

/// A client that may write, in a database of its own.
fn database(server: &Server, name: &str, statements: &[String]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for (database, statements) in [("postgres", &[format!("CREATE DATABASE {name}")][..]), (name, statements)] {
            let mut config = tokio_postgres::Config::new();
            config.host_path(server.folder.path()).port(server.port).user("hr").dbname(database);
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            for statement in statements {
                client.batch_execute(statement).await.unwrap();
            }
        }
    });
}

fn configured(server: &Server, database: &str, query: &str, more: &str) -> World {
    let world = World::new();
    let secret = world.write("secret", PASSWORD);
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let url = format!("postgres://hr@localhost:{}/{database}", server.port);
    let config = format!(
        "[source]\nkind = \"sql\"\ndriver = \"postgres\"\nurl = \"{url}\"\npassword_file = \"secret\"\nquery = '''\n{query}'''\n{more}"
    );
    world.write("hrpush.toml", config);
    world
}

fn planned(world: &World) -> Ended {
    world.run(["plan", "--out", "plan.json", "--format", "json"])
}

#[test]
fn people_of_postgresql_go_in_and_then_nothing_is_left_to_do() {
    let Some(server) = server() else { return };
    let mut statements = vec![create_table("person", "\"", "date")];
    statements.extend(inserts("person", "samples/employees.csv"));
    database(server, "whole", &statements);
    let world = configured(server, "whole", "SELECT * FROM person ORDER BY \"EmployeeID\"", "");
    let by_file = world.import(&crate::world::project("samples/employees.csv"), &["--dry-run", "--format", "json"]);
    let plan = planned(&world).ends_with(0).json();
    assert_eq!(plan["source"]["name"], "whole");
    assert_eq!(plan["fingerprint"], by_file.ends_with(0).json()["fingerprint"], "a database and its export ask for the same");
    world.run(["apply", "plan.json"]).ends_with(0);
    assert_eq!(planned(&world).ends_with(0).json()["changes"].as_array().unwrap().len(), 0);
}

#[test]
fn every_type_has_one_stable_form() {
    let Some(server) = server() else { return };
    database(
        server,
        "forms",
        &["SET timezone = 'Asia/Tokyo'".to_owned(), "ALTER DATABASE forms SET DateStyle = 'German'".to_owned()],
    );
    let cases = [
        ("date '2024-02-29'", "2024-02-29"),
        ("timestamp '2024-02-29 08:00:00.5'", "2024-02-29T08:00:00.5"),
        ("timestamptz '2024-02-29 08:00:00+09'", "2024-02-28T23:00:00Z"),
        ("time '08:00'", "08:00:00"),
        ("interval '1 year 2 days'", "P1Y2D"),
        ("numeric '12345678901234567890.10'", "12345678901234567890.10"),
        ("float8 '0.1'", "0.1"),
        ("bigint '9007199254740993'", "9007199254740993"),
        ("uuid 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("array['a', 'b c']", "{a,\"b c\"}"),
        ("jsonb '{\"a\": 1}'", "{\"a\": 1}"),
        ("true", "True"),
        ("char(3) 'x'", "x"),
        ("text '007'", "007"),
    ];
    shows(&cases, |columns| configured(server, "forms", &format!("SELECT 1 AS k, {columns}"), "mapping = \"shown.toml\"\n"));
}

#[test]
fn the_session_cannot_write_and_every_fault_is_told_with_its_place() {
    let Some(server) = server() else { return };
    database(server, "strict", &["CREATE TABLE t (id int)".to_owned(), "INSERT INTO t VALUES (1), (2)".to_owned()]);
    let cases = [
        ("WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone", "in a read-only transaction", 2),
        ("SELECT nextval('s')", "relation \"s\" does not exist: line 1, column 16 of the query", 2),
        ("SELECT id,\n nme FROM t", "column \"nme\" does not exist: line 2, column 2 of the query", 2),
        ("SELECT id, id FROM t", "the header names the column `id` twice", 2),
        ("SELECT id, '\\x00'::bytea AS photo FROM t", "column `photo` holds bytea", 2),
        ("SELECT id FROM t WHERE id > 5", "the query yields no rows", 2),
        ("SELECT 1 / (id - 2) AS x FROM t ORDER BY id", "division by zero", 1),
        ("SELECT pg_sleep(60) AS x", "the query did not end within 1 s", 1),
    ];
    for (query, words, code) in cases {
        let ended = planned(&configured(server, "strict", query, "timeout = \"1s\"\n")).ends_with(code);
        assert!(ended.err.contains(words), "{query}: {}", ended.err);
    }
    // Nothing of all that has changed a row.
    let world = configured(server, "strict", "SELECT count(*) AS k, count(*) AS v1 FROM t", "mapping = \"shown.toml\"\n");
    world.write("shown.toml", SHOWN);
    assert_eq!(planned(&world).ends_with(0).json()["changes"][0]["key"], "2");
}

#[test]
fn only_the_right_password_and_a_known_authority_let_us_in() {
    let Some(server) = server() else { return };
    let query = "SELECT 1 AS k, 'x' AS v1";
    let ca = server.folder.path().join("ca.pem").display().to_string();
    let world =
        configured(server, "postgres", query, &format!("tls = \"verify\"\nca_file = \"{ca}\"\nmapping = \"shown.toml\"\n"));
    world.write("shown.toml", SHOWN);
    planned(&world).ends_with(0);

    let ended = planned(&configured(server, "postgres", query, "tls = \"verify\"\n")).ends_with(1);
    assert!(ended.err.contains("certificate") && ended.err.contains("`ca_file = "), "{}", ended.err);

    let world = configured(server, "postgres", query, "");
    world.write("secret", "wrong pony");
    let ended = planned(&world).ends_with(1);
    assert!(ended.err.contains("password authentication failed") && !ended.err.contains("pony"), "{}", ended.err);
}
