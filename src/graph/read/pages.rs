//! Pages of a list: every one of them, or an error.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::time::Duration;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value as Json;

use super::Reader;
use super::queries::ReadRequest;
use crate::graph::http::batch::{BatchItem, MOST, Reply};
use crate::graph::http::client::{Lost, Silence};
use crate::graph::http::error::GraphError;
use crate::graph::http::response::{About, Judgement, ResponseFacts, jittered, judge};

/// How often a read is tried against 5xx and broken connections.
const ATTEMPTS: u32 = 7;
/// How often a read is tried against 429; Graph names these waits itself.
const THROTTLED_ATTEMPTS: u32 = 60;
/// How often a page is read again that came whole by HTTP and breaks off within its JSON.
const BROKEN: u32 = 3;
/// How often the same link is followed, or the same page read: a service that stumbles may send a page twice.
const REPEATS: u32 = 8;
/// A list has no more pages than this. A million users come in 1,001 pages, their changes in some 5,000.
const MOST_PAGES: u32 = 20_000;
/// No more pages than this follow each other without an item. Delta queries answer with a few of them.
const MOST_EMPTY: u32 = 500;

/// How the items of a list are read from the text of a page.
pub(in crate::graph) trait ItemReader: Copy {
    /// What an item is read as.
    type Item;

    /// Reads one item of a page.
    fn read<'de, D: Deserializer<'de>>(self, item: D) -> Result<Self::Item, D::Error>;

    /// Hashes that by which an item is known again on another page.
    fn mark(item: &Self::Item, hasher: &mut impl Hasher);
}

/// Reads items as trees of values.
#[derive(Clone, Copy)]
struct Trees;

impl ItemReader for Trees {
    type Item = Json;

    fn read<'de, D: Deserializer<'de>>(self, item: D) -> Result<Json, D::Error> {
        Json::deserialize(item)
    }

    fn mark(item: &Json, hasher: &mut impl Hasher) {
        item.to_string().hash(hasher);
    }
}

struct Page<T> {
    next: Option<String>,
    delta: Option<String>,
    value: Vec<T>,
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum PageField {
    #[serde(rename = "@odata.nextLink")]
    Next,
    #[serde(rename = "@odata.deltaLink")]
    Delta,
    #[serde(rename = "value")]
    Value,
    #[serde(other)]
    Other,
}

/// Reads a page with the items that the reader makes.
struct PageOf<R>(R);

impl<'de, R: ItemReader> DeserializeSeed<'de> for PageOf<R> {
    type Value = Page<R::Item>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: ItemReader> Visitor<'de> for PageOf<R> {
    type Value = Page<R::Item>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut page: A) -> Result<Self::Value, A::Error> {
        let (mut next, mut delta, mut value) = (None, None, None);
        while let Some(field) = page.next_key()? {
            match field {
                PageField::Next => next = page.next_value()?,
                PageField::Delta => delta = page.next_value()?,
                PageField::Value => value = Some(page.next_value_seed(ItemsOf(self.0))?),
                PageField::Other => drop(page.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Page { next, delta, value: value.ok_or_else(|| de::Error::missing_field("value"))? })
    }
}

/// Reads all items of a page.
struct ItemsOf<R>(R);

impl<'de, R: ItemReader> DeserializeSeed<'de> for ItemsOf<R> {
    type Value = Vec<R::Item>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: ItemReader> Visitor<'de> for ItemsOf<R> {
    type Value = Vec<R::Item>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a page")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut page: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = page.next_element_seed(ItemOf(self.0))? {
            items.push(item);
        }
        Ok(items)
    }
}

/// Reads one item of a page.
struct ItemOf<R>(R);

impl<'de, R: ItemReader> DeserializeSeed<'de> for ItemOf<R> {
    type Value = R::Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.read(deserializer)
    }
}

/// The text of a page, read whole.
fn page<R: ItemReader>(text: &str, reader: R) -> serde_json::Result<Page<R::Item>> {
    let mut text = serde_json::Deserializer::from_str(text);
    let page = PageOf(reader).deserialize(&mut text)?;
    text.end()?;
    Ok(page)
}

/// What has been read of a list so far, so that one without an end ends with an error and not with the memory of the machine.
#[derive(Default)]
struct Bounds {
    pages: u32,
    empty: u32,
    links: BTreeMap<String, u32>,
    contents: BTreeMap<u64, u32>,
}

impl Bounds {
    /// Counts a page that another one follows.
    fn pass<R: ItemReader>(&mut self, link: &str, items: &[R::Item]) -> Result<(), String> {
        self.pages += 1;
        self.empty = if items.is_empty() { self.empty + 1 } else { 0 };
        if self.pages > MOST_PAGES {
            return Err(format!("it has more than {MOST_PAGES} pages, and still names a next one"));
        }
        if self.empty > MOST_EMPTY {
            return Err(format!("{MOST_EMPTY} pages in a row are empty, and still name a next one"));
        }
        let followed = self.links.entry(link.to_owned()).or_default();
        *followed += 1;
        let repeated = (!items.is_empty()).then(|| self.contents.entry(digest::<R>(items)).or_default());
        let same = repeated.map(|times| {
            *times += 1;
            *times
        });
        if *followed > REPEATS || same.is_some_and(|times| times > REPEATS) {
            return Err("its pages form a circle".into());
        }
        Ok(())
    }
}

/// The fingerprint of a page: its first and last item and its length. Hashing each item would cost more than reading it.
fn digest<R: ItemReader>(items: &[R::Item]) -> u64 {
    let mut hasher = DefaultHasher::new();
    items.len().hash(&mut hasher);
    for item in items.first().into_iter().chain(items.last()) {
        R::mark(item, &mut hasher);
    }
    hasher.finish()
}

impl Reader {
    pub(in crate::graph) async fn list(&self, ask: &ReadRequest) -> Result<Vec<Json>, GraphError> {
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
    pub(in crate::graph) async fn each(
        &self,
        ask: &ReadRequest,
        first: Reply,
        take: impl FnMut(&Json) -> Result<(), String>,
    ) -> Result<Option<String>, GraphError> {
        Box::pin(self.each_of(ask, first, Trees, take)).await
    }

    /// As [`Reader::each`], of items that this reader makes.
    pub(in crate::graph) async fn each_of<R: ItemReader>(
        &self,
        ask: &ReadRequest,
        first: Reply,
        reader: R,
        mut take: impl FnMut(&R::Item) -> Result<(), String>,
    ) -> Result<Option<String>, GraphError> {
        let follow = |link: &str| {
            self.client.base().follow(link).map_err(|source| GraphError::Link { operation: ask.what.into(), source })
        };
        let mut reply = first;
        let mut asked = ReadRequest { request: ask.request.clone(), ..*ask };
        let mut bounds = Bounds::default();
        let mut broken = 0;
        loop {
            if !reply.is_success() {
                return Err(ask.refused(&reply));
            }
            let page = match page(&reply.body, reader) {
                Ok(page) => page,
                Err(error) if error.is_eof() && broken < BROKEN => {
                    broken += 1;
                    self.client.count_retries(1);
                    reply = self.read(&asked).await?;
                    continue;
                }
                Err(error) => return Err(ask.answer(format!("the answer is not a list ({:?})", error.classify()))),
            };
            page.value.iter().try_for_each(&mut take).map_err(|problem| ask.answer(problem))?;
            let Some(link) = page.next else { return page.delta.as_deref().map(follow).transpose() };
            bounds.pass::<R>(&link, &page.value).map_err(|problem| ask.answer(problem))?;
            // Headers are not carried over by the link.
            asked.request.url = follow(&link)?;
            reply = self.read(&asked).await?;
        }
    }

    /// One page; throttling, faults of the service and broken connections are sat out.
    pub(in crate::graph) async fn read(&self, ask: &ReadRequest) -> Result<Reply, GraphError> {
        let reply = self.try_read(ask).await?;
        if reply.is_success() { Ok(reply) } else { Err(ask.refused(&reply)) }
    }

    pub(in crate::graph) async fn try_read(&self, ask: &ReadRequest) -> Result<Reply, GraphError> {
        let mut attempt: u32 = 0;
        let mut watch = self.client.watch();
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
                Err(Lost::Unsent(silence) | Lost::Cut(silence)) => {
                    let Silence { reason, hint } = silence;
                    return Err(GraphError::Unreachable { operation: ask.what.into(), reason, attempts: attempt, hint });
                }
            };
            self.client.count_retries(1);
            // After a 429 the door of the quota is shut for as long: both waits are one.
            watch.during(tokio::time::sleep(wait)).await;
        }
    }

    /// The first pages of several reads in as few batches as may be; what the batch did not bring is read alone.
    pub(in crate::graph) async fn first_pages(&self, asks: &[ReadRequest]) -> Result<Vec<Reply>, GraphError> {
        let mut replies = Vec::with_capacity(asks.len());
        for chunk in asks.chunks(MOST) {
            let requests: Vec<&BatchItem> = chunk.iter().map(|ask| &ask.request).collect();
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
    judge(ResponseFacts {
        status: reply.status,
        about: About::Request,
        code: fault.code.as_deref().unwrap_or_default(),
        message: fault.message.as_deref().unwrap_or_default(),
        retry_after: reply.retry_after(),
        repeatable: true,
        recent: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(n: u32) -> Json {
        serde_json::json!({ "id": n })
    }

    #[test]
    fn a_list_without_an_end_is_bounded() {
        let mut bounds = Bounds::default();
        let tenant_state = (0..=MOST_PAGES).find_map(|n| bounds.pass::<Trees>(&format!("link{n}"), &[item(n)]).err());
        assert!(tenant_state.unwrap().contains("more than 20000 pages"));
        assert_eq!(bounds.pages, MOST_PAGES + 1);
    }

    #[test]
    fn pages_that_repeat_or_stay_empty_are_bounded_long_before() {
        let read = |page: fn(u32) -> Vec<Json>| {
            let mut bounds = Bounds::default();
            let tenant_state = (0..MOST_PAGES).find_map(|n| bounds.pass::<Trees>(&format!("link{n}"), &page(n)).err());
            (bounds.pages, tenant_state)
        };
        let (pages, tenant_state) = read(|_| vec![item(1), item(2)]);
        assert!(pages == REPEATS + 1 && tenant_state.unwrap().contains("circle"));
        let (pages, tenant_state) = read(|n| vec![item(n % 3), item(0)]);
        assert!(pages <= 3 * REPEATS + 1 && tenant_state.unwrap().contains("circle"));
        let (pages, tenant_state) = read(|_| Vec::new());
        assert!(pages == MOST_EMPTY + 1 && tenant_state.unwrap().contains("are empty"));
        // A page now and then ends no row of empty ones too early, and none of a great tenant is taken for another.
        assert_eq!(read(|n| if n % 400 == 0 { vec![item(n)] } else { Vec::new() }), (MOST_PAGES, None));
        assert_eq!(read(|n| vec![item(n), item(n + 1)]), (MOST_PAGES, None));
    }
}
