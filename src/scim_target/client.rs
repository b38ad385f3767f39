//! The connection with a provider: credential, rate, waits, and the limits of an answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::{Map, Value as Json};
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use super::credential::{Credential, ScimAuth};
use super::error::ScimTargetError;
use super::profile::Profile;
use super::service_url::ServiceUrl;
use crate::diagnostic::network::{self, NetworkFault};
use crate::diagnostic::wait::WaitReporter;
use crate::record::lock;
use crate::scim::parse_json;
use crate::target::{RequestCounts, http_client};

/// A provider and how to sign in to it.
#[derive(Clone, Debug)]
pub struct ScimSettings {
    /// The address below which it has `/Users`.
    pub base_url: ServiceUrl,
    /// What is known of it.
    pub profile: Profile,
    /// How to sign in.
    pub auth: ScimAuth,
}

/// The largest answer. A page of a thousand users has about two megabytes.
const MOST_BYTES: usize = 64 << 20;
/// How often a read is sent before it fails.
const ATTEMPTS: u32 = 8;
/// How often it is tried to reach the provider.
const CONNECTS: u32 = 4;
/// The first wait of a read that names none; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait of a read that names none.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that a provider may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// A request without its credential.
pub(super) struct Request<'a> {
    /// The request in words, such as `read the users`.
    pub(super) what: &'a str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<&'a Json>,
}

/// An answer with what hrpush uses of it.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) request_id: Option<String>,
    /// The body, where it is a JSON object.
    pub(super) body: Option<Map<String, Json>>,
    /// Whether the body is a JSON object or empty.
    pub(super) is_scim: bool,
}

impl Reply {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The provider's own words about a refusal.
    pub(super) fn detail(&self) -> Option<String> {
        self.body.as_ref()?.get("detail")?.as_str().map(str::to_owned)
    }

    /// The keyword of a refusal.
    pub(super) fn scim_type(&self) -> Option<&str> {
        self.body.as_ref()?.get("scimType")?.as_str()
    }
}

/// A request without an answer.
pub(super) enum Lost {
    /// Nothing was sent, for this reason.
    Unsent(ScimTargetError),
    /// It may have arrived.
    Unanswered(String),
}

/// The connection. Reader and writer share one, so that they keep the rate together.
pub struct Client {
    http: reqwest::Client,
    pub(super) url: ServiceUrl,
    pub(super) profile: Arc<Profile>,
    credential: Credential,
    pace: DefaultDirectRateLimiter,
    not_before: Mutex<Option<Instant>>,
    skew: Mutex<Option<i64>>,
    waits: Mutex<WaitReporter>,
    is_stopping: AtomicBool,
    stopped: Notify,
    sent: AtomicU64,
    writes: AtomicU64,
    throttled: AtomicU64,
    retried: AtomicU64,
}

impl Client {
    /// Connects without sending a request.
    ///
    /// # Errors
    /// A TLS library that cannot be set up.
    pub fn connect(settings: ScimSettings) -> Result<Self, ScimTargetError> {
        let ScimSettings { base_url, profile, auth } = settings;
        let why = |why| ScimTargetError::Unreachable {
            what: "connect".to_owned(),
            why,
            hint: "check the certificates of this machine",
        };
        let http = http_client(base_url.is_loopback()).map_err(why)?;
        let step = profile.rate.per / profile.rate.requests.get();
        let quota = Quota::with_period(step.max(Duration::from_nanos(1))).map(|quota| quota.allow_burst(profile.rate.requests));
        let quota = quota.unwrap_or_else(|| Quota::per_second(profile.rate.requests));
        Ok(Self {
            http,
            url: base_url,
            profile: Arc::new(profile),
            credential: Credential::new(auth),
            pace: RateLimiter::direct(quota),
            not_before: Mutex::default(),
            skew: Mutex::default(),
            waits: Mutex::default(),
            is_stopping: AtomicBool::new(false),
            stopped: Notify::new(),
            sent: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            retried: AtomicU64::new(0),
        })
    }

    /// What is known of the provider.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The address of the provider.
    pub const fn base_url(&self) -> &ServiceUrl {
        &self.url
    }

    /// Reports waits that become long.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    pub fn report_waits(&self, reporter: WaitReporter) {
        *lock(&self.waits) = reporter;
    }

    /// By how many seconds this machine's clock is ahead of the provider's; none where it sent no date.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    pub fn skew(&self) -> Option<i64> {
        *lock(&self.skew)
    }

    /// The requests so far.
    pub fn requests(&self) -> RequestCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RequestCounts {
            sent: of(&self.sent),
            writes: of(&self.writes),
            throttled: of(&self.throttled),
            retried: of(&self.retried),
            ..RequestCounts::default()
        }
    }

    /// The time that so many requests take at least, and how many go in a second.
    pub fn forecast(&self, requests: u64) -> (Duration, f64) {
        let rate = f64::from(self.profile.rate.requests.get()) / self.profile.rate.per.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a number of requests is far below 2^52")]
        let left = Duration::from_secs_f64(requests as f64 / rate);
        (left, rate)
    }

    /// Ends the run: requests that wait for the rate are not sent.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.stopped.notify_waiters();
    }

    /// Reads, again and again where that may help.
    ///
    /// # Errors
    /// No answer, or one that is neither a success nor 404.
    pub(super) async fn read(&self, what: &str, url: Url) -> Result<Reply, ScimTargetError> {
        let watch = lock(&self.waits).watch(format!("the provider at {}", network::host(self.url.url())));
        let mut watch = watch;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let request = Request { what, method: Method::GET, url: url.clone(), body: None };
            let growing = FIRST_WAIT.saturating_mul(1 << (attempt - 1).min(5)).min(LONGEST_WAIT);
            let wait = match watch.during(self.exchange(&request)).await {
                Ok(reply) if reply.is_success() || (reply.status == 404 && reply.is_scim) => return Ok(reply),
                Ok(reply) if may_pass(&reply) && attempt < ATTEMPTS => reply.retry_after.unwrap_or(growing),
                Ok(reply) if matches!(reply.status, 300..=399) => {
                    return Err(ScimTargetError::Redirect { what: what.to_owned(), status: reply.status });
                }
                Ok(reply) => {
                    let (status, detail) = (reply.status, reply.detail());
                    return Err(ScimTargetError::Refused { what: what.to_owned(), status, detail });
                }
                Err(Lost::Unsent(error @ ScimTargetError::NoToken { .. })) => return Err(error),
                Err(Lost::Unsent(_)) if attempt < CONNECTS && !self.is_stopping() => growing,
                Err(Lost::Unanswered(_)) if attempt < ATTEMPTS && !self.is_stopping() => growing,
                Err(Lost::Unsent(error)) => return Err(error),
                Err(Lost::Unanswered(why)) => {
                    let hint = "check whether the provider answers, and whether a firewall or a proxy drops the requests";
                    return Err(ScimTargetError::Unreachable { what: what.to_owned(), why, hint });
                }
            };
            self.retried.fetch_add(1, Ordering::Relaxed);
            watch.during(tokio::time::sleep(wait)).await;
        }
    }

    /// Sends one request. After a 401 the token is renewed once.
    pub(super) async fn exchange(&self, request: &Request<'_>) -> Result<Reply, Lost> {
        let mut renewed = false;
        loop {
            self.turn().await?;
            let credential = self.credential.header(&self.http).await.map_err(Lost::Unsent)?;
            let reply = self.once(request, credential.clone()).await?;
            if reply.status == 401 && !renewed {
                self.credential.refused(&credential).await;
                renewed = true;
                continue;
            }
            if let (429 | 503, Some(wait)) = (reply.status, reply.retry_after) {
                let moment = Instant::now() + wait;
                let mut not_before = lock(&self.not_before);
                *not_before = not_before.max(Some(moment));
            }
            self.throttled.fetch_add(u64::from(reply.status == 429), Ordering::Relaxed);
            return Ok(reply);
        }
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Waits until the provider and its rate allow a request.
    async fn turn(&self) -> Result<(), Lost> {
        loop {
            if self.is_stopping() {
                let (what, why) = ("send a request".to_owned(), "the run is ending".to_owned());
                return Err(Lost::Unsent(ScimTargetError::Unreachable { what, why, hint: "run again" }));
            }
            let shut = lock(&self.not_before).filter(|moment| *moment > Instant::now());
            let moment = match shut {
                Some(moment) => moment,
                None => match self.pace.check() {
                    Ok(()) => return Ok(()),
                    Err(later) => Instant::now() + later.wait_time_from(self.pace.clock().now()),
                },
            };
            tokio::select! {
                () = tokio::time::sleep_until(moment) => {}
                () = self.stopped.notified() => {}
            }
        }
    }

    async fn once(&self, request: &Request<'_>, credential: reqwest::header::HeaderValue) -> Result<Reply, Lost> {
        let is_write = request.method != Method::GET;
        let is_delete = request.method == Method::DELETE;
        let mut sending = self.http.request(request.method.clone(), request.url.clone());
        sending = sending.header(reqwest::header::AUTHORIZATION, credential);
        if !is_delete || self.profile.accept_on_delete {
            sending = sending.header(ACCEPT, &self.profile.accept);
        }
        if let Some(body) = request.body {
            sending = sending.header(CONTENT_TYPE, "application/scim+json").body(body.to_string());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(u64::from(is_write), Ordering::Relaxed);
        let unheard = |error: &reqwest::Error| {
            let fault = NetworkFault::of_request(error, &request.url, error.is_timeout(), !self.url.is_loopback());
            if error.is_connect() {
                let (what, hint) = (request.what.to_owned(), fault.hint());
                return Lost::Unsent(ScimTargetError::Unreachable { what, why: fault.to_string(), hint });
            }
            Lost::Unanswered(fault.to_string())
        };
        let mut response = sending.send().await.map_err(|error| unheard(&error))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unheard(&error))? {
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(Lost::Unanswered(format!("the answer is larger than {MOST_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let now = Timestamp::now();
        self.note_clock(response.headers(), now);
        Ok(reply(response.status().as_u16(), response.headers(), &bytes, now))
    }

    fn note_clock(&self, headers: &HeaderMap, now: Timestamp) {
        if let Some(date) = headers.get(DATE).and_then(|date| rfc2822::parse(date.to_str().ok()?).ok()) {
            *lock(&self.skew) = Some(now.as_second() - date.timestamp().as_second());
        }
    }
}

fn reply(status: u16, headers: &HeaderMap, bytes: &[u8], now: Timestamp) -> Reply {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
    let body = match parse_json(bytes) {
        Ok(Json::Object(body)) if !is_empty => Some(body),
        _ => None,
    };
    Reply {
        status,
        location: text(LOCATION.as_str()),
        retry_after: asked_wait(headers, now),
        request_id: ["x-request-id", "request-id", "x-amzn-requestid", "x-okta-request-id"].into_iter().find_map(text),
        is_scim: is_empty || body.is_some(),
        body,
    }
}

/// `Retry-After` in seconds, or as a date, which is counted from the answer's own `date` where it has one.
fn asked_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    let moment = |text: &str| Some(rfc2822::parse(text).ok()?.timestamp());
    let seconds = match asked.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let from = text(DATE).and_then(moment).unwrap_or(now);
            moment(asked)?.duration_since(from).as_secs_f64()
        }
    };
    let is_number = seconds.is_finite();
    is_number.then(|| Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_ASKED.as_secs_f64())))
}

/// Whether the same read may go well later.
fn may_pass(reply: &Reply) -> bool {
    matches!(reply.status, 408 | 423 | 429 | 500 | 502 | 503 | 504) || (reply.status == 404 && !reply.is_scim)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_wait_is_read_in_both_forms() {
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        let wait = |pairs: &[(HeaderName, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
            asked_wait(&pairs.collect::<HeaderMap>(), now)
        };
        assert_eq!(wait(&[(RETRY_AFTER, " 2.5 ")]), Some(Duration::from_millis(2_500)));
        assert_eq!(wait(&[(RETRY_AFTER, "Fri, 20 Nov 2026 10:00:30 GMT")]), Some(Duration::from_secs(30)));
        let slow = (DATE, "Fri, 20 Nov 2026 10:00:20 GMT");
        assert_eq!(wait(&[slow, (RETRY_AFTER, "Fri, 20 Nov 2026 10:00:30 GMT")]), Some(Duration::from_secs(10)));
        assert_eq!(wait(&[(RETRY_AFTER, "1e300")]), Some(LONGEST_ASKED));
        assert_eq!(wait(&[(RETRY_AFTER, "soon")]), None);
    }

    #[test]
    fn a_page_of_a_gateway_is_no_scim_message() {
        let of = |body: &str| reply(404, &HeaderMap::new(), body.as_bytes(), Timestamp::now());
        assert!(of("").is_scim && of("{\"detail\":\"no such user\"}").is_scim);
        assert!(!of("<html>").is_scim && !of("[]").is_scim);
        assert_eq!(of("{\"detail\":\"no such user\"}").detail().as_deref(), Some("no such user"));
    }
}
