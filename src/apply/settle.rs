//! Before a plan is made: what an earlier run sent and never saw answered is found out.

use std::collections::BTreeMap;
use std::time::Duration;

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
    /// How long ago it was sent.
    pub age: Duration,
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
/// Each is looked up at once, and once more when the replication bound has passed: all wait for it together.
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
        if let Some(youngest) = left.iter().map(|open| open.age).min() {
            tokio::time::sleep_until(since + REPLICATION.saturating_sub(youngest)).await;
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
    let age = open.age + since.elapsed();
    match finder.find(upn, matching).await {
        Ok(Found::Ours(id)) => Outcome::Known(Box::new(Answered { done: true, id: Some(id), ..answered(open) })),
        Ok(Found::Other) => Outcome::Unsettled("the name that an earlier run asked for belongs to another account".into()),
        Ok(Found::Nobody) if age >= REPLICATION => Outcome::Known(Box::new(answered(open))),
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
