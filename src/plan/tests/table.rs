//! The table of docs/lifecycle.md, row by row: the page says what must come out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};

use super::world::*;
use crate::directory::{DeletedUser, Upn, User, UserType, Value};
use crate::mapping::{Desired, Held, HeldCode, LeaveAction, LeftOut, Mapped, RecordPart, Stage};
use crate::plan::{Action, Decision, LastReading, Plan, TakenOver, Verdict};

const PAGE: &str = include_str!("../../../docs/lifecycle.md");
const START: Date = date(2026, 12, 1);
const LONG_AGO: Date = date(2026, 1, 5);

fn ada() -> Desired {
    worker("1", "Ada", "Lovelace")
}

fn upcoming() -> Desired {
    ada().stage(Stage::Upcoming { start: START })
}

fn pre_hire() -> Desired {
    ada().stage(Stage::PreHire { start: START })
}

fn expired() -> Desired {
    ada().stage(Stage::Left { end: Some(date(2026, 2, 1)) })
}

/// Gone since October, and back on the start.
fn between(new_stage: Stage) -> Desired {
    Desired { new_stage: Some(new_stage), ..ada().left() }
}

fn before_the_end() -> Desired {
    Desired { new_stage: Some(Stage::Upcoming { start: START }), ..ada() }
}

fn with_a_bad_value() -> Desired {
    let (part, code) = (RecordPart::Start, HeldCode::InvalidValue);
    let left_out = vec![LeftOut { part, code, message: "no date".into(), help: "correct it".into() }];
    Desired { left_out, ..ada().left() }
}

fn with_a_bad_department(mut person: Desired) -> Desired {
    let (part, code) = (RecordPart::Attribute(attribute("department")), HeldCode::InvalidValue);
    person.attributes.retain(|wanted| wanted.attribute.name != "department");
    person.left_out = vec![LeftOut { part, code, message: "`department` is too long".into(), help: "shorten it".into() }];
    person
}

fn moved() -> Desired {
    ada().with("department", "Ops")
}

/// What the tenant has of Ada.
#[derive(Clone, Copy)]
enum Has {
    None,
    Enabled,
    Disabled,
    Deleted,
}
use Has::{Deleted, Disabled, Enabled};

/// HR says this, the tenant has that, and the ledger knows nothing.
fn world(hr: Desired, has: Has) -> World {
    let mut world = known(hr, has);
    world.ledger.people.clear();
    world
}

/// The same, and the ledger has the person as one of this feed.
fn known(hr: Desired, has: Has) -> World {
    let mut world = World::settled(vec![ada()]);
    let account = id("id-1");
    match has {
        Has::None => drop(world.snapshot.users.remove(&account)),
        Enabled => {}
        Disabled => world.user("1").enabled = Some(false),
        Deleted => {
            let mut user = world.snapshot.users.remove(&account).unwrap();
            user.enabled = Some(false);
            world.snapshot.deleted.insert(account, DeletedUser { user, deleted_at: None });
        }
    }
    world.hr(vec![hr]);
    world
}

/// The same, disabled by hrpush on a day, with the sessions ended.
fn by_us(hr: Desired, has: Has, day: Date) -> World {
    let mut world = known(hr, has);
    let person = world.known("1");
    (person.disabled_on, person.leave_done) = (Some(day), BTreeSet::from([LeaveAction::RevokeSessions]));
    if matches!(has, Deleted) {
        person.deleted_on = Some(day);
    }
    world
}

fn with(mut world: World, change: impl FnOnce(&mut World)) -> World {
    change(&mut world);
    world
}

fn privileged(world: World) -> World {
    with(world, |world| drop(world.snapshot.privileged.principals.insert(id("id-1"), "Global Administrator".into())))
}

fn protected(world: World) -> World {
    with(world, |world| world.policy.protect_users = vec!["ada.lovelace@contoso.com".into()])
}

fn missing(world: World, disable: bool) -> World {
    with(world, |world| {
        world.hr(Vec::new());
        world.lifecycle().disable_missing = disable;
    })
}

fn out_of_scope(world: World, disable: bool) -> World {
    with(world, |world| {
        world.mapped = vec![outside(Some(Stage::Active { start: None }))];
        world.lifecycle().disable_out_of_scope = disable;
    })
}

fn outside(stage: Option<Stage>) -> Mapped {
    let Desired { key, previous_key, place, .. } = ada();
    Mapped::OutOfScope { key: Some(key), previous_key, place, stage, damaged_key: false }
}

/// Left the scope and the company at once.
fn left_outside(world: World) -> World {
    with(world, |world| world.mapped = vec![outside(Some(Stage::Left { end: Some(LONG_AGO) }))])
}

/// An administrator decided that the account stays as it is.
fn kept(world: World) -> World {
    with(world, |world| {
        let (given_name, surname) = ("ada".into(), "lovelace".into());
        let decision = Decision { verdict: Verdict::Keep, account: Some(id("id-1")), given_name, surname };
        world.ledger.decisions.insert(key("1"), decision);
    })
}

fn seen(world: World) -> World {
    with(world, |world| world.known("1").seen = true)
}

fn held(hr: &Desired, code: HeldCode) -> Mapped {
    let key = (code != HeldCode::NoKey).then(|| hr.key.clone());
    let (previous_key, place) = (hr.previous_key.clone(), Some(hr.place.clone()));
    Mapped::Held(Held {
        key,
        previous_key,
        place,
        code,
        message: "no".into(),
        help: "do".into(),
        left: false,
        candidates: Vec::new(),
        marks: Vec::new(),
        shown: Vec::new(),
    })
}

fn on_create(world: World) -> World {
    with(world, |world| world.lifecycle().enable_on_create = true)
}

fn always(world: World) -> World {
    with(world, |world| world.lifecycle().reenable_always = true)
}

/// hrpush made the account before the first day.
fn made(world: World) -> World {
    with(world, |world| world.known("1").pre_hire = true)
}

fn delete_after(world: World, days: i64) -> World {
    with(world, |world| world.lifecycle().delete_after = Some(days))
}

fn other_feed(world: World) -> World {
    with(world, |world| world.known("1").feed = "other".into())
}

/// The ledger has no people.
fn unknown(world: World) -> World {
    with(world, |world| world.ledger.people.clear())
}

fn signed_out(world: World) -> World {
    with(world, |world| world.known("1").leave_done = BTreeSet::from([LeaveAction::RevokeSessions]))
}

fn user(world: World, change: fn(&mut User)) -> World {
    with(world, |world| change(&mut world.user("1")))
}

/// A row of the page, with its world.
type Row = (&'static str, World);

/// The worlds of all rows.
fn stories() -> BTreeMap<&'static str, World> {
    let parts = [
        upcoming_rows(),
        pre_hire_rows(),
        active_rows(),
        left_rows(),
        between_rows(),
        expired_rows(),
        missing_rows(),
        other_rows(),
        identity_rows(),
        conversion_rows(),
    ];
    let mut stories = BTreeMap::new();
    for (row, world) in parts.into_iter().flatten() {
        assert!(stories.insert(row, world).is_none(), "the row {row} has two stories");
    }
    stories
}

/// HR says: starts too late for an account yet.
fn upcoming_rows() -> Vec<Row> {
    vec![
        ("U1", world(upcoming(), Has::None)),
        ("U2", world(upcoming(), Enabled)),
        ("U3", world(upcoming(), Disabled)),
        ("U4", world(upcoming(), Deleted)),
    ]
}

/// HR says: starts soon.
fn pre_hire_rows() -> Vec<Row> {
    vec![
        ("P1", world(pre_hire(), Has::None)),
        ("P2", on_create(world(pre_hire(), Has::None))),
        ("P3", world(pre_hire(), Enabled)),
        ("P4", made(known(pre_hire(), Disabled))),
        ("P5", on_create(made(known(pre_hire(), Disabled)))),
        ("P6", on_create(world(pre_hire(), Disabled))),
        ("P7", world(pre_hire(), Disabled)),
        ("P8", by_us(pre_hire(), Deleted, LONG_AGO)),
        ("P9", world(pre_hire(), Deleted)),
        ("P10", on_create(privileged(made(known(pre_hire(), Disabled))))),
    ]
}

/// HR says: works here.
fn active_rows() -> Vec<Row> {
    vec![
        ("A1", world(ada(), Has::None)),
        ("A2", world(ada(), Enabled)),
        ("A3", known(moved(), Enabled)),
        ("A4", made(known(ada().stage(Stage::Active { start: Some(TODAY) }), Disabled))),
        ("A5", by_us(ada(), Disabled, LONG_AGO)),
        ("A6", world(ada(), Disabled)),
        ("A7", always(world(ada(), Disabled))),
        ("A8", known(ada(), Disabled)),
        ("A9", by_us(ada(), Deleted, LONG_AGO)),
        ("A10", world(ada(), Deleted)),
        ("A11", always(world(ada(), Deleted))),
        ("A12", known(ada(), Has::None)),
        ("A13", user(known(ada(), Enabled), |user| drop(user.attributes.remove(&attribute("employeeId"))))),
        ("A14", world(ada(), Enabled)),
        ("A15", by_us(worker("E1", "Ada", "Lovelace").once("1"), Disabled, LONG_AGO)),
        ("A16", world(worker("9", "Ada", "Lovelace").with("mail", "ada@contoso.com"), Enabled)),
        ("A17", protected(known(moved(), Enabled))),
        ("A18", user(known(moved(), Enabled), |user| user.synced = true)),
        ("A19", user(known(moved(), Enabled), |user| user.user_type = UserType::Guest)),
        ("A20", privileged(known(moved().with("mobilePhone", "+49 2"), Enabled))),
    ]
}

/// HR says: has left.
fn left_rows() -> Vec<Row> {
    vec![
        ("L1", world(ada().left(), Has::None)),
        ("L2", known(ada().left(), Enabled)),
        ("L3", by_us(ada().left(), Disabled, LONG_AGO)),
        ("L4", with(by_us(ada().left(), Disabled, LONG_AGO), |world| world.known("1").leave_done.clear())),
        ("L5", world(ada().left(), Disabled)),
        ("L6", signed_out(known(ada().left(), Disabled))),
        ("L7", by_us(ada().left(), Deleted, LONG_AGO)),
        ("L8", known(ada().left(), Enabled)),
        ("L9", privileged(known(ada().left(), Enabled))),
        ("L10", protected(known(ada().left(), Enabled))),
        ("L11", user(known(ada().left(), Enabled), |user| user.synced = true)),
        ("L12", known(ada().left().without("mobilePhone"), Enabled)),
        ("L13", known(with_a_bad_department(ada().left()), Enabled)),
        ("L14", known(ada().left().with("mail", "bob@contoso.com"), Enabled)),
        ("L15", with(known(ada(), Enabled), |world| world.hr(vec![ada().left(), moved().left()]))),
        ("L16", with(known(ada(), Enabled), |world| world.hr(vec![ada().left(), ada()]))),
        ("L17", world(ada().left(), Enabled)),
        ("L18", user(known(ada().left(), Enabled), |user| user.user_type = UserType::Guest)),
        ("L19", known(Desired { end_ignored: Some(LONG_AGO), ..ada() }, Enabled)),
    ]
}

/// HR says: has left, and starts again; or has left with values that cannot be believed.
fn between_rows() -> Vec<Row> {
    let (upcoming, pre_hire) = (Stage::Upcoming { start: START }, Stage::PreHire { start: START });
    vec![
        ("B1", known(between(pre_hire), Enabled)),
        ("B2", by_us(between(pre_hire), Disabled, LONG_AGO)),
        ("B3", world(between(upcoming), Has::None)),
        ("B4", world(between(pre_hire), Has::None)),
        ("B5", known(before_the_end(), Enabled)),
        ("B6", known(with_a_bad_value(), Enabled)),
        ("B7", by_us(between(upcoming), Deleted, LONG_AGO)),
        ("B8", by_us(between(pre_hire), Deleted, LONG_AGO)),
        ("B9", made(delete_after(by_us(between(pre_hire), Disabled, LONG_AGO), 0))),
        ("B10", delete_after(by_us(between(upcoming), Disabled, LONG_AGO), 0)),
    ]
}

/// HR says: has left so long ago that the account may go.
fn expired_rows() -> Vec<Row> {
    vec![
        ("E1", delete_after(by_us(expired(), Disabled, LONG_AGO), 30)),
        ("E2", delete_after(by_us(expired(), Disabled, TODAY), 0)),
        ("E3", delete_after(signed_out(known(expired(), Disabled)), 30)),
        ("E4", delete_after(known(expired(), Enabled), 30)),
        ("E5", delete_after(by_us(ada().left(), Disabled, LONG_AGO), 30)),
        ("E6", delete_after(world(expired(), Disabled), 30)),
        ("E7", privileged(delete_after(by_us(expired(), Disabled, LONG_AGO), 30))),
    ]
}

/// HR does not name the person any more.
fn missing_rows() -> Vec<Row> {
    vec![
        ("M1", missing(known(ada(), Enabled), false)),
        ("M2", missing(known(ada(), Enabled), true)),
        ("M3", missing(by_us(ada(), Disabled, LONG_AGO), true)),
        ("M4", missing(known(ada(), Disabled), true)),
        ("M5", other_feed(missing(known(ada(), Enabled), true))),
        ("M6", unknown(missing(known(ada(), Enabled), true))),
        ("M7", with(missing(known(ada(), Enabled), true), |world| world.whole = false)),
        ("M8", with(missing(known(ada(), Enabled), true), |world| world.mapped = vec![held(&ada(), HeldCode::NoKey)])),
        ("M9", delete_after(missing(by_us(ada(), Disabled, LONG_AGO), true), 30)),
        ("M10", protected(missing(known(ada(), Enabled), true))),
        ("M11", kept(missing(known(ada(), Enabled), true))),
        (
            "M12",
            with(missing(known(ada(), Enabled), true), |world| {
                world.mapped = vec![held(&worker("9", "Bo", "Ek"), HeldCode::InvisibleCharacter)];
            }),
        ),
        (
            "M14",
            with(taken_over(date(2026, 11, 19), date(2026, 11, 19)), |world| {
                world.hr(Vec::new());
                world.lifecycle().disable_missing = true;
            }),
        ),
        ("M13", user(seen(missing(known(ada(), Enabled), true)), |user| user.synced = true)),
        (
            "M15",
            with(missing(known(ada(), Enabled), true), |world| {
                let Mapped::Held(entry) = held(&worker("9", "Bo", "Ek"), HeldCode::InvalidValue) else { unreachable!() };
                world.mapped = vec![Mapped::Held(Held { code: HeldCode::NoKey, ..entry })];
            }),
        ),
        (
            "M16",
            with(missing(known(ada(), Enabled), true), |world| {
                let place = ada().place;
                world.mapped = vec![Mapped::OutOfScope { key: None, previous_key: None, place, stage: None, damaged_key: true }];
            }),
        ),
    ]
}

/// HR names the person, but out of scope, wrongly, or to a mapping without a lifecycle.
fn other_rows() -> Vec<Row> {
    vec![
        ("O1", out_of_scope(known(ada(), Enabled), false)),
        ("O2", out_of_scope(known(ada(), Enabled), true)),
        ("O3", other_feed(out_of_scope(known(ada(), Enabled), true))),
        ("O4", unknown(out_of_scope(known(ada(), Enabled), true))),
        ("O5", left_outside(known(ada(), Enabled))),
        ("O6", left_outside(by_us(ada(), Disabled, LONG_AGO))),
        ("O7", other_feed(left_outside(known(ada(), Enabled)))),
        ("O8", with(left_outside(known(ada(), Enabled)), |world| world.mapped.push(Mapped::Desired(ada())))),
        ("O10", with(known(ada(), Enabled), |world| world.mapped = vec![outside(None)])),
        ("O11", out_of_scope(taken_over(date(2026, 11, 19), date(2026, 11, 19)), true)),
        ("O9", kept(out_of_scope(known(ada(), Enabled), true))),
        (
            "S1",
            with(known(Desired { status_word: Some("Resting".into()), ..ada() }, Enabled), |world| {
                world.ledger.last_reading = Some(LastReading::default());
            }),
        ),
        ("H1", with(known(ada(), Enabled), |world| world.mapped = vec![held(&ada(), HeldCode::InvalidValue)])),
        (
            "H2",
            with(missing(known(ada(), Enabled), true), |world| {
                world.mapped = vec![held(&worker("E1", "Ada", "Lovelace").once("1"), HeldCode::InvalidValue)];
            }),
        ),
        ("H4", world(Desired { end_ignored: Some(LONG_AGO), ..ada() }, Enabled)),
        ("H3", with(known(ada(), Enabled), |world| world.hr(vec![ada(), moved()]))),
        ("N1", with(known(ada(), Enabled), |world| world.rules.lifecycle = None)),
    ]
}

/// HR names one person, and the key leads to another, to a mailbox, or to no account.
fn identity_rows() -> Vec<Row> {
    let zoe = || worker("1", "Zoe", "Zander");
    let mail = |record: Desired| record.with("mail", "ada@contoso.com");
    let carried_on =
        |day: Date| with(other_feed(known(ada().left(), Enabled)), |world| world.ledger.feeds.extend([("other".into(), day)]));
    vec![
        ("K1", by_us(zoe(), Disabled, LONG_AGO)),
        ("K2", by_us(zoe(), Deleted, LONG_AGO)),
        ("K3", other_feed(known(zoe(), Enabled))),
        ("K4", world(zoe(), Enabled)),
        ("K5", known(worker("E1", "Zoe", "Zander").once("1"), Enabled)),
        (
            "K6",
            with(by_us(zoe(), Disabled, LONG_AGO), |world| {
                let verdict = Verdict::Same(id("id-1"));
                let decision = Decision { verdict, account: None, given_name: "zoe".into(), surname: "zander".into() };
                world.ledger.decisions.insert(key("1"), decision);
            }),
        ),
        (
            "K7",
            with(World::new(vec![mail(zoe())]), |world| {
                world.stranger("reception").attributes.insert(attribute("mail"), Value::text("ada@contoso.com"));
            }),
        ),
        ("K8", with(known(worker("0001", "Ada", "Lovelace"), Enabled), |world| world.lifecycle().disable_missing = true)),
        (
            "K9",
            with(known(ada(), Has::None), |world| {
                world.stranger("guest").user_type = UserType::Guest;
                let person = world.known("1");
                (person.id, person.seen) = (id("guest"), true);
            }),
        ),
        (
            "K10",
            with(known(mail(ada()).left(), Enabled), |world| {
                world.user("1").attributes.insert(attribute("mail"), Value::text("ada@contoso.com"));
                world.mapped.push(Mapped::Desired(mail(worker("E1", "Ada", "Lovelace"))));
            }),
        ),
        ("K11", carried_on(date(2026, 11, 15))),
        ("K12", carried_on(date(2026, 11, 13))),
        ("K13", taken_over(date(2026, 11, 19), date(2026, 11, 19))),
        (
            "K15",
            with(World::settled(vec![ada(), worker("2", "Bo", "Brandt")]), |world| {
                world.hr(vec![worker("2", "Ada", "Lovelace")]);
            }),
        ),
        ("K16", by_us(["givenName", "surname", "displayName"].into_iter().fold(ada(), Desired::without), Disabled, LONG_AGO)),
        ("K17", with(known(worker("0001", "Ada", "Miller"), Enabled), |world| world.lifecycle().disable_missing = true)),
        (
            "K18",
            with(known(zoe(), Enabled), |world| {
                let hired = attribute("employeeHireDate");
                world.rules.attributes.push(hired);
                world.user("1").attributes.insert(hired, Value::text("2020-01-01T00:00:00Z"));
            }),
        ),
        ("K14", taken_over(date(2026, 11, 18), date(2026, 11, 19))),
    ]
}

/// Another feed carried the person before this one, after a reading of that day; its last good reading is that of another day.
fn taken_over(read_on: Date, last: Date) -> World {
    with(known(ada().left(), Enabled), |world| {
        world.ledger.feeds.insert("other".into(), last);
        let before = TakenOver { feed: "other".into(), read_on };
        let taken_over = BTreeMap::from([(key("1"), before)]);
        world.ledger.last_reading = Some(LastReading { taken_over, ..LastReading::default() });
    })
}

/// HR gives a person another key, or seems to.
fn conversion_rows() -> Vec<Row> {
    let mail = |record: Desired| record.with("mail", "ada@contoso.com");
    let two = |one: Desired, other: Desired| {
        with(known(ada(), Enabled), |world| {
            world.user("1").attributes.insert(attribute("mail"), Value::text("ada@contoso.com"));
            world.hr(vec![one, other]);
        })
    };
    let today = || worker("E1", "Ada", "Lovelace").once("1");
    vec![
        ("C1", two(ada().left(), today())),
        ("C2", two(ada().left(), today().stage(Stage::PreHire { start: START }))),
        ("C3", two(mail(ada()).left(), mail(worker("9", "Zoe", "Zander")))),
        (
            "C4",
            with(known(worker("1", "Zoe", "Zander"), Enabled), |world| {
                let held = BTreeSet::from([("1".to_owned(), HeldCode::AmbiguousMatch)]);
                world.ledger.last_reading = Some(LastReading { held, ..LastReading::default() });
            }),
        ),
        (
            "C5",
            with(World::new(vec![mail(ada())]), |world| {
                let mut mailbox = world.stranger("shared");
                for (name, text) in [("mail", "ada@contoso.com"), ("displayName", "Shared Ada Lovelace mailbox")] {
                    mailbox.attributes.insert(attribute(name), Value::text(text));
                }
            }),
        ),
    ]
}

/// What a row needs besides.
fn furnish(row: &str, world: &mut World) {
    match row {
        "A13" => world.ledger.people.clear(),
        "A14" | "L17" | "H4" => {
            let mut twin = world.stranger("twin");
            twin.attributes.insert(attribute("employeeId"), Value::text("1"));
        }
        "A16" => {
            let mut user = world.snapshot.users.get_mut(&id("id-1")).unwrap();
            user.attributes.insert(attribute("mail"), Value::text("ada@contoso.com"));
        }
        "L14" => {
            world.stranger("bob").attributes.insert(attribute("mail"), Value::text("bob@contoso.com"));
        }
        "L8" => {
            let all = [
                LeaveAction::RevokeSessions,
                LeaveAction::RemoveFromManagedGroups,
                LeaveAction::RemoveLicenses,
                LeaveAction::ClearManager,
            ];
            world.lifecycle().on_leave = all.to_vec();
            world.snapshot.users.insert(&User::new(id("boss"), Upn::new("boss@contoso.com")));
            let mut user = world.user("1");
            (user.manager, user.licenses) = (Some(id("boss")), vec!["sku".into()]);
            drop(user);
            let mut team = group("hrpush-team", "Team");
            team.members.insert(id("id-1"));
            world.snapshot.groups.insert(team.id.clone(), team);
        }
        "L12" => {
            world.user("1").attributes.insert(attribute("mobilePhone"), Value::text("+49 1"));
        }
        _ => {}
    }
}

/// The words of a plan, as the page has them.
fn done(plan: &Plan) -> Vec<String> {
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let mut words = Vec::new();
    for change in &plan.changes {
        words.push(word(serde_json::to_value(change.action).unwrap()));
        let enabled = change.attributes.iter().find(|edit| edit.name == "accountEnabled").and_then(|edit| edit.after.clone());
        if let (Action::Create | Action::Restore, Some(Value::Flag(enabled))) = (change.action, enabled) {
            words.push(if enabled { "enabled" } else { "disabled" }.into());
        }
        words.extend(change.then.iter().map(|then| word(serde_json::to_value(then).unwrap())));
    }
    words
}

fn reported(plan: &Plan) -> Vec<String> {
    let held = plan.held.iter().map(|held| held.code.as_str().to_owned());
    let skipped = plan.skipped.iter().map(|skipped| serde_json::to_value(skipped.code).unwrap().as_str().unwrap().to_owned());
    let orphans = |code: &String| code != "group-unused";
    let mut codes: Vec<String> = held.chain(skipped).collect();
    codes.dedup();
    // The group of row L8 belongs to no rule.
    if plan.summary.remove_members > 0 {
        codes.retain(orphans);
    }
    codes
}

/// The words in backticks of a cell.
fn words(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_row_of_the_page_has_its_story_and_comes_true() {
    let mut stories = stories();
    let rows = PAGE.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let [row, _, _, _, done, reported] = cells[..] else { return None };
        row.ends_with(|last: char| last.is_ascii_digit()).then_some((row, done, reported))
    });
    let mut wrong = Vec::new();
    for (row, wanted, output) in rows {
        let Some(mut world) = stories.remove(row) else { panic!("the row {row} has no story") };
        furnish(row, &mut world);
        let plan = world.apply();
        if done(&plan) != words(wanted) || reported(&plan) != words(output) {
            wrong.push(format!("{row}: {wanted} / {output}, but the plan is\n{}", text(&plan)));
        }
        let again = world.plan();
        if !again.changes.is_empty() {
            wrong.push(format!("{row}, once applied, again: {}", text(&again)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(stories.is_empty(), "rows that the page does not have: {:?}", stories.keys());
}
