use std::collections::BTreeSet;

use jiff::civil::date;

use super::world::*;
use crate::mapping::Stage;
use crate::plan::{Action, Confirmation, GuardName, Limit, Plan, UndoInputs, drift, undo};

fn company(size: usize) -> Vec<crate::mapping::Desired> {
    (1..=size).map(|n| worker(&format!("{n:03}"), "Ada", &format!("L{n}"))).collect()
}

fn leavers(size: usize, gone: usize) -> Vec<crate::mapping::Desired> {
    company(size).into_iter().enumerate().map(|(at, person)| if at < gone { person.left() } else { person }).collect()
}

/// What the state folder knows of a plan that was saved in it.
fn as_saved(plan: &Plan) -> Confirmation {
    Confirmation { guards: Some(plan.guards.clone()), ..Confirmation::default() }
}

#[test]
fn a_share_never_goes_below_three() {
    let mut world = World::settled(company(20));
    world.hr(leavers(20, 3));
    assert!(world.plan().approve(None).is_ok());
    world.hr(leavers(20, 4));
    assert_eq!(world.plan().approve(None).unwrap_err().tripped, [GuardName::Disable]);
}

#[test]
fn an_approval_lets_exactly_one_plan_through() {
    let mut world = World::settled(company(20));
    world.hr(leavers(20, 4));
    let plan = world.plan();
    let fingerprint = plan.fingerprint.clone();
    assert!(plan.clone().approve(Some("sha256:other")).is_err());
    assert!(plan.approve(Some(&fingerprint)).unwrap().overruled());
    world.hr(leavers(20, 5));
    assert!(world.plan().approve(Some(&fingerprint)).is_err());
}

#[test]
fn the_week_has_a_budget_and_what_was_let_through_is_not_counted_again() {
    let mut world = World::settled(company(20));
    world.hr(leavers(20, 2));
    world.ledger.week.insert(GuardName::Disable, 5);
    assert_eq!(world.text().lines().last(), Some("tripped disable 2 of 20"));
    // The reported limit is what is left of the week: twice 3, less 5.
    let limit = |world: &World| world.plan().guards.iter().find(|guard| guard.name == GuardName::Disable).unwrap().limit;
    assert_eq!(limit(&world), Some(1));
    world.ledger.let_through = world.plan().changes.into_iter().filter(|change| change.key == "001").collect();
    assert!(world.plan().approve(None).is_ok());
}

#[test]
fn pre_hires_who_reach_their_start_are_no_alarm_and_those_enabled_before_it_are() {
    let new = |stage: Stage| company(24).into_iter().skip(20).map(move |person| person.stage(stage));
    let with = |stage| company(20).into_iter().chain(new(stage)).collect();
    let start = date(2026, 12, 1);
    let mut world = World::settled(with(Stage::PreHire { start }));
    let count = |world: &World| {
        let plan = world.plan();
        let enabled = plan.changes.iter().filter(|change| change.action == Action::Enable).count();
        (enabled, plan.guards.iter().find(|guard| guard.name == GuardName::Enable).unwrap().count, plan.approve(None).is_ok())
    };
    assert_eq!(count(&world), (0, 0, true));
    world.lifecycle().enable_on_create = true;
    assert_eq!(count(&world), (4, 4, false), "another mapping enables them before their start");
    world.hr(with(Stage::Active { start: None }));
    assert_eq!(count(&world), (4, 4, false), "HR has lost their start");
    world.hr(with(Stage::Active { start: Some(world.today) }));
    assert_eq!(count(&world), (4, 0, true));
}

#[test]
fn half_the_rows_trip_the_guard_on_the_source() {
    let mut world = World::settled(company(40));
    world.ledger.last_reading = Some(world.survey().reading);
    world.hr(company(20));
    assert!(world.text().contains("tripped source 20 of 40"));
    world.whole = false;
    assert!(world.plan().approve(None).is_ok());
}

#[test]
fn a_guard_can_be_switched_off_or_narrowed() {
    let mut world = World::settled(company(20));
    world.hr(leavers(20, 10));
    world.policy.guards.insert(GuardName::Disable, Limit { off: true, ..Limit::default() });
    world.policy.guards.insert(GuardName::Update, Limit { off: true, ..Limit::default() });
    assert!(world.plan().approve(None).is_ok());
    world.policy.guards.insert(GuardName::Disable, Limit { count: Some(9), ..Limit::default() });
    assert_eq!(world.text().lines().last(), Some("tripped disable 10 of 20"));
}

#[test]
fn first_people_of_an_empty_tenant_are_no_alarm() {
    let plan = World::new(company(50)).plan();
    assert_eq!(plan.guards.iter().map(|guard| guard.name).collect::<Vec<_>>(), GuardName::ALL);
    assert!(plan.approve(None).is_ok());
}

#[test]
fn the_order_of_the_rows_changes_nothing() {
    let mut world = World::settled(company(9));
    let mut people = leavers(12, 2);
    people.push(worker("3", "Ada", "L1"));
    world.hr(people.clone());
    let first = world.plan();
    people.reverse();
    world.hr(people);
    assert_eq!(first, world.plan());
}

#[test]
fn a_column_that_lost_its_values_trips_feed() {
    let world = World::settled(company(12));
    let mut reading = world.survey().reading;
    reading.columns.insert("Department".into(), (0, 12));
    let ledger = crate::plan::Ledger { last_reading: Some(reading), ..world.ledger.clone() };
    let inputs = crate::plan::Inputs {
        source: world.plan().source,
        target: world.plan().target,
        people: &world.people(),
        whole: true,
        only: None,
        snapshot: &world.snapshot,
        ledger: &ledger,
        rules: &world.rules,
        policy: &world.policy,
        today: world.today,
        created_at: String::new(),
        columns: Some([("Department".to_owned(), (0, 1))].into()),
    };
    assert_eq!(text(&crate::plan::plan(inputs)), "tripped feed 1 of 1");
}

#[test]
fn a_saved_plan_loses_what_drifted_and_shows_when_it_was_altered() {
    let mut world = World::settled(company(3));
    world.hr(company(4).into_iter().map(|person| person.with("department", "Ops")).collect());
    let saved = world.plan().sealed();
    assert!(saved.verify());
    let json = serde_json::to_string(&saved).unwrap();
    assert_eq!(serde_json::from_str::<crate::plan::Plan>(&json).unwrap().fingerprint, saved.fingerprint);
    world.user("001").attributes.insert(attribute("department"), crate::directory::Value::text("Else"));
    let (left, drifted) = drift(&saved, &world.snapshot, &world.ledger, &world.policy, &as_saved(&saved));
    assert_eq!(drifted.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["001"]);
    assert_eq!(left.changes.len(), 3);
    let mut altered = saved.clone();
    altered.changes.pop();
    assert!(!altered.verify());
    let rows: [fn(&mut Plan); 5] = [
        |plan| plan.as_of = "2020-01-01".into(),
        |plan| plan.created_at = "2099-01-01T00:00:00Z".into(),
        |plan| plan.guards[0].count = 77,
        |plan| plan.source.records = 77,
        |plan| plan.changes[0].reason = "other".into(),
    ];
    for alter in rows {
        let mut altered = saved.clone();
        alter(&mut altered);
        assert!(!altered.verify());
    }
}

#[test]
fn a_saved_plan_creates_nobody_who_has_an_account_by_now() {
    let mut world = World::settled(company(3));
    world.hr(company(3).into_iter().chain([worker("9", "Ida", "New").with("mail", "ida@contoso.com")]).collect());
    let saved = world.plan();
    let why = |world: &World| {
        let (left, drifted) = drift(&saved, &world.snapshot, &world.ledger, &world.policy, &as_saved(&saved));
        assert_eq!(left.changes.len() + drifted.len(), 1);
        drifted.into_iter().next().map(|one| one.message)
    };
    assert_eq!(why(&world), None);
    let names = [("employeeId", "9"), ("mail", "Ida@contoso.com")];
    for (name, value) in names {
        world.stranger("somebody").attributes.insert(attribute(name), crate::directory::Value::text(value));
        assert_eq!(why(&world), Some(format!("the {name} is taken by now")));
        let user = world.snapshot.users.remove(&id("somebody")).unwrap();
        world.snapshot.deleted.insert(user.id.clone(), crate::directory::DeletedUser { user, deleted_at: None });
        assert_eq!(why(&world), Some(format!("the {name} is taken by now")), "in the recycle bin");
        world.snapshot.deleted.clear();
    }
    world.apply();
    assert_eq!(why(&world), Some("the person has an account by now".into()));
}

#[test]
fn a_member_stays_in_the_group_of_before_where_the_new_group_is_left_out_of_a_saved_plan() {
    let ada = |group: &str| worker("1", "Ada", "Lovelace").in_group(group);
    let mut world = World::settled(vec![ada("A"), worker("2", "Bob", "Boss").in_group("A")]);
    world.hr(vec![ada("B"), worker("2", "Bob", "Boss").in_group("A")]);
    let saved = world.plan();
    let changed = |world: &World| {
        let (left, drifted) = drift(&saved, &world.snapshot, &world.ledger, &world.policy, &as_saved(&saved));
        let keys = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect::<Vec<_>>();
        (keys(left.changes.iter().map(|one| &*one.key).collect()), keys(drifted.iter().map(|one| &*one.key).collect()))
    };
    assert_eq!(changed(&world), (vec!["B".to_owned(), "A".to_owned()], Vec::new()));
    let name = crate::plan::unique_name("B");
    world.snapshot.groups.insert(id(&name), group(&name, "Dept B"));
    assert_eq!(changed(&world), (Vec::new(), vec!["B".to_owned(), "A".to_owned()]), "another run made the group");
    world.snapshot.groups.get_mut(&id(&name)).unwrap().members.insert(id("id-1"));
    assert_eq!(changed(&world), (vec!["A".to_owned()], vec!["B".to_owned()]), "and the member is in it");
}

#[test]
fn numbers_that_differ_in_case_alone_are_two_peoples() {
    let mut world = World::settled(company(3));
    world.hr(company(3).into_iter().chain([worker("A1", "Ida", "New")]).collect());
    world.stranger("somebody").attributes.insert(attribute("employeeId"), crate::directory::Value::text("a1"));
    let saved = world.plan();
    assert!(saved.changes.iter().any(|change| change.key == "A1"));
    let (_, drifted) = drift(&saved, &world.snapshot, &world.ledger, &world.policy, &as_saved(&saved));
    assert_eq!(drifted, []);
}

#[test]
fn a_saved_plan_touches_nobody_who_is_protected_by_now() {
    let mut world = World::settled(vec![worker("1", "Ada", "Lovelace").in_group("A"), worker("2", "Bob", "Boss").in_group("A")]);
    world.hr(vec![worker("1", "Ada", "Lovelace").in_group("B"), worker("2", "Bob", "Boss").in_group("A")]);
    let saved = world.plan();
    world.policy.protect_users = vec!["id-1".into()];
    let (left, _) = drift(&saved, &world.snapshot, &world.ledger, &world.policy, &as_saved(&saved));
    let members = left.changes.iter().filter_map(|change| change.members.as_ref());
    assert_eq!(members.map(|members| members.add.len() + members.remove.len()).sum::<usize>(), 0);
}

#[test]
fn an_undo_restores_values_enablement_managers_and_memberships() {
    let people = || vec![worker("1", "Ada", "Lovelace").managed_by("2").in_group("A"), worker("2", "Bob", "Boss").in_group("A")];
    let mut world = World::settled(people());
    let before = world.snapshot.clone();
    world.hr(vec![worker("1", "Ada", "King").managed_by("").in_group("B"), worker("2", "Bob", "Boss").in_group("A").left()]);
    let plan = world.apply();
    let done: BTreeSet<u64> = plan.changes.iter().map(|change| change.seq).collect();
    let created = [("B".to_owned(), id(&crate::plan::unique_name("B")))].into();
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
    assert!(drifted.is_empty() && back.clone().sealed().verify());
    pretend(&back, &mut world.snapshot);
    assert_eq!(world.snapshot.users, before.users);
    for (id, group) in &before.groups {
        assert_eq!(world.snapshot.groups[id].members, group.members);
    }
}

fn tripped(world: &World) -> Vec<&'static str> {
    let tripped = world.plan().approve(None).err().map(|stopped| stopped.tripped).unwrap_or_default();
    tripped.into_iter().map(GuardName::as_str).collect()
}

fn count_of(plan: &Plan, name: GuardName) -> u64 {
    plan.guards.iter().find(|guard| guard.name == name).unwrap().count
}

#[test]
fn people_who_vanish_trip_a_guard_whatever_becomes_of_them() {
    let without = |gone: usize| company(100).into_iter().skip(gone).collect::<Vec<_>>();
    let mut world = World::settled(company(100));
    world.hr(without(5));
    assert_eq!(count_of(&world.plan(), GuardName::Missing), 5);
    assert!(tripped(&world).is_empty());
    world.hr(without(6));
    assert_eq!(tripped(&world), ["missing"], "on_missing reports, and the guard counts");
    // The same people are not counted after a good reading without them.
    for number in 1..=6 {
        world.known(&format!("{number:03}")).missing_since = Some(world.today);
    }
    assert_eq!(count_of(&world.plan(), GuardName::Missing), 0);
    // The same holds for people with disabled accounts, of another feed, or of a partial reading.
    let mut world = World::settled(company(100));
    world.hr(without(9));
    for number in 1..=3 {
        world.user(&format!("{number:03}")).enabled = Some(false);
        world.known(&format!("{:03}", number + 3)).feed = "other".into();
    }
    assert_eq!(count_of(&world.plan(), GuardName::Missing), 3);
    world.whole = false;
    assert_eq!(count_of(&world.plan(), GuardName::Missing), 0);
}

#[test]
fn a_survey_names_who_vanished_and_who_came_back() {
    let mut world = World::settled(company(4));
    world.known("004").missing_since = Some(world.today);
    world.hr(company(4).into_iter().skip(1).collect());
    let presence = world.survey().presence;
    assert_eq!((presence.missing, presence.returned), (vec![key("001")], vec![key("004")]));
}

#[test]
fn a_column_is_empty_from_ten_records_and_four_cells_on_and_is_named() {
    let feed = |records: usize, emptied: u64, distinct: (u64, u64)| {
        let mut world = World::settled(company(records));
        let mut last = world.survey().reading;
        last.columns = [("Dept".to_owned(), (0, distinct.0)), ("City".to_owned(), (500, 3))].into();
        world.ledger.last_reading = Some(last);
        let share = emptied * 1000 / records as u64;
        world.columns = Some([("Dept".to_owned(), (share, distinct.1)), ("City".to_owned(), (500, 3))].into());
        world.plan().guards.into_iter().find(|guard| guard.name == GuardName::Feed).unwrap()
    };
    assert_eq!(feed(14, 3, (5, 5)).count, 0, "one returning person and two others");
    assert_eq!(feed(14, 4, (5, 5)).count, 1);
    assert_eq!(feed(9, 9, (5, 5)).count, 0);
    assert_eq!(feed(100, 20, (5, 5)).count, 0);
    assert_eq!(feed(100, 0, (12, 6)).count, 1, "every department became the same few");
    let guard = feed(100, 40, (12, 8));
    assert!(guard.tripped);
    assert_eq!(guard.columns.len(), 1);
    let column = &guard.columns[0];
    assert_eq!((column.name.as_str(), column.empty_before, column.empty_after), ("Dept", 0.0, 0.4));
    assert_eq!((column.distinct_before, column.distinct_after), (12, 8));
}

#[test]
fn the_fingerprint_names_the_reading_whose_guard_tripped() {
    let mut world = World::settled(company(40));
    world.ledger.last_reading = Some(world.survey().reading);
    world.hr(company(20));
    let broken = world.plan();
    world.source_sha256 = "another file".into();
    let other = world.plan();
    assert_ne!(broken.fingerprint, other.fingerprint);
    world.hr(company(40));
    let whole = world.plan();
    world.source_sha256 = "yet another".into();
    assert_eq!(whole.fingerprint, world.plan().fingerprint, "no guard on the reading tripped");
}

#[test]
fn the_leavers_of_a_stopped_plan_go_alone_unless_the_guard_is_on_them() {
    let busy = |leavers: usize| -> Vec<crate::mapping::Desired> {
        company(40)
            .into_iter()
            .enumerate()
            .map(|(at, person)| {
                let person = person.with("department", "Ops");
                if at < leavers { person.left() } else { person }
            })
            .collect()
    };
    let mut world = World::settled(company(40));
    world.hr(busy(2));
    let stopped = world.plan().approve(None).unwrap_err();
    assert_eq!(stopped.tripped, [GuardName::Update]);
    let plan = stopped.leavers().unwrap().into_plan();
    assert!(plan.changes.iter().all(|change| change.action == Action::Disable && change.attributes.len() == 1));
    assert_eq!((plan.changes.len(), count_of(&plan, GuardName::Disable)), (2, 2));
    pretend(&plan, &mut world.snapshot);
    assert!(world.plan().changes.iter().all(|change| change.action == Action::Update), "the rest is left to do");

    // Neither where the disables themselves are too many, nor after a reading that cannot be believed.
    world = World::settled(company(40));
    world.hr(busy(4));
    assert_eq!(world.plan().approve(None).unwrap_err().leavers(), None);
    world.ledger.last_reading = Some(world.survey().reading);
    world.hr(busy(2).into_iter().take(20).collect());
    assert_eq!(world.plan().approve(None).unwrap_err().leavers(), None);
}

#[test]
fn a_saved_plan_is_believed_only_as_far_as_something_confirms_it() {
    let mut world = World::settled(company(5));
    world.hr(company(5).into_iter().map(|person| person.with("department", "Ops")).collect());
    let mut saved = world.plan();
    // Another person's account under this key, as an editor would write it.
    world.stranger("victim");
    saved.changes[0].id = Some(id("victim"));
    saved.changes[0].attributes.clear();
    let drifted =
        |world: &World, confirmation: &Confirmation| drift(&saved, &world.snapshot, &world.ledger, &world.policy, confirmation).0;
    let plan = drifted(&world, &as_saved(&saved));
    assert_eq!(plan.changes.len(), 4);
    let skipped: Vec<_> = plan.skipped.iter().map(|entry| (entry.code, entry.id.clone())).collect();
    assert_eq!(skipped, [(crate::plan::SkippedCode::NotConfirmed, Some(id("victim")))]);
    let approved = Confirmation { approved: true, ..as_saved(&saved) };
    assert_eq!(drifted(&world, &approved).changes.len(), 5);
    let copied = Confirmation { accounts: [(key("001"), id("victim"))].into(), ..as_saved(&saved) };
    assert_eq!(drifted(&world, &copied).changes.len(), 5);
    // Elsewhere the first match attribute still confirms the others, and the guards on the reading need a yes.
    world.ledger = crate::plan::Ledger::default();
    let elsewhere = drifted(&world, &Confirmation::default());
    assert_eq!(elsewhere.changes.len(), 4);
    let tripped = elsewhere.clone().approve(None).unwrap_err().tripped;
    assert!(GuardName::ALL.iter().filter(|name| name.is_of_reading()).all(|name| tripped.contains(name)));
    assert!(elsewhere.clone().approve(Some(&elsewhere.fingerprint)).is_ok());
}

#[test]
fn a_plan_older_than_the_last_good_reading_opens_no_account() {
    let ada = || worker("1", "Ada", "Stone");
    let mut disabled = World::settled(vec![ada()]);
    disabled.hr(vec![ada().left()]);
    disabled.apply();
    let mut deleted = World::settled(vec![ada()]);
    deleted.known("1").deleted_on = Some(TODAY);
    let user = deleted.snapshot.users.remove(&id("id-1")).unwrap();
    deleted.snapshot.deleted.insert(id("id-1"), crate::directory::DeletedUser { user, deleted_at: None });
    for mut world in [disabled, deleted] {
        let bob = || worker("2", "Bob", "Wood");
        world.hr(vec![ada(), bob()]);
        let saved = world.plan();
        assert_eq!(saved.changes.len(), 2, "{}", text(&saved));
        for approved in [false, true] {
            for overtaken in [false, true] {
                let confirmation = Confirmation { approved, overtaken, ..as_saved(&saved) };
                let (plan, _) = drift(&saved, &world.snapshot, &world.ledger, &world.policy, &confirmation);
                assert_eq!((plan.changes.len(), plan.attention().is_empty()), if overtaken { (1, false) } else { (2, true) });
            }
        }
    }
}

#[test]
fn an_edited_guard_is_taken_from_the_copy_of_the_plan() {
    let mut world = World::settled(company(40));
    world.ledger.last_reading = Some(world.survey().reading);
    world.hr(company(20));
    let counted = world.plan();
    let mut edited = counted.clone();
    for guard in &mut edited.guards {
        (guard.count, guard.tripped) = (0, false);
    }
    let (plan, _) = drift(&edited, &world.snapshot, &world.ledger, &world.policy, &as_saved(&counted));
    assert_eq!(plan.approve(None).unwrap_err().tripped, [GuardName::Source, GuardName::Missing]);
}

#[test]
fn the_page_on_guards_has_a_row_for_each() {
    let page = include_str!("../../../docs/guards.md");
    let rows: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(rows, GuardName::ALL.map(GuardName::as_str));
}
