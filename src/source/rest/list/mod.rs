//! One list, page by page, to its end.

use std::sync::Arc;

use reqwest::header::HeaderMap;
use serde_json::{Map, Value};
use url::Url;

use self::paging::{Next, Page, Progress};
use super::error::RestError;
use super::http::body;
use super::http::client::Sender;
use super::http::transport::{Answer, Call, Payload, said};
use super::settings::{Body, Format, PagingKind, Request, Settings};
use super::shape::template::{Template, Values};
use crate::record::{At, Doubt, Place};
use crate::source::rest::shape::json::scalar;
use crate::source::rest::shape::json::truth;

mod continuation;
pub(super) mod paging;
pub(super) mod repeats;
pub(super) mod response_flags;
pub(super) mod truncated;

/// A record as it came.
pub(in crate::source::rest) struct Raw {
    pub(in crate::source::rest) place: Place,
    pub(in crate::source::rest) json: Value,
    pub(in crate::source::rest) origin: Origin,
    /// Why what was joined to it may be another record's.
    pub(in crate::source::rest) doubt: Option<Doubt>,
}

/// Which page of which list a record came on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::source::rest) struct Origin {
    /// 0 is the first list, the others follow.
    pub(in crate::source::rest) list: usize,
    /// From 1; 0 for a record that an earlier reading kept.
    pub(in crate::source::rest) page: u64,
}

/// A list on its way to its end.
pub(in crate::source::rest) struct Pages<'s> {
    request: &'s Request,
    values: Values,
    progress: Progress<'s>,
    follow: Option<Url>,
    done: bool,
}

impl<'s> Pages<'s> {
    pub(in crate::source::rest) fn new(sender: &Sender<'_>, request: &'s Request, values: Values) -> Self {
        let progress = Progress::new(&request.paging, sender.settings.limits.pages);
        Self { request, values, progress, follow: None, done: false }
    }

    /// Whether the list may have a second page.
    pub(in crate::source::rest) fn is_paged(&self) -> bool {
        !matches!(self.request.paging.kind, PagingKind::None)
    }

    /// The records of the next page; nothing once the list has ended, and was whole.
    pub(in crate::source::rest) async fn next(&mut self, sender: &Sender<'_>) -> Result<Option<Vec<Raw>>, RestError> {
        if self.done {
            return Ok(None);
        }
        let filled = self.progress.values(&self.values);
        let number = self.progress.pages + 1;
        let call = call(sender, self.request, &filled, self.follow.take(), number)?;
        let answer = sender.send(&call).await?;
        whole(&call, self.request, answer.status)?;
        let mut body = body_of(sender.settings, &call, self.request, &answer)?;
        let ended = self.request.paging.end.as_ref().is_some_and(|end| body.as_ref().is_some_and(|body| end.holds(body)));
        let found = match &body {
            Some(body) if ended => last_records(&call, self.request, body),
            Some(body) => records(&call, self.request, body),
            None => Ok(None),
        };
        let empty = found.as_ref().map_or(true, |found| found.as_ref().is_none_or(Vec::is_empty));
        // An answer without records that looks like a failure is how some services end a list.
        if let Some(body) = body.as_ref().filter(|_| !(ended && empty))
            && tells_of_fault(self.request, body, empty)
        {
            let fault = RestError::Faulty { what: call.what.clone(), status: status_in(body), said: said(body) };
            // Where the list is missing, that says more, unless nothing is there at all.
            if found.is_ok() || fault.not_there() {
                return Err(fault);
            }
        }
        let found = found?;
        let (any, found) = (found.is_some(), found.unwrap_or_default());
        let answered = body.as_ref().unwrap_or(&Value::Null);
        let list = found.first().map(|(pointer, _)| pointer.clone()).or_else(|| self.request.records.pointer(answered));
        let listed = self.request.records.count_before_condition(answered).filter(|_| any).unwrap_or(found.len());
        let page = Page {
            url: &call.url,
            headers: &answer.headers,
            answer: answered,
            records: &found,
            listed: listed as u64,
            list: list.as_deref(),
            any,
            ended,
        };
        match self.progress.take(&call.what, &page)? {
            Next::Done => self.done = true,
            Next::Again => {}
            Next::Follow(url) => self.follow = Some(same_origin(sender, &call.what, url)?),
        }
        let pointers = found.into_iter().map(|(pointer, _)| pointer).collect();
        Ok(Some(cut(sender, number, body.as_mut(), pointers)))
    }
}

/// The credential goes where the configuration says, and nowhere else.
fn same_origin(sender: &Sender<'_>, what: &str, url: Url) -> Result<Url, RestError> {
    let ours = sender.settings.base.origin();
    if url.origin() == ours && url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    let origin = super::error::plain(&url.origin().ascii_serialization());
    Err(RestError::ForeignLink { what: what.to_owned(), origin, ours: ours.ascii_serialization() })
}

fn call(sender: &Sender<'_>, request: &Request, values: &Values, follow: Option<Url>, number: u64) -> Result<Call, RestError> {
    let path = request.path.fill_path(values);
    let method = if request.post { "POST" } else { "GET" };
    let page = if number > 1 { format!(", page {number}") } else { String::new() };
    let what = format!("{method} {path}{page}");
    let url = match follow {
        Some(url) => url,
        None => address(&sender.settings.base, &path, &request.query, values)?,
    };
    let payload = request.body.as_ref().map(|body| match body {
        Body::Json(shape) => Payload::Json(shape.fill(values).to_string()),
        Body::Form(fields) => Payload::Form(pairs(fields, values)),
    });
    let accept = match request.format {
        None | Some(Format::Json) => "application/json",
        Some(Format::Xml) => "application/xml, text/xml",
        Some(Format::Csv) => "text/csv",
        Some(Format::Lines) => "application/x-ndjson",
    };
    Ok(Call { what, post: request.post, url, headers: HeaderMap::new(), payload, sign: true, accept })
}

/// The base, the path below it and the query.
fn address(base: &Url, path: &str, query: &[(String, Template)], values: &Values) -> Result<Url, RestError> {
    // `.` and `..` would be taken out of the path, and another one would be asked.
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(RestError::Unusable(format!("`{path}` would leave its folder")));
    }
    let mut url = base.clone();
    url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/')));
    let pairs = pairs(query, values);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// The pairs with their parts filled in; what asks for a cursor is left out while there is none.
fn pairs(fields: &[(String, Template)], values: &Values) -> Vec<(String, String)> {
    let wanted = fields.iter().filter(|(_, template)| !template.names("cursor") || values.0.contains_key("cursor"));
    wanted.map(|(name, template)| (name.clone(), template.fill(values))).collect()
}

/// The status of an answer that says itself that it has no content.
const NO_CONTENT: u16 = 204;

/// Some good statuses say that there is more than the answer, or that it is not ready.
fn whole(call: &Call, request: &Request, status: u16) -> Result<(), RestError> {
    let why = match status {
        202 => "the list is not ready yet",
        206 if matches!(request.paging.kind, PagingKind::None) => "it is a part of the list, and there is no `paging`",
        _ => return Ok(()),
    };
    Err(RestError::Unreadable { what: call.what.clone(), why: format!("answered {status}: {why}") })
}

/// The answer as JSON, whatever its form; nothing where it says that it has no content. One that should have a body and has none
/// is no end of a list: something between here and the service lost it.
fn body_of(settings: &Settings, call: &Call, request: &Request, answer: &Answer) -> Result<Option<Value>, RestError> {
    let manner = body::BodyFormat { format: request.format, encoding: settings.encoding.as_deref() };
    let read = body::read(&answer.headers, &answer.body, manner).map_err(|unread| unread.of(&call.what))?;
    if read.is_none() && answer.status != NO_CONTENT {
        return Err(RestError::Unreadable { what: call.what.clone(), why: "it has no body".to_owned() });
    }
    Ok(read)
}

/// Records, each with its pointer.
type Found<'v> = Vec<(String, &'v Value)>;

/// The records of an answer; nothing where `null` is in the place of their list.
fn records<'v>(call: &Call, request: &Request, body: &'v Value) -> Result<Option<Found<'v>>, RestError> {
    let places = request.records.find(body);
    let chosen_from_list = || request.records.count_before_condition(body).is_some();
    if places.is_empty() && !empty_wildcard(request, body) && !chosen_from_list() {
        let path = request.records.to_string();
        return Err(RestError::NoRecords { what: call.what.clone(), path, said: said(body) });
    }
    // The whole answer as the list: an object there is the service's word about a fault, not a page with one person.
    if request.records.as_str().is_empty() && body.is_object() && !matches!(request.paging.kind, PagingKind::None) {
        return Err(RestError::NoList { what: call.what.clone(), said: said(body) });
    }
    if !places.is_empty() && places.iter().all(|place| place.is_null()) {
        return Ok(None);
    }
    let found = request.records.places(body);
    match found.iter().find(|(_, record)| !record.is_object()) {
        None => Ok(Some(found)),
        Some((_, Value::String(text))) if text.trim().is_empty() && found.len() == 1 => Ok(Some(Vec::new())),
        Some((_, record)) => Err(RestError::NoObject { what: call.what.clone(), kind: kind(record) }),
    }
}

/// The records of an answer that is the end of the list: it may be the last page, or lie behind it and have no list at all.
fn last_records<'v>(call: &Call, request: &Request, body: &'v Value) -> Result<Option<Found<'v>>, RestError> {
    let whole = request.records.as_str().is_empty() && body.is_object();
    if whole || !request.records.places(body).iter().any(|(_, record)| record.is_object()) {
        return Ok(None);
    }
    records(call, request, body)
}

/// Words for how a request went, where it went wrong.
const FAILED: [&str; 6] = ["error", "errors", "fail", "failed", "failure", "fault"];

/// Whether an answer with a good status says itself that it is none, as GraphQL does, with or without a part of the records. A fault
/// within an envelope is looked for only where there are no records.
fn tells_of_fault(request: &Request, body: &Value, empty: bool) -> bool {
    let Value::Object(answer) = body else { return false };
    // The status of a person is no word on how the request went, unless the answer also says why.
    let itself = request.records.as_str().is_empty();
    let of_request = !itself || said(body).is_some();
    let envelopes = answer.values().filter_map(Value::as_object);
    is_fault(answer, of_request, empty || itself) || (empty && envelopes.into_iter().any(|inner| is_fault(inner, true, true)))
}

fn is_fault(object: &Map<String, Value>, of_request: bool, alone: bool) -> bool {
    let named = ["error", "errors"].iter().any(|name| object.get(*name).is_some_and(|fault| !is_nothing(fault)));
    let denied = ["success", "ok"].iter().any(|name| matches!(object.get(*name).map(truth), Some(Ok(Some(false)))));
    let failed = |name: &&str| {
        let Some(word) = object.get(*name).and_then(scalar) else { return false };
        let word = word.trim().to_lowercase();
        // Beside records a number may mean anything; without records it is the status that the answer should have had.
        FAILED.contains(&word.as_str()) || (alone && word.parse().is_ok_and(|code: u16| (400..600).contains(&code)))
    };
    named || denied || (of_request && ["status", "result"].iter().any(failed))
}

/// The status that an answer with a fault says it should have had.
fn status_in(body: &Value) -> Option<u16> {
    let places =
        ["/status", "/code", "/error/status", "/error/code", "/errors/0/status", "/errors/0/code", "/meta/status", "/meta/code"];
    let at = |place: &str| scalar(body.pointer(place)?)?.trim().parse().ok();
    places.into_iter().filter_map(at).find(|status| (400..600).contains(status))
}

/// Whether the place of a fault says that there is none, however deep it says nothing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_nothing),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Null => true,
        other => matches!(truth(other), Ok(None | Some(false))),
    }
}

/// Whether a path with `*` leads to nothing because the list before it is there and empty.
fn empty_wildcard(request: &Request, body: &Value) -> bool {
    let text = request.records.as_str();
    let Some(at) = text.find(['*']) else { return false };
    let before = text[..at].trim_end_matches(['.', '[']);
    let list = super::shape::path::Path::parse(before).ok().map(|path| path.find(body).into_iter().cloned().collect::<Vec<_>>());
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
    list.is_some_and(|found| !found.is_empty() && found.iter().all(empty))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The records out of their page, each with its place: the pointer is that within its own answer. No record lies within another one.
fn cut(sender: &Sender<'_>, number: u64, body: Option<&mut Value>, pointers: Vec<String>) -> Vec<Raw> {
    let Some(body) = body else { return Vec::new() };
    let name = &sender.settings.name;
    let source: Arc<str> = if number > 1 { format!("{name}, page {number}").into() } else { name.as_str().into() };
    let raw = |pointer: String| {
        let json = body.pointer_mut(&pointer)?.take();
        let place = Place { source: Arc::clone(&source), at: At::Pointer(pointer.into()) };
        Some(Raw { place, json, origin: Origin { list: 0, page: number }, doubt: None })
    };
    pointers.into_iter().filter_map(raw).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::rest::{Paging, Path};

    /// Whether an answer reports a failure, with records in it and without.
    fn tells(records: &str, body: &Value) -> (bool, bool) {
        let request = Request {
            post: false,
            path: Template::default(),
            query: Vec::new(),
            body: None,
            records: Path::parse(records).unwrap(),
            format: None,
            paging: Paging::default(),
        };
        (tells_of_fault(&request, body, false), tells_of_fault(&request, body, true))
    }

    #[test]
    fn a_fault_is_told_in_many_words() {
        for fault in [
            json!({"success": false}),
            json!({"success": "No"}),
            json!({"ok": 0}),
            json!({"status": "error"}),
            json!({"status": "FAIL", "data": []}),
            json!({"result": "Failed"}),
            json!({"error": {"code": null, "message": "later"}}),
            json!({"errors": [{}, {"code": 7}]}),
        ] {
            assert_eq!(tells("data", &fault), (true, true), "{fault}");
            assert_eq!(tells("data", &json!({ "meta": fault })), (false, true), "{fault}");
        }
        assert_eq!(tells("data", &json!({"status": 503, "data": []})), (false, true));
    }

    #[test]
    fn what_says_nothing_tells_of_no_fault() {
        for fine in [
            json!({"success": true, "ok": "yes", "status": "success", "result": "OK"}),
            json!({"error": {"code": null, "message": "", "details": [{}]}, "errors": [[], ""]}),
            json!({"error": {"code": 0, "text": {"value": null}}, "errors": {"list": []}, "status": 200}),
            json!({"error": false, "errors": "0", "success": null, "status": "Active"}),
        ] {
            assert_eq!(tells("data", &fine), (false, false), "{fine}");
        }
    }

    #[test]
    fn the_status_of_a_person_is_no_fault_of_the_answer() {
        assert_eq!(tells("", &json!({"id": 7, "status": "Failed"})), (false, false));
        assert_eq!(tells("", &json!({"id": 7, "status": 450})), (false, false));
        assert_eq!(tells("", &json!({"status": 404, "message": "no such employee"})), (true, true));
        assert_eq!(tells("", &json!({"status": "error", "message": "try later"})), (true, true));
    }

    #[test]
    fn a_fault_says_which_status_it_should_have_had() {
        for (body, status) in [
            (json!({"status": 404, "message": "no such employee"}), Some(404)),
            (json!({"error": {"code": "404", "message": "none"}}), Some(404)),
            (json!({"errors": [{"status": "404", "code": "none"}]}), Some(404)),
            (json!({"status": "error", "code": 503}), Some(503)),
            (json!({"status": "error", "message": "404"}), None),
            (json!({"success": false, "code": 7}), None),
        ] {
            assert_eq!(status_in(&body), status, "{body}");
            assert!(tells("data", &body).1, "{body}");
        }
    }
}
