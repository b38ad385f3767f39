//! An HR system on loopback that replays recorded exchanges in their own protocol: it refuses the first credential, throttles, and
//! may break off a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

/// What it does beyond answering.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manners {
    /// The first request with each path is refused with 401.
    pub(crate) refuses_once: bool,
    /// Every third request is answered 429, each at most once.
    pub(crate) throttles: bool,
    /// The second page ends in its middle, always.
    pub(crate) breaks_off: bool,
}

#[derive(Clone)]
pub(crate) struct Exchange {
    method: String,
    path: String,
    /// The query and the members of a JSON body, by name.
    asked: BTreeMap<String, String>,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Whether it is there for one request alone.
    once: bool,
}

impl Exchange {
    /// `GET /path?name=value` or `POST …`, answered with a JSON body.
    pub(crate) fn json(request: &str, answer: &Value) -> Self {
        let (method, rest) = request.split_once(' ').unwrap();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let asked = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            asked,
            status: 200,
            headers,
            body: answer.to_string().into_bytes(),
            once: false,
        }
    }

    /// A refusal with its reason in a header.
    pub(crate) fn refusal(request: &str, status: u16, name: &str, said: &str) -> Self {
        Self { status, headers: vec![(name.to_owned(), said.to_owned())], body: Vec::new(), ..Self::json(request, &Value::Null) }
    }

    /// The same answer with another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same answer, for one request alone.
    pub(crate) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// Whether it answers requests with this path.
    pub(crate) fn asks(&self, path: &str) -> bool {
        self.path == path
    }

    /// The same answer with a header in the place of the one of its name.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same answer with this body.
    pub(crate) fn with_body(self, body: &[u8]) -> Self {
        Self { body: body.to_vec(), ..self }
    }

    /// Answers this text, to the letter.
    pub(crate) fn says(&mut self, body: &str) {
        body.as_bytes().clone_into(&mut self.body);
    }

    /// A whole file as the answer.
    pub(crate) fn file(request: &str, file: &Path) -> Self {
        let kind = match file.extension().and_then(|ending| ending.to_str()) {
            Some("xml") => "text/xml;charset=UTF-8",
            Some("csv") => "text/csv;charset=UTF-8",
            _ => "application/json",
        };
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { headers, body: std::fs::read(file).unwrap(), ..Self::json(request, &Value::Null) }
    }

    /// Writes a number before `after` wherever `text` stands in the answer.
    pub(crate) fn number(&mut self, text: &str, after: &str) {
        let body = String::from_utf8(std::mem::take(&mut self.body)).unwrap();
        let parts: Vec<&str> = body.split(text).collect();
        let (last, parts) = parts.split_last().unwrap();
        let numbered: String = parts.iter().enumerate().map(|(index, part)| format!("{part}{index}{after}")).collect();
        self.body = format!("{numbered}{last}").into_bytes();
    }

    /// The exchanges of a folder, as its `exchanges.json` lists them; refusals are left out, the server has its own.
    pub(crate) fn folder(folder: &Path) -> Vec<Self> {
        let list: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("exchanges.json")).unwrap()).unwrap();
        list.iter()
            .filter(|exchange| exchange["response"]["status"].as_u64().unwrap() < 300)
            .map(|exchange| Self::of(exchange, folder))
            .collect()
    }

    fn of(exchange: &Value, folder: &Path) -> Self {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let texts = |value: &Value| -> BTreeMap<String, String> {
            let object = value.as_object().cloned().unwrap_or_default();
            object.into_iter().map(|(name, value)| (name, text(&value))).collect()
        };
        let mut asked = texts(&request["query"]);
        asked.extend(texts(&request["body"]));
        Self {
            method: text(&request["method"]),
            path: text(&request["path"]),
            asked,
            status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
            headers: texts(&response["headers"]).into_iter().collect(),
            body: response["body_file"].as_str().map(|file| std::fs::read(folder.join(file)).unwrap()).unwrap_or_default(),
            once: false,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

struct Served {
    exchanges: Mutex<Vec<Exchange>>,
    manners: Manners,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    refused: BTreeSet<String>,
    throttled: BTreeSet<String>,
    count: u64,
    /// Method, path and query, of requests that were answered.
    lines: Vec<String>,
    credentials: BTreeSet<String>,
}

/// A running server; it ends with its runtime.
pub(crate) struct HrServer {
    pub(crate) address: SocketAddr,
    served: Arc<Served>,
    _runtime: tokio::runtime::Runtime,
}

impl HrServer {
    pub(crate) fn start(exchanges: Vec<Exchange>, manners: Manners) -> Self {
        let served = Arc::new(Served { exchanges: Mutex::new(exchanges), manners, heard: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let app = axum::Router::new().fallback(answer).with_state((Arc::clone(&served), address));
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, served, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers so.
    pub(crate) fn answers(&self, exchanges: Vec<Exchange>) {
        *self.served.exchanges.lock().unwrap() = exchanges;
    }

    /// The requests that were answered, in their order.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.served.heard.lock().unwrap().lines.clone()
    }

    /// The credentials that came, with their header.
    pub(crate) fn credentials(&self) -> Vec<String> {
        self.served.heard.lock().unwrap().credentials.iter().cloned().collect()
    }
}

fn plain(status: u16, headers: &[(&str, &str)]) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::empty()).unwrap()
}

async fn answer(
    State((served, address)): State<(Arc<Served>, SocketAddr)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = asked(&uri, &body);
    let found = take(&mut served.exchanges.lock().unwrap(), method.as_str(), uri.path(), &asked);
    let second = {
        let mut heard = served.heard.lock().unwrap();
        heard.count += 1;
        for name in ["authorization", "x-api-key", "x-auth-token", "us-customer-api-key", "x-account-token"] {
            if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
                heard.credentials.insert(format!("{name}: {value}"));
            }
        }
        let token_call = uri.path().contains("auth");
        if served.manners.refuses_once && !token_call && heard.refused.insert(uri.path().to_owned()) {
            return plain(401, &[("www-authenticate", "Basic")]);
        }
        if served.manners.throttles && heard.count % 3 == 0 && heard.throttled.insert(uri.to_string()) {
            return plain(429, &[("retry-after", "0")]);
        }
        heard.lines.push(format!("{method} {uri}"));
        heard.lines.len() > 1
    };
    let Some(exchange) = found else { return plain(404, &[]) };
    let mut body = exchange.body.clone();
    if let Ok(text) = std::str::from_utf8(&body) {
        // Links with an address lead here instead of to the vendor.
        body = at_home(text, address).into_bytes();
    }
    let mut response = Response::builder().status(StatusCode::from_u16(exchange.status).unwrap());
    for (name, value) in &exchange.headers {
        response = response.header(name, value);
    }
    let body = if served.manners.breaks_off && second && body.len() > 20 {
        let half = Bytes::copy_from_slice(&body[..body.len() / 2]);
        let broken = std::io::Error::other("the line broke");
        Body::from_stream(futures::stream::iter([Ok(half), Err(broken)]))
    } else {
        Body::from(body)
    };
    response.body(body).unwrap()
}

/// The names that are asked for: the query, and the members of a JSON body.
fn asked(uri: &Uri, body: &[u8]) -> BTreeMap<String, String> {
    let query = uri.query().unwrap_or_default();
    let mut asked: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
        asked.extend(members.into_iter().map(|(name, value)| (name, text(&value))));
    }
    asked
}

/// The exchange for a request, which goes if it is for one alone.
fn take(exchanges: &mut Vec<Exchange>, method: &str, path: &str, asked: &BTreeMap<String, String>) -> Option<Exchange> {
    let found = find(exchanges, method, path, asked)?;
    let at = exchanges.iter().position(|exchange| std::ptr::eq(exchange, found))?;
    if found.once { Some(exchanges.remove(at)) } else { Some(found.clone()) }
}

/// The exchange for a request: what varies among those of its path must agree, whether it is asked for or not.
fn find<'e>(exchanges: &'e [Exchange], method: &str, path: &str, asked: &BTreeMap<String, String>) -> Option<&'e Exchange> {
    let same: Vec<&Exchange> = exchanges.iter().filter(|exchange| exchange.method == method && exchange.path == path).collect();
    let names: BTreeSet<&String> = same.iter().flat_map(|exchange| exchange.asked.keys()).collect();
    let varies = |name: &String| same.iter().any(|exchange| exchange.asked.get(name) != same[0].asked.get(name));
    // Without any cursor the first page is meant, whatever else its request said.
    let names: Vec<&String> = names
        .into_iter()
        .filter(|name| varies(name) && !["paging", "customPageSize", "count"].contains(&name.as_str()))
        .collect();
    let agrees = |exchange: &Exchange, name: &String| match (exchange.asked.get(name), asked.get(name)) {
        // Whatever it says, it must be said.
        (Some(any), given) if any == "*" => given.is_some(),
        (wanted, given) => wanted == given,
    };
    same.into_iter().find(|exchange| names.iter().all(|name| agrees(exchange, name)))
}

fn at_home(text: &str, address: SocketAddr) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("https://") {
        let host = &rest[at + 8..];
        let end = host.find(['/', '"', '?']).unwrap_or(host.len());
        out.push_str(&rest[..at]);
        let _ = write!(out, "http://{address}");
        rest = &host[end..];
    }
    out + rest
}

/// A made-up list of people in pages, as an API with offsets gives it.
pub(crate) fn pages(path: &str, people: &[Value], size: usize) -> Vec<Exchange> {
    let count = people.len();
    (0..=count.div_ceil(size))
        .map(|page| {
            let offset = page * size;
            let data: Vec<&Value> = people.iter().skip(offset).take(size).collect();
            Exchange::json(&format!("GET {path}?offset={offset}"), &json!({ "data": data, "meta": { "total": count } }))
        })
        .collect()
}

/// Where the recordings lie beside the project.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("HRPUSH_SHARED")?).join("data").join(name);
    path.exists().then_some(path)
}
