//! Answers, and Graph's shape of an error.

use serde_json::{Value, json};
use uuid::Uuid;

/// An answer before it is put on the wire.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// The body is sent as plain text instead of JSON.
    pub(super) plain: bool,
}

impl Reply {
    pub(super) fn with(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body), plain: false }
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::with(200, body)
    }

    /// A number as plain text, which is how `/$count` answers.
    pub(super) fn count(number: usize) -> Self {
        Self { plain: true, ..Self::ok(json!(number)) }
    }

    pub(super) fn none() -> Self {
        Self { status: 204, headers: Vec::new(), body: None, plain: false }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What identifies one request in its answer.
#[derive(Clone)]
pub(super) struct Stamp {
    pub(super) date: String,
    pub(super) request_id: String,
    /// The id that the client chose.
    pub(super) client_id: Option<String>,
}

impl Stamp {
    pub(super) fn new(date: String, client_id: Option<&str>) -> Self {
        Self { date, request_id: Uuid::new_v4().to_string(), client_id: client_id.map(str::to_owned) }
    }

    /// The answer with the ids in its headers.
    pub(super) fn on(&self, reply: Reply) -> Reply {
        let reply = reply.header("request-id", self.request_id.as_str());
        match &self.client_id {
            Some(id) => reply.header("client-request-id", id.as_str()),
            None => reply,
        }
    }
}

/// A refusal: status, Graph's code, its text, and the details that name the property.
#[derive(Clone, Debug)]
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

/// The sentence on what the sandbox covers, for each request that it does not.
pub(super) const COVERAGE: &str = "The sandbox covers users, groups, managers, members and owners, licences, Temporary Access Passes, deleted \
     items, delta, $batch, directory roles, domains and the organization; `hrpush sandbox --help` and docs/sandbox.md list it.";

impl Problem {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new(), headers: Vec::new(), inner: None }
    }

    /// The refusal 400 with the code `Request_BadRequest`.
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

    /// 400 for an object that is mastered on premises.
    pub(super) fn synced() -> Self {
        Self::bad(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing \
             migration.",
        )
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

    /// 501 for what Graph has and the sandbox does not.
    pub(super) fn uncovered(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("{what} is not covered by the sandbox. {COVERAGE}"))
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
    pub(super) fn reply(self, stamp: &Stamp) -> Reply {
        let client = stamp.client_id.as_ref().unwrap_or(&stamp.request_id);
        let mut inner =
            json!({ "date": stamp.date.trim_end_matches('Z'), "request-id": stamp.request_id, "client-request-id": client });
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
        Reply { status: self.status, headers: self.headers, body: Some(json!({ "error": error })), plain: false }
    }
}
