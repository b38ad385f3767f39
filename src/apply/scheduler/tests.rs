use tokio::sync::watch;

use super::*;
use crate::apply::fake::{Fake, Fault, Notes, attribute, change, edit, group, joiner, leaver, plan, team};
use crate::apply::{Applied, ChangeState, RunId};
use crate::plan::{Action, Members};

async fn carry_out(plan: &Plan, fake: &Fake) -> (Applied, Notes) {
    let (_keep, cancel) = watch::channel(false);
    let mut notes = Notes::default();
    let snapshot = fake.snapshot();
    let options =
        Options { run: RunId("r".into()), snapshot: &snapshot, matching: Some(attribute("employeeId")), tap: false, cancel };
    let applied = run(plan, fake, &mut notes, options).await.unwrap();
    (applied, notes)
}

fn everybody(count: usize) -> Plan {
    let boss = |at: usize| (at > 0).then(|| format!("p{:03}", (at - 1) / 5));
    plan((0..count).map(|at| joiner(&format!("p{at:03}"), boss(at).as_deref())).collect())
}

fn id(text: &str) -> ObjectId {
    ObjectId::new(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn joiners_are_created_once_and_then_get_their_managers() {
    let fake = Fake::new();
    let (applied, notes) = carry_out(&everybody(100), &fake).await;
    assert_eq!((applied.outcome.applied, applied.outcome.failed.len()), (100, 0));
    assert_eq!(fake.state().writes, 199);
    assert_eq!(fake.state().users.values().filter(|user| user.manager.is_some()).count(), 99);
    assert_eq!(notes.sent.len(), notes.answered.len());
    assert_eq!(applied.created.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn any_fault_at_any_write_ends_in_the_same_tenant() {
    let faults = [Fault::LostBefore, Fault::LostAfter, Fault::Throttled, Fault::Unavailable, Fault::Unreachable, Fault::Page];
    for fault in faults {
        for at in 1..=23 {
            let mut fake = Fake::new();
            fake.faults.insert(at, fault);
            fake.faults.insert(at + 1, fault);
            let (applied, notes) = carry_out(&everybody(12), &fake).await;
            assert_eq!(applied.outcome.applied, 12, "{fault:?} at {at}: {:?}", applied.outcome.failed);
            let state = fake.state();
            assert_eq!(state.users.len(), 12, "{fault:?} at {at}");
            assert_eq!(state.users.values().filter(|user| user.manager.is_some()).count(), 11);
            assert_eq!(notes.sent.len(), notes.answered.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_depends_on_a_failed_create_fails_as_such_and_others_go_on() {
    let fake = Fake::new();
    let mut taken = crate::directory::User::new(id("x"), Upn::new("p000@contoso.com"));
    taken.attributes.insert(attribute("employeeId"), Value::text("somebody else"));
    fake.state().users.insert(id("x"), taken);
    let (applied, _) = carry_out(&everybody(8), &fake).await;
    let failed: Vec<(&str, &str)> =
        applied.outcome.failed.iter().map(|failed| (failed.key.as_str(), failed.code.as_str())).collect();
    assert_eq!(failed[0], ("p000", "Request_BadRequest"));
    assert_eq!(failed[1..], ["p001", "p002", "p003", "p004", "p005"].map(|key| (key, "dependency")));
    assert_eq!(applied.outcome.applied, 2);
    assert_eq!(fake.state().users.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_had_landed_is_known_again_by_any_of_its_names() {
    let fake = Fake::new();
    let mut made = crate::directory::User::new(id("x"), Upn::new("p000@contoso.com"));
    made.attributes.insert(attribute("employeeId"), Value::text("p000"));
    fake.state().users.insert(id("x"), made);
    let (applied, _) = carry_out(&everybody(2), &fake).await;
    assert_eq!((applied.outcome.applied, applied.outcome.failed.len(), fake.state().users.len()), (2, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn leavers_go_first_and_a_removal_of_nobody_is_done() {
    let fake = Fake::new();
    let left = id("l");
    fake.state().users.insert(left.clone(), crate::directory::User::new(left.clone(), Upn::new("l@contoso.com")));
    let g = id("g");
    fake.state().groups.insert(g.clone(), group(&g, "Dept", "hrpush-Dept"));
    let mut gone = team("Dept", Some(&g), Members { add: vec![], remove: vec!["l".into()] });
    gone.attributes.clear();
    gone.ids.insert("l".into(), left.clone());
    let (applied, notes) = carry_out(&plan(vec![joiner("a", None), leaver("l", &left), gone]), &fake).await;
    assert_eq!(applied.outcome.applied, 3);
    assert_eq!(notes.sent[&1].kind, RequestKind::UpdateUser);
    assert_eq!(fake.state().users[&left].enabled, Some(false));
    let revoked = notes.sent.values().find(|sent| sent.kind == RequestKind::RevokeSessions).unwrap();
    assert_eq!(notes.answered[&revoked.request].leave, Some(LeaveAction::RevokeSessions));
    assert!(notes.answered[&revoked.request].completes);
}

#[tokio::test(start_paused = true)]
async fn only_a_restore_that_was_sent_can_have_landed() {
    for (fault, in_bin, applied) in
        [(Fault::LostAfter, true, 1), (Fault::Unreachable, true, 1), (Fault::Unreachable, false, 0), (Fault::Throttled, false, 0)]
    {
        let mut fake = Fake::new();
        let back = id("b");
        if in_bin {
            let user = crate::directory::User::new(back.clone(), Upn::new("b@contoso.com"));
            fake.state().deleted.insert(back.clone(), user);
        }
        fake.faults.insert(1, fault);
        let (outcome, _) = carry_out(&plan(vec![change(Action::Restore, "b", Some(&back), vec![])]), &fake).await;
        assert_eq!(outcome.outcome.applied, applied, "{fault:?}, in the bin: {in_bin}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_patch_is_split_until_the_culprit_stands_alone() {
    let mut fake = Fake::new();
    let mut keys = Vec::new();
    let mut members = team("Dept", None, Members::default());
    for at in 0..45 {
        let who = id(&format!("m{at}"));
        fake.state().users.insert(who.clone(), crate::directory::User::new(who.clone(), Upn::new(format!("m{at}@c"))));
        members.ids.insert(format!("k{at}"), who);
        keys.push(format!("k{at}"));
    }
    fake.no_member = Some(id("m33"));
    members.members = Some(Members { add: keys, remove: vec![] });
    let (applied, _) = carry_out(&plan(vec![members]), &fake).await;
    let group = fake.state().groups.values().next().unwrap().clone();
    assert_eq!(group.members.len(), 44);
    assert!(applied.outcome.failed[0].message.contains("k33"), "{:?}", applied.outcome.failed);
}

#[tokio::test(start_paused = true)]
async fn a_refused_attribute_is_told_once_and_the_rest_lands() {
    let mut fake = Fake::new();
    fake.forbidden.insert("mobilePhone");
    let mut changes = Vec::new();
    for at in 0..3 {
        let who = id(&format!("m{at}"));
        fake.state().users.insert(who.clone(), crate::directory::User::new(who.clone(), Upn::new(format!("m{at}@c"))));
        let edits = vec![edit("city", None, Some("Graz")), edit("mobilePhone", None, Some("1"))];
        changes.push(change(Action::Update, &format!("k{at}"), Some(&who), edits));
    }
    let (applied, _) = carry_out(&plan(changes), &fake).await;
    assert_eq!(applied.outcome.applied, 3);
    assert_eq!(applied.refused, BTreeSet::from([attribute("mobilePhone")]));
    let told = applied.outcome.skipped.iter().filter(|skipped| skipped.code == SkippedCode::RefusedByGraph);
    assert_eq!(told.count(), 1);
    assert!(fake.state().users.values().all(|user| user.text("city") == Some("Graz")));
}

#[tokio::test(start_paused = true)]
async fn a_dead_service_ends_the_run_early() {
    for fault in [Fault::LostBefore, Fault::LockedOut, Fault::Page, Fault::Barred] {
        let mut fake = Fake::new();
        fake.always = Some(fault);
        let started = Instant::now();
        let (applied, _) = carry_out(&everybody(1_000), &fake).await;
        assert!(applied.gave_up && fake.state().stopped);
        assert!(started.elapsed() < Duration::from_mins(2), "{fault:?}");
        assert_eq!(applied.outcome.failed.len(), 1_000);
        assert!(applied.outcome.failed.iter().filter(|failed| failed.code == "not-attempted").count() > 700);
        assert!(applied.results.iter().any(|result| result.state == ChangeState::NotAttempted));
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_lets_nothing_through_any_more_ends_the_run_early() {
    let mut fake = Fake::new();
    fake.always = Some(Fault::Throttled);
    let started = Instant::now();
    let (applied, _) = carry_out(&everybody(1_000), &fake).await;
    assert!(applied.gave_up && fake.state().stopped, "what waits for its quota is not waited for");
    let quarter = Duration::from_mins(15)..Duration::from_mins(16);
    assert!(quarter.contains(&started.elapsed()), "who waits as asked has patience: {:?}", started.elapsed());
    assert_eq!(applied.outcome.failed.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_throttles_most_and_fails_the_rest_ends_the_run_as_early() {
    let mut fake = Fake::new();
    fake.always = Some(Fault::Mixed);
    let started = Instant::now();
    let (applied, _) = carry_out(&everybody(1_000), &fake).await;
    assert!(applied.gave_up && fake.state().stopped);
    assert!(started.elapsed() < Duration::from_mins(16), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_quota_meanwhile_counts_when_it_is_answered() {
    let mut fake = Fake::new();
    fake.always = Some(Fault::Throttled);
    fake.wait = Duration::from_secs(150);
    fake.door = Some(tokio::sync::Mutex::new(Instant::now()));
    let started = Instant::now();
    let (applied, _) = carry_out(&everybody(1_000), &fake).await;
    assert!(applied.gave_up);
    let quarter = Duration::from_mins(15)..Duration::from_mins(18);
    assert!(quarter.contains(&started.elapsed()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn answers_to_what_was_in_flight_together_are_one_refusal() {
    let mut fake = Fake::new();
    // Eight batches of the first wave, each answered three minutes after the one before; at the next time all is well.
    fake.wait = Duration::from_mins(30);
    fake.delays = (0..8).map(|batch| Duration::from_mins(3 * batch)).collect();
    fake.faults = (1..=160).map(|write| (write, Fault::Throttled)).collect();
    let people = (0..160).map(|at| joiner(&format!("p{at}"), None)).collect();
    let (applied, _) = carry_out(&plan(people), &fake).await;
    assert_eq!((applied.gave_up, applied.outcome.applied), (false, 160), "{:?}", applied.outcome.failed.first());
}

#[tokio::test(start_paused = true)]
async fn who_may_come_again_at_once_is_asked_less_and_less_often() {
    let mut fake = Fake::new();
    fake.faults = (1..=20).map(|write| (write, Fault::Locked)).collect();
    let started = Instant::now();
    let (applied, _) = carry_out(&everybody(1), &fake).await;
    assert_eq!(applied.outcome.applied, 1);
    assert!(started.elapsed() > Duration::from_mins(1), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_finishes_what_is_in_flight() {
    let fake = Fake::new();
    let (stop, cancel) = watch::channel(false);
    let mut notes = Notes::default();
    let snapshot = fake.snapshot();
    let plan = everybody(1_000);
    let options =
        Options { run: RunId("r".into()), snapshot: &snapshot, matching: Some(attribute("employeeId")), tap: false, cancel };
    let (applied, ()) = tokio::join!(run(&plan, &fake, &mut notes, options), async {
        tokio::time::sleep(Duration::from_millis(70)).await;
        stop.send(true).unwrap();
    });
    let applied = applied.unwrap();
    assert!(applied.interrupted);
    assert!(fake.state().users.len() < 1_000);
    assert_eq!(notes.sent.len(), notes.answered.len());
}
