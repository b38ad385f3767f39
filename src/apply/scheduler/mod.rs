//! The run: a queue of due steps, batches in flight, and the consequences of each answer.

mod backpressure;
mod batching;
mod confirmation;
mod look_ups;
mod misses;
#[cfg(test)]
mod move_tests;
mod part;
mod refusal;
mod responses;
mod state;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use secrecy::SecretString;
use tokio::time::Instant;

use self::misses::{Detail, Miss, MissCause, Progress};
use self::part::Part;
use self::state::{Completion, InFlight, MemberAdds, StepStage, StepState, Stop, ThrottlePeriod};
use super::journal::{Answered, Entry, Journal, RequestKind, Sent};
use super::options::{ApplyError, Options};
use super::outcome::Applied;
use super::password::first_password;
use super::step::{Edits, ObjectRef, StepAction};
use super::steps::steps;
use crate::directory::{Attribute, ObjectId, Upn, Value, roles};
use crate::mapping::LeaveAction;
use crate::plan::{Candidates, Plan};
use crate::target::{Answer, Found, Operation, OwnerKind, TargetWriter};

/// How many batches may be sent before the first of them is answered.
const BATCHES_IN_FLIGHT: usize = 8;
/// How long a create of unknown outcome is looked up before it is sent again: the replication bound.
pub(super) const REPLICATION: Duration = Duration::from_secs(15);

struct Scheduler<'a> {
    plan: &'a Plan,
    target: &'a dyn TargetWriter,
    journal: &'a mut dyn Journal,
    options: Options<'a>,
    live: Vec<StepState>,
    ready: BTreeSet<usize>,
    waiting: BTreeSet<(Instant, usize)>,
    flights: FuturesUnordered<BoxFuture<'a, Completion>>,
    /// What the target accepted and carries out later.
    accepted: Vec<InFlight>,
    /// The changes of which nothing is known after all.
    unconfirmed: BTreeSet<usize>,
    batches_out: usize,
    next_request: u64,
    /// The next entry of the journal.
    entry: Entry,
    /// Steps left of each change, what is done of it, and what failed.
    left: Vec<usize>,
    progress: Vec<Progress>,
    /// What creates may still be called.
    candidates: Candidates,
    leave_left: HashMap<(usize, LeaveAction), (usize, bool)>,
    users: HashMap<String, ObjectId>,
    groups: HashMap<String, ObjectId>,
    /// Objects that this run made or brought back.
    created_at: HashMap<ObjectId, Instant>,
    passes: BTreeMap<String, SecretString>,
    /// Attributes of which a value went through.
    written: BTreeSet<Attribute>,
    /// Those of them that an update wrote.
    updated: BTreeSet<Attribute>,
    members: MemberAdds,
    retried: u64,
    /// Whole batches that failed one after another, the last one's moment, and when the next may go.
    dead: u32,
    last_dead: Option<Instant>,
    /// When the service last answered anything.
    last_alive: Option<Instant>,
    closed: Option<ThrottlePeriod>,
    pause: Option<Instant>,
    stop: Option<Stop>,
}

pub(super) async fn run<'a>(
    plan: &'a Plan,
    target: &'a dyn TargetWriter,
    journal: &'a mut dyn Journal,
    options: Options<'a>,
) -> Result<Applied, ApplyError> {
    let started = Instant::now();
    let mut scheduler = Scheduler::new(plan, target, journal, options);
    scheduler.leave_out_the_unfit();
    scheduler.complete_the_empty();
    scheduler.carry_out().await;
    scheduler.confirm().await;
    scheduler.name_owners().await;
    scheduler.end(started)
}

impl<'a> Scheduler<'a> {
    fn new(plan: &'a Plan, target: &'a dyn TargetWriter, journal: &'a mut dyn Journal, options: Options<'a>) -> Self {
        let steps = steps(plan, options.snapshot, options.tap, target.capabilities());
        let mut left = vec![0; plan.changes.len()];
        let mut leave_left = HashMap::new();
        let mut waiters: Vec<Vec<(usize, bool)>> = vec![Vec::new(); steps.len()];
        for (at, step) in steps.iter().enumerate() {
            left[step.change] += 1;
            if let Some(leave) = step.leave {
                leave_left.entry((step.change, leave)).or_insert((0, true)).0 += 1;
            }
            step.needs.iter().for_each(|other| waiters[*other].push((at, true)));
            step.follows.iter().for_each(|other| waiters[*other].push((at, false)));
        }
        let ready = steps.iter().enumerate().filter(|(_, step)| step.needs.is_empty() && step.follows.is_empty());
        let ready = ready.map(|(at, _)| at).collect();
        let live = steps.into_iter().zip(waiters).map(|(step, dependants)| StepState::new(step, dependants)).collect();
        Self {
            plan,
            target,
            journal,
            options,
            live,
            ready,
            waiting: BTreeSet::new(),
            flights: FuturesUnordered::new(),
            accepted: Vec::new(),
            unconfirmed: BTreeSet::new(),
            batches_out: 0,
            next_request: 1,
            entry: Entry::default(),
            left,
            progress: vec![Progress::default(); plan.changes.len()],
            candidates: plan.candidates.clone(),
            leave_left,
            users: HashMap::new(),
            groups: HashMap::new(),
            created_at: HashMap::new(),
            passes: BTreeMap::new(),
            written: BTreeSet::new(),
            updated: BTreeSet::new(),
            members: MemberAdds::default(),
            retried: 0,
            dead: 0,
            last_dead: None,
            last_alive: None,
            closed: None,
            pause: None,
            stop: None,
        }
    }

    /// Values that the type of their extension cannot hold are not sent: their person fails for them, and all else goes.
    fn leave_out_the_unfit(&mut self) {
        let fault = |name: Attribute, value: Option<&Value>| {
            let (kind, text) = (name.extension_type()?, value?.as_text()?);
            kind.canonical(text).err()
        };
        for live in &mut self.live {
            let mut unfit = Vec::new();
            match &mut live.step.act {
                StepAction::CreateUser { attributes } => attributes.retain(|name, value| {
                    let fault = fault(*name, Some(value));
                    unfit.extend(fault.iter().map(|fault| (*name, fault.to_string())));
                    fault.is_none()
                }),
                StepAction::Update { edits, .. } => edits.retain(|name, value| {
                    let fault = fault(*name, value.as_ref());
                    unfit.extend(fault.iter().map(|fault| (*name, fault.to_string())));
                    fault.is_none()
                }),
                _ => {}
            }
            if unfit.is_empty() {
                continue;
            }
            let step = live.step.act.name();
            let parts = Part::of(&live.step.act).filter(|part| *part != Part::Edits(Edits::new()));
            live.parts = parts.into_iter().collect();
            let miss = |(name, fault)| {
                Miss::silent(step, Detail::Attribute(name), MissCause::InvalidValue, format!("the value {fault}"))
            };
            live.misses.extend(unfit.into_iter().map(miss));
        }
    }

    /// Changes that need no request at all, such as a leaver without licences to take back.
    fn complete_the_empty(&mut self) {
        for at in 0..self.left.len() {
            if self.left[at] == 0 {
                self.complete_silently(at);
            }
        }
    }

    fn complete_silently(&mut self, change: usize) {
        self.entry.completed.push(self.plan.changes[change].seq);
    }

    /// Journals what was answered and what is about to be sent. Says whether it may be sent.
    fn keep(&mut self) -> bool {
        let entry = std::mem::take(&mut self.entry);
        if entry.is_empty() {
            return true;
        }
        let Err(error) = self.journal.keep(&self.options.run, &entry) else { return true };
        tracing::error!(%error, "the run ends, since no request may be sent without a journal entry");
        self.stop = Some(Stop::Broken(error.into()));
        false
    }

    async fn carry_out(&mut self) {
        let mut cancel = self.options.cancel.clone();
        loop {
            if *cancel.borrow() && self.stop.is_none() {
                self.stop = Some(Stop::Interrupted);
            }
            self.wake();
            let batches = self.fill_batches();
            if self.keep() {
                self.dispatch(batches);
            }
            let idle = self.ready.is_empty() && self.waiting.is_empty();
            if self.flights.is_empty() && (self.stop.is_some() || idle) {
                return;
            }
            let wake = match (self.waiting.first().map(|(moment, _)| *moment), self.pause) {
                _ if self.stop.is_some() => None,
                (Some(waiting), Some(pause)) => Some(waiting.max(pause)),
                (waiting, pause) => waiting.or(pause),
            };
            tokio::select! {
                biased;
                Some(landing) = self.flights.next(), if !self.flights.is_empty() => {
                    self.land(landing);
                    // Whatever else has landed by now is journaled with it.
                    while let Some(Some(landing)) = self.flights.next().now_or_never() {
                        self.land(landing);
                    }
                }
                () = tokio::time::sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
                Ok(()) = cancel.changed(), if self.stop.is_none() => {}
                else => return,
            }
        }
    }

    /// Makes waiting steps due once their time has come; creates of unknown outcome are looked up instead of sent.
    fn wake(&mut self) {
        let now = Instant::now();
        if self.pause.is_some_and(|pause| pause <= now) {
            self.pause = None;
        }
        if self.stop.is_some() || self.pause.is_some() {
            return;
        }
        while let Some((moment, at)) = self.waiting.first().copied() {
            if moment > now {
                return;
            }
            self.waiting.remove(&(moment, at));
            if self.live[at].doubt.is_some() {
                self.look_up(at);
            } else {
                self.ready.insert(at);
            }
        }
    }

    fn look_up(&mut self, at: usize) {
        let Some((upn, key)) = self.identity(at) else {
            self.ready.insert(at);
            return;
        };
        let target = self.target;
        let conflict = self.live[at].doubt.as_ref().is_some_and(|doubt| doubt.conflict.is_some());
        self.flights.push(Box::pin(async move {
            let key = key.as_ref().map(|(attribute, text)| (*attribute, text.as_str()));
            let mut found = target.find_user(&upn, key).await;
            // The address may be a group's. A user that the first look-up did not show may still be the created one.
            if conflict && matches!(found, Ok(Found::Nobody)) {
                let owner = target.find_owner(upn.as_str()).await;
                found = Ok(owner.filter(|owner| owner.kind == OwnerKind::Group).map_or(Found::Nobody, |_| Found::Other));
            }
            Completion::Looked { at, found }
        }));
    }

    /// By what a created account is found again.
    fn identity(&self, at: usize) -> Option<(Upn, Option<(Attribute, String)>)> {
        let text = |attribute: Attribute| match &self.live[at].step.act {
            StepAction::CreateUser { attributes } => attributes.get(&attribute).and_then(Value::as_text),
            StepAction::PutUser { attributes, is_new: true, .. } => attributes.get(&attribute)?.as_ref().and_then(Value::as_text),
            _ => None,
        };
        let upn = Upn::new(text(Attribute::find(roles::USER_PRINCIPAL_NAME)?)?);
        let key = self.options.matching.and_then(|attribute| Some((attribute, text(attribute)?.to_owned())));
        Some((upn, key))
    }

    /// As many batches as may be in flight and are due.
    fn fill_batches(&mut self) -> Vec<(Vec<InFlight>, Vec<Operation>)> {
        // What is accepted now and carried out later must arrive in its order.
        let most = if self.dead > 0 || self.target.capabilities().asynchronous { 1 } else { BATCHES_IN_FLIGHT };
        let mut batches = Vec::new();
        while self.stop.is_none() && self.pause.is_none() && self.batches_out + batches.len() < most && !self.ready.is_empty() {
            let (in_flight, operations) = self.fill();
            if !in_flight.is_empty() {
                batches.push((in_flight, operations));
            }
        }
        batches
    }

    fn dispatch(&mut self, batches: Vec<(Vec<InFlight>, Vec<Operation>)>) {
        self.batches_out += batches.len();
        for (in_flight, operations) in batches {
            let target = self.target;
            self.flights.push(Box::pin(async move {
                let started = Instant::now();
                let answers = target.send(operations).await;
                Completion::Answers { started, in_flight, answers }
            }));
        }
    }

    /// A step that was not sent, or not answered, failed.
    fn missed(&self, at: usize, cause: MissCause, message: String) -> Miss {
        Miss::silent(self.live[at].step.act.name(), self.detail(at), cause, message)
    }

    /// What a step without parts is about.
    fn detail(&self, at: usize) -> Detail {
        let step = &self.live[at].step;
        match &step.act {
            StepAction::RemoveMember { group, .. } if step.leave.is_some() => Detail::Group(self.group_name(group)),
            StepAction::RemoveMember { member, .. } => Detail::Member(self.key_of(step.change, member)),
            _ => Detail::Whole,
        }
    }

    fn group_name(&self, group: &ObjectRef) -> String {
        match group {
            ObjectRef::Id(id) => self.options.snapshot.groups.get(id).map_or_else(|| id.to_string(), |group| group.name.clone()),
            ObjectRef::NewUser(key) | ObjectRef::NewGroup(key) | ObjectRef::Nobody(key) => key.clone(),
        }
    }

    /// The key by which a group's change names a member.
    fn key_of(&self, change: usize, member: &ObjectRef) -> String {
        match member {
            ObjectRef::Id(id) => {
                let accounts = &self.plan.changes[change].aside.accounts;
                accounts.iter().find(|(_, known)| *known == id).map_or_else(|| id.to_string(), |(key, _)| key.clone())
            }
            ObjectRef::NewUser(key) | ObjectRef::NewGroup(key) | ObjectRef::Nobody(key) => key.clone(),
        }
    }

    /// A step is over without a request of its own.
    fn over(&mut self, at: usize, miss: Option<Miss>) {
        let change = self.live[at].step.change;
        let (completes, _) = self.conclude(at, miss);
        if completes {
            self.complete_silently(change);
        }
    }

    /// Ends a step: its change counts down, and the steps that waited for it are due. Returns whether the change is complete, and which leave
    /// action is.
    fn conclude(&mut self, at: usize, miss: Option<Miss>) -> (bool, Option<LeaveAction>) {
        let mut whole = (false, None);
        let mut over = vec![(at, miss)];
        while let Some((at, miss)) = over.pop() {
            let live = &mut self.live[at];
            live.misses.extend(miss);
            live.stage = StepStage::Finished;
            let misses = std::mem::take(&mut live.misses);
            let (failed, in_vain) = (!misses.is_empty(), !misses.is_empty() && !live.landed);
            let change = live.step.change;
            self.left[change] -= 1;
            let leave = self.live[at].step.leave.filter(|leave| self.leave_is_whole(change, *leave, failed));
            self.progress[change].misses.extend(misses);
            if whole.1.is_none() {
                whole.1 = leave;
            }
            whole.0 |= self.left[change] == 0 && self.progress[change].misses.is_empty();
            for (dependant, hard) in self.live[at].dependants.clone() {
                let waiter = &mut self.live[dependant];
                if hard && in_vain {
                    waiter.stage = StepStage::MustFail;
                }
                waiter.blockers -= 1;
                if waiter.blockers > 0 {
                    continue;
                }
                if waiter.stage == StepStage::MustFail {
                    let message = "a change that this one depends on failed".to_owned();
                    over.push((dependant, Some(self.missed(dependant, MissCause::Dependency, message))));
                } else {
                    self.ready.insert(dependant);
                }
            }
        }
        whole
    }

    fn leave_is_whole(&mut self, change: usize, leave: LeaveAction, failed: bool) -> bool {
        let Some((left, well)) = self.leave_left.get_mut(&(change, leave)) else { return false };
        *left -= 1;
        *well &= !failed;
        *left == 0 && *well
    }
}
