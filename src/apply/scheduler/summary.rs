//! The end of a run: what became of each change.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::misses::{Detail, MissCause, refused_to_app};
use super::{Applied, ApplyError, Attribute, ObjectId, Scheduler, StepStage, Stop};
use crate::apply::outcome::{ChangeResult, ChangeState, Outcome};
use crate::apply::owners::owner_in;
use crate::plan::{Change, Object, Skipped};

/// The most refused values for which the owner is looked up.
const OWNERS: usize = 20;

impl Scheduler<'_> {
    /// Finds out which objects have the addresses for which something was refused: in the snapshot, else in the tenant.
    pub(super) async fn name_owners(&mut self) {
        let stopped = self.stop.is_some();
        let mut left = OWNERS;
        for (at, progress) in self.progress.iter_mut().enumerate() {
            let own = self.plan.changes[at].id.as_ref();
            for miss in progress.misses.iter_mut().filter(|miss| miss.owner.is_none() && !miss.taken.is_empty()) {
                if left == 0 {
                    return;
                }
                left -= 1;
                let mut known =
                    miss.taken.iter().find_map(|address| Some((owner_in(self.options.snapshot, address, own)?, address.clone())));
                for address in &miss.taken {
                    if known.is_some() || stopped {
                        break;
                    }
                    let owner = self.target.find_owner(address).await.filter(|owner| Some(&owner.id) != own);
                    known = owner.map(|owner| (owner, address.clone()));
                }
                if let Some((owner, address)) = known {
                    miss.owner = Some(owner.to_string());
                    miss.taken = vec![address];
                }
            }
        }
    }

    /// What is refused to the app is one entry, and no failure of each person.
    fn take_refused(&mut self) -> BTreeMap<Attribute, BTreeSet<usize>> {
        let refused = refused_to_app(&self.progress, &self.written, &self.options);
        for progress in &mut self.progress {
            progress.misses.retain(|miss| match miss.detail {
                Detail::Attribute(attribute) => !(miss.forbidden && refused.contains_key(&attribute)),
                _ => true,
            });
        }
        refused
    }

    /// What was not reached is missed, once for a change; gives those changes.
    fn miss_the_unreached(&mut self) -> BTreeSet<usize> {
        let mut unreached = BTreeSet::new();
        for at in (0..self.live.len()).filter(|at| self.live[*at].stage != StepStage::Finished).collect::<Vec<_>>() {
            let change = self.live[at].step.change;
            let missed = if self.live[at].doubt.is_some() {
                self.missed(
                    at,
                    MissCause::UnknownOutcome,
                    "it is unknown whether the account was created; the next run finds out".into(),
                )
            } else {
                self.missed(at, MissCause::NotAttempted, "the run ended before this change".into())
            };
            let misses = std::mem::take(&mut self.live[at].misses);
            let all = &mut self.progress[change].misses;
            all.extend(misses);
            // Not where something else failed before. A refused attribute is nothing else: it may turn out to be refused to the app.
            if all.iter().all(|miss| matches!(miss.detail, Detail::Attribute(_))) {
                all.push(missed);
            }
            unreached.insert(change);
        }
        unreached
    }

    fn state(&self, at: usize, refused: bool, unreached: &BTreeSet<usize>) -> ChangeState {
        let progress = &self.progress[at];
        if self.unconfirmed.contains(&at) {
            return ChangeState::Unconfirmed;
        }
        match progress.misses.first() {
            None if refused && !progress.any_done => ChangeState::Failed,
            None => ChangeState::Done,
            Some(miss) if miss.cause == MissCause::NotAttempted && unreached.contains(&at) => ChangeState::NotAttempted,
            Some(_) => ChangeState::Failed,
        }
    }

    fn made_id(&self, change: &Change) -> Option<ObjectId> {
        let made = match change.object {
            Object::User => self.users.get(&change.key),
            Object::Group => self.groups.get(&change.key),
        };
        change.id.clone().or_else(|| made.cloned())
    }

    pub(super) fn end(mut self, started: Instant) -> Result<Applied, ApplyError> {
        let stopped = self.stop.take();
        if let Some(Stop::Broken(error)) = stopped {
            return Err(error);
        }
        let unreached = self.miss_the_unreached();
        let refused = self.take_refused();
        let mut outcome = Outcome::of(self.plan, Some(&self.options.run));
        let mut results = Vec::with_capacity(self.plan.changes.len());
        for (at, change) in self.plan.changes.iter().enumerate() {
            let in_vain = refused.values().any(|people| people.contains(&at));
            outcome.failed.extend(self.progress[at].failed(change));
            results.push(ChangeResult { seq: change.seq, state: self.state(at, in_vain, &unreached), id: self.made_id(change) });
        }
        let open = |at: &usize| self.plan.changes[*at].key.clone();
        outcome.unconfirmed = self.unconfirmed.iter().map(open).collect();
        outcome.applied = results.iter().filter(|result| result.state == ChangeState::Done).count() as u64;
        let by_permission = self.target.capabilities().permissions;
        for (attribute, people) in &refused {
            // One entry, including the people that the plan left out already.
            let left_out = self.plan.left_out.get(attribute).copied().unwrap_or_default();
            let earlier = Skipped::refused(*attribute, left_out, by_permission);
            outcome.skipped.retain(|skipped| *skipped != earlier);
            outcome.skipped.push(Skipped::refused(*attribute, left_out + people.len() as u64, by_permission));
        }
        outcome.requests = self.target.requests();
        outcome.requests.retried += self.retried;
        outcome.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let keys = |people: BTreeSet<usize>| people.into_iter().map(|at| self.plan.changes[at].key.clone()).collect();
        Ok(Applied {
            outcome,
            results,
            created: self.users.into_iter().collect(),
            passes: self.passes,
            refused: refused.into_iter().map(|(attribute, people)| (attribute, keys(people))).collect(),
            written: self.written,
            updated: self.updated,
            interrupted: matches!(stopped, Some(Stop::Interrupted)),
            gave_up: matches!(stopped, Some(Stop::GaveUp)),
        })
    }
}
