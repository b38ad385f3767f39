//! Errors of reading from Graph.

use thiserror::Error;

use super::credential::CredentialError;
use super::url::UrlFault;

/// A read that did not succeed, or a connection that could not be made. Never half an answer.
#[derive(Debug, Error)]
pub enum GraphError {
    /// No HTTP client could be built.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// There is no token.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Graph could not be reached, or the answer broke off, as often as it was tried.
    #[error("cannot {operation}: {reason}, tried {attempts} times{}", way_out(*hint))]
    Unreachable {
        /// What was being done.
        operation: String,
        /// What happened, with the host and without the address.
        reason: String,
        /// How often it was tried.
        attempts: u32,
        /// What an administrator should check first.
        hint: Option<&'static str>,
    },
    /// Graph answered with an error that is not tried again, or not any more.
    #[error("cannot {operation}: Graph answered {status}{}{}{}{}", said(" ", code.as_deref()), said(": ", message.as_deref()), said(", request id ", request_id.as_deref()), hinted(*hint))]
    Refused {
        /// What was being done.
        operation: String,
        /// The HTTP status of the answer.
        status: u16,
        /// Graph's error code.
        code: Option<String>,
        /// Graph's error text.
        message: Option<String>,
        /// Graph's id of the request, for a support case.
        request_id: Option<String>,
        /// The permission that would help.
        hint: Option<&'static str>,
    },
    /// Graph answered something that is not what was asked for.
    #[error("cannot {operation}: {problem}")]
    Answer {
        /// What was being done.
        operation: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// Graph led somewhere else.
    #[error("cannot {operation}: {source}")]
    Link {
        /// What was being done.
        operation: String,
        /// What is wrong with the link, such as another origin.
        source: UrlFault,
    },
}

impl GraphError {
    /// Whether Graph itself answered that there is no such object. The page of a gateway has no code.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { status: 404, code: Some(_), .. })
    }

    /// One line without a value of a person, for lists, logs and messages to others.
    pub fn facts(&self) -> String {
        match self {
            Self::Credential(error) => error.facts(),
            // The reason has the host and the kind of the fault, and nothing of a request.
            Self::Unreachable { reason, attempts, .. } => {
                format!("the tenant cannot be reached: {reason}, tried {attempts} times")
            }
            Self::Refused { status, code: Some(refusal), .. } => format!("Graph answered {status} {refusal}"),
            Self::Refused { status, code: None, .. } => format!("Graph answered {status}"),
            Self::Tls(_) => "TLS cannot be set up".to_owned(),
            Self::Answer { .. } | Self::Link { .. } => "Graph gave an unexpected answer".to_owned(),
        }
    }

    /// The permission that would help, where one is missing.
    pub const fn permission(&self) -> Option<&'static str> {
        match self {
            Self::Refused { hint, .. } => *hint,
            _ => None,
        }
    }
}

fn said(before: &str, text: Option<&str>) -> String {
    text.map(|text| format!("{before}{text}")).unwrap_or_default()
}

fn way_out(hint: Option<&str>) -> String {
    hint.map(|hint| format!("\n  hint: {hint}")).unwrap_or_default()
}

fn hinted(permission: Option<&'static str>) -> String {
    permission.map(|permission| format!(", hint: the app needs the application permission {permission}")).unwrap_or_default()
}
