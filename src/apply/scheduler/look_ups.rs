//! Look-ups of what a request without a clear answer left behind.

use std::time::Duration;

use tokio::time::Instant;

use super::responses::{ATTEMPTS, backoff};
use super::state::{Completion, InFlight, UnconfirmedCreate};
use super::{Detail, Miss, MissCause, Part, REPLICATION, Scheduler, StepAction};
use crate::directory::{ObjectId, roles};
use crate::target::{Answer, Found, Outcome, TargetError};

/// How often the look-up of one create may itself fail.
const LOOK_UPS: u32 = 8;

impl Scheduler<'_> {
    pub(super) fn doubt(&mut self, at: usize, request: u64, conflict: Option<Answer>) {
        // Where nothing was sent before that may have landed, a conflict is none with ourselves.
        let wait = if conflict.is_some() && !self.live[at].maybe_applied { Duration::ZERO } else { Duration::from_secs(1) };
        self.live[at].doubt = Some(UnconfirmedCreate { request, since: Instant::now(), faults: 0, conflict });
        self.waiting.insert((Instant::now() + wait, at));
    }

    /// Looks for a group that may have been made by a request that was not answered.
    pub(super) fn seek_group(&mut self, in_flight: InFlight, answer: Answer) {
        let StepAction::CreateGroup { unique_name, .. } = &self.live[in_flight.at].step.act else { return };
        let (target, unique_name) = (self.target, unique_name.clone());
        self.flights.push(Box::pin(async move {
            let found = target.find_group(&unique_name).await;
            Completion::Sought { in_flight, answer, found }
        }));
    }

    pub(super) fn sought(&mut self, in_flight: InFlight, answer: Answer, found: Result<Option<ObjectId>, TargetError>) {
        let attempts = self.live[in_flight.at].attempts;
        match found {
            Ok(Some(id)) => {
                let answer = Answer { outcome: Outcome::Done, id: Some(id), ..answer };
                self.done(in_flight, answer);
            }
            Ok(None) if answer.is_about_content() => self.refuse(&in_flight, &answer),
            _ if attempts > ATTEMPTS => self.refuse(&in_flight, &answer),
            _ => self.again(in_flight, &answer, Instant::now() + backoff(attempts)),
        }
    }

    pub(super) fn looked(&mut self, at: usize, found: Result<Found, TargetError>) {
        let Some(mut doubt) = self.live[at].doubt.take() else { return };
        let request = doubt.request;
        let in_flight = || InFlight { at, request, part: Part::Whole };
        let may_be_ours = self.live[at].maybe_applied;
        match found {
            Ok(Found::Ours(id)) => {
                let answer = Answer { outcome: Outcome::Done, id: Some(id), ..Answer::unanswered() };
                self.done(in_flight(), answer);
            }
            Ok(Found::Other) if may_be_ours && self.identity(at).is_none_or(|(_, key)| key.is_none()) => {
                // Without a key, the account cannot be recognised. The request stays open in the journal for an operator.
                let text = "it is unknown whether the account was created: it has no key by which it could be recognised";
                let missed = self.missed(at, MissCause::UnknownOutcome, text.to_owned());
                self.over(at, Some(missed));
            }
            Ok(Found::Nobody) if may_be_ours && doubt.since.elapsed() < REPLICATION => {
                self.live[at].doubt = Some(doubt);
                self.waiting.insert((Instant::now() + Duration::from_secs(2), at));
            }
            Ok(found) => match doubt.conflict.take() {
                Some(answer) => self.conflicted(&in_flight(), &found, &answer),
                None if found == Found::Other => self.conflicted(&in_flight(), &found, &Answer::unanswered()),
                None if self.live[at].attempts > ATTEMPTS => self.refuse(&in_flight(), &Answer::unanswered()),
                None => {
                    self.retried += 1;
                    self.note(request, false, &Answer::unanswered());
                    self.ready.insert(at);
                }
            },
            Err(error) => {
                doubt.faults += 1;
                if doubt.faults > LOOK_UPS {
                    // Left open in the journal: the next run settles it.
                    let missed = self.missed(
                        at,
                        MissCause::UnknownOutcome,
                        format!("it is unknown whether the account was created: {error}"),
                    );
                    return self.over(at, Some(missed));
                }
                let wait = backoff(doubt.faults);
                self.live[at].doubt = Some(doubt);
                self.waiting.insert((Instant::now() + wait, at));
            }
        }
    }

    /// A name of a create is another object's: it goes under the next one, or fails with the owner's name.
    pub(super) fn conflicted(&mut self, in_flight: &InFlight, found: &Found, answer: &Answer) {
        let at = in_flight.at;
        if self.create_under_another_name(at, found, answer) {
            self.note(in_flight.request, false, answer);
            self.ready.insert(at);
            return;
        }
        let taken = self.addresses(at);
        let mut miss = Miss { taken, ..self.refused(at, Detail::Whole, answer) };
        if answer.transcript.message.is_none() {
            miss.text = String::from("the userPrincipalName belongs to another account by now");
            miss.property = Some(roles::USER_PRINCIPAL_NAME.to_owned());
        }
        self.close(in_flight.request, at, answer, Some(miss));
    }
}
