//! A tenant in memory, with faults on demand: for the tests of this room and of the store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Finder, Found, Outcome, Owner, RequestCounts, RunId, Tenant};
use crate::directory::{Attribute, DeletedUser, Group, GroupKind, ObjectId, Snapshot, TenantId, Upn, User, Value};
use crate::graph::{About, Answer, Operation, Verdict};
use crate::mapping::LeaveAction;
use crate::plan::{Action, Change, Edit, Members, Object, Plan, ReasonCode, SourceInfo, Summary, Target, Why};

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not done, and nobody says so.
    LostBefore,
    /// Done, and nobody says so.
    LostAfter,
    /// Too much.
    Throttled,
    /// Too much, but a fault for one of twenty.
    Mixed,
    /// The service fails without having done it.
    Unavailable,
    /// The object is locked, and it may be asked again at once.
    Locked,
    /// No connection at all.
    Unreachable,
    /// The token is refused, and so is a new one.
    LockedOut,
    /// A gateway's page says that there is no such thing.
    Page,
    /// A gateway lets nothing pass.
    Barred,
    /// The process dies: no answer ever.
    Killed,
}

/// A property that is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) property: &'static str,
    pub(crate) status: u16,
    pub(crate) naming: Naming,
    /// The id of the only user, or the name of the only new user, of whom it is refused.
    pub(crate) only: Option<&'static str>,
}

/// How a refusal names its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    Details,
    Text,
    Nothing,
}

impl Refusal {
    pub(crate) fn of(property: &'static str, status: u16, naming: Naming) -> Self {
        Self { property, status, naming, only: None }
    }

    fn answer(&self) -> Answer {
        let text = match self.naming {
            Naming::Text => format!("Invalid value specified for property '{}' of resource 'User'.", self.property),
            Naming::Details | Naming::Nothing => "One or more properties contains invalid values.".to_owned(),
        };
        let details = Some(("InvalidValue".to_owned(), self.property.to_owned())).filter(|_| self.naming == Naming::Details);
        Answer { details: details.into_iter().collect(), ..refusal(self.status, &text) }
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) users: BTreeMap<ObjectId, User>,
    pub(crate) deleted: BTreeMap<ObjectId, User>,
    pub(crate) groups: BTreeMap<ObjectId, Group>,
    pub(crate) writes: u64,
    pub(crate) log: Vec<String>,
    pub(crate) stopped: bool,
    batches: usize,
    in_flight: BTreeSet<ObjectId>,
    next: u64,
}

pub(crate) struct Fake {
    state: Mutex<State>,
    /// By the number of the write, from 1.
    pub(crate) faults: BTreeMap<u64, Fault>,
    /// What befalls every write from here on.
    pub(crate) always: Option<Fault>,
    /// The wait that an answer of too much asks for.
    pub(crate) wait: Duration,
    /// When the next batch may leave, where too much keeps all of them back as the quota does, one behind another.
    pub(crate) door: Option<tokio::sync::Mutex<Instant>>,
    /// How long each of the first batches is under way beyond the usual.
    pub(crate) delays: VecDeque<Duration>,
    /// Attributes that this app may not write.
    pub(crate) forbidden: BTreeSet<&'static str>,
    /// What is refused besides.
    pub(crate) refusals: Vec<Refusal>,
    /// Addresses of objects that are no users.
    pub(crate) taken: BTreeMap<&'static str, Owner>,
    /// No look-up shows anybody.
    pub(crate) hidden: bool,
    /// Licences that cannot be taken back.
    pub(crate) stuck: BTreeSet<&'static str>,
    /// An id that no group takes as a member.
    pub(crate) no_member: Option<ObjectId>,
    /// With which status, where that is not 400. From 500 on the service fails.
    pub(crate) no_member_status: Option<u16>,
    /// A user over whom the service always fails, with its status.
    pub(crate) cursed: Option<(ObjectId, u16)>,
    /// No group takes any member: 403.
    pub(crate) no_members: bool,
    /// No group is made.
    pub(crate) no_group: bool,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            faults: BTreeMap::new(),
            always: None,
            wait: Duration::from_secs(10),
            door: None,
            delays: VecDeque::new(),
            forbidden: BTreeSet::new(),
            refusals: Vec::new(),
            taken: BTreeMap::new(),
            hidden: false,
            stuck: BTreeSet::new(),
            no_member: None,
            no_member_status: None,
            cursed: None,
            no_members: false,
            no_group: false,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// After a kill nothing is in flight any more.
    pub(crate) fn forget_flights(&self) {
        self.state().in_flight.clear();
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let state = self.state();
        let mut snapshot = Snapshot::empty(TenantId("t".into()), "contoso.com");
        snapshot.users = state.users.values().collect();
        let deleted = |user: &User| (user.id.clone(), DeletedUser { user: user.clone(), deleted_at: None });
        snapshot.deleted = state.deleted.values().map(deleted).collect();
        snapshot.groups.clone_from(&state.groups);
        snapshot
    }

    /// What becomes of the next write; nothing where the process dies with it.
    fn answer(&self, operation: &Operation) -> Option<Answer> {
        let mut state = self.state();
        state.writes += 1;
        let later = |wait| Verdict::NotBefore(Instant::now() + wait);
        let between = |answer| Answer { about: About::Way, code: None, ..answer };
        let fault = match self.always.or_else(|| self.faults.get(&state.writes).copied()) {
            Some(Fault::Mixed) if state.writes.is_multiple_of(20) => Some(Fault::Unavailable),
            fault => fault,
        };
        if matches!(fault, None | Some(Fault::LostAfter | Fault::Killed)) {
            let answer = self.write(operation, &mut state);
            if fault.is_none() {
                return Some(answer);
            }
        }
        Some(match fault? {
            Fault::LostBefore | Fault::LostAfter => answer(Verdict::Unknown, 0, "connection reset"),
            Fault::Throttled | Fault::Mixed => answer(later(self.wait), 429, "slow down"),
            Fault::Unavailable => answer(later(Duration::from_secs(2)), 503, "no"),
            Fault::Locked => answer(later(Duration::ZERO), 423, "locked"),
            Fault::Unreachable => Answer { code: Some("unreachable".into()), ..answer(Verdict::Final, 0, "connection refused") },
            Fault::Page => between(answer(later(Duration::from_secs(2)), 404, "")),
            Fault::Barred => between(answer(Verdict::Final, 403, "")),
            Fault::LockedOut => answer(Verdict::Final, 401, "Access token validation failure."),
            Fault::Killed => return None,
        })
    }

    fn write_group(&self, operation: &Operation, state: &mut State) -> Answer {
        let done = || answer(Verdict::Done, 204, "");
        let absent = || answer(Verdict::Final, 404, "Resource does not exist.");
        match operation {
            Operation::CreateGroup { .. } if self.no_group => refusal(403, "Insufficient privileges to complete the operation."),
            Operation::CreateGroup { unique_name, name, .. } => {
                let same = |group: &&Group| group.unique_name.as_ref() == Some(unique_name);
                if state.groups.values().any(|group| same(&group)) {
                    return done();
                }
                let id = ObjectId::new(&format!("g-{unique_name}")).unwrap();
                state.groups.insert(id.clone(), group(&id, name, unique_name));
                Answer { id: Some(id), ..answer(Verdict::Done, 201, "") }
            }
            Operation::AddMembers { group, members } => {
                if self.no_member.as_ref().is_some_and(|id| members.contains(id)) {
                    let status = self.no_member_status.unwrap_or(400);
                    let later = Verdict::NotBefore(Instant::now() + Duration::from_secs(2));
                    return answer(if status < 500 { Verdict::Final } else { later }, status, "Unsupported member");
                }
                if self.no_members {
                    return answer(Verdict::Final, 403, "Insufficient privileges to complete the operation.");
                }
                let Some(group) = state.groups.get_mut(group) else {
                    return refusal(404, &format!("Resource '{group}' does not exist."));
                };
                if members.iter().any(|id| group.members.contains(id)) {
                    let there =
                        "One or more added object references already exist for the following modified properties: 'members'.";
                    return answer(Verdict::Final, 400, there);
                }
                group.members.extend(members.iter().cloned());
                done()
            }
            Operation::RemoveMember { group, member } => {
                let gone = state.groups.get_mut(group).is_some_and(|group| group.members.remove(member));
                if gone { done() } else { absent() }
            }
            _ => absent(),
        }
    }

    /// Why some of these properties of somebody cannot be written.
    fn refuses<'n>(&self, who: &str, names: impl Iterator<Item = &'n str>) -> Option<Answer> {
        let names: Vec<&str> = names.collect();
        if names.iter().any(|name| self.forbidden.contains(name)) {
            return Some(answer(Verdict::Final, 403, "Insufficient privileges to complete the operation."));
        }
        let hit = |refusal: &&Refusal| names.contains(&refusal.property) && refusal.only.is_none_or(|only| only == who);
        self.refusals.iter().find(hit).map(Refusal::answer)
    }

    fn create_user(&self, attributes: &BTreeMap<Attribute, Value>, state: &mut State) -> Answer {
        let upn = attributes[&attribute("userPrincipalName")].as_text().unwrap();
        if let Some(refused) = self.refuses(upn, attributes.keys().map(|name| name.name)) {
            return refused;
        }
        let mail = attributes.get(&attribute("mail")).and_then(Value::as_text);
        if [Some(upn), mail].into_iter().flatten().any(|address| self.taken.contains_key(address)) {
            let taken = "Another object with the same value for property proxyAddresses already exists.";
            return answer(Verdict::Final, 400, taken);
        }
        if let Some(user) = state.users.values().find(|user| user.upn == Upn::new(upn)) {
            // Of an account that was made by the same request Graph may name the addresses first.
            let key = attribute("employeeId");
            let same = user.value(key).as_ref() == attributes.get(&key);
            let property = if same { "proxyAddresses" } else { "userPrincipalName" };
            let taken = format!("Another object with the same value for property {property} already exists.");
            return answer(Verdict::Final, 400, &taken);
        }
        state.next += 1;
        let id = ObjectId::new(&format!("u{}", state.next)).unwrap();
        let mut user = User::new(id.clone(), Upn::new(upn));
        user.enabled = attributes.get(&attribute("accountEnabled")).map(|value| *value == Value::Flag(true));
        user.attributes = attributes.clone().into_iter().collect();
        user.attributes.remove(&attribute("accountEnabled"));
        state.users.insert(id.clone(), user);
        Answer { id: Some(id), ..answer(Verdict::Done, 201, "") }
    }

    fn write(&self, operation: &Operation, state: &mut State) -> Answer {
        let carried = match operation {
            Operation::UpdateUser { edits, .. } => edits.keys().map(|name| name.name).collect::<Vec<_>>().join(","),
            _ => operation.name().to_owned(),
        };
        state.log.push(carried);
        let done = || answer(Verdict::Done, 204, "");
        let absent = || answer(Verdict::Final, 404, "Resource does not exist.");
        match operation {
            Operation::CreateUser { attributes, .. } => self.create_user(attributes, state),
            Operation::UpdateUser { id, .. } if self.cursed.as_ref().is_some_and(|(cursed, _)| cursed == id) => {
                let status = self.cursed.as_ref().map_or(500, |(_, status)| *status);
                answer(Verdict::NotBefore(Instant::now() + Duration::from_secs(2)), status, "Internal error.")
            }
            Operation::UpdateUser { id, edits } => {
                if let Some(refused) = self.refuses(&id.to_string(), edits.keys().map(|name| name.name)) {
                    return refused;
                }
                let Some(user) = state.users.get_mut(id) else { return absent() };
                for (name, value) in edits {
                    match value {
                        Some(Value::Flag(flag)) => user.enabled = Some(*flag),
                        Some(value) => _ = user.attributes.insert(*name, value.clone()),
                        None => _ = user.attributes.remove(name),
                    }
                }
                done()
            }
            Operation::SetManager { user, manager } if state.users.contains_key(manager) => {
                let Some(user) = state.users.get_mut(user) else { return absent() };
                user.manager = Some(manager.clone());
                done()
            }
            Operation::DeleteUser { id } => match state.users.remove(id) {
                Some(user) => {
                    state.deleted.insert(id.clone(), user);
                    done()
                }
                None => absent(),
            },
            Operation::RestoreUser { id, .. }
                if state.deleted.get(id).is_some_and(|user| {
                    let mut plain = user.proxy_addresses.iter().filter_map(|address| address.split_once(':'));
                    plain.any(|(_, address)| self.taken.contains_key(address))
                }) =>
            {
                let taken = "Another object with the same value for property proxyAddresses already exists.";
                answer(Verdict::Final, 400, taken)
            }
            Operation::RestoreUser { id, .. } => match state.deleted.remove(id) {
                Some(user) => {
                    state.users.insert(id.clone(), user);
                    Answer { id: Some(id.clone()), ..done() }
                }
                None => absent(),
            },
            Operation::SetPassword { user, .. } => {
                self.refuses(&user.to_string(), std::iter::once("passwordProfile")).unwrap_or_else(done)
            }
            Operation::RevokeSessions { .. } | Operation::CreateTap { .. } => done(),
            Operation::RemoveLicenses { user, skus } => {
                if skus.iter().any(|sku| self.stuck.contains(&**sku)) {
                    return answer(Verdict::Final, 400, "The license cannot be removed.");
                }
                let Some(user) = state.users.get_mut(user) else { return absent() };
                user.licenses.retain(|sku| !skus.contains(sku));
                done()
            }
            _ => self.write_group(operation, state),
        }
    }
}

#[async_trait]
impl Finder for Fake {
    async fn find(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, String> {
        let state = self.state();
        let shown = state.users.values().find(|user| user.upn == *upn && !self.hidden);
        let Some(user) = shown else { return Ok(Found::Nobody) };
        let ours = key.is_some_and(|(name, value)| user.text(name.name) == Some(value));
        Ok(if ours { Found::Ours(user.id.clone()) } else { Found::Other })
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, String> {
        let state = self.state();
        let found = state.groups.values().find(|group| group.unique_name.as_deref() == Some(unique_name));
        Ok(found.map(|group| group.id.clone()))
    }

    async fn owner(&self, address: &str) -> Option<Owner> {
        self.taken.get(address).cloned()
    }
}

#[async_trait]
impl Tenant for Fake {
    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        assert!((1..=20).contains(&operations.len()));
        let written: Vec<ObjectId> = operations.iter().filter_map(written).collect();
        let delay = {
            let mut state = self.state();
            for id in &written {
                assert!(state.in_flight.insert(id.clone()), "two writes to {id} in flight");
            }
            state.batches += 1;
            self.delays.get(state.batches - 1).copied().unwrap_or_default()
        };
        let mut door = match &self.door {
            Some(door) => Some(door.lock().await),
            None => None,
        };
        while !self.state().stopped && door.as_ref().is_some_and(|opens| Instant::now() < **opens) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(50) + delay).await;
        let mut answers = Vec::new();
        for operation in &operations {
            let Some(answer) = self.answer(operation) else { return std::future::pending().await };
            answers.push(answer);
        }
        if let Some(opens) = &mut door
            && answers.iter().any(|answer| answer.status == Some(429))
        {
            **opens = Instant::now() + self.wait;
        }
        let mut state = self.state();
        for id in &written {
            state.in_flight.remove(id);
        }
        answers
    }

    fn requests(&self) -> RequestCounts {
        RequestCounts { writes: self.state().writes, ..RequestCounts::default() }
    }

    fn stop(&self) {
        self.state().stopped = true;
    }
}

fn written(operation: &Operation) -> Option<ObjectId> {
    match operation {
        Operation::UpdateUser { id, .. } | Operation::DeleteUser { id } => Some(id.clone()),
        Operation::SetManager { user, .. }
        | Operation::RevokeSessions { user }
        | Operation::SetPassword { user, .. }
        | Operation::RemoveLicenses { user, .. } => Some(user.clone()),
        Operation::AddMembers { group, .. } | Operation::RemoveMember { group, .. } => Some(group.clone()),
        _ => None,
    }
}

fn answer(verdict: Verdict, status: u16, message: &str) -> Answer {
    Answer {
        verdict,
        about: if status == 401 { About::App } else { About::Request },
        id: None,
        request_id: Some("r".into()),
        status: Some(status).filter(|status| *status > 0),
        code: Some("Request_BadRequest".to_owned()).filter(|_| status >= 400),
        message: Some(message.to_owned()).filter(|text| !text.is_empty()),
        details: Vec::new(),
        access_pass: None,
    }
}

/// A final refusal with Graph's code and no details.
pub(crate) fn refusal(status: u16, message: &str) -> Answer {
    answer(Verdict::Final, status, message)
}

pub(crate) fn attribute(name: &str) -> Attribute {
    Attribute::find(name).unwrap()
}

pub(crate) fn group(id: &ObjectId, name: &str, unique_name: &str) -> Group {
    Group {
        id: id.clone(),
        name: name.into(),
        unique_name: Some(unique_name.into()),
        kind: GroupKind::Security,
        dynamic: false,
        synced: false,
        role_assignable: false,
        addresses: BTreeSet::new(),
        members: BTreeSet::new(),
        owners: BTreeSet::new(),
    }
}

pub(crate) fn edit(name: &str, before: Option<&str>, after: Option<&str>) -> Edit {
    let value = |text: &str| match text {
        "true" => Value::Flag(true),
        "false" => Value::Flag(false),
        text => Value::text(text),
    };
    Edit { name: name.into(), before: before.map(value), after: after.map(value), expression: None }
}

pub(crate) fn change(action: Action, key: &str, id: Option<&ObjectId>, attributes: Vec<Edit>) -> Change {
    Change {
        seq: 0,
        action,
        object: Object::User,
        key: key.into(),
        id: id.cloned(),
        user_principal_name: Some(format!("{key}@contoso.com")),
        reason: String::new(),
        why: Why { code: ReasonCode::HrChanged, on: None },
        cause: BTreeMap::new(),
        attributes,
        members: None,
        then: Vec::new(),
        record: None,
        ids: BTreeMap::new(),
    }
}

/// A joiner, with a manager where one is named.
pub(crate) fn joiner(key: &str, manager: Option<&str>) -> Change {
    let mut attributes = vec![
        edit("accountEnabled", None, Some("true")),
        edit("employeeId", None, Some(key)),
        edit("userPrincipalName", None, Some(&format!("{key}@contoso.com"))),
    ];
    attributes.extend(manager.map(|manager| edit("manager", None, Some(manager))));
    change(Action::Create, key, None, attributes)
}

pub(crate) fn leaver(key: &str, id: &ObjectId) -> Change {
    let attributes = vec![edit("accountEnabled", Some("true"), Some("false"))];
    Change { then: vec![LeaveAction::RevokeSessions], ..change(Action::Disable, key, Some(id), attributes) }
}

pub(crate) fn team(key: &str, id: Option<&ObjectId>, members: Members) -> Change {
    let attributes = vec![edit("displayName", None, Some(key)), edit("uniqueName", None, Some(&format!("hrpush-{key}")))];
    let action = if id.is_some() { Action::Update } else { Action::Create };
    Change { object: Object::Group, members: Some(members), ..change(action, key, id, attributes) }
}

pub(crate) fn plan(changes: Vec<Change>) -> Plan {
    let numbered = |(at, change)| Change { seq: at as u64 + 1, ..change };
    Plan {
        format: "hrpush.plan/1".into(),
        fingerprint: "sha256:0".into(),
        as_of: "2026-11-20".into(),
        created_at: "2026-11-20T03:00:00Z".into(),
        target: Target { graph_url: "http://127.0.0.1/v1.0".into(), tenant_id: "t".into(), sandbox: false },
        source: SourceInfo { name: "employees.csv".into(), feed: "HR".into(), records: 10, sha256: String::new() },
        matching: vec!["employeeId".into()],
        summary: Summary::default(),
        changes: changes.into_iter().enumerate().map(numbered).collect(),
        held: Vec::new(),
        skipped: Vec::new(),
        guards: Vec::new(),
        seal: String::new(),
        candidates: BTreeMap::new(),
        left_out: BTreeMap::new(),
        new_passwords: BTreeSet::new(),
    }
}

/// A journal that only counts: nothing may be sent that it was not told.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) sent: BTreeMap<u64, super::Sent>,
    pub(crate) answered: BTreeMap<u64, super::Answered>,
}

impl super::Journal for Notes {
    fn begin(&mut self, _: &crate::plan::ApprovedPlan) -> Result<RunId, super::JournalError> {
        Ok(RunId("r".into()))
    }

    fn keep(&mut self, _: &RunId, entry: &super::Entry) -> Result<(), super::JournalError> {
        for answer in &entry.answered {
            assert!(self.sent.contains_key(&answer.request));
            assert!(self.answered.insert(answer.request, answer.clone()).is_none(), "answered twice");
        }
        self.sent.extend(entry.sent.iter().map(|sent| (sent.request, sent.clone())));
        Ok(())
    }

    fn finish(&mut self, _: &RunId, _: &Outcome, _: u8) -> Result<(), super::JournalError> {
        Ok(())
    }
}
