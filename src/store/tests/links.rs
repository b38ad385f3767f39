//! What a good run leaves of the people it carried, and what it leaves of leavers and of accounts that it may not write to.

use super::*;
use crate::apply::fake::{change, edit};
use crate::plan::{Person, Wishes};

fn link(text: &str, account: &str, kind: LinkKind, gone: bool) -> Link<'static> {
    Link { key: key(text), account: id(account), wanted: Wishes::of(BTreeMap::new()), kind, gone }
}

fn people(store: &Store) -> BTreeMap<EmployeeId, Person> {
    store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap().people
}

fn remember(store: &mut Store, feed: &str, links: Vec<Link<'static>>) {
    store.remember_links(&tenant(), feed, links.into_iter()).unwrap();
}

#[test]
fn a_record_that_calls_a_person_gone_takes_nobody_from_another_feed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let feed = |store: &Store, text: &str| people(store)[&key(text)].feed.to_string();
    remember(&mut store, "HR", vec![link("1", "a", LinkKind::Managed, false)]);
    remember(&mut store, "Payroll", vec![link("1", "a", LinkKind::Managed, true)]);
    assert_eq!(feed(&store, "1"), "HR");
    // The same person under another key, and a protected one.
    remember(&mut store, "Payroll", vec![link("P1", "a", LinkKind::Managed, true)]);
    assert_eq!((feed(&store, "P1").as_str(), people(&store).len()), ("HR", 1));
    remember(&mut store, "Payroll", vec![link("P1", "a", LinkKind::Seen, true)]);
    assert_eq!(feed(&store, "P1"), "HR");
    remember(&mut store, "Payroll", vec![link("P1", "a", LinkKind::Managed, false)]);
    assert_eq!(feed(&store, "P1"), "Payroll");
    // No feed carried this leaver before.
    remember(&mut store, "HR", vec![link("2", "b", LinkKind::Managed, true)]);
    assert_eq!(feed(&store, "2"), "HR");
}

#[test]
fn a_link_without_a_write_is_seen_until_the_account_is_managed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let seen = |store: &Store| people(store)[&key("1")].seen;
    let mut run = |account: &str, kind| {
        remember(&mut store, "HR", vec![link("1", account, kind, false)]);
        seen(&store)
    };
    assert!(run("a", LinkKind::Seen));
    assert!(run("a", LinkKind::Seen));
    assert!(!run("a", LinkKind::Managed));
    assert!(run("b", LinkKind::Seen), "another account, to which nothing was written");
    assert!(!run("b", LinkKind::Managed));
    assert!(run("b", LinkKind::Seen), "protected again before any run wrote to it");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_was_written_to_stays_one_when_the_account_is_protected_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let (fake, _) = world();
    remember(&mut store, "HR", vec![link("l0", "x0", LinkKind::Seen, false), link("l1", "x1", LinkKind::Seen, false)]);
    let update = change(Action::Update, "l0", Some(&id("x0")), vec![edit("department", None, Some("Audit"))]);
    let (_, applied) = go(&mut store, &plan(vec![update]), &fake).await;
    assert_eq!(applied.unwrap().outcome.failed, []);
    assert_eq!([people(&store)[&key("l0")].seen, people(&store)[&key("l1")].seen], [false, true], "by the journal alone");
    remember(&mut store, "HR", vec![link("l0", "x0", LinkKind::Seen, false), link("l1", "x1", LinkKind::Seen, false)]);
    assert_eq!([people(&store)[&key("l0")].seen, people(&store)[&key("l1")].seen], [false, true]);
}
