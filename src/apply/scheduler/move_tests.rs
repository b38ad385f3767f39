//! People that move from one group to another.

use super::tests::{carry_out, id};
use super::*;
use crate::apply::fake::{Fake, Fault, group, leaver, plan, team};
use crate::apply::{Applied, StepName};
use crate::directory::User;
use crate::plan::{Change, Members};

const PEOPLE: usize = 22;

/// 22 people in the group Old that belong in the group New, which exists or not.
fn before_the_move(new_exists: bool) -> Fake {
    let fake = Fake::new();
    let mut state = fake.state();
    let mut old = group(&id("g-hrpush-Old"), "Old", "hrpush-Old");
    for at in 0..PEOPLE {
        let who = id(&format!("m{at:02}"));
        state.users.insert(who.clone(), User::new(who.clone(), Upn::new(format!("m{at:02}@c"))));
        old.members.insert(who);
    }
    state.groups.insert(old.id.clone(), old);
    if new_exists {
        let new = group(&id("g-hrpush-New"), "New", "hrpush-New");
        state.groups.insert(new.id.clone(), new);
    }
    drop(state);
    fake
}

fn members(fake: &Fake, key: &str) -> BTreeSet<ObjectId> {
    fake.state().groups.get(&id(&format!("g-hrpush-{key}"))).map(|group| group.members.clone()).unwrap_or_default()
}

/// What the next run plans: people that are not in New are added, people that are in Old are removed.
fn the_move(fake: &Fake) -> Vec<Change> {
    let ids: Vec<ObjectId> = fake.state().users.keys().cloned().collect();
    let keys = |which: &dyn Fn(&ObjectId) -> bool| ids.iter().filter(|id| which(id)).map(ToString::to_string).collect();
    let (old, new) = (members(fake, "Old"), members(fake, "New"));
    let add = Members { add: keys(&|id| !new.contains(id)), remove: vec![] };
    let remove = Members { add: vec![], remove: keys(&|id| old.contains(id)) };
    let there = id("g-hrpush-New");
    let there = Some(&there).filter(|id| fake.state().groups.contains_key(id));
    let named = ids.iter().map(|id| (id.to_string(), id.clone()));
    let mut changes = vec![team("Old", Some(&id("g-hrpush-Old")), remove), team("New", there, add)];
    for change in &mut changes {
        change.aside.accounts = named.clone().collect();
        if change.id.is_some() {
            change.attributes.clear();
        }
    }
    changes.retain(|change| change.members.as_ref().is_some_and(|members| !members.add.is_empty() || !members.remove.is_empty()));
    changes
}

fn codes(applied: &Applied) -> Vec<(&str, &str, Option<StepName>)> {
    applied.outcome.failed.iter().map(|failed| (failed.key.as_str(), failed.code.as_str(), failed.step)).collect()
}

async fn settles(fake: &Fake) {
    let (again, _) = carry_out(&plan(the_move(fake)), fake).await;
    assert!(again.outcome.failed.is_empty(), "{:?}", again.outcome.failed);
    assert_eq!((members(fake, "Old").len(), members(fake, "New").len()), (0, PEOPLE));
    assert!(the_move(fake).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_move_that_goes_well_costs_no_request_more() {
    for (new_exists, writes) in [(true, 24), (false, 25)] {
        let fake = before_the_move(new_exists);
        let (applied, notes) = carry_out(&plan(the_move(&fake)), &fake).await;
        assert_eq!((applied.outcome.applied, applied.outcome.failed.len()), (2, 0));
        assert_eq!((fake.state().writes, notes.sent.len() as u64), (writes, writes));
        assert!(the_move(&fake).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_added_stays_and_the_others_move() {
    for (status, new_exists) in [(400, true), (403, true), (403, false), (404, true), (409, true)] {
        for culprit in ["m00", "m13", "m21"] {
            let mut fake = before_the_move(new_exists);
            (fake.no_member, fake.no_member_status) = (Some(id(culprit)), Some(status));
            let (applied, _) = carry_out(&plan(the_move(&fake)), &fake).await;
            assert_eq!(members(&fake, "Old"), BTreeSet::from([id(culprit)]), "{status} {culprit}");
            assert_eq!(members(&fake, "New").len(), PEOPLE - 1, "{status} {culprit}");
            let step = Some(StepName::Members);
            assert_eq!(codes(&applied), [("Old", "dependency", step), ("New", "Request_BadRequest", step)]);
            let stays = format!("removing 1 of 22 members failed: {culprit}: the member stays, because adding it to New failed");
            assert_eq!(applied.outcome.failed[0].message, stays);
            assert_eq!(applied.outcome.failed[1].status, Some(status));
            fake.no_member = None;
            settles(&fake).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_over_one_member_takes_nobody_out_of_both_groups() {
    // Where nothing else was answered, the service counts as dead, and the run ends.
    for (status, new_exists, stay) in [(500, true, PEOPLE), (500, false, 1), (503, false, 1)] {
        let mut fake = before_the_move(new_exists);
        (fake.no_member, fake.no_member_status) = (Some(id("m13")), Some(status));
        let (applied, _) = carry_out(&plan(the_move(&fake)), &fake).await;
        assert!(!applied.outcome.failed.is_empty());
        let (old, new) = (members(&fake, "Old"), members(&fake, "New"));
        assert!(old.contains(&id("m13")));
        assert_eq!((old.len(), applied.gave_up), (stay, stay > 1), "{status}");
        assert_eq!(old.union(&new).count(), PEOPLE, "{status}");
        fake.no_member = None;
        settles(&fake).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_not_made_takes_nobody_out_of_another() {
    let mut fake = before_the_move(false);
    fake.no_group = true;
    let (applied, _) = carry_out(&plan(the_move(&fake)), &fake).await;
    assert_eq!((members(&fake, "Old").len(), fake.state().writes), (PEOPLE, 1));
    let output = codes(&applied);
    assert_eq!(output[0], ("Old", "dependency", Some(StepName::Members)));
    assert_eq!(output[1], ("New", "Request_BadRequest", Some(StepName::Create)));
    fake.no_group = false;
    settles(&fake).await;
}

#[tokio::test(start_paused = true)]
async fn no_fault_leaves_a_member_without_a_group() {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::Throttled, Fault::Unavailable, Fault::Locked] {
        for at in 1..=25 {
            let mut fake = before_the_move(false);
            fake.faults.extend([(at, fault), (at + 1, fault)]);
            let (applied, _) = carry_out(&plan(the_move(&fake)), &fake).await;
            assert_eq!(applied.outcome.applied, 2, "{fault:?} at {at}: {:?}", applied.outcome.failed);
            assert_eq!((members(&fake, "Old").len(), members(&fake, "New").len()), (0, PEOPLE));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn leavers_and_people_without_another_group_are_removed_at_once() {
    let mut fake = before_the_move(true);
    fake.no_members = true;
    let mut changes = the_move(&fake);
    // m05 belongs in no group any more. m06 leaves, although the plan adds it to New.
    let add = &mut changes[1].members.as_mut().unwrap().add;
    add.retain(|key| key != "m05");
    changes.push(leaver("m06", &id("m06")));
    let (_, notes) = carry_out(&plan(changes), &fake).await;
    let old = members(&fake, "Old");
    assert_eq!((old.len(), old.contains(&id("m05")), old.contains(&id("m06"))), (PEOPLE - 2, false, false));
    // Both go before any answer about New is needed.
    let kinds: Vec<RequestKind> = notes.sent.values().map(|sent| sent.kind).take(5).collect();
    assert!(kinds.contains(&RequestKind::RemoveMember), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn a_member_who_joins_several_groups_stays_until_all_take_it() {
    let mut fake = before_the_move(true);
    let mut changes = the_move(&fake);
    let mut third = team("Third", None, Members { add: vec!["m03".into(), "m04".into()], remove: vec![] });
    third.aside.clone_from(&changes[0].aside);
    changes.push(third);
    fake.no_group = true;
    let (applied, _) = carry_out(&plan(changes), &fake).await;
    assert_eq!(members(&fake, "Old"), BTreeSet::from([id("m03"), id("m04")]));
    assert!(applied.outcome.failed[0].message.contains("adding it to Third failed"), "{:?}", applied.outcome.failed);
    fake.no_group = false;
    settles(&fake).await;
}
