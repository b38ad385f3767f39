//! The connection: token, wait, rate limit, send, and the correction of the rate limit by each response.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::batch::{self, BatchItem, Place, Reply};
use super::credential::{Credential, CredentialError};
use super::error::GraphError;
use super::rate_limiter::{RateLimiter, ReadThrottle, Size};
use super::request_cost::{Price, price};
use super::response::LONGEST;
use super::url::GraphUrl;
use crate::diagnostic::network::NetworkFault;
use crate::diagnostic::wait::{WaitReporter, WaitWatch};
use crate::record::lock;
use crate::target::{Priority, QuotaLevel, RateLevel, RequestCounts, Stops, StopsKeeper, http_client};

/// The value of `x-ms-throttle-priority`.
const fn throttle_priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
    }
}

/// What a connection needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The root of all request URLs, without the version of the API.
    pub base: GraphUrl,
    /// The size of the tenant.
    pub size: Size,
    /// The part of the quota that is ours, above 0 and at most 1.
    pub share: f64,
    /// How much faster than Graph's the quota of a loopback target refills; ignored elsewhere.
    pub scale: f64,
    /// Which apps are throttled first.
    pub priority: Priority,
}

impl Settings {
    /// Settings with their defaults.
    pub fn new(base: GraphUrl) -> Self {
        Self { base, size: Size::Large, share: 0.9, scale: 1.0, priority: Priority::Normal }
    }
}

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    batches: AtomicU64,
    writes: AtomicU64,
    units: AtomicU64,
    throttled: AtomicU64,
    retried: AtomicU64,
}

/// A connection to one tenant's Graph, shared by its reader and its writer.
pub struct Client {
    http: reqwest::Client,
    base: GraphUrl,
    credential: Credential,
    writes: RateLimiter,
    reads: ReadThrottle,
    units: RateLimiter,
    counts: Counts,
    priority: Priority,
    /// Seconds by which our clock is ahead of the service's; `i64::MIN` before the first response.
    skew: AtomicI64,
    stopping: watch::Sender<bool>,
    /// Where stops are kept, and which were kept last.
    keeper: OnceLock<Arc<dyn StopsKeeper>>,
    kept: Mutex<Stops>,
    /// Where waits for an answer are reported.
    waits: OnceLock<WaitReporter>,
}

/// No answer that could be judged.
#[derive(Debug)]
pub(in crate::graph) enum Lost {
    /// There was no token, so nothing was sent.
    Token(CredentialError),
    /// The service is unreachable, so nothing was sent.
    Unsent(Silence),
    /// It was sent, and the answer did not come or broke off.
    Cut(Silence),
}

/// Why there was no answer, and what to check.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Silence {
    pub(in crate::graph) reason: String,
    pub(in crate::graph) hint: Option<&'static str>,
}

impl<T: Into<String>> From<T> for Silence {
    fn from(reason: T) -> Self {
        Self { reason: reason.into(), hint: None }
    }
}

impl Client {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// Where no TLS can be set up.
    pub fn connect(settings: Settings, credential: Credential) -> Result<Self, GraphError> {
        let Settings { base, size, share, scale, priority } = settings;
        let http = http_client(base.is_loopback()).map_err(GraphError::Tls)?;
        let share = if share > 0.0 { share.min(1.0) } else { 1.0 };
        let scale = if base.is_loopback() && scale > 0.0 { scale } else { 1.0 };
        Ok(Self {
            http,
            base,
            credential,
            writes: RateLimiter::writes(share, scale),
            reads: ReadThrottle::default(),
            units: RateLimiter::units(size, share, scale),
            counts: Counts::default(),
            priority,
            skew: AtomicI64::new(i64::MIN),
            stopping: watch::Sender::new(false),
            keeper: OnceLock::new(),
            kept: Mutex::new(Stops::default()),
            waits: OnceLock::new(),
        })
    }

    /// The root of all request URLs.
    pub const fn base(&self) -> &GraphUrl {
        &self.base
    }

    /// Reports long waits for an answer from now on.
    pub fn report_waits(&self, waits: WaitReporter) {
        // A second reporter would be a mistake of ours; the first one goes on.
        let _set = self.waits.set(waits);
    }

    /// Counts the waits of one request to this service.
    pub(in crate::graph) fn watch(&self) -> WaitWatch {
        self.watch_for(format!("the tenant at {}", self.base.host()))
    }

    fn watch_for(&self, what: String) -> WaitWatch {
        self.waits.get().cloned().unwrap_or_default().watch(what)
    }

    /// What was asked of Graph so far.
    pub fn requests(&self) -> RequestCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { sent, batches, writes, units, throttled, retried } = &self.counts;
        RequestCounts {
            sent: read(sent),
            batches: read(batches),
            writes: read(writes),
            resource_units: read(units),
            throttled: read(throttled),
            retried: read(retried),
        }
    }

    /// Counts requests that a caller of this client sends again.
    pub fn count_retries(&self, count: u64) {
        self.counts.retried.fetch_add(count, Ordering::Relaxed);
    }

    /// How full the quota of writes is now.
    pub fn level(&self) -> RateLevel {
        let now = jiff::Timestamp::now().as_millisecond();
        let shut = self.writes.shut_until().map(|until| until.saturating_duration_since(Instant::now()));
        RateLevel {
            at: now,
            writes: self.writes.level(),
            units: self.units.level(),
            shut_until: shut.map(|wait| now.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))),
        }
    }

    /// Starts from the quota that the last run left.
    pub fn restore(&self, kept: &dyn QuotaLevel) {
        let Some(level) = kept.load() else { return };
        let now = jiff::Timestamp::now().as_millisecond();
        let since = millis;
        // A clock that was set back, or a damaged value, does not make the wait longer than it was, nor than any service asks for.
        let left = |until: i64| since(now, until).min(since(level.at, until)).min(LONGEST);
        self.writes.restore(level.writes, since(level.at, now), level.shut_until.map(left));
        self.units.restore(level.units, since(level.at, now), None);
    }

    /// Obeys the stops that an earlier run heard, and keeps those that this one hears as soon as it hears them.
    pub fn keep_stops(&self, keeper: Arc<dyn StopsKeeper>) {
        if let Some(Stops { at, writes, reads, units }) = keeper.load() {
            let now = jiff::Timestamp::now().as_millisecond();
            let left = |until: Option<i64>| until.map(|until| millis(now, until).min(millis(at, until)).min(LONGEST));
            let open = |wait: &Duration| !wait.is_zero();
            self.writes.restore(f64::MAX, Duration::ZERO, left(writes).filter(open));
            self.units.restore(f64::MAX, Duration::ZERO, left(units).filter(open));
            if let Some(wait) = left(reads).filter(open) {
                self.reads.refused(wait);
            }
        }
        // A second keeper would be a mistake of ours; the first one goes on.
        let _set = self.keeper.set(keeper);
    }

    /// Until when each scope is shut now.
    fn stops(&self) -> Stops {
        let (now, instant) = (jiff::Timestamp::now().as_millisecond(), Instant::now());
        // Upwards to a tenth of a second, so that answers to what was in flight together are kept once.
        let moment = |until: Option<Instant>| {
            until.map(|until| {
                let wait = i64::try_from(until.saturating_duration_since(instant).as_millis()).unwrap_or(i64::MAX);
                now.saturating_add(wait).saturating_add(100) / 100 * 100
            })
        };
        Stops {
            at: now,
            writes: moment(self.writes.shut_until()),
            reads: moment(self.reads.shut_until()),
            units: moment(self.units.shut_until()),
        }
    }

    fn save_stops(&self) {
        let Some(keeper) = self.keeper.get() else { return };
        let mut kept = lock(&self.kept);
        let stops = self.stops();
        if stops.outlast(&kept) {
            keeper.save(&stops);
            *kept = stops;
        }
    }

    /// How long so many writes take by the quota, and how many of them pass in a second once it paces.
    pub fn forecast(&self, writes: u64) -> (Duration, f64) {
        let writes = f64::from(u32::try_from(writes).unwrap_or(u32::MAX));
        (self.writes.forecast(writes), self.writes.per_second())
    }

    /// Remembers the quota for the next run.
    pub fn remember(&self, kept: &dyn QuotaLevel) {
        kept.save(&self.level());
    }

    /// After an interrupt: no write is sent that is not under way yet, however long the quota would have let it wait.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether writes are sent no more.
    pub(in crate::graph) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// By how many seconds our clock is ahead of the service's, by its last response.
    pub fn skew(&self) -> Option<i64> {
        Some(self.skew.load(Ordering::Relaxed)).filter(|seconds| *seconds != i64::MIN)
    }

    /// The application permissions in the token; `None` where the token cannot be read, which is its issuer's right.
    ///
    /// # Errors
    /// Where there is no token.
    pub async fn granted(&self) -> Result<Option<BTreeSet<String>>, GraphError> {
        let token = self.credential.get().await?;
        let claims = token.secret().split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
        let claims: Option<Json> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
        let roles = claims.as_ref().and_then(|claims| claims["roles"].as_array());
        Ok(roles.map(|roles| roles.iter().filter_map(Json::as_str).map(str::to_owned).collect()))
    }

    /// Sends one request alone.
    pub(in crate::graph) async fn single(&self, request: &BatchItem) -> Result<Reply, Lost> {
        let body = request.body.as_ref().map(Json::to_string);
        let reply = self.exchange(request, body, price(request)).await?;
        self.learn(request, &reply);
        Ok(reply)
    }

    /// Sends up to twenty requests in one. The outer answer is returned where it is not a success.
    pub(in crate::graph) async fn batch(&self, requests: &[&BatchItem]) -> Result<Result<Vec<Option<Reply>>, Reply>, Lost> {
        let sum = requests.iter().map(|request| price(request)).fold(Price::default(), |sum, one| sum + one);
        let outer = BatchItem::write("POST", "/$batch", None).with_header("Content-Type", "application/json");
        self.counts.batches.fetch_add(1, Ordering::Relaxed);
        let reply = self.exchange(&outer, Some(batch::encode(requests)), sum).await?;
        if !reply.is_success() {
            self.learn(requests.first().copied().unwrap_or(&outer), &reply);
            return Ok(Err(Reply { place: Place::Batch, ..reply }));
        }
        let mut replies = batch::decode(&reply.body, requests.len())
            .map_err(|error| Lost::Cut(format!("the answer to the batch cannot be read ({:?})", error.classify()).into()))?;
        for (request, inner) in requests.iter().zip(&mut replies) {
            if let Some(inner) = inner {
                if let Some(date) = reply.header("date") {
                    inner.headers.entry("date".to_owned()).or_insert_with(|| date.to_owned());
                }
                self.learn(request, inner);
                // A part that names no request-id of its own is found by that of the batch.
                if let (None, Some(id)) = (inner.fault().request_id, reply.header("request-id")) {
                    inner.headers.insert("request-id".to_owned(), id.to_owned());
                }
            }
        }
        Ok(Ok(replies))
    }

    /// The gates in their order: token, wait and quota, send. A 401 is answered once with a new token.
    pub(in crate::graph) async fn exchange(
        &self,
        request: &BatchItem,
        body: Option<String>,
        price: Price,
    ) -> Result<Reply, Lost> {
        let mut renewed = false;
        loop {
            let mut watch = self.watch_for(format!("an access token from {}", self.credential.issuer()));
            let token = watch.during(self.credential.get()).await.map_err(Lost::Token)?;
            let mut stopping = self.stopping.subscribe();
            let gates = async {
                if price.reads > 0 {
                    self.reads.pass().await;
                }
                self.writes.pass(price.writes).await;
                self.units.pass(price.units).await;
            };
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop), if price.writes > 0 => return Err(Lost::Unsent("the run was interrupted".into())),
                () = gates => {}
            }
            let reply = self.watch().during(self.send(request, body.clone(), token.secret(), price)).await?;
            if reply.status == 401 && !renewed && self.credential.refused(&token).await {
                renewed = true;
                self.count_retries(1);
                continue;
            }
            return Ok(reply);
        }
    }

    /// Drops the token after an item of a batch was answered with 401; says whether a new one can be had.
    pub(in crate::graph) async fn renew(&self) -> bool {
        match self.credential.get().await {
            Ok(token) => self.credential.refused(&token).await,
            Err(_) => false,
        }
    }

    async fn send(&self, request: &BatchItem, body: Option<String>, token: &str, price: Price) -> Result<Reply, Lost> {
        let method = Method::from_bytes(request.method.as_bytes()).expect("our methods are tokens");
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| Lost::Unsent("the access token holds characters that no token has".into()))?;
        bearer.set_sensitive(true);
        let mut call = self
            .http
            .request(method, self.base.absolute(&request.url))
            .header(AUTHORIZATION, bearer)
            .header("client-request-id", uuid::Uuid::new_v4().to_string())
            .header("x-ms-throttle-priority", throttle_priority(self.priority));
        for (name, value) in &request.headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = body {
            call = call.body(body);
        }
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        self.counts.writes.fetch_add(price.writes.into(), Ordering::Relaxed);
        let path = request.url.split('?').next().unwrap_or_default();
        let answer = call.send().await.map_err(|error| self.lost(request.method, path, &error))?;
        let status = answer.status().as_u16();
        if let Some(date) = answer.headers().get("date").and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok()) {
            let ahead = jiff::Timestamp::now().as_second() - date.timestamp().as_second();
            self.skew.store(ahead, Ordering::Relaxed);
        }
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let body = answer.text().await.map_err(|error| Lost::Cut(self.silence(&error)))?;
        tracing::debug!(method = request.method, path, status, writes = price.writes, "graph answered");
        Ok(Reply { status, headers, body: body.into(), place: Place::Alone })
    }

    fn lost(&self, method: &str, path: &str, error: &reqwest::Error) -> Lost {
        let silence = self.silence(error);
        tracing::debug!(method, path, reason = silence.reason, "no answer");
        if error.is_connect() || error.is_builder() { Lost::Unsent(silence) } else { Lost::Cut(silence) }
    }

    fn silence(&self, error: &reqwest::Error) -> Silence {
        let fault = NetworkFault::of_request(error, self.base.url(), error.is_timeout(), !self.base.is_loopback());
        Silence { reason: fault.to_string(), hint: Some(fault.hint()) }
    }

    /// Corrects the model of the quota by the headers of a response.
    fn learn(&self, request: &BatchItem, reply: &Reply) {
        let writing = request.method != "GET";
        let priced = price(request).units;
        let stated = reply.header("x-ms-resource-unit").and_then(|units| units.trim().parse::<u32>().ok());
        self.counts.units.fetch_add(stated.unwrap_or(priced).into(), Ordering::Relaxed);
        self.units.correct(f64::from(stated.unwrap_or(priced)) - f64::from(priced));
        let door = if writing { &self.writes } else { &self.units };
        if let Some(used) = reply.header("x-ms-throttle-limit-percentage").and_then(|text| text.trim().parse::<f64>().ok())
            && used.is_finite()
        {
            door.used(used);
        }
        if reply.status != 429 {
            return;
        }
        self.counts.throttled.fetch_add(1, Ordering::Relaxed);
        let wait = reply.retry_after().unwrap_or(Duration::from_secs(10));
        let limit = reply.header("x-ms-throttle-scope").and_then(|scope| scope.split('/').nth(1)).map(str::to_ascii_lowercase);
        let units = reply.header("x-ms-throttle-information").is_some_and(|text| text.contains("ResourceUnit"));
        match limit.as_deref().map(str::trim) {
            Some("write") => self.writes.refused(wait),
            Some("read") => self.reads.refused(wait),
            Some("readwrite") => {
                self.units.refused(wait);
                self.writes.refused(wait);
            }
            _ if units => self.units.refused(wait),
            _ => door.refused(wait),
        }
        self.save_stops();
    }
}

/// The time from one moment to another; none where it is past.
fn millis(from: i64, until: i64) -> Duration {
    Duration::from_millis(u64::try_from(until.saturating_sub(from)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_that_refuses_the_connection_is_named_with_what_to_check() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let base = GraphUrl::new(&format!("http://{closed}")).unwrap();
        let client = Client::connect(Settings::new(base), Credential::token("token".into())).unwrap();
        let lost = client.single(&BatchItem::get("/users".to_owned())).await.err();
        let Some(Lost::Unsent(Silence { reason, hint })) = lost else { panic!("{lost:?}") };
        assert_eq!(reason, format!("{closed} refuses the connection"));
        assert!(hint.unwrap().contains("firewall"));
    }
}
