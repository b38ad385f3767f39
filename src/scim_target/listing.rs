//! A list of resources, read whole or not at all.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::client::Client;
use super::error::ScimTargetError;
use super::profile::Paging;
use crate::scim::ResourceKind;

/// How often a list is read until its length and the announced one agree: the number may move while it is read.
const ROUNDS: u32 = 3;
/// A list never has more pages than this.
const MOST_PAGES: usize = 1_000_000;

/// A resource as JSON.
pub(super) type Resource = Map<String, Json>;

/// Where the next page begins.
enum Next {
    Index(u64),
    Cursor(String),
}

/// A page of a list, with what leads to the next one.
struct Page {
    resources: Vec<Resource>,
    total: Option<u64>,
    cursor: Option<String>,
}

/// A list that must be read once more.
enum Unfinished {
    /// The provider announced another number.
    Differs { found: usize, announced: u64 },
    /// The provider forgot its cursor.
    Expired,
}

/// Reads all resources of a kind.
///
/// # Errors
/// A page that is answered twice, a list that is longer or shorter than announced, or a read that fails.
pub(super) async fn all(
    client: &Client,
    kind: ResourceKind,
    what: &str,
    query: &[(&str, &str)],
) -> Result<Vec<Resource>, ScimTargetError> {
    let mut round = 0;
    loop {
        round += 1;
        let unfinished = match read_once(client, kind, what, query).await? {
            Ok(resources) => return Ok(resources),
            Err(unfinished) => unfinished,
        };
        if round < ROUNDS {
            tracing::info!(round, "the list changed while it was read: it is read again");
            continue;
        }
        return Err(match unfinished {
            Unfinished::Differs { found, announced } => ScimTargetError::Incomplete { kind, found, announced, rounds: round },
            Unfinished::Expired => {
                let problem = "its cursor expires before the list has been read".to_owned();
                ScimTargetError::Malformed { what: what.to_owned(), problem }
            }
        });
    }
}

async fn read_once(
    client: &Client,
    kind: ResourceKind,
    what: &str,
    query: &[(&str, &str)],
) -> Result<Result<Vec<Resource>, Unfinished>, ScimTargetError> {
    let malformed = |problem: &str| ScimTargetError::Malformed { what: what.to_owned(), problem: problem.to_owned() };
    let mut next = match client.profile().paging {
        Paging::Index => Some(Next::Index(1)),
        Paging::Cursor => Some(Next::Cursor(String::new())),
        Paging::Whole => None,
    };
    let (mut resources, mut seen) = (Vec::new(), HashSet::new());
    let (mut cursors, mut total) = (HashSet::new(), None);
    for number in 1..=MOST_PAGES {
        let page = match page(client, kind, what, query, next.as_ref()).await {
            Err(ScimTargetError::Refused { status: 400, .. }) if number > 1 && matches!(next, Some(Next::Cursor(_))) => {
                return Ok(Err(Unfinished::Expired));
            }
            page => page?,
        };
        total = page.total.or(total);
        let (length, before) = (page.resources.len(), resources.len());
        for resource in page.resources {
            let id = id_of(&resource).ok_or_else(|| malformed("a resource has no `id`"))?.to_owned();
            if seen.insert(id) {
                resources.push(resource);
            }
        }
        if length > 0 && resources.len() == before {
            return Err(ScimTargetError::RepeatedPage { kind, page: number });
        }
        next = match (page.cursor, next) {
            (Some(cursor), _) if !cursors.insert(cursor.clone()) => {
                return Err(ScimTargetError::RepeatedPage { kind, page: number + 1 });
            }
            (Some(cursor), _) => Some(Next::Cursor(cursor)),
            (None, Some(Next::Index(from))) => {
                let announced = total.ok_or_else(|| malformed("the list has no `totalResults`"))?;
                let from = from + length as u64;
                (length > 0 && from <= announced).then_some(Next::Index(from))
            }
            (None, _) => None,
        };
        if next.is_none() {
            return Ok(match total {
                Some(announced) if announced != resources.len() as u64 => {
                    Err(Unfinished::Differs { found: resources.len(), announced })
                }
                // Nothing else shows that the one page is the whole list. A cursor shows it by its absence.
                None if client.profile().paging == Paging::Whole => return Err(malformed("the list has no `totalResults`")),
                _ => Ok(resources),
            });
        }
    }
    Err(malformed("the list does not end"))
}

async fn page(
    client: &Client,
    kind: ResourceKind,
    what: &str,
    query: &[(&str, &str)],
    next: Option<&Next>,
) -> Result<Page, ScimTargetError> {
    let malformed = |problem: &str| ScimTargetError::Malformed { what: what.to_owned(), problem: problem.to_owned() };
    let count = client.profile().page_size.to_string();
    let mut query = query.to_vec();
    let start;
    match next {
        Some(Next::Index(from)) => {
            start = from.to_string();
            query.extend([("startIndex", start.as_str()), ("count", &count)]);
        }
        Some(Next::Cursor(cursor)) => query.extend([("cursor", cursor.as_str()), ("count", &count)]),
        None => {}
    }
    let reply = client.read(what, client.url.below(kind.endpoint(), &query)).await?;
    if reply.status == 404 {
        return Err(ScimTargetError::Refused { what: what.to_owned(), status: 404, detail: reply.detail() });
    }
    let mut body = reply.body.ok_or_else(|| malformed("the answer is not a JSON object"))?;
    let total = body.get("totalResults").and_then(Json::as_u64);
    let cursor = body.get("nextCursor").and_then(Json::as_str).filter(|cursor| !cursor.is_empty()).map(str::to_owned);
    let items = ["Resources", "resources"].into_iter().find_map(|name| body.remove(name));
    let items = match items {
        Some(Json::Array(items)) => items,
        // RFC 7644 lets a list of nothing be without `Resources`.
        None if total == Some(0) => Vec::new(),
        _ => return Err(malformed("the answer has no `Resources`")),
    };
    let object = |item| match item {
        Json::Object(resource) => Ok(resource),
        _ => Err(malformed("an entry of `Resources` is not an object")),
    };
    Ok(Page { resources: items.into_iter().map(object).collect::<Result<_, _>>()?, total, cursor })
}

/// The resources that a filter finds: the first page, since a look-up finds one or none.
///
/// # Errors
/// A read that fails, or an answer that is no list.
pub(super) async fn find(
    client: &Client,
    kind: ResourceKind,
    what: &str,
    filter: &str,
) -> Result<Vec<Resource>, ScimTargetError> {
    match page(client, kind, what, &[("filter", filter)], None).await {
        Ok(page) => Ok(page.resources),
        // Some providers answer a look-up that finds nothing with 404.
        Err(ScimTargetError::Refused { status: 404, .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// `attribute eq "text"`, the text as a JSON string.
pub(super) fn equals(attribute: &str, text: &str) -> String {
    format!("{attribute} eq {}", Json::from(text))
}

/// The id of a resource; numbers become text.
pub(super) fn id_of(resource: &Resource) -> Option<&str> {
    resource.get("id")?.as_str().filter(|id| !id.is_empty())
}
