//! Just enough of S3, Azure Blob Storage and Google Cloud Storage: listing, looking and fetching, with a credential.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::Runtime;

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    _runtime: Runtime,
}

struct Shelf {
    /// The bytes of each key; later names are newer.
    files: BTreeMap<&'static str, Vec<u8>>,
    /// What the authorization must hold.
    credential: &'static str,
}

impl Server {
    pub(crate) fn start(files: BTreeMap<&'static str, Vec<u8>>, credential: &'static str) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(Arc::new(Shelf { files, credential }));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, _runtime: runtime }
    }
}

fn hour(at: usize) -> String {
    format!("Fri, 20 Nov 2026 {at:02}:00:00 GMT")
}

async fn answer(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let signed = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    if !signed.contains(shelf.credential) && !query.contains(shelf.credential) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let path = request.uri().path();
    if query.contains("list-type=2") {
        return list_s3(&shelf);
    }
    if query.contains("comp=list") {
        return list_azure(&shelf);
    }
    let found = shelf.files.iter().enumerate().find(|(_, (key, _))| path.ends_with(*key));
    let Some((at, (_, bytes))) = found else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{at}\"");
    if request.headers().get(header::IF_MATCH).is_some_and(|wanted| wanted.to_str().unwrap() != tag) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    let head = [(header::ETAG, tag), (header::LAST_MODIFIED, hour(at)), (header::CONTENT_LENGTH, bytes.len().to_string())];
    let body = if request.method() == Method::HEAD { Vec::new() } else { bytes.clone() };
    (head, body).into_response()
}

fn list_s3(shelf: &Shelf) -> Response {
    let entries = shelf.files.iter().enumerate().map(|(at, (key, bytes))| {
        let time = format!("2026-11-20T{at:02}:00:00.000Z");
        format!(
            "<Contents><Key>{key}</Key><LastModified>{time}</LastModified><ETag>\"{at}\"</ETag><Size>{}</Size></Contents>",
            bytes.len()
        )
    });
    let entries: String = entries.collect();
    format!("<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>")
        .into_response()
}

fn list_azure(shelf: &Shelf) -> Response {
    let entries = shelf.files.iter().enumerate().map(|(at, (key, bytes))| {
        format!(
            "<Blob><Name>{key}</Name><Properties><Last-Modified>{}</Last-Modified><Content-Length>{}</Content-Length>\
             <Content-Type>text/csv</Content-Type><Etag>\"{at}\"</Etag></Properties></Blob>",
            hour(at),
            bytes.len()
        )
    });
    let entries: String = entries.collect();
    format!("<?xml version=\"1.0\"?><EnumerationResults><Blobs>{entries}</Blobs><NextMarker/></EnumerationResults>")
        .into_response()
}
