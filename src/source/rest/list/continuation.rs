//! Markers in an answer that its list has more records: totals, flags, cursors and links, under any name that services use.
//!
//! A name is taken apart into the few words that services make such names of (`X-Total-Count`, `hasNextPage`, `next_page_token`,
//! `@odata.nextLink`); one with any other word in it (`totalSalary`, `nextReview`) means something else. Records are never looked
//! into: their own `total` is theirs. A single word (`total`, `next`) counts on the way to the list and in objects that are about
//! pages by their own name (`meta`, `paging`, `links`); elsewhere it may be about anything.

use std::collections::HashSet;
use std::ptr;

use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::response_flags::next_link;
use crate::source::rest::shape::json::number;

/// One marker, and the key under which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source::rest) struct Marker {
    pub(in crate::source::rest) key: String,
    pub(in crate::source::rest) kind: MarkerKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::rest) enum MarkerKind {
    /// A flag: this is not all.
    More,
    /// A cursor or a link to the next page.
    Next,
    /// A cursor that services send with every page, also with the last one, which has no records.
    Bookmark,
    /// So many records are in the list.
    Records(u64),
    /// So many pages are in the list.
    Pages(u64),
}

/// The meaning of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    More,
    End,
    Next,
    Bookmark,
    Records,
    /// Records that a filter let through, beside which a total of all means nothing.
    Filtered,
    Pages,
    /// Whether this page is the last, or the number of the last one.
    LastPage,
}

/// All markers of an answer and its headers. `list` is the pointer of the list or of one of its records.
pub(super) fn markers(answer: &Value, headers: &HeaderMap, list: Option<&str>, records: &[(String, &Value)]) -> Vec<Marker> {
    let own: HashSet<*const Value> = records.iter().map(|(_, record)| ptr::from_ref(*record)).collect();
    let mut search = Search { own, found: Vec::new() };
    search.on_the_way(answer, list.unwrap_or_default());
    search.headers(headers);
    search.finish()
}

struct Search {
    /// The addresses of the records, which are not searched for a marker.
    own: HashSet<*const Value>,
    found: Vec<(Topic, Marker)>,
}

/// The position of an object in an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// On the way to the list, or about pages by its name.
    Near,
    /// Anywhere else beside the list.
    Far,
}

/// Deeper than any wrapper.
const DEEPEST: usize = 6;

impl Search {
    /// The objects that lead to the list, each with its siblings.
    fn on_the_way(&mut self, answer: &Value, pointer: &str) {
        let (mut at, mut key) = (answer, String::new());
        let mut parts = pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
        while let Value::Object(object) = at {
            if self.own.contains(&ptr::from_ref(at)) {
                return;
            }
            let next = parts.next();
            self.members(object, &key, next.as_deref(), Spot::Near, 0);
            let Some((name, inner)) = next.and_then(|name| object.get_key_value(&name)) else { return };
            key = joined(&key, name);
            at = inner;
        }
    }

    fn members(&mut self, object: &Map<String, Value>, key: &str, way: Option<&str>, spot: Spot, depth: usize) {
        self.position(object, key);
        for (name, value) in object {
            if way != Some(name.as_str()) && !self.own.contains(&ptr::from_ref(value)) {
                self.member(name, value, key, spot, depth);
            }
        }
    }

    /// The end of the list in an object with the position of the page: `{current: 1, last: 2}`, `{from: 1, to: 20, of: 60}`.
    fn position(&mut self, object: &Map<String, Value>, key: &str) {
        let member = |names: &str| object.iter().find(|(name, _)| holds(names, &folded(name)));
        let ends = [(Topic::LastPage, "last lastpage", "current currentpage page"), (Topic::Records, "of", "to from")];
        for (topic, end, beside) in ends {
            if let (Some((name, value)), Some(_)) = (member(end).filter(|(_, value)| !value.is_boolean()), member(beside)) {
                self.add(topic, &joined(key, name), value);
            }
        }
    }

    fn member(&mut self, name: &str, value: &Value, above: &str, spot: Spot, depth: usize) {
        let key = joined(above, name);
        let words = words(name);
        let topic =
            words.as_deref().and_then(topic).filter(|_| spot == Spot::Near || words.as_ref().is_some_and(|all| all.len() > 1));
        if let Some(topic) = topic {
            self.add(topic, &key, value);
        }
        match value {
            Value::Array(items) if name.to_lowercase().contains("link") => self.links(&key, items),
            Value::Object(inner) if depth < DEEPEST && topic.is_none() => {
                let about = is_about_pages(name) || (has_a_position(inner) && !is_about_requests(name));
                // An object with records of its own counts those.
                if about || !has_records(inner) {
                    let near = about || (spot == Spot::Near && depth > 0 && !is_about_requests(name));
                    let spot = if near { Spot::Near } else { Spot::Far };
                    self.members(inner, &key, None, spot, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Links as a list: `[{"rel": "next", "href": …}]`.
    fn links(&mut self, key: &str, items: &[Value]) {
        let part = |item: &Value, names: [&str; 2]| names.iter().find_map(|name| item.get(*name)?.as_str().map(str::to_owned));
        let leads = |item: &&Value| {
            let relations = part(item, ["rel", "@rel"]).unwrap_or_default();
            let next = relations.split_whitespace().any(|word| word.eq_ignore_ascii_case("next"));
            next && part(item, ["href", "@href"]).is_some_and(|link| !link.trim().is_empty())
        };
        if items.iter().any(|item| leads(&item)) {
            self.found.push((Topic::Next, Marker { key: format!("{key}[rel=next]"), kind: MarkerKind::Next }));
        }
    }

    fn add(&mut self, topic: Topic, key: &str, value: &Value) {
        let count = |value: &Value| number(value).ok().flatten();
        let kind = match topic {
            Topic::More => is_positive(value).then_some(MarkerKind::More),
            Topic::Next => is_positive(value).then_some(MarkerKind::Next),
            Topic::Bookmark => is_positive(value).then_some(MarkerKind::Bookmark),
            Topic::End => is_denied(value).then_some(MarkerKind::More),
            Topic::Records | Topic::Filtered => count(value).map(MarkerKind::Records),
            Topic::Pages => count(value).map(MarkerKind::Pages),
            Topic::LastPage if is_denied(value) => Some(MarkerKind::More),
            Topic::LastPage => count(value).filter(|pages| *pages > 0).map(MarkerKind::Pages),
        };
        if let Some(kind) = kind {
            self.found.push((topic, Marker { key: key.to_owned(), kind }));
        }
        // `total: { value: 40, relation: "eq" }`.
        if let (Topic::Records, Value::Object(inner)) = (topic, value) {
            for (name, value) in inner {
                let below = match words(name).as_deref() {
                    Some(["value"]) => Some(Topic::Records),
                    Some(words) => {
                        self::topic(words).filter(|topic| matches!(topic, Topic::Records | Topic::Filtered | Topic::Pages))
                    }
                    None => None,
                };
                if let Some(below) = below {
                    self.add(below, &joined(key, name), value);
                }
            }
        }
    }

    fn headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            let (name, Ok(text)) = (name.as_str(), value.to_str()) else { continue };
            let key = format!("header {name}");
            if name == "content-range" {
                let total = text.rsplit_once('/').filter(|_| !text.trim_start().starts_with("bytes"));
                let total = total.and_then(|(_, total)| total.trim().parse().ok());
                self.found.extend(total.map(|total| (Topic::Records, Marker { key, kind: MarkerKind::Records(total) })));
            } else if let Some(topic) = header_topic(name) {
                self.add(topic, &key, &text.into());
            } else if name.contains("pagination")
                && let Ok(Value::Object(object)) = serde_json::from_str(text)
            {
                self.members(&object, &key, None, Spot::Near, 1);
            }
        }
        if next_link(headers).is_some() {
            self.found.push((Topic::Next, Marker { key: "header link".to_owned(), kind: MarkerKind::Next }));
        }
    }

    fn finish(self) -> Vec<Marker> {
        let filtered = self.found.iter().any(|(topic, _)| *topic == Topic::Filtered);
        let kept = self.found.into_iter().filter(|(topic, _)| !(filtered && *topic == Topic::Records));
        kept.map(|(_, marker)| marker).collect()
    }
}

fn joined(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}

/// Objects that are about pages whatever else is in them.
fn is_about_pages(name: &str) -> bool {
    const PARTS: &str = "meta pag link cursor navigation";
    const NAMES: &str = "d summary search query header envelope window slice batch pager info resultinfo listinfo resultset \
        result response list collection hits counts";
    let plain = folded(name);
    PARTS.split(' ').any(|part| plain.contains(part)) || holds(NAMES, &plain)
}

/// The limits of requests have numbers of their own.
fn is_about_requests(name: &str) -> bool {
    let plain = folded(name);
    ["rate", "quota", "usage", "throttl", "request"].iter().any(|part| plain.contains(part))
}

/// Whether an object contains the position of the page within the list.
fn has_a_position(object: &Map<String, Value>) -> bool {
    const NAMES: &str = "offset limit page pagesize perpage pagenumber currentpage pageindex startindex startat skip take \
        itemsperpage cursor";
    object.keys().any(|name| holds(NAMES, &folded(name)))
}

fn has_records(object: &Map<String, Value>) -> bool {
    object.values().filter_map(Value::as_array).any(|items| items.iter().any(Value::is_object))
}

/// Whether a flag is set, or a cursor or a link is there.
fn is_positive(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|number| number > 0.0),
        Value::String(text) => {
            let text = text.trim().to_lowercase();
            let number = text.parse::<f64>().ok();
            number.map_or(!matches!(text.as_str(), "" | "false" | "no" | "n" | "null" | "none" | "nil"), |number| number > 0.0)
        }
        Value::Array(items) => items.iter().any(is_positive),
        Value::Object(members) => members.values().any(is_positive),
        Value::Null => false,
    }
}

/// Whether a flag for the end is false. A number is no flag: `last: 0` may be a page.
fn is_denied(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::String(text) => matches!(text.trim().to_lowercase().as_str(), "false" | "no" | "n"),
        _ => false,
    }
}

/// What a header is about: `X-Total-Count`, also with the name of the service within (`X-Pcty-Total-Count`).
fn header_topic(name: &str) -> Option<Topic> {
    const OTHERS: &str = "rate limit quota retry cache time byte size";
    if OTHERS.split(' ').any(|other| name.contains(other)) {
        return None;
    }
    let rest = name.strip_prefix("x-").unwrap_or(name);
    let parts: Vec<&str> = rest.split('-').collect();
    (0..parts.len()).find_map(|skipped| {
        let words = words(&parts[skipped..].concat())?;
        let alone = words.len() == 1;
        // A single word counts where it is the whole name and can hardly mean anything else.
        let heard = !alone
            || matches!(words[0], "continuation")
            || (skipped == 0 && rest != name && matches!(words[0], "total" | "next"));
        topic(&words).filter(|_| heard)
    })
}

/// Words that name records.
const NOUNS: &str = "record records item items result results row rows element elements entry entries object objects resource \
    resources employee employees people person persons worker workers user users member members hit hits data \
    set list query match matches";
/// Nouns that name a number of records by themselves.
const COUNTED: &str = "records results items hits rows entries";
const COUNTS: &str = "total totals count num nb number no of found all overall full size gesamt anzahl";
const PAGES: &str = "page pages batch";
const LEADS: &str = "link links url uri href token cursor offset start marker key index id after path value skip continue \
    continuation ref bookmark scroll evaluated";
const FLAGS: &str = "has is are there more next last final available exists exist end reached at done complete completed finished \
    truncated partial incomplete remaining left eof filtered to fetch come exceeded limit limited transfer";
/// Words without a meaning for the list.
const FILLERS: &str = "x wp odata opensearch paging pagination meta indicator flag";

/// The words of a name, without fillers; nothing where it has a word that no such name has.
fn words(name: &str) -> Option<Vec<&'static str>> {
    /// Longer than any of them, and short enough to be tried in every way.
    const LONGEST: usize = 40;
    let plain = folded(name);
    if plain.is_empty() || plain.len() > LONGEST {
        return None;
    }
    let mut found = split(&plain, &mut HashSet::new())?;
    found.retain(|word| !holds(FILLERS, word));
    (!found.is_empty()).then_some(found)
}

/// Takes a name apart; longer words first, and no rest is tried twice.
fn split(rest: &str, tried: &mut HashSet<usize>) -> Option<Vec<&'static str>> {
    if rest.is_empty() {
        return Some(Vec::new());
    }
    if !tried.insert(rest.len()) {
        return None;
    }
    let all = [NOUNS, COUNTS, PAGES, LEADS, FLAGS, FILLERS];
    let mut fitting: Vec<&'static str> =
        all.into_iter().flat_map(str::split_whitespace).filter(|word| rest.starts_with(word)).collect();
    fitting.sort_by_key(|word| std::cmp::Reverse(word.len()));
    fitting.into_iter().find_map(|word| {
        let mut words = split(&rest[word.len()..], tried)?;
        words.insert(0, word);
        Some(words)
    })
}

/// Whether a list of words contains this one.
fn holds(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect()
}

/// What such words are about together.
fn topic(words: &[&str]) -> Option<Topic> {
    let has = |word: &str| words.contains(&word);
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let rest_in =
        |own: &str, lists: &[&str]| words.iter().all(|word| holds(own, word) || lists.iter().any(|list| holds(list, word)));
    if has("filtered") {
        return rest_in("filtered", &[NOUNS, COUNTS]).then_some(Topic::Filtered);
    }
    if any(&["truncated", "partial", "incomplete", "exceeded", "limited"]) || (has("limit") && has("reached")) {
        let flags = "truncated partial incomplete is are exceeded limit limited transfer reached size";
        return rest_in(flags, &[NOUNS, PAGES]).then_some(Topic::More);
    }
    if has("more") || (has("next") && any(&["has", "is", "available", "exists", "exist"])) {
        let flags = "has is are there more next available exists exist to fetch come left";
        return rest_in(flags, &[NOUNS, PAGES]).then_some(Topic::More);
    }
    if any(&["bookmark"]) || (has("scroll") && any(&["id", "token"])) {
        return rest_in("next", &[NOUNS, PAGES, LEADS]).then_some(Topic::Bookmark);
    }
    if words == ["last", "evaluated", "key"] {
        return Some(Topic::Next);
    }
    if has("next") || any(&["continue", "continuation"]) || words == ["skip", "token"] {
        return rest_in("next", &[NOUNS, PAGES, LEADS]).then_some(Topic::Next);
    }
    if words == ["last", "page"] {
        return Some(Topic::LastPage);
    }
    if has("pages") {
        return rest_in("", &[PAGES, COUNTS]).then_some(Topic::Pages);
    }
    if any(&["last", "final", "done", "complete", "completed", "finished", "end", "eof"]) {
        let flags = "is at of reached last final done complete completed finished end eof";
        return rest_in(flags, &[NOUNS, PAGES]).then_some(Topic::End);
    }
    counts(words, &has, &rest_in)
}

fn counts(words: &[&str], has: &dyn Fn(&str) -> bool, rest_in: &dyn Fn(&str, &[&str]) -> bool) -> Option<Topic> {
    // The number of a person (`employeeNumber`) is no number of persons (`numEmployees`).
    let numbered = words.first().is_some_and(|first| matches!(*first, "num" | "nb" | "number" | "no"));
    let counted = numbered || ["total", "totals", "count", "found", "gesamt", "anzahl"].into_iter().any(has);
    if has("remaining") || has("left") {
        return rest_in("remaining left", &[NOUNS, "count"]).then_some(Topic::More).filter(|_| words != ["left"]);
    }
    if has("page") {
        // `totalPage` and `pageCount` number the pages; `pageTotal` may be the records of this one.
        let pages = words.first() == Some(&"total") || words == ["page", "count"];
        return (pages && rest_in("", &[PAGES, COUNTS])).then_some(Topic::Pages);
    }
    if matches!(words, ["result" | "results", "size"]) {
        return Some(Topic::Records);
    }
    if let [only] = words {
        return (["total", "totals", "count", "gesamt", "anzahl"].contains(only) || holds(COUNTED, only))
            .then_some(Topic::Records);
    }
    (counted && rest_in("", &[NOUNS, COUNTS])).then_some(Topic::Records)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;
    use crate::source::rest::shape::path::Path;

    fn shown(answer: &Value, headers: &HeaderMap, records: &str) -> String {
        let path = Path::parse(records).unwrap();
        let found = path.places(answer);
        let list = found.first().map(|(pointer, _)| pointer.clone()).or_else(|| path.pointer(answer));
        let all = markers(answer, headers, list.as_deref(), &found);
        all.into_iter().map(|Marker { key, kind }| format!("{key} {kind:?}")).collect::<Vec<_>>().join("; ")
    }

    fn in_body(mut beside: Value) -> String {
        beside["data"] = json!([{"id": 1, "total": 99, "hasMore": true, "next": "x", "links": [{"rel": "next", "href": "x"}]}]);
        shown(&beside, &HeaderMap::new(), "data")
    }

    fn in_header(name: &str, value: &str) -> String {
        let headers = HeaderMap::from_iter([(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap())]);
        shown(&json!([{"id": 1}]), &headers, "")
    }

    #[test]
    fn a_flag_is_heard_under_many_names() {
        for name in "hasMore has_more HasMoreItems more moreResultsAvailable more_records hasNext has_next_page \
            hasNextPage nextPageExists isTruncated incomplete_results @hasMore exceededTransferLimit \
            limitReached"
            .split(' ')
        {
            for value in [json!(true), json!("true"), json!("Y"), json!(1)] {
                assert!(in_body(json!({ (name): value })).ends_with("More"), "{name} {value}");
                assert!(in_body(json!({"meta": { (name): value }})).starts_with("meta."), "{name}");
            }
            for value in [json!(false), json!("false"), json!("N"), json!(0), Value::Null, json!("")] {
                assert_eq!(in_body(json!({ (name): value })), "", "{name} {value}");
            }
        }
        for name in "isLast is_last_page last lastPage done complete endOfList finished".split(' ') {
            assert!(in_body(json!({ (name): false })).ends_with("More"), "{name}");
            for value in [json!(true), json!(0), json!("2026-01-01"), Value::Null] {
                assert_eq!(in_body(json!({ (name): value })), "", "{name} {value}");
            }
        }
    }

    #[test]
    fn totals_are_heard_under_many_names() {
        for name in "total totalCount total_count totalRecords totalResults total_elements TotalItems totalSize \
            total_rows count @odata.count __count recordCount numFound opensearch:totalResults recordsTotal \
            total_employees itemsCount @total"
            .split(' ')
        {
            for value in [json!(40), json!("40"), json!(40.0)] {
                assert!(in_body(json!({ (name): value })).ends_with("Records(40)"), "{name}");
            }
            assert!(in_body(json!({"result_info": {"page": { (name): 40 }}})).ends_with("Records(40)"), "{name}");
            for value in [Value::Null, json!(-1), json!(""), json!([1, 2])] {
                assert_eq!(in_body(json!({ (name): value })), "", "{name} {value}");
            }
        }
        for name in "total_pages totalPages pageCount page_count pages numPages total_page X-WP-TotalPages".split(' ') {
            assert!(in_body(json!({ (name): 2 })).ends_with("Pages(2)"), "{name}");
        }
        assert_eq!(in_body(json!({"hits": {"total": {"value": 40, "relation": "eq"}}})), "hits.total.value Records(40)");
        assert_eq!(in_body(json!({"recordsTotal": 500, "recordsFiltered": 20})), "recordsFiltered Records(20)");
    }

    #[test]
    fn cursors_and_links_are_heard_under_many_names() {
        for name in "next nextPage next_page_token nextCursor nextLink @odata.nextLink __next next_page_url \
            nextRecordsUrl nextToken continuationToken $skipToken NEXT_OFFSET"
            .split(' ')
        {
            for value in [json!("abc"), json!(2), json!({"href": "/p?2"}), json!({"after": "x", "link": null})] {
                assert!(in_body(json!({ (name): value })).contains(" Next"), "{name} {value}");
            }
            for value in [Value::Null, json!(""), json!(false), json!(0), json!({"href": null}), json!([]), json!("null")] {
                assert_eq!(in_body(json!({ (name): value })), "", "{name} {value}");
            }
        }
        for links in [
            json!({"links": {"next": "/x"}}),
            json!({"_links": {"next": {"href": "/x"}}}),
            json!({"paging": {"cursors": {"next": "x"}}}),
            json!({"_meta": {"links": {"next": {"href": "/x"}}}}),
            json!({"links": [{"rel": "self", "href": "/"}, {"rel": "next", "href": "/x"}]}),
            json!({"link": [{"@rel": "next", "@href": "/x"}]}),
            json!({"whatever": {"offset": 0, "limit": 1, "next": "/x"}}),
        ] {
            assert!(in_body(links.clone()).ends_with(" Next"), "{links}");
        }
    }

    #[test]
    fn the_words_of_single_services_are_heard() {
        for (beside, marker) in [
            (json!({"meta": {"page": {"current": 1, "last": 2}}}), "meta.page.last Pages(2)"),
            (json!({"currentPage": 1, "last_page": 2}), "last_page Pages(2)"),
            (json!({"remaining": 6}), "remaining More"),
            (json!({"meta": {"remaining": "6"}}), "meta.remaining More"),
            (json!({"LastEvaluatedKey": {"id": "1"}}), "LastEvaluatedKey Next"),
            (json!({"bookmark": "g1AAAA"}), "bookmark Bookmark"),
            (json!({"_scroll_id": "DXF1"}), "_scroll_id Bookmark"),
            (json!({"from": 1, "to": 1, "of": 60}), "of Records(60)"),
            (json!({"resultSize": 60}), "resultSize Records(60)"),
            (json!({"gesamt": 60}), "gesamt Records(60)"),
            (json!({"Gesamtanzahl": 60}), "Gesamtanzahl Records(60)"),
            (json!({"eof": false}), "eof More"),
        ] {
            assert!(in_body(beside.clone()).contains(marker), "{beside}: {}", in_body(beside.clone()));
        }
        assert_eq!(in_header("x-ms-continuation", "abc"), "header x-ms-continuation Next");
        for beside in [
            json!({"bookmark": "nil"}),
            json!({"LastEvaluatedKey": null, "remaining": 0, "eof": true}),
            json!({"of": 60, "last": 7, "left": 3}),
            json!({"meta": {"rateLimit": {"remaining": 59}}}),
            json!({"from": "2026-01-01", "to": "2026-12-31"}),
        ] {
            assert_eq!(in_body(beside.clone()), "", "{beside}");
        }
    }

    #[test]
    fn headers_are_heard_too() {
        for (name, value, kind) in [
            ("X-Total-Count", "40", "Records(40)"),
            ("X-Total", "40", "Records(40)"),
            ("X-Pcty-Total-Count", "40", "Records(40)"),
            ("X-Total-Pages", "2", "Pages(2)"),
            ("X-WP-TotalPages", "2", "Pages(2)"),
            ("Content-Range", "items 0-19/40", "Records(40)"),
            ("X-Next-Page", "2", "Next"),
            ("X-Has-More", "true", "More"),
            ("X-Pagination", "{\"totalCount\":40,\"pageSize\":20}", "Records(40)"),
            ("Link", "</p?2>; rel=\"next\"", "Next"),
        ] {
            assert!(in_header(name, value).ends_with(kind), "{name}: {}", in_header(name, value));
        }
        for (name, value) in [
            ("X-RateLimit-Total", "500"),
            ("Content-Length", "500"),
            ("Content-Range", "items 0-19/*"),
            ("X-Next-Page", ""),
            ("X-Request-Count", "500"),
            ("Link", "</p?1>; rel=\"prev\""),
            ("X-Total-Time", "500"),
            ("Age", "500"),
        ] {
            assert_eq!(in_header(name, value), "", "{name}");
        }
    }

    #[test]
    fn what_is_about_something_else_is_not_heard() {
        for beside in [
            json!({"company": {"name": "X", "total": 500, "next": "y"}, "headcount": {"count": 500}}),
            json!({"totalSalary": 90_000, "nextReview": "2027-01-01", "nextPayrollDate": "2026-12-24", "lastUpdated": false}),
            json!({"page": 1, "per_page": 20, "pageSize": 100, "limit": 100, "offset": 20, "currentPage": 7, "size": 50}),
            json!({"page": {"size": 20, "number": 3}, "cursor": "abc", "startAt": 50, "itemsPerPage": 500}),
            json!({"departments": {"items": [{"id": 1}], "totalCount": 300, "pageInfo": {"hasNextPage": true}}}),
            json!({"prev": "x", "previous_page": 3, "links": {"self": "/", "last": "/p?9", "prev": "/p?1"}}),
            json!({"message": "There is more to come", "end": "2026-12-31", "employeeNumber": 4711}),
            json!({"included": [{"total": 500, "hasMore": true}], "rateLimit": {"remaining": 59, "limit": 60, "total": 500}}),
        ] {
            assert_eq!(in_body(beside.clone()), "", "{beside}");
        }
        // A single record as the answer, and records by their ids.
        assert_eq!(shown(&json!({"id": 1, "total": 9, "hasMore": true, "links": {"next": "x"}}), &HeaderMap::new(), ""), "");
        assert_eq!(shown(&json!({"7": {"totalCount": 9, "next": "x"}, "8": {"hasMore": true}}), &HeaderMap::new(), "*"), "");
    }

    #[test]
    fn what_stands_on_the_way_is_heard_wherever_the_list_is() {
        let graph = json!({"data": {"people": {"nodes": [{"id": 1}], "totalCount": 40, "pageInfo": {"hasNextPage": true}}}});
        assert_eq!(
            shown(&graph, &HeaderMap::new(), "data.people.nodes"),
            "data.people.pageInfo.hasNextPage More; data.people.totalCount Records(40)"
        );
        for list in [json!([]), json!([{"id": 1}])] {
            let odata = json!({"d": {"results": list, "__count": "40", "__next": "https://x"}});
            assert_eq!(shown(&odata, &HeaderMap::new(), "d.results"), "d.__count Records(40); d.__next Next");
        }
        // One record where XML has no list of one.
        assert_eq!(shown(&json!({"Entry": {"total": 9}, "@total": "40"}), &HeaderMap::new(), "Entry"), "@total Records(40)");
    }

    #[test]
    fn a_long_name_takes_no_time() {
        let name = "next".repeat(100_000);
        assert_eq!(in_body(json!({ (name): "x" })), "");
        assert_eq!(in_body(json!({ ("nextnextnextnextnextnextnextnextnextnez"): "x" })), "");
    }

    proptest::proptest! {
        #[test]
        fn a_name_means_the_same_however_it_is_spelt(which in 0_usize..6, separator in "[_ .$@-]?", upper in proptest::bool::ANY) {
            let parts = [
                &["has", "more"][..],
                &["total", "count"],
                &["next", "page", "token"],
                &["total", "pages"],
                &["is", "last"],
                &["number", "of", "records"],
            ][which];
            let name = parts.join(&separator);
            let name = if upper { name.to_uppercase() } else { name };
            proptest::prop_assert_eq!(words(&name).as_deref().and_then(topic), topic(parts));
            proptest::prop_assert!(topic(parts).is_some());
            // Any other word makes another name of it.
            let other = format!("{name}{separator}salary");
            proptest::prop_assert!(words(&other).is_none());
        }
    }
}
