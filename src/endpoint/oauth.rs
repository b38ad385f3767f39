//! The token endpoint, `/oauth/token`: a client id and its secret, or an assertion that Entra has signed, become a token for an hour
//! (RFC 6749, section 4.4; RFC 7523).

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Method;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;

use super::answer::{Answer, Refusal};
use super::federation::AssertionFault;
use super::request::Request;
use super::service::Service;
use crate::store::pushed::{ACCESS_TIME, Bearer, FEDERATION};

/// The path of the endpoint.
pub(super) const PATH: &str = "/oauth/token";
/// The largest body. An assertion of Entra has some two thousand bytes.
pub(super) const MAX_BODY: usize = 64_000;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why there is no token (RFC 6749, section 5.2).
#[derive(Debug)]
enum Denial {
    Request(&'static str),
    Grant,
    Client,
    Unavailable,
    Refused(Refusal),
}

/// How a client says which one it is.
enum Proof {
    Secret { id: String, secret: String },
    Assertion(String),
}

/// Answers a request, and returns the id of the client.
pub(super) async fn answer(service: &Arc<Service>, request: &Request, body: &Bytes) -> (Option<String>, Answer) {
    if request.method != Method::POST {
        return (None, Answer::not_allowed("POST"));
    }
    match granted(service, request, body).await {
        Ok((client, token)) => {
            let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": ACCESS_TIME.as_secs() });
            (Some(client.token), Answer::ok(body).with(CONTENT_TYPE, "application/json"))
        }
        Err(denial) => (None, denied(service, request, denial)),
    }
}

async fn granted(service: &Arc<Service>, request: &Request, body: &Bytes) -> Result<(Bearer, String), Denial> {
    let client = match proof(request, &form(request, body)?)? {
        Proof::Secret { id, secret } => {
            let now = Timestamp::now();
            service.read(move |store| Ok(store.client(&id, &secret, now)?)).await.map_err(Denial::Refused)?
        }
        Proof::Assertion(assertion) => by_assertion(service, &assertion).await?,
    };
    let client = client.ok_or(Denial::Client)?;
    let (bearer, now) = (client.clone(), Timestamp::now());
    // A token that was answered is in the state folder: it outlives a restart of the server.
    let issued = service.queue.write(move |store| store.issue(&bearer, now)).await.map_err(|_| Denial::Unavailable)?;
    Ok((client, issued.map_err(|error| Denial::Refused(error.into()))?))
}

async fn by_assertion(service: &Service, assertion: &str) -> Result<Option<Bearer>, Denial> {
    let Some(assertions) = &service.assertions else { return Ok(None) };
    match assertions.judge(assertion).await {
        Ok(()) => Ok(Some(Bearer { token: FEDERATION.to_owned(), feed: assertions.feed().to_owned() })),
        Err(AssertionFault::Wrong(reason)) => {
            tracing::warn!("an assertion for /oauth/token was refused: {reason}");
            Ok(None)
        }
        Err(AssertionFault::NoKeys(reason)) => {
            tracing::error!("an assertion for /oauth/token cannot be judged: {reason}");
            Err(Denial::Unavailable)
        }
    }
}

/// The parameters of the body, each once.
fn form(request: &Request, body: &Bytes) -> Result<HashMap<String, String>, Denial> {
    if !request.has_content_type("application/x-www-form-urlencoded") {
        return Err(Denial::Request("the body is application/x-www-form-urlencoded"));
    }
    let mut parameters = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Denial::Request("a parameter occurs twice"));
        }
    }
    Ok(parameters)
}

fn proof(request: &Request, parameters: &HashMap<String, String>) -> Result<Proof, Denial> {
    let parameter = |name: &str| parameters.get(name).filter(|value| !value.is_empty()).cloned();
    match parameter("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(Denial::Grant),
        None => return Err(Denial::Request("`grant_type` is missing")),
    }
    let header = request.authorization("basic").map(basic);
    match (header, parameter("client_secret"), parameter("client_assertion")) {
        (Some(pair), None, None) => {
            let (id, secret) = pair.ok_or(Denial::Client)?;
            Ok(Proof::Secret { id, secret })
        }
        (None, Some(secret), None) => {
            let id = parameter("client_id").ok_or(Denial::Request("`client_id` is missing"))?;
            Ok(Proof::Secret { id, secret })
        }
        (None, None, Some(assertion)) => {
            if parameter("client_assertion_type").as_deref() != Some(ASSERTION_TYPE) {
                return Err(Denial::Request("`client_assertion_type` is not that of JWT bearers"));
            }
            Ok(Proof::Assertion(assertion))
        }
        (None, None, None) => Err(Denial::Client),
        _ => Err(Denial::Request("the client proves itself in more than one way")),
    }
}

/// Id and secret of the Basic scheme, in which both are form-encoded (RFC 6749, section 2.3.1).
fn basic(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let pair = format!("v={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}

fn denied(service: &Service, request: &Request, denial: Denial) -> Answer {
    let (status, error, description) = match denial {
        Denial::Request(what) => (400, "invalid_request", what),
        Denial::Grant => (400, "unsupported_grant_type", "the grant is client_credentials"),
        Denial::Client if service.sign_in.is_too_wrong(request.address) => {
            (429, "slow_down", "too many wrong clients came from this address: wait a minute")
        }
        Denial::Client => (401, "invalid_client", "the client is unknown: hrpush serve token new --oauth makes one"),
        Denial::Unavailable => (503, "temporarily_unavailable", "the client could not be judged: send it again"),
        Denial::Refused(refusal) => return Answer::refused(refusal),
    };
    let body = json!({ "error": error, "error_description": description });
    let answer = Answer::new(status, Some(body)).with(CONTENT_TYPE, "application/json");
    match status {
        401 => answer.with(WWW_AUTHENTICATE, "Basic realm=\"hrpush\""),
        429 => answer.with(RETRY_AFTER, "60"),
        503 => answer.with(RETRY_AFTER, "5"),
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded() {
        let pair = |text: &str| basic(&STANDARD.encode(text));
        assert_eq!(pair("cl-1:hrpush_a-b_c"), Some(("cl-1".into(), "hrpush_a-b_c".into())));
        assert_eq!(pair("a%3Ab:c%20d"), Some(("a:b".into(), "c d".into())));
        assert_eq!((pair("none"), basic("***"), basic("")), (None, None, None));
    }
}
