//! A key alone is no proof of identity: which records get an account, which are held, and what settles it.

mod damage;
mod decisions;
mod feeds;
mod missing;
mod one_key;
mod reused_keys;

use jiff::civil::date;

use super::world::*;
use crate::directory::{DeletedUser, UserType, Value};
use crate::mapping::{Desired, Flow, Held, HeldCode, LeaveAction, Mapped, Stage};
use crate::plan::matching::name_folding::plain;
use crate::plan::{Action, Decision, LastReading, Plan, SkippedCode, TakenOver, Verdict};

fn ada() -> Desired {
    worker("1", "Ada", "Adler")
}

/// Another person under Ada's key.
fn zoe() -> Desired {
    worker("1", "Zoe", "Zander")
}

fn set(world: &mut World, number: &str, name: &str, text: &str) {
    world.user(number).attributes.insert(attribute(name), Value::text(text));
}

fn unset(world: &mut World, number: &str, name: &str) {
    world.user(number).attributes.remove(&attribute(name));
}

/// An account without a record, with these attributes.
fn account(world: &mut World, name: &str, attributes: &[(&str, &str)]) {
    let mut user = world.stranger(name);
    for (name, text) in attributes {
        user.attributes.insert(attribute(name), Value::text(*text));
    }
}

fn decide(world: &mut World, record: &Desired, verdict: Verdict) {
    let name = |name: &str| {
        let wanted = record.attributes.iter().find(|wanted| wanted.attribute.name == name);
        match wanted.map(|wanted| &wanted.flow) {
            Some(crate::mapping::Flow::Set(value)) => plain(value.as_text().unwrap()),
            _ => String::new(),
        }
    };
    let decision = Decision { verdict, account: None, given_name: name("givenName"), surname: name("surname") };
    world.ledger.decisions.insert(record.key.clone(), decision);
}

/// Ada has left, and hrpush disabled the account.
fn left_ada() -> World {
    let mut world = World::settled(vec![ada()]);
    world.hr(vec![ada().left()]);
    world.apply();
    assert_eq!(world.known("1").disabled_on, Some(TODAY));
    world
}

/// The same, and the account was deleted later.
fn deleted_ada() -> World {
    let mut world = left_ada();
    let mut user = world.snapshot.users.remove(&id("id-1")).unwrap();
    user.enabled = Some(false);
    world.snapshot.deleted.insert(id("id-1"), DeletedUser { user, deleted_at: None });
    world.known("1").deleted_on = Some(TODAY);
    world
}

/// What happens to a world before a test looks at its plan.
type Happens = fn(&mut World);

#[track_caller]
fn settles(world: &mut World) -> Plan {
    let plan = world.apply();
    assert_eq!(world.plan().changes, [], "a second run finds something to do: {}", world.text());
    plan
}

// Keys that are given out again.
