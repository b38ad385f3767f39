//! The report of plans of several sizes on terminals of several widths, as files of `tests/snapshots`.
//!
//! `HRPUSH_SNAPSHOTS=write cargo test --lib report::tests` writes the files anew.

use std::path::Path;

use super::line_width::columns;
use super::{Prospect, View, preview};
use crate::mapping::Desired;
use crate::plan::Plan;
use crate::plan::tests::world::{Tell as _, World, worker};

const GIVEN: [&str; 8] = ["Ada", "Karl", "Nguyễn", "Maximiliana", "José", "美咲", "Olga", "Zoë"];
const SURNAMES: [&str; 7] = ["Bauer", "O'Brien", "Großmann", "Łukasiewicz", "de la Cruz", "佐藤", "Wolfeschlegelsteinhausen"];
const TITLES: [&str; 5] = ["Clerk", "Lead", "Senior specialist for claims", "Buyer", "Auditor"];

/// A person of a company, with a manager from the tenth on.
fn person(number: usize) -> Desired {
    let person = worker(&format!("{number:05}"), GIVEN[number % GIVEN.len()], SURNAMES[number % SURNAMES.len()]);
    let upn = format!("person{number}@contoso.com");
    let person = person.with("userPrincipalName", &upn).with("jobTitle", TITLES[number % TITLES.len()]);
    if number > 10 { person.managed_by(&format!("{:05}", number / 10)) } else { person }
}

/// A company as the last run left it.
fn company(people: usize) -> World {
    let mut world = World::new((1..=people).map(person).collect());
    world.rules.attributes.extend(["jobTitle"].map(crate::plan::tests::world::attribute));
    world.apply();
    world
}

/// A plan with so many leavers, joiners, moves to another department and new job titles.
fn moved(people: usize, [leavers, joiners, moves, titles]: [usize; 4]) -> Plan {
    let mut world = company(people);
    let changed = |number: usize| {
        let person = person(number);
        match number {
            _ if number <= leavers => person.left(),
            _ if number <= leavers + moves => person.with("department", "Growth"),
            _ if number <= leavers + moves + titles => {
                person.with("jobTitle", &format!("{} II", TITLES[number % TITLES.len()])).with("city", &format!("Town {number}"))
            }
            _ => person,
        }
    };
    world.hr((1..=people + joiners).map(changed).collect());
    world.plan()
}

fn with_held_records() -> Plan {
    let mut world = company(400);
    let twice = |number: usize| {
        if number <= 15 { vec![person(number), person(number).with("city", "Graz")] } else { vec![person(number)] }
    };
    world.hr((1..=400).flat_map(twice).collect());
    world.plan()
}

fn check(name: &str, plan: &Plan, prospect: Prospect) {
    for width in [80, 120, 200] {
        let text =
            anstream::adapter::strip_str(&preview(plan, &View { prospect, width: Some(width), ..View::default() })).to_string();
        for line in text.lines() {
            assert!(columns(line) <= width, "{name} at {width}: {line}");
            assert!(line.trim_end() == line, "{name} at {width} has blanks at an end: {line:?}");
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.{width}.txt"));
        if std::env::var_os("HRPUSH_SNAPSHOTS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, wanted, "{name} at {width}: HRPUSH_SNAPSHOTS=write accepts what is shown now");
    }
}

#[test]
fn a_plan_of_one_change() {
    check("changes_1", &moved(40, [1, 0, 0, 0]), Prospect::Waits);
}

#[test]
fn a_plan_of_sixty_changes() {
    check("changes_60", &moved(400, [5, 25, 20, 10]), Prospect::Waits);
}

#[test]
fn a_plan_of_eight_hundred_changes() {
    let plan = moved(3_000, [40, 60, 460, 240]);
    assert_eq!(plan.changes.len(), 800);
    check("changes_800", &plan, Prospect::Applies);
}

#[test]
fn a_stopped_plan() {
    let plan = moved(100, [9, 12, 0, 0]);
    assert!(plan.guards.iter().any(|guard| guard.tripped));
    check("stopped", &plan, Prospect::Stopped { leavers: 0 });
}

#[test]
fn a_plan_with_thirty_held_records() {
    let plan = with_held_records();
    assert!(plan.held.len() == 30 && plan.guards.iter().all(|guard| !guard.tripped));
    check("held_30", &plan, Prospect::Applies);
}
