//! Every run leaves a row: how it ended, its link in the chain, and what is left of it after pruning.

use super::*;
use crate::apply::{Answered, Outcome};
use crate::plan::Summary;

fn start(command: &str, at: jiff::Timestamp) -> RunStart {
    let by = Operator { user: "ann".into(), host: "desk".into() };
    RunStart { command: command.into(), dry_run: false, whole: true, at, by }
}

fn long_ago() -> jiff::Timestamp {
    "2025-01-02T03:04:05Z".parse().unwrap()
}

fn end(ended: EndKind, code: u8) -> RunResult {
    RunResult {
        ended: Some(ended),
        exit_code: Some(code),
        tenant: Some(tenant()),
        feed: Some("HR".into()),
        reason: Some("the network".into()),
        reason_code: Some("unreachable".into()),
        ..RunResult::default()
    }
}

/// A run with one request that was answered.
fn whole_run(store: &mut Store) -> RunId {
    let plan = plan(vec![leaver("l0", &id("x0"))]);
    let run = store.begin_run(&plan, &[]).unwrap();
    let sent = Sent {
        request: 1,
        seq: 1,
        kind: RequestKind::UpdateUser,
        key: "l0".into(),
        object: Some(id("6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0")),
        upn: None,
        matching: None,
        attributes: vec!["accountEnabled".into()],
        enabled: Some(false),
        leave: None,
    };
    store.keep(&run, &Entry { sent: vec![sent], ..Entry::default() }).unwrap();
    let answered = Answered {
        request: 1,
        done: true,
        id: None,
        status: Some(204),
        code: None,
        message: None,
        request_id: Some("0aa91a8d-e32e-41a1-b7bd-d2d185eed0e1".into()),
        completes: true,
        leave: None,
    };
    store.keep(&run, &Entry { answered: vec![answered], ..Entry::default() }).unwrap();
    let outcome = Outcome { applied: 1, ..Outcome::of(&plan, Some(&run)) };
    store.finish(&run, &outcome, 0).unwrap();
    run
}

#[test]
fn a_run_that_never_came_to_a_plan_is_listed_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let run = store.open_run(&start("sync", jiff::Timestamp::now())).unwrap();
    assert_eq!(store.last_start().unwrap(), None, "the run that is open is not one before it");
    store.end_run(&run, &end(EndKind::CannotRun, 1)).unwrap();
    let refused = store.record_run(&start("import", jiff::Timestamp::now()), &end(EndKind::CannotRun, 1)).unwrap();
    let rows = store.runs().unwrap();
    assert_eq!(rows.iter().map(|row| &row.run).collect::<Vec<_>>(), [&refused, &run]);
    let row = &rows[1];
    assert_eq!((row.ended, row.exit_code, row.reason.as_deref()), (Some(EndKind::CannotRun), Some(1), Some("the network")));
    assert_eq!((row.fingerprint.as_deref(), row.source.as_deref(), row.applied), (None, None, 0));
    assert_eq!((row.user.as_deref(), row.host.as_deref(), row.feed.as_deref()), (Some("ann"), Some("desk"), Some("HR")));
    assert!(row.duration_ms.is_some());
    assert_eq!(store.run_line("last").unwrap().run, refused);
    assert!(matches!(store.run(&run.0), Err(StoreError::NoPlan(_))));
    assert!(store.last_good_runs().unwrap().is_empty());
}

#[test]
fn an_opened_run_takes_its_plan_and_is_sealed_when_it_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let opened = store.open_run(&start("sync", jiff::Timestamp::now())).unwrap();
    assert_eq!(whole_run(&mut store), opened);
    assert_eq!(store.chain_head().unwrap(), None);
    let approved_by = vec![serde_json::json!({ "user": "ann" })];
    store.end_run(&opened, &RunResult { approved_by, ..RunResult::default() }).unwrap();
    let row = &store.runs().unwrap()[0];
    assert_eq!((row.ended, row.exit_code, row.applied), (Some(EndKind::Done), Some(0), 1));
    assert_eq!(row.approved_by, Some(serde_json::json!([{ "user": "ann" }])));
    assert_eq!(row.summary, Some(Summary::default()));
    let good = store.last_good_runs().unwrap();
    assert_eq!((good.len(), good[0].feed.as_str(), &good[0].run), (1, "HR", &opened));
    let report = store.verify_chain().unwrap();
    assert_eq!((report.runs, report.broken, report.head), (1, None, store.chain_head().unwrap()));
}

#[test]
fn a_run_that_crashed_is_recorded_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let crashed = store.open_run(&start("sync", jiff::Timestamp::now())).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.run_line(&crashed.0).unwrap().ended, None);
    assert_eq!(store.unfinished_runs().unwrap(), std::slice::from_ref(&crashed));
    let next = whole_run(&mut store);
    let line = store.run_line(&crashed.0).unwrap();
    assert_eq!((line.ended, line.reason_code.as_deref()), (Some(EndKind::Crashed), Some("crashed")));
    assert!(line.reason.is_some_and(|reason| reason.contains("did not end")) && store.unfinished_runs().unwrap().is_empty());
    assert_ne!(next, crashed);
    let report = store.verify_chain().unwrap();
    assert_eq!((report.runs, report.broken), (2, None));
}

#[test]
fn the_chain_shows_what_was_changed_and_what_was_taken_away() {
    let tamper = |statement: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let runs: Vec<RunId> = (0..3).map(|_| whole_run(&mut store)).collect();
        assert_eq!(store.verify_chain().unwrap().broken, None);
        store.database.pragma_update(None, "foreign_keys", false).unwrap();
        assert!(store.database.execute(statement, []).unwrap() > 0, "{statement}");
        store.verify_chain().unwrap().broken.map(|broken| runs.iter().position(|run| *run == broken).unwrap())
    };
    assert_eq!(tamper("update requests set done = 0 where run = 2"), Some(1));
    assert_eq!(tamper("update requests set request_id = 'x' where run = 3"), Some(2));
    assert_eq!(tamper("delete from requests where run = 1"), Some(0));
    assert_eq!(tamper("update runs set reason = 'x' where number = 2"), Some(1));
    assert_eq!(tamper("update runs set plan = x'00' where number = 2"), Some(1));
    assert_eq!(tamper("update runs set outcome = null where number = 3"), Some(2));
    assert_eq!(tamper("delete from runs where number = 2"), Some(2));
    assert_eq!(tamper("update runs set aside = x'00' where number = 2"), Some(1));
    assert_eq!(tamper("update runs set summary = '{}' where number = 3"), Some(2));
    assert_eq!(tamper("update runs set applied = 99 where number = 2"), Some(1), "the count that the list shows");
    assert_eq!(tamper("update runs set link = null where number = 1"), Some(0), "a row that no run has left");
    assert_eq!(tamper("update runs set aside = aside where number = 2"), None);
}

#[test]
fn a_request_that_is_settled_after_its_run_was_sealed_breaks_no_link() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let run = store.begin_run(&plan(vec![joiner("a", None)]), &[]).unwrap();
    let sent = Sent {
        request: 1,
        seq: 1,
        kind: RequestKind::CreateUser,
        key: "a".into(),
        object: None,
        upn: Some(Upn::new("a@contoso.com")),
        matching: Some((attribute("employeeId"), "a".into())),
        attributes: Vec::new(),
        enabled: None,
        leave: None,
    };
    store.keep(&run, &Entry { sent: vec![sent], ..Entry::default() }).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    whole_run(&mut store);
    let open = store.open_requests(&tenant()).unwrap();
    assert_eq!((open.len(), open[0].key.as_str()), (1, "a"));
    assert_eq!(open[0].upn.as_ref().map(Upn::as_str), Some("a@contoso.com"));
    assert_eq!(open[0].matching, Some((attribute("employeeId"), "a".into())));
    assert_eq!(store.prune(jiff::Timestamp::now()).unwrap(), Pruned::default(), "younger runs stay whole");
    let sealed = store.verify_chain().unwrap();
    store.reconcile(&crate::directory::Snapshot::empty(tenant(), "contoso.com"), today()).unwrap();
    let answered = crate::apply::Settled {
        answered: vec![(
            run,
            Answered {
                request: 1,
                done: true,
                id: ObjectId::new("u1"),
                status: None,
                code: None,
                message: None,
                request_id: None,
                completes: true,
                leave: None,
            },
        )],
        ..crate::apply::Settled::default()
    };
    store.settled(&answered).unwrap();
    assert!(store.open_requests(&tenant()).unwrap().is_empty());
    assert_eq!(store.verify_chain().unwrap(), sealed);
}

#[test]
fn pruning_takes_the_values_and_leaves_counts_links_and_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let old = whole_run(&mut store);
    let new = whole_run(&mut store);
    let before = store.verify_chain().unwrap();
    let moment = super::super::text(long_ago());
    let aged = "update runs set started_at = ?2, finished_at = ?2 where run = ?1";
    store.database.execute(aged, [&old.0, &moment]).unwrap();
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!(store.prune("2025-01-01T00:00:00Z".parse().unwrap()).unwrap(), Pruned::default());
    let pruned = store.prune(jiff::Timestamp::now()).unwrap();
    assert_eq!(pruned, Pruned { runs: 1, requests: 1 });
    assert_eq!(store.prune(jiff::Timestamp::now()).unwrap(), Pruned::default());
    let row = store.run_line(&old.0).unwrap();
    assert_eq!((row.applied, row.failed, row.ended), (1, 0, Some(EndKind::Done)));
    assert!(matches!(store.run(&old.0), Err(StoreError::NoPlan(_))));
    assert!(store.run(&new.0).is_ok());
    let after = store.verify_chain().unwrap();
    assert_eq!((after.pruned, after.broken, after.head), (1, None, before.head));
    assert_eq!(store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap(), ledger);
    assert_eq!(store.export_runs(jiff::Timestamp::UNIX_EPOCH).unwrap().len(), 2);
    let exported = store.export_runs("2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!((exported.len(), exported[0].link.clone()), (1, store.chain_head().unwrap()));
}

#[test]
fn an_approval_is_used_by_one_run_and_a_nonce_is_accepted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let approval = Approval {
        tenant: tenant(),
        feed: "HR".into(),
        approves: true,
        fingerprint: "sha256:abc".into(),
        reading: Some("00".into()),
        guards: vec![crate::plan::ApprovedGuard { name: crate::plan::GuardName::Disable, count: 9, of: 52 }],
        covered: vec![leaver("l0", &id("x0"))],
        left_out: vec!["l1".into()],
        note: Some("as agreed".into()),
        by: Operator { user: "ann".into(), host: "desk".into() },
        principal: Some("ann@contoso.com".into()),
        given_at: at("2026-11-20T10:00:00Z"),
        expires_at: at("2026-11-23T10:00:00Z"),
        nonce: Some("0f".repeat(16)),
        signature: Some("-----BEGIN SSH SIGNATURE-----".into()),
    };
    let number = store.keep_approval(&approval, &[]).unwrap();
    assert!(matches!(store.keep_approval(&approval, &[]), Err(StoreError::NonceUsed)));
    let rejected = Approval { approves: false, nonce: None, fingerprint: "sha256:abd".into(), ..approval.clone() };
    store.keep_approval(&rejected, &[]).unwrap();
    let valid = |store: &Store, moment: &str| store.valid_approvals(&tenant(), "HR", at(moment)).unwrap();
    assert_eq!(valid(&store, "2026-11-21T10:00:00Z"), [ApprovalRow { number, approval, used_by: None }]);
    assert!(valid(&store, "2026-11-23T10:00:00Z").is_empty());
    assert!(store.valid_approvals(&TenantId("other".into()), "HR", at("2026-11-21T10:00:00Z")).unwrap().is_empty());
    // A run that breaks off has not used it up; one that ends has.
    let run = store.begin_run(&plan(Vec::new()), &[number]).unwrap();
    assert_eq!(valid(&store, "2026-11-21T10:00:00Z").len(), 1);
    store.finish(&run, &Outcome::of(&plan(Vec::new()), Some(&run)), 0).unwrap();
    assert!(valid(&store, "2026-11-21T10:00:00Z").is_empty());
    let rows = store.approvals(&tenant()).unwrap();
    assert_eq!((rows.len(), rows[1].used_by.as_ref()), (2, Some(&run)));
}
