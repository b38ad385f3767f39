//! What holds in any world, on any day.

use jiff::civil::date;
use proptest::prelude::*;

use super::world::*;
use crate::mapping::{Desired, LeaveAction, Stage};

fn somebody(number: usize) -> impl Strategy<Value = Option<Desired>> {
    let names = (0..3_usize, 0..3_usize);
    (any::<bool>(), names, 0..4_usize, 0..8_usize, 0..3_usize).prop_map(move |(here, (given, surname), stage, manager, group)| {
        let person = worker(&number.to_string(), ["Ada", "Bob", "Eve"][given], ["Stone", "Wood", "Lake"][surname]);
        let start = date(2026, 12, 1);
        let person = match stage {
            0 => person.left(),
            1 => person.stage(Stage::PreHire { start }),
            2 => person.stage(Stage::Upcoming { start }),
            _ => person,
        };
        let person = match manager {
            0 => person,
            1 => person.managed_by(""),
            other => person.managed_by(&other.to_string()),
        };
        here.then(|| if group == 0 { person } else { person.in_group(["", "A", "B"][group]) })
    })
}

fn company() -> impl Strategy<Value = Vec<Desired>> {
    (somebody(1), somebody(2), somebody(3), somebody(4), somebody(5), somebody(6))
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].into_iter().flatten().collect())
}

proptest! {
    #[test]
    fn what_was_applied_leaves_nothing_to_do(
        months in prop::collection::vec(company(), 1..4), missing: bool, all: bool, delete: bool, on_create: bool
    ) {
        let mut world = World::new(Vec::new());
        world.lifecycle().disable_missing = missing;
        world.lifecycle().enable_on_create = on_create;
        world.lifecycle().delete_after = delete.then_some(20);
        if all {
            world.lifecycle().on_leave =
                vec![LeaveAction::RevokeSessions, LeaveAction::RemoveFromManagedGroups, LeaveAction::ClearManager];
        }
        for people in months {
            world.hr(people.clone());
            world.apply();
            let again = world.plan();
            prop_assert!(again.changes.is_empty(), "{}", text(&again));
            world.mapped.reverse();
            prop_assert_eq!(again, world.plan());
            world.today = world.today.checked_add(jiff::ToSpan::days(25)).unwrap();
        }
    }

    #[test]
    fn nobody_protected_or_unmanaged_is_ever_changed(people in company()) {
        let mut world = World::new(people.clone());
        world.apply();
        world.stranger("eve");
        let before = world.snapshot.users.clone();
        world.policy.protect_users = before.values().map(|user| user.upn.to_string()).collect();
        world.hr(people.into_iter().map(|person| person.left().with("department", "Ops")).collect());
        world.apply();
        prop_assert_eq!(before, world.snapshot.users);
    }
}
