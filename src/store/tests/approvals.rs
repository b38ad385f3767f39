//! Plans that wait for an answer, and the answers: how long they and their values are kept.

use super::*;
use crate::plan::{Plan, RejectedChange};
use crate::store::{Approval, NewRejection, Operator};

fn moment(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn named(fingerprint: &str) -> Plan {
    Plan { fingerprint: fingerprint.into(), ..plan(vec![leaver("l0", &id("x0"))]) }
}

fn approval(approves: bool, fingerprint: &str) -> Approval {
    Approval {
        tenant: tenant(),
        feed: "HR".into(),
        approves,
        fingerprint: fingerprint.into(),
        reading: Some("00".into()),
        guards: Vec::new(),
        covered: if approves { named(fingerprint).changes } else { Vec::new() },
        left_out: Vec::new(),
        note: Some("as agreed".into()),
        by: Operator { user: "ann".into(), host: "desk".into() },
        principal: None,
        given_at: moment("2026-06-01T10:00:00Z"),
        expires_at: moment("2026-06-04T10:00:00Z"),
        nonce: None,
        signature: None,
    }
}

#[test]
fn the_last_ten_plans_of_a_feed_wait_for_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let records = BTreeMap::from([("l0".to_owned(), "digest".to_owned())]);
    for number in 0..12 {
        store.propose(&named(&format!("sha256:{number:02}")), Some(&records), Some("r")).unwrap();
    }
    assert_eq!(store.proposed("sha256:").unwrap().len(), 10);
    assert!(store.proposal("sha256:01").unwrap().is_none());
    // A saved plan that is shown again knows no records, and takes none away.
    store.propose(&named("sha256:02"), None, None).unwrap();
    let proposal = store.proposal("sha256:02").unwrap().unwrap();
    assert_eq!((proposal.records, proposal.plan.changes.len()), (records, 1));
}

#[test]
fn pruning_takes_the_values_from_old_answers_and_keeps_who_gave_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.propose(&named("sha256:1"), None, None).unwrap();
    store.keep_approval(&approval(true, "sha256:1"), &[]).unwrap();
    store.prune(moment("2026-05-01T00:00:00Z")).unwrap();
    assert_eq!(store.approvals_of("sha256:1").unwrap()[0].approval.covered.len(), 1);
    store.prune(moment("2099-05-01T00:00:00Z")).unwrap();
    let rows = store.approvals_of("sha256:1").unwrap();
    assert_eq!((rows.len(), rows[0].approval.covered.len()), (1, 0));
    assert_eq!(rows[0].approval.note.as_deref(), Some("as agreed"));
    assert!(store.proposal("sha256:1").unwrap().is_none());
}

#[test]
fn the_younger_answer_ends_the_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let rejected: Vec<NewRejection> = RejectedChange::of(&named("sha256:1"), None)
        .into_iter()
        .map(|(key, change)| NewRejection { key, change, record: None })
        .collect();
    let at = moment("2026-06-02T10:00:00Z");
    let state =
        |store: &Store| (store.valid_approvals(&tenant(), "HR", at).unwrap().len(), store.rejections(&tenant()).unwrap().len());
    store.keep_approval(&approval(true, "sha256:1"), &[]).unwrap();
    assert_eq!(state(&store), (1, 0));
    store.keep_approval(&approval(false, "sha256:1"), &rejected).unwrap();
    assert_eq!(state(&store), (0, 1));
    store.keep_approval(&approval(true, "sha256:2"), &[]).unwrap();
    assert_eq!(state(&store), (1, 1), "another plan");
    store.keep_approval(&approval(true, "sha256:1"), &[]).unwrap();
    assert_eq!(state(&store), (2, 0));
    let key = key("l0");
    let by = Operator { user: "bob".into(), host: "lap".into() };
    assert!(store.forget_rejections(&tenant(), &key, &by).unwrap().is_none());
    store.keep_approval(&approval(false, "sha256:1"), &rejected).unwrap();
    let forgotten = store.forget_rejections(&tenant(), &key, &by).unwrap().unwrap();
    assert_eq!((forgotten.verdict, forgotten.forgotten_by.as_deref()), (crate::store::DecisionKind::Reject, Some("bob@lap")));
    let history: Vec<bool> = store.rejection_rows(Some(&key)).unwrap().iter().map(|row| row.forgotten_at.is_some()).collect();
    assert_eq!(history, [true, true], "nothing is erased");
    assert!(store.created_at().unwrap().is_some());
}
