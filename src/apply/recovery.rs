//! The recovery of requests that an earlier run sent and that have no answer, before the next plan is made.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use super::journal::{Answered, RequestKind};
use super::run_id::RunId;
use super::scheduler::REPLICATION;
use crate::directory::{Attribute, Upn};
use crate::target::{Found, TargetReader};

/// Look-ups at a time.
const LOOK_UPS: usize = 8;

/// A journaled request that has no answer.
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
    /// The kind of the request.
    pub kind: RequestKind,
    /// For a create: the sign-in name.
    pub upn: Option<Upn>,
    /// For a create: the first match attribute and its value.
    pub matching: Option<(Attribute, String)>,
}

/// The results of the look-ups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// The answers to journal.
    pub answered: Vec<(RunId, Answered)>,
    /// The people with a request of unknown outcome, with the reason: they are held.
    pub unsettled: BTreeMap<String, String>,
}

/// Looks up every create that has no answer. Other requests may be repeated; the snapshot shows what is left of them.
///
/// Each is looked up at once, and again when the replication bound has passed; all wait for it together. The bound is counted from now:
/// a request is journaled before it waits for the rate limit, a token or a connection, so the moment at which it was sent is unknown. The
/// run that journaled it has ended, so nothing is sent later than now.
pub async fn settle(target: &dyn TargetReader, open: &[Open]) -> Settled {
    let since = Instant::now();
    let bound = if target.is_consistent() { Duration::ZERO } else { REPLICATION };
    let mut settled = Settled::default();
    let mut left: Vec<Open> = open.iter().filter(|open| open.kind == RequestKind::CreateUser).cloned().collect();
    while !left.is_empty() {
        let looked = look_up_all(target, std::mem::take(&mut left), since + bound).await;
        for (open, outcome) in looked {
            match outcome {
                LookUp::Known(answered) => settled.answered.push((open.run, *answered)),
                LookUp::TooEarly => left.push(open),
                LookUp::Unsettled(why) => _ = settled.unsettled.insert(open.key, why),
            }
        }
        if !left.is_empty() {
            tracing::info!(
                accounts = left.len(),
                "accounts that an earlier run requested may still appear; waiting for the replication bound"
            );
            tokio::time::sleep_until(since + bound).await;
        }
    }
    settled.answered.sort_by(|(run, left), (other, right)| (run, left.request).cmp(&(other, right.request)));
    settled
}

/// The result of one look-up.
enum LookUp {
    Known(Box<Answered>),
    /// Not found, while it may still come up.
    TooEarly,
    Unsettled(String),
}

async fn look_up_all(target: &dyn TargetReader, left: Vec<Open>, last: Instant) -> Vec<(Open, LookUp)> {
    let look_up = |open: Open| async move {
        let outcome = look_up(target, &open, last).await;
        (open, outcome)
    };
    futures::stream::iter(left).map(look_up).buffer_unordered(LOOK_UPS).collect().await
}

async fn look_up(target: &dyn TargetReader, open: &Open, last: Instant) -> LookUp {
    let Some(upn) = &open.upn else {
        return LookUp::Unsettled("the journal has no name for the account to be created".into());
    };
    let matching = open.matching.as_ref().map(|(attribute, text)| (*attribute, text.as_str()));
    let is_last = Instant::now() >= last;
    match target.find_user(upn, matching).await {
        Ok(Found::Ours(id)) => LookUp::Known(Box::new(Answered { done: true, id: Some(id), ..answered(open) })),
        Ok(Found::Other) => LookUp::Unsettled("the name that an earlier run requested belongs to another account".into()),
        Ok(Found::Nobody) if is_last => LookUp::Known(Box::new(answered(open))),
        Ok(Found::Nobody) => LookUp::TooEarly,
        Err(why) => LookUp::Unsettled(format!("cannot look up whether an earlier run created the account: {why}")),
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
    use async_trait::async_trait;

    use super::*;
    use crate::directory::{ObjectId, Snapshot};
    use crate::target::{Owner, SnapshotCache, SnapshotScope, TargetError, TargetErrorKind};

    /// A tenant with replicas that show an account a certain time after the first look-up.
    struct Late {
        first: std::sync::Mutex<Option<Instant>>,
        lag: Option<Duration>,
    }

    #[async_trait]
    impl TargetReader for Late {
        async fn snapshot(&self, _: &SnapshotScope, _: &dyn SnapshotCache) -> Result<Snapshot, TargetError> {
            Err(TargetError::new(TargetErrorKind::Target, "no snapshot", "this test reads no snapshot"))
        }

        async fn find_user(&self, _: &Upn, _: Option<(Attribute, &str)>) -> Result<Found, TargetError> {
            let first = *self.first.lock().unwrap().get_or_insert_with(Instant::now);
            let there = self.lag.is_some_and(|lag| first.elapsed() >= lag);
            Ok(if there { Found::Ours(ObjectId::new("late").unwrap()) } else { Found::Nobody })
        }

        async fn find_group(&self, _: &str) -> Result<Option<ObjectId>, TargetError> {
            Ok(None)
        }

        async fn find_owner(&self, _: &str) -> Option<Owner> {
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
