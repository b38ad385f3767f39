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
pub async fn settle(finder: &dyn Finder, open: &[Open]) -> Settled {
    let creates: Vec<Open> = open.iter().filter(|open| open.kind == RequestKind::CreateUser).cloned().collect();
    let looked: Vec<(Open, Result<Answered, String>)> = futures::stream::iter(creates)
        .map(|open| async move {
            let found = settle_one(finder, &open).await;
            (open, found)
        })
        .buffer_unordered(LOOK_UPS)
        .collect()
        .await;
    let mut settled = Settled::default();
    for (open, found) in looked {
        match found {
            Ok(answered) => settled.answered.push((open.run, answered)),
            Err(why) => _ = settled.unsettled.insert(open.key, why),
        }
    }
    settled.answered.sort_by(|(run, left), (other, right)| (run, left.request).cmp(&(other, right.request)));
    settled
}

/// Found, or not found while the replication bound has passed.
async fn settle_one(finder: &dyn Finder, open: &Open) -> Result<Answered, String> {
    let Some(upn) = &open.upn else { return Err("the journal has no name for the account that was to be made".into()) };
    let matching = open.matching.as_ref().map(|(attribute, text)| (*attribute, text.as_str()));
    let since = Instant::now();
    loop {
        match finder.find(upn, matching).await {
            Ok(Found::Ours(id)) => return Ok(Answered { done: true, id: Some(id), ..answered(open) }),
            Ok(Found::Other) => return Err("the name that an earlier run asked for belongs to another account".into()),
            Ok(Found::Nobody) if open.age + since.elapsed() >= REPLICATION => return Ok(answered(open)),
            Ok(Found::Nobody) => tokio::time::sleep(Duration::from_secs(1)).await,
            Err(why) => return Err(format!("whether an earlier run made the account cannot be looked up: {why}")),
        }
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
