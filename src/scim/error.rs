//! Refusals as SCIM sends them (RFC 7644, section 3.12).

use std::fmt;

use serde_json::{Value, json};

/// The keyword of a refusal, `scimType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The filter cannot be parsed, or compares what has no order.
    InvalidFilter,
    /// The body is no SCIM message.
    InvalidSyntax,
    /// The path names no attribute.
    InvalidPath,
    /// The path selects nothing.
    NoTarget,
    /// The value has the wrong type, or a required one is missing.
    InvalidValue,
    /// The attribute can be read only.
    Mutability,
    /// The value is another resource's.
    Uniqueness,
    /// The request asks for more than the server does at once.
    TooMany,
}

impl ErrorKind {
    /// The keyword of the protocol.
    ///
    /// ```
    /// assert_eq!(hrpush::scim::ErrorKind::NoTarget.as_str(), "noTarget");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::Mutability => "mutability",
            Self::Uniqueness => "uniqueness",
            Self::TooMany => "tooMany",
        }
    }
}

/// A request that is refused. Senders show `detail` to an administrator: it names attributes and never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimError {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The keyword, where the protocol has one.
    pub kind: Option<ErrorKind>,
    /// What is wrong and what to do.
    pub detail: String,
}

impl ScimError {
    /// A refusal with a status and no keyword, such as 404.
    pub fn status(status: u16, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into() }
    }

    /// A request that cannot be applied: status 400, or 409 for a value of another resource.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let status = if kind == ErrorKind::Uniqueness { 409 } else { 400 };
        Self { status, kind: Some(kind), detail: detail.into() }
    }

    pub(super) fn filter(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidFilter, detail)
    }

    pub(super) fn syntax(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidSyntax, detail)
    }

    pub(super) fn path(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidPath, detail)
    }

    pub(super) fn value(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidValue, detail)
    }

    /// The body of the answer; `status` is text there.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.as_str().into();
        }
        body
    }
}

impl fmt::Display for ScimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ScimError {}

/// A name from outside as it is quoted in an answer: short, and without control characters.
pub(super) fn quoted(name: &str) -> String {
    let mut shown: String = name.chars().take(60).map(|letter| if letter.is_control() { '?' } else { letter }).collect();
    if name.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
