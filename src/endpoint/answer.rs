//! Answers and refusals, as HTTP.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::scim::ScimError;
use crate::store::StoreError;

/// What a request is answered with.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    headers: Vec<(HeaderName, String)>,
}

/// Why a request is not done.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The sender can correct it.
    Scim(ScimError),
    /// The state cannot be read or written.
    Store(StoreError),
}

impl From<ScimError> for Refusal {
    fn from(error: ScimError) -> Self {
        Self::Scim(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    pub(super) fn status(status: u16, detail: &str) -> Self {
        Self::Scim(ScimError::status(status, detail))
    }

    pub(super) fn not_found() -> Self {
        Self::status(404, "there is no such resource")
    }
}

impl Answer {
    pub(super) fn new(status: u16, body: Option<Value>) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::new(200, Some(body))
    }

    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn etag(self, etag: String) -> Self {
        self.with(ETAG, etag)
    }

    pub(super) fn location(self, location: String) -> Self {
        self.with(LOCATION, location)
    }

    /// The location and the version of the resource, as a bulk response names them.
    pub(super) fn links(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let name = |header: &HeaderName| match header {
            header if header == LOCATION => Some("location"),
            header if header == ETAG => Some("version"),
            _ => None,
        };
        self.headers.iter().filter_map(move |(header, value)| Some((name(header)?, value.as_str())))
    }

    /// The answer to a refused request.
    pub(super) fn refused(refusal: Refusal) -> Self {
        let error = match refusal {
            Refusal::Scim(error) => error,
            Refusal::Store(error) => {
                tracing::error!("what was pushed cannot be read or written: {error}");
                ScimError::status(500, "the server cannot read or write its state")
            }
        };
        let answer = Self::new(error.status, Some(error.body()));
        match error.status {
            401 => answer.with(WWW_AUTHENTICATE, "Bearer"),
            429 => answer.with(RETRY_AFTER, "60"),
            503 => answer.with(RETRY_AFTER, "5"),
            _ => answer,
        }
    }

    /// A method that a path does not have.
    pub(super) fn not_allowed(allowed: &str) -> Self {
        Self::refused(Refusal::status(405, "this path has no such method")).with(ALLOW, allowed)
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(self.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string())));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
        }
        // Answers contain personal data.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
