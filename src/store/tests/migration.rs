//! A state folder of the version before opens without loss.

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use super::*;
use crate::plan::ChangeAside;

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
        assert_eq!(version, super::super::migration::VERSION);
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
    assert_eq!(ledger.week, BTreeMap::from([(crate::plan::GuardName::Disable, 1)]));
    assert_eq!(ledger.let_through.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["2"]);
    let rows = store.runs().unwrap();
    assert_eq!((rows.len(), rows[0].applied, rows[0].failed, rows[0].exit_code), (1, 1, 1, Some(4)));
    let run = store.run("r1").unwrap();
    assert_eq!((run.plan.changes.len(), run.done, run.requests.len()), (2, vec![1], 1));
    assert_eq!(run.plan.changes[1].aside.accounts["3"], id("u3"));
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
    let link = Link {
        key: key("7"),
        account: id("u7"),
        wanted: crate::plan::Wishes::of(BTreeMap::new()),
        kind: LinkKind::Seen,
        gone: false,
    };
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
    Connection::open(folder.path().join(FILE))
        .unwrap()
        .pragma_update(None, "user_version", super::super::migration::VERSION + 1)
        .unwrap();
    assert!(
        matches!(Store::open(folder.path()).err(), Some(StoreError::Later { found, .. }) if found == super::super::migration::VERSION + 1)
    );
}

/// A folder as the last version with schema 3 left it.
fn folder_3() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join(FILE)).unwrap().execute_batch(include_str!("schema_3.sql")).unwrap();
    folder
}

fn tenant_3() -> TenantId {
    TenantId("11111111-2222-4333-8444-555555555555".into())
}

const FEED: &str = "Generic HR CSV export";

#[test]
fn a_state_folder_of_schema_3_opens_without_loss() {
    let folder = folder_3();
    let before = Connection::open(folder.path().join(FILE)).unwrap();
    let texts = |select: &str| -> Vec<String> {
        let mut select = before.prepare(select).unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let plans = texts("select plan from runs order by rowid");
    let wanted = texts("select wanted from people order by key");
    let requests = texts(
        "select json_array(run, request, seq, kind, key, object, attributes, sent_at, answered_at, done, id, status, code, message, \
         request_id) from requests order by run, request",
    );
    drop(before);
    for _ in 0..2 {
        let store = Store::open(folder.path()).unwrap();
        let day = "2026-12-01".parse().unwrap();
        let mut ledger = store.ledger(FEED, &tenant_3(), day, &BTreeMap::new()).unwrap();
        let keys: Vec<String> = ledger.people.keys().map(ToString::to_string).collect();
        assert_eq!(keys, ["10001", "10002", "10003", "10004", "10005", "10006"]);
        let leaver = &ledger.people[&key("10005")];
        assert_eq!((leaver.disabled_on, leaver.leave_done.len(), leaver.feed.as_str()), (Some(day), 1, FEED));
        assert_eq!(ledger.people[&key("10006")].missing_since, Some(day));
        assert_eq!((ledger.addresses.len(), ledger.refused.len(), ledger.decisions.len(), ledger.feeds.len()), (1, 1, 1, 1));
        assert_eq!(ledger.last_reading.as_ref().unwrap().records, 6);
        assert_eq!(ledger.let_through.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["10007"]);
        assert_eq!(ledger.week[&crate::plan::GuardName::Disable], 1);
        store.add_wishes(&tenant_3(), &mut ledger, keys.iter().map(String::as_str)).unwrap();
        let kept: Vec<String> = ledger.people.values().map(|person| serde_json::to_string(&person.wanted).unwrap()).collect();
        assert_eq!(kept, wanted);
        let rows = store.runs().unwrap();
        let ends: Vec<_> = rows.iter().rev().map(|row| (row.ended, row.exit_code, row.applied)).collect();
        assert_eq!(ends, [(Some(EndKind::Done), Some(0), 6), (Some(EndKind::Crashed), None, 2)]);
        let runs: Vec<Recorded> = rows.iter().rev().map(|row| store.run(&row.run.0).unwrap()).collect();
        for (run, plan) in runs.iter().zip(&plans) {
            assert_eq!(run.plan, serde_json::from_str::<Plan>(plan).unwrap().with_change_asides(run.plan.change_asides()));
        }
        let kept = runs.iter().flat_map(|run| run.requests.iter().map(|request| (&run.row.run, request))).map(|(run, of)| {
            let done = of.done.map(i64::from);
            json!([
                run,
                of.request,
                of.seq,
                of.kind,
                of.key,
                of.object,
                of.attributes.join(" "),
                of.sent_at,
                of.answered_at,
                done,
                of.id,
                of.status,
                of.code,
                of.message,
                of.request_id
            ])
            .to_string()
        });
        assert_eq!(kept.collect::<Vec<_>>(), requests);
        let open = store.open_requests(&tenant_3()).unwrap();
        assert_eq!((open.len(), open[0].key.as_str()), (1, "10007"));
        assert_eq!(open[0].upn.as_ref().map(Upn::as_str), Some("Jo.Li@contoso.com"));
        assert_eq!(open[0].matching, Some((attribute("employeeId"), "10007".into())));
        let staged = store.staged(&tenant_3(), &texts_of(&store, "select fingerprint from staged")).unwrap().unwrap();
        assert_eq!((staged.feed.as_str(), staged.people.len()), (FEED, 1));
        assert_eq!(store.decisions().unwrap()[0].note.as_deref(), Some("on leave"));
    }
}

#[test]
fn the_groups_of_an_account_that_was_deleted_move_to_their_own_column() {
    let folder = folder_3();
    let before = Connection::open(folder.path().join(FILE)).unwrap();
    let note = "update people set deleted_on = '2026-11-30', wanted = json_set(wanted, '$.\"(groups when deleted)\"', json_array('g1')) \
                where key = '10005'";
    assert_eq!(before.execute(note, []).unwrap(), 1);
    drop(before);
    let store = Store::open(folder.path()).unwrap();
    let mut ledger = store.ledger(FEED, &tenant_3(), today(), &BTreeMap::new()).unwrap();
    store.add_wishes(&tenant_3(), &mut ledger, ["10005"]).unwrap();
    let leaver = &ledger.people[&key("10005")];
    assert_eq!(leaver.groups_when_deleted, [id("g1")].into());
    assert!(leaver.wanted.len() > 1 && leaver.wanted.keys().all(|name| !name.starts_with('(')));
}

#[test]
fn names_in_brackets_become_fields_and_keys_stay_keys() {
    let folder = folder_3();
    let before = Connection::open(folder.path().join(FILE)).unwrap();
    let accounts = json!({
        "1": { "(cleared manager)": "m1", "(new password)": "u1", "10004": "u4", "[10005] (x)": "u5" },
        "2": { "(group when deleted) g1": "g1", "(group when deleted) g2": "g2" },
    });
    let run = text_of(&before, "select run from runs order by rowid limit 1");
    before.execute("update runs set ids = ?1 where run = ?2", params![accounts.to_string(), run]).unwrap();
    let names = json!({ "1": { "mail": ["a@contoso.com"] } });
    let staged = json!({ "accounts": accounts, "candidates": names, "newPasswords": [3] });
    let fingerprint = text_of(&before, "select fingerprint from staged");
    before.execute("update staged set ids = ?1", [staged.to_string()]).unwrap();
    drop(before);
    let store = Store::open(folder.path()).unwrap();
    let keys = BTreeMap::from([("10004".to_owned(), id("u4")), ("[10005] (x)".to_owned(), id("u5"))]);
    let first = ChangeAside { accounts: keys, cleared_manager: Some(id("m1")), new_password: true, ..ChangeAside::default() };
    let second = ChangeAside { former_groups: [id("g1"), id("g2")].into(), ..ChangeAside::default() };
    let expected = BTreeMap::from([(1, first), (2, second)]);
    assert_eq!(store.run(&run).unwrap().plan.change_asides(), expected);
    let aside = store.staged(&tenant_3(), &fingerprint).unwrap().unwrap().aside;
    assert_eq!(
        aside.candidates,
        BTreeMap::from([(1, BTreeMap::from([("mail".to_owned(), vec![Value::text("a@contoso.com")])]))])
    );
    let third = ChangeAside { new_password: true, ..ChangeAside::default() };
    assert_eq!(aside.changes, expected.into_iter().chain([(3, third)]).collect());
}

fn text_of(database: &Connection, select: &str) -> String {
    database.query_row(select, [], |row| row.get(0)).unwrap()
}

fn texts_of(store: &Store, select: &str) -> String {
    store.database.query_row(select, [], |row| row.get(0)).unwrap()
}

#[test]
fn links_and_addresses_of_schema_3_are_compared_as_before() {
    let folder = folder_3();
    let mut store = Store::open(folder.path()).unwrap();
    let day = "2026-12-02".parse().unwrap();
    let mut ledger = store.ledger(FEED, &tenant_3(), day, &BTreeMap::new()).unwrap();
    let keys: Vec<String> = ledger.people.keys().map(ToString::to_string).collect();
    store.add_wishes(&tenant_3(), &mut ledger, keys.iter().map(String::as_str)).unwrap();
    let written = |store: &Store| -> i64 { store.database.query_row("select total_changes()", [], |row| row.get(0)).unwrap() };
    let before = written(&store);
    let links = ledger.people.iter().map(|(key, person)| Link {
        key: key.clone(),
        account: person.id.clone(),
        wanted: crate::plan::Wishes::of(person.wanted.clone()),
        kind: LinkKind::Managed,
        gone: false,
    });
    store.remember_links(&tenant_3(), FEED, links).unwrap();
    assert_eq!(written(&store), before, "the digests were made by the migration");
    // The accounts are gone: their addresses, which schema 3 kept, stay reserved.
    store.reconcile(&crate::directory::Snapshot::empty(tenant_3(), "contoso.com"), day).unwrap();
    let former = store.ledger(FEED, &tenant_3(), day, &BTreeMap::new()).unwrap().addresses;
    assert!(former.iter().any(|former| former.address == "anna.schmidt@contoso.com" && former.key == key("10006")));
    assert!(former.len() >= 7);
    // A seen link of an account that was written to stays a managed one.
    let person = &ledger.people[&key("10001")];
    let wanted = crate::plan::Wishes::of(person.wanted.clone());
    let link = Link { key: key("10001"), account: person.id.clone(), wanted, kind: LinkKind::Seen, gone: false };
    store.remember_links(&tenant_3(), FEED, std::iter::once(link)).unwrap();
    assert!(!store.ledger(FEED, &tenant_3(), day, &BTreeMap::new()).unwrap().people[&key("10001")].seen);
    // The runs of before get their links with the first run that ends.
    let run = store.begin_run(&plan(Vec::new()), &[]).unwrap();
    store.finish(&run, &crate::apply::Outcome::of(&plan(Vec::new()), Some(&run)), 0).unwrap();
    let report = store.verify_chain().unwrap();
    assert_eq!((report.runs, report.broken), (3, None));
}

#[test]
fn a_folder_of_schema_3_has_the_tables_of_a_new_one() {
    let tables = |folder: &tempfile::TempDir| {
        let store = Store::open(folder.path()).unwrap();
        let mut select = store.database.prepare("select sql from sqlite_master where sql is not null order by name").unwrap();
        let rows = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let new = tables(&tempfile::tempdir().unwrap());
    assert_eq!(tables(&folder_3()), new);
    assert_eq!(tables(&old_folder()), new);
}
