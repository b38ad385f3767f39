//! One exchange with the service: paced, sent again where that may help, and bounded. How a request is signed is given from above.

use std::collections::BTreeMap;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE};
use reqwest::{Certificate, Identity, Method, redirect};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::body;
use crate::diagnostic::network::{self, NetworkFault};
use crate::diagnostic::wait::WaitReporter;
use crate::source::rest::error::{RestError, plain};
use crate::source::rest::settings::{Settings, secret};
use crate::source::rest::shape::template::Values;

/// One request, complete but for its credential.
pub(in crate::source::rest) struct Call {
    /// How messages name it.
    pub(in crate::source::rest) what: String,
    pub(in crate::source::rest) post: bool,
    pub(in crate::source::rest) url: Url,
    pub(in crate::source::rest) headers: HeaderMap,
    pub(in crate::source::rest) payload: Option<Payload>,
    /// Whether the credential and the configured headers go with it.
    pub(in crate::source::rest) sign: bool,
    pub(in crate::source::rest) accept: &'static str,
}

pub(in crate::source::rest) enum Payload {
    Json(String),
    Form(Vec<(String, String)>),
}

/// A good answer, whole.
pub(in crate::source::rest) struct Answer {
    pub(in crate::source::rest) status: u16,
    pub(in crate::source::rest) headers: HeaderMap,
    pub(in crate::source::rest) body: Vec<u8>,
}

/// What puts a credential into requests.
pub(in crate::source::rest) trait Signer: Sync {
    /// Adds the credential to the headers of a request to the configured origin.
    fn sign(&self, transport: &Transport<'_>, headers: &mut HeaderMap) -> impl Future<Output = Result<(), RestError>> + Send;
    /// After a 401: the credential of these headers is not used again.
    fn refused(&self, used: &HeaderMap) -> impl Future<Output = ()> + Send;
}

/// For requests that have their credential already, such as those for a token.
pub(in crate::source::rest) struct Unsigned;

impl Signer for Unsigned {
    async fn sign(&self, _: &Transport<'_>, _: &mut HeaderMap) -> Result<(), RestError> {
        Ok(())
    }

    async fn refused(&self, _: &HeaderMap) {}
}

/// The way to one service.
pub(in crate::source::rest) struct Transport<'s> {
    pub(in crate::source::rest) settings: &'s Settings,
    pub(in crate::source::rest) values: Values,
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
    /// Paces requests where the service counts them by the minute.
    pace: Option<DefaultDirectRateLimiter>,
    waits: WaitReporter,
}

/// What an answer means for its request.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    /// The credential is refused.
    Refused,
    /// The same may go well later; not before this long.
    Later(Option<Duration>),
    Final,
}

fn judge(status: u16, asked: Option<Duration>) -> Verdict {
    match status {
        200..=299 => Verdict::Good,
        401 => Verdict::Refused,
        408 | 425 | 429 | 500 | 502 | 503 | 504 => Verdict::Later(asked),
        _ => Verdict::Final,
    }
}

impl<'s> Transport<'s> {
    pub(in crate::source::rest) fn new(settings: &'s Settings, values: Values, waits: WaitReporter) -> Result<Self, RestError> {
        let http = http_client(settings)?;
        let step = |most: u64| Duration::from_mins(1) / u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        let quota = settings.limits.per_minute.and_then(|most| Quota::with_period(step(most)));
        Ok(Self { settings, values, http, cookies: Mutex::default(), pace: quota.map(RateLimiter::direct), waits })
    }

    /// Sends a request until it is answered well, or is known to be in vain.
    pub(in crate::source::rest) async fn send(&self, call: &Call, signer: &impl Signer) -> Result<Answer, RestError> {
        let limits = &self.settings.limits;
        let mut refused = false;
        let mut tries = 0;
        let mut watch = self.waits.watch(format!("the HR system at {}", network::host(&call.url)));
        loop {
            tries += 1;
            let mut headers = call.headers.clone();
            if call.sign {
                self.own_headers(&mut headers).await?;
                signer.sign(self, &mut headers).await?;
            }
            self.pace().await;
            let wait = match watch.during(self.once(call, headers.clone())).await {
                Ok(answer) => match judge(answer.status, asked_wait(&answer.headers, Timestamp::now())) {
                    Verdict::Good => return Ok(answer),
                    Verdict::Refused if call.sign && !refused => {
                        refused = true;
                        tries -= 1;
                        signer.refused(&headers).await;
                        continue;
                    }
                    Verdict::Later(asked) if tries < limits.attempts => asked,
                    Verdict::Later(_) | Verdict::Refused | Verdict::Final => return Err(bad(call, &answer, tries)),
                },
                Err(Broken::Final(fault)) => return Err(fault),
                Err(Broken::Transport(_)) if tries < limits.attempts => None,
                Err(Broken::Transport(network)) => {
                    return Err(RestError::Unreachable { what: call.what.clone(), tries, network });
                }
            };
            watch.during(self.wait(call, tries, wait)).await?;
        }
    }

    async fn wait(&self, call: &Call, tries: u32, asked: Option<Duration>) -> Result<(), RestError> {
        let limits = &self.settings.limits;
        let growing = limits.first_wait.saturating_mul(1 << tries.saturating_sub(1).min(6));
        let wait = asked.unwrap_or(growing);
        if wait > limits.longest_wait {
            return Err(RestError::LongWait { what: call.what.clone(), seconds: wait.as_secs() });
        }
        tracing::debug!(wait_ms = wait.as_millis(), tries, "waiting before {} is sent again", call.what);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Waits for its turn where the service counts requests by the minute.
    async fn pace(&self) {
        let Some(pace) = &self.pace else { return };
        while let Err(later) = pace.check() {
            tokio::time::sleep(later.wait_time_from(pace.clock().now())).await;
        }
    }

    async fn own_headers(&self, headers: &mut HeaderMap) -> Result<(), RestError> {
        for (name, template) in &self.settings.headers {
            let unfit = |_| RestError::Unusable(format!("the header `{name}` cannot be sent"));
            let key = HeaderName::try_from(name.as_str()).map_err(|_| RestError::Unusable(format!("`{name}` is no header")))?;
            headers.insert(key, HeaderValue::try_from(template.fill(&self.values)).map_err(unfit)?);
        }
        if self.settings.session {
            let cookies = self.cookies.lock().await;
            let line: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if let Ok(mut value) = HeaderValue::try_from(line.join("; "))
                && !line.is_empty()
            {
                value.set_sensitive(true);
                headers.insert(COOKIE, value);
            }
        }
        Ok(())
    }

    async fn once(&self, call: &Call, headers: HeaderMap) -> Result<Answer, Broken> {
        let method = if call.post { Method::POST } else { Method::GET };
        let mut request = self.http.request(method, call.url.clone()).header(ACCEPT, call.accept).headers(headers);
        request = match &call.payload {
            None => request,
            Some(Payload::Json(text)) => request.header(CONTENT_TYPE, "application/json").body(text.clone()),
            Some(Payload::Form(fields)) => request.form(fields),
        };
        let mut response = request.send().await.map_err(|fault| Broken::transport(&fault, &call.url))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        if self.settings.session && call.sign {
            self.keep_cookies(&headers).await;
        }
        if (300..400).contains(&status) {
            return Err(Broken::Final(RestError::Redirect { what: call.what.clone(), status }));
        }
        let most = self.settings.limits.bytes;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|fault| Broken::transport(&fault, &call.url))? {
            if (body.len() + chunk.len()) as u64 > most {
                return Err(Broken::Final(RestError::TooLarge { what: call.what.clone(), most }));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    async fn keep_cookies(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().await;
        for line in headers.get_all(SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok()) {
            if let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('='))
                && cookies.len() < 50
            {
                cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

/// A request without a whole answer.
enum Broken {
    /// It may go well the next time.
    Transport(NetworkFault),
    Final(RestError),
}

impl Broken {
    fn transport(fault: &reqwest::Error, url: &Url) -> Self {
        Self::Transport(NetworkFault::of_request(fault, url, fault.is_timeout(), !is_loopback(url)))
    }
}

fn bad(call: &Call, answer: &Answer, tries: u32) -> RestError {
    let header = answer.headers.get("x-bamboohr-error-message").and_then(|value| value.to_str().ok()).map(plain);
    let said = header.or_else(|| body::small(&answer.headers, &answer.body).and_then(|body| said(&body)));
    RestError::Answered { what: call.what.clone(), status: answer.status, said, tries }
}

/// What a service says of its fault, in the places where services say it.
pub(in crate::source::rest) fn said(body: &Value) -> Option<String> {
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let places = [
        "/error/message/value",
        "/error/message",
        "/error_description",
        "/error/detail",
        "/message",
        "/detail",
        "/error",
        "/response/errors/message",
        "/errors/0/message",
        "/response/message",
    ];
    places.into_iter().find_map(at).map(plain).filter(|text| !text.is_empty())
}

/// How long the service asks to wait: `Retry-After` in seconds (a fraction too) or as a date.
fn asked_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// Whether an address leads to this machine.
pub(in crate::source::rest) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(crate::diagnostic::is_loopback)
}

fn http_client(settings: &Settings) -> Result<reqwest::Client, RestError> {
    let unusable = |why: String| RestError::Unusable(why);
    let identity = match &settings.client_certificate {
        None => None,
        Some(from) => {
            let pem = secret(from)?;
            let identity = Identity::from_pem(pem.expose_secret().as_bytes());
            Some(identity.map_err(|_| unusable("the client certificate is not a PEM with a certificate and its key".into()))?)
        }
    };
    let extra = match &settings.ca_file {
        None => Vec::new(),
        Some(path) => {
            let pem = std::fs::read(path).map_err(|fault| unusable(format!("{}: {fault}", path.display())))?;
            Certificate::from_pem_bundle(&pem).map_err(|_| unusable(format!("{} is no PEM certificate", path.display())))?
        }
    };
    let base = || {
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("hrpush/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .timeout(settings.limits.timeout);
        if let Some(identity) = &identity {
            builder = builder.identity(identity.clone());
        }
        if is_loopback(&settings.base) { builder.no_proxy() } else { builder }
    };
    let with_extra = |mut builder: reqwest::ClientBuilder| {
        if !extra.is_empty() {
            builder = builder.tls_certs_merge(extra.iter().cloned());
        }
        builder
    };
    let built = with_extra(base()).build().or_else(|_| {
        // A machine without CA files: the roots that Mozilla trusts.
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok());
        base().tls_certs_only(roots.chain(extra.iter().cloned())).build()
    });
    built.map_err(|fault| unusable(fault.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_that_is_asked_for_is_read_in_both_forms() {
        let now: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let wait = |text: &'static str| asked_wait(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]), now);
        assert_eq!(wait("2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(wait("Fri, 20 Nov 2026 08:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Fri, 20 Nov 2026 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn a_verdict_for_each_status() {
        assert_eq!(judge(204, None), Verdict::Good);
        assert_eq!(judge(401, None), Verdict::Refused);
        assert_eq!(judge(503, Some(Duration::ZERO)), Verdict::Later(Some(Duration::ZERO)));
        assert_eq!((judge(404, None), judge(501, None)), (Verdict::Final, Verdict::Final));
    }

    #[test]
    fn the_services_own_words_are_found() {
        let body = serde_json::json!({"error": {"code": "X", "message": {"lang": "en", "value": "Resource\n not found"}}});
        assert_eq!(said(&body).as_deref(), Some("Resource not found"));
    }
}
