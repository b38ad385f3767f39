//! A target in memory, with faults on demand, for the tests of this room and of the store.

mod faults;
mod notes;
mod samples;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

pub(crate) use self::faults::{Fault, Naming, RefusedProperty};
use self::faults::{absent, denied, done, failing, refused, taken};
pub(crate) use self::notes::Notes;
pub(crate) use self::samples::{attribute, change, edit, group, joiner, leaver, plan, team};
use crate::directory::{Attribute, DeletedUser, Group, ObjectId, Snapshot, TenantId, Upn, User, Value};
use crate::target::{
    Answer, Capabilities, Culprits, Found, Operation, Owner, Refusal, RequestCounts, SnapshotCache, SnapshotKind, SnapshotScope,
    TakenName, TargetError, TargetReader, TargetWriter,
};

/// Everything, in batches of twenty.
pub(crate) const CAPABLE: Capabilities = Capabilities {
    batch: 20,
    members_per_write: 20,
    soft_delete: true,
    sessions: true,
    licences: true,
    access_pass: true,
    passwords: true,
    verified_domains: true,
    nicknames: true,
    permissions: true,
    asynchronous: false,
    snapshot: SnapshotKind::Whole,
};

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
    pub(crate) refusals: Vec<RefusedProperty>,
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
    /// A user with which every request fails, and the status of these failures.
    pub(crate) cursed: Option<(ObjectId, u16)>,
    /// No group takes any member: 403.
    pub(crate) no_members: bool,
    /// No group is made.
    pub(crate) no_group: bool,
    /// Which name a conflict points at, where the address is taken by another object.
    pub(crate) wording: Option<TakenName>,
    pub(crate) capabilities: Capabilities,
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
            wording: None,
            capabilities: CAPABLE,
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
        fault?.answer(self.wait)
    }

    fn create_group(&self, unique_name: &str, name: &str, state: &mut State) -> Answer {
        if self.no_group {
            return denied();
        }
        if state.groups.values().any(|group| group.unique_name.as_deref() == Some(unique_name)) {
            return done();
        }
        let id = ObjectId::new(&format!("g-{unique_name}")).unwrap();
        state.groups.insert(id.clone(), group(&id, name, unique_name));
        Answer { id: Some(id), ..done() }
    }

    fn add_members(&self, group: &ObjectId, members: &[ObjectId], state: &mut State) -> Answer {
        if self.no_member.as_ref().is_some_and(|id| members.contains(id)) {
            return match self.no_member_status.unwrap_or(400) {
                status @ 500.. => failing(status, "Unsupported member"),
                404 => refused(Refusal::Absent, 404, "Unsupported member"),
                403 => refused(Refusal::Forbidden, 403, "Unsupported member"),
                status => refused(Refusal::Invalid, status, "Unsupported member"),
            };
        }
        if self.no_members {
            return denied();
        }
        let Some(found) = state.groups.get_mut(group) else {
            let culprits = Culprits { objects: [group.clone()].into(), ..Culprits::default() };
            return Answer { culprits, ..absent() };
        };
        if members.iter().any(|id| found.members.contains(id)) {
            return refused(Refusal::AlreadyMember, 400, "Some of them are members already.");
        }
        found.members.extend(members.iter().cloned());
        done()
    }

    fn write_group(&self, operation: &Operation, state: &mut State) -> Answer {
        match operation {
            Operation::CreateGroup { unique_name, name, .. } => self.create_group(unique_name, name, state),
            Operation::AddMembers { group, members } => self.add_members(group, members, state),
            Operation::RemoveMember { group, member } => {
                let gone = state.groups.get_mut(group).is_some_and(|group| group.members.remove(member));
                if gone { done() } else { absent() }
            }
            _ => absent(),
        }
    }

    /// Why some of these properties of a user cannot be written.
    fn refuses<'n>(&self, who: &str, names: impl Iterator<Item = &'n str>) -> Option<Answer> {
        let names: Vec<&str> = names.collect();
        if names.iter().any(|name| self.forbidden.contains(name)) {
            return Some(denied());
        }
        let present: Vec<Attribute> = names.iter().filter_map(|name| Attribute::find(name)).collect();
        let hit = |refusal: &&RefusedProperty| names.contains(&refusal.property) && refusal.only.is_none_or(|only| only == who);
        self.refusals.iter().find(hit).map(|refusal| refusal.answer(&present))
    }

    fn create_user(&self, attributes: &BTreeMap<Attribute, Value>, state: &mut State) -> Answer {
        let upn = attributes[&attribute("userPrincipalName")].as_text().unwrap();
        if let Some(refused) = self.refuses(upn, attributes.keys().map(|name| name.name)) {
            return refused;
        }
        let mail = attributes.get(&attribute("mail")).and_then(Value::as_text);
        if [Some(upn), mail].into_iter().flatten().any(|address| self.taken.contains_key(address)) {
            return taken(self.wording.unwrap_or(TakenName::Address));
        }
        if let Some(user) = state.users.values().find(|user| user.upn == Upn::new(upn)) {
            // Of an account that was created by the same request, a target may name the addresses first.
            let key = attribute("employeeId");
            let same = user.value(key).as_ref() == attributes.get(&key);
            return taken(if same { TakenName::Address } else { TakenName::SignIn });
        }
        state.next += 1;
        let id = ObjectId::new(&format!("u{}", state.next)).unwrap();
        let mut user = User::new(id.clone(), Upn::new(upn));
        user.enabled = attributes.get(&attribute("accountEnabled")).map(|value| *value == Value::Flag(true));
        user.attributes = attributes.clone().into_iter().collect();
        user.attributes.remove(&attribute("accountEnabled"));
        state.users.insert(id.clone(), user);
        Answer { id: Some(id), ..done() }
    }

    fn update_user(&self, id: &ObjectId, edits: &BTreeMap<Attribute, Option<Value>>, state: &mut State) -> Answer {
        if let Some((_, status)) = self.cursed.as_ref().filter(|(cursed, _)| cursed == id) {
            return failing(*status, "Internal error.");
        }
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

    fn restore_user(&self, id: &ObjectId, state: &mut State) -> Answer {
        let Some(user) = state.deleted.get(id) else { return absent() };
        let mut plain = user.proxy_addresses.iter().filter_map(|address| address.split_once(':'));
        if plain.any(|(_, address)| self.taken.contains_key(address)) {
            return taken(TakenName::Address);
        }
        state.users.extend(state.deleted.remove(id).map(|user| (id.clone(), user)));
        Answer { id: Some(id.clone()), ..done() }
    }

    fn write(&self, operation: &Operation, state: &mut State) -> Answer {
        let carried = match operation {
            Operation::UpdateUser { edits, .. } => edits.keys().map(|name| name.name).collect::<Vec<_>>().join(","),
            _ => operation.name().to_owned(),
        };
        state.log.push(carried);
        match operation {
            Operation::CreateUser { attributes, .. } => self.create_user(attributes, state),
            Operation::UpdateUser { id, edits } => self.update_user(id, edits, state),
            Operation::SetManager { user, manager } if state.users.contains_key(manager) => {
                let Some(user) = state.users.get_mut(user) else { return absent() };
                user.manager = Some(manager.clone());
                done()
            }
            Operation::DeleteUser { id } => {
                let Some(user) = state.users.remove(id) else { return absent() };
                if self.capabilities.soft_delete {
                    state.deleted.insert(id.clone(), user);
                }
                done()
            }
            Operation::RestoreUser { id, .. } => self.restore_user(id, state),
            Operation::SetPassword { user, .. } => {
                self.refuses(&user.to_string(), std::iter::once("passwordProfile")).unwrap_or_else(done)
            }
            Operation::RevokeSessions { .. } | Operation::CreateTap { .. } => done(),
            Operation::RemoveLicenses { user, skus } => {
                if skus.iter().any(|sku| self.stuck.contains(&**sku)) {
                    return refused(Refusal::Invalid, 400, "The license cannot be removed.");
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
impl TargetReader for Fake {
    async fn snapshot(&self, _: &SnapshotScope, _: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
        Ok(Self::snapshot(self))
    }

    async fn find_user(&self, upn: &Upn, key: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
        let state = self.state();
        let shown = state.users.values().find(|user| user.upn == *upn && !self.hidden);
        let Some(user) = shown else { return Ok(Found::Nobody) };
        let ours = key.is_some_and(|(name, value)| user.text(name.name) == Some(value));
        Ok(if ours { Found::Ours(user.id.clone()) } else { Found::Other })
    }

    async fn find_group(&self, unique_name: &str) -> Result<Option<ObjectId>, TargetError> {
        let state = self.state();
        let found = state.groups.values().find(|group| group.unique_name.as_deref() == Some(unique_name));
        Ok(found.map(|group| group.id.clone()))
    }

    async fn find_owner(&self, address: &str) -> Option<Owner> {
        self.taken.get(address).cloned()
    }
}

#[async_trait]
impl TargetWriter for Fake {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        assert!((1..=self.capabilities.batch).contains(&operations.len()));
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
            && answers.iter().any(Answer::is_throttled)
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
