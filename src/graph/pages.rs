//! Pages of a list: every one of them, or an error.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::asks::Ask;
use super::batch::{Inner, MOST, Reply};
use super::client::Lost;
use super::error::GraphError;
use super::reader::Reader;
use super::verdict::{About, Heard, Judgement, judge};
use super::writer::jittered;

/// How often a read is tried against 5xx and broken connections.
const ATTEMPTS: u32 = 7;
/// How often it is tried against 429, whose waits Graph names itself.
const THROTTLED_ATTEMPTS: u32 = 60;
/// How often a page is read again that came whole by HTTP and breaks off within its JSON.
const BROKEN: u32 = 3;
/// How often the same link is followed: a service that stumbles may tell a page twice.
const REPEATS: u32 = 8;

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta: Option<String>,
    value: Vec<Json>,
}

impl Reader {
    pub(super) async fn list(&self, ask: &Ask) -> Result<Vec<Json>, GraphError> {
        let first = self.read(ask).await?;
        let mut items = Vec::new();
        self.each(ask, first, |item| {
            items.push(item.clone());
            Ok(())
        })
        .await?;
        Ok(items)
    }

    /// Hands over every item of every page; links are followed to their end. Gives the path for the next round of a delta query.
    pub(super) async fn each(
        &self,
        ask: &Ask,
        first: Reply,
        mut take: impl FnMut(&Json) -> Result<(), String>,
    ) -> Result<Option<String>, GraphError> {
        let follow = |link: &str| {
            self.client.base().follow(link).map_err(|source| GraphError::Link { operation: ask.what.into(), source })
        };
        let mut reply = first;
        let mut asked = Ask { request: ask.request.clone(), ..*ask };
        let mut followed: BTreeMap<String, u32> = BTreeMap::new();
        let mut broken = 0;
        loop {
            if !reply.is_success() {
                return Err(ask.refused(&reply));
            }
            let page: Page = match serde_json::from_str(&reply.body) {
                Ok(page) => page,
                Err(error) if error.is_eof() && broken < BROKEN => {
                    broken += 1;
                    self.client.count_retries(1);
                    reply = self.read(&asked).await?;
                    continue;
                }
                Err(error) => return Err(ask.answer(format!("the answer is no list ({:?})", error.classify()))),
            };
            page.value.iter().try_for_each(&mut take).map_err(|problem| ask.answer(problem))?;
            let Some(link) = page.next else { return page.delta.as_deref().map(follow).transpose() };
            let times = followed.entry(link.clone()).or_default();
            *times += 1;
            if *times > REPEATS {
                return Err(ask.answer("its pages lead in a circle".into()));
            }
            // Headers are not carried over by the link.
            asked.request.url = follow(&link)?;
            reply = self.read(&asked).await?;
        }
    }

    /// One page; throttling, faults of the service and broken connections are sat out.
    pub(super) async fn read(&self, ask: &Ask) -> Result<Reply, GraphError> {
        let reply = self.try_read(ask).await?;
        if reply.is_success() { Ok(reply) } else { Err(ask.refused(&reply)) }
    }

    pub(super) async fn try_read(&self, ask: &Ask) -> Result<Reply, GraphError> {
        let mut attempt: u32 = 0;
        loop {
            attempt += 1;
            let backoff = jittered(Duration::from_millis(250 << attempt.min(7)));
            let wait = match self.client.single(&ask.request).await {
                Ok(reply) => match judged(&reply) {
                    Judgement::After(wait) if reply.status == 429 && attempt < THROTTLED_ATTEMPTS => {
                        jittered(wait.max(Duration::from_millis(50 << attempt.min(7))))
                    }
                    Judgement::After(wait) if attempt < ATTEMPTS => match reply.header("retry-after") {
                        Some(_) => jittered(wait).max(backoff),
                        None => backoff,
                    },
                    _ => return Ok(reply),
                },
                Err(Lost::Token(error)) => return Err(error.into()),
                Err(Lost::Unsent(_) | Lost::Cut(_)) if attempt < ATTEMPTS => backoff,
                Err(Lost::Unsent(reason) | Lost::Cut(reason)) => {
                    return Err(GraphError::Unreachable { operation: ask.what.into(), reason, attempts: attempt });
                }
            };
            self.client.count_retries(1);
            // After a 429 the door of the quota is shut for as long: both waits are one.
            tokio::time::sleep(wait).await;
        }
    }

    /// The first pages of several reads in as few batches as may be; what the batch did not bring is read alone.
    pub(super) async fn first_pages(&self, asks: &[Ask]) -> Result<Vec<Reply>, GraphError> {
        let mut replies = Vec::with_capacity(asks.len());
        for chunk in asks.chunks(MOST) {
            let requests: Vec<&Inner> = chunk.iter().map(|ask| &ask.request).collect();
            let batch = match self.client.batch(&requests).await {
                Ok(Ok(batch)) => batch,
                Err(Lost::Token(error)) => return Err(error.into()),
                Ok(Err(_)) | Err(_) => vec![None; chunk.len()],
            };
            let renew = batch.iter().flatten().any(|reply| reply.status == 401) && self.client.renew().await;
            for (ask, reply) in chunk.iter().zip(batch) {
                let again = |reply: &Reply| matches!(judged(reply), Judgement::After(_)) || (renew && reply.status == 401);
                replies.push(if let Some(reply) = reply.filter(|reply| !again(reply)) {
                    reply
                } else {
                    self.client.count_retries(1);
                    self.try_read(ask).await?
                });
            }
        }
        Ok(replies)
    }
}

fn judged(reply: &Reply) -> Judgement {
    let fault = reply.fault();
    judge(Heard {
        status: reply.status,
        about: About::Request,
        code: fault.code.as_deref().unwrap_or_default(),
        message: fault.message.as_deref().unwrap_or_default(),
        retry_after: reply.retry_after(),
        repeatable: true,
        young: false,
    })
}
