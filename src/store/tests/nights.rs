//! What a night costs: rows written and bytes kept, counted and never timed.

use super::*;
use crate::directory::Snapshot;
use crate::plan::{Person, WishMap, Wishes};

/// The rows that were inserted, updated or deleted over this connection.
fn written(store: &Store) -> i64 {
    store.database.query_row("select total_changes()", [], |row| row.get(0)).unwrap()
}

fn person(number: usize) -> (String, String) {
    (format!("{number:06}"), format!("{number:08x}-0000-4000-8000-{number:012x}"))
}

fn tenant_of(people: usize) -> Snapshot {
    let mut snapshot = Snapshot::empty(tenant(), "contoso.com");
    for number in 0..people {
        let (key, account) = person(number);
        let mut user = User::new(id(&account), Upn::new(format!("p{key}@contoso.com")));
        user.attributes.insert(attribute("mail"), Value::text(format!("P{key}@contoso.com")));
        snapshot.users.insert(&user);
    }
    snapshot
}

fn wishes(number: usize) -> WishMap {
    let text = |name: &str, value: String| (name.to_owned(), Some(Value::text(value)));
    let names =
        ["givenName", "surname", "displayName", "department", "jobTitle", "companyName", "city", "country", "mobilePhone"];
    let values = names.into_iter().map(|name| text(name, format!("{name} {}", number % 97)));
    values.chain([("manager".to_owned(), None)]).collect()
}

/// A night in which HR wants something new of these people; the count of people whose values were asked for, and of rows written.
fn night(store: &mut Store, snapshot: &Snapshot, people: usize, moved: &[usize]) -> (usize, i64) {
    let before = written(store);
    store.reconcile(snapshot, today()).unwrap();
    store.observe(snapshot).unwrap();
    let asked = std::cell::Cell::new(0);
    let asked_for = &asked;
    let links = (0..people).map(|number| {
        let (key_of, account) = person(number);
        let mut wanted = wishes(number);
        if moved.contains(&number) {
            wanted.insert("department".into(), Some(Value::text("Moved")));
        }
        let digest = crate::plan::WishDigest::of(&wanted);
        let values = move || {
            asked_for.set(asked_for.get() + 1);
            wanted
        };
        Link {
            key: key(&key_of),
            account: id(&account),
            wanted: Wishes::lazy(digest, values),
            kind: LinkKind::Managed,
            gone: false,
        }
    });
    store.remember_links(&tenant(), "HR", links).unwrap();
    (asked.get(), written(store) - before)
}

fn people_of(store: &Store) -> BTreeMap<EmployeeId, Person> {
    store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap().people
}

#[test]
fn a_second_identical_night_writes_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    // More than one range of the ledger, and a rest.
    let people = 2_500;
    let snapshot = tenant_of(people);
    assert_eq!(night(&mut store, &snapshot, people, &[]).0, people);
    assert_eq!(
        night(&mut store, &snapshot, people, &[]),
        (0, 2 * people.cast_signed() as i64),
        "the addresses that were seen for the first time"
    );
    let ledger = people_of(&store);
    assert_eq!(ledger.len(), people);
    for _ in 0..2 {
        assert_eq!(night(&mut store, &snapshot, people, &[]), (0, 0));
    }
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(night(&mut store, &snapshot, people, &[]), (0, 0), "another process");
    // One per cent moves: a row of the person and one of the values for each.
    let moved: Vec<usize> = (0..people).step_by(100).collect();
    assert_eq!(night(&mut store, &snapshot, people, &moved), (moved.len(), 2 * moved.len().cast_signed() as i64));
    assert_eq!(night(&mut store, &snapshot, people, &moved), (0, 0));
    assert_eq!(people_of(&store), ledger);
    let mut ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    store.add_wishes(&tenant(), &mut ledger, ["000100", "000101"]).unwrap();
    assert_eq!(ledger.people[&key("000100")].wanted["department"], Some(Value::text("Moved")));
    assert_eq!(ledger.people[&key("000101")].wanted, wishes(101));
}

#[test]
fn an_address_that_moved_is_the_only_row_of_a_night() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let mut snapshot = tenant_of(50);
    for _ in 0..2 {
        night(&mut store, &snapshot, 50, &[]);
    }
    let (_, account) = person(7);
    snapshot.users.get_mut(&id(&account)).unwrap().upn = Upn::new("married@contoso.com");
    // The person and their addresses.
    assert_eq!(night(&mut store, &snapshot, 50, &[]), (0, 2));
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!(ledger.addresses, [], "the mail has the same address still");
    snapshot.users.get_mut(&id(&account)).unwrap().attributes.insert(attribute("mail"), Value::text("married@contoso.com"));
    night(&mut store, &snapshot, 50, &[]);
    let ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    assert_eq!((ledger.addresses.len(), ledger.addresses[0].address.as_str()), (1, "p000007@contoso.com"));
}

#[test]
fn links_in_any_order_come_to_the_same_ledger() {
    let link = |number: usize| {
        let (key_of, account) = person(number);
        Link {
            key: key(&key_of),
            account: id(&account),
            wanted: Wishes::of(wishes(number)),
            kind: LinkKind::Managed,
            gone: false,
        }
    };
    let ledger = |orders: [Vec<usize>; 2]| {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        for order in orders {
            store.remember_links(&tenant(), "HR", order.into_iter().map(link)).unwrap();
        }
        people_of(&store)
    };
    let sorted: Vec<usize> = (0..1_500).collect();
    let mixed: Vec<usize> = (0..1_500).map(|at| at * 7 % 1_500).collect();
    let once = ledger([sorted.clone(), sorted.clone()]);
    assert_eq!(once.len(), 1_500);
    assert_eq!(ledger([mixed.clone(), sorted]), once);
    assert_eq!(ledger([mixed.clone(), mixed]), once);
}

#[test]
fn two_people_who_exchange_keys_keep_what_was_done_to_their_accounts() {
    for reversed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let link = |text: &str, account: &str| {
            let wanted = Wishes::of(WishMap::new());
            Link { key: key(text), account: id(account), wanted, kind: LinkKind::Managed, gone: false }
        };
        store.remember_links(&tenant(), "HR", [link("1", "a")].into_iter()).unwrap();
        store.database.execute("update people set disabled_on = '2026-11-20'", []).unwrap();
        // The account has another key, and its former key is another person's.
        let mut links = vec![link("2", "a"), link("1", "b")];
        if reversed {
            links.reverse();
        }
        store.remember_links(&tenant(), "HR", links.into_iter()).unwrap();
        let people = people_of(&store);
        assert_eq!((people[&key("2")].id.clone(), people[&key("2")].disabled_on), (id("a"), Some(today())));
        assert_eq!((people[&key("1")].id.clone(), people[&key("1")].disabled_on), (id("b"), None));
    }
}

#[test]
fn a_person_takes_few_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let people = 5_000;
    let snapshot = tenant_of(people);
    for _ in 0..2 {
        night(&mut store, &snapshot, people, &[]);
    }
    store.database.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    let pages: i64 = store.database.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    // Row, values and addresses; the version before took 670.
    assert!(pages * 4_096 / (people.cast_signed() as i64) < 420, "{}", pages * 4_096 / people.cast_signed() as i64);
}

#[test]
fn a_damaged_ledger_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let snapshot = tenant_of(3);
    for _ in 0..2 {
        night(&mut store, &snapshot, 3, &[]);
    }
    let mut ledger = store.ledger("HR", &tenant(), today(), &BTreeMap::new()).unwrap();
    store.database.execute("update wanted set wishes = '[\"cut' where key = '000000'", []).unwrap();
    assert!(store.add_wishes(&tenant(), &mut ledger, ["000000"]).is_err());
    store.database.execute("update live_addresses set addresses = '[' where key = '000001'", []).unwrap();
    store.database.execute("update people set addresses = null where key = '000001'", []).unwrap();
    assert!(store.reconcile(&snapshot, today()).is_err());
    // A digest that is not one is counted as another.
    store.database.execute("update live_addresses set addresses = '[]' where key = '000001'", []).unwrap();
    store.database.execute("update people set wishes = x'00', addresses = x'00'", []).unwrap();
    assert_eq!(night(&mut store, &snapshot, 3, &[]).0, 3);
    assert_eq!(night(&mut store, &snapshot, 3, &[]), (0, 0));
}
