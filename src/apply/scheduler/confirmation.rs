//! What became of requests that the target accepted and carries out later.

use super::{InFlight, Scheduler};
use crate::directory::ObjectId;
use crate::target::{Answer, Outcome};

impl Scheduler<'_> {
    /// The target accepted a request: nothing waits for it, and its answer is asked for once all is sent.
    pub(super) fn accept(&mut self, in_flight: InFlight) {
        self.accepted.push(in_flight);
    }

    /// Asks the target what became of all that it accepted. What is unknown stays without an answer in the journal: the next run asks for
    /// it before it plans.
    pub(super) async fn confirm(&mut self) {
        let accepted = std::mem::take(&mut self.accepted);
        if accepted.is_empty() {
            return;
        }
        let objects: Vec<ObjectId> = accepted.iter().filter_map(|sent| self.object_of(sent.at)).collect();
        let mut cancel = self.options.cancel.clone();
        let answers = if self.stop.is_some() {
            Vec::new()
        } else {
            tokio::select! {
                biased;
                answers = self.target.confirm(objects) => answers,
                _ = cancel.wait_for(|stop| *stop) => Vec::new(),
            }
        };
        let silent = accepted.len().saturating_sub(answers.len());
        let answers = answers.into_iter().map(Some).chain(std::iter::repeat_n(None, silent));
        for (in_flight, answer) in accepted.into_iter().zip(answers) {
            match answer {
                Some(answer) if answer.is_done() => self.done(in_flight, answer),
                Some(answer @ Answer { outcome: Outcome::Refused(_), .. }) => self.refuse(&in_flight, &answer),
                _ => self.leave_open(in_flight.at),
            }
        }
        self.keep();
    }

    /// A step ends without an answer.
    fn leave_open(&mut self, at: usize) {
        self.unconfirmed.insert(self.live[at].step.change);
        self.conclude(at, None);
    }
}
