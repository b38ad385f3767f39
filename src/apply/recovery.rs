//! Before a plan is made: what an earlier run sent and never saw answered is found out.

use std::collections::BTreeMap;

use futures::StreamExt;
use tokio::time::Instant;

use super::scheduler::REPLICATION;
use super::{Answered, Finder, Found, RequestKind, RunId};
use crate::directory::{Attribute, Upn};

/// Look-ups at a time.
const LOOK_UPS: usize = 8;

/// A journaled request without an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The run that sent it.
    pub run: RunId,
    /// Its number in that run.
    pub request: u64,
    /// The change that it belongs to.
    pub seq: u64,
    /// The person's or the group's key.
    pub key: String,
    /// What was asked.
    pub kind: RequestKind,
    /// For a create: the sign-in name.
    pub upn: Option<Upn>,
    /// For a create: the first match attribute and its value.
    pub matching: Option<(Attribute, String)>,
}

/// What became of the open requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// To be journaled as answers.
    pub answered: Vec<(RunId, Answered)>,
    /// People of whom it could not be found out, and why: they are held.
    pub unsettled: BTreeMap<String, String>,
}

/// Looks up every create that has no answer. Other requests may be repeated; the snapshot shows what is left of them.
///
/// Each is looked up at once, and once more when the replication bound has passed: all wait for it together. It is counted from now, since
/// nobody knows when a request left: it was journaled before it waited for its quota, for a token or a connection, and for a 429 that
/// may be hours. Whoever journaled it has ended, so nothing leaves later than now.
pub async fn settle(finder: &dyn Finder, open: &[Open]) -> Settled {
    let since = Instant::now();
    let mut settled = Settled::default();
    let mut left: Vec<Open> = open.iter().filter(|open| open.kind == RequestKind::CreateUser).cloned().collect();
    while !left.is_empty() {
        let looked = look_up_all(finder, std::mem::take(&mut left), since).await;
        for (open, outcome) in looked {
            match outcome {
                Outcome::Known(answered) => settled.answered.push((open.run, *answered)),
                Outcome::TooEarly => left.push(open),
                Outcome::Unsettled(why) => _ = settled.unsettled.insert(open.key, why),
            }
        }
        if !left.is_empty() {
            tracing::info!(
                accounts = left.len(),
                "accounts that an earlier run asked for may still come up: they are waited for"
            );
            tokio::time::sleep_until(since + REPLICATION).await;
        }
    }
    settled.answered.sort_by(|(run, left), (other, right)| (run, left.request).cmp(&(other, right.request)));
    settled
}

/// What one look-up told.
enum Outcome {
    Known(Box<Answered>),
    /// Not found, while it may still come up.
    TooEarly,
    Unsettled(String),
}

async fn look_up_all(finder: &dyn Finder, left: Vec<Open>, since: Instant) -> Vec<(Open, Outcome)> {
    let look_up = |open: Open| async move {
        let outcome = look_up(finder, &open, since).await;
        (open, outcome)
    };
    futures::stream::iter(left).map(look_up).buffer_unordered(LOOK_UPS).collect().await
}

async fn look_up(finder: &dyn Finder, open: &Open, since: Instant) -> Outcome {
    let Some(upn) = &open.upn else {
        return Outcome::Unsettled("the journal has no name for the account that was to be made".into());
    };
    let matching = open.matching.as_ref().map(|(attribute, text)| (*attribute, text.as_str()));
    let is_last = since.elapsed() >= REPLICATION;
    match finder.find(upn, matching).await {
        Ok(Found::Ours(id)) => Outcome::Known(Box::new(Answered { done: true, id: Some(id), ..answered(open) })),
        Ok(Found::Other) => Outcome::Unsettled("the name that an earlier run asked for belongs to another account".into()),
        Ok(Found::Nobody) if is_last => Outcome::Known(Box::new(answered(open))),
        Ok(Found::Nobody) => Outcome::TooEarly,
        Err(why) => Outcome::Unsettled(format!("whether an earlier run made the account cannot be looked up: {why}")),
    }
}

fn answered(open: &Open) -> Answered {
    Answered {
        request: open.request,
        done: false,
        id: None,
        status: None,
        code: Some("settled".into()),
        message: None,
        request_id: None,
        completes: false,
        leave: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::directory::ObjectId;

    /// A tenant whose replicas show an account only so long after the first look-up.
    struct Late {
        first: std::sync::Mutex<Option<Instant>>,
        lag: Option<Duration>,
    }

    #[async_trait]
    impl Finder for Late {
        async fn find(&self, _: &Upn, _: Option<(Attribute, &str)>) -> Result<Found, String> {
            let first = *self.first.lock().unwrap().get_or_insert_with(Instant::now);
            let there = self.lag.is_some_and(|lag| first.elapsed() >= lag);
            Ok(if there { Found::Ours(ObjectId::new("late").unwrap()) } else { Found::Nobody })
        }

        async fn find_group(&self, _: &str) -> Result<Option<ObjectId>, String> {
            Ok(None)
        }

        async fn owner(&self, _: &str) -> Option<super::super::Owner> {
            None
        }
    }

    fn open(request: u64, kind: RequestKind) -> Open {
        let upn = Some(Upn::new(format!("p{request}@contoso.com")));
        Open { run: RunId("r".into()), request, seq: request, key: request.to_string(), kind, upn, matching: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_of_long_ago_may_have_been_sent_the_moment_before_the_run_was_killed() {
        let tenant = Late { first: std::sync::Mutex::default(), lag: Some(Duration::from_secs(14)) };
        let waited_for_quota = [open(1, RequestKind::CreateUser), open(2, RequestKind::SetManager)];
        let settled = settle(&tenant, &waited_for_quota).await;
        let found: Vec<_> = settled.answered.iter().map(|(_, answered)| (answered.request, answered.id.is_some())).collect();
        assert_eq!(found, [(1, true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_nowhere_is_waited_for_once_and_together() {
        let tenant = Late { first: std::sync::Mutex::default(), lag: None };
        let started = Instant::now();
        let all: Vec<Open> = (1..=30).map(|at| open(at, RequestKind::CreateUser)).collect();
        let settled = settle(&tenant, &all).await;
        assert_eq!((settled.answered.len(), settled.unsettled.len()), (30, 0));
        assert!(settled.answered.iter().all(|(_, answered)| !answered.done));
        assert!((REPLICATION..2 * REPLICATION).contains(&started.elapsed()));
        let started = Instant::now();
        assert_eq!(settle(&tenant, &[open(1, RequestKind::SetManager)]).await, Settled::default());
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
