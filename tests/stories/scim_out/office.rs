//! hrpush in this process against a provider on loopback, in a time that flies.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hrpush::apply::{self, Journal as _, Options, Outcome};
use hrpush::directory::{Attribute, Snapshot};
use hrpush::expr::Context;
use hrpush::mapping::{Mapped, Mapping};
use hrpush::plan::{self, ApprovedPlan, Inputs, Packer, Policy, SourceInfo, Target};
use hrpush::scim_target::{Client, Profile, ScimAuth, ScimConnection, ScimSettings, ServiceUrl};
use hrpush::source::rest::Secret;
use hrpush::source::{self, CsvSettings};
use hrpush::store::Store;
use hrpush::target::{SnapshotScope, TargetConnection};
use jiff::civil::{Date, date};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::sync::watch;

use super::provider::{Manner, Provider, TOKEN};

const TODAY: Date = date(2026, 11, 20);

#[derive(Debug)]
struct Fixed;

impl Secret for Fixed {
    fn read(&self) -> Result<secrecy::SecretString, String> {
        Ok(TOKEN.into())
    }
}

/// A provider, and the state folder of the hrpush that serves it.
pub(crate) struct Office {
    pub(crate) provider: Provider,
    pub(crate) profile: Profile,
    mapping: Mapping,
    state: TempDir,
}

/// A person as the provider has them: name, department, whether active, the manager by key, and the groups by name.
pub(crate) type Person = (String, String, bool, Option<String>, Vec<String>);

fn message(fault: impl std::fmt::Display) -> String {
    fault.to_string()
}

impl Office {
    pub(crate) async fn open() -> Self {
        let key = Attribute::find("externalId").unwrap();
        let mapping = Mapping::parse(MAPPING, Path::new("office.toml")).unwrap().keyed_by(key).unwrap();
        let text = "about = \"a provider on loopback\"\nrate = \"1000000/s\"\npage_size = 25\nmembers_per_write = 10\n";
        let profile = Profile::parse(text, Path::new("test.toml")).unwrap();
        let memory = Path::new("/dev/shm");
        let state = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        Self { provider: Provider::start().await, profile, mapping, state }
    }

    fn store(&self) -> Store {
        Store::open(self.state.path()).unwrap()
    }

    fn connect(&self) -> ScimConnection {
        let base_url = ServiceUrl::new(&self.provider.url).unwrap();
        let settings = ScimSettings { base_url, profile: self.profile.clone(), auth: ScimAuth::Bearer(Arc::new(Fixed)) };
        ScimConnection::new(Arc::new(Client::connect(settings).unwrap()))
    }

    /// One run over HR's rows, as `hrpush sync` does it.
    pub(crate) async fn run(&self, rows: &str) -> Result<Outcome, String> {
        let mut store = self.store();
        let connection = self.connect();
        let (snapshot, unsettled) = self.look(&mut store, &connection).await?;
        let approved = self.plan(&store, &snapshot, rows, &unsettled, &connection);
        if approved.plan().changes.is_empty() {
            let held = approved.plan().held.len();
            return if held == 0 { Ok(Outcome::of(approved.plan(), None)) } else { Err(format!("{held} are held")) };
        }
        let level = store.level(&snapshot.tenant).unwrap();
        let live = connection.writer(&level);
        let run = store.begin(&approved).unwrap();
        let (_alive, cancel) = watch::channel(false);
        let matching = self.mapping.rules().matching.first().copied();
        let accepted = store.accepted(&snapshot.tenant).unwrap();
        let options = Options { run: run.clone(), snapshot: &snapshot, matching, accepted, tap: false, cancel };
        let applied = apply::apply(&approved, &*live, &mut store, options).await.map_err(message)?;
        store.record_outcome(approved.plan(), &applied, TODAY).unwrap();
        store.finish(&run, &applied.outcome, 0).unwrap();
        if applied.gave_up { Err("the service is gone".into()) } else { Ok(applied.outcome) }
    }

    /// The provider once the open requests of an earlier run are settled, and the people with requests that could not be.
    async fn look(&self, store: &mut Store, connection: &ScimConnection) -> Result<(Snapshot, BTreeMap<String, String>), String> {
        let rules = self.mapping.rules();
        let attributes = rules.attributes.iter().chain(&rules.matching).copied().collect();
        let scope = SnapshotScope { attributes, manager: true, groups: true, ..SnapshotScope::default() };
        let reader = connection.reader();
        let cache = store.readings("office");
        let mut snapshot = reader.snapshot(&scope, &cache).await.map_err(message)?;
        let open = store.open_requests(&snapshot.tenant).unwrap();
        let settled = apply::settle(&*reader, &open).await;
        store.settled(&settled).unwrap();
        if !open.is_empty() {
            snapshot = reader.snapshot(&scope, &store.readings("office")).await.map_err(message)?;
        }
        let recently = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
        let made = store.made_since(&snapshot.tenant, recently).unwrap();
        reader.complete(&mut snapshot, &scope, &made).await.map_err(message)?;
        store.reconcile(&snapshot, TODAY).unwrap();
        Ok((snapshot, settled.unsettled))
    }

    fn plan(
        &self,
        store: &Store,
        snapshot: &Snapshot,
        rows: &str,
        unsettled: &BTreeMap<String, String>,
        connection: &ScimConnection,
    ) -> ApprovedPlan {
        let rules = self.mapping.rules();
        let reading = source::read_csv_bytes("hr.csv", rows.as_bytes(), &CsvSettings::default()).unwrap();
        let bound = self.mapping.bind(&reading.header).unwrap();
        let context = Context::on(TODAY, None);
        let mapped: Vec<Mapped> = reading.records.held().unwrap().iter().map(|record| bound.map(record, &context)).collect();
        let people = Packer::new(snapshot, rules).gather(mapped);
        let ledger = store.ledger(&rules.feed, &snapshot.tenant, TODAY, unsettled).unwrap();
        let inputs = Inputs {
            source: SourceInfo {
                name: "hr.csv".into(),
                feed: rules.feed.clone(),
                records: reading.records.len() as u64,
                sha256: reading.sha256.clone(),
            },
            target: Target {
                graph_url: self.provider.url.clone(),
                tenant_id: snapshot.tenant.0.clone(),
                sandbox: false,
                accepted_only: false,
            },
            people: &people,
            whole: true,
            only: None,
            snapshot,
            ledger: &ledger,
            rules,
            policy: &Policy { supported: connection.capabilities().into(), ..Policy::default() },
            today: TODAY,
            created_at: "2026-11-20T03:00:00Z".into(),
            columns: None,
            feed_groups: &[],
        };
        let survey = plan::survey(&inputs);
        let fingerprint = survey.plan.fingerprint.clone();
        survey.plan.approve(Some(&fingerprint)).unwrap()
    }

    /// Runs once in calm: it must bring all in order, and the next run finds nothing to do and nothing unknown.
    pub(crate) async fn settle(&self, rows: &str, calm: &Manner) {
        self.provider.behave(calm.clone());
        let first = self.run(rows).await.unwrap();
        assert_eq!(first.failed, []);
        let writes = self.provider.writes();
        let second = self.run(rows).await.unwrap();
        assert_eq!((second.applied, self.provider.writes()), (0, writes), "the second run is not empty");
    }

    /// All people by key. Two accounts with one key, or one without, fail.
    pub(crate) fn people(&self) -> BTreeMap<String, Person> {
        let (users, groups) = (self.provider.users(), self.provider.groups());
        let text = |user: &Map<String, Value>, name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let keys: BTreeMap<String, String> = users.iter().map(|user| (text(user, "id"), text(user, "externalId"))).collect();
        let ent = |user: &Map<String, Value>| {
            user.get("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User").cloned().unwrap_or_default()
        };
        let mut people = BTreeMap::new();
        for user in &users {
            let id = text(user, "id");
            let manager = ent(user)["manager"]["value"].as_str().map(|id| keys[id].clone());
            let has = |group: &Map<String, Value>| {
                let members = group.get("members").and_then(Value::as_array).into_iter().flatten();
                members.into_iter().any(|member| member["value"] == *id)
            };
            let mut in_groups: Vec<String> =
                groups.iter().filter(|group| has(group)).map(|group| text(group, "displayName")).collect();
            in_groups.sort();
            let department = ent(user)["department"].as_str().unwrap_or_default().to_owned();
            let person = (text(user, "displayName"), department, user["active"] == true, manager, in_groups);
            let key = text(user, "externalId");
            assert!(!key.is_empty() && people.insert(key.clone(), person).is_none(), "two accounts for {key}");
        }
        people
    }
}

const MAPPING: &str = r#"
version = 1
name = "Office"
[source]
key = "[Key]"
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[Key]"
displayName = "[Name]"
department = "[Department]"
mail = 'Join("@", Join("", "p", [Key]), "contoso.example")'
nickName = "[Name]"
userPrincipalName = { when = "create", expression = 'Join("@", Join("", "p", [Key]), "contoso.example")' }
[manager]
key = "[Boss]"
[lifecycle]
status = "[Status]"
left = ["Left"]
on_leave = ["remove-from-managed-groups"]
[[groups]]
key = "[Department]"
name = "[Department]"
membership = "exact"
"#;
