//! The end of a run: what became of each change.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::{Applied, ApplyError, ObjectId, Scheduler, SkippedCode, Stop};
use crate::apply::outcome::{ChangeResult, ChangeState, Outcome};
use crate::plan::{Object, Skipped};

impl Scheduler<'_> {
    pub(super) fn end(mut self, started: Instant) -> Result<Applied, ApplyError> {
        let stopped = self.stop.take();
        if let Some(Stop::Broken(error)) = stopped {
            return Err(error);
        }
        let unreached: BTreeSet<usize> = self.live.iter().filter(|live| !live.over).map(|live| live.step.change).collect();
        for live in (0..self.live.len()).filter(|at| !self.live[*at].over).collect::<Vec<_>>() {
            let change = self.live[live].step.change;
            let failed = if self.live[live].doubt.is_some() {
                self.failed(live, "unknown-outcome", "whether the account was made is unknown; the next run finds out".into())
            } else {
                self.failed(live, "not-attempted", "the run ended before it".into())
            };
            self.failures[change].get_or_insert(failed);
        }
        let mut outcome = Outcome::of(self.plan, Some(&self.options.run));
        let mut results = Vec::with_capacity(self.plan.changes.len());
        for (at, change) in self.plan.changes.iter().enumerate() {
            let state = match &self.failures[at] {
                None => ChangeState::Done,
                Some(failed) if failed.code == "not-attempted" && unreached.contains(&at) => ChangeState::NotAttempted,
                Some(_) => ChangeState::Failed,
            };
            let made = match change.object {
                Object::User => self.users.get(&change.key),
                Object::Group => self.groups.get(&change.key),
            };
            let id: Option<ObjectId> = change.id.clone().or_else(|| made.cloned());
            results.push(ChangeResult { seq: change.seq, state, id });
        }
        outcome.applied = results.iter().filter(|result| result.state == ChangeState::Done).count() as u64;
        outcome.failed = self.failures.into_iter().flatten().collect();
        outcome.skipped.extend(self.refused.iter().map(|attribute| Skipped {
            key: None,
            id: None,
            code: SkippedCode::RefusedByGraph,
            message: format!("Graph refuses {} to this app; it needs {}", attribute.name, attribute.permission),
            left: false,
        }));
        outcome.requests = self.tenant.requests();
        outcome.requests.retried += self.retried;
        outcome.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Applied {
            outcome,
            results,
            created: self.users.into_iter().collect(),
            passes: self.passes,
            refused: self.refused,
            interrupted: matches!(stopped, Some(Stop::Interrupted)),
            gave_up: matches!(stopped, Some(Stop::GaveUp)),
        })
    }
}
