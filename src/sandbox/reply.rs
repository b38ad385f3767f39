//! What the tenant answers, and Graph's shape of an error.

use serde_json::{Value, json};
use uuid::Uuid;

/// An answer before it is put on the wire.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

impl Reply {
    pub(super) fn with(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::with(200, body)
    }

    pub(super) fn created(body: Value, location: String) -> Self {
        Self::with(201, body).header("Location", location)
    }

    pub(super) fn none() -> Self {
        Self { status: 204, headers: Vec::new(), body: None }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A refusal: status, Graph's code, its text, and the details that name the property.
#[derive(Clone)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) details: Vec<(&'static str, String, String)>,
    pub(super) headers: Vec<(String, String)>,
    /// The code inside `innerError`, where Graph gives one.
    pub(super) inner: Option<&'static str>,
}

/// What a request ends in.
pub(super) type Answer = Result<Reply, Problem>;

impl Problem {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new(), headers: Vec::new(), inner: None }
    }

    /// 400 `Request_BadRequest`.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    /// 400 for a query that is impossible, or wants `ConsistencyLevel`.
    pub(super) fn query(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    /// 400 for the value of one property.
    pub(super) fn value(property: &str, of: &str) -> Self {
        Self::bad(format!("Invalid value specified for property '{property}' of resource '{of}'."))
            .detail("InvalidValue", property)
    }

    /// 400 for a value another object holds.
    pub(super) fn conflict(property: &str) -> Self {
        Self::bad(format!("Another object with the same value for property {property} already exists."))
            .detail("ObjectConflict", property)
    }

    /// 404 for an object that is absent, or not yet replicated.
    pub(super) fn absent(id: &str) -> Self {
        Self::new(
            404,
            "Request_ResourceNotFound",
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present."),
        )
    }

    /// 403 for what the caller may not do.
    pub(super) fn denied() -> Self {
        Self::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }

    pub(super) fn detail(mut self, code: &'static str, target: &str) -> Self {
        self.details.push((code, target.to_owned(), self.message.clone()));
        self
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Graph's error document.
    pub(super) fn reply(self, date: &str, client_request_id: Option<&str>) -> Reply {
        let request_id = Uuid::new_v4().to_string();
        let client = client_request_id.unwrap_or(&request_id).to_owned();
        let mut inner = json!({ "date": date.trim_end_matches('Z'), "request-id": request_id, "client-request-id": client });
        if let Some(code) = self.inner {
            inner["code"] = json!(code);
        }
        let mut error = json!({ "code": self.code, "message": self.message, "innerError": inner });
        if !self.details.is_empty() {
            error["details"] = self
                .details
                .iter()
                .map(|(code, target, message)| json!({ "code": code, "target": target, "message": message }))
                .collect();
        }
        Reply { status: self.status, headers: self.headers, body: Some(json!({ "error": error })) }
    }
}
