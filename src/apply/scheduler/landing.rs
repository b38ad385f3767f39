//! What an answer means for its step: over, again, or in doubt.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Act, Answer, Answered, Attribute, CLOSED, Closed, DEAD, Doubt, Failed, Flying, Found, Landing, REPLICATION, Scheduler, Stop,
    Who,
};
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
                self.heed_the_dead(started, &answers);
                let silent = flying.len().saturating_sub(answers.len());
                let answers = answers.into_iter().map(Some).chain(std::iter::repeat_n(None, silent));
                for (flying, answer) in flying.into_iter().zip(answers) {
                    self.judge(flying, answer.unwrap_or_else(unanswered));
                }
            }
            Landing::Looked { at, found } => self.looked(at, found),
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
    fn heed_the_dead(&mut self, started: Instant, answers: &[Answer]) {
        if *self.options.cancel.borrow() {
            // What an interrupt kept from being sent says nothing of the service.
            return;
        }
        if !answers.iter().all(is_faulty) {
            self.dead = 0;
            self.pause = None;
            return self.heed_the_closed(answers);
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
                if spent { self.refuse(&flying, &answer) } else { self.again(flying, &answer, moment) }
            }
            Verdict::Unknown => self.unknown(flying, &answer),
            Verdict::Final if is_unsent(&answer) => self.unknown(flying, &answer),
            Verdict::Final => self.finally(flying, answer),
        }
    }

    fn done(&mut self, flying: Flying, answer: Answer) {
        self.any_done = true;
        match &self.live[flying.at].step.act {
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
            (Act::CreateUser { .. } | Act::CreateGroup { .. }, None) => {
                // It is there, but its id is not known: the next run finds it.
                let failed = self.told_failure(at, &answer, "Graph named no id for the object that it made".into());
                return self.close(flying.request, at, &answer, Some(failed));
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
        if !self.live[at].parts.is_empty() {
            self.note(flying.request, true, &answer);
            self.ready.insert(at);
            return;
        }
        let failure = self.judge_trimmed(at);
        self.close(flying.request, at, &answer, failure);
    }

    /// What was left out of an update after a 403: refused to this app, or a failure of this change.
    fn judge_trimmed(&mut self, at: usize) -> Option<Failed> {
        let (attributes, answer) = self.live[at].trimmed.take()?;
        let (own, ordinary): (Vec<_>, Vec<_>) = attributes.into_iter().partition(|attribute| has_own_rule(*attribute));
        self.refused.extend(own);
        if ordinary.is_empty() {
            return None;
        }
        let names: Vec<&str> = ordinary.iter().map(|attribute| attribute.name).collect();
        let message = format!("Graph refuses {}: {}", names.join(", "), answer.message.as_deref().unwrap_or("no reason given"));
        Some(self.told_failure(at, &answer, message))
    }

    fn again(&mut self, flying: Flying, answer: &Answer, moment: Instant) {
        self.retried += 1;
        self.note(flying.request, false, answer);
        if !flying.members.is_empty() {
            self.live[flying.at].parts.push_front(flying.members);
        }
        self.waiting.insert((moment, flying.at));
    }

    fn unknown(&mut self, flying: Flying, answer: &Answer) {
        let at = flying.at;
        self.live[at].attempts += 1;
        // A gateway that knows no such page has passed nothing on.
        self.live[at].adrift |= !is_unsent(answer) && answer.status != Some(404);
        let attempts = self.live[at].attempts;
        if matches!(self.live[at].step.act, Act::CreateUser { .. }) && !is_unsent(answer) {
            // Stays without an answer in the journal until it is found.
            return self.doubt(at, flying.request, None);
        }
        if attempts > ATTEMPTS {
            return self.refuse(&flying, answer);
        }
        self.again(flying, answer, Instant::now() + backoff(attempts));
    }

    fn doubt(&mut self, at: usize, request: u64, conflict: Option<Answer>) {
        self.live[at].doubt = Some(Doubt { request, since: Instant::now(), faults: 0, conflict });
        self.waiting.insert((Instant::now() + Duration::from_secs(1), at));
    }

    fn looked(&mut self, at: usize, found: Result<Found, String>) {
        let Some(mut doubt) = self.live[at].doubt.take() else { return };
        let request = doubt.request;
        match found {
            Ok(Found::Ours(id)) => {
                let answer = Answer { verdict: Verdict::Done, id: Some(id), ..unanswered() };
                self.done(Flying { at, request, members: Vec::new() }, answer);
            }
            Ok(Found::Other) => {
                let answer = doubt.conflict.take().unwrap_or_else(unanswered);
                let message = "the userPrincipalName belongs to somebody else by now".to_owned();
                let failed = self.told_failure(at, &answer, message);
                self.close(request, at, &answer, Some(failed));
            }
            Ok(Found::Nobody) if doubt.since.elapsed() < REPLICATION => {
                self.live[at].doubt = Some(doubt);
                self.waiting.insert((Instant::now() + Duration::from_secs(2), at));
            }
            Ok(Found::Nobody) => match doubt.conflict.take() {
                Some(answer) => self.refuse(&Flying { at, request, members: Vec::new() }, &answer),
                None if self.live[at].attempts > ATTEMPTS => {
                    self.refuse(&Flying { at, request, members: Vec::new() }, &unanswered());
                }
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
                    let failed =
                        self.failed(at, "unknown-outcome", format!("whether the account was made is unknown: {message}"));
                    return self.over(at, Some(failed));
                }
                let wait = backoff(doubt.faults);
                self.live[at].doubt = Some(doubt);
                self.waiting.insert((Instant::now() + wait, at));
            }
        }
    }

    /// A refusal, unless it means that all is well already, or that less should be asked.
    fn finally(&mut self, flying: Flying, answer: Answer) {
        let at = flying.at;
        let status = answer.status.unwrap_or(0);
        let message = answer.message.as_deref().unwrap_or_default().to_lowercase();
        let exists = message.contains("already exist");
        if status == 404 && self.is_young(at, &flying.members) {
            let attempts = self.live[at].attempts + 1;
            self.live[at].attempts = attempts;
            return self.again(flying, &answer, Instant::now() + backoff(attempts));
        }
        match &self.live[at].step.act {
            Act::CreateUser { .. } if answer.is_name_taken() => {
                return self.doubt(at, flying.request, Some(answer));
            }
            Act::DeleteUser { .. } | Act::RemoveMember { .. } | Act::ClearManager { .. } if answer.is_absent() => {
                return self.done(flying, answer);
            }
            Act::RestoreUser { id, .. } if answer.is_absent() && self.live[at].adrift => {
                // Sent before without an answer: it had landed.
                let id = Some(id.clone());
                return self.done(flying, Answer { id, ..answer });
            }
            Act::AddMembers { .. } if flying.members.len() > 1 && matches!(status, 400 | 404 | 409) => {
                let mut members = flying.members;
                let rest = members.split_off(members.len() / 2);
                self.live[at].parts.push_front(rest);
                self.live[at].parts.push_front(members);
                self.note(flying.request, false, &answer);
                self.ready.insert(at);
                return;
            }
            Act::AddMembers { .. } if exists => return self.done(flying, answer),
            Act::Update { .. } | Act::CreateUser { .. } if answer.is_forbidden() => {
                if self.trim(at, &answer) {
                    self.note(flying.request, false, &answer);
                    self.ready.insert(at);
                    return;
                }
                if self.is_refused_alone(at) {
                    return self.close(flying.request, at, &answer, None);
                }
            }
            _ => {}
        }
        self.refuse(&flying, &answer);
    }

    /// The step failed for good; the parts of a group's members that are left still go.
    fn refuse(&mut self, flying: &Flying, answer: &Answer) {
        let at = flying.at;
        let text = answer.message.clone().unwrap_or_else(|| "no answer from the service".into());
        let text = match flying.members.as_slice() {
            [(key, _)] => format!("member {key}: {text}"),
            _ => text,
        };
        // The answer to the whole update, where the trimmed one was refused too.
        let failed = self.told_failure(at, answer, text);
        if self.live[at].parts.is_empty() {
            return self.close(flying.request, at, answer, Some(failed));
        }
        self.live[at].failure.get_or_insert(failed);
        self.note(flying.request, false, answer);
        self.ready.insert(at);
    }

    /// Takes out of an update what Graph may refuse to this app while the rest would land. Once for a step.
    fn trim(&mut self, at: usize, answer: &Answer) -> bool {
        let live = &mut self.live[at];
        if live.trimmed.is_some() {
            return false;
        }
        let creates = matches!(live.step.act, Act::CreateUser { .. });
        let suspect = |attribute: &Attribute| {
            let demanded = creates && matches!(attribute.name, "accountEnabled" | "userPrincipalName");
            !demanded && (attribute.sensitive || has_own_rule(*attribute))
        };
        let suspects: Vec<Attribute> = match &mut live.step.act {
            Act::CreateUser { attributes } => attributes.extract_if(.., |name, _| suspect(name)).map(|(name, _)| name).collect(),
            Act::Update { edits, .. } if edits.keys().any(|name| !suspect(name)) => {
                edits.extract_if(.., |name, _| suspect(name)).map(|(name, _)| name).collect()
            }
            _ => Vec::new(),
        };
        if suspects.is_empty() {
            return false;
        }
        live.trimmed = Some((suspects, answer.clone()));
        true
    }

    /// An update of nothing but what needs a permission of its own, in a run whose other writes are let through.
    fn is_refused_alone(&mut self, at: usize) -> bool {
        let Act::Update { edits, .. } = &self.live[at].step.act else { return false };
        let alone = self.any_done && self.live[at].trimmed.is_none() && edits.keys().all(|name| has_own_rule(*name));
        if alone {
            self.refused.extend(edits.keys().copied());
        }
        alone
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
    fn note(&mut self, request: u64, done: bool, answer: &Answer) {
        self.entry.answered.push(journaled(request, done, answer));
    }

    /// Journals the answer that ends the step.
    fn close(&mut self, request: u64, at: usize, answer: &Answer, failure: Option<Failed>) {
        let done = matches!(answer.verdict, Verdict::Done) || (failure.is_none() && self.live[at].failure.is_none());
        let (completes, leave) = self.conclude(at, failure);
        self.entry.answered.push(Answered { completes, leave, ..journaled(request, done, answer) });
    }

    fn told_failure(&self, at: usize, answer: &Answer, message: String) -> Failed {
        let code = answer.code.clone().unwrap_or_else(|| match answer.status {
            Some(status) => format!("http-{status}"),
            None => "no-answer".into(),
        });
        Failed { status: answer.status, request_id: answer.request_id.clone(), ..self.failed(at, &code, message) }
    }
}

/// Attributes that need a permission of their own, apart from what blocks or names an account.
fn has_own_rule(attribute: Attribute) -> bool {
    let own = attribute.permission != "User.ReadWrite.All" || attribute.name == "employeeHireDate";
    own && !matches!(attribute.name, "accountEnabled" | "userPrincipalName")
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
