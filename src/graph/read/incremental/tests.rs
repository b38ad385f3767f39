//! Reading by delta against the sandbox: whatever happened, it must equal a full list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::*;
use crate::directory::Attribute;
use crate::graph::{Client, Credential, GraphUrl, Reader, Settings};
use crate::sandbox::{Fault, Faults, Options, Quota, Sandbox};

/// A cache in memory.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, (Vec<u8>, Rows)>>);

type Rows = BTreeMap<String, Vec<u8>>;

impl SnapshotCache for Memory {
    fn load(&self, reading: &str, wanted: &mut dyn FnMut(&[u8]) -> bool, row: &mut dyn FnMut(&str, &[u8])) -> bool {
        let kept = self.0.lock().unwrap();
        let Some((head, rows)) = kept.get(reading) else { return false };
        if !wanted(head) {
            return false;
        }
        for (key, value) in rows {
            row(key, value);
        }
        true
    }

    fn replace(&self, reading: &str, head: &[u8], rows: &mut dyn Iterator<Item = (String, Vec<u8>)>) {
        self.0.lock().unwrap().insert(reading.to_owned(), (head.to_vec(), rows.collect()));
    }

    fn advance(&self, reading: &str, former: &[u8], head: &[u8], rows: &mut dyn Iterator<Item = (String, Option<Vec<u8>>)>) {
        let mut kept = self.0.lock().unwrap();
        let Some(found) = kept.get_mut(reading).filter(|found| found.0 == former) else { return };
        found.0 = head.to_vec();
        for (key, value) in rows {
            match value {
                Some(value) => found.1.insert(key, value),
                None => found.1.remove(&key),
            };
        }
    }

    fn forget(&self, reading: &str) {
        self.0.lock().unwrap().remove(reading);
    }
}

impl Memory {
    fn heads(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().values().map(|(head, _)| head.clone()).collect()
    }

    fn alter(&self, alter: impl Fn(&mut Json)) {
        for (head, _) in self.0.lock().unwrap().values_mut() {
            let mut json = serde_json::from_slice(head).unwrap();
            alter(&mut json);
            *head = serde_json::to_vec(&json).unwrap();
        }
    }
}

struct Night {
    sandbox: Sandbox,
    reader: Reader,
    cache: Memory,
    http: reqwest::Client,
    users: Vec<String>,
    groups: Vec<String>,
}

impl Night {
    async fn new(people: usize) -> Self {
        let user = |n: usize| {
            json!({ "id": id(n), "displayName": format!("U {n}"), "mailNickname": format!("u{n}"), "accountEnabled": true,
                "userPrincipalName": format!("u{n}@sandbox.example"), "employeeId": n.to_string(), "department": "Claims",
                "manager": (n > 0).then(|| id(n / 3)), "createdDateTime": "2020-01-01T00:00:00Z" })
        };
        let group = |n: usize, name: &str, unique: Option<&str>, roles: bool, members: &[usize]| {
            json!({ "id": id(9_000_000 + n), "displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
                "uniqueName": unique, "isAssignableToRole": roles, "createdDateTime": "2020-01-01T00:00:00Z",
                "members": members.iter().map(|n| id(*n)).collect::<Vec<_>>() })
        };
        let seed = json!({
            "domains": ["sandbox.example"],
            "users": (0..people).map(user).collect::<Vec<_>>(),
            "subscribedSkus": [{ "skuId": id(1), "prepaidUnits": { "enabled": 5 } }, { "skuId": id(2), "prepaidUnits": { "enabled": 5 } }],
            "groups": [
                group(0, "Claims", Some("hrpush-claims"), false, &[1, 2]),
                group(1, "Admins", None, true, &[3]),
                group(2, "BatchItem", None, false, &[4]),
                group(3, "Protected", None, false, &[5, 9_000_002]),
                group(4, "Other", None, false, &[6]),
            ],
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), seed.to_string()).unwrap();
        let options = Options { seed: Some(file.path().into()), quota: Quota::off(), ..Options::default() };
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), options).await.unwrap();
        let settings = Settings::new(GraphUrl::new(&sandbox.url()).unwrap());
        let client = Client::connect(settings, Credential::token(SecretString::from("token"))).unwrap();
        Self {
            sandbox,
            reader: Reader::new(Arc::new(client)),
            cache: Memory::default(),
            http: reqwest::Client::new(),
            users: (0..people).map(id).collect(),
            groups: (0..5).map(|n| id(9_000_000 + n)).collect(),
        }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Json>) -> Json {
        let url = format!("{}{path}", self.sandbox.url());
        let mut call = self.http.request(method.parse().unwrap(), url).bearer_auth("token");
        if let Some(body) = body {
            call = call.json(&body);
        }
        let text = call.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn current(&self) -> Snapshot {
        self.reader.current(&wanted(), &self.cache).await.unwrap()
    }

    /// Reads by delta and in full, and compares.
    async fn agrees(&self) {
        let current = self.current().await;
        let full = self.reader.snapshot(&wanted()).await.unwrap();
        same(&current, &full);
    }

    /// How many HTTP requests and which reads a reading takes.
    async fn counted(&self) -> (u64, Vec<String>) {
        let (sent, lines) = (self.sandbox.requests().requests, self.sandbox.log().len());
        self.current().await;
        let log = self.sandbox.log().split_off(lines);
        (self.sandbox.requests().requests - sent, log.into_iter().filter(|line| !line.contains("$batch")).collect())
    }

    fn is_full(reads: &[String]) -> bool {
        reads.iter().any(|read| read.starts_with("GET /users?"))
    }
}

fn id(n: usize) -> String {
    format!("00000000-0000-0000-0000-{n:012}")
}

fn wanted() -> SnapshotScope {
    let attributes =
        ["department", "employeeOrgData.division", "employeeOrgData.costCenter", "businessPhones", "employeeHireDate"];
    SnapshotScope {
        attributes: attributes.iter().map(|name| Attribute::find(name).unwrap()).collect(),
        manager: true,
        groups: true,
        protected_groups: BTreeSet::from(["Protected".to_owned()]),
        ..SnapshotScope::default()
    }
}

#[track_caller]
fn same(current: &Snapshot, full: &Snapshot) {
    for user in full.users.values() {
        let id = &user.id;
        let known = current.users.get(id).unwrap_or_else(|| panic!("{id} is missing"));
        assert!(
            known == user,
            "{id}: manager {:?}, not {:?}; {}",
            known.manager,
            user.manager,
            known.attributes == user.attributes
        );
    }
    assert_eq!(current.users.len(), full.users.len());
    assert_eq!(current.groups, full.groups);
    assert_eq!(current.deleted, full.deleted);
    assert_eq!(current.privileged, full.privileged);
    assert!(current == full);
}

/// Something that happens to a tenant; numbers pick among what there is.
#[derive(Clone, Debug)]
enum Deed {
    Create,
    Patch(usize, u8),
    Manager(usize, usize),
    NoManager(usize),
    Delete(usize),
    Restore(usize),
    Purge(usize),
    Join(usize, usize),
    Nest(usize, usize),
    Leave(usize, usize),
    Own(usize, usize),
    Group(bool),
    Rename(usize),
    DropGroup(usize),
    Read,
    Repeat,
}

fn deed() -> impl Strategy<Value = Deed> {
    let n = 0..40_usize;
    let g = 0..8_usize;
    prop_oneof![
        2 => Just(Deed::Create),
        4 => (n.clone(), any::<u8>()).prop_map(|(a, b)| Deed::Patch(a, b)),
        4 => (n.clone(), n.clone()).prop_map(|(a, b)| Deed::Manager(a, b)),
        2 => n.clone().prop_map(Deed::NoManager),
        3 => n.clone().prop_map(Deed::Delete),
        2 => n.clone().prop_map(Deed::Restore),
        1 => n.clone().prop_map(Deed::Purge),
        5 => (g.clone(), n.clone()).prop_map(|(a, b)| Deed::Join(a, b)),
        2 => (g.clone(), g.clone()).prop_map(|(a, b)| Deed::Nest(a, b)),
        4 => (g.clone(), n.clone()).prop_map(|(a, b)| Deed::Leave(a, b)),
        1 => (g.clone(), n).prop_map(|(a, b)| Deed::Own(a, b)),
        1 => any::<bool>().prop_map(Deed::Group),
        1 => g.clone().prop_map(Deed::Rename),
        1 => g.prop_map(Deed::DropGroup),
        3 => Just(Deed::Read),
        1 => Just(Deed::Repeat),
    ]
}

async fn happens(night: &mut Night, deed: &Deed, number: usize) {
    let user = |n: usize| night.users[n % night.users.len()].clone();
    let group = |n: usize| night.groups[n % night.groups.len()].clone();
    let link = |id: String| Some(json!({ "@odata.id": format!("{}/directoryObjects/{id}", night.sandbox.url()) }));
    match *deed {
        Deed::Create => {
            let body = json!({ "displayName": "New", "mailNickname": format!("n{number}"), "accountEnabled": true,
                "userPrincipalName": format!("n{number}@sandbox.example"), "passwordProfile": { "password": "Long-and-random-1x" } });
            let made = night.call("POST", "/users", Some(body)).await;
            night.users.push(made["id"].as_str().unwrap().to_owned());
        }
        Deed::Patch(n, what) => {
            let body = match what % 6 {
                0 => json!({ "department": format!("D{what}") }),
                1 => json!({ "department": null }),
                2 => json!({ "employeeOrgData": { "division": "EMEA", "costCenter": null } }),
                3 => json!({ "accountEnabled": what > 127, "mail": format!("m{number}@sandbox.example") }),
                4 => json!({ "businessPhones": if what > 127 { json!(["+43 1"]) } else { json!([]) } }),
                _ => json!({ "employeeOrgData": null, "jobTitle": "Not wanted" }),
            };
            night.call("PATCH", &format!("/users/{}", user(n)), Some(body)).await;
        }
        Deed::Manager(n, m) => drop(night.call("PUT", &format!("/users/{}/manager/$ref", user(n)), link(user(m))).await),
        Deed::NoManager(n) => drop(night.call("DELETE", &format!("/users/{}/manager/$ref", user(n)), None).await),
        Deed::Delete(n) => drop(night.call("DELETE", &format!("/users/{}", user(n)), None).await),
        Deed::Restore(n) => drop(night.call("POST", &format!("/directory/deletedItems/{}/restore", user(n)), None).await),
        Deed::Purge(n) => drop(night.call("DELETE", &format!("/directory/deletedItems/{}", user(n)), None).await),
        Deed::Join(g, n) => drop(night.call("POST", &format!("/groups/{}/members/$ref", group(g)), link(user(n))).await),
        Deed::Nest(g, h) => drop(night.call("POST", &format!("/groups/{}/members/$ref", group(g)), link(group(h))).await),
        Deed::Leave(g, n) => drop(night.call("DELETE", &format!("/groups/{}/members/{}/$ref", group(g), user(n)), None).await),
        Deed::Own(g, n) => drop(night.call("POST", &format!("/groups/{}/owners/$ref", group(g)), link(user(n))).await),
        Deed::Group(ours) => {
            let body = json!({ "displayName": format!("G{number}"), "mailNickname": format!("g{number}"), "mailEnabled": false,
                "securityEnabled": true, "uniqueName": if ours { format!("hrpush-g{number}") } else { format!("g{number}") } });
            let made = night.call("POST", "/groups", Some(body)).await;
            night.groups.push(made["id"].as_str().unwrap().to_owned());
        }
        Deed::Rename(g) => {
            let name = ["Protected", "Renamed"][number % 2];
            night.call("PATCH", &format!("/groups/{}", group(g)), Some(json!({ "displayName": name }))).await;
        }
        Deed::DropGroup(g) => drop(night.call("DELETE", &format!("/groups/{}", group(g)), None).await),
        Deed::Read => night.agrees().await,
        Deed::Repeat => night.sandbox.trouble(Faults::none().at(Fault::DuplicatePage, 1)),
    }
}

#[test]
fn whatever_happens_delta_tells_what_a_full_list_tells() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let deeds = prop::collection::vec(deed(), 1..60);
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
    .run(&deeds, |deeds| {
        runtime.block_on(async {
            let mut night = Night::new(12).await;
            night.agrees().await;
            for (number, deed) in deeds.iter().enumerate() {
                happens(&mut night, deed, number).await;
            }
            night.agrees().await;
        });
        Ok(())
    })
    .unwrap();
}

#[tokio::test]
async fn a_night_without_changes_is_one_batch_of_six_reads_whatever_the_size() {
    let night = Night::new(2_500).await;
    let (_, reads) = night.counted().await;
    assert!(Night::is_full(&reads));
    for _ in 0..2 {
        let (sent, reads) = night.counted().await;
        // The other one of the two requests of a night is that for the token.
        assert_eq!((sent, reads.len()), (1, 6), "{reads:#?}");
        assert!(reads.iter().all(|read| read.starts_with("GET ")));
    }
    night.agrees().await;
}

#[tokio::test]
async fn changes_beyond_a_page_are_all_read() {
    let night = Night::new(700).await;
    night.current().await;
    for user in &night.users[..450] {
        night.call("PATCH", &format!("/users/{user}"), Some(json!({ "department": "Moved" }))).await;
    }
    let (sent, reads) = night.counted().await;
    assert!(!Night::is_full(&reads) && sent == 3, "{reads:#?}");
    night.agrees().await;
}

#[tokio::test]
async fn in_doubt_the_tenant_is_read_in_full() {
    let night = Night::new(3).await;
    night.current().await;

    night.sandbox.trouble(Faults::none().at(Fault::ExpiredDelta, 1));
    assert!(Night::is_full(&night.counted().await.1), "a token that the service no longer knows");
    assert!(!Night::is_full(&night.counted().await.1));

    night.sandbox.advance(Duration::from_hours(8 * 24));
    assert!(Night::is_full(&night.counted().await.1), "a token that has expired");
    assert!(!Night::is_full(&night.counted().await.1));

    night.cache.alter(|head| head["listed"] = json!((Timestamp::now() - jiff::SignedDuration::from_hours(169)).to_string()));
    assert!(Night::is_full(&night.counted().await.1), "a full list that is a week old");
    night.cache.alter(|head| head["listed"] = json!((Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string()));
    assert!(Night::is_full(&night.counted().await.1), "a full list from the future");
    night.cache.alter(|head| head["tenant"] = json!("another"));
    assert!(Night::is_full(&night.counted().await.1), "another tenant");
    night.cache.alter(|head| head["rows"] = json!(1));
    assert!(Night::is_full(&night.counted().await.1), "rows that are missing");
    night.cache.alter(|head| head["users"] = json!("/users/delta?$deltatoken=nonsense"));
    assert!(Night::is_full(&night.counted().await.1), "a token that is none");
    assert!(!Night::is_full(&night.counted().await.1));
    night.agrees().await;
}

#[tokio::test]
async fn other_attributes_are_read_in_full_and_the_former_ones_stay_kept() {
    let night = Night::new(3).await;
    night.current().await;
    let more = SnapshotScope { attributes: BTreeSet::from([Attribute::find("city").unwrap()]), ..wanted() };
    night.call("PATCH", &format!("/users/{}", night.users[0]), Some(json!({ "city": "Graz", "department": "Audit" }))).await;
    let read = night.reader.current(&more, &night.cache).await.unwrap();
    assert_eq!(read.users.rows().filter_map(|user| user.text("city")).collect::<Vec<_>>(), ["Graz"]);
    let (_, reads) = night.counted().await;
    assert!(!Night::is_full(&reads));
    night.agrees().await;
}

#[tokio::test]
async fn parts_of_one_property_are_not_taken_for_one_another() {
    let night = Night::new(1).await;
    let extensions = json!({ "extensionAttribute1": "one", "extensionAttribute2": "two" });
    night.call("PATCH", &format!("/users/{}", id(0)), Some(json!({ "onPremisesExtensionAttributes": extensions }))).await;
    for (part, value) in [("1", "one"), ("2", "two"), ("1", "one")] {
        let name = format!("onPremisesExtensionAttributes.extensionAttribute{part}");
        let wanted = SnapshotScope { attributes: BTreeSet::from([Attribute::find(&name).unwrap()]), ..SnapshotScope::default() };
        let read = night.reader.current(&wanted, &night.cache).await.unwrap();
        assert_eq!(read.users.rows().next().unwrap().text(&name), Some(value));
    }
}

#[tokio::test]
async fn licences_are_read_by_delta_as_in_full() {
    let night = Night::new(2).await;
    let wanted = SnapshotScope { licenses: true, ..wanted() };
    let current = async || night.reader.current(&wanted, &night.cache).await.unwrap();
    current().await;
    let user = format!("/users/{}", id(0));
    night.call("PATCH", &user, Some(json!({ "usageLocation": "AT" }))).await;
    for (add, remove, left) in [(json!([{ "skuId": id(1) }, { "skuId": id(2) }]), json!([]), 2), (json!([]), json!([id(1)]), 1)] {
        let body = json!({ "addLicenses": add, "removeLicenses": remove });
        night.call("POST", &format!("{user}/assignLicense"), Some(body)).await;
        let read = current().await;
        assert_eq!(read.users.values().map(|user| user.licenses.len()).sum::<usize>(), left);
        same(&read, &night.reader.snapshot(&wanted).await.unwrap());
    }
}

#[tokio::test]
async fn a_link_to_another_host_is_never_followed_and_the_tenant_read_in_full() {
    let night = Night::new(450).await;
    night.current().await;
    for user in &night.users {
        night.call("PATCH", &format!("/users/{user}"), Some(json!({ "department": "Moved" }))).await;
    }
    let former = night.cache.heads();
    // On the page of deleted users, then on the first page of the delta.
    night.sandbox.trouble(Faults::none().at(Fault::ForeignLink, 1).at(Fault::ForeignLink, 2));
    assert!(Night::is_full(&night.counted().await.1));
    assert_ne!(night.cache.heads(), former);
    night.agrees().await;
}

#[tokio::test]
async fn a_page_that_breaks_off_is_read_again_or_nothing_is_kept() {
    let night = Night::new(450).await;
    night.current().await;
    for user in &night.users {
        night.call("PATCH", &format!("/users/{user}"), Some(json!({ "department": "Moved" }))).await;
    }
    let former = night.cache.heads();
    night.sandbox.trouble(Faults::none().at(Fault::Truncate, 1).at(Fault::Truncate, 3).at(Fault::ResetBefore, 5));
    night.agrees().await;
    assert_ne!(night.cache.heads(), former);

    let former = night.cache.heads();
    let foreign = Credential::token(SecretString::from("token"));
    let nobody = Settings::new(GraphUrl::new("http://127.0.0.1:9").unwrap());
    let unreachable = Reader::new(Arc::new(Client::connect(nobody, foreign).unwrap()));
    tokio::time::pause();
    assert!(matches!(unreachable.current(&wanted(), &night.cache).await, Err(GraphError::Unreachable { .. })));
    assert_eq!(night.cache.heads(), former);
}

#[tokio::test]
async fn what_this_run_writes_is_told_by_the_next_one() {
    let mut night = Night::new(5).await;
    night.current().await;
    for (number, deed) in
        [Deed::Create, Deed::Patch(1, 0), Deed::Manager(2, 4), Deed::Delete(3), Deed::Join(0, 4)].iter().enumerate()
    {
        happens(&mut night, deed, number).await;
    }
    let (sent, reads) = night.counted().await;
    assert!(sent == 1 && !Night::is_full(&reads), "{reads:#?}");
    night.agrees().await;
}
