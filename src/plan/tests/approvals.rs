//! Approvals and rejections of before: what they cover of a plan, and what they never cover.

use std::collections::BTreeSet;

use super::world::*;
use crate::mapping::Desired;
use crate::plan::{
    ApprovedGuard, Approver, Confirmation, GivenApproval, GuardName, Plan, RejectedChange, Rejection, SkippedCode, drift,
};

fn company(gone: usize) -> Vec<Desired> {
    let person = |n: usize| worker(&format!("{n:03}"), "Ada", &format!("L{n}"));
    (1..=20).map(|n| if n <= gone { person(n).left() } else { person(n) }).collect()
}

fn given(plan: &Plan, name: &str) -> GivenApproval {
    GivenApproval {
        number: 7,
        fingerprint: plan.fingerprint.clone(),
        reading: Some(plan.source.sha256.clone()),
        guards: ApprovedGuard::tripped(plan),
        covered: plan.changes.clone(),
        by: Approver { principals: BTreeSet::from([name.to_owned()]), key: Some(name.to_owned()) },
    }
}

/// A company of twenty of whom so many leave, as an approved plan has it.
fn approved(gone: usize) -> (World, GivenApproval) {
    let mut world = World::settled(company(0));
    world.hr(company(gone));
    let given = given(&world.plan(), "ann");
    world.ledger.approvals = vec![given.clone()];
    (world, given)
}

fn passes(world: &World) -> bool {
    world.plan().approve(None).is_ok()
}

#[test]
fn an_approval_covers_its_changes_and_the_limit_is_for_the_others() {
    let (mut world, _) = approved(8);
    let plan = world.plan();
    assert_eq!((plan.judged.covered(), plan.judged.used()), (8, &[7][..]));
    assert!(plan.guards.iter().any(|guard| guard.tripped), "the plan says what tripped all the same");
    assert_eq!(plan.clone().approve(None).unwrap().used(), [7]);
    for (gone, passing) in [(6, true), (11, true), (12, false)] {
        world.hr(company(gone));
        assert_eq!(passes(&world), passing, "{gone}");
    }
    world.ledger.approvals.clear();
    world.hr(company(8));
    assert!(!passes(&world));
}

#[test]
fn what_nobody_saw_is_not_covered() {
    let altered: [fn(&mut GivenApproval); 5] = [
        |given| given.covered.iter_mut().for_each(|change| change.key.push('x')),
        |given| given.covered.iter_mut().for_each(|change| change.id = Some(id("another"))),
        |given| given.covered.iter_mut().for_each(|change| change.action = crate::plan::Action::Delete),
        |given| given.covered.iter_mut().for_each(|change| change.attributes.clear()),
        |given| given.covered.iter_mut().for_each(|change| change.object = crate::plan::Object::Group),
    ];
    for alter in altered {
        let (mut world, mut given) = approved(8);
        alter(&mut given);
        world.ledger.approvals = vec![given];
        assert!(!passes(&world));
        assert!(world.plan().judged.used().is_empty());
    }
    // A step that follows a disable and that the approved plan did not have.
    let (mut world, mut given) = approved(8);
    world.lifecycle().on_leave = vec![crate::mapping::LeaveAction::RevokeSessions];
    given.covered.iter_mut().for_each(|change| change.then.clear());
    world.ledger.approvals = vec![given];
    assert!(!passes(&world));
}

#[test]
fn two_people_cover_what_both_have_approved() {
    let (mut world, ann) = approved(8);
    world.policy.two_people = true;
    assert!(!passes(&world), "one of two");
    let person = |name: &str, key: &str| Approver { principals: BTreeSet::from([name.to_owned()]), key: Some(key.to_owned()) };
    for (second, passing) in [
        (person("ann", "another key"), false),
        (person("bob", "ann"), false),
        (Approver::default(), false),
        (person("bob", "bob"), true),
    ] {
        world.ledger.approvals = vec![ann.clone(), GivenApproval { number: 8, by: second, ..ann.clone() }];
        assert_eq!(passes(&world), passing, "{:?}", world.ledger.approvals[1].by);
    }
    // Bob has approved three of the eight: the other five are one too many after Ann's yes alone.
    let few = GivenApproval { by: person("bob", "bob"), covered: ann.covered[..3].to_vec(), number: 8, ..ann.clone() };
    world.ledger.approvals = vec![ann, few];
    assert!(!passes(&world));
    assert_eq!(world.plan().judged.covered(), 3);
}

#[test]
fn a_guard_on_the_reading_needs_the_reading_its_name_and_a_count_as_high() {
    let short = || company(0).into_iter().skip(8).collect::<Vec<_>>();
    let world = || {
        let mut world = World::settled(company(0));
        world.lifecycle().disable_missing = true;
        world.hr(short());
        world
    };
    let plan = world().plan();
    let names: Vec<&str> = plan.guards.iter().filter(|guard| guard.tripped).map(|guard| guard.name.as_str()).collect();
    assert!(names.contains(&"missing") && names.contains(&"disable"), "{names:?}");
    let with = |alter: fn(&mut GivenApproval)| {
        let (mut world, mut given) = (world(), given(&plan, "ann"));
        alter(&mut given);
        world.ledger.approvals = vec![given];
        passes(&world)
    };
    assert!(with(|_| {}));
    assert!(!with(|given| given.reading = Some("another".into())));
    assert!(!with(|given| given.reading = None));
    assert!(!with(|given| given.guards.retain(|guard| guard.name != GuardName::Missing)));
    assert!(!with(|given| given.guards.iter_mut().for_each(|guard| guard.count -= 1)));
    // The guards on changes need no name: their changes are covered.
    assert!(with(|given| given.guards.retain(|guard| guard.name != GuardName::Disable)));
}

#[test]
fn a_saved_plan_without_a_copy_needs_an_approval_of_its_own_fingerprint() {
    let mut world = World::settled(company(0));
    world.lifecycle().disable_missing = true;
    world.hr(company(0).into_iter().skip(8).collect());
    let plan = world.plan();
    world.ledger.approvals = vec![given(&plan, "ann")];
    let mut edited = plan.clone();
    edited.changes.truncate(1);
    edited.fingerprint = "sha256:another".into();
    let judged = |saved: &Plan, approved: bool| {
        let confirmation = Confirmation { approved, ..Confirmation::default() };
        drift(saved, &world.snapshot, &world.ledger, &world.policy, &confirmation).0.approve(None).is_ok()
    };
    assert!(!judged(&edited, false), "it only names the reading of an approved plan");
    assert!(judged(&plan, world.ledger.approves(&plan.fingerprint, false)));
}

#[test]
fn members_are_covered_one_by_one() {
    let grouped = |moved: usize| {
        let people = company(0).into_iter().enumerate();
        people.map(|(at, person)| person.in_group(if at < moved { "B" } else { "A" })).collect::<Vec<_>>()
    };
    let mut world = World::settled(grouped(0));
    world.hr(grouped(7));
    let plan = world.plan();
    assert!(plan.guards.iter().any(|guard| guard.name == GuardName::RemoveMembers && guard.tripped), "{:?}", plan.guards);
    world.ledger.approvals = vec![given(&plan, "ann")];
    assert!(passes(&world));
    for (moved, passing) in [(10, true), (15, false)] {
        world.hr(grouped(moved));
        assert_eq!(passes(&world), passing, "{moved}");
    }
}

fn reject(world: &mut World, keys: Option<&[String]>) {
    let plan = world.plan();
    let people = world.people();
    for (key, change) in RejectedChange::of(&plan, keys) {
        let states = people.record_digests(&BTreeSet::from([key.as_str()]), &world.snapshot.users);
        let record = states.get(&key).map(|state| state.digest.clone());
        world.ledger.rejections.push(Rejection { key, change, record, by: "ann@desk".into() });
    }
}

fn rejected(plan: &Plan) -> Vec<(String, bool)> {
    let entries = plan.skipped.iter().filter(|entry| entry.code == SkippedCode::Rejected);
    entries.map(|entry| (entry.key.clone().unwrap_or_default(), entry.left)).collect()
}

#[test]
fn a_rejected_leaver_is_listed_until_the_record_changes() {
    let mut world = World::settled(company(0));
    world.hr(company(1));
    reject(&mut world, None);
    let plan = world.plan();
    assert_eq!((plan.changes.len(), rejected(&plan)), (0, vec![("001".to_owned(), true)]));
    assert!(plan.attention().iter().any(crate::plan::Concern::is_leaver));
    let mut changed = company(1);
    changed[0] = changed[0].clone().with("department", "Other");
    world.hr(changed);
    assert_eq!(rejected(&world.plan()), []);
    assert_eq!(world.plan().summary.disable, 1);
}

#[test]
fn a_rejected_update_or_membership_lapses_when_the_person_leaves() {
    let moved = |left: bool| {
        let mut people: Vec<Desired> = company(0).into_iter().map(|person| person.in_group("A")).collect();
        people[0] = worker("001", "Ada", "L1").with("department", "Other").in_group("B");
        if left {
            people[0] = people[0].clone().left();
        }
        people
    };
    let mut world = World::settled(company(0).into_iter().map(|person| person.in_group("A")).collect());
    world.hr(moved(false));
    assert!(world.plan().changes.len() > 1);
    reject(&mut world, None);
    let plan = world.plan();
    assert_eq!(plan.changes, [], "{}", text(&plan));
    assert!(rejected(&plan).iter().all(|(_, left)| !left));
    world.hr(moved(true));
    let plan = world.plan();
    assert_eq!(plan.summary.disable, 1);
    // The new group was rejected as well, and no record of a person is bound to that.
    assert_eq!(rejected(&plan), [("B".to_owned(), false)]);
}

#[test]
fn a_missing_person_who_is_rejected_stays_loud() {
    let mut world = World::settled(company(0));
    world.lifecycle().disable_missing = true;
    world.hr(company(0).into_iter().skip(1).collect());
    reject(&mut world, Some(&["001".to_owned()]));
    let plan = world.plan();
    assert_eq!((plan.changes.len(), rejected(&plan)), (0, vec![("001".to_owned(), true)]));
    // The person is back, and leaves by the record.
    world.hr(company(1));
    assert_eq!(world.plan().summary.disable, 1);
}

#[test]
fn a_rejected_joiner_is_nobodys_manager() {
    let mut world = World::settled(company(0));
    let mut people = company(0);
    people[1] = people[1].clone().managed_by("999");
    people.push(worker("999", "New", "Boss"));
    world.hr(people);
    reject(&mut world, Some(&["999".to_owned()]));
    let plan = world.plan();
    assert_eq!(plan.changes, [], "{}", text(&plan));
    assert_eq!(rejected(&plan), [("999".to_owned(), false)]);
    assert!(plan.skipped.iter().any(|entry| entry.code == SkippedCode::ManagerUnknown));
}

#[test]
fn the_digest_of_a_record_is_that_of_its_content_and_not_of_the_day() {
    use crate::mapping::Stage;
    let start = jiff::civil::date(2026, 12, 1);
    let state = |person: Desired| {
        let mut world = World::settled(company(0));
        world.hr(vec![person]);
        let states = world.people().record_digests(&BTreeSet::from(["001"]), &world.snapshot.users);
        states["001"].digest.clone()
    };
    let ada = || worker("001", "Ada", "L1");
    let ahead = state(ada().stage(Stage::PreHire { start }));
    assert_eq!(ahead, state(ada().stage(Stage::Active { start: Some(start) })));
    assert_eq!(ahead, state(ada().stage(Stage::Upcoming { start })));
    let other = [
        state(ada()),
        state(ada().left()),
        state(ada().stage(Stage::Left { end: Some(start) })),
        state(ada().with("department", "Other")),
        state(ada().in_group("B")),
        state(ada().managed_by("002")),
        state(ada().once("OLD")),
    ];
    let different: BTreeSet<&String> = other.iter().chain([&ahead]).collect();
    assert_eq!(different.len(), 8);
}
