//! The service behind every connection: its store, its limits, and one request at a time.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::Method;
use axum::response::Response;
use jiff::Timestamp;

use super::Options;
use super::answer::{Answer, Refusal};
use super::operations::Caller;
use super::request::Request;
use super::routes::{self, ROOT};
use super::sign_in::SignIn;
use crate::record::lock;
use crate::store::StoreError;
use crate::store::pushed::{PushStore, WriteQueue};

/// The longest time for a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// The connections for reading that are kept open.
const READERS: usize = 4;

/// All that the requests share.
pub(super) struct Service {
    pub(super) queue: WriteQueue,
    readers: Mutex<Vec<PushStore>>,
    sign_in: SignIn,
    options: Options,
}

impl Service {
    pub(super) fn new(store: PushStore, options: Options) -> Self {
        Self { queue: WriteQueue::start(store), readers: Mutex::default(), sign_in: SignIn::new(), options }
    }

    /// The largest body, in bytes.
    pub(super) fn max_body(&self) -> u64 {
        self.options.max_body as u64
    }

    /// Answers one request, and logs it without a value of it.
    pub(super) async fn answer(self: Arc<Self>, request: axum::http::Request<Body>, peer: SocketAddr, is_tls: bool) -> Response {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let method = parts.method.clone();
        if parts.uri.path() == "/healthz" {
            let is_get = method == Method::GET || method == Method::HEAD;
            return if is_get { Answer::new(200, None) } else { Answer::not_allowed("GET") }.into_response();
        }
        let request = Request::of(parts, peer, is_tls, &self.options.behind_proxy, ROOT);
        let endpoint = request.as_ref().map_or("", |request| routes::endpoint(&request.path));
        let (token, answer) = match request {
            Some(request) => self.admitted(request, body).await,
            None => (None, Answer::refused(Refusal::status(404, "the service is below /scim/v2"))),
        };
        // A field called `token` would be masked; the id of one is no secret.
        let (sender, status, ms) = (token.as_deref().unwrap_or("-"), answer.status, started.elapsed().as_millis());
        tracing::info!(sender, %method, endpoint, status, ms, "answered {method} {endpoint} with {status}");
        answer.into_response()
    }

    async fn admitted(self: &Arc<Self>, request: Request, body: Body) -> (Option<String>, Answer) {
        let caller = match self.caller(&request).await {
            Ok(caller) => caller,
            Err(refusal) => return (None, Answer::refused(refusal)),
        };
        let token = caller.token.clone();
        let answer = match self.body(&request, body).await {
            Ok(body) => routes::answer(self, request, body, caller).await,
            Err(refusal) => Err(refusal),
        };
        (Some(token), answer.unwrap_or_else(Answer::refused))
    }

    /// The sender of a request, before anything of its body is read.
    async fn caller(self: &Arc<Self>, request: &Request) -> Result<Caller, Refusal> {
        let now = Timestamp::now();
        let bearer = match request.token().map(str::to_owned) {
            Some(token) => self.read(move |store| Ok(store.bearer(&token, now)?)).await?,
            None => None,
        };
        let Some(bearer) = bearer else { return Err(self.sign_in.refuse(request.address)) };
        if self.sign_in.is_news(&bearer.token, now) {
            let (queue, token) = (self.queue.clone(), bearer.token.clone());
            // The answer does not wait for it.
            tokio::spawn(async move { queue.write(move |store| store.token_used(&token, now)).await });
        }
        Ok(Caller { feed: bearer.feed, token: bearer.token, base: request.base.clone() })
    }

    async fn body(&self, request: &Request, body: Body) -> Result<Bytes, Refusal> {
        let most = self.options.max_body;
        let too_large = || Refusal::status(413, "the body is larger than the limit `max_body` of [serve]");
        if request.is_larger_than(most) {
            return Err(too_large());
        }
        match tokio::time::timeout(BODY_TIME, to_bytes(body, most)).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) => Err(too_large()),
            Err(_) => Err(Refusal::status(408, "the body did not arrive in time")),
        }
    }

    /// Reads the store on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&PushStore) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let store = service.reader()?;
            let result = work(&store);
            let mut readers = lock(&service.readers);
            if readers.len() < READERS {
                readers.push(store);
            }
            result
        });
        done.await.unwrap_or_else(|_| Err(Refusal::status(500, "the request could not be answered")))
    }

    fn reader(&self) -> Result<PushStore, StoreError> {
        let kept = lock(&self.readers).pop();
        kept.map_or_else(|| PushStore::open(&self.options.state), Ok)
    }

    /// Writes, and returns once the change is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&PushStore) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let not_stored = |_| Refusal::status(503, "the change could not be stored: send it again");
        self.queue.write(work).await.map_err(not_stored)?
    }
}
