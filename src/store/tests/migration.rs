//! A state folder of the version before opens without loss.

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use super::*;

/// As the version before made it.
const SCHEMA_2: &str = include_str!("schema_2.sql");

fn edit(name: &str, before: &Json, after: &Json) -> Json {
    json!({ "name": name, "before": before, "after": after, "expression": null })
}

fn entry(seq: u64, action: &str, key: &str, id: Option<&str>, attributes: &[Json]) -> Json {
    json!({
        "seq": seq, "action": action, "object": "user", "key": key, "id": id, "userPrincipalName": format!("{key}@contoso.com"),
        "reason": "left on 2026-11-01", "attributes": attributes, "members": null, "then": ["revoke-sessions"],
        "record": { "source": "hr.csv", "line": 2 },
    })
}

/// A plan as the version before wrote it: without `match`, `seal`, `why`, `cause`, `left`, `candidates`, `columns` and the counts of records.
fn old_plan(fingerprint: &str) -> Json {
    json!({
        "format": "hrpush.plan/1", "fingerprint": fingerprint, "asOf": "2026-11-20", "createdAt": "2026-11-20T02:15:00Z",
        "target": { "graphUrl": "https://graph.microsoft.com/v1.0", "tenantId": "t", "sandbox": false },
        "source": { "name": "hr.csv", "feed": "HR", "records": 40, "sha256": "00" },
        "summary": {
            "create": 0, "update": 1, "enable": 0, "disable": 1, "restore": 0, "delete": 0, "createGroup": 0, "updateGroup": 0, "addMembers": 0,
            "removeMembers": 0, "unchanged": 38, "held": 1, "skipped": 1, "upcoming": 0, "missing": 0, "shielded": 0,
        },
        "changes": [
            entry(1, "disable", "1", Some("u1"), &[edit("accountEnabled", &json!(true), &json!(false))]),
            entry(2, "update", "2", Some("u2"), &[edit("manager", &json!(null), &json!("3"))]),
        ],
        "held": [{ "key": "9", "record": { "source": "hr.csv", "line": 9 }, "code": "possible-duplicate", "message": "m", "help": "h" }],
        "skipped": [{ "key": "8", "id": "u8", "code": "protected", "message": "m" }],
        "guards": [
            { "name": "disable", "count": 1, "of": 40, "limit": 3, "tripped": false },
            { "name": "create", "count": 0, "of": 40, "limit": null, "tripped": false },
        ],
    })
}

/// A folder as the version before left it.
fn old_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join(FILE)).unwrap();
    database.execute_batch(SCHEMA_2).unwrap();
    database.pragma_update(None, "user_version", 2).unwrap();
    let outcome = json!({
        "format": "hrpush.outcome/1", "run": "r1", "fingerprint": "sha256:1", "applied": 1, "drifted": [], "held": [], "skipped": [], "guards": [],
        "failed": [{ "seq": 2, "key": "2", "action": "update", "status": 400, "code": "c", "message": "m", "requestId": null }],
        "summary": old_plan("x")["summary"], "durationMs": 5,
        "requests": { "sent": 1, "batches": 0, "writes": 2, "resourceUnits": 2, "throttled": 0, "retried": 0 },
    });
    database
        .execute(
            "insert into runs values ('r1', 't', 'HR', 'hr.csv', ?1, ?1, 'sha256:1', ?2, ?3, ?4, 1, 1, 4)",
            params![super::super::now(), old_plan("sha256:1").to_string(), r#"{"2":{"3":"u3"}}"#, outcome.to_string()],
        )
        .unwrap();
    database
        .execute_batch(
            r#"insert into changes values ('r1', 1, '1', 'user', 1), ('r1', 2, '2', 'user', 0);
               insert into requests (run, request, seq, kind, key, object, attributes, enabled, sent_at, done, answered_at)
                   values ('r1', 1, 1, 'update-user', '1', 'u1', 'accountEnabled', 0, '2026-11-20T02:15:01Z', 1, '2026-11-20T02:15:02Z');
               insert into people values ('t', '1', 'u1', 'HR', '2026-11-20', 0, null, '["revoke-sessions"]', '{"department":"Ops"}', '[]'),
                   ('t', '4', 'u4', 'HR', null, 1, null, '[]', '{}', '["p4@contoso.com"]');
               insert into addresses values ('t', 'old@contoso.com', '1', '2026-11-20');
               insert into readings values ('t', 'HR', '{"records":40,"held":[["9","possible-duplicate"]],"columns":{"ID":[0,40]}}');
               insert into refused values ('t', 'faxNumber', '2026-11-20');
               insert into staged values ('t', 'sha256:2', 'HR', '{"records":40,"held":[],"columns":{}}', '{"1":{"2":"u2"}}', '2026-11-20T02:15:00Z');
               insert into staged_people values ('t', 'sha256:2', '5', 'u5', '{"city":"Graz"}');
               insert into meta values ('sandbox-tenant', 'drawn');"#,
        )
        .unwrap();
    folder
}

#[test]
fn a_state_folder_of_the_version_before_opens_without_loss() {
    let folder = old_folder();
    for _ in 0..2 {
        let mut store = Store::open(folder.path()).unwrap();
        let version: i64 = store.database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION);
        let mut ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
        let leaver = &ledger.people[&key("1")];
        assert_eq!((leaver.id.clone(), leaver.disabled_on, leaver.leave_done.len()), (id("u1"), Some(today()), 1));
        assert_eq!((leaver.missing_since, leaver.seen, leaver.feed.as_str()), (None, false, "HR"));
        assert!(ledger.people[&key("4")].pre_hire);
        assert_eq!((ledger.addresses.len(), ledger.refused.len()), (1, 1));
        let reading = ledger.last_reading.clone().unwrap();
        assert_eq!((reading.records, reading.held.len(), reading.columns["ID"]), (40, 1, (0, 40)));
        assert!(ledger.feeds.is_empty(), "that version kept no day of a reading");
        assert!(ledger.decisions.is_empty());
        store.add_wishes(&tenant(), &mut ledger, ["1"]).unwrap();
        assert_eq!(ledger.people[&key("1")].wanted["department"], Some(Value::text("Ops")));
        assert_eq!(store.tenant_of_sandbox().unwrap().0, "drawn");
    }
}

#[test]
fn plans_without_the_new_keys_still_count_and_are_shown() {
    let folder = old_folder();
    let store = Store::open(folder.path()).unwrap();
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!(ledger.week, BTreeMap::from([("disable".to_owned(), 1)]));
    assert_eq!(ledger.let_through.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["2"]);
    let rows = store.runs().unwrap();
    assert_eq!((rows.len(), rows[0].applied, rows[0].failed, rows[0].exit_code), (1, 1, 1, Some(4)));
    let run = store.run("r1").unwrap();
    assert_eq!((run.plan.changes.len(), run.done, run.requests.len()), (2, vec![1], 1));
    assert_eq!(run.plan.changes[1].ids["3"], id("u3"));
    assert_eq!(run.plan.held[0].candidates, []);
    assert_eq!(run.outcome.unwrap().failed.len(), 1);
    assert_eq!(store.approval_used(&tenant(), "sha256:1").unwrap(), None);
}

#[test]
fn what_was_set_aside_and_all_that_is_new_works_after_the_migration() {
    let folder = old_folder();
    let mut store = Store::open(folder.path()).unwrap();
    // A version that needs more of a saved plan than was set aside may ask for an approval instead.
    if let Some(staged) = store.staged(&tenant(), "sha256:2").unwrap() {
        assert_eq!((staged.feed.as_str(), staged.people.len()), ("HR", 1));
        assert_eq!((&staged.people[0].0, &staged.people[0].1), (&key("5"), &Some(id("u5"))));
    }
    let decision = crate::plan::BoundNames::default().decide(crate::plan::Verdict::Keep, Some(id("u4")));
    let by = Operator { user: "ann".into(), host: "desk".into() };
    store.decide(&tenant(), &key("4"), &decision, &by, None).unwrap();
    store.good_reading(&tenant(), "HR", &LastReading::default()).unwrap();
    let link = Link { key: key("7"), account: id("u7"), wanted: BTreeMap::new(), kind: LinkKind::Seen, gone: false };
    store.remember_links(&tenant(), "HR", std::iter::once(link)).unwrap();
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!((&ledger.decisions[&key("4")], ledger.people[&key("7")].seen, ledger.feeds.len()), (&decision, true, 1));
}

#[test]
fn a_migrated_folder_has_the_tables_of_a_new_one() {
    let (old, new) = (old_folder(), tempfile::tempdir().unwrap());
    let columns = |folder: &tempfile::TempDir| {
        let store = Store::open(folder.path()).unwrap();
        let select = "select m.name, c.name, c.type, c.\"notnull\", c.dflt_value from sqlite_master m join pragma_table_info(m.name) c \
                      where m.type = 'table' order by m.name, c.name";
        let mut select = store.database.prepare(select).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
        let rows = select.query_map([], row).unwrap();
        rows.collect::<Result<Vec<(String, String, String, bool, Option<String>)>, _>>().unwrap()
    };
    assert_eq!(columns(&old), columns(&new));
}

#[test]
fn a_folder_of_a_later_version_is_refused() {
    let folder = old_folder();
    Connection::open(folder.path().join(FILE)).unwrap().pragma_update(None, "user_version", VERSION + 1).unwrap();
    assert!(matches!(Store::open(folder.path()).err(), Some(StoreError::Later { found, .. }) if found == VERSION + 1));
}
