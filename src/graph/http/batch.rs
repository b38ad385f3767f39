//! `$batch`: up to twenty requests in one, each answered alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::claims_challenge;
use super::response::{About, retry_after};

/// The most requests that Graph takes in a batch.
pub(in crate::graph) const MOST: usize = 20;

/// One request, to be sent alone or within a batch. Its URL is relative to the version root.
#[derive(Clone)]
pub(in crate::graph) struct BatchItem {
    pub(in crate::graph) method: &'static str,
    pub(in crate::graph) url: String,
    pub(in crate::graph) headers: BTreeMap<&'static str, &'static str>,
    pub(in crate::graph) body: Option<Json>,
}

impl BatchItem {
    pub(in crate::graph) fn get(url: impl Into<String>) -> Self {
        Self { method: "GET", url: url.into(), headers: BTreeMap::new(), body: None }
    }

    pub(in crate::graph) fn write(method: &'static str, url: impl Into<String>, body: Option<Json>) -> Self {
        let mut headers = BTreeMap::new();
        if body.is_some() {
            // Compulsory as soon as there is a body.
            headers.insert("Content-Type", "application/json");
        }
        Self { method, url: url.into(), headers, body }
    }

    pub(in crate::graph) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// The body of a `$batch`; the id of a request is its position.
///
/// Written piece by piece: thousands of bodies pass here, and none is copied on its way into the text.
pub(in crate::graph) fn encode(requests: &[&BatchItem]) -> String {
    let mut text = String::from(r#"{"requests":["#);
    for (position, BatchItem { method, url, headers, body }) in requests.iter().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        let url = Json::from(url.as_str());
        let _ = write!(text, r#"{comma}{{"id":"{position}","method":"{method}","url":{url}"#);
        if !headers.is_empty() {
            let headers: Json = headers.iter().map(|(name, value)| (*name, *value)).collect();
            let _ = write!(text, r#","headers":{headers}"#);
        }
        if let Some(body) = body {
            let _ = write!(text, r#","body":{body}"#);
        }
        text.push('}');
    }
    text.push_str("]}");
    text
}

/// The answer to one request.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Reply {
    pub(in crate::graph) status: u16,
    /// By their names in lower case.
    pub(in crate::graph) headers: BTreeMap<String, String>,
    /// The body as it came; JSON text, or nothing.
    pub(in crate::graph) body: Box<str>,
    pub(in crate::graph) place: Place,
}

/// The way in which the request was sent, on which the meaning of some answers depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) enum Place {
    /// A request that was sent alone: a gateway may have answered it.
    Alone,
    /// A part of a batch, which only the service itself answers.
    Part,
    /// A batch, which was refused whole.
    Batch,
}

#[derive(Deserialize)]
struct Outer {
    responses: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: Json,
    status: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Json>>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

/// Sorts the answers of a batch to its `count` requests; one that is missing is `None`.
///
/// # Errors
/// A text that is no answer to a batch, such as one that broke off.
pub(in crate::graph) fn decode(text: &str, count: usize) -> Result<Vec<Option<Reply>>, serde_json::Error> {
    let outer: Outer = serde_json::from_str(text)?;
    let mut replies: Vec<Option<Reply>> = vec![None; count];
    for item in outer.responses {
        let position = match &item.id {
            Json::String(id) => id.parse::<usize>().ok(),
            Json::Number(id) => id.as_u64().and_then(|id| usize::try_from(id).ok()),
            _ => None,
        };
        let headers = item.headers.unwrap_or_default().into_iter().map(|(name, value)| {
            let value = match value {
                Json::String(text) => text,
                other => other.to_string(),
            };
            (name.to_ascii_lowercase(), value)
        });
        let reply = Reply {
            status: item.status,
            headers: headers.collect(),
            body: item.body.map_or_else(Box::default, |body| Box::from(body.get())),
            place: Place::Part,
        };
        if let Some(slot) = position.and_then(|position| replies.get_mut(position)) {
            *slot = Some(reply);
        }
    }
    Ok(replies)
}

/// Graph's error, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::graph) struct Fault {
    pub(in crate::graph) code: Option<String>,
    pub(in crate::graph) message: Option<String>,
    pub(in crate::graph) details: Vec<(String, String)>,
    pub(in crate::graph) about: About,
    pub(in crate::graph) request_id: Option<String>,
}

impl Reply {
    pub(in crate::graph) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The wait that it asks for.
    pub(in crate::graph) fn retry_after(&self) -> Option<Duration> {
        retry_after(self.header("retry-after")?, self.header("date"))
    }

    pub(in crate::graph) fn json(&self) -> Option<Json> {
        serde_json::from_str(&self.body).ok()
    }

    pub(in crate::graph) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the service itself says that there is no such object.
    pub(in crate::graph) fn is_absent(&self) -> bool {
        self.status == 404 && self.fault().about == About::Request
    }

    /// Reads `{"error": {…}}`; both spellings of the inner error occur.
    pub(in crate::graph) fn fault(&self) -> Fault {
        let body = if self.is_success() { Json::Null } else { self.json().unwrap_or_default() };
        let error = &body["error"];
        let text = |value: &Json| value.as_str().map(str::to_owned);
        let details = error["details"].as_array().into_iter().flatten();
        let inner = if error["innerError"].is_object() { &error["innerError"] } else { &error["innererror"] };
        let said = [&error["code"], &inner["code"], &error["message"]].map(Json::as_str);
        let challenged = claims_challenge::is_challenge(self.status, self.header("www-authenticate"), said);
        let hint = challenged.then_some(claims_challenge::HINT);
        let message = match (text(&error["message"]), hint) {
            (Some(said), Some(hint)) => Some(format!("{said} ({hint})")),
            (said, hint) => said.or_else(|| hint.map(str::to_owned)),
        };
        let code = text(&error["code"]).filter(|code| !code.is_empty());
        let about = match self.place {
            _ if challenged || self.status == 401 => About::App,
            Place::Part => About::Request,
            // Every refusal of Graph's own has a code.
            Place::Alone if self.is_success() || code.is_some() => About::Request,
            Place::Alone | Place::Batch => About::Transport,
        };
        // Graph names the property in the details, in the error itself or in the error within it.
        let pointing = details.chain([error, inner]).chain(inner["details"].as_array().into_iter().flatten());
        let details =
            pointing.map(|detail| (text(&detail["code"]).unwrap_or_default(), text(&detail["target"]).unwrap_or_default()));
        Fault {
            code,
            message,
            details: details.filter(|(_, target)| !target.is_empty()).collect(),
            about,
            request_id: self.header("request-id").map(str::to_owned).or_else(|| text(&inner["request-id"])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_matched_by_id_whatever_their_order() {
        let text = r#"{"responses":[
            {"id":"2","status":429,"headers":{"Retry-After":"1.5"},"body":{"error":{"code":"TooManyRequests","message":"m",
             "innererror":{"request-id":"r"}}}},
            {"id":"0","status":201,"body":{"id":"x"}},{"id":"77","status":200}]}"#;
        let replies = decode(text, 3).unwrap();
        assert_eq!(replies[0].as_ref().unwrap().status, 201);
        assert!(replies[1].is_none());
        let third = replies[2].as_ref().unwrap();
        assert_eq!(third.header("retry-after"), Some("1.5"));
        assert_eq!(third.fault().code.as_deref(), Some("TooManyRequests"));
        assert_eq!(third.fault().request_id.as_deref(), Some("r"));
    }

    #[test]
    fn a_refused_property_is_found_wherever_graph_names_it() {
        let named = |error: &str| {
            let text = format!(r#"{{"responses":[{{"id":"0","status":400,"body":{{"error":{error}}}}}]}}"#);
            let fault = decode(&text, 1).unwrap()[0].as_ref().unwrap().fault();
            fault.details.into_iter().map(|(_, target)| target).collect::<Vec<_>>()
        };
        assert_eq!(named(r#"{"code":"c","details":[{"code":"d","target":"mail"},{"code":"e"}]}"#), ["mail"]);
        assert_eq!(named(r#"{"code":"c","target":"mail"}"#), ["mail"]);
        assert_eq!(named(r#"{"code":"c","innerError":{"code":"i","target":"mail"}}"#), ["mail"]);
        assert_eq!(named(r#"{"code":"c","innererror":{"details":[{"target":"mail"}]}}"#), ["mail"]);
        assert_eq!(named(r#"{"code":"c","message":"m"}"#), [""; 0]);
    }

    #[test]
    fn an_answer_that_broke_off_is_an_error() {
        assert!(decode(r#"{"responses":[{"id":"0","status":201"#, 1).is_err());
        assert!(decode("", 1).is_err());
        assert!(decode("[]", 1).is_err());
    }

    #[test]
    fn a_body_brings_its_content_type() {
        let write = BatchItem::write("PATCH", "/users/1", Some(serde_json::json!({"city": null})));
        let body = encode(&[&write, &BatchItem::get("/organization")]);
        assert_eq!(
            serde_json::from_str::<Json>(&body).unwrap(),
            serde_json::json!({"requests":[
                {"id":"0","method":"PATCH","url":"/users/1","headers":{"Content-Type":"application/json"},"body":{"city":null}},
                {"id":"1","method":"GET","url":"/organization"}]})
        );
    }
}
