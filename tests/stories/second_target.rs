//! Plan and apply against a target that is not Graph: no batches, no sessions, no licences, and what it deletes is gone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use hrpush::apply::{self, Journal as _, Options, Outcome as Document};
use hrpush::directory::{Attribute, Group, GroupKind, ObjectId, Snapshot, TenantId, Upn, User, Value, roles};
use hrpush::expr::Context;
use hrpush::mapping::{Mapped, Mapping};
use hrpush::plan::{self, ApprovedPlan, Inputs, Packer, Policy, SourceInfo, Target};
use hrpush::source::{self, CsvSettings};
use hrpush::store::Store;
use hrpush::target::{
    Answer, Capabilities, Found, Operation, Outcome, Owner, Refusal, RequestCounts, SnapshotCache, SnapshotKind, SnapshotScope,
    TargetError, TargetReader, TargetWriter, Transcript,
};
use jiff::civil::{Date, date};
use tokio::sync::watch;

const CAPABILITIES: Capabilities = Capabilities {
    batch: 1,
    members_per_write: 1,
    soft_delete: false,
    sessions: false,
    licences: false,
    access_pass: false,
    passwords: true,
    verified_domains: true,
    nicknames: true,
    permissions: true,
    asynchronous: false,
    snapshot: SnapshotKind::Whole,
};

/// An application that has accounts and groups, and answers one operation at a time.
#[derive(Default)]
struct Application {
    users: Mutex<BTreeMap<ObjectId, User>>,
    groups: Mutex<BTreeMap<ObjectId, Group>>,
    /// The names of the operations that were sent.
    log: Mutex<Vec<&'static str>>,
}

fn id(text: &str) -> ObjectId {
    ObjectId::new(text).unwrap()
}

impl Application {
    /// Writes the user; absent where there is none.
    fn change(&self, id: &ObjectId, write: impl FnOnce(&mut User)) -> Answer {
        match self.users.lock().unwrap().get_mut(id) {
            Some(user) => {
                write(user);
                Answer::of(Outcome::Done, Transcript::default())
            }
            None => Answer::of(Outcome::Refused(Refusal::Absent), Transcript::ours("absent", "there is no such account")),
        }
    }

    fn create_user(&self, attributes: &BTreeMap<Attribute, Value>) -> Answer {
        let text = |name: &str| attributes.get(&Attribute::find(name).unwrap()).and_then(Value::as_text);
        let mut users = self.users.lock().unwrap();
        let made = id(&format!("account-{}", users.len()));
        let mut user = User::new(made.clone(), Upn::new(text(roles::USER_PRINCIPAL_NAME).unwrap()));
        user.enabled = Some(true);
        user.attributes = attributes.clone().into_iter().filter(|(name, _)| name.name != roles::ACCOUNT_ENABLED).collect();
        users.insert(made.clone(), user);
        Answer { id: Some(made), ..Answer::of(Outcome::Done, Transcript::default()) }
    }

    fn create_group(&self, unique_name: &str, name: &str) -> Answer {
        let made = id(&format!("group-{unique_name}"));
        let group = Group {
            id: made.clone(),
            name: name.to_owned(),
            unique_name: Some(unique_name.to_owned()),
            kind: GroupKind::Security,
            dynamic: false,
            synced: false,
            role_assignable: false,
            addresses: [].into(),
            members: [].into(),
            owners: [].into(),
        };
        self.groups.lock().unwrap().insert(made.clone(), group);
        Answer { id: Some(made), ..Answer::of(Outcome::Done, Transcript::default()) }
    }

    fn answer(&self, operation: &Operation) -> Answer {
        self.log.lock().unwrap().push(operation.name());
        let done = || Answer::of(Outcome::Done, Transcript::default());
        match operation {
            Operation::CreateUser { attributes, .. } => self.create_user(attributes),
            Operation::UpdateUser { id, edits } => self.change(id, |user| {
                for (name, value) in edits {
                    match value {
                        Some(Value::Flag(flag)) => user.enabled = Some(*flag),
                        Some(value) => _ = user.attributes.insert(*name, value.clone()),
                        None => _ = user.attributes.remove(name),
                    }
                }
            }),
            Operation::SetManager { user, manager } => self.change(user, |user| user.manager = Some(manager.clone())),
            Operation::ClearManager { user } => self.change(user, |user| user.manager = None),
            Operation::CreateGroup { unique_name, name, .. } => self.create_group(unique_name, name),
            Operation::AddMembers { group, members } => {
                assert_eq!(members.len(), 1, "one member at a time");
                self.groups.lock().unwrap().get_mut(group).unwrap().members.extend(members.iter().cloned());
                done()
            }
            Operation::RemoveMember { group, member } => {
                self.groups.lock().unwrap().get_mut(group).unwrap().members.remove(member);
                done()
            }
            other => panic!("the application cannot {}", other.name()),
        }
    }
}

#[async_trait]
impl TargetReader for Application {
    async fn snapshot(&self, _: &SnapshotScope, _: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        let mut snapshot = Snapshot::empty(TenantId("application".into()), "contoso.com");
        snapshot.users = self.users.lock().unwrap().values().collect();
        snapshot.groups.clone_from(&self.groups.lock().unwrap());
        Ok(snapshot)
    }

    async fn find_user(&self, name: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        let users = self.users.lock().unwrap();
        let Some(user) = users.values().find(|user| user.upn == *name) else { return Ok(Found::Nobody) };
        let is_ours = key.is_some_and(|(attribute, text)| user.text(attribute.name) == Some(text));
        Ok(if is_ours { Found::Ours(user.id.clone()) } else { Found::Other })
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        let groups = self.groups.lock().unwrap();
        Ok(groups.values().find(|group| group.unique_name.as_deref() == Some(unique_name)).map(|group| group.id.clone()))
    }

    async fn find_owner(&self, _: &str) -> Option<Owner> {
        None
    }
}

#[async_trait]
impl TargetWriter for Application {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        assert_eq!(operations.len(), 1, "there are no batches");
        operations.iter().map(|operation| self.answer(operation)).collect()
    }

    fn requests(&self) -> RequestCounts {
        let writes = self.log.lock().unwrap().len() as u64;
        RequestCounts { sent: writes, writes, ..RequestCounts::default() }
    }

    fn stop(&self) {}
}

const MAPPING: &str = r#"
version = 1
name = "Application"
[source]
key = "[Key]"
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[Key]"
displayName = "[Name]"
department = "[Department]"
userPrincipalName = { when = "create", expression = 'Join("@", Join("", "p", [Key]), "contoso.com")' }
[manager]
key = "[Boss]"
[lifecycle]
status = "[Status]"
left = ["Left"]
on_leave = ["revoke-sessions", "remove-licenses", "clear-manager", "remove-from-managed-groups"]
delete_after = "30d"
[[groups]]
key = "[Department]"
name = "[Department]"
"#;

/// Plans HR's rows for a day; approved at once.
async fn planned(application: &Application, store: &mut Store, rows: &str, day: Date) -> (Snapshot, ApprovedPlan) {
    let mapping = Mapping::parse(MAPPING, Path::new("application.toml")).unwrap();
    let rules = mapping.rules();
    let cache = store.readings("application");
    let snapshot = application.snapshot(&SnapshotScope::default(), &cache).await.unwrap();
    store.reconcile(&snapshot, day).unwrap();
    let reading = source::read_csv_bytes("hr.csv", rows.as_bytes(), &CsvSettings::default()).unwrap();
    let bound = mapping.bind(&reading.header).unwrap();
    let context = Context::on(day, snapshot.default_domain.clone());
    let mapped: Vec<Mapped> = reading.records.held().unwrap().iter().map(|record| bound.map(record, &context)).collect();
    let people = Packer::new(&snapshot, rules).gather(mapped);
    let records = reading.records.len() as u64;
    let inputs = Inputs {
        source: SourceInfo { name: "hr.csv".into(), feed: rules.feed.clone(), records, sha256: reading.sha256.clone() },
        target: Target {
            graph_url: "application".into(),
            tenant_id: snapshot.tenant.0.clone(),
            sandbox: false,
            accepted_only: false,
        },
        people: &people,
        whole: true,
        only: None,
        snapshot: &snapshot,
        ledger: &store.ledger(&rules.feed, &snapshot.tenant, day, &BTreeMap::new()).unwrap(),
        rules,
        policy: &Policy { supported: (&CAPABILITIES).into(), ..Policy::default() },
        today: day,
        created_at: "2026-11-20T03:00:00Z".into(),
        columns: None,
        feed_groups: &[],
    };
    let survey = plan::survey(&inputs);
    let fingerprint = survey.plan.fingerprint.clone();
    (snapshot, survey.plan.approve(Some(&fingerprint)).unwrap())
}

/// One run; the second one must find nothing to do. Returns the operations of the first.
async fn run(application: &Application, store: &mut Store, rows: &str, day: Date) -> Vec<&'static str> {
    application.log.lock().unwrap().clear();
    let (snapshot, approved) = planned(application, store, rows, day).await;
    assert_eq!(approved.plan().held, []);
    if !approved.plan().changes.is_empty() {
        let document = carry_out(application, store, &snapshot, &approved, day).await;
        assert_eq!((document.applied, document.failed), (approved.plan().changes.len() as u64, vec![]));
    }
    let operations = application.log.lock().unwrap().clone();
    let (_, again) = planned(application, store, rows, day).await;
    assert_eq!(again.plan().changes, [], "the second run is empty");
    operations
}

async fn carry_out(
    application: &Application,
    store: &mut Store,
    snapshot: &Snapshot,
    approved: &ApprovedPlan,
    day: Date,
) -> Document {
    let run = store.begin(approved).unwrap();
    let (_alive, cancel) = watch::channel(false);
    let matching = Attribute::find(roles::EMPLOYEE_ID);
    // Asked for, and left out: the application has no access passes.
    let accepted = store.accepted(&snapshot.tenant).unwrap();
    let options = Options { run: run.clone(), snapshot, matching, accepted, tap: true, cancel };
    let applied = apply::apply(approved, application, store, options).await.unwrap();
    store.record_outcome(approved.plan(), &applied, day).unwrap();
    store.finish(&run, &applied.outcome, 0).unwrap();
    applied.outcome
}

#[tokio::test]
async fn a_target_without_batches_sessions_licences_and_a_recycle_bin_is_kept_in_step() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let application = Application::default();
    let joined = "Key,Name,Department,Boss,Status\n1,Ada,Claims,,Active\n2,Bob,Claims,1,Active\n3,Cid,Audit,1,Active\n";
    let operations = run(&application, &mut store, joined, date(2026, 11, 20)).await;
    let count = |name: &str| operations.iter().filter(|operation| **operation == name).count();
    assert_eq!(["create user", "set manager", "create group", "add members"].map(count), [3, 2, 2, 3]);
    assert_eq!(operations.len(), 10, "no access pass: {operations:?}");
    assert_eq!(application.users.lock().unwrap().len(), 3);

    let left = "Key,Name,Department,Boss,Status\n1,Ada,Claims,,Active\n2,Bob,Claims,1,Left\n3,Cid,Claims,1,Active\n";
    let mut operations = run(&application, &mut store, left, date(2026, 11, 21)).await;
    operations.sort_unstable();
    let wanted = ["add members", "clear manager", "remove member", "remove member", "update user", "update user"];
    assert_eq!(operations, wanted, "no sessions are revoked and no licences removed");

    // Elsewhere the account would be deleted by now. Here it could not be restored, so it stays disabled.
    assert_eq!(run(&application, &mut store, left, date(2027, 3, 1)).await, [""; 0]);
    let users = application.users.lock().unwrap();
    let enabled: Vec<Option<bool>> = users.values().map(|user| user.enabled).collect();
    assert_eq!(enabled, [Some(true), Some(false), Some(true)]);
}
