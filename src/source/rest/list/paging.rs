//! Whether a list goes on, and with what: decided from each answer, without sending anything.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::continuation::{Marker, MarkerKind, markers};
use super::repeats::ContentDigest;
use super::response_flags::{header_number, lead, next_link};
use crate::source::rest::error::RestError;
use crate::source::rest::settings::{Paging, PagingKind};
use crate::source::rest::shape::json::{Unclear, number, truth};
use crate::source::rest::shape::path::Path;
use crate::source::rest::shape::template::Values;

/// How far a list has been read.
#[derive(Debug)]
pub(in crate::source::rest) struct Progress<'s> {
    paging: &'s Paging,
    most: u64,
    /// How many pages were received.
    pub(in crate::source::rest) pages: u64,
    /// Records that were listed.
    pub(in crate::source::rest) records: u64,
    /// Records of the page with the most.
    widest: u64,
    cursors: BTreeSet<String>,
    digests: BTreeSet<[u8; 16]>,
    total: KnownTotal,
    total_pages: KnownTotal,
    cursor: Option<String>,
    /// Whether the last page said that another one with records follows.
    promised: bool,
    /// Numbers of records and pages in markers, the latest by key.
    counts: BTreeMap<String, MarkerKind>,
}

/// The total of the list, which the service sends with one page or with each.
#[derive(Clone, Copy, Debug, Default)]
struct KnownTotal {
    first: Option<u64>,
    last: Option<u64>,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source::rest) enum Next {
    Done,
    /// The same request with these values.
    Again,
    /// This address, as given.
    Follow(Url),
}

/// One page as the decision sees it.
pub(in crate::source::rest) struct Page<'p> {
    pub(in crate::source::rest) url: &'p Url,
    pub(in crate::source::rest) headers: &'p HeaderMap,
    pub(in crate::source::rest) answer: &'p Value,
    /// Text of the page's records, of which a digest is kept.
    pub(in crate::source::rest) records: &'p [(String, &'p Value)],
    /// How many records the page lists, of which a condition in the path may choose some.
    pub(in crate::source::rest) listed: u64,
    /// The pointer of the list, or of one of its records.
    pub(in crate::source::rest) list: Option<&'p str>,
    /// Whether the answer had a list, be it an empty one: it had a body, and said more than `null`.
    pub(in crate::source::rest) any: bool,
    /// Whether it is the last one, by the condition that is configured.
    pub(in crate::source::rest) ended: bool,
}

impl<'s> Progress<'s> {
    pub(in crate::source::rest) fn new(paging: &'s Paging, most: u64) -> Self {
        let (cursors, digests) = (BTreeSet::new(), BTreeSet::new());
        let (total, total_pages) = (KnownTotal::default(), KnownTotal::default());
        Self {
            paging,
            most,
            pages: 0,
            records: 0,
            widest: 0,
            cursors,
            digests,
            total,
            total_pages,
            cursor: None,
            promised: false,
            counts: BTreeMap::new(),
        }
    }

    /// The values of the page that is to be asked for.
    pub(in crate::source::rest) fn values(&self, values: &Values) -> Values {
        let mut values = values.with("size", self.paging.size.to_string());
        match &self.paging.kind {
            PagingKind::Page(start) => values = values.with("page", (start + self.pages).to_string()),
            PagingKind::Offset(start) => values = values.with("offset", (start + self.records).to_string()),
            PagingKind::Cursor(_) => {
                if let Some(cursor) = &self.cursor {
                    values = values.with("cursor", cursor.as_str());
                }
            }
            PagingKind::None | PagingKind::Next(_) | PagingKind::Link => {}
        }
        values
    }

    /// Takes a page and says what comes next.
    pub(in crate::source::rest) fn take(&mut self, what: &str, page: &Page<'_>) -> Result<Next, RestError> {
        self.pages += 1;
        self.records += page.listed;
        self.widest = self.widest.max(page.listed);
        self.never_twice(what, page)?;
        self.hear(what, page)?;
        let more = self.paging.more.as_ref().and_then(|path| path.first(page.answer)).map_or(Ok(None), truth);
        let more = more.map_err(|Unclear| paging(what, "the value at `more` is neither true nor false"))?;
        let promises = more == Some(true) || self.total_pages.last.is_some_and(|said| self.pages < said);
        // A total that is met proves that the page before promised too much.
        if self.promised && !promises && page.listed == 0 && self.total.last != Some(self.records) {
            return Err(self.broken(what, self.pages - 1));
        }
        self.promised = promises;
        let found = self.markers(page);
        let leads = found.iter().any(|marker| matches!(marker.kind, MarkerKind::Next | MarkerKind::More));
        let next = self.next(what, page, more, leads)?;
        if next == Next::Done {
            if promises {
                return Err(self.broken(what, self.pages));
            }
            self.check_markers(what, page, more, &found)?;
            self.check_total(what)?;
            self.check_counts(what)?;
        } else if self.pages >= self.most {
            return Err(paging(what, &format!("the list has more than {} pages", self.most)));
        }
        Ok(next)
    }

    /// The markers of the answer, without the keys that the settings ignore; numbers are kept until the end of the list.
    fn markers(&mut self, page: &Page<'_>) -> Vec<Marker> {
        // Of a record that was asked for alone, a link leads to the next record.
        if matches!(page.records, [(pointer, _)] if pointer.is_empty()) {
            return Vec::new();
        }
        let mut found = markers(page.answer, page.headers, page.list, page.records);
        let passed_over = |key: &str| {
            let name = key.strip_prefix("header ").unwrap_or(key);
            self.paging.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(name))
        };
        found.retain(|marker| !passed_over(&marker.key));
        let counts = found.iter().filter(|marker| matches!(marker.kind, MarkerKind::Records(_) | MarkerKind::Pages(_)));
        self.counts.extend(counts.map(|marker| (marker.key.clone(), marker.kind)));
        found
    }

    /// The last page must have no marker of a next one. A link may remain on it where the total is met, or where `more` or `end` marks the
    /// end; a flag is then a contradiction, unless `end` holds.
    fn check_markers(&self, what: &str, page: &Page<'_>, more: Option<bool>, found: &[Marker]) -> Result<(), RestError> {
        let over = page.ended || more == Some(false) || self.is_met();
        let unheard = found.iter().find(|marker| match marker.kind {
            MarkerKind::Next => !over,
            MarkerKind::Bookmark => !over && !page.records.is_empty(),
            MarkerKind::More => !page.ended,
            MarkerKind::Records(_) | MarkerKind::Pages(_) => false,
        });
        match unheard {
            None => Ok(()),
            Some(Marker { key, kind }) => Err(RestError::Unheard {
                what: what.to_owned(),
                key: crate::source::rest::error::plain(key),
                next: matches!(kind, MarkerKind::Next | MarkerKind::Bookmark),
            }),
        }
    }

    /// No number in a marker may be greater than what came.
    fn check_counts(&self, what: &str) -> Result<(), RestError> {
        let slack = self.paging.slack;
        let pages = slack.div_ceil(self.widest.max(1));
        let more = self.counts.iter().find_map(|(key, kind)| match kind {
            MarkerKind::Records(said) if *said > self.records + slack => Some((key, *said, self.records, "records")),
            MarkerKind::Pages(said) if *said > self.pages + pages => Some((key, *said, self.pages, "pages")),
            _ => None,
        });
        let Some((key, said, came, things)) = more else { return Ok(()) };
        let paged = !matches!(self.paging.kind, PagingKind::None);
        Err(RestError::Uncounted {
            what: what.to_owned(),
            key: crate::source::rest::error::plain(key),
            said,
            came,
            things,
            paged,
        })
    }

    /// Whether as many records or pages arrived as the service announced.
    fn is_met(&self) -> bool {
        self.total.last == Some(self.records) || self.total_pages.last.is_some_and(|said| self.pages >= said)
    }

    /// Takes down what the page says of the whole list.
    fn hear(&mut self, what: &str, page: &Page<'_>) -> Result<(), RestError> {
        let notes = |path: &Option<Path>, header: &Option<String>| {
            let inside = path.as_ref().and_then(|path| path.first(page.answer)).map(number);
            let notes = inside.or_else(|| Some(header_number(page.headers.get(header.as_deref()?)?)));
            notes.unwrap_or(Ok(None)).map_err(|Unclear| paging(what, "its total is not a number"))
        };
        let total = notes(&self.paging.total, &self.paging.total_header)?;
        let pages = notes(&self.paging.total_pages, &self.paging.pages_header)?;
        self.total.take(total, self.paging.slack).map_err(|moved| moved.of(what, "records"))?;
        // So many records more or fewer fill so many pages at most.
        let slack = self.paging.slack.div_ceil(self.widest.max(1));
        self.total_pages.take(pages, slack).map_err(|moved| moved.of(what, "pages"))
    }

    fn never_twice(&mut self, what: &str, page: &Page<'_>) -> Result<(), RestError> {
        if page.records.is_empty() || matches!(self.paging.kind, PagingKind::None) {
            return Ok(());
        }
        let mut content = ContentDigest::default();
        page.records.iter().for_each(|(_, record)| content.add(record));
        if self.digests.insert(content.digest()) {
            return Ok(());
        }
        Err(paging(what, "the same page came twice: the service seems to ignore how it is asked for the next one"))
    }

    fn next(&mut self, what: &str, page: &Page<'_>, more: Option<bool>, leads: bool) -> Result<Next, RestError> {
        let text = |path: &Path| {
            let leads = path.first(page.answer).map_or(Ok(None), lead);
            leads.map_err(|Unclear| paging(what, "the value at `next` is an object or a list, not a cursor or a link"))
        };
        // A link that is present all the same is where the list would continue later.
        let over = more == Some(false);
        match &self.paging.kind {
            _ if page.ended => Ok(Next::Done),
            PagingKind::None => self.end(what, page),
            PagingKind::Page(_) | PagingKind::Offset(_) => self.counted(what, page, more, leads),
            PagingKind::Cursor(path) => match text(path)? {
                None => self.end(what, page),
                Some(_) if over => Ok(Next::Done),
                Some(cursor) => {
                    self.fresh(what, &cursor)?;
                    self.cursor = Some(cursor);
                    Ok(Next::Again)
                }
            },
            PagingKind::Next(path) => match text(path)? {
                None => self.end(what, page),
                Some(_) if over => Ok(Next::Done),
                Some(link) => self.follow(what, page.url, &link),
            },
            PagingKind::Link => match next_link(page.headers) {
                None => self.end(what, page),
                Some(_) if over => Ok(Next::Done),
                Some(link) => self.follow(what, page.url, &link),
            },
        }
    }

    /// Nothing leads on: the end, unless there is no list where the page before led.
    fn end(&self, what: &str, page: &Page<'_>) -> Result<Next, RestError> {
        if !page.any && self.pages > 1 && self.total.last != Some(self.records) {
            return Err(paging(what, "the answer is empty although the page before said that there is more"));
        }
        Ok(Next::Done)
    }

    fn counted(&self, what: &str, page: &Page<'_>, more: Option<bool>, leads: bool) -> Result<Next, RestError> {
        let empty = page.listed == 0;
        // If the total is met and a next page is named all the same, it is fetched and must be empty.
        let end = if empty || !leads { Next::Done } else { Next::Again };
        if let Some(more) = more {
            return match (more, empty) {
                (true, true) => Err(paging(what, "the page is empty although the service says that there is more")),
                (true, false) => Ok(Next::Again),
                (false, _) => Ok(Next::Done),
            };
        }
        if let Some(said) = self.total_pages.last {
            return match (self.pages < said, empty) {
                (true, true) => Err(self.broken(what, self.pages - 1)),
                (true, false) => Ok(Next::Again),
                (false, _) => Ok(end),
            };
        }
        // A short page is no end: a service may cap its pages below what it was asked for.
        match self.total.last {
            Some(total) if self.records >= total => Ok(end),
            _ if empty => Ok(Next::Done),
            _ => Ok(Next::Again),
        }
    }

    /// The list ends although more of it was promised; `came` pages had records.
    fn broken(&self, what: &str, came: u64) -> RestError {
        match self.total_pages.last {
            Some(said) if came < said => RestError::Total { what: what.to_owned(), said, came, things: "pages" },
            _ => RestError::Promised { what: what.to_owned() },
        }
    }

    fn follow(&mut self, what: &str, from: &Url, link: &str) -> Result<Next, RestError> {
        let url = from.join(link).map_err(|_| paging(what, "the link to the next page is not an address"))?;
        self.fresh(what, url.as_str())?;
        Ok(Next::Follow(url))
    }

    fn fresh(&mut self, what: &str, cursor: &str) -> Result<(), RestError> {
        if self.cursors.insert(cursor.to_owned()) {
            return Ok(());
        }
        Err(paging(what, "the service names a next page that was read already: the list would never end"))
    }

    fn check_total(&self, what: &str) -> Result<(), RestError> {
        match self.total.last {
            Some(said) if said.abs_diff(self.records) > self.paging.slack => {
                Err(RestError::Total { what: what.to_owned(), said, came: self.records, things: "records" })
            }
            _ => Ok(()),
        }
    }
}

impl KnownTotal {
    /// Checks the total. If a list moves while it is read, records that slip from a later page to an earlier one are lost.
    fn take(&mut self, now: Option<u64>, slack: u64) -> Result<(), ListChanged> {
        let Some(now) = now else { return Ok(()) };
        let first = *self.first.get_or_insert(now);
        self.last = Some(now);
        if first.abs_diff(now) > slack { Err(ListChanged { first, now }) } else { Ok(()) }
    }
}

/// A number that was another one on an earlier page.
struct ListChanged {
    first: u64,
    now: u64,
}

impl ListChanged {
    fn of(self, what: &str, things: &'static str) -> RestError {
        let Self { first, now } = self;
        RestError::Moved { what: what.to_owned(), first, now, things }
    }
}

fn paging(what: &str, why: &str) -> RestError {
    RestError::Paging { what: what.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderValue, LINK};
    use serde_json::json;

    use super::*;
    use crate::source::rest::shape::path::Condition;

    /// Reads made-up answers to their end. Returns the requests, or the fault.
    fn notes(paging: &Paging, answers: &[Value]) -> String {
        let mut progress = Progress::new(paging, 5);
        let url: Url = "https://hr.example/api/people?x=1".parse().unwrap();
        let records = Path::parse("data").unwrap();
        let mut asked = Vec::new();
        for answer in answers {
            let values = progress.values(&Values::default());
            let get = |name: &str| values.0.get(name).cloned();
            asked.push(get("page").or(get("offset")).or(get("cursor")).unwrap_or_else(|| "-".into()));
            let any = !answer["data"].is_null();
            let found = if any { records.places(answer) } else { Vec::new() };
            let ended = paging.end.as_ref().is_some_and(|end| end.holds(answer));
            let list = records.pointer(answer);
            let page = Page {
                url: &url,
                headers: &HeaderMap::new(),
                answer,
                records: &found,
                listed: found.len() as u64,
                list: list.as_deref(),
                any,
                ended,
            };
            match progress.take("list", &page) {
                Ok(Next::Done) => return format!("{} = {}", asked.join(" "), progress.records),
                Ok(Next::Again) => {}
                Ok(Next::Follow(url)) => asked.push(url.to_string()),
                Err(fault) => return fault.to_string(),
            }
        }
        panic!("the list goes on: {asked:?}")
    }

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn a_short_page_is_no_end_and_the_offset_counts_what_came() {
        let paging = Paging { kind: PagingKind::Offset(0), ..Paging::default() };
        assert_eq!(notes(&paging, &[json!({"data": [1, 2]}), json!({"data": [3]}), json!({"data": []})]), "0 2 3 = 3");
        let scim = Paging { kind: PagingKind::Offset(1), total: Some(path("totalResults")), ..Paging::default() };
        let answers = [json!({"data": [1, 2], "totalResults": 3}), json!({"data": [3], "totalResults": 3})];
        assert_eq!(notes(&scim, &answers), "1 3 = 3");
        assert_eq!(notes(&paging, &[json!({"data": [1]}), Value::Null]), "0 1 = 1");
    }

    #[test]
    fn a_total_that_does_not_add_up_is_an_error() {
        let paging = Paging { kind: PagingKind::Page(1), total: Some(path("total")), ..Paging::default() };
        let notes = notes(&paging, &[json!({"data": [1, 2], "total": 5}), json!({"data": [], "total": 5})]);
        assert_eq!(notes, "list: the service says that there are 5 records, 2 came");
        let none = Paging { total: Some(path("total")), ..Paging::default() };
        assert!(super::tests::notes(&none, &[json!({"data": [1], "total": 2})]).contains("2 records, 1 came"));
        let pages = Paging { kind: PagingKind::Page(1), total_pages: Some(path("pages")), ..Paging::default() };
        let answers = [json!({"data": [1], "pages": 3}), json!({"data": [], "pages": 3})];
        assert!(super::tests::notes(&pages, &answers).contains("3 pages, 1 came"));
    }

    #[test]
    fn a_total_that_moves_between_two_pages_is_an_error() {
        let paging = |slack| Paging { kind: PagingKind::Offset(0), total: Some(path("total")), slack, ..Paging::default() };
        // One of four has left the first page: the third slips onto it, and what comes adds up all the same.
        let answers = [json!({"data": [1, 2], "total": 4}), json!({"data": [4], "total": 3})];
        assert_eq!(notes(&paging(0), &answers), "list: first there were 4 records, then 3");
        assert_eq!(notes(&paging(1), &answers), "0 2 = 3");
        let creeping = [1, 2, 3, 4].map(|n| json!({"data": [n], "total": n + 5}));
        assert_eq!(notes(&paging(2), &creeping), "list: first there were 6 records, then 9");
        let pages = Paging { kind: PagingKind::Page(1), total_pages: Some(path("pages")), ..Paging::default() };
        let answers = [json!({"data": [1], "pages": 3}), json!({"data": [2], "pages": 2})];
        assert_eq!(notes(&pages, &answers), "list: first there were 3 pages, then 2");
        // Three records are at most two pages of two.
        let pages = Paging { slack: 3, ..pages };
        let answers = |then| [json!({"data": [1, 2], "pages": 5}), json!({"data": [3, 4], "pages": then})];
        assert_eq!(notes(&pages, &answers(2)), "list: first there were 5 pages, then 2");
        let last = [json!({"data": [1, 2], "pages": 3}), json!({"data": [3], "pages": 2})];
        assert_eq!(notes(&pages, &last), "1 2 = 3");
    }

    #[test]
    fn the_page_that_is_the_end_by_its_own_words_counts() {
        for kind in [PagingKind::Page(1), PagingKind::Offset(1), PagingKind::Cursor(path("next"))] {
            let end = Condition::parse("last=true").ok();
            let paging = Paging { kind, end, total: Some(path("total")), ..Paging::default() };
            // A cursor beside the end is where the next reading of changes would begin.
            let answers = |last: Value| [json!({"data": [1], "next": 2}), json!({"data": last, "next": 3, "last": true})];
            assert!(notes(&paging, &answers(json!([2]))).ends_with(" 2 = 2"));
            assert!(notes(&paging, &answers(Value::Null)).ends_with(" 2 = 1"));
            let short = json!({"data": [1], "last": true, "total": 2});
            assert!(notes(&paging, &[short]).contains("2 records, 1 came"));
        }
    }

    #[test]
    fn a_list_that_would_never_end_is_an_error() {
        let paging = Paging { kind: PagingKind::Offset(0), ..Paging::default() };
        assert!(notes(&paging, &[json!({"data": [1]}), json!({"data": [1]})]).contains("came twice"));
        let answers: Vec<Value> = (0..9).map(|n| json!({ "data": [n] })).collect();
        assert!(notes(&paging, &answers).contains("more than 5 pages"));
        let cursor = Paging { kind: PagingKind::Cursor(path("next")), ..Paging::default() };
        let answers = [json!({"data": [1], "next": "a"}), json!({"data": [2], "next": "b"}), json!({"data": [3], "next": "a"})];
        assert!(notes(&cursor, &answers).contains("never end"));
        let more = Paging { kind: PagingKind::Page(1), more: Some(path("more")), ..Paging::default() };
        assert!(notes(&more, &[json!({"data": [], "more": true})]).contains("empty although"));
    }

    #[test]
    fn a_cursor_ends_with_null_and_a_link_is_followed_as_given() {
        let cursor = Paging { kind: PagingKind::Cursor(path("next")), ..Paging::default() };
        assert_eq!(notes(&cursor, &[json!({"data": [1], "next": 2}), json!({"data": [2], "next": null})]), "- 2 = 2");
        assert!(notes(&cursor, &[json!({"data": [1], "next": 2}), Value::Null]).contains("is empty although"));
        let next = Paging { kind: PagingKind::Next(path("next")), ..Paging::default() };
        let answers = [json!({"data": [1], "next": "/api/people?c=2"}), json!({"data": [2]})];
        assert_eq!(notes(&next, &answers), "- https://hr.example/api/people?c=2 - = 2");
    }

    #[test]
    fn a_page_that_promised_more_is_not_the_last() {
        let ends = [json!({"data": []}), json!({"data": null}), Value::Null, json!({"data": [], "more": false, "pages": 1})];
        for kind in [PagingKind::Page(1), PagingKind::Offset(0), PagingKind::Cursor(path("next"))] {
            for end in &ends {
                let more = Paging { kind: kind.clone(), more: Some(path("more")), ..Paging::default() };
                let answers = [json!({"data": [1], "more": true, "next": "a"}), end.clone()];
                assert_eq!(notes(&more, &answers), "list: the list ends although the service said that there is more", "{end}");
            }
            for end in &ends[..3] {
                let pages = Paging { kind: kind.clone(), total_pages: Some(path("pages")), ..Paging::default() };
                let answers = [json!({"data": [1], "pages": 2, "next": "a"}), end.clone()];
                assert_eq!(notes(&pages, &answers), "list: the service says that there are 2 pages, 1 came", "{end}");
            }
        }
    }

    #[test]
    fn a_met_total_proves_that_a_page_promised_too_much() {
        let (kind, total) = (PagingKind::Cursor(path("next")), Some(path("total")));
        let paging = Paging { kind, more: Some(path("more")), total, ..Paging::default() };
        let last = json!({"data": null, "more": false});
        assert_eq!(notes(&paging, &[json!({"data": [1], "more": true, "next": "a", "total": 1}), last]), "- a = 1");
    }

    #[test]
    fn more_without_a_way_to_it_is_no_end() {
        for kind in [PagingKind::None, PagingKind::Cursor(path("next")), PagingKind::Next(path("next")), PagingKind::Link] {
            let more = Paging { kind: kind.clone(), more: Some(path("more")), ..Paging::default() };
            assert!(notes(&more, &[json!({"data": [1], "more": true})]).contains("the list ends although"));
            let pages = Paging { kind, total_pages: Some(path("pages")), ..Paging::default() };
            assert!(notes(&pages, &[json!({"data": [1], "pages": 3})]).contains("3 pages, 1 came"));
        }
        let (more, total_pages) = (Some(path("more")), Some(path("pages")));
        let both = Paging { kind: PagingKind::Page(1), more, total_pages, ..Paging::default() };
        assert!(notes(&both, &[json!({"data": [1], "more": false, "pages": 2})]).contains("2 pages, 1 came"));
    }

    #[test]
    fn null_where_a_cursor_led_is_no_empty_list() {
        for kind in [PagingKind::Cursor(path("next")), PagingKind::Next(path("next"))] {
            let paging = Paging { kind, ..Paging::default() };
            let lost = notes(&paging, &[json!({"data": [1], "next": "b"}), json!({"data": null})]);
            assert!(lost.contains("is empty although the page before"), "{lost}");
            assert!(notes(&paging, &[json!({"data": [1], "next": "b"}), json!({"data": []})]).ends_with("= 1"));
            // A first page without records may still lead on.
            let answers = [json!({"data": null, "next": "b"}), json!({"data": [1]})];
            assert!(notes(&paging, &answers).ends_with("= 1"));
        }
    }

    #[test]
    fn what_cannot_be_understood_is_no_end() {
        let more = Paging { kind: PagingKind::Page(1), more: Some(path("more")), ..Paging::default() };
        for word in [json!("/people?page=2"), json!(57), json!({"next": true}), json!("Ja")] {
            assert!(notes(&more, &[json!({"data": [1], "more": word})]).contains("neither true nor false"), "{word}");
        }
        assert_eq!(notes(&more, &[json!({"data": [1], "more": "Y"}), json!({"data": [2], "more": "N"})]), "1 2 = 2");
        let total = Paging { total: Some(path("total")), ..Paging::default() };
        for word in [json!("1,200"), json!({"value": 2}), json!(1.5)] {
            assert!(notes(&total, &[json!({"data": [1], "total": word})]).contains("is not a number"), "{word}");
        }
        for unknown in [json!(-1), json!(""), json!(false), json!(1.0), json!("1")] {
            assert_eq!(notes(&total, &[json!({"data": [1], "total": unknown})]), "- = 1");
        }
        for kind in [PagingKind::Cursor(path("next")), PagingKind::Next(path("next"))] {
            let paging = Paging { kind, ..Paging::default() };
            assert!(notes(&paging, &[json!({"data": [1], "next": {"href": "/x"}})]).contains("an object or a list"));
            assert_eq!(notes(&paging, &[json!({"data": [1], "next": false})]), "- = 1");
        }
    }

    #[test]
    fn a_next_page_that_nobody_asks_for_is_no_end() {
        let one = Paging::default();
        let cursor = Paging { kind: PagingKind::Cursor(path("nxt")), ..Paging::default() };
        for paging in [&one, &cursor] {
            for leads in [
                json!({"@odata.nextLink": "https://x"}),
                json!({"@nextLink": "x"}),
                json!({"d": {"__next": "https://x"}}),
                json!({"links": {"next": "/x"}}),
                json!({"links": {"next": {"href": "/x"}}}),
                json!({"_links": {"next": {"href": "/x"}}}),
            ] {
                let mut answer = json!({"data": [1]});
                answer.as_object_mut().unwrap().extend(leads.as_object().unwrap().clone());
                assert!(notes(paging, &[answer]).contains("names a next page that `paging` does not ask for"), "{leads}");
            }
            for end in [json!({"next": null}), json!({"next": {"href": null}}), json!({"next": ""}), json!([]), Value::Null] {
                assert_eq!(notes(paging, &[json!({"data": [1], "links": end, "_links": end, "d": end})]), "- = 1");
            }
        }
        // Of a record that was asked for alone, the link leads to the next record.
        let (url, answer) = ("https://a/".parse().unwrap(), json!({"id": 1, "_links": {"next": {"href": "/2"}}}));
        let records = [(String::new(), &answer)];
        let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static("</2>; rel=next"))]);
        let page = Page {
            url: &url,
            headers: &headers,
            answer: &answer,
            records: &records,
            listed: 1,
            list: None,
            any: true,
            ended: false,
        };
        assert_eq!(Progress::new(&one, 5).take("record", &page).ok(), Some(Next::Done));
        // A page without anybody, of which the service says that it is not the last.
        let offset = Paging { kind: PagingKind::Offset(0), ..Paging::default() };
        let answers = [json!({"data": [1]}), json!({"data": [], "@odata.nextLink": "https://x"})];
        assert!(notes(&offset, &answers).contains("names a next page"));
        let mut headers = HeaderMap::new();
        headers.append("link", HeaderValue::from_bytes("<https://a/?p=ü>; rel=next".as_bytes()).unwrap());
        let (url, answer) = ("https://a/".parse().unwrap(), json!([{}]));
        let page =
            Page { url: &url, headers: &headers, answer: &answer, records: &[], listed: 0, list: None, any: true, ended: false };
        let next = Paging { kind: PagingKind::Next(path("nxt")), ..Paging::default() };
        let pages = Paging { kind: PagingKind::Page(1), ..Paging::default() };
        for paging in [&one, &cursor, &next, &pages] {
            assert!(Progress::new(paging, 5).take("list", &page).unwrap_err().to_string().contains("names a next page"));
        }
        let link = Paging { kind: PagingKind::Link, ..Paging::default() };
        assert!(matches!(Progress::new(&link, 5).take("list", &page), Ok(Next::Follow(_))));
    }

    #[test]
    fn an_end_that_is_said_outranks_a_link() {
        let (more, link) = (Some(path("more")), "https://hr.example/api/people?after=x");
        let last = |link: &str| json!({"data": [2], "more": false, "cursor": "x", "links": {"next": link}});
        for kind in [PagingKind::Cursor(path("cursor")), PagingKind::Next(path("links.next")), PagingKind::Page(1)] {
            let paging = Paging { kind, more: more.clone(), ..Paging::default() };
            let first = json!({"data": [1], "more": true, "cursor": "w", "links": {"next": "/api/people?after=w"}});
            assert!(notes(&paging, &[first, last(link)]).ends_with(" = 2"));
        }
        let one = Paging { more, ..Paging::default() };
        assert_eq!(notes(&one, &[last(link)]), "- = 1");
        let all = Paging { total: Some(path("total")), ..Paging::default() };
        assert_eq!(notes(&all, &[json!({"data": [1], "total": 1, "links": {"next": link}})]), "- = 1");
    }

    #[test]
    fn a_page_that_is_named_behind_the_last_has_nobody() {
        let page = |data: Value| json!({"data": data, "total": 2, "pages": 1, "links": {"next": "/api/people?page=9"}});
        for (total, total_pages) in [(Some(path("total")), None), (None, Some(path("pages")))] {
            let paging = Paging { kind: PagingKind::Offset(0), total, total_pages, ..Paging::default() };
            assert_eq!(notes(&paging, &[page(json!([1, 2])), page(json!([]))]), "0 2 = 2");
        }
        // What was taken for the total is how many are on the page.
        let count = Paging { kind: PagingKind::Page(1), total: Some(path("total")), ..Paging::default() };
        let answers = [page(json!([1, 2])), page(json!([3, 4])), json!({"data": [], "total": 2})];
        assert_eq!(notes(&count, &answers), "list: the service says that there are 2 records, 4 came");
    }

    #[test]
    fn what_an_answer_says_of_the_rest_is_heard_without_being_asked() {
        let one = Paging::default();
        for (more, said) in [
            (json!({"hasMore": true}), "list: the answer says by `hasMore` that there is more"),
            (json!({"meta": {"isLast": false}}), "list: the answer says by `meta.isLast` that there is more"),
            (
                json!({"next_page_token": "x"}),
                "list: the answer names a next page that `paging` does not ask for: `next_page_token`",
            ),
            (json!({"total": 40}), "list: `total` of the answer counts 40 records, 1 came"),
            (json!({"pagination": {"total_pages": 2}}), "list: `pagination.total_pages` of the answer counts 2 pages, 1 came"),
            (json!({"last_page": "2"}), "list: `last_page` of the answer counts 2 pages, 1 came"),
        ] {
            let mut answer = json!({"data": [{"id": 1}]});
            answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(notes(&one, std::slice::from_ref(&answer)), said);
            let ignore = said.split('`').find(|word| more.pointer(&format!("/{}", word.replace('.', "/"))).is_some());
            let deaf = Paging { ignore: vec![ignore.unwrap().to_owned()], ..Paging::default() };
            assert_eq!(notes(&deaf, &[answer]), "- = 1");
        }
        for fine in
            [json!({"total": 1, "count": 1, "hasMore": false, "next": null}), json!({"meta": {"total_pages": 1, "isLast": true}})]
        {
            let mut answer = json!({"data": [{"id": 1, "total": 40, "hasMore": true}]});
            answer.as_object_mut().unwrap().extend(fine.as_object().unwrap().clone());
            assert_eq!(notes(&one, &[answer]), "- = 1");
        }
    }

    #[test]
    fn paging_that_ends_early_is_no_end_where_the_answers_count_more() {
        let answers = |last: Value| {
            let mut last = last;
            last["data"] = json!([]);
            [json!({"data": [1, 2], "total": 5}), last]
        };
        for kind in [PagingKind::Page(1), PagingKind::Offset(0)] {
            let paging = Paging { kind: kind.clone(), ..Paging::default() };
            // Said on the first page alone, or on the last.
            for last in [json!({}), json!({"total": 5})] {
                assert!(notes(&paging, &answers(last)).contains("`total` of the answer counts 5 records, 2 came"));
            }
            assert!(notes(&paging, &answers(json!({"total": 2}))).ends_with(" = 2"));
            let slack = Paging { kind, slack: 3, ..Paging::default() };
            assert!(notes(&slack, &answers(json!({}))).ends_with(" = 2"));
        }
        // What was taken for the total counts the records of a page: the list goes on by another word.
        let count = Paging { kind: PagingKind::Offset(0), total: Some(path("count")), ..Paging::default() };
        let page = |data: Value, more: bool| json!({"data": data, "count": 2, "hasMore": more});
        let notes = notes(&count, &[page(json!([1, 2]), true), page(json!([3, 4]), false)]);
        assert_eq!(notes, "list: the service says that there are 2 records, 4 came");
        let next = Paging { kind: PagingKind::Next(path("nxt")), ..Paging::default() };
        let notes = super::tests::notes(&next, &[json!({"data": [1], "nxt": null, "paging": {"has_more": true}})]);
        assert!(notes.contains("by `paging.has_more`"), "{notes}");
    }
}
