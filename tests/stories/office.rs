//! hrpush in this process against a sandbox on loopback, in a time that flies: an hour of patience passes in a moment, and a run can
//! be dropped between any two of its steps.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hrpush::apply::{self, Journal as _, Options, Outcome};
use hrpush::directory::Snapshot;
use hrpush::expr::Context;
use hrpush::graph::{Client, Credential, GraphTarget, GraphUrl, Reader, Settings};
use hrpush::mapping::{Mapped, Mapping};
use hrpush::plan::{self, ApprovedPlan, Inputs, Packer, Policy, SourceInfo, Target};
use hrpush::sandbox::{self, Sandbox};
use hrpush::source::{self, CsvSettings};
use hrpush::store::{Lock, Store, StoreError};
use hrpush::target::SnapshotScope;
use jiff::civil::{Date, date};
use tempfile::TempDir;
use tokio::sync::watch;

/// Does the work while each turn of the runtime takes fifty milliseconds of its clock, whatever it takes on ours.
pub(crate) fn fly<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let _pilot = tokio::spawn(async {
            loop {
                tokio::time::advance(Duration::from_millis(50)).await;
                tokio::task::yield_now().await;
            }
        });
        work.await
    })
}

/// A tenant, and the state folder of the hrpush that serves it.
pub(crate) struct Office {
    pub(crate) tenant: Sandbox,
    /// The part of the quota that is ours, and how fast it refills.
    pub(crate) pace: (f64, f64),
    state: TempDir,
    mapping: Mapping,
}

/// A folder in memory where that can be had: the disk's patience is not what is tried here.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap()
}

/// An office after its first runs, tenant and state, of which as many are opened as are needed.
pub(crate) struct Template {
    folder: TempDir,
}

/// The tenant's file, beside hrpush's own.
const TENANT: &str = "tenant.db";

impl Template {
    /// What these rows bring about in calm.
    pub(crate) async fn after(rows: &str, options: sandbox::Options) -> Self {
        let folder = folder();
        let db = Some(folder.path().join(TENANT));
        let office = Office::open_in(folder, sandbox::Options { db, ..options }).await;
        office.settle(rows).await;
        Self { folder: office.state }
    }

    pub(crate) async fn open(&self, options: sandbox::Options) -> Office {
        let copy = folder();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        let db = Some(copy.path().join(TENANT));
        Office::open_in(copy, sandbox::Options { db, ..options }).await
    }
}

/// The day of every run.
const TODAY: Date = date(2026, 11, 20);

fn message(fault: impl std::fmt::Display) -> String {
    fault.to_string()
}

/// A process that another test starts holds every open file until its exec: the lock of a run that ended may last that long.
fn patient_lock(store: &Store) -> Result<Lock, StoreError> {
    let mut lock = store.lock();
    for _ in 0..10_000 {
        if lock.is_ok() {
            break;
        }
        std::thread::yield_now();
        lock = store.lock();
    }
    lock
}

/// A person as the tenant has them: everything that the mapping sets, with the manager by key.
pub(crate) type Person = (String, String, String, bool, Option<String>);

impl Office {
    pub(crate) async fn open(options: sandbox::Options) -> Self {
        Self::open_in(folder(), options).await
    }

    async fn open_in(state: TempDir, options: sandbox::Options) -> Self {
        let tenant = Sandbox::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).await.unwrap();
        let mapping = Mapping::parse(MAPPING, Path::new("office.toml")).unwrap();
        Self { tenant, pace: (1.0, 1_000_000.0), state, mapping }
    }

    fn store(&self) -> Store {
        Store::open(self.state.path()).unwrap()
    }

    /// One run over HR's rows, as `hrpush sync` does it.
    pub(crate) async fn run(&self, rows: &str) -> Result<Outcome, String> {
        let mut store = self.store();
        let _lock = patient_lock(&store).map_err(message)?;
        let (share, scale) = self.pace;
        let settings = Settings { share, scale, ..Settings::new(GraphUrl::new(&self.tenant.url()).unwrap()) };
        let client = Arc::new(Client::connect(settings, Credential::token("office".into())).unwrap());
        let reader = Reader::new(Arc::clone(&client));
        let (snapshot, unsettled) = self.look(&mut store, &reader).await?;
        let approved = self.plan(&store, &snapshot, rows, &unsettled);
        if approved.plan().changes.is_empty() {
            let held = approved.plan().held.len();
            return if held == 0 { Ok(Outcome::of(approved.plan(), None)) } else { Err(format!("{held} are held")) };
        }
        self.carry_out(&mut store, &approved, &snapshot, client).await
    }

    /// The tenant once the open requests of an earlier run are settled, and the people with requests that could not be.
    async fn look(&self, store: &mut Store, reader: &Reader) -> Result<(Snapshot, BTreeMap<String, String>), String> {
        let rules = self.mapping.rules();
        let attributes = rules.attributes.iter().chain(&rules.matching).copied().collect();
        let wanted = SnapshotScope { attributes, manager: true, ..SnapshotScope::default() };
        let mut snapshot = reader.current(&wanted, &store.readings("office")).await.map_err(message)?;
        let open = store.open_requests(&snapshot.tenant).unwrap();
        let settled = apply::settle(reader, &open).await;
        store.settled(&settled).unwrap();
        if !open.is_empty() {
            snapshot = reader.current(&wanted, &store.readings("office")).await.map_err(message)?;
        }
        let lately = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
        let made = store.made_since(&snapshot.tenant, lately).unwrap();
        reader.complete(&mut snapshot, &wanted, &made).await.map_err(message)?;
        store.reconcile(&snapshot, TODAY).unwrap();
        Ok((snapshot, settled.unsettled))
    }

    /// What has to change, approved at once.
    fn plan(&self, store: &Store, snapshot: &Snapshot, rows: &str, unsettled: &BTreeMap<String, String>) -> ApprovedPlan {
        let rules = self.mapping.rules();
        let reading = source::read_csv_bytes("hr.csv", rows.as_bytes(), &CsvSettings::default()).unwrap();
        let bound = self.mapping.bind(&reading.header).unwrap();
        let context = Context::on(TODAY, snapshot.default_domain.clone());
        let mapped: Vec<Mapped> = reading.records.held().unwrap().iter().map(|record| bound.map(record, &context)).collect();
        let people = Packer::new(snapshot, rules).gather(mapped);
        let ledger = store.ledger(&rules.feed, &snapshot.tenant, TODAY, unsettled).unwrap();
        let records = reading.records.len() as u64;
        let inputs = Inputs {
            source: SourceInfo { name: "hr.csv".into(), feed: rules.feed.clone(), records, sha256: reading.sha256.clone() },
            target: Target {
                graph_url: self.tenant.url(),
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
            policy: &Policy::default(),
            today: TODAY,
            created_at: "2026-11-20T03:00:00Z".into(),
            columns: None,
            feed_groups: &[],
        };
        let survey = plan::survey(&inputs);
        let fingerprint = survey.plan.fingerprint.clone();
        survey.plan.approve(Some(&fingerprint)).unwrap()
    }

    async fn carry_out(
        &self,
        store: &mut Store,
        approved: &ApprovedPlan,
        snapshot: &Snapshot,
        client: Arc<Client>,
    ) -> Result<Outcome, String> {
        let level = store.level(&snapshot.tenant).unwrap();
        let live = GraphTarget::new(client, &level);
        let run = store.begin(approved).unwrap();
        let (_alive, cancel) = watch::channel(false);
        let matching = self.mapping.rules().matching.first().copied();
        let accepted = store.accepted(&snapshot.tenant).unwrap();
        let options = Options { run: run.clone(), snapshot, matching, accepted, tap: false, cancel };
        let applied = apply::apply(approved, &live, store, options).await.map_err(message)?;
        store.record_outcome(approved.plan(), &applied, TODAY).unwrap();
        store.finish(&run, &applied.outcome, 0).unwrap();
        if applied.gave_up { Err("the service is gone".into()) } else { Ok(applied.outcome) }
    }

    /// The accounts that were created in a tenant since then, by this office's journal.
    pub(crate) fn made_since(
        &self,
        tenant: &str,
        since: jiff::Timestamp,
    ) -> BTreeMap<hrpush::directory::ObjectId, jiff::Timestamp> {
        self.store().made_since(&hrpush::directory::TenantId(tenant.to_owned()), since).unwrap()
    }

    /// Runs once in calm: it must bring all in order, and the next run finds nothing to do and nothing unknown.
    #[track_caller]
    pub(crate) fn settle<'a>(&'a self, rows: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            self.tenant.trouble(sandbox::Faults::none());
            let calm = self.run(rows).await.unwrap_or_else(|fault| panic!("{place}: {fault}"));
            assert_eq!(calm.failed, [], "{place}");
            let writes = self.tenant.requests().writes;
            let second = self.run(rows).await.unwrap_or_else(|fault| panic!("{place}: {fault}"));
            assert_eq!((second.applied, self.tenant.requests().writes), (0, writes), "{place}: the second run is not empty");
            let tenant = hrpush::directory::TenantId(self.tenant.tenant_id());
            assert_eq!(self.store().open_requests(&tenant).unwrap(), [], "{place}");
        }
    }

    /// All people by key. Two accounts with one key, or one without, fail.
    pub(crate) fn people(&self) -> BTreeMap<String, Person> {
        let users = self.tenant.users();
        let users = users.as_array().unwrap();
        let text = |user: &serde_json::Value, name: &str| user[name].as_str().unwrap_or_default().to_owned();
        let keys: BTreeMap<String, String> = users.iter().map(|user| (text(user, "id"), text(user, "employeeId"))).collect();
        let mut people = BTreeMap::new();
        for user in users {
            let manager = user["manager"].as_str().map(|id| keys[id].clone());
            let key = text(user, "employeeId");
            let enabled = user["accountEnabled"] == true;
            let person = (text(user, "userPrincipalName"), text(user, "displayName"), text(user, "department"), enabled, manager);
            assert!(!key.is_empty() && people.insert(key.clone(), person).is_none(), "two accounts for {key}");
        }
        people
    }
}

/// So many people, with every tenth as a manager of others.
pub(crate) fn everybody(count: usize) -> String {
    let mut rows = String::from(HEADER);
    for at in 0..count {
        row(&mut rows, at, "Claims", "Active");
    }
    rows
}

/// The same people a month later: some have moved, some have left, and some are new.
pub(crate) fn a_month_later(count: usize) -> String {
    let mut rows = String::from(HEADER);
    for at in 0..count + count / 4 {
        let department = if at % 5 == 1 { "Audit" } else { "Claims" };
        let status = if at % 7 == 6 && at < count { "Left" } else { "Active" };
        row(&mut rows, at, department, status);
    }
    rows
}

const HEADER: &str = "Key,Name,Department,Boss,Status\n";

fn row(rows: &mut String, at: usize, department: &str, status: &str) {
    use std::fmt::Write as _;
    let boss = if at == 0 { String::new() } else { format!("{:05}", (at - 1) / 10) };
    let _ = writeln!(rows, "{at:05},Person {at:05},{department},{boss},{status}");
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
userPrincipalName = { when = "create", expression = 'Join("@", Join("", "p", [Key]), "contoso.onmicrosoft.com")' }
[manager]
key = "[Boss]"
[lifecycle]
status = "[Status]"
left = ["Left"]
"#;
