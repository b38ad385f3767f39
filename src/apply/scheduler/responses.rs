//! What an answer means for its step: over, again, or in doubt.

use std::time::Duration;

use tokio::time::Instant;

use super::refusal::is_refusal;
use super::{
    Act, Answer, Answered, CLOSED, Closed, DEAD, Detail, Doubt, Edits, Flying, Found, Landing, Miss, ObjectId, Part, REPLICATION,
    Scheduler, Stop, Who,
};
use crate::apply::steps::ALONE;
use crate::graph::{About, Verdict};

/// How often a request is sent again after faults of the service.
const ATTEMPTS: u32 = 8;
/// How often after answers of 429: each tells its own moment, so this only ends what would never end.
const THROTTLES: u32 = 200;
/// How long Graph may not know everywhere what it has just made.
const YOUNG: Duration = Duration::from_mins(1);
/// How often the look-up of one create may itself fail.
const LOOK_UPS: u32 = 8;

impl Scheduler<'_> {
    pub(super) fn land(&mut self, landing: Landing) {
        match landing {
            Landing::Answers { started, flying, answers } => {
                self.batches_out -= 1;
                self.heed_the_dead(started, &flying, &answers);
                let silent = flying.len().saturating_sub(answers.len());
                let answers = answers.into_iter().map(Some).chain(std::iter::repeat_n(None, silent));
                for (flying, answer) in flying.into_iter().zip(answers) {
                    let answer = answer.unwrap_or_else(unanswered);
                    if is_faulty(&answer) {
                        let live = &mut self.live[flying.at];
                        live.faults += 1;
                        live.first_fault.get_or_insert(started);
                    }
                    self.judge(flying, answer);
                }
            }
            Landing::Looked { at, found } => self.looked(at, found),
            Landing::Sought { flying, answer, found } => self.sought(flying, answer, found),
            Landing::Group { flying, answer, found } => {
                let id = found.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the group cannot be looked up");
                    None
                });
                self.made(&flying, Answer { id, ..answer });
            }
        }
    }

    /// Batches that fail whole, one after another over growing pauses, mean that nobody is there, or that nobody lets us in any more.
    fn heed_the_dead(&mut self, started: Instant, flying: &[Flying], answers: &[Answer]) {
        if *self.options.cancel.borrow() {
            // What an interrupt kept from being sent says nothing of the service.
            return;
        }
        if !answers.iter().all(is_faulty) {
            self.dead = 0;
            self.pause = None;
            self.last_alive = Some(Instant::now());
            return self.heed_the_closed(answers);
        }
        if self.are_culprits(flying, answers) {
            return;
        }
        // Batches that were in flight together count once.
        if self.last_dead.is_some_and(|last| started < last) {
            return;
        }
        let now = Instant::now();
        self.dead += 1;
        self.last_dead = Some(now);
        self.pause = Some(now + Duration::from_secs(1 << self.dead.min(6)));
        if self.dead >= DEAD && self.stop.is_none() {
            tracing::error!("the service has not answered, or refused the token, {DEAD} times in a row: the run gives up");
            self.give_up();
        }
    }

    /// Whether a batch failed over its own objects: the service failed over each of them before, and answered others meanwhile. One object
    /// alone is only taken for that where the service answered anything in this run.
    fn are_culprits(&self, flying: &[Flying], answers: &[Answer]) -> bool {
        let fails = |answer: &Answer| answer.about == About::Request && answer.status.is_some_and(|status| status >= 500);
        let Some(alive) = self.last_alive.filter(|_| flying.len() == answers.len() && answers.iter().all(fails)) else {
            return false;
        };
        let since = |flying: &Flying| self.live[flying.at].first_fault;
        flying.iter().all(|one| since(one).is_some_and(|fault| flying.len() == 1 || alive >= fault))
    }

    fn give_up(&mut self) {
        self.stop = Some(Stop::GaveUp);
        self.tenant.stop();
    }

    /// A service that throttles is not dead: it says when to come again. One that lets nothing through at any of those times is.
    fn heed_the_closed(&mut self, answers: &[Answer]) {
        // Among answers of 429, a fault lets nothing through either.
        if !answers.iter().all(|answer| answer.status == Some(429) || is_faulty(answer)) {
            self.closed = None;
            return;
        }
        let now = Instant::now();
        let Closed { since, next, times } = self.closed.get_or_insert(Closed { since: now, next: now, times: 0 });
        // However long a batch waited for its quota: it counts if it was answered when the service had said to come again.
        if now >= *next {
            let moments = answers.iter().filter_map(|answer| match answer.verdict {
                Verdict::NotBefore(moment) => Some(moment),
                _ => None,
            });
            (*next, *times) = (moments.min().unwrap_or(now), *times + 1);
        }
        if *times >= DEAD && now.duration_since(*since) >= CLOSED && self.stop.is_none() {
            tracing::error!(
                "the service has let nothing through for a quarter of an hour, whenever it was asked: the run gives up"
            );
            self.give_up();
        }
    }

    fn judge(&mut self, flying: Flying, answer: Answer) {
        let at = flying.at;
        match answer.verdict {
            Verdict::Done => self.done(flying, answer),
            Verdict::NotBefore(moment) => {
                let live = &mut self.live[at];
                // Graph's young objects, locks and concurrent changes tell their own bound, as 429 does.
                let throttled =
                    answer.status.is_some_and(|status| status == 429 || (status < 500 && answer.about == About::Request));
                let (count, most) = if throttled { (&mut live.throttles, THROTTLES) } else { (&mut live.attempts, ATTEMPTS) };
                *count += 1;
                let spent = *count > most;
                // A service that asks for no wait at all is asked less and less often nevertheless.
                let moment = moment.max(Instant::now() + Duration::from_millis(50 << (*count).min(7)));
                match spent {
                    true if throttled => self.refuse(&flying, &answer),
                    true => self.spent(&flying, &answer),
                    false => self.again(flying, &answer, moment),
                }
            }
            Verdict::Unknown => self.unknown(flying, &answer),
            Verdict::Final if is_unsent(&answer) => self.unknown(flying, &answer),
            Verdict::Final => self.finally(flying, answer),
        }
    }

    fn done(&mut self, flying: Flying, answer: Answer) {
        let step = &self.live[flying.at].step;
        self.progress[step.change].any_done = true;
        match &step.act {
            // It was there already, and Graph then does not name it.
            Act::CreateGroup { unique_name, .. } if answer.id.is_none() => {
                let (tenant, unique_name) = (self.tenant, unique_name.clone());
                self.flights.push(Box::pin(async move {
                    let found = tenant.find_group(&unique_name).await;
                    Landing::Group { flying, answer, found }
                }));
            }
            _ => self.made(&flying, answer),
        }
    }

    fn made(&mut self, flying: &Flying, mut answer: Answer) {
        let at = flying.at;
        let id = answer.id.clone();
        let key = self.plan.changes[self.live[at].step.change].key.clone();
        match (&self.live[at].step.act, &id) {
            (Act::CreateUser { .. }, Some(id)) => _ = self.users.insert(key, id.clone()),
            (Act::CreateGroup { .. }, Some(id)) => _ = self.groups.insert(key, id.clone()),
            (Act::CreateUser { .. } | Act::CreateGroup { .. }, None) if flying.part == Part::Whole => {
                // It is there, but its id is not known: the next run finds it.
                let text = "Graph named no id for the object that it made".into();
                let miss = Miss { text, ..self.refused(at, Detail::Whole, &answer) };
                return self.close(flying.request, at, &answer, Some(miss));
            }
            _ => {}
        }
        if let Some(pass) = answer.access_pass.take() {
            let key = self.plan.changes[self.live[at].step.change].key.clone();
            self.passes.insert(key, pass);
        }
        let newborn = match &self.live[at].step.act {
            Act::RestoreUser { id, .. } => Some(id.clone()),
            _ => id,
        };
        if let Some(id) = newborn {
            self.born.insert(id, Instant::now());
        }
        self.achieve(flying);
        if !self.live[at].parts.is_empty() {
            self.note(flying.request, true, &answer);
            self.ready.insert(at);
            return;
        }
        self.close(flying.request, at, &answer, None);
    }

    /// A request went through: what it carried is written, and what it left out has an account now.
    fn achieve(&mut self, flying: &Flying) {
        let live = &mut self.live[flying.at];
        let achieved = &mut self.progress[live.step.change].achieved;
        match (&live.step.act, &flying.part) {
            (_, Part::Edits(edits)) => {
                self.written.extend(edits.keys().copied());
                achieved.extend(live.step.act.enables().map(|to| if to { "enabled" } else { "disabled" }));
            }
            (Act::CreateUser { attributes }, _) => {
                self.written.extend(attributes.keys().copied());
                achieved.push("created");
            }
            (Act::CreateGroup { .. }, _) => achieved.push("created"),
            (Act::AddMembers { .. }, Part::Members(members)) => {
                self.members.added.extend(members.iter().map(|(_, who)| (flying.at, who.clone())));
            }
            (Act::RestoreUser { .. }, _) => achieved.push("restored"),
            _ => {}
        }
        live.landed = true;
        let later = std::mem::take(&mut live.later);
        let (alone, together): (Edits, Edits) = later.into_iter().partition(|(name, _)| ALONE.contains(&name.name));
        if !together.is_empty() {
            live.parts.push_back(Part::Edits(together));
        }
        live.parts.extend(alone.into_iter().map(|(name, value)| Part::Edits(Edits::from([(name, value)]))));
    }

    fn again(&mut self, flying: Flying, answer: &Answer, moment: Instant) {
        self.retried += 1;
        self.note(flying.request, false, answer);
        if flying.part != Part::Whole {
            self.live[flying.at].parts.push_front(flying.part);
        }
        self.waiting.insert((moment, flying.at));
    }

    fn unknown(&mut self, flying: Flying, answer: &Answer) {
        let at = flying.at;
        self.live[at].attempts += 1;
        // A gateway that knows no such page has passed nothing on.
        self.live[at].adrift |= !is_unsent(answer) && answer.status != Some(404);
        let attempts = self.live[at].attempts;
        if matches!(self.live[at].step.act, Act::CreateUser { .. }) && flying.part == Part::Whole && !is_unsent(answer) {
            // Stays without an answer in the journal until it is found.
            return self.doubt(at, flying.request, None);
        }
        if matches!(self.live[at].step.act, Act::CreateGroup { .. }) && self.live[at].adrift {
            // Sent again it would carry what Graph takes for new groups alone.
            return self.seek_group(flying, answer.clone());
        }
        if attempts > ATTEMPTS {
            return self.spent(&flying, answer);
        }
        self.again(flying, answer, Instant::now() + backoff(attempts));
    }

    /// The service failed too often over this request. Over one member it may fail always: the others are sent without, each part twice.
    fn spent(&mut self, flying: &Flying, answer: &Answer) {
        if flying.part.members().len() < 2 {
            return self.refuse(flying, answer);
        }
        self.live[flying.at].attempts = ATTEMPTS - 1;
        self.send_without(flying, answer);
    }

    fn doubt(&mut self, at: usize, request: u64, conflict: Option<Answer>) {
        // Where nothing was sent before that may have landed, a conflict is none with ourselves.
        let wait = if conflict.is_some() && !self.live[at].adrift { Duration::ZERO } else { Duration::from_secs(1) };
        self.live[at].doubt = Some(Doubt { request, since: Instant::now(), faults: 0, conflict });
        self.waiting.insert((Instant::now() + wait, at));
    }

    /// Looks for a group that may have been made by a request that was not answered.
    fn seek_group(&mut self, flying: Flying, answer: Answer) {
        let Act::CreateGroup { unique_name, .. } = &self.live[flying.at].step.act else { return };
        let (tenant, unique_name) = (self.tenant, unique_name.clone());
        self.flights.push(Box::pin(async move {
            let found = tenant.find_group(&unique_name).await;
            Landing::Sought { flying, answer, found }
        }));
    }

    fn sought(&mut self, flying: Flying, answer: Answer, found: Result<Option<ObjectId>, String>) {
        let attempts = self.live[flying.at].attempts;
        match found {
            Ok(Some(id)) => {
                let answer = Answer { verdict: Verdict::Done, id: Some(id), ..answer };
                self.done(flying, answer);
            }
            Ok(None) if is_refusal(&answer) => self.refuse(&flying, &answer),
            _ if attempts > ATTEMPTS => self.refuse(&flying, &answer),
            _ => self.again(flying, &answer, Instant::now() + backoff(attempts)),
        }
    }

    fn looked(&mut self, at: usize, found: Result<Found, String>) {
        let Some(mut doubt) = self.live[at].doubt.take() else { return };
        let request = doubt.request;
        let flying = || Flying { at, request, part: Part::Whole };
        let may_be_ours = self.live[at].adrift;
        match found {
            Ok(Found::Ours(id)) => {
                let answer = Answer { verdict: Verdict::Done, id: Some(id), ..unanswered() };
                self.done(flying(), answer);
            }
            Ok(Found::Other) if may_be_ours && self.identity(at).is_none_or(|(_, key)| key.is_none()) => {
                // Nothing tells whether that account is the one that was asked for. Left open in the journal: a person looks at it.
                let text = "whether the account was made is unknown: it has no key by which it could be recognised";
                let missed = self.missed(at, "unknown-outcome", text.to_owned());
                self.over(at, Some(missed));
            }
            Ok(Found::Nobody) if may_be_ours && doubt.since.elapsed() < REPLICATION => {
                self.live[at].doubt = Some(doubt);
                self.waiting.insert((Instant::now() + Duration::from_secs(2), at));
            }
            Ok(found) => match doubt.conflict.take() {
                Some(answer) => self.conflicted(&flying(), &found, &answer),
                None if found == Found::Other => self.conflicted(&flying(), &found, &unanswered()),
                None if self.live[at].attempts > ATTEMPTS => self.refuse(&flying(), &unanswered()),
                None => {
                    self.retried += 1;
                    self.note(request, false, &unanswered());
                    self.ready.insert(at);
                }
            },
            Err(message) => {
                doubt.faults += 1;
                if doubt.faults > LOOK_UPS {
                    // Left open in the journal: the next run settles it.
                    let missed =
                        self.missed(at, "unknown-outcome", format!("whether the account was made is unknown: {message}"));
                    return self.over(at, Some(missed));
                }
                let wait = backoff(doubt.faults);
                self.live[at].doubt = Some(doubt);
                self.waiting.insert((Instant::now() + wait, at));
            }
        }
    }

    /// A name of a create is another object's: it goes under the next one, or fails with the owner's name.
    fn conflicted(&mut self, flying: &Flying, found: &Found, answer: &Answer) {
        let at = flying.at;
        if self.create_under_another_name(at, found, answer) {
            self.note(flying.request, false, answer);
            self.ready.insert(at);
            return;
        }
        let taken = self.addresses(at);
        let mut miss = Miss { taken, ..self.refused(at, Detail::Whole, answer) };
        if answer.message.is_none() {
            miss.text = String::from("the userPrincipalName belongs to somebody else by now");
            miss.property = Some("userPrincipalName".to_owned());
        }
        self.close(flying.request, at, answer, Some(miss));
    }

    /// A refusal, unless it means that all is well already, or that less should be asked.
    fn finally(&mut self, flying: Flying, answer: Answer) {
        let at = flying.at;
        let status = answer.status.unwrap_or(0);
        let message = answer.message.as_deref().unwrap_or_default().to_lowercase();
        let exists = message.contains("already exist");
        if status == 404 && self.is_young(at, flying.part.members()) {
            let attempts = self.live[at].attempts + 1;
            self.live[at].attempts = attempts;
            return self.again(flying, &answer, Instant::now() + backoff(attempts));
        }
        match (&self.live[at].step.act, &flying.part) {
            (Act::CreateUser { .. } | Act::Update { .. }, Part::Edits(_)) if is_refusal(&answer) => {
                return self.send_without(&flying, &answer);
            }
            (Act::CreateUser { .. }, _) if answer.is_name_taken() => {
                return self.doubt(at, flying.request, Some(answer));
            }
            (Act::CreateUser { .. }, _) if is_refusal(&answer) => {
                if !self.create_with_less(at, &answer) {
                    return self.refuse(&flying, &answer);
                }
                self.note(flying.request, false, &answer);
                self.ready.insert(at);
                return;
            }
            (Act::RemoveLicenses { .. }, _) if message.contains("does not have a corresponding license") => {
                return self.done(flying, answer);
            }
            (Act::RemoveLicenses { .. }, _) if is_refusal(&answer) => return self.send_without(&flying, &answer),
            (Act::CreateGroup { .. }, _) if is_refusal(&answer) && self.live[at].adrift => {
                return self.seek_group(flying, answer);
            }
            (Act::DeleteUser { .. } | Act::RemoveMember { .. } | Act::ClearManager { .. }, _) if answer.is_absent() => {
                return self.done(flying, answer);
            }
            (Act::RestoreUser { id, .. }, _) if answer.is_absent() && self.live[at].adrift => {
                // Sent before without an answer: it had landed.
                let id = Some(id.clone());
                return self.done(flying, Answer { id, ..answer });
            }
            (Act::AddMembers { group, .. }, Part::Members(members))
                if members.len() > 1 && self.is_about_members(group, members, &answer) =>
            {
                return self.send_without(&flying, &answer);
            }
            (Act::AddMembers { .. }, _) if exists => return self.done(flying, answer),
            _ => {}
        }
        self.refuse(&flying, &answer);
    }

    /// Whether a refused PATCH of a group may go through with fewer members: the answer does not name the group itself, and the app may
    /// write members at all.
    fn is_about_members(&self, group: &Who, members: &[(String, Who)], answer: &Answer) -> bool {
        if answer.about != About::Request || !matches!(answer.status, Some(400 | 403 | 404 | 409)) {
            return false;
        }
        if answer.is_forbidden() && self.members.is_forbidden() {
            return false;
        }
        let message = answer.message.as_deref().unwrap_or_default();
        let names = |who: &Who| self.id_of(who).is_some_and(|id| message.contains(&id.to_string()));
        !names(group) || members.iter().any(|(_, who)| names(who))
    }

    /// This part of the step failed for good; the parts that are left still go.
    pub(super) fn refuse(&mut self, flying: &Flying, answer: &Answer) {
        let at = flying.at;
        match &flying.part {
            Part::Whole => {
                let mut miss = self.refused(at, self.detail(at), answer);
                if answer.is_name_taken() {
                    miss.taken = self.addresses(at);
                }
                return self.close(flying.request, at, answer, Some(miss));
            }
            Part::Edits(edits) => edits.keys().for_each(|attribute| self.miss_attribute(at, *attribute, answer)),
            Part::Members(members) => {
                self.members.refused_alone += u32::from(members.len() == 1 && answer.is_forbidden());
                let details = members.iter().map(|(key, _)| Detail::Member(key.clone()));
                let misses: Vec<Miss> = details.map(|detail| self.refused(at, detail, answer)).collect();
                self.live[at].misses.extend(misses);
            }
            Part::Licences(skus) => {
                let details = skus.iter().map(|sku| Detail::Licence(sku.clone()));
                let misses: Vec<Miss> = details.map(|detail| self.refused(at, detail, answer)).collect();
                self.live[at].misses.extend(misses);
            }
        }
        self.go_on(flying, answer);
    }

    pub(super) fn refused(&self, at: usize, detail: Detail, answer: &Answer) -> Miss {
        let mut miss = Miss::refused(self.live[at].step.act.name(), detail, answer);
        let faults = self.live[at].faults;
        if faults > 1 && answer.status.is_none_or(|status| status >= 500) {
            miss.text = format!("{}; tried {faults} times", miss.text.trim_end_matches('.'));
        }
        miss
    }

    /// Whether the step names an object that this run made so lately that not every replica knows it.
    fn is_young(&self, at: usize, members: &[(String, Who)]) -> bool {
        let other = match &self.live[at].step.act {
            Act::SetManager { manager: who, .. } | Act::RemoveMember { member: who, .. } => Some(who),
            _ => None,
        };
        let named = self.live[at].step.act.written().into_iter().chain(other).chain(members.iter().map(|(_, who)| who));
        named.filter_map(|who| self.id_of(who)).any(|id| self.born.get(&id).is_some_and(|born| born.elapsed() < YOUNG))
    }

    /// Journals the answer of a request after which the step goes on.
    pub(super) fn note(&mut self, request: u64, done: bool, answer: &Answer) {
        self.entry.answered.push(journaled(request, done, answer));
    }

    /// Journals the answer that ends the step.
    pub(super) fn close(&mut self, request: u64, at: usize, answer: &Answer, miss: Option<Miss>) {
        let done = matches!(answer.verdict, Verdict::Done) || (miss.is_none() && self.live[at].misses.is_empty());
        let (completes, leave) = self.conclude(at, miss);
        self.entry.answered.push(Answered { completes, leave, ..journaled(request, done, answer) });
    }
}

/// Nobody is there, or nobody lets us in.
fn is_faulty(answer: &Answer) -> bool {
    let between = answer.about == About::Way && answer.status != Some(429);
    let fault = between || answer.status.is_none_or(|status| status >= 500);
    let unsure = matches!(answer.verdict, Verdict::Unknown | Verdict::NotBefore(_));
    let barred = answer.about == About::Way && answer.status == Some(403);
    answer.is_locked_out() || barred || (fault && (unsure || is_unsent(answer)))
}

/// The writer could not send it at all: no connection, or no token.
fn is_unsent(answer: &Answer) -> bool {
    answer.status.is_none() && matches!(answer.code.as_deref(), Some("unreachable" | "no-token"))
}

fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(500 * (1 << attempt.min(5)))
}

fn unanswered() -> Answer {
    Answer {
        verdict: Verdict::Unknown,
        about: About::Way,
        id: None,
        request_id: None,
        status: None,
        code: None,
        message: None,
        details: Vec::new(),
        access_pass: None,
    }
}

fn journaled(request: u64, done: bool, answer: &Answer) -> Answered {
    Answered {
        request,
        done,
        id: answer.id.clone(),
        status: answer.status,
        code: answer.code.clone(),
        message: answer.message.clone(),
        request_id: answer.request_id.clone(),
        completes: false,
        leave: None,
    }
}
