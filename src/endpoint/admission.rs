//! The way of every request: its sender, its body, its answer, its line in the log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::Method;
use axum::response::Response;
use futures::StreamExt as _;
use jiff::Timestamp;

use super::answer::{Answer, Refusal};
use super::oauth;
use super::operations::Caller;
use super::request::Request;
use super::routes::{self, ROOT};
use super::service::Service;
use crate::store::pushed::FEDERATION;

/// The longest time for a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// The same for a body that is not looked at.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Whether a request had a right token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Known,
    Stranger,
}

/// Answers one request, and logs it without a value of it.
pub(super) async fn answer(
    service: &Arc<Service>,
    request: axum::http::Request<Body>,
    peer: SocketAddr,
    is_tls: bool,
) -> (Sender, Response) {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    if parts.uri.path() == "/healthz" {
        let is_get = method == Method::GET || method == Method::HEAD;
        let answer = if is_get { Answer::new(200, None) } else { Answer::not_allowed("GET") };
        return (Sender::Stranger, answer.into_response());
    }
    let proxies = &service.options.behind_proxy;
    if !is_tls && !peer.ip().is_loopback() && !proxies.iter().any(|network| network.contains(peer.ip())) {
        let refusal = Refusal::status(403, "without TLS only the proxies of `behind_proxy` may connect");
        return (Sender::Stranger, Answer::refused(refusal).into_response());
    }
    let is_oauth = parts.uri.path() == oauth::PATH;
    let request = Request::of(parts, peer, is_tls, proxies, if is_oauth { "" } else { ROOT });
    let endpoint = if is_oauth { "oauth" } else { request.as_ref().map_or("", |request| routes::endpoint(&request.path)) };
    let (token, answer) = match request {
        Some(request) if is_oauth => match read_body(&request, body, oauth::MAX_BODY).await {
            Ok(body) => oauth::answer(service, &request, &body).await,
            Err(refusal) => (None, Answer::refused(refusal)),
        },
        Some(request) => admitted(service, request, body).await,
        None => (None, Answer::refused(Refusal::status(404, "the service is below /scim/v2"))),
    };
    // A field called `token` would be masked; the id of one is no secret.
    let (sender, status, ms) = (token.as_deref().unwrap_or("-"), answer.status, started.elapsed().as_millis());
    service.counts.add(&method, endpoint, status);
    tracing::info!(sender, %method, endpoint, status, ms, "answered {method} {endpoint} with {status}");
    (if token.is_some() { Sender::Known } else { Sender::Stranger }, answer.into_response())
}

async fn admitted(service: &Arc<Service>, request: Request, body: Body) -> (Option<String>, Answer) {
    let caller = match caller(service, &request).await {
        Ok(caller) => caller,
        Err(refusal) => {
            drain(body, service.options.max_body).await;
            return (None, Answer::refused(refusal));
        }
    };
    let token = caller.token.clone();
    let _room = service.room(&token).await;
    let answer = match read_body(&request, body, service.options.max_body).await {
        Ok(body) => routes::answer(service, request, body, caller).await,
        Err(refusal) => Err(refusal),
    };
    (Some(token), answer.unwrap_or_else(Answer::refused))
}

/// The sender of a request, before anything of its body is read.
async fn caller(service: &Arc<Service>, request: &Request) -> Result<Caller, Refusal> {
    let now = Timestamp::now();
    let bearer = match request.token().map(str::to_owned) {
        Some(token) => service.read(move |store| Ok(store.bearer(&token, now)?)).await?,
        None => None,
    };
    // A token that an assertion got ends with the federation.
    let federated = |feed: &str| service.assertions.as_ref().is_some_and(|assertions| assertions.feed() == feed);
    let bearer = bearer.filter(|bearer| bearer.token != FEDERATION || federated(&bearer.feed));
    let Some(bearer) = bearer else { return Err(service.sign_in.refuse(request.address)) };
    if service.sign_in.is_news(&bearer.token, now) {
        let (queue, token) = (service.queue.clone(), bearer.token.clone());
        // The answer does not wait for it.
        tokio::spawn(async move { queue.write(move |store| store.token_used(&token, now)).await });
    }
    Ok(Caller { feed: bearer.feed, token: bearer.token, base: request.base.clone() })
}

async fn read_body(request: &Request, body: Body, most: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::status(413, "the body is too large: `max_body` in [serve] is the limit");
    if request.is_larger_than(most) {
        drain(body, most).await;
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIME, to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(Refusal::status(408, "the body did not arrive in time")),
    }
}

/// Takes a body and forgets it. A client that is still sending would take the end of the connection for a fault of the network, and would
/// not see its answer.
async fn drain(body: Body, most: usize) {
    let mut data = body.into_data_stream();
    let mut taken = 0;
    let all = async {
        while let Some(Ok(bytes)) = data.next().await {
            taken += bytes.len();
            if taken > most {
                break;
            }
        }
    };
    let _late = tokio::time::timeout(DRAIN_TIME, all).await;
}
