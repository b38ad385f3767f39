mod approvals;
mod endings;
mod journal;
mod links;
mod migration;
mod nights;

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::*;
use crate::apply::fake::{Fake, Fault, attribute, change, edit, joiner, leaver, plan};
use crate::apply::{Applied, ApplyError, Entry, Journal, Options, RequestKind, RunId, Sent, carry_out_for_tests, settle};
use crate::directory::{ObjectId, Upn, User, Value};

use crate::mapping::LeaveAction;
use crate::plan::{Action, Guard, GuardName, LastReading, Plan};
use crate::record::EmployeeId;
use crate::target::{QuotaLevel as _, RateLevel, SnapshotCache as _};

fn tenant() -> TenantId {
    TenantId("t".into())
}

fn today() -> jiff::civil::Date {
    "2026-11-20".parse().unwrap()
}

fn key(text: &str) -> EmployeeId {
    EmployeeId::new(text).unwrap()
}

fn id(text: &str) -> ObjectId {
    ObjectId::new(text).unwrap()
}

async fn go(store: &mut Store, plan: &Plan, fake: &Fake) -> (RunId, Result<Applied, ApplyError>) {
    let run = store.begin_run(plan, &[]).unwrap();
    let (_keep, cancel) = watch::channel(false);
    let snapshot = fake.snapshot();
    let accepted = store.accepted(&snapshot.tenant).unwrap();
    let matching = Some(attribute("employeeId"));
    let options = Options { run: run.clone(), snapshot: &snapshot, matching, accepted, tap: false, cancel };
    (run, carry_out_for_tests(plan, fake, store, options).await)
}

/// What is left to do so that the people exist, each with their manager, and the leavers are disabled.
fn left_to_do(fake: &Fake, wanted: &[(String, Option<String>)]) -> Plan {
    let snapshot = fake.snapshot();
    let users: Vec<User> = snapshot.users.values().collect();
    let by_key: BTreeMap<&str, &User> = users.iter().filter_map(|user| Some((user.text("employeeId")?, user))).collect();
    let mut changes = Vec::new();
    for (key, manager) in wanted {
        match by_key.get(key.as_str()) {
            None if key.starts_with('l') => {}
            None => changes.push(joiner(key, manager.as_deref())),
            Some(user) if key.starts_with('l') && user.enabled == Some(true) => changes.push(leaver(key, &user.id)),
            Some(user) if manager.is_some() && user.manager.is_none() => {
                let mut update = change(Action::Update, key, Some(&user.id), vec![edit("manager", None, manager.as_deref())]);
                update.aside.accounts.extend(by_key.iter().map(|(key, user)| ((*key).to_owned(), user.id.clone())));
                changes.push(update);
            }
            Some(_) => {}
        }
    }
    for change in &mut changes {
        change.aside.accounts.extend(by_key.iter().map(|(key, user)| ((*key).to_owned(), user.id.clone())));
    }
    plan(changes)
}

fn world() -> (Fake, Vec<(String, Option<String>)>) {
    let fake = Fake::new();
    for at in 0..5 {
        let who = id(&format!("x{at}"));
        let mut user = User::new(who.clone(), Upn::new(format!("l{at}@contoso.com")));
        user.attributes.insert(attribute("employeeId"), Value::text(format!("l{at}")));
        fake.state().users.insert(who, user);
    }
    let leavers = (0..5).map(|at| (format!("l{at}"), None));
    let joiners = (0..40_usize).map(|at| (format!("p{at:02}"), (at > 0).then(|| format!("p{:02}", (at - 1) / 5))));
    (fake, leavers.chain(joiners).collect())
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_write_the_next_run_ends_in_the_same_tenant() {
    let writes = 5 * 2 + 40 + 39;
    for at in 1..=writes {
        let folder = tempfile::tempdir().unwrap();
        let (mut fake, wanted) = world();
        fake.faults.insert(at, Fault::Killed);
        {
            let mut store = Store::open(folder.path()).unwrap();
            let first = left_to_do(&fake, &wanted);
            let killed = tokio::time::timeout(std::time::Duration::from_mins(5), go(&mut store, &first, &fake)).await;
            assert!(killed.is_err(), "killed at {at}");
        }
        fake.faults.clear();
        let mut fake_again = Fake::new();
        std::mem::swap(&mut *fake_again.state(), &mut *fake.state());
        fake_again.forget_flights();
        let fake = &mut fake_again;
        let mut store = Store::open(folder.path()).unwrap();
        let settled = settle(fake, &store.open_requests(&tenant()).unwrap()).await;
        assert!(settled.unsettled.is_empty());
        store.settled(&settled).unwrap();
        store.reconcile(&fake.snapshot(), today()).unwrap();
        assert!(store.open_requests(&tenant()).unwrap().is_empty());
        let rest = left_to_do(fake, &wanted);
        let (run, applied) = go(&mut store, &rest, fake).await;
        let applied = applied.unwrap();
        assert_eq!(applied.outcome.failed, [], "killed at {at}");
        store.finish(&run, &applied.outcome, 0).unwrap();
        assert_eq!(left_to_do(fake, &wanted).changes.len(), 0, "killed at {at}");
        assert_eq!(fake.state().users.len(), 45, "killed at {at}");
        let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
        for at in 0..5 {
            assert_eq!(ledger.people[&key(&format!("l{at}"))].disabled_on, Some(today()));
        }
        for at in 0..40 {
            let known = &ledger.people[&key(&format!("p{at:02}"))].id;
            assert!(fake.state().users.contains_key(known));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_listed_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let fake = Fake::new();
    let plan = plan(vec![joiner("a", None)]);
    let (run, applied) = go(&mut store, &plan, &fake).await;
    let applied = applied.unwrap();
    store.record_outcome(&plan, &applied, today()).unwrap();
    store.finish(&run, &applied.outcome, 0).unwrap();
    let rows = store.runs().unwrap();
    assert_eq!((rows[0].applied, rows[0].failed, rows[0].exit_code), (1, 0, Some(0)));
    let shown = store.run(&run.0[..10]).unwrap();
    assert_eq!((shown.plan, shown.done, shown.requests.len()), (plan, vec![1], 1));
    assert!(!serde_json::to_string(&shown.requests).unwrap().contains("assword"));
    assert!(matches!(store.run("nothing"), Err(StoreError::NoRun(_))));
}

#[test]
fn a_second_run_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let lock = store.lock().unwrap();
    let refused = Store::open(folder.path()).unwrap().lock().unwrap_err();
    assert!(refused.to_string().starts_with("another run uses the state folder"));
    drop(lock);
    assert!(store.lock().is_ok());
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_state() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join(".hrpush");
    let store = Store::open(&folder).unwrap();
    let _lock = store.lock().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["state.db", "state.db-wal", "state.db-shm", "lock"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert_eq!(std::fs::read_to_string(folder.join(".gitignore")).unwrap(), "*\n");
}

#[test]
fn a_ledger_never_serves_another_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.remember(&tenant(), "HR", std::iter::once((key("a"), id("u1"), BTreeMap::new()))).unwrap();
    store.good_reading(&tenant(), "HR", &LastReading::default()).unwrap();
    let ledger = |tenant: &str| store.ledger("HR", &TenantId(tenant.into()), today(), &BTreeMap::new()).unwrap();
    assert_eq!((ledger("t").people.len(), ledger("other").people.len()), (1, 0));
    assert!(ledger("t").last_reading.is_some() && ledger("other").last_reading.is_none());
    assert!(store.starts_anew(&TenantId("other".into())).unwrap() && !store.starts_anew(&tenant()).unwrap());
}

#[tokio::test(start_paused = true)]
async fn disabled_by_hrpush_ends_when_the_account_is_seen_enabled() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let (fake, _) = world();
    let (_, applied) = go(&mut store, &plan(vec![leaver("l0", &id("x0"))]), &fake).await;
    assert_eq!(applied.unwrap().outcome.applied, 1);
    let person = |store: &Store| store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap().people[&key("l0")].clone();
    store.observe(&fake.snapshot()).unwrap();
    assert_eq!(person(&store).disabled_on, Some(today()));
    assert!(person(&store).leave_done.contains(&LeaveAction::RevokeSessions));
    fake.state().users.get_mut(&id("x0")).unwrap().enabled = Some(true);
    store.reconcile(&fake.snapshot(), today()).unwrap();
    assert_eq!(person(&store).disabled_on, Some(today()), "a run that does not go ahead believes no replica");
    store.observe(&fake.snapshot()).unwrap();
    assert_eq!(person(&store).disabled_on, None);
    assert!(person(&store).leave_done.is_empty());
}

#[test]
fn an_address_that_is_gone_stays_reserved() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let (fake, _) = world();
    store.remember(&tenant(), "HR", std::iter::once((key("l0"), id("x0"), BTreeMap::new()))).unwrap();
    store.reconcile(&fake.snapshot(), today()).unwrap();
    fake.state().users.clear();
    store.reconcile(&fake.snapshot(), today().tomorrow().unwrap()).unwrap();
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    let address = &ledger.addresses[0];
    assert_eq!((address.address.as_str(), &address.key, address.until), ("l0@contoso.com", &key("l0"), today()));
}

#[test]
fn what_was_let_through_and_not_done_is_not_counted_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let mut plan = plan(vec![leaver("l0", &id("x0")), joiner("a", None)]);
    let guard = |name, tripped| Guard { name, count: 1, of: 10, limit: Some(3), tripped, columns: Vec::new() };
    plan.guards = vec![guard(GuardName::Disable, false), guard(GuardName::Create, true)];
    let run = store.begin_run(&plan, &[]).unwrap();
    store.keep(&run, &Entry { completed: vec![2], ..Entry::default() }).unwrap();
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!(ledger.let_through.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["l0"]);
    assert_eq!(ledger.week, BTreeMap::from([(GuardName::Disable, 1)]));
    let later = store.ledger("HR", &tenant(), "2026-11-27".parse().unwrap(), &BTreeMap::new()).unwrap();
    assert!(later.week.is_empty() && later.let_through.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_groups_of_an_account_that_was_deleted_are_kept_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let wanted = || BTreeMap::from([("department".to_owned(), Some(Value::text("Sales")))]);
    store.remember(&tenant(), "HR", std::iter::once((key("l0"), id("x0"), wanted()))).unwrap();
    let mut delete = change(Action::Delete, "l0", Some(&id("x0")), Vec::new());
    delete.aside.former_groups.insert(id("g1"));
    let kept = |store: &Store| {
        let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
        ledger.people[&key("l0")].groups_when_deleted.clone()
    };
    assert!(kept(&store).is_empty());
    let (fake, _) = world();
    go(&mut store, &plan(vec![delete.clone()]), &fake).await.1.unwrap();
    assert_eq!(kept(&store), [id("g1")].into());
    let ann = (key("l0"), id("x0"), BTreeMap::from([("department".to_owned(), Some(Value::text("Legal")))]));
    store.remember(&tenant(), "HR", std::iter::once(ann)).unwrap();
    assert_eq!(kept(&store), [id("g1")].into(), "the nights between leave them alone");
    let restore = change(Action::Restore, "l0", Some(&id("x0")), Vec::new());
    go(&mut store, &plan(vec![restore]), &fake).await.1.unwrap();
    assert!(kept(&store).is_empty());
    go(&mut store, &plan(vec![delete]), &fake).await.1.unwrap();
    assert_eq!(kept(&store), [id("g1")].into());
    store.remember(&tenant(), "HR", std::iter::once((key("l0"), id("x1"), wanted()))).unwrap();
    assert!(kept(&store).is_empty(), "another account was never in them");
}

#[test]
fn a_run_for_a_past_day_counts_in_the_week_in_which_it_was_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let mut plan = plan(vec![leaver("l0", &id("x0"))]);
    plan.guards = vec![Guard { name: GuardName::Disable, count: 1, of: 10, limit: Some(3), tripped: false, columns: Vec::new() }];
    plan.as_of = "2020-01-01".into();
    store.begin_run(&plan, &[]).unwrap();
    let week = |day: jiff::civil::Date| store.ledger("HR", &tenant(), day, &BTreeMap::new()).unwrap().week;
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let one = BTreeMap::from([(GuardName::Disable, 1)]);
    assert_eq!(week(now), one);
    assert_eq!(week(now.saturating_add(jiff::Span::new().days(6))), one);
    assert!(week(now.saturating_add(jiff::Span::new().days(7))).is_empty());
    // A rehearsal of past days goes by the days of its plans.
    assert_eq!(week("2020-01-05".parse().unwrap()), one);
    assert!(week("2020-02-05".parse().unwrap()).is_empty());
}

#[test]
fn the_sandbox_keeps_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap().tenant_of_sandbox().unwrap();
    assert_eq!(first, Store::open(folder.path()).unwrap().tenant_of_sandbox().unwrap());
}

fn kept(readings: &SnapshotCacheTable, name: &str) -> Option<(Vec<u8>, Vec<String>)> {
    let (mut head, mut rows) = (Vec::new(), Vec::new());
    let whole = readings.load(
        name,
        &mut |found| {
            head = found.to_vec();
            true
        },
        &mut |key, value| rows.push(format!("{key}={}", String::from_utf8_lossy(value))),
    );
    whole.then_some((head, rows))
}

fn rows(keys: &[&str]) -> Vec<(String, Vec<u8>)> {
    keys.iter().map(|key| ((*key).to_owned(), b"1".to_vec())).collect()
}

#[test]
fn a_reading_moves_on_with_its_token_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let readings = Store::open(folder.path()).unwrap().readings("here");
    assert!(kept(&readings, "a").is_none());
    readings.replace("a", b"1", &mut rows(&["u1", "u2", "g1"]).into_iter());
    let change = || vec![("u1".to_owned(), None), ("u3".to_owned(), Some(b"3".to_vec()))].into_iter();
    readings.advance("a", b"1", b"2", &mut change());
    let moved = Some((b"2".to_vec(), vec!["g1=1".to_owned(), "u2=1".to_owned(), "u3=3".to_owned()]));
    assert_eq!(kept(&readings, "a"), moved);
    readings.advance("a", b"1", b"9", &mut vec![("u2".to_owned(), None)].into_iter());
    assert_eq!(kept(&readings, "a"), moved, "another run was faster");
    assert!(kept(&Store::open(folder.path()).unwrap().readings("elsewhere"), "a").is_none());
    readings.forget("a");
    assert!(kept(&readings, "a").is_none());
}

#[test]
fn four_readings_are_kept_and_the_eldest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let readings = Store::open(folder.path()).unwrap().readings("here");
    for name in ["a", "b", "c", "d", "e", "e"] {
        readings.replace(name, b"1", &mut rows(&["u1"]).into_iter());
    }
    let names: Vec<&str> = ["a", "b", "c", "d", "e"].into_iter().filter(|name| kept(&readings, name).is_some()).collect();
    assert_eq!(names, ["b", "c", "d", "e"]);
}

#[test]
fn a_broken_cache_is_made_anew_for_this_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenant.db");
    std::fs::write(&file, "no database at all, but long enough to be taken for one".repeat(100)).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let readings = store.readings("here");
    readings.replace("a", b"1", &mut rows(&["u1"]).into_iter());
    assert!(kept(&readings, "a").is_some());
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn what_a_killed_run_wrote_after_it_kept_the_level_is_taken_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let level = store.level(&tenant()).unwrap();
    assert_eq!(level.load(), None);
    let at = jiff::Timestamp::now().as_millisecond();
    level.save(&RateLevel { at, writes: 100.0, units: 1_000.0, shut_until: None });
    assert!((level.load().unwrap().writes - 100.0).abs() < 0.1);
    let run = store.begin_run(&plan(vec![joiner("a", None), joiner("b", None)]), &[]).unwrap();
    let sent = |request| Sent {
        request,
        seq: request,
        kind: RequestKind::CreateUser,
        key: "a".into(),
        object: None,
        upn: None,
        matching: None,
        attributes: Vec::new(),
        enabled: None,
        leave: None,
    };
    store.keep(&run, &Entry { sent: vec![sent(1), sent(2)], ..Entry::default() }).unwrap();
    let known = level.load().unwrap();
    assert!((known.writes - 98.0).abs() < 0.1 && (known.units - 998.0).abs() < 0.1);
    level.save(&RateLevel { at: at + 60_000, writes: 50.0, units: 900.0, shut_until: None });
    assert!((level.load().unwrap().writes - 48.0).abs() < 0.1, "they have no answer, so they may still have been sent later");
}

#[test]
fn a_stop_is_there_for_the_next_process_at_once_and_for_its_target_alone() {
    use crate::target::{Stops, StopsKeeper as _};
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let stops = Stops { at: 1, writes: Some(2), reads: None, units: Some(3) };
    store.stops("https://graph/v1.0 contoso.com").unwrap().save(&stops);
    // The first process is gone without a word.
    std::mem::forget(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.stops("https://graph/v1.0 contoso.com").unwrap().load(), Some(stops));
    assert_eq!(store.stops("https://graph/v1.0 fabrikam.com").unwrap().load(), None);
}
