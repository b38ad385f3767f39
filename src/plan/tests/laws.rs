//! What holds in any world, on any day.

use std::collections::BTreeSet;

use jiff::civil::date;
use proptest::prelude::*;

use super::world::*;
use crate::directory::{DeletedUser, Snapshot, UserRow, Value};
use crate::mapping::{Desired, Held, HeldCode, LeaveAction, Mapped, Stage};
use crate::plan::{Action, Change, Object, Plan, UndoInputs, undo};

/// How many people there may be.
const SIZE: usize = 14;

/// One person in one month, and what an administrator does to the account before.
#[derive(Clone, Debug)]
struct Month {
    row: Row,
    person: Option<Desired>,
    deed: usize,
}

#[derive(Clone, Copy, Debug)]
enum Row {
    Here,
    Absent,
    OutOfScope,
    Held,
    Twice,
}

fn somebody(number: usize) -> impl Strategy<Value = Month> {
    let row = prop_oneof![12 => Just(Row::Here), 2 => Just(Row::Absent), 1 => Just(Row::OutOfScope), 1 => Just(Row::Held), 1 => Just(Row::Twice)];
    let deed = prop_oneof![8 => Just(0_usize), 1 => 1..5_usize];
    let names = (0..4_usize, 0..4_usize, 0..4_usize);
    (row, names, 0..7_usize, 0..SIZE + 2, 0..3_usize, deed).prop_map(
        move |(row, (given, surname, dept), stage, manager, group, deed)| {
            let (given, surname) = (["Ada", "Bob", "Eve", "Kim"][given], ["Stone", "Wood", "Lake", "Hill"][surname]);
            // Names of their own for most: few are namesakes.
            let surname = if number.is_multiple_of(3) { surname.to_owned() } else { format!("{surname}{number}") };
            let person = worker(&format!("{number:02}"), given, &surname);
            let start = date(2026, 12, 1);
            let person = match stage {
                0 => person.left(),
                1 => person.stage(Stage::PreHire { start }),
                2 => person.stage(Stage::Upcoming { start }),
                _ => person,
            };
            let person = match dept {
                0 => person.without("department"),
                other => person.with("department", ["", "Sales", "Ops", "Legal"][other]),
            };
            let person = match manager {
                0 => person,
                1 => person.managed_by(""),
                other => person.managed_by(&format!("{:02}", other - 1)),
            };
            let person = if group == 0 { person } else { person.in_group(["", "A", "B"][group]) };
            Month { row, person: Some(person), deed }
        },
    )
}

fn company() -> impl Strategy<Value = Vec<Month>> {
    (1..=SIZE).map(somebody).collect::<Vec<_>>()
}

/// The rows of a month.
fn rows(company: &[Month]) -> Vec<Mapped> {
    let row = |month: &Month| {
        let person = month.person.clone().unwrap();
        let Desired { key, previous_key, place, .. } = person.clone();
        match month.row {
            Row::Here => vec![Mapped::Desired(person)],
            Row::Absent => Vec::new(),
            Row::OutOfScope => vec![Mapped::OutOfScope { key: Some(key), previous_key, place, stage: None, damaged_key: false }],
            Row::Held => {
                let (message, help) = ("no".into(), "do".into());
                let code = HeldCode::InvalidValue;
                vec![Mapped::Held(Held {
                    key: Some(key),
                    previous_key,
                    place: Some(place),
                    code,
                    message,
                    help,
                    left: false,
                    candidates: Vec::new(),
                    marks: Vec::new(),
                    shown: Vec::new(),
                })]
            }
            Row::Twice => vec![Mapped::Desired(person.clone()), Mapped::Desired(person)],
        }
    };
    company.iter().flat_map(row).collect()
}

/// What an administrator does by hand.
fn deeds(world: &mut World, company: &[Month]) {
    for month in company {
        let Some(known) = world.ledger.people.get(&month.person.as_ref().unwrap().key) else { continue };
        let account = known.id.clone();
        let users = &mut world.snapshot.users;
        let Some(mut user) = users.get(&account) else { continue };
        match month.deed {
            1 => user.enabled = Some(false),
            2 => user.enabled = Some(true),
            3 => drop(user.attributes.insert(attribute("department"), Value::text("By hand"))),
            4 => {
                users.remove(&account);
                for group in world.snapshot.groups.values_mut() {
                    group.members.remove(&account);
                }
                world.snapshot.deleted.insert(account, DeletedUser { user, deleted_at: None });
                continue;
            }
            _ => {}
        }
        users.insert(&user);
    }
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any mixture of these rules may stand in a mapping")]
struct Policies {
    missing: bool,
    out: bool,
    all: bool,
    delete: bool,
    on_create: bool,
    always: bool,
}

fn policies() -> impl Strategy<Value = Policies> {
    any::<[bool; 6]>().prop_map(|[missing, out, all, delete, on_create, always]| Policies {
        missing,
        out,
        all,
        delete,
        on_create,
        always,
    })
}

fn world(policies: &Policies) -> World {
    let mut world = World::new(Vec::new());
    let lifecycle = world.lifecycle();
    lifecycle.disable_missing = policies.missing;
    lifecycle.disable_out_of_scope = policies.out;
    lifecycle.enable_on_create = policies.on_create;
    lifecycle.reenable_always = policies.always;
    lifecycle.delete_after = policies.delete.then_some(20);
    if policies.all {
        lifecycle.on_leave = vec![LeaveAction::RevokeSessions, LeaveAction::RemoveFromManagedGroups, LeaveAction::ClearManager];
    }
    world
}

/// The whole plan as the tenant would be after it.
fn after(world: &World, plan: &Plan) -> Snapshot {
    let mut snapshot = world.snapshot.clone();
    pretend(plan, &mut snapshot);
    snapshot
}

/// Counted by hand: no guard's own sums.
fn within_limits(plan: &Plan, world: &World) -> Result<(), String> {
    let users = || plan.changes.iter().filter(|change| change.object == Object::User);
    let managed: BTreeSet<_> = users().filter_map(|change| change.id.clone()).collect();
    let known = world.ledger.people.values().map(|person| person.id.clone());
    let all: BTreeSet<_> = known
        .chain(managed)
        .chain(world.snapshot.users.values().filter(|user| user.text("employeeId").is_some()).map(|user| user.id.clone()))
        .collect();
    let base = all.iter().filter(|id| world.snapshot.users.get(id).is_some_and(|user| user.enabled != Some(false))).count();
    let most = |hundredths: usize, count: usize| (base * hundredths / 100).max(3).min(count);
    let count = |action: Action| users().filter(|change| change.action == action).count();
    let loses = |change: &&Change| change.attributes.iter().any(|edit| edit.before.is_some() && edit.after.is_none());
    let cases = [
        ("disable", count(Action::Disable), most(5, 100)),
        ("delete", count(Action::Delete), most(2, 50)),
        ("restore", count(Action::Restore), most(2, 20)),
        ("update", users().filter(|change| change.action != Action::Create).count(), most(40, usize::MAX)),
        ("clear", users().filter(loses).count(), most(10, usize::MAX)),
    ];
    match cases.into_iter().find(|(_, count, most)| count > most) {
        Some((name, count, most)) => Err(format!("{name}: {count} of {base}, at most {most}\n{}", text(plan))),
        None => Ok(()),
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn what_was_applied_leaves_nothing_to_do(months in prop::collection::vec(company(), 1..4), policies in policies(), days in 1..40_i64) {
        let mut world = world(&policies);
        for month in months {
            deeds(&mut world, &month);
            world.mapped = rows(&month);
            world.apply();
            world.ledger.let_through.clear();
            let again = world.plan();
            prop_assert!(again.changes.is_empty(), "{}", text(&again));
            world.mapped.reverse();
            prop_assert_eq!(again, world.plan());
            world.today = world.today.checked_add(jiff::ToSpan::days(days)).unwrap();
        }
    }

    #[test]
    fn nobody_protected_or_unmanaged_is_ever_changed(months in prop::collection::vec(company(), 2..4), policies in policies(), seed: u16) {
        let mut world = world(&policies);
        world.stranger("eve.stone").attributes.insert(attribute("department"), Value::text("Hers"));
        world.mapped = rows(&months[0]);
        world.apply();
        let chosen = |(at, user): (usize, UserRow<'_>)| (seed >> (at % 16) & 1 == 1).then(|| user.id().to_string());
        world.policy.protect_users = world.snapshot.users.rows().enumerate().filter_map(chosen).chain(["eve.stone".into()]).collect();
        let untouched = |snapshot: &Snapshot, ids: &[String]| {
            let users = ids.iter().map(|name| snapshot.users.get(&id(name)));
            let groups = snapshot.groups.values().map(|group| (group.id.clone(), ids.iter().filter(|name| group.members.contains(&id(name))).cloned().collect::<Vec<_>>()));
            (users.collect::<Vec<_>>(), groups.filter(|(_, members)| !members.is_empty()).collect::<Vec<_>>())
        };
        let ids = world.policy.protect_users.clone();
        let before = untouched(&world.snapshot, &ids);
        for month in &months[1..] {
            world.mapped = rows(month);
            world.apply();
            prop_assert_eq!(&before, &untouched(&world.snapshot, &ids));
        }
    }

    #[test]
    fn no_run_that_goes_ahead_exceeds_a_guard(months in prop::collection::vec(company(), 2..4), policies in policies()) {
        let mut world = world(&policies);
        for month in months {
            deeds(&mut world, &month);
            world.mapped = rows(&month);
            let plan = world.plan();
            if plan.clone().approve(None).is_ok() && plan.summary.create < plan.changes.len() as u64 {
                prop_assert_eq!(within_limits(&plan, &world), Ok(()));
            }
            world.apply();
            world.ledger.let_through.clear();
        }
    }

    #[test]
    fn a_run_killed_anywhere_is_not_stopped_by_its_own_first_half(months in prop::collection::vec(company(), 2..4), policies in policies(), part in 0..100_usize) {
        let mut world = world(&policies);
        for month in months {
            world.mapped = rows(&month);
            let plan = world.plan();
            let whole = after(&world, &plan);
            world.apply_first(plan.changes.len() * part / 100);
            let rest = world.plan();
            let tripped: Vec<&str> = rest.guards.iter().filter(|guard| guard.tripped).map(|guard| guard.name.as_str()).collect();
            // A record that is held now was held before the kill as well.
            prop_assert!(tripped.iter().all(|name| *name == "held"), "{tripped:?} {part}\n{}\n\nof\n{}", text(&rest), text(&plan));
            world.apply();
            prop_assert_eq!(&world.snapshot, &whole, "{}\n\nof\n{}", text(&rest), text(&plan));
            world.ledger.let_through.clear();
        }
    }

    #[test]
    fn an_undo_restores(first in company(), second in company(), policies in policies()) {
        let mut world = world(&Policies { all: false, ..policies });
        world.lifecycle().on_leave = vec![LeaveAction::RevokeSessions, LeaveAction::RemoveFromManagedGroups];
        world.mapped = rows(&first);
        world.apply();
        world.today = world.today.checked_add(jiff::ToSpan::days(30)).unwrap();
        let before = world.snapshot.clone();
        world.mapped = rows(&second);
        let plan = world.apply();
        let done = plan.changes.iter().map(|change| change.seq).collect();
        let made = plan.changes.iter().filter(|change| change.action == Action::Create);
        let created = made.map(|change| {
            let name = if change.object == Object::User { format!("id-{}", change.key) } else { crate::plan::unique_name(&change.key) };
            (change.key.clone(), id(&name))
        });
        let created = created.collect();
        let (back, drifted) = undo(&UndoInputs {
            plan: &plan,
            run: "r1",
            done: &done,
            created: &created,
            snapshot: &world.snapshot,
            ledger: &world.ledger,
            policy: &world.policy,
            today: world.today,
            created_at: String::new(),
        });
        prop_assert!(drifted.iter().all(|drifted| drifted.message.contains("disabled already")), "{drifted:?}");
        pretend(&back, &mut world.snapshot);
        for user in before.users.values() {
            let now = world.snapshot.users.get(&user.id);
            prop_assert_eq!(now.as_ref().and_then(|now| now.text("department")), user.text("department"));
            prop_assert_eq!(Some(user), now, "{}\n\nundone by\n{}", text(&plan), text(&back));
        }
        for (id, group) in &before.groups {
            prop_assert_eq!(group, &world.snapshot.groups[id]);
        }
        prop_assert!(before.deleted.keys().all(|id| world.snapshot.deleted.contains_key(id)));
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// Whatever becomes of the numbers, no account goes over from one person to another, and nobody in the reading is disabled.
    #[test]
    fn no_account_goes_over_to_another_known_person(
        numbers in proptest::collection::vec(1..8_usize, 5), forms in proptest::collection::vec(0..3_usize, 5), disable: bool
    ) {
        let names = [("Ada", "Adler"), ("Bo", "Brandt"), ("Cleo", "Conti"), ("Dana", "Drew"), ("Eve", "Ferber")];
        let settled = names.iter().enumerate().map(|(at, (given, surname))| worker(&format!("{}", 10001 + at), given, surname));
        let mut world = World::settled(settled.collect());
        world.lifecycle().disable_missing = disable;
        // The sixth number is new, and with the seventh the person is in no record.
        let here = || names.iter().zip(numbers.iter().zip(&forms)).filter(|(_, (number, _))| **number < 7);
        let record = |((given, surname), (number, form)): (&(&str, &str), (&usize, &usize))| {
            let key = 10000 + *number;
            worker(&[format!("{key}"), format!("0{key}"), format!("E{key}")][*form], given, surname)
        };
        world.hr(here().map(record).collect());
        let plan = world.plan();
        let both = |change: &Change| ["givenName", "surname"].iter().all(|name| change.attributes.iter().any(|edit| edit.name == *name));
        prop_assert!(plan.changes.iter().all(|change| change.id.is_none() || !both(change)), "{}", text(&plan));
        let present: Vec<String> = here().map(|((given, surname), _)| format!("{given}.{surname}@contoso.com").to_lowercase()).collect();
        let closed = plan.changes.iter().filter(|change| change.action == Action::Disable);
        let closed: Vec<&str> = closed.filter_map(|change| change.user_principal_name.as_deref()).collect();
        prop_assert!(closed.iter().all(|upn| !present.iter().any(|one| one == upn)), "{}", text(&plan));
        // Two records of one number are held, and say nothing of a third one.
        let unique = here().map(|(_, (number, _))| number).collect::<BTreeSet<_>>().len() == here().count();
        prop_assert!(!unique || plan.changes.iter().all(|change| change.action != Action::Create), "{}", text(&plan));
    }
}
