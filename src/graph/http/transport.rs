//! The one way out to the network, for tokens and for Graph.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};

use crate::diagnostic::network::NetworkFault;
use crate::record::lock;

/// Why the token service issued no token.
#[derive(Clone, Debug)]
pub(in crate::graph) enum TokenFault {
    /// It did not answer.
    Network(NetworkFault),
    /// It refused, in its own words.
    Answer(String),
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(fault) => write!(f, "{fault}\n  hint: {}", fault.hint()),
            Self::Answer(words) => f.write_str(words),
        }
    }
}

/// Carries the token library's requests: with our client, with a detour to a token service on this machine, and with an ear for
/// what the service says when it refuses.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Wire {
    http: reqwest::Client,
    detour: Option<url::Url>,
    last_fault: Arc<Mutex<Option<TokenFault>>>,
}

impl Wire {
    pub(in crate::graph) fn new(http: reqwest::Client, detour: Option<url::Url>) -> Self {
        Self { http, detour, last_fault: Arc::default() }
    }

    /// What the token service said last when it refused.
    pub(in crate::graph) fn last_fault(&self) -> Option<TokenFault> {
        lock(&self.last_fault).clone()
    }

    /// Why the token service did not answer. The library's own text has neither the host nor what to check.
    fn silence(&self, error: &azure_core::Error, url: &url::Url) -> TokenFault {
        let timed_out = causes(error).any(|cause| cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout));
        TokenFault::Network(NetworkFault::of_request(error, url, timed_out, self.detour.is_none()))
    }

    fn hear(&self, fault: Option<TokenFault>) {
        *lock(&self.last_fault) = fault;
    }
}

#[async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.hear(None);
        let mut request = request.clone();
        if let Some(detour) = &self.detour {
            let mut url = detour.clone();
            url.set_path(request.url().path());
            url.set_query(request.url().query());
            *request.url_mut() = url;
        }
        let answer = self.http.execute_request(&request).await;
        let answer = answer.inspect_err(|error| self.hear(Some(self.silence(error, request.url()))))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let answer = answer.try_into_raw_response().await?;
        let (status, headers, body) = answer.deconstruct();
        self.hear(Some(TokenFault::Answer(fault(u16::from(status), &body))));
        Ok(AsyncRawResponse::from_bytes(status, headers, body.as_ref().to_vec()))
    }
}

fn causes<'e>(error: &'e (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The first line of the service's own explanation.
fn fault(status: u16, body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let said =
        body["error_description"].as_str().or_else(|| body["error"]["message"].as_str()).or_else(|| body["error"].as_str());
    match said.and_then(|text| text.lines().next()) {
        Some(text) => {
            let hint = CODES.iter().find(|(code, _)| text.contains(code)).map(|(_, hint)| format!("\n  hint: {hint}"));
            format!("the token service answered {status}: {text}{}", hint.unwrap_or_default())
        }
        None => format!("the token service answered {status}"),
    }
}

/// What to do about the commonest refusals. Microsoft documents the codes; the words beside them change.
const CODES: [(&str, &str); 7] = [
    ("AADSTS7000215", "the client secret is wrong: `secret_env` or `secret_file` in [tenant] must hold its value, not its id"),
    ("AADSTS7000222", "the client secret has expired: make a new one in the app registration"),
    ("AADSTS700016", "this tenant has no app with this id: check `client_id` and `id` in [tenant]"),
    ("AADSTS700027", "the certificate is not one of the app registration: upload it there, or correct `certificate_file`"),
    ("AADSTS90002", "there is no such tenant in this cloud: check `id` and `cloud` in [tenant]"),
    ("AADSTS900023", "`id` in [tenant] is neither a domain of a tenant nor its id"),
    ("AADSTS53003", "a Conditional Access policy blocks the app: exclude it, or allow the address of this machine"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_service_that_refuses_the_connection_is_named_with_what_to_check() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let wire = Wire::new(crate::target::http_client(true).unwrap(), format!("http://{closed}").parse().ok());
        let request = Request::new("https://login.loopback.invalid/t/token".parse().unwrap(), azure_core::http::Method::Post);
        assert!(wire.execute_request(&request).await.is_err());
        let fault = wire.last_fault().unwrap().to_string();
        assert!(fault.starts_with(&format!("{closed} refuses the connection\n  hint: ")), "{fault}");
    }

    #[test]
    fn the_services_own_words_are_kept() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\r\nTrace ID: 1"}"#;
        let said = fault(401, body);
        assert!(said.starts_with("the token service answered 401: AADSTS7000215: Invalid client secret.\n  hint: "), "{said}");
        assert!(said.contains("its value, not its id"), "{said}");
        assert_eq!(fault(503, b"<html>"), "the token service answered 503");
    }
}
