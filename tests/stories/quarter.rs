//! A quarter of a company of 300: each night an export, a run of the binary, and every account compared with an independent model.
//!
//! People join, move, marry, leave by date and by status, come back, are converted to another key, go missing and return; records are
//! damaged and mended, rows are doubled, departments are renamed. By default the story has the nights in which accounts begin to expire;
//! with `HRPUSH_LONG=1` it has the whole quarter and several companies.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use hrpush::sandbox::{Disputed, Lenience, Options, Quota, Sandbox};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::Value;
use tokio::runtime::Runtime;

use self::hr::Company;
use self::oracle::{Account, Night, Oracle};
use crate::world::World;

mod hr;
mod oracle;

const FIRST_DAY: Date = date(2026, 3, 2);
const SIZE: usize = 300;
const TOKEN: (&str, &str) = ("HRPUSH_ACCESS_TOKEN", "a.b.c");

const MAPPING: &str = r#"
version = 1
name = "quarter"
[source]
key = "[ID]"
previous_key = "[Former]"
required = ["ID", "Status"]
time_zone = "Europe/Vienna"
[[match]]
target = "employeeId"
[[match]]
target = "mail"
[attributes]
employeeId = "[ID]"
givenName = "[First]"
surname = "[Last]"
displayName = 'Join(" ", [First], [Last])'
mail = "[Mail]"
department = "[Department]"
jobTitle = "[Title]"
mobilePhone = "[Mobile]"
usageLocation = "[Country]"
employeeHireDate = "[Start]"
userPrincipalName = { when = "create", expression = '''
  SelectUniqueValue(
    Join("@", Join(".", [First], [Last]), "contoso.com"),
    Join("@", Join(".", [First], [Last], [ID]), "contoso.com"))''' }
[manager]
key = "[Manager]"
[lifecycle]
start = "[Start]"
end = "[End]"
status = "[Status]"
left = ["Terminated"]
active = ["Active"]
create_before = "14d"
on_leave = ["revoke-sessions"]
delete_after = "30d"
on_missing = "ON_MISSING"
[[groups]]
key = "[Unit]"
name = 'Join(" ", "Dept", [Department])'
"#;

/// What a run of the binary did.
struct Done {
    code: i32,
    document: Value,
    writes: usize,
    /// The requests that wrote, as the tenant saw them.
    log: Vec<String>,
}

struct Quarter {
    world: World,
    tenant: Sandbox,
    runtime: Runtime,
    company: Company,
    oracle: Oracle,
    /// The account of each person: it never becomes another one.
    ids: BTreeMap<usize, String>,
    seed: u64,
    /// What differs from the model without changing what the next nights start from.
    faults: Vec<String>,
}

impl Quarter {
    fn of(size: usize, seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // A tenant in which apps may change the day of hire and reset passwords.
        let options = Options {
            quota: Quota::off(),
            lenience: Lenience::of([Disputed::HireDate]),
            directory_roles: vec!["User Administrator".to_owned()],
            ..Options::default()
        };
        let tenant = runtime.block_on(Sandbox::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options)).unwrap();
        let world = World::new();
        let company = Company::founded(size, seed, FIRST_DAY);
        let on_missing = if company.disables_missing { "disable" } else { "report" };
        world.write("map.toml", MAPPING.replace("ON_MISSING", on_missing));
        Self { world, tenant, runtime, company, oracle: Oracle::default(), ids: BTreeMap::new(), seed, faults: Vec::new() }
    }

    /// An active person without reports.
    fn somebody(&self) -> usize {
        (hr::UNITS + 1..self.company.people.len()).find(|at| self.company.people[*at].end.is_none()).unwrap()
    }

    #[track_caller]
    fn agrees(&self) {
        assert!(self.faults.is_empty(), "{} differences:\n{}", self.faults.len(), self.faults.join("\n"));
    }

    fn import(&self, more: &[&str]) -> Done {
        let (url, day) = (self.tenant.url(), self.company.today.to_string());
        let mut arguments = vec!["import", "hr.csv", "--mapping", "map.toml", "--graph-url", &url, "--as-of", &day];
        arguments.extend(["--yes", "--format", "json"]);
        arguments.extend(more);
        let (before, lines) = (self.tenant.requests().writes, self.tenant.log().len());
        let ended = self.world.run_with(&[TOKEN], arguments);
        let writes = usize::try_from(self.tenant.requests().writes - before).unwrap();
        assert!([0, 3, 4].contains(&ended.code), "{}: exit code {}\n{}\n{}", self.place(), ended.code, ended.err, ended.out);
        let log = self.tenant.log().split_off(lines);
        let log = log.into_iter().filter(|line| !line.starts_with("GET") && !line.contains("$batch")).collect();
        Done { code: ended.code, document: ended.json(), writes, log }
    }

    /// For the message of a failure: which company, which night, and what HR did on that day.
    fn place(&self) -> String {
        format!("seed {}, {}: {}", self.seed, self.company.today, self.company.events.join("; "))
    }

    /// The run of a night. Only a reorganisation of most departments is stopped by a guard, and goes with its approval.
    fn run(&self) -> Done {
        let done = self.import(&[]);
        if done.code != 3 {
            return done;
        }
        let tripped: Vec<&Value> = entries(&done.document, "guards").filter(|guard| guard["tripped"] == true).collect();
        let names: Vec<&str> = tripped.iter().map(|guard| guard["name"].as_str().unwrap()).collect();
        let large = self.company.events.iter().any(|event| event == "a reorganisation");
        assert!(large && names == ["update"], "{}: {tripped:?}", self.place());
        assert_eq!(done.writes, 0, "{}", self.place());
        self.import(&["--approve", done.document["fingerprint"].as_str().unwrap()])
    }

    fn night(&mut self) {
        self.world.write("hr.csv", self.company.export());
        let expected = self.oracle.night(&self.company);
        let done = self.run();
        let place = self.place();
        let none: &[Value] = &[];
        assert_eq!((list(&done.document, "failed"), list(&done.document, "drifted")), (none, none), "{place}");
        self.compare(&place);
        let held = codes(&done.document, "held");
        let (missing, disbelieved) = (skipped(&done.document, "missing"), skipped(&done.document, "invalid-value"));
        // Fewer writes are no fault: that the result is the same, and that access goes alone, is checked elsewhere.
        let most = expected.writes + expected.splits;
        if done.writes < expected.writes {
            println!("{place}: {} writes, the model has {}", done.writes, expected.writes);
        }
        let writes = if done.writes <= most { expected.writes } else { done.writes };
        let signed_out = done.log.iter().filter(|line| line.ends_with("/revokeSignInSessions")).count();
        let found = Night { writes, splits: expected.splits, signed_out, held, missing, disbelieved };
        if found != expected {
            let shown = if done.log.len() > 40 { Vec::new() } else { done.log };
            let log = shown.join("\n    ");
            self.faults.push(format!("{place}\n  found    {found:?}\n  expected {expected:?}\n    {log}"));
        }
        let attention = !expected.held.is_empty() || !expected.missing.is_empty() || !expected.disbelieved.is_empty();
        let again = self.import(&[]);
        let ends = [done.code, again.code];
        if ends != [if attention { 4 } else { 0 }; 2] {
            self.faults.push(format!("{place}\n  the runs end with {ends:?}; {expected:?}"));
        }
        if (again.writes, again.document["applied"].as_u64()) != (0, Some(0)) {
            self.faults.push(format!("{place}\n  the second run is not empty: {} writes", again.writes));
        }
    }

    /// Every account of the tenant against the model.
    fn compare(&mut self, place: &str) {
        let found = self.accounts();
        let expected = self.oracle.accounts();
        let all: BTreeSet<usize> = found.keys().chain(expected.keys()).copied().collect();
        let differs = |at: &usize| found.get(at).map(|(_, account)| account) != expected.get(at);
        let shown: Vec<String> = all
            .into_iter()
            .filter(differs)
            .map(|at| {
                format!("{:#?}\n  found {:#?}\n  expected {:#?}", self.company.people[at], found.get(&at), expected.get(&at))
            })
            .collect();
        let earlier = self.faults.join("\n");
        assert!(shown.is_empty(), "{place}\n{}\nearlier differences:\n{earlier}", shown.join("\n"));
        for (at, (id, _)) in found {
            let first = self.ids.entry(at).or_insert_with(|| id.clone());
            assert_eq!(*first, id, "{place}: a second account for the person {at}");
        }
    }

    /// The tenant's accounts by the position of the person, with their ids.
    fn accounts(&self) -> BTreeMap<usize, (String, Account)> {
        let fields = "id,employeeId,userPrincipalName,accountEnabled,givenName,surname,displayName,mail,department,jobTitle,\
                      mobilePhone,employeeHireDate,usageLocation";
        let users = self.get(&format!("/users?$select={fields}&$expand=manager($select=id)&$top=999"));
        let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for group in &self.get("/groups?$select=id,displayName&$top=999") {
            for member in self.get(&format!("/groups/{}/members?$select=id&$top=999", text(group, "id"))) {
                groups.entry(text(&member, "id")).or_default().insert(text(group, "displayName"));
            }
        }
        let position = |key: &str| {
            let known = |person: &hr::Person| person.key == key || person.former.as_deref() == Some(key);
            self.company.people.iter().position(known).unwrap_or_else(|| panic!("{}: nobody has the key {key:?}", self.place()))
        };
        let people: BTreeMap<String, usize> =
            users.iter().map(|user| (text(user, "id"), position(&text(user, "employeeId")))).collect();
        let mut accounts = BTreeMap::new();
        for user in &users {
            let id = text(user, "id");
            let names = [text(user, "givenName"), text(user, "surname")];
            assert_eq!(text(user, "displayName"), names.join(" "), "{}", self.place());
            let account = Account {
                key: text(user, "employeeId"),
                upn: text(user, "userPrincipalName"),
                enabled: user["accountEnabled"] == true,
                names,
                mail: text(user, "mail"),
                department: text(user, "department"),
                title: user["jobTitle"].as_str().map(str::to_owned),
                mobile: user["mobilePhone"].as_str().map(str::to_owned),
                hired: text(user, "employeeHireDate"),
                country: text(user, "usageLocation"),
                manager: user["manager"]["id"].as_str().map(|id| people[id]),
                groups: groups.remove(&id).unwrap_or_default(),
            };
            let twice = accounts.insert(people[&id], (id, account));
            assert!(twice.is_none(), "{}: two accounts of one person: {twice:?}", self.place());
        }
        accounts
    }

    /// A list as an administrator reads it, all pages.
    fn get(&self, path: &str) -> Vec<Value> {
        self.runtime.block_on(async {
            let client = reqwest::Client::new();
            let mut next = Some(format!("{}{path}", self.tenant.url()));
            let mut all = Vec::new();
            while let Some(url) = next {
                let reply = client.get(&url).bearer_auth(TOKEN.1).send().await.unwrap();
                let page: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
                all.extend_from_slice(page["value"].as_array().unwrap_or_else(|| panic!("{url}: {page}")));
                next = page["@odata.nextLink"].as_str().map(str::to_owned);
            }
            all
        })
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn list<'d>(document: &'d Value, name: &str) -> &'d [Value] {
    document[name].as_array().unwrap()
}

fn entries<'d>(document: &'d Value, name: &str) -> impl Iterator<Item = &'d Value> {
    list(document, name).iter()
}

fn codes(document: &Value, name: &str) -> BTreeSet<(String, String)> {
    entries(document, name).map(|entry| (text(entry, "key"), text(entry, "code"))).collect()
}

/// The keys that are skipped for this reason.
fn skipped(document: &Value, reason: &str) -> BTreeSet<String> {
    codes(document, "skipped").into_iter().filter(|(_, code)| code == reason).map(|(key, _)| key).collect()
}

/// How many nights, and of which companies.
fn length() -> (usize, &'static [u64]) {
    if std::env::var_os("HRPUSH_LONG").is_some() { (91, &[3, 2, 1]) } else { (40, &[1]) }
}

#[test]
fn a_quarter_of_a_company_ends_every_night_as_the_model_has_it() {
    let (nights, seeds) = length();
    for seed in seeds {
        let mut quarter = Quarter::of(SIZE, *seed);
        quarter.night();
        for _ in 1..nights {
            quarter.company.next_day();
            quarter.night();
        }
        quarter.agrees();
    }
}

#[test]
fn a_restored_person_is_in_the_group_of_today_alone() {
    let mut quarter = Quarter::of(30, 1);
    let at = quarter.somebody();
    quarter.night();
    quarter.company.people[at].terminated = true;
    for days in [1_i64, 31] {
        quarter.company.today = quarter.company.today.saturating_add(days.days());
        quarter.night();
    }
    let today = quarter.company.today.saturating_add(3.days());
    quarter.company.today = today;
    let person = &mut quarter.company.people[at];
    (person.terminated, person.start, person.unit) = (false, today, (person.unit + 1) % hr::UNITS);
    quarter.night();
    quarter.agrees();
}

#[test]
fn a_pre_hire_whose_earlier_end_stands_joins_the_groups_as_any_pre_hire() {
    let mut quarter = Quarter::of(30, 1);
    let at = quarter.somebody();
    let day = |days: i64| FIRST_DAY.saturating_add(days.days());
    quarter.company.people[at].end = Some(day(-40));
    quarter.night();
    (quarter.company.people[at].start, quarter.company.today) = (day(8), day(1));
    quarter.night();
    quarter.agrees();
}
