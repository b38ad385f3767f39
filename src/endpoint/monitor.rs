//! What a monitor asks, on an address of its own: whether the service is ready, and what it has counted.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::service::Service;

/// Answers `/readyz` and `/metrics`.
pub(super) async fn answer(service: &Arc<Service>, method: &Method, path: &str) -> Response {
    let (status, text) = match (method.as_str(), path) {
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
