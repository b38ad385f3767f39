//! A request as the tenant sees it, from the wire or from inside a batch.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::reply::Problem;

/// One request with its path taken apart.
pub(super) struct Request {
    pub(super) method: String,
    /// The path below the version root, as it was sent.
    pub(super) path: String,
    pub(super) segments: Vec<String>,
    query: Vec<(String, String)>,
    headers: HashMap<String, String>,
    pub(super) body: Option<Value>,
}

impl Request {
    /// Takes a relative URL such as `/users?$top=5` apart.
    pub(super) fn new(method: &str, url: &str, headers: HashMap<String, String>, body: Option<Value>) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let segments = path.split('/').filter(|part| !part.is_empty()).flat_map(|part| keyed(&decoded(part))).collect();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { method: method.to_ascii_uppercase(), path: path.to_owned(), segments, query, headers, body }
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name) || key.eq_ignore_ascii_case(name.trim_start_matches('$')))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The body, which has to be an object.
    pub(super) fn object(&self) -> Result<&Map<String, Value>, Problem> {
        self.body
            .as_ref()
            .and_then(Value::as_object)
            .ok_or_else(|| Problem::new(400, "BadRequest", "Empty Payload. JSON content expected."))
    }

    /// Whether the query may use the index store.
    pub(super) fn advanced(&self) -> bool {
        self.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
            && self.query("$count").is_some_and(|count| count.eq_ignore_ascii_case("true"))
    }

    /// This URL again with another token, and without those it had.
    pub(super) fn link(&self, base: &str, token: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, kept) in &self.query {
            if !["$skiptoken", "$deltatoken"].contains(&key.to_lowercase().as_str()) {
                query.append_pair(key, kept);
            }
        }
        query.append_pair(token, value);
        format!("{base}/{}?{}", self.path.trim_start_matches('/'), query.finish())
    }
}

/// `groups(uniqueName='x')` and `users('x')` as segments.
fn keyed(part: &str) -> Vec<String> {
    let Some((name, key)) = part.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?))) else {
        return vec![part.to_owned()];
    };
    if key.is_empty() {
        return vec![name.to_owned()];
    }
    let plain = |text: &str| text.trim_matches('\'').replace("''", "'");
    match key.split_once('=') {
        Some((property, value)) if !key.starts_with('\'') => vec![name.to_owned(), format!("{property}={}", plain(value))],
        _ => vec![name.to_owned(), plain(key)],
    }
}

fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        if first == b'%'
            && let (Some(high), Some(low)) = (hex(0), hex(1))
        {
            bytes.push(high * 16 + low);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The id at the end of an `@odata.id`.
pub(super) fn referenced(link: &str) -> String {
    let path = link.split(['?', '#']).next().unwrap_or(link);
    let segment = decoded(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default());
    keyed(&segment).pop().unwrap_or_default()
}
