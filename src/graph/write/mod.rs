//! The writer: operations in batches, each response judged alone.

mod encode;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::directory::{Attribute, ObjectId};
use crate::graph::http::batch::{BatchItem, Fault, MOST, Reply};
use crate::graph::http::client::{Client, Lost};
use crate::graph::http::refusal::{self, refusal};
use crate::graph::http::response::{About, Judgement, ResponseFacts, cause, jittered, judge};
use crate::graph::read::parse;
use crate::record::lock;
use crate::target::{Answer, Cause, Culprits, Operation, Outcome, Refusal, Transcript};
use encode::{encode, missing_half, split};

/// How long an object that was just made may be unknown to some replica.
const YOUNG: Duration = Duration::from_secs(30);
/// How many batches, each sent after the one before was refused whole, it takes until none is tried for a while.
const REFUSED_BATCHES: u32 = 3;
/// How long that while is.
const WITHOUT_BATCHES: Duration = Duration::from_mins(1);
/// How often it is tried to reach Graph before a write is given up; nothing was sent until then.
const CONNECTS: u32 = 5;

/// Writes to the tenant. A dry run never creates one.
pub struct Writer {
    client: Arc<Client>,
    created_at: Mutex<HashMap<ObjectId, Instant>>,
    refused_batches: Mutex<RefusedBatches>,
}

/// Batches that were refused whole since one was taken.
#[derive(Default)]
struct RefusedBatches {
    times: u32,
    last: Option<Instant>,
}

impl RefusedBatches {
    /// Whether a batch is worth a try.
    fn let_one_go(&self) -> bool {
        self.times < REFUSED_BATCHES || self.last.is_none_or(|last| last.elapsed() >= WITHOUT_BATCHES)
    }

    /// One was refused that was begun then. Those that were in flight together count once.
    fn note(&mut self, begun: Instant) {
        self.times += u32::from(self.last.is_none_or(|last| begun >= last));
        self.last = Some(Instant::now());
    }
}

impl Writer {
    /// A writer over a connection.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, created_at: Mutex::default(), refused_batches: Mutex::default() }
    }

    /// The client that sends the requests, shared with the reader.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Remembers an object that was made moments ago and found by a look-up.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    pub fn remember_recent(&self, id: &ObjectId) {
        lock(&self.created_at).insert(id.clone(), Instant::now());
    }

    fn refused_batches(&self) -> MutexGuard<'_, RefusedBatches> {
        lock(&self.refused_batches)
    }

    fn is_recent(&self, operation: &Operation) -> bool {
        let created_at = lock(&self.created_at);
        operation.objects().iter().any(|id| created_at.get(*id).is_some_and(|since| since.elapsed() < YOUNG))
    }

    /// Sends operations, twenty to a batch, and answers each in its place.
    ///
    /// It waits for the quota, never fails as a whole, and repeats nothing that might have been done. An update that names
    /// employeeHireDate beside others is sent as two; its answer is that of the one that fared worse.
    ///
    /// # Panics
    /// Never: every operation has an answer.
    pub async fn send(&self, operations: Vec<Operation>) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = operations.iter().map(|_| None).collect();
        let mut parts: Vec<(usize, Operation)> = operations
            .into_iter()
            .enumerate()
            .flat_map(|(position, operation)| split(operation).into_iter().map(move |part| (position, part)))
            .collect();
        while !parts.is_empty() {
            let rest = parts.split_off(parts.len().min(MOST));
            let (positions, batch): (Vec<usize>, Vec<Operation>) = std::mem::replace(&mut parts, rest).into_iter().unzip();
            for (position, answer) in positions.into_iter().zip(self.batch(batch).await) {
                let slot = &mut answers[position];
                if slot.as_ref().is_none_or(Answer::is_done) {
                    *slot = Some(answer);
                }
            }
        }
        answers.into_iter().map(|answer| answer.expect("every operation has at least one part")).collect()
    }

    async fn batch(&self, operations: Vec<Operation>) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = operations.iter().map(|_| None).collect();
        let mut waiting: Vec<(usize, Operation)> = Vec::new();
        for (position, operation) in operations.into_iter().enumerate() {
            match self.complete(operation).await {
                Ok(operation) => waiting.push((position, operation)),
                Err(answer) => answers[position] = Some(answer),
            }
        }
        let mut renewed = false;
        while !waiting.is_empty() {
            let replies = self.exchange(&waiting).await;
            let mut again = Vec::new();
            for ((position, operation), reply) in waiting.into_iter().zip(replies) {
                if reply.transcript.status == Some(401) && !renewed {
                    again.push((position, operation.clone()));
                }
                answers[position] = Some(reply);
            }
            waiting = if !again.is_empty() && self.client.renew().await { again } else { Vec::new() };
            self.client.count_retries(waiting.len() as u64);
            renewed = true;
        }
        answers.into_iter().map(|answer| answer.expect("every operation was sent or refused")).collect()
    }

    /// One batch out, and one answer for each of its operations.
    async fn exchange(&self, operations: &[(usize, Operation)]) -> Vec<Answer> {
        let all = |answer: &dyn Fn(&Operation) -> Answer| operations.iter().map(|(_, operation)| answer(operation)).collect();
        let requests: Vec<BatchItem> = operations.iter().map(|(_, operation)| encode(operation, self.client.base())).collect();
        let requests: Vec<&BatchItem> = requests.iter().collect();
        if !self.refused_batches().let_one_go() {
            return self.one_by_one(operations, &requests).await;
        }
        let begun = Instant::now();
        let mut attempt = 0;
        let mut watch = self.client.watch();
        loop {
            attempt += 1;
            match self.client.batch(&requests).await {
                Ok(Ok(replies)) => {
                    *self.refused_batches() = RefusedBatches::default();
                    let pairs = operations.iter().zip(replies);
                    return pairs.map(|((_, operation), reply)| self.judged(operation, reply.as_ref())).collect();
                }
                Ok(Err(outer)) if is_no_batch(&outer) => {
                    self.refused_batches().note(begun);
                    return self.one_by_one(operations, &requests).await;
                }
                Ok(Err(outer)) => return all(&|operation| self.judged(operation, Some(&outer))),
                Err(Lost::Unsent(_)) if attempt < CONNECTS && !self.client.is_stopping() => {
                    self.client.count_retries(1);
                    watch.during(tokio::time::sleep(jittered(Duration::from_millis(250 << attempt)))).await;
                }
                Err(lost) => return all(&|_| unheard(&lost)),
            }
        }
    }

    /// The same without a batch.
    async fn one_by_one(&self, operations: &[(usize, Operation)], requests: &[&BatchItem]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(operations.len());
        for ((_, operation), request) in operations.iter().zip(requests) {
            answers.push(match self.client.single(request).await {
                Ok(reply) => self.judged(operation, Some(&reply)),
                Err(lost) => unheard(&lost),
            });
        }
        answers
    }

    fn judged(&self, operation: &Operation, reply: Option<&Reply>) -> Answer {
        let Some(reply) = reply else {
            let transcript = Transcript::ours("no-answer", "the batch was answered without this item");
            return Answer::of(Outcome::Unknown(Cause::Transport), transcript);
        };
        let fault = reply.fault();
        let judgement = judge(ResponseFacts {
            status: reply.status,
            about: fault.about,
            code: fault.code.as_deref().unwrap_or_default(),
            message: fault.message.as_deref().unwrap_or_default(),
            retry_after: reply.retry_after(),
            repeatable: operation.repeatable(),
            recent: !reply.is_success() && self.is_recent(operation),
        });
        tracing::debug!(operation = operation.name(), status = reply.status, code = fault.code, "judged");
        let cause = cause(reply.status, fault.about);
        let mut culprits = Culprits::default();
        let outcome = match judgement {
            Judgement::Done => Outcome::Done,
            Judgement::After(wait) => Outcome::Retry { not_before: Instant::now() + jittered(wait), cause },
            Judgement::Unknown => Outcome::Unknown(cause),
            Judgement::Final => {
                let refusal = refusal(operation, reply.status, &fault);
                culprits = refusal::culprits(operation, &refusal, &fault);
                Outcome::Refused(refusal)
            }
        };
        let (id, access_pass) = if outcome == Outcome::Done { results(operation, reply) } else { (None, None) };
        if let Some(id) = &id {
            self.remember_recent(id);
        }
        let Fault { code, message, request_id, .. } = fault;
        let transcript = Transcript { status: Some(reply.status), code, message, request_id };
        Answer { id, access_pass, culprits, ..Answer::of(outcome, transcript) }
    }

    /// Adds the half of employeeOrgData that an update does not name, as it is: Graph would clear it.
    async fn complete(&self, operation: Operation) -> Result<Operation, Answer> {
        let Some((id, half)) = missing_half(&operation) else { return Ok(operation) };
        let request = BatchItem::get(format!("/users/{id}?$select=id,employeeOrgData"));
        let reply = match self.client.single(&request).await {
            Ok(reply) if reply.is_success() => reply,
            Ok(reply) => return Err(self.judged(&operation, Some(&reply))),
            Err(lost @ Lost::Token(_)) => return Err(unheard(&lost)),
            // Nothing was written yet, so it can simply be tried again.
            Err(Lost::Unsent(silence) | Lost::Cut(silence)) => {
                let not_before = Instant::now() + jittered(Duration::from_secs(2));
                let outcome = Outcome::Retry { not_before, cause: Cause::Transport };
                return Err(Answer::of(outcome, Transcript::ours("no-answer", silence.reason)));
            }
        };
        let attribute = Attribute::find(half).expect("both halves are in the catalogue");
        let value = reply.json().and_then(|user| parse::value(&user, attribute));
        Ok(match operation {
            Operation::UpdateUser { id, mut edits } => {
                edits.insert(attribute, value);
                Operation::UpdateUser { id, edits }
            }
            other => other,
        })
    }
}

/// Whether a batch was refused as such: nothing in it was looked at, and its status is that of none of them. A 404 of the batch is no
/// "already gone", and a gateway that answers 403 may dislike a single body in it. Where the app itself is refused, no other way helps.
fn is_no_batch(outer: &Reply) -> bool {
    matches!(outer.status, 400 | 403..=407 | 410..=422 | 431) && outer.fault().about != About::App
}

/// What a successful response contains: the id of a created or restored object, or an access pass.
fn results(operation: &Operation, reply: &Reply) -> (Option<ObjectId>, Option<SecretString>) {
    let body = reply.json();
    let text = |name: &str| body.as_ref().and_then(|body| body[name].as_str());
    match operation {
        Operation::CreateUser { .. } | Operation::CreateGroup { .. } => (text("id").and_then(ObjectId::new), None),
        Operation::RestoreUser { id, .. } => (Some(id.clone()), None),
        Operation::CreateTap { .. } => (None, text("temporaryAccessPass").map(SecretString::from)),
        _ => (None, None),
    }
}

fn unheard(lost: &Lost) -> Answer {
    let (outcome, transcript) = match lost {
        Lost::Unsent(silence) => (Outcome::Refused(Refusal::Unsent), Transcript::ours("unreachable", &silence.reason)),
        Lost::Token(error) => (Outcome::Refused(Refusal::Unsent), Transcript::ours("no-token", error.to_string())),
        Lost::Cut(silence) => (Outcome::Unknown(Cause::Transport), Transcript::ours("no-answer", &silence.reason)),
    };
    Answer::of(outcome, transcript)
}
