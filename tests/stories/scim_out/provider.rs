//! A SCIM service provider on loopback that can be slow, forgetful and untruthful.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use hrpush::scim::{Filter, Patch, ResourceKind, parse_json};
use serde_json::{Map, Value, json};

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429 with a wait of no time.
    Throttled,
    /// 503 with a wait of no time.
    Unavailable,
    /// 500, and nothing is done.
    FailsBefore,
    /// 500, and the request is carried out.
    FailsAfter,
    /// The answer breaks off, and nothing is done.
    BreaksBefore,
    /// The answer breaks off after the request is carried out.
    BreaksAfter,
    /// Nothing is done and no answer comes, from now on.
    HaltsBefore,
    /// The request is carried out and no answer comes, from now on.
    HaltsAfter,
}

/// How the provider differs from others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    /// PATCH is answered with 501.
    pub(crate) no_patch: bool,
    /// A PATCH of `active` is answered with a success and not applied.
    pub(crate) keeps_active: bool,
    /// Lists and filters show a new resource only after so many further requests.
    pub(crate) lag: u64,
    /// Lists are read by cursor, and groups are answered without members; users can be filtered by group.
    pub(crate) like_aws: bool,
    /// What the list of users gets wrong.
    pub(crate) list: ListFault,
    /// A user with this attribute is refused with 403.
    pub(crate) refuses: Option<&'static str>,
    /// Every request is sent on to this address.
    pub(crate) moved_to: Option<String>,
    /// The rate of each fault.
    pub(crate) faults: Vec<(Fault, f64)>,
    /// The write at which a fault happens, counted from 1.
    pub(crate) at: Option<(Fault, u64)>,
    /// Where the faults begin.
    pub(crate) seed: u64,
}

/// What the list of users gets wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ListFault {
    #[default]
    Nothing,
    /// It announces one user more than it has.
    Total,
    /// Each page is the first.
    Repeats,
    /// It has one invented user and no other.
    Invented,
    /// It announces no number.
    Unannounced,
}

struct Stored {
    kind: ResourceKind,
    body: Map<String, Value>,
    made_at: u64,
}

#[derive(Default)]
struct Inner {
    manner: Manner,
    resources: BTreeMap<String, Stored>,
    /// The method and path of every write.
    log: Vec<String>,
    requests: u64,
    writes: u64,
    made: u64,
    dice: u64,
    is_halted: bool,
    /// Requests without a valid credential.
    strangers: u64,
}

/// A running provider.
#[derive(Clone)]
pub(crate) struct Provider {
    inner: Arc<Mutex<Inner>>,
    /// The address below which it has `/Users`.
    pub(crate) url: String,
}

pub(crate) const TOKEN: &str = "t0ken";

impl Provider {
    /// Starts within this runtime.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self { inner: Arc::default(), url: format!("http://{}/scim/v2", listener.local_addr().unwrap()) };
        let router = axum::Router::new().fallback(answer).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Starts in a thread of its own, for the real binary.
    pub(crate) fn start_apart() -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                sender.send(Self::start().await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().unwrap()
    }

    pub(crate) fn behave(&self, manner: Manner) {
        let mut inner = self.inner.lock().unwrap();
        (inner.writes, inner.dice, inner.is_halted) = (0, manner.seed, false);
        inner.manner = manner;
    }

    pub(crate) fn is_halted(&self) -> bool {
        self.inner.lock().unwrap().is_halted
    }

    /// The number of writes since the last manner.
    pub(crate) fn writes(&self) -> u64 {
        self.inner.lock().unwrap().writes
    }

    /// The writes since the last call, each with its method and collection.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.lock().unwrap().log)
    }

    /// The requests without a valid credential.
    pub(crate) fn strangers(&self) -> u64 {
        self.inner.lock().unwrap().strangers
    }

    pub(crate) fn users(&self) -> Vec<Map<String, Value>> {
        self.all(ResourceKind::User)
    }

    pub(crate) fn groups(&self) -> Vec<Map<String, Value>> {
        self.all(ResourceKind::Group)
    }

    fn all(&self, kind: ResourceKind) -> Vec<Map<String, Value>> {
        let inner = self.inner.lock().unwrap();
        inner.resources.values().filter(|stored| stored.kind == kind).map(|stored| stored.body.clone()).collect()
    }

    /// Stores a resource as another client would.
    pub(crate) fn put(&self, kind: ResourceKind, body: &Value) -> String {
        self.inner.lock().unwrap().insert(kind, body.as_object().unwrap().clone())
    }

    /// Changes a resource as another client would.
    pub(crate) fn edit(&self, id: &str, edit: impl FnOnce(&mut Map<String, Value>)) {
        edit(&mut self.inner.lock().unwrap().resources.get_mut(id).unwrap().body);
    }
}

impl Inner {
    fn insert(&mut self, kind: ResourceKind, mut body: Map<String, Value>) -> String {
        self.made += 1;
        let id = format!("{}-{}", kind.name().to_lowercase(), self.made);
        body.insert("id".to_owned(), json!(id));
        self.resources.insert(id.clone(), Stored { kind, body, made_at: self.requests });
        id
    }

    /// The fault of this request: the one at this write, else one by chance.
    fn fault(&mut self, is_write: bool) -> Option<Fault> {
        if let Some((fault, at)) = self.manner.at
            && is_write
            && self.writes == at
        {
            return Some(fault);
        }
        for (fault, rate) in self.manner.faults.clone() {
            // A generator after Knuth: the same seed gives the same storm.
            self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            #[expect(clippy::cast_precision_loss, reason = "a share needs no 53 bits")]
            let draw = (self.dice >> 33) as f64 / f64::from(1_u32 << 31);
            if draw < rate {
                return Some(fault);
            }
        }
        None
    }

    fn shows(&self, stored: &Stored) -> bool {
        stored.made_at == 0 || self.requests >= stored.made_at + self.manner.lag
    }

    fn carry_out(&mut self, method: &Method, path: &str, query: &BTreeMap<String, String>, body: &[u8]) -> (u16, Value) {
        let mut parts = path.trim_start_matches("/scim/v2/").split('/');
        let kind = match parts.next() {
            Some("Users") => ResourceKind::User,
            Some("Groups") => ResourceKind::Group,
            Some("ServiceProviderConfig") => return (200, self.config()),
            _ => return refusal(404, "no such endpoint"),
        };
        if let Some(name) = self.manner.refuses.filter(|name| String::from_utf8_lossy(body).contains(name)) {
            return refusal(403, &format!("{name} may not be written"));
        }
        let sent = || parse_json(body).ok().and_then(|body| body.as_object().cloned()).unwrap_or_default();
        match (method.as_str(), parts.next()) {
            ("GET", None) => self.list(kind, query),
            ("POST", None) => self.create(kind, sent()),
            (_, Some(id)) if self.resources.get(id).is_none_or(|stored| stored.kind != kind) => refusal(404, "no such resource"),
            ("GET", Some(id)) => (200, self.shown(id)),
            ("PATCH", Some(_)) if self.manner.no_patch => refusal(501, "there is no PATCH"),
            ("PATCH", Some(id)) => self.patch(kind, id, sent()),
            ("PUT", Some(id)) => {
                let mut whole = sent();
                whole.insert("id".to_owned(), json!(id));
                self.resources.get_mut(id).unwrap().body = whole;
                (200, self.shown(id))
            }
            ("DELETE", Some(id)) => {
                self.resources.remove(id);
                (204, Value::Null)
            }
            _ => refusal(405, "no such method"),
        }
    }

    fn config(&self) -> Value {
        json!({ "patch": { "supported": !self.manner.no_patch }, "filter": { "supported": true, "maxResults": 200 } })
    }

    fn create(&mut self, kind: ResourceKind, body: Map<String, Value>) -> (u16, Value) {
        let name = kind.name_attribute();
        let same = |stored: &&Stored| stored.kind == kind && stored.body.get(name) == body.get(name);
        if body.get(name).is_none() || self.resources.values().any(|stored| same(&stored)) {
            let (status, fault) = if body.contains_key(name) { (409, "uniqueness") } else { (400, "invalidValue") };
            return (status, json!({ "status": status.to_string(), "scimType": fault, "detail": format!("{name} is not free") }));
        }
        let id = self.insert(kind, body);
        (201, self.shown(&id))
    }

    fn patch(&mut self, kind: ResourceKind, id: &str, mut body: Map<String, Value>) -> (u16, Value) {
        if self.manner.keeps_active
            && let Some(operations) = body.get_mut("Operations").and_then(Value::as_array_mut)
        {
            operations.retain(|operation| operation["path"] != "active");
            if operations.is_empty() {
                return (204, Value::Null);
            }
        }
        let stored = self.resources.get_mut(id).unwrap();
        match Patch::parse(body.into()).and_then(|patch| patch.apply(kind, &stored.body)) {
            Ok(changed) => {
                stored.body = changed;
                (204, Value::Null)
            }
            Err(fault) => (fault.status, fault.body()),
        }
    }

    fn shown(&self, id: &str) -> Value {
        let mut body = self.resources[id].body.clone();
        if self.manner.like_aws {
            body.remove("members");
        }
        body.into()
    }

    fn list(&self, kind: ResourceKind, query: &BTreeMap<String, String>) -> (u16, Value) {
        let users = kind == ResourceKind::User;
        let shown = self.resources.iter().filter(|(_, stored)| stored.kind == kind && self.shows(stored));
        let mut found: Vec<Value> = match query.get("filter") {
            Some(filter) if filter.starts_with("groups.value") => {
                let group = filter.split('"').nth(1).unwrap();
                let members = self.resources.get(group).map(|stored| stored.body["members"].to_string()).unwrap_or_default();
                shown.filter(|(id, _)| members.contains(&format!("\"{id}\""))).map(|(id, _)| self.shown(id)).collect()
            }
            Some(filter) => {
                let filter: Filter = filter.parse().unwrap();
                shown.filter(|(_, stored)| filter.holds(kind, &stored.body)).map(|(id, _)| self.shown(id)).collect()
            }
            None if users && self.manner.list == ListFault::Invented => {
                vec![json!({ "id": "1", "userName": "invented", "active": false })]
            }
            None => shown.map(|(id, _)| self.shown(id)).collect(),
        };
        let is_list = users && !query.contains_key("filter");
        let total = found.len() + usize::from(is_list && self.manner.list == ListFault::Total);
        let count: usize = query.get("count").map_or(usize::MAX, |count| count.parse().unwrap());
        if let (true, Some(cursor)) = (self.manner.like_aws, query.get("cursor")) {
            let from: usize = cursor.parse().unwrap_or(0);
            let rest = found.split_off(from.min(found.len()));
            let more = rest.len() > count;
            let mut page = json!({ "Resources": rest.into_iter().take(count).collect::<Vec<_>>() });
            if more {
                page["nextCursor"] = json!((from + count).to_string());
            }
            return (200, page);
        }
        let start: usize = query.get("startIndex").map_or(1, |start| start.parse().unwrap());
        let start = if is_list && self.manner.list == ListFault::Repeats { 1 } else { start };
        let page: Vec<Value> = found.into_iter().skip(start - 1).take(count).collect();
        let mut answer = json!({ "startIndex": start, "itemsPerPage": page.len(), "Resources": page });
        if !(is_list && self.manner.list == ListFault::Unannounced) {
            answer["totalResults"] = total.into();
        }
        (200, answer)
    }
}

fn refusal(status: u16, detail: &str) -> (u16, Value) {
    (
        status,
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "detail": detail }),
    )
}

async fn answer(State(provider): State<Provider>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let credential = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some(address) = provider.inner.lock().unwrap().manner.moved_to.clone() {
        return (StatusCode::FOUND, [("location", address)]).into_response();
    }
    if uri.path() == "/oauth/token" {
        let is_right = body == "grant_type=client_credentials&client_id=hrpush&client_secret=s3cret&scope=scim";
        let answer =
            if is_right { json!({ "access_token": TOKEN, "expires_in": 3600 }) } else { json!({ "error": "invalid_client" }) };
        return respond((if is_right { 200 } else { 401 }, answer));
    }
    // The second one is `hrpush:t0ken`.
    if ![&format!("Bearer {TOKEN}"), "Basic aHJwdXNoOnQwa2Vu"].contains(&credential) {
        provider.inner.lock().unwrap().strangers += 1;
        return respond(refusal(401, "no such token"));
    }
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query: BTreeMap<String, String> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let (fault, result) = {
        let mut inner = provider.inner.lock().unwrap();
        let is_write = method != Method::GET;
        inner.requests += 1;
        inner.writes += u64::from(is_write);
        let halted = inner.is_halted.then_some(Fault::HaltsBefore);
        let fault = halted.or_else(|| inner.fault(is_write));
        inner.is_halted |= matches!(fault, Some(Fault::HaltsBefore | Fault::HaltsAfter));
        let is_done = matches!(fault, None | Some(Fault::FailsAfter | Fault::BreaksAfter | Fault::HaltsAfter));
        if is_done && is_write {
            let collection = uri.path().trim_start_matches("/scim/v2/").split('/').next().unwrap_or_default();
            inner.log.push(format!("{method} {collection}"));
        }
        (fault, is_done.then(|| inner.carry_out(&method, uri.path(), &query, &body)))
    };
    match fault {
        None => respond(result.unwrap()),
        Some(Fault::Throttled) => with_wait(429),
        Some(Fault::Unavailable) => with_wait(503),
        Some(Fault::FailsBefore | Fault::FailsAfter) => respond(refusal(500, "out of order")),
        Some(Fault::BreaksBefore | Fault::BreaksAfter) => {
            let broken = futures::stream::iter([Ok("{\"id\":"), Err("the connection breaks")])
                .map(|part| part.map_err(std::io::Error::other));
            Body::from_stream(broken).into_response()
        }
        Some(Fault::HaltsBefore | Fault::HaltsAfter) => std::future::pending().await,
    }
}

fn with_wait(status: u16) -> Response {
    let mut response = respond(refusal(status, "later"));
    response.headers_mut().insert("retry-after", "0".parse().unwrap());
    response
}

fn respond((status, body): (u16, Value)) -> Response {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("content-type", "application/scim+json")];
    (StatusCode::from_u16(status).unwrap(), headers, text).into_response()
}
