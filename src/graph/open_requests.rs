//! Requests of other rooms over the connection: those to services beside the directory, which have limits of their own.

use std::time::Duration;

use serde_json::Value as Json;

use super::http::batch::BatchItem;
use super::http::client::{Client, Lost};
use super::http::error::GraphError;
use super::http::filter::Literal;
use super::http::request_cost::Price;
use super::http::url::with_query;
use super::read::Reader;
use super::read::queries::ReadRequest;

/// What is read, and the permission that it needs.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is being done, for error messages, such as `read the job`.
    pub what: &'static str,
    /// The path below the version, such as `/auditLogs/provisioning`.
    pub path: &'a str,
    /// The application permission, for the hint of a refusal.
    pub permission: &'static str,
}

/// A response to a request that was sent as it is.
#[derive(Clone, Debug)]
pub struct PlainResponse {
    /// The HTTP status, which decides what the response means.
    pub status: u16,
    /// The wait that it asks for.
    pub retry_after: Option<Duration>,
    /// The error code, where the body has one.
    pub code: Option<String>,
    /// The error text, where the body has one.
    pub message: Option<String>,
    /// The id of the request, for a support case.
    pub request_id: Option<String>,
}

/// A request without a response.
#[derive(Clone, Debug)]
pub enum NoResponse {
    /// Nothing was sent, and why.
    Unsent(String),
    /// It was sent, and no response came or it broke off.
    Cut(String),
}

impl Reader {
    /// Reads one object.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn object(&self, question: Question<'_>) -> Result<Json, GraphError> {
        let Question { what, path, permission } = question;
        let ask = ReadRequest { what, request: BatchItem::get(path), permission };
        let reply = self.read(&ask).await?;
        reply.json().ok_or_else(|| ask.answer("the answer is not JSON".into()))
    }

    /// Reads a list with all of its pages.
    ///
    /// # Errors
    /// Where one of them cannot be read.
    pub async fn objects(&self, question: Question<'_>, parameters: &[(&str, &str)]) -> Result<Vec<Json>, GraphError> {
        let Question { what, path, permission } = question;
        self.list(&ReadRequest { what, request: BatchItem::get(with_query(path, parameters)), permission }).await
    }
}

impl Client {
    /// Sends a body once. It waits for no quota of the directory: the service that takes the body has its own.
    ///
    /// # Errors
    /// Where no response came.
    pub async fn post(&self, path: &str, content_type: &'static str, body: String) -> Result<PlainResponse, NoResponse> {
        let request = BatchItem::write("POST", path, None).with_header("Content-Type", content_type);
        let reply = self.exchange(&request, Some(body), Price::default()).await.map_err(|lost| match lost {
            Lost::Unsent(silence) => NoResponse::Unsent(silence.reason),
            Lost::Token(error) => NoResponse::Unsent(error.to_string()),
            Lost::Cut(silence) => NoResponse::Cut(silence.reason),
        })?;
        let fault = reply.fault();
        Ok(PlainResponse {
            status: reply.status,
            retry_after: reply.retry_after(),
            code: fault.code,
            message: fault.message,
            request_id: fault.request_id,
        })
    }
}

/// A text as a filter of `OData` writes it: quoted, its own quotes doubled.
///
/// ```
/// assert_eq!(hrpush::graph::quoted("O'Neil"), "'O''Neil'");
/// ```
pub fn quoted(text: &str) -> String {
    Literal::text(text).to_string()
}
