//! What a monitor asks, on an address of its own: whether the service is ready, and what it has counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::service::Service;
use crate::record::lock;

/// The methods that are counted by their names. Any other one could be any text.
const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];

/// The answers so far, by method, endpoint and status.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>);

impl Counts {
    pub(super) fn add(&self, method: &Method, endpoint: &'static str, status: u16) {
        let method = METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
        *lock(&self.0).entry((method, endpoint, status)).or_default() += 1;
    }

    /// The counts in the text format of Prometheus.
    fn text(&self, changes: u64) -> String {
        let mut text = String::from("# TYPE hrpush_scim_requests_total counter\n");
        for ((method, endpoint, status), count) in &*lock(&self.0) {
            let labels = format!("method=\"{method}\",endpoint=\"{endpoint}\",status=\"{status}\"");
            let _ = writeln!(text, "hrpush_scim_requests_total{{{labels}}} {count}");
        }
        let _ = write!(text, "# TYPE hrpush_scim_changes_total counter\nhrpush_scim_changes_total {changes}\n");
        text
    }
}

/// Answers `/readyz` and `/metrics`.
pub(super) async fn answer(service: &Arc<Service>, request: &axum::http::Request<Body>) -> Response {
    let (status, text) = match (request.method().as_str(), request.uri().path()) {
        ("GET", "/metrics") => {
            let changes = *service.changes().borrow();
            (StatusCode::OK, service.counts.text(changes))
        }
        ("GET", "/readyz") => match service.read(|store| Ok(store.tokens()?)).await {
            Ok(_) => (StatusCode::OK, "ready\n".to_owned()),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the state folder cannot be read\n".to_owned()),
        },
        _ => (StatusCode::NOT_FOUND, "there are /readyz and /metrics\n".to_owned()),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_few_labels_whatever_is_asked() {
        let counts = Counts::default();
        for method in ["GET", "GET", "BREW", "CHASE"] {
            counts.add(&Method::from_bytes(method.as_bytes()).unwrap(), "Users", 200);
        }
        let text = counts.text(7);
        assert!(text.contains("{method=\"GET\",endpoint=\"Users\",status=\"200\"} 2\n"), "{text}");
        assert!(text.contains("{method=\"other\",endpoint=\"Users\",status=\"200\"} 2\n") && text.ends_with("changes_total 7\n"), "{text}");
    }
}
