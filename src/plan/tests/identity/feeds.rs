//! Two feeds that carry one person, and accounts that were only seen.

use super::*;

fn two_feeds() -> World {
    let mut world = World::settled(vec![ada()]);
    world.known("1").feed = "other".into();
    world.ledger.feeds.insert("other".into(), date(2026, 11, 14));
    world
}

#[test]
fn a_leaver_whom_another_feed_carries_stays_until_that_feed_is_silent() {
    let mut world = two_feeds();
    world.hr(vec![ada().left().with("department", "Ops")]);
    assert_eq!(world.text(), "skipped 1 OtherFeed");
    world.today = date(2026, 11, 21);
    assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    world.today = TODAY;
    world.ledger.feeds.clear();
    assert!(world.text().starts_with("disable 1 "), "a feed that was never read: {}", world.text());
}

#[test]
fn a_leaver_whom_the_other_feed_has_lost_or_calls_gone_goes() {
    let lost: fn(&mut World) = |world| world.known("1").missing_since = Some(TODAY);
    let gone: fn(&mut World) = |world| world.known("1").leave_done = [LeaveAction::RevokeSessions].into();
    let ours: fn(&mut World) = |world| world.known("1").feed = "test".into();
    for change in [lost, gone, ours] {
        let mut world = two_feeds();
        change(&mut world);
        world.hr(vec![ada().left()]);
        assert!(world.text().starts_with("disable 1 "), "{}", world.text());
    }
}

#[test]
fn two_feeds_may_carry_one_person_and_not_two() {
    let mut world = two_feeds();
    world.hr(vec![ada().with("department", "Ops")]);
    assert!(world.text().starts_with("update 1 department"), "{}", world.text());
    world.hr(vec![zoe()]);
    assert_eq!(world.text(), "held 1 key-reused");
    world.hr(vec![zoe().left()]);
    assert_eq!(world.plan().held[0].code, HeldCode::KeyReused);
    assert!(world.plan().changes.is_empty());
}

#[test]
fn whom_another_feed_carries_is_not_closed_because_this_feed_dropped_them() {
    let out = |stage| {
        let Desired { key, previous_key, place, .. } = ada();
        Mapped::OutOfScope { key: Some(key), previous_key, place, stage, damaged_key: false }
    };
    let read_on = date(2026, 11, 19);
    let rows = [
        Vec::new(),
        vec![out(Some(Stage::Active { start: None }))],
        vec![out(Some(Stage::Left { end: Some(date(2026, 10, 31)) }))],
        vec![out(None)],
    ];
    for rows in rows {
        let mut world = World::settled(vec![ada()]);
        let lifecycle = world.lifecycle();
        (lifecycle.disable_missing, lifecycle.disable_out_of_scope) = (true, true);
        world.ledger.feeds.insert("other".into(), read_on);
        let taken_over = [(key("1"), TakenOver { feed: "other".into(), read_on })].into();
        world.ledger.last_reading = Some(LastReading { taken_over, ..LastReading::default() });
        world.mapped = rows;
        assert_eq!((world.text(), world.plan().attention().len()), ("skipped 1 OtherFeed".to_owned(), 1));
        // The next night knows it too.
        world.ledger.last_reading = Some(world.survey().reading);
        world.known("1").missing_since = Some(TODAY);
        world.today = date(2026, 11, 21);
        assert_eq!(world.text(), "skipped 1 OtherFeed");
        world.today = date(2026, 11, 26);
        assert!(world.text().starts_with("disable 1 "), "the other feed is silent: {}", world.text());
        world.today = TODAY;
        world.ledger.feeds.insert("other".into(), TODAY);
        assert!(world.text().starts_with("disable 1 "), "the other feed was read since, without her: {}", world.text());
    }
}

// Links that were made without a write.

fn seen_guest() -> World {
    let mut world = World::settled(vec![ada()]);
    world.known("1").seen = true;
    unset(&mut world, "1", "employeeId");
    for name in ["givenName", "surname"] {
        unset(&mut world, "1", name);
    }
    world.user("1").upn = crate::directory::Upn::new("ada_fabrikam.example#EXT#@contoso.com");
    world.user("1").user_type = UserType::Guest;
    world
}

#[test]
fn an_account_that_was_only_seen_is_asked_for_anew() {
    let mut world = seen_guest();
    assert!(world.text().starts_with("create 1 "), "{}", world.text());
    world.known("1").seen = false;
    assert!(world.text().starts_with("create 1 "), "hrpush never writes to a guest: {}", world.text());
    world.user("1").user_type = UserType::Member;
    world.user("1").synced = true;
    assert!(world.text().starts_with("create 1 "), "nor to a synced account: {}", world.text());
    world.user("1").synced = false;
    assert!(world.text().starts_with("update 1 "), "a link that was written matches: {}", world.text());
    world.known("1").seen = true;
    assert!(world.text().starts_with("create 1 "), "{}", world.text());
}

#[test]
fn a_leaver_whose_account_was_only_seen_heads_the_report() {
    let mut world = seen_guest();
    world.hr(vec![ada().left()]);
    assert_eq!(world.text(), "skipped 1 Guest LEFT");
    world.user("1").user_type = UserType::Member;
    world.user("1").synced = true;
    assert_eq!(world.text(), "skipped 1 Synced LEFT");
    world.user("1").synced = false;
    let plan = world.plan();
    assert_eq!((text(&plan).as_str(), plan.held[0].left), ("held 1 doubtful-match", true));
    world.user("1").enabled = Some(false);
    assert_eq!(world.text(), "");
}

#[test]
fn a_seen_account_counts_for_missing_people() {
    let mut world = seen_guest();
    world.hr(Vec::new());
    assert_eq!(world.text(), "skipped 1 Missing");
}

// Several records of one key.
