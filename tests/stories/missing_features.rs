//! A configuration that needs a part which this build leaves out is refused with its name; with `full` the same lines pass that check.

use crate::world::World;

/// What needs each feature, and whether this build has it.
const NEEDS: [(&str, bool, &str); 8] = [
    (
        "sftp",
        cfg!(feature = "sftp"),
        "[source]\nkind = \"csv\"\npath = \"sftp://hr@files.example.com/x.csv\"\nkey_file = \"k\"\nhost_key = \"SHA256:x\"\n",
    ),
    ("objects", cfg!(feature = "objects"), "[source]\nkind = \"csv\"\npath = \"s3://bucket/x.csv\"\nregion = \"eu-central-1\"\n"),
    (
        "sql",
        cfg!(feature = "sql"),
        "[source]\nkind = \"sql\"\nurl = \"postgres://hr@127.0.0.1:1/hr\"\nquery = \"SELECT 1 AS k\"\n",
    ),
    ("sql", cfg!(feature = "sql"), "[source]\nkind = \"sql\"\nurl = \"mysql://hr@127.0.0.1:1/hr\"\nquery = \"SELECT 1 AS k\"\n"),
    (
        "sql",
        cfg!(feature = "sql"),
        "[source]\nkind = \"sql\"\ndriver = \"mssql\"\nurl = \"sqlserver://hr@127.0.0.1:1/hr\"\ntoken_env = \"T\"\nquery = \"SELECT 1 AS k\"\n",
    ),
    ("signatures", cfg!(feature = "signatures"), "[approval]\nsigners = \"allowed_signers\"\n"),
    (
        "passwords",
        cfg!(feature = "passwords"),
        "[password]\ndeliver = \"file\"\npath = \"p.age\"\nrecipient = \"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\"\n",
    ),
    (
        "mail",
        cfg!(feature = "mail"),
        "[notify]\n[notify.mail]\nserver = \"smtp.example.com\"\nfrom = \"hr@example.com\"\nto = [\"it@example.com\"]\n",
    ),
];

#[test]
fn a_missing_feature_is_named_with_its_place() {
    for (feature, built, text) in NEEDS {
        let world = World::new();
        world.write("hrpush.toml", text);
        let ended = world.run(["records"]);
        let named = ended.err.contains(&format!("it lacks the feature `{feature}`"));
        assert_eq!(named, !built, "{feature}: {}", ended.err);
        if !built {
            assert_eq!(ended.code, 2, "{}", ended.err);
            assert!(
                ended.err.contains("hrpush.toml, line") && ended.err.contains(&format!("--features {feature}")),
                "{}",
                ended.err
            );
        }
    }
}

#[test]
fn sqlite_is_in_every_build() {
    let world = World::new();
    let path = world.path("hr.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE p (k TEXT, v TEXT); INSERT INTO p VALUES ('1', 'Ann')").unwrap();
    drop(connection);
    world.write(
        "hrpush.toml",
        "[source]\nkind = \"sql\"\ndriver = \"sqlite\"\npath = \"hr.db\"\nquery = \"SELECT k, v FROM p\"\n",
    );
    let ended = world.run(["records"]).ends_with(0);
    assert!(ended.out.contains("Ann"), "{}", ended.out);
}
