//! What a write costs in the journal: bytes kept and frames of the log.

use super::*;
use crate::apply::{Answered, Outcome};

const BATCH: u64 = 20;

fn sent(request: u64, kind: RequestKind, seq: u64) -> Sent {
    let key = format!("p{seq:06}");
    let create = kind == RequestKind::CreateUser;
    Sent {
        request,
        seq,
        kind,
        object: (!create).then(|| account(seq)),
        upn: create.then(|| Upn::new(format!("{key}@contoso.com"))),
        matching: create.then(|| (attribute("employeeId"), key.clone())),
        attributes: if create { Vec::new() } else { vec!["manager".into()] },
        enabled: create.then_some(true),
        leave: None,
        key,
    }
}

fn account(seq: u64) -> ObjectId {
    // Graph's ids come in no order.
    id(&format!("{:08x}-0000-4000-8000-{seq:012x}", seq.wrapping_mul(2_654_435_761) & 0xffff_ffff))
}

fn answered(request: u64, kind: RequestKind, seq: u64) -> Answered {
    let create = kind == RequestKind::CreateUser;
    Answered {
        request,
        done: true,
        id: create.then(|| account(seq)),
        status: Some(if create { 201 } else { 204 }),
        code: None,
        message: None,
        request_id: Some(account(request ^ 0x00ff_00ff).to_string()),
        completes: !create,
        leave: None,
    }
}

/// As a first import sends them: people, then their managers, twenty a batch. Counts the bytes of the log at each step.
fn import(store: &mut Store, people: u64) -> (RunId, u64) {
    let changes = (1..=people).map(|seq| {
        let mut change = joiner(&format!("p{seq:06}"), Some(&format!("p{:06}", (seq / 12).max(1))));
        change.attributes.push(edit("department", None, Some(&format!("Department {}", seq % 40))));
        change.attributes.push(edit("jobTitle", None, Some(&format!("Job {}", seq % 90))));
        change
    });
    let plan = plan(changes.collect());
    let run = store.begin_run(&plan, &[]).unwrap();
    let (mut request, mut waiting) = (0, Vec::new());
    let log = store.folder.join("state.db-wal");
    let before = std::fs::metadata(&log).unwrap().len();
    for kind in [RequestKind::CreateUser, RequestKind::SetManager] {
        for first in (1..=people).step_by(20) {
            let batch: Vec<Sent> = (first..(first + BATCH).min(people + 1))
                .map(|seq| {
                    request += 1;
                    sent(request, kind, seq)
                })
                .collect();
            let next = batch.iter().map(|sent| answered(sent.request, kind, sent.seq)).collect();
            let entry = Entry { answered: std::mem::replace(&mut waiting, next), sent: batch, ..Entry::default() };
            store.keep(&run, &entry).unwrap();
        }
    }
    store.keep(&run, &Entry { answered: waiting, ..Entry::default() }).unwrap();
    let frames = (std::fs::metadata(&log).unwrap().len() - before) / 4_120;
    let outcome = Outcome { applied: people, ..Outcome::of(&plan, Some(&run)) };
    store.finish(&run, &outcome, 0).unwrap();
    (run, frames)
}

#[test]
fn a_thousand_writes_take_less_than_a_megabyte_and_a_batch_few_frames() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    // No checkpoint, so that the log has every frame.
    store.database.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let size = |store: &Store| -> i64 { store.database.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap() };
    let before = size(&store);
    let people = 1_000;
    let (run, frames) = import(&mut store, people);
    let kept = (size(&store) - before) * 4_096;
    let (writes, batches) = (2 * people, 2 * people / BATCH);
    assert!(frames / batches <= 16, "{} frames a batch", frames / batches);
    assert!(kept / (writes.cast_signed() / 1_000) < 300_000, "{} bytes for 1,000 writes", kept / (writes.cast_signed() / 1_000));
    let shown = store.run(&run.0).unwrap();
    assert_eq!((shown.requests.len(), shown.done.len()), (2_000, 1_000));
    let last = &shown.requests[1_999];
    assert_eq!(
        (last.key.as_str(), last.kind.as_str(), last.attributes.as_slice()),
        ("p001000", "set-manager", &["manager".to_owned()][..])
    );
    assert_eq!(last.object, Some(account(1_000).to_string()));
    assert_eq!(last.request_id, Some(account(0x07d0 ^ 0x00ff_00ff).to_string()));
    assert!(last.answered_at.as_ref().unwrap() >= &last.sent_at);
    assert_eq!(store.verify_chain().unwrap().broken, None);
}

#[test]
fn an_answer_that_another_process_waits_for_is_kept_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let run = store.begin_run(&plan(vec![joiner("p000001", None), joiner("p000002", None)]), &[]).unwrap();
    let mut other = sent(2, RequestKind::CreateUser, 2);
    // Another name than the plan's, and no match value.
    (other.upn, other.matching) = (Some(Upn::new("other@contoso.com")), None);
    store.keep(&run, &Entry { sent: vec![sent(1, RequestKind::CreateUser, 1), other.clone()], ..Entry::default() }).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    let open = store.open_requests(&tenant()).unwrap();
    let names: Vec<Option<&str>> = open.iter().map(|open| open.upn.as_ref().map(Upn::as_str)).collect();
    assert_eq!(names, [Some("p000001@contoso.com"), Some("other@contoso.com")]);
    assert_eq!((open[0].matching.clone(), open[1].matching.clone()), (Some((attribute("employeeId"), "p000001".into())), None));
    store.keep(&run, &Entry { answered: vec![answered(1, RequestKind::CreateUser, 1)], ..Entry::default() }).unwrap();
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!(ledger.people[&key("p000001")].id, account(1));
    assert_eq!(store.open_requests(&tenant()).unwrap().len(), 1);
    let made = store.made_since(&tenant(), jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1)).unwrap();
    assert_eq!(made.into_keys().collect::<Vec<_>>(), [account(1)]);
}

#[test]
fn an_answer_after_a_crash_still_keeps_the_groups_of_a_deleted_account() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.remember(&tenant(), "HR", std::iter::once((key("l0"), id("x0"), BTreeMap::new()))).unwrap();
    let mut delete = change(Action::Delete, "l0", Some(&id("x0")), Vec::new());
    delete.aside.former_groups.insert(id("g1"));
    let run = store.begin_run(&plan(vec![delete]), &[]).unwrap();
    let request =
        Sent { key: "l0".into(), object: Some(id("x0")), attributes: Vec::new(), ..sent(1, RequestKind::DeleteUser, 1) };
    store.keep_entry(&run, &Entry { sent: vec![request], ..Entry::default() }).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    let answer = answered(1, RequestKind::DeleteUser, 1);
    store.keep_entry(&run, &Entry { answered: vec![answer], ..Entry::default() }).unwrap();
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!(ledger.people[&key("l0")].groups_when_deleted, [id("g1")].into());
}
