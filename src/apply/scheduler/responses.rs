//! What an answer means for its step: finished, to be sent again, or to be looked up.

use std::time::Duration;

use tokio::time::Instant;

use super::{Answered, Completion, Detail, Edits, InFlight, Miss, ObjectRef, Part, Scheduler, StepAction};
use crate::apply::step::ALONE;
use crate::target::{Answer, Cause, Outcome, Refusal, Transcript};

/// How often a request is sent again after faults of the service.
pub(super) const ATTEMPTS: u32 = 8;
/// How often a request is sent again after it was throttled. Each answer names its own moment, so this only ends what would never end.
const THROTTLES: u32 = 200;
/// How long a replica may not know an object that was just created.
const RECENT: Duration = Duration::from_mins(1);

impl Scheduler<'_> {
    pub(super) fn land(&mut self, landing: Completion) {
        match landing {
            Completion::Answers { started, in_flight, answers } => {
                self.batches_out -= 1;
                self.heed_the_dead(started, &in_flight, &answers);
                let silent = in_flight.len().saturating_sub(answers.len());
                let answers = answers.into_iter().map(Some).chain(std::iter::repeat_n(None, silent));
                for (in_flight, answer) in in_flight.into_iter().zip(answers) {
                    let answer = answer.unwrap_or_else(Answer::unanswered);
                    if answer.is_faulty() {
                        let live = &mut self.live[in_flight.at];
                        live.faults += 1;
                        live.first_fault.get_or_insert(started);
                    }
                    self.judge(in_flight, answer);
                }
            }
            Completion::Looked { at, found } => self.looked(at, found),
            Completion::Sought { in_flight, answer, found } => self.sought(in_flight, answer, found),
            Completion::Group { in_flight, answer, found } => {
                let id = found.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the group cannot be looked up");
                    None
                });
                self.made(&in_flight, Answer { id, ..answer });
            }
        }
    }

    fn judge(&mut self, in_flight: InFlight, answer: Answer) {
        let at = in_flight.at;
        match answer.outcome {
            Outcome::Done => self.done(in_flight, answer),
            Outcome::Retry { not_before, cause } => {
                let live = &mut self.live[at];
                // Recent objects, locks and concurrent changes have a bound of their own, as a rate limit has.
                let throttled = matches!(cause, Cause::Throttled | Cause::Busy);
                let (count, most) = if throttled { (&mut live.throttles, THROTTLES) } else { (&mut live.attempts, ATTEMPTS) };
                *count += 1;
                let spent = *count > most;
                // A service that asks for no wait at all is asked less and less often nevertheless.
                let moment = not_before.max(Instant::now() + Duration::from_millis(50 << (*count).min(7)));
                match spent {
                    true if throttled => self.refuse(&in_flight, &answer),
                    true => self.spent(&in_flight, &answer),
                    false => self.again(in_flight, &answer, moment),
                }
            }
            Outcome::Pending if self.target.capabilities().asynchronous => self.accept(in_flight),
            Outcome::Unknown(_) | Outcome::Pending | Outcome::Refused(Refusal::Unsent) => self.unknown(in_flight, &answer),
            Outcome::Refused(_) => self.refused_for_good(in_flight, answer),
        }
    }

    pub(super) fn done(&mut self, in_flight: InFlight, answer: Answer) {
        let step = &self.live[in_flight.at].step;
        self.progress[step.change].any_done = true;
        match &step.act {
            // It was there already, and Graph then does not name it.
            StepAction::CreateGroup { unique_name, .. } if answer.id.is_none() => {
                let (target, unique_name) = (self.target, unique_name.clone());
                self.flights.push(Box::pin(async move {
                    let found = target.find_group(&unique_name).await;
                    Completion::Group { in_flight, answer, found }
                }));
            }
            _ => self.made(&in_flight, answer),
        }
    }

    fn made(&mut self, in_flight: &InFlight, mut answer: Answer) {
        let at = in_flight.at;
        let id = answer.id.clone();
        let key = self.plan.changes[self.live[at].step.change].key.clone();
        match (&self.live[at].step.act, &id) {
            (StepAction::CreateUser { .. } | StepAction::PutUser { is_new: true, .. }, Some(id)) => {
                self.users.insert(key, id.clone());
            }
            (StepAction::CreateGroup { .. }, Some(id)) => _ = self.groups.insert(key, id.clone()),
            (StepAction::CreateUser { .. } | StepAction::CreateGroup { .. }, None) if in_flight.part == Part::Whole => {
                // It is there, but its id is not known: the next run finds it.
                let text = "Graph returned no id for the object that it created".into();
                let miss = Miss { text, ..self.refused(at, Detail::Whole, &answer) };
                return self.close(in_flight.request, at, &answer, Some(miss));
            }
            _ => {}
        }
        if let Some(pass) = answer.access_pass.take() {
            let key = self.plan.changes[self.live[at].step.change].key.clone();
            self.passes.insert(key, pass);
        }
        let newborn = match &self.live[at].step.act {
            StepAction::RestoreUser { id, .. } => Some(id.clone()),
            _ => id,
        };
        if let Some(id) = newborn {
            self.created_at.insert(id, Instant::now());
        }
        self.achieve(in_flight);
        if !self.live[at].parts.is_empty() {
            self.note(in_flight.request, true, &answer);
            self.ready.insert(at);
            return;
        }
        self.close(in_flight.request, at, &answer, None);
    }

    /// A request went through: what it carried is written, and what it left out has an account now.
    fn achieve(&mut self, in_flight: &InFlight) {
        let live = &mut self.live[in_flight.at];
        let achieved = &mut self.progress[live.step.change].achieved;
        match (&live.step.act, &in_flight.part) {
            (_, Part::Edits(edits)) => {
                self.written.extend(edits.keys().copied());
                self.updated.extend(edits.keys().copied());
                achieved.extend(live.step.act.enables().map(|to| if to { "enabled" } else { "disabled" }));
            }
            (StepAction::PutUser { attributes, is_new, .. }, _) => {
                self.written.extend(attributes.keys().copied());
                if *is_new {
                    achieved.push("created");
                }
            }
            (StepAction::CreateUser { attributes }, _) => {
                self.written.extend(attributes.keys().copied());
                achieved.push("created");
            }
            (StepAction::CreateGroup { .. }, _) => achieved.push("created"),
            (StepAction::AddMembers { .. }, Part::Members(members)) => {
                self.members.added.extend(members.iter().map(|(_, who)| (in_flight.at, who.clone())));
            }
            (StepAction::RestoreUser { .. }, _) => achieved.push("restored"),
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

    pub(super) fn again(&mut self, in_flight: InFlight, answer: &Answer, moment: Instant) {
        self.retried += 1;
        self.note(in_flight.request, false, answer);
        if in_flight.part != Part::Whole {
            self.live[in_flight.at].parts.push_front(in_flight.part);
        }
        self.waiting.insert((moment, in_flight.at));
        if self.target.capabilities().asynchronous {
            // Reports must not overtake their managers while these wait.
            self.pause = self.pause.max(Some(moment));
        }
    }

    fn unknown(&mut self, in_flight: InFlight, answer: &Answer) {
        let at = in_flight.at;
        self.live[at].attempts += 1;
        self.live[at].maybe_applied |= !answer.is_unsent() && answer.outcome != Outcome::Unknown(Cause::Misrouted);
        let attempts = self.live[at].attempts;
        if matches!(self.live[at].step.act, StepAction::CreateUser { .. }) && in_flight.part == Part::Whole && !answer.is_unsent()
        {
            // Stays without an answer in the journal until it is found.
            return self.doubt(at, in_flight.request, None);
        }
        if matches!(self.live[at].step.act, StepAction::CreateGroup { .. }) && self.live[at].maybe_applied {
            // Sent again it would carry what Graph takes for new groups alone.
            return self.seek_group(in_flight, answer.clone());
        }
        if attempts > ATTEMPTS {
            return self.spent(&in_flight, answer);
        }
        self.again(in_flight, answer, Instant::now() + backoff(attempts));
    }

    /// The service failed too often over this request. Over one member it may fail always: the others are sent without, each part twice.
    fn spent(&mut self, in_flight: &InFlight, answer: &Answer) {
        if in_flight.part.members().len() < 2 {
            return self.refuse(in_flight, answer);
        }
        self.live[in_flight.at].attempts = ATTEMPTS - 1;
        self.send_without(in_flight, answer);
    }

    /// A refusal, unless the object is as it should be already, or less is to be sent.
    fn refused_for_good(&mut self, in_flight: InFlight, answer: Answer) {
        let at = in_flight.at;
        if answer.is_absent() && self.is_recent(at, in_flight.part.members()) {
            let attempts = self.live[at].attempts + 1;
            self.live[at].attempts = attempts;
            return self.again(in_flight, &answer, Instant::now() + backoff(attempts));
        }
        let refusal = answer.refusal().cloned().unwrap_or(Refusal::Other);
        match (&self.live[at].step.act, &in_flight.part, &refusal) {
            (StepAction::CreateUser { .. } | StepAction::Update { .. }, Part::Edits(_), _) if answer.is_about_content() => {
                self.send_without(&in_flight, &answer);
            }
            (StepAction::CreateUser { .. }, _, Refusal::NameTaken(_)) => self.doubt(at, in_flight.request, Some(answer)),
            (StepAction::CreateUser { .. }, _, _) if answer.is_about_content() => {
                if !self.create_with_less(at, &answer) {
                    return self.refuse(&in_flight, &answer);
                }
                self.note(in_flight.request, false, &answer);
                self.ready.insert(at);
            }
            (StepAction::RemoveLicenses { .. }, _, refusal) if *refusal != Refusal::AlreadyDone && answer.is_about_content() => {
                self.send_without(&in_flight, &answer);
            }
            (StepAction::CreateGroup { .. }, _, _) if answer.is_about_content() && self.live[at].maybe_applied => {
                self.seek_group(in_flight, answer);
            }
            (StepAction::RestoreUser { id, .. }, _, Refusal::Absent) if self.live[at].maybe_applied => {
                // It was sent before without an answer, and that request was applied.
                let id = Some(id.clone());
                self.done(in_flight, Answer { id, ..answer });
            }
            (StepAction::AddMembers { group, .. }, Part::Members(members), _)
                if members.len() > 1 && self.is_about_members(group, members, &answer) =>
            {
                self.send_without(&in_flight, &answer);
            }
            (
                StepAction::DeleteUser { .. } | StepAction::RemoveMember { .. } | StepAction::ClearManager { .. },
                _,
                Refusal::Absent,
            )
            | (StepAction::RemoveLicenses { .. }, _, Refusal::AlreadyDone)
            | (StepAction::AddMembers { .. }, _, Refusal::AlreadyMember) => self.done(in_flight, answer),
            _ => self.refuse(&in_flight, &answer),
        }
    }

    /// Whether a refused addition may succeed with fewer members: the refusal does not name the group itself, and the app may write
    /// members at all.
    fn is_about_members(&self, group: &ObjectRef, members: &[(String, ObjectRef)], answer: &Answer) -> bool {
        if !answer.is_about_content() && !answer.is_absent() {
            return false;
        }
        if answer.is_forbidden() && self.members.is_forbidden() {
            return false;
        }
        let names = |who: &ObjectRef| self.id_of(who).is_some_and(|id| answer.culprits.objects.contains(&id));
        !names(group) || members.iter().any(|(_, who)| names(who))
    }

    /// This part of the step failed for good; the parts that are left still go.
    pub(super) fn refuse(&mut self, in_flight: &InFlight, answer: &Answer) {
        let at = in_flight.at;
        match &in_flight.part {
            Part::Whole => {
                let mut miss = self.refused(at, self.detail(at), answer);
                if answer.name_conflict().is_some() {
                    miss.taken = self.addresses(at);
                }
                return self.close(in_flight.request, at, answer, Some(miss));
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
        self.go_on(in_flight, answer);
    }

    pub(super) fn refused(&self, at: usize, detail: Detail, answer: &Answer) -> Miss {
        let mut miss = Miss::refused(self.live[at].step.act.name(), detail, answer);
        let faults = self.live[at].faults;
        if faults > 1 && answer.is_faulty() {
            miss.text = format!("{}; tried {faults} times", miss.text.trim_end_matches('.'));
        }
        miss
    }

    /// Whether the step names an object that this run made so lately that not every replica knows it.
    fn is_recent(&self, at: usize, members: &[(String, ObjectRef)]) -> bool {
        let other = match &self.live[at].step.act {
            StepAction::SetManager { manager: who, .. } | StepAction::RemoveMember { member: who, .. } => Some(who),
            _ => None,
        };
        let named = self.live[at].step.act.written().into_iter().chain(other).chain(members.iter().map(|(_, who)| who));
        named
            .filter_map(|who| self.id_of(who))
            .any(|id| self.created_at.get(&id).is_some_and(|created_at| created_at.elapsed() < RECENT))
    }

    /// Journals the answer of a request after which the step goes on.
    pub(super) fn note(&mut self, request: u64, done: bool, answer: &Answer) {
        self.entry.answered.push(journaled(request, done, answer));
    }

    /// Journals the answer that ends the step.
    pub(super) fn close(&mut self, request: u64, at: usize, answer: &Answer, miss: Option<Miss>) {
        let done = answer.is_done() || (miss.is_none() && self.live[at].misses.is_empty());
        let (completes, leave) = self.conclude(at, miss);
        self.entry.answered.push(Answered { completes, leave, ..journaled(request, done, answer) });
    }
}

pub(super) fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(500 * (1 << attempt.min(5)))
}

fn journaled(request: u64, done: bool, answer: &Answer) -> Answered {
    let Transcript { status, code, message, request_id } = answer.transcript.clone();
    Answered { request, done, id: answer.id.clone(), status, code, message, request_id, completes: false, leave: None }
}
