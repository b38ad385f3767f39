//! What a good run leaves of the people it carried, and what it leaves of leavers and of accounts that it may not write to.

use proptest::prelude::*;

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

/// What a run may find of a person: the account, what HR wants, the kind of the link, and whether HR calls the person gone.
type Found = (usize, u8, bool, bool);

fn runs() -> impl Strategy<Value = Vec<(bool, BTreeMap<usize, Found>)>> {
    // Few of many people differ, so that most rows stay as they are.
    let differing = prop::collection::btree_map(0..RANGE, (0..3_usize, 0..3_u8, any::<bool>(), any::<bool>()), 0..60);
    prop::collection::vec((any::<bool>(), differing), 1..5)
}

/// More than one range of the ledger.
const RANGE: usize = 1_100;

/// Every row of these tables, as text.
fn rows(store: &Store) -> Vec<String> {
    let tables = [
        "key, hex(id), feed, hex(wishes), seen, written from people",
        "key, name, wishes from wanted join names on number = attributes",
    ];
    let rows = tables.map(|table| {
        let mut select = store.database.prepare(&format!("select {table} order by key")).unwrap();
        let columns = select.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            (0..columns)
                .map(|at| row.get::<_, rusqlite::types::Value>(at).map(|value| format!("{value:?}")))
                .collect::<Result<Vec<_>, _>>()
        };
        let rows: Vec<String> = select.query_map([], row).unwrap().map(|row| row.unwrap().join(" ")).collect();
        rows
    });
    rows.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn rows_that_are_compared_in_ranges_end_as_those_that_are_compared_one_by_one(runs in runs()) {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut stores = folders.each_ref().map(|folder| Store::open(folder.path()).unwrap());
        for (other_feed, differing) in runs {
            for (reversed, store) in stores.iter_mut().enumerate() {
                let links = (0..RANGE).map(|at| {
                    let (account, wants, seen, gone) = differing.get(&at).copied().unwrap_or_default();
                    let account = format!("{account:08x}-0000-4000-8000-{at:012x}");
                    let values = (0..wants).map(|wanted| (format!("name{wanted}"), Some(Value::text(format!("{wanted}\"{at}")))));
                    Link {
                        key: key(&format!("{at:06}")),
                        account: id(&account),
                        wanted: Wishes::of(values.chain([("manager".to_owned(), None)]).collect()),
                        kind: if seen { LinkKind::Seen } else { LinkKind::Managed },
                        gone,
                    }
                });
                let mut links: Vec<Link<'_>> = links.collect();
                if reversed == 1 {
                    // Links that are not in the order of their keys are looked up one by one.
                    links.reverse();
                }
                store.remember_links(&tenant(), if other_feed { "Payroll" } else { "HR" }, links.into_iter()).unwrap();
            }
            let [ranges, single] = stores.each_ref().map(rows);
            prop_assert_eq!(&ranges, &single);
        }
    }
}
